import numpy as np
import pytest
import xarray as xr
from scipy.integrate import trapezoid
from scipy.signal import lfilter

from sciml.core.errors import BadInput
from sciml.hydro.identification import IdentificationSettings, identify
from sciml.hydro.identification_problem import (
    CavityTheory,
    IdentificationProblem,
    ProblemSettings,
    Sensor,
    predicted_run,
)
from sciml.hydro.sections import SectionSettings, simulate_cavity, steady_loss

AMBIENT = 25e3  # Pa
TUNNEL = SectionSettings(speed=10.0, diameter=0.02, gas_loss="portion", loss_coefficient=0.015)
THEORY = CavityTheory(tunnel=TUNNEL)
SUPPLY = steady_loss(TUNNEL, AMBIENT, AMBIENT - 10e3)  # m³/s
CLOCK = np.arange(120) / 500.0  # s
NUMBERS = {"loss_coefficient": 0.017, "expansion": 2.2, "growth_factor": 0.93}
JET = {"force_coefficient": 0.6, "delay_coefficient": 0.7}
NOISE = {"cavity_pressure": 100.0, "length": 2e-3, "jet_force": 0.01, "drag": 0.1}
SENSORS = {name: Sensor(noise=noise) for name, noise in NOISE.items()}
CAVITY = {name: SENSORS[name] for name in ("cavity_pressure", "length")}


def driven(swing: float = 30.0) -> xr.Dataset:
    return xr.Dataset(
        {
            "ambient_pressure": ("time", AMBIENT * (1 + 0.08 * np.sin(swing * CLOCK))),
            "ventilation": ("time", SUPPLY * (1 + 0.3 * np.sin(20 * CLOCK))),
        },
        coords={"time": CLOCK},
    )


def theory_with(**numbers: float) -> CavityTheory:
    tunnel = {k: v for k, v in numbers.items() if k in SectionSettings.model_fields}
    jet = {k: v for k, v in numbers.items() if k in JET}
    own = {k: v for k, v in numbers.items() if k not in tunnel and k not in jet}
    return THEORY.model_copy(
        update={
            "tunnel": TUNNEL.model_copy(update=tunnel),
            "jet": THEORY.jet.model_copy(update=jet),
            **own,
        }
    )


def run_of(truth: CavityTheory, seed: int | None = None, swing: float = 30.0) -> xr.Dataset:
    run = driven(swing).merge(predicted_run(truth, driven(swing)))
    if seed is not None:
        generator = np.random.default_rng(seed)
        for name, noise in NOISE.items():
            run[name] = run[name] + noise * generator.standard_normal(CLOCK.size)
    return run


TRUE_RUN = run_of(theory_with(**NUMBERS, **JET))


@pytest.mark.parametrize(
    ("numbers", "start"),
    [
        (NUMBERS, THEORY),
        (NUMBERS | JET, THEORY),
        ({"loss_coefficient": 0.017, "blockage": 0.97, "pressure_bias": 150.0}, THEORY),
        (
            {"loss_coefficient": 0.02, "drag_exponent": 0.8, "force_coefficient": 0.5},
            THEORY,
        ),
        ({"loss_coefficient": 0.014, "a0": 1.7}, THEORY.model_copy(update={"a0": 1.4, "a1": 0.8})),
    ],
)
def test_numbers_are_recovered_exactly_without_noise(numbers: dict, start: CavityTheory) -> None:
    law = {"a1": 0.8} if "a0" in numbers else {}
    found = identify([run_of(theory_with(**numbers, **law))], SENSORS, start, [*numbers])
    assert found.values == pytest.approx(numbers, rel=1e-5)
    assert found.unidentifiable == ()
    assert max(found.misfits.values()) < 1e-3


