"""What is judged: of each annotated set the proteins drawn for judging, and what of them counts.

One line of each set counts, so that a set with many types of annotation has no more weight than
others. Further lines are printed for what they tell.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from sciml.core.axes import BoolArray, IntArray
from sciml.protein.alphabet import Codes, encoded
from sciml.protein.relatives import families, without_relatives
from sciml.protein.sets import AnnotatedSet, Unit
from sciml.protein.sources import JUDGED, drawn, open_set

# With fewer families the interval would rest on a handful of values: proteins are drawn then.
FEWEST_FAMILIES: Final = 12


class Line(NamedTuple):
    """A kind of annotation in a set."""

    set: str
    types: tuple[tuple[str, str | None], ...] = ()  # type and label; none: whole proteins only
    detail: str = ""  # empty: this line counts for the set

    @property
    def name(self) -> str:
        """The set, and what of it if that does not count for all."""
        return f"{self.set}, {self.detail}" if self.detail else self.set


_FUNCTIONAL: Final = tuple(
    (type, None)
    for type in ("ACT_SITE", "BINDING", "METAL", "SITE", "DISULFID", "MOD_RES", "CARBOHYD", "LIPID")
)

PANEL: Final = (
    Line("antibody_paratope", (("PARATOPE", None),)),
    Line("binding_residues", (("BINDING", None),)),
    Line("catalytic_sites", (("SITE", None),)),
    Line("conservation", (("CONSERVED", None),)),
    Line("disorder_caid", (("DISORDER", None),)),
    Line("disprot_regions", (("STRUCTURAL_STATE", "IDPO:00076"),)),
    Line("llps", (("IDR", None),)),
    Line("membrane_topology", (("TRANSMEM", None),)),
    Line("ptm_phospho", (("MOD_RES", None),)),
    Line("secondary_structure", (("SECSTR", None),)),
    Line("signal_peptides", (("SIGNAL", None),)),
    Line("uniprot_residue_function", _FUNCTIONAL),
    Line("antimicrobial_peptides"),
    Line("bioactive_peptides"),
    Line("go_localisation"),
    Line("pwnet_tasks"),
    Line("uniprot_go"),
    Line("binding_residues", (("BINDING", "metal"),), "metal"),
    Line("binding_residues", (("BINDING", "nuclear"),), "nucleic acid"),
    Line("binding_residues", (("BINDING", "small"),), "small molecule"),
    Line("catalytic_sites", (("SITE", "active_site"),), "active site"),
    Line("disprot_regions", (("MOLECULAR_FUNCTION", None),), "molecular function"),
    Line("llps", (("PRION_LIKE", None),), "prion-like"),
    Line("membrane_topology", (("TRANSMEM", "TM_helix"),), "helix"),
    Line("secondary_structure", (("SECSTR", "helix"),), "helix"),
    Line("secondary_structure", (("SECSTR", "strand"),), "strand"),
)


class Judged(NamedTuple):
    """Proteins of one line, what is annotated in them, and which are related."""

    line: Line
    proteins: list[Codes]
    annotated: list[BoolArray]  # shape (residue,) each
    clusters: IntArray  # that are resampled as wholes. Shape (protein,)

    @property
    def lengths(self) -> list[int]:
        """Residues of each protein."""
        return [len(one) for one in self.proteins]

    @property
    def by_residue(self) -> bool:
        """Whether residues are annotated, so that enrichment means something."""
        return bool(self.line.types)


def judged(line: Line) -> Judged:
    """The proteins that judge a line.

    Args:
        line: One of :data:`PANEL`.

    Returns:
        Of the proteins drawn for the set, see :func:`sciml.protein.sources.judged_proteins`, those
        in which something is annotated. Annotations of one sequence under several ids are joined.

    Raises:
        DatasetMissing: if the set is not on this machine.
    """
    return judged_of(line, open_set(line.set))


def judged_of(line: Line, found: AnnotatedSet, count: int = JUDGED) -> Judged:
    """As :func:`judged`, of a set that is open.

    Args:
        line: What counts.
        found: The set of the line.
        count: How many proteins are drawn.

    Returns:
        Proteins and annotations.
    """
    sequences = drawn((protein.sequence for protein in found.proteins), count)
    masks = masks_by_sequence(line, found, sequences)
    if line.types:
        sequences = [one for one in sequences if masks[one].any()]
    proteins = [encoded(one) for one in sequences]
    return Judged(line, proteins, [masks[one] for one in sequences], clusters_of(proteins))


class Learnt(NamedTuple):
    """Proteins to learn what is annotated from."""

    proteins: list[Codes]
    annotated: list[BoolArray]  # shape (residue,) each


def learnt_of(line: Line, found: AnnotatedSet, count: int = JUDGED) -> Learnt:
    """What may be learnt from if :func:`judged_of` judges.

    Args:
        line: What counts.
        found: The set of the line.
        count: How many proteins are drawn for judging.

    Returns:
        Proteins of the set in which something is annotated and which were not drawn, none of them
        related to one that was.
    """
    sequences = {protein.sequence for protein in found.proteins}
    judging = drawn(sequences, count)
    others = sorted(sequences.difference(judging))
    masks = masks_by_sequence(line, found, others)
    others = [one for one in others if masks[one].any()]
    free = without_relatives([encoded(one) for one in others], [encoded(one) for one in judging])
    kept = [one for one, alone in zip(others, free, strict=True) if alone]
    return Learnt([encoded(one) for one in kept], [masks[one] for one in kept])


def masks_by_sequence(
    line: Line, found: AnnotatedSet, sequences: Sequence[str]
) -> dict[str, BoolArray]:
    """Which residues are annotated, of all proteins with a sequence together.

    Args:
        line: What counts; types that the set does not have count for nothing.
        found: The set of the line.
        sequences: Those that are asked for.

    Returns:
        Masks by sequence; shape (residue,) each.
    """
    masks = {one: np.zeros(len(one), bool) for one in sequences}
    for type, label in line.types:
        if type not in found.type.names:
            continue
        for protein, mask in zip(found.proteins, found.masks(type, label), strict=True):
            if protein.sequence in masks:
                masks[protein.sequence] |= mask
    return masks


def units_by_protein(
    found: AnnotatedSet, sequences: Sequence[str], type: str, label: str | None
) -> list[list[Unit]]:
    """Units of proteins by their sequence.

    Args:
        found: A set.
        sequences: Of the proteins asked for.
        type: Of the units.
        label: Of the units; None takes all.

    Returns:
        For each sequence its units, which number it by its place here.
    """
    number = {one: place for place, one in enumerate(sequences)}
    units: list[list[Unit]] = [[] for _ in sequences]
    for unit in found.units(type, label):
        place = number.get(found.proteins[unit.protein].sequence)
        if place is not None:
            units[place].append(unit._replace(protein=place))
    return units


def clusters_of(proteins: Sequence[Codes]) -> IntArray:
    """What is resampled as a whole: families, or proteins where there are hardly any families.

    Args:
        proteins: Those judged.

    Returns:
        Numbers. Shape (protein,).
    """
    found = families(proteins)
    return found if len(np.unique(found)) >= FEWEST_FAMILIES else np.arange(len(proteins))
