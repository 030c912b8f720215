"""The network under the forecasters' contract; weights that come back bit for bit."""

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sciml.core.errors import BadInput, DamagedFile
from sciml.data.windows import WindowSettings
from sciml.hydro.cases import Case, Cases
from sciml.hydro.forecast import Persistence, normalised_errors
from sciml.hydro.lstm import LSTMForecaster
from sciml.nn.recurrent import LSTMSettings
from sciml.training.fit import FitSettings
from sciml.training.optimiser import OptimiserSettings
from tests.laws import ObeysForecastContract, random_runs

WINDOW = WindowSettings(history=7, leads=(1, 2, 6))
INPUTS = random_runs(seed=1).cases["run 0"].values


def network(**given: Any) -> LSTMForecaster:
    """A small network, a few steps of training."""
    training = FitSettings(epochs=given.pop("epochs", 2), batch_size=32)
    return LSTMForecaster(WINDOW, LSTMSettings(hidden=5, dropout=0.1), training, **given)


class TestLSTM(ObeysForecastContract):
    history = 7

    def forecaster(self) -> LSTMForecaster:
        return network()


def forecast_of(made: LSTMForecaster) -> np.ndarray:
    return made.predict(INPUTS, WINDOW.leads)["forecast"].values


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    made = network()
    made.fit(random_runs())
    made.save(tmp_path)
    return tmp_path


def test_what_was_saved_forecasts_the_same_bit_for_bit(tmp_path: Path) -> None:
    made = network()
    made.fit(random_runs())
    files = made.save(tmp_path)
    assert sorted(files) == sorted(tmp_path.iterdir())
    loaded = LSTMForecaster.load(tmp_path)
    np.testing.assert_array_equal(forecast_of(loaded), forecast_of(made))
    again = tmp_path / "again"
    loaded.save(again)
    for file in files:
        assert (again / file.name).read_bytes() == file.read_bytes()


def test_another_seed_is_another_network() -> None:
    one, other = network(seed=0), network(seed=1)
    for made in (one, other):
        made.fit(random_runs())
    assert np.abs(forecast_of(one) - forecast_of(other)).max() > 0


def test_a_sine_is_learnt() -> None:
    values = 10 + np.sin(2 * np.pi * np.arange(300) / 40)[:, None]
    whole = slice(0, len(values))
    sine = Cases({"sine": Case(values, whole, whole)}, ("x",), ("x",), 50.0)
    window = WindowSettings(history=10, leads=(5, 10))
    training = FitSettings(
        epochs=25, batch_size=32, optimiser=OptimiserSettings(learning_rate=0.02)
    )
    made, persistence = LSTMForecaster(window, LSTMSettings(hidden=8), training), Persistence()
    made.fit(sine)
    persistence.fit(sine)
    errors = normalised_errors(made, sine, (5, 10))
    assert np.all(errors < 0.2 * normalised_errors(persistence, sine, (5, 10)))


def test_validation_runs_choose_the_epoch_but_are_not_learnt_from() -> None:
    forecasts, judged = [], []
    for value in (1.0, 3.0):
        runs = random_runs(4)
        runs.cases["run 3"].values[:] *= value
        made = network(epochs=1, validation=["run 3"])
        judged.append(made.fit(runs))
        forecasts.append(forecast_of(made))
    np.testing.assert_array_equal(*forecasts)
    assert set(judged[0]) == {"rmse", "rmse_lead_1", "rmse_lead_2", "rmse_lead_6"}
    assert judged[0] != judged[1]
    without = network(epochs=1)
    without.fit(random_runs(3))
    np.testing.assert_array_equal(forecast_of(without), forecasts[0])


def test_a_validation_run_that_is_not_there_is_named_with_the_nearest() -> None:
    with pytest.raises(BadInput) as error:
        network(validation=["run 0", "rum 1"]).fit(random_runs())
    assert str(error.value) == "validation: no training run 'rum 1'; did you mean 'run 1'?"


def test_nan_in_training_runs_is_refused_by_name() -> None:
    runs = random_runs()
    runs.cases["run 1"].values[7, 1] = np.nan
    with pytest.raises(BadInput, match=r"variable 'b' has 1 value .* not finite, at sample 7"):
        network().fit(runs)


def test_a_run_shorter_than_the_history_is_refused_with_both_numbers() -> None:
    made = network()
    made.fit(random_runs())
    with pytest.raises(BadInput) as error:
        made.predict(INPUTS[:6], (1,))
    assert str(error.value) == "LSTM: needs 7 samples of history, got 6"


def test_no_leads_and_no_training_are_refused() -> None:
    made = network()
    with pytest.raises(BadInput, match="LSTM: not fitted; call fit first"):
        made.predict(INPUTS, (1,))
    made.fit(random_runs())
    with pytest.raises(BadInput, match=r"leads: expected whole numbers .* got \[\]"):
        made.predict(INPUTS, [])


def test_a_pickle_in_the_place_of_the_weights_is_refused_unopened(saved: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[Any, ...]:
            return Path.touch, (saved / "ran",)

    (saved / "model.safetensors").write_bytes(pickle.dumps(Evil()))
    with pytest.raises(BadInput, match="is a pickle, which can run code when it is loaded"):
        LSTMForecaster.load(saved)
    assert not (saved / "ran").exists()


def test_weights_of_another_size_are_refused(saved: Path) -> None:
    description = json.loads((saved / "model.json").read_text())
    description["model"]["hidden"] = 6
    (saved / "model.json").write_text(json.dumps(description))
    with pytest.raises(DamagedFile, match=r"the model wants \(24, 3\); use the settings that the"):
        LSTMForecaster.load(saved)


def test_weights_cut_short_are_refused(saved: Path) -> None:
    weights = saved / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-10])
    with pytest.raises(DamagedFile, match=r"model\.safetensors: not a whole safetensors file"):
        LSTMForecaster.load(saved)


def test_a_description_with_an_unknown_key_names_the_line(saved: Path) -> None:
    path = saved / "model.json"
    path.write_text(path.read_text().replace('"hidden"', '"hiden"'))
    with pytest.raises(BadInput, match=r"model\.json:\d+: unknown key 'model.hiden'; did you mean"):
        LSTMForecaster.load(saved)
