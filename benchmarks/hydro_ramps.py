"""Forecasts through ramps of tunnel pressure and ventilation that no training run has.

Everything is learnt from twelve runs with sinusoidal swings of another cavity
(:mod:`sciml.hydro.other_cavity`: another discretisation, drag, closure and birth than the section
model; gas leaves by the same law), with noisy pressure sensors. Then the pressure ramps and the
ventilation steps. All methods are told the plan of the controls; the LSTM comes in two forms, one
of which has the plan in channels that run ahead by the longest lead. Errors are those of the
forecast against the pressure itself, without the noise of the sensor, over its standard deviation
in the run: 1 is as bad as the mean. Over the noisy reading no method could be seen below the noise.

``--train`` trains the networks again (about a minute for each of six).
"""

import argparse
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import sciml  # noqa: F401 - makes the process settings, which must precede Paddle

# isort: split
import numpy as np
import xarray as xr
from hydro_identification import AMBIENT, GAP, THEORY, TRUTHS
from numpy.typing import NDArray
from reporting import Row, report

from sciml.core.paths import project_root
from sciml.data.windows import WindowSettings
from sciml.hydro.cases import Case, Cases
from sciml.hydro.dmd import DynamicModes
from sciml.hydro.forecast import Autoregression, Forecaster, Persistence, Plan
from sciml.hydro.lstm import LSTMForecaster
from sciml.hydro.other_cavity import Truth, other_cavity
from sciml.hydro.section_hybrid import CONTROLS, TARGET, SectionHybrid
from sciml.hydro.sections import steady_loss
from sciml.nn.recurrent import LSTMSettings
from sciml.training.fit import FitSettings
from sciml.training.optimiser import OptimiserSettings

FloatArray = NDArray[np.float64]

RATE, DURATION, SETTLING = 500.0, 3.0, 0.5  # Hz, s, s
NOISE = 0.01 * AMBIENT  # Pa, of both pressure sensors
LEADS = (1, 5, 10, 25, 50)  # samples: 2 to 100 ms; a cavity lives about 20 ms
SWINGS = (1.0, 1.5, 2.0, 2.6, 3.0, 3.5, 4.4, 5.0, 5.6, 6.3, 7.1, 8.0)  # Hz
# Ends of the ramps of pressure (0.8 s) and of the ventilation's step (0.2 s), over the means.
RAMPS = ((0.25, 0.0), (0.0, -0.45), (0.2, 0.35), (-0.12, -0.3))
SEEDS = (1, 2, 3)
RECORDS = project_root() / "benchmarks/records/hydro_ramps"


class Experiment(NamedTuple):
    """Noisy runs, and what nobody is told but the judge."""

    runs: Cases
    pressure: Mapping[str, FloatArray]  # without noise, Pa
    plans: Mapping[str, Plan]  # controls without noise


def experiment(
    truth: Truth, forcing: Mapping[str, tuple[FloatArray, FloatArray]], seed: int
) -> Experiment:
    """Run the other cavity under each forcing, pressure and gas over their means."""
    supply = 1.15 * steady_loss(THEORY.tunnel, AMBIENT, AMBIENT - GAP)
    cases, pressure, plans = {}, {}, {}
    for number, (name, (swing, gas)) in enumerate(forcing.items()):
        ambient, ventilation = AMBIENT * (1 + swing), supply * (1 + gas)
        pressure[name] = other_cavity(truth, clock(), ambient, ventilation)[TARGET].values
        noise = NOISE * np.random.default_rng([seed, number]).standard_normal((2, len(swing)))
        values = np.stack([pressure[name] + noise[0], ambient + noise[1], ventilation], axis=-1)
        settled = slice(round(SETTLING * RATE), len(values))
        cases[name] = Case(values, settled, settled)
        plans[name] = dict(zip(CONTROLS, (ambient, ventilation), strict=True))
    return Experiment(Cases(cases, (TARGET, *CONTROLS), (TARGET,), RATE), pressure, plans)


