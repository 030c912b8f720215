"""Datasets under test: their builders, and what is of them on this machine."""

import importlib.util
import os
from pathlib import Path
from types import ModuleType

import pytest

from sciml.core.errors import DatasetMissing
from sciml.core.paths import project_root
from sciml.data import files
from sciml.data.cards import read_card
from sciml.materials.datasets import open_structures
from sciml.materials.structures import Structure


def maker(name: str) -> ModuleType:
    """The builder of a dataset."""
    path = project_root() / "datasets" / name / "make.py"
    spec = importlib.util.spec_from_file_location(f"make_{name}_under_test", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def opened(name: str) -> dict[str, list[Structure]]:
    """The frames of a dataset, or a reason to skip the test."""
    try:
        return open_structures(name)
    except DatasetMissing as missing:
        pytest.skip(str(missing))


def all_originals(name: str) -> dict[str, Path]:
    """The published files, or a reason to skip the test."""
    here = files.originals_here(name)
    if len(here) < sum(len(source.files) for source in read_card(name).sources):
        pytest.skip(f"not all originals of {name} are here; point SCIML_ORIGINALS at a mirror")
    return here


def part(file: str) -> Path:
    """A part that somebody else converted, or a reason to skip the test."""
    folders = [Path(one) for one in os.environ.get(files.DATA, "").split(os.pathsep) if one]
    found = [path for folder in folders for path in folder.rglob(file)]
    if not found:
        pytest.skip(f"{file} is not here; point {files.DATA} at a folder that has it")
    return found[0]
