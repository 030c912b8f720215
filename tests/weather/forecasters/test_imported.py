"""Tests of archives of forecasts as forecasters."""

import numpy as np
import pytest
import xarray as xr

from sciml.core.errors import BadInput
from sciml.weather.forecast import field_forecast_dataset
from sciml.weather.forecasters.imported import Imported
from sciml.weather.verification import rmse_by_lead
from tests.weather.forecaster_laws import drifting_waves

FIELD = drifting_waves(500)
LEADS = (1, 3)


def archive(bias: float, error: float) -> xr.Dataset:
    """What somebody forecast: the truth, shifted and disturbed."""
    rng = np.random.default_rng(0)
    values = np.stack([FIELD.values[lead : lead + 490] for lead in LEADS], axis=1)
    values = values + bias + error * rng.normal(size=values.shape)
    return field_forecast_dataset(values, FIELD[:490], LEADS)


def test_bias_and_spread_are_learnt_and_the_rest_is_as_archived() -> None:
    made = Imported(archive(4.0, 2.0))
    numbers = made.fit(FIELD[:400])
    np.testing.assert_allclose(list(numbers.values()), -4, atol=0.05)
    answer = made.predict(FIELD[400:490], LEADS)
    np.testing.assert_allclose(rmse_by_lead(answer, FIELD), 2.0, rtol=0.03)
    np.testing.assert_allclose(answer["standard_deviation"].mean(), 2.0, rtol=0.05)


def test_members_are_averaged() -> None:
    one = archive(0.0, 1.0)
    both = xr.concat([one + 1, one - 1], "member").assign_attrs(one.attrs)
    both["forecast"].attrs = one["forecast"].attrs
    answers = []
    for given in (one, both):
        made = Imported(given)
        made.fit(FIELD[:400])
        answers.append(made.predict(FIELD[400:490], LEADS)["forecast"])
    np.testing.assert_allclose(*answers)


def test_only_times_of_the_archive_can_be_asked_for() -> None:
    made = Imported(archive(0.0, 1.0).isel(time=slice(100, None)))
    made.fit(FIELD[:400])
    answer = made.predict(FIELD[90:200], LEADS)
    np.testing.assert_array_equal(answer["time"], FIELD["time"][100:200])
    with pytest.raises(BadInput, match="no forecast issued between 2001-01-01"):
        made.predict(FIELD[:90], LEADS)


def test_archives_that_cannot_be_used_are_refused() -> None:
    good = archive(0.0, 1.0)
    with pytest.raises(BadInput, match="expected `forecast` with axes"):
        Imported(good.isel(lead=0))
    with pytest.raises(BadInput, match="set attrs"):
        Imported(good.drop_attrs())
    with pytest.raises(BadInput, match="must ascend"):
        Imported(good.isel(time=slice(None, None, -1)))
    later = Imported(good.assign_coords(time=good["time"] + np.timedelta64(5000, "D")))
    with pytest.raises(BadInput, match="0 forecasts of lead 1 are due"):
        later.fit(FIELD)
    with pytest.raises(BadInput, match="its step is"):
        Imported(good.assign_attrs(step_hours=6.0)).fit(FIELD)
