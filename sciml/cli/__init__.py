"""The command line: one module a verb, each imported only when its verb is used.

Exit codes: 0 done; 1 something else failed; 2 bad input or usage; 3 dataset missing;
4 damaged file; 5 a figure differs from its reference; 6 a write failed; 130 interrupted.
"""

from sciml.cli.app import main

__all__ = ["main"]
