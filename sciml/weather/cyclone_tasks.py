"""The recipes of tropical cyclones: where they go, and whether they intensify rapidly.

Both learn from the training seasons of the published table (2000 to 2016) and from best tracks of
seasons up to the same year, choose weights by seasons held out of these, and judge the validation
seasons (2017 and 2018) by what was learnt without them. What then forecasts the test seasons
(2021 to 2024) has learnt from training and validation seasons.

Best tracks are material to learn from only. The past of a test case is that of the table itself:
fixes of IBTrACS, which are best tracks too, found after the storm, as the published scores have it.
"""

# Not strict: xarray types what it holds as unknown.
# pyright: standard
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, TypeVar

import numpy as np
import xarray as xr
from pydantic import AfterValidator, Field, PositiveInt

from sciml.core.axes import BoolArray, FloatArray, IntArray
from sciml.core.settings import Settings
from sciml.core.writing import write_with
from sciml.data.cards import read_card
from sciml.data.netcdf import write_netcdf
from sciml.training.recipe import Recipe
from sciml.training.run import Outcome, RecipeTask
from sciml.weather.cyclones.best_tracks import (
    TYPHOON_LEADS,
    atlantic_cases,
    cliper,
    mirrored,
    portable_makers,
    typhoon_cases,
)
from sciml.weather.cyclones.cases import (
    FIRST_RAPID_TEST,
    LEADS,
    TEST,
    TRAIN,
    VALIDATION,
    cases_of,
    earlier_storms,
    published,
    table_cases,
    together,
)
from sciml.weather.cyclones.climatology import Climatology, ClimatologySettings
from sciml.weather.cyclones.expert import Expert
from sciml.weather.cyclones.forecaster import TrackForecaster
from sciml.weather.cyclones.intensity import WIND_TREES, IntensityForecaster, wind_makers
from sciml.weather.cyclones.mixture import Folds, held_out, season_folds
from sciml.weather.cyclones.network import Network, NetworkSettings
from sciml.weather.cyclones.rapid import RapidForecaster, calibration_error, fates
from sciml.weather.cyclones.rapid_experts import (
    ALL,
    BEST_TRACK,
    RAPID_NETWORK,
    Logistic,
    LogisticSettings,
    RapidExpert,
    RapidNetwork,
    RapidTrees,
    RapidTreeSettings,
)
from sciml.weather.cyclones.regressions import (
    Kernel,
    KernelSettings,
    Quadratic,
    QuadraticSettings,
    Trees,
    TreeSettings,
)
from sciml.weather.cyclones.track import steady_displacement, track_errors
from sciml.weather.cyclones.verification import expert_errors, inside_ellipse, mixture_errors
from sciml.weather.scores.probability import area_under_curve, average_precision, brier_score
from sciml.weather.sources import open_cyclone_fusion, open_hurdat2, open_jma_typhoons
from sciml.weather.sources.cyclone_fusion import CYCLONE_FUSION
from sciml.weather.sources.tracks import HURDAT2, JMA

TRACK_FILE, INTENSITY_FILE, TRANSFER_FILE = "track.nc", "intensity.nc", "errors.nc"
# km, kt and units of log-odds to which stored forecasts are rounded.
_STEPS = {
    "_east": 0.2,
    "_north": 0.2,
    "along": 0.1,
    "cross": 0.1,
    "_change": 0.1,
    "wind": 0.1,
    "odds": 0.01,
}
PARTS = (VALIDATION, TEST)  # in the order of their numbers in the stored files
_PACKED: dict[str, Any] = {"zlib": True, "complevel": 9}
ELLIPSES = (0.5, 0.67, 0.9)  # shares whose coverage is measured

TrackExpertName = Literal["climatology", "quadratic", "kernel", "trees", "network"]
RapidExpertName = Literal["logistic", "trees", "best_track_trees", "network"]
Name = TypeVar("Name", bound=str)


def _each_once(names: tuple[Name, ...]) -> tuple[Name, ...]:
    """Refuse an expert that is named twice."""
    if len(set(names)) < len(names):
        raise ValueError(f"{', '.join(names)}: one stands twice; name each expert once")
    return names


