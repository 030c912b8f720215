"""Proteins of FASTA files, one at a time: nothing is left out or changed without being counted.

The only door to Biopython.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from string import ascii_lowercase
from typing import Final, NamedTuple, TextIO

from Bio.SeqIO.FastaIO import SimpleFastaParser

from sciml.core import talk
from sciml.core.errors import BadInput, DamagedFile
from sciml.core.paths import shown
from sciml.protein.packing import FAILURES, opened

# The twenty, selenocysteine and pyrrolysine, and the letters of what is not known for certain:
# B is D or N, Z is E or Q, J is I or L, X is any.
KEPT: Final = "ACDEFGHIKLMNPQRSTVWYUOBZJX"
GAPS: Final = "-."  # of alignments
STOP: Final = "*"  # of translations
IDS_COMPARED: Final = 1 << 18  # identifiers that are remembered, for memory has to end somewhere

_CLEAN = re.compile(f"[{KEPT}]+")
_NOT_KEPT = re.compile(f"[^{KEPT}]")
# Nothing but these: the upper case of other signs may be two signs long.
_LOWER_CASE = re.compile("[a-z]")
_UPPER_CASE = {ord(letter): letter.upper() for letter in ascii_lowercase}
_NO_BLANKS = str.maketrans("", "", "\t\v\f")
_NO_GAPS = str.maketrans("", "", GAPS)


class Protein(NamedTuple):
    """A protein as a file names it."""

    id: str  # the first word of its header, which may be empty
    description: str  # the rest of the header
    sequence: str  # letters of KEPT


@dataclass
class ReadingReport:
    """What was read of a file, and what of it is not as it stood there."""

    proteins: int = 0
    residues: int = 0
    empty: int = 0  # records without a residue, which are left out
    nameless: int = 0  # proteins whose id is empty
    repeated_ids: int = 0  # proteins with the id of an earlier one; they are kept
    lower_case: int = 0  # letters that were made upper case
    gaps: int = 0  # gaps of an alignment that were taken out
    stops: int = 0  # stops behind the last residue that were taken out
    unknown: Counter[str] = field(default_factory=Counter[str])  # characters that became X

    @property
    def ids_all_compared(self) -> bool:
        """Whether ``repeated_ids`` counts all: ids after the first 262,144 are not remembered."""
        return self.proteins <= IDS_COMPARED

    @property
    def is_clean(self) -> bool:
        """Whether all is as it stood in the file, and no id came twice."""
        return not any((*self._remarks().values(), self.unknown))

    def counts(self) -> dict[str, int]:
        """All that is not as it stood in the file, for the metrics of a run."""
        return {
            "empty_records_left_out": self.empty,
            "without_id": self.nameless,
            "repeated_ids": self.repeated_ids,
            "made_upper_case": self.lower_case,
            "gaps_taken_out": self.gaps,
            "stops_taken_out": self.stops,
            "read_as_unknown": self.unknown.total(),
        }

    def __str__(self) -> str:
        """One line: how much was read, and all that is not as it stood in the file."""
        text = [f"{self.proteins:,} proteins, {self.residues:,} residues"]
        text += [f"{count:,} {remark}" for remark, count in self._remarks().items() if count]
        if self.unknown:
            which = " ".join(f"{sign!r} {count}" for sign, count in self.unknown.most_common(8))
            text.append(f"{self.unknown.total():,} characters read as X ({which})")
        return "; ".join(text)

    def _remarks(self) -> dict[str, int]:
        """What is to be said of each count."""
        compared = "" if self.ids_all_compared else f" (of the first {IDS_COMPARED:,})"
        return {
            "records without a residue left out": self.empty,
            "without an id": self.nameless,
            f"with an id that was there before{compared}": self.repeated_ids,
            "letters made upper case": self.lower_case,
            "gaps taken out": self.gaps,
            "stops at ends taken out": self.stops,
        }


def read_proteins(path: Path, report: ReadingReport | None = None) -> Iterator[Protein]:
    """The proteins of a FASTA file, one at a time in memory that does not grow with the file.

    Letters in lower case become upper case. Gaps (``-`` and ``.``) and stops (``*``) behind the
    last residue are taken out. Whatever else is no letter of a residue, stops inside included,
    becomes the unknown letter X. Proteins with the id of an earlier one are kept apart, because a
    file may hold isoforms and chains of one name. All of this is counted.

    Args:
        path: The file, plain or packed with gzip or xz; which of them is told by its first bytes.
        report: Filled while reading, complete after the last protein. Without one, a line on
            stderr says what was changed, if anything was.

    Yields:
        The proteins in the order of the file.

    Raises:
        BadInput: if the file is not there, is empty, or does not begin with a header (``>``).
        DamagedFile: if a packed file is cut off or does not unpack; the text names the last record
            that is whole.
    """
    seen = report if report is not None else ReadingReport()
    ids: set[bytes] = set()
    for title, letters in _records(path):
        name, description = _named(title)
        sequence = _residues(letters, seen)
        if not sequence:
            seen.empty += 1
            continue
        seen.proteins += 1
        seen.residues += len(sequence)
        seen.nameless += not name
        seen.repeated_ids += bool(name) and _is_repeated(name, ids)
        yield Protein(name, description, sequence)
    if report is None and not seen.is_clean:
        talk.say(f"{shown(path)}: {seen}")


def _named(title: str) -> tuple[str, str]:
    """The first word of a header and the rest of it; any blanks may stand before and between."""
    name, description = [*title.split(None, 1), "", ""][:2]
    return name, description.strip()


def _is_repeated(name: str, ids: set[bytes]) -> bool:
    """Whether an id was there before; remembers it as long as there is room."""
    digest = hashlib.blake2b(name.encode(), digest_size=8).digest()
    if digest in ids:
        return True
    if len(ids) < IDS_COMPARED:
        ids.add(digest)
    return False


def _residues(letters: str, report: ReadingReport) -> str:
    """The letters of residues; what is not one is counted."""
    if _CLEAN.fullmatch(letters):
        return letters
    report.lower_case += len(_LOWER_CASE.findall(letters))
    upper = letters.translate(_UPPER_CASE).translate(_NO_BLANKS)
    close = upper.translate(_NO_GAPS)
    report.gaps += len(upper) - len(close)
    ended = close.rstrip(STOP)
    report.stops += len(close) - len(ended)
    report.unknown.update(_NOT_KEPT.findall(ended))
    return _NOT_KEPT.sub("X", ended)


def _records(path: Path) -> Iterator[tuple[str, str]]:
    """Headers and letters; failures to unpack are told with the last whole record."""
    last = ""
    try:
        # A stray byte becomes a character that is counted.
        with opened(path, "replace") as file:
            for title, letters in SimpleFastaParser(_lines(file, path)):
                yield title, letters
                last = title
    except FAILURES as error:
        until = f"the last whole record is '{last}'" if last else "no record is whole"
        raise DamagedFile(
            f"{shown(path)}: cannot be unpacked to its end ({error}); {until}. "
            "It is damaged or was cut off: get it again."
        ) from error


def _lines(file: TextIO, path: Path) -> Iterator[str]:
    """The lines of a file that begins with a header; blank lines are left out."""
    lines = (line for line in file if not line.isspace())
    first = next(lines, None)
    if first is None:
        raise BadInput(f"{shown(path)}: is empty; expected FASTA, whose first line begins with '>'")
    if not first.startswith(">"):
        raise BadInput(
            f"{shown(path)}: expected FASTA, whose first line begins with '>', got "
            f"{first.strip()[:40]!r}; put a line such as '>name' above each sequence"
        )
    return chain([first], lines)
