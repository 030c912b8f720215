"""From links to words: residues that hold together, in one head or in several."""

from collections import Counter

import numba
import numpy as np
from numpy.typing import NDArray
from pydantic import Field, PositiveInt

from sciml.core.settings import Settings
from sciml.protein.word import Word
from sciml.protein.words.links import Links
from sciml.protein.words.scores import Scores

Groups = NDArray[np.int64]


class WordSettings(Settings):
    """What counts as a word."""

    fewest: PositiveInt = 3  # residues
    most: PositiveInt = 25
    density: float = Field(default=0.3, ge=0, le=1)  # share of a word's pairs that are linked
    alike: float = Field(default=0.8, gt=0, le=1)  # Jaccard index from which words are the same


def words_of(links: Links, settings: WordSettings) -> list[Word]:
    """The words of a protein.

    Residues are put together along links, the most significant first, as long as a word does not
    grow too long and enough of its pairs are linked: in each head alone, and once more in all
    heads together, for the letters of one word can be bound by different heads. Words that are
    nearly the same become one.

    Args:
        links: Significant links of all heads.
        settings: What counts as a word.

    Returns:
        Words in the order of their first residues.
    """
    if len(links.head) == 0:
        return []
    found: list[Word] = []
    for part in _by_head(links):
        head = int(part.head[0])
        found += [
            Word(positions, (head,), log10_p) for positions, log10_p in _groups(part, settings)
        ]
    for positions, log10_p in _groups(_together(links), settings):
        found.append(Word(positions, _heads_within(positions, links), log10_p))
    return _merged(found, settings)


def _by_head(links: Links) -> list[Links]:
    """The links of each head."""
    return [links.chosen(links.head == head) for head in np.unique(links.head)]


def _together(links: Links) -> Links:
    """Each pair once, as significant as in its best head."""
    order = np.lexsort((links.log10_p, links.pair[:, 1], links.pair[:, 0]))
    ordered = links.chosen(order)
    first = np.ones(len(order), bool)
    first[1:] = (ordered.pair[1:] != ordered.pair[:-1]).any(1)
    return ordered.chosen(first)


def _groups(links: Links, settings: WordSettings) -> list[tuple[tuple[int, ...], float]]:
    """Residues that hold together, and the weakest p-value that held them."""
    residues, pair = np.unique(links.pair, return_inverse=True)
    pair = pair.reshape(-1, 2)
    order = np.argsort(links.log10_p, kind="stable")
    group, weakest = grouped(
        pair[order], links.log10_p[order], len(residues), settings.most, settings.density
    )
    found = []
    for number in np.flatnonzero(np.bincount(group) >= settings.fewest):
        members = residues[group == number]
        found.append((tuple(int(one) for one in members), float(weakest[number])))
    return found


@numba.njit(cache=True)
def grouped(
    pair: Groups, log10_p: Scores, residues: int, most: int, density: float
) -> tuple[Groups, Scores]:
    """Put residues together along links that are sorted, the best first.

    Args:
        pair: Shape (link, 2).
        log10_p: Shape (link,).
        residues: How many there are.
        most: Residues of a group.
        density: Share of a group's pairs that must be linked.

    Returns:
        The group of each residue, numbered by one of its residues, shape (residue,), and the
        p-value of the last link that made a group grow, shape (residue,).
    """
    linked = np.zeros((residues, residues), np.bool_)
    for a, b in pair:
        linked[a, b] = linked[b, a] = True
    group, weakest = np.arange(residues), np.zeros(residues, np.float32)
    inside = np.zeros(residues, np.int64)  # links within a group
    for number in range(len(pair)):
        one, other = group[pair[number, 0]], group[pair[number, 1]]
        if one == other:
            continue
        first, second = np.flatnonzero(group == one), np.flatnonzero(group == other)
        size, between = len(first) + len(second), 0
        if size > most:
            continue
        for a in first:
            for b in second:
                between += linked[a, b]
        links = inside[one] + inside[other] + between
        if links < density * size * (size - 1) / 2:
            continue
        group[second] = one
        inside[one], weakest[one] = links, log10_p[number]
    return group, weakest


def _heads_within(positions: tuple[int, ...], links: Links) -> tuple[int, ...]:
    """Heads that link residues of a word."""
    inside = np.isin(links.pair, positions).all(1)
    return tuple(int(head) for head in np.unique(links.head[inside]))


def _merged(found: list[Word], settings: WordSettings) -> list[Word]:
    """One word for each set of words that are nearly the same: the most significant of them."""
    kept: list[Word] = []
    heads: list[set[int]] = []
    holders: dict[int, list[int]] = {}  # words that are kept, by residue
    for word in sorted(found, key=lambda one: (one.log10_p, one.positions)):
        shared = Counter(number for p in word.positions for number in holders.get(p, ()))
        size = len(word.positions)
        for number, both in shared.items():
            if both >= settings.alike * (size + len(kept[number].positions) - both):
                heads[number] |= set(word.heads)
                break
        else:
            for residue in word.positions:
                holders.setdefault(residue, []).append(len(kept))
            kept.append(word)
            heads.append(set(word.heads))
    pairs = zip(kept, heads, strict=True)
    return sorted(word._replace(heads=tuple(sorted(several))) for word, several in pairs)
