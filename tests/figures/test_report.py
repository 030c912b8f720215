"""The report works offline and shows what happened, failures first of all in words."""

import re
from pathlib import Path
from typing import Any

import nbformat
import pytest

from sciml.figures.notebooks import as_html
from sciml.figures.report import write_page, write_report

ROW: dict[str, Any] = {
    "kind": "figure",
    "name": "hydro/a",
    "title": "A & B <c>",
    "status": "identical",
    "deviation": "0",
    "remark": "",
    "seconds": 1.25,
}
RECORD: dict[str, Any] = {
    "name": "hydro/lstm",
    "recipe": {"title": "An LSTM", "seed": 3},
    "made_with": {"code": "abc", "processor": "some"},
    "seconds": {"cpu": 12.0},
    "metrics": {"error": 0.123456},
}


def test_rows_pictures_and_records_are_there(tmp_path: Path) -> None:
    (tmp_path / "figures/hydro").mkdir(parents=True)
    (tmp_path / "figures/hydro/a.png").write_bytes(b"")
    waiting = ROW | {"name": "hydro/b", "status": "needs data", "remark": "get it"}
    page = write_report(tmp_path, [ROW, waiting], [RECORD]).read_text(encoding="utf-8")
    assert "1 of 2 figures, notebooks and recipes checked; 1 wait for data" in page
    assert "A &amp; B &lt;c&gt;" in page
    assert '<img src="figures/hydro/a.png"' in page
    assert "figures/hydro/b.png" not in page
    assert "0.1235" in page


def test_a_failure_is_marked(tmp_path: Path) -> None:
    page = write_report(tmp_path, [ROW | {"status": "differs"}], []).read_text(encoding="utf-8")
    assert '<td class="bad">differs' in page
    assert "0 of 1" in page


@pytest.mark.parametrize("body", ["<p>text</p>"])
def test_pages_ask_no_other_host_and_run_no_scripts(tmp_path: Path, body: str) -> None:
    page = write_page(tmp_path / "a.html", "title", body).read_text(encoding="utf-8")
    assert not re.search(r"https?://|<script|@import", page)


def test_notebooks_become_pages_with_formulas_and_without_scripts() -> None:
    cells = [
        nbformat.v4.new_markdown_cell("# Title\n\nIt costs 5 $ and $\\beta = 1 + \\pi^2/6$."),
        nbformat.v4.new_code_cell("print(1)"),
    ]
    page = as_html(nbformat.v4.new_notebook(cells=cells))
    assert "<math" in page
    assert "&#x003B2;" in page or "β" in page
    assert not re.search(r"<script|https?://(?!www.w3.org)", page)


def test_a_formula_that_cannot_be_read_stays_as_it_is() -> None:
    cells = [nbformat.v4.new_markdown_cell("A broken $\\frac{1}$ formula.")]
    assert "formula" in as_html(nbformat.v4.new_notebook(cells=cells))
