"""Where the potential of a recipe is."""

from pathlib import Path

from sciml.core.paths import project_root
from sciml.core.user_files import user_file
from sciml.training.run import record_folder, run_recipe

POTENTIAL_FILE = "potential.safetensors"  # in the folder of a run or record


def trained_file(potential: str) -> Path:
    """Where a potential is; it is trained if need be.

    Args:
        potential: A file, or the name of a recipe such as ``materials/silicon-fast``: its published
            record comes first, then a finished run, then a new run.

    Returns:
        The file.

    Raises:
        BadInput: if there is no such file or recipe.
    """
    if potential.endswith(".safetensors"):
        return user_file(potential, "potential")
    published = record_folder(potential) / POTENTIAL_FILE
    if published.is_file():
        return published
    return run_recipe(project_root() / "recipes" / f"{potential}.yaml").folder / POTENTIAL_FILE
