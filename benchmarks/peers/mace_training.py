"""Errors of MACE against its training time, for ``benchmarks/materials_training_time.py``.

    python -I mace_training.py ARRAYS.npz RESULTS.jsonl STATE.pt

One training at a constant rate is the trunk. Towards each budget a branch leaves it: the weights
of the second stage, and a rate that falls. What a branch ends with is what a training of that
budget gives. The time is that of the processor, building graphs included, judging not. Budgets
that have results are passed over, and a run that was stopped goes on from its state.
"""

import copy
import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import mace  # noqa: F401 - before e3nn, which else cannot read its own files

# isort: split
import numpy as np
import torch
from e3nn import o3
from mace import data, modules
from mace.tools import AtomicNumberTable, torch_geometric
from mace.tools.train import take_step
from torch_ema import ExponentialMovingAverage

CUTOFF = 5.0  # Å
CHANNELS, LAYERS = "32x0e", 2
BATCH = 4
RATE, LAST_RATE = 0.01, 0.0003
BRANCH = 0.35  # share of a budget that its branch takes
FIRST = {"energy_weight": 10.0, "forces_weight": 100.0, "stress_weight": 100.0}
SECOND = {"energy_weight": 1000.0, "forces_weight": 100.0, "stress_weight": 1000.0}
WANTED = {"forces": True, "virials": True, "stress": True, "displacement": False}
WANTED |= {"hessian": False, "edge_forces": False, "atomic_stresses": False}
GPA = 1 / 160.21766208  # eV/Å³
TRUNK_STEP = 120.0  # s, after which the trunk itself is judged
KEEP = 120.0  # s between two states

given = np.load(sys.argv[1], allow_pickle=False)
results, state_file = Path(sys.argv[2]), Path(sys.argv[3])
number = int(given["train_numbers"][0])
torch.set_num_threads(1)
torch.set_default_dtype(torch.float32)
torch.manual_seed(1)
spent = -time.process_time()  # s, of what is not training


def graphs(part: str) -> list[data.AtomicData]:
    """Frames of a part as MACE wants them."""
    table = AtomicNumberTable([number])
    ends = np.cumsum(given[f"{part}_atoms"])[:-1]
    places, forces = (np.split(given[f"{part}_{name}"], ends) for name in ("positions", "forces"))
    found = []
    for i, cell in enumerate(given[f"{part}_cells"]):
        labels = {
            "energy": given[f"{part}_energies"][i],
            "forces": forces[i],
            "stress": given[f"{part}_stresses"][i],
        }
        one = data.Configuration(
            atomic_numbers=np.full(len(places[i]), number),
            positions=places[i],
            properties=labels,
            property_weights=dict.fromkeys(labels, 1.0),
            cell=cell,
            pbc=(True, True, True),
        )
        found.append(data.AtomicData.from_config(one, z_table=table, cutoff=CUTOFF))
    return found


def loader(frames: list[data.AtomicData], *, shuffle: bool) -> Any:
    """Batches of frames."""
    return torch_geometric.dataloader.DataLoader(
        frames, batch_size=BATCH, shuffle=shuffle, drop_last=shuffle
    )


def model_of(frames: list[data.AtomicData]) -> modules.ScaleShiftMACE:
    """A model as MACE's own training makes it by default."""
    batches = loader(frames, shuffle=False)
    mean = np.linalg.lstsq(
        given["train_atoms"][:, None].astype(float), given["train_energies"], rcond=None
    )[0]
    energies = np.atleast_2d(mean)
    _, scale = modules.compute_mean_rms_energy_forces(batches, energies)
    return modules.ScaleShiftMACE(
        r_max=CUTOFF,
        num_bessel=8,
        num_polynomial_cutoff=5,
        max_ell=3,
        interaction_cls=modules.interaction_classes["RealAgnosticResidualInteractionBlock"],
        interaction_cls_first=modules.interaction_classes["RealAgnosticInteractionBlock"],
        num_interactions=LAYERS,
        num_elements=1,
        hidden_irreps=o3.Irreps(CHANNELS),
        MLP_irreps=o3.Irreps("16x0e"),
        atomic_energies=energies,
        avg_num_neighbors=modules.compute_avg_num_neighbors(batches),
        atomic_numbers=[number],
        correlation=3,
        gate=torch.nn.functional.silu,
        radial_MLP=[64, 64, 64],
        radial_type="bessel",
        atomic_inter_scale=scale,
        atomic_inter_shift=[0.0],
    )


