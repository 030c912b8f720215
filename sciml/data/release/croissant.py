"""The file croissant.json, which tools of machine learning read.

Fields of tables and of lines of JSON can be read by such tools; those of netCDF and of structures
are named with type, unit and axes, for which the format has no reader: it says `content`.
A unit stands in ``unitText`` of schema.org, because the format has no word for it.

Source:
    Croissant 1.0, https://docs.mlcommons.org/croissant/docs/croissant-spec.html.
"""

from typing import Any

from sciml.data.cards import Card, Splits
from sciml.data.release.citation import authors, date_published, is_organisation
from sciml.data.release.contents import NESTED, REAL, TEXT, TRUTH, WHOLE, Contents, Field
from sciml.data.release.licences import licences

_TYPES = {
    TEXT: "sc:Text",
    WHOLE: "sc:Integer",
    REAL: "sc:Float",
    TRUTH: "sc:Boolean",
    NESTED: "sc:Text",
}
_TERMS = (
    *("citeAs", "column", "extract", "field", "fileProperty", "fileObject", "fileSet", "format"),
    *("includes", "isLiveDataset", "jsonPath", "key", "md5", "parentField", "path", "recordSet"),
    *("equivalentProperty", "references", "regex", "repeated", "replace", "samplingRate"),
    *("separator", "source", "subField", "transform"),
)
_CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    **{term: f"cr:{term}" for term in _TERMS},
}


def croissant(card: Card, inside: Contents, size: int) -> dict[str, Any]:
    """The content of croissant.json.

    Args:
        card: Of the dataset.
        inside: What is in its data file.
        size: Of the data file, bytes.

    Returns:
        A document of JSON-LD.
    """
    published, source = date_published(card), next(iter(card.sources), None)
    return {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": card.name,
        "alternateName": card.title,
        "description": card.description,
        "license": [one.url for one in licences(card)],
        "creator": [_creator(name) for name in authors(card)],
        "citeAs": card.citation,
        **({"datePublished": published} if published else {}),
        **({"url": source.page} if source else {}),
        "isLiveDataset": False,
        "distribution": [_file(card, inside, size)],
        "recordSet": [*_records(card, inside), *(_splits(card.splits) if card.splits else [])],
    }


def _creator(name: str) -> dict[str, str]:
    """An author."""
    return {"@type": "sc:Organization" if is_organisation(name) else "sc:Person", "name": name}


def _file(card: Card, inside: Contents, size: int) -> dict[str, Any]:
    """The data file."""
    media = inside.media_types
    return {
        "@type": "cr:FileObject",
        "@id": card.built.file,
        "name": card.built.file,
        "contentUrl": card.built.file,
        "contentSize": f"{size} B",
        "encodingFormat": media[0] if len(media) == 1 else list(media),
        "sha256": card.built.sha256,
    }


def _records(card: Card, inside: Contents) -> list[dict[str, Any]]:
    """The records of the data file, where its format is known."""
    if not inside.fields:
        return []
    return [
        {
            "@type": "cr:RecordSet",
            "@id": inside.records,
            "name": inside.records,
            "description": f"The {inside.records} of {card.built.file}.",
            "field": [_field(card.built.file, one, inside) for one in inside.fields],
        }
    ]


def _field(file: str, field: Field, inside: Contents) -> dict[str, Any]:
    """A field of the data file."""
    by_name = {"column": field.name}
    return {
        "@type": "cr:Field",
        "@id": f"{inside.records}/{field.name}",
        "name": f"{inside.records}/{field.name}",
        "description": field_description(field),
        "dataType": _TYPES[field.kind],
        **({"repeated": True} if field.many else {}),
        **({"unitText": field.unit} if field.unit else {}),
        "source": {
            "fileObject": {"@id": file},
            "extract": by_name if inside.by_name else {"fileProperty": "content"},
        },
    }


def field_description(field: Field) -> str:
    """What a field is, its unit and its axes, in words."""
    parts = [
        field.meaning or field.name,
        f"unit {field.unit}" if field.unit else "",
        f"axes {', '.join(field.axes)}" if field.axes else "",
        "lists and objects of JSON" if field.kind == NESTED else "",
    ]
    return "; ".join(part for part in parts if part)


def _splits(splits: Splits) -> list[dict[str, Any]]:
    """The names of the parts, and the part of each case."""
    cases = [
        {"cases/case": case, "cases/split": part}
        for part, members in splits.cases.items()
        for case in members
    ]
    return [
        {
            "@type": "cr:RecordSet",
            "@id": "splits",
            "name": "splits",
            "dataType": "cr:Split",
            "description": f"Split by {splits.by}. {splits.reason}",
            "key": {"@id": "splits/name"},
            "field": [_inline("splits/name", "Name of the part.")],
            "data": [{"splits/name": part} for part in splits.cases],
        },
        {
            "@type": "cr:RecordSet",
            "@id": "cases",
            "name": "cases",
            "description": "Which part each case belongs to.",
            "key": {"@id": "cases/case"},
            "field": [
                _inline("cases/case", f"Case; cases differ in {splits.by}."),
                _inline("cases/split", "Part it belongs to.")
                | {"references": {"field": {"@id": "splits/name"}}},
            ],
            "data": cases,
        },
    ]


def _inline(name: str, description: str) -> dict[str, Any]:
    """A field of text whose values stand in this document."""
    return {
        "@type": "cr:Field",
        "@id": name,
        "name": name,
        "description": description,
        "dataType": "sc:Text",
    }
