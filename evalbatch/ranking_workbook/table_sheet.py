"""One table onto one sheet: title, legend, header, rows, and how it is frozen, filtered and printed; row by row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from math import ceil
from typing import Final

from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from evalbatch.cell_text import escape, plain_text
from evalbatch.department_rows import Row, Value
from evalbatch.plain_sheet import PlainSheet
from evalbatch.ranking_workbook.cells import ColumnCells, Computed, shown, write_cell
from evalbatch.ranking_workbook.formulas import CHANGED, IS_CHANGED
from evalbatch.ranking_workbook.grid import Fillable, Grid
from evalbatch.ranking_workbook.looks import LEGEND, Formats
from evalbatch.ranking_workbook.sheets import NOBODY, Sheet
from evalbatch.scheme.layout import column_letter

MOST_ROWS: Final = 1_048_576
"""Rows of a sheet; a longer table goes on on a further sheet."""
_A3: Final = 8
_A4: Final = 9
_SCALE: Final = 55
"""Per cent at which a sheet of many pages side by side is printed."""
_BAR: Final = {
    "type": "data_bar",
    "bar_color": "#BFBFBF",
    "min_type": "num",
    "min_value": 0,
    "max_type": "num",
    "max_value": 1,
}
_PAGES: Final = "第 &P 页，共 &N 页"
_TITLE_HEIGHT: Final = 30
_LINE_HEIGHT: Final = 13.5
"""Points that a line of 10-point text takes."""
_SPACE: Final = 6
_MOST_HEIGHT: Final = 409
_CHARACTER: Final = 0.93
"""Width of a 10-point Latin character in the unit of column widths."""
_PADDING: Final = 1.5
"""Characters of a column's width that no text fills."""


_IGNORED: Final = ("number_stored_as_text", "formula_differs", "formula_range", "empty_cell_reference")


def write_sheet(book: Workbook, formats: Formats, page: Sheet, grid: Grid | None) -> None:
    """Write a sheet, and further ones (``得分明细（2）``) for the rows that it cannot hold; formulas where ``grid`` is."""
    room = MOST_ROWS - page.header_row - 1
    rows = _shown(page)
    for part in range(1, max(ceil(len(page.table) / room), 1) + 1):
        sheet: PlainSheet = book.add_worksheet(page.name if part == 1 else f"{page.name}（{part}）", PlainSheet)
        _write_part(sheet, formats, page, grid, islice(rows, room))


def _shown(page: Sheet) -> Iterator[Row]:
    """The rows in the columns of the sheet; one that the table has not is left to its formula."""
    headers = page.table.headers
    places = [headers.index(spec.header) if spec.header in headers else None for spec in page.columns]
    return (tuple([None if place is None else row[place] for place in places]) for row in page.table)


def set_up_page(sheet: Worksheet, a3: bool, footer: str = "", upright: bool = False) -> None:
    """Paper with narrow margins, centred, with the page number and a signature line in the footer."""
    if not upright:
        sheet.set_landscape()
    sheet.set_paper(_A3 if a3 else _A4)
    sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.7)
    sheet.center_horizontally()
    sheet.set_footer(f"&L{footer}&R{_PAGES}" if footer else f"&C{_PAGES}")
    sheet.hide_gridlines(2)


def _write_part(sheet: PlainSheet, formats: Formats, page: Sheet, grid: Grid | None, rows: Iterable[Row]) -> None:
    header = page.header_row
    widths = [spec.look.width if spec.width is None else spec.width for spec in page.columns]
    sheet.set_row(0, _TITLE_HEIGHT)
    if page.home:
        sheet.write_url(0, 0, f"internal:{page.home}!A1", formats.title, page.title, f"回到{page.home}")
    else:
        sheet.write_string(0, 0, page.title, formats.title)
    for row, text in enumerate(page.lead, 1):
        sheet.merge_range(row, 0, row, len(widths) - 1, "", formats.paragraph)
        sheet.write_string(row, 0, plain_text(text), formats.paragraph)
        sheet.set_row(row, row_height([(text, sum(widths))]))
    for row, (name, texts) in enumerate((page.legend or {}).items(), 1 + len(page.lead)):
        cells = (name, *("" for _ in range(page.legend_from - 1)), *texts)
        sheet.set_row(row, row_height((shown(cell), width) for cell, width in zip(cells, widths, strict=False)))
        for column, cell in enumerate(cells):
            write_cell(sheet, row, column, cell, formats.of(LEGEND))
    sheet.set_row(header, row_height(((spec.header, width) for spec, width in zip(page.columns, widths, strict=True))))
    for column, (spec, width) in enumerate(zip(page.columns, widths, strict=True)):
        sheet.write_string(header, column, spec.header, formats.header)
        shut = column + 1 < len(page.columns) and page.columns[column + 1].group == "shut" != spec.group
        level = 1 if spec.group else 0
        sheet.set_column(
            column, column, width, None, {"level": level, "hidden": spec.group == "shut", "collapsed": shut}
        )
    # the sign that opens a group stands above the column before it
    sheet.outline_settings(symbols_right=False)
    last = sheet.write_lines(header + 1, _lines(sheet, formats, page, widths, grid, rows))
    right = len(page.columns) - 1
    sheet.autofilter(header, 0, last, right)
    sheet.freeze_panes(header + 1, page.frozen)
    if last > header:
        body = f"A{header + 2}:{column_letter(right + 1)}{last + 1}"
        sheet.ignore_errors(dict.fromkeys(_IGNORED, body))
        for column, spec in enumerate(page.columns):
            cells = (header + 1, column, last, column)
            if spec.marked:
                told = {"type": "cell", "criteria": "==", "value": f'"{spec.marked}"', "format": formats.marked}
                sheet.conditional_format(*cells, told)
            if spec.bar:
                sheet.conditional_format(*cells, _BAR)
            if spec.rate_beside:
                is_rate = f'=RIGHT(${page.area.letter(spec.rate_beside)}{header + 2},1)="%"'
                sheet.conditional_format(*cells, {"type": "formula", "criteria": is_rate, "format": formats.rate})
        if grid is not None and CHANGED in page.area.headers:
            mark = f'=${page.area.letter(CHANGED)}{header + 2}="{IS_CHANGED}"'
            sheet.conditional_format(body, {"type": "formula", "criteria": mark, "format": formats.marked})
    set_up_page(sheet, page.a3, page.signed, page.upright)
    # what is said once is not said on every page
    sheet.repeat_rows(header if page.lead else 0, header)
    if page.one_page_wide:
        sheet.fit_to_pages(1, 0)
    else:
        sheet.repeat_columns(0, page.frozen - 1)
        sheet.set_print_scale(_SCALE)


