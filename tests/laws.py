"""Laws that a new member of a family inherits by subclassing."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from paddle import nn

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
