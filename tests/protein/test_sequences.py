"""Files of proteins: whatever they hold, what is read is counted and what is cut off is told."""

import gzip
import lzma
import tracemalloc
from pathlib import Path

import pytest

from sciml.core.errors import BadInput, DamagedFile
from sciml.protein import sequences
from sciml.protein.sequences import Protein, ReadingReport, read_proteins

FASTA = ">one first of two\nMKV\nLAG\n>two\nWYC\n"
PROTEINS = [Protein("one", "first of two", "MKVLAG"), Protein("two", "", "WYC")]


def fasta(folder: Path, text: str, name: str = "proteins.fasta") -> Path:
    path = folder / name
    path.write_bytes(text.encode())
    return path


def read(path: Path) -> tuple[list[Protein], ReadingReport]:
    report = ReadingReport()
    return list(read_proteins(path, report)), report


def many(count: int) -> str:
    return "".join(f">protein{k}\n{'MKVLAGWYCHERTIDPS'[k % 7 :] * 3}\n" for k in range(count))


@pytest.mark.parametrize("pack", [bytes, gzip.compress, lzma.compress])
def test_packed_or_not_a_file_reads_the_same(tmp_path, pack):
    path = tmp_path / "any.name"
    path.write_bytes(pack(FASTA.encode()))
    proteins, report = read(path)
    assert proteins == PROTEINS
    assert report == ReadingReport(proteins=2, residues=9)
    assert report.is_clean


@pytest.mark.parametrize(
    "text",
    [
        FASTA.replace("\n", "\r\n"),
        "\n\n" + FASTA,
        "\ufeff" + FASTA,
        FASTA.replace("MKV\nLAG", "MKV LAG\n\n"),
        FASTA.rstrip("\n"),
        FASTA.replace(">", "> "),
        FASTA.replace("one first", "one\tfirst"),
    ],
)
def test_lines_may_be_written_as_anywhere(tmp_path, text):
    proteins, report = read(fasta(tmp_path, text))
    assert proteins == PROTEINS
    assert report.is_clean


@pytest.mark.parametrize(
    ("letters", "kept", "counts"),
    [
        ("mkVl", "MKVL", {"lower_case": 3}),
        ("M-K..V", "MKV", {"gaps": 3}),
        ("MKV**", "MKV", {"stops": 2}),
        ("MK*V*", "MKXV", {"stops": 1, "unknown": {"*": 1}}),
        ("MK1V?", "MKXVX", {"unknown": {"1": 1, "?": 1}}),
        ("MßK", "MXK", {"unknown": {"ß": 1}}),
        ("MUOBZJXK", "MUOBZJXK", {}),
    ],
)
def test_what_is_changed_is_counted(tmp_path, letters, kept, counts):
    ((protein,), report) = read(fasta(tmp_path, f">p\n{letters}\n"))
    assert protein.sequence == kept
    assert report == ReadingReport(proteins=1, residues=len(kept), **counts)
    assert report.is_clean == (not counts)


def test_bytes_that_are_no_text_become_unknown_letters(tmp_path):
    path = tmp_path / "latin.fasta"
    path.write_bytes(b">p\nMK\xe9V\n")
    ((protein,), report) = read(path)
    assert protein.sequence == "MKXV"
    assert report.unknown.total() == 1


def test_empty_records_are_left_out_and_counted(tmp_path):
    proteins, report = read(fasta(tmp_path, ">none\n>gaps\n---\n>stop\n*\n>one\nMK\n"))
    assert [one.id for one in proteins] == ["one"]
    assert (report.empty, report.proteins, report.gaps, report.stops) == (3, 1, 3, 1)


def test_proteins_of_one_name_are_kept_apart_and_counted(tmp_path):
    proteins, report = read(fasta(tmp_path, ">a\nMK\n>b\nVL\n>a again\nWW\n>\nAA\n>\nGG\n"))
    assert [one.sequence for one in proteins] == ["MK", "VL", "WW", "AA", "GG"]
    assert (report.repeated_ids, report.nameless) == (1, 2)


def test_beyond_the_ids_that_are_remembered_the_report_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(sequences, "IDS_COMPARED", 2)
    _, report = read(fasta(tmp_path, ">a\nMK\n>b\nVL\n>c\nWW\n>a\nMK\n>c\nWW\n"))
    assert report.repeated_ids == 1  # the second c was not remembered
    assert not report.ids_all_compared
    assert "1 with an id that was there before (of the first 2)" in str(report)


