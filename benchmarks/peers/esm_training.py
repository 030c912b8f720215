"""Train a masked language model of proteins in torch, for ``benchmarks/protein_language.py``.

    python -I esm_training.py ARRAYS.npz WEIGHTS.safetensors [--seconds 500] [--compile]

The architecture is that of ``sciml.protein.language.network``, the tensors have the names and axes
of published files. Many times over all proteins is a matter of minutes for a graphics card and far
too long for a core; what the project installs of Paddle is for the processor, and torch is what
such machines have. The rate falls along a cosine to the end of the given time.
"""

import argparse
import json
import math
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save_file
from torch import Tensor, nn
from torch.nn import functional

FIRST_LETTER, LETTERS, MASK, TOKENS = 4, 20, 32, 33
EPSILON = 1e-5  # of the norms
ASKED, MASKED, REPLACED = 0.15, 0.8, 0.1  # shares, as of ESM-2
SHOWN = 1 - ASKED * MASKED
SLOWEST = 10_000.0  # rotation, tokens over 2π
EMBEDDED = 0.3  # size of an embedding's components that are drawn
LONGEST = 512  # tokens of a protein that are seen at once
RARER = 0.25  # a family of n proteins counts as n to the power of one less this
CLIP, DECAY, BETAS, WARM = 1.0, 0.05, (0.9, 0.98), 500  # of gradients, of AdamW, and steps
LAST = 0.02  # of the rate, at the end
TOLD = 20.0  # s between two judgements


def dense(inner: int, outer: int) -> nn.Linear:
    """A matrix drawn to keep sizes."""
    layer = nn.Linear(inner, outer)
    nn.init.normal_(layer.weight, std=inner**-0.5)
    nn.init.zeros_(layer.bias)
    return layer


def rotation(length: int, size: int, device: str) -> tuple[Tensor, Tensor]:
    """Cosines and sines of rotary positions, (place, component)."""
    slow = SLOWEST ** (-torch.arange(0, size, 2, device=device) / size)
    angle = torch.outer(torch.arange(length, device=device, dtype=torch.float32), slow.repeat(2))
    return angle.cos(), angle.sin()


