"""A walk knows no observation of the future, counts every case once, and is calibrated."""

import numpy as np
import pytest

from sciml.core.errors import BadInput
from sciml.weather.pooling import GateSettings
from sciml.weather.post_processing.chosen import chosen_experts
from sciml.weather.post_processing.judged import judged
from sciml.weather.post_processing.members import RawEnsemble
from sciml.weather.post_processing.mixture import amount_factor, stretched
from sciml.weather.post_processing.table import station_table
from sciml.weather.post_processing.walk import WalkSettings, walk, walked_dataset, without
from sciml.weather.scores.ensemble import crps_of_members
from tests.weather.post_processing.worlds import biased_stations, rain

NAMES = ["station-effects-20", "error-memory-60", "raw"]
SETTINGS = WalkSettings(warm_up=0.2, test=0.5, refit_days=10.0)


def walked(data, names=NAMES, settings=SETTINGS):
    table = station_table(data)
    return walk(table, chosen_experts(names, table, 0), settings, GateSettings())


@pytest.fixture(scope="module")
def world():
    return biased_stations(dates=90, gap=0.05)


@pytest.fixture(scope="module")
def done(world):
    return walked(world)


def test_each_case_after_the_warm_up_is_forecast_once(world, done) -> None:
    dates = np.unique(world["time"].values)
    expected = world["time"].values >= dates[18]
    np.testing.assert_array_equal(np.sort(done.table.time), world["time"].values[expected])
    assert done.test.sum() == (world["time"].values >= dates[45]).sum()
    np.testing.assert_allclose(done.weights.sum(axis=1), 1)
    assert np.all(np.diff(done.values, axis=1) >= 0)


def test_what_is_observed_later_changes_no_forecast(world, done) -> None:
    middle = np.unique(world["time"].values)[60]
    later = (world["time"] > middle).values
    again = walked(world.assign(observation=world["observation"] + 9.0 * later))
    same = done.table.time <= middle + np.timedelta64(48, "h")
    np.testing.assert_array_equal(again.values[same], done.values[same])
    np.testing.assert_array_equal(again.weights[same], done.weights[same])
    assert np.any(again.values[~same] != done.values[~same])


def test_the_mixture_is_about_as_good_as_its_best_expert_and_better_than_the_members(done) -> None:
    truth = done.table.observation[done.test]
    scores = [crps_of_members(done.experts[done.test, n], truth).mean() for n in range(len(NAMES))]
    ours = crps_of_members(done.values[done.test], truth).mean()
    assert ours < 1.03 * min(scores)
    assert ours < 0.6 * scores[NAMES.index("raw")]


def test_spread_becomes_the_size_of_errors(done) -> None:
    numbers = judged(done, (0.9,), seed=0).numbers
    assert 0.85 < numbers["spread_over_skill_mixture"] < 1.15
    assert numbers["spread_over_skill_raw_members"] < 0.8
    assert abs(numbers["outside_mixture"] - 2 / 9) < 0.08


def test_numbers_that_are_reported_are_those_of_the_forecasts(done) -> None:
    result = judged(done, (0.9,), seed=0)
    truth = done.table.observation[done.test]
    assert result.numbers["crps_mixture"] == pytest.approx(
        crps_of_members(done.values[done.test], truth).mean()
    )
    low, high = (result.numbers[f"crps_mixture_{end}"] for end in ("low", "high"))
    assert low < result.numbers["crps_mixture"] < high
    by_date = result.by_date["crps"].sel(forecaster="mixture")
    assert float(by_date.weighted(result.by_date["cases"]).mean()) == pytest.approx(
        result.numbers["crps_mixture"]
    )
    cases = result.reliability["cases"].sel(forecaster="mixture").sum()
    assert int(cases) == len(truth)


def test_rain_stays_above_zero_and_is_scored_against_the_members() -> None:
    done = walked(
        rain(dates=400), ["shifted-gamma", "raw"], WalkSettings(test=0.6, refit_days=120.0)
    )
    assert done.values.min() >= 0
    numbers = judged(done, (0.9, 0.95), seed=0).numbers
    assert numbers["crps_mixture"] < numbers["crps_raw_members"]
    assert numbers["events_p90"] > numbers["events_p95"] > 0


def test_cases_without_observation_are_forecast_and_not_judged(world) -> None:
    unknown = world["observation"].where(world["time"] < np.unique(world["time"].values)[80])
    done = walked(world.assign(observation=unknown))
    assert np.isfinite(done.values).all()
    numbers = judged(done, (), seed=0).numbers
    assert numbers["cases"] == done.test.sum() - np.isnan(done.table.observation).sum()
    data = walked_dataset(done, world)
    assert list(data["station"].values[:2]) == ["S00", "S01"]


@pytest.mark.parametrize(
    ("settings", "what"),
    [
        (WalkSettings(test="2019-01-01"), "outside of the record"),
        (WalkSettings(test="tomorrow"), "neither a date nor a share"),
        (
            WalkSettings(warm_up=0.0, test=0.0),
            "begin it at 2020-01-04 .-o walk.test=2020-01-04",
        ),
        (WalkSettings(window_days=1.0), "no date has more than 12 cases .* raise walk.window_days"),
    ],
)
def test_a_test_that_cannot_be_is_refused_with_the_remedy(world, settings, what) -> None:
    with pytest.raises(BadInput, match=what):
        walked(world, settings=settings)


