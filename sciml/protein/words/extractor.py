"""Words of proteins: maps in, layer by layer, words with residues, heads and significance out."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, PositiveInt

from sciml.core.axes import FloatArray
from sciml.core.errors import BadInput
from sciml.core.settings import Settings
from sciml.protein.alphabet import Codes
from sciml.protein.word import Word
from sciml.protein.words.agglomeration import WordSettings, words_of
from sciml.protein.words.key_residues import (
    KeyResidues,
    received_log10_p,
    significant_keys,
)
from sciml.protein.words.links import (
    Links,
    LinkSettings,
    candidates,
    count_links,
    floors,
    joined,
    significant,
)
from sciml.protein.words.null import (
    STEPS,
    Attention,
    Maps,
    NullTables,
    fit_tails,
    nearest,
    shuffles_of,
)
from sciml.protein.words.scores import Scores, checked_maps, received

SHORTEST = 10  # residues of a protein that is read
_RAREST = 1e-5  # links by chance for each residue, at least


class NullSettings(Settings):
    """How many proteins without meaning are read."""

    lengths: tuple[PositiveInt, ...] = Field(default=(64, 128, 256, 512), min_length=1)  # residues
    tails: PositiveInt = 20_000  # residues of each length, for the scores of pairs
    links: PositiveInt = 20_000  # others, for the number of links


class HeadSettings(Settings):
    """Which heads speak of anything."""

    step: float = Field(default=4.0, ge=1.5, le=6)  # -log10 p at which links are counted
    ratio: float = Field(default=3.0, ge=0)  # links over those of shuffled proteins


class ExtractorSettings(Settings):
    """Links, words and heads."""

    link: LinkSettings = LinkSettings()
    word: WordSettings = WordSettings()
    heads: HeadSettings = HeadSettings()
    null: NullSettings = NullSettings()


class Extractor:
    """Finds the words of proteins in the maps of one language model."""

    def __init__(
        self,
        null: Sequence[NullTables],
        settings: ExtractorSettings | None = None,
        used: NDArray[np.bool_] | None = None,
    ) -> None:
        """Keep the null model.

        Args:
            null: See :func:`fit_null`.
            settings: What counts as link and word.
            used: Heads that count, see :func:`informative_heads`; None: all. Shape (head,).
        """
        self.null, self.settings = null, settings or ExtractorSettings()
        self.used = np.ones(null[0].heads, bool) if used is None else used

    def begin(self, codes: Codes) -> "Reading":
        """A protein whose maps are about to come."""
        return Reading(self, len(codes))

    def read(self, attention: Attention, codes: Codes) -> "Reading":
        """Run a model on a protein and take in its maps.

        Args:
            attention: The model.
            codes: The protein. One of fewer than SHORTEST residues has no words.

        Returns:
            What was read.
        """
        reading = self.begin(codes)
        if len(codes) >= SHORTEST:
            attention(codes, reading.layer)
        return reading


class Reading:
    """One protein, of which no more is kept than the links that might count."""

    def __init__(self, extractor: Extractor, residues: int) -> None:
        self._extractor, self._residues = extractor, residues
        self._tables = nearest(extractor.null, residues)
        self._floors = floors(self._tables, extractor.settings.link)
        self._parts: list[Links] = []
        self._received: list[Scores] = []
        self._seen = 0

    def layer(self, number: int, maps: Maps) -> None:
        """Take in the maps of one layer.

        Args:
            number: Of the layer, from 0; layers come in their order.
            maps: Over all tokens, start and end included. Shape (head, token, token).

        Raises:
            BadInput: for maps that are none, or another number of heads than the null model has.
        """
        maps = checked_maps(maps, self._residues)
        first = number * len(maps)
        if first != self._seen or first + len(maps) > self._tables.heads:
            raise BadInput(
                f"layer {number} with {len(maps)} heads does not follow {self._seen} heads of "
                f"{self._tables.heads}; was the null model fitted to another model?"
            )
        self._seen += len(maps)
        self._received += [received(one) for one in maps]
        for head in np.flatnonzero(self._extractor.used[first : first + len(maps)]):
            self._parts.append(
                candidates(
                    maps[head],
                    first + int(head),
                    self._tables,
                    self._floors,
                    self._extractor.settings.link.neighbours,
                )
            )

    def candidates(self) -> Links:
        """Pairs that are mutually among the closest, significant or not."""
        return joined(self._parts)

    def links(self) -> Links:
        """Significant pairs."""
        extractor, rate = self._extractor, self._extractor.settings.link.false_discoveries
        found = self.candidates()
        return significant(found, self._tables, extractor.used, self._residues, rate)

    def key_residues(self) -> KeyResidues:
        """Residues that any head attends to from everywhere, whether it binds pairs or not."""
        if not self._received:
            return significant_keys(np.zeros((0, self._residues), np.float32), 1.0)
        log10_p = received_log10_p(np.stack(self._received), self._tables)
        return significant_keys(log10_p, self._extractor.settings.link.false_discoveries)

    def words(self) -> list[Word]:
        """What the significant links hold together."""
        return words_of(self.links(), self._extractor.settings.word)


def fit_null(
    attention: Attention,
    proteins: Sequence[Codes],
    seed: int,
    settings: ExtractorSettings | None = None,
) -> list[NullTables]:
    """The null model of a language model: what its heads do to shuffled proteins.

    Args:
        attention: Reads a protein and hands over its maps.
        proteins: Natural ones, which are shuffled here.
        seed: Of the shuffles.
        settings: How many, and what counts as a link.

    Returns:
        Tails of scores, and links by chance counted on other shuffled proteins.

    Raises:
        BadInput: if there is no protein, or the settings ask for too few residues of a length.
    """
    chosen = settings or ExtractorSettings()
    return [
        _fit_length(attention, proteins, length, seed, chosen) for length in chosen.null.lengths
    ]


def _fit_length(
    attention: Attention,
    proteins: Sequence[Codes],
    length: int,
    seed: int,
    settings: ExtractorSettings,
) -> NullTables:
    """The tables for proteins of one length."""
    tails, others = (
        max(-(-residues // length), 4) for residues in (settings.null.tails, settings.null.links)
    )
    many = shuffles_of(proteins, length, tails + others, seed)
    tables = fit_tails(attention, many[:tails])
    counts = links_by_step(attention, many[tails:], [tables], settings)
    return tables._replace(links=counts / (others * length))


def links_by_step(
    attention: Attention,
    proteins: Sequence[Codes],
    null: Sequence[NullTables],
    settings: ExtractorSettings,
) -> FloatArray:
    """Links in some proteins, of each head and up to each step of p. Shape (head, step)."""
    heads = null[0].heads
    extractor, counts = Extractor(null, settings), np.zeros((heads, len(STEPS)))
    for protein in proteins:
        counts += count_links(extractor.read(attention, protein).candidates(), heads)
    return counts


def fitted(
    attention: Attention,
    proteins: Sequence[Codes],
    seed: int,
    settings: ExtractorSettings | None = None,
) -> Extractor:
    """The extractor of a language model, with its null model and the heads that say anything.

    Args:
        attention: Reads a protein.
        proteins: Natural ones, some hundreds; heads are chosen by the first quarter of them.
        seed: Of the shuffles.
        settings: See :class:`ExtractorSettings`.

    Returns:
        The extractor. Where no head is used it finds nothing.

    Raises:
        BadInput: see :func:`fit_null`.
    """
    null = fit_null(attention, proteins, seed, settings)
    few = proteins[: len(proteins) // 4 or 1]
    return Extractor(null, settings, informative_heads(attention, few, null, settings).used)


class HeadReport(NamedTuple):
    """What speaks for each head."""

    found: FloatArray  # links in natural proteins; (head,)
    by_chance: FloatArray  # expected in shuffled ones as long; (head,)
    used: NDArray[np.bool_]  # (head,)


def informative_heads(
    attention: Attention,
    proteins: Sequence[Codes],
    null: Sequence[NullTables],
    settings: ExtractorSettings | None = None,
) -> HeadReport:
    """Heads that link far more residues in natural proteins than in shuffled ones.

    No label of any residue is needed.

    Args:
        attention: Reads a protein.
        proteins: Natural ones, some dozens.
        null: The null model.
        settings: At which p-value links are counted, and how many times more there must be.

    Returns:
        What was counted and which heads are used.
    """
    chosen = settings or ExtractorSettings()
    step = int(np.searchsorted(STEPS, chosen.heads.step - 1e-9))
    found = links_by_step(attention, proteins, null, chosen)[:, step]
    chance = np.zeros(len(found))
    for protein in proteins:
        tables = nearest(null, len(protein))
        # Where no shuffled protein had a link, one in a hundred thousand residues is assumed.
        chance += len(protein) * np.maximum(tables.links[:, step], _RAREST)
    return HeadReport(found, chance, found >= chosen.heads.ratio * chance)
