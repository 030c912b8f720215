"""Annotated sets: masks, units and labels agree with the rows, and wrong rows do not get in."""

import numpy as np
import pytest

from sciml.core.errors import BadInput
from sciml.protein.sequences import Protein
from sciml.protein.sets import AnnotatedSet, Annotation, Texts, spelling

PROTEINS = [Protein("a", "", "MSTKYCCAGX"), Protein("b", "", "GGGG"), Protein("c", "", "M")]


def row(protein, start, end, type="BINDING", label="metal", group="", source="test"):
    return Annotation(protein, start, end, type, label, source, group)


ROWS = [
    row(0, 1, 3),
    row(0, 2, 5, label="small", group="small"),
    row(0, 8, 9, label="small", group="small"),
    row(1, 0, 4, "PEPTIDE", "good|train"),
    row(1, None, None, "CLASS", "driver", group="C;D"),
    row(0, None, None, "CLASS", "client"),
    row(0, None, None, "CLASS", "nucleus"),
]


def annotated(rows=ROWS) -> AnnotatedSet:
    return AnnotatedSet("toy", PROTEINS, rows)


def random_set(seed: int) -> AnnotatedSet:
    draw = np.random.default_rng(seed)
    proteins = [Protein(f"p{k}", "", "A" * int(draw.integers(1, 40))) for k in range(30)]
    rows = []
    for _ in range(200):
        protein = int(draw.integers(len(proteins)))
        start, end = np.sort(draw.choice(len(proteins[protein].sequence) + 1, 2, replace=False))
        group = str(draw.choice(["", "g1", "g2"]))
        rows.append(row(protein, int(start), int(end), str(draw.choice(["S", "T"])), "l", group))
    return AnnotatedSet("random", proteins, rows)


def test_rows_come_back_as_they_were_given():
    assert list(annotated().annotations()) == ROWS


def test_masks_mark_located_rows_alone():
    a, b, c = annotated().masks()
    assert np.flatnonzero(a).tolist() == [1, 2, 3, 4, 8]
    assert b.tolist() == [True] * 4
    assert c.tolist() == [False]
    small, _, _ = annotated().masks("BINDING", "small")
    assert np.flatnonzero(small).tolist() == [2, 3, 4, 8]
    assert not any(mask.any() for mask in annotated().masks("CLASS"))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("type", ["S", "T", None])
def test_masks_agree_with_a_loop_over_the_rows(seed, type):
    one = random_set(seed)
    expected = [np.zeros(len(protein.sequence), bool) for protein in one.proteins]
    for annotation in one.annotations():
        if type in (None, annotation.type):
            expected[annotation.protein][annotation.start : annotation.end] = True
    for mask, theirs in zip(one.masks(type), expected, strict=True):
        np.testing.assert_array_equal(mask, theirs)


@pytest.mark.parametrize("seed", range(3))
def test_units_cover_what_masks_cover(seed):
    one = random_set(seed)
    covered = [np.zeros(len(protein.sequence), bool) for protein in one.proteins]
    for unit in one.units():
        assert (np.diff(unit.positions) > 0).all()
        covered[unit.protein][unit.positions] = True
    for mask, theirs in zip(one.masks(), covered, strict=True):
        np.testing.assert_array_equal(mask, theirs)


def test_rows_of_a_group_are_one_unit_and_others_are_alone():
    units = annotated().units()
    assert [(unit.protein, unit.positions.tolist(), unit.label) for unit in units] == [
        (0, [1, 2], "metal"),
        (0, [2, 3, 4, 8], "small"),
        (1, [0, 1, 2, 3], "good|train"),
    ]
    assert [unit.group for unit in units] == ["", "small", ""]
    assert [unit.label for unit in annotated().units("BINDING", "small")] == ["small"]


def test_groups_of_two_proteins_are_two_units():
    two = annotated([row(0, 0, 1, group="g"), row(1, 0, 1, group="g")])
    assert [unit.protein for unit in two.units()] == [0, 1]


