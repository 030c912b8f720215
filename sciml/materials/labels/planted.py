"""Slips that are made with labels, made on purpose: what a check of labels has to find."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from sciml.core.axes import FloatArray
from sciml.materials.labels.work import FORCE_UNITS, ORDERS, STRESS_UNITS
from sciml.materials.splits import TRAIN, Splits
from sciml.materials.structures import GPA, Structure

OFFSET = 2.5  # GPa
NET_FORCE = 0.05  # eV/Å an atom
WRONG_ENERGY = 5.0  # eV/atom
VASP_ORDER = "xx, yy, zz, xy, yz, xz"


class Slip(NamedTuple):
    """A slip, and what a check should call it."""

    name: str
    findings: tuple[str, ...]
    make: Callable[[Mapping[str, Sequence[Structure]]], Splits]


def _everywhere(change: Callable[[Structure], Structure]) -> Callable[..., Splits]:
    """A slip that all frames suffer alike."""
    return lambda splits: {name: [change(one) for one in part] for name, part in splits.items()}


def _in_one_frame(change: Callable[[Structure], Structure]) -> Callable[..., Splits]:
    """A slip in the middle of the training frames."""

    def made(splits: Mapping[str, Sequence[Structure]]) -> Splits:
        changed = {name: list(part) for name, part in splits.items()}
        middle = len(changed[TRAIN]) // 2
        changed[TRAIN][middle] = change(changed[TRAIN][middle])
        return changed

    return made


def _stress(change: Callable[[FloatArray], FloatArray]) -> Callable[[Structure], Structure]:
    return lambda one: one if one.stress is None else replace(one, stress=change(one.stress))


def _forces(change: Callable[[FloatArray], FloatArray]) -> Callable[[Structure], Structure]:
    return lambda one: one if one.forces is None else replace(one, forces=change(one.forces))


def _energy(change: Callable[[float, int], float]) -> Callable[[Structure], Structure]:
    def changed(one: Structure) -> Structure:
        return one if one.energy is None else replace(one, energy=change(one.energy, len(one)))

    return changed


def _reordered(stress: FloatArray) -> FloatArray:
    """The components as VASP prints them."""
    written = np.empty(6)
    written[list(ORDERS[VASP_ORDER])] = stress
    return written


def _with_turned_frame(splits: Mapping[str, Sequence[Structure]]) -> Splits:
    """A training frame among the tests, turned by a quarter about z."""
    turn = np.array([[0.0, 1, 0], [-1, 0, 0], [0, 0, 1]])
    one = splits[TRAIN][len(splits[TRAIN]) // 2]
    turned = replace(
        one,
        positions=one.positions @ turn,
        cell=one.cell @ turn,
        forces=None if one.forces is None else one.forces @ turn,
        stress=None
        if one.stress is None
        else one.stress[[1, 0, 2, 4, 3, 5]] * [1, 1, 1, 1, -1, -1],
    )
    tests = list(splits.get("test", ()))
    return {name: list(part) for name, part in splits.items()} | {"test": [*tests, turned]}


def _with_vacancies_the_other_way(splits: Mapping[str, Sequence[Structure]]) -> Splits:
    """The hottest vacancies are called the coldest, and so on."""
    frames = [one for part in splits.values() for one in part if one.about["group"] == "vacancy"]
    told = sorted({float(one.about["temperature_K"]) for one in frames})
    other = dict(zip(told, reversed(told), strict=True))

    def changed(one: Structure) -> Structure:
        if one.about["group"] != "vacancy":
            return one
        hot = {"temperature_K": other[float(one.about["temperature_K"])]}
        return replace(one, about=dict(one.about) | hot)

    return {name: [changed(one) for one in part] for name, part in splits.items()}


_HYDROSTATIC = np.array([1.0, 1, 1, 0, 0, 0])
_KBAR, _ATOMIC = STRESS_UNITS["kbar"], FORCE_UNITS["Hartree/Bohr"]

SLIPS = (
    Slip("stress in kbar", ("stress unit",), _everywhere(_stress(lambda s: s / _KBAR))),
    Slip("pressure for stress", ("stress sign",), _everywhere(_stress(lambda s: -s))),
    Slip("shear in the order of VASP", ("stress order",), _everywhere(_stress(_reordered))),
    Slip(
        "all three at once",
        ("stress order", "stress sign", "stress unit"),
        _everywhere(_stress(lambda s: -_reordered(s) / _KBAR)),
    ),
    Slip(
        f"{OFFSET} GPa of pressure missing",
        ("stress offset",),
        _everywhere(_stress(lambda s: s + OFFSET * GPA * _HYDROSTATIC)),
    ),
    Slip("energies per atom", ("energy per atom",), _everywhere(_energy(lambda e, n: e / n))),
    Slip("energies in kJ/mol", ("energy unit",), _everywhere(_energy(lambda e, _: e * 96.485332))),
    Slip("slopes for forces", ("force sign",), _everywhere(_forces(lambda f: -f))),
    Slip("forces in Hartree/Bohr", ("force unit",), _everywhere(_forces(lambda f: f / _ATOMIC))),
    Slip(
        "a frame that is pulled",
        ("net force",),
        _in_one_frame(_forces(lambda f: f + np.array([0, NET_FORCE, 0]))),
    ),
    Slip(
        "a frame of another calculation",
        ("energy outlier",),
        _in_one_frame(_energy(lambda e, n: e + WRONG_ENERGY * n)),
    ),
    Slip("a turned copy among the tests", ("twin of a training frame",), _with_turned_frame),
    Slip("hot for cold", ("temperature",), _with_vacancies_the_other_way),
)
