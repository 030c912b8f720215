"""Built files: the same bytes on every run, and all that readers need in them."""

import numpy as np
import pytest
import xarray as xr

from sciml.core.errors import BadInput
from sciml.core.writing import sha256_of
from sciml.data.cards import read_card
from sciml.data.netcdf import open_netcdf
from sciml.weather.sources.stored import split_years, write_source

NAME = "hurdat2_atlantic"  # any card will do


def dataset() -> xr.Dataset:
    time = np.array(["1851-06-25T00:00", "2001-01-01T06:30"], "datetime64[ns]")
    return xr.Dataset(
        {"wind": ("fix", np.float32([80.1, np.nan])), "grade": ("fix", np.int8([1, 9]))},
        {"time": ("fix", time), "name": ("fix", ["", "São Tomé"])},
        {"source": "a test"},
    )


def test_what_was_written_is_read_and_bytes_repeat(tmp_path) -> None:
    for name in ("one.nc", "two.nc"):
        write_source(NAME, dataset(), tmp_path / name)
    assert sha256_of(tmp_path / "one.nc") == sha256_of(tmp_path / "two.nc")
    read = open_netcdf(tmp_path / "one.nc")
    xr.testing.assert_equal(read.assign_coords(name=read["name"].astype(str)), dataset())
    assert read["wind"].dtype == np.float32


def test_title_licence_and_citation_are_those_of_the_card(tmp_path) -> None:
    write_source(NAME, dataset(), tmp_path / "one.nc")
    attributes, card = open_netcdf(tmp_path / "one.nc").attrs, read_card(NAME)
    assert attributes["Conventions"] == "CF-1.11"
    assert attributes["title"] == card.title
    assert attributes["license"] == card.licence
    assert attributes["references"] == card.citation
    assert attributes["source"] == "a test"


def test_a_dataset_that_is_not_split_by_year_says_so() -> None:
    with pytest.raises(BadInput, match="does not split it by year"):
        split_years(NAME)
