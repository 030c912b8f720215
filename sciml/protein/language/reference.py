"""The language model once more, in plain NumPy and double precision: slow, obvious, an oracle.

It follows the published architecture step by step and shares no code with the model in Paddle.

Source:
    Lin et al., Science 379, 1123 (2023); the names of weights are those of Hugging Face.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf

from sciml.core.axes import FloatArray, IntArray

_MASK = 32
_SHOWN = 0.88  # of the tokens, while ESM-2 was trained


class Reading(NamedTuple):
    """What the model makes of tokens."""

    maps: list[FloatArray]  # of each layer, (sequence, head, token, token)
    states: FloatArray  # (sequence, token, width)


def read_tokens(
    weights: Mapping[str, NDArray[Any]], heads: int, tokens: IntArray, present: IntArray
) -> Reading:
    """Run the model.

    Args:
        weights: By the names of Hugging Face without ``esm.``; matrices are (output, input).
        heads: Heads of a layer.
        tokens: Shape (sequence, token).
        present: 1 where a token is, 0 where padding is. Shape (sequence, token).

    Returns:
        Maps and states; those of padding mean nothing.
    """
    arrays = {name: np.asarray(array, float) for name, array in weights.items()}
    x = _embedded(arrays["embeddings.word_embeddings.weight"], tokens, present)
    maps = []
    layers = len({name.split(".")[2] for name in arrays if name.startswith("encoder.layer.")})
    for number in range(layers):
        layer = f"encoder.layer.{number}."
        here = {k.removeprefix(layer): v for k, v in arrays.items() if k.startswith(layer)}
        found, mixed = _attended(here, _norm(x, here, "attention.LayerNorm"), heads, present)
        maps.append(found)
        x = x + _dense(mixed, here, "attention.output.dense")
        wide = _dense(_norm(x, here, "LayerNorm"), here, "intermediate.dense")
        x = x + _dense(wide * 0.5 * (1 + erf(wide / np.sqrt(2))), here, "output.dense")
    return Reading(maps, _norm(x, arrays, "encoder.emb_layer_norm_after"))


def _embedded(table: FloatArray, tokens: IntArray, present: IntArray) -> FloatArray:
    """Embeddings, scaled for the share of masked ones."""
    masked = ((tokens == _MASK) & (present > 0)).sum(1) / present.sum(1)
    x = np.where((tokens == _MASK)[..., None], 0.0, table[tokens])
    return x * (_SHOWN / (1 - masked))[:, None, None] * present[..., None]


def _attended(
    layer: Mapping[str, FloatArray], x: FloatArray, heads: int, present: IntArray
) -> tuple[FloatArray, FloatArray]:
    """Maps, and the values mixed by them."""
    batch, length, width = x.shape

    def split(name: str) -> FloatArray:
        y = _dense(x, layer, f"attention.self.{name}")
        return y.reshape(batch, length, heads, width // heads).transpose(0, 2, 1, 3)

    q, k = _rotated(split("query")), _rotated(split("key"))
    score = q @ k.transpose(0, 1, 3, 2) / np.sqrt(width // heads)
    score = np.where(present[:, None, None, :] > 0, score, -np.inf)
    maps = np.exp(score - score.max(-1, keepdims=True))
    maps /= maps.sum(-1, keepdims=True)
    return maps, (maps @ split("value")).transpose(0, 2, 1, 3).reshape(x.shape)


def _rotated(x: FloatArray) -> FloatArray:
    """Pairs (k, k + half) of states as complex numbers, turned by the place in the sequence."""
    half = x.shape[-1] // 2
    slowness = 10_000.0 ** (-np.arange(half) / half)
    turned = (x[..., :half] + 1j * x[..., half:]) * np.exp(
        1j * np.outer(np.arange(x.shape[2]), slowness)
    )
    return np.concatenate([turned.real, turned.imag], -1)


def _norm(x: FloatArray, arrays: Mapping[str, FloatArray], name: str) -> FloatArray:
    """Layer norm."""
    centred = x - x.mean(-1, keepdims=True)
    scaled = centred / np.sqrt(np.square(centred).mean(-1, keepdims=True) + 1e-5)
    return scaled * arrays[f"{name}.weight"] + arrays[f"{name}.bias"]


def _dense(x: FloatArray, arrays: Mapping[str, FloatArray], name: str) -> FloatArray:
    """Linear layer."""
    return x @ arrays[f"{name}.weight"].T + arrays[f"{name}.bias"]
