"""The compiled arithmetic of the filters: everything is a Householder triangularisation.

A work array holds the columns of a factor as its rows, so that a reflection runs over contiguous
memory. It also makes each number independent of the columns beside it: appending columns changes
no bit of the rest, on which the smoother relies (:mod:`sciml.hydro.filters.smoothing`).

All kernels stand in this file: numba's cache knows when a file changes, but not when a file that
it calls into does.
"""

import math
from typing import NamedTuple

import numba
import numpy as np

from sciml.core.axes import BoolArray, FloatArray, IntArray

# Squares outside of these limits would lose digits: the column is scaled first.
SMALLEST_SQUARE, LARGEST_SQUARE = 1e-250, 1e250
LOG_TWO_PI = math.log(2.0 * math.pi)


@numba.njit(cache=True)
def _norm(work: FloatArray, column: int, end: int) -> float:
    """Length of a column from its diagonal down to ``end``, safe against overflow."""
    square = 0.0
    for row in range(column, end):
        square += work[row, column] * work[row, column]
    if SMALLEST_SQUARE < square < LARGEST_SQUARE:
        return math.sqrt(square)
    largest = 0.0
    for row in range(column, end):
        largest = max(largest, abs(work[row, column]))
    if largest == 0.0 or not math.isfinite(largest):
        return largest
    square = 0.0
    for row in range(column, end):
        square += (work[row, column] / largest) ** 2
    return largest * math.sqrt(square)


@numba.njit(cache=True)
def _triangularise(work: FloatArray, columns: int, ends: IntArray, sums: FloatArray) -> None:
    """Reflect ``work`` in place until its first ``columns`` are upper triangular.

    The diagonal comes out non-negative. ``ends[k]`` is where the rows that columns up to k
    touch end; ``sums`` is scratch, one number per column.
    """
    width = work.shape[1]
    for k in range(min(columns, work.shape[0])):
        end = ends[k]
        length = _norm(work, k, end)
        if length == 0.0:
            continue
        pivot = work[k, k]
        if pivot > 0.0:
            # v = x - |x| e would cancel: reflect to -|x| and turn the row afterwards.
            head = pivot + length
            turn = -1.0
        else:
            head = pivot - length
            turn = 1.0
        # H = I - v vᵀ / (|x| |head|), v = x with its first entry replaced by head.
        scale = 1.0 / head
        share = abs(head) / length
        for j in range(k + 1, width):
            sums[j] = work[k, j]
        for row in range(k + 1, end):
            v = work[row, k] * scale
            work[row, k] = v
            if v != 0.0:
                for j in range(k + 1, width):
                    sums[j] += v * work[row, j]
        for j in range(k + 1, width):
            sums[j] *= share
            work[k, j] = turn * (work[k, j] - sums[j])
        for row in range(k + 1, end):
            v = work[row, k]
            work[row, k] = 0.0
            if v != 0.0:
                for j in range(k + 1, width):
                    work[row, j] -= v * sums[j]
        work[k, k] = length


@numba.njit(cache=True)
def _product(matrix: FloatArray, factor: FloatArray, out: FloatArray) -> None:
    """Rows of ``out``: columns of matrix · factor."""
    rows, inner = matrix.shape
    for column in range(factor.shape[1]):
        for row in range(rows):
            total = 0.0
            for i in range(inner):
                total += matrix[row, i] * factor[i, column]
            out[column, row] = total


@numba.njit(cache=True)
def _predict_array(
    work: FloatArray, ends: IntArray, noise: FloatArray, deviations: int, states: int
) -> None:
    """Complete the array of a prediction, whose first rows hold the deviations."""
    for j in range(noise.shape[1]):
        for i in range(states):
            work[deviations + j, i] = noise[i, j]
    for k in range(states):
        ends[k] = deviations + noise.shape[1]


@numba.njit(cache=True)
def _update_array(
    work: FloatArray, seen: IntArray, count: int, deviations: FloatArray, noise: FloatArray
) -> None:
    """Sensor columns of an update: deviations (sensor, deviation) and noise of those seen."""
    points = deviations.shape[1]
    for s in range(count):
        for j in range(points):
            work[j, s] = deviations[seen[s], j]
        for j in range(noise.shape[1]):
            work[points + j, s] = noise[seen[s], j]


@numba.njit(cache=True)
def _seen_sensors(missing: BoolArray, seen: IntArray) -> int:
    """List the sensors that are not missing; returns how many."""
    count = 0
    for s in range(missing.shape[0]):
        if not missing[s]:
            seen[count] = s
            count += 1
    return count


