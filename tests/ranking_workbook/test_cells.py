"""The cells of the long tables against XlsxWriter's own, and formulas with open places."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from xml.sax.saxutils import escape

from hypothesis import example, given, settings
from hypothesis import strategies as st
from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from evalbatch.department_rows import Value
from evalbatch.plain_sheet import PlainSheet
from evalbatch.ranking_workbook.cells import ColumnCells, Computed, write_computed, write_value
from evalbatch.ranking_workbook.grid import Fillable
from tests.ranking_workbook.outcomes import PAYLOADS

Formats = tuple[Format, Format, Format]
Cell = Value | Computed
EDGES: Sequence[Cell] = (
    *PAYLOADS, None, "", " 前后 ", "后\n", "\u3000", "<r>x</r>", "_x0041_", "&_x000D_<", "\r\n", "a\x0bb\ud800c", "𠮷",
    0, -1, 10**20, Decimal(0), Decimal("-0.00"), Decimal("0.1"), Decimal("123456789012.345678"), Decimal("1E-9"),
    date(1900, 1, 1), date(1900, 3, 1), date(2024, 12, 31), datetime(2025, 9, 1, 9, 30, 1),
    Computed('IF(A1<>"",B1&"%",1)', "—"), Computed("A1", ""), Computed("A1", None), Computed("A1", "<&>"),
    Computed("A1", Decimal("5.00")), Computed("A1", Decimal("97.86")), Computed("A1", Decimal("1E+3")), Computed("A1", 7),
)  # fmt: skip
NUMBERS = st.decimals(-(10**12), 10**12, allow_nan=False, places=6)
VALUES = st.one_of(
    st.none(), st.text(), st.integers(-(10**15), 10**15), NUMBERS, st.dates(date(1900, 1, 1)),
    st.datetimes(datetime(1900, 1, 1)), st.builds(Computed, st.just('A1<B1&"%"'), st.one_of(NUMBERS, st.text("甲<&>\n"))),
)  # fmt: skip


def sheet_data(kind: type[Worksheet], rows: Callable[[Worksheet, Formats], None]) -> str:
    """What a sheet holds from its first row on, as XML, written in the order in which formats are first used."""
    target = io.BytesIO()
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with Workbook(target, options) as book:
        formats = tuple(book.add_format({"num_format": text}) for text in ("0.00", "@", "General"))
        sheet = book.add_worksheet("表", kind)
        sheet.set_row(0, 30)
        sheet.write_row(0, 0, ["题"] * len(EDGES))
        rows(sheet, (formats[0], formats[1], formats[2]))
    with zipfile.ZipFile(target) as package:
        text = package.read("xl/worksheets/sheet1.xml").decode("utf-8")
    return text[text.index("<dimension") :]


def by_the_library(cells: Sequence[Cell]) -> Callable[[Worksheet, Formats], None]:
    """A row written cell by cell."""

    def write(sheet: Worksheet, formats: Formats) -> None:
        sheet.set_row(1, 19.5)
        for column, cell in enumerate(cells):
            if isinstance(cell, Computed):
                write_computed(sheet, 1, column, cell.formula, cell.value, formats)
            else:
                write_value(sheet, 1, column, cell, formats)

    return write


def by_line(cells: Sequence[Cell]) -> Callable[[Worksheet, Formats], None]:
    """The same row as one line."""

    def write(sheet: Worksheet, formats: Formats) -> None:
        assert isinstance(sheet, PlainSheet)

        def xml(column: int, cell: Cell) -> str:
            made = ColumnCells(sheet, column, formats)
            if isinstance(cell, Computed):
                return made.computed("2", f"<f>{escape(cell.formula)}</f>", cell.value)
            return made.value("2", cell)

        lines = ((19.5, "".join([xml(*pair) for pair in enumerate(cells)])) for _ in range(1))
        assert sheet.write_lines(1, lines) == 1

    return write


@given(st.lists(VALUES, min_size=1, max_size=len(EDGES)))
@example(list(EDGES))
@settings(deadline=None)
def test_a_line_is_what_xlsxwriter_writes_cell_by_cell(cells: list[Cell]) -> None:
    assert sheet_data(PlainSheet, by_line(cells)) == sheet_data(Worksheet, by_the_library(cells))


def test_no_lines_leave_the_sheet_as_it_is() -> None:
    def nothing(sheet: Worksheet, _: Formats) -> None:
        assert isinstance(sheet, PlainSheet)
        assert sheet.write_lines(1, ()) == 0

    assert sheet_data(PlainSheet, nothing) == sheet_data(Worksheet, lambda *_: None)


def test_the_open_places_of_a_formula_are_filled() -> None:
    places = {"\ue001": "17", "\ue010": "3"}
    assert Fillable('A\ue001&"%"&$B$\ue010&C\ue000&D\ue001').fill(places, "5") == 'A17&"%"&$B$3&C5&D17'
    assert [Fillable(text).is_of_own_row for text in ("A\ue000+1", "A\ue001", "A\ue000+底稿!B\ue001", "1")] == [
        True,
        False,
        False,
        False,
    ]
