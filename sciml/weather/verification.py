"""How wrong forecasts of fields are at each lead, on a sphere: every area counts alike."""

import numpy as np
import xarray as xr

from sciml.core.axes import FloatArray
from sciml.core.errors import BadInput
from sciml.weather.forecast import step_of_forecast


def area_weights(lat: FloatArray) -> FloatArray:
    """The share of each latitude in the area of the grid, cos φ over its mean.

    Args:
        lat: Latitudes, degrees. Shape (lat,).

    Returns:
        Weights with mean 1; a row at a pole weighs nothing. Shape (lat,).
    """
    weights = np.clip(np.cos(np.deg2rad(lat)), 0.0, None)
    return weights / weights.mean()


def due_truth(forecast: xr.Dataset, truth: xr.DataArray) -> FloatArray:
    """What came, in the place of each forecast.

    Args:
        forecast: As :class:`sciml.weather.forecast.FieldForecaster` gives it.
        truth: The field that was forecast.

    Returns:
        Values at the time of issue plus lead, NaN where ``truth`` has no such time.
        Shape (time, lead, lat, lon).

    Raises:
        BadInput: if the grids or units differ.
    """
    for axis in ("lat", "lon"):
        one, other = forecast[axis].values, truth[axis].values
        if len(one) != len(other) or not np.allclose(one, other):
            raise BadInput(f"truth: its {axis} is not that of the forecast")
    units = [one.attrs.get("units") for one in (forecast["forecast"], truth)]
    if units[0] != units[1]:
        raise BadInput(f"truth: in '{units[1]}', forecast in '{units[0]}'; convert one of them")
    valid = forecast["time"].values[:, None] + forecast["lead"].values * step_of_forecast(forecast)
    index = truth.indexes["time"].get_indexer(valid.ravel())
    values = truth.values[index]
    values[index < 0] = np.nan
    return values.reshape(*valid.shape, *values.shape[1:])


def squared_errors(forecast: xr.Dataset, truth: xr.DataArray) -> xr.DataArray:
    """Mean over the area of the squared error of each forecast.

    Args:
        forecast: As :class:`sciml.weather.forecast.FieldForecaster` gives it.
        truth: The field that was forecast.

    Returns:
        Squared error in squared units, NaN where no truth is known. Shape (time, lead).

    Raises:
        BadInput: if the grids or units differ, or no forecast is due at some lead.
    """
    weights = area_weights(forecast["lat"].values)[:, None]
    error = forecast["forecast"].values - due_truth(forecast, truth)
    squared = (weights * error**2).mean(axis=(2, 3))
    empty = forecast["lead"].values[~np.isfinite(squared).any(axis=0)]
    if len(empty):
        raise BadInput(
            f"truth: ends before any forecast is due at leads {empty.tolist()}; "
            "give a longer record or shorter leads"
        )
    kept = {axis: forecast[axis] for axis in ("time", "lead")}
    return xr.DataArray(squared, kept, ("time", "lead"), name="squared_error")


def rmse_by_lead(forecast: xr.Dataset, truth: xr.DataArray) -> xr.DataArray:
    """Root of the mean squared error over area and all forecasts that are due.

    Args:
        forecast: As :class:`sciml.weather.forecast.FieldForecaster` gives it.
        truth: The field that was forecast.

    Returns:
        Error in the units of the field. Shape (lead,).

    Raises:
        BadInput: see :func:`squared_errors`.
    """
    found = (squared_errors(forecast, truth).mean("time") ** 0.5).rename("rmse")
    found.attrs = {"units": truth.attrs.get("units", ""), "long_name": "root-mean-square error"}
    return found


def skill_by_lead(forecast: xr.Dataset, reference: xr.Dataset, truth: xr.DataArray) -> xr.DataArray:
    """The share of the reference's squared error that a forecast takes away, 1 - MSE / MSE_ref.

    Against climatology it is 1 for a perfect forecast and 0 for one that knows the season only.

    Args:
        forecast: The forecast.
        reference: What to compare with, such as climatology, at the same leads.
        truth: The field that was forecast.

    Returns:
        Skill over the forecasts that both have issued. Shape (lead,).

    Raises:
        BadInput: see :func:`squared_errors`; or if no time of issue is common.
    """
    one, other = squared_errors(forecast, truth), squared_errors(reference, truth)
    one, other = xr.align(one, other, join="inner")
    if one.size == 0:
        raise BadInput("reference: has no time of issue and lead in common with the forecast")
    return (1 - one.mean("time") / other.mean("time")).rename("skill")
