import os
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import quad

from sciml.core.errors import BadInput
from sciml.hydro.cavity_growth import (
    GrowthTheory,
    fit_growth,
    grown_volume,
    growth_error,
    growth_phase,
)
from sciml.hydro.sections import SectionSettings, steady_cavity

DISK = SectionSettings(speed=10.0, diameter=0.01)
TRUE = GrowthTheory(tunnel=DISK, a0=1.6, a1=0.7, growth_factor=0.85, start=0.4)
CLOCK = np.linspace(0, 0.02, 200)


@pytest.mark.parametrize("birth", ["disk", "point"])
@pytest.mark.parametrize("sigma", [0.2, 0.5])
def test_volume_is_the_integral_of_the_sections_born_since_the_start(birth, sigma) -> None:
    theory = TRUE.model_copy(update={"tunnel": DISK.model_copy(update={"birth_area": birth})})
    tunnel = theory.at(sigma)
    D = tunnel.compliance * sigma * tunnel.dynamic_pressure

    def area(age: float) -> float:
        return max(tunnel.initial_area + tunnel.growth * age - D * age**2 / 2, 0.0)

    for t in (0.002, 0.004, 0.012):
        since = t - theory.start * tunnel.diameter / tunnel.speed
        volume = tunnel.speed * quad(area, 0, since, limit=400, epsabs=0)[0]
        assert grown_volume(theory, sigma, [t])[0] == pytest.approx(volume, rel=1e-7)


def test_growth_ends_at_the_steady_cavity() -> None:
    sigma = 0.3
    tunnel = TRUE.at(sigma)
    ambient = tunnel.vapour_pressure + 2 * sigma * tunnel.dynamic_pressure
    steady = steady_cavity(tunnel, ambient, ambient - sigma * tunnel.dynamic_pressure)
    assert grown_volume(TRUE, sigma, [1.0])[0] == pytest.approx(steady.volume, rel=1e-12)


def test_nothing_grows_before_the_virtual_start() -> None:
    before = TRUE.start * DISK.diameter / DISK.speed
    np.testing.assert_array_equal(grown_volume(TRUE, 0.3, [0.0, before]), 0.0)


def test_numbers_are_recovered_from_three_cavitation_numbers() -> None:
    volumes = {sigma: (CLOCK, grown_volume(TRUE, sigma, CLOCK)) for sigma in (0.15, 0.3, 0.5)}
    free = ("a0", "a1", "growth_factor", "start")
    found = fit_growth(volumes, GrowthTheory(tunnel=DISK), free)
    for name in free:
        assert getattr(found.theory, name) == pytest.approx(getattr(TRUE, name), rel=1e-5)
    assert found.misfit < 1e-6
    assert growth_error(found.theory, volumes) < 1e-6


def test_standard_error_covers_the_truth_in_noise() -> None:
    generator = np.random.default_rng(0)
    gaps = []
    for _ in range(40):
        volumes = {}
        for sigma in (0.2, 0.4):
            volume = grown_volume(TRUE, sigma, CLOCK[10:40])
            # So little that no sample ends the growth before its time.
            noise = 2e-4 * volume.max() * generator.standard_normal(volume.size)
            volumes[sigma] = (CLOCK[10:40], volume + noise)
        found = fit_growth(volumes, TRUE, ("a0", "a1"))
        gaps.append((found.theory.a0 - TRUE.a0) / found.errors["a0"])
    assert 0.6 < np.std(gaps) < 1.5


def test_growth_phase_ends_at_the_first_maximum_and_ignores_ripples() -> None:
    t = np.linspace(0, 3, 301)
    volume = 1 - (t - 1) ** 2 + 0.005 * np.sin(60 * t)
    volume[t > 2] += 5 * (t[t > 2] - 2)  # sheds and grows larger later
    time, grown = growth_phase(t, volume)
    assert time[-1] == pytest.approx(1.0, abs=0.06)
    assert grown[-1] == grown.max()


def test_error_of_a_theory_is_relative_to_the_largest_volume() -> None:
    volumes = {0.3: (CLOCK, 2 * grown_volume(TRUE, 0.3, CLOCK))}
    half = growth_error(TRUE, volumes)
    volume = growth_phase(*volumes[0.3])[1]
    assert half == pytest.approx(np.sqrt(np.mean((volume / 2) ** 2)) / volume.max())


def computed_volumes() -> dict[float, tuple[np.ndarray, np.ndarray]]:
    roots = [Path(folder) for folder in os.environ["SCIML_DATA"].split(os.pathsep) if folder]
    path = next(p for root in roots for p in root.rglob("cfd_disk_natural_cavitation.csv"))
    sigmas, times, _, sizes = np.loadtxt(path, delimiter=",", skiprows=1, unpack=True)
    return {s: (times[sigmas == s], sizes[sigmas == s] * 0.005**3) for s in np.unique(sigmas)}


@pytest.mark.realdata
@pytest.mark.parametrize("held", [0.2, 0.3, 0.5])
def test_two_computed_cavities_foretell_the_growth_of_the_third(held: float) -> None:
    volumes = computed_volumes()
    disk = SectionSettings(speed=10.0, diameter=0.01, density=1000.0, vapour_pressure=2300.0)
    point = GrowthTheory(tunnel=disk.model_copy(update={"birth_area": "point"}))
    train = {sigma: series for sigma, series in volumes.items() if sigma != held}
    test = {held: volumes[held]}
    found = fit_growth(train, point, ("a0", "a1", "growth_factor"))
    assert growth_error(found.theory, test) < 0.07
    uncorrected = [GrowthTheory(tunnel=disk), GrowthTheory(tunnel=disk, a0=2.0, a1=0.0)]
    assert all(growth_error(theory, test) > 0.2 for theory in uncorrected)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: growth_phase(CLOCK, CLOCK[:5]),
            "volume: expected axes (time=200), got shape (5,)",
        ),
        (
            lambda: growth_phase(CLOCK[::-1], CLOCK),
            "growth: time must increase and all values be finite; sort, drop the rest",
        ),
        (
            lambda: growth_phase(CLOCK, np.where(CLOCK > 0.01, np.nan, CLOCK)),
            "growth: time must increase and all values be finite; sort, drop the rest",
        ),
        (
            lambda: growth_phase(CLOCK, 1 - CLOCK),
            "growth: 1 samples up to the first maximum are too few, expected at least 8; give "
            "finer samples",
        ),
        (
            lambda: fit_growth({0.3: (CLOCK, CLOCK)}, TRUE, ("a2",)),
            "free: unknown number 'a2'; did you mean 'a1'?",
        ),
        (
            lambda: fit_growth({0.3: (CLOCK, CLOCK)}, TRUE, ("growth_factor", "disk_drag")),
            "expected at least one series and one free number, and not both growth_factor and "
            "disk_drag, got 1 series and free = ('growth_factor', 'disk_drag')",
        ),
        (
            lambda: growth_phase((CLOCK * 1e9).astype("timedelta64[ns]"), CLOCK),
            "time: expected seconds, got timedelta64[ns]; give seconds: (t - t[0]) / "
            "np.timedelta64(1, 's')",
        ),
        (
            lambda: grown_volume(TRUE, 0.3, np.array(["2020-01-01"], "datetime64[s]")),
            "time: expected seconds, got datetime64[s]; give seconds: (t - t[0]) / "
            "np.timedelta64(1, 's')",
        ),
    ],
)
def test_bad_input_is_named_with_its_remedy(call, message: str) -> None:
    with pytest.raises(BadInput) as error:
        call()
    assert str(error.value) == message
