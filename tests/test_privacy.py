"""Names and telephone numbers of people stand in no output of a run, wherever on the cover they stood."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import openpyxl
import pytest

from evalbatch.cli import app
from tests.intake.forms_of_arrival import attached, mail, word
from tests.test_pipeline import SAMPLES, workbook

SECRETS = ("欧阳甲", "欧阳乙", "欧阳丙", "13900001234", "13900005678", "ouyang@shangwu", "欧阳丁")


def cover(content: bytes, number: object) -> bytes:
    """The workbook with its cover moved down and the telephone as a number, a formula or a date of which is to be told."""
    book = openpyxl.load_workbook(io.BytesIO(content))
    sheet = book["封面"]
    row = next(cell.row for cell in sheet["A"] if cell.value == "T09")
    sheet.cell(row, 3).value = number
    sheet.insert_rows(2, 3)
    sheet.move_range(f"A{row + 3}:D{row + 3}", 15)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def test_people_stand_in_no_output(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    inbox = tmp_path / "收件"
    inbox.mkdir()
    people = {
        "T06.填报内容": "欧阳甲",
        "T07.填报内容": "欧阳乙",
        "T08.填报内容": "欧阳丙",
        "T09.填报内容": "13900001234",
    }
    first = workbook("101001", people)
    second = workbook("101001", people | {"T09.填报内容": "13900005678", "T08.填报内容": "=1/0 欧阳丙"})
    moved = cover(workbook("101002", people), 13900001234)
    odd = cover(workbook("101003", people), "=13900001234&欧阳丙")
    sender = word("欧阳丁") + b" <ouyang@shangwu.gov.cn>"
    for day, content in ((20, first), (21, second)):
        letter = mail(attached(b'; filename="a.xlsx"', content), sender=sender, date=f"{day} Aug 2025 09:30:00 +0800")
        (inbox / f"{day}.eml").write_bytes(letter)
    (inbox / "b.xlsx").write_bytes(moved)
    (inbox / "c.xlsx").write_bytes(odd)
    (inbox / "d.eml").write_bytes(mail(attached(b'; filename="a.xlsx"', moved[:5000]), sender=sender))
    report, tables = tmp_path / "报告.json", tmp_path / "表"
    output = tmp_path / "排名.xlsx"
    command = ["run", str(inbox), "-o", str(output), "--roster", str(SAMPLES / "单位名录.xlsx")]
    app([*command, "--report", str(report), "--report", str(tables)], standalone_mode=False)
    told = capfd.readouterr()
    with zipfile.ZipFile(output) as package:
        written = {name: package.read(name).decode("utf-8", "replace") for name in package.namelist()}
    written |= {path.name: path.read_text(encoding="utf-8-sig") for path in (report, *tables.iterdir())}
    written |= {"out": told.out, "err": told.err}
    assert {"报告.json", "xl/worksheets/sheet2.xml", "out"} <= set(written)
    assert "101002" in written["报告.json"]
    found = [(name, secret) for name, text in written.items() for secret in SECRETS if secret in text]
    assert found == []
