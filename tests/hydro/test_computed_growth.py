"""Computed growth is split as its card says; a family of one shape is foretold exactly."""

import numpy as np
import pytest

from sciml.core.axes import FloatArray
from sciml.hydro.cavity_growth import growth_phase
from sciml.hydro.computed_growth import common_shape, computed_volumes


def curve(sigma: float) -> tuple[FloatArray, FloatArray]:
    """A shape whose duration is 2 σ⁻¹ and whose size is 3 σ⁻²."""
    share = np.linspace(0.0, 1.0, 101)
    return 2 / sigma * share, 3 / sigma**2 * share**2 * (3 - 2 * share)


@pytest.mark.parametrize("sigma", [0.1, 0.25, 0.6])
def test_powers_of_the_cavitation_number_are_found_and_extended(sigma: float) -> None:
    common = common_shape({s: curve(s) for s in (0.2, 0.3, 0.45)})
    time, volume = curve(sigma)
    np.testing.assert_allclose(common.volume(sigma, time), volume, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("mesh", [1.0, 1.5])
def test_computed_cavities_are_held_out_inside_and_outside(mesh: float) -> None:
    volumes, used = computed_volumes(mesh)
    assert used == (0.2, 0.3, 0.4, 0.45)
    held = set(volumes) - set(used)
    assert held == {0.15, 0.25, 0.35, 0.5}
    largest = [growth_phase(*volumes[sigma])[1].max() for sigma in sorted(volumes)]
    assert np.all(np.diff(largest) < 0)  # a smaller σ has the larger cavity
