"""What is to be identified: a cavity's theory with free numbers, judged by measured runs.

The free numbers live in coordinates z that are 0 at the theory one starts from: ln(value/start)
for what is positive, (value - start)/unit for the rest. A run is simulated from the steady state
that balances its first ambient pressure and ventilation, never from a measured pressure: the
noise of one sample would bias every number. Where no such state exists, the initial pressure of
each run is one more free number.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np
import xarray as xr
from pydantic import Field, PositiveFloat, PositiveInt
from scipy.interpolate import CubicSpline

from sciml.core.axes import FloatArray, axes
from sciml.core.errors import BadInput
from sciml.core.nearest import nearest
from sciml.core.settings import Settings
from sciml.hydro.clock import even_step, sampled, seconds
from sciml.hydro.reentrant import JetSettings, jet_history
from sciml.hydro.sections import (
    SectionSettings,
    balanced_pressure,
    expansion_at,
    simulate_cavity,
    steady_cavity,
)

# What a sensor may measure, each with axis time.
SIGNALS = ("cavity_pressure", "length", "jet_force", "drag")
# What a theory says beside them: the gas that leaves by the law of loss.
PREDICTIONS = (*SIGNALS, "gas_loss")
# Free numbers that are positive, and the others.
POSITIVE = (
    "loss_coefficient",
    "expansion",
    "growth_factor",
    "drag_coefficient",
    "a0",
    "blockage",
    "force_coefficient",
    "delay_coefficient",
)
SIGNED = ("loss_shape", "a1", "drag_exponent", "pressure_bias")
_TUNNEL = ("loss_coefficient", "loss_shape", "expansion", "growth_factor", "drag_coefficient")
_JET = ("force_coefficient", "delay_coefficient")
_START = "start_pressure"

# Unit of a pressure that is free, over ½ρV²; and the half width of the central difference.
_PRESSURE_UNIT = 0.01
_DIFFERENCE = 1e-4
# Widest search, in coordinates: a factor of 20 either way, 1.5 for the blockage.
_REACH = {"blockage": math.log(1.5)}
_WIDEST = math.log(20.0)
_WIDEST_SIGNED = 50.0
# Steps in a lifetime of the simulation, where samples are sparser.
_STEPS_PER_LIFETIME = 60
# Steps towards the A that its own σ asks for; each leaves less than a tenth of the error.
_EXPANSION_STEPS = 4


class CavityTheory(Settings):
    """A theory of a ventilated cavity with the corrections that measurements may ask for."""

    tunnel: SectionSettings
    jet: JetSettings = JetSettings()
    # a0 and a1 of A = a0 √(ln 1/σ)^a1 at a run's first σ; without them A is the tunnel's.
    a0: PositiveFloat | None = None
    a1: float = 1.0
    # n of c_x ~ (1 + σ)ⁿ in the drag that turns the jet around; 1 is usual for steady cavities.
    drag_exponent: float = 0.0
    blockage: PositiveFloat = 1.0  # factor on p∞: the walls make the tunnel's pressure another
    pressure_bias: float = 0.0  # of the sensor of the cavity pressure, Pa

    def tunnel_at(self, cavitation_number: float) -> SectionSettings:
        """The settings of a simulation at σ: the tunnel's, with A by the law if there is one."""
        if self.a0 is None:
            return self.tunnel
        A = expansion_at(cavitation_number, self.a0, self.a1)
        return self.tunnel.model_copy(update={"expansion": A})


class Sensor(Settings):
    """The noise of a sensor."""

    noise: PositiveFloat  # standard deviation, in the unit of the signal
    correlation: float = Field(default=0.0, ge=0, lt=1)  # of the noise from sample to sample


class ProblemSettings(Settings):
    """How runs are simulated."""

    start: Literal["balance", "free"] = "balance"  # free: a start pressure per run is free too
    substeps: PositiveInt | None = None  # of a sample; by default 60 steps in a lifetime
    # How far a free number plausibly is from the theory's, one standard deviation: relative where
    # it is positive, else in its unit. What no sensor feels stays there; none: no such belief.
    spreads: dict[str, PositiveFloat] = Field(default_factory=dict)


