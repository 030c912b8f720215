import numpy as np
import pytest
from scipy import integrate

from sciml.core.errors import BadInput
from sciml.hydro.bubble import RAYLEIGH_FACTOR, bubble_frequency, collapse_time, water_hammer


def test_rayleigh_factor_is_the_integral_of_the_energy_balance() -> None:
    # t_c = R₀ √(3ρ/2Δp) ∫₀¹ x^(3/2) / √(1 - x³) dx; x³ = sin²φ takes the pole away.
    def integrand(angle: float) -> float:
        return 2 / 3 * np.sin(angle) ** (2 / 3)

    integral = integrate.quad(integrand, 0, np.pi / 2, epsrel=1e-13)[0]
    assert np.sqrt(1.5) * integral == pytest.approx(RAYLEIGH_FACTOR, rel=1e-10)
    assert pytest.approx(0.91468, abs=5e-6) == RAYLEIGH_FACTOR


def test_collapse_of_a_centimetre_under_an_atmosphere_takes_a_millisecond() -> None:
    assert collapse_time(0.01, 1e5, density=1000.0) == pytest.approx(0.91468e-3, rel=1e-5)


def test_radius_times_frequency_of_an_air_bubble_is_three_metres_per_second() -> None:
    assert 1e-3 * bubble_frequency(1e-3, 1e5, 1.4, 1000.0) == pytest.approx(3.262, abs=5e-4)


def test_bubble_frequency_is_that_of_the_rayleigh_plesset_equation() -> None:
    R0, p, kappa, rho = 2e-3, 1e5, 1.4, 1000.0
    period = 1 / bubble_frequency(R0, p, kappa, rho)

    def motion(t: float, state: np.ndarray) -> list[float]:
        R, U = state
        return [U, (p / rho * ((R0 / R) ** (3 * kappa) - 1) - 1.5 * U**2) / R]

    def inward(t: float, state: np.ndarray) -> float:
        return state[1]

    inward.direction = -1
    found = integrate.solve_ivp(
        motion, (0, 1.2 * period), [R0 * (1 + 1e-4), 0], events=inward, rtol=1e-10, atol=1e-13
    )
    assert found.t_events[0][-1] == pytest.approx(period, rel=1e-5)


def test_water_hammer_of_a_jet_of_ten_metres_per_second_is_fifteen_megapascals() -> None:
    assert water_hammer(10.0, 1000.0, 1480.0) == pytest.approx(14.8e6, rel=1e-12)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: collapse_time(0.01, -1e5),
            "pressure_gap must be positive and finite, got -100000",
        ),
        (lambda: bubble_frequency(0.0, 1e5), "radius must be positive and finite, got 0"),
        (lambda: bubble_frequency(1e-3, np.nan), "pressure must be positive and finite, got nan"),
        (lambda: water_hammer(np.inf), "speed must be positive and finite, got inf"),
    ],
)
def test_what_no_bubble_has_is_refused(call, message: str) -> None:
    with pytest.raises(BadInput) as error:
        call()
    assert str(error.value) == message
