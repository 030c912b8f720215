"""Errors for the user: one class per reaction, each with its own exit code.

A message says which input, what was expected, what came, and the next step.
"""


class SciMLError(Exception):
    """Something the user can mend. The message ends with how."""

    exit_code = 1


class BadInput(SciMLError, ValueError):
    """A value, file or setting is wrong: mend it and run again."""

    exit_code = 2


class DatasetMissing(SciMLError, FileNotFoundError):
    """The data are not on this machine: get them."""

    exit_code = 3


class DamagedFile(SciMLError, OSError):
    """A file is not what its checksum or format says: fetch or build it again."""

    exit_code = 4


class FigureDiffers(SciMLError):
    """A figure no longer agrees with its reference: find out why, or accept the change."""

    exit_code = 5


class WriteFailed(SciMLError, OSError):
    """A file could not be written, for example on a full disk: make room and run again."""

    exit_code = 6


class Interrupted(SciMLError):
    """The user stopped a run at a safe point: run the same command to go on."""

    exit_code = 130
