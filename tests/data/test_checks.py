"""Values that are not finite are named by file, variable and time."""

import numpy as np
import pytest
import xarray as xr

from sciml.core.errors import BadInput
from sciml.data.checks import require_finite


def record() -> xr.Dataset:
    return xr.Dataset(
        {
            "force": (("case", "time"), np.zeros((2, 5))),
            "moment": (("case", "time"), np.zeros((2, 5), np.float32)),
            "samples": ("case", [5, 5]),
        },
        coords={"case": ["a", "b"], "time": ("time", np.arange(5) * 0.005, {"units": "s"})},
    )


def test_finite_values_pass():
    require_finite(record(), "waves.nc")
    require_finite(record()["samples"], "waves.nc")
    require_finite(np.zeros((3, 2)), "series 0")


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_the_earliest_bad_value_is_named_and_all_are_counted(bad):
    waves = record()
    waves["moment"][0, 4] = bad
    waves["moment"][1, 3] = bad
    with pytest.raises(BadInput) as caught:
        require_finite(waves, "waves.nc")
    assert str(caught.value) == (
        "waves.nc: variable 'moment' has 2 values that are not finite, the first at time 0.015 s, "
        "case b. Mend the file, or leave these samples out."
    )


def test_dates_are_named_as_dates():
    dates = np.arange("2001-01-01", "2001-01-04", dtype="datetime64[D]").astype("datetime64[ns]")
    values = xr.DataArray([1.0, np.nan, 1.0], coords={"time": dates}, dims="time", name="pressure")
    with pytest.raises(BadInput, match=r"has 1 value that is not finite, at time 2001-01-02T00"):
        require_finite(values, "slp.nc")


def test_a_channel_of_an_array_is_named():
    values = np.zeros((4, 2))
    values[2:, 1] = np.nan
    with pytest.raises(BadInput, match="series 3: variable 'moment' has 2 values"):
        require_finite(values, "series 3", names=["force", "moment"])
    with pytest.raises(BadInput, match=r"variable 'channel 1' has 2 values .* first at sample 2"):
        require_finite(values, "series 3")
