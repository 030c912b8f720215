"""Processor time of neuraloperator's layer and network for ``benchmarks/weather_spectral.py``."""

import json
import statistics
import sys
import time
from collections.abc import Callable

import numpy as np
import torch
from neuralop.layers.spectral_convolution import SpectralConv
from neuralop.models import FNO

given = np.load(sys.argv[1], allow_pickle=False)
batch, lat, lon, width, depth, channels, *modes, rounds = (int(n) for n in given["sizes"])
torch.set_num_threads(1)
torch.manual_seed(0)


def timed(step: Callable[[], None]) -> float:
    """Median processor time, ms."""
    spent = []
    for _ in range(rounds + 2):  # the first two warm up
        started = time.process_time()
        step()
        spent.append(1e3 * (time.process_time() - started))
    return statistics.median(spent[2:])


def measured(layer: torch.nn.Module, fields: torch.Tensor) -> dict[str, float]:
    """Forward alone, and forward and backward of a mean square."""

    def forward() -> None:
        with torch.no_grad():
            layer(fields)

    def both() -> None:
        layer.zero_grad(set_to_none=True)
        inner.grad = None
        (layer(inner) ** 2).mean().backward()

    inner = fields.clone().requires_grad_(True)
    return {"forward": timed(forward), "forward and backward": timed(both)}


network = FNO(
    n_modes=tuple(modes),
    in_channels=channels,
    out_channels=channels,
    hidden_channels=width,
    n_layers=depth,
    lifting_channel_ratio=2,
    projection_channel_ratio=2,
    positional_embedding=None,
    use_channel_mlp=False,
    fno_skip="linear",
)
sides = {"Fourier layer": (SpectralConv(width, width, tuple(modes)), width)}
sides["FNO"] = (network, channels)
found = {
    f"{name}, {what}": spent
    for name, (layer, size) in sides.items()
    for what, spent in measured(layer, torch.randn(batch, size, lat, lon)).items()
}
print(json.dumps(found))
