"""Bundles of datasets: whole, checkable, alike on each run, never in the way of other files."""

import gzip
import hashlib
import json
import shutil
import subprocess
from pathlib import Path

import pytest
import xarray as xr
import yaml

from sciml.core.errors import BadInput, DamagedFile, DatasetMissing, WriteFailed
from sciml.core.paths import project_root
from sciml.data import export as exporting
from sciml.data.digest import content_digest
from sciml.data.export import export
from sciml.data.netcdf import write_netcdf

FILES = [
    *("CITATION.cff", "LICENSE.txt", "README.md", "SHA256SUMS", "card.yaml", "croissant.json"),
    "ro-crate-metadata.json",
]
RECORDS = '{"id": "a", "height": 1.5}\n{"id": "b", "height": 2}\n'


def said(*_: object) -> None:
    """Nothing."""


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def own(folder: Path, name: str = "waves", **changes: object) -> Path:
    """A card with its data beside it, as researchers have of their own."""
    folder.mkdir(parents=True, exist_ok=True)
    data = folder / "waves.jsonl.gz"
    if "file" in changes:
        data = folder / str(changes.pop("file"))
    if not data.exists():
        data.write_bytes(gzip.compress(RECORDS.encode(), mtime=0))
    card = {
        "name": name,
        "title": "Waves: a flume",
        "description": "Heights of waves.",
        "kind": "measured",
        "licence": "CC-BY-4.0",
        "licence_group": "cc-by",
        "citation": "Nansen, F., Ekman, V.W. (1905). Waves.",
        "authors": ["Fridtjof Nansen", "Institute of Marine Research"],
        "built": {
            "file": data.name,
            "sha256": sha256(data),
            "content_sha256": content_digest(data),
        },
        "splits": {"by": "day", "reason": "Days differ.", "cases": {"train": ["a"], "test": ["b"]}},
        "caveats": ["Probe 5 | was removed."],
    }
    path = folder / "card.yaml"
    path.write_text(yaml.safe_dump(card | changes, sort_keys=False), encoding="utf-8")
    return path


