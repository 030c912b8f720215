"""The figures of the notebook on tropical cyclones: errors by lead, tracks, reliability."""

# Not strict: xarray types what it holds as unknown.
# pyright: standard
from pathlib import Path

import numpy as np
import xarray as xr

from sciml.core.axes import FloatArray
from sciml.data.netcdf import open_netcdf
from sciml.figures.registry import Drawn, figure
from sciml.figures.style import (
    BLACK,
    BLUE,
    GREEN,
    ONE_COLUMN,
    ORANGE,
    PURPLE,
    SKY,
    TWO_COLUMNS,
    VERMILION,
    Panel,
    label_panels,
    new_picture,
)
from sciml.training.run import record_folder
from sciml.weather.cyclone_records import (
    Told,
    counted_errors,
    intensity_forecasts,
    rapid_told,
    track_forecasts,
)
from sciml.weather.cyclone_tasks import TRANSFER_FILE
from sciml.weather.cyclones.best_tracks import (
    ATLANTIC_LEADS,
    OFFICIAL_TWO_THIRDS,
    atlantic_cases,
    cliper,
)
from sciml.weather.cyclones.cases import LEADS, published, table_cases
from sciml.weather.cyclones.spread import CALIBRATED_AT, radius_of
from sciml.weather.cyclones.track import steady_displacement, track_errors
from sciml.weather.cyclones.verification import expert_errors
from sciml.weather.land import coastlines
from sciml.weather.scores.bootstrap import Draws, bootstrap_ratio
from sciml.weather.scores.probability import operating_characteristic
from sciml.weather.scores.reliability import reliability_curve
from sciml.weather.sources import open_cyclone_fusion, open_hurdat2
from sciml.weather.sphere import KM_PER_NAUTICAL_MILE, bearing, destination

TRACK_RECIPE, RAPID_RECIPE = "weather/cyclone-track", "weather/rapid-intensification"
TRANSFER_RECIPE = "weather/cyclone-transfer"

# README of smehedi35/ibtracs-era5-tc-benchmark and its stored predictions, test seasons, km.
PUBLISHED_ERRORS = {6: 33.34, 12: 79.79, 24: 201.34}

_MIXTURE = "mixture"
_LOOKS = {
    _MIXTURE: BLUE,
    "trees": SKY,
    "network": PURPLE,
    "kernel": GREEN,
    "quadratic": ORANGE,
    "persistence": BLACK,
}
_DRAWS = Draws(seed=0, number=1000)
_STORM = "2022266N12294"  # Ian: Caribbean Sea, Cuba, Florida
_ISSUED = (6, 12, 18, 24)  # fixes of that storm from which a forecast is drawn
_ELLIPSES = (24, 48)  # h


@figure(
    "weather/cyclone-errors",
    title="Track errors of Atlantic storms by lead, and what best tracks alone cannot tell",
    rtol=1e-4,
    atol=1e-2,
    needs=("tropical_cyclone_fusion", "hurdat2_atlantic"),
    recipe="weather/cyclone-track",
)
def cyclone_errors(record: Path | None = None) -> Drawn:
    """Errors by lead.

    Args:
        record: Folder of the recipe's record; by default the published one.

    Returns:
        Panel a: mean errors over those of persistence, in the test seasons of the published
        table; bars are intervals of 95 % over storms. Panel b: what two thirds of the errors of
        Atlantic forecasts from 2018 to 2022 stay below, from best tracks alone and official.
    """
    table = table_cases(open_cyclone_fusion())
    fused = _fused_errors(track_forecasts(record or record_folder(TRACK_RECIPE), table))
    atlantic = _atlantic_errors()
    picture = new_picture(TWO_COLUMNS, 2.8)
    left, right = picture.subplots(1, 2)
    _draw_fused(left, fused)
    _draw_atlantic(right, atlantic)
    label_panels(picture)
    return Drawn(picture, xr.merge([fused, atlantic]))