@numba.njit(cache=True)
def _state_columns(work: FloatArray, first: int, factor: FloatArray, rows: int) -> None:
    """Put a state factor into the columns from ``first`` on, zero below it."""
    states, width = factor.shape
    for j in range(width):
        for i in range(states):
            work[j, first + i] = factor[i, j]
    for j in range(width, rows):
        for i in range(states):
            work[j, first + i] = 0.0


@numba.njit(cache=True)
def _correct(
    work: FloatArray,
    count: int,
    seen: IntArray,
    innovation: FloatArray,
    mean: FloatArray,
    white: FloatArray,
) -> tuple[float, float]:
    """Move a mean by what the seen sensors say; returns log-likelihood and NIS.

    ``white`` receives the whitened innovations.
    """
    log_likelihood, square = 0.0, 0.0
    for s in range(count):
        rest = innovation[seen[s]]
        for r in range(s):
            rest -= work[r, s] * white[r]
        e = rest / work[s, s]
        white[s] = e
        square += e * e
        log_likelihood -= math.log(work[s, s]) + 0.5 * LOG_TWO_PI
        for i in range(mean.shape[0]):
            mean[i] += work[s, count + i] * e
    return log_likelihood - 0.5 * square, square


@numba.njit(cache=True)
def _lower(work: FloatArray, first: int, factor: FloatArray) -> None:
    """Read a lower triangular factor from the diagonal block that starts at ``first``."""
    states = factor.shape[0]
    for i in range(states):
        for j in range(states):
            factor[i, j] = work[first + j, first + i] if j <= i else 0.0


class LinearRecord(NamedTuple):
    """Records and what a linear model makes of them; batch and time may be 1 where shared."""

    F: FloatArray  # (batch, time, state, state)
    H: FloatArray  # (batch, time, sensor, state)
    LQ: FloatArray  # factor of Q, (batch, time, state, state)
    LR: FloatArray  # factor of R, (batch, time, sensor, sensor)
    Bu: FloatArray  # (batch, time, state)
    Du: FloatArray  # (batch, time, sensor)
    observations: FloatArray  # (batch, time, sensor), never shared
    start_means: FloatArray  # (batch, state)
    start_factors: FloatArray  # (batch, state, state)
    members: IntArray  # those of one group side by side: they share their triangles
    offsets: IntArray  # where each group begins in them, and their number
    means: FloatArray  # from here on out: (batch, time, state)
    predicted_means: FloatArray  # (batch, time, state)
    factors: FloatArray  # (group, time, state, state)
    predicted_factors: FloatArray  # (group, time, state, state)
    innovations: FloatArray  # (batch, time, sensor)
    deviations: FloatArray  # (group, time, sensor)
    log_likelihood: FloatArray  # (batch, time)
    nis: FloatArray  # (batch, time)


class _Scratch(NamedTuple):
    """Room to work in."""

    work: FloatArray
    Y: FloatArray
    sums: FloatArray
    ends: IntArray
    seen: IntArray
    white: FloatArray
    mean: FloatArray


@numba.njit(cache=True)
def _spread(Y: FloatArray, noise: FloatArray, out: FloatArray) -> None:
    """Standard deviations of the innovations; deviations Y (deviation, sensor)."""
    for s in range(Y.shape[1]):
        square = 0.0
        for j in range(Y.shape[0]):
            square += Y[j, s] * Y[j, s]
        for j in range(noise.shape[1]):
            square += noise[s, j] * noise[s, j]
        out[s] = math.sqrt(square)


@numba.njit(cache=True)
def _share(array: FloatArray, member: int, t: int) -> FloatArray:
    """What belongs to a member and a time, of an array that may be shared by either."""
    return array[member if array.shape[0] > 1 else 0, t if array.shape[1] > 1 else 0]


@numba.njit(cache=True)
def _linear_triangles(r: LinearRecord, g: int, t: int, S: FloatArray, room: _Scratch) -> int:
    """Carry the factor S of a group over one step; leaves the update in the work array."""
    lead, states, sensors = r.members[r.offsets[g]], S.shape[0], r.observations.shape[2]
    LQ, LR = _share(r.LQ, lead, t), _share(r.LR, lead, t)
    prediction = room.work[: states + LQ.shape[1], :states]
    _product(_share(r.F, lead, t), S, prediction)
    _predict_array(prediction, room.ends, LQ, states, states)
    _triangularise(prediction, states, room.ends, room.sums)
    _lower(prediction, 0, S)
    r.predicted_factors[g, t] = S
    _product(_share(r.H, lead, t), S, room.Y)
    _spread(room.Y, LR, r.deviations[g, t])
    count = _seen_sensors(np.isnan(r.observations[lead, t]), room.seen)
    if count > 0:
        update = room.work[: states + sensors, : count + states]
        _update_array(update, room.seen, count, room.Y.T, LR)
        _state_columns(update, count, S, states + sensors)
        room.ends[: count + states] = states + sensors
        _triangularise(update, count + states, room.ends, room.sums)
        _lower(update, count, S)
    r.factors[g, t] = S
    return count


