"""A trajectory to turn and play in a notebook, which needs no network and no widget."""

import base64
import io
import json
from collections.abc import Sequence
from html import escape
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from sciml.core.axes import FloatArray, IntArray, axes
from sciml.core.errors import BadInput
from sciml.figures.style import journal_style, new_picture
from sciml.materials.structures import Structure

MOST_BYTES = 240_000  # of places and colours in a page; base64 adds a third
_SIZE = 420  # pixels
_STILL = 3.0  # inches, of the picture
_TURN, _TILT = 0.35, 0.2  # of the first view
_LEVELS = 65_535  # of a coordinate over the span of all frames
_RADIUS = 0.35  # of an atom, over its covalent radius
_SHADES = 64
_LEAST, _MOST = np.array([0, 114, 178]), np.array([240, 170, 30])  # blue and orange
_EDGES = [(a, b) for a, b in product(range(8), repeat=2) if bin(a ^ b).count("1") == 1 and a < b]
_PAGE = """<div id="{key}" style="width:{size}px;font:12px sans-serif">
<img alt="{title}" src="data:image/png;base64,{still}" style="width:100%">
<canvas width="{size}" height="{size}" style="display:none;cursor:grab;touch-action:none"></canvas>
<p style="display:none"><button type="button">play</button>
<input type="range" min="0" max="{last}" value="0" style="width:55%;vertical-align:middle">
<span></span></p>{title}</div>
<script>{script}(document.getElementById("{key}"), {data});</script>"""


class TrajectoryView:
    """Frames of some atoms: a page that turns where it is dragged, and plays.

    Where scripts do not run, as in a rendered copy of a notebook, the last frame is shown.

    Args:
        frames: Of the same atoms in the same order.
        title: Beneath the picture.
        labels: Of each frame, such as its time; numbers from zero without.
        values: Colour atoms by a number instead of their element: blue is least, orange most,
            shape (frame, atom).

    Raises:
        BadInput: if there is no frame, frames have different atoms, a shape is wrong, or the page
            would be too large for a notebook.
    """

    def __init__(
        self,
        frames: Sequence[Structure],
        *,
        title: str = "",
        labels: Sequence[str] | None = None,
        values: FloatArray | None = None,
    ) -> None:
        if not frames:
            raise BadInput("trajectory: no frames were given; look at the dump.")
        if any(not np.array_equal(one.numbers, frames[0].numbers) for one in frames):
            raise BadInput("trajectory: frames have different atoms; give frames of one run.")
        atoms = len(frames[0].numbers)
        if labels is not None and len(labels) != len(frames):
            raise BadInput(f"labels: expected one for each of {len(frames)}, got {len(labels)}.")
        if values is not None:
            axes(values, "frame atom", "values", frame=len(frames), atom=atoms)
        size = len(frames) * atoms * 7
        if size > MOST_BYTES:
            raise BadInput(
                f"trajectory: {len(frames)} frames of {atoms} atoms make {size // 1000} kB, more "
                f"than {MOST_BYTES // 1000}; give one frame in {-(-size // MOST_BYTES)}."
            )
        self._numbers = frames[0].numbers
        self._places = np.array([one.positions for one in frames])
        self._cells = np.array([one.cell for one in frames])
        self._title = title
        self._labels = list(labels or map(str, range(len(frames))))
        self._palette, self._shades = _by_element(frames) if values is None else _by_value(values)

    def __repr__(self) -> str:
        """How much there is of it."""
        return f"<{len(self._labels)} frames of {len(self._numbers)} atoms>"

    def _repr_html_(self) -> str:
        return self.page()

    def page(self) -> str:
        """The page as HTML, for notebooks; it asks nothing of any other place."""
        data = json.dumps(self._data(), separators=(",", ":")).replace("<", "\\u003c")
        return _PAGE.format(
            key=f"trajectory-{id(self):x}",
            size=_SIZE,
            title=escape(self._title, quote=True),
            still=_text(self.still()),
            last=len(self._labels) - 1,
            script=Path(__file__).with_suffix(".js").read_text(encoding="utf-8"),
            data=data,
        )

    def still(self) -> bytes:
        """The last frame as the content of a PNG file."""
        middle, reach = self._view()
        x, y, z = (self._places[-1] - middle).T
        right = np.cos(_TURN) * x + np.sin(_TURN) * y
        deep = np.cos(_TURN) * y - np.sin(_TURN) * x
        high = np.cos(_TILT) * z - np.sin(_TILT) * deep
        order = np.argsort(-np.sin(_TILT) * z - np.cos(_TILT) * deep)
        colours = self._palette[self._shades[-1]] / 255
        buffer = io.BytesIO()
        with journal_style():
            picture = new_picture(_STILL, _STILL)
            panel = picture.subplots()
            points = 72 * _STILL / reach * self._radii()  # diameters of the balls
            panel.scatter(
                *(right[order], high[order], points[order] ** 2, colours[order]),
                edgecolor="0.3",
                linewidth=0.3,
            )
            panel.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
            panel.set_axis_off()
            picture.savefig(buffer, format="png", dpi=140, metadata={"Software": None})
        return buffer.getvalue()

    def _data(self) -> dict[str, Any]:
        """What the script is given: places and colours as bytes, the rest as it is."""
        middle, reach = self._view()
        low, span = self._places.min(axis=(0, 1)), np.ptp(self._places, axis=(0, 1))
        shares = (self._places - low) / np.where(span > 0, span, 1.0)
        corners = np.array(list(product((0, 1), repeat=3))) @ self._cells
        edges = [[[one[a], one[b]] for a, b in _EDGES] for one in corners.round(2).tolist()]
        return {
            "places": _text(np.round(_LEVELS * shares).astype("<u2").tobytes()),
            "shades": _text(self._shades.astype(np.uint8).tobytes()),
            "colours": self._palette.tolist(),
            "radii": self._radii().round(3).tolist(),
            "labels": self._labels,
            "edges": edges if self._cells.any() else [[]] * len(self._labels),
            "low": low.tolist(),
            "span": span.tolist(),
            "middle": middle.tolist(),
            "reach": reach,
            "levels": _LEVELS,
            "turn": _TURN,
            "tilt": _TILT,
        }

    def _view(self) -> tuple[FloatArray, float]:
        """The middle of all that is shown, Å, and how far it reaches from there."""
        corners = np.array(list(product((0, 1), repeat=3))) @ self._cells
        shown = np.concatenate([self._places.reshape(-1, 3), corners.reshape(-1, 3)])
        middle = 0.5 * (shown.min(axis=0) + shown.max(axis=0))
        return middle, float(np.linalg.norm(shown - middle, axis=1).max()) + 0.5

    def _radii(self) -> FloatArray:
        """Of the balls, Å."""
        from ase.data import covalent_radii

        return _RADIUS * covalent_radii[self._numbers]


def _by_element(frames: Sequence[Structure]) -> tuple[IntArray, IntArray]:
    """A colour for each element, as ASE has them, and which each atom has."""
    from ase.data.colors import jmol_colors

    kinds, place = np.unique(frames[0].numbers, return_inverse=True)
    palette = np.round(255 * jmol_colors[kinds]).astype(int)
    return palette, np.tile(place, (len(frames), 1))


def _by_value(values: FloatArray) -> tuple[IntArray, IntArray]:
    """Shades from the least to the most."""
    share = np.linspace(0, 1, _SHADES)[:, None]
    palette = np.round(_LEAST + share * (_MOST - _LEAST)).astype(int)
    span = np.ptp(values) or 1.0
    return palette, np.round((_SHADES - 1) * (values - values.min()) / span).astype(int)


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()
