"""The section model of a ventilated cavity: right thresholds, right rates, and how fast.

Run it alone on a quiet machine: ``python benchmarks/hydro_sections.py``.
"""

import argparse
import math
import statistics
import time
from collections.abc import Callable
from typing import NamedTuple

import sciml  # noqa: F401 - makes the process settings, which must precede Paddle

# isort: split
import numba
import numpy as np
import paddle
from reporting import Row, report

from sciml.core.axes import FloatArray
from sciml.hydro.gas_loss import gas_loss
from sciml.hydro.oscillation import (
    measured_growth,
    neutral_beta_by_simulation,
    stability_experiment,
)
from sciml.hydro.section_ensemble import simulate_cavities
from sciml.hydro.section_kernel import COLUMNS, march
from sciml.hydro.section_twin import PARAMETERS, twin_cavities
from sciml.hydro.sections import (
    SectionSettings,
    section_run,
    simulate_cavity,
    steady_cavity,
    steady_loss,
)
from sciml.hydro.stability import characteristic_root

AMBIENT, INSIDE = 20e3, 12e3  # Pa
TUNNEL = SectionSettings(speed=10.0, diameter=0.01, gas_loss="portion", loss_coefficient=0.015)
STEADY = steady_cavity(TUNNEL, AMBIENT, INSIDE)
NEEDED = steady_loss(TUNNEL, AMBIENT, INSIDE)  # m³/s
STEPS = 200  # in a lifetime
# A law that asks for no largest section: the march is then smooth in all its inputs.
SMOOTH = SectionSettings(
    speed=10.0, diameter=0.01, gas_loss="power_law", loss_coefficient=0.03, loss_shape=-1.5
)
BETAS = (2.0, 2.4, 2.7, 3.0)


class Forcing(NamedTuple):
    """A tunnel that swings, sampled."""

    time: FloatArray
    ambient: FloatArray
    supply: FloatArray


def swinging(lifetimes: float, number: int = 0, supply: float = NEEDED) -> Forcing:
    """Ambient pressure and ventilation of one history; each number has its own frequency."""
    clock = np.arange(round(lifetimes * STEPS) + 1) * STEADY.lifetime / STEPS
    phase = 2 * math.pi * clock / STEADY.lifetime
    rate = 0.2 + 0.4 * (number * 0.618034 % 1.0)
    return Forcing(
        clock,
        AMBIENT * (1 + 0.05 * np.sin(rate * phase)),
        supply * (1 + 0.3 * np.sin(0.21 * phase)),
    )


def threshold_deviation() -> float:
    """How far the simulated first threshold is from 1 + π²/6, %."""
    exact = 1 + math.pi**2 / 6
    return 100 * abs(neutral_beta_by_simulation(steps=STEPS) / exact - 1)


