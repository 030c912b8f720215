"""Ellipses: their geometry, their size, and whether they hold what they say."""

import numpy as np
import pytest

from sciml.core.axes import FloatArray
from sciml.core.errors import BadInput
from sciml.weather.cyclones.spread import Spread, along_and_cross, radius_of, within


def drawn(seed: int, size: int, tail: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Forecasts, storms and what is known, with errors of known law: 40 km along, 20 km across."""
    rng = np.random.default_rng(seed)
    forecast = rng.normal(0, 200, (size, 2))
    heavy = np.sqrt(tail / rng.chisquare(tail, size))
    along, cross = rng.normal(0, 40, size) * heavy, rng.normal(0, 20, size) * heavy
    unit = forecast / np.hypot(*forecast.T)[:, None]
    right = np.stack([unit[:, 1], -unit[:, 0]], axis=1)
    observed = forecast + along[:, None] * unit + cross[:, None] * right
    return forecast, observed, np.stack([rng.uniform(10, 40, size), np.full(size, 30.0)], axis=1)


def test_along_and_cross_keep_the_length_of_the_error() -> None:
    forecast, observed, _ = drawn(0, 100, 5)
    parts = along_and_cross(forecast, observed)
    np.testing.assert_allclose(np.hypot(*parts.T), np.hypot(*(observed - forecast).T))


def test_a_storm_beyond_the_forecast_is_ahead_and_one_to_the_right_is_positive() -> None:
    east = np.array([[100.0, 0.0]])
    np.testing.assert_allclose(along_and_cross(east, np.array([[110.0, 0.0]])), [[10, 0]])
    np.testing.assert_allclose(along_and_cross(east, np.array([[100.0, -10.0]])), [[0, 10]])
    still = np.zeros((1, 2))
    np.testing.assert_allclose(along_and_cross(still, np.array([[3.0, 4.0]])), [[4, 3]])


@pytest.mark.parametrize("share", [0.5, 2 / 3, 0.95])
def test_radius_of_a_very_light_tail_is_that_of_the_normal(share: float) -> None:
    assert radius_of(share, 1e9) == pytest.approx(np.sqrt(-2 * np.log(1 - share)), rel=1e-6)


@pytest.mark.parametrize("tail", [4.0, 1000.0])
def test_ellipses_hold_their_share_of_storms_not_learnt_from(tail: float) -> None:
    spread = Spread.fit(*drawn(1, 5000, tail))
    forecast, observed, known = drawn(2, 5000, tail)
    scales = spread.scales(forecast, known)
    for share in (0.5, 2 / 3, 0.9):
        inside = within(forecast, observed, scales, radius_of(share, spread.tail))
        assert inside.mean() == pytest.approx(share, abs=0.025)


def test_the_law_of_the_errors_is_found() -> None:
    spread = Spread.fit(*drawn(3, 20_000, 5.0))
    assert 4 <= spread.tail <= 6
    forecast, _, known = drawn(4, 1000, 5.0)
    np.testing.assert_allclose(spread.scales(forecast, known).mean(axis=0), [40, 20], rtol=0.06)


def test_errors_that_grow_with_disagreement_give_ellipses_that_do() -> None:
    rng = np.random.default_rng(5)
    forecast, apart = rng.normal(0, 200, (4000, 2)), rng.uniform(0, 200, 4000)
    observed = forecast + rng.normal(0, 1, (4000, 2)) * (10 + apart)[:, None]
    known = np.stack([np.full(4000, 20.0), apart], axis=1)
    scales = Spread.fit(forecast, observed, known).scales(forecast, known)
    assert np.corrcoef(scales[:, 0], 10 + apart)[0, 1] > 0.95


def test_a_handful_of_cases_is_refused() -> None:
    with pytest.raises(BadInput, match="20 cases; expected 50"):
        Spread.fit(*drawn(0, 20, 5))
