"""A checkpoint is whole, is the right one, or is refused with the reason."""

import errno
import pickle
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from sciml.core.errors import BadInput, DamagedFile, WriteFailed
from sciml.training import checkpoint
from sciml.training.checkpoint import load_newest, read_tensors, save_checkpoint, write_weights

RECIPE = {"seed": 1, "training": {"batch_size": 32, "leads": [1, 5]}}


def save(folder: Path, step: int) -> Path:
    return save_checkpoint(folder, step, {"w": np.full(3, step)}, {"best": step / 2}, RECIPE)


def test_what_was_saved_comes_back_exactly(tmp_path: Path) -> None:
    tensors = {
        "weights": np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32),
        "turned": np.arange(6.0).reshape(2, 3).T,
        "count": np.array(7),
    }
    save_checkpoint(tmp_path, 5, tensors, {"best": 0.1}, RECIPE)
    found = load_newest(tmp_path, RECIPE)
    assert found is not None
    assert (found.step, found.state) == (5, {"best": 0.1})
    for name, array in tensors.items():
        np.testing.assert_array_equal(found.tensors[name], array)
        assert found.tensors[name].dtype == array.dtype
        assert found.tensors[name].shape == array.shape


def test_the_newest_two_are_kept(tmp_path: Path) -> None:
    for step in (1, 20, 300):
        save(tmp_path, step)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["step-000000020", "step-000000300"]


@pytest.mark.parametrize("name", ["tensors.safetensors", "state.json"])
@pytest.mark.parametrize("damage", ["cut", "flip", "gone"])
def test_a_damaged_checkpoint_is_named_and_the_one_before_is_used(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, damage: str
) -> None:
    save(tmp_path, 1)
    file = save(tmp_path, 2) / name
    content = file.read_bytes()
    if damage == "cut":
        file.write_bytes(content[: len(content) // 2])
    elif damage == "flip":
        file.write_bytes(b"\x00" + content[1:])
    else:
        file.unlink()
    found = load_newest(tmp_path, RECIPE)
    assert found is not None
    assert found.step == 1
    told = capsys.readouterr().err
    assert "step-000000002 is damaged" in told
    assert "Falling back on the checkpoint before it." in told


def test_when_all_are_damaged_the_next_step_is_told(tmp_path: Path) -> None:
    (save(tmp_path, 1) / "state.json").write_text("{}")
    with pytest.raises(DamagedFile) as error:
        load_newest(tmp_path, RECIPE)
    assert str(error.value) == (
        f"{tmp_path}: none of its 1 checkpoints is whole; "
        "start again with `sciml run RECIPE --fresh`."
    )


def test_a_checkpoint_of_another_recipe_is_refused_with_the_difference(tmp_path: Path) -> None:
    path = save(tmp_path, 1)
    other = {"seed": 1, "training": {"batch_size": 64, "leads": (1, 5)}}
    with pytest.raises(BadInput) as error:
        load_newest(tmp_path, other)
    assert str(error.value) == (
        f"checkpoint {path} was made by another recipe (training.batch_size: 32 there, 64 now). "
        "Run with the old values, or start again with `sciml run RECIPE --fresh`."
    )


def test_a_full_disk_keeps_the_earlier_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(tmp_path, 1)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(checkpoint, "save_file", full)
    with pytest.raises(WriteFailed, match="the disk is full; what was there before is kept"):
        save(tmp_path, 2)
    assert [p.name for p in tmp_path.iterdir()] == ["step-000000001"]


def test_nothing_yet_is_not_an_error(tmp_path: Path) -> None:
    assert load_newest(tmp_path / "none", RECIPE) is None


@pytest.mark.parametrize("name", ["weights.pdparams", "weights.safetensors"])
def test_a_pickle_offered_as_weights_is_refused_unopened(tmp_path: Path, name: str) -> None:
    class Evil:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return Path.touch, (tmp_path / "ran",)  # pyright: ignore[reportReturnType]

    path = tmp_path / name
    path.write_bytes(pickle.dumps({"w": Evil()}))
    with pytest.raises(BadInput) as error:
        read_tensors(path)
    assert str(error.value) == (
        f"{path}: is a pickle, which can run code when it is loaded, so it is refused. Convert it "
        "where you trust it with safetensors' `save_file` and give the .safetensors."
    )
    assert not (tmp_path / "ran").exists()


def test_weights_cut_short_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    write_weights(path, {"w": np.zeros(100)})
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(DamagedFile, match="not a whole safetensors file"):
        read_tensors(path)
    with pytest.raises(BadInput, match="no such weights file"):
        read_tensors(tmp_path / "none.safetensors")


def test_what_a_kill_left_half_written_is_swept_away(tmp_path: Path) -> None:
    (tmp_path / ".part-killed").mkdir()
    save(tmp_path, 1)
    assert [p.name for p in tmp_path.iterdir()] == ["step-000000001"]


def test_tensors_that_begin_like_a_pickle_are_read(tmp_path: Path) -> None:
    """A safetensors file begins with the length of its header, which can be any multiple of 8."""
    for letters in range(1, 300):
        path = tmp_path / "weights.safetensors"
        save_file({"w" * letters: np.arange(3.0)}, path)
        if path.read_bytes().startswith(b"\x80"):
            assert list(read_tensors(path)["w" * letters]) == [0.0, 1.0, 2.0]
            return
    pytest.fail("no header had the length that is asked for")
