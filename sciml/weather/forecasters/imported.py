"""Forecasts that somebody else made, such as those of a weather service, as a forecaster."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from sciml.core.axes import FloatArray
from sciml.core.errors import BadInput
from sciml.weather.forecast import (
    Grid,
    check_field,
    check_leads,
    field_forecast_dataset,
    step_of_forecast,
)
from sciml.weather.forecasters.seasons import SeasonalSpread
from sciml.weather.verification import due_truth


class Imported:
    """An archive of forecasts under the contract of all forecasters, so that it can be an expert.

    It learns its bias and spread at each place and lead from the archive's past and the truth.
    """

    def __init__(self, archive: xr.Dataset, name: str = "imported") -> None:
        """Take an archive.

        Args:
            archive: ``forecast`` (time, lead, lat, lon), ``time`` being the time of issue and
                ``lead`` steps; ``attrs["step_hours"]`` as in a forecast of ours; a ``member``
                axis is averaged.
            name: How the expert is called.

        Raises:
            BadInput: if a variable, axis or attribute is missing, or times do not ascend.
        """
        needed = {"time", "lead", "lat", "lon"}
        if "forecast" not in archive or not needed <= set(archive["forecast"].dims):
            raise BadInput(f"archive '{name}': expected `forecast` with axes {sorted(needed)}")
        if "step_hours" not in archive.attrs:
            raise BadInput(f"archive '{name}': set attrs['step_hours'], the hours of a lead of 1")
        times = archive["time"].values
        if not np.all(times[1:] > times[:-1]):
            raise BadInput(f"archive '{name}': times of issue must ascend without repeats")
        self.name = name
        data = archive["forecast"]
        if "member" in data.dims:
            data = data.mean("member", keep_attrs=True)
        self._archive = data.transpose("time", "lead", "lat", "lon").to_dataset()
        self._archive.attrs = archive.attrs
        self.leads = tuple(int(lead) for lead in data["lead"].values)

    def fit(self, train: xr.DataArray) -> dict[str, float]:
        """Learn bias and spread where archive and truth overlap.

        Raises:
            BadInput: if they do not overlap, or differ in grid, step or units.
        """
        field = check_field(train, f"{self.name}: training field", gaps=True)
        self._grid = Grid.of(field)
        step = step_of_forecast(self._archive)
        if step != self._grid.step:
            raise BadInput(f"{self.name}: its step is {step}, that of the field {self._grid.step}")
        missed = due_truth(self._archive, field) - self._archive["forecast"].values
        self._bias: dict[int, FloatArray] = {}
        self._spread: dict[int, SeasonalSpread] = {}
        for index, lead in enumerate(self.leads):
            known = np.flatnonzero(np.isfinite(missed[:, index]).all(axis=(1, 2)))
            if len(known) < 2:
                raise BadInput(
                    f"{self.name}: {len(known)} forecasts of lead {lead} are due in the training "
                    "field, expected 2 at least; give an archive that overlaps with it"
                )
            errors = missed[known, index]
            self._bias[lead] = errors.mean(axis=0)
            due = self._archive["time"].values[known] + lead * step
            self._spread[lead] = SeasonalSpread().fit(due, errors - self._bias[lead])
        return {f"bias at lead {lead}": float(bias.mean()) for lead, bias in self._bias.items()}

    def predict(self, inputs: xr.DataArray, leads: Sequence[int]) -> xr.Dataset:
        """Look up what was forecast from each time of the inputs that the archive has.

        Raises:
            BadInput: if the archive lacks a lead, or all of the times.
        """
        asked = check_leads(leads, self.leads, self.name)
        field = self._grid.check(inputs)
        times = field["time"].values
        index = self._archive.indexes["time"].get_indexer(times)
        here = np.flatnonzero(index >= 0)
        if not len(here):
            raise BadInput(
                f"{self.name}: the archive has no forecast issued between {times[0]} "
                f"and {times[-1]}"
            )
        data = self._archive["forecast"].isel(time=index[here]).sel(lead=list(asked))
        if not np.isfinite(data.values).all():
            raise BadInput(f"{self.name}: forecasts of the archive are not finite")
        values, spread = data.values.astype(np.float64), np.empty(data.shape)
        for number, lead in enumerate(asked):
            values[:, number] += self._bias[lead]
            spread[:, number] = self._spread[lead].at(times[here] + lead * self._grid.step)
        return field_forecast_dataset(
            values, field[here], asked, standard_deviation=spread, step=self._grid.step
        )
