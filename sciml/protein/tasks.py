"""The recipes that protein can run."""

from sciml.protein.annotation_tasks import ANNOTATION_TASKS
from sciml.protein.attention_tasks import ATTENTION_TASKS
from sciml.protein.dedicated_tasks import DEDICATED_TASKS
from sciml.protein.evaluation_tasks import EVALUATION_TASKS
from sciml.protein.grammar_tasks import GRAMMAR_TASKS
from sciml.protein.language_tasks import LANGUAGE_TASKS
from sciml.protein.vocabulary_tasks import VOCABULARY_TASKS
from sciml.training.run import RecipeTask

TASKS: dict[str, RecipeTask] = {
    **LANGUAGE_TASKS,
    **GRAMMAR_TASKS,
    **EVALUATION_TASKS,
    **VOCABULARY_TASKS,
    **ATTENTION_TASKS,
    **DEDICATED_TASKS,
    **ANNOTATION_TASKS,
}
