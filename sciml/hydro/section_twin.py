"""The section model as a Paddle operation: the kernel's numbers, with exact gradients.

Forward, each history is marched by :mod:`sciml.hydro.section_kernel`; backward, by its adjoint in
:mod:`sciml.hydro.section_adjoint`. So a fit costs about as much as three simulations, whatever
the number of parameters. The law of gas loss is differentiated by Paddle from the lines that
numba compiles. Second derivatives are not available.

A cavity that sheds jumps, and its jumps have no gradient: such a history is refused.
"""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import paddle
from numpy.typing import ArrayLike
from paddle.autograd import PyLayer

from sciml.core.axes import FloatArray, axes
from sciml.core.errors import BadInput
from sciml.hydro.clock import even_step, seconds
from sciml.hydro.gas_loss import gas_loss, written_loss
from sciml.hydro.section_adjoint import (
    AREA,
    COMPLIANCE,
    GROWTH,
    PAST_GAP,
    SHAPE,
    STRENGTH,
    Trajectory,
    largest_sections,
    pull_back,
)
from sciml.hydro.section_kernel import (
    COLUMNS,
    GAS_PRESSURE,
    LIFETIME,
    SHEDDINGS,
    VOLUME,
    WIDEST,
    SectionRun,
    march,
)
from sciml.hydro.section_ledger import check_ending
from sciml.hydro.sections import SectionSettings, section_run

Tensor = paddle.Tensor
# What a fit may change: names of SectionSettings.
PARAMETERS = ("expansion", "growth_factor", "drag_coefficient", "loss_coefficient")


class TwinRun(NamedTuple):
    """What the twin found, each of shape (history, time), float64."""

    cavity_pressure: Tensor  # p_c, Pa
    length: Tensor  # m
    volume: Tensor  # m³


def twin_cavities(
    settings: SectionSettings,
    time: ArrayLike,
    ambient_pressure: Tensor,
    ventilation: Tensor,
    past_pressure: Tensor,
    parameters: Mapping[str, Tensor] | None = None,
) -> TwinRun:
    """What :func:`sciml.hydro.sections.simulate_cavity` finds, ready to be differentiated.

    Args:
        settings: Disk, flow and gas loss; the parameters below override it.
        time: Samples, s, shape (time,); evenly spaced, at least 30 in a lifetime L/V.
        ambient_pressure: p∞, Pa, shape (history, time).
        ventilation: q_in, m³/s at the reference pressure, shape (history, time).
        past_pressure: p_c up to the first sample, Pa, shape (history,).
        parameters: Values of ``expansion``, ``growth_factor``, ``drag_coefficient`` and
            ``loss_coefficient``, as far as they differ from the settings; each a number for all
            histories or of shape (history,).

    Returns:
        Pressure, length and volume, with gradients by all tensors given.

    Raises:
        BadInput: with the number of the history, if a cavity sheds or as simulate_cavity; if a
            shape is wrong, or a parameter is unknown.
    """
    samples = seconds(time)
    step = even_step(samples)
    sizes = axes(ambient_pressure, "history time", "ambient_pressure", time=samples.size)
    axes(ventilation, "history time", "ventilation", **sizes)
    axes(past_pressure, "history", "past_pressure", history=sizes["history"])
    p, q, p_c = (x.astype("float64") for x in (ambient_pressure, ventilation, past_pressure))
    values = _values(settings, parameters or {}, sizes["history"])
    law = written_loss(settings.gas_loss)
    constants = paddle.stack(
        [
            _per_history(value, sizes["history"])
            for value in (
                values.growth_of(values) * step,
                values.compliance_of(values) * step**2,
                law.strength(values),
                law.shape(values),
            )
        ]
    )  # (constant, history)
    marched = _March.apply(
        p - settings.vapour_pressure,
        q * (settings.reference_pressure * step),
        p[:, 0] - p_c,
        constants,
        _Plan(settings, samples, values.numbers),
    )
    gas, lifetime, volume = (marched[k] for k in range(3))
    return TwinRun(settings.vapour_pressure + gas, lifetime * (step * settings.speed), volume)


class _Plan(NamedTuple):
    """What the march needs beside tensors."""

    settings: SectionSettings
    samples: FloatArray
    numbers: list[dict[str, float]]  # the parameters of each history


def _values(settings: SectionSettings, given: Mapping[str, Tensor], histories: int) -> Any:
    """The settings with parameters in place of numbers, for formulas that take both."""
    for name, value in given.items():
        if name not in PARAMETERS:
            raise BadInput(
                f"twin_cavities: unknown parameter '{name}'; known: {', '.join(PARAMETERS)}"
            )
        if tuple(value.shape) not in ((), (1,), (histories,)):
            raise BadInput(
                f"{name}: expected a number or shape ({histories},), got {tuple(value.shape)}"
            )
    tensors = {name: _per_history(value, histories) for name, value in given.items()}
    columns = {name: value.numpy() for name, value in tensors.items()}
    return SimpleNamespace(
        **(settings.model_dump() | tensors),
        dynamic_pressure=settings.dynamic_pressure,
        growth_of=SectionSettings.growth.fget,
        compliance_of=SectionSettings.compliance.fget,
        numbers=[{k: float(v[i]) for k, v in columns.items()} for i in range(histories)],
    )


