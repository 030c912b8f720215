"""The recipe of dedicated vocabularies, on annotated proteins of a user."""

import gzip
import re
from pathlib import Path

import numpy as np
import pytest

from sciml.core.errors import BadInput
from sciml.data.netcdf import open_netcdf
from sciml.protein.alphabet import LETTERS
from sciml.protein.dedicated_tasks import (
    DEDICATED,
    RUNS,
    TABLE,
    DedicatedRecipe,
    OwnSet,
    dedicated,
)
from sciml.protein.vocabulary.dedicated import DedicatedSettings
from sciml.protein.vocabulary.keys import parsed
from sciml.protein.vocabulary.store import read_vocabulary

SITE = re.compile("(?=C..H.D)")
WORDS = DedicatedSettings.model_validate(
    {"kinds": [{"spelling": "letters", "elements": 3, "widest": 3}], "coverage": 0.05}
)


def own_set(folder: Path, count: int = 150) -> OwnSet:
    """Random proteins with one C..H.D each, which is annotated."""
    random = np.random.default_rng(0)
    sequences, rows = [], ["seq_id\tstart\tend\ttype\tlabel\tsource\tgroup"]
    for number in range(count):
        letters = random.choice(list(LETTERS), 150)
        start = int(random.integers(0, 144))
        letters[[start, start + 3, start + 5]] = list("CHD")
        sequence = "".join(letters)
        sequences.append(f">P{number}\n{sequence}\n")
        for found in SITE.finditer(sequence):
            rows += [f"P{number}\t{found.start() + step}\t{found.start() + step}\tSITE\t\tmade\t"
                     for step in (1, 4, 6)]  # fmt: skip
    (folder / "mine.fasta").write_text("".join(sequences))
    (folder / "mine.tsv.gz").write_bytes(gzip.compress("\n".join(rows).encode() + b"\n"))
    return OwnSet(
        sequences=str(folder / "mine.fasta"),
        annotations=str(folder / "mine.tsv.gz"),
        type="SITE",
    )


def recipe(own: OwnSet | None, **changes: object) -> DedicatedRecipe:
    return DedicatedRecipe.model_validate(
        {"task": "protein/dedicated", "title": "a test", "seed": 1, "own": own, "rivals": None,
         "words": WORDS, **changes}
    )  # fmt: skip


def test_a_planted_word_is_learnt_and_judged_on_other_proteins(tmp_path: Path) -> None:
    outcome = dedicated(recipe(own_set(tmp_path)), tmp_path)
    vocabulary = read_vocabulary(tmp_path / "vocabulary-mine.parquet")
    assert vocabulary.keys[0] == parsed("Cx(2)HxD").key
    assert vocabulary.inputs == outcome.data_sha256
    assert len(vocabulary.inputs) == 2
    assert outcome.metrics["low.mine"] > 3
    assert outcome.metrics["beyond_low.mine"] > 2
    assert outcome.metrics["sets_better_than_runs"] == 1
    tables = open_netcdf(tmp_path / TABLE).squeeze()
    table = tables.sel(finder=DEDICATED)
    assert float(table["annotated"]) > 0.95
    assert float(tables["annotated"].sel(finder=RUNS)) < 0.8
    assert float(table["enrichment"]) == outcome.metrics["enrichment.mine"]
    assert int(table["proteins"]) == 50  # of 150; the others were learnt from


def test_proteins_that_are_all_related_leave_nothing_to_learn_from(tmp_path: Path) -> None:
    own = own_set(tmp_path, 60)
    sequence = (tmp_path / "mine.fasta").read_text().splitlines()[1]
    changed = [f">P{number}\n{sequence}{'A' * number}\n" for number in range(60)]
    (tmp_path / "mine.fasta").write_text("".join(changed))
    rows = (tmp_path / "mine.tsv.gz").read_bytes()
    first = [line for line in gzip.decompress(rows).decode().splitlines() if "P0\t" in line]
    header = "seq_id\tstart\tend\ttype\tlabel\tsource\tgroup"
    alike = [line.replace("P0\t", f"P{k}\t") for k in range(60) for line in first]
    text = "\n".join([header, *alike]) + "\n"
    (tmp_path / "mine.tsv.gz").write_bytes(gzip.compress(text.encode()))
    with pytest.raises(BadInput, match=r"mine: 0 annotated .* expected 30 .* give 45 or more"):
        dedicated(recipe(own), tmp_path)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"type": "SITES"}, "no annotation has the type 'SITES'; did you mean 'SITE'"),
        ({"label": "zinc"}, "no annotation has the label 'zinc'"),
        ({"type": "CLASS"}, "all 1 rows of type 'CLASS' are about whole proteins"),
        ({"label": "enzyme"}, "no row has the type 'SITE' and label 'enzyme' at once"),
        ({"annotations": "none.tsv"}, r"own\.annotations: none\.tsv: no such file"),
        ({"annotations": "tests"}, r"own\.annotations: tests: is a folder"),
        ({"sequences": "none.fasta"}, r"own\.sequences: none\.fasta: no such file"),
    ],
)
def test_what_the_users_set_does_not_have_is_named(
    tmp_path: Path, changed: dict[str, str], message: str
) -> None:
    own = own_set(tmp_path, 3)
    text = gzip.decompress((tmp_path / "mine.tsv.gz").read_bytes()).decode()
    (tmp_path / "mine.tsv").write_text(f"{text}P0\t\t\tCLASS\tenzyme\tmade\t\n")
    plain = own.model_copy(update={"annotations": str(tmp_path / "mine.tsv"), **changed})
    with pytest.raises(BadInput, match=message):
        dedicated(recipe(plain), tmp_path)


def test_a_set_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="membrane_topology"):
        dedicated(recipe(None, sets=["membrane_topolgy"]), tmp_path)
    with pytest.raises(BadInput, match="none is named"):
        dedicated(recipe(None), tmp_path)


def test_a_set_that_is_named_twice_is_refused_before_anything_is_opened(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="sets: 'llps' is named twice"):
        dedicated(recipe(None, sets=["llps", "llps"]), tmp_path)
    own = OwnSet(sequences="llps.fasta", annotations="none.tsv", type="SITE")
    with pytest.raises(BadInput, match="sets: 'llps' is named twice"):
        dedicated(recipe(own, sets=["llps"]), tmp_path)
