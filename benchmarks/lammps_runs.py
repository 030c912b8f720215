"""Dynamics of a silicon crystal by plain ``lmp``, and what they cost."""

import re
import tempfile
from pathlib import Path
from typing import NamedTuple

from materials_cost import LATTICE

from sciml.materials.lammps.scripts import plain_lmp

CELLS = {512: 4, 4096: 8}  # cubic cells of eight atoms along each side, by number of atoms
WORK = 0.6e6  # µs that a run may take, from which follows how many steps it has
NOTHING = """
import numpy as np


def nothing(elements):
    class Model:
        cutoff = 5.0

        def __call__(self, kinds, first, other, vectors):
            return 0.0, 0.0

    return Model()
"""
INPUT = """
units metal
newton on
lattice diamond {lattice}
region box block 0 {cells} 0 {cells} 0 {cells}
create_box 1 box
create_atoms 1 box
mass 1 28.0855
velocity all create 600 4928 loop geom
{pair}
neighbor 1.0 bin
fix motion all nve
thermo_style custom step etotal
thermo_modify norm no format float %.12g
thermo {every}
run {warm} post no
run {steps}
"""


class Style(NamedTuple):
    """How a potential runs in LAMMPS."""

    pair: list[str]
    cost: float  # µs/atom/step, roughly
    architecture: str = "native"


class Cost(NamedTuple):
    """What a run took."""

    cpu: float  # µs per atom and step, over all ranks
    output: str


def run(style: Style, atoms: int, ranks: int = 1, steps: int | None = None) -> Cost:
    """Plain ``lmp``; the first steps are not counted."""
    count = steps or max(5, round(WORK / style.cost / atoms))
    every = max(count // 50, 1)
    with tempfile.TemporaryDirectory() as folder:
        script = INPUT.format(
            lattice=LATTICE,
            cells=CELLS[atoms],
            pair="\n".join(style.pair),
            warm=max(3, count // 10),
            steps=count,
            every=every,
        )
        (Path(folder) / "in").write_text(script)
        (Path(folder) / "nothing.py").write_text(NOTHING)
        settings = {"SCIML_LAMMPS_ARCH": style.architecture, "OMP_NUM_THREADS": "1"}
        done = plain_lmp(["-in", "in"], Path(folder), ranks, settings)
    if done.returncode:
        raise SystemExit(f"{style.pair}: LAMMPS failed\n{done.stdout[-1500:]}{done.stderr[-500:]}")
    seconds = float(re.findall(r"Loop time of (\S+) on", done.stdout)[-1])
    share = float(re.findall(r"([\d.]+)% CPU use", done.stdout)[-1]) / 100
    return Cost(1e6 * seconds * share * ranks / atoms / count, done.stdout)
