"""Published potentials that come with LAMMPS, to be run again beside ours."""

from typing import Literal

from sciml.core.errors import BadInput
from sciml.materials.lammps.labelling import LammpsPotential

ZUO_ELEMENTS = ("Cu", "Ge", "Li", "Mo", "Ni", "Si")
_MARKS = {"linear": "", "quadratic": ".quadratic"}


def zuo_potential(element: str, form: Literal["linear", "quadratic"]) -> LammpsPotential:
    """The SNAP potential that was fitted to the mlearn frames of an element.

    Args:
        element: One of ``ZUO_ELEMENTS``.
        form: SNAP is linear in the bispectrum; qSNAP is quadratic.

    Returns:
        The potential as published.

    Raises:
        BadInput: if there is none for the element, or LAMMPS is not installed.

    Source:
        Zuo et al., J. Phys. Chem. A 124, 731 (2020); parameters come with LAMMPS.
    """
    if element not in ZUO_ELEMENTS or form not in _MARKS:
        raise BadInput(
            f"zuo_potential: nothing for '{element}', '{form}'; expected one of "
            f"{', '.join(ZUO_ELEMENTS)} and {' or '.join(_MARKS)}."
        )
    stem = f"{element}_Zuo_JPCA2020{_MARKS[form]}"
    coefficients = f"pair_coeff * * {stem}.snapcoeff {stem}.snapparam {element}"
    return LammpsPotential(["pair_style snap", coefficients], [element])
