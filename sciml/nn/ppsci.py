"""The only door to PaddleScience: imported when it is used, and kept from changing the process.

PaddleScience gives equations, geometries, optimisers and architectures. Its trainer is compared
with :func:`sciml.training.fit.fit` in ``tests/nn/test_ppsci.py``.
"""

import logging
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import paddle
from paddle import nn

from sciml.core.errors import BadInput


def load_ppsci() -> ModuleType:
    """Import PaddleScience without its side effects.

    The import takes several seconds. It changes the warning filters and puts a handler with
    time stamps on its logger; both are undone.

    Returns:
        The module ``ppsci``.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import ppsci
        from ppsci.utils import logger
    logger.init_logger(log_level=logging.WARNING)
    logging.getLogger("ppsci").handlers.clear()
    return ppsci


class TensorLayer(nn.Layer):
    """A PaddleScience architecture as a layer from one tensor to one tensor.

    PaddleScience's architectures take and return dictionaries of single channels; this wrapper
    lets them be trained by the project's own loop and compared with its own networks.
    """

    def __init__(self, architecture: nn.Layer) -> None:
        """Wrap an architecture.

        Args:
            architecture: With ``input_keys`` and ``output_keys``, such as ``ppsci.arch.MLP``.

        Raises:
            BadInput: if it has no such keys.
        """
        super().__init__()
        self.architecture = architecture
        self._inputs: Sequence[str] = getattr(architecture, "input_keys", ())
        self._outputs: Sequence[str] = getattr(architecture, "output_keys", ())
        if not self._inputs or not self._outputs:
            name = type(architecture).__name__
            raise BadInput(f"{name}: has no input_keys and output_keys; is it one of ppsci.arch?")

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        """Apply the architecture.

        Args:
            x: One channel for each input key. Shape (batch, channel).

        Returns:
            One channel for each output key. Shape (batch, channel).
        """
        if x.shape[-1] != len(self._inputs):
            raise BadInput(
                f"x: expected channels {tuple(self._inputs)}, got shape {tuple(x.shape)}"
            )
        columns = {name: x[..., i : i + 1] for i, name in enumerate(self._inputs)}
        answer: Mapping[str, paddle.Tensor] = self.architecture(columns)
        return paddle.concat([answer[name] for name in self._outputs], axis=-1)


def solve(
    architecture: nn.Layer,
    batches: Sequence[Mapping[str, Mapping[str, Any]]],
    optimiser: paddle.optimizer.Optimizer,
    folder: Path,
) -> list[float]:
    """Train with PaddleScience's own solver on given batches, in their order.

    Args:
        architecture: One of ``ppsci.arch``.
        batches: One epoch; each batch has ``input`` and ``label``, arrays of shape (batch, 1) by
            key, all batches of one size.
        optimiser: Of the architecture's weights.
        folder: Where the solver may write.

    Returns:
        The loss of each step.
    """
    ppsci = load_ppsci()
    joined = {
        part: {
            key: paddle.concat([paddle.to_tensor(batch[part][key]) for batch in batches]).numpy()
            for key in batches[0][part]
        }
        for part in ("input", "label")
    }
    size = len(next(iter(batches[0]["input"].values())))
    losses: list[float] = []
    error = ppsci.loss.MSELoss()

    def noted(output: Any, label: Any, weight: Any) -> Any:
        loss = error(output, label, weight)
        losses.append(sum(one.item() for one in loss.values()))
        return loss

    constraint = ppsci.constraint.SupervisedConstraint(
        {
            "dataset": {"name": "NamedArrayDataset", **joined},
            "batch_size": size,
            "sampler": {"name": "BatchSampler", "shuffle": False, "drop_last": False},
        },
        ppsci.loss.FunctionalLoss(noted),
        name="data",
    )
    solver = ppsci.solver.Solver(
        architecture,
        {"data": constraint},
        str(folder),
        optimiser,
        epochs=1,
        iters_per_epoch=len(batches),
    )
    solver.train()
    return losses


class FieldLayer(nn.Layer):
    """A PaddleScience architecture of one input and one output as a layer of whole fields."""

    def __init__(self, architecture: nn.Layer) -> None:
        """Wrap an architecture whose single channels are fields, such as ``TFNO2dNet``."""
        super().__init__()
        self.architecture = architecture

    def forward(self, fields: paddle.Tensor) -> paddle.Tensor:
        """Apply the architecture. Shape (batch, channel, lat, lon), in and out."""
        (given,) = self.architecture.input_keys
        (asked,) = self.architecture.output_keys
        return self.architecture({given: fields})[asked]


def fourier_baseline(
    channels_in: int, channels_out: int, width: int, depth: int, modes: tuple[int, int]
) -> FieldLayer:
    """PaddleScience's Fourier neural operator, dense weights, without a hidden map at points.

    Args:
        channels_in: Channels of the fields.
        channels_out: Channels of the answer.
        width: Channels of the backbone.
        depth: Fourier layers.
        modes: Waves kept along latitude, both signs together, and along longitude, as if both
            signs were kept.

    Returns:
        A layer from fields to fields.
    """
    architecture = load_ppsci().arch.TFNO2dNet(
        ("fields",),
        ("answer",),
        n_modes_height=modes[0],
        n_modes_width=modes[1],
        hidden_channels=width,
        in_channels=channels_in,
        out_channels=channels_out,
        lifting_channels=2 * width,
        projection_channels=2 * width,
        n_layers=depth,
        use_mlp=False,
        skip="linear",
        fno_skip="linear",
        factorization="dense",
    )
    return FieldLayer(architecture)


def spectral_baseline(width: int, modes: tuple[int, int]) -> nn.Layer:
    """PaddleScience's spectral layer alone. Shape (batch, channel, lat, lon), in and out."""
    load_ppsci()
    from ppsci.arch.fno_block import FactorizedSpectralConv

    return FactorizedSpectralConv(
        width, width, modes, bias=False, implementation="reconstructed", factorization="dense"
    )


def identity_spectral_layer(rows: int, columns: int) -> nn.Layer:
    """PaddleScience's spectral layer with all waves and weights of 1: it should change nothing.

    Args:
        rows: Points along latitude.
        columns: Points along longitude.

    Returns:
        A layer of one channel. Shape (batch, channel, lat, lon), in and out.
    """
    layer = spectral_baseline(1, (rows, columns))
    weight = layer.weight[0]
    weight.real.set_value(paddle.ones_like(weight.real))
    weight.imag.set_value(paddle.zeros_like(weight.imag))
    return layer
