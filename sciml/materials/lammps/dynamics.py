"""Frames of molecular dynamics at constant temperature and volume."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from sciml.core.errors import BadInput
from sciml.materials.lammps.labelling import LammpsPotential
from sciml.materials.structures import Structure

_DAMPING = 0.1  # ps, in which the bath takes its temperature to the atoms
_MARGIN = 1.0  # Å beyond the cutoff, so that neighbours need not be sought in each step


class DynamicsPlan(NamedTuple):
    """How long to run, how hot, and what to keep."""

    temperature: float  # K
    frames: int = 1
    between: int = 100  # steps from one kept frame to the next
    settling: int = 500  # steps before the first kept frame
    step: float = 0.001  # ps
    melting: float | None = None  # K, held for as long as the settling before it
    seed: int = 1


def frames_at_temperature(
    potential: LammpsPotential, start: Structure, plan: DynamicsPlan
) -> list[Structure]:
    """Run a crystal or a melt in a bath and keep frames of it.

    Velocities start at twice the temperature, because half of the motion of a crystal at rest
    turns into potential energy; a Langevin bath does the rest.

    Args:
        potential: Drives the atoms.
        start: Periodic in three directions.
        plan: How long and how hot.

    Returns:
        Frames without labels, in time; the same seed gives the same ones on the same machine.

    Raises:
        BadInput: if the start is not periodic, a number of the plan is not positive, or LAMMPS
            gives up, for example because an atom flew away.
    """
    if not start.periodic.all():
        raise BadInput(f"{start.name}: dynamics needs a cell that is periodic in all directions.")
    if min(plan.temperature, plan.frames, plan.between, plan.step, plan.seed) <= 0:
        raise BadInput(f"dynamics: temperature, frames, between, step and seed must be > 0: {plan}")
    engine, cell = potential.load(start)
    potential.command(start.name, _beginning(plan))
    frames: list[Structure] = []
    for _ in range(plan.frames):
        potential.command(start.name, [f"run {plan.between} post no"])
        positions = np.array(engine.gather_atoms("x", 1, 3)).reshape(-1, 3)
        frames.append(
            replace(
                start,
                positions=cell.turned_back(positions),
                energy=None,
                forces=None,
                stress=None,
            )
        )
    potential.command(start.name, ["unfix bath", "unfix motion", "neighbor 0.0 bin"])
    return frames


def _beginning(plan: DynamicsPlan) -> list[str]:
    """Velocities, bath and settling."""
    hot = plan.melting or plan.temperature
    commands = [
        f"neighbor {_MARGIN} bin",
        f"timestep {plan.step}",
        f"velocity all create {2 * hot} {plan.seed} mom yes rot no dist gaussian",
        "fix motion all nve",
    ]
    stages = [hot, plan.temperature] if plan.melting else [hot]
    for temperature in stages:
        commands += [
            f"fix bath all langevin {temperature} {temperature} {_DAMPING} {plan.seed}",
            f"run {plan.settling} post no",
        ]
    return commands