@figure(
    "weather/cyclone-tracks",
    title="Forecast tracks of one storm, with ellipses that hold two in three storms",
    rtol=1e-4,
    atol=1e-3,
    needs=("tropical_cyclone_fusion",),
    recipe="weather/cyclone-track",
)
def cyclone_tracks(record: Path | None = None) -> Drawn:
    """A storm of a test season, and forecasts for it.

    Args:
        record: Folder of the recipe's record; by default the published one.

    Returns:
        The observed track; forecasts up to 48 h from four fixes, with ellipses at 24 and 48 h.
    """
    table = table_cases(open_cyclone_fusion())
    told = track_forecasts(record or record_folder(TRACK_RECIPE), table)
    chosen = np.flatnonzero(told.cases["storm"].values == _STORM)
    storm = told.cases.isel(case=chosen)
    issued = told.forecast.isel(case=chosen[list(_ISSUED)])
    outlines = ellipses(issued.sel(lead=list(_ELLIPSES)), CALIBRATED_AT)
    picture = new_picture(0.56 * TWO_COLUMNS, 3.9)
    panel = picture.subplots()
    draw_land(panel)
    panel.plot(storm["lon"], storm["lat"], color=BLACK, marker=".", lw=0.8, label="observed")
    for number, colour in zip(range(len(_ISSUED)), (BLUE, VERMILION, GREEN, PURPLE), strict=True):
        _draw_forecast(panel, issued.isel(case=number), outlines.isel(case=number), colour)
    panel.set(xlim=(-94, -62), ylim=(9, 40), xlabel="longitude (°E)", ylabel="latitude (°N)")
    panel.set_aspect(1 / np.cos(np.radians(25)))
    panel.legend(loc="center right")
    observed = {f"observed_{name}": ("fix", storm[name].values) for name in ("lat", "lon")}
    told_there = issued[["forecast_lat", "forecast_lon", "along", "cross"]].reset_coords(drop=True)
    data = xr.merge([told_there, outlines.rename(lead="ellipse_lead")])
    return Drawn(picture, data.assign(observed))


@figure(
    "weather/rapid-reliability",
    title="Rapid intensification: reliability of the probabilities, and alarms against hits",
    rtol=1e-4,
    atol=1e-4,
    needs=("tropical_cyclone_fusion",),
    recipe="weather/rapid-intensification",
)
def rapid_reliability(record: Path | None = None) -> Drawn:
    """Probabilities of rapid intensification in the test seasons 2022 to 2024.

    Args:
        record: Folder of the recipe's record; by default the published one.

    Returns:
        Panel a: how often it came over how likely it was said to be; bars are intervals of 90 %
        of the frequency, cases taken as independent. Panel b: the share of events caught over the
        share of quiet cases with an alarm.
    """
    table = table_cases(open_cyclone_fusion())
    folder = record or record_folder(RAPID_RECIPE)
    told = rapid_told(intensity_forecasts(folder, table))
    bins = reliability_curve(told.probability, told.rapid, 10, seed=0)
    curve = operating_characteristic(told.probability, told.rapid)
    caught, alarmed = curve.hit_rate[1:], curve.false_alarm_rate[1:]  # the first never warns
    picture = new_picture(TWO_COLUMNS, 2.7)
    left, right = picture.subplots(1, 2)
    _draw_reliability(left, bins)
    right.plot([0, 1], [0, 1], color=BLACK, lw=0.6, ls=":")
    right.plot(alarmed, caught, color=BLUE)
    right.set(xlabel="false alarm rate", ylabel="hit rate", xlim=(0, 1), ylim=(0, 1))
    label_panels(picture)
    data = bins.reset_coords("probability").assign(
        hit_rate=("case", caught), false_alarm_rate=("case", alarmed)
    )
    return Drawn(picture, data)


@figure(
    "weather/typhoon-transfer",
    title="Typhoon tracks forecast by what was learnt from Atlantic storms",
    rtol=1e-4,
    atol=1e-2,
    recipe="weather/cyclone-transfer",
)
def typhoon_transfer(record: Path | None = None) -> Drawn:
    """Mean errors of typhoon tracks by lead.

    Args:
        record: Folder of the recipe's record; by default the published one.

    Returns:
        Mean errors over those of persistence, seasons 2019 to 2021; bars are intervals of 95 %
        over storms. A regression like CLIPER fitted in the Atlantic is not drawn: its longitudes
        mean nothing elsewhere, and it is several times as wrong as persistence.
    """
    folder = record or record_folder(TRANSFER_RECIPE)
    errors = open_netcdf(folder / TRANSFER_FILE)["error"]
    leads, names = errors["lead"].values, ["CLIPER of typhoons", "portable mixture"]
    steady = errors.sel(forecaster="persistence")
    shares = [
        [_share(errors.sel(forecaster=name), steady, lead) for lead in leads] for name in names
    ]
    found = np.array(shares)  # (forecaster, lead, value)
    picture = new_picture(ONE_COLUMN, 2.6)
    panel = picture.subplots()
    for name, colour, shift, row in zip(names, (ORANGE, BLUE), (-0.5, 0.5), found, strict=True):
        mean, low, high = row.T
        bars = np.abs([low, high] - mean)
        panel.errorbar(leads + shift, mean, bars, color=colour, marker="o", capsize=2, label=name)
    panel.axhline(1, color=BLACK, lw=0.6, ls=":")
    panel.set(xlabel="lead (h)", ylabel="mean error over persistence's", xticks=leads[1:])
    panel.legend(loc="lower left")
    data = xr.Dataset(
        {
            "error": errors.mean("case").assign_attrs(units="km"),
            "share": (("compared", "lead", "value"), found, {"units": "1"}),
        },
        {"compared": names, "value": ["mean", "low", "high"]},
    )
    return Drawn(picture, data)