def tree(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.fixture
def card(tmp_path: Path) -> Path:
    return own(tmp_path / "mine")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with the dataset `waves`, whose data are in its folder."""
    for folder in ("notebooks", "recipes", "sciml"):
        (tmp_path / folder).mkdir()
    own(tmp_path / "datasets" / "waves")
    monkeypatch.setenv("SCIML_HOME", str(tmp_path))
    monkeypatch.setenv("SCIML_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("SCIML_DATA", raising=False)
    return tmp_path


def test_a_bundle_holds_all_that_an_archive_needs(home):
    bundle = export("waves", home / "out", said)
    assert bundle.folder == home / "out" / "waves"
    assert sorted(tree(bundle.folder)) == sorted([*FILES, "waves.jsonl.gz"])
    assert tree(bundle.folder)["card.yaml"] == (home / "datasets/waves/card.yaml").read_bytes()
    data = (home / "datasets/waves/waves.jsonl.gz").read_bytes()
    assert tree(bundle.folder)["waves.jsonl.gz"] == data


def test_sha256sum_finds_all_files_as_they_were_written(card, tmp_path):
    bundle = export(str(card), tmp_path / "out", said)
    done = subprocess.run(
        ["sha256sum", "--strict", "-c", "SHA256SUMS"],
        cwd=bundle.folder,
        capture_output=True,
        text=True,
        check=True,
    )
    assert sorted(line.partition(":")[0] for line in done.stdout.splitlines()) == sorted(
        {*FILES, "waves.jsonl.gz"} - {"SHA256SUMS"}
    )
    (bundle.folder / "README.md").write_text("changed")
    with pytest.raises(subprocess.CalledProcessError):
        subprocess.run(
            ["sha256sum", "-c", "SHA256SUMS"], cwd=bundle.folder, capture_output=True, check=True
        )


def test_the_same_card_and_data_give_the_same_bytes(card, tmp_path):
    first = tree(export(str(card), tmp_path / "a", said).folder)
    again = tree(export(str(own(tmp_path / "elsewhere")), tmp_path / "b", said).folder)
    assert again == first


def test_an_old_bundle_is_replaced(card, tmp_path):
    export(str(card), tmp_path / "out", said)
    own(card.parent, title="Other waves")
    folder = export(str(card), tmp_path / "out", said).folder
    assert (folder / "README.md").read_text().startswith("# Other waves\n")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["waves"]


def test_a_bundle_can_be_exported_in_its_own_place(card, tmp_path):
    folder = export(str(card), tmp_path / "out", said).folder
    before = tree(folder)
    export(str(folder / "card.yaml"), tmp_path / "out", said)
    assert tree(folder) == before


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda bundle: (bundle / "notes.txt").write_text("mine"), "has notes.txt, which was not"),
        (lambda bundle: (bundle / "plots").mkdir(), "has plots, which was not exported"),
        (lambda bundle: (bundle / "README.md").write_text("mine"), "has README.md, which was chan"),
        (lambda bundle: (bundle / "SHA256SUMS").unlink(), "is there and has no SHA256SUMS"),
        (lambda bundle: shutil.rmtree(bundle) or bundle.write_text("mine"), "is there and has no"),
        (lambda bundle: shutil.rmtree(bundle) or bundle.mkdir(), "is there and has no SHA256SUMS"),
    ],
)
def test_nothing_that_was_not_exported_is_ever_replaced(card, tmp_path, spoil, told):
    folder = export(str(card), tmp_path / "out", said).folder
    spoil(folder)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(BadInput) as caught:
        export(str(card), tmp_path / "out", said)
    assert f"{folder}: {told}" in str(caught.value)
    assert str(caught.value).endswith("Move it away, or name another folder with -o.")
    assert sorted(tmp_path.rglob("*")) == before


def test_the_bundle_of_another_dataset_is_not_replaced(card, tmp_path):
    folder = export(str(own(tmp_path / "b", "tides")), tmp_path / "out", said).folder
    folder.rename(tmp_path / "out" / "waves")
    with pytest.raises(BadInput, match="is the bundle of another dataset"):
        export(str(card), tmp_path / "out", said)


def test_what_was_there_is_kept_when_writing_fails(card, tmp_path, monkeypatch):
    folder = export(str(card), tmp_path / "out", said).folder
    before = tree(folder)

    def fail(*_: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(exporting, "readme", fail)
    with pytest.raises(WriteFailed, match="the disk is full; what was there before is kept"):
        export(str(card), tmp_path / "out", said)
    assert tree(folder) == before
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["waves"]


def test_a_folder_that_cannot_be_made_is_told(card, tmp_path):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(WriteFailed, match="cannot be written"):
        export(str(card), tmp_path / "out", said)
    assert (tmp_path / "out").read_text() == "a file"


def test_other_data_than_the_card_says_are_damaged(card, tmp_path):
    data = card.parent / "waves.jsonl.gz"
    expected = sha256(data)
    data.write_bytes(gzip.compress(b"{}\n"))
    with pytest.raises(DamagedFile) as caught:
        export(str(card), tmp_path / "out", said)
    assert str(caught.value) == (
        f"{data}: expected sha256 {expected}, found {sha256(data)}. Put the file back that the "
        f"card describes; if this is the one to release, write its sha256 into {card}."
    )
    assert not (tmp_path / "out").exists()


def test_a_wrong_digest_of_the_content_is_told_the_right_one(tmp_path):
    card = own(tmp_path)
    right = yaml.safe_load(card.read_text())["built"]["content_sha256"]
    card.write_text(card.read_text().replace(right, "f" * 64))
    with pytest.raises(DamagedFile, match=f"expected content_sha256 {'f' * 64}, found {right}"):
        export(str(card), tmp_path / "out", said)


def test_data_of_the_project_that_are_packed_otherwise_are_not_released(home):
    data = home / "datasets/waves/waves.jsonl.gz"
    data.write_bytes(gzip.compress(RECORDS.encode(), 1, mtime=1))
    with pytest.raises(DamagedFile, match="says what the released file says but is packed otherw"):
        export("waves", home / "out", said)


def test_damaged_data_of_the_project_are_refused(home):
    (home / "datasets/waves/waves.jsonl.gz").write_bytes(gzip.compress(b"{}\n"))
    with pytest.raises(DamagedFile, match="its content differs from the released file"):
        export("waves", home / "out", said)


def test_missing_data_are_told_how_to_get_them(home, tmp_path):
    (home / "datasets/waves/waves.jsonl.gz").unlink()
    with pytest.raises(DatasetMissing, match="sciml data get waves"):
        export("waves", home / "out", said)
    with pytest.raises(DatasetMissing, match="Put it beside its card, or correct"):
        export(str(home / "datasets/waves/card.yaml"), home / "out", said)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"citaton": "x"}, ":25: unknown key 'citaton'; did you mean 'citation'?"),
        ({"licence": "LicenseRef-Ours"}, "licence LicenseRef-Ours is not known to let changed"),
        ({"licence": None}, ":5: key 'licence' is missing; insert a line such as"),
        ({"name": "../waves"}, "name: expected letters, digits, '.', '_' and '-'"),
        ({"file": "README.md"}, "built.file: 'README.md' is a file of every bundle"),
        ({"published": "2026-02-30"}, "published: expected a day such as 2026-03-31"),
    ],
)
def test_a_wrong_card_is_told(tmp_path, changes, told):
    with pytest.raises(BadInput) as caught:
        export(str(own(tmp_path, **changes)), tmp_path / "out", said)
    assert told in str(caught.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("nothing/card.yaml", "nothing/card.yaml: no such file"),
        ("wavs", "no dataset 'wavs' in datasets; did you mean 'waves'?"),
        ("./datasets", "datasets: is a folder; expected a card: name datasets/card.yaml"),
    ],
)
def test_what_there_is_not_is_told(home, monkeypatch, name, told):
    monkeypatch.chdir(home)
    with pytest.raises(BadInput) as caught:
        export(name, home / "out", said)
    assert told in str(caught.value)


def test_a_card_without_a_day_of_release_is_told_what_stands_instead(card, tmp_path):
    lines: list[str] = []
    export(str(card), tmp_path / "a", lines.append)
    assert [line for line in lines if "the year of the citation, 1905, stands" in line]
    lines.clear()
    dated = own(tmp_path / "dated", published="2026-03-31")
    folder = export(str(dated), tmp_path / "b", lines.append).folder
    assert lines == []
    assert json.loads((folder / "croissant.json").read_text())["datePublished"] == "2026-03-31"


def test_faults_of_netcdf_are_told_and_change_nothing(tmp_path):
    data = tmp_path / "waves.nc"
    write_netcdf(data, xr.Dataset({"height": ("time", [1.0, 2.0])}))
    lines: list[str] = []
    bundle = export(str(own(tmp_path, file="waves.nc")), tmp_path / "out", lines.append)
    assert len(bundle.faults) == 3
    readme = (bundle.folder / "README.md").read_text()
    for fault in bundle.faults:
        assert f"waves: waves.nc: CF conventions: {fault}" in lines
        assert f"- {fault}\n" in readme
    assert (bundle.folder / "waves.nc").read_bytes() == data.read_bytes()


def test_a_format_that_is_not_known_is_released_without_fields(tmp_path):
    (tmp_path / "waves.bin").write_bytes(b"123")
    folder = export(str(own(tmp_path, file="waves.bin")), tmp_path / "out", said).folder
    document = json.loads((folder / "croissant.json").read_text())
    assert [one["@id"] for one in document["recordSet"]] == ["splits", "cases"]
    assert "## How to open" not in (folder / "README.md").read_text()


@pytest.mark.realdata
@pytest.mark.parametrize("name", ["ntnu_fixed_section_loads", "disprot_regions"])
def test_published_datasets_are_exported_as_they_are(name, tmp_path):
    try:
        bundle = export(name, tmp_path, said)
    except DatasetMissing as missing:
        pytest.skip(str(missing))
    card = yaml.safe_load((project_root() / "datasets" / name / "card.yaml").read_text())
    assert bundle.sha256[card["built"]["file"]] == card["built"]["sha256"]
    assert all(sha256(bundle.folder / file) == found for file, found in bundle.sha256.items())
