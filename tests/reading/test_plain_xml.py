"""Every way of spelling a sheet that an XML parser takes for the same is read the same; what is doubtful is no figure."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from datetime import date
from typing import Final
from xml.sax.saxutils import quoteattr

import pytest

from evalbatch.reading import Grid, UnreadableWorkbook, plain_xml, read_xlsx
from evalbatch.reading.plain_xml import MAIN

DECLARATION: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
NOTHING: Final[Mapping[str, str | bytes]] = {}
RELATIONS: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006/relationships"


def sheet(rows: str) -> str:
    return f'{DECLARATION}\n<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>'


def workbook(xml: str | bytes, parts: Mapping[str, str | bytes] = NOTHING) -> bytes:
    """A workbook of one sheet 表 with two texts, some of its parts replaced."""
    found: dict[str, str | bytes] = {
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}"><Relationship Id="r1" Type="{RELATIONS}/officeDocument" '
        'Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}"><sheets>'
        '<sheet name="表" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}">'
        f'<Relationship Id="r1" Type="{RELATIONS}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="r2" Type="{RELATIONS}/sharedStrings" Target="sharedStrings.xml"/>'
        f'<Relationship Id="r3" Type="{RELATIONS}/styles" Target="styles.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": xml,
        "xl/sharedStrings.xml": f'{DECLARATION}<sst xmlns="{MAIN}"><si><t>零</t></si><si><t>一</t></si></sst>',
        "xl/styles.xml": f'<styleSheet xmlns="{MAIN}"><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>',
    }
    found.update(parts)
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as package:
        for name, part in found.items():
            package.writestr(name, part)
    return target.getvalue()


def grid(xml: str | bytes, parts: Mapping[str, str | bytes] = NOTHING) -> Grid:
    (found,) = read_xlsx(workbook(xml, parts)).grids
    return found


def cell(xml: str) -> object:
    """The content of the only cell of row 2, or its error value."""
    found = grid(sheet(f'<row r="1"><c r="A1"><v>1</v></c></row><row r="2">{xml}</row>'))
    places = {place for place in found.errors if place[0] == 1}
    assert len(places) < 2
    assert all(found.at(*place) == "" for place in places)
    return found.errors[places.pop()] if places else found.at(1, 1)


@pytest.mark.parametrize(
    "xml",
    [
        '<c r="B2"><v>12.5</v></c>',
        "<c r='B2'><v>12.5</v></c>",
        '<c  s="0"\n r = "B2" ><v>12.5</v></c >',
        '<c t="n" r="B2" s="0"><v>12.5</v></c>',
        '<c r="B2" cm="1" vm="1"><v>12.5</v></c>',
        '<c r="B2"><v>\n12.5 </v></c>',
        '<c r="B2"><v xml:space="preserve"> 12.5</v></c>',
        '<c r="B2"><v>1.25E1</v></c>',
        '<c r="B2"><v>+12.50</v></c>',
        '<c r="B2"><v>12.500000000000000000001</v></c>',
        '<c r="B2"><v><![CDATA[12.5]]></v></c>',
        '<c r="B2"><v>1<!-- 9 -->2.5</v></c>',
        '<c r="B2"><v>&#49;2.5</v></c>',
        '<c r="B2"><v>12.5</v><f>10+2.5</f></c>',
        '<c r="B2"><f>10+2.5</f><v>12.5</v></c>',
        '<c r="B2"><!-- <v>9</v> --><v>12.5</v></c>',
        '<c r="B2"><v>12.5</v><extLst><ext><v>9</v></ext></extLst></c>',
        '<c r="A2"/><c><v>12.5</v></c>',
        '<c/><c><v>12.5</v></c>',
        f'<q:c xmlns:q="{MAIN}" r="B2"><q:v>12.5</q:v></q:c>',
        '<q:c xmlns:q="http://purl.oclc.org/ooxml/spreadsheetml/main" r="B2"><q:v>12.5</q:v></q:c>',
        '<!-- <c r="B2"><v>9</v></c> --><c r="B2"><v>12.5</v></c>',
        '<?x <c r="B2"/> ?><c r="B2"><v>12.5</v></c>',
    ],
)  # fmt: skip
def test_spellings_of_one_figure(xml: str) -> None:
    assert cell(xml) == 12.5


@pytest.mark.parametrize(
    ("xml", "expected"),
    [
        ('<c r="B2" t="s"><v>1</v></c>', "一"),
        ('<c r="B2" t="s"><v> 1 </v></c>', "一"),
        ('<c r="B2" t="str"><v> 1 </v></c>', " 1 "),
        ('<c r="B2" t="inlineStr"><is><t>一</t></is></c>', "一"),
        ('<c r="B2" t="inlineStr"><is><r><t>1</t></r><r><rPr><b/></rPr><t>2</t></r></is></c>', "12"),
        ('<c r="B2" t="inlineStr"><is><t>12</t><rPh sb="0" eb="1"><t>9</t></rPh></is></c>', "12"),
        ('<c r="B2" t="b"><v>1</v></c>', True),
        ('<c r="B2" t="b"><v>false</v></c>', False),
        ('<c r="B2" t="d"><v>2024-12-31</v></c>', date(2024, 12, 31)),
        ('<c r="B2"/>', ""),
        ('<c r="B2"><v/></c>', ""),
        ('<c r="B2" t="str"><f>A1</f><v></v></c>', ""),
        ('<c r="B2" t="e"><v>#DIV/0!</v></c>', "#DIV/0!"),
        ("<c r='B2' t='e'><v>#N/A</v></c>", "#N/A"),
        ("<c/><c t='e'><v>#N/A</v></c>", "#N/A"),
    ],
)
def test_other_types(xml: str, expected: object) -> None:
    assert cell(xml) == expected


@pytest.mark.parametrize(
    "xml",
    [
        '<c r="B2"><v>1,25</v></c>',
        '<c r="B2"><v>１２</v></c>',
        '<c r="B2"><v>1e400</v></c>',
        '<c r="B2"><v>NaN</v></c>',
        '<c r="B2"><v> </v></c>',
        '<c r="B2"><v>0x10</v></c>',
        '<c r="B2"><v>1 2</v></c>',
        '<c r="B2"><v>12</v><v>77</v></c>',
        '<c r="B2"><v>12</v>77</c>',
        '<c r="B2"><x><v>77</v></x></c>',
        '<c r="B2"><t>77</t></c>',
        '<c r="B2"><is><t>77</t></is></c>',
        '<c r="B2" t="inlineStr"><v>77</v></c>',
        '<c r="B2" t="s"><v>1e</v></c>',
        '<c r="B2" t="s"><v></v></c>',
        '<c r="B2" t="s"><f>A1</f><v>1</v></c>',
        '<c r="B2" t="b"><v>77</v></c>',
        '<c r="B2" t="e"><v>77</v></c>',
        '<c r="B2" t="d"><v>77</v></c>',
        '<c r="B2" t="S"><v>1</v></c>',
        '<c r="B2" t=""><v>1</v></c>',
        '<c r="B2"><f/><v>77</v></c>',
        '<c r="B2"><f t="shared" si="9"/><v>77</v></c>',
        '<c r="B2"><v>12</v></c><c r="B2"><v>77</v></c>',
        '<c r="B2"><v>12</v></c><c r="B2"/>',
    ],
)
def test_what_no_two_programs_take_alike_is_an_error_value(xml: str) -> None:
    assert cell(xml) == "#VALUE!"


@pytest.mark.parametrize(
    "xml",
    [
        '<c r="b2"><v>1</v></c>',
        '<c r="$B$2"><v>1</v></c>',
        '<c r="B3"><v>1</v></c>',
        '<c r="R2C2"><v>1</v></c>',
        '<c r="B2" t="str"><v>a\x01b</v></c>',
        '<c r="B0"><v>1</v></c>',
        '<c r=""><v>1</v></c>',
        '<y:c xmlns:y="urn:y" r="B2"><v>1</v></y:c>',
        '<c r="B2" r="C2"><v>1</v></c>',
        '<c r="B2"><v>1</w></c>',
        '<c r="B2"><v>&n;</v></c>',
        '<c r="B2" t="str"><v>a]]>b</v></c>',
        '<c r="B2" t="s"><v>2</v></c>',
    ],
)
def test_cells_whose_place_or_text_is_not_clear_are_refused(xml: str) -> None:
    with pytest.raises(UnreadableWorkbook, match="损坏"):
        cell(xml)


@pytest.mark.parametrize("name", ["'XFD1048576'", '"XFD1048576"', " '&#88;FD1048576'"])
def test_a_far_cell_is_found_however_it_is_spelled(name: str) -> None:
    with pytest.raises(UnreadableWorkbook, match="第 1048576 行、第 16384 列"):
        read_xlsx(workbook(sheet(f'<row r="1048576"><c s="0" r ={name}><v>1</v></c></row>')))


ROWS: Final = '<row r="1"><c r="A1"><v>1</v></c></row><row r="2"><c r="B2" t="s"><v>1</v></c></row>'


@pytest.mark.parametrize(
    "xml",
    [
        sheet(ROWS),
        "\ufeff" + sheet(ROWS),
        sheet(ROWS).replace("UTF-8", "utf-16").encode("utf-16"),
        sheet(ROWS).replace("<worksheet xmlns=", "<x:worksheet xmlns:x=").replace("</", "</x:")
        .replace("<sheetData", "<x:sheetData").replace("<row", "<x:row").replace("<c ", "<x:c ").replace("<v>", "<x:v>"),
        sheet(ROWS).replace("\n", "<!-- -->"),
        sheet(ROWS.replace(' r="1"', "").replace(' r="2"', "").replace(' r="A1"', "")),
        sheet(ROWS + '<row r="3"/>'),
        sheet(ROWS).replace("<sheetData>", '<dimension ref="A1:XFD1048576"/><sheetData>'),
    ],
)  # fmt: skip
def test_spellings_of_one_sheet(xml: str | bytes) -> None:
    found = grid(xml)
    assert [(place, found.at(*place)) for place in ((0, 0), (1, 1))] == [((0, 0), 1.0), ((1, 1), "一")]


@pytest.mark.parametrize(
    "xml",
    [
        sheet(ROWS).replace("\n", '<!DOCTYPE worksheet [<!ENTITY n "7">]>'),
        sheet(ROWS).replace("\n", " " * 5000 + '<!DOCTYPE worksheet [<!ENTITY n "7">]>'),
        sheet(ROWS).replace("main", "other"),
        sheet(ROWS).replace(f' xmlns="{MAIN}"', ""),
        sheet(ROWS).replace("</sheetData>", "</sheetData><sheetData/>"),
        sheet(ROWS).replace("<row", '<z:y xmlns:z="urn:z"/><row', 1),
        sheet(ROWS).replace("</worksheet>", ""),
        sheet(ROWS).replace("</sheetData>", "</sheetData><x>"),
        sheet('<row r="1" ht="1" ht="1"/>' + ROWS),
        sheet('<row r="x"/>' + ROWS),
        sheet(f"<x>{ROWS}</x>"),
        sheet(ROWS.replace("<v>1</v>", "<f>一</f><v>1</v>", 1)).encode().replace("一".encode(), b"\xff"),
    ],
)
def test_sheets_that_some_programs_read_in_part_are_refused(xml: str) -> None:
    with pytest.raises(UnreadableWorkbook):
        grid(xml)


@pytest.mark.parametrize(
    "texts",
    [
        "<si><t>零</t></si><si><t>一</t></si>",
        "<si/><si><r><t>一</t></r></si>",
        "<si><t/></si><si><r><rPr><b/></rPr><t>一</t></r><rPh sb='0' eb='1'><t>九</t></rPh></si>",
        "<!-- <si><t>九</t></si> --><si><t>零</t></si><si><t><![CDATA[一]]></t></si>",
        "<si><t>零</t></si><si><t>&#19968;</t></si>",
    ],
)
def test_spellings_of_shared_texts(texts: str) -> None:
    found = grid(sheet(ROWS), {"xl/sharedStrings.xml": f'<sst xmlns="{MAIN}">{texts}</sst>'})
    assert found.at(1, 1) == "一"


def test_what_programs_write_is_only_recognised(monkeypatch: pytest.MonkeyPatch) -> None:
    def parsed(*_: object) -> bytes:
        raise AssertionError("parsed anew")

    monkeypatch.setattr(plain_xml._Part, "said_plainly", parsed)
    texts = f'<sst xmlns="{MAIN}"><si><t xml:space="preserve"> </t></si><si><r><rPr><b/></rPr><t>一</t></r></si></sst>'
    for rows, expected in (
        (ROWS, [[1.0], ["", "一"]]),
        (
            '<row r="1" spans="1:2" ht="20"><c r="A1" s="1" t="str"><f>A&amp;1</f><v>a&lt;b</v></c></row>',
            [["a<b"]],
        ),
        ("", []),
    ):
        xml = sheet(rows).replace("</sheetData>", "</sheetData><mergeCells/>")
        assert grid(xml, {"xl/sharedStrings.xml": texts}).rows == expected
    with pytest.raises(AssertionError, match="parsed anew"):
        grid(sheet(ROWS.replace('"', "'")))


@pytest.mark.parametrize(
    "target",
    [
        "./worksheets/sheet1.xml",
        "../xl/worksheets/sheet1.xml",
        "worksheets\\sheet1.xml",
        "Worksheets/sheet1.xml",
        "x.xml",
        "",
    ],
)
def test_a_sheet_that_is_not_found_is_not_left_out_silently(target: str) -> None:
    links = f'<Relationships xmlns="{PACKAGE}"><Relationship Id="r1" Type="{RELATIONS}/worksheet" Target="{target}"/></Relationships>'
    with pytest.raises(UnreadableWorkbook):
        grid(sheet(ROWS), {"xl/_rels/workbook.xml.rels": links})


@pytest.mark.parametrize(
    "further",
    [
        ' TargetMode="External"/>',
        f'/><Relationship Id="r1" Type="{RELATIONS}/worksheet" Target="worksheets/sheet1.xml"/>',
    ],
)
def test_a_sheet_elsewhere_or_named_twice_is_refused(further: str) -> None:
    link = f'<Relationship Id="r1" Type="{RELATIONS}/worksheet" Target="worksheets/sheet1.xml"'
    assert grid(sheet(ROWS[:39]), {"xl/_rels/workbook.xml.rels": f'<R xmlns="{PACKAGE}">{link}/></R>'}).at(0, 0) == 1.0
    with pytest.raises(UnreadableWorkbook, match="损坏"):
        grid(sheet(ROWS[:39]), {"xl/_rels/workbook.xml.rels": f'<R xmlns="{PACKAGE}">{link}{further}</R>'})


def test_an_absolute_target() -> None:
    links = (
        f'<Relationships xmlns="{PACKAGE}"><Relationship Id="r1" Type="{RELATIONS}/worksheet" Target="/xl/worksheets/sheet1.xml"/>'
        f'<Relationship Id="r2" Type="{RELATIONS}/sharedStrings" Target="/xl/sharedStrings.xml"/></Relationships>'
    )
    assert grid(sheet(ROWS), {"xl/_rels/workbook.xml.rels": links}).at(1, 1) == "一"


def test_two_sheets_of_one_name_are_refused() -> None:
    book = (
        f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}"><sheets><sheet name="表" sheetId="1" r:id="r1"/>'
        '<sheet name="表" sheetId="2" r:id="r1"/></sheets></workbook>'
    )
    with pytest.raises(UnreadableWorkbook, match="损坏"):
        grid(sheet(ROWS), {"xl/workbook.xml": book})


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_parts_of_one_name_are_refused() -> None:
    target = io.BytesIO(workbook(sheet(ROWS)))
    with zipfile.ZipFile(target, "a") as package:
        package.writestr("xl/worksheets/Sheet1.xml", sheet(ROWS.replace("<v>1<", "<v>77<")))
    with pytest.raises(UnreadableWorkbook, match="损坏"):
        read_xlsx(target.getvalue())


@pytest.mark.parametrize(
    ("code", "number", "date"),
    [("e", 164, True), ("[h]:mm", 164, True), ("0", 164, False), ("", 14, True), ("0", 14, False), ("d", 2, True), ("", 81, True), ("", 999, False)],
)  # fmt: skip
def test_a_format_of_its_own_or_a_built_in_one(code: str, number: int, date: bool) -> None:
    codes = f'<numFmt numFmtId="{number}" formatCode={quoteattr(code)}/>' if code else ""
    styles = f'<styleSheet xmlns="{MAIN}"><numFmts>{codes}</numFmts><cellXfs><xf numFmtId="{number}"/></cellXfs></styleSheet>'
    content = grid(sheet('<row r="1"><c r="A1" s="0"><v>45657</v></c></row>'), {"xl/styles.xml": styles}).at(0, 0)
    assert isinstance(content, float) is not date


@pytest.mark.parametrize("name", [b"xl/sheet1.xml\0", b"xl\\sheet01.xml"])
def test_a_part_is_found_under_the_name_that_stands_there(name: bytes) -> None:
    links = f'<R xmlns="{PACKAGE}"><Relationship Id="r1" Type="{RELATIONS}/worksheet" Target="%s"/></R>'
    for part, target in ((b"xl/sheet01.xml", "sheet01.xml"), (name, name.decode()[3:].rstrip("\0"))):
        parts = {"xl/sheet01.xml": sheet(ROWS[:39]), "xl/_rels/workbook.xml.rels": links % target}
        content = workbook("", parts).replace(b"xl/sheet01.xml", part)
        if part == name:
            with pytest.raises(UnreadableWorkbook, match="损坏"):
                read_xlsx(content)
        else:
            assert read_xlsx(content).grids[0].at(0, 0) == 1.0


def test_a_part_shorter_than_it_is_said_to_be_is_refused() -> None:
    content = workbook(sheet(ROWS))
    size = len(sheet(ROWS).encode()).to_bytes(4, "little")
    place = content.rindex(size, 0, content.rindex(b"xl/worksheets/sheet1.xml"))
    longer = content[:place] + (60_000).to_bytes(4, "little") + content[place + 4 :]
    with pytest.raises(UnreadableWorkbook, match="损坏"):
        read_xlsx(longer)
