"""A turbulent jet in a channel around the globe: a small atmosphere with fields to forecast.

Quasi-geostrophic flow in two layers of equal depth on a beta plane between two walls, periodic in
longitude; layer 1 is the upper one, and the lower one flows over mountains:

    ∂q_i/∂t + J(ψ_i, q_i + g_i) + U_i ∂q_i/∂x + B_i ∂ψ_i/∂x = ± F (θ* - θ) / τ - r ∇²ψ_2 - D
    q_1 = ∇²ψ_1 - F (ψ_1 - ψ_2),   q_2 = ∇²ψ_2 + F (ψ_1 - ψ_2),   θ = ψ_1 - ψ_2
    U_1 = U,   U_2 = 0,   B_1 = β + F U,   B_2 = β - F U

ψ is the stream function (u = -∂ψ/∂y, v = ∂ψ/∂x), q the potential vorticity of the flow, g that of
the ground. A wind U blows in the upper layer everywhere; to it belongs a temperature that falls
evenly to the north, which the world outside holds. Heating draws the difference of the layers,
the temperature between them, to θ* in a time τ (minus in the upper layer, plus in the lower one);
θ* falls to the north so steeply, in winter more, that the waves of weather grow on it. Friction r
acts on the lower layer, and D damps the smallest scales. ψ is expanded in sines of y, which vanish
at the walls, and waves of x; products are free of aliasing.

Source:
    Vallis, Atmospheric and Oceanic Fluid Dynamics, 2nd ed. (2017), chapters 5 and 9.
"""

import math
from functools import lru_cache

import numpy as np
from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from sciml.core.axes import Array, FloatArray, axes
from sciml.core.errors import BadInput
from sciml.core.settings import Settings
from sciml.weather.world.channel_kernel import (
    Tables,
    eastward_slope,
    into_coefficients,
    march,
    on_grid,
    stream_function,
    tendency,
)

EARTH_RADIUS = 6.371e6  # m, mean (IUGG)
ROTATION = 7.292115e-5  # rad/s, of the earth (WGS 84)
MIDDLE = 45.0  # degrees north, of the beta plane
SPIN_UP_DAYS = 90.0  # until a random start is forgotten

_DAY, _HOUR = 86400.0, 3600.0  # s
_TRACKS = 2  # storm tracks around the globe
_BITS = 40  # of tables of sines: library functions of processors differ in the last of 53
# Mountains: longitude, latitude, half widths in both (degrees), height over that of the highest.
_MOUNTAINS = ((-110.0, 45.0, 15.0, 12.0, 1.0), (80.0, 40.0, 25.0, 10.0, 0.8))


class ChannelSettings(Settings):
    """Geometry and forcing of the channel."""

    lats: int = Field(default=24, ge=4)  # of the grid, between the walls
    lons: int = Field(default=48, ge=8)
    sines: PositiveInt = 16  # kept along y; below 2/3 of lats + 1
    waves: PositiveInt = 15  # kept along x; below a third of lons
    south: float = 20.0  # degrees north, of the walls
    north: float = 70.0
    deformation_radius: PositiveFloat = 5.0e5  # m; 1 / (2 F) is its square
    upper_wind: float = 6.0  # m/s, U, of the upper layer everywhere, held by what is outside
    thermal_wind: float = 90.0  # m/s, by which heating would make the upper jet faster still
    storm_tracks: float = 0.6  # by what share the thermal wind is larger in them
    jet_latitude: float = 45.0  # degrees north
    jet_width: PositiveFloat = 12.0  # degrees of latitude, from the middle to exp(-1)
    heating_days: PositiveFloat | None = 12.0  # τ; None: no heating
    seasonal_swing: float = 0.3  # of the thermal wind over its mean, more in winter
    drag_days: PositiveFloat | None = 2.5  # 1/r; None: no friction
    ground_vorticity: float = 6.0e-5  # 1/s, of the highest mountain
    smallest_hours: PositiveFloat | None = 3.0  # in which the smallest scale is damped; None: not
    step_minutes: PositiveFloat = 80.0

    @model_validator(mode="after")
    def _no_aliasing(self) -> "ChannelSettings":
        """Refuse waves so short that products of two come back as longer ones."""
        across, along = 2 * (self.lats + 1) / 3, self.lons / 3
        if self.waves >= along or self.sines >= across:
            raise ValueError(
                f"on a grid of {self.lats} x {self.lons}, expected fewer than {across:.4g} sines "
                f"and {along:.4g} waves, got {self.sines} and {self.waves}"
            )
        return self

    def __hash__(self) -> int:
        """Equal settings share their tables."""
        return hash(tuple(self.model_dump().values()))

    @property
    def coriolis(self) -> float:
        """f, 1/s."""
        return 2 * ROTATION * math.sin(math.radians(MIDDLE))

    @property
    def beta(self) -> float:
        """df/dy, 1/(m s)."""
        return 2 * ROTATION * math.cos(math.radians(MIDDLE)) / EARTH_RADIUS

    @property
    def length(self) -> float:
        """Way round the earth in the middle of the channel, m."""
        return 2 * math.pi * EARTH_RADIUS * math.cos(math.radians(MIDDLE))

    @property
    def width(self) -> float:
        """From wall to wall, m."""
        return EARTH_RADIUS * math.radians(self.north - self.south)

    @property
    def lat(self) -> FloatArray:
        """Latitudes of the grid, degrees north."""
        inner = np.arange(1, self.lats + 1) / (self.lats + 1)
        return self.south + (self.north - self.south) * inner

    @property
    def lon(self) -> FloatArray:
        """Longitudes of the grid, degrees east."""
        return -180.0 + 360.0 * np.arange(self.lons) / self.lons

    @property
    def shape(self) -> tuple[int, int, int]:
        """Of a state: (layer, sine, wave)."""
        return 2, self.sines, 2 * self.waves + 1


