"""The netCDF door: whole files, readable errors."""

import errno
import shutil
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from sciml.core.errors import BadInput, DamagedFile
from sciml.data.netcdf import open_netcdf, write_netcdf

WAVES = xr.Dataset({"force": ("time", np.arange(1000.0))}, coords={"time": np.arange(1000) * 0.005})


def test_what_was_written_is_read(tmp_path):
    write_netcdf(tmp_path / "a.nc", WAVES, {"force": {"zlib": True}})
    xr.testing.assert_identical(open_netcdf(tmp_path / "a.nc"), WAVES)


def test_writing_twice_gives_the_same_bytes(tmp_path):
    for name in ("a.nc", "b.nc"):
        write_netcdf(tmp_path / name, WAVES)
    assert (tmp_path / "a.nc").read_bytes() == (tmp_path / "b.nc").read_bytes()


@pytest.mark.parametrize("size", [0, 100, 9000])
def test_a_truncated_file_is_damaged(tmp_path, size):
    path = tmp_path / "cut.nc"
    write_netcdf(path, WAVES)
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(DamagedFile) as caught:
        open_netcdf(path)
    assert str(caught.value).startswith(f"{path}: cannot be read as netCDF (")
    assert str(caught.value).endswith(
        f"It is damaged or was cut off at {size} bytes; fetch or build it again."
    )


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(BadInput, match=r"/none\.nc: no such file"):
        open_netcdf(tmp_path / "none.nc")


@pytest.mark.parametrize(("free", "number"), [(0, errno.ENOSPC), (10**9, errno.EIO)])
def test_a_failed_write_tells_a_full_disk_from_other_failures(tmp_path, monkeypatch, free, number):
    def fail(*args: object, **kwargs: object) -> None:
        raise RuntimeError("NetCDF: HDF error")  # all that the library says

    usage = shutil.disk_usage(tmp_path)._replace(free=free)
    monkeypatch.setattr(xr.Dataset, "to_netcdf", fail)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(OSError) as caught:  # noqa: PT011 - its number is checked
        write_netcdf(Path(tmp_path / "a.nc"), WAVES)
    assert caught.value.errno == number
