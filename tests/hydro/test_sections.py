from typing import Any

import numpy as np
import pytest
import xarray as xr

from sciml.core.errors import BadInput
from sciml.hydro.clock import even_step
from sciml.hydro.oscillation import (
    measured_growth,
    neutral_beta_by_simulation,
    stability_experiment,
)
from sciml.hydro.section_ensemble import simulate_cavities
from sciml.hydro.sections import (
    SectionSettings,
    balanced_pressure,
    expansion_at,
    simulate_cavity,
    steady_cavity,
    steady_loss,
)
from sciml.hydro.stability import characteristic_root, neutral_beta

AMBIENT, INSIDE = 20e3, 12e3  # Pa
TUNNEL = SectionSettings(speed=10.0, diameter=0.01, gas_loss="portion", loss_coefficient=0.015)
STEADY = steady_cavity(TUNNEL, AMBIENT, INSIDE)
NEEDED = steady_loss(TUNNEL, AMBIENT, INSIDE)  # m³/s


def clock_of(lifetimes: float, steps: int, steady=STEADY) -> np.ndarray:
    return np.arange(round(lifetimes * steps) + 1) * steady.lifetime / steps


def content_defect(run: xr.Dataset) -> float:
    """Gas that appeared from nowhere, over the initial content."""
    held = run.gas_content + run.gas_leaked + run.gas_shed - run.gas_supplied
    return float(abs(held / run.gas_content[0] - 1).max())


@pytest.mark.parametrize("expansion", [1.5, 2.0, 2.7])
def test_steady_diameter_does_not_depend_on_the_expansion_coefficient(expansion: float) -> None:
    settings = TUNNEL.model_copy(update={"expansion": expansion})
    steady = steady_cavity(settings, AMBIENT, INSIDE)
    sigma = (AMBIENT - INSIDE) / settings.dynamic_pressure
    ratio = (steady.diameter / settings.diameter) ** 2
    assert ratio == pytest.approx(1 + settings.drag_coefficient / sigma, rel=1e-12)


def test_work_of_the_drag_is_the_work_against_the_pressure_gap() -> None:
    # Per length of the flow: drag of the disk = gap times the area that the cavity gains.
    drag = TUNNEL.drag_coefficient * TUNNEL.dynamic_pressure * np.pi * TUNNEL.diameter**2 / 4
    gained = np.pi / 4 * STEADY.diameter**2 - TUNNEL.initial_area
    assert (AMBIENT - INSIDE) * gained == pytest.approx(drag, rel=1e-12)


def test_steady_cavity_born_at_a_point_has_the_closed_forms() -> None:
    settings = TUNNEL.model_copy(update={"birth_area": "point"})
    steady = steady_cavity(settings, AMBIENT, INSIDE)
    sigma = steady.cavitation_number
    reach = settings.expansion * settings.diameter * np.sqrt(settings.drag_coefficient) / sigma
    assert steady.length == pytest.approx(reach, rel=1e-12)
    assert steady.peak_time == pytest.approx(reach / (2 * settings.speed), rel=1e-12)
    # A parabola of areas fills two thirds of its box.
    assert steady.volume == pytest.approx(np.pi / 6 * steady.diameter**2 * reach, rel=1e-12)


def test_growth_factor_acts_like_the_root_of_the_drag() -> None:
    factor = 1.3
    stronger = TUNNEL.model_copy(update={"growth_factor": factor})
    dragged = TUNNEL.model_copy(update={"drag_coefficient": factor**2 * TUNNEL.drag_coefficient})
    assert steady_cavity(stronger, AMBIENT, INSIDE) == pytest.approx(
        steady_cavity(dragged, AMBIENT, INSIDE), rel=1e-12
    )
    times = clock_of(3, 100)
    ambient = AMBIENT * (1 + 0.05 * np.sin(300 * times))
    runs = [simulate_cavity(s, times, ambient, NEEDED) for s in (stronger, dragged)]
    np.testing.assert_allclose(runs[0].cavity_pressure, runs[1].cavity_pressure, rtol=1e-12)


