"""The runner with a stand-in for OpenFOAM on the PATH, and a short run where the real one is."""

import fcntl
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from sciml.core.errors import BadInput, Interrupted
from sciml.hydro.openfoam.case import read_settings, write_case
from sciml.hydro.openfoam.reader import read_case
from sciml.hydro.openfoam.runner import missing_programs, run_case, written_times
from sciml.hydro.openfoam.settings import CavitationCase

CASE = CavitationCase(cavitation_number=0.3, refinement=0.4, duration=4.0, output_interval=1.0)

# Writes what the solver writes: samples every 0.1 ms and fields every ms, from the latest fields.
# How it fails comes from the file `fate`, which it eats: a time in s and what happens then.
STAND_IN = """\
#!{python}
import os, re, sys
from pathlib import Path

end = float(re.search(r"endTime (\\S+);", Path("system/controlDict").read_text())[1])
start = max(float(p.name) for p in Path().iterdir() if re.fullmatch(r"[0-9.]+", p.name))
fate = Path("fate")
when, what = fate.read_text().split() if fate.exists() else ("inf", "")
fate.unlink(missing_ok=True)
print("Starting from", start, flush=True)
state = float(Path(f"{{start:g}}/U").read_text().split()[0]) if start else 1.0
files = []
for name in ("forces/{{}}/force.dat", "vapour/{{}}/volFieldValue.dat",
             "vapourPressure/{{}}/volFieldValue.dat"):
    path = Path("postProcessing", name.format(f"{{start:g}}"))
    path.parent.mkdir(parents=True)
    files.append(path.open("w"))
    files[-1].write("# Time\\n")
for step in range(round(start / 1e-4) + 1, round(end / 1e-4) + 1):
    time, state = step * 1e-4, state * 1.01
    print(f"Time = {{time:.12g}}", flush=True)
    rows = [f"({{state}} 0 0) (0 0 0) (0 0 0)", f"{{state}}", f"{{state}}"]
    for file, row in zip(files, rows):
        file.write(f"{{time:.12g}}\\t{{row}}\\n")
        file.flush()
    if step % 10 == 0:
        folder = Path(f"{{time:.12g}}")
        (folder / "uniform").mkdir(parents=True)
        for name in ("U", "alpha.water", "p_rgh", "phi", "uniform/time"):
            torn = what == "tear" and time >= float(when) and name == "phi"
            text = f"{{state!r}}\\ninternalField uniform 1;\\n"
            (folder / name).write_text(text + ("" if torn else "// ****** //\\n"))
            if torn:
                os.kill(os.getpid(), 9)
    if time >= float(when) * (1 - 1e-9) and what != "tear":
        if what == "kill":
            os.kill(os.getpid(), 9)
        print("FOAM FATAL ERROR: Maximum number of iterations exceeded", flush=True)
        sys.exit(1)
"""
MESHER = "#!/bin/sh\nmkdir -p constant/polyMesh && echo meshed >> constant/polyMesh/times\n"


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    programs = tmp_path / "bin"
    programs.mkdir()
    scripts = {"blockMesh": MESHER, "interPhaseChangeFoam": STAND_IN.format(python=sys.executable)}
    for name, text in scripts.items():
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    return programs


def run_to_the_end(folder: Path, *fates: str) -> None:
    """Run a case again and again, with a fate for each of the first runs."""
    write_case(CASE, folder)
    for fate in fates:
        (folder / "fate").write_text(fate)
        with pytest.raises(Interrupted, match=r"was killed by signal 9; the same call goes on"):
            run_case(CASE, folder)
    run_case(CASE, folder)


FATES = {
    "before the first fields": ("0.0005 kill",),
    "between fields": ("0.0025 kill",),
    "twice from the same fields": ("0.0025 kill", "0.0027 kill"),
    "while fields were written": ("0.003 tear",),
    "while the first fields were written": ("0.001 tear",),
    "thrice": ("0.0011 kill", "0.002 tear", "0.0035 kill"),
}


