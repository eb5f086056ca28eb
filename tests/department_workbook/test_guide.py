"""填报说明: the worked example is computed as the sheets compute, and nothing of it is read."""

from __future__ import annotations

import io
from decimal import Decimal
from typing import Any

import openpyxl

from evalbatch.department_workbook.guide import example
from evalbatch.scheme.layout import GUIDE_SHEET, KEY_HEADER
from tests.forms import blank_book, blank_template, judge, scheme


def values(sheet: str) -> dict[str, dict[str, Any]]:
    (table,) = [table for table in example(scheme()) if table.sheet.name == sheet]
    return {
        name.split(" ")[0]: {column: value for column, value in row.items() if value is not None}
        for name, row in table.rows
    }


def test_the_example_is_computed() -> None:
    budget = values("预算执行情况表")
    assert list(budget) == ["S01", "S02", "S03", "S04", "S10", "G01", "G02", "G03", "G04", "G05", "G06"]
    assert budget["S10"] == {
        "年初预算数": 980, "预算调整数": 70, "全年预算数": 1050, "决算数": Decimal("1012.55"),
        "执行率": Decimal("0.964333333333"),
    }  # fmt: skip
    assert budget["G06"]["决算数"] == Decimal("16.95")
    assert [row["执行率"] for row in values("项目支出明细表").values()] == [Decimal("0.98"), Decimal("0.73")]
    scores = values("绩效自评表")
    assert {code: row.get("测算得分") for code, row in scores.items()} == {
        "A11": None, "A41": 0, "B11": 2, "B12": Decimal("1.62"), "B14": Decimal("0.88"), "B52": None,
        "C1": Decimal("9.5"), "E1": None,
    }  # fmt: skip
    assert scores["A41"]["测算说明"] == "自评3.00分；执行率不足90%的项目1个（基层服务能力提升），扣3.00分，不低于0分。"


def test_every_sheet_has_its_example_but_the_cover() -> None:
    assert [table.sheet.name for table in example(scheme())] == [name for name in scheme().sheets if name != "封面"]


def test_nothing_of_the_guide_is_read() -> None:
    grid = next(grid for grid in blank_book().grids if grid.name == GUIDE_SHEET)
    cells = [cell for row in grid.rows for cell in row]
    assert KEY_HEADER not in cells
    assert 1012.55 in cells
    assert judge().findings == ()


def test_nothing_of_the_guide_can_be_typed_over() -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(blank_template()))[GUIDE_SHEET]
    assert sheet.protection.sheet
    assert all(cell.protection.locked for row in sheet.iter_rows() for cell in row)
