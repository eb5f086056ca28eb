"""Scheme -> the workbook in which a bureau edits it: a sheet a table, closed lists as dropdowns."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from math import ceil
from typing import BinaryIO, Final

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from evalbatch.cell_text import plain_text
from evalbatch.scheme.layout import column_letter
from evalbatch.scheme.spec import SchemeSpec
from evalbatch.scheme_workbook.forms import Number
from evalbatch.scheme_workbook.tables import (
    ABOUT_ROW,
    FACT_HEADERS,
    FACTS,
    GUIDE,
    HEADER_ROW,
    NOTE_ROW,
    TABLES,
    TITLE_ROW,
    Column,
    Table,
    facts,
)

_SPARE_ROWS: Final = 300
"""Rows under the entries that have the dropdowns too, for new ones."""
_LINE: Final = 14.0
_HOW: Final = (
    "本工作簿是一份评价方案的全部内容，一处一事，改好后由程序读回，不必接触其他文件。",
    "1. 改数、改文字、改公式：直接改单元格。有下拉箭头的从列表中选。灰色的表头与栏目说明请勿改动。",
    "2. 增加一项：在表中插入一行照样填写；减少一项：删除整行。空白行不算。",
    "3. 栏目的次序可以移动，但表头文字、工作表名称不能改，也不能删。表格右边自加的栏目、自加的工作表不读取。",
    "4. 公式是文字，不以等号开头，如 S10.决算数 >= 90% * S10.全年预算数；“编码.栏目”表示一个单元格。请勿填 Excel 公式。",
    "5. 一格填几个名称的用“、”隔开；写明“每行一项”的，在单元格内用 Alt＋Enter 换行。",
    "6. 改完保存为 .xlsx，运行 evalbatch scheme import 本工作簿.xlsx -o 方案.toml。有错时会说明在哪张表哪个单元格。",
    "7. 运行评价时用 --scheme 方案.toml；部门的空白工作簿用 evalbatch template --scheme 方案.toml -o 模板.xlsx 重新写出。",
    "制定下一年的方案：先改“基本信息”的版本、评价年度，再改“填报行”中封面的评价年度（T04）、指标体系版本（T12）的预填。",
)


def write_workbook(target: BinaryIO, spec: SchemeSpec) -> None:
    """Write the workbook of a scheme; the same scheme gives the same bytes."""
    options = {
        "in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
        "default_format_properties": {"font_name": "宋体", "font_size": 10},
    }  # fmt: skip
    with Workbook(target, options) as workbook:
        workbook.set_properties({"title": f"{spec.title}方案 {spec.edition}", "created": datetime(spec.year, 1, 1)})
        _Writer(workbook, spec).write()


class _Writer:
    def __init__(self, workbook: Workbook, spec: SchemeSpec) -> None:
        self.workbook = workbook
        self.spec = spec
        plain: dict[str, object] = {"valign": "top", "text_wrap": True}
        cell = plain | {"border": 1, "border_color": "#BFBFBF"}
        self.title = workbook.add_format({"font_name": "黑体", "font_size": 16, "valign": "vcenter"})
        self.about = workbook.add_format(plain | {"font_color": "#404040"})
        self.line = workbook.add_format({"font_color": "#404040", "valign": "vcenter"})
        self.note = workbook.add_format(cell | {"font_size": 9, "font_color": "#595959", "bg_color": "#F7F7F7"})
        self.header = workbook.add_format(
            cell | {"font_name": "黑体", "align": "center", "valign": "vcenter", "bg_color": "#D9D9D9"}
        )
        self.text = workbook.add_format(cell | {"num_format": "@"})
        self.number = workbook.add_format(cell | {"align": "center"})
        self.again = workbook.add_format(cell | {"num_format": "@", "font_color": "#7F7F7F", "bg_color": "#F7F7F7"})
        self.fact = workbook.add_format(cell | {"align": "left"})
        self.label = workbook.add_format(cell | {"bg_color": "#EDEDED"})
        self.new_text = workbook.add_format(plain | {"num_format": "@"})
        self.new_number = workbook.add_format(plain | {"align": "center"})

    def write(self) -> None:
        self.write_guide()
        self.write_facts()
        for table in TABLES:
            self.write_table(table)

    # ---- pages

    def sheet(self, name: str, widths: Sequence[float]) -> Worksheet:
        sheet = self.workbook.add_worksheet(name)
        for index, width in enumerate(widths):
            sheet.set_column(index, index, width)
        sheet.set_paper(9)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        sheet.set_footer("&L&A&R第 &P 页，共 &N 页")
        return sheet

    def write_guide(self) -> None:
        sheet = self.sheet(GUIDE, (16, 100))
        self.put(sheet, 0, 0, f"{self.spec.title}方案（{self.spec.edition} 版）", self.title)
        sheet.set_row(0, 28)
        row = 1
        for line in _HOW:
            sheet.merge_range(row, 0, row, 1, "", self.about)
            self.put(sheet, row, 0, line, self.about)
            sheet.set_row(row, _LINE * _lines(line, 116) + 4)
            row += 1
        row += 1
        self.put(sheet, row, 0, "工作表", self.header)
        self.put(sheet, row, 1, "内容", self.header)
        pages = [(FACTS, "版本、年度、依据、金额单位、尾差、总分。"), *((table.sheet, table.about) for table in TABLES)]
        for name, about in pages:
            row += 1
            sheet.write_url(row, 0, f"internal:'{name}'!A1", self.label, name)
            self.put(sheet, row, 1, about, self.text)

    def write_facts(self) -> None:
        sheet = self.sheet(FACTS, (20, 70, 50))
        self.head(sheet, FACTS, "每行一项，改“内容”一栏。", 3)
        for index, header in enumerate(FACT_HEADERS):
            self.put(sheet, HEADER_ROW, index, header, self.header)
        for row, (path, column) in enumerate(facts(), HEADER_ROW + 1):
            owner = getattr(self.spec, path[0]) if path else self.spec
            self.put(sheet, row, 0, column.word.header, self.label)
            value = column.write(getattr(owner, column.attribute))
            self.put(sheet, row, 1, value, self.fact if isinstance(value, Decimal) else self.text)
            self.put(sheet, row, 2, column.note, self.note)
            self.fit(sheet, row, (column.word.header, value, column.note), (20, 70, 54))
        sheet.freeze_panes(HEADER_ROW + 1, 1)

    def write_table(self, table: Table) -> None:
        columns = table.columns
        sheet = self.sheet(table.sheet, ())
        for index, column in enumerate(columns):
            new = self.new_number if isinstance(column.form, Number) else self.new_text
            sheet.set_column(index, index, column.word.width, new)
            self.put(sheet, NOTE_ROW, index, column.note, self.note)
            self.put(sheet, HEADER_ROW, index, column.word.header, self.header)
        self.head(sheet, table.sheet, table.about, len(columns))
        notes = max(_lines(column.note, column.word.width - 1) for column in columns)
        sheet.set_row(NOTE_ROW, max(1, notes) * 12.5 + 3)
        headers = max(_lines(column.word.header, column.word.width - 1) for column in columns)
        sheet.set_row(HEADER_ROW, headers * _LINE + 6)
        rows = list(table.rows(self.spec))
        for row, cells in enumerate(rows, HEADER_ROW + 1):
            more = table.options and row > HEADER_ROW + 1 and cells[0] == rows[row - HEADER_ROW - 2][0]
            for index, (column, value) in enumerate(zip(columns, cells, strict=True)):
                first = more and index < len(table.fields)
                self.put(sheet, row, index, value, self.again if first else self.format_of(column))
            self.fit(sheet, row, cells, [column.word.width for column in columns])
        last = HEADER_ROW + len(rows) + _SPARE_ROWS
        self.offer(sheet, table, rows, last)
        sheet.freeze_panes(HEADER_ROW + 1, 2 if table.owner is not None else 1)
        sheet.repeat_rows(HEADER_ROW)
        if rows:
            sheet.autofilter(HEADER_ROW, 0, HEADER_ROW + len(rows), len(columns) - 1)

    def head(self, sheet: Worksheet, name: str, about: str, columns: int) -> None:
        self.put(sheet, TITLE_ROW, 0, name, self.title)
        sheet.set_row(TITLE_ROW, 26)
        # not merged: a row of merged cells hinders moving and inserting columns
        self.put(sheet, ABOUT_ROW, 0, about, self.line)
        for index in range(1, columns):
            sheet.write_blank(ABOUT_ROW, index, None, self.line)

    # ---- cells

    def format_of(self, column: Column) -> Format:
        return self.number if isinstance(column.form, Number) else self.text

    def fit(self, sheet: Worksheet, row: int, cells: Sequence[str | Decimal | None], widths: Sequence[float]) -> None:
        """The height of a row with wrapped texts; not every program finds it by itself."""
        texts = zip(cells, widths, strict=True)
        most = max([1, *(_lines(cell, width - 0.5) for cell, width in texts if isinstance(cell, str))])
        if most > 1:
            sheet.set_row(row, min(most * _LINE + 4, 400))

    def put(self, sheet: Worksheet, row: int, column: int, value: str | Decimal | None, form: Format) -> None:
        """One cell: numbers as numbers, everything else as text, never as a formula."""
        if isinstance(value, Decimal):
            sheet.write_number(row, column, float(value), form)
        elif value:
            sheet.write_string(row, column, plain_text(value), form)
        else:
            sheet.write_blank(row, column, None, form)

    def offer(self, sheet: Worksheet, table: Table, rows: Sequence[Sequence[object]], last: int) -> None:
        """The dropdowns of the closed lists."""
        for index, column in enumerate(table.columns):
            if column.words:
                source: object = list(column.words)
            elif column.word.source:
                listed = next(other for other in TABLES if other.sheet == column.word.source)
                end = HEADER_ROW + 1 + sum(1 for _ in listed.rows(self.spec)) + _SPARE_ROWS
                source = f"='{column.word.source}'!$A${HEADER_ROW + 2}:$A${end}"
            else:
                continue
            sheet.data_validation(HEADER_ROW + 1, index, last, index, {
                "validate": "list", "source": source, "error_title": column.word.header,
                "error_message": "请从下拉列表中选择。",
            })  # fmt: skip
        if table.options:
            self.offer_options(sheet, table, rows)

    def offer_options(self, sheet: Worksheet, table: Table, rows: Sequence[Sequence[object]]) -> None:
        """采用的做法: the options of its own policy."""
        choice = next(n for n, column in enumerate(table.columns) if column.attribute == "choice")
        letter = column_letter(len(table.fields) + 1)
        row = HEADER_ROW + 1
        for _, entries in groupby(rows, key=lambda cells: cells[0]):
            count = len(list(entries))
            sheet.data_validation(row, choice, row, choice, {
                "validate": "list", "source": f"=${letter}${row + 1}:${letter}${row + count}",
                "error_title": "采用的做法", "error_message": "请选择本口径的一种做法。",
            })  # fmt: skip
            row += count


def _lines(text: str, width: float) -> int:
    """Lines that a text takes in a column; a Chinese character is two wide."""
    return sum(
        max(1, ceil(sum(2 if ord(character) > 0x2000 else 1 for character in line) / max(width, 1)))
        for line in text.split("\n")
    )
