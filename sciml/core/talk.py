"""What is said to the person at the keyboard while a long thing runs: to stderr, never in CI."""

import os
import sys
from typing import Any

from tqdm.auto import tqdm

_SILENCERS = ("SCIML_QUIET", "CI")


def say(text: str) -> None:
    """Write one line to stderr: where data come from, which checkpoint is used."""
    sys.stderr.write(f"sciml: {text}\n")
    sys.stderr.flush()


def progress(total: int, text: str, start: int = 0) -> "tqdm[Any]":
    """A progress bar that is silent in CI, in pipes and where ``SCIML_QUIET`` is set.

    Args:
        total: Number of steps.
        text: What is going on, a few words.
        start: Steps that an earlier run did.

    Returns:
        The bar; call ``update`` and use it as a context manager.
    """
    return tqdm(total=total, desc=text, initial=start, disable=not _someone_watches(), leave=False)


def _someone_watches() -> bool:
    """Whether a bar would be seen: a terminal or a notebook, and nobody asked for silence."""
    if any(os.environ.get(name) for name in _SILENCERS):
        return False
    interactive = sys.modules.get("IPython")
    return sys.stderr.isatty() or (interactive is not None and bool(interactive.get_ipython()))
