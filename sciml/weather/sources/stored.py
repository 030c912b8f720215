"""Built files of weather datasets: written alike on every run, opened as their cards say."""

# Not strict: xarray types coordinates and attributes as unknown.
# pyright: standard
from pathlib import Path
from typing import Any

import xarray as xr

from sciml.core.errors import BadInput
from sciml.data.cards import read_card
from sciml.data.files import at_hand
from sciml.data.netcdf import open_netcdf, write_netcdf

CONVENTIONS = "CF-1.11"
TIME_ENCODING = {"units": "minutes since 1970-01-01 00:00:00", "dtype": "int32"}
COMPRESSION = {"zlib": True, "complevel": 9, "shuffle": True}


def write_source(name: str, dataset: xr.Dataset, target: Path) -> None:
    """Write the built file of a dataset; the same packages give the same bytes.

    Args:
        name: Name of the dataset; title, licence and citation are those of its card.
        dataset: What its builder made. A variable's ``encoding`` says how it is packed.
        target: The netCDF file.

    Raises:
        BadInput: if there is no such card.
        OSError: if the file cannot be written.
    """
    card = read_card(name)
    described = dataset.assign_attrs(
        Conventions=CONVENTIONS, title=card.title, license=card.licence, references=card.citation
    )
    encoding = {str(key): _encoding(value) for key, value in described.variables.items()}
    write_netcdf(target, described, encoding=encoding)


def opened(name: str) -> xr.Dataset:
    """Read the built file of a dataset into memory.

    Args:
        name: Name of the dataset.

    Returns:
        The dataset, text as ``str``, without notes on how it was packed.

    Raises:
        DatasetMissing: if neither the dataset nor its parts are on this machine.
        DamagedFile: if a file is not what the card says.
    """
    data = open_netcdf(at_hand(name)).drop_encoding()
    texts = {key: value.astype(str) for key, value in data.variables.items() if _is_text(value)}
    return data.assign_coords({key: texts[key] for key in texts if key in data.coords}).assign(
        {key: texts[key] for key in texts if key not in data.coords}
    )


def split_years(name: str) -> dict[str, tuple[int, ...]]:
    """Which years of a dataset train and which test, as its card says.

    Args:
        name: Name of a dataset that is split by year.

    Returns:
        The years of each part.

    Raises:
        BadInput: if the card does not split by year.
    """
    splits = read_card(name).splits
    if splits is None or splits.by != "year":
        raise BadInput(f"dataset '{name}': its card does not split it by year; choose a split")
    return {part: tuple(int(year) for year in years) for part, years in splits.cases.items()}


def _is_text(variable: xr.Variable) -> bool:
    """Whether a variable holds text."""
    return variable.dtype.kind in "OU"


def _encoding(variable: xr.Variable) -> dict[str, Any]:
    """How a variable is stored: dates as minutes, text as characters, all compressed."""
    if variable.dtype.kind == "M":
        return {**TIME_ENCODING, **(COMPRESSION if variable.ndim else {})}
    if _is_text(variable):
        return {"dtype": "S1", "zlib": True, "complevel": 9} if variable.ndim else {}
    packing = {"_FillValue": None} if variable.dtype.kind == "f" else {}
    return {**packing, **variable.encoding, **(COMPRESSION if variable.ndim else {})}
