import numpy as np
import pytest

from sciml.materials.ace.radial import RadialSettings, radial_functions


@pytest.mark.parametrize("crowding", [0.0, 3.0])
def test_slopes_are_derivatives(crowding: float) -> None:
    settings, r, step = RadialSettings(crowding=crowding), np.linspace(0.5, 4.9, 40), 1e-6
    up, down = (radial_functions(r + s, settings)[0] for s in (step, -step))
    np.testing.assert_allclose(
        radial_functions(r, settings)[1], (up - down) / (2 * step), atol=1e-6
    )


def test_functions_and_slopes_vanish_smoothly_at_the_cutoff() -> None:
    settings = RadialSettings(cutoff=4.0)
    gap = np.array([1e-2, 1e-3])
    near = np.abs(radial_functions(4.0 - gap, settings)).max(axis=2)
    # Third order in the gap for the values, second for the slopes.
    np.testing.assert_allclose(near[0, 1] / near[0, 0], 1e-3, rtol=0.1)
    np.testing.assert_allclose(near[1, 1] / near[1, 0], 1e-2, rtol=0.1)
    assert not radial_functions(np.array([4.0, 5.0]), settings).any()


def test_functions_are_independent() -> None:
    settings = RadialSettings(functions=12)
    values = radial_functions(np.linspace(0.1, 5, 500), settings)[0]
    assert np.linalg.matrix_rank(values) == 12
