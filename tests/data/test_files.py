"""Files of datasets: found, fetched, built; every failure with its exact text, no network."""

import errno
import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pooch
import pytest
import requests
import xarray as xr

from sciml.core.errors import BadInput, DamagedFile, DatasetMissing, WriteFailed
from sciml.data import files
from sciml.data.digest import content_digest
from sciml.data.netcdf import write_netcdf

COMMIT = "b" * 40
ORIGINALS = {"data/1.csv": b"1.5\n2.5\n", "data/2.csv": b"3.5\n"}

MAKE = """\
import numpy as np
import xarray as xr

from sciml.data.netcdf import write_netcdf


def make(originals, target):
    values = np.concatenate([np.loadtxt(path, ndmin=1) for path in originals.values()])
    write_netcdf(target, xr.Dataset({"force": ("time", values)}))
"""


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def waves(path: Path, values=(1.5, 2.5, 3.5), **encoding) -> Path:
    write_netcdf(path, xr.Dataset({"force": ("time", np.array(values))}), {"force": encoding})
    return path


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with the dataset `waves`, an empty cache and no network."""
    for folder in ("datasets/waves", "notebooks", "recipes", "sciml"):
        (tmp_path / folder).mkdir(parents=True)
    released = waves(tmp_path / "released.nc")
    card = f"""\
name: waves
title: Waves
description: Waves
kind: measured
licence: CC0-1.0
licence_group: public-domain
citation: Nobody (2025)
built:
  file: waves.nc
  sha256: {sha256(released.read_bytes())}
  content_sha256: {content_digest(released)}
upstream:
  repository: owner/waves
  commit: {COMMIT}
  files:
