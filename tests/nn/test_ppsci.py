"""PaddleScience's solver and our loop are the same training, and its door is the only one."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import paddle
import pytest
from paddle import nn

from sciml.core.errors import BadInput
from sciml.nn.ppsci import (
    TensorLayer,
    fourier_baseline,
    identity_spectral_layer,
    load_ppsci,
    solve,
)
from sciml.training.feed import Arrays, Feed
from sciml.training.fit import FitSettings, Problem, fit
from sciml.training.optimiser import OptimiserSettings, layer_arrays, load_layer

BATCH, STEPS, RATE = 16, 25, 1e-2
RNG = np.random.default_rng(0)
POINTS = RNG.uniform(-1, 1, (BATCH * STEPS, 2)).astype(np.float32)
VALUES = (np.sin(2 * POINTS[:, :1]) * POINTS[:, 1:]).astype(np.float32)

pytestmark = pytest.mark.filterwarnings("default")  # PaddleScience warns while it is imported


def made() -> nn.Layer:
    return load_ppsci().arch.MLP(("x", "y"), ("u",), 2, 16, "tanh")


def test_our_loop_and_the_solver_of_paddlescience_have_the_same_loss_curve(tmp_path: Path) -> None:
    theirs, ours = made(), TensorLayer(made())
    load_layer(ours.architecture, layer_arrays(theirs))
    batches = [
        {
            "input": {"x": POINTS[i : i + BATCH, :1], "y": POINTS[i : i + BATCH, 1:]},
            "label": {"u": VALUES[i : i + BATCH]},
        }
        for i in range(0, len(POINTS), BATCH)
    ]
    optimiser = paddle.optimizer.Adam(RATE, parameters=theirs.parameters())
    expected = solve(theirs, batches, optimiser, tmp_path / "solver")

    losses: list[float] = []

    def loss(layer: nn.Layer, batch: dict[str, paddle.Tensor]) -> paddle.Tensor:
        value = nn.functional.mse_loss(layer(batch["x"]), batch["u"])
        losses.append(value.item())
        return value

    feed = Feed(Arrays(x=POINTS, u=VALUES), BATCH, seed=0, shuffle=False)
    settings = OptimiserSettings(
        method="adam", learning_rate=RATE, schedule="constant", clip_norm=None
    )
    fit(Problem(ours, loss, feed), FitSettings(epochs=1, optimiser=settings), seed=0)

    assert len(expected) == STEPS
    assert losses[-1] < 0.5 * losses[0]  # something is learnt
    np.testing.assert_allclose(losses, expected, rtol=1e-5)
    for name, array in layer_arrays(theirs).items():
        np.testing.assert_allclose(layer_arrays(ours.architecture)[name], array, atol=1e-5)


def test_only_architectures_with_keys_are_wrapped() -> None:
    with pytest.raises(BadInput, match="Linear: has no input_keys and output_keys"):
        TensorLayer(nn.Linear(2, 1))
    with pytest.raises(BadInput, match=r"x: expected channels \('x', 'y'\), got shape \(4, 3\)"):
        TensorLayer(made())(paddle.zeros([4, 3]))


def test_the_door_is_lazy() -> None:
    code = "import sys, sciml.nn.ppsci; print('ppsci' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_the_layer_of_paddlescience_fails_on_odd_latitudes_alone() -> None:
    gaps = {
        rows: np.abs(identity_spectral_layer(rows, 32)(field).numpy() - field.numpy()).max()
        for rows in (16, 17)
        for field in [paddle.randn([1, 1, rows, 32])]
    }
    assert gaps[16] < 1e-5
    if gaps[17] < 1e-5:
        pytest.skip("mended in this version of PaddleScience")
    assert gaps[17] > 1.0


def test_the_fourier_network_of_paddlescience_maps_fields_to_fields() -> None:
    network = fourier_baseline(3, 2, 8, 1, (4, 4))
    assert network(paddle.zeros([2, 3, 8, 10])).shape == [2, 2, 8, 10]
