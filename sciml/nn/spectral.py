"""Spectral layers on grids of latitude and longitude, of any size and parity.

Only the wavenumbers that are kept are ever computed, by products with small real matrices: a
truncated Fourier transform along longitude, one along latitude, a product of real matrices for
each wavenumber, and back. Nothing is shifted, padded or complex.
"""

from typing import Literal, NamedTuple

import numpy as np
import paddle
from paddle import Tensor, nn
from pydantic import Field, NonNegativeInt, PositiveInt

from sciml.core.axes import FloatArray, axes
from sciml.core.errors import BadInput
from sciml.core.settings import Settings
from sciml.nn.convolution import BorderedConvolution, Borders
from sciml.nn.fields import FieldNetwork, Pointwise

Pair = tuple[int, int]  # along latitude, along longitude


class Harmonics(NamedTuple):
    """The waves e^{2πi k j / period} of one axis, at the points j of a grid.

    The period is the number of points where the axis closes on itself, and larger where a field
    has to be thought of as continued by zeros.
    """

    wavenumber: FloatArray  # k, (mode,)
    cosine: FloatArray  # (point, mode)
    sine: FloatArray  # (point, mode)
    resolved: FloatArray  # share of each wave that the points tell from others, (mode,)
    period: int

    @classmethod
    def on(cls, size: int, highest: int, period: int, *, both_signs: bool) -> "Harmonics":
        """The waves up to a wavenumber.

        A wave too short for the points has a share of 0. On an even number of points the shortest
        wave is the same for k and -k: with both signs, each has a share of ½.

        Args:
            size: Points of the axis.
            highest: Largest wavenumber.
            period: Points after which the waves repeat.
            both_signs: Wavenumbers from -highest to highest; otherwise from 0.
        """
        k = np.arange(-highest if both_signs else 0, highest + 1, dtype=np.float64)
        # Whole turns are taken out before the product with 2π, which keeps the tables exact.
        turns = np.outer(np.arange(size), k) % period / period
        resolved = np.where(2 * np.abs(k) <= period, 1.0, 0.0)
        if both_signs:
            resolved = np.where(2 * np.abs(k) == period, 0.5, resolved)
        return cls(k, np.cos(2 * np.pi * turns), np.sin(2 * np.pi * turns), resolved, period)


