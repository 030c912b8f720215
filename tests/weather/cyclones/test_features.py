"""What predictors say, and what they refuse to look at."""

import numpy as np
import pytest
import xarray as xr

from sciml.core.errors import BadInput
from sciml.weather.cyclones.features import (
    ENVIRONMENT,
    chosen,
    potential_intensity,
    predictors,
    refuse_future,
    steady_motion,
)
from tests.weather.cyclones.storms import straight_storm

ROUNDING = 1e-4  # m/s: positions of tracks are kept to a millionth of a degree


def surrounded(tracks: xr.Dataset) -> xr.Dataset:
    """A storm with an environment."""
    rng = np.random.default_rng(0)
    size = tracks.sizes["fix"]
    return tracks.assign({name: ("fix", rng.normal(25, 2, size)) for name in ENVIRONMENT})


def test_nothing_depends_on_what_comes_later() -> None:
    """The predictors of the first fixes are the same whether or not the storm goes on."""
    tracks = surrounded(straight_storm(fixes=12))
    whole = predictors(tracks, ENVIRONMENT)
    cut = predictors(tracks.isel(fix=slice(0, 7)), ENVIRONMENT)
    xr.testing.assert_identical(cut, whole.isel(fix=slice(0, 7)))


@pytest.mark.parametrize(
    "name",
    [
        *("lat_next24", "lon_next6", "wmo_wind_next12", "max_wmo_wind_next48", "ri_next24"),
        *("rw_next24", "has_next48", "major_within48", "et_within48", "dissipates_within48"),
        *("landfall_within24", "landfall_within48", "sample_weight", "split", "later_lat"),
    ],
)
def test_what_looks_ahead_is_refused_by_name(name: str) -> None:
    tracks = straight_storm().assign({name: ("fix", np.zeros(12))})
    with pytest.raises(BadInput, match=name):
        predictors(tracks, (name,))


def test_all_of_the_environment_is_allowed_and_an_unknown_variable_is_named() -> None:
    refuse_future(ENVIRONMENT)
    with pytest.raises(BadInput, match=r"no variable 'sst'.*sst_c"):
        predictors(surrounded(straight_storm()), ("sst",))


def test_a_steady_storm_has_its_motion_and_no_change_of_it() -> None:
    known = predictors(straight_storm(motion=(-5.0, 0.0), start=(0.0, -50.0)))
    last = known.isel(fix=-1).to_pandas()
    for hours in (6, 12, 24, 48):
        assert last[f"eastward_{hours}h"] == pytest.approx(-5, abs=ROUNDING)
        assert last[f"northward_{hours}h"] == pytest.approx(0, abs=ROUNDING)
    assert last["eastward_change_12h"] == pytest.approx(0, abs=ROUNDING)
    assert last["speed_12h"] == pytest.approx(5, abs=ROUNDING)
    assert last["wind_change_24h"] == 20
    assert last["pressure_change_6h"] == -3
    assert last["age"] == 66


def test_a_storm_with_one_fix_has_no_motion_and_stands_still() -> None:
    known = predictors(straight_storm(fixes=1))
    assert np.isnan(known.sel(predictor="eastward_6h")).all()
    assert np.isfinite(known.sel(predictor=["lat", "wind", "age", "land_0h"])).all()
    east, north = steady_motion(known)
    assert (east, north) == ([0], [0])


def test_motion_of_six_hours_serves_where_there_is_no_other() -> None:
    known = predictors(straight_storm(fixes=2, motion=(-5.0, 0.0), start=(0.0, -50.0)))
    assert np.isnan(known.sel(predictor="eastward_12h")[1])
    np.testing.assert_allclose(steady_motion(known)[0], [0, -5], atol=ROUNDING)


def test_missing_wind_and_pressure_stay_missing_and_harm_nothing_else() -> None:
    tracks = straight_storm()
    tracks["wind"].values[3] = np.nan
    tracks["pressure"].values[:] = np.nan
    known, whole = predictors(tracks), predictors(straight_storm())
    assert np.isnan(known.sel(predictor="wind")[3])
    assert np.isnan(known.sel(predictor="wind_change_6h")[[3, 4]]).all()
    assert np.isnan(known.sel(predictor="pressure_change_6h")).all()
    same = ["eastward_12h", "season_sin", "land_24h"]
    xr.testing.assert_identical(known.sel(predictor=same), whole.sel(predictor=same))


def test_longitudes_of_either_convention_give_the_same_motion() -> None:
    tracks = straight_storm(start=(15.0, -179.0), motion=(-6.0, 1.0))
    turned = tracks.assign_coords(lon=("fix", tracks["lon"].values % 360))
    names = ["eastward_12h", "northward_48h", "land_0h", "speed_24h"]
    a, b = (predictors(one).sel(predictor=names) for one in (tracks, turned))
    np.testing.assert_allclose(a, b, atol=1e-9)
    assert np.nanmax(np.abs(a.sel(predictor="eastward_12h"))) < 7


def test_potential_intensity_is_that_of_the_paper() -> None:
    """DeMaria & Kaplan (1994): 84 m/s at 30 °C, and A + B exp(-C (30 - T)) below."""
    metres = potential_intensity(np.array([30.0, 20.0, -1000.0])) / 1.943844
    np.testing.assert_allclose(metres, [84.0, 28.2 + 55.8 * np.exp(-1.813), 28.2])


def test_contrasts_with_the_environment() -> None:
    known = predictors(surrounded(straight_storm()), ENVIRONMENT).to_pandas()
    np.testing.assert_allclose(known["sea_minus_air"], known["sst_c"] - known["t2m_c"])
    np.testing.assert_allclose(known["potential_gap"], known["potential"] - known["wind"])
    day = known["u10"].rolling(4).mean()[3:]
    np.testing.assert_allclose(known["u10_day"][3:], day)


def test_predictors_that_a_source_lacks_are_columns_of_nan() -> None:
    known = predictors(straight_storm())
    matrix = chosen(known, ("lat", "sst_c"))
    np.testing.assert_array_equal(matrix[:, 0], known.sel(predictor="lat"))
    assert np.isnan(matrix[:, 1]).all()