class _Run(NamedTuple):
    """A run, its finer clock for the simulation, and the samples that count."""

    time: FloatArray  # s, (time,)
    fine: FloatArray  # s, (step,)
    substeps: int
    ambient: FloatArray  # Pa, (step,)
    ventilation: FloatArray  # m³/s, (step,)
    signals: dict[str, FloatArray]  # (time,), NaN where missing
    first: int  # sample that counts


class IdentificationProblem:
    """Measured runs, their sensors, a theory and its free numbers."""

    def __init__(
        self,
        runs: Sequence[xr.Dataset],
        sensors: Mapping[str, Sensor],
        theory: CavityTheory,
        free: Sequence[str],
        settings: ProblemSettings | None = None,
    ) -> None:
        self.theory, self.sensors = theory, dict(sensors)
        settings = settings or ProblemSettings()
        _check_choices(runs, self.sensors, theory, free, settings.spreads)
        self._runs = [_prepared(run, k, self.sensors) for k, run in enumerate(runs)]
        _check_measured(self._runs, self.sensors)
        self.names = tuple(free)
        self._guesses: list[float] = []
        if settings.start == "free":
            self._guesses = [_first_pressure(run, theory) for run in self._runs]
            self.names += tuple(f"{_START}_{k}" for k in range(len(runs)))
        self.spreads = np.array([self._spread(name, settings.spreads) for name in self.names])
        starts = [self._start_of(k) for k in range(len(runs))]
        self._runs = [
            _refined(run, theory, start, settings.substeps)
            for run, start in zip(self._runs, starts, strict=True)
        ]

    def trusting(self, noises: Mapping[str, float]) -> "IdentificationProblem":
        """The same problem with other noises of its sensors, by signal, in the signal's unit."""
        part = self._copied()
        part.sensors = {
            name: sensor.model_copy(update={"noise": noises[name]})
            for name, sensor in self.sensors.items()
        }
        return part

    def windowed(self, first: int, stop: int) -> "IdentificationProblem":
        """The same problem as it stands at an earlier time, but for the forcing next to its end.

        The spline through the forcing stays that of the whole runs: where a sample is simulated in
        several steps, the last ones before ``stop`` feel the few samples of forcing that follow.
        Measurements from ``stop`` on are never looked at.

        Args:
            first: Sample from which on measurements count; the runs still begin at their start.
            stop: Samples that exist.

        Returns:
            The problem, judged by the samples [first, stop[ of each run.
        """
        part = self._copied()
        part._runs = [_cut(run, first, stop) for run in self._runs]
        return part

    @property
    def samples(self) -> int:
        """Samples of the longest run."""
        return max(run.time.size for run in self._runs)

    @property
    def clock(self) -> FloatArray:
        """Time since the start of the longest run, s, shape (time,)."""
        time = max((run.time for run in self._runs), key=len)
        return time - time[0]

    @property
    def bounds(self) -> tuple[FloatArray, FloatArray]:
        """The widest search, in coordinates, each of shape (parameter,)."""
        reach = np.array(
            [
                _REACH.get(name, _WIDEST if name in POSITIVE else _WIDEST_SIGNED)
                for name in self.names
            ]
        )
        return -reach, reach

    def values(self, z: FloatArray) -> dict[str, float]:
        """The free numbers at coordinates of shape (parameter,), in their own units."""
        return {name: self._value(name, float(x)) for name, x in zip(self.names, z, strict=True)}

    def coordinates(self, values: Mapping[str, float]) -> FloatArray:
        """Coordinates of free numbers, shape (parameter,)."""
        return np.array([self._coordinate(name, values[name]) for name in self.names])

    def slopes(self, z: FloatArray) -> FloatArray:
        """How fast each free number changes with its coordinate, shape (parameter,)."""
        return np.array(
            [
                self._value(name, float(x)) if name in POSITIVE else self._unit(name)
                for name, x in zip(self.names, z, strict=True)
            ]
        )

    def theory_at(self, z: FloatArray) -> CavityTheory:
        """The theory with its free numbers set, from coordinates of shape (parameter,)."""
        return _with(self.theory, self.values(z))

    def residuals(self, z: FloatArray) -> FloatArray:
        """How far the theory is from the measurements, in standard deviations of their noise.

        Args:
            z: Coordinates, shape (parameter,).

        Returns:
            Whitened differences of all samples that are there, shape (sample,).

        Raises:
            BadInput: if the theory has no such cavity, for example because it collapses.
        """
        return np.concatenate([*self.residuals_by_signal(z).values()])

    def residuals_by_signal(self, z: FloatArray) -> dict[str, FloatArray]:
        """The residuals at coordinates of shape (parameter,), each signal's of shape (sample,)."""
        values = self.values(z)
        theory = _with(self.theory, values)
        parts: dict[str, list[FloatArray]] = {name: [] for name in self.sensors}
        for k, run in enumerate(self._runs):
            start = values.get(f"{_START}_{k}")
            predicted = _signals(theory, run, start, tuple(self.sensors))
            for name, measured in run.signals.items():
                difference = predicted[name] - measured
                parts[name].append(_whitened(difference, self.sensors[name], run.first))
        return {name: np.concatenate(found) for name, found in parts.items()}

    def jacobian(self, z: FloatArray) -> FloatArray:
        """Slopes of the residuals by central differences, shape (sample, parameter)."""
        columns: list[FloatArray] = []
        for index in range(len(self.names)):
            step = np.zeros(len(self.names))
            step[index] = _DIFFERENCE
            change = self.residuals(z + step) - self.residuals(z - step)
            columns.append(change / (2 * _DIFFERENCE))
        return np.stack(columns, axis=1)

    def _copied(self) -> "IdentificationProblem":
        part = object.__new__(IdentificationProblem)
        part.__dict__.update(self.__dict__)
        return part

    def _spread(self, name: str, spreads: Mapping[str, float]) -> float:
        """Standard deviation of a coordinate before any measurement; infinite if unknown."""
        unit = 1.0 if name in POSITIVE else self._unit(name)
        return spreads.get(name, math.inf) / unit

    def _start_of(self, k: int) -> float:
        """Initial pressure of a run by the theory one starts from."""
        return self._guesses[k] if self._guesses else _balance(self.theory, self._runs[k])[1]

    def _base(self, name: str) -> float:
        """The value one starts from."""
        if name.startswith(_START):
            return self._guesses[int(name.removeprefix(f"{_START}_"))]
        return _number(self.theory, name)

    def _unit(self, name: str) -> float:
        """Of a free number that may have any sign."""
        pressure = name == "pressure_bias" or name.startswith(_START)
        return _PRESSURE_UNIT * self.theory.tunnel.dynamic_pressure if pressure else 1.0

    def _value(self, name: str, x: float) -> float:
        if name in POSITIVE:
            return self._base(name) * math.exp(x)
        return self._base(name) + self._unit(name) * x

    def _coordinate(self, name: str, value: float) -> float:
        if name in POSITIVE:
            return math.log(value / self._base(name))
        return (value - self._base(name)) / self._unit(name)


