"""Starting natural cavities behind a disk: simulated with OpenFOAM, then put into one file.

A build takes half an hour of one core and needs OpenFOAM; an interrupted one goes on where it
stopped. The case folders stay in the cache.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

import xarray as xr

from sciml.core.paths import cache_folder
from sciml.data.netcdf import write_netcdf
from sciml.hydro.openfoam.reader import read_case
from sciml.hydro.openfoam.runner import run_case
from sciml.hydro.openfoam.series import collected
from sciml.hydro.openfoam.settings import CavitationCase

NAME = "cfd_disk_cavitation"
OUTPUT_INTERVAL = 0.25  # D_n / U

# By σ: long enough for the cavity to grow to its full size and begin to shrink, in D_n / U.
DURATION = {
    0.15: 31.0,
    0.2: 22.0,
    0.25: 17.0,
    0.3: 14.0,
    0.35: 11.0,
    0.4: 10.0,
    0.45: 10.0,
    0.5: 10.0,
}
MESHES = (1.0, 1.5)  # refinements
FINE_MESH = 2.25  # of the grid study
FINE_CASES = (0.3, 0.5)  # σ

COMPRESSION = {"zlib": True, "complevel": 9, "shuffle": True}


def make(originals: Mapping[str, Path], target: Path) -> None:
    """Build the dataset.

    Args:
        originals: Not used: nobody published these data before.
        target: The netCDF file to write.

    Raises:
        BadInput: if OpenFOAM is not installed.
        OSError: if a file cannot be written.
    """
    assert not originals
    write(histories(cache_folder() / "openfoam" / NAME), target)


def cases() -> Iterator[tuple[str, CavitationCase]]:
    """Name and settings of every run."""
    for sigma, duration in DURATION.items():
        for mesh in (*MESHES, FINE_MESH):
            if mesh != FINE_MESH or sigma in FINE_CASES:
                yield (
                    f"sigma-{sigma:.2f}",
                    CavitationCase(
                        cavitation_number=sigma,
                        refinement=mesh,
                        duration=duration,
                        output_interval=OUTPUT_INTERVAL,
                    ),
                )


def histories(folder: Path) -> xr.Dataset:
    """Simulate what is not there yet, and read all cases.

    Args:
        folder: Holds a folder for each run.

    Returns:
        All histories on one clock.
    """
    runs: dict[str, list[xr.Dataset]] = {}
    for name, settings in cases():
        case = folder / f"{name}-grid-{settings.refinement:g}"
        run_case(settings, case)
        runs.setdefault(name, []).append(read_case(case))
    return collected(runs)


def write(dataset: xr.Dataset, target: Path) -> None:
    """Write the dataset; the same packages give the same bytes.

    Args:
        dataset: From :func:`histories`.
        target: The netCDF file.
    """
    curves = [name for name, values in dataset.data_vars.items() if values.ndim == 3]
    write_netcdf(target, dataset, encoding={str(name): COMPRESSION for name in curves})
