"""Files of cells: their dialects are read alike, and what is no such file is named."""

import gzip
import io
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from sciml.core.errors import BadInput
from sciml.weather.station_text import read_cells

TEXT = "date,station,obs,m1\n2004-01-01,S,1.5,-2.25\n2004-01-02,S,3,\n"


def written(tmp_path: Path, content: str | bytes, name: str = "mine.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def same(path: Path, expected: str = TEXT) -> bool:
    """Whether the cells of a file are those of the plain text."""
    plain = written(path.parent, expected, "plain.csv")
    return (
        read_cells(path)
        .cells.reset_index(drop=True)
        .equals(read_cells(plain).cells.reset_index(drop=True))
    )


@pytest.mark.parametrize(
    "content",
    [
        TEXT.replace(",", ";"),
        TEXT.replace(",", "\t"),
        TEXT.replace(",", ";").replace(".", ","),
        TEXT.replace("\n", "\r\n"),
        "# temperatures; in K\n\n#second\n" + TEXT,
        b"\xef\xbb\xbf" + TEXT.encode(),
        TEXT.replace("2004-01-01", '"2004-01-01"'),
        TEXT.replace(",", ", "),
        TEXT.replace("\n2004-01-02", "\n\n2004-01-02"),
    ],
)
def test_every_dialect_gives_the_same_cells(tmp_path, content) -> None:
    assert same(written(tmp_path, content))


def test_a_compressed_file_gives_the_same_cells(tmp_path) -> None:
    assert same(written(tmp_path, gzip.compress(TEXT.encode()), "mine.csv.gz"))
    with zipfile.ZipFile(tmp_path / "mine.zip", "w") as archive:
        archive.writestr("mine.csv", TEXT)
    assert same(tmp_path / "mine.zip")


@pytest.mark.parametrize("where", ["rows", "header", "both"])
def test_empty_fields_at_the_end_are_dropped(tmp_path, where) -> None:
    head, *rows = TEXT.splitlines()
    if where != "rows":
        head += ","
    if where != "header":
        rows = [row + "," for row in rows]
    assert same(written(tmp_path, "\n".join([head, *rows])))


def test_rows_keep_their_lines(tmp_path) -> None:
    file = read_cells(written(tmp_path, '# one\n\na,b\n1,"x\ny"\n\n2,z\n'))
    assert [file.line(row) for row in range(2)] == [4, 7]
    assert file.place(1, "b").endswith("mine.csv:7: column 'b'")
    assert isinstance(file.cells, pd.DataFrame)


def test_decimal_commas_are_said(tmp_path, capsys) -> None:
    read_cells(written(tmp_path, "a;b;c\n1,5;x;2\n2;y,2;3\n"))
    assert "semicolons; decimal commas are read in a\n" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("a,b\n1,2\n1,2,3\n", r"mine\.csv:3: 3 fields, expected 2 as in the header; quote"),
        ("a,b\n1\n", r"mine\.csv:2: 1 fields, expected 2 as in the header; leave a cell empty"),
        ("a,b\n1,2\n# end\n", r"mine\.csv:3: 1 fields"),
        ("a,b,a\n1,2,3\n", r"mine\.csv:1: 'a' is the name of columns 1 and 3"),
        ("a b c\n1 2 3\n", r"mine\.csv:1: the header 'a b c' names one column"),
        ("a;b\n1,5;1\n2.5;1\n", r"mine\.csv:3: column 'a': '2\.5' has a decimal point"),
        ("", "the file is empty"),
        ("a,b\n\n", "no rows below the header"),
        (TEXT.encode("utf-16"), "is UTF-16, expected UTF-8; .*iconv -f UTF-16"),
        ("a,b\n1,Zürich\n".encode("latin-1"), r"mine\.csv:2: byte 0xfc .*iconv -f ISO-8859-1"),
        (b"PK\x03\x04", "workbook"),
        (b"\x89HDF\0\0", "is not text"),
    ],
)
def test_what_is_no_such_file_is_refused_with_the_next_step(tmp_path, content, what) -> None:
    with pytest.raises(BadInput, match=what):
        read_cells(written(tmp_path, content))


def test_a_damaged_archive_is_refused(tmp_path) -> None:
    half = gzip.compress(TEXT.encode())[:20]
    for name in ("mine.csv.gz", "mine.zip"):
        with pytest.raises(BadInput, match="cannot be read"):
            read_cells(written(tmp_path, half, name))


@pytest.mark.parametrize("name", ["mine.csv.gz", "mine.zip"])
def test_an_archive_with_wrong_bytes_inside_is_refused(tmp_path, name) -> None:
    content = bytearray(archive(name))
    content[40:80] = b"\xff" * 40
    with pytest.raises(BadInput, match=rf"{name}: cannot be read: .*fetch the file again"):
        read_cells(written(tmp_path, bytes(content), name))


def test_an_archive_with_a_password_is_refused(tmp_path) -> None:
    content = bytearray(archive("mine.zip"))
    for start, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.rfind(start) + flags] |= 1
    with pytest.raises(
        BadInput, match=r"mine\.zip: cannot be read: .*password required.*unpack it first"
    ):
        read_cells(written(tmp_path, bytes(content), "mine.zip"))


def archive(name: str) -> bytes:
    """The plain text in many rows, compressed."""
    text = TEXT + "".join(f"2004-02-01,S{n},{n**3 % 97},{n**2 % 89}\n" for n in range(200))
    if name.endswith(".gz"):
        return gzip.compress(text.encode())
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("mine.csv", text)
    return stream.getvalue()
