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
# Ensembles are sums over many members: their order is left to the processor.
FREE_ORDER = {"reassoc", "nsz", "contract"}
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
def _reflect(work: FloatArray, k: int, end: int, head: float, share: float) -> None:
    """Apply I - share v vᵀ to the columns beyond k; v is 1, then column k over ``head``."""
    width = work.shape[1]
    top = work[k]
    scale = 1.0 / head
    # top becomes the row that the reflection makes, less what it takes from every other one.
    for row in range(k + 1, end):
        other = work[row]
        v = other[k] * scale
        other[k] = v
        for j in range(k + 1, width):
            top[j] += v * other[j]
    for row in range(k + 1, end):
        other = work[row]
        v = share * other[k]
        other[k] = 0.0
        for j in range(k + 1, width):
            other[j] -= v * top[j]


@numba.njit(cache=True)
def _triangularise(work: FloatArray, columns: int, ends: IntArray, sums: FloatArray) -> None:
    """Reflect ``work`` in place until its first ``columns`` are upper triangular.

    The diagonal comes out non-negative. ``ends[k]`` is where the rows that columns up to k
    touch end; ``sums`` is scratch, one number per column.
    """
    width = work.shape[1]
    for k in range(min(columns, work.shape[0])):
        length = _norm(work, k, ends[k])
        if length == 0.0:
            continue
        pivot = work[k, k]
        # v = x ± |x| e with the sign that does not cancel; a row that comes out negative turns.
        turn = -1.0 if pivot > 0.0 else 1.0
        head = pivot - turn * length
        share = abs(head) / length
        before = sums
        for j in range(k + 1, width):
            before[j] = work[k, j]
        _reflect(work, k, ends[k], head, share)
        for j in range(k + 1, width):
            work[k, j] = turn * (before[j] - share * work[k, j])
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
    """Complete the array of a prediction, whose first rows hold the deviations.

    The noise is lower triangular: a column touches no more of its rows than that.
    """
    for j in range(noise.shape[1]):
        for i in range(states):
            work[deviations + j, i] = noise[i, j]
    for k in range(states):
        ends[k] = deviations + min(k + 1, noise.shape[1])


@numba.njit(cache=True)
def _update_array(
    work: FloatArray, ends: IntArray, seen: IntArray, deviations: FloatArray, noise: FloatArray
) -> None:
    """Sensor columns of an update: deviations (sensor, deviation) and noise of those seen.

    The noise is lower triangular: a column touches no more of its rows than that.
    """
    points, count = deviations.shape[1], seen.shape[0]
    ends[:] = points + seen[count - 1] + 1
    for s in range(count):
        for j in range(points):
            work[j, s] = deviations[seen[s], j]
        for j in range(noise.shape[1]):
            work[points + j, s] = noise[seen[s], j]
        ends[s] = points + seen[s] + 1


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
    seen: IntArray,
    innovations: FloatArray,
    means: FloatArray,
    white: FloatArray,
    nis: FloatArray,
) -> float:
    """Move the means of members that share an update by what the seen sensors say.

    Args:
        work: The triangle of the update.
        seen: The sensors that were seen.
        innovations: Shape (sensor, member).
        means: In and out. Shape (state, member).
        white: Out: whitened innovations. Shape (sensor, member).
        nis: Out. Shape (member,).

    Returns:
        The log-likelihood without -NIS/2, the same for all of them.
    """
    count, members = seen.shape[0], nis.shape[0]
    constant = 0.0
    nis[:] = 0.0
    for s in range(count):
        e = white[s]
        e[:] = innovations[seen[s]]
        for r in range(s):
            share, other = work[r, s], white[r]
            for b in range(members):
                e[b] -= share * other[b]
        scale = 1.0 / work[s, s]
        for b in range(members):
            e[b] *= scale
            nis[b] += e[b] * e[b]
        constant -= math.log(work[s, s]) + 0.5 * LOG_TWO_PI
        for i in range(means.shape[0]):
            gain, mean = work[s, count + i], means[i]
            for b in range(members):
                mean[b] += gain * e[b]
    return constant


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


class _Columns(NamedTuple):
    """The members of a group side by side."""

    before: FloatArray  # (state, member)
    after: FloatArray  # (state or sensor, member)
    white: FloatArray  # (sensor, member)
    nis: FloatArray  # (member,)


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
    lead, states, sensors = int(r.members[r.offsets[g]]), S.shape[0], r.observations.shape[2]
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
        _update_array(update, room.ends, room.seen[:count], room.Y.T, LR)
        _state_columns(update, count, S, states + sensors)
        _triangularise(update, count + states, room.ends, room.sums)
        _lower(update, count, S)
    r.factors[g, t] = S
    return count


