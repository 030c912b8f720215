"""What all tests share: sciml before Paddle, and a reason for each test that is skipped."""

import sciml  # noqa: F401 - makes the process settings; they come too late after Paddle

# isort: split
import os
from pathlib import Path

import pytest

ROOTS = ("SCIML_DATA", "SCIML_ORIGINALS")


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("realdata") and not any(_is_folder(root) for root in ROOTS):
        pytest.skip(f"needs measured data: set {' or '.join(ROOTS)} to a folder that has them")


def _is_folder(variable: str) -> bool:
    """Whether a variable names at least one folder; several are separated as in PATH."""
    folders = os.environ.get(variable, "").split(os.pathsep)
    return any(folder and Path(folder).is_dir() for folder in folders)
