"""Maps of attention, layer by layer: handed over as soon as they are there, then freed."""

from collections.abc import Callable

import numpy as np
import paddle
from numpy.typing import NDArray

from sciml.core.errors import BadInput
from sciml.protein.alphabet import Codes
from sciml.protein.language.network import LanguageModel
from sciml.protein.language.tokens import tokens_of
from sciml.training.feed import to_tensor

Maps = NDArray[np.float32]
OnLayer = Callable[[int, Maps], None]


def attention(model: LanguageModel, codes: Codes, on_layer: OnLayer) -> NDArray[np.float32]:
    """Read one protein and hand over its maps.

    Each protein is run on its own, so that there is nothing to pad and no more than the maps of
    one layer are in memory: 4 bytes times heads times the square of the length.

    Args:
        model: The language model.
        codes: See :func:`sciml.protein.alphabet.encoded`. Shape (residue,).
        on_layer: Called with the number of each layer and its maps, shape (head, token, token):
            how much the first token takes from the second; the first and the last token are the
            start and the end. What it does not copy is gone after the call.

    Returns:
        States of the residues after the last norm. Shape (residue, width).

    Raises:
        BadInput: if there is no residue.
    """
    if len(codes) == 0:
        raise BadInput("language model: a protein without residues; leave it out")
    model.eval()
    with paddle.no_grad():
        tokens = to_tensor(tokens_of(codes)[None])
        states = model(tokens, on_layer=lambda number, maps: on_layer(number, maps[0].numpy()))
    return states[0].numpy()[1:-1]


def all_maps(model: LanguageModel, codes: Codes) -> Maps:
    """The maps of all layers of one protein, for a look at them.

    Args:
        model: The language model.
        codes: See :func:`sciml.protein.alphabet.encoded`. Shape (residue,).

    Returns:
        Shape (layer, head, residue, residue), without start and end.
    """
    found: list[Maps] = []
    attention(model, codes, lambda _, maps: found.append(maps[:, 1:-1, 1:-1].copy()))
    return np.stack(found)
