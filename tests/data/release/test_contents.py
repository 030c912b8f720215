"""Contents: fields as the files have them, and opening lines that open them."""

import gzip
import lzma
import subprocess
import sys

import pytest
import xarray as xr

from sciml.core.errors import DamagedFile
from sciml.data.netcdf import write_netcdf
from sciml.data.release.contents import NESTED, REAL, TEXT, TRUTH, WHOLE, contents

JSONL = '{"id": "a", "n": 1, "x": 1, "ok": true, "v": [1, 2], "rows": [[1, "b"]]}\n' + (
    '{"id": "b", "n": null, "x": 2.5, "ok": false, "v": [], "rows": []}\n'
)
FRAMES = (
    '1\nenergy=-1.5 split="train" pbc="T T F" Properties=species:S:1:pos:R:3\nSi 0 0 0\n'
    '2\nenergy=2 dipole="1 2.5 3" Properties=species:S:1:pos:R:3:forces:R:3\n'
    "Si 0 0 0 1 1 1\nSi 1 1 1 0 0 0\n"
)
TABLE = 'place,n,speed\n"a, b",1,1.5\nc,,2\n'
FASTA = ">a first\nMKV\nLL\n>b\nMM\n"
FILES = {
    "a.jsonl": JSONL,
    "a.jsonl.gz": JSONL,
    "a.csv": TABLE,
    "a.csv.gz": TABLE,
    "a.extxyz.gz": FRAMES,
    "a.xyz": FRAMES,
    "a.fasta": FASTA,
    "a.fasta.xz": FASTA,
}


def written(folder, name):
    path = folder / name
    pack = {".gz": gzip.compress, ".xz": lzma.compress}.get(path.suffix, bytes)
    path.write_bytes(pack(FILES[name].encode()))
    return path


def kinds(path):
    return {one.name: (one.kind, one.many) for one in contents(path).fields}


def test_members_of_lines_of_json(tmp_path):
    assert kinds(written(tmp_path, "a.jsonl.gz")) == {
        "id": (TEXT, False),
        "n": (WHOLE, False),
        "x": (REAL, False),
        "ok": (TRUTH, False),
        "v": (WHOLE, True),
        "rows": (NESTED, True),
    }


def test_columns_of_a_table(tmp_path):
    fields = kinds(written(tmp_path, "a.csv"))
    assert fields == {"place": (TEXT, False), "n": (WHOLE, False), "speed": (REAL, False)}


def test_tables_of_excel_and_empty_lines_are_read(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"\xef\xbb\xbfn,speed\r\n1,fast\r\n\r\n2,1.5\r\n\r\n")
    assert kinds(path) == {"n": (WHOLE, False), "speed": (TEXT, False)}


def test_a_column_that_is_empty_is_text(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("n,note\n1,\n")
    assert kinds(path)["note"] == (TEXT, False)


def test_values_and_columns_of_all_frames(tmp_path):
    fields = {one.name: one for one in contents(written(tmp_path, "a.extxyz.gz")).fields}
    assert {name: one.kind for name, one in fields.items()} == {
        "energy": REAL,
        "split": TEXT,
        "pbc": TRUTH,
        "dipole": REAL,
        "species": TEXT,
        "pos": REAL,
        "forces": REAL,
    }
    assert fields["dipole"].many
    assert fields["forces"].axes == ("atom", "3")


def test_variables_of_netcdf(tmp_path):
    speed = ("time", [1.0, 2.0], {"units": "m s-1", "long_name": "speed"})
    path = tmp_path / "a.nc"
    data = xr.Dataset({"speed": speed, "place": ((), "Oslo"), "n": ((), 3)})
    packed = {"dtype": "i2", "scale_factor": 0.1, "_FillValue": -1}
    write_netcdf(path, data, {"speed": packed})
    speed_field, place, n = contents(path).fields
    assert speed_field == ("speed", REAL, "speed", "m s-1", ("time",), True)
    assert (place.kind, place.many, n.kind) == (TEXT, False, WHOLE)


def test_of_a_file_of_another_format_nothing_is_said(tmp_path):
    (tmp_path / "a.bin").write_bytes(b"1")
    assert contents(tmp_path / "a.bin") == (("application/octet-stream",), "", (), (), False)


@pytest.mark.parametrize("name", FILES)
def test_three_lines_open_each_format(tmp_path, name):
    opening = contents(written(tmp_path, name)).opening
    assert len(opening) == 3
    held = opening[-1].partition(" = ")[0] if " = " in opening[-1] else opening[1].split(" = ")[0]
    code = "\n".join([*opening, f"assert len({held}) == 2, {held}"])
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.jsonl", "{}\n{\n", ":2: expected a line of JSON"),
        ("a.jsonl", "[]\n", ":1: expected an object of JSON, got list"),
        ("a.csv", "a,b\n1\n", ":2: expected 2 cells as in the first line, got 1"),
        ("a.csv", f"a\n1\n{'x' * 200_000}\n", ":3: expected a row of a table, got field larger"),
        ("a.xyz", "silicon\n", ":1: expected a number of atoms, got silicon"),
        ("a.fasta", "MKV\n", ":1: expected a header that begins with >, got MKV"),
    ],
)
def test_a_file_that_is_not_what_its_name_says_is_told_by_line(tmp_path, name, text, said):
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(DamagedFile) as caught:
        contents(path)
    assert str(caught.value).startswith(f"{path}{said}")


def test_a_cut_package_is_damaged(tmp_path):
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(JSONL.encode())[:-9])
    with pytest.raises(DamagedFile, match="cut off"):
        contents(path)
