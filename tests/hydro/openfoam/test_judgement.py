import numpy as np
import pytest
import xarray as xr

from sciml.core.errors import BadInput
from sciml.hydro.openfoam.judgement import (
    Window,
    grid_convergence,
    longest_plateau,
    steady_cavity,
    steady_deviations,
)

CLOCK = np.arange(1, 401) * 5e-5  # s; 20 transits of 1 ms


def longest_by_search(time, values, band) -> Window:
    """The oracle: every pair of ends."""
    best = Window(0.0, -1.0)
    for first in range(len(time)):
        for last in range(first, len(time)):
            part = values[first : last + 1]
            within = part.max() - part.min() <= band * abs(part.max() + part.min()) / 2
            if within and time[last] - time[first] > best.length:
                best = Window(time[first], time[last])
    return best


@pytest.mark.parametrize("seed", range(6))
def test_the_plateau_is_the_longest_of_all_stretches(seed: int) -> None:
    rng = np.random.default_rng(seed)
    time = np.cumsum(rng.uniform(0.1, 1.0, 60))
    values = 1.0 + 0.02 * np.cumsum(rng.normal(size=60))
    assert longest_plateau(time, values, 0.05, 0.0) == longest_by_search(time, values, 0.05)


@pytest.mark.parametrize("level", [0.5, 1.07, 30.0])
def test_the_rule_finds_the_plateau_wherever_it_lies(level: float) -> None:
    start = 4.0 * np.exp(-CLOCK / 5e-4)
    shed = np.where(CLOCK > 0.01501, -0.5, 0.0)
    window = longest_plateau(CLOCK, level * (1 + start + shed), 0.02, 2e-3)
    assert window.stop == pytest.approx(0.015, abs=1e-9)
    # 4 exp(-t/τ) falls below 2 % of the middle at t = τ ln(4 / 0.0202).
    assert window.start == pytest.approx(5e-4 * np.log(4 / 0.0202), abs=5e-5)


def test_no_plateau_is_an_error_and_not_a_short_one() -> None:
    with pytest.raises(BadInput, match=r"nothing stays within 2 % for 0\.002 s.*Simulate longer"):
        longest_plateau(CLOCK, np.exp(CLOCK / 1e-3), 0.02, 2e-3)


def history(peak: float = 0.008) -> xr.Dataset:
    """A cavity that is largest at a time and sheds at 15 ms."""
    snapshots = CLOCK[4::5]
    drag = np.where(CLOCK > 0.01501, 0.6, 1.05 + np.exp(-CLOCK / 5e-4))

    def size(t):
        return 1.0 - ((t - peak) / 0.01) ** 2

    return xr.Dataset(
        {
            "drag_coefficient": ("time", drag),
            "vapour_volume": ("time", 1e-5 * size(CLOCK)),
            "cavity_length": ("snapshot", 0.04 * np.ones(len(snapshots))),
            "cavity_diameter": ("snapshot", 0.02 + 0.1 * (snapshots - peak)),
        },
        coords={"time": CLOCK, "snapshot": snapshots},
        attrs={"diameter": 0.01, "speed": 10.0},
    )


def test_sizes_are_those_around_the_largest_volume() -> None:
    steady = steady_cavity(history())
    # 1 - ((t - peak) / 10 ms)² falls by 2 % within √0.02 × 10 ms = 1.41 ms.
    np.testing.assert_allclose(steady.size_window, [0.0066, 0.0094], atol=5e-5)
    assert steady.diameter == pytest.approx(0.02, abs=2e-6)
    assert steady.diameter_spread == pytest.approx(0.1 * 1.25e-3, abs=1.3e-5)
    assert steady.length == pytest.approx(0.04)
    assert steady.drag_coefficient == pytest.approx(1.05, rel=5e-3)
    assert 0 < steady.drag_spread <= 0.0158


def test_a_beat_of_a_few_steps_does_not_end_the_plateau() -> None:
    beaten = history()
    beaten["drag_coefficient"][{"time": slice(140, 147)}] = 3.0
    quiet, loud = steady_cavity(history()), steady_cavity(beaten)
    assert loud.drag_window == quiet.drag_window
    assert loud.drag_coefficient == pytest.approx(quiet.drag_coefficient, rel=1e-4)


def test_a_cavity_that_still_grows_is_refused() -> None:
    with pytest.raises(BadInput, match=r"still grows at 0.01[45].*simulate longer"):
        steady_cavity(history(peak=0.03))


def test_missing_fields_are_named() -> None:
    with pytest.raises(BadInput, match=r"no field was written.*output_interval smaller"):
        steady_cavity(history().isel(snapshot=slice(0, 3)))


def test_a_cavity_as_in_theory_deviates_by_nothing() -> None:
    sigma, drag = 0.25, 0.82 * 1.25
    exact = steady_cavity(history())._replace(
        drag_coefficient=drag,
        length=0.01 * np.sqrt(drag * np.log(4)) / sigma,
        diameter=0.01 * np.sqrt(drag / sigma),
    )
    assert steady_deviations(exact, sigma, 0.01) == pytest.approx(
        {"drag": 0.0, "length": 0.0, "diameter": 0.0}, abs=1e-12
    )


@pytest.mark.parametrize("order", [0.7, 1.0, 2.0])
@pytest.mark.parametrize("error", [0.1, -0.1])
def test_the_grid_study_recovers_order_and_limit(order: float, error: float) -> None:
    results = [3.0 + error * size**order for size in (2.25, 1.5, 1.0)]
    study = grid_convergence(results, 1.5)
    assert study.order == pytest.approx(order)
    assert study.extrapolated == pytest.approx(3.0)
    assert study.asymptotic
    assert study.uncertainty == pytest.approx(1.25 * abs(results[-1] - 3.0))


@pytest.mark.parametrize(
    "results", [(1.0, 1.2, 1.1), (1.0, 1.1, 1.3), (1.0, 1.0, 1.1), (1.0, 1.1, 1.1)]
)
def test_no_order_is_claimed_where_none_is_seen(results) -> None:
    study = grid_convergence(results, 2.0)
    assert not study.asymptotic
    assert study.extrapolated == results[-1]
    assert study.uncertainty == pytest.approx(3 * (max(results) - min(results)))


def test_a_grid_study_needs_three_meshes() -> None:
    with pytest.raises(BadInput, match="three results and a ratio above 1, got 2 and 2"):
        grid_convergence((1.0, 1.1), 2.0)
    with pytest.raises(BadInput, match="got 3 and 1"):
        grid_convergence((1.0, 1.1, 1.2), 1.0)
