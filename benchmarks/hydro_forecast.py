"""Forecasts of measured wave loads: the hybrid beside linear models, networks and other packages.

All are fitted on the training runs and judged by the protocol of ``sciml.hydro.loads``, at five
leads, inside the trained wave periods (1.036 s) and outside of them (0.678 and 0.634 s). Peers in
an environment of their own (``make peers``): PyDMD and statsmodels. ``--validate`` instead tries
settings of the hybrid on training runs that were left out.
"""

import argparse
import itertools
import json
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import sciml  # noqa: F401 - makes the process settings, which must precede Paddle

# isort: split
import numpy as np
import xarray as xr
from peers import peer
from reporting import Row, report

from sciml.core.axes import BoolArray, FloatArray
from sciml.core.errors import DatasetMissing
from sciml.hydro import loads
from sciml.hydro.calibration import Calibrated, interval_scores
from sciml.hydro.cases import INSIDE, OUTSIDE, TRAIN, Cases, Splits, measured_wave_loads
from sciml.hydro.dmd import DynamicModes
from sciml.hydro.forecast import (
    Autoregression,
    Forecaster,
    Persistence,
    Plan,
    normalised_errors,
)
from sciml.hydro.hybrid import HybridSettings, TrackedHybrid
from sciml.hydro.lstm import LSTMForecaster
from sciml.training.run import record_folder

CLOCK = (*loads.CHANNELS[: len(loads.PROBES)], *loads.LOADS)
ORDER, RIDGE, RANK = 50, 1e-5, 80
RECORDS = ("wave-loads-lstm", "wave-loads-lstm-seed-2", "wave-loads-lstm-seed-3")
IN_BAR, OUT_BAR, OUT_1S_BAR = 0.060, 0.20, 0.50
COVERAGE_BAR = 0.03  # distance from 0.90
MISSING_SHARE, SPELL, MISSING_BAR = 0.3, 1.0, 1.5  # of the samples, s, error over clean
PARTS = {"in": INSIDE, "out": OUTSIDE}
PERIODS = {"in": "in envelope (1.036 s)", "out": "out of envelope (0.678, 0.634 s)"}
MILLISECONDS = [round(1e3 * lead / loads.RATE) for lead in loads.LEADS]
AT_200_MS, AT_1_S = loads.LEADS.index(10), loads.LEADS.index(50)

# Left out in validation: the shortest trained periods, 0.80 s, and one in the middle, 1.122 s.
LEFT_OUT = {"in": ("2062",), "out": ("2111", "2111_1", "2111_2", "2111_3", "2112", "2112_1")}

Errors = dict[str, FloatArray]  # by part, (lead,)
Mask = Callable[[tuple[int, ...], np.random.Generator], BoolArray]


class Fed:
    """A forecaster that sees its inputs changed: samples missing, or its experts one by one."""

    def __init__(
        self,
        forecaster: Forecaster,
        change: Callable[[FloatArray], FloatArray] = lambda inputs: inputs,
        answer: Callable[[xr.Dataset], xr.Dataset] = lambda told: told,
    ) -> None:
        self.name, self._forecaster = forecaster.name, forecaster
        self._change, self._answer = change, answer

    def fit(self, train: Cases) -> dict[str, float]:
        """It is fitted already."""
        raise NotImplementedError

    def predict(
        self, inputs: FloatArray, leads: Sequence[int], planned: Plan | None = None
    ) -> xr.Dataset:
        """Forecast from the changed inputs."""
        return self._answer(self._forecaster.predict(self._change(inputs), leads, planned))


def hybrid(settings: HybridSettings | None = None) -> TrackedHybrid:
    """The hybrid of the protocol."""
    return TrackedHybrid(loads.LEADS, settings, CLOCK)


def errors_of(forecaster: Forecaster, splits: Mapping[str, Cases]) -> Errors:
    """Normalised errors in and out."""
    return {
        part: normalised_errors(forecaster, splits[name], loads.LEADS).values
        for part, name in PARTS.items()
    }


def printed(title: str, table: Mapping[str, Mapping[str, FloatArray]]) -> None:
    """A table of all leads, in and out."""
    width = max(len(name) for name in table)
    heads = "".join(f"{ms:>8}" for ms in MILLISECONDS)
    print(f"\n{title}; leads in ms\n  {'':{width}}  in:{heads}    out:{heads}")
    for name, parts in table.items():
        cells = ["".join(f"{value:8.4f}" for value in parts[part]) for part in PARTS]
        print(f"  {name:{width}}     {cells[0]}        {cells[1]}", flush=True)


class Networks(NamedTuple):
    """The published LSTM."""

    forecaster: LSTMForecaster  # of the first record
    errors: list[Errors]  # of each record that is here


