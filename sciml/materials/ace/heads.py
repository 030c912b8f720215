"""A committee from one training: heads that share a body and differ in their linear part.

Each head is what the linear weights would be if some training frames had counted more and others
less. Their mean is the trained potential itself, so nothing is lost; where they disagree, the
training frames do not settle the answer. Features are computed once for all heads, and only their
slopes by each head.

Source:
    Rubin, Ann. Statist. 9 (1981) 130 (weights of a Bayesian bootstrap); Kellner & Ceriotti, Mach.
    Learn.: Sci. Technol. 5 (2024) 035006 (heads that share a body).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from pydantic import Field, PositiveFloat

from sciml.core.axes import FloatArray
from sciml.core.errors import BadInput
from sciml.materials.ace.couplings import couplings
from sciml.materials.ace.frames import LossSettings
from sciml.materials.ace.model import AcePotential, Weights, layers, pairs_of, pulled
from sciml.materials.ace.refit import Asked, RefitSettings, normal_equations, with_change
from sciml.materials.committee import Committee
from sciml.materials.potential import Evaluation
from sciml.materials.structures import Structure

_OWN = ("linear", "element_energy")  # what heads do not share


class HeadSettings(RefitSettings):
    """How many heads a trained potential is given, and how far they may part."""

    count: int = Field(default=8, ge=2)
    ridge: PositiveFloat = 1e-7  # what a weight that moves by its own unit costs, in the loss


@dataclass(frozen=True)
class Heads(Committee):
    """Potentials that share all but their linear part, evaluated together.

    Raises:
        BadInput: as of a committee, or if they do not share a body.
    """

    members: tuple[AcePotential, ...]

    def __post_init__(self) -> None:
        super().__post_init__()
        if not share_a_body(self.members):
            raise BadInput("heads: the potentials differ in more than their linear part.")

    @cached_property
    def body(self) -> AcePotential:
        """The potential that is the heads' mean."""
        own = {
            name: np.mean([getattr(one.weights, name) for one in self.members], axis=0)
            for name in _OWN
        }
        first = self.members[0]
        return replace(first, weights=first.weights._replace(**own))

    def evaluate(self, structures: Sequence[Structure]) -> list[Evaluation]:
        """What the body says, and how far the heads' forces part; as of a committee."""
        return [self._evaluated(one) for one in structures]

    def _evaluated(self, one: Structure) -> Evaluation:
        body = self.body
        edges = pairs_of([one], body.elements, body.settings)
        lists = couplings(body.settings.couplings)
        found = layers(edges, body.weights, lists)
        variance = np.zeros(len(one))
        for head in self.members:
            slopes = (head.weights.linear - body.weights.linear)[edges.element]
            forces = pulled(edges, body.weights, lists, found, slopes).forces
            variance += np.sum(forces**2, axis=1) / len(self.members)
        return body.of_layers(one, edges, found)._replace(spread=np.sqrt(variance))


def share_a_body(members: Sequence[AcePotential]) -> bool:
    """Whether potentials differ in nothing but the linear weights and the elements' energies."""
    first = members[0]
    shared = [name for name in Weights._fields if name not in _OWN]
    return all(
        one.settings == first.settings
        and one.elements == first.elements
        and all(
            np.array_equal(getattr(one.weights, name), getattr(first.weights, name))
            for name in shared
        )
        for one in members[1:]
    )


def headed(
    trained: AcePotential,
    structures: Sequence[Structure],
    loss: LossSettings,
    weights: FloatArray,
    *,
    settings: HeadSettings,
    stress_offset: float = 0.0,
    seed: int = 0,
) -> Heads:
    """Give a trained potential heads whose mean it is.

    Args:
        trained: Knows all elements of the structures; its grade is that of every head.
        structures: Those it was trained on.
        loss: Weights of forces and stresses.
        weights: Of each structure in the loss, (frame,).
        settings: Count, weight of energies, rows and ridge.
        stress_offset: eV/Å³, what the stress labels have too much in xx, yy and zz.
        seed: Of the rows and of how much each frame counts for each head.

    Returns:
        The heads.

    Raises:
        BadInput: if a label that is needed is missing, an element is not known, or the ridge is
            too small for the arithmetic.
    """
    drawn = np.random.default_rng(seed).exponential(size=(settings.count, len(structures)))
    asked = Asked(trained, loss, settings, stress_offset)
    equations = normal_equations(asked, structures, weights * drawn, seed)
    changes = np.stack([each.solved(settings.ridge).change for each in equations])
    changes -= changes.mean(axis=0)
    return Heads(tuple(replace(with_change(trained, one), grade=trained.grade) for one in changes))
