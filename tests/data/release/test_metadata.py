"""CITATION.cff, croissant.json and ro-crate-metadata.json: checked by the rules of their formats.

mlcroissant 1.1.1, cffconvert 2.0.0 and roc-validator 0.13.0 found bundles of four datasets valid
(what roc-validator recommends beyond: a publisher, affiliations, a day where only a year is known).
The checks here are the rules that these programs go by, written down once more.
"""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from sciml.data.cards import Card
from sciml.data.release.citation import citation_file, date_published, is_organisation
from sciml.data.release.contents import NESTED, REAL, TEXT, Contents, Field
from sciml.data.release.crate import Described, crate
from sciml.data.release.croissant import croissant
from sciml.data.release.leaflet import licence_text, readme

COMMIT = "b" * 40
PAGE = f"https://github.com/owner/waves/tree/{COMMIT}"


def card(**changes: Any) -> Card:
    given: dict[str, Any] = {
        "name": "waves",
        "title": "Waves: a flume",
        "description": "Heights of waves.",
        "kind": "measured",
        "licence": "MIT AND CC-BY-4.0",
        "licence_group": "other",
        "citation": "Nansen, F., Ekman, V.W. (1905). Waves.",
        "authors": ("Fridtjof Nansen", "Vagn Walfrid Ekman", "Institute of Marine Research"),
        "built": {"file": "waves.nc", "sha256": "a" * 64, "content_sha256": "c" * 64},
        "upstream": {
            "repository": "owner/waves",
            "commit": COMMIT,
            "files": [{"path": "data/run 1.csv", "sha256": "d" * 64}],
        },
        "splits": {
            "by": "day",
            "reason": "Days differ.",
            "cases": {"train": ["1", "2"], "test": ["3"]},
        },
        "caveats": ("Probe 5 was removed.",),
    }
    return Card.model_validate(given | changes)


FIELDS = (
    Field("height", REAL, "height | of waves", "m", ("time", "probe"), True),
    Field("place", TEXT),
)
NETCDF = Contents(
    ("application/x-netcdf",), "variables", FIELDS, ("import xarray as xr", "b", "c"), False
)
JSONL = Contents(
    ("application/jsonlines", "application/gzip"),
    "records",
    (Field("id", TEXT), Field("rows", NESTED, many=True)),
    ("a", "b", "c"),
    True,
)
DATA = Described("The data", ("application/x-netcdf",), 3, "a" * 64)
CARD = Described("The card", ("text/yaml",), 2, "e" * 64)
ISO_DATE = re.compile(r"\d{4}(-\d\d-\d\d)?")


