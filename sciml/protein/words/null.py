"""What a head does without meaning: the scores it gives to pairs of shuffled proteins.

For each head and each bin of separations the upper tail is tabulated: the scores that a share of
1 in 10, 1 in 10^1.1 ... of the pairs of shuffled proteins surpass, and beyond what was seen a
generalised Pareto tail. A pair's p-value is thus its place among pairs as far apart in the same
head, so that heads which bind whatever lies at some distance find nothing. Likewise for the
attention that single residues get. Attention thins out in long proteins, so that there are tables
for several lengths; the nearest one counts.

Source:
    Generalised Pareto tails: Pickands, Ann. Stat. 3, 119 (1975); fitted by probability-weighted
    moments: Hosking & Wallis, Technometrics 29, 339 (1987).
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from sciml.core.axes import FloatArray
from sciml.core.errors import BadInput, DamagedFile
from sciml.core.writing import write_bytes
from sciml.protein.alphabet import Codes
from sciml.protein.words.scores import (
    BIN_STARTS,
    Scores,
    bin_of,
    checked_maps,
    corrected,
    received,
)
from sciml.protein.words.shuffles import shuffled

Maps = NDArray[np.float32]
OnLayer = Callable[[int, Maps], None]
Attention = Callable[[Codes, OnLayer], object]  # reads a protein and hands over its maps

KNOTS: Final = np.round(np.arange(1.0, 4.01, 0.1), 1)  # -log10 of the share that is surpassed
STEPS: Final = np.round(np.arange(1.5, 12.01, 0.1), 1)  # -log10 p at which links are counted
_FIRST, _STEP = float(KNOTS[0]), 0.1
_TAIL_PAIRS: Final = 50  # beyond the last knot that is used
_FEWEST: Final = 12 * _TAIL_PAIRS  # scores; a tenth of them lies beyond the first knot
# Shapes of tails that are believed. A tail with a negative shape ends, and whatever lies beyond its
# end would be certain, so that proteins without words had links more often than is asked for
# (tests/protein/words/test_extractor.py).
_STEEPEST, _HEAVIEST = 0.0, 0.5


class NullTables(NamedTuple):
    """Tails of all heads, for proteins of one length."""

    length: int  # residues
    scores: Scores  # surpassed by the share 10^-knot; (head, bin, knot)
    last: NDArray[np.int64]  # the last knot that was seen well enough; (head, bin)
    scale: FloatArray  # of the tail beyond it; (head, bin)
    shape: FloatArray  # of that tail; (head, bin)
    links: FloatArray  # of shuffled proteins for each residue, up to each step; (head, step)
    received: Scores  # by residues, surpassed by the share 10^-knot; (head, 1, knot)
    received_last: NDArray[np.int64]  # as of scores; (head, 1)
    received_scale: FloatArray  # (head, 1)
    received_shape: FloatArray  # (head, 1)

    @property
    def heads(self) -> int:
        """Of all layers together."""
        return len(self.scores)


def fit_tails(attention: Attention, proteins: Sequence[Codes]) -> NullTables:
    """Tabulate the scores of proteins without meaning; their links are not counted yet.

    Args:
        attention: Reads a protein.
        proteins: Shuffled ones of one length. All pairs of residues are kept in memory, 4 bytes
            for each head.

    Returns:
        The tables with ``links`` empty.

    Raises:
        BadInput: if there is no protein, none long enough, or too few for any bin.
    """
    seen: dict[int, list[Scores]] = {}
    taken: dict[int, list[Scores]] = {}
    separations: list[NDArray[np.int64]] = []
    for protein in proteins:
        first, second = np.triu_indices(len(protein), 1)
        separations.append(second - first)
        for head, tokens in heads_of(attention, protein):
            seen.setdefault(head, []).append(corrected(tokens)[first, second])
            taken.setdefault(head, []).append(received(tokens))
    if not seen or not any(map(len, separations)):
        raise BadInput("null model: no pair of residues; give it some shuffled proteins")
    gaps = np.concatenate(separations)
    bins = bin_of(int(gaps.max()))[gaps]
    order = np.argsort(bins, kind="stable")
    cuts = np.searchsorted(bins[order], np.arange(len(BIN_STARTS) + 1))
    most = np.diff(cuts).max()
    if most < _FEWEST:
        raise BadInput(
            f"null model: {len(gaps)} pairs of residues, of which {most} at most are about as far "
            f"apart; expected {_FEWEST}. Give it more or longer shuffled proteins"
        )
    rows = [
        [tail_of(scores[order[a:b]]) for a, b in pairwise(cuts)]
        for scores in (np.concatenate(seen[head]) for head in sorted(seen))
    ]
    alone = [[tail_of(np.concatenate(taken[head]))] for head in sorted(taken)]
    nothing = np.zeros((len(rows), 0))
    return NullTables(len(proteins[0]), *_columns(rows), nothing, *_columns(alone))


def _columns(
    rows: list[list[tuple[Scores, int, float, float]]],
) -> tuple[Scores, NDArray[np.int64], FloatArray, FloatArray]:
    """Knots, last knots, scales and shapes of tails. Shape (head, bin, ...) each."""
    parts = [np.array([[cell[k] for cell in row] for row in rows]) for k in range(4)]
    return parts[0].astype("f4"), parts[1].astype("i8"), parts[2], parts[3]


def heads_of(attention: Attention, protein: Codes) -> Iterator[tuple[int, Scores]]:
    """All heads of a protein, one after the other, with their number over all layers."""
    layers: list[Maps] = []
    attention(protein, lambda _, maps: layers.append(checked_maps(maps, len(protein)).copy()))
    number = 0
    for maps in layers:
        for tokens in maps:
            yield number, tokens
            number += 1


def tail_of(scores: Scores) -> tuple[Scores, int, float, float]:
    """Knots of one head and bin, the last one that counts, scale and shape beyond it."""
    if len(scores) < _FEWEST:  # too few to say anything: nothing is significant there
        return np.full(len(KNOTS), np.inf, np.float32), 0, 1.0, 0.0
    ranked = np.sort(scores)[::-1]
    places = 10.0**-KNOTS * len(ranked)
    last = max(int(np.searchsorted(places[::-1], _TAIL_PAIRS, side="left")), 0)
    last = len(KNOTS) - 1 - last
    knots = ranked[np.clip(places.astype(int), 0, len(ranked) - 1)]
    beyond = ranked[: int(places[last])] - knots[last]
    return knots, last, *_pareto(beyond.astype(float))


def _pareto(beyond: FloatArray) -> tuple[float, float]:
    """Scale and shape of a generalised Pareto law, by probability-weighted moments."""
    ascending = np.sort(beyond)
    mean = float(ascending.mean())
    rank = (np.arange(1, len(ascending) + 1) - 0.35) / len(ascending)
    weighted = float(((1 - rank) * ascending).mean())
    if mean <= 0 or mean <= 2 * weighted:
        return max(mean, 1e-12), 0.0
    shape = float(np.clip(2 - mean / (mean - 2 * weighted), _STEEPEST, _HEAVIEST))
    return max(mean * (1 - shape), 1e-12), shape


def limits(tables: NullTables, log10_p: float) -> Scores:
    """Scores above which a p-value is at most so large.

    Args:
        tables: See :class:`NullTables`.
        log10_p: Logarithm of the p-value, between -1 and -4.

    Returns:
        Shape (head, bin).
    """
    knot = int(np.searchsorted(KNOTS, -log10_p + 1e-9)) - 1
    return np.ascontiguousarray(tables.scores[:, :, max(knot, 0)])


@numba.njit(cache=True)
def log10_p_values(
    scores: Scores,
    bins: NDArray[np.int64],
    knots: Scores,
    last: NDArray[np.int64],
    scale: FloatArray,
    shape: FloatArray,
) -> Scores:
    """Logarithms of p-values of one head.

    Args:
        scores: Shape (pair,).
        bins: Of each pair. Shape (pair,).
        knots: Of this head. Shape (bin, knot).
        last: Shape (bin,).
        scale: Shape (bin,).
        shape: Shape (bin,).

    Returns:
        Between the knots linear, beyond the last one by the tail; 0 below the first one. Shape
        (pair,).
    """
    found = np.zeros(len(scores), np.float32)
    for number in range(len(scores)):
        score, b = scores[number], bins[number]
        row, end = knots[b], last[b]
        if score >= row[end]:
            excess = (score - row[end]) / scale[b]
            if abs(shape[b]) < 1e-6:
                tail = excess / np.log(10.0)
            else:
                inside = 1.0 + shape[b] * excess
                tail = 99.0 if inside <= 0.0 else np.log10(inside) / shape[b]
            found[number] = -(_FIRST + _STEP * end) - min(tail, 99.0)
        elif score >= row[0]:
            low, high = 0, end
            while high - low > 1:
                middle = (low + high) // 2
                if row[middle] <= score:
                    low = middle
                else:
                    high = middle
            width = max(row[high] - row[low], np.float32(1e-20))
            found[number] = -(_FIRST + _STEP * (low + (score - row[low]) / width))
    return found


def shuffles_of(proteins: Sequence[Codes], length: int, count: int, seed: int) -> list[Codes]:
    """Shuffled proteins of one length.

    Args:
        proteins: Natural ones; they are joined and cut to the length.
        length: Residues.
        count: How many are wanted.
        seed: Of the order.

    Returns:
        Shuffled proteins, see :func:`sciml.protein.words.shuffles.shuffled`.

    Raises:
        BadInput: if there is no residue to shuffle.
    """
    everything = np.concatenate([np.zeros(0, np.uint8), *proteins])
    if len(everything) == 0:
        raise BadInput("null model: no protein to shuffle")
    draw = np.random.default_rng([seed, length])
    starts = draw.integers(0, len(everything), count)
    parts = [np.take(everything, np.arange(k, k + length), mode="wrap") for k in starts]
    return [shuffled(part, draw) for part in parts]


def nearest(null: Sequence[NullTables], residues: int) -> NullTables:
    """The tables for the length that is nearest in ratio."""
    return min(null, key=lambda one: abs(np.log(one.length / max(residues, 1))))


def save_null(path: Path, null: Sequence[NullTables]) -> Path:
    """Write the tables of all lengths to a safetensors file."""
    arrays = {
        f"{tables.length}:{name}": np.ascontiguousarray(part)
        for tables in null
        for name, part in tables._asdict().items()
        if name != "length"
    }
    write_bytes(path, save(arrays))
    return path


def load_null(path: Path) -> list[NullTables]:
    """Tables from a file.

    Args:
        path: As :func:`save_null` wrote it.

    Returns:
        The tables of all lengths.

    Raises:
        BadInput: if there is no such file, or it holds something else.
        DamagedFile: if it is not a whole safetensors file.
    """
    if not path.is_file():
        raise BadInput(f"{path}: no such file; fit a null model and save it there")
    try:
        found = load_file(path)
    except (SafetensorError, OSError) as error:
        raise DamagedFile(f"{path}: not a whole file ({error}); fit the null model anew") from None
    parts: dict[int, dict[str, NDArray[Any]]] = {}
    for name, array in found.items():
        length, _, part = name.partition(":")
        parts.setdefault(int(length) if length.isdigit() else 0, {})[part] = array
    names = set(NullTables._fields) - {"length"}
    if not parts or any(length == 0 or set(part) != names for length, part in parts.items()):
        raise BadInput(f"{path}: expected tables {', '.join(sorted(names))}; this is no null model")
    return [NullTables(length=length, **parts[length]) for length in sorted(parts)]
