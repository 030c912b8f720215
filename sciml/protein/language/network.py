"""The language model of proteins in Paddle: a transformer with rotary positions, as ESM-2 is.

Source:
    Lin et al., Evolutionary-scale prediction of atomic-level protein structure, Science 379, 1123
    (2023). Rotary positions: Su et al., RoFormer (2021), arXiv:2104.09864.
"""

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np
import paddle
from paddle import Tensor, nn
from pydantic import PositiveInt, model_validator

from sciml.core.settings import Settings
from sciml.protein.language.tokens import MASK, TOKENS

LayerMaps = Callable[[int, Tensor], None]  # number of the layer, maps (sequence, head, from, to)

EPSILON = 1e-5  # of the norms
SHOWN = 1 - 0.15 * 0.8  # share of tokens that were not masked while ESM-2 was trained
_PERIOD = 10_000.0  # of the slowest rotation, tokens over 2π
_EMBEDDED = 0.3  # size of an embedding's components that are drawn


class LanguageModelSettings(Settings):
    """Size of the model."""

    layers: PositiveInt = 4
    heads: PositiveInt = 8
    width: PositiveInt = 160
    inner: PositiveInt = 640  # width inside the blocks without attention

    @model_validator(mode="after")
    def _divided(self) -> "LanguageModelSettings":
        if self.width % (2 * self.heads):
            raise ValueError(f"width {self.width} must be a multiple of 2 * heads {self.heads}")
        return self


class LanguageModel(nn.Layer):
    """Tokens in, logits of what stands at each place out."""

    def __init__(self, settings: LanguageModelSettings) -> None:
        super().__init__()
        self.settings = settings
        draw = nn.initializer.Normal(std=_EMBEDDED)
        self.embedding = self.create_parameter([TOKENS, settings.width], default_initializer=draw)
        self.blocks = nn.LayerList([Block(settings) for _ in range(settings.layers)])
        self.norm = nn.LayerNorm(settings.width, EPSILON)
        self.head = Head(settings.width)

    def forward(
        self, tokens: Tensor, present: Tensor | None = None, on_layer: LayerMaps | None = None
    ) -> Tensor:
        """Run the transformer.

        Args:
            tokens: See :func:`~sciml.protein.language.tokens.tokens_of`. Shape (sequence, token).
            present: 1 where a token is and 0 where a shorter sequence was padded, in the type of
                the weights; None: no padding. Shape (sequence, token).
            on_layer: Is handed the maps of each layer as soon as they are there; they are freed
                when it does not keep them.

        Returns:
            States after the last norm. Shape (sequence, token, width).
        """
        x = self._embedded(tokens, present)
        bias = None if present is None else (present - 1.0)[:, None, None, :] * 1e30
        turn = rotation(tokens.shape[1], self.settings.width, self.settings.heads)
        for number, block in enumerate(self.blocks):
            x = block(x, turn, bias, None if on_layer is None else _numbered(on_layer, number))
        return self.norm(x)

    def logits(self, states: Tensor) -> Tensor:
        """What stands there, as logits over tokens. Shapes (..., width) and (..., token)."""
        return self.head(states, self.embedding)

    def _embedded(self, tokens: Tensor, present: Tensor | None) -> Tensor:
        """Embeddings; masked ones are zero, and the others are scaled up for it, as in ESM-2."""
        shown = (tokens != MASK).astype(self.embedding.dtype)
        kept = shown if present is None else shown * present
        count = tokens.shape[1] if present is None else present.sum(-1, keepdim=True)
        masked = 1.0 - kept.sum(-1, keepdim=True) / count
        scale = kept * (SHOWN / (1.0 - masked))
        return nn.functional.embedding(tokens, self.embedding) * scale.unsqueeze(-1)


def _numbered(on_layer: LayerMaps, number: int) -> Callable[[Tensor], None]:
    return lambda maps: on_layer(number, maps)


@lru_cache(maxsize=64)
def rotation(length: int, width: int, heads: int) -> tuple[Tensor, Tensor]:
    """Cosine and sine by which states turn with their place in the sequence.

    Returns:
        Both of shape (token, width): each head has the same angles, those of the first half of
        its states again for the second.
    """
    size = width // heads
    slowness = _PERIOD ** (-np.arange(0, size, 2) / size)
    angle = np.outer(np.arange(length), np.tile(slowness, 2 * heads))
    cosine, sine = np.cos(angle).astype(np.float32), np.sin(angle).astype(np.float32)
    return paddle.to_tensor(cosine), paddle.to_tensor(sine)


