"""What the file of a potential says about itself, so that a reader needs nothing but the file."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sciml.materials.ace.couplings import couplings
from sciml.materials.ace.harmonics import DEGREE, components
from sciml.materials.ace.model import AceSettings
from sciml.materials.ace.tables import NEAREST, interpolation_errors, radial_table
from sciml.materials.elements import symbol
from sciml.materials.zbl import (
    COULOMB,
    RATES,
    SCREENING_LENGTH,
    SCREENING_POWER,
    SHARES,
    switch_distances,
)

COUPLING_ARRAYS = ("left", "right", "node", "invariant", "coefficient")
UNITS = {
    "energy": "eV",
    "length": "Å",
    "forces": "eV/Å, minus the slope of the energy by positions",
    "stress": "eV/Å³, positive in tension, xx, yy, zz, yz, xz, xy",
}
_SEEN = [
    "r_ij goes from atom i to its neighbour j, an atom or image with r < cutoff",
    "z_i is the place of atom i's element in `elements`, F = radial.functions, g as in `radial`",
    "Y_c are the functions in `harmonics`, l_c is the degree of component c",
    "M_i[c, z F + n] = sum over neighbours j with z_j = z of g_n(r_ij) Y_c(r_ij / |r_ij|)",
    "A_i[c, k] = sum over q of mixing[z_i, l_c, q, k] M_i[c, q], channels k = 0 .. K - 1",
]
_INVARIANTS = [
    "nodes N of each channel: N_c = A_i[c, k] for c = 0 .. C - 1, then in this order "
    "N_(C + p) = N_(coupling_left[p]) N_(coupling_right[p])",
    "B_i[v, k] = sum over t with coupling_invariant[t] = v of coupling_coefficient[t] "
    "N_(coupling_node[t]), v = 0 .. V - 1",
    "features of the first layer: f = v K + k, x_f = (B_i[v, k] - shift[f]) scale[f]",
]
_MESSAGES = [
    "charges: h_j[m] = charge_bias[z_j, m] + sum over f = v K + k of x_f charge_share[f] "
    "charge[k, m], with the features of atom j, m = 0 .. M - 1",
    "A'_i[c, m] = sum over neighbours j of h_j[m] Y_c(r_ij / |r_ij|) "
    "sum over n of message[z_i, l_c, z_j F + n, m] g_n(r_ij)",
    "features of the second layer: B' from A' as B from A; f = V K + v M + m, "
    "x_f = (B'_i[v, m] - shift[f]) scale[f]",
]
_READOUT = [
    "y_k = sum over the features f of channel k of share[f] x_f; k = K + m for channel m of the "
    "second layer",
    "s(h) = h / (1 + exp(-h)), a = s(y first + first_bias[z_i]), b = s(a second + second_bias)",
    "E_i = element_energy[z_i] + sum over f of linear[z_i, f] x_f + b . last",
]
_TOTAL = "E = sum of E_i over the atoms; stress = dE/d(strain) / volume"
_CORE_SUM = "E_i += half the sum over neighbours j of core energy(r_ij)"
_FADED = "g_n between elements a and b is multiplied by 1 - w(r), w as in `core`"


def description(settings: AceSettings, elements: Sequence[int]) -> dict[str, Any]:
    """All that follows from settings and elements, as JSON has it.

    Args:
        settings: Size of the potential.
        elements: Atomic numbers.

    Returns:
        Formulas in words, and the numbers in them that are not in arrays.
    """
    messages = _MESSAGES if settings.messages else []
    core = [_CORE_SUM] if settings.core else []
    return {
        "units": UNITS,
        "cutoff": settings.radial.cutoff,
        "elements": [int(number) for number in elements],
        "symbols": [symbol(number) for number in elements],
        "settings": settings.model_dump(mode="json"),
        "radial": _radial(settings),
        "harmonics": _harmonics(settings.couplings.degree),
        "energy": [*_SEEN, *_INVARIANTS, *messages, *_READOUT, *core, _TOTAL],
        "core": _core(tuple(elements), settings.core_reach) if settings.core else None,
        "committee": "with members > 1, the arrays that were learnt have a first axis of members; "
        "energy, forces and stress are means over them; the spread of an atom is the root mean "
        "square distance of the members' forces on it from their mean",
        "grade": "|(y - grade_centre[z_i]) grade_whitening[z_i]|, if there are such arrays; "
        "above 1 an atom is farther from the centre than any of the training; of a committee, the "
        "largest of its members",
    }


def tables(settings: AceSettings) -> dict[str, NDArray[Any]]:
    """Radial functions and coupling lists, which follow from the settings.

    Args:
        settings: Size of the potential.

    Returns:
        By the name that each has in a file.
    """
    radial, lists = radial_table(settings.radial), couplings(settings.couplings)
    coupled = {f"coupling_{name}": getattr(lists, name) for name in COUPLING_ARRAYS}
    return {"radial_values": radial.values, "radial_slopes": radial.slopes} | coupled


def _radial(settings: AceSettings) -> dict[str, Any]:
    radial = settings.radial
    whole, near = (interpolation_errors(radial, nearest) for nearest in (0.0, NEAREST))
    return {
        "formula": [
            "u = r / cutoff, c = crowding",
            "x = 1 - 2 (1 - exp(-c u)) / (1 - exp(-c)); x = 1 - 2 u if c = 0",
            "g_n(r) = T_n(x) (1 - u)^3 (1 + 3 u + 6 u^2), n = 0 .. functions - 1; zero from the "
            "cutoff on; T_n are Chebyshev polynomials, T_0 = 1, T_1 = x, "
            "T_n = 2 x T_(n-1) - T_(n-2)",
            *([_FADED] if settings.core else []),
        ],
        "crowding": radial.crowding,
        "functions": radial.functions,
        "table": "radial_values and radial_slopes hold g_n, without any core, and dg_n/dr at "
        "r = 0, spacing, 2 spacing .. cutoff; between, the cubic with these values and slopes",
        "spacing": radial_table(radial).spacing,
        "errors": "largest, of values and of slopes, as shares of the largest value and slope",
        "errors_from_0": list(whole),
        f"errors_from_{NEAREST}": list(near),
    }


def _harmonics(largest: int) -> dict[str, Any]:
    return {
        "convention": "real, of the unit vector (x, y, z); sum over the components of one degree "
        "l of Y(a) Y(b) is the Legendre polynomial P_l(a . b)",
        "degree": DEGREE[: components(largest)].tolist(),
        "order": "components of one degree stand in the order m = -l .. l; there are C in all",
        "formula": [
            "a_m + i b_m = (x + i y)^m",
            "Q_lm = sqrt(d (l - m)! / (l + m)!) times the m-th derivative of P_l at z, d = 1 if "
            "m = 0, else 2",
            "Y_lm = Q_lm a_m and Y_l(-m) = Q_lm b_m, m = 0 .. l",
        ],
    }


def _core(elements: tuple[int, ...], reach: float) -> dict[str, Any]:
    inner, outer = switch_distances(elements, reach)
    return {
        "formula": [
            "energy(r) = coulomb Z_a Z_b / r w(r) sum over p of shares[p] exp(-rates[p] r / d)",
            "d = length / (Z_a^power + Z_b^power)",
            "w(r) = 1 - 10 t^3 + 15 t^4 - 6 t^5, t = (r - inner[a][b]) / "
            "(outer[a][b] - inner[a][b]) held between 0 and 1; "
            "a and b are places in `elements`, Z atomic numbers",
        ],
        "coulomb": COULOMB,
        "length": SCREENING_LENGTH,
        "power": SCREENING_POWER,
        "shares": SHARES.tolist(),
        "rates": RATES.tolist(),
        "inner": np.asarray(inner).tolist(),
        "outer": np.asarray(outer).tolist(),
    }