_AtLeastOne = Field(min_length=1)
TrackExperts = Annotated[tuple[TrackExpertName, ...], _AtLeastOne, AfterValidator(_each_once)]
RapidExperts = Annotated[tuple[RapidExpertName, ...], _AtLeastOne, AfterValidator(_each_once)]


class CycloneData(Settings):
    """What to learn from."""

    first_season: PositiveInt = 1970  # of the best tracks; the last is that of the training part
    folds: int = Field(default=5, ge=2)  # groups of training seasons that are held out in turn


class TrackRecipe(Recipe):
    """Experts on tracks and their mixture."""

    data: CycloneData = CycloneData()
    experts: TrackExperts = (
        "climatology",
        "quadratic",
        "kernel",
        "trees",
        "network",
    )
    climatology: ClimatologySettings = ClimatologySettings()
    quadratic: QuadraticSettings = QuadraticSettings()
    kernel: KernelSettings = KernelSettings()
    trees: TreeSettings = TreeSettings()
    network: NetworkSettings = NetworkSettings()

    def makers(self) -> dict[str, Callable[[], Expert]]:
        """Makers of the experts that take part, by name."""
        every: dict[str, Callable[[], Expert]] = {
            "climatology": lambda: Climatology(self.climatology),
            "quadratic": lambda: Quadratic(self.quadratic),
            "kernel": lambda: Kernel(self.kernel),
            "trees": lambda: Trees(self.trees),
            "network": lambda: Network(self.network),
        }
        return {name: every[name] for name in self.experts}


class RapidRecipe(Recipe):
    """Experts on rapid intensification and their stack, and quantiles of the wind."""

    data: CycloneData = CycloneData()
    experts: RapidExperts = ("logistic", "trees", "best_track_trees", "network")
    logistic: LogisticSettings = LogisticSettings()
    trees: RapidTreeSettings = RapidTreeSettings()
    network: NetworkSettings = RAPID_NETWORK
    together: float = Field(default=1.0, ge=0)  # how much alike the experts' weights are
    wind_trees: TreeSettings = WIND_TREES

    def makers(self) -> dict[str, Callable[[], RapidExpert]]:
        """Makers of the experts that take part, by name."""
        every: dict[str, Callable[[], RapidExpert]] = {
            "logistic": lambda: Logistic(self.logistic),
            "trees": lambda: RapidTrees(ALL, self.trees),
            "best_track_trees": lambda: RapidTrees(BEST_TRACK, self.trees),
            "network": lambda: RapidNetwork(ALL, self.network),
        }
        return {name: every[name] for name in self.experts}


class TransferRecipe(Recipe):
    """Experts that learn from Atlantic storms and forecast typhoons."""

    first_season: PositiveInt = 1970  # of the Atlantic
    last_season: PositiveInt = 2016
    folds: int = Field(default=2, ge=2)
    local_until: PositiveInt = 2018  # what the typhoons' own baseline learns from; later ones judge


class _Material(NamedTuple):
    """All cases, and how they are used."""

    past: xr.Dataset  # training and validation seasons of the table
    test: xr.Dataset
    others: xr.Dataset  # best tracks of seasons up to the last of training
    folds: Folds  # of the training seasons
    validation: tuple[int, ...]  # seasons
    last: int  # season of training
    rows: Mapping[str, IntArray]  # of the table, by split


