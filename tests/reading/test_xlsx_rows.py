"""Cells of an .xlsx: the values that another reader finds, whatever other workbooks have rows of the same shape."""

from __future__ import annotations

import io
from datetime import date, datetime, time, timedelta
from decimal import Decimal

import pytest
import python_calamine
from hypothesis import given
from hypothesis import strategies as st
from xlsxwriter import Workbook

from evalbatch.reading import UnreadableWorkbook, read_xlsx
from evalbatch.reading.plain_xml import MAIN
from evalbatch.reading.xlsx_rows import moment
from tests.forms import blank_template
from tests.reading.test_plain_xml import PACKAGE, RELATIONS, cell, grid, sheet, workbook
from tests.test_samples import FOLDER

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\r", exclude_categories=["Cc", "Cs"]), max_size=8)
CONTENTS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**15), 10**15),
    st.floats(-1e300, 1e300),
    TEXTS.filter(lambda text: text == text.strip() and "_x" not in text and text != ""),
    st.dates(date(1900, 3, 1), date(9999, 12, 31)),
)


def written(rows: list[list[object]]) -> bytes:
    target = io.BytesIO()
    with Workbook(target, {"in_memory": True, "default_date_format": "yyyy-mm-dd"}) as book:
        sheet = book.add_worksheet()
        for row, cells in enumerate(rows):
            for column, content in enumerate(cells):
                if isinstance(content, str):
                    sheet.write_string(row, column, content)
                elif content is not None:
                    sheet.write(row, column, content)
    return target.getvalue()


def by_calamine(content: bytes) -> dict[tuple[str, int, int], object]:
    book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
    return {
        (name, row, column): said
        for name in book.sheet_names
        for row, cells in enumerate(book.get_sheet_by_name(name).to_python(skip_empty_area=False))
        for column, said in enumerate(cells)
        if said != ""
    }


def by_us(content: bytes) -> dict[tuple[str, int, int], object]:
    return {
        (grid.name, row, column): said
        for grid in read_xlsx(content).grids
        for row, cells in enumerate(grid.rows)
        for column, said in enumerate(cells)
        if said != ""
    }


@given(st.lists(st.lists(CONTENTS, max_size=4), max_size=5))
def test_any_contents_are_read_as_another_reader_reads_them(rows: list[list[object]]) -> None:
    content = written(rows)
    assert by_us(content) == by_calamine(content)


def test_forms_are_read_as_another_reader_reads_them() -> None:
    contents = [blank_template(), *(path.read_bytes() for path in sorted((FOLDER / "inbox").glob("10100*.xlsx")))]
    assert len(contents) > 5
    for content in contents:
        assert by_us(content) == by_calamine(content)


@pytest.mark.parametrize("since_1904", [False, True])
def test_days_are_counted_as_another_reader_counts_them(since_1904: bool) -> None:
    numbers = (0.0, 0.25, 1.0, 59.0, 60.0, 60.5, 61.0, 45657.0, 45657.5, 45657.0001, 45657.999999999, 2e6, 3e6, 1e9)
    rows = "".join(
        f'<row r="{at}"><c r="A{at}" s="1"><v>{number!r}</v></c></row>' for at, number in enumerate(numbers, 1)
    )
    book = (
        f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}"><workbookPr date1904="{int(since_1904)}"/><sheets>'
        '<sheet name="表" sheetId="1" r:id="r1"/></sheets></workbook>'
    )
    content = workbook(sheet(rows), {"xl/workbook.xml": book})
    assert by_us(content) == by_calamine(content)


def test_what_is_no_day_is_none() -> None:
    assert moment(-1.0, since_1904=False, span=False) == timedelta(days=-1)
    assert moment(1.5, since_1904=False, span=True) == timedelta(days=1.5)
    assert moment(1e12, since_1904=False, span=True) == 1e12
    assert moment(0.5, since_1904=True, span=False) == time(12)
    assert moment(2958466.0, since_1904=False, span=False) == 2958466.0
    assert moment(45657.5, since_1904=False, span=False) == datetime(2024, 12, 31, 12)


def styles(number: int) -> dict[str, str | bytes]:
    return {"xl/styles.xml": f'<styleSheet xmlns="{MAIN}"><cellXfs><xf numFmtId="{number}"/></cellXfs></styleSheet>'}


def test_rows_alike_in_two_workbooks_have_the_formats_and_texts_of_their_own() -> None:
    xml = sheet('<row r="1"><c r="A1" s="0"><v>45657</v></c><c r="B1" t="s"><v>0</v></c></row>')
    texts = {"xl/sharedStrings.xml": f'<sst xmlns="{MAIN}"><si><t>甲</t></si></sst>'}
    for _ in range(2):
        assert grid(xml, styles(0)).rows == [[45657.0, "零"]]
        assert grid(xml, {**styles(14), **texts}).rows == [[date(2024, 12, 31), "甲"]]


