"""The figures of hydro: each function returns a picture and the numbers that it shows."""

import math
from pathlib import Path

import numpy as np
import xarray as xr

from sciml.core.axes import FloatArray, IntArray
from sciml.figures.registry import Drawn, figure
from sciml.figures.style import BLACK, COLOURS, TWO_COLUMNS, Panel, label_panels, new_picture
from sciml.hydro import loads
from sciml.hydro.cases import INSIDE, OUTSIDE, TRAIN, Case, Cases, measured_wave_loads
from sciml.hydro.forecast import Autoregression, Forecaster, Persistence, normalised_errors
from sciml.hydro.oscillation import measured_growth, stability_experiment
from sciml.hydro.sections import SectionSettings, steady_cavity
from sciml.hydro.stability import characteristic_root, neutral_beta, stability_map

_TUNNEL = SectionSettings(speed=10.0, diameter=0.02)
_AMBIENT_PRESSURE = 25e3  # Pa
_CAVITATION_NUMBERS = (0.15, 0.2, 0.3)
_STABLE_BETA, _UNSTABLE_BETA = 2.4, 2.8
_EXPERIMENT_LIFETIMES = 8.0

ORDER, RIDGE = 50, 1e-5  # samples of history and penalty of the linear regressions
_TRACE_LEAD = 10  # samples: 200 ms
_TRACE_SECONDS = 3.0


@figure(
    "hydro/section-growth",
    title="A cavity's sections grow and close; at β = 2.4 a wave on it decays, at 2.8 it grows",
    rtol=1e-6,
    atol=1e-7,
)
def section_growth() -> Drawn:
    """Outline of steady cavities, and the cavity pressure after a disturbance.

    Returns:
        Panel a: cavity radius along the cavity at three cavitation numbers. Panel b: simulated
        pressure at a β below and a β above the first neutral one, with the analytic envelope.
    """
    data = xr.merge([_outlines(), _ringing()])
    picture = new_picture(TWO_COLUMNS, 2.5)
    left, right = picture.subplots(1, 2)
    for number, colour in zip(_CAVITATION_NUMBERS, COLOURS, strict=False):
        outline = data.sel(cavitation_number=number)
        left.plot(outline["position"], outline["radius"], color=colour, label=f"σ = {number}")
    left.set(xlabel="distance from the disk / disk diameter", ylabel="radius / disk diameter")
    left.set(xlim=(-0.5, 16), ylim=(0, 1.45))
    left.legend(loc="upper right")
    for beta, colour in zip(data["beta"].values, COLOURS, strict=False):
        one = data.sel(beta=beta)
        right.plot(one["time"], 1e3 * one["pressure"], color=colour, label=f"β = {beta:g}")
        right.plot(one["time"], 1e3 * one["envelope"], color=BLACK, lw=0.7, ls="--")
    right.plot([], [], color=BLACK, lw=0.7, ls="--", label="analytic growth")
    right.set(xlabel="time / section lifetime", ylabel="pressure change / gap × 10³")
    right.legend(loc="upper left", ncols=3, columnspacing=1.0)
    right.set_ylim(-2.3, 2.8)
    label_panels(picture)
    return Drawn(picture, data)


def _outlines() -> xr.Dataset:
    """Radius along steady cavities, in disk diameters."""
    age = (1 - np.cos(np.linspace(0.0, math.pi, 201))) / 2  # dense at both ends
    rows = []
    for number in _CAVITATION_NUMBERS:
        gap = number * _TUNNEL.dynamic_pressure
        steady = steady_cavity(_TUNNEL, _AMBIENT_PRESSURE, _AMBIENT_PRESSURE - gap)
        t = age * steady.lifetime
        area = _TUNNEL.initial_area + _TUNNEL.growth * t - _TUNNEL.compliance * gap * t**2 / 2
        radius = np.sqrt(np.maximum(area, 0.0) / math.pi) / _TUNNEL.diameter
        rows.append((age * steady.length / _TUNNEL.diameter, radius))
    meaning = {"position": "distance from the disk / D_n", "radius": "cavity radius / D_n"}
    variables = {
        name: (("cavitation_number", "age"), np.stack(column), {"units": "1", "long_name": text})
        for (name, text), column in zip(meaning.items(), zip(*rows, strict=True), strict=True)
    }
    coordinates = {"cavitation_number": list(_CAVITATION_NUMBERS), "age": age}
    return xr.Dataset(variables, coordinates)


def _ringing() -> xr.Dataset:
    """Simulated pressure after a disturbance, and the envelope that the theory predicts."""
    betas = (_STABLE_BETA, _UNSTABLE_BETA)
    runs = [stability_experiment(b, amplitude=1e-3, lifetimes=_EXPERIMENT_LIFETIMES) for b in betas]
    time = runs[0]["time"].values
    pressure = np.stack([_change(run) for run in runs])
    envelope = np.stack([_envelope(time, row, b) for row, b in zip(pressure, betas, strict=True)])
    attributes = {"units": "1", "comment": "over the steady pressure gap"}
    return xr.Dataset(
        {
            "pressure": (("beta", "time"), pressure, attributes),
            "envelope": (("beta", "time"), envelope, attributes),
        },
        {"beta": list(betas), "time": time},
    )


def _change(run: xr.Dataset) -> FloatArray:
    """The pressure gap's departure from its steady value 1; the experiment has unit gap."""
    gap = run["ambient_pressure"].values - run["cavity_pressure"].values
    return 1.0 - gap


