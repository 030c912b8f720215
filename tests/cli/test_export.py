"""`sciml export`: a table or JSON on stdout, what readers may stumble over on stderr."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sciml.core.paths import project_root

DATA = b"place,speed\nOslo,1.5\n"
CARD = """\
name: waves
title: Waves
description: Speeds of waves.
kind: measured
licence: {licence}
licence_group: other
citation: Nobody (2025)
published: 2026-03-31
built:
  file: waves.csv
  sha256: {sha}
  content_sha256: {sha}
"""


def sciml(*arguments: str, cwd: Path) -> "subprocess.CompletedProcess[str]":
    """Run the command line in a fresh interpreter."""
    return subprocess.run(
        [sys.executable, "-c", "from sciml.cli import main; main()", "export", *arguments],
        cwd=cwd,
        env=os.environ | {"SCIML_HOME": str(project_root())},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def card(tmp_path: Path) -> Path:
    (tmp_path / "waves.csv").write_bytes(DATA)
    path = tmp_path / "card.yaml"
    path.write_text(CARD.format(licence="CC0-1.0", sha=hashlib.sha256(DATA).hexdigest()))
    return path


def test_a_dataset_of_ones_own_is_exported_into_the_working_folder(card, tmp_path):
    done = sciml("./card.yaml", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("bundle: exports/waves\n")
    assert (tmp_path / "exports" / "waves" / "waves.csv").read_bytes() == DATA


def test_scripts_get_json(card, tmp_path):
    done = sciml(str(card), "-o", "out", "--json", cwd=tmp_path)
    answer = json.loads(done.stdout)
    assert answer["folder"] == "out/waves"
    assert answer["faults"] == []
    assert answer["sha256"]["waves.csv"] == hashlib.sha256(DATA).hexdigest()


def test_a_mistake_costs_one_message_and_its_exit_code(card, tmp_path):
    card.write_text(card.read_text().replace("CC0-1.0", "LicenseRef-Ours"))
    done = sciml(str(card), cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("sciml: BadInput: dataset 'waves': licence LicenseRef-Ours")
    (tmp_path / "waves.csv").unlink()
    card.write_text(card.read_text().replace("LicenseRef-Ours", "CC0-1.0"))
    assert sciml(str(card), cwd=tmp_path).returncode == 3
    (tmp_path / "waves.csv").write_bytes(b"other\n")
    assert sciml(str(card), cwd=tmp_path).returncode == 4
