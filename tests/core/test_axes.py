"""Named axes are checked at the door, on NumPy, xarray and Paddle arrays."""

import numpy as np
import pytest
import xarray as xr

from sciml.core.axes import axes
from sciml.core.errors import BadInput


def test_sizes_that_were_seen_are_returned() -> None:
    assert axes(np.zeros((4, 3)), "atom 3", "positions") == {"atom": 4}


def test_xarray_and_paddle_arrays_are_welcome() -> None:
    paddle = pytest.importorskip("paddle")
    assert axes(xr.DataArray(np.zeros((2, 5))), "case time") == {"case": 2, "time": 5}
    assert axes(paddle.zeros([2, 5]), "case time") == {"case": 2, "time": 5}


def test_leading_axes_may_be_left_open() -> None:
    assert axes(np.zeros((7, 6, 4, 3)), "... atom 3") == {"atom": 4}


@pytest.mark.parametrize("shape", [(12, 2), (11, 3), (3,), (1, 12, 3)])
def test_a_wrong_shape_is_named_with_what_was_expected(shape: tuple[int, ...]) -> None:
    with pytest.raises(BadInput) as error:
        axes(np.zeros(shape), "atom 3", "forces", atom=12)
    assert str(error.value) == f"forces: expected axes (atom=12, 3), got shape {shape}"


def test_the_same_name_means_the_same_size() -> None:
    with pytest.raises(BadInput, match="expected axes"):
        axes(np.zeros((3, 4)), "state state", "covariance")