"""
    for path, content in ORIGINALS.items():
        card += f"    - path: {path}\n      sha256: {sha256(content)}\n"
    (tmp_path / "datasets/waves/card.yaml").write_text(card)
    (tmp_path / "datasets/waves/make.py").write_text(MAKE)
    monkeypatch.setenv("SCIML_HOME", str(tmp_path))
    monkeypatch.setenv("SCIML_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("SCIML_DATA", raising=False)
    monkeypatch.delenv("SCIML_ORIGINALS", raising=False)
    monkeypatch.setattr(files, "PAUSES", (0.0, 0.0))
    serve(monkeypatch, offline)
    return tmp_path


def serve(monkeypatch: pytest.MonkeyPatch, answer: Callable[[str], bytes]) -> None:
    """Let downloads get their content from a function of the address."""

    class Downloader:
        def __init__(self, *args: object, **kwargs: object) -> None:
            pass

        def __call__(self, url: str, output_file: str, _: object) -> None:
            with Path(output_file).open("wb") as file:
                file.write(b"1.")  # as a real download: something is there before it fails
                file.seek(0)
                file.write(answer(url))

    monkeypatch.setattr(pooch, "HTTPDownloader", Downloader)


def offline(url: str) -> bytes:
    raise requests.ConnectionError("no route")


def online(url: str) -> bytes:
    return ORIGINALS["/".join(url.split("/")[-2:])]


def kept_files(home: Path) -> list[str]:
    cache = home / "cache"
    return sorted(str(path.relative_to(cache)) for path in cache.rglob("*") if path.is_file())


def test_a_missing_dataset_is_told_both_ways_to_get_it(home):
    with pytest.raises(DatasetMissing) as caught:
        files.find("waves")
    assert str(caught.value) == (
        f"dataset 'waves': no file waves.nc in {home}/cache/datasets/waves (SCIML_DATA is not "
        "set). Get it with `sciml data get waves`, or point SCIML_DATA at a folder that has it."
    )


def test_the_places_that_were_searched_are_named(home, monkeypatch):
    (home / "mine").mkdir()
    monkeypatch.setenv("SCIML_DATA", str(home / "mine"))
    with pytest.raises(DatasetMissing, match=f"datasets/waves or below {home}/mine. Get it"):
        files.find("waves")


def test_a_file_beside_its_card_is_found_without_a_cache_or_a_network(home):
    beside = waves(home / "datasets/waves/waves.nc")
    assert files.find("waves") == files.verify("waves") == beside
    assert kept_files(home) == []


def test_a_damaged_file_beside_its_card_is_not_passed_over(home, monkeypatch):
    waves(home / "datasets/waves/waves.nc", values=(1.5, 2.5, 9.0))
    (home / "mine").mkdir()
    waves(home / "mine/waves.nc")
    monkeypatch.setenv("SCIML_DATA", str(home / "mine"))
    with pytest.raises(DamagedFile, match=r"datasets/waves/waves.nc: expected sha256"):
        files.find("waves")


def test_a_rebuilt_copy_comes_before_the_file_beside_the_card(home, monkeypatch):
    waves(home / "datasets/waves/waves.nc", values=(1.5, 2.5, 9.0))
    serve(monkeypatch, online)
    assert files.build("waves", lambda _: None) == files.find("waves")
    assert files.find("waves").is_relative_to(home / "cache")


def test_a_folder_that_is_not_there_is_named(home, monkeypatch):
    monkeypatch.setenv("SCIML_DATA", "/nowhere")
    with pytest.raises(BadInput) as caught:
        files.find("waves")
    assert str(caught.value) == ("SCIML_DATA: no folder /nowhere; correct the variable or unset it")


def test_a_file_is_found_below_the_given_folders(home, monkeypatch):
    (home / "empty").mkdir()
    (home / "mine/deep").mkdir(parents=True)
    path = waves(home / "mine/deep/waves.nc")
    monkeypatch.setenv("SCIML_DATA", f"{home / 'empty'}:{home / 'mine'}")
    assert files.find("waves") == path
    assert files.verify("waves") == path
    np.testing.assert_array_equal(files.open_dataset("waves")["force"], [1.5, 2.5, 3.5])


def test_a_file_with_other_bytes_and_the_same_content_is_accepted(home, monkeypatch):
    (home / "mine").mkdir()
    path = waves(home / "mine/waves.nc", zlib=True)
    assert path.read_bytes() != (home / "released.nc").read_bytes()
    monkeypatch.setenv("SCIML_DATA", str(home / "mine"))
    assert files.find("waves") == path


def test_another_content_is_refused_and_not_passed_over(home, monkeypatch):
    for folder in ("a", "b"):
        (home / folder).mkdir()
    path = waves(home / "a/waves.nc", (1.5, 2.5, 3.6))
    waves(home / "b/waves.nc")
    monkeypatch.setenv("SCIML_DATA", f"{home / 'a'}:{home / 'b'}")
    expected, found = (sha256(p.read_bytes()) for p in (home / "released.nc", path))
    with pytest.raises(DamagedFile) as caught:
        files.find("waves")
    assert str(caught.value) == (
        f"{path}: expected sha256 {expected}, found {found}; its content differs from the released "
        "file. Delete it, or run `sciml data build waves`, which puts a good copy where it is "
        "found first."
    )


def test_a_truncated_file_is_refused(home, monkeypatch):
    (home / "mine").mkdir()
    path = home / "mine/waves.nc"
    path.write_bytes((home / "released.nc").read_bytes()[:3000])
    monkeypatch.setenv("SCIML_DATA", str(home / "mine"))
    with pytest.raises(DamagedFile, match=r"; cannot be read as netCDF \(.*\)\. Delete it, or run"):
        files.find("waves")


def test_get_downloads_checks_and_builds_and_says_so(home, monkeypatch):
    serve(monkeypatch, online)
    said: list[str] = []
    path = files.get("waves", said.append)
    assert path == home / "cache/datasets/waves/waves.nc"
    assert path.read_bytes() == (home / "released.nc").read_bytes()
    url = f"https://raw.githubusercontent.com/owner/waves/{COMMIT}/data"
    assert said == [
        f"waves: 1 of 2: {url}/1.csv",
        f"waves: 2 of 2: {url}/2.csv",
        f"waves: building {path} from 2 original files",
    ]
    serve(monkeypatch, offline)
    assert files.get("waves", said.append) == path
    assert said[-1] == f"waves: found {path}"


def test_get_tells_stderr_unless_told_otherwise(home, monkeypatch, capsys):
    serve(monkeypatch, online)
    files.get("waves")
    assert (
        "waves: 1 of 2: https://raw.githubusercontent.com/owner/waves/" in capsys.readouterr().err
    )


def test_a_mirror_comes_before_the_network(home, monkeypatch):
    for path, content in ORIGINALS.items():
        copy = home / "mirror/owner/waves" / COMMIT / path
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(content)
    monkeypatch.setenv("SCIML_ORIGINALS", str(home / "mirror"))
    assert files.get("waves", lambda _: None).is_file()
    assert kept_files(home) == ["datasets/waves/waves.nc"]  # nothing is copied from a mirror
    assert set(files.originals_here("waves")) == set(ORIGINALS)


def test_without_network_get_says_what_is_kept_and_what_to_do(home):
    with pytest.raises(DatasetMissing) as caught:
        files.get("waves", lambda _: None)
    assert str(caught.value) == (
        f"dataset 'waves': https://raw.githubusercontent.com/owner/waves/{COMMIT}/data/1.csv "
        "cannot be fetched (no answer: is there a network?). What was fetched is kept: run `sciml "
        "data get waves` again when there is a network. Without one, point SCIML_ORIGINALS at a "
        f"mirror that has owner/waves/{COMMIT}/data/1.csv, or SCIML_DATA at a folder that has the "
        "built file."
    )
    assert kept_files(home) == []


def test_an_answer_from_the_server_is_not_asked_for_again(home, monkeypatch):
    asked: list[str] = []

    def gone(url: str) -> bytes:
        asked.append(url)
        response = requests.Response()
        response.status_code = 404
        raise requests.HTTPError(response=response)

    serve(monkeypatch, gone)
    with pytest.raises(DatasetMissing, match=r"cannot be fetched \(the server answered 404\)"):
        files.get("waves", lambda _: None)
    assert len(asked) == 1


def test_a_broken_connection_is_tried_again(home, monkeypatch):
    tries: list[str] = []

    def flaky(url: str) -> bytes:
        tries.append(url)
        return online(url) if len(tries) > 2 else offline(url)

    serve(monkeypatch, flaky)
    assert files.get("waves", lambda _: None).is_file()
    assert len(tries) == 4


@pytest.mark.parametrize("stop", [KeyboardInterrupt, requests.ConnectionError])
def test_an_interrupted_download_leaves_nothing_half_written_and_can_go_on(home, monkeypatch, stop):
    def cut(url: str) -> bytes:
        if url.endswith("2.csv"):
            raise stop
        return online(url)

    serve(monkeypatch, cut)
    with pytest.raises((KeyboardInterrupt, DatasetMissing)):
        files.get("waves", lambda _: None)
    assert kept_files(home) == [f"originals/owner/waves/{COMMIT}/data/1.csv"]

    asked: list[str] = []

    def rest(url: str) -> bytes:
        asked.append(url)
        return online(url)

    serve(monkeypatch, rest)
    assert files.get("waves", lambda _: None).is_file()
    assert [url[-5:] for url in asked] == ["2.csv"]


def test_a_download_with_another_checksum_is_not_kept(home, monkeypatch):
    serve(monkeypatch, lambda _: b"<html>a proxy was here</html>")
    with pytest.raises(DamagedFile) as caught:
        files.get("waves", lambda _: None)
    assert str(caught.value) == (
        f"https://raw.githubusercontent.com/owner/waves/{COMMIT}/data/1.csv: expected sha256 "
        f"{sha256(ORIGINALS['data/1.csv'])}, got a file with "
        f"{sha256(b'<html>a proxy was here</html>')}; nothing was kept. Try again; if it stays so, "
        "a proxy or the source has changed the file."
    )
    assert kept_files(home) == []


def test_a_damaged_file_in_a_mirror_is_refused(home, monkeypatch):
    copy = home / "mirror/owner/waves" / COMMIT / "data/1.csv"
    copy.parent.mkdir(parents=True)
    copy.write_bytes(b"damaged")
    monkeypatch.setenv("SCIML_ORIGINALS", str(home / "mirror"))
    with pytest.raises(DamagedFile) as caught:
        files.get("waves", lambda _: None)
    assert str(caught.value) == (
        f"{copy}: expected sha256 {sha256(ORIGINALS['data/1.csv'])}, found {sha256(b'damaged')}. "
        "Delete this copy and run `sciml data get waves` again."
    )
    with pytest.raises(DamagedFile, match=r"data/1\.csv: expected sha256"):
        files.originals_here("waves")


def test_a_damaged_original_in_the_cache_is_fetched_again(home, monkeypatch):
    copy = home / "cache/originals/owner/waves" / COMMIT / "data/1.csv"
    copy.parent.mkdir(parents=True)
    copy.write_bytes(b"damaged")
    serve(monkeypatch, online)
    said: list[str] = []
    assert files.get("waves", said.append).is_file()
    assert said[0] == f"waves: {copy} is damaged and is fetched again"


def test_build_mends_a_damaged_file_in_the_cache(home, monkeypatch):
    serve(monkeypatch, online)
    path = files.get("waves", lambda _: None)
    path.write_bytes(b"damaged")
    with pytest.raises(DamagedFile, match="run `sciml data build waves`"):
        files.get("waves", lambda _: None)
    assert files.build("waves", lambda _: None) == files.find("waves") == path


def test_a_builder_that_gives_another_content_is_refused(home, monkeypatch):
    make = home / "datasets/waves/make.py"
    make.write_text(MAKE.replace("np.concatenate(", "2 * np.concatenate("))
    serve(monkeypatch, online)
    with pytest.raises(DamagedFile, match="the builder gave another content than the card of"):
        files.build("waves", lambda _: None)
    assert not (home / "cache/datasets/waves/waves.nc").exists()


def test_a_dataset_without_builder_says_so(home):
    (home / "datasets/waves/make.py").unlink()
    with pytest.raises(BadInput) as caught:
        files.build("waves", lambda _: None)
    assert str(caught.value) == (
        "datasets/waves/make.py: no such file, so dataset 'waves' cannot be built"
    )


def test_a_dataset_without_originals_is_computed(home):
    card = home / "datasets/waves/card.yaml"
    card.write_text(card.read_text().partition("upstream:")[0])
    computed = MAKE.replace(
        "[np.loadtxt(path, ndmin=1) for path in originals.values()]", "[VALUES]"
    )
    make = home / "datasets/waves/make.py"
    make.write_text(computed.replace("\n\n\ndef", "\n\nVALUES = [1.5, 2.5, 3.5]\n\n\ndef"))
    assert files.build("waves", lambda _: None) == files.verify("waves")
    assert files.originals_here("waves") == {}


def test_verify_says_when_the_card_has_another_content_digest(home, monkeypatch):
    card = home / "datasets/waves/card.yaml"
    digest = content_digest(home / "released.nc")
    card.write_text(card.read_text().replace(digest, "f" * 64))
    (home / "mine").mkdir()
    waves(home / "mine/waves.nc")
    monkeypatch.setenv("SCIML_DATA", str(home / "mine"))
    with pytest.raises(BadInput, match=f"content_sha256 is not that of .*; expected {digest}"):
        files.verify("waves")


def test_a_full_disk_while_downloading_says_so(home, monkeypatch):
    def full(url: str) -> bytes:
        raise OSError(errno.ENOSPC, "No space left on device")

    serve(monkeypatch, full)
    with pytest.raises(WriteFailed) as caught:
        files.get("waves", lambda _: None)
    assert str(caught.value) == (
        f"{home}/cache/originals/owner/waves/{COMMIT}/data/1.csv: the disk is full; what was there "
        "before is kept. Make room and run the same command again."
    )


def test_a_full_disk_while_building_keeps_the_old_file(home, monkeypatch):
    serve(monkeypatch, online)
    path = files.get("waves", lambda _: None)

    def full(*args: object, **kwargs: object) -> None:
        raise RuntimeError("NetCDF: HDF error")  # what the library says then

    usage = shutil.disk_usage(home)._replace(free=0)
    monkeypatch.setattr(xr.Dataset, "to_netcdf", full)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(WriteFailed, match=f"{path}: the disk is full"):
        files.build("waves", lambda _: None)
    assert files.find("waves") == path
    assert not list(path.parent.glob(".part-*"))


JOIN = """

