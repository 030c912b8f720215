import gzip
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sciml.core.errors import BadInput, DamagedFile
from sciml.materials.datasets import open_structures
from sciml.materials.extended_xyz import read_structures, write_structures
from sciml.materials.structures import Structure


def labelled(seed: int = 0) -> Structure:
    rng = np.random.default_rng(seed)
    return Structure(
        numbers=np.array([14, 6, 14]),
        positions=rng.uniform(0, 4, size=(3, 3)),
        cell=np.array([[4.0, 0, 0], [0.5, 4.1, 0], [0.2, -0.3, 4.2]]),
        periodic=np.array([True, True, False]),
        energy=-3.25,
        forces=rng.normal(size=(3, 3)),
        stress=rng.normal(size=6),
        about={"group": "strained", "temperature_K": 300.0},
    )


@pytest.mark.parametrize("ending", ["xyz", "extxyz.gz"])
def test_a_round_trip_keeps_everything(tmp_path: Path, ending: str) -> None:
    frames = [labelled(0), labelled(1)]
    read = read_structures(write_structures(tmp_path / f"frames.{ending}", frames), ("stress",))
    for one, other in zip(frames, read, strict=True):
        for name in ("numbers", "positions", "cell", "periodic", "energy", "forces", "stress"):
            np.testing.assert_allclose(getattr(other, name), getattr(one, name), atol=1e-7)
        assert other.about["group"] == "strained"
        assert other.about["temperature_K"] == 300.0
    assert read[1].name == f"frames.{ending} frame 2"


def test_the_same_structures_give_the_same_bytes(tmp_path: Path) -> None:
    first = write_structures(tmp_path / "a.xyz.gz", [labelled()]).read_bytes()
    assert write_structures(tmp_path / "b.xyz.gz", [labelled()]).read_bytes() == first


def test_order_of_stress_components(tmp_path: Path) -> None:
    """ASE's order, which `Structure` promises: xx, yy, zz, yz, xz, xy."""
    text = (
        '1\nLattice="3 0 0 0 3 0 0 0 3" energy=0 '
        'stress="1 6 5 6 2 4 5 4 3" Properties=species:S:1:pos:R:3\nSi 0 0 0\n'
    )
    path = tmp_path / "stress.xyz"
    path.write_text(text)
    found = read_structures(path)[0].stress
    np.testing.assert_array_equal(found, [1, 2, 3, 4, 5, 6])


def test_a_label_that_is_needed_is_asked_for(tmp_path: Path) -> None:
    frames = [labelled(), replace(labelled(), stress=None)]
    path = write_structures(tmp_path / "frames.xyz", frames)
    read_structures(path, ("energy", "forces"))
    with pytest.raises(BadInput, match=r"frames\.xyz frame 2: has no stress"):
        read_structures(path, ("stress",))
    with pytest.raises(BadInput, match="virial is not a label"):
        read_structures(path, ("virial",))


def test_bad_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no such file"):
        read_structures(tmp_path / "none.xyz")
    empty = tmp_path / "empty.xyz"
    empty.write_text("")
    with pytest.raises(BadInput, match="has no frames"):
        read_structures(empty)
    wrong = tmp_path / "wrong.xyz"
    wrong.write_text("two\nlines\n")
    with pytest.raises(BadInput, match="frame 1 is not extended XYZ"):
        read_structures(wrong)
    whole = write_structures(tmp_path / "whole.xyz.gz", [labelled()]).read_bytes()
    short = tmp_path / "short.xyz.gz"
    short.write_bytes(whole[:-20])
    with pytest.raises(DamagedFile, match="not a whole gzip file"):
        read_structures(short)


def test_a_label_that_is_not_finite_is_refused(tmp_path: Path) -> None:
    forces = labelled().forces
    assert forces is not None
    forces[1, 2] = np.nan
    path = write_structures(tmp_path / "nan.xyz", [replace(labelled(), forces=forces)])
    with pytest.raises(BadInput, match="forces is not finite"):
        read_structures(path)


def test_silicon_is_split_as_its_card_says() -> None:
    splits = open_structures("simulated_silicon")
    assert set(splits) == {"train", "validation", "test", "extrapolation"}
    assert sum(map(len, splits.values())) == 355
    assert all(one.forces is not None for part in splits.values() for one in part)


def test_gzip_header_has_no_time(tmp_path: Path) -> None:
    path = write_structures(tmp_path / "frames.xyz.gz", [labelled()])
    assert path.read_bytes()[4:8] == b"\0\0\0\0"
    assert gzip.decompress(path.read_bytes())
