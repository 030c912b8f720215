"""Annotated sets of proteins: what is known of residues and of whole proteins, in one schema."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sciml.core.axes import BoolArray, IntArray
from sciml.core.errors import BadInput
from sciml.core.nearest import nearest
from sciml.protein.alphabet import Codes, encoded
from sciml.protein.sequences import Protein

WORD: Final = "WORD"  # the type of units that are words, whose label is how they are spelt

_WHOLE: Final = -1  # start and end of a row about a whole protein
_UNSURE: Final = "X"  # an unknown letter agrees with every annotation

# Letters that an annotation of one residue implies: type, pattern of the label, letters.
_IMPLIED: Final = (
    ("MOD_RES", r"phospho[STY]", "STY"),
    ("MOD_RES", r"phosphoS|[Pp]hosphoserine", "S"),
    ("MOD_RES", r"phosphoT|[Pp]hosphothreonine", "T"),
    ("MOD_RES", r"phosphoY|[Pp]hosphotyrosine", "Y"),
    ("MOD_RES", r"N6-.*lysine", "K"),
    ("CARBOHYD", r"N-linked \(GlcNAc", "N"),
    ("LIPID", r"S-.*cysteine", "C"),
    ("DISULFID", r"", "CU"),
)


class Annotation(NamedTuple):
    """Something that is known of a protein or of a part of it."""

    protein: int  # its number in the set
    start: int | None  # first residue, from 0; None says that it is about the whole protein
    end: int | None  # the residue after the last one
    type: str  # such as BINDING
    label: str  # such as metal
    source: str
    group: str  # rows of one protein that share it are one unit; empty: alone


class Unit(NamedTuple):
    """Residues that belong together; they need not be neighbours."""

    protein: int  # its number in the set
    positions: IntArray  # from 0, ascending
    type: str
    label: str
    group: str  # empty where a row is alone


class Texts:
    """A column of text: the distinct texts, and for each row which of them it is."""

    def __init__(self, rows: Iterable[str]) -> None:
        """Number the distinct texts in the order in which they come."""
        numbers: dict[str, int] = {}
        self.codes: NDArray[np.int32] = np.array(
            [numbers.setdefault(one, len(numbers)) for one in rows], np.int32
        )
        self.names: tuple[str, ...] = tuple(numbers)

    def __getitem__(self, row: int) -> str:
        """The text of a row."""
        return self.names[self.codes[row]]

    def counts(self) -> dict[str, int]:
        """In how many rows each text is."""
        return dict(
            zip(
                self.names, np.bincount(self.codes, minlength=len(self.names)).tolist(), strict=True
            )
        )

    def equal(self, text: str) -> BoolArray:
        """Which rows have a text."""
        return self.codes == (self.names.index(text) if text in self.names else -1)


class AnnotatedSet:
    """Proteins, and annotations in columns; all of them were checked against the sequences."""

    name: str
    proteins: tuple[Protein, ...]
    protein: IntArray  # number of the protein of each row
    start: IntArray  # first residue from 0, or -1 where a row is about a whole protein
    end: IntArray  # the residue after the last one, or -1
    type: Texts
    label: Texts
    source: Texts
    group: Texts

    def __init__(
        self, name: str, proteins: Sequence[Protein], annotations: Sequence[Annotation]
    ) -> None:
        """Check that each annotation fits its protein.

        Args:
            name: What errors call the set.
            proteins: Each with an id that no other one has.
            annotations: Rows, the ones of a protein in any order.

        Raises:
            BadInput: if two proteins share an id, a row lies outside of its protein, or a row
                stands on a letter that its type rules out.
        """
        self.name, self.proteins = name, tuple(proteins)
        self.protein = np.array([row.protein for row in annotations], np.int64)
        self.start = np.array([_or_whole(row.start) for row in annotations], np.int64)
        self.end = np.array([_or_whole(row.end) for row in annotations], np.int64)
        self.type = Texts(row.type for row in annotations)
        self.label = Texts(row.label for row in annotations)
        self.source = Texts(row.source for row in annotations)
        self.group = Texts(row.group for row in annotations)
        self._lengths = np.array([len(one.sequence) for one in self.proteins], np.int64)
        self._require_distinct_ids()
        self._require_in_range()
        self._require_implied_letters()
        self._require_spelling()

    def __len__(self) -> int:
        """The number of proteins."""
        return len(self.proteins)

    @property
    def is_whole(self) -> BoolArray:
        """Which rows are about a whole protein. Shape (row,)."""
        return self.start == _WHOLE

    def codes(self) -> list[Codes]:
        """The proteins as codes, see :func:`sciml.protein.alphabet.encoded`."""
        return [encoded(one.sequence) for one in self.proteins]

    def annotations(self) -> Iterator[Annotation]:
        """All rows, one at a time."""
        for row in range(len(self.protein)):
            yield self.annotation(row)

    def annotation(self, row: int) -> Annotation:
        """A row by its number."""
        whole = bool(self.start[row] == _WHOLE)
        return Annotation(
            int(self.protein[row]),
            None if whole else int(self.start[row]),
            None if whole else int(self.end[row]),
            self.type[row],
            self.label[row],
            self.source[row],
            self.group[row],
        )

    def rows(self, type: str | None = None, label: str | None = None) -> IntArray:
        """Numbers of the rows with a type and a label.

        Args:
            type: Type of annotation; None takes all.
            label: Label; None takes all.

        Returns:
            Ascending. Shape (row,).

        Raises:
            BadInput: if no row of the set has this type, or none this label.
        """
        chosen = np.ones(len(self.protein), bool)
        for column, text, which in ((self.type, type, "type"), (self.label, label, "label")):
            if text is None:
                continue
            if text not in column.names:
                raise BadInput(
                    f"set '{self.name}': no annotation has the {which} '{text}'; "
                    f"{nearest(text, column.names)}"
                )
            chosen &= column.equal(text)
        return np.flatnonzero(chosen)

    def masks(self, type: str | None = None, label: str | None = None) -> list[BoolArray]:
        """Which residues are annotated; rows about whole proteins do not count.

        Args:
            type: Type of annotation; None takes all.
            label: Label; None takes all.

        Returns:
            For each protein shape (residue,).

        Raises:
            BadInput: if no row of the set has this type, or none this label.
        """
        rows = self.rows(type, label)
        rows = rows[~self.is_whole[rows]]
        begins = np.append(0, np.cumsum(self._lengths))
        # One more where a row begins and one less behind its end: the sum is how many rows cover.
        steps = np.zeros(begins[-1] + 1, np.int32)
        np.add.at(steps, begins[self.protein[rows]] + self.start[rows], 1)
        np.add.at(steps, begins[self.protein[rows]] + self.end[rows], -1)
        covered = np.cumsum(steps[:-1]) > 0
        return np.split(covered, begins[1:-1]) if len(self.proteins) else []

    def units(self, type: str | None = None, label: str | None = None) -> list[Unit]:
        """Residues that belong together.

        Rows of one protein with the same group are one unit; a row without a group is one alone.

        Args:
            type: Type of annotation; None takes all.
            label: Label; None takes all.

        Returns:
            Units in the order in which they begin in the set. Rows about whole proteins are none.
            Type and label are those of the first row of the unit.

        Raises:
            BadInput: if no row of the set has this type, or none this label.
        """
        rows = self.rows(type, label)
        rows = rows[~self.is_whole[rows]]
        if not len(rows):
            return []
        firsts, unit_of_row = self._unit_of_each(rows)
        lengths = self.end[rows] - self.start[rows]
        offsets = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        places = np.repeat(self.start[rows], lengths) + offsets
        # One number for unit and place: sorted and distinct for all units at once.
        longest = int(self._lengths.max())
        both = np.unique(np.repeat(unit_of_row, lengths) * longest + places)
        borders = np.searchsorted(both, np.arange(len(firsts) + 1) * longest)
        return [
            Unit(
                int(self.protein[row]),
                both[borders[k] : borders[k + 1]] - k * longest,
                self.type[row],
                self.label[row],
                self.group[row],
            )
            for k, row in enumerate(rows[firsts].tolist())
        ]

    def labels(self, type: str) -> list[tuple[str, ...]]:
        """What is said of whole proteins.

        Args:
            type: Type of annotation.

        Returns:
            For each protein the labels of this type that are about all of it: without a position,
            or from its first residue to its last one, as peptides are annotated.

        Raises:
            BadInput: if no row of the set has this type.
        """
        found: list[list[str]] = [[] for _ in self.proteins]
        for row in self.rows(type):
            number = int(self.protein[row])
            spans = self.start[row] == 0 and self.end[row] == self._lengths[number]
            if spans or self.start[row] == _WHOLE:
                found[number].append(self.label[row])
        return [tuple(labels) for labels in found]

    def _unit_of_each(self, rows: IntArray) -> tuple[IntArray, IntArray]:
        """Which of some rows is the first of each unit, and to which unit each row belongs."""
        alone = np.array([not name for name in self.group.names], bool)[self.group.codes[rows]]
        groups = len(self.group.names)
        key = np.where(alone, -1 - rows, self.protein[rows] * groups + self.group.codes[rows])
        _, firsts, unit_of_row = np.unique(key, return_index=True, return_inverse=True)
        order = np.argsort(firsts)
        rank = np.empty_like(order)
        rank[order] = np.arange(len(order))
        return firsts[order], rank[unit_of_row]

    def _require_distinct_ids(self) -> None:
        """Refuse two proteins with one id, for annotations refer to ids."""
        ((name, count),) = Counter(one.id for one in self.proteins).most_common(1) or [("", 1)]
        if count > 1:
            raise BadInput(
                f"set '{self.name}': {count} proteins have the id '{name}'; expected one"
            )

    def _require_in_range(self) -> None:
        """Refuse rows that are not inside of a protein of the set."""
        known = (self.protein >= 0) & (self.protein < len(self.proteins))
        self._refuse(~known, "belongs to no protein of the set")
        length = self._lengths[self.protein]
        inside = (self.start >= 0) & (self.start < self.end) & (self.end <= length)
        whole = (self.start == _WHOLE) & (self.end == _WHOLE)
        self._refuse(~(inside | whole), "does not lie inside of its protein")

    def _require_implied_letters(self) -> None:
        """Refuse rows on letters that their type and label rule out."""
        single = np.flatnonzero((self.end - self.start == 1) & ~self.is_whole)
        for type, pattern, letters in _IMPLIED:
            if type not in self.type.names:
                continue
            names = [bool(re.match(pattern, name)) for name in self.label.names]
            applies = np.array(names, bool)[self.label.codes] if names else np.zeros(0, bool)
            rows = single[(self.type.equal(type) & applies)[single]]
            wrong = np.zeros(len(self.protein), bool)
            for row in rows:
                letter = self.proteins[self.protein[row]].sequence[self.start[row]]
                wrong[row] = letter not in letters and letter != _UNSURE
            self._refuse(wrong, f"stands on a letter other than {', '.join(letters)}")

    def _require_spelling(self) -> None:
        """Refuse words that are spelt otherwise than their residues."""
        for unit in self.units(WORD) if WORD in self.type.names else []:
            spelt = spelling(self.proteins[unit.protein].sequence, unit.positions)
            if spelt != unit.label:
                raise BadInput(
                    f"set '{self.name}': protein '{self.proteins[unit.protein].id}' reads {spelt} "
                    f"where the word {unit.label} should stand"
                )

    def _refuse(self, wrong: BoolArray, why: str) -> None:
        """Name the first row that is wrong."""
        if not wrong.any():
            return
        row = self.annotation(int(np.argmax(wrong)))
        known = 0 <= row.protein < len(self.proteins)
        protein = self.proteins[row.protein] if known else None
        where = f"'{protein.id}' ({len(protein.sequence)} residues)" if protein else row.protein
        raise BadInput(
            f"set '{self.name}': {row.type} '{row.label}' at residues {row.start} to {row.end} "
            f"(from 0, without the last) of protein {where} {why}; {int(wrong.sum())} such rows. "
            "Positions and sequences are of different versions."
        )


def spelling(sequence: str, positions: IntArray) -> str:
    """How a word is spelt: its letters, with ``_`` where residues are left out."""
    places = positions.tolist()
    letters = [sequence[places[0]]]
    for before, here in pairwise(places):
        letters.append("_" + sequence[here] if here - before > 1 else sequence[here])
    return "".join(letters)


def _or_whole(position: int | None) -> int:
    """A position, or the mark of a row that has none."""
    return _WHOLE if position is None else position
