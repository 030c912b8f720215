"""Memories against sums by hand, and that nothing is remembered before it was known."""

import numpy as np
import pytest

from sciml.weather.post_processing.memory import neighbourhood, regional_memory, station_memory

LEAD, DAYS, PRIOR = 2.0, 5.0, 1.5


@pytest.fixture
def record():
    rng = np.random.default_rng(1)
    day = np.sort(rng.integers(0, 40, 300)).astype(float)
    station = rng.integers(0, 12, 300)
    values = rng.normal(size=300)
    values[rng.random(300) < 0.1] = np.nan
    return day, station, values


def known(record, case):
    """Cases that a case may know of."""
    day, _, values = record
    return (day <= day[case] - LEAD) & ~np.isnan(values)


def test_station_memory_is_the_forgetting_mean(record) -> None:
    day, station, values = record
    found, weight = station_memory(*record, lead=LEAD, days=DAYS, prior=PRIOR)
    for case in range(len(day)):
        own = known(record, case) & (station == station[case])
        w = np.exp(-(day[case] - LEAD - day[own]) / DAYS)
        assert weight[case] == pytest.approx(w.sum())
        assert found[case] == pytest.approx((w @ values[own]) / (w.sum() + PRIOR))


def test_regional_memory_is_the_forgetting_mean_around(record) -> None:
    day, station, values = record
    rng = np.random.default_rng(2)
    near = neighbourhood(rng.uniform(40, 45, 12), rng.uniform(0, 9, 12), 150.0)
    found = regional_memory(*record, near, lead=LEAD, days=DAYS, prior=PRIOR)
    dense = near.toarray()
    for case in range(len(day)):
        own = known(record, case)
        w = np.exp(-(day[case] - LEAD - day[own]) / DAYS) * dense[station[case], station[own]]
        assert found[case] == pytest.approx((w @ values[own]) / (w.sum() + PRIOR))


@pytest.mark.parametrize("regional", [False, True])
def test_what_comes_later_changes_nothing(record, regional) -> None:
    day, station, values = record

    def memory(numbers):
        if not regional:
            return station_memory(day, station, numbers, lead=LEAD, days=DAYS, prior=PRIOR)[0]
        near = neighbourhood(np.linspace(40, 41, 12), np.zeros(12), 100.0)
        return regional_memory(day, station, numbers, near, lead=LEAD, days=DAYS, prior=PRIOR)

    changed = np.where(day > 20, 99.0, values)
    same = day <= 20 + LEAD
    before, after = memory(values), memory(changed)
    np.testing.assert_array_equal(before[same], after[same])
    assert np.any(before[~same] != after[~same])


def test_neighbours_count_by_their_distance_on_the_sphere() -> None:
    near = neighbourhood(np.array([50.0, 50.0, 51.0, 10.0]), np.array([0.0, 0.0, 0.0, 90.0]), 100.0)
    expected = np.exp(-((111.195 / 100) ** 2) / 2)  # a degree of latitude, km
    dense = near.toarray()
    np.testing.assert_allclose(dense, dense.T)
    np.testing.assert_allclose(np.diag(dense), 1)
    assert dense[0, 1] == pytest.approx(1.0)
    assert dense[0, 2] == pytest.approx(expected, rel=1e-3)
    assert dense[0, 3] == 0
