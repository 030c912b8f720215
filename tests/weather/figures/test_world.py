"""The figures of the generated world show what they say."""

import numpy as np
import pytest

from sciml.weather.figures.world import ring_forecasts, station_deficits


def test_closures_of_higher_degree_follow_the_median_closer_and_errors_grow() -> None:
    data = ring_forecasts().data
    off = [
        float(np.abs(data["closure"].sel(degree=degree) - data["unresolved"].sel(level=0.5)).mean())
        for degree in (0, 1, 4)
    ]
    assert off == sorted(off, reverse=True)
    assert np.all(np.diff(data["unresolved"], axis=0) > 0)
    assert np.all(np.diff(data["error"].sel(lead=slice(1, 6)), axis=1) > 0)
    assert np.all(data["error"].sel(lead=1) < 0.5 * data["climate"])


def test_the_raw_ensemble_is_too_warm_high_up_and_too_dry_in_heavy_rain() -> None:
    data = station_deficits().data
    assert float(data["rank_share"].sum()) == pytest.approx(1.0)
    high, low = data["elevation"] > 700, data["elevation"] < 200
    assert float(data["bias"].where(high).mean()) > float(data["bias"].where(low).mean()) + 1.5
    assert np.all(data["forecast_level"].sel(level=0.99) < 0.6 * data["observed_level"][-1])
