"""Cases run with OpenFOAM: found, meshed, solved, and continued after an interruption."""

import math
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from sciml.core import talk
from sciml.core.errors import BadInput, Interrupted
from sciml.core.locks import locked
from sciml.hydro.openfoam.case import write_case
from sciml.hydro.openfoam.settings import CavitationCase

__all__ = ["missing_programs", "run_case", "written_times"]

MESHER = "blockMesh"
SOLVER = "interPhaseChangeFoam"
INSTALL = "apt-get install --no-install-recommends openfoam"

FOOTER = "* //"  # how a file of OpenFOAM that was written to its end ends
SAMPLES = "postProcessing"

_PROJECT = "WM_PROJECT_DIR"
_DEBIAN_PROJECT = "/usr/share/openfoam"  # where the Debian package has its settings
_FIELDS = ("U", "alpha.water", "p_rgh", "phi", "uniform/time")  # what a restart reads
_LAST_LINES = 12
_TIME_TOLERANCE = 1e-9


def missing_programs() -> list[str]:
    """The programs of OpenFOAM that are not on the PATH; empty when cases can run."""
    return [name for name in (MESHER, SOLVER) if shutil.which(name) is None]


def run_case(settings: CavitationCase, folder: Path) -> None:
    """Simulate a case to its end, from the last written fields if there are any.

    The history that continues after a kill is that of an undisturbed run: fields are written
    with 16 digits, and samples later than the fields are dropped. A time folder that was being
    written when the run died is dropped as well.

    Args:
        settings: What to simulate.
        folder: The case folder; it is made, or must hold this case (see :func:`write_case`).

    Raises:
        BadInput: if OpenFOAM is not installed, the folder holds another case or the solver fails;
            the text has the last lines of its log.
        Interrupted: if the solver was killed; the same call goes on.
        WriteFailed: if the folder cannot be written.
    """
    missing = missing_programs()
    if missing:
        raise BadInput(
            f"run_case: OpenFOAM is not here (no program {' and no '.join(missing)} on the PATH). "
            f"Install it with `{INSTALL}` (Debian, as root), or put its bin folder on the PATH."
        )
    refusal = f"{folder}: another run works on this case; wait for it, or use another folder"
    with locked(folder, refusal):
        write_case(settings, folder)
        start = _continued_from(folder)
        if start == 0.0:
            _finish(_launched(MESHER, folder, fresh=True), MESHER, folder)
        elif start >= settings.end_time * (1 - _TIME_TOLERANCE):
            return
        _drop_samples(folder, start)
        _solve(settings, folder, start)


def written_times(folder: Path) -> dict[float, Path]:
    """The folders with fields, by their time in s, in order; the initial one is among them."""
    times: dict[float, Path] = {}
    for path in folder.iterdir():
        try:
            time = float(path.name)
        except ValueError:
            continue
        if path.is_dir() and math.isfinite(time):
            times[time] = path
    return dict(sorted(times.items()))


def _continued_from(folder: Path) -> float:
    """The last time whose fields are whole, s; later ones are dropped."""
    times = written_times(folder)
    for time, path in reversed(times.items()):
        if time == 0.0 or all(_is_whole(path / name) for name in _FIELDS):
            return time
        talk.say(f"{path}: was not written to its end and is dropped")
        shutil.rmtree(path)
    return 0.0


def _is_whole(path: Path) -> bool:
    """Whether a file of OpenFOAM has its end."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        file.seek(max(path.stat().st_size - 200, 0))
        return file.read().rstrip().endswith(FOOTER.encode())


def _drop_samples(folder: Path, start: float) -> None:
    """Remove samples of runs that began at this time or later: they are about to be made anew."""
    for run in (folder / SAMPLES).glob("*/*"):
        if float(run.name) >= start * (1 - _TIME_TOLERANCE):
            shutil.rmtree(run)


def _launched(program: str, folder: Path, fresh: bool) -> "subprocess.Popen[str]":
    """Start a program in the case folder."""
    environment = {_PROJECT: _DEBIAN_PROJECT, **os.environ}
    (folder / _log(program)).open("w" if fresh else "a").close()
    return subprocess.Popen(
        [program],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )


def _log(program: str) -> str:
    """The log file of a program in the case folder."""
    return f"log.{program}"


def _solve(settings: CavitationCase, folder: Path, start: float) -> None:
    """Run the solver to the end and show how far it is."""
    outputs = round(settings.end_time / settings.write_interval)
    done = round(start / settings.write_interval)
    text = f"{SOLVER} σ = {settings.cavitation_number:g}"
    process = _launched(SOLVER, folder, fresh=start == 0.0)
    with talk.progress(outputs, text, start=done) as bar:
        for line in _finish_lines(process, SOLVER, folder):
            if line.startswith("Time = "):
                reached = int(float(line.split()[2]) / settings.write_interval)
                bar.update(max(reached - done, 0))
                done = max(reached, done)


def _finish(process: "subprocess.Popen[str]", program: str, folder: Path) -> None:
    """Wait for a program and explain its failure."""
    for _ in _finish_lines(process, program, folder):
        pass


def _finish_lines(process: "subprocess.Popen[str]", program: str, folder: Path) -> Iterator[str]:
    """The lines that a program says, kept in its log; it never outlives this call."""
    log = folder / _log(program)
    assert process.stdout is not None
    try:
        with process.stdout as said, log.open("a", encoding="utf-8") as kept:
            for line in said:
                kept.write(line)
                yield line
        code = process.wait()
    except KeyboardInterrupt:
        raise Interrupted(
            f"{folder}: stopped; the same call goes on from the last fields"
        ) from None
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    if code < 0:
        raise Interrupted(
            f"{folder}: {program} was killed by signal {-code}; the same call goes on from the "
            "last written fields"
        )
    if code:
        raise BadInput(
            f"{folder}: {program} failed with exit code {code}. The last lines of {log}:\n"
            f"{_tail(log)}\nA smaller largest_courant or another refinement may help."
        )


def _tail(log: Path) -> str:
    """The last lines of a log, indented."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n".join(f"  {line}" for line in lines[-_LAST_LINES:])
