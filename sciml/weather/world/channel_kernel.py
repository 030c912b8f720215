"""The compiled march of the channel; its equations are in :mod:`sciml.weather.world.channel`.

All kernels stand in this file, because numba's cache knows when a file changes, but not when a
file that it calls into does. Transforms are plain sums of products in a fixed order, which a grid
as small as this can afford, so that all processors round them alike.

A field is an array (s, n) of coefficients. Along s stand sin(s π y / L_y), s from 1; along n the
mean over x, then the cosine and the sine of each wave in turn. Layer 0 is the upper one.
"""

from typing import NamedTuple

import numba
import numpy as np

from sciml.core.axes import FloatArray


class Tables(NamedTuple):
    """What the march needs of the geometry and of the forcing."""

    sines: FloatArray  # (lat, s)
    cosines: FloatArray  # (lat, s)
    waves: FloatArray  # (n, lon), cosines and sines of x
    into_waves: FloatArray  # (lon, n), from values to coefficients
    into_sines: FloatArray  # (s, lat)
    eastward: FloatArray  # (wave,), wavenumbers, 1/m
    northward: FloatArray  # (s,), wavenumbers, 1/m
    laplacian: FloatArray  # (s, n), 1/m², negative
    damping: FloatArray  # (s, n), 1/s, of the smallest scales
    ground: FloatArray  # (s, n), 1/s, vorticity that the ground gives to the lower layer
    ground_east: FloatArray  # (lat, lon), its slopes, 1/(m s)
    ground_north: FloatArray  # (lat, lon), 1/(m s)
    warmth: FloatArray  # (s, n), m²/s, half the difference of ψ that heating would bring about
    stretching: float  # F, 1/m², of each layer by the difference of ψ
    wind: float  # m/s, U, of the upper layer besides ψ
    beta: float  # 1/(m s)
    drag: float  # 1/s, of the lower layer on the ground
    heating: float  # 1/s


@numba.njit(cache=True)
def on_grid(coefficients: FloatArray, along: FloatArray, waves: FloatArray) -> FloatArray:
    """Values (lat, lon) of coefficients (s, n): sums along y, then along x."""
    lats, lons, count = along.shape[0], waves.shape[1], waves.shape[0]
    rows = np.zeros((lats, count))
    grid = np.zeros((lats, lons))
    for j in range(lats):
        for s in range(along.shape[1]):
            weight = along[j, s]
            for n in range(count):
                rows[j, n] += weight * coefficients[s, n]
        for n in range(count):
            weight = rows[j, n]
            for i in range(lons):
                grid[j, i] += weight * waves[n, i]
    return grid


@numba.njit(cache=True)
def into_coefficients(grid: FloatArray, into: FloatArray, waves: FloatArray) -> FloatArray:
    """Coefficients (s, n) of values (lat, lon) that are sines in y."""
    lats, lons, count = grid.shape[0], grid.shape[1], waves.shape[1]
    found = np.zeros((into.shape[0], count))
    row = np.empty(count)
    for j in range(lats):
        row[:] = 0.0
        for i in range(lons):
            weight = grid[j, i]
            for n in range(count):
                row[n] += weight * waves[i, n]
        for s in range(into.shape[0]):
            weight = into[s, j]
            for n in range(count):
                found[s, n] += weight * row[n]
    return found


@numba.njit(cache=True)
def stream_function(vorticity: FloatArray, tables: Tables) -> FloatArray:
    """ψ (layer, s, n), m²/s, of the potential vorticity, by its mean and half its difference."""
    flow = np.empty_like(vorticity)
    for s in range(vorticity.shape[1]):
        for n in range(vorticity.shape[2]):
            upper, lower = vorticity[0, s, n], vorticity[1, s, n]
            laplacian = tables.laplacian[s, n]
            mean = 0.5 * (upper + lower) / laplacian
            half = 0.5 * (upper - lower) / (laplacian - 2.0 * tables.stretching)
            flow[0, s, n], flow[1, s, n] = mean + half, mean - half
    return flow


@numba.njit(cache=True)
def eastward_slope(field: FloatArray, wavenumbers: FloatArray) -> FloatArray:
    """Coefficients of the derivative in x: cosines become sines."""
    slope = np.zeros_like(field)
    for s in range(field.shape[0]):
        for m in range(1, wavenumbers.size):
            slope[s, 2 * m - 1] = wavenumbers[m] * field[s, 2 * m]
            slope[s, 2 * m] = -wavenumbers[m] * field[s, 2 * m - 1]
    return slope


