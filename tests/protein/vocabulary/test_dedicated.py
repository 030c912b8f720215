"""Words of a function: found where they are planted, silent where nothing is."""

import re

import numpy as np
import pytest

from sciml.core.axes import BoolArray
from sciml.core.errors import BadInput
from sciml.protein.alphabet import LETTERS, UNKNOWN, Codes, decoded, encoded
from sciml.protein.vocabulary.census import CensusSettings, Table, placings
from sciml.protein.vocabulary.dedicated import DedicatedSettings, dedicated_words, tallied
from sciml.protein.vocabulary.keys import from_key, parsed

KIND = CensusSettings(spelling="letters", elements=3, widest=3)
SETTINGS = DedicatedSettings(kinds=(KIND,), coverage=0.05)
SITE = re.compile("(?=C..H.D)")  # as offsets 0, 3, 5


def random_proteins(seed: int, count: int = 150, length: int = 200) -> list[Codes]:
    random = np.random.default_rng(seed)
    return [random.integers(0, UNKNOWN, length).astype(np.uint8) for _ in range(count)]


def with_sites(proteins: list[Codes], seed: int) -> tuple[list[Codes], list[BoolArray]]:
    """Plant C..H.D once in each protein and annotate it, also where it stands by chance."""
    random, masks = np.random.default_rng(seed), []
    for codes in proteins:
        start = int(random.integers(0, len(codes) - 6))
        codes[[start, start + 3, start + 5]] = encoded("CHD")
        mask = np.zeros(len(codes), bool)
        for found in SITE.finditer(decoded(codes)):
            mask[[found.start(), found.start() + 3, found.start() + 5]] = True
        masks.append(mask)
    return proteins, masks


@pytest.mark.parametrize("kind", [KIND, CensusSettings(elements=2, widest=15)])
def test_a_tally_is_that_of_a_plain_search(kind: CensusSettings) -> None:
    proteins, masks = with_sites(random_proteins(0, 5, 60), 1)
    proteins[0][10] = UNKNOWN
    weights = [1.0, 0.5, 0.5, 1.0, 0.25]
    tally = tallied(proteins, masks, weights, kind)
    ways, random = placings(kind), np.random.default_rng(2)
    for _ in range(40):
        protein, shape = int(random.integers(5)), int(random.integers(kind.shapes))
        offsets = ways.offsets[ways.shape == shape]
        start = int(random.integers(0, 60 - offsets[0, -1]))
        word = proteins[protein][start + offsets[0]]
        if UNKNOWN in word:
            continue
        expected = np.zeros(5)
        for codes, mask, weight in zip(proteins, masks, weights, strict=True):
            at = [place + one for one in offsets for place in range(60 - one[-1])]
            marked = [mask[one].sum() for one in at if np.array_equal(codes[one], word)]
            if marked:
                share = sum(marked) / (kind.elements * len(marked))
                row = [kind.elements * len(marked), sum(marked), share, mask.mean(), 1]
                expected += weight * np.array(row)
        place = int(np.ravel_multi_index(word, (20,) * kind.elements))
        np.testing.assert_allclose([each[shape, place] for each in tally], expected)


def test_the_planted_word_comes_first_and_is_certain() -> None:
    words = dedicated_words(*with_sites(random_proteins(3), 4), SETTINGS)
    assert words[0].key == parsed("Cx(2)HxD").key
    assert words[0].support > 50 * words[0].expected
    assert words[0].q < 1e-9
    assert words[0].bits > 0


def test_words_that_mean_nothing_are_rarely_called_certain() -> None:
    proteins = random_proteins(5)
    masks = [np.random.default_rng(k).random(len(one)) < 0.1 for k, one in enumerate(proteins)]
    words = dedicated_words(proteins, masks, DedicatedSettings(kinds=(KIND,), coverage=0.3))
    assert len(words) > 100
    assert np.mean([word.q < 0.05 for word in words]) < 0.01


def test_a_word_that_tells_proteins_but_not_places_is_not_certain() -> None:
    proteins, random = random_proteins(14), np.random.default_rng(15)
    masks = [random.random(len(one)) < (0.5 if k % 2 else 0.02) for k, one in enumerate(proteins)]
    for codes in proteins[1::2]:
        for start in random.choice(60, 6, replace=False) * 3:
            codes[start : start + 3] = encoded("WWW")
    words = dedicated_words(proteins, masks, DedicatedSettings(kinds=(KIND,), coverage=0.3))
    found = {word.key: word for word in words}[parsed("WWW").key]
    assert found.support > 1.5 * found.expected
    assert found.q > 0.05


def test_relatives_count_as_one_protein() -> None:
    proteins, masks = with_sites(random_proteins(6), 7)
    copies = [proteins[0].copy() for _ in range(100)]
    alone = dedicated_words(proteins, masks, SETTINGS)
    crowded = dedicated_words([*proteins, *copies], [*masks, *[masks[0]] * 100], SETTINGS)
    support = {word.key: word.support for word in crowded}
    assert all(support.get(word.key, word.support) == pytest.approx(word.support)
               for word in alone)  # fmt: skip


def test_no_more_is_covered_than_asked() -> None:
    proteins, masks = with_sites(random_proteins(8), 9)
    few, many = (
        dedicated_words(proteins, masks, DedicatedSettings(kinds=(KIND,), coverage=share))
        for share in (0.05, 0.2)
    )
    assert len(few) < len(many)
    assert many[: len(few)] == few


def test_a_pattern_of_two_kinds_is_told_once() -> None:
    # Cysteine, histidine and proline are classes of their own, so that words of them are of both.
    both = (KIND, CensusSettings(spelling="classes", elements=3, widest=3))
    words = dedicated_words(
        *with_sites(random_proteins(10), 11), DedicatedSettings(kinds=both, coverage=0.1)
    )
    keys = [word.key for word in words]
    assert len(set(keys)) == len(keys)
    assert {len(from_key(key).symbols) for key in keys} == {3}


@pytest.mark.parametrize(
    ("masks", "says"),
    [
        ([], "give a mask"),
        ([np.zeros(5, bool)], "give a mask"),
        ([np.zeros(40, bool)], "0% of the residues"),
        ([np.ones(40, bool)], "100% of the residues"),
    ],
)
def test_masks_that_teach_nothing_are_refused(masks: list[BoolArray], says: str) -> None:
    with pytest.raises(BadInput, match=says):
        dedicated_words([encoded(LETTERS * 2)], masks, SETTINGS)


def test_a_coverage_that_no_word_fits_into_is_told() -> None:
    settings = DedicatedSettings(kinds=(KIND,), coverage=1e-6)
    with pytest.raises(BadInput, match="give more proteins or more coverage"):
        dedicated_words(*with_sites(random_proteins(12, 40), 13), settings)


def test_keys_of_a_table_are_those_of_its_places() -> None:
    table = Table(KIND, np.zeros((KIND.shapes, KIND.words), np.int64))
    place = int(np.ravel_multi_index(encoded("CHD"), (20, 20, 20))) + 7 * KIND.words
    assert [from_key(key).spelling for key in table.keys(np.array([place]))] == ["Cx(2)Hx(1)D"]
