"""Rounding to significant digits, so that compressed files become small."""

import math

import numpy as np
from numpy.typing import NDArray

MANTISSA = 23  # bits of a float32


def groomed(values: NDArray[np.float32], digits: int = 5) -> NDArray[np.float32]:
    """Values with a few significant digits: the last bits cleared and set in turn.

    Clearing alone would make every value smaller; in turn, the mean stays.

    Args:
        values: Values, any shape; the turns follow the order of storage.
        digits: Significant decimal digits to keep, 1 to 6.

    Returns:
        Values within half a unit of the last digit kept (4e-6 of the given ones for 5 digits);
        zero and NaN stay as they are.

    Source:
        BitGroom: Zender, Geosci. Model Dev. 9, 3199 (2016), as in the netCDF library.
    """
    # 5 significant digits need ⌈5 log2(10)⌉ + 1 = 18 bits of the mantissa.
    dropped = np.uint32((1 << (MANTISSA - math.ceil(digits * math.log2(10)) - 1)) - 1)
    flat = values.ravel()
    bits = flat.view(np.uint32).copy()
    kept = (flat == 0) | np.isnan(flat)
    bits[::2] = np.where(kept[::2], bits[::2], bits[::2] & ~dropped)
    bits[1::2] = np.where(kept[1::2], bits[1::2], bits[1::2] | dropped)
    return bits.view(np.float32).reshape(values.shape)
