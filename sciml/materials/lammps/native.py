"""A potential's file in LAMMPS, by ``pair_style sciml``."""

from collections.abc import Sequence
from pathlib import Path

from sciml.materials.ace.file import load_potential
from sciml.materials.elements import symbol
from sciml.materials.lammps.labelling import LammpsPotential


def pair_commands(file: Path, elements: Sequence[str], options: str = "") -> list[str]:
    """What an input script says to use a potential.

    Args:
        file: From :func:`sciml.materials.ace.file.save_potential`.
        elements: The symbol of each atom type, in their order.
        options: What follows ``pair_style sciml``: ``grade N`` and ``spread N`` evaluate them every
            N steps, ``halt G`` ends the run where a grade is above G.

    Returns:
        ``pair_style`` and ``pair_coeff``.
    """
    return [f"pair_style sciml {options}".strip(), f'pair_coeff * * "{file}" {" ".join(elements)}']


def in_lammps(file: Path) -> LammpsPotential:
    """A potential's file as LAMMPS evaluates it, natively.

    Args:
        file: From :func:`sciml.materials.ace.file.save_potential`.

    Returns:
        A potential without grades and spread; it can drive dynamics.

    Raises:
        BadInput: if the file is not a potential, LAMMPS is not installed or the style cannot be
            compiled.
    """
    elements = [symbol(number) for number in load_potential(file).elements]
    return LammpsPotential(pair_commands(file.resolve(), elements), elements)
