"""Whether our styles are right: forces by every way into LAMMPS, pressure, drift, memory."""

import re
import tempfile
from pathlib import Path

import numpy as np
from lammps_runs import Style, run
from materials_cost import LATTICE, silicon
from published import published
from reporting import Row

from sciml.core.axes import FloatArray
from sciml.materials.datasets import open_structures
from sciml.materials.lammps.engine import start_lammps
from sciml.materials.lammps.external import attach
from sciml.materials.lammps.native import in_lammps, pair_commands
from sciml.materials.lammps.scripts import plain_lmp
from sciml.materials.potential import Potential
from sciml.materials.structures import Structure

DRIFT_STEPS = 20_000
SHAKEN = """
units metal
newton on
atom_modify map array
lattice diamond {lattice}
region box block 0 3 0 3 0 3
create_box 1 box
create_atoms 1 box
mass 1 28.0855
displace_atoms all random 0.1 0.1 0.1 87287 units box
"""
FORCES = """
{pair}
run 0 post no
write_dump all custom forces id x y z fx fy fz modify sort id format float %.17g
"""
OWN_PAIRS = ["pair_style lj/cut 6.0", "pair_modify shift yes", "pair_coeff 1 1 0.05 2.1"]
IN_PADDLE = """
import sciml
import paddle
from sciml.materials.paddle_models import PaddleModel


def load(elements):
    def energies(kinds, centre, other, vectors, atoms):
        power = (2.1**2 / (vectors**2).sum(axis=1)) ** 3
        least = (2.1 / 6.0) ** 6
        pairs = 0.1 * (power**2 - power - least**2 + least)
        return paddle.zeros([atoms], "float64").index_add(centre, 0, pairs)

    return PaddleModel(energies, 6.0)
"""


def correctness(ours: dict[str, Path], native: Style) -> list[Row]:
    """Rows on what no speed is worth anything without."""
    return [
        Row(
            "forces of test frames, against our own evaluation, relative",
            agreement(ours),
            "",
            1e-10,
        ),
        *bridge_rows(ours),
        Row("forces by tables; radial functions are computed, not looked up", None, "eV/Å", 1e-6),
        Row("drift over 20,000 steps", drift(native), "meV/atom/ns", 0.05),
        Row("pressure against strain", pressure_error(ours["one layer"]), "", 1e-6),
        Row("memory over LAMMPS' own", memory(native), "bytes/atom", 2000.0),
    ]


def agreement(ours: dict[str, Path]) -> float:
    """Worst relative deviation of forces from our own evaluation, on test frames."""
    worst = 0.0
    frames = open_structures("mlearn_silicon")["test"][:4]
    for name in ("one layer", "two layers"):
        if name not in ours:
            continue
        given = published(f"mlearn-silicon{'-local' if name == 'one layer' else ''}")["seed 1"]
        pairs = zip(in_lammps(ours[name]).evaluate(frames), given.evaluate(frames), strict=True)
        for found, expected in pairs:
            gap = np.abs(found.forces - expected.forces).max()
            worst = max(worst, gap / np.abs(expected.forces).max())
    return worst


def bridge_rows(ours: dict[str, Path]) -> list[Row]:
    """Forces of a shaken crystal by each way into LAMMPS, against our own evaluation."""
    rows = []
    for name, recipe in (("one layer", "mlearn-silicon-local"), ("two layers", "mlearn-silicon")):
        if name not in ours:
            continue
        given = published(recipe)["seed 1"]
        for ranks in (1, 2):
            places, found = forces_in_lmp(pair_commands(ours[name], ["Si"]), ranks)
            what = f"forces, {name}, plain lmp, {_ranks(ranks)}, relative"
            rows.append(Row(what, deviation(given, places, found), "", 1e-10))
        places, found = forces_attached(given)
        what = f"forces, {name}, attached by fix external, relative"
        rows.append(Row(what, deviation(given, places, found), "", 1e-10))
    return rows + python_rows()