def _lines(
    sheet: PlainSheet,
    formats: Formats,
    page: Sheet,
    widths: Sequence[float],
    grid: Grid | None,
    rows: Iterable[Row],
) -> Iterator[tuple[float, str]]:
    """The height and the cells of each row."""
    columns = [ColumnCells(sheet, column, formats.of(spec.look)) for column, spec in enumerate(page.columns)]
    wrapped = [(column, widths[column]) for column, spec in enumerate(page.columns) if spec.look.wrap]
    live = _Formulas(page, grid)
    for index, values in enumerate(rows, page.header_row + 1):
        row, (elements, said) = str(index + 1), live.of_row(index)
        height = row_height([(values[column], width) for column, width in wrapped])
        shown_values = [said.get(column, value) for column, value in enumerate(values)] if said else values
        cells = [
            cells.value(row, value) if element is None else cells.computed(row, element, value)
            for cells, element, value in zip(columns, elements, shown_values, strict=True)
        ]
        yield height, "".join(cells)


class _Formulas:
    """The formulas of a page: each compiled once for a column and a line of a department, filled in row by row."""

    def __init__(self, page: Sheet, grid: Grid | None) -> None:
        self.page = page
        self.grid = grid
        self._none = [None] * len(page.columns)
        self._compiled: dict[tuple[bool, int], tuple[list[Fillable | str | None], dict[int, Value]]] = {}
        self._shared: dict[tuple[int, str], str] = {}
        self._department = NOBODY
        self._places: dict[str, str] = {}

    def of_row(self, row: int) -> tuple[Sequence[str | None], Mapping[int, Value]]:
        """By column, the formulas of a row (0-based) as ``f`` elements, and what those say whose column is in no table."""
        index = row - self.page.header_row - 1
        if self.grid is None or index >= len(self.page.belongs):
            return self._none, {}
        department, line = self.page.belongs[index]
        if department != self._department:
            self._department, self._places = department, self.grid.places(department)
        kind = (department == NOBODY, line)
        if kind not in self._compiled:
            self._compiled[kind] = self._compile(self.grid, *kind)
        compiled, said = self._compiled[kind]
        number = str(row + 1)
        return [
            self._element(compiled, column, formula, number) if isinstance(formula, Fillable) else formula
            for column, formula in enumerate(compiled)
        ], said

    def _element(self, compiled: list[Fillable | str | None], column: int, formula: Fillable, row: str) -> str:
        """The formula of a cell; one that speaks of its own row alone is written once for all rows below."""
        if not formula.is_of_own_row:
            return f"<f>{formula.fill(self._places, row)}</f>"
        key = (column, formula.text)
        if key in self._shared:
            compiled[column] = self._shared[key]
            return self._shared[key]
        share = f't="shared" si="{len(self._shared)}"'
        compiled[column] = self._shared[key] = f"<f {share}/>"
        letter, last = column_letter(column + 1), self.page.header_row + 1 + len(self.page.table)
        return f'<f {share} ref="{letter}{row}:{letter}{last}">{formula.fill(self._places, row)}</f>'

    def _compile(self, grid: Grid, unranked: bool, line: int) -> tuple[list[Fillable | str | None], dict[int, Value]]:
        compiled: list[Fillable | str | None] = [None] * len(self.page.columns)
        said: dict[int, Value] = {}
        for column, spec in enumerate(self.page.columns):
            if unranked and not spec.unranked:
                continue
            formula = spec.formula(grid, line) if callable(spec.formula) else spec.formula
            if isinstance(formula, Computed):
                said[column] = formula.value
                formula = formula.formula
            if formula is not None:
                compiled[column] = Fillable(escape(grid.on_sheet(self.page.name, formula)))
        return compiled, said


def row_height(cells: Iterable[tuple[Value, float]]) -> float:
    """The height in points that texts need when wrapped in columns of these widths.

    Neither LibreOffice nor WPS finds it out on opening. A Chinese character is as wide as two Latin ones.
    """
    most = 1
    for value, width in cells:
        if isinstance(value, str) and (2 * len(value) > width - _PADDING or "\n" in value):
            room = max(width - _PADDING, 2)
            lines = sum(
                max(1, ceil(len(line.encode("gbk", "replace")) * _CHARACTER / room)) for line in value.split("\n")
            )
            most = max(most, lines)
    return min(_MOST_HEIGHT, most * _LINE_HEIGHT + _SPACE)
