"""What the figures of calibrated stations let a reader see."""

import matplotlib.dates as dates
import pytest

from sciml.figures.style import journal_style
from sciml.weather.figures.stations import heavy_rain, station_scores


@pytest.mark.parametrize(
    ("drawn", "form"),
    [(heavy_rain, "{0.year}-{0.month:02d}"), (station_scores, "{0.day} {0:%b}\n{0.year}")],
)
def test_dates_on_the_axis_are_those_of_the_ticks_and_name_the_year(drawn, form) -> None:
    with journal_style():
        panels = drawn().picture.axes[:2]
    for panel in panels:
        ticks = panel.get_xticks()
        assert len(ticks) == 3
        words = [label.get_text() for label in panel.get_xticklabels()]
        assert words == [form.format(dates.num2date(tick)) for tick in ticks]


def test_the_mixture_lies_thin_upon_the_raw_members() -> None:
    with journal_style():
        mixture, raw = heavy_rain().picture.axes[0].lines
    assert (mixture.get_label(), raw.get_label()) == ("mixture", "raw members")
    assert mixture.get_zorder() > raw.get_zorder()
    assert mixture.get_linewidth() < 0.6 * raw.get_linewidth()
