"""What a march of the section model leaves: a ledger for a dataset, or an ending to explain."""

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from sciml.core.axes import FloatArray
from sciml.core.errors import BadInput
from sciml.hydro.section_kernel import (
    COLLAPSED,
    CONTENT,
    GAS_PRESSURE,
    LEAKED,
    LIFETIME,
    NO_TAIL,
    SHED,
    SHEDDINGS,
    SUPPLIED,
    TOO_COARSE,
    VOLUME,
)

if TYPE_CHECKING:
    from sciml.hydro.sections import SectionSettings


def check_ending(ending: int, time: float) -> None:
    """Say what the user can do when a march has not reached its last sample.

    Args:
        ending: How the kernel ended.
        time: Of the sample where it ended, s.

    Raises:
        BadInput: unless the march is done.
    """
    if ending == NO_TAIL:
        raise BadInput(
            "past_pressure: no section of the past has closed; let it vary less about its last "
            "value"
        )
    if ending == COLLAPSED:
        raise BadInput(
            f"the cavity collapsed to the disk at t = {time:.6g} s: give more gas or a smaller "
            "rise of the ambient pressure, or finer steps if it should have survived"
        )
    if ending == TOO_COARSE:
        raise BadInput(
            f"the gas balance has no solution at t = {time:.6g} s: the loss or the change of the "
            "ambient pressure in one step is too large; use finer steps"
        )


def ledger_dataset(
    settings: "SectionSettings",
    samples: FloatArray,
    ambient: FloatArray,
    supply: FloatArray,
    ledger: FloatArray,
) -> xr.Dataset:
    """The ledger as a dataset with CF metadata.

    Args:
        settings: Disk, flow and gas loss.
        samples: Times, s, shape (time,).
        ambient: p∞, Pa, shape (time,).
        supply: q_in, m³/s at the reference pressure, shape (time,).
        ledger: The kernel's output, lifetimes in s, shape (time, 8).

    Returns:
        All of them and what follows from them, on axis time.
    """
    pressure = settings.vapour_pressure + ledger[:, GAS_PRESSURE]
    columns = {
        "ambient_pressure": (ambient, "Pa", "pressure of the undisturbed water"),
        "ventilation": (supply, "m3 s-1", "gas supplied, at the reference pressure"),
        "cavity_pressure": (pressure, "Pa", "pressure in the cavity"),
        "cavitation_number": (
            (ambient - pressure) / settings.dynamic_pressure,
            "1",
            "cavitation number",
        ),
        "length": (ledger[:, LIFETIME] * settings.speed, "m", "length of the attached cavity"),
        "volume": (ledger[:, VOLUME], "m3", "volume of the attached cavity"),
        "gas_content": (ledger[:, CONTENT], "J", "gas pressure times volume"),
        "gas_supplied": (ledger[:, SUPPLIED], "J", "gas content supplied since the start"),
        "gas_leaked": (ledger[:, LEAKED], "J", "gas content lost by leakage since the start"),
        "gas_shed": (ledger[:, SHED], "J", "gas content lost in detached pockets since the start"),
        "sheddings": (ledger[:, SHEDDINGS].astype(np.int64), "1", "pockets detached so far"),
    }
    return xr.Dataset(
        {
            name: ("time", values, {"units": units, "long_name": meaning})
            for name, (values, units, meaning) in columns.items()
        },
        coords={
            "time": ("time", samples, {"units": "s", "long_name": "time", "axis": "T"}),
        },
        attrs={
            "Conventions": "CF-1.11",
            "title": "Ventilated cavity by the section model",
            "source": "simulation: independent sections and isothermal gas balance",
            "settings": settings.model_dump_json(),
        },
    )
