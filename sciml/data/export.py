"""Release a dataset: one folder with all that an archive and its readers need.

The same data and card give the same bundle, byte for byte: no date but those of the card.
"""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from sciml.core import talk
from sciml.core.errors import BadInput, DamagedFile, DatasetMissing
from sciml.core.paths import shown
from sciml.core.writing import sha256_of, whole_folder, write_bytes, write_json, write_text
from sciml.data.cards import FILE_NAME, Card, read_card, read_card_file
from sciml.data.digest import content_digest
from sciml.data.files import at_hand, verify
from sciml.data.listing import CARD_FILE, card_path
from sciml.data.release.citation import citation_file, date_published
from sciml.data.release.contents import Contents, contents
from sciml.data.release.conventions import convention_faults
from sciml.data.release.crate import CRATE_FILE, Described, crate
from sciml.data.release.croissant import croissant
from sciml.data.release.leaflet import licence_text, readme
from sciml.data.release.licences import require_passing_on

EXPORTS = Path("exports")  # in the working folder
SUMS_FILE = "SHA256SUMS"

_MEANINGS = {
    CARD_FILE: ("Card of the dataset: licence, sources with checksums, splits.", "text/yaml"),
    "LICENSE.txt": ("Licences and what has to stay with the data.", "text/plain"),
    "CITATION.cff": ("How to cite the dataset.", "text/yaml"),
    "README.md": ("Description for people.", "text/markdown"),
    "croissant.json": ("Description for tools of machine learning.", "application/ld+json"),
}


class Bundle(NamedTuple):
    """A released dataset."""

    folder: Path
    sha256: dict[str, str]  # of each file but the list of checksums itself
    faults: tuple[str, ...]  # what the CF conventions ask for and the data do not do


class _Source(NamedTuple):
    """A dataset that can be released."""

    card: Card
    card_file: Path
    data: Path


def export(name: str, folder: Path = EXPORTS, say: Callable[[str], None] = talk.say) -> Bundle:
    """Write the bundle of a dataset; an old one of the same dataset is replaced.

    Args:
        name: Of a dataset; or the path of a card, ``.../card.yaml``, beside which its data file is.
        folder: Where the folder of the bundle is made.
        say: Called with a line for each fault of the data file that readers may stumble over.

    Returns:
        What was written.

    Raises:
        BadInput: if there is no such dataset, its card is wrong, it may not be passed on, or
            something else has the name of the bundle.
        DatasetMissing: if its data are not on this machine.
        DamagedFile: if they are not what the card says.
        WriteFailed: if the folder cannot be written; what was there before is kept.
    """
    source = _own(Path(name)) if _is_path(name) else _published(name, say)
    card = source.card
    inside = contents(source.data)
    faults = convention_faults(source.data) if source.data.suffix == ".nc" else ()
    target = folder / card.name
    _require_free(target, card)
    with whole_folder(target) as part:
        _fill(part, source, inside, faults)
        sums = _checksums(part)
        write_text(part / SUMS_FILE, "".join(f"{sha}  {file}\n" for file, sha in sums.items()))
    for fault in faults:
        say(f"{card.name}: {card.built.file}: CF conventions: {fault}")
    _say_date(card, say)
    return Bundle(target, sums, faults)


def _say_date(card: Card, say: Callable[[str], None]) -> None:
    """Tell which date stands in the bundle if the card has none."""
    if card.published is None:
        year = date_published(card)
        taken = f"the year of the citation, {year}, stands" if year else "no date stands"
        say(
            f"{card.name}: the card has no day of release, so {taken} in the metadata; a line "
            "`published: YYYY-MM-DD` on the card says it"
        )


def _is_path(name: str) -> bool:
    """Whether a name is the path of a card."""
    return "/" in name or name.endswith((".yaml", ".yml"))


def _published(name: str, say: Callable[[str], None]) -> _Source:
    """A dataset of the project, found or put together and verified."""
    card = read_card(name)
    require_passing_on(card)
    at_hand(name, say)
    data = verify(name)
    found = sha256_of(data)
    if found != card.built.sha256:
        raise DamagedFile(
            f"{data}: says what the released file says but is packed otherwise: expected sha256 "
            f"{card.built.sha256}, found {found}; a release has the bytes that its card names. "
            f"Put a file with this sha256 into a folder of SCIML_DATA and delete this one."
        )
    return _Source(card, card_path(name), data)