def join(parts, target):
    make({name: parts[name] for name in ("first.csv", "second.csv")}, target)
"""
PARTS = {"first.csv": b"1.5\n2.5\n", "second.csv": b"3.5\n"}


def in_parts(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two parts that together say what the dataset says, in a folder of ``SCIML_DATA``."""
    card = home / "datasets/waves/card.yaml"
    lines = [f"  - file: {name}\n    sha256: {sha256(text)}\n" for name, text in PARTS.items()]
    card.write_text(card.read_text() + "parts:\n" + "".join(lines))
    make = home / "datasets/waves/make.py"
    make.write_text(make.read_text() + JOIN)
    folder = home / "mine/below"
    folder.mkdir(parents=True)
    for name, content in PARTS.items():
        (folder / name).write_bytes(content)
    monkeypatch.setenv("SCIML_DATA", str(home / "mine"))
    return folder


def test_parts_are_joined_without_a_network_and_the_result_is_kept(home, monkeypatch):
    folder = in_parts(home, monkeypatch)
    said: list[str] = []
    path = files.at_hand("waves", said.append)
    assert path == home / "cache/datasets/waves/waves.nc"
    assert said == [f"waves: putting {path} together from 2 parts"]
    (folder / "first.csv").unlink()
    assert files.at_hand("waves", said.append) == files.get("waves", said.append) == path
    assert len(said) == 2  # found by get