def test_without_a_report_the_reader_is_told(tmp_path, capsys):
    path = fasta(tmp_path, ">a\nMk*V\n>b\n\n")
    assert len(list(read_proteins(path))) == 1
    assert capsys.readouterr().err == (
        f"sciml: {path}: 1 proteins, 4 residues; 1 records without a residue left out; "
        "1 letters made upper case; 1 characters read as X ('*' 1)\n"
    )
    assert list(read_proteins(fasta(tmp_path, FASTA)))
    assert capsys.readouterr().err == ""


def test_a_sequence_may_be_as_long_as_any_protein(tmp_path):
    text = ">titin\n" + "\n".join(["MKVLAGWYCH" * 6] * 667) + "\n"
    ((protein,), report) = read(fasta(tmp_path, text))
    assert len(protein.sequence) == report.residues == 40_020


def test_memory_does_not_grow_with_the_file(tmp_path):
    peaks = []
    for count in (2_000, 20_000):
        path = tmp_path / f"{count}.fasta.gz"
        path.write_bytes(gzip.compress(many(count).replace("protein", "p ").encode()))
        tracemalloc.start()
        assert sum(1 for _ in read_proteins(path, ReadingReport())) == count
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0]


@pytest.mark.parametrize("text", ["MKVLAG\n", "ID   P12345\n", ";comment\n>p\nMK\n"])
def test_a_file_without_a_header_is_refused(tmp_path, text):
    path = fasta(tmp_path, text)
    with pytest.raises(BadInput) as caught:
        list(read_proteins(path))
    assert str(caught.value) == (
        f"{path}: expected FASTA, whose first line begins with '>', got {text.split(chr(10))[0]!r};"
        " put a line such as '>name' above each sequence"
    )


@pytest.mark.parametrize("text", ["", "\n \n"])
def test_an_empty_file_is_refused(tmp_path, text):
    with pytest.raises(BadInput, match="is empty; expected FASTA"):
        list(read_proteins(fasta(tmp_path, text)))


def test_a_file_that_is_not_there_is_named(tmp_path):
    (tmp_path / "nothing.fasta.gz").touch()
    with pytest.raises(BadInput, match="is empty; expected FASTA"):
        read(tmp_path / "nothing.fasta.gz")
    with pytest.raises(BadInput, match=r"nowhere\.fasta: no such file"):
        list(read_proteins(tmp_path / "nowhere.fasta"))


@pytest.mark.parametrize(("ending", "pack"), [(".gz", gzip.compress), (".xz", lzma.compress)])
def test_of_a_file_that_was_cut_off_the_last_whole_record_is_named(tmp_path, ending, pack):
    whole = pack(many(5_000).encode())
    path = tmp_path / f"cut.fasta{ending}"
    path.write_bytes(whole[: len(whole) // 2])
    proteins: list[Protein] = []
    with pytest.raises(DamagedFile) as caught:
        proteins.extend(read_proteins(path))
    text = str(caught.value)
    last = f"the last whole record is '{proteins[-1].id}'" if proteins else "no record is whole"
    assert text.startswith(f"{path}: cannot be unpacked to its end")
    assert last in text
    assert text.endswith("It is damaged or was cut off: get it again.")
    expected = dict(pair.split("\n")[:2] for pair in many(5_000).split(">")[1:])
    assert all(one.sequence == expected[one.id] for one in proteins)


def test_flipped_bytes_of_a_packed_file_do_not_pass(tmp_path):
    packed = bytearray(gzip.compress(many(100).encode()))
    packed[-6] ^= 0xFF  # in the checksum
    path = tmp_path / "flipped.fasta.gz"
    path.write_bytes(packed)
    with pytest.raises(DamagedFile, match="cannot be unpacked to its end"):
        list(read_proteins(path))


def test_a_file_that_only_has_the_name_of_a_packed_one_is_refused(tmp_path):
    with pytest.raises(DamagedFile, match=r"does not begin like a file packed as '\.gz'"):
        list(read_proteins(fasta(tmp_path, FASTA, "proteins.fasta.gz")))