@pytest.mark.parametrize("sigma", [0.02, 0.1, 0.3])
def test_expansion_at_sigma_gives_the_length_of_garabedian(sigma: float) -> None:
    settings = SectionSettings(
        speed=10.0, diameter=0.01, birth_area="point", expansion=expansion_at(sigma)
    )
    inside = AMBIENT - sigma * settings.dynamic_pressure
    steady = steady_cavity(settings, AMBIENT, inside)
    expected = np.sqrt(settings.drag_coefficient * np.log(1 / sigma)) / sigma
    assert steady.length / settings.diameter == pytest.approx(expected, rel=1e-12)


def test_expansion_parameters_scale_and_bend_the_expansion() -> None:
    assert expansion_at(0.1, 1.2, 0.0) == 1.2
    assert expansion_at(np.exp(-4.0), 1.5, 2.0) == pytest.approx(1.5 * 4.0, rel=1e-12)


@pytest.mark.parametrize("sigma", [-0.1, 0.0, 1.0, np.nan])
def test_expansion_at_a_sigma_without_a_long_cavity_is_refused(sigma: float) -> None:
    with pytest.raises(BadInput) as error:
        expansion_at(sigma)
    assert str(error.value) == (
        f"expansion_at: σ = {sigma:g} is not between 0 and 1, where ln 1/σ is positive; give the "
        "σ of a long cavity, or set the expansion itself"
    )


def test_expansion_parameters_without_a_meaning_are_refused() -> None:
    with pytest.raises(BadInput) as error:
        expansion_at(0.1, -1.0)
    assert str(error.value) == "expansion_at: expected a0 above 0 and a finite a1, got -1 and 1"


def test_steady_cavity_stays_steady_below_the_threshold() -> None:
    assert STEADY.gas_number < neutral_beta()
    run = simulate_cavity(TUNNEL, clock_of(40, 100), AMBIENT, NEEDED)
    np.testing.assert_allclose(run.cavity_pressure, INSIDE, rtol=1e-9)
    np.testing.assert_allclose(run.length, STEADY.length, rtol=1e-9)
    np.testing.assert_allclose(run.volume, STEADY.volume, rtol=1e-9)


def test_balanced_pressure_loses_what_is_supplied() -> None:
    assert balanced_pressure(TUNNEL, AMBIENT, NEEDED) == pytest.approx(INSIDE, rel=1e-10)


@pytest.mark.parametrize("beta", [2.0, 2.4, 2.7, 2.9, 3.0])
def test_growth_and_frequency_are_the_characteristic_root(beta: float) -> None:
    run = stability_experiment(beta, steps=200)
    ringing = run.cavity_pressure.isel(time=slice(100, None))
    measured, root = measured_growth(ringing, oscillations=4), complex(characteristic_root(beta))
    assert measured.real == pytest.approx(root.real, rel=2e-4)
    assert measured.imag == pytest.approx(root.imag, rel=2e-6)


def test_higher_mode_follows_its_own_root() -> None:
    beta = 7.2
    run = stability_experiment(beta, mode=2, steps=200)
    measured = measured_growth(run.cavity_pressure, oscillations=4, frequency=2.0)
    assert measured == pytest.approx(complex(characteristic_root(beta, 2)), rel=1e-4)


@pytest.mark.parametrize(("mode", "bracket"), [(1, (2.0, 3.2)), (2, (7.2, 8.0)), (3, (15.4, 16.2))])
def test_simulated_threshold_is_one_plus_n_squared_pi_squared_over_six(mode, bracket) -> None:
    found = neutral_beta_by_simulation(mode, bracket, steps=200)
    assert found == pytest.approx(neutral_beta(mode), rel=2e-5)


def test_growth_rate_converges_with_the_third_power_of_the_step() -> None:
    def growth(steps: int) -> complex:
        run = stability_experiment(2.7, steps=steps)
        return measured_growth(run.cavity_pressure, oscillations=4)

    # The finite amplitude shifts all of them alike, so compare with a fine run.
    fine = growth(1600)
    errors = [abs(growth(steps) - fine) for steps in (50, 100, 200)]
    orders = np.log2(np.divide(errors[:-1], errors[1:]))
    assert np.all(orders > 2.7), orders