def networks() -> Networks:
    """Networks and errors of the published records."""
    errors = []
    for name in RECORDS:
        file = record_folder(f"hydro/{name}") / "record.json"
        if not file.exists():
            print(f"  no record {name}; its seed is left out")
            continue
        metrics = json.loads(file.read_text())["metrics"]
        errors.append(
            {
                part: np.array(
                    [metrics[f"normalised_error_{split}_{ms}_ms"] for ms in MILLISECONDS]
                )
                for part, split in PARTS.items()
            }
        )
    return Networks(LSTMForecaster.load(record_folder(f"hydro/{RECORDS[0]}")), errors)


def given_to_peers(splits: Splits) -> dict[str, FloatArray]:
    """Scaled runs end to end, with their lengths and judged parts."""
    scaling = splits[TRAIN].scaling()
    arrays: dict[str, FloatArray] = {
        "leads": np.array(loads.LEADS, float),
        "targets": np.array(splits[TRAIN].target_indices, float),
    }
    for name, split in (("train", TRAIN), *PARTS.items()):
        runs = list(splits[split].cases.values())
        parts = [c.active if name == "train" else slice(None) for c in runs]
        series = [scaling.apply(c.values)[part] for c, part in zip(runs, parts, strict=True)]
        arrays[name] = np.concatenate(series)
        arrays[f"{name}_lengths"] = np.array([len(one) for one in series], float)
        arrays[f"{name}_judged"] = np.array([[c.judged.start, c.judged.stop] for c in runs], float)
    return arrays


def of_peer(answers: Mapping[str, float], what: str) -> Errors | None:
    """A peer's numbers by part and lead."""
    if not answers:
        return None
    return {
        part: np.array([answers[f"{what} {part} {lead}"] for lead in loads.LEADS]) for part in PARTS
    }


def at_random(shape: tuple[int, ...], rng: np.random.Generator) -> BoolArray:
    """Each sample of each sensor missing by itself."""
    return rng.random(shape) < MISSING_SHARE


def in_spells(shape: tuple[int, ...], rng: np.random.Generator) -> BoolArray:
    """Each sensor absent for a second at a time, after exponential times of presence."""
    missing, length = np.zeros(shape, bool), round(SPELL * loads.RATE)
    present = length * (1 - MISSING_SHARE) / MISSING_SHARE
    for sensor in range(shape[1]):
        t = 0 if rng.random() < MISSING_SHARE else int(rng.exponential(present))
        while t < shape[0]:
            missing[t : t + length, sensor] = True
            t += length + int(rng.exponential(present))
    return missing


def lacking(mask: Mask, fill: FloatArray | float) -> Callable[[FloatArray], FloatArray]:
    """Put ``fill`` where samples are missing; the same samples for every forecaster."""
    return lambda inputs: np.where(mask(inputs.shape, np.random.default_rng(0)), fill, inputs)


def interval_rows(
    ours: Forecaster, linear: Forecaster, splits: Splits, theirs: Errors | None
) -> list[Row]:
    """Coverage and CRPS of the calibrated hybrid, of the VAR and of statsmodels."""
    scores = {}
    for name, one in (("hybrid", ours), ("VAR", linear)):
        made = Calibrated(one).start(splits[TRAIN], loads.LEADS)
        scores[name] = {
            part: interval_scores(made, splits[split], loads.LEADS) for part, split in PARTS.items()
        }
    for measure in ("coverage", "crps"):
        table = {
            f"{name}, calibrated": {part: one[measure].values for part, one in by_part.items()}
            for name, by_part in scores.items()
        }
        if measure == "coverage" and theirs:
            table["statsmodels' own"] = theirs
        printed({"coverage": "share inside the 90 % interval", "crps": "CRPS"}[measure], table)
    rows = []
    for part, (index, ms) in itertools.product(PARTS, enumerate(MILLISECONDS)):
        gap = abs(float(scores["hybrid"][part]["coverage"][index]) - 0.9)
        other = abs(theirs[part][index] - 0.9) if theirs else None
        name = f"90 % interval coverage, {part}, {ms} ms: distance from 0.90"
        rows.append(Row(name, gap, "1", COVERAGE_BAR, "less", other))
    for part in PARTS:
        own, other = (float(scores[n][part]["crps"][AT_200_MS]) for n in ("hybrid", "VAR"))
        rows.append(Row(f"CRPS, {part}, 200 ms; peer: VAR", own, "1", None, "less", other))
    return rows


