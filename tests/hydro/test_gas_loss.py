import numpy as np
import pytest

from sciml.core.errors import BadInput
from sciml.hydro.cavity import DISK_DRAG, froude_number
from sciml.hydro.gas_loss import gas_loss, gas_losses, register_gas_loss
from sciml.hydro.sections import (
    SectionSettings,
    balanced_pressure,
    simulate_cavity,
    steady_cavity,
    steady_loss,
)

AMBIENT, INSIDE = 20e3, 12e3  # Pa
PORTION = SectionSettings(speed=10.0, diameter=0.01, gas_loss="portion")
LAYER = SectionSettings(speed=10.0, diameter=0.01, gas_loss="boundary_layer")
# Slow and short of σ Fr = 1: the twin vortices have their pole at σ = 0.23.
TWIN = SectionSettings(speed=2.0, diameter=0.04, gas_loss="twin_vortex", drag_coefficient=0.82)
POWER = SectionSettings(
    speed=10.0, diameter=0.01, gas_loss="power_law", loss_coefficient=0.03, loss_shape=-1.5
)


def at_cavity_pressure(settings: SectionSettings, ambient: float, inside: float) -> float:
    """C_Q, the loss in volumes of cavity gas over V D_n²."""
    volume = steady_loss(settings, ambient, inside) * settings.reference_pressure
    gas = inside - settings.vapour_pressure
    return volume / gas / (settings.speed * settings.diameter**2)


def pole_of(settings: SectionSettings) -> float:
    """σ at which the twin-vortex law diverges."""
    Fr = froude_number(settings.speed, settings.diameter)
    return float((settings.loss_shape * settings.drag_coefficient / Fr**4) ** (1 / 3))


def inside_at(settings: SectionSettings, sigma: float) -> float:
    """p_c at which the cavitation number is σ, Pa."""
    return AMBIENT - sigma * settings.dynamic_pressure


def test_laws_are_listed_by_name() -> None:
    known = {"boundary_layer", "none", "portion", "power_law", "twin_vortex"}
    assert known <= set(gas_losses())


def test_coefficients_that_are_not_given_are_those_quoted_for_the_law() -> None:
    assert PORTION.loss_coefficient == 0.015
    assert LAYER.loss_coefficient == 1.5e-5
    assert (TWIN.loss_coefficient, TWIN.loss_shape) == (0.42, 2.5)
    own = SectionSettings(speed=1.0, diameter=0.1, gas_loss="twin_vortex", loss_coefficient=0.3)
    assert (own.loss_coefficient, own.loss_shape) == (0.3, 2.5)
    assert SectionSettings.model_validate_json(own.model_dump_json()) == own


def test_portion_loss_is_a_share_of_the_largest_section_per_pressure_ratio() -> None:
    steady = steady_cavity(PORTION, AMBIENT, INSIDE)
    expected = 0.015 * 10 * np.pi / 4 * steady.diameter**2 * (steady.gas_number - 1)
    assert steady_loss(PORTION, AMBIENT, INSIDE) == pytest.approx(expected, rel=1e-12)


def test_boundary_layer_loss_has_the_value_of_the_laminar_estimate() -> None:
    # σ 0.05, V 10 m/s, D_n 10 mm, ν 1.5e-5 m²/s: C_Q = √(2π) (D_c/D_n) √(L ν / (V D_n²)).
    inside = inside_at(LAYER, 0.05)
    steady = steady_cavity(LAYER, AMBIENT, inside)
    expected = np.sqrt(2 * np.pi * steady.length * 1.5e-5 / 10) * steady.diameter / 0.01**2
    assert at_cavity_pressure(LAYER, AMBIENT, inside) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("above_the_pole", [1.0101, 1.1, 2.0, 5.0])
def test_twin_vortex_loss_is_the_form_of_epshtein(above_the_pole: float) -> None:
    # As printed: C_Q = 0.42 c_x0² / [σ (σ³ Fr⁴ - 2.5 c_x0)].
    Fr, sigma = froude_number(2.0, 0.04), above_the_pole * pole_of(TWIN)
    expected = 0.42 * DISK_DRAG**2 / (sigma * (sigma**3 * Fr**4 - 2.5 * DISK_DRAG))
    found = at_cavity_pressure(TWIN, AMBIENT, inside_at(TWIN, sigma))
    assert found == pytest.approx(expected, rel=1e-9)


def test_twin_vortex_loss_falls_smoothly_through_its_pole() -> None:
    pole = pole_of(TWIN)
    sigma = np.linspace(0.2, 1.2, 2001) * pole
    loss = np.array([at_cavity_pressure(TWIN, AMBIENT, inside_at(TWIN, s)) for s in sigma])
    assert np.all(np.isfinite(loss))
    assert np.all(np.diff(loss) < 0)
    # Value and slope on both sides of 1.01 of the pole, where the tangent takes over.
    h = 1e-7
    edges = [1.01 - 2 * h, 1.01 - h, 1.01 + h, 1.01 + 2 * h]
    a, b, c, d = (at_cavity_pressure(TWIN, AMBIENT, inside_at(TWIN, e * pole)) for e in edges)
    assert (d - c) / h == pytest.approx((b - a) / h, rel=1e-3)


