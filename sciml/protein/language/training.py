"""Learning what stands at masked places of proteins.

Source:
    Devlin et al., BERT (2019), arXiv:1810.04805; shares as ESM-2 has them.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import paddle
from paddle import Tensor, nn

from sciml.core.axes import IntArray
from sciml.core.errors import BadInput
from sciml.protein.alphabet import LETTERS, Codes
from sciml.protein.language.corpus import BatchSettings, EqualLengths
from sciml.protein.language.network import LanguageModel
from sciml.protein.language.tokens import FIRST_LETTER, MASK
from sciml.training.feed import Batch, Feed, to_tensor
from sciml.training.fit import FitResult, FitSettings, Problem, fit

ASKED = 0.15  # share of letters that are to be told
_MASKED, _REPLACED = 0.8, 0.1  # of those; the others stay as they are


class Proteins(NamedTuple):
    """What is learnt, and what is not."""

    learnt: Sequence[Codes]
    validation: Sequence[Codes]  # none has a relative among those that are learnt


def train(
    model: LanguageModel,
    proteins: Proteins,
    batches: BatchSettings,
    settings: FitSettings,
    *,
    seed: int,
    folder: Path | None = None,
    recipe: Mapping[str, Any] | None = None,
) -> FitResult:
    """Train on some proteins and judge on others.

    Args:
        model: Its weights are where the training starts and ends.
        proteins: What is learnt, and what chooses the weights.
        batches: How proteins are cut; a step sees one batch, whatever ``batch_size`` says.
        settings: Epochs, optimiser, checkpoints.
        seed: Of masks and order.
        folder: See :func:`sciml.training.fit.fit`.
        recipe: See there.

    Returns:
        How it ended; the best validation has ``loss`` (nats per masked letter) and
        ``perplexity``.
    """
    feed = Feed(EqualLengths(proteins.learnt, batches, seed), 1, seed)
    held = held_out(proteins.validation, batches, seed)
    problem = Problem(model, masked_loss, feed, lambda layer: judged(layer, held))
    return fit(problem, settings, seed=seed, folder=folder, recipe=recipe)


def held_out(
    proteins: Sequence[Codes], batches: BatchSettings, seed: int
) -> list[tuple[IntArray, IntArray]]:
    """Proteins with letters masked once for all, to judge models by.

    Args:
        proteins: See :func:`sciml.protein.alphabet.encoded`.
        batches: How proteins are cut.
        seed: Of places and masks.

    Returns:
        For each batch with a masked letter see :func:`masked`.

    Raises:
        BadInput: if no letter is masked.
    """
    every = [masked(tokens, seed) for tokens in _batches(EqualLengths(proteins, batches, seed))]
    asked = [(seen, truth) for seen, truth in every if (truth >= 0).any()]
    if not asked:
        raise BadInput(
            f"validation: none of the letters of {len(proteins)} proteins is masked; give more or "
            "longer ones"
        )
    return asked


def masked_loss(model: nn.Layer, batch: Batch) -> Tensor:
    """Mean cross-entropy of letters that are masked anew at each call, nats."""
    tokens = batch["tokens"][0]
    letter = (tokens >= FIRST_LETTER) & (tokens < FIRST_LETTER + len(LETTERS))
    asked = (paddle.rand(tokens.shape) < ASKED) & letter
    kind = paddle.rand(tokens.shape)
    other = paddle.randint(FIRST_LETTER, FIRST_LETTER + len(LETTERS), tokens.shape)
    seen = paddle.where(asked & (kind < _MASKED), paddle.full_like(tokens, MASK), tokens)
    replaced = asked & (kind >= _MASKED) & (kind < _MASKED + _REPLACED)
    return _loss(model, paddle.where(replaced, other, seen), tokens, asked)


def _loss(model: nn.Layer, seen: Tensor, truth: Tensor, asked: Tensor) -> Tensor:
    """Mean cross-entropy at the places that are asked for; 0 where none is."""
    assert isinstance(model, LanguageModel)
    places = paddle.nonzero(asked.flatten()).flatten()
    states = model(seen).reshape([-1, model.settings.width])
    if not len(places):  # so it is now and then where a batch has a few letters
        return 0.0 * states.sum()
    logits = model.logits(paddle.gather(states, places))
    return nn.functional.cross_entropy(logits, paddle.gather(truth.flatten(), places))


def masked(tokens: IntArray, seed: int) -> tuple[IntArray, IntArray]:
    """Tokens with some of the letters masked, the same ones for the same seed, and what was there.

    Returns:
        Both of the shape of ``tokens``; the second is -1 where nothing is masked.
    """
    letter = (tokens >= FIRST_LETTER) & (tokens < FIRST_LETTER + len(LETTERS))
    asked = (np.random.default_rng(seed).random(tokens.shape) < ASKED) & letter
    return np.where(asked, MASK, tokens), np.where(asked, tokens, -1)


def judged(model: nn.Layer, held: Sequence[tuple[IntArray, IntArray]]) -> dict[str, float]:
    """Cross-entropy of masked letters, and its exponential.

    Args:
        model: The language model.
        held: See :func:`masked`.

    Returns:
        ``loss`` in nats and ``perplexity``: among how many equally likely letters the model is
        undecided.
    """
    total, count = 0.0, 0
    for seen, truth in held:
        asked = int((truth >= 0).sum())
        tensors = (to_tensor(seen), to_tensor(truth), paddle.to_tensor(truth >= 0))
        total += asked * float(_loss(model, *tensors))
        count += asked
    return {"loss": total / count, "perplexity": float(np.exp(total / count))}


def _batches(source: EqualLengths) -> list[IntArray]:
    return [source.gather(np.array([k]))["tokens"][0] for k in range(len(source))]
