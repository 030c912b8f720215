"""Laws of the fusion network: sets have no order, heads score as integrals, nothing is assumed."""

import json

import numpy as np
import paddle
import pytest
from scipy.optimize import approx_fprime
from scipy.stats import gamma, norm

from sciml.core.errors import BadInput, DamagedFile
from sciml.weather.post_processing.chosen import chosen_experts, neighbours_for
from sciml.weather.post_processing.fusion import Fusion, FusionSettings
from sciml.weather.post_processing.fusion_heads import (
    Frame,
    GammaHead,
    NormalHead,
    QuantileHead,
    shifted_gamma_crps,
)
from sciml.weather.post_processing.fusion_network import SetPooling
from sciml.weather.post_processing.shifted_gamma import ShiftedGamma
from sciml.weather.post_processing.table import StationTable, station_table
from sciml.weather.scores.ensemble import crps_of_members
from sciml.weather.values import levels
from tests.weather.post_processing.worlds import biased_stations, rain

QUICK = FusionSettings(networks=1, steps=60, station_cases=10)


def halves(table: StationTable) -> tuple[StationTable, StationTable]:
    """What came before, and what comes."""
    middle = table.day[len(table.day) // 2]
    return table.take(table.day <= middle - table.lead), table.take(table.day > middle)


@pytest.fixture(scope="module")
def temperature() -> StationTable:
    return station_table(biased_stations(gap=0.1, dates=80), neighbours=4)


@pytest.fixture(scope="module")
def learnt(temperature) -> Fusion:
    expert = Fusion(QUICK, seed=1)
    expert.fit(halves(temperature)[0])
    return expert


def frame(cases: int, mean: float = 0.5) -> Frame:
    return Frame(paddle.full([cases], mean), paddle.full([cases], 0.3))


def test_a_set_is_pooled_alike_in_any_order_and_absent_elements_do_not_count() -> None:
    paddle.seed(0)
    pool, rng = SetPooling(3, 8), np.random.default_rng(0)
    elements = rng.normal(size=(4, 6, 3)).astype(np.float32)
    there = np.ones((4, 6), np.float32)
    there[:, 4:] = 0
    order = rng.permutation(6)
    first = pool(paddle.to_tensor(elements), paddle.to_tensor(there)).numpy()
    turned = paddle.to_tensor(elements[:, order]), paddle.to_tensor(there[:, order])
    np.testing.assert_allclose(pool(*turned).numpy(), first, atol=1e-6)
    elements[:, 4:] = 1e3
    again = pool(paddle.to_tensor(elements), paddle.to_tensor(there)).numpy()
    np.testing.assert_allclose(again, first, atol=1e-6)
    fewer = paddle.to_tensor(elements[:, :4]), paddle.to_tensor(there[:, :4])
    np.testing.assert_allclose(pool(*fewer).numpy(), first, atol=1e-6)
    nobody = pool(paddle.to_tensor(elements), paddle.to_tensor(0 * there)).numpy()
    np.testing.assert_array_equal(nobody, 0)


def test_members_that_are_alike_can_change_places() -> None:
    table = station_table(rain(dates=200))
    past, future = halves(table)
    expert = Fusion(QUICK, seed=0)
    expert.fit(past)
    order = np.random.default_rng(1).permutation(table.forecast.shape[1])
    found = expert.predict(future)
    swapped = expert.predict(future._replace(forecast=future.forecast[:, order]))
    np.testing.assert_allclose(swapped, found, rtol=1e-5, atol=1e-5)


def test_missing_members_are_borne_and_a_case_without_any_is_refused(learnt, temperature) -> None:
    _, future = halves(temperature)
    holes = future.forecast.copy()
    holes[:, 1:] = np.nan
    holes[np.isnan(holes[:, 0]), 0] = 280.0
    found = learnt.predict(future._replace(forecast=holes))
    assert np.isfinite(found).all()
    holes[3] = np.nan
    with pytest.raises(BadInput, match="has no member"):
        learnt.predict(future._replace(forecast=holes))


def test_an_unknown_station_is_forecast_as_one_that_was_never_told_apart(
    learnt, temperature
) -> None:
    _, future = halves(temperature)
    far, further = (
        learnt.predict(future._replace(station=future.station + more)) for more in (100, 500)
    )
    np.testing.assert_array_equal(far, further)
    assert np.abs(far - learnt.predict(future)).max() > 0


def test_forecasts_follow_from_seed_and_past_and_do_not_look_at_what_came(
    learnt, temperature
) -> None:
    past, future = halves(temperature)
    found = learnt.predict(future)
    again, other = Fusion(QUICK, seed=1), Fusion(QUICK, seed=2)
    again.fit(past)
    other.fit(past)
    blind = future._replace(observation=np.full(len(future.day), np.nan))
    np.testing.assert_allclose(again.predict(blind), found, rtol=1e-6)
    assert np.abs(other.predict(blind) - found).max() > 1e-3
    again.fit(past.take(past.day > past.day[len(past.day) // 2]))  # nothing of the past is kept
    fresh = Fusion(QUICK, seed=1)
    fresh.fit(past.take(past.day > past.day[len(past.day) // 2]))
    np.testing.assert_allclose(again.predict(future), fresh.predict(future), rtol=1e-6)


@pytest.mark.parametrize("head", ["normal", "quantiles"])
def test_quantiles_ascend_and_the_biases_of_stations_are_learnt(temperature, head) -> None:
    past, future = halves(temperature)
    expert = Fusion(QUICK.model_copy(update={"head": head}), seed=2)
    expert.fit(past)
    found = expert.predict(future)
    assert np.all(np.diff(found, axis=1) >= 0)
    ours = crps_of_members(found, future.observation).mean()
    assert ours < 0.6 * crps_of_members(future.forecast, future.observation).mean()


@pytest.mark.parametrize("head", ["gamma", "quantiles"])
def test_rain_stays_above_zero_and_is_forecast_better_than_by_its_members(head) -> None:
    past, future = halves(station_table(rain()))
    settings = QUICK.model_copy(update={"head": head})
    expert = Fusion(settings, seed=2)
    expert.fit(past)
    found = expert.predict(future)
    assert found.min() >= 0
    assert np.all(np.diff(found, axis=1) >= 0)
    ours = crps_of_members(found, future.observation).mean()
    assert ours < crps_of_members(future.forecast, future.observation).mean()


def test_score_of_the_normal_head_is_the_integral_over_its_distribution() -> None:
    numbers = paddle.to_tensor([[0.3, -0.4], [-0.2, 0.5]])
    truth = np.array([1.5, -1.0], np.float32)
    found = NormalHead().crps(numbers, frame(2), paddle.to_tensor(truth)).numpy()
    grid = np.linspace(-20, 20, 80_001)
    for case, (shift, size) in enumerate(numbers.numpy()):
        below = norm.cdf(grid, 0.5 + shift, np.exp(size))
        integral = np.sum((below - (grid >= truth[case])) ** 2) * (grid[1] - grid[0])
        assert found[case] == pytest.approx(integral, abs=1e-3)


def test_score_of_the_gamma_head_is_the_integral_over_its_distribution() -> None:
    head, numbers = GammaHead(), paddle.to_tensor([[0.3, -0.4, 0.1], [-0.2, 0.5, -0.3]])
    shape, scale, shift = (each.numpy() for each in head._law(numbers, frame(2)))
    grid = np.linspace(0, 60, 240_001)
    for truth in (0.0, 0.4, 5.0):
        found = head.crps(numbers, frame(2), paddle.full([2], truth)).numpy()
        for case in range(2):
            below = gamma.cdf(grid + shift[case], shape[case], scale=scale[case])
            integral = np.sum((below - (grid >= truth)) ** 2) * (grid[1] - grid[0])
            assert found[case] == pytest.approx(integral, abs=2e-3)


@pytest.mark.parametrize("nonnegative", [False, True])
def test_score_of_the_quantile_head_is_that_of_its_values(nonnegative: bool) -> None:
    head, rng = QuantileHead(nonnegative=nonnegative), np.random.default_rng(3)
    drawn = rng.normal(0, 0.5, (5, head.outputs)).astype(np.float32)
    numbers, truth = paddle.to_tensor(drawn), np.abs(rng.normal(size=5))
    values = head.values(numbers, frame(5))
    assert values.shape == (5, len(levels()))
    assert np.all(np.diff(values, axis=1) >= 0)
    found = head.crps(numbers, frame(5), paddle.to_tensor(truth, dtype="float32")).numpy()
    np.testing.assert_allclose(found, crps_of_members(values, truth), rtol=1e-4, atol=1e-5)


def test_slopes_of_the_shifted_gamma_score_are_those_of_differences() -> None:
    for law in ([0.6, 1.5, 0.4], [5.0, 0.3, 0.2], [40.0, 0.1, 1.0]):
        for truth in (0.0, 0.7, 6.0):
            tensors = [paddle.to_tensor([x], dtype="float64", stop_gradient=False) for x in law]
            shifted_gamma_crps(*tensors, paddle.to_tensor([truth], dtype="float64")).backward()

            def score(numbers, truth=truth):
                return ShiftedGamma(*(numbers[n : n + 1] for n in range(3))).crps(np.array([truth]))

            numeric = approx_fprime(np.array(law), lambda x, s=score: float(s(x)[0]), 1e-6)
            slopes = [each.grad.item() for each in tensors]
            np.testing.assert_allclose(slopes, numeric, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("head", [NormalHead(), QuantileHead(nonnegative=False)])
def test_slopes_of_the_other_heads_are_those_of_differences(head) -> None:
    rng = np.random.default_rng(4)
    numbers = rng.normal(0, 0.3, head.outputs)
    tensor = paddle.to_tensor(numbers[None], dtype="float32", stop_gradient=False)
    head.crps(tensor, frame(1), paddle.to_tensor([1.3])).backward()
    for which in (0, 1, head.outputs - 1):
        step = np.zeros((1, head.outputs), np.float32)
        step[0, which] = 1e-2
        ends = [
            head.crps(tensor.detach() + sign * step, frame(1), paddle.to_tensor([1.3])).item()
            for sign in (1, -1)
        ]
        assert tensor.grad[0, which].item() == pytest.approx((ends[0] - ends[1]) / 2e-2, abs=2e-3)


def test_what_is_saved_forecasts_the_same(learnt, temperature, tmp_path) -> None:
    files = learnt.save(tmp_path)
    assert [file.suffix for file in files] == [".safetensors", ".json"]
    _, future = halves(temperature)
    np.testing.assert_array_equal(Fusion.load(tmp_path).predict(future), learnt.predict(future))
    described = json.loads(files[1].read_text())
    files[1].write_text(json.dumps(described | {"sizes": [3, 4, 5]}))
    with pytest.raises(DamagedFile, match="shape"):
        Fusion.load(tmp_path)


def test_what_cannot_be_is_refused_with_the_remedy(learnt, temperature) -> None:
    past, future = halves(temperature)
    with pytest.raises(BadInput, match="call fit"):
        Fusion().predict(future)
    with pytest.raises(BadInput, match="nothing to save"):
        Fusion().save("anywhere")
    with pytest.raises(BadInput, match="number of neighbours"):
        learnt.predict(future._replace(around=future.around[:, :2]))
    with pytest.raises(BadInput, match="gamma law is for amounts"):
        Fusion(FusionSettings(head="gamma")).fit(past)


def test_the_expert_is_chosen_by_name_and_asks_for_its_neighbours(temperature) -> None:
    (expert,) = chosen_experts(["fusion"], temperature, seed=0)
    assert expert.name == "fusion"
    assert neighbours_for(["forest", "fusion"]) > neighbours_for(["forest"]) == 0
