"""Forces and stresses against the energies of neighbouring frames.

Between two frames of the same atoms the labels must satisfy

    E_j - E_i = -f (work of the forces) + a W + p0 (V_j - V_i) + c·(V ε³, V ε u²),

where W is the work of the stress labels, and the last term what the trapezoidal rule leaves out, by
cubic invariants of strain ε and shifts u with moduli c that are fitted along. Right labels have
f = a = 1 and p0 = 0. The factors f and a name a wrong unit or sign: of the forces, of the stress,
or of the energy where both are wrong alike. p0 is what the labels add to the pressure, and a wrong
order of the components is the permutation that fits much better than the right one.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import xarray as xr

from sciml.core.axes import FloatArray
from sciml.materials.labels.findings import Finding, Report, Unjudged, by_group, joined
from sciml.materials.labels.pairs import MODULUS, Pairs, pairs_of
from sciml.materials.structures import GPA, VOIGT, Structure

FEWEST_PAIRS = 8  # for the unknowns and a spread
LEAST_OFFSET = 0.25  # GPa that is told
CLEAR = 4.0  # standard errors
LARGEST_FACTOR_ERROR = 0.5  # of four standard errors, beyond which nothing can be told
STRESS_ROOM, FORCE_ROOM = 0.1, 0.3  # of factors from 1; shifts are larger than strains
NAMED_ROOM = {"stress": 0.15, "forces": 0.3, "energy": 0.15}  # of a factor from that of a unit
MUCH_BETTER = 0.25  # of the spread, by which another order of components is believed
CLEARLY_WORSE = 2.0  # of the spread, by which all other orders of components are ruled out
LEAST_SWELLING = 0.01  # of the volume, for a pressure of a single pair

ORDERS = {
    "xx, yy, zz, yz, xz, xy": (0, 1, 2, 3, 4, 5),
    "xx, yy, zz, xy, yz, xz": (0, 1, 2, 4, 5, 3),
    "xx, yy, zz, xy, xz, yz": (0, 1, 2, 5, 4, 3),
    "xx, yy, zz, yz, xy, xz": (0, 1, 2, 3, 5, 4),
    "xx, yy, zz, xz, yz, xy": (0, 1, 2, 4, 3, 5),
    "xx, xy, xz, yy, yz, zz": (0, 3, 5, 4, 2, 1),
}  # where the right components are in labels of each order
USUAL = ", ".join(VOIGT)
# What a label in each unit is to be multiplied with (CODATA 2018; a stress as in structures.GPA).
STRESS_UNITS = {"eV/Å³": 1.0, "GPa": GPA, "kbar": GPA / 10, "bar": GPA / 1e4, "Pa": GPA / 1e9}
FORCE_UNITS = {
    "eV/Å": 1.0,
    "Hartree/Bohr": 51.422067,
    "Rydberg/Bohr": 25.711034,
    "kcal/mol/Å": 0.043364104,
    "kJ/mol/Å": 0.010364270,
}
ENERGY_UNITS = {
    "eV": 1.0,
    "Hartree": 27.211386,
    "Rydberg": 13.605693,
    "kcal/mol": 0.043364104,
    "kJ/mol": 0.010364270,
    "meV": 1e-3,
}
_COMPARE = "Compare the settings of the calculations; do not train on these labels."


class Factor(NamedTuple):
    """What labels must be multiplied with to agree with the energies."""

    value: float
    error: float  # standard error; infinite if nothing tells it

    @property
    def told(self) -> bool:
        """Whether the data tell the value at all."""
        return CLEAR * self.error <= LARGEST_FACTOR_ERROR * max(abs(self.value), 1.0)

    def wrong(self, room: float) -> bool:
        """Whether it is told, and clearly not 1."""
        return self.told and abs(self.value - 1) > max(room, CLEAR * self.error)

    def __str__(self) -> str:
        """With its error."""
        return f"{self.value:.4g} ± {self.error:.2g}"


class WorkFit(NamedTuple):
    """What makes the labels agree."""

    force: Factor
    stress: Factor
    offset: float  # GPa that the labels add to the pressure
    offset_error: float  # GPa
    moduli: FloatArray  # eV/Å³, (5,)
    spread: float  # of what is left, over the expected errors


def check_work(structures: Sequence[Structure]) -> Report:
    """Judge forces and stresses of each group by its energies.

    Args:
        structures: Frames; those with energy, forces and three periodic directions count.

    Returns:
        Findings by the names "energy unit", "energy sign", "energy disagrees", the same of "force"
        and "stress", "energy per atom", "stress order" and "stress offset"; groups that have too
        few frames of the same atoms near one another are unjudged.
    """
    reports = []
    for group, members in by_group(structures).items():
        pairs = pairs_of(members)
        reports.append(_missing(group, 0) if pairs is None else _judged(group, pairs))
    return joined(reports)


def fit_work(
    pairs: Pairs,
    order: Sequence[int] = ORDERS[USUAL],
    *,
    force: float | None = None,
    stress: float | None = None,
) -> WorkFit | None:
    """Factors and offset that make labels agree with energies, by least squares.

    Args:
        pairs: Of frames.
        order: Where xx, yy, zz, yz, xz, xy are in the labels.
        force: The factor of the forces if it is known, else fitted.
        stress: The factor of the stress if it is known, else fitted.

    Returns:
        The fit; the error of what no pair tells is infinite. None if the cells do not differ
        enough to tell factor and offset apart.
    """
    labels = np.nan_to_num(pairs.labels[:, :, list(order)])
    terms = np.array([-pairs.push, np.einsum("pek,pek->p", pairs.work, labels), pairs.swelling])
    values, errors = np.array([1.0, 1.0, 0.0]), np.full(3, np.inf)
    for place, given in ((0, force), (1, stress)):
        if given is not None:
            values[place], errors[place] = given, 0.0
    sizes = np.linalg.norm(terms * pairs.weight, axis=1)
    asked = np.flatnonzero(np.isinf(errors) & (sizes > 1e-9 * max(sizes.max(), 1e-9)))
    rest = (pairs.gain - values[errors == 0] @ terms[errors == 0]) * pairs.weight
    scaled = (terms[asked] / sizes[asked, None] * pairs.weight).T
    if len(asked) > 1 and np.linalg.cond(scaled) > 1e3:
        return None
    table = np.hstack([scaled, MODULUS * pairs.bending * pairs.weight[:, None]])
    # Moduli are near zero in units of their usual size.
    square = table.T @ table + np.diag([0.0] * len(asked) + [1.0] * pairs.bending.shape[1])
    solution = np.linalg.solve(square, table.T @ rest)
    free = max(len(rest) - len(asked), 1)
    spread = float(np.sqrt(np.sum((rest - table @ solution) ** 2) / free))
    # A spread below the expected error is luck of few or of rounded energies.
    found = max(spread, 1.0) * np.sqrt(np.diag(np.linalg.inv(square)))
    values[asked] = solution[: len(asked)] / sizes[asked]
    errors[asked] = found[: len(asked)] / sizes[asked]
    by_force, by_stress = (Factor(float(values[i]), float(errors[i])) for i in (0, 1))
    offset, offset_error = float(values[2]) / GPA, float(errors[2]) / GPA
    moduli = MODULUS * solution[len(asked) :]
    return WorkFit(by_force, by_stress, offset, offset_error, moduli, spread)


def pressures(structures: Sequence[Structure]) -> xr.Dataset:
    """The pressure of strained cells, by their labels and by their energies.

    Args:
        structures: Frames with their groups.

    Returns:
        ``labels`` and ``energies`` (GPa) by ``pair`` of cells, means of the way from one to the
        other, with its mean ``volume`` (Å³/atom) and its ``group``. Pairs count whose volumes
        differ by a hundredth, in groups of eight such pairs.
    """
    found: list[xr.Dataset] = []
    for group, members in by_group(structures).items():
        pairs = pairs_of(members)
        if pairs is None:
            continue
        pairs = pairs.only(pairs.stressed)
        wide = np.abs(pairs.swelling) > LEAST_SWELLING * pairs.volume
        fit = fit_work(pairs, force=1.0, stress=1.0) if wide.sum() >= FEWEST_PAIRS else None
        if fit is not None:
            found.append(_pressures(group, pairs.only(wide), fit))
    return xr.concat(found, "pair") if found else xr.Dataset()


def _pressures(group: str, pairs: Pairs, fit: WorkFit) -> xr.Dataset:
    """The pressures of a group."""
    work = np.einsum("pek,pek->p", pairs.work, pairs.labels)
    lacking = pairs.gain + pairs.push - work - pairs.bending @ fit.moduli
    labels = -pairs.labels[:, :, :3].mean(axis=(1, 2)) / GPA
    energies = labels - lacking / pairs.swelling / GPA
    return xr.Dataset(
        {
            "labels": ("pair", labels, {"units": "GPa"}),
            "energies": ("pair", energies, {"units": "GPa"}),
            "volume": ("pair", pairs.volume / pairs.atoms, {"units": "Å³/atom"}),
            "group": ("pair", np.full(len(labels), group)),
        }
    )


def _judged(group: str, pairs: Pairs) -> Report:
    """What is wrong with forces and stresses of a group."""
    stressed = pairs.only(pairs.stressed)
    if len(stressed.gain) < FEWEST_PAIRS:
        return _forces_judged(group, pairs, _too_few(len(stressed.gain)))
    fits = {name: fit_work(stressed, order) for name, order in ORDERS.items()}
    known = {name: fit for name, fit in fits.items() if fit is not None}
    if USUAL not in known:
        return _forces_judged(group, pairs, "cells differ too little in volume or shape")
    best = min(known, key=lambda name: known[name].spread)
    reordered = known[best].spread < MUCH_BETTER * known[USUAL].spread
    best = best if reordered else USUAL
    if not known[best].stress.told:
        return _forces_judged(group, pairs, "the work of stress is too small to tell")
    findings = [_order_finding(group, best, known[best], known[USUAL])] if reordered else []
    unjudged = [] if known[best].force.told else [_still(group)]
    unjudged += [] if reordered else _order_untold(group, known)
    return Report(findings + _factor_findings(group, stressed, best, known[best]), unjudged)


def _factor_findings(group: str, pairs: Pairs, order: str, fit: WorkFit) -> list[Finding]:
    """Of the energy if forces and stresses agree against it, else of each of them."""
    if energy := _energy_findings(group, fit, pairs.atoms):
        return energy
    forces = _label_findings("forces", group, fit.force, FORCE_UNITS, FORCE_ROOM)
    if not forces:
        fit = fit_work(pairs, ORDERS[order], force=1.0) or fit
    stress = _label_findings("stress", group, fit.stress, STRESS_UNITS, STRESS_ROOM)
    if not stress:
        fit = fit_work(pairs, ORDERS[order], force=fit.force.value, stress=1.0) or fit
    if any(one.what.endswith("disagrees") for one in forces + stress):
        return forces + stress  # an offset beside them would mean nothing
    return forces + stress + _offset_findings(group, fit)


def _forces_judged(group: str, pairs: Pairs, reason: str) -> Report:
    """Forces alone, from frames of one cell; the reason is why stresses are not judged."""
    pairs = pairs.only(pairs.still)
    if len(pairs.gain) < FEWEST_PAIRS:
        return _missing(group, len(pairs.gain))
    fit = fit_work(pairs)
    stress = Unjudged("stress", group, reason)
    if fit is None or not fit.force.told:
        return Report([], [_still(group), stress])
    return Report(_label_findings("forces", group, fit.force, FORCE_UNITS, FORCE_ROOM), [stress])


def _too_few(count: int) -> str:
    return f"{count} pairs of frames of the same atoms near each other, {FEWEST_PAIRS} needed"


def _missing(group: str, count: int) -> Report:
    return Report([], [Unjudged("forces and stress", group, _too_few(count))])


def _still(group: str) -> Unjudged:
    return Unjudged("forces", group, "their work between frames is too small to tell")


def _order_untold(group: str, known: Mapping[str, WorkFit]) -> list[Unjudged]:
    """Whether another order of components would do as well, or nearly."""
    others = {name: fit.spread for name, fit in known.items() if name != USUAL}
    nearest = min(others, key=others.__getitem__, default=None)
    if nearest is None or others[nearest] > CLEARLY_WORSE * known[USUAL].spread:
        return []
    reason = f"components in the order {nearest} fit the energies nearly as well, or better"
    return [Unjudged("stress order", group, reason)]


def _order_finding(group: str, name: str, fit: WorkFit, usual: WorkFit) -> Finding:
    return Finding(
        "stress order",
        group,
        f"components fit {usual.spread / fit.spread:.0f} times better as {name}",
        USUAL,
        "Reorder the components of these labels.",
        usual.spread / fit.spread,
    )


def _label_findings(
    label: str, group: str, factor: Factor, units: Mapping[str, float], room: float
) -> list[Finding]:
    """A wrong unit, a wrong sign, or neither but not right."""
    if not factor.wrong(room):
        return []
    what = "force" if label == "forces" else label
    measured = f"energies ask for {factor} times the labels"
    unit = named_unit(abs(factor.value), units, NAMED_ROOM[label])
    if unit is None:
        return [Finding(f"{what} disagrees", group, measured, "1 times", _COMPARE, factor.value)]
    findings = []
    if factor.value < 0:
        step = f"Change the sign of the {label}."
        findings.append(Finding(f"{what} sign", group, measured, "positive", step, factor.value))
    if units[unit] != 1:
        step = f"The labels are in {unit}: multiply them with {units[unit]:.6g}."
        findings.append(Finding(f"{what} unit", group, measured, "1 times", step, factor.value))
    return findings


def _energy_findings(group: str, fit: WorkFit, atoms: FloatArray) -> list[Finding]:
    """What is wrong with energies: forces and stresses are, in the same way."""
    factor = fit.stress
    if factor.value == 0 or not factor.wrong(STRESS_ROOM):  # 0: all energies are one number
        return []
    agree = fit.force.told and abs(fit.force.value / factor.value - 1) < FORCE_ROOM
    if fit.force.told and not agree:
        return []
    if not agree and named_unit(abs(factor.value), STRESS_UNITS, NAMED_ROOM["stress"]):
        return []  # nothing tells the two apart, and of a stress this is the usual slip
    measured = f"energies are {factor} times the work of " + (
        "forces and stresses" if agree else "stresses"
    )
    unit = named_unit(1 / abs(factor.value), ENERGY_UNITS, NAMED_ROOM["energy"])
    if abs(factor.value * atoms.mean() - 1) < NAMED_ROOM["energy"] and np.ptp(atoms) == 0:
        what, step = "per atom", "Multiply each energy with its number of atoms."
    elif unit is None and agree:
        what, step = "disagrees", _COMPARE
    elif unit is None:
        return []
    elif factor.value < 0:
        what, step = "sign", "Change the sign of the energies, or of both forces and stresses."
    elif ENERGY_UNITS[unit] == 1:
        return []  # as near to 1 as large shifts allow
    else:
        what = "unit"
        step = f"The energies are in {unit}: multiply them with {ENERGY_UNITS[unit]:.6g}."
    return [Finding(f"energy {what}", group, measured, "1 times", step, factor.value)]


def named_unit(factor: float, units: Mapping[str, float], room: float) -> str | None:
    """The unit that a factor stands for.

    Args:
        factor: That labels must be multiplied with, positive.
        units: What a label in each unit must be multiplied with.
        room: By which the factor may be off.

    Returns:
        The nearest unit within the room, or None.
    """
    gaps = {unit: abs(factor / size - 1) for unit, size in units.items()}
    nearest = min(gaps, key=gaps.__getitem__)
    return nearest if gaps[nearest] < room else None


def _offset_findings(group: str, fit: WorkFit) -> list[Finding]:
    if not abs(fit.offset) > max(LEAST_OFFSET, CLEAR * fit.offset_error):
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
