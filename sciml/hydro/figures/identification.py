"""The figures of the fifth notebook: whether the theory of cavities can be corrected from data."""

import math
from collections.abc import Sequence

import numpy as np
import xarray as xr

from sciml.data.files import find
from sciml.data.netcdf import open_netcdf
from sciml.figures.registry import Drawn, figure
from sciml.figures.style import (
    BLACK,
    BLUE,
    COLOURS,
    GREEN,
    TWO_COLUMNS,
    VERMILION,
    Panel,
    label_panels,
    new_picture,
)
from sciml.hydro.cavity_growth import (
    GrowthFit,
    GrowthTheory,
    fit_growth,
    grown_volume,
    growth_error,
    growth_phase,
)
from sciml.hydro.computed_growth import FLOW, Volumes, common_shape, computed_volumes
from sciml.hydro.identification import IdentificationSettings, Identified, identify
from sciml.hydro.identification_problem import (
    CavityTheory,
    ProblemSettings,
    Sensor,
    predicted_run,
)
from sciml.hydro.other_cavity import Truth, other_cavity, sensed
from sciml.hydro.sections import SectionSettings, steady_loss

FREE_GROWTH = ("a0", "a1", "growth_factor")

THEORY = CavityTheory(
    tunnel=SectionSettings(speed=10.0, diameter=0.02, gas_loss="portion", loss_coefficient=0.015)
)
TRUTHS = {
    "long": Truth(disk_drag=0.78, expansion=2.3, birth=0.0, closure=0.1),
    "mean": Truth(),
    "short": Truth(disk_drag=0.86, expansion=1.6, birth=1.0, closure=0.4),
}
_CAVITY = ("loss_coefficient", "expansion", "growth_factor")
# What is measured, and what is free.
CHOICES = {
    "pressure": (("cavity_pressure",), _CAVITY),
    "pressure + length": (("cavity_pressure", "length"), _CAVITY),
    "the same, bias free": (("cavity_pressure", "length"), (*_CAVITY, "pressure_bias")),
}
REACH = 1.6449  # standard errors on either side of a 90 % interval

_AMBIENT, _GAP = 25e3, 10e3  # Pa
_RATE, _DURATION, _RISE = 500.0, 2.0, 0.3  # Hz, s, s
# Frequency and amplitude of the tunnel's pressure and of the ventilation, Hz and over the mean.
_SWINGS = ((2.0, 0.10, 3.3, 0.3), (5.0, 0.10, 1.3, 0.3), (8.0, 0.08, 6.1, 0.3))
_NOISE, _BIAS = 0.1, 80.0  # over the swing of the signal; Pa, of the pressure's sensor
_CUTOFFS = {"cavity_pressure": 200.0, "length": 60.0}  # Hz, of the sensors
# White and AR(1) noise of equal power look like this from one sample to the next.
_CORRELATION = 0.45
_BIAS_BELIEF = 150.0  # Pa; standard deviation
_SHOWN_SIGMAS = (0.15, 0.20, 0.25, 0.35, 0.50)


def flow_theory() -> GrowthTheory:
    """Theory of the computed disk, as it is without any data: A = √ln(1/σ)."""
    flow = open_netcdf(find(FLOW)).attrs
    return GrowthTheory(
        tunnel=SectionSettings(
            speed=flow["speed"],
            diameter=flow["diameter"],
            density=flow["density"],
            vapour_pressure=flow["vapour_pressure"],
        )
    )


def corrected_growth(volumes: Volumes) -> GrowthFit:
    """Fit a₀, a₁ and the growth of sections that begin with no area.

    Args:
        volumes: Time and volume by σ.

    Returns:
        The corrected theory.
    """
    theory = flow_theory()
    point = theory.tunnel.model_copy(update={"birth_area": "point"})
    return fit_growth(volumes, theory.model_copy(update={"tunnel": point}), FREE_GROWTH)