def predicted_run(
    theory: CavityTheory,
    run: xr.Dataset,
    signals: Sequence[str] = PREDICTIONS,
    start_pressure: float | None = None,
) -> xr.Dataset:
    """What a theory says that the sensors of a run read.

    Args:
        theory: The theory, for example an identified one.
        run: ``ambient_pressure`` in Pa and ``ventilation`` in m³/s on an even ``time`` in s.
        signals: Of :data:`PREDICTIONS`, those wanted.
        start_pressure: Cavity pressure up to the first sample, Pa; by default in balance.

    Returns:
        The signals on the time of the run: cavity pressure with the sensor's bias in Pa, length
        in m, push of the re-entrant jet and drag of the disk in N, gas loss in m³/s.

    Raises:
        BadInput: if a variable is missing or wrong, or the theory has no such cavity.
    """
    bare = _prepared(run, 0, {})
    start = _balance(theory, bare)[1] if start_pressure is None else start_pressure
    found = _signals(theory, _refined(bare, theory, start), start_pressure, signals)
    return xr.Dataset(
        {name: ("time", values) for name, values in found.items()}, coords={"time": run["time"]}
    )


def _number(theory: CavityTheory, name: str) -> float:
    """A number of the theory by its name."""
    home = theory.tunnel if name in _TUNNEL else theory.jet if name in _JET else theory
    return float(getattr(home, name))


