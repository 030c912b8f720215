"""Labelled structures by split: those of a dataset by its name, or those of one's own files."""

from sciml.core.errors import BadInput
from sciml.core.settings import Settings
from sciml.core.user_files import places_of, user_file
from sciml.core.writing import sha256_of
from sciml.data.cards import read_card
from sciml.data.files import at_hand
from sciml.materials.extended_xyz import Labels, read_structures
from sciml.materials.splits import TRAIN
from sciml.materials.structures import Structure

ENDINGS = (".xyz", ".extxyz", ".xyz.gz", ".extxyz.gz")
Source = str | dict[str, str]  # name of a dataset, a file of extended XYZ, or files by split
_USUAL = Labels()


class LabelNames(Settings):
    """What a file calls its labels."""

    energy: str = _USUAL.energy  # of all atoms together, eV
    forces: str = _USUAL.forces  # eV/Å
    stress: str = _USUAL.stress  # eV/Å³, positive in tension
    virial: str = _USUAL.virial  # eV
    six: str | None = None  # the order of six components, such as "xx yy zz xy yz xz"


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


def open_source(source: Source, names: LabelNames) -> dict[str, list[Structure]]:
    """The frames of a dataset or of one's own files, by split.

    Args:
        source: As of :func:`own_files`.
        names: What files call their labels.

    Returns:
        Lists of structures, each with an energy, by the name of the split; the frames of a file
        that say no ``split`` themselves are of the split that it is named for.

    Raises:
        BadInput: if a file is missing, is not extended XYZ, or a frame has no energy.
        DatasetMissing: if the data are not on this machine.
    """
    files = own_files(source)
    if isinstance(source, str) and not files:
        return open_structures(source)
    labels = Labels(**names.model_dump())
    splits: dict[str, list[Structure]] = {}
    for split, file in files.items():
        for frame in read_structures(user_file(file, "source"), ("energy",), labels):
            splits.setdefault(str(frame.about.get("split", split)), []).append(frame)
    return splits


def own_files(source: Source) -> dict[str, str]:
    """The files that a source names, by split; none if it is the name of a dataset.

    Args:
        source: Name of a dataset, a file, whose frames are to train on, or files by split. Files
            are looked for as :func:`sciml.core.user_files.places_of` says.

    Returns:
        Files as they were named.

    Raises:
        BadInput: if a file has an ending that is not read.
    """
    if isinstance(source, str) and not _is_file(source):
        return {}
    files = {TRAIN: source} if isinstance(source, str) else source
    for file in files.values():
        if not file.endswith(ENDINGS):
            raise BadInput(
                f"source: {file} has another ending than {', '.join(ENDINGS)}, and is no name of "
                f"a dataset; write it as extended XYZ, as with `ase convert {file} mine.extxyz`."
            )
    return files


def checksums(source: Source) -> dict[str, str]:
    """The sha256 of a dataset as it is released, or of one's own files, by name.

    Args:
        source: As of :func:`own_files`.

    Returns:
        What a record keeps of the data.
    """
    files = own_files(source)
    if isinstance(source, str) and not files:
        return {source: read_card(source).built.sha256}
    return {file: sha256_of(user_file(file, "source")) for file in files.values()}


def _is_file(source: str) -> bool:
    """Whether a source is meant to be a file: names of datasets have neither dots nor slashes."""
    return "." in source or "/" in source or any(one.is_file() for one in places_of(source))
