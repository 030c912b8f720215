"""Frames that a potential labels for another one to learn from."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt

from sciml.core.errors import BadInput
from sciml.core.settings import Settings
from sciml.materials.committee import Committee
from sciml.materials.elements import unknown_elements
from sciml.materials.potential import Evaluation, Potential
from sciml.materials.properties.dynamics import MotionSettings, frames_of, move
from sciml.materials.structures import Structure


class WanderingSettings(Settings):
    """How copies move away from what they are copies of: by the forces of the teacher."""

    temperature: PositiveFloat  # K
    step: PositiveFloat = Field(default=0.0005, le=0.02)  # ps
    apart: PositiveInt = 100  # steps from one copy to the next


class TeachingSettings(Settings):
    """What a teacher is asked, and how much its answers count."""

    copies: PositiveInt = 4  # of each training frame
    motion: WanderingSettings | None = None  # that the copies are frames of; null: they stay
    rattle: NonNegativeFloat = 0.05  # Å, deviation of each coordinate
    strain: float = Field(default=0.02, ge=0, le=0.2)  # largest of each component
    largest_grade: PositiveFloat | None = 1.0  # of an atom in a frame that is kept; null keeps all
    weight: NonNegativeFloat = 1.0  # of the teacher's labels in the loss
    data_weight: NonNegativeFloat = 1.0  # of the dataset's labels


class Taught(NamedTuple):
    """What a teacher has labelled."""

    frames: list[Structure]
    left_out: int  # frames in which it extrapolates, or that were in a motion which ran away


def taught(
    teacher: Potential,
    structures: Sequence[Structure],
    settings: TeachingSettings,
    *,
    stress_offset: float = 0.0,
    seed: int = 0,
) -> Taught:
    """Copies of structures, moved, strained and rattled at random, with a teacher's labels.

    Rattled copies have more of the stiff motions than of the soft ones. Copies that move with the
    teacher's forces have each as the temperature gives it, so they are what dynamics will meet. Of
    a committee the first member moves them, and all say what they think of where that leads.

    Args:
        teacher: Knows all elements of the structures; with grades if one is the limit.
        structures: What is copied; a copy keeps what is told about it, such as its group.
        settings: How many copies, and how far they are from the structures.
        stress_offset: eV/Å³, what labels have more in xx, yy and zz than the teacher says.
        seed: Of all random numbers.

    Returns:
        The copies, without those in which the grade of an atom is too large, or that were in a
        motion which ran away.

    Raises:
        BadInput: if an element is not known, grades are asked for and there are none, or no copy
            is left.
    """
    _require_known(teacher, structures)
    random = np.random.default_rng(seed)
    moved = [one for number, start in enumerate(structures)
             for one in _moved(teacher, start, settings, seed + number)]  # fmt: skip
    copies = [_varied(one, settings, random) for one in moved]
    found = teacher.evaluate(copies) if copies else []
    kept = [
        _labelled(one, answer, stress_offset)
        for one, answer in zip(copies, found, strict=True)
        if _within(answer, settings.largest_grade)
    ]
    asked = len(structures) * settings.copies
    if not kept:
        raise BadInput(
            f"distillation: the teacher extrapolates in all {asked} frames; make "
            "teaching.rattle, teaching.strain or teaching.motion.temperature smaller, or "
            "teaching.largest_grade larger."
        )
    return Taught(kept, asked - len(kept))


def _require_known(teacher: Potential, structures: Sequence[Structure]) -> None:
    numbers = np.concatenate([one.numbers for one in structures]) if structures else []
    unknown = unknown_elements(numbers, teacher.elements)
    if unknown:
        raise BadInput(
            f"distillation: the teacher does not know {unknown}; leave frames with it out, or take "
            "a teacher that was trained on it."
        )


def _moved(
    teacher: Potential, start: Structure, settings: TeachingSettings, seed: int
) -> list[Structure]:
    """Copies of a structure, where they have gone; none if they ran away. An atom alone stays."""
    if settings.motion is None or len(start) == 1:
        return [start] * settings.copies
    apart = settings.motion.apart
    motion = MotionSettings(
        temperature=settings.motion.temperature,
        step=settings.motion.step,
        settling=apart,
        steps=apart * settings.copies,
        every=apart,
    )
    mover = teacher.members[0] if isinstance(teacher, Committee) else teacher
    try:
        frames = frames_of(move(mover, start, motion, seed))
    except BadInput:  # elements are known and atoms are several, so the motion ran away
        return []
    return [replace(start, positions=one.positions, cell=one.cell) for one in frames[1:]]


def _varied(one: Structure, settings: TeachingSettings, random: np.random.Generator) -> Structure:
    """A structure strained and rattled, without labels."""
    drawn = random.uniform(-settings.strain, settings.strain, size=(3, 3))
    stretch = np.eye(3) + (drawn + drawn.T) / 2
    rattle = settings.rattle * random.normal(size=one.positions.shape)
    return replace(
        one,
        positions=one.positions @ stretch + rattle,
        cell=one.cell @ stretch,
        energy=None,
        forces=None,
        stress=None,
    )


def _within(answer: Evaluation, largest: float | None) -> bool:
    """Whether a teacher knows what it says."""
    if largest is None:
        return True
    if answer.grades is None:
        raise BadInput(
            "distillation: the teacher has no grades, so none can be too large; train it again, or "
            "set teaching.largest_grade to null to keep all frames."
        )
    return bool(answer.grades.max() <= largest)


def _labelled(one: Structure, answer: Evaluation, stress_offset: float) -> Structure:
    """A structure with a teacher's labels, in the convention of the dataset's."""
    stress = answer.stress + stress_offset * np.array([1, 1, 1, 0, 0, 0])
    known = stress if np.isfinite(stress).all() else None  # none without a volume
    return replace(one, energy=answer.energy, forces=answer.forces, stress=known)