def growth_errors(volumes: Volumes, used: Sequence[float]) -> xr.DataArray:
    """Error of each way to foretell growth, over the largest volume.

    Args:
        volumes: Time and volume by σ.
        used: The σ that may be fitted.

    Returns:
        Axes (way, cavitation_number).
    """
    train = {sigma: volumes[sigma] for sigma in used}
    theory, fitted, common = flow_theory(), corrected_growth(train).theory, common_shape(train)
    started = fit_growth(train, theory, ("start",)).theory
    rows = {
        name: [growth_error(one, {sigma: volumes[sigma]}) for sigma in volumes]
        for name, one in {"theory": theory, "start fitted": started, "corrected": fitted}.items()
    }
    rows["no theory"] = []
    for sigma, series in volumes.items():
        t, q = growth_phase(*series)
        gap = common.volume(sigma, t) - q
        rows["no theory"].append(float(np.sqrt(np.mean(gap**2))) / q.max())
    return xr.DataArray(
        list(rows.values()),
        {"way": list(rows), "cavitation_number": list(volumes)},
        ("way", "cavitation_number"),
        attrs={"units": "1", "long_name": "root-mean-square error over the largest volume"},
    )


@figure(
    "hydro/identification-growth",
    title="Growth of cavities computed by OpenFOAM, the theory, and the theory corrected at four σ",
    # The fit ends within 1e-8 of its minimum in the coordinates.
    rtol=1e-5,
    atol=1e-7,
)
def identification_growth() -> Drawn:
    """Volumes over time, and the error at each σ.

    Returns:
        Panel a: volume over D_n³, computed, by theory and by corrected theory; panel b: error over
        the largest volume, filled marks where σ was fitted, open ones where it was held out.
    """
    volumes, used = computed_volumes()
    data = _growth_curves(volumes, used)
    data["error"] = growth_errors(volumes, used)
    held = ("cavitation_number", [sigma not in used for sigma in volumes])
    data = data.assign_coords(held_out=held)
    picture = new_picture(TWO_COLUMNS, 3.0)
    left, right = picture.subplots(1, 2)
    _draw_growth(left, data)
    _draw_growth_errors(right, data)
    label_panels(picture)
    return Drawn(picture, data)


def _growth_curves(volumes: Volumes, used: Sequence[float]) -> xr.Dataset:
    """Growth phases on one clock in units of D_n/U; after its end each holds its last volume."""
    theory = flow_theory()
    fitted = corrected_growth({sigma: volumes[sigma] for sigma in used}).theory
    unit = theory.tunnel.diameter / theory.tunnel.speed
    clock = np.linspace(0.0, 21.5, 216)
    rows, ends = [], []
    for sigma in _SHOWN_SIGMAS:
        t, q = growth_phase(*volumes[sigma])
        time = np.minimum(clock * unit, t[-1])
        computed = np.interp(time, t, q)
        told = [grown_volume(one, sigma, time) for one in (theory, fitted)]
        rows.append(np.stack([computed, *told]) / theory.tunnel.diameter**3)
        ends.append(t[-1] / unit)
    meaning = {"units": "1", "long_name": "volume of the cavity over the cube of the diameter"}
    return xr.Dataset(
        {
            "volume": (("shown", "kind", "time"), np.stack(rows), meaning),
            "end": ("shown", ends, {"units": "1", "long_name": "end of growth, over D_n/U"}),
        },
        {
            "shown": list(_SHOWN_SIGMAS),
            "kind": ["computed", "theory", "corrected"],
            "time": ("time", clock, {"units": "1", "long_name": "time over D_n/U"}),
        },
    )


