"""Objects in the files of R (`.rda`), read without R and without running what is in them."""

# Not strict: rdata types what it reads as unknown.
# pyright: standard
import warnings
from pathlib import Path
from typing import Any

import pandas as pd

from sciml.core.errors import DamagedFile


def read_r_object(path: Path, name: str) -> Any:
    """One object of a file of R.

    Args:
        path: The file.
        name: Name of the object in it.

    Returns:
        A data frame, a list as ``dict``, or an array.

    Raises:
        DamagedFile: if the file is not of R or holds no such object.
    """
    import rdata  # half a second: only where an original is read

    try:
        with warnings.catch_warnings():
            # Files of old versions do not say their encoding, and classes such as `ensembleData`
            # are data frames with notes: neither changes a value.
            warnings.simplefilter("ignore", UserWarning)
            content = rdata.read_rda(path)
    except (OSError, ValueError, EOFError, NotImplementedError, LookupError) as error:
        raise DamagedFile(f"{path}: cannot be read as a file of R ({error}); fetch it again") from (
            error
        )
    if name not in content:
        raise DamagedFile(f"{path}: holds {', '.join(content)}, expected '{name}'; fetch it again")
    return content[name]


def read_r_frame(path: Path, name: str) -> pd.DataFrame:
    """A data frame of a file of R, factors as text.

    Args:
        path: The file.
        name: Name of the data frame in it.

    Returns:
        Its columns, rows numbered from 0.

    Raises:
        DamagedFile: if the file is not of R or the object is not a data frame.
    """
    frame = read_r_object(path, name)
    if not isinstance(frame, pd.DataFrame):
        raise DamagedFile(f"{path}: '{name}' is not a data frame; fetch it again")
    factors = frame.select_dtypes("category").columns
    return frame.astype(dict.fromkeys(factors, str)).reset_index(drop=True)
