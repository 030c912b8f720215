"""The raw ensemble as an expert, and as what every other one must beat."""

import numpy as np

from sciml.core.axes import FloatArray
from sciml.weather.post_processing.table import StationTable
from sciml.weather.values import levels


class RawEnsemble:
    """The members, each as likely as any other; missing ones are left out."""

    name = "raw ensemble"

    def fit(self, past: StationTable) -> None:
        """Nothing is learnt."""

    def predict(self, cases: StationTable) -> FloatArray:
        """The members themselves, each repeated as often as the number of values asks for."""
        return member_values(cases.forecast)


def member_values(forecast: FloatArray) -> FloatArray:
    """The members of each case as equally likely values, with the steps of their distribution.

    Args:
        forecast: NaN where a member is missing; at least one is there. Shape (case, member).

    Returns:
        Shape (case, value).
    """
    ordered = np.sort(forecast, axis=1)  # NaN comes last
    count = (~np.isnan(forecast)).sum(axis=1)
    rank = np.floor(levels()[None] * count[:, None]).astype(np.int64)
    return np.take_along_axis(ordered, rank, axis=1)