@pytest.mark.parametrize("fates", FATES.values(), ids=FATES)
def test_a_killed_run_continues_to_the_same_history(stand_in, tmp_path, fates) -> None:
    run_to_the_end(tmp_path / "whole")
    run_to_the_end(tmp_path / "killed", *fates)
    whole, killed = read_case(tmp_path / "whole"), read_case(tmp_path / "killed")
    assert whole.sizes["time"] == 40
    assert killed.identical(whole)
    assert list(written_times(tmp_path / "killed")) == pytest.approx([0, 1e-3, 2e-3, 3e-3, 4e-3])


def test_a_finished_case_is_not_run_again(stand_in, tmp_path) -> None:
    run_case(CASE, tmp_path / "case")
    log = (tmp_path / "case/log.interPhaseChangeFoam").read_text()
    run_case(CASE, tmp_path / "case")
    assert (tmp_path / "case/log.interPhaseChangeFoam").read_text() == log
    assert (tmp_path / "case/constant/polyMesh/times").read_text() == "meshed\n"


def test_a_longer_duration_continues_and_other_settings_are_refused(stand_in, tmp_path) -> None:
    run_case(CASE, tmp_path / "case")
    longer = CASE.model_copy(update={"duration": 6.0})
    run_case(longer, tmp_path / "case")
    run_case(longer, tmp_path / "at once")
    assert read_case(tmp_path / "case").identical(read_case(tmp_path / "at once"))
    with pytest.raises(BadInput, match="speed 10 there, 11 asked"):
        run_case(longer.model_copy(update={"speed": 11.0}), tmp_path / "case")


def test_a_crash_shows_the_end_of_the_log(stand_in, tmp_path) -> None:
    write_case(CASE, tmp_path / "case")
    (tmp_path / "case/fate").write_text("0.0015 crash")
    with pytest.raises(BadInput) as caught:
        run_case(CASE, tmp_path / "case")
    text = str(caught.value)
    assert "interPhaseChangeFoam failed with exit code 1" in text
    assert "  Time = 0.0015\n  FOAM FATAL ERROR: Maximum number of iterations exceeded" in text
    assert "log.interPhaseChangeFoam" in text


def test_a_failing_mesher_stops_the_run(stand_in, tmp_path) -> None:
    (stand_in / "blockMesh").write_text("#!/bin/sh\necho cannot open file\nexit 3\n")
    with pytest.raises(BadInput, match=r"(?s)blockMesh failed with exit code 3.*cannot open file"):
        run_case(CASE, tmp_path / "case")


def test_without_openfoam_the_install_command_is_told(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert missing_programs() == ["blockMesh", "interPhaseChangeFoam"]
    with pytest.raises(BadInput, match="apt-get install --no-install-recommends openfoam"):
        run_case(CASE, tmp_path / "case")
    assert not (tmp_path / "case").exists()


def test_two_runs_do_not_share_a_folder(stand_in, tmp_path) -> None:
    run_case(CASE, tmp_path / "case")
    with (tmp_path / "case/.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(BadInput, match="another run works on this case"):
            run_case(CASE.model_copy(update={"duration": 6.0}), tmp_path / "case")
    assert read_settings(tmp_path / "case") == CASE  # those of the run that works on it


@pytest.mark.slow
def test_the_real_solver_agrees_with_the_mesh_and_the_reader(tmp_path) -> None:
    missing = missing_programs()
    if missing:
        pytest.skip(f"OpenFOAM is not here: no {' and no '.join(missing)} on the PATH")
    short = CavitationCase(cavitation_number=0.5, refinement=0.3, duration=0.2, output_interval=0.1)
    run_case(short, tmp_path / "case")
    data = read_case(tmp_path / "case")
    assert data.snapshot.values == pytest.approx([0.0, 1e-4, 2e-4])
    assert np.all(np.diff(data.vapour_volume) >= 0)
    # The pressure of the sudden start decays on the way to c_x of order one.
    assert 1.0 < data.drag_coefficient[-1] < 20.0
