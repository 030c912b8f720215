"""The channel: what advection keeps, waves of theory, symmetry, and products without aliasing."""

import numpy as np
import pytest

from sciml.core.errors import BadInput
from sciml.weather.world.channel import (
    ChannelSettings,
    flow,
    invariants,
    random_start,
    rates,
    run,
    tables,
    truncated,
    values,
)
from sciml.weather.world.channel_kernel import eastward_slope

FREE = {"heating_days": None, "drag_days": None, "smallest_hours": None, "upper_wind": 0.0}
SMALL = {"lats": 14, "lons": 24, "sines": 9, "waves": 7}
QUIET = ChannelSettings(**FREE, **SMALL)  # neither forcing nor friction, over mountains
FLAT = QUIET.model_copy(update={"ground_vorticity": 0.0})


def wild(settings: ChannelSettings, seed: int, size: float = 3e-5) -> np.ndarray:
    """Random vorticity, 1/s, with less of it in short waves."""
    smooth = tables(settings).laplacian[0, 0] / tables(settings).laplacian
    return size * smooth * np.random.default_rng(seed).normal(size=settings.shape)


def one_wave(settings: ChannelSettings, upper: complex, lower: complex) -> np.ndarray:
    """A state whose stream functions are one wave (wave 3, sine 2) each, m²/s."""
    psi = np.zeros(settings.shape)
    for layer, amplitude in enumerate((upper, lower)):  # Re[A exp(i k x)]
        psi[layer, 1, 5], psi[layer, 1, 6] = amplitude.real, -amplitude.imag
    table = tables(settings)
    tension = table.stretching * (psi[0] - psi[1])
    return table.laplacian * psi + np.stack([-tension, tension])


def amplitude(settings: ChannelSettings, state: np.ndarray) -> np.ndarray:
    """The complex amplitudes of that wave in the two layers."""
    psi = flow(settings, state)
    return psi[:, 1, 5] - 1j * psi[:, 1, 6]


def wavenumbers(settings: ChannelSettings) -> tuple[float, float]:
    table = tables(settings)
    k, l = table.eastward[3], table.northward[1]  # noqa: E741 - as in every textbook
    return float(k), float(k**2 + l**2)


def turnover(quantity: int, settings: ChannelSettings, state: np.ndarray, rate: np.ndarray):
    """The relative rate of an invariant, 1/s: exact, for it is quadratic."""
    step = 1e4  # s
    ahead = invariants(settings, np.stack([state - step * rate, state + step * rate]))[quantity]
    return (ahead[1] - ahead[0]) / (2 * step) / invariants(settings, state)[quantity]


@pytest.mark.parametrize("seed", range(3))
def test_the_flow_keeps_its_energy_over_mountains(seed: int) -> None:
    state = wild(QUIET, seed)
    rate = rates(QUIET, state)
    assert np.linalg.norm(rate) / np.linalg.norm(state) > 1e-6  # 1/s: it is not at rest
    assert abs(turnover(0, QUIET, state, rate)) < 1e-16


@pytest.mark.parametrize("seed", range(3))
def test_advection_keeps_the_enstrophy_of_each_layer_over_mountains(seed: int) -> None:
    state, table = wild(QUIET, seed), tables(QUIET)
    planetary = [table.beta * eastward_slope(psi, table.eastward) for psi in flow(QUIET, state)]
    carried = rates(QUIET, state) + np.stack(planetary)
    assert np.abs(turnover(1, QUIET, state, carried)).max() < 1e-16


def test_on_level_ground_the_flow_keeps_the_enstrophy_of_both_layers_together() -> None:
    state = wild(FLAT, 3)
    by_layer = turnover(1, FLAT, state, rates(FLAT, state)) * invariants(FLAT, state)[1]
    assert np.abs(by_layer).max() > 1e3 * abs(by_layer.sum())


