"""Who made a dataset and how to cite it; the file CITATION.cff.

Source:
    Citation File Format 1.2.0, https://citation-file-format.github.io.
"""

import re

import yaml

from sciml.data.cards import Card

_ORGANISATION = re.compile(
    r"^The |\b(and|for|of|Center|Centre|Consortium|Institute|Laboratory|University)\b|^\S+$"
)
_YEAR = re.compile(r"\((1[89]\d\d|20\d\d)\)")

# Identifiers of SPDX that are younger than the list in the format, and terms that are not there.
_NOT_IN_CFF = ("LicenseRef-", "CC-PDM-")


def authors(card: Card) -> tuple[str, ...]:
    """Those who made a dataset, or as whom its citation names first."""
    return tuple(dict.fromkeys(card.authors)) or (card.citation.partition(" (")[0],)


def is_organisation(author: str) -> bool:
    """Whether a name looks like that of an organisation: cards do not say."""
    return _ORGANISATION.search(author) is not None


def date_published(card: Card) -> str | None:
    """The day on the card, else the first year in the citation, else nothing; never today."""
    year = _YEAR.search(card.citation)
    return card.published or (year.group(1) if year else None)


def _people(card: Card) -> list[dict[str, str]]:
    """Authors by their whole name, which cards do not divide."""
    return [{"name": name} for name in authors(card)]


def citation_file(card: Card) -> str:
    """The content of CITATION.cff."""
    entry: dict[str, object] = {
        "cff-version": "1.2.0",
        "message": f"If you use this dataset, please cite: {card.citation}",
        "type": "dataset",
        "title": card.title,
        "abstract": card.description,
        "authors": _people(card),
    }
    if re.search(r" AND | OR | WITH ", card.licence) is None and not card.licence.startswith(
        _NOT_IN_CFF
    ):
        entry["license"] = card.licence
    if card.published:
        entry["date-released"] = card.published
    entry["preferred-citation"] = {
        "type": "generic",
        "title": card.title,
        "authors": _people(card),
        "notes": card.citation,
    }
    head = f"# Licence: {card.licence}, see LICENSE.txt\n"
    return head + yaml.safe_dump(entry, sort_keys=False, allow_unicode=True, width=100)
