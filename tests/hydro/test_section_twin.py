import numpy as np
import paddle
import pytest
from scipy import optimize

from sciml.core.errors import BadInput
from sciml.hydro.gas_loss import gas_losses
from sciml.hydro.section_twin import PARAMETERS, twin_cavities
from sciml.hydro.sections import SectionSettings, simulate_cavity, steady_cavity, steady_loss

AMBIENT, INSIDE = 20e3, 12e3  # Pa
LAWS = {
    "none": {},
    "portion": {"loss_coefficient": 0.02},
    "boundary_layer": {"loss_coefficient": 1.6e-5},
    "power_law": {"loss_coefficient": 0.03, "loss_shape": -1.5},
    "twin_vortex": {"speed": 4.0, "diameter": 0.04},
}
QUANTITIES = ("cavity_pressure", "length", "volume")


class Runs:
    """Two histories in a tunnel, and a smooth scalar of all that the model finds."""

    def __init__(self, gas_loss: str, lifetimes: float = 4, steps: int = 60) -> None:
        given = {"speed": 10.0, "diameter": 0.01, "gas_loss": gas_loss} | LAWS[gas_loss]
        self.settings = SectionSettings(**given)
        inside = AMBIENT - 0.16 * self.settings.dynamic_pressure
        if gas_loss == "twin_vortex":
            inside = AMBIENT - 0.6 * self.settings.dynamic_pressure
        steady = steady_cavity(self.settings, AMBIENT, inside)
        self.time = np.arange(round(lifetimes * steps) + 1) * steady.lifetime / steps
        phase = 2 * np.pi * self.time / steady.lifetime
        supply = steady_loss(self.settings, AMBIENT, inside)
        gap = AMBIENT - inside
        swing = np.stack([np.sin(0.4 * phase), 0.5 * np.cos(0.3 * phase)])
        self.inputs = {
            "ambient_pressure": AMBIENT + 0.08 * gap * swing,
            "ventilation": supply * (1 + 0.2 * np.stack([np.cos(0.3 * phase), np.sin(phase)])),
            "past_pressure": np.array([inside, inside - 0.02 * gap]),
        }
        self.scales = (gap, steady.length, steady.volume)
        self.parameters = {
            name: np.array(getattr(self.settings, name) * factor)
            for name, factor in zip(PARAMETERS, (1.05, 0.97, 1.02, 1.0), strict=True)
        }
        # A weight that oscillates tells one part of a series from another.
        self.weights = np.cos(np.arange(3)[:, None, None] + np.arange(2)[:, None] + 0.5 * phase)

    def by_kernel(self, **changes: np.ndarray) -> float:
        given = self.inputs | self.parameters | changes
        values = {name: float(given[name]) for name in PARAMETERS}
        settings = SectionSettings.model_validate(self.settings.model_dump() | values)
        total = 0.0
        for i in range(2):
            run = simulate_cavity(
                settings,
                self.time,
                given["ambient_pressure"][i],
                given["ventilation"][i],
                float(given["past_pressure"][i]),
            )
            for name, scale, weight in zip(QUANTITIES, self.scales, self.weights, strict=True):
                total += float(np.mean(weight[i] * run[name].values)) / scale
        return total

    def by_twin(self) -> tuple[float, dict[str, np.ndarray]]:
        leaves = {
            name: paddle.to_tensor(value, dtype="float64", stop_gradient=False)
            for name, value in (self.inputs | self.parameters).items()
        }
        forcing = [leaves[name] for name in self.inputs]
        found = twin_cavities(
            self.settings, self.time, *forcing, {name: leaves[name] for name in PARAMETERS}
        )
        total = sum(
            (paddle.to_tensor(weight) * getattr(found, name)).mean(axis=1).sum() / scale
            for name, scale, weight in zip(QUANTITIES, self.scales, self.weights, strict=True)
        )
        total.backward()
        zero = {name: np.zeros(leaf.shape) for name, leaf in leaves.items()}
        return float(total), zero | {
            name: leaf.grad.numpy() for name, leaf in leaves.items() if leaf.grad is not None
        }


def slope(runs: Runs, name: str, direction: np.ndarray) -> float:
    """The derivative of the kernel along a direction, by central differences of fourth order."""
    value = (runs.inputs | runs.parameters)[name]

    def at(share: float) -> float:
        return runs.by_kernel(**{name: value + share * direction})

    return (8 * (at(1) - at(-1)) - (at(2) - at(-2))) / 12


def test_every_law_of_the_house_is_tried_here() -> None:
    assert set(LAWS) == set(gas_losses()) - {"linear"}  # "linear" belongs to another test


@pytest.mark.parametrize("gas_loss", LAWS)
def test_gradients_are_the_finite_differences_of_the_kernel(gas_loss: str) -> None:
    # The widest section comes from a parabola through three nodes. Where these change, the kernel
    # has jumps of third order in the step, which a finite difference sees and a gradient does not.
    runs = Runs(gas_loss, steps=120)
    value, gradients = runs.by_twin()
    assert value == pytest.approx(runs.by_kernel(), rel=1e-11)
    phase = np.linspace(0, 9, runs.time.size)
    directions = {
        "ambient_pressure": [
            2e-3 * runs.scales[0] * np.stack([np.cos(phase), 0 * phase]),
            2e-3 * runs.scales[0] * np.stack([0 * phase, np.sin(phase) + 1]),
        ],
        "ventilation": [2e-2 * runs.inputs["ventilation"] * np.cos(phase)],
        "past_pressure": [2e-3 * runs.scales[0] * np.array([1.0, -0.5])],
        **{name: [2e-3 * value] for name, value in runs.parameters.items()},
    }
    for name, several in directions.items():
        for direction in several:
            exact = slope(runs, name, direction)
            found = float(np.sum(gradients[name] * direction))
            assert found == pytest.approx(exact, rel=1e-5, abs=1e-12), name


