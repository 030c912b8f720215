"""The command line answers fast, in tables or JSON, with one message and an exit code."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sciml.core.paths import project_root

MAIN = "from sciml.cli import main; main()"


def sciml(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run the command line in a fresh interpreter."""
    return subprocess.run(
        [sys.executable, "-c", MAIN, *arguments],
        cwd=project_root(),
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def listed(*arguments: str) -> list[dict[str, Any]]:
    done = sciml(*arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("arguments", [["--help"], ["list"], ["list", "figures"], ["--version"]])
def test_light_verbs_load_nothing_heavy(arguments: list[str]) -> None:
    code = (
        "import sys, atexit\n"
        "heavy = ('paddle', 'ppsci', 'numpy', 'xarray', 'matplotlib', 'pymatgen')\n"
        "atexit.register(lambda: sys.stderr.write(str([m for m in heavy if m in sys.modules])))\n"
        f"{MAIN}"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=project_root(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == "[]"


def test_everything_is_listed_with_what_it_needs() -> None:
    rows = listed("list")
    assert {row["kind"] for row in rows} == {"notebook", "figure", "recipe", "dataset"}
    needs = {row["name"]: row["needs"] for row in rows}
    assert needs["hydro/stability-map"] == []
    assert needs["hydro/2-wave-loads-forecast"] == ["ntnu_fixed_section_loads"]
    assert {row["kind"] for row in listed("list", "datasets")} == {"dataset"}


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (
            ["list", "figurs"],
            2,
            "sciml: BadInput: list: expected all, notebooks, figures, recipes, datasets; "
            "got 'figurs'",
        ),
        (
            ["reproduce", "hydro/stabilty-map"],
            2,
            "sciml: BadInput: reproduce: no figure, notebook or recipe 'hydro/stabilty-map'; "
            "did you mean 'hydro/stability-map'?",
        ),
        (
            ["reproduce"],
            2,
            "sciml: BadInput: reproduce: give a name (`sciml list` shows them) or --all",
        ),
        (
            ["run", "recipes/hydro/nothing.yaml"],
            2,
            "sciml: BadInput: recipes/hydro/nothing.yaml: no such file; `sciml list` shows what "
            "there is",
        ),
        (
            ["run", "recipes/hydro/cavity-pressure-lstm-fast.yaml", "-o", "training.epoch=1"],
            2,
            "sciml: BadInput: -o training.epoch=1: unknown key 'training.epoch'; "
            "did you mean 'epochs'?",
        ),
    ],
)
def test_a_mistake_costs_one_message_and_its_exit_code(
    arguments: list[str], code: int, message: str
) -> None:
    done = sciml(*arguments)
    assert (done.returncode, done.stderr.strip()) == (code, message)


def test_a_missing_dataset_has_its_own_exit_code_and_remedy(tmp_path: Path) -> None:
    environment = {"SCIML_DATA": "", "SCIML_ORIGINALS": "", "SCIML_CACHE": str(tmp_path)}
    done = sciml("data", "verify", "ntnu_fixed_section_loads", **environment)
    assert done.returncode == 3
    assert "sciml data get ntnu_fixed_section_loads" in done.stderr


def test_data_verbs_tell_licence_and_place() -> None:
    rows = {row["name"]: row for row in listed("data", "list")}
    row = rows["ntnu_fixed_section_loads"]
    assert row["licence"] == "CC0-1.0"
    entries = {row["key"]: row["value"] for row in listed("data", "info", row["name"])}
    assert entries["kind"] == "measured"
    assert entries["upstream files"] == 29


def test_a_mistyped_verb_is_a_usage_error() -> None:
    done = sciml("reproduc")
    assert done.returncode == 2
    assert "No such command" in done.stderr


def test_help_tells_the_exit_codes_that_the_readme_tells() -> None:
    told = " ".join(sciml("--help").stdout.split())
    readme = " ".join((project_root() / "README.md").read_text(encoding="utf-8").split())
    _, _, rest = readme.partition("Exit codes: ")
    codes, _, _ = rest.partition("130 interrupted.")
    assert len(codes.split(", ")) == 8
    assert f"Exit codes: {codes}130 interrupted." in told


def test_a_port_that_there_is_not_is_a_usage_error() -> None:
    done = sciml("lab", "--port", "99999")
    assert done.returncode == 2
    assert "65535" in done.stderr
