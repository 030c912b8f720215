"""What tests of the style need."""

import pytest

from sciml.core.errors import BadInput
from sciml.materials.lammps.build import compiler

_STYLE = ("test_style", "test_python_style", "test_inputs")


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.path.stem in _STYLE:
        try:
            compiler()
        except BadInput as error:
            pytest.skip(str(error))
