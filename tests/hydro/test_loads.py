"""Wave loads: units and names, block means, and which part of a run is judged."""

import re
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from sciml.core.errors import BadInput
from sciml.data.netcdf import write_netcdf
from sciml.hydro import loads
from sciml.hydro.loads import CHANNELS, LOADS, PROBES

RAW = [
    *("WM_Position [m]", "WP_1 [m]", "WP_2 [m]", "WP_3 [m]", "WP_4 [m]", "WP_6 [m]"),
    *("Fx [N]", "Fy [N]", "Fz [N]", "Mx [Nm]", "My [Nm]", "Mz [Nm]"),
]
LENGTHS = [41, 30]


def raw() -> xr.Dataset:
    """Two runs in the layout of the built file; channel c is the number c plus noise."""
    noise = np.random.default_rng(0).normal(size=(2, 12, 41)).astype(np.float32)
    signal = noise + np.arange(12, dtype=np.float32)[:, None]
    signal[1, :, 30:] = np.nan
    return xr.Dataset(
        {
            "signal": (("run", "channel", "time"), signal),
            "wave_period_s": ("run", [1.036, 0.634]),
            "wave_height_m": ("run", [0.024, 0.04]),
            "n_samples": ("run", np.array(LENGTHS, np.int32)),
        },
        coords={"run": ["2091", "2142"], "channel": RAW, "time": np.arange(41) * 0.005},
    )


@pytest.fixture
def built(tmp_path: Path) -> Path:
    path = tmp_path / "loads.nc"
    write_netcdf(path, raw())
    return path


def test_every_variable_has_its_unit_and_the_values_of_its_channel(built):
    measured = loads.read_section_loads(built)
    units = {name: variable.attrs["units"] for name, variable in measured.data_vars.items()}
    assert units == {
        **dict.fromkeys(["wavemaker_position", "wave_elevation"], "m"),
        **dict.fromkeys(["force_x", "force_y", "force_z"], "N"),
        **dict.fromkeys(["moment_x", "moment_y", "moment_z"], "N m"),
    }
    signal = raw()["signal"]
    for name, channel in [("force_y", "Fy [N]"), ("moment_x", "Mx [Nm]")]:
        np.testing.assert_array_equal(measured[name], signal.sel(channel=channel))
    np.testing.assert_array_equal(
        measured["wave_elevation"].sel(probe=6), signal.sel(channel="WP_6 [m]")
    )
    assert measured["force_y"].dims == ("case", "time")
    assert measured["wave_period"].sel(case="2142") == 0.634
    assert all("long_name" in variable.attrs for variable in measured.variables.values())


def test_block_means_are_those_by_hand_and_a_part_of_a_block_is_dropped(built):
    coarse = loads.resampled(loads.read_section_loads(built))
    series = loads.load_case_series(coarse)
    for index, (case, length) in enumerate(zip(["2091", "2142"], LENGTHS, strict=True)):
        blocks = length // 4
        signal = raw()["signal"].values[index, 1:, : 4 * blocks].astype(np.float64)
        by_hand = signal.reshape(11, blocks, 4).mean(axis=2).T
        np.testing.assert_allclose(series[case], by_hand, rtol=1e-14)
    np.testing.assert_allclose(coarse["time"][:2], [0.0075, 0.0275])  # middles of the blocks
    assert coarse["sample_count"].values.tolist() == [10, 7]
    assert coarse["force_y"].attrs["units"] == "N"


def test_series_have_the_channels_in_the_documented_order(built):
    series = loads.load_case_series(loads.read_section_loads(built))
    assert [one.shape for one in series.values()] == [(41, 11), (30, 11)]
    np.testing.assert_allclose(series["2091"].mean(axis=0), np.arange(1, 12), atol=0.6)
    assert len(CHANNELS) == 11
    assert CHANNELS[: len(PROBES)] == tuple(f"wave_elevation_{probe}" for probe in PROBES)
    assert [CHANNELS.index(name) for name in LOADS] == [6, 7, 8]


def test_a_rate_that_does_not_divide_is_refused(built):
    with pytest.raises(BadInput, match="rate: 200 Hz is not a whole multiple of 60 Hz"):
        loads.resampled(loads.read_section_loads(built), 60.0)


def test_the_active_part_is_where_waves_load_the_section():
    quiet, waves = np.full((300, 3), 0.1), np.full((400, 3), -0.5)
    waves[200] = 0.0  # a moment without load within the waves does not end them
    run = np.concatenate([quiet, waves, quiet])
    assert loads.active_part(run) == slice(300, 700)
    assert loads.judged_part(run) == slice(400, 700)  # 2 s at 50 Hz later
    with pytest.raises(BadInput, match=r"never above 0\.3; is this a run with waves\?"):
        loads.active_part(quiet)


def test_nan_inside_a_run_is_named_by_file_variable_and_time(tmp_path):
    bad = raw()
    bad["signal"].loc[{"run": "2142", "channel": "Fz [N]"}][9] = np.nan
    write_netcdf(tmp_path / "loads.nc", bad)
    with pytest.raises(BadInput) as caught:
        loads.read_section_loads(tmp_path / "loads.nc")
    assert str(caught.value) == (
        f"{tmp_path}/loads.nc: variable 'force_z' has 1 value that is not finite, at time 0.045 s, "
        "case 2142. Mend the file, or leave these samples out."
    )


def test_another_layout_is_refused(tmp_path):
    path = tmp_path / "loads.nc"
    write_netcdf(path, raw().drop_vars("n_samples"))
    message = "expected variable 'n_samples'; is it ntnu_fixed_section_loads?"
    with pytest.raises(BadInput, match=re.escape(f"{path}: {message}")):
        loads.read_section_loads(path)
    write_netcdf(path, raw().drop_sel(channel="Fy [N]"))
    with pytest.raises(BadInput, match=re.escape("expected a channel 'Fy [N]'")):
        loads.read_section_loads(path)
