"""The figures of the third notebook: what histories a ventilated cavity goes through."""

import math

import numpy as np
import xarray as xr

from sciml.core.axes import FloatArray
from sciml.figures.registry import Drawn, figure
from sciml.figures.style import (
    BLACK,
    BLUE,
    GREEN,
    ORANGE,
    TWO_COLUMNS,
    VERMILION,
    Panel,
    label_panels,
    new_picture,
)
from sciml.hydro.histories import (
    AMBIENT_PRESSURE,
    CAVITATION_NUMBER,
    SETTLING,
    TUNNEL,
    Swing,
    quiet_history,
)
from sciml.hydro.oscillation import measured_growth
from sciml.hydro.reentrant import jet_history
from sciml.hydro.section_ensemble import simulate_cavities
from sciml.hydro.sections import (
    SectionSettings,
    simulate_cavity,
    steady_cavity,
    steady_loss,
)

_SWINGS = {
    "tunnel pressure swings": Swing(5.0, 0.08, 1.0, 0.0),
    "ventilation swings": Swing(5.0, 0.0, 5.0, 0.2),
}
_SHOWN_SECONDS = 0.8
_LABELS = ("drive / mean", "cavity p (kPa)", "length / D$_n$", "jet's push (N)")

_COEFFICIENTS = (0.01, 0.02)  # what is quoted for the loss coefficient
_EXPANSIONS = (1.75, 2.25)  # and for A
_MEMBERS = 1000
_STEP_AT, _STEP_SIZE = 0.1, 0.3  # s; of the ventilation, over its mean
_FAN_SECONDS = 0.6
_LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)

_BETAS = np.linspace(1.4, 2.8, 29)
_FREQUENCIES = np.linspace(0.1, 3.0, 59)  # in a lifetime
_SMALL = 0.002  # amplitude of the pressure swing, over the gap
_STEPS, _LIFETIMES, _JUDGED = 80, 30, 10  # in a lifetime; of a history; at its end


def steady_gap() -> float:
    """The pressure gap p∞ - p_c of the undisturbed cavity, Pa."""
    return CAVITATION_NUMBER * TUNNEL.dynamic_pressure


@figure(
    "hydro/cavity-histories",
    title="Pressure, length and jet force of a cavity when tunnel pressure or ventilation swings",
    # Simulated in plain arithmetic; other processors round the last digits otherwise.
    rtol=1e-6,
    atol=1e-9,
)
def cavity_histories() -> Drawn:
    """One cavity driven in two ways.

    Returns:
        Cavity pressure, length and push of the re-entrant jet, when the tunnel's pressure swings
        (left) and when the ventilation does (right).
    """
    data = xr.concat(
        [_driven(swing).expand_dims(drive=[name]) for name, swing in _SWINGS.items()], "drive"
    )
    picture = new_picture(TWO_COLUMNS, 4.4)
    panels = picture.subplots(4, 2, sharex=True, sharey="row")
    for column, name in enumerate(data["drive"].values):
        _draw_history(panels[:, column], data.sel(drive=name))
        panels[0, column].set_title(str(name))
        panels[3, column].set_xlabel("time (s)")
    for axis, label in zip(panels[:, 0], _LABELS, strict=True):
        axis.set_ylabel(label)
    panels[0, 0].set_ylim(0.78, 1.22)
    panels[0, 0].legend(loc="upper right", ncols=2, bbox_to_anchor=(1.0, 1.12))
    picture.align_ylabels()
    label_panels(picture)
    return Drawn(picture, data)


def _draw_history(column: list[Panel], one: xr.Dataset) -> None:
    """What drives the cavity, then pressure, length and force, each in a panel."""
    time = one["time"]
    column[0].plot(time, one["relative_ventilation"], color=GREEN, label="ventilation")
    column[0].plot(time, one["relative_pressure"], color=BLACK, lw=0.9, label="tunnel pressure")
    column[1].plot(time, 1e-3 * one["cavity_pressure"], color=BLUE)
    column[2].plot(time, one["length"], color=ORANGE)
    column[3].plot(time, one["jet_force"], color=VERMILION)


