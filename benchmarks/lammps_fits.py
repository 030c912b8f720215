"""Peers of LAMMPS that come without parameters for silicon: fitted here to the frames ours learn.

POD is fitted by LAMMPS' own ``fitpod``. UF3 is linear in its coefficients: `pair_style uf3` itself
gives the energies and forces of each spline alone, least squares the coefficients. What is fitted
lies in ``records``; ``materials_lammps.py --train`` makes it anew in some ten minutes.
"""

import itertools
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from sciml.core.axes import FloatArray
from sciml.core.writing import write_text
from sciml.materials.extended_xyz import write_structures
from sciml.materials.lammps.labelling import LammpsPotential
from sciml.materials.lammps.scripts import plain_lmp
from sciml.materials.structures import Structure

FOLDER = Path(__file__).parent / "records" / "lammps_silicon"
ENERGY = 30.0  # weight of an error of 1 eV/atom over one of 1 eV/Å
RIDGE = 1e-6  # of the mean square of a column


class Pod(NamedTuple):
    """What distinguishes one POD from another: functions and degrees by body order from three."""

    cutoff: float  # Å
    pairs: int
    functions: tuple[int, ...]
    degrees: tuple[int, ...]
    energy: float = 100.0  # weight, as of `ENERGY`

    def parameters(self) -> str:
        """In the words of `pair_style pod`."""
        lines = [
            "species Si\npbc 1 1 1\nrin 0.5",
            f"rcut {self.cutoff}",
            "bessel_polynomial_degree 4\ninverse_polynomial_degree 8\nonebody 1",
            f"twobody_number_radial_basis_functions {self.pairs}",
        ]
        bodies = ("three", "four", "five", "six", "seven")
        orders = itertools.zip_longest(bodies, self.functions, self.degrees, fillvalue=0)
        for body, functions, degree in orders:
            lines.append(f"{body}body_number_radial_basis_functions {functions}")
            lines.append(f"{body}body_angular_degree {degree}")
        return "\n".join(lines) + "\n"


PODS = {
    "POD": Pod(5.0, 6, (5, 4), (4, 3)),
    "POD, six-body": Pod(4.5, 8, (7, 6, 4, 2), (5, 5, 3, 2)),
}


def fitted(name: str) -> list[str]:
    """Commands of a peer as it lies in the records."""
    stem = FOLDER / name.lower().replace(", ", "-")
    if name in PODS:
        files = f"{stem}.parameters {stem}.coefficients"
        return ["pair_style pod", f"pair_coeff * * {files} Si"]
    return ["pair_style uf3 3", f"pair_coeff * * {stem}.splines Si"]


def fit_all(frames: Sequence[Structure]) -> None:
    """Put all peers anew into the records.

    Args:
        frames: With energies and forces.
    """
    FOLDER.mkdir(exist_ok=True)
    for name, pod in PODS.items():
        *_, parameters, coefficients, _ = fitted(name)[1].split()
        write_text(Path(parameters), pod.parameters())
        write_text(Path(coefficients), fit_pod(pod, frames))
    write_text(Path(fitted("UF3")[1].split()[-2]), fit_uf3(frames))


def fit_pod(pod: Pod, frames: Sequence[Structure]) -> str:
    """The file of coefficients that ``fitpod`` writes."""
    told = (
        "file_format extxyz\nfile_extension xyz\n"
        'path_to_training_data_set "frames"\npath_to_test_data_set "frames"\n'
        f"fitting_weight_energy {pod.energy}\nfitting_weight_force 1.0\n"
        "fitting_regularization_parameter 1.0e-10\nbasename_for_output_files fit\n"
        "precision_for_pod_coefficients 12\n"
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "frames").mkdir()
        write_structures(folder / "frames" / "silicon.xyz", frames)
        (folder / "parameters").write_text(pod.parameters())
        (folder / "data").write_text(told)
        (folder / "in").write_text("fitpod parameters data\n")
        done = plain_lmp(["-in", "in"], folder)
        if done.returncode:
            raise SystemExit(f"fitpod failed\n{done.stdout[-1500:]}")
        return (folder / "fit_coefficients.pod").read_text()


