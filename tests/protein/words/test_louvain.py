"""The peer's extractor finds what it is made for."""

import networkx as nx
import numpy as np
import pytest

from sciml.protein.words import louvain
from sciml.protein.words.louvain import binarised, communities, louvain_words


def test_blocks_of_strong_attention_are_words() -> None:
    one = np.full((20, 20), 1e-4, np.float32)
    for start in (0, 8):
        one[start : start + 6, start : start + 6] = 0.2
    words = louvain_words(np.stack([one, one]))
    assert [word.positions for word in words] == [tuple(range(6)), tuple(range(8, 14))]
    assert all(word.heads == (0, 1) for word in words)


def test_small_communities_are_no_words() -> None:
    one = np.full((20, 20), 1e-4, np.float32)
    one[:4, :4] = 0.2
    assert list(communities(one)) == []


def test_a_dense_head_keeps_its_top_two_fifths() -> None:
    one = np.random.default_rng(0).random((30, 30)).astype(np.float32)
    assert abs(binarised(one).mean() - 0.4) < 0.01


def test_a_search_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def search(_graph: "nx.DiGraph[int]", seed: int) -> list[set[int]]:
        while seed >= 0:
            pass
        return []

    monkeypatch.setattr(louvain, "_LONGEST", 0.05)
    monkeypatch.setattr(nx.community, "louvain_communities", search)
    assert list(communities(np.eye(20, dtype=np.float32))) == []
