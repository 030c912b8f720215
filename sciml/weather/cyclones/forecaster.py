"""The track forecaster: experts, their mixture, and how sure it is."""

# Not strict: xarray types what it holds as unknown.
# pyright: standard
from collections.abc import Sequence

import numpy as np
import xarray as xr

from sciml.core.axes import BoolArray, FloatArray
from sciml.core.errors import BadInput
from sciml.weather.cyclones.cases import LEADS, known, together
from sciml.weather.cyclones.expert import Expert, Makers
from sciml.weather.cyclones.mixture import (
    Folds,
    Judged,
    disagreement,
    held_out,
    mixed,
    mixture_weights,
)
from sciml.weather.cyclones.spread import Spread
from sciml.weather.cyclones.track import observed_displacement
from sciml.weather.sphere import displaced

KILOMETRES = {"units": "km"}


class TrackForecaster:
    """Where storms go, as an ellipse about the mixture of what experts say."""

    def __init__(self, makers: Makers, leads: Sequence[int] = LEADS) -> None:
        """Keep the makers of the experts.

        Args:
            makers: Experts by name.
            leads: Hours ahead.
        """
        self._makers, self.leads = makers, tuple(leads)
        self._experts: list[Expert] = []
        self._spreads: list[Spread] = []
        self.weights: xr.DataArray | None = None

    def weigh(self, judged: Judged, cases: xr.Dataset, counted: Sequence[BoolArray]) -> None:
        """Learn weights and spread from forecasts of seasons that the experts had not seen.

        Args:
            judged: From :func:`sciml.weather.cyclones.mixture.held_out`.
            cases: The same cases.
            counted: For each lead, which cases count, shape (case,).
        """
        observed = observed_displacement(cases, self.leads)
        self.weights = mixture_weights(judged, observed, self.leads, counted)
        forecast, about = self._mixture(judged.forecasts, cases)
        self._spreads = []
        for index in range(len(self.leads)):
            usable = counted[index] & np.isfinite(forecast[:, index, 0])
            self._spreads.append(
                Spread.fit(forecast[usable, index], observed[usable, index], about[usable, index])
            )

    def learn(self, cases: xr.Dataset, others: xr.Dataset | None, folds: Folds, seed: int) -> None:
        """All at once: weights and spread from seasons held out, then experts from all cases.

        Args:
            cases: To learn from.
            others: Further cases to learn from; None: there are none.
            folds: Seasons that are held out together.
            seed: Of the experts.
        """
        last = int(cases["season"].max())
        judged = held_out(self._makers, cases, others, self.leads, folds, last, seed)
        self.weigh(judged, cases, [known(cases, lead) for lead in self.leads])
        self.fit(cases if others is None else together(cases, others), seed)

    def fit(self, cases: xr.Dataset, seed: int) -> None:
        """Let the experts learn from cases.

        Args:
            cases: To learn from.
            seed: Of the experts.
        """
        self._experts = [make() for make in self._makers.values()]
        for expert in self._experts:
            expert.fit(cases, self.leads, seed)

    def predict(self, cases: xr.Dataset) -> xr.Dataset:
        """Forecast.

        Args:
            cases: What is known; a storm with one fix, or with missing wind or pressure, is
                welcome.

        Returns:
            As :meth:`told` says.

        Raises:
            BadInput: if nothing was learnt.
        """
        if not self._experts:
            raise BadInput("track forecaster: it has not learnt; call learn first")
        return self.told(np.stack([expert.predict(cases) for expert in self._experts]), cases)

    def told(self, displacements: FloatArray, cases: xr.Dataset) -> xr.Dataset:
        """The forecast that follows from what the experts say.

        Args:
            displacements: km, shape (expert, case, lead, 2).
            cases: The cases.

        Returns:
            Along (case, lead): ``forecast_lat`` and ``forecast_lon`` of the mixture, ``along`` and
            ``cross``, the scales (km) of its error along its course and across it, and ``tail``
            (lead), the degrees of freedom; ``expert_east`` and ``expert_north``
            (expert, case, lead), km.
        """
        assert self.weights is not None
        forecast, about = self._mixture(displacements, cases)
        scales = np.stack(
            [
                spread.scales(forecast[:, index], about[:, index])
                for index, spread in enumerate(self._spreads)
            ],
            axis=1,
        )  # (case, lead, 2)
        here, there = (cases[name].values[:, None] for name in ("lat", "lon"))
        lat, lon = displaced(here, there, forecast[..., 0], forecast[..., 1])
        both, all_three = ("case", "lead"), ("expert", "case", "lead")
        return xr.Dataset(
            {
                "forecast_lat": (both, lat, {"units": "degrees_north"}),
                "forecast_lon": (both, lon, {"units": "degrees_east"}),
                "along": (both, scales[..., 0], KILOMETRES),
                "cross": (both, scales[..., 1], KILOMETRES),
                "tail": ("lead", [spread.tail for spread in self._spreads], {"units": "1"}),
                "expert_east": (all_three, displacements[..., 0], KILOMETRES),
                "expert_north": (all_three, displacements[..., 1], KILOMETRES),
            },
            {
                "lead": ("lead", list(self.leads), {"units": "h"}),
                "expert": list(self._makers),
                **{n: ("case", cases[n].values) for n in ("storm", "time", "lat", "lon")},
            },
        )

    def _mixture(
        self, displacements: FloatArray, cases: xr.Dataset
    ) -> tuple[FloatArray, FloatArray]:
        """The mixture's displacements, and latitude and disagreement, each (case, lead, 2)."""
        assert self.weights is not None
        apart = disagreement(displacements, self.weights)
        lat = np.broadcast_to(cases["lat"].values[:, None], apart.shape)
        return mixed(displacements, self.weights), np.stack([lat, apart], axis=-1)
