"""The figures of the fourth notebook: how well a cavity is known when its sensor drops out."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import xarray as xr

from sciml.core.axes import FloatArray
from sciml.figures.registry import Drawn, figure
from sciml.figures.style import (
    BLACK,
    BLUE,
    ORANGE,
    TWO_COLUMNS,
    VERMILION,
    Panel,
    label_panels,
    new_picture,
)
from sciml.hydro import gain_model
from sciml.hydro.calibration import Calibrated, CalibrationSettings, interval_scores
from sciml.hydro.cases import INSIDE, OUTSIDE, TRAIN, Cases
from sciml.hydro.dmd import DynamicModes
from sciml.hydro.filters.gaussian import gaussian
from sciml.hydro.filters.models import LinearModel
from sciml.hydro.filters.sequential import consistency, run_filter
from sciml.hydro.filters.smoothing import smooth
from sciml.hydro.forecast import Forecaster, Plan, coverage
from sciml.hydro.histories import (
    CHANNELS,
    RATE,
    SETTLING,
    Swing,
    cavity_history,
    quiet_history,
    simulated_cavities,
)

CONTROLS = ("ambient_pressure", "ventilation")
SWINGS = {INSIDE: Swing(6.7, 0.1, 0.6, 0.15), OUTSIDE: Swing(11.0, 0.1, 0.6, 0.15)}
LEADS = (1, 5, 10, 25, 50)  # samples
REACH = 1.6449  # standard deviations on either side of a 90 % interval

_BURST = (1.35, 1.5)  # s; no sample at all
_MISSING = 0.3  # share of the other samples
_SHOWN = (1.1, 1.7)  # s
_NOISE_SEED, _GAP_SEED = 7, 0
# An error is known a lead late: quantiles that follow it by large steps overshoot at long leads.
_QUANTILE_STEP = 0.005


class CavityLaw(NamedTuple):
    """A linear law of the cavity that was identified from training runs."""

    model: gain_model.LinearModel  # scaled
    controls: dict[str, int]  # their numbers among the channels
    train: Cases

    def drive(self, values: FloatArray) -> FloatArray:
        """How the controls push the state of a run of shape (time, channel); (time, state)."""
        scaling = self.train.scaling()
        course = gain_model.course_of(self.model, scaling, self.controls, values, (1,), None)
        return course.drive


def identified_law(train: Cases) -> CavityLaw:
    """The law by dynamic modes, with noise split between process and sensor.

    Args:
        train: Runs with noisy sensors.

    Returns:
        The law, as the learnt gain of the recipe starts from.
    """
    modes = DynamicModes(50, controls=CONTROLS, control_delays=50, rank=20, ridge=1e-3)
    modes.fit(train)
    model = gain_model.identified_model(modes, train, train.scaling())
    return CavityLaw(model, dict(modes.controls), train)


def sensed_run(swing: Swing) -> tuple[FloatArray, FloatArray]:
    """A run as its sensors read it, and the true cavity pressure.

    Args:
        swing: How it is driven.

    Returns:
        Channels, shape (time, channel), and the pressure without noise, Pa, shape (time,).
    """
    reading, truth = cavity_history(swing, _NOISE_SEED), quiet_history(swing)
    values = np.stack([reading[name].values for name in CHANNELS], axis=-1)
    return values, truth["cavity_pressure"].values


def with_gaps(readings: FloatArray, share: float, records: int, seed: int) -> FloatArray:
    """Copies of a record that each lose other samples.

    Args:
        readings: Shape (time,).
        share: Of the samples that are lost.
        records: Number of copies.
        seed: Of the losses.

    Returns:
        Readings with NaN where lost, shape (record, time).
    """
    lost = np.random.default_rng(seed).random((records, readings.size)) < share
    return np.where(lost, np.nan, readings)


def estimates(law: CavityLaw, values: FloatArray, readings: FloatArray) -> xr.Dataset:
    """Filter and smooth records of the cavity pressure that have gaps.

    Args:
        law: The identified law.
        values: All channels of the run; the controls are used. Shape (time, channel).
        readings: Cavity pressure with NaN where lost, Pa, shape (record, time).

    Returns:
        ``pressure`` and ``deviation``, Pa, on axes (estimator, record, time), with
        ``filter`` and ``smoother``; the attribute ``mean_nis`` is 1 if the filter is consistent.
    """
    model, scaling = law.model, law.train.scaling().only(("cavity_pressure",))
    states = len(model.F)
    filtering = LinearModel(model.F, model.H, model.Q, model.R, control=np.eye(states))
    prior = gain_model.stationary_filter(model, (1,)).prior
    drive = np.broadcast_to(law.drive(values), (len(readings), len(values), states))
    observed = scaling.apply(readings[..., None])
    filtered = run_filter(filtering, observed, gaussian(np.zeros(states), prior), drive)
    smoothed = smooth(filtering, filtered)
    means, deviations = [], []
    for found in (filtered, smoothed):
        means.append(scaling.invert(found.means @ model.H.T + model.h)[..., 0])
        spread = np.linalg.norm(model.H @ found.factors, axis=-1)[..., 0]
        deviations.append(spread * scaling.std[0])
    axes = ("estimator", "record", "time")
    return xr.Dataset(
        {
            "pressure": (axes, np.stack(means), {"units": "Pa"}),
            "deviation": (axes, np.stack(deviations), {"units": "Pa"}),
        },
        {"estimator": ["filter", "smoother"], "time": np.arange(len(values)) / RATE},
        {"mean_nis": consistency(filtered).mean_nis if filtered.seen.any() else math.nan},
    )


def settled_coverage(found: xr.Dataset, truth: FloatArray) -> xr.DataArray:
    """Share of the truths within the 90 % intervals of :func:`estimates`, by estimator."""
    gap = (found["pressure"] - xr.DataArray(truth, dims="time")) / found["deviation"]
    return (gap**2 < REACH**2).sel(time=slice(SETTLING, None)).mean(["record", "time"])


def settled_error(pressure: xr.DataArray, truth: FloatArray) -> xr.DataArray:
    """Root-mean-square error over records and time once the swing is there, Pa."""
    gap = (pressure - xr.DataArray(truth, dims="time")).sel(time=slice(SETTLING, None))
    return (gap**2).mean(["record", "time"]) ** 0.5


class DropoutRow(NamedTuple):
    """What is known of a run when a share of its samples is lost."""

    interpolated: float  # error of the samples that came, joined by lines, Pa
    filtered: float  # error, Pa
    smoothed: float  # error, Pa
    coverage: float  # share of the truths within the filter's 90 % intervals
    mean_nis: float  # 1 if the filter is consistent; NaN without any sample


def dropout_table(
    law: CavityLaw,
    run: tuple[FloatArray, FloatArray],
    shares: Sequence[float],
    records: int,
) -> dict[float, DropoutRow]:
    """Filter copies of a run that lose samples at random.

    Args:
        law: The identified law.
        run: As :func:`sensed_run` makes it.
        shares: Of the samples that are lost.
        records: Copies for each share, each with other losses.

    Returns:
        A row for each share.
    """
    values, truth = run
    rows: dict[float, DropoutRow] = {}
    for share in shares:
        readings = with_gaps(values[:, 0], share, records, _GAP_SEED)
        found = estimates(law, values, readings)
        joined = found["pressure"].isel(estimator=0).copy(data=_joined(readings))
        filtered, smoothed = settled_error(found["pressure"], truth).values.tolist()
        inside = float(settled_coverage(found, truth).sel(estimator="filter"))
        plain = float(settled_error(joined, truth))
        rows[share] = DropoutRow(plain, filtered, smoothed, inside, found.attrs["mean_nis"])
    return rows


def _joined(readings: FloatArray) -> FloatArray:
    """Readings with lines across the gaps; NaN where nothing came; (record, time)."""
    clock, joined = np.arange(readings.shape[1]), readings.copy()
    for row in joined:
        came = np.isfinite(row)
        if came.any():
            row[:] = np.interp(clock, clock[came], row[came])
    return joined


@figure(
    "hydro/filter-dropout",
    title="A cavity's pressure from a sensor with gaps: inside the envelope known, outside not",
    # Eigenvectors and square roots by LAPACK differ between processors in the last digits, and
    # the choice of 20 of 50 directions passes them on.
    rtol=1e-4,
    atol=1e-3,
)
def filter_dropout() -> Drawn:
    """Truth, sensor, filter and smoother for a swing inside and one outside the envelope.

    Returns:
        The pressures and the 90 % band of the filter, kPa.
    """
    law = identified_law(simulated_cavities()[TRAIN])
    data = xr.concat(
        [_gappy(law, swing).expand_dims(split=[split]) for split, swing in SWINGS.items()], "split"
    )
    picture = new_picture(TWO_COLUMNS, 2.9)
    panels = picture.subplots(1, 2, sharey=True)
    for axis, (split, swing) in zip(panels, SWINGS.items(), strict=True):
        _draw_gappy(axis, data.sel(split=split))
        axis.set(xlabel="time (s)", title=f"swing of {swing.frequency:g} Hz: {_WHERE[split]}")
        axis.text(np.mean(_BURST), 18.1, "no sensor", fontsize=7, ha="center")
    panels[0].set(ylabel="cavity pressure (kPa)", ylim=(11.4, 18.5))
    handles, names = panels[0].get_legend_handles_labels()
    picture.legend(handles, names, loc="outside upper center", ncols=5)
    label_panels(picture)
    return Drawn(picture, data)


_WHERE = {INSIDE: "inside the envelope", OUTSIDE: "faster than trained"}


def _draw_gappy(axis: Panel, one: xr.Dataset) -> None:
    """One run in a panel."""
    time = one["time"]
    axis.axvspan(*_BURST, color="#e8eaed", lw=0)
    band = REACH * one["deviation"]
    low, high = one["filtered"] - band, one["filtered"] + band
    axis.fill_between(time, low, high, color=BLUE, alpha=0.3, lw=0, label="filter, 90 %")
    axis.plot(time, one["truth"], color=BLACK, lw=0.9, label="truth")
    axis.plot(time, one["smoothed"], color=VERMILION, lw=1.0, ls="--", label="smoother")
    axis.plot(time, one["sensor"], ".", color=ORANGE, ms=2.2, label="sensor")
    axis.plot(time, one["filtered"], color=BLUE, lw=1.0, label="filter")


def _gappy(law: CavityLaw, swing: Swing) -> xr.Dataset:
    """A run whose sensor loses samples at random and all for a while, kPa."""
    values, truth = sensed_run(swing)
    readings = with_gaps(values[:, 0], _MISSING, 1, _GAP_SEED)
    time = np.arange(len(values)) / RATE
    readings[:, (time >= _BURST[0]) & (time < _BURST[1])] = np.nan
    found = estimates(law, values, readings).isel(record=0)
    kept = np.isfinite(readings[0])
    columns = {
        "truth": truth,
        # A reference holds finite numbers: a lost reading is drawn far below the picture.
        "sensor": np.where(kept, readings[0], 0.0),
        "filtered": found["pressure"].sel(estimator="filter").values,
        "smoothed": found["pressure"].sel(estimator="smoother").values,
        "deviation": found["deviation"].sel(estimator="filter").values,
    }
    data = xr.Dataset(
        {name: ("time", 1e-3 * column, {"units": "kPa"}) for name, column in columns.items()},
        {"time": ("time", time, {"units": "s"})},
    )
    return data.sel(time=slice(*_SHOWN))


class _Foretold:
    """A forecaster that is told how the controls of a run will go on, and remembers its answers."""

    def __init__(self, forecaster: Forecaster, channels: Sequence[str]) -> None:
        self._forecaster, self.name = forecaster, forecaster.name
        self._places = {name: channels.index(name) for name in CONTROLS}
        self._answers: dict[bytes, xr.Dataset] = {}

    def fit(self, train: Cases) -> dict[str, float]:
        """Fit the forecaster."""
        return self._forecaster.fit(train)

    def predict(
        self,
        inputs: FloatArray,
        leads: Sequence[int],
        planned: Plan | None = None,  # noqa: ARG002 - the plan is what came
    ) -> xr.Dataset:
        """Forecast at all leads and choose those asked for."""
        key = inputs.tobytes()
        if key not in self._answers:
            plan = {name: inputs[:, place] for name, place in self._places.items()}
            self._answers[key] = self._forecaster.predict(inputs, LEADS, plan)
        return self._answers[key].sel(lead=list(leads))


@figure(
    "hydro/interval-coverage",
    title="Coverage of 90 % intervals by lead, inside and outside the envelope",
    # A truth near the end of an interval may fall to its other side: one in a few thousand.
    rtol=1e-3,
    atol=2e-3,
    recipe="hydro/cavity-pressure-learned-gain",
)
def interval_coverage(record: Path | None = None) -> Drawn:
    """How often the truth lies in the intervals of the learnt gain, as issued and calibrated.

    Args:
        record: Folder with a trained gain; by default the published one.

    Returns:
        Panel a: share of the truths inside; panel b: mean width of the intervals.
    """
    from sciml.hydro.learned_gain import LearnedGain  # Paddle is imported only when it is needed
    from sciml.training.run import record_folder

    splits = simulated_cavities()
    gain = LearnedGain.load(record or record_folder("hydro/cavity-pressure-learned-gain"))
    told = _Foretold(gain, splits[TRAIN].channels)
    settings = CalibrationSettings(step=_QUANTILE_STEP)
    calibrated = Calibrated(told, settings).start(splits[TRAIN], LEADS)
    data = xr.concat(
        [
            _coverages(told, calibrated, splits[split]).expand_dims(split=[split])
            for split in (INSIDE, OUTSIDE)
        ],
        "split",
    )
    picture = new_picture(TWO_COLUMNS, 2.6)
    left, right = picture.subplots(1, 2)
    _draw_intervals(left, data["coverage"])
    _draw_intervals(right, data["width"])
    left.axhline(0.9, color=BLACK, lw=0.6, ls=":")
    left.text(100, 0.88, "claimed: 0.9", fontsize=7, ha="right", va="top")
    left.set(ylabel="coverage of the 90 % interval", ylim=(0.5, 1.0))
    right.set(ylabel="mean width / standard deviation", ylim=(0, 1.6))
    right.legend(loc="upper left", ncols=2, columnspacing=1.0)
    label_panels(picture)
    return Drawn(picture, data)


def _draw_intervals(axis: Panel, values: xr.DataArray) -> None:
    """Lines over the lead; a colour for each split, open marks for what is calibrated."""
    for split, colour in ((INSIDE, BLUE), (OUTSIDE, VERMILION)):
        for kind, style in (("as issued", "o-"), ("calibrated", "s--")):
            axis.plot(
                1e3 * values["lead"],
                values.sel(split=split, interval=kind),
                style,
                color=colour,
                mfc=colour if kind == "as issued" else "white",
                label=f"{_WHERE[split].split()[0]}, {kind}",
            )
    axis.set(xlabel="lead (ms)", xscale="log")
    ticks = [2, 10, 20, 50, 100]
    axis.set_xticks(ticks, [str(tick) for tick in ticks])
    axis.minorticks_off()


def _coverages(issued: Forecaster, calibrated: Calibrated, cases: Cases) -> xr.Dataset:
    """Coverage and width of both intervals at the leads."""
    scores = interval_scores(calibrated, cases, LEADS)
    shares = [coverage(issued, cases, LEADS).values, scores["coverage"].values]
    widths = [_issued_width(issued, cases), scores["width"].values]
    return xr.Dataset(
        {
            "coverage": (("interval", "lead"), np.stack(shares), {"units": "1"}),
            "width": (("interval", "lead"), np.stack(widths), {"units": "1"}),
        },
        {
            "interval": ["as issued", "calibrated"],
            "lead": ("lead", np.array(LEADS) / RATE, {"units": "s"}),
        },
    )


def _issued_width(issued: Forecaster, cases: Cases) -> FloatArray:
    """Mean width of the 90 % intervals over the standard deviation of the target; (lead,)."""
    target = cases.target_indices
    spread = [case.values[case.judged][:, target].var() for case in cases.cases.values()]
    told = [issued.predict(case.values, LEADS) for case in cases.cases.values()]
    widths = [one["standard_deviation"].mean(["time", "target"]).values for one in told]
    return 2 * REACH * np.mean(widths, axis=0) / np.sqrt(np.mean(spread))
