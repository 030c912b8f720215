"""The language model: whether its maps of attention are right, what they cost, what ours knows.

The peer is the model of the transformers package on torch (``make peers-esm``), with the same
weights: random ones, sharpened so that attention is not flat. Processor time on one thread,
proteins of 300 residues; ours one by one, torch one by one and in batches of eight, of which the
cheaper counts. What our own weights know of natural proteins is read from the record of
``protein/language-natural``; ``--train`` makes the weights anew, in torch and on a graphics card
(``peers/esm_training.py``), and the record.
"""

import sciml  # noqa: F401 - makes the process settings, which must precede Paddle

# isort: split
import argparse
import shutil
import statistics
import subprocess
import sys
import time
from typing import Any

import numpy as np
import paddle
from numpy.typing import NDArray
from peers import ROOT, environment, peer, python_of
from reporting import Row, report

from sciml.protein.language.maps import attention
from sciml.protein.language.network import LanguageModel, LanguageModelSettings
from sciml.protein.language.reference import read_tokens
from sciml.protein.language.tokens import END, FIRST_LETTER, MASK, PAD, START, tokens_of
from sciml.protein.language.weights import load_model, published_arrays, save_weights
from sciml.protein.language_tasks import WEIGHTS_FILE, CorpusData, LanguageRecipe, proteins_of
from sciml.protein.relatives import families
from sciml.training.recipe import read_recipe
from sciml.training.record import read_record
from sciml.training.run import record_folder

OURS = "protein/language-natural"
ACCOUNT = ROOT / "benchmarks" / "records" / "protein_language.json"  # of the training
SHAPES = {
    "t6_8M": LanguageModelSettings(layers=6, heads=20, width=320, inner=1280),
    "our own": LanguageModelSettings(layers=8, heads=12, width=192, inner=768),
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


def learnt() -> list[Row]:
    """What the published weights know of proteins that have no relative in what they learnt."""
    told = read_record(record_folder(OURS))["metrics"]
    letters = told["letters_alone_perplexity"]
    size = (record_folder(OURS) / WEIGHTS_FILE).stat().st_size / 1e6
    return [
        Row("perplexity of natural proteins, our own; peer letters alone",
            told["validation_perplexity"], "", peer=letters),
        Row("parameters, our own", told["parameters"] / 1e6, "M", 8.0),
        Row("weights in half precision, our own", size, "MB", 8.0),
    ]  # fmt: skip


def train() -> None:
    """Make our own weights and their record anew."""
    python, work = python_of("esm"), ROOT / "build" / "protein_language"
    if python is None:
        sys.exit(f"no torch to train with: `make {environment('esm')}` builds what it needs")
    work.mkdir(parents=True, exist_ok=True)
    arrays, weights = work / "arrays.npz", work / "weights.safetensors"
    np.savez(arrays, **arrays_to_learn_from())  # pyright: ignore[reportArgumentType]
    script = ROOT / "benchmarks" / "peers" / "esm_training.py"
    options = ["--seconds", "500", "--compile"]
    subprocess.run([python, "-I", script, arrays, weights, *options], check=True)
    shutil.copyfile(weights.with_suffix(".json"), ACCOUNT)
    recipe = ROOT / "recipes" / f"{OURS}.yaml"
    about = {"licence": read_recipe(recipe, LanguageRecipe).licence or ""}
    save_weights(record_folder(OURS) / WEIGHTS_FILE, load_model(weights), about)
    command = [sys.executable, "-m", "sciml", "run", recipe, "--fresh", "--publish"]
    subprocess.run(command, check=True)


def arrays_to_learn_from() -> dict[str, NDArray[Any]]:
    """Tokens of the corpus, without relatives of what judges, and the sizes of the model."""
    proteins, _ = proteins_of(CorpusData(), seed=1)
    found = {k: np.array(v) for k, v in SHAPES["our own"].model_dump().items()}
    for prefix, part in (("", proteins.learnt), ("held_", proteins.validation)):
        tokens = [tokens_of(one).astype(np.uint8) for one in part]
        found[f"{prefix}tokens"] = np.concatenate(tokens)
        found[f"{prefix}first"] = np.cumsum([0, *map(len, tokens)])
    return found | {"families": families(proteins.learnt)}


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--train", action="store_true", help="make our own weights anew")
    asked = parser.parse_args()
    if asked.train:
        train()
    rows = [row for name in SHAPES for row in measured(name, asked.rounds)] + learnt()
    report("Language model of proteins; peer: transformers on torch", rows)


if __name__ == "__main__":
    main()
