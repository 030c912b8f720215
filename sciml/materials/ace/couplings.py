"""Products of moments that no rotation changes.

A moment of degree l has 2l + 1 components that a rotation mixes. Products of up to four moments
of one channel are summed so that the result stays: with ν factors it sees ν neighbours at a time,
that is body order ν + 1.
"""

from functools import lru_cache
from itertools import combinations_with_replacement
from typing import NamedTuple, Self

import numpy as np
from pydantic import Field, model_validator

from sciml.core.axes import FloatArray, IntArray
from sciml.core.settings import Settings
from sciml.materials.ace.harmonics import DEGREE, LARGEST_DEGREE, components, harmonics

Monomial = tuple[int, ...]  # components that are multiplied, in ascending order
Polynomial = dict[Monomial, float]
_ZERO = 1e-10
# Ways to couple four factors in two pairs.
_PAIRINGS = (((0, 1), (2, 3)), ((0, 2), (1, 3)), ((0, 3), (1, 2)))


class CouplingSettings(Settings):
    """Which invariants are formed in each channel."""

    degree: int = Field(default=3, ge=0, le=LARGEST_DEGREE)  # largest l of the moments
    factors: int = Field(default=4, ge=1, le=4)  # most moments in a product; body order less one
    fourfold_degree: int = Field(default=2, ge=0, le=LARGEST_DEGREE)  # l in products of four

    @model_validator(mode="after")
    def _within_degree(self) -> Self:
        if self.factors == 4 and self.fourfold_degree > self.degree:
            raise ValueError(
                f"fourfold_degree: is {self.fourfold_degree}, more than degree {self.degree}; "
                "lower it"
            )
        return self


class Couplings(NamedTuple):
    """How to compute all invariants of one channel.

    Products are nodes: the first nodes are the C moments, node C + n is the product of the nodes
    ``left[n]`` and ``right[n]``. Term t adds ``coefficient[t]`` times ``node[t]`` to
    ``invariant[t]``.
    """

    left: IntArray
    right: IntArray
    node: IntArray
    invariant: IntArray
    coefficient: FloatArray
    degree: IntArray  # of each moment, (component,)
    factors: IntArray  # moments multiplied in each invariant, (invariant,)
    invariants: int


def couplings(settings: CouplingSettings) -> Couplings:
    """Products and sums for all invariants.

    Args:
        settings: Degree of the moments, highest number of factors, and degree of fourfold products.

    Returns:
        The lists; the same settings give the same object.
    """
    return _couplings(settings.degree, settings.factors, settings.fourfold_degree)


@lru_cache
def _couplings(degree: int, factors: int, fourfold_degree: int) -> Couplings:
    """As :func:`couplings`."""
    polynomials: list[Polynomial] = [{(0,): 1.0}]
    if factors >= 2:
        polynomials += [{(m, m): 1.0 for m in _of(each)} for each in range(degree + 1)]
    if factors >= 3:
        polynomials += _triples(_gaunt(degree), degree)
    if factors >= 4:
        polynomials += _quadruples(_gaunt(degree), degree, fourfold_degree)
    return _as_lists(polynomials, components(degree))


def _of(degree: int) -> list[int]:
    """The components of a degree."""
    return np.flatnonzero(degree == DEGREE).tolist()


def _gaunt(degree: int) -> FloatArray:
    """Mean of Y_a Y_b Y_c over the sphere, which couples two degrees to a third."""
    count = 2 * degree + 2  # polynomials of degree 3 l are integrated without error
    heights, weights = np.polynomial.legendre.leggauss(count)
    angles = np.arange(2 * count) * (np.pi / count)
    radius = np.sqrt(1 - heights**2)
    points = np.stack(
        [
            np.outer(radius, np.cos(angles)),
            np.outer(radius, np.sin(angles)),
            np.outer(heights, np.ones(2 * count)),
        ],
        axis=-1,
    ).reshape(-1, 3)
    values = harmonics(points, degree)
    share = np.repeat(weights / (4 * count), 2 * count)
    gaunt = np.einsum("p,pa,pb,pc->abc", share, values, values, values, optimize=True)
    gaunt[np.abs(gaunt) < _ZERO] = 0
    return gaunt


def _triples(gaunt: FloatArray, largest: int) -> list[Polynomial]:
    """One invariant for each triple of degrees that couples without change of parity."""
    found: list[Polynomial] = []
    for degrees in combinations_with_replacement(range(largest + 1), 3):
        polynomial: Polynomial = {}
        block = gaunt[np.ix_(*(_of(degree) for degree in degrees))]
        _add(polynomial, block, [_of(degree) for degree in degrees])
        if polynomial:
            found.append(_normalised(polynomial))
    return found


