"""What all sheets of the department's workbook share: head, columns, printing, protection, and writing a cell."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from evalbatch.cell_text import plain_text
from evalbatch.department_workbook.figures import UNIT, FilledFigures, Filling
from evalbatch.department_workbook.styles import LINE_HEIGHT, Styles
from evalbatch.model import Value
from evalbatch.plain_sheet import PlainSheet
from evalbatch.scheme import CONTENT, Scheme
from evalbatch.scheme.layout import (
    HEADER_ROW,
    SUPPORT_SHEET,
    SheetLayout,
    column_letter,
    template_cell,
    template_layout,
)
from evalbatch.scheme.spec import ColumnSpec

KEY_WIDTH: Final = 7
HEADER: Final = HEADER_ROW - 1
"""The header row as XlsxWriter counts, from 0."""
_NAME: Final = ("T01", CONTENT)
_SIGNATURES: Final = "            ".join(
    ("单位负责人（签字）：", "财务负责人：", "填报人：", "联系电话：", "填报日期：    年  月  日")
)
_FIRST_PRINTED: Final = 4
"""The column of the support sheet from which on it says how far sheets print."""
_LATEST: Final = date(2099, 12, 31)
_EARLIEST: Final = date(2000, 1, 1)
_DERIVED: Final = "已设公式，与实际不符的可直接改填数字"
_ROW_MARGIN: Final = 4.0
_ROW_MAXIMUM: Final = 400.0


@dataclass(frozen=True, slots=True)
class Form:
    """The workbook being written, with everything its sheets need."""

    scheme: Scheme
    workbook: Workbook
    styles: Styles
    figures: FilledFigures
    printed: dict[str, PrintedRows] = field(default_factory=dict)
    """By sheet: how far it prints, where that follows what is filled in; the support sheet computes it."""

    @property
    def filling(self) -> Filling:
        """The pre-filled cells."""
        return self.figures.filling

    def layout(self, sheet: str) -> SheetLayout:
        """Where the cells of a sheet stand."""
        return template_layout(self.scheme)[sheet]

    def reference(self, key: str, column: str) -> str:
        """The address of an input cell from any other sheet."""
        sheet, cell = template_cell(self.scheme, key, column)
        return f"'{sheet}'!{cell}"

    def text(self, key: str, column: str) -> str:
        """An input cell as text."""
        value = self.figures.figure(key, column)
        return "" if value is None else str(value)


@dataclass(frozen=True, slots=True)
class PrintedRows:
    """The number of the last row that a sheet prints: the formula and what it says now."""

    formula: str
    value: int


@dataclass(frozen=True, slots=True)
class Head:
    """The three rows above the headers."""

    title: str
    note: str
    amounts: bool = False
    """Whether 金额单位 is printed."""


def add_sheet(form: Form, name: str) -> Worksheet:
    """An empty sheet."""
    return form.workbook.add_worksheet(name, PlainSheet)


def open_sheet(form: Form, name: str, head: Head, columns: Sequence[tuple[str, int]], freeze: int) -> Worksheet:
    """A sheet with head, headers (text, width) and print setup; ``freeze`` columns stay in sight."""
    sheet = add_sheet(form, name)
    last = len(columns) - 1
    styles = form.styles
    sheet.merge_range(0, 0, 0, last, head.title, styles.title())
    sheet.set_row(0, 30)
    # 金额单位 takes as many columns from the right as it needs
    room, first = 0, last
    while head.amounts and first > 1 and (room := room + columns[first][1]) < 20:
        first -= 1
    name_end = first - 1 if head.amounts else last
    sheet.merge_range(1, 0, 1, name_end, "", styles.caption())
    caption = "填报单位（盖章）："
    sheet.write_formula(
        1, 0, f'="{caption}"&{form.reference(*_NAME)}', styles.caption(), f"{caption}{form.text(*_NAME)}"
    )
    if head.amounts:
        caption = "金额单位："
        formula, value = f'="{caption}"&{form.reference(*UNIT)}', f"{caption}{form.text(*UNIT)}"
        if first < last:
            sheet.merge_range(1, first, 1, last, "", styles.caption("right"))
        sheet.write_formula(1, first, formula, styles.caption("right"), value)
    sheet.set_row(1, 20)
    sheet.merge_range(2, 0, 2, last, head.note, styles.caption())
    sheet.set_row(2, height([(head.note, sum(width for _, width in columns))]))
    for index, (text, width) in enumerate(columns):
        sheet.set_column(index, index, width)
        sheet.write_string(HEADER, index, text, styles.header())
    sheet.set_row(HEADER, max(24.0, height(columns)))
    sheet.freeze_panes(HEADER + 1, freeze)
    return sheet


def close_sheet(
    form: Form,
    sheet: Worksheet,
    last_row: int,
    last_column: int,
    printed: PrintedRows | None = None,
    official: bool = True,
) -> None:
    """Printing, protection and silence about formulas that stand in unlocked cells; rows and columns from 0.

    An official form repeats its headers and has the line of signatures. With ``printed`` rows in use print and unused ones do not; programs whose print areas are fixed print all of them.
    """
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.set_margins(left=0.5, right=0.5, top=0.6, bottom=0.9)
    sheet.fit_to_pages(1, 0)
    sheet.center_horizontally()
    if official:
        sheet.repeat_rows(HEADER)
    if printed is not None:
        name, letter = sheet.get_name(), column_letter(last_column + 1)
        end = printed_cell(len(form.printed))
        form.printed[name] = printed
        # INDEX instead of OFFSET: it is not computed anew at every entry
        area = f"='{name}'!$A$1:INDEX('{name}'!${letter}$1:${letter}${last_row + 1},'{SUPPORT_SHEET}'!{end})"
        form.workbook.define_name(f"'{name}'!_xlnm.Print_Area", area)
    else:
        sheet.print_area(0, 0, last_row, last_column)
    signatures = f"{_SIGNATURES}\n" if official else ""
    sheet.set_footer(f'&C&"宋体,常规"&9{signatures}第 &P 页 共 &N 页')
    sheet.protect(
        "",
        {
            "format_columns": True, "format_rows": True, "insert_rows": True, "sort": True, "autofilter": True,
            "select_locked_cells": True, "select_unlocked_cells": True,
        },
    )  # fmt: skip
    everything = f"A1:XFD{HEADER_ROW + 10000}"
    sheet.ignore_errors(
        {"number_stored_as_text": everything, "formula_unlocked": everything, "formula_differs": everything}
    )


def printed_cell(index: int) -> str:
    """Where the support sheet says how far a sheet prints, by its number among those for which it does."""
    return f"${column_letter(_FIRST_PRINTED + index)}$2"


def put(sheet: Worksheet, row: int, column: int, value: Value, style: Format) -> None:
    """Write a value as what it is; a text never becomes a formula or a link."""
    match value:
        case None | "":
            sheet.write_blank(row, column, None, style)
        case Decimal():
            sheet.write_number(row, column, float(value), style)
        case date():
            sheet.write_datetime(row, column, value, style)
        case _:
            sheet.write_string(row, column, plain_text(value), style)


def put_formula(sheet: Worksheet, row: int, column: int, formula: str, style: Format, value: Value) -> None:
    """Write a formula (without ``=``) with its computed value; a blank is an empty text."""
    cached = float(value) if isinstance(value, Decimal) else value or ""
    sheet.write_formula(row, column, f"={formula}", style, cached)


def quoted(text: str) -> str:
    """A text as a literal of a formula."""
    return '"' + text.replace('"', '""') + '"'


def plain_number(value: Decimal) -> str:
    """A figure without trailing zeros (15, 7.5)."""
    return f"{value.normalize():f}"


def height(texts: Sequence[tuple[str, int]]) -> float:
    """The row height in points that shows each wrapped (text, column width)."""
    lines = max((sum(_lines(part, width) for part in text.split("\n")) for text, width in texts), default=1)
    return min(_ROW_MAXIMUM, lines * LINE_HEIGHT + _ROW_MARGIN)


@lru_cache(maxsize=4096)
def _lines(text: str, width: int) -> int:
    shown = sum(2 if unicodedata.east_asian_width(character) in "WFA" else 1 for character in text)
    return max(1, -(-shown // max(1, width - 1)))


def validate(
    sheet: Worksheet,
    row: int,
    column: int,
    last_row: int,
    spec: ColumnSpec,
    ceiling: Decimal | None = None,
    note: str = "",
    derived: bool = False,
) -> None:
    """Let the cells of a column, rows ``row`` to ``last_row`` from 0, take only what they are for, and say what that is.

    ``note`` is what the line has to say besides the column; ``derived`` cells hold a formula that may be typed over.
    """
    rule = _rule(spec, ceiling)
    said = "；".join(part for part in (spec.note, note) if part)
    expected = _DERIVED if derived else rule.get("error_message", "").removeprefix("请")
    message = "。".join(part.removesuffix("。") for part in (said, expected) if part)
    if message:
        rule |= {"input_title": spec.name, "input_message": f"{message}。"}
    elif rule["validate"] == "any":
        return
    sheet.data_validation(row, column, last_row, column, rule | {"error_title": "填写有误", "ignore_blank": True})


def _rule(spec: ColumnSpec, ceiling: Decimal | None) -> dict[str, Any]:
    match spec.type:
        case "choice":
            choices = "、".join(spec.choices)
            return {
                "validate": "list", "source": list(spec.choices),
                "error_message": f"请从下拉列表中选择：{choices}。",
            }  # fmt: skip
        case "date":
            return {
                "validate": "date", "criteria": "between", "minimum": _EARLIEST, "maximum": _LATEST,
                "error_message": "请填日期，如 2024-12-31。",
            }  # fmt: skip
        case "count":
            return {
                "validate": "integer", "criteria": ">=", "value": 0,
                "error_message": "请填不小于0的整数，不带单位和文字。",
            }  # fmt: skip
        case "percent":
            return {
                "validate": "decimal", "criteria": "between", "minimum": 0, "maximum": 1,
                "error_message": "请填0%至100%之间的百分数，如 95%。",
            }  # fmt: skip
        case "points" if ceiling is not None:
            return {
                "validate": "decimal", "criteria": "between", "minimum": 0, "maximum": float(ceiling),
                "error_message": f"自评得分应在0与分值{plain_number(ceiling)}之间。",
            }  # fmt: skip
        case "amount" | "number" | "points":
            least, words = (-1e15, "请填数字") if spec.signed else (0, "请填不小于0的数字")
            return {
                "validate": "decimal", "criteria": ">=", "value": least,
                "error_message": f"{words}，不带单位、逗号和文字；没有发生额的填0。",
            }  # fmt: skip
        case _:
            return {"validate": "any"}