def _own(path: Path) -> _Source:
    """A dataset of the user's own: a card with the data beside it."""
    if path.is_dir():
        raise BadInput(f"{path}: is a folder; expected a card: name {path / CARD_FILE}")
    card = read_card_file(path)
    if FILE_NAME.fullmatch(card.name) is None:
        raise BadInput(
            f"{path}: name: expected letters, digits, '.', '_' and '-', because a folder gets "
            f"this name; got '{card.name}'"
        )
    require_passing_on(card)
    if card.built.file in {*_MEANINGS, CRATE_FILE, SUMS_FILE}:
        raise BadInput(
            f"{path}: built.file: '{card.built.file}' is a file of every bundle; rename the data"
        )
    data = path.with_name(card.built.file)
    if not data.is_file():
        raise DatasetMissing(
            f"dataset '{card.name}': no file {data}. Put it beside its card, or correct "
            "built.file; a dataset of this project is exported by its name alone."
        )
    _check_own(path, card, data)
    return _Source(card, path, data)


def _check_own(path: Path, card: Card, data: Path) -> None:
    """Refuse data that are not what their own card says."""
    for key, said, found in (
        ("sha256", card.built.sha256, sha256_of(data)),
        ("content_sha256", card.built.content_sha256, content_digest(data)),
    ):
        if found != said:
            raise DamagedFile(
                f"{data}: expected {key} {said}, found {found}. Put the file back that the card "
                f"describes; if this is the one to release, write its {key} into {path}."
            )


def _fill(part: Path, source: _Source, inside: Contents, faults: tuple[str, ...]) -> None:
    """Write all files but the checksums."""
    card = source.card
    copy = part / card.built.file
    shutil.copyfile(source.data, copy)
    if sha256_of(copy) != card.built.sha256:
        raise DamagedFile(f"{source.data}: changed while it was copied; export it again")
    write_bytes(part / CARD_FILE, source.card_file.read_bytes())
    write_text(part / "LICENSE.txt", licence_text(card))
    write_text(part / "CITATION.cff", citation_file(card))
    write_text(part / "README.md", readme(card, inside, faults))
    write_json(part / "croissant.json", croissant(card, inside, copy.stat().st_size))
    described = {name: _described(part / name, *_MEANINGS[name]) for name in _MEANINGS}
    described[copy.name] = _described(copy, f"The data: {card.title}", *inside.media_types)
    write_json(part / CRATE_FILE, crate(card, described))


def _described(path: Path, meaning: str, *media_types: str) -> Described:
    """A file as the crate names it."""
    return Described(meaning, media_types, path.stat().st_size, sha256_of(path))


def _checksums(folder: Path) -> dict[str, str]:
    """The SHA-256 of each file of a bundle, but of the list of checksums itself."""
    files = sorted(path for path in folder.iterdir() if path.name != SUMS_FILE)
    return {path.name: sha256_of(path) for path in files}


def _require_free(target: Path, card: Card) -> None:
    """Refuse to replace anything but an unchanged bundle of the same dataset."""
    if not target.exists() and not target.is_symlink():
        return
    strange = _not_of_bundle(target, card)
    if strange:
        raise BadInput(
            f"{shown(target)}: {strange}, so it is not replaced; expected a bundle of "
            f"'{card.name}' as it was exported, or nothing. Move it away, or name another folder "
            "with -o."
        )


def _not_of_bundle(target: Path, card: Card) -> str:
    """What in a folder is not of a bundle of a dataset as it was exported, or nothing."""
    if target.is_symlink() or not (target / SUMS_FILE).is_file():
        return f"is there and has no {SUMS_FILE} of a bundle"
    lines = (target / SUMS_FILE).read_text(encoding="utf-8", errors="replace").splitlines()
    said = {name: sha for sha, _, name in (line.partition("  ") for line in lines)}
    for path in sorted(target.iterdir()):
        if path.name == SUMS_FILE:
            continue
        if path.is_symlink() or not path.is_file() or path.name not in said:
            return f"has {path.name}, which was not exported"
        if sha256_of(path) != said[path.name]:
            return f"has {path.name}, which was changed since it was exported"
    if not (target / CARD_FILE).is_file() or read_card_file(target / CARD_FILE).name != card.name:
        return "is the bundle of another dataset"
    return ""
