"""The recipes that hydro can run."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

from pydantic import ValidationInfo, field_validator

from sciml.core.nearest import nearest
from sciml.core.settings import Settings
from sciml.data.cards import read_card
from sciml.data.windows import WindowSettings
from sciml.hydro import loads
from sciml.hydro.cases import (
    INSIDE,
    OUTSIDE,
    TRAIN,
    Splits,
    measured_wave_loads,
    training_wave_runs,
)
from sciml.hydro.forecast import Forecaster, coverage, normalised_errors
from sciml.hydro.histories import simulated_cavities, training_runs
from sciml.hydro.learned_gain import GainSettings, LearnedGain
from sciml.hydro.lstm import LSTMForecaster
from sciml.nn.recurrent import LSTMSettings
from sciml.training.fit import FitSettings
from sciml.training.recipe import Recipe
from sciml.training.run import Outcome, RecipeTask

_SOURCES: dict[str, Callable[[], Splits]] = {
    "measured-wave-loads": measured_wave_loads,
    "simulated-cavities": simulated_cavities,
}
_TRAINING_RUNS: dict[str, Callable[[], tuple[str, ...]]] = {
    "measured-wave-loads": training_wave_runs,
    "simulated-cavities": training_runs,
}


class ForecastData(Settings):
    """Which runs to learn from."""

    source: Literal["measured-wave-loads", "simulated-cavities"]
    validation: tuple[str, ...]  # training runs that choose the epoch instead

    @field_validator("validation")
    @classmethod
    def _training_runs(cls, names: tuple[str, ...], about: ValidationInfo) -> tuple[str, ...]:
        """Only runs that the source has to learn from."""
        runs = _TRAINING_RUNS[about.data["source"]]() if "source" in about.data else names
        for name in names:
            if name not in runs:
                raise ValueError(f"no training run '{name}'; {nearest(name, runs)}")
        return names


class ForecastRecipe(Recipe):
    """Train a network to forecast, and judge it inside and outside the training envelope."""

    data: ForecastData
    window: WindowSettings
    model: LSTMSettings = LSTMSettings()
    training: FitSettings = FitSettings()


def forecast(recipe: ForecastRecipe, folder: Path) -> Outcome:
    """Train, judge on the two test splits, and save the network.

    Args:
        recipe: The settings.
        folder: Folder of the run.

    Returns:
        Normalised errors by split and lead, and the files of the network.

    Raises:
        BadInput: if a validation run is not among the training runs.
        DatasetMissing: if the data are not on this machine.
    """
    splits = _SOURCES[recipe.data.source]()
    network = LSTMForecaster(
        recipe.window,
        recipe.model,
        recipe.training,
        validation=recipe.data.validation,
        seed=recipe.seed,
    )
    best = network.fit(splits[TRAIN], folder, recipe.model_dump(mode="json"))
    result = network.result
    assert result is not None
    metrics = {"epochs": result.epochs} | {f"validation_{k}": v for k, v in best.items()}
    metrics |= _errors(network, splits, recipe.window.leads)
    seconds = {"wall": result.wall_seconds, "cpu": result.cpu_seconds}
    return Outcome(
        result.end.value, metrics, _data_sha256(recipe.data.source), network.save(folder), seconds
    )


class GainRecipe(Recipe):
    """Train the gain of a filter, and judge it inside and outside the training envelope."""

    data: ForecastData
    window: WindowSettings
    model: GainSettings = GainSettings()
    training: FitSettings = FitSettings()


def learned_gain(recipe: GainRecipe, folder: Path) -> Outcome:
    """Train, judge on the two test splits beside the untrained filter, and save.

    Args:
        recipe: The settings.
        folder: Folder of the run.

    Returns:
        Normalised errors by split and lead, of the learnt gain and (``kalman_...``) of the
        stationary filter that it started from; negative log-likelihoods and the share of truths
        within the 90 % interval of both; the files of the network.

    Raises:
        BadInput: if a validation run is not among the training runs.
        DatasetMissing: if the data are not on this machine.
    """
    splits = _SOURCES[recipe.data.source]()
    learnt, kalman = (
        LearnedGain(
            recipe.window,
            recipe.model,
            training,
            validation=recipe.data.validation,
            seed=recipe.seed,
        )
        for training in (recipe.training, None)
    )
    best = learnt.fit(splits[TRAIN], folder, recipe.model_dump(mode="json"))
    kalman.fit(splits[TRAIN])
    result = learnt.result
    assert result is not None
    metrics = {"epochs": result.epochs} | {f"validation_{k}": v for k, v in best.items()}
    planned = recipe.model.controls if recipe.model.known_controls else ()
    for prefix, one in (("", learnt), ("kalman_", kalman)):
        errors = _errors(one, splits, recipe.window.leads, planned)
        metrics |= {f"{prefix}{name}": error for name, error in errors.items()}
        for split in (INSIDE, OUTSIDE):
            metrics[f"{prefix}nll_{split}"] = one.likelihoods(splits[split])["nll"]
            share = coverage(one, splits[split], recipe.window.leads, planned)
            metrics[f"{prefix}coverage_90_{split}"] = float(share.mean())
    seconds = {"wall": result.wall_seconds, "cpu": result.cpu_seconds}
    return Outcome(
        result.end.value, metrics, _data_sha256(recipe.data.source), learnt.save(folder), seconds
    )


def _errors(
    forecaster: Forecaster, splits: Splits, leads: Sequence[int], planned: Sequence[str] = ()
) -> dict[str, float]:
    """Normalised errors on the two test splits, named by split and milliseconds."""
    named = {}
    for split in (INSIDE, OUTSIDE):
        errors = normalised_errors(forecaster, splits[split], leads, planned)
        for lead, error in zip(leads, errors.values, strict=True):
            milliseconds = round(1e3 * lead / splits[split].rate)
            named[f"normalised_error_{split}_{milliseconds}_ms"] = float(error)
    return named


def _data_sha256(source: str) -> dict[str, str]:
    """The checksum of the dataset behind a source; simulated runs are made by the code itself."""
    if source != "measured-wave-loads":
        return {}
    return {loads.DATASET: read_card(loads.DATASET).built.sha256}


TASKS = {
    "hydro/forecast": RecipeTask(ForecastRecipe, forecast),
    "hydro/learned-gain": RecipeTask(GainRecipe, learned_gain),
}
