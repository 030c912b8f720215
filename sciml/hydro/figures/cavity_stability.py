"""The figures of the first notebook: when a ventilated cavity begins to ring."""

import math

import numpy as np
import xarray as xr

from sciml.core.axes import FloatArray
from sciml.figures.registry import Drawn, figure
from sciml.figures.style import BLACK, COLOURS, TWO_COLUMNS, label_panels, new_picture
from sciml.hydro.oscillation import measured_growth, stability_experiment
from sciml.hydro.sections import SectionSettings, steady_cavity
from sciml.hydro.stability import characteristic_root, neutral_beta, stability_map

_TUNNEL = SectionSettings(speed=10.0, diameter=0.02)
_AMBIENT_PRESSURE = 25e3  # Pa
_CAVITATION_NUMBERS = (0.15, 0.2, 0.3)
_STABLE_BETA, _UNSTABLE_BETA = 2.4, 2.8
_EXPERIMENT_LIFETIMES = 8.0


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
    left.set(
        xlabel="β = σ$_v$ / σ", ylabel="growth rate × lifetime", xscale="log", ylim=(-2.2, 1.6)
    )
    right.set(xlabel="β = σ$_v$ / σ", ylabel="oscillations per lifetime", xscale="log", ylim=(0, 4))
    for axis in (left, right):
        ticks = [1.5, 2, 3, 5, 10, 20]
        axis.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        axis.minorticks_off()
    left.text(neutral_beta(1) * 1.03, -2.05, "1 + π²/6", fontsize=7, color=COLOURS[0])
    # Opaque, so that the dotted line at the first threshold does not strike the words through.
    left.legend(loc="upper left", frameon=True, framealpha=1.0, edgecolor="none", borderpad=0.2)
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