def test_ventilation_hardly_lengthens_a_cavity_near_the_pole_of_its_vortices() -> None:
    # However much is blown in, σ stays above 0.99 of the pole.
    edge = steady_loss(TWIN, AMBIENT, inside_at(TWIN, 1.01 * pole_of(TWIN)))
    found = [balanced_pressure(TWIN, AMBIENT, share * edge) for share in (0.01, 0.1, 1.0, 2.0)]
    sigma = (AMBIENT - np.array(found)) / TWIN.dynamic_pressure / pole_of(TWIN)
    assert np.all(np.diff(sigma) < 0)
    assert sigma[2] == pytest.approx(1.01, rel=1e-6)
    assert 0.99 < sigma[3] < 1.01


@pytest.mark.parametrize("sigma", [0.05, 0.1, 0.2])
def test_power_law_gives_the_loss_it_was_fitted_to(sigma: float) -> None:
    # Balanced between p_v and p∞, with σ_v = 0.35.
    found = at_cavity_pressure(POWER, AMBIENT, inside_at(POWER, sigma))
    assert found == pytest.approx(0.03 * sigma**-1.5, rel=1e-12)


@pytest.mark.parametrize("name", ["portion", "boundary_layer", "twin_vortex", "power_law"])
@pytest.mark.parametrize("gap", [-2e3, 0.0, 1.0, 1e4])
def test_loss_is_finite_for_any_gap_and_vanishes_with_the_gas(name: str, gap: float) -> None:
    settings = TWIN.model_copy(update={"gas_loss": name})
    loss = gas_loss(name)
    constants = loss.strength(settings), loss.shape(settings)
    empty, full = (loss.law.ctypes(gas, gap, 1e-3, 0.3, *constants) for gas in (0.0, 1e4))
    # Without gas and without a gap the ratio of the portion law is what its cap says.
    assert empty == 0.0 or (name == "portion" and gap <= 0)
    assert np.isfinite(full)
    assert full > 0


@pytest.mark.parametrize("settings", [TWIN, POWER], ids=["twin_vortex", "power_law"])
def test_run_with_a_fitted_law_starts_steady_and_keeps_its_books(settings) -> None:
    sigma = 0.3
    inside = inside_at(settings, sigma)
    ambient = inside + sigma * settings.dynamic_pressure
    steady, needed = (
        steady_cavity(settings, ambient, inside),
        steady_loss(settings, ambient, inside),
    )
    times = np.arange(1001) * steady.lifetime / 100
    gap = sigma * settings.dynamic_pressure

    def swing(t: np.ndarray) -> np.ndarray:
        return ambient + 0.2 * gap * (1 - np.cos(t / steady.lifetime))

    run = simulate_cavity(settings, times, swing, needed)
    assert float(run.cavity_pressure[0]) == pytest.approx(inside, rel=1e-9)
    held = run.gas_content + run.gas_leaked + run.gas_shed - run.gas_supplied
    assert float(abs(held / run.gas_content[0] - 1).max()) < 1e-11
    assert float(run.gas_leaked[-1]) > 0
    assert np.all(np.isfinite(run.to_array()))


def linear_loss(gas, gap, area, length, strength, shape):
    return strength * gas


def test_own_law_of_gas_loss_is_used_by_name() -> None:
    if "linear" not in gas_losses():
        register_gas_loss("linear", linear_loss, lambda settings: settings.loss_coefficient)
    settings = SectionSettings(speed=10.0, diameter=0.01, gas_loss="linear", loss_coefficient=1e-8)
    expected = 1e-8 * (INSIDE - settings.vapour_pressure)
    assert steady_loss(settings, AMBIENT, INSIDE) == pytest.approx(expected)
    times = np.arange(101) * steady_cavity(settings, AMBIENT, INSIDE).lifetime / 50
    run = simulate_cavity(settings, times, AMBIENT, expected)
    np.testing.assert_allclose(run.cavity_pressure, INSIDE, rtol=1e-9)
    with pytest.raises(BadInput) as error:
        register_gas_loss("portion", linear_loss, lambda settings: settings.speed)
    assert str(error.value) == "gas loss 'portion' is already registered; choose another name"


def test_twin_vortices_without_a_pole_are_refused() -> None:
    settings = TWIN.model_copy(update={"loss_shape": 0.0})
    with pytest.raises(BadInput) as error:
        steady_loss(settings, AMBIENT, inside_at(settings, 0.3))
    assert str(error.value) == ("twin_vortex: loss_shape must be positive, got 0; 2.5 is quoted")
