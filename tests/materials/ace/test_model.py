"""The laws of a potential, for one with random weights, and its file."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from sciml.core.errors import BadInput
from sciml.materials.ace.core import without_core
from sciml.materials.ace.couplings import CouplingSettings, couplings
from sciml.materials.ace.model import (
    AcePotential,
    AceSettings,
    Weights,
    evaluated,
    pairs_of,
    weight_shapes,
)
from sciml.materials.ace.radial import RadialSettings
from sciml.materials.elements import covalent_radius
from sciml.materials.structures import Structure
from sciml.materials.zbl import NuclearRepulsion
from tests.materials.ace.test_kernels import crystal, strained

SETTINGS = AceSettings(
    radial=RadialSettings(cutoff=4.0, functions=4),
    couplings=CouplingSettings(factors=4, fourfold_degree=2),
    channels=3,
    hidden=5,
)
TWO_LAYERS = SETTINGS.model_copy(update={"messages": 2})
FINER = TWO_LAYERS.model_copy(update={"couplings": CouplingSettings(degree=5)})
KINDS = {"local": SETTINGS, "messages": TWO_LAYERS, "finer": FINER}
EACH_KIND = pytest.mark.parametrize("settings", KINDS.values(), ids=KINDS)


def potential(seed: int = 0, settings: AceSettings = SETTINGS) -> AcePotential:
    """Random weights of a size that every part of the energy counts."""
    rng = np.random.default_rng(seed)
    shapes = weight_shapes(settings, 2)
    arrays = {name: rng.normal(size=shape) for name, shape in shapes.items()}
    for name in ("mixing", "message", "first", "charge"):
        arrays[name] *= 0.1
    return AcePotential(settings, (6, 14), Weights(**arrays))


@pytest.fixture(params=KINDS.values(), ids=KINDS)
def either(request: pytest.FixtureRequest) -> AcePotential:
    """A strictly local potential, and one with messages."""
    return potential(settings=request.param)


def crowded(seed: int) -> Structure:
    """A crystal in which silicon and carbon nearly touch, where their repulsion is switched."""
    structure = crystal(seed)
    positions = structure.positions.copy()
    positions[4] = positions[0] + [0.6, -0.5, 0.7]
    return replace(structure, positions=positions)


def dimer(distance: float, numbers: tuple[int, int] = (14, 6)) -> Structure:
    positions = np.array([[0, 0, 0], [distance, 0, 0]])
    return Structure(np.array(numbers), positions, np.zeros((3, 3)), np.zeros(3, bool))


def energy(given: AcePotential, structure: Structure) -> float:
    return given.evaluate([structure])[0].energy


def test_forces_are_slopes_of_the_energy(either: AcePotential) -> None:
    structure, step = crowded(0), 1e-5
    exact = either.evaluate([structure])[0].forces
    for atom in range(len(structure)):
        for axis in range(3):
            moved = np.zeros((len(structure), 3))
            moved[atom, axis] = step
            up, down = (
                energy(either, replace(structure, positions=structure.positions + s * moved))
                for s in (1, -1)
            )
            assert exact[atom, axis] == pytest.approx(-(up - down) / (2 * step), abs=1e-6)


def test_stress_is_the_slope_by_strain(either: AcePotential) -> None:
    structure, step = crowded(1), 1e-5
    exact = either.evaluate([structure])[0].stress * structure.volume
    for component in range(6):
        strain = step * np.eye(6)[component]
        slope = (
            energy(either, strained(structure, strain))
            - energy(either, strained(structure, -strain))
        ) / (2 * step)
        assert exact[component] == pytest.approx(slope, abs=1e-5)


@pytest.mark.parametrize("seed", range(3))
def test_turning_the_crystal_turns_forces_and_stress(either: AcePotential, seed: int) -> None:
    structure = crowded(seed)
    turn = Rotation.random(rng=seed).as_matrix()
    turned = replace(
        structure, positions=structure.positions @ turn.T, cell=structure.cell @ turn.T
    )
    before, after = either.evaluate([structure, turned])
    assert after.energy == pytest.approx(before.energy, abs=1e-9)
    np.testing.assert_allclose(after.forces, before.forces @ turn.T, atol=1e-9)
    matrix = [[0, 5, 4], [5, 1, 3], [4, 3, 2]]
    np.testing.assert_allclose(
        after.stress[matrix], turn @ before.stress[matrix] @ turn.T, atol=1e-9
    )


def test_order_of_atoms_and_place_in_space_do_not_count(either: AcePotential) -> None:
    structure, order = crowded(3), np.array([3, 0, 4, 2, 1])
    moved = replace(
        structure,
        numbers=structure.numbers[order],
        positions=structure.positions[order] + [0.7, -3.0, 9.1],
    )
    before, after = either.evaluate([structure, moved])
    np.testing.assert_allclose(after.atom_energies, before.atom_energies[order], atol=1e-9)
    np.testing.assert_allclose(after.forces, before.forces[order], atol=1e-9)


def test_two_crystals_in_one_cell_add_up(either: AcePotential) -> None:
    """A molecule far from another has the energy that it has alone."""
    molecule = replace(crowded(4), periodic=np.zeros(3, bool), cell=np.zeros((3, 3)))
    other = replace(crystal(5), periodic=np.zeros(3, bool), cell=np.zeros((3, 3)))
    both = replace(
        molecule,
        numbers=np.append(molecule.numbers, other.numbers),
        positions=np.vstack([molecule.positions, other.positions + 50.0]),
    )
    parts = either.evaluate([molecule, other])
    whole = either.evaluate([both])[0]
    assert whole.energy == pytest.approx(sum(part.energy for part in parts), abs=1e-9)
    assert np.isnan(whole.stress).all()


def test_energy_is_smooth_where_a_neighbour_leaves(either: AcePotential) -> None:
    cutoff = SETTINGS.radial.cutoff
    inside, outside = either.evaluate([dimer(cutoff - 1e-4), dimer(cutoff + 1e-4)])
    assert inside.energy == pytest.approx(outside.energy, abs=1e-9)
    assert np.abs(inside.forces).max() < 1e-5
    assert not outside.forces.any()


def test_nuclei_repel_beneath_what_is_learnt(either: AcePotential) -> None:
    """The pairs that are there give what the repulsion's own neighbour list gives."""
    structures = [crowded(0), replace(crowded(1), periodic=np.array([True, False, True]))]
    structures += [dimer(r, Z) for r in (0.4, 0.85) for Z in ((14, 14), (6, 14), (6, 6))]
    core = NuclearRepulsion(["Si", "C"]).evaluate(structures)
    lists = couplings(either.settings.couplings)
    for one, whole, nuclei in zip(structures, either.evaluate(structures), core, strict=True):
        learnt = evaluated(pairs_of([one], (6, 14), either.settings), either.weights, lists)
        assert nuclei.energy > 0
        parts = learnt.atom_energies + nuclei.atom_energies
        np.testing.assert_allclose(whole.atom_energies, parts, rtol=1e-12)
        np.testing.assert_allclose(whole.forces, learnt.forces + nuclei.forces, atol=1e-10)
        if one.periodic.all():
            strain_energy = learnt.strain_energy[0] + nuclei.stress * one.volume
            np.testing.assert_allclose(whole.stress * one.volume, strain_energy, atol=1e-10)


