"""Other packages, each measured in the same call as ours, in an environment of their own.

A script ``benchmarks/peers/NAME.py`` is run by the Python of ``.venv-peers`` (``make peers``), or
of ``.venv-peers-KIND`` (``make peers-KIND``) where packages would not go together. It is given
the path of an .npz file without pickles and answers with a line of JSON.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).parents[1]
TIMEOUT = 600  # s


def environment(kind: str) -> str:
    """The target of ``make`` that builds an environment."""
    return f"peers-{kind}" if kind else "peers"


def python_of(kind: str) -> Path | None:
    """The interpreter of an environment, if it is there."""
    python = ROOT / f".venv-{environment(kind)}/bin/python"
    return python if python.exists() else None


def peer(name: str, kind: str = "", /, **arrays: NDArray[Any]) -> dict[str, float]:
    """What a peer script measures.

    Args:
        name: Of the script in ``benchmarks/peers``.
        kind: Of the environment; empty for the common one.
        **arrays: What it is given.

    Returns:
        Its numbers; nothing where the environment is missing or the script fails, which it says.
    """
    python = python_of(kind)
    if python is None:
        print(f"  no {name} to compare with: `make {environment(kind)}` builds what it needs")
        return {}
    with tempfile.TemporaryDirectory() as scratch:
        given = Path(scratch) / "arrays.npz"
        np.savez(given, **arrays)
        script = Path(__file__).parent / "peers" / f"{name}.py"
        command = [str(python), "-I", str(script), str(given)]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=TIMEOUT, check=True
            )
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            print(f"  {name} failed: {error}\n{error.stderr}", file=sys.stderr)
            return {}
    return {key: float(value) for key, value in json.loads(done.stdout.splitlines()[-1]).items()}
