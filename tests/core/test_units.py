"""Constants agree with independent tables."""

from scipy import constants

from sciml.core import units


def test_defined_constants_are_those_of_codata() -> None:
    assert constants.g == units.STANDARD_GRAVITY
    assert constants.atm == units.STANDARD_ATMOSPHERE
