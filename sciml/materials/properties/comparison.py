"""The same properties by several potentials, side by side on an axis ``potential``."""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

import numpy as np
import xarray as xr
from pydantic import (
    AfterValidator,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
)

from sciml.core.settings import Settings
from sciml.materials.potential import Potential
from sciml.materials.properties.averages import mean_of
from sciml.materials.properties.diffusion import diffusion
from sciml.materials.properties.dynamics import MotionSettings, drift, frames_of, move
from sciml.materials.properties.elasticity import (
    cubic_constants,
    elastic_constants,
    require_cube,
    stability,
)
from sciml.materials.properties.equation_of_state import (
    PRESSURES,
    compression,
    fit_equation_of_state,
)
from sciml.materials.properties.phonons import Vibrations, quasi_harmonic, vibrations
from sciml.materials.properties.radial_distribution import overlap, radial_distribution
from sciml.materials.properties.relaxation import relax
from sciml.materials.structures import Structure

TRUTH, LEARNT = "truth", "learnt"

Potentials = Mapping[str, Potential]
_FREQUENCIES = 240  # of the density of states
_TIGHT = 1e-6  # eV/Å, for constants that are differences


def _rising(given: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(sorted(set(given)))


_Some = Annotated[tuple[float, ...], Field(min_length=1), AfterValidator(_rising)]
_Warm = Annotated[tuple[NonNegativeFloat, ...], Field(min_length=1), AfterValidator(_rising)]


class CompressionSettings(Settings):
    """Crystals at rest under pressure."""

    pressures: _Some = PRESSURES  # GPa
    elastic: _Some = (-5.0, 0.0, 5.0, 10.0, 15.0, 20.0)  # GPa, for elastic constants


class PhononSettings(Settings):
    """Vibrations, and the expansion that they make."""

    repeats: PositiveInt = 2  # of the cubic cell
    # U and K are alike, so that the jump between them shows none; null takes the lattice's own.
    path: str | None = "GXU,KGL"
    temperatures: _Warm = (*range(0, 300, 50), *range(300, 1501, 100))  # K


class LiquidSettings(Settings):
    """A melt at a pressure."""

    motion: MotionSettings
    melting: PositiveFloat  # K, at which the crystal melts
    melting_steps: NonNegativeInt = 600
    repeats: PositiveInt = 2  # of the cubic cell
    cutoff: PositiveFloat = 7.0  # Å, of the radial distribution
    bins: PositiveInt = 100


def compressions(
    potentials: Potentials, structure: Structure, settings: CompressionSettings
) -> xr.Dataset:
    """Equation of state and elastic constants of a cubic crystal.

    Args:
        potentials: By name.
        structure: The crystal near rest, its axes those of space.
        settings: At which pressures.

    Returns:
        ``volume``, ``energy`` and ``enthalpy`` by ``pressure``; ``stiffness`` (GPa) by
        ``elastic_pressure`` and ``constant`` (C11, C12, C44), and the ``softest`` stiffness; of
        the fit by Vinet's form ``rest_volume``, ``rest_energy``, ``bulk_modulus`` and its
        ``bulk_modulus_slope``.

    Raises:
        BadInput: if the crystal is not a cube along the axes, or there is no rest at a pressure.
    """
    require_cube(structure)

    def one(potential: Potential) -> xr.Dataset:
        curve = compression(potential, structure, settings.pressures)
        fit = fit_equation_of_state(curve["volume"].values, curve["energy"].values, "vinet")
        numbers = {
            "rest_volume": (fit.volume, "Å³/atom"),
            "rest_energy": (fit.energy, "eV/atom"),
            "bulk_modulus": (fit.bulk_modulus, "GPa"),
            "bulk_modulus_slope": (fit.bulk_modulus_slope, "1"),
        }
        fitted = {name: ((), value, {"units": unit}) for name, (value, unit) in numbers.items()}
        return curve.assign(fitted).merge(_elastic(potential, structure, settings.elastic))

    return _side_by_side(potentials, one)


def _elastic(potential: Potential, structure: Structure, pressures: Sequence[float]) -> xr.Dataset:
    """Cubic constants at pressures."""
    found, softest = [], []
    for pressure in pressures:
        rest = relax(potential, structure, pressure=pressure, tolerance=_TIGHT)
        C = elastic_constants(potential, rest)
        found.append(cubic_constants(C))
        softest.append(stability(C))
    return xr.Dataset(
        {
            "stiffness": (("elastic_pressure", "constant"), np.array(found), {"units": "GPa"}),
            "softest": ("elastic_pressure", np.array(softest), {"units": "GPa"}),
        },
        {
            "elastic_pressure": ("elastic_pressure", np.array(pressures), {"units": "GPa"}),
            "constant": ["C11", "C12", "C44"],
        },
    )


def phonons(potentials: Potentials, structure: Structure, settings: PhononSettings) -> xr.Dataset:
    """Bands, density of states and quasi-harmonic expansion at rest without pressure.

    Args:
        potentials: By name.
        structure: The crystal near rest.
        settings: How.

    Returns:
        ``frequency`` (THz) by ``share`` of the path and ``mode``; ``density`` (1/THz/atom) by
        ``level`` (THz); ``warm_volume`` (Å³/atom), ``expansion`` (1/K) and ``warm_bulk_modulus``
        (GPa) by ``temperature``. Corners of the path are in the attributes.

    Raises:
        BadInput: if the crystal is not stable.
    """
    shaken: dict[str, tuple[Structure, Vibrations]] = {}
    for name, potential in potentials.items():
        rest = relax(potential, structure, tolerance=_TIGHT)
        shaken[name] = rest, vibrations(potential, rest, settings.repeats)
    densities = {name: v.density_of_states() for name, (_, v) in shaken.items()}
    highest = max(float(density["frequency"].max()) for density in densities.values())
    levels = np.linspace(0, highest, _FREQUENCIES)

    def one(name: str) -> xr.Dataset:
        rest, found = shaken[name]
        bands = found.bands(settings.path)
        length = float(bands["distance"][-1])
        # Crystals of one shape and two sizes have the same shares, but for the last digit.
        shares = np.round(bands["distance"].values / length, 12)
        density = densities[name]["density"].interp(frequency=levels, kwargs={"fill_value": 0.0})
        warm = quasi_harmonic(
            potentials[name], rest, settings.temperatures, repeats=settings.repeats
        ).data
        data = xr.Dataset(
            {
                "frequency": (("share", "mode"), bands["frequency"].values, {"units": "THz"}),
                "density": ("level", density.values, {"units": "1/THz/atom"}),
            },
            {
                "share": ("share", shares, {"units": "1"}),
                "level": ("level", levels, {"units": "THz"}),
            },
            {
                "corners": bands.attrs["corners"] / length,
                "corner_names": list(bands.attrs["corner_names"]),
            },
        )
        return data.merge(
            warm.rename({"volume": "warm_volume", "bulk_modulus": "warm_bulk_modulus"})
        )

    return _joined({name: one(name) for name in potentials})


def liquids(
    potentials: Potentials, structure: Structure, settings: LiquidSettings, seed: int
) -> tuple[xr.Dataset, dict[str, xr.Dataset]]:
    """A melt: structure, density and diffusion.

    Args:
        potentials: By name.
        structure: The crystal that is melted.
        settings: How hot, how long.
        seed: Of all motion.

    Returns:
        ``density_ratio`` by ``distance``; mean square ``displacement`` by ``lag``; means with
        errors (``..._error``) of ``diffusion`` (Å²/ps), ``volume`` (Å³/atom), ``temperature`` and
        ``pressure``; the ``drift`` of the conserved quantity (meV/atom/ps). And the motions.

    Raises:
        BadInput: if atoms run away, or the motion is too short for blocks.
    """
    motions = {name: _melt(p, structure, settings, seed) for name, p in potentials.items()}

    def one(motion: xr.Dataset) -> xr.Dataset:
        found = diffusion(motion)
        shells = radial_distribution(frames_of(motion), settings.cutoff, settings.bins)
        means = {
            "diffusion": (found.coefficient, "Å²/ps"),
            "volume": (mean_of(motion["volume"].values / motion.sizes["atom"]), "Å³/atom"),
            "temperature": (mean_of(motion["temperature"].values), "K"),
            "pressure": (mean_of(motion["pressure"].values), "GPa"),
        }
        numbers: dict[str, Any] = {"drift": ((), drift(motion).slope, {"units": "meV/atom/ps"})}
        for name, (mean, unit) in means.items():
            numbers[name] = ((), mean.value, {"units": unit})
            numbers[f"{name}_error"] = ((), mean.error, {"units": unit})
        return shells.assign(numbers).assign(displacement=found.displacement)

    return _joined({name: one(motion) for name, motion in motions.items()}), motions


def _melt(
    potential: Potential, structure: Structure, settings: LiquidSettings, seed: int
) -> xr.Dataset:
    """Melt a crystal at its volume, then let it move as asked."""
    many = repeated(structure, settings.repeats)
    hot = MotionSettings(
        temperature=settings.melting,
        settling=settings.melting_steps,
        step=settings.motion.step,
        steps=settings.motion.every,
        every=settings.motion.every,
    )
    melt = frames_of(move(potential, many, hot, seed))[-1]
    return move(potential, melt, settings.motion, seed + 1)


def repeated(structure: Structure, repeats: int) -> Structure:
    """A structure and its images as one, without labels.

    Args:
        structure: Periodic in all directions.
        repeats: Along each lattice vector.

    Returns:
        The larger structure.
    """
    corners = np.array(list(np.ndindex(repeats, repeats, repeats)))
    places = (corners @ structure.cell)[:, None] + structure.positions  # (image, atom, 3)
    return Structure(
        np.tile(structure.numbers, len(corners)),
        places.reshape(-1, 3),
        structure.cell * repeats,
        structure.periodic,
        about=structure.about,
    )


def has_truth(data: xr.Dataset) -> bool:
    """Whether properties of the truth stand beside those of the learnt potential."""
    return TRUTH in data["potential"].values


def common_structure(liquid: xr.Dataset) -> float:
    """The overlap of the radial distributions of truth and learnt, from :func:`liquids`."""
    return overlap(liquid.sel(potential=TRUTH), liquid.sel(potential=LEARNT))


def _side_by_side(potentials: Potentials, one: Callable[[Potential], xr.Dataset]) -> xr.Dataset:
    """A property of each potential."""
    return _joined({name: one(potential) for name, potential in potentials.items()})


def _joined(found: Mapping[str, xr.Dataset]) -> xr.Dataset:
    """Datasets along a new first axis; the attributes of the first stay."""
    return xr.concat(
        list(found.values()),
        xr.Variable("potential", list(found)),
        join="exact",
        combine_attrs="override",
    )
