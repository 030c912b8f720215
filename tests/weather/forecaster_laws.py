"""Laws that every forecaster of fields inherits by subclassing."""

from typing import Any, ClassVar

import numpy as np
import pytest
import xarray as xr

from sciml.core.errors import BadInput
from sciml.weather.forecast import FieldForecaster

STEP = np.timedelta64(1, "D")
BASE = 1000.0  # of the drifting waves, in their unit


def drifting_waves(days: int = 800, seed: int = 0, start: str = "2001-01-01") -> xr.DataArray:
    """Damped waves that drift east, excited by noise, on a season: a field that can be forecast."""
    lat, lon = np.linspace(30.0, 60.0, 5), np.linspace(-60.0, 0.0, 8)
    rng = np.random.default_rng(seed)
    patterns = [
        wave(k * np.deg2rad(lon) * 3) * np.cos(m * np.deg2rad(lat))[:, None]
        for k, m in ((1, 1), (2, 3))
        for wave in (np.cos, np.sin)
    ]
    turn = np.zeros((4, 4))
    for k, angle in enumerate((0.4, 0.7)):
        c, s = np.cos(angle), np.sin(angle)
        turn[2 * k : 2 * k + 2, 2 * k : 2 * k + 2] = 0.9 * np.array([[c, -s], [s, c]])
    state, states = rng.normal(size=4) * 5, np.empty((days, 4))
    for day in range(days):
        state = turn @ state + rng.normal(size=4) * 2
        states[day] = state
    times = np.datetime64(start, "ns") + np.arange(days) * STEP
    phase = 2 * np.pi * np.arange(days) / 365.2425
    season = 5 * np.cos(phase)[:, None, None] * np.sin(np.deg2rad(lat))[:, None]
    values = BASE + season + np.einsum("tk,kij->tij", states, np.stack(patterns))
    values += 0.1 * rng.normal(size=values.shape)
    attrs = {"units": "hPa", "standard_name": "air_pressure_at_mean_sea_level"}
    coordinates = {"time": times, "lat": lat, "lon": lon}
    return xr.DataArray(values, coordinates, ("time", "lat", "lon"), "slp", attrs)


