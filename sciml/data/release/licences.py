"""Which licences let a dataset be passed on: the rule, in one place.

A dataset may be released if every licence that its card names, also of a choice (OR), is known to
let changed data be passed on to anybody. Most datasets here are changed: built from the files of
others. Licences of free software, of open data and of Creative Commons do, those with NC for
non-commercial use, and all ask to keep names and notices; those with ND do not allow changes.
Terms without an SPDX identifier (``LicenseRef-...``) do if they stand in :data:`_OWN_TERMS`: the
Legal Notice of the Japan Meteorological Agency (``LicenseRef-JMA``), for example, forbids changes
without permission and does not stand there. What is not known is refused.
"""

import re
from typing import NamedTuple

from sciml.core.errors import BadInput
from sciml.data.cards import Card

# Beginnings of SPDX identifiers, https://spdx.org/licenses.
_FREE = (
    *("0BSD", "AFL-", "AGPL-", "Apache-", "Artistic-2", "BSD-", "BSL-1", "CDLA-", "CECILL-"),
    *("ECL-2", "EPL-", "EUPL-", "GPL-", "ISC", "LGPL-", "MIT", "MPL-", "Unlicense", "Zlib"),
    *("C-UDA-1", "CC-BY-", "CC-PDM-", "CC0-", "DL-DE-", "etalab-", "NLOD-", "O-UDA-1"),
    *("ODbL-", "ODC-By-", "OGL-", "PDDL-"),
)


class Terms(NamedTuple):
    """Terms of use without an SPDX identifier."""

    url: str
    notice: str  # that has to stay with the data


_OWN_TERMS = {
    "LicenseRef-Copernicus": Terms(
        "https://cds.climate.copernicus.eu/licences/licence-to-use-copernicus-products",
        "Contains modified Copernicus Climate Change Service information; neither the European "
        "Commission nor ECMWF is responsible for any use of it.",
    ),
}


class Licence(NamedTuple):
    """One licence of a dataset."""

    identifier: str  # as on the card
    url: str  # of its text
    notice: str  # that has to stay with the data, or nothing


def require_passing_on(card: Card) -> None:
    """Refuse a dataset that may not be passed on, or of which that is not known.

    Args:
        card: Of the dataset.

    Raises:
        BadInput: naming the licences that are not known to allow it.
    """
    unknown = [one for one in _identifiers(card.licence) if not _is_free(one)]
    if unknown:
        raise BadInput(
            f"dataset '{card.name}': licence {' and '.join(unknown)} is not known to let changed "
            "data be passed on, so it is not exported. Expected a licence of open data or free "
            "software such as CC0-1.0, CC-BY-4.0 or Apache-2.0 for all of it; if the data are "
            "yours, choose one and write it on the card, else ask their owner."
        )


def licences(card: Card) -> tuple[Licence, ...]:
    """The licences of a dataset that may be passed on, each with the address of its text."""
    return tuple(_licence(one) for one in _identifiers(card.licence))


def _licence(identifier: str) -> Licence:
    """A licence with the address of its text."""
    terms = _OWN_TERMS.get(identifier)
    if terms is not None:
        return Licence(identifier, terms.url, terms.notice)
    return Licence(identifier, f"https://spdx.org/licenses/{identifier.rstrip('+')}.html", "")


def _is_free(identifier: str) -> bool:
    """Whether a licence is known to let changed data be passed on."""
    if identifier.startswith("LicenseRef-"):
        return identifier in _OWN_TERMS
    return identifier.startswith(_FREE) and "-ND-" not in identifier


def _identifiers(expression: str) -> tuple[str, ...]:
    """The licences in an SPDX expression, each once; exceptions (WITH) only allow more."""
    plain = re.sub(r" WITH \S+|[()]", "", expression)
    return tuple(dict.fromkeys(re.split(r" AND | OR ", plain)))
