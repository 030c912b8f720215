"""Laws of splits: disjoint, nothing lost that should not be, and no twin left."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from sciml.core.axes import FloatArray
from sciml.core.errors import BadInput
from sciml.materials.datasets import open_structures
from sciml.materials.splits import (
    Splits,
    SplitSettings,
    by_pressure,
    by_strain,
    by_temperature,
    distance_profile,
    held_out,
    resplit,
    twin_free,
    twins,
)
from sciml.materials.structures import GPA, About, Structure
from tests.built import opened

ADAPTER: TypeAdapter[SplitSettings] = TypeAdapter(SplitSettings)
MLEARN = ("mlearn_silicon", "mlearn_lithium", "mlearn_molybdenum", "mlearn_copper")


def cube(bent: FloatArray, energy: float, repeats: int = 1, **about: float | str) -> Structure:
    """A strained body-centred cube."""
    corners = np.array(list(np.ndindex(repeats, repeats, repeats)))
    sites = (corners[:, None] + np.array([[0, 0, 0], [0.5, 0.5, 0.5]])).reshape(-1, 3)
    stretch = 3.2 * (np.eye(3) + bent)
    told: About = dict(about)
    return Structure(
        numbers=np.full(len(sites), 42),
        positions=sites @ stretch,
        cell=repeats * stretch,
        periodic=np.ones(3, dtype=bool),
        energy=energy * len(sites),
        stress=-np.array([energy, energy, energy, 0, 0, 0]),
        about=told,
    )


def along(axis: int, size: float) -> FloatArray:
    strain = np.zeros((3, 3))
    strain[axis, axis] = size
    return strain


def shear(i: int, j: int, size: float) -> FloatArray:
    strain = np.zeros((3, 3))
    strain[i, j] = size
    return strain


def rotation(seed: int) -> FloatArray:
    turned, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))
    return turned


def some_splits() -> Splits:
    """Training frames at three temperatures and strains, lone atoms, and two tests."""
    train = [
        cube(along(0, s), 0.1 * T / 300, temperature_K=T, strain=s, group=f"at {T:g} K")
        for T in (300.0, 600.0, 900.0)
        for s in (-0.06, -0.02, 0.01, 0.05)
    ]
    lone = Structure(np.array([42]), np.zeros((1, 3)), np.zeros((3, 3)), np.zeros(3, bool), -1.0)
    test = [cube(along(1, 0.03), 0.1 * T / 300, temperature_K=T) for T in (300.0, 600.0, 900.0)]
    return {"train": [*train, lone], "test": test, "other": [cube(along(2, 0.08), 0.4)]}


def warm(told: str) -> Structure:
    return cube(np.zeros((3, 3)), 0.1, temperature_K=told)


def places(splits: Splits) -> list[int]:
    return sorted(id(one) for frames in splits.values() for one in frames)


@pytest.mark.parametrize("turn", [along(1, 0.05), along(2, 0.05)])
def test_strain_along_another_axis_gives_a_twin(turn: FloatArray) -> None:
    assert twins([cube(along(0, 0.05), -1.0)], [cube(turn, -1.0)]) == [(0, 0)]


@pytest.mark.parametrize("other", [shear(0, 1, -0.06), shear(1, 2, 0.06), shear(2, 0, 0.06)])
def test_shear_in_another_plane_or_the_other_way_gives_a_twin(other: FloatArray) -> None:
    assert twins([cube(shear(0, 1, 0.06), -1.0)], [cube(other, -1.0)]) == [(0, 0)]


@pytest.mark.parametrize("seed", range(3))
def test_turned_mirrored_shifted_reordered_and_repeated_frames_are_twins(seed: int) -> None:
    random = np.random.default_rng(seed)
    one = cube(0.1 * random.normal(size=(3, 3)), -2.0)
    many = cube(one.cell / 3.2 - np.eye(3), -2.0, repeats=2)
    turn, order = rotation(seed), random.permutation(len(many))
    other = replace(
        many,
        positions=(many.positions @ turn + random.normal(size=3))[order],
        cell=many.cell @ turn,
    )
    np.testing.assert_allclose(distance_profile(one), distance_profile(other), atol=1e-10)
    assert twins([one], [other]) == [(0, 0)]


def test_another_strain_energy_or_element_is_no_twin() -> None:
    one = cube(along(0, 0.05), -1.0)
    carbon = replace(one, numbers=np.full(len(one), 6))
    others = [cube(along(0, 0.045), -1.0), cube(along(0, 0.05), -1.01), carbon]
    assert twins([one], others) == []


def test_molecules_are_compared_by_all_their_distances() -> None:
    points = np.array([[0.0, 0, 0], [1.1, 0, 0], [0, 1.3, 0]])
    nowhere = np.zeros(3, dtype=bool)
    one = Structure(np.array([8, 1, 1]), points, np.zeros((3, 3)), nowhere, -1.0)
    other = replace(one, positions=points @ rotation(1), numbers=one.numbers)
    bent = replace(one, positions=points + 0.05 * np.eye(3))
    assert twins([one], [other, bent]) == [(0, 0)]
    lone = replace(one, numbers=one.numbers[:1], positions=points[:1])
    assert distance_profile(lone).shape == (4, 0)
    assert twins([lone], [lone]) == [(0, 0)]


def test_no_twin_is_left_and_nothing_else_is_lost() -> None:
    splits = some_splits()
    twin = cube(along(1, -0.06), 0.1)
    splits["test"].append(twin)
    for kept, changed in ((twin_free(splits), "train"), (twin_free(splits, "tests"), "test")):
        assert twins(kept["train"], [*kept["test"], *kept["other"]]) == []
        lost = set(places(splits)) - set(places(kept))
        assert len(lost) == 1
        assert lost <= {id(one) for one in splits[changed]}


CHOICES: dict[str, Callable[[Splits], Splits]] = {
    "temperature": lambda splits: by_temperature(splits, 300.0),
    "temperature with a gap": lambda splits: by_temperature(splits, 300.0, 600.0),
    "temperature, one group unsure": lambda splits: by_temperature(
        splits, 300.0, unsure=["at 900 K"]
    ),
    "pressure": lambda splits: by_pressure(splits, -1.0, 0.25 / GPA),
    "strain": lambda splits: by_strain(splits, 0.05),
    "held out": lambda splits: held_out(splits, 0.25, block=2, seed=3),
}


@pytest.mark.parametrize("choice", CHOICES)
def test_every_frame_is_in_one_part(choice: str) -> None:
    splits = some_splits()
    assert places(CHOICES[choice](splits)) == places(splits)


def test_hot_frames_are_tested_and_never_trained_on() -> None:
    parts = by_temperature(some_splits(), 300.0, 600.0)
    told = {
        name: {one.about.get("temperature_K") for one in frames} for name, frames in parts.items()
    }
    assert told == {
        "train": {300.0, None},
        "train_between": {600.0},
        "train_beyond": {900.0},
        "test": {300.0},
        "test_between": {600.0},
        "test_beyond": {900.0},
        "other": {None},
    }
    assert set(by_temperature(some_splits(), 300.0)) == set(told) - {
        "train_between",
        "test_between",
    }


def test_groups_whose_temperatures_are_wrong_neither_train_nor_test() -> None:
    parts = by_temperature(some_splits(), 300.0, unsure=["at 300 K", "at 900 K"])
    assert {one.about.get("group") for one in parts["train_unsure"]} == {"at 300 K", "at 900 K"}
    assert {one.about.get("group") for one in parts["train"]} == {None}  # the lone atom
    assert {one.about.get("group") for one in parts["train_beyond"]} == {"at 600 K"}
    assert "test_unsure" not in parts


def test_pressures_outside_of_the_range_are_tested() -> None:
    parts = by_pressure(some_splits(), 0.05 / GPA, 0.25 / GPA)
    assert all(one.stress is None or one.stress[0] >= -0.25 for one in parts["train"])
    assert all(
        one.stress is not None and one.stress[0] < -0.25
        for name in ("train_beyond", "test_beyond", "other_beyond")
        for one in parts[name]
    )


def test_a_strain_of_the_limit_trains_whatever_its_sign() -> None:
    parts = by_strain(some_splits(), 0.05)
    assert {one.about.get("strain") for one in parts["train"]} == {-0.02, 0.01, 0.05, None}
    assert {one.about.get("strain") for one in parts["train_beyond"]} == {-0.06}


@pytest.mark.parametrize("seed", range(4))
def test_blocks_stay_together_and_lone_atoms_train(seed: int) -> None:
    splits = some_splits()
    parts = held_out(splits, 0.5, block=2, seed=seed)
    where = {id(one): place for place, one in enumerate(splits["train"])}
    held = sorted(where[id(one)] for one in parts["held_out"])
    assert len(held) == 6
    assert all({place, place ^ 1} <= set(held) for place in held)
    assert all(len(one) > 1 for one in parts["held_out"])
    assert places(held_out(splits, 0.5, block=2, seed=seed)) == places(parts)


def test_a_learning_curve_adds_frames_and_is_judged_on_the_same_ones() -> None:
    frames = [cube(along(0, 0.001 * k), -1.0) for k in range(50)]
    curve = [held_out({"train": frames}, 0.2, train=count) for count in (5, 10, 40)]
    assert [len(parts["train"]) for parts in curve] == [5, 10, 40]
    held = [{id(one) for one in parts["held_out"]} for parts in curve]
    assert held[0] == held[1] == held[2]
    trained = [{id(one) for one in parts["train"]} for parts in curve]
    assert trained[0] < trained[1] < trained[2]
    assert not trained[2] & held[2]
    with pytest.raises(BadInput, match="41 frames to train on were asked for, 40 are left"):
        held_out({"train": frames}, 0.2, train=41)


def test_seeds_hold_out_other_frames_and_the_share_is_kept() -> None:
    frames = [cube(along(0, 0.001 * k), -1.0) for k in range(100)]
    parts = [held_out({"train": frames}, 0.2, seed=seed)["held_out"] for seed in (0, 0, 1)]
    assert [len(part) for part in parts] == [20, 20, 20]
    assert places({"a": parts[0]}) == places({"a": parts[1]}) != places({"a": parts[2]})


BAD: dict[str, tuple[Callable[[Splits], object], str]] = {
    "all too hot": (lambda s: by_temperature(s, 1000.0), "no frame has a temperature above 1000 K"),
    "unknown group": (
        lambda s: by_temperature(s, 300.0, unsure=["at 30 K"]),
        "no frame is of the group 'at 30 K'; name some of",
    ),
    "no strain": (lambda s: by_strain({"train": s["other"]}, 0.1), "no frame has strain"),
    "no temperature": (
        lambda s: by_temperature({"train": s["other"]}, 300.0),
        "no frame has temperature_K; choose a split of another kind",
    ),
    "nothing trains": (
        lambda s: by_pressure({"train": s["other"]}, 1e3, 1e4),
        "no frame is left to train on",
    ),
    "no train": (
        lambda s: twin_free({"test": s["test"]}),
        r"no part 'train', there are \['test'\]",
    ),
    "one block": (lambda s: held_out({"train": s["other"]}), "expected at least two"),
    "temperature with a unit": (
        lambda s: by_temperature({"train": [warm("300 K"), *s["train"]]}, 300.0),
        "its temperature_K is '300 K'; expected a number",
    ),
    "strain of words": (
        lambda _: by_strain({"train": [cube(np.zeros((3, 3)), 0.1, strain="big")]}, 0.1),
        "its strain is 'big'; expected a number",
    ),
    "held out before": (
        lambda s: held_out({"train": s["train"], "held_out": s["other"]}),
        "has a part of this name with 1 frames",
    ),
    "no energy": (
        lambda s: twins([replace(s["test"][0], energy=None)], s["test"]),
        "has no energy to tell twins by",
    ),
}


@pytest.mark.parametrize("bad", BAD)
def test_what_cannot_be_split_is_told(bad: str) -> None:
    choice, text = BAD[bad]
    with pytest.raises(BadInput, match=text):
        choice(some_splits())


@pytest.mark.parametrize(
    ("settings", "parts"),
    [
        ({"kind": "published"}, {"train", "test", "other"}),
        ({"kind": "twin_free", "drop": "tests"}, {"train", "test", "other"}),
        ({"kind": "temperature", "highest": 600}, {"train", "train_beyond", "test_beyond"}),
        ({"kind": "pressure", "highest": 40}, {"train", "train_beyond", "other_beyond"}),
        ({"kind": "strain", "largest": 0.05}, {"train", "train_beyond"}),
        ({"kind": "held_out", "share": 0.3, "block": 2}, {"train", "held_out", "test"}),
    ],
)
def test_settings_choose_the_split(settings: dict[str, object], parts: set[str]) -> None:
    assert parts <= set(resplit(some_splits(), ADAPTER.validate_python(settings)))


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"kind": "random"}, "random"),
        ({"kind": "temperature", "highest": 900, "above": 300}, "is less than highest"),
        ({"kind": "pressure", "lowest": 5, "highest": 5}, "is not less than highest"),
        ({"kind": "held_out", "share": 1.0}, "less than 1"),
    ],
)
def test_settings_without_sense_are_refused(settings: dict[str, object], text: str) -> None:
    with pytest.raises(ValidationError, match=text):
        ADAPTER.validate_python(settings)


def test_no_frame_of_the_embedded_dataset_has_a_twin_that_trains() -> None:
    splits = open_structures("simulated_silicon")
    tests = [one for name in splits if name != "train" for one in splits[name]]
    assert twins(splits["train"], tests) == []
    assert [pair.one for pair in twins(splits["train"], [splits["train"][7]])] == [7]


@pytest.mark.realdata
@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "train", "test"),
    [(*row,) for row in zip(MLEARN, (3, 12, 18, 18), (3, 3, 6, 9), strict=True)],
)
def test_strained_test_cells_of_mlearn_have_twins(name: str, train: int, test: int) -> None:
    splits = opened(name)
    found = twins(splits["train"], splits["test"])
    assert len({pair.one for pair in found}) == train
    assert len({pair.other for pair in found}) == test
    assert {splits["test"][pair.other].about["group"] for pair in found} == {"Elastic"}
    close = twins(splits["train"], splits["test"], same_distance=0.0099, same_energy=0.01)
    assert found == close  # no pair between: the tolerance does not matter


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("name", "highest", "above", "sizes"),
    [
        ("mlearn_silicon", 1518.0, 2530.0, (149, 18, 47, 18, 2, 5)),
        ("mlearn_molybdenum", 3000.0, None, (147, 0, 47, 18, 0, 5)),
    ],
)
def test_the_hottest_dynamics_are_beyond(
    name: str, highest: float, above: float | None, sizes: tuple[int, ...]
) -> None:
    splits = opened(name)
    parts = by_temperature(splits, highest, above)
    hottest = max(float(one.about.get("temperature_K", 0)) for one in splits["test"])
    assert {one.about.get("temperature_K") for one in parts["test_beyond"]} == {hottest}
    assert all(float(one.about.get("temperature_K", 0)) <= highest for one in parts["train"])
    assert places(parts) == places(splits)
    names = [f"{part}{end}" for part in ("train", "test") for end in ("", "_between", "_beyond")]
    assert tuple(len(parts.get(name, ())) for name in names) == sizes
