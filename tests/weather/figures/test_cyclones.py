"""Ellipses on a map."""

import numpy as np
import pytest
import xarray as xr

from sciml.weather.cyclones.spread import radius_of
from sciml.weather.figures.cyclones import ellipses
from sciml.weather.sphere import great_circle_distance, track_error


def told(along: float, cross: float) -> xr.Dataset:
    """A forecast from the equator to the east."""
    both = ("case", "lead")
    return xr.Dataset(
        {
            "forecast_lat": (both, [[2.0]]),
            "forecast_lon": (both, [[5.0]]),
            "along": (both, [[along]]),
            "cross": (both, [[cross]]),
            "tail": ("lead", [6.0]),
        },
        {"lead": [24], "lat": ("case", [0.0]), "lon": ("case", [0.0])},
    )


def test_equal_scales_give_a_circle_of_the_radius_of_the_share() -> None:
    outline = ellipses(told(50, 50), 0.5)
    distance = great_circle_distance(2, 5, outline["ellipse_lat"], outline["ellipse_lon"])
    np.testing.assert_allclose(distance, 50 * radius_of(0.5, 6.0), rtol=1e-9)


def test_the_long_axis_lies_along_the_course() -> None:
    outline = ellipses(told(100, 20), 0.5)
    positions = outline["ellipse_lat"].values[0, 0], outline["ellipse_lon"].values[0, 0]
    along, cross = track_error((0.0, 0.0), (2.0, 5.0), positions)
    radius = radius_of(0.5, 6.0)
    assert along.max() == pytest.approx(100 * radius, rel=0.01)
    assert cross.max() == pytest.approx(20 * radius, rel=0.01)
    assert outline.sizes["point"] == 73
    np.testing.assert_allclose(positions[0][0], positions[0][-1])
