"""What in a netCDF file a careful reader of the CF conventions would object to.

Faults do not stop a release: the file of a published dataset stays as it is, byte for byte, since
cards and papers name its checksum. They are told where the dataset is exported and in the README
of the bundle, all together and each with its remedy.

Source:
    CF conventions 1.11, https://cfconventions.org: 2.2 (types), 2.3 (names), 2.5.1 (missing data),
    2.6 (Conventions), 3.1 (units), 3.2 and 3.3 (names), 4.4 (time), 5 (coordinates).
"""

# Not strict: netCDF variables are typed as unknown.
# pyright: standard
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np

from sciml.data.netcdf import unreadable
from sciml.data.release.contents import path_in_file, variables_of
from sciml.data.release.udunits import is_unit

_CF = re.compile(r"\bCF-1\.\d+")
_NAME = re.compile(r"[A-Za-z]\w*", re.ASCII)
_POINTERS = ("bounds", "climatology", "grid_mapping")  # name variables that need no units


def convention_faults(path: Path) -> tuple[str, ...]:
    """The faults of a netCDF file.

    Args:
        path: The file.

    Returns:
        A line each: which variable, what is wrong, what would mend it; none if there is none.

    Raises:
        DamagedFile: if it is not readable netCDF.
    """
    try:
        with netCDF4.Dataset(path) as file:
            file.set_auto_maskandscale(False)  # the values as stored
            variables = list(variables_of(file))
            free = _named_by_others(variables)
            faults = [*_file_faults(file)]
            for one in variables:
                faults += [f"variable {path_in_file(one)}: {f}" for f in _faults(one, free)]
            return tuple(faults)
    except (OSError, RuntimeError) as error:  # the netCDF library uses both
        raise unreadable(path, error) from error


def _file_faults(file: Any) -> Iterator[str]:
    """Faults of the file as a whole."""
    conventions = str(getattr(file, "Conventions", ""))
    if not _CF.search(conventions):
        came = f"is '{conventions}'" if conventions else "is missing"
        yield f'attribute Conventions {came}; write Conventions = "CF-1.11"'


def _named_by_others(variables: list[Any]) -> set[str]:
    """Variables that need neither units nor a name of their own: bounds, grid mappings."""
    texts = (str(getattr(v, pointer, "")) for v in variables for pointer in _POINTERS)
    return {word.rstrip(":") for text in texts for word in text.split()}


def _faults(variable: Any, free: set[str]) -> Iterator[str]:
    """Faults of one variable."""
    if not _NAME.fullmatch(variable.name):
        yield "name; begin it with a letter and use letters, digits and _ only"
    if not _is_plain(variable):
        yield "its type is made up of others; store each part as a variable of numbers or text"
        return
    if variable.name not in free:
        yield from _description_faults(variable)
        if _is_number(variable):
            yield from _unit_faults(variable)
    if _is_number(variable):
        yield from _fill_faults(variable)
        yield from _coordinate_faults(variable)


def _is_plain(variable: Any) -> bool:
    """Whether values are numbers or text, not objects, records or lists of lengths that vary."""
    return variable.dtype is str or getattr(variable.dtype, "kind", "O") in "iufSU"


def _is_number(variable: Any) -> bool:
    """Whether values are numbers."""
    return variable.dtype is not str and variable.dtype.kind in "iuf"


def _description_faults(variable: Any) -> Iterator[str]:
    """Whether it says in words what it is."""
    if not {"standard_name", "long_name", "cf_role"} & set(variable.ncattrs()):
        yield "neither standard_name nor long_name; say in one of them what it is"


def _unit_faults(variable: Any) -> Iterator[str]:
    """Whether units are there and can be read; those of a time name its calendar, too."""
    units = str(getattr(variable, "units", ""))
    if {"flag_values", "flag_masks"} & set(variable.ncattrs()):
        return  # codes have no unit
    if not units:
        yield 'no units; write them as UDUNITS does, such as "m s-1", or "1" for a pure number'
    elif " since " in units:
        yield from _time_faults(variable, units)
    elif not is_unit(units):
        yield f"units '{units}'; write them as UDUNITS does, such as \"m s-1\""
    elif _is_time(variable):
        yield (
            f"units '{units}' of a time name no beginning; write such as \"seconds since "
            '2001-01-01", or leave out axis and standard_name where none is known'
        )


def _is_time(variable: Any) -> bool:
    """Whether a variable says that it is the time of the calendar."""
    marks = (getattr(variable, "standard_name", ""), getattr(variable, "axis", ""))
    return marks[0] == "time" or marks[1] == "T"


def _time_faults(variable: Any, units: str) -> Iterator[str]:
    """Faults of a time since a day."""
    calendar = str(getattr(variable, "calendar", ""))
    if not calendar:
        yield 'no calendar; write such as calendar = "proleptic_gregorian"'
    try:
        netCDF4.num2date([0], units, calendar or "standard")
    except ValueError as error:
        yield f"units '{units}' in calendar '{calendar}' cannot be read ({error}); correct them"


def _fill_faults(variable: Any) -> Iterator[str]:
    """Whether the mark of missing values cannot be mistaken for a value."""
    fill = getattr(variable, "_FillValue", None)
    missing = getattr(variable, "missing_value", None)
    if fill is None:
        return
    if missing is not None and not np.array_equal(fill, missing, equal_nan=True):
        yield f"_FillValue {fill} and missing_value {missing} differ; keep _FillValue alone"
    values = np.asarray(variable[...])
    others = values[np.isfinite(values) & (values != fill)]
    if np.isfinite(fill) and others.size and others.min() < fill < others.max():
        yield (
            f"_FillValue {fill} lies among the values {others.min()} to {others.max()}; take one "
            "that no value can have"
        )


def _coordinate_faults(variable: Any) -> Iterator[str]:
    """Whether a coordinate is complete and goes one way."""
    if variable.dimensions != (variable.name,):
        return
    values = np.asarray(variable[...])
    fill = getattr(variable, "_FillValue", None)
    if not np.isfinite(values).all() or (fill is not None and (values == fill).any()):
        yield "a coordinate with missing values; leave these places out"
        return
    # Compare, not subtract: differences of unsigned numbers are never negative.
    if not ((values[1:] > values[:-1]).all() or (values[1:] < values[:-1]).all()):
        yield "a coordinate that neither rises nor falls throughout; sort it, each value once"
