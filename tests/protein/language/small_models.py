"""Small language models with sharp attention, and tokens for them."""

import numpy as np
import paddle

from sciml.core.axes import IntArray
from sciml.protein.language.network import LanguageModel, LanguageModelSettings
from sciml.protein.language.tokens import END, FIRST_LETTER, MASK, PAD, START

SMALL = LanguageModelSettings(layers=2, heads=2, width=16, inner=24)


def small_model(seed: int) -> LanguageModel:
    """A model whose attention is not flat."""
    paddle.seed(seed)
    model = LanguageModel(SMALL)
    for weight in model.parameters():
        if weight.ndim == 2:
            weight.set_value(weight * 1.2)
    model.eval()
    return model


def tokens_and_padding(seed: int, lengths: tuple[int, ...]) -> tuple[IntArray, IntArray]:
    """Random proteins, the first with a masked letter, and 1 where a token is."""
    draw = np.random.default_rng(seed)
    tokens = np.full((len(lengths), max(lengths) + 2), PAD)
    for row, count in zip(tokens, lengths, strict=True):
        row[0], row[count + 1] = START, END
        row[1 : count + 1] = draw.integers(FIRST_LETTER, FIRST_LETTER + 20, count)
    tokens[0, 2] = MASK
    return tokens, (tokens != PAD).astype(np.int64)
