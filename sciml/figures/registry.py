"""Figures by name: each returns its picture and its data, with the tolerance of the data."""

import functools
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, ParamSpec

import xarray as xr
from matplotlib.figure import Figure
from PIL import Image

from sciml.core.errors import BadInput
from sciml.core.writing import write_bytes, write_with
from sciml.figures.style import journal_style

Parameters = ParamSpec("Parameters")


class Entry(NamedTuple):
    """What is declared about a figure."""

    name: str  # domain/figure
    title: str
    rtol: float  # relative tolerance of the data
    atol: float  # absolute tolerance of the data, in the unit of each variable
    picture_rms: float  # largest root-mean-square difference of the picture, on a scale to 255
    needs: tuple[str, ...]  # datasets
    recipe: str | None  # the training whose published record the figure shows
    function: Callable[..., "Drawn"]


class Drawn:
    """A figure: its picture and the numbers that it shows. Notebooks display it."""

    def __init__(self, picture: Figure, data: xr.Dataset) -> None:
        """Join a picture and its data.

        Args:
            picture: A matplotlib figure.
            data: All numbers that the picture shows, with units.
        """
        self.picture = picture
        self.data = data
        self.name = "figure"
        self._png: bytes | None = None

    def __repr__(self) -> str:
        """Name and variables, the same in every run, so that notebooks can be compared."""
        return f"<{self.name}: {', '.join(sorted(map(str, self.data.data_vars)))}>"

    def png(self) -> bytes:
        """The picture as the content of a PNG file, opaque and without a time stamp.

        It is drawn once: a layout that is solved again may move by a dot.
        """
        if self._png is None:
            self._png = self._rendered()
        return self._png

    def _rendered(self) -> bytes:
        """The PNG file, drawn now."""
        drawn, packed = io.BytesIO(), io.BytesIO()
        with journal_style():
            self.picture.savefig(drawn, format="png", metadata={"Software": None})
        with Image.open(drawn) as picture:  # a tenth smaller without transparency
            dots = picture.info["dpi"]
            picture.convert("RGB").save(packed, "PNG", optimize=True, dpi=dots)
        return packed.getvalue()

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """What a notebook shows: the picture, with its title for those who cannot see it."""
        alternative = {"alt": str(self.data.attrs.get("title", self.name))}
        return {"image/png": self.png(), "text/plain": repr(self)}, {"image/png": alternative}

    def save(self, folder: Path, *, vector: bool = True) -> list[Path]:
        """Write picture and data as PNG, SVG and netCDF, atomically and without time stamps.

        Args:
            folder: Where to; it is made.
            vector: Whether to write the SVG too.

        Returns:
            The files.
        """
        stem = self.name.rpartition("/")[2]
        png, svg, data = (folder / f"{stem}.{ending}" for ending in ("png", "svg", "nc"))
        write_bytes(png, self.png())
        if vector:
            with journal_style():
                write_with(svg, lambda part: self.picture.savefig(part, metadata={"Date": None}))
        write_with(data, lambda part: self.data.to_netcdf(part, engine="netcdf4"))
        return [png, svg, data] if vector else [png, data]


_ENTRIES: dict[str, Entry] = {}


def figure(
    name: str,
    *,
    title: str,
    rtol: float,
    atol: float,
    picture_rms: float = 5.0,
    needs: tuple[str, ...] = (),
    recipe: str | None = None,
) -> Callable[[Callable[Parameters, Drawn]], Callable[Parameters, Drawn]]:
    """Register a function that draws a figure.

    The arguments must be literals: :mod:`sciml.figures.listing` reads them from the source,
    so that figures can be listed without importing anything heavy.

    Args:
        name: ``domain/figure``; the domain is that of the module, which is
            ``sciml.<domain>.figures`` or lies in that package.
        title: What the figure shows, one line.
        rtol: Relative tolerance when the data are compared with the reference.
        atol: Absolute tolerance, in the unit of each variable.
        picture_rms: Largest root-mean-square difference of the picture, on a scale to 255.
        needs: Datasets without which the figure cannot be drawn.
        recipe: The training whose record it shows; the function then takes ``record``, a folder.

    Returns:
        A decorator; the function is called inside the journal style.
    """

    def register(function: Callable[Parameters, Drawn]) -> Callable[Parameters, Drawn]:
        @functools.wraps(function)
        def styled(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Drawn:
            with journal_style():
                drawn = function(*args, **kwargs)
            drawn.name = name
            drawn.data.attrs = {**drawn.data.attrs, "title": title}
            return drawn

        if name in _ENTRIES and _ENTRIES[name].function.__module__ != function.__module__:
            raise BadInput(f"figure '{name}' is registered twice: {function.__module__}")
        _ENTRIES[name] = Entry(name, title, rtol, atol, picture_rms, needs, recipe, styled)
        return styled

    return register


def registered(name: str) -> Entry:
    """What is declared about a figure whose module has been imported.

    Args:
        name: ``domain/figure``.

    Returns:
        The entry.

    Raises:
        BadInput: if no such figure is registered.
    """
    if name not in _ENTRIES:
        raise BadInput(f"figure '{name}': not registered; `sciml list figures` shows what there is")
    return _ENTRIES[name]


def all_registered() -> dict[str, Any]:
    """All entries of the modules imported so far, by name."""
    return dict(_ENTRIES)
