"""Files of annotated sets: what is written is read, and what is cut off or wrong is named."""

import gzip
import lzma

import pytest

from sciml.core.errors import BadInput, DamagedFile
from sciml.protein.sequences import Protein
from sciml.protein.set_files import (
    converted_set,
    converted_words,
    join_tables,
    read_set,
    write_set,
)
from sciml.protein.sets import AnnotatedSet, Annotation

PROTEINS = [Protein("a", "", "MSTKYCCAGX"), Protein("b", "", "GGGG")]
ROWS = [
    Annotation(0, None, None, "CLASS", "ein Trägerprotein", "test", ""),
    Annotation(0, 1, 3, "BINDING", 'with "quotes"', "test", "g"),
    Annotation(1, 0, 4, "PEPTIDE", "x", "test", ""),
]
HEADER = "seq_id\tstart\tend\ttype\tlabel\tsource\tgroup\n"
TABLE = HEADER + "a\t\t\tCLASS\tdriver\ttest\t\na\t2\t3\tBINDING\tmetal\ttest\tg\n"


def packed(path, text):
    path.write_bytes(gzip.compress(text.encode()))
    return path


def tables(folder, table):
    return (
        packed(folder / "seqs.fasta.gz", ">a\nMSTKYCCAGX\n>b\nGGGG\n"),
        packed(folder / "annotations.tsv.gz", table),
    )


def words(folder, table):
    sequences, _ = tables(folder, "")
    path = packed(folder / "words.tsv.gz", "seq_id\tword\tpositions_1based\n" + table)
    return converted_words(sequences, path, "peer")


def test_what_was_written_is_read(tmp_path):
    path = tmp_path / "toy.jsonl.gz"
    write_set(path, AnnotatedSet("toy", PROTEINS, ROWS))
    one = read_set(path, "toy")
    assert list(one.proteins) == PROTEINS
    assert list(one.annotations()) == ROWS


def test_the_order_of_rows_does_not_change_the_file(tmp_path):
    paths = [tmp_path / f"{k}.jsonl.gz" for k in range(2)]
    write_set(paths[0], AnnotatedSet("toy", PROTEINS, ROWS))
    write_set(paths[1], AnnotatedSet("toy", PROTEINS, ROWS[::-1]))
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_in_the_file_residues_count_from_one(tmp_path):
    path = tmp_path / "toy.jsonl.gz"
    write_set(path, AnnotatedSet("toy", PROTEINS[1:], [ROWS[2]._replace(protein=0)]))
    assert gzip.decompress(path.read_bytes()).decode() == (
        '{"id":"b","sequence":"GGGG","annotations":[[1,4,"PEPTIDE","x","test",""]]}\n'
    )


def test_a_file_that_was_cut_off_is_refused(tmp_path):
    path = tmp_path / "toy.jsonl.gz"
    write_set(path, AnnotatedSet("toy", PROTEINS, ROWS))
    path.write_bytes(path.read_bytes()[:-12])
    with pytest.raises(DamagedFile, match=r"toy\.jsonl\.gz: cannot be unpacked to its end"):
        read_set(path, "toy")


@pytest.mark.parametrize(
    "line",
    [
        "{",
        '{"id":"a","sequence":"MK"}',
        '{"id":"a","sequence":"MK","annotations":[[1,2,"T"]]}',
        '{"id":"a","sequence":"MK","annotations":[[1,2,"T","l","s",3]]}',
        '{"id":"a","sequence":"MK","annotations":[[0,-1,"T","l","s",""]]}',
        '{"id":"a","sequence":"MK","annotations":[[null,2,"T","l","s",""]]}',
        '["a","MK",[]]',
    ],
)
def test_a_line_that_is_no_protein_is_named(tmp_path, line):
    good = '{"id":"z","sequence":"MK","annotations":[]}'
    path = packed(tmp_path / "toy.jsonl.gz", f"{good}\n{line}\n")
    with pytest.raises(DamagedFile, match="line 2 is no protein with annotations"):
        read_set(path, "toy")


def test_tables_become_a_set(tmp_path):
    one = converted_set(*tables(tmp_path, TABLE))
    assert list(one.proteins) == PROTEINS
    assert list(one.annotations()) == [
        Annotation(0, None, None, "CLASS", "driver", "test", ""),
        Annotation(0, 1, 3, "BINDING", "metal", "test", "g"),
    ]


