"""Rounding against the netCDF library, which knows the same method."""

import netCDF4
import numpy as np
import pytest

from sciml.data.grooming import groomed


@pytest.mark.parametrize("digits", [3, 4, 5, 6])
@pytest.mark.parametrize("seed", range(3))
def test_rounding_is_that_of_the_netcdf_library(seed, digits, tmp_path) -> None:
    rng = np.random.default_rng(seed)
    values = (rng.normal(size=(3, 50)) * 10.0 ** rng.integers(-6, 3, 50)).astype(np.float32)
    values[:, 11:13], values[1, 40:] = 0.0, np.nan
    with netCDF4.Dataset(tmp_path / "a.nc", "w") as file:
        file.createDimension("run", 3)
        file.createDimension("time", 50)
        variable = file.createVariable(
            "v",
            "f4",
            ("run", "time"),
            zlib=True,
            fill_value=np.nan,
            significant_digits=digits,
            quantize_mode="BitGroom",
        )
        variable[:] = values
    with netCDF4.Dataset(tmp_path / "a.nc") as file:
        file.set_auto_maskandscale(False)
        by_library = np.asarray(file["v"][:])
    rounded = groomed(values, digits)
    np.testing.assert_array_equal(rounded.view(np.uint32), by_library.view(np.uint32))
    np.testing.assert_allclose(rounded, values, rtol=0.5 * 10.0**-digits)


def test_the_mean_stays() -> None:
    values = np.random.default_rng(1).uniform(1.0, 2.0, 100_000).astype(np.float32)
    off = groomed(values, 3).astype(np.float64) - values
    assert abs(off.mean()) < 0.01 * np.abs(off).mean()
