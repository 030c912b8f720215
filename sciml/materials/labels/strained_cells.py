"""Stress labels against the energies and forces of neighbouring strained cells.

Between two frames of the same atoms, energy changes by the work of stress and force along the
straight path from one to the other. The trapezoidal rule gives this work from the labels at both
ends, with an error of third order in the strain, and needs no model of the crystal:

    E_j - E_i + work against forces = a W + p0 (V_j - V_i) + c·(V ε³),

where W is the work of the stress labels, and the last term the error of the rule, by the three
cubic invariants of the strain with moduli c that are fitted along. Right labels have a = 1 and
p0 = 0. The factor a names a wrong unit or sign, p0 is what the labels add to the pressure, and a
wrong order of the components is the permutation that fits much better than the right one.
"""

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np

from sciml.core.axes import FloatArray
from sciml.materials.labels.findings import Finding, Report, Unjudged, by_group, finite, joined
from sciml.materials.structures import GPA, VOIGT, Structure, components

LARGEST_STRAIN = 0.15  # between two cells; beyond, third-order terms rule
LARGEST_SHIFT = 0.3  # Å, of an atom between two cells beside the strain
FEWEST_PAIRS = 8  # for two unknowns and a spread
NEAREST = 4  # pairs that each cell forms
LEAST_OFFSET = 0.25  # GPa that is told
CLEAR = 4.0  # standard errors
ENERGY_ERROR = 1e-3  # eV, of energies that are not converged alike
MODULUS = 5.0  # eV/Å³, usual size of what third and fourth order add, over their factorials
LARGEST_FACTOR_ERROR = 0.5  # of four standard errors, beyond which nothing can be told
MUCH_BETTER = 0.25  # of the spread, by which another order of components is believed

ORDERS = {
    "xx, yy, zz, yz, xz, xy": (0, 1, 2, 3, 4, 5),
    "xx, yy, zz, xy, yz, xz": (0, 1, 2, 4, 5, 3),
    "xx, yy, zz, xy, xz, yz": (0, 1, 2, 5, 4, 3),
    "xx, yy, zz, yz, xy, xz": (0, 1, 2, 3, 5, 4),
    "xx, yy, zz, xz, yz, xy": (0, 1, 2, 4, 3, 5),
    "xx, xy, xz, yy, yz, zz": (0, 3, 5, 4, 2, 1),
}  # where the right components are in labels of each order
UNITS = {"eV/Å³": 1.0, "GPa": GPA, "kbar": GPA / 10, "bar": GPA / 1e4, "Pa": GPA / 1e9}


class Pairs(NamedTuple):
    """Pairs of cells and the work between them."""

    needed: FloatArray  # eV that the stress must do, from energies and forces, (pair,)
    work: FloatArray  # eV for a stress of one, by end and component, (pair, 2, 6)
    labels: FloatArray  # stress at both ends, (pair, 2, 6)
    swelling: FloatArray  # Å³, work of a unit pressure, (pair,)
    bending: FloatArray  # Å³, volume times strains cubed, which the rule leaves out, (pair, 3)
    weight: FloatArray  # over the expected error, (pair,)


class StressFit(NamedTuple):
    """What makes stress labels agree with energies."""

    factor: float  # that the labels are to be multiplied with
    factor_error: float
    offset: float  # GPa that the labels add to the pressure
    offset_error: float
    spread: float  # weighted eV


def check_stresses(structures: Sequence[Structure]) -> Report:
    """Judge the stress labels of each group.

    Args:
        structures: Frames; those with energy, forces, stress and three periodic directions count.

    Returns:
        Findings by the names "stress unit", "stress sign", "stress order", "stress offset" and
        "stress disagrees"; groups that have too few cells of one crystal are unjudged.
    """
    reports = []
    for group, members in by_group(structures).items():
        pairs = pairs_of_cells(members)
        count = 0 if pairs is None else len(pairs.needed)
        if pairs is None or count < FEWEST_PAIRS:
            reason = f"{count} pairs of strained cells of one crystal, {FEWEST_PAIRS} needed"
            reports.append(_not_judged(group, reason))
        else:
            reports.append(_judged(group, pairs))
    return joined(reports)


