"""Storms made for tests: tracks whose motion and fate are known."""

import numpy as np
import xarray as xr

from sciml.weather.sources.tracks import fixes_of
from sciml.weather.sphere import displaced

START = np.datetime64("2001-08-01T00:00", "ns")
SIX_HOURS = np.timedelta64(6, "h")


def straight_storm(
    name: str = "A",
    fixes: int = 12,
    start: tuple[float, float] = (15.0, -50.0),
    motion: tuple[float, float] = (-5.0, 2.0),  # m/s eastward, northward
    begins: np.datetime64 = START,
) -> xr.Dataset:
    """A storm whose displacement from its first fix grows evenly; its wind rises by 5 kt a fix."""
    hours = 6.0 * np.arange(fixes)
    lat, lon = displaced(*start, motion[0] * 3.6 * hours, motion[1] * 3.6 * hours)
    return fixes_of(
        {
            "storm": np.full(fixes, name),
            "time": begins + SIX_HOURS * np.arange(fixes),
            "lat": lat,
            "lon": lon,
        },
        wind=30.0 + 5.0 * np.arange(fixes),
        pressure=1005.0 - 3.0 * np.arange(fixes),
    )


def curving_storms(seed: int, storms: int = 40, fixes: int = 16, gusts: float = 0.0) -> xr.Dataset:
    """Storms of several seasons that turn poleward at a rate set by their latitude.

    ``gusts``, m/s, is the size of a change of the motion that nobody can foresee.
    """
    rng = np.random.default_rng(seed)
    parts = []
    for number in range(storms):
        lat, lon = rng.uniform(10, 25), rng.uniform(-80, -40)
        east, north = rng.normal(-5, 1), rng.normal(1.5, 0.5)
        places, winds = [], [rng.uniform(25, 45)]
        for _ in range(fixes):
            places.append((lat, lon))
            there, where = displaced(lat, lon, east * 21.6, north * 21.6)
            lat, lon = float(there), float(where)
            east, north = east + 0.03 * (lat - 10), north + 0.005 * (lat - 10)
            if gusts:
                east, north = east + rng.normal(0, gusts), north + rng.normal(0, gusts)
            winds.append(winds[-1] + rng.normal(2 if lat < 30 else -3, 2))
        begins = np.datetime64(f"{2000 + number % 8}-08-01", "ns") + SIX_HOURS * (4 * number)
        lats, lons = np.array(places).T
        parts.append(
            fixes_of(
                {
                    "storm": np.full(fixes, f"S{number:03d}"),
                    "time": begins + SIX_HOURS * np.arange(fixes),
                    "lat": lats,
                    "lon": lons,
                },
                wind=np.array(winds[:fixes]),
                pressure=1010 - 0.8 * np.array(winds[:fixes]),
            )
        )
    return xr.concat(parts, "fix")