def marched_sections(
    settings: SectionSettings, times: np.ndarray, ambient: np.ndarray, supply: np.ndarray
) -> np.ndarray:
    """The same physics, section by section: every area is stored, the volume is a trapezoid."""
    h, V, k = times[1] - times[0], settings.speed, settings.compliance
    p_ref, p_v = settings.reference_pressure, settings.vapour_pressure
    B, S0 = settings.growth, settings.initial_area
    first = steady_cavity(settings, ambient[0], INSIDE)
    ages = np.arange(int(1.2 * first.lifetime / h))[::-1] * h
    areas = S0 + B * ages - k * (ambient[0] - INSIDE) * ages**2 / 2
    rates = B - k * (ambient[0] - INSIDE) * ages
    gas, content = INSIDE - p_v, first.gas_content
    leak, pressures = settings.loss_coefficient * V, [INSIDE]

    def shape(S: np.ndarray) -> tuple[float, float]:
        """Volume and largest area of the sections since the youngest closed one."""
        tail = np.flatnonzero(S <= 0)[-1]
        alive, before = S[tail + 1 :], S[tail]
        part = alive[0] / (alive[0] - before)
        trapezoid = np.sum(alive[1:] + alive[:-1]) / 2 + part * alive[0] / 2
        return trapezoid * V * h, alive.max()

    _, widest = shape(areas)
    loss = leak * widest * gas / (ambient[0] - p_v - gas)
    for n in range(1, len(times)):
        old_gap, old_loss, new_gas = ambient[n - 1] - p_v - gas, loss, gas
        for _ in range(4):
            gap = ambient[n] - p_v - new_gas
            S = np.append(areas + rates * h - k * (2 * old_gap + gap) / 6 * h**2, S0)
            volume, widest = shape(S)
            loss = leak * widest * new_gas / gap
            mean = (supply[n] + supply[n - 1] - loss - old_loss) / 2
            new_gas = (content + p_ref * h * mean) / volume
        content, gas, areas = content + p_ref * h * mean, new_gas, S
        rates = np.append(rates - k * (old_gap + gap) / 2 * h, B)
        keep = slice(max(np.flatnonzero(areas <= 0)[-1] - 1, 0), None)
        areas, rates = areas[keep], rates[keep]
        pressures.append(gas + p_v)
    return np.array(pressures)


def test_run_agrees_with_sections_marched_one_by_one() -> None:
    times = clock_of(4, 1200)
    phase = 2 * np.pi * times / STEADY.lifetime
    ambient = AMBIENT * (1 + 0.05 * np.sin(0.7 * phase) + 0.01 * times / times[-1])
    supply = NEEDED * (1 + 0.5 * np.sin(0.3 * phase) ** 2)
    oracle = marched_sections(TUNNEL, times, ambient, supply)
    run = simulate_cavity(TUNNEL, times, ambient, supply)
    swing = np.ptp(oracle)
    assert swing > 0.1 * INSIDE
    np.testing.assert_allclose(run.cavity_pressure, oracle, atol=2e-4 * swing)
    coarse = simulate_cavity(TUNNEL, times[::12], ambient[::12], supply[::12])
    np.testing.assert_allclose(coarse.cavity_pressure, oracle[::12], atol=5e-4 * swing)


@pytest.mark.parametrize("loss", ["none", "portion", "boundary_layer"])
@pytest.mark.parametrize("swing", [0.02, 0.5])
def test_gas_is_neither_made_nor_lost(loss: str, swing: float) -> None:
    settings = TUNNEL.model_copy(update={"gas_loss": loss})
    times = clock_of(30, 100)
    run = simulate_cavity(
        settings,
        times,
        lambda t: AMBIENT * (1 + swing * np.sin(2 * np.pi * t / STEADY.lifetime)),
        0.2 * NEEDED,
        INSIDE,
    )
    assert content_defect(run) < 1e-11
    np.testing.assert_allclose(
        run.gas_content, (run.cavity_pressure - settings.vapour_pressure) * run.volume, rtol=1e-9
    )
    assert np.all(np.isfinite(run.to_array()))


def test_fixed_mass_of_gas_stays_fixed_while_the_cavity_rings() -> None:
    run = stability_experiment(2.9, amplitude=1e-3, lifetimes=10, steps=100)
    np.testing.assert_allclose(run.gas_content, run.gas_content[0], rtol=1e-12)
    assert float(run.sheddings[-1]) == 0