@lru_cache(maxsize=16)
def tables(settings: ChannelSettings) -> Tables:
    """What the march needs of the settings, made once, to the last bit the same everywhere.

    Neither powers nor products of matrices are left to a library: processors round them otherwise.

    Args:
        settings: Of the channel.

    Returns:
        Matrices, wavenumbers and rates.
    """
    s, m = np.arange(1, settings.sines + 1), np.arange(settings.waves + 1)
    y = np.pi * np.outer(np.arange(1, settings.lats + 1) / (settings.lats + 1), s)
    x = 2 * np.pi * np.outer(m, np.arange(settings.lons) / settings.lons)
    waves = np.stack([np.cos(x), np.sin(x)], axis=1).reshape(2 * len(m), settings.lons)
    waves = _rounded(np.delete(waves, 1, axis=0))  # the mean has no sine
    norm = np.where(np.arange(len(waves)) == 0, 1.0, 2.0) / settings.lons
    eastward, northward = 2 * np.pi / settings.length * m, np.pi / settings.width * s
    laplacian = -(np.repeat(eastward, 2)[1:] ** 2 + northward[:, None] ** 2)
    share = laplacian / laplacian.min()
    sines, flat = _rounded(np.sin(y)), np.zeros((settings.lats, settings.lons))
    bare = Tables(
        sines=sines,
        cosines=_rounded(np.cos(y)),
        waves=waves,
        into_waves=np.ascontiguousarray((norm[:, None] * waves).T),
        into_sines=np.ascontiguousarray(2.0 / (settings.lats + 1) * sines.T),
        eastward=eastward,
        northward=northward,
        laplacian=laplacian,
        damping=_rate(settings.smallest_hours, _HOUR) * (share * share) * (share * share),
        ground=np.zeros_like(laplacian),
        ground_east=flat,
        ground_north=flat,
        warmth=np.zeros_like(laplacian),
        stretching=0.5 / (settings.deformation_radius * settings.deformation_radius),
        wind=settings.upper_wind,
        beta=settings.beta,
        drag=_rate(settings.drag_days, _DAY),
        heating=_rate(settings.heating_days, _DAY),
    )
    return _with_ground(bare, settings)


def _with_ground(bare: Tables, settings: ChannelSettings) -> Tables:
    """The tables with the slopes of the mountains and with what heating would bring about."""
    lat, lon = settings.lat[:, None], settings.lon
    high = np.zeros((settings.lats, settings.lons))
    for east, north, wide, deep, height in _MOUNTAINS:
        away = (lon - east + 180.0) % 360.0 - 180.0
        high += height * np.exp(-((away / wide) ** 2) - ((lat - north) / deep) ** 2)
    high = settings.ground_vorticity * _rounded(high)
    ground = into_coefficients(high, bare.into_sines, bare.into_waves)
    slope = bare.northward[:, None] * ground
    off = (settings.lat - settings.jet_latitude) / settings.jet_width
    bend = _rounded(2.0 * off * np.exp(-(off**2)))  # -dU/dy, over U and the width
    shear = settings.thermal_wind / (EARTH_RADIUS * math.radians(settings.jet_width)) * bend
    around = 1.0 + settings.storm_tracks * bare.waves[2 * _TRACKS - 1]
    bent = into_coefficients(np.outer(shear, around), bare.into_sines, bare.into_waves)
    warmth = -0.5 * bent / (bare.northward * bare.northward)[:, None]
    return bare._replace(
        ground=ground,
        ground_east=on_grid(eastward_slope(ground, bare.eastward), bare.sines, bare.waves),
        ground_north=on_grid(slope, bare.cosines, bare.waves),
        warmth=warmth,
    )


