"""The page of a trajectory holds its atoms, is small, and runs nothing but its own script."""

import base64
import json
import re

import numpy as np
import pytest

from sciml.core.axes import FloatArray
from sciml.core.errors import BadInput
from sciml.materials.figures.trajectory_view import TrajectoryView
from sciml.materials.structures import Structure


def frames(count: int = 3, atoms: int = 5) -> list[Structure]:
    draw = np.random.default_rng(2)
    numbers = np.array([14, 6] * atoms)[:atoms]
    return [
        Structure(numbers, draw.uniform(0, 8, (atoms, 3)), 8.0 * np.eye(3), np.full(3, True))
        for _ in range(count)
    ]


def data_of(page: str) -> dict[str, object]:
    told = re.search(r'getElementById\("trajectory-[0-9a-f]+"\), (\{.*\})\);</script>$', page)
    assert told is not None
    return json.loads(told[1])


def places_of(data: dict[str, object], count: int, atoms: int) -> FloatArray:
    raw = np.frombuffer(base64.b64decode(str(data["places"])), "<u2").reshape(count, atoms, 3)
    return np.array(data["low"]) + np.array(data["span"]) * raw / float(str(data["levels"]))


def test_places_come_back_to_a_thousandth() -> None:
    given = frames()
    data = data_of(TrajectoryView(given).page())
    found = places_of(data, 3, 5)
    np.testing.assert_allclose(found, [one.positions for one in given], atol=1e-4)
    shades = np.frombuffer(base64.b64decode(str(data["shades"])), np.uint8).reshape(3, 5)
    colours = np.array(data["colours"])
    assert (shades == shades[0]).all()
    assert len({tuple(colours[shade]) for shade in shades[0]}) == 2  # of two elements
    assert data["labels"] == ["0", "1", "2"]


def test_values_run_from_blue_to_orange() -> None:
    values = np.arange(15.0).reshape(3, 5)
    data = data_of(TrajectoryView(frames(), values=values).page())
    shades = np.frombuffer(base64.b64decode(str(data["shades"])), np.uint8)
    assert (np.diff(shades.astype(int)) > 0).all()
    least, most = (np.array(data["colours"])[shades[place]] for place in (0, -1))
    assert least[2] > least[0]
    assert most[0] > most[2]


def test_words_cannot_leave_their_place() -> None:
    evil = '</script><img src=x onerror="alert(1)">'
    page = TrajectoryView(frames(1), title=evil, labels=[evil]).page()
    assert page.count("<script>") == page.count("</script>") == 1
    assert "<img src=x" not in page
    assert data_of(page)["labels"] == [evil]


def test_the_page_asks_no_other_for_anything_and_has_a_picture() -> None:
    view = TrajectoryView(frames())
    page = view.page()
    assert not re.search(r"(src|href)=\"?(https?:|//)|import |fetch\(|XMLHttp", page)
    assert view.still().startswith(b"\x89PNG")
    assert base64.b64encode(view.still()).decode() in page
    assert repr(view) == "<3 frames of 5 atoms>"


def test_the_largest_page_fits_into_a_notebook() -> None:
    page = TrajectoryView(frames(150, 216)).page()
    assert len(page) < 450_000
    with pytest.raises(BadInput, match="give one frame in 2"):
        TrajectoryView(frames(200, 216))


def test_bad_input_is_told() -> None:
    with pytest.raises(BadInput, match="no frames"):
        TrajectoryView([])
    with pytest.raises(BadInput, match="different atoms"):
        TrajectoryView([*frames(1, 4), *frames(1, 5)])
    with pytest.raises(BadInput, match="one for each of 3"):
        TrajectoryView(frames(), labels=["a"])
    with pytest.raises(BadInput, match="values"):
        TrajectoryView(frames(), values=np.zeros((3, 4)))
