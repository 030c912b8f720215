"""Errors of fields: areas count alike, and nothing is aligned or left out in silence."""

import numpy as np
import pytest
import xarray as xr

from sciml.core.errors import BadInput
from sciml.weather.scores.deterministic import (
    anomaly_correlation,
    mean_absolute_error,
    mean_error,
    root_mean_square_error,
    skill_score,
)

LAT, LON = np.array([0.0, 30.0, 60.0]), np.array([-10.0, 0.0, 10.0, 20.0])


def field(seed: int, times: int = 5) -> xr.DataArray:
    values = np.random.default_rng(seed).normal(280, 5, (times, 3, 4))
    days = np.arange("2001-01-01", times, dtype="datetime64[D]").astype("datetime64[ns]")
    where = {"time": days, "lat": LAT, "lon": LON}
    return xr.DataArray(values, where, ("time", "lat", "lon"), attrs={"units": "K"})


def test_each_error_equals_its_double_loop_with_cosine_weights() -> None:
    one, other = field(0), field(1)
    sums = np.zeros(4)
    for t in range(5):
        for i, lat in enumerate(LAT):
            for j in range(4):
                e, w = float(one[t, i, j] - other[t, i, j]), np.cos(np.deg2rad(lat))
                sums += w * np.array([e, abs(e), e * e, 1.0])
    bias, absolute, square = sums[:3] / sums[3]
    np.testing.assert_allclose(mean_error(one, other), bias, rtol=1e-12)
    np.testing.assert_allclose(mean_absolute_error(one, other), absolute, rtol=1e-12)
    np.testing.assert_allclose(root_mean_square_error(one, other), np.sqrt(square), rtol=1e-12)


def test_an_offset_is_bias_absolute_and_square_error_at_every_place() -> None:
    one = field(2)
    for score in (mean_error, mean_absolute_error, root_mean_square_error):
        np.testing.assert_allclose(score(one + 3.0, one, ["time"]), np.full((3, 4), 3.0))


def test_the_square_error_is_never_below_the_absolute_one_nor_that_below_the_bias() -> None:
    one, other = field(3), field(4)
    bias, absolute, square = (
        abs(float(score(one, other)))
        for score in (mean_error, mean_absolute_error, root_mean_square_error)
    )
    assert bias <= absolute <= square


def test_a_single_observation_counts_for_every_lead() -> None:
    truth = field(5)
    leads = xr.concat([truth + 1, truth - 2], "lead")
    np.testing.assert_allclose(mean_error(leads, truth, ["time", "lat", "lon"]), [1, -2])


class TestAnomalyCorrelation:
    def test_is_one_for_any_stretched_anomaly_and_minus_one_for_its_opposite(self) -> None:
        climate = field(6).mean("time").expand_dims(time=field(6)["time"])
        climate.attrs["units"] = "K"
        truth = field(7)
        for factor, expected in ((0.5, 1.0), (3.0, 1.0), (-1.0, -1.0)):
            ahead = climate + factor * (truth - climate)
            found = anomaly_correlation(ahead, truth, climate)
            np.testing.assert_allclose(found, expected, rtol=1e-12)

    def test_of_unrelated_fields_is_near_zero_and_climatology_has_none(self) -> None:
        climate = xr.zeros_like(field(8, 400)) + 280
        found = anomaly_correlation(field(8, 400), field(9, 400), climate)
        assert abs(float(found)) < 0.05
        with pytest.raises(BadInput, match="undefined"):
            anomaly_correlation(climate, field(9, 400), climate)


def test_skill_goes_from_the_reference_to_perfection() -> None:
    assert skill_score(2.0, 2.0) == 0
    assert skill_score(0.0, 2.0) == 1
    assert skill_score(3.0, 2.0) == -0.5
    assert skill_score(0.75, 0.5, perfect=1.0) == 0.5
    with pytest.raises(BadInput, match="perfect"):
        skill_score(1.0, 0.0)
    with pytest.raises(BadInput, match="expected numbers"):
        skill_score(float("nan"), 1.0)


class TestBadInput:
    def test_other_coordinates_are_not_aligned_in_silence(self) -> None:
        with pytest.raises(BadInput, match="not at the forecast's coordinates"):
            root_mean_square_error(field(0), field(1).isel(time=slice(1, None)))

    def test_a_missing_value_is_refused(self) -> None:
        gap = field(0)
        gap[1, 2, 3] = np.nan
        with pytest.raises(BadInput, match="observation: 1 of 60 values are missing"):
            mean_error(field(1), gap)

    def test_other_units_axes_that_only_one_has_and_unknown_axes_are_refused(self) -> None:
        celsius = (field(0) - 273.15).assign_attrs(units="degC")
        with pytest.raises(BadInput, match="in 'degC', forecast in 'K'"):
            mean_error(field(1), celsius)
        with pytest.raises(BadInput, match="has axes that the forecast has not: time"):
            mean_error(field(1).isel(time=0), field(0))
        with pytest.raises(BadInput, match="over: no axis station"):
            mean_error(field(1), field(0), ["station"])
