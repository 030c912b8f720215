"""The optimiser that turns gradients before it scales them."""

import numpy as np
import paddle
import pytest

from sciml.training.optimiser import OptimiserSettings, learning_rate
from sciml.training.soap import VECTOR_DECAYS, Soap

STEPS = 40


def _parameter(values: np.ndarray) -> paddle.Tensor:
    assign = paddle.nn.initializer.Assign(values.astype(np.float32))
    return paddle.create_parameter(list(values.shape), "float32", default_initializer=assign)


def _give(weight: paddle.Tensor, slope: np.ndarray) -> None:
    """Have a weight a gradient."""
    (weight * paddle.to_tensor(slope.astype(np.float32))).sum().backward()


def _optimise(shape: tuple[int, ...], condition: float, method: str) -> float:
    """The loss that is left of |A X B - C|² after some steps, as a share of the first."""
    rng = np.random.default_rng(3)
    turn, other = (np.linalg.qr(rng.normal(size=(n, n)))[0] for n in shape[-2:])
    left = turn * np.geomspace(1, 1 / condition, shape[-2]) @ turn.T
    right = other * np.geomspace(1, 1 / condition, shape[-1]) @ other.T
    goal = left @ rng.normal(size=shape) @ right
    given = [paddle.to_tensor(each.astype(np.float32)) for each in (left, right, goal)]
    weight = _parameter(np.zeros(shape))
    if method == "soap":
        optimiser = Soap({"weight": weight}, 1.0)
    else:
        optimiser = paddle.optimizer.Adam(1.0, parameters=[weight])
    settings = OptimiserSettings(learning_rate=0.3)
    losses = []
    for step in range(STEPS * 5):
        optimiser.set_lr(learning_rate(settings, step, STEPS * 5))
        loss = (given[0] @ weight @ given[1] - given[2]).square().mean()
        loss.backward()
        optimiser.step()
        optimiser.clear_grad()
        losses.append(float(loss))
    return losses[-1] / losses[0]


def test_it_gets_further_than_adam_where_weights_do_nearly_the_same() -> None:
    shape = (2, 6, 5)  # two matrices, each with its own bases
    assert _optimise(shape, 30.0, "soap") < 0.2 * _optimise(shape, 30.0, "adam")


def test_a_vector_is_left_to_adam() -> None:
    rng = np.random.default_rng(0)
    slopes = rng.normal(size=(STEPS, 4)).astype(np.float32)
    ours, theirs = _parameter(np.ones(4)), _parameter(np.ones(4))
    decays = {"beta1": VECTOR_DECAYS[0], "beta2": VECTOR_DECAYS[1]}
    pair = (
        (ours, Soap({"weight": ours}, 0.1)),
        (theirs, paddle.optimizer.Adam(0.1, parameters=[theirs], **decays)),
    )
    _give(ours, slopes[0])
    pair[0][1].step()  # which only looks
    pair[0][1].clear_grad()
    for slope in slopes:
        for weight, optimiser in pair:
            _give(weight, slope)
            optimiser.step()
            optimiser.clear_grad()
    np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-4)


def test_what_it_does_turns_with_the_gradients() -> None:
    """Adam's steps depend on the basis that a matrix is written in; these do not."""
    rng = np.random.default_rng(1)
    slopes = rng.normal(size=(STEPS, 3, 4)) * np.geomspace(1, 0.01, 4)
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    start = rng.normal(size=(3, 4))
    plain, turned = _parameter(start), _parameter(turn @ start)
    for weight, bases in ((plain, slopes), (turned, turn @ slopes)):
        optimiser = Soap({"weight": weight}, 0.01)
        for slope in bases:
            _give(weight, slope)
            optimiser.step()
            optimiser.clear_grad()
    np.testing.assert_allclose(turned.numpy(), turn @ plain.numpy(), atol=2e-3)
    assert np.abs(plain.numpy() - start).max() > 0.05


def test_steps_are_as_long_as_the_rate_in_all_directions() -> None:
    weight = _parameter(np.zeros((3, 3)))
    optimiser = Soap({"weight": weight}, 0.5)
    for _ in range(2):
        _give(weight, np.diag([3.0, 2.0, 1e-3]))
        optimiser.step()
        optimiser.clear_grad()
    np.testing.assert_allclose(np.diag(weight.numpy()), -0.5, atol=1e-3)


def test_the_gradient_is_clipped_before_all_else() -> None:
    found = []
    for factor, clip in ((1.0, 1e3), (1e6, 1.0)):
        weight = _parameter(np.zeros(2))
        optimiser = Soap({"weight": weight}, 0.1, clip)
        for slope in ([1.0, 0.0], [1.0, 0.0], [0.6 * factor, 0.8 * factor]):
            _give(weight, np.array(slope))
            optimiser.step()
            optimiser.clear_grad()
        found.append(weight.numpy())
    np.testing.assert_allclose(found[0], found[1], rtol=1e-5)


def test_weights_without_a_gradient_of_their_own_decay() -> None:
    weight = _parameter(np.ones((2, 2)))
    optimiser = Soap({"weight": weight}, 0.1, weight_decay=0.5)
    for _ in range(3):  # the first only looks
        _give(weight, np.zeros((2, 2)))
        optimiser.step()
        optimiser.clear_grad()
    np.testing.assert_allclose(weight.numpy(), 0.95**2, rtol=1e-6)


@pytest.mark.parametrize(
    "arrays",
    [
        {"other/mean": np.zeros((2, 2))},
        {"weight/mean": np.zeros((3, 2))},
        {"weight/moment1": np.zeros((2, 2))},
    ],
)
def test_a_state_of_something_else_is_refused(arrays: dict[str, np.ndarray]) -> None:
    with pytest.raises(KeyError):
        Soap({"weight": _parameter(np.ones((2, 2)))}, 0.1).load(arrays)
