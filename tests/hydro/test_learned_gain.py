"""The learnt gain: untrained it is the Kalman filter, trained it beats one that is wrong."""

from pathlib import Path
from typing import Any

import numpy as np
import paddle
import pytest
from scipy.linalg import solve_discrete_are
from scipy.stats import multivariate_normal

from sciml.core.errors import BadInput
from sciml.data.windows import WindowSettings
from sciml.hydro.cases import Case, Cases
from sciml.hydro.forecast import coverage, normalised_errors
from sciml.hydro.gain_model import LinearModel
from sciml.hydro.learned_gain import GainSettings, LearnedGain, negative_log_likelihood
from sciml.training.fit import FitSettings
from sciml.training.optimiser import OptimiserSettings
from tests.laws import AnswersPlans, Made, ObeysForecastContract, ResumesExactly, random_runs

LEADS = (1, 2, 6)
SMALL = GainSettings(
    controls=("a",), delays=3, control_delays=2, rank=4, hidden=4, burn_in=2, warm_up=4
)
WINDOW = WindowSettings(history=10, leads=LEADS, stride=5)
TRAINING = FitSettings(epochs=2, batch_size=8, checkpoint_steps=3)


class TestLearnedGain(ObeysForecastContract):
    history = 4

    def forecaster(self) -> LearnedGain:
        return LearnedGain(WINDOW, SMALL, TRAINING)


class TestLearnedGainAnswersPlans(AnswersPlans):
    def forecaster(self) -> LearnedGain:
        return LearnedGain(WINDOW, SMALL, TRAINING)


class TestTraining(ResumesExactly):
    def problem(self) -> Made:
        settings = SMALL.model_copy(update={"sensor_dropout": 0.2})
        runs = random_runs(4)
        training = FitSettings(epochs=4, batch_size=8, checkpoint_steps=3)
        made = LearnedGain(WINDOW, settings)
        held_out = ["run 3"]
        return made.problem(runs.without(held_out), runs.chosen(held_out), training), training


def swinging(samples: int, seed: int, heavy: float = 0.0, angle: float = 0.3) -> np.ndarray:
    """Two sensors of a noisy oscillation; a share of their values are outliers."""
    generator = np.random.default_rng([seed, 5])
    F = 0.97 * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    x, run = np.zeros(2), np.empty((samples, 2))
    for t in range(samples):
        x = F @ x + 0.2 * generator.normal(size=2)
        outlier = generator.random(2) < heavy
        run[t] = x + 0.3 * generator.normal(size=2) * np.where(outlier, 10.0, 1.0)
    return run


def swinging_runs(count: int, seed: int, **world: Any) -> Cases:
    runs = {}
    for number in range(count):
        values = swinging(300, 100 * seed + number, **world)
        runs[f"run {number}"] = Case(values, slice(0, 300), slice(20, 300))
    return Cases(runs, ("x", "y"), ("y", "x"), 50.0)


def model(angle: float = 0.3, noise: float = 0.3) -> LinearModel:
    F = 0.97 * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    nothing, two = np.zeros(2), np.eye(2)
    return LinearModel(F, np.zeros((2, 0)), nothing, two, nothing, 0.04 * two, noise**2 * two)


ALONE = GainSettings(hidden=16, burn_in=5, warm_up=20, bound=1.0)
LONG = WindowSettings(history=40, leads=(1, 5), stride=10)


def test_untrained_it_is_the_kalman_filter() -> None:
    runs, known = swinging_runs(3, 0), model()
    made = LearnedGain(LONG, ALONE, model=known)
    made.fit(runs)
    run = swinging(200, 9)
    run[50:60, 0] = np.nan
    run[80:85] = np.nan
    found = made.predict(run, (1, 5))
    # By hand, in the units of the channels.
    P = solve_discrete_are(known.F.T, known.H.T, known.Q, known.R)
    K = P @ np.linalg.inv(P + known.R)
    x, states = np.zeros(2), np.empty_like(run)
    for t, sample in enumerate(run):
        prior = known.F @ x if t else x
        x = prior + K @ np.nan_to_num(sample - prior)
        states[t] = x
    ahead = np.stack([states @ np.linalg.matrix_power(known.F, n).T for n in (1, 5)], axis=1)
    np.testing.assert_allclose(found["forecast"], ahead[19:, :, ::-1], rtol=1e-9, atol=1e-9)
    spread = (np.eye(2) - K) @ P
    for lead in range(1, 6):
        spread = known.F @ spread @ known.F.T + known.Q
        if lead in (1, 5):
            expected = np.sqrt(np.diag(spread + known.R))[::-1]
            deviation = found["standard_deviation"].sel(lead=lead)
            np.testing.assert_allclose(deviation, np.tile(expected, (181, 1)), rtol=1e-9)


