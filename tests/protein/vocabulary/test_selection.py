import numpy as np
import pytest

from sciml.core.errors import BadInput
from sciml.protein.alphabet import LETTERS, Codes
from sciml.protein.vocabulary.keys import parsed
from sciml.protein.vocabulary.scanner import Scanner
from sciml.protein.vocabulary.selection import SelectionSettings, select, select_dedicated

PLANTED = ("Wx(4,6)Cx(2)Hx(7,14)M", "DKPN", "Yx(1)Yx(1)Yx(1)Y")


def proteins_with(words: dict[str, list[int]], seed: int = 0, count: int = 300) -> list[Codes]:
    """Random proteins, some of which have words written into them."""
    draw = np.random.default_rng(seed)
    proteins = [draw.integers(0, 20, 120).astype("u1") for _ in range(count)]
    for letters, places in words.items():
        for codes in proteins[: count // 3]:
            start = int(draw.integers(0, 120 - places[-1]))
            codes[start + np.array(places)] = [LETTERS.index(letter) for letter in letters]
    return proteins


def planted_proteins() -> list[Codes]:
    return proteins_with({"WCHM": [0, 6, 9, 19], "DKPN": [0, 1, 2, 3], "YYYY": [0, 2, 4, 6]})


def candidates(seed: int, count: int = 300) -> list[int]:
    """The planted ones among as many of letters by chance."""
    draw = np.random.default_rng(seed)
    spelt = {"".join(draw.choice(list(LETTERS), 4)) for _ in range(count)}
    frequent = ("[ILV][AG]", "[ILV]x(31,62)[ILV]x(31,62)[ILV]", "L[AG]")
    return [parsed(one).key for one in sorted(spelt | set(PLANTED) | set(frequent))]


def test_what_was_planted_is_chosen_and_what_is_met_everywhere_is_not() -> None:
    chosen = select(candidates(0), planted_proteins(), SelectionSettings())
    assert set(chosen.keys[:3].tolist()) == {parsed(one).key for one in PLANTED}
    assert not {parsed("[ILV][AG]").key, parsed("L[AG]").key} & set(chosen.keys.tolist())


@pytest.mark.parametrize("seed", range(3))
def test_every_entry_saves_bits_and_none_is_chosen_twice(seed: int) -> None:
    chosen = select(candidates(seed), planted_proteins(), SelectionSettings())
    assert np.all(chosen.gain > 0)
    assert len(set(chosen.keys.tolist())) == len(chosen.keys)
    assert np.all(np.diff(chosen.coverage) >= 0)


def test_the_first_gain_is_what_counting_bits_by_hand_gives() -> None:
    proteins = planted_proteins()
    key = parsed("DKPN").key
    chosen = select([key], proteins, SelectionSettings())
    letters = np.bincount(np.concatenate(proteins), minlength=20)
    share = (letters + 0.5) / np.sum(letters + 0.5)
    count, residues = len(Scanner([key]).occurrences(proteins).protein), 300 * 120
    told = -sum(np.log2(share[LETTERS.index(letter)]) for letter in "DKPN")
    entry = 4 * np.log2(27) + 3 * np.log2(8)
    saved = count * (told - np.log2(residues / count)) - entry
    np.testing.assert_allclose(chosen.gain, [saved], rtol=1e-3)


def test_an_entry_that_tells_nothing_new_is_not_chosen() -> None:
    chosen = select(
        [parsed("DKPN").key, parsed("DKP").key], planted_proteins(), SelectionSettings()
    )
    assert chosen.keys.tolist() == [parsed("DKPN").key]


@pytest.mark.parametrize("coverage", [0.01, 0.02])
def test_a_selective_vocabulary_covers_no_more_than_asked(coverage: float) -> None:
    proteins = planted_proteins()
    chosen = select(candidates(0), proteins, SelectionSettings(coverage=coverage))
    covered = np.concatenate(Scanner(chosen.keys).covered(proteins)).mean()
    assert 0 < covered <= coverage
    np.testing.assert_allclose(chosen.coverage[-1], covered)
    assert len(chosen.keys) < len(select(candidates(0), proteins, SelectionSettings()).keys)


def test_the_choice_depends_on_the_order_of_neither_candidates_nor_proteins() -> None:
    proteins, keys = planted_proteins(), candidates(1)
    one = select(keys, proteins, SelectionSettings())
    two = select(keys[::-1], proteins[::-1], SelectionSettings())
    np.testing.assert_array_equal(one.keys, two.keys)
    np.testing.assert_array_equal(one.gain, two.gain)


def test_a_smaller_vocabulary_is_the_beginning_of_a_larger_one() -> None:
    proteins, keys = planted_proteins(), candidates(2)
    small, large = (select(keys, proteins, SelectionSettings(entries=n)) for n in (2, 20))
    np.testing.assert_array_equal(small.keys, large.keys[:2])


def test_a_dedicated_vocabulary_holds_what_the_label_has_more_often() -> None:
    labelled = np.arange(300) < 100
    proteins = planted_proteins()
    for number, codes in enumerate(proteins_with({"GGPGG": [0, 1, 2, 3, 4]}, 1, 900)[:300]):
        proteins[number] = np.concatenate([proteins[number], codes])
    keys = [*candidates(3), parsed("GGPG").key]
    shuffled = np.random.default_rng(0).permutation(labelled)
    chosen = select_dedicated(keys, proteins, labelled, SelectionSettings())
    assert {parsed(one).key for one in PLANTED} <= set(chosen.keys.tolist())
    assert parsed("GGPG").key not in chosen.keys
    assert len(select_dedicated(keys, proteins, shuffled, SelectionSettings()).keys) == 0


def test_what_cannot_be_chosen_from_is_refused() -> None:
    with pytest.raises(BadInput, match="residue"):
        select([parsed("LL").key], [], SelectionSettings())
    with pytest.raises(BadInput, match="labels"):
        select_dedicated(
            [parsed("LL").key], planted_proteins(), np.ones(300, bool), SelectionSettings()
        )
