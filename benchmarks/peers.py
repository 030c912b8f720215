"""Other packages, each measured in the same call as ours, in an environment of their own.

A script ``benchmarks/peers/NAME.py`` is run by the Python of ``.venv-peers`` (``make peers``).
It is given the path of an .npz file without pickles and answers with a line of JSON.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).parents[1]
PYTHON = ROOT / ".venv-peers/bin/python"
TIMEOUT = 600  # s


def peer(name: str, **arrays: NDArray[np.float64]) -> dict[str, float]:
    """What a peer script measures.

    Args:
        name: Of the script in ``benchmarks/peers``.
        **arrays: What it is given.

    Returns:
        Its numbers; nothing where the environment is missing or the script fails, which it says.
    """
    if not PYTHON.exists():
        print(
            f"  without {PYTHON.parents[1].name} there is no {name} to compare with: `make peers`"
        )
        return {}
    with tempfile.TemporaryDirectory() as scratch:
        given = Path(scratch) / "arrays.npz"
        np.savez(given, **arrays)
        script = Path(__file__).parent / "peers" / f"{name}.py"
        command = [str(PYTHON), "-I", str(script), str(given)]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=TIMEOUT, check=True
            )
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            print(f"  {name} failed: {error}\n{error.stderr}", file=sys.stderr)
            return {}
    return {key: float(value) for key, value in json.loads(done.stdout.splitlines()[-1]).items()}
