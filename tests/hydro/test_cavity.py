import numpy as np
import pytest

from sciml.core.errors import BadInput
from sciml.hydro.cavity import (
    cavitation_number,
    drag_coefficient,
    garabedian_diameter,
    garabedian_length,
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
