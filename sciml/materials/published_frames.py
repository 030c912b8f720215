"""Frames of published datasets in one form: the same words, the same rounding, a split in each.

A file that is built from the originals and one that is joined from parts that somebody else
converted are then the same, byte for byte, so that one can be checked against the other.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from sciml.core.axes import FloatArray
from sciml.materials.extended_xyz import read_structures
from sciml.materials.structures import About, Structure

# Decimals that are kept, at least as many as any of the originals has: VASP prints 8 of Å, eV/Å
# and kbar, and 1e-8 kbar are 6e-12 eV/Å³.
LENGTH_DIGITS = FORCE_DIGITS = 8
STRESS_DIGITS = 12

# The order of these words in a file; others follow as they come.
_WORDS = ("split", "group", "description", "temperature_K", "strain_mode", "strain")
# Where a reader found it, another word for the group, and what not all copies of a file have.
_LEFT_OUT = ("source", "config_type", "dihedral_angle")


class Origin(NamedTuple):
    """Where the frames of a file belong."""

    split: str
    group: str | None = None  # None: each frame says its own
    temperature: float | None = None  # K; None: each frame says its own, if it has one


def in_one_form(structure: Structure, about: About) -> Structure:
    """A frame as it is written.

    Args:
        structure: A frame with its labels; without a periodic direction its cell is dropped.
        about: All that is kept of the frame beside its numbers, with ``split`` and ``group``.

    Returns:
        Rounded numbers; a lone atom without forces gets the zeros that symmetry asks for.
    """
    forces = structure.forces
    if forces is None and len(structure) == 1 and not structure.periodic.any():
        forces = np.zeros((1, 3))
    return replace(
        structure,
        positions=_rounded(structure.positions, LENGTH_DIGITS),
        cell=structure.cell if structure.periodic.any() else np.zeros((3, 3)),
        forces=None if forces is None else _rounded(forces, FORCE_DIGITS),
        stress=None if structure.stress is None else _rounded(structure.stress, STRESS_DIGITS),
        about=_ordered(about),
    )


def joined(parts: Mapping[str, Path], origins: Mapping[str, Origin]) -> list[Structure]:
    """The frames of several files of extended XYZ, as published or converted before.

    Args:
        parts: Files by their name or path in the repository.
        origins: Where the frames of each belong; their order is that of the frames.

    Returns:
        All frames in one form.

    Raises:
        BadInput: if a file is not extended XYZ or a frame has no energy.
    """
    return [
        in_one_form(frame, _told(frame, origin))
        for name, origin in origins.items()
        for frame in read_structures(parts[name], needs=("energy",))
    ]


def _told(frame: Structure, origin: Origin) -> About:
    """What a frame says of itself, with its split and group."""
    kept = {key: value for key, value in frame.about.items() if key not in _LEFT_OUT}
    told = {"group": origin.group, "temperature_K": origin.temperature}
    return kept | {"split": origin.split} | {k: v for k, v in told.items() if v is not None}


def _ordered(about: About) -> About:
    """Words in the order of files, temperatures and strains as fractions."""
    first = {key: about[key] for key in _WORDS if key in about}
    for key in ("temperature_K", "strain"):
        if key in first:
            first[key] = float(first[key])
    return first | {key: value for key, value in about.items() if key not in first}


def _rounded(values: FloatArray, digits: int) -> FloatArray:
    """Rounded as they are printed; a zero has no sign."""
    printed = [float(f"{value:.{digits}f}") for value in values.flat]
    return np.array(printed).reshape(values.shape) + 0.0
