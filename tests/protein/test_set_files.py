"""Files of annotated sets: what is written is read, and what is cut off or wrong is named."""

import gzip

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
    ("table", "error", "text"),
    [
        (TABLE.replace("label", "name"), DamagedFile, "expected the columns seq_id, start, end"),
        (TABLE + "a\t1\n", DamagedFile, "a line is not as expected: 'a\t1'"),
        (TABLE.replace("2\t3", "two\t3"), DamagedFile, "a line is not as expected"),
        (TABLE.replace("a\t2", "q\t2"), BadInput, "names the protein 'q', of which there is no"),
        (TABLE.replace("2\t3", "2\t11"), BadInput, "does not lie inside of its protein"),
        (TABLE.replace("2\t3", "0\t3"), BadInput, "does not lie inside of its protein"),
    ],
)
def test_tables_that_do_not_fit_are_refused(tmp_path, table, error, text):
    with pytest.raises(error, match=text):
        converted_set(*tables(tmp_path, table))


def test_words_become_units(tmp_path):
    one = words(tmp_path, "a\tST_C_A\t2,3,7,10\na\tMS\t1,2\n".replace("_A", "_X"))
    assert [unit.positions.tolist() for unit in one.units("WORD")] == [[1, 2, 6, 9], [0, 1]]
    assert [unit.label for unit in one.units()] == ["ST_C_X", "MS"]
    assert one.source.counts() == {"peer": 4}


@pytest.mark.parametrize(
    ("table", "error", "text"),
    [
        ("a\tSK\t2,3\n", BadInput, "reads ST where the word SK should stand"),
        ("a\tST\t2,x\n", DamagedFile, "a line is not as expected"),
        ("a\tST\t10,11\n", BadInput, "does not lie inside of its protein"),
    ],
)
def test_words_that_are_not_there_are_refused(tmp_path, table, error, text):
    with pytest.raises(error, match=text):
        words(tmp_path, table)
