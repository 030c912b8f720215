"""Potentials side by side: one that is compared with itself differs in nothing."""

import numpy as np
import pytest

from sciml.materials.properties.comparison import (
    LEARNT,
    TRUTH,
    CompressionSettings,
    LiquidSettings,
    PhononSettings,
    common_structure,
    compressions,
    liquids,
    phonons,
    repeated,
)
from sciml.materials.properties.dynamics import MotionSettings
from tests.materials.properties.known_crystals import EDGE, SPRING, Springs, spring_crystal

TWINS = {TRUTH: Springs(), LEARNT: Springs()}
GPA_OF_SPRINGS = SPRING / EDGE * 160.21766


def test_compression_has_fit_and_constants_of_each() -> None:
    settings = CompressionSettings(pressures=(-4, -2, 0, 2, 4), elastic=(0, 4))
    data = compressions(TWINS, spring_crystal(), settings)
    assert data["volume"].dims == ("potential", "pressure")
    np.testing.assert_allclose(data["bulk_modulus"], 4 / 3 * GPA_OF_SPRINGS, rtol=3e-3)
    at_rest = data["stiffness"].sel(elastic_pressure=0)
    np.testing.assert_allclose(at_rest[0], np.array([2, 1, 1]) * GPA_OF_SPRINGS, rtol=1e-4)
    np.testing.assert_array_equal(at_rest[0], at_rest[1])
    assert (data["softest"] > 0).all()


@pytest.mark.slow
def test_phonons_share_path_and_levels() -> None:
    settings = PhononSettings(temperatures=(0.0, 300.0))
    data = phonons(TWINS, spring_crystal(), settings)
    assert list(data.attrs["corner_names"]) == ["G", "X", "U", "K", "G", "L"]
    gap = data.sel(potential=LEARNT) - data.sel(potential=TRUTH)
    np.testing.assert_allclose(gap["frequency"], 0, atol=1e-5)
    np.testing.assert_allclose(data["density"].integrate("level"), 3, rtol=0.01)
    assert float(data["share"][-1]) == 1


def test_melts_of_the_same_seed_are_the_same() -> None:
    motion = MotionSettings(ensemble="npt", temperature=100, settling=20, steps=200, every=4)
    settings = LiquidSettings(motion=motion, melting=150, melting_steps=20, cutoff=5, bins=20)
    data, motions = liquids(TWINS, spring_crystal(), settings, seed=1)
    assert common_structure(data) == 1
    assert set(motions) == {TRUTH, LEARNT}
    assert (data["diffusion_error"] > 0).all()
    assert float(data["temperature"][0]) == float(motions[TRUTH]["temperature"].mean())


def test_a_repeated_crystal_has_the_energy_of_its_parts() -> None:
    one, many = spring_crystal(), repeated(spring_crystal(), 3)
    energies = [found.energy for found in Springs().evaluate([one, many])]
    np.testing.assert_allclose(energies[1], 27 * energies[0])
