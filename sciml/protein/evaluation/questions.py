"""What proteins are told apart by: signal peptide, antimicrobial, place in the cell, droplets."""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from sciml.core.errors import BadInput
from sciml.core.nearest import nearest
from sciml.protein.alphabet import encoded
from sciml.protein.evaluation.downstream import Classes, clusters
from sciml.protein.sets import AnnotatedSet
from sciml.protein.sources import drawn, open_set

N_TERMINUS: Final = 70  # residues that are read for a signal peptide, as SignalP does

_DRIVERS: Final = ("driver_exclusive", "client_and_driver")


def _signal(label: str) -> str | None:
    """With a signal peptide (Sec/SPI) or without any."""
    kind = label.split("|")[0]
    return kind if kind in ("SP", "NO_SP") else None


def _antimicrobial(label: str) -> str | None:
    """Antimicrobial or not."""
    return label.split("|")[0]


def _place(label: str) -> str | None:
    """Place in the cell."""
    return label


def _droplet(label: str) -> str | None:
    """Drives phase separation, or is disordered and known not to."""
    if label in _DRIVERS:
        return "driver"
    return "none" if label == "negative_DisProt_ND" else None


_Naming = Callable[[str], str | None]

QUESTIONS: Final[dict[str, tuple[str, tuple[str, ...], _Naming]]] = {
    "signal peptide": ("signal_peptides", ("SP_CLASS",), _signal),
    "antimicrobial": ("antimicrobial_peptides", ("PEPTIDE", "NEGATIVE"), _antimicrobial),
    "localisation": ("go_localisation", ("GO",), _place),
    "phase separation": ("llps", ("LLPS_CLASS",), _droplet),
}


def open_question(name: str) -> Classes:
    """Proteins to be told apart.

    Args:
        name: One of :data:`QUESTIONS`.

    Returns:
        Each sequence once; those with labels that contradict each other are left out.

    Raises:
        BadInput: if there is no such question.
        DatasetMissing: if its set is not on this machine.
    """
    if name not in QUESTIONS:
        raise BadInput(f"no question '{name}'; {nearest(name, QUESTIONS)}")
    return question_of(open_set(QUESTIONS[name][0]), name)


def question_of(found: AnnotatedSet, name: str) -> Classes:
    """As :func:`open_question`, of a set that is open.

    Args:
        found: The set of the question.
        name: One of :data:`QUESTIONS`.

    Returns:
        Proteins and classes, in alphabetical order of the classes' names.
    """
    _, types, naming = QUESTIONS[name]
    told = _told(found, types, naming)
    sequences = [one for one in told if len(told[one]) == 1]
    names = sorted({kind for one in sequences for kind in told[one]})
    label = np.array([names.index(next(iter(told[one]))) for one in sequences], np.int64)
    judged = set(drawn(protein.sequence for protein in found.proteins))
    whole = [encoded(one) for one in sequences]
    read = [one[:N_TERMINUS] for one in whole] if name == "signal peptide" else whole
    return Classes(read, label, clusters(whole), np.array([one in judged for one in sequences]))


def _told(found: AnnotatedSet, types: Sequence[str], naming: _Naming) -> dict[str, set[str]]:
    """What each sequence is said to be, in the order of the set."""
    told: dict[str, set[str]] = {}
    for type in types:
        for protein, labels in zip(found.proteins, found.labels(type), strict=True):
            kinds = {kind for label in labels if (kind := naming(label)) is not None}
            if kinds:
                told.setdefault(protein.sequence, set()).update(kinds)
    return told
