"""Tests of splits by calendar years."""

import numpy as np
import pytest

from sciml.core.errors import BadInput
from sciml.weather.calendar_years import folds_by_year, split_by_years, years_of
from tests.weather.forecaster_laws import drifting_waves

RECORD = drifting_waves(4 * 365 + 1, start="2001-01-01")
PARTS = {"train": [2001, 2002], "validation": [2003], "test": [2004]}
DAY = np.timedelta64(1, "D")


def test_parts_lie_apart_by_more_than_the_embargo() -> None:
    parts = split_by_years(RECORD, PARTS, embargo=7)
    for early, late in (("train", "validation"), ("validation", "test")):
        gap = parts[late]["time"].values[0] - parts[early]["time"].values[-1]
        assert gap == 8 * DAY
    assert parts["test"].sizes["time"] == 366  # what is judged stays whole


def test_without_embargo_nothing_is_lost_or_doubled() -> None:
    parts = split_by_years(RECORD, PARTS, embargo=0)
    assert sum(part.sizes["time"] for part in parts.values()) == RECORD.sizes["time"]
    for name, years in PARTS.items():
        assert set(years_of(parts[name]["time"].values)) == set(years)


def test_each_year_is_held_out_once_and_the_others_keep_their_distance() -> None:
    folds = list(folds_by_year(RECORD, embargo=5))
    assert [fold.year for fold in folds] == [2001, 2002, 2003, 2004]
    for fold in folds:
        others, held = fold.others["time"].values, fold.held_out["time"].values
        assert set(years_of(held)) == {fold.year}
        assert np.abs(others[:, None] - held).min() == 6 * DAY


def test_folds_may_hold_several_years() -> None:
    folds = list(folds_by_year(RECORD, embargo=5, groups=2))
    assert [fold.year for fold in folds] == [2001, 2003]
    assert folds[0].held_out.sizes["time"] == 730


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        ({"train": [2001, 2002], "test": [2002]}, "year 2002 stands in part 'train' and again"),
        ({"train": [2001], "test": [2011]}, "no year 2011; it runs from 2001 to 2004"),
        ({"train": [2001], "test": [2002, 2004]}, "part 'train' is empty"),
    ],
)
def test_splits_that_leak_or_are_empty_are_refused(parts: dict[str, list[int]], text: str) -> None:
    with pytest.raises(BadInput, match=text):
        split_by_years(RECORD, parts, embargo=400)


def test_folds_need_years() -> None:
    with pytest.raises(BadInput, match=r"expected 2 to 4 .* got 5"):
        list(folds_by_year(RECORD, embargo=5, groups=5))
