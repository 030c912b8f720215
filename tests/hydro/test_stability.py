import numpy as np
import pytest

from sciml.core.errors import BadInput
from sciml.hydro.stability import (
    characteristic_function,
    characteristic_root,
    neutral_beta,
    stability_map,
    volume_response,
)


def by_quadrature(lam: complex) -> complex:
    """G(λ) straight from its integral, by 60 Gauss-Legendre nodes."""
    nodes, weights = np.polynomial.legendre.leggauss(60)
    theta = (nodes + 1) / 2
    return np.sum(weights / 2 * theta * (1 - theta) * np.exp(-lam * theta))


@pytest.mark.parametrize(
    "lam", [0, 1e-8, 1e-3j, 0.5 - 0.5j, 1.999j, 2.001j, -2 + 1j, 3, -6 + 8j, 0.3 + 20j]
)
def test_volume_response_is_the_integral_it_stands_for(lam: complex) -> None:
    assert abs(complex(volume_response(lam)) - by_quadrature(lam)) < 1e-13 * max(
        1, abs(np.exp(-lam))
    )


@pytest.mark.parametrize("angle", np.linspace(0, np.pi, 7))
def test_series_and_closed_form_meet_on_the_circle_between_them(angle: float) -> None:
    edge = 2.0 * np.exp(1j * angle)
    inside, outside = volume_response([edge * (1 - 1e-12), edge * (1 + 1e-12)])
    assert abs(inside - outside) < 1e-11 * abs(inside)


def test_volume_response_at_rest_is_one_sixth() -> None:
    assert complex(volume_response(0.0)) == pytest.approx(1 / 6, rel=1e-15)


@pytest.mark.parametrize("mode", [1, 2, 3, 4])
def test_neutral_points_satisfy_the_characteristic_equation(mode: int) -> None:
    residual = characteristic_function(2j * np.pi * mode, neutral_beta(mode))
    assert abs(complex(residual)) <= 1e-13


def test_neutral_points_are_one_plus_n_squared_pi_squared_over_six() -> None:
    np.testing.assert_allclose([neutral_beta(n) for n in (1, 2, 3)], [2.6449, 7.5797, 15.804], 1e-4)


def test_roots_are_those_found_by_an_independent_newton_iteration() -> None:
    # Values computed outside this library, to the four decimals given.
    roots = characteristic_root([2.0, 2.4, 2.7, 3.0])
    expected = [-0.5561 + 5.8329j, -0.1729 + 6.1272j, 0.0343 + 6.3163j, 0.1973 + 6.4861j]
    np.testing.assert_allclose(roots, expected, atol=6e-5)


@pytest.mark.parametrize("mode", [1, 2, 5])
def test_roots_solve_the_equation_and_stay_apart_over_five_decades(mode: int) -> None:
    beta = 1 + np.geomspace(1e-2, 1e3, 101)
    roots = characteristic_root(beta, mode)
    assert np.abs(characteristic_function(roots, beta)).max() < 1e-12
    assert np.all((roots.imag > 2 * np.pi * (mode - 1)) & (roots.imag < 2 * np.pi * (mode + 1)))


@pytest.mark.parametrize("mode", [1, 2, 3])
def test_a_mode_grows_beyond_its_neutral_point_only(mode: int) -> None:
    threshold = neutral_beta(mode)
    below, at, above = characteristic_root(threshold * np.array([0.99, 1.0, 1.01]), mode)
    assert below.real < 0 < above.real
    assert abs(at - 2j * np.pi * mode) < 1e-13


def test_number_of_unstable_modes_is_that_of_the_argument_principle() -> None:
    # Zeros in the right half plane, counted by the turns of 1 + 12(β-1)G along the imaginary axis.
    for beta, unstable in [(2.0, 0), (5.0, 1), (10.0, 2), (20.0, 3)]:
        axis = 1j * np.linspace(-400, 400, 200_001)
        values = characteristic_function(axis, beta)
        turns = np.sum(np.angle(values[1:] / values[:-1])) / (2 * np.pi)
        assert round(-turns) == 2 * unstable
        growth = [characteristic_root(beta, mode).real for mode in (1, 2, 3, 4)]
        assert sum(rate > 0 for rate in growth) == unstable


def test_map_holds_the_roots_of_each_mode() -> None:
    beta = np.linspace(1.5, 9, 16)
    table = stability_map(beta, (1, 2))
    root = characteristic_root(beta[5], 2)
    entry = table.isel(beta=5).sel(mode=2)
    assert float(entry.growth_rate) == pytest.approx(root.real, rel=1e-12)
    assert float(entry.frequency) == pytest.approx(root.imag / (2 * np.pi), rel=1e-12)
    assert table.growth_rate.dims == ("mode", "beta")


@pytest.mark.parametrize("beta", [1.0, 0.5, np.nan, np.inf])
def test_a_cavity_of_vapour_has_no_roots(beta: float) -> None:
    with pytest.raises(BadInput) as error:
        characteristic_root([2.0, beta])
    assert str(error.value) == (
        "characteristic_root: β must be finite and above 1; at β = 1 the cavity holds vapour only "
        "and cannot oscillate"
    )


def test_modes_start_at_one() -> None:
    with pytest.raises(BadInput) as error:
        neutral_beta(0)
    assert str(error.value) == "mode must be 1 or more, got 0; it counts the waves on the cavity"
