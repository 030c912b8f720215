"""Words as communities of binarised maps: the extractor that ours is compared with.

Source:
    Written from the description of the method of Chen et al., Adv. Sci. (2026),
    10.1002/advs.202521970, as their program has it: each head binarised, directed Louvain from
    three seeds, communities of 5 to 25 residues.
"""

import signal
import threading
from collections.abc import Iterator
from types import FrameType

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from sciml.protein.word import Word

_SHARE = 0.1  # of the sum of the least and the largest entry: what is less is no edge
_DENSEST = 0.4  # share of entries that are edges at most
_SIZES = (5, 25)  # residues of a word
_SPARSEST = 0.01  # share of a word's pairs that are edges
_SEEDS = 3
_LONGEST = 5.0  # processor seconds of one search; those that end take less than one


class _GivenUp(Exception):
    """A search took too long."""


def louvain_words(maps: NDArray[np.float32]) -> list[Word]:
    """Communities of the maps of one protein.

    Args:
        maps: Of all layers, without start and end. Shape (head, residue, residue).

    Returns:
        Words in the order of their residues; significance is not known, so that it is 0.
    """
    found: dict[tuple[int, ...], set[int]] = {}
    for head, one in enumerate(maps):
        for positions in communities(one):
            found.setdefault(positions, set()).add(head)
    return sorted(Word(positions, tuple(sorted(heads)), 0.0) for positions, heads in found.items())


def communities(one: NDArray[np.float32]) -> Iterator[tuple[int, ...]]:
    """Connected communities of one head, from several seeds.

    Args:
        one: A map, without start and end. Shape (residue, residue).

    Yields:
        Residues of each community, ascending. A seed whose search does not end gives none, and
        neither do those after it; outside of the main thread such a search is not given up.
    """
    graph = nx.from_numpy_array(binarised(one), create_using=nx.DiGraph)
    seen = set()
    for seed in range(_SEEDS):
        found = _search(graph, seed)
        if found is None:
            return
        for members in found:
            if not _SIZES[0] <= len(members) <= _SIZES[1]:
                continue
            part = graph.subgraph(members)
            positions = tuple(sorted(int(one) for one in members))
            good = nx.density(part) > _SPARSEST and nx.is_weakly_connected(part)
            if good and positions not in seen:
                seen.add(positions)
                yield positions


def _search(graph: "nx.DiGraph[int]", seed: int) -> list[set[int]] | None:
    """Communities from one seed; None where the search does not end."""
    if threading.current_thread() is not threading.main_thread():
        return nx.community.louvain_communities(graph, seed=seed)
    before = signal.signal(signal.SIGVTALRM, _give_up)
    signal.setitimer(signal.ITIMER_VIRTUAL, _LONGEST)
    try:
        return nx.community.louvain_communities(graph, seed=seed)
    except _GivenUp:
        return None
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def _give_up(_number: int, _frame: FrameType | None) -> None:
    """End the search that runs."""
    raise _GivenUp


def binarised(one: NDArray[np.float32]) -> NDArray[np.int8]:
    """Edges of one head.

    Args:
        one: A map. Shape (residue, residue).

    Returns:
        1 where an entry is at least a tenth of the sum of the least and the largest, or among the
        top two fifths where those would be more. Shape (residue, residue).
    """
    edges = one >= _SHARE * (one.min() + one.max())
    if edges.mean() > _DENSEST:
        edges = one >= np.quantile(one, 1 - _DENSEST)
    return edges.astype(np.int8)
