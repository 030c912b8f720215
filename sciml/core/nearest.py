"""The remedy for a mistyped word; imports nothing heavy."""

import difflib
from collections.abc import Iterable


def nearest(word: str, known: Iterable[str], what: str = "known") -> str:
    """The nearest known word, or all of them.

    Args:
        word: What the user wrote.
        known: What there is.
        what: What to call the known words when all are named, such as ``known keys``.

    Returns:
        ``did you mean '...'?`` or ``known: ...``.
    """
    words = sorted(known)
    close = difflib.get_close_matches(word, words, n=1, cutoff=0.5)
    if close:
        return f"did you mean '{close[0]}'?"
    return f"{what}: {', '.join(words)}" if words else f"{what}: none"
