"""Small case folders written by hand in the format of OpenFOAM 1912, read back."""

from pathlib import Path

import numpy as np
import pytest

from sciml.core.errors import BadInput, DamagedFile
from sciml.hydro.openfoam.case import write_case
from sciml.hydro.openfoam.mesh import BLOCKS, cell_count, centres, gridded
from sciml.hydro.openfoam.reader import cavity_extent, read_case, read_field
from sciml.hydro.openfoam.settings import CavitationCase

CASE = CavitationCase(cavitation_number=0.3, refinement=0.4, duration=2.0, output_interval=1.0)
CELLS = cell_count(CASE.refinement)
TIMES = np.arange(1, 21) * 1e-4  # s

FIELD = """\
FoamFile
{{
    version     2.0;
    format      ascii;
    class       volScalarField;
    location    "{time}";
    object      alpha.water;
}}
// * * * * * * * * * * * * * * * * * * * * * * * * * * * * * * * * * * * * * //

dimensions      [0 0 0 0 0 0 0];


internalField   nonuniform List<scalar> 
{count}
(
{values}
)
;

boundaryField
{{
    disk
    {{
        type            zeroGradient;
    }}
}}


// ************************************************************************* //
"""  # noqa: W291 - OpenFOAM leaves the blank


def drag_force(time):
    """A force on the wedge that makes c_x = 1 + t / s."""
    return (1.0 + time) * CASE.dynamic_pressure * np.pi * CASE.radius**2 / 72


def write_samples(folder: Path, times, start: str = "0", force=drag_force) -> None:
    """Samples of one run of the solver."""
    tables = {
        "forces/{}/force.dat": [
            f"{t:.12g}\t({force(t):.16e} 0 0) ({force(t):.16e} 0 0) (0 0 0)" for t in times
        ],
        "vapour/{}/volFieldValue.dat": [f"{t:.12g}\t{1e-8 * t:.16e}" for t in times],
        "vapourPressure/{}/volFieldValue.dat": [f"{t:.12g}\t{2.3e-5 * t:.16e}" for t in times],
    }
    for name, lines in tables.items():
        path = folder / "postProcessing" / name.format(start)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("# Time \tvalue\n" + "".join(f"{line}\n" for line in lines))


def ellipse(length: float, diameter: float) -> np.ndarray:
    """Share of water around an ellipsoid behind the disk, in disk radii, cell by cell."""
    x, r = centres(CASE.refinement)
    distance = np.hypot((x - length / 2) / (length / 2), r[:, None] / (diameter / 2)) - 1.0
    water = np.clip(0.5 + 2.0 * distance, 0.0, 1.0)
    numbers = gridded(np.arange(CELLS, dtype=float), CASE.refinement)
    kept = ~np.isnan(numbers)
    values = np.empty(CELLS)
    values[numbers[kept].astype(int)] = water[kept]
    return values


def write_field(folder: Path, time: str, values: np.ndarray) -> Path:
    path = folder / time / "alpha.water"
    path.parent.mkdir(exist_ok=True)
    listed = "\n".join(f"{value:.16g}" for value in values)
    path.write_text(FIELD.format(time=time, count=len(values), values=listed))
    return path


@pytest.fixture
def case(tmp_path: Path) -> Path:
    write_case(CASE, tmp_path)
    write_samples(tmp_path, TIMES)
    write_field(tmp_path, "0.001", ellipse(6.0, 3.0))
    write_field(tmp_path, "0.002", ellipse(8.0, 4.0))
    return tmp_path


def test_histories_are_those_of_the_whole_body(case: Path) -> None:
    data = read_case(case)
    np.testing.assert_allclose(data.time, TIMES)
    np.testing.assert_allclose(data.drag_coefficient, 1.0 + TIMES, rtol=1e-12)
    np.testing.assert_allclose(data.vapour_volume, 72e-8 * TIMES, rtol=1e-12)
    np.testing.assert_allclose(data.cavity_pressure, 2300.0, rtol=1e-12)
    assert data.attrs["cavitation_number"] == 0.3
    assert {str(v.attrs["units"]) for v in data.variables.values()} == {"1", "m3", "Pa", "m", "s"}


def test_sizes_are_those_of_the_ellipsoid(case: Path) -> None:
    data = read_case(case)
    np.testing.assert_allclose(data.snapshot, [0.0, 0.001, 0.002])
    # In radii 0.005 m. The linear edge between centres is within a tenth of a cell of the curve.
    np.testing.assert_allclose(data.cavity_length, [0.0, 0.03, 0.04], atol=3e-4)
    np.testing.assert_allclose(data.cavity_diameter, [0.0, 0.015, 0.02], atol=3e-4)


