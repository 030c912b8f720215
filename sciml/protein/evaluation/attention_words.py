"""Words that extractors find in the maps of a language model, as methods to be judged."""

from collections.abc import Sequence

import numpy as np

from sciml.protein.alphabet import Codes
from sciml.protein.evaluation.places import Finder, Places, places_of_words
from sciml.protein.words.extractor import Extractor
from sciml.protein.words.links import Links
from sciml.protein.words.louvain import louvain_words
from sciml.protein.words.null import Attention, heads_of


def extracted(attention: Attention, extractor: Extractor) -> Finder:
    """Our words.

    Args:
        attention: Reads a protein and hands over its maps.
        extractor: With the null model of this language model.

    Returns:
        The method.
    """

    def find(proteins: Sequence[Codes]) -> Places:
        return places_of_words(extractor.read(attention, one).words() for one in proteins)

    return find


def by_louvain(attention: Attention) -> Finder:
    """Communities of each head: the re-implemented extractor of the peer.

    Args:
        attention: Reads a protein and hands over its maps.

    Returns:
        The method; seconds for each protein.
    """

    def find(proteins: Sequence[Codes]) -> Places:
        return places_of_words(
            louvain_words(np.stack([maps[1:-1, 1:-1] for _, maps in heads_of(attention, one)]))
            for one in proteins
        )

    return find


def links_in(attention: Attention, extractor: Extractor, proteins: Sequence[Codes]) -> list[Links]:
    """Links of residues in proteins, significant or not.

    Args:
        attention: Reads a protein and hands over its maps.
        extractor: With the null model of this language model.
        proteins: See :func:`sciml.protein.alphabet.encoded`.

    Returns:
        Of each protein.
    """
    return [extractor.read(attention, one).candidates() for one in proteins]
