"""Crystals, melts, defects and close encounters, simulated and labelled by a known potential.

What a potential has to learn before it can be trusted over temperature and pressure: a crystal and
its melt at many volumes, a vacancy, cells under any strain, atoms thrown together at random, and
lone atoms and pairs down to short distances. The truth is a potential of LAMMPS, so that elastic
constants, melting and diffusion of a learnt potential can be compared with their exact values.

Silicon is labelled by Stillinger and Weber's potential (1985), which melts, as silicon does, near
1690 K; silicon carbide by the environment-dependent potential of Jiang, Morgan and Szlufarska
(2012). Both are smooth at their cutoffs to any order. Tersoff's are not: their bonds end within
0.3 Å near 3 Å, where second neighbours of hot or compressed crystals are, and a learnt potential
would be blamed for the pressures of tens of GPa that this makes.

Sources:
    Stillinger & Weber, Phys. Rev. B 31, 5262 (1985); its melting point: Broughton & Li, Phys.
    Rev. B 35, 9120 (1987).
    Jiang, Morgan & Szlufarska, Phys. Rev. B 86, 144118 (2012).
"""

import gzip
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from sciml.core.axes import BoolArray, FloatArray, IntArray
from sciml.materials.elements import atomic_number, symbol
from sciml.materials.lammps.dynamics import DynamicsPlan, frames_at_temperature
from sciml.materials.lammps.labelling import LammpsPotential, labelled
from sciml.materials.neighbours import neighbours
from sciml.materials.structures import Structure

DIGITS = 5  # decimals of Å and eV/Å that are kept; labels are those of the kept positions
SPLITS = ("train", "validation", "test", "extrapolation")

