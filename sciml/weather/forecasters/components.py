"""Principal components of anomalies: few numbers that hold most of a field's variance."""

from collections.abc import Mapping

import numpy as np

from sciml.core.axes import FloatArray
from sciml.core.errors import BadInput
from sciml.weather.verification import area_weights


class Components:
    """Patterns that hold most of the area-weighted variance of anomalies, and their amplitudes.

    Source:
        Wilks, Statistical Methods in the Atmospheric Sciences (2019), principal component
        analysis of fields with weights for area.
    """

    def __init__(self, count: int) -> None:
        """Choose how many.

        Args:
            count: Patterns kept; fewer if the record is shorter or the grid smaller.
        """
        self.count = count

    def fit(self, anomalies: FloatArray, lat: FloatArray) -> "Components":
        """Find the patterns.

        Args:
            anomalies: Field less its seasonal cycle, shape (time, lat, lon).
            lat: Latitudes, degrees, shape (lat,).

        Returns:
            Itself.

        Raises:
            BadInput: if the anomalies are zero everywhere.
        """
        self._shape = anomalies.shape[1:]
        root = np.sqrt(np.repeat(area_weights(lat), self._shape[1]))
        flat = anomalies.reshape(len(anomalies), -1)
        left, size, right = np.linalg.svd(flat * root, full_matrices=False)
        if size[0] <= 1e-12 * max(1.0, float(np.abs(flat).max())):
            raise BadInput(
                "training field: does not vary about its seasonal cycle; nothing to learn"
            )
        kept = int(min(self.count, np.count_nonzero(size > 1e-10 * size[0])))
        self._projection: FloatArray = np.multiply(
            root[:, None], right[:kept].T
        )  # (place, component)
        # Fields are rebuilt by regression, not by dividing by the weights: those vanish at poles.
        self._patterns: FloatArray = (left[:, :kept] / size[:kept]).T @ flat  # (component, place)
        self.deviations: FloatArray = size[:kept] / np.sqrt(len(anomalies))
        return self

    def arrays(self) -> dict[str, FloatArray]:
        """What was found, to be stored.

        Returns:
            Projection (place, component), patterns (component, lat, lon) and deviations.
        """
        return {
            "projection": self._projection,
            "patterns": self._patterns.reshape(-1, *self._shape),
            "deviations": self.deviations,
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, FloatArray]) -> "Components":
        """The components that :meth:`arrays` came from."""
        projection, patterns, deviations = (
            np.asarray(arrays[name], np.float64)
            for name in ("projection", "patterns", "deviations")
        )
        found = cls(len(patterns))
        found._shape = patterns.shape[1:]
        found._projection, found._patterns = projection, patterns.reshape(len(patterns), -1)
        found.deviations = deviations
        return found

    def amplitudes(self, anomalies: FloatArray) -> FloatArray:
        """How much of each pattern is in each anomaly.

        Args:
            anomalies: Shape (..., lat, lon).

        Returns:
            In the units of the field times the root of the number of places, so that their
            squared sum is the area-weighted squared sum over places. Shape (..., component).
        """
        flat = anomalies.reshape(*anomalies.shape[: anomalies.ndim - 2], -1)
        return flat @ self._projection

    def fields(self, amplitudes: FloatArray) -> FloatArray:
        """The anomalies that amplitudes stand for.

        Args:
            amplitudes: Shape (..., component).

        Returns:
            Shape (..., lat, lon).
        """
        return (amplitudes @ self._patterns).reshape(*amplitudes.shape[:-1], *self._shape)
