"""Tests of what is read out of the record of a mixture."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from sciml.core.errors import BadInput
from sciml.weather.field_records import (
    difference,
    experts_in,
    margins,
    read_errors,
    rmse,
)

NAMES = ["mixture", "mixture with network 1 alone", "linear", "kernel"]


def record(folder: Path) -> Path:
    """Squared errors of 300 days: the mixture's are smaller than all others'."""
    rng = np.random.default_rng(0)
    base = rng.chisquare(5, size=(1, 300, 2))
    factor = np.array([1.0, 1.1, 1.4, 1.2])[:, None, None]
    values = base * factor + 0.1 * rng.random((4, 300, 2))
    values[:, -2:, 1] = np.nan  # forecasts that are not due
    times = np.datetime64("2009-01-01", "ns") + np.arange(300) * np.timedelta64(1, "D")
    coordinates = {"forecaster": NAMES, "time": times, "lead": [1, 3]}
    data = xr.DataArray(values, coordinates, ("forecaster", "time", "lead"), "squared_error")
    data.astype("f4").to_netcdf(folder / "errors.nc")
    return folder


def test_the_best_expert_is_found_and_the_interval_holds_the_difference(tmp_path: Path) -> None:
    errors = read_errors(record(tmp_path))
    assert experts_in(errors) == ["linear", "kernel"]
    for one in margins(errors):
        assert one.best == "kernel"
        assert one.mixture < one.expert
        expected = one.mixture**2 - one.expert**2
        assert one.difference.estimate == pytest.approx(expected, rel=1e-4)
        assert one.difference.low < expected < one.difference.high < 0


def test_a_forecaster_does_not_differ_from_itself(tmp_path: Path) -> None:
    errors = read_errors(record(tmp_path))
    found = difference(errors, "linear", "linear", 3)
    assert (found.low, found.estimate, found.high) == (0, 0, 0)
    with pytest.raises(BadInput, match="no forecaster 'oracle'"):
        difference(errors, "linear", "oracle", 1)


def test_errors_are_roots_of_means_over_what_is_due(tmp_path: Path) -> None:
    errors = read_errors(record(tmp_path))
    expected = np.sqrt(np.nanmean(errors.values, axis=1))
    np.testing.assert_allclose(rmse(errors), expected)
