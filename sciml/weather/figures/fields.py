"""The figures of field forecasts: errors by lead, and where each expert counts."""

from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from sciml.data.netcdf import open_netcdf
from sciml.figures.registry import Drawn, figure
from sciml.figures.style import (
    BLACK,
    BLUE,
    GREEN,
    ORANGE,
    PURPLE,
    SKY,
    TWO_COLUMNS,
    VERMILION,
    YELLOW,
    Panel,
    label_panels,
    new_picture,
)
from sciml.weather.field_records import MIXTURE, experts_in, margins, read_errors, rmse
from sciml.weather.land import coastlines

RECIPE = "weather/slp-mixture"
_COLOURS = {
    MIXTURE: VERMILION,
    "linear": ORANGE,
    "analog": PURPLE,
    "kernel": BLUE,
    "network 1": GREEN,
    "climatology": BLACK,
    "persistence": YELLOW,
    "damped persistence": SKY,
}
_SHOWN_LEADS = (1, 3, 7)


@figure(
    "weather/field-errors-by-lead",
    title="Error of pressure forecasts by lead: experts, and the mixture against the best of them",
    rtol=1e-6,
    atol=1e-6,
    recipe="weather/slp-mixture",
)
def field_errors_by_lead(record: Path | None = None) -> Drawn:
    """How the error of each forecaster grows with the lead on the test years.

    Args:
        record: Folder of a trained mixture; by default the published one.

    Returns:
        Panel a: root-mean-square errors. Panel b: the mixture's error less that of the best
        expert, with the 95 % interval of blocks of 15 days.
    """
    errors = read_errors(_record(record))
    found = margins(errors)
    scale = [100 / (one.expert + one.mixture) / one.expert for one in found]  # MSE to RMSE, %
    kept = [MIXTURE, *[name for name in experts_in(errors) if name in _COLOURS]]
    data = xr.Dataset(
        {
            "rmse": rmse(errors).sel(forecaster=kept).assign_attrs(units="hPa"),
            "gain": (
                "lead",
                [k * m.difference.estimate for k, m in zip(scale, found, strict=True)],
            ),
            "low": ("lead", [k * m.difference.low for k, m in zip(scale, found, strict=True)]),
            "high": ("lead", [k * m.difference.high for k, m in zip(scale, found, strict=True)]),
        }
    )
    for name in ("gain", "low", "high"):
        data[name].attrs = {"units": "percent", "long_name": "mixture's error over the expert's"}
    picture = new_picture(TWO_COLUMNS, 2.7)
    left, right = picture.subplots(1, 2, width_ratios=(1.5, 1))
    for name in kept:
        curve = data["rmse"].sel(forecaster=name)
        thick = 2.0 if name == MIXTURE else 1.0
        left.plot(data["lead"], curve, "o-", color=_COLOURS[name], lw=thick, label=name)
    left.set(xlabel="lead (days)", ylabel="RMSE (hPa)", ylim=(3.5, 12.8))
    left.legend(ncols=2, loc="lower right")
    spans = [data["gain"] - data["low"], data["high"] - data["gain"]]
    right.errorbar(data["lead"], data["gain"], yerr=spans, fmt="o", color=VERMILION, capsize=2)
    right.axhline(0, color=BLACK, lw=0.6, ls=":")
    right.set(xlabel="lead (days)", ylabel="error over the best expert's (%)")
    label_panels(picture)
    return Drawn(picture, data)


@figure(
    "weather/field-gate-weights",
    title="Where the kernel regression and the networks count in the mixture, by lead",
    rtol=1e-5,
    atol=1e-6,
    recipe="weather/slp-mixture",
)
def field_gate_weights(record: Path | None = None) -> Drawn:
    """Maps of the gate's mean weights over the test years.

    Args:
        record: Folder of a trained mixture; by default the published one.

    Returns:
        First row: weight of the kernel regression; second row: of all networks together.
    """
    weights = open_netcdf(_record(record) / "weights.nc")["weight"].astype(np.float64)
    names = [str(name) for name in weights["expert"].values]
    networks = [name for name in names if name.startswith("network")]
    rows = {"kernel": ["kernel"], "networks": networks}
    data = xr.concat(
        [weights.sel(expert=kept).sum("expert") for kept in rows.values()], "group"
    ).assign_coords(group=list(rows))
    data = data.sel(lead=list(_SHOWN_LEADS)).transpose("group", "lead", "lat", "lon")
    data.attrs = {"units": "1", "long_name": "mean weight"}
    picture = new_picture(TWO_COLUMNS, 3.6)
    panels = picture.subplots(len(rows), len(_SHOWN_LEADS), sharex=True, sharey=True)
    top = float(np.ceil(10 * data.max()) / 10)
    maps = []
    for row, name in enumerate(rows):
        for column, lead in enumerate(_SHOWN_LEADS):
            axis = panels[row, column]
            maps.append(_draw_map(axis, data.sel(group=name, lead=lead), top))
            axis.set_title(f"{name}, {lead} day{'s' if lead > 1 else ''}")
        panels[row, 0].set_ylabel("latitude (°N)")
    for axis in panels[-1]:
        axis.set_xlabel("longitude (°E)")
    picture.colorbar(maps[0], ax=panels, label="mean weight", shrink=0.8)
    label_panels(picture)
    return Drawn(picture, data.to_dataset(name="weight"))


def _draw_map(axis: Panel, field: xr.DataArray, top: float) -> Any:
    """A field on latitude and longitude, with coastlines."""
    lat, lon = field["lat"].values, field["lon"].values
    drawn = axis.pcolormesh(lon, lat, field.values, vmin=0, vmax=top, cmap="viridis")
    for ring in coastlines():
        axis.plot(ring[:, 0], ring[:, 1], color="white", lw=0.7)
    axis.set(xlim=(lon[0], lon[-1]), ylim=(lat[0], lat[-1]))
    return drawn


def _record(record: Path | None) -> Path:
    """The folder of the record, the published one unless another is named."""
    from sciml.training.run import record_folder

    return record_folder(RECIPE) if record is None else record
