"""The same department in another format gives the same submission."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import olefile
import pytest

from evalbatch.department_workbook import printed_form
from evalbatch.evaluation import evaluate
from evalbatch.model import Submission
from evalbatch.reading import UnreadableWorkbook, is_workbook, read_submission, read_workbook
from evalbatch.reading.ods import excel_formula
from tests.forms import blank_book, blank_template, fill, parts, scheme
from tests.intake.forms_of_arrival import compound, zipped
from tests.libreoffice import convert, needs_libreoffice
from tests.reading.binary_workbook import write_xlsb
from tests.test_samples import FOLDER

CODES = ("101006", "101007", "203002")
"""In 元, with figures typed as text, with blanks."""


def submission(path: Path) -> Submission:
    return read_submission(read_workbook(path.read_bytes()), scheme(), "x", printed_form(scheme()))


@needs_libreoffice
@pytest.mark.parametrize("form", ["xlsx", "ods", "xls"])
def test_saved_again_by_libreoffice(tmp_path: Path, form: str) -> None:
    # in 101007 figures are texts, over which the program computes totals of 0: without formulas these are typed zeros
    codes = [code for code in CODES if form != "xls" or code != "101007"]
    sources = [next((FOLDER / "inbox").glob(f"{code}_*.xlsx")) for code in codes]
    for source, saved in zip(sources, convert(sources, tmp_path, form), strict=True):
        same(submission(source), submission(saved), formulas_known=form != "xls")


@pytest.mark.parametrize("code", ["101001", "101006", "203002"])
def test_saved_as_xlsb(code: str) -> None:
    source = next((FOLDER / "inbox").glob(f"{code}_*.xlsx"))
    saved = write_xlsb(read_workbook(source.read_bytes()))
    assert is_workbook(saved)
    same(submission(source), read_submission(read_workbook(saved), scheme(), "x"), formulas_known=False)


def test_macros_are_left_alone() -> None:
    source = next((FOLDER / "inbox").glob("101001_*.xlsx")).read_bytes()
    saved = zipped({**parts(source), "xl/vbaProject.bin": compound({"VBA": {"dir": b"x"}})})
    before, after = (read_submission(read_workbook(content), scheme(), "x") for content in (source, saved))
    same(before, after, formulas_known=True)


def same(before: Submission, after: Submission, *, formulas_known: bool) -> None:
    """Both say the same, but for a note that formulas cannot be seen."""
    assert plain(after.cells) == plain(before.cells)
    assert {prefix: [plain(row.entries) for row in rows] for prefix, rows in after.lists.items()} == {
        prefix: [plain(row.entries) for row in rows] for prefix, rows in before.lists.items()
    }
    assert [row.key for rows in after.lists.values() for row in rows] == [
        row.key for rows in before.lists.values() for row in rows
    ]
    notes = tuple(note for note in after.notes if not note.text.startswith("该格式（.xls、.et、.xlsb）看不到公式"))
    assert (len(notes) == len(after.notes)) == formulas_known
    assert replace(after, cells={}, lists={}, notes=notes) == replace(before, cells={}, lists={})


def test_an_error_value_in_an_xlsb_is_none_of_its_blanks() -> None:
    book = fill({"R01.决算数": {"error": "#REF!"}, "S01.决算数": {"error": "#DIV/0!"}})
    assert [grid.errors for grid in read_workbook(write_xlsb(book)).grids] == [grid.errors for grid in book.grids]
    result = evaluate(read_submission(read_workbook(write_xlsb(book)), scheme(), "x"), scheme())
    found = [(finding.code, finding.ref.cell, finding.found) for finding in result.findings if finding.code == "FS08"]
    assert found == [("FS08", "H15", "#REF!"), ("FS08", "H28", "#DIV/0!")]


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda sheet: sheet[: len(sheet) // 2], "文件已损坏"),
        (lambda sheet: sheet + b"\x05\xff\xff\xff\x7f", "文件已损坏"),
        (lambda sheet: sheet + b"\x0d\x0c" + bytes(12), "无法可靠读取"),
        (lambda sheet: sheet + b"\0\x04\xff\xff\x0f\0" + b"\1\x08\xff\x3f" + bytes(6), "第 1048576 行、第 16384 列"),
    ],
    ids=["short", "long", "cells without a column", "far away"],
)
def test_an_xlsb_that_cannot_be_read_right_is_not_read(damage: Callable[[bytes], bytes], reason: str) -> None:
    package = parts(write_xlsb(blank_book()))
    package["xl/worksheets/sheet3.bin"] = damage(package["xl/worksheets/sheet3.bin"])
    with pytest.raises(UnreadableWorkbook, match=reason):
        read_workbook(zipped(package))


def plain(cells: object) -> object:
    """Entries without the text of formulas, which every program writes in its own way."""
    assert isinstance(cells, dict)
    return {place: entry._replace(raw="") if entry.derived else entry for place, entry in cells.items()}


@needs_libreoffice
@pytest.mark.parametrize("form", ["ods", "xls"])
def test_the_blank_template(tmp_path: Path, form: str) -> None:
    path = tmp_path / "空白.xlsx"
    path.write_bytes(blank_template())
    (saved,) = convert([path], tmp_path / "out", form)
    assert is_workbook(saved.read_bytes())
    assert plain(submission(saved).cells) == plain(submission(path).cells)


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("of:=SUM([.H5:.H6];1.5)", "SUM(H5:H6,1.5)"),
        ('of:=[$封面.C9]&"a;b"', "'封面'!C9&\"a;b\""),
        ("of:=[$'a b'.$C$9]+[.A1]", "'a b'!$C$9+A1"),
    ],
)
def test_openformula_as_excel_writes_it(formula: str, expected: str) -> None:
    assert excel_formula(formula) == expected


def test_a_damaged_ods_says_why() -> None:
    content = b"PK\x03\x04" + b"x" * 26 + b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet"
    with pytest.raises(UnreadableWorkbook, match="损坏"):
        read_workbook(content)


@needs_libreoffice
def test_totals_over_texts_in_an_xls_are_reported_not_repaired(tmp_path: Path) -> None:
    (saved,) = convert([next((FOLDER / "inbox").glob("101007_*.xlsx"))], tmp_path, "xls")
    result = evaluate(submission(saved), scheme())
    assert result.submission.value("S01", "全年预算数") == 0
    errors = {finding.code for finding in result.findings if finding.level == "错误"}
    assert {"ID02", "ID05", "ID07"} <= errors


def test_a_damaged_xls_says_why() -> None:
    content = bytes.fromhex("d0cf11e0a1b11ae1") + b"x" * 600 + "Workbook".encode("utf-16-le")
    assert is_workbook(content)
    with pytest.raises(UnreadableWorkbook, match="损坏"):
        read_workbook(content)


ELSEWHERE = """<?xml version="1.0" encoding="UTF-8"?>
<office:document xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:of="urn:oasis:names:tc:opendocument:xmlns:of:1.2"
 office:version="1.2" office:mimetype="application/vnd.oasis.opendocument.spreadsheet"><office:body><office:spreadsheet>
