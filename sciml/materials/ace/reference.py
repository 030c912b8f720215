"""A potential evaluated from its file alone: plain NumPy, formulas as its header has them.

Slow and plain, for those who port a potential to another program and for our own tests: nothing
of the fast way is used here, neither its compiled sums nor its settings, radial functions,
harmonics and coupling lists. Forces and stresses are exact: the energy is computed with
positions moved by an imaginary 10⁻³⁰ Å, and its imaginary part is the slope, without any difference
of two numbers (Squire & Trapp, SIAM Review 40 (1998) 110).
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import factorial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.polynomial.legendre import legder, legval
from numpy.typing import NDArray
from safetensors import safe_open

from sciml.core.axes import FloatArray, IntArray
from sciml.core.errors import BadInput
from sciml.core.paths import shown
from sciml.materials.potential import Evaluation
from sciml.materials.structures import Structure

_STEP = 1e-30  # Å, and as a strain
_VOIGT = ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))


class _Pairs(NamedTuple):
    """Neighbours, from both ends."""

    centre: IntArray
    other: IntArray
    vector: NDArray[Any]  # Å, (pair, 3); complex while a slope is taken


@dataclass(frozen=True, eq=False)
class ReferencePotential:
    """The potential in a file; it obeys :class:`sciml.materials.potential.Potential`.

    Attributes:
        header: What the file says of itself.
        arrays: Its arrays by name.
        by_table: Whether radial functions are looked up in the file's table, else computed.
    """

    header: dict[str, Any]
    arrays: dict[str, NDArray[Any]]
    by_table: bool = False

    @classmethod
    def from_file(
        cls, path: Path, *, member: int = 0, by_table: bool = False
    ) -> "ReferencePotential":
        """Read a file without any check but that of its format.

        Args:
            path: From :func:`sciml.materials.ace.file.save_potential`.
            member: Which member of a committee.
            by_table: Whether radial functions are looked up, else computed.

        Returns:
            The potential.

        Raises:
            BadInput: if it is of another format or version.
        """
        with safe_open(path, framework="numpy") as content:
            header = json.loads((content.metadata() or {}).get("sciml-ace", "{}"))
            arrays = {name: content.get_tensor(name) for name in content.keys()}  # noqa: SIM118
        if header.get("version") not in (2, 3):
            raise BadInput(
                f"{shown(path)}: expected format sciml-ace of version 2 or 3, got version "
                f"{header.get('version')}; train the potential again."
            )
        if header["members"] > 1:
            alike = ("coupling_", "radial_")
            arrays = {n: a if n.startswith(alike) else a[member] for n, a in arrays.items()}
        return cls(header, arrays, by_table)

    @property
    def elements(self) -> tuple[int, ...]:
        """Atomic numbers that it knows."""
        return tuple(self.header["elements"])

    @property
    def cutoff(self) -> float:
        """Å."""
        return float(self.header["cutoff"])

    def evaluate(self, structures: Sequence[Structure]) -> list[Evaluation]:
        """Energies, forces and stresses in float64.

        Args:
            structures: Of elements that it knows.

        Returns:
            One evaluation each.

        Raises:
            BadInput: if an element is not known.
        """
        return [self._evaluated(one) for one in structures]

    def _evaluated(self, one: Structure) -> Evaluation:
        unknown = sorted({int(z) for z in one.numbers} - set(self.elements))
        if unknown:
            raise BadInput(f"{one.name}: atomic number {unknown[0]} is not in {self.elements}.")
        kinds = np.array([self.elements.index(z) for z in one.numbers])
        pairs = _pairs(one, self.cutoff)
        energies, sums = self._energies(kinds, pairs)
        slopes = [self._slope(kinds, pairs, shift) for shift in _shifts(pairs, len(one))]
        strains = [self._slope(kinds, pairs, pairs.vector @ strain) for strain in _strains()]
        volume = one.volume if one.periodic.all() else np.nan
        return Evaluation(
            energy=float(energies.sum()),
            forces=-np.array(slopes).reshape(-1, 3),
            stress=np.array(strains) / volume,
            atom_energies=energies,
            grades=self._grades(kinds, sums),
        )

    def _slope(self, kinds: IntArray, pairs: _Pairs, shift: FloatArray) -> float:
        """How fast the energy changes when the pairs' vectors do, eV for each part of the shift."""
        moved = pairs._replace(vector=pairs.vector + 1j * _STEP * shift)
        return float(self._energies(kinds, moved)[0].sum().imag) / _STEP

    def _energies(self, kinds: IntArray, pairs: _Pairs) -> tuple[NDArray[Any], NDArray[Any]]:
        """E of all atoms, eV, and y, what the hidden layers see."""
        w, split = self.arrays, len(self.arrays["charge_share"])
        bonds = self._bonds("mixing", kinds, pairs)
        near = self._features(_around(bonds, pairs, len(kinds)), slice(0, split))
        x, y = [_row(near)], [_by_channel(near, w["share"][:split])]
        if w["charge"].shape[1]:
            shared = _by_channel(near, w["charge_share"])
            charges = w["charge_bias"][kinds] + shared @ w["charge"]
            bonds = self._bonds("message", kinds, pairs) * charges[pairs.other][:, None]
            far = self._features(_around(bonds, pairs, len(kinds)), slice(split, None))
            x.append(_row(far))
            y.append(_by_channel(far, w["share"][split:]))
        sums = np.hstack(y)
        hidden = _silu(sums @ w["first"] + w["first_bias"][kinds])
        deep = _silu(hidden @ w["second"] + w["second_bias"])
        linear = np.sum(np.hstack(x) * w["linear"][kinds], axis=1)
        core = _around(self._core(kinds, pairs), pairs, len(kinds))
        return w["element_energy"][kinds] + linear + deep @ w["last"] + core, sums

    def _bonds(self, name: str, kinds: IntArray, pairs: _Pairs) -> NDArray[Any]:
        """What each neighbour adds to the channels of a layer, (pair, component, channel)."""
        weights, degree = self.arrays[name], np.array(self.header["harmonics"]["degree"])
        elements, degrees, _, channels = weights.shape
        by_kinds = weights.reshape(elements, degrees, elements, -1, channels)
        mine = by_kinds[kinds[pairs.centre], :, kinds[pairs.other]]  # (pair, degree, n, channel)
        by_degree = np.einsum("pn,plnk->plk", self._radial(kinds, pairs), mine)
        return _harmonics(pairs.vector, degrees - 1)[:, :, None] * by_degree[:, degree]

    def _radial(self, kinds: IntArray, pairs: _Pairs) -> NDArray[Any]:
        """The radial functions g_n, (pair, n)."""
        r = _length(pairs.vector)
        found = self._looked_up(r) if self.by_table else self._computed(r)
        if self.header["core"] is None:
            return found
        return found * (1 - self._switch(kinds, pairs))[:, None]

    def _computed(self, r: NDArray[Any]) -> NDArray[Any]:
        """By their formula."""
        c, u = self.header["radial"]["crowding"], r / self.cutoff
        x = 1 - 2 * u if c == 0 else 1 - 2 * (1 - np.exp(-c * u)) / (1 - np.exp(-c))
        chebyshev = [np.ones_like(x), x]
        for _ in range(self.header["radial"]["functions"] - 2):
            chebyshev.append(2 * x * chebyshev[-1] - chebyshev[-2])
        return np.stack(chebyshev, axis=1) * ((1 - u) ** 3 * (1 + 3 * u + 6 * u**2))[:, None]

    def _looked_up(self, r: NDArray[Any]) -> NDArray[Any]:
        """By the table: the sum of Hermite's four cubics."""
        values, slopes = self.arrays["radial_values"], self.arrays["radial_slopes"]
        h = self.header["radial"]["spacing"]
        low = np.minimum((r.real / h).astype(int), len(values) - 2)
        t = (r / h - low)[:, None]
        from_values = (
            values[low] * (1 + 2 * t) * (1 - t) ** 2 + values[low + 1] * (3 - 2 * t) * t**2
        )
        from_slopes = slopes[low] * t * (1 - t) ** 2 - slopes[low + 1] * t**2 * (1 - t)
        return from_values + h * from_slopes

    def _switch(self, kinds: IntArray, pairs: _Pairs) -> NDArray[Any]:
        """How much of the repulsion each pair feels, w, (pair,)."""
        core, place = self.header["core"], (kinds[pairs.centre], kinds[pairs.other])
        inner, outer = np.array(core["inner"])[place], np.array(core["outer"])[place]
        t = (_length(pairs.vector) - inner) / (outer - inner)
        t = np.where(t.real < 0, 0, np.where(t.real > 1, 1, t))
        return 1 - 10 * t**3 + 15 * t**4 - 6 * t**5

    def _core(self, kinds: IntArray, pairs: _Pairs) -> NDArray[Any]:
        """Half the repulsion of each pair, eV, (pair,)."""
        core, r = self.header["core"], _length(pairs.vector)
        if core is None:
            return np.zeros_like(r)
        number = np.array(self.elements)[kinds]
        Z_a, Z_b = number[pairs.centre], number[pairs.other]
        d = core["length"] / (Z_a ** core["power"] + Z_b ** core["power"])
        terms = zip(core["shares"], core["rates"], strict=True)
        screening = sum(share * np.exp(-rate * r / d) for share, rate in terms)
        return 0.5 * core["coulomb"] * Z_a * Z_b / r * screening * self._switch(kinds, pairs)

    def _features(self, channels: NDArray[Any], place: slice) -> NDArray[Any]:
        """Features x of a layer, whose place among all is given, (atom, invariant, channel)."""
        w = self.arrays
        nodes = list(np.moveaxis(channels, 1, 0))
        for left, right in zip(w["coupling_left"], w["coupling_right"], strict=True):
            nodes.append(nodes[left] * nodes[right])
        found = [np.zeros_like(nodes[0]) for _ in range(w["coupling_invariant"].max() + 1)]
        lists = (w[f"coupling_{name}"] for name in ("node", "invariant", "coefficient"))
        for node, invariant, coefficient in zip(*lists, strict=True):
            found[invariant] = found[invariant] + coefficient * nodes[node]
        invariants = np.stack(found, axis=1)
        shift, scale = (w[name][place].reshape(invariants.shape[1:]) for name in ("shift", "scale"))
        return (invariants - shift) * scale

    def _grades(self, kinds: IntArray, sums: FloatArray) -> FloatArray | None:
        if "grade_centre" not in self.arrays:
            return None
        gaps = sums - self.arrays["grade_centre"][kinds]
        return np.linalg.norm(
            np.einsum("ak,akm->am", gaps, self.arrays["grade_whitening"][kinds]), axis=1
        )


