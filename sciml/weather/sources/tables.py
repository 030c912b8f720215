"""Converted tables: numbers as exact as they are written, codes as text, no column missing."""

# Not strict: pandas types what it holds as unknown.
# pyright: standard
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sciml.core.axes import FloatArray
from sciml.core.errors import DamagedFile


def read_table(path: Path, text: Sequence[str] = ()) -> pd.DataFrame:
    """A table of a CSV file.

    Args:
        path: The file, packed or not.
        text: Columns that are text even where they look like numbers.

    Returns:
        Its columns.

    Raises:
        DamagedFile: if it cannot be read as a table.
    """
    # The usual reader of numbers errs in the last bit; a build must give what the original says.
    options: dict[str, Any] = {"dtype": dict.fromkeys(text, str), "float_precision": "round_trip"}
    try:
        return pd.read_csv(path, encoding="utf-8", **options)
    except (OSError, ValueError, EOFError) as error:  # pandas' own errors are ValueErrors
        raise DamagedFile(f"{path}: cannot be read as a table ({error}); copy it again") from error


def require_columns(table: pd.DataFrame, columns: Iterable[str], name: str) -> None:
    """Refuse a table that lacks a column.

    Args:
        table: The table.
        columns: Names that it must have.
        name: What the reader of the error can look for.

    Raises:
        DamagedFile: if one is missing.
    """
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise DamagedFile(
            f"{name}: no column {', '.join(missing)}, got {', '.join(map(str, table.columns))}; "
            "get the dataset again"
        )


def numbers(table: pd.DataFrame, columns: Sequence[str]) -> FloatArray:
    """Columns of numbers side by side.

    Args:
        table: The table.
        columns: Their names.

    Returns:
        Shape (row, column).
    """
    return np.column_stack([table[column].to_numpy(np.float64) for column in columns])


def read_parquet(path: Path) -> pd.DataFrame:
    """A table of a parquet file.

    Args:
        path: The file.

    Returns:
        Its columns.

    Raises:
        DamagedFile: if it cannot be read as a table.
    """
    try:
        return pd.read_parquet(path, engine="pyarrow")
    except (OSError, ValueError) as error:  # pyarrow's own errors are ValueErrors
        raise DamagedFile(f"{path}: cannot be read as parquet ({error}); get it again") from error
