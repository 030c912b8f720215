"""A wave dies as theory says, and a cavity is deaf where tan πf = πf."""

import numpy as np
import pytest

from sciml.hydro.figures.cavity_histories import (
    amplification,
    disturbed_growth,
    ventilation_step,
)
from sciml.hydro.sections import SectionSettings
from sciml.hydro.stability import characteristic_root


@pytest.mark.parametrize("beta", [2.4, 2.8])
def test_without_loss_the_growth_is_the_root_of_the_characteristic_equation(beta: float) -> None:
    tunnel = SectionSettings(speed=10.0, diameter=0.02, birth_area="point")
    assert disturbed_growth(tunnel, beta) == pytest.approx(characteristic_root(beta), abs=2e-3)


def test_loss_in_portions_damps() -> None:
    bare = SectionSettings(speed=10.0, diameter=0.02)
    leaking = SectionSettings(speed=10.0, diameter=0.02, gas_loss="portion")
    assert disturbed_growth(leaking, 2.8).real < disturbed_growth(bare, 2.8).real - 0.02


def test_a_swing_near_one_in_a_lifetime_is_amplified_and_one_near_1_4_is_not_felt() -> None:
    gain = amplification(np.array([1.6, 2.4]), np.array([0.95, 1.4]))["amplification"].values
    assert gain[1, 0] > 2
    assert gain[1, 0] > 2 * gain[0, 0]
    assert gain[:, 1].max() < 0.05


def test_all_cavities_start_alike_and_their_quantiles_are_ordered() -> None:
    fan = ventilation_step(20)["pressure_quantile"].transpose("level", "time").values
    assert np.ptp(fan[:, 0]) < 1.0  # Pa
    assert np.all(np.diff(fan, axis=0) >= 0)
    assert fan[0, -1] > fan[-1, 0]
