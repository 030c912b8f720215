"""Three station ensembles: their sizes, places and units, and a published score."""

import numpy as np
import pytest
import xarray as xr

from sciml.weather.sources import (
    open_frankfurt_precipitation,
    open_uwme_precipitation,
    open_uwme_temperature,
)
from tests.datasets.weather.real import opened

pytestmark = pytest.mark.realdata

ALL = [open_uwme_temperature, open_uwme_precipitation, open_frankfurt_precipitation]


def ensemble_crps(forecast: np.ndarray, observation: np.ndarray) -> float:
    """Mean |x - y| - ½ mean |x - x'| over all pairs of members, averaged over the cases."""
    apart = np.abs(forecast[:, :, None] - forecast[:, None, :]).mean(axis=(1, 2))
    return float((np.abs(forecast - observation[:, None]).mean(axis=1) - apart / 2).mean())


@pytest.mark.parametrize("reader", ALL)
def test_every_set_has_the_form_of_a_station_ensemble(reader) -> None:
    data = opened(reader)
    assert data["forecast"].dims == ("case", "member")
    assert data["observation"].dims == ("case",)
    assert data["forecast"].dtype == data["observation"].dtype == np.float64
    assert data["time"].dtype == "datetime64[ns]"
    assert {data[name].dtype.kind for name in ("station", "member")} == {"U"}
    for name in ("forecast", "observation"):
        assert {"units", "standard_name"} <= data[name].attrs.keys()
    assert {"title", "license", "lead_hours"} <= data.attrs.keys()
    assert not data["forecast"].isnull().any()
    assert not data["observation"].isnull().any()


def test_temperatures_are_of_eight_models_at_969_stations_on_52_dates() -> None:
    data = opened(open_uwme_temperature)
    assert data["forecast"].shape == (36826, 8)
    assert len(np.unique(data["station"])) == 969
    assert len(np.unique(data["time"])) == 52
    assert data["forecast"].attrs["units"] == "K"
    assert data.attrs["lead_hours"] == 48
    assert not any(name != name.strip() for name in np.unique(data["station"]))
    assert float(data["elevation"].min()) > -100
    assert 40 < float(data["latitude"].min()) < float(data["latitude"].max()) < 52
    assert -133 < float(data["longitude"].min()) < float(data["longitude"].max()) < -114


def test_the_score_of_the_raw_ensemble_is_the_published_one() -> None:
    """ensembleBMA, technical report: CRPS of the forecasts for 2004-01-31."""
    data = opened(open_uwme_temperature)
    day: xr.Dataset = data.isel(case=np.flatnonzero(data["time"] == np.datetime64("2004-01-31")))
    assert day.sizes["case"] == 712
    crps = ensemble_crps(day["forecast"].values, day["observation"].values)
    assert crps == pytest.approx(1.590730, abs=5e-7)


def test_rain_of_nine_models_is_in_mm() -> None:
    data = opened(open_uwme_precipitation)
    assert data["forecast"].shape == (4043, 9)
    assert len(np.unique(data["time"])) == 57
    assert data["time"].values[0] == np.datetime64("2002-12-03")
    assert data["forecast"].attrs["units"] == "mm"
    # Observations are whole 1/100 inch.
    hundredths = data["observation"].values / 0.254
    np.testing.assert_allclose(hundredths, np.round(hundredths), atol=1e-6)
    assert "longitude" not in data.coords


def test_rain_at_frankfurt_is_of_52_members() -> None:
    data = opened(open_frankfurt_precipitation)
    assert data["member"].values[:3].tolist() == ["HRES", "CTR", "P1"]
    assert data["forecast"].shape == (3617, 52)
    assert data.attrs["lead_hours"] == 30
    late = data["time"].dt.year >= 2015
    assert int(late.sum()) == 721
    test = data.isel(case=np.flatnonzero(late))
    crps = ensemble_crps(test["forecast"].values, test["observation"].values)
    assert crps == pytest.approx(0.752, abs=5e-4)  # measured before, by another program
