"""Growth of cavities computed by OpenFOAM, and a law of growth that knows no theory."""

import math
from typing import NamedTuple

import numpy as np

from sciml.core.axes import FloatArray
from sciml.data.cards import read_card
from sciml.data.files import find
from sciml.data.netcdf import open_netcdf
from sciml.hydro.cases import TRAIN
from sciml.hydro.cavity_growth import growth_phase

FLOW = "cfd_disk_cavitation"
MESH = 1.5  # the finest refinement at which all cavitation numbers were computed

Volumes = dict[float, tuple[FloatArray, FloatArray]]


def computed_volumes(refinement: float = MESH) -> tuple[Volumes, tuple[float, ...]]:
    """Volumes of cavities after a sudden start, computed by OpenFOAM.

    Args:
        refinement: Of the mesh.

    Returns:
        Time in s and volume in m³ by σ, and the σ that a fit may use; the others are held out.
    """
    card, data = read_card(FLOW), open_netcdf(find(FLOW))
    assert card.splits is not None  # the card is ours
    volumes: Volumes = {}
    for case, sigma in zip(data["case"].values, data["cavitation_number"].values, strict=True):
        one = data["vapour_volume"].sel(case=case, refinement=refinement).dropna("time")
        volumes[round(float(sigma), 4)] = (one["time"].values, one.values.astype(np.float64))
    names = list(data["case"].values)
    used = tuple(list(volumes)[names.index(name)] for name in card.splits.cases[TRAIN])
    return volumes, used


class CommonShape(NamedTuple):
    """Growth without theory: one shape whose duration and size are powers of σ."""

    share: FloatArray  # of the duration, from 0 to 1
    shape: FloatArray  # of the largest volume
    duration: FloatArray  # slope and offset of its logarithm over ln σ
    size: FloatArray

    def volume(self, sigma: float, time: FloatArray) -> FloatArray:
        """Volume at a σ, m³, shape (time,)."""
        end, most = (math.exp(np.polyval(line, math.log(sigma))) for line in self[2:])
        return most * np.interp(time / end, self.share, self.shape)


def common_shape(volumes: Volumes) -> CommonShape:
    """The mean shape of some growth curves.

    Args:
        volumes: Time and volume by σ, two or more.

    Returns:
        The shape and its scales.
    """
    phases = [growth_phase(*series) for series in volumes.values()]
    share, logs = np.linspace(0, 1, 101), np.log(list(volumes))
    shapes = [np.interp(share, t / t[-1], q / q[-1]) for t, q in phases]
    duration = np.polyfit(logs, np.log([t[-1] for t, _ in phases]), 1)
    size = np.polyfit(logs, np.log([q[-1] for _, q in phases]), 1)
    return CommonShape(share, np.mean(shapes, axis=0), duration, size)
