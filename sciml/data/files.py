"""Files of datasets: found, fetched from pinned sources, built, and always checked.

The network is used by :func:`get` and :func:`build` alone, and every file that they take from
somewhere is named on stderr.
"""

import importlib.util
import os
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, cast

import pooch  # pyright: ignore[reportMissingTypeStubs]
import xarray as xr

from sciml.core import talk
from sciml.core.errors import BadInput, DamagedFile, DatasetMissing, SciMLError
from sciml.core.paths import cache_folder, shown
from sciml.core.writing import sha256_of, write_with
from sciml.data.cards import Card, Original, Upstream, read_card
from sciml.data.digest import content_digest
from sciml.data.listing import card_path
from sciml.data.netcdf import open_netcdf

Say = Callable[[str], None]
Maker = Callable[[Mapping[str, Path], Path], None]  # originals by path or parts by name; target

DATA = "SCIML_DATA"  # folders searched for built files
ORIGINALS = "SCIML_ORIGINALS"  # mirrors laid out as owner/repository/commit/path

PAUSES = (1.0, 4.0)  # s, before the second and the third try of a download
_TIMEOUT = 30.0  # s without an answer
_CHUNK = 1 << 16  # bytes


def find(name: str) -> Path:
    """Find the built file of a dataset on this machine and check it; never uses the network.

    The cache comes first, then the folder of the card, where small data of our own are kept, then
    the folders in ``SCIML_DATA`` with all that is below them.

    Args:
        name: Name of the dataset.

    Returns:
        A file that is as released, or that says the same (see :func:`content_digest`).

    Raises:
        DatasetMissing: if it is nowhere; the text says where it was looked for.
        DamagedFile: if the first file of that name is not what the card says: a bad copy is
            never passed over in silence.
        BadInput: if there is no such dataset, or ``SCIML_DATA`` names a folder that is not there.
    """
    card = read_card(name)
    for path in _candidates(card):
        _check_built(card, path)
        return path
    raise DatasetMissing(
        f"dataset '{name}': no file {card.built.file} in {_places(card)}. {_remedies(name)}"
    )


def at_hand(name: str, say: Say = talk.say) -> Path:
    """Find a dataset, or put it together from parts below ``SCIML_DATA``; never uses the network.

    Args:
        name: Name of the dataset.
        say: Called with a line if the dataset is put together; it then stays in the cache.

    Returns:
        The built file.

    Raises:
        DatasetMissing: if neither the dataset nor all of its parts are here.
        DamagedFile: if a file is not what the card says.
        WriteFailed: if the cache cannot be written.
    """
    try:
        return find(name)
    except DatasetMissing:
        card = read_card(name)
        parts = _parts_here(card)
        if not card.parts or len(parts) < len(card.parts):
            raise
    target = _cached(card)
    say(f"{name}: putting {target} together from {len(parts)} parts")
    _written(card, _maker(name, "join"), parts)
    return target


def get(name: str, say: Say = talk.say) -> Path:
    """Find a dataset, put it together from its parts, or fetch its originals and build it.

    Args:
        name: Name of the dataset.
        say: Called with a line for each file that comes from somewhere.

    Returns:
        The built file.

    Raises:
        DatasetMissing: if it is not here and its originals cannot be reached.
        DamagedFile: if a file that was found or fetched is not what the card says.
        WriteFailed: if the cache cannot be written.
    """
    try:
        path = at_hand(name, say)
    except DatasetMissing:
        return build(name, say)
    say(f"{name}: found {path}")
    return path


def build(name: str, say: Say = talk.say) -> Path:
    """Build a dataset from its originals and put it into the cache.

    Originals are taken from the mirrors in ``SCIML_ORIGINALS``, then from the cache, then from
    their pinned address. Those that were fetched stay in the cache, so that a second call goes
    on where an interrupted one stopped.

    Args:
        name: Name of the dataset.
        say: Called with a line for each file that comes from somewhere.

    Returns:
        The built file; an old one is replaced once the new one is whole and checked.

    Raises:
        DatasetMissing: if an original cannot be reached.
        DamagedFile: if an original or the result is not what the card says.
        WriteFailed: if the cache cannot be written.
    """
    card = read_card(name)
    if card.parts and not card.sources:
        raise DatasetMissing(
            f"dataset '{name}': cannot be built, its originals are not pinned. Point {DATA} at a "
            f"folder that has {', '.join(part.path for part in card.parts)}."
        )
    make = _maker(name, "make")
    originals = _collected(card, say)
    target = _cached(card)
    say(f"{name}: building {target} from {len(originals)} original files")
    _written(card, make, originals)
    return target


