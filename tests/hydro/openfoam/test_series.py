import numpy as np
import pytest
import xarray as xr

from sciml.core.errors import BadInput
from sciml.hydro.openfoam.series import case_history, collected


def run(sigma: float, refinement: float, end: float, **attrs) -> xr.Dataset:
    """A history whose drag is σ + t / s and whose volume is t."""
    time = np.linspace(1e-6, end, 173)
    snapshot = np.arange(round(end / 2.5e-4) + 1) * 2.5e-4
    return xr.Dataset(
        {
            "drag_coefficient": ("time", sigma + time, {"units": "1"}),
            "vapour_volume": ("time", time),
            "cavity_pressure": ("time", np.where(time < 3e-4, np.nan, 2300.0)),
            "cavity_length": ("snapshot", 1e-3 * snapshot),
            "cavity_diameter": ("snapshot", 2e-3 * snapshot),
        },
        coords={"time": time, "snapshot": snapshot},
        attrs={
            "cavitation_number": sigma,
            "refinement": refinement,
            "duration": end * 1e3,
            "speed": 10.0,
            "diameter": 0.01,
        }
        | attrs,
    )


RUNS = {"a": [run(0.2, 1.0, 4e-3), run(0.2, 1.5, 4e-3)], "b": [run(0.3, 1.0, 2e-3)]}


def test_each_run_comes_out_as_it_went_in() -> None:
    data = collected(RUNS)
    assert data.drag_coefficient.shape == (2, 2, 80)
    for case, runs in RUNS.items():
        for original in runs:
            taken = case_history(data, case, original.attrs["refinement"])
            assert taken.attrs["cavitation_number"] == original.attrs["cavitation_number"]
            assert taken.attrs["refinement"] == original.attrs["refinement"]
            assert taken.sizes["snapshot"] == original.sizes["snapshot"]
            end = original.time.values[-1]
            assert taken.time.values[[0, -1]] == pytest.approx([5e-5, end], rel=1e-12)
            sigma = original.attrs["cavitation_number"]
            np.testing.assert_allclose(taken.drag_coefficient, sigma + taken.time, rtol=1e-6)
            np.testing.assert_allclose(taken.cavity_length, original.cavity_length, rtol=1e-6)


def test_the_common_settings_are_attributes_and_the_others_are_not() -> None:
    data = collected(RUNS)
    assert data.attrs == {"speed": 10.0, "diameter": 0.01}
    assert data.cavitation_number.values.tolist() == [0.2, 0.3]
    assert data.drag_coefficient.attrs["units"] == "1"


def test_a_run_that_was_not_made_is_named() -> None:
    with pytest.raises(
        BadInput, match=r"no run b on refinement 1.5; there are a on 1, a on 1.5, b"
    ):
        case_history(collected(RUNS), "b", 1.5)


def test_cases_that_differ_in_more_than_their_condition_are_refused() -> None:
    with pytest.raises(BadInput, match="the cases differ in speed"):
        collected({"a": [run(0.2, 1.0, 4e-3)], "b": [run(0.3, 1.0, 4e-3, speed=11.0)]})
    with pytest.raises(BadInput, match=r"several cavitation numbers, \[0.2, 0.3\]"):
        collected({"a": [run(0.2, 1.0, 4e-3), run(0.3, 1.5, 4e-3)]})