def clock() -> FloatArray:
    """Samples, s."""
    return np.arange(round(DURATION * RATE)) / RATE


def swings() -> dict[str, tuple[FloatArray, FloatArray]]:
    """The forcing of the training runs, with random amplitudes."""
    time, generator = clock(), np.random.default_rng(0)
    rise = np.minimum(time / SETTLING, 1.0)
    found = {}
    for frequency in SWINGS:
        size, gas_size = generator.uniform(0.5, 1.0, 2) * (0.12, 0.2)
        slow = generator.uniform(0.3, 1.0)
        found[f"{frequency:g} Hz"] = (
            rise * size * np.sin(2 * np.pi * frequency * time),
            rise * gas_size * np.sin(2 * np.pi * slow * time),
        )
    return found


def ramps() -> dict[str, tuple[FloatArray, FloatArray]]:
    """The forcing of the test runs."""
    slow, fast = (
        np.clip((clock() - begin) / length, 0, 1) for begin, length in ((1, 0.8), (1.4, 0.2))
    )
    return {f"{p:+.0%} {q:+.0%}": (p * slow, q * fast) for p, q in RAMPS}


class PlannedLSTM:
    """The LSTM of the recipe; told the plan, it has also the controls of the longest lead."""

    def __init__(self, network: LSTMForecaster, *, told: bool) -> None:
        self.network, self.told = network, told
        self.name = "LSTM, told the plan" if told else "LSTM"

    @classmethod
    def fresh(cls, seed: int, *, told: bool) -> "PlannedLSTM":
        """One to train; with a plan its history holds all that is planned."""
        optimiser = OptimiserSettings(
            learning_rate=0.003, warmup_steps=50, weight_decay=1e-4, average_decay=0.99
        )
        training = FitSettings(epochs=20, batch_size=128, optimiser=optimiser)
        window = WindowSettings(history=2 * LEADS[-1] if told else LEADS[-1], leads=LEADS)
        validation = ("2.6 Hz", "5.6 Hz")
        sizes = LSTMSettings(hidden=64)
        network = LSTMForecaster(window, sizes, training, validation=validation, seed=seed)
        return cls(network, told=told)

    def fit(self, train: Cases) -> dict[str, float]:
        """Train on runs that went as planned."""
        if not self.told:
            return self.network.fit(train)
        cases = {
            name: case._replace(
                values=told_ahead(case.values, case.values[:, 1:]),
                active=slice(case.active.start, case.active.stop - LEADS[-1]),
            )
            for name, case in train.cases.items()
        }
        channels = (*train.channels, *(f"{name}_ahead" for name in CONTROLS))
        return self.network.fit(train._replace(cases=cases, channels=channels))

    def predict(
        self, inputs: FloatArray, leads: Sequence[int], planned: Plan | None = None
    ) -> xr.Dataset:
        """Forecast a run whose controls are planned."""
        if not self.told:
            return self.network.predict(inputs, leads)
        assert planned is not None
        plan = np.stack([planned[name] for name in CONTROLS], axis=-1)
        return self.network.predict(told_ahead(inputs, plan), leads)


def told_ahead(values: FloatArray, plan: FloatArray) -> FloatArray:
    """All channels now and the controls of the longest lead from now; the last value holds."""
    ahead = np.concatenate([plan[LEADS[-1] :], np.repeat(plan[-1:], LEADS[-1], axis=0)])
    return np.concatenate([values, ahead], axis=1)


def errors(forecaster: Forecaster, test: Experiment) -> FloatArray:
    """Errors against the pressure itself over its standard deviation, shape (lead,)."""
    squares, spread = np.zeros(len(LEADS)), np.zeros(len(LEADS))
    for name, case in test.runs.cases.items():
        forecast = forecaster.predict(case.values, LEADS, planned=test.plans[name])["forecast"]
        for number, lead in enumerate(LEADS):
            due = forecast["time"].values + lead
            counts = (due >= case.judged.start) & (due < len(case.values))
            truth = test.pressure[name][due[counts]]
            squares[number] += np.sum((forecast.values[counts, number, 0] - truth) ** 2)
            spread[number] += np.sum((truth - truth.mean()) ** 2)
    return np.sqrt(squares / spread)