def test_a_cloud_that_has_left_the_cavity_does_not_count(case: Path) -> None:
    x, r = centres(CASE.refinement)
    water = gridded(ellipse(6.0, 3.0), CASE.refinement)
    alone = cavity_extent(water, x, r)
    water[:4, (x > 15) & (x < 20)] = 0.1
    assert cavity_extent(water, x, r) == alone
    assert cavity_extent(np.where(np.isnan(water), np.nan, 1.0), x, r) == (0.0, 0.0)


def test_the_order_of_the_cells_is_that_of_the_blocks() -> None:
    # blockMesh numbers block by block, along the stream first.
    grid = gridded(np.arange(CELLS, dtype=float), CASE.refinement)
    assert BLOCKS[0] == (0, 0)
    assert grid[0, :2].tolist() == [0.0, 1.0]
    assert grid[-1, -1] == CELLS - 1


def test_a_uniform_field_has_one_value_everywhere(case: Path) -> None:
    np.testing.assert_array_equal(read_field(case / "0/alpha.water", 3), [1.0, 1.0, 1.0])


def test_samples_of_the_later_run_count(case: Path) -> None:
    undisturbed = read_case(case)
    write_samples(case, TIMES[:14], force=lambda t: drag_force(t) + (t > 0.00101))
    write_samples(case, TIMES[10:], start="0.001")
    continued = read_case(case)
    assert continued.equals(undisturbed)


def test_a_line_torn_by_a_kill_is_dropped_when_the_run_went_on(case: Path) -> None:
    undisturbed = read_case(case)
    write_samples(case, TIMES[:14])
    for path in (case / "postProcessing").rglob("0/*.dat"):
        path.write_text(path.read_text()[:-7])
    write_samples(case, TIMES[10:], start="0.001")
    assert read_case(case).equals(undisturbed)


def test_one_sample_more_of_a_quantity_is_no_damage(case: Path) -> None:
    path = case / "postProcessing/forces/0/force.dat"
    extra = path.read_text().splitlines()[-1].replace("0.002\t", "0.0021\t")
    path.write_text(path.read_text() + extra + "\n")
    assert read_case(case).sizes["time"] == len(TIMES)


def torn(path: Path) -> None:
    path.write_text(path.read_text()[:-7])


def cut(path: Path) -> None:
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-6]))


def with_word(path: Path) -> None:
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([*lines[:5], lines[5].replace("0 0)", "0 x)"), *lines[6:]]))


def backwards(path: Path) -> None:
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([*lines, lines[5]]))


FORCE = "postProcessing/forces/0/force.dat"
VAPOUR = "postProcessing/vapour/0/volFieldValue.dat"
DAMAGE = [
    (torn, FORCE, r"force.dat:21: expected 10 finite numbers, torn\? Call run_case"),
    (torn, VAPOUR, r"volFieldValue.dat:21: expected 2"),
    (with_word, FORCE, r"force.dat:6: expected 10 finite numbers"),
    (cut, FORCE, r"different times \(\[14, 20, 20\] samples\)"),
    (backwards, FORCE, "times do not rise"),
    (torn, "0.002/alpha.water", "torn, or not a scalar field"),
    (cut, "0.002/alpha.water", "torn, or not a scalar field"),
]


@pytest.mark.parametrize(("harm", "name", "text"), DAMAGE)
def test_damage_is_named(case: Path, harm, name: str, text: str) -> None:
    harm(case / name)
    with pytest.raises(DamagedFile, match=text):
        read_case(case)


def test_samples_that_end_before_the_fields_were_cut_off(case: Path) -> None:
    write_samples(case, TIMES[:12])
    with pytest.raises(
        DamagedFile, match=r"samples end at 0.0012 s, but there are fields of 0.002"
    ):
        read_case(case)


def test_a_field_of_another_mesh_is_refused(case: Path) -> None:
    path = write_field(case, "0.002", ellipse(8.0, 4.0)[:-1])
    with pytest.raises(DamagedFile, match=f"expected {CELLS} cells, got {CELLS - 1}"):
        read_field(path, CELLS)
    with pytest.raises(DamagedFile, match="cannot be read"):
        read_field(case / "9/alpha.water", CELLS)


def test_a_case_that_has_not_run_says_so(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="make one with write_case"):
        read_case(tmp_path)
    write_case(CASE, tmp_path)
    with pytest.raises(BadInput, match="no samples of 'forces', the case has not run; call run_ca"):
        read_case(tmp_path)


def test_samples_without_a_row_are_damage(case: Path) -> None:
    write_samples(case, [])
    with pytest.raises(DamagedFile, match="no samples"):
        read_case(case)
