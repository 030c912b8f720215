import numpy as np
import pytest
import xarray as xr

from sciml.core.errors import BadInput
from sciml.hydro.cavity import drag_coefficient
from sciml.hydro.reentrant import JetSettings, jet_area_ratio, jet_history, jet_speed
from sciml.hydro.sections import SectionSettings, simulate_cavity, steady_cavity, steady_loss

TUNNEL = SectionSettings(speed=10.0, diameter=0.02, gas_loss="portion")
DISK = np.pi * TUNNEL.diameter**2 / 4  # m²
STEP = 1e-3  # s


def history_of(sigma: np.ndarray, length: np.ndarray | float) -> xr.Dataset:
    """A made-up history on a clock of 1 ms."""
    times = 5.0 + STEP * np.arange(len(sigma))
    return xr.Dataset(
        {
            "cavitation_number": ("time", sigma),
            "length": ("time", np.broadcast_to(length, sigma.shape)),
        },
        coords={"time": times},
    )


def random_history(seed: int) -> xr.Dataset:
    generator = np.random.default_rng(seed)
    wiggle = generator.standard_normal((2, 300)).cumsum(axis=1)
    return history_of(0.2 * np.exp(0.05 * wiggle[0]), 0.3 * np.exp(0.05 * wiggle[1]))


def pushes(history: xr.Dataset) -> np.ndarray:
    """ρ S_j V_j² of the present cavity, N."""
    now = jet_history(history, TUNNEL, JetSettings(delay_coefficient=0.0))
    return now.jet_force.values


@pytest.mark.parametrize(("sigma", "ratio"), [(0.0, 0.205), (0.3, 0.2184)])
def test_jet_is_a_fifth_of_the_disk(sigma: float, ratio: float) -> None:
    cx = drag_coefficient(sigma)
    assert jet_area_ratio(sigma, cx) == pytest.approx(ratio, abs=5e-5)


def test_drag_is_the_momentum_that_turns_the_jet_around() -> None:
    sigma, cx = np.linspace(0.0, 1.2, 13), 0.9
    jet, area = jet_speed(10.0, sigma), jet_area_ratio(sigma, cx)
    turned = 1000.0 * area * jet * (10.0 + jet)
    np.testing.assert_allclose(turned, 0.5 * 1000.0 * 10.0**2 * cx, rtol=1e-14)


def test_jet_keeps_the_head_of_the_flow() -> None:
    # p∞ + ½ρV² = p_c + ½ρV_j² on the surface of the cavity.
    ambient, inside, density = 20e3, 12e3, 1000.0
    sigma = (ambient - inside) / (0.5 * density * 10.0**2)
    head = inside + 0.5 * density * jet_speed(10.0, sigma) ** 2
    assert head == pytest.approx(ambient + 0.5 * density * 10.0**2, rel=1e-14)


def test_force_of_a_steady_cavity_is_that_of_a_jet_stopped_dead() -> None:
    steady = steady_cavity(TUNNEL, 25e3, 15e3)
    needed = steady_loss(TUNNEL, 25e3, 15e3)
    times = np.arange(201) * steady.lifetime / 100
    run = jet_history(simulate_cavity(TUNNEL, times, 25e3, needed), TUNNEL)
    speed = 10.0 * np.sqrt(1 + steady.cavitation_number)
    # ρ S_j V_j² = drag · V_j / (V + V_j): below half the drag plus a little.
    drag = 0.5 * TUNNEL.density * 100.0 * TUNNEL.drag_coefficient * DISK
    np.testing.assert_allclose(run.jet_force, drag * speed / (10.0 + speed), rtol=1e-8)
    np.testing.assert_allclose(run.jet_delay, steady.length * (1 / 10 + 1 / speed), rtol=1e-8)


@pytest.mark.parametrize("steps", [7, 30])
def test_force_of_a_constant_length_arrives_after_exactly_the_delay(steps: int) -> None:
    # σ is 0.21 throughout but for one sample; V_j = 11 m/s, so L sets τ to whole steps.
    sigma = np.full(100, 0.21)
    length = steps * STEP / (1 / 10 + 1 / 11)
    history = history_of(sigma, length)
    history["cavitation_number"][40] = 0.25
    force = jet_history(history, TUNNEL).jet_force.values
    base, peak = pushes(history)[[0, 40]]
    expected = np.full(100, base)
    expected[40 + steps] = peak
    # At sample 40 itself the delay is shorter, but the push before is the same.
    np.testing.assert_allclose(force, expected, rtol=1e-9)


