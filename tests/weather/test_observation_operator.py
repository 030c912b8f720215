"""From grid to station: exact on bilinear fields, its own adjoint, careful at edges and gaps."""

import numpy as np
import pytest
import xarray as xr

from sciml.core.errors import BadInput
from sciml.weather.observation_operator import (
    LAPSE_RATE,
    ObservationOperator,
    at_elevation,
    operator_for,
)

LAT = np.array([30.0, 32.0, 35.0, 40.0])  # spacings may differ
LON = np.array([-10.0, -5.0, 0.0, 10.0, 12.0])
GLOBE = np.arange(-180.0, 180.0, 30.0)


def grid(values: np.ndarray, lat: np.ndarray = LAT, lon: np.ndarray = LON) -> xr.DataArray:
    return xr.DataArray(values, {"lat": lat, "lon": lon}, ("lat", "lon"))


def places(number: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    return generator.uniform(30, 40, number), generator.uniform(-10, 12, number)


@pytest.mark.parametrize("seed", range(3))
def test_a_bilinear_field_of_one_cell_is_interpolated_exactly(seed: int) -> None:
    lat, lon = places(20, seed)
    a, b, c = np.random.default_rng(seed).normal(size=3)
    field = grid(a + b * LAT[:, None] + c * LON)
    found = ObservationOperator(LAT, LON, lat, lon)(field)
    np.testing.assert_allclose(found, a + b * lat + c * lon, atol=1e-12)
    corners = np.array([30.0, 32.0]), np.array([-10.0, -5.0])  # one cell: with the product, too
    inner = np.array([30.7]), np.array([-6.2])
    twisted = xr.DataArray(
        corners[0][:, None] * corners[1], {"lat": corners[0], "lon": corners[1]}, ("lat", "lon")
    )
    assert float(ObservationOperator(*corners, *inner)(twisted)[0]) == pytest.approx(30.7 * -6.2)


@pytest.mark.parametrize("seed", range(3))
def test_the_adjoint_is_the_adjoint(seed: int) -> None:
    generator = np.random.default_rng(seed)
    lat = np.append(generator.uniform(30, 40, 30), 80.0)  # the last is off the grid
    lon = generator.uniform(-300, 300, 31)
    operator = ObservationOperator(LAT, GLOBE, lat, lon, outside="mask")
    x = xr.DataArray(generator.normal(size=(3, 4, 12)), dims=("time", "lat", "lon"))
    y = xr.DataArray(generator.normal(size=(3, 31)), dims=("time", "station"))
    there = float((operator(x) * y).sum())  # NaN of the masked station does not count
    back = float((x * operator.adjoint(y)).sum())
    assert there == pytest.approx(back, rel=1e-12)


def test_a_station_on_a_node_reads_the_node() -> None:
    field = grid(np.arange(20.0).reshape(4, 5))
    lat, lon = np.repeat(LAT, 5), np.tile(LON, 4)
    operator = ObservationOperator(LAT, LON, lat, lon)
    np.testing.assert_array_equal(operator(field), field.values.ravel())
    assert operator.matrix.nnz == 20


def test_weights_are_shares_of_at_most_four_cells() -> None:
    operator = ObservationOperator(LAT, LON, *places(50, 4))
    weights = operator.matrix.toarray()
    np.testing.assert_allclose(weights.sum(axis=1), 1.0)
    assert weights.min() >= 0.0
    assert np.count_nonzero(weights, axis=1).max() <= 4


def test_descending_latitudes_change_nothing() -> None:
    lat, lon = places(10, 5)
    values = np.random.default_rng(5).normal(size=(4, 5))
    up = ObservationOperator(LAT, LON, lat, lon)(grid(values))
    down = ObservationOperator(LAT[::-1], LON, lat, lon)(grid(values[::-1], LAT[::-1]))
    np.testing.assert_allclose(up, down, atol=1e-14)


def test_the_globe_has_no_seam() -> None:
    values = np.random.default_rng(6).normal(size=(4, 12))
    lat, lon = np.full(5, 33.0), np.array([165.0, 175.0, -180.0, 180.0, -185.0])
    found = ObservationOperator(LAT, GLOBE, lat, lon)(grid(values, lon=GLOBE))
    wide = np.concatenate([GLOBE, [180.0]])
    padded = grid(np.concatenate([values, values[:, :1]], axis=1), lon=wide)
    expected = padded.interp(lat=33.0, lon=[165.0, 175.0, -180.0, 180.0, 175.0])
    np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize("turn", [-360.0, 360.0])
def test_longitudes_count_modulo_a_turn(turn: float) -> None:
    lat, lon = places(10, 7)
    field = grid(np.random.default_rng(7).normal(size=(4, 5)))
    here = ObservationOperator(LAT, LON, lat, lon)(field)
    there = ObservationOperator(LAT, LON, lat, lon + turn)(field)
    np.testing.assert_allclose(here, there, atol=1e-10)


def test_a_missing_cell_is_missing_where_it_counts_only() -> None:
    values = np.ones((4, 5))
    values[1, 1] = np.nan  # at 32 N, 5 W
    lat, lon = np.array([31.0, 33.0, 32.0, 32.0]), np.array([-6.0, 5.0, -2.0, 0.0])
    found = ObservationOperator(LAT, LON, lat, lon)(grid(values)).values
    np.testing.assert_array_equal(np.isnan(found), [True, False, True, False])


def test_stations_off_the_grid_are_refused_or_masked() -> None:
    lat, lon = np.array([35.0, 35.0, 41.0, np.nan]), np.array([0.0, 13.0, 0.0, 0.0])
    with pytest.raises(BadInput, match=r"station 1 at 35 N, 13 E is off the grid, .* 30 to 40 N"):
        ObservationOperator(LAT, LON, lat, lon)
    operator = ObservationOperator(LAT, LON, lat, lon, outside="mask")
    found = operator(grid(np.ones((4, 5)))).values
    np.testing.assert_array_equal(np.isnan(found), [False, True, True, True])


def test_other_dimensions_and_coordinates_stay() -> None:
    field = grid(np.ones((4, 5))).expand_dims(member=["a", "b"]).expand_dims(time=[3, 4, 5])
    field.name, field.attrs["units"] = "temperature", "K"
    stations = xr.Dataset({"latitude": ("station", [33.0]), "longitude": ("station", [1.0])})
    found = operator_for(field, stations)(field.transpose("lat", "time", "lon", "member"))
    assert dict(found.sizes) == {"time": 3, "member": 2, "station": 1}
    assert found["member"].values.tolist() == ["a", "b"]
    assert found.name == "temperature"
    assert found.attrs == {"units": "K"}


def test_air_cools_on_the_way_up_and_warms_on_the_way_down() -> None:
    level = xr.DataArray([280.0, 280.0], dims="station", name="temperature", attrs={"units": "K"})
    moved = at_elevation(level, 500.0, xr.DataArray([500.0, 1500.0], dims="station"))
    np.testing.assert_allclose(moved, [280.0, 280.0 - 1000 * LAPSE_RATE])
    assert moved.attrs == {"units": "K"}
    back = at_elevation(moved, xr.DataArray([500.0, 1500.0], dims="station"), 500.0)
    np.testing.assert_allclose(back, level)


@pytest.mark.parametrize(
    ("lat", "lon", "says"),
    [
        (LAT[:1], LON, "a grid with one latitude cannot be interpolated"),
        (LAT[[0, 2, 1, 3]], LON, "ascend or descend, got 30, 35, 32, 40"),
        (LAT, LON[::-1], "longitudes that ascend"),
        (LAT, np.linspace(0, 720, 5), "within one turn"),
        (LAT, np.array([0.0, np.nan, 10.0]), "longitudes that ascend"),
    ],
)
def test_a_grid_that_is_none_is_refused(lat: np.ndarray, lon: np.ndarray, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        ObservationOperator(lat, lon, np.array([31.0]), np.array([1.0]))


def test_a_field_on_another_grid_is_refused() -> None:
    operator = ObservationOperator(LAT, LON, *places(2, 8))
    with pytest.raises(BadInput, match="expected 4 along lat"):
        operator(grid(np.ones((3, 5)), LAT[:3]))
    with pytest.raises(BadInput, match="the operator was made for -10, -5, 0, 10"):
        operator(grid(np.ones((4, 5)), LAT, LON + 1))
    with pytest.raises(BadInput, match="expected a dimension station of 2"):
        operator.adjoint(xr.DataArray(np.ones(3), dims="station"))