def nodes(value: Any) -> Iterator[dict[str, Any]]:
    """All objects in a document of JSON."""
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from nodes(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from nodes(inner)


@pytest.mark.parametrize("inside", [NETCDF, JSONL])
def test_croissant_has_what_its_specification_requires(inside):
    document = croissant(card(), inside, 3)
    assert document["@type"] == "sc:Dataset"
    assert document["conformsTo"] == "http://mlcommons.org/croissant/1.0"
    for key in ("name", "description", "license", "url", "creator", "datePublished"):
        assert document[key]
    assert ISO_DATE.fullmatch(document["datePublished"])
    (file,) = document["distribution"]
    assert file["@type"] == "cr:FileObject"
    assert file["contentUrl"] == file["name"] == "waves.nc"
    assert file["sha256"] == "a" * 64
    assert file["contentSize"] == "3 B"
    assert "@id" in file
    assert file["encodingFormat"]


@pytest.mark.parametrize("inside", [NETCDF, JSONL])
def test_all_that_croissant_refers_to_is_there_once(inside):
    document = croissant(card(), inside, 3)
    body = {key: value for key, value in document.items() if key != "@context"}
    named = [one["@id"] for one in nodes(body) if "@type" in one and "@id" in one]
    referred = {one["@id"] for one in nodes(body) if set(one) == {"@id"}}
    assert len(named) == len(set(named))
    assert referred <= set(named)


def test_terms_of_croissant_are_in_its_context():
    document = croissant(card(), JSONL, 3)
    context = document["@context"]
    for term in ("recordSet", "field", "source", "extract", "column", "fileObject", "repeated"):
        assert context[term] == f"cr:{term}"
    assert context["dataType"] == {"@id": "cr:dataType", "@type": "@vocab"}
    assert context["cr"] == "http://mlcommons.org/croissant/"


def test_fields_say_their_type_unit_and_axes():
    height, place = croissant(card(), NETCDF, 3)["recordSet"][0]["field"]
    assert height["@id"] == "variables/height"
    assert (height["dataType"], height["unitText"], height["repeated"]) == ("sc:Float", "m", True)
    assert height["description"] == "height | of waves; unit m; axes time, probe"
    assert height["source"]["extract"] == {"fileProperty": "content"}
    assert (place["dataType"], "unitText" in place) == ("sc:Text", False)


def test_members_of_records_can_be_taken_out_by_name():
    fields = croissant(card(), JSONL, 3)["recordSet"][0]["field"]
    assert [one["source"]["extract"] for one in fields] == [{"column": "id"}, {"column": "rows"}]


def test_each_case_stands_in_its_split():
    _, splits, cases = croissant(card(), NETCDF, 3)["recordSet"]
    assert splits["dataType"] == "cr:Split"
    assert splits["data"] == [{"splits/name": "train"}, {"splits/name": "test"}]
    assert {one["cases/case"]: one["cases/split"] for one in cases["data"]} == {
        "1": "train",
        "2": "train",
        "3": "test",
    }


def graph(**changes: Any) -> dict[str, dict[str, Any]]:
    document = crate(card(**changes), {"waves.nc": DATA, "card.yaml": CARD})
    assert document["@context"][0] == "https://w3id.org/ro/crate/1.1/context"
    entities = document["@graph"]
    assert len({one["@id"] for one in entities}) == len(entities)
    return {one["@id"]: one for one in entities}


@pytest.mark.parametrize(
    "changes", [{}, {"authors": (), "upstream": None, "splits": None, "licence": "CC0-1.0"}]
)
def test_the_crate_is_flat_and_all_that_it_refers_to_is_in_it(changes):
    entities = graph(**changes)
    for entity in entities.values():
        assert {"@id", "@type"} <= set(entity)
        for inner in nodes({k: v for k, v in entity.items() if k != "conformsTo"}):
            if inner.keys() == {"@id"}:
                assert inner["@id"] in entities
            else:
                assert inner["@id"] == entity["@id"]  # nothing else is nested


def test_the_root_of_the_crate_has_what_its_specification_requires():
    entities = graph()
    descriptor, root = entities["ro-crate-metadata.json"], entities["./"]
    assert descriptor["about"] == {"@id": "./"}
    assert descriptor["conformsTo"] == {"@id": "https://w3id.org/ro/crate/1.1"}
    assert root["@type"] == "Dataset"
    assert root["name"] == "Waves: a flume"
    assert ISO_DATE.fullmatch(root["datePublished"])
    assert [one["@id"] for one in root["license"]] == [
        "https://spdx.org/licenses/MIT.html",
        "https://spdx.org/licenses/CC-BY-4.0.html",
    ]
    assert [one["@id"] for one in root["hasPart"]] == ["card.yaml", "waves.nc"]
    assert [entities[one["@id"]]["@type"] for one in root["author"]] == [
        "Person",
        "Person",
        "Organization",
    ]


def test_the_crate_leads_to_the_pinned_sources_with_their_checksums():
    entities = graph()
    assert entities["./"]["isBasedOn"] == {"@id": PAGE}
    assert entities[PAGE]["version"] == COMMIT
    original = entities[entities["waves.nc"]["isBasedOn"]["@id"]]
    assert original["@id"].endswith(f"/owner/waves/{COMMIT}/data/run%201.csv")
    assert original["sha256"] == "d" * 64


@pytest.mark.parametrize(
    ("licence", "stated"),
    [
        ("CC0-1.0", True),
        ("CC-PDM-1.0", False),
        ("MIT AND CC-BY-4.0", False),
        ("LicenseRef-Copernicus", False),
    ],
)
def test_the_citation_file_states_only_licences_that_its_format_knows(licence, stated):
    text = citation_file(card(licence=licence))
    content = yaml.safe_load(text)
    assert {"cff-version", "message", "title", "authors"} <= set(content)
    assert (content["cff-version"], content["type"]) == ("1.2.0", "dataset")
    assert content.get("license") == (licence if stated else None)
    assert f"# Licence: {licence}," in text
    assert "Nansen, F., Ekman, V.W. (1905). Waves." in content["message"]
    assert content["preferred-citation"]["notes"] == card().citation
    assert "&id" not in text
    assert "date-released" not in content


def test_a_day_of_release_stands_in_the_citation_file():
    content = yaml.safe_load(citation_file(card(published="2026-03-31")))
    assert content["date-released"] == "2026-03-31"


@pytest.mark.parametrize(
    ("citation", "published", "date"),
    [
        ("A (2019). B (2021).", "2026-03-31", "2026-03-31"),
        ("A (2019). B (2021).", None, "2019"),
        ("UniProt Consortium, UniProtKB.", None, None),
        ("Proc. (3001), 2 (12).", None, None),
    ],
)
def test_dates_are_those_of_the_card(citation, published, date):
    assert date_published(card(citation=citation, published=published)) == date


@pytest.mark.parametrize(
    ("name", "organisation"),
    [
        ("Cas van der Oord", False),
        ("J. McLean Sloughter", False),
        ("Haouari Mahmoud, IHFR, Algeria", False),
        ("Ouranos", True),
        ("The DeePMD-kit developers", True),
        ("National Hurricane Center", True),
        ("Environment and Climate Change Canada", True),
        ("NOAA National Severe Storms Laboratory", True),
    ],
)
def test_organisations_are_told_from_people(name, organisation):
    assert is_organisation(name) is organisation


def test_authors_that_the_card_does_not_name_are_those_of_the_citation():
    nameless = card(authors=(), citation="Littmann, M. et al. (2021). Sci. Rep.")
    assert yaml.safe_load(citation_file(nameless))["authors"] == [{"name": "Littmann, M. et al."}]


def test_the_readme_tells_people_what_the_card_says():
    text = readme(card(), NETCDF, ("variable place: no name",))
    assert text.startswith("# Waves: a flume\n")
    assert "| `height` | number | time, probe | m | height \\| of waves |" in text
    assert "```python\nimport xarray as xr\nb\nc\n```" in text
    assert "- train: 2 cases: 1, 2\n- test: 1 cases: 3" in text
    for told in ("- Probe 5 was removed.", "- variable place: no name", PAGE, card().citation):
        assert told in text


def test_the_licence_file_names_texts_notices_and_sources():
    text = licence_text(card(licence="CC-BY-4.0 AND LicenseRef-Copernicus"))
    assert "SPDX-License-Identifier: CC-BY-4.0 AND LicenseRef-Copernicus" in text
    assert "https://spdx.org/licenses/CC-BY-4.0.html" in text
    assert "Notice: Contains modified Copernicus" in text
    assert card().citation in text
    assert PAGE in text
