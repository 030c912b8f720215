"""A potential before any training: random channels, and a readout to begin with.

Energies, forces and stresses are linear in the weights of the invariants, so the best linear
energy follows from least squares at once; for many sets this alone is a good potential. A training
of all weights does better from a random readout: the least-squares solution rests on large weights
that cancel, and the large steps that find the non-linear optimum spoil it at once.
"""

from typing import Literal, NamedTuple

import numpy as np

from sciml.core.axes import FloatArray
from sciml.core.errors import BadInput
from sciml.materials.ace.core import require_core_inside, without_core
from sciml.materials.ace.couplings import couplings
from sciml.materials.ace.edges import element_places
from sciml.materials.ace.frames import LossSettings, require_labels, stress_counts
from sciml.materials.ace.harmonics import DEGREE
from sciml.materials.ace.jacobian import rows_of
from sciml.materials.ace.model import (
    AcePotential,
    AceSettings,
    Weights,
    feature_sizes,
    layers,
    pairs_of,
    weight_shapes,
)
from sciml.materials.ace.moments import moments
from sciml.materials.structures import Structure

StartKind = Literal["random", "linear"]
RIDGE = 1e-7  # of each feature's own weight in the normal equations
_LEAST = 1e-12
_SILENCE = 0.3  # size of the random readout's weights, in units that make its energy about 1 eV


class Start(NamedTuple):
    """A potential to train from, and what its labels say of the stress."""

    potential: AcePotential
    stress_offset: float  # eV/Å³, what the labels have more than the energies imply


def start(
    structures: list[Structure],
    settings: AceSettings,
    loss: LossSettings,
    *,
    kind: StartKind = "random",
    offset: bool = False,
    weights: FloatArray | None = None,
    seed: int = 0,
) -> Start:
    """Random channels with a random readout, or with the best linear energy.

    Args:
        structures: With the labels that the loss weighs.
        settings: Size of the potential.
        loss: Weights of energies, forces and stresses.
        kind: ``linear`` solves least squares, with the first layer's features only.
        offset: Whether the stress labels may have a constant hydrostatic offset, which is found
            by the linear energy in either case.
        weights: Of each structure in the loss, (frame,); 1 by default.
        seed: Of all random numbers.

    Returns:
        The potential and the offset, 0 if it was not asked for.

    Raises:
        BadInput: if there are fewer than two structures, or the cutoff is too short for the
            repulsion of nuclei.
    """
    if len(structures) < 2:
        raise BadInput(
            f"training: {len(structures)} structure was given; at least two are needed, one to "
            "fix the energies and more to learn how they change."
        )
    elements = tuple(sorted({int(z) for one in structures for z in one.numbers}))
    if settings.core:
        require_core_inside(elements, settings.radial.cutoff, settings.core_reach)
        structures = without_core(structures, settings.core_reach)
    rng = np.random.default_rng(seed)
    drawn = _drawn(structures, elements, settings, rng)
    if kind == "random" and not offset:
        return Start(AcePotential(settings, elements, drawn), 0.0)
    shares = np.ones(len(structures)) if weights is None else weights
    asked = _Asked(settings, loss, offset, drawn.mixing)
    solution = _solution(structures, elements, asked, shares)
    if kind == "linear":
        drawn = _with_linear(drawn, solution)
    return Start(AcePotential(settings, elements, drawn), float(solution[-1]))


def _drawn(
    structures: list[Structure],
    elements: tuple[int, ...],
    settings: AceSettings,
    rng: np.random.Generator,
) -> Weights:
    """Random weights, in units in which features are of mean 0 and deviation 1."""
    shapes = weight_shapes(settings, len(elements))
    size = _moment_sizes(structures, elements, settings) * _roughness(settings, len(elements))
    given = {name: rng.normal(size=shape) for name, shape in shapes.items()}
    for name in ("mixing", "message"):
        given[name] /= size[None, :, :, None] * np.sqrt(len(size[0]))
    given["charge"] /= np.sqrt(len(given["charge_share"]))
    given["first"] /= np.sqrt(len(given["share"]))
    given["second"] /= np.sqrt(settings.hidden)
    for name in ("first_bias", "second_bias", "shift"):
        given[name] = np.zeros(shapes[name])
    sizes = feature_sizes(settings)
    given["share"] *= sizes
    given["linear"] *= _SILENCE * sizes / np.sqrt(len(sizes))
    given["last"] *= _SILENCE / np.sqrt(settings.hidden)
    ones = {name: np.ones(shapes[name]) for name in ("scale", "charge_bias")}
    given["element_energy"] = _mean_energies(structures, elements)
    return _standardised(structures, elements, settings, Weights(**(given | ones)))


def _moment_sizes(
    structures: list[Structure], elements: tuple[int, ...], settings: AceSettings
) -> FloatArray:
    """Root mean square of the moments, (degree, moment)."""
    total, atoms, largest = 0.0, 0, settings.couplings.degree
    for one in structures:
        found = moments(pairs_of([one], elements, settings), len(elements), largest)
        total, atoms = total + np.sum(found**2, axis=0), atoms + len(one)
    assert isinstance(total, np.ndarray)
    mine = DEGREE[: len(total)]
    power = [total[mine == degree].mean(axis=0) for degree in range(largest + 1)]
    return np.sqrt(np.stack(power) / atoms + _LEAST)


