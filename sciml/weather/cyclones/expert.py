"""What every expert on tracks or winds can do, so that any of them can be mixed with others."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import xarray as xr

from sciml.core.axes import FloatArray


class Expert(Protocol):
    """Learns from cases once, then forecasts others."""

    def fit(self, cases: xr.Dataset, leads: Sequence[int], seed: int, /) -> None:
        """Learn from cases; those of which a lead is not known are not used for it.

        Args:
            cases: From :func:`sciml.weather.cyclones.cases.cases_of`, with these leads.
            leads: Hours ahead.
            seed: Of whatever is random.

        Raises:
            BadInput: if there is nothing to learn from at a lead.
        """
        ...

    def predict(self, cases: xr.Dataset, /) -> FloatArray:
        """Forecast; whatever of a case is missing.

        Args:
            cases: From the same function.

        Returns:
            Displacements, km, shape (case, lead, 2): east, north, on the plane that touches the
            present position; or changes of the wind, kt, shape (case, lead).
        """
        ...


Makers = Mapping[str, Callable[[], Expert]]  # of experts that have not learnt yet, by name
