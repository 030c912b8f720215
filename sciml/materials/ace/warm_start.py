"""A potential before any training: random channels, and the best linear energy in them.

Energies, forces and stresses are linear in the weights of the invariants, so these follow from
least squares at once. For many sets this alone is a good potential.
"""

from typing import NamedTuple

import numpy as np

from sciml.core.axes import FloatArray
from sciml.core.errors import BadInput
from sciml.materials.ace.couplings import couplings
from sciml.materials.ace.edges import edges_of, element_places
from sciml.materials.ace.frames import LossSettings, require_labels, stress_counts
from sciml.materials.ace.harmonics import DEGREE
from sciml.materials.ace.invariants import Mixing, invariants, mixing_by
from sciml.materials.ace.jacobian import rows_of
from sciml.materials.ace.model import AcePotential, AceSettings, Weights, weight_shapes
from sciml.materials.ace.moments import moments
from sciml.materials.structures import Structure

RIDGE = 1e-7  # of each feature's own weight in the normal equations
_LEAST = 1e-12


class WarmStart(NamedTuple):
    """A potential that is linear in its invariants."""

    potential: AcePotential
    stress_offset: float  # eV/Å³, what the labels have more than the energies imply


def warm_start(
    structures: list[Structure],
    settings: AceSettings,
    loss: LossSettings,
    *,
    offset: bool = False,
    weights: FloatArray | None = None,
    seed: int = 0,
) -> WarmStart:
    """Solve for the linear energy in random channels.

    Args:
        structures: With the labels that the loss weighs.
        settings: Size of the potential.
        loss: Weights of energies, forces and stresses.
        offset: Whether the stress labels may have a constant hydrostatic offset, which is found.
        weights: Of each structure in the loss, (frame,); 1 by default.
        seed: Seed of the channels, and of the readout's hidden layers, which start silent.

    Returns:
        The potential and the offset, 0 if it was not asked for.

    Raises:
        BadInput: if there are fewer than two structures.
    """
    if len(structures) < 2:
        raise BadInput(
            f"training: {len(structures)} structure was given; at least two are needed, one to "
            "fix the energies and more to learn how they change."
        )
    elements = tuple(sorted({int(z) for one in structures for z in one.numbers}))
    rng = np.random.default_rng(seed)
    mixing = _channels(structures, elements, settings, rng)
    shift, scale = _feature_scale(structures, elements, settings, mixing)
    shares = np.ones(len(structures)) if weights is None else weights
    solution = _solution(structures, elements, _Asked(settings, loss, offset, mixing), shares)
    by_feature = solution[: -len(elements) - 1].reshape(len(elements), -1)
    shapes = weight_shapes(settings, len(elements))
    first = rng.normal(size=shapes["first"]) / np.sqrt(shapes["first"][0])
    second = rng.normal(size=shapes["second"]) / np.sqrt(settings.hidden)
    solved = Weights(
        element_energy=solution[-len(elements) - 1 : -1] + by_feature @ shift,
        mixing=mixing.weights,
        shift=shift,
        scale=scale,
        linear=by_feature / scale,
        first=first,
        first_bias=np.zeros(shapes["first_bias"]),
        second=second,
        second_bias=np.zeros(settings.hidden),
        last=np.zeros(settings.hidden),
    )
    return WarmStart(AcePotential(settings, elements, solved), float(solution[-1]))


def _channels(
    structures: list[Structure],
    elements: tuple[int, ...],
    settings: AceSettings,
    rng: np.random.Generator,
) -> Mixing:
    """Random sums of moments, each moment first brought to mean square one."""
    shape = weight_shapes(settings, len(elements))["mixing"]
    total, atoms = np.zeros((len(DEGREE), shape[2])), 0
    for one in structures:
        found = moments(edges_of([one], elements, settings.radial), len(elements))
        total += np.sum(found**2, axis=0)
        atoms += len(one)
    power = np.stack([total[degree == DEGREE].mean(axis=0) for degree in range(shape[1])])
    size = np.sqrt(power / atoms + _LEAST)[None, :, :, None]
    weights = rng.normal(size=shape) / (size * np.sqrt(shape[2]))
    return mixing_by(weights, couplings(settings.couplings))


def _feature_scale(
    structures: list[Structure],
    elements: tuple[int, ...],
    settings: AceSettings,
    mixing: Mixing,
) -> tuple[FloatArray, FloatArray]:
    """Mean of each feature and one over its deviation."""
    values = np.concatenate(
        [
            invariants(mixing, edges.element, moments(edges, len(elements))).reshape(len(one), -1)
            for one in structures
            for edges in [edges_of([one], elements, settings.radial)]
        ]
    )
    return values.mean(axis=0), 1 / (values.std(axis=0) + 1e-6)


class _Asked(NamedTuple):
    """What is solved for."""

    settings: AceSettings
    loss: LossSettings
    offset: bool
    mixing: Mixing


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
    rows = rows_of(edges_of([one], elements, asked.settings.radial), asked.mixing)
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
