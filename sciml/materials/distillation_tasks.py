"""The recipe that trains a potential on what others say beside the labels."""

import hashlib
import json
from collections.abc import Iterable
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field

from sciml.core.writing import sha256_of
from sciml.materials.accuracy import accuracy
from sciml.materials.ace.file import load_potential
from sciml.materials.ace.fine_tuning import with_refitted_energies
from sciml.materials.ace.model import AcePotential
from sciml.materials.committee import Committee
from sciml.materials.distillation import TeachingSettings, taught
from sciml.materials.extended_xyz import read_structures, write_structures
from sciml.materials.potential import Potential
from sciml.materials.potential_training import (
    Lesson,
    PotentialRecipe,
    committee_of,
    frame_weights,
    judged,
    lesson_of,
    opened,
    outcome,
    trained_members,
)
from sciml.materials.structures import GPA, Structure
from sciml.materials.trained import trained_file
from sciml.training.run import Outcome, RecipeTask


class DistillationRecipe(PotentialRecipe):
    """Train a student, as a rule of one layer, on the labels and on what teachers say."""

    teachers: tuple[str, ...] = Field(min_length=1)  # files or names of recipes; their mean teaches
    teaching: TeachingSettings = TeachingSettings()
    compare: bool = True  # whether the student is also trained on the labels alone


def distillation(recipe: DistillationRecipe, folder: Path) -> Outcome:
    """Have teachers label frames near those of the training, and train a student on both.

    The student without teachers takes as many steps as the one with them.

    Args:
        recipe: The settings.
        folder: Folder of the run.

    Returns:
        Errors of the student, of the same student on the labels alone, and of the teachers, and
        the student's file.

    Raises:
        BadInput: as of a potential's recipe, or if a teacher cannot be read or has no grades.
        DatasetMissing: if the data are not on this machine.
    """
    splits = opened(recipe.data)
    lesson = lesson_of(recipe.data, splits)
    files = {name: trained_file(name) for name in recipe.teachers}
    teacher = _teacher(files.values(), lesson)
    teachers = {name: sha256_of(file) for name, file in files.items()}
    lesson = lesson._replace(sources={**lesson.sources, **teachers})
    whole, metrics = _with_teacher(recipe, lesson, teacher, folder)
    student = committee_of(trained_members(recipe, whole, folder))
    metrics |= student.metrics | judged(recipe.data, student.potential, splits)
    if recipe.compare:
        longer, place = _as_long(recipe, lesson, whole), folder / "without-teacher"
        alone = committee_of(trained_members(longer, lesson, place))
        metrics |= judged(recipe.data, alone.potential, splits, "without teacher: ")
    metrics |= judged(recipe.data, teacher, splits, "teacher: ")
    return outcome(recipe, student, metrics, folder)


def _teacher(files: Iterable[Path], lesson: Lesson) -> Potential:
    """One potential or a committee, its energies counted from the zero of the labels."""
    given = [load_potential(file) for file in files]
    flat = [m for one in given for m in (one.members if isinstance(one, Committee) else [one])]
    members = [
        with_refitted_energies(one, lesson.frames, lesson.weights)
        for one in flat
        if isinstance(one, AcePotential)
    ]
    return Committee(tuple(members)) if len(members) > 1 else members[0]


def _with_teacher(
    recipe: DistillationRecipe, lesson: Lesson, teacher: Potential, folder: Path
) -> tuple[Lesson, dict[str, Any]]:
    """The lesson with the teacher's frames, and how many they are."""
    teaching = recipe.teaching
    said = _said(recipe, lesson, teacher, folder)
    frames = lesson.frames + said
    counts = [len(lesson.frames), len(said)]
    shares = np.repeat([teaching.data_weight, teaching.weight], counts)
    whole = lesson._replace(frames=frames, weights=shares * frame_weights(recipe.data, frames))
    why = "their grade" if teaching.motion is None else "their grade, or because they ran away"
    left_out = counts[0] * teaching.copies - counts[1]
    return whole, {"teacher's frames": counts[1], f"left out for {why}": left_out}


def _said(
    recipe: DistillationRecipe, lesson: Lesson, teacher: Potential, folder: Path
) -> list[Structure]:
    """What a teacher has labelled; a run that was killed does not ask again.

    The frames are read from the file in any case, so that its decimals are those of all runs.
    """
    path = folder / f"taught-{_mark(recipe, lesson)}.extxyz.gz"
    if not path.is_file():
        offset = 0.0
        if recipe.data.stress_offset:
            offset = -GPA * accuracy(teacher, lesson.frames, offset=True).stress_offset
        given = (teacher, lesson.frames, recipe.teaching)
        write_structures(path, taught(*given, stress_offset=offset, seed=recipe.seed).frames)
    return read_structures(path)


def _mark(recipe: DistillationRecipe, lesson: Lesson) -> str:
    """What depends on all that decides what a teacher says."""
    asked = recipe.model_dump(mode="json", include={"seed", "data", "teaching"})
    text = json.dumps([asked, dict(lesson.sources)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _as_long(recipe: DistillationRecipe, lesson: Lesson, whole: Lesson) -> DistillationRecipe:
    """The recipe with so many epochs that a shorter lesson takes as many steps as the whole one."""
    if recipe.training is None:
        return recipe
    size = recipe.training.batch_size
    ratio = ceil(len(whole.frames) / size) / ceil(len(lesson.frames) / size)
    epochs = ceil(recipe.training.epochs * ratio)
    training = recipe.training.model_copy(update={"epochs": epochs})
    return recipe.model_copy(update={"training": training})


TASKS = {"materials/distillation": RecipeTask(DistillationRecipe, distillation)}
