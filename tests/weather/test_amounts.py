"""Amounts are told from temperatures."""

import numpy as np
import pytest
import xarray as xr

from sciml.weather.amounts import begins_at_zero
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


def test_without_an_observation_nothing_is_an_amount() -> None:
    assert not begins_at_zero(KELVIN.assign(observation=KELVIN["observation"] * np.nan))


@pytest.mark.parametrize("units", ["1", "degC", "K"])
def test_warm_celsius_is_no_amount(units: str) -> None:
    celsius = biased_stations()
    celsius = (celsius - float(celsius["observation"].quantile(0.01))).clip(min=0.01)
    celsius["observation"].attrs["units"] = units
    assert float(celsius["observation"].quantile(0.01)) < 0.5 * float(celsius["observation"].std())
    assert not begins_at_zero(celsius)


def test_amounts_of_unknown_units_are_known_by_zeros_or_a_long_tail() -> None:
    tail = rain()
    tail["observation"].attrs["units"] = "1"
    assert begins_at_zero(tail)
    assert begins_at_zero(tail + 0.01)  # no zeros
    flat = tail.assign(observation=("case", np.linspace(0.01, 9, tail.sizes["case"])))
    assert not begins_at_zero(flat)
    often = flat["observation"].where(np.arange(tail.sizes["case"]) % 100 > 0, 0.0)
    assert begins_at_zero(flat.assign(observation=often))
    knots = flat.assign(observation=flat["observation"].assign_attrs(units="knots"))
    assert begins_at_zero(knots)
