import gzip
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sciml.core.errors import BadInput, DamagedFile
from sciml.materials.datasets import open_structures
from sciml.materials.extended_xyz import Labels, read_structures, write_structures
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
    assert found is not None
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
    assert sum(map(len, splits.values())) == 400
    assert all(one.forces is not None for part in splits.values() for one in part)


def test_gzip_header_has_no_time(tmp_path: Path) -> None:
    path = write_structures(tmp_path / "frames.xyz.gz", [labelled()])
    assert path.read_bytes()[4:8] == b"\0\0\0\0"
    assert gzip.decompress(path.read_bytes())


LATTICE = 'Lattice="3 0 0 0 3 0 0 0 3" '
ATOM = "Properties=species:S:1:pos:R:3"


def written(folder: Path, comment: str, atom: str = "Si 0 0 0", count: int = 1) -> Path:
    """A file with a good frame and then the one that is under test."""
    path = folder / "frames.xyz"
    good = f"1\n{LATTICE}{ATOM} energy=-1.0\nSi 0 0 0\n"
    path.write_text(f"{good}{count}\n{comment}\n{atom}\n")
    return path


BAD = {
    "unknown element": (ATOM, "Xx 0 0 0", "no element is called 'Xx'"),
    "no element": (ATOM, "X 0 0 0", "0 is not the atomic number of an element"),
    "number of no element": (
        "Properties=Z:I:1:pos:R:3",
        "140 0 0 0",
        "140 is not the atomic number of an element",
    ),
    "position": (ATOM, "Si nan 0 0", "position of row 0 is .*; it must be finite"),
    "flat cell": (
        f'Lattice="1 0 0 0 1 0 0 1 0" {ATOM}',
        "Si 0 0 0",
        "the volume of the cell is 0 Å³; give the lattice vectors",
    ),
    "eight numbers": (f'Lattice="1 0 0 0 1 0 0 1" {ATOM}', "Si 0 0 0", "not extended XYZ"),
    "word": (ATOM, "Si zero 0 0", "not extended XYZ .*'zero'"),
    "two energies": (
        f'{ATOM} energy="1 2"',
        "Si 0 0 0",
        r"energy is \[1, 2\]; expected one number",
    ),
    "energy": (f"{ATOM} energy=high", "Si 0 0 0", "not extended XYZ .*'high'"),
    "forces": (f"{ATOM}:forces:R:2", "Si 0 0 0 1 1", "forces: expected axes"),
    "six": (
        f'{LATTICE}{ATOM} stress="1 2 3 4 5 6"',
        "Si 0 0 0",
        "stress has 6 numbers; write all nine of the matrix",
    ),
    "skew": (
        f'{LATTICE}{ATOM} stress="1 2 3 4 5 6 7 8 9"',
        "Si 0 0 0",
        "stress is not symmetric",
    ),
    "virial of a molecule": (
        f'{ATOM} virial="1 0 0 0 1 0 0 0 1" pbc="F F F"',
        "Si 0 0 0",
        "has a virial, but is not periodic",
    ),
    "virial and stress": (
        f'{LATTICE}{ATOM} virial="27 0 0 0 27 0 0 0 27" stress="1 0 0 0 1 0 0 0 1"',
        "Si 0 0 0",
        "its stress is not minus its virial over its volume",
    ),
}


@pytest.mark.parametrize("bad", BAD)
def test_a_bad_frame_is_named(tmp_path: Path, bad: str) -> None:
    comment, atom, text = BAD[bad]
    with pytest.raises(BadInput, match=rf"^frames\.xyz frame 2.*{text}"):
        read_structures(written(tmp_path, comment, atom))


def test_a_frame_without_atoms_or_with_too_few_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"^frames\.xyz frame 2: it has no atoms; leave it out"):
        read_structures(written(tmp_path, ATOM, atom="", count=0))
    with pytest.raises(BadInput, match=r"^frames\.xyz frame 2 .*has 1 atoms, expected 2"):
        read_structures(written(tmp_path, ATOM, count=2))


@pytest.mark.parametrize("rest", ["2\n", "2", "0\n\n", f"1\n{ATOM}", "1\n"])
def test_a_file_that_ends_within_a_frame_is_named(tmp_path: Path, rest: str) -> None:
    path = written(tmp_path, ATOM)
    path.write_text(path.read_text() + rest)
    with pytest.raises(BadInput, match=r"^frames\.xyz frame 3"):
        read_structures(path)


