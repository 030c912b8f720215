"""Proteins by the names of their cards."""

import hashlib

import numpy as np
import pytest

from sciml.core.errors import BadInput, DatasetMissing
from sciml.data.cards import card_names, read_card
from sciml.protein.sets import spelling
from sciml.protein.sources import (
    CORPUS,
    corpus,
    drawn,
    judged_proteins,
    open_peer_words,
    open_set,
    set_names,
)


@pytest.fixture
def nothing_here(tmp_path, monkeypatch):
    monkeypatch.setenv("SCIML_CACHE", str(tmp_path))
    monkeypatch.delenv("SCIML_DATA", raising=False)


def here(opened, *arguments):
    try:
        return opened(*arguments)
    except DatasetMissing as missing:
        pytest.skip(str(missing))


def test_every_set_has_a_card_and_names_are_in_order():
    assert set(set_names()) | {CORPUS} <= set(card_names())
    assert list(set_names()) == sorted(set_names())
    for name in set_names():
        assert {part.folder for part in read_card(name).parts} == {name}


def test_the_draw_depends_on_the_sequences_alone():
    letters = ["MK", "VL", "AG", "MK", "WY"]
    assert drawn(letters, 3) == drawn(reversed(letters), 3)
    assert sorted(drawn(letters, 9)) == ["AG", "MK", "VL", "WY"]
    digests = [hashlib.sha256(one.encode()).hexdigest() for one in drawn(letters, 9)]
    assert digests == sorted(digests)
    assert drawn(letters, 2) == drawn(letters, 9)[:2]


def test_a_wrong_name_is_met_with_the_nearest_one():
    with pytest.raises(BadInput, match="did you mean 'binding_residues'"):
        open_set("binding_residue")
    for reader in (corpus, judged_proteins):
        with pytest.raises(BadInput, match="no corpus 'uniref'; expected 'protein_corpus'"):
            reader("uniref")


def test_what_is_not_here_says_how_to_get_it(nothing_here):
    with pytest.raises(DatasetMissing, match="Get it with `sciml data get llps`"):
        open_set("llps")
    with pytest.raises(DatasetMissing, match="Get it with `sciml data get protein_corpus`"):
        corpus()


@pytest.mark.realdata
def test_the_corpus_holds_what_its_card_says():
    found = here(corpus)
    assert len(found.sequences) == len(set(found.sequences)) == 76_622
    assert sum(map(len, found.sequences)) == 29_242_618
    assert {len(one) for one in found.sequences} <= set(range(30, 2001))
    assert found.sha256 == {CORPUS: read_card(CORPUS).built.sha256}


@pytest.mark.realdata
def test_a_set_judges_with_its_first_proteins():
    found = here(judged_proteins)
    judged = found.sequences
    assert found.sha256 == {name: read_card(name).built.sha256 for name in set_names()}
    sizes = [len({one.sequence for one in open_set(name).proteins}) for name in set_names()]
    assert len(judged) == sum(min(size, 150) for size in sizes)
    ours = drawn(one.sequence for one in open_set("antibody_paratope").proteins)
    assert judged[:150] == ours


@pytest.mark.realdata
def test_words_of_the_peer_cover_a_third_of_the_residues():
    peer = here(open_peer_words)
    covered = [np.zeros(len(protein.sequence), bool) for protein in peer.proteins]
    for mask, protein, words in zip(covered, peer.proteins, peer.words, strict=True):
        for word in words:
            mask[list(word.positions)] = True
            assert len(spelling(protein.sequence, np.array(word.positions))) >= 5
    every = [word for words in peer.words for word in words]
    assert len(every) == 92_862
    assert sum(not word.is_continuous for word in every) == 47_561
    assert round(np.concatenate(covered).mean(), 4) == 0.3408
