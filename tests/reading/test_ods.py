"""Cells of an .ods: their value is what their type says, however often they are repeated; what is doubtful is no figure."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final

import pytest

from evalbatch.reading import Book, Grid, UnreadableWorkbook, read_workbook
from tests.fuzzing.packages import pack

_SPACES: Final = " ".join(
    f'xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{prefix}:1.0"'
    for prefix in ("office", "table", "text", "style")
)
_CALC: Final = 'xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"'


def book(tables: str, styles: str = "") -> Book:
    xml = (
        f"<office:document-content {_SPACES} {_CALC}><office:automatic-styles>{styles}</office:automatic-styles>"
        f"<office:body><office:spreadsheet>{tables}</office:spreadsheet></office:body></office:document-content>"
    )
    parts = {
        "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
        "META-INF/manifest.xml": "",
        "content.xml": xml,
    }
    return read_workbook(pack({name: part.encode() for name, part in parts.items()}))


def grids(tables: str, styles: str = "") -> tuple[Grid, ...]:
    return book(tables, styles).grids


def grid(rows: str) -> Grid:
    (found,) = grids(f'<table:table table:name="表">{rows}</table:table>')
    return found


def row(*cells: str, attributes: str = "") -> str:
    return f"<table:table-row {attributes}>{''.join(cells)}</table:table-row>"


def cell(attributes: str, inner: str = "", tag: str = "table-cell") -> str:
    return f"<table:{tag} {attributes}>{inner}</table:{tag}>"


def figure(value: str, attributes: str = "") -> str:
    return cell(f'office:value-type="float" office:value="{value}" {attributes}', "<text:p>看见的</text:p>")


@pytest.mark.parametrize(
    ("attributes", "inner", "expected"),
    [
        ('office:value-type="float" office:value="12.5"', "<text:p>77</text:p>", 12.5),
        ('office:value-type="percentage" office:value="0.125"', "<text:p>12.5%</text:p>", 0.125),
        ('office:value-type="currency" office:value="12.5"', "", 12.5),
        ('office:value-type="string"', "<text:p>一</text:p><text:p>二</text:p>", "一\n二"),
        (
            'office:value-type="string"',
            "<text:p>一<text:s text:c='2'/><text:span>二</text:span><text:tab/>三</text:p>",
            "一  二\t三",
        ),
        (
            'office:value-type="string"',
            "<office:annotation><text:p>注</text:p></office:annotation><text:p>一</text:p>",
            "一",
        ),
        ('office:value-type="boolean" office:boolean-value="true"', "", True),
        ('office:value-type="date" office:date-value="2024-12-31"', "", date(2024, 12, 31)),
        ('office:value-type="date" office:date-value="2024-12-31T08:00:00"', "", datetime(2024, 12, 31, 8)),
        ('office:value-type="time" office:time-value="PT12H30M00S"', "", timedelta(hours=12, minutes=30)),
        ("", "", ""),
    ],
)
def test_a_value_by_its_type(attributes: str, inner: str, expected: object) -> None:
    found = grid(row(cell(attributes, inner)) + row(figure("1")))
    assert (found.at(0, 0), found.errors) == (expected, {})


@pytest.mark.parametrize(
    ("attributes", "inner"),
    [
        ('office:value-type="float"', "<text:p>77</text:p>"),
        ('office:value-type="float" office:value="1,25"', ""),
        ('office:value-type="float" office:value="1e400"', ""),
        ('office:value-type="float" office:value="NaN"', ""),
        ('office:value-type="date" office:date-value="77"', ""),
        ('office:value-type="boolean" office:value="1"', ""),
        ('office:value-type="boolean" office:boolean-value="true" office:value="77"', ""),
        ('office:value-type="float" office:value="1" office:date-value="2024-12-31"', ""),
        ('office:value-type="string" office:string-value="77"', "<text:p>12</text:p>"),
        ('office:value-type="void"', "<text:p>77</text:p>"),
        ("", "<text:p>77</text:p>"),
        ('office:value-type="float" office:value="1" table:formula=""', ""),
    ],
)
def test_what_does_not_fit_its_type_is_an_error_value(attributes: str, inner: str) -> None:
    found = grid(row(cell(attributes, inner)))
    assert (found.at(0, 0), found.errors) == ("", {(0, 0): "#VALUE!"})


@pytest.mark.parametrize(
    "attributes",
    [
        'office:value-type="string" office:string-value="" calcext:value-type="error" table:formula="of:=1/0"',
        'office:value-type="float" office:value="0" table:formula="of:=1/0"',
        'office:value-type="float" office:value="0"',
        'office:value-type="string" table:formula="of:=1/0"',
    ],
)
def test_an_error_says_what_it_shows_and_is_no_figure(attributes: str) -> None:
    """As LibreOffice, Excel, Excel for a pasted value, and LibreOffice for others write it."""
    found = grid(row(cell(attributes, "<text:p>#DIV/0!</text:p>")) + row(figure("0")))
    assert (found.rows, found.errors) == ([[""], [0.0]], {(0, 0): "#DIV/0!"})


def test_what_is_typed_like_an_error_is_a_text() -> None:
    found = grid(row(cell('office:value-type="string"', "<text:p>#N/A</text:p>")))
    assert (found.rows, found.errors) == ([["#N/A"]], {})


def test_repeated_cells_and_rows_and_covered_ones() -> None:
    found = grid(
        row(cell("", tag="covered-table-cell"), figure("1", 'table:number-columns-repeated="2"'), figure("2"))
        + row(attributes='table:number-rows-repeated="3"')
        + row(figure("3"), attributes='table:number-rows-repeated="2"')
        + row(cell('office:value-type="float" office:value="4"', tag="covered-table-cell"))
        + row(cell("table:number-columns-repeated='16384'"), attributes='table:number-rows-repeated="1048576"')
    )
    assert found.rows == [["", 1.0, 1.0, 2.0], [], [], [], [3.0], [3.0], [4.0]]


@pytest.mark.parametrize("of", ["rows", "columns"])
def test_a_repeated_formula_is_refused(of: str) -> None:
    repeated = f'table:number-{of}-repeated="2"'
    formula = 'table:formula="of:=1"'
    with pytest.raises(UnreadableWorkbook, match="损坏"):
        grid(
            row(
                figure("1", formula + (repeated if of == "columns" else "")),
                attributes=repeated if of == "rows" else "",
            )
        )
    assert grid(row(figure("1", formula))).formulas == {(0, 0): "1"}


def test_rows_in_groups_count_and_what_is_no_sheet_does_not() -> None:
    tables = (
        "<table:tracked-changes><table:deletion><table:table-row/></table:deletion></table:tracked-changes>"
        f'<table:table table:name="表"><table:table-header-rows>{row(figure("1"))}</table:table-header-rows>'
        f"<table:table-row-group><table:table-rows>{row(figure('2'))}</table:table-rows></table:table-row-group></table:table>"
        f"<table:table table:name=\"'file:///x'#$表\"><table:table-source/>{row(figure('9'))}</table:table>"
    )
    (found,) = grids(tables)
    assert found.rows == [[1.0], [2.0]]


def test_a_table_in_a_cell_is_no_sheet_and_its_cell_no_figure() -> None:
    inner = f'<table:table table:name="内">{row(figure("9"))}</table:table>'
    found = grid(row(cell('office:value-type="float" office:value="1"', inner)) + row(figure("2")))
    assert (found.rows, found.errors) == ([[""], [2.0]], {(0, 0): "#VALUE!"})


def test_a_hidden_sheet_is_known_as_such() -> None:
    styles = '<style:style style:name="h"><style:table-properties table:display="false"/></style:style>'
    tables = '<table:table table:name="一" table:style-name="h"/><table:table table:name="二"/>'
    assert [(found.name, found.hidden) for found in grids(tables, styles)] == [("一", True), ("二", False)]


@pytest.mark.parametrize("count", ["0", "-1", "x", "", "2.0", "９"])
@pytest.mark.parametrize("of", ["rows", "columns"])
def test_a_repetition_that_is_no_number_is_refused(count: str, of: str) -> None:
    repeated = f'table:number-{of}-repeated="{count}"'
    with pytest.raises(UnreadableWorkbook, match="损坏"):
        grid(row(figure("1", repeated if of == "columns" else ""), attributes=repeated if of == "rows" else ""))


@pytest.mark.parametrize(("rows", "columns"), [("1048576", "1"), ("1", "16384"), ("40000", "900")])
def test_a_figure_repeated_beyond_any_form_is_refused(rows: str, columns: str) -> None:
    repeated = figure("1", f'table:number-columns-repeated="{columns}"')
    with pytest.raises(UnreadableWorkbook, match="超出读取上限"):
        grid(row(repeated, attributes=f'table:number-rows-repeated="{rows}"'))


def test_two_sheets_of_one_name_are_refused() -> None:
    with pytest.raises(UnreadableWorkbook, match="损坏"):
        grids('<table:table table:name="表"/><table:table table:name="表"/>')


@pytest.mark.parametrize(
    ("element", "reaches"),
    [
        ("<table:table-source/>", ("外部链接",)),
        ("<table:cell-range-source/>", ("外部链接",)),
        ("<table:dde-link/>", ("外部链接",)),
        ("<table:database-source-sql/>", ("数据连接",)),
        ("<table:database-source-table/><table:dde-link/>", ("外部链接", "数据连接")),
        ("<table:database-range/>", ()),
    ],
)
def test_ways_out_of_the_workbook(element: str, reaches: tuple[str, ...]) -> None:
    assert book(f"<table:table>{element}</table:table>").reaches == reaches


@pytest.mark.parametrize(
    ("formula", "reaches"),
    [
        ("of:=['file:///甲.xlsx'#$表.A1]", ("外部链接",)),
        ('of:=DDE("soffice";"甲.ods";"表.A1")', ("外部链接",)),
        ("of:=[$'甲 乙'.A1]", ()),
        ('of:=IF([.A1]="#";1;2)', ()),
    ],
)
def test_formulas_that_lead_out_of_the_workbook(formula: str, reaches: tuple[str, ...]) -> None:
    quoted = formula.replace('"', "&quot;")
    rows = row(figure("1", f'table:formula="{quoted}"'))
    assert book(f'<table:table table:name="表">{rows}</table:table>').reaches == reaches
