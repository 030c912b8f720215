"""Tests of mixtures of forecasters: limits with a known answer first."""

from collections.abc import Callable, Mapping

import numpy as np
import pytest
import xarray as xr

from sciml.core.errors import BadInput
from sciml.weather.forecast import FieldForecaster, field_forecast_dataset
from sciml.weather.forecasters.baselines import Climatology, DampedPersistence, Persistence
from sciml.weather.forecasters.imported import Imported
from sciml.weather.forecasters.linear import LinearComponents, LinearSettings
from sciml.weather.mixture.cases import Cases
from sciml.weather.mixture.forecaster import Mixture, MixtureSettings, leave_one_out
from sciml.weather.mixture.situations import Situations, SituationSettings
from sciml.weather.verification import rmse_by_lead, squared_errors
from tests.weather.forecaster_laws import ObeysFieldForecastContract, drifting_waves

LEADS = (1, 2, 4)
FIELD, LATER = drifting_waves(1461), drifting_waves(400, seed=6, start="2006-01-01")
SITUATIONS = SituationSettings(harmonics=0, components=2)
SETTINGS = MixtureSettings(groups=2, places=10, situations=SITUATIONS)
Makers = Mapping[str, Callable[[], FieldForecaster]]
MAKERS: Makers = {
    "climatology": lambda: Climatology(LEADS, harmonics=0),
    "persistence": lambda: Persistence(LEADS, harmonics=0),
    "linear": lambda: LinearComponents(LEADS, LinearSettings(components=3, history=1, harmonics=0)),
}


def fitted(makers: Makers, settings: MixtureSettings = SETTINGS, seed: int = 0) -> Mixture:
    made = Mixture(makers, LEADS, settings, seed=seed)
    made.fit(FIELD)
    return made


@pytest.fixture(scope="module")
def mixture() -> Mixture:
    return fitted(MAKERS)


class TestMixture(ObeysFieldForecastContract):
    unit_tolerance = 1e-3  # the gate stops where its slope is small; opinions are single precision

    def forecaster(self) -> FieldForecaster:
        makers: Makers = {
            "damped": lambda: DampedPersistence(self.leads, harmonics=0),
            "climatology": lambda: Climatology(self.leads, harmonics=0),
        }
        return Mixture(makers, self.leads, SETTINGS)


def test_one_expert_is_the_mixture() -> None:
    made = fitted({"damped": lambda: DampedPersistence(LEADS, harmonics=0)})
    alone = DampedPersistence(LEADS, harmonics=0)
    alone.fit(FIELD)
    one, other = (x.predict(LATER, LEADS)["forecast"] for x in (made, alone))
    np.testing.assert_allclose(one, other, atol=1e-3)
    assert (made.weights(LATER, LEADS) == 1).all()


def test_experts_of_one_mind_are_the_forecast_whatever_their_weights() -> None:
    make = MAKERS["linear"]
    one = fitted({"a": make}).predict(LATER, LEADS)
    three = fitted({"a": make, "b": make, "c": make}).predict(LATER, LEADS)
    np.testing.assert_allclose(one["forecast"], three["forecast"], atol=1e-3)
    np.testing.assert_allclose(one["standard_deviation"], three["standard_deviation"], rtol=1e-4)


@pytest.mark.parametrize("loss", ["crps", "squared"])
def test_an_expert_who_knows_the_truth_gets_all_weight(loss: str) -> None:
    settings = MixtureSettings.model_validate(SETTINGS.model_dump() | {"loss": loss})
    made = fitted({**MAKERS, "oracle": lambda: Imported(truth_archive())}, settings)
    weights = made.weights(FIELD[:300], LEADS).sel(expert="oracle")
    assert weights.min() > 0.99
    assert (rmse_by_lead(made.predict(FIELD[:1400], LEADS), FIELD) < 0.05).all()


def truth_archive() -> xr.Dataset:
    """What will come, all but known."""
    noise = 0.01 * np.random.default_rng(0).normal(size=(1457, 3, 5, 8))
    values = np.stack([FIELD.values[lead : lead + 1457] for lead in LEADS], axis=1) + noise
    return field_forecast_dataset(values, FIELD[:1457], LEADS)


def test_experts_in_another_order_have_the_same_weights(mixture: Mixture) -> None:
    turned = fitted(dict(reversed(MAKERS.items())))
    one, other = (made.weights(LATER, LEADS) for made in (mixture, turned))
    np.testing.assert_allclose(one, other.sel(expert=one["expert"]), atol=2e-3)
    forecasts = (made.predict(LATER, LEADS)["forecast"] for made in (mixture, turned))
    np.testing.assert_allclose(*forecasts, atol=0.02)


def test_weights_are_positive_one_together_and_labelled(mixture: Mixture) -> None:
    weights = mixture.weights(LATER, (2, 1))
    assert weights.dims == ("time", "lead", "lat", "lon", "expert")
    assert weights["expert"].values.tolist() == list(MAKERS)
    assert (weights >= 0).all()
    np.testing.assert_allclose(weights.sum("expert"), 1, atol=1e-6)
    some = mixture.weights(LATER, (2, 1), LATER["time"].values[[5, 50]])
    xr.testing.assert_allclose(some, weights.isel(time=[5, 50]))
    np.testing.assert_allclose(mixture.mean_weights().sum("expert"), 1)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("loss", ["crps", "squared"])
