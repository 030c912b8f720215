"""Words of ProteinWordwise: a FASTA file and a table of words to one file."""

from collections.abc import Mapping
from pathlib import Path

from sciml.protein.set_files import SEQUENCES, WORDS, converted_words, write_set

SOURCE = "ProteinWordwise, ESM-2 650M"


def join(parts: Mapping[str, Path], target: Path) -> None:
    """Put the dataset together from files that were converted before.

    Args:
        parts: Sequences and words by the names of their files.
        target: The file to write.

    Raises:
        DamagedFile: if a part is not as expected.
        BadInput: if a word is not where the table says.
        WriteFailed: if the file cannot be written.
    """
    write_set(target, converted_words(parts[SEQUENCES], parts[WORDS], SOURCE))
