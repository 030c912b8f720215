"""What people read in a bundle: README.md and LICENSE.txt."""

from collections.abc import Iterator, Sequence

from sciml.data.cards import Card, Splits
from sciml.data.release.citation import authors
from sciml.data.release.contents import NESTED, Contents, Field
from sciml.data.release.licences import licences

_SHOWN = 12  # cases of a part that are written out; card.yaml has all


def readme(card: Card, inside: Contents, faults: Sequence[str]) -> str:
    """The content of README.md.

    Args:
        card: Of the dataset.
        inside: What is in its data file.
        faults: What the CF conventions ask for and the data file does not do.

    Returns:
        Markdown.
    """
    source = "Measured." if card.kind == "measured" else "Simulated."
    parts = [
        f"# {card.title}",
        f"{card.description}\n\n{source} Made by: {', '.join(authors(card))}.",
        *_opening(card, inside),
        *_fields(inside),
        *(_splits(card.splits) if card.splits else []),
        *_list("Caveats", card.caveats),
        *_list("What the CF conventions ask for and this file does not do", faults),
        *_sources(card),
        "## Licence and citation",
        f"{card.licence}, see LICENSE.txt. Please cite:\n\n> {card.citation}",
        "## Files",
        "card.yaml describes the dataset with all checksums, croissant.json and "
        "ro-crate-metadata.json do so for programs. `sha256sum -c SHA256SUMS` checks the files.",
    ]
    return "\n\n".join(parts) + "\n"


def licence_text(card: Card) -> str:
    """The content of LICENSE.txt: which licences, where their texts are, what has to stay."""
    lines = [f"{card.title}", "", f"SPDX-License-Identifier: {card.licence}", ""]
    lines += [f"{one.identifier}: {one.url}" for one in licences(card)]
    lines += ["", f"Made by: {', '.join(authors(card))}", f"Cite as: {card.citation}"]
    lines += [f"Notice: {one.notice}" for one in licences(card) if one.notice]
    sources = [f"Made from: {source.page}" for source in card.sources]
    end = "Please keep this file with the data, and say what you changed."
    return "\n".join([*lines, *sources, "", end]) + "\n"


def _opening(card: Card, inside: Contents) -> list[str]:
    """How to open the data file."""
    if not inside.opening:
        return []
    code = "\n".join(inside.opening)
    return [f"## How to open {card.built.file}", f"```python\n{code}\n```"]


def _fields(inside: Contents) -> list[str]:
    """A table of variables, columns or members."""
    if not inside.fields:
        return []
    rows = ["| name | type | axes | unit | meaning |", "|---|---|---|---|---|"]
    rows += [f"| {' | '.join(map(_cell, _row(field)))} |" for field in inside.fields]
    return [f"## {inside.records.capitalize()}", "\n".join(rows)]


def _row(field: Field) -> tuple[str, ...]:
    """A field as a row of the table."""
    nested = field.kind == NESTED or field.axes
    kind = f"list of {field.kind}s" if field.many and not nested else field.kind
    return f"`{field.name}`", kind, ", ".join(field.axes), field.unit, field.meaning


def _cell(text: str) -> str:
    """Text that does not end the cell that it stands in."""
    return " ".join(text.replace("|", "\\|").split())


def _splits(splits: Splits) -> Iterator[str]:
    """Which cases are in which part."""
    yield "## Splits"
    yield f"By {splits.by}. {splits.reason}"
    yield "\n".join(_part(name, cases) for name, cases in splits.cases.items())


def _part(name: str, cases: Sequence[str]) -> str:
    """A part with its first cases."""
    rest = f" and {len(cases) - _SHOWN} more, see card.yaml" if len(cases) > _SHOWN else ""
    return f"- {name}: {len(cases)} cases: {', '.join(cases[:_SHOWN])}{rest}"


def _sources(card: Card) -> list[str]:
    """The pinned repositories that the data are from."""
    pages = [f"{one.page} ({len(one.files)} files)" for one in card.sources]
    return _list("Made from", pages)


def _list(heading: str, items: Sequence[str]) -> list[str]:
    """A heading with a list, or nothing."""
    return [f"## {heading}", "\n".join(f"- {item}" for item in items)] if items else []
