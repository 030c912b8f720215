"""Published lists of binding residues: all lists count, and what has no sequence is told."""

import pytest

from sciml.core.errors import BadInput, DamagedFile
from sciml.protein.binding_files import LIGANDS, SEQUENCES, binding_set


@pytest.fixture
def originals(tmp_path):
    content = dict.fromkeys(LIGANDS, "")
    content |= dict(zip(SEQUENCES, (">a\nMKVL\nAG\n", ">b\nWYC\n"), strict=True))
    metal, nuclear, _, other_metal, _, _ = LIGANDS
    content[metal] = "a\t3,1\nq\t5,6,7\n"
    content[nuclear] = "b\t2\n"
    content[other_metal] = "a\t1,6\n"
    paths = {path: tmp_path / path.replace("/", "_") for path in content}
    for path, text in content.items():
        paths[path].write_text(text)
    return paths


def test_all_lists_count_for_all_proteins(originals, capsys):
    units = binding_set(originals).units("BINDING")
    assert [(unit.protein, unit.label, unit.positions.tolist()) for unit in units] == [
        (0, "metal", [0, 2, 5]),
        (1, "nuclear", [1]),
    ]
    assert capsys.readouterr().err == (
        "sciml: binding residues: 3 are of proteins without a sequence: left out\n"
    )


def test_a_line_without_positions_is_named(originals):
    path = originals[next(iter(LIGANDS))]
    path.write_text("a 3,1\n")
    with pytest.raises(DamagedFile, match="line 1: expected a name, a tab and positions"):
        binding_set(originals)


def test_a_position_behind_the_protein_is_refused(originals):
    originals[next(iter(LIGANDS))].write_text("a\t7\n")
    with pytest.raises(BadInput, match="does not lie inside of its protein"):
        binding_set(originals)