def cyclone_track(recipe: TrackRecipe, folder: Path) -> Outcome:
    """Learn, judge validation and test seasons by lead, and store the forecasts.

    Args:
        recipe: The settings.
        folder: Folder of the run.

    Returns:
        Mean errors of the mixture and of each expert by lead and part, shares within ellipses,
        and the weights; the forecasts of validation and test cases as netCDF.

    Raises:
        BadInput: if there are more folds than training seasons.
        DatasetMissing: if the data are not on this machine.
    """
    started = time.perf_counter(), time.process_time()
    material, makers = _material(recipe.data), recipe.makers()
    past, seasons = material.past, material.past["season"].values
    folds = (*material.folds, material.validation)
    judged = held_out(makers, past, material.others, LEADS, folds, material.last, recipe.seed)
    forecaster = TrackForecaster(makers, LEADS)
    forecaster.weigh(judged, past, [published(past, lead, TRAIN) for lead in LEADS])
    aside = np.flatnonzero(np.isin(seasons, material.validation))
    validation = past.isel(case=aside)
    told = {VALIDATION: forecaster.told(judged.forecasts[:, aside], validation)}
    forecaster.fit(together(past, material.others), recipe.seed)
    told[TEST] = forecaster.predict(material.test)
    metrics = _track_metrics(told, {VALIDATION: validation, TEST: material.test})
    assert forecaster.weights is not None
    for lead, expert in np.ndindex(forecaster.weights.shape):
        name = f"weight_{LEADS[lead]}_h_{recipe.experts[expert]}"
        metrics[name] = float(forecaster.weights.values[lead, expert])
    output = folder / TRACK_FILE
    _store(output, told, material)
    return Outcome("finished", metrics, _sha256(), [output], _seconds(started))


def rapid_intensification(recipe: RapidRecipe, folder: Path) -> Outcome:
    """Learn, judge validation and test seasons, and store probabilities and winds.

    Args:
        recipe: The settings.
        folder: Folder of the run.

    Returns:
        Areas under both curves, Brier score and calibration error by part, errors and coverage of
        the wind by lead; probabilities and quantiles of validation and test cases as netCDF.

    Raises:
        BadInput: if there are more folds than training seasons.
        DatasetMissing: if the data are not on this machine.
    """
    started = time.perf_counter(), time.process_time()
    material, seed = _material(recipe.data), recipe.seed
    past, seasons = material.past, material.past["season"].values
    train = past.isel(case=np.flatnonzero(seasons <= material.last))
    validation = past.isel(case=np.flatnonzero(seasons > material.last))
    told: dict[str, xr.Dataset] = {}
    asked = {VALIDATION: validation, TEST: material.test}
    for part, learnt, folds in (
        (VALIDATION, train, material.folds),
        (TEST, past, (*material.folds, material.validation)),
    ):
        stack = RapidForecaster(recipe.makers(), recipe.together)
        winds = IntensityForecaster(wind_makers(recipe.wind_trees))
        stack.learn(learnt, material.others, folds, seed)
        winds.learn(learnt, material.others, folds, seed)
        told[part] = winds.predict(asked[part])
        told[part]["rapid"] = ("case", stack.probability(asked[part]), {"units": "1"})
        told[part]["log_odds"] = (("rapid_expert", "case"), stack.log_odds(asked[part]))
        told[part] = told[part].assign_coords(rapid_expert=list(recipe.experts))
    metrics = {}
    for part, forecast in told.items():
        metrics |= _rapid_metrics(forecast, asked[part], part)
        metrics |= _wind_metrics(forecast, asked[part], part)
    output = folder / INTENSITY_FILE
    _store(output, told, material)
    return Outcome("finished", metrics, _sha256(), [output], _seconds(started))


