"""Whether a potential knows where it is wrong: forecasts of error beside the errors themselves.

A forecast is any number per atom that should grow with the error of its force: a committee's spread
or an extrapolation grade.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import xarray as xr
from scipy.special import polygamma
from scipy.stats import rankdata

from sciml.core.axes import FloatArray, axes
from sciml.core.errors import BadInput
from sciml.materials.potential import Evaluation
from sciml.materials.structures import Structure

ForecastKind = Literal["spread", "grades"]


def force_errors(structures: Sequence[Structure], found: Sequence[Evaluation]) -> FloatArray:
    """Length of the error of each atom's force.

    Args:
        structures: With forces.
        found: What a potential says of each.

    Returns:
        eV/Å, all atoms one after the other, (atom,).

    Raises:
        BadInput: if a structure has no forces.
    """
    parts = []
    for one, each in zip(structures, found, strict=True):
        if one.forces is None:
            raise BadInput(f"{one.name}: has no forces to compare with; leave it out.")
        parts.append(np.linalg.norm(each.forces - one.forces, axis=1))
    return np.concatenate(parts)


def forecasts(found: Sequence[Evaluation], kind: ForecastKind) -> FloatArray:
    """What the evaluations say of their own errors, all atoms one after the other, (atom,).

    Raises:
        BadInput: if the potential does not say it.
    """
    parts = [part for each in found if (part := getattr(each, kind)) is not None]
    if len(parts) < len(found) or not parts:
        raise BadInput(
            f"calibration: the potential gives no {kind}; train several members for a spread, or "
            "give it a grade by `with_grade`."
        )
    return np.concatenate(parts)


def rank_correlation(forecast: FloatArray, errors: FloatArray) -> float:
    """Spearman's: 1 if the forecast puts all atoms in the order of their errors, 0 if it is blind.

    Args:
        forecast: Any number that should grow with the error, (atom,).
        errors: From :func:`force_errors`, (atom,).
    """
    axes(errors, "atom", "errors", **axes(forecast, "atom", "forecast"))
    return float(np.corrcoef(rankdata(forecast), rankdata(errors))[0, 1])


def attainable_correlation(errors: FloatArray) -> float:
    """The rank correlation that a perfect forecast of the sizes of errors would have.

    A forecast can say how large the error of a force is as a rule, not how large it turns out:
    three normal components of deviation σ have a length whose logarithm varies by itself. What the
    logarithms of the errors vary beyond that is due to σ; if it is normal too, the correlation of
    ranks follows from that of the logarithms.

    Args:
        errors: From :func:`force_errors`, (atom,).

    Returns:
        0 if the errors vary no more than chance would have them.

    Raises:
        BadInput: if an error is zero.
    """
    axes(errors, "atom", "errors")
    if not np.all(errors > 0):
        raise BadInput("attainable_correlation: an error is 0; leave out what the data determine.")
    by_chance = polygamma(1, 1.5) / 4  # of the logarithm of a length of three normal components
    rest = max(1 - by_chance / np.var(np.log(errors)), 0.0)
    return float(6 / np.pi * np.arcsin(np.sqrt(rest) / 2))


def error_per_forecast(forecast: FloatArray, errors: FloatArray) -> float:
    """By what a forecast is multiplied to be of the size of the errors: root mean squares' ratio.

    A spread of members that share their mistakes is too small; the factor from frames that were
    held out makes it honest elsewhere as far as surroundings are alike.

    Args:
        forecast: (atom,).
        errors: eV/Å, (atom,).
    """
    axes(errors, "atom", "errors", **axes(forecast, "atom", "forecast"))
    return float(np.sqrt(np.mean(errors**2) / np.mean(forecast**2)))


def reliability(forecast: FloatArray, errors: FloatArray, bins: int = 10) -> xr.Dataset:
    """Errors of the atoms that have about the same forecast.

    Args:
        forecast: (atom,).
        errors: eV/Å, (atom,).
        bins: With as many atoms each as can be.

    Returns:
        ``forecast`` and ``error``, root mean squares by ``bin`` from the surest atoms on.

    Raises:
        BadInput: if there are fewer atoms than bins.
    """
    atoms = axes(errors, "atom", "errors", **axes(forecast, "atom", "forecast"))["atom"]
    if atoms < bins:
        raise BadInput(f"reliability: {atoms} atoms for {bins} bins; take fewer bins.")
    parts = np.array_split(np.argsort(forecast, kind="stable"), bins)
    means = [[np.sqrt(np.mean(x[part] ** 2)) for part in parts] for x in (forecast, errors)]
    return xr.Dataset({"forecast": ("bin", means[0]), "error": ("bin", means[1])})
