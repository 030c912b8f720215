"""The compiled step says what Paddle says; gaps are closed by the network's own forecast."""

import numpy as np
import paddle
import pytest

from sciml.core.errors import BadInput
from sciml.data.windows import WindowSettings
from sciml.hydro.lstm import LSTMForecaster
from sciml.hydro.lstm_step import CompiledLSTM
from sciml.nn.recurrent import LSTMForecast, LSTMSettings
from sciml.training.fit import FitSettings
from sciml.training.optimiser import layer_arrays, load_layer
from tests.laws import random_runs

RUN = random_runs(seed=1).cases["run 0"].values
SPREAD = RUN[:, [2, 1]].std(axis=0)
HISTORY, LEADS = 7, (1, 2, 6)


def trained(layers: int = 1, hidden: int = 5, leads: tuple[int, ...] = LEADS) -> LSTMForecaster:
    window = WindowSettings(history=HISTORY, leads=leads)
    model = LSTMSettings(hidden=hidden, layers=layers)
    made = LSTMForecaster(window, model, FitSettings(epochs=3, batch_size=32))
    made.fit(random_runs())
    return made


FORECASTER = trained()


def compiled(dtype: type = np.float64) -> CompiledLSTM:
    return CompiledLSTM.from_forecaster(FORECASTER, dtype)


def running(forecaster: LSTMForecaster, run: np.ndarray) -> np.ndarray:
    """Paddle's forecast after each sample of a run that is read once, in double precision."""
    layer, scaling, targets, _, model = forecaster.trained
    paddle.set_default_dtype("float64")
    try:
        double = LSTMForecast(3, HISTORY, len(LEADS), len(targets), model)
    finally:
        paddle.set_default_dtype("float32")
    arrays = layer_arrays(layer)
    load_layer(double, {name: array.astype(np.float64) for name, array in arrays.items()})
    with paddle.no_grad():
        states, _ = double.recurrent(paddle.to_tensor(scaling.apply(run)[None]))
        outputs = double.head(states[0]).numpy().reshape(len(run), -1, len(targets))
    return scaling.only(targets).invert(outputs)


@pytest.mark.parametrize(("layers", "hidden"), [(1, 5), (1, 33), (2, 8), (3, 2)])
@pytest.mark.parametrize(("dtype", "bound"), [(np.float32, 1e-5), (np.float64, 1e-12)])
def test_every_step_is_that_of_paddle(layers: int, hidden: int, dtype: type, bound: float) -> None:
    forecaster = trained(layers, hidden)
    step = CompiledLSTM.from_forecaster(forecaster, dtype)
    found = np.stack([step.step(sample) for sample in RUN])
    assert np.abs((found - running(forecaster, RUN)) / SPREAD).max() < bound


def test_reading_a_window_from_an_empty_state_is_the_forecast_of_the_window() -> None:
    expected, step = FORECASTER.predict(RUN, LEADS)["forecast"], compiled(np.float32)
    for issued in (HISTORY - 1, 20, len(RUN) - 1):
        step.reset()
        found = step.read(RUN[issued - HISTORY + 1 : issued + 1])
        gap = (found - expected.sel(time=issued).values) / SPREAD
        assert np.abs(gap).max() < 1e-5


def test_a_running_state_remembers_more_than_a_window() -> None:
    windows, step = FORECASTER.predict(RUN, LEADS)["forecast"].values, compiled()
    found = np.stack([step.step(sample) for sample in RUN])[HISTORY - 1 :]
    gaps = np.abs((found - windows) / SPREAD).max(axis=(1, 2))
    assert gaps[0] < 1e-5  # both have read the same samples
    assert np.all(gaps[1:] > 1e-5)


def test_reading_many_samples_is_stepping_through_them() -> None:
    one, many = compiled(), compiled()
    for sample in RUN[:19]:
        stepped = one.step(sample)
    np.testing.assert_array_equal(many.read(RUN[:19]), stepped)
    np.testing.assert_array_equal(many.step(RUN[19]), one.step(RUN[19]))


def test_a_missing_target_is_its_own_forecast_and_another_channel_holds() -> None:
    open_loop, closed = compiled(), compiled()
    told = open_loop.read(RUN[:10]), closed.read(RUN[:10])
    np.testing.assert_array_equal(*told)
    for sample in RUN[10:20]:
        gap = np.array([np.nan, sample[1], np.nan])  # a is no target; c is the first one
        filled = np.array([RUN[9, 0], sample[1], told[0][0, 0]])
        told = open_loop.step(filled), closed.step(gap)
        np.testing.assert_allclose(*told, rtol=1e-12)


def test_a_run_of_gaps_goes_on_by_itself_and_stays_finite() -> None:
    step = compiled()
    step.read(RUN)
    free = np.stack([step.step(np.full(3, np.nan)) for _ in range(500)])
    assert np.isfinite(free).all()
    assert np.abs((free - RUN[:, [2, 1]].mean(axis=0)) / SPREAD).max() < 5


def test_a_missing_target_without_a_forecast_one_ahead_is_refused() -> None:
    step = CompiledLSTM.from_forecaster(trained(leads=(2, 6)))
    step.step(RUN[0])
    with pytest.raises(BadInput, match=r"a target is missing at sample 1, .* Train it with lead 1"):
        step.read(np.where(np.arange(3)[:, None] == 1, np.nan, RUN[:3]))


def test_a_masked_value_is_missing_and_an_infinite_one_is_refused() -> None:
    step, other = compiled(), compiled()
    hidden = np.ma.array(RUN[:9])
    hidden[5, 1:] = np.ma.masked
    np.testing.assert_array_equal(step.read(hidden), other.read(hidden.filled(np.nan)))
    for value in (np.inf, -np.inf):
        with pytest.raises(BadInput, match=r"infinite at sample 0; mark a missing value by NaN"):
            step.step(np.array([0.0, value, 0.0]))
    np.testing.assert_array_equal(step.step(RUN[9]), other.step(RUN[9]))


def test_an_emptied_state_is_that_of_the_start() -> None:
    step = compiled()
    first = step.read(RUN[:9])
    step.reset()
    np.testing.assert_array_equal(step.read(RUN[:9]), first)


def test_later_training_leaves_a_compiled_step_alone() -> None:
    forecaster = trained()
    step = CompiledLSTM.from_forecaster(forecaster, np.float32)
    before = step.read(RUN[:9])
    forecaster.fit(random_runs(seed=3))
    step.reset()
    np.testing.assert_array_equal(step.read(RUN[:9]), before)


def test_other_channels_or_precisions_are_refused() -> None:
    with pytest.raises(BadInput, match=r"samples: expected axes .*channel=3.*got shape \(1, 4\)"):
        compiled().step(np.zeros(4))
    with pytest.raises(BadInput, match="expected at least one, got none"):
        compiled().read(np.zeros((0, 3)))
    with pytest.raises(BadInput, match="expected float32 or float64, got float16"):
        CompiledLSTM.from_forecaster(FORECASTER, np.float16)
