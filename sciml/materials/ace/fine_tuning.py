"""Going on from a trained potential: other conditions, other labels, other elements."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sciml.core.axes import FloatArray
from sciml.core.errors import BadInput
from sciml.materials.ace.edges import element_places
from sciml.materials.ace.frames import require_labels
from sciml.materials.ace.model import AcePotential, AceSettings
from sciml.materials.ace.radial import RadialSettings, radial_functions
from sciml.materials.elements import covalent_radius
from sciml.materials.structures import Structure

_BY_ELEMENT = ("element_energy", "charge_bias", "linear", "first_bias")
_BY_PAIR = ("mixing", "message")  # by the centre's element, and by the neighbour's in the moments
_FREE = ("smoothness",)  # what only a random start asks for
_GRID = np.linspace(0.1, 1.0, 200)  # of distances over the cutoff


def continued(
    trained: AcePotential,
    structures: Sequence[Structure],
    settings: AceSettings,
    weights: FloatArray,
) -> AcePotential:
    """A trained potential as the start of a training on other structures.

    Args:
        trained: What to go on from.
        structures: Of the new training, with energies.
        settings: What the new training asks for; they must be those of the potential.
        weights: Of each structure in the loss, (frame,).

    Returns:
        The potential for the elements of the structures, with energies refitted to their labels.

    Raises:
        BadInput: if the settings differ, or a structure has no energy.
    """
    _require_same(trained.settings, settings)
    elements = sorted({int(z) for one in structures for z in one.numbers})
    return with_refitted_energies(with_elements(trained, elements), structures, weights)


def with_elements(trained: AcePotential, elements: Sequence[int]) -> AcePotential:
    """A potential for other elements, before it has learnt anything of the new ones.

    Structures of elements that both know keep energies and forces. A new element begins as the
    mean of the known ones, as a centre and as a neighbour, with distances in units of covalent
    radii. Elements that are not asked for are left out: training without them would spoil them.

    Args:
        trained: For any elements.
        elements: Atomic numbers, in the order of the new tables.

    Returns:
        The potential, without a grade.

    Raises:
        BadInput: if the cutoff is too short for the repulsion of the new nuclei.
    """
    likes = [_likes(element, trained.elements) for element in elements]
    tables = trained.weights._asdict()
    changed = {
        name: np.stack([tables[name][like].mean(axis=0) for like in likes]) for name in _BY_ELEMENT
    }
    changed |= {name: _by_pair(trained, elements, likes, tables[name]) for name in _BY_PAIR}
    weights = trained.weights._replace(**changed)
    return AcePotential(trained.settings, tuple(elements), weights)


def _likes(element: int, known: Sequence[int]) -> list[int]:
    """The places of the elements that one begins as: itself, or all if it is new."""
    return [known.index(element)] if element in known else list(range(len(known)))


def _by_pair(
    trained: AcePotential, elements: Sequence[int], likes: list[list[int]], table: NDArray[Any]
) -> NDArray[Any]:
    """A table (element, degree, moment, channel), whose moments count elements, for others."""
    radial = trained.settings.radial
    old, degrees, _, channels = table.shape
    parted = table.reshape(old, degrees, old, radial.functions, channels)
    found = np.zeros((len(elements), degrees, len(elements), radial.functions, channels))
    for a, b in product(range(len(elements)), repeat=2):
        pairs = list(product(likes[a], likes[b]))
        for z, w in pairs:
            stretch = _bond(trained.elements[z], trained.elements[w]) / _bond(
                elements[a], elements[b]
            )
            found[a, :, b] += _stretched(radial, stretch) @ parted[z, :, w] / len(pairs)
    return found.reshape(len(elements), degrees, len(elements) * radial.functions, channels)


def _bond(one: int, other: int) -> float:
    """Sum of covalent radii, Å."""
    return covalent_radius(one) + covalent_radius(other)


def _stretched(radial: RadialSettings, stretch: float) -> FloatArray:
    """The matrix that makes weights of g(stretch r) weights of g(r), by least squares."""
    if stretch == 1:
        return np.eye(radial.functions)
    distance = radial.cutoff * _GRID
    here, there = (radial_functions(factor * distance, radial)[0] for factor in (1, stretch))
    return np.linalg.lstsq(here, there, rcond=None)[0]


def with_refitted_energies(
    trained: AcePotential, structures: Sequence[Structure], weights: FloatArray
) -> AcePotential:
    """The same potential with the energies of its elements as the labels have them.

    Forces do not change. Another functional or code counts energies from another zero, and a
    training moves forces long before the sums of energies follow; least squares is exact at once.

    Args:
        trained: Knows all elements of the structures.
        structures: With energies.
        weights: Of each structure, (frame,).

    Returns:
        The potential.

    Raises:
        BadInput: if a structure has no energy or an element is not known.
    """
    for one in structures:
        require_labels(one, {"energy": one.energy})
    kinds = len(trained.elements)
    counts = [
        np.bincount(element_places(one, trained.elements), minlength=kinds) for one in structures
    ]
    errors = [
        (one.energy or 0.0) - found.energy
        for one, found in zip(structures, trained.evaluate(structures), strict=True)
    ]
    per_atom = np.sqrt(weights) / [len(one) for one in structures]
    shift = np.linalg.lstsq(np.array(counts) * per_atom[:, None], errors * per_atom, rcond=1e-6)[0]
    energies = trained.weights.element_energy + shift
    return replace(trained, weights=trained.weights._replace(element_energy=energies))


def _require_same(trained: AceSettings, asked: AceSettings) -> None:
    """Refuse settings that would give weights another shape or meaning."""
    ours, theirs = _flat(trained.model_dump()), _flat(asked.model_dump())
    differ = [
        f"{name} {ours[name]} (model: {theirs[name]})"
        for name in ours
        if name not in _FREE and ours[name] != theirs[name]
    ]
    if differ:
        raise BadInput(
            f"start: the potential to go on from has {', '.join(differ)}; set `model` as it is, "
            "or start from random."
        )


def _flat(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings by names such as ``radial.cutoff``."""
    found: dict[str, Any] = {}
    for name, value in settings.items():
        inner = _flat(value) if isinstance(value, dict) else {"": value}
        found |= {f"{name}.{key}".rstrip("."): each for key, each in inner.items()}
    return found
