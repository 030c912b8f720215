"""A crystal beside its melt at constant enthalpy: where both live on, it is as hot as it melts."""

from typing import NamedTuple

import numpy as np

from sciml.core.axes import BoolArray, FloatArray, axes
from sciml.core.errors import BadInput
from sciml.materials.properties.averages import BLOCKS, Mean, mean_of

SETTLED = 0.5  # of the time, after which the temperature counts
_LEAST = 0.1  # of the slices that a phase must have to be there


class Coexistence(NamedTuple):
    """What a crystal and its melt have come to."""

    temperature: Mean  # K, over the later part; a drift adds to the error
    drift: Mean  # K/ps, of the temperature over the later part; not zero while one phase grows
    crystal: FloatArray  # share of the cell that is crystal, by frame

    @property
    def both(self) -> bool:
        """Whether neither phase has vanished; else the temperature says nothing of melting."""
        return bool(_LEAST <= self.crystal[-1] <= 1 - _LEAST)


def ordered_share(heights: FloatArray, ordered: BoolArray, slices: int) -> FloatArray:
    """How many of the atoms in slices of a cell are ordered.

    Args:
        heights: Along the long edge, as a share of it, shape (atom,).
        ordered: Whether an atom's surroundings are those of the crystal, shape (atom,).
        slices: Number of slices, of equal thickness.

    Returns:
        Shares, shape (slice,); NaN where no atom is.

    Raises:
        BadInput: if the shapes differ or there is no slice.
    """
    sizes = axes(heights, "atom", "heights")
    axes(ordered, "atom", "ordered", **sizes)
    if slices < 1:
        raise BadInput(f"ordered_share: expected one slice at least, got {slices}.")
    place = np.floor((heights % 1.0) * slices).astype(int).clip(0, slices - 1)
    count = np.bincount(place, minlength=slices)
    found = np.bincount(place, weights=ordered, minlength=slices)
    return np.divide(found, count, out=np.full(slices, np.nan), where=count > 0)


def coexistence(time: FloatArray, temperature: FloatArray, shares: FloatArray) -> Coexistence:
    """Temperature of a crystal beside its melt, and whether both have lived on.

    A slice is crystal where more of its atoms are ordered than halfway between what the inner
    quarters of the two halves have in the first frame, of which the lower is crystal.

    Args:
        time: ps, shape (time,).
        temperature: K, shape (time,).
        shares: Of ordered atoms, from :func:`ordered_share`, shape (frame, slice); the first when
            half is crystal and half melt.

    Returns:
        The temperature after the first half of the time, its drift there, and how much is crystal.

    Raises:
        BadInput: if the shapes differ, the series are too short, or the first frame's halves are
            alike.
    """
    sizes = axes(time, "time", "time")
    axes(temperature, "time", "temperature", **sizes)
    slices = axes(shares, "frame slice", "shares")["slice"]
    if sizes["time"] < 4 * BLOCKS or slices < 8:
        raise BadInput(
            f"coexistence: {sizes['time']} temperatures and {slices} slices; give at least "
            f"{4 * BLOCKS} and 8: run longer."
        )
    quarter = slices // 8
    lower, upper = (
        float(np.nanmean(shares[0, middle - quarter : middle + quarter]))
        for middle in (slices // 4, 3 * slices // 4)
    )
    if lower - upper < 0.1:
        raise BadInput(
            f"coexistence: {100 * lower:.0f} % of the atoms of the crystal's half are ordered and "
            f"{100 * upper:.0f} % of the melt's; melt hotter or longer before."
        )
    crystal = np.nanmean(shares > 0.5 * (lower + upper), axis=1)
    later = slice(round(SETTLED * sizes["time"]), None)
    level, drift = mean_of(temperature[later]), _drift(time[later], temperature[later])
    # A phase that grows for a while drifts slower than blocks can tell: it is as if the temperature
    # were anywhere that the line passes.
    passed = drift.value * float(np.ptp(time[later])) / np.sqrt(12)
    return Coexistence(Mean(level.value, float(np.hypot(level.error, passed))), drift, crystal)


def _drift(time: FloatArray, values: FloatArray) -> Mean:
    """Slope over time with the error that block means have about a line."""
    parts = np.array_split(np.arange(len(time)), BLOCKS)
    middles = np.array([time[part].mean() for part in parts])
    means = np.array([values[part].mean() for part in parts])
    line, covariance = np.polyfit(middles, means, 1, cov=True)
    return Mean(float(line[0]), float(np.sqrt(covariance[0, 0])))
