"""Wave conditions of the flume against the dispersion relation."""

import numpy as np

from sciml.hydro.ntnu_files import WAVE_PERIOD, wave_height, wave_period


def test_the_name_of_a_run_tells_its_waves() -> None:
    assert (wave_period("2091_1"), wave_height("2091_1")) == (1.036, 0.024)
    assert (wave_period("3142"), wave_height("3142")) == (0.634, 0.040)


def test_wave_periods_obey_the_dispersion_relation() -> None:
    # The repository tabulates ξ_B = ω² B / 2g with the beam B = 0.4 m beside each period.
    published = [0.35, 0.5, 0.525, 0.55, 0.575, 0.6, 0.65, 0.7, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0]
    omega = 2 * np.pi / np.array(list(WAVE_PERIOD.values()))
    np.testing.assert_allclose(omega**2 * 0.2 / 9.81, published, rtol=2e-3)
