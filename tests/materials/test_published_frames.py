from pathlib import Path

import numpy as np

from sciml.materials.extended_xyz import write_structures
from sciml.materials.published_frames import Origin, in_one_form, joined
from sciml.materials.structures import About, Structure


def frame(about: About, atoms: int = 2, periodic: bool = True) -> Structure:
    return Structure(
        numbers=np.full(atoms, 29),
        positions=np.arange(3.0 * atoms).reshape(-1, 3) + 1e-9,
        cell=5 * np.eye(3),
        periodic=np.full(3, periodic),
        energy=-1.5,
        about=about,
    )


def test_numbers_are_rounded_and_words_are_in_order() -> None:
    told = {"strain": 1, "note": "late", "group": "Elastic", "split": "train"}
    formed = in_one_form(frame({}), told)
    assert list(formed.about.items()) == [
        ("split", "train"),
        ("group", "Elastic"),
        ("strain", 1.0),
        ("note", "late"),
    ]
    np.testing.assert_array_equal(formed.positions, np.arange(6.0).reshape(2, 3))
    assert formed.forces is None


def test_an_atom_alone_feels_no_force_and_has_no_cell() -> None:
    formed = in_one_form(frame({}, atoms=1, periodic=False), {"split": "train"})
    assert formed.forces is not None
    np.testing.assert_array_equal(formed.forces, np.zeros((1, 3)))
    np.testing.assert_array_equal(formed.cell, np.zeros((3, 3)))


def test_parts_are_joined_in_the_order_of_their_origins(tmp_path: Path) -> None:
    parts = {
        name: write_structures(tmp_path / name, [frame({"config_type": "warm"}), frame({})])
        for name in ("a.xyz", "b.xyz.gz")
    }
    origins = {"b.xyz.gz": Origin("train", "cold"), "a.xyz": Origin("test")}
    told = [dict(one.about) for one in joined(parts, origins)]
    assert told == [
        {"split": "train", "group": "cold"},
        {"split": "train", "group": "cold"},
        {"split": "test", "group": "warm"},
        {"split": "test"},
    ]
