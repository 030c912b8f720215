"""Laws that a new member of a family inherits by subclassing."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import xarray as xr
from paddle import nn

from sciml.core.errors import BadInput
from sciml.hydro.cases import Case, Cases
from sciml.hydro.forecast import Forecaster, Plan
from sciml.training import fit as fitting
from sciml.training.fit import FitResult, FitSettings, Problem
from sciml.training.optimiser import layer_arrays

Made = tuple[Problem, FitSettings]


class Killed(Exception):
    """Stands for a kill in the middle of a run."""


class ResumesExactly:
    """A run that is killed and resumed ends with the weights of the uninterrupted run.

    A subclass gives ``problem``: a fresh problem and its settings, the same at each call.
    """

    def problem(self) -> Made:
        """The training to put under the law."""
        raise NotImplementedError

    def trained(
        self, folder: Path | None, kill_at: Callable[[int], bool] = lambda _: False
    ) -> tuple[FitResult, dict[str, np.ndarray]]:
        """Train, or be killed at a step that the predicate names, counted over all loss calls."""
        problem, settings = self.problem()
        calls = 0

        def loss(layer: nn.Layer, batch: fitting.Batch) -> fitting.paddle.Tensor:
            nonlocal calls
            calls += 1
            if kill_at(calls):
                raise Killed
            return problem.loss(layer, batch)

        result = fitting.fit(
            problem._replace(loss=loss), settings, seed=11, folder=folder, recipe={"law": 1}
        )
        return result, layer_arrays(problem.layer)

    @pytest.mark.parametrize("kill_after", [1, 5, 14])
    def test_killed_again_and_again_it_ends_with_the_same_weights(
        self, tmp_path: Path, kill_after: int
    ) -> None:
        uninterrupted, expected = self.trained(tmp_path / "whole")
        folder = tmp_path / "killed"
        kills = 0
        while kills < 200:
            try:
                # Each attempt goes further, so that the run ends also when it saves rarely.
                result, weights = self.trained(folder, lambda n, k=kills: n > kill_after + 2 * k)
                break
            except Killed:
                kills += 1
        assert kills > 0
        for name, array in expected.items():
            np.testing.assert_array_equal(weights[name], array)
        assert (result.best, result.steps, result.end) == (
            uninterrupted.best,
            uninterrupted.steps,
            uninterrupted.end,
        )
        history = [(tmp_path / run / "history.jsonl").read_text() for run in ("whole", "killed")]
        assert history[0] == history[1]

    def test_the_same_seed_gives_the_same_weights_without_a_folder(self) -> None:
        first, second = self.trained(None)[1], self.trained(None)[1]
        for name, array in first.items():
            np.testing.assert_array_equal(second[name], array)


def random_runs(count: int = 3, samples: int = 60, seed: int = 0) -> Cases:
    """Short runs of three related channels in different units; the targets are not in order."""
    cases = {}
    for number in range(count):
        noise = np.random.default_rng([seed, number]).normal(size=(samples + 8, 3))
        smooth = np.stack([np.convolve(one, np.ones(9) / 3, "valid") for one in noise.T], axis=-1)
        smooth[3:, 1] += 2 * smooth[:-3, 0]
        values = smooth * (1.0, 50.0, 0.02) + (0.0, 1e4, -1.0)
        cases[f"run {number}"] = Case(values, slice(2, samples), slice(10, samples - 5))
    return Cases(cases, ("a", "b", "c"), ("c", "b"), rate=50.0)


def in_other_units(runs: Cases, factor: Sequence[float], offset: Sequence[float]) -> Cases:
    """The same runs with every channel measured in another unit."""
    changed = {
        name: case._replace(values=case.values * factor + offset)
        for name, case in runs.cases.items()
    }
    return runs._replace(cases=changed)


class ObeysForecastContract:
    """What every forecaster promises; see :class:`sciml.hydro.forecast.Forecaster`.

    A subclass gives ``forecaster``: a fresh one for ``leads``, that needs ``history`` samples.
    """

    leads: ClassVar[tuple[int, ...]] = (1, 2, 6)
    history: ClassVar[int] = 1

    def forecaster(self) -> Forecaster:
        """A forecaster that has learnt nothing yet."""
        raise NotImplementedError

    def fitted(self, runs: Cases | None = None) -> Forecaster:
        """A forecaster that has learnt from the random runs or from others."""
        made = self.forecaster()
        made.fit(random_runs() if runs is None else runs)
        return made

    def test_a_forecast_has_the_axes_and_coordinates_of_the_contract(self) -> None:
        inputs = random_runs(seed=1).cases["run 0"].values
        forecast = self.fitted().predict(inputs, self.leads)["forecast"]
        assert forecast.dims == ("time", "lead", "target")
        assert forecast["time"].values.tolist() == list(range(self.history - 1, len(inputs)))
        assert forecast["lead"].values.tolist() == list(self.leads)
        assert forecast["target"].values.tolist() == ["c", "b"]
        assert np.isfinite(forecast).all()
        # In the units of the targets: b is near 10 000, c near -1.
        np.testing.assert_allclose(forecast.mean(["time", "lead"]), [-1, 1e4], rtol=0.05)

    def test_a_run_of_one_history_gets_one_forecast(self) -> None:
        inputs = random_runs(seed=1).cases["run 0"].values
        whole = self.fitted().predict(inputs, self.leads)["forecast"]
        single = self.fitted().predict(inputs[: self.history], self.leads)["forecast"]
        assert single.sizes["time"] == 1
        np.testing.assert_allclose(single[0], whole[0], rtol=1e-6)

    def test_leads_come_as_asked(self) -> None:
        inputs, forecaster = random_runs(seed=1).cases["run 0"].values, self.fitted()
        asked = (self.leads[-1], self.leads[0])
        forecast = forecaster.predict(inputs, asked)["forecast"]
        assert forecast["lead"].values.tolist() == list(asked)
        whole = forecaster.predict(inputs, self.leads)["forecast"]
        np.testing.assert_array_equal(forecast, whole.sel(lead=list(asked)))

    @pytest.mark.parametrize("cut", [20, 41])
    def test_a_forecast_never_looks_ahead(self, cut: int) -> None:
        inputs, forecaster = random_runs(seed=1).cases["run 0"].values, self.fitted()
        other = inputs.copy()
        other[cut:] += np.random.default_rng(2).normal(size=inputs[cut:].shape) * (1.0, 50.0, 0.02)
        before, after = (forecaster.predict(x, self.leads)["forecast"] for x in (inputs, other))
        issued = before["time"].values
        np.testing.assert_array_equal(before[issued < cut], after[issued < cut])
        # The change is seen from the sample at which it happens.
        assert np.all(before.sel(time=cut) != after.sel(time=cut))

    def test_the_same_runs_and_settings_give_the_same_bits(self) -> None:
        inputs, forecaster = random_runs(seed=1).cases["run 0"].values, self.fitted()
        first = forecaster.predict(inputs, self.leads)["forecast"]
        forecaster.predict(inputs[:30] * 2, self.leads)  # a forecaster has no memory of other runs
        np.testing.assert_array_equal(forecaster.predict(inputs, self.leads)["forecast"], first)
        np.testing.assert_array_equal(self.fitted().predict(inputs, self.leads)["forecast"], first)

    def test_runs_are_left_as_they_were(self) -> None:
        runs, untouched = random_runs(), random_runs()
        self.fitted(runs).predict(runs.cases["run 0"].values, self.leads)
        for name, case in untouched.cases.items():
            np.testing.assert_array_equal(runs.cases[name].values, case.values)

    def test_other_units_of_the_channels_are_other_units_of_the_forecast(self) -> None:
        factor, offset = np.array([3.0, 0.001, 60.0]), np.array([5.0, -2.0, 0.3])
        changed = in_other_units(random_runs(), factor, offset)
        inputs = random_runs(seed=1).cases["run 0"].values
        forecast = self.fitted().predict(inputs, self.leads)["forecast"]
        turned = self.fitted(changed).predict(inputs * factor + offset, self.leads)["forecast"]
        targets = [2, 1]
        back = (turned - offset[targets]) / factor[targets]
        gap = np.abs(back - forecast) / inputs[:, targets].std(axis=0)
        assert gap.max() < 1e-3  # of the spread; training in single precision amplifies rounding

    def test_a_lead_that_was_not_trained_is_refused(self) -> None:
        inputs = random_runs(seed=1).cases["run 0"].values
        with pytest.raises(BadInput, match=r"leads \(1, 2, 6\), asked for .*7"):
            self.fitted().predict(inputs, (1, 7))

    def test_another_number_of_channels_is_refused(self) -> None:
        with pytest.raises(BadInput, match=r"expected axes .*channel=3.*got shape \(60, 4\)"):
            self.fitted().predict(np.zeros((60, 4)), self.leads)


class AnswersPlans:
    """What a forecaster promises that uses the known future of controls.

    A subclass gives ``forecaster``, for ``leads``, and the names of its ``controls``.
    """

    leads: ClassVar[tuple[int, ...]] = (1, 2, 6)
    controls: ClassVar[tuple[str, ...]] = ("a",)

    def forecaster(self) -> Forecaster:
        """A forecaster that has learnt nothing yet."""
        raise NotImplementedError

    def told(self, inputs: np.ndarray, plan: Plan | None) -> xr.DataArray:
        """The forecast of a fitted forecaster that is told a plan."""
        made = self.forecaster()
        made.fit(random_runs())
        return made.predict(inputs, self.leads, planned=plan)["forecast"]

    def run(self) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """All channels of a run, and its controls as they were planned."""
        runs = random_runs(seed=1)
        inputs = runs.cases["run 0"].values
        return inputs, {name: inputs[:, runs.channels.index(name)] for name in self.controls}

    def test_a_plan_is_looked_at_up_to_the_lead_and_no_further(self) -> None:
        (inputs, plan), cut = self.run(), 30
        other = {name: np.where(np.arange(60) < cut, x, x + 5.0) for name, x in plan.items()}
        before, after = self.told(inputs, plan), self.told(inputs, other)
        for lead in self.leads:
            due = before["time"] + lead
            pairs = before.sel(lead=lead), after.sel(lead=lead)
            np.testing.assert_array_equal(*(one[due < cut] for one in pairs))
        # A control acts in the step that follows it.
        reached = (before["time"] + self.leads[-1] > cut) & (before["time"] < cut)
        changed = before.sel(lead=self.leads[-1]) != after.sel(lead=self.leads[-1])
        assert changed[reached].all()

    @pytest.mark.parametrize("cut", [20, 41])
    def test_a_forecast_that_knows_the_controls_never_looks_at_the_future_of_the_rest(
        self, cut: int
    ) -> None:
        inputs, plan = self.run()
        other = inputs.copy()
        other[cut:] += np.random.default_rng(2).normal(size=inputs[cut:].shape) * (1.0, 50.0, 0.02)
        before, after = self.told(inputs, plan), self.told(other, plan)
        issued = before["time"].values
        np.testing.assert_array_equal(before[issued < cut], after[issued < cut])
        assert np.all(before.sel(time=cut) != after.sel(time=cut))

    def test_without_a_plan_the_controls_hold(self) -> None:
        inputs, plan = self.run()
        free = self.told(inputs, None)
        for t in (10, 33):
            held = {name: np.where(np.arange(60) <= t, x, x[t]) for name, x in plan.items()}
            np.testing.assert_allclose(
                self.told(inputs, held).sel(time=t), free.sel(time=t), rtol=1e-9
            )

    def test_a_plan_that_ends_holds_its_last_value(self) -> None:
        inputs, plan = self.run()
        longer = {name: np.concatenate([x, np.full(9, x[-1])]) for name, x in plan.items()}
        np.testing.assert_array_equal(self.told(inputs, plan), self.told(inputs, longer))

    def test_channels_that_are_no_controls_are_left(self) -> None:
        inputs, plan = self.run()
        more = {**plan, "weather": np.zeros(3)}
        np.testing.assert_array_equal(self.told(inputs, plan), self.told(inputs, more))

    def test_a_plan_that_lacks_a_control_or_is_too_short_is_refused(self) -> None:
        inputs, plan = self.run()
        name = self.controls[0]
        with pytest.raises(BadInput, match=f"planned: no control '{name}'; "):
            self.told(inputs, {"weather": inputs[:, 0]})
        with pytest.raises(
            BadInput, match=f"{name}: expected at least the run's 60 samples, got 7"
        ):
            self.told(inputs, {**plan, name: inputs[:7, 0]})
