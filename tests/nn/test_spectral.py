"""Spectral layers on grids of any parity, against NumPy's transforms."""

import numpy as np
import paddle
import pytest

from sciml.core.errors import BadInput
from sciml.nn.fields import FieldNetwork
from sciml.nn.spectral import FourierLayer, FourierSettings, SpectralGrid, fourier_network
from tests.nn.field_laws import IsFieldNetwork, random_fields, randomised, slope_gap

SHAPES = [(17, 33), (25, 53), (16, 32), (17, 32), (16, 33), (1, 4), (5, 1)]
ALL = pytest.mark.parametrize("shape", SHAPES)


def complete(shape: tuple[int, int]) -> tuple[int, int]:
    """The largest wavenumbers that a grid resolves."""
    return shape[0] // 2, shape[1] // 2


def smooth(shape: tuple[int, int], seed: int = 0) -> np.ndarray:
    """The same sum of waves up to wavenumber 3, sampled on a grid, (1, lat, lon, channel=2)."""
    rng = np.random.default_rng(seed)
    y, x = (np.arange(n) / n for n in shape)
    fields = np.zeros((1, *shape, 2))
    for m, n in np.ndindex(4, 7):
        angle = 2 * np.pi * (m * x[None, :] + (n - 3) * y[:, None])
        fields += rng.normal(size=2) * np.cos(angle[None, :, :, None] + rng.normal(size=2))
    return fields


def layer(highest: tuple[int, int], margin: tuple[int, int] = (0, 0), seed: int = 0):
    return randomised(FourierLayer(2, 3, highest, margin=margin), seed)


@ALL
def test_coefficients_are_those_of_the_fast_fourier_transform(shape: tuple[int, int]) -> None:
    x = random_fields(2, *shape, 3)
    parts = SpectralGrid(shape, complete(shape)).analyse(x).numpy()
    ours = parts[:, :, 0] + 1j * parts[:, :, 1]  # (batch, lon mode, lat mode, channel)
    theirs = np.fft.rfft2(x.numpy(), axes=(1, 2)).transpose(0, 2, 1, 3) / np.prod(shape)
    wavenumber = np.arange(-complete(shape)[0], complete(shape)[0] + 1)
    np.testing.assert_allclose(ours, theirs[:, :, wavenumber], atol=1e-13)


@ALL
def test_all_waves_together_are_the_field(shape: tuple[int, int]) -> None:
    x, grid = random_fields(2, *shape, 3), SpectralGrid(shape, complete(shape))
    np.testing.assert_allclose(grid.synthesise(grid.analyse(x)).numpy(), x.numpy(), atol=1e-12)


@ALL
def test_the_coefficients_hold_the_mean_square_of_the_field(shape: tuple[int, int]) -> None:
    x, grid = random_fields(2, *shape, 3), SpectralGrid(shape, complete(shape))
    squares = np.square(grid.analyse(x).numpy()).sum(axis=2)
    found = (grid.multiplicity[..., None] * squares).sum(axis=(1, 2))
    np.testing.assert_allclose(found, np.square(x.numpy()).mean(axis=(1, 2)), rtol=1e-12)


@ALL
def test_identity_weights_leave_the_field(shape: tuple[int, int]) -> None:
    one = FourierLayer(1, 1, complete(shape))
    weight = np.zeros(one.weight.shape, np.float32)
    weight[:, :, 0, 0, 0] = 1  # the real part
    one.weight.set_value(weight)
    x = random_fields(2, *shape, 1).astype("float32")
    np.testing.assert_allclose(one(x).numpy(), x.numpy(), atol=2e-6)


def test_the_layer_is_the_product_of_each_wave_with_its_matrix() -> None:
    shape, highest = (7, 8), (2, 3)
    one, x = layer(highest), random_fields(2, 7, 8, 2)
    weight = one.weight.numpy()
    matrices = weight[:, :, :, 0] + 1j * weight[:, :, :, 1]  # (lon, lat, channel in, channel out)
    waves = np.fft.rfft2(x.numpy(), axes=(1, 2))
    mixed = np.zeros((2, 7, 5, 3), complex)
    for m, n in np.ndindex(4, 5):
        mixed[:, n - 2, m] = waves[:, n - 2, m] @ matrices[m, n]
    # At m = 0 the inverse of NumPy believes the side that it reads: give it the real part.
    back = mixed[:, (-np.arange(7)) % 7, 0].conj()
    mixed[:, :, 0] = (mixed[:, :, 0] + back) / 2
    expected = np.fft.irfft2(mixed, s=shape, axes=(1, 2)) + one.bias.numpy()
    np.testing.assert_allclose(one(x).numpy(), expected, atol=1e-12)


