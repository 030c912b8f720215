"""Small station ensembles whose truth is known."""

import numpy as np
import xarray as xr

from sciml.weather.stations import CaseLabels, station_ensemble


def biased_stations(
    *, seed: int = 0, stations: int = 12, dates: int = 60, gap: float = 0.0, lead_hours: float = 48
) -> xr.Dataset:
    """Five models whose errors have a part of the station, one of the model and one of the day."""
    rng = np.random.default_rng(seed)
    truth = 280 + 5 * np.sin(np.arange(dates) / 9)[:, None] + rng.normal(0, 3, (dates, stations))
    bias = rng.normal(0, 3, stations)[None, :, None] + rng.normal(0, 1, 5)
    forecast = truth[:, :, None] + bias + rng.normal(0, 1.5, (dates, stations, 5))
    forecast[rng.random(forecast.shape) < gap] = np.nan
    day = np.datetime64("2020-01-01") + np.arange(dates)
    places = {
        "latitude": np.tile(rng.uniform(45, 50, stations), dates),
        "longitude": np.tile(rng.uniform(5, 12, stations), dates),
        "elevation": np.tile(rng.uniform(0, 1500, stations), dates),
    }
    return station_ensemble(
        forecast.reshape(-1, 5),
        truth.ravel(),
        CaseLabels(
            list(np.repeat(day, stations)),
            [f"S{number:02d}" for _ in range(dates) for number in range(stations)],
            ["AA", "BB", "CC", "DD", "EE"],
            places,
        ),
        units="K",
        lead_hours=lead_hours,
    )


def rain(*, seed: int = 0, dates: int = 500, members: int = 20) -> xr.Dataset:
    """One station, rain on about half of the days; members that exaggerate and agree too much."""
    rng = np.random.default_rng(seed)
    wet = rng.gamma(0.6, 4.0, dates)
    observation = np.maximum(wet * rng.gamma(4, 0.25, dates) - 0.5, 0)
    forecast = np.maximum(1.3 * wet[:, None] * rng.gamma(20, 0.05, (dates, members)) - 0.4, 0)
    return station_ensemble(
        forecast,
        observation,
        CaseLabels(
            list(np.datetime64("2010-01-01") + np.arange(dates)),
            ["only"] * dates,
            [f"P{number}" for number in range(1, members + 1)],
        ),
        units="mm",
        lead_hours=24,
    )
