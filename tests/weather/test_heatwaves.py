"""Heatwaves: events by a slow second way, the laws of joining, and the published events."""

from itertools import pairwise

import numpy as np
import pytest
import xarray as xr

from sciml.core.errors import BadInput, DatasetMissing
from sciml.weather.heatwaves import (
    CATEGORIES,
    MARINE,
    EventRule,
    days_in_events,
    find_heatwaves,
)
from sciml.weather.percentiles import (
    Baseline,
    climatology_and_threshold,
    exceeds,
    on_days,
)
from sciml.weather.red_noise import generated_temperature, known_threshold
from sciml.weather.sources.series import open_algiers, open_oisst


def flags(text: str) -> xr.DataArray:
    """Days as a string: # is hot."""
    hot = np.array([letter == "#" for letter in text])
    time = (np.datetime64("2001-06-01") + np.arange(len(hot))).astype("datetime64[ns]")
    return xr.DataArray(hot, {"time": time}, ("time",))


def marked(text: str, rule: EventRule = MARINE) -> str:
    return "".join("#" if day else "." for day in days_in_events(flags(text), rule).values)


@pytest.fixture(scope="module")
def generated() -> tuple[xr.DataArray, xr.Dataset]:
    series = generated_temperature(6.0, 10, 8, seed=0)
    plan = Baseline(first="1981-01-01", last="1990-12-31")
    return series, climatology_and_threshold(series, plan)


class TestJoining:
    @pytest.mark.parametrize(
        ("days", "expected"),
        [
            (".####.#####..", "......#####.."),  # four in a row are too few, and are not joined
            ("#####..#####", "############"),
            ("#####...#####", "#####...#####"),
            ("#####.####.#####", "#####......#####"),  # a short run does not bridge a gap
            ("#####..#####..#####", "###################"),
            ("............", "............"),
            ("#####", "#####"),
        ],
    )
    def test_events_of_five_days_are_joined_over_two(self, days: str, expected: str) -> None:
        assert marked(days) == expected

    def test_other_rules(self) -> None:
        assert marked("###.###..##", EventRule(shortest=3, longest_gap=1)) == "#######...."
        assert marked("#.##.#", EventRule(shortest=1, longest_gap=0)) == "#.##.#"

    def test_days_of_one_place_never_join_those_of_the_next(self) -> None:
        field = xr.concat([flags("....#####"), flags("#####....")], "place")
        found = days_in_events(field.transpose("time", "place"))
        np.testing.assert_array_equal(found.transpose("place", "time"), field)

    @pytest.mark.parametrize("seed", range(4))
    def test_equals_a_loop_over_days(self, seed: int) -> None:
        hot = np.random.default_rng(seed).random(400) < 0.75
        assert marked("".join("#" if h else "." for h in hot)) == slow_marking(hot)

    def test_a_day_more_in_the_rule_never_makes_more_days(self) -> None:
        hot = flags("".join("#" if h else "." for h in np.random.default_rng(9).random(999) < 0.8))
        totals = [int(days_in_events(hot, EventRule(shortest=n)).sum()) for n in range(1, 9)]
        assert totals == sorted(totals, reverse=True)


def slow_marking(hot: np.ndarray) -> str:
    """Runs of five and more, then gaps of one and two days between them."""
    runs, day = [], 0
    while day < len(hot):
        end = day
        while end < len(hot) and hot[end]:
            end += 1
        if end - day >= 5:
            runs.append((day, end))
        day = max(end, day + 1)
    marks = ["."] * len(hot)
    for first, last in runs:
        marks[first:last] = "#" * (last - first)
    for (_, end), (start, _) in pairwise(runs):
        if start - end <= 2:
            marks[end:start] = "#" * (start - end)
    return "".join(marks)