@pytest.mark.parametrize("beta", [2.8, 5.0, 16.0])
def test_growing_oscillation_ends_in_shedding_and_never_in_nan(beta: float) -> None:
    run = stability_experiment(beta, amplitude=0.02, lifetimes=40, steps=100)
    assert int(run.sheddings[-1]) > 0
    assert np.all(np.diff(run.gas_shed) >= 0)
    assert np.all(run.length > 0)
    assert np.all(run.volume > 0)
    assert np.all(np.isfinite(run.to_array()))
    assert content_defect(run) < 1e-12


def test_shedding_takes_length_and_gas_but_leaves_the_pressure() -> None:
    run = stability_experiment(5.0, amplitude=0.02, lifetimes=20, steps=400)
    n = int(np.flatnonzero(np.diff(run.sheddings))[0]) + 1
    assert float(run.length[n]) < 0.9 * float(run.length[n - 1])
    assert float(run.gas_content[n]) < 0.999 * float(run.gas_content[n - 1])
    before = abs(float(run.cavity_pressure[n - 1] - run.cavity_pressure[n - 2]))
    assert abs(float(run.cavity_pressure[n] - run.cavity_pressure[n - 1])) < 2 * before


def test_starting_the_clock_later_changes_nothing() -> None:
    times = clock_of(8, 100)

    def run(start: float) -> xr.Dataset:
        ambient = AMBIENT * (1 + 0.05 * np.sin(300 * times))
        return simulate_cavity(TUNNEL, times + start, ambient, NEEDED)

    np.testing.assert_allclose(run(7.0).cavity_pressure, run(0.0).cavity_pressure, rtol=1e-9)


def test_scaling_lengths_and_times_alike_leaves_the_pressure() -> None:
    times, scale = clock_of(8, 100), 3.0
    ambient = AMBIENT * (1 + 0.05 * np.sin(300 * times))
    small = simulate_cavity(TUNNEL, times, ambient, NEEDED)
    settings = TUNNEL.model_copy(update={"diameter": scale * TUNNEL.diameter})
    large = simulate_cavity(settings, scale * times, ambient, scale**2 * NEEDED)
    np.testing.assert_allclose(large.cavity_pressure, small.cavity_pressure, rtol=1e-9)
    np.testing.assert_allclose(large.volume, scale**3 * small.volume, rtol=1e-9)


def test_long_record_loses_no_digits() -> None:
    # The repeated integrals of pressure grow with the cube of time unless their origin moves.
    times = clock_of(2000, 50)
    run = simulate_cavity(TUNNEL, times, AMBIENT, NEEDED)
    np.testing.assert_allclose(run.cavity_pressure[-50:], INSIDE, rtol=1e-9)


def test_functions_arrays_and_numbers_prescribe_the_same() -> None:
    times = clock_of(3, 100)
    runs = [
        simulate_cavity(TUNNEL, times, ambient, supply)
        for ambient, supply in [
            (AMBIENT, NEEDED),
            (np.full(times.shape, AMBIENT), lambda t: np.full(t.shape, NEEDED)),
        ]
    ]
    xr.testing.assert_identical(*runs)


def test_variables_carry_units_and_long_names() -> None:
    run = simulate_cavity(TUNNEL, clock_of(1, 50), AMBIENT, NEEDED)
    assert run.time.attrs["units"] == "s"
    assert all({"units", "long_name"} <= set(run[name].attrs) for name in run.variables)
    assert SectionSettings.model_validate_json(run.attrs["settings"]) == TUNNEL


def test_growth_is_measured_in_noise_and_beside_another_oscillation() -> None:
    t = np.linspace(0, 5, 501)
    rate = -0.1 + 6.2j
    noise = np.random.default_rng(1).normal(scale=1e-3, size=t.size)
    values = 3 + np.real(np.exp(rate * t)) + 0.3 * np.cos(12.9 * t) + noise
    series = xr.DataArray(values, coords={"time": t})
    assert measured_growth(series) == pytest.approx(rate, rel=2e-3)
    assert measured_growth(series, frequency=2.0).imag == pytest.approx(12.9, rel=2e-3)


