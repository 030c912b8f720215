"""The recipes of the weather domain."""

from sciml.training.run import RecipeTask
from sciml.weather import cyclone_tasks, field_tasks, station_tasks

TASKS: dict[str, RecipeTask] = {
    **cyclone_tasks.TASKS,
    **field_tasks.TASKS,
    **station_tasks.TASKS,
}