def _knots(cutoff: float, inner: int) -> FloatArray:
    """Of cubic splines that start at zero and are finer where atoms are."""
    return np.concatenate([[0.001] * 4, np.linspace(1.8, cutoff, inner)[:-1], [cutoff] * 4])


class Splines(NamedTuple):
    """Knots of a UF3 of one element, Å."""

    pair: FloatArray = _knots(5.5, 22)
    side: FloatArray = _knots(4.2, 8)  # of a triple, from its centre
    base: FloatArray = _knots(8.4, 11)  # across from the centre

    @property
    def shape(self) -> tuple[int, int, int]:
        """Coefficients of triples."""
        side = len(self.side) - 4
        return side, side, len(self.base) - 4

    def all(self) -> Iterator[tuple[FloatArray, FloatArray]]:
        """Coefficients that are one in one place, by symmetry; three last are zero at a cutoff."""
        none = np.zeros(len(self.pair) - 4), np.zeros(self.shape)
        for number in range(len(none[0]) - 3):
            one = none[0].copy()
            one[number] = 1.0
            yield one, none[1]
        first, second, third = (range(count - 3) for count in self.shape)
        for a, b, c in itertools.product(first, second, third):
            if a <= b:
                one = none[1].copy()
                one[a, b, c] = one[b, a, c] = 1.0
                yield none[0], one

    def file(self, pairs: FloatArray, triples: FloatArray) -> str:
        """In the format of `pair_style uf3`."""
        side, base, count = self.side, self.base, f"{len(self.side)} {len(self.side)}"
        lines = [
            *("#UF3 POT UNITS: metal", "2B Si Si 0 3 nk", f"{self.pair[-1]} {len(self.pair)}"),
            *(_line(self.pair), str(len(pairs)), _line(pairs), "#"),
            *("#UF3 POT UNITS: metal", "3B Si Si Si 0 3 nk"),
            f"{base[-1]} {side[-1]} {side[-1]} {len(base)} {count}",
            *(_line(base), _line(side), _line(side), " ".join(map(str, self.shape))),
            *(_line(row) for row in triples.reshape(-1, self.shape[-1])),
        ]
        return "\n".join([*lines, "#"]) + "\n"


def _line(numbers: FloatArray) -> str:
    return " ".join(f"{number:.10g}" for number in numbers)


def fit_uf3(frames: Sequence[Structure], splines: Splines | None = None) -> str:
    """The file of a potential that is least in the squares of its errors."""
    splines = splines or Splines()
    columns = [_column(splines.file(*one), frames) for one in splines.all()]
    atoms = np.array([len(frame.numbers) for frame in frames])
    constant = np.concatenate([ENERGY + 0 * atoms, np.zeros(3 * atoms.sum())])
    matrix = np.stack([*columns, constant], axis=1)
    normal = matrix.T @ matrix
    ridge = RIDGE * np.trace(normal) / len(normal) * np.eye(len(normal))
    weights = np.linalg.solve(normal + ridge, matrix.T @ _labels(frames))
    places = list(splines.all())
    pairs = sum(w * one for w, (one, _) in zip(weights[:-1], places, strict=True))
    triples = sum(w * one for w, (_, one) in zip(weights[:-1], places, strict=True))
    return splines.file(np.asarray(pairs), np.asarray(triples))


def _column(file: str, frames: Sequence[Structure]) -> FloatArray:
    """Weighted energies and forces by LAMMPS."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "splines"
        path.write_text(file)
        commands = ["pair_style uf3 3", f"pair_coeff * * {path} Si"]
        found = LammpsPotential(commands, ["Si"]).evaluate(frames)
    energies = [ENERGY * one.energy / len(one.forces) for one in found]
    return np.concatenate([energies, *(one.forces.ravel() for one in found)])


def _labels(frames: Sequence[Structure]) -> FloatArray:
    energies = [ENERGY * float(one.energy or 0.0) / len(one.numbers) for one in frames]
    return np.concatenate([energies, *(np.asarray(one.forces).ravel() for one in frames)])