def verify(name: str) -> Path:
    """Check a dataset on this machine, its content and those of its originals that are here.

    Args:
        name: Name of the dataset.

    Returns:
        The built file.

    Raises:
        DatasetMissing: if it is not here.
        DamagedFile: if a file is not what the card says.
    """
    card = read_card(name)
    path = find(name)
    if content_digest(path) != card.built.content_sha256:
        raise BadInput(
            f"{shown(card_path(name))}: content_sha256 is not that of {card.built.file} as "
            f"released; expected {content_digest(path)}"
        )
    originals_here(name)
    return path


def originals_here(name: str) -> dict[str, Path]:
    """The originals of a dataset that are on this machine, in a mirror or in the cache.

    Args:
        name: Name of the dataset.

    Returns:
        A checked copy of each, by its path in the repository.

    Raises:
        DamagedFile: if a copy has another checksum than the card says.
    """
    here: dict[str, Path] = {}
    for upstream, original in _originals(read_card(name)):
        for copy in _copies(upstream, original)[:1]:
            _check_original(name, original, copy)
            here[original.path] = copy
    return here


def open_dataset(name: str) -> xr.Dataset:
    """Read the built netCDF file of a dataset into memory; see :func:`find` for what can fail."""
    return open_netcdf(find(name))


def _cached(card: Card) -> Path:
    """Where the built file is kept."""
    return cache_folder() / "datasets" / card.name / card.built.file


def _beside(card: Card) -> Path:
    """Where the built file is when it comes with the project."""
    return card_path(card.name).with_name(card.built.file)


def _kept(upstream: Upstream, original: Original) -> Path:
    """Where a fetched original is kept: the cache is laid out like a mirror."""
    return cache_folder() / "originals" / _mirror_path(upstream, original)


def _mirror_path(upstream: Upstream, original: Original) -> Path:
    """The place of an original inside a mirror."""
    return Path(upstream.repository, upstream.commit, original.path)


def _folders(variable: str) -> list[Path]:
    """The folders that an environment variable lists."""
    names = [name for name in os.environ.get(variable, "").split(os.pathsep) if name]
    folders = [Path(name).expanduser() for name in names]
    for folder in folders:
        if not folder.is_dir():
            raise BadInput(f"{variable}: no folder {folder}; correct the variable or unset it")
    return folders


def _candidates(card: Card) -> Iterator[Path]:
    """Files that bear the name of the built file, in the order of the search."""
    folders = _folders(DATA)
    for path in (_cached(card), _beside(card)):
        if path.is_file():
            yield path
    for folder in folders:
        yield from sorted(path for path in folder.rglob(card.built.file) if path.is_file())


def _places(card: Card) -> str:
    """Where a built file is looked for, for the error text."""
    folders = _folders(DATA)
    below = f" or below {', '.join(map(str, folders))}" if folders else ""
    return f"{_cached(card).parent}{below}" + ("" if folders else f" ({DATA} is not set)")


def _remedies(name: str) -> str:
    """The two ways to a dataset."""
    return f"Get it with `sciml data get {name}`, or point {DATA} at a folder that has it."


def _check_built(card: Card, path: Path) -> None:
    """Refuse a built file that neither is the released one nor says the same."""
    found = sha256_of(path)
    if found == card.built.sha256:
        return
    try:
        same = content_digest(path) == card.built.content_sha256
        reason = "its content differs from the released file"
    except DamagedFile as damage:
        same = False
        reason = str(damage).removeprefix(f"{path}: ").partition(". ")[0]
    if not same:
        raise DamagedFile(
            f"{path}: expected sha256 {card.built.sha256}, found {found}; {reason}. Delete it, or "
            f"run `sciml data build {card.name}`, which puts a good copy where it is found first."
        )


def _check_result(card: Card, part: Path) -> None:
    """Refuse the result of a builder that does not say what the released file says."""
    found = content_digest(part)
    if found != card.built.content_sha256:
        raise DamagedFile(
            f"{_cached(card)}: the builder gave another content than the card of '{card.name}' "
            f"says: expected content sha256 {card.built.content_sha256}, found {found}; nothing "
            "was kept. See with `sciml doctor` whether the installed packages are the locked ones."
        )


def _written(card: Card, make: Maker, sources: Mapping[str, Path]) -> None:
    """Let a builder write into the cache, and keep what the card says only."""

    def make_checked(part: Path) -> None:
        make(sources, part)
        _check_result(card, part)

    write_with(_cached(card), make_checked)


