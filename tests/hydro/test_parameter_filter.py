import numpy as np
import pytest
import xarray as xr

from sciml.core.errors import BadInput
from sciml.hydro.identification import IdentificationSettings, identify
from sciml.hydro.identification_problem import CavityTheory, ProblemSettings, Sensor, predicted_run
from sciml.hydro.parameter_filter import ParameterFilterSettings, filter_parameters
from sciml.hydro.sections import SectionSettings, steady_loss

AMBIENT = 25e3  # Pa
TUNNEL = SectionSettings(speed=10.0, diameter=0.02, gas_loss="portion", loss_coefficient=0.015)
THEORY = CavityTheory(tunnel=TUNNEL)
SUPPLY = steady_loss(TUNNEL, AMBIENT, AMBIENT - 10e3)  # m³/s
CLOCK = np.arange(120) / 500.0  # s
SENSORS = {"cavity_pressure": Sensor(noise=100.0), "length": Sensor(noise=2e-3)}
SPREADS = {"loss_coefficient": 0.1, "growth_factor": 0.1}
DRIVE = xr.Dataset(
    {
        "ambient_pressure": ("time", AMBIENT * (1 + 0.08 * np.sin(30 * CLOCK))),
        "ventilation": ("time", SUPPLY * (1 + 0.3 * np.sin(20 * CLOCK))),
    },
    coords={"time": CLOCK},
)


def run_of(numbers: dict[str, float], seed: int) -> xr.Dataset:
    truth = THEORY.model_copy(update={"tunnel": TUNNEL.model_copy(update=numbers)})
    run = DRIVE.merge(predicted_run(truth, DRIVE, tuple(SENSORS)))
    generator = np.random.default_rng(seed)
    for name, sensor in SENSORS.items():
        run[name] = run[name] + sensor.noise * generator.standard_normal(CLOCK.size)
    return run


def test_blocks_give_what_all_samples_at_once_give() -> None:
    run = run_of({"loss_coefficient": 0.017, "growth_factor": 0.93}, 0)
    settings = IdentificationSettings(problem=ProblemSettings(spreads=SPREADS), reweightings=0)
    least = identify([run], SENSORS, THEORY, [*SPREADS], settings)
    found = filter_parameters(
        [run], SENSORS, THEORY, SPREADS, ParameterFilterSettings(block=30)
    ).isel(time=-1)
    errors = np.array([*least.errors.values()])
    np.testing.assert_allclose(found.value, [*least.values.values()], atol=0.3 * errors.min())
    np.testing.assert_allclose(found.error, errors, rtol=0.1)
    pair = (("parameter", "loss_coefficient"), ("other", "growth_factor"))
    assert float(found.correlation.sel(dict(pair))) == pytest.approx(
        float(least.correlation.sel(dict(pair))), abs=0.05
    )


def test_uncertainty_falls_from_block_to_block_and_starts_below_the_prior() -> None:
    found = filter_parameters(
        [run_of({}, 1)], SENSORS, THEORY, SPREADS, ParameterFilterSettings(block=40)
    )
    np.testing.assert_allclose(found.time, CLOCK[[39, 79, 119]])
    assert np.all(np.diff(found.error, axis=0) < 0)
    prior = [0.1 * TUNNEL.loss_coefficient, 0.1]
    assert np.all(found.error[0] < prior)


def test_intervals_and_distances_are_those_of_a_calibrated_filter() -> None:
    generator = np.random.default_rng(2)
    distances, inside = [], []
    for seed in range(24):
        numbers = {n: getattr(TUNNEL, n) * np.exp(0.1 * generator.normal()) for n in SPREADS}
        settings = ParameterFilterSettings(block=120, members=12)
        found = filter_parameters([run_of(numbers, seed)], SENSORS, THEORY, SPREADS, settings)
        last, true = found.isel(time=-1), np.array([*numbers.values()])
        gap = (last["value"].values - true) / last["error"].values
        distances.append(gap @ np.linalg.solve(last["correlation"].values, gap))
        inside.append((last["low"].values < true) & (true < last["high"].values))
    # The sum of 24 squares of Mahalanobis in two dimensions is χ² with 48 degrees of freedom.
    assert 24 < sum(distances) < 82  # 0.1 % on either side
    assert np.mean(inside) > 0.75


def test_block_without_measurements_teaches_nothing() -> None:
    run = run_of({}, 3)
    for name in SENSORS:
        run[name][40:80] = np.nan
    found = filter_parameters([run], SENSORS, THEORY, SPREADS, ParameterFilterSettings(block=40))
    np.testing.assert_array_equal(found.error[1], found.error[0])


def test_same_seed_gives_the_same_bits() -> None:
    settings = ParameterFilterSettings(block=120, members=8)
    runs = [
        filter_parameters([run_of({}, 4)], SENSORS, THEORY, SPREADS, settings) for _ in range(2)
    ]
    xr.testing.assert_identical(*runs)


def test_too_few_members_and_a_free_start_are_refused() -> None:
    run, many = run_of({}, 5), dict.fromkeys(("loss_coefficient", "expansion", "blockage"), 0.01)
    wide = many | {"growth_factor": 0.01}
    with pytest.raises(BadInput) as error:
        filter_parameters([run], SENSORS, THEORY, wide, ParameterFilterSettings(members=8))
    assert str(error.value) == "8 members cannot span 4 numbers; use 10 or more"
    settings = ParameterFilterSettings(problem=ProblemSettings(start="free"))
    with pytest.raises(BadInput) as error:
        filter_parameters([run], SENSORS, THEORY, SPREADS, settings)
    assert str(error.value) == (
        "filter_parameters: a start pressure has no prior; start from balance"
    )


def test_prior_too_wide_for_any_cavity_is_reported() -> None:
    wide = {"expansion": 5.0, "growth_factor": 5.0}
    with pytest.raises(BadInput, match=r"members have a cavity; narrow the spreads or move the"):
        filter_parameters(
            [run_of({}, 6)], SENSORS, THEORY, wide, ParameterFilterSettings(members=8)
        )
