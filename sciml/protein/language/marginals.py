"""Which letters a language model expects at the residues of a protein, and how sure it is.

Source:
    Meier et al., Language models enable zero-shot prediction of the effects of mutations on protein
    function, NeurIPS (2021): masked marginals, of which several residues far apart are hidden here
    at once.
"""

from typing import Final

import numpy as np
import paddle
from numpy.typing import NDArray
from paddle import Tensor

from sciml.core.axes import FloatArray
from sciml.core.errors import BadInput
from sciml.protein.alphabet import LETTERS, Codes
from sciml.protein.language.network import LanguageModel
from sciml.protein.language.tokens import FIRST_LETTER, MASK, tokens_of
from sciml.training.feed import to_tensor

APART: Final = 8  # residues that are hidden at once

Chances = NDArray[np.float32]


def masked_marginals(model: LanguageModel, codes: Codes, apart: int = APART) -> Chances:
    """What the model expects at each residue when it does not see it.

    Args:
        model: The language model.
        codes: See :func:`sciml.protein.alphabet.encoded`. Shape (residue,).
        apart: Every so many-th residue is hidden at once; so often is the protein read.

    Returns:
        Probabilities over :data:`sciml.protein.alphabet.LETTERS`. Shape (residue, 20).

    Raises:
        BadInput: if there is no residue, or ``apart`` is below 1.
    """
    if len(codes) == 0 or apart < 1:
        raise BadInput(
            f"language model: {len(codes)} residues, every {apart}th hidden: expected one or more "
            "of both; leave empty proteins out"
        )
    model.eval()
    found = np.empty((len(codes), len(LETTERS)), np.float32)
    with paddle.no_grad():
        for start in range(min(apart, len(codes))):
            tokens = tokens_of(codes)
            tokens[1 + start : -1 : apart] = MASK
            states = model(to_tensor(tokens[None]))[0]
            found[start::apart] = _chances(model, states[1 + start : -1 : apart])
    return found


def information(chances: Chances, usual: FloatArray) -> FloatArray:
    """How far what is expected at each residue is from what is usual, the relative entropy.

    Args:
        chances: See :func:`masked_marginals`. Shape (residue, 20).
        usual: Shares of the letters in natural proteins. Shape (20,).

    Returns:
        Bits. Shape (residue,).
    """
    wide = np.maximum(chances.astype(np.float64), np.finfo(np.float32).tiny)
    return (wide * np.log2(wide / usual)).sum(1)


def _chances(model: LanguageModel, states: Tensor) -> Chances:
    """Probabilities of letters from states."""
    logits = model.logits(states).numpy()[:, FIRST_LETTER : FIRST_LETTER + len(LETTERS)]
    weights = np.exp(logits - logits.max(1, keepdims=True))
    return weights / weights.sum(1, keepdims=True)