@pytest.mark.parametrize("fraction", [0.0, 0.25, 0.9])
def test_between_samples_the_push_is_linear_in_time(fraction: float) -> None:
    # A push that rises evenly is delayed without error, whatever the part of a step.
    generator = np.random.default_rng(3)
    history = history_of(0.2 + 1e-7 * generator.standard_normal(80), 0.1)
    present = pushes(history)
    delay = jet_history(history, TUNNEL).jet_delay.values * (10 + fraction) / 19
    jet = JetSettings(delay_coefficient=(10 + fraction) / 19)
    force = jet_history(history, TUNNEL, jet).jet_force.values
    later = np.arange(40, 80)
    back = later - delay[later] / STEP
    below = np.floor(back).astype(int)
    expected = present[below] + (back - below) * (present[below + 1] - present[below])
    np.testing.assert_allclose(force[later], expected, rtol=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_force_knows_nothing_of_the_future(seed: int) -> None:
    history, other = random_history(seed), random_history(seed + 100)
    now = 170
    changed = xr.concat(
        [history.isel(time=slice(None, now)), other.isel(time=slice(now, None))], "time"
    )
    jet = JetSettings(delay_coefficient=0.03)  # less than a step in places
    before, after = (jet_history(h, TUNNEL, jet).jet_force.values for h in (history, changed))
    np.testing.assert_array_equal(before[:now], after[:now])
    assert np.all(before[now:] != after[now:])


def test_before_the_record_the_cavity_was_as_in_its_first_sample() -> None:
    history = history_of(np.linspace(0.1, 0.3, 20), 0.5)  # the delay is longer than the record
    force = jet_history(history, TUNNEL).jet_force.values
    np.testing.assert_array_equal(force, np.full(20, pushes(history)[0]))


def test_force_is_proportional_to_its_coefficient() -> None:
    history = random_history(1)
    once, half = (
        jet_history(history, TUNNEL, JetSettings(force_coefficient=c)).jet_force for c in (1.0, 0.5)
    )
    np.testing.assert_allclose(half, 0.5 * once, rtol=1e-15)


def test_variables_carry_units_and_long_names() -> None:
    run = jet_history(random_history(0), TUNNEL)
    assert set(run.data_vars) == {"jet_speed", "jet_area", "jet_delay", "jet_force"}
    assert all({"units", "long_name"} <= set(run[name].attrs) for name in run.data_vars)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"cavitation_number": -0.1},
            "jet_speed: σ must be 0 or more, got -0.1; below, the cavity does not close and has "
            "no jet",
        ),
        ({"length": -0.5}, "length must be 0 or more, got -0.5 m"),
        (
            {"length": np.nan},
            "length: 20 of 20 values are not finite, the first at t = 5 s; fill the gaps, for "
            "example by interpolation",
        ),
    ],
)
def test_bad_history_is_named_with_its_remedy(changes: dict, message: str) -> None:
    history = history_of(np.full(20, 0.2), 0.3)
    for name, value in changes.items():
        history[name] = history[name] * 0 + value
    with pytest.raises(BadInput) as error:
        jet_history(history, TUNNEL)
    assert str(error.value) == message


def test_history_without_length_and_water_at_rest_have_no_jet() -> None:
    with pytest.raises(BadInput) as error:
        jet_history(random_history(0).drop_vars("length"), TUNNEL)
    assert str(error.value) == "history: no variable 'length'; give what simulate_cavity returns"
    with pytest.raises(BadInput) as error:
        jet_speed(0.0, 0.2)
    assert str(error.value) == "jet_speed: speed must be positive, got 0 m/s"
    with pytest.raises(BadInput) as error:
        jet_area_ratio(np.array([0.1, -0.5]), 0.82)
    assert str(error.value).startswith("jet_area_ratio: σ must be 0 or more, got -0.5; below")


def test_a_history_with_durations_is_refused_with_the_conversion() -> None:
    history = random_history(0)
    durations = (history.time.values * 1e9).round().astype("timedelta64[ns]")
    with pytest.raises(BadInput, match=r"give seconds: \(t - t\[0\]\) / np\.timedelta64"):
        jet_history(history.assign_coords(time=durations), TUNNEL)
