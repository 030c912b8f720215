"""The recipe that makes a vocabulary of the words in a model's attention."""

from pathlib import Path
from typing import Any

import pytest

from sciml.core.errors import BadInput
from sciml.protein.alphabet import decoded
from sciml.protein.annotation_tasks import AnnotateRecipe, annotate
from sciml.protein.attention_tasks import (
    COUNTS_FOLDER,
    AttentionVocabularyRecipe,
    attention_vocabulary,
)
from sciml.protein.grammar import GrammarSettings, speak
from sciml.protein.vocabulary.store import read_vocabulary
from sciml.protein.vocabulary_tasks import VOCABULARY_FILE

QUICK = {"lengths": [74], "tails": 4000, "links": 4000}


def recipe(**proteins: Any) -> AttentionVocabularyRecipe:
    return AttentionVocabularyRecipe.model_validate({
        "task": "protein/attention-vocabulary",
        "title": "a test",
        "seed": 1,
        "proteins": {"spoken": 400, "null_proteins": 100, "shard": 150, **proteins},
        "extractor": {"null": QUICK},
        "counting": {"spelling": "letters", "sizes": [2, 3, 4]},
    })  # fmt: skip


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path]:
    folder = tmp_path_factory.mktemp("run")
    return dict(attention_vocabulary(recipe(), folder).metrics), folder


def test_the_words_of_the_grammar_are_what_the_heads_hold_together(
    run: tuple[dict[str, Any], Path],
) -> None:
    metrics, folder = run
    assert metrics["proteins"] == 400
    assert metrics["words"] < 0.05 * metrics["patterns_counted"]
    assert metrics["patterns_of_a_planted_word"] == 1
    assert metrics["continuous_words_found"] == 1
    assert metrics["discontinuous_words_found"] >= 0.9
    entries = read_vocabulary(folder / VOCABULARY_FILE).entries
    assert all(entry.heads and max(entry.heads) < metrics["heads"] for entry in entries)
    assert len({head for entry in entries for head in entry.heads}) <= metrics["heads_used"]


def test_a_run_that_lost_shards_goes_on_and_ends_with_the_same_bytes(
    run: tuple[dict[str, Any], Path], tmp_path: Path
) -> None:
    _, folder = run
    whole = (folder / VOCABULARY_FILE).read_bytes()
    parts = sorted((folder / COUNTS_FOLDER).glob("part-*.parquet"))
    assert len(parts) == 3
    kept, times = parts[0], parts[0].stat().st_mtime_ns
    parts[1].unlink()
    (folder / VOCABULARY_FILE).unlink()
    attention_vocabulary(recipe(), folder)
    assert (folder / VOCABULARY_FILE).read_bytes() == whole
    assert parts[1].exists()
    assert kept.stat().st_mtime_ns == times


def test_proteins_of_the_user_are_read_and_can_be_annotated(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spoken = speak(GrammarSettings(), 400, 1, part=2).proteins
    mine = tmp_path / "mine.fasta"
    text = "".join(f">p{n}\n{decoded(one)}\n" for n, one in enumerate(spoken))
    mine.write_text(text + ">none\n")
    outcome = attention_vocabulary(recipe(source=str(mine)), tmp_path / "run")
    assert outcome.metrics["proteins"] == 400
    assert outcome.metrics["empty_records_left_out"] == 1
    assert "1 records without a residue left out" in capsys.readouterr().err
    assert set(outcome.data_sha256) == {str(mine), "protein/grammar/language_model.safetensors"}
    asked = {"task": "protein/annotate", "title": "a test", "sequences": str(mine)}
    words = AnnotateRecipe.model_validate({**asked, "vocabulary": str(outcome.outputs[0])})
    found = annotate(words, tmp_path / "found").metrics
    assert found["words_found"] == outcome.metrics["words"]
    assert found["coverage"] == pytest.approx(outcome.metrics["sample_coverage"])


def test_a_model_whose_heads_say_nothing_is_refused(tmp_path: Path) -> None:
    asked = recipe(spoken=20, null_proteins=20)
    deaf = asked.extractor.heads.model_copy(update={"ratio": 1e6})
    extractor = asked.extractor.model_copy(update={"heads": deaf})
    with pytest.raises(BadInput, match="weights: protein/grammar: no head links"):
        attention_vocabulary(asked.model_copy(update={"extractor": extractor}), tmp_path)


def test_what_is_no_file_is_told_by_its_setting(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"proteins\.source: none\.fasta"):
        attention_vocabulary(recipe(source="none.fasta"), tmp_path)
