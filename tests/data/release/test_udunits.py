"""Units: what UDUNITS reads, by the answers of its library (cf-units 3.3.1)."""

import pytest

from sciml.data.release.udunits import is_unit

READ = (
    "m|s|m s-1|m/s|kg m-2 s-1|hPa|1|%|degC|degrees_north|degrees_east|kt|nmile|m3 s-1|mm/day|"
    "W m-2|eV/angstrom|J kg-1 K-1|m**2 s**-2|m^2/s^2|kg.m-3|1e-3|0.001|10^6 m|Hz|hours|dBZ|"
    "kelvin|kilometers|degree_C|radians|knots|meter second-1|mol L-1|year|mmHg|ppm|°C|Å|µm|"
    "atmospheres|eV Å-1|metres per second|sec|mb|millibar|kg/kg|counts|mS|J/(kg K)|1.5 m"
)
UNREAD = "banana|psu|unitless|none|-|number|m/s/|K?|deg Celsius north|Kelvins2x|"


@pytest.mark.parametrize("text", READ.split("|"))
def test_units_are_known(text):
    assert is_unit(text)


@pytest.mark.parametrize("text", UNREAD.split("|"))
def test_other_words_are_none(text):
    assert not is_unit(text)
