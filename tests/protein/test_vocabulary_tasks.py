"""A vocabulary of counted words: what is done stays done, and gives the same bytes."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sciml.core.errors import BadInput, DamagedFile
from sciml.protein import vocabulary_tasks
from sciml.protein.alphabet import decoded
from sciml.protein.grammar import GrammarSettings, speak
from sciml.protein.grammar_tasks import matches
from sciml.protein.sources import Judging
from sciml.protein.vocabulary.census import CensusSettings
from sciml.protein.vocabulary.keys import from_key
from sciml.protein.vocabulary.ranking import PartSettings
from sciml.protein.vocabulary.store import read_vocabulary
from sciml.protein.vocabulary_tasks import (
    STATE_FILE,
    VOCABULARY_FILE,
    ProteinsSettings,
    VocabularyRecipe,
    vocabulary,
)


def recipe(**changes: object) -> VocabularyRecipe:
    """A small recipe on the grammar."""
    settings = {
        "source": "simulated_grammar", "spoken": 600, "chunk": 200, "leave_out_judged": False,
        "families": False, **changes,
    }  # fmt: skip
    part = PartSettings(census=CensusSettings(elements=3, widest=4), support=20, words=20)
    return VocabularyRecipe(
        task="protein/vocabulary",
        title="a test",
        seed=3,
        proteins=ProteinsSettings.model_validate(settings),
        parts=(part,),
    )


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The vocabulary of a run that nobody interrupted."""
    folder = tmp_path_factory.mktemp("whole")
    vocabulary(recipe(), folder)
    return (folder / VOCABULARY_FILE).read_bytes()


@pytest.mark.parametrize("chunk", [1, 2])
def test_a_run_that_died_goes_on_to_the_same_bytes(
    whole: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    counted = 0
    real: Any = vocabulary_tasks._with_chunk  # pyright: ignore[reportPrivateUsage]

    def dying(*given: object) -> Any:
        nonlocal counted
        counted += 1
        if counted > chunk:
            raise KeyboardInterrupt
        return real(*given)

    monkeypatch.setattr(vocabulary_tasks, "_with_chunk", dying)
    with pytest.raises(KeyboardInterrupt):
        vocabulary(recipe(), tmp_path)
    counted = -10  # of the three chunks only those that are missing are counted
    vocabulary(recipe(), tmp_path)
    assert counted == -10 + 3 - chunk
    assert (tmp_path / VOCABULARY_FILE).read_bytes() == whole


def test_words_of_the_grammar_are_in_it(whole: bytes, tmp_path: Path) -> None:
    (tmp_path / "one.parquet").write_bytes(whole)
    patterns = [from_key(key) for key in read_vocabulary(tmp_path / "one.parquet").keys]
    planted = speak(GrammarSettings(), 600, 3).words
    true = sum(any(matches(one, word) for word in planted) for one in patterns)
    assert true >= 0.9 * len(patterns)


def test_the_size_of_chunks_does_not_matter(whole: bytes, tmp_path: Path) -> None:
    vocabulary(recipe(chunk=77), tmp_path)
    (tmp_path / "one.parquet").write_bytes(whole)
    one, other = (read_vocabulary(tmp_path / name) for name in ("one.parquet", VOCABULARY_FILE))
    assert one.entries == other.entries


def test_other_proteins_or_a_damaged_state_are_refused(tmp_path: Path) -> None:
    fasta = tmp_path / "some.fasta"
    fasta.write_text("".join(f">{k}\nMKVLAAGICDEFGHKLMKVAAGWMKVLAAGICDE\n" for k in range(30)))
    asked = recipe(source=str(fasta), chunk=10)
    vocabulary(asked, tmp_path)
    fasta.write_text(fasta.read_text().replace("GHK", "GHR"))
    with pytest.raises(BadInput, match="other proteins"):
        vocabulary(asked, tmp_path)
    state = tmp_path / STATE_FILE
    state.write_bytes(state.read_bytes()[:100])
    with pytest.raises(DamagedFile, match="not a whole file"):
        vocabulary(asked, tmp_path)
    fasta.write_text(">nothing\n\n")
    with pytest.raises(BadInput, match="no protein to count"):
        vocabulary(asked, tmp_path / "other")


def test_a_killed_run_is_not_gone_on_with_on_fewer_proteins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fasta = tmp_path / "some.fasta"
    fasta.write_text("".join(f">{k}\nMKVLAAGICDEFGHKLMKVAAGWMKVLAAGICDE\n" for k in range(40)))
    asked, counted = recipe(source=str(fasta), chunk=10), 0
    real: Any = vocabulary_tasks._with_chunk  # pyright: ignore[reportPrivateUsage]

    def dying(*given: object) -> Any:
        nonlocal counted
        counted += 1
        if counted > 3:
            raise KeyboardInterrupt
        return real(*given)

    monkeypatch.setattr(vocabulary_tasks, "_with_chunk", dying)
    with pytest.raises(KeyboardInterrupt):
        vocabulary(asked, tmp_path)
    fasta.write_text("".join(f">{k}\nMKVLAAGICDEFGHRLMKVAAGWMKVLAAGICDE\n" for k in range(20)))
    with pytest.raises(BadInput, match="other proteins; run again with --fresh"):
        vocabulary(asked, tmp_path)


@pytest.mark.parametrize("by", ["support", "kept", "beginning"])
def test_where_all_proteins_judge_there_is_nothing_to_choose_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    protein = "MKVLAAGICDEFGHKLMKVAAGWMKVLAAGICDE"
    fasta = tmp_path / "some.fasta"
    fasta.write_text(f">one\n{protein}\n")
    monkeypatch.setattr(vocabulary_tasks, "judged_proteins", lambda: Judging([protein], {}))
    asked = recipe(source=str(fasta), leave_out_judged=True)
    kind = CensusSettings(elements=2, widest=1)
    part = PartSettings.model_validate({"census": kind, "by": by, "support": 1, "words": 5})
    with pytest.raises(BadInput, match="no word"):
        vocabulary(asked.model_copy(update={"parts": (part,)}), tmp_path)


def test_the_sets_that_judge_are_recorded_and_others_are_not_gone_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = recipe(leave_out_judged=True)
    spoken = [decoded(one) for one in speak(GrammarSettings(), 600, 3).proteins]
    for number, digest in ((10, "ab" * 32), (20, "cd" * 32)):
        judging = Judging(spoken[:number], {"a set": digest})
        monkeypatch.setattr(vocabulary_tasks, "judged_proteins", lambda judging=judging: judging)
        outcome = vocabulary(asked, tmp_path)
        assert outcome.metrics["left_out"] >= number
        assert outcome.metrics["proteins"] + outcome.metrics["left_out"] == 600
        assert outcome.data_sha256 == {"a set": digest}


def test_what_a_users_file_is_not_counted_as_is_said_and_recorded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    part = "MKVLAAGICDEFGHKLMKVAAGWMKVLAAGICDE"
    records = [f">{k}\n{part}\n" for k in range(30)]
    (tmp_path / "mine.fasta").write_text("".join([*records, ">0\nmkv--LA1G*\n", ">none\n"]))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SCIML_HOME", str(Path(vocabulary_tasks.__file__).parents[2]))
    asked = recipe(source="mine.fasta", chunk=10)
    first = vocabulary(asked, tmp_path / "run").metrics
    again = vocabulary(asked, tmp_path / "run").metrics  # from the state of the first
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 2
    assert said[0].startswith("sciml: mine.fasta: 31 proteins")
    assert "2 gaps taken out" in said[0]
    assert first == again
    expected = {
        "proteins": 31, "residues": 30 * len(part) + 7, "empty_records_left_out": 1,
        "repeated_ids": 1, "made_upper_case": 3, "gaps_taken_out": 2, "stops_taken_out": 1,
        "read_as_unknown": 1,
    }  # fmt: skip
    assert {name: first[name] for name in expected} == expected


def test_a_source_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"proteins\.source: nowhere\.fasta: no such file"):
        vocabulary(recipe(source="nowhere.fasta"), tmp_path)