def test_shape_of_a_law_is_recovered_from_two_cavitation_numbers() -> None:
    law = {"gas_loss": "power_law", "loss_coefficient": 0.05, "loss_shape": -1.5}
    tunnel = TUNNEL.model_copy(update=law)
    supply = steady_loss(tunnel, AMBIENT, AMBIENT - 10e3)
    runs = []
    for share in (1.0, 0.8):
        run = driven().assign(ventilation=("time", np.full(CLOCK.size, share * supply)))
        runs.append(run.merge(predicted_run(CavityTheory(tunnel=tunnel), run)))
    guess = tunnel.model_copy(update={"loss_coefficient": 0.06, "loss_shape": -1.4})
    free = ["loss_coefficient", "loss_shape"]
    found = identify(runs, CAVITY, CavityTheory(tunnel=guess), free)
    assert found.values == pytest.approx({k: law[k] for k in free}, rel=1e-5)


def test_law_of_expansion_is_recovered_from_two_cavitation_numbers() -> None:
    truth = THEORY.model_copy(update={"a0": 1.7, "a1": 0.8})
    runs = []
    for share in (1.0, 1.6):
        run = driven().assign(ventilation=("time", np.full(CLOCK.size, share * SUPPLY)))
        runs.append(run.merge(predicted_run(truth, run)))
    start = THEORY.model_copy(update={"a0": 1.4})
    found = identify(runs, CAVITY, start, ["a0", "a1"])
    assert found.values == pytest.approx({"a0": 1.7, "a1": 0.8}, rel=1e-5)


def test_law_of_expansion_gives_the_settings_of_a_simulation() -> None:
    law = THEORY.model_copy(update={"a0": 1.7, "a1": 0.8})
    at = law.tunnel_at(0.2)
    assert at.expansion == pytest.approx(1.7 * np.log(5.0) ** 0.4)
    assert THEORY.tunnel_at(0.2) == TUNNEL


def test_prediction_is_the_simulation_on_a_fine_clock() -> None:
    fine = np.linspace(CLOCK[0], CLOCK[-1], (CLOCK.size - 1) * 16 + 1)
    run = simulate_cavity(
        TUNNEL,
        fine,
        AMBIENT * (1 + 0.08 * np.sin(30 * fine)),
        SUPPLY * (1 + 0.3 * np.sin(20 * fine)),
    )
    predicted = predicted_run(THEORY, driven())
    swing = np.ptp(run.cavity_pressure.values)
    gap = predicted.cavity_pressure.values - run.cavity_pressure.values[::16]
    assert np.abs(gap).max() < 1e-4 * swing
    # What leaks is the integral of the loss.
    total = trapezoid(predicted.gas_loss, CLOCK) * TUNNEL.reference_pressure
    assert total == pytest.approx(float(run.gas_leaked[-1]), rel=1e-3)


def test_standard_errors_are_the_spread_over_many_noises() -> None:
    truth = theory_with(**NUMBERS)
    settings = IdentificationSettings(reweightings=0)
    found = [
        identify([run_of(truth, seed)], CAVITY, truth, [*NUMBERS], settings) for seed in range(30)
    ]
    values = np.array([[*one.values.values()] for one in found])
    promised = np.mean([[*one.errors.values()] for one in found], axis=0)
    # The spread of 30 has a standard error of 13 %.
    np.testing.assert_allclose(values.std(axis=0, ddof=1), promised, rtol=0.4)
    # No bias: the mean of 30 lies within 3.5 of its standard errors.
    np.testing.assert_array_less(
        np.abs(values.mean(axis=0) - [*NUMBERS.values()]), 3.5 * promised / np.sqrt(30)
    )


def test_correlated_noise_is_whitened() -> None:
    generator = np.random.default_rng(3)
    share, kicks = 0.8, generator.standard_normal(CLOCK.size)
    noise = np.empty(CLOCK.size)
    last = kicks[0]
    for n, kick in enumerate(kicks):
        last = share * last + np.sqrt(1 - share**2) * kick if n else kick
        noise[n] = last
    run = driven().merge(predicted_run(THEORY, driven(), ("length",)))
    run["length"] = run["length"] + 2e-3 * noise
    sensors = {"length": Sensor(noise=2e-3, correlation=share)}
    problem = IdentificationProblem([run], sensors, THEORY, ["expansion"])
    np.testing.assert_allclose(problem.residuals(np.zeros(1)), -kicks, atol=1e-9)