def test_a_part_alone_is_not_enough(home, monkeypatch):
    (in_parts(home, monkeypatch) / "second.csv").unlink()
    with pytest.raises(DatasetMissing, match=r"dataset 'waves': no file waves\.nc"):
        files.at_hand("waves")
    assert kept_files(home) == []


def test_a_damaged_part_is_named(home, monkeypatch):
    (in_parts(home, monkeypatch) / "second.csv").write_bytes(b"3.6\n")
    with pytest.raises(DamagedFile, match=r"second\.csv: expected sha256 .* `sciml data build"):
        files.at_hand("waves")


def test_parts_that_say_something_else_are_not_kept(home, monkeypatch):
    in_parts(home, monkeypatch)
    make = home / "datasets/waves/make.py"
    make.write_text(make.read_text().replace('"first.csv", "second.csv"', '"second.csv",'))
    with pytest.raises(DamagedFile, match="the builder gave another content"):
        files.at_hand("waves")
    assert kept_files(home) == []


def test_a_builder_that_cannot_join_says_so(home, monkeypatch):
    in_parts(home, monkeypatch)
    (home / "datasets/waves/make.py").write_text(MAKE)
    with pytest.raises(BadInput, match=r"make\.py: has no function join"):
        files.at_hand("waves")


def test_a_dataset_of_parts_alone_asks_for_them(home, monkeypatch):
    (in_parts(home, monkeypatch) / "second.csv").unlink()
    card = home / "datasets/waves/card.yaml"
    before, _, after = card.read_text().partition("upstream:")
    card.write_text(before + "parts:" + after.partition("parts:")[2])
    with pytest.raises(DatasetMissing, match=r"not pinned\. .* that has first\.csv, second\.csv"):
        files.get("waves")


