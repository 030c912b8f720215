"""The whole way from maps to words, where the words are known."""

import numpy as np
import pytest

from sciml.core.errors import BadInput
from sciml.protein.alphabet import Codes
from sciml.protein.words.extractor import (
    Extractor,
    ExtractorSettings,
    NullSettings,
    fit_null,
    informative_heads,
)
from sciml.protein.words.null import NullTables
from sciml.protein.words.planted import PlantedMaps, PlantedSettings, planted_maps

PLANTED = PlantedSettings(layers=2, heads=6, words=4, strength=4.0)
CHOSEN = ExtractorSettings(null=NullSettings(lengths=(128,), tails=4000, links=4000))


def proteins(seed: int, count: int, residues: int = 120) -> list[Codes]:
    draw = np.random.default_rng(seed)
    return [draw.integers(0, 20, residues).astype(np.uint8) for _ in range(count)]


@pytest.fixture(scope="module")
def null() -> list[NullTables]:
    silent = planted_maps(PLANTED, 1, speak=False)
    return fit_null(silent.attention, proteins(0, 20), 0, CHOSEN)


@pytest.fixture(scope="module")
def speaking() -> PlantedMaps:
    return planted_maps(PLANTED, 1)


def test_planted_words_are_found_and_few_links_are_false(
    null: list[NullTables], speaking: PlantedMaps
) -> None:
    heads = informative_heads(speaking.attention, proteins(1, 10), null, CHOSEN)
    assert 0 < heads.used.sum() < null[0].heads
    extractor, found, planted, false, claimed = Extractor(null, CHOSEN, heads.used), 0, 0, 0, 0
    for protein in proteins(2, 10):
        reading = extractor.read(speaking.attention, protein)
        truth = speaking.truth(protein)
        of = {residue: number for number, word in enumerate(truth) for residue in word}
        false += sum(of.get(int(a), -1) != of.get(int(b), -2) for a, b in reading.links().pair)
        claimed += len(reading.links().pair)
        words = [set(word.positions) for word in reading.words()]
        found += sum(any(2 * len(w & set(t)) >= len(w | set(t)) for w in words) for t in truth)
        planted += len(truth)
    assert found >= 0.95 * planted
    assert false <= 0.08 * claimed  # nominal 0.05; a few hundred links


def test_without_words_hardly_anything_is_found(null: list[NullTables]) -> None:
    silent, extractor = planted_maps(PLANTED, 1, speak=False), Extractor(null, CHOSEN)
    readings = [extractor.read(silent.attention, one) for one in proteins(3, 100)]
    assert sum(len(one.links().head) > 0 for one in readings) <= 5  # nominal 5


def test_layers_that_do_not_fit_the_null_model_are_refused(null: list[NullTables]) -> None:
    maps = np.full((6, 7, 7), 1 / 7, np.float32)
    reading = Extractor(null, CHOSEN).begin(proteins(4, 1, 5)[0])
    with pytest.raises(BadInput, match="fitted to another model"):
        reading.layer(1, maps)
    reading.layer(0, maps)
    reading.layer(1, maps)
    with pytest.raises(BadInput, match="fitted to another model"):
        reading.layer(2, maps)


@pytest.mark.parametrize("residues", [0, 1, 2, 9])
def test_short_proteins_have_no_words(
    null: list[NullTables], speaking: PlantedMaps, residues: int
) -> None:
    reading = Extractor(null, CHOSEN).read(speaking.attention, proteins(5, 1, residues)[0])
    assert reading.words() == []


def test_the_order_of_heads_does_not_matter(null: list[NullTables], speaking: PlantedMaps) -> None:
    protein, order = proteins(6, 1)[0], np.array([5, 3, 1, 0, 2, 4])
    both = np.concatenate([order, order + 6])
    arrays = null[0]._asdict()
    turned = [NullTables(**{k: v if k == "length" else v[both] for k, v in arrays.items()})]
    plain, other = Extractor(null, CHOSEN).begin(protein), Extractor(turned, CHOSEN).begin(protein)
    speaking.attention(protein, plain.layer)
    speaking.attention(protein, lambda number, maps: other.layer(number, maps[order]))
    assert [w.positions for w in plain.words()] == [w.positions for w in other.words()]
