"""Figures and the page of the second notebook: words of a protein, and what a model is sure of."""

# Not strict: xarray types coordinates and attributes as unknown.
# pyright: standard
from html import escape
from pathlib import Path
from typing import Final

import numpy as np
import xarray as xr

from sciml.core.axes import IntArray
from sciml.figures.registry import Drawn, figure
from sciml.figures.style import BLACK, BLUE, ORANGE, TWO_COLUMNS, Panel, new_picture
from sciml.protein.alphabet import Codes, decoded, encoded
from sciml.protein.language.marginals import masked_marginals
from sciml.protein.language.weights import load_model
from sciml.protein.language_tasks import WEIGHTS_FILE
from sciml.protein.vocabulary.keys import from_key
from sciml.protein.vocabulary.scanner import Scanner
from sciml.protein.vocabulary.store import read_vocabulary
from sciml.protein.vocabulary_tasks import VOCABULARY_FILE
from sciml.training.run import record_folder

# Human HRAS, UniProt P01112.
RAS: Final = (
    "MTEYKLVVVGAGGVGKSALTIQLIQNHFVDEYDPTIEDSYRKQVVIDGETCLLDILDTAGQEEYSAMRDQYMRTGEGFLCVFAINNTKSFEDIH"
    "QYREQIKRVKDSDDVPMVLVGNKCDLAARTVESRQAQDLARSYGIPYIETSAKTRQGVEDAFYTLVREIRQHKLRKLNPPDESGPGCMSCKCVLS"
)
# Where all proteins of its kind hold the nucleotide, first and last residue from 1: Bourne, Sanders
# & McCormick, The GTPase superfamily, Nature 349, 117 (1991).
BOXES: Final = {"G1": (10, 17), "G2": (35, 35), "G3": (57, 60), "G4": (116, 119), "G5": (145, 147)}
# Cysteines that carry the lipids of its anchor: Hancock, Magee, Childs & Marshall, All ras proteins
# are polyisoprenylated but only some are palmitoylated, Cell 57, 1167 (1989).
LIPIDS: Final = (181, 184, 186)

_LINE: Final = 60  # residues of a line of the page
_SURE: Final = 0.4  # from where the letter is written at its bar
_DEEPEST: Final = 6  # words of a residue beyond which its colour does not change


class ProteinPage:
    """A protein in lines of letters: the more words a residue has, the deeper its colour.

    Words appear where the pointer rests; the page needs no program that runs.
    """

    def __init__(self, codes: Codes, keys: list[int]) -> None:
        """Find the words.

        Args:
            codes: The protein, see :func:`sciml.protein.alphabet.encoded`. Shape (residue,).
            keys: The vocabulary.
        """
        self.letters = decoded(codes)
        self.words: list[list[str]] = [[] for _ in self.letters]
        found = Scanner(keys).occurrences([codes])
        for number, positions in zip(found.pattern, found.positions, strict=True):
            for place in positions[positions >= 0]:
                self.words[place].append(from_key(keys[number]).spelling)

    def __repr__(self) -> str:
        """How much there is of it."""
        covered = sum(map(bool, self.words))
        return f"<{len(self.letters)} residues, {covered} of them in words>"

    def _repr_html_(self) -> str:
        """What notebooks show."""
        return self.html

    @property
    def html(self) -> str:
        """The page."""
        lines: list[str] = []
        for start in range(0, len(self.letters), _LINE):
            cells = map(self._cell, range(start, min(start + _LINE, len(self.letters))))
            lines.append(f"{start + 1:>6} {''.join(cells)}")
        return f'<pre style="line-height:1.6">{"<br>".join(lines)}</pre>'

    def _cell(self, place: int) -> str:
        """One residue."""
        words = sorted(set(self.words[place]))
        if not words:
            return self.letters[place]
        depth = 0.15 + 0.6 * min(len(words), _DEEPEST) / _DEEPEST
        title = escape(f"{self.letters[place]}{place + 1}: {', '.join(words)}", quote=True)
        return (
            f'<span style="background:rgba(0,114,178,{depth:.2f})" title="{title}">'
            f"{self.letters[place]}</span>"
        )


