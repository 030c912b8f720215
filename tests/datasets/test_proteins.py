"""Cards of proteins against their files."""

import pytest

from sciml.data import files
from sciml.data.cards import read_card
from sciml.data.digest import content_digest
from sciml.protein.binding_files import LIGANDS, SEQUENCES
from sciml.protein.set_files import converted_set
from sciml.protein.sets import Annotation
from sciml.protein.sources import CORPUS, PEER_WORDS, open_set, set_names
from tests.built import all_originals, maker, part

# Proteins and rows, as those who converted the files counted them; the bonds that were written as
# stretches are two rows here, and words one row for each run of neighbours.
SIZES = {
    "antibody_paratope": (900, 11_781),
    "antimicrobial_peptides": (8_346, 8_346),
    "binding_residues": (1_360, 21_570),
    "bioactive_peptides": (63_123, 77_268),
    "catalytic_sites": (851, 5_215),
    "conservation": (519, 10_806),
    "disorder_caid": (319, 1_015),
    "disprot_regions": (250, 747),
    PEER_WORDS: (1_000, 158_733),
    "go_localisation": (3_258, 3_258),
    "llps": (2_876, 8_567),
    "membrane_topology": (658, 4_034),
    "ptm_phospho": (2_562, 9_258),
    "pwnet_tasks": (4_123, 4_161),
    "secondary_structure": (2_555, 43_018),
    "signal_peptides": (5_859, 6_557),
    "uniprot_go": (197, 3_456),
    "uniprot_residue_function": (146, 2_246 + 5),
}
GPL = ("antimicrobial_peptides", CORPUS)


def opened(name):
    try:
        return open_set(name)
    except files.DatasetMissing as missing:
        pytest.skip(str(missing))


def parts_of(name):
    return {one.file: part(one.path) for one in read_card(name).parts}


def test_every_set_has_its_size():
    assert list(SIZES) == list(set_names())


@pytest.mark.parametrize("name", [*SIZES, CORPUS])
def test_cards_state_licence_origin_and_caveats(name):
    card = read_card(name)
    assert card.parts
    assert len(card.caveats) >= 2
    assert ("GPL-3.0-only" in card.licence.split()) == (name in GPL)
    told = " ".join(card.caveats)
    assert card.sources or "There are no checksums of the original files" in told
    assert (name in GPL) == ("never part of this package" in told)


@pytest.mark.realdata
@pytest.mark.parametrize("name", SIZES)
def test_sets_have_the_size_that_was_converted(name):
    one = opened(name)
    assert (len(one), len(one.protein)) == SIZES[name]


@pytest.mark.realdata
@pytest.mark.parametrize("name", ["binding_residues", "llps", "uniprot_residue_function"])
def test_what_is_joined_is_the_file_of_the_card(name, tmp_path):
    target = tmp_path / read_card(name).built.file
    maker(name).join(parts_of(name), target)
    assert content_digest(target) == read_card(name).built.content_sha256


def test_the_card_of_binding_residues_names_the_files_of_its_builder():
    card = read_card("binding_residues")
    assert card.upstream is not None
    assert [one.path for one in card.upstream.files] == [*SEQUENCES, *LIGANDS]


@pytest.mark.realdata
def test_binding_residues_built_from_the_originals_equal_the_converted_ones(tmp_path):
    target = tmp_path / "binding_residues.jsonl.gz"
    maker("binding_residues").make(all_originals("binding_residues"), target)
    assert content_digest(target) == read_card("binding_residues").built.content_sha256


@pytest.mark.realdata
def test_metals_are_bound_by_letters_that_can_and_not_by_their_neighbours():
    one = opened("binding_residues")
    sites = [one.annotation(row) for row in one.rows("BINDING", "metal")]
    shares = {}
    for shift in range(-2, 3):
        letters = [one.proteins[site.protein].sequence[site.start + shift :][:1] for site in sites]
        shares[shift] = sum(letter in tuple("CHDE") for letter in letters) / len(letters)
    assert shares.pop(0) > 2.5 * max(shares.values())


@pytest.mark.realdata
def test_disulfide_bonds_are_two_cysteines_each():
    one = opened("uniprot_residue_function")
    bonds = [unit for unit in one.units("DISULFID") if unit.group]
    assert len(bonds) == 62 + 5
    for bond in bonds:
        first, second = bond.positions
        assert {one.proteins[bond.protein].sequence[place] for place in (first, second)} == {"C"}


def test_a_bond_written_as_a_stretch_becomes_its_ends():
    bonded = maker("uniprot_residue_function").bonded
    stretch = Annotation(3, 30, 94, "DISULFID", "Interchain", "test", "")
    first, second = bonded(stretch)
    assert (first.start, first.end, second.start, second.end) == (30, 31, 93, 94)
    assert first.group == second.group == "SS31-94"
    for row in (stretch._replace(end=31), stretch._replace(type="DOMAIN")):
        assert list(bonded(row)) == [row]


@pytest.mark.realdata
def test_the_corpus_is_the_gathered_file(tmp_path):
    (source,) = parts_of(CORPUS).values()
    target = tmp_path / "protein_corpus.fasta.xz"
    maker(CORPUS).join({source.name: source}, target)
    assert files.sha256_of(target) == read_card(CORPUS).built.sha256


@pytest.mark.realdata
def test_a_table_keeps_its_rows(tmp_path):
    parts = parts_of("catalytic_sites")
    table = converted_set(parts["seqs.fasta.gz"], parts["annotations.tsv.gz"])
    assert sorted(map(str, table.annotations())) == sorted(
        map(str, opened("catalytic_sites").annotations())
    )
