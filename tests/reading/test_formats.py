"""The same department in another format gives the same submission."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from evalbatch.model import Submission
from evalbatch.reading import UnreadableWorkbook, is_workbook, read_submission, read_workbook
from evalbatch.reading.ods import excel_formula
from tests.forms import blank_template, scheme
from tests.libreoffice import convert, needs_libreoffice
from tests.test_samples import FOLDER

CODES = ("101006", "101007", "203002")
"""In 元, with figures typed as text, with blanks."""


def submission(path: Path) -> Submission:
    return read_submission(read_workbook(path.read_bytes()), scheme(), "x")


@needs_libreoffice
@pytest.mark.parametrize("form", ["xlsx", "ods"])
def test_saved_again_by_libreoffice(tmp_path: Path, form: str) -> None:
    sources = [next((FOLDER / "inbox").glob(f"{code}_*.xlsx")) for code in CODES]
    for source, saved in zip(sources, convert(sources, tmp_path, form), strict=True):
        before, after = submission(source), submission(saved)
        assert plain(after.cells) == plain(before.cells)
        assert [row.key for rows in after.lists.values() for row in rows] == [
            row.key for rows in before.lists.values() for row in rows
        ]
        assert replace(after, cells={}, lists={}) == replace(before, cells={}, lists={})


def plain(cells: object) -> object:
    """Entries without the text of formulas, which every program writes in its own way."""
    assert isinstance(cells, dict)
    return {place: replace(entry, raw="") if entry.derived else entry for place, entry in cells.items()}


@needs_libreoffice
def test_the_blank_template_as_ods(tmp_path: Path) -> None:
    path = tmp_path / "空白.xlsx"
    path.write_bytes(blank_template())
    (saved,) = convert([path], tmp_path / "out", "ods")
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
