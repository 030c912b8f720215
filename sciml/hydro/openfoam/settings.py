"""What a simulated case of natural cavitation is made of."""

from typing import Annotated, Self

from pydantic import Field, NonNegativeFloat, PositiveFloat, model_validator

from sciml.core.settings import Settings
from sciml.core.units import WATER_DENSITY

__all__ = ["CavitationCase"]

LARGEST_CASE = 20_000.0  # output times


class CavitationCase(Settings):
    """A disk across a stream of water that boils behind it; started at once at full speed."""

    cavitation_number: PositiveFloat  # σ of the vapour pressure
    speed: PositiveFloat = 10.0  # U of the water far away, m/s
    diameter: PositiveFloat = 0.01  # D_n of the disk, m
    refinement: Annotated[float, Field(ge=0.3, le=6.0)] = 1.0  # cell sizes are divided by it
    duration: PositiveFloat = 20.0  # D_n / U
    output_interval: PositiveFloat = 0.5  # D_n / U, between written fields
    largest_courant: Annotated[float, Field(gt=0.0, le=1.0)] = 0.8
    vapour_pressure: NonNegativeFloat = 2300.0  # Pa, absolute
    vapour_density: PositiveFloat = 0.02  # kg/m³, of saturated vapour near 20 °C
    density: PositiveFloat = WATER_DENSITY  # kg/m³
    viscosity: PositiveFloat = 1e-6  # m²/s, of the water
    vapour_viscosity: PositiveFloat = 4.5e-4  # m²/s
    nuclei: PositiveFloat = 1.6e13  # per m³ of water, Schnerr-Sauer
    nucleus_diameter: PositiveFloat = 2e-6  # m, Schnerr-Sauer

    @model_validator(mode="after")
    def _times_fit(self) -> Self:
        """Refuse output that never comes or fills the disk, and a vapour heavier than water."""
        ratio = self.duration / self.output_interval
        if not 1.0 <= ratio <= LARGEST_CASE:
            raise ValueError(
                f"output_interval must fit 1 to {LARGEST_CASE:.0f} times into duration "
                f"{self.duration:g}, got {self.output_interval:g}"
            )
        if not self.vapour_density < self.density:
            raise ValueError(
                f"vapour_density must be below density {self.density:g} kg/m³, "
                f"got {self.vapour_density:g}"
            )
        return self

    @property
    def radius(self) -> float:
        """R_n of the disk, m."""
        return self.diameter / 2

    @property
    def transit(self) -> float:
        """The time of the stream past the disk's diameter, D_n / U, s."""
        return self.diameter / self.speed

    @property
    def dynamic_pressure(self) -> float:
        """½ ρ U², Pa."""
        return 0.5 * self.density * self.speed**2

    @property
    def ambient_pressure(self) -> float:
        """Absolute pressure far away, p_v + σ ½ ρ U², Pa."""
        return self.vapour_pressure + self.cavitation_number * self.dynamic_pressure

    @property
    def write_interval(self) -> float:
        """Time between written fields, s."""
        return self.output_interval * self.transit

    @property
    def end_time(self) -> float:
        """Time of the last written field, s: the duration, rounded to a whole number of them."""
        return round(self.duration / self.output_interval) * self.write_interval
