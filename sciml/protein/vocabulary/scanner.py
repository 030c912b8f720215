"""Every occurrence of a finished vocabulary in proteins, without a language model.

For each symbol there is a row of bits that says at which positions it stands. A pattern is put
together from its end: the bits of the rest, moved back by all steps of the gap, and the bits of
the symbol. One instruction so treats hundreds of positions, a gap of any width costs a handful of
shifts, and patterns that end alike share the work, for they are branches of one tree. Where few
positions are left they are tried one by one. Nothing is approximate: the result is that of a search
with a regular expression at every position.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Literal, NamedTuple

import numpy as np

from sciml.core.axes import BoolArray, FloatArray, IntArray
from sciml.core.errors import BadInput
from sciml.protein.alphabet import UNKNOWN, Codes
from sciml.protein.vocabulary.keys import GAPS, LONGEST, Pattern, from_key
from sciml.protein.vocabulary.search import NONE, IntColumn, Results, Tree, searched

# Residues held at once when proteins are streamed: a pattern of wide gaps can start at each.
_BATCH: Final = 1 << 16


Wanted = Literal["rows", "covered", "support"]


class Occurrences(NamedTuple):
    """Where patterns stand, as columns; one row for each occurrence.

    A pattern occurs at most once from each first element: with the nearest second residue, of
    these with the nearest third, and so on. The beginning and the end of a protein, where a pattern
    asks for them, are no positions. Rows ascend by protein only.
    """

    protein: IntColumn  # number of the protein. Shape (occurrence,)
    pattern: IntColumn  # number of the pattern in the vocabulary. Shape (occurrence,)
    positions: IntColumn  # of its residues, from 0; -1 after the last. Shape (occurrence, element)


class Scanner:
    """A vocabulary made ready to be looked for."""

    def __init__(self, keys: Sequence[int] | IntArray) -> None:
        """Build the tree of the patterns.

        Args:
            keys: The vocabulary, see :attr:`sciml.protein.vocabulary.keys.Pattern.key`.

        Raises:
            BadInput: if there is no pattern, one comes twice, or a number is no key.
        """
        self.patterns = [from_key(int(key)) for key in keys]
        if not self.patterns:
            raise BadInput("scanner: the vocabulary is empty; give at least one pattern")
        if len(set(self.patterns)) < len(self.patterns):
            raise BadInput("scanner: a pattern comes twice in the vocabulary; give each once")
        self._tree = _tree(self.patterns)
        # Positions without a residue between proteins: as many as no gap can bridge, and one more
        # where one is the end of a protein and another the beginning of the next.
        widest = max(GAPS[gap][1] for pattern in self.patterns for gap in pattern.gaps)
        self._between = widest + 1

    def occurrences(self, proteins: Sequence[Codes]) -> Occurrences:
        """All occurrences of all patterns.

        Args:
            proteins: See :func:`sciml.protein.alphabet.encoded`. An unknown letter matches nothing.

        Returns:
            The occurrences.
        """
        _, rows = self._searched(proteins, "rows")
        return Occurrences(rows[:, 0].copy(), rows[:, 1].copy(), rows[:, 2:])

    def covered(self, proteins: Sequence[Codes]) -> list[BoolArray]:
        """Which residues belong to an occurrence.

        Args:
            proteins: See :func:`sciml.protein.alphabet.encoded`.

        Returns:
            For each protein, True where a residue is one of the positions of an occurrence; what
            stands in its gaps is not. Shape (residue,) each.
        """
        results, _ = self._searched(proteins, "covered")
        ends = np.cumsum([len(one) for one in proteins])
        return np.split(results.covered, ends[:-1]) if len(proteins) else []

    def support(self, proteins: Sequence[Codes], weights: FloatArray) -> FloatArray:
        """In how many proteins each pattern occurs.

        Args:
            proteins: See :func:`sciml.protein.alphabet.encoded`.
            weights: How much each protein counts. Shape (protein,).

        Returns:
            Sum of the weights of the proteins. Shape (pattern,).

        Raises:
            BadInput: if there are not as many weights as proteins.
        """
        if len(weights) != len(proteins):
            raise BadInput(f"scanner: {len(proteins)} proteins but {len(weights)} weights")
        results, _ = self._searched(proteins, "support", np.asarray(weights, np.float64))
        return results.support

    def stream(
        self, proteins: Iterable[tuple[str, Codes]], batch: int = _BATCH
    ) -> Iterator[tuple[list[str], Occurrences]]:
        """Occurrences in any number of proteins, in constant memory.

        Args:
            proteins: Names and codes, for example read from a file one by one.
            batch: Residues that are held at once; one protein is held whole.

        Yields:
            Names of some proteins, and the occurrences in them, which number them from 0.
        """
        for held in batches(proteins, batch):
            yield [name for name, _ in held], self.occurrences([codes for _, codes in held])

    def _searched(
        self, proteins: Sequence[Codes], wanted: Wanted, weights: FloatArray | None = None
    ) -> tuple[Results, IntColumn]:
        """What is wanted of the proteins, and rows of occurrences."""
        starts = np.zeros(len(proteins) + 1, np.int64)
        np.cumsum([len(one) for one in proteins], out=starts[1:])
        flat = np.concatenate([*proteins, np.zeros(0, np.uint8)]).astype(np.uint8, copy=False)
        if len(flat) and flat.max() > UNKNOWN:
            raise BadInput(f"scanner: a code is {flat.max()}; codes are 0 to {UNKNOWN}")
        results = Results(
            wanted == "rows",
            np.zeros(len(flat) if wanted == "covered" else 0, np.bool_),
            np.zeros(len(self.patterns) if wanted == "support" else 0),
            np.zeros(0) if weights is None else weights,
        )
        return results, searched(flat, starts, self._between, self._tree, results)


def batches(
    proteins: Iterable[tuple[str, Codes]], residues: int = _BATCH
) -> Iterator[list[tuple[str, Codes]]]:
    """Some proteins at a time.

    Args:
        proteins: Names and codes.
        residues: How many are held at once; one protein is held whole.

    Yields:
        The proteins in their order, at least one.
    """
    held: list[tuple[str, Codes]] = []
    size = 0
    for protein in proteins:
        if held and size + len(protein[1]) > residues:
            yield held
            held, size = [], 0
        held.append(protein)
        size += len(protein[1])
    if held:
        yield held


def _tree(patterns: Sequence[Pattern]) -> Tree:
    """The branches of a vocabulary, those that share a gap side by side."""
    numbers: dict[tuple[tuple[int, int], ...], int] = {}
    paths: set[tuple[tuple[int, int], ...]] = set()
    for number, pattern in enumerate(patterns):
        gaps = (NONE, *pattern.gaps[::-1])
        path = tuple(zip(gaps, pattern.symbols[::-1], strict=True))
        numbers[path] = number
        paths.update(path[: size + 1] for size in range(len(path)))
    ordered = sorted(paths)
    depth = np.array([len(path) - 1 for path in ordered], np.int32)
    moves = np.ones(len(ordered), bool)
    moved: dict[tuple[tuple[int, int], ...], int] = {}
    for number, path in enumerate(ordered):
        moves[number] = moved.get(path[:-1]) != path[-1][0]
        moved[path[:-1]] = path[-1][0]
    return Tree(
        depth,
        np.array([path[-1][1] for path in ordered], np.int32),
        np.array([path[-1][0] for path in ordered], np.int32),
        moves,
        _ends(depth),
        np.array([numbers.get(path, NONE) for path in ordered], np.int32),
    )


def _ends(depth: IntColumn) -> IntColumn:
    """For each branch the next one that is not deeper."""
    after, following = np.empty(len(depth), np.int32), [len(depth)] * (LONGEST + 1)
    for number in range(len(depth) - 1, -1, -1):
        level = int(depth[number])
        after[number] = min(following[: level + 1])
        following[level] = number
    return after
