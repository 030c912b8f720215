"""Theory identified on runs plus a learnt residual: what it finds, and what it may look at."""

import numpy as np
import pytest

from sciml.core.errors import BadInput
from sciml.hydro.cases import Case, Cases
from sciml.hydro.forecast import Autoregression
from sciml.hydro.section_hybrid import CONTROLS, TARGET, SectionHybrid, SectionHybridSettings
from sciml.hydro.sections import SectionSettings, simulate_cavity, steady_loss

TRUTH = SectionSettings(
    speed=10.0, diameter=0.02, gas_loss="portion", loss_coefficient=0.018, expansion=1.9
)
THEORY = SectionSettings(speed=10.0, diameter=0.02, gas_loss="portion", loss_coefficient=0.015)
RATE, LEADS, AMBIENT = 500.0, (1, 10, 25), 25e3
SETTINGS = SectionHybridSettings(order=20)


def run(pressure: np.ndarray, gas: np.ndarray, seed: int) -> Case:
    """A run of the truth with noisy sensors; forcing over its mean."""
    time = np.arange(len(pressure) * 4) / (4 * RATE)
    samples = np.arange(len(pressure)) / RATE
    supply = steady_loss(TRUTH, AMBIENT, AMBIENT - 10e3)
    p, q = (np.interp(time, samples, one) for one in (AMBIENT * (1 + pressure), supply * (1 + gas)))
    found = simulate_cavity(TRUTH, time, p, q).isel(time=slice(None, None, 4))
    noise = 50.0 * np.random.default_rng(seed).standard_normal((2, len(pressure)))
    columns = [found[TARGET].values + noise[0], p[::4] + noise[1], q[::4]]
    return Case(np.stack(columns, axis=-1), slice(50, None), slice(100, len(pressure)))


@pytest.fixture(scope="module")
def train() -> Cases:
    """Swings."""
    time = np.arange(400) / RATE
    cases = {
        f"{f:g} Hz": run(0.08 * np.sin(2 * np.pi * f * time), 0.2 * np.sin(2 * np.pi * g * time), n)
        for n, (f, g) in enumerate(((2.0, 3.1), (4.0, 1.3), (7.0, 5.2)))
    }
    cases = {name: case._replace(active=slice(50, 400)) for name, case in cases.items()}
    return Cases(cases, (TARGET, *CONTROLS), (TARGET,), RATE)


@pytest.fixture(scope="module")
def ramp() -> Case:
    """A ramp of pressure and a step of ventilation."""
    time = np.arange(400) / RATE
    return run(0.2 * np.clip((time - 0.3) / 0.2, 0, 1), -0.4 * (time > 0.5), 9)


@pytest.fixture(scope="module")
def hybrid(train: Cases) -> SectionHybrid:
    """Fitted."""
    made = SectionHybrid(THEORY, LEADS, SETTINGS)
    made.fit(train)
    return made


def plan_of(case: Case) -> dict[str, np.ndarray]:
    """The controls as they came."""
    return dict(zip(CONTROLS, case.values[:, 1:].T, strict=True))


def test_the_loss_is_identified_on_noisy_runs(hybrid: SectionHybrid) -> None:
    assert hybrid.identified is not None
    # A is 2 instead of 1.9, and pressure alone cannot tell that; the loss stays near the truth's.
    assert abs(hybrid.identified.values["loss_coefficient"] / 0.018 - 1) < 0.1


def test_through_a_ramp_it_errs_less_than_half_as_much_as_regression(
    hybrid: SectionHybrid, train: Cases, ramp: Case
) -> None:
    linear = Autoregression(20, LEADS, all_channels=True, ridge=1e-3, planned=CONTROLS)
    linear.fit(train)
    for number, lead in enumerate(LEADS):
        rms = []
        for forecaster in (hybrid, linear):
            told = forecaster.predict(ramp.values, LEADS, planned=plan_of(ramp))["forecast"]
            due = told["time"].values + lead
            counts = (due >= 100) & (due < 400)
            gap = told.values[counts, number, 0] - ramp.values[due[counts], 0]
            rms.append(np.mean(gap**2) - 50.0**2)  # less the sensor's noise
        assert rms[0] < 0.25 * rms[1]


def test_nothing_looks_further_than_the_plan_up_to_the_lead(
    hybrid: SectionHybrid, ramp: Case
) -> None:
    told = hybrid.predict(ramp.values, LEADS, planned=plan_of(ramp))
    changed, plan = ramp.values.copy(), plan_of(ramp)
    changed[201:, 0] *= 1.3
    later = {name: np.where(np.arange(400) > 210, 1.1 * one, one) for name, one in plan.items()}
    other = hybrid.predict(changed, LEADS, planned=later)
    upto = {"time": slice(None, 200), "lead": slice(None, 10)}
    expected, found = (one["forecast"].sel(upto) for one in (told, other))
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_without_a_plan_the_controls_are_held(hybrid: SectionHybrid, ramp: Case) -> None:
    part = ramp.values[:160]
    held = {
        name: np.concatenate([one, np.repeat(one[-1:], 30)])
        for name, one in zip(CONTROLS, part[:, 1:].T, strict=True)
    }
    unplanned = hybrid.predict(part, LEADS)["forecast"][-1]
    planned = hybrid.predict(part, LEADS, planned=held)["forecast"][-1]
    # The shares differ slightly: earlier forecasts did not know the same.
    np.testing.assert_allclose(unplanned, planned, rtol=2e-3)


def test_each_forecast_without_a_plan_is_a_run_of_its_own(
    hybrid: SectionHybrid, ramp: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sciml.hydro.section_hybrid._ROWS", 64)
    found = hybrid._ahead(ramp.values[:200], 25, None)
    for t in (0, 1, 63, 64, 130, 199):
        held = {
            name: np.concatenate([one[: t + 1], np.repeat(one[t], 25)])
            for name, one in plan_of(ramp).items()
        }
        alone = hybrid._ahead(ramp.values[: t + 1], 25, held)[-1]
        np.testing.assert_allclose(found[t], alone, rtol=1e-11)


def test_shares_sum_to_one(hybrid: SectionHybrid, ramp: Case) -> None:
    share = hybrid.predict(ramp.values, LEADS, planned=plan_of(ramp))["share"]
    assert share.dims == ("time", "lead", "expert")
    np.testing.assert_allclose(share.sum("expert"), 1.0)


def test_bad_input_is_named(hybrid: SectionHybrid, train: Cases, ramp: Case) -> None:
    with pytest.raises(BadInput, match=r"fitted for leads \(1, 10, 25\), asked for \[3\]"):
        hybrid.predict(ramp.values, [3])
    with pytest.raises(BadInput, match="not fitted; call fit first"):
        SectionHybrid(THEORY, LEADS).predict(ramp.values, LEADS)
    with pytest.raises(BadInput, match=r"leads: expected whole numbers .* got \[\]"):
        hybrid.predict(ramp.values, [])
    with pytest.raises(BadInput, match="needs channels"):
        SectionHybrid(THEORY, LEADS).fit(train._replace(channels=("a", "b", "c"), targets=("a",)))