<table:table table:name="表"><table:table-row>
<table:table-cell table:formula="of:={formula}" office:value-type="float" office:value="12.5"/>
</table:table-row></table:table></office:spreadsheet></office:body></office:document>"""


@needs_libreoffice
@pytest.mark.parametrize("form", ["xlsx", "ods", "xls"])
def test_values_from_other_files_are_told_in_every_format(tmp_path: Path, form: str) -> None:
    formulas = {"外": "['file:///nowhere/other.xlsx'#$表.A1]", "内": "SUM([.B1:.B2];[$表.C1])"}
    sources = [tmp_path / f"{name}.fods" for name in formulas]
    for source, formula in zip(sources, formulas.values(), strict=True):
        source.write_text(ELSEWHERE.format(formula=formula), encoding="utf-8")
    saved = convert(sources, tmp_path, form, recalculated=False)
    assert [read_workbook(path.read_bytes()).reaches for path in saved] == [("外部链接",), ()]


@needs_libreoffice
def test_what_the_records_of_an_xls_tell(tmp_path: Path) -> None:
    """A data connection is named; a workbook whose sheet runs on into the next one is not read."""
    source = tmp_path / "空白.xlsx"
    source.write_bytes(blank_template())
    (saved,) = convert([source], tmp_path / "out", "xls")
    with olefile.OleFileIO(saved) as document:
        stream = document.openstream("Workbook").read()

    def changed(kind: int, offset: int, value: int, sheet: int) -> bytes:
        """The first record of a kind, in the globals (0) or in a sheet, with one of its two numbers changed."""
        at = substream = 0
        while (substream, *struct.unpack_from("<H", stream, at)) != (sheet, kind):
            record, length = struct.unpack_from("<HH", stream, at)
            substream += record == 0x0A
            at += 4 + length
        other = bytearray(stream)
        struct.pack_into("<H", other, at + offset, value)
        return compound({"Workbook": bytes(other)})

    assert read_workbook(compound({"Workbook": stream})).reaches == ()
    assert read_workbook(changed(0x5C, 0, 0x0876, 0)).reaches == ("数据连接",)
    # the last rows of one sheet taken for others of another: no figure may come of that
    rows = 0x0208
    for sheet in (1, 2, 3):
        with pytest.raises(UnreadableWorkbook, match="文件已损坏"):
            read_workbook(changed(rows, 2, 0xFFFF, sheet))
