"""Residues that bind: from the published FASTA files and lists of positions to one file."""

from collections.abc import Mapping
from pathlib import Path

from sciml.protein.binding_files import binding_set
from sciml.protein.set_files import join_tables as join
from sciml.protein.set_files import write_set

__all__ = ["join", "make"]


def make(originals: Mapping[str, Path], target: Path) -> None:
    """Build the dataset.

    Args:
        originals: FASTA files and lists of positions by their path in the repository.
        target: The file to write.

    Raises:
        DamagedFile: if an original is not as expected.
        WriteFailed: if the file cannot be written.
    """
    write_set(target, binding_set(originals))
