"""Cards and builders of all weather datasets: they agree with each other and with the data."""

import pytest

from sciml.data.cards import read_card
from sciml.weather import sources
from sciml.weather.sources import split_years
from tests.built import maker
from tests.datasets.weather.real import joined_digest, made_digest

BUILT_FROM_ORIGINALS = [
    "uwme_temperature",
    "uwme_precipitation",
    "ncep_slp_north_atlantic",
    "tropical_cyclone_fusion",
]
JOINED_ONLY = [
    "algiers_temperature",
    "canada_cities_era5",
    "canada_stations",
    "era5_members",
    "era5_state_1959",
    "era5_z500_2016",
    "ersst_v5",
    "frankfurt_precipitation",
    "hurdat2_atlantic",
    "jma_typhoons",
    "mrms_rain_2019",
    "ncep_air_north_america",
    "oisst_heatwave_points",
]
NAMES = [*BUILT_FROM_ORIGINALS, *JOINED_ONLY]


@pytest.mark.parametrize("name", NAMES)
def test_card_and_builder_name_the_same_files(name: str) -> None:
    card, builder = read_card(name), maker(name)
    assert [part.file for part in card.parts] == [builder.PART]
    originals = [original.path for source in card.sources for original in source.files]
    assert originals == ([builder.ORIGINAL] if name in BUILT_FROM_ORIGINALS else [])
    assert hasattr(builder, "make") == (name in BUILT_FROM_ORIGINALS)


@pytest.mark.parametrize("name", NAMES)
def test_a_card_groups_its_licence_by_what_may_be_released(name: str) -> None:
    card = read_card(name)
    groups = {"CC-PDM-1.0": "public-domain", "CC-BY-4.0": "cc-by"}
    assert card.licence_group == groups.get(card.licence, "other")


@pytest.mark.realdata
@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_what_is_joined_is_what_the_card_says(name: str, tmp_path) -> None:
    assert joined_digest(name, tmp_path) == read_card(name).built.content_sha256


@pytest.mark.realdata
@pytest.mark.slow
@pytest.mark.parametrize("name", BUILT_FROM_ORIGINALS)
def test_what_is_built_from_the_original_is_what_is_joined(name: str, tmp_path) -> None:
    assert made_digest(name, tmp_path) == read_card(name).built.content_sha256


def test_no_dataset_of_a_reader_is_forgotten() -> None:
    readers = [name for name in sources.__all__ if name.startswith("open_")]
    assert len(readers) == len(NAMES)


def test_years_of_parts_follow_each_other() -> None:
    for name in ("ncep_slp_north_atlantic", "ncep_air_north_america", "frankfurt_precipitation"):
        years = [year for part in split_years(name).values() for year in part]
        assert years == sorted(set(years))
    assert split_years("ncep_slp_north_atlantic")["test"] == (2009, 2010)
