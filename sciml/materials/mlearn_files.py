"""The mlearn benchmark: from the published JSON files to structures.

Energies, forces and stresses of six elements, computed with VASP (PBE): the ground state, strained
cells, surfaces, dynamics at several temperatures, and dynamics with a vacancy. The stresses need
care. They are in kbar and positive in compression, and the last two of their six components are
not in the same order in all groups of frames; see :data:`YZ_FIRST`.

Sources:
    https://github.com/materialsvirtuallab/mlearn and https://github.com/materialsvirtuallab/snap.
    Zuo et al., J. Phys. Chem. A 124, 731 (2020).
"""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sciml.core.axes import FloatArray
from sciml.core.errors import BadInput, DamagedFile
from sciml.materials.elements import atomic_number
from sciml.materials.published_frames import in_one_form
from sciml.materials.structures import GPA, About, Structure

KBAR = 0.1 * GPA  # eV/Å³

# All groups store xx, yy, zz, xy first. These go on with yz, xz and all others with xz, yz. The
# files do not say so. A sheared cube is stressed in the plane of its shear, which tells the order
# of strained cells (tests/datasets/test_mlearn.py). Other groups were compared with the quadratic
# SNAP potentials of Zuo et al., whose error with the wrong order is 2 to 10 times larger; only the
# stresses of lithium surfaces are too small to tell.
YZ_FIRST: Mapping[str, frozenset[str]] = {
    "Si": frozenset({"Elastic", "Surface"}),
    "Li": frozenset({"AIMD-NVT", "Vacancy", "Elastic", "Surface"}),
}

# The older repository of copper has a file for each group, all of them with yz first.
SNAP_COPPER: Mapping[str, str] = {
    "Cu/training/AIMD.json": "AIMD-NVT",
    "Cu/training/Elastic.json": "Elastic",
    "Cu/training/Surface.json": "Surface",
    "Cu/training/Vacancy.json": "Vacancy",
}
ENERGY_DIGITS = 5  # decimals of eV of a whole frame by which copies are known

_AT = re.compile(r" at (\d+) K\b")
_STRAINED = re.compile(r"mode (\d+), strain (-?[\d.]+)")


def mlearn_frames(element: str, originals: Mapping[str, Path]) -> list[Structure]:
    """The frames of an element, with the split of the paper.

    Args:
        element: Its symbol.
        originals: ``data/<element>/training.json`` and ``test.json`` by these names, or one.

    Returns:
        Training frames, then test frames. ``about`` has ``split``, ``group``, ``description``, and
        ``temperature_K`` or ``strain_mode`` and ``strain`` where the description tells them.

    Raises:
        DamagedFile: if a file is not as expected.
    """
    frames: list[Structure] = []
    for name, split in (("training", "train"), ("test", "test")):
        path = originals.get(f"data/{element}/{name}.json")
        for number, frame in enumerate(_records(path) if path else (), start=1):
            try:
                frames.append(_mlearn_frame(frame, element, split))
            except (KeyError, ValueError, TypeError) as error:
                raise _unexpected(f"{path} frame {number}", error) from error
    return frames


def snap_copper_frames(originals: Mapping[str, Path]) -> list[Structure]:
    """The copper frames of the older repository, which has those that mlearn trains on.

    Args:
        originals: The files of ``SNAP_COPPER`` by their names.

    Returns:
        Frames with split ``train`` and their group; their temperature is not published.

    Raises:
        DamagedFile: if a file is not as expected.
    """
    frames: list[Structure] = []
    for name, group in SNAP_COPPER.items():
        for number, frame in enumerate(_records(originals[name]), start=1):
            try:
                raw = frame["outputs"]["stress"]
                stress = stress_from_vasp(raw, yz_first=True)
                frames.append(_frame(frame, stress, {"split": "train", "group": group}))
            except (KeyError, ValueError, TypeError) as error:
                raise _unexpected(f"{originals[name]} frame {number}", error) from error
    return frames


def without_energies_of(
    structures: Sequence[Structure], others: Sequence[Structure]
) -> list[Structure]:
    """Structures whose energy none of the others has: copies and most symmetric twins are dropped.

    Args:
        structures: With energies.
        others: With energies, for example the frames that test.

    Returns:
        Those whose energy, rounded to 1e-5 eV, is that of none of the others. A twin on the other
        side of a rounding edge stays; :func:`sciml.materials.splits.twin_free` finds all.
    """
    known = {round(_energy(one), ENERGY_DIGITS) for one in others}
    return [one for one in structures if round(_energy(one), ENERGY_DIGITS) not in known]


def stress_from_vasp(raw: Sequence[float], *, yz_first: bool) -> FloatArray:
    """A stress of the JSON files in our convention.

    Args:
        raw: kbar, positive in compression: xx, yy, zz, xy and the other two.
        yz_first: Whether these are yz, xz; else they are xz, yz.

    Returns:
        eV/Å³, positive in tension, xx, yy, zz, yz, xz, xy.

    Raises:
        ValueError: if there are not six components.
    """
    xx, yy, zz, xy, fifth, sixth = raw
    yz, xz = (fifth, sixth) if yz_first else (sixth, fifth)
    return -np.array([xx, yy, zz, yz, xz, xy], dtype=np.float64) * KBAR


def _mlearn_frame(frame: Mapping[str, Any], element: str, split: str) -> Structure:
    """A frame of mlearn's own files."""
    if frame["element"] != element:
        raise ValueError(f"element {frame['element']}")
    group, description = str(frame["group"]), str(frame["description"])
    about: dict[str, str | float | int] = {
        "split": split,
        "group": group,
        "description": description,
    }
    if found := _AT.search(description):
        about["temperature_K"] = float(found[1])
    if found := _STRAINED.search(description):
        about |= {"strain_mode": int(found[1]), "strain": float(found[2])}
    raw = frame["outputs"]["virial_stress"]
    stress = stress_from_vasp(raw, yz_first=group in YZ_FIRST.get(element, ()))
    return _frame(frame, stress, about)


def _frame(frame: Mapping[str, Any], stress: FloatArray, about: About) -> Structure:
    """Atoms and labels as both repositories store them."""
    sites, outputs = frame["structure"]["sites"], frame["outputs"]
    species = [site["species"] for site in sites]
    if any(len(one) != 1 or one[0]["occu"] != 1 for one in species):
        raise ValueError("a site that is not one whole atom")
    structure = Structure(
        numbers=np.array([atomic_number(one[0]["element"]) for one in species], dtype=np.int64),
        positions=np.array([site["xyz"] for site in sites], dtype=np.float64),
        cell=np.array(frame["structure"]["lattice"]["matrix"], dtype=np.float64),
        periodic=np.ones(3, dtype=np.bool_),
        energy=float(outputs["energy"]),
        forces=np.array(outputs["forces"], dtype=np.float64),
        stress=stress,
    )
    return in_one_form(structure, about)


def _records(path: Path) -> list[dict[str, Any]]:
    """The frames of a JSON file."""
    try:
        records = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise _unexpected(str(path), error) from error
    if not isinstance(records, list):
        raise DamagedFile(f"{path}: expected a list of frames; fetch it again.")
    return records


def _unexpected(where: str, error: Exception) -> DamagedFile:
    """The error for a file that is not as published."""
    return DamagedFile(f"{where}: not as published ({error!r}); fetch it again.")


def _energy(structure: Structure) -> float:
    if structure.energy is None:
        raise BadInput(f"{structure.name}: has no energy to be compared by; leave it out.")
    return structure.energy