def cyclone_transfer(recipe: TransferRecipe, folder: Path) -> Outcome:
    """Learn from Atlantic storms, forecast typhoons, and store the errors.

    Args:
        recipe: The settings.
        folder: Folder of the run.

    Returns:
        Mean errors by lead of the portable mixture, persistence, a regression like CLIPER fitted
        to earlier typhoons, and one fitted to Atlantic storms; shares within the ellipses.

    Raises:
        DatasetMissing: if the data are not on this machine.
    """
    started = time.perf_counter(), time.process_time()
    typhoons = mirrored(open_jma_typhoons())
    first, last = (int(year) for year in typhoons["time"].dt.year.values[[0, -1]])
    earlier = typhoon_cases(typhoons, first, recipe.local_until)
    asked = typhoon_cases(typhoons, recipe.local_until + 1, last)
    seasons = recipe.first_season, recipe.last_season
    atlantic = atlantic_cases(open_hurdat2(), *seasons, TYPHOON_LEADS)
    portable = TrackForecaster(portable_makers(), TYPHOON_LEADS)
    folds = season_folds(atlantic["season"].values, recipe.folds)
    portable.learn(atlantic, None, folds, recipe.seed)
    told = portable.predict(asked)
    errors = {"portable mixture": mixture_errors(told, asked)}
    for name, learnt in (
        ("persistence", None),
        ("CLIPER of typhoons", earlier),
        ("CLIPER of the Atlantic", atlantic),
    ):
        errors[name] = errors["portable mixture"].copy(data=_baseline_errors(learnt, asked))
    output = folder / TRANSFER_FILE
    stored = xr.concat(list(errors.values()), xr.Variable("forecaster", list(errors)))
    stored = stored.drop_vars("time").to_dataset(name="error").astype(np.float32)
    write_with(output, lambda part: write_netcdf(part, stored, {"error": _PACKED}))
    sha256 = {name: read_card(name).built.sha256 for name in (HURDAT2, JMA)}
    metrics = _transfer_metrics(errors, told, asked)
    return Outcome("finished", metrics, sha256, [output], _seconds(started))


def counted_rapid(cases: xr.Dataset, part: str) -> BoolArray:
    """Which cases count for rapid intensification: those whose fate is known.

    Args:
        cases: Of the part.
        part: ``val`` or ``test``; the published test begins with the season 2022.

    Returns:
        Shape (case,).
    """
    return fates(cases).known & ((part != TEST) | (cases["season"].values >= FIRST_RAPID_TEST))


def _material(data: CycloneData) -> _Material:
    """Open and part the data."""
    table = table_cases(open_cyclone_fusion())
    split, seasons = table["split"].values, table["season"].values
    rows = {part: np.flatnonzero(split == part) for part in (TRAIN, VALIDATION, TEST)}
    last = int(seasons[rows[TRAIN]].max())
    past = table.isel(case=np.sort(np.concatenate([rows[TRAIN], rows[VALIDATION]])))
    tracks = earlier_storms(open_hurdat2(), data.first_season, last)
    return _Material(
        past,
        table.isel(case=rows[TEST]),
        cases_of(tracks),
        season_folds(seasons[rows[TRAIN]], data.folds),
        tuple(np.unique(seasons[rows[VALIDATION]]).tolist()),
        last,
        rows,
    )


def _track_metrics(told: dict[str, xr.Dataset], cases: dict[str, xr.Dataset]) -> dict[str, Any]:
    """Mean errors and coverage by part and lead, on the cases that published scores count."""
    metrics: dict[str, Any] = {}
    for part, forecast in told.items():
        errors = mixture_errors(forecast, cases[part]).values
        experts = expert_errors(forecast, cases[part]).values
        inside = [inside_ellipse(forecast, cases[part], share).values for share in ELLIPSES]
        for index, lead in enumerate(LEADS):
            counted = published(cases[part], lead)
            name = f"{part}_{lead}_h"
            metrics[f"cases_{name}"] = int(counted.sum())
            metrics[f"error_{name}"] = float(errors[counted, index].mean())
            for expert, error in zip(forecast["expert"].values, experts, strict=True):
                metrics[f"error_{name}_{expert}"] = float(error[counted, index].mean())
            for share, within in zip(ELLIPSES, inside, strict=True):
                coverage = float(within[counted, index].mean())
                metrics[f"coverage_{round(100 * share)}_{name}"] = coverage
    return metrics


def _baseline_errors(learnt: xr.Dataset | None, asked: xr.Dataset) -> FloatArray:
    """Errors of a regression like CLIPER, or of persistence if there is nothing to learn from."""
    way = steady_displacement(asked, TYPHOON_LEADS)
    if learnt is not None:
        baseline = cliper(ridge=30.0, wind="pressure")
        baseline.fit(learnt, TYPHOON_LEADS, 0)
        way = baseline.predict(asked)
    return track_errors(asked, way, TYPHOON_LEADS)


