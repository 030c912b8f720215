"""The linear part of a trained potential once more, by least squares.

Energies, forces and stresses are linear in the weights that each feature has by itself. Many of
them do nearly the same, and a training by gradients stops long before their optimum; least squares
is there at once. A ridge holds the weights near the trained ones: the smaller, the farther they
may go, and the more they may learn by heart. It is a setting to choose by frames that the training
has not seen. Cross-validation among the training's own frames would not tell: the channels know
them all.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import ceil
from typing import NamedTuple

import numpy as np
from pydantic import PositiveFloat, PositiveInt
from scipy.linalg import LinAlgError, cho_solve, cholesky
from scipy.linalg.blas import dsyrk  # pyright: ignore[reportAttributeAccessIssue]

from sciml.core.axes import FloatArray, IntArray
from sciml.core.errors import BadInput
from sciml.core.settings import Settings
from sciml.materials.ace.couplings import couplings
from sciml.materials.ace.frames import LossSettings, require_labels, stress_counts
from sciml.materials.ace.model import AcePotential, feature_rates, feature_sizes, layers, pairs_of
from sciml.materials.ace.moments import pair_rates
from sciml.materials.structures import Structure

_ATOMS = 4000  # evaluated at a time
_ROWS = 1000  # of equations that are summed at a time


class RefitSettings(Settings):
    """How the linear part of a trained potential is fitted once more."""

    energy: PositiveFloat = 100.0  # weight, by (eV/atom)²; forces and stress have the loss's
    rows: PositiveInt = 100  # force components of a structure that are drawn; all if it has fewer
    ridge: PositiveFloat = 1e-8  # what a weight that moves by its own unit costs, in the loss


class Refitted(NamedTuple):
    """What a refit found."""

    potential: AcePotential  # without a grade
    gain: float  # share of the loss on these structures that is gone


class Asked(NamedTuple):
    """What equations are written for."""

    trained: AcePotential
    loss: LossSettings  # weights of forces and stresses
    settings: RefitSettings  # weight of energies, and rows
    stress_offset: float  # eV/Å³


class Solved(NamedTuple):
    """The best change of the weights."""

    change: FloatArray  # (weight,)
    loss: float  # after it


class Normal:
    """The loss by changes c of the weights: cᵀ square c - 2 right c + now, summed row by row.

    There are many weights, so the square is there once: rows are added to its lower half where
    it lies, and the solution is found there too.
    """

    def __init__(self, weights: int) -> None:
        self._square = np.zeros((weights, weights), order="F")
        self._right = np.zeros(weights)
        self.now = 0.0

    def add(self, table: FloatArray, missing: FloatArray) -> None:
        """Add equations.

        Args:
            table: What they ask of the changes, (row, weight).
            missing: What the changes should make up for, (row,).
        """
        self._square = dsyrk(1.0, table.T, 1.0, self._square, lower=True, overwrite_c=True)
        self._right += missing @ table
        self.now += float(missing @ missing)

    def solved(self, ridge: float) -> Solved:
        """The best change, where a change costs its square times the ridge; only once.

        Raises:
            BadInput: if the ridge is too small for the arithmetic.
        """
        self._square.flat[:: len(self._right) + 1] += ridge
        try:
            factor = cholesky(self._square, lower=True, overwrite_a=True)
        except LinAlgError:
            raise BadInput(
                f"refit: the equations cannot be solved with a ridge of {ridge:g}; raise it."
            ) from None
        change = cho_solve((factor, True), self._right)
        return Solved(change, self.now - float(change @ self._right + ridge * change @ change))


def refitted(
    trained: AcePotential,
    structures: Sequence[Structure],
    loss: LossSettings,
    weights: FloatArray,
    *,
    settings: RefitSettings,
    stress_offset: float = 0.0,
    seed: int = 0,
) -> Refitted:
    """Move the linear weights and the energies of the elements to where least squares has them.

    Args:
        trained: Knows all elements of the structures.
        structures: With the labels that the loss weighs.
        loss: Weights of forces and stresses.
        weights: Of each structure in the loss, (frame,).
        settings: Weight of energies, rows and ridge.
        stress_offset: eV/Å³, what the stress labels have too much in xx, yy and zz.
        seed: Of the rows.

    Returns:
        The potential, and what it gained.

    Raises:
        BadInput: if a label that is needed is missing, an element is not known, or the ridge is
            too small for the arithmetic.
    """
    asked = Asked(trained, loss, settings, stress_offset)
    equations = normal_equations(asked, structures, weights[None], seed)[0]
    best = equations.solved(settings.ridge)
    gain = 1 - best.loss / max(equations.now, float(np.finfo(float).tiny))
    return Refitted(with_change(trained, best.change), gain)


def normal_equations(
    asked: Asked, structures: Sequence[Structure], weights: FloatArray, seed: int
) -> list[Normal]:
    """Equations of some structures, weighed in one or more ways.

    Args:
        asked: What they are written for.
        structures: With the labels that the loss weighs.
        weights: Of each structure in the loss, (way, frame).
        seed: Of the rows that are drawn.

    Returns:
        One for each way.

    Raises:
        BadInput: if a label that is needed is missing, or an element is not known.
    """
    size, shares = len(_units(asked.trained)), weights / weights.sum(axis=1, keepdims=True)
    found = [Normal(size) for _ in shares]
    for table, errors, frame in _blocks(asked, structures, np.random.default_rng(seed)):
        for way, share in enumerate(shares):
            root = np.sqrt(share[frame])
            found[way].add(root[:, None] * table, root * errors)
    return found


def _blocks(
    asked: Asked, structures: Sequence[Structure], rng: np.random.Generator
) -> Iterator[tuple[FloatArray, FloatArray, IntArray]]:
    """Rows of several structures at a time, what is missing, and the structure of each row.

    A product of many rows costs little more than one of few, which only moves numbers.
    """
    tables: list[FloatArray] = []
    errors: list[FloatArray] = []
    frames: list[IntArray] = []
    for number, one in enumerate(structures):
        table, missing = _equations(asked, one, rng)
        tables.append(table)
        errors.append(missing)
        frames.append(np.full(len(missing), number))
        if sum(map(len, errors)) >= _ROWS or number == len(structures) - 1:
            yield np.concatenate(tables), np.concatenate(errors), np.concatenate(frames)
            tables, errors, frames = [], [], []


def _equations(
    asked: Asked, one: Structure, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """What one structure asks of the changes, weighed as in the loss: rows and what is missing."""
    loss, settings, stressed = asked.loss, asked.settings, stress_counts(one, asked.loss)
    labels = {"energy": one.energy, "forces": one.forces}
    require_labels(one, labels | ({"stress": one.stress} if stressed else {}))
    now = asked.trained.evaluate([one])[0]
    assert one.energy is not None
    assert one.forces is not None
    drawn = rng.permutation(one.forces.size)[: settings.rows]
    slopes = _slopes(asked.trained, one, drawn, stressed)
    tables = [_energies(asked.trained, one) / len(one), -slopes[: len(drawn)]]
    errors = [
        np.array([one.energy - now.energy]) / len(one),
        (one.forces - now.forces).ravel()[drawn],
    ]
    costs = [settings.energy, loss.forces / len(drawn)]
    if stressed:
        assert one.stress is not None
        tables.append(slopes[len(drawn) :] / one.volume)
        errors.append(one.stress - asked.stress_offset * np.array([1, 1, 1, 0, 0, 0]) - now.stress)
        costs.append(loss.stress / 6)
    rows = [np.sqrt(cost) * table for cost, table in zip(costs, tables, strict=True)]
    right = [np.sqrt(cost) * error for cost, error in zip(costs, errors, strict=True)]
    return np.concatenate(rows) * _units(asked.trained), np.concatenate(right)


def _slopes(trained: AcePotential, one: Structure, drawn: IntArray, stressed: bool) -> FloatArray:
    """Slopes, by coordinates and by strains, of the energy that each weight adds.

    The features of many copies of the structure are followed, each of which moves in its own way.
    """
    atoms, kinds = len(one), len(trained.elements)
    ways = len(drawn) + 6 * stressed
    shift, strain = np.zeros((ways, atoms, 3)), np.zeros((ways, 6))
    shift.reshape(ways, -1)[np.arange(len(drawn)), drawn] = 1
    strain[len(drawn) :] = np.eye(6)[: ways - len(drawn)]
    lists, found = couplings(trained.settings.couplings), []
    for some in np.array_split(np.arange(ways), ceil(ways * atoms / _ATOMS)):
        edges = pairs_of([one] * len(some), trained.elements, trained.settings)
        drift = pair_rates(edges, shift[some].reshape(-1, 3), strain[some])
        rates = feature_rates(edges, trained.weights, lists, drift)[1]
        found.append(_by_element(rates, edges.element, len(some), kinds))
    return np.hstack([np.concatenate(found), np.zeros((ways, kinds))])


def _energies(trained: AcePotential, one: Structure) -> FloatArray:
    """The energy that each weight adds, (1, weight)."""
    edges, kinds = pairs_of([one], trained.elements, trained.settings), len(trained.elements)
    features = layers(edges, trained.weights, couplings(trained.settings.couplings)).features
    counts = np.bincount(edges.element, minlength=kinds).astype(np.float64)
    return np.hstack([_by_element(features, edges.element, 1, kinds), counts[None]])


def _by_element(features: FloatArray, element: IntArray, copies: int, kinds: int) -> FloatArray:
    """Sums over the atoms of each element, (copy, element and feature)."""
    parts = features.reshape(copies, -1, features.shape[1])
    mine = element[: parts.shape[1]]
    sums = [parts[:, mine == kind].sum(axis=1) for kind in range(kinds)]
    return np.concatenate(sums, axis=1)


def _units(trained: AcePotential) -> FloatArray:
    """How large a weight is meant to be, eV: those of the features by element, then 1 for these."""
    sizes, kinds = feature_sizes(trained.settings), len(trained.elements)
    return np.concatenate([np.tile(sizes / np.sqrt(len(sizes)), kinds), np.ones(kinds)])


def with_change(trained: AcePotential, change: FloatArray) -> AcePotential:
    """The potential with its weights changed, in their units; it has no grade."""
    given, kinds = trained.weights, len(trained.elements)
    moved = change * _units(trained)
    weights = given._replace(
        linear=given.linear + moved[:-kinds].reshape(given.linear.shape),
        element_energy=given.element_energy + moved[-kinds:],
    )
    return replace(trained, weights=weights, grade=None)