_FACE_CENTRES = np.array([[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])
_NEAREST_PAIR, _NEAREST_CROWD = 0.6, 0.75  # of a bond
_REPEATS = 2  # cubic cells of eight atoms along each edge in dynamics


class States(NamedTuple):
    """All combinations of some temperatures and volumes."""

    split: str
    group: str  # crystal, liquid or vacancy
    temperatures: tuple[float, ...]  # K
    scales: tuple[float, ...]  # of lengths, over those of the crystal at rest
    frames: int  # of each run


class Samples(NamedTuple):
    """How many structures without dynamics a part has."""

    split: str
    strained: int  # small crystals under any strain, rattled
    crowded: int  # atoms thrown together at random
    pairs: int  # of each kind, at different distances


class Ensemble(NamedTuple):
    """What is simulated: one crystal of the diamond or zincblende type and its potential."""

    sublattices: tuple[str, str]
    lattice: float  # Å, at rest
    commands: tuple[str, ...]  # of LAMMPS
    melting: float  # K, at which a crystal melts in a picosecond
    largest_strain: float
    strained_scales: tuple[float, float]  # of strained cells, from the smallest to the largest
    states: tuple[States, ...]
    samples: tuple[Samples, ...]
    seed: int = 1

    @property
    def elements(self) -> tuple[str, ...]:
        """Symbols, each once."""
        return tuple(dict.fromkeys(self.sublattices))

    @property
    def bond(self) -> float:
        """Distance of nearest neighbours at rest, Å."""
        return self.lattice * 3**0.5 / 4

    def potential(self) -> LammpsPotential:
        """The truth.

        Raises:
            BadInput: if LAMMPS is not installed.
        """
        return LammpsPotential(self.commands, self.elements)


SILICON = Ensemble(
    sublattices=("Si", "Si"),
    lattice=5.431,
    commands=("pair_style sw", "pair_coeff * * Si.sw Si"),
    melting=4000.0,
    largest_strain=0.05,
    strained_scales=(0.94, 1.04),
    states=(
        States(
            "train",
            "crystal",
            (100, 300, 700, 1100, 1500),
            (0.94, 0.95, 0.96, 0.98, 1.0, 1.02, 1.04),
            2,
        ),
        States("train", "liquid", (1800, 2000, 2200), (0.95, 0.97, 0.99), 3),
        States("train", "vacancy", (300, 900, 1500), (0.98, 1.0), 3),
        States("validation", "crystal", (450, 1050), (0.97, 1.01), 2),
        States("validation", "liquid", (1900,), (0.96,), 2),
        States("validation", "vacancy", (600,), (0.99,), 2),
        States("test", "crystal", (400, 750, 1350), (0.945, 0.97, 0.99, 1.01, 1.03), 2),
        States("test", "liquid", (1850, 2100), (0.96, 0.98), 2),
        States("test", "vacancy", (450, 1200), (0.99,), 2),
        States("extrapolation", "crystal", (300, 900, 1500), (0.93, 1.05), 2),
        States("extrapolation", "liquid", (2500,), (0.95, 0.97, 1.01), 3),
    ),
    samples=(
        Samples("train", strained=100, crowded=30, pairs=24),
        Samples("validation", strained=10, crowded=5, pairs=5),
        Samples("test", strained=15, crowded=10, pairs=10),
    ),
)

SILICON_CARBIDE = Ensemble(
    sublattices=("Si", "C"),
    lattice=4.3624,
    commands=("pair_style edip/multi", "pair_coeff * * SiC.edip Si C"),
    melting=8000.0,
    largest_strain=0.03,
    strained_scales=(1.0, 1.0),
    states=(
        States("train", "crystal", (300, 800, 1300, 1800, 2300), (0.98, 0.99, 1.0, 1.01, 1.015), 3),
        States("train", "liquid", (4000, 4500, 5000), (1.02, 1.05, 1.08), 3),
        States("train", "vacancy", (300, 1300, 2300), (0.99, 1.0), 3),
        States("validation", "crystal", (500, 1500), (0.985, 1.005), 2),
        States("validation", "liquid", (4250,), (1.06,), 2),
        States("validation", "vacancy", (800,), (0.995,), 2),
        States("test", "crystal", (400, 1000, 2000), (0.985, 0.995, 1.005), 2),
        States("test", "liquid", (4100, 4750), (1.03, 1.07), 2),
        States("test", "vacancy", (600, 1800), (0.995,), 2),
        States("extrapolation", "crystal", (300, 1300, 2300), (0.972, 1.02), 2),
        States("extrapolation", "liquid", (5500,), (1.0, 1.04, 1.08), 3),
    ),
    samples=(
        Samples("train", strained=60, crowded=30, pairs=24),
        Samples("validation", strained=10, crowded=5, pairs=5),
        Samples("test", strained=15, crowded=10, pairs=12),
    ),
)


def simulated_frames(ensemble: Ensemble) -> list[Structure]:
    """All frames of an ensemble, simulated and labelled now on one core in under a minute.

    Args:
        ensemble: ``SILICON`` or ``SILICON_CARBIDE``.

    Returns:
        Frames with energy, forces and, if periodic, stress. ``about`` has ``split``, ``case`` (the
        run it is from), ``group`` and, for dynamics, ``temperature_K`` and ``scale``. The same
        machine gives the same frames.

    Raises:
        BadInput: if LAMMPS is not installed.
    """
    potential = ensemble.potential()
    frames = [*_dynamics(ensemble, potential), *_samples(ensemble, potential.cutoff)]
    return labelled(potential, [_rounded(frame) for frame in frames])


def cases(ensemble: Ensemble) -> dict[str, tuple[str, ...]]:
    """The names of the runs in each part, in the order of the frames.

    Args:
        ensemble: ``SILICON`` or ``SILICON_CARBIDE``.

    Returns:
        Part to names; nothing is simulated.
    """
    runs = [(states.split, _run_name(states, T, s)) for states, T, s in _runs(ensemble)]
    samples = [
        (part.split, _sample_name(group, part.split))
        for part in ensemble.samples
        for group in ("strained", "crowded", "pair")
    ]
    atoms = [("train", _sample_name("atom", "train"))]
    return {
        split: tuple(case for home, case in (*runs, *samples, *atoms) if home == split)
        for split in SPLITS
    }


def crystal(ensemble: Ensemble, repeats: int = 1, scale: float = 1.0) -> Structure:
    """A cube of the crystal.

    Args:
        ensemble: Says which crystal.
        repeats: Cells of eight atoms along each edge.
        scale: Of its lengths, over those at rest.

    Returns:
        Atoms on their sites, without labels.
    """
    edge = ensemble.lattice * scale
    corners = np.array(list(np.ndindex(repeats, repeats, repeats)))
    sites = np.concatenate([_FACE_CENTRES, _FACE_CENTRES + 0.25])  # (site, 3)
    positions = edge * (corners[:, None] + sites).reshape(-1, 3)
    kinds = np.repeat([atomic_number(name) for name in ensemble.sublattices], len(_FACE_CENTRES))
    return _periodic(np.tile(kinds, len(corners)), positions, edge * repeats * np.eye(3))


def write_frames(path: Path, frames: Sequence[Structure]) -> None:
    """Write frames as packed extended XYZ, the same bytes for the same frames.

    To have the file whole or not at all, call it inside :func:`sciml.core.writing.write_with`.

    Args:
        path: The file, which ends in ``.gz``.
        frames: With labels.

    Raises:
        OSError: if the file cannot be written.
    """
    text = "".join(line + "\n" for frame in frames for line in _lines(frame))
    path.write_bytes(gzip.compress(text.encode("utf-8"), compresslevel=9, mtime=0))


def _runs(ensemble: Ensemble) -> Iterator[tuple[States, float, float]]:
    """Each run of dynamics with its temperature and scale."""
    for states in ensemble.states:
        for temperature in states.temperatures:
            for scale in states.scales:
                yield states, temperature, scale


def _run_name(states: States, temperature: float, scale: float) -> str:
    """What a run is called."""
    return f"{states.group} {temperature:g} K scale {scale:g}"


def _sample_name(group: str, split: str) -> str:
    """What structures without dynamics are called."""
    return f"{group} {split}"


def _dynamics(ensemble: Ensemble, potential: LammpsPotential) -> Iterator[Structure]:
    """Frames of all runs."""
    for number, (states, temperature, scale) in enumerate(_runs(ensemble), start=1):
        start = crystal(ensemble, _REPEATS, scale)
        if states.group == "vacancy":
            start = _without(start, number % len(start))
        plan = DynamicsPlan(
            temperature=temperature,
            frames=states.frames,
            settling=1000,
            between=200,
            melting=ensemble.melting if states.group == "liquid" else None,
            seed=1000 * ensemble.seed + number,
        )
        about = {
            "split": states.split,
            "case": _run_name(states, temperature, scale),
            "group": states.group,
            "temperature_K": float(temperature),
            "scale": float(scale),
        }
        for frame in frames_at_temperature(potential, start, plan):
            yield replace(frame, about=about)


def _samples(ensemble: Ensemble, cutoff: float) -> Iterator[Structure]:
    """Structures without dynamics, and one atom of each element."""
    for number, part in enumerate(ensemble.samples):
        random = np.random.default_rng([ensemble.seed, number])
        scales = np.linspace(*ensemble.strained_scales, part.strained)
        made = {
            "strained": [_strained(ensemble, scale, random) for scale in scales],
            "crowded": [_crowded(ensemble, random) for _ in range(part.crowded)],
            "pair": list(_pairs(ensemble, part, cutoff)),
        }
        for group, structures in made.items():
            for structure in structures:
                yield _told(structure, group, part.split)
    for name in ensemble.elements:
        yield _told(_open([atomic_number(name)], np.zeros((1, 3))), "atom", "train")


def _strained(ensemble: Ensemble, scale: float, random: np.random.Generator) -> Structure:
    """Eight atoms at a volume, under a random strain, off their sites."""
    cube, limit = crystal(ensemble, scale=scale), ensemble.largest_strain
    strain = random.uniform(-limit, limit, size=(3, 3))
    stretch = np.eye(3) + (strain + strain.T) / 2
    rattle = 0.03 * ensemble.bond * random.uniform() * random.normal(size=cube.positions.shape)
    return _periodic(cube.numbers, cube.positions @ stretch + rattle, cube.cell @ stretch)


def _crowded(ensemble: Ensemble, random: np.random.Generator) -> Structure:
    """Eight atoms anywhere in a cube, no two nearer than 0.75 of a bond."""
    numbers = crystal(ensemble).numbers
    edge = ensemble.lattice * random.uniform(0.95, 1.15)
    placed = np.empty((0, 3))
    while len(placed) < len(numbers):
        trial = np.vstack([placed, random.uniform(0, edge, size=3)])
        structure = _periodic(numbers[: len(trial)], trial, edge * np.eye(3))
        if len(neighbours(structure, _NEAREST_CROWD * ensemble.bond).centre) == 0:
            placed = trial
    return _periodic(numbers, placed, edge * np.eye(3))


def _pairs(ensemble: Ensemble, part: Samples, cutoff: float) -> Iterator[Structure]:
    """Two atoms of each kind of pair; those that train span all distances, others lie between."""
    names, first, count = ensemble.elements, _NEAREST_PAIR * ensemble.bond, part.pairs
    ends_included = part.split == "train"
    shares = np.linspace(0, 1, count) if ends_included else (np.arange(count) + 0.5) / count
    for kind in ((a, b) for i, a in enumerate(names) for b in names[i:]):
        for share in shares:
            apart = np.array([[0, 0, 0], [first + share * (cutoff - first), 0, 0]])
            yield _open([atomic_number(name) for name in kind], apart)


def _told(structure: Structure, group: str, split: str) -> Structure:
    """A structure that knows where it belongs."""
    about = {"split": split, "case": _sample_name(group, split), "group": group}
    return replace(structure, about=about)


def _without(structure: Structure, atom: int) -> Structure:
    """A structure that lacks one atom."""
    kept = np.arange(len(structure)) != atom
    return _periodic(structure.numbers[kept], structure.positions[kept], structure.cell)


def _periodic(numbers: IntArray, positions: FloatArray, cell: FloatArray) -> Structure:
    """Atoms in a cell that repeats."""
    everywhere: BoolArray = np.ones(3, dtype=np.bool_)
    return Structure(numbers, positions, cell, everywhere)


def _open(numbers: Sequence[int], positions: FloatArray) -> Structure:
    """Atoms in empty space."""
    nowhere: BoolArray = np.zeros(3, dtype=np.bool_)
    return Structure(np.array(numbers, dtype=np.int64), positions, np.zeros((3, 3)), nowhere)


def _rounded(frame: Structure) -> Structure:
    """Positions and cell as they are written, so that labels are theirs exactly."""
    return replace(
        frame, positions=np.round(frame.positions, DIGITS), cell=np.round(frame.cell, DIGITS)
    )


def _lines(frame: Structure) -> Iterator[str]:
    """A frame in extended XYZ."""
    assert frame.forces is not None
    assert frame.energy is not None
    words = [f'{key}="{value}"' for key, value in frame.about.items()]
    words += ["Properties=species:S:1:pos:R:3:forces:R:3", f"energy={frame.energy:.8f}"]
    if frame.stress is not None:
        xx, yy, zz, yz, xz, xy = (f"{value:.9f}" for value in frame.stress)
        words.append(f'stress="{xx} {xy} {xz} {xy} {yy} {yz} {xz} {yz} {zz}"')
    if frame.periodic.any():
        words.append(
            'Lattice="' + " ".join(f"{value:.{DIGITS}f}" for value in frame.cell.flat) + '"'
        )
    words.append('pbc="' + " ".join("FT"[int(value)] for value in frame.periodic) + '"')
    yield str(len(frame))
    yield " ".join(words)
    for number, place, force in zip(frame.numbers, frame.positions, frame.forces, strict=True):
        numbers = " ".join(f"{value:.{DIGITS}f}" for value in (*place, *force))
        yield f"{symbol(int(number))} {numbers}"