def pairs_of_cells(structures: Sequence[Structure]) -> Pairs | None:
    """Each cell with its nearest others of the same atoms.

    Args:
        structures: Of one group.

    Returns:
        The pairs, or None if there are none.
    """
    usable = [one for one in structures if _usable(one)]
    near: dict[tuple[int, int], float] = {}
    for i, j in combinations(range(len(usable)), 2):
        distance = _distance(usable[i], usable[j])
        if distance is not None:
            near[i, j] = distance
    chosen = _nearest(near, len(usable))
    if not chosen:
        return None
    parts = [_between(usable[i], usable[j]) for i, j in chosen]
    needed, work, labels, swelling, bending = (np.array(each) for each in zip(*parts, strict=True))
    gaps = np.array([near[pair] for pair in chosen])
    volumes = np.array([usable[i].volume for i, _ in chosen])
    error = np.hypot(ENERGY_ERROR, MODULUS * volumes * gaps**4)
    return Pairs(needed, work, labels, swelling, bending, 1 / error)


def fit_stress(
    pairs: Pairs, order: Sequence[int] = (0, 1, 2, 3, 4, 5), factor: float | None = None
) -> StressFit | None:
    """The factor and the offset that make labels agree with energies, by least squares.

    Args:
        pairs: Of cells.
        order: Where xx, yy, zz, yz, xz, xy are in the labels.
        factor: Given if it is known, else fitted.

    Returns:
        The fit, or None if the cells do not differ enough to tell the two apart.
    """
    work = np.einsum("pek,pek->p", pairs.work, pairs.labels[:, :, list(order)])
    columns = [pairs.swelling] if factor is not None else [work, pairs.swelling]
    asked = len(columns)
    table = np.stack([*columns, *(MODULUS * pairs.bending.T)], axis=1) * pairs.weight[:, None]
    sizes = np.linalg.norm(table[:, :asked], axis=0)
    if (sizes == 0).any() or np.linalg.cond(table[:, :asked] / sizes) > 1e3:
        return None
    right = (pairs.needed - (factor or 0.0) * work) * pairs.weight
    usual = np.eye(table.shape[1])[asked:]  # moduli are near zero in units of their usual size
    square = table.T @ table + usual.T @ usual
    solution = np.linalg.solve(square, table.T @ right)
    spread = float(np.sqrt(np.sum((right - table @ solution) ** 2) / (len(right) - asked)))
    # A spread below the expected error is luck of few or of rounded energies.
    errors = max(spread, 1.0) * np.sqrt(np.diag(np.linalg.inv(square)))
    offset, offset_error = (float(each[asked - 1]) / GPA for each in (solution, errors))
    if factor is not None:
        return StressFit(factor, 0.0, offset, offset_error, spread)
    return StressFit(float(solution[0]), float(errors[0]), offset, offset_error, spread)


def _judged(group: str, pairs: Pairs) -> Report:
    """What is wrong with the stress labels of a group."""
    fits = {name: fit_stress(pairs, order) for name, order in ORDERS.items()}
    known = {name: fit for name, fit in fits.items() if fit is not None}
    usual, best = next(iter(ORDERS)), min(known, key=lambda name: known[name].spread, default="")
    if usual not in known:
        return _not_judged(group, "cells differ too little in volume or shape")
    reordered = known[best].spread < MUCH_BETTER * known[usual].spread
    best = best if reordered else usual
    fit = known[best]
    if CLEAR * fit.factor_error > LARGEST_FACTOR_ERROR * max(abs(fit.factor), 1.0):
        return _not_judged(group, "the work of stress is too small beside the errors of energies")
    findings = [_order_finding(group, best, fit, known[usual])] if reordered else []
    wrong_factor = _factor_findings(group, fit)
    if not wrong_factor:
        fit = fit_stress(pairs, ORDERS[best], factor=1.0) or fit
    return Report(findings + wrong_factor + _offset_findings(group, fit), [])


def _not_judged(group: str, reason: str) -> Report:
    return Report([], [Unjudged("stress", group, reason)])


def _order_finding(group: str, name: str, fit: StressFit, usual: StressFit) -> Finding:
    return Finding(
        "stress order",
        group,
        f"components fit {usual.spread / fit.spread:.0f} times better as {name}",
        f"{', '.join(VOIGT)}",
        "Reorder the components of these labels.",
        usual.spread / fit.spread,
    )


def _factor_findings(group: str, fit: StressFit) -> list[Finding]:
    """A wrong unit, a wrong sign, or neither but not right."""
    room = max(0.1, CLEAR * fit.factor_error)
    if abs(fit.factor - 1) <= room:
        return []
    findings = []
    unit, sign = named_factor(fit.factor)
    measured = f"energies ask for {fit.factor:.4g} ± {fit.factor_error:.2g} times the labels"
    if unit is None:
        step = "Compare the settings of the calculations; do not train on these stresses."
        return [Finding("stress disagrees", group, measured, "1 times", step, fit.factor)]
    if sign < 0:
        step = "Change the sign of the stress."
        findings.append(Finding("stress sign", group, measured, "positive", step, fit.factor))
    if unit != "eV/Å³":
        step = f"The labels are in {unit}: multiply them with {UNITS[unit]:.6g}."
        findings.append(Finding("stress unit", group, measured, "1 times", step, fit.factor))
    return findings


