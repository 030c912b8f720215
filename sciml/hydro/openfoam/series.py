"""Histories of many cases in one dataset with a common clock, and each taken out again."""

# Not strict: xarray types coordinates and attributes as unknown.
# pyright: standard
from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr

from sciml.core.axes import FloatArray
from sciml.core.errors import BadInput

__all__ = ["case_history", "collected"]

SAMPLES_PER_TRANSIT = 20  # of the common clock, in the time D_n / U

_ALONG = {
    "time": ("drag_coefficient", "vapour_volume", "cavity_pressure"),
    "snapshot": ("cavity_length", "cavity_diameter"),
}
_VARYING = ("cavitation_number", "refinement", "duration")  # settings that cases differ in
_ROUNDING = 1e-9  # of times


def collected(histories: Mapping[str, Sequence[xr.Dataset]]) -> xr.Dataset:
    """All cases on one clock, interpolated, with NaN where a case has ended or was not run.

    Args:
        histories: By the name of a case, its histories from
            :func:`sciml.hydro.openfoam.reader.read_case`, one for each refinement. The runs of a
            case share σ, and all share what else was set.

    Returns:
        The variables in single precision along ``case``, ``refinement`` and ``time`` or
        ``snapshot``; ``cavitation_number`` along ``case``; the common settings as attributes.

    Raises:
        BadInput: if the settings differ.
    """
    every = [history for runs in histories.values() for history in runs]
    common = _common_attributes(every)
    sigma = [_only({run.attrs["cavitation_number"] for run in runs}) for runs in histories.values()]
    meshes = sorted({float(history.attrs["refinement"]) for history in every})
    transit = common["diameter"] / common["speed"]
    last = max(float(history["time"][-1]) for history in every)
    count = int(last / transit * SAMPLES_PER_TRANSIT * (1 + _ROUNDING))
    snapshots = max((history["snapshot"].values for history in every), key=len)
    clocks = {
        "time": np.arange(1, count + 1) * transit / SAMPLES_PER_TRANSIT,
        "snapshot": snapshots,
    }
    data = xr.Dataset(
        {
            "cavitation_number": (
                "case",
                sigma,
                {"long_name": "cavitation number of the vapour pressure", "units": "1"},
            )
        },
        coords={
            "case": list(histories),
            "refinement": ("refinement", meshes, {"long_name": "cells per length, relative"}),
            **{name: (name, clock, every[0][name].attrs) for name, clock in clocks.items()},
        },
        attrs=common,
    )
    for clock, names in _ALONG.items():
        for name in names:
            values = np.full((len(histories), len(meshes), len(clocks[clock])), np.nan, np.float32)
            for row, runs in zip(values, histories.values(), strict=True):
                for run in runs:
                    row[meshes.index(run.attrs["refinement"])] = _resampled(
                        run[name], clock, clocks[clock]
                    )
            data[name] = (("case", "refinement", clock), values, every[0][name].attrs)
    return data


def case_history(data: xr.Dataset, case: str, refinement: float) -> xr.Dataset:
    """One run of a collection, in the form that :func:`read_case` gives.

    Args:
        data: From :func:`collected`, or such a dataset read from a file.
        case: Name of the case.
        refinement: Of its mesh.

    Returns:
        The history from its first sample to its end.

    Raises:
        BadInput: if there is no such run.
    """
    known = [
        f"{name} on {mesh:g}"
        for name in data["case"].values
        for mesh in data["refinement"].values
        if bool(data["vapour_volume"].sel(case=name, refinement=mesh).notnull().any())
    ]
    if f"{case} on {refinement:g}" not in known:
        raise BadInput(f"no run {case} on refinement {refinement:g}; there are {', '.join(known)}")
    run = data.sel(case=case, refinement=refinement)
    for clock, names in _ALONG.items():
        run = run.isel({clock: np.flatnonzero(run[names[-1]].notnull().values | _held(run, clock))})
    attrs = data.attrs | {
        "cavitation_number": float(run["cavitation_number"]),
        "refinement": float(refinement),
    }
    return run.drop_vars(("case", "refinement", "cavitation_number")).assign_attrs(attrs)


def _held(run: xr.Dataset, clock: str) -> FloatArray:
    """Where the first variable of a clock has values: the pressure has none without vapour."""
    return run[_ALONG[clock][0]].notnull().values


def _resampled(values: xr.DataArray, clock: str, times: FloatArray) -> FloatArray:
    """Values at other times; NaN after the last one."""
    own = values[clock].values
    result = np.interp(times, own, values.values)
    result[times > own[-1] * (1 + _ROUNDING)] = np.nan
    return result


def _common_attributes(histories: Sequence[xr.Dataset]) -> dict[str, float]:
    """The attributes that all histories share."""
    common = {k: v for k, v in histories[0].attrs.items() if k not in _VARYING}
    for history in histories:
        other = [name for name, value in common.items() if history.attrs[name] != value]
        if other:
            raise BadInput(f"collected: the cases differ in {', '.join(other)}; leave some out")
    return common


def _only(values: set[float]) -> float:
    """The one value of a set."""
    if len(values) != 1:
        raise BadInput(f"collected: one case with several cavitation numbers, {sorted(values)}")
    return values.pop()
