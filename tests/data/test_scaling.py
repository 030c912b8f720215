"""Scaling: fitted on the training part, inverted to rounding, saved to the bit."""

import re

import numpy as np
import pytest

from sciml.core.errors import BadInput
from sciml.data.scaling import Scaling

CHANNELS = ("force", "moment", "temperature")


def series(seed: int, samples: int = 50) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(size=(samples, 3))
    return noise * [1e-3, 10.0, 1.0] + [0.0, -5.0, 300.0]


def fitted() -> Scaling:
    return Scaling.fit([series(0), series(1, 20)], CHANNELS)


def test_the_training_part_gets_mean_zero_and_deviation_one():
    scaled = np.concatenate([fitted().apply(series(0)), fitted().apply(series(1, 20))])
    np.testing.assert_allclose(scaled.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(scaled.std(axis=0), 1, rtol=1e-12)


@pytest.mark.parametrize(("dtype", "rtol"), [(np.float64, 1e-12), (np.float32, 1e-4)])
def test_invert_undoes_apply_and_keeps_the_precision(dtype, rtol):
    values = series(2).astype(dtype).reshape(5, 10, 3)
    back = fitted().invert(fitted().apply(values))
    assert back.dtype == dtype
    np.testing.assert_allclose(back, values, rtol=rtol, atol=1e-3 * rtol)


def test_a_constant_channel_scales_to_zero():
    values = series(0)
    values[:, 1] = 0.1  # 0.1 is not exact in binary: its deviation need not come out as zero
    scaling = Scaling.fit([values], CHANNELS)
    assert scaling.std[1] == 1.0
    np.testing.assert_allclose(scaling.apply(values)[:, 1], 0, atol=1e-15)


def test_the_way_through_json_keeps_every_bit():
    back = Scaling.from_json(fitted().to_json())
    assert back.channels == CHANNELS
    np.testing.assert_array_equal(back.mean, fitted().mean)
    np.testing.assert_array_equal(back.std, fitted().std)


def test_targets_have_the_scaling_of_their_channels():
    targets = fitted().only(["temperature", "force"])
    chosen = series(3)[:, [2, 0]]
    np.testing.assert_array_equal(targets.apply(chosen), fitted().apply(series(3))[:, [2, 0]])
    with pytest.raises(BadInput, match="no channel 'fors'; known: force, moment, temperature"):
        fitted().only(["fors"])


def test_nan_in_the_training_part_is_refused():
    bad = series(1)
    bad[[7, 9], 1] = np.nan
    with pytest.raises(BadInput) as caught:
        Scaling.fit([series(0), bad], CHANNELS)
    assert str(caught.value) == (
        "scaling: series 1: variable 'moment' has 2 values that are not finite, the first at "
        "sample 7. Mend the file, or leave these samples out."
    )


def test_no_samples_are_refused():
    with pytest.raises(BadInput, match="the training part has no samples; check the split"):
        Scaling.fit([], CHANNELS)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "a.json: not a scaling ("),
        ('{"channels": ["a"], "mean": [0.0]}', "a.json: not a scaling ('std'); fit it again"),
        ('{"channels": ["a"], "mean": [0.0], "std": [0.0]}', "a.json: mean must be finite and std"),
        ('{"channels": ["a"], "mean": [NaN], "std": [1.0]}', "a.json: mean must be finite and std"),
        ('{"channels": ["a"], "mean": [0, 1], "std": [1.0]}', "a.json: mean: expected axes"),
    ],
)
def test_what_is_not_a_scaling_is_refused(text, message):
    with pytest.raises(BadInput, match=re.escape(message)):
        Scaling.from_json(text, "a.json")