def test_jacobian_of_a_number_agrees_with_a_straight_line_through_far_points() -> None:
    problem = IdentificationProblem([TRUE_RUN], CAVITY, THEORY, [*NUMBERS])
    z = problem.coordinates(NUMBERS)
    step = np.array([0.0, 1e-3, 0.0])
    secant = (problem.residuals(z + step) - problem.residuals(z - step)) / 2e-3
    slope = problem.jacobian(z)[:, 1]
    np.testing.assert_allclose(slope, secant, atol=1e-3 * np.abs(slope).max())


def test_growth_and_drag_cannot_be_told_apart_without_a_force() -> None:
    # Both enter the birth of a section as f √c_x: ln f = -½ ln c_x changes nothing.
    found = identify([TRUE_RUN], CAVITY, THEORY, ["expansion", "growth_factor", "drag_coefficient"])
    assert found.unidentifiable == ("drag_coefficient^0.89 growth_factor^-0.45",)
    pair = found.correlation.sel(parameter="growth_factor", other="drag_coefficient")
    assert float(pair) == pytest.approx(-1.0, abs=1e-6)
    with_drag = CAVITY | {"drag": SENSORS["drag"]}
    told = identify([TRUE_RUN], with_drag, THEORY, ["growth_factor", "drag_coefficient"])
    assert told.unidentifiable == ()


def test_number_that_no_sensor_feels_is_named_and_stays() -> None:
    found = identify([TRUE_RUN], CAVITY, THEORY, ["expansion", "force_coefficient"])
    assert found.unidentifiable == ("force_coefficient^1",)
    assert found.values["force_coefficient"] == THEORY.jet.force_coefficient


def test_belief_holds_what_the_sensors_do_not_feel() -> None:
    free = ["growth_factor", "drag_coefficient"]
    problem = ProblemSettings(spreads={"drag_coefficient": 0.05})
    settings = IdentificationSettings(problem=problem)
    found = identify([TRUE_RUN], CAVITY, theory_with(expansion=2.2), free, settings)
    assert found.unidentifiable == ()
    assert found.errors["drag_coefficient"] == pytest.approx(
        0.05 * TUNNEL.drag_coefficient, rel=0.1
    )


def test_gaps_leave_the_answer() -> None:
    run = TRUE_RUN.copy(deep=True)
    run["cavity_pressure"][7:40] = np.nan
    run["length"][::2] = np.nan
    found = identify([run], CAVITY, THEORY, [*NUMBERS])
    assert found.values == pytest.approx(NUMBERS, rel=1e-5)
    assert {name: part.size for name, part in found.residuals.items()} == {
        "cavity_pressure": 120 - 33,
        "length": 60,
    }


def test_sensor_may_be_missing_from_one_of_two_runs() -> None:
    other = run_of(theory_with(**NUMBERS), swing=50.0).drop_vars("length")
    found = identify([TRUE_RUN, other], CAVITY, THEORY, [*NUMBERS])
    assert found.values == pytest.approx(NUMBERS, rel=1e-5)


def test_robust_loss_withstands_outliers() -> None:
    run = run_of(theory_with(**NUMBERS), seed=1)
    run["cavity_pressure"][::15] += 4e3
    gaps = {
        loss: identify(
            [run], CAVITY, THEORY, [*NUMBERS], IdentificationSettings(loss=loss, reweightings=0)
        ).values["loss_coefficient"]
        / NUMBERS["loss_coefficient"]
        - 1
        for loss in ("linear", "cauchy")
    }
    assert abs(gaps["cauchy"]) < 0.25 * abs(gaps["linear"])


