"""Forms that a tired clerk sends: whatever was moved, inserted, renamed or destroyed, the same figures or a clear word."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from typing import Any

import openpyxl
import pytest
from openpyxl.cell import MergedCell
from openpyxl.workbook import Workbook
from openpyxl.worksheet.formula import ArrayFormula
from openpyxl.worksheet.worksheet import Worksheet

from evalbatch.evaluation import evaluate
from evalbatch.model import Result
from evalbatch.reading import NotATemplate, UnreadableWorkbook, container, read_submission, read_workbook, read_xlsx
from evalbatch.scheme.layout import ATTACHMENT_SHEET, SUPPORT_SHEET
from tests.forms import base, blank_template, fill, insert_rows, judge, place, places, scheme, submit

BUDGET = "预算执行情况表"


@cache
def filled() -> bytes:
    """The base department as a real file: its formulas were never calculated."""
    workbook = openpyxl.load_workbook(io.BytesIO(blank_template()))
    for name, value in base().items():
        sheet, row, column = place(name)
        workbook[sheet].cell(row + 1, column + 1).value = float(value) if isinstance(value, Decimal) else value
    return saved(workbook)


def saved(workbook: Workbook) -> bytes:
    target = io.BytesIO()
    workbook.save(target)
    return target.getvalue()


def opened() -> Workbook:
    return openpyxl.load_workbook(io.BytesIO(filled()))


def evaluated(workbook: Workbook) -> Result:
    return evaluate(read_submission(read_xlsx(saved(workbook)), scheme(), "form.xlsx"), scheme())


def points(result: Result) -> dict[str, Decimal]:
    return {line.code: line.final for line in result.lines}


def figures(result: Result) -> dict[tuple[str, str], Any]:
    return {place: entry.value for place, entry in result.submission.cells.items()}


def move_column(sheet: Worksheet, source: str, target: str) -> None:
    """Cut a column and paste it behind the table, as a spreadsheet does: references follow."""
    for row in range(4, sheet.max_row + 1):
        if isinstance(sheet[f"{source}{row}"], MergedCell):
            continue  # the heading of a block
        sheet[f"{target}{row}"].value = sheet[f"{source}{row}"].value
        sheet[f"{source}{row}"].value = None


def test_formulas_never_calculated_are_read_right() -> None:
    result = evaluated(opened())
    assert places(result.findings) == []
    assert figures(result) == figures(judge())
    assert result.submission.value("S10", "决算数") == 981
    noted = [note.sheet for note in result.submission.notes]
    assert noted == [BUDGET, "项目支出明细表"]


def test_a_moved_column_a_renamed_and_a_reordered_sheet_change_nothing() -> None:
    workbook = opened()
    move_column(workbook[BUDGET], "K", "N")
    workbook["重点工作完成情况表"].title = "重点工作完成情况表 "
    workbook.move_sheet("封面", 3)
    result = evaluated(workbook)
    assert places(result.findings) == []
    assert points(result) == points(judge())


def test_the_column_of_final_accounts_moved_is_found_by_its_header_and_noted() -> None:
    workbook = opened()
    sheet = workbook["信息公开情况表"]
    move_column(sheet, "D", "J")
    result = evaluated(workbook)
    assert places(result.findings) == []
    assert result.submission.cells["L01", "财政统一平台公开日期"].ref.cell == "J5"
    moved = [(note.key, note.column, note.cell) for note in result.submission.notes if note.sheet == "信息公开情况表"]
    assert moved == [(f"L0{number}", "财政统一平台公开日期", f"J{number + 4}") for number in range(1, 5)]


def test_rows_inserted_above_the_table_move_every_cell_and_every_finding() -> None:
    workbook = opened()
    sheet = workbook["加减分事项表"]
    sheet.insert_rows(1, 10)
    for column, value in zip("BCDH", ("加分", "省级", "试点", 3), strict=True):
        sheet[f"{column}15"].value = value
    result = evaluated(workbook)
    assert places(result.findings) == [
        ("BM01", "加减分事项表", "H15"),
        ("BM03", "加减分事项表", "F15"),
    ]
    assert points(result)["F1"] == 2


@pytest.mark.parametrize("before", [1, 4, 5, 30, 37, 60])
def test_ten_rows_inserted_anywhere_leave_the_same_result(before: int) -> None:
    book = insert_rows(fill(base()), BUDGET, before, 10)
    result = evaluate(read_submission(book, scheme(), "form.xlsx"), scheme())
    assert places(result.findings) == []
    assert figures(result) == figures(judge())
    assert result.submission.cells["S10", "决算数"].ref.cell == ("H47" if before <= 37 else "H37")
    assert {note.text for note in result.submission.notes if note.key == "S13"} == {
        "行列位置与模板不同，按编码与栏目读取"
    } or (before == 60)


def test_list_rows_without_a_key_count_and_are_named_by_their_row() -> None:
    workbook = opened()
    sheet = workbook["重点工作完成情况表"]
    sheet["B60"].value = "新增工作"
    sheet["D60"].value = 10
    sheet["E60"].value = 5
    sheet["A61"].value = "W01"
    sheet["B61"].value = "抄来的编码"
    result = evaluated(workbook)
    assert [row.row.key for row in result.rows["W"]] == ["W01", "W02", "第60行", "第61行"]


def test_a_total_row_written_under_a_list_does_not_count() -> None:
    workbook = opened()
    sheet = workbook["项目支出明细表"]
    sheet["B300"].value = "合　计"
    sheet["F300"].value = 300
    sheet["I300"].value = 290
    result = evaluated(workbook)
    assert places(result.findings) == [("FS07", "项目支出明细表", "A300")]
    assert len(result.rows["X"]) == 3


def test_the_key_column_destroyed_rows_are_found_by_label() -> None:
    workbook = opened()
    sheet = workbook[BUDGET]
    for row in range(4, sheet.max_row + 1):
        sheet[f"A{row}"].value = None
    result = evaluated(workbook)
    assert places(result.findings) == [("FS06", BUDGET, "A")]
    assert points(result) == points(judge())


def test_a_typed_total_counts_as_typed() -> None:
    result = judge({"S10.决算数": 981})
    assert not result.submission.cells["S10", "决算数"].derived
    assert places(result.findings) == []
    assert places(judge({"S10.决算数": 900}).findings) == [("ID01", BUDGET, "H37")]


def test_a_departments_own_formula_counts_as_typed_with_its_shown_value() -> None:
    entry = submit({"S01.决算数": {"formula": "500+95", "value": 595.0}}).cells["S01", "决算数"]
    assert entry.value == Decimal(595)
    assert not entry.derived
    unread = submit({"S01.决算数": {"formula": "500+95"}}).cells["S01", "决算数"]
    assert unread.unreadable


def test_the_templates_formula_copied_to_another_row_is_the_departments_own() -> None:
    book = fill(base(), {"S10.决算数": {"formula": "H30+H31", "value": 999.0}})
    submission = read_submission(book, scheme(), "form.xlsx")
    assert submission.value("S10", "决算数") == 999


def test_a_stale_cached_value_of_the_templates_formula_is_never_trusted() -> None:
    formula = next(grid for grid in fill(base()).grids if grid.name == BUDGET).formulas[36, 7]
    submission = submit({"S10.决算数": {"formula": formula, "value": 1.0}})
    assert submission.value("S10", "决算数") == 981


def test_a_unit_typed_over_on_one_sheet_holds_for_that_sheet() -> None:
    result = judge({"项目支出明细表!H2": "金额单位：元"})
    assert ("HD03", "项目支出明细表", "H2") in places(result.findings)
    assert result.rows["X"][0].row.value("决算数") == Decimal("0.0097")


def test_explanations_are_read() -> None:
    book = fill(base(), {"N04.决算数": 0})
    audit = next(grid for grid in book.grids if grid.name == "数据审核")
    header = next(number for number, row in enumerate(audit.rows) if "编码" in row)
    key, said = audit.rows[header].index("编码"), audit.rows[header].index("情况说明")
    row = next(number for number, cells in enumerate(audit.rows) if cells[key] == "SG04:N04.决算数")
    audit.rows[row][said] = "车辆均为租用"  # type: ignore[index]
    result = evaluate(read_submission(book, scheme(), "form.xlsx"), scheme())
    assert [(finding.code, finding.explanation) for finding in result.findings] == [("SG04", "车辆均为租用")]


def test_another_workbook_is_other_material() -> None:
    workbook = Workbook()
    with pytest.raises(NotATemplate):
        read_submission(read_xlsx(saved(workbook)), scheme(), "x.xlsx")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "空的"),
        (b"<html></html>", "不是 Excel 工作簿"),
        (bytes.fromhex("d0cf11e0a1b11ae1") + b"x" * 600, ".xls"),
        (bytes.fromhex("d0cf11e0a1b11ae1") + "EncryptedPackage".encode("utf-16-le"), "密码"),
        (b"PK\x03\x04broken", "损坏"),
    ],
)
def test_what_is_no_workbook_says_why(content: bytes, reason: str) -> None:
    with pytest.raises(UnreadableWorkbook) as caught:
        read_xlsx(content)
    assert reason in caught.value.reason


def test_a_truncated_workbook_says_why() -> None:
    with pytest.raises(UnreadableWorkbook):
        read_xlsx(filled()[: len(filled()) // 2])


def test_a_far_cell_is_refused_before_it_takes_all_memory() -> None:
    workbook = opened()
    workbook["封面"]["XFD1048576"].value = 1
    with pytest.raises(UnreadableWorkbook) as caught:
        read_xlsx(saved(workbook))
    assert "1048576" in caught.value.reason


def test_a_workbook_of_too_much_text_is_refused_unread() -> None:
    target = io.BytesIO(filled())
    with zipfile.ZipFile(target, "a", zipfile.ZIP_DEFLATED) as package:
        package.writestr("xl/worksheets/bomb.xml", b" " * (container.MAX_TEXT + 1))
    with pytest.raises(UnreadableWorkbook, match="展开后过大"):
        read_xlsx(target.getvalue())


def test_entities_are_refused() -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(filled())) as package, zipfile.ZipFile(target, "w") as changed:
        for name in package.namelist():
            content = package.read(name)
            if name == "xl/workbook.xml":
                content = b'<!DOCTYPE x [<!ENTITY a "aaaa">]>' + content
            changed.writestr(name, content)
    with pytest.raises(UnreadableWorkbook, match="XML"):
        read_xlsx(target.getvalue())


def respelt(spell: Callable[[bytes], bytes]) -> bytes:
    """The base department's file with the XML of its sheets written otherwise."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(filled())) as package, zipfile.ZipFile(target, "w") as changed:
        for name in package.namelist():
            content = package.read(name)
            changed.writestr(name, spell(content) if name.startswith("xl/worksheets/sheet") else content)
    return target.getvalue()


