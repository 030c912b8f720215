"""Scores of yes-or-no forecasts, from the table of hits, misses and false alarms."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from sciml.core.errors import BadInput
from sciml.weather.scores.checks import outcomes


class ContingencyTable(NamedTuple):
    """How often an event was forecast and came.

    Every score is a number or an error: where its denominator is zero it is undefined, and
    :class:`~sciml.core.errors.BadInput` says which count is missing, so that a mean over scores
    can never silently leave out a day without events.
    """

    hits: int  # forecast and came
    false_alarms: int  # forecast, did not come
    misses: int  # came, not forecast
    correct_negatives: int  # neither

    @property
    def cases(self) -> int:
        """Number of forecasts."""
        return sum(self)

    @property
    def base_rate(self) -> float:
        """How often the event came, whatever was forecast."""
        return self._ratio(self.hits + self.misses, self.cases, "base rate", "cases")

    @property
    def probability_of_detection(self) -> float:
        """The share of the events that was forecast (POD, hit rate)."""
        return self._ratio(self.hits, self.hits + self.misses, "POD", "events")

    @property
    def false_alarm_ratio(self) -> float:
        """The share of the alarms that were false (FAR); not the false alarm rate."""
        return self._ratio(self.false_alarms, self.hits + self.false_alarms, "FAR", "alarms")

    @property
    def false_alarm_rate(self) -> float:
        """The share of the cases without event in which it was forecast (POFD)."""
        quiet = self.false_alarms + self.correct_negatives
        return self._ratio(self.false_alarms, quiet, "false alarm rate", "cases without event")

    @property
    def critical_success_index(self) -> float:
        """Hits over all cases in which the event came or was forecast (CSI, threat score)."""
        some = self.hits + self.false_alarms + self.misses
        return self._ratio(self.hits, some, "CSI", "events or alarms")

    @property
    def frequency_bias(self) -> float:
        """Alarms per event: above 1 the event is forecast too often."""
        alarms = self.hits + self.false_alarms
        return self._ratio(alarms, self.hits + self.misses, "frequency bias", "events")

    @property
    def extremal_dependence_index(self) -> float:
        """Symmetric extremal dependence index (SEDI), which does not vanish for rare events.

        [ln F - ln H - ln(1-F) + ln(1-H)] / [ln F + ln H + ln(1-F) + ln(1-H)], with H the
        probability of detection and F the false alarm rate; 1 is best, 0 is no better than chance.

        Raises:
            BadInput: if H or F is 0, 1 or undefined.

        Source:
            Ferro & Stephenson, Weather Forecast. 26 (2011) 699-713.
        """
        H, F = self.probability_of_detection, self.false_alarm_rate
        if not (0 < H < 1 and 0 < F < 1):
            raise BadInput(
                f"SEDI: needs a hit rate and a false alarm rate between 0 and 1, got {H:g} and "
                f"{F:g} from {self._described()}; take more cases or another threshold"
            )
        ln_H, ln_F, ln_1H, ln_1F = math.log(H), math.log(F), math.log1p(-H), math.log1p(-F)
        return (ln_F - ln_H - ln_1F + ln_1H) / (ln_F + ln_H + ln_1F + ln_1H)

    def _ratio(self, part: int, whole: int, name: str, what: str) -> float:
        """A share, or an error if there is nothing to take it of."""
        if whole == 0:
            raise BadInput(f"{name}: undefined, no {what} among {self._described()}")
        return part / whole

    def _described(self) -> str:
        """The counts in words."""
        return (
            f"{self.hits} hits, {self.false_alarms} false alarms, {self.misses} misses, "
            f"{self.correct_negatives} correct negatives"
        )


def contingency_table(forecast: ArrayLike, event: ArrayLike) -> ContingencyTable:
    """Count hits, false alarms, misses and correct negatives.

    Args:
        forecast: Whether the event was forecast, True or 1. Shape (case,).
        event: Whether it came. Shape (case,).

    Returns:
        The table.

    Raises:
        BadInput: if a value is missing or neither 0 nor 1, or the numbers of cases differ.
    """
    came = outcomes(event)
    said = outcomes(forecast, "forecast", case=len(came))
    counts = (said & came, said & ~came, ~said & came, ~said & ~came)
    return ContingencyTable(*(int(np.count_nonzero(one)) for one in counts))
