"""Input scripts of LAMMPS by plain ``lmp``, as from a shell: those of ``recipes/materials/lammps``.

A script is told variables; what it leaves is in a folder.
"""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from sciml.core.errors import BadInput
from sciml.core.paths import project_root
from sciml.materials.lammps.build import build

_SHOWN = 600  # characters of a complaint that LAMMPS does not mark as an error


def run_recipe_script(
    name: str, folder: Path, variables: Mapping[str, object], ranks: int = 1
) -> Path:
    """Run one of the project's input scripts in a process of its own.

    Args:
        name: Of a script in ``recipes/materials/lammps``, such as ``"npt"``.
        folder: For what it writes.
        variables: What the script is told, such as ``potential``, ``elements`` and ``steps``; the
            scripts list them all.
        ranks: Processes that share the atoms, under MPI.

    Returns:
        The table that the script leaves under its own name; a comment in it names the columns.

    Raises:
        BadInput: if there is no such script, LAMMPS or a compiler is not there, or LAMMPS gives up.
    """
    scripts = project_root() / "recipes" / "materials" / "lammps"
    script = scripts / f"{name}.lmp"
    if not script.is_file():
        known = ", ".join(sorted(path.stem for path in scripts.glob("*.lmp")))
        raise BadInput(f"no script '{name}' in {scripts}; there are {known}.")
    build()
    told = {"folder": folder.resolve(), "here": scripts} | dict(variables)
    words = [part for key, value in told.items() for part in ("-var", key, str(value))]
    done = plain_lmp(["-in", str(script), *words], folder, ranks)
    if done.returncode:
        lines = (done.stdout + done.stderr).splitlines()
        errors = [line for line in lines if line.startswith("ERROR")]
        raise BadInput(f"{name}.lmp: LAMMPS says {' '.join(errors) or done.stdout[-_SHOWN:]}")
    return folder / f"{name}.txt"


def plain_lmp(
    words: Sequence[str], folder: Path, ranks: int = 1, settings: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run ``lmp`` in a process of its own.

    Args:
        words: Of the command line.
        folder: To run in.
        ranks: Processes that share the atoms, under MPI.
        settings: Variables of the environment that are set beside those of this process.

    Returns:
        What it printed, and whether it failed.
    """
    tools = Path(sys.executable).parent
    command = [str(tools / "lmp"), "-nocite", "-log", "none", *words]
    if ranks > 1:
        command = [str(tools / "mpiexec"), "-n", str(ranks), *command]
    environment = os.environ | dict(settings or {})
    environment.pop("LAMMPS_PLUGIN_PATH", None)  # of the style that is in this process
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
