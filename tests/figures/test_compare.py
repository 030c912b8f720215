"""A planted error in a figure is caught, however it got there."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from sciml.core.errors import DamagedFile
from sciml.figures.compare import CLOSE, DIFFERS, NEW, SAME, Comparison, compare
from sciml.figures.registry import Drawn, figure, registered
from sciml.figures.style import new_picture


@figure("test/line", title="A line", rtol=1e-3, atol=1e-6)
def line(scale: float = 1.0, drawn_scale: float | None = None, n: int = 30) -> Drawn:
    x = np.linspace(1, 2, n)
    y = scale * x
    y[3] = np.nan  # a gap is data too
    picture = new_picture()
    axis = picture.subplots()
    axis.plot(x, y if drawn_scale is None else drawn_scale * x)
    axis.set_ylim(0, 4)
    names = np.array(["a", "b"])
    return Drawn(picture, xr.Dataset({"y": ("x", y), "names": ("k", names)}, {"x": x}))


@pytest.fixture
def reference(tmp_path: Path) -> Path:
    line().save(tmp_path)
    return tmp_path


def compared(drawn: Drawn, reference: Path) -> Comparison:
    return compare(drawn, registered("test/line"), reference)


def test_the_same_figure_is_identical(reference: Path) -> None:
    outcome = compared(line(), reference)
    assert (outcome.status, outcome.picture_rms, outcome.passed) == (SAME, 0.0, True)


def test_a_change_within_the_tolerance_passes_and_is_measured(reference: Path) -> None:
    outcome = compared(line(1 + 5e-4), reference)
    assert outcome.status == CLOSE
    assert outcome.passed
    assert outcome.worst is not None
    assert (outcome.worst.variable, outcome.worst.largest) == ("y", pytest.approx(1e-3))
    assert outcome.worst.used == pytest.approx(0.5, rel=1e-2)


def test_a_change_beyond_the_tolerance_fails_though_no_eye_sees_it(reference: Path) -> None:
    outcome = compared(line(1 + 2e-3), reference)
    assert outcome.status == DIFFERS
    assert outcome.worst is not None
    assert outcome.worst.variable == "y"


def test_a_picture_that_shows_something_else_fails_though_the_data_agree(reference: Path) -> None:
    outcome = compared(line(drawn_scale=1.6), reference)
    assert outcome.status == DIFFERS
    assert outcome.remark.startswith("picture RMS ")


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (lambda d: d.drop_vars("y"), "not in the new data"),
        (lambda d: d.assign(z=1.0), "not in the reference"),
        (lambda d: d.isel(x=slice(20)), "axes {'x': 30} became {'x': 20}"),
        (lambda d: d.fillna(0.0), ""),
        (lambda d: d.assign(names=("k", np.array(["a", "c"]))), ""),
    ],
)
def test_a_variable_that_is_gone_new_cut_filled_or_renamed_fails(
    reference: Path, change: object, where: str
) -> None:
    drawn = line()
    drawn.data = change(drawn.data)  # pyright: ignore[reportCallIssue]
    outcome = compared(drawn, reference)
    assert outcome.status == DIFFERS
    assert where in [difference.remark for difference in outcome.differences]


def test_without_a_reference_nothing_passes(tmp_path: Path) -> None:
    outcome = compared(line(), tmp_path)
    assert (outcome.status, outcome.passed) == (NEW, False)


def test_a_reference_cut_short_is_named(reference: Path) -> None:
    path = reference / "line.nc"
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(DamagedFile, match="the reference cannot be read"):
        compared(line(), reference)
