"""What is wrong is marked in its place: failing checks, blank cells that have to be filled, and a link to each."""

from __future__ import annotations

import re
from decimal import Decimal
from io import BytesIO

import openpyxl
import pytest
from openpyxl.workbook.workbook import Workbook

from evalbatch.department_workbook import Filling, write_department_workbook
from evalbatch.department_workbook.counts import mandatory
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


def test_what_is_no_figure_is_marked_wherever_a_figure_belongs(marks: dict[tuple[str, str], list[str]]) -> None:
    laid = {place: text for place, texts in marks.items() for text in texts if text.startswith("COUNT(")}
    assert laid == {
        ("封面", "C15"): "COUNT(C15)+COUNTBLANK(C15)=0",
        ("绩效自评表", "J5:J42"): "COUNT(J5)+COUNTBLANK(J5)=0",
        ("预算执行情况表", "C5:J89"): "COUNT(C5)+COUNTBLANK(C5)=0",
        ("项目支出明细表", "F5:I204"): "COUNT(F5)+COUNTBLANK(F5)=0",
        ("重点工作完成情况表", "D5:F54"): "COUNT(D5)+COUNTBLANK(D5)=0",
        ("重点工作完成情况表", "I5:I54"): "COUNT(I5)+COUNTBLANK(I5)=0",
        ("履职效益指标表", "E5:E44"): "COUNT(E5)+COUNTBLANK(E5)=0",
        ("履职效益指标表", "G5:I44"): "COUNT(G5)+COUNTBLANK(G5)=0",
        ("加减分事项表", "H5:H24"): "COUNT(H5)+COUNTBLANK(H5)=0",
    }


def test_a_row_marked_inapplicable_lacks_its_reason_or_may_not_be(marks: dict[tuple[str, str], list[str]]) -> None:
    laid = {place[1]: texts for place, texts in marks.items() if place[0] == "绩效自评表" and place[1][0] in "IK"}
    reasons = [template_cell(_SCHEME, code, "扣分原因")[1] for code in ("B12", "B14", "B52", "B72", "B73")]
    assert {cell: texts for cell, texts in laid.items() if cell[0] == "K"} == {
        cell: ['AND($I15="否",$K15="")'] for cell in reasons
    }
    chosen = [code for code, row in _SCHEME.indicators.items() if row.spec.optional]
    free = {template_cell(_SCHEME, code, "是否适用")[1] for code in ("B12", "B14", "B52", "B72", "B73", *chosen)}
    assert {cell: texts for cell, texts in laid.items() if cell[0] == "I"} == {
        f"I{row}": ['I5="否"'] for row in range(5, 43) if f"I{row}" not in free
    }


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