@pytest.mark.parametrize(
    "columns", ["species:S:1:Pos:R:3", "species:S:1:forces:R:3", "species:S:1:pos:R:2:a:R:1"]
)
def test_atoms_without_positions_are_refused(tmp_path: Path, columns: str) -> None:
    with pytest.raises(BadInput, match=r"frame 2: Properties is .*name the positions"):
        read_structures(written(tmp_path, f"Properties={columns}"))


@pytest.mark.parametrize("empty", ['""', "''", "{}", ' ""'])
def test_an_empty_word_does_not_swallow_the_next(tmp_path: Path, empty: str) -> None:
    found = read_structures(written(tmp_path, f"{ATOM} config_type={empty} energy=1.5"))[1]
    assert found.energy == 1.5
    assert "group" not in found.about


WORDS = ["", "C:\\runs\\new", "a=b", 'he said "stress = 1"', "it's", "{a} [b]", "\\", "ä b"]


@pytest.mark.parametrize("word", WORDS)
def test_words_come_back_as_they_are(tmp_path: Path, word: str) -> None:
    given = replace(labelled(), about={"note": word, "group": "a"})
    found = read_structures(write_structures(tmp_path / "words.xyz", [given]))[0]
    assert found.about.get("note", "") == word
    assert (found.energy, found.about["group"]) == (given.energy, "a")
    assert found.stress == pytest.approx(given.stress)


@pytest.mark.parametrize("word", ["two\nlines", "a\ttab"])
def test_words_that_a_comment_line_cannot_hold_are_refused(tmp_path: Path, word: str) -> None:
    given = replace(labelled(), about={"source": "mine", "note": word})
    with pytest.raises(BadInput, match=r"mine: about\['note'\] is .*line breaks"):
        write_structures(tmp_path / "words.xyz", [given])
    assert not (tmp_path / "words.xyz").exists()


def test_a_virial_is_minus_stress_times_volume(tmp_path: Path) -> None:
    virial = 'virial="27 54 81 54 27 108 81 108 27"'
    stress = 'stress="-1 -2 -3 -2 -1 -4 -3 -4 -1"'
    for comment in (virial, f"{virial} {stress}", stress):
        found = read_structures(written(tmp_path, f"{LATTICE}{ATOM} {comment}"))[1]
        assert found.stress is not None
        np.testing.assert_allclose(found.stress, [-1, -1, -1, -4, -3, -2])
        assert "virial" not in found.about


@pytest.mark.parametrize(
    ("six", "expected"),
    [("xx yy zz yz xz xy", [1, 2, 3, 4, 5, 6]), ("xx yy zz xy yz xz", [1, 2, 3, 5, 6, 4])],
)
def test_six_components_are_read_in_the_order_that_is_told(
    tmp_path: Path, six: str, expected: list[int]
) -> None:
    path = written(tmp_path, f'{LATTICE}{ATOM} stress="1 2 3 4 5 6"')
    found = read_structures(path, labels=Labels(six=six))[1].stress
    assert found is not None
    np.testing.assert_array_equal(found, expected)
    with pytest.raises(BadInput, match=r"Labels\.six is 'xx yy'"):
        read_structures(path, labels=Labels(six="xx yy"))


def test_labels_under_other_names_are_read_when_they_are_told(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        f"{LATTICE}{ATOM}:forces:R:3:REF_forces:R:3 energy=5.0 REF_energy=-2.0 "
        'stress="1 0 0 0 1 0 0 0 1" REF_stress="3 0 0 0 3 1 0 1 3"',
        "Si 0 0 0 9 9 9 1 2 3",
    )
    labels = Labels(energy="REF_energy", forces="REF_forces", stress="REF_stress")
    found = read_structures(path, labels=labels)[1]
    assert found.energy == -2.0
    assert found.forces is not None
    assert found.stress is not None
    np.testing.assert_array_equal(found.forces, [[1, 2, 3]])
    np.testing.assert_array_equal(found.stress, [3, 3, 3, 1, 0, 0])
    assert read_structures(path, labels=labels)[0].energy is None
    usual = read_structures(path)[1]
    assert (usual.energy, usual.about["REF_energy"]) == (5.0, -2.0)
    assert usual.forces is not None
    np.testing.assert_array_equal(usual.forces, [[9, 9, 9]])


