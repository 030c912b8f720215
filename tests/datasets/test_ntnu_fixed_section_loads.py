"""The builder against the released file, and the published baseline against the protocol."""

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
from sciml.data.scaling import Scaling
from sciml.data.splits import split_by_case
from sciml.hydro import loads, ntnu_files

NAME = "ntnu_fixed_section_loads"
HEADER = (
    ",Time [s],WM_Position [m],WP_1 [m],WP_2 [m],WP_3 [m],WP_4 [m],WP_6 [m],"
    "Fx [N],Fy [N],Fz [N],Mx [Nm],My [Nm],Mz [Nm]\n"
)


@pytest.fixture(scope="module")
def maker() -> ModuleType:
    path = project_root() / "datasets" / NAME / "make.py"
    spec = importlib.util.spec_from_file_location("make_under_test", path)
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
def originals() -> list[Path]:
    """The published files that are on this machine."""
    found = files.originals_here(NAME)
    if not found:
        pytest.skip(f"no original of {NAME} is here; point SCIML_ORIGINALS at a mirror")
    return list(found.values())


def test_the_split_is_by_wave_period_and_complete(card, maker):
    assert card.splits is not None
    assert card.upstream is not None
    runs = [Path(original.path).stem for original in card.upstream.files]
    parts = split_by_case(runs, card.splits.cases)
    assert {part: len(where) for part, where in parts.items()} == {
        "train": 17,
        "in_envelope": 5,
        "out_of_envelope": 7,
    }
    periods = {
        part: {ntnu_files.wave_period(runs[i]) for i in where} for part, where in parts.items()
    }
    assert periods["in_envelope"] == {1.036}
    assert periods["out_of_envelope"] == {0.678, 0.634}
    assert max(periods["out_of_envelope"]) < min(periods["train"]) < 1.036 < max(periods["train"])


def test_other_columns_are_refused(maker, tmp_path):
    path = tmp_path / "2012.csv"
    path.write_text(HEADER.replace("Fy [N]", "Fy [kN]") + ",".join("0" * 14) + "\n")
    with pytest.raises(DamagedFile, match=r"2012\.csv: expected the columns .*, got .*Fy \[kN\]"):
        ntnu_files.read_run(path, maker.HEADER)


def test_runs_are_padded_and_described(maker, tmp_path):
    for name, samples in {"2091_1": 3, "2142": 2}.items():
        rows = "".join(f"{i},{i * 0.005}{',1.5' * 12}\n" for i in range(samples))
        (tmp_path / f"{name}.csv").write_text(HEADER + rows)
    paths = {path.name: path for path in tmp_path.glob("*.csv")}
    maker.make(paths, tmp_path / "built.nc")
    with xr.open_dataset(tmp_path / "built.nc") as dataset:
        assert dataset["run"].values.tolist() == ["2091_1", "2142"]
        assert dataset["wave_period_s"].values.tolist() == [1.036, 0.634]
        assert dataset["wave_height_m"].values.tolist() == [0.024, 0.04]
        assert dataset["n_samples"].values.tolist() == [3, 2]
        assert np.isnan(dataset["signal"].values[1, :, 2]).all()


@pytest.mark.realdata
def test_what_can_be_built_equals_the_released_runs_bit_for_bit(maker, originals, released):
    runs = {path.stem: ntnu_files.read_run(path, maker.HEADER) for path in originals}
    built = ntnu_files.gathered(runs, maker.CHANNELS, maker.SERIES)
    with xr.open_dataset(released) as dataset:
        theirs = dataset.sel(run=built["run"], time=built["time"]).load()
    bits = theirs["signal"].values.view(np.uint32)
    np.testing.assert_array_equal(built["signal"].values.view(np.uint32), bits)
    for name in ("n_samples", "wave_period_s", "wave_height_m", "time", "channel"):
        np.testing.assert_array_equal(built[name], theirs[name])


@pytest.mark.realdata
@pytest.mark.slow
def test_the_writer_makes_the_released_file_byte_for_byte(maker, released, card, tmp_path):
    with xr.open_dataset(released) as dataset:
        dataset.load()
    signals = {
        str(run.values): dataset["signal"].sel(run=run).values[:, : int(count)]
        for run, count in zip(dataset["run"], dataset["n_samples"], strict=True)
    }
    ntnu_files.write(
        ntnu_files.gathered(signals, maker.CHANNELS, maker.SERIES), tmp_path / "again.nc"
    )
    if netCDF4.__netcdf4libversion__ == "4.10.1" and netCDF4.__hdf5libversion__ == "2.2.0":
        assert sha256_of(tmp_path / "again.nc") == sha256_of(released)
    assert files.content_digest(tmp_path / "again.nc") == card.built.content_sha256


@pytest.mark.realdata
def test_persistence_scores_what_the_published_baseline_scores(released, card):
    measured = loads.resampled(loads.read_section_loads(released))
    series = loads.load_case_series(measured)
    assert card.splits is not None
    parts = split_by_case(series, card.splits.cases)
    runs = list(series.values())
    scaling = Scaling.fit([runs[i] for i in parts["train"]], loads.CHANNELS)
    columns = [loads.CHANNELS.index(name) for name in loads.LOADS]

    def score(part: str, lead: int) -> float:
        """NRMSE pooled over the runs of a part, mean of the three loads."""
        errors, spreads = np.zeros(3), np.zeros(3)
        for index in parts[part]:
            run = scaling.apply(runs[index])[:, columns]
            judged = loads.judged_part(run)
            truth, forecast = run[judged], run[judged.start - lead : judged.stop - lead]
            errors += ((forecast - truth) ** 2).sum(axis=0)
            spreads += ((truth - truth.mean(axis=0)) ** 2).sum(axis=0)
        return float(np.sqrt(errors / spreads).mean())

    # Measured with an independent program on the released file, to 3 decimals.
    inside, outside = [0.162, 0.606, 1.138, 1.981, 0.304], [0.372, 1.157, 1.678, 1.542, 1.660]
    np.testing.assert_allclose([score("in_envelope", h) for h in loads.LEADS], inside, atol=6e-4)
    np.testing.assert_allclose(
        [score("out_of_envelope", h) for h in loads.LEADS], outside, atol=6e-4
    )
