"""Published JSON of VASP calculations: components, signs, words, and what is refused."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sciml.core.errors import BadInput, DamagedFile
from sciml.materials.mlearn_files import (
    SNAP_COPPER,
    mlearn_frames,
    snap_copper_frames,
    stress_from_vasp,
    without_energies_of,
)
from sciml.materials.structures import GPA, Structure


def record(**changes: Any) -> dict[str, Any]:
    """A frame as the repository stores it."""
    sites = [
        {"species": [{"element": "Si", "occu": 1}], "xyz": [x, 0.0, -1e-12], "abc": [0, 0, 0]}
        for x in (0.0, 1.25)
    ]
    frame = {
        "structure": {"lattice": {"matrix": (4 * np.eye(3)).tolist()}, "sites": sites},
        "outputs": {
            "energy": -5.25,
            "forces": [[0.1, 0.2, 0.3], [-0.1, -0.2, -0.3]],
            "virial_stress": [10.0, 20.0, 30.0, 1.0, 2.0, 3.0],
        },
        "element": "Si",
        "group": "Elastic",
        "tag": "test",
        "description": "Si 2x2x2 cell, mode 3, strain -0.0600",
    }
    return frame | changes


def stored(folder: Path, *records: dict[str, Any], name: str = "test") -> dict[str, Path]:
    path = folder / f"{name}.json"
    path.write_text(json.dumps(records))
    return {f"data/Si/{name}.json": path}


def test_a_frame_is_read_with_its_labels_and_words(tmp_path: Path) -> None:
    (frame,) = mlearn_frames("Si", stored(tmp_path, record()))
    assert dict(frame.about) == {
        "split": "test",
        "group": "Elastic",
        "description": "Si 2x2x2 cell, mode 3, strain -0.0600",
        "strain_mode": 3,
        "strain": -0.06,
    }
    assert frame.energy == -5.25
    assert frame.periodic.all()
    np.testing.assert_array_equal(frame.positions, [[0, 0, 0], [1.25, 0, 0]])
    assert not np.signbit(frame.positions).any()
    assert frame.forces is not None
    np.testing.assert_array_equal(frame.forces, record()["outputs"]["forces"])


def test_the_temperature_is_that_of_the_description(tmp_path: Path) -> None:
    told = record(group="AIMD-NVT", description="Snapshot 4 of 9 of AIMD NVT simulation at 843 K")
    (frame,) = mlearn_frames("Si", stored(tmp_path, told, name="training"))
    assert frame.about["temperature_K"] == 843.0
    assert frame.about["split"] == "train"
    assert "strain" not in frame.about


def test_compression_is_a_negative_stress_and_ten_kbar_are_a_gigapascal() -> None:
    stress = stress_from_vasp([10.0, 20.0, 30.0, 1.0, 2.0, 3.0], yz_first=False)
    np.testing.assert_allclose(stress / GPA, [-1, -2, -3, -0.3, -0.2, -0.1], rtol=1e-14)
    other = stress_from_vasp([10.0, 20.0, 30.0, 1.0, 2.0, 3.0], yz_first=True)
    np.testing.assert_allclose(other / GPA, [-1, -2, -3, -0.2, -0.3, -0.1], rtol=1e-14)


@pytest.mark.parametrize(("group", "yz"), [("Elastic", 2.0), ("Surface", 2.0), ("AIMD-NVT", 3.0)])
def test_the_order_of_components_is_that_of_the_group(
    tmp_path: Path, group: str, yz: float
) -> None:
    (frame,) = mlearn_frames("Si", stored(tmp_path, record(group=group)))
    assert frame.stress is not None
    assert frame.stress[3] / GPA == pytest.approx(-0.1 * yz, rel=1e-8)


def test_copper_has_a_group_for_each_file(tmp_path: Path) -> None:
    outputs = record()["outputs"]
    outputs["stress"] = outputs.pop("virial_stress")
    originals = {}
    for number, name in enumerate(SNAP_COPPER):
        originals[name] = tmp_path / f"{number}.json"
        originals[name].write_text(json.dumps([record(outputs=outputs)]))
    frames = snap_copper_frames(originals)
    assert [one.about["group"] for one in frames] == list(SNAP_COPPER.values())
    assert {one.about["split"] for one in frames} == {"train"}


def test_frames_of_a_known_energy_are_left_out(tmp_path: Path) -> None:
    def of_energy(energy: float) -> Structure:
        outputs = record()["outputs"] | {"energy": energy}
        return mlearn_frames("Si", stored(tmp_path, record(outputs=outputs)))[0]

    frames = [of_energy(energy) for energy in (-1.0, -1.0000001, -1.1, -2.0)]
    kept = without_energies_of(frames, [of_energy(-1.0), of_energy(-2.000004)])
    assert [one.energy for one in kept] == [-1.1]
    with pytest.raises(BadInput, match="has no energy"):
        without_energies_of([replace(frames[0], energy=None)], [])


WRONG = {
    "another element": record(element="C"),
    "no energy": record(outputs={"forces": []}),
    "five components": record(
        outputs=record()["outputs"] | {"virial_stress": [1.0, 2.0, 3.0, 4.0, 5.0]}
    ),
    "no atoms": record(structure={"lattice": {"matrix": np.eye(3).tolist()}, "sites": []}),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_frame_that_is_not_as_published_is_named(tmp_path: Path, wrong: str) -> None:
    with pytest.raises(DamagedFile, match=r"test\.json frame 2: not as published"):
        mlearn_frames("Si", stored(tmp_path, record(), WRONG[wrong]))


def test_half_an_atom_is_refused(tmp_path: Path) -> None:
    frame = record()
    frame["structure"]["sites"][0]["species"][0]["occu"] = 0.5
    with pytest.raises(DamagedFile, match="a site that is not one whole atom"):
        mlearn_frames("Si", stored(tmp_path, frame))


def test_a_file_that_is_cut_short_is_named(tmp_path: Path) -> None:
    originals = stored(tmp_path, record())
    path = originals["data/Si/test.json"]
    path.write_text(path.read_text()[:-9])
    with pytest.raises(DamagedFile, match=r"test\.json: not as published"):
        mlearn_frames("Si", originals)
    path.write_text("{}")
    with pytest.raises(DamagedFile, match="expected a list of frames"):
        mlearn_frames("Si", originals)