@pytest.mark.parametrize("sensors", [1, 3])
def test_the_likelihood_is_that_of_the_marginal_over_the_sensors_there_are(sensors: int) -> None:
    generator = np.random.default_rng(sensors)
    factor = np.tril(generator.normal(size=(sensors, sensors))) + 2 * np.eye(sensors)
    mean, truth = generator.normal(size=(2, sensors))
    masks = [np.ones(sensors), np.zeros(sensors)]
    if sensors > 1:
        masks.append(np.array([1.0, 0.0, 1.0]))
    for present in masks:
        tensors = [paddle.to_tensor(x[None]) for x in (mean, factor, truth, present)]
        found = negative_log_likelihood(*tensors).item()
        there = present > 0
        covariance = (factor @ factor.T)[np.ix_(there, there)]
        law = multivariate_normal(mean[there], covariance) if there.any() else None
        expected = -law.logpdf(truth[there]) if law else 0.0
        assert found == pytest.approx(expected, rel=1e-12)


def trained(train: Cases, known: LinearModel) -> tuple[LearnedGain, LearnedGain]:
    """The Kalman filter of a model, and what training makes of it."""
    rate = OptimiserSettings(learning_rate=0.01, average_decay=0.9)
    training = FitSettings(epochs=7, batch_size=32, optimiser=rate)
    kalman = LearnedGain(LONG, ALONE, model=known)
    learnt = LearnedGain(LONG, ALONE, training, model=known)
    for made in (kalman, learnt):
        made.fit(train)
    return kalman, learnt


MISMATCHES = {
    "a wrong frequency": (model(angle=0.12), {}),
    "sensors that are worse than thought": (model(noise=0.05), {}),
    "outliers": (model(), {"heavy": 0.1}),
}


@pytest.mark.slow
@pytest.mark.parametrize("mismatch", MISMATCHES)
def test_trained_it_beats_the_filter_of_a_wrong_model(mismatch: str) -> None:
    known, world = MISMATCHES[mismatch]
    train, test = swinging_runs(6, 1, **world), swinging_runs(4, 2, **world)
    kalman, learnt = trained(train, known)
    errors = [normalised_errors(made, test, (1, 5)).values for made in (kalman, learnt)]
    assert errors[1].mean() < 0.98 * errors[0].mean()
    likelihoods = [made.likelihoods(test)["nll"] for made in (kalman, learnt)]
    assert likelihoods[1] < likelihoods[0] - 0.02
    found = coverage(learnt, test, (1, 5))
    assert np.all((found > 0.85) & (found < 0.95)), found


def test_a_hidden_sensor_tells_nothing() -> None:
    runs = swinging_runs(2, 1)
    made = LearnedGain(LONG, ALONE, FitSettings(epochs=1, batch_size=16), model=model())
    made.fit(runs)
    run = swinging(60, 9)
    run[30:40, 0] = np.nan
    both = run.copy()
    both[30:40, 1] = np.nan
    found, blind = (made.predict(one, (1,)) for one in (run, both))
    # Blind, the state follows the model alone; with one sensor it does not.
    states = blind["forecast"].values[:, 0, ::-1]  # F x
    moved = states[10:20] @ model().F.T  # issued at 29 to 38
    np.testing.assert_allclose(states[11:21], moved, rtol=1e-9)
    assert np.abs(found["forecast"] - blind["forecast"]).sel(time=slice(30, 39)).min() > 0


