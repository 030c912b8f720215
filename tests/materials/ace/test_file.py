"""The file of a potential: what it gives back, what it says, and what is refused."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

from sciml.core.errors import BadInput, DamagedFile
from sciml.materials.ace.file import FORMAT, load_potential, load_single, save_potential
from sciml.materials.ace.grade import Grade
from sciml.materials.ace.model import AcePotential, AceSettings, Weights, weight_shapes
from sciml.materials.ace.radial import RadialSettings, radial_functions
from sciml.materials.ace.reference import ReferencePotential
from sciml.materials.ace.tables import interpolated, radial_table
from sciml.materials.committee import Committee
from tests.materials.ace.test_kernels import crystal
from tests.materials.ace.test_model import EACH_KIND, SETTINGS, TWO_LAYERS, potential

Arrays = dict[str, np.ndarray]


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    return save_potential(tmp_path / "model.safetensors", potential(settings=TWO_LAYERS), {})


def opened(path: Path) -> tuple[dict[str, Any], Arrays]:
    with safe_open(path, framework="numpy") as content:
        header = json.loads(content.metadata()[FORMAT])
        return header, {name: content.get_tensor(name) for name in content.keys()}  # noqa: SIM118


def written(path: Path, header: dict[str, Any], arrays: Arrays) -> Path:
    """A file whose sha256 is right, by what its header says of it, whatever else is wrong."""
    text = json.dumps(header | {"sha256": ""})
    parts = [
        part
        for name, array in sorted(arrays.items())
        for part in (f"{name} {array.shape} ".encode(), array.astype("<f8").tobytes())
    ]
    digest = hashlib.sha256(b"".join(parts) + text.encode()).hexdigest()
    text = text.replace('"sha256": ""', f'"sha256": "{digest}"')
    save_file(arrays, path, metadata={FORMAT: text})
    return path


@EACH_KIND
def test_a_file_gives_back_the_potential(settings: AceSettings, tmp_path: Path) -> None:
    given = potential(settings=settings)
    path = save_potential(tmp_path / "model.safetensors", given, {"trained on": "nothing"})
    before, after = (p.evaluate([crystal(6)])[0] for p in (given, load_potential(path)))
    np.testing.assert_array_equal(after.forces, before.forces)
    assert opened(path)[0]["about"] == {"trained on": "nothing"}


def committee() -> Committee:
    frames = [crystal(seed) for seed in range(3)]
    return Committee(
        tuple(potential(seed, settings=TWO_LAYERS).with_grade(frames) for seed in (1, 2, 3))
    )


def test_a_committee_is_one_file(tmp_path: Path) -> None:
    given = committee()
    path = save_potential(tmp_path / "model.safetensors", given, {})
    loaded = load_potential(path)
    assert isinstance(loaded, Committee)
    before, after = (p.evaluate([crystal(6)])[0] for p in (given, loaded))
    for name in ("forces", "spread", "grades"):
        np.testing.assert_array_equal(getattr(after, name), getattr(before, name))
    with pytest.raises(BadInput, match="is a committee of 3, expected a single potential"):
        load_single(path)


def test_the_members_of_a_committee_can_be_read_without_us(tmp_path: Path) -> None:
    given = committee()
    path = save_potential(tmp_path / "model.safetensors", given, {})
    readers = [ReferencePotential.from_file(path, member=k) for k in range(3)]
    for member, reader in zip(given.members, readers, strict=True):
        ours, plain = (p.evaluate([crystal(6)])[0] for p in (member, reader))
        np.testing.assert_allclose(plain.atom_energies, ours.atom_energies, rtol=1e-10)
        assert ours.grades is not None
        assert plain.grades is not None
        np.testing.assert_allclose(plain.grades, ours.grades, rtol=1e-10)


def test_only_members_alike_go_into_one_file(tmp_path: Path) -> None:
    other = Committee((potential(1), potential(2, settings=TWO_LAYERS)))
    with pytest.raises(BadInput, match="only members with the same settings and elements"):
        save_potential(tmp_path / "model.safetensors", other, {})


def test_a_committee_without_a_member_is_damaged(tmp_path: Path) -> None:
    path = save_potential(tmp_path / "model.safetensors", committee(), {})
    header, arrays = opened(path)
    with pytest.raises(DamagedFile, match="not all arrays are of 2 members"):
        load_potential(written(path, header | {"members": 2}, arrays))
    with pytest.raises(DamagedFile, match="settings do not fit"):
        load_potential(written(path, header | {"members": 1}, arrays))


def test_the_digest_is_what_the_header_says(saved: Path) -> None:
    load_potential(written(saved, *opened(saved)))


def test_a_header_names_units_elements_and_the_core(saved: Path) -> None:
    header, arrays = opened(saved)
    assert header["units"]["energy"] == "eV"
    assert (header["elements"], header["symbols"]) == ([6, 14], ["C", "Si"])
    assert header["cutoff"] == 4.0
    assert header["core"]["outer"][1][1] == pytest.approx(1.332)
    formulas = " ".join([*header["energy"], header["grade"]])
    assert {name for name in Weights._fields if name not in formulas} == set()
    assert {
        name for name in arrays if name.startswith("coupling") and name not in formulas
    } == set()


@pytest.mark.parametrize("functions", [4, 10, 12])
def test_a_header_states_the_errors_of_its_table(functions: int, tmp_path: Path) -> None:
    radial = RadialSettings(functions=functions)
    given = potential(settings=SETTINGS.model_copy(update={"radial": radial}))
    header, _ = opened(save_potential(tmp_path / "model.safetensors", given, {}))
    told = header["radial"]
    for nearest, stated in ((0.0, told["errors_from_0"]), (0.5, told["errors_from_0.5"])):
        distances = np.linspace(nearest, radial.cutoff, 20_011)[:-1]
        exact = radial_functions(distances, radial)
        errors = np.abs(interpolated(radial_table(radial), distances) - exact).max(axis=(1, 2))
        np.testing.assert_allclose(errors / np.abs(exact).max(axis=(1, 2)), stated, rtol=0.1)
    assert told["errors_from_0.5"][0] < 1e-6


@pytest.mark.parametrize("elements", [(14,), (6, 14)])
def test_a_file_is_small(elements: tuple[int, ...], tmp_path: Path) -> None:
    settings = AceSettings(radial=RadialSettings(functions=12), messages=32)
    shapes = weight_shapes(settings, len(elements))
    grade = Grade(np.ones((len(elements), 64)), np.ones((len(elements), 64, 64)))
    weights = Weights(**{name: np.ones(shape) for name, shape in shapes.items()})
    given = AcePotential(settings, elements, weights, grade)
    path = save_potential(tmp_path / "model.safetensors", given, {})
    assert path.stat().st_size < 400_000


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.999])
def test_a_file_cut_short_is_refused(saved: Path, share: float) -> None:
    whole = saved.read_bytes()
    saved.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(DamagedFile, match="not a whole safetensors file"):
        load_potential(saved)


def test_any_byte_that_changed_is_noticed(saved: Path) -> None:
    whole = saved.read_bytes()
    for place in np.random.default_rng(0).integers(8, len(whole), 60):
        changed = bytearray(whole)
        changed[place] ^= 1
        saved.write_bytes(bytes(changed))
        with pytest.raises((BadInput, DamagedFile)):
            load_potential(saved)


@pytest.mark.parametrize(
    ("change", "error", "text"),
    [
        ({"version": 99}, BadInput, "format version 99, .* update sciml"),
        ({"version": 1}, BadInput, "format version 1, .* train the potential again"),
        ({"sha256": "0"}, DamagedFile, "sha256"),
        ({"cutoff": 5.0}, DamagedFile, "sha256"),
    ],
)
def test_a_header_that_was_changed_is_refused(
    saved: Path, change: dict, error: type[Exception], text: str
) -> None:
    header, arrays = opened(saved)
    save_file(arrays, saved, metadata={FORMAT: json.dumps(header | change, sort_keys=True)})
    with pytest.raises(error, match=text):
        load_potential(saved)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"cutoff": 5.0}, "its cutoff contradict"),
        ({"elements": [14, 6]}, "its symbols, core contradict"),
        ({"core": None}, "its core contradict"),
        ({"settings": {"channels": 4}}, "its settings do not fit"),
        ({"settings": {"planets": 4}}, "its settings do not fit"),
    ],
)
def test_a_header_that_contradicts_its_settings_is_refused(
    saved: Path, change: dict, text: str
) -> None:
    header, arrays = opened(saved)
    with pytest.raises(DamagedFile, match=text):
        load_potential(written(saved, header | change, arrays))


@pytest.mark.parametrize("name", ["radial_values", "radial_slopes", "coupling_coefficient"])
def test_a_table_that_contradicts_the_settings_is_refused(saved: Path, name: str) -> None:
    header, arrays = opened(saved)
    arrays[name][-2] += 1e-5
    with pytest.raises(DamagedFile, match="contradict its settings"):
        load_potential(written(saved, header, arrays))


@pytest.mark.parametrize("name", ["left", "right", "node", "invariant"])
@pytest.mark.parametrize("value", [-1, 10_000])
def test_a_coupling_list_that_points_nowhere_is_refused(saved: Path, name: str, value: int) -> None:
    header, arrays = opened(saved)
    arrays[f"coupling_{name}"][3] = value
    with pytest.raises(DamagedFile, match="coupling lists contradict"):
        load_potential(written(saved, header, arrays))


def test_other_words_for_the_same_formulas_are_no_contradiction(saved: Path) -> None:
    header, arrays = opened(saved)
    load_potential(written(saved, header | {"energy": ["as before"]}, arrays))


def test_a_missing_array_is_named(saved: Path) -> None:
    header, arrays = opened(saved)
    del arrays["last"]
    with pytest.raises(DamagedFile, match=r"\['last'\] are missing or unknown"):
        load_potential(written(saved, header, arrays))


def test_another_safetensors_file_is_refused(tmp_path: Path) -> None:
    save_file({"weight": np.zeros(3)}, tmp_path / "other.safetensors")
    with pytest.raises(BadInput, match="is not a potential of sciml"):
        load_potential(tmp_path / "other.safetensors")
    with pytest.raises(BadInput, match="no such file"):
        load_potential(tmp_path / "none.safetensors")


def test_a_potential_of_a_training_that_failed_is_refused(tmp_path: Path) -> None:
    given = potential()
    weights = given.weights._replace(last=np.full_like(given.weights.last, np.nan))
    path = save_potential(tmp_path / "model.safetensors", replace(given, weights=weights), {})
    with pytest.raises(DamagedFile, match="its last have numbers that are not finite"):
        load_potential(path)
