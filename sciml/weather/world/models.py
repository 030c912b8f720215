"""Imperfect models of Lorenz's world: what numerical weather prediction is to the weather.

None of them resolves the fast variables. A closure, a polynomial of X_k fitted by least squares,
stands for them; models differ in its degree, in their forcing and damping, in the length of their
step, and in whether they add the noise that the closure leaves out.

Source:
    Closures with first-order autoregressive noise: Wilks, Q. J. R. Meteorol. Soc. 131, 389 (2005).
"""

from typing import NamedTuple

import numpy as np
from pydantic import NonNegativeFloat, NonNegativeInt, PositiveFloat

from sciml.core.axes import Array, FloatArray, axes
from sciml.core.errors import BadInput
from sciml.core.settings import Settings
from sciml.weather.world.lorenz import SLOW_STEP, LorenzSettings, run


class Closure(NamedTuple):
    """A polynomial of X that stands for U, and what it leaves out."""

    coefficients: tuple[float, ...]  # lowest power first
    deviation: float  # standard deviation of U minus the polynomial
    memory: float  # units of time in which the autocorrelation of the rest falls to 1/e

    def __call__(self, slow: FloatArray) -> FloatArray:
        """The polynomial at X, of the same shape."""
        return np.polynomial.polynomial.polyval(slow, np.array(self.coefficients))


class ForecastModel(Settings):
    """How a model differs from the truth, apart from not resolving the fast variables."""

    degree: NonNegativeInt = 4  # of its closure
    forcing_error: float = 0.0  # added to F
    seasonal: bool = True  # whether its F has seasons
    damping: float = 0.0  # rate added to the damping of X, per unit
    step: PositiveFloat = SLOW_STEP  # units
    noisy: bool = False  # whether it adds noise of the strength that its closure leaves out
    analysis_error: NonNegativeFloat = 0.3  # of its start, besides the error that all share


def fitted_closure(slow: FloatArray, fast: FloatArray, degree: int, spacing: float) -> Closure:
    """The polynomial of X nearest to U, and the noise that it leaves.

    Args:
        slow: X of a run of the two-scale model. Shape (time, slow).
        fast: U at the same times, from :func:`sciml.weather.world.lorenz.unresolved`.
        degree: Of the polynomial.
        spacing: Units between two times.

    Returns:
        The closure; its memory is that of an autoregressive process of first order.

    Raises:
        BadInput: if there are fewer than two times.
    """
    sizes = axes(slow, "time slow", "slow")
    axes(fast, "time slow", "fast", **sizes)
    if sizes["time"] < 2:
        raise BadInput("fitted_closure: one time does not tell the memory of the noise; run longer")
    powers = np.vander(slow.ravel(), degree + 1, increasing=True)
    coefficients = np.linalg.lstsq(powers, fast.ravel(), rcond=None)[0]
    rest = fast - (powers @ coefficients).reshape(fast.shape)
    kept = float(np.sum(rest[1:] * rest[:-1]) / np.sum(rest[:-1] ** 2))
    memory = -spacing / np.log(kept) if 0 < kept < 1 else 0.0
    return Closure(tuple(coefficients.tolist()), float(rest.std()), float(memory))


def autoregressive_noise(
    shape: tuple[int, int, int], deviation: float, memory: float, seed: int
) -> FloatArray:
    """Gaussian noise whose autocorrelation falls by 1/e in ``memory`` steps.

    Args:
        shape: (member, step, slow).
        deviation: Standard deviation.
        memory: Steps; 0 for white noise.
        seed: Of the noise.

    Returns:
        Noise with the same variance at each step.
    """
    noise = np.random.default_rng(seed).normal(0.0, deviation, shape)
    kept = np.exp(-1.0 / memory) if memory > 0 else 0.0
    for n in range(1, shape[1]):
        noise[:, n] = kept * noise[:, n - 1] + np.sqrt(1 - kept**2) * noise[:, n]
    return noise


def forecasts(
    model: ForecastModel,
    closure: Closure,
    analyses: FloatArray,
    forcing: Array,
    leads: tuple[float, ...],
    *,
    seed: int = 0,
) -> FloatArray:
    """What a model makes of analysed states.

    Args:
        model: The model.
        closure: In the place of the fast variables.
        analyses: X at the start. Shape (case, slow).
        forcing: F that the model is told, for all cases or for each. Shape () or (case,).
        leads: Units of time ahead, ascending multiples of the first, itself whole steps.
        seed: Of the noise of a noisy model.

    Returns:
        X at the leads. Shape (case, lead, slow).

    Raises:
        BadInput: if the leads are no multiples of the first one, or it is no multiple of the step.
    """
    sizes = axes(analyses, "case slow", "analyses")
    every = round(leads[0] / model.step)
    marks = np.array(leads) / leads[0]
    if abs(every * model.step - leads[0]) > 1e-9 or np.any(np.abs(marks - np.round(marks)) > 1e-9):
        raise BadInput(
            f"leads: expected multiples of the first, which is whole steps of {model.step}, "
            f"got {leads}"
        )
    settings = LorenzSettings(slow=sizes["slow"], fast=0)
    steps = every * round(marks[-1])
    push = np.broadcast_to(np.asarray(forcing, np.float64), (sizes["case"],))[:, None, None]
    push = push + model.forcing_error
    if model.noisy:
        shape = (sizes["case"], steps, sizes["slow"])
        noise = autoregressive_noise(shape, closure.deviation, closure.memory / model.step, seed)
        push = push - noise
    weights = np.zeros(max(len(closure.coefficients), 2))
    weights[: len(closure.coefficients)] = closure.coefficients
    weights[1] += model.damping
    kept = run(
        settings, analyses, steps, step=model.step, every=every, push=push, closure=weights.tolist()
    )
    return kept[:, np.round(marks).astype(int)]
