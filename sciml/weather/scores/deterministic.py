"""Scores of single-valued forecasts: bias, errors and anomaly correlation, areas weighed alike."""

# Not strict: xarray types its reductions as partly unknown.
# pyright: standard
from collections.abc import Sequence

import numpy as np
import xarray as xr

from sciml.core.errors import BadInput
from sciml.weather.verification import area_weights


def mean_error(
    forecast: xr.DataArray, observation: xr.DataArray, over: Sequence[str] | None = None
) -> xr.DataArray:
    """How much too high the forecasts are on average, the bias.

    Where ``lat`` is averaged over, each area counts alike: latitudes weigh cos φ.

    Args:
        forecast: Any axes.
        observation: The same axes and coordinates, or fewer: it then counts for all of the rest.
        over: Axes to average over; by default all.

    Returns:
        Mean of forecast minus observation, on the axes that are left.

    Raises:
        BadInput: if coordinates or units differ, an axis is not there, or a value is missing.
    """
    return _mean(_error(forecast, observation), over)


def mean_absolute_error(
    forecast: xr.DataArray, observation: xr.DataArray, over: Sequence[str] | None = None
) -> xr.DataArray:
    """How far off the forecasts are on average.

    Args:
        forecast: Any axes.
        observation: As in :func:`mean_error`.
        over: Axes to average over; by default all.

    Returns:
        Mean of the absolute error, on the axes that are left.

    Raises:
        BadInput: as :func:`mean_error`.
    """
    return _mean(abs(_error(forecast, observation)), over)


def root_mean_square_error(
    forecast: xr.DataArray, observation: xr.DataArray, over: Sequence[str] | None = None
) -> xr.DataArray:
    """How far off the forecasts are, large errors counting most.

    Args:
        forecast: Any axes.
        observation: As in :func:`mean_error`.
        over: Axes to average over before the root is taken; by default all.

    Returns:
        Root of the mean squared error, on the axes that are left.

    Raises:
        BadInput: as :func:`mean_error`.
    """
    return _mean(_error(forecast, observation) ** 2, over) ** 0.5


def anomaly_correlation(
    forecast: xr.DataArray,
    observation: xr.DataArray,
    climatology: xr.DataArray,
    over: Sequence[str] | None = None,
) -> xr.DataArray:
    """How alike the departures from climatology look, whatever their size.

    Σ w f'o' / √(Σ w f'² Σ w o'²), f' and o' being forecast and observation minus climatology. The
    means of the anomalies are not taken out (the uncentred correlation).

    Args:
        forecast: Any axes.
        observation: As in :func:`mean_error`.
        climatology: As the observation.
        over: Axes to sum over; by default all.

    Returns:
        Between -1 and 1, on the axes that are left.

    Raises:
        BadInput: as :func:`mean_error`, or if all anomalies of forecast or observation are zero.

    Source:
        Jolliffe & Stephenson, Forecast Verification, 2nd ed. (2012), section 6.3.
    """
    ahead, came = _error(forecast, climatology), _error(observation, climatology)
    ahead, came = xr.broadcast(ahead, came)
    sizes = _mean(ahead**2, over) * _mean(came**2, over)
    if not bool((sizes > 0).all()):
        raise BadInput(
            "anomaly_correlation: all anomalies of the forecast or the observation are zero, "
            "so it is undefined; is one of them the climatology itself?"
        )
    return _mean(ahead * came, over) / sizes**0.5


def skill_score(score: float, reference: float, perfect: float = 0.0) -> float:
    """The part of the way from a reference to perfection that a forecast goes.

    Args:
        score: Of the forecast.
        reference: The same score of what it is compared with.
        perfect: What a perfect forecast scores.

    Returns:
        (score - reference) / (perfect - reference): 1 if perfect, 0 if no better, below 0 if worse.

    Raises:
        BadInput: if a score is not finite, or the reference is perfect.
    """
    if not np.isfinite([score, reference, perfect]).all():
        raise BadInput(f"skill_score: expected numbers, got {score}, {reference} and {perfect}")
    if reference == perfect:
        raise BadInput("reference: is perfect, so no forecast can have skill over it")
    return (score - reference) / (perfect - reference)


def _error(forecast: xr.DataArray, observation: xr.DataArray) -> xr.DataArray:
    """Forecast minus observation where both are known to be the same quantity at the same place."""
    units = [one.attrs.get("units") for one in (forecast, observation)]
    if None not in units and units[0] != units[1]:
        raise BadInput(f"observation: in '{units[1]}', forecast in '{units[0]}'; convert one")
    extra = [str(axis) for axis in observation.dims if axis not in forecast.dims]
    if extra:
        raise BadInput(f"observation: has axes that the forecast has not: {', '.join(extra)}")
    try:
        forecast, observation = xr.align(forecast, observation, join="exact")
    except ValueError as error:
        raise BadInput(
            f"observation: is not at the forecast's coordinates ({str(error).splitlines()[0]}); "
            "select or interpolate first"
        ) from None
    for name, one in (("forecast", forecast), ("observation", observation)):
        bad = int((~np.isfinite(one)).sum())
        if bad or one.size == 0:
            raise BadInput(f"{name}: {bad} of {one.size} values are missing; leave them out first")
    return forecast.astype(np.float64) - observation


def _mean(values: xr.DataArray, over: Sequence[str] | None) -> xr.DataArray:
    """Mean over axes, latitudes by their area."""
    axes = [str(axis) for axis in values.dims] if over is None else list(over)
    unknown = [axis for axis in axes if axis not in values.dims]
    if unknown:
        raise BadInput(
            f"over: no axis {', '.join(unknown)}; there are {', '.join(map(str, values.dims))}"
        )
    if "lat" not in axes:
        return values.mean(axes)
    weights = area_weights(values["lat"].values.astype(np.float64))
    return values.weighted(xr.DataArray(weights, {"lat": values["lat"]}, ("lat",))).mean(axes)
