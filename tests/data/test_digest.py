"""The content digest: what a file says counts, not how it is written or packed."""

import gzip
import hashlib
import lzma
from pathlib import Path

import netCDF4
import numpy as np
import pytest
import xarray as xr

from sciml.core.errors import DamagedFile
from sciml.data.digest import content_digest
from sciml.data.netcdf import write_netcdf


def waves(path: Path, values=(1.5, 2.5, 3.5), **encoding) -> Path:
    write_netcdf(path, xr.Dataset({"force": ("time", np.array(values))}), {"force": encoding})
    return path


def test_the_content_digest_sees_values_names_and_types_but_not_packing(tmp_path):
    plain = content_digest(waves(tmp_path / "a.nc"))
    assert content_digest(waves(tmp_path / "b.nc", zlib=True, complevel=1)) == plain
    assert content_digest(waves(tmp_path / "c.nc", dtype=">f8")) == plain
    assert content_digest(waves(tmp_path / "d.nc", (1.5, 2.5, 3.6))) != plain
    assert content_digest(waves(tmp_path / "e.nc", dtype="float32")) != plain


@pytest.mark.parametrize("change", ["name", "group", "text"])
def test_the_content_digest_sees(tmp_path, change):
    def digest(name: str, variable: str = "force", group: str = "inner", text: str = "é") -> str:
        with netCDF4.Dataset(tmp_path / name, "w") as file:
            file.createDimension("time", 2)
            inner = file.createGroup(group)
            inner.createVariable(variable, "f4", ("time",))[:] = [1, 2]
            inner.createVariable("case", str, ("time",))[:] = np.array([text, "b"], object)
        return content_digest(tmp_path / name)

    other = {"name": {"variable": "moment"}, "group": {"group": "outer"}, "text": {"text": "e"}}
    assert digest("a.nc") == digest("b.nc")
    assert digest("a.nc") != digest("c.nc", **other[change])


def test_a_packed_file_counts_by_what_is_in_it(tmp_path):
    (tmp_path / "a.gz").write_bytes(gzip.compress(b"content", 1, mtime=1))
    (tmp_path / "b.gz").write_bytes(gzip.compress(b"content", 9, mtime=2))
    (tmp_path / "c.xz").write_bytes(lzma.compress(b"content"))
    (tmp_path / "d.txt").write_bytes(b"content")
    digests = {content_digest(tmp_path / name) for name in ("a.gz", "b.gz", "c.xz", "d.txt")}
    assert digests == {hashlib.sha256(b"content").hexdigest()}


@pytest.mark.parametrize("name", ["a.gz", "a.xz"])
def test_a_cut_packed_file_is_damaged(tmp_path, name):
    pack = {"a.gz": gzip.compress, "a.xz": lzma.compress}[name]
    (tmp_path / name).write_bytes(pack(bytes(range(256)) * 40)[:-12])
    with pytest.raises(DamagedFile, match="It is damaged or was cut off; fetch or build it again"):
        content_digest(tmp_path / name)
