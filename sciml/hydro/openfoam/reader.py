"""Results of a case as one dataset: drag, vapour, and the size of the cavity."""

# Not strict: scipy types its labels as unknown.
# pyright: standard
from pathlib import Path

import numpy as np
import xarray as xr
from scipy import ndimage

from sciml.core.axes import BoolArray, FloatArray, axes
from sciml.core.errors import BadInput, DamagedFile
from sciml.hydro.openfoam.case import read_settings
from sciml.hydro.openfoam.mesh import SHARE, cell_count, centres, gridded
from sciml.hydro.openfoam.runner import FOOTER, SAMPLES, written_times
from sciml.hydro.openfoam.settings import CavitationCase

__all__ = ["cavity_extent", "read_case", "read_field"]

EDGE = 0.5  # share of water at the edge of the cavity

_BRACKETS = str.maketrans("()", "  ")
_AGAIN = "Call run_case on this folder, which mends what an interruption left behind"
_TIME_TOLERANCE = 1e-9

_ATTRIBUTES = {
    "drag_coefficient": ("drag of both faces of the disk over its area and dynamic pressure", "1"),
    "vapour_volume": ("volume of vapour in the whole flow", "m3"),
    "cavity_pressure": ("mean pressure of the vapour, weighted with its share of volume", "Pa"),
    "cavity_length": ("from the face of the disk to the end of the cavity attached to it", "m"),
    "cavity_diameter": ("largest diameter of the cavity attached to the disk", "m"),
}