def _transfer_metrics(
    errors: Mapping[str, xr.DataArray], told: xr.Dataset, asked: xr.Dataset
) -> dict[str, float]:
    """Mean errors by lead and forecaster, and shares within the ellipses of the mixture."""
    metrics: dict[str, float] = {}
    for lead in TYPHOON_LEADS:
        for name, error in errors.items():
            metrics[f"error_{lead}_h_{name.replace(' ', '_')}"] = float(error.sel(lead=lead).mean())
        for share in ELLIPSES:
            inside = inside_ellipse(told, asked, share).sel(lead=lead)
            metrics[f"coverage_{round(100 * share)}_{lead}_h"] = float(inside.mean())
    return metrics


def _rapid_metrics(told: xr.Dataset, cases: xr.Dataset, part: str) -> dict[str, Any]:
    """Scores of the probabilities."""
    counted = counted_rapid(cases, part)
    came, said = fates(cases).rapid[counted], told["rapid"].values[counted]
    return {
        f"cases_{part}": int(counted.sum()),
        f"rapid_{part}": int(came.sum()),
        f"auroc_{part}": area_under_curve(said, came),
        f"auprc_{part}": average_precision(said, came),
        f"brier_{part}": brier_score(said, came),
        f"calibration_error_{part}": calibration_error(said, came),
    }


def _wind_metrics(told: xr.Dataset, cases: xr.Dataset, part: str) -> dict[str, Any]:
    """Mean absolute errors of the middle and of persistence, and coverage, by lead."""
    metrics = {}
    now = cases["predictors"].sel(predictor="wind").values
    for index, lead in enumerate(LEADS):
        later = cases["later_wind"].values[:, index]
        known = np.isfinite(later) & np.isfinite(now)
        low, *_, high = told["wind"].values[known, index].T
        middle = told["wind"].sel(level=0.5).values[known, index]
        covered = (low <= later[known]) & (later[known] <= high)
        metrics |= {
            f"wind_error_{part}_{lead}_h": float(np.abs(middle - later[known]).mean()),
            f"wind_error_{part}_{lead}_h_persistence": float(np.abs(now - later)[known].mean()),
            f"wind_coverage_90_{part}_{lead}_h": float(covered.mean()),
        }
    return metrics


def _store(path: Path, told: dict[str, xr.Dataset], material: _Material) -> None:
    """Write the forecasts of both parts, with the rows of the table that they are of."""
    parts = [
        forecast.assign_coords(
            row=("case", material.rows[part].astype(np.int32)),
            part=("case", np.full(forecast.sizes["case"], PARTS.index(part), np.int8)),
        ).drop_vars(["lat", "lon", "storm", "time"], errors="ignore")
        for part, forecast in told.items()
    ]
    whole = xr.concat(parts, "case", data_vars="minimal", coords="minimal")
    encoding = {str(name): _PACKED | _stored_as(str(name)) for name in whole.data_vars}
    write_with(path, lambda target: write_netcdf(target, whole, encoding))


def _stored_as(name: str) -> dict[str, Any]:
    """Single precision, but whole steps of what does not need as much."""
    for ending, step in _STEPS.items():
        if name.endswith(ending):
            return {"dtype": "int16", "scale_factor": step, "_FillValue": -32768}
    if name.startswith("forecast_"):
        return {"dtype": "int32", "scale_factor": 1e-3, "_FillValue": -(2**31)}  # degrees
    return {"dtype": "float32"}


def _seconds(started: tuple[float, float]) -> dict[str, float]:
    """Wall and CPU seconds since a start."""
    return {"wall": time.perf_counter() - started[0], "cpu": time.process_time() - started[1]}


def _sha256() -> dict[str, str]:
    """Checksums of the data."""
    return {name: read_card(name).built.sha256 for name in (CYCLONE_FUSION, HURDAT2)}


TASKS = {
    "weather/cyclone-track": RecipeTask(TrackRecipe, cyclone_track),
    "weather/rapid-intensification": RecipeTask(RapidRecipe, rapid_intensification),
    "weather/cyclone-transfer": RecipeTask(TransferRecipe, cyclone_transfer),
}
