"""What the template prints is what a form is compared with, and only a form of that very print."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from evalbatch.department_workbook import printed_form, write_department_workbook
from evalbatch.evaluation import evaluate
from evalbatch.reading import read_submission, read_workbook
from evalbatch.scheme.layout import AUDIT_SHEET
from tests.forms import base, blank_template, fill, places, scheme
from tests.test_samples import builder

CHANGED = {"封面!A1": "封面", "预算执行情况表!A5": "人员", "S10.执行率": {"value": 1.0, "formula": "H37/H37"}}


def locked(sheet: Worksheet, kind: str) -> dict[tuple[int, int], Any]:
    return {
        (cell.row - 1, cell.column - 1): str(cell.value).removeprefix("=")
        for row in sheet.iter_rows()
        for cell in row
        if cell.data_type == kind and cell.protection.locked
    }


@pytest.mark.parametrize("name", [*scheme().sheets, AUDIT_SHEET])
def test_the_print_is_every_locked_text_and_formula_of_the_template(name: str) -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(blank_template()))[name]
    printed = printed_form(scheme()).sheets[name]
    assert printed.texts == locked(sheet, "s")
    assert printed.formulas == locked(sheet, "f")


def test_blank_and_filled_workbooks_say_of_which_print_they_are() -> None:
    filled = io.BytesIO()
    write_department_workbook(filled, scheme(), builder().filling(base(), scheme()))
    stamps = {read_workbook(content).stamp for content in (blank_template(), filled.getvalue())}
    assert stamps == {printed_form(scheme()).stamp}


@pytest.mark.parametrize(
    ("stamp", "expected"),
    [
        (None, [("FS12", "封面", "A1"), ("FS12", "预算执行情况表", "A5"), ("FS12", "预算执行情况表", "L37")]),
        ("印次000000000000", []),
        ("", []),
    ],
)
def test_a_form_of_another_print_is_not_measured_by_this_one(
    stamp: str | None, expected: list[tuple[str, str, str]]
) -> None:
    book = fill(base(), CHANGED)
    book = replace(book, stamp=book.stamp if stamp is None else stamp)
    found = evaluate(read_submission(book, scheme(), "form.xlsx", printed_form(scheme())), scheme()).findings
    assert places(found) == expected


def test_what_other_programs_leave_of_the_properties_is_no_fault() -> None:
    bare = openpyxl.load_workbook(io.BytesIO(blank_template()))
    bare.properties.keywords = None
    saved = io.BytesIO()
    bare.save(saved)
    book = read_workbook(saved.getvalue())
    assert (book.stamp, len(book.grids)) == ("", len(read_workbook(blank_template()).grids))
