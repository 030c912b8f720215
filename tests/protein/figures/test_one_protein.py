"""The page of one protein says which words each residue has."""

import re

from sciml.protein.alphabet import encoded
from sciml.protein.figures.one_protein import BOXES, LIPIDS, RAS, ProteinPage, expected_in_ras
from sciml.protein.vocabulary.keys import parsed

PAGE = ProteinPage(encoded("MKCVHLLCQQH"), [parsed("Cx(1)H").key, parsed("HLx(1)C").key])


def test_residues_of_a_word_have_it_and_those_in_its_gap_do_not() -> None:
    assert [number for number, words in enumerate(PAGE.words) if words] == [2, 4, 5, 7]
    assert PAGE.words[2] == ["Cx(1)H"]
    assert set(PAGE.words[4]) == {"Cx(1)H", "HLx(1)C"}
    assert repr(PAGE) == "<11 residues, 4 of them in words>"


def test_the_page_has_all_letters_and_a_title_for_each_residue_in_a_word() -> None:
    html = PAGE.html
    assert re.sub(r"<[^>]*>|\s|\d", "", html) == PAGE.letters
    assert html.count("title=") == 4
    assert "script" not in html


def test_the_letters_of_ras_stand_where_the_boxes_say() -> None:
    found = {name: RAS[first - 1 : last] for name, (first, last) in BOXES.items()}
    assert found == {"G1": "GAGGVGKS", "G2": "T", "G3": "DTAG", "G4": "NKCD", "G5": "SAK"}
    assert {RAS[place - 1] for place in LIPIDS} == {"C"}


def test_of_an_unseen_family_the_model_expects_the_beginning_and_glycines_of_the_loop() -> None:
    chance = expected_in_ras().data["chance"]
    likely = chance["residue"].values[chance.values > 0.5]
    assert likely.tolist() == [1, 10, 12, 15]
    assert "".join(RAS[place - 1] for place in likely) == "MGGG"
