"""Weather that was measured, analysed or forecast: published data as CF datasets of xarray."""

from sciml.weather.sources.cyclone_fusion import open_cyclone_fusion
from sciml.weather.sources.fields import open_ncep_air, open_ncep_slp
from sciml.weather.sources.grids import centred_longitude, checked_field
from sciml.weather.sources.radar import open_mrms
from sciml.weather.sources.reanalysis import (
    open_era5_members,
    open_era5_state,
    open_era5_z500,
    open_ersst,
)
from sciml.weather.sources.series import (
    checked_series,
    open_algiers,
    open_canada_cities,
    open_canada_stations,
    open_oisst,
)
from sciml.weather.sources.station_ensembles import (
    open_frankfurt_precipitation,
    open_uwme_precipitation,
    open_uwme_temperature,
)
from sciml.weather.sources.stored import split_years
from sciml.weather.sources.tracks import (
    checked_tracks,
    longer_storms,
    open_hurdat2,
    open_jma_typhoons,
)

__all__ = [
    "centred_longitude",
    "checked_field",
    "checked_series",
    "checked_tracks",
    "longer_storms",
    "open_algiers",
    "open_canada_cities",
    "open_canada_stations",
    "open_cyclone_fusion",
    "open_era5_members",
    "open_era5_state",
    "open_era5_z500",
    "open_ersst",
    "open_frankfurt_precipitation",
    "open_hurdat2",
    "open_jma_typhoons",
    "open_mrms",
    "open_ncep_air",
    "open_ncep_slp",
    "open_oisst",
    "open_uwme_precipitation",
    "open_uwme_temperature",
    "split_years",
]
