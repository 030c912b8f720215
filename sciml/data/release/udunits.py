"""Whether text is a unit as UDUNITS writes them, which the CF conventions ask for.

Source:
    UDUNITS-2, https://docs.unidata.ucar.edu/udunits/current/; those of its names that data of the
    sciences of this project may use, not all of them.
"""

import re

_SYMBOLS = (
    r"(?:da|[YZEPTGMkhdcmuµμnpfazy])?(?:ohm|mol|bar|rad|cal|kat|lm|lx|cd|sr|Hz|Pa|Wb|Bq|Gy|Sv|eV|"
    r"[mgsKANJWCVFΩSTHLltu])"
)
_NAMES = (
    r"(?:tera|giga|mega|kilo|hecto|deci|centi|milli|micro|nano|pico|femto)?(?:met(?:er|re)|gram|"
    r"second|kelvin|ampere|mole|candela|radian|steradian|hertz|newton|pascal|joule|watt|coulomb|"
    r"volt|farad|siemens|weber|tesla|henry|lumen|lux|lit(?:er|re)|bar|electronvolt|calorie)s?"
)
_ALONE = (
    r"%|percent|ppm|ppb|min|h|hr|d|(?:minute|hour|day|week|month|year|knot|nautical_mile|mile|"
    r"arc_minute|arc_second|atmosphere)s?|°C|deg[CF]|degrees?_(?:C|Celsius)|[Cc]elsius|fahrenheit|"
    r"°|degrees?(?:_(?:true|[NEW]|north|east|west))?|kts?|nmile|ft|foot|feet|inch|atm|mmHg|torr|"
    r"angstrom|Å|hectare|gal|katal|dBZ|mb|sec|counts?"
)
_FACTOR = re.compile(rf"(?:{_SYMBOLS}|{_NAMES}|{_ALONE})(?:(?:\*\*|\^)?[+-]?\d+)?")
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?(?:(?:\*\*|\^)[+-]?\d+)?")
_BETWEEN = re.compile(r"\s*(?:/|\bper\b|·|(?<!\*)\*(?!\*)|(?<!\d)\.|\.(?!\d))\s*|\s+")


def is_unit(text: str) -> bool:
    """Whether text is a unit, such as ``kg m-2 s-1``, ``hPa`` or ``1``.

    Args:
        text: Of an attribute ``units``; a time ``since`` something is none.

    Returns:
        Whether each factor is a number or a known unit with a prefix and a power, if any.
    """
    factors = _BETWEEN.split(re.sub(r"[()]", "", text.strip()))
    return all(_FACTOR.fullmatch(one) or _NUMBER.fullmatch(one) for one in factors)