class TestEvents:
    def test_every_number_equals_that_of_the_days_of_the_event(
        self, generated: tuple[xr.DataArray, xr.Dataset]
    ) -> None:
        series, by_day = generated
        events = find_heatwaves(series, by_day)
        usual = on_days(by_day, series["time"])
        assert events.sizes["event"] > 50
        for number in range(events.sizes["event"]):
            one = events.isel(event=number)
            span = {"time": slice(one["start"].values, one["end"].values), "place": one["place"]}
            days, climate, limit = (
                part.sel(span) for part in (series, usual["climatology"], usual["threshold"])
            )
            hot = days.values - climate.values
            assert int(one["duration"]) == len(hot)
            np.testing.assert_allclose(one["intensity_max"], hot.max(), rtol=1e-12)
            np.testing.assert_allclose(one["intensity_mean"], hot.mean(), rtol=1e-12)
            np.testing.assert_allclose(one["intensity_cumulative"], hot.sum(), rtol=1e-12)
            assert one["peak"].values == days["time"].values[hot.argmax()]
            times = hot / (limit.values - climate.values)
            np.testing.assert_allclose(one["severity"], times.max(), rtol=1e-9)
            counts = [((times >= k) & ((times < k + 1) | (k == 4))).sum() for k in range(1, 5)]
            np.testing.assert_array_equal(one["days_in_category"], counts)

    def test_the_days_of_all_events_are_the_days_in_events(
        self, generated: tuple[xr.DataArray, xr.Dataset]
    ) -> None:
        series, by_day = generated
        events = find_heatwaves(series, by_day)
        inside = days_in_events(exceeds(series, by_day))
        total = events["duration"].groupby(events["place"]).sum()
        np.testing.assert_array_equal(total, inside.sum("time"))

    def test_neither_unit_nor_offset_changes_the_events(
        self, generated: tuple[xr.DataArray, xr.Dataset]
    ) -> None:
        series, by_day = generated
        kelvin = (series + 273.15).assign_attrs(series.attrs, units="K")
        warmer = by_day + 273.15
        for part in warmer.data_vars.values():
            part.attrs["units"] = "K"
        one, other = find_heatwaves(series, by_day), find_heatwaves(kelvin, warmer)
        np.testing.assert_array_equal(one["start"], other["start"])
        np.testing.assert_allclose(one["intensity_cumulative"], other["intensity_cumulative"])
        assert other["intensity_cumulative"].attrs["units"] == "K day"

    def test_a_grid_keeps_the_coordinates_of_its_places(
        self, generated: tuple[xr.DataArray, xr.Dataset]
    ) -> None:
        series, by_day = generated
        corners = {"place": [(lat, lon) for lat in (10.0, 20.0) for lon in (1.0, 2.0, 3.0, 4.0)]}
        events = find_heatwaves(series, by_day)
        gridded = []
        for data in (series, by_day):
            shape = {"place": ("lat", "lon")}
            lat_lon = xr.Dataset(coords={"lat": [10.0, 20.0], "lon": [1.0, 2.0, 3.0, 4.0]})
            stacked = lat_lon.stack(place=shape["place"])["place"]
            gridded.append(data.drop_vars("place").assign_coords(stacked.coords).unstack("place"))
        found = find_heatwaves(*gridded)
        np.testing.assert_array_equal(found["start"], events["start"])
        expected = [corners["place"][int(place)] for place in events["place"]]
        pairs = zip(found["lat"].values, found["lon"].values, strict=True)
        assert [(float(lat), float(lon)) for lat, lon in pairs] == expected

    def test_one_threshold_for_all_places_is_that_of_each(self) -> None:
        series, known = generated_temperature(6.0, 3, 4, seed=1), known_threshold()
        each = known.expand_dims(place=series["place"].values)
        xr.testing.assert_equal(find_heatwaves(series, known), find_heatwaves(series, each))
        with pytest.raises(BadInput, match="has axes that the series has not: place"):
            find_heatwaves(series.isel(place=0, drop=True), each)

    def test_a_series_without_events_gives_none(
        self, generated: tuple[xr.DataArray, xr.Dataset]
    ) -> None:
        series, by_day = generated
        found = find_heatwaves((series - 15.0).assign_attrs(series.attrs), by_day)
        assert found.sizes == {"event": 0, "level": len(CATEGORIES)}

    def test_a_missing_day_is_as_usual_and_ends_an_event_only_if_the_gap_is_long(self) -> None:
        plan = Baseline(first="1981-01-01", last="1990-12-31")
        series = generated_temperature(6.0, 10, 1, seed=0)
        by_day = climatology_and_threshold(series, plan)
        flat = on_days(by_day, series["time"])["climatology"].assign_attrs(series.attrs)
        wave = flat + 3.0 * flat["time"].isin(flat["time"][1000:1020])
        for gap, events in ((2, 1), (3, 2)):
            broken = wave.where(~wave["time"].isin(wave["time"][1008 : 1008 + gap]))
            broken = broken.assign_attrs(series.attrs)
            found = find_heatwaves(broken, by_day, longer="keep")
            assert found.sizes["event"] == events
            total = float(found["intensity_cumulative"].sum())
            np.testing.assert_allclose(total, 3.0 * (20 - gap), rtol=1e-9)
            filled = find_heatwaves(broken, by_day, longest_filled=3)
            np.testing.assert_allclose(filled["duration"], 20)