class ObeysFieldForecastContract:
    """What every forecaster promises; see :class:`sciml.weather.forecast.FieldForecaster`.

    A subclass gives ``forecaster``: a fresh one for ``leads``, that needs ``history`` steps.
    """

    leads: ClassVar[tuple[int, ...]] = (1, 2, 4)
    history: ClassVar[int] = 1
    looks_at_the_present: ClassVar[bool] = True
    unit_tolerance: ClassVar[float] = 1e-6  # of the spread; single precision amplifies rounding
    train: ClassVar[xr.DataArray] = drifting_waves()
    inputs: ClassVar[xr.DataArray] = drifting_waves(50, seed=1, start="2005-02-10")
    _fitted: ClassVar[dict[type, FieldForecaster]] = {}

    def forecaster(self) -> FieldForecaster:
        """A forecaster that has learnt nothing yet."""
        raise NotImplementedError

    def fitted(self) -> FieldForecaster:
        """The forecaster after it learnt from the drifting waves; the same in all tests."""
        if type(self) not in self._fitted:
            made = self.forecaster()
            made.fit(self.train)
            self._fitted[type(self)] = made
        return self._fitted[type(self)]

    def test_a_forecast_has_the_axes_and_coordinates_of_the_contract(self) -> None:
        answer = self.fitted().predict(self.inputs, self.leads)
        forecast = answer["forecast"]
        assert forecast.dims == ("time", "lead", "lat", "lon")
        np.testing.assert_array_equal(
            forecast["time"].values, self.inputs["time"].values[self.history - 1 :]
        )
        assert forecast["lead"].values.tolist() == list(self.leads)
        for axis in ("lat", "lon"):
            np.testing.assert_array_equal(forecast[axis], self.inputs[axis])
        assert np.isfinite(forecast).all()
        assert forecast.attrs["units"] == "hPa"
        assert answer.attrs["step_hours"] == 24
        np.testing.assert_allclose(forecast.mean(["time", "lead"]), BASE, atol=20)

    def test_a_spread_is_positive_and_grows_where_members_do(self) -> None:
        answer = self.fitted().predict(self.inputs, self.leads)
        if "standard_deviation" in answer:
            spread = answer["standard_deviation"]
            assert spread.dims == answer["forecast"].dims
            assert (spread > 0).all()
        if "members" in answer:
            assert answer["members"].dims == ("time", "lead", "member", "lat", "lon")
            assert np.isfinite(answer["members"]).all()

    def test_inputs_of_one_history_get_one_forecast(self) -> None:
        whole = self.fitted().predict(self.inputs, self.leads)["forecast"]
        single = self.fitted().predict(self.inputs[: self.history], self.leads)["forecast"]
        assert single.sizes["time"] == 1
        np.testing.assert_allclose(single[0], whole[0], rtol=1e-5)

    def test_leads_come_as_asked(self) -> None:
        asked = [self.leads[-1], self.leads[0]]
        forecast = self.fitted().predict(self.inputs, asked)["forecast"]
        assert forecast["lead"].values.tolist() == asked
        whole = self.fitted().predict(self.inputs, self.leads)["forecast"]
        np.testing.assert_allclose(forecast, whole.sel(lead=asked), rtol=1e-6)

    @pytest.mark.parametrize("cut", [20, 41])
    def test_a_forecast_never_looks_ahead(self, cut: int) -> None:
        other = self.inputs.copy(deep=True)
        other[cut:] += np.random.default_rng(2).normal(size=other[cut:].shape) * 5
        before, after = (
            self.fitted().predict(x, self.leads)["forecast"] for x in (self.inputs, other)
        )
        earlier = before["time"].values < self.inputs["time"].values[cut]
        np.testing.assert_allclose(before[earlier], after[earlier], rtol=0, atol=1e-9 * BASE)
        if self.looks_at_the_present:  # the change is seen from the time at which it happens
            first = int(earlier.sum())
            assert np.abs(before[first] - after[first]).max() > 1e-3

    def test_the_same_field_and_settings_give_the_same_bits(self) -> None:
        first = self.fitted().predict(self.inputs, self.leads)["forecast"]
        self.fitted().predict(self.inputs[:30] + 3.0, self.leads)  # no memory of other inputs
        np.testing.assert_array_equal(
            self.fitted().predict(self.inputs, self.leads)["forecast"], first
        )
        again = self.forecaster()
        again.fit(self.train)
        np.testing.assert_array_equal(again.predict(self.inputs, self.leads)["forecast"], first)

    def test_fields_are_left_as_they_were(self) -> None:
        untouched, shown = drifting_waves(), drifting_waves()
        made = self.forecaster()
        made.fit(shown)
        xr.testing.assert_identical(shown, untouched)
        inputs = self.inputs.copy(deep=True)
        made.predict(inputs, self.leads)
        xr.testing.assert_identical(inputs, self.inputs)

    def test_another_unit_of_the_field_is_another_unit_of_the_forecast(self) -> None:
        made = self.forecaster()
        made.fit(in_pascal(self.train))
        turned = made.predict(in_pascal(self.inputs), self.leads)["forecast"]
        assert turned.attrs["units"] == "Pa"
        forecast = self.fitted().predict(self.inputs, self.leads)["forecast"]
        gap = np.abs(turned / 100 - forecast) / self.inputs.std()
        assert gap.max() < self.unit_tolerance

    def test_years_may_be_left_out_of_training(self) -> None:
        kept = np.r_[0:380, 420:800]
        made = self.forecaster()
        made.fit(self.train[kept])
        assert np.isfinite(made.predict(self.inputs, self.leads)["forecast"]).all()

    def test_a_lead_that_was_not_fitted_is_refused(self) -> None:
        with pytest.raises(BadInput, match=r"asked for .*\[7\]"):
            self.fitted().predict(self.inputs, (1, 7))

    def test_a_gap_in_time_is_refused(self) -> None:
        with pytest.raises(BadInput, match=r"not regular: 2005-03-11.* is followed by 2005-03-13"):
            self.fitted().predict(self.inputs[np.r_[0:30, 31:50]], self.leads)

    def test_a_value_that_is_not_finite_is_refused(self) -> None:
        broken = self.inputs.copy(deep=True)
        broken[3, 2, 1] = np.nan
        with pytest.raises(BadInput, match="1 of 2000 values are not finite"):
            self.fitted().predict(broken, self.leads)
        spoilt = self.train.copy(deep=True)
        spoilt[3, 2, 1] = np.inf
        with pytest.raises(BadInput, match="1 of 32000 values are not finite"):
            self.forecaster().fit(spoilt)

    def test_another_grid_step_or_unit_is_refused(self) -> None:
        for wrong, text in self.misfits().values():
            with pytest.raises(BadInput, match=text):
                self.fitted().predict(wrong, self.leads)

    def misfits(self) -> dict[str, tuple[Any, str]]:
        """Fields that do not fit the training field, and what the refusal says."""
        inputs = self.inputs
        return {
            "grid": (inputs[:, 1:], "lat differs"),
            "step": (inputs[::2], "expected a step of"),
            "unit": (inputs.assign_attrs(units="K"), "in 'K', trained in 'hPa'"),
            "dims": (inputs.transpose("lat", "lon", "time"), "expected dims"),
            "longitudes": (inputs.assign_coords(lon=inputs["lon"] + 300), "expected -180..180"),
        }


def in_pascal(field: xr.DataArray) -> xr.DataArray:
    """A field of hPa in Pa."""
    return (field * 100).assign_attrs(field.attrs | {"units": "Pa"})
