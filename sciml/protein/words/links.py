"""Links between residues: pairs that are among the closest of both, and better than chance."""

from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray
from pydantic import Field, PositiveInt

from sciml.core.axes import FloatArray
from sciml.core.settings import Settings
from sciml.protein.words.null import STEPS, NullTables, limits, log10_p_values
from sciml.protein.words.scores import Scores, above, bin_of

_FIRST, _STEP = float(STEPS[0]), 0.1


class LinkSettings(Settings):
    """What counts as a link."""

    neighbours: PositiveInt = 6  # the closest residues of each, in each head
    candidates: float = Field(default=-2.0, ge=-4, le=-1.5)  # log10 of the largest p-value
    false_discoveries: float = Field(default=0.05, gt=0, lt=1)  # share of links


class Links(NamedTuple):
    """Linked residues of one protein."""

    head: NDArray[np.int32]  # over all layers; (link,)
    pair: NDArray[np.int32]  # residues, the first before the second; (link, 2)
    log10_p: Scores  # (link,)

    def chosen(self, which: NDArray[np.bool_] | NDArray[np.int64]) -> "Links":
        """Some of them."""
        return Links(self.head[which], self.pair[which], self.log10_p[which])


def joined(parts: list[Links]) -> Links:
    """Links of several heads together."""
    if not parts:
        nothing = np.zeros(0, np.int32)
        return Links(nothing, np.zeros((0, 2), np.int32), np.zeros(0, np.float32))
    return Links(
        np.concatenate([part.head for part in parts]),
        np.concatenate([part.pair for part in parts]),
        np.concatenate([part.log10_p for part in parts]),
    )


def candidates(
    tokens: Scores, head: int, tables: NullTables, floor: Scores, neighbours: int
) -> Links:
    """Pairs of one head that are among the closest of both residues.

    Args:
        tokens: The map. Shape (token, token).
        head: Its number over all layers.
        tables: The null model.
        floor: Scores below which nothing is looked at, see :func:`~.null.limits`. Shape
            (head, bin).
        neighbours: How many are close to a residue.

    Returns:
        Links, whatever their number by chance.
    """
    pairs, scores = above(tokens, floor[head])
    count = tokens.shape[0] - 2
    bins = bin_of(count)[pairs[:, 1] - pairs[:, 0]]
    tail = tables.last[head], tables.scale[head], tables.shape[head]
    log10_p = log10_p_values(scores, bins, tables.scores[head], *tail)
    kept = mutual(pairs, log10_p, count, neighbours)
    return Links(np.full(len(kept), head, np.int32), pairs[kept], log10_p[kept])


@numba.njit(cache=True)
def mutual(
    pairs: NDArray[np.int32], log10_p: Scores, residues: int, neighbours: int
) -> NDArray[np.int64]:
    """The pairs that are among the closest of both their residues, in their order."""
    order = np.argsort(log10_p)  # closest first; equals in an order of their own
    closer = np.zeros(residues, np.int64)
    near = np.zeros((len(pairs), 2), np.bool_)
    for number in order:
        for side in range(2):
            residue = pairs[number, side]
            near[number, side] = closer[residue] < neighbours
            closer[residue] += 1
    return np.flatnonzero(near[:, 0] & near[:, 1])


def count_links(links: Links, heads: int) -> FloatArray:
    """How many links of each head are at least as significant as each step.

    Args:
        links: Of one protein.
        heads: Of all layers.

    Returns:
        Counts, shape (head, step).
    """
    step = np.floor((-links.log10_p - _FIRST) / _STEP + 1e-6).astype(int).clip(-1, len(STEPS) - 1)
    here = np.zeros((heads, len(STEPS)))
    np.add.at(here, (links.head[step >= 0], step[step >= 0]), 1.0)
    return here[:, ::-1].cumsum(1)[:, ::-1]


def significant(
    links: Links, tables: NullTables, used: NDArray[np.bool_], residues: int, rate: float
) -> Links:
    """The links among which no more than a share is expected by chance.

    All heads that are used are judged together: for each p-value it is known how many links of
    a shuffled protein of this length are as good, and the largest p-value is sought at which
    that number is at most the given share of the links found.

    Args:
        links: See :func:`candidates`, of all heads.
        tables: The null model.
        used: Heads that count. Shape (head,).
        residues: Of the protein.
        rate: Share of false discoveries.

    Returns:
        Some of the links.

    Source:
        Storey, Taylor & Siegmund, J. R. Stat. Soc. B 66, 187 (2004), with the null counts of
        shuffled proteins in place of uniform p-values.
    """
    links = links.chosen(used[links.head])
    if len(links.head) == 0:
        return links
    order = np.argsort(links.log10_p, kind="stable")
    expected = residues * expected_links(tables.links[used].sum(0), links.log10_p[order])
    good = np.flatnonzero(expected <= rate * np.arange(1, len(order) + 1))
    return links.chosen(np.sort(order[: good[-1] + 1]) if len(good) else np.zeros(0, np.int64))


def expected_links(by_step: FloatArray, log10_p: Scores) -> FloatArray:
    """Links of a shuffled protein, for each residue, that are as good as a p-value.

    Args:
        by_step: Counts up to each of STEPS. Shape (step,).
        log10_p: Shape (link,).

    Returns:
        Shape (link,). Beyond the last step with a count they fall as p itself.
    """
    seen = np.flatnonzero(by_step > 0)
    if len(seen) == 0:
        return np.zeros(len(log10_p))
    depth = np.maximum(-np.asarray(log10_p, float), _FIRST)
    last = int(seen[-1])
    logs = np.log10(by_step[: last + 1])
    inside = np.interp(depth, STEPS[: last + 1], logs)
    return 10.0 ** (inside - np.maximum(depth - STEPS[last], 0.0))


def floors(tables: NullTables, settings: LinkSettings) -> Scores:
    """Scores below which no pair is looked at. Shape (head, bin)."""
    return limits(tables, settings.candidates)