@pytest.mark.parametrize("seconds", [2.0, 4.8, 10.0])
def test_a_long_record_does_not_slow_its_oscillation_down(seconds: float) -> None:
    t = np.arange(0, seconds, 1e-3)
    rate = -0.05 + 2j * np.pi * 60.0
    slow = 0.01 * np.sin(2 * np.pi * 3.0 * t)
    series = xr.DataArray(3 + np.exp(rate * t).imag + slow, coords={"time": t})
    assert measured_growth(series) == pytest.approx(rate, rel=1e-6)
    faint = xr.DataArray(3 + 0.01 * np.exp(rate * t).imag + 100 * slow, coords={"time": t})
    assert measured_growth(faint, frequency=60.0) == pytest.approx(rate, rel=1e-6)


def test_a_record_too_long_for_its_oscillation_is_refused() -> None:
    t = np.arange(0, 10, 1e-3)
    series = xr.DataArray(np.sin(2 * np.pi * 300.0 * t), coords={"time": t})
    with pytest.raises(BadInput) as error:
        measured_growth(series)
    assert str(error.value) == (
        "series: 10000 samples are too many for oscillations of 300 Hz; give a shorter part, or "
        "smooth noise away and resample"
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"ambient_pressure": 1e3},
            "ambient_pressure falls to 1000 Pa, not above the vapour pressure 2339.2 Pa: the whole "
            "tunnel would boil; raise the pressure",
        ),
        (
            {"ambient_pressure": np.where(np.arange(201) == 7, np.nan, AMBIENT)},
            "ambient_pressure: 1 of 201 values are not finite, the first at "
            f"t = {clock_of(2, 100)[7]:.6g} s; fill the gaps, for example by interpolation",
        ),
        (
            {"ambient_pressure": np.full(7, AMBIENT)},
            "ambient_pressure: expected axes (time=201), got shape (7,)",
        ),
        (
            {"ventilation": np.where(np.arange(201) % 100 == 50, np.nan, NEEDED)},
            "ventilation: 2 of 201 values are not finite, the first at "
            f"t = {clock_of(2, 100)[50]:.6g} s; fill the gaps, for example by interpolation",
        ),
        (
            {"ambient_pressure": -5e3},
            "ambient_pressure falls to -5000 Pa, not above the vapour pressure 2339.2 Pa: the "
            "whole tunnel would boil; raise the pressure",
        ),
        (
            {"past_pressure": -100.0},
            "no steady cavity at p_c = -100 Pa: it must lie from the vapour pressure 2339.2 Pa up "
            "to below the ambient 20000",
        ),
        ({"ventilation": -1e-4}, "ventilation must be 0 or more, got -0.0001 m³/s"),
        (
            {"ventilation": 0.0},
            "no steady cavity loses 0 m³/s by the law 'portion' (coefficient 0.015): give "
            "past_pressure, or change the ventilation or the law",
        ),
        (
            {"past_pressure": 21e3},
            "no steady cavity at p_c = 21000 Pa: it must lie from the vapour pressure 2339.2 Pa up "
            "to below the ambient 20000",
        ),
        (
            {"time": np.linspace(0, 1, 201) ** 2},
            "time: samples must increase by even steps; resample on a uniform clock",
        ),
        (
            {"time": clock_of(2, 100)[[0, 2, 1, *range(3, 201)]]},
            "time: samples must increase by even steps; resample on a uniform clock",
        ),
        ({"time": np.array([0.0])}, "time: expected at least 2 finite samples, got 1 samples"),
    ],
)
def test_bad_input_is_named_with_its_remedy(changes: dict, message: str) -> None:
    given = {"time": clock_of(2, 100), "ambient_pressure": AMBIENT, "ventilation": NEEDED}
    with pytest.raises(BadInput) as error:
        simulate_cavity(TUNNEL, **(given | changes))
    assert str(error.value) == message


def test_coarse_step_is_refused_with_the_step_to_use() -> None:
    with pytest.raises(BadInput) as error:
        simulate_cavity(TUNNEL, clock_of(10, 20), AMBIENT, NEEDED, INSIDE)
    step = f"{STEADY.lifetime / 30:.4g}"
    assert str(error.value) == (
        f"time: 20 steps in a lifetime L/V = {STEADY.lifetime:.4g} s are too coarse; "
        f"use steps of at most {step} s"
    )


def test_collapse_is_reported_with_its_time() -> None:
    times = clock_of(4, 120)
    with pytest.raises(BadInput, match=r"^the cavity collapsed to the disk at t = .* s: give more"):
        simulate_cavity(TUNNEL, times, AMBIENT * np.exp(4 * times / STEADY.lifetime), 0.0, 2400.0)


