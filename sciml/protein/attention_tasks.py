"""The recipe that makes a vocabulary of the words in a language model's attention."""

import hashlib
import heapq
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Final

import numpy as np
from pydantic import PositiveInt

from sciml.core.errors import BadInput
from sciml.core.settings import Settings
from sciml.core.writing import sha256_of
from sciml.protein.alphabet import Codes
from sciml.protein.grammar import GrammarSettings, speak
from sciml.protein.grammar_tasks import judged
from sciml.protein.language.maps import attention
from sciml.protein.language.weights import load_model
from sciml.protein.language_tasks import weights_of
from sciml.protein.relatives import families
from sciml.protein.sequences import ReadingReport
from sciml.protein.sources import (
    GRAMMAR,
    chance_mark,
    named_proteins,
    source_sha256,
    told_changes,
)
from sciml.protein.vocabulary.counting import family_weights
from sciml.protein.vocabulary.keys import from_key
from sciml.protein.vocabulary.pipeline import (
    BuildSettings,
    CountingSettings,
    NamedProtein,
    build_vocabulary,
    count_shards,
    counting_worker,
    merged_counts,
)
from sciml.protein.vocabulary.ranking import covered_share
from sciml.protein.vocabulary.store import Vocabulary, write_vocabulary
from sciml.protein.vocabulary_tasks import VOCABULARY_FILE
from sciml.protein.words.extractor import Extractor, ExtractorSettings, fitted
from sciml.protein.words.null import Attention
from sciml.training.recipe import Recipe
from sciml.training.run import Outcome, RecipeTask

COUNTS_FOLDER: Final = "counts"  # what is counted already, shard by shard
_SETTING: Final = "proteins.source"


class ReadProteinsSettings(Settings):
    """What the model reads. Nothing is left out, not even relatives of proteins that judge."""

    source: str = GRAMMAR  # or a FASTA file, or protein_corpus
    grammar: GrammarSettings = GrammarSettings()  # of simulated_grammar
    spoken: PositiveInt = 400  # proteins of the grammar, of another part than its model has seen
    null_proteins: PositiveInt = 200  # the first ones, which are shuffled for the null model
    shard: PositiveInt = 100  # proteins between two files; what a killed run may lose
    sample: PositiveInt = 20_000  # a draw in which candidates are judged, held in memory
    families: bool = True  # whether relatives in the sample count as one protein


class AttentionVocabularyRecipe(Recipe):
    """Read proteins with a language model and make a vocabulary of the words of its heads."""

    weights: str = "protein/grammar"  # recipe whose record has them, or a file
    proteins: ReadProteinsSettings = ReadProteinsSettings()
    extractor: ExtractorSettings = ExtractorSettings()
    counting: CountingSettings = CountingSettings()
    build: BuildSettings = BuildSettings()


@dataclass
class _Sample:
    """What passed by, and a draw of it that depends on nothing but the proteins and the seed."""

    size: int
    seed: int
    proteins: int = 0
    residues: int = 0
    held: list[tuple[int, bytes]] = field(default_factory=list[tuple[int, bytes]])

    def watch(self, proteins: Iterator[NamedProtein]) -> Iterator[NamedProtein]:
        """Hand on proteins and remember those with the least marks."""
        for name, codes in proteins:
            self.proteins += 1
            self.residues += len(codes)
            one = -chance_mark(codes, self.seed), codes.tobytes()
            if len(self.held) < self.size:
                heapq.heappush(self.held, one)
            else:
                heapq.heappushpop(self.held, one)
            yield name, codes

    def codes(self) -> list[Codes]:
        """The proteins of the draw."""
        return [np.frombuffer(one, np.uint8) for _, one in sorted(self.held)]


