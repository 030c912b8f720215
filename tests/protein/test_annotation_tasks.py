"""The recipe that annotates proteins with a vocabulary."""

import gzip
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from sciml.core.errors import BadInput
from sciml.core.paths import project_root
from sciml.protein.annotation_tasks import (
    OCCURRENCES_FILE,
    AnnotateRecipe,
    annotate,
)
from sciml.protein.vocabulary.keys import parsed
from sciml.protein.vocabulary.store import Vocabulary, VocabularyEntry, write_vocabulary
from sciml.training.recipe import read_recipe


def vocabulary(path: Path, *words: str) -> str:
    entries = tuple(VocabularyEntry(parsed(word).key, 1.0, 0.1, 0.0, 1.0) for word in words)
    write_vocabulary(path, Vocabulary(entries))
    return str(path)


def recipe(**changes: str) -> AnnotateRecipe:
    return AnnotateRecipe.model_validate({"task": "protein/annotate", "title": "a test", **changes})


def test_proteins_of_the_user_are_annotated(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sequences = tmp_path / "mine.fasta.gz"
    sequences.write_bytes(gzip.compress(b">a first\nMC-YYHK\n>b\nmcyyh\n>c\nMMMM\n>d\n"))
    words = vocabulary(tmp_path / "mine.parquet", "Cx(2)H", "Wx(2)W")
    outcome = annotate(recipe(sequences=str(sequences), vocabulary=words), tmp_path / "run")
    table = pq.read_table(outcome.outputs[0], columns=["protein", "word", "positions"])
    assert table.to_pylist() == [
        {"protein": name, "word": "Cx(2)H", "positions": [2, 5]} for name in "ab"
    ]
    expected = {
        "proteins": 3, "residues": 15, "occurrences": 2, "proteins_with_a_word": 2, "words": 2,
        "words_found": 1, "coverage": 4 / 15, "gaps_taken_out": 1, "made_upper_case": 5,
        "empty_records_left_out": 1,
    }  # fmt: skip
    assert {name: outcome.metrics[name] for name in expected} == expected
    assert set(outcome.data_sha256) == {str(sequences), words}
    assert "1 gaps taken out" in capsys.readouterr().err


def test_the_recipe_runs_without_a_file_of_the_user(tmp_path: Path) -> None:
    asked = read_recipe(project_root() / "recipes/protein/annotate.yaml", AnnotateRecipe)
    outcome = annotate(asked, tmp_path)
    table = pq.read_table(tmp_path / OCCURRENCES_FILE)
    assert len(table) == outcome.metrics["occurrences"] > 1000
    # Of the words of this grammar most are spoken in proteins that were not counted, too.
    assert outcome.metrics["words_found"] > 0.9 * outcome.metrics["words"]
    assert table["protein"][0].as_py() == "spoken-1"


def test_what_cannot_be_annotated_is_named(tmp_path: Path) -> None:
    words = vocabulary(tmp_path / "mine.parquet", "CC")
    (tmp_path / "empty.fasta").write_text(">a\n\n")
    cases = [
        ({"sequences": "none.fasta", "vocabulary": words}, r"sequences: none\.fasta: no such file"),
        ({"vocabulary": "none.parquet"}, r"vocabulary: none\.parquet: no such file"),
        ({"vocabulary": vocabulary(tmp_path / "none.parquet")}, "has no word"),
        ({"sequences": str(tmp_path / "empty.fasta"), "vocabulary": words}, "no protein to annot"),
    ]
    for changes, message in cases:
        with pytest.raises(BadInput, match=message):
            annotate(recipe(**changes), tmp_path / "run")
