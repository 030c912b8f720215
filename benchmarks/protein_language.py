"""Maps of attention from ESM-2 in Paddle: whether they are right, and what they cost.

The peer is the model of the transformers package on torch (``make peers-esm``), with the same
weights: random ones, sharpened so that attention is not flat. Processor time on one thread,
proteins of 300 residues; ours one by one, torch one by one and in batches of eight, of which the
cheaper counts.
"""

import sciml  # noqa: F401 - makes the process settings, which must precede Paddle

# isort: split
import argparse
import statistics
import time
from typing import Any

import numpy as np
import paddle
from numpy.typing import NDArray
from peers import peer
from reporting import Row, report

from sciml.protein.language.maps import attention
from sciml.protein.language.network import LanguageModel, LanguageModelSettings
from sciml.protein.language.reference import read_tokens
from sciml.protein.language.tokens import END, FIRST_LETTER, MASK, PAD, START
from sciml.protein.language.weights import published_arrays

SHAPES = {
    "t6_8M": LanguageModelSettings(layers=6, heads=20, width=320, inner=1280),
    "our own": LanguageModelSettings(),
}
SPREAD = 0.06  # of weights: three times that of ESM-2 before training
LENGTH = 300
RAGGED = (60, 45, 33)  # residues


def random_model(settings: LanguageModelSettings) -> LanguageModel:
    """Random weights, so large that attention is not flat."""
    paddle.seed(0)
    model = LanguageModel(settings)
    for weight in model.parameters():
        if weight.ndim == 2:
            weight.set_value(paddle.normal(std=SPREAD, shape=weight.shape))
    model.eval()
    return model


def ragged() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Tokens of proteins of different lengths, one letter masked, and where they are."""
    draw, longest = np.random.default_rng(0), max(RAGGED) + 2
    tokens = np.full((len(RAGGED), longest), PAD)
    for row, count in zip(tokens, RAGGED, strict=True):
        row[0], row[count + 1] = START, END
        row[1 : count + 1] = draw.integers(FIRST_LETTER, FIRST_LETTER + 20, count)
    tokens[0, 7] = MASK
    return tokens, (tokens != PAD).astype(np.int64)


def ours(model: LanguageModel, rounds: int) -> float:
    """Processor time for a protein, the median."""
    codes = np.random.default_rng(0).integers(0, 20, LENGTH).astype(np.uint8)
    spent = []
    for _ in range(rounds + 2):
        started = time.process_time()
        attention(model, codes, lambda _, __: None)
        spent.append(time.process_time() - started)
    return statistics.median(spent[2:])


def measured(name: str, rounds: int) -> list[Row]:
    """Rows of one size of model."""
    model = random_model(SHAPES[name])
    arrays = published_arrays(model)
    tokens, present = ragged()
    maps: list[NDArray[Any]] = []
    with paddle.no_grad():
        shown = paddle.to_tensor(present.astype(np.float32))
        states = model(paddle.to_tensor(tokens), shown, lambda _, one: maps.append(one.numpy()))
    exact = read_tokens(arrays, model.settings.heads, tokens, present)
    pairs = present[:, None, :, None] * present[:, None, None, :]
    gap = max(float(np.abs((a - b) * pairs).max()) for a, b in zip(maps, exact.maps, strict=True))
    given = {
        "layers": np.array(model.settings.layers),
        "heads": np.array(model.settings.heads),
        "tokens": tokens,
        "present": present,
        "maps": np.stack(maps),
        "states": states.numpy(),
        "rounds": np.array(rounds),
        "length": np.array(LENGTH),
    }
    spent = ours(model, rounds)
    told = peer("esm_torch", "esm", **given, **{f"weight:{k}": v for k, v in arrays.items()})
    theirs = min((told[k] for k in told if k.startswith("batch")), default=None)
    ratio = None if theirs is None else spent / theirs
    return [
        Row(f"maps against NumPy in double precision, {name}", gap, "", 1e-5),
        Row(f"maps against torch, {name}", told.get("maps"), "", 1e-5),
        Row(f"largest entry of those maps, {name}", told.get("largest"), ""),
        Row(f"forward with attention maps, {name}, 1 thread", spent, "s", peer=theirs),
        Row(f"forward with attention maps, {name}, 1 thread, over torch eager", ratio, "", 1.0),
    ]


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    asked = parser.parse_args()
    rows = [row for name in SHAPES for row in measured(name, asked.rounds)]
    report("Language model of proteins; peer: transformers on torch", rows)


if __name__ == "__main__":
    main()