def _roughness(settings: AceSettings, elements: int) -> FloatArray:
    """How much smaller weights of fine radial functions and high degrees begin, (degree, moment).

    Training counts weights in these units, so that smooth surroundings are learnt first.
    """
    functions = np.tile(np.arange(settings.radial.functions), elements)
    degrees = np.arange(settings.couplings.degree + 1)
    return (1 + functions / 2) ** settings.smoothness * (1 + degrees[:, None] / 2)


def _mean_energies(structures: list[Structure], elements: tuple[int, ...]) -> FloatArray:
    """Energies of the elements that fit the structures best, eV, (element,)."""
    counts = [
        np.bincount(element_places(one, elements), minlength=len(elements)) / len(one)
        for one in structures
    ]
    for one in structures:
        require_labels(one, {"energy": one.energy})
    per_atom = [(one.energy or 0.0) / len(one) for one in structures]
    return np.linalg.lstsq(np.array(counts), np.array(per_atom), rcond=1e-6)[0]


def _standardised(
    structures: list[Structure],
    elements: tuple[int, ...],
    settings: AceSettings,
    weights: Weights,
) -> Weights:
    """Shift and scale of the features, one layer after the other."""
    lists, split = couplings(settings.couplings), len(weights.charge_share)
    whole = [pairs_of([one], elements, settings) for one in structures]
    for place in (slice(0, split), slice(split, None)):
        values = np.concatenate([layers(e, weights, lists).features[:, place] for e in whole])
        if values.shape[1]:
            weights.shift[place] = values.mean(axis=0)
            weights.scale[place] = 1 / (values.std(axis=0) + 1e-6)
    return weights


def _with_linear(drawn: Weights, solution: FloatArray) -> Weights:
    """The solution in place of the random readout; hidden layers and messages are silent."""
    elements, split = len(drawn.linear), len(drawn.charge_share)
    by_feature = solution[: -elements - 1].reshape(elements, -1)
    linear = np.zeros_like(drawn.linear)
    linear[:, :split] = by_feature / drawn.scale[:split]
    return drawn._replace(
        element_energy=solution[-elements - 1 : -1] + by_feature @ drawn.shift[:split],
        linear=linear,
        last=np.zeros_like(drawn.last),
    )


class _Asked(NamedTuple):
    """What is solved for."""

    settings: AceSettings
    loss: LossSettings
    offset: bool
    mixing: FloatArray


def _solution(
    structures: list[Structure], elements: tuple[int, ...], asked: _Asked, shares: FloatArray
) -> FloatArray:
    """Weights of all features, energies of the elements, and the stress offset."""
    square: FloatArray | float = 0.0
    right: FloatArray | float = 0.0
    for one, share in zip(structures, shares, strict=True):
        table, labels = _equations(one, elements, asked)
        square, right = square + share * table.T @ table, right + share * table.T @ labels
    assert isinstance(square, np.ndarray)
    assert isinstance(right, np.ndarray)
    size = np.sqrt(np.diag(square)) + _LEAST
    scaled = square / size / size[:, None] + RIDGE * np.eye(len(size))
    return np.linalg.solve(scaled, right / size) / size


def _equations(
    one: Structure, elements: tuple[int, ...], asked: _Asked
) -> tuple[FloatArray, FloatArray]:
    """What one structure asks of the weights: rows and labels, weighed as in the loss."""
    loss = asked.loss
    labels = {"energy": one.energy, "forces": one.forces}
    require_labels(one, labels | ({"stress": one.stress} if stress_counts(one, loss) else {}))
    edges = pairs_of([one], elements, asked.settings)
    rows = rows_of(edges, asked.mixing, couplings(asked.settings.couplings))
    counts = np.bincount(element_places(one, elements), minlength=len(elements))
    assert one.energy is not None
    assert one.forces is not None
    atoms, other = len(one), len(elements) + 1
    weigh = np.sqrt([loss.energy, loss.forces / (3 * atoms), loss.stress / 6])
    tables = [
        np.hstack([rows.energy / atoms, [[*(counts / atoms), 0.0]]]) * weigh[0],
        np.hstack([rows.forces.reshape(3 * atoms, -1), np.zeros((3 * atoms, other))]) * weigh[1],
    ]
    right = [weigh[0] * np.array([one.energy / atoms]), weigh[1] * one.forces.ravel()]
    if stress_counts(one, loss):
        assert one.stress is not None
        extra = np.zeros((6, other))
        extra[:3, -1] = float(asked.offset)
        tables.append(np.hstack([rows.strain_energy[0] / one.volume, extra]) * weigh[2])
        right.append(weigh[2] * one.stress)
    return np.concatenate(tables), np.concatenate(right)
