"""The section model against delay-differential equations that share nothing with its kernel."""

import numpy as np
import pytest

from sciml.hydro.oscillation import stability_experiment
from sciml.hydro.sections import SectionSettings, simulate_cavity, steady_cavity, steady_loss
from tests.hydro.delay_oracle import delayed_cavity, delayed_ripple

AMBIENT, INSIDE = 20e3, 12e3  # Pa
LIFETIMES = 3


def tunnel(gas_loss: str, birth_area: str) -> SectionSettings:
    coefficients = {
        "none": {},
        "portion": {"loss_coefficient": 0.015},
        "boundary_layer": {"loss_coefficient": 1.5e-5},
        "power_law": {"loss_coefficient": 0.03, "loss_shape": -1.5},
    }[gas_loss]
    return SectionSettings(
        speed=10.0, diameter=0.01, gas_loss=gas_loss, birth_area=birth_area, **coefficients
    )


@pytest.mark.parametrize("birth_area", ["point", "disk"])
@pytest.mark.parametrize("gas_loss", ["none", "portion", "boundary_layer", "power_law"])
def test_march_converges_to_the_delay_equation_with_the_third_power_of_the_step(
    gas_loss: str, birth_area: str
) -> None:
    settings = tunnel(gas_loss, birth_area)
    steady = steady_cavity(settings, AMBIENT, INSIDE)
    needed = steady_loss(settings, AMBIENT, INSIDE)
    w = 2 * np.pi / steady.lifetime

    def ambient(t):
        return AMBIENT * (1 + 0.03 * (1 - np.cos(0.7 * w * t)))

    def ventilation(t):
        return needed * (1 + 0.3 * np.sin(0.4 * w * t) ** 2)

    def clock(steps: int) -> np.ndarray:
        return np.arange(LIFETIMES * steps + 1) * steady.lifetime / steps

    oracle = delayed_cavity(settings, clock(40), ambient, ventilation, INSIDE)
    assert np.ptp(oracle.cavity_pressure) > 0.03 * INSIDE
    errors = []
    for steps in (40, 80, 160):
        run = simulate_cavity(settings, clock(steps), ambient, ventilation, INSIDE)
        run = run.isel(time=slice(None, None, steps // 40))
        errors.append(
            [
                float(np.abs(run[name].values / getattr(oracle, name) - 1).max())
                for name in ("cavity_pressure", "length", "volume")
            ]
        )
    orders = np.log2(np.divide(errors[:-1], errors[1:]))
    assert np.all(np.array(errors[-1]) < 1e-5), errors
    assert np.all(orders[-1] > 2.6), (orders, errors)


@pytest.mark.parametrize("beta", [2.0, 2.7, 3.0])
def test_small_ripples_follow_the_linear_delay_equation(beta: float) -> None:
    amplitude = 1e-6
    run = stability_experiment(beta, amplitude=amplitude, lifetimes=5, steps=200)
    ripple = (run.cavity_pressure.values - (beta - 1.0)) / amplitude
    oracle = delayed_ripple(beta, run.time.values)
    np.testing.assert_allclose(ripple, oracle, atol=2e-4 * np.abs(oracle).max())
