"""Tests of the figures of field forecasts."""

from pathlib import Path

import numpy as np
import xarray as xr

from sciml.weather.figures.fields import field_errors_by_lead, field_gate_weights


def test_panels_show_the_record(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    names, leads = ["mixture", "linear", "kernel", "network 1"], [1, 3, 7]
    times = np.datetime64("2009-01-01", "ns") + np.arange(200) * np.timedelta64(1, "D")
    squares = rng.chisquare(5, size=(4, 200, 3)) * np.arange(1, 4)
    errors = xr.DataArray(
        squares, {"forecaster": names, "time": times, "lead": leads},
        ("forecaster", "time", "lead"), "squared_error",
    )  # fmt: skip
    errors.to_netcdf(tmp_path / "errors.nc")
    shares = rng.dirichlet(np.ones(3), size=(3, 5, 8))
    weights = xr.DataArray(
        shares,
        {
            "lead": leads,
            "lat": np.linspace(30, 70, 5),
            "lon": np.linspace(-70, 10, 8),
            "expert": ["kernel", "network 1", "network 2"],
        },
        ("lead", "lat", "lon", "expert"),
        "weight",
    )
    weights.to_netcdf(tmp_path / "weights.nc")
    drawn = field_errors_by_lead(tmp_path)
    np.testing.assert_allclose(drawn.data["rmse"], np.sqrt(squares.mean(axis=1)))
    assert (drawn.data["low"] <= drawn.data["gain"]).all()
    assert (drawn.data["gain"] <= drawn.data["high"]).all()
    maps = field_gate_weights(tmp_path).data["weight"]
    np.testing.assert_allclose(maps.sum("group"), 1)  # kernel and networks are all experts here
