"""Scaling of channels to mean 0 and standard deviation 1, fitted on the training part only."""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from sciml.core.axes import FloatArray, axes
from sciml.core.errors import BadInput
from sciml.data.checks import require_finite


class Scaling(NamedTuple):
    """The mean and standard deviation of each channel."""

    channels: tuple[str, ...]
    mean: FloatArray  # (channel,), in the unit of the channel
    std: FloatArray  # (channel,), in the unit of the channel; 1 where the channel is constant

    @classmethod
    def fit(cls, series: Sequence[NDArray[np.floating[Any]]], channels: Sequence[str]) -> Self:
        """Measure mean and standard deviation over all samples of the training series.

        Args:
            series: The training part only, each of shape (time, channel).
            channels: The name of each channel.

        Returns:
            The scaling. A channel that never changes keeps the standard deviation 1, so that it
            scales to zero.

        Raises:
            BadInput: if there is no sample, or a value is not finite.
        """
        if sum(len(one) for one in series) == 0:
            raise BadInput("scaling: the training part has no samples; check the split")
        for index, one in enumerate(series):
            axes(one, "time channel", f"series {index}", channel=len(channels))
            require_finite(one, f"scaling: series {index}", names=channels)
        samples = np.concatenate([np.asarray(one, np.float64) for one in series])
        std = samples.std(axis=0)
        constant = samples.min(axis=0) == samples.max(axis=0)
        return cls(tuple(channels), samples.mean(axis=0), np.where(constant, 1.0, std))

    def apply(self, values: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
        """Scaled values, (x - mean) / std, in the precision of the input.

        Args:
            values: Shape (..., channel).

        Returns:
            Dimensionless values of the same shape.
        """
        axes(values, "... channel", "values", channel=len(self.channels))
        return ((values - self.mean) / self.std).astype(values.dtype)

    def invert(self, scaled: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
        """The values that :meth:`apply` scaled.

        Args:
            scaled: Dimensionless, shape (..., channel).

        Returns:
            Values in the units of the channels.
        """
        axes(scaled, "... channel", "scaled", channel=len(self.channels))
        return (scaled * self.std + self.mean).astype(scaled.dtype)

    def only(self, channels: Sequence[str]) -> "Scaling":
        """The scaling of some of the channels, for example of a model's targets.

        Args:
            channels: Their names, in the order wanted.

        Returns:
            The scaling.

        Raises:
            BadInput: if a name is unknown.
        """
        unknown = [name for name in channels if name not in self.channels]
        if unknown:
            raise BadInput(f"scaling: no channel '{unknown[0]}'; known: {', '.join(self.channels)}")
        chosen = [self.channels.index(name) for name in channels]
        return Scaling(tuple(channels), self.mean[chosen], self.std[chosen])

    def to_json(self) -> str:
        """The scaling as JSON text from which :meth:`from_json` makes the same bits."""
        fields = {"channels": self.channels, "mean": self.mean.tolist(), "std": self.std.tolist()}
        return json.dumps(fields, allow_nan=False)

    @classmethod
    def from_json(cls, text: str, source: str = "scaling") -> Self:
        """Read what :meth:`to_json` wrote.

        Args:
            text: JSON.
            source: Where the text is from, for the error.

        Returns:
            The scaling.

        Raises:
            BadInput: if the text is not that of a scaling.
        """
        try:
            fields = json.loads(text)
            channels = tuple(str(name) for name in fields["channels"])
            mean, std = (np.array(fields[key], np.float64) for key in ("mean", "std"))
        except (ValueError, KeyError, TypeError) as error:
            raise BadInput(f"{source}: not a scaling ({error}); fit it again") from None
        axes(mean, "channel", f"{source}: mean", channel=len(channels))
        axes(std, "channel", f"{source}: std", channel=len(channels))
        if not (np.isfinite(mean).all() and np.isfinite(std).all() and (std > 0).all()):
            raise BadInput(f"{source}: mean must be finite and std positive; fit it again")
        return cls(channels, mean, std)
