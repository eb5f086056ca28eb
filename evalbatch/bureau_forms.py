"""DOOR OUT: the empty forms that the bureau fills in itself, 单位名录 and 财政数据."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, BinaryIO, Final

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from evalbatch.department_workbook.styles import BODY_FONT, BODY_SIZE, HEAD_FONT, number_format
from evalbatch.intake.prefill import (
    AMOUNT,
    BUDGET_COLUMNS,
    BUDGET_SHEET,
    CHOICE_SHEET,
    COLUMN,
    KEY,
    LIST_SHEETS,
    MAX_ROWS,
    choice_column,
    list_column,
    optional_indicators,
    prefill_headers,
)
from evalbatch.intake.roster import CATEGORY, CODE, COLUMNS, NAME, SECRET
from evalbatch.scheme import APPLICABLE, Scheme
from evalbatch.scheme.spec import ColumnSpec

_HEADER: Final = 2
"""The header row from 0; title and note stand above."""
_LAST: Final = MAX_ROWS - 1
"""Rows that are formatted and take only what they are for."""
_WIDTHS: Final = {
    CODE: 14, NAME: 36, "主管部门": 24, "备注": 30, "项目名称": 36, "工作名称": 40, "三级指标": 36, "计划完成日期": 14,
    AMOUNT: 16,
}  # fmt: skip
_TEXT: Final = ColumnSpec(name="", type="text")
_ROSTER_NOTE: Final = (
    "注：一个单位一行，单位编码与单位名称必填且不得重复。是否涉密填“是”的单位线下报送，不生成填报工作簿，不列为未报送。"
)
_NOTES: Final = {
    BUDGET_SHEET: "注：一个金额一行，单位为万元，没有发生额的填0；不预填的不列。编码与栏目照部门填报模板的预算执行情况表。",
    "项目": "注：一个项目一行，同一单位的项目名称不得重复；年初预算数单位为万元。没有内容的栏留空，由部门填写。",
    "重点工作": "注：一项已批准的重点工作一行，同一单位的工作名称不得重复。没有内容的栏留空，由部门填写。",
    "履职效益": "注：一个指标一行，同一单位的三级指标不得重复。没有内容的栏留空，由部门填写。",
    CHOICE_SHEET: "注：一个单位一个可选指标一行；是否适用填“否”即不选，每个单位至少选一项。",
}


@dataclass(frozen=True, slots=True)
class _Formats:
    """The looks of a form."""

    workbook: Workbook
    title: Format
    note: Format
    header: Format

    @classmethod
    def of(cls, workbook: Workbook) -> _Formats:
        base = {"font_name": BODY_FONT, "font_size": BODY_SIZE, "valign": "vcenter"}
        return cls(
            workbook,
            workbook.add_format(base | {"font_name": HEAD_FONT, "font_size": 16, "align": "center"}),
            workbook.add_format(base | {"text_wrap": True}),
            workbook.add_format(base | {"font_name": HEAD_FONT, "align": "center", "bg_color": "#D9D9D9", "border": 1}),
        )

    def column(self, spec: ColumnSpec, header: str) -> Format:
        """A column of the form; codes stay as typed, leading zeros included."""
        code = header in (CODE, KEY)
        return self.workbook.add_format(
            {
                "font_name": BODY_FONT, "font_size": BODY_SIZE, "valign": "vcenter",
                "num_format": "@" if code else number_format(spec.type),
            }
        )  # fmt: skip


def write_roster_form(target: BinaryIO, scheme: Scheme) -> None:
    """The empty 单位名录."""
    choice = ColumnSpec(name=SECRET, type="choice", choices=("是", "否"))
    columns = [(name, choice if name == SECRET else _TEXT) for name in COLUMNS]
    with _open(target, scheme, "单位名录") as workbook:
        note = f"{_ROSTER_NOTE}{CATEGORY}用于分类排名。"
        _write_sheet(_Formats.of(workbook), "单位名录", "单位名录", note, columns)


def write_roster(target: BinaryIO, scheme: Scheme, departments: Iterable[tuple[str, str, str]]) -> None:
    """A 单位名录 with departments: code, name and category."""
    columns = [(name, _TEXT) for name in COLUMNS]
    rows = [dict(zip((CODE, NAME, CATEGORY), department, strict=True)) for department in departments]
    with _open(target, scheme, "单位名录") as workbook:
        sheet = _write_sheet(_Formats.of(workbook), "单位名录", "单位名录", _ROSTER_NOTE, columns)
        for number, row in enumerate(rows, _HEADER + 1):
            for column, name in enumerate(COLUMNS):
                sheet.write_string(number, column, row.get(name, ""))


def write_prefill_form(target: BinaryIO, scheme: Scheme) -> None:
    """The empty 财政数据."""
    with _open(target, scheme, "财政数据") as workbook:
        formats = _Formats.of(workbook)
        for sheet in (BUDGET_SHEET, *LIST_SHEETS, CHOICE_SHEET):
            columns = [(header, _column(scheme, sheet, header)) for header in prefill_headers(sheet)]
            _write_sheet(formats, sheet, f"财政数据：{sheet}", _NOTES[sheet], columns)


def _open(target: BinaryIO, scheme: Scheme, title: str) -> Workbook:
    workbook = Workbook(target, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    workbook.set_properties({"title": title, "created": datetime(scheme.year + 1, 1, 1)})
    return workbook


def _column(scheme: Scheme, sheet: str, header: str) -> ColumnSpec:
    """What a column of the prefill holds."""
    if header == CODE:
        return _TEXT
    if sheet in LIST_SHEETS:
        return list_column(scheme, sheet, header)
    match header:
        case _ if header == AMOUNT:
            return ColumnSpec(name=AMOUNT, type="amount", signed=True)
        case _ if header == COLUMN:
            return ColumnSpec(name=COLUMN, type="choice", choices=BUDGET_COLUMNS)
        case _ if header == APPLICABLE:
            return choice_column(scheme)
        case _ if sheet == CHOICE_SHEET:
            return ColumnSpec(name=KEY, type="choice", choices=optional_indicators(scheme))
        case _:
            return _TEXT


def _write_sheet(
    formats: _Formats, name: str, title: str, note: str, columns: Iterable[tuple[str, ColumnSpec]]
) -> Worksheet:
    sheet = formats.workbook.add_worksheet(name)
    columns = list(columns)
    last = len(columns) - 1
    sheet.merge_range(0, 0, 0, last, title, formats.title)
    sheet.set_row(0, 30)
    sheet.merge_range(1, 0, 1, last, note, formats.note)
    sheet.set_row(1, 44)
    for index, (header, spec) in enumerate(columns):
        money = "（万元）" if header == AMOUNT else ""
        sheet.set_column(index, index, _WIDTHS.get(header, 13), formats.column(spec, header))
        sheet.write_string(_HEADER, index, f"{header}{money}", formats.header)
        rule = _rule(spec)
        if rule is not None:
            sheet.data_validation(_HEADER + 1, index, _LAST, index, rule | {"error_title": "填写有误"})
    sheet.freeze_panes(_HEADER + 1, 2)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(_HEADER)
    return sheet


def _rule(spec: ColumnSpec) -> dict[str, Any] | None:
    """What a column takes: a choice from a list, a date, a figure; a text takes anything."""
    match spec.type:
        case "choice":
            words = "、".join(spec.choices)
            return {
                "validate": "list", "source": list(spec.choices), "error_message": f"请从下拉列表中选择：{words}。",
            }  # fmt: skip
        case "date":
            return {
                "validate": "date", "criteria": "between", "minimum": date(2000, 1, 1), "maximum": date(2099, 12, 31),
                "error_message": "请填日期，如 2024-12-31。",
            }  # fmt: skip
        case "amount" | "number":
            least = -1e15 if spec.signed else 0
            words = "请填数字" if spec.signed else "请填不小于0的数字"
            return {
                "validate": "decimal", "criteria": ">=", "value": least,
                "error_message": f"{words}，不带单位、逗号和文字。",
            }  # fmt: skip
        case _:
            return None
