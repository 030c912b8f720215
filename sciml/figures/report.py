"""The report: a static page of checked figures, notebooks and records that works offline."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, select_autoescape
from markupsafe import Markup
from pygments.formatters import HtmlFormatter

from sciml.core.writing import write_text

_TONES = {
    "identical": "good",
    "within tolerance": "good",
    "ran": "good",
    "accepted": "good",
    "needs data": "wait",
}
_MOST_METRICS = 40


def write_report(folder: Path, rows: Sequence[Mapping[str, Any]], records: Sequence[Any]) -> Path:
    """Write ``index.html``; the files that its rows name lie in the folder already.

    Args:
        folder: Folder of the report.
        rows: For each figure and notebook: name, title, kind, status, deviation, seconds, remark
            and, for notebooks that ran, ``page``.
        records: Published records, each with its name.

    Returns:
        The page.
    """
    shown = [{**row, "tone": _TONES.get(row["status"], "bad")} for row in rows]
    pictures = [
        {**row, **_figure_files(row["name"])}
        for row in shown
        if row["kind"] == "figure" and (folder / _figure_files(row["name"])["picture"]).is_file()
    ]
    good = sum(row["tone"] == "good" for row in shown)
    waiting = sum(row["tone"] == "wait" for row in shown)
    summary = f"{good} of {len(shown)} figures, notebooks and recipes checked"
    summary += f"; {waiting} wait for data that are not on this machine." if waiting else "."
    body = (
        _environment()
        .get_template("index.html")
        .render(
            rows=shown, pictures=pictures, summary=summary, records=[_record(r) for r in records]
        )
    )
    return write_page(folder / "index.html", "sciml report", body)


def write_page(path: Path, title: str, body: str) -> Path:
    """Write one page in the report's look.

    Args:
        path: The file.
        title: Title of the page, plain text.
        body: HTML.

    Returns:
        The file.
    """
    highlight = HtmlFormatter(style="friendly").get_style_defs(".highlight")
    page = _environment().get_template("page.html")
    write_text(path, page.render(title=title, body=Markup(body), highlight=Markup(highlight)))
    return path


def clear(folder: Path) -> None:
    """Remove an earlier report."""
    shutil.rmtree(folder, ignore_errors=True)


def _environment() -> Environment:
    """Templates that escape what they are given."""
    return Environment(
        loader=PackageLoader("sciml.figures"), autoescape=select_autoescape(["html"])
    )


def _figure_files(name: str) -> dict[str, str]:
    """A figure's files, relative to the report."""
    return {
        "picture": f"figures/{name}.png",
        "vector": f"figures/{name}.svg",
        "data": f"figures/{name}.nc",
    }


def _record(record: Mapping[str, Any]) -> dict[str, Any]:
    """What the report shows of a record."""
    metrics = [(name, _value(value)) for name, value in record["metrics"].items()]
    return {
        "name": record["name"],
        "title": record["recipe"].get("title", ""),
        "seed": record["recipe"].get("seed", ""),
        "code": record["made_with"]["code"],
        "processor": record["made_with"]["processor"],
        "seconds": record["seconds"].get("cpu", ""),
        "metrics": metrics[:_MOST_METRICS],
    }


def _value(value: Any) -> str:
    """A number with four digits, anything else as it is."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)
