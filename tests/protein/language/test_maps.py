"""Maps of single proteins."""

import numpy as np
import pytest

from sciml.core.errors import BadInput
from sciml.protein.alphabet import encoded
from sciml.protein.language.maps import all_maps, attention
from tests.protein.language.small_models import SMALL, small_model


def test_rows_of_maps_sum_to_one_over_all_tokens() -> None:
    model, seen = small_model(0), []
    states = attention(model, encoded("MKVLX"), lambda number, maps: seen.append((number, maps)))
    assert [number for number, _ in seen] == [0, 1]
    for _, maps in seen:
        assert maps.shape == (SMALL.heads, 7, 7)
        np.testing.assert_allclose(maps.sum(-1), 1, atol=1e-5)
    assert states.shape == (5, SMALL.width)


def test_kept_maps_have_neither_start_nor_end() -> None:
    model, seen = small_model(1), []
    attention(model, encoded("ACDEFG"), lambda _, maps: seen.append(maps.copy()))
    kept = all_maps(model, encoded("ACDEFG"))
    np.testing.assert_array_equal(kept, np.stack(seen)[:, :, 1:-1, 1:-1])


def test_unknown_letters_are_read_as_x() -> None:
    model = small_model(2)
    np.testing.assert_array_equal(
        all_maps(model, encoded("MKBL")), all_maps(model, encoded("mkxl"))
    )


def test_a_protein_without_residues_is_refused() -> None:
    with pytest.raises(BadInput, match="without residues"):
        attention(small_model(0), encoded(""), lambda _, __: None)
