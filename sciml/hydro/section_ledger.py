"""What a march of the section model leaves: a ledger for a dataset, or an ending to explain."""

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

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


# Units and meaning of the variables of a run.
QUANTITIES = {
    "ambient_pressure": ("Pa", "pressure of the undisturbed water"),
    "ventilation": ("m3 s-1", "gas supplied, at the reference pressure"),
    "cavity_pressure": ("Pa", "pressure in the cavity"),
    "cavitation_number": ("1", "cavitation number"),
    "length": ("m", "length of the attached cavity"),
    "volume": ("m3", "volume of the attached cavity"),
    "gas_content": ("J", "gas pressure times volume"),
    "gas_supplied": ("J", "gas content supplied since the start"),
    "gas_leaked": ("J", "gas content lost by leakage since the start"),
    "gas_shed": ("J", "gas content lost in detached pockets since the start"),
    "sheddings": ("1", "pockets detached so far"),
}


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


def ledger_quantities(
    settings: "SectionSettings", ambient: FloatArray, ledger: FloatArray
) -> dict[str, NDArray[Any]]:
    """What the march found, by name.

    Args:
        settings: Disk, flow and gas loss.
        ambient: p∞, Pa, shape (time,).
        ledger: The kernel's output, lifetimes in s, shape (time, 9).

    Returns:
        The names of :data:`QUANTITIES` but the forcing, each of shape (time,).
    """
    pressure = settings.vapour_pressure + ledger[:, GAS_PRESSURE]
    return {
        "cavity_pressure": pressure,
        "cavitation_number": (ambient - pressure) / settings.dynamic_pressure,
        "length": ledger[:, LIFETIME] * settings.speed,
        "volume": ledger[:, VOLUME],
        "gas_content": ledger[:, CONTENT],
        "gas_supplied": ledger[:, SUPPLIED],
        "gas_leaked": ledger[:, LEAKED],
        "gas_shed": ledger[:, SHED],
        "sheddings": ledger[:, SHEDDINGS].astype(np.int64),
    }


def quantity_attributes(name: str) -> dict[str, str]:
    """CF attributes of a variable of a run."""
    units, meaning = QUANTITIES[name]
    return {"units": units, "long_name": meaning}


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
        ledger: The kernel's output, lifetimes in s, shape (time, 9).

    Returns:
        All of them and what follows from them, on axis time.
    """
    columns = {
        "ambient_pressure": ambient,
        "ventilation": supply,
        **ledger_quantities(settings, ambient, ledger),
    }
    return xr.Dataset(
        {name: ("time", values, quantity_attributes(name)) for name, values in columns.items()},
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