def _parts_here(card: Card) -> dict[str, Path]:
    """The parts of a dataset below the folders in ``SCIML_DATA``, each as the card says."""
    here: dict[str, Path] = {}
    for part in card.parts:
        copies = (path for folder in _folders(DATA) for path in sorted(folder.rglob(part.path)))
        path = next((path for path in copies if path.is_file()), None)
        if path is None:
            continue
        found = sha256_of(path)
        if found != part.sha256:
            raise DamagedFile(
                f"{path}: expected sha256 {part.sha256}, found {found}. Copy it again, or run "
                f"`sciml data build {card.name}`, which uses the original files instead."
            )
        here[part.file] = path
    return here


def _maker(name: str, function: Literal["make", "join"]) -> Maker:
    """A function of a dataset's `make.py`."""
    path = card_path(name).with_name("make.py")
    spec = importlib.util.spec_from_file_location(f"sciml_datasets_{name}", path)
    if not path.is_file() or spec is None or spec.loader is None:
        raise BadInput(f"{shown(path)}: no such file, so dataset '{name}' cannot be built")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    maker: Maker | None = getattr(module, function, None)
    if maker is None:
        raise BadInput(f"{shown(path)}: has no function {function}; write it")
    return maker


def _collected(card: Card, say: Say) -> dict[str, Path]:
    """All originals of a dataset on this machine, by their path in the repository."""
    wanted = list(_originals(card))
    originals: dict[str, Path] = {}
    for number, (upstream, original) in enumerate(wanted, 1):
        count = f"{number} of {len(wanted)}"
        originals[original.path] = _obtained(card.name, upstream, original, count, say)
    return originals


def _originals(card: Card) -> Iterator[tuple[Upstream, Original]]:
    """Each original of a dataset with its repository."""
    for upstream in card.sources:
        for original in upstream.files:
            yield upstream, original


def _obtained(name: str, upstream: Upstream, original: Original, count: str, say: Say) -> Path:
    """An original: from a mirror, from the cache or from its pinned address."""
    kept = _kept(upstream, original)
    for copy in _copies(upstream, original):
        if copy == kept and sha256_of(copy) != original.sha256:
            say(f"{name}: {copy} is damaged and is fetched again")
            continue
        _check_original(name, original, copy)
        say(f"{name}: {count}: {copy}")
        return copy
    url = upstream.url(original)
    say(f"{name}: {count}: {url}")
    try:
        _download(url, kept, original.sha256)
    except SciMLError:
        raise
    except OSError as error:  # what requests raises when there is no network or no such file
        raise DatasetMissing(
            f"dataset '{name}': {url} cannot be fetched ({_short(error)}). What was fetched is "
            f"kept: run `sciml data get {name}` again when there is a network. Without one, point "
            f"{ORIGINALS} at a mirror that has {_mirror_path(upstream, original)}, or {DATA} at a "
            "folder that has the built file."
        ) from error
    return kept


def _copies(upstream: Upstream, original: Original) -> list[Path]:
    """The copies of an original on this machine, mirrors first."""
    places = [folder / _mirror_path(upstream, original) for folder in _folders(ORIGINALS)]
    return [path for path in (*places, _kept(upstream, original)) if path.is_file()]


def _check_original(name: str, original: Original, path: Path) -> None:
    """Refuse a copy of an original with another checksum."""
    found = sha256_of(path)
    if found != original.sha256:
        raise DamagedFile(
            f"{path}: expected sha256 {original.sha256}, found {found}. Delete this copy and run "
            f"`sciml data get {name}` again."
        )


def _download(url: str, target: Path, sha256: str) -> None:
    """Fetch a file whole or not at all, with a few tries, and check it before it is kept."""

    def fetch(part: Path) -> None:
        with talk.progress(1, target.name) as bar:
            bar.unit, bar.unit_scale = "B", True
            fetched = pooch.HTTPDownloader(cast(Any, bar), chunk_size=_CHUNK, timeout=_TIMEOUT)
            fetched(url, str(part), None)
        found = sha256_of(part)
        if found != sha256:
            raise DamagedFile(
                f"{url}: expected sha256 {sha256}, got a file with {found}; nothing was kept. Try "
                "again; if it stays so, a proxy or the source has changed the file."
            )

    for pause in PAUSES:
        try:
            return write_with(target, fetch)
        except SciMLError:
            raise
        except OSError as error:
            if getattr(error, "response", None) is not None:  # the server answered: no such file
                raise
            time.sleep(pause)
    return write_with(target, fetch)


def _short(error: OSError) -> str:
    """The first line of a network error, without the addresses of objects."""
    response = getattr(error, "response", None)
    if response is not None:
        return f"the server answered {response.status_code}"
    return "no answer: is there a network?" if error.errno is None else str(error)
