"""Heads of the fusion network: distributions whose CRPS is known in closed form, with its slope.

Each head turns the network's numbers, zero at first, into a law: around the first guess with the
usual error, or, of amounts, a gamma law around the members' mean.
"""

from typing import Any, NamedTuple, Protocol

import numpy as np
import paddle
from numpy.typing import NDArray
from paddle import Tensor
from paddle.autograd import PyLayer
from scipy.special import gammainc

from sciml.core.axes import FloatArray
from sciml.weather.post_processing.experts import normal_values
from sciml.weather.post_processing.shifted_gamma import ShiftedGamma
from sciml.weather.values import levels

_SIZES = 8.0  # bound of logarithms of sizes, in units
_LEAST_SHAPE, _MOST_SHAPE = 1e-2, 1e4
_STEP = 1e-4  # relative, of the shape in central differences
_FIRST_SHIFT = 0.2  # of a gamma law, in units


class Frame(NamedTuple):
    """In what a law is measured."""

    mean: Tensor  # first guess over the unit, from the ensemble mean or, of amounts, zero; (case,)
    spread: Tensor  # deviation of the members over the unit, (case,)


class Head(Protocol):
    """From the network's numbers to a law, in units."""

    outputs: int

    def crps(self, numbers: Tensor, frame: Frame, observation: Tensor) -> Tensor:
        """Score of each case, in units. Shape (case,)."""
        ...

    def values(self, numbers: Tensor, frame: Frame) -> FloatArray:
        """Sorted equally likely values, in units. Shape (case, value)."""
        ...


class NormalHead:
    """A normal law: the first guess corrected, and the logarithm of the deviation."""

    outputs = 2

    def _law(self, numbers: Tensor, frame: Frame) -> tuple[Tensor, Tensor]:
        """Mean and deviation."""
        return frame.mean + numbers[:, 0], paddle.exp(numbers[:, 1].clip(-_SIZES, _SIZES))

    def crps(self, numbers: Tensor, frame: Frame, observation: Tensor) -> Tensor:
        """σ [z (2Φ(z) - 1) + 2φ(z) - 1/√π], z = (y - μ) / σ; Gneiting et al. (2005), eq. 5."""
        mean, deviation = self._law(numbers, frame)
        z = (observation - mean) / deviation
        peak = float(np.sqrt(2 / np.pi)) * paddle.exp(-paddle.square(z) / 2)
        return deviation * (z * paddle.erf(z * float(np.sqrt(0.5))) + peak - np.pi**-0.5)

    def values(self, numbers: Tensor, frame: Frame) -> FloatArray:
        """Quantiles."""
        mean, deviation = self._law(numbers, frame)
        return normal_values(*(each.numpy().astype(np.float64) for each in (mean, deviation)))


class QuantileHead:
    """Quantiles at all levels, each above the one before: no form is assumed."""

    outputs = len(levels()) + 1

    def __init__(self, *, nonnegative: bool) -> None:
        """Say whether values are cut off at zero."""
        self._nonnegative = nonnegative
        start = normal_values(np.zeros(1), np.ones(1))[0]
        # The steps of a normal law, as what softplus makes them of.
        self._steps = paddle.to_tensor(np.log(np.expm1(np.diff(start))), dtype="float32")
        self._lowest = float(start[0])

    def _quantiles(self, numbers: Tensor, frame: Frame) -> Tensor:
        """Ascending. Shape (case, value)."""
        steps = paddle.nn.functional.softplus(numbers[:, 2:] + self._steps)
        rise = paddle.cumsum(steps, axis=1)
        rise = paddle.concat([paddle.zeros_like(rise[:, :1]), rise], axis=1)
        centred = self._lowest + rise
        size = paddle.exp(numbers[:, 1:2].clip(-_SIZES, _SIZES))
        if self._nonnegative:
            size = size * paddle.sqrt(frame.mean + _FIRST_SHIFT).unsqueeze(1)
        found = (frame.mean + numbers[:, 0]).unsqueeze(1) + size * centred
        return found.clip(min=0.0) if self._nonnegative else found

    def crps(self, numbers: Tensor, frame: Frame, observation: Tensor) -> Tensor:
        """E|X - y| - E|X - X'| / 2 of equally likely values, the latter linear as they ascend."""
        found = self._quantiles(numbers, frame)
        near = paddle.abs(found - observation.unsqueeze(1)).mean(axis=1)
        share = (2 * levels() - 1) / len(levels())
        return near - paddle.matmul(found, paddle.to_tensor(share, dtype=found.dtype))

    def values(self, numbers: Tensor, frame: Frame) -> FloatArray:
        """The quantiles."""
        found = self._quantiles(numbers, frame).numpy().astype(np.float64)
        return np.maximum.accumulate(found, axis=1)  # sums in single precision may round down


