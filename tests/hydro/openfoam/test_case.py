import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from sciml.core.errors import BadInput
from sciml.hydro.openfoam.case import SETTINGS_FILE, case_files, read_settings, write_case
from sciml.hydro.openfoam.mesh import (
    ACROSS,
    ALONG,
    BLOCKS,
    SHARE,
    Segment,
    cell_count,
    centres,
    gridded,
    mesh_entries,
)
from sciml.hydro.openfoam.settings import CavitationCase

CASE = CavitationCase(cavitation_number=0.3, duration=4.0)
BAD = {
    "cavitation_number": (0.0, -0.1, float("nan")),
    "speed": (0.0, -10.0),
    "diameter": (0.0,),
    "vapour_pressure": (-1.0,),
    "refinement": (0.0, 100.0),
    "duration": (0.0, float("inf"), 0.1),  # the last is shorter than the output interval
    "output_interval": (0.0, 1e-9),
    "largest_courant": (0.0, 2.0),
    "density": (0.0, 0.01),  # the last is lighter than its vapour
    "nozzle": (1.0,),
}
BAD_PAIRS = [(name, value) for name, values in BAD.items() for value in values]


@pytest.mark.parametrize(("name", "value"), BAD_PAIRS)
def test_bad_settings_are_refused(name: str, value: float) -> None:
    with pytest.raises(ValidationError):
        CavitationCase.model_validate({**CASE.model_dump(), name: value})


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        ("cavitation_number", -0.1, r"case.yaml:1: cavitation_number: .*greater than 0, got -0.1"),
        ("speed", 0.0, r"case.yaml:2: speed: .*greater than 0, got 0.0"),
        ("vapour_pressure", -5.0, r"case.yaml:2: vapour_pressure: .*greater than or equal to 0"),
        ("output_interval", 90.0, r"output_interval must fit 1 to 20000 times into duration 20"),
        ("speeed", 1.0, r"case.yaml:2: unknown key 'speeed'; .*speed"),
    ],
)
def test_a_bad_file_of_settings_is_told_what_to_mend(tmp_path, key, value, text) -> None:
    values = {"cavitation_number": 0.3, key: value}
    path = tmp_path / "case.yaml"
    path.write_text("".join(f"{name}: {number}\n" for name, number in values.items()))
    with pytest.raises(BadInput, match=text):
        CavitationCase.from_yaml(path)


def test_the_ambient_pressure_gives_the_cavitation_number() -> None:
    gap = CASE.ambient_pressure - CASE.vapour_pressure
    assert gap / (0.5 * CASE.density * CASE.speed**2) == pytest.approx(0.3, rel=1e-12)


def tokens(text: str) -> list[str]:
    """The words and signs of a dictionary, strings and comments gone."""
    text = re.sub(r"//.*", "", re.sub(r'"[^"]*"', "STRING", text))
    return re.findall(r"[{}();]|[^\s{}();]+", text)


@pytest.mark.parametrize("path", case_files(CASE))
def test_every_dictionary_is_closed_and_filled(path: str) -> None:
    text = case_files(CASE)[path]
    pairs, open_ones = {")": "(", "}": "{"}, []
    for token in tokens(text):
        if token in "({":
            open_ones.append(token)
        elif token in pairs:
            assert open_ones.pop() == pairs[token]
    assert open_ones == []
    assert "${" not in text
    # A `$` may only be left where OpenFOAM itself repeats an entry.
    assert set(re.findall(r"\$\w+", text)) <= {"$p_rgh"}
    assert f"object {Path(path).name};" in text


@pytest.mark.parametrize("path", case_files(CASE))
def test_a_keyword_stands_apart_from_the_bracket_after_it(path: str) -> None:
    # `sets(` is one word to the parser of OpenFOAM; only terms of schemes are such words.
    for line in case_files(CASE)[path].splitlines():
        for word in re.findall(r"\w[({]", line):
            assert line.split()[0].startswith(("div(", '"')) or "grad(" in line, (word, line)


def test_settings_reach_the_dictionaries() -> None:
    files = case_files(CASE.model_copy(update={"speed": 12.5}))
    assert "uniform (12.5 0 0)" in files["0/U"]
    assert "pSat 2300;" in files["constant/transportProperties"]
    assert "endTime 0.0032;" in files["system/controlDict"]