def attention_vocabulary(recipe: AttentionVocabularyRecipe, folder: Path) -> Outcome:
    """Read, count, judge, choose, and write the vocabulary.

    Args:
        recipe: The settings.
        folder: Folder of the run. A run that was killed goes on after the last whole shard.

    Returns:
        Numbers of proteins, residues and heads that were used, of patterns in the words of these
        heads, and of those that the vocabulary holds, with the share of the sample that they
        cover; of the grammar, whose words are known, how many were found. The vocabulary, whose
        entries name the heads that hold them together.

    Raises:
        BadInput: if there are no such weights or proteins, no head links more in these proteins
            than in shuffled ones, or no pattern is frequent enough and significant.
        DatasetMissing: if the corpus is asked for and not on this machine.
        DamagedFile: if a file was cut off or altered.
        WriteFailed: if the disk is full.
    """
    started = time.perf_counter(), time.process_time()
    name, weights = weights_of(recipe.weights)
    sha256 = {name: sha256_of(weights), **source_sha256(recipe.proteins.source, _SETTING)}
    first = list(islice(_proteins(recipe, ReadingReport()), recipe.proteins.null_proteins))
    read = partial(attention, load_model(weights))
    extractor = _extractor(read, [codes for _, codes in first], recipe)
    identity = _identity(recipe, sha256[name], first)
    report, sample = ReadingReport(), _Sample(recipe.proteins.sample, recipe.seed)
    worker = counting_worker(lambda codes: extractor.read(read, codes).words(), recipe.counting)
    proteins, counts_folder = sample.watch(_proteins(recipe, report)), folder / COUNTS_FOLDER
    count_shards(proteins, counts_folder, worker, identity, recipe.proteins.shard)
    counts = merged_counts(counts_folder)
    drawn = sample.codes()
    shares = family_weights(families(drawn).tolist()) if recipe.proteins.families else None
    vocabulary = build_vocabulary(counts, drawn, recipe.build, shares, sha256)
    settings = recipe.model_dump(mode="json", exclude={"task", "title", "needs"})
    write_vocabulary(folder / VOCABULARY_FILE, Vocabulary(vocabulary.entries, sha256, settings))
    metrics = {
        "proteins": sample.proteins,
        "residues": sample.residues,
        "heads": len(extractor.used),
        "heads_used": int(extractor.used.sum()),
        "patterns_counted": len(counts.entries),
        "words": len(vocabulary.entries),
        "sample_coverage": covered_share(vocabulary.keys, drawn),
        **_against_the_grammar(vocabulary, recipe),
        **told_changes(recipe.proteins.source, report),
    }
    seconds = {"wall": time.perf_counter() - started[0], "cpu": time.process_time() - started[1]}
    return Outcome("finished", metrics, sha256, [folder / VOCABULARY_FILE], seconds)


def _proteins(recipe: AttentionVocabularyRecipe, report: ReadingReport) -> Iterator[NamedProtein]:
    """Ids and codes, one protein after another."""
    asked = recipe.proteins

    def spoken() -> Sequence[Codes]:
        return speak(asked.grammar, asked.spoken, recipe.seed, part=2).proteins

    return named_proteins(asked.source, _SETTING, spoken, report)


def _extractor(
    read: Attention, proteins: Sequence[Codes], recipe: AttentionVocabularyRecipe
) -> Extractor:
    """What finds words."""
    if not proteins:
        raise BadInput(f"{_SETTING}: {recipe.proteins.source}: no protein to read")
    longest = recipe.counting.cut.longest
    shown = [codes[:longest] for codes in proteins]
    extractor = fitted(read, shown, recipe.seed, recipe.extractor)
    if not extractor.used.any():
        raise BadInput(
            f"weights: {recipe.weights}: no head links {recipe.extractor.heads.ratio:g} times more "
            "in these proteins than in shuffled ones; raise proteins.null_proteins, lower "
            "extractor.heads.ratio, or take a model that has learnt more"
        )
    return extractor


def _identity(
    recipe: AttentionVocabularyRecipe, weights: str, first: Sequence[NamedProtein]
) -> dict[str, Any]:
    """All that the counts of a shard depend on besides its proteins."""
    digest = hashlib.sha256()
    for _, codes in first:
        digest.update(len(codes).to_bytes(8, "little") + codes.tobytes())
    told = recipe.model_dump(mode="json", include={"seed", "extractor", "counting"})
    return {**told, "weights": weights, "null": digest.hexdigest()}


def _against_the_grammar(
    vocabulary: Vocabulary, recipe: AttentionVocabularyRecipe
) -> dict[str, float]:
    """How many of the words of the grammar were found, where they are known and in letters."""
    asked = recipe.proteins
    if asked.source != GRAMMAR or recipe.counting.spelling != "letters":
        return {}
    words = speak(asked.grammar, 1, recipe.seed, part=2).words
    found = judged([from_key(key) for key in vocabulary.keys], words, "")
    return {name: value for name, value in found.items() if name != "patterns"}  # that is `words`


ATTENTION_TASKS = {
    "protein/attention-vocabulary": RecipeTask(AttentionVocabularyRecipe, attention_vocabulary)
}
