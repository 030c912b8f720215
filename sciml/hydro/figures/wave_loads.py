"""The figures of the second notebook: how far ahead measured wave loads can be forecast."""

import functools
from pathlib import Path

import numpy as np
import xarray as xr

from sciml.core.axes import IntArray
from sciml.figures.registry import Drawn, figure
from sciml.figures.style import BLACK, COLOURS, TWO_COLUMNS, Panel, label_panels, new_picture
from sciml.hydro import loads
from sciml.hydro.cases import INSIDE, OUTSIDE, TRAIN, Case, Cases, Splits, measured_wave_loads
from sciml.hydro.forecast import Autoregression, Forecaster, Persistence, normalised_errors
from sciml.hydro.hybrid import TrackedHybrid

ORDER, RIDGE = 50, 1e-5  # samples of history and penalty of the linear regressions
_TRACE_LEAD = 10  # samples: 200 ms
_TRACE_SECONDS = 3.0


@figure(
    "hydro/wave-loads-errors",
    title="Forecast error on measured wave loads, inside and outside the trained wave periods",
    rtol=1e-3,
    atol=1e-4,
    needs=("ntnu_fixed_section_loads",),
    recipe="hydro/wave-loads-lstm",
)
def wave_load_errors(record: Path | None = None) -> Drawn:
    """Error against lead for persistence, autoregressions, the LSTM and the hybrid.

    Args:
        record: Folder with a trained LSTM; by default the published one.

    Returns:
        Panel a: wave periods between trained ones. Panel b: shorter than any trained.

    Raises:
        DatasetMissing: if the measured loads are not on this machine.
    """
    splits, forecasters = fitted_forecasters(record)
    data = forecast_errors(forecasters, splits)
    picture = new_picture(TWO_COLUMNS, 2.6)
    panels = picture.subplots(1, 2, sharey=True)
    titles = ("wave period inside the trained range", "wave period shorter than any trained")
    for axis, split, title in zip(panels, data["split"].values, titles, strict=True):
        for name, colour in zip(data["forecaster"].values, _colours(data), strict=True):
            curve = data["normalised_error"].sel(split=split, forecaster=name)
            axis.plot(1e3 * data["lead"], curve, "o-", color=colour, label=name)
        axis.axhline(1, color=BLACK, lw=0.6, ls=":")
        axis.set(title=title, xlabel="lead (ms)", xscale="log", yscale="log", ylim=(0.02, 8))
        ticks = [20, 50, 100, 200, 500, 1000]
        axis.set_xticks(ticks, [str(tick) for tick in ticks])
        axis.set_yticks([0.03, 0.1, 0.3, 1, 3], ["0.03", "0.1", "0.3", "1", "3"])
        axis.minorticks_off()
    panels[0].set_ylabel("error / standard deviation")
    panels[0].legend(loc="upper left", ncols=2, columnspacing=1.0)
    panels[1].text(20, 1.06, "as bad as the mean", fontsize=6.5, va="bottom")
    label_panels(picture)
    return Drawn(picture, data)


def _colours(data: xr.Dataset) -> list[str]:
    """A colour for each forecaster; grey for the one that any other must beat."""
    return ["#8a8f98", *COLOURS][: data.sizes["forecaster"]]


def load_forecasters(train: Cases, record: Path | None = None) -> list[Forecaster]:
    """The forecasters that the figures compare, fitted or loaded.

    Args:
        train: Training runs of the measured loads.
        record: Folder with a trained LSTM; by default the published one.

    Returns:
        Persistence, autoregression, vector autoregression with wave probes, LSTM, tracked hybrid.
    """
    from sciml.hydro.lstm import LSTMForecaster  # Paddle is imported only when it is needed
    from sciml.training.run import record_folder

    fitted: list[Forecaster] = [
        Persistence(),
        Autoregression(ORDER, loads.LEADS, all_channels=False, ridge=RIDGE),
        Autoregression(ORDER, loads.LEADS, all_channels=True, ridge=RIDGE),
    ]
    hybrid = TrackedHybrid(loads.LEADS, clock=[*_waves(train), *loads.LOADS])
    for forecaster in (*fitted, hybrid):
        forecaster.fit(train)
    lstm = LSTMForecaster.load(record or record_folder("hydro/wave-loads-lstm"))
    return [*fitted, lstm, hybrid]


def _waves(cases: Cases) -> list[str]:
    """The channels of the wave probes."""
    return [name for name in cases.channels if name.startswith("wave_elevation")]