def _draw_growth(axis: Panel, data: xr.Dataset) -> None:
    """Volumes over time, each to the end of its growth."""
    held = dict(zip(data["cavitation_number"].values, data["held_out"].values, strict=True))
    for sigma in data["shown"].values:
        one = data.sel(shown=sigma)
        one = one.sel(time=slice(0.3, float(one["end"])))
        computed, theory, corrected = one["volume"].transpose("kind", "time").values
        axis.plot(one["time"], computed, color=BLACK, lw=2.4, alpha=0.35)
        axis.plot(one["time"], theory, color=COLOURS[1], lw=1.0, ls=":")
        axis.plot(one["time"], corrected, color=BLUE, lw=1.1, ls="--")
        mark, last = "*" if held[sigma] else "", float(computed[-1])
        axis.text(float(one["end"]) + 0.25, last, f"σ = {sigma:.2f}{mark}", fontsize=7, va="center")
    axis.set(xlabel="time × U / D$_n$", ylabel="volume / D$_n$³", xlim=(0, 26.5), ylim=(0, 41))
    for line, name in zip(axis.lines, data["kind"].values, strict=False):
        line.set_label(str(name))
    axis.legend(loc="lower right")
    axis.text(26.3, 12, "* held out", fontsize=7, ha="right")


def _draw_growth_errors(axis: Panel, data: xr.Dataset) -> None:
    """Errors over σ."""
    colours = (COLOURS[1], VERMILION, BLUE, GREEN)
    sigma, held = data["cavitation_number"].values, data["held_out"].values
    for way, colour in zip(data["way"].values, colours, strict=True):
        error = data["error"].sel(way=way).values
        axis.plot(sigma, error, color=colour, lw=1.0, label=way)
        axis.plot(sigma[~held], error[~held], "o", color=colour)
        axis.plot(sigma[held], error[held], "o", color=colour, mfc="white", mew=0.9)
    axis.plot([], [], "o", color=BLACK, label="fitted σ")
    axis.plot([], [], "o", color=BLACK, mfc="white", mew=0.9, label="held-out σ")
    axis.set(xlabel="σ", ylabel="error / largest volume", yscale="log", ylim=(0.0015, 3))
    ticks = [0.003, 0.01, 0.03, 0.1, 0.3, 1]
    axis.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    axis.minorticks_off()
    axis.legend(loc="upper left", ncols=3, columnspacing=1.0)


def measured_runs(truth: Truth, seed: int = 0) -> list[xr.Dataset]:
    """Runs of a cavity of another model, read by slow and noisy sensors.

    Args:
        truth: What the cavity is made of.
        seed: Of the noise.

    Returns:
        Three runs with ``cavity_pressure`` in Pa, biased, and ``length`` in m.
    """
    runs = []
    for number, swing in enumerate(_SWINGS):
        run = _driven(truth, swing)
        for place, (name, cutoff) in enumerate(_CUTOFFS.items()):
            read = sensed(run[name].values, 1 / _RATE, _NOISE, cutoff, (seed, number, place))
            run[name] = ("time", read + _BIAS * (name == "cavity_pressure"))
        runs.append(run)
    return runs


def _driven(truth: Truth, swing: tuple[float, float, float, float]) -> xr.Dataset:
    """A run of the other cavity, without noise."""
    f, size, gas_f, gas_size = swing
    clock = np.arange(round(_DURATION * _RATE)) / _RATE
    rise = np.minimum(clock / _RISE, 1.0)
    supply = 1.15 * steady_loss(THEORY.tunnel, _AMBIENT, _AMBIENT - _GAP)
    ambient = _AMBIENT * (1 + size * rise * np.sin(2 * math.pi * f * clock))
    gas = supply * (1 + gas_size * rise * np.sin(2 * math.pi * gas_f * clock))
    return other_cavity(truth, clock, ambient, gas)


