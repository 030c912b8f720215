"""Tests of errors by lead."""

import numpy as np
import pytest
import xarray as xr

from sciml.core.errors import BadInput
from sciml.weather.forecast import field_forecast_dataset
from sciml.weather.forecasters.baselines import Climatology, Persistence
from sciml.weather.verification import (
    area_weights,
    due_truth,
    rmse_by_lead,
    skill_by_lead,
    squared_errors,
)
from tests.weather.forecaster_laws import drifting_waves

TRUTH = drifting_waves(60)
LEADS = (1, 4)


def perfect(shift: float = 0.0) -> xr.Dataset:
    """A forecast that knows what will come, but for a constant."""
    values = np.full((60, 2, 5, 8), np.nan)
    for index, lead in enumerate(LEADS):
        values[: 60 - lead, index] = TRUTH.values[lead:] + shift
    return field_forecast_dataset(values, TRUTH, LEADS)


def test_weights_are_shares_of_area_and_vanish_at_the_poles() -> None:
    lat = np.linspace(-90, 90, 37)
    weights = area_weights(lat)
    assert weights.mean() == pytest.approx(1)
    assert weights[[0, -1]] == pytest.approx(0, abs=1e-12)
    assert weights[18] / weights[30] == pytest.approx(1 / np.cos(np.deg2rad(60)))


def test_a_perfect_forecast_has_no_error_and_a_shifted_one_its_shift() -> None:
    assert rmse_by_lead(perfect(), TRUTH).values.tolist() == [0, 0]
    error = rmse_by_lead(perfect(-3.0), TRUTH)
    np.testing.assert_allclose(error, 3.0)
    assert error.attrs["units"] == "hPa"


def test_errors_weigh_the_area() -> None:
    forecast = perfect()
    forecast["forecast"][:, :, -1] += 2.0  # the northernmost row
    share = area_weights(TRUTH["lat"].values)[-1] / 5
    np.testing.assert_allclose(rmse_by_lead(forecast, TRUTH), 2 * np.sqrt(share))


def test_only_forecasts_that_are_due_count() -> None:
    errors = squared_errors(perfect(1.0), TRUTH)
    assert np.isfinite(errors).sum("time").values.tolist() == [59, 56]
    later = TRUTH[30:]
    assert np.isfinite(squared_errors(perfect(1.0), later)).sum("time").values.tolist() == [30, 30]


def test_truth_is_put_in_the_place_of_the_forecast() -> None:
    truth = due_truth(perfect(), TRUTH)
    np.testing.assert_array_equal(truth, perfect()["forecast"])


def test_skill_is_one_for_the_perfect_zero_for_the_reference_and_symmetric_in_logs() -> None:
    one, two = perfect(1.0), perfect(2.0)
    np.testing.assert_allclose(skill_by_lead(perfect(), one, TRUTH), 1)
    np.testing.assert_allclose(skill_by_lead(one, one, TRUTH), 0)
    back, forth = skill_by_lead(one, two, TRUTH), skill_by_lead(two, one, TRUTH)
    np.testing.assert_allclose((1 - back) * (1 - forth), 1)


def test_persistence_errs_as_the_field_changes() -> None:
    made = Persistence(LEADS, harmonics=0)
    made.fit(TRUTH)
    error = rmse_by_lead(made.predict(TRUTH, LEADS), TRUTH)
    weights = area_weights(TRUTH["lat"].values)[:, None]
    for lead in LEADS:
        change = TRUTH.values[lead:] - TRUTH.values[:-lead]
        expected = np.sqrt((weights * change**2).mean())
        np.testing.assert_allclose(error.sel(lead=lead), expected)


def test_climatology_errs_by_the_deviation() -> None:
    made = Climatology((1,), harmonics=0)
    made.fit(TRUTH)
    weights = area_weights(TRUTH["lat"].values)
    expected = np.sqrt((weights * TRUTH[1:].var("time").mean("lon").values).mean())
    error = rmse_by_lead(made.predict(TRUTH, (1,)), TRUTH)
    np.testing.assert_allclose(error, expected, rtol=1e-2)


def test_truths_that_cannot_be_compared_are_refused() -> None:
    with pytest.raises(BadInput, match="its lon is not that of the forecast"):
        rmse_by_lead(perfect(), TRUTH[:, :, 1:])
    with pytest.raises(BadInput, match="in 'Pa', forecast in 'hPa'"):
        rmse_by_lead(perfect(), TRUTH.assign_attrs(units="Pa"))
    with pytest.raises(BadInput, match=r"due at leads \[1, 4\]"):
        rmse_by_lead(perfect(), TRUTH[:1])
    late = perfect().isel(time=slice(0, 5)), perfect().isel(time=slice(10, 20))
    with pytest.raises(BadInput, match="no time of issue and lead in common"):
        skill_by_lead(*late, TRUTH)