class GammaHead:
    """Amounts: a gamma law, shifted and cut off at zero, which has a probability of its own.

    The mean is the members' mean, and a little more, times a factor; the deviation grows with
    its root; the shift is that of a first guess, times a factor.
    """

    outputs = 3

    def _law(self, numbers: Tensor, frame: Frame) -> tuple[Tensor, Tensor, Tensor]:
        """Shape, scale and shift."""
        factor = paddle.exp(numbers.clip(-_SIZES, _SIZES))
        mean = (frame.mean + _FIRST_SHIFT) * factor[:, 0]
        deviation = (paddle.sqrt(mean) + frame.spread) * factor[:, 1]
        shape = paddle.square(mean / deviation).clip(_LEAST_SHAPE, _MOST_SHAPE)
        return shape, mean / shape, _FIRST_SHIFT * factor[:, 2]

    def crps(self, numbers: Tensor, frame: Frame, observation: Tensor) -> Tensor:
        """Scheuerer & Hamill (2015), eq. 11, with :class:`ShiftedGammaScore`'s slopes."""
        return shifted_gamma_crps(*self._law(numbers, frame), observation)

    def values(self, numbers: Tensor, frame: Frame) -> FloatArray:
        """Quantiles, zero as often as the law says."""
        law = (each.numpy().astype(np.float64) for each in self._law(numbers, frame))
        return ShiftedGamma(*law).values()


def shifted_gamma_crps(shape: Tensor, scale: Tensor, shift: Tensor, observation: Tensor) -> Tensor:
    """CRPS of shifted and cut off gamma laws.

    Args:
        shape: k. Shape (case,).
        scale: θ. Shape (case,).
        shift: δ, at least 0. Shape (case,).
        observation: At least 0; has no slope. Shape (case,).

    Returns:
        Score of each case. Shape (case,).
    """
    found: Any = ShiftedGammaScore.apply(shape, scale, shift, observation)
    return found


class ShiftedGammaScore(PyLayer):
    """Score and slopes; the incomplete gamma functions are SciPy's, in double precision.

    With F(x) = G(x + δ) on x ≥ 0 and the score ∫ (F - 1{x ≥ y})² dx, the slope by δ is
    2 G(y + δ) - 1 - G(δ)², that by y is 2 G(y + δ) - 1. The score is homogeneous in θ, δ and y,
    so that θ times the slope by θ is the score less δ and y times theirs (Euler). Only the slope by
    the shape is a central difference.
    """

    @staticmethod
    def forward(ctx: Any, *given: Tensor) -> Tensor:
        """The score, and the slopes for the way back."""
        shape, scale, shift, observation = (each.numpy().astype(np.float64) for each in given)
        score, slopes = _score_and_slopes(shape, scale, shift, observation)
        ctx.slopes = [paddle.to_tensor(slope, dtype=given[0].dtype) for slope in slopes]
        return paddle.to_tensor(score, dtype=given[0].dtype)

    @staticmethod
    def backward(ctx: Any, *args: Tensor) -> Any:
        """Slopes by shape, scale and shift; the observation has none."""
        return *(args[0] * slope for slope in ctx.slopes), None


def _score_and_slopes(
    shape: NDArray[Any], scale: NDArray[Any], shift: NDArray[Any], observation: NDArray[Any]
) -> tuple[FloatArray, list[FloatArray]]:
    """Score, and its slopes by shape, scale and shift."""
    score = ShiftedGamma(shape, scale, shift).crps(observation)
    at = gammainc(shape, (observation + shift) / scale)
    by_shift = 2 * at - 1 - gammainc(shape, shift / scale) ** 2
    by_scale = (score - shift * by_shift - observation * (2 * at - 1)) / scale
    up, down = (
        ShiftedGamma(shape * factor, scale, shift).crps(observation)
        for factor in (1 + _STEP, 1 - _STEP)
    )
    return score, [(up - down) / (2 * _STEP * shape), by_scale, by_shift]