@numba.njit(cache=True)
def northward_slope(field: FloatArray, wavenumbers: FloatArray) -> FloatArray:
    """Coefficients of the derivative in y, of cosines."""
    slope = np.empty_like(field)
    for s in range(field.shape[0]):
        for n in range(field.shape[1]):
            slope[s, n] = wavenumbers[s] * field[s, n]
    return slope


@numba.njit(cache=True)
def advection(
    flow: FloatArray, vorticity: FloatArray, east: FloatArray, north: FloatArray, tables: Tables
) -> FloatArray:
    """-J(ψ, q + g) of one layer, (s, n), with the slopes of g on the grid."""
    sines, cosines, waves = tables.sines, tables.cosines, tables.waves
    flow_x = on_grid(eastward_slope(flow, tables.eastward), sines, waves)
    flow_y = on_grid(northward_slope(flow, tables.northward), cosines, waves)
    slope_x = on_grid(eastward_slope(vorticity, tables.eastward), sines, waves)
    slope_y = on_grid(northward_slope(vorticity, tables.northward), cosines, waves)
    for j in range(sines.shape[0]):
        for i in range(waves.shape[1]):
            up = flow_y[j, i] * (slope_x[j, i] + east[j, i])
            flow_x[j, i] = up - flow_x[j, i] * (slope_y[j, i] + north[j, i])
    return into_coefficients(flow_x, tables.into_sines, tables.into_waves)


@numba.njit(cache=True)
def tendency(vorticity: FloatArray, season: float, tables: Tables) -> FloatArray:
    """dq/dt (layer, s, n), 1/s², of one member, heated ``season`` times as on average."""
    flow = stream_function(vorticity, tables)
    flat = np.zeros_like(tables.ground_east)
    rate = np.empty_like(vorticity)
    rate[0] = advection(flow[0], vorticity[0], flat, flat, tables)
    rate[1] = advection(flow[1], vorticity[1], tables.ground_east, tables.ground_north, tables)
    gain = 2.0 * tables.heating * tables.stretching
    tilt = tables.stretching * tables.wind  # of the potential vorticity that belongs to U
    for layer in range(2):
        northerly = eastward_slope(flow[layer], tables.eastward)
        blown = eastward_slope(vorticity[layer], tables.eastward)
        wind = tables.wind if layer == 0 else 0.0
        slope = tables.beta + tilt if layer == 0 else tables.beta - tilt
        for s in range(rate.shape[1]):
            for n in range(rate.shape[2]):
                lacking = season * tables.warmth[s, n] - 0.5 * (flow[0, s, n] - flow[1, s, n])
                rubbed = tables.drag * tables.laplacian[s, n] * flow[1, s, n]
                forced = -gain * lacking if layer == 0 else gain * lacking - rubbed
                forced -= tables.damping[s, n] * vorticity[layer, s, n]
                rate[layer, s, n] += forced - slope * northerly[s, n] - wind * blown[s, n]
    return rate


@numba.njit(cache=True)
def _moved(state: FloatArray, step: float, rate: FloatArray) -> FloatArray:
    """The state a step along its rate."""
    moved = np.empty_like(state)
    flat, old, slope = moved.reshape(-1), state.reshape(-1), rate.reshape(-1)
    for i in range(state.size):
        flat[i] = old[i] + step * slope[i]
    return moved


@numba.njit(cache=True)
def march(
    start: FloatArray, season: FloatArray, tables: Tables, step: float, every: int
) -> FloatArray:
    """March all members by Runge and Kutta's method of fourth order, each by itself.

    ``start`` (member, layer, s, n), 1/s; ``season`` (member, step), constant during a step of
    ``step`` seconds. Returns (member, time, layer, s, n): the start and each ``every``-th step.
    """
    members, steps = season.shape
    layers, rows, columns = start.shape[1:]
    kept = np.empty((members, steps // every + 1, layers, rows, columns))
    for member in range(members):
        q = start[member].copy()
        kept[member, 0] = q
        for n in range(steps):
            now = season[member, n]
            first = tendency(q, now, tables)
            second = tendency(_moved(q, 0.5 * step, first), now, tables)
            third = tendency(_moved(q, 0.5 * step, second), now, tables)
            fourth = tendency(_moved(q, step, third), now, tables)
            for i in range(q.size):
                slope = first.flat[i] + 2.0 * (second.flat[i] + third.flat[i]) + fourth.flat[i]
                q.flat[i] += step / 6.0 * slope
            if (n + 1) % every == 0:
                kept[member, (n + 1) // every] = q
    return kept