def _quadruples(gaunt: FloatArray, degree: int, largest: int) -> list[Polynomial]:
    """Independent invariants of four factors: two pairs, coupled to one degree each."""
    found: list[Polynomial] = []
    for degrees in combinations_with_replacement(range(largest + 1), 4):
        candidates = [
            polynomial
            for pairing in _PAIRINGS
            for middle in range(degree + 1)
            if (polynomial := _paired(gaunt, degrees, pairing, middle))
        ]
        found += _independent(candidates)
    return found


def _paired(
    gaunt: FloatArray,
    degrees: Monomial,
    pairing: tuple[tuple[int, int], tuple[int, int]],
    middle: int,
) -> Polynomial:
    """Two pairs of factors coupled to the same degree, and these to zero."""
    places = [_of(degrees[factor]) for pair in pairing for factor in pair]
    first = gaunt[np.ix_(places[0], places[1], _of(middle))]
    second = gaunt[np.ix_(places[2], places[3], _of(middle))]
    polynomial: Polynomial = {}
    _add(polynomial, np.einsum("abm,cdm->abcd", first, second), places)
    return polynomial


def _add(polynomial: Polynomial, block: FloatArray, places: list[list[int]]) -> None:
    """Add the entries of a tensor to a polynomial; the order of factors does not count."""
    for index in np.argwhere(np.abs(block) > _ZERO):
        monomial = tuple(sorted(p[i] for p, i in zip(places, index, strict=True)))
        polynomial[monomial] = polynomial.get(monomial, 0.0) + float(block[tuple(index)])


def _normalised(polynomial: Polynomial) -> Polynomial:
    norm = np.sqrt(sum(value**2 for value in polynomial.values()))
    return {monomial: value / norm for monomial, value in polynomial.items()}


def _independent(candidates: list[Polynomial]) -> list[Polynomial]:
    """An orthonormal basis of the span of polynomials."""
    monomials = sorted({monomial for polynomial in candidates for monomial in polynomial})
    if not monomials:
        return []
    table = np.array([[p.get(monomial, 0.0) for monomial in monomials] for p in candidates])
    rows = np.empty((0, len(monomials)))
    for candidate in table:
        # One after the other: a library's basis may differ in signs from machine to machine, and
        # the weights of a file are those of one basis.
        rest = candidate - candidate @ rows.T @ rows
        rest -= rest @ rows.T @ rows
        if np.linalg.norm(rest) > 1e-8 * np.linalg.norm(candidate):
            rows = np.vstack([rows, rest / np.linalg.norm(rest)])
    return [
        {m: float(value) for m, value in zip(monomials, row, strict=True) if abs(value) > _ZERO}
        for row in rows
    ]


def _as_lists(polynomials: list[Polynomial], moments: int) -> Couplings:
    """The polynomials as products that share their parts."""
    nodes: dict[Monomial, int] = {(m,): m for m in range(moments)}
    products: list[tuple[int, int]] = []

    def node(monomial: Monomial) -> int:
        if monomial not in nodes:
            parts = _parts(monomial, nodes)
            pair = node(parts[0]), node(parts[1])
            nodes[monomial] = moments + len(products)
            products.append(pair)
        return nodes[monomial]

    terms = [
        (node(monomial), number, value)
        for number, polynomial in enumerate(polynomials)
        for monomial, value in sorted(polynomial.items())
    ]
    pairs = np.array(products, dtype=np.int64).reshape(-1, 2)
    return Couplings(
        left=pairs[:, 0].copy(),
        right=pairs[:, 1].copy(),
        node=np.array([term[0] for term in terms], dtype=np.int64),
        invariant=np.array([term[1] for term in terms], dtype=np.int64),
        coefficient=np.array([term[2] for term in terms]),
        degree=DEGREE[:moments].copy(),
        factors=np.array([len(next(iter(polynomial))) for polynomial in polynomials]),
        invariants=len(polynomials),
    )


def _parts(monomial: Monomial, nodes: dict[Monomial, int]) -> tuple[Monomial, Monomial]:
    """Two factors of a monomial, such that the larger is there already if one is."""
    choices = [(monomial[:i] + monomial[i + 1 :], (monomial[i],)) for i in range(len(monomial))]
    if len(monomial) == 4:
        choices += [
            (tuple(monomial[i] for i in a), tuple(monomial[i] for i in b)) for a, b in _PAIRINGS
        ]
    known = [choice for choice in choices if choice[0] in nodes and choice[1] in nodes]
    return known[0] if known else choices[-1] if len(monomial) == 2 else choices[0]
