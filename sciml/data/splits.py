"""Cuts without leaks: by case, and by blocks of time with an embargo between them."""

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sciml.core.axes import IntArray, axes
from sciml.core.errors import BadInput
from sciml.core.nearest import nearest


def split_by_case(cases: Iterable[str], splits: Mapping[str, Sequence[str]]) -> dict[str, IntArray]:
    """Where the cases of each part stand.

    Args:
        cases: The names of all cases, in the order of the data.
        splits: The names of the cases in each part.

    Returns:
        For each part the positions of its cases among ``cases``, ascending.

    Raises:
        BadInput: if a case stands in two parts or in none, is unknown, or has no unique name.
    """
    names = [str(case) for case in cases]
    doubled = _repeated(names)
    if doubled:
        raise BadInput(f"cases: names must differ, but {_listed(doubled)} occur more than once")
    part_of: dict[str, str] = {}
    for part, members in splits.items():
        for case in members:
            if case not in names:
                raise BadInput(f"split '{part}': no case '{case}'; {nearest(case, names)}")
            if case in part_of:
                raise BadInput(
                    f"case '{case}' stands in split '{part_of[case]}' and again in '{part}'; "
                    "keep it in one, or what is tested was trained on"
                )
            part_of[case] = part
    homeless = [name for name in names if name not in part_of]
    if homeless:
        raise BadInput(f"cases without a split: {_listed(homeless)}; name each in one of them")
    return {
        part: np.array([i for i, name in enumerate(names) if part_of[name] == part], np.int64)
        for part in splits
    }


def split_by_time(
    times: NDArray[Any], shares: Mapping[str, float], embargo: Any
) -> dict[str, slice]:
    """Cut a record into consecutive blocks of given shares.

    Args:
        times: Ascending times, numbers or ``datetime64``, shape (time,).
        shares: The share of the samples in each block, in order; they add up to 1.
        embargo: Time left out at the start of each block but the first, in the unit of
            ``times`` or as ``timedelta64``: how long the memory of the process lasts.

    Returns:
        The samples of each block. The gap between two blocks is longer than the embargo.

    Raises:
        BadInput: if the times do not ascend, the shares do not add up or a block is empty.
    """
    time = axes(times, "time", "times")["time"]
    total = sum(shares.values())
    if abs(total - 1) > 1e-9 or any(share <= 0 for share in shares.values()):
        raise BadInput(f"shares: expected positive numbers that add up to 1, got {dict(shares)}")
    ends = np.round(np.cumsum(list(shares.values())) * time).astype(int)
    # A tiny share can end where it starts; the block is then found empty below.
    starts = {
        part: times[min(end, time - 1)] for part, end in zip(shares, [0, *ends], strict=False)
    }
    return split_at_times(times, starts, embargo)


def split_at_times(
    times: NDArray[Any], starts: Mapping[str, Any], embargo: Any
) -> dict[str, slice]:
    """Cut a record into consecutive blocks at given times.

    Args:
        times: Ascending times, numbers or ``datetime64``, shape (time,).
        starts: When each block starts, ascending; what lies before the first is left out.
        embargo: Time left out at the start of each block but the first.

    Returns:
        The samples of each block. The gap between two blocks is longer than the embargo.

    Raises:
        BadInput: if the times do not ascend, the embargo is negative or a block is empty.
    """
    time = axes(times, "time", "times")["time"]
    nothing = embargo * 0
    if embargo < nothing:
        raise BadInput(f"embargo: must not be negative, got {embargo}")
    # `not all(later > earlier)` also refuses NaN and NaT.
    if not np.all(times[1:] > times[:-1]):
        raise BadInput("times: must ascend; sort the record and drop repeated times")
    firsts = np.array(list(starts.values()))
    if not np.all(firsts[1:] > firsts[:-1]):
        raise BadInput(f"starts: blocks must start one after the other, got {dict(starts)}")
    begins = [firsts[0], *(first + embargo for first in firsts[1:])]
    edges = [*np.searchsorted(times, firsts), time]
    blocks: dict[str, slice] = {}
    for part, begin, end in zip(starts, np.searchsorted(times, begins), edges[1:], strict=True):
        if begin >= end:
            raise BadInput(f"block '{part}' is empty: the embargo of {embargo} takes all of it")
        blocks[part] = slice(int(begin), int(end))
    return blocks


def _repeated(names: Iterable[str]) -> list[str]:
    """The names that occur more than once."""
    return [name for name, count in Counter(names).items() if count > 1]


def _listed(names: Sequence[str], most: int = 5) -> str:
    """A few names for an error text."""
    shown = ", ".join(f"'{name}'" for name in itertools.islice(names, most))
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