def ellipses(told: xr.Dataset, share: float, points: int = 73) -> xr.Dataset:
    """Outlines of the regions that should hold a share of all storms.

    Args:
        told: Forecasts, with ``forecast_lat``, ``forecast_lon``, ``along``, ``cross`` and
            ``tail`` along (case, lead), and the coordinates lat and lon of the cases.
        share: Between 0 and 1.
        points: Of an outline; the last is the first.

    Returns:
        ``ellipse_lat`` and ``ellipse_lon``, dims (case, lead, point).
    """
    radius = np.array([radius_of(share, tail) for tail in told["tail"].values])[:, None]
    turn = np.linspace(0, 2 * np.pi, points)
    ahead = told["along"].values[..., None] * radius * np.cos(turn)
    right = told["cross"].values[..., None] * radius * np.sin(turn)
    here = told["lat"].values[:, None], told["lon"].values[:, None]
    there = told["forecast_lat"].values, told["forecast_lon"].values
    # The course at the forecast position is the way back from it, turned round.
    course = bearing(*there, *here)[..., None] + 180
    angle = course + np.degrees(np.arctan2(right, ahead))
    lat, lon = destination(there[0][..., None], there[1][..., None], angle, np.hypot(ahead, right))
    dims = ("case", "lead", "point")
    return xr.Dataset(
        {"ellipse_lat": (dims, lat), "ellipse_lon": (dims, lon)}, {"lead": told["lead"].values}
    )


def draw_land(panel: Panel) -> None:
    """Land in light grey, behind everything."""
    for ring in coastlines():
        panel.fill(*ring.T, facecolor="0.93", edgecolor="0.6", lw=0.5, zorder=0)


def _fused_errors(told: Told) -> xr.Dataset:
    """Mean errors by lead of mixture, experts and persistence, and how the first compares."""
    experts = expert_errors(told.forecast, told.cases)
    steady = track_errors(told.cases, steady_displacement(told.cases, LEADS), LEADS)
    names = [_MIXTURE, *(str(name) for name in experts["expert"].values), "persistence"]
    means, ends = np.empty((len(names), len(LEADS))), np.empty((2, len(LEADS)))
    for column, lead in enumerate(LEADS):
        counted = published(told.cases, lead)
        errors, storms = counted_errors(told, lead)
        still = steady[counted, column]
        found = bootstrap_ratio(errors, still, storms, _DRAWS)
        ends[:, column] = found.low, found.high
        alone = [one.values[counted, column].mean() for one in experts]
        means[:, column] = errors.mean(), *alone, still.mean()
    return xr.Dataset(
        {
            "error": (("forecaster", "lead"), means, {"units": "km"}),
            "mixture_share": (("end", "lead"), ends, {"units": "1"}),
        },
        {"forecaster": names, "lead": list(LEADS), "end": ["low", "high"]},
    )


def _atlantic_errors() -> xr.Dataset:
    """The error that two thirds of forecasts from best tracks stay below, n mi, 2018 to 2022."""
    tracks = open_hurdat2()
    asked, expert = atlantic_cases(tracks, 2018, 2022), cliper()
    expert.fit(atlantic_cases(tracks, 1980, 2014), ATLANTIC_LEADS, 0)
    ways = expert.predict(asked), steady_displacement(asked, ATLANTIC_LEADS)
    two_thirds = [_two_thirds(track_errors(asked, way, ATLANTIC_LEADS)) for way in ways]
    official = np.array([OFFICIAL_TWO_THIRDS[lead] for lead in ATLANTIC_LEADS])
    values = np.stack([*two_thirds, official])
    return xr.Dataset(
        {"two_thirds": (("source", "atlantic_lead"), values, {"units": "nmile"})},
        {
            "source": ["like CLIPER", "persistence", "official forecasts"],
            "atlantic_lead": list(ATLANTIC_LEADS),
        },
    )


