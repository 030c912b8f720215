import numpy as np

from sciml.materials.ace.invariants import moment_slopes
from sciml.materials.ace.jacobian import rows_of
from sciml.materials.ace.moments import moments, pull
from tests.materials.ace.test_kernels import crystal, edges, mixing


def test_rows_times_weights_are_the_linear_model() -> None:
    these, mixed = edges(crystal(0), crystal(1)), mixing(channels=2)
    rows = rows_of(these, mixed)
    weight = np.random.default_rng(2).normal(size=(2, mixed.couplings.invariants, 2))
    pulled = pull(
        these, moment_slopes(mixed, these.element, moments(these, 2), weight[these.element])
    )
    np.testing.assert_allclose(rows.forces @ weight.ravel(), pulled.forces, rtol=1e-9, atol=1e-8)
    np.testing.assert_allclose(
        rows.strain_energy @ weight.ravel(), pulled.strain_energy, rtol=1e-9, atol=1e-8
    )
