"""Models in Paddle for ``pair_style sciml/py`` of LAMMPS."""

from collections.abc import Callable

import numpy as np
import paddle
from paddle import Tensor

from sciml.core.axes import FloatArray, IntArray


class PaddleModel:
    """A model from energies that Paddle computes; it finds the slopes.

    It is a :class:`sciml.materials.lammps.bridge.PairModel`.

    Args:
        energies: Energies of atoms, eV, (atom,), from kinds of all atoms, centre and far end of
            each pair, the pairs' vectors and the number of atoms that are asked for.
        cutoff: Å; energies and their slopes must be zero there.
        dtype: In which Paddle computes.
    """

    def __init__(
        self,
        energies: Callable[[Tensor, Tensor, Tensor, Tensor, int], Tensor],
        cutoff: float,
        dtype: str = "float64",
    ) -> None:
        self._energies, self._cutoff, self._dtype = energies, cutoff, dtype

    @property
    def cutoff(self) -> float:
        """Å."""
        return self._cutoff

    def __call__(
        self, kinds: IntArray, first: IntArray, other: IntArray, vectors: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Energies of atoms and their slopes, as LAMMPS asks for them."""
        atoms, pairs = len(first) - 1, len(other)
        if not atoms:
            return np.zeros(0), np.zeros((0, 3))
        centre = np.repeat(np.arange(atoms), np.diff(first))
        if not pairs:  # Paddle cannot add up nothing; a pair at the cutoff adds nothing
            centre, other = np.zeros(1, np.int64), np.zeros(1, np.int64)
            vectors = np.array([[self._cutoff, 0.0, 0.0]])
        moved = paddle.to_tensor(vectors.astype(self._dtype), stop_gradient=False)
        kind, start, end = (
            paddle.to_tensor(each.astype(np.int64)) for each in (kinds, centre, other)
        )
        found = self._energies(kind, start, end, moved, atoms)
        slopes = paddle.grad(found.sum(), moved)[0]
        return found.numpy().astype(np.float64), slopes.numpy().astype(np.float64)[:pairs]
