"""The recipes of cyclones on generated storms: what they store is what they measured."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from sciml.core.errors import BadInput, DamagedFile
from sciml.weather import cyclone_tasks
from sciml.weather.cyclone_records import (
    counted_errors,
    intensity_forecasts,
    rapid_told,
    track_forecasts,
)
from sciml.weather.cyclone_tasks import (
    CycloneData,
    RapidRecipe,
    TrackRecipe,
    TransferRecipe,
    cyclone_track,
    cyclone_transfer,
    rapid_intensification,
)
from sciml.weather.cyclones.cases import LEADS, table_cases
from sciml.weather.cyclones.features import ENVIRONMENT
from sciml.weather.cyclones.fixes import StormFixes
from sciml.weather.cyclones.rapid_experts import RapidTreeSettings
from sciml.weather.cyclones.regressions import TreeSettings
from tests.weather.cyclones.storms import curving_storms

PARTS = {2000: "train", 2001: "train", 2002: "train", 2003: "train", 2004: "val", 2005: "val"}
DATA = CycloneData(first_season=2000, folds=2)


@pytest.fixture(scope="module")
def table() -> xr.Dataset:
    """Generated storms of eight seasons in the form of the published table."""
    tracks = curving_storms(0, storms=64, fixes=20, gusts=0.3)
    rng = np.random.default_rng(0)
    size = tracks.sizes["fix"]
    tracks["wind"].values[:] = np.abs(tracks["wind"].values + rng.normal(0, 15, size))
    seasons = tracks["time"].dt.year.values
    # The published test of rapid intensification begins in 2022.
    seasons = np.where(seasons > 2005, seasons + 16, seasons)
    later, fixes = {}, StormFixes(tracks)
    for lead in LEADS:
        for name in ("lat", "lon"):
            later[f"{name}_next{lead}"] = ("fix", fixes.value(name, lead))
        if lead < 48:
            later[f"wmo_wind_next{lead}"] = ("fix", fixes.value("wind", lead))
    around = {name: ("fix", rng.normal(27, 1, size)) for name in ENVIRONMENT}
    split = np.array([PARTS.get(season, "test") for season in seasons.tolist()])
    return tracks.assign({**later, **around, "season": ("fix", seasons), "split": ("fix", split)})


@pytest.fixture
def _generated(table: xr.Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    """Generated storms instead of the published ones."""
    others = curving_storms(1, storms=24, fixes=20)
    size = others.sizes["fix"]
    best = others.assign(
        status=("fix", np.full(size, "TS")), grade=("fix", np.full(size, 3, np.int8))
    )
    monkeypatch.setattr(cyclone_tasks, "open_cyclone_fusion", lambda: table)
    monkeypatch.setattr(cyclone_tasks, "open_hurdat2", lambda: best)
    monkeypatch.setattr(cyclone_tasks, "open_jma_typhoons", lambda: best)


@pytest.mark.usefixtures("_generated")
def test_stored_tracks_have_the_errors_that_the_record_says(
    table: xr.Dataset, tmp_path: Path
) -> None:
    recipe = TrackRecipe(
        task="weather/cyclone-track",
        title="generated storms",
        data=DATA,
        experts=("climatology", "quadratic", "trees"),
        trees=TreeSettings(iterations=20, smallest_leaf=10),
    )
    outcome = cyclone_track(recipe, tmp_path)
    cases = table_cases(table)
    for part in ("val", "test"):
        told = track_forecasts(tmp_path, cases, part)
        for lead in LEADS:
            errors, storms = counted_errors(told, lead)
            name = f"{part}_{lead}_h"
            assert outcome.metrics[f"cases_{name}"] == errors.size == storms.size
            assert errors.mean() == pytest.approx(outcome.metrics[f"error_{name}"], abs=0.2)
    weights = [outcome.metrics[f"weight_24_h_{expert}"] for expert in recipe.experts]
    assert sum(weights) == pytest.approx(1)
    mixture, alone = (outcome.metrics[f"error_test_24_h{who}"] for who in ("", "_quadratic"))
    assert mixture < 1.02 * alone


@pytest.mark.usefixtures("_generated")
def test_stored_probabilities_have_the_scores_that_the_record_says(
    table: xr.Dataset, tmp_path: Path
) -> None:
    recipe = RapidRecipe(
        task="weather/rapid-intensification",
        title="generated storms",
        data=DATA,
        experts=("logistic", "best_track_trees"),
        trees=RapidTreeSettings(iterations=20),
        wind_trees=TreeSettings(iterations=10),
    )
    outcome = rapid_intensification(recipe, tmp_path)
    cases = table_cases(table)
    told = rapid_told(intensity_forecasts(tmp_path, cases))
    assert told.rapid.size == outcome.metrics["cases_test"]
    brier = ((told.probability - told.rapid) ** 2).mean()
    assert brier == pytest.approx(outcome.metrics["brier_test"], abs=1e-6)
    assert outcome.metrics["wind_error_test_24_h"] > 0
    with pytest.raises(DamagedFile, match="run the recipe again"):
        intensity_forecasts(tmp_path, cases.isel(case=slice(0, 1000)))


@pytest.mark.usefixtures("_generated")
def test_typhoons_are_judged_beside_their_baselines(tmp_path: Path) -> None:
    recipe = TransferRecipe(
        task="weather/cyclone-transfer",
        title="generated storms",
        first_season=2000,
        last_season=2007,
        local_until=2005,
    )
    outcome = cyclone_transfer(recipe, tmp_path)
    with xr.open_dataset(tmp_path / "errors.nc") as stored:
        mean = float(stored["error"].sel(forecaster="portable mixture", lead=24).mean())
    assert mean == pytest.approx(outcome.metrics["error_24_h_portable_mixture"], rel=1e-4)
    assert mean < outcome.metrics["error_24_h_persistence"]


@pytest.mark.parametrize("recipe", [TrackRecipe, RapidRecipe])
def test_each_expert_takes_part_once_and_one_at_least(
    recipe: type[TrackRecipe | RapidRecipe],
) -> None:
    for names, what in (((), "experts: .*at least 1"), (("trees", "trees"), "one stands twice")):
        with pytest.raises(BadInput, match=what):
            recipe(task="weather/cyclone", title="generated storms", experts=names)
