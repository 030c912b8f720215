"""A trained forecaster in a folder: its weights, and beside them what else makes it."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Generic, TypeVar

from numpy.typing import NDArray

from sciml.core.settings import Settings
from sciml.core.writing import write_json
from sciml.data.scaling import Scaling
from sciml.data.windows import WindowSettings
from sciml.training.checkpoint import read_tensors, write_weights

_WEIGHTS, _DESCRIPTION = "model.safetensors", "model.json"

ModelSettings = TypeVar("ModelSettings", bound=Settings)


class Description(Settings, Generic[ModelSettings]):
    """What is needed beside the weights."""

    window: WindowSettings
    model: ModelSettings
    targets: tuple[str, ...]
    scaling: dict[str, Any]  # as Scaling writes itself


def described(
    window: WindowSettings, model: Settings, targets: Sequence[str], scaling: Scaling
) -> dict[str, Any]:
    """The fields of a description, as JSON has them.

    Args:
        window: History and leads.
        model: Sizes of the network.
        targets: Channels that are forecast.
        scaling: Of all channels.

    Returns:
        What :func:`read_forecaster` reads.
    """
    return {
        "window": window.model_dump(mode="json"),
        "model": model.model_dump(mode="json"),
        "targets": list(targets),
        "scaling": json.loads(scaling.to_json()),
    }


def write_forecaster(
    folder: Path, arrays: Mapping[str, NDArray[Any]], description: dict[str, Any]
) -> list[Path]:
    """Write weights and description.

    Args:
        folder: Where to; two small files.
        arrays: The weights by name.
        description: From :func:`described`.

    Returns:
        The files.
    """
    write_weights(folder / _WEIGHTS, dict(arrays))
    write_json(folder / _DESCRIPTION, description)
    return [folder / _WEIGHTS, folder / _DESCRIPTION]


def read_forecaster(
    folder: Path, kind: type[Description[ModelSettings]]
) -> tuple[dict[str, NDArray[Any]], Description[ModelSettings], Scaling]:
    """Read what :func:`write_forecaster` wrote.

    Args:
        folder: Where it is.
        kind: The description with the model's settings, ``Description[LSTMSettings]``.

    Returns:
        Weights by name, description and scaling.

    Raises:
        BadInput: if a file is missing or the weights are a pickle.
        DamagedFile: if the weights are cut short.
    """
    description = kind.from_yaml(folder / _DESCRIPTION)  # JSON is YAML
    text = json.dumps(description.scaling)
    scaling = Scaling.from_json(text, str(folder / _DESCRIPTION))
    return read_tensors(folder / _WEIGHTS), description, scaling
