"""Labelled structures by the name of their dataset."""

from sciml.core.errors import BadInput
from sciml.data.files import at_hand
from sciml.materials.extended_xyz import read_structures
from sciml.materials.structures import Structure


def open_structures(name: str) -> dict[str, list[Structure]]:
    """The frames of a dataset by split.

    Args:
        name: Of a card in ``datasets/`` whose file is extended XYZ with a ``split`` in each frame.

    Returns:
        Lists of structures by the name of the split, in the order of the file.

    Raises:
        BadInput: if a frame does not say its split.
        DatasetMissing: if the data are not on this machine.
    """
    splits: dict[str, list[Structure]] = {}
    for structure in read_structures(at_hand(name), needs=("energy",)):
        split = structure.about.get("split")
        if split is None:
            raise BadInput(f"{structure.name}: does not say its split; build the dataset anew.")
        splits.setdefault(str(split), []).append(structure)
    return splits
