"""How strongly a head binds two residues: symmetric, and free of what each residue does anyway.

Scores are in multiples of an even share: attention is shared among all residues, so that what
means nothing is as large as one over their number.

Source:
    The correction by products of means is that of Dunn, Wahl & Gloor, Bioinformatics 24, 333
    (2008); for attention: Rao et al., Transformer protein language models are unsupervised
    structure learners, ICLR (2021).
"""

from typing import Final

import numba
import numpy as np
from numpy.typing import NDArray

from sciml.core.errors import BadInput

Scores = NDArray[np.float32]
# The first separation of each bin: what is usual for neighbours is not for residues far apart.
BIN_STARTS: Final = (1, 2, 3, 4, 5, 6, 12, 24)
_MOST_SHARES = np.float32(3.0)  # that one residue can give another
_TILE = 32  # residues along the sides of what is turned over at once


def checked_maps(maps: NDArray[np.float32], residues: int) -> NDArray[np.float32]:
    """Maps of one layer, refused where they are none.

    Args:
        maps: Shape (head, token, token), start and end included.
        residues: Of the protein.

    Returns:
        The maps, contiguous and in single precision.

    Raises:
        BadInput: for another shape, or entries that are negative or no numbers.
    """
    expected = (residues + 2, residues + 2)
    if maps.ndim != 3 or maps.shape[1:] != expected:
        raise BadInput(f"attention maps: expected shape (head, {expected}), got {maps.shape}")
    maps = np.ascontiguousarray(maps, np.float32)
    if not float(maps.min(initial=0.0)) >= 0.0:  # false for what is no number, too
        raise BadInput("attention maps: an entry is negative or no number; check the weights")
    return maps


@numba.njit(cache=True, fastmath={"contract", "reassoc"})
def corrections(tokens: Scores) -> tuple[Scores, Scores]:
    """What makes scores of the map of one head.

    Args:
        tokens: The map of one head. Shape (token, token).

    Returns:
        By what a row is multiplied to have mean 1 over residues, and what each residue gives and
        takes altogether, over the root of the sum of all. Shapes (residue,).
    """
    count = tokens.shape[0] - 2
    scale, given = np.empty(count, np.float32), np.full(count, np.float32(count))
    for i in range(count):
        total = np.float32(0.0)
        for j in range(count):
            total += tokens[i + 1, j + 1]
        scale[i] = np.float32(count) / max(total, np.float32(1e-20))
        for j in range(count):
            given[j] += tokens[i + 1, j + 1] * scale[i]
    root = np.float32(1.0) / np.sqrt(np.float32(2 * max(count, 1) ** 2))
    for i in range(count):
        given[i] *= root
    return scale, given


@numba.njit(cache=True, fastmath={"contract", "reassoc"})
def received(tokens: Scores) -> Scores:
    """How much attention each residue gets from all residues of one head.

    No residue counts for more than a few even shares, so that a partner or two, as those of a
    word, make little of what is looked at from everywhere.

    Args:
        tokens: The map of the head. Shape (token, token).

    Returns:
        Mean over the residues that attend, in multiples of an even share. Shape (residue,).
    """
    count = tokens.shape[0] - 2
    taken = np.zeros(count, np.float32)
    for i in range(count):
        total = np.float32(0.0)
        for j in range(count):
            total += tokens[i + 1, j + 1]
        scale = np.float32(count) / max(total, np.float32(1e-20))
        for j in range(count):
            taken[j] += min(tokens[i + 1, j + 1] * scale, _MOST_SHARES)
    return taken / np.float32(max(count, 1))


@numba.njit(cache=True, fastmath={"contract", "reassoc"})
def corrected(tokens: Scores) -> Scores:
    """Scores of all pairs of residues of one head.

    Args:
        tokens: The map of the head. Shape (token, token).

    Returns:
        Symmetric scores; the diagonal means nothing. Shape (residue, residue).
    """
    count = tokens.shape[0] - 2
    scale, given = corrections(tokens)
    found, tile = np.empty((count, count), np.float32), np.empty((_TILE, _TILE), np.float32)
    # In tiles, so that columns are read while they are near.
    for top in range(0, count, _TILE):
        for left in range(top, count, _TILE):
            rows, columns = _fill_tile(tokens, scale, given, (top, left), tile)
            found[top : top + rows, left : left + columns] = tile[:rows, :columns]
    for i in range(count):
        for j in range(i):
            found[i, j] = found[j, i]
    return found


@numba.njit(cache=True)
def bin_of(separations: int) -> NDArray[np.int64]:
    """The bin of each separation up to one; that of 0 means nothing. Shape (separation + 1,)."""
    found = np.zeros(separations + 1, np.int64)
    for gap in range(1, separations + 1):
        for number in range(len(BIN_STARTS)):
            if gap >= BIN_STARTS[number]:
                found[gap] = number
    return found


@numba.njit(cache=True, fastmath={"contract", "reassoc"})
def above(tokens: Scores, limits: Scores) -> tuple[NDArray[np.int32], Scores]:
    """Pairs of residues whose score passes the limit of their bin.

    Args:
        tokens: The map of one head. Shape (token, token).
        limits: Of each bin. Shape (bin,).

    Returns:
        Pairs, the first residue before the second, shape (pair, 2), and scores, shape (pair,).
    """
    count = tokens.shape[0] - 2
    scale, given = corrections(tokens)
    bins = bin_of(count)
    limit = np.empty(count + 1, np.float32)
    for gap in range(count + 1):
        limit[gap] = limits[bins[gap]]
    pairs, scores = np.empty((8 * count + 64, 2), np.int32), np.empty(8 * count + 64, np.float32)
    number, line = 0, np.empty((_TILE, _TILE), np.float32)
    for top in range(0, count, _TILE):
        for left in range(top, count, _TILE):
            rows, columns = _fill_tile(tokens, scale, given, (top, left), line)
            if len(scores) < number + _TILE * _TILE:
                pairs, scores = _grown(pairs, scores, 2 * len(scores) + _TILE * _TILE)
            for i in range(top, top + rows):
                for j in range(max(left, i + 1), left + columns):
                    if line[i - top, j - left] >= limit[j - i]:
                        pairs[number, 0], pairs[number, 1] = i, j
                        scores[number] = line[i - top, j - left]
                        number += 1
    return pairs[:number], scores[:number]


@numba.njit(cache=True, fastmath={"contract", "reassoc"})
def _fill_tile(
    tokens: Scores,
    scale: Scores,
    given: Scores,
    corner: tuple[int, int],
    tile: Scores,
) -> tuple[int, int]:
    """Scores of the pairs of some residues with some others, and how many of both there are."""
    top, left = corner
    rows, columns = min(_TILE, len(scale) - top), min(_TILE, len(scale) - left)
    for j in range(columns):  # columns first: they are rows of what is turned over
        for i in range(rows):
            tile[i, j] = tokens[left + j + 1, top + i + 1] * scale[left + j]
    for i in range(rows):
        for j in range(columns):
            tile[i, j] += tokens[top + i + 1, left + j + 1] * scale[top + i]
            tile[i, j] -= given[top + i] * given[left + j]
    return rows, columns


@numba.njit(cache=True)
def _grown(pairs: NDArray[np.int32], scores: Scores, room: int) -> tuple[NDArray[np.int32], Scores]:
    """The same with more room."""
    more_pairs, more_scores = np.empty((room, 2), np.int32), np.empty(room, np.float32)
    more_pairs[: len(pairs)], more_scores[: len(scores)] = pairs, scores
    return more_pairs, more_scores
