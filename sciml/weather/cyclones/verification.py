"""How good track forecasts were, by lead, on great circles; whether ellipses hold their share."""

# Not strict: xarray types what it holds as unknown.
# pyright: standard
import numpy as np
import xarray as xr

from sciml.core.axes import FloatArray
from sciml.core.errors import BadInput
from sciml.weather.cyclones.spread import radius_of, within
from sciml.weather.cyclones.track import track_errors
from sciml.weather.sphere import displacement, great_circle_distance

KILOMETRES = {"units": "km", "long_name": "great-circle distance from forecast to storm"}


def mixture_errors(told: xr.Dataset, cases: xr.Dataset) -> xr.DataArray:
    """How far the mixture was from the storm.

    Args:
        told: From :meth:`sciml.weather.cyclones.forecaster.TrackForecaster.predict`.
        cases: The same cases, in the same order.

    Returns:
        km, dims (case, lead); NaN where the storm's later position is not known.

    Raises:
        BadInput: if these are other cases, or a lead is not among those of the cases.
    """
    truth = _truth(told, cases)
    forecast = told["forecast_lat"].values, told["forecast_lon"].values
    errors = great_circle_distance(*forecast, *truth)
    return _by_lead(errors, told)


def expert_errors(told: xr.Dataset, cases: xr.Dataset) -> xr.DataArray:
    """How far each expert was from the storm; see :func:`mixture_errors`.

    Args:
        told: The forecast.
        cases: The same cases.

    Returns:
        km, dims (expert, case, lead).

    Raises:
        BadInput: if these are other cases.
    """
    _truth(told, cases)
    ways = np.stack([told["expert_east"].values, told["expert_north"].values], axis=-1)
    leads = [int(lead) for lead in told["lead"].values]
    parts = [_by_lead(track_errors(cases, one, leads), told) for one in ways]
    names = xr.DataArray(told["expert"].values, dims="expert", name="expert")
    return xr.concat(parts, names)


def inside_ellipse(told: xr.Dataset, cases: xr.Dataset, share: float) -> xr.DataArray:
    """Whether the storm was inside the ellipse that should hold a share of all storms.

    Args:
        told: The forecast.
        cases: The same cases.
        share: Between 0 and 1.

    Returns:
        1 or 0, dims (case, lead); NaN where the storm's later position is not known.

    Raises:
        BadInput: if these are other cases, or the share is not between 0 and 1.
    """
    if not 0 < share < 1:
        raise BadInput(f"share: expected a number between 0 and 1, got {share:g}")
    lat, lon = cases["lat"].values[:, None], cases["lon"].values[:, None]
    there, said = _truth(told, cases), (told["forecast_lat"].values, told["forecast_lon"].values)
    observed = np.stack(displacement(lat, lon, *there), axis=-1)
    forecast = np.stack(displacement(lat, lon, *said), axis=-1)
    scales = np.stack([told["along"].values, told["cross"].values], axis=-1)
    radius = [radius_of(share, tail) for tail in told["tail"].values]
    inside = np.stack(
        [
            within(forecast[:, index], observed[:, index], scales[:, index], radius[index])
            for index in range(len(radius))
        ],
        axis=1,
    ).astype(np.float64)
    inside[np.isnan(observed[..., 0])] = np.nan
    return _by_lead(inside, told).assign_attrs(units="1", long_name="inside the ellipse")


def _truth(told: xr.Dataset, cases: xr.Dataset) -> tuple[FloatArray, FloatArray]:
    """Where the storms were at the leads of the forecast, each of shape (case, lead)."""
    same = told.sizes["case"] == cases.sizes["case"]
    if not same or not np.array_equal(told["time"].values, cases["time"].values):
        raise BadInput(
            f"forecast of {told.sizes['case']} cases beside {cases.sizes['case']} others: "
            "give the cases that were forecast, in their order"
        )
    lacking = [lead for lead in told["lead"].values if lead not in cases["lead"].values]
    if lacking:
        raise BadInput(f"cases: no lead of {lacking[0]} h; make them with this lead")
    later = cases.sel(lead=told["lead"].values)
    return later["later_lat"].values, later["later_lon"].values


def _by_lead(values: FloatArray, told: xr.Dataset) -> xr.DataArray:
    """Values of dims (case, lead) with their coordinates."""
    coordinates = {"lead": told["lead"], "storm": told["storm"], "time": told["time"]}
    return xr.DataArray(values, coordinates, ("case", "lead"), "error", KILOMETRES)
