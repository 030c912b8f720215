"""The hybrid: the contract, shares that follow merit, and what is left outside of the training."""

import numpy as np
import pytest
import xarray as xr

from sciml.core.errors import BadInput
from sciml.hydro.cases import Case, Cases
from sciml.hydro.forecast import Autoregression, judged
from sciml.hydro.hybrid import HybridSettings, TrackedHybrid
from tests.laws import ObeysForecastContract, random_runs

RATE, LEADS = 50.0, (1, 10, 50)
SMALL = HybridSettings(channel_order=10, run_order=8)


class TestTrackedHybrid(ObeysForecastContract):
    def forecaster(self) -> TrackedHybrid:
        return TrackedHybrid(self.leads, SMALL)


class TestTrackedHybridWithAClock(ObeysForecastContract):
    def forecaster(self) -> TrackedHybrid:
        return TrackedHybrid(self.leads, SMALL, clock=["a", "c"])


def wave_run(frequency: float, seed: int, samples: int = 2000) -> Case:
    """Elevations at two probes and a load: two harmonics, wandering amplitude, noise."""
    rng = np.random.default_rng(seed)
    phase = 2 * np.pi * frequency * np.arange(samples) / RATE + rng.uniform(0, 6)
    wander = 1 + 0.02 * np.cumsum(rng.normal(size=samples)) / 5
    lag = frequency**2 * 2  # waves of another frequency arrive with another phase
    channels = [
        wander * (np.cos(phase + lag * n) + 0.1 * frequency * np.cos(2 * phase + n))
        for n in range(3)
    ]
    noise = 0.01 * rng.normal(size=(samples, 3))
    return Case(np.stack(channels, axis=1) + noise, slice(0, samples), slice(400, samples))


def runs(*frequencies: float, seed: int = 0) -> Cases:
    made = {f"{f:g} Hz": wave_run(f, seed + n) for n, f in enumerate(frequencies)}
    return Cases(made, ("near", "far", "load"), ("load",), RATE)


TRAINED = runs(0.7, 0.8, 0.9, 1.0)
OUTSIDE = runs(1.5, seed=9)


@pytest.fixture(scope="module")
def hybrid() -> TrackedHybrid:
    made = TrackedHybrid(LEADS)
    made.fit(TRAINED)
    return made


def root_mean_square_errors(forecast: xr.DataArray, cases: Cases) -> np.ndarray:
    case = next(iter(cases.cases.values()))
    gaps = []
    for number, lead in enumerate(LEADS):
        expected, truth = judged(forecast[:, number], case, cases.target_indices, lead)
        gaps.append(np.sqrt(np.mean((expected - truth) ** 2)))
    return np.array(gaps)


def test_a_plan_changes_nothing() -> None:
    made, inputs = TrackedHybrid((2,), SMALL), random_runs().cases["run 0"].values
    made.fit(random_runs())
    told = made.predict(inputs, (2,), planned={"a": inputs[::-1, 0]})
    xr.testing.assert_identical(told, made.predict(inputs, (2,)))


def test_shares_sum_to_1_and_mix_the_opinions(hybrid: TrackedHybrid) -> None:
    told = hybrid.predict(OUTSIDE.cases["1.5 Hz"].values, LEADS)
    assert told["expert"].values.tolist() == list(hybrid.experts)
    np.testing.assert_allclose(told["share"].sum("expert"), 1, rtol=1e-12)
    assert told["share"].min() >= 0
    mixed = (told["share"] * told["opinion"]).sum("expert")
    np.testing.assert_allclose(mixed.transpose(*told["forecast"].dims), told["forecast"], rtol=1e-9)
    np.testing.assert_allclose(told["frequency"][400:], 1.5, rtol=0.01)


def test_before_an_error_is_known_all_experts_count_alike(hybrid: TrackedHybrid) -> None:
    share = hybrid.predict(OUTSIDE.cases["1.5 Hz"].values, LEADS)["share"]
    for lead in LEADS:
        np.testing.assert_allclose(share.sel(lead=lead)[:lead], 1 / 6, rtol=1e-12)
        assert np.ptp(share.sel(lead=lead)[lead].values) > 0.01


def test_shares_desert_an_expert_that_goes_wrong_within_a_second(hybrid: TrackedHybrid) -> None:
    # A trained wave and then, from sample 1000 on, one far outside: the trained regression fails.
    inside, outside = (runs(f, seed=5).cases[f"{f:g} Hz"].values for f in (0.85, 1.6))
    told = hybrid.predict(np.concatenate([inside[:1000], outside[:1000]]), LEADS)
    share = told["share"].sel(expert="autoregression", lead=10)
    assert share[900:1000].mean() > 0.05
    assert share[1070:1500].max() < 0.02


def test_outside_of_the_training_the_hybrid_falls_back(hybrid: TrackedHybrid) -> None:
    linear = Autoregression(50, LEADS, all_channels=True, ridge=1e-5)
    linear.fit(TRAINED)
    inputs = OUTSIDE.cases["1.5 Hz"].values
    told = hybrid.predict(inputs, LEADS)
    ours = root_mean_square_errors(told["forecast"], OUTSIDE)
    theory = told["opinion"].sel(expert="harmonics", drop=True)
    alone = root_mean_square_errors(theory, OUTSIDE)
    trained = root_mean_square_errors(linear.predict(inputs, LEADS)["forecast"], OUTSIDE)
    assert np.all(ours[1:] < 0.5 * trained[1:])
    assert np.all(ours < 1.1 * alone)


def test_samples_may_be_missing(hybrid: TrackedHybrid) -> None:
    inputs = OUTSIDE.cases["1.5 Hz"].values
    missing = np.random.default_rng(4).random(inputs.shape) < 0.3
    given = np.where(missing, np.nan, inputs)
    lacked, clean = (hybrid.predict(x, LEADS)["forecast"] for x in (given, inputs))
    assert np.isfinite(lacked).all()
    errors = [root_mean_square_errors(x, OUTSIDE) for x in (lacked, clean)]
    assert np.all(errors[0] < 2 * errors[1])


def test_a_sensor_that_is_never_there_is_no_obstacle(hybrid: TrackedHybrid) -> None:
    inputs = OUTSIDE.cases["1.5 Hz"].values.copy()
    inputs[:, 2] = np.nan  # the load itself
    told = hybrid.predict(inputs, LEADS)
    assert np.isfinite(told["forecast"]).all()
    np.testing.assert_allclose(told["share"], 1 / 6, rtol=1e-12)  # none was ever proven wrong


def test_bad_input_is_refused(hybrid: TrackedHybrid) -> None:
    with pytest.raises(BadInput, match=r"clock: no channel 'fra'; .*far"):
        TrackedHybrid(LEADS, clock=["fra"]).fit(TRAINED)
    with pytest.raises(BadInput, match="clock: expected channels"):
        TrackedHybrid(LEADS, clock=[]).fit(TRAINED)
    infinite = np.full((60, 3), np.inf)
    with pytest.raises(BadInput, match="variable 'near' is infinite at sample 0; mark a missing"):
        hybrid.predict(infinite, LEADS)
    short = {n: c._replace(active=slice(0, 40)) for n, c in TRAINED.cases.items()}
    with pytest.raises(BadInput, match="no samples; are the runs longer than history and lead"):
        TrackedHybrid(LEADS).fit(TRAINED._replace(cases=short))