def test_tables_joined_are_what_is_read(tmp_path):
    parts = {path.name: path for path in tables(tmp_path, TABLE)}
    join_tables(parts, tmp_path / "toy.jsonl.gz")
    one = read_set(tmp_path / "toy.jsonl.gz", "toy")
    assert list(one.annotations()) == list(converted_set(*parts.values()).annotations())


@pytest.mark.parametrize(
    ("table", "text"),
    [
        (TABLE.replace("label", "name"), "line 1: expected the columns seq_id, start, end"),
        (TABLE.replace("\t", ","), "separated by tabs, got seq_id,start"),
        (TABLE + "a\t1\n", "line 4: expected the columns .* got 2 columns: 'a\t1'"),
        (TABLE.replace("2\t3", "two\t3"), "line 3: protein 'a': expected numbers .* 'two' and '3'"),
        (TABLE.replace("2\t3", "\t3"), "line 3: protein 'a': expected numbers .* '' and '3'"),
        (TABLE.replace("2\t3", "2\t"), "line 3: protein 'a': expected numbers .* '2' and ''"),
        (TABLE.replace("a\t2", "q\t2"), "line 3: names the protein 'q', of which there is no"),
        (TABLE.replace("2\t3", "2\t11"), "line 3: 2 to 11 does not lie inside of its protein 'a'"),
        (TABLE.replace("2\t3", "0\t3"), "0 to 3 .* is the table 0-based"),
        (TABLE.replace("2\t3", "0\t-1"), "line 3: 0 to -1 .* Positions count from 1"),
        (TABLE.replace("2\t3", "3\t2"), "line 3: 3 to 2 does not lie"),
        (HEADER, r"annotations\.tsv\.gz: has no rows"),
        ("", r"annotations\.tsv\.gz: is empty; expected the columns seq_id"),
    ],
)
def test_tables_that_do_not_fit_are_refused(tmp_path, table, text):
    with pytest.raises(BadInput, match=text):
        converted_set(*tables(tmp_path, table))


@pytest.mark.parametrize("pack", [bytes, gzip.compress, lzma.compress])
@pytest.mark.parametrize("change", [("\n", "\r\n"), ("seq_id", "\ufeffseq_id"), ("\na", "\n\na")])
def test_a_table_may_be_written_as_anywhere(tmp_path, pack, change):
    sequences, usual = tables(tmp_path, TABLE)
    path = tmp_path / "mine.tsv"
    path.write_bytes(pack(TABLE.replace(*change).encode()))
    found = list(converted_set(sequences, path).annotations())
    assert found == list(converted_set(sequences, usual).annotations())


@pytest.mark.parametrize(
    ("content", "error", "text"),
    [
        (b"", BadInput, "is empty"),
        (TABLE.encode("utf-16"), BadInput, "is no text in UTF-8 .* save it as UTF-8"),
        (
            gzip.compress(TABLE.encode(), mtime=0)[:-12],
            DamagedFile,
            "cannot be unpacked to its end",
        ),
    ],
)
def test_a_table_that_is_no_text_is_named(tmp_path, content, error, text):
    sequences, path = tables(tmp_path, "")
    path.with_name("mine.tsv").write_bytes(content)
    with pytest.raises(error, match=rf"mine\.tsv: {text}"):
        converted_set(sequences, path.with_name("mine.tsv"))
    with pytest.raises(BadInput, match=r"nowhere\.tsv: no such file"):
        converted_set(sequences, path.with_name("nowhere.tsv"))


def test_words_become_units(tmp_path):
    one = words(tmp_path, "a\tST_C_A\t2,3,7,10\na\tMS\t1,2\n".replace("_A", "_X"))
    assert [unit.positions.tolist() for unit in one.units("WORD")] == [[1, 2, 6, 9], [0, 1]]
    assert [unit.label for unit in one.units()] == ["ST_C_X", "MS"]
    assert one.source.counts() == {"peer": 4}


@pytest.mark.parametrize(
    ("table", "text"),
    [
        ("a\tSK\t2,3\n", "reads ST where the word SK should stand"),
        ("a\tST\t2,x\n", "line 2: expected positions with commas between, got '2,x'"),
        ("a\tST\t10,11\n", "does not lie inside of its protein"),
        ("a\tST\t0\n", "does not lie inside of its protein"),
    ],
)
def test_words_that_are_not_there_are_refused(tmp_path, table, text):
    with pytest.raises(BadInput, match=text):
        words(tmp_path, table)
