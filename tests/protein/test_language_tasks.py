"""The recipe that trains a language model."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors import safe_open

from sciml.core.errors import BadInput, DatasetMissing
from sciml.core.paths import project_root
from sciml.core.writing import sha256_of
from sciml.protein import language_tasks
from sciml.protein.alphabet import LETTERS, encoded
from sciml.protein.figures.one_protein import RAS
from sciml.protein.language.marginals import masked_marginals
from sciml.protein.language.network import LanguageModelSettings
from sciml.protein.language.training import Proteins
from sciml.protein.language.weights import load_model
from sciml.protein.language_tasks import (
    WEIGHTS_FILE,
    CorpusData,
    LanguageRecipe,
    language_model,
    letters_alone,
    proteins_of,
    weights_of,
)
from sciml.protein.sources import GRAMMAR, Judging
from sciml.training.fit import FitSettings
from sciml.training.record import read_record
from sciml.training.run import record_folder


def test_the_recipe_leaves_weights_and_says_what_letters_alone_would_give(tmp_path: Path) -> None:
    recipe = LanguageRecipe(
        task="protein/language-model",
        title="small",
        data=CorpusData(source=GRAMMAR, spoken=40, validation=10),
        model=LanguageModelSettings(layers=1, heads=2, width=8, inner=8),
        training=FitSettings(epochs=1),
    )
    outcome = language_model(recipe, tmp_path)
    assert outcome.outputs == [tmp_path / WEIGHTS_FILE]
    assert load_model(tmp_path / WEIGHTS_FILE).settings == recipe.model
    assert outcome.metrics["proteins"] == 40
    assert 15 < outcome.metrics["letters_alone_perplexity"] < 20


def small(**settings: Any) -> LanguageRecipe:
    """A recipe of seconds."""
    return LanguageRecipe.model_validate(
        {
            "task": "protein/language-model",
            "title": "small",
            "data": {"source": GRAMMAR, "spoken": 60, "validation": 20},
            "model": {"layers": 1, "heads": 2, "width": 8, "inner": 8},
            "training": {"epochs": 1},
        }
        | settings
    )


def test_weights_are_judged_as_they_are_or_gone_on_from(tmp_path: Path) -> None:
    first = language_model(small(), tmp_path / "first")
    start = str(first.outputs[0])
    same = language_model(small(start=start, training=None, model={}), tmp_path / "same")
    perplexity = "validation_perplexity"
    assert same.metrics[perplexity] == pytest.approx(first.metrics[perplexity], rel=2e-3)
    assert same.metrics["steps"] == 0
    assert same.data_sha256 == {start: sha256_of(Path(start))}
    assert load_model(same.outputs[0]).settings == small().model
    further = language_model(small(start=start, training={"epochs": 4}), tmp_path / "further")
    assert further.metrics[perplexity] < same.metrics[perplexity]
    with pytest.raises(BadInput, match=r"start: .*nowhere\.safetensors"):
        language_model(small(start=str(tmp_path / "nowhere.safetensors")), tmp_path / "none")


def test_a_training_of_other_proteins_is_not_gone_on_with(tmp_path: Path) -> None:
    def run(count: int) -> None:
        data = {"source": own_fasta(tmp_path, count), "validation": 5}
        language_model(small(data=data), tmp_path / "run")

    run(30)
    with pytest.raises(BadInput, match="sha256"):
        run(40)


def test_the_sets_that_judge_are_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = own_fasta(tmp_path)
    first = (tmp_path / "own.fasta").read_text().splitlines()[1]
    judging = Judging([first], {"a set": "ab" * 32})
    monkeypatch.setattr(language_tasks, "judged_proteins", lambda: judging)
    asked = CorpusData(source=source, validation=5, leave_out_judged=True)
    proteins, told = proteins_of(asked, seed=1)
    assert told.sha256 == {source: sha256_of(Path(source)), "a set": "ab" * 32}
    assert not any(np.array_equal(one, encoded(first)) for one in proteins.learnt)


def test_the_header_of_the_weights_says_their_licence(tmp_path: Path) -> None:
    made = language_model(small(licence="CC0"), tmp_path)
    with safe_open(made.outputs[0], "numpy") as file:
        assert file.metadata() == {"heads": "2", "licence": "CC0"}


def test_the_published_weights_are_small_and_are_judged_as_the_record_says() -> None:
    folder = record_folder("protein/language-natural")
    record, weights = read_record(folder), folder / WEIGHTS_FILE
    model = load_model(weights)
    parameters = sum(int(np.prod(one.shape)) for one in model.parameters())
    assert parameters == record["metrics"]["parameters"] <= 8e6
    assert weights.stat().st_size <= 8e6
    (start, sha256) = next(x for x in record["data_sha256"].items() if x[0].endswith(WEIGHTS_FILE))
    assert sha256_of(project_root() / start) == sha256 == record["outputs_sha256"][WEIGHTS_FILE]
    with safe_open(weights, "numpy") as file:
        assert file.metadata()["licence"] == record["recipe"]["licence"]


def test_the_published_weights_know_more_than_letters() -> None:
    model = load_model(record_folder("protein/language-natural") / WEIGHTS_FILE)
    ras = encoded(RAS)
    told = masked_marginals(model, ras)[np.arange(len(ras)), ras]
    assert np.exp(-np.log(told).mean()) < 16


def own_fasta(folder: Path, count: int = 30) -> str:
    """Random proteins, the first of them twice and with a gap."""
    random = np.random.default_rng(0)
    sequences = ["".join(random.choice(list(LETTERS), 60)) for _ in range(count)]
    records = [f">{number}\n{one}\n" for number, one in enumerate(sequences)]
    (folder / "own.fasta").write_text("".join([*records, f">again\n-{sequences[0]}\n"]))
    return str(folder / "own.fasta")


def test_a_model_is_learnt_from_proteins_of_the_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SCIML_CACHE", str(tmp_path))  # no set that judges is here
    monkeypatch.delenv("SCIML_DATA", raising=False)
    source = own_fasta(tmp_path)
    recipe = LanguageRecipe(
        task="protein/language-model",
        title="small",
        data=CorpusData(source=source, validation=5),
        model=LanguageModelSettings(layers=1, heads=2, width=8, inner=8),
        training=FitSettings(epochs=1),
    )
    outcome = language_model(recipe, tmp_path / "run")
    assert outcome.metrics["proteins"] == 25
    assert outcome.metrics["gaps_taken_out"] == 1
    assert "1 gaps taken out" in capsys.readouterr().err
    assert outcome.data_sha256 == {source: sha256_of(Path(source))}
    assert load_model(outcome.outputs[0]).settings == recipe.model
    asked = CorpusData(source=source, validation=5, leave_out_judged=True)
    with pytest.raises(DatasetMissing, match="sciml data get"):
        proteins_of(asked, seed=1)


def test_a_source_that_gives_nothing_to_learn_from_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"none of 30 different proteins is left .* 30 choose"):
        proteins_of(CorpusData(source=own_fasta(tmp_path), validation=40), seed=1)
    with pytest.raises(BadInput, match=r"no corpus 'proteins'; .*'simulated_grammar'"):
        proteins_of(CorpusData(source="proteins"), seed=1)


def test_what_was_not_asked_does_not_change_the_digest() -> None:
    assert "leave_out_judged" not in CorpusData().model_dump()
    assert "start" not in small().model_dump()
    assert small(start="x").model_dump()["start"] == "x"
    assert "licence" not in small().model_dump()
    for asked in (True, False):
        one = CorpusData(leave_out_judged=asked)
        assert CorpusData.model_validate(one.model_dump(mode="json")) == one


def test_letters_alone_are_undecided_among_equally_frequent_ones() -> None:
    even = [encoded("ACDEFGHIKLMNPQRSTVWY") for _ in range(200)]
    np.testing.assert_allclose(letters_alone(Proteins(even, even)), 20, rtol=1e-6)


@pytest.mark.realdata
@pytest.mark.slow
def test_nothing_that_is_learnt_has_a_relative_that_is_judged() -> None:
    from sciml.protein.relatives import RunIndex
    from sciml.protein.sources import judged_proteins

    proteins, told = proteins_of(CorpusData(), seed=1)
    assert told.left_out > 1000
    index = RunIndex(proteins.learnt)
    judging = judged_proteins("protein_corpus")
    assert judging.sha256.items() <= told.sha256.items()
    judged = [encoded(one) for one in judging.sequences]
    assert not any(len(index.relatives(one)) for one in [*judged, *proteins.validation])


def test_weights_are_of_a_published_record_or_of_a_file(tmp_path: Path) -> None:
    name, published = weights_of("protein/grammar")
    assert name == "protein/grammar/language_model.safetensors"
    assert published.is_file()
    own = tmp_path / "own.safetensors"
    own.write_bytes(b"")
    assert weights_of(str(own)) == (str(own), own)
    with pytest.raises(BadInput, match="weights: protein/gramar: no such file"):
        weights_of("protein/gramar")