def test_growth_of_a_flat_series_is_refused() -> None:
    series = xr.DataArray(np.arange(8.0), coords={"time": np.arange(8.0)})
    with pytest.raises(BadInput) as error:
        measured_growth(series)
    assert str(error.value) == "series: 8 samples are too few for 2 oscillations"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"speed": 0.0}, "speed: input should be greater than 0"),
        ({"diameter": -1.0}, "diameter: input should be greater than 0"),
        ({"density": np.inf}, "density: input should be a finite number"),
        ({"vapour_pressure": -1.0}, "input should be greater than or equal to 0"),
        ({"gas_loss": "prtion"}, "unknown gas loss 'prtion'; known: boundary_layer, "),
        (
            {"gas_loss": "power_law"},
            "gas loss 'power_law' has no quoted coefficient: give loss_coefficient",
        ),
    ],
)
def test_settings_refuse_what_no_tunnel_has(wrong: dict, message: str) -> None:
    with pytest.raises(BadInput) as error:
        SectionSettings(**({"speed": 10.0, "diameter": 0.01} | wrong))
    assert message in str(error.value)


def test_experiment_refuses_vapour_and_bracket_without_threshold() -> None:
    with pytest.raises(BadInput) as error:
        stability_experiment(1.0)
    assert str(error.value) == "expected β above 1 and a mode of at least 1, got β = 1.0, n = 1"
    with pytest.raises(BadInput, match=r"expected decay, then growth; widen the bracket$"):
        neutral_beta_by_simulation(bracket=(2.0, 2.2), steps=100)


@pytest.mark.parametrize(
    "time",
    [
        np.arange(0, 1000).astype("timedelta64[ms]"),
        np.datetime64("2020-01-01", "ms") + np.arange(0, 1000).astype("timedelta64[ms]"),
    ],
)
def test_times_with_a_unit_of_their_own_are_refused_with_the_conversion(time: np.ndarray) -> None:
    settings = SectionSettings(speed=10.0, diameter=0.02)
    given = (settings, time, 30e3, 0.0, 20e3)
    for refused in (
        lambda: simulate_cavity(*given),
        lambda: simulate_cavities([settings], *given[1:]),
        lambda: even_step(time),
        lambda: measured_growth(xr.DataArray(np.zeros(time.size), coords={"time": time})),
    ):
        with pytest.raises(BadInput, match=r"give seconds: \(t - t\[0\]\) / np\.timedelta64"):
            refused()
    seconds = (time - time[0]) / np.timedelta64(1, "s")
    assert even_step(seconds) == pytest.approx(1e-3, rel=1e-12)


def test_a_past_that_would_not_fit_into_memory_is_refused() -> None:
    settings = SectionSettings(speed=10.0, diameter=0.02)
    with pytest.raises(BadInput, match=r"may have 4000000; lower past_pressure"):
        simulate_cavity(settings, np.arange(0, 1, 1e-3), 30e3, past_pressure=29999.999999)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (np.full(1000, 20e3), "past_pressure: expected a number, or a function of time"),
        ("20e3", "past_pressure: expected real numbers, got str"),
        (lambda _: np.full(7, 20e3), r"past_pressure: .*; got shape \(7,\)"),
    ],
)
def test_a_past_pressure_that_is_no_number_is_refused(given: Any, message: str) -> None:
    settings = SectionSettings(speed=10.0, diameter=0.02)
    with pytest.raises(BadInput, match=message):
        simulate_cavity(settings, np.arange(0, 1, 1e-3), 30e3, past_pressure=given)


def test_prescribed_text_and_masked_samples_are_refused() -> None:
    settings, time = SectionSettings(speed=10.0, diameter=0.02), np.arange(0, 1, 1e-3)
    with pytest.raises(BadInput, match="ambient_pressure: expected real numbers, got str"):
        simulate_cavity(settings, time, "high", past_pressure=20e3)
    gaps = np.ma.masked_less(np.linspace(0, 30e3, 1000), 1e3)
    with pytest.raises(BadInput, match=r"ambient_pressure: 34 of 1000 values are not finite"):
        simulate_cavity(settings, time, gaps, past_pressure=20e3)
