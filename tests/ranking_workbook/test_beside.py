"""Tables beside the workbook: whole and exact where their sheets end, replaced with it, gone when none is needed."""

from __future__ import annotations

import io
from datetime import date
from decimal import Decimal
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import BinaryIO

import pyarrow.parquet
import pytest
from python_calamine import CalamineWorkbook

from evalbatch.model import Outcome
from evalbatch.output import OutputError, write_with_folder
from evalbatch.ranking_workbook import beside, files_beside, folder_beside, possible_names, write_ranking_workbook
from evalbatch.table_files import TableError
from evalbatch.tables import tabulate
from tests.ranking_workbook.outcomes import SCHEME, batch, department, realistic


@pytest.fixture
def outcome(monkeypatch: pytest.MonkeyPatch) -> Outcome:
    """A batch for which the sheets are too small: values stand, and no more than so many cells on each."""
    monkeypatch.setattr(import_module("evalbatch.ranking_workbook.sheets"), "MOST_LIVE_DEPARTMENTS", 3)
    monkeypatch.setattr(beside, "MOST_CELLS", 2000)
    return realistic()


def workbook(outcome: Outcome) -> dict[str, list[list[object]]]:
    """The rows of every sheet as a reader of values sees them."""
    content = io.BytesIO()
    write_ranking_workbook(content, outcome, SCHEME)
    content.seek(0)
    book = CalamineWorkbook.from_filelike(content)
    return {name: list(map(list, book.get_sheet_by_name(name).to_python())) for name in book.sheet_names}


def test_a_table_too_long_for_its_sheet_is_whole_beside_it(outcome: Outcome) -> None:
    files = files_beside(outcome, SCHEME)
    assert list(files) == ["得分明细.parquet", "数据底稿.parquet"]
    tables = tabulate(outcome, SCHEME)
    content = io.BytesIO()
    files["得分明细.parquet"](content)
    found = pyarrow.parquet.read_table(content).to_pylist()
    assert len(found) == len(tables.lines)
    assert [row["最终得分"] for row in found] == list(tables.lines.frame()["最终得分"])
    content = io.BytesIO()
    files["数据底稿.parquet"](content)
    first = pyarrow.parquet.read_table(content).to_pylist()[0]
    assert (first["S10.决算数"], first["L01.批复日期"]) == (Decimal("3632.41"), date(2025, 2, 1))


def test_its_sheet_keeps_the_first_rows_and_says_where_all_are(outcome: Outcome) -> None:
    sheets = workbook(outcome)
    lines = sheets["得分明细"]
    room, all_ = 2000 // len(lines[1]), len(tabulate(outcome, SCHEME).lines)
    assert len(lines) == 2 + room
    assert (
        lines[0][0]
        == f"2024年度各部门得分明细（单位：分）——前 {room} 行，全部 {all_} 行见与本工作簿同名的“.数据”文件夹"
    )
    assert sheets["运行说明"][-1] == [
        "数据文件",
        "得分明细、数据底稿的全部行在与本工作簿同名的“.数据”文件夹中，一张表一个文件。",
    ]
    assert len(sheets["排名"]) == 2 + 14 and len(sheets["收件登记"]) == 2 + len(outcome.files)


def test_a_batch_that_has_room_stands_in_the_workbook_alone() -> None:
    assert files_beside(realistic(), SCHEME) == {}


def test_a_figure_that_parquet_cannot_hold_goes_into_csv(outcome: Outcome) -> None:
    vast = batch(*(department(f"{n}", cells={("S10", "决算数"): Decimal("1E+40")}) for n in range(6)))
    with pytest.raises(TableError):
        files_beside(vast, SCHEME)["数据底稿.parquet"](io.BytesIO())
    content = io.BytesIO()
    files_beside(vast, SCHEME, csv=True)["数据底稿.csv"](content)
    assert content.getvalue().decode("utf-8-sig").count(f"1{'0' * 40}") == 6


def test_the_folder_is_written_with_the_workbook_and_goes_with_the_need(outcome: Outcome, tmp_path: Path) -> None:
    target = tmp_path / "排名.xlsx"
    folder = folder_beside(target)
    assert folder == tmp_path / "排名.数据"

    def put(files: dict[str, bytes], content: bytes | None = b"workbook") -> None:
        def fill(file: BinaryIO, content: bytes | None) -> None:
            if content is None:
                raise OSError(28, "No space left on device")
            file.write(content)

        writers = {name: partial(fill, content=own) for name, own in files.items()}
        write_with_folder(target, partial(fill, content=content), folder, writers, possible_names())

    def held() -> list[str]:
        return sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file())

    put({"得分明细.parquet": b"1", "数据底稿.parquet": b"2"})
    assert held() == ["排名.xlsx", "排名.数据/得分明细.parquet", "排名.数据/数据底稿.parquet"]
    with pytest.raises(OutputError, match="磁盘空间不足"):
        put({"得分明细.parquet": b"3"}, None)
    assert (folder / "得分明细.parquet").read_bytes() == b"1"
    (folder / "我的.txt").write_bytes(b"own")
    put({"得分明细.csv": b"4"})
    assert held() == ["排名.xlsx", "排名.数据/得分明细.csv", "排名.数据/我的.txt"]
    (folder / "我的.txt").unlink()
    put({})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["排名.xlsx"]
