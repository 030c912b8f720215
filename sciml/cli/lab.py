"""`sciml lab`: JupyterLab on loopback, with a token and without news from the network."""

import os
import sys
from pathlib import Path
from typing import NoReturn

from sciml.core.paths import project_root

_CONFIG = Path(__file__).parent / "lab_config"  # switches off the questions about news and updates


def command(port: int, *, browser: bool) -> list[str]:
    """The command that starts JupyterLab.

    Args:
        port: Port on the loopback interface; the next free one is taken if it is in use.
        browser: Whether to open a browser.

    Returns:
        Program and arguments.
    """
    line = [
        *(sys.executable, "-m", "jupyterlab", f"--port={port}", "--ServerApp.ip=127.0.0.1"),
        f"--ServerApp.root_dir={project_root() / 'notebooks'}",
    ]
    if os.geteuid() == 0:
        line.append("--allow-root")  # in containers; the server stays on loopback, with a token
    return line if browser else [*line, "--no-browser"]


def environment() -> dict[str, str]:
    """The environment of JupyterLab: this one, and our defaults of its settings."""
    given = os.environ.get("JUPYTER_CONFIG_PATH")
    paths = [str(_CONFIG), *([given] if given else [])]
    return os.environ | {"JUPYTER_CONFIG_PATH": os.pathsep.join(paths)}


def start(port: int, *, browser: bool) -> NoReturn:
    """Become JupyterLab, so that stopping one stops the other."""
    line = command(port, browser=browser)
    os.execve(line[0], line, environment())
