"""Elements by symbol and number."""

import pytest

from sciml.core.errors import BadInput
from sciml.materials.elements import (
    atomic_mass,
    atomic_number,
    covalent_radius,
    symbol,
    unknown_elements,
)


def test_numbers_and_symbols_are_two_names_of_one_element() -> None:
    for number in (1, 6, 14, 29, 92):
        assert atomic_number(symbol(number)) == number


def test_masses_and_radii_are_the_tabulated_ones() -> None:
    assert atomic_mass(14) == pytest.approx(28.085)
    assert covalent_radius(14) == pytest.approx(1.11)


def test_unknown_elements_are_listed_once_in_order() -> None:
    assert unknown_elements([14, 6, 32, 6], [14]) == "C, Ge"
    assert unknown_elements([14], [14, 6]) == ""


@pytest.mark.parametrize("wrong", ["Xx", "si", "X", ""])
def test_a_wrong_symbol_is_refused(wrong: str) -> None:
    with pytest.raises(BadInput, match=f"element '{wrong}': no such symbol"):
        atomic_number(wrong)


@pytest.mark.parametrize("wrong", [0, -1, 200])
def test_a_wrong_number_is_refused(wrong: int) -> None:
    for about in (symbol, atomic_mass, covalent_radius):
        with pytest.raises(BadInput, match=f"atomic number {wrong}: expected 1 to"):
            about(wrong)