def _per_history(value: Any, histories: int) -> Tensor:
    """A number or a tensor as one value a history, float64."""
    tensor = value if isinstance(value, Tensor) else paddle.to_tensor(value, dtype="float64")
    return tensor.astype("float64").reshape([-1]).expand([histories])


class _March(PyLayer):
    """Gas pressure, lifetime in steps and volume, shape (3, history, time)."""

    @staticmethod
    def forward(
        ctx: Any, above: Tensor, supply: Tensor, gap: Tensor, constants: Tensor, plan: _Plan
    ) -> Tensor:
        """March each history, and keep its trajectory."""
        settings = plan.settings
        ambient = above.numpy() + settings.vapour_pressure
        step = even_step(plan.samples)
        supplied = supply.numpy() / (settings.reference_pressure * step)
        past = ambient[:, 0] - gap.numpy()
        ctx.tracks, ctx.constants, ctx.plan, found = [], constants.numpy(), plan, []
        ctx.wanted = [not tensor.stop_gradient for tensor in (above, supply, gap, constants)]
        for number, changes in enumerate(plan.numbers):
            try:
                own = SectionSettings.model_validate(settings.model_dump() | changes)
                run = section_run(
                    own, plan.samples, ambient[number], supplied[number], float(past[number])
                )
                ledger = _marched(run, own, plan.samples)
            except ValueError as error:
                raise BadInput(f"history {number}: {error}") from error
            ctx.tracks.append(_trajectory(run, ledger, plan.samples.size))
            found.append(ledger[:, [GAS_PRESSURE, LIFETIME, VOLUME]].T)
        return paddle.to_tensor(np.stack(found, axis=1))

    @staticmethod
    def backward(ctx: Any, *args: Tensor) -> Any:
        """March each history in reverse."""
        outputs = args[0].numpy()
        gradients: list[tuple[FloatArray, ...]] = []
        for number, track in enumerate(ctx.tracks):
            closures = largest_sections(track)
            partials = _partials(
                ctx.plan.settings.gas_loss, track, closures, ctx.constants[:, number]
            )
            gradients.append(
                pull_back(track, closures, partials, np.ascontiguousarray(outputs[:, number]))
            )
        above, supply, scalars = (
            np.stack([one[k] for one in gradients]) for k in range(3)
        )  # (history, ...)
        constants = scalars[:, [GROWTH, COMPLIANCE, STRENGTH, SHAPE]].T
        given = (above, supply, scalars[:, PAST_GAP], constants)
        return tuple(
            paddle.to_tensor(np.ascontiguousarray(x)) if wanted else None
            for x, wanted in zip(given, ctx.wanted, strict=True)
        )


def _marched(run: SectionRun, settings: SectionSettings, samples: FloatArray) -> FloatArray:
    """The ledger of a history, which must reach its end without shedding."""
    ledger = np.zeros((samples.size, COLUMNS))
    ending, sample = march(run, gas_loss(settings.gas_loss).law, ledger)
    check_ending(ending, samples[min(sample, samples.size - 1)])
    if ledger[-1, SHEDDINGS] > 0:
        first = samples[np.flatnonzero(ledger[:, SHEDDINGS])[0]]
        raise BadInput(
            f"the cavity sheds at t = {first:.6g} s, a jump without a gradient: end the record "
            "before, or use simulate_cavity"
        )
    return ledger


def _trajectory(run: SectionRun, ledger: FloatArray, samples: int) -> Trajectory:
    """What the adjoint needs of a run."""
    return Trajectory(
        above=run.above,
        gas=ledger[:, GAS_PRESSURE].copy(),
        lifetime=ledger[:, LIFETIME].copy(),
        volume=ledger[:, VOLUME].copy(),
        widest=ledger[:, WIDEST].copy(),
        past_gap=float(run.above[0] - ledger[0, GAS_PRESSURE]),
        past=run.table.shape[1] - samples,
        birth=run.birth,
        growth=run.growth,
        compliance=run.compliance,
        drift=run.drift,
        reference=run.reference,
    )


def _partials(
    name: str, track: Trajectory, closures: FloatArray, constants: FloatArray
) -> FloatArray:
    """Derivatives of the law of loss by its six arguments along a run, shape (6, time)."""
    count = track.gas.size
    columns = (
        track.gas,
        track.above - track.gas,
        closures[:, AREA],
        track.lifetime * track.drift,
        np.full(count, constants[2]),
        np.full(count, constants[3]),
    )
    with paddle.enable_grad():
        arguments = [paddle.to_tensor(x, stop_gradient=False) for x in columns]
        loss = written_loss(name).law(*arguments)
        # An argument that the law does not use has no slope.
        slopes: Any = paddle.grad(loss.sum(), arguments, allow_unused=True)
    return np.stack([np.zeros(count) if s is None else s.numpy() for s in slopes])
