"""Mixtures of experts, and seasons held out."""

from collections.abc import Sequence

import numpy as np
import pytest
import xarray as xr

from sciml.core.axes import FloatArray
from sciml.core.errors import BadInput
from sciml.weather.cyclones.cases import cases_of, known
from sciml.weather.cyclones.mixture import (
    Judged,
    disagreement,
    held_out,
    mixed,
    mixture_weights,
    season_folds,
)
from tests.weather.cyclones.storms import curving_storms


class Remembers:
    """An expert that answers with the seasons that it learnt from."""

    def __init__(self) -> None:
        self.seasons: set[int] = set()
        self.leads = 0

    def fit(self, cases: xr.Dataset, leads: Sequence[int], _seed: int, /) -> None:
        self.seasons, self.leads = set(cases["season"].values.tolist()), len(leads)

    def predict(self, cases: xr.Dataset, /) -> FloatArray:
        seen = [season in self.seasons for season in cases["season"].values.tolist()]
        return np.repeat(np.array(seen, float)[:, None], self.leads, axis=1)


def test_folds_part_the_seasons() -> None:
    seasons = np.array([2003, 2000, 2001, 2000, 2002])
    folds = season_folds(seasons, 2)
    assert sorted(season for fold in folds for season in fold) == [2000, 2001, 2002, 2003]
    with pytest.raises(BadInput, match="5 of 4 seasons"):
        season_folds(seasons, 5)


def test_no_expert_has_seen_the_season_that_it_forecasts_nor_one_after_the_last() -> None:
    cases = cases_of(curving_storms(0, storms=16))
    folds = (*season_folds(np.arange(2000, 2006), 3), (2006, 2007))
    for last in (2005, 2007):
        judged = held_out({"a": Remembers}, cases, cases, (6, 12), folds, last, 0)
        assert judged.forecasts.shape == (1, cases.sizes["case"], 2)
        assert not judged.forecasts.any()
    seen: list[set[int]] = []

    class Watched(Remembers):
        def predict(self, cases: xr.Dataset, /) -> FloatArray:
            seen.append(self.seasons)
            return super().predict(cases)

    held_out({"a": Watched}, cases, cases, (6,), folds, 2005, 0)
    assert seen[-1] == set(range(2000, 2006))
    assert all(2006 not in seasons for seasons in seen)


def made(errors: Sequence[float], size: int = 4000) -> tuple[Judged, FloatArray]:
    """Experts with independent normal errors of given sizes."""
    rng = np.random.default_rng(0)
    observed = rng.normal(0, 100, (size, 1, 2))
    wrong = [rng.normal(0, error, (size, 1, 2)) for error in errors]
    names = tuple(f"e{number}" for number in range(len(errors)))
    return Judged(names, observed + np.stack(wrong)), observed


def test_independent_experts_weigh_as_their_precision() -> None:
    """Least variance: weights in proportion to one over the squared error."""
    judged, observed = made((10.0, 20.0, 40.0))
    weights = mixture_weights(judged, observed, (24,), [np.ones(len(observed), bool)])
    expected = np.array([1, 1 / 4, 1 / 16]) / (1 + 1 / 4 + 1 / 16)
    np.testing.assert_allclose(weights.values[0], expected, atol=0.02)


def test_a_mixture_is_no_worse_than_its_best_expert_on_what_it_was_weighed_by() -> None:
    judged, observed = made((10.0, 12.0))
    weights = mixture_weights(judged, observed, (24,), [np.ones(len(observed), bool)])
    error = np.hypot(*(mixed(judged.forecasts, weights) - observed)[:, 0].T).mean()
    alone = np.hypot(*(judged.forecasts - observed)[:, :, 0].transpose(2, 0, 1)).mean(axis=1)
    assert error <= alone.min()


def test_an_expert_that_is_always_right_gets_everything() -> None:
    judged, observed = made((0.0, 20.0))
    weights = mixture_weights(judged, observed, (24,), [np.ones(len(observed), bool)])
    np.testing.assert_allclose(weights.values, [[1, 0]], atol=1e-3)


def test_weights_of_winds_minimise_the_absolute_error() -> None:
    judged, observed = made((5.0, 5.0))
    one_number = Judged(judged.experts, judged.forecasts[..., 0])
    weights = mixture_weights(one_number, observed[..., 0], (24,), [np.ones(len(observed), bool)])
    np.testing.assert_allclose(weights.values, [[0.5, 0.5]], atol=0.03)


def test_experts_that_agree_have_no_disagreement() -> None:
    judged, observed = made((10.0, 10.0))
    weights = xr.DataArray([[0.5, 0.5]], dims=("lead", "expert"))
    same = np.stack([observed, observed])
    np.testing.assert_allclose(disagreement(same, weights), 0, atol=1e-9)
    assert (disagreement(judged.forecasts, weights) > 0).all()


def test_without_cases_there_are_no_weights() -> None:
    judged, observed = made((10.0, 20.0), size=5)
    with pytest.raises(BadInput, match="no case counts at 24 h"):
        mixture_weights(judged, observed, (24,), [np.zeros(5, bool)])


def test_known_cases_are_those_with_a_later_fix() -> None:
    cases = cases_of(curving_storms(0, storms=2, fixes=5))
    assert known(cases, 24).sum() == 2