class TestTwoCriteria:
    def test_days_must_keep_both_and_the_second_rule(self) -> None:
        plan = Baseline(first="1981-01-01", last="1990-12-31")
        series = generated_temperature(6.0, 10, 1, seed=2).isel(place=0, drop=True)
        by_day = climatology_and_threshold(series, plan)
        always, never = (xr.full_like(series, value, bool) for value in (True, False))
        plain = find_heatwaves(series, by_day)
        xr.testing.assert_identical(find_heatwaves(series, by_day, also=always), plain)
        assert find_heatwaves(series, by_day, also=never).sizes["event"] == 0
        odd = always & (np.arange(series.size) % 4 != 0)
        rule = EventRule(shortest=3, longest_gap=0)
        both = find_heatwaves(series, by_day, also=odd, rule_of_both=rule)
        assert set(np.unique(both["duration"])) == {3}

    def test_a_criterion_that_does_not_fit_is_refused(
        self, generated: tuple[xr.DataArray, xr.Dataset]
    ) -> None:
        series, by_day = generated
        hot = series > 20
        with pytest.raises(BadInput, match="expected booleans on the axes"):
            find_heatwaves(series, by_day, also=hot.isel(place=0))
        with pytest.raises(BadInput, match="days or places are not those"):
            find_heatwaves(series, by_day, also=hot.isel(time=slice(10)))


class TestBadInput:
    def test_numbers_in_place_of_booleans_and_gaps_in_the_days_are_refused(self) -> None:
        with pytest.raises(BadInput, match="expected booleans for each day"):
            days_in_events(flags("###").astype(float))
        with pytest.raises(BadInput, match="after 2001-06-02 comes 2001-06-04"):
            days_in_events(flags("#####").isel(time=[0, 1, 3, 4]))

    def test_units_of_series_and_threshold_must_agree(
        self, generated: tuple[xr.DataArray, xr.Dataset]
    ) -> None:
        series, by_day = generated
        kelvin = (series + 273.15).assign_attrs(series.attrs, units="K")
        with pytest.raises(BadInput, match="in 'K', threshold in 'degC'"):
            find_heatwaves(kelvin, by_day)

    def test_celsius_declared_as_kelvin_and_missing_days_are_refused(
        self, generated: tuple[xr.DataArray, xr.Dataset]
    ) -> None:
        series, by_day = generated
        with pytest.raises(BadInput, match="degC"):
            find_heatwaves(series.assign_attrs(units="K"), by_day)
        with pytest.raises(BadInput, match="1 days are missing from 1981-01-08"):
            find_heatwaves(series.isel(time=np.arange(3652) != 7), by_day)


def sea(station: str) -> tuple[xr.DataArray, xr.Dataset]:
    """A published series and its events as heatwaveR has them, or a reason to skip."""
    try:
        series = open_oisst()["sea_surface_temperature"].sel(station=station)
    except DatasetMissing as missing:
        pytest.skip(str(missing))
    plan = Baseline(first="1982-01-01", last="2011-12-31", convention="heatwaveR")
    return series, find_heatwaves(series, climatology_and_threshold(series, plan))


