"""The model in Paddle against torch, against NumPy, and against what rotary positions promise."""

from pathlib import Path
from typing import Any

import numpy as np
import paddle
import pytest
from numpy.typing import NDArray
from safetensors.numpy import save_file

from sciml.protein.language.network import LanguageModel, LanguageModelSettings
from sciml.protein.language.reference import read_tokens
from sciml.protein.language.weights import load_model, published_arrays
from tests.protein.language.small_models import small_model, tokens_and_padding

# The EsmModel of transformers 5.23.0 on torch 2.13.0 with small drawn weights, three proteins of
# different lengths and a masked letter.
ORACLE = Path(__file__).with_name("torch_oracle.npz")


def test_maps_and_states_are_those_of_torch(tmp_path: Path) -> None:
    stored = np.load(ORACLE, allow_pickle=False)
    weights = {k.removeprefix("weight:"): stored[k] for k in stored.files if "weight:" in k}
    save_file(weights, tmp_path / "model.safetensors")
    model = load_model(tmp_path / "model.safetensors", heads=int(stored["heads"]))
    maps: list[NDArray[Any]] = []
    shown = paddle.to_tensor(stored["present"].astype(np.float32))
    tokens = paddle.to_tensor(stored["tokens"])
    states = model(tokens, shown, lambda _, one: maps.append(one.numpy()))
    there = stored["present"]
    pairs = there[:, None, :, None] * there[:, None, None, :]
    assert (stored["maps"] * pairs).max() > 0.9  # attention is not flat
    assert np.abs((np.stack(maps) - stored["maps"]) * pairs).max() < 1e-5
    assert np.abs((states.numpy() - stored["states"]) * there[..., None]).max() < 1e-5


@pytest.mark.parametrize("seed", range(3))
def test_paddle_and_numpy_agree(seed: int) -> None:
    model = small_model(seed)
    tokens, present = tokens_and_padding(seed, (11, 4, 7))
    exact = read_tokens(published_arrays(model), model.settings.heads, tokens, present)
    maps: list[NDArray[Any]] = []
    shown = paddle.to_tensor(present.astype(np.float32))
    states = model(paddle.to_tensor(tokens), shown, lambda _, one: maps.append(one.numpy()))
    pairs = present[:, None, :, None] * present[:, None, None, :]
    for one, other in zip(maps, exact.maps, strict=True):
        assert np.abs((one - other) * pairs).max() < 1e-5
    assert np.abs((states.numpy() - exact.states) * present[..., None]).max() < 1e-4


def test_padding_changes_nothing() -> None:
    model = small_model(0)
    tokens, present = tokens_and_padding(1, (9, 5))
    shown = paddle.to_tensor(present.astype(np.float32))
    together = model(paddle.to_tensor(tokens), shown).numpy()
    for number, count in enumerate(present.sum(1)):
        alone = model(paddle.to_tensor(tokens[number : number + 1, :count])).numpy()
        np.testing.assert_allclose(together[number, :count], alone[0], atol=1e-5)


def test_the_first_layer_knows_distances_and_not_places() -> None:
    model, maps = small_model(2), []
    same = paddle.full([1, 12], 7, "int64")  # only places tell these tokens apart
    model(same, on_layer=lambda _, one: maps.append(np.log(one.numpy()[0])))
    # Logits of equal distance differ by what a row is normalised with, which is one number a row.
    logit = maps[0] - maps[0][:, :, :1]
    ahead = np.diff(maps[0], axis=2)  # from the next but one to the next
    for shift in range(-9, 9):
        diagonal = np.diagonal(ahead, shift, axis1=1, axis2=2)
        np.testing.assert_allclose(diagonal, diagonal[:, :1] + 0 * diagonal, atol=1e-4)
    assert np.abs(logit).max() > 0.1


def test_a_layer_is_handed_over_before_the_next_one_is_there() -> None:
    model, seen = small_model(3), []
    tokens, _ = tokens_and_padding(3, (6,))
    model(paddle.to_tensor(tokens), on_layer=lambda number, maps: seen.append((number, maps.shape)))
    heads, length = model.settings.heads, tokens.shape[1]
    expected = [(n, [1, heads, length, length]) for n in range(model.settings.layers)]
    assert seen == expected


def test_published_sizes_have_the_published_number_of_weights() -> None:
    eight_million = LanguageModelSettings(layers=6, heads=20, width=320, inner=1280)
    count = sum(int(np.prod(one.shape)) for one in LanguageModel(eight_million).parameters())
    head = 320 * 320 + 320 + 2 * 320 + 33
    contact_head = 6 * 20 + 1  # of the published model; we have none
    assert count - head + contact_head == 7_409_081


def test_heads_must_divide_the_width() -> None:
    with pytest.raises(ValueError, match="width 30 must be a multiple of 2 \\* heads 4"):
        LanguageModelSettings(width=30, heads=4)
