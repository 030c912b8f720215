"""Laws of all experts, and what each of them must find."""

import numpy as np
import pytest
from scipy.optimize import approx_fprime
from scipy.stats import gamma

from sciml.weather.post_processing.chosen import AMOUNTS_LONG, REAL_LONG, chosen_experts
from sciml.weather.post_processing.experts import fitted_deviation, normal_crps, normal_values
from sciml.weather.post_processing.members import member_values
from sciml.weather.post_processing.shifted_gamma import ShiftedGamma
from sciml.weather.post_processing.station_effects import StationEffects
from sciml.weather.post_processing.table import StationTable, station_table
from sciml.weather.scores.ensemble import crps_of_members
from sciml.weather.values import levels
from tests.weather.post_processing.worlds import biased_stations, rain

CASES = [(name, "temperature") for name in (*REAL_LONG, "forest", "climatology", "raw")]
CASES += [(name, "rain") for name in (*AMOUNTS_LONG, "forest", "climatology")]


@pytest.fixture(scope="module")
def tables() -> dict[str, StationTable]:
    return {
        "temperature": station_table(biased_stations(gap=0.1, dates=100)),
        "rain": station_table(rain()),
    }


def halves(table: StationTable) -> tuple[StationTable, StationTable]:
    """What came before, and what comes."""
    middle = table.day[len(table.day) // 2]
    return table.take(table.day <= middle - table.lead), table.take(table.day > middle)


@pytest.mark.parametrize(("name", "world"), CASES)
def test_forecasts_are_sorted_finite_and_do_not_look_at_what_came(tables, name, world) -> None:
    past, future = halves(tables[world])
    (expert,) = chosen_experts([name], tables[world], seed=1)
    expert.fit(past)
    found = expert.predict(future)
    assert found.shape == (len(future.day), len(levels()))
    assert np.isfinite(found).all()
    assert np.all(np.diff(found, axis=1) >= 0)
    if world == "rain":
        assert found.min() >= 0
    blind = future._replace(observation=np.full(len(future.day), np.nan))
    # Products of matrices may round otherwise where arrays lie elsewhere in memory.
    np.testing.assert_allclose(expert.predict(blind), found, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(("name", "world"), CASES)
def test_the_same_seed_gives_the_same_forecasts(tables, name, world) -> None:
    past, future = halves(tables[world])
    answers = []
    for _ in range(2):
        (expert,) = chosen_experts([name], tables[world], seed=3)
        expert.fit(past)
        answers.append(expert.predict(future))
    np.testing.assert_allclose(*answers, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", [*REAL_LONG, "forest"])
def test_biases_of_stations_are_learnt(tables, name) -> None:
    past, future = halves(tables["temperature"])
    raw, learnt = chosen_experts(["raw", name], tables["temperature"], seed=0)
    scores = []
    for expert in (raw, learnt):
        expert.fit(past)
        scores.append(crps_of_members(expert.predict(future), future.observation).mean())
    assert scores[1] < 0.6 * scores[0]


def test_an_unknown_station_gets_the_common_law(tables) -> None:
    past, future = halves(tables["temperature"])
    expert = StationEffects(20.0)
    expert.fit(past)
    stranger = future._replace(station=future.station + 100, series=future.series + 100)
    known, unknown = expert.predict(future), expert.predict(stranger)
    assert np.isfinite(unknown).all()
    assert np.ptp(unknown, axis=1).mean() > 1.2 * np.ptp(known, axis=1).mean()


def test_members_keep_their_steps_and_missing_ones_are_left_out() -> None:
    forecast = np.array([[3.0, np.nan, 1.0], [5.0, 4.0, 6.0]])
    values = member_values(forecast)
    np.testing.assert_array_equal(np.unique(values[0]), [1.0, 3.0])
    assert (values[0] == 1.0).mean() == 0.5
    truth = np.array([2.0, 5.5])
    np.testing.assert_allclose(
        crps_of_members(values, truth), crps_of_members(forecast, truth), rtol=0.02
    )


def test_normal_score_is_that_of_its_values_and_its_slope_is_right() -> None:
    error = np.linspace(-3, 3, 7)
    deviation = np.linspace(0.5, 2, 7)
    score, slope = normal_crps(deviation, error)
    values = normal_values(np.zeros(7), deviation)
    np.testing.assert_allclose(score, crps_of_members(values, error), rtol=0.02)
    numeric = approx_fprime(deviation, lambda s: normal_crps(s, error)[0].sum(), 1e-7)
    np.testing.assert_allclose(slope, numeric, atol=1e-5)


def test_fitted_deviation_finds_the_law_of_the_errors() -> None:
    rng = np.random.default_rng(1)
    size = rng.normal(size=20_000)
    error = np.exp(0.3 + 0.8 * size) * rng.normal(size=20_000)
    predictors = np.stack([np.ones_like(size), size], axis=1)
    found = fitted_deviation(predictors, error, np.ones_like(size))
    np.testing.assert_allclose(found, [0.3, 0.8], atol=0.03)


@pytest.mark.parametrize("shape", [0.4, 2.0, 30.0])
def test_score_of_a_shifted_gamma_is_the_integral_over_its_distribution(shape: float) -> None:
    law = ShiftedGamma(np.array([shape]), np.array([1.5]), np.array([0.7]))
    grid = np.linspace(0, 200, 400_001)
    below = gamma.cdf(grid + 0.7, shape, scale=1.5)
    for truth in (0.0, 0.2, 4.0, 60.0):
        integral = np.sum((below - (grid >= truth)) ** 2) * (grid[1] - grid[0])
        assert law.crps(np.array([truth]))[0] == pytest.approx(integral, abs=2e-3)


def test_values_of_a_shifted_gamma_have_its_lump_at_zero() -> None:
    law = ShiftedGamma(np.array([1.0]), np.array([2.0]), np.array([1.0]))
    lump = 1 - np.exp(-0.5)
    assert (law.values() == 0).mean() == pytest.approx(lump, abs=0.02)


def test_rain_is_forecast_better_than_by_the_members(tables) -> None:
    past, future = halves(tables["rain"])
    raw, law = chosen_experts(["raw", "shifted-gamma"], tables["rain"], seed=0)
    law.fit(past)
    assert (
        crps_of_members(law.predict(future), future.observation).mean()
        < crps_of_members(raw.predict(future), future.observation).mean()
    )