@pytest.mark.parametrize(
    "settings",
    [
        {"refit_days": 0},
        {"refit_days": -3.0},
        {"window_days": 0.0},
        {"mixture_days": -1e-3},
        {"warm_up": -0.5},
        {"warm_up": 1.0},
        {"test": 1.7},
        {"test": -2.0},
    ],
)
def test_settings_out_of_range_are_refused_by_name(settings) -> None:
    with pytest.raises(BadInput, match=next(iter(settings))):
        WalkSettings(**settings)


def test_a_year_is_no_share_of_the_dates() -> None:
    with pytest.raises(BadInput, match=r"test: expected a date such as 2015-01-01.*got 2015"):
        WalkSettings(test=2015)


def test_experts_that_learn_anew_all_the_time_do_so_for_each_date(world) -> None:
    dates = len(np.unique(world["time"].values))
    done = walked(world, ["raw"], WalkSettings(warm_up=0.2, test=0.5, refit_days=1e-300))
    assert len(done.parts) == dates - 18


def test_the_first_forecast_waits_until_enough_is_known(capsys) -> None:
    data = biased_stations(dates=60, stations=1, lead_hours=24)
    done = walked(data, settings=WalkSettings(warm_up=0.2, test=0.5))
    # On the day 20 days after the first, 20 observations have come.
    assert done.table.day[0] == 20
    assert "the first forecast is of 2020-01-21, not 2020-01-13" in capsys.readouterr().err
    with pytest.raises(BadInput, match=r"15 cases .* 2020-01-16, .*-o walk.test=2020-01-21"):
        walked(data, settings=WalkSettings(warm_up=0.2, test=0.25))
    assert walked(data, settings=WalkSettings(test="2020-01-21")).table.day[0] == 20
    with pytest.raises(BadInput, match="no date has more than 14 cases"):
        walked(biased_stations(dates=15, stations=1, lead_hours=24))


def test_a_test_of_one_day_has_scores_and_no_intervals(world) -> None:
    done = walked(world, settings=WalkSettings(test="2020-03-30", refit_days=90.0))
    result = judged(done, (0.5,), seed=0)
    assert result.numbers["skill_over_raw"] == pytest.approx(
        1 - result.numbers["crps_mixture"] / result.numbers["crps_raw_members"]
    )
    assert "brier_skill_p50_mixture" in result.numbers
    assert not [name for name in result.numbers if name.endswith(("_low", "_high"))]
    assert len(result.left_out) == 1
    assert "one day, 2020-03-30" in result.left_out[0]


def test_rain_that_never_falls_is_judged_without_ratios() -> None:
    dry = rain(dates=60) * 0.0
    dry["observation"].attrs["units"] = "mm"
    dry.attrs["lead_hours"] = 24.0
    result = judged(walked(dry, ["raw", "climatology"]), (0.9,), seed=0)
    assert result.numbers["crps_mixture"] == 0
    assert "skill_over_raw" not in result.numbers
    assert np.isfinite(list(result.numbers.values())).all()
    assert "without error" in " ".join(result.left_out)


def test_stretching_keeps_the_mean() -> None:
    values = np.array([[0.0, 1.0, 5.0]])
    np.testing.assert_allclose(stretched(values, 2.0), [[-2.0, 0.0, 8.0]])


def test_amounts_that_are_forecast_too_small_are_multiplied_the_more_the_more_is_known() -> None:
    random = np.random.default_rng(0)
    came = random.gamma(0.5, 4.0, 3000)
    values = np.sort(random.gamma(0.5, 2.5, (3000, 50)), axis=1)
    many = amount_factor(values, came, np.ones(3000))
    few = amount_factor(values[:50], came[:50], np.ones(50))
    assert 1.5 < many < 1.7  # 2.0 came for 1.25 that were forecast
    assert 1.0 < few < many
    assert amount_factor(values, values.mean(axis=1), np.ones(3000)) == pytest.approx(1.0)


def test_a_past_without_rain_changes_nothing() -> None:
    dry = np.zeros((100, 50))
    assert amount_factor(dry, dry[:, 0], np.ones(100)) == 1.0
    assert amount_factor(dry, dry[:, 0] + 1.0, np.ones(100)) == 2.0


def test_the_mixture_of_amounts_has_the_mean_of_what_came() -> None:
    data = rain(dates=1500)
    table = station_table(data.assign(forecast=0.7 * data["forecast"]))
    done = walk(
        table, [RawEnsemble()], SETTINGS.model_copy(update={"refit_days": 100.0}), GateSettings()
    )
    came = done.table.observation[done.test].mean()
    raw = done.experts[done.test].mean()
    assert abs(done.values[done.test].mean() - came) < 0.5 * abs(raw - came)


def test_without_an_expert_the_others_mix_as_if_it_had_never_been_there(world, done) -> None:
    alone = walked(world, NAMES[:1] + NAMES[2:])
    left = without(done, done.names[1])
    assert left.names == alone.names
    np.testing.assert_allclose(left.values, alone.values, atol=1e-9)
    with pytest.raises(BadInput, match="nobody"):
        without(done, "nobody")