def read_case(folder: Path) -> xr.Dataset:
    """The histories that a case has so far.

    Values are those of the whole body of revolution. Where a run was continued, the samples of
    the later run count.

    Args:
        folder: A case that has run, to its end or not.

    Returns:
        ``drag_coefficient`` c_x, ``vapour_volume`` in m³ and ``cavity_pressure`` in Pa (NaN
        without vapour) along ``time``, every step of the solver; ``cavity_length`` and
        ``cavity_diameter`` in m along ``snapshot``, the times of written fields (0 without a
        cavity). All times in s from the sudden start. The settings are among the attributes.

    Raises:
        BadInput: if the folder holds no case, or one that has not run.
        DamagedFile: if a file is torn, cut off or does not fit the others.
    """
    settings = read_settings(folder)
    force, vapour, pressure = (
        _samples(folder, name, file, columns)
        for name, file, columns in (
            ("forces", "force.dat", 10),
            ("vapour", "volFieldValue.dat", 2),
            ("vapourPressure", "volFieldValue.dat", 2),
        )
    )
    count = _common_length(folder, force, vapour, pressure)
    snapshots = written_times(folder)
    if max(snapshots) > force[count - 1, 0] * (1 + _TIME_TOLERANCE):
        raise DamagedFile(
            f"{folder / SAMPLES}: samples end at {force[count - 1, 0]:g} s, but there are fields "
            f"of {max(snapshots):g} s: the samples were cut off. Run the case again in a new folder"
        )
    area = np.pi * settings.radius**2
    # Before anything boils the share of water exceeds 1 by rounding.
    held = np.maximum(vapour[:count, 1], 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        inside = np.where(held > 0, pressure[:count, 1] / held, np.nan)
    sizes = np.array([_sizes(settings, path) for path in snapshots.values()])
    data = xr.Dataset(
        {
            "drag_coefficient": (
                "time",
                SHARE * force[:count, 1] / (settings.dynamic_pressure * area),
            ),
            "vapour_volume": ("time", SHARE * held),
            "cavity_pressure": ("time", inside),
            "cavity_length": ("snapshot", sizes[:, 0]),
            "cavity_diameter": ("snapshot", sizes[:, 1]),
        },
        coords={"time": force[:count, 0], "snapshot": np.array(list(snapshots))},
        attrs={
            "Conventions": "CF-1.11",
            "title": "Starting natural cavity behind a disk, simulated with OpenFOAM",
            **settings.model_dump(),
        },
    )
    return _described(data)


def read_field(path: Path, cells: int) -> FloatArray:
    """The values of a scalar field that OpenFOAM wrote as text.

    Args:
        path: The file.
        cells: Number of cells of the mesh.

    Returns:
        One value per cell, shape (cell,).

    Raises:
        DamagedFile: if the file is missing, torn or made for another mesh.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DamagedFile(f"{path}: cannot be read ({error}). {_AGAIN}") from None
    _, _, rest = text.partition("internalField")
    kind = rest.lstrip()[:10].split()[:1]
    try:
        if kind == ["uniform"]:
            return np.full(cells, float(rest.split(None, 2)[1].rstrip(";")))
        head, _, rest = rest.partition("(")
        body, closed, _ = rest.partition(")")
        values = np.array(body.split(), np.float64)
        announced = int(head.split()[-1])
        whole = bool(closed) and text.rstrip().endswith(FOOTER) and announced == len(values)
    except (ValueError, IndexError):
        whole, values = False, np.empty(0)
    if not whole:
        raise DamagedFile(f"{path}: torn, or not a scalar field in text form. {_AGAIN}")
    if len(values) != cells:
        raise DamagedFile(f"{path}: expected {cells} cells, got {len(values)}; another mesh?")
    return values


def cavity_extent(water: FloatArray, x: FloatArray, r: FloatArray) -> tuple[float, float]:
    """Where the cavity that hangs on the disk ends.

    It is the connected region with less than half water that touches the rear or the rim of the
    disk; its edge is interpolated between the centres of cells.

    Args:
        water: Share of water, shape (r, x); NaN inside the disk.
        x: Distance behind the face of the disk, shape (x,).
        r: Distance from the axis, shape (r,).

    Returns:
        The largest x and the largest r of the edge, in the unit of x and r; both 0 without cavity.
    """
    axes(water, "r x", "water", r=len(r), x=len(x))
    labels = np.empty(water.shape, np.int32)
    ndimage.label(np.nan_to_num(water, nan=1.0) < EDGE, output=labels)
    attached = np.unique(labels[_beside_the_disk(water)])
    region = np.isin(labels, attached[attached > 0])
    if not region.any():
        return 0.0, 0.0
    return _last_edge(water, region, x), _last_edge(water.T, region.T, r)


def _last_edge(water: FloatArray, region: BoolArray, places: FloatArray) -> float:
    """The farthest crossing of the edge along the second axis, shape of both (line, place)."""
    line, place = np.nonzero(region[:, :-1] & (water[:, 1:] >= EDGE))
    inside, outside = water[line, place], water[line, place + 1]
    share = (EDGE - inside) / (outside - inside)
    crossings = places[place] + share * (places[place + 1] - places[place])
    return float(np.max(crossings, initial=0.0))


def _beside_the_disk(water: FloatArray) -> BoolArray:
    """The cells that touch the disk, its front excepted, shape (r, x)."""
    disk = np.isnan(water)
    beside = np.zeros_like(disk)
    beside[:, 1:] |= disk[:, :-1]
    beside[1:, :] |= disk[:-1, :]
    return beside & ~disk


def _sizes(settings: CavitationCase, folder: Path) -> tuple[float, float]:
    """Length and diameter of the cavity at a written time, m."""
    field = read_field(folder / "alpha.water", cell_count(settings.refinement))
    x, r = centres(settings.refinement)
    length, radius = cavity_extent(gridded(field, settings.refinement), x, r)
    return length * settings.radius, 2 * radius * settings.radius


def _samples(folder: Path, name: str, file: str, columns: int) -> FloatArray:
    """The samples of a quantity from all runs, shape (sample, column), the time in the first."""
    stem, _, ending = file.partition(".")
    parts = sorted(
        (folder / SAMPLES / name).glob(f"*/{stem}*.{ending}"),
        key=lambda path: (float(path.parent.name), len(path.name)),
    )
    if not parts:
        raise BadInput(f"{folder}: no samples of '{name}', the case has not run; call run_case")
    starts = [float(path.parent.name) for path in parts]
    ends = [*starts[1:], np.inf]
    tables = [_table(p, columns, end) for p, end in zip(parts, ends, strict=True)]
    table = np.concatenate(tables)
    if len(table) == 0:
        raise DamagedFile(f"{parts[-1]}: no samples. {_AGAIN}")
    if np.any(np.diff(table[:, 0]) <= 0):
        raise DamagedFile(f"{parts[-1]}: times do not rise. Run the case again in a new folder")
    return table


def _table(path: Path, columns: int, end: float) -> FloatArray:
    """The samples of one run up to a time, where the next run began."""
    rows: list[list[float]] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(keepends=True), 1):
        words = line.partition("#")[0].translate(_BRACKETS).split()
        if not words:
            continue
        row = _numbers(words) if line.endswith("\n") else []
        if len(row) == columns and row[0] <= end * (1 + _TIME_TOLERANCE):
            rows.append(row)
        elif len(row) != columns and end == np.inf:
            raise DamagedFile(f"{path}:{number}: expected {columns} finite numbers, torn? {_AGAIN}")
    return np.array(rows).reshape(-1, columns)


def _numbers(words: list[str]) -> list[float]:
    """The numbers of a line; none if one of them is not finite or not a number."""
    try:
        row = [float(word) for word in words]
    except ValueError:
        return []
    return row if np.all(np.isfinite(row)) else []


def _common_length(folder: Path, *tables: FloatArray) -> int:
    """How many samples all quantities have; a run killed in a step may leave one more in some."""
    lengths = [len(table) for table in tables]
    count = min(lengths)
    same = all(np.array_equal(table[:count, 0], tables[0][:count, 0]) for table in tables)
    if max(lengths) - count > 1 or not same:
        raise DamagedFile(
            f"{folder / SAMPLES}: the quantities have different times ({lengths} samples): a file "
            "was cut off. Run the case again in a new folder"
        )
    return count


def _described(data: xr.Dataset) -> xr.Dataset:
    """The dataset with names and units of its variables."""
    for name, (text, unit) in _ATTRIBUTES.items():
        data[name].attrs = {"long_name": text, "units": unit}
    for name, text in {"time": "steps of the solver", "snapshot": "written fields"}.items():
        data[name].attrs = {"long_name": f"time since the sudden start, {text}", "units": "s"}
    return data
