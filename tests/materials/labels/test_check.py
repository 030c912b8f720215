"""Errors that are planted in right labels are found and named; right labels pass."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule
from ase.calculators.emt import EMT

from sciml.core.errors import DatasetMissing
from sciml.materials.datasets import open_structures
from sciml.materials.labels.check import check_labels
from sciml.materials.labels.findings import Finding, Report
from sciml.materials.labels.frames import check_totals
from sciml.materials.labels.work import pressures
from sciml.materials.structures import GPA, Structure, from_atoms

Change = Callable[[Structure], Structure]


def copper(
    seed: int, repeats: int = 1, strain: float = 0.015, *, metal: str = "Cu", rattle: float = 0.02
) -> Structure:
    """A strained and rattled crystal, labelled by effective medium theory."""
    rng = np.random.default_rng(seed)
    atoms = bulk(metal, cubic=True).repeat((1, 1, repeats))
    stretch = rng.normal(size=(3, 3)) * strain
    atoms.set_cell(atoms.cell @ (np.eye(3) + stretch + stretch.T), scale_atoms=True)
    return shaken_and_labelled(atoms, rng, rattle)


def shaken_and_labelled(atoms: Atoms, rng: np.random.Generator, rattle: float) -> Structure:
    """Rattled and labelled."""
    atoms.positions += rng.normal(size=atoms.positions.shape) * rattle
    atoms.calc = EMT()
    return replace(
        from_atoms(atoms, {"group": "Elastic"}),
        energy=atoms.get_potential_energy() - 3.5 * len(atoms),  # over lone atoms
        forces=atoms.get_forces(),
        stress=atoms.get_stress(),
    )


def swollen_copper(seed: int) -> Structure:
    """A cube of any size, rattled a little."""
    rng = np.random.default_rng(seed)
    atoms = bulk("Cu", a=rng.uniform(3.55, 3.7), cubic=True)
    return shaken_and_labelled(atoms, rng, 0.01)


@pytest.fixture(scope="module", name="right")
def right_labels() -> list[Structure]:
    return [copper(seed) for seed in range(30)]


@pytest.fixture(scope="module", name="shaken")
def shaken_in_one_cell() -> list[Structure]:
    return [copper(seed, strain=0.0) for seed in range(12)]


def found_in(frames: Sequence[Structure], change: Change | None = None) -> dict[str, Finding]:
    report = check_labels({"train": [change(one) if change else one for one in frames]})
    return {one.what: one for one in report.findings}


def stressed(change: Callable[[np.ndarray], np.ndarray]) -> Change:
    def changed(one: Structure) -> Structure:
        assert one.stress is not None
        return replace(one, stress=change(one.stress))

    return changed


def forced(factor: float) -> Change:
    def changed(one: Structure) -> Structure:
        assert one.forces is not None
        return replace(one, forces=factor * one.forces)

    return changed


def test_right_labels_pass(right: list[Structure]) -> None:
    assert found_in(right) == {}
    assert check_labels({"train": right}).text().startswith("No label was found to be wrong.")


@pytest.mark.parametrize("metal", ["Cu", "Al", "Ag"])
@pytest.mark.parametrize(("rattle", "strain"), [(0.03, 0.005), (0.05, 0.01), (0.08, 0.01)])
def test_right_labels_of_atoms_far_off_their_sites_pass(
    metal: str, rattle: float, strain: float
) -> None:
    """Atoms off their sites press on their cell, which the trapezoidal rule sees in part."""
    far = [copper(seed, strain=strain, metal=metal, rattle=rattle) for seed in range(60)]
    assert found_in(far) == {}
    low = found_in(far, stressed(lambda s: s - 4 * GPA * np.array([1, 1, 1, 0, 0, 0])))
    assert list(low) == ["stress offset"]


def test_a_constant_pressure_is_measured(right: list[Structure]) -> None:
    found = found_in(right, stressed(lambda s: s - 2.5 * GPA * np.array([1, 1, 1, 0, 0, 0])))
    assert list(found) == ["stress offset"]
    assert found["stress offset"].value == pytest.approx(2.5, abs=0.25)  # error 0.1


@pytest.mark.parametrize(("unit", "size"), [("GPa", GPA), ("kbar", GPA / 10)])
def test_another_unit_is_named(right: list[Structure], unit: str, size: float) -> None:
    found = found_in(right, stressed(lambda s: s / size))
    assert f"labels are in {unit}" in found["stress unit"].next_step
    assert "stress sign" not in found


def test_kbar_with_pressure_positive_as_vasp_prints_is_two_findings(right: list[Structure]) -> None:
    found = found_in(right, stressed(lambda s: -s / (GPA / 10)))
    assert set(found) == {"stress unit", "stress sign"}


def test_the_order_of_vasp_is_named(right: list[Structure]) -> None:
    found = found_in(right, stressed(lambda s: s[[0, 1, 2, 5, 3, 4]]))
    assert list(found) == ["stress order"]
    assert "xx, yy, zz, xy, yz, xz" in found["stress order"].measured


def test_an_order_that_cells_without_shear_cannot_tell_is_unjudged(
    right: list[Structure],
) -> None:
    assert "stress order" not in [one.check for one in check_labels({"train": right}).unjudged]
    swollen = [swollen_copper(seed) for seed in range(20)]
    report = check_labels({"train": swollen})
    assert report.findings == []
    assert "stress order" in [one.check for one in report.unjudged]


def test_stresses_that_have_nothing_to_do_with_energies_are_refused(
    right: list[Structure],
) -> None:
    found = found_in(right, stressed(lambda s: 1.6 * s))
    assert list(found) == ["stress disagrees"]


@pytest.mark.parametrize("group_of_one_cell", [False, True])
def test_forces_with_the_wrong_sign_are_named(
    right: list[Structure], shaken: list[Structure], group_of_one_cell: bool
) -> None:
    found = found_in(shaken if group_of_one_cell else right, forced(-1.0))
    assert list(found) == ["force sign"]
    assert found["force sign"].value == pytest.approx(-1, abs=0.05)


def test_forces_in_atomic_units_are_named(right: list[Structure]) -> None:
    found = found_in(right, forced(1 / 51.422067))
    assert "Hartree/Bohr: multiply them with 51.4221" in found["force unit"].next_step


@pytest.mark.parametrize(("unit", "size"), [("Hartree", 27.211386), ("kcal/mol", 0.0433641)])
def test_energies_in_another_unit_are_not_blamed_on_forces_and_stresses(
    right: list[Structure], unit: str, size: float
) -> None:
    found = found_in(right, lambda one: replace(one, energy=(one.energy or 0.0) / size))
    assert list(found) == ["energy unit"]
    assert f"energies are in {unit}" in found["energy unit"].next_step


def test_energies_that_are_all_one_number_disagree_with_all_labels(right: list[Structure]) -> None:
    found = found_in(right, lambda one: replace(one, energy=-3.0))
    assert set(found) == {"force disagrees", "stress disagrees"}


def test_energies_per_atom_of_cells_of_one_size_are_named(right: list[Structure]) -> None:
    found = found_in(right, lambda one: replace(one, energy=(one.energy or 0.0) / len(one)))
    assert list(found) == ["energy per atom"]


def test_frames_of_one_cell_tell_nothing_of_stress(shaken: list[Structure]) -> None:
    report = check_labels({"train": shaken})
    assert report.findings == []
    assert "stress" in [one.check for one in report.unjudged]


def test_pressures_by_labels_and_by_energies_differ_by_the_offset(right: list[Structure]) -> None:
    low = 2.5 * GPA * np.array([1, 1, 1, 0, 0, 0])
    for change, offset in ((stressed(lambda s: s), 0.0), (stressed(lambda s: s + low), -2.5)):
        found = pressures([change(one) for one in right])
        gaps = (found["labels"] - found["energies"]).values
        assert len(gaps) >= 8
        assert np.median(gaps) == pytest.approx(offset, abs=0.2)
    assert not pressures(right[:3])


def test_energies_per_atom_are_told_from_totals() -> None:
    frames = [copper(seed, repeats) for seed in range(6) for repeats in (1, 2, 3)]
    assert check_totals(frames) == Report([], [])
    wrong = [replace(one, energy=(one.energy or 0.0) / len(one)) for one in frames]
    assert found_in(wrong)["energy per atom"].next_step.startswith("Multiply")
    assert "like numbers" in check_totals(wrong[::3]).unjudged[0].reason


def test_one_strange_energy_and_one_net_force_are_found(right: list[Structure]) -> None:
    frames = list(right)
    frames[3] = replace(frames[3], energy=(frames[3].energy or 0.0) + 40.0)
    assert frames[5].forces is not None
    frames[5] = replace(frames[5], forces=frames[5].forces + np.array([0.0, 0.1, 0.0]))
    found = found_in(frames)
    assert found["energy outlier"].value == pytest.approx(10.0, abs=0.5)
    assert found["net force"].value == pytest.approx(0.1, abs=1e-3)


def test_bad_numbers_and_close_atoms_are_found(right: list[Structure]) -> None:
    frames = list(right)
    frames[0] = replace(frames[0], energy=float("nan"))
    moved = frames[1].positions.copy()
    moved[1] = moved[0] + [0.4, 0.0, 0.0]
    frames[1] = replace(frames[1], positions=moved)
    found = found_in(frames)
    assert found["label not finite"].value == 1
    assert found["atoms too close"].value == pytest.approx(0.4 / (2 * 1.32), abs=0.01)


def test_a_torque_on_a_molecule_is_found() -> None:
    atoms = molecule("H2O")
    forces = np.cross([0.0, 0.0, 1.0], atoms.positions - atoms.positions.mean(axis=0))
    turned = replace(from_atoms(atoms), energy=-1.0, forces=forces - forces.mean(axis=0))
    assert "net torque" in found_in([turned])


def test_a_turned_test_frame_is_a_twin(right: list[Structure]) -> None:
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0]
    one = right[0]
    assert one.forces is not None
    twin = replace(
        one, cell=one.cell @ turn, positions=one.positions @ turn, forces=one.forces @ turn
    )
    report = check_labels({"train": right, "test": [twin, copper(99)]})
    assert [(each.what, each.where, each.value) for each in report.findings][-1] == (
        "twin of a training frame",
        "test",
        1,
    )


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("name", "offset"),
    [("copper", -2.4), ("nickel", -2.8), ("silicon", None), ("molybdenum", None)],
)
def test_the_offsets_of_mlearn_are_found(name: str, offset: float | None) -> None:
    try:
        splits = open_structures(f"mlearn_{name}")
    except DatasetMissing as missing:
        pytest.skip(str(missing))
    found = {one.what: one.value for one in check_labels(splits).findings}
    if offset is None:
        assert not [what for what in found if what.startswith("stress")]
    else:
        assert found["stress offset"] == pytest.approx(offset, abs=0.2)