def growth_deviation() -> float:
    """The largest relative deviation of a growth rate or a frequency from its root's, %."""
    worst = 0.0
    for beta in BETAS:
        run = stability_experiment(beta, steps=STEPS)
        found = measured_growth(run.cavity_pressure.isel(time=slice(STEPS // 2, None)), 4)
        root = complex(characteristic_root(beta))
        worst = max(worst, abs(found.real / root.real - 1), abs(found.imag / root.imag - 1))
    return 100 * worst


def median_seconds(work: Callable[[], object], repetitions: int) -> float:
    """The median wall time of some work, once it is warm."""
    work()
    seconds: list[float] = []
    for _ in range(repetitions):
        begun = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - begun)
    return statistics.median(seconds)


def kernel_seconds(repetitions: int) -> float:
    """Of one march over 20 lifetimes, per step."""
    given = swinging(20)
    law, ledger = gas_loss(TUNNEL.gas_loss).law, np.zeros((given.time.size, COLUMNS))
    seconds: list[float] = []
    for _ in range(repetitions + 1):
        run = section_run(TUNNEL, *given, INSIDE)
        begun = time.perf_counter()
        march(run, law, ledger)
        seconds.append(time.perf_counter() - begun)
    return statistics.median(seconds[1:]) / given.time.size


def ensemble_seconds(histories: int) -> float:
    """Of many histories of 20 lifetimes, every 20th pressure kept."""
    clock = swinging(20).time
    simulate_cavities([TUNNEL] * 2, clock, AMBIENT, NEEDED, INSIDE)
    begun = time.perf_counter()
    found = simulate_cavities(
        [TUNNEL] * histories,
        clock,
        lambda number: swinging(20, number).ambient,
        NEEDED,
        INSIDE,
        every=20,
    )
    seconds = time.perf_counter() - begun
    assert bool((found.ending == 0).all())
    return seconds


def twin_of(
    forcing: Forcing,
    batch: int,
    leaves: dict[str, paddle.Tensor],
    settings: SectionSettings = TUNNEL,
) -> paddle.Tensor:
    """The pressure by the twin, shape (history, time)."""
    ambient, supply = (
        paddle.to_tensor(np.tile(x, (batch, 1))) for x in (forcing.ambient, forcing.supply)
    )
    past = paddle.full([batch], INSIDE, dtype="float64")
    return twin_cavities(settings, forcing.time, ambient, supply, past, leaves).cavity_pressure


def parameters(settings: SectionSettings = TUNNEL) -> dict[str, paddle.Tensor]:
    """The parameters of a fit, at their settings."""
    return {
        name: paddle.to_tensor(getattr(settings, name), dtype="float64", stop_gradient=False)
        for name in PARAMETERS
    }


def twin_deviation() -> float:
    """The largest relative deviation in pressure from the kernel over 40 lifetimes."""
    given = swinging(40)
    kernel = simulate_cavity(TUNNEL, *given, INSIDE).cavity_pressure.values
    twin = twin_of(given, 1, parameters()).numpy()[0]
    return float(np.abs(twin / kernel - 1).max())


def gradient_deviation(tunnel: SectionSettings, h: float) -> float:
    """The largest relative deviation of a gradient from a finite difference of relative step h."""
    given = swinging(5, supply=steady_loss(tunnel, AMBIENT, INSIDE))
    leaves = parameters(tunnel)
    twin_of(given, 1, leaves, tunnel).mean().backward()
    worst = 0.0
    for name, leaf in leaves.items():
        value = getattr(tunnel, name)

        def mean_at(share: float, name: str = name, value: float = value) -> float:
            settings = tunnel.model_copy(update={name: value * (1 + share)})
            return float(simulate_cavity(settings, *given, INSIDE).cavity_pressure.mean())

        near, far = mean_at(h) - mean_at(-h), mean_at(2 * h) - mean_at(-2 * h)
        slope = (8 * near - far) / (12 * h * value)
        worst = max(worst, abs(float(leaf.grad) / slope - 1))
    return worst


def twin_seconds(batch: int, repetitions: int) -> float:
    """Of a gradient by all parameters over 10 lifetimes, per step and history."""
    given = swinging(10)
    seconds = median_seconds(
        lambda: twin_of(given, batch, parameters()).mean().backward(), repetitions
    )
    return seconds / given.time.size / batch


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=31)
    parser.add_argument("--histories", type=int, default=10_000)
    given = parser.parse_args()
    threads = numba.get_num_threads()
    few = max(3, given.repetitions // 6)
    report(
        f"section model: {STEPS} steps in a lifetime, {threads} threads for the ensemble",
        [
            Row("first threshold: deviation from 1 + pi^2/6", threshold_deviation(), "%", 0.1),
            Row("growth rates: largest deviation from the roots", growth_deviation(), "%", 0.5),
            Row(
                f"section model: time per step at {STEPS} sections",
                1e6 * kernel_seconds(given.repetitions),
                "µs",
                1.0,
            ),
            Row(
                f"{given.histories:,} histories of 20 lifetimes",
                ensemble_seconds(given.histories),
                "s",
                180.0,
            ),
            Row("Paddle twin: largest deviation from the kernel", twin_deviation(), "1", 1e-8),
            Row(
                "twin gradient: largest deviation from finite differences",
                gradient_deviation(SMOOTH, 2e-4),
                "1",
                1e-5,
            ),
            # The parabola that finds the widest section jumps from nodes to nodes, and the finite
            # difference sees the jumps; the mean pressure hardly depends on the expansion.
            Row(
                "the same with a loss by the widest section", gradient_deviation(TUNNEL, 3e-3), "1"
            ),
            Row("twin, value and gradient: batch 1", 1e6 * twin_seconds(1, few), "µs per step"),
            Row("twin, value and gradient: batch 64", 1e6 * twin_seconds(64, few), "µs per step"),
        ],
    )


if __name__ == "__main__":
    main()
