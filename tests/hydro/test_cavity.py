import numpy as np
import pytest
from scipy import integrate

from sciml.core.errors import BadInput
from sciml.hydro.cavity import (
    cavitation_number,
    drag_coefficient,
    froude_number,
    garabedian_diameter,
    garabedian_length,
    gravity_shift,
)
from sciml.hydro.sections import SectionSettings, steady_cavity


def test_cavitation_number_is_the_pressure_gap_over_the_dynamic_pressure() -> None:
    sigma = cavitation_number(np.array([3e4, 4e4]), 2e4, 10.0, density=1000.0)
    np.testing.assert_allclose(sigma, [0.2, 0.4], rtol=1e-15)


@pytest.mark.parametrize(
    ("speed", "density", "message"),
    [
        (0.0, 1e3, "cavitation_number: speed is 0 m/s, so σ is undefined; give a moving flow"),
        (1.0, 0.0, "cavitation_number: density must be positive, got 0.0 kg/m³"),
    ],
)
def test_cavitation_number_refuses_water_at_rest_and_no_water(speed, density, message) -> None:
    with pytest.raises(BadInput) as error:
        cavitation_number(2e4, 1e4, speed, density)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("pressure", "cavity_pressure", "message"),
    [
        (np.array([2e4, -3.0]), 1e4, "pressure must be absolute, 0 Pa or more, got -3 Pa"),
        (2e4, -50.0, "cavity_pressure must be absolute, 0 Pa or more, got -50 Pa"),
        (2e4, np.nan, "cavity_pressure must be absolute, 0 Pa or more, got nan Pa"),
    ],
)
def test_cavitation_number_refuses_pressures_below_vacuum(
    pressure, cavity_pressure, message
) -> None:
    with pytest.raises(BadInput) as error:
        cavitation_number(pressure, cavity_pressure, 10.0)
    assert str(error.value) == (
        f"cavitation_number: {message}; add the atmosphere to a gauge pressure"
    )


def test_drag_grows_linearly_with_the_cavitation_number() -> None:
    np.testing.assert_allclose(drag_coefficient(np.array([0.0, 0.5])), [0.82, 1.23], rtol=1e-15)
    with pytest.raises(BadInput) as error:
        drag_coefficient(np.array([0.1, np.nan]))
    expected = "drag_coefficient: σ must be 0 or more; c_x0 (1 + σ) has no meaning below"
    assert str(error.value) == expected


def test_garabedian_relations_agree_with_a_disk_in_simulated_flow_to_a_tenth() -> None:
    # interPhaseChangeFoam, laminar, one mesh, σ = 0.2 and 0.3: D_c/D_n 2.31 and 2.03,
    # L/D_n 6.07 and 3.62, the first still growing.
    sigma = np.array([0.2, 0.3])
    cx = drag_coefficient(sigma)
    np.testing.assert_allclose(garabedian_diameter(sigma, cx), [2.31, 2.03], rtol=0.1)
    np.testing.assert_allclose(garabedian_length(sigma, cx), [6.07, 3.62], rtol=0.1)


@pytest.mark.parametrize("sigma", [0.03, 0.1, 0.3])
def test_section_model_with_matching_expansion_has_the_garabedian_length(sigma: float) -> None:
    cx = float(drag_coefficient(sigma))
    settings = SectionSettings(
        speed=9.0,
        diameter=0.02,
        drag_coefficient=cx,
        expansion=float(np.sqrt(np.log(1.0 / sigma))),
        birth_area="point",
    )
    gap = sigma * settings.dynamic_pressure
    steady = steady_cavity(settings, 5e3 + gap, 5e3)
    assert steady.length / 0.02 == pytest.approx(float(garabedian_length(sigma, cx)), rel=1e-12)
    assert steady.diameter / 0.02 == pytest.approx(float(garabedian_diameter(sigma, cx)), rel=1e-12)


def test_garabedian_relations_refuse_numbers_outside_their_asymptotics() -> None:
    with pytest.raises(BadInput) as error:
        garabedian_length(1.0, 0.82)
    expected = "garabedian_length: σ must lie between 0 and 1; the form is asymptotic in σ"
    assert str(error.value) == expected
    with pytest.raises(BadInput) as error:
        garabedian_diameter(0.0, 0.82)
    expected = "garabedian_diameter: σ must be positive; at σ = 0 the cavity never closes"
    assert str(error.value) == expected


LENGTH, SPEED, GRAVITY = 0.4, 9.0, 9.80665  # m, m/s, m/s²


@pytest.mark.parametrize("xi", [1e-3, 0.1, 0.5, 0.9, 0.999])
def test_gravity_shift_is_the_integral_of_the_impulse_balance(xi: float) -> None:
    # dh/dx = g Q(x) / (S(x) V²) with S ~ x (L - x), both integrals by quadrature.
    def area(x: float) -> float:
        return x * (LENGTH - x)

    def slope(x: float) -> float:
        return GRAVITY * integrate.quad(area, 0.0, x)[0] / (area(x) * SPEED**2)

    lifted = integrate.quad(slope, 0.0, xi * LENGTH, epsrel=1e-12)[0]
    shift = float(gravity_shift(xi * LENGTH, LENGTH, SPEED))
    assert shift == pytest.approx(lifted, rel=1e-9)


def test_gravity_shift_of_a_half_cavity_has_its_known_factor() -> None:
    factor = float(gravity_shift(0.5, 1.0, 1.0, gravity=1.0))
    assert factor == pytest.approx(0.073858, abs=5e-7)
    shift = gravity_shift(LENGTH / 2, LENGTH, SPEED)
    assert shift == pytest.approx(GRAVITY * LENGTH**2 / SPEED**2 * factor, rel=1e-14)


def test_near_the_disk_the_axis_rises_with_a_quarter_of_free_fall() -> None:
    x = LENGTH * np.array([0.0, 1e-6, 1e-4])
    expected = GRAVITY * x**2 / (4 * SPEED**2)
    # The next term is 2 x/9L of it; below, three terms cancel to x² and keep 9 digits.
    np.testing.assert_allclose(gravity_shift(x, LENGTH, SPEED), expected, rtol=1e-4)
    assert float(gravity_shift(1e-5, 1.0, 1.0, 1.0)) == pytest.approx(
        1e-10 / 4 * (1 + 2e-5 / 9), rel=1e-9
    )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            (LENGTH, LENGTH, SPEED),
            "gravity_shift: positions must lie from 0 to below the length 0.4 m; stop before the "
            "closure, where the shift diverges",
        ),
        (
            (0.1, LENGTH, 0.0),
            "gravity_shift: length and speed must be positive and gravity 0 or more, got 0.4 m, "
            "0 m/s and 9.80665 m/s²",
        ),
    ],
)
def test_gravity_shift_stops_before_the_closure_and_needs_a_flow(given, message) -> None:
    with pytest.raises(BadInput) as error:
        gravity_shift(*given)
    assert str(error.value) == message


def test_froude_number_compares_the_speed_with_that_of_waves() -> None:
    assert froude_number(10.0, 0.01) == pytest.approx(10 / np.sqrt(9.80665 * 0.01), rel=1e-15)
    with pytest.raises(BadInput) as error:
        froude_number(10.0, 0.0)
    assert str(error.value) == (
        "froude_number: diameter and gravity must be positive, got 0 m and 9.80665 m/s²"
    )