def networks(train: Cases, again: bool, *, told: bool) -> list[PlannedLSTM]:
    """The published networks, or new ones."""
    found = []
    for seed in SEEDS:
        folder = RECORDS / f"{'told' if told else 'untold'}-{seed}"
        if again or not folder.is_dir():
            fresh = PlannedLSTM.fresh(seed, told=told)
            print(f"training: {fresh.name}, seed {seed}", flush=True)
            fresh.fit(train)
            folder.mkdir(parents=True, exist_ok=True)
            fresh.network.save(folder)
        found.append(PlannedLSTM(LSTMForecaster.load(folder), told=told))
    return found


def linear_methods() -> tuple[Forecaster, ...]:
    """The methods without a network or physics."""
    regression = Autoregression(50, LEADS, all_channels=True, ridge=1e-3, planned=CONTROLS)
    modes = [
        DynamicModes(50, controls=CONTROLS, control_delays=50, ridge=1e-3, rank=rank)
        for rank in (None, 20)
    ]
    return Persistence(), regression, *modes


def table(name: str, truth: Truth, again: bool) -> dict[str, FloatArray]:
    """Errors of every method for one truth; the networks know the truth "mean" only."""
    train, test = experiment(truth, swings(), 0), experiment(truth, ramps(), 1)
    titles = ("hybrid", "persistence", "VAR", "DMDc", "DMDc, rank 20")
    found: dict[str, FloatArray] = {}
    for title, method in zip(
        titles, (SectionHybrid(THEORY.tunnel, LEADS), *linear_methods()), strict=True
    ):
        method.fit(train.runs)
        found[title] = errors(method, test)
    for told in (False, True) if name == "mean" else ():
        made = networks(train.runs, again, told=told)
        seeds = np.array([errors(network, test) for network in made])
        found[made[0].name] = seeds.mean(axis=0)
        found[f"{made[0].name}, spread"] = seeds.std(axis=0, ddof=1)
    milliseconds = [f"{1e3 * lead / RATE:.0f} ms" for lead in LEADS]
    print(f"\n{f'truth {name}':30}" + "".join(f"{lead:>11}" for lead in milliseconds))
    for title, values in found.items():
        print(f"  {title:28}" + "".join(f"{value:11.3f}" for value in values))
    return found


def rows(tables: Mapping[str, Mapping[str, FloatArray]]) -> list[Row]:
    """Ratios at the worst lead and truth, and the errors behind them."""
    words = "unseen ventilation and pressure ramp (simulated), hybrid's error over that of"
    made = []
    for peer in ("LSTM", "LSTM, told the plan", "DMDc", "DMDc, rank 20", "VAR", "persistence"):
        ratios = np.array([t["hybrid"] / t[peer] for t in tables.values() if peer in t])
        bar = 0.5 if peer.startswith(("LSTM", "DMDc")) else None
        made.append(Row(f"{words} {peer}: worst lead and truth", float(ratios.max()), "1", bar))
    for number in (2, 4):
        lead, mean = f"{1e3 * LEADS[number] / RATE:.0f} ms", tables["mean"]
        best = min(("LSTM", "LSTM, told the plan"), key=lambda name: mean[name][number])
        hybrid, peer, spread = (
            float(mean[title][number]) for title in ("hybrid", best, f"{best}, spread")
        )
        made.append(Row(f"hybrid, {lead}; peer: {best}", hybrid, "1", peer=peer))
        made.append(Row(f"{best}, {lead}, spread of three seeds", spread, "1"))
    return made


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--train", action="store_true", help="train the networks again")
    again = parser.parse_args().train
    tables = {name: table(name, truth, again) for name, truth in TRUTHS.items()}
    report("Ramps of another cavity; errors against the pressure without noise", rows(tables))


if __name__ == "__main__":
    main()