def _with(theory: CavityTheory, values: Mapping[str, float]) -> CavityTheory:
    """The theory with other numbers."""
    tunnel = theory.tunnel.model_copy(update={k: v for k, v in values.items() if k in _TUNNEL})
    jet = theory.jet.model_copy(update={k: v for k, v in values.items() if k in _JET})
    inner = (*_TUNNEL, *_JET)
    own = {k: v for k, v in values.items() if k not in inner and not k.startswith(_START)}
    return theory.model_copy(update={"tunnel": tunnel, "jet": jet, **own})


def _balance(theory: CavityTheory, run: _Run) -> tuple[SectionSettings, float]:
    """The tunnel with its A, and the pressure at which a run's first loss and supply balance."""
    tunnel, ambient = theory.tunnel, theory.blockage * run.ambient[0]
    pressure = balanced_pressure(tunnel, ambient, run.ventilation[0])
    if theory.a0 is not None:
        for _ in range(_EXPANSION_STEPS):
            tunnel = _tunnel(theory, ambient - pressure)
            pressure = balanced_pressure(tunnel, ambient, run.ventilation[0])
    return tunnel, pressure


def _tunnel(theory: CavityTheory, gap: float) -> SectionSettings:
    """The tunnel at a pressure gap."""
    if theory.a0 is None:
        return theory.tunnel
    return theory.tunnel_at(gap / theory.tunnel.dynamic_pressure)


def _signals(
    theory: CavityTheory, run: _Run, start: float | None, wanted: Sequence[str]
) -> dict[str, FloatArray]:
    """The wanted signals at the samples of a run."""
    if start is None:
        tunnel, start = _balance(theory, run)
    else:
        tunnel = _tunnel(theory, theory.blockage * run.ambient[0] - start)
    ambient = theory.blockage * run.ambient
    history = simulate_cavity(tunnel, run.fine, ambient, run.ventilation, start)
    found: dict[str, FloatArray] = {}
    if "jet_force" in wanted:
        found["jet_force"] = _jet_force(theory, tunnel, history)
    found["cavity_pressure"] = history["cavity_pressure"].values + theory.pressure_bias
    found["length"] = history["length"].values
    if "gas_loss" in wanted:
        rate = np.gradient(history["gas_leaked"].values, run.fine)
        found["gas_loss"] = rate / tunnel.reference_pressure
    area = math.pi * tunnel.diameter**2 / 4.0
    drag = tunnel.drag_coefficient * tunnel.dynamic_pressure * area
    found["drag"] = np.full(run.fine.shape, drag)
    return {name: found[name][:: run.substeps] for name in wanted}


def _jet_force(theory: CavityTheory, tunnel: SectionSettings, history: xr.Dataset) -> FloatArray:
    """Push of the jet whose drag follows σ from the start of the run on, N."""
    jet = jet_history(history, tunnel, theory.jet)
    if theory.drag_exponent == 0.0:
        return jet["jet_force"].values
    time, sigma = history["time"].values, history["cavitation_number"].values
    drag = ((1.0 + sigma) / (1.0 + sigma[0])) ** theory.drag_exponent
    return jet["jet_force"].values * np.interp(time - jet["jet_delay"].values, time, drag)


def _whitened(difference: FloatArray, sensor: Sensor, first: int) -> FloatArray:
    """Differences over their noise, each without what the one before it tells; gaps left out."""
    scaled, share = difference / sensor.noise, sensor.correlation
    before = np.concatenate([[np.nan], scaled[:-1]])
    told = (scaled - share * before) / math.sqrt(1.0 - share**2)
    white = np.where(np.isfinite(before), told, scaled)[first:]
    return white[np.isfinite(white)]


