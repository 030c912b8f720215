"""Weighted sums of moments: from many radial functions to the channels of an atom.

Names: ``weights`` are (element, degree, moment, channel); the element is that of the atom.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sciml.materials.ace.harmonics import DEGREE


def mixed(weights: NDArray[Any], element: NDArray[Any], moments: NDArray[Any]) -> NDArray[Any]:
    """Channels of all atoms.

    Args:
        weights: Shape (element, degree, moment, channel).
        element: Which element each atom is, (atom,).
        moments: Shape (atom, component, moment).

    Returns:
        Shape (atom, component, channel).
    """
    found = np.empty((*moments.shape[:2], weights.shape[3]), moments.dtype)
    for table, place in _blocks(weights, element):
        found[place] = moments[place] @ table
    return found


def moment_slopes(
    weights: NDArray[Any], element: NDArray[Any], slopes: NDArray[Any]
) -> NDArray[Any]:
    """Slopes by the moments from those by the channels, (atom, component, moment)."""
    found = np.empty((*slopes.shape[:2], weights.shape[2]), slopes.dtype)
    for table, place in _blocks(weights, element):
        found[place] = slopes[place] @ table.T
    return found


def weight_slopes(
    weights: NDArray[Any],
    element: NDArray[Any],
    moments: NDArray[Any],
    slopes: NDArray[Any],
) -> NDArray[Any]:
    """Slopes by the weights from those by the channels, of the weights' shape."""
    found = np.zeros_like(weights)
    for table, place in _blocks(found, element):
        rows, columns = moments[place], slopes[place]
        table += rows.reshape(-1, rows.shape[2]).T @ columns.reshape(-1, columns.shape[2])
    return found


def _blocks(
    weights: NDArray[Any], element: NDArray[Any]
) -> Iterator[tuple[NDArray[Any], tuple[Any, slice]]]:
    """Each table of weights, and the atoms and components that it is for."""
    single = len(weights) == 1
    for number, tables in enumerate(weights):
        atoms = slice(None) if single else np.flatnonzero(element == number)
        for degree in range(weights.shape[1]):
            start, stop = np.searchsorted(DEGREE, [degree, degree + 1])
            yield tables[degree], (atoms, slice(start, stop))