def test_on_its_cases_it_is_not_worse_than_any_constant_weights(seed: int, loss: str) -> None:
    settings = MixtureSettings.model_validate(SETTINGS.model_dump() | {"loss": loss})
    made = fitted(MAKERS, settings, seed)
    for lead, cases in made.cases.items():
        found = made.score(lead)
        rng = np.random.default_rng(seed)
        for weights in [*np.eye(3), *rng.dirichlet(np.ones(3), 20)]:
            constant = made.score(lead, np.broadcast_to(weights, cases.forecast.shape))
            assert found <= constant * (1 + 1e-4)


def test_it_errs_less_than_its_experts_on_other_years(mixture: Mixture) -> None:
    error = rmse_by_lead(mixture.predict(LATER, LEADS), LATER)
    for expert in mixture.experts.values():
        assert (error <= rmse_by_lead(expert.predict(LATER, LEADS), LATER) * 1.01).all()


def test_its_spread_is_its_error(mixture: Mixture) -> None:
    answer = mixture.predict(LATER, LEADS)
    weights = np.cos(np.deg2rad(LATER["lat"]))
    due = squared_errors(answer, LATER).notnull()
    variance = (answer["standard_deviation"] ** 2).weighted(weights).mean(["lat", "lon"])
    ratio = np.sqrt(variance.where(due).mean("time")) / rmse_by_lead(answer, LATER)
    np.testing.assert_allclose(ratio, 1, atol=0.07)


def test_weights_go_where_an_expert_is_good() -> None:
    # In the west only the first archive knows, in the east only the second.
    def archive(west: bool) -> xr.Dataset:
        data = truth_archive()
        blind = (data["lon"] < -30) != west
        data["forecast"] = data["forecast"].where(~blind, 1000.0)
        data["forecast"].attrs["units"] = "hPa"
        return data

    made = fitted(
        {"west": lambda: Imported(archive(True)), "east": lambda: Imported(archive(False))}
    )
    weights = made.weights(FIELD[:50], LEADS).sel(expert="west").mean(["time", "lead", "lat"])
    assert weights[0] > 0.8
    assert weights[-1] < 0.2


def test_leaving_out_the_best_expert_costs_most(mixture: Mixture) -> None:
    opinions = mixture.opinions(LATER, LEADS)
    worth = leave_one_out(mixture, opinions, LATER, LATER)
    assert worth.dims == ("expert", "lead")
    assert worth.sel(lead=1).idxmax("expert") == "linear"
    assert (worth > -0.02).all()


def test_fewer_experts_share_what_was_learnt(mixture: Mixture) -> None:
    two = mixture.without("climatology")
    assert list(two.experts) == ["persistence", "linear"]
    alone = mixture.among(["linear"])
    np.testing.assert_allclose(
        alone.predict(LATER, LEADS)["forecast"],
        mixture.experts["linear"].predict(LATER, LEADS)["forecast"],
        atol=1e-3,
    )
    with pytest.raises(BadInput, match=r"no expert \['oracle'\]"):
        mixture.without("oracle")
    with pytest.raises(BadInput, match="no expert left"):
        alone.without("linear")


def test_the_seed_decides_and_matters_little(mixture: Mixture) -> None:
    again, other = fitted(MAKERS), fitted(MAKERS, seed=1)
    forecasts = [made.predict(LATER, LEADS)["forecast"] for made in (mixture, again, other)]
    np.testing.assert_array_equal(forecasts[0], forecasts[1])
    gap = float(np.abs(forecasts[2] - forecasts[0]).max())
    assert 0 < gap < 1.0


def test_what_cannot_be_mixed_is_refused(mixture: Mixture) -> None:
    with pytest.raises(BadInput, match="expected one expert or more"):
        Mixture({}, LEADS)
    with pytest.raises(BadInput, match="is not among those of the inputs"):
        mixture.weights(LATER, LEADS, FIELD["time"].values[:1])
    with pytest.raises(BadInput, match="gives no standard deviation"):
        fitted({"silent": lambda: Silent(LEADS, harmonics=0)})


class Silent(Climatology):
    """An expert who does not know how far it errs."""

    def predict(self, inputs: xr.DataArray, leads: tuple[int, ...]) -> xr.Dataset:
        return super().predict(inputs, leads).drop_vars("standard_deviation")


def test_situations_are_of_order_one_and_named() -> None:
    for settings in (SITUATIONS, SituationSettings(season=False, place=False, local=False)):
        made = Situations(settings).fit(FIELD)
        rng = np.random.default_rng(0)
        cases = rng.integers(400, size=2000), rng.integers(40, size=2000)
        features = made.at(made.state(LATER), *cases)
        assert features.shape == (2000, len(made.names))
        assert (features[:, 0] == 1).all()
        assert np.abs(features[:, 1:]).mean(axis=0).max() < 2


def test_cases_of_some_experts() -> None:
    rng = np.random.default_rng(0)
    cases = Cases(rng.normal(size=(5, 3)), np.ones((5, 3)), np.ones(5), np.ones((5, 1)), np.ones(5))
    np.testing.assert_array_equal(cases.of([2, 0]).forecast, cases.forecast[:, [2, 0]])
