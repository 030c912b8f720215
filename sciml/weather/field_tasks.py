"""The recipe that forecasts a field by a mixture of experts, a dataset's or the user's own."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import xarray as xr
from pydantic import Field, NonNegativeInt, PositiveInt

from sciml.core.axes import FloatArray
from sciml.core.errors import BadInput
from sciml.core.nearest import nearest
from sciml.core.settings import Settings
from sciml.core.user_files import user_file
from sciml.core.writing import sha256_of, write_with
from sciml.data.cards import read_card
from sciml.data.netcdf import open_netcdf, write_netcdf
from sciml.nn.spectral import FourierSettings
from sciml.training.recipe import Recipe
from sciml.training.run import Outcome, RecipeTask
from sciml.weather.calendar_years import split_by_years, years_of
from sciml.weather.forecast import FieldForecaster
from sciml.weather.forecasters.analogs import Analogs, AnalogSettings
from sciml.weather.forecasters.baselines import Climatology, DampedPersistence, Persistence
from sciml.weather.forecasters.kept_trainings import KeptTrainings
from sciml.weather.forecasters.kernel import KernelRegression, KernelSettings
from sciml.weather.forecasters.linear import LinearComponents, LinearSettings
from sciml.weather.forecasters.network import NetworkForecaster
from sciml.weather.forecasters.network_layer import NetworkSettings
from sciml.weather.mixture.forecaster import Mixture, MixtureSettings, leave_one_out
from sciml.weather.sources import open_ncep_air, open_ncep_slp
from sciml.weather.sources.fields import NCEP_AIR, NCEP_SLP
from sciml.weather.sources.grids import checked_field
from sciml.weather.verification import area_weights, due_truth, squared_errors
from sciml.weather.world.datasets import open_simulated_channel

ERRORS, WEIGHTS = "errors.nc", "weights.nc"

CHANNEL = "simulated_channel"  # made in seconds, without a download

_SOURCES: dict[str, Callable[[], xr.DataArray]] = {
    CHANNEL: open_simulated_channel,
    NCEP_SLP: open_ncep_slp,
    NCEP_AIR: open_ncep_air,
}


class FieldData(Settings):
    """Which field: of a dataset, or of a netCDF file; and which years are judged."""

    source: str = NCEP_SLP  # or simulated_channel, which needs no download
    path: str | None = None  # a netCDF file, instead of the source
    variable: str | None = None  # of the file; None: its only field
    learning: tuple[int, ...] = ()  # calendar years; none: all before those of the test
    test: tuple[int, ...] = ()  # calendar years; none: the last fifth, one at least


class ExpertSettings(Settings):
    """Who takes part in the mixture."""

    linear: LinearSettings = LinearSettings()
    analog: AnalogSettings | None = AnalogSettings()
    kernel: KernelSettings | None = KernelSettings()
    network: NetworkSettings = NetworkSettings(backbone=FourierSettings(width=16))
    networks: NonNegativeInt = 3  # alike but for their seeds


class FieldMixtureRecipe(Recipe):
    """Forecast a field at each lead by a mixture of experts, and judge it on other years."""

    data: FieldData = FieldData()
    leads: tuple[PositiveInt, ...] = Field(default=(1, 2, 3, 5, 7), min_length=1)  # steps ahead
    experts: ExpertSettings = ExpertSettings()
    mixture: MixtureSettings = MixtureSettings()


def field_mixture(recipe: FieldMixtureRecipe, folder: Path) -> Outcome:
    """Train experts and mixture on the years to learn from, and judge all on the others.

    Args:
        recipe: The settings.
        folder: Folder of the run; networks whose training was stopped go on from it.

    Returns:
        Errors of the mixture and of each expert by lead; beside it those of mixtures with one of
        the networks only, the ratio of spread to error, the CRPS, the experts' mean weights, and
        what the error would be without each. Files: squared errors of each forecast, and mean
        weights on the grid.

    Raises:
        BadInput: if the field cannot be used, or its years do not suffice.
        DatasetMissing: if the data are not on this machine.
    """
    started = time.perf_counter(), time.process_time()
    field, sha256 = opened_field(recipe.data)
    learning, test = divided(field, recipe)
    kept = KeptTrainings(folder / "networks")
    mixture = Mixture(experts_of(recipe, kept), recipe.leads, recipe.mixture, seed=recipe.seed)
    mixture.fit(learning)
    forecasts, opinions = judged(mixture, recipe, test, learning)
    errors = xr.concat(
        [squared_errors(one, test) for one in forecasts.values()],
        "forecaster",
        join="inner",  # persistence needs no history; all are judged on the same forecasts
    ).assign_coords(forecaster=list(forecasts))
    metrics = _errors_by_lead(errors)
    metrics |= _calibration(forecasts["mixture"], test)
    if len(mixture.experts) > 1:
        worth = leave_one_out(mixture, opinions, test, test)
        metrics |= _by_lead("added_error_without", worth)
    metrics |= _by_lead("weight_of", mixture.mean_weights())
    weights = mixture.weights(test, recipe.leads).mean("time").assign_attrs(units="1")
    outputs = [
        _written(folder / ERRORS, errors.astype("f4").to_dataset(name="squared_error")),
        _written(folder / WEIGHTS, weights.astype("f4").to_dataset(name="weight")),
    ]
    seconds = {
        "wall": time.perf_counter() - started[0] + kept.wall_before,
        "cpu": time.process_time() - started[1] + kept.cpu_before,
    }
    return Outcome("finished", metrics, sha256, outputs, seconds)


def opened_field(data: FieldData) -> tuple[xr.DataArray, dict[str, str]]:
    """The field of a recipe, and the checksum of what it was read from.

    Args:
        data: Dataset or file. Pressures in Pa are turned into hPa.

    Returns:
        The field (time, lat, lon), and SHA-256 by name.

    Raises:
        BadInput: if the source is not known, or the file holds no field that can be used.
        DatasetMissing: if the dataset is not on this machine.
    """
    if data.path is None:
        if data.source not in _SOURCES:
            raise BadInput(f"data.source: '{data.source}': {nearest(data.source, _SOURCES)}")
        found = in_hectopascal(_SOURCES[data.source]())
        if data.source == CHANNEL:
            return found, {}  # the code makes it
        return found, {data.source: read_card(data.source).built.sha256}
    path = user_file(data.path, "data.path")
    field = checked_field(_variable(open_netcdf(path), data), str(path))
    return in_hectopascal(field), {path.name: sha256_of(path)}


def _variable(dataset: xr.Dataset, data: FieldData) -> xr.DataArray:
    """The field of a file, without axes of length one."""
    if data.variable is not None:
        if data.variable not in dataset:
            raise BadInput(
                f"data.variable: {data.path} has no '{data.variable}'; "
                f"{nearest(data.variable, [str(name) for name in dataset.data_vars])}"
            )
        return _squeezed(dataset[data.variable])
    fields = {str(n): _squeezed(v) for n, v in dataset.data_vars.items() if _squeezed(v).ndim == 3}
    if len(fields) != 1:
        raise BadInput(
            f"{data.path}: expected one variable with three axes, found {sorted(fields)}; "
            "name one with -o data.variable=NAME"
        )
    return next(iter(fields.values()))


def _squeezed(variable: xr.DataArray) -> xr.DataArray:
    """A variable without levels or members of which there is one."""
    kept = {"time", "valid_time", "lat", "lon", "latitude", "longitude"}
    single = [dim for dim in variable.dims if dim not in kept and variable.sizes[dim] == 1]
    return variable.squeeze(single, drop=True)


def in_hectopascal(field: xr.DataArray) -> xr.DataArray:
    """A field of Pa in hPa, any other as it is.

    Args:
        field: With ``units``.

    Returns:
        The field.
    """
    if field.attrs.get("units") != "Pa":
        return field
    return (field / 100).assign_attrs(field.attrs | {"units": "hPa"})


def divided(field: xr.DataArray, recipe: FieldMixtureRecipe) -> tuple[xr.DataArray, xr.DataArray]:
    """The years to learn from and those to be judged on.

    Args:
        field: All years.
        recipe: Names the years; where it does not, the last fifth is judged.

    Returns:
        Learning and test part; nothing of the first lies within the embargo of the second.

    Raises:
        BadInput: if there are fewer than three calendar years, or a year is not there.
    """
    years = np.unique(years_of(field["time"].values)).tolist()
    if len(years) < 3:
        raise BadInput(
            f"data: the field has {len(years)} calendar year(s), expected 3: two to learn from "
            "in turn, and one to be judged on"
        )
    test = list(recipe.data.test) or years[-max(1, len(years) // 5) :]
    learning = list(recipe.data.learning) or [year for year in years if year < min(test)]
    parts = {"learning": learning, "test": test}
    found = split_by_years(field, parts, recipe.mixture.embargo)
    return found["learning"], found["test"]


def experts_of(
    recipe: FieldMixtureRecipe, kept: KeptTrainings | None = None
) -> dict[str, Callable[[], FieldForecaster]]:
    """How the experts of a recipe are made.

    Args:
        recipe: The settings.
        kept: Where networks whose training was stopped go on; None keeps nothing.

    Returns:
        Makers by name.
    """
    leads, chosen = recipe.leads, recipe.experts
    makers: dict[str, Callable[[], FieldForecaster]] = {
        "climatology": lambda: Climatology(leads, harmonics=chosen.linear.harmonics),
        "linear": lambda: LinearComponents(leads, chosen.linear),
    }
    if chosen.analog is not None:
        makers["analog"] = lambda: Analogs(leads, chosen.analog)
    if chosen.kernel is not None:
        makers["kernel"] = lambda: KernelRegression(leads, chosen.kernel)
    for number in range(chosen.networks):
        seed = recipe.seed + number
        makers[network_name(number)] = lambda seed=seed: NetworkForecaster(
            leads, chosen.network, seed=seed, kept=kept
        )
    return makers


def network_name(number: int) -> str:
    """What the network of a number, from 0, is called among the experts."""
    return f"network {number + 1}"


def judged(
    mixture: Mixture, recipe: FieldMixtureRecipe, test: xr.DataArray, learning: xr.DataArray
) -> tuple[dict[str, xr.Dataset], xr.Dataset]:
    """All forecasts of the test years: of the mixture, of its experts, and of what is simpler.

    Args:
        mixture: Fitted.
        recipe: The settings.
        test: The years to forecast.
        learning: The years that were learnt from.

    Returns:
        Forecasts by name, ``mixture`` first; and the experts' opinions.
    """
    opinions = mixture.opinions(test, recipe.leads)
    forecasts = {"mixture": mixture.blend(opinions, test)}
    networks = [network_name(number) for number in range(recipe.experts.networks)]
    for name in networks if len(networks) > 1 else []:
        kept = [one for one in mixture.experts if one == name or one not in networks]
        forecasts[f"mixture with {name} alone"] = mixture.among(kept).blend(opinions, test)
    for name in mixture.experts:
        alone = opinions.sel(expert=name, drop=True)
        forecasts[name] = alone.assign_attrs(forecasts["mixture"].attrs)
    harmonics = recipe.experts.linear.harmonics
    for simple in (
        Persistence(recipe.leads, harmonics=harmonics),
        DampedPersistence(recipe.leads, harmonics=harmonics),
    ):
        simple.fit(learning)
        forecasts[simple.name] = simple.predict(test, recipe.leads)
    return forecasts, opinions


def _errors_by_lead(errors: xr.DataArray) -> dict[str, float]:
    """Root-mean-square errors, named by forecaster and lead."""
    return _by_lead("rmse_of", (errors.mean("time") ** 0.5).rename(forecaster="expert"))


def _by_lead(what: str, table: xr.DataArray) -> dict[str, float]:
    """Entries of a table (expert, lead), named for the record."""
    return {
        f"{what}_{name}_at_{lead}".replace(" ", "_"): float(table.sel(expert=name, lead=lead))
        for name in table["expert"].values.tolist()
        for lead in table["lead"].values.tolist()
    }


def _calibration(forecast: xr.Dataset, truth: xr.DataArray) -> dict[str, float]:
    """Spread over error, and the CRPS of normal distributions, by lead."""
    weights = area_weights(forecast["lat"].values)[:, None]
    came = due_truth(forecast, truth)
    mean, deviation = forecast["forecast"].values, forecast["standard_deviation"].values
    found: dict[str, float] = {}
    for index, lead in enumerate(forecast["lead"].values.tolist()):
        due = np.isfinite(came[:, index]).all(axis=(1, 2))
        y, m, s = came[due, index], mean[due, index], deviation[due, index]
        ratio = np.sqrt(np.mean(weights * s**2) / np.mean(weights * (m - y) ** 2))
        found[f"spread_over_error_at_{lead}"] = float(ratio)
        found[f"crps_at_{lead}"] = float(np.mean(weights * normal_crps(y, m, s)))
    return found


def normal_crps(truth: FloatArray, mean: FloatArray, deviation: FloatArray) -> FloatArray:
    """Continuous ranked probability score of normal distributions.

    Args:
        truth: What came.
        mean: Of the distributions.
        deviation: Standard deviations, above 0.

    Returns:
        Scores in the unit of the truth; less is better.

    Source:
        Gneiting et al., Mon. Weather Rev. 133 (2005), eq. 5.
    """
    from scipy.stats import norm

    z = (truth - mean) / deviation
    return deviation * (z * (2 * norm.cdf(z) - 1) + 2 * norm.pdf(z) - 1 / np.sqrt(np.pi))


def _written(path: Path, data: xr.Dataset) -> Path:
    """Write a dataset, compressed."""
    encoding = {str(name): {"zlib": True, "complevel": 5} for name in data.data_vars}
    write_with(path, lambda part: write_netcdf(part, data, encoding))
    return path


TASKS = {"weather/field-mixture": RecipeTask(FieldMixtureRecipe, field_mixture)}
