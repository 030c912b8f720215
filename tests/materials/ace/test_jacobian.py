import numpy as np

from sciml.materials.ace.invariants import channel_slopes
from sciml.materials.ace.jacobian import rows_of
from sciml.materials.ace.mixing import mixed, moment_slopes
from sciml.materials.ace.moments import moments, pair_slopes, pull
from tests.materials.ace.test_kernels import LARGEST, LISTS, crystal, edges, table


def test_rows_times_weights_are_the_linear_model() -> None:
    these, mixing = edges(crystal(0), crystal(1)), table(channels=2)
    rows = rows_of(these, mixing, LISTS)
    weight = np.random.default_rng(2).normal(size=(2, LISTS.invariants, 2))
    channels = mixed(mixing, these.element, moments(these, 2, LARGEST))
    by_channel = channel_slopes(LISTS, channels, weight[these.element])
    by_moment = moment_slopes(mixing, these.element, by_channel)
    pulled = pull(these, pair_slopes(these, by_moment))
    np.testing.assert_allclose(rows.forces @ weight.ravel(), pulled.forces, rtol=1e-9, atol=1e-8)
    np.testing.assert_allclose(
        rows.strain_energy @ weight.ravel(), pulled.strain_energy, rtol=1e-9, atol=1e-8
    )
