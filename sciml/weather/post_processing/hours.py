"""The hour of the day: its errors are of their own, where a record has several hours.

A record with one hour of the day knows nothing of this; nothing is added to it.
"""

import numpy as np
from numpy.typing import NDArray

from sciml.core.axes import FloatArray, IntArray, axes

DatetimeArray = NDArray[np.datetime64]

MOST_HOURS = 8  # of the day, up to which each station's hours are told apart: every three hours
_DAY = 24.0  # hours
_SAME = 1e-9  # a cosine or sine that varies less says nothing of the hour


def station_hours(time: DatetimeArray, station: IntArray) -> IntArray:
    """The number of each case's station and hour of the day.

    Args:
        time: Valid time of each case, datetime64. Shape (case,).
        station: Number of the station. Shape (case,).

    Returns:
        Numbers from 0 on; those of the stations themselves if there is one hour of the day, or
        more than 8: then each has too few cases to be told apart. Shape (case,).
    """
    axes(station, "case", "station", **axes(time, "case", "time"))
    hours, number = np.unique(_hour(time), return_inverse=True)
    if not 1 < len(hours) <= MOST_HOURS:
        return station
    return station * len(hours) + number.astype(np.int64)


def hour_features(time: DatetimeArray) -> dict[str, FloatArray]:
    """Cosine and sine of the hour, once and twice a day, as far as the hours differ in them.

    Args:
        time: Valid time of each case, datetime64. Shape (case,).

    Returns:
        Features by name, shape (case,) each; none if there is one hour of the day.
    """
    angle = 2 * np.pi * _hour(time) / _DAY
    found = {
        "cosine of hour": np.cos(angle),
        "sine of hour": np.sin(angle),
        "cosine of half a day": np.cos(2 * angle),
        "sine of half a day": np.sin(2 * angle),
    }
    return {name: values for name, values in found.items() if np.ptp(values) > _SAME}


def _hour(time: DatetimeArray) -> FloatArray:
    """Hours since midnight."""
    return (time - time.astype("datetime64[D]")) / np.timedelta64(1, "h")
