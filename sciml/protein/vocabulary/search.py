"""The compiled search of :mod:`sciml.protein.vocabulary.scanner`."""

from typing import Any, Final, NamedTuple

import numba
import numpy as np
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from sciml.core.axes import BoolArray, FloatArray, IntArray
from sciml.protein.alphabet import UNKNOWN, Codes
from sciml.protein.vocabulary.keys import BEGINNING, END, GAPS, LONGEST, NAMES, symbol_members

NONE: Final = -1
IntColumn = NDArray[np.int32]

_WORD = 64  # bits of a word of a row
# Positions that are searched at once. Few would waste time on each branch, many leave the cache.
_BLOCK = 1 << 19
# A row is kept as a list of its bits where there are fewer than this for each of its words.
_SPARSE = 2.0

_SYMBOL_COUNT = len(NAMES)
_FIRST: IntArray = np.array([first for first, _ in GAPS], np.int64)
_STEPS: IntArray = np.array([last - first + 1 for first, last in GAPS], np.int64)
# The letter and the class that hold a code; the letter twice where it is its own class.
_SYMBOLS_OF_CODE = np.array(
    [np.flatnonzero(column)[[0, -1]] for column in symbol_members()[:, :UNKNOWN].T]
)

_Bits = NDArray[np.uint64]


class Tree(NamedTuple):
    """Branches of patterns read from their ends, a branch before what grows from it."""

    depth: IntColumn  # elements behind this one
    symbol: IntColumn
    gap: IntColumn  # from this element to the one behind; none at the end
    moves: BoolArray  # whether no branch beside it has moved the same bits by the same gap
    after: IntColumn  # the next branch that does not grow from this one
    pattern: IntColumn  # that starts here, or none


class Results(NamedTuple):
    """What is to be filled; what is not wanted is empty."""

    listed: bool  # whether rows are wanted
    covered: BoolArray  # whether a residue is in an occurrence. Shape (residue,)
    support: FloatArray  # summed weight of proteins. Shape (pattern,)
    weights: FloatArray  # Shape (protein,)


class _Board(NamedTuple):
    """Some whole proteins laid on rows of bits, with empty positions around each.

    The positions just before and just behind a protein are its beginning and its end.
    """

    bits: _Bits  # where each symbol stands. Shape (symbol, word); the last word stays empty
    rest: _Bits  # where the ends of the pattern start, by elements behind. Shape (element, word)
    moved: _Bits  # these, moved back by the gap. Shape (element, word)
    places: IntColumn  # where they start as a list. Shape (element, position)
    listed: IntArray  # length of the list. Shape (element,)
    sparse: BoolArray  # whether there is a list and no row. Shape (element,)
    at: IntColumn  # where occurrences are that are followed. Shape (position,)
    gaps: IntArray  # from the element of a depth to the one behind. Shape (element,)
    pairs: IntColumn  # ends, sorted by the letter and by the class before. Shape (2, position)
    pair_first: IntArray  # where those of each symbol begin. Shape (2, symbol + 1)
    code: Codes  # of the residue at a position; unknown where there is none. Shape (position,)
    marked: BoolArray  # whether a position is in an occurrence. Shape (position,)
    residue: IntArray  # that lies at a position, numbered through all proteins
    protein: IntColumn  # the number of its protein