def test_wild_data_and_long_gaps_leave_everything_finite() -> None:
    made = LearnedGain(LONG, ALONE, FitSettings(epochs=1, batch_size=16), model=model())
    made.fit(swinging_runs(2, 1))
    run = np.random.default_rng(0).standard_cauchy((3000, 2)) * 1e3
    run[1000:2000] = np.nan
    found = made.predict(run, (1, 5))
    assert np.isfinite(found["forecast"]).all()
    assert (found["standard_deviation"] > 0).all()
    # Once the data are tame again the past is forgotten.
    run[2500:] = swinging(500, 3)
    tame = made.predict(run, (1,)).sel(time=slice(2700, None))
    assert np.abs(tame["forecast"]).max() < 10


def test_what_was_saved_forecasts_the_same_bit_for_bit(tmp_path: Path) -> None:
    made, inputs = LearnedGain(WINDOW, SMALL, TRAINING), random_runs(seed=1).cases["run 0"].values
    made.fit(random_runs())
    assert sorted(made.save(tmp_path)) == sorted(tmp_path.iterdir())
    loaded = LearnedGain.load(tmp_path)
    for name in ("forecast", "standard_deviation"):
        one, other = (x.predict(inputs, LEADS)[name] for x in (made, loaded))
        np.testing.assert_array_equal(one, other)


def test_a_run_too_short_to_judge_by_is_left_out() -> None:
    runs = swinging_runs(3, 1)
    short = Case(swinging(24, 7), slice(0, 24), slice(0, 24))  # warm-up 20, longest lead 5
    training = FitSettings(epochs=1, batch_size=16)
    found = []
    for held_out in (("run 2",), ("short", "run 2")):
        cases = runs._replace(cases={"short": short, **runs.cases})
        learnt = cases if "short" in held_out else runs
        made = LearnedGain(LONG, ALONE, training, model=model(), validation=held_out)
        found.append(made.fit(learnt))
    assert found[0] == found[1]
    alone = LearnedGain(LONG, ALONE, training, model=model(), validation=("short",))
    with pytest.raises(BadInput, match=r"needs more than 25 samples, the warm-up and the longest"):
        alone.fit(cases)
    assert alone.result is None  # refused before training
    with pytest.raises(BadInput, match=r"learned gain: no forecast is due in any run to judge by"):
        made.likelihoods(cases.chosen(["short"]))


def test_an_infinite_reading_is_refused_and_a_masked_one_is_missing() -> None:
    runs = random_runs()
    made = LearnedGain(WINDOW, SMALL)
    made.fit(runs)
    inputs = np.ma.array(runs.cases["run 0"].values)
    inputs[20, 1] = np.ma.masked
    gap = inputs.filled(np.nan)
    masked, missing = (made.predict(one, LEADS)["forecast"] for one in (inputs, gap))
    np.testing.assert_array_equal(masked, missing)
    gap[20, 1] = np.inf
    with pytest.raises(BadInput, match=r"inputs: variable 'b' is infinite at sample 20; mark"):
        made.predict(gap, LEADS)


def test_bad_requests_are_refused_with_the_remedy() -> None:
    runs = random_runs()
    with pytest.raises(BadInput, match="no training run 'run9'; did you mean 'run"):
        LearnedGain(WINDOW, SMALL, TRAINING, validation=["run9"]).fit(runs)
    with pytest.raises(BadInput, match="no run has the 76 samples of a stretch and its leads"):
        LearnedGain(WINDOW.model_copy(update={"history": 70}), SMALL, TRAINING).fit(runs)
    made = LearnedGain(WINDOW, SMALL)
    made.fit(runs)
    with pytest.raises(BadInput, match="needs 4 samples of history, got 3"):
        made.predict(runs.cases["run 0"].values[:3], LEADS)
    with pytest.raises(BadInput, match=r"leads: expected whole numbers .* got \[\]"):
        made.predict(runs.cases["run 0"].values, [])
    with pytest.raises(BadInput, match="learned gain: not fitted; call fit first"):
        LearnedGain(WINDOW, SMALL).predict(runs.cases["run 0"].values, LEADS)
