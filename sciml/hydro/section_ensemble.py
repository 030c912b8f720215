"""Many histories of the section model at once, with only what is asked for kept in memory."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numba
import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from sciml.core.axes import FloatArray, IntArray
from sciml.core.errors import BadInput
from sciml.data.checks import numbers
from sciml.hydro.clock import even_step, sampled, seconds
from sciml.hydro.gas_loss import gas_loss
from sciml.hydro.section_kernel import (
    COLLAPSED,
    COLUMNS,
    DONE,
    LIFETIME,
    NO_TAIL,
    TOO_COARSE,
    march,
)
from sciml.hydro.section_ledger import (
    QUANTITIES,
    check_ending,
    ledger_quantities,
    quantity_attributes,
)
from sciml.hydro.sections import SectionSettings, section_run

# A number, samples of shape (time,) for all, (history, time), or a function of the history's number
# that returns either of the first two.
ForEach = Callable[[int], ArrayLike] | ArrayLike
FORCING = ("ambient_pressure", "ventilation")
ENDINGS = {DONE: "done", COLLAPSED: "collapsed", TOO_COARSE: "gas_balance_unsolved"}


def simulate_cavities(
    settings: Sequence[SectionSettings],
    time: ArrayLike,
    ambient_pressure: ForEach,
    ventilation: ForEach = 0.0,
    past_pressure: ArrayLike | None = None,
    keep: Sequence[str] = ("cavity_pressure",),
    every: int = 1,
) -> xr.Dataset:
    """How many cavities answer, each its own disk, tunnel pressure and ventilation.

    Each history equals a run of :func:`sciml.hydro.sections.simulate_cavity` bit for bit, whatever
    the number of threads, ``numba.get_num_threads()``. A cavity that collapses does not stop the
    others: its values are NaN from there on.

    Args:
        settings: Disk, flow and gas loss of each history; ``[settings] * 1000`` repeats one.
        time: Samples, s, shape (time,), the same for all; evenly spaced.
        ambient_pressure: p∞, Pa: a number, samples of shape (time,) or (history, time), or, to
            spare memory, a function from the number of a history, from 0 on, to its samples.
        ventilation: q_in, m³/s at the reference pressure: as above.
        past_pressure: p_c up to the first sample, Pa: a number, or shape (history,). By default
            the pressure at which loss and ventilation balance.
        keep: Names of the variables to return, as simulate_cavity has them.
        every: Keep the first sample and every so many after it.

    Returns:
        What is to be kept, on axes (history, time); ``ending``, 0 where a history is complete; and
        ``samples``, how many of the clock a history has reached.

    Raises:
        BadInput: if no history is given, a name is unknown, ``every`` is less than 1 or a shape
            is wrong; and, with the number of the history, as simulate_cavity for its inputs.
    """
    samples, count = seconds(time), len(settings)
    even_step(samples)
    _check_request(count, keep, every)
    pasts = _pasts(past_pressure, count)
    kept = {name: np.full((count, -(-samples.size // every)), np.nan) for name in keep}
    ends = np.zeros((count, 2), dtype=np.int64)

    def one(number: int) -> None:
        forcing = (_given(x, number, count) for x in (ambient_pressure, ventilation))
        ends[number], found = _history(settings[number], samples, forcing, pasts[number])
        for name, store in kept.items():
            store[number] = found[name][::every]
            store[number, -(-int(ends[number, 1]) // every) :] = np.nan

    with ThreadPoolExecutor(numba.get_num_threads()) as pool:
        for number, done in enumerate([pool.submit(one, number) for number in range(count)]):
            try:
                done.result()
            except BadInput as error:
                pool.shutdown(cancel_futures=True)
                raise BadInput(f"history {number}: {error}") from error
    return _dataset(samples[::every], kept, ends)


def _check_request(count: int, keep: Sequence[str], every: int) -> None:
    """There is something to do, and something to keep."""
    if count == 0:
        raise BadInput("settings: expected one for each history, got none")
    unknown = [name for name in keep if name not in QUANTITIES]
    if unknown:
        raise BadInput(f"keep: unknown variable '{unknown[0]}'; known: {', '.join(QUANTITIES)}")
    if every < 1:
        raise BadInput(f"every must be 1 or more, got {every}")


def _pasts(past_pressure: ArrayLike | None, count: int) -> list[float | None]:
    """The past pressure of each history."""
    if past_pressure is None:
        return [None] * count
    values = numbers(past_pressure, "past_pressure")
    if values.shape not in ((), (count,)):
        raise BadInput(
            f"past_pressure: expected a number or shape ({count},), got shape {values.shape}"
        )
    return np.broadcast_to(values, (count,)).tolist()


def _given(forcing: ForEach, number: int, count: int) -> ArrayLike:
    """The forcing of one history."""
    if callable(forcing):
        return forcing(number)
    values = np.ma.asanyarray(forcing)
    if values.ndim < 2:
        return values
    if values.shape[0] != count:
        raise BadInput(f"forcing: expected {count} histories, got shape {values.shape}")
    return values[number]


def _history(
    settings: SectionSettings,
    samples: FloatArray,
    forcing: Iterable[ArrayLike],
    past: float | None,
) -> tuple[tuple[int, int], dict[str, FloatArray]]:
    """How one history ended, how many samples it reached, and what it found."""
    ambient, supply = (
        sampled(given, samples, name) for given, name in zip(forcing, FORCING, strict=True)
    )
    run = section_run(settings, samples, ambient, supply, past)
    ledger = np.zeros((samples.size, COLUMNS))
    ending, reached = march(run, gas_loss(settings.gas_loss).law, ledger)
    if ending == NO_TAIL:
        check_ending(ending, samples[0])
    ledger[:, LIFETIME] *= even_step(samples)
    found = ledger_quantities(settings, ambient, ledger)
    return (ending, reached), found | {"ambient_pressure": ambient, "ventilation": supply}


def _dataset(samples: FloatArray, kept: dict[str, FloatArray], ends: IntArray) -> xr.Dataset:
    """The ensemble with CF metadata."""
    variables = {
        name: (("history", "time"), values, quantity_attributes(name))
        for name, values in kept.items()
    }
    return xr.Dataset(
        {
            **variables,
            "ending": (
                "history",
                ends[:, 0],
                {
                    "long_name": "how the history ended",
                    "flag_values": list(ENDINGS),
                    "flag_meanings": " ".join(ENDINGS.values()),
                },
            ),
            "samples": (
                "history",
                ends[:, 1],
                {"long_name": "samples of the clock reached", "units": "1"},
            ),
        },
        coords={"time": ("time", samples, {"units": "s", "long_name": "time", "axis": "T"})},
        attrs={
            "Conventions": "CF-1.11",
            "title": "Ventilated cavities by the section model",
            "source": "simulation: independent sections and isothermal gas balance",
        },
    )