@pytest.mark.parametrize(
    ("label", "comment", "atom", "remedy"),
    [
        (
            "energy",
            f"{ATOM} REF_energy=1.0",
            "Si 0 0 0",
            r"has REF_energy: .*='REF_energy'\), .* -o labels\.energy=REF_energy ",
        ),
        ("energy", f"{ATOM} energy_per_atom=1.0", "Si 0 0 0", "multiply with the number of atoms"),
        ("energy", f"{ATOM} free_energy=1.0", "Si 0 0 0", "Labels.energy='free_energy'"),
        ("forces", f"{ATOM}:dft_force:R:3", "Si 0 0 0 1 2 3", "Labels.forces='dft_force'"),
        ("stress", f'{LATTICE}{ATOM} REF_stress="1 0 0 0 1 0 0 0 1"', "Si 0 0 0", "REF_stress"),
        ("forces", ATOM, "Si 0 0 0", "Properties must name forces, or leave the frame out"),
        ("energy", ATOM, "Si 0 0 0", "the comment line must say energy"),
    ],
)
def test_a_label_under_another_name_is_pointed_at(
    tmp_path: Path, label: str, comment: str, atom: str, remedy: str
) -> None:
    path = tmp_path / "frames.xyz"
    path.write_text(f"1\n{comment}\n{atom}\n")
    with pytest.raises(BadInput, match=rf"^frames\.xyz frame 1: has no {label}; .*{remedy}"):
        read_structures(path, (label,))


def test_plain_xyz_has_no_labels_but_its_comment(tmp_path: Path) -> None:
    path = tmp_path / "water.xyz"
    path.write_text(
        "3\nwater at 300 K\nO 0 0 0\nH 0 0 1\nH 0 1 0\n3\n\nO 0 0 0\nH 0 0 1\nH 0 1 0\n"
    )
    first, second = read_structures(path)
    assert dict(first.about) == {"comment": "water at 300 K", "source": "water.xyz frame 1"}
    assert not first.periodic.any()
    assert second.energy is None
    assert len(second) == 3


def test_words_of_other_programs_do_no_harm(tmp_path: Path) -> None:
    """Dipoles, charges and magnetic moments, which ASE takes for results."""
    comment = f'{LATTICE}{ATOM}:magmoms:R:1:charges:R:1 energy=-1.0 dipole="0 0 1" step=3'
    found = read_structures(written(tmp_path, comment, "Si 0 0 0 2.0 0.1"))[1]
    assert found.energy == -1.0
    assert found.about["step"] == 3


def test_blank_lines_between_frames_and_a_byte_order_mark_mean_nothing(tmp_path: Path) -> None:
    frames = [labelled(seed) for seed in range(3)]
    path = write_structures(tmp_path / "frames.xyz", frames)
    lines, height = path.read_text().splitlines(), 2 + 3
    parts = ["\n".join(lines[i : i + height]) for i in range(0, len(lines), height)]
    path.write_text("\ufeff\n" + "\n\n \n".join(parts) + "\n\n", encoding="utf-8")
    read = read_structures(str(path))
    assert len(read) == 3
    for one, other in zip(frames, read, strict=True):
        np.testing.assert_allclose(other.positions, one.positions, atol=1e-7)


@pytest.mark.parametrize("between", ["", "\n"])
def test_what_follows_a_frame_and_is_none_is_named(tmp_path: Path, between: str) -> None:
    path = written(tmp_path, ATOM)
    path.write_text(path.read_text() + between + "Si 1 1 1\n")
    line = 7 + len(between)
    with pytest.raises(BadInput, match=rf"^frames\.xyz frame 3 .*line {line}: .*got 'Si 1 1 1'"):
        read_structures(path)


def test_lattice_vectors_after_the_atoms_belong_to_their_frame(tmp_path: Path) -> None:
    path = tmp_path / "frames.xyz"
    path.write_text("1\nsilicon\nSi 0 0 0\nVEC1 3 0 0\nVEC2 0 4 0\n1\n\nSi 0 0 0\n")
    first, second = read_structures(path)
    np.testing.assert_array_equal(first.periodic, [True, True, False])
    assert not second.periodic.any()
