"""Tests of the kernel regression and its regions."""

import numpy as np
import pytest
import xarray as xr

from sciml.core.errors import BadInput
from sciml.weather.forecast import FieldForecaster
from sciml.weather.forecasters.kernel import KernelRegression, KernelSettings
from sciml.weather.forecasters.linear import LinearComponents, LinearSettings
from sciml.weather.forecasters.regions import regions
from sciml.weather.verification import rmse_by_lead
from tests.weather.forecaster_laws import ObeysFieldForecastContract, drifting_waves

LAT, LON = np.linspace(30, 60, 5), np.linspace(-60, 0, 8)
WHOLE = KernelSettings(rows=1, columns=1, reach=1e9)


class TestKernel(ObeysFieldForecastContract):
    history = 2
    unit_tolerance = 1e-5

    def forecaster(self) -> FieldForecaster:
        return KernelRegression(
            self.leads, KernelSettings(history=2, rows=1, columns=2, ridges=(0.1, 1.0), blocks=4)
        )


def test_a_wide_kernel_on_the_whole_field_is_the_linear_regression() -> None:
    train, test = drifting_waves(500), drifting_waves(60, seed=4)
    ridge, days = 0.5, len(train) - 1
    wide = WHOLE.model_copy(update={"history": 1, "width": 1e3, "ridges": (ridge,), "harmonics": 0})
    kernel = KernelRegression((1,), wide)
    linear = LinearComponents(
        (1,), LinearSettings(components=40, history=1, ridges=(ridge / days,), harmonics=0)
    )
    train = train - train.mean("time")  # the kernel has a constant, the regression has none
    train.attrs["units"] = "hPa"
    answers = []
    for made in (kernel, linear):
        made.fit(train)
        answers.append(made.predict(test - 1000, (1,)))
    gap = answers[0]["forecast"] - answers[1]["forecast"]
    assert np.abs(gap).max() < 0.05
    spreads = [answer["standard_deviation"] for answer in answers]
    np.testing.assert_allclose(spreads[0], spreads[1], rtol=0.02)


def test_blocks_left_out_are_as_if_they_had_never_been_learnt() -> None:
    field = drifting_waves(400)
    settings = WHOLE.model_copy(
        update={"history": 1, "ridges": (0.3,), "blocks": 2, "harmonics": 0}
    )
    made = KernelRegression((2,), settings)
    made.fit(field)
    due, residuals = made._residuals(made._learnt, 2)
    # The slow way: the same anomalies, the second half alone, and the kernel by its formula.
    issues, values = made._issues, made._learnt.values
    half = len(issues) // 2
    root = np.sqrt(np.cos(np.deg2rad(LAT)) / np.cos(np.deg2rad(LAT)).mean())[:, None]
    seen = (values * root).reshape(len(values), -1)[issues]
    unit = np.mean(np.sum(seen**2, axis=1))
    square = ((seen[:, None] - seen[None]) ** 2).sum(axis=-1)
    likeness = 4 * np.exp(-square / (8 * unit))
    apart = issues > issues[half - 1] + 2
    learnt = np.linalg.solve(
        likeness[np.ix_(apart, apart)] + 0.3 * np.eye(apart.sum()),
        values[issues + 2][apart].reshape(apart.sum(), -1),
    )
    expected = (likeness[:half][:, apart] @ learnt).reshape(-1, 5, 8)
    np.testing.assert_array_equal(due, issues + 2)
    np.testing.assert_allclose(residuals[:half], values[issues[:half] + 2] - expected, atol=1e-8)


def test_a_bent_process_is_forecast_better_than_any_line_could() -> None:
    rng, like = np.random.default_rng(11), drifting_waves(800)
    state, pattern = np.zeros(800), rng.normal(size=like.shape[1:])
    for day in range(1, 800):
        state[day] = 1 - 1.5 * state[day - 1] ** 2 + 0.05 * rng.normal()
        state[day] = np.clip(state[day], -1.1, 1.1)
    field = like.copy(data=state[:, None, None] * pattern)
    errors = []
    for made in (
        KernelRegression((1,), WHOLE.model_copy(update={"history": 1, "width": 0.5})),
        LinearComponents((1,), LinearSettings(components=3, history=1)),
    ):
        made.fit(field[:600])
        errors.append(float(rmse_by_lead(made.predict(field[600:], (1,)), field[600:])[0]))
    assert errors[0] < 0.3 * errors[1]


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (2, 4), (3, 2)])
def test_shares_of_regions_are_one_together(rows: int, columns: int) -> None:
    found = regions(LAT, LON, rows, columns, 2000.0)
    assert len(found) == rows * columns
    np.testing.assert_allclose(sum(region.share for region in found), 1)
    assert all((region.share >= 0).all() for region in found)


def test_a_region_sees_all_with_infinite_reach_and_its_centre_best_with_a_short_one() -> None:
    assert (regions(LAT, LON, 1, 1, np.inf)[0].nearness == 1).all()
    near = regions(LAT, LON, 1, 1, 500.0)[0].nearness
    assert np.unravel_index(near.argmax(), near.shape) in [(2, 3), (2, 4)]


def test_a_region_may_look_upstream() -> None:
    west = regions(LAT, LON, 1, 1, 500.0, upstream=15.0)[0].nearness
    east = regions(LAT, LON, 1, 1, 500.0, upstream=-15.0)[0].nearness
    assert LON[west.argmax() % 8] < -30 < LON[east.argmax() % 8]
    np.testing.assert_allclose(west, east[:, ::-1])


def test_regions_that_make_no_sense_are_refused() -> None:
    with pytest.raises(BadInput, match="expected 1 to 5 rows, got 6"):
        regions(LAT, LON, 6, 1, 1000.0)
    with pytest.raises(BadInput, match="reach must be positive"):
        regions(LAT, LON, 1, 1, 0.0)


def test_fields_are_compared_once_for_all_leads(monkeypatch: pytest.MonkeyPatch) -> None:
    few = WHOLE.model_copy(update={"ridges": (1.0,), "blocks": 2, "harmonics": 0})
    made = KernelRegression((1, 2, 3), few)
    made.fit(drifting_waves(200))
    alone = [made.predict(drifting_waves(20, seed=4), (lead,)) for lead in made.leads]
    calls, kernel = [], KernelRegression._kernel
    monkeypatch.setattr(
        KernelRegression, "_kernel", lambda *given: calls.append(1) or kernel(*given)
    )
    together = made.predict(drifting_waves(20, seed=4), made.leads)
    assert len(calls) == 1
    xr.testing.assert_equal(together, xr.concat(alone, "lead"))