def prefixed(xml: bytes) -> bytes:
    return re.sub(rb"<(/?)(?=\w)", rb"<\1x:", xml).replace(b" xmlns=", b" xmlns:x=")


@pytest.mark.parametrize(
    "spell",
    [
        lambda xml: re.sub(rb'<c (r="\w+") (s="\d+")', rb"<c \2 \1", xml),
        lambda xml: xml.replace(b"><f>", b">\n <f>"),
        lambda xml: xml.replace(b"<f>", b"<f  >", 1),
        prefixed,
    ],
    ids=["attributes", "lines", "spaces", "prefix"],
)
def test_formulas_are_seen_however_their_xml_is_written(spell: Callable[[bytes], bytes]) -> None:
    expected, found = read_xlsx(filled()), read_xlsx(respelt(spell))
    assert sum(len(grid.formulas) for grid in expected.grids) > 1000
    assert [grid.formulas for grid in found.grids] == [grid.formulas for grid in expected.grids]


def test_a_sheet_that_nothing_is_read_from_is_not_opened() -> None:
    workbook = opened()
    for name in (ATTACHMENT_SHEET, SUPPORT_SHEET):
        workbook[name]["XFD1048576"].value = 1
    book = read_workbook(saved(workbook))
    assert {ATTACHMENT_SHEET, SUPPORT_SHEET}.isdisjoint(grid.name for grid in book.grids)
    assert figures(evaluate(read_submission(book, scheme(), "x"), scheme())) == figures(evaluated(opened()))


