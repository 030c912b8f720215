"""The committed ensemble against a fresh simulation, and its card against the code."""

import importlib.util

import numpy as np
import pytest
import xarray as xr

from sciml.core.paths import project_root
from sciml.data import files
from sciml.data.cards import read_card
from sciml.data.splits import split_by_case
from sciml.hydro.histories import (
    AMBIENT_PRESSURE,
    CHANNELS,
    NOISE,
    planned_runs,
    simulated_cavities,
)

NAME = "simulated_cavities"
ROUNDING = 4e-6  # relative, of 5 significant digits


@pytest.fixture(scope="module")
def data() -> xr.Dataset:
    return files.open_dataset(NAME)


def test_the_file_comes_with_the_project_and_is_small(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("SCIML_CACHE", str(tmp_path))
    monkeypatch.delenv("SCIML_DATA", raising=False)
    path = files.verify(NAME)
    assert path.parent == project_root() / "datasets" / NAME
    assert path.stat().st_size < 300_000


def test_the_splits_of_card_and_code_are_the_same(data) -> None:
    card = read_card(NAME)
    assert card.splits is not None
    in_code = {split: tuple(runs.cases) for split, runs in simulated_cavities().items()}
    assert dict(card.splits.cases) == in_code
    parts = split_by_case(data["case"].values, card.splits.cases)
    frequency = {part: data["frequency"].values[where] for part, where in parts.items()}
    low, high = frequency["train"].min(), frequency["train"].max()
    assert np.all((frequency["in_envelope"] > low) & (frequency["in_envelope"] < high))
    assert np.all(frequency["out_of_envelope"] > high)


def test_the_file_is_what_forecasters_see(data) -> None:
    for runs in simulated_cavities().values():
        for name, case in runs.cases.items():
            stored = np.stack([data[c].sel(case=name).values for c in CHANNELS], axis=-1)
            np.testing.assert_allclose(stored, case.values, rtol=ROUNDING)


def test_a_fresh_build_agrees_with_the_file(data) -> None:
    path = project_root() / "datasets" / NAME / "make.py"
    spec = importlib.util.spec_from_file_location("make_ensemble_under_test", path)
    assert spec is not None
    assert spec.loader is not None
    maker = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(maker)
    fresh = maker.ensemble()
    xr.testing.assert_allclose(data, fresh, rtol=ROUNDING, atol=0.0)
    assert {name: data[name].attrs for name in data.variables} == {
        name: fresh[name].attrs for name in fresh.variables
    }


def test_the_swing_is_that_of_the_plan(data) -> None:
    for planned in planned_runs():
        run = data.sel(case=planned.name)
        stored = [float(run[name]) for name in planned.swing._fields]
        np.testing.assert_allclose(stored, planned.swing, rtol=1e-12)


def test_the_noise_is_white_and_as_strong_as_said(data) -> None:
    noise = (data["cavity_pressure"] - data["true_cavity_pressure"]).astype(float)
    noise = noise / (NOISE * AMBIENT_PRESSURE)
    # 25500 samples: the standard error of the deviation is 0.44 %, of mean and correlation 0.63 %.
    assert float(noise.std()) == pytest.approx(1.0, abs=0.02)
    assert abs(float(noise.mean())) < 0.03
    assert abs(float((noise.values[:, 1:] * noise.values[:, :-1]).mean())) < 0.03
