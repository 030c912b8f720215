"""Laws of telling proteins apart: no relative across folds, and chance without a signal."""

import numpy as np
import pytest
from scipy import sparse

from sciml.core.errors import BadInput
from sciml.protein.alphabet import Codes, encoded
from sciml.protein.evaluation.downstream import (
    Classes,
    clusters,
    contest,
    folds,
    most_variable,
    triples,
    word_presence,
)
from sciml.protein.evaluation.questions import question_of
from sciml.protein.relatives import RunIndex
from sciml.protein.sequences import Protein
from sciml.protein.sets import AnnotatedSet, Annotation
from sciml.protein.vocabulary.keys import parsed


def random_proteins(seed: int, count: int, length: int = 60) -> list[Codes]:
    """Random letters."""
    generator = np.random.default_rng(seed)
    return [generator.integers(0, 20, length).astype(np.uint8) for _ in range(count)]


def with_relatives(seed: int, parents: int, children: int) -> list[Codes]:
    """Random proteins, each with others that share three quarters of its letters."""
    generator, found = np.random.default_rng(seed), []
    for parent in random_proteins(seed, parents):
        for _ in range(children):
            child = parent.copy()
            changed = generator.random(len(child)) < 0.25
            child[changed] = generator.integers(0, 20, changed.sum())
            found.append(child)
    return found


def gapped_classes(seed: int, count: int = 200) -> Classes:
    """Two classes that differ in one gapped word, whose letters are in both."""
    generator, proteins = np.random.default_rng(seed), random_proteins(seed, count)
    label = np.arange(count) % 2
    for protein, kind in zip(proteins, label, strict=True):
        start = int(generator.integers(0, 40))
        steps = (0, 2, 6) if kind else (0, 4, 6)
        protein[[start + step for step in steps]] = encoded("WCH")
    return Classes(proteins, label, np.arange(count), np.arange(count) < count // 2)


def test_no_relative_is_on_both_sides_of_a_fold() -> None:
    proteins = with_relatives(0, 20, 4)
    cluster = clusters(proteins)
    fold = folds(np.arange(80) % 2, cluster)
    for held in range(5):
        learnt = RunIndex([one for one, k in zip(proteins, fold, strict=True) if k != held])
        for one in (proteins[k] for k in np.flatnonzero(fold == held)):
            assert not len(learnt.relatives(one))


def test_peptides_too_short_for_relatives_are_still_clustered() -> None:
    peptides = [encoded(one) for one in ("GIGKFLHSAK", "GIGKFLHSAG", "WWRRPPYYCC")]
    found = clusters(peptides)
    assert found[0] == found[1] != found[2]


@pytest.mark.parametrize("seed", range(3))
def test_folds_hold_as_many_of_each_class(seed: int) -> None:
    generator = np.random.default_rng(seed)
    label, cluster = generator.integers(0, 3, 300), generator.integers(0, 120, 300)
    fold = folds(label, cluster, seed)
    for kind in range(3):
        shares = np.bincount(fold[label == kind], minlength=5) / (label == kind).sum()
        np.testing.assert_allclose(shares, 0.2, atol=0.06)
    assert all(len(np.unique(fold[cluster == one])) == 1 for one in np.unique(cluster))


def test_gapped_words_tell_apart_what_triples_cannot() -> None:
    classes = gapped_classes(1)
    keys = [parsed(one).key for one in ("WxC", "Wx(3)C", "Cx(3)H", "CxH")]
    result = contest(classes, word_presence(keys)(classes.proteins), triples(classes.proteins))
    assert result["all"].words > 0.95
    assert result["all"].triples < 0.65
    assert result["all"].low > 0.2
    assert result["judged"].words > 0.95


def test_without_a_signal_nothing_is_better_than_chance() -> None:
    proteins = random_proteins(2, 400)
    classes = Classes(proteins, np.arange(400) % 2, np.arange(400), np.ones(400, bool))
    features = triples(proteins)
    result = contest(classes, features[:, :4000], features[:, 4000:])["all"]
    assert result.words == pytest.approx(0.5, abs=0.1)
    assert result.low < 0 < result.high


def test_triples_are_those_of_a_search() -> None:
    found = triples([encoded("AGVAGV"), encoded("AX"), encoded("AGXGVS")])
    number = 0 * 0 + 1 * 400 + 2 * 20 + 3  # A G V have the codes 1, 2 and 3
    assert found.sum(1).ravel().tolist() == [[3.0, 0.0, 1.0]]
    assert found[0, number] == 1
    assert found[2, number] == 0


def test_the_most_variable_features_are_neither_everywhere_nor_nowhere() -> None:
    presence = sparse.csr_matrix(np.array([[1, 0, 1, 0], [1, 0, 0, 0], [1, 1, 1, 0]]))
    assert most_variable(presence, 2).tolist() == [1, 2]


def test_questions_take_each_sequence_once_and_leave_out_contradictions() -> None:
    sequences = ["MKKLAVLLAAGW", "MDDEESTTPPGG", "MDDEESTTPPGG", "MWWYYHHCCDDE", "MAAAAGGGGVVV"]
    labels = ["SP|EUKARYA", "NO_SP|EUKARYA", "NO_SP|POSITIVE", "SP|EUKARYA", "TAT|NEGATIVE"]
    proteins = [Protein(f"P{k}", "", one) for k, one in enumerate(sequences)]
    rows = [Annotation(k, None, None, "SP_CLASS", one, "test", "") for k, one in enumerate(labels)]
    rows.append(Annotation(3, None, None, "SP_CLASS", "NO_SP|EUKARYA", "test", ""))
    classes = question_of(AnnotatedSet("signal_peptides", proteins, rows), "signal peptide")
    assert len(classes.proteins) == 2
    assert classes.label.tolist() == [1, 0]  # NO_SP comes first in the alphabet


def test_one_class_cannot_be_told_apart() -> None:
    classes = gapped_classes(0)._replace(label=np.zeros(200, int))
    features = triples(classes.proteins)
    with pytest.raises(BadInput, match="one class"):
        contest(classes, features, features)
