"""Labelled structures as a source of batches: everything that no weight changes, computed once."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import NonNegativeFloat

from sciml.core.axes import FloatArray, IntArray
from sciml.core.errors import BadInput
from sciml.core.settings import Settings
from sciml.materials.ace.core import without_core
from sciml.materials.ace.edges import Edges, joined
from sciml.materials.ace.model import AcePotential, pairs_of
from sciml.materials.ace.moments import moments
from sciml.materials.structures import Structure

PER_FRAME = ("energy", "atoms", "stress", "volume", "weight", "stress_weight")


class LossSettings(Settings):
    """What an error costs: the loss is the sum of the mean squares times these."""

    forces: NonNegativeFloat = 1.0  # by (eV/Å)²
    energy: NonNegativeFloat = 3.0  # by (eV/atom)², in the first half of a training
    final_energy: NonNegativeFloat = 30.0  # the same from nine tenths on; between, a steady rise
    stress: NonNegativeFloat = 100.0  # by (eV/Å³)²; 0 for molecules and labels without stress

    def at(self, progress: float) -> "LossSettings":
        """The weights when a share of the training is done.

        Forces come first: energies are few numbers, and learnt early they are learnt by heart.
        """
        share = min(max((progress - 0.5) / 0.4, 0.0), 1.0)
        energy = self.energy ** (1 - share) * self.final_energy**share
        return self.model_copy(update={"energy": energy})


class Frames:
    """Structures with energies and forces, ready to be trained on.

    Args:
        structures: With energy and forces; with stress if the loss weighs it.
        potential: What is trained; its repulsion of nuclei is taken from the labels.
        loss: Weights; stress is asked for only where it counts, and of crystals only.
        weights: Of each structure in the loss, (frame,); 1 by default.
        dtype: Of pairs and moments.

    Raises:
        BadInput: if a label that is needed is missing or not finite.
    """

    def __init__(
        self,
        structures: Sequence[Structure],
        potential: AcePotential,
        loss: LossSettings,
        weights: FloatArray | None = None,
        dtype: type = np.float32,
    ) -> None:
        elements, settings = potential.elements, potential.settings
        self.edges = [pairs_of([one], elements, settings, dtype) for one in structures]
        degree = settings.couplings.degree
        self._moments = [moments(part, len(elements), degree) for part in self.edges]
        shares = np.ones(len(structures)) if weights is None else weights
        rest = without_core(structures, settings.core_reach) if settings.core else structures
        self._labels = [_labels(one, loss, share) for one, share in zip(rest, shares, strict=True)]

    def __len__(self) -> int:
        return len(self.edges)

    def gather(self, indices: IntArray) -> Mapping[str, NDArray[Any]]:
        """Pairs, moments and labels of some structures, by name."""
        chosen = [int(index) for index in indices]
        found: dict[str, NDArray[Any]] = joined([self.edges[i] for i in chosen])._asdict()
        found["moments"] = np.concatenate([self._moments[i] for i in chosen])
        found["forces"] = np.concatenate([self._labels[i]["forces"] for i in chosen])
        for name in PER_FRAME:
            found[name] = np.stack([self._labels[i][name] for i in chosen])
        return found


def edges_in(arrays: Mapping[str, NDArray[Any]]) -> Edges:
    """The pairs of a batch."""
    return Edges(**{name: arrays[name] for name in Edges._fields})


def stress_counts(structure: Structure, loss: LossSettings) -> bool:
    """Whether a structure's stress is part of the loss; a molecule has none."""
    return loss.stress > 0 and bool(structure.periodic.all())


def _labels(structure: Structure, loss: LossSettings, share: float) -> dict[str, NDArray[Any]]:
    """Labels of one structure; a stress that does not count is zero, and so is its share."""
    counts = stress_counts(structure, loss)
    stress = structure.stress if counts else np.zeros(6)
    given = {"energy": structure.energy, "forces": structure.forces, "stress": stress}
    require_labels(structure, given)
    volume = structure.volume if counts else np.inf
    shares = {"weight": share, "stress_weight": share * counts}
    numbers = given | shares | {"atoms": len(structure), "volume": volume}
    return {name: np.asarray(value, dtype=np.float64) for name, value in numbers.items()}


def require_labels(structure: Structure, given: Mapping[str, Any]) -> None:
    """Refuse a structure whose labels are not there or not finite."""
    for name, value in given.items():
        if value is None:
            raise BadInput(
                f"{structure.name}: has no {name}, which the training needs; leave it out"
                + (", or set loss.stress to 0." if name == "stress" else ".")
            )
        if not np.isfinite(value).all():
            raise BadInput(f"{structure.name}: its {name} is not finite; leave it out.")
