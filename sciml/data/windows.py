"""Windows over series: what a model sees, and what it has to say."""

from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from pydantic import AfterValidator, Field, PositiveInt

from sciml.core.axes import IntArray, axes
from sciml.core.errors import BadInput
from sciml.core.settings import Settings
from sciml.data.checks import require_finite

Range = tuple[int, int]  # first sample, and the one after the last


def _unique(leads: tuple[int, ...]) -> tuple[int, ...]:
    """Refuse a lead that stands twice."""
    if len(set(leads)) < len(leads):
        raise ValueError(f"expected each lead once, got {list(leads)}")
    return leads


class WindowSettings(Settings):
    """The shape of a window."""

    history: PositiveInt  # samples that the model sees, the present one included
    # Samples ahead of the present.
    leads: Annotated[tuple[PositiveInt, ...], Field(min_length=1), AfterValidator(_unique)]
    stride: PositiveInt = 1  # samples between the presents of neighbouring windows


class Windows:
    """All windows over several series; none reaches from one series into another.

    The present of a window is the last sample of its history. ``series`` and ``present`` say of
    each window which series it is from and the sample of that series at which its present is.
    """

    series: IntArray  # (window,)
    present: IntArray  # (window,)

    def __init__(
        self,
        series: Sequence[NDArray[np.floating[Any]]],
        settings: WindowSettings,
        targets: Sequence[int],
        ranges: Sequence[Range] | None = None,
    ) -> None:
        """Find all windows.

        Args:
            series: Each of shape (time, channel), scaled; the lengths may differ.
            settings: The shape of a window.
            targets: Which channels have to be forecast.
            ranges: For each series, the samples in which the present and all leads must lie; the
                history may begin before. Without it, the whole series.

        Raises:
            BadInput: if a value is not finite, a range or target is not there, or no window fits.
        """
        channel = axes(series[0], "time channel", "series 0")["channel"] if series else 0
        for index, one in enumerate(series):
            axes(one, "time channel", f"series {index}", channel=channel)
            require_finite(one, f"windows: series {index}")
        if any(not 0 <= target < channel for target in targets):
            raise BadInput(f"targets: expected channels from 0 to {channel - 1}, got {targets}")
        lengths = [len(one) for one in series]
        presents = [
            _presents(length, settings, within)
            for length, within in zip(lengths, _checked_ranges(lengths, ranges), strict=True)
        ]
        if sum(map(len, presents)) == 0:
            needed = settings.history + max(settings.leads)
            raise BadInput(
                f"windows: none fits; a window takes {needed} samples and the longest series has "
                f"{max(lengths, default=0)}. Shorten history or leads, or widen the ranges."
            )
        self.series = np.repeat(np.arange(len(series)), [len(one) for one in presents])
        self.present = np.concatenate(presents)
        self._fill(np.concatenate(series), settings, targets, lengths)

    def _fill(
        self,
        samples: NDArray[np.floating[Any]],
        settings: WindowSettings,
        targets: Sequence[int],
        lengths: Sequence[int],
    ) -> None:
        """Lay all series end to end, so that a batch is two gathers of whole rows."""
        stored = np.ascontiguousarray(samples, np.float32)  # (sample, channel)
        size, channel = stored.shape
        self._shape = (settings.history, channel)
        # A history is a run of history·channel neighbours: each row below is one, none is copied.
        width = settings.history * channel
        self._histories = sliding_window_view(stored.reshape(-1), width)[::channel]
        assert len(self._histories) == size - settings.history + 1
        self._targets = np.ascontiguousarray(stored[:, list(targets)])  # (sample, target)
        self._leads = np.array(settings.leads, np.int64)
        offsets = np.concatenate([[0], np.cumsum(lengths)[:-1]])
        self._position = offsets[self.series] + self.present  # among all samples

    def __len__(self) -> int:
        """The number of windows."""
        return len(self.present)

    def gather(self, indices: IntArray) -> dict[str, NDArray[Any]]:
        """The windows of a batch.

        Args:
            indices: Numbers of windows, shape (batch,).

        Returns:
            ``history`` of shape (batch, time, channel) and ``future`` of shape (batch, lead,
            target), float32 and contiguous; new arrays on each call.
        """
        position = self._position[indices]
        history = self._histories[position - (self._shape[0] - 1)]  # (batch, time·channel)
        future = self._targets[position[:, None] + self._leads]  # (batch, lead, target)
        return {"history": history.reshape(-1, *self._shape), "future": future}


def _presents(length: int, settings: WindowSettings, within: Range) -> IntArray:
    """The samples of a series that can be the present of a window."""
    start = max(settings.history - 1, within[0])
    stop = min(length, within[1]) - max(settings.leads)
    return np.arange(start, stop, settings.stride, dtype=np.int64)


def _checked_ranges(lengths: Sequence[int], ranges: Sequence[Range] | None) -> list[Range]:
    """A range for each series."""
    if ranges is None:
        return [(0, length) for length in lengths]
    if len(ranges) != len(lengths):
        raise BadInput(f"ranges: expected one for each of {len(lengths)} series, got {len(ranges)}")
    for index, ((start, stop), length) in enumerate(zip(ranges, lengths, strict=True)):
        if not 0 <= start < stop <= length:
            raise BadInput(
                f"ranges: series {index} has {length} samples, got the range {start} to {stop}"
            )
    return list(ranges)
