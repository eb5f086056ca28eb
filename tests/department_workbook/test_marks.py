"""What is wrong is marked in its place: failing checks, blank cells that have to be filled, and a link to each."""

from __future__ import annotations

import re
from decimal import Decimal
from io import BytesIO

import openpyxl
import pytest
from openpyxl.workbook.workbook import Workbook

from evalbatch.department_workbook import Filling, write_department_workbook
from evalbatch.department_workbook.status import mandatory
from evalbatch.scheme import load_scheme
from evalbatch.scheme.layout import AUDIT_COLUMNS, AUDIT_SHEET, HEADER_ROW, template_cell
from tests.department_workbook.fillings import seed_filling

_SCHEME = load_scheme()


def _written(filling: Filling | None = None, values: bool = False) -> Workbook:
    target = BytesIO()
    write_department_workbook(target, _SCHEME, filling)
    return openpyxl.load_workbook(target, data_only=values)


@pytest.fixture(scope="module")
def marks() -> dict[tuple[str, str], list[str]]:
    """The conditions laid over each cell or area of the input sheets."""
    found: dict[tuple[str, str], list[str]] = {}
    for sheet in _written():
        for laid in sheet.conditional_formatting:
            for area in str(laid.sqref).split():
                found.setdefault((sheet.title, area), []).extend(rule.formula[0] for rule in laid.rules)
    return found


def test_a_failing_check_marks_its_cell(marks: dict[tuple[str, str], list[str]]) -> None:
    for index, check in enumerate(_SCHEME.checks, 1):
        if not check.list:
            conditions = marks[template_cell(_SCHEME, *check.place)]
            assert any(re.search(rf'INDEX\(审核结果,{index}\)="✗"', text) for text in conditions), check.id


def test_rows_of_a_list_are_marked_by_their_own_verdict(marks: dict[tuple[str, str], list[str]]) -> None:
    assert marks["项目支出明细表", "H5:H204"] == [
        "INDEX(不符_X_1,ROW()-ROW($A$4))=1",
        'AND(INDEX(待核_X_1,ROW()-ROW($A$4))=1,H5="")',
        'AND(INDEX(待核_X_2,ROW()-ROW($A$4))=1,H5="")',
    ]
    assert marks["履职效益指标表", "H5:H44"] == ["H5>1", 'AND(INDEX(待核_V_1,ROW()-ROW($A$4))=1,H5="")']
    assert marks["重点工作完成情况表", "F5:F54"] == [
        "INDEX(不符_W_1,ROW()-ROW($A$4))=1",
        'AND(INDEX(待核_W_2,ROW()-ROW($A$4))=1,F5="")',
    ]


def test_a_blank_cell_that_has_to_be_filled_is_marked(marks: dict[tuple[str, str], list[str]]) -> None:
    for key, column in mandatory(_SCHEME):
        assert any(text.endswith('=""') for text in marks[template_cell(_SCHEME, key, column)]), (key, column)


def test_no_mark_looks_at_another_sheet_but_by_name(marks: dict[tuple[str, str], list[str]]) -> None:
    assert [text for texts in marks.values() for text in texts if "!" in text] == []


def test_each_check_links_to_the_cell_to_mend() -> None:
    seed = seed_filling(_SCHEME)
    rows = [dict(row) for row in seed.lists["W"]]
    rows[2]["质量达标数"] = Decimal(9)
    sheet = _written(Filling(seed.cells, dict(seed.lists) | {"W": rows}), values=True)[AUDIT_SHEET]
    place, verdict = (AUDIT_COLUMNS.index(name) + 1 for name in ("定位", "结果"))
    shown = {sheet.cell(row, 1).value: sheet.cell(row, place).value for row in range(HEADER_ROW + 1, sheet.max_row + 1)}
    for check in _SCHEME.checks:
        if not check.list:
            assert shown[check.id] == "!".join(template_cell(_SCHEME, *check.place))
    failing = {sheet.cell(row, 1).value for row in range(5, sheet.max_row + 1) if sheet.cell(row, verdict).value == "✗"}
    assert "ID17:W.质量达标数" in failing
    assert shown["ID17:W.质量达标数"] == "重点工作完成情况表!F7"
    assert shown["ID06:X.全年预算数"] == "项目支出明细表!H5"
