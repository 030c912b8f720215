"""Laws of the table of methods and sets, and of what is drawn from it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from sciml.core.axes import BoolArray
from sciml.core.errors import BadInput
from sciml.protein.alphabet import Codes, decoded, encoded
from sciml.protein.evaluation.attention_words import by_louvain
from sciml.protein.evaluation.baselines import letters_alone
from sciml.protein.evaluation.panel import (
    FEWEST_FAMILIES,
    Judged,
    Line,
    clusters_of,
    judged_of,
    units_by_protein,
)
from sciml.protein.evaluation.places import Finder, Places, covered, places_of_spans
from sciml.protein.evaluation.table import by_chance, evaluation_table
from sciml.protein.evaluation_tasks import (
    RIVALS,
    AttentionSettings,
    EvaluateRecipe,
    evaluate,
    first_of,
    opened_model,
    summaries,
)
from sciml.protein.sequences import Protein
from sciml.protein.sets import AnnotatedSet, Annotation


def judged_line(name: str = "a set", count: int = 30, length: int = 120) -> Judged:
    """Random proteins, with a run of ten annotated residues each."""
    generator = np.random.default_rng(0)
    proteins = [generator.integers(0, 20, length).astype(np.uint8) for _ in range(count)]
    annotated: list[BoolArray] = []
    for _ in proteins:
        start = int(generator.integers(0, length - 10))
        annotated.append((np.arange(length) >= start) & (np.arange(length) < start + 10))
    return Judged(Line(name, (("SITE", None),)), proteins, annotated, np.arange(count))


def spans_at_random(seed: int) -> Finder:
    """Words of five residues anywhere."""

    def find(proteins: list[Codes]) -> Places:
        generator = np.random.default_rng(seed)
        starts = [generator.integers(0, len(one) - 5, 8) for one in proteins]
        return places_of_spans([[(int(s), int(s) + 5) for s in one] for one in starts])

    return find  # pyright: ignore[reportReturnType]


def nothing(proteins: list[Codes]) -> Places:
    """A method that finds no word."""
    return places_of_spans([[] for _ in proteins])


def test_words_at_random_places_are_enriched_by_nothing() -> None:
    line = judged_line()
    table = evaluation_table({"random": spans_at_random(1)}, [line]).isel(finder=0, line=0)
    assert table["low"] <= 1 <= table["high"]
    assert table["beyond_low"] <= 1 <= table["beyond_high"]
    assert table["random_enrichment"] == pytest.approx(1, abs=0.15)
    assert table["random_base"] == pytest.approx(float(table["base"]), rel=0.1)


def test_the_order_of_methods_and_lines_does_not_matter() -> None:
    methods = {"one": spans_at_random(1), "two": letters_alone("CHW")}
    lines = [judged_line("a"), judged_line("b", 40)]
    table = evaluation_table(methods, lines)
    other = evaluation_table(dict(reversed(methods.items())), lines[::-1])
    xr.testing.assert_equal(table, other.sel(finder=["one", "two"], line=["a", "b"]))


def test_a_method_without_words_has_no_enrichment() -> None:
    table = evaluation_table({"nothing": nothing}, [judged_line()]).isel(finder=0, line=0)  # pyright: ignore[reportArgumentType]
    assert table["base"] == 0
    assert np.isnan(table["enrichment"])


def test_words_at_random_places_are_the_same_twice() -> None:
    line = judged_line()
    places = spans_at_random(2)(line.proteins)
    one, two = by_chance(places, line, 3), by_chance(places, line, 3)
    np.testing.assert_array_equal(one.covered, two.covered)


def test_a_summary_counts_sets_and_compares_with_rivals() -> None:
    names = ["ours", *RIVALS]
    values = np.full((len(names), 3), 1.1)
    values[0] = [1.5, 1.2, 1.05]
    columns = ("enrichment", "base", "random_base", "random_enrichment")
    table = xr.Dataset(
        {
            **dict.fromkeys(columns, (("finder", "line"), values)),
            "low": (("finder", "line"), values - 0.15),
            "beyond_low": (("finder", "line"), values - 0.3),
            "counts": ("line", [True, True, True]),
            "annotated_residues": ("line", [10, 10, 10]),
        },
        {"finder": names, "line": ["a", "b", "c"]},
    )
    found = summaries(table)
    assert found["sets_enriched_of_ours"] == 2
    assert found["sets_better_than_rivals_of_ours"] == 2
    assert found["sets_beyond_letters_of_ours"] == 1
    assert found["sets_better_than_rivals_of_peer_strings"] == 0


def annotated_set(sequences: list[str], rows: list[tuple[int, int, int, str, str]]) -> AnnotatedSet:
    """Proteins with annotated spans: protein, start, end, type and group."""
    return AnnotatedSet(
        "test",
        [Protein(f"P{k}", "", one) for k, one in enumerate(sequences)],
        [
            Annotation(number, start, end, type, "", "test", group)
            for number, start, end, type, group in rows
        ],
    )


def test_annotations_of_one_sequence_are_joined_and_others_left_out() -> None:
    rows = [(0, 0, 2, "SITE", ""), (1, 4, 5, "SITE", ""), (2, 0, 9, "OTHER", "")]
    found = annotated_set(["MKCHWAGGS", "MKCHWAGGS", "GGGGSSSSW"], rows)
    line = judged_of(Line("test", (("SITE", None),)), found)
    assert [decoded(one) for one in line.proteins] == ["MKCHWAGGS"]
    assert np.flatnonzero(line.annotated[0]).tolist() == [0, 1, 4]


def test_units_follow_the_order_of_sequences() -> None:
    rows = [(0, 1, 2, "SITE", "x"), (0, 5, 6, "SITE", "x"), (1, 0, 3, "SITE", "")]
    found = annotated_set(["MKCHWAGGS", "GGGGSSSSW"], rows)
    units = units_by_protein(found, ["GGGGSSSSW", "MKCHWAGGS"], "SITE", None)
    assert [[unit.positions.tolist() for unit in one] for one in units] == [[[0, 1, 2]], [[1, 5]]]
    assert [unit.protein for one in units for unit in one] == [0, 1]


def test_relatives_share_a_cluster_unless_families_are_few() -> None:
    generator = np.random.default_rng(1)
    parents = [generator.integers(0, 20, 60).astype(np.uint8) for _ in range(FEWEST_FAMILIES)]
    doubled = clusters_of([*parents, *parents])
    np.testing.assert_array_equal(doubled[: len(parents)], doubled[len(parents) :])
    assert len(np.unique(clusters_of([parents[0]] * 5))) == 5


def test_the_first_proteins_of_a_line_are_not_long() -> None:
    line = judged_line(count=6)
    long = line._replace(
        proteins=[np.zeros(500, np.uint8), *line.proteins],
        annotated=[np.ones(500, bool), *line.annotated],
    )
    assert first_of(long, 3).lengths == [120, 120, 120]


def test_louvain_finds_blocks_of_a_map() -> None:
    def read(codes: Codes, on_layer: object) -> None:
        maps = np.full((1, len(codes) + 2, len(codes) + 2), 1e-4, np.float32)
        maps[0, 1:9, 1:9] = maps[0, 9:17, 9:17] = 1.0
        on_layer(0, maps / maps.sum(-1, keepdims=True))  # pyright: ignore[reportCallIssue]

    protein = encoded("LAGVSERTIDPKQNFY")
    found = by_louvain(read)([protein])  # pyright: ignore[reportArgumentType]
    words = {
        tuple(found.residues[found.first[k] : found.first[k + 1]].tolist())
        for k in range(found.size)
    }
    assert words == {tuple(range(8)), tuple(range(8, 16))}
    assert covered(found, [16])[0].all()


def test_weights_that_are_not_there_are_named() -> None:
    with pytest.raises(BadInput, match=r"attention\.weights: nowhere\.safetensors: no such file"):
        opened_model(AttentionSettings(weights="nowhere.safetensors"))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"vocabularies": {"mine": "none.parquet"}}, r"vocabularies\.mine: none\.parquet: no such"),
        ({"attention": {"weights": "none.safetensors"}}, r"attention\.weights: none\.safetensors"),
        ({"questions": ["signal"]}, "questions: no question 'signal'"),
        ({"vocabularies": {"letters": "none.parquet"}}, r"vocabularies\.letters: .* another name"),
        ({"vocabularies": {"attention": "none.parquet"}}, "'attention' is another method"),
        ({"vocabularies": {"peer_strings": "none.parquet"}}, "'peer strings' is another method"),
        ({"vocabularies": {"byte pairs 2": "none.parquet"}}, "'byte pairs >= 2' is another method"),
    ],
)
def test_what_the_user_gave_is_read_before_any_data(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, changed: dict[str, Any], message: str
) -> None:
    monkeypatch.setenv("SCIML_CACHE", str(tmp_path))
    monkeypatch.delenv("SCIML_DATA", raising=False)
    asked = {"task": "protein/evaluate", "title": "a test", **changed}
    with pytest.raises(BadInput, match=message):
        evaluate(EvaluateRecipe.model_validate(asked), tmp_path)