def _driven(swing: Swing) -> xr.Dataset:
    """What is shown of one run, after the swing has risen."""
    run = quiet_history(swing)
    shown = slice(2 * SETTLING, 2 * SETTLING + _SHOWN_SECONDS)
    run = run.assign(jet_force=jet_history(run, TUNNEL)["jet_force"]).sel(time=shown)
    supply = steady_loss(TUNNEL, AMBIENT_PRESSURE, AMBIENT_PRESSURE - steady_gap())
    meaning = {
        "relative_pressure": (run["ambient_pressure"] / AMBIENT_PRESSURE, "tunnel pressure / mean"),
        "relative_ventilation": (run["ventilation"] / supply, "ventilation / mean"),
        "length": (run["length"] / TUNNEL.diameter, "length of the cavity / disk diameter"),
    }
    variables = {
        name: ratio.assign_attrs(units="1", long_name=text)
        for name, (ratio, text) in meaning.items()
    }
    data = run[["cavity_pressure", "jet_force"]].assign(variables).drop_attrs(deep=False)
    return data.assign_coords(time=data["time"] - data["time"][0])


@figure(
    "hydro/cavity-ensemble",
    title="A step of the ventilation in 1,000 cavities; how a swing of the tunnel is amplified",
    # As above; near the threshold a swing keeps growing, and with it the rounding.
    rtol=1e-5,
    atol=1e-6,
)
def cavity_ensemble() -> Drawn:
    """What uncertain coefficients do, and what the frequency of a swing does.

    Returns:
        Panel a: quantiles of the cavity pressure over histories with coefficients drawn from the
        ranges quoted for them. Panel b: swing of the cavity pressure over that of the tunnel.
    """
    data = xr.merge([ventilation_step(_MEMBERS), amplification(_BETAS, _FREQUENCIES)])
    picture = new_picture(TWO_COLUMNS, 2.8)
    left, right = picture.subplots(1, 2, width_ratios=(1, 1.15))
    _draw_fan(left, data)
    levels = np.geomspace(0.02, 10, 28)
    filled = right.contourf(
        data["swing_frequency"],
        data["beta"],
        np.log10(data["amplification"]),
        np.log10(levels),
        cmap="cividis",
        extend="both",
    )
    lines = right.contour(
        data["swing_frequency"], data["beta"], data["amplification"], [1], colors="white"
    )
    lines.set_linewidth(0.9)
    right.text(1.5, 2.68, "amplified inside the white line", color="white", fontsize=7)
    right.set(xlabel="swing frequency × section lifetime", ylabel="β = σ$_v$ / σ")
    bar = picture.colorbar(filled, ax=right, label="cavity swing / tunnel swing")
    ticks = [0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10]
    bar.set_ticks(list(np.log10(ticks)), labels=[f"{tick:g}" for tick in ticks])
    label_panels(picture)
    return Drawn(picture, data)


def _draw_fan(axis: Panel, data: xr.Dataset) -> None:
    """Quantiles of the pressure over time."""
    time, fan = 1e3 * data["time"], 1e-3 * data["pressure_quantile"]
    for low, high, alpha in ((0.05, 0.95, 0.25), (0.25, 0.75, 0.45)):
        label = f"{high - low:.0%} of the histories".replace("%", " %")
        axis.fill_between(
            time,
            fan.sel(level=low),
            fan.sel(level=high),
            color=BLUE,
            alpha=alpha,
            lw=0,
            label=label,
        )
    axis.plot(time, fan.sel(level=0.5), color=BLUE, label="median")
    axis.axvline(1e3 * _STEP_AT, color=BLACK, lw=0.6, ls=":")
    axis.text(1e3 * _STEP_AT - 8, 15.95, "gas\n+ 30 %", fontsize=7, ha="right", va="top")
    axis.set(xlabel="time (ms)", ylabel="cavity pressure (kPa)")
    axis.legend(loc="lower right")


