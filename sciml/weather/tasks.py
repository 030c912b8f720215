"""The recipes of the weather domain."""

from sciml.training.run import RecipeTask
from sciml.weather import station_tasks

TASKS: dict[str, RecipeTask] = {**station_tasks.TASKS}
