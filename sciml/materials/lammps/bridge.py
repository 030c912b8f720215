"""Models in Python for ``pair_style sciml/py``: what the plugin calls, and what a model offers.

An input script names a function and what it takes::

    pair_style sciml/py
    pair_coeff * * my_models:load weights.safetensors Si O

``my_models.load("weights.safetensors", elements=["Si", "O"])`` returns a :class:`PairModel`. Every
rank has a model of its own. Plain ``lmp`` starts the Python that the plugin was built with. A model
in Paddle is made by :class:`sciml.materials.paddle_models.PaddleModel`.
"""

import ctypes
import importlib
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from sciml.core.axes import FloatArray, IntArray
from sciml.core.errors import BadInput

_WANTED = {1: "energies of atoms", 2: "slopes of pairs"}  # by their number of axes

_models: dict[int, "PairModel"] = {}


class PairModel(Protocol):
    """A model whose energy is a sum over atoms of what each sees within a cutoff."""

    @property
    def cutoff(self) -> float:
        """Å."""
        ...

    def __call__(
        self, kinds: IntArray, first: IntArray, other: IntArray, vectors: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Energies of atoms, and their slopes.

        Args:
            kinds: The place of each atom's element in the list that the model was loaded with;
                atoms of the neighbouring ranks follow those that are asked for, (all,).
            first: The pairs of atom i are first[i] to first[i + 1], (atom + 1,).
            other: The atom at the far end of each pair, (pair,).
            vectors: From the centre of each pair to its far end, Å, (pair, 3).

        Returns:
            eV, (atom,), and the slopes of their sum by the vectors, eV/Å, (pair, 3).
        """
        ...


def open_model(source: str, words: str) -> tuple[str, int, float]:
    """Load a model for the plugin.

    Args:
        source: ``module:function``.
        words: How many atom types there are, what the function takes, the elements; a line each.

    Returns:
        What went wrong, or nothing; the number of the model, and its cutoff.
    """
    count, *rest = words.splitlines()
    elements, arguments = rest[-int(count) :], rest[: -int(count)]
    try:
        model = _function(source)(*arguments, elements=elements)
        cutoff = float(model.cutoff)
    except Exception as error:  # all of them go to LAMMPS, which ends the run
        return _told(error), -1, 0.0
    number = max(_models, default=0) + 1
    _models[number] = model
    return "", number, cutoff


def close_model(number: int) -> tuple[str]:
    """Forget a model."""
    _models.pop(number, None)
    return ("",)


def evaluate(number: int, atoms: int, everyone: int, pairs: int, *addresses: int) -> tuple[str]:
    """Have a model fill in what the plugin asks for.

    Args:
        number: Of the model.
        atoms: How many atoms are asked for.
        everyone: How many there are with those of the neighbouring ranks.
        pairs: How many pairs.
        *addresses: Of kinds (int32), first (int64), other (int32), vectors, energies and slopes
            (float64), in the memory of this process.

    Returns:
        What went wrong, or nothing.
    """
    shapes = ((everyone,), (atoms + 1,), (pairs,), (pairs, 3), (atoms,), (pairs, 3))
    types = (ctypes.c_int32, ctypes.c_int64, ctypes.c_int32, *[ctypes.c_double] * 3)
    arrays = [
        _array(address, kind, shape)
        for address, kind, shape in zip(addresses, types, shapes, strict=True)
    ]
    try:
        for room, found in zip(arrays[4:], _models[number](*arrays[:4]), strict=True):
            if np.shape(found) != room.shape:
                return (
                    f"the model gives {_WANTED[room.ndim]} of shape {np.shape(found)}, "
                    f"expected {room.shape}",
                )
            room[:] = found
        if not (np.isfinite(arrays[4]).all() and np.isfinite(arrays[5]).all()):
            return ("the model gives energies or slopes that are no numbers",)
    except Exception as error:  # as above
        return (_told(error),)
    return ("",)


def _function(source: str) -> Callable[..., PairModel]:
    """The function that an input script names, in a package or in the working folder."""
    module, separator, name = source.partition(":")
    if not separator:
        raise BadInput(f"expected MODULE:FUNCTION, got {source}")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.append(here)  # as of a script; plain `lmp` has none
    return getattr(importlib.import_module(module), name)


def _array(address: int, kind: Any, shape: tuple[int, ...]) -> Any:
    """Memory of the plugin as an array."""
    if 0 in shape:
        return np.zeros(shape, kind)
    return np.ctypeslib.as_array(ctypes.cast(address, ctypes.POINTER(kind)), shape)


def _told(error: Exception) -> str:
    """An error with where it was raised."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} ({last.filename}, line {last.lineno})"
