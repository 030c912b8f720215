"""The proteins that come with a card: the corpus to learn from, and the sets that judge."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

from sciml.core import talk
from sciml.core.errors import BadInput
from sciml.core.nearest import nearest
from sciml.core.user_files import user_file
from sciml.core.writing import sha256_of
from sciml.data.cards import read_card
from sciml.data.files import at_hand
from sciml.protein.alphabet import Codes, encoded
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
Item = TypeVar("Item")
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


def source_file(name: str, setting: str) -> Path:
    """The file of proteins that a recipe reads one after another.

    Args:
        name: Of the corpus, or of a FASTA file, see :func:`sciml.core.user_files.user_file`.
        setting: What the name is a value of, for the error text.

    Returns:
        The file.

    Raises:
        BadInput: if there is no such file.
        DatasetMissing: if the corpus is not on this machine.
    """
    return at_hand(name) if name == CORPUS else user_file(name, setting)


def named_proteins(
    name: str, setting: str, spoken: Callable[[], Sequence[Codes]], report: ReadingReport
) -> Iterator[tuple[str, Codes]]:
    """Ids and residues of the proteins of a source, one after another.

    Args:
        name: :data:`GRAMMAR`, or see :func:`source_file`.
        setting: What the name is a value of, for the error text.
        spoken: Gives the proteins of the grammar.
        report: Filled while a file is read.

    Yields:
        The proteins in their order; those of the grammar are numbered from 1.

    Raises:
        BadInput, DatasetMissing: see :func:`source_file`.
        DamagedFile: if a packed file does not unpack.
    """
    if name == GRAMMAR:
        for number, codes in enumerate(spoken(), 1):
            yield f"spoken-{number}", codes
        return
    for protein in read_proteins(source_file(name, setting), report):
        yield protein.id, encoded(protein.sequence)


def chunks(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Some items at a time, so that not all of them are held."""
    held: list[Item] = []
    for one in items:
        held.append(one)
        if len(held) == size:
            yield held
            held = []
    if held:
        yield held


def source_sha256(name: str, setting: str) -> dict[str, str]:
    """The checksum of what :func:`source_file` gives, by its name; none where it is the grammar."""
    if name == GRAMMAR:
        return {}
    if name == CORPUS:
        return {CORPUS: read_card(CORPUS).built.sha256}
    return {name: sha256_of(source_file(name, setting))}


def told_changes(name: str, report: ReadingReport) -> dict[str, int]:
    """What of a user's file was not read as it stood there, for the metrics; it is also said."""
    if name in (GRAMMAR, CORPUS):
        return {}  # the card of the corpus says it once for all
    if not report.is_clean:
        talk.say(f"{name}: {report}")
    return report.counts()


def chance_mark(codes: Codes, seed: int) -> int:
    """A number by chance that depends on the protein and the seed and nothing else."""
    digest = hashlib.blake2b(codes.tobytes(), digest_size=8, key=seed.to_bytes(8, "big"))
    return int.from_bytes(digest.digest(), "big") >> 1


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
