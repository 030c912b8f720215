"""Figures of heatwaves: chance makes as many as theory says, and a short base period hides some."""

import numpy as np
import pytest

from sciml.core.errors import DatasetMissing
from sciml.weather.figures.heatwaves import count_by_memory, western_australia


def test_counts_above_the_true_threshold_are_those_of_theory() -> None:
    found = count_by_memory((3.0, 8.0), years=15, places=60, seed=5)
    for name in ("per_year", "duration"):
        theory, counted = (found[name].sel(source=s) for s in ("theory", "true threshold"))
        np.testing.assert_allclose(counted, theory, rtol=0.1)


def test_a_threshold_estimated_from_few_years_cuts_the_heatwaves_it_was_estimated_from() -> None:
    found = count_by_memory((20.0,), years=5, places=80, seed=6)["duration"].isel(memory=0)
    assert found.sel(source="estimated threshold") < 0.9 * found.sel(source="true threshold")


@pytest.mark.realdata
def test_the_picture_of_western_australia_shows_the_published_event() -> None:
    try:
        drawn = western_australia()
    except DatasetMissing as missing:
        pytest.skip(str(missing))
    assert f"{float(drawn.data['intensity_max'].max()):.4f}" == "6.5798"
    assert drawn.data.sizes["event"] == 90
