"""`sciml data`: rows for the tables."""

from typing import Any

from sciml.core.errors import DamagedFile, DatasetMissing
from sciml.data.cards import card_names, read_card
from sciml.data.files import find


def list_datasets() -> list[dict[str, Any]]:
    """Every dataset with its licence and where it is on this machine, or how to get it."""
    rows = []
    for name in card_names():
        card = read_card(name)
        rows.append(
            {"name": name, "kind": card.kind, "licence": card.licence, "where": _where(name)}
        )
    return rows


def _where(name: str) -> str:
    try:
        return str(find(name))
    except DatasetMissing:
        return f"not here; `sciml data get {name}`"
    except DamagedFile:
        return f"damaged; `sciml data verify {name}` says which file"


def describe(name: str) -> list[dict[str, Any]]:
    """The card of a dataset, a row for each entry that fits in one."""
    card = read_card(name)
    entries = card.model_dump(mode="json", exclude={"upstream", "also_upstream", "parts"})
    if card.sources:
        pinned = [f"{source.repository} @ {source.commit}" for source in card.sources]
        entries["upstream"] = ", ".join(pinned)
        entries["upstream files"] = sum(len(source.files) for source in card.sources)
    entries["where"] = _where(name)
    return [{"key": key, "value": value} for key, value in entries.items()]