def _zeros_below_built(_context: Any, word: Any) -> Any:
    """How many bits below the lowest set one are zero: one instruction of the processor."""

    def built(_context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        return builder.cttz(values[0], ir.Constant(ir.IntType(1), 1))

    return types.uint64(word), built


def _set_bits_built(_context: Any, word: Any) -> Any:
    """How many bits are set: one instruction of the processor."""

    def built(_context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        return builder.ctpop(values[0])

    return types.uint64(word), built


_zeros_below: Any = intrinsic(_zeros_below_built)
_set_bits: Any = intrinsic(_set_bits_built)


@numba.njit(cache=True)
def searched(
    flat: Codes, starts: IntArray, between: int, tree: Tree, results: Results
) -> IntColumn:
    """Search group after group of whole proteins.

    Args:
        flat: All proteins one after another. Shape (residue,).
        starts: Where each starts, and where the last one ends. Shape (protein + 1,).
        between: Positions that no gap can bridge, two at least.
        tree: The vocabulary.
        results: What is filled.

    Returns:
        Protein, pattern and positions of each occurrence. Shape (occurrence, element + 2).
    """
    longest = int(np.max(starts[1:] - starts[:-1])) if len(starts) > 1 else 0
    # What is given may be little: then there is no need for a large board.
    needed = len(flat) + len(starts) * between
    board = _empty_board(min(max(_BLOCK, longest + 2 * between), needed))
    rows, count = np.empty((1024 if results.listed else 0, LONGEST + 2), np.int32), 0
    first = 0
    while first < len(starts) - 1:
        end, used = first, between
        while end < len(starts) - 1:
            length = starts[end + 1] - starts[end] + between
            if end > first and used + length > _BLOCK:
                break
            _lay(flat, starts, end, used, board)
            used += length
            end += 1
        size = (used + _WORD - 1) // _WORD
        rows, count = _group(tree, board, size, starts, results, rows, count)
        if len(results.covered):
            _take_marks(board, used, results.covered)
        board.bits[:, :size] = 0
        board.code[:used] = UNKNOWN
        first = end
    return rows[:count]


@numba.njit(cache=True)
def _empty_board(positions: int) -> _Board:
    """Rows for so many positions, and an empty word from which nothing is moved in."""
    words = (positions + _WORD - 1) // _WORD
    return _Board(
        np.zeros((_SYMBOL_COUNT, words + 1), np.uint64),
        np.zeros((LONGEST, words + 1), np.uint64),
        np.zeros((LONGEST, words + 1), np.uint64),
        np.zeros((LONGEST, words * _WORD), np.int32),
        np.zeros(LONGEST, np.int64),
        np.zeros(LONGEST, np.bool_),
        np.zeros(words * _WORD, np.int32),
        np.zeros(LONGEST, np.int64),
        np.zeros((2, words * _WORD), np.int32),
        np.zeros((2, _SYMBOL_COUNT + 1), np.int64),
        np.full(words * _WORD, UNKNOWN, np.uint8),
        np.zeros(words * _WORD, np.bool_),
        np.zeros(words * _WORD, np.int64),
        np.zeros(words * _WORD, np.int32),
    )


@numba.njit(cache=True)
def _lay(flat: Codes, starts: IntArray, number: int, place: int, board: _Board) -> None:
    """Set the bits of a protein from a position on."""
    for end, at in ((BEGINNING, place - 1), (END, place + starts[number + 1] - starts[number])):
        board.bits[end, at >> 6] |= np.uint64(1) << np.uint64(at & 63)
        board.protein[at] = number
    for residue in range(starts[number], starts[number + 1]):
        board.residue[place], board.protein[place] = residue, number
        code = board.code[place] = flat[residue]
        if code < UNKNOWN:
            bit = np.uint64(1) << np.uint64(place & 63)
            board.bits[_SYMBOLS_OF_CODE[code, 0], place >> 6] |= bit
            board.bits[_SYMBOLS_OF_CODE[code, 1], place >> 6] |= bit
        place += 1


@numba.njit(cache=True)
def _group(
    tree: Tree,
    board: _Board,
    size: int,
    starts: IntArray,
    results: Results,
    rows: IntColumn,
    count: int,
) -> tuple[IntColumn, int]:
    """Walk the tree over the proteins on the board; branches without a bit are left out."""
    branch = 0
    while branch < len(tree.depth):
        depth = int(tree.depth[branch])
        if not _grown(tree, branch, board, size):
            branch = tree.after[branch]
            continue
        pattern = int(tree.pattern[branch])
        if pattern >= 0:
            if not board.sparse[depth]:
                _list_places(board, depth, size)
            if results.listed:
                rows, count = _row_each(board, depth, pattern, starts, rows, count)
            elif len(results.covered):
                _cover(board, depth)
            else:
                _support(board, depth, results.weights, results.support[pattern : pattern + 1])
        branch += 1
    return rows, count


@numba.njit(cache=True, inline="always")
def _grown(tree: Tree, branch: int, board: _Board, size: int) -> bool:
    """Put one more element before the ends; whether any is left."""
    depth, gap = int(tree.depth[branch]), int(tree.gap[branch])
    row = board.bits[tree.symbol[branch]]
    board.gaps[depth] = gap
    if depth == 0:
        some = _common(row, row, board, 0, size)
        board.sparse[0] = False
        _list_places(board, 0, size)
        return some
    first, steps = int(_FIRST[gap]), int(_STEPS[gap])
    sorted_ends = depth == 1 and steps == 1
    if sorted_ends and tree.symbol[branch] < BEGINNING:
        if tree.moves[branch]:
            _sort_pairs(board, first)
        return _paired(board, int(tree.symbol[branch]))
    if sorted_ends or board.sparse[depth - 1]:
        board.sparse[depth] = True
        places = board.places[depth - 1, : board.listed[depth - 1]]
        if steps == 1:
            board.listed[depth] = _tried(places, row, first, board.places[depth])
        else:
            board.listed[depth] = _tried_all(places, row, first, steps, board.places[depth])
        return bool(board.listed[depth] > 0)
    if tree.moves[branch]:
        _move_back(board.rest[depth - 1], board.moved[depth], first, steps, size)
    return _common(board.moved[depth], row, board, depth, size)


@numba.njit(cache=True)
def _common(one: _Bits, two: _Bits, board: _Board, depth: int, size: int) -> bool:
    """Bits that two rows share, as a row or, where there are few, as a list."""
    rest, total = board.rest[depth], np.uint64(0)
    for word in range(size):
        both = one[word] & two[word]
        rest[word] = both
        total += _set_bits(both)
    board.sparse[depth] = total < _SPARSE * size
    if board.sparse[depth]:
        _list_places(board, depth, size)
    return bool(total > 0)


@numba.njit(cache=True)
def _list_places(board: _Board, depth: int, size: int) -> None:
    """The bits of a row as a list."""
    rest, places, count = board.rest[depth], board.places[depth], 0
    for word in range(size):
        left = rest[word]
        while left != 0:
            places[count] = word * _WORD + np.int64(_zeros_below(left))
            count += 1
            left &= left - np.uint64(1)
    board.listed[depth] = count


@numba.njit(cache=True)
def _sort_pairs(board: _Board, by: int) -> None:
    """Sort the ends by the residue so much before them, once for all symbols."""
    places, first = board.places[0, : board.listed[0]], board.pair_first
    counts = np.zeros(UNKNOWN + 1, np.int64)
    for place in places:
        counts[board.code[place - by]] += 1
    first[:] = 0
    for code in range(UNKNOWN):
        first[0, _SYMBOLS_OF_CODE[code, 0] + 1] += counts[code]
        first[1, _SYMBOLS_OF_CODE[code, 1] + 1] += counts[code]
    for symbol in range(_SYMBOL_COUNT):
        first[:, symbol + 1] += first[:, symbol]
    upto = first.copy()
    for place in places:
        code = board.code[place - by]
        if code < UNKNOWN:
            for kind in range(2):
                symbol = _SYMBOLS_OF_CODE[code, kind]
                board.pairs[kind, upto[kind, symbol]] = place - by
                upto[kind, symbol] += 1


@numba.njit(cache=True, inline="always")
def _paired(board: _Board, symbol: int) -> bool:
    """Take the sorted ends that have a symbol before them; whether there is any."""
    kind = 0 if symbol < UNKNOWN else 1
    begin, end = board.pair_first[kind, symbol], board.pair_first[kind, symbol + 1]
    board.places[1, : end - begin] = board.pairs[kind, begin:end]
    board.listed[1], board.sparse[1] = end - begin, True
    return bool(end > begin)


@numba.njit(cache=True)
def _move_back(row: _Bits, into: _Bits, first: int, steps: int, size: int) -> None:
    """Bits from ``first`` to ``first + steps - 1`` positions before those of a row."""
    joined = 1  # so many steps; each round can double them
    if steps > 1:
        _join_moved(row, row, into, 1, size)
        joined = 2
    while joined < steps:
        by = min(joined, steps - joined)
        _join_moved(into, into, into, by, size)
        joined += by
    source = row if steps == 1 else into
    down, up = np.uint64(first), np.uint64(_WORD - first)
    into[size] = 0
    for word in range(size):
        into[word] = source[word] >> down | source[word + 1] << up


@numba.njit(cache=True)
def _join_moved(row: _Bits, moved: _Bits, into: _Bits, by: int, size: int) -> None:
    """A row joined with another that is moved back."""
    down, up = np.uint64(by), np.uint64(_WORD - by)
    into[size] = 0
    for word in range(size):
        into[word] = row[word] | moved[word] >> down | moved[word + 1] << up


@numba.njit(cache=True, inline="always")
def _tried(places: IntColumn, row: _Bits, by: int, found: IntColumn) -> int:
    """Positions so much before those of a list that are in a row; returns how many."""
    # Numbers without a sign spare the question whether an index counts from the end.
    count, shift = np.uint64(0), np.uint64(by)
    for place in places:
        before = np.uint64(place) - shift
        found[count] = np.int32(before)
        count += row[before >> np.uint64(6)] >> (before & np.uint64(63)) & np.uint64(1)
    return int(count)


@numba.njit(cache=True)
def _tried_all(places: IntColumn, row: _Bits, first: int, steps: int, found: IntColumn) -> int:
    """Positions by some steps before those of a list that are in a row; returns how many."""
    count, last = 0, np.int64(-1)
    for place in places:
        start = np.int64(place) - first - steps + 1
        # Both lists ascend, so what two positions share is known by the last one found.
        fresh = max(start, last + 1)
        left = _window(row, fresh, start + steps - fresh)
        while left != 0:
            last = fresh + np.int64(_zeros_below(left))
            found[count] = last
            count += 1
            left &= left - np.uint64(1)
    return count


@numba.njit(cache=True)
def _window(row: _Bits, start: int, length: int) -> np.uint64:
    """Bits of a row from a position on, up to 63 of them."""
    if length <= 0:
        return np.uint64(0)
    word, below = start >> 6, start & 63
    bits = row[word] >> np.uint64(below)
    if below + length > _WORD:
        bits |= row[word + 1] << np.uint64(_WORD - below)
    return bits & ((np.uint64(1) << np.uint64(length)) - np.uint64(1))


@numba.njit(cache=True)
def _step(board: _Board, depth: int, at: IntColumn) -> None:
    """Bring ascending positions of an element to the nearest of the element behind."""
    gap = board.gaps[depth]
    first = int(_FIRST[int(gap)])
    if _STEPS[gap] == 1:
        for number in range(len(at)):
            at[number] += first
    elif board.sparse[depth - 1]:
        _to_listed(board.places[depth - 1, : board.listed[depth - 1]], first, at)
    else:
        _to_bits(board.rest[depth - 1], first, at)


@numba.njit(cache=True)
def _to_listed(places: IntColumn, first: int, at: IntColumn) -> None:
    """Bring positions to the first of a list that are so much further or more."""
    begin = 0
    for number in range(len(at)):
        low, high = begin, len(places) - 1
        while low < high:
            middle = (low + high) >> 1
            if places[middle] < at[number] + first:
                low = middle + 1
            else:
                high = middle
        begin = low
        at[number] = places[low]


@numba.njit(cache=True)
def _to_bits(row: _Bits, first: int, at: IntColumn) -> None:
    """Bring positions to the first set bits that are so much further or more."""
    for number in range(len(at)):
        place = np.int64(at[number]) + first
        word, below = place >> 6, np.uint64(place & 63)
        left = row[word] >> below << below
        while left == 0:
            word += 1
            left = row[word]
        at[number] = word * _WORD + np.int64(_zeros_below(left))


@numba.njit(cache=True)
def _row_each(
    board: _Board, last: int, pattern: int, starts: IntArray, rows: IntColumn, count: int
) -> tuple[IntColumn, int]:
    """Write a row for each occurrence."""
    number = board.listed[last]
    lead = 1 if board.code[board.places[last, 0]] == UNKNOWN else 0  # the beginning has no column
    while count + number > len(rows):
        rows = np.concatenate((rows, np.empty_like(rows)))
    fresh, at = rows[count : count + number], board.at
    at[:number] = board.places[last, :number]
    fresh[:, 1], fresh[:, 2:] = pattern, NONE
    for row in range(number):
        fresh[row, 0] = board.protein[at[row]]
    for depth in range(last, -1, -1):
        if board.code[at[0]] < UNKNOWN:
            for row in range(number):
                fresh[row, 2 + last - depth - lead] = board.residue[at[row]] - starts[fresh[row, 0]]
        if depth > 0:
            _step(board, depth, at[:number])
    return rows, count + number


@numba.njit(cache=True)
def _cover(board: _Board, last: int) -> None:
    """Mark the positions of all occurrences of a pattern."""
    # One element after the other, so that the board is not handed on for each occurrence.
    at, marked = board.at, board.marked
    count = board.listed[last]
    at[:count] = board.places[last, :count]
    for place in at[:count]:
        marked[place] = True
    for depth in range(last, 0, -1):
        _step(board, depth, at[:count])
        for place in at[:count]:
            marked[place] = True


@numba.njit(cache=True)
def _take_marks(board: _Board, used: int, covered: BoolArray) -> None:
    """Hand what is marked to the residues and wipe it from the board."""
    for place in range(used):
        if board.marked[place]:
            if board.code[place] < UNKNOWN:
                covered[board.residue[place]] = True
            board.marked[place] = False


@numba.njit(cache=True)
def _support(board: _Board, last: int, weights: FloatArray, support: FloatArray) -> None:
    """Add the weights of the proteins that have a pattern."""
    before = NONE
    for number in range(board.listed[last]):
        protein = board.protein[board.places[last, number]]
        if protein != before:
            support[0] += weights[protein]
            before = protein