def test_the_error_of_energy_falls_with_the_step_as_the_march_promises() -> None:
    start = wild(QUIET, 4)[None]
    drift = []
    for minutes in (120.0, 60.0):
        settings = QUIET.model_copy(update={"step_minutes": minutes})
        energy = invariants(settings, run(settings, start, round(2880 / minutes))[0])[0]
        drift.append(abs(energy[-1] / energy[0] - 1))
    assert drift[0] < 1e-3
    assert 12 < drift[0] / drift[1] < 50  # fourth order, or fifth where the errors only damp


@pytest.mark.parametrize("together", [True, False])
def test_a_free_wave_travels_as_rossby_said(together: bool) -> None:
    # ω = -β k / K² for the layers together, -β k / (K² + 2 F) for one against the other.
    settings = FLAT.model_copy(update={"step_minutes": 30.0})
    k, K2 = wavenumbers(settings)
    table = tables(settings)
    omega = -table.beta * k / (K2 if together else K2 + 2 * table.stretching)
    start = one_wave(settings, 1e7, 1e7 if together else -1e7)
    end = run(settings, start[None], 96)[0, -1]
    turned = np.exp(-1j * omega * 2 * 86400)
    np.testing.assert_allclose(amplitude(settings, end)[0], 1e7 * turned, rtol=1e-7)


def test_a_wave_in_a_sheared_wind_grows_as_phillips_said() -> None:
    settings = FLAT.model_copy(update={"step_minutes": 20.0, "upper_wind": 30.0})
    k, K2 = wavenumbers(settings)
    table = tables(settings)
    F, U, beta = table.stretching, table.wind, table.beta
    # (d/dt + i k U_i) q_i + i k B_i ψ_i = 0 with q = S ψ
    S = np.array([[-K2 - F, F], [F, -K2 - F]])
    wind, slope = np.diag([U, 0.0]), np.diag([beta + F * U, beta - F * U])
    modes, shapes = np.linalg.eig(-1j * k * np.linalg.solve(S, wind @ S + slope))
    fastest = int(np.argmax(modes.real))
    assert modes[fastest].real > 0.2 / 86400  # it does grow
    shape = shapes[:, fastest] * 1e3  # m²/s, so small that waves do not meet
    start = one_wave(settings, *map(complex, shape))
    end = run(settings, start[None], 144)[0, -1]
    expected = shape * np.exp(modes[fastest] * 2 * 86400)
    np.testing.assert_allclose(amplitude(settings, end), expected, rtol=1e-5)


def test_friction_and_heating_work_at_their_rates() -> None:
    rubbed = FLAT.model_copy(update={"drag_days": 2.0})
    zonal = np.zeros(FLAT.shape)
    zonal[:, 0, 0] = 1e-5  # both layers alike, no waves
    lost = (rates(rubbed, zonal) - rates(FLAT, zonal))[:, 0, 0]
    np.testing.assert_allclose(lost, [0.0, -1e-5 / (2 * 86400)])
    heated = FLAT.model_copy(update={"heating_days": 5.0, "thermal_wind": 0.0})
    apart = zonal * np.array([1.0, -1.0])[:, None, None]
    psi = flow(FLAT, apart)
    cooled = tables(FLAT).stretching * (psi[0] - psi[1])[0, 0] / (5 * 86400)
    gained = (rates(heated, apart) - rates(FLAT, apart))[:, 0, 0]
    np.testing.assert_allclose(gained, [cooled, -cooled])


def test_heating_alone_brings_about_the_wind_that_was_asked_for() -> None:
    settings = ChannelSettings(
        drag_days=None, smallest_hours=None, upper_wind=0.0, storm_tracks=0.0, ground_vorticity=0.0
    )
    table = tables(settings)
    difference = 2.0 * table.warmth
    wind = -(table.cosines @ (table.northward[:, None] * difference))[:, 0]
    off = (settings.lat - settings.jet_latitude) / settings.jet_width
    jet = settings.thermal_wind * np.exp(-(off**2))
    np.testing.assert_allclose(wind - wind.mean(), jet - jet.mean(), atol=0.5)  # m/s