def _envelope(time: FloatArray, pressure: FloatArray, beta: float) -> FloatArray:
    """The analytic growth, put through the largest swing of the third lifetime."""
    third = (time >= 2.0) & (time < 3.0)
    at = int(np.argmax(np.where(third, np.abs(pressure), 0.0)))
    rate = characteristic_root(beta).real
    return np.abs(pressure[at]) * np.exp(rate * (time - time[at]))


@figure(
    "hydro/stability-map",
    title="Growth rate and frequency of cavity oscillations: theory and simulation agree",
    rtol=1e-5,
    atol=1e-6,
)
def stability_map_figure() -> Drawn:
    """Growth and frequency over β for one, two and three waves on the cavity.

    Returns:
        Panel a: growth rate per lifetime; panel b: oscillations per lifetime. Lines are the roots
        of the characteristic equation, dots the oscillation measured in simulations.
    """
    data = _theory_and_simulation()
    picture = new_picture(TWO_COLUMNS, 2.6)
    left, right = picture.subplots(1, 2)
    for mode, colour in zip(data["mode"].values, COLOURS, strict=False):
        one = data.sel(mode=mode)
        waves = "wave" if mode == 1 else "waves"
        for axis, name in ((left, "growth_rate"), (right, "frequency")):
            axis.plot(one["beta"], one[name], color=colour, label=f"{mode} {waves}")
            dots = one[f"simulated_{name}"]
            axis.plot(one["tested_beta"], dots, "o", color=colour, mfc="white", mew=0.9)
        left.axvline(neutral_beta(int(mode)), color=colour, lw=0.6, ls=":")
    left.plot([], [], "o", color=BLACK, mfc="white", mew=0.9, label="simulated")
    left.axhline(0, color=BLACK, lw=0.6)
    left.set(xlabel="β = σ_v / σ", ylabel="growth rate × lifetime", xscale="log", ylim=(-2.2, 1.6))
    right.set(xlabel="β = σ_v / σ", ylabel="oscillations per lifetime", xscale="log", ylim=(0, 4))
    for axis in (left, right):
        ticks = [1.5, 2, 3, 5, 10, 20]
        axis.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        axis.minorticks_off()
    left.text(neutral_beta(1) * 1.03, -2.05, "1 + π²/6", fontsize=7, color=COLOURS[0])
    left.legend(loc="upper left")
    label_panels(picture)
    return Drawn(picture, data)


def _theory_and_simulation() -> xr.Dataset:
    """Roots on a fine grid of β, simulated oscillations on a coarse one near each threshold."""
    modes = (1, 2, 3)
    theory = stability_map(np.geomspace(1.5, 22.0, 160), modes)
    factors = np.array([0.75, 0.87, 0.97, 1.03, 1.12, 1.25])
    tested = np.stack([1 + (neutral_beta(n) - 1) * factors for n in modes])
    found = np.array(
        [[_simulated_root(beta, n) for beta in row] for n, row in zip(modes, tested, strict=True)]
    )
    axes = ("mode", "test")
    return theory.assign(
        simulated_growth_rate=(axes, found.real, theory["growth_rate"].attrs),
        simulated_frequency=(axes, found.imag / (2 * math.pi), theory["frequency"].attrs),
    ).assign_coords(tested_beta=(axes, tested, {"units": "1"}))


def _simulated_root(beta: float, mode: int) -> complex:
    """The oscillation with n waves, measured in a simulation."""
    run = stability_experiment(float(beta), mode)
    return measured_growth(run["cavity_pressure"], mode + 1, float(mode))  # slower ones grow too


@figure(
    "hydro/wave-loads-errors",
    title="Forecast error on measured wave loads, inside and outside the trained wave periods",
    rtol=1e-3,
    atol=1e-4,
    needs=("ntnu_fixed_section_loads",),
    recipe="hydro/wave-loads-lstm",
)
def wave_load_errors(record: Path | None = None) -> Drawn:
    """Error against lead for persistence, autoregressions and the LSTM.

    Args:
        record: Folder with a trained LSTM; by default the published one.

    Returns:
        Panel a: wave periods between trained ones. Panel b: shorter than any trained.

    Raises:
        DatasetMissing: if the measured loads are not on this machine.
    """
    splits = measured_wave_loads()
    forecasters = load_forecasters(splits[TRAIN], record)
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
        Persistence, autoregression, vector autoregression with wave probes, LSTM.
    """
    from sciml.hydro.lstm import LSTMForecaster  # Paddle is imported only when it is needed
    from sciml.training.run import record_folder

    fitted: list[Forecaster] = [
        Persistence(),
        Autoregression(ORDER, loads.LEADS, all_channels=False, ridge=RIDGE),
        Autoregression(ORDER, loads.LEADS, all_channels=True, ridge=RIDGE),
    ]
    for forecaster in fitted:
        forecaster.fit(train)
    return [*fitted, LSTMForecaster.load(record or record_folder("hydro/wave-loads-lstm"))]


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
        Measured force and the forecasts of the vector autoregression and the LSTM, N.

    Raises:
        DatasetMissing: if the measured loads are not on this machine.
    """
    splits = measured_wave_loads()
    shown = load_forecasters(splits[TRAIN], record)[-2:]
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
    panels[0].legend(loc="upper left", ncols=3, columnspacing=1.0)
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