def test_the_reach_of_the_repulsion_is_a_setting() -> None:
    """What is learnt and the repulsion of this reach make the whole; training takes it away."""
    settings = SETTINGS.model_copy(update={"core_reach": 0.9})
    given, pair = potential(settings=settings), dimer(1.4)
    assert not NuclearRepulsion(["Si", "C"]).evaluate([pair])[0].forces.any()
    nuclei = NuclearRepulsion(["Si", "C"], reach=0.9).evaluate([pair])[0]
    assert nuclei.energy > 0
    lists = couplings(settings.couplings)
    learnt = evaluated(pairs_of([pair], (6, 14), settings), given.weights, lists)
    whole = given.evaluate([pair])[0]
    np.testing.assert_allclose(whole.forces, learnt.forces + nuclei.forces, atol=1e-10)
    labelled = replace(pair, energy=whole.energy, forces=whole.forces)
    rest = without_core([labelled], 0.9)[0]
    np.testing.assert_allclose(rest.forces, learnt.forces, atol=1e-10)


@pytest.mark.parametrize("numbers", [(14, 14), (14, 6), (6, 6)])
def test_atoms_that_touch_feel_their_nuclei_alone(
    either: AcePotential, numbers: tuple[int, int]
) -> None:
    """However large the weights are."""
    wild = replace(either, weights=either.weights._replace(mixing=30 * either.weights.mixing))
    distances = np.linspace(0.1, 0.3 * sum(covalent_radius(z) for z in numbers), 7)
    alone = sum(wild.evaluate([dimer(50.0, numbers)])[0].atom_energies)
    near = [dimer(r, numbers) for r in distances]
    core = NuclearRepulsion(["Si", "C"]).evaluate(near)
    for found, nuclei in zip(wild.evaluate(near), core, strict=True):
        assert found.energy - alone == pytest.approx(nuclei.energy, rel=1e-10)
        np.testing.assert_allclose(found.forces, nuclei.forces, rtol=1e-10)


