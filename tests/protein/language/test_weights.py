"""Files of weights: what goes in comes out, and what does not fit is named."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from sciml.core.errors import BadInput, DamagedFile
from sciml.protein.alphabet import encoded
from sciml.protein.language.maps import all_maps
from sciml.protein.language.marginals import masked_marginals
from sciml.protein.language.network import LanguageModel, LanguageModelSettings
from sciml.protein.language.weights import (
    HEADS_OF_WIDTH,
    known_as,
    load_model,
    published_arrays,
    save_weights,
)
from tests.protein.language.small_models import SMALL, small_model


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    return save_weights(tmp_path / "model.safetensors", small_model(0))


def test_a_saved_model_reads_as_before_to_half_precision(stored: Path) -> None:
    protein, model = encoded("MKVLAAGW"), small_model(0)
    again = load_model(stored)
    assert again.settings == model.settings
    np.testing.assert_allclose(all_maps(again, protein), all_maps(model, protein), atol=5e-3)
    np.testing.assert_allclose(
        masked_marginals(again, protein), masked_marginals(model, protein), atol=2e-2
    )
    second = save_weights(stored.with_name("again.safetensors"), again)
    assert second.read_bytes() == stored.read_bytes()


def rewritten(stored: Path, change: dict[str, NDArray[Any] | None]) -> Path:
    arrays = load_file(stored) | change
    path = stored.with_name("changed.safetensors")
    save_file({k: v for k, v in arrays.items() if v is not None}, path)
    return path


def test_the_prefix_and_the_spare_tensors_of_published_files_are_taken(stored: Path) -> None:
    arrays = {f"esm.{k}": v for k, v in load_file(stored).items() if not k.startswith("lm_head")}
    arrays["esm.embeddings.position_ids"] = np.arange(4)
    arrays["esm.contact_head.regression.weight"] = np.zeros((1, 4), np.float32)
    arrays["esm.encoder.layer.0.attention.self.rotary_embeddings.inv_freq"] = np.ones(2, "f4")
    path = stored.with_name("published.safetensors")
    save_file(arrays, path)
    protein = encoded("MKVLA")
    found = all_maps(load_model(path, heads=2), protein)
    np.testing.assert_array_equal(found, all_maps(load_model(stored), protein))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"encoder.layer.1.output.dense.bias": None}, "output.dense.bias is missing"),
        ({"lm_head.bias": None}, "lm_head.bias is missing"),
        ({"surplus.weight": np.zeros(3, "f4")}, "surplus.weight is unknown"),
        ({"encoder.layer.0.output.dense.weight": np.zeros((16, 8), "f4")}, r"\(16, 24\), got"),
        ({"embeddings.word_embeddings.weight": np.zeros((30, 16), "f4")}, "expected shape .33"),
        ({"embeddings.word_embeddings.weight": None}, "got none; is this an ESM-2 model"),
    ],
)
def test_what_does_not_fit_is_named(
    stored: Path, change: dict[str, NDArray[Any] | None], message: str
) -> None:
    with pytest.raises(BadInput, match=message):
        load_model(rewritten(stored, change), heads=2)


def test_a_missing_layer_is_named(stored: Path) -> None:
    gone = {k: None for k in load_file(stored) if k.startswith("encoder.layer.0.")}
    with pytest.raises(BadInput, match=r"layers \[1\] are not complete"):
        load_model(rewritten(stored, dict(gone)), heads=2)


def bfloat16_file(path: Path, arrays: dict[str, NDArray[Any]]) -> Path:
    """A safetensors file of bfloat16, put together by hand."""
    header: dict[str, Any] = {}
    content = b""
    for name, array in arrays.items():
        upper = (array.astype("<f4").view("<u4") >> 16).astype("<u2").tobytes()
        header[name] = {
            "dtype": "BF16", "shape": array.shape,
            "data_offsets": [len(content), len(content) + len(upper)],
        }  # fmt: skip
        content += upper
    told = json.dumps(header).encode()
    path.write_bytes(len(told).to_bytes(8, "little") + told + content)
    return path


def test_weights_in_bfloat16_are_the_upper_halves_of_their_numbers(stored: Path) -> None:
    arrays = load_file(stored)
    path = bfloat16_file(stored.with_name("bfloat16.safetensors"), arrays)
    found = published_arrays(load_model(path, heads=2))
    for name, array in arrays.items():
        # Seven bits of the fraction are stored; the rest is cut off.
        np.testing.assert_allclose(found[name], array.astype("f4"), rtol=2**-7, atol=0)
        assert not np.any(found[name].view("<u4") & 0xFFFF)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lm_head.bias": np.full(33, np.nan, "f4")}, "lm_head.bias: 33 of 33 values are no fin"),
        ({"lm_head.bias": np.r_[np.inf, np.zeros(32)].astype("f2")}, "lm_head.bias: 1 of 33"),
        ({"lm_head.bias": np.full(33, 1e300)}, "lm_head.bias: 33 of 33"),
        ({"lm_head.bias": np.zeros(33, np.int8)}, "lm_head.bias: expected numbers F16, .* got I8"),
        ({"esm.lm_head.bias": np.zeros(33, "f4")}, "lm_head.bias is there twice, with and without"),
    ],
)
def test_weights_that_are_no_finite_numbers_or_there_twice_are_refused(
    stored: Path, change: dict[str, NDArray[Any] | None], message: str
) -> None:
    with np.errstate(over="ignore"), pytest.raises(BadInput, match=message):
        load_model(rewritten(stored, change), heads=2)


@pytest.mark.parametrize("heads", [0, -2, 3, 16])
def test_heads_that_cannot_share_the_width_are_refused(stored: Path, heads: int) -> None:
    with pytest.raises(BadInput, match=f"{heads} heads cannot share the width 16"):
        load_model(stored, heads=heads)


def test_a_file_without_heads_has_those_of_the_published_model_of_its_width(stored: Path) -> None:
    with pytest.raises(BadInput, match=r"no published ESM-2 has the width 16 .* give heads"):
        load_model(rewritten(stored, {}))
    # Lin et al. (2023), models of 8 million to 15 billion parameters.
    assert HEADS_OF_WIDTH == {320: 20, 480: 20, 640: 20, 1280: 20, 2560: 40, 5120: 40}
    model = LanguageModel(LanguageModelSettings(layers=1, heads=4, width=320, inner=8))
    path = stored.with_name("wide.safetensors")
    save_file(published_arrays(model), path)
    assert load_model(path).settings.heads == 20
    assert load_model(save_weights(path, model)).settings.heads == 4


def test_a_truncated_file_is_told_from_a_wrong_one(stored: Path) -> None:
    stored.write_bytes(stored.read_bytes()[:-20])
    with pytest.raises(DamagedFile, match="download it again"):
        load_model(stored)
    with pytest.raises(BadInput, match="no such file"):
        load_model(stored.with_name("nothing.safetensors"))


def test_our_own_files_are_no_published_ones(stored: Path) -> None:
    assert known_as(stored) is None


def test_all_weights_are_stored_once() -> None:
    model = small_model(0)
    assert len(published_arrays(model)) == len(model.state_dict())


def test_the_same_weights_are_the_same_bytes(tmp_path: Path) -> None:
    about = {str(number): "ä" for number in range(9)}
    files = [save_weights(tmp_path / str(n), small_model(1), about).read_bytes() for n in (1, 2)]
    assert files[0] == files[1]
    assert load_model(tmp_path / "1").settings == SMALL
