"""Licences: what may be passed on, and what is not."""

import pytest

from sciml.core.errors import BadInput
from sciml.data.cards import Built, Card, card_names, read_card
from sciml.data.release.licences import licences, require_passing_on


def card(licence: str) -> Card:
    built = Built(file="waves.csv", sha256="a" * 64, content_sha256="b" * 64)
    return Card(
        name="waves",
        title="Waves",
        description="Waves",
        kind="measured",
        licence=licence,
        licence_group="other",
        citation="Nobody (2025)",
        built=built,
    )


@pytest.mark.parametrize(
    "licence",
    [
        "CC0-1.0",
        "CC-BY-NC-4.0",
        "Apache-2.0+",
        "GPL-3.0-only AND CC-BY-4.0",
        "(MIT OR AFL-3.0) AND ISC",
        "GPL-2.0-only WITH Classpath-exception-2.0",
        "LicenseRef-Copernicus",
    ],
)
def test_free_licences_let_data_be_passed_on(licence):
    require_passing_on(card(licence))


@pytest.mark.parametrize(
    ("licence", "named"),
    [
        ("LicenseRef-JMA", "LicenseRef-JMA"),
        ("LicenseRef-Ours", "LicenseRef-Ours"),
        ("CC-BY-ND-4.0", "CC-BY-ND-4.0"),
        ("MIT AND CC-BY-NC-ND-4.0", "CC-BY-NC-ND-4.0"),
        ("BUSL-1.1", "BUSL-1.1"),
    ],
)
def test_other_licences_are_refused_by_name_with_a_next_step(licence, named):
    with pytest.raises(BadInput) as caught:
        require_passing_on(card(licence))
    text = str(caught.value)
    assert text.startswith(f"dataset 'waves': licence {named} is not known to let changed data be")
    assert "CC-BY-4.0" in text
    assert text.endswith("else ask their owner.")


def test_of_the_published_datasets_only_the_typhoons_of_the_agency_are_refused():
    refused = []
    for name in card_names():
        try:
            require_passing_on(read_card(name))
        except BadInput:
            refused.append(name)
    assert refused == ["jma_typhoons"]


def test_each_licence_has_the_address_of_its_text():
    found = {one.identifier: one.url for one in licences(card("MIT AND CC-BY-4.0 AND Apache-2.0+"))}
    assert found["MIT"] == "https://spdx.org/licenses/MIT.html"
    assert found["CC-BY-4.0"] == "https://spdx.org/licenses/CC-BY-4.0.html"
    assert found["Apache-2.0+"] == "https://spdx.org/licenses/Apache-2.0.html"


def test_terms_without_an_identifier_have_their_own_address_and_notice():
    (found,) = licences(card("LicenseRef-Copernicus"))
    assert "cds.climate.copernicus.eu" in found.url
    assert "Contains modified Copernicus Climate Change Service information" in found.notice
