"""A good scheme compiles; a bad one is refused with file, key and reason."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from evalbatch.evaluation import evaluate
from evalbatch.reading import read_submission
from evalbatch.scheme import SchemeError, compile_scheme, packaged_scheme
from evalbatch.scheme.layout import address, column_letter, column_number, list_key, template_layout
from tests.forms import base, fill, scheme

TEXT = packaged_scheme().read_text(encoding="utf-8")

REFUSALS = [
    ("points of a group", 'name = "A部门决策", points = 15', 'name = "A部门决策", points = 20', "groups", "105"),
    ("points of a row", "points_max = 10\n", "points_max = 11\n", "groups[3].points", "31"),
    ("no points", "points_max = 10\n", "points_max = 0\n", "groups[3].points", "20"),
    ("a gap between bands", 'name = "良", from = 80, to = 90', 'name = "良", from = 80, to = 89', "grades", "空档"),
    ("bands overlap", 'name = "良", from = 80, to = 90', 'name = "良", from = 80, to = 91', "grades", "重叠"),
    ("bands end early", 'name = "优", from = 90, to = 100', 'name = "优", from = 90, to = 99', "grades", "100"),
    ("bands start late", 'name = "差", from = 0, to = 60', 'name = "差", from = 1, to = 60', "grades", "0"),
    ("unknown line", "S10 = S03 + S04 + S07", "S10 = S03 + S94 + S07", "check[1](ID01).formula", "S94"),
    ("unfinished formula", "'S10 = S03 + S04 + S07 + S08 + S09'", "'S10 = S03 +'", "check[1](ID01).formula", "不完整"),
    ("not a relation", "'S10 = S03 + S04 + S07 + S08 + S09'", "'S03 + S04'", "check[1](ID01).formula", "等式"),
    ("unknown rule", 'code = "ID18"\nformula', 'code = "ID98"\nformula', "(ID98).code", "ID98"),
    ("unknown key", "year = 2024\n", "year = 2024\nyeer = 2024\n", "yeer", "拼写"),
    ("missing key", 'edition = "2024"\n', "", "edition", "缺少"),
    ("wrong type", "year = 2024\n", 'year = "今年"\n', "year", "今年"),
    ("not TOML", "year = 2024\n", "year = = 2024\n", "", "TOML"),
    ("unknown choice", 'choice = "一次"', 'choice = "两次"', "policy(A41扣分).choice", "两次"),
    ("line twice", 'key = "R02"', 'key = "R01"', "sheet(预算执行情况表).lines", "R01"),
    ("rule twice", 'code = "FS02"\nlevel', 'code = "FS01"\nlevel', "rule[2].code", "FS01"),
    ("parent unknown", 'parent = "R09"', 'parent = "R99"', "parent", "R99"),
    ("threshold missing", 'name = "公开期限"\nvalue', 'name = "公示期限"\nvalue', "threshold", "公开期限"),
    ("threshold twice", 'name = "项目执行过低"', 'name = "项目达标率"', "threshold[3].name", "项目达标率"),
    ("repeated over no list", 'each = "W"', 'each = "Q"', "groups[3].each", "Q"),
    ("repeated text", "{实际数量}", "{完成数量}", "indicator[27](C1).each_point", "完成数量"),
    ("long note", 'note = "不含会议费、培训费"', f'note = "{"长" * 101}"', "(G05).note", "101"),
    ("example of no cell", '"S01.年初预算数"', '"S01.栏目"', "example[1].place", "S01.栏目"),
    ("example of no list", '"X001.项目名称"', '"J001.项目名称"', "example[18].place", "J001"),
    ("example of a rate", '"X001.年初预算数"', '"X001.执行率"', "place", "X001.执行率"),
    ("example of a computed score", '"A11.自评得分"', '"A11.测算得分"', "place", "A11.测算得分"),
    ("example of no figure", '"618.40"', '"很多"', "example[3].value", "很多"),
    ("example of no date", '"2024-11-30"', '"年底"', "value", "年底"),
    ("example of no choice", 'value = "专项资金" }', 'value = "其他" }', "value", "其他"),
]


@pytest.mark.parametrize(("before", "after", "key", "reason"), [r[1:] for r in REFUSALS], ids=[r[0] for r in REFUSALS])
def test_a_bad_scheme_is_refused_with_file_key_and_reason(before: str, after: str, key: str, reason: str) -> None:
    assert before in TEXT
    with pytest.raises(SchemeError) as caught:
        compile_scheme(TEXT.replace(before, after, 1).encode(), "2025.toml")
    assert caught.value.file == "2025.toml"
    assert key in caught.value.key
    assert reason in caught.value.reason
    assert "\n" not in str(caught.value).removesuffix("\n")


def test_the_2024_scheme_is_whole() -> None:
    assert [group.points for group in scheme().spec.groups] == [15, 20, 30, 30, 5, 0]
    assert len(scheme().indicators) == 38
    assert list(scheme().indicators)[:9] == ["A11", "A12", "A13", "A21", "A22", "A31", "A32", "A41", "A42"]
    assert scheme().indicators["A41"].weight == 3
    numbers = {policy.number for policy in scheme().policies.values()} - {None}
    assert numbers == set(range(1, 33))


def test_a_group_is_printed_the_same_however_its_points_are_written() -> None:
    groups = compile_scheme(TEXT.replace("points = 15 }", "points = 15.0 }").encode(), "x.toml").spec.groups
    assert [groups[0].title, groups[1].title, groups[5].title] == [
        "A部门决策（15分）", "B部门管理（20分）", "F加减分项（≤5分）",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("total", "grade"),
    [
        ("100", "优"),
        ("90", "优"),
        ("89.99", "良"),
        ("80", "良"),
        ("79.99", "中"),
        ("60", "中"),
        ("59.99", "差"),
        ("0", "差"),
    ],
)
def test_bands_are_half_open(total: str, grade: str) -> None:
    assert scheme().grade(Decimal(total)) == grade


def test_a_changed_policy_changes_the_formula_without_python() -> None:
    per_project = compile_scheme(TEXT.replace('choice = "一次"', 'choice = "逐项"', 1).encode(), "2025.toml")
    points = per_project.indicators["A41"].points
    assert points is not None
    assert "3 * N(SUM(X.未达标))" in points.text


def test_every_option_of_every_policy_compiles() -> None:
    for policy in scheme().spec.policy:
        for option in policy.options:
            start = TEXT.index(f'name = "{policy.name}"')
            head, tail = TEXT[:start], TEXT[start:]
            chosen = tail.replace(f'choice = "{policy.choice}"', f'choice = "{option}"', 1)
            assert compile_scheme((head + chosen).encode(), "x.toml").choice(policy.name) == option


def test_identifiers_of_checks_are_unique() -> None:
    names = [check.id for check in scheme().checks]
    assert len(set(names)) == len(names)


def test_line_ends_do_not_change_the_digest() -> None:
    assert compile_scheme(TEXT.replace("\n", "\r\n").encode(), "x").digest == compile_scheme(TEXT.encode(), "x").digest


def test_layout() -> None:
    assert [column_letter(number) for number in (1, 26, 27, 702, 703, 16384)] == ["A", "Z", "AA", "ZZ", "AAA", "XFD"]
    assert all(column_number(column_letter(number)) == number for number in range(1, 1000))
    assert address(25, 8) == "H25"
    assert [list_key(scheme().lists[prefix], 7) for prefix in "XWVY"] == ["X007", "W07", "V07", "Y07"]
    for sheet in template_layout(scheme()).values():
        rows = [*sheet.rows.values(), *sheet.headings]
        assert len(set(rows)) == len(rows)


@pytest.mark.parametrize(
    ("before", "after", "cells", "found"),
    [
        (
            "value = 20\n",
            "value = 8\n",
            {"L01.部门网站公开日期": date(2024, 2, 15)},
            ("PB01", "信息公开情况表", "E5", "8 天以内"),
        ),
        ("value = 0.9\n", "value = 0.97\n", {}, ("PJ03", "项目支出明细表", "I6", "97%至100%")),
        ("value = 9000\n", "value = 5\n", {"R01.上年决算数": 100}, ("UN02", "预算执行情况表", "D15、E15", "")),
        ("value = 1000000\n", "value = 900\n", {}, ("UN03", "预算执行情况表", "H37", "以万元计的金额")),
    ],
)
def test_a_threshold_is_changed_in_one_place(
    before: str, after: str, cells: dict[str, Any], found: tuple[str, str, str, str]
) -> None:
    assert TEXT.count(before) == 1
    changed = compile_scheme(TEXT.replace(before, after).encode(), "2025.toml")
    book = fill(base(), cells)
    results = [evaluate(read_submission(book, rules, "form.xlsx"), rules) for rules in (scheme(), changed)]
    told = [[(f.code, f.ref.sheet, f.ref.cell, f.expected) for f in result.findings] for result in results]
    assert found not in told[0]
    assert found in told[1]


def test_points_of_optional_rows_are_changed_in_one_place() -> None:
    text = TEXT
    for code, before, after in (("E1", "2", "1"), ("E2", "2", "3.5"), ("E3", "1", "0.5")):
        old = re.search(rf'code = "{code}"\n(?:(?!\[\[).*\n)*?points_max = {before}\n', text)
        assert old is not None
        text = text.replace(old[0], old[0].replace(f"points_max = {before}", f"points_max = {after}"))
    changed = compile_scheme(text.encode(), "2025.toml")
    book = fill(base(), {"E1.自评得分": 1, "E2.自评得分": 3.5, "E3.是否适用": "否"})
    lines = {line.code: line for line in evaluate(read_submission(book, changed, "form.xlsx"), changed).lines}
    assert [(lines[code].weight, lines[code].final) for code in ("E1", "E2")] == [
        (Decimal("1.11"), Decimal("1.11")), (Decimal("3.89"), Decimal("3.89")),
    ]  # fmt: skip
