"""A trained network forecaster in a folder: its arrays, and beside them what else makes it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sciml.core.errors import DamagedFile
from sciml.core.paths import shown
from sciml.core.settings import Settings
from sciml.core.writing import write_json
from sciml.training.checkpoint import read_tensors, write_weights
from sciml.weather.forecast import Grid
from sciml.weather.forecasters.network_layer import NetworkSettings

_ARRAYS, _DESCRIPTION = "model.safetensors", "model.json"

Groups = Mapping[str, Mapping[str, NDArray[Any]]]


class NetworkDescription(Settings):
    """What is needed beside the arrays."""

    leads: tuple[int, ...]
    settings: NetworkSettings
    scale: float  # spread of the anomalies, in the units of the field
    units: str
    step_seconds: int


def write_network(folder: Path, groups: Groups, description: NetworkDescription) -> list[Path]:
    """Write arrays and description.

    Args:
        folder: Where to; two files.
        groups: Arrays by group and name.
        description: What else makes the forecaster.

    Returns:
        The files.
    """
    arrays = {
        f"{group}/{name}": array for group, part in groups.items() for name, array in part.items()
    }
    write_weights(folder / _ARRAYS, arrays)
    write_json(folder / _DESCRIPTION, description.model_dump(mode="json"))
    return [folder / _ARRAYS, folder / _DESCRIPTION]


def read_network(
    folder: Path,
) -> tuple[dict[str, dict[str, NDArray[Any]]], NetworkDescription, Grid]:
    """Read what :func:`write_network` wrote.

    Args:
        folder: Where it is.

    Returns:
        Arrays by group and name, the description, and the grid.

    Raises:
        BadInput: if a file is missing or the arrays are a pickle.
        DamagedFile: if the arrays are cut short, or there is no grid among them.
    """
    description = NetworkDescription.from_yaml(folder / _DESCRIPTION)  # JSON is YAML
    groups: dict[str, dict[str, NDArray[Any]]] = {}
    for key, array in read_tensors(folder / _ARRAYS).items():
        group, _, name = key.partition("/")
        groups.setdefault(group, {})[name] = array
    if "grid" not in groups:
        raise DamagedFile(f"{shown(folder / _ARRAYS)}: holds no grid; train the forecaster anew")
    step = np.timedelta64(description.step_seconds, "s")
    grid = Grid(groups["grid"]["lat"], groups["grid"]["lon"], step, description.units)
    return groups, description, grid