class Block(nn.Layer):
    """Attention, then two dense layers, each added to the state."""

    def __init__(self, settings: LanguageModelSettings) -> None:
        super().__init__()
        width = settings.width
        self.norm, self.inner_norm = nn.LayerNorm(width, EPSILON), nn.LayerNorm(width, EPSILON)
        self.attention = Attention(settings)
        self.widen, self.narrow = dense(width, settings.inner), dense(settings.inner, width)

    def forward(
        self,
        x: Tensor,
        turn: tuple[Tensor, Tensor],
        bias: Tensor | None,
        on_maps: Callable[[Tensor], None] | None,
    ) -> Tensor:
        """Shape (sequence, token, width), in and out."""
        x = x + self.attention(self.norm(x), turn, bias, on_maps)
        return x + self.narrow(nn.functional.gelu(self.widen(self.inner_norm(x))))


class Attention(nn.Layer):
    """Heads of attention over the whole sequence, with rotary positions."""

    def __init__(self, settings: LanguageModelSettings) -> None:
        super().__init__()
        width = settings.width
        self.heads, self.size = settings.heads, width // settings.heads
        self.query, self.key, self.value, self.out = (dense(width, width) for _ in range(4))
        # A product with a constant matrix costs less than cutting and joining the last axis.
        self.register_buffer("quarter", _quarter_turn(self.size), persistable=False)

    def forward(
        self,
        x: Tensor,
        turn: tuple[Tensor, Tensor],
        bias: Tensor | None,
        on_maps: Callable[[Tensor], None] | None,
    ) -> Tensor:
        """Shape (sequence, token, width), in and out."""
        scale = 1 / math.sqrt(self.size)
        q = self._split(self._turned(self.query, x, turn) * scale)
        k, v = self._split(self._turned(self.key, x, turn)), self._split(self.value(x))
        score = paddle.matmul(q, k, transpose_y=True)  # (sequence, head, from, to)
        maps = nn.functional.softmax(score if bias is None else score + bias)
        if on_maps is not None:
            on_maps(maps)
        mixed = paddle.matmul(maps, v).transpose([0, 2, 1, 3])
        return self.out(mixed.reshape(x.shape))

    def _turned(self, layer: nn.Linear, x: Tensor, turn: tuple[Tensor, Tensor]) -> Tensor:
        """A projection, turned by the place of each token."""
        y = layer(x)
        ahead = paddle.matmul(y.reshape([-1, self.size]), self.quarter).reshape(y.shape)
        return y * turn[0] + ahead * turn[1]

    def _split(self, x: Tensor) -> Tensor:
        """Shape (sequence, head, token, state of a head)."""
        batch, length = x.shape[:2]
        return x.reshape([batch, length, self.heads, self.size]).transpose([0, 2, 1, 3])


def _quarter_turn(size: int) -> Tensor:
    """The matrix that turns each pair of states (first half, second half) of a head by 90°."""
    half = np.arange(size // 2)
    matrix = np.zeros((size, size), np.float32)
    matrix[half + size // 2, half] = -1.0
    matrix[half, half + size // 2] = 1.0
    return paddle.to_tensor(matrix)


class Head(nn.Layer):
    """From states to logits; the embedding is its last matrix."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.dense, self.norm = dense(width, width), nn.LayerNorm(width, EPSILON)
        self.bias = self.create_parameter([TOKENS], is_bias=True)

    def forward(self, states: Tensor, embedding: Tensor) -> Tensor:
        """Shapes (..., width) and (..., token)."""
        x = self.norm(nn.functional.gelu(self.dense(states)))
        return paddle.matmul(x, embedding, transpose_y=True) + self.bias


def dense(inputs: int, outputs: int) -> nn.Linear:
    """A linear layer that keeps the size of states of mean square one."""
    # With the 0.02 of large models a small one does not learn words with gaps for a long time.
    draw = nn.initializer.Normal(std=inputs**-0.5)
    return nn.Linear(inputs, outputs, weight_attr=paddle.ParamAttr(initializer=draw))
