"""Potentials that the repository publishes, for the benchmarks that judge them."""

from sciml.core.errors import BadInput
from sciml.materials.ace.file import load_potential
from sciml.materials.committee import Committee
from sciml.materials.potential import Potential
from sciml.materials.trained import POTENTIAL_FILE
from sciml.training.run import record_folder

COMMITTEE = "committee"
TRIPLE = "committee of seeds"


def published(recipe: str) -> dict[str, Potential]:
    """Each member of a published committee by its seed, and the committee itself.

    Args:
        recipe: Name of a recipe of materials.

    Returns:
        By name; a single potential is ``seed 1``. Empty, with a line that says so, if there is no
        record.
    """
    try:
        found = load_potential(record_folder(f"materials/{recipe}") / POTENTIAL_FILE)
    except BadInput as error:
        print(f"left out: {error}")
        return {}
    if not isinstance(found, Committee):
        return {"seed 1": found}
    return {f"seed {k}": one for k, one in enumerate(found.members, 1)} | {COMMITTEE: found}


def with_triples(found: dict[str, Potential]) -> dict[str, Potential]:
    """A large committee's members also by threes, each three a committee: by name, as given."""
    members = tuple(one for who, one in found.items() if who != COMMITTEE)
    if len(members) < 6:
        return found
    threes = range(0, len(members) - 2, 3)
    return found | {f"{TRIPLE} {k + 1}-{k + 3}": Committee(members[k : k + 3]) for k in threes}
