"""How every benchmark prints its result: a table to read, then one line of JSON to collect."""

import json
from collections.abc import Sequence
from typing import Literal, NamedTuple


class Row(NamedTuple):
    """One measured number, with what is asked of it and what others reach."""

    measure: str
    value: float | None
    unit: str
    bar: float | None = None  # what the project demands
    better: Literal["less", "more"] = "less"
    peer: float | None = None  # the same number of a bare loop or of another package

    @property
    def verdict(self) -> str:
        """Whether the bar is reached; empty without a bar or a value."""
        if self.bar is None or self.value is None:
            return ""
        reached = self.value <= self.bar if self.better == "less" else self.value >= self.bar
        return "reached" if reached else "MISSED"


def report(title: str, rows: Sequence[Row]) -> None:
    """Print a table and, as the last line, ``{"rows": [...]}``.

    Args:
        title: What was measured, and how, in a line.
        rows: The numbers.
    """
    columns = ("measure", "value", "unit", "bar", "peer", "")
    cells = [columns, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(columns))]
    print(f"\n{title}")
    for line in cells:
        words = (word.ljust(width) for word, width in zip(line, widths, strict=True))
        print("  " + "  ".join(words).rstrip())
    print(json.dumps({"rows": [row._asdict() for row in rows]}), flush=True)


def _cells(row: Row) -> tuple[str, ...]:
    """A row as words."""
    bar = f"{'<=' if row.better == 'less' else '>='} {row.bar:g}" if row.bar is not None else "-"
    return (row.measure, _number(row.value), row.unit, bar, _number(row.peer), row.verdict)


def _number(value: float | None) -> str:
    """Four significant digits, or a dash for what was not measured."""
    return "-" if value is None else f"{value:.4g}"