def test_gradient_by_single_samples_of_the_forcing_is_right_from_first_to_last() -> None:
    runs = Runs("power_law")
    _, gradients = runs.by_twin()
    for name, size in (("ambient_pressure", 10.0), ("ventilation", None)):
        for n in (0, 1, 2, 3, 90, runs.time.size - 2, runs.time.size - 1):
            direction = np.zeros_like(runs.inputs[name])
            direction[1, n] = size or 0.01 * runs.inputs[name][1, n]
            found = float(np.sum(gradients[name] * direction))
            assert found == pytest.approx(slope(runs, name, direction), rel=1e-5), (name, n)


def test_twin_is_the_kernel_over_many_lifetimes() -> None:
    runs = Runs("portion", lifetimes=40, steps=50)
    forcing = [paddle.to_tensor(value) for value in runs.inputs.values()]
    found = twin_cavities(runs.settings, runs.time, *forcing)
    for i in range(2):
        run = simulate_cavity(runs.settings, runs.time, *(x[i] for x in runs.inputs.values()))
        for name in QUANTITIES:
            np.testing.assert_allclose(getattr(found, name).numpy()[i], run[name], rtol=1e-10)


def test_parameters_may_differ_between_histories() -> None:
    runs = Runs("portion")
    forcing = [paddle.to_tensor(value) for value in runs.inputs.values()]
    expansion = paddle.to_tensor([1.9, 2.1], dtype="float64", stop_gradient=False)
    found = twin_cavities(runs.settings, runs.time, *forcing, {"expansion": expansion})
    settings = runs.settings.model_copy(update={"expansion": 2.1})
    run = simulate_cavity(settings, runs.time, *(x[1] for x in runs.inputs.values()))
    np.testing.assert_allclose(found.length.numpy()[1], run.length, rtol=1e-10)
    found.length[1].sum().backward()
    assert expansion.grad.numpy()[0] == 0
    assert expansion.grad.numpy()[1] > 0


def test_descent_by_gradients_finds_the_parameters_again() -> None:
    runs = Runs("portion", lifetimes=6)
    truth = {"expansion": 2.1, "growth_factor": 1.04, "loss_coefficient": 0.024}
    forcing = [paddle.to_tensor(value) for value in runs.inputs.values()]
    given = {name: paddle.to_tensor(v, dtype="float64") for name, v in truth.items()}
    target = twin_cavities(runs.settings, runs.time, *forcing, given)
    start = np.array([2.0, 1.0, 0.02])

    def misfit(logs: np.ndarray) -> tuple[float, np.ndarray]:
        values = paddle.to_tensor(start * np.exp(logs), stop_gradient=False)
        named = {name: values[k] for k, name in enumerate(truth)}
        found = twin_cavities(runs.settings, runs.time, *forcing, named)
        loss = paddle.mean((found.cavity_pressure / target.cavity_pressure - 1) ** 2)
        loss = 1e4 * (loss + paddle.mean((found.length / target.length - 1) ** 2))
        loss.backward()
        return float(loss), values.grad.numpy() * values.numpy()

    fit = optimize.minimize(misfit, np.zeros(3), jac=True, method="BFGS")
    np.testing.assert_allclose(start * np.exp(fit.x), list(truth.values()), rtol=1e-4)


def test_shedding_is_refused_with_its_time() -> None:
    runs = Runs("none", lifetimes=6)
    runs.inputs["ambient_pressure"][1] *= 1 + 0.6 * np.sin(1000 * runs.time)
    with pytest.raises(BadInput, match=r"^history 1: the cavity sheds at t = .* without a grad"):
        runs.by_twin()


def test_unknown_parameters_and_wrong_shapes_are_refused() -> None:
    runs = Runs("portion")
    forcing = [paddle.to_tensor(value) for value in runs.inputs.values()]
    with pytest.raises(BadInput) as error:
        twin_cavities(runs.settings, runs.time, *forcing, {"speed": paddle.ones([1])})
    assert str(error.value) == (
        "twin_cavities: unknown parameter 'speed'; known: expansion, growth_factor, "
        "drag_coefficient, loss_coefficient"
    )
    with pytest.raises(BadInput, match=r"^expansion: expected a number or shape \(2,\), got"):
        twin_cavities(runs.settings, runs.time, *forcing, {"expansion": paddle.ones([3])})
    with pytest.raises(BadInput, match=r"^past_pressure: expected axes \(history=2\), got shape"):
        twin_cavities(runs.settings, runs.time, *forcing[:2], paddle.ones([3]))
    with pytest.raises(BadInput, match=r"^time: expected seconds, got timedelta64\[ns\]; give"):
        twin_cavities(runs.settings, (runs.time * 1e9).astype("timedelta64[ns]"), *forcing)
