"""The file ro-crate-metadata.json: the bundle, its files, people, licences and sources.

Source:
    RO-Crate 1.1, https://w3id.org/ro/crate/1.1.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import quote

from sciml.data.cards import Card, Upstream
from sciml.data.release.citation import authors, date_published, is_organisation
from sciml.data.release.licences import Licence, licences

CRATE_FILE = "ro-crate-metadata.json"

_VERSION = "https://w3id.org/ro/crate/1.1"
# The context of RO-Crate 1.1 is older than this term.
_TERMS = {"sha256": "http://schema.org/sha256"}
_CITATION = {"@id": "#citation"}


class Described(NamedTuple):
    """A file of the bundle as the crate names it."""

    meaning: str
    media_types: tuple[str, ...]
    size: int  # bytes
    sha256: str


def crate(card: Card, files: Mapping[str, Described]) -> dict[str, Any]:
    """The content of ro-crate-metadata.json.

    Args:
        card: Of the dataset.
        files: All other files of the bundle by name, but for the checksums.

    Returns:
        A document of JSON-LD, in which all files, authors, licences and sources are entities.
    """
    people = [_person(name) for name in authors(card)]
    held = [_licence(one, card) for one in licences(card)]
    sources = [_source(one) for one in card.sources]
    originals = [entity for one in card.sources for entity in _originals(one)]
    published = date_published(card)
    root = {
        "@id": "./",
        "@type": "Dataset",
        "name": card.title,
        "identifier": card.name,
        "description": card.description,
        **({"datePublished": published} if published else {}),
        "license": _links(held),
        "author": _links(people),
        "citation": _CITATION,
        **({"isBasedOn": _links(sources)} if sources else {}),
        "hasPart": [{"@id": name} for name in sorted(files)],
    }
    descriptor = {
        "@id": CRATE_FILE,
        "@type": "CreativeWork",
        "conformsTo": {"@id": _VERSION},
        "about": {"@id": "./"},
    }
    cited = {**_CITATION, "@type": "CreativeWork", "name": card.citation}
    entities = [_file(name, files[name]) for name in sorted(files)]
    if originals:
        data = next(entity for entity in entities if entity["@id"] == card.built.file)
        data["isBasedOn"] = _links(originals)
    graph = [descriptor, root, *entities, *people, *held, cited, *sources, *originals]
    return {"@context": [f"{_VERSION}/context", _TERMS], "@graph": graph}


def _links(entities: list[dict[str, Any]]) -> Any:
    """References to entities."""
    return _unless_single([{"@id": entity["@id"]} for entity in entities])


def _unless_single(values: list[Any]) -> Any:
    """A list, or the value alone where there is one only, as the format recommends."""
    return values[0] if len(values) == 1 else values


def _file(name: str, file: Described) -> dict[str, Any]:
    """A file of the bundle."""
    return {
        "@id": name,
        "@type": "File",
        "name": name,
        "description": file.meaning,
        "encodingFormat": _unless_single(list(file.media_types)),
        "contentSize": str(file.size),
        "sha256": file.sha256,
    }


def _person(name: str) -> dict[str, Any]:
    """An author."""
    kind = "Organization" if is_organisation(name) else "Person"
    return {"@id": f"#{quote('-'.join(name.split()))}", "@type": kind, "name": name}


def _licence(licence: Licence, card: Card) -> dict[str, Any]:
    """A licence; its text is not in the bundle."""
    return {
        "@id": licence.url,
        "@type": "CreativeWork",
        "name": licence.identifier,
        "description": licence.notice or f"Licence of the dataset: {card.licence}",
    }


def _source(source: Upstream) -> dict[str, Any]:
    """A repository as it was at the commit that the files are from."""
    return {
        "@id": source.page,
        "@type": "CreativeWork",
        "name": source.repository,
        "version": source.commit,
        "url": source.page,
    }


def _originals(source: Upstream) -> list[dict[str, Any]]:
    """The files that the data are made from, as their authors published them."""
    return [
        {
            "@id": source.url(original),
            "@type": "CreativeWork",
            "name": original.path,
            "sha256": original.sha256,
            "isPartOf": {"@id": source.page},
        }
        for original in source.files
    ]
