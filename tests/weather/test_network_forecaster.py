"""Networks under the contract of forecasters of fields, and their own promises."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import paddle
import pytest
from scipy.integrate import trapezoid

from sciml.core.errors import BadInput, DamagedFile
from sciml.nn.attention import AttentionSettings
from sciml.nn.convolution import ConvolutionSettings
from sciml.nn.graph import GraphSettings
from sciml.nn.spectral import FourierSettings
from sciml.training.checkpoint import read_tensors, write_weights
from sciml.training.fit import FitSettings
from sciml.training.optimiser import OptimiserSettings
from sciml.weather.forecast import FieldForecaster
from sciml.weather.forecasters.baselines import DampedPersistence
from sciml.weather.forecasters.kept_trainings import KeptTrainings
from sciml.weather.forecasters.network import NetworkForecaster
from sciml.weather.forecasters.network_layer import NetworkSettings, normal_crps
from sciml.weather.forecasters.network_samples import conditions_at
from sciml.weather.verification import rmse_by_lead
from tests.weather.forecaster_laws import ObeysFieldForecastContract, drifting_waves

SMALL = FourierSettings(width=8, depth=2, highest=(2, 3), margin=(3, 4))


def settings(epochs: int = 1, **given: Any) -> NetworkSettings:
    optimiser = OptimiserSettings(learning_rate=5e-3, average_decay=0.9)
    training = FitSettings(epochs=epochs, batch_size=64, optimiser=optimiser)
    return NetworkSettings(**{"backbone": SMALL, "history": 2, "training": training} | given)


class IsNetworkForecaster(ObeysFieldForecastContract):
    history = 2  # of the network
    unit_tolerance = 1e-3

    given: dict[str, Any] = {}  # noqa: RUF012 - settings of a subclass

    def forecaster(self) -> FieldForecaster:
        return NetworkForecaster(self.leads, settings(**self.given))


class TestMeans(IsNetworkForecaster):
    given = {"input_noise": 0.1, "start": "damped persistence"}  # noqa: RUF012


class TestNormal(IsNetworkForecaster):
    given = {"head": "normal", "start": "climatology"}  # noqa: RUF012


class TestRolledOut(IsNetworkForecaster):
    given = {"rolled_out": True, "start": "damped persistence"}  # noqa: RUF012


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"head": "normal", "start": "damped persistence"},
        {"rolled_out": True, "start": "damped persistence"},
        {
            "backbone": ConvolutionSettings(width=8, depth=1, coarser=1),
            "start": "damped persistence",
        },
    ],
)
def test_it_beats_what_it_corrects_and_knows_its_errors(given: dict[str, Any]) -> None:
    train, test = drifting_waves(), drifting_waves(200, seed=3, start="2005-01-01")
    damped = DampedPersistence((1, 2))
    network = NetworkForecaster((1, 2), settings(8, **given))
    found = network.fit(train)
    damped.fit(train)
    answer = network.predict(test, (1, 2))
    error = rmse_by_lead(answer, test)
    assert (error < 0.9 * rmse_by_lead(damped.predict(test, (1, 2)), test)).all()
    spread = np.sqrt((answer["standard_deviation"] ** 2).mean(["time", "lat", "lon"]))
    np.testing.assert_allclose(spread, error, rtol=0.15)
    np.testing.assert_allclose([found[f"rmse_lead_{lead}"] for lead in (1, 2)], error, rtol=0.15)


@pytest.mark.parametrize(
    "backbone",
    [GraphSettings(width=8, depth=1, neighbours=4), AttentionSettings(width=8, depth=1, heads=2)],
)
def test_an_untrained_network_is_damped_persistence(backbone: Any) -> None:
    still = FitSettings(epochs=1, optimiser=OptimiserSettings(learning_rate=1e-12))
    given = {"history": 1, "start": "damped persistence", "training": still}
    network = NetworkForecaster((1, 3), settings(backbone=backbone, **given))
    train = drifting_waves()
    network.fit(train)
    damped = DampedPersistence((1, 3))
    damped.fit(train[:700])  # the rest is held out
    inputs = drifting_waves(40, seed=3, start="2005-01-01")
    one, other = (made.predict(inputs, (1, 3))["forecast"] for made in (network, damped))
    np.testing.assert_allclose(one, other, atol=0.2)  # hPa


def test_the_score_of_normals_is_the_area_between_distributions() -> None:
    rng = np.random.default_rng(0)
    mean, truth = rng.normal(size=(2, 5))
    deviation = rng.uniform(0.3, 2, 5)
    x = np.linspace(-30, 30, 60_001)[:, None]
    below = 0.5 * (1 + paddle.erf(paddle.to_tensor((x - mean) / deviation / 2**0.5)).numpy())
    expected = trapezoid((below - (x >= truth)) ** 2, x[:, 0], axis=0)
    found = normal_crps(*(paddle.to_tensor(each) for each in (mean, deviation, truth)))
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-3)


def test_midnight_is_the_end_of_one_day_and_the_start_of_the_next() -> None:
    times = np.array(["2001-01-01T00", "2001-01-01T12", "2001-07-02T15"], "datetime64[ns]")
    found = conditions_at(times)
    np.testing.assert_allclose(found[0], [0, 1, 0, 1], atol=1e-6)
    np.testing.assert_allclose(found[1, 2:], [0, -1], atol=1e-6)
    np.testing.assert_allclose(found[2, :2], [0, -1], atol=0.02)


def test_a_run_that_was_stopped_ends_with_the_same_forecasts(tmp_path: Path) -> None:
    inputs = drifting_waves(20, seed=3, start="2005-01-01")
    fading = settings(4, start="damped persistence")
    plain = NetworkForecaster((1, 2), fading, seed=4)
    whole, half = (
        NetworkForecaster((1, 2), fading, seed=4, kept=KeptTrainings(tmp_path)) for _ in range(2)
    )
    plain.fit(drifting_waves())
    whole.fit(drifting_waves())
    _, newest = sorted(tmp_path.glob("*/checkpoints/step-*"))  # the newest two are kept
    shutil.rmtree(newest)
    half.fit(drifting_waves())
    assert sorted(tmp_path.glob("*/checkpoints/step-*"))[-1] == newest
    expected = plain.predict(inputs, (1, 2))["forecast"]
    for made in (whole, half):
        np.testing.assert_array_equal(made.predict(inputs, (1, 2))["forecast"], expected)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"head": "normal", "start": "climatology"},
        {"rolled_out": True, "start": "damped persistence"},
    ],
)
def test_a_saved_forecaster_forecasts_the_same(tmp_path: Path, given: dict[str, Any]) -> None:
    made = NetworkForecaster((1, 3), settings(**given))
    made.fit(drifting_waves())
    files = made.save(tmp_path)
    assert [file.suffix for file in files] == [".safetensors", ".json"]
    read = NetworkForecaster.load(tmp_path)
    assert (read.name, read.leads, read.settings) == (made.name, made.leads, made.settings)
    inputs = drifting_waves(30, seed=3, start="2005-01-01")
    one, other = (each.predict(inputs, (3, 1)) for each in (made, read))
    for name in ("forecast", "standard_deviation"):
        np.testing.assert_array_equal(one[name], other[name])
    with pytest.raises(BadInput, match="in 'K', trained in 'hPa'"):
        read.predict(inputs.assign_attrs(units="K"), (1,))


def test_what_is_saved_in_part_is_refused(tmp_path: Path) -> None:
    made = NetworkForecaster((1,), settings(start="climatology"))
    made.fit(drifting_waves())
    weights, _ = made.save(tmp_path)
    content = weights.read_bytes()
    arrays = read_tensors(weights)
    write_weights(weights, {name: a for name, a in arrays.items() if "spread" not in name})
    with pytest.raises(DamagedFile, match="holds no 'spread 1' of the forecaster"):
        NetworkForecaster.load(tmp_path)
    weights.write_bytes(content[: len(content) // 2])
    with pytest.raises(DamagedFile, match="not a whole safetensors file"):
        NetworkForecaster.load(tmp_path)
    weights.unlink()
    with pytest.raises(BadInput, match="no such weights file"):
        NetworkForecaster.load(tmp_path)


def test_another_training_begins_anew_and_the_same_is_read(tmp_path: Path) -> None:
    fading, other = (settings(start=start) for start in ("damped persistence", "climatology"))
    for given, leads, seed, data in (
        (fading, (1,), 0, 0),
        (fading, (1,), 0, 2),
        (fading, (1,), 5, 0),
        (fading, (2,), 0, 0),
        (other, (1,), 0, 0),
    ):
        kept = KeptTrainings(tmp_path)
        NetworkForecaster(leads, given, seed=seed, kept=kept).fit(drifting_waves(seed=data))
        assert kept.wall_before == kept.cpu_before == 0
    assert len(list(tmp_path.iterdir())) == 5
    kept = KeptTrainings(tmp_path)
    again = NetworkForecaster((1,), fading, kept=kept)
    again.fit(drifting_waves())
    assert len(list(tmp_path.iterdir())) == 5
    assert again.result is not None
    assert 0 < kept.wall_before <= again.result.wall_seconds


def test_settings_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(BadInput, match="a rolled-out network forecasts means alone"):
        settings(rolled_out=True, head="normal")
    with pytest.raises(BadInput, match="leads: expected steps ahead from 1 on"):
        NetworkForecaster((0, 1))
    with pytest.raises(BadInput, match="forecasts to be judged by, expected 30"):
        NetworkForecaster((1,), settings(held_out=0.02)).fit(drifting_waves())