def ventilation_step(members: int, seed: int = 0) -> xr.Dataset:
    """Cavities with coefficients from the quoted ranges, all with the same pressure at first.

    Args:
        members: Number of histories.
        seed: Of the coefficients.

    Returns:
        ``pressure_quantile`` (level, time), Pa, after a step of the ventilation.
    """
    generator = np.random.default_rng(seed)
    drawn = generator.uniform(*zip(_COEFFICIENTS, _EXPANSIONS, strict=True), size=(members, 2))
    cavities = [
        TUNNEL.model_copy(update={"loss_coefficient": c, "expansion": a}) for c, a in drawn.tolist()
    ]
    time = np.arange(0.0, _FAN_SECONDS, 5e-4)
    inner = AMBIENT_PRESSURE - steady_gap()
    supplies = np.array([steady_loss(one, AMBIENT_PRESSURE, inner) for one in cavities])
    stepped = np.where(time > _STEP_AT, 1 + _STEP_SIZE, 1.0)
    found = simulate_cavities(
        cavities, time, AMBIENT_PRESSURE, lambda number: supplies[number] * stepped, inner, every=4
    )
    fan = found["cavity_pressure"].quantile(_LEVELS, "history")
    fan.attrs = {"units": "Pa", "long_name": "quantile of the cavity pressure over the histories"}
    return fan.rename("pressure_quantile").rename(quantile="level").to_dataset()


def amplification(betas: FloatArray, frequencies: FloatArray) -> xr.Dataset:
    """How much a small swing of the tunnel's pressure is amplified in the cavity.

    Args:
        betas: σ_v/σ of the undisturbed cavities, shape (beta,).
        frequencies: Of the swing, times the lifetime of a section, shape (frequency,).

    Returns:
        ``amplification`` (beta, swing_frequency): half the range of the cavity pressure at the
        end of a long run over the amplitude of the tunnel's.
    """
    gap = steady_gap()
    lifetime = steady_cavity(TUNNEL, AMBIENT_PRESSURE, AMBIENT_PRESSURE - gap).lifetime
    time = np.arange(_LIFETIMES * _STEPS) * lifetime / _STEPS
    rise = np.minimum(time / (5 * lifetime), 1.0)
    beta, frequency = (x.ravel() for x in np.meshgrid(betas, frequencies, indexing="ij"))
    mean = TUNNEL.vapour_pressure + beta * gap
    supply = np.array([steady_loss(TUNNEL, p, p - gap) for p in mean])

    def pressure(number: int) -> FloatArray:
        angle = 2 * math.pi * frequency[number] * time / lifetime
        return mean[number] + _SMALL * gap * rise * np.sin(angle)

    found = simulate_cavities(
        [TUNNEL] * beta.size,
        time,
        pressure,
        lambda number: np.full(time.size, supply[number]),
        mean - gap,
    )
    late = found["cavity_pressure"].isel(time=slice(-_JUDGED * _STEPS, None)).values
    swing = np.ptp(late, axis=1) / (2 * _SMALL * gap)
    shape = (betas.size, frequencies.size)
    meaning = {"units": "1", "long_name": "swing of the cavity pressure over that of the tunnel"}
    return xr.Dataset(
        {"amplification": (("beta", "swing_frequency"), swing.reshape(shape), meaning)},
        {"beta": betas, "swing_frequency": frequencies},
    )


def disturbed_growth(tunnel: SectionSettings, beta: float) -> complex:
    """How the first wave on a cavity grows after a small push, with the tunnel's law of gas loss.

    Args:
        tunnel: Disk, flow and gas loss; σ is that of the undisturbed cavity of the histories.
        beta: σ_v/σ.

    Returns:
        λ times the lifetime of a section: the wave is e^(λt).
    """
    gap = steady_gap()
    pressure = tunnel.vapour_pressure + beta * gap
    lifetime = steady_cavity(tunnel, pressure, pressure - gap).lifetime
    time = np.arange(10 * 400) * lifetime / 400
    push = 1e-4 * gap * ((time > 0) & (time < lifetime / 2))
    supply = steady_loss(tunnel, pressure, pressure - gap)
    run = simulate_cavity(tunnel, time, pressure + push, supply, pressure - gap)
    ringing = run["cavity_pressure"].sel(time=slice(4 * lifetime, None))
    return measured_growth(ringing, 4, 1 / lifetime) * lifetime
