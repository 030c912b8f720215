"""The fast way to energies, forces and stresses against the plain one, which has only the file."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from sciml.core.errors import BadInput
from sciml.materials.ace.file import save_potential
from sciml.materials.ace.model import AceSettings
from sciml.materials.ace.radial import RadialSettings
from sciml.materials.ace.reference import ReferencePotential
from sciml.materials.structures import Structure
from tests.materials.ace.test_kernels import crystal
from tests.materials.ace.test_model import FINER, SETTINGS, TWO_LAYERS, crowded, dimer, potential

BARE = TWO_LAYERS.model_copy(
    update={"core": False, "radial": RadialSettings(cutoff=3.5, functions=2, crowding=0)}
)
FAR = SETTINGS.model_copy(update={"core_reach": 0.9})
ISOLATED = {"periodic": np.zeros(3, bool), "cell": np.zeros((3, 3))}
PLACES = {
    "triclinic": crystal(0),
    "triclinic, nearly touching": crowded(1),
    "atoms outside of the cell": replace(crystal(2), positions=crystal(2).positions * 2.5 + 7),
    "isolated": replace(crowded(3), **ISOLATED),
    "a layer": replace(crystal(4), periodic=np.array([True, False, True])),
    "a chain": replace(
        crystal(5), periodic=np.array([False, True, False]), cell=np.diag([0, 5.0, 0])
    ),
    "a pair": dimer(1.1),
    "an atom alone": Structure(
        np.array([6]), np.zeros((1, 3)), np.zeros((3, 3)), np.zeros(3, bool)
    ),
}


@pytest.mark.parametrize(
    "settings",
    [SETTINGS, TWO_LAYERS, BARE, FAR, FINER],
    ids=["one", "two", "bare", "far core", "finer"],
)
@pytest.mark.parametrize("place", PLACES)
def test_the_file_alone_gives_what_the_potential_gives(
    settings: AceSettings, place: str, tmp_path: Path
) -> None:
    given, structure = potential(settings=settings), PLACES[place]
    plain = ReferencePotential.from_file(save_potential(tmp_path / "a.safetensors", given, {}))
    fast, slow = (one.evaluate([structure])[0] for one in (given, plain))
    assert fast.energy == pytest.approx(slow.energy, rel=1e-10)
    np.testing.assert_allclose(fast.atom_energies, slow.atom_energies, rtol=1e-10)
    for ours, theirs in ((fast.forces, slow.forces), (fast.stress, slow.stress)):
        np.testing.assert_allclose(
            ours, theirs, rtol=0, atol=1e-10 * np.nanmax(abs(theirs), initial=1)
        )
    assert np.isnan(slow.stress).all() == (not structure.periodic.all())


def test_it_gives_the_grades_too(tmp_path: Path) -> None:
    given = potential(settings=TWO_LAYERS).with_grade([crystal(0), crystal(1)])
    plain = ReferencePotential.from_file(save_potential(tmp_path / "a.safetensors", given, {}))
    fast, slow = (one.evaluate([crystal(2)])[0].grades for one in (given, plain))
    assert fast is not None
    np.testing.assert_allclose(fast, slow, rtol=1e-9)
    assert plain.elements == given.elements


def test_a_reader_may_look_the_radial_functions_up(tmp_path: Path) -> None:
    saved = save_potential(tmp_path / "a.safetensors", potential(settings=TWO_LAYERS), {})
    computed, looked_up = (
        ReferencePotential.from_file(saved, by_table=by).evaluate([crystal(3)])[0]
        for by in (False, True)
    )
    size = abs(computed.forces).max()
    assert 0 < abs(looked_up.forces - computed.forces).max() < 1e-6 * size
    assert looked_up.energy == pytest.approx(computed.energy, rel=1e-8)


def test_it_needs_neither_paddle_nor_compiled_code() -> None:
    call = (
        "import sys, sciml.materials.ace.reference; print({'paddle', 'numba'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", call], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_other_files_and_elements_are_refused(tmp_path: Path) -> None:
    saved = save_potential(tmp_path / "a.safetensors", potential(), {})
    plain = ReferencePotential.from_file(saved)
    with pytest.raises(BadInput, match="atomic number 79 is not in"):
        plain.evaluate([replace(crystal(0), numbers=np.array([14, 6, 79, 14, 6]))])
    save_file({"weight": np.zeros(3)}, saved)
    with pytest.raises(BadInput, match="expected format sciml-ace of version 2 or 3, got"):
        ReferencePotential.from_file(saved)
