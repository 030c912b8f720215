"""What a check of labels says, as numbers and as text."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from sciml.materials.structures import Structure

NAMED = 3  # frames that a finding names


class Finding(NamedTuple):
    """Something that is wrong with labels."""

    what: str  # a name that does not change, such as "stress offset"
    where: str  # the group or frames
    measured: str  # with its unit
    expected: str
    next_step: str
    value: float  # the measured number alone, or how many frames

    def text(self) -> str:
        """As one paragraph."""
        return (
            f"{self.what} in {self.where}: {self.measured}; expected {self.expected}. "
            f"{self.next_step}"
        )


class Unjudged(NamedTuple):
    """A check that the data do not permit."""

    check: str
    where: str
    reason: str


class Report(NamedTuple):
    """All that was found, and what could not be judged."""

    findings: list[Finding]
    unjudged: list[Unjudged]

    def as_json(self) -> dict[str, Any]:
        """Lists and dictionaries only."""
        return {
            "findings": [one._asdict() for one in self.findings],
            "unjudged": [one._asdict() for one in self.unjudged],
        }

    def text(self) -> str:
        """One paragraph for each finding, one line for each check that was not possible."""
        lines = [one.text() for one in self.findings]
        lines = lines or ["No label was found to be wrong."]
        missing = [
            f"Not judged: {one.check} in {one.where}: {one.reason}." for one in self.unjudged
        ]
        return "\n".join([*lines, *missing]) + "\n"


def joined(reports: Sequence[Report]) -> Report:
    """One report of several."""
    return Report(
        [one for report in reports for one in report.findings],
        [one for report in reports for one in report.unjudged],
    )


def by_group(structures: Sequence[Structure]) -> dict[str, list[Structure]]:
    """Frames by the group that they name, in alphabetical order."""
    groups: dict[str, list[Structure]] = {}
    for one in structures:
        groups.setdefault(one.group, []).append(one)
    return dict(sorted(groups.items()))


def names_of(structures: Sequence[Structure]) -> str:
    """The first names of some frames, as a finding tells them."""
    names = [one.name for one in structures[:NAMED]]
    return ", ".join(names if len(structures) <= NAMED else [*names, "..."])


def finite(one: Structure) -> bool:
    """Whether all labels that a frame has are numbers."""
    labels = [label for label in (one.energy, one.forces, one.stress) if label is not None]
    return all(bool(np.isfinite(np.asarray(label)).all()) for label in labels)
