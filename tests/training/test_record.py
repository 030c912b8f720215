"""Records: what was written is read, and what was changed since is found."""

import json
from pathlib import Path
from typing import Any

import pytest

from sciml.core.errors import BadInput, DamagedFile
from sciml.core.writing import sha256_of
from sciml.training.record import read_record, surroundings, write_record


def written(folder: Path, **given: Any) -> dict[str, Any]:
    (folder / "inner").mkdir(exist_ok=True)
    outputs = [folder / "weights.bin", folder / "inner/errors.csv"]
    for number, path in enumerate(outputs):
        path.write_bytes(bytes([number]) * 10)
    values: dict[str, Any] = {
        "status": "finished",
        "recipe": {"seed": 3, "window": {"leads": [1, 5]}},
        "data": {"loads": "ab" * 32},
        "metrics": {"rmse": 0.1 + 0.2},
        "seconds": {"wall": 1.23456, "cpu": 2.0},
        "outputs": outputs,
    }
    return write_record(folder, **(values | given))


def test_what_was_written_is_read(tmp_path: Path) -> None:
    record = written(tmp_path)
    assert read_record(tmp_path) == record
    assert record["recipe"] == {"seed": 3, "window": {"leads": [1, 5]}}
    assert record["data_sha256"] == {"loads": "ab" * 32}
    assert record["metrics"] == {"rmse": 0.1 + 0.2}  # to the last bit
    assert record["seconds"] == {"wall": 1.23, "cpu": 2.0}
    assert record["outputs_sha256"] == {
        name: sha256_of(tmp_path / name) for name in ("weights.bin", "inner/errors.csv")
    }


@pytest.mark.parametrize("name", ["weights.bin", "inner/errors.csv"])
@pytest.mark.parametrize("damage", ["flip", "cut", "gone"])
def test_an_output_changed_since_is_found_and_named(tmp_path: Path, name: str, damage: str) -> None:
    written(tmp_path)
    path = tmp_path / name
    content = path.read_bytes()
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(content[:-1] if damage == "cut" else b"\xff" + content[1:])
    with pytest.raises(DamagedFile) as error:
        read_record(tmp_path)
    assert str(error.value) == (
        f"{path}: missing or changed since record.json was written; "
        "take both from the repository again, or run the recipe anew."
    )


def test_a_record_that_is_not_there_names_the_command_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as error:
        read_record(tmp_path)
    assert str(error.value) == (
        f"{tmp_path}/record.json: no such record; make it with `sciml run RECIPE --publish`"
    )


@pytest.mark.parametrize("text", ["", "{", "{}", '{"status": "finished"'])
def test_what_is_not_a_record_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "record.json").write_text(text)
    with pytest.raises(DamagedFile, match=r"record\.json: not a record; make it again with"):
        read_record(tmp_path)


def test_a_metric_that_is_not_a_number_leaves_the_former_record(tmp_path: Path) -> None:
    record = written(tmp_path)
    with pytest.raises(ValueError, match="computed nothing to compare"):
        written(tmp_path, metrics={"rmse": float("nan")})
    assert read_record(tmp_path) == record


def test_a_record_says_what_a_result_depends_on() -> None:
    found = surroundings()
    assert found["packages"].keys() >= {"paddlepaddle", "numpy"}
    assert found["runtime"].keys() == {"mkl", "malloc", "stride", "blas", "warnings"}
    assert found["python"].startswith("3.")
    assert found["processor"]
    assert len(found["lock_sha256"]) == 64
    assert json.loads(json.dumps(found)) == found
