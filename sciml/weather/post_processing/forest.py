"""Quantiles from a forest: what happened in past cases that trees find alike.

Source:
    Quantile regression forests: Meinshausen, J. Mach. Learn. Res. 7 (2006); for ensembles of
    forecasts: Taillardat et al., Mon. Wea. Rev. 144 (2016).
"""

import numpy as np

from sciml.core.axes import FloatArray
from sciml.weather.post_processing.table import StationTable
from sciml.weather.values import levels

_DRAWS = 2  # past cases that each tree names


class Forest:
    """Extremely randomised trees; each names past cases of the leaf that a case falls into.

    Errors of the ensemble mean are learnt, or the amounts themselves where zero is the least.
    """

    name = "forest"

    def __init__(self, trees: int = 100, leaf: int = 8, most: int = 20_000, seed: int = 0) -> None:
        """Choose the forest.

        Args:
            trees: How many.
            leaf: Least cases in a leaf.
            most: How many of the newest cases to learn from.
            seed: Of the trees and of the cases that they name.
        """
        self._trees, self._leaf, self._most, self._seed = trees, leaf, most, seed

    def fit(self, past: StationTable) -> None:
        """Grow the trees and note which cases lie in which leaf."""
        from sklearn.ensemble import ExtraTreesRegressor  # takes a second to import

        past = past.take(slice(-self._most, None))
        inputs = self._inputs(past)
        self._target = past.observation - (0.0 if past.nonnegative else past.mean)
        grown = np.sqrt(self._target) if past.nonnegative else self._target
        self._model = ExtraTreesRegressor(
            self._trees,
            min_samples_leaf=self._leaf,
            max_features=0.4,
            random_state=self._seed,
        ).fit(inputs, grown)
        leaves = self._model.apply(inputs)
        self._order = np.argsort(leaves, axis=0, kind="stable")
        self._sorted = np.take_along_axis(leaves, self._order, axis=0)

    def _inputs(self, cases: StationTable) -> FloatArray:
        """All features and the groups of members."""
        return np.concatenate([cases.features, cases.groups], axis=1)

    def predict(self, cases: StationTable) -> FloatArray:
        """Quantiles of the cases that the trees name; see :class:`Expert`."""
        leaves = self._model.apply(self._inputs(cases))
        rng = np.random.default_rng(self._seed)
        named = np.empty((len(leaves), self._trees, _DRAWS))
        for tree in range(self._trees):
            first = np.searchsorted(self._sorted[:, tree], leaves[:, tree], side="left")
            end = np.searchsorted(self._sorted[:, tree], leaves[:, tree], side="right")
            share = rng.random((len(leaves), _DRAWS))
            place = first[:, None] + np.floor(share * (end - first)[:, None]).astype(np.int64)
            named[:, tree] = self._target[self._order[place, tree]]
        values = np.quantile(named.reshape(len(leaves), -1), levels(), axis=1, method="hazen").T
        return values if cases.nonnegative else values + cases.mean[:, None]
