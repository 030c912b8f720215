"""The floating section: its builder against the released file, its card against the data."""

import importlib.util
from pathlib import Path
from types import ModuleType

import netCDF4
import numpy as np
import pytest
import xarray as xr

from sciml.core.errors import DamagedFile, DatasetMissing
from sciml.core.paths import project_root
from sciml.core.writing import sha256_of
from sciml.data import files
from sciml.data.cards import Card, read_card
from sciml.data.splits import split_by_case
from sciml.hydro import ntnu_files

NAME = "ntnu_floating_section_motions"
WITHOUT_MOTIONS = "3102_4"
MOTIONS = ["Sway [m]", "Heave [m]", "Roll [rad]"]


@pytest.fixture(scope="module")
def maker() -> ModuleType:
    path = project_root() / "datasets" / NAME / "make.py"
    spec = importlib.util.spec_from_file_location("make_motions_under_test", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def card() -> Card:
    return read_card(NAME)


@pytest.fixture(scope="module")
def released() -> Path:
    try:
        return files.find(NAME)
    except DatasetMissing as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="module")
def signal(released) -> xr.DataArray:
    with xr.open_dataset(released) as dataset:
        return dataset.load().set_coords(["wave_period_s", "wave_height_m"])["signal"]


def signals(dataset: xr.Dataset) -> dict[str, np.ndarray]:
    """The signals of each run without the padding."""
    return {
        str(run.values): dataset["signal"].sel(run=run).values[:, : int(count)]
        for run, count in zip(dataset["run"], dataset["n_samples"], strict=True)
    }


def oscillation(series: xr.DataArray, period: float) -> complex:
    """The harmonic of the wave period over some 20 s of established waves."""
    count = round(20.0 / period)
    window = series.isel(time=slice(4400, 4400 + round(count * period / 0.005)))
    return complex(2 * (window * np.exp(-2j * np.pi * window["time"] / period)).mean())


def test_the_split_is_by_wave_period_and_complete(card) -> None:
    assert card.splits is not None
    assert card.upstream is not None
    runs = [Path(original.path).stem for original in card.upstream.files]
    parts = split_by_case(runs, card.splits.cases)
    periods = {
        part: {ntnu_files.wave_period(runs[i]) for i in where} for part, where in parts.items()
    }
    assert {part: len(where) for part, where in parts.items()} == {
        "train": 8,
        "in_envelope": 1,
        "out_of_envelope": 1,
        "without_motions": 1,
    }
    assert periods["in_envelope"] == {1.210}
    assert periods["out_of_envelope"] == {0.634}
    assert 0.634 < min(periods["train"]) < 1.210 < max(periods["train"])


def test_other_columns_are_refused(maker, tmp_path) -> None:
    path = tmp_path / "3012_1.csv"
    path.write_text(",".join(maker.HEADER).replace("Roll [rad]", "Roll [deg]") + "\n")
    with pytest.raises(DamagedFile, match=r"3012_1\.csv: expected the columns .*Roll \[deg\]"):
        maker.make({path.name: path}, tmp_path / "built.nc")


def test_runs_are_padded_and_described(maker, tmp_path) -> None:
    for name, samples in {"3142_1": 2, "3012_1": 3}.items():
        rows = "".join(f"{i * 0.005}{',1.5' * 15}\n" for i in range(samples))
        (tmp_path / f"{name}.csv").write_text(",".join(maker.HEADER) + "\n" + rows)
    maker.make({path.name: path for path in tmp_path.glob("*.csv")}, tmp_path / "built.nc")
    with xr.open_dataset(tmp_path / "built.nc") as dataset:
        assert dataset["run"].values.tolist() == ["3012_1", "3142_1"]
        assert dataset["wave_period_s"].values.tolist() == [1.516, 0.634]
        assert dataset["wave_height_m"].values.tolist() == [0.04, 0.04]
        assert dataset["n_samples"].values.tolist() == [3, 2]
        assert np.isnan(dataset["signal"].values[1, :, 2]).all()
        assert dataset["signal"].sel(run="3012_1").notnull().all()


@pytest.mark.realdata
def test_what_can_be_built_equals_the_released_runs_bit_for_bit(maker, released) -> None:
    originals = files.originals_here(NAME)
    if not originals:
        pytest.skip(f"no original of {NAME} is here; point SCIML_ORIGINALS at a mirror")
    # The turns of the rounding follow the whole array, so the other runs stand in their places.
    with xr.open_dataset(released) as dataset:
        theirs = dataset.load()
    runs = signals(theirs) | {
        path.stem: ntnu_files.read_run(path, maker.HEADER) for path in originals.values()
    }
    built = ntnu_files.gathered(runs, maker.CHANNELS, maker.SERIES)
    assert built.attrs == theirs.attrs
    bits = theirs["signal"].values.view(np.uint32)
    np.testing.assert_array_equal(built["signal"].values.view(np.uint32), bits)
    for name in ("run", "n_samples", "wave_period_s", "wave_height_m", "time", "channel"):
        np.testing.assert_array_equal(built[name], theirs[name])


@pytest.mark.realdata
@pytest.mark.slow
def test_the_writer_makes_the_released_file_byte_for_byte(maker, released, card, tmp_path) -> None:
    with xr.open_dataset(released) as dataset:
        dataset.load()
    again = tmp_path / "again.nc"
    ntnu_files.write(ntnu_files.gathered(signals(dataset), maker.CHANNELS, maker.SERIES), again)
    if netCDF4.__netcdf4libversion__ == "4.10.1" and netCDF4.__hdf5libversion__ == "2.2.0":
        assert sha256_of(again) == sha256_of(released)
    assert files.content_digest(again) == card.built.content_sha256


@pytest.mark.realdata
def test_only_the_run_without_motions_lacks_them_throughout(signal) -> None:
    still = (signal.sel(channel=MOTIONS).std("time") < 1e-6).all("channel")
    assert signal["run"].values[still.values].tolist() == [WITHOUT_MOTIONS]


@pytest.mark.realdata
def test_acceleration_is_that_of_the_heave_as_far_as_the_card_says(signal) -> None:
    for run in signal["run"].values:
        if run == WITHOUT_MOTIONS:
            continue
        one = signal.sel(run=run)
        period = float(one["wave_period_s"])
        heave = oscillation(one.sel(channel="Heave [m]"), period)
        sides = one.sel(channel=["ACC_Heave_SB [m/s2]", "ACC_HEAVE_PS [m/s2]"])
        ratio = oscillation(sides.mean("channel"), period) / (-((2 * np.pi / period) ** 2) * heave)
        assert 1.0 < abs(ratio) < 1.3, run
        assert -35 < np.degrees(np.angle(ratio)) < 20, run


@pytest.mark.realdata
def test_the_springs_pull_back_as_offset_tests_say(signal) -> None:
    # The repository documents 59.21 to 60.88 N/m for the two springs.
    stiffness = []
    for run in signal["run"].values:
        if run != WITHOUT_MOTIONS:
            one = signal.sel(run=run).dropna("time")
            pull = one.sel(channel="Tension_SB [N]") - one.sel(channel="Tension_PS [N]")
            stiffness.append(np.polyfit(one.sel(channel="Sway [m]"), pull, 1)[0])
    assert np.median(stiffness) == pytest.approx(60.0, abs=1.5)