def in_folders(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Parts whose names others have, too: the card says in which folder they are."""
    folder = in_parts(home, monkeypatch)
    card = home / "datasets/waves/card.yaml"
    for name in PARTS:
        said = f"  - file: {name}\n"
        card.write_text(card.read_text().replace(said, said + "    folder: below\n"))
    others = home / "mine/another"
    others.mkdir()
    for name in PARTS:
        (others / name).write_bytes(b"of another dataset")
    return folder


def test_parts_that_share_their_names_are_told_apart_by_their_folder(home, monkeypatch):
    in_folders(home, monkeypatch)
    path = files.at_hand("waves", lambda _: None)
    assert content_digest(path) == content_digest(home / "released.nc")


def test_a_part_of_another_folder_is_not_taken(home, monkeypatch):
    (in_folders(home, monkeypatch) / "second.csv").unlink()
    with pytest.raises(DatasetMissing, match=r"dataset 'waves': no file waves\.nc"):
        files.at_hand("waves")


def test_a_damaged_part_of_the_right_folder_is_named(home, monkeypatch):
    (in_folders(home, monkeypatch) / "second.csv").write_bytes(b"3.6\n")
    with pytest.raises(DamagedFile, match=r"below/second\.csv: expected sha256"):
        files.at_hand("waves")