def identified(runs: Sequence[xr.Dataset], choice: str) -> Identified:
    """Find the numbers of the theory from runs.

    Args:
        runs: As :func:`measured_runs` makes them.
        choice: Of :data:`CHOICES`, what is measured and what is free.

    Returns:
        The corrected theory.
    """
    names, free = CHOICES[choice]
    sensors = {
        name: Sensor(
            noise=_NOISE * float(np.mean([run[name].std() for run in runs])),
            correlation=_CORRELATION,
        )
        for name in names
    }
    spreads = {"pressure_bias": _BIAS_BELIEF} if "pressure_bias" in free else {}
    settings = IdentificationSettings(problem=ProblemSettings(spreads=spreads))
    return identify(runs, sensors, THEORY, free, settings)


def foretold_error(theory: CavityTheory, truth: Truth, frequency: float) -> float:
    """How far a theory is from a cavity in a swing that no fit has seen.

    Args:
        theory: The theory, corrected or not.
        truth: What the cavity is made of.
        frequency: Of the swing of the tunnel's pressure, Hz.

    Returns:
        Root-mean-square error of the length over its mean.
    """
    run = _driven(truth, (frequency, 0.08, 4.0, 0.3))
    gap = predicted_run(theory, run, ("length",))["length"] - run["length"]
    return float(np.sqrt((gap**2).mean()) / run["length"].mean())


@figure(
    "hydro/identification-loss",
    title="Loss and expansion of cavities of another model, by what is measured",
    # Least squares end within 1e-8 of the minimum, but differences of simulations feed them.
    rtol=1e-3,
    atol=1e-4,
)
def identification_loss() -> Drawn:
    """Estimates over the truth, with 90 % intervals.

    Returns:
        Panel a: the coefficient of gas loss; panel b: A; for three cavities.
    """
    data = xr.concat(
        [_estimated(truth).expand_dims(truth=[name]) for name, truth in TRUTHS.items()], "truth"
    )
    picture = new_picture(TWO_COLUMNS, 2.8)
    panels = picture.subplots(1, 2)
    labels = ("gas-loss coefficient / truth", "A / truth")
    for axis, number, label in zip(panels, data["parameter"].values, labels, strict=True):
        _draw_estimates(axis, data.sel(parameter=number))
        axis.set(ylabel=label, xlabel="cavity of the other model")
    handles, names = panels[0].get_legend_handles_labels()
    picture.legend(handles, names, loc="outside upper center", ncols=3)
    label_panels(picture)
    return Drawn(picture, data)


def _estimated(truth: Truth) -> xr.Dataset:
    """Estimates and half widths of their 90 % intervals, over the truth."""
    runs, true = measured_runs(truth), np.array([truth.portion, truth.expansion])
    names = ["loss_coefficient", "expansion"]
    found = [identified(runs, choice) for choice in CHOICES]
    values = [[one.values[name] for name in names] / true for one in found]
    widths = [REACH * np.array([one.errors[name] for name in names]) / true for one in found]
    axes = ("choice", "parameter")
    return xr.Dataset(
        {
            "estimate": (axes, np.stack(values), {"units": "1", "long_name": "over the truth"}),
            "half_width": (axes, np.stack(widths), {"units": "1", "long_name": "of 90 %"}),
        },
        {"choice": list(CHOICES), "parameter": names},
    )


def _draw_estimates(axis: Panel, one: xr.Dataset) -> None:
    """Estimates of one number, side by side for each cavity."""
    places = np.arange(one.sizes["truth"])
    for number, (choice, colour) in enumerate(
        zip(one["choice"].values, (VERMILION, BLUE, GREEN), strict=True)
    ):
        axis.errorbar(
            places + 0.18 * (number - 1),
            one["estimate"].sel(choice=choice),
            one["half_width"].sel(choice=choice),
            fmt="osD"[number],
            color=colour,
            capsize=2.5,
            lw=1.0,
            label=str(choice),
        )
    axis.axhline(1, color=BLACK, lw=0.6, ls=":")
    axis.set_xticks(places, [str(name) for name in one["truth"].values])
    axis.set_xlim(-0.5, len(places) - 0.5)
