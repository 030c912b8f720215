"""In how many proteins a pattern occurs, counted in one pass and in bounded memory.

Lossy counting: a pattern that is not seen again for a while is forgotten. What is left undercounts
by at most ``error`` times the weight of all proteins, and no pattern of more support is missing.
Counts of shards add up to the same numbers in whatever order they are merged.

Source:
    Manku & Motwani, Approximate frequency counts over data streams, VLDB (2002).
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from sciml.core.errors import BadInput

# A weight of one. Weights are whole numbers inside, so that sums do not depend on their order.
UNIT: Final = 1 << 20

EXAMPLES: Final = 8  # that are kept of each pattern


class Example(NamedTuple):
    """Where a pattern was seen; those with the least ``order`` are kept, a repeatable draw."""

    order: int
    protein: str
    positions: tuple[int, ...]


class Sighting(NamedTuple):
    """A pattern in one protein."""

    positions: tuple[int, ...]
    heads: tuple[int, ...] = ()


@dataclass(slots=True)
class Entry:
    """What is known of a pattern, in units."""

    count: int = 0
    # How much of what could have been missed was not: the possible error is the bound less this.
    excluded: int = 0
    heads: dict[int, int] = field(default_factory=dict[int, int])
    examples: list[Example] = field(default_factory=list[Example])


@dataclass(frozen=True)
class Counts:
    """Support of patterns in a set of proteins."""

    total: int  # weight of all proteins, units
    bound: int  # by how much a count can be too small at most, units
    entries: Mapping[int, Entry]  # by key, ascending

    @property
    def proteins(self) -> float:
        """The weight of all proteins."""
        return self.total / UNIT

    def support(self, key: int) -> float:
        """The least support that a pattern can have, in proteins."""
        entry = self.entries.get(key)
        return entry.count / UNIT if entry else 0.0

    def possible_error(self, key: int) -> float:
        """How much greater its support can be at most, in proteins."""
        entry = self.entries.get(key)
        return (self.bound - (entry.excluded if entry else 0)) / UNIT

    def at_least(self, support: float) -> "Counts":
        """Only patterns whose support may reach a number of proteins."""
        least = support * UNIT
        kept = {
            key: entry
            for key, entry in self.entries.items()
            if entry.count + self.bound - entry.excluded >= least
        }
        return Counts(self.total, self.bound, kept)


class LossyCounter:
    """Counts patterns of one protein after another."""

    def __init__(self, error: float) -> None:
        """An empty counter.

        Args:
            error: By which share of the weight of all proteins a count may be too small.

        Raises:
            BadInput: if the share is not above 0 and below 1.
        """
        if not 0 < error < 1:
            raise BadInput(f"counting: error is {error}; it must be above 0 and below 1")
        self._share = error
        self._total = 0
        self._pruned_at = 0
        self._entries: dict[int, Entry] = {}

    def __len__(self) -> int:
        """How many patterns are held."""
        return len(self._entries)

    def add(self, protein: str, found: Mapping[int, Sighting], weight: float = 1.0) -> None:
        """Count the patterns of one protein.

        Args:
            protein: Its name, which examples quote.
            found: What was seen, by key.
            weight: How much it counts; one over the size of its family where families count once.

        Raises:
            BadInput: if the weight is not positive.
        """
        units = round(weight * UNIT)
        if units < 1:
            raise BadInput(f"counting: weight of {protein!r} is {weight}; it must be positive")
        missed = self._bound()
        for key, sighting in found.items():
            entry = self._entries.get(key)
            if entry is None:
                # Until now it may have been forgotten; what comes later is certainly counted.
                entry = self._entries[key] = Entry(excluded=-missed)
            entry.count += units
            for head in sighting.heads:
                entry.heads[head] = entry.heads.get(head, 0) + units
            entry.examples = _least(
                [*entry.examples, Example(_order(key, protein), protein, sighting.positions)]
            )
        self._total += units
        # Once for each 1/error of weight is often enough, and keeps the cost of it constant.
        if self._bound() - self._pruned_at >= UNIT:
            self._prune()

    def counts(self) -> Counts:
        """What was counted so far."""
        bound = self._bound()
        entries = {
            key: Entry(entry.count, bound + entry.excluded, dict(entry.heads), entry.examples[:])
            for key, entry in sorted(self._entries.items())
        }
        return Counts(self._total, bound, entries)

    def _bound(self) -> int:
        """What a count may lack by now."""
        return int(self._share * self._total)

    def _prune(self) -> None:
        """Forget patterns whose support cannot exceed the bound."""
        self._pruned_at = bound = self._bound()
        self._entries = {
            key: entry
            for key, entry in self._entries.items()
            if entry.count - entry.excluded > bound
        }


def merged(shards: Iterable[Counts]) -> Counts:
    """Counts of several sets of proteins that share none.

    Args:
        shards: Counts, in any order.

    Returns:
        Counts of all, the same for every order and every grouping of the shards.
    """
    total = bound = 0
    entries: dict[int, Entry] = {}
    for shard in shards:
        total += shard.total
        bound += shard.bound
        for key, entry in shard.entries.items():
            _add(entries.setdefault(key, Entry()), entry)
    return Counts(total, bound, {key: _tidy(entries[key]) for key in sorted(entries)})


def family_weights(families: Sequence[int]) -> list[float]:
    """Weights under which each family counts as one protein.

    Args:
        families: The family of each protein, see :func:`sciml.protein.relatives.families`.

    Returns:
        One over the number of members, for each protein.
    """
    sizes: dict[int, int] = {}
    for family in families:
        sizes[family] = sizes.get(family, 0) + 1
    return [1 / sizes[family] for family in families]


def _add(sum_: Entry, entry: Entry) -> None:
    """Put what one shard knows of a pattern to what is known."""
    sum_.count += entry.count
    sum_.excluded += entry.excluded
    sum_.examples = _least([*sum_.examples, *entry.examples])
    for head, units in entry.heads.items():
        sum_.heads[head] = sum_.heads.get(head, 0) + units


def _tidy(entry: Entry) -> Entry:
    """Heads in ascending order, so that equal entries look equal."""
    entry.heads = dict(sorted(entry.heads.items()))
    return entry


def _least(examples: list[Example]) -> list[Example]:
    """The examples to keep."""
    return sorted(examples)[:EXAMPLES]


def _order(key: int, protein: str) -> int:
    """A number by chance that is the same on every machine."""
    digest = hashlib.blake2b(protein.encode(), digest_size=7, key=key.to_bytes(8, "big"))
    return int.from_bytes(digest.digest(), "big")