@numba.njit(cache=True)
def _moved(
    r: LinearRecord, matrix: FloatArray, push: FloatArray, where: tuple[int, int], now: _Columns
) -> None:
    """``now.after`` = matrix · ``now.before`` + push, members side by side."""
    g, t = where
    first, members = r.offsets[g], now.before.shape[1]
    M = _share(matrix, int(r.members[first]), t)
    for b in range(members):
        u = _share(push, int(r.members[first + b]), t)
        for i in range(M.shape[0]):
            now.after[i, b] = u[i]
    for i in range(M.shape[0]):
        out = now.after[i]
        for j in range(M.shape[1]):
            m, x = M[i, j], now.before[j]
            for b in range(members):
                out[b] += m * x[b]


@numba.njit(cache=True)
def _linear_members(
    r: LinearRecord, where: tuple[int, int], seen: IntArray, work: FloatArray, now: _Columns
) -> None:
    """Carry the means of a group over one step, by the update in the work array."""
    g, t = where
    first, members = r.offsets[g], now.before.shape[1]
    states, sensors = r.means.shape[2], r.observations.shape[2]
    _moved(r, r.F, r.Bu, where, now)
    now.before[:] = now.after[:states]
    _moved(r, r.H, r.Du, where, now)
    for place in range(members):
        b = r.members[first + place]
        for i in range(states):
            r.predicted_means[b, t, i] = now.before[i, place]
        for s in range(sensors):
            now.after[s, place] = r.observations[b, t, s] - now.after[s, place]
            r.innovations[b, t, s] = now.after[s, place]
    constant = _correct(work, seen, now.after, now.before, now.white, now.nis)
    for place in range(members):
        b = r.members[first + place]
        r.nis[b, t] = now.nis[place]
        r.log_likelihood[b, t] = constant - 0.5 * now.nis[place]
        for i in range(states):
            r.means[b, t, i] = now.before[i, place]


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
    )
    for g in range(r.factors.shape[0]):
        first, members = r.offsets[g], r.offsets[g + 1] - r.offsets[g]
        now = _Columns(
            np.zeros((states, members)),
            np.zeros((max(states, sensors), members)),
            np.zeros((sensors, members)),
            np.zeros(members),
        )
        lead = r.members[first]
        for b in range(members):
            now.before[:, b] = r.start_means[r.members[first + b]]
        S = r.start_factors[lead].copy()
        for t in range(r.observations.shape[1]):
            count = _linear_triangles(r, g, t, S, room)
            _linear_members(r, (g, t), room.seen[:count], room.work, now)