def named_factor(factor: float) -> tuple[str | None, int]:
    """The unit and the sign that a factor stands for.

    Args:
        factor: That labels must be multiplied with to be stresses in eV/Å³, tension positive.

    Returns:
        The unit, or None if it is none of ``UNITS`` within 15 %, and the sign.
    """
    for unit, size in UNITS.items():
        if abs(abs(factor) / size - 1) < 0.15:
            return unit, -1 if factor < 0 else 1
    return None, -1 if factor < 0 else 1


def _offset_findings(group: str, fit: StressFit) -> list[Finding]:
    if abs(fit.offset) < max(LEAST_OFFSET, CLEAR * fit.offset_error):
        return []
    return [
        Finding(
            "stress offset",
            group,
            f"labels have {fit.offset:+.2f} ± {fit.offset_error:.2f} GPa of pressure that the "
            "energies lack",
            "0 GPa",
            "Fit a constant offset (stress_offset: true), or add its negative to the pressure.",
            fit.offset,
        )
    ]


def _usable(one: Structure) -> bool:
    labels = [one.energy, one.forces, one.stress]
    whole = one.periodic.all() and all(label is not None for label in labels)
    return bool(whole) and finite(one)


def _shift(one: Structure, other: Structure) -> FloatArray:
    """Change of fractional coordinates, the shorter way round, without a common shift."""
    scaled = [frame.positions @ np.linalg.inv(frame.cell) for frame in (one, other)]
    change = scaled[1] - scaled[0]
    change -= np.round(change)
    # The mean is of no consequence to the energy, but net forces would make it so.
    return change - change.mean(axis=0)


def _distance(one: Structure, other: Structure) -> float | None:
    """Strain between two cells, and shifts as strains; None if they are not of one crystal."""
    if not np.array_equal(one.numbers, other.numbers):
        return None
    strain = float(np.abs(np.linalg.inv(one.cell) @ other.cell - np.eye(3)).max())
    if strain > LARGEST_STRAIN:
        return None
    lengths = np.linalg.norm(_shift(one, other) @ one.cell, axis=1)
    if lengths.max() > LARGEST_SHIFT:
        return None
    return float(np.hypot(strain, np.sqrt(np.mean(lengths**2)) / 2.5))  # bonds of 2.5 Å


def _nearest(near: dict[tuple[int, int], float], count: int) -> list[tuple[int, int]]:
    """The pairs of each cell with its nearest."""
    by_cell: list[list[tuple[int, int]]] = [[] for _ in range(count)]
    for pair in near:
        for place in pair:
            by_cell[place].append(pair)
    return sorted({p for pairs in by_cell for p in sorted(pairs, key=near.__getitem__)[:NEAREST]})


def _between(
    one: Structure, other: Structure
) -> tuple[float, FloatArray, FloatArray, float, FloatArray]:
    """What :class:`Pairs` keeps, along the straight path from one to the other."""
    change, stretch = _shift(one, other), other.cell - one.cell
    assert one.energy is not None
    assert other.energy is not None
    needed, swelling, work = other.energy - one.energy, 0.0, []
    for end in (one, other):
        assert end.forces is not None
        needed += float(np.sum(end.forces * (change @ end.cell))) / 2
        gradient = np.linalg.inv(end.cell) @ stretch
        strain = components((gradient + gradient.T) / 2) * [1, 1, 1, 2, 2, 2]
        work.append(end.volume * strain / 2)
        swelling += end.volume * float(np.trace(gradient)) / 2
    middle = np.linalg.inv((one.cell + other.cell) / 2) @ stretch
    bending = (one.volume + other.volume) / 2 * _cubes((middle + middle.T) / 2)
    return needed, np.array(work), np.array([one.stress, other.stress]), swelling, bending


def _cubes(strain: FloatArray) -> FloatArray:
    """The three cubic invariants of a strain."""
    swelling = np.trace(strain)
    shear = strain - np.eye(3) * swelling / 3
    return np.array([swelling**3, swelling * np.sum(shear**2), np.linalg.det(shear)])
