"""Cards: what is accepted, and what a wrong one is told."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from sciml.core.errors import BadInput
from sciml.data.cards import card_names, read_card
from sciml.data.listing import card_titles

CARD = """\
name: waves
title: Waves in a flume
description: Elevation of the water
kind: measured
licence: CC0-1.0
licence_group: public-domain
citation: Nobody (2025)
built:
  file: waves.nc
  sha256: {sha}
  content_sha256: {sha}
upstream:
  repository: owner/waves
  commit: {commit}
  files:
    - path: data/run 1.csv
      sha256: {sha}
splits:
  by: period
  reason: it is the condition
  cases:
    train: ["1", "2"]
    test: ["3"]
""".format(sha="a" * 64, commit="b" * 40)


@pytest.fixture
def card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for folder in ("datasets/waves", "notebooks", "recipes", "sciml"):
        (tmp_path / folder).mkdir(parents=True)
    monkeypatch.setenv("SCIML_HOME", str(tmp_path))
    path = tmp_path / "datasets" / "waves" / "card.yaml"
    path.write_text(CARD)
    return path


def test_a_card_says_where_its_originals_can_be_downloaded(card):
    upstream = read_card("waves").upstream
    assert upstream is not None
    assert upstream.url(upstream.files[0]) == (
        f"https://raw.githubusercontent.com/owner/waves/{'b' * 40}/data/run%201.csv"
    )


def test_the_listing_needs_no_validation(card):
    assert card_names() == ["waves"]
    assert card_titles() == {"waves": "Waves in a flume"}


def test_the_listing_imports_neither_pydantic_nor_arrays():
    code = (
        "import sys, sciml.data.listing;"
        "print(*{'pydantic', 'numpy', 'xarray', 'paddle'}.intersection(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_a_card_without_licence_is_told_on_which_line_it_belongs(card):
    card.write_text(CARD.replace("licence: CC0-1.0\n", ""))
    with pytest.raises(BadInput) as caught:
        read_card("waves")
    assert str(caught.value) == (
        f"{card}:5: key 'licence' is missing; insert a line such as `licence: CC0-1.0` here, with "
        "the SPDX identifier that the source states. Data without a licence may be neither used "
        "nor passed on."
    )


def test_an_empty_licence_is_no_licence(card):
    card.write_text(CARD.replace("licence: CC0-1.0", "licence:"))
    with pytest.raises(BadInput, match=r":5: key 'licence' is missing"):
        read_card("waves")


WRONG = [
    ("CC0-1.0", "public", "5: licence: expected an SPDX identifier such as CC0-1.0 or CC-BY-4.0"),
    ("CC0-1.0", "cc0-1.0", "5: licence: expected the SPDX spelling 'CC0-1.0', got 'cc0-1.0'"),
    ("citation:", "citaton:", "7: unknown key 'citaton'; did you mean 'citation'?"),
    ("name: waves", "name: wave", "1: name: expected 'waves', the name of the folder, got 'wave'"),
    ("kind: measured", "kind: guessed", "4: kind: input should be 'measured' or 'simulated'"),
    ("data/run", "../run", "16: upstream.files.0.path: expected a path inside the repository"),
    ('["1", "2"]', "[2091_1]", "22: splits.cases.train.0: put the name of a case in quotes"),
    ('["3"]', '["2"]', "18: splits: case '2' stands in 'train' and in 'test'"),
]


@pytest.mark.parametrize(("right", "wrong", "message"), WRONG)
def test_a_wrong_entry_is_named_with_file_and_line(card, right, wrong, message):
    card.write_text(CARD.replace(right, wrong, 1))
    with pytest.raises(BadInput, match=re.escape(f"{card}:{message}")):
        read_card("waves")


def test_a_mistyped_dataset_is_told_the_nearest(card):
    with pytest.raises(BadInput) as caught:
        read_card("wavs")
    assert str(caught.value) == "no dataset 'wavs' in datasets; did you mean 'waves'?"


def test_a_card_without_title_is_named(card):
    card.write_text(CARD.replace("title: Waves in a flume\n", ""))
    with pytest.raises(BadInput, match=r"card\.yaml: key 'title' is missing; add a line"):
        card_titles()


def test_where_nothing_is_near_all_datasets_are_named(card):
    with pytest.raises(BadInput, match="no dataset 'zzz' in datasets; known: waves"):
        read_card("zzz")


def test_a_dataset_may_be_from_several_repositories(card):
    also = f"  - repository: owner/more\n    commit: {'c' * 40}\n    files:\n"
    also += f"      - path: data/other.csv\n        sha256: {'a' * 64}\n"
    card.write_text(CARD + "also_upstream:\n" + also)
    assert [source.repository for source in read_card("waves").sources] == [
        "owner/waves",
        "owner/more",
    ]
    card.write_text(CARD + "also_upstream:\n" + also.replace("data/other.csv", "data/run 1.csv"))
    with pytest.raises(BadInput, match=r"path 'data/run 1\.csv' stands twice"):
        read_card("waves")