class Block(nn.Module):
    """Attention, then two dense layers, each added to what came in."""

    def __init__(self, width: int, heads: int, inner: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm, self.inner_norm = (nn.LayerNorm(width, EPSILON) for _ in range(2))
        self.mixed, self.out = dense(width, 3 * width), dense(width, width)
        self.widen, self.narrow = dense(width, inner), dense(inner, width)

    def forward(self, x: Tensor, turn: tuple[Tensor, Tensor]) -> Tensor:
        """States in and out, (protein, place, width)."""
        x = x + self._attended(self.norm(x), turn)
        return x + self.narrow(functional.gelu(self.widen(self.inner_norm(x))))

    def _attended(self, x: Tensor, turn: tuple[Tensor, Tensor]) -> Tensor:
        shape = (*x.shape[:2], 3, self.heads, -1)
        query, key, value = self.mixed(x).view(shape).unbind(2)
        both = torch.stack([query, key])
        half = both.shape[-1] // 2
        ahead = torch.cat([-both[..., half:], both[..., :half]], -1)
        cosine, sine = (one[:, None] for one in turn)
        both = (both * cosine + ahead * sine).to(value.dtype)
        query, key, value = (one.transpose(1, 2) for one in (both[0], both[1], value))
        found = functional.scaled_dot_product_attention(query, key, value)
        return self.out(found.transpose(1, 2).flatten(2))


class Model(nn.Module):
    """Tokens in, logits at some places out."""

    def __init__(self, layers: int, heads: int, width: int, inner: int) -> None:
        super().__init__()
        self.heads = heads
        self.embedding = nn.Parameter(torch.randn(TOKENS, width) * EMBEDDED)
        self.blocks = nn.ModuleList([Block(width, heads, inner) for _ in range(layers)])
        self.norm, self.head_norm = (nn.LayerNorm(width, EPSILON) for _ in range(2))
        self.dense, self.bias = dense(width, width), nn.Parameter(torch.zeros(TOKENS))

    def forward(self, tokens: Tensor, places: Tensor) -> Tensor:
        """Logits of what stands at places of the flattened tokens, (place, token)."""
        shown = (tokens != MASK).float()
        scale = shown * (SHOWN / shown.mean(-1, keepdim=True).clamp_min(1e-3))
        x = functional.embedding(tokens, self.embedding) * scale.unsqueeze(-1)
        turn = rotation(tokens.shape[1], x.shape[-1] // self.heads, str(tokens.device))
        for block in self.blocks:
            x = block(x, turn)
        x = self.norm(x).flatten(0, 1)[places]
        return self.head_norm(functional.gelu(self.dense(x))) @ self.embedding.t() + self.bias


def published(model: Model) -> dict[str, np.ndarray]:
    """The weights in half precision, named as in published files."""
    found = {"embeddings.word_embeddings.weight": model.embedding, "lm_head.bias": model.bias}
    layers: dict[str, nn.Module] = {
        "encoder.emb_layer_norm_after": model.norm,
        "lm_head.dense": model.dense,
        "lm_head.layer_norm": model.head_norm,
    }
    for number, block in enumerate(model.blocks):
        prefix = f"encoder.layer.{number}."
        for kind in ("weight", "bias"):
            parts = getattr(block.mixed, kind).chunk(3)
            for name, part in zip(("query", "key", "value"), parts, strict=True):
                found[f"{prefix}attention.self.{name}.{kind}"] = part
        layers |= {
            f"{prefix}attention.output.dense": block.out,
            f"{prefix}attention.LayerNorm": block.norm,
            f"{prefix}LayerNorm": block.inner_norm,
            f"{prefix}intermediate.dense": block.widen,
            f"{prefix}output.dense": block.narrow,
        }
    for name, layer in layers.items():
        found |= {f"{name}.weight": layer.weight, f"{name}.bias": layer.bias}
    halves = {name: one.detach().half().cpu().numpy() for name, one in found.items()}
    return {name: np.ascontiguousarray(one) for name, one in halves.items()}


class Windows:
    """Proteins, or windows of longer ones, in batches of equal length, drawn anew each time."""

    def __init__(
        self, tokens: np.ndarray, first: np.ndarray, rate: np.ndarray, device: str
    ) -> None:
        """Put the tokens where they are needed.

        Args:
            tokens: Of all proteins, one after the other.
            first: Where each starts, and where the last one ends.
            rate: How often each is drawn.
            device: Where batches are wanted.
        """
        self.tokens = torch.tensor(tokens, device=device)
        self.first, self.length = first[:-1], np.diff(first)
        self.times = np.maximum(self.length / LONGEST, 1.0) * rate

    def batches(self, size: int, draw: np.random.Generator) -> Iterator[Tensor]:
        """All proteins once, so many tokens at a time; lengths are cut to multiples of 16."""
        number = np.floor(self.times + draw.random(len(self.times))).astype(int)
        chosen = draw.permutation(np.repeat(np.arange(len(number)), number))
        length = np.minimum(self.length[chosen], LONGEST)
        length = np.where(length >= 32, length // 16 * 16, length)
        spare = self.length[chosen] - length + 1
        start = self.first[chosen] + np.floor(draw.random(len(chosen)) * spare).astype(int)
        found: list[tuple[int, np.ndarray]] = []
        for one in np.unique(length):
            mine, rows = start[length == one], max(size // one, 1)
            found += [(int(one), mine[k : k + rows]) for k in range(0, len(mine), rows)]
        for place in draw.permutation(len(found)):
            one, mine = found[place]
            where = torch.as_tensor(mine, device=self.tokens.device)
            steps = torch.arange(one, device=self.tokens.device)
            yield self.tokens[where[:, None] + steps].long()


def asked(tokens: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Places that are to be told, what stands there, and which of them are letters.

    Their number does not depend on the tokens, so that the device is never waited for.
    """
    letter = (tokens >= FIRST_LETTER) & (tokens < FIRST_LETTER + LETTERS)
    score = torch.where(letter, torch.rand(tokens.shape, device=tokens.device), -1.0)
    count = max(int(ASKED * tokens.numel()), 1)
    score, places = score.flatten().topk(count, sorted=False)
    return places, tokens.flatten()[places], score >= 0


def seen(tokens: Tensor, places: Tensor, truth: Tensor) -> Tensor:
    """Tokens with most of the places masked, some replaced and some as they are."""
    kind = torch.rand(places.shape, device=places.device)
    other = torch.randint(FIRST_LETTER, FIRST_LETTER + LETTERS, places.shape, device=places.device)
    new = torch.where(kind < MASKED + REPLACED, other, truth).where(kind >= MASKED, MASK)
    return tokens.flatten().index_copy(0, places, new).view_as(tokens)


def optimiser_of(model: Model, rate: float) -> torch.optim.AdamW:
    """AdamW; matrices decay, the embedding, biases and norms do not."""
    decayed = [p for name, p in model.named_parameters() if p.ndim == 2 and name != "embedding"]
    others = [p for name, p in model.named_parameters() if p.ndim < 2 or name == "embedding"]
    parts = [{"params": decayed, "weight_decay": DECAY}, {"params": others, "weight_decay": 0.0}]
    fused = others[0].device.type == "cuda"
    return torch.optim.AdamW(parts, lr=rate, betas=BETAS, fused=fused)


class Training:
    """A model, what it learns from and what it is judged by."""

    def __init__(self, given: np.lib.npyio.NpzFile, chosen: argparse.Namespace) -> None:
        self.chosen, self.device = chosen, "cuda" if torch.cuda.is_available() else "cpu"
        torch.set_float32_matmul_precision("high")
        family = given["families"]
        rate = np.bincount(family)[family] ** -RARER
        self.learnt = Windows(given["tokens"], given["first"], rate, self.device)
        self.held = self._held(given)
        torch.manual_seed(chosen.seed)
        sizes = (int(given[name]) for name in ("layers", "heads", "width", "inner"))
        self.model = Model(*sizes).to(self.device)
        self.optimiser = optimiser_of(self.model, chosen.rate)
        self.steps = self.tokens = 0
        self.log: list[dict[str, float]] = []
        if chosen.compile:
            for block in self.model.blocks:
                block.compile(dynamic=True)

    def _held(self, given: np.lib.npyio.NpzFile) -> list[tuple[Tensor, Tensor, Tensor]]:
        """Windows of other proteins with letters masked once for all."""
        torch.manual_seed(0)
        rate = np.ones(len(given["held_first"]) - 1)
        source = Windows(given["held_tokens"], given["held_first"], rate, self.device)
        found = []
        for tokens in source.batches(self.chosen.tokens, np.random.default_rng(0)):
            places, truth, letters = asked(tokens)
            places, truth = places[letters], truth[letters]
            hidden = tokens.flatten().index_fill(0, places, MASK).view_as(tokens)
            found.append((hidden, places, truth))
        return found

    def judged(self) -> float:
        """Mean cross-entropy of the masked letters of proteins it does not learn, nats."""
        total = count = 0.0
        with torch.no_grad(), torch.autocast(self.device, torch.bfloat16):
            for hidden, places, truth in self.held:
                logits = self.model(hidden, places).float()
                total += functional.cross_entropy(logits, truth, reduction="sum").item()
                count += len(places)
        return total / count

    def step(self, tokens: Tensor, done: float) -> None:
        """One step, when a share of the time is over."""
        fall = (1 - LAST) * 0.5 * (1 + math.cos(math.pi * done)) + LAST
        for part in self.optimiser.param_groups:
            part["lr"] = self.chosen.rate * min(1.0, (self.steps + 1) / WARM) * fall
        places, truth, letters = asked(tokens)
        with torch.autocast(self.device, torch.bfloat16):
            logits = self.model(seen(tokens, places, truth), places)
        losses = functional.cross_entropy(logits.float(), truth, reduction="none") * letters
        self.optimiser.zero_grad(set_to_none=True)
        (losses.sum() / (ASKED * self.chosen.tokens)).backward()  # a small batch counts for less
        nn.utils.clip_grad_norm_(self.model.parameters(), CLIP)
        self.optimiser.step()
        self.steps += 1
        self.tokens += tokens.numel()

    def run(self, weights: Path) -> None:
        """Learn for the given time, and leave the weights of every judgement."""
        draw, began, told, epoch = np.random.default_rng(self.chosen.seed), time.time(), 0.0, 0
        while time.time() - began < self.chosen.seconds:
            for tokens in self.learnt.batches(self.chosen.tokens, draw):
                spent = time.time() - began
                if spent >= self.chosen.seconds:
                    break
                self.step(tokens, spent / self.chosen.seconds)
                if spent - told > TOLD:
                    told = spent
                    self.leave(weights, spent, epoch)
            epoch += 1
        self.leave(weights, time.time() - began, epoch)

    def leave(self, weights: Path, spent: float, epoch: int) -> None:
        """Judge, tell and save."""
        loss = self.judged()
        line = {"seconds": spent, "steps": self.steps, "tokens": self.tokens, "epoch": epoch}
        self.log.append(line | {"loss": loss})
        print(json.dumps(self.log[-1] | {"perplexity": math.exp(loss)}), flush=True)
        save_file(published(self.model), weights, {"heads": str(self.model.heads)})
        device = torch.cuda.get_device_name() if self.device == "cuda" else "cpu"
        chosen = {k: v for k, v in vars(self.chosen).items() if not isinstance(v, Path)}
        account = {"device": device, "torch": torch.__version__, "settings": chosen}
        text = json.dumps(account | {"log": self.log}, indent=1)
        weights.with_suffix(".json").write_text(text + "\n", encoding="utf-8")


def main() -> None:
    """Train and say how it goes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("arrays", type=Path)
    parser.add_argument("weights", type=Path)
    parser.add_argument("--seconds", type=float, default=500.0)
    parser.add_argument("--rate", type=float, default=0.002)
    parser.add_argument("--tokens", type=int, default=49_152, help="of a batch")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--compile", action="store_true", help="the blocks, half a minute")
    chosen = parser.parse_args()
    Training(np.load(chosen.arrays, allow_pickle=False), chosen).run(chosen.weights)


main()
