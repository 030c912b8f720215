"""Reproducing twice gives the same bits; what differs or lacks data is told, not hidden."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sciml.cli import reproduce as module
from sciml.cli.reproduce import report_again, reproduce
from sciml.core.errors import BadInput
from sciml.core.paths import project_root
from sciml.figures.compare import reference_folder
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
    assert outcome.failed.startswith(f"{FIGURE}; see the remarks")


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


def test_data_that_are_not_here_are_told_with_the_command_and_nothing_fails(
    checkout: Path,
) -> None:
    outcome = reproduce(["hydro/wave-loads-errors"])
    assert outcome.failed == ""
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
    assert json.loads((checkout / "report/status.json").read_text())[0]["status"] == "failed"


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
