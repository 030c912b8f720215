import numpy as np
import pytest
from scipy import stats

from sciml.core.errors import BadInput
from sciml.protein.alphabet import LETTERS, Codes, encoded
from sciml.protein.vocabulary.keys import GAPS, SYMBOLS, Pattern, parsed
from sciml.protein.vocabulary.significance import (
    enrichment,
    expected_support,
    false_discovery_rates,
    scanned_support,
    significance,
)


def proteins_of_different_composition(seed: int, count: int) -> list[Codes]:
    """Each has its own composition, some of them extreme, and its own length."""
    draw = np.random.default_rng(seed)
    return [
        draw.choice(20, int(draw.integers(30, 400)), p=draw.dirichlet(np.full(20, 2.0))).astype(
            "u1"
        )
        for _ in range(count)
    ]


def random_keys(seed: int, count: int) -> list[int]:
    draw = np.random.default_rng(seed)
    keys: set[int] = set()
    while len(keys) < count:
        symbols = draw.integers(0, len(SYMBOLS), 4)
        gaps = draw.integers(0, len(GAPS), 3)
        keys.add(Pattern(tuple(symbols.tolist()), tuple(gaps.tolist())).key)
    return sorted(keys)


@pytest.mark.parametrize("seed", range(3))
def test_in_shuffled_proteins_no_more_than_the_nominal_share_is_significant(seed: int) -> None:
    proteins = proteins_of_different_composition(seed, 400)
    keys = random_keys(seed, 2000)
    judged = significance(keys, scanned_support(keys, proteins), proteins)
    for share in (0.1, 0.01, 0.001):
        # Three standard deviations of a count of independent patterns.
        allowed = share * len(keys) + 3 * np.sqrt(share * len(keys))
        assert np.sum(judged.p <= share) <= allowed
    assert np.sum(judged.q <= 0.01) <= 1


@pytest.mark.parametrize("spelling", ["ACDE", "Ax(2)CDx(1)E", "AACA", "[DE]x(1)D", "L[ILV]x(3)K"])
def test_the_support_expected_of_exact_gaps_is_that_of_shuffles(spelling: str) -> None:
    draw = np.random.default_rng(0)
    protein = encoded("AACCDDEEKKLLIIVVAC" * 3)
    shuffles = [draw.permutation(protein) for _ in range(6000)]
    pattern = parsed(spelling)
    observed = scanned_support([pattern.key], shuffles)[0] / len(shuffles)
    (expected,) = expected_support([pattern], [protein], np.ones(1))
    error = np.sqrt(observed * (1 - observed) / len(shuffles))
    # Occurrences in one short protein are not independent, which the expectation does not know.
    assert abs(expected - observed) <= 0.15 * observed + 4 * error


def test_wide_gaps_are_not_found_more_often_than_expected() -> None:
    draw = np.random.default_rng(1)
    protein = encoded("AACDEKLIVWYFGHMNPQRST" * 6)
    shuffles = [draw.permutation(protein) for _ in range(2000)]
    patterns = [parsed("Wx(4,6)Cx(7,14)H"), parsed("Wx(15,30)C"), parsed("Hx(31,62)Wx(4,6)M")]
    observed = scanned_support([one.key for one in patterns], shuffles) / len(shuffles)
    expected = expected_support(patterns, [protein], np.ones(1))
    assert np.all(observed <= expected + 4 * np.sqrt(observed / len(shuffles)))
    assert np.all(expected <= 2 * observed)


def test_a_planted_pattern_is_significant_and_its_parts_among_others_are_few() -> None:
    proteins = proteins_of_different_composition(5, 400)
    planted = parsed("Wx(4,6)Cx(2)Hx(7,14)M")
    for number in range(60):
        codes = proteins[number]
        codes[[3, 9, 12, 22]] = [LETTERS.index(letter) for letter in "WCHM"]
    keys = [planted.key, *random_keys(5, 500)]
    judged = significance(keys, scanned_support(keys, proteins), proteins)
    assert judged.q[0] < 1e-6
    assert np.sum(judged.q[1:] <= 0.01) <= 1


def test_a_family_of_copies_makes_nothing_significant() -> None:
    proteins = proteins_of_different_composition(6, 100)
    copies = [proteins[0]] * 50 + proteins[1:]
    weights = [1 / 50] * 50 + [1.0] * 99
    keys = random_keys(6, 500)
    together = significance(keys, scanned_support(keys, copies, weights), copies, weights)
    apart = significance(keys, scanned_support(keys, proteins), proteins)
    np.testing.assert_allclose(together.p, apart.p, rtol=1e-9)


def test_support_is_the_number_of_proteins_not_of_occurrences() -> None:
    proteins = [encoded("LLLLLLLL"), encoded("AAAA"), encoded("ALLA")] * 1500
    assert scanned_support([parsed("LL").key], proteins) == [3000]


def test_rates_are_those_of_scipy() -> None:
    p = np.random.default_rng(0).random(200) ** 3
    np.testing.assert_allclose(
        false_discovery_rates(p), stats.false_discovery_control(p), rtol=1e-12
    )


def test_patterns_that_were_chosen_from_many_are_judged_as_the_best_of_them() -> None:
    p = np.sort(np.random.default_rng(1).random(1000))
    np.testing.assert_allclose(
        np.maximum(false_discovery_rates(p[:10], 1000), false_discovery_rates(p)[:10]),
        false_discovery_rates(p[:10], 1000),
    )


def test_enrichment_of_a_part_is_that_of_a_draw_without_replacement() -> None:
    judged = enrichment([9, 1], [10, 10], 20, 100)
    np.testing.assert_allclose(judged.expected, [2, 2])
    exact = stats.fisher_exact([[9, 1], [11, 79]], "greater").pvalue
    np.testing.assert_allclose(judged.p[0], exact)
    assert judged.p[1] > 0.5


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(BadInput, match="supports"):
        significance([parsed("LL").key], [], [])
    with pytest.raises(BadInput, match="weights"):
        scanned_support([parsed("LL").key], [encoded("LL")], [1.5])
    with pytest.raises(BadInput, match="part"):
        enrichment([3], [2], 5, 10)
    with pytest.raises(BadInput, match="tried"):
        false_discovery_rates(np.ones(3), 2)


def test_a_pattern_at_an_end_of_proteins_is_refused() -> None:
    with pytest.raises(BadInput, match="<MK stands at an end"):
        significance([parsed("<MK").key], [3.0], [encoded("MKV")])