class SpectralGrid:
    """The truncated Fourier transform of real fields on one grid, and its inverse.

    A field is the sum of multiplicity · Re(c e^{2πi (l y + m x)}) over the wavenumbers l of either
    sign along latitude and m ≥ 0 along longitude; y and x run from 0 to 1 over a period. The
    coefficients c do not depend on the grid as long as it resolves the field.
    """

    def __init__(self, shape: Pair, highest: Pair, period: Pair | None = None) -> None:
        """Make the tables.

        Args:
            shape: Points along latitude and longitude.
            highest: Largest wavenumber that is kept, along latitude and longitude.
            period: Points after which the waves repeat; the shape itself for periodic fields,
                more for fields that are continued by zeros.

        Raises:
            BadInput: if a period is shorter than its axis.
        """
        period = period or shape
        if any(p < n for p, n in zip(period, shape, strict=True)):
            raise BadInput(f"period: expected at least the grid's {shape} points, got {period}")
        self.shape = shape
        lat = Harmonics.on(shape[0], highest[0], period[0], both_signs=True)
        lon = Harmonics.on(shape[1], highest[1], period[1], both_signs=False)
        self.modes = (len(lon.wavenumber), len(lat.wavenumber))
        #: How often a coefficient counts, (lon mode, lat mode): twice where -m is left out.
        alone = (lon.wavenumber == 0) | (2 * lon.wavenumber == period[1])
        twice = np.where(alone, 1.0, 2.0) * lon.resolved
        self.multiplicity = np.outer(twice, lat.resolved)
        self._tables = _tables(lat, lon, twice)
        self._ready: dict[paddle.dtype, list[Tensor]] = {}

    def analyse(self, fields: Tensor) -> Tensor:
        """Coefficients of fields.

        Args:
            fields: Shape (batch, lat, lon, channel).

        Returns:
            Real and imaginary parts, shape (batch, lon mode, part=2, lat mode, channel).
        """
        n = axes(fields, "batch lat lon channel", "fields", lat=self.shape[0], lon=self.shape[1])
        along_lon, along_lat = self._in(fields.dtype)[:2]
        batch, channel, (M, L) = n["batch"], n["channel"], self.modes
        waves = paddle.matmul(along_lon, fields).reshape([batch, n["lat"], 2, M, channel])
        rows = waves.transpose([0, 3, 2, 1, 4]).reshape([batch, M, 2 * n["lat"], channel])
        return paddle.matmul(along_lat, rows).reshape([batch, M, 2, L, channel])

    def synthesise(self, coefficients: Tensor) -> Tensor:
        """The fields that have given coefficients.

        Args:
            coefficients: Shape (batch, lon mode, part=2, lat mode, channel).

        Returns:
            Shape (batch, lat, lon, channel).
        """
        spec, (M, L) = "batch lon_mode 2 lat_mode channel", self.modes
        axes(coefficients, spec, "coefficients", lon_mode=M, lat_mode=L)
        _, _, along_lat, _, along_lon = self._in(coefficients.dtype)
        return self._from_rows(coefficients, along_lat, along_lon)

    def synthesise_products(self, products: Tensor) -> Tensor:
        """The fields whose coefficients are products of complex numbers, given part by part.

        Args:
            products: Part of the first factor times part of the second, shape (batch, lon mode,
                first=2, second=2, lat mode, channel).

        Returns:
            Shape (batch, lat, lon, channel).
        """
        spec, (M, L) = "batch lon_mode 2 2 lat_mode channel", self.modes
        axes(products, spec, "products", lon_mode=M, lat_mode=L)
        _, _, _, along_lat, along_lon = self._in(products.dtype)
        return self._from_rows(products, along_lat, along_lon)

    def _from_rows(self, parts: Tensor, along_lat: Tensor, along_lon: Tensor) -> Tensor:
        """Waves along latitude, then along longitude."""
        batch, M, channel = parts.shape[0], parts.shape[1], parts.shape[-1]
        rows = paddle.matmul(along_lat, parts.reshape([batch, M, -1, channel]))
        rows = rows.reshape([batch, M, 2, self.shape[0], channel]).transpose([0, 3, 2, 1, 4])
        return paddle.matmul(along_lon, rows.reshape([batch, self.shape[0], 2 * M, channel]))

    def _in(self, dtype: paddle.dtype) -> list[Tensor]:
        """The tables in the precision of the fields."""
        if dtype not in self._ready:
            self._ready[dtype] = [paddle.to_tensor(table).astype(dtype) for table in self._tables]
        return self._ready[dtype]


def _tables(lat: Harmonics, lon: Harmonics, twice: FloatArray) -> list[FloatArray]:
    """Analysis along longitude and latitude; synthesis along latitude, of products, longitude."""
    seen_lon, seen_lat = (np.ceil(waves.resolved) / waves.period for waves in (lon, lat))
    analyse_lon = np.concatenate([lon.cosine * seen_lon, -lon.sine * seen_lon], axis=1)
    cosine, sine = lat.cosine * seen_lat, lat.sine * seen_lat
    analyse_lat = np.block([[cosine, -sine], [sine, cosine]])
    cosine, sine = (lat.cosine * lat.resolved).T, (lat.sine * lat.resolved).T
    real, imaginary = np.concatenate([cosine, sine], axis=1), np.concatenate([-sine, cosine], 1)
    synthesise_lat = np.concatenate([real, imaginary])
    of_products = np.concatenate([real, imaginary, imaginary, -real])
    synthesise_lon = np.concatenate([(lon.cosine * twice).T, (-lon.sine * twice).T])
    tables = [analyse_lon, analyse_lat, synthesise_lat, of_products, synthesise_lon]
    return [np.ascontiguousarray(table.T) for table in tables]  # they stand on the left


