"""Linear regression of what comes on what was: pooled over runs, or learnt as a run goes on."""

from collections.abc import Iterable
from typing import NamedTuple

import numba
import numpy as np

from sciml.core.axes import FloatArray, axes
from sciml.core.errors import BadInput


def histories(values: FloatArray, order: int) -> FloatArray:
    """The last samples of every channel at each time, zero before the first.

    Args:
        values: Shape (time, channel).
        order: Samples of history, the present among them.

    Returns:
        Shape (time, channel x order); of each channel the oldest first.

    Raises:
        BadInput: if the order is below 1.
    """
    axes(values, "time channel", "values")
    if order < 1:
        raise BadInput(f"histories: expected an order of at least 1, got {order}")
    padded = np.concatenate([np.zeros((order - 1, values.shape[1])), values])
    windows = np.lib.stride_tricks.sliding_window_view(padded, order, axis=0)
    return np.ascontiguousarray(windows.reshape(len(values), -1))


def pooled_ridge(
    samples: Iterable[tuple[FloatArray, FloatArray]], ridge: float, name: str = "regression"
) -> FloatArray:
    """Coefficients that fit the samples of several runs, with a penalty on their squares.

    Args:
        samples: For each run features (time, feature) and outcomes (time, outcome).
        ridge: Penalty per sample.
        name: What the caller calls the regression, for the error text.

    Returns:
        Coefficients, shape (feature, outcome).

    Raises:
        BadInput: if there are no samples, a value is not finite, or without a penalty the samples
            do not determine the coefficients.
    """
    gram, cross, count = np.zeros(()), np.zeros(()), 0
    for features, outcomes in samples:
        sizes = axes(features, "time feature", "features")
        axes(outcomes, "time outcome", "outcomes", time=sizes["time"])
        gram, cross = gram + features.T @ features, cross + features.T @ outcomes
        count += len(features)
    if count == 0:
        raise BadInput(f"{name}: no samples; are the runs longer than history and lead?")
    if not (np.isfinite(gram).all() and np.isfinite(cross).all()):
        raise BadInput(f"{name}: a feature or outcome is not finite; fill gaps beforehand")
    return ridge_solution(gram, cross, ridge * count, name)


def ridge_solution(gram: FloatArray, cross: FloatArray, penalty: float, name: str) -> FloatArray:
    """Coefficients that solve the normal equations with a penalty on their squares.

    Args:
        gram: Sums of products of features. Shape (feature, feature).
        cross: Sums of products of features and outcomes. Shape (feature, outcome).
        penalty: Added to the diagonal.
        name: What the caller calls the regression.

    Returns:
        Coefficients, shape (feature, outcome).

    Raises:
        BadInput: if the equations are singular, as with a constant channel and no penalty.
    """
    try:
        return np.linalg.solve(gram + penalty * np.eye(len(gram)), cross)
    except np.linalg.LinAlgError:
        raise BadInput(
            f"{name}: the samples do not determine the coefficients (is a channel constant, or a "
            "sum of others?); leave that channel out, or give a ridge above 0, such as 1e-6"
        ) from None


class Belief(NamedTuple):
    """What is believed of the coefficients before a run, and of the noise."""

    variance: FloatArray  # of each coefficient about 0, shape (feature,)
    noise: float  # variance of the outcome about the regression


def recursive_ridge(
    features: FloatArray, outcomes: FloatArray, lead: int, belief: Belief
) -> FloatArray:
    """Predict each outcome from coefficients learnt earlier in the same run (Bayes).

    The outcome that belongs to the features of sample t is known at sample t + lead and not
    before, so it is learnt from then.

    Args:
        features: Shape (time, feature).
        outcomes: Shape (time, outcome); the last ``lead`` rows are never looked at.
        lead: Samples until an outcome is known.
        belief: Before the first sample.

    Returns:
        Expected outcomes, shape (time, outcome).

    Raises:
        BadInput: if shapes differ, the lead is below 1, the noise is not positive, a variance is
            negative, or a value that is looked at is not finite.

    Source:
        Recursive least squares, for example Ljung, System Identification (1999), chapter 11.
    """
    sizes = axes(features, "time feature", "features")
    axes(outcomes, "time outcome", "outcomes", time=sizes["time"])
    axes(belief.variance, "feature", "belief.variance", feature=sizes["feature"])
    if lead < 1 or not (belief.noise > 0 and np.all(belief.variance >= 0)):
        raise BadInput(
            f"recursive_ridge: expected a lead of at least 1, positive noise and variances of 0 or "
            f"more, got lead {lead}, noise {belief.noise:g}, variance {belief.variance.min():g}"
        )
    known = outcomes[: max(0, len(outcomes) - lead)]
    if not (np.isfinite(features).all() and np.isfinite(known).all()):
        raise BadInput("recursive_ridge: a feature or outcome is not finite; fill gaps beforehand")
    return _recursive_ridge(features, outcomes, lead, belief)


@numba.njit(cache=True, fastmath=True)
def _recursive_ridge(
    features: FloatArray, outcomes: FloatArray, lead: int, belief: Belief
) -> FloatArray:
    """The recursion: covariance P and coefficients W after each outcome."""
    P = np.diag(belief.variance)
    W = np.zeros((features.shape[1], outcomes.shape[1]))
    expected = np.empty_like(outcomes)
    for t in range(len(features)):
        if t >= lead:
            x = features[t - lead]
            gain = P @ x
            variance = belief.noise + x @ gain
            surprise = (outcomes[t - lead] - x @ W) / variance
            for i in range(len(x)):
                for j in range(len(surprise)):
                    W[i, j] += gain[i] * surprise[j]
                share = gain[i] / variance
                for j in range(len(x)):
                    P[i, j] -= share * gain[j]
        expected[t] = features[t] @ W
    return expected
