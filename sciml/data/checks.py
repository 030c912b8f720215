"""Values that must be there: the first NaN is named by file, variable and time."""

# Not strict: xarray types coordinates and attributes as unknown.
# pyright: standard
from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from sciml.core.axes import axes
from sciml.core.errors import BadInput

_REMEDY = "Mend the file, or leave these samples out."


def numbers(values: ArrayLike, name: str) -> NDArray[Any]:
    """Real numbers as an array, NaN where a masked array is masked: a masked value is missing.

    Args:
        values: Any shape.
        name: What the caller calls them.

    Returns:
        An array that keeps the precision of floating-point numbers; others become float64.

    Raises:
        BadInput: if they are complex, dates, durations, text, or no numbers at all.
    """
    given = np.ma.asanyarray(values)
    kind = given.dtype.kind
    try:
        if kind in "cmMSU":
            raise TypeError
        real = given if kind == "f" else given.astype(np.float64)
    except (TypeError, ValueError):
        raise BadInput(
            f"{name}: expected real numbers, got {given.dtype.name}; convert them first"
        ) from None
    return real.filled(np.nan) if real.mask.any() else np.asarray(real)


def require_finite(
    data: xr.Dataset | xr.DataArray | NDArray[Any], source: str, names: Sequence[str] = ()
) -> None:
    """Refuse values that are not finite.

    Args:
        data: A dataset, a variable, or an array of shape (time, channel).
        source: The file or whatever else the reader can look for.
        names: The name of each channel, for an array.

    Raises:
        BadInput: for the first variable with NaN, a masked or an infinite value; the text has the
            source, the variable, the earliest time of such a value and how many there are.
    """
    if isinstance(data, xr.Dataset):
        for variable in data.data_vars.values():
            _require_finite_variable(variable, source)
    elif isinstance(data, xr.DataArray):
        _require_finite_variable(data, source)
    else:
        axes(data, "time channel", source)
        data = numbers(data, source)
        _require_finite_array(data, source, names)


def _require_finite_variable(variable: xr.DataArray, source: str) -> None:
    """Check one variable with coordinates; what is not a number passes."""
    if variable.dtype.kind not in "fc":
        return
    bad = ~np.isfinite(variable.transpose("time", ...) if "time" in variable.dims else variable)
    count = int(bad.sum())
    if count:
        first = dict(zip(bad.dims, np.argwhere(bad.values)[0], strict=True))
        where = ", ".join(_place(variable, str(dim), int(i)) for dim, i in first.items())
        raise BadInput(_text(source, str(variable.name), count, where))


def _require_finite_array(values: NDArray[Any], source: str, names: Sequence[str]) -> None:
    """Check an array of shape (time, channel)."""
    bad = ~np.isfinite(values)
    if bad.any():
        sample, channel = np.argwhere(bad)[0]
        name = str(names[channel]) if names else f"channel {channel}"
        raise BadInput(_text(source, name, int(bad[:, channel].sum()), f"sample {sample}"))


def _place(variable: xr.DataArray, dim: str, index: int) -> str:
    """One coordinate of a value, such as `time 1.5 s`, or its index where there is none."""
    if dim not in variable.coords:
        return f"{dim} {index}"
    coordinate = variable.coords[dim]
    value = coordinate.values[index]
    number = f"{value:.10g}" if coordinate.dtype.kind == "f" else str(value)
    unit = coordinate.attrs.get("units", "")
    return " ".join(word for word in (dim, number, unit) if word)


def _text(source: str, name: str, count: int, where: str) -> str:
    """What is wrong, where it starts and what to do."""
    values = "1 value that is" if count == 1 else f"{count} values that are"
    first = "at" if count == 1 else "the first at"
    return f"{source}: variable '{name}' has {values} not finite, {first} {where}. {_REMEDY}"
