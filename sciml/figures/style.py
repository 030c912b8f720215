"""One look for all figures: sized for a journal column, readable in grey, no chart junk."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

Panel = Axes  # the name by which figure functions know a panel

# Okabe & Ito (2008): eight colours told apart by colour-blind readers; black is kept for theory.
BLUE, ORANGE, GREEN, VERMILION = "#0072B2", "#E69F00", "#009E73", "#D55E00"
PURPLE, SKY, YELLOW, BLACK = "#CC79A7", "#56B4E9", "#F0E442", "#000000"
COLOURS = (BLUE, ORANGE, GREEN, VERMILION, PURPLE, SKY)

ONE_COLUMN, TWO_COLUMNS = 89 / 25.4, 183 / 25.4  # inches; widths of Nature's columns

_SETTINGS: dict[Any, Any] = {
    "axes.prop_cycle": cycler(color=COLOURS),
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "axes.linewidth": 0.6,
    "figure.dpi": 150,
    "figure.constrained_layout.use": True,
    "font.family": "DejaVu Sans",  # comes with matplotlib, so that pictures agree everywhere
    "font.size": 8,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "legend.handlelength": 1.6,
    "lines.linewidth": 1.2,
    "lines.markersize": 3.5,
    "savefig.dpi": 200,
    "svg.fonttype": "path",
    "svg.hashsalt": "sciml",  # otherwise the names of elements differ from run to run
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
}


@contextmanager
def journal_style() -> Iterator[None]:
    """Apply the style inside a block and put matplotlib's settings back after it."""
    with mpl.rc_context({**mpl.rcParamsDefault, **_SETTINGS}):
        yield


def new_picture(width: float = ONE_COLUMN, height: float = 2.4) -> Figure:
    """An empty picture that no global state knows of, so that notebooks show it only once.

    Args:
        width: Inches; see ``ONE_COLUMN`` and ``TWO_COLUMNS``.
        height: Inches.

    Returns:
        The picture; call it inside :func:`journal_style`, as figure functions are.
    """
    return Figure(figsize=(width, height))


def by_decades(axis: Panel) -> None:
    """Make both sides of a panel logarithmic, with a number at each power of ten only."""
    axis.set(xscale="log", yscale="log")
    for side in (axis.xaxis, axis.yaxis):
        side.set_major_locator(LogLocator())
        side.set_minor_formatter(NullFormatter())


def label_panels(picture: Figure) -> None:
    """Put bold letters a, b, c … on the panels in the order in which they were made."""
    panels = [axis for axis in picture.axes if axis.get_label() != "<colorbar>"]
    for letter, axis in zip("abcdefgh", panels, strict=False):
        title = axis.get_title(loc="left")
        axis.set_title(f"{letter}  {title}" if title else letter, loc="left")
