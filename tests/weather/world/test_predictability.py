"""Growth of errors and honesty of ensembles, on cases whose answer is known."""

import numpy as np
import pytest
import xarray as xr

from sciml.core.errors import BadInput
from sciml.weather.world.predictability import calibration, doubling_time, ranks


def ensemble(members: np.ndarray, truth: np.ndarray) -> xr.Dataset:
    return xr.Dataset({"forecast": (("case", "member"), members), "observation": ("case", truth)})


def drawn(cases: int, members: int, spread: float, seed: int = 0) -> xr.Dataset:
    """Members and truth around a mean that is known to none; an honest ensemble has spread 1."""
    generator = np.random.default_rng(seed)
    middle = generator.normal(0, 5, (cases, 1))
    around = middle + spread * generator.normal(size=(cases, members))
    return ensemble(around, middle[:, 0] + generator.normal(size=cases))


def test_an_error_that_doubles_every_three_days_doubles_in_three_days() -> None:
    lead = np.arange(10.0)
    assert doubling_time(0.1 * 2 ** (lead / 3), lead, 1.0) == pytest.approx(3.0)


def test_large_errors_do_not_count_for_the_doubling() -> None:
    lead = np.arange(10.0)
    error = np.minimum(0.1 * 2**lead, 1.0)
    assert doubling_time(error, lead, 0.9) == pytest.approx(1.0)


def test_an_error_that_is_large_or_falls_has_no_doubling() -> None:
    lead = np.arange(4.0)
    with pytest.raises(BadInput, match="fewer than two errors are below 1"):
        doubling_time(np.full(4, 2.0), lead, 1.0)
    with pytest.raises(BadInput, match="do not grow"):
        doubling_time(0.5**lead, lead, 2.0)


def test_an_honest_ensemble_is_found_honest() -> None:
    data = drawn(20_000, 8, 1.0)
    found = calibration(data)
    assert found["spread_over_error"] == pytest.approx(1.0, abs=0.02)
    assert found["outside"] == pytest.approx(found["fair"], abs=0.01)
    assert found["fair"] == pytest.approx(2 / 9)
    assert found["bias"] == pytest.approx(0.0, abs=0.03)
    np.testing.assert_allclose(ranks(data), 1 / 9, atol=0.01)


def test_an_overconfident_ensemble_is_found_out() -> None:
    data = drawn(5000, 8, 0.3)
    found = calibration(data)
    assert found["spread_over_error"] < 0.4
    assert found["outside"] > 2 * found["fair"]
    histogram = ranks(data)
    assert float(histogram[0] + histogram[-1]) == pytest.approx(found["outside"])
    assert float(histogram[4]) < 0.06


def test_missing_members_and_observations_do_not_count() -> None:
    data = drawn(500, 4, 1.0)
    gaps = drawn(3, 4, 1.0, seed=1)
    gaps["observation"][0] = np.nan
    gaps["forecast"][1, 1:] = np.nan
    gaps["forecast"][2] = np.nan
    together = calibration(xr.concat([data, gaps], "case"))
    for name, value in calibration(data).items():
        assert together[name] == pytest.approx(value)


def test_equal_values_are_ranked_by_lot() -> None:
    histogram = ranks(ensemble(np.zeros((3000, 2)), np.zeros(3000)))
    np.testing.assert_allclose(histogram, 1 / 3, atol=0.04)


def test_an_ensemble_without_cases_is_refused() -> None:
    empty = ensemble(np.full((3, 2), np.nan), np.zeros(3))
    with pytest.raises(BadInput, match="no case has an observation and two members"):
        calibration(empty)
    with pytest.raises(BadInput, match="no case has an observation and all members"):
        ranks(empty)
