"""`sciml lab`: JupyterLab on loopback, with a token and without news from the network."""

import os
import subprocess
import sys

from sciml.core.paths import project_root

_QUIET = (
    "--LabApp.news_url=None",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
)


def command(port: int, *, browser: bool) -> list[str]:
    """The command that starts JupyterLab.

    Args:
        port: Port on the loopback interface; the next free one is taken if it is in use.
        browser: Whether to open a browser.

    Returns:
        Arguments for :func:`subprocess.run`.
    """
    line = [
        *(sys.executable, "-m", "jupyterlab", f"--port={port}", "--ServerApp.ip=127.0.0.1"),
        f"--ServerApp.root_dir={project_root() / 'notebooks'}",
        *_QUIET,  # no questions to the network
    ]
    if os.geteuid() == 0:
        line.append("--allow-root")  # in containers; the server stays on loopback, with a token
    return line if browser else [*line, "--no-browser"]


def start(port: int, *, browser: bool) -> int:
    """Run JupyterLab until it is closed and return its exit code."""
    try:
        return subprocess.run(command(port, browser=browser), check=False).returncode
    except KeyboardInterrupt:
        return 0
