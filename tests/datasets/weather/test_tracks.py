"""Best tracks: their sizes, and storms that everybody knows."""

import numpy as np
import pandas as pd
import pytest

from sciml.weather.sources import (
    longer_storms,
    open_cyclone_fusion,
    open_hurdat2,
    open_jma_typhoons,
)
from sciml.weather.sources.cyclone_fusion import LEADS
from tests.datasets.weather.real import opened

pytestmark = pytest.mark.realdata


@pytest.mark.parametrize(
    ("reader", "storms", "fixes"),
    [
        (open_hurdat2, 1973, 54747),
        (open_jma_typhoons, 169, 6154),
        (open_cyclone_fusion, 401, 9476),
    ],
)
def test_all_storms_and_fixes_are_there(reader, storms, fixes) -> None:
    tracks = opened(reader)
    assert len(np.unique(tracks["storm"])) == storms
    assert tracks.sizes["fix"] == fixes
    assert (tracks["wind"].attrs["units"], tracks["pressure"].attrs["units"]) == ("kt", "hPa")


def test_katrina_is_where_it_was() -> None:
    """Its report (Knabb and others, National Hurricane Center, 2005): 902 hPa, 150 kt."""
    tracks = opened(open_hurdat2)
    katrina = tracks.isel(fix=np.flatnonzero(tracks["storm"] == "AL122005"))
    assert set(katrina["name"].values) == {"KATRINA"}
    assert float(katrina["pressure"].min()) == 902
    assert float(katrina["wind"].max()) == 150
    landfalls = katrina.isel(fix=np.flatnonzero(katrina["record"] == "L"))
    assert float(abs(landfalls["lon"].values + 89.6).min()) < 0.11  # mouth of the Mississippi


def test_31_storms_of_the_atlantic_have_one_fix_and_57_winds_are_unknown() -> None:
    tracks = opened(open_hurdat2)
    assert longer_storms(tracks).attrs["storms_left_out"] == 31
    assert int(tracks["wind"].isnull().sum()) == 57


def test_typhoon_hagibis_is_where_it_was() -> None:
    tracks = opened(open_jma_typhoons)
    hagibis = tracks.isel(fix=np.flatnonzero(tracks["storm"] == "1919"))
    assert set(hagibis["name"].values) == {"HAGIBIS"}
    assert float(hagibis["pressure"].min()) == 915  # hPa, RSMC Tokyo
    assert int(hagibis["landfall"].sum()) == 1


def test_storms_are_split_as_published() -> None:
    tracks = opened(open_cyclone_fusion)
    names, counts = np.unique(tracks["split"], return_counts=True)
    assert dict(zip(names, counts, strict=True)) == {"train": 6025, "val": 1197, "test": 2254}
    pairs = set(zip(tracks["storm"].values, tracks["split"].values, strict=True))
    assert len(pairs) == 401
    assert int(tracks["repeat"].sum()) == 17


# As the card says: targets that are not the fix so many hours later, by lead.
ROWS_NOT_HOURS = {6: 22, 12: 42, 24: 73, 48: 109}


@pytest.mark.parametrize("lead", LEADS)
def test_targets_are_the_fixes_of_the_same_storm_later_but_for_known_ones(lead) -> None:
    tracks = opened(open_cyclone_fusion)
    fixes = pd.DataFrame({name: tracks[name].values for name in ("storm", "time", "lat", "lon")})
    first = fixes[tracks["repeat"].values == 0].set_index(["storm", "time"])
    later = pd.MultiIndex.from_arrays([fixes["storm"], fixes["time"] + pd.Timedelta(hours=lead)])
    found = first.reindex(later).to_numpy()
    targets = np.stack([tracks[f"{axis}_next{lead}"].values for axis in ("lat", "lon")], axis=-1)
    has = tracks[f"has_next{lead}"].values == 1
    np.testing.assert_array_equal(has, ~np.isnan(targets).any(axis=1))
    agree = (np.abs(found - targets) < 1e-6).all(axis=1)
    assert int((has & ~agree).sum()) == ROWS_NOT_HOURS[lead]