def selective_keys(record: Path | None = None) -> list[int]:
    """The patterns of the selective vocabulary.

    Args:
        record: Folder of a run of its recipe; the published one by default.

    Returns:
        Keys in the order of the file.
    """
    folder = record or record_folder("protein/vocabulary")
    return read_vocabulary(folder / VOCABULARY_FILE).keys


@figure(
    "protein/ras-words",
    title="Words of the selective vocabulary in human HRAS, beside what is known of it",
    rtol=1e-6,
    atol=1e-6,
    recipe="protein/vocabulary",
)
def words_of_ras(record: Path | None = None) -> Drawn:
    """How many words each residue has, and which residues are known to matter.

    Args:
        record: Folder of a run of the vocabulary's recipe; the published one by default.

    Returns:
        Words of each residue, whether it is in a box, and whether it carries a lipid.
    """
    page = ProteinPage(encoded(RAS), selective_keys(record))
    count = np.array([len(set(words)) for words in page.words])
    number = np.arange(1, len(RAS) + 1)
    data = xr.Dataset(
        {
            "words": ("residue", count),
            "in_box": ("residue", _in_box(number)),
            "lipid": ("residue", np.isin(number, LIPIDS).astype(int)),
        },
        coords={"residue": number},
    )
    picture = new_picture(TWO_COLUMNS, 2.2)
    panel: Panel = picture.subplots()
    highest = max(int(count.max()), 1)
    _shade_boxes(panel, 1.08 * highest)
    panel.plot(LIPIDS, [1.15 * highest] * 3, "v", ms=4, color=BLACK, label="lipid")
    panel.legend(loc="upper center")
    panel.bar(number, count, width=1.0, color=BLUE)
    panel.set(
        xlabel="residue",
        ylabel="words",
        xlim=(0.5, len(RAS) + 0.5),
        ylim=(0, 1.25 * highest),
    )
    return Drawn(picture, data)


@figure(
    "protein/ras-expected",
    title="How much our language model expects of human HRAS at residues that it does not see",
    rtol=1e-3,
    atol=1e-3,
    recipe="protein/language-natural",
)
def expected_in_ras(record: Path | None = None) -> Drawn:
    """How likely the letter that stands at each residue is, by all residues but a hidden eighth.

    Args:
        record: Folder of a run of the language model's recipe; the published one by default.

    Returns:
        That chance, and whether the residue is in a box.
    """
    weights = (record or record_folder("protein/language-natural")) / WEIGHTS_FILE
    codes, number = encoded(RAS), np.arange(1, len(RAS) + 1)
    chance = masked_marginals(load_model(weights), codes)[np.arange(len(codes)), codes]
    data = xr.Dataset(
        {
            "chance": ("residue", chance.astype(np.float64)),
            "in_box": ("residue", _in_box(number)),
        },
        coords={"residue": number},
    )
    picture = new_picture(TWO_COLUMNS, 2.2)
    panel: Panel = picture.subplots()
    _shade_boxes(panel, 1.02)
    panel.bar(number, data["chance"].values, width=1.0, color=BLUE)
    for place in np.flatnonzero(chance > _SURE):
        panel.text(
            place + 1, float(chance[place]), RAS[place], ha="center", va="bottom", color=BLACK
        )
    panel.set(
        xlabel="residue",
        ylabel="chance of the letter",
        xlim=(0.5, len(RAS) + 0.5),
        ylim=(0, 1.15),
    )
    return Drawn(picture, data)


def _in_box(number: IntArray) -> IntArray:
    """1 where the nucleotide is held; residues are numbered from 1. Shape (residue,)."""
    boxes = [(number >= first) & (number <= last) for first, last in BOXES.values()]
    return np.any(boxes, axis=0).astype(np.int64)


def _shade_boxes(panel: Panel, height: float) -> None:
    """Where the nucleotide is held, with names at a height."""
    for name, (first, last) in BOXES.items():
        panel.axvspan(first - 0.5, last + 0.5, color=ORANGE, alpha=0.35, lw=0)
        panel.text((first + last) / 2, height, name, ha="center", va="bottom", color=BLACK)
