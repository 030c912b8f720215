"""How far atoms wander: mean square displacement and the coefficient of diffusion."""

from typing import NamedTuple

import numpy as np
import xarray as xr

from sciml.core.axes import FloatArray, axes
from sciml.core.errors import BadInput
from sciml.materials.properties.averages import Mean

BLOCKS = 4
_FITTED = (0.2, 0.6)  # of a block's length: after the ballistic start, while there are many origins
_AFTER_START = (0.2, 1.0)  # of a window's length, which has one origin at all lags


class Diffusion(NamedTuple):
    """How atoms wander."""

    coefficient: Mean  # Å²/ps, which is 1e-8 m²/s
    displacement: xr.DataArray  # mean square, Å², by lag (ps), the mean of all blocks


def mean_square_displacement(positions: FloatArray) -> FloatArray:
    """The mean square of how far atoms are from where they were some frames before.

    Args:
        positions: Å, not wrapped into the cell, shape (time, atom, 3).

    Returns:
        Å², shape (time,) by lag; a mean over atoms and over all frames as origins.

    Source:
        The sum over origins by Fourier transforms: Kneller, Keiner, Kneller & Schiller, Comput.
        Phys. Commun. 91, 191 (1995).
    """
    count = axes(positions, "time atom 3", "positions")["time"]
    # The mean position does not matter for differences, and large numbers cancel badly.
    x = positions - positions.mean(axis=0)
    spectrum = np.fft.rfft(x, n=2 * count, axis=0)
    products = np.fft.irfft(np.abs(spectrum) ** 2, n=2 * count, axis=0)[:count]
    cross = products.sum(axis=2)  # (time, atom)
    square = np.concatenate([np.zeros((1, x.shape[1])), np.cumsum(np.sum(x**2, axis=2), axis=0)])
    lags = np.arange(count)
    both = (square[count] - square[lags]) + square[count - lags]
    return np.mean(both - 2 * cross, axis=1) / (count - lags)


def diffusion(motion: xr.Dataset, blocks: int = BLOCKS) -> Diffusion:
    """The coefficient of diffusion, by Einstein's relation <|r(t) - r(0)|²> = 6 D t.

    Args:
        motion: From :func:`sciml.materials.properties.dynamics.move`. The motion of the whole is
            taken out, and so is that of the cell.
        blocks: Parts of the time whose coefficients give the error.

    Returns:
        The coefficient, the mean of the blocks with a standard error, and the displacement.

    Raises:
        BadInput: if there are fewer than ten frames in a block, or fewer than two blocks.
    """
    count = motion.sizes["time"] // max(blocks, 1)
    if blocks < 2 or count < 10:
        raise BadInput(
            f"diffusion: {motion.sizes['time']} frames in {blocks} blocks; give at least 2 blocks "
            "of 10 frames each."
        )
    positions = _followed(motion)
    parts = [positions[b * count : (b + 1) * count] for b in range(blocks)]
    curves = np.array([mean_square_displacement(part) for part in parts])
    time = motion["time"].values
    lag = time[:count] - time[0]
    return _fitted(curves, lag, _FITTED)


def diffusion_of_windows(lag: FloatArray, displacements: FloatArray) -> Diffusion:
    """The coefficient from mean square displacements that each have one origin.

    Args:
        lag: Time since the origin, ps, at equal steps from zero, shape (lag,).
        displacements: Å², shape (window, lag); windows follow each other in time.

    Returns:
        As :func:`diffusion`.

    Raises:
        BadInput: if there are fewer than two windows or ten lags, or the shapes differ.
    """
    sizes = axes(displacements, "window lag", "displacements")
    axes(lag, "lag", "lag", lag=sizes["lag"])
    if sizes["window"] < 2 or sizes["lag"] < 10:
        raise BadInput(
            f"diffusion: {sizes['window']} windows of {sizes['lag']} lags; give at least 2 windows "
            "of 10 lags each."
        )
    return _fitted(displacements, lag, _AFTER_START)


def _fitted(curves: FloatArray, lag: FloatArray, shares: tuple[float, float]) -> Diffusion:
    """Einstein's relation in a range of the lags; curves tell the error."""
    first, last = (round(share * len(lag)) for share in shares)
    slopes = np.array([np.polyfit(lag[first:last], c[first:last], 1)[0] for c in curves]) / 6
    error = float(slopes.std(ddof=1) / np.sqrt(len(curves)))
    displacement = xr.DataArray(
        curves.mean(axis=0), {"lag": ("lag", lag, {"units": "ps"})}, "lag", attrs={"units": "Å²"}
    )
    return Diffusion(Mean(float(slopes.mean()), error), displacement)


def _followed(motion: xr.Dataset) -> FloatArray:
    """Positions in the mean cell, about the centre of all atoms."""
    positions, cell = motion["position"].values, motion["cell"].values
    if "volume" in motion:
        fractions = np.einsum("tav,tvx->tax", positions, np.linalg.inv(cell))
        positions = fractions @ cell.mean(axis=0)
    return positions - positions.mean(axis=1, keepdims=True)
