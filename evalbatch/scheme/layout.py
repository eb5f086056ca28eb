"""Scheme -> where each input cell stands in the template; the one place that knows the template's addresses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from evalbatch.scheme import Indicator, Scheme
from evalbatch.scheme.spec import ColumnSpec, SheetSpec

KEY_HEADER: Final = "编码"
HEADER_ROW: Final = 4
"""Row of the column headers, 1-based: the title, 填报单位 and unit, and a note stand above."""
AUDIT_SHEET: Final = "数据审核"
AUDIT_COLUMNS: Final = ("编码", "审核内容", "公式", "左值", "右值", "差额", "结果", "提示", "情况说明", "定位")
STATUS_LABELS: Final = ("填报状态", "自评总分", "测算总分")
"""The lines under the table of 封面, computed; 测算总分 is the total of the batch, 待核 counted as 0."""
ATTACHMENT_SHEET: Final = "附件表"
GUIDE_SHEET: Final = "填报说明"
"""How to fill in the workbook, with a worked example; nothing on it is read."""
SUPPORT_SHEET: Final = "测算辅助"
"""Hidden sheet of the template: the columns that the scheme computes for each list row."""
UNREAD_SHEETS: Final = frozenset({ATTACHMENT_SHEET, GUIDE_SHEET, SUPPORT_SHEET})
"""Printed or computed from the others: nothing in them is ever read."""

_METHODS: Final = {"测算": "系统测算", "事实": "事实核对", "评判": "评判"}
"""计分方式 as printed, by the type of an indicator."""


def column_letter(number: int) -> str:
    """The letters of a 1-based column (28 is AB)."""
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def column_number(letters: str) -> int:
    """The 1-based column of its letters."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def address(row: int, column: int) -> str:
    """The name of a cell, both 1-based (25, 8 is H25)."""
    return f"{column_letter(column)}{row}"


_FEW: Final = 64
"""Cells at most of which the answer is kept: what a score rests on is the same in every workbook."""


def compress(places: Iterable[str]) -> str:
    """Cell names joined as in Excel's name box, runs down a column as ranges (``E70:E75、H70``)."""
    found = tuple(places)
    return (_compressed if len(found) <= _FEW else _compressed.__wrapped__)(found)


@lru_cache(maxsize=1024)
def _compressed(places: tuple[str, ...]) -> str:
    by_column: dict[str, list[int]] = {}
    for place in places:
        letters = place.rstrip("0123456789")
        by_column.setdefault(letters, []).append(int(place[len(letters) :] or 0))
    parts: list[str] = []
    for letters in sorted(by_column, key=lambda name: column_number(name) if name.isalpha() else 0):
        numbers = sorted(set(by_column[letters]))
        start = previous = numbers[0]
        for number_ in [*numbers[1:], -1]:
            if number_ == previous + 1:
                previous = number_
                continue
            name = column_letter(column_number(letters)) if letters.isalpha() else letters
            if not start:
                parts.append(name)
            else:
                parts.append(f"{name}{start}" if start == previous else f"{name}{start}:{name}{previous}")
            start = previous = number_
    return "、".join(parts)


@dataclass(frozen=True, slots=True)
class SheetLayout:
    """Columns (by header, 1-based) and rows (by key, 1-based) of one sheet of the template."""

    spec: SheetSpec
    columns: dict[str, int]
    rows: dict[str, int]
    headings: dict[int, str]
    """Rows that hold only the heading of a block."""
    last_row: int

    def cell(self, key: str, column: str) -> str:
        """The address of a cell, without its sheet."""
        return address(self.rows[key], self.columns[column])

    def column(self, column: str) -> str:
        """The range of a column from the first row to the last, without its sheet."""
        letter = column_letter(self.columns[column])
        return f"${letter}${HEADER_ROW + 1}:${letter}${self.last_row}"


@dataclass(frozen=True, slots=True)
class PrintedSheet:
    """What the template prints on a sheet for nobody to change, by 0-based row and column."""

    texts: Mapping[tuple[int, int], str]
    formulas: Mapping[tuple[int, int], str]
    shown: Mapping[tuple[int, int], str]
    """What the formulas say that say a text in the blank template."""


@dataclass(frozen=True, slots=True, eq=False)
class PrintedForm:
    """What the template prints on the sheets that are read; a file says by its stamp that it was made of this print."""

    stamp: str
    sheets: Mapping[str, PrintedSheet]


def visible_columns(sheet: SheetSpec) -> tuple[ColumnSpec, ...]:
    """The columns that the sheet itself shows; the hidden ones stand on the support sheet."""
    return sheet.visible


def list_key(sheet: SheetSpec, index: int) -> str:
    """The pre-printed key of a list row, ``index`` from 1 (X001, W01)."""
    return f"{sheet.prefix}{index:0{len(str(sheet.rows))}d}"


@lru_cache(maxsize=8)
def template_layout(scheme: Scheme) -> dict[str, SheetLayout]:
    """The layout of every input sheet, by sheet name."""
    layouts: dict[str, SheetLayout] = {}
    for sheet in scheme.spec.sheet:
        columns = {KEY_HEADER: 1}
        for offset, column in enumerate(visible_columns(sheet)):
            columns[column.name] = offset + 2
        rows: dict[str, int] = {}
        headings: dict[int, str] = {}
        row = HEADER_ROW + 1
        if sheet.kind == "list":
            for index in range(1, sheet.rows + 1):
                rows[list_key(sheet, index)] = row
                row += 1
        elif sheet.kind == "indicators":
            for code in scheme.indicators:
                rows[code] = row
                row += 1
        else:
            titles = {block.name: block.title for block in sheet.blocks}
            block = ""
            for spec in sheet.lines:
                line = scheme.lines[spec.key]
                if line.block != block and line.block in titles:
                    headings[row] = titles[line.block]
                    row += 1
                block = line.block
                rows[spec.key] = row
                row += 1
        layouts[sheet.name] = SheetLayout(sheet, columns, rows, headings, row - 1)
    return layouts


def template_cell(scheme: Scheme, key: str, column: str) -> tuple[str, str]:
    """The (sheet, cell) at which the template has an input cell."""
    sheet = scheme.sheet_of(key)
    return sheet, template_layout(scheme)[sheet].cell(key, column)


@lru_cache(maxsize=64)
def printed_texts(scheme: Scheme, sheet: str) -> Mapping[str, Mapping[str, str]]:
    """The texts that the template prints in the rows of a sheet: by key, then by column; a blank one is left out."""
    spec = scheme.sheets[sheet]
    labels = [column.name for column in spec.columns if column.type == "label"]
    if spec.kind == "indicators":
        texts = {code: _indicator_texts(indicator) for code, indicator in scheme.indicators.items()}
    else:
        lines = [scheme.lines[line.key] for line in spec.lines]
        texts = {line.key: dict(zip(labels, (line.label, line.note), strict=False)) for line in lines}
    return {key: {name: row[name] for name in labels if row.get(name)} for key, row in texts.items()}


def _indicator_texts(indicator: Indicator) -> dict[str, str]:
    return {
        "一级指标": indicator.group.title,
        "二级指标": indicator.spec.level2,
        "三级指标": indicator.name,
        "指标说明": indicator.spec.explain,
        "评价要点": indicator.spec.point,
        "计分方式": _METHODS[indicator.spec.type],
    }
