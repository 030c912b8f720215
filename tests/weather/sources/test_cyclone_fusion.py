"""The published table of cyclones: every column arrives, and nothing unknown does."""

import numpy as np
import pandas as pd
import pytest

from sciml.core.errors import DamagedFile
from sciml.weather.sources.cyclone_fusion import COLUMNS, cyclone_fusion_tracks
from sciml.weather.sources.tracks import checked_tracks


def table() -> pd.DataFrame:
    """Two fixes of a storm at one time and one later, a different number in every column."""
    content = {name: np.arange(3.0) + number for number, name in enumerate(COLUMNS)}
    return pd.DataFrame(content).assign(
        storm_id="2000142N12262",
        iso_time=["2000-05-22 06:00:00+00:00"] * 2 + ["2000-05-22 12:00:00+00:00"],
        lat=np.array([12.6, 12.6, 12.7], np.float32),
        lon=np.array([-98.0, -98.0, -98.3], np.float32),
        wmo_wind=[25.0, 25.0, np.nan],
        wmo_pres=[1008.0, 1008.0, np.nan],
        split="train",
        dataset_version="2.0.0",
    )


def test_every_column_arrives_under_its_name() -> None:
    tracks = cyclone_fusion_tracks(table())
    for number, (name, column) in enumerate(COLUMNS.items()):
        np.testing.assert_array_equal(tracks[name], np.arange(3) + number)
        assert tracks[name].attrs["units"] == column.units
    assert tracks.attrs["dataset_version"] == "2.0.0"
    np.testing.assert_array_equal(tracks["wind"], [25, 25, np.nan])


def test_positions_have_no_noise_of_single_precision() -> None:
    tracks = cyclone_fusion_tracks(table())
    assert tracks["lat"].values.tolist() == [12.6, 12.6, 12.7]
    assert tracks["lon"].values.tolist() == [-98.0, -98.0, -98.3]


def test_a_second_fix_at_one_time_is_marked() -> None:
    tracks = checked_tracks(cyclone_fusion_tracks(table()), repeats=True)
    assert tracks["repeat"].values.tolist() == [0, 1, 0]


def test_dates_of_parquet_and_of_csv_are_the_same() -> None:
    parquet = table().assign(iso_time=lambda t: pd.to_datetime(t["iso_time"], utc=True))
    ours, theirs = (cyclone_fusion_tracks(one) for one in (parquet, table()))
    assert ours.identical(theirs)


@pytest.mark.parametrize(
    "wrong", [table().drop(columns="sst_c"), table().assign(sst_c_again=1.0).drop(columns="u10")]
)
def test_missing_and_unknown_columns_are_named(wrong) -> None:
    with pytest.raises(DamagedFile, match=r"columns .*(sst_c|u10).* are missing"):
        cyclone_fusion_tracks(wrong)
