"""Residues that bind, as bindPredict publishes them: FASTA files and lists of positions."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from sciml.core import talk
from sciml.core.errors import DamagedFile
from sciml.core.paths import shown
from sciml.protein.sequences import read_proteins
from sciml.protein.sets import AnnotatedSet, Annotation

SEQUENCES: Final = ("data/development_set/all.fasta", "data/independent_set/indep_set.fasta")
LIGANDS: Final = {
    "data/development_set/binding_residues_2.5_metal.txt": "metal",
    "data/development_set/binding_residues_2.5_nuclear.txt": "nuclear",
    "data/development_set/binding_residues_2.5_small.txt": "small",
    "data/independent_set/binding_residues_metal.txt": "metal",
    "data/independent_set/binding_residues_nuclear.txt": "nuclear",
    "data/independent_set/binding_residues_small.txt": "small",
}
_SOURCE: Final = "bindPredict/BioLiP"


def binding_set(originals: Mapping[str, Path]) -> AnnotatedSet:
    """The proteins of both sets, with all residues that any of the lists names.

    Args:
        originals: The files of SEQUENCES and LIGANDS by their path in the repository.

    Returns:
        The set: one row of type ``BINDING`` for each residue and class of ligands; the residues
        of a protein that bind one class are one unit. A line on stderr says how many positions
        are of proteins without a sequence, which are left out.

    Raises:
        DamagedFile: if a list of positions is not as expected.
        BadInput: if a position lies outside of its protein.
    """
    proteins = [one for path in SEQUENCES for one in read_proteins(originals[path])]
    numbers = {one.id: number for number, one in enumerate(proteins)}
    found: set[tuple[int, int, str]] = set()
    without_sequence = 0
    for path, ligand in LIGANDS.items():
        for identifier, positions in _listed(originals[path]):
            if identifier in numbers:
                found.update((numbers[identifier], place, ligand) for place in positions)
            else:
                without_sequence += len(positions)
    talk.say(f"binding residues: {without_sequence:,} are of proteins without a sequence: left out")
    rows = [
        Annotation(number, place - 1, place, "BINDING", ligand, _SOURCE, ligand)
        for number, place, ligand in sorted(found)
    ]
    return AnnotatedSet("bindPredict", proteins, rows)


def _listed(path: Path) -> Iterator[tuple[str, list[int]]]:
    """The name of each protein in a list, and positions from 1."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        identifier, _, places = line.partition("\t")
        try:
            yield identifier, [int(place) for place in places.split(",")]
        except ValueError as error:
            raise DamagedFile(
                f"{shown(path)}: line {number}: expected a name, a tab and positions with commas "
                f"between, got '{line[:60]}'; get it again"
            ) from error
