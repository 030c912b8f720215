"""Runs that forecasters learn from and are judged on: measured wave loads, simulated cavities."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sciml.core.axes import FloatArray
from sciml.data.cards import read_card
from sciml.data.checks import require_finite
from sciml.data.scaling import Scaling
from sciml.data.splits import split_by_case
from sciml.hydro import loads

Splits = dict[str, "Cases"]

TRAIN, INSIDE, OUTSIDE = "train", "in_envelope", "out_of_envelope"


class Case(NamedTuple):
    """The series of one run of an experiment or a simulation."""

    values: FloatArray  # (time, channel), in the units of the channels
    active: slice  # samples to learn from
    judged: slice  # samples at which forecasts are due that count


class Cases(NamedTuple):
    """Runs that share channels and sampling."""

    cases: Mapping[str, Case]
    channels: tuple[str, ...]
    targets: tuple[str, ...]  # the channels to forecast
    rate: float  # Hz

    def chosen(self, names: Sequence[str]) -> "Cases":
        """The named runs only."""
        return self._replace(cases={name: self.cases[name] for name in names})

    def without(self, names: Sequence[str]) -> "Cases":
        """All runs but the named ones."""
        return self.chosen([name for name in self.cases if name not in names])

    @property
    def target_indices(self) -> list[int]:
        """The numbers of the forecast channels."""
        return [self.channels.index(name) for name in self.targets]

    def scaling(self) -> Scaling:
        """Mean and standard deviation of each channel over these runs.

        Raises:
            BadInput: if a value is not finite; the text names run, channel and sample.
        """
        for name, case in self.cases.items():
            require_finite(case.values, f"run '{name}'", self.channels)
        return Scaling.fit([case.values for case in self.cases.values()], self.channels)


def training_wave_runs() -> tuple[str, ...]:
    """The names of the measured runs to learn from, of which their card tells."""
    splits = read_card(loads.DATASET).splits
    assert splits is not None  # the card is ours
    return tuple(splits.cases[TRAIN])


def measured_wave_loads() -> Splits:
    """The measured wave loads at 50 Hz in the frozen splits of their card, by wave period.

    Returns:
        ``train``, ``in_envelope`` (a wave period between those trained) and ``out_of_envelope``
        (shorter than any trained); loads and wave elevations are the channels, the three loads
        in the plane of the section the targets.

    Raises:
        DatasetMissing: if the dataset is not on this machine.
    """
    series = loads.load_case_series(loads.resampled(loads.read_section_loads()))
    names = list(series)
    card = read_card(loads.DATASET)
    assert card.splits is not None  # the card is ours
    split = split_by_case(names, card.splits.cases)
    splits = {part: [names[index] for index in indices] for part, indices in split.items()}
    scaling = Scaling.fit([series[name] for name in splits[TRAIN]], loads.CHANNELS)
    targets = [loads.CHANNELS.index(name) for name in loads.LOADS]
    cases = {}
    for name, values in series.items():
        scaled = scaling.apply(values)[:, targets]
        cases[name] = Case(values, loads.active_part(scaled), loads.judged_part(scaled))
    everything = Cases(cases, loads.CHANNELS, loads.LOADS, loads.RATE)
    return {part: everything.chosen(chosen) for part, chosen in splits.items()}