def run(
    settings: ChannelSettings,
    start: FloatArray,
    steps: int,
    *,
    every: int = 1,
    season: Array = 1.0,
) -> FloatArray:
    """The flow from given states on.

    A member's flow does not depend on the others in the batch, not even in the last digit.

    Args:
        settings: Of the channel.
        start: Potential vorticity, 1/s. Shape (member, layer, sine, wave).
        steps: Steps of ``settings.step_minutes``.
        every: Steps from one kept state to the next.
        season: Heating over its mean, constant in each step; broadcast to (member, step).

    Returns:
        The start and each ``every``-th state after it. Shape (member, time, layer, sine, wave).

    Raises:
        BadInput: if shapes do not fit, or the step is so long that the numbers overflow.
    """
    layer, sine, wave = settings.shape
    known = {"layer": layer, "sine": sine, "wave": wave}
    members = axes(start, "member layer sine wave", "start", **known)["member"]
    if steps < 1 or every < 1:
        raise BadInput(f"run: expected steps and every above 0, got {steps} and {every}")
    heated = np.broadcast_to(np.asarray(season, np.float64), (members, steps))
    step = 60.0 * settings.step_minutes
    kept = march(np.ascontiguousarray(start), heated, tables(settings), step, every)
    if not np.isfinite(kept[:, -1]).all():
        raise BadInput(
            f"run: the numbers overflow with step_minutes = {settings.step_minutes:g}; "
            "take a shorter step"
        )
    return kept


def random_start(
    settings: ChannelSettings, members: int, seed: int, season: float = 1.0
) -> FloatArray:
    """States of the turbulent jet, from which transients have gone.

    Args:
        settings: Of the channel.
        members: Number of states, independent of each other.
        seed: Of the disturbance before the spin-up.
        season: Heating over its mean.

    Returns:
        Potential vorticity, 1/s. Shape (member, layer, sine, wave).
    """
    generator = np.random.default_rng(seed)
    wild = 1e-6 * generator.normal(size=(members, *settings.shape))
    steps = round(SPIN_UP_DAYS * _DAY / (60.0 * settings.step_minutes))
    return run(settings, wild, steps, every=steps, season=season)[:, -1]


def flow(settings: ChannelSettings, states: FloatArray) -> FloatArray:
    """The stream functions of states.

    Args:
        settings: Of the channel.
        states: Potential vorticity, 1/s. Shape (..., layer, sine, wave).

    Returns:
        Coefficients of ψ without the wind U, m²/s, of the same shape.
    """
    layer, sine, wave = settings.shape
    axes(states, "... layer sine wave", "states", layer=layer, sine=sine, wave=wave)
    table = tables(settings)
    one_by_one = [stream_function(one, table) for one in states.reshape(-1, *settings.shape)]
    return np.stack(one_by_one).reshape(states.shape)


def values(settings: ChannelSettings, coefficients: FloatArray) -> FloatArray:
    """A field on the grid.

    Args:
        settings: Of the channel.
        coefficients: Of a field that vanishes at the walls. Shape (..., sine, wave).

    Returns:
        Shape (..., lat, lon).
    """
    axes(coefficients, "... sine wave", "coefficients", sine=settings.sines)
    table = tables(settings)
    return table.sines @ coefficients @ table.waves


def rates(settings: ChannelSettings, state: FloatArray, season: float = 1.0) -> FloatArray:
    """dq/dt, 1/s², of one state (layer, sine, wave), for checks of the budget."""
    layer, sine, wave = settings.shape
    axes(state, "layer sine wave", "state", layer=layer, sine=sine, wave=wave)
    return tendency(state, season, tables(settings))


def truncated(states: FloatArray, of: ChannelSettings, to: ChannelSettings) -> FloatArray:
    """States as a channel with fewer waves, or more of them, sees them.

    Args:
        states: Shape (..., layer, sine, wave).
        of: The channel that they are from.
        to: The other one.

    Returns:
        The waves that both have, and zero where the other has more.
    """
    axes(states, "... layer sine wave", "states", sine=of.sines, wave=2 * of.waves + 1)
    seen = np.zeros((*states.shape[:-3], *to.shape))
    sines, waves = min(of.sines, to.sines), 2 * min(of.waves, to.waves) + 1
    seen[..., :sines, :waves] = states[..., :sines, :waves]
    return seen


def invariants(settings: ChannelSettings, states: FloatArray) -> tuple[FloatArray, FloatArray]:
    """What advection keeps: energy, and the enstrophy of each layer with the ground's share.

    Args:
        settings: Of the channel.
        states: Shape (..., layer, sine, wave).

    Returns:
        Energy, m²/s², the mean over the channel of ½ Σ |∇ψ_i|² + ½ F (ψ_1 - ψ_2)²; and
        ½ (q_i + g_i)², 1/s², of the kept waves, shape (..., layer).
    """
    table = tables(settings)
    psi = flow(settings, states)
    weight = np.full(settings.shape[1:], 0.25)  # mean of a squared sine in y and in x
    weight[:, 0] = 0.5
    energy = -0.5 * np.sum(weight * psi * states, axis=(-3, -2, -1))
    whole = states.copy()
    whole[..., 1, :, :] += table.ground
    return energy, 0.5 * np.sum(weight * whole**2, axis=(-2, -1))


def _rate(time: float | None, unit: float) -> float:
    """1/s, of what takes a time; 0 if there is none."""
    return 0.0 if time is None else 1.0 / (unit * time)


def _rounded(table: FloatArray) -> FloatArray:
    """A table whose last bits do not depend on the library that computed it."""
    return np.round(table * 2.0**_BITS) / 2.0**_BITS