@pytest.mark.realdata
class TestPublished:
    """Numbers from the documentation of heatwaveR (Schlegel & Smit 2018), to the printed digits."""

    def test_western_australia_2011(self) -> None:
        # Article "Basic Detection and Visualisation of Events": event 52.
        events = sea("Western Australia")[1]
        one = events.isel(event=51)
        assert str(one["start"].values)[:10] == "2010-12-24"
        assert str(one["peak"].values)[:10] == "2011-02-28"
        assert int(one["duration"]) == 105
        assert f"{float(one['intensity_max']):.4f}" == "6.5798"
        assert f"{float(one['intensity_cumulative']):.4f}" == "293.2107"
        assert CATEGORIES[int(one["category"]) - 1] == "extreme"

    @pytest.mark.parametrize(
        ("station", "number", "start", "peak", "duration", "largest", "total"),
        [
            ("Western Australia", 41, "2008-03-25", "2008-04-14", 35, "3.83", "79.3"),
            ("Western Australia", 29, "1999-05-13", "1999-05-22", 95, "3.64", "240"),
            ("Western Australia", 60, "2012-12-27", "2012-12-31", 14, "3.42", "32.3"),
            ("Western Australia", 59, "2012-01-10", "2012-01-27", 101, "3.38", "214"),
        ],
    )
    def test_the_next_four_off_western_australia(
        self,
        station: str,
        number: int,
        start: str,
        peak: str,
        duration: int,
        largest: str,
        total: str,
    ) -> None:
        one = sea(station)[1].isel(event=number - 1)
        dates = [str(one[name].values)[:10] for name in ("start", "peak")]
        assert [*dates, int(one["duration"])] == [start, peak, duration]
        assert f"{float(one['intensity_max']):.2f}" == largest
        assert f"{float(one['intensity_cumulative']):.3g}" == total

    @pytest.mark.parametrize(
        ("station", "number", "category", "largest", "duration", "moderate"),
        [
            # Article "Calculating and Visualising Event Categories": share of days in per cent.
            ("Western Australia", 47, "strong", "2.38", 7, 57),
            ("Western Australia", 41, "severe", "3.83", 35, 57),
            ("Western Australia", 52, "extreme", "6.58", 105, 52),
            ("Mediterranean", 24, "strong", "1.91", 5, 60),
            ("Mediterranean", 60, "strong", "2.94", 7, 57),
            ("Mediterranean", 30, "strong", "5.05", 30, 53),
            ("Mediterranean", 67, "strong", "4.32", 18, 44),
            ("Mediterranean", 46, "severe", "4.05", 19, 42),
        ],
    )
    def test_categories(
        self, station: str, number: int, category: str, largest: str, duration: int, moderate: int
    ) -> None:
        one = sea(station)[1].isel(event=number - 1)
        assert CATEGORIES[int(one["category"]) - 1] == category
        assert f"{float(one['intensity_max']):.2f}" == largest
        assert int(one["duration"]) == duration
        share = 100 * float(one["days_in_category"][0]) / duration
        assert round(share) == moderate

    def test_the_climatology_of_the_first_day(self) -> None:
        # Tests of heatwaveR, test-detect_event.R, period 1983 to 2012.
        series = sea("Western Australia")[0]
        plan = Baseline(first="1983-01-01", last="2012-12-31", convention="heatwaveR")
        found = climatology_and_threshold(series, plan)["climatology"]
        assert f"{float(found[0]):.4f}" == "21.6080"

    def test_the_conventions_give_the_same_events_to_hundredths_of_a_degree(self) -> None:
        series, published = sea("Western Australia")
        plan = Baseline(first="1982-01-01", last="2011-12-31")
        events = find_heatwaves(series, climatology_and_threshold(series, plan))
        np.testing.assert_array_equal(events["start"], published["start"])
        gap = np.abs(events["intensity_max"] - published["intensity_max"])
        assert float(gap.max()) < 0.005

    def test_hot_nights_with_hot_days_in_algiers(self) -> None:
        # Article "Alternative Thresholds": tMin above its 80th percentile for 10 days, gaps up to
        # 2; then of these the days within runs of 3 with tMax above its 90th percentile.
        try:
            data = open_algiers()
        except DatasetMissing as missing:
            pytest.skip(str(missing))
        plan = {"first": "1961-01-01", "last": "1990-12-31", "convention": "heatwaveR"}
        night, day = data["minimum_temperature"], data["maximum_temperature"]
        of_night = climatology_and_threshold(night, Baseline(**plan, percentile=80))
        strict = EventRule(shortest=3, longest_gap=0)
        hot = exceeds(day, climatology_and_threshold(day, Baseline(**plan)))
        rule = EventRule(shortest=10, longest_gap=2)
        one = find_heatwaves(night, of_night, rule)
        two = find_heatwaves(
            night, of_night, rule, also=days_in_events(hot, strict), rule_of_both=strict
        )
        assert rows(one) == [
            (10, "1977-10-18", "1977-10-20"),
            (13, "1990-09-09", "1990-09-10"),
            (11, "1991-08-22", "1991-08-31"),
            (10, "1997-05-23", "1997-05-31"),
            (13, "2003-07-13", "2003-07-21"),
        ]
        assert rows(two) == [
            (3, "1977-10-18", "1977-10-20"),
            (6, "1990-09-16", "1990-09-16"),
            (11, "1991-08-22", "1991-08-31"),
            (3, "1997-05-23", "1997-05-25"),
            (6, "2003-07-19", "2003-07-21"),
        ]


def rows(events: xr.Dataset) -> list[tuple[int, str, str]]:
    """Duration, start and peak of each event."""
    dates = ([str(day)[:10] for day in events[name].values] for name in ("start", "peak"))
    return list(zip(events["duration"].values.tolist(), *dates, strict=True))