@pytest.mark.parametrize("numbers", [(14, 14), (14, 6), (6, 6)])
def test_atoms_that_nearly_touch_repel_more_and_more_and_smoothly(numbers: tuple[int, int]) -> None:
    """Where the repulsion and the learnt energy begin, energy, force and stiffness do not jump."""
    distances = np.arange(0.4, 2.0, 0.0003)
    found = potential().evaluate([dimer(r, numbers) for r in distances])
    push = np.array([one.forces[1, 0] for one in found])  # on the far atom, outwards
    energies = np.array([one.energy for one in found])
    near = distances < 0.75
    assert np.all(push[near] > 1)
    assert np.all(np.diff(push[near]) < 0)
    middle = (push[1:] + push[:-1]) / 2
    np.testing.assert_allclose(-np.diff(energies) / 0.0003, middle, rtol=1e-4, atol=1e-3)
    stiffness = np.diff(push) / 0.0003
    assert np.abs(np.diff(stiffness)).max() < 0.02 * np.abs(stiffness).max()


def test_a_cutoff_within_the_repulsion_is_refused() -> None:
    short = SETTINGS.model_copy(update={"radial": RadialSettings(cutoff=1.3, functions=4)})
    with pytest.raises(BadInput, match=r"cutoff is 1.3 Å, but nuclei.*repel up to 1.332 Å"):
        potential(settings=short)
    potential(settings=short.model_copy(update={"core": False}))


def test_an_isolated_atom_feels_nothing() -> None:
    atom = Structure(np.array([14]), np.zeros((1, 3)), np.zeros((3, 3)), np.zeros(3, bool))
    found = potential().evaluate([atom])[0]
    assert np.isfinite(found.energy)
    assert not found.forces.any()


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"numbers": np.array([14, 6, 79, 14, 6])}, "atomic number 79 is not among the known"),
        ({"positions": np.full((5, 3), np.nan)}, "position of row 0 .* must be finite"),
        ({"positions": np.zeros((5, 3))}, "atoms 0 and 1 are 0 Å apart"),
        ({"positions": np.arange(5)[:, None] * crystal(0).cell[0]}, "are 0 Å apart"),
        ({"cell": np.ones((3, 3))}, "volume of the cell is 0"),
        ({"cell": np.full((3, 3), np.inf)}, "cell of row 0 .* must be finite"),
        ({"cell": np.zeros((3, 3)), "periodic": np.array([True, False, False])}, "are zero or"),
        ({"cell": np.ones((3, 3)), "periodic": np.array([True, True, False])}, "zero or parallel"),
        ({"numbers": np.zeros(0, int), "positions": np.zeros((0, 3))}, "it has no atoms"),
    ],
)
def test_input_without_a_meaning_is_named(either: AcePotential, change: dict, text: str) -> None:
    with pytest.raises(BadInput, match=text):
        either.evaluate([replace(crystal(0), **change)])


def test_weights_of_another_size_are_refused() -> None:
    weights = potential().weights
    with pytest.raises(BadInput, match="last has shape"):
        AcePotential(SETTINGS, (6, 14), weights._replace(last=np.zeros(3)))
