"""A figure against its reference: the data to the declared tolerance, the picture by its RMS."""

import io
from pathlib import Path
from typing import NamedTuple

import numpy as np
import xarray as xr
from matplotlib.image import imread

from sciml.core.errors import DamagedFile
from sciml.core.paths import project_root, shown
from sciml.figures.registry import Drawn, Entry

SAME, CLOSE, DIFFERS, NEW = "identical", "within tolerance", "differs", "no reference yet"


class Difference(NamedTuple):
    """How far one variable is from its reference."""

    variable: str
    largest: float  # largest absolute difference, in the unit of the variable
    used: float  # largest share of the tolerance that a value uses; above 1 it differs
    remark: str = ""


class Comparison(NamedTuple):
    """A figure's agreement with its reference."""

    status: str
    differences: tuple[Difference, ...]
    picture_rms: float | None  # 0 to 255; None when there is no picture to compare with
    remark: str = ""

    @property
    def worst(self) -> Difference | None:
        """The variable that uses most of its tolerance."""
        return max(self.differences, key=lambda difference: difference.used, default=None)

    @property
    def passed(self) -> bool:
        """Whether the figure agrees with its reference."""
        return self.status in (SAME, CLOSE)


def reference_folder(name: str) -> Path:
    """Where the references of a figure lie: `notebooks/<domain>/reference`."""
    return project_root() / "notebooks" / name.partition("/")[0] / "reference"


def compare(drawn: Drawn, entry: Entry, reference: Path) -> Comparison:
    """Compare a figure with its reference.

    Args:
        drawn: The figure.
        entry: Its tolerances.
        reference: Folder with ``<figure>.nc`` and ``<figure>.png``.

    Returns:
        The status, the difference of every variable, and that of the picture. A picture that
        differs while the data agree fails too: the figure would show something else.

    Raises:
        DamagedFile: if the reference cannot be read.
    """
    stem = entry.name.rpartition("/")[2]
    if not (reference / f"{stem}.nc").is_file():
        return Comparison(NEW, (), None, "store it with `sciml reproduce --accept`")
    stored = _stored_data(reference / f"{stem}.nc")
    differences = _differences(drawn.data, stored, entry)
    rms = _picture_rms(drawn, reference / f"{stem}.png")
    if any(not d.used <= 1 for d in differences):
        return Comparison(DIFFERS, differences, rms)
    if rms is not None and rms > entry.picture_rms:
        return Comparison(DIFFERS, differences, rms, f"picture RMS {rms:.1f}")
    identical = all(d.largest == 0 for d in differences)
    return Comparison(SAME if identical else CLOSE, differences, rms)


def _stored_data(path: Path) -> xr.Dataset:
    """The stored data of a reference."""
    try:
        with xr.open_dataset(path) as stored:
            return stored.load()
    except (OSError, ValueError) as error:
        raise DamagedFile(
            f"{shown(path)}: the reference cannot be read ({error}); "
            "restore it from the repository."
        ) from None


def _differences(data: xr.Dataset, stored: xr.Dataset, entry: Entry) -> tuple[Difference, ...]:
    """The difference of every variable and coordinate; one that is missing differs."""
    names = sorted({str(name) for name in (*data.variables, *stored.variables)})
    found = []
    for name in names:
        if name not in data.variables or name not in stored.variables:
            where = "reference" if name in data.variables else "new data"
            found.append(Difference(name, np.inf, np.inf, f"not in the {where}"))
        else:
            found.append(_difference(name, data[name], stored[name], entry))
    return tuple(found)


def _difference(name: str, new: xr.DataArray, old: xr.DataArray, entry: Entry) -> Difference:
    """The difference of one variable."""
    if new.dims != old.dims or new.shape != old.shape:
        was, now = dict(old.sizes), dict(new.sizes)
        return Difference(name, np.inf, np.inf, f"axes {was} became {now}")
    if new.dtype.kind not in "fiub" or old.dtype.kind not in "fiub":
        equal = bool(np.array_equal(new.values.astype(str), old.values.astype(str)))
        return Difference(name, 0.0 if equal else np.inf, 0.0 if equal else np.inf)
    a, b = new.values.astype(np.float64), old.values.astype(np.float64)
    both_missing = np.isnan(a) & np.isnan(b)
    same = both_missing | (a == b)
    with np.errstate(invalid="ignore"):
        gaps = np.where(same, 0.0, np.abs(a - b))
        shares = np.where(same, 0.0, gaps / (entry.atol + entry.rtol * np.abs(b)))
    gaps, shares = np.nan_to_num(gaps, nan=np.inf), np.nan_to_num(shares, nan=np.inf)
    return Difference(name, float(gaps.max(initial=0.0)), float(shares.max(initial=0.0)))


def _picture_rms(drawn: Drawn, reference: Path) -> float | None:
    """Root-mean-square difference of two pictures on a scale to 255; 255 if the sizes differ."""
    if not reference.is_file():
        return None
    old = imread(reference)[..., :3]  # colours, without transparency
    new = imread(io.BytesIO(drawn.png()))[..., :3]
    if old.shape != new.shape:
        return 255.0
    return float(np.sqrt(np.mean(np.square(255 * (new - old), dtype=np.float64))))