def test_a_figure_that_its_format_shows_as_less_is_taken_by_value_and_noted() -> None:
    workbook = opened()
    sheet, row, column = place("S03.上年决算数")
    cell = workbook[sheet].cell(row + 1, column + 1)
    cell.value, cell.number_format = 1234.5, '0!.0,"万"'
    result = evaluated(workbook)
    assert result.submission.value("S03", "上年决算数") == Decimal("1234.5")
    (note,) = (note for note in result.submission.notes if note.cell == cell.coordinate)
    assert (note.sheet, note.key, note.column, note.value) == (BUDGET, "S03", "上年决算数", Decimal("1234.5"))
    assert note.text == '单元格格式（0!.0,"万"）显示的是缩小的数，按单元格的数值读取'


def test_a_formula_for_several_cells_that_was_never_calculated_is_no_blank() -> None:
    workbook = opened()
    sheet, row, column = place("S03.上年预算数")
    first = workbook[sheet].cell(row + 1, column + 1)
    second = first.offset(0, 1)
    workbook[sheet][first.coordinate] = ArrayFormula(f"{first.coordinate}:{second.coordinate}", "=A1:B1*2")
    second.value = None
    found = {(finding.code, finding.ref.cell) for finding in evaluated(workbook).findings}
    assert {("CT02", first.coordinate), ("CT02", second.coordinate)} <= found