def test_sensor_that_the_theory_cannot_follow_loses_its_say() -> None:
    run = run_of(theory_with(**NUMBERS), seed=2)
    run["length"] = run["length"] * 1.1 + 0.02 * np.sin(300 * CLOCK)
    found = identify([run], CAVITY, THEORY, [*NUMBERS])
    blind = identify([run], CAVITY, THEORY, [*NUMBERS], IdentificationSettings(reweightings=0))
    assert found.misfits["cavity_pressure"] <= blind.misfits["cavity_pressure"]
    assert found.misfits["length"] > 2
    assert found.errors["expansion"] > 1.2 * blind.errors["expansion"]


def test_free_start_finds_the_initial_pressure_of_a_closed_bag() -> None:
    bag = TUNNEL.model_copy(update={"gas_loss": "none"})
    run = driven().assign(ventilation=("time", np.zeros(CLOCK.size)))
    truth = CavityTheory(tunnel=bag.model_copy(update={"expansion": 2.1}))
    run = run.merge(predicted_run(truth, run, start_pressure=14.6e3))
    noisy = run.copy(deep=True)
    noisy["cavity_pressure"][:20] += 300.0 * np.random.default_rng(0).standard_normal(20)
    settings = IdentificationSettings(problem=ProblemSettings(start="free"))
    found = identify([run], CAVITY, CavityTheory(tunnel=bag), ["expansion"], settings)
    assert found.values == pytest.approx({"expansion": 2.1, "start_pressure_0": 14.6e3}, rel=1e-6)
    found = identify([noisy], CAVITY, CavityTheory(tunnel=bag), ["expansion"], settings)
    assert found.values["start_pressure_0"] == pytest.approx(14.6e3, abs=200)


def test_more_starts_never_fit_worse() -> None:
    run = run_of(theory_with(**NUMBERS), seed=4)
    settings = [IdentificationSettings(starts=n, reweightings=0) for n in (1, 3)]
    one, three = (identify([run], CAVITY, THEORY, [*NUMBERS], s) for s in settings)
    costs = [sum(float(r @ r) for r in found.residuals.values()) for found in (one, three)]
    assert costs[1] <= costs[0] * (1 + 1e-9)


def other_truth() -> CavityTheory:
    """Another disk than the theory's: born at a point, with other drag, A and loss."""
    other = {"birth_area": "point", "drag_coefficient": 0.97, "expansion": 1.6}
    tunnel = TUNNEL.model_copy(update=other | {"loss_coefficient": 0.018})
    return CavityTheory(tunnel=tunnel, pressure_bias=80.0)


def coloured(run: xr.Dataset, seed: int) -> xr.Dataset:
    """The run with noise of 10 % of each signal's swing, half of it AR(1)."""
    generator = np.random.default_rng(seed)
    for name in CAVITY:
        white, kicks = generator.standard_normal((2, CLOCK.size))
        slow = lfilter([np.sqrt(1 - 0.9**2)], [1.0, -0.9], kicks)
        noise = 0.1 * float(run[name].std()) * (white + slow) / np.sqrt(2)
        run[name] = run[name] + xr.DataArray(noise, dims="time")
    return run


def test_loss_of_another_cavity_needs_the_length_and_all_three_numbers() -> None:
    gaps, theories = [], []
    for seed in range(3):
        runs = [
            coloured(run_of(other_truth(), swing=swing), 10 * seed + k)
            for k, swing in enumerate((15.0, 30.0, 45.0))
        ]
        sensors = {
            name: Sensor(noise=0.1 * float(runs[0][name].std()), correlation=0.45)
            for name in CAVITY
        }
        pressure = {"cavity_pressure": sensors["cavity_pressure"]}
        naive = identify(runs, pressure, THEORY, ["loss_coefficient"])
        joint = identify(runs, sensors, THEORY, [*NUMBERS])
        gaps.append([f.values["loss_coefficient"] / 0.018 - 1 for f in (naive, joint)])
        theories.append(joint.theory)
    # The noise of one short record scatters by 2 %: the mean of three is judged.
    apart, together = np.abs(np.mean(gaps, axis=0))
    assert together < 0.05 < apart
    truth = predicted_run(other_truth(), driven(75.0))
    for name in CAVITY:
        errors = [
            float(((predicted_run(theory, driven(75.0))[name] - truth[name]) ** 2).mean()) ** 0.5
            for theory in (THEORY, *theories)
        ]
        assert max(errors[1:]) < 0.7 * errors[0]


