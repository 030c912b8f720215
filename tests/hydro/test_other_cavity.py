"""The other cavity rests where gas supplied is gas lost, and its sensors are as declared."""

import numpy as np
import pytest

from sciml.core.errors import BadInput
from sciml.hydro.other_cavity import Truth, other_cavity, sensed

CLOCK = np.arange(200) / 500.0  # s


@pytest.mark.parametrize("truth", [Truth(), Truth(portion=0.012, layer=3e-8)])
def test_under_constant_forcing_loss_equals_supply(truth: Truth) -> None:
    run = other_cavity(truth, CLOCK, np.full(200, 25e3), np.full(200, 3e-4))
    np.testing.assert_allclose(run["gas_loss"], 3e-4, rtol=2e-3)
    assert np.ptp(run["cavity_pressure"].values) < 5.0  # Pa


def test_more_gas_makes_a_longer_cavity() -> None:
    lengths = [
        float(other_cavity(Truth(), CLOCK, np.full(200, 25e3), np.full(200, q))["length"].mean())
        for q in (2.6e-4, 3.4e-4)
    ]
    assert lengths[1] > 1.05 * lengths[0]


def test_steps_too_fine_for_the_sections_there_are_are_refused() -> None:
    forcing = (CLOCK[:20], np.full(20, 25e3), np.full(20, 3e-4))
    coarse = other_cavity(Truth(), *forcing, substeps=100)["length"]
    np.testing.assert_allclose(coarse, other_cavity(Truth(), *forcing)["length"], rtol=0.02)
    with pytest.raises(BadInput, match=r"reach 0\.137 m with 600 substeps; use fewer$"):
        other_cavity(Truth(), *forcing, substeps=600)


def test_noise_of_a_fast_sensor_has_the_size_and_correlation_that_were_asked_for() -> None:
    signal = np.sin(np.linspace(0.0, 200.0, 40_000))
    noise = sensed(signal, 1.0, 0.1, 1e3, (0,)) - signal
    assert noise.std() == pytest.approx(0.1 * signal.std(), rel=0.1)
    assert np.corrcoef(noise[1:], noise[:-1])[0, 1] == pytest.approx(0.45, abs=0.05)
