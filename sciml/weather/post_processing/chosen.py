"""Which experts a mixture has: by name, or those that suit the quantity and the record."""

from collections.abc import Callable, Sequence

from sciml.core.errors import BadInput
from sciml.core.nearest import nearest
from sciml.weather.post_processing.climatology import Climatology
from sciml.weather.post_processing.error_memory import ErrorMemory
from sciml.weather.post_processing.experts import Expert
from sciml.weather.post_processing.forest import Forest
from sciml.weather.post_processing.members import RawEnsemble
from sciml.weather.post_processing.shifted_gamma import ShiftedGammaRegression
from sciml.weather.post_processing.station_effects import StationEffects
from sciml.weather.post_processing.table import StationTable

NEIGHBOURS = 12  # that the fusion network hears of
LONG = 3650.0  # days; as good as never forgotten

_MAKERS: dict[str, Callable[[int], Expert]] = {
    "raw": lambda _: RawEnsemble(),
    "climatology": lambda _: Climatology(),
    "station-effects-5": lambda _: StationEffects(5.0),
    "station-effects-20": lambda _: StationEffects(20.0),
    "station-effects-90": lambda _: StationEffects(90.0),
    "station-effects-365": lambda _: StationEffects(365.0),
    "error-memory-15": lambda _: ErrorMemory(15.0),
    "error-memory-60": lambda _: ErrorMemory(60.0),
    "error-memory-365": lambda _: ErrorMemory(365.0),
    "shifted-gamma": lambda _: ShiftedGammaRegression(LONG),
    "shifted-gamma-700": lambda _: ShiftedGammaRegression(700.0),
    "forest": lambda seed: Forest(seed=seed),
    "fusion": lambda seed: _fusion(seed),
}
_SHORT = 120.0  # days; records below are learnt from as a whole
REAL_SHORT = ("station-effects-5", "station-effects-20", "error-memory-15", "error-memory-60")
REAL_LONG = ("station-effects-20", "station-effects-90", "station-effects-365", "error-memory-60")
AMOUNTS_SHORT = ("raw", "shifted-gamma")
AMOUNTS_LONG = ("raw", "shifted-gamma", "shifted-gamma-700")


def _fusion(seed: int) -> Expert:
    """The network; Paddle takes seconds to import, so that it is done only here."""
    from sciml.weather.post_processing.fusion import Fusion

    return Fusion(seed=seed)


def neighbours_for(names: Sequence[str]) -> int:
    """How many stations around each one the experts want to hear of.

    Args:
        names: Of the experts, as in :func:`chosen_experts`.

    Returns:
        The number that :func:`sciml.weather.post_processing.table.station_table` takes.
    """
    return NEIGHBOURS if "fusion" in names else 0


def chosen_experts(names: Sequence[str], table: StationTable, seed: int) -> list[Expert]:
    """The experts of a mixture.

    Args:
        names: Such as ``forest``; none: those that suit the data.
        table: The cases.
        seed: Of those experts that draw random numbers.

    Returns:
        Experts, not fitted yet.

    Raises:
        BadInput: if there is no such expert, or one is named twice.
    """
    if not names:
        long = table.day[-1] > _SHORT
        if table.nonnegative:
            names = AMOUNTS_LONG if long else AMOUNTS_SHORT
        else:
            names = REAL_LONG if long else REAL_SHORT
        names = (*names, "forest", "climatology")
    for name in names:
        if name not in _MAKERS:
            raise BadInput(f"experts: no '{name}'; {nearest(name, _MAKERS)}")
    if len(set(names)) < len(names):
        raise BadInput(f"experts: {', '.join(names)}: one stands twice")
    return [_MAKERS[name](seed) for name in names]