def recipe_by_relatives(source: Path) -> VocabularyRecipe:
    """A small recipe that asks what relatives keep and how proteins begin, chunk by chunk."""
    kind = CensusSettings(elements=2, widest=2)
    asked = recipe(source=str(source), chunk=60, families=True)
    part = PartSettings(census=kind, by="kept", support=1, rate=1, words=10)
    begun = PartSettings(census=kind, by="beginning", support=1, words=5)
    other = PartSettings(census=kind, by="support", support=1, words=5)
    return asked.model_copy(update={"parts": (part, begun, other)})


def test_what_relatives_keep_is_counted_and_goes_on_after_an_interruption(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Families of three, half of whose letters drift while each W and the H behind it stay.

    All begin with the same two letters.
    """
    draw, lines = np.random.default_rng(1), list[str]()
    for number in range(40):
        first = draw.choice(list("ACDEFGIKLMNPQRSTVY"), 120)
        first[20::25], first[21::25] = "W", "H"
        first[:2] = "M", "K"
        for member in range(3):
            one = first.copy()
            drifts = (draw.random(120) < 0.5 * (member > 0)) & ~np.isin(first, ["W", "H"])
            drifts[:15] = False
            one[drifts] = draw.choice(list("ACDEFGIKLMNPQRSTVY"), drifts.sum())
            lines.append(f">{number}.{member}\n{''.join(one)}\n")
    fasta = tmp_path / "families.fasta"
    fasta.write_text("".join(lines))
    asked = recipe_by_relatives(fasta)
    vocabulary(asked, tmp_path / "whole")
    written = read_vocabulary(tmp_path / "whole" / VOCABULARY_FILE)
    assert from_key(written.keys[0]).spelling == "WH"
    assert written.entries[0].support > 1.5 * written.entries[0].expected
    assert from_key(written.keys[10]).spelling == "<MK"

    real: Any = vocabulary_tasks._write_state  # pyright: ignore[reportPrivateUsage]

    def dying(*given: Any) -> None:
        real(*given)
        raise KeyboardInterrupt

    monkeypatch.setattr(vocabulary_tasks, "_write_state", dying)
    with pytest.raises(KeyboardInterrupt):
        vocabulary(asked, tmp_path / "killed")
    monkeypatch.undo()
    vocabulary(asked, tmp_path / "killed")
    whole, killed = (tmp_path / name / VOCABULARY_FILE for name in ("whole", "killed"))
    assert killed.read_bytes() == whole.read_bytes()
