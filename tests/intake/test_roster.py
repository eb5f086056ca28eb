"""单位名录: whom a name, a code or the name of a file means, and what is only proposed."""

from __future__ import annotations

from pathlib import Path

import pytest
from xlsxwriter import Workbook

from evalbatch.intake import Department, Roster, RosterError, read_roster
from evalbatch.reading.cells import abbreviates, spelling
from tests.test_samples import builder

NAMES = {
    "101001": "市商务局", "101002": "市商务局口岸办公室", "101003": "市教育局", "101004": "市体育局",
    "101005": "南京市人民政府外事办公室（本级）",
}  # fmt: skip


@pytest.fixture(scope="module")
def roster(tmp_path_factory: pytest.TempPathFactory) -> Roster:
    path = tmp_path_factory.mktemp("名录") / "单位名录.xlsx"
    builder().write_roster(path, [(code, name, "", "") for code, name in NAMES.items()])
    return read_roster(path)


@pytest.mark.parametrize(
    ("code", "name", "found"),
    [
        ("１０１００３", "", "101003"),
        ("", " 市 教育局　", "101003"),
        ("", "南京市人民政府外事办公室〔本级〕", "101005"),
        ("", "南京市人民政府外事办公室(本级)", "101005"),
        ("", "教育局", None),
        ("999999", "市体育局", "101004"),
    ],
)
def test_names_are_matched_whatever_their_width_spaces_and_brackets(
    roster: Roster, code: str, name: str, found: str | None
) -> None:
    department = roster.find(code, name)
    assert (None if department is None else department.code) == found


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("来文/市商务局_2024.xlsx", ["101001"]),
        ("101001.xlsx", ["101001"]),
        ("20241010011.xlsx", []),
        ("A101001.xlsx", []),
        ("市商务局口岸办公室.xlsx", ["101002"]),
        ("市商务局、市教育局.zip", ["101001", "101003"]),
        ("101001_市教育局.xlsx", ["101001", "101003"]),
        ("南京市人民政府外事办公室 (本级)盖章件.pdf", ["101005"]),
        ("说明.txt", []),
    ],
)
def test_a_text_names_departments(roster: Roster, text: str, codes: list[str]) -> None:
    assert sorted(department.code for department in roster.named(text)) == codes
    mentioned = roster.mentioned(text)
    assert (mentioned and mentioned.code) == (codes[0] if len(codes) == 1 else None)


@pytest.mark.parametrize(
    ("name", "proposed"),
    [
        ("商务局", ["101001", "101002"]),
        ("市商物局", ["101001"]),
        ("南京市外办", ["101005"]),
        ("市教育考试院", ["101003"]),
        ("区民政局", []),
        ("", []),
    ],
)
def test_near_misses_are_proposed(roster: Roster, name: str, proposed: list[str]) -> None:
    assert [department.code for department in roster.proposals(name)] == proposed


def test_the_name_of_a_file_hints_at_a_department(roster: Roster) -> None:
    assert [department.code for department in roster.hinted("教育局盖章件.pdf")] == ["101003"]
    assert roster.hinted("育局盖章件.pdf") == ()


def test_the_superior_of_a_unit_is_another_department_of_the_roster() -> None:
    above = Department("1", "市商务局", "", False)
    unit = Department("2", "市口岸办", "", False, "市商务局")
    alone = Department("3", "市档案馆", "", False, "市委")
    itself = Department("4", "市科技局", "", False, "市科技局")
    every = (above, unit, alone, itself)
    roster = Roster(every, {of.code: of for of in every}, {of.name: of for of in every})
    assert [roster.superior(of) for of in every] == [None, above, None, None]


def test_two_names_that_differ_by_brackets_alone_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "名录.xlsx"
    builder().write_roster(path, [("1", "市示范局（本级）", "", ""), ("2", "市示范局 〔本级〕", "", "")])
    with pytest.raises(RosterError, match="单位名录!B4：单位名称 市示范局 〔本级〕 出现两次"):
        read_roster(path)


def test_a_short_name_stands_in_the_full_one_in_order() -> None:
    assert abbreviates("市外办", "市政府外事办公室")
    assert not abbreviates("市商业局", "市商务局")
    assert not abbreviates("", "市商务局")
    assert spelling("市示范局【本级】") == spelling("市示范局 (本级)")


def test_the_departments_of_a_large_country(tmp_path: Path) -> None:
    path = tmp_path / "单位名录.xlsx"
    with Workbook(path, {"constant_memory": True}) as book:
        sheet = book.add_worksheet("单位名录")
        sheet.write_row(0, 0, ("单位编码", "单位名称"))
        for number in range(60_000):
            sheet.write_row(number + 1, 0, (f"{100_000 + number}", f"第{number}局"))
    roster = read_roster(path)
    assert len(roster.departments) == 60_000
    department = roster.find("159999", "")
    assert department is not None
    assert department.name == "第59999局"
