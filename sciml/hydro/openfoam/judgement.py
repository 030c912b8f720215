"""How good a simulated cavity is: its steady part, found by a rule, against theory and grids.

The start of a cavity has no steady state that lasts: the drag settles first, then the cavity
reaches its full size, then it sheds. Two windows are cut out, neither of them by eye.
"""

# Not strict: scipy and xarray type their values as unknown.
# pyright: standard
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import xarray as xr
from scipy.ndimage import median_filter

from sciml.core.axes import BoolArray, FloatArray, axes
from sciml.core.errors import BadInput
from sciml.hydro.cavity import drag_coefficient, garabedian_diameter, garabedian_length

__all__ = [
    "GridStudy",
    "SteadyCavity",
    "Window",
    "grid_convergence",
    "longest_plateau",
    "steady_cavity",
    "steady_deviations",
]

DRAG_BAND = 0.03  # lowest to highest drag on its plateau, over the middle of the two
SIZE_BAND = 0.02  # what the volume of a full-grown cavity lacks of its maximum, at most
SHORTEST = 2.0  # D_n / U, of a plateau
SMOOTHING = 1.0  # D_n / U, of the running median of the drag
CLOCK_STEPS = 20  # in D_n / U, of the clock that the median runs on


_ROUNDING = 1e-6  # of a step of the clock
_SAFETY = 1.25  # of the grid convergence index with a credible order
_SAFETY_WITHOUT_ORDER = 3.0  # times the range of the results, when no order is seen
_CREDIBLE_ORDERS = (0.5, 3.0)  # the schemes are of first to second order


class Window(NamedTuple):
    """A stretch of time, both ends included."""

    start: float  # s
    stop: float  # s

    @property
    def length(self) -> float:
        """How long it is, s."""
        return self.stop - self.start

    def holds(self, time: FloatArray) -> BoolArray:
        """Which times lie inside, as true and false."""
        return (time >= self.start) & (time <= self.stop)


class SteadyCavity(NamedTuple):
    """What a cavity has while it is steady; each spread is half of lowest to highest."""

    drag_coefficient: float
    drag_spread: float
    length: float  # m
    length_spread: float  # m
    diameter: float  # m
    diameter_spread: float  # m
    drag_window: Window
    size_window: Window


class GridStudy(NamedTuple):
    """Three results of finer and finer meshes, judged."""

    extrapolated: float  # to cells of no size; the finest result when no order is seen
    order: float  # observed; NaN when the results do not converge monotonically
    uncertainty: float  # of the finest result, in its unit
    asymptotic: bool  # whether the observed order is one that the schemes can have


def longest_plateau(time: FloatArray, values: FloatArray, band: float, shortest: float) -> Window:
    """The longest stretch in which a quantity stays within a band, wherever the band lies.

    Args:
        time: s, rising, shape (time,).
        values: Shape (time,).
        band: Highest less lowest value, over the middle of the two; positive.
        shortest: What may be called a plateau, s.

    Returns:
        The window; the earlier one of two that are equally long.

    Raises:
        BadInput: if nothing stays within the band for that long.
    """
    sizes = axes(time, "time", "time")
    axes(values, "time", "values", **sizes)
    best, begin = Window(0.0, -1.0), 0
    for end in range(len(values)):
        part = values[begin : end + 1]
        while part.max() - part.min() > band * abs(part.max() + part.min()) / 2:
            begin += 1
            part = values[begin : end + 1]
        if time[end] - time[begin] > best.length:
            best = Window(float(time[begin]), float(time[end]))
    if best.length < shortest:
        raise BadInput(
            f"longest_plateau: nothing stays within {100 * band:g} % for {shortest:g} s; the "
            f"longest such stretch has {max(best.length, 0.0):.3g} s. Simulate longer"
        )
    return best


def steady_cavity(history: xr.Dataset) -> SteadyCavity:
    """The steady drag and the full-grown size of a starting cavity.

    The drag is smoothed by a running median over D_n / U, because pockets of vapour that collapse
    beat on the disk for a few steps. It is the mean over the longest stretch in which it stays
    within 3 %. Length and diameter are medians over the snapshots around the largest volume of
    that stretch, as long as the volume stays within 2 % of it: there the cavity hardly grows or
    shrinks, and a cloud that tears off now and then does not count.

    Args:
        history: From :func:`sciml.hydro.openfoam.reader.read_case`.

    Returns:
        The steady values and their spreads.

    Raises:
        BadInput: if there is no plateau, or the cavity still grows when it ends.
    """
    transit = float(history.attrs["diameter"] / history.attrs["speed"])
    clock, drag = _smoothed_drag(history, transit)
    window = longest_plateau(clock, drag, DRAG_BAND, SHORTEST * transit)
    ripe = _around_the_maximum(history["time"].values, history["vapour_volume"].values, window)
    full = history.sel(snapshot=ripe.holds(history["snapshot"].values))
    if full.sizes["snapshot"] == 0:
        raise BadInput(
            f"steady_cavity: no field was written from {ripe.start:g} to {ripe.stop:g} s, while "
            "the cavity has its full size; make output_interval smaller"
        )
    steady_drag = drag[window.holds(clock)]
    return SteadyCavity(
        float(steady_drag.mean()),
        _half_range(steady_drag),
        float(full["cavity_length"].median()),
        _half_range(full["cavity_length"].values),
        float(full["cavity_diameter"].median()),
        _half_range(full["cavity_diameter"].values),
        window,
        ripe,
    )