def test_turning_the_globe_turns_the_weather() -> None:
    settings = ChannelSettings(**SMALL, ground_vorticity=0.0, storm_tracks=0.0)
    start = wild(settings, 5)
    angle = 2 * np.pi * np.repeat(np.arange(settings.waves + 1), 2)[1:] * 5 / settings.lons
    turned = start.copy()
    for wave in range(1, settings.waves + 1):
        c, s = np.cos(angle[2 * wave]), np.sin(angle[2 * wave])
        cosine, sine = start[..., 2 * wave - 1], start[..., 2 * wave]
        turned[..., 2 * wave - 1], turned[..., 2 * wave] = (
            c * cosine - s * sine,
            s * cosine + c * sine,
        )
    ends = run(settings, np.stack([start, turned]), 36, every=36)[:, -1]
    fields = values(settings, ends)
    size = np.abs(fields[0]).max()
    np.testing.assert_allclose(fields[1], np.roll(fields[0], 5, axis=-1), atol=1e-8 * size)


@pytest.mark.parametrize("forced", [True, False])
def test_products_are_free_of_aliasing(forced: bool) -> None:
    coarse = ChannelSettings(**SMALL) if forced else QUIET
    fine = coarse.model_copy(update={"lats": 29, "lons": 48})
    state = wild(coarse, 6)
    # The ground is analysed on the grid, so it has to be the same on both: none.
    level = {"ground_vorticity": 0.0, "thermal_wind": 0.0}
    found, expected = (rates(s.model_copy(update=level), state) for s in (coarse, fine))
    np.testing.assert_allclose(found, expected, atol=1e-9 * np.abs(expected).max())


def test_waves_that_would_alias_are_refused() -> None:
    with pytest.raises(ValueError, match=r"expected fewer than 16\.67 sines and 16 waves"):
        ChannelSettings(waves=16)
    with pytest.raises(ValueError, match="got 17 and 15"):
        ChannelSettings(sines=17)


def test_states_come_back_from_their_flow() -> None:
    state = wild(QUIET, 7)
    psi = flow(QUIET, state)
    tension = tables(QUIET).stretching * (psi[0] - psi[1])
    again = tables(QUIET).laplacian * psi + np.stack([-tension, tension])
    np.testing.assert_allclose(again, state, rtol=1e-9, atol=1e-16)


def test_truncation_keeps_the_waves_that_both_have() -> None:
    coarse = QUIET.model_copy(update={"sines": 5, "waves": 4})
    state = wild(QUIET, 8)
    seen = truncated(state, QUIET, coarse)
    assert seen.shape == coarse.shape
    back = truncated(seen, coarse, QUIET)
    np.testing.assert_array_equal(back[:, :5, :9], state[:, :5, :9])
    assert np.count_nonzero(back[:, 5:]) == np.count_nonzero(back[:, :, 9:]) == 0


def test_members_are_the_same_alone_and_in_a_batch() -> None:
    settings = ChannelSettings(**SMALL)
    start = np.stack([wild(settings, seed) for seed in range(3)])
    season = np.array([[0.8], [1.0], [1.3]])
    together = run(settings, start, 20, season=season)
    np.testing.assert_array_equal(together[2], run(settings, start[2:], 20, season=1.3)[0])


def test_a_seed_gives_one_weather_and_another_another() -> None:
    settings = ChannelSettings(**SMALL)
    first, again, other = (random_start(settings, 1, seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 1e-6


def test_bad_input_is_named() -> None:
    with pytest.raises(BadInput, match="start: expected axes"):
        run(QUIET, np.zeros((1, 2, 3, 4)), 1)
    with pytest.raises(BadInput, match="steps and every above 0, got 0 and 1"):
        run(QUIET, wild(QUIET, 0)[None], 0)
    long = ChannelSettings(**SMALL, step_minutes=1440.0)
    with pytest.raises(BadInput, match="overflow with step_minutes = 1440"):
        run(long, wild(long, 0)[None], 400)
