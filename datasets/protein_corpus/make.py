"""Natural proteins to learn from: one gathered FASTA file, as it is."""

import shutil
from collections.abc import Mapping
from pathlib import Path

PART = "corpus.fasta.xz"


def join(parts: Mapping[str, Path], target: Path) -> None:
    """Copy the gathered file.

    Args:
        parts: The packed FASTA file by its name.
        target: The file to write.

    Raises:
        OSError: if the file cannot be written.
    """
    shutil.copyfile(parts[PART], target)