@numba.njit(cache=True)
def _linear_member(r: LinearRecord, b: int, t: int, count: int, room: _Scratch) -> None:
    """Carry the mean of a member over one step, by the update in the work array."""
    F, H, mean = _share(r.F, b, t), _share(r.H, b, t), room.mean
    states, sensors = mean.shape[0], H.shape[0]
    before = r.means[b, t - 1] if t > 0 else r.start_means[b]
    bu, du = _share(r.Bu, b, t), _share(r.Du, b, t)
    for i in range(states):
        total = bu[i]
        for j in range(states):
            total += F[i, j] * before[j]
        mean[i] = total
        r.predicted_means[b, t, i] = total
    for s in range(sensors):
        total = du[s]
        for i in range(states):
            total += H[s, i] * mean[i]
        r.innovations[b, t, s] = r.observations[b, t, s] - total
    terms = _correct(room.work, count, room.seen, r.innovations[b, t], mean, room.white)
    r.log_likelihood[b, t], r.nis[b, t] = terms
    for i in range(states):
        r.means[b, t, i] = mean[i]


@numba.njit(cache=True)
def linear_record(r: LinearRecord) -> None:
    """Filter records by a linear model."""
    sensors, states = r.H.shape[2], r.H.shape[3]
    height, width = 2 * states + sensors, states + sensors
    room = _Scratch(
        np.zeros((height, width)),
        np.zeros((states, sensors)),
        np.zeros(width),
        np.zeros(width, np.int64),
        np.zeros(sensors, np.int64),
        np.zeros(sensors),
        np.zeros(states),
    )
    for g in range(r.factors.shape[0]):
        lead = r.members[r.offsets[g]]
        S = r.start_factors[lead if r.start_factors.shape[0] > 1 else 0].copy()
        for t in range(r.observations.shape[1]):
            count = _linear_triangles(r, g, t, S, room)
            for place in range(r.offsets[g], r.offsets[g + 1]):
                _linear_member(r, r.members[place], t, count, room)


@numba.njit(cache=True)
def triangles(deviations: FloatArray, noise: FloatArray) -> FloatArray:
    """Lower triangular factors of deviations · deviationsᵀ + noise · noiseᵀ.

    Args:
        deviations: Shape (batch, row, deviation).
        noise: Shape (batch or 1, row, source).

    Returns:
        Factors (batch, row, row).
    """
    batch, rows, points = deviations.shape
    out = np.zeros((batch, rows, rows))
    height = max(points + noise.shape[2], rows)
    work, ends, sums = np.zeros((height, rows)), np.zeros(rows, np.int64), np.zeros(rows)
    for b in range(batch):
        work[:] = 0.0
        work[:points] = deviations[b].T
        _predict_array(work, ends, noise[b if noise.shape[0] > 1 else 0], points, rows)
        _triangularise(work, rows, ends, sums)
        _lower(work, 0, out[b])
    return out


@numba.njit(cache=True)
def products(matrices: FloatArray, factors: FloatArray) -> FloatArray:
    """Matrix products, bit for bit as in :func:`linear_record`.

    Args:
        matrices: Shape (batch or 1, row, state).
        factors: Shape (batch, state, column).

    Returns:
        Shape (batch, row, column).
    """
    batch, columns, rows = factors.shape[0], factors.shape[2], matrices.shape[1]
    out = np.zeros((batch, columns, rows))
    for b in range(batch):
        _product(matrices[b if matrices.shape[0] > 1 else 0], factors[b], out[b])
    return np.ascontiguousarray(out.transpose(0, 2, 1))


