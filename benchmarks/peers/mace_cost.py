"""Processor time of MACE for energy, forces and stress, for ``benchmarks/materials_cost.py``.

Untrained models of several sizes in float64 on one thread; the neighbour list and the batch are
counted, for ours are too.
"""

import json
import sys
import time
from collections.abc import Iterator

import mace  # noqa: F401 - before e3nn, which else cannot read its own files

# isort: split
import numpy as np
import torch
from ase import Atoms
from e3nn import o3
from mace import data, modules
from mace.tools import AtomicNumberTable, torch_geometric

CUTOFF = 5.0  # Å
SIZES = {  # hidden channels, layers, largest degree, factors
    "16x0e, 1 layer": ("16x0e", 1, 1, 2),
    "32x0e, 2 layers": ("32x0e", 2, 3, 3),
    "64x0e, 2 layers": ("64x0e", 2, 3, 3),
}
WARM = 3  # evaluations until the compiled graph is settled

given = np.load(sys.argv[1], allow_pickle=False)
repetitions = int(given["repetitions"])
torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)


def model_of(hidden: str, layers: int, degree: int, factors: int) -> modules.ScaleShiftMACE:
    """A model as MACE's own training makes it by default."""
    return modules.ScaleShiftMACE(
        r_max=CUTOFF,
        num_bessel=8,
        num_polynomial_cutoff=5,
        max_ell=degree,
        interaction_cls=modules.interaction_classes["RealAgnosticResidualInteractionBlock"],
        interaction_cls_first=modules.interaction_classes["RealAgnosticInteractionBlock"],
        num_interactions=layers,
        num_elements=1,
        hidden_irreps=o3.Irreps(hidden),
        MLP_irreps=o3.Irreps("16x0e"),
        atomic_energies=np.zeros((1, 1)),
        avg_num_neighbors=28.0,
        atomic_numbers=[14],
        correlation=factors,
        gate=torch.nn.functional.silu,
        radial_MLP=[64, 64, 64],
        radial_type="bessel",
        atomic_inter_scale=1.0,
        atomic_inter_shift=0.0,
    )


def evaluated(model: modules.ScaleShiftMACE, atoms: Atoms) -> None:
    """From positions to energy, forces and stress."""
    table = AtomicNumberTable([14])
    graph = data.AtomicData.from_config(data.config_from_atoms(atoms), z_table=table, cutoff=CUTOFF)
    batch = next(iter(torch_geometric.dataloader.DataLoader([graph], batch_size=1)))
    model(batch.to_dict(), training=False, compute_force=True, compute_stress=True)


def seconds(model: modules.ScaleShiftMACE, atoms: Atoms) -> Iterator[float]:
    """Processor time of each repetition."""
    for _ in range(WARM):
        evaluated(model, atoms)
    for _ in range(repetitions):
        begun = time.process_time()
        evaluated(model, atoms)
        yield time.process_time() - begun


found = {}
for name, size in SIZES.items():
    model = model_of(*size)
    for count in given["counts"]:
        box, places = given[f"cell_{count}"], given[f"positions_{count}"]
        atoms = Atoms(f"Si{count}", places, cell=box, pbc=True)
        found[f"{name}, {count}"] = float(np.median(list(seconds(model, atoms))))
print(json.dumps(found))