@pytest.mark.parametrize("refinement", [0.5, 1.0, 1.5])
def test_the_mesh_fills_the_tube_but_for_the_disk(refinement: float) -> None:
    x, r = centres(refinement)
    grid = gridded(np.arange(cell_count(refinement), dtype=float), refinement)
    assert grid.shape == (len(r), len(x))
    hole = np.isnan(grid)
    in_disk = (x > 0) & (x < ALONG[2].stop) & (r < 1)[:, None]
    np.testing.assert_array_equal(hole, in_disk)
    assert np.array_equal(np.sort(grid[~hole]), np.arange(cell_count(refinement)))


@pytest.mark.parametrize("segment", [*ALONG, *ACROSS])
def test_cells_have_the_sizes_asked_for_and_halve_under_refinement(segment: Segment) -> None:
    sizes = np.diff(segment.nodes(1.0))
    assert sizes.sum() == pytest.approx(segment.stop - segment.start)
    # The number of cells is whole, so their size is met to a part of 1 / number.
    np.testing.assert_allclose(sizes[[0, -1]], [segment.first, segment.last], rtol=0.12)
    finer = np.diff(segment.nodes(2.0))
    np.testing.assert_allclose(finer[[0, -1]], sizes[[0, -1]] / 2, rtol=0.12)


def test_blocks_are_right_handed_and_have_the_volume_of_the_sector() -> None:
    entries = mesh_entries(1.0, 1.0)
    points = np.array([line.strip("() ").split() for line in entries["vertices"].splitlines()])
    points = points.astype(float)
    total = 0.0
    for line in entries["blocks"].splitlines():
        corners = points[[int(n) for n in re.findall(r"\((.*?)\)", line)[0].split()]]
        volume = hexahedron_volume(corners)
        assert volume > 0
        total += volume
    length, radius = ALONG[-1].stop - ALONG[0].start, ACROSS[-1].stop
    disk = np.pi * ALONG[2].stop
    assert SHARE * total == pytest.approx(np.pi * radius**2 * length - disk, rel=1e-9)
    assert len(entries["blocks"].splitlines()) == len(BLOCKS)


def hexahedron_volume(p: np.ndarray) -> float:
    """Six tetrahedra around the diagonal from corner 0 to corner 6."""
    ring = [1, 2, 3, 7, 4, 5, 1]
    parts = [np.linalg.det([p[a] - p[0], p[b] - p[0], p[6] - p[0]]) / 6 for a, b in pairwise(ring)]
    return float(np.sum(parts))


def test_the_disk_has_three_faces_and_every_outer_face_a_patch() -> None:
    entries = mesh_entries(1.0, 1.0)
    count = {name: len(text.splitlines()) for name, text in entries.items()}
    assert count["disk"] == 3
    assert (count["inlet"], count["outlet"], count["far"]) == (len(ACROSS), len(ACROSS), len(ALONG))
    assert count["lower"] == count["upper"] == len(BLOCKS)


def test_a_case_is_read_back_and_may_be_written_again(tmp_path) -> None:
    write_case(CASE, tmp_path / "case")
    write_case(CASE, tmp_path / "case")
    assert read_settings(tmp_path / "case") == CASE


def test_a_case_may_be_prolonged_but_not_changed(tmp_path) -> None:
    write_case(CASE, tmp_path)
    longer = CASE.model_copy(update={"duration": 6.0})
    write_case(longer, tmp_path)
    assert read_settings(tmp_path) == longer
    with pytest.raises(BadInput, match=r"another case .duration 6 there, 4 asked"):
        write_case(CASE, tmp_path)
    with pytest.raises(BadInput, match=r"cavitation_number 0.3 there, 0.4 asked.*new folder"):
        write_case(longer.model_copy(update={"cavitation_number": 0.4}), tmp_path)


def test_an_edited_dictionary_is_noticed(tmp_path) -> None:
    write_case(CASE, tmp_path)
    control = tmp_path / "system/controlDict"
    control.write_text(control.read_text().replace("maxCo 0.8", "maxCo 5"))
    with pytest.raises(BadInput, match=r"controlDict: not as write_case left it"):
        write_case(CASE, tmp_path)


def test_a_strange_folder_is_left_alone(tmp_path) -> None:
    (tmp_path / "thesis.tex").write_text("x")
    with pytest.raises(BadInput, match="not empty, and no case of ours"):
        write_case(CASE, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_damaged_settings_file_says_so(tmp_path) -> None:
    with pytest.raises(BadInput, match="make one with write_case"):
        read_settings(tmp_path)
    (tmp_path / SETTINGS_FILE).write_text("{")
    with pytest.raises(BadInput, match="not readable"):
        read_settings(tmp_path)
    (tmp_path / SETTINGS_FILE).write_text('{"cavitation_number": -1}')
    with pytest.raises(BadInput, match="greater than 0"):
        read_settings(tmp_path)