def missing_rows(
    ours: Forecaster, network: LSTMForecaster, splits: Splits, clean: Errors
) -> list[Row]:
    """Errors with 30 % of the samples missing, over those with none."""
    network_clean, mean = errors_of(network, splits), splits[TRAIN].scaling().mean
    rows, table = [], {}
    for kind, mask in (("at random", at_random), ("in spells of 1 s", in_spells)):
        lacked = errors_of(Fed(ours, lacking(mask, np.nan)), splits)
        filled = errors_of(Fed(network, lacking(mask, mean)), splits)
        table |= {f"hybrid, {kind}": lacked, f"LSTM, mean in place, {kind}": filled}
        for part in PARTS:
            ratio, other = (
                float(e[part][AT_200_MS] / c[part][AT_200_MS])
                for e, c in ((lacked, clean), (filled, network_clean))
            )
            name = f"30 % of sensors missing: error over clean, {kind}, {part}, 200 ms"
            rows.append(Row(name, ratio, "1", MISSING_BAR, "less", other))
    printed("NRMSE with 30 % of the samples of every sensor missing", table)
    return rows


def error_rows(table: Mapping[str, Errors], peer_name: str) -> list[Row]:
    """The hybrid's errors beside those of a peer."""
    wanted = (
        ("in", AT_200_MS, "200 ms", IN_BAR),
        ("out", AT_200_MS, "200 ms", OUT_BAR),
        ("out", AT_1_S, "1 s", OUT_1S_BAR),
    )
    return [
        Row(f"NTNU {PERIODS[part]}, {lead}, NRMSE", float(table["hybrid"][part][index]), "1", bar,
            "less", float(table[peer_name][part][index]))
        for part, index, lead, bar in wanted
    ]  # fmt: skip


def validate(splits: Splits) -> None:
    """Sharpness and memory of the shares, and each expert alone, on training runs left out."""
    train = splits[TRAIN]
    held = {name: train.chosen(LEFT_OUT[part]) for part, name in PARTS.items()}
    learnt = train.without([name for names in LEFT_OUT.values() for name in names])
    table = {}
    for sharpness, memory in itertools.product((1.0, 2.0, 4.0), (25.0, 100.0, 400.0)):
        made = hybrid(HybridSettings(sharpness=sharpness, memory=memory))
        made.fit(learnt)
        table[f"sharpness {sharpness:g}, memory {memory:g}"] = errors_of(made, held)
    for expert in made.experts:

        def alone(told: xr.Dataset, expert: str = expert) -> xr.Dataset:
            return told["opinion"].sel(expert=expert).to_dataset(name="forecast")

        table[expert] = errors_of(Fed(made, answer=alone), held)
    printed("NRMSE on training runs left out", table)


def measure(splits: Splits) -> None:
    """All methods, and the report."""
    ours = hybrid()
    linear = Autoregression(ORDER, loads.LEADS, all_channels=True, ridge=RIDGE)
    methods: dict[str, Forecaster] = {
        "persistence": Persistence(),
        "AR(50)": Autoregression(ORDER, loads.LEADS, all_channels=False, ridge=RIDGE),
        "VAR(50) with probes": linear,
        "dynamic modes, 50 delays, rank 80": DynamicModes(ORDER, rank=RANK),
        "hybrid": ours,
    }
    table: dict[str, Errors] = {}
    for name, method in methods.items():
        method.fit(splits[TRAIN])
        table[name] = errors_of(method, splits)
    trained = networks()
    stacked = {part: np.array([one[part] for one in trained.errors]) for part in PARTS}
    seeds = len(trained.errors)
    table[f"LSTM, mean of {seeds} seeds"] = {p: e.mean(axis=0) for p, e in stacked.items()}
    table["LSTM, largest less smallest"] = {p: np.ptp(e, axis=0) for p, e in stacked.items()}
    arrays = given_to_peers(splits)
    pydmd, statsmodels = (peer(name, **arrays) for name in ("dmd_waves", "var_waves"))
    for name, answers in (("PyDMD, 50 delays, rank 80", pydmd), ("statsmodels VAR", statsmodels)):
        found = of_peer(answers, "error")
        if found:
            table[name] = found
    printed("NRMSE", table)
    rows = [
        *error_rows(table, "VAR(50) with probes"),
        *interval_rows(ours, linear, splits, of_peer(statsmodels, "coverage")),
        *missing_rows(ours, trained.forecaster, splits, table["hybrid"]),
    ]
    report(
        "measured wave loads; peers: VAR with probes (errors, CRPS), statsmodels (coverage), LSTM "
        "(missing samples)",
        rows,
    )


def main() -> None:
    """Measure and report, or validate."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--validate", action="store_true", help="settings on runs left out")
    chosen = parser.parse_args()
    try:
        splits = measured_wave_loads()
    except DatasetMissing as error:
        print(f"  nothing measured: {error}")
        return
    (validate if chosen.validate else measure)(splits)


if __name__ == "__main__":
    main()
