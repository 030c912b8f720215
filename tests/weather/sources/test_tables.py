"""Tables and files of R: numbers to the last bit, and files that are not what they should be."""

import numpy as np
import pandas as pd
import pytest
import rdata

from sciml.core.errors import DamagedFile
from sciml.weather.sources.r_files import read_r_frame, read_r_object
from sciml.weather.sources.tables import numbers, read_parquet, read_table, require_columns

AWKWARD = [29.53775031119585, 0.1 + 0.2, 5.178454375709407e-05, -1e22 / 3]


def test_numbers_of_a_table_are_exact_and_codes_stay_text(tmp_path) -> None:
    table = pd.DataFrame({"code": ["0012", "KSEA"] * 2, "value": AWKWARD})
    table.to_csv(tmp_path / "one.csv.gz", index=False)
    read = read_table(tmp_path / "one.csv.gz", text=["code"])
    assert read["value"].tolist() == AWKWARD
    assert read["code"].tolist() == ["0012", "KSEA"] * 2


def test_parquet_and_csv_say_the_same(tmp_path) -> None:
    table = pd.DataFrame({"value": AWKWARD})
    table.to_parquet(tmp_path / "one.parquet")
    pd.testing.assert_frame_equal(read_parquet(tmp_path / "one.parquet"), table)


@pytest.mark.parametrize("read", [read_table, read_parquet, lambda path: read_r_object(path, "x")])
def test_a_file_of_another_kind_is_named(tmp_path, read) -> None:
    for content in (b"", b"\x00\x01\xff\xfe" * 9):
        path = tmp_path / "odd.gz"
        path.write_bytes(content)
        with pytest.raises(DamagedFile, match=r"odd\.gz: cannot be read as"):
            read(path)


def test_columns_stand_side_by_side_and_a_missing_one_is_named() -> None:
    table = pd.DataFrame({"a": [1, 2], "b": [3, 4]})
    np.testing.assert_array_equal(numbers(table, ["b", "a"]), [[3, 1], [4, 2]])
    require_columns(table, ["a"], "table")
    with pytest.raises(DamagedFile, match="my table: no column c, got a, b; get"):
        require_columns(table, ["a", "c"], "my table")


def test_a_data_frame_of_r_is_read_with_factors_as_text(tmp_path) -> None:
    frame = pd.DataFrame({"t": AWKWARD, "station": pd.Categorical(["a", "b", "a", "b"])})
    rdata.write_rda(tmp_path / "one.rda", {"srft": frame, "other": np.arange(3.0)})
    read = read_r_frame(tmp_path / "one.rda", "srft")
    assert read["t"].tolist() == AWKWARD
    assert read["station"].tolist() == ["a", "b", "a", "b"]
    with pytest.raises(DamagedFile, match="holds srft, other, expected 'missing'"):
        read_r_frame(tmp_path / "one.rda", "missing")
    with pytest.raises(DamagedFile, match="'other' is not a data frame"):
        read_r_frame(tmp_path / "one.rda", "other")
