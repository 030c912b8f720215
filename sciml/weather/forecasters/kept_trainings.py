"""Trainings of a run that are kept on the disk, so that the same command goes on after a stop."""

import hashlib
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from sciml.training.fit import FitResult, FitSettings, Problem, fit


class KeptTrainings:
    """A folder in which each training has a folder of its own, named for all that decides it.

    The same training goes on where it stopped, or is read if it had come to its end; with other
    data, settings or another seed it begins anew.
    """

    def __init__(self, folder: Path) -> None:
        """Choose the folder; it is made when something is kept."""
        self._folder = folder
        self.wall_before = 0.0  # seconds that earlier calls spent on what was asked for so far
        self.cpu_before = 0.0

    def fit(
        self, problem: Problem, settings: FitSettings, *, seed: int, identity: Mapping[str, Any]
    ) -> FitResult:
        """Train a layer; see :func:`sciml.training.fit.fit`.

        Args:
            problem: Layer, loss, batches and validation.
            settings: How long and in which portions to train.
            seed: Of all that is random in a step.
            identity: All else that decides the training, as JSON can hold it: the settings of
                the layer and a digest of the data.

        Returns:
            How the training ended; its seconds are those of all calls.
        """
        recipe = {**identity, "seed": seed, "training": settings.model_dump(mode="json")}
        text = json.dumps(recipe, sort_keys=True)
        folder = self._folder / hashlib.sha256(text.encode()).hexdigest()[:16]
        wall, cpu = time.perf_counter(), time.process_time()
        result = fit(problem, settings, seed=seed, folder=folder, recipe=recipe)
        self.wall_before += max(result.wall_seconds - (time.perf_counter() - wall), 0.0)
        self.cpu_before += max(result.cpu_seconds - (time.process_time() - cpu), 0.0)
        return result


def field_digest(field: xr.DataArray) -> str:
    """The SHA-256 of a field's times, grid and values.

    Args:
        field: With the axes time, lat and lon.

    Returns:
        64 hexadecimal digits.
    """
    digest = hashlib.sha256()
    for array in (*(field[axis].values for axis in ("time", "lat", "lon")), field.values):
        digest.update(f"{array.dtype.str} {array.shape}".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
