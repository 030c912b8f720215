"""Whether a vocabulary of proteins says more about function than chance and simple methods do.

Read from the records of ``recipes/protein/evaluate.yaml`` and, for vocabularies that were learnt of
a function's labels, ``recipes/protein/dedicated.yaml``; ``--run`` makes them anew. Only proteins
drawn for judging count, 150 of each set; nothing that was learnt from shares twelve letters with
one of them, in runs of five or more at one shift, though remoter relatives may be there
(``sciml/protein/relatives.py``). Three vocabularies are asked for: a general one that covers most
residues, a selective one that covers half of them at most, and one of pairs of letters up to 63
residues apart. Coverage alone says nothing: byte pairs cover nearly all residues; six letters,
wherever they stand, are enriched on many sets, and so are the first residues. So beside each
coverage stand enrichment, words at random places, and what is left of the enrichment beyond
letters. A vocabulary that is not in the record has a dash.
"""

import argparse
from collections.abc import Mapping
from typing import Any

import sciml  # noqa: F401 - makes the process settings, which must precede Paddle

# isort: split
from reporting import Row, report

from sciml.core.paths import project_root
from sciml.training.record import read_record
from sciml.training.run import record_folder, run_recipe

RECIPE, DEDICATED_RECIPE = "protein/evaluate", "protein/dedicated"
GENERAL, SELECTIVE, PAIRS = "general", "selective", "pairs"
PEER, LETTERS, FIRST = "byte_pairs_2", "letters_GSRFMW", "first_15_residues"
QUESTIONS = {"signal_peptide": "AUC", "antimicrobial": "AUC", "localisation": "macro F1"}
Metrics = Mapping[str, Any]


def coverage_rows(metrics: Metrics) -> list[Row]:
    """The general vocabulary."""

    def of(what: str, name: str = GENERAL) -> float | None:
        return metrics.get(f"{what}_of_{name}")

    return [
        Row("annotated sets", metrics["sets"], "1", 12, "more"),
        Row("mean coverage", of("coverage"), "1", 0.80, "more", of("coverage", PEER)),
        Row("  of its words at random places", of("random_coverage"), "1"),
        Row("  base on sets by residue", of("base"), "1", peer=of("base", PEER)),
        Row("  mean enrichment", of("enrichment"), "1", peer=of("enrichment", PEER)),
        Row("  of its words at random places", of("random_enrichment"), "1"),
    ]


def selective_rows(metrics: Metrics) -> list[Row]:
    """The selective vocabulary; the peer is the best of its rivals, then letters alone."""

    def of(what: str, name: str = SELECTIVE) -> float | None:
        return metrics.get(f"{what}_of_{name}")

    names = (
        "byte_pairs_3",
        "byte_pairs_4",
        "frequent_spaced_words",
        "preferred_spaced_words",
        "peer_strings",
    )
    best = max(metrics[f"sets_enriched_of_{name}"] for name in names)
    beyond = max(metrics[f"sets_beyond_letters_of_{name}"] for name in names)
    of_letters, of_first = (of("sets_enriched", name) for name in (LETTERS, FIRST))
    return [
        Row("sets by residue", metrics["sets_by_residue"], "1"),
        Row("selective: base coverage", of("base"), "1", 0.5),
        Row("  sets with enrichment above 1", of("sets_enriched"), "1", 8, "more", best),
        Row("  the same, peer six letters alone", of("sets_enriched"), "1", peer=of_letters),
        Row("  the same, peer first 15 residues", of("sets_enriched"), "1", peer=of_first),
        Row("  sets better than every rival", of("sets_better_than_rivals"), "1", 6, "more"),
        Row("  sets above 1 beyond letters", of("sets_beyond_letters"), "1", peer=beyond),
    ]


def dedicated_rows(metrics: Metrics) -> list[Row]:
    """Vocabularies of a function each; the peer learnt of the same labels, without gaps."""

    def of(what: str, name: str = "dedicated") -> float:
        return metrics[f"{what}_of_{name}"]

    def both(what: str) -> tuple[float, float]:
        return of(what), of(what, "dedicated_runs")

    enriched, runs = both("sets_enriched")
    beyond, runs_beyond = both("sets_beyond_letters")
    means = [
        metrics[f"geometric_mean_enrichment.{name}"] for name in ("dedicated", "dedicated runs")
    ]
    better = metrics["sets_better_than_runs"]
    return [
        Row("dedicated, by labels: sets", metrics["sets_by_residue"], "1"),
        Row("  base coverage", of("base"), "1", 0.5, peer=of("base", "dedicated_runs")),
        Row("  sets with enrichment above 1", enriched, "1", 8, "more", runs),
        Row("  sets better than every rival without labels",
            of("sets_better_than_rivals"), "1", 6, "more"),
        Row("  sets above 1 beyond letters", beyond, "1", peer=runs_beyond),
        Row("  sets better than words without gaps learnt alike", better, "1"),
        Row("  mean enrichment, geometric", means[0], "1", peer=means[1]),
    ]  # fmt: skip


def pair_rows(metrics: Metrics) -> list[Row]:
    """Average precision of pairs over that of a truth matched in separation; peer: letters alone.

    Words of any vocabulary, or links of attention, may reach the bar; it is asked of the pairs that
    relatives keep together. The interval beside it tells on how few families a ratio rests. Pairs
    of the letters that such sites mostly have reach the bar without a word, so they stand beside.
    """
    rows: list[Row] = []
    for kind in ("metal sites", "disulfides"):
        key = f"pairs.{kind.replace(' ', '_')}"
        for scorer, bar in ((PAIRS, 2.0), (SELECTIVE, None), ("attention", None)):
            ratio, low = (metrics.get(f"{key}.{scorer}.{end}") for end in ("ratio", "low"))
            letters, least = (metrics.get(f"{key}.letters.{end}") for end in ("ratio", "low"))
            name = f"pairs of {kind}, {scorer}: over null"
            rows.append(Row(name, ratio, "1", bar, "more", letters))
            rows.append(Row("  low end of 95 % over families", low, "1", peer=least))
    return rows


def question_rows(metrics: Metrics) -> list[Row]:
    """Words against triples of letters, on judged proteins; all proteins beside them."""
    rows: list[Row] = []
    for question, score in QUESTIONS.items():
        for which, bar in (("judged", 0.0), ("all", None)):
            key = f"questions.{question}.{GENERAL}.{which}"
            words, triples, gain, low = (
                metrics.get(f"{key}.{part}") for part in ("words", "triples", "difference", "low")
            )
            name = f"{question.replace('_', ' ')}, {which}"
            rows += [
                Row(f"{name}: words less triples", gain, score, bar, "more"),
                Row("  words; peer triples", words, score, peer=triples),
                Row("  low end of the difference, 95 %", low, score),
            ]
    return rows


def main() -> None:
    """Read or make the record, and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", action="store_true", help="judge again")
    if parser.parse_args().run:
        for recipe in (RECIPE, DEDICATED_RECIPE):
            run_recipe(project_root() / f"recipes/{recipe}.yaml", publish=True)
    metrics = read_record(record_folder(RECIPE))["metrics"]
    learnt = read_record(record_folder(DEDICATED_RECIPE))["metrics"]
    rows = [*coverage_rows(metrics), *selective_rows(metrics), *dedicated_rows(learnt),
            *pair_rows(metrics), *question_rows(metrics)]  # fmt: skip
    report("Vocabularies of proteins on annotated sets; peers: byte pairs, rivals, triples", rows)


if __name__ == "__main__":
    main()