def _check_choices(
    runs: Sequence[xr.Dataset],
    sensors: Mapping[str, Sensor],
    theory: CavityTheory,
    free: Sequence[str],
    spreads: Mapping[str, float],
) -> None:
    """Names must be known, and every free number needs somewhere to start."""
    _check_names(free, (*POSITIVE, *SIGNED), "free: unknown number")
    _check_names(sensors, SIGNALS, "sensors: unknown signal")
    _check_names(spreads, free, "spreads: not free is")
    if not (runs and sensors and free) or len(set(free)) != len(free):
        raise BadInput(
            f"expected at least one run, one sensor and distinct free numbers, got {len(runs)} "
            f"runs, {len(sensors)} sensors and free = {tuple(free)}"
        )
    if theory.a0 is not None and "expansion" in free:
        raise BadInput("free: the theory's a0 and a1 set the expansion; free a0 or a1 instead")
    if theory.a0 is None and {"a0", "a1"} & set(free):
        raise BadInput("free: a0 or a1 without the law of expansion; give the theory an a0")
    for name in free:
        if name in POSITIVE and not _number(theory, name) > 0:
            raise BadInput(f"free: {name} starts at 0; give the theory a positive first guess")


def _check_names(names: Iterable[str], known: Sequence[str], what: str) -> None:
    """Unknown names are answered with the nearest known one."""
    for name in names:
        if name not in known:
            raise BadInput(f"{what} '{name}'; {nearest(name, known)}")


def _prepared(run: xr.Dataset, number: int, sensors: Mapping[str, Sensor]) -> _Run:
    """A run, checked."""
    missing = {"time", "ambient_pressure", "ventilation"} - set(run.variables)
    if missing:
        raise BadInput(f"runs[{number}]: no variable '{min(missing)}'; it drives the cavity")
    time = seconds(run["time"].values)
    even_step(time)
    ambient, ventilation = (
        sampled(run[name].values, time, f"runs[{number}]: {name}")
        for name in ("ambient_pressure", "ventilation")
    )
    signals: dict[str, FloatArray] = {}
    for name in sensors:
        if name in run:
            signals[name] = np.asarray(run[name].values, dtype=np.float64)
            axes(signals[name], "time", f"runs[{number}]: {name}", time=time.size)
    return _Run(time, time, 1, ambient, ventilation, signals, 0)


def _refined(run: _Run, theory: CavityTheory, start: float, substeps: int | None = None) -> _Run:
    """A run with enough steps in a lifetime, its forcing interpolated by cubic splines.

    They go through the whole run: what comes between two samples also depends on the next few.
    """
    if substeps is None:
        ambient = theory.blockage * run.ambient[0]
        tunnel = _tunnel(theory, ambient - start)
        lifetime = steady_cavity(tunnel, ambient, start).lifetime
        substeps = math.ceil(_STEPS_PER_LIFETIME * even_step(run.time) / lifetime)
    if substeps == 1:
        return run
    count = (run.time.size - 1) * substeps + 1
    fine = np.linspace(run.time[0], run.time[-1], count)
    ambient, ventilation = (CubicSpline(run.time, x)(fine) for x in (run.ambient, run.ventilation))
    # A spline undershoots where the supply is shut in one sample.
    return run._replace(
        fine=fine, substeps=substeps, ambient=ambient, ventilation=np.maximum(ventilation, 0.0)
    )


def _cut(run: _Run, first: int, stop: int) -> _Run:
    """The first ``stop`` samples of a run, of which those from ``first`` on count."""
    stop = min(stop, run.time.size)
    steps = (stop - 1) * run.substeps + 1
    return run._replace(
        time=run.time[:stop],
        fine=run.fine[:steps],
        ambient=run.ambient[:steps],
        ventilation=run.ventilation[:steps],
        signals={name: values[:stop] for name, values in run.signals.items()},
        first=first,
    )


def _check_measured(runs: Sequence[_Run], sensors: Mapping[str, Sensor]) -> None:
    """A sensor that has read nothing is a mistake."""
    for name in sensors:
        if not any(np.isfinite(run.signals.get(name, np.nan)).any() for run in runs):
            raise BadInput(
                f"{name}: no run has a finite sample of it; leave its sensor out, or mend the runs"
            )


def _first_pressure(run: _Run, theory: CavityTheory) -> float:
    """A first guess of the initial pressure: balance, else the median of the first samples."""
    try:
        return _balance(theory, run)[1]
    except BadInput:
        measured = run.signals.get("cavity_pressure", np.array([np.nan]))
        finite = measured[np.isfinite(measured)][:9]
        if not finite.size:
            raise
        return float(np.median(finite)) - theory.pressure_bias