@ALL
@pytest.mark.parametrize("axis", [1, 2])
def test_shifting_the_field_shifts_the_answer(shape: tuple[int, int], axis: int) -> None:
    one, x = layer((3, 4)), random_fields(2, *shape, 2)
    for shift in (1, 5):
        turned = one(paddle.roll(x, shift, axis)).numpy()
        np.testing.assert_allclose(turned, np.roll(one(x).numpy(), shift, axis), atol=1e-12)


def test_sums_and_multiples_are_kept() -> None:
    one, a, b = layer((3, 4), margin=(2, 5)), random_fields(2, 9, 8, 2), random_fields(2, 9, 8, 2)
    nothing = one(paddle.zeros_like(a))
    found = one(2 * a - 3 * b) - nothing
    expected = 2 * (one(a) - nothing) - 3 * (one(b) - nothing)
    np.testing.assert_allclose(found.numpy(), expected.numpy(), atol=1e-11)
    np.testing.assert_allclose(nothing.numpy() - one.bias.numpy(), 0, atol=1e-12)


@pytest.mark.parametrize("fine", [(14, 18), (15, 27), (28, 9)])
def test_the_same_function_on_another_grid_has_the_same_answer(fine: tuple[int, int]) -> None:
    one, coarse = layer((4, 5)), (7, 9)
    answers = [one(paddle.to_tensor(smooth(shape))).numpy() for shape in (coarse, fine)]
    # Both answers, as functions: their coefficients agree.
    waves = [SpectralGrid(s, (3, 3)).analyse(paddle.to_tensor(a)).numpy()
             for s, a in zip((coarse, fine), answers, strict=True)]  # fmt: skip
    np.testing.assert_allclose(waves[0], waves[1], atol=1e-12)


def test_a_margin_is_padding_with_zeros() -> None:
    x = random_fields(2, 6, 7, 2)
    padded = paddle.concat([x, paddle.zeros([2, 3, 7, 2], x.dtype)], axis=1)
    padded = paddle.concat([padded, paddle.zeros([2, 9, 4, 2], x.dtype)], axis=2)
    expected = layer((3, 4))(padded).numpy()[:, :6, :7]
    np.testing.assert_allclose(layer((3, 4), margin=(3, 4))(x).numpy(), expected, atol=1e-12)


def test_slopes_are_right() -> None:
    one = layer((2, 3), margin=(2, 0))
    assert slope_gap(one, random_fields(2, 5, 6, 2), one.parameters()) < 1e-7


def test_a_period_shorter_than_the_grid_is_refused() -> None:
    with pytest.raises(BadInput, match=r"period: expected at least the grid's \(5, 6\) points"):
        SpectralGrid((5, 6), (1, 1), (5, 4))
    with pytest.raises(BadInput, match=r"fields: expected axes \(batch, lat, lon, channel=2\)"):
        layer((1, 1))(paddle.zeros([1, 5, 6, 4]))


class TestFourierNetwork(IsFieldNetwork):
    def network(self, dropout: float = 0.0) -> FieldNetwork:
        settings = FourierSettings(width=8, depth=2, highest=(2, 3), margin=(0, 0), dropout=dropout)
        return fourier_network(settings, 3, 2, conditions=2)

    def test_it_commutes_with_shifts_along_longitude(self) -> None:
        net, x, c = randomised(self.network()), random_fields(1, 3, 6, 8), random_fields(1, 2)
        turned = self.answer(net, paddle.roll(x, 3, 3), c)
        np.testing.assert_allclose(turned, np.roll(self.answer(net, x, c), 3, 3), atol=1e-12)


class TestLocalFourierNetwork(IsFieldNetwork):
    def network(self, dropout: float = 0.0) -> FieldNetwork:
        given = {"highest": (1, 2), "margin": (2, 0), "borders": ("reflect", "periodic")}
        settings = FourierSettings(width=6, depth=2, reach=1, dropout=dropout, **given)
        return fourier_network(settings, 3, 2, conditions=2)

    def test_it_commutes_with_shifts_along_longitude(self) -> None:
        net, x, c = randomised(self.network()), random_fields(1, 3, 6, 8), random_fields(1, 2)
        turned = self.answer(net, paddle.roll(x, 3, 3), c)
        np.testing.assert_allclose(turned, np.roll(self.answer(net, x, c), 3, 3), atol=1e-12)