def _pairs(one: Structure, cutoff: float) -> _Pairs:
    """All pairs nearer than the cutoff, image by image."""
    lattice = one.cell[one.periodic]
    across = np.linalg.pinv(lattice).T  # a vector v of the plane is Σ (v·across) lattice
    found: list[tuple[int, int, FloatArray]] = []
    for centre, other in product(range(len(one)), repeat=2):
        gap = one.positions[other] - one.positions[centre]
        share, reach = across @ gap, cutoff * np.linalg.norm(across, axis=1)
        low, high = np.ceil(-reach - share).astype(int), np.floor(reach - share).astype(int)
        for cells in product(*(range(a, b + 1) for a, b in zip(low, high, strict=True))):
            vector = gap + np.array(cells, dtype=float) @ lattice
            itself = centre == other and not any(cells)
            if not itself and np.linalg.norm(vector) < cutoff:
                found.append((centre, other, vector))
    centres, others = (np.array([pair[i] for pair in found], dtype=int) for i in (0, 1))
    return _Pairs(centres, others, np.array([pair[2] for pair in found]).reshape(-1, 3))


def _shifts(pairs: _Pairs, atoms: int) -> Iterator[FloatArray]:
    """How the pairs' vectors change when each atom moves along x, y and z."""
    for atom, axis in product(range(atoms), range(3)):
        both = (pairs.other == atom).astype(float) - (pairs.centre == atom)
        yield both[:, None] * np.eye(3)[axis]


