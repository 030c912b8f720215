"""The verbs of ``sciml`` and what they take; the work is done in the modules beside this one."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from sciml import __version__
from sciml.core.errors import SciMLError

app = typer.Typer(
    name="sciml",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
data_app = typer.Typer(
    help="Find, get, verify and build datasets.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(data_app, name="data")
lammps_app = typer.Typer(help="Potentials in LAMMPS.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(lammps_app, name="lammps")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
Override = Annotated[
    list[str] | None, typer.Option("-o", "--override", help="key.inner=value; may be repeated.")
]
Names = Annotated[list[str] | None, typer.Argument(help="Names; see `sciml list`.")]


def main() -> None:
    """Run the command line; a user's error becomes one message and its exit code."""
    try:
        app()
    except SciMLError as error:
        kind = type(error).__name__
        sys.stderr.write(f"sciml: {kind}: {error}\n")
        raise SystemExit(error.exit_code) from None


def _version(asked: bool) -> None:
    """Print the version and stop."""
    if asked:
        typer.echo(f"sciml {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """AI for science in notebooks: verified figures, recipes, datasets.

    Exit codes: 0 done, 1 something else failed, 2 bad input, 3 dataset missing, 4 damaged file,
    5 a figure differs from its reference, 6 a write failed, 130 interrupted.
    """


@app.command("list")
def list_(
    what: Annotated[
        str, typer.Argument(help="all, notebooks, figures, recipes or datasets.")
    ] = "all",
    as_json: AsJson = False,
) -> None:
    """List notebooks, figures, recipes and datasets."""
    from sciml.cli.listing import list_everything

    _show(list_everything(what), as_json)


@app.command()
def run(
    recipe: Annotated[Path, typer.Argument(help="A file recipes/<domain>/<name>.yaml.")],
    override: Override = None,
    fresh: Annotated[bool, typer.Option(help="Start again instead of going on.")] = False,
    publish: Annotated[bool, typer.Option(help="Copy the record beside the recipe.")] = False,
    as_json: AsJson = False,
) -> None:
    """Run a recipe, or go on with an interrupted run of it."""
    from sciml.training.run import run_recipe

    record = run_recipe(recipe, tuple(override or ()), fresh=fresh, publish=publish).record
    if as_json:
        typer.echo(json.dumps(record, indent=1))
    else:
        _print_table([{"metric": k, "value": v} for k, v in record["metrics"].items()])


@app.command()
def reproduce(
    names: Names = None,
    everything: Annotated[bool, typer.Option("--all", help="Everything that is fast.")] = False,
    full: Annotated[bool, typer.Option(help="Run the figures' full recipes first.")] = False,
    accept: Annotated[bool, typer.Option(help="Store the figures as the new references.")] = False,
    workers: Annotated[int, typer.Option("--workers", "-j", help="Processes at a time.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Draw figures, run notebooks and fast recipes again, check them, write the report."""
    from sciml.cli.reproduce import reproduce as reproduce_names

    outcome = reproduce_names(
        tuple(names or ()), everything=everything, full=full, accept=accept, workers=workers
    )
    _show(outcome.rows, as_json)
    if not as_json:
        typer.echo(f"\nreport: {outcome.report}")
    if outcome.failure is not None:
        raise outcome.failure


@app.command()
def report() -> None:
    """Write report/index.html again from the last `sciml reproduce`."""
    from sciml.cli.reproduce import report_again

    typer.echo(f"report: {report_again()}")


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Check the installation: versions, lock, process settings, data, notebooks' kernel."""
    from sciml.cli.doctor import examine

    findings = examine()
    _show([finding._asdict() for finding in findings], as_json)
    if any(finding.state == "wrong" for finding in findings):
        raise typer.Exit(1)


@app.command()
def export(
    name: Annotated[
        str, typer.Argument(help="A dataset, or the card.yaml of your own beside its data.")
    ],
    folder: Annotated[
        Path, typer.Option("-o", "--folder", help="Where the folder of the bundle is made.")
    ] = Path("exports"),
    as_json: AsJson = False,
) -> None:
    """Release a dataset: data, card, licence, citation, checksums, Croissant, RO-Crate."""
    from sciml.data.export import export as export_bundle

    bundle = export_bundle(name, folder)
    if as_json:
        typer.echo(json.dumps(bundle._asdict(), indent=1, default=str))
    else:
        _print_table([{"file": file, "sha256": sha} for file, sha in bundle.sha256.items()])
        typer.echo(f"\nbundle: {bundle.folder}")


@app.command()
def lab(
    port: Annotated[
        int, typer.Option(min=1, max=65535, help="Port on the loopback interface.")
    ] = 8888,
    browser: Annotated[bool, typer.Option(help="Open a browser.")] = True,
) -> None:
    """Start JupyterLab in notebooks/, on loopback with a token."""
    from sciml.cli.lab import start

    start(port, browser=browser)


@lammps_app.command("build")
def lammps_build() -> None:
    """Compile `pair_style sciml` for the LAMMPS and the processor that are here."""
    from sciml.materials.lammps.build import build

    typer.echo(f"pair_style sciml: {build()}")


@data_app.command("list")
def data_list(as_json: AsJson = False) -> None:
    """List datasets and whether they are on this machine."""
    from sciml.cli.data import list_datasets

    _show(list_datasets(), as_json)


@data_app.command("info")
def data_info(name: str, as_json: AsJson = False) -> None:
    """Show a dataset's card: licence, citation, sources, splits."""
    from sciml.cli.data import describe

    _show(describe(name), as_json)


@data_app.command("get")
def data_get(name: str) -> None:
    """Find a dataset, or download its pinned upstream files and build it."""
    from sciml.data.files import get

    typer.echo(get(name))


@data_app.command("verify")
def data_verify(name: str) -> None:
    """Check a dataset that is on this machine against its card."""
    from sciml.data.files import verify

    typer.echo(f"{verify(name)}: as its card says")


@data_app.command("build")
def data_build(name: str) -> None:
    """Build a dataset anew from its upstream files, even if it is here already."""
    from sciml.data.files import build

    typer.echo(build(name))


def _show(rows: list[dict[str, Any]], as_json: bool) -> None:
    """Print rows as a table or as JSON."""
    if as_json:
        typer.echo(json.dumps(rows, indent=1, default=str))
    else:
        _print_table(rows)


def _print_table(rows: list[dict[str, Any]]) -> None:
    """Print rows as a plain table that can be read, copied and cut with standard tools."""
    if not rows:
        typer.echo("nothing to list")
        return
    columns = list(rows[0])
    cells = [[_cell(row[column]) for column in columns] for row in rows]
    widths = [max(len(c), *(len(r[i]) for r in cells)) for i, c in enumerate(columns)]
    for line in [columns, ["-" * w for w in widths], *cells]:
        text = "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        typer.echo(text.rstrip())


def _cell(value: Any) -> str:
    """A value as a table shows it."""
    if isinstance(value, float):
        return f"{value:.4g}"
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
