"""The recipe that measures a potential in LAMMPS: numbers of two potentials, with errors."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from sciml.materials.ace.file import save_potential
from sciml.materials.ace.frames import LossSettings
from sciml.materials.ace.model import AceSettings
from sciml.materials.ace.radial import RadialSettings
from sciml.materials.ace.start import start
from sciml.materials.datasets import open_structures
from sciml.materials.lammps.measures import ExpansionSettings, MeltSettings
from sciml.materials.lammps_tasks import MEASURED, LammpsRecipe, lammps_properties

pytest.importorskip("lammps")


def test_learnt_and_true_are_measured_alike(tmp_path: Path) -> None:
    settings = AceSettings(radial=RadialSettings(cutoff=4.0, functions=12), channels=24)
    frames = open_structures("simulated_silicon")["train"]
    learnt = start(frames, settings, LossSettings(), kind="linear").potential
    recipe = LammpsRecipe(
        task="materials/lammps",
        title="Silicon",
        seed=7,
        potential=str(save_potential(tmp_path / "si.safetensors", learnt, {})),
        truth="silicon",
        expansion=ExpansionSettings(
            cells=2, settle=400, steps=1600, temperatures=(300.0, 1200.0), pressures=(0.0,)
        ),
        diffusion=MeltSettings(temperature=2500.0, cells=2, settle=500, steps=2000, windows=2),
    )
    done = lammps_properties(recipe, tmp_path)
    with xr.open_dataset(tmp_path / MEASURED) as data:
        assert list(data["potential"].values) == ["learnt", "truth"]
        rest = data["volume"].sel(temperature=300, pressure=0)
        np.testing.assert_allclose(rest.sel(potential="learnt"), rest.sel(potential="truth"), 5e-3)
        assert "melting" not in data
    for name in ("learnt", "truth"):
        assert 0 < done.metrics[f"expansion {name} 1e-6/K"] < 15
        assert done.metrics[f"diffusion {name} Å²/ps"] > 0
        assert done.metrics[f"diffusion error {name} Å²/ps"] > 0
        assert done.seconds[f"{name} wall"] > 0