def _strains() -> Iterator[FloatArray]:
    """Unit strains xx, yy, zz, yz, xz, xy, each symmetric."""
    for row, column in _VOIGT:
        strain = np.zeros((3, 3))
        strain[row, column] += 0.5
        strain[column, row] += 0.5
        yield strain


def _around(parts: NDArray[Any], pairs: _Pairs, atoms: int) -> NDArray[Any]:
    """Sums over the neighbours of each atom."""
    found = np.zeros((atoms, *parts.shape[1:]), parts.dtype)
    np.add.at(found, pairs.centre, parts)
    return found


def _by_channel(features: NDArray[Any], shares: NDArray[Any]) -> NDArray[Any]:
    """Sums over the invariants of each channel, (atom, channel)."""
    return np.sum(features * shares.reshape(features.shape[1:]), axis=1)


def _row(features: NDArray[Any]) -> NDArray[Any]:
    """All features of an atom in the order of the arrays, (atom, feature)."""
    return features.reshape(len(features), -1)


def _length(vector: NDArray[Any]) -> NDArray[Any]:
    """Without absolute values, which would lose the imaginary part."""
    return np.sqrt(np.sum(vector**2, axis=1))


def _harmonics(vector: NDArray[Any], largest: int) -> NDArray[Any]:
    """Y of the directions, (pair, component)."""
    x, y, z = (vector / _length(vector)[:, None]).T
    a, b = [np.ones_like(x)], [np.zeros_like(x)]
    for _ in range(largest):
        a, b = [*a, x * a[-1] - y * b[-1]], [*b, x * b[-1] + y * a[-1]]
    found = []
    every = [(degree, m) for degree in range(largest + 1) for m in range(-degree, degree + 1)]
    for degree, m in every:
        order, part, twice = abs(m), b if m < 0 else a, 1 if m == 0 else 2
        size = np.sqrt(twice * factorial(degree - order) / factorial(degree + order))
        steep = legder(np.eye(degree + 1)[degree], order)
        found.append(size * legval(z, steep) * part[order])
    return np.stack(found, axis=1)


def _silu(h: NDArray[Any]) -> NDArray[Any]:
    return h / (1 + np.exp(-h))