@functools.cache
def fitted_forecasters(record: Path | None = None) -> tuple[Splits, list[Forecaster]]:
    """The measured loads and what :func:`load_forecasters` makes of them, made only once.

    Args:
        record: Folder with a trained LSTM; by default the published one.

    Returns:
        Splits and forecasters.

    Raises:
        DatasetMissing: if the measured loads are not on this machine.
    """
    splits = measured_wave_loads()
    return splits, load_forecasters(splits[TRAIN], record)


def forecast_errors(forecasters: list[Forecaster], splits: dict[str, Cases]) -> xr.Dataset:
    """Normalised errors of forecasters on the two test splits.

    Args:
        forecasters: Fitted forecasters.
        splits: With the test splits inside and outside the envelope.

    Returns:
        ``normalised_error`` on axes (split, forecaster, lead); the lead in s.
    """
    tests = (INSIDE, OUTSIDE)
    errors = np.stack(
        [
            [normalised_errors(one, splits[test], loads.LEADS).values for one in forecasters]
            for test in tests
        ]
    )
    meaning = {"units": "1", "long_name": "root-mean-square error over standard deviation"}
    return xr.Dataset(
        {"normalised_error": (("split", "forecaster", "lead"), errors, meaning)},
        {
            "split": list(tests),
            "forecaster": [one.name for one in forecasters],
            "lead": ("lead", np.array(loads.LEADS) / loads.RATE, {"units": "s"}),
        },
    )


@figure(
    "hydro/wave-loads-traces",
    title="Measured sway force and its forecasts from 200 ms before",
    rtol=1e-3,
    atol=1e-3,
    needs=("ntnu_fixed_section_loads",),
    recipe="hydro/wave-loads-lstm",
)
def wave_load_traces(record: Path | None = None) -> Drawn:
    """A few seconds of one run inside and one outside the envelope.

    Args:
        record: Folder with a trained LSTM; by default the published one.

    Returns:
        Measured force and the forecasts of vector autoregression, LSTM and hybrid, N.

    Raises:
        DatasetMissing: if the measured loads are not on this machine.
    """
    splits, forecasters = fitted_forecasters(record)
    shown = forecasters[-3:]
    data = xr.concat(
        [_trace(splits[test], shown).expand_dims(split=[test]) for test in (INSIDE, OUTSIDE)],
        "split",
    )
    picture = new_picture(TWO_COLUMNS, 2.6)
    panels = picture.subplots(1, 2, sharey=True)
    for axis, test in zip(panels, data["split"].values, strict=True):
        _draw_trace(axis, data.sel(split=test))
        axis.set(xlabel="time (s)", title=f"wave period {data['period'].sel(split=test):.3f} s")
    panels[0].set_ylabel("sway force (N)")
    panels[0].legend(loc="upper left", ncols=2, columnspacing=1.0)
    low, high = float(data["measured"].min()), float(data["measured"].max())
    panels[0].set_ylim(low - 0.25 * (high - low), high + 0.45 * (high - low))
    label_panels(picture)
    return Drawn(picture, data)


def _draw_trace(axis: Panel, one: xr.Dataset) -> None:
    """Measured force and forecasts in one panel."""
    axis.plot(one["time"], one["measured"], color=BLACK, lw=2.2, alpha=0.35, label="measured")
    for name, colour in zip(one["forecaster"].values, COLOURS[1:], strict=False):
        curve = one["forecast"].sel(forecaster=name)
        axis.plot(one["time"], curve, color=colour, lw=1.0, label=name)


def _trace(cases: Cases, forecasters: list[Forecaster]) -> xr.Dataset:
    """Sway force in the middle of the last run of a split, that with the shortest waves."""
    name, case = list(cases.cases.items())[-1]
    samples = _middle(case)
    force = cases.channels.index(loads.LOADS[0])
    rows = []
    for forecaster in forecasters:
        forecast = forecaster.predict(case.values, [_TRACE_LEAD])["forecast"]
        due = forecast.assign_coords(time=forecast["time"] + _TRACE_LEAD)
        rows.append(due.isel(lead=0, target=0).sel(time=samples).values)
    newtons = {"units": "N", "long_name": "sway force"}
    seconds = np.arange(len(samples)) / cases.rate
    period = loads.read_section_loads()["wave_period"].sel(case=name).item()
    return xr.Dataset(
        {
            "measured": ("time", case.values[samples, force], newtons),
            "forecast": (("forecaster", "time"), np.stack(rows), newtons),
            "period": ((), period, {"units": "s", "long_name": "wave period"}),
        },
        {
            "time": ("time", seconds, {"units": "s"}),
            "forecaster": [one.name for one in forecasters],
        },
    )


def _middle(case: Case) -> IntArray:
    """Samples of a few seconds in the middle of the judged part."""
    width = round(_TRACE_SECONDS * loads.RATE)
    start = (case.judged.start + case.judged.stop - width) // 2
    return np.arange(start, start + width)
