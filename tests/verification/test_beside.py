"""A workbook too large to hold every row, with the files beside it: a change is named in either."""

from __future__ import annotations

import csv
import io
import sys
from importlib import import_module
from pathlib import Path

import openpyxl
import pyarrow
import pyarrow.parquet
import pytest

from evalbatch.model import Outcome
from evalbatch.ranking_workbook import beside, files_beside, folder_beside, write_ranking_workbook
from evalbatch.verification import NotCompared, compare, read_claims
from tests.ranking_workbook.outcomes import SCHEME, realistic


@pytest.fixture
def outcome(monkeypatch: pytest.MonkeyPatch) -> Outcome:
    """A batch for which the sheets are too small: values stand, and no more than so many cells on each."""
    monkeypatch.setattr(import_module("evalbatch.ranking_workbook.sheets"), "MOST_LIVE_DEPARTMENTS", 3)
    monkeypatch.setattr(beside, "MOST_CELLS", 2000)
    return realistic()


def write(outcome: Outcome, folder: Path, as_csv: bool) -> Path:
    """The workbook with its files beside it."""
    path = folder / "排名.xlsx"
    write_ranking_workbook(path, outcome, SCHEME)
    folder_beside(path).mkdir()
    for name, fill in files_beside(outcome, SCHEME, as_csv).items():
        with (folder_beside(path) / name).open("wb") as file:
            fill(file)
    return path


def told(path: Path, outcome: Outcome) -> list[tuple[str, str, str, str]]:
    """Sheet or file, cell, department and column of each difference."""
    found = compare(path, outcome, SCHEME, read_claims(path))
    return [(difference.sheet, difference.cell, difference.code, difference.header) for difference in found.differences]


@pytest.mark.parametrize("as_csv", [False, True])
def test_values_and_whole_files_are_right_and_a_changed_value_is_named(
    outcome: Outcome, tmp_path: Path, as_csv: bool
) -> None:
    path = write(outcome, tmp_path, as_csv)
    assert told(path, outcome) == []
    book = openpyxl.load_workbook(path)
    book["排名"]["F5"] = 99
    code = book["排名"]["B5"].value
    book.save(path)
    assert told(path, outcome) == [("排名", "F5", code, "总分")]


def test_a_figure_changed_in_a_parquet_file_is_named_by_row_and_column(outcome: Outcome, tmp_path: Path) -> None:
    path = write(outcome, tmp_path, as_csv=False)
    file = folder_beside(path) / "得分明细.parquet"
    table = pyarrow.parquet.read_table(file)
    rows = table.to_pylist()
    row, column = rows[40], table.column_names.index("最终得分")
    row["最终得分"] += 1
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist([*rows[:100], *rows[101:]], table.schema), file)
    name, code = "排名.数据/得分明细.parquet", row["单位编码"]
    letter = chr(ord("A") + column)
    assert told(path, outcome) == [
        (name, f"{letter}42", code, "最终得分"), (name, "102:102", rows[100]["单位编码"], "")
    ]  # fmt: skip


def test_a_figure_changed_in_a_csv_file_is_named_and_a_file_that_is_gone(outcome: Outcome, tmp_path: Path) -> None:
    path = write(outcome, tmp_path, as_csv=True)
    file = folder_beside(path) / "数据底稿.csv"
    rows = list(csv.reader(io.StringIO(file.read_text(encoding="utf-8-sig"), newline="")))
    rows[3][rows[0].index("S10.决算数")] = "1"
    with file.open("w", encoding="utf-8-sig", newline="") as text:
        csv.writer(text).writerows(rows)
    (folder_beside(path) / "得分明细.csv").unlink()
    found = told(path, outcome)
    assert [(sheet, code, header) for sheet, _, code, header in found] == [
        ("排名.数据/得分明细.parquet", "", ""), ("排名.数据/数据底稿.csv", rows[3][0], "S10.决算数")
    ]  # fmt: skip
    assert found[1][1].endswith("4")


def test_a_file_that_is_no_such_file_and_one_that_cannot_be_read_here(
    outcome: Outcome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(outcome, tmp_path, as_csv=False)
    (folder_beside(path) / "得分明细.parquet").write_bytes(b"PAR1")
    assert told(path, outcome) == [("排名.数据/得分明细.parquet", "", "", "")]
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(NotCompared, match="需要 pyarrow"):
        told(path, outcome)
