"""Checkpoints that survive a kill at any moment, and weights without pickles.

A checkpoint is a folder ``step-<n>`` with ``tensors.safetensors`` and ``state.json``; the latter
holds the SHA-256 of the former and the recipe. It appears by one rename, and the one before it
is kept until the next, so there is always a whole one.
"""

import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save_file

from sciml.core.errors import BadInput, DamagedFile
from sciml.core.paths import shown
from sciml.core.talk import say
from sciml.core.writing import PART_PREFIX, sha256_of, whole_folder, write_json, write_with

_TENSORS, _STATE = "tensors.safetensors", "state.json"
_KEPT = 2  # the newest and the one to fall back on
_STEP = re.compile(r"step-(\d{9})")
_PICKLE_ENDINGS = {
    ".pkl",
    ".pickle",
    ".pt",
    ".pth",
    ".pdparams",
    ".pdopt",
    ".joblib",
    ".npy",
    ".bin",
}
_PICKLE_STARTS = (b"\x80", b"PK\x03\x04")  # pickle protocol 2 and up; zip, as torch.save writes

Tensors = Mapping[str, NDArray[Any]]


class Checkpoint(NamedTuple):
    """All that a run needs to go on as if it had never stopped."""

    step: int
    tensors: dict[str, NDArray[Any]]
    state: dict[str, Any]


def save_checkpoint(
    folder: Path, step: int, tensors: Tensors, state: dict[str, Any], recipe: dict[str, Any]
) -> Path:
    """Write a checkpoint and drop all but the newest two.

    Args:
        folder: Folder of the run's checkpoints.
        step: Optimiser steps done.
        tensors: Named arrays: weights, optimiser moments, averages.
        state: Everything else that JSON can hold.
        recipe: The settings of the run; a checkpoint is refused for any other.

    Returns:
        The folder of the checkpoint.

    Raises:
        WriteFailed: if the disk is full; earlier checkpoints are kept.
    """
    path = folder / f"step-{step:09d}"
    with whole_folder(path) as part:
        save_file(_contiguous(tensors), part / _TENSORS)
        content = {"step": step, "sha256": sha256_of(part / _TENSORS), "recipe": recipe}
        write_json(part / _STATE, {**content, "state": state})
    unfinished = folder.glob(f"{PART_PREFIX}*")  # a kill in the middle of a write leaves one
    for old in [*_steps(folder)[:-_KEPT], *unfinished]:
        shutil.rmtree(old, ignore_errors=True)
    return path


def load_newest(folder: Path, recipe: dict[str, Any]) -> Checkpoint | None:
    """The newest checkpoint that is whole.

    Args:
        folder: Folder of the run's checkpoints; it need not exist.
        recipe: The settings of the run that wants to go on.

    Returns:
        The checkpoint, or None when there is none yet. A damaged one is named on stderr and the
        one before it is used.

    Raises:
        BadInput: if the checkpoint belongs to another recipe; the text names the differing keys.
        DamagedFile: if there are checkpoints but none of them is whole.
    """
    paths = _steps(folder)
    for path in reversed(paths):
        try:
            checkpoint, made_by = _read(path)
        except DamagedFile as error:
            say(f"{error} Falling back on the checkpoint before it.")
            continue
        _require_same_recipe(path, made_by, recipe)
        return checkpoint
    if paths:
        raise DamagedFile(
            f"{shown(folder)}: none of its {len(paths)} checkpoints is whole; "
            "start again with `sciml run RECIPE --fresh`."
        )
    return None


def _steps(folder: Path) -> list[Path]:
    """The checkpoints of a run, oldest first."""
    return sorted(path for path in folder.glob("step-*") if _STEP.fullmatch(path.name))


def _read(path: Path) -> tuple[Checkpoint, dict[str, Any]]:
    """Read a checkpoint and the recipe that made it, or say how it is damaged."""
    try:
        content = json.loads((path / _STATE).read_text(encoding="utf-8"))
        expected, step = content["sha256"], content["step"]
        state, recipe = content["state"], content["recipe"]
        found = sha256_of(path / _TENSORS)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DamagedFile(
            f"checkpoint {shown(path)} is damaged: {type(error).__name__} in {_STATE}."
        ) from None
    if found != expected:
        raise DamagedFile(
            f"checkpoint {shown(path)} is damaged: {_TENSORS} has sha256 {found[:12]}…, "
            f"expected {expected[:12]}…."
        )
    return Checkpoint(step, read_tensors(path / _TENSORS), state), recipe


def _require_same_recipe(path: Path, made_by: dict[str, Any], wanted: dict[str, Any]) -> None:
    """Refuse a checkpoint of another recipe and say where the two differ."""
    old, new = _flat(made_by), _flat(wanted)
    differing = [key for key in sorted(old.keys() | new.keys()) if old.get(key) != new.get(key)]
    if differing:
        changes = "; ".join(f"{k}: {old.get(k)!r} there, {new.get(k)!r} now" for k in differing)
        raise BadInput(
            f"checkpoint {shown(path)} was made by another recipe ({changes}). "
            "Run with the old values, or start again with `sciml run RECIPE --fresh`."
        )


def _flat(value: Any, prefix: str = "") -> dict[str, Any]:
    """Nested settings as dotted keys, through JSON so that a tuple equals a list."""
    if isinstance(value, dict) and value:
        inner = [_flat(item, f"{prefix}{key}.") for key, item in value.items()]
        return {key: item for part in inner for key, item in part.items()}
    return {prefix.rstrip("."): json.loads(json.dumps(value))}


def write_weights(path: Path, tensors: Tensors) -> None:
    """Write named arrays as safetensors, atomically.

    Args:
        path: The file, ending in ``.safetensors``.
        tensors: Named arrays.

    Raises:
        WriteFailed: if the disk is full; the old file is kept.
    """
    write_with(path, lambda part: save_file(_contiguous(tensors), part))


def read_tensors(path: Path) -> dict[str, NDArray[Any]]:
    """Read named arrays from a safetensors file.

    Args:
        path: The file.

    Returns:
        The arrays by name.

    Raises:
        BadInput: if there is no such file, or it is a pickle: those can run code when loaded.
        DamagedFile: if the file is cut short or is not safetensors.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise BadInput(f"{shown(path)}: no such weights file") from None
    if path.suffix in _PICKLE_ENDINGS:
        raise _pickled(path)
    try:
        return load(content)
    except SafetensorError as error:
        if content.startswith(_PICKLE_STARTS):
            raise _pickled(path) from None
        raise DamagedFile(
            f"{shown(path)}: not a whole safetensors file ({error}); copy or make it again."
        ) from None


def _pickled(path: Path) -> BadInput:
    return BadInput(
        f"{shown(path)}: is a pickle, which can run code when it is loaded, so it is refused. "
        "Convert it where you trust it with safetensors' `save_file` and give the .safetensors."
    )


def _contiguous(tensors: Tensors) -> dict[str, NDArray[Any]]:
    """Arrays as safetensors wants them: it writes the buffer whatever the strides say."""
    # `ascontiguousarray` would give a number an axis.
    return {name: np.asarray(array, order="C") for name, array in tensors.items()}
