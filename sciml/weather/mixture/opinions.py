"""What experts say: forecasts side by side, and forecasts of years that they have not seen."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import xarray as xr

from sciml.core.axes import FloatArray
from sciml.core.errors import BadInput
from sciml.core.talk import progress
from sciml.weather.calendar_years import folds_by_year
from sciml.weather.forecast import FieldForecaster, stretches

Makers = Mapping[str, Callable[[], FieldForecaster]]  # of fresh experts


class Spoken(NamedTuple):
    """Opinions about a stretch of the field, and the stretch."""

    opinions: xr.Dataset
    inputs: xr.DataArray


def opinions_of(
    experts: Mapping[str, FieldForecaster], inputs: xr.DataArray, leads: Sequence[int]
) -> xr.Dataset:
    """The forecasts of all experts from the times at which each has one.

    Args:
        experts: Fitted forecasters by name.
        inputs: What they forecast from.
        leads: Steps ahead.

    Returns:
        ``forecast`` and ``standard_deviation`` (time, lead, lat, lon, expert) in single precision.

    Raises:
        BadInput: if an expert gives no standard deviation, or no time is common to all.
    """
    answers = {name: expert.predict(inputs, leads) for name, expert in experts.items()}
    for name, answer in answers.items():
        if "standard_deviation" not in answer:
            raise BadInput(f"expert '{name}': gives no standard deviation, a mixture needs one")
    kept = [answer[["forecast", "standard_deviation"]].astype("f4") for answer in answers.values()]
    aligned = xr.align(*kept, join="inner")
    if aligned[0].sizes["time"] == 0:
        raise BadInput("experts: no time of issue is common to all; give a longer record")
    data = xr.concat(
        aligned, "expert", coords="minimal", compat="override", combine_attrs="override"
    )
    data = data.assign_coords(expert=list(experts))
    return data.transpose("time", "lead", "lat", "lon", "expert")


def cross_fitted(
    makers: Makers, train: xr.DataArray, leads: Sequence[int], groups: int, embargo: int
) -> Iterator[Spoken]:
    """Opinions about years that the experts had not seen.

    Each group of consecutive years is held out in turn, and fresh experts learn on the others.

    Args:
        makers: Of fresh experts.
        train: A checked field, may have gaps.
        leads: Steps ahead.
        groups: Of years.
        embargo: Steps on both sides of a group that are not learnt from; the longest lead and
            history at least.

    Yields:
        Opinions on each stretch of the years held out.
    """
    with progress(groups * len(makers), "experts forecast years held out") as bar:
        for fold in folds_by_year(train, embargo, groups):
            experts: dict[str, FieldForecaster] = {}
            for name, make in makers.items():
                experts[name] = make()
                experts[name].fit(fold.others)
                bar.update()
            for part in stretches(fold.held_out, shortest=embargo + 1):
                yield Spoken(opinions_of(experts, part, leads), part)


def pooled_deviation(
    forecast: FloatArray, deviation: FloatArray, weights: FloatArray
) -> FloatArray:
    """Standard deviation of a linear pool: that within the experts and that between them.

    Args:
        forecast: Means, shape (..., expert).
        deviation: Standard deviations, same shape.
        weights: Shape that fits, 1 together along the last axis.

    Returns:
        Shape (...).
    """
    mean = (weights * forecast).sum(axis=-1)
    second = (weights * (deviation**2 + (forecast - mean[..., None]) ** 2)).sum(axis=-1)
    return np.sqrt(second)