@numba.njit(cache=True)
def updates(
    deviations: FloatArray,
    noise: FloatArray,
    innovations: FloatArray,
    means: FloatArray,
    factors: FloatArray,
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
    """Update a batch by the sensors whose innovation is not NaN.

    Args:
        deviations: Of the sensors; the first columns belong to those of the factor. Shape
            (batch, sensor, deviation).
        noise: Factor of R. Shape (batch or 1, sensor, sensor).
        innovations: Shape (batch, sensor).
        means: Shape (batch, state).
        factors: Shape (batch, state, state).

    Returns:
        Means, factors, deviations of the innovations (batch, sensor), log-likelihoods and NIS
        (batch,).
    """
    batch, sensors, points = deviations.shape
    states = means.shape[1]
    new_means, new_factors = means.copy(), factors.copy()
    spread, scores, nis = np.zeros((batch, sensors)), np.zeros(batch), np.zeros(batch)
    work = np.zeros((points + sensors, states + sensors))
    sums, ends = np.zeros(states + sensors), np.zeros(states + sensors, np.int64)
    seen, white = np.zeros(sensors, np.int64), np.zeros(sensors)
    for b in range(batch):
        LR = noise[b if noise.shape[0] > 1 else 0]
        _spread(deviations[b].T, LR, spread[b])
        count = _seen_sensors(np.isnan(innovations[b]), seen)
        if count == 0:
            continue
        update = work[:, : count + states]
        _update_array(update, seen, count, deviations[b], LR)
        _state_columns(update, count, factors[b], points + sensors)
        ends[:] = points + sensors
        _triangularise(update, count + states, ends, sums)
        _lower(update, count, new_factors[b])
        terms = _correct(update, count, seen, innovations[b], new_means[b], white)
        scores[b], nis[b] = terms
    return new_means, new_factors, spread, scores, nis


@numba.njit(cache=True)
def _unit_columns(work: FloatArray, first: int, states: int) -> None:
    """Put the unit matrix into the columns from ``first`` on, zero below it."""
    for j in range(work.shape[0]):
        for i in range(states):
            work[j, first + i] = 1.0 if i == j else 0.0


@numba.njit(cache=True)
def _joined(
    work: FloatArray, column: int, known: int, white: FloatArray, spread: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Mean and factor of the coordinates whose rows stand in the columns from ``column`` on.

    They are Θ (e; z; rest): e known, the first rows; then z with mean ``white`` and factor
    ``spread``, then the rest, which the future leaves at zero mean and unit covariance.
    """
    states, total = spread.shape[0], work.shape[0]
    mean = np.zeros(states)
    pile = np.zeros((max(total - known, states), states))
    for i in range(states):
        value = 0.0
        for j in range(known + states):
            value += work[j, column + i] * white[j]
        mean[i] = value
        for k in range(states):
            value = 0.0
            for j in range(states):
                value += work[known + j, column + i] * spread[j, k]
            pile[k, i] = value
        for j in range(known + states, total):
            pile[j - known, i] = work[j, column + i]
    ends, sums = np.full(states, max(total - known, states)), np.zeros(states)
    _triangularise(pile, states, ends, sums)
    factor = np.zeros((states, states))
    _lower(pile, 0, factor)
    return mean, factor


@numba.njit(cache=True)
def smooth_back(
    transition: tuple[FloatArray, FloatArray],
    observation: tuple[FloatArray, FloatArray],
    innovations: FloatArray,
    predicted_factors: FloatArray,
    whites: FloatArray,
    spreads: FloatArray,
) -> None:
    """One step back of the smoother in whitened coordinates x = m + S z.

    Args:
        transition: Deviations of the prediction (batch, state, deviation), factor of Q.
        observation: Deviations of the sensors after it (batch, sensor, deviation), factor of R.
        innovations: After the prediction. Shape (batch, sensor).
        predicted_factors: Shape (batch, state, state).
        whites: In: smoothed means of z after the update; out: before the prediction.
        spreads: In and out: their factors. Shape (batch, state, state).
    """
    (Y, LQ), (Z, LR) = transition, observation
    batch, states, points = Y.shape
    sensors, others = Z.shape[1], Z.shape[2]
    tall = np.zeros((points + LQ.shape[2], 2 * states))
    wide = np.zeros((others + sensors, sensors + 2 * states))
    sums, ends = np.zeros(sensors + 2 * states), np.zeros(sensors + 2 * states, np.int64)
    seen = np.zeros(sensors, np.int64)
    whitened, nothing = np.zeros(sensors + states), np.zeros(states)
    for b in range(batch):
        mean, spread = whites[b].copy(), spreads[b].copy()
        count = _seen_sensors(np.isnan(innovations[b]), seen)
        if count > 0:
            update = wide[:, : count + 2 * states]
            _update_array(update, seen, count, Z[b], LR[b if LR.shape[0] > 1 else 0])
            _state_columns(update, count, predicted_factors[b], others + sensors)
            _unit_columns(update, count + states, states)
            ends[:] = others + sensors
            _triangularise(update, count + states, ends, sums)
            nothing[:] = 0.0
            _correct(update, count, seen, innovations[b], nothing, whitened)
            whitened[count : count + states] = mean
            mean, spread = _joined(update, count + states, count, whitened, spread)
        tall[:] = 0.0
        tall[:points, :states] = Y[b].T
        _predict_array(tall, ends, LQ[b if LQ.shape[0] > 1 else 0], points, states)
        _unit_columns(tall, states, states)
        ends[:states] = points + LQ.shape[2]
        _triangularise(tall, states, ends, sums)
        mean, spread = _joined(tall, states, 0, mean, spread)
        whites[b], spreads[b] = mean, spread
