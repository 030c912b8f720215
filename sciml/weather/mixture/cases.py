"""The cases from which a gate learns: some places of each forecast, with truth and situation."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import xarray as xr

from sciml.core.axes import FloatArray, IntArray
from sciml.core.errors import BadInput
from sciml.weather.mixture.opinions import Spoken
from sciml.weather.mixture.situations import Situations
from sciml.weather.verification import area_weights, due_truth


class Cases(NamedTuple):
    """Opinions of one lead at some places and times."""

    forecast: FloatArray  # (case, expert)
    deviation: FloatArray  # (case, expert)
    truth: FloatArray  # (case,)
    features: FloatArray  # (case, feature)
    importance: FloatArray  # by area, (case,)

    def of(self, experts: Sequence[int]) -> "Cases":
        """The same cases with the opinions of some experts only."""
        chosen = list(experts)
        return self._replace(forecast=self.forecast[:, chosen], deviation=self.deviation[:, chosen])


def gathered(
    spoken: Iterable[Spoken], truth: xr.DataArray, situations: Situations, places: int, seed: int
) -> dict[int, Cases]:
    """Some places, drawn anew at each time of issue, with what came there.

    Args:
        spoken: Opinions on stretches of the field.
        truth: The field that was forecast.
        situations: What describes a case.
        places: Drawn at each time; all if the grid has fewer.
        seed: Of the draw.

    Returns:
        Cases by lead.

    Raises:
        BadInput: if no truth is known for some lead.
    """
    parts: dict[int, list[Cases]] = {}
    for number, (opinions, inputs) in enumerate(spoken):
        drawn = _drawn(opinions, places, np.random.default_rng([seed, number]))
        issued = inputs.indexes["time"].get_indexer(opinions["time"].values)
        issue = np.repeat(issued, drawn.shape[1])
        features = situations.at(situations.state(inputs), issue, drawn.ravel())
        lat = np.repeat(area_weights(opinions["lat"].values), opinions.sizes["lon"])
        came = due_truth(opinions, truth)
        for index, lead in enumerate(opinions["lead"].values.tolist()):
            cases = Cases(
                _picked(opinions["forecast"].values[:, index], drawn),
                _picked(opinions["standard_deviation"].values[:, index], drawn),
                _picked(came[:, index], drawn),
                features,
                lat[drawn.ravel()],
            )
            known = np.isfinite(cases.truth)
            parts.setdefault(lead, []).append(Cases._make(one[known] for one in cases))
    found = {
        lead: Cases._make(np.concatenate(column) for column in zip(*those, strict=True))
        for lead, those in parts.items()
    }
    for lead, cases in found.items():
        if not len(cases.truth):
            raise BadInput(f"mixture: no forecast of lead {lead} is due in the years held out")
    return found


def _drawn(opinions: xr.Dataset, places: int, rng: np.random.Generator) -> IntArray:
    """Positions in the flat grid, without repeats. Shape (time, place)."""
    grid = opinions.sizes["lat"] * opinions.sizes["lon"]
    order = rng.random((opinions.sizes["time"], grid)).argsort(axis=1)
    return order[:, : min(places, grid)]


def _picked(values: FloatArray, drawn: IntArray) -> FloatArray:
    """What is at the drawn places, case by case. Shape (case, ...)."""
    flat = values.reshape(values.shape[0], values.shape[1] * values.shape[2], *values.shape[3:])
    picked = flat[np.arange(len(drawn))[:, None], drawn]
    return picked.reshape(-1, *values.shape[3:]).astype(np.float64)
