"""The recipe that calibrates an ensemble of forecasts at stations, published or the user's own."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import xarray as xr
from pydantic import Field

from sciml.core.errors import BadInput
from sciml.core.nearest import nearest
from sciml.core.settings import Settings
from sciml.core.talk import say
from sciml.core.user_files import user_file
from sciml.core.writing import sha256_of, write_with
from sciml.data.cards import read_card
from sciml.data.netcdf import write_netcdf
from sciml.training.recipe import Recipe
from sciml.training.run import Outcome, RecipeTask
from sciml.weather.pooling import GateSettings
from sciml.weather.post_processing.chosen import chosen_experts, neighbours_for
from sciml.weather.post_processing.judged import judged, mean_crps
from sciml.weather.post_processing.table import station_table
from sciml.weather.post_processing.walk import Walked, WalkSettings, walk, walked_dataset, without
from sciml.weather.sources import (
    open_frankfurt_precipitation,
    open_uwme_precipitation,
    open_uwme_temperature,
)
from sciml.weather.stations import StationColumns, read_stations_csv
from sciml.weather.world.datasets import open_simulated_world_stations

WORLD = "simulated_world_stations"
_SOURCES: dict[str, Callable[[], xr.Dataset]] = {
    "uwme_temperature": open_uwme_temperature,
    "uwme_precipitation": open_uwme_precipitation,
    "frankfurt_precipitation": open_frankfurt_precipitation,
    f"{WORLD}/temperature": lambda: open_simulated_world_stations("temperature"),
    f"{WORLD}/precipitation": lambda: open_simulated_world_stations("precipitation"),
}


Quantile = Annotated[float, Field(gt=0, lt=1)]


class StationData(Settings):
    """Which forecasts: of a dataset, or of a CSV file."""

    source: str = f"{WORLD}/temperature"
    path: str | None = None  # a CSV file, instead of the source
    columns: StationColumns = StationColumns()  # of the file
    units: str = "1"  # of the file: K, degC or mm are checked
    lead_hours: float | None = None  # of the file, unless it has a column; None: 24


class PostProcessRecipe(Recipe):
    """Calibrate forecasts at stations."""

    data: StationData = StationData()
    experts: tuple[str, ...] = ()  # none: those that suit the data
    walk: WalkSettings = WalkSettings()
    gate: GateSettings = GateSettings()
    extremes: tuple[Quantile, ...] = (0.95,)  # whose exceedance is judged
    leave_one_out: bool = False  # score the mixture without each of its experts, too


def post_process(recipe: PostProcessRecipe, folder: Path) -> Outcome:
    """Walk through the record, and write forecasts, scores by date and reliability.

    Args:
        recipe: The settings.
        folder: Folder of the run.

    Returns:
        Scores of the judged part; see :mod:`sciml.weather.post_processing.judged`.

    Raises:
        BadInput: if the file or the settings make no sense.
        DatasetMissing: if the data are not on this machine.
    """
    wall, cpu = time.perf_counter(), time.process_time()
    data, sha256 = _opened(recipe.data)
    table = station_table(data, neighbours=neighbours_for(recipe.experts))
    experts = chosen_experts(recipe.experts, table, recipe.seed)
    say(
        f"{len(table.day)} cases of {table.station.max() + 1} stations, {table.forecast.shape[1]} "
        f"members; experts: {', '.join(expert.name for expert in experts)}"
    )
    walked = walk(table, experts, recipe.walk, recipe.gate, _told)
    _write_forecasts(walked, data, folder)
    result = judged(walked, recipe.extremes, recipe.seed)
    for sentence in result.left_out:
        say(sentence)
    numbers = dict(result.numbers)
    if recipe.leave_one_out:
        numbers |= _scores_without_each(walked)
    outputs = []
    for name, content in (("scores", result.by_date), ("reliability", result.reliability)):
        if content:
            outputs.append(folder / f"{name}.nc")
            write_with(outputs[-1], lambda part, c=content: write_netcdf(part, c))
    seconds = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    return Outcome("finished", numbers, sha256, outputs, seconds)


def _write_forecasts(walked: Walked, data: xr.Dataset, folder: Path) -> None:
    """Write them before anything is judged: forecasts serve where scores have no value, too."""
    folder.mkdir(parents=True, exist_ok=True)
    forecasts = walked_dataset(walked, data)
    write_with(folder / "forecasts.nc", lambda part: write_netcdf(part, forecasts))
    say(f"forecasts of {len(walked.values)} cases: {folder.name}/forecasts.nc")


def _scores_without_each(walked: Walked) -> dict[str, float]:
    """What the mixture scores without each of its experts; of a single one, nothing."""
    if len(walked.names) == 1:
        say(f"leave_one_out: '{walked.names[0]}' is the only expert, so that none is left out")
        return {}
    return {f"crps_without_{name}": mean_crps(without(walked, name)) for name in walked.names}


def _told(done: int, of: int) -> None:
    """Say now and then how far the walk is."""
    if done == of or done % max(of // 5, 1) == 0:
        say(f"block {done} of {of}")


def _opened(data: StationData) -> tuple[xr.Dataset, dict[str, str]]:
    """The forecasts, and the sha256 of where they are from."""
    if data.path is not None:
        path = user_file(data.path, "data.path")
        read = read_stations_csv(path, data.columns, units=data.units, lead_hours=data.lead_hours)
        return read, {path.name: sha256_of(path)}
    if data.source not in _SOURCES:
        raise BadInput(f"data.source: no '{data.source}'; {nearest(data.source, _SOURCES)}")
    name = data.source.partition("/")[0]
    return _SOURCES[data.source](), {name: read_card(name).built.sha256}


TASKS = {"weather/post-process": RecipeTask(PostProcessRecipe, post_process)}
