"""A gate for mixtures of experts: weights that depend on the situation, trained by the CRPS.

The score of a linear pool Σ w_k F_k of forecasts is exactly

    CRPS = Σ_k w_k a_k - ½ Σ_k Σ_l w_k w_l d_kl,   a_k = E|X_k - y|,   d_kl = E|X_k - X_l|,

so that a mixture of any experts, normal laws or heaps of values, can be trained on two small
tables alone. The weights are softmax(θ · features); a penalty draws θ to zero, where all weights
are equal.

Source:
    Linear pools and their score: Gneiting & Ranjan, Electron. J. Stat. 7 (2013); Gneiting &
    Raftery (2007), eq. 21.
"""

from typing import NamedTuple

import numpy as np
from pydantic import NonNegativeFloat, PositiveFloat, PositiveInt
from scipy.optimize import minimize
from scipy.special import erf

from sciml.core.axes import FloatArray, axes
from sciml.core.errors import BadInput
from sciml.core.settings import Settings


class GateSettings(Settings):
    """How a gate is trained."""

    shrinkage: PositiveFloat = 1e-4  # on θ² of the first feature, over the equal mixture's score
    situation: PositiveFloat = 1e-1  # on θ² of the others: how much weights follow the situation
    balance: NonNegativeFloat = 0.0  # on the square of the mean weights' distance from equal ones
    iterations: PositiveInt = 200


class Gate(NamedTuple):
    """A trained gate."""

    theta: FloatArray  # (feature, expert)

    def weights(self, features: FloatArray) -> FloatArray:
        """The experts' weights in each situation.

        Args:
            features: As in the training; a column of ones gives constant weights. Shape
                (case, feature).

        Returns:
            Positive weights, 1 together. Shape (case, expert).
        """
        axes(features, "case feature", "features", feature=len(self.theta))
        return _softmax(features @ self.theta)


def fit_gate(
    near: FloatArray,
    apart: FloatArray,
    features: FloatArray,
    settings: GateSettings | None = None,
    importance: FloatArray | None = None,
) -> Gate:
    """Train a gate on forecasts that the experts made of what they had not seen.

    Args:
        near: E|X_k - y|. Shape (case, expert).
        apart: E|X_k - X_l|; symmetric. Shape (case, expert, expert).
        features: What weights may depend on, of order 1; the first column is of ones. Shape
            (case, feature).
        settings: How to train.
        importance: How much each case counts; None: all alike. Shape (case,).

    Returns:
        The gate; its mean score is not worse than that of equal weights.

    Raises:
        BadInput: if there is no case or a number is not finite.
    """
    settings = settings or GateSettings()
    sizes = axes(near, "case expert", "near")
    axes(apart, "case expert other", "apart", case=sizes["case"], expert=sizes["expert"])
    axes(features, "case feature", "features", case=sizes["case"])
    for name, values in (("near", near), ("apart", apart), ("features", features)):
        if not len(values) or not np.isfinite(values).all():
            raise BadInput(f"gate: {name}: expected finite numbers of at least one case")
    shares = np.ones(sizes["case"]) if importance is None else importance
    shares = shares / shares.sum()
    shape = (features.shape[1], sizes["expert"])
    equal = np.full(near.shape, 1 / sizes["expert"])
    unit = float(shares @ pool_score(near, apart, equal))
    stiffness = np.full((shape[0], 1), settings.situation)
    stiffness[0] = settings.shrinkage

    def loss(flat: FloatArray) -> tuple[float, FloatArray]:
        theta = flat.reshape(shape)
        weights = _softmax(features @ theta)
        towards = np.einsum("ckl,cl->ck", apart, weights)
        score = shares @ ((near - towards / 2) * weights).sum(axis=1)
        off = shares @ weights - 1 / sizes["expert"]
        by_weight = shares[:, None] * (near - towards + unit * settings.balance * 2 * off)
        inner = (by_weight * weights).sum(axis=1, keepdims=True)
        slope = features.T @ (weights * (by_weight - inner))
        slope += 2 * unit * stiffness * theta
        penalty = (stiffness * theta**2).sum() + settings.balance * (off**2).sum()
        return score + unit * penalty, slope.ravel()

    start = np.zeros(shape[0] * shape[1])
    found = minimize(
        loss, start, jac=True, method="L-BFGS-B", options={"maxiter": settings.iterations}
    )
    return Gate(found.x.reshape(shape))


def pool_score(near: FloatArray, apart: FloatArray, weights: FloatArray) -> FloatArray:
    """The CRPS of a linear pool.

    Args:
        near: E|X_k - y|. Shape (case, expert).
        apart: E|X_k - X_l|. Shape (case, expert, expert).
        weights: Shape (case, expert).

    Returns:
        Score of each case. Shape (case,).
    """
    return (near * weights).sum(axis=1) - np.einsum("ck,ckl,cl->c", weights, apart, weights) / 2


def normal_near(mean: FloatArray, deviation: FloatArray, observation: FloatArray) -> FloatArray:
    """E|X - y| of a normal X.

    Args:
        mean: Of X.
        deviation: Standard deviation of X, above 0; of a shape that fits.
        observation: y, of a shape that fits.

    Returns:
        The mean distance, in the unit of the mean.
    """
    return mean_absolute_normal(mean - observation, deviation)


def normal_apart(mean: FloatArray, deviation: FloatArray) -> FloatArray:
    """E|X_k - X_l| of independent normal experts.

    Args:
        mean: Shape (case, expert).
        deviation: Standard deviations, above 0. Shape (case, expert).

    Returns:
        Shape (case, expert, expert).
    """
    axes(deviation, "case expert", "deviation", **axes(mean, "case expert", "mean"))
    spread = np.sqrt(deviation[:, :, None] ** 2 + deviation[:, None, :] ** 2)
    return mean_absolute_normal(mean[:, :, None] - mean[:, None, :], spread)


def mean_absolute_normal(mean: FloatArray, deviation: FloatArray) -> FloatArray:
    """E|Z| of a normal Z, σ √(2/π) exp(-μ²/2σ²) + μ erf(μ/√2σ).

    Args:
        mean: μ.
        deviation: σ, above 0.

    Returns:
        The mean of the absolute value.
    """
    ratio = mean / deviation
    peak = deviation * np.sqrt(2 / np.pi) * np.exp(-(ratio**2) / 2)
    return peak + mean * erf(ratio / np.sqrt(2))


def _softmax(logits: FloatArray) -> FloatArray:
    """Positive numbers that are 1 together along the last axis."""
    high = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return high / high.sum(axis=-1, keepdims=True)
