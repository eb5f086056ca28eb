"""Large workbooks row by row: what other programs write, and what is no workbook."""

from __future__ import annotations

import io
import zipfile

import pytest
from openpyxl.formula.translate import Translator

from evalbatch.reading import UnreadableWorkbook
from evalbatch.reading.written import Fault, WrittenCell, WrittenRow, open_written

_WORKBOOK = """<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"
 xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets>
<sheet name="表" sheetId="1" state="hidden" r:id="rId1"/></sheets><definedNames>
<definedName name="_xlnm._FilterDatabase" localSheetId="0" hidden="1">'表'!$A$2:$C$9</definedName></definedNames></workbook>"""
_RELATIONS = """<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">
<Relationship Id="rId1" Type="x" Target="/xl/worksheets/sheet1.xml"/></Relationships>"""
_TEXTS = """<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>甲</t></si>
<si><r><t>乙</t></r><r><t xml:space="preserve"> 丙_x000D_&#10;</t></r><rPh sb="0" eb="1"><t>yi</t></rPh></si></sst>"""


def package(rows: str, around: str = "{}", **parts: str) -> io.BytesIO:
    """A workbook with one sheet of these rows."""
    sheet = f'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">{around}</worksheet>'
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as made:
        made.writestr("xl/workbook.xml", _WORKBOOK)
        made.writestr("xl/_rels/workbook.xml.rels", _RELATIONS)
        made.writestr("xl/sharedStrings.xml", _TEXTS)
        made.writestr("xl/worksheets/sheet1.xml", sheet.format(f"<sheetData>{rows}</sheetData>"))
        for name, content in parts.items():
            made.writestr(f"xl/{name}.xml", content)
    return target


def rows(source: io.BytesIO) -> list[WrittenRow]:
    with open_written(source) as workbook:
        return list(workbook.sheet("表").rows)


def test_every_kind_of_cell() -> None:
    cells = (
        '<c r="A1" t="s"><v>1</v></c><c r="B1"><v>1.5</v></c><c t="b"><v>1</v></c><c r="D1" t="e"><f>1/0</f>'
        '<v>#DIV/0!</v></c><c r="E1" t="str"><f>"a"&amp;"b"</f><v>ab</v></c><c r="F1" s="3"/>'
        '<c r="G1" t="inlineStr"><is><r><t>丁</t></r><r><t>戊</t></r></is></c><c r="H1"><f>A1</f></c>'
    )
    (row,) = rows(package(f'<row r="1">{cells}</row>'))
    assert row.cells == {
        1: WrittenCell("乙 丙\n"), 2: WrittenCell(1.5), 3: WrittenCell(True), 4: WrittenCell(Fault("#DIV/0!"), "1/0"),
        5: WrittenCell("ab", '"a"&"b"'), 7: WrittenCell("丁戊"), 8: WrittenCell(None, "A1"),
    }  # fmt: skip
    assert isinstance(row.cells[4].value, Fault)


def test_a_shared_formula_is_what_each_cell_has() -> None:
    formula = "$A$1+A$1+$B2+IF(B2=\"B2\",LOG10(C2),'B2 表'!B2)"
    made = package(
        f'<row r="2"><c r="D2"><f t="shared" ref="D2:E4" si="0">{formula}</f></c></row>'
        '<row r="4"><c r="D4"><f t="shared" si="0"/></c><c r="E4"><f t="shared" si="0"/></c></row>'
        '<row r="5"><c r="A5"><f t="shared" si="7"/></c></row>'
    )
    found = {column: cell.formula for row in rows(made) for column, cell in row.cells.items() if row.number == 4}
    assert found[4] == "$A$1+A$1+$B4+IF(B4=\"B2\",LOG10(C4),'B2 表'!B4)"
    assert found[5] == "$A$1+B$1+$B4+IF(C4=\"B2\",LOG10(D4),'B2 表'!C4)"
    for column, cell in ((4, "D4"), (5, "E4")):
        assert f"={found[column]}" == Translator(f"={formula}", "D2").translate_formula(cell)
    assert rows(made)[-1].cells[1].formula == "?"


def test_what_is_hidden_and_filtered() -> None:
    around = (
        '<cols><col min="2" max="3" width="9" hidden="1"/><col min="4" max="4" width="0"/></cols>{}'
        '<autoFilter ref="A2:C9"><filterColumn colId="0"/></autoFilter>'
    )
    made = package('<row r="3" hidden="true"/><row r="4" ht="0.5"/><row r="5" ht="15"/>', around)
    with open_written(made) as workbook:
        sheet = workbook.sheet("表")
        assert (sheet.hidden, sheet.table) == (True, (2, 9))
        assert [row.hidden for row in sheet.rows] == [True, True, False]
        assert sheet.hidden_columns == [(2, 3), (4, 4)]
        assert sheet.filtered == (2, 9)


@pytest.mark.parametrize(
    "content",
    [
        package('<row r="1"><c r="A1" t="s"><v>9</v></c></row>'),
        package('<row r="1"><c r="A1"><v>1,5</v></c></row>'),
        package('<row r="1"><c r="A1"'),
        package(f'<row r="1"><c r="A1" t="str"><v>{"x" * 1_100_000}</v></c></row>'),
        package("", '<!DOCTYPE a [<!ENTITY b "c">]>{}'),
        io.BytesIO(b""),
        io.BytesIO(b"PK\x03\x04"),
    ],
    ids=["no such text", "no number", "cut off", "a text without end", "entities", "nothing", "a piece"],
)
def test_what_is_no_workbook_is_refused(content: io.BytesIO) -> None:
    with pytest.raises(UnreadableWorkbook):
        rows(content)
