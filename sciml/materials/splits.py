"""Which structures train and which test, beyond what the authors of a dataset chose.

A published split may be too kind: strained cells have symmetric twins, which tell a potential the
answer, and frames of one run resemble one another. And it does not ask the question that matters
for use at another temperature or pressure. Each function takes the parts of a dataset by name and
returns parts by name; a frame never stands in two of them.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Annotated, Literal, NamedTuple, Self

import numpy as np
from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from sciml.core.axes import FloatArray
from sciml.core.errors import BadInput
from sciml.core.settings import Settings
from sciml.materials.neighbours import neighbours
from sciml.materials.structures import GPA, Structure

TRAIN = "train"
# What the new parts are called.
BEYOND, BETWEEN, HELD_OUT, UNSURE = "beyond", "between", "held_out", "unsure"

NEIGHBOURS = 26  # nearest distances by which twins are known: two shells of fcc, three of bcc
# In the mlearn benchmark twins differ by up to 0.0073 Å (atoms of molybdenum are off their sites)
# and 0.0011 eV per atom (their labels are not converged alike); other frames differ by 0.0100 Å and
# more (tests/materials/test_splits.py).
SAME_DISTANCE = 8e-3  # Å
SAME_ENERGY = 2e-3  # eV per atom
_EXTREMES = 3.0  # how much farther least and largest may differ; they tell liquids apart

Splits = dict[str, list[Structure]]


class Published(Settings):
    """As the authors of the dataset split it."""

    kind: Literal["published"] = "published"


class TwinFree(Settings):
    """Published, without the frames that have a symmetric twin in another part."""

    kind: Literal["twin_free"]
    drop: Literal["train", "tests"] = "train"  # whose frames are left out


class ByTemperature(Settings):
    """Train on what is not too hot, test on what is hotter."""

    kind: Literal["temperature"]
    highest: PositiveFloat  # K that is trained on
    above: PositiveFloat | None = None  # K over which a frame is beyond; None: `highest`
    unsure: tuple[str, ...] = ()  # groups whose temperatures are wrong; neither train nor test

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.above is not None and self.above < self.highest:
            raise ValueError(f"above ({self.above:g} K) is less than highest ({self.highest:g} K)")
        return self


class ByPressure(Settings):
    """Train on a range of pressures, test on both sides of it."""

    kind: Literal["pressure"]
    lowest: float = -1e6  # GPa that is trained on; negative in tension
    highest: float  # GPa that is trained on

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.lowest < self.highest:
            raise ValueError(f"lowest ({self.lowest:g} GPa) is not less than highest")
        return self


class ByStrain(Settings):
    """Train on small strains, test on large ones; for frames that say their strain."""

    kind: Literal["strain"]
    largest: PositiveFloat  # that is trained on, of either sign


class HeldOut(Settings):
    """Hold out some of the training frames."""

    kind: Literal["held_out"]
    share: Annotated[float, Field(gt=0, lt=1)] = 0.2
    block: PositiveInt = 1  # frames that follow each other in the file and stay together
    train: PositiveInt | None = (
        None  # frames that are left to train on, for learning curves; or all
    )
    seed: int = 0  # not that of the training, so that all trainings are judged alike


SplitSettings = Annotated[
    Published | TwinFree | ByTemperature | ByPressure | ByStrain | HeldOut,
    Field(discriminator="kind"),
]


class Twins(NamedTuple):
    """Two frames that are one but for a turn, a reflection or a shift."""

    one: int  # its place in the first list
    other: int  # its place in the second list


def resplit(splits: Mapping[str, Sequence[Structure]], settings: SplitSettings) -> Splits:
    """The parts of a dataset as settings ask for them.

    Args:
        splits: As published, with a part ``train``.
        settings: One of the classes of this module.

    Returns:
        Parts by name; see the function of the same name as the kind.

    Raises:
        BadInput: if there is nothing left to train on, or the frames do not say what is asked.
    """
    match settings:
        case Published():
            return {name: list(frames) for name, frames in splits.items()}
        case TwinFree():
            return twin_free(splits, settings.drop)
        case ByTemperature():
            return by_temperature(splits, settings.highest, settings.above, settings.unsure)
        case ByPressure():
            return by_pressure(splits, settings.lowest, settings.highest)
        case ByStrain():
            return by_strain(splits, settings.largest)
        case HeldOut():
            return held_out(
                splits, settings.share, settings.block, train=settings.train, seed=settings.seed
            )


def twin_free(
    splits: Mapping[str, Sequence[Structure]], drop: Literal["train", "tests"] = "train"
) -> Splits:
    """Leave out frames so that no training frame has a twin in another part.

    Args:
        splits: Parts by name; frames have energies.
        drop: ``train`` leaves out training frames, so that the tests stay those of others;
            ``tests`` leaves out frames of all other parts.

    Returns:
        The same parts; one that would be empty is left out.

    Raises:
        BadInput: if there is no part ``train`` or nothing is left of it.
    """
    train = _training(splits)
    tests = {name: list(frames) for name, frames in splits.items() if name != TRAIN}
    found = {name: twins(train, frames) for name, frames in tests.items()}
    if drop == "tests":
        kept = {name: _without(tests[name], {pair.other for pair in found[name]}) for name in tests}
        return _checked({TRAIN: train} | kept)
    known = {pair.one for pairs in found.values() for pair in pairs}
    return _checked({TRAIN: _without(train, known)} | tests)


def by_temperature(
    splits: Mapping[str, Sequence[Structure]],
    highest: float,
    above: float | None = None,
    unsure: Sequence[str] = (),
) -> Splits:
    """Train up to a temperature and test over it.

    Args:
        splits: Parts by name; ``about`` of hot frames has ``temperature_K``. Frames without it,
            such as strained cells and surfaces, count as cold.
        highest: K that is trained on.
        above: K over which a frame is beyond; ``highest`` if it is not given.
        unsure: Groups whose temperatures are not to be believed.

    Returns:
        Each part split in up to four: itself, ``<part>_beyond``, ``<part>_between`` for the frames
        between the two temperatures, and ``<part>_unsure``. ``train_beyond`` is neither trained on
        nor among the published tests. Nothing is lost.

    Raises:
        BadInput: if no frame has a temperature or is of a group that is unsure, a temperature is no
            number, none is beyond, or none is left to train on.
    """
    over = highest if above is None else above
    _require_groups(splits, unsure)

    def place(frame: Structure) -> str | None:
        if frame.about.get("group") in unsure:
            return UNSURE
        known = _number(frame, "temperature_K")
        if known is None or known <= highest:
            return None
        return BEYOND if known > over else BETWEEN

    _require_known(splits, "temperature_K", lambda frame: frame.about.get("temperature_K"))
    return _divided(splits, place, f"a temperature above {over:g} K")


def by_pressure(splits: Mapping[str, Sequence[Structure]], lowest: float, highest: float) -> Splits:
    """Train on a range of pressures and test outside.

    Args:
        splits: Parts by name. The pressure of a frame is minus the mean of the first three
            components of its stress; frames without stress count as inside.
        lowest: GPa; tension is negative.
        highest: GPa.

    Returns:
        Each part split in itself, inside the range, and ``<part>_beyond``. Nothing is lost.

    Raises:
        BadInput: if no frame has a stress, none is beyond, or none is left to train on.
    """

    def place(frame: Structure) -> str | None:
        known = _pressure(frame)
        return None if known is None or lowest <= known <= highest else BEYOND

    _require_known(splits, "stress", _pressure)
    return _divided(splits, place, f"a pressure outside of {lowest:g} to {highest:g} GPa")


def by_strain(splits: Mapping[str, Sequence[Structure]], largest: float) -> Splits:
    """Train on small strains and test on large ones.

    Args:
        splits: Parts by name; ``about`` of strained frames has ``strain``, and others count as
            unstrained.
        largest: That is trained on, of either sign.

    Returns:
        Each part split in itself and ``<part>_beyond``. Nothing is lost.

    Raises:
        BadInput: if no frame has a strain, one is no number, none is beyond, or none is left to
            train on.
    """

    def place(frame: Structure) -> str | None:
        known = _number(frame, "strain")
        # Strains are decimal fractions: 0.06 must not be more than 0.06.
        return None if known is None or abs(known) <= largest + 1e-9 else BEYOND

    _require_known(splits, "strain", lambda frame: frame.about.get("strain"))
    return _divided(splits, place, f"a strain above {largest:g}")


def held_out(
    splits: Mapping[str, Sequence[Structure]],
    share: float = 0.2,
    block: int = 1,
    *,
    train: int | None = None,
    seed: int = 0,
) -> Splits:
    """Hold out some of the training frames, chosen at random.

    Args:
        splits: Parts by name.
        share: Of the blocks that are held out, between 0 and 1.
        block: So many frames that follow each other, of one group and temperature, stay together;
            more than 1 where frames of a run resemble their neighbours.
        train: How many of the other frames are trained on; all of them if None. Whatever the
            number, the same frames are held out, and a larger number keeps those of a smaller.
        seed: The same seed holds out the same frames.

    Returns:
        The same parts with a smaller ``train``, and ``held_out``. Lone atoms always train, because
        they alone tell what each element contributes to an energy.

    Raises:
        BadInput: if there are too few frames to hold out a block and train on another, or a part
            is called ``held_out`` already.
    """
    if HELD_OUT in splits:
        raise BadInput(
            f"held_out: the dataset has a part of this name with {len(splits[HELD_OUT])} frames; "
            "take that one (split: {kind: published}), or call it otherwise."
        )
    frames = _training(splits)
    places = _blocks(frames, block)
    count = max(1, round(share * len(places)))
    if len(places) - count < 1:
        raise BadInput(
            f"held_out: {len(places)} blocks of {block} frames; expected at least two; take "
            "smaller blocks or more frames."
        )
    order = np.random.default_rng(seed).permutation(len(places))
    out = {place for number in order[:count] for place in places[number]}
    rest = [place for number in order[count:] for place in places[number]]
    if train is not None and train > len(rest):
        raise BadInput(
            f"held_out: {train} frames to train on were asked for, {len(rest)} are left; take less."
        )
    left = set(rest[train:]) if train else set()
    return {
        TRAIN: _without(frames, out | left),
        HELD_OUT: [frames[place] for place in sorted(out)],
        **{name: list(frames) for name, frames in splits.items() if name != TRAIN},
    }


def twins(
    ones: Sequence[Structure],
    others: Sequence[Structure],
    *,
    same_energy: float = SAME_ENERGY,
    same_distance: float = SAME_DISTANCE,
) -> list[Twins]:
    """Frames of two lists that are the same but for a turn, a reflection, a shift or a repeat.

    Strained along one axis of a cube or along another, sheared one way or the other: a potential
    that has seen one has seen both, because energies do not depend on directions.

    Args:
        ones: With energies.
        others: With energies.
        same_energy: eV per atom that twins may differ by.
        same_distance: Å that the mean and the spread over atoms of the distance to the nearest,
            second nearest and so on to the 26th neighbour may differ by; least and largest may
            differ by three times this.

    Returns:
        All pairs, in the order of the lists.

    Raises:
        BadInput: if a frame has no energy.
    """
    left, right = _energies(ones), _energies(others)
    near = np.argwhere(np.abs(left[:, None] - right) <= same_energy)
    profiles: dict[int, FloatArray] = {}  # of the few frames that have a candidate

    def profile(frame: Structure) -> FloatArray:
        if id(frame) not in profiles:
            profiles[id(frame)] = distance_profile(frame)
        return profiles[id(frame)]

    found, room = [], same_distance * np.array([[1], [1], [_EXTREMES], [_EXTREMES]])
    kinds = [[_composition(frame) for frame in frames] for frames in (ones, others)]
    for i, j in near.tolist():
        if kinds[0][i] != kinds[1][j]:
            continue
        one, other = profile(ones[i]), profile(others[j])
        if one.shape == other.shape and (np.abs(one - other) <= room).all():
            found.append(Twins(i, j))
    return found


def distance_profile(structure: Structure, count: int = NEIGHBOURS) -> FloatArray:
    """Distances from an atom to its neighbours in order, and how they differ over the atoms.

    It does not change when the structure is turned, mirrored, shifted or repeated, nor when its
    atoms are put in another order.

    Args:
        structure: Atoms.
        count: How many neighbours; fewer where there are fewer atoms and no periodic direction.

    Returns:
        Mean, standard deviation, least and largest, Å, shape (4, neighbour).
    """
    kept = count if structure.periodic.any() else min(count, len(structure) - 1)
    if kept == 0:
        return np.zeros((4, 0))
    cutoff = 5.0
    while True:
        pairs = neighbours(structure, cutoff)
        here = np.bincount(pairs.centre, minlength=len(structure))
        if here.min() >= kept:
            break
        cutoff *= 1.3
    lengths = np.linalg.norm(pairs.vector, axis=1)
    order = np.lexsort([lengths, pairs.centre])
    first = np.concatenate([[0], np.cumsum(here)[:-1]])
    nearest = lengths[order][first[:, None] + np.arange(kept)]  # (atom, neighbour)
    return np.stack([f(nearest, axis=0) for f in (np.mean, np.std, np.min, np.max)])


def _training(splits: Mapping[str, Sequence[Structure]]) -> list[Structure]:
    if TRAIN not in splits:
        raise BadInput(f"splits: no part '{TRAIN}', there are {sorted(splits)}; name one so.")
    return list(splits[TRAIN])


def _divided(
    splits: Mapping[str, Sequence[Structure]], place: Callable[[Structure], str | None], what: str
) -> Splits:
    """Each part and what of it stands elsewhere."""
    _training(splits)
    divided: Splits = {name: [] for name in splits}
    for name, frames in splits.items():
        for frame in frames:
            where = place(frame)
            divided.setdefault(name if where is None else f"{name}_{where}", []).append(frame)
    if not any(name.endswith(f"_{BEYOND}") for name in divided):
        raise BadInput(f"splits: no frame has {what}, so there is nothing to test beyond it.")
    return _checked(divided)


def _checked(splits: Splits) -> Splits:
    """Parts that are not empty; there must be one to train on."""
    if not splits[TRAIN]:
        raise BadInput("splits: no frame is left to train on; widen the range or drop from tests.")
    return {name: frames for name, frames in splits.items() if frames}


def _require_known(
    splits: Mapping[str, Sequence[Structure]],
    what: str,
    value: Callable[[Structure], object],
) -> None:
    if all(value(one) is None for frames in splits.values() for one in frames):
        raise BadInput(f"splits: no frame has {what}; choose a split of another kind.")


def _require_groups(splits: Mapping[str, Sequence[Structure]], asked: Sequence[str]) -> None:
    known = {str(one.about.get("group")) for frames in splits.values() for one in frames}
    if unknown := sorted(set(asked) - known):
        raise BadInput(
            f"splits: no frame is of the group {unknown[0]!r}; name some of {sorted(known)}."
        )


def _blocks(frames: Sequence[Structure], block: int) -> list[list[int]]:
    """Places of frames that follow each other and are of one kind, in blocks."""

    def kind(place: int) -> tuple[object, object, bool]:
        about = frames[place].about
        return about.get("group"), about.get("temperature_K"), len(frames[place]) == 1

    blocks: list[list[int]] = []
    for (_, _, alone), run in groupby(range(len(frames)), kind):
        places = list(run)
        if not alone:
            blocks += [places[i : i + block] for i in range(0, len(places), block)]
    return blocks


def _without(frames: Sequence[Structure], places: set[int]) -> list[Structure]:
    return [frame for place, frame in enumerate(frames) if place not in places]


def _number(frame: Structure, key: str) -> float | None:
    """A number that is told of a frame."""
    told = frame.about.get(key)
    if isinstance(told, str):
        raise BadInput(f"{frame.name}: its {key} is {told!r}; expected a number without unit.")
    return None if told is None else float(told)


def _pressure(frame: Structure) -> float | None:
    """GPa, positive in compression."""
    return None if frame.stress is None else -float(frame.stress[:3].mean()) / GPA


def _energies(frames: Sequence[Structure]) -> FloatArray:
    """EV per atom."""
    energies = []
    for frame in frames:
        if frame.energy is None:
            raise BadInput(f"{frame.name}: has no energy to tell twins by; leave it out.")
        energies.append(frame.energy / len(frame))
    return np.array(energies, dtype=np.float64)


def _composition(frame: Structure) -> dict[int, float]:
    """The share of each element."""
    numbers, counts = np.unique(frame.numbers, return_counts=True)
    shares = counts / len(frame)
    return dict(zip(numbers.tolist(), shares.tolist(), strict=True))
