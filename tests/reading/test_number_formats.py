"""A cell shows a date or a figure by its number format: as LibreOffice takes it, in every format of workbooks."""

from __future__ import annotations

from pathlib import Path
from typing import Final
from xml.sax.saxutils import quoteattr

import pytest

from evalbatch.reading import read_workbook
from evalbatch.reading.number_formats import scales_down, tells_a_date, tells_elapsed_time
from evalbatch.reading.plain_xml import MAIN
from tests.fuzzing.shown import differences, shown
from tests.fuzzing.xlsx import FORMATS
from tests.libreoffice import convert, needs_libreoffice
from tests.reading.test_plain_xml import sheet, workbook

TYPES: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml"
BUILT_IN: Final = range(164)


@pytest.mark.parametrize(
    "code",
    ["yyyy-mm-dd", 'm"月"d"日"', "e", 'gge"年"', "aaaa", "aaa", "r", "[$-411]ggge", "h:mm", "AM/PM", "上午/下午h", "[h]:mm", "[ss]", "0d", "G/通用格式"],
)  # fmt: skip
def test_formats_of_dates(code: str) -> None:
    assert tells_a_date(code)


@pytest.mark.parametrize(
    "code",
    ["", "General", "0.00E+00", '0"元(date)"', "0.0_d", "*d0", "[Red]0.00", "[$USD] 0", r"0\e", "0%", "0!.0,", "aa", "[DBNum2][$-804]General"],
)  # fmt: skip
def test_formats_of_figures(code: str) -> None:
    assert not tells_a_date(code)


def test_elapsed_time() -> None:
    assert [code for code in ("[h]:mm", "[mm]", "[S]", "[Red]0", "[$h]0", "h:mm") if tells_elapsed_time(code)] == [
        "[h]:mm",
        "[mm]",
        "[S]",
    ]


@pytest.mark.parametrize("code", ["0,", "#,##0,", '0!.0,"万"', "0.00,,", "#,##0,_);(0)", '0"元",;0', "[Red]0\\.0000,"])
def test_formats_that_show_less_than_the_figure(code: str) -> None:
    assert scales_down(code)


@pytest.mark.parametrize(
    "code", ["", "0", "#,##0", "#,##0.00", '0.00",千"', "0!,0", "0%", "???,???", "#,##0_);[Red](#,##0)"]
)
def test_formats_that_show_the_figure(code: str) -> None:
    assert not scales_down(code)


@needs_libreoffice
def test_every_format_in_every_format_of_workbooks_as_libreoffice_shows_it(tmp_path: Path) -> None:
    source = tmp_path / "formats.xlsx"
    source.write_bytes(of_every_format())
    paths = [source, *(convert([source], tmp_path / "saved", form, recalculated=False)[0] for form in ("xls", "ods"))]
    for path in paths:
        (cells,) = shown([path], tmp_path / path.suffix)
        assert cells is not None
        assert sum(cell.kind == "date" for cell in cells["表"].values()) > 100
        assert len(cells["表"]) == 4 * (len(BUILT_IN) + len(FORMATS))
        assert differences(read_workbook(path.read_bytes()), cells) == []


def of_every_format() -> bytes:
    """A row a format: a day, a figure below 0, 0 and a part of a day."""
    numbers = [*BUILT_IN, *range(300, 300 + len(FORMATS))]
    codes = "".join(
        f'<numFmt numFmtId="{number}" formatCode={quoteattr(code)}/>' for number, code in enumerate(FORMATS, 300)
    )
    formats = "".join(f'<xf numFmtId="{number}"/>' for number in numbers)
    styles = (
        f'<styleSheet xmlns="{MAIN}"><numFmts>{codes}</numFmts><fonts><font/></fonts><fills><fill/></fills><borders><border/>'
        f"</borders><cellStyleXfs><xf/></cellStyleXfs><cellXfs>{formats}</cellXfs></styleSheet>"
    )
    rows = "".join(
        f'<row r="{row}">'
        + "".join(
            f'<c r="{column}{row}" s="{row - 1}"><v>{value}</v></c>'
            for column, value in zip("ABCD", ("45657.25", "-3", "0", "0.5"), strict=True)
        )
        + "</row>"
        for row in range(1, len(numbers) + 1)
    )
    parts = {
        "/xl/workbook.xml": "sheet.main",
        "/xl/worksheets/sheet1.xml": "worksheet",
        "/xl/styles.xml": "styles",
        "/xl/sharedStrings.xml": "sharedStrings",
    }
    types = "".join(f'<Override PartName="{part}" ContentType="{TYPES}.{kind}+xml"/>' for part, kind in parts.items())
    space = "http://schemas.openxmlformats.org/package/2006/content-types"
    rels = '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    return workbook(
        sheet(rows), {"xl/styles.xml": styles, "[Content_Types].xml": f'<Types xmlns="{space}">{rels}{types}</Types>'}
    )