def python_rows() -> list[Row]:
    """Forces by a Paddle model through `sciml/py`, against the same potential of LAMMPS' own."""
    rows = []
    for ranks in (1, 2):
        _, own = forces_in_lmp(OWN_PAIRS, ranks)  # where atoms are shaken to depends on the ranks
        _, found = forces_in_lmp(["pair_style sciml/py", "pair_coeff * * pairs:load Si"], ranks)
        what = f"forces, sciml/py, Lennard-Jones in Paddle, {_ranks(ranks)}, relative"
        rows.append(Row(what, float(np.abs(found - own).max() / np.abs(own).max()), "", 1e-10))
    return rows


def _ranks(count: int) -> str:
    return f"{count} rank{'s' * (count > 1)}"


def forces_in_lmp(pair: list[str], ranks: int) -> tuple[FloatArray, FloatArray]:
    """Positions and forces that plain ``lmp`` writes."""
    with tempfile.TemporaryDirectory() as folder:
        script = SHAKEN.format(lattice=LATTICE) + FORCES.format(pair="\n".join(pair))
        (Path(folder) / "in").write_text(script)
        (Path(folder) / "pairs.py").write_text(IN_PADDLE)
        plain_lmp(["-in", "in"], Path(folder), ranks).check_returncode()
        table = np.loadtxt(Path(folder) / "forces", skiprows=9)
    return table[:, 1:4], table[:, 4:]


def forces_attached(given: Potential) -> tuple[FloatArray, FloatArray]:
    """Positions and forces when `fix external` asks our own evaluation."""
    engine = start_lammps()
    for command in SHAKEN.format(lattice=LATTICE).split("\n"):
        engine.command(command)
    attach(engine, given, ["Si"]).command("run 0 post no")
    arrays = [np.array(engine.gather_atoms(name, 1, 3)).reshape(-1, 3) for name in ("x", "f")]
    engine.close()
    return arrays[0], arrays[1]


def deviation(given: Potential, places: FloatArray, found: FloatArray) -> float:
    """The largest error of a force over the largest force."""
    crystal = silicon(3)
    (exact,) = given.evaluate([Structure(crystal.numbers, places, crystal.cell, crystal.periodic)])
    return float(np.abs(found - exact.forces).max() / np.abs(exact.forces).max())


def drift(style: Style) -> float:
    """Slope of the total energy in dynamics, meV per atom and ns; the first tenth is left out."""
    output = run(style, 512, steps=DRIFT_STEPS).output
    lines = re.findall(r"^ +\d+ +-[\d.]+$", output, re.MULTILINE)
    rows = np.array([[float(word) for word in line.split()] for line in lines])
    rows = rows[len(rows) // 10 :]
    return abs(float(np.polyfit(1e-6 * rows[:, 0], 1e3 * rows[:, 1] / 512, 1)[0]))


def pressure_error(file: Path) -> float:
    """Stress against the slope of the energy under strain, relative to the largest component."""
    inside, crystal, step = in_lammps(file), silicon(2), 1e-4
    shaken = crystal.positions + np.random.default_rng(3).normal(scale=0.1, size=(64, 3))
    exact = inside.evaluate([_strained(crystal, shaken, np.zeros((3, 3)))])[0].stress
    found = []
    for row, column in ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1)):
        strain = np.zeros((3, 3))
        strain[row, column] += step / 2
        strain[column, row] += step / 2
        # Four points: the error is of fourth order in the step.
        moved = [_strained(crystal, shaken, k * strain) for k in (2, 1, -1, -2)]
        a, b, c, d = (one.energy for one in inside.evaluate(moved))
        found.append((8 * (b - c) - (a - d)) / (12 * step))
    volume = abs(np.linalg.det(crystal.cell))
    return float(np.abs(np.array(found) / volume - exact).max() / np.abs(exact).max())


def _strained(crystal: Structure, positions: FloatArray, strain: FloatArray) -> Structure:
    stretch = np.eye(3) + strain
    return Structure(crystal.numbers, positions @ stretch, crystal.cell @ stretch, crystal.periodic)


def memory(style: Style) -> float:
    """Bytes per atom that LAMMPS counts more than without a potential, at 4096 atoms."""
    told = re.compile(r"memory allocation \(min/avg/max\) = \S+ \| (\S+)")
    none = Style(["pair_style zero 5.0 full", "pair_coeff * *"], 1.0)
    used = [float(told.findall(run(one, 4096, steps=5).output)[-1]) for one in (style, none)]
    return (used[0] - used[1]) * 2**20 / 4096
