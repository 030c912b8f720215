"""Constants agree with independent tables."""

import pytest
from scipy import constants

from sciml.core import units


def test_defined_constants_are_those_of_codata() -> None:
    assert constants.g == units.STANDARD_GRAVITY
    assert constants.atm == units.STANDARD_ATMOSPHERE


def test_a_period_of_a_fiftieth_of_a_second_is_fifty_hertz() -> None:
    assert units.hertz_from_period(0.02) == pytest.approx(50)
    with pytest.raises(ValueError, match="period must be positive and finite, got 0 s"):
        units.hertz_from_period(0)
