"""The table of all methods on all sets: coverage, enrichment, and what chance makes of both."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import xarray as xr

from sciml.protein.evaluation.coverage import Counts, counts, mean_counts
from sciml.protein.evaluation.enrichment import enrichment, enrichment_beyond_letters
from sciml.protein.evaluation.panel import Judged
from sciml.protein.evaluation.places import Finder, Places, covered, distinct, thrown

THROWS: Final = 5  # draws of words at random places
_DRAWS_BY_LETTER: Final = 1000  # resamplings of tables by letter

COLUMNS: Final = {
    "base": "share of residues that belong to a word",
    "annotated": "share of annotated residues that belong to a word",
    "enrichment": "annotated over base",
    "low": "lower end of the 95 % bootstrap interval of the enrichment",
    "high": "upper end of the 95 % bootstrap interval of the enrichment",
    "beyond_letters": "annotated over what the letters of covered residues explain",
    "beyond_low": "lower end of the 95 % bootstrap interval of it",
    "beyond_high": "upper end of the 95 % bootstrap interval of it",
    "random_base": "base of words of the same shapes at random places",
    "random_enrichment": "enrichment of words of the same shapes at random places",
}


def evaluation_table(
    methods: Mapping[str, Finder], lines: Sequence[Judged], seed: int = 0
) -> xr.Dataset:
    """Judge methods on sets.

    Args:
        methods: By name.
        lines: Proteins and what is annotated in them.
        seed: Of resampling and of random places.

    Returns:
        Shares and enrichments with the axes finder and line, no number where nothing is annotated
        by residue; numbers of proteins and of annotated residues, and whether a line counts for
        its set, with the axis line.
    """
    values = np.full((len(COLUMNS), len(methods), len(lines)), np.nan)
    for column, line in enumerate(lines):
        for row, find in enumerate(methods.values()):
            values[:, row, column] = _judgement(find(line.proteins), line, seed)
    axes = ("finder", "line")
    names = [one.line.name for one in lines]
    return xr.Dataset(
        {
            name: (axes, values[number], {"units": "1", "long_name": COLUMNS[name]})
            for number, name in enumerate(COLUMNS)
        }
        | {
            "proteins": ("line", [len(one.proteins) for one in lines]),
            "annotated_residues": ("line", [sum(map(np.sum, one.annotated)) for one in lines]),
            "counts": ("line", [not one.line.detail for one in lines]),
        },
        {"finder": list(methods), "line": names},
    )


def counted(places: Places, line: Judged) -> Counts:
    """Residues of each protein that words cover.

    Args:
        places: Words in the proteins of the line.
        line: What is judged.

    Returns:
        Numbers for each protein.
    """
    return counts(covered(places, line.lengths), line.annotated)


def by_chance(places: Places, line: Judged, seed: int = 0, throws: int = THROWS) -> Counts:
    """The same words at random places of the same proteins.

    Args:
        places: Words in the proteins of the line.
        line: What is judged.
        seed: Of the places.
        throws: How often all words are thrown.

    Returns:
        Means over the throws.
    """
    generator, once = np.random.default_rng(seed), distinct(places)
    return mean_counts(
        [counted(thrown(once, line.lengths, generator), line) for _ in range(throws)]
    )


def _judgement(places: Places, line: Judged, seed: int) -> list[float]:
    """The columns of one method on one line."""
    found, random = counted(places, line), by_chance(places, line, seed)
    if not line.by_residue or not places.size:
        return [found.base, *[np.nan] * 7, random.base, np.nan]
    value, low, high, _ = enrichment(found, line.clusters, seed)
    masks = covered(places, line.lengths)
    beyond = enrichment_beyond_letters(
        line.proteins, masks, line.annotated, line.clusters, seed, _DRAWS_BY_LETTER
    )
    return [
        *(found.base, found.of_annotated, value, low, high),
        *(beyond.value, beyond.low, beyond.high),
        *(random.base, random.of_annotated / random.base),
    ]
