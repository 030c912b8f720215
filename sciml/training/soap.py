"""Adam in the basis in which the gradients of a matrix are least correlated (SOAP).

Adam scales each weight by itself, which serves badly where many weights do nearly the same, such
as those of overlapping radial functions. SOAP averages G Gᵀ and Gᵀ G over the gradients G of each
matrix, turns the gradients into the eigenvectors of both, and lets Adam work there.

Source: Vyas et al., SOAP: Improving and Stabilizing Shampoo using Adam, arXiv:2409.11321.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import paddle
from numpy.typing import NDArray
from paddle import Tensor, nn

MATRIX_DECAYS = (0.95, 0.95)  # of a matrix's mean and mean square
VECTOR_DECAYS = (0.9, 0.999)  # of a vector's, as of Adam
COVARIANCE_DECAY = 0.95
LARGEST_SIDE = 512  # a matrix with a longer side is treated as a vector
STEPS_PER_TURN = 10  # between two improvements of the eigenvectors
_LEAST = 1e-8

State = dict[str, Tensor]


class Soap:
    """The optimiser of some weights.

    The last two axes of a weight make a matrix; earlier axes count matrices, each treated by
    itself. Vectors are left to Adam. The first step moves nothing: it finds the first bases.

    Args:
        weights: What is optimised, by name.
        rate: Learning rate.
        clip_norm: Largest global norm of the gradient; None leaves it as it is.
        weight_decay: Share of a weight, times the rate, that each step takes away.
    """

    def __init__(
        self,
        weights: Mapping[str, Tensor],
        rate: float,
        clip_norm: float | None = None,
        weight_decay: float = 0.0,
    ) -> None:
        self._weights = dict(weights)
        self._decay = weight_decay
        self._rate = rate
        self._clip = nn.ClipGradByGlobalNorm(clip_norm) if clip_norm else list
        self._states: dict[str, State] = {}

    def set_lr(self, rate: float) -> None:
        """The learning rate of the steps to come."""
        self._rate = rate

    def clear_grad(self) -> None:
        """Forget the gradients."""
        for weight in self._weights.values():
            weight.clear_gradient()

    @paddle.no_grad()
    def step(self) -> None:
        """Move the weights against their gradients; one without a gradient stays."""
        slopes = {name: each.grad for name, each in self._weights.items()}
        given = {name: slope for name, slope in slopes.items() if slope is not None}
        pairs = self._clip([(self._weights[name], slope) for name, slope in given.items()])
        for name, (weight, slope) in zip(given, pairs, strict=True):
            if name in self._states:
                change = _change(self._states[name], slope) + self._decay * weight
                weight.subtract_(self._rate * change)
            else:
                self._states[name] = _begun(slope)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The state, by `<weight>/<part>`."""
        return {
            f"{name}/{part}": np.array(tensor.numpy())
            for name, state in self._states.items()
            for part, tensor in state.items()
        }

    def load(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Put back what :meth:`arrays` returned.

        Raises:
            KeyError: if it is the state of other weights or of another optimiser.
        """
        states: dict[str, State] = {}
        for key, array in arrays.items():
            name, _, part = key.rpartition("/")
            states.setdefault(name, {})[part] = paddle.to_tensor(array)
        for name, state in states.items():
            if state["mean"].shape != self._weights[name].shape:
                raise KeyError(name)
        self._states = states


def _begun(slope: Tensor) -> State:
    """The state of a weight after its first gradient."""
    steps, zeros = paddle.zeros([]), paddle.zeros_like(slope)
    state = {"steps": steps, "mean": zeros, "square": zeros.clone()}
    if slope.ndim > 1 and max(slope.shape[-2:]) <= LARGEST_SIDE:
        left, right = _covariances(slope)
        bases = {"rows": _eigenvectors(left), "columns": _eigenvectors(right)}
        state |= {"left": left, "right": right, **bases}
    return state


def _change(state: State, slope: Tensor) -> Tensor:
    """What to subtract for a learning rate of one; the state takes in the gradient."""
    state["steps"] += 1
    steps, matrix = int(state["steps"]), "left" in state
    decays = MATRIX_DECAYS if matrix else VECTOR_DECAYS
    state["mean"] = _blend(state["mean"], slope, decays[0])
    turned, mean = slope, state["mean"]
    if matrix:
        _take_covariances(state, slope)
        turned, mean = (_turned(state, each) for each in (slope, mean))
    state["square"] = _blend(state["square"], turned * turned, decays[1])
    size = paddle.sqrt(state["square"] / (1 - decays[1] ** steps)) + _LEAST
    change = mean / (1 - decays[0] ** steps) / size
    if not matrix:
        return change
    change = state["rows"] @ change @ _transposed(state["columns"])
    if steps % STEPS_PER_TURN == 0:
        _turn(state)
    return change


def _turned(state: State, matrix: Tensor) -> Tensor:
    """A matrix in the eigenvectors of both covariances."""
    return _transposed(state["rows"]) @ matrix @ state["columns"]


def _take_covariances(state: State, slope: Tensor) -> None:
    """Average the covariances of rows and columns."""
    for name, found in zip(("left", "right"), _covariances(slope), strict=True):
        state[name] = _blend(state[name], found, COVARIANCE_DECAY)


def _turn(state: State) -> None:
    """Improve the eigenvectors by one orthogonal iteration, the strongest first.

    The mean squares are reordered with them, so that each stays with its own vector.
    """
    for axis, covariance, basis in ((-2, "left", "rows"), (-1, "right", "columns")):
        pushed = state[covariance] @ state[basis]
        order = paddle.argsort((state[basis] * pushed).sum(axis=-2), axis=-1, descending=True)
        along = order.unsqueeze(-1 if axis == -2 else -2)
        state["square"] = paddle.take_along_axis(state["square"], along, axis)
        pushed = paddle.take_along_axis(pushed, order.unsqueeze(-2), -1)
        state[basis] = paddle.linalg.qr(pushed)[0]


def _covariances(slope: Tensor) -> tuple[Tensor, Tensor]:
    """G Gᵀ and Gᵀ G."""
    return slope @ _transposed(slope), _transposed(slope) @ slope


def _eigenvectors(covariance: Tensor) -> Tensor:
    """As columns, the strongest first."""
    return paddle.linalg.eigh(covariance)[1].flip(-1)


def _blend(average: Tensor, value: Tensor, decay: float) -> Tensor:
    return average * decay + value * (1 - decay)


def _transposed(matrix: Tensor) -> Tensor:
    return paddle.transpose(matrix, [*range(matrix.ndim - 2), matrix.ndim - 1, matrix.ndim - 2])
