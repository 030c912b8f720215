"""What an identified theory still misses, learned from its residuals and kept only if it helps.

A correction of the cavity pressure is a function of what the theory and the forcing do at the
moment: deviations from the start of the run, and rates. It vanishes when nothing changes, where
the identified theory has the say. The rule :func:`keep_if_better` decides on runs that were not
learned from, in conditions inside and outside those learned, before anyone looks at a test.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

import numpy as np
import xarray as xr

from sciml.core.axes import FloatArray, axes
from sciml.core.errors import BadInput
from sciml.hydro.clock import even_step
from sciml.hydro.identification_problem import CavityTheory, predicted_run

FEATURES = (
    "gap",
    "ambient",
    "ventilation",
    "length",
    "gap_rate",
    "ambient_rate",
    "ventilation_rate",
    "length_rate",
)
# A correction must lower the error of every judged condition by this share.
MARGIN = 0.05


class Correction(Protocol):
    """Something learned that turns features into a correction of the cavity pressure."""

    def __call__(self, features: FloatArray) -> FloatArray:
        """Correction over ½ρV², shape (time,), from features of shape (time, feature)."""
        ...


class Verdict(NamedTuple):
    """Whether a correction is kept, and what it does in each judged condition."""

    kept: bool
    gains: dict[str, float]  # share of the error that the correction takes away


class RidgeCorrection(NamedTuple):
    """A correction linear in the features, without intercept: zero at rest."""

    weights: FloatArray  # (feature,)

    def __call__(self, features: FloatArray) -> FloatArray:
        """Correction over ½ρV², shape (time,), from features of shape (time, feature)."""
        axes(features, "time feature", "features", feature=self.weights.size)
        return features @ self.weights


def correction_features(theory: CavityTheory, run: xr.Dataset) -> tuple[FloatArray, FloatArray]:
    """What a correction may look at, and the pressure that it corrects.

    Args:
        theory: The identified theory.
        run: ``ambient_pressure`` in Pa and ``ventilation`` in m³/s on an even ``time`` in s.

    Returns:
        Features in the order of :data:`FEATURES`, dimensionless, shape (time, feature), and the
        theory's cavity pressure, Pa, shape (time,). Where a sample is simulated in several steps,
        both feel the samples of the forcing that follow, through the spline that is laid through
        them; about a quarter as much with every sample between.

    Raises:
        BadInput: if a variable is missing or wrong, or the theory has no such cavity.
    """
    predicted = predicted_run(theory, run, ("cavity_pressure", "length"))
    pressure, length = predicted["cavity_pressure"].values, predicted["length"].values
    ambient, supply = run["ambient_pressure"].values, run["ventilation"].values
    q = theory.tunnel.dynamic_pressure
    states = np.stack(
        [
            (ambient - pressure - (ambient[0] - pressure[0])) / q,
            (ambient - ambient[0]) / q,
            supply / supply[0] - 1.0,
            length / length[0] - 1.0,
        ],
        axis=1,
    )
    lifetime = length[0] / theory.tunnel.speed
    rates = np.diff(states, axis=0, prepend=states[:1]) * lifetime / even_step(run["time"].values)
    return np.concatenate([states, rates], axis=1), pressure


def residual_targets(
    theory: CavityTheory, runs: Sequence[xr.Dataset]
) -> tuple[FloatArray, FloatArray]:
    """Features and residual pressures of measured runs, to learn from.

    Args:
        theory: The identified theory.
        runs: With a measured ``cavity_pressure`` in Pa, NaN where missing.

    Returns:
        Features, shape (time, feature), and measured minus predicted pressure over ½ρV², shape
        (time,), of all finite samples of all runs.

    Raises:
        BadInput: if a run has no measured cavity pressure, or as ``correction_features``.
    """
    parts: list[tuple[FloatArray, FloatArray]] = []
    for run in runs:
        if "cavity_pressure" not in run:
            raise BadInput("runs: no variable 'cavity_pressure'; there is nothing to learn from")
        features, pressure = correction_features(theory, run)
        missed = (run["cavity_pressure"].values - pressure) / theory.tunnel.dynamic_pressure
        there = np.isfinite(missed)
        parts.append((features[there], missed[there]))
    return np.concatenate([f for f, _ in parts]), np.concatenate([m for _, m in parts])


def fit_ridge(features: FloatArray, missed: FloatArray, penalty: float = 1e-2) -> RidgeCorrection:
    """The linear correction by penalised least squares, in closed form.

    Args:
        features: Shape (time, feature).
        missed: Residual pressure over ½ρV², shape (time,).
        penalty: On the squared weights, per sample and over the mean square of the features.

    Returns:
        The correction.

    Raises:
        BadInput: if the shapes differ or the penalty is not positive.
    """
    sizes = axes(features, "time feature", "features")
    axes(missed, "time", "missed", time=sizes["time"])
    if not penalty > 0:
        raise BadInput(f"fit_ridge: penalty must be positive, got {penalty:g}")
    gram = features.T @ features
    # Over the trace, so that neither units nor the number of samples change its meaning.
    floor = penalty * np.trace(gram) / sizes["feature"]
    weights = np.linalg.solve(gram + floor * np.eye(sizes["feature"]), features.T @ missed)
    return RidgeCorrection(weights)


def corrected_pressure(
    theory: CavityTheory, correction: Correction | None, run: xr.Dataset
) -> FloatArray:
    """The cavity pressure of a run by theory and correction, Pa, shape (time,)."""
    features, pressure = correction_features(theory, run)
    if correction is None:
        return pressure
    return pressure + theory.tunnel.dynamic_pressure * correction(features)


def keep_if_better(
    plain: Mapping[str, float], corrected: Mapping[str, float], margin: float = MARGIN
) -> Verdict:
    """Keep a correction only if it wins clearly in every condition by which it is judged.

    Args:
        plain: Error of the theory alone by condition; not of runs that were learned from.
        corrected: Error with the correction, of the same conditions.
        margin: Share by which each error must fall.

    Returns:
        The verdict.

    Raises:
        BadInput: if the conditions differ, there is none, or an error is not positive and finite.
    """
    if not plain or set(plain) != set(corrected):
        raise BadInput(
            f"keep_if_better: expected the same conditions, got {sorted(plain)} and "
            f"{sorted(corrected)}"
        )
    for name, error in (*plain.items(), *corrected.items()):
        if not 0 < error < np.inf:
            raise BadInput(f"keep_if_better: error of '{name}' must be positive, got {error:g}")
    gains = {name: 1.0 - corrected[name] / error for name, error in plain.items()}
    return Verdict(all(gain >= margin for gain in gains.values()), gains)