def _two_thirds(errors: FloatArray) -> FloatArray:
    """What two thirds of the errors stay below, n mi, shape (lead,)."""
    return np.nanquantile(errors, CALIBRATED_AT, axis=0) / KM_PER_NAUTICAL_MILE


def _draw_fused(panel: Panel, fused: xr.Dataset) -> None:
    """Errors over those of persistence, which grow with the lead."""
    steady = fused["error"].sel(forecaster="persistence").values
    leads = fused["lead"].values
    for name, colour in _LOOKS.items():
        if name in fused["forecaster"].values and name != "persistence":
            share = fused["error"].sel(forecaster=name).values / steady
            panel.plot(leads, share, color=colour, marker="o", label=name, lw=1.0)
    mixture = fused["error"].sel(forecaster=_MIXTURE).values / steady
    bars = np.abs(fused["mixture_share"].values - mixture)
    panel.errorbar(leads, mixture, bars, color=BLUE, capsize=2, ls="none")
    published_leads = list(PUBLISHED_ERRORS)
    at = np.searchsorted(leads, published_leads)
    told = np.array(list(PUBLISHED_ERRORS.values())) / steady[at]
    panel.plot(published_leads, told, "x", color=VERMILION, ms=5, label="published trees")
    panel.axhline(1, color=BLACK, lw=0.6, ls=":")
    panel.set(xlabel="lead (h)", ylabel="mean error over persistence's", xticks=leads)
    panel.set_ylim(0.6, 1.02)
    panel.legend(ncols=3, loc="upper center", bbox_to_anchor=(0.5, 0.95))


def _draw_atlantic(panel: Panel, atlantic: xr.Dataset) -> None:
    """Two thirds of errors by lead."""
    for source, colour in zip(atlantic["source"].values, (ORANGE, BLACK, GREEN), strict=True):
        errors = atlantic["two_thirds"].sel(source=source)
        panel.plot(atlantic["atlantic_lead"], errors, color=colour, marker="o", label=source)
    panel.set(xlabel="lead (h)", ylabel="2/3 of errors below (n mi)", ylim=(0, None))
    panel.set_xticks([24, 48, 72, 96, 120])
    panel.legend()


def _draw_forecast(panel: Panel, told: xr.Dataset, outlines: xr.Dataset, colour: str) -> None:
    """A forecast track and its ellipses."""
    lon = np.append(told["lon"], told["forecast_lon"])
    lat = np.append(told["lat"], told["forecast_lat"])
    time = str(told["time"].values.astype("datetime64[h]"))[5:].replace("T", " ")
    panel.plot(lon, lat, color=colour, marker="o", ms=2.5, lw=1.0, label=f"from {time} UTC")
    for lead in outlines["lead"]:
        one = outlines.sel(lead=lead)
        panel.fill(one["ellipse_lon"], one["ellipse_lat"], facecolor=colour, alpha=0.12, lw=0)
        panel.plot(one["ellipse_lon"], one["ellipse_lat"], color=colour, lw=0.6)


def _draw_reliability(panel: Panel, bins: xr.Dataset) -> None:
    """Frequency over probability."""
    end = float(max(bins["probability"].max(), bins["confidence"].max()))
    panel.plot([0, end], [0, end], color=BLACK, lw=0.6, ls=":")
    frequency = bins["frequency"].values
    bars = np.abs(bins["confidence"].values.T - frequency)
    panel.errorbar(bins["probability"], frequency, bars, color=BLUE, marker="o", capsize=2)
    for probability, height, cases in zip(
        bins["probability"].values, frequency, bins["cases"].values, strict=True
    ):
        panel.annotate(f"{cases}", (probability, height), (4, -9), textcoords="offset points")
    panel.set(xlabel="forecast probability", ylabel="observed frequency")


def _share(errors: xr.DataArray, steady: xr.DataArray, lead: int) -> tuple[float, float, float]:
    """Mean error over that of persistence, and its interval over storms."""
    one, other = (part.sel(lead=lead).dropna("case") for part in (errors, steady))
    found = bootstrap_ratio(one.values, other.values, one["storm"].values, _DRAWS)
    return found.estimate, found.low, found.high
