"""Notebooks are stored as they ran, argue in small steps, and their comparison is alive."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest

from sciml.core.paths import project_root
from sciml.figures.listing import listed_notebooks

NOTEBOOKS = listed_notebooks()
MOST_LINES, MOST_BYTES = 12, 500_000


def code_cells(path: Path) -> list[dict[str, Any]]:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in cells if cell["cell_type"] == "code"]


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda n: n.name)
class TestStoredNotebooks:
    def test_was_run_from_top_to_bottom_without_errors_or_warnings(self, notebook: Any) -> None:
        cells = code_cells(notebook.path)
        assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
        outputs = [output for cell in cells for output in cell["outputs"]]
        assert not [o for o in outputs if o["output_type"] == "error" or o.get("name") == "stderr"]

    def test_cells_are_short_and_define_nothing(self, notebook: Any) -> None:
        for cell in code_cells(notebook.path):
            lines = "".join(cell["source"]).splitlines()
            assert len(lines) <= MOST_LINES
            assert not [line for line in lines if line.startswith(("class ", "def "))]

    def test_is_small_and_names_no_machine(self, notebook: Any) -> None:
        text = notebook.path.read_text(encoding="utf-8")
        assert len(text) < MOST_BYTES
        assert "/home/" not in text
        assert str(project_root()) not in text

    def test_has_question_answer_parameters_and_things_to_try(self, notebook: Any) -> None:
        content = nbformat.read(notebook.path, as_version=4)
        first, last = content.cells[0].source, content.cells[-1].source
        assert "**Question.**" in first
        assert "**Answer.**" in first
        assert "Run time" in first
        assert content.cells[1].metadata.get("tags") == ["parameters"]
        assert "Three things to try" in last


def compared(path: Path, folder: Path) -> int:
    """Exit code of the strict comparison of a notebook with its stored output."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--nbval"]
    options = ["--nbval-current-env", "-o", "addopts=", str(path)]
    done = subprocess.run([*command, *options], cwd=folder, capture_output=True, check=False)
    return done.returncode


def test_the_comparison_is_alive_a_changed_number_fails(tmp_path: Path) -> None:
    cell = nbformat.v4.new_code_cell("print(1 + 1)", execution_count=1)
    cell.outputs = [nbformat.v4.new_output("stream", text="2\n")]
    metadata = {"kernelspec": {"name": "python3", "display_name": "", "language": "python"}}
    notebook = nbformat.v4.new_notebook(cells=[cell], metadata=metadata)
    nbformat.write(notebook, tmp_path / "right.ipynb")
    cell.outputs[0].text = "3\n"
    nbformat.write(notebook, tmp_path / "wrong.ipynb")
    assert compared(tmp_path / "right.ipynb", tmp_path) == 0
    assert compared(tmp_path / "wrong.ipynb", tmp_path) == 1
