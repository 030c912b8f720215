"""Crystal and melt side by side: shares by slice, and what counts as living on."""

import numpy as np
import pytest

from sciml.core.axes import FloatArray
from sciml.core.errors import BadInput
from sciml.materials.properties.coexistence import coexistence, ordered_share

SLICES = 24
TIME = 0.1 * np.arange(400)  # ps


def profile(crystal: float) -> FloatArray:
    """Nine in ten atoms are ordered in the crystal, three in ten in the melt above it."""
    return np.where((np.arange(SLICES) + 0.5) / SLICES < crystal, 0.9, 0.3)


def temperatures(level: float, slope: float = 0.0) -> FloatArray:
    noise = np.random.default_rng(3).normal(scale=20.0, size=len(TIME))
    return level + slope * TIME + noise


def test_slices_count_their_own_atoms() -> None:
    heights = np.array([0.01, 0.2, 0.26, 0.74, 0.76, 0.99, 1.01, -0.01])
    ordered = np.array([True, False, True, True, False, True, False, False])
    found = ordered_share(heights, ordered, 4)
    np.testing.assert_allclose(found, [1 / 3, 1.0, 1.0, 1 / 3])
    assert np.isnan(ordered_share(np.array([0.1]), np.array([True]), 2)[1])


def test_two_phases_that_stay_give_the_temperature_with_its_error() -> None:
    found = coexistence(TIME, temperatures(1690.0), np.array([profile(0.5), profile(0.55)]))
    assert found.both
    np.testing.assert_allclose(found.crystal, [0.5, 0.55], atol=0.03)
    assert abs(found.temperature.value - 1690) < 3 * found.temperature.error
    assert 0.5 < found.temperature.error < 8  # 20 K over the square root of 200, and the drift
    assert abs(found.drift.value) < 3 * found.drift.error


@pytest.mark.parametrize("end", [0.0, 0.05, 0.96, 1.0])
def test_a_phase_that_vanished_is_told(end: float) -> None:
    found = coexistence(TIME, temperatures(1690.0), np.array([profile(0.5), profile(end)]))
    assert not found.both


def test_a_phase_that_still_grows_shows_in_the_drift() -> None:
    found = coexistence(TIME, temperatures(1600.0, 3.0), np.array([profile(0.5)] * 2))
    assert found.drift.value == pytest.approx(3.0, abs=4 * found.drift.error)
    assert found.drift.value > 5 * found.drift.error
    # Twenty picoseconds at 3 K/ps: a line over 60 K has a spread of 17 K.
    assert found.temperature.error == pytest.approx(60 / 12**0.5, rel=0.15)


def test_bad_input_is_told() -> None:
    shares = np.array([profile(0.5)])
    with pytest.raises(BadInput, match="melt hotter or longer"):
        coexistence(TIME, temperatures(1690.0), np.array([profile(1.0)]))
    with pytest.raises(BadInput, match="run longer"):
        coexistence(TIME[:10], temperatures(1690.0)[:10], shares)
    with pytest.raises(BadInput, match="heights"):
        ordered_share(np.zeros((2, 2)), np.zeros(4, bool), 3)
    with pytest.raises(BadInput, match="one slice"):
        ordered_share(np.zeros(2), np.zeros(2, bool), 0)
