"""The proteins that come with a card: the corpus to learn from, and the sets that judge."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from sciml.core import talk
from sciml.core.errors import BadInput
from sciml.core.nearest import nearest
from sciml.core.user_files import user_file
from sciml.core.writing import sha256_of
from sciml.data.cards import read_card
from sciml.data.files import at_hand
from sciml.protein.sequences import Protein, ReadingReport, read_proteins
from sciml.protein.set_files import read_set
from sciml.protein.sets import WORD, AnnotatedSet
from sciml.protein.word import Word

CORPUS: Final = "protein_corpus"
GRAMMAR: Final = "simulated_grammar"  # in place of a corpus, needs no download
PEER_WORDS: Final = "duf_words_esm2_650m"
SETS: Final = (
    "antibody_paratope",
    "antimicrobial_peptides",
    "binding_residues",
    "bioactive_peptides",
    "catalytic_sites",
    "conservation",
    "disorder_caid",
    "disprot_regions",
    PEER_WORDS,
    "go_localisation",
    "llps",
    "membrane_topology",
    "ptm_phospho",
    "pwnet_tasks",
    "secondary_structure",
    "signal_peptides",
    "uniprot_go",
    "uniprot_residue_function",
)
JUDGED: Final = 150  # proteins of each set


class Corpus(NamedTuple):
    """Proteins to learn from."""

    sequences: list[str]
    sha256: dict[str, str]  # of what was read, by the name of the dataset or file
    changed: Mapping[str, int] = {}  # what of a user's file is not as it stood there


class Judging(NamedTuple):
    """Proteins that judge."""

    sequences: list[str]
    sha256: dict[str, str]  # of the sets that they were drawn from, by name


class PeerWords(NamedTuple):
    """Proteins and the words that somebody else found in them."""

    proteins: tuple[Protein, ...]
    words: list[list[Word]]  # of each protein; heads and significance are not known


def corpus(name: str = CORPUS) -> Corpus:
    """Proteins to learn from.

    Args:
        name: Of a dataset of sequences, or of a FASTA file, see
            :func:`sciml.core.user_files.user_file`.

    Returns:
        Sequences in the order of the file. A line on stderr says what of a user's file is not as
        it stood there, if anything is.

    Raises:
        BadInput: if it is no dataset of sequences and no FASTA file.
        DatasetMissing: if it is not on this machine.
        DamagedFile: if a packed file does not unpack.
    """
    report = ReadingReport()
    if name == CORPUS:
        # Ids that come twice are told on the card, once for all.
        sequences = [one.sequence for one in read_proteins(at_hand(name), report)]
        return Corpus(sequences, {name: read_card(name).built.sha256})
    path = _own_corpus(name)
    sequences = [one.sequence for one in read_proteins(path, report)]
    if not report.is_clean:
        talk.say(f"{name}: {report}")
    return Corpus(sequences, {name: sha256_of(path)}, report.counts())


def _own_corpus(name: str) -> Path:
    """A FASTA file of the user."""
    try:
        return user_file(name, "corpus")
    except BadInput:
        raise BadInput(
            f"no corpus '{name}'; expected '{CORPUS}', a FASTA file in the working folder or in "
            f"the project, or '{GRAMMAR}', where a recipe speaks it; correct the name"
        ) from None


def judged_proteins(name: str = CORPUS) -> Judging:
    """The proteins that judge: none that was learnt from may be a relative of one of them.

    Args:
        name: The corpus that is learnt from.

    Returns:
        Of every annotated set, in the order of their names, the 150 distinct sequences whose
        checksums are smallest; and the checksums of the sets.

    Raises:
        BadInput: if there is no such corpus.
        DatasetMissing: if a set is not on this machine.
    """
    if name != CORPUS:
        raise BadInput(f"no corpus '{name}'; expected '{CORPUS}'")
    sequences = [
        sequence
        for one in set_names()
        for sequence in drawn(protein.sequence for protein in open_set(one).proteins)
    ]
    return Judging(sequences, {one: read_card(one).built.sha256 for one in set_names()})


def drawn(sequences: Iterable[str], count: int = JUDGED) -> list[str]:
    """A draw that depends on nothing but the sequences themselves.

    Args:
        sequences: What is drawn from.
        count: How many, at most.

    Returns:
        The distinct sequences with the smallest SHA-256, in its order.
    """
    return sorted(set(sequences), key=lambda one: hashlib.sha256(one.encode()).hexdigest())[:count]


def set_names() -> tuple[str, ...]:
    """The names of all annotated sets, in alphabetical order."""
    return SETS


def open_set(name: str) -> AnnotatedSet:
    """An annotated set by its name, with every annotation checked against its sequence.

    Args:
        name: One of :func:`set_names`.

    Returns:
        The set.

    Raises:
        BadInput: if there is no such set.
        DatasetMissing: if it is not on this machine.
        DamagedFile: if its file is not what the card says.
    """
    if name not in SETS:
        raise BadInput(f"no annotated set '{name}'; {nearest(name, SETS)}")
    return read_set(at_hand(name), name)


def open_peer_words() -> PeerWords:
    """The words that ProteinWordwise found in 1,000 proteins of unknown function.

    Returns:
        The proteins and, for each of them, words in the order of the published file. Of what
        they do not say, heads are empty and the logarithm of p is 0: no claim is made.

    Raises:
        DatasetMissing: if they are not on this machine.

    Source:
        Chen et al. (2026), Adv. Sci., 10.1002/advs.202521970.
    """
    found, words = open_set(PEER_WORDS), defaultdict[int, list[Word]](list)
    for unit in sorted(found.units(WORD), key=lambda unit: (unit.protein, unit.group)):
        words[unit.protein].append(Word(tuple(unit.positions.tolist()), (), 0.0))
    return PeerWords(found.proteins, [words[number] for number in range(len(found))])