def steady_deviations(steady: SteadyCavity, sigma: float, diameter: float) -> dict[str, float]:
    """How far a steady cavity is from theory.

    Args:
        steady: From :func:`steady_cavity`.
        sigma: σ; between 0 and 1.
        diameter: D_n of the disk, m.

    Returns:
        ``drag`` against c_x0 (1 + σ), ``length`` and ``diameter`` against Garabedian's forms with
        the theoretical drag; each is the relative deviation, positive when simulated is larger.
    """
    drag = float(drag_coefficient(sigma))
    length = float(garabedian_length(sigma, drag)) * diameter
    width = float(garabedian_diameter(sigma, drag)) * diameter
    return {
        "drag": steady.drag_coefficient / drag - 1.0,
        "length": steady.length / length - 1.0,
        "diameter": steady.diameter / width - 1.0,
    }


def grid_convergence(results: Sequence[float], refinement_ratio: float) -> GridStudy:
    """What three meshes tell about the error of the finest.

    Args:
        results: Of the coarse, the middle and the fine mesh.
        refinement_ratio: Cell size of a mesh over that of the next finer one; above 1.

    Returns:
        Richardson's extrapolation with the observed order, and as uncertainty the grid
        convergence index of the fine mesh. Where the results do not converge monotonically with
        an order from 0.5 to 3, three times their range.

    Raises:
        BadInput: if there are not three results or the ratio is not above 1.

    Source:
        Roache, J. Fluids Eng. 116, 405 (1994); three times the range after Eça & Hoekstra,
        J. Comput. Phys. 262, 104 (2014).
    """
    if len(results) != 3 or not refinement_ratio > 1:
        raise BadInput(
            "grid_convergence: expected three results and a ratio above 1, got "
            f"{len(results)} and {refinement_ratio:g}"
        )
    coarse, middle, fine = results
    steps = (middle - coarse, fine - middle)
    order = float("nan")
    if steps[0] * steps[1] > 0:
        order = float(np.log(steps[0] / steps[1]) / np.log(refinement_ratio))
    if not _CREDIBLE_ORDERS[0] <= order <= _CREDIBLE_ORDERS[1]:
        spread = max(results) - min(results)
        return GridStudy(fine, order, _SAFETY_WITHOUT_ORDER * spread, False)
    gained = steps[1] / (refinement_ratio**order - 1.0)
    return GridStudy(fine + gained, order, _SAFETY * abs(gained), True)


def _smoothed_drag(history: xr.Dataset, transit: float) -> tuple[FloatArray, FloatArray]:
    """An even clock, s, and the running median of the drag on it."""
    time = history["time"].values
    step = transit / CLOCK_STEPS
    clock = np.arange(np.ceil(time[0] / step - _ROUNDING), time[-1] / step + _ROUNDING) * step
    drag = np.interp(clock, time, history["drag_coefficient"].values)
    size = round(SMOOTHING * CLOCK_STEPS) + 1
    return clock, median_filter(drag, size, mode="nearest")


def _around_the_maximum(time: FloatArray, volume: FloatArray, window: Window) -> Window:
    """Where the volume is near its largest value of a window; it may reach beyond the window."""
    inside = np.flatnonzero(window.holds(time))
    first, last = int(inside[0]), int(inside[-1])
    top = first + int(np.argmax(volume[inside]))
    if top == last:
        raise BadInput(
            f"steady_cavity: the volume still grows at {time[last]:g} s, where the drag leaves "
            "its plateau or the history ends; simulate longer"
        )
    low = volume < (1.0 - SIZE_BAND) * volume[top]
    before, after = np.flatnonzero(low[:top]), np.flatnonzero(low[top:])
    start = int(before[-1]) + 1 if len(before) else 0
    stop = top + int(after[0]) - 1 if len(after) else len(time) - 1
    return Window(float(time[start]), float(time[stop]))


def _half_range(values: FloatArray) -> float:
    """Half the distance from the lowest to the highest value."""
    return float(np.ptp(values)) / 2