def broken(**changes: object) -> list[xr.Dataset]:
    return [TRUE_RUN.assign(changes)]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"free": ["expansoin"]}, "free: unknown number 'expansoin'; did you mean 'expansion'?"),
        (
            {"sensors": {"lenght": SENSORS["length"]}},
            "sensors: unknown signal 'lenght'; did you mean 'length'?",
        ),
        (
            {"free": []},
            "expected at least one run, one sensor and distinct free numbers, got 1 runs, 2 "
            "sensors and free = ()",
        ),
        ({"free": ["a0"]}, "free: a0 or a1 without the law of expansion; give the theory an a0"),
        (
            {"theory": THEORY.model_copy(update={"a0": 1.5}), "free": ["expansion"]},
            "free: the theory's a0 and a1 set the expansion; free a0 or a1 instead",
        ),
        (
            {"theory": theory_with(loss_coefficient=0.0), "free": ["loss_coefficient"]},
            "free: loss_coefficient starts at 0; give the theory a positive first guess",
        ),
        (
            {"runs": [TRUE_RUN.drop_vars("ventilation")]},
            "runs[0]: no variable 'ventilation'; it drives the cavity",
        ),
        (
            {"runs": broken(length=("time", np.full(CLOCK.size, np.nan)))},
            "length: no run has a finite sample of it; leave its sensor out, or mend the runs",
        ),
        (
            {"runs": broken(length=("sample", np.ones(7)))},
            "runs[0]: length: expected axes (time=120), got shape (7,)",
        ),
        (
            {"runs": [TRUE_RUN.isel(time=slice(None, None, -1))]},
            "time: samples must increase by even steps; resample on a uniform clock",
        ),
        (
            {"runs": [TRUE_RUN.isel(time=slice(0, 2))], "sensors": {"length": SENSORS["length"]}},
            "2 finite samples cannot determine 3 numbers; free fewer, or give longer runs",
        ),
        (
            {
                "settings": IdentificationSettings(
                    problem=ProblemSettings(spreads={"blockage": 0.1})
                )
            },
            "spreads: not free is 'blockage'; known: expansion, growth_factor, loss_coefficient",
        ),
        (
            {
                "runs": broken(
                    ambient_pressure=("time", np.where(np.arange(120) == 5, np.nan, AMBIENT))
                )
            },
            "runs[0]: ambient_pressure: 1 of 120 values are not finite, the first at t = 0.01 s; "
            "fill the gaps, for example by interpolation",
        ),
    ],
)
def test_bad_input_is_named_with_its_remedy(changes: dict, message: str) -> None:
    given = {"runs": [TRUE_RUN], "sensors": CAVITY, "theory": THEORY, "free": [*NUMBERS]}
    with pytest.raises(BadInput) as error:
        identify(**(given | changes))
    assert str(error.value) == message


def test_a_run_with_dates_is_refused_with_the_conversion() -> None:
    durations = (CLOCK * 1e9).round().astype("timedelta64[ns]")
    for time in (durations, np.datetime64("2020-01-01", "ns") + durations):
        run = TRUE_RUN.assign_coords(time=time)
        for refused in (
            lambda run=run: predicted_run(THEORY, run),
            lambda run=run: identify([run], CAVITY, THEORY, [*NUMBERS]),
        ):
            with pytest.raises(BadInput, match=r"give seconds: \(t - t\[0\]\) / np\.timedelta64"):
                refused()
