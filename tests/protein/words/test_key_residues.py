"""Residues that heads look at from everywhere: found where planted, rare where not."""

import numpy as np
import pytest

from sciml.protein.alphabet import Codes
from sciml.protein.words.extractor import Extractor, ExtractorSettings, NullSettings, fit_null
from sciml.protein.words.key_residues import significant_keys
from sciml.protein.words.null import NullTables
from sciml.protein.words.planted import PlantedSettings, planted_maps

PLANTED = PlantedSettings(layers=2, heads=8, words=2, keys=4, strength=4.0)
CHOSEN = ExtractorSettings(null=NullSettings(lengths=(128,), tails=8000, links=4000))


def proteins(seed: int, count: int, residues: int = 120) -> list[Codes]:
    draw = np.random.default_rng(seed)
    return [draw.integers(0, 20, residues).astype(np.uint8) for _ in range(count)]


@pytest.fixture(scope="module")
def null() -> list[NullTables]:
    return fit_null(planted_maps(PLANTED, 1, speak=False).attention, proteins(0, 20), 0, CHOSEN)


def test_planted_keys_are_found_and_few_others(null: list[NullTables]) -> None:
    model, extractor = planted_maps(PLANTED, 1), Extractor(null, CHOSEN)
    found = planted = false = claimed = 0
    for protein in proteins(1, 20):
        truth = set(model.keys(protein))
        keys = set(extractor.read(model.attention, protein).key_residues().residue.tolist())
        found += len(truth & keys)
        planted += len(truth)
        false += len(keys - truth)
        claimed += len(keys)
    assert planted == 80
    assert found >= 0.95 * planted
    assert false <= 0.08 * claimed  # nominal 0.05


def test_without_keys_hardly_any_is_found(null: list[NullTables]) -> None:
    silent, extractor = planted_maps(PLANTED, 1, speak=False), Extractor(null, CHOSEN)
    readings = [extractor.read(silent.attention, one) for one in proteins(2, 40)]
    assert sum(len(one.key_residues().residue) > 0 for one in readings) <= 8  # nominal 2


def test_words_without_keys_are_no_keys(null: list[NullTables]) -> None:
    words = planted_maps(PLANTED.model_copy(update={"keys": 0, "strength": 3.0}), 1)
    extractor = Extractor(null, CHOSEN)
    claimed = [len(extractor.read(words.attention, one).key_residues().head)
               for one in proteins(3, 20)]  # fmt: skip
    assert np.mean(claimed) < 0.5


def test_benjamini_and_hochberg_by_hand() -> None:
    p = np.array([[0.001, 0.5, 0.012, 0.5], [0.02, 0.9, 0.5, 0.03]])
    # Times two heads, the least of each residue: 0.002, 1, 0.024, 0.06; allowed 0.0125, 0.025 ...
    found = significant_keys(np.log10(p).astype(np.float32), 0.05)
    assert list(zip(found.head.tolist(), found.residue.tolist(), strict=True)) == [(0, 0), (0, 2)]
    np.testing.assert_allclose(found.log10_p, np.log10([0.001, 0.012]), rtol=1e-6)
    for nothing in (np.zeros((2, 3)), np.zeros((0, 3)), np.zeros((0, 0))):
        assert len(significant_keys(nothing.astype(np.float32), 0.05).head) == 0


def test_a_protein_that_is_too_short_has_no_keys(null: list[NullTables]) -> None:
    reading = Extractor(null, CHOSEN).read(planted_maps(PLANTED, 1).attention, proteins(4, 1, 5)[0])
    assert len(reading.key_residues().residue) == 0