class FourierLayer(nn.Layer):
    """A linear map of fields that multiplies each kept wave by a complex matrix over channels.

    It commutes with shifts along the axes, and its weights act on any grid in the same way.

    Source:
        Li et al., Fourier neural operator for parametric partial differential equations, ICLR
        (2021).
    """

    def __init__(
        self, channels_in: int, channels_out: int, highest: Pair, *, margin: Pair = (0, 0)
    ) -> None:
        """Draw the weights.

        Args:
            channels_in: Channels of the input.
            channels_out: Channels of the output.
            highest: Largest wavenumber along latitude and longitude.
            margin: Points of zeros that continue a field which is not periodic, along latitude
                and longitude; they cost nothing. (0, 0) for periodic fields.
        """
        super().__init__()
        self.highest, self.margin = highest, margin
        self.channels = (channels_in, channels_out)
        modes = [highest[1] + 1, 2 * highest[0] + 1]
        # Each output wave then has the variance of the input wave.
        spread = nn.initializer.Normal(0.0, (2 * channels_in) ** -0.5)
        self.weight = self.create_parameter(
            [*modes, channels_in, 2, channels_out], default_initializer=spread
        )  # (lon mode, lat mode, channel in, part, channel out)
        self.bias = self.create_parameter([channels_out], is_bias=True)
        constant = np.zeros((modes[0], 2, 2, modes[1], 1))
        constant[0, 0, 0, highest[0]] = 1  # wavenumber 0 along both axes
        self._constant = paddle.to_tensor(constant)
        self._grids: dict[Pair, SpectralGrid] = {}

    def forward(self, fields: Tensor) -> Tensor:
        """Apply the layer.

        Args:
            fields: Shape (batch, lat, lon, channel).

        Returns:
            Shape (batch, lat, lon, channel).
        """
        n_in, n_out = self.channels
        n = axes(fields, "batch lat lon channel", "fields", channel=n_in)
        grid, (M, L) = self.grid((n["lat"], n["lon"])), self.weight.shape[:2]
        waves = grid.analyse(fields).transpose([1, 3, 2, 0, 4])  # (lon, lat, part, batch, channel)
        weight = self.weight.reshape([M * L, n_in, 2 * n_out])
        mixed = paddle.bmm(waves.reshape([M * L, -1, n_in]), weight)
        products = mixed.reshape([M, L, 2, n["batch"], 2, n_out]).transpose([3, 0, 2, 4, 1, 5])
        # The bias is a constant field: adding it to one coefficient spares a pass over the grid.
        constant = self._constant.astype(products.dtype)
        return grid.synthesise_products(products + self.bias * constant)

    def grid(self, shape: Pair) -> SpectralGrid:
        """The transform of fields of a shape, made once."""
        if shape not in self._grids:
            period = (shape[0] + self.margin[0], shape[1] + self.margin[1])
            self._grids[shape] = SpectralGrid(shape, self.highest, period)
        return self._grids[shape]


class FourierSettings(Settings):
    """Size of a Fourier neural operator."""

    kind: Literal["fourier"] = "fourier"
    width: PositiveInt = 24
    depth: PositiveInt = 3
    highest: tuple[NonNegativeInt, NonNegativeInt] = (4, 6)  # wavenumbers along lat and lon
    margin: tuple[NonNegativeInt, NonNegativeInt] = (8, 8)  # points of zeros; (0, 0) if periodic
    reach: NonNegativeInt = 0  # neighbours on each side that the local map sees besides the point
    borders: Borders = ("replicate", "replicate")  # what they are beyond the grid
    dropout: float = Field(default=0.0, ge=0, lt=1)


class FourierBody(nn.Layer):
    """A Fourier neural operator: waves and points are mapped linearly, then bent, layer by layer.

    Few waves overfit less on short records; a local map that sees neighbours then holds what is
    finer than the waves.

    Source:
        Li et al., Fourier neural operator for parametric partial differential equations, ICLR
        (2021).
    """

    def __init__(self, settings: FourierSettings) -> None:
        super().__init__()
        width, depth = settings.width, settings.depth
        self.waves = nn.LayerList(
            [
                FourierLayer(width, width, settings.highest, margin=settings.margin)
                for _ in range(depth)
            ]
        )
        self.points = nn.LayerList([_local(settings) for _ in range(depth)])
        self.dropout = nn.Dropout(settings.dropout)

    def forward(self, fields: Tensor) -> Tensor:
        """Shape (batch, lat, lon, width), in and out."""
        for number, (waves, points) in enumerate(zip(self.waves, self.points, strict=True)):
            if number:
                fields = self.dropout(nn.functional.gelu(fields))
            fields = waves(fields) + points(fields)
        return fields


def _local(settings: FourierSettings) -> nn.Layer:
    """The map of a point, or of its neighbourhood."""
    width, reach = settings.width, settings.reach
    if reach == 0:
        return Pointwise(width, width, bias=False)
    return BorderedConvolution(width, width, settings.borders, reach=reach, masked=True)


def fourier_network(
    settings: FourierSettings, channels_in: int, channels_out: int, conditions: int = 0
) -> FieldNetwork:
    """A Fourier neural operator for fields on a grid, FNO; see :class:`FieldNetwork`."""
    body = FourierBody(settings)
    return FieldNetwork(body, settings.width, channels_in, channels_out, conditions)