def test_labels_are_of_whole_proteins_with_or_without_a_position():
    assert annotated().labels("CLASS") == [("client", "nucleus"), ("driver",), ()]
    assert annotated().labels("PEPTIDE") == [(), ("good|train",), ()]
    assert annotated().labels("BINDING") == [(), (), ()]


def test_a_set_without_annotations_is_one():
    bare = annotated([])
    assert [mask.tolist() for mask in bare.masks()] == [[False] * 10, [False] * 4, [False]]
    assert bare.units() == []
    empty = AnnotatedSet("empty", [], [])
    assert (len(empty), empty.masks(), empty.units()) == (0, [], [])


def test_an_unknown_type_is_met_with_the_nearest_one():
    with pytest.raises(BadInput) as caught:
        annotated().rows("BINDIN")
    assert str(caught.value) == (
        "set 'toy': no annotation has the type 'BINDIN'; did you mean 'BINDING'?"
    )
    with pytest.raises(BadInput, match="no annotation has the label 'gold'"):
        annotated().masks("BINDING", "gold")


@pytest.mark.parametrize(
    "wrong",
    [row(0, 0, 11), row(0, -3, 2), row(0, 3, 3), row(0, 4, 3), row(0, None, 3), row(2, 0, 2)],
)
def test_rows_outside_of_their_protein_are_refused(wrong):
    with pytest.raises(BadInput, match=r"does not lie inside of its protein; 1 such rows"):
        annotated([*ROWS, wrong])


@pytest.mark.parametrize("number", [-1, 3])
def test_rows_of_no_protein_are_refused(number):
    with pytest.raises(BadInput, match="belongs to no protein of the set"):
        annotated([row(number, 0, 1)])


LETTERS = [
    ("MOD_RES", "phosphoS", 1),
    ("MOD_RES", "Phosphothreonine; by PKA", 2),
    ("MOD_RES", "N6-acetyllysine", 3),
    ("MOD_RES", "phosphoY", 4),
    ("DISULFID", "", 5),
    ("LIPID", "S-palmitoyl cysteine", 6),
]


@pytest.mark.parametrize(("type", "label", "place"), LETTERS)
def test_annotations_that_imply_a_letter_need_it(type, label, place):
    annotated([row(0, place, place + 1, type, label)])
    annotated([row(0, 9, 10, type, label)])  # an X may be anything
    with pytest.raises(BadInput, match="stands on a letter other than"):
        annotated([row(0, 7, 8, type, label)])


def test_the_error_about_a_letter_says_where():
    with pytest.raises(BadInput) as caught:
        annotated([row(0, 7, 8, "MOD_RES", "phosphoY")])
    assert str(caught.value) == (
        "set 'toy': MOD_RES 'phosphoY' at residues 7 to 8 (from 0, without the last) of protein "
        "'a' (10 residues) stands on a letter other than S, T, Y; 1 such rows. Positions and "
        "sequences are of different versions."
    )


def test_two_proteins_of_one_id_are_refused():
    with pytest.raises(BadInput, match="2 proteins have the id 'a'; expected one"):
        AnnotatedSet("toy", [*PROTEINS, PROTEINS[0]], [])


def test_words_are_spelt_as_their_residues():
    word = [row(0, 1, 3, "WORD", "ST_C", "w1"), row(0, 6, 7, "WORD", "ST_C", "w1")]
    assert len(annotated(word).units("WORD")) == 1
    with pytest.raises(BadInput, match="protein 'a' reads ST_C where the word ST_A should stand"):
        annotated([one._replace(label="ST_A") for one in word])


def test_spelling_marks_each_gap_once():
    positions = np.array([0, 1, 3, 7])
    assert spelling("MSTKYCCAGX", positions) == "MS_K_A"


def test_texts_count_and_find():
    texts = Texts(["b", "a", "b"])
    assert [texts[k] for k in range(3)] == ["b", "a", "b"]
    assert texts.counts() == {"b": 2, "a": 1}
    assert texts.equal("b").tolist() == [True, False, True]
    assert not texts.equal("c").any()
