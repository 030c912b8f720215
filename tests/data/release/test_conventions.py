"""CF conventions: a good file has no fault, and each fault that is planted is named."""

import netCDF4
import numpy as np
import pytest
import xarray as xr

from sciml.core.errors import DamagedFile
from sciml.data.netcdf import write_netcdf
from sciml.data.release.conventions import convention_faults

TIME = {"standard_name": "time", "units": "hours since 2001-01-01", "calendar": "standard"}


def good() -> xr.Dataset:
    speed = ("time", [1.0, 2.0, 4.0], {"units": "m s-1", "long_name": "speed"})
    label = ("place", ["a", "b"], {"long_name": "place"})
    return xr.Dataset(
        {"speed": speed},
        {"time": ("time", [0, 1, 2], dict(TIME)), "place": label},
        {"Conventions": "CF-1.11"},
    )


def faults(tmp_path, dataset, encoding=None):
    path = tmp_path / "waves.nc"
    dataset = dataset.copy()
    write_netcdf(path, dataset, encoding or {})
    return convention_faults(path)


def only_fault(tmp_path, dataset, encoding=None):
    (fault,) = faults(tmp_path, dataset, encoding)
    return fault


def test_a_good_file_has_no_fault(tmp_path):
    assert faults(tmp_path, good()) == ()


def test_a_file_without_conventions_is_told(tmp_path):
    data = good()
    data.attrs = {"Conventions": "COARDS"}
    assert only_fault(tmp_path, data) == (
        "attribute Conventions is 'COARDS'; write Conventions = \"CF-1.11\""
    )


@pytest.mark.parametrize(
    ("variable", "attribute", "value", "said"),
    [
        ("speed", "units", None, "variable speed: no units; write them as UDUNITS does"),
        ("speed", "units", "furlong", "variable speed: units 'furlong'; write them as UDUNITS"),
        ("speed", "long_name", None, "variable speed: neither standard_name nor long_name"),
        ("place", "long_name", None, "variable place: neither standard_name nor long_name"),
        ("time", "calendar", None, "variable time: no calendar; write such as"),
        ("time", "calendar", "mayan", "variable time: units 'hours since 2001-01-01' in calendar"),
        ("time", "units", "moons since 2001-01-01", "variable time: units 'moons since"),
        ("time", "units", "s", "variable time: units 's' of a time name no beginning"),
    ],
)
def test_a_wrong_attribute_is_told_with_its_remedy(tmp_path, variable, attribute, value, said):
    data = good()
    if value is None:
        del data[variable].attrs[attribute]
    else:
        data[variable].attrs[attribute] = value
    fault = only_fault(tmp_path, data)
    assert fault.startswith(said)
    assert ";" in fault


def test_all_faults_are_told_together(tmp_path):
    data = good()
    data.attrs = {}
    data.speed.attrs = {}
    assert len(faults(tmp_path, data)) == 3


@pytest.mark.parametrize("times", [[0, 2, 1], [0, 1, 1]])
def test_a_coordinate_goes_one_way(tmp_path, times):
    data = good().assign_coords(time=("time", times, dict(TIME)))
    assert "neither rises nor falls throughout" in only_fault(tmp_path, data)


def test_a_coordinate_that_falls_is_good(tmp_path):
    assert faults(tmp_path, good().isel(time=slice(None, None, -1))) == ()


def test_a_coordinate_is_complete(tmp_path):
    lat = ("lat", [1.0, np.nan], {"units": "degrees_north", "standard_name": "latitude"})
    assert "a coordinate with missing values" in only_fault(tmp_path, good().assign_coords(lat=lat))


def test_a_fill_value_among_the_values_is_told(tmp_path):
    assert "_FillValue 3.0 lies among the values 1.0 to 4.0" in only_fault(
        tmp_path, good(), {"speed": {"_FillValue": 3.0}}
    )


def test_codes_and_bounds_need_no_units(tmp_path):
    data = good()
    flags = {"long_name": "state", "flag_values": np.int8([0, 1]), "flag_meanings": "calm rough"}
    data["state"] = ("time", np.int8([0, 1, 0]), flags)
    data["speed_bounds"] = (("time", "edge"), np.zeros((3, 2)))
    data.speed.attrs["bounds"] = "speed_bounds"
    assert faults(tmp_path, data) == ()


def test_values_made_up_of_others_and_odd_names_are_told_also_in_groups(tmp_path):
    path = tmp_path / "odd.nc"
    with netCDF4.Dataset(path, "w") as file:
        file.Conventions = "CF-1.11"
        group = file.createGroup("inner")
        group.createDimension("time", 2)
        pairs = group.createCompoundType(np.dtype([("a", "f8"), ("b", "f8")]), "two")
        group.createVariable("pair", pairs, ("time",))
        odd = group.createVariable("1st", "f8", ("time",))
        odd.units, odd.long_name = "1", "first"
    assert convention_faults(path) == (
        "variable inner/pair: its type is made up of others; store each part as a variable of "
        "numbers or text",
        "variable inner/1st: name; begin it with a letter and use letters, digits and _ only",
    )


def test_a_cut_file_is_damaged(tmp_path):
    path = tmp_path / "cut.nc"
    path.write_bytes(b"CDF")
    with pytest.raises(DamagedFile, match=r"cut\.nc: cannot be read as netCDF"):
        convention_faults(path)
