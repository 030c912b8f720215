"""ESM-2 of the transformers package: what its maps of attention cost, and how far ours are off."""

import json
import os
import statistics
import sys
import time

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
import torch
from transformers import EsmConfig, EsmModel


def model_of(given: np.lib.npyio.NpzFile) -> EsmModel:
    """A model with the given weights."""
    weights = {k.removeprefix("weight:"): given[k] for k in given.files if k.startswith("weight:")}
    table = weights["embeddings.word_embeddings.weight"]
    config = EsmConfig(
        vocab_size=len(table),
        mask_token_id=32,
        pad_token_id=1,
        hidden_size=table.shape[1],
        num_hidden_layers=int(given["layers"]),
        num_attention_heads=int(given["heads"]),
        intermediate_size=len(weights["encoder.layer.0.intermediate.dense.weight"]),
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        max_position_embeddings=1026,
        layer_norm_eps=1e-5,
        position_embedding_type="rotary",
        token_dropout=True,
        emb_layer_norm_before=False,
        attn_implementation="eager",
    )
    model = EsmModel(config, add_pooling_layer=False).eval()
    tensors = {k: torch.from_numpy(v) for k, v in weights.items() if not k.startswith("lm_head")}
    found = model.load_state_dict(tensors, strict=False)
    assert not found.unexpected_keys, found.unexpected_keys
    return model


def deviation(model: EsmModel, given: np.lib.npyio.NpzFile) -> dict[str, float]:
    """The largest differences between its maps and states and ours, where tokens are."""
    tokens, present = given["tokens"], given["present"]
    out = model(torch.from_numpy(tokens), attention_mask=torch.from_numpy(present))
    pairs = present[:, None, :, None] * present[:, None, None, :]
    theirs = np.stack([one.numpy() for one in out.attentions])
    states = np.abs(out.last_hidden_state.numpy() - given["states"]) * present[..., None]
    gap = np.abs(theirs - given["maps"]) * pairs
    return {"maps": gap.max(), "states": states.max(), "largest": (theirs * pairs).max()}


def seconds(model: EsmModel, batch: int, length: int, rounds: int) -> float:
    """Processor time for each protein, the median."""
    draw = np.random.default_rng(0)
    tokens = draw.integers(4, 24, (batch, length + 2))
    tokens[:, 0], tokens[:, -1] = 0, 2
    seen, present = torch.from_numpy(tokens), torch.ones(tokens.shape, dtype=torch.int64)
    spent = []
    for _ in range(rounds + 2):
        started = time.process_time()
        model(seen, attention_mask=present)
        spent.append(time.process_time() - started)
    return statistics.median(spent[2:]) / batch


def main() -> None:
    """Measure and answer."""
    torch.set_num_threads(1)
    given = np.load(sys.argv[1], allow_pickle=False)
    model = model_of(given)
    model.config.output_attentions = True
    with torch.no_grad():
        answer = {k: float(v) for k, v in deviation(model, given).items()}
        rounds, length = int(given["rounds"]), int(given["length"])
        for batch in (1, 8):
            answer[f"batch of {batch}"] = seconds(model, batch, length, rounds)
    print(json.dumps(answer))


main()
