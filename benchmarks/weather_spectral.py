"""What a Fourier layer and a Fourier neural operator cost, ours and those of other packages.

PaddleScience runs in this process, in turns with ours; neuraloperator, on torch, in an
environment of its own (``make peers-fno``). Processor time on one thread; the median counts.
Both networks have a map of two layers into and out of their width, and the same waves up to the
shortest, of which PaddleScience and neuraloperator leave out one sign.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import sciml  # noqa: F401 - makes the process settings, which must precede Paddle

# isort: split
import numpy as np
import paddle
from paddle import Tensor, nn
from peers import peer
from reporting import Row, report

from sciml.nn.fields import Pointwise, parameter_count
from sciml.nn.ppsci import fourier_baseline, spectral_baseline
from sciml.nn.spectral import FourierBody, FourierLayer, FourierSettings

GRIDS = {(17, 33): (16, 16), (64, 128): (32, 32)}  # lat, lon: waves of both signs along each
BATCH, WIDTH, DEPTH, CHANNELS = 4, 32, 4, 8
BAR = 1.0  # of the time of neuraloperator

Step = Callable[[], None]
Times = dict[str, float]  # by what was timed, ms


class Ours(nn.Layer):
    """Our backbone between the maps that the others have. Shape (batch, channel, lat, lon)."""

    def __init__(self, highest: tuple[int, int]) -> None:
        super().__init__()
        settings = FourierSettings(width=WIDTH, depth=DEPTH, highest=highest, margin=(0, 0))
        self.layers = nn.Sequential(
            Pointwise(CHANNELS, 2 * WIDTH),
            nn.GELU(),
            Pointwise(2 * WIDTH, WIDTH),
            FourierBody(settings),
            Pointwise(WIDTH, 2 * WIDTH),
            nn.GELU(),
            Pointwise(2 * WIDTH, CHANNELS),
        )

    def forward(self, fields: Tensor) -> Tensor:
        """Channels go last inside."""
        return self.layers(fields.transpose([0, 2, 3, 1])).transpose([0, 3, 1, 2])


def steps(layer: nn.Layer, shape: list[int]) -> dict[str, Step]:
    """Forward alone, and forward and backward of a mean square."""
    fields = paddle.randn(shape)
    inner = fields.detach()
    inner.stop_gradient = False  # a layer in a network passes its gradient on

    def forward() -> None:
        with paddle.no_grad():
            layer(fields)

    def both() -> None:
        paddle.square(layer(inner)).mean().backward()
        layer.clear_gradients()
        inner.clear_gradient()

    return {"forward": forward, "forward and backward": both}


def timed(step: Step) -> float:
    """Processor time, ms."""
    started = time.process_time()
    step()
    return 1e3 * (time.process_time() - started)


def compared(sides: dict[str, dict[str, Step]], rounds: int) -> dict[str, Times]:
    """Median times of all sides, which take turns."""
    found: dict[tuple[str, str], list[float]] = {}
    for number in range(rounds + 2):  # the first two warm up
        for side, each in sides.items():
            for what, step in each.items():
                spent = timed(step)
                if number >= 2:
                    found.setdefault((side, what), []).append(spent)
    return {
        side: {what: statistics.median(found[side, what]) for what in each}
        for side, each in sides.items()
    }


def of_grid(grid: tuple[int, int], rounds: int) -> list[Row]:
    """The rows of one grid."""
    modes = GRIDS[grid]
    highest = (modes[0] // 2, modes[1] // 2)
    paddle.seed(0)
    network, baseline = Ours(highest), fourier_baseline(CHANNELS, CHANNELS, WIDTH, DEPTH, modes)
    layers = {
        "ours": steps(FourierLayer(WIDTH, WIDTH, highest), [BATCH, *grid, WIDTH]),
        "ppsci": steps(spectral_baseline(WIDTH, modes), [BATCH, WIDTH, *grid]),
    }
    networks = {
        "ours": steps(network, [BATCH, CHANNELS, *grid]),
        "ppsci": steps(baseline, [BATCH, CHANNELS, *grid]),
    }
    sizes = np.array([BATCH, *grid, WIDTH, DEPTH, CHANNELS, *modes, rounds])
    torch = peer("fourier_operator", "fno", sizes=sizes)
    rows: list[Row] = []
    for name, sides in (("Fourier layer", layers), ("FNO", networks)):
        times = compared(sides, rounds)
        for what, ours in times["ours"].items():
            case = f"{name}, {what}, {grid[0]}x{grid[1]}"
            rows.append(Row(f"{case}; peer: ppsci", ours, "ms", peer=times["ppsci"][what]))
            theirs = torch.get(f"{name}, {what}")
            ratio = ours / theirs if theirs else None
            rows.append(Row(f"{case}, over neuraloperator", ratio, "1", BAR, peer=theirs))
    counts = (parameter_count(network), parameter_count(baseline))
    rows.append(Row(f"FNO, learnt numbers, {grid[0]}x{grid[1]}", counts[0], "1", peer=counts[1]))
    return rows


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    rows = [row for grid in GRIDS for row in of_grid(grid, rounds)]
    report(f"spectral layers, batch {BATCH}, width {WIDTH}, {rounds} rounds, one thread", rows)


if __name__ == "__main__":
    main()
