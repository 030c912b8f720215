"""Amounts are told from temperatures, by the same rule as in the table of cases."""

import numpy as np
import pytest
import xarray as xr

from sciml.weather.amounts import begins_at_zero
from sciml.weather.post_processing.table import is_nonnegative
from tests.weather.post_processing.worlds import biased_stations, rain

KELVIN = biased_stations()


def unnamed(data: xr.Dataset) -> xr.Dataset:
    """The same without units."""
    return data.assign(observation=data["observation"].assign_attrs(units="1"))


WIND = unnamed((KELVIN - 280) ** 2 / 10)
WARM = unnamed((KELVIN - float(KELVIN["observation"].quantile(0.01))).clip(min=0.01))
FLAT = rain().assign(observation=("case", np.linspace(0.01, 9, 500), {"units": "knots"}))


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (rain(), True),
        (unnamed(rain() / 100), True),
        (WIND, True),
        (FLAT, True),
        (KELVIN, False),
        (unnamed(KELVIN - 280), False),
        (WARM, False),
    ],
)
def test_rain_and_wind_begin_at_zero_and_temperatures_do_not(data, expected) -> None:
    assert begins_at_zero(data) is expected
    assert is_nonnegative(data) is expected


def test_without_an_observation_nothing_is_an_amount() -> None:
    assert not begins_at_zero(KELVIN.assign(observation=KELVIN["observation"] * np.nan))
