"""Features of UniProtKB: a FASTA file and a table of annotations to one file."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from sciml.protein.set_files import ANNOTATIONS, SEQUENCES, converted_set, write_set
from sciml.protein.sets import AnnotatedSet, Annotation


def join(parts: Mapping[str, Path], target: Path) -> None:
    """Put the dataset together from files that were converted before.

    Args:
        parts: Sequences and annotations by the names of their files.
        target: The file to write.

    Raises:
        DamagedFile: if a part is not as expected.
        BadInput: if an annotation does not fit its protein.
        WriteFailed: if the file cannot be written.
    """
    table = converted_set(parts[SEQUENCES], parts[ANNOTATIONS])
    rows = [one for row in table.annotations() for one in bonded(row)]
    write_set(target, AnnotatedSet(table.name, table.proteins, rows))


def bonded(row: Annotation) -> Iterator[Annotation]:
    """A row as it is; a bond that was written as a stretch becomes its two residues, one unit.

    UniProtKB gives the bonded residues as first and last of a feature; nothing is said of those
    between them.
    """
    if row.type != "DISULFID" or row.start is None or row.end is None or row.end - row.start == 1:
        yield row
        return
    group = f"SS{row.start + 1}-{row.end}"
    yield row._replace(end=row.start + 1, group=group)
    yield row._replace(start=row.end - 1, group=group)
