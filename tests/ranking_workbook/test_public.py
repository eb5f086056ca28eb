"""公示版: places and grades and nothing else; 涉密 departments do not stand in it."""

from __future__ import annotations

import io
import zipfile

import openpyxl

from evalbatch.model import Outcome, Unranked
from evalbatch.ranking_workbook import write_public_workbook
from tests.ranking_workbook.outcomes import PAYLOADS, SCHEME, batch, department, finding, hostile


def public(outcome: Outcome, secret: tuple[str, ...] = ()) -> bytes:
    """The bytes of 公示版."""
    target = io.BytesIO()
    write_public_workbook(target, outcome, SCHEME, secret)
    return target.getvalue()


def rows(content: bytes) -> list[tuple[object, ...]]:
    """All rows of its only sheet."""
    book = openpyxl.load_workbook(io.BytesIO(content))
    assert book.sheetnames == ["公示"]
    return list(book["公示"].iter_rows(values_only=True))


def few() -> Outcome:
    """Four departments, two of them equal, and one that went back."""
    gone = Unranked("005", "市戊局", "经济", "退回重报", "文件打不开", "戊.xlsx")
    return batch(
        department("001", "市甲局", claims={"A11": "1.2"}, findings=[finding()]),
        department("002", "市乙局", "经济"),
        department("003", "市丙局（本级）"),
        department("004", "市丁局", claims={"A11": "1.4"}),
        unranked=(gone,),
    )


def test_it_has_places_and_grades_alone() -> None:
    assert rows(public(few())) == [
        ("2024年度部门整体支出绩效评价结果公示（初评）", None, None, None, None),
        ("排名", "填报单位", "部门类别", "总分", "等级"),
        (1, "市乙局", "经济", 97, "优"),
        (1, "市丙局（本级）", "党群", 97, "优"),
        (3, "市丁局", "党群", 96.9, "优"),
        (4, "市甲局", "党群", 96.7, "优"),
    ]


def test_a_secret_department_is_left_out_and_the_others_keep_their_places() -> None:
    for secret in (("004",), ("市 丁局",)):
        assert [(row[0], row[1]) for row in rows(public(few(), secret))[2:]] == [
            (1, "市乙局"), (1, "市丙局（本级）"), (4, "市甲局"),
        ]  # fmt: skip
    # a department of another name and code, as its cover has it
    assert [row[1] for row in rows(public(few(), ("市丙局(本级)", "009")))[2:]] == ["市乙局", "市丁局", "市甲局"]


def test_its_bytes_hold_no_file_no_finding_no_formula_and_no_link() -> None:
    content = public(hostile())
    assert content == public(hostile())
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        texts = {name: archive.read(name).decode("utf-8") for name in archive.namelist()}
    sheet = texts["xl/worksheets/sheet1.xml"]
    assert "<f" not in sheet.replace("<formula", "") and "hyperlink" not in sheet
    assert not any("ID01" in text or "来源文件" in text for text in texts.values())
    assert len(rows(content)) == 2 + len(PAYLOADS)
    plain = public(few())
    with zipfile.ZipFile(io.BytesIO(plain)) as archive:
        whole = "".join(archive.read(name).decode("utf-8") for name in archive.namelist())
    assert not [word for word in (".xlsx", "001/市", "316.63", "ID01", "市戊局") if word in whole]
