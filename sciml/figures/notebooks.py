"""Run notebooks and turn them into pages that need no network."""

import logging
import re
import time
from pathlib import Path
from typing import NamedTuple

import nbformat
from latex2mathml.converter import convert as to_mathml
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbconvert import HTMLExporter

_CELL_SECONDS = 300
# As in pandoc: a formula has no space inside its dollars, so prices are left alone.
_FORMULA = re.compile(
    r"\$\$(?P<block>.+?)\$\$|(?<![\\$])\$(?! )(?P<line>[^$\n]+?)(?<! )\$(?!\d)", re.DOTALL
)


class NotebookRun(NamedTuple):
    """A notebook after it was run from top to bottom in a fresh kernel."""

    notebook: nbformat.NotebookNode
    error: str  # empty when every cell ran
    seconds: float


def run_notebook(path: Path) -> NotebookRun:
    """Run a notebook in a fresh kernel, in its own folder; the file is not changed.

    Args:
        path: The notebook.

    Returns:
        The executed notebook and, when a cell failed, its error.
    """
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=_CELL_SECONDS,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
        extra_arguments=["--IPKernelApp.log_level=ERROR"],
    )
    client.log.setLevel(logging.ERROR)
    started = time.perf_counter()
    error = ""
    try:
        client.execute()
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as failure:
        error = str(failure).strip().splitlines()[-1]
    return NotebookRun(notebook, error, time.perf_counter() - started)


def as_html(notebook: nbformat.NotebookNode) -> str:
    """The body of a page with a notebook's text, code and outputs, formulas as MathML.

    Args:
        notebook: An executed notebook.

    Returns:
        HTML without links to other hosts; of scripts only those of outputs that move, which the
        notebook brings along.
    """
    page = nbformat.from_dict(notebook)
    for cell in page.cells:
        if cell.cell_type == "markdown":
            cell.source = _FORMULA.sub(_mathml, cell.source)
    exporter = HTMLExporter(template_name="basic", exclude_input_prompt=True)
    exporter.exclude_output_prompt = True
    exporter.exclude_anchor_links = True
    body, _ = exporter.from_notebook_node(page)
    return body


def _mathml(formula: re.Match[str]) -> str:
    """A formula in LaTeX as MathML, or as it stands if it cannot be read."""
    block = formula["block"]
    try:
        return to_mathml(block or formula["line"], display="block" if block else "inline")
    except Exception:  # the converter's errors have no common class; the source is still readable
        return formula[0]
