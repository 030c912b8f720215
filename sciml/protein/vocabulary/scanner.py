"""Every occurrence of a finished vocabulary in proteins, without a language model.

For each symbol there is a row of bits that says at which positions it stands. A pattern is put
together from its end: the bits of the rest, moved back by all steps of the gap, and the bits of
the symbol. One instruction so treats hundreds of positions, a gap of any width costs a handful of
shifts, and patterns that end alike share the work, for they are branches of one tree. Nothing is
approximate: the result is that of a search with a regular expression at every position.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from sciml.core.axes import BoolArray, IntArray
from sciml.core.errors import BadInput
from sciml.protein.alphabet import UNKNOWN, Codes
from sciml.protein.vocabulary.keys import GAPS, LONGEST, SYMBOLS, Pattern, from_key, symbol_members

_NONE: Final = -1
_WORD = 64  # bits of a word of a row
# Positions that are scanned at once: the rows of the tree's branch then fit the nearest cache.
_BLOCK = 4096
_BATCH: Final = 1 << 20  # residues held at once when proteins are streamed

_Bits = NDArray[np.uint64]
_Small = NDArray[np.int32]

_DE_BRUIJN = np.uint64(0x03F79D71B4CB0A89)
_LOWEST = np.zeros(_WORD, np.int64)  # which bit is set in a number, by the top of a product
for _bit in range(_WORD):
    _LOWEST[((1 << _bit) * 0x03F79D71B4CB0A89 & (1 << 64) - 1) >> 58] = _bit


class Occurrences(NamedTuple):
    """Where patterns stand, as columns; one row for each occurrence.

    A pattern occurs at most once from each first residue: with the nearest second residue, of
    these with the nearest third, and so on. Rows ascend by protein only.
    """

    protein: _Small  # number of the protein. Shape (occurrence,)
    pattern: _Small  # number of the pattern in the vocabulary. Shape (occurrence,)
    positions: _Small  # of its residues, from 0; -1 after the last. Shape (occurrence, element)


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
        # Positions without a residue between proteins: as many as no gap can bridge.
        self._between = max(GAPS[gap][1] for pattern in self.patterns for gap in pattern.gaps)

    def occurrences(self, proteins: Sequence[Codes]) -> Occurrences:
        """All occurrences of all patterns.

        Args:
            proteins: See :func:`sciml.protein.alphabet.encoded`. An unknown letter matches nothing.

        Returns:
            The occurrences.
        """
        found, _ = self._scanned(proteins, True)
        return Occurrences(found[:, 0].copy(), found[:, 1].copy(), found[:, 2:])

    def covered(self, proteins: Sequence[Codes]) -> list[BoolArray]:
        """Which residues belong to an occurrence.

        Args:
            proteins: See :func:`sciml.protein.alphabet.encoded`.

        Returns:
            For each protein, True where a residue is one of the positions of an occurrence; what
            stands in its gaps is not. Shape (residue,) each.
        """
        _, covered = self._scanned(proteins, False)
        ends = np.cumsum([len(one) for one in proteins])
        return np.split(covered, ends[:-1]) if len(proteins) else []

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
        for held in _batches(proteins, batch):
            yield [name for name, _ in held], self.occurrences([codes for _, codes in held])

    def _scanned(self, proteins: Sequence[Codes], listed: bool) -> tuple[_Small, BoolArray]:
        """Rows of occurrences, or which residues they cover."""
        starts = np.zeros(len(proteins) + 1, np.int64)
        np.cumsum([len(one) for one in proteins], out=starts[1:])
        flat = np.concatenate([*proteins, np.zeros(0, np.uint8)]).astype(np.uint8, copy=False)
        if len(flat) and flat.max() > UNKNOWN:
            raise BadInput(f"scanner: a code is {flat.max()}; codes are 0 to {UNKNOWN}")
        return _scan(flat, starts, self._between, self._tree, listed)


class _Tree(NamedTuple):
    """Branches of patterns read from their ends, a branch before what grows from it."""

    depth: _Small  # elements behind this one
    symbol: _Small
    gap: _Small  # from this element to the one behind; none at the end
    moves: BoolArray  # whether no branch beside it has moved the same bits by the same gap
    after: _Small  # the next branch that does not grow from this one
    pattern: _Small  # that starts here, or none


def _tree(patterns: Sequence[Pattern]) -> _Tree:
    """The branches of a vocabulary, those that share a gap side by side."""
    numbers: dict[tuple[tuple[int, int], ...], int] = {}
    paths: set[tuple[tuple[int, int], ...]] = set()
    for number, pattern in enumerate(patterns):
        gaps = (_NONE, *pattern.gaps[::-1])
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
    return _Tree(
        depth,
        np.array([path[-1][1] for path in ordered], np.int32),
        np.array([path[-1][0] for path in ordered], np.int32),
        moves,
        _ends(depth),
        np.array([numbers.get(path, _NONE) for path in ordered], np.int32),
    )


def _ends(depth: _Small) -> _Small:
    """For each branch the next one that is not deeper."""
    after, following = np.empty(len(depth), np.int32), [len(depth)] * (LONGEST + 1)
    for number in range(len(depth) - 1, -1, -1):
        level = int(depth[number])
        after[number] = min(following[: level + 1])
        following[level] = number
    return after


def _batches(
    proteins: Iterable[tuple[str, Codes]], residues: int
) -> Iterator[list[tuple[str, Codes]]]:
    """Some proteins at a time."""
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


_FIRST: IntArray = np.array([first for first, _ in GAPS], np.int64)
_STEPS: IntArray = np.array([last - first + 1 for first, last in GAPS], np.int64)
_SYMBOL_COUNT = len(SYMBOLS)
# The letter and the class that hold a code; the letter twice where it is its own class.
_SYMBOLS_OF_CODE = np.array(
    [np.flatnonzero(column)[[0, -1]] for column in symbol_members()[:, :UNKNOWN].T]
)


class _Board(NamedTuple):
    """Some whole proteins laid on rows of bits, with empty positions between them."""

    bits: _Bits  # where each symbol stands. Shape (symbol, word); the last word stays empty
    rest: _Bits  # where the ends of the pattern start, by elements behind. Shape (element, word)
    moved: _Bits  # these, moved back by the gap. Shape (element, word)
    residue: IntArray  # that lies at a position, numbered through all proteins
    start: IntArray  # the first residue of its protein
    protein: _Small  # the number of its protein


class _Match(NamedTuple):
    """A pattern of which there are occurrences on the board."""

    pattern: int
    depth: int  # elements behind the first
    gaps: IntArray  # from the element of a depth to the one behind


@numba.njit(cache=True)
def _scan(
    flat: Codes, starts: IntArray, between: int, tree: _Tree, listed: bool
) -> tuple[_Small, BoolArray]:
    """Scan group after group of whole proteins."""
    longest = int(np.max(starts[1:] - starts[:-1])) if len(starts) > 1 else 0
    board = _empty_board(max(_BLOCK, longest + between))
    found = np.empty((1024 if listed else 0, LONGEST + 2), np.int32)
    covered = np.zeros(0 if listed else len(flat), np.bool_)
    count, first = 0, 0
    while first < len(starts) - 1:
        end, used = first, 0
        while end < len(starts) - 1:
            length = starts[end + 1] - starts[end] + between
            if end > first and used + length > _BLOCK:
                break
            _lay(flat, starts, end, used, board)
            used += length
            end += 1
        size = (used + _WORD - 1) // _WORD
        found, count = _group(tree, board, size, found, count, covered)
        board.bits[:, :size] = 0
        first = end
    return found[:count], covered


@numba.njit(cache=True)
def _empty_board(positions: int) -> _Board:
    """Rows for so many positions, and an empty word from which nothing is moved in."""
    words = (positions + _WORD - 1) // _WORD
    return _Board(
        np.zeros((_SYMBOL_COUNT, words + 1), np.uint64),
        np.zeros((LONGEST, words + 1), np.uint64),
        np.zeros((LONGEST, words + 1), np.uint64),
        np.zeros(words * _WORD, np.int64),
        np.zeros(words * _WORD, np.int64),
        np.zeros(words * _WORD, np.int32),
    )


@numba.njit(cache=True)
def _lay(flat: Codes, starts: IntArray, number: int, place: int, board: _Board) -> None:
    """Set the bits of a protein from a position on."""
    for residue in range(starts[number], starts[number + 1]):
        board.residue[place] = residue
        board.start[place] = starts[number]
        board.protein[place] = number
        code = flat[residue]
        if code < UNKNOWN:
            bit = np.uint64(1) << np.uint64(place & 63)
            board.bits[_SYMBOLS_OF_CODE[code, 0], place >> 6] |= bit
            board.bits[_SYMBOLS_OF_CODE[code, 1], place >> 6] |= bit
        place += 1


@numba.njit(cache=True)
def _group(
    tree: _Tree, board: _Board, size: int, found: _Small, count: int, covered: BoolArray
) -> tuple[_Small, int]:
    """Walk the tree over the proteins on the board; branches without a bit are left out."""
    gaps = np.zeros(LONGEST, np.int64)
    branch = 0
    while branch < len(tree.depth):
        depth, gap = int(tree.depth[branch]), int(tree.gap[branch])
        row = board.bits[tree.symbol[branch]]
        behind = row
        if depth > 0:
            gaps[depth] = gap
            behind = board.moved[depth]
            if tree.moves[branch]:
                _move_back(board.rest[depth - 1], behind, int(_FIRST[gap]), int(_STEPS[gap]), size)
        if _common(behind, row, board.rest[depth], size) == 0:
            branch = tree.after[branch]
            continue
        if tree.pattern[branch] >= 0:
            match = _Match(tree.pattern[branch], depth, gaps)
            if len(covered):
                _cover(match, board, size, covered)
            else:
                found, count = _listed(match, board, size, found, count)
        branch += 1
    return found, count


@numba.njit(cache=True)
def _common(one: _Bits, two: _Bits, into: _Bits, size: int) -> np.uint64:
    """Put the bits that two rows share into a third; zero where there is none."""
    some = np.uint64(0)
    for word in range(size):
        common = one[word] & two[word]
        into[word] = common
        some |= common
    return some


@numba.njit(cache=True)
def _move_back(row: _Bits, into: _Bits, first: int, steps: int, size: int) -> None:
    """Bits from ``first`` to ``first + steps - 1`` positions before those of a row."""
    into[:size] = row[:size]
    into[size] = 0
    joined = 1  # so many steps; each round can double them
    while joined < steps:
        by = min(joined, steps - joined)
        _join_moved(into, by, size)
        joined += by
    down, up = np.uint64(first), np.uint64(_WORD - first)
    for word in range(size):
        into[word] = into[word] >> down | into[word + 1] << up


@numba.njit(cache=True)
def _join_moved(row: _Bits, by: int, size: int) -> None:
    """Join to a row its bits moved back."""
    down, up = np.uint64(by), np.uint64(_WORD - by)
    for word in range(size):
        row[word] |= row[word] >> down | row[word + 1] << up


@numba.njit(cache=True)
def _lowest(word: np.uint64) -> int:
    """The lowest set bit of a word that is not zero."""
    return _LOWEST[((word & (~word + np.uint64(1))) * _DE_BRUIJN) >> np.uint64(58)]


@numba.njit(cache=True)
def _next(row: _Bits, place: int) -> int:
    """The first set bit of a row from a position on; there is one."""
    word, below = place >> 6, np.uint64(place & 63)
    left = row[word] >> below << below
    while left == 0:
        word += 1
        left = row[word]
    return word * _WORD + _lowest(left)


@numba.njit(cache=True)
def _listed(
    match: _Match, board: _Board, size: int, found: _Small, count: int
) -> tuple[_Small, int]:
    """Write a row for each first residue."""
    for word in range(size):
        left = board.rest[match.depth, word]
        while left != 0:
            place = word * _WORD + _lowest(left)
            left &= left - np.uint64(1)
            if count == len(found):
                found = np.concatenate((found, np.empty_like(found)))
            row, start = found[count], board.start[place]
            row[:2], row[2:] = match.pattern, _NONE
            row[0], row[2] = board.protein[place], board.residue[place] - start
            for depth in range(match.depth, 0, -1):
                place = _next(board.rest[depth - 1], place + int(_FIRST[int(match.gaps[depth])]))
                row[3 + match.depth - depth] = board.residue[place] - start
            count += 1
    return found, count


@numba.njit(cache=True)
def _cover(match: _Match, board: _Board, size: int, covered: BoolArray) -> None:
    """Mark the residues of all occurrences of a pattern."""
    for word in range(size):
        left = board.rest[match.depth, word]
        while left != 0:
            place = word * _WORD + _lowest(left)
            left &= left - np.uint64(1)
            covered[board.residue[place]] = True
            for depth in range(match.depth, 0, -1):
                place = _next(board.rest[depth - 1], place + int(_FIRST[int(match.gaps[depth])]))
                covered[board.residue[place]] = True
