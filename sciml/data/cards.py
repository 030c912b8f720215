"""Cards: what a dataset is, whose it is, where it comes from and how it is split."""

import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import quote

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression
from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator

from sciml.core.errors import BadInput
from sciml.core.settings import Document, Settings, read_document, validated
from sciml.data.listing import card_names, card_path

__all__ = [
    "FILE_NAME",
    "Built",
    "Card",
    "Original",
    "Part",
    "Splits",
    "Upstream",
    "card_names",
    "read_card",
    "read_card_file",
]

_RAW_FILES = "https://raw.githubusercontent.com"
_PAGES = "https://github.com"

FILE_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]*$")


def _spdx(licence: str) -> str:
    """Accept an SPDX expression in its canonical spelling only."""
    remedy = "expected an SPDX identifier such as CC0-1.0 or CC-BY-4.0 (https://spdx.org/licenses)"
    try:
        canonical = canonicalize_license_expression(licence)
    except InvalidLicenseExpression:
        raise ValueError(remedy) from None
    if canonical != licence:
        raise ValueError(f"expected the SPDX spelling '{canonical}'")
    return licence


def _inner_path(path: str) -> str:
    """Refuse a path that leaves the folder it is relative to."""
    if path.startswith("/") or "\\" in path or not {"", ".", ".."}.isdisjoint(path.split("/")):
        raise ValueError("expected a path inside the repository, with / and without ..")
    return path


def _day(text: str) -> str:
    """Refuse what is no day of the calendar."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != text:
        raise ValueError("expected a day such as 2026-03-31")
    return text


def _quoted(case: object) -> object:
    """Refuse a case that YAML read as a number: 2091_1 without quotes is 20911."""
    if not isinstance(case, str):
        raise ValueError("put the name of a case in quotes, YAML reads it as a number")
    return case


Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Commit = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}$")]
Repository = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$")]
FileName = Annotated[str, StringConstraints(pattern=FILE_NAME)]
InnerPath = Annotated[str, StringConstraints(min_length=1), AfterValidator(_inner_path)]
Spdx = Annotated[str, AfterValidator(_spdx)]
Day = Annotated[str, AfterValidator(_day)]
Case = Annotated[Line, BeforeValidator(_quoted)]


class Original(Settings):
    """A file as its authors published it."""

    path: InnerPath  # inside the repository
    sha256: Sha256


class Upstream(Settings):
    """The published files a dataset is made from, pinned to a commit."""

    repository: Repository  # owner/name on GitHub
    commit: Commit
    files: Annotated[tuple[Original, ...], Field(min_length=1)]

    @property
    def page(self) -> str:
        """Where the repository can be read as it was at the commit."""
        return f"{_PAGES}/{self.repository}/tree/{self.commit}"

    def url(self, original: Original) -> str:
        """Where an original can be downloaded."""
        return f"{_RAW_FILES}/{self.repository}/{self.commit}/{quote(original.path)}"


class Part(Settings):
    """A file that others made of some of the originals; all parts together say what was built."""

    file: FileName
    folder: FileName | None = None  # that it lies in, where others have files of that name, too
    sha256: Sha256

    @property
    def path(self) -> str:
        """Its name, with the folder if there is one."""
        return self.file if self.folder is None else f"{self.folder}/{self.file}"


class Built(Settings):
    """The file that readers open."""

    file: FileName
    sha256: Sha256  # of the file as released
    content_sha256: Sha256  # of what is in it, see sciml.data.digest


class Splits(Settings):
    """Which cases train and which test: fixed once, so that results can be compared."""

    by: Line  # the condition that the parts differ in
    reason: Line
    cases: Annotated[dict[str, tuple[Case, ...]], Field(min_length=1)]

    @model_validator(mode="after")
    def _no_leak(self) -> Self:
        """Refuse a case that stands in two parts, or twice in one."""
        home: dict[str, str] = {}
        for part, cases in self.cases.items():
            for case in cases:
                if case in home:
                    raise ValueError(f"case '{case}' stands in '{home[case]}' and in '{part}'")
                home[case] = part
        return self


class Card(Settings):
    """A dataset: what it holds, whose it is, where it comes from and how it is split."""

    name: Line  # equals the name of its folder
    title: Line
    description: Line
    kind: Literal["measured", "simulated"]
    licence: Spdx
    licence_group: Literal["public-domain", "cc-by", "other"]
    citation: Line
    authors: tuple[Line, ...] = ()
    published: Day | None = None  # when this dataset was or will be released
    upstream: Upstream | None = None  # None: make.py computes the data, or they are in parts
    also_upstream: tuple[Upstream, ...] = ()  # other repositories; no path stands in two of them
    parts: tuple[Part, ...] = ()  # for a machine that has these and not the originals
    built: Built
    splits: Splits | None = None
    caveats: tuple[Line, ...] = ()

    @property
    def sources(self) -> tuple[Upstream, ...]:
        """All repositories that the data are from."""
        return (*([self.upstream] if self.upstream else []), *self.also_upstream)

    @model_validator(mode="after")
    def _no_path_twice(self) -> Self:
        """Refuse a path that stands in two repositories: builders know originals by their path."""
        paths = [original.path for source in self.sources for original in source.files]
        twice = sorted({path for path in paths if paths.count(path) > 1})
        if twice:
            raise ValueError(f"path '{twice[0]}' stands twice among the upstream files")
        return self


def read_card(name: str) -> Card:
    """Read and validate the card of a dataset.

    Args:
        name: Name of the dataset, which is that of its folder in ``datasets/``.

    Returns:
        The card.

    Raises:
        BadInput: if there is no such dataset or its card is wrong; each error names file, line,
            key and remedy.
    """
    path = card_path(name)
    card = read_card_file(path)
    if card.name != name:
        raise BadInput(
            f"{read_document(path).place(('name',))}: name: expected '{name}', the name of the "
            f"folder, got '{card.name}'"
        )
    return card


def read_card_file(path: Path) -> Card:
    """Read and validate a card, wherever it is.

    Args:
        path: A file with the keys of the cards in ``datasets/``.

    Returns:
        The card.

    Raises:
        BadInput: if there is no such file or it is wrong; each error names file, line, key and
            remedy.
    """
    document = read_document(path)
    _require_licence(document)
    return validated(Card, document)


def _require_licence(document: Document) -> None:
    """Refuse a card without licence and say on which line it belongs."""
    if document.values.get("licence") is not None:
        return
    raise BadInput(
        f"{_line_for('licence', document.values, document)}: key 'licence' is missing; insert a "
        "line such as `licence: CC0-1.0` here, with the SPDX identifier that the source states. "
        "Data without a licence may be neither used nor passed on."
    )


def _line_for(key: str, given: Mapping[str, object], document: Document) -> str:
    """Where a missing key belongs: at the first key of the card that comes after it."""
    order = list(Card.model_fields)
    later = order[order.index(key) :]  # the key itself comes first: it may be there but empty
    present = [other for other in later if other in given]
    return document.place((present[0],)) if present else document.path