@numba.njit(cache=True)
def triangles(deviations: FloatArray, noise: FloatArray) -> FloatArray:
    """Lower triangular factors of deviations · deviationsᵀ + noise · noiseᵀ.

    Args:
        deviations: Shape (batch, row, deviation).
        noise: Lower triangular or without a source. Shape (batch or 1, row, source).

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
    seen, white = np.zeros(sensors, np.int64), np.zeros((sensors, 1))
    for b in range(batch):
        LR = noise[b if noise.shape[0] > 1 else 0]
        _spread(deviations[b].T, LR, spread[b])
        count = _seen_sensors(np.isnan(innovations[b]), seen)
        if count == 0:
            continue
        update = work[:, : count + states]
        _update_array(update, ends, seen[:count], deviations[b], LR)
        _state_columns(update, count, factors[b], points + sensors)
        _triangularise(update, count + states, ends, sums)
        _lower(update, count, new_factors[b])
        column, mean = innovations[b].reshape((sensors, 1)), new_means[b].reshape((states, 1))
        constant = _correct(update, seen[:count], column, mean, white, nis[b : b + 1])
        scores[b] = constant - 0.5 * nis[b]
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
    whitened, e = np.zeros(sensors + states), np.zeros((sensors, 1))
    nothing, nis = np.zeros((states, 1)), np.zeros(1)
    for b in range(batch):
        mean, spread = whites[b].copy(), spreads[b].copy()
        count = _seen_sensors(np.isnan(innovations[b]), seen)
        if count > 0:
            update = wide[:, : count + 2 * states]
            noise = LR[b if LR.shape[0] > 1 else 0]
            _update_array(update, ends, seen[:count], Z[b], noise)
            _state_columns(update, count, predicted_factors[b], others + sensors)
            _unit_columns(update, count + states, states)
            _triangularise(update, count + states, ends, sums)
            column = innovations[b].reshape((sensors, 1))
            _correct(update, seen[:count], column, nothing, e, nis)
            whitened[:count] = e[:count, 0]
            whitened[count : count + states] = mean
            mean, spread = _joined(update, count + states, count, whitened, spread)
        tall[:] = 0.0
        tall[:points, :states] = Y[b].T
        _predict_array(tall, ends, LQ[b if LQ.shape[0] > 1 else 0], points, states)
        _unit_columns(tall, states, states)
        _triangularise(tall, states, ends, sums)
        mean, spread = _joined(tall, states, 0, mean, spread)
        whites[b], spreads[b] = mean, spread


class EnsembleRecord(NamedTuple):
    """Where the ensemble filter writes what it finds, (batch, time, ...)."""

    means: FloatArray
    deviations: FloatArray
    innovations: FloatArray
    innovation_deviations: FloatArray
    log_likelihood: FloatArray
    nis: FloatArray


@numba.njit(cache=True)
def _centre(values: FloatArray, mean: FloatArray) -> None:
    """Take the mean over the first axis out of ``values``."""
    members, columns = values.shape
    mean[:] = 0.0
    for j in range(members):
        for i in range(columns):
            mean[i] += values[j, i]
    for i in range(columns):
        mean[i] /= members
    for j in range(members):
        for i in range(columns):
            values[j, i] -= mean[i]


@numba.njit(cache=True)
def scatter(
    ensembles: FloatArray, normals: FloatArray, noise: FloatArray, inflation: float
) -> FloatArray:
    """Add noise of zero sample mean to ensembles, then widen them about their means.

    Args:
        ensembles: Shape (batch, member, state).
        normals: Standard normal numbers, likewise; destroyed.
        noise: Factor of Q. Shape (batch or 1, state, state).
        inflation: Factor of the deviations.

    Returns:
        Shape (batch, member, state).
    """
    batch, members, states = ensembles.shape
    out, mean = ensembles.copy(), np.zeros(states)
    for b in range(batch):
        LQ, X, w = noise[b if noise.shape[0] > 1 else 0].T.copy(), out[b], normals[b]
        _centre(w, mean)
        for j in range(members):
            for k in range(states):
                for i in range(states):
                    X[j, i] += LQ[k, i] * w[j, k]
        if inflation != 1.0:
            _centre(X, mean)
            for j in range(members):
                for i in range(states):
                    X[j, i] = mean[i] + inflation * X[j, i]
    return out


@numba.njit(cache=True, fastmath=FREE_ORDER)
def _mean_out(rows: FloatArray, means: FloatArray) -> None:
    """Take the mean out of each row."""
    for i in range(rows.shape[0]):
        row, total = rows[i], 0.0
        for j in range(row.shape[0]):
            total += row[j]
        means[i] = total / row.shape[0]
        for j in range(row.shape[0]):
            row[j] -= means[i]


@numba.njit(cache=True, fastmath=FREE_ORDER)
def _product_sum(one: FloatArray, other: FloatArray) -> float:
    """Sum of products of two rows."""
    total = 0.0
    for j in range(one.shape[0]):
        total += one[j] * other[j]
    return total


@numba.njit(cache=True, fastmath=FREE_ORDER)
def _add(row: FloatArray, share: float, other: FloatArray) -> None:
    """Add a multiple of a row to a row."""
    for j in range(row.shape[0]):
        row[j] += share * other[j]


@numba.njit(cache=True)
def _whiten(rows: FloatArray, work: FloatArray) -> None:
    """Solve L w = y for all members at once, rows (sensor, member), in place."""
    for s in range(rows.shape[0]):
        for r in range(s):
            _add(rows[s], -work[r, s], rows[r])
        rows[s] *= 1.0 / work[s, s]


@numba.njit(cache=True)
def _serial(
    joint: FloatArray,
    mean: FloatArray,
    column: int,
    error: float,
    perturbed: FloatArray,
    weights: FloatArray,
) -> tuple[float, float]:
    """Update states and sensors by one sensor of unit noise; returns its variance and NIS.

    ``joint`` holds the deviations of states, then sensors. With perturbations the members are
    drawn to the perturbed observation, without them all shrink alike.
    """
    members = joint.shape[1]
    own = joint[column].copy()
    total = _product_sum(own, own) / (members - 1.0) + 1.0
    if perturbed.shape[0] == 0:
        pull = own * (-1.0 / (1.0 + math.sqrt(1.0 / total)))
    else:
        pull = perturbed - own
    for i in range(joint.shape[0]):
        gain = weights[i] * _product_sum(own, joint[i]) / ((members - 1.0) * total)
        mean[i] += gain * error
        _add(joint[i], gain, pull)
    return total, error * error / total


@numba.njit(cache=True)
def _sensors_one_by_one(
    joint: FloatArray,
    mean: FloatArray,
    errors: FloatArray,
    perturbed: FloatArray,
    weights: FloatArray,
    seen: IntArray,
) -> tuple[float, float]:
    """Update by all seen sensors, whitened; returns their log-likelihood and NIS."""
    count = seen.shape[0]
    states = joint.shape[0] - count
    loss, score, nis = np.zeros(joint.shape[0]), 0.0, 0.0
    for s in range(count):
        loss[:states] = weights[:states, seen[s]]
        for r in range(count):
            loss[states + r] = weights[states + seen[r], seen[s]]
        error = errors[s, 0] - mean[states + s]
        terms = _serial(joint, mean, states + s, error, perturbed[s], loss)
        nis += terms[1]
        score -= 0.5 * (LOG_TWO_PI + math.log(terms[0]) + terms[1])
    return score, nis


@numba.njit(cache=True)
def ensemble_update(
    ensembles: FloatArray,
    shown: FloatArray,
    observed: FloatArray,
    noise: tuple[FloatArray, FloatArray],
    weights: FloatArray,
    out: EnsembleRecord,
    time: int,
) -> None:
    """Update ensembles in place, sensor by sensor, and write what they told.

    Args:
        ensembles: Shape (batch, member, state).
        shown: What the sensors of each member show, without noise. Shape (batch, member, sensor).
        observed: NaN where missing. Shape (batch, sensor).
        noise: Factor of R, (batch or 1, sensor, sensor), and standard normal numbers like
            ``shown``, without a member if deterministic.
        weights: Localisation of states, then sensors. Shape (state + sensor, sensor).
        out: Where to write.
        time: At which sample.
    """
    batch, members, states = ensembles.shape
    sensors, (factors, normals) = shown.shape[2], noise
    places, ends = np.zeros(sensors, np.int64), np.full(sensors, sensors)
    work, sums, errors = np.zeros((sensors, sensors)), np.zeros(sensors), np.zeros((sensors, 1))
    mean, y_mean = np.zeros(states + sensors), np.zeros(sensors)
    Y, none = np.zeros((sensors, members)), np.zeros((sensors, 0))
    pool, perturbed = np.zeros((states + sensors, members)), normals[0].T.copy()
    for b in range(batch):
        LR = factors[b if factors.shape[0] > 1 else 0]
        Y[:], pool[:states] = shown[b].T, ensembles[b].T
        _mean_out(Y, y_mean)
        _mean_out(pool[:states], mean[:states])
        for s in range(sensors):
            out.innovations[b, time, s] = observed[b, s] - y_mean[s]
            square = _product_sum(Y[s], Y[s]) / (members - 1.0) + _product_sum(LR[s], LR[s])
            out.innovation_deviations[b, time, s] = math.sqrt(square)
        seen = places[: _seen_sensors(np.isnan(observed[b]), places)]
        count = seen.shape[0]
        if count > 0:
            _update_array(work, ends, seen, none, LR)
            _triangularise(work[:, :count], count, ends, sums)
        joint, score = pool[: states + count], 0.0
        for s in range(count):
            joint[states + s] = Y[seen[s]]
            errors[s, 0], mean[states + s] = out.innovations[b, time, seen[s]], 0.0
            score -= math.log(work[s, s])
        _whiten(joint[states:], work)
        _whiten(errors[:count], work)
        if normals.shape[1] > 0:
            perturbed[:] = normals[b].T
            _mean_out(perturbed, y_mean)
        terms = _sensors_one_by_one(joint, mean, errors, perturbed, weights, seen)
        out.log_likelihood[b, time], out.nis[b, time] = score + terms[0], terms[1]
        for i in range(states):
            square = _product_sum(joint[i], joint[i]) / (members - 1.0)
            out.means[b, time, i], out.deviations[b, time, i] = mean[i], math.sqrt(square)
            for j in range(members):
                ensembles[b, j, i] = joint[i, j] + mean[i]