def test_rows_alike_but_for_values_are_each_their_own() -> None:
    for value in ("1", "-2.5", "1e3", ""):
        found = grid(sheet(f'<row r="1"><c r="A1"><f>B1</f><v>{value}</v></c><c r="B1" t="b"><v>1</v></c></row>'))
        assert found.rows == [[float(value) if value else "", True]]
        assert found.formulas == {(0, 0): "B1"}
    with pytest.raises(UnreadableWorkbook):
        grid(sheet('<row r="1"><c r="A1" t="s"><v>7</v></c></row>'))
    assert grid(sheet('<row r="1"><c r="A1" t="s"><v>1</v></c></row>')).rows == [["一"]]


def test_rows_in_any_order_and_in_two_parts() -> None:
    xml = sheet(
        '<row r="3"><c r="C3"><v>3</v></c></row><row r="2"/><row r="1"><c r="A1"><v>1</v></c></row>'
        '<row r="3"><c r="A3"><v>4</v></c><c r="E3"/></row>'
    )
    assert grid(xml).rows == [[1.0], [], [4.0, "", 3.0, "", ""]]


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("a_x000D__x000A_b", "a\r\nb"),
        ("_x4e2D_", "中"),
        ("_x005F_x4e2d_", "_x4e2d_"),
        ("_xD800_", "_xD800_"),
        ("_x12_", "_x12_"),
        ("a\r\nb&#10;c", "a\nb\nc"),
    ],
)
def test_characters_that_are_written_as_codes(said: str, meant: str) -> None:
    assert cell(f'<c r="B2" t="str"><v>{said}</v></c>') == meant
    assert cell(f'<c r="B2" t="inlineStr"><is><t>{said}</t></is></c>') == meant


def test_a_sheet_larger_than_one_piece() -> None:
    rows = "".join(f'<row r="{row}"><c r="A{row}" s="0"><v>{row}</v></c></row>' for row in range(1, 40_000))
    found = grid(sheet(rows))
    assert [row[0] for row in found.rows] == [float(row) for row in range(1, 40_000)]
    assert Decimal(len(rows)) > 1 << 20


def test_formulas_written_out_once() -> None:
    xml = sheet(
        '<row r="1"><c r="B1"><f t="shared" ref="B1:B2" si="0">A1*2</f><v>2</v></c></row>'
        '<row r="2"><c r="B2"><f t="shared" si="0"/><v>4</v></c></row>'
        '<row r="3"><c r="B3"><f t="shared" si="1"/><v>4</v></c></row>'
    )
    found = grid(xml)
    assert found.formulas == {(0, 1): "A1*2", (1, 1): "A2*2", (2, 1): ""}
    assert found.errors == {(2, 1): "#VALUE!"}


def test_a_workbook_without_texts_and_formats() -> None:
    links = (
        f'<R xmlns="{PACKAGE}"><Relationship Id="r1" Type="{RELATIONS}/worksheet" Target="worksheets/sheet1.xml"/></R>'
    )
    found = grid(sheet('<row r="1"><c r="A1" s="3"><v>7</v></c></row>'), {"xl/_rels/workbook.xml.rels": links})
    assert found.rows == [[7.0]]


def test_a_figure_that_is_shown_scaled_down() -> None:
    formats = {
        "xl/styles.xml": f'<styleSheet xmlns="{MAIN}"><numFmts><numFmt numFmtId="200" formatCode="0!.0,&quot;万&quot;"/>'
        '</numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="200"/></cellXfs></styleSheet>'
    }
    found = grid(sheet('<row r="2"><c r="A2" s="0"><v>5</v></c><c r="B2" s="1"><v>12345</v></c></row>'), formats)
    assert found.rows == [[], [5.0, 12345.0]]
    assert found.scaled == {(1, 1): '0!.0,"万"'}


def test_a_formula_for_several_cells_stands_in_each_of_them() -> None:
    xml = sheet(
        '<row r="1"><c r="A1"><f t="array" ref="A1:B2">D1:E2*2</f><v>2</v></c><c r="B1"/></row>'
        '<row r="2"><c r="A2"><v>4</v></c><c r="B2"><f>C2</f><v>1</v></c></row>'
    )
    assert grid(xml).formulas == {(0, 0): "D1:E2*2", (0, 1): "D1:E2*2", (1, 0): "D1:E2*2", (1, 1): "C2"}
