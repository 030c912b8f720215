"""Reproducing twice gives the same bits; what differs or lacks data is told, not hidden."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sciml.cli import reproduce as module
from sciml.cli.reproduce import report_again, reproduce
from sciml.core.errors import BadInput, DatasetMissing, FigureDiffers, SciMLError, WriteFailed
from sciml.core.paths import project_root
from sciml.figures.compare import reference_folder
from sciml.figures.listing import listed_figures
from sciml.figures.registry import Drawn, registered
from sciml.hydro.figures import cavity_stability

FIGURE = "hydro/stability-map"


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout whose report and references may be written to."""
    for name in ("datasets", "recipes", "sciml"):
        (tmp_path / name).symlink_to(project_root() / name)
    references = tmp_path / "notebooks/hydro/reference"
    references.mkdir(parents=True)
    for path in reference_folder(FIGURE).iterdir():
        (references / path.name).write_bytes(path.read_bytes())
    monkeypatch.setenv("SCIML_HOME", str(tmp_path))
    monkeypatch.setenv("SCIML_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("SCIML_DATA", raising=False)
    return tmp_path


def row_of(name: str, **choices: bool) -> dict[str, Any]:
    (row,) = reproduce([name], **choices).rows
    return row


def test_twice_gives_the_same_bits_and_those_of_the_reference_but_for_rounding(
    checkout: Path,
) -> None:
    data = checkout / "report/figures/hydro/stability-map.nc"
    status = row_of(FIGURE)["status"]
    assert status in ("identical", "within tolerance")  # the latter on another processor
    first = data.read_bytes()
    assert row_of(FIGURE)["status"] == status
    assert data.read_bytes() == first
    assert (checkout / "report/index.html").is_file()


def plant(monkeypatch: pytest.MonkeyPatch, change: float) -> None:
    """Have the figure's function draw slightly different numbers."""
    original = cavity_stability.stability_map_figure

    def planted() -> Drawn:
        drawn = original()
        drawn.data["growth_rate"] = drawn.data["growth_rate"] + change
        return drawn

    entry = registered(FIGURE)._replace(function=planted)
    monkeypatch.setattr("sciml.figures.registry._ENTRIES", {FIGURE: entry})


def test_a_planted_error_is_caught_and_named(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, 1e-3)
    outcome = reproduce([FIGURE])
    assert outcome.rows[0]["status"] == "differs"
    assert outcome.rows[0]["deviation"] == "0.001 in growth_rate"
    assert isinstance(outcome.failure, FigureDiffers)
    assert str(outcome.failure).startswith(f"{FIGURE}; see the remarks, and `sciml reproduce NAME")


def test_a_change_below_the_tolerance_passes_and_is_shown(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, 1e-8)
    row = row_of(FIGURE)
    assert (row["status"], row["deviation"]) == ("within tolerance", "1e-08 in growth_rate")


def test_accepting_prints_the_difference_and_stores_the_new_reference(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    plant(monkeypatch, 1e-3)
    assert row_of(FIGURE, accept=True)["status"] == "accepted"
    assert f"{FIGURE}: growth_rate: largest change 0.001" in capsys.readouterr().err
    assert row_of(FIGURE)["status"] == "identical"
    assert not (checkout / "notebooks/hydro/reference/stability-map.svg").exists()


def test_data_that_are_not_here_are_told_with_the_command(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = "hydro/wave-loads-errors"
    outcome = reproduce([asked])
    assert isinstance(outcome.failure, DatasetMissing)
    monkeypatch.setattr(module, "listed_notebooks", list)
    monkeypatch.setattr(module, "listed_recipes", list)
    few = [figure for figure in listed_figures() if figure.name == asked]
    monkeypatch.setattr(module, "listed_figures", lambda: few)
    outcome = reproduce([], everything=True)
    assert outcome.failure is None  # of everything, what can be done is done
    assert outcome.rows[0]["status"] == "needs data"
    assert outcome.rows[0]["remark"] == "get them with `sciml data get ntnu_fixed_section_loads`"


def test_a_crash_in_one_figure_is_told_and_the_others_go_on(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object) -> None:
        raise ZeroDivisionError("one over nothing")

    monkeypatch.setattr(module, "_figure", crash)
    outcome = reproduce([FIGURE, "hydro/section-growth"])
    assert [row["status"] for row in outcome.rows] == ["failed", "failed"]
    assert outcome.rows[0]["remark"] == "ZeroDivisionError: one over nothing"
    assert type(outcome.failure) is SciMLError
    assert json.loads((checkout / "report/status.json").read_text())[0]["status"] == "failed"


def test_a_failure_has_the_kind_of_its_error(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise WriteFailed("the disk is full")

    monkeypatch.setattr(module, "_figure", refuse)
    failure = reproduce([FIGURE]).failure
    assert isinstance(failure, WriteFailed)
    assert "--accept" not in str(failure)


def test_the_report_keeps_what_was_reproduced_before(checkout: Path) -> None:
    for name in (FIGURE, "hydro/section-growth", FIGURE):
        reproduce([name])
    rows = json.loads((checkout / "report/status.json").read_text())
    assert [row["name"] for row in rows] == ["hydro/section-growth", FIGURE]
    assert "section-growth" in (checkout / "report/index.html").read_text()


def test_a_record_that_is_damaged_does_not_lose_the_report(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (checkout / "recipes").unlink()
    (checkout / "recipes/hydro/new.record").mkdir(parents=True)
    assert reproduce([FIGURE]).report
    assert "without the record of hydro/new" in capsys.readouterr().err


def test_two_workers_give_the_rows_of_one_in_the_same_order(checkout: Path) -> None:
    asked = [FIGURE, "hydro/section-growth", "hydro/wave-loads-errors"]
    alone, shared = (reproduce(asked, workers=count).rows for count in (1, 2))
    for one, other in zip(alone, shared, strict=True):
        assert {**one, "seconds": 0} == {**other, "seconds": 0}
    with pytest.raises(BadInput, match="expected one at least, got 0"):
        reproduce(asked, workers=0)


def test_a_report_needs_something_to_report(checkout: Path) -> None:
    with pytest.raises(BadInput, match="nothing has been reproduced yet"):
        report_again()


def test_references_hold_finite_numbers_of_the_registered_figures() -> None:
    import xarray as xr

    paths = list((project_root() / "notebooks").glob("*/reference/*.nc"))
    assert len(paths) >= 4
    for path in paths:
        with xr.open_dataset(path) as stored:
            # A bin into which no forecast fell has no mean.
            told = stored.get("cases_in_bin", xr.DataArray(1)) > 0
            for variable in stored.data_vars.values():
                empty = ~told if set(told.dims) <= set(variable.dims) else xr.DataArray(False)
                assert variable.dtype.kind != "f" or (np.isfinite(variable) | empty).all()