def optimiser_of(model: modules.ScaleShiftMACE) -> torch.optim.Adam:
    """Adam, with weight decay where MACE has it."""
    decayed, others = [], []
    for name, parameter in model.named_parameters():
        linear = "linear.weight" in name or "skip_tp_full.weight" in name
        here = name.startswith("products") or (name.startswith("interactions") and linear)
        (decayed if here else others).append(parameter)
    parts = [{"params": decayed, "weight_decay": 5e-7}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.Adam(parts, lr=RATE, amsgrad=True)


class Training:
    """A model, its optimiser and its mean, and the time they took."""

    def __init__(self, frames: list[data.AtomicData]) -> None:
        self.model = model_of(frames)
        self.optimiser = optimiser_of(self.model)
        self.mean = ExponentialMovingAverage(self.model.parameters(), decay=0.99)
        self.batches = loader(frames, shuffle=True)
        self.stream = self._endless()
        self.steps = 0

    def _endless(self) -> Iterator[Any]:
        while True:
            yield from self.batches

    def step(self, loss: torch.nn.Module, rate: float) -> None:
        """One step at a rate."""
        for part in self.optimiser.param_groups:
            part["lr"] = rate
        take_step(
            self.model,
            loss,
            next(self.stream),
            self.optimiser,
            self.mean,
            WANTED,
            10.0,
            torch.device("cpu"),
        )
        self.steps += 1

    def state(self) -> list[Any]:
        """A copy of all that a step changes."""
        weights, moments = (copy.deepcopy(x.state_dict()) for x in (self.model, self.optimiser))
        return [weights, moments, [mean.clone() for mean in self.mean.shadow_params], self.steps]

    def restore(self, state: list[Any]) -> None:
        """Go on from a copy."""
        weights, moments, means, self.steps = state
        self.model.load_state_dict(weights)
        self.optimiser.load_state_dict(copy.deepcopy(moments))
        for mean, kept in zip(self.mean.shadow_params, means, strict=True):
            mean.copy_(kept)


def rms(parts: list[torch.Tensor]) -> float:
    """Root mean square over all parts."""
    return float(torch.cat([part.detach().ravel() for part in parts]).square().mean().sqrt())


def errors(training: Training, frames: list[data.AtomicData]) -> dict[str, float]:
    """Of the averaged weights on the test frames: meV/atom, eV/Å, GPa."""
    energy, forces, stress = [], [], []
    with training.mean.average_parameters():
        for batch in loader(frames, shuffle=False):
            found = training.model(
                batch.to_dict(), training=False, compute_force=True, compute_stress=True
            )
            atoms = batch.ptr[1:] - batch.ptr[:-1]
            energy.append((found["energy"] - batch.energy) / atoms)
            forces.append(found["forces"] - batch.forces)
            rows = (found["stress"] - batch.stress)[:, [0, 1, 2, 1, 0, 0], [0, 1, 2, 2, 2, 1]]
            stress.append(rows.detach() / GPA)
    if given["offset"]:  # of the labels: a constant hydrostatic part is no error
        mean = torch.cat(stress)[:, :3].mean()
        stress = [rows - mean * torch.tensor([1.0, 1, 1, 0, 0, 0]) for rows in stress]
    return {"energy": 1e3 * rms(energy), "forces": rms(forces), "stress": rms(stress)}


train, test = graphs("train"), graphs("test")
training = Training(train)
per_epoch = len(training.batches)
first = modules.WeightedEnergyForcesStressLoss(**FIRST)
second = modules.WeightedEnergyForcesStressLoss(**SECOND)
trunk_seconds = spent + time.process_time()
shown = TRUNK_STEP


def judge(kind: str, seconds: float, **more: Any) -> None:
    """Append a line of results."""
    line = {"kind": kind, "minutes": seconds / 60, "epochs": training.steps / per_epoch}
    line |= errors(training, test) | more
    with results.open("a", encoding="utf-8") as out:
        out.write(json.dumps(line) + "\n")


def keep(name: str, seconds: float) -> None:
    """Write the state of the trunk or of a branch, which replaces the last one."""
    beside = state_file.with_name(f"{state_file.stem}-{name}{state_file.suffix}")
    kept_now = {"state": training.state(), "seconds": seconds, "shown": shown}
    torch.save(kept_now, f"{beside}.new")
    Path(f"{beside}.new").replace(beside)


def kept(name: str) -> dict[str, Any] | None:
    """What was written last."""
    beside = state_file.with_name(f"{state_file.stem}-{name}{state_file.suffix}")
    return torch.load(beside, weights_only=True) if beside.exists() else None


def steps(
    loss: torch.nn.Module, done: float, until: float, rate: Callable[[float], float], name: str
) -> float:
    """Steps from a time to another, s; the time reached."""
    last = done
    while done < until:
        clock = time.process_time()
        training.step(loss, rate(done))
        done += time.process_time() - clock
        if done - last > KEEP:
            last = done
            keep(name, done)
    return done


def branch(budget: float, begun: float) -> None:
    """Finish a training at a budget, s."""
    trunk, name = training.state(), f"branch-{budget / 60:g}"
    done = begun
    if (before := kept(name)) is not None:
        training.restore(before["state"])
        done = before["seconds"]
    fall = LAST_RATE / RATE
    done = steps(
        second, done, budget, lambda t: RATE * fall ** ((t - begun) / (budget - begun)), name
    )
    judge("branch", done, budget=budget / 60)
    training.restore(trunk)


lines = results.read_text(encoding="utf-8").splitlines() if results.exists() else []
finished = {json.loads(line).get("budget") for line in lines}
if (before := kept("trunk")) is not None:
    training.restore(before["state"])
    trunk_seconds, shown = before["seconds"], before["shown"]
for minutes in given["budgets"].tolist():  # numbers of NumPy in a state would not load
    leaves = (1 - BRANCH) * 60.0 * minutes
    while trunk_seconds < leaves:
        trunk_seconds = steps(first, trunk_seconds, min(shown, leaves), lambda _: RATE, "trunk")
        if trunk_seconds >= shown:
            shown += max(TRUNK_STEP, 0.1 * trunk_seconds)
            judge("trunk", trunk_seconds)
        keep("trunk", trunk_seconds)
    if minutes not in finished:
        branch(60.0 * minutes, trunk_seconds)
