"""HD07 on what the bureau prefilled: each changed cell is one exact finding, and the bureau's value stands."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from evalbatch.evaluation import evaluate
from evalbatch.model import Result, Supplied, Value
from evalbatch.reading import read_submission
from evalbatch.rules import Registered
from evalbatch.scheme.layout import template_cell
from tests.forms import base, clear, fill, judge, scheme

PROJECT: Mapping[str, Value] = {
    "项目名称": "信息系统运维", "项目类别": "部门预算项目", "是否重点": "否", "是否纳入考核": "是", "年初预算数": Decimal(100),
}  # fmt: skip
WORK: Mapping[str, Value] = {
    "工作名称": "企业走访", "计量单位": "家", "计划数量": Decimal(10), "计划完成日期": date(2024, 12, 31),
}  # fmt: skip
BENEFIT: Mapping[str, Value] = {
    "二级指标": "社会效益", "三级指标": "群众投诉件数", "指标性质": "≤", "指标值": Decimal(5),
}  # fmt: skip
SUPPLIED = Supplied(
    {("S01", "年初预算数"): Decimal(600), ("S03", "年初预算数"): Decimal(700), ("E1", "是否适用"): "是"},
    {"X": (PROJECT,), "W": (WORK,), "V": (BENEFIT,)},
)


def result(typed: Mapping[str, Any], supplied: Supplied = SUPPLIED) -> Result:
    return judge(typed, registered=Registered(supplied=supplied))


def told(found: Result) -> list[tuple[str, str, str, str, Decimal | None]]:
    return sorted(
        (f.ref.sheet, f.ref.cell, f.found, f.expected, f.difference) for f in found.findings if f.code == "HD07"
    )


def cell(name: str) -> tuple[str, str]:
    key, _, column = name.partition(".")
    return template_cell(scheme(), key, column)


def test_nothing_changed_is_no_finding_and_the_same_result() -> None:
    held, free = result({}), judge(registered=Registered())
    assert held.findings == free.findings == ()
    assert (held.lines, held.ratios, held.submission.notes) == (free.lines, free.ratios, free.submission.notes)


@pytest.mark.parametrize(
    ("name", "typed", "found", "expected", "difference"),
    [
        ("S01.年初预算数", 601, "601", "600", "1"),
        ("S01.年初预算数", "五百", "五百", "600", None),
        ("S01.年初预算数", {"error": "#REF!"}, "#REF!", "600", None),
        ("S01.年初预算数", "", "空白", "600", None),
        ("S03.年初预算数", 701, "701", "700", "1"),
        ("E1.是否适用", "否", "否", "是", None),
        ("X001.项目类别", "专项资金", "专项资金", "部门预算项目", None),
        ("X001.是否纳入考核", "否", "否", "是", None),
        ("X001.年初预算数", 90, "90", "100", "-10"),
        ("W02.计划数量", 8, "8", "10", "-2"),
        ("W02.计划完成日期", date(2025, 1, 31), "2025-01-31", "2024-12-31", None),
        ("V02.指标值", 9, "9", "5", "4"),
        ("V02.指标性质", "≥", "≥", "≤", None),
    ],
)
def test_each_change_is_one_finding_and_the_bureaus_value_stands(
    name: str, typed: Any, found: str, expected: str, difference: str | None
) -> None:
    changed = result({name: typed})
    gap = None if difference is None else Decimal(difference)
    assert told(changed) == [(*cell(name), found, expected, gap)]
    assert [(f.level, f.kind) for f in changed.findings if f.code == "HD07"] == [("预警", "填报")]
    untouched = result({})
    assert [(line.code, line.final) for line in changed.lines] == [(line.code, line.final) for line in untouched.lines]
    assert changed.ratios == untouched.ratios
    assert [finding.code for finding in changed.findings] == ["HD07"], "nothing else follows from a change"
    sheet, place = cell(name)
    assert [(n.sheet, n.cell) for n in changed.submission.notes if "财政局" in n.text] == [(sheet, place)]


def test_the_score_a_change_would_have_bought_is_not_given() -> None:
    late = {"X001.决算数": 50, "X001.未达标原因": "延期"}
    cheated = judge({**late, "X001.是否纳入考核": "否"})
    held = result({**late, "X001.是否纳入考核": "否"})
    points = [{line.code: line.final for line in found.lines}["A41"] for found in (cheated, held)]
    assert points[0] > points[1] == 0


def test_blank_says_yes_where_blank_means_yes() -> None:
    assert told(result({"X001.是否纳入考核": "", "E1.是否适用": ""})) == []


def test_rows_are_matched_by_name_wherever_they_stand() -> None:
    swapped = {
        f"X001.{column}": base()[f"X002.{column}"] for column in ("项目名称", "项目类别", "年初预算数", "决算数")
    }
    swapped |= {
        f"X002.{column}": base()[f"X001.{column}"] for column in ("项目名称", "项目类别", "年初预算数", "决算数")
    }
    assert told(result(swapped)) == []
    sheet, place = cell("X002.年初预算数")
    assert told(result({**swapped, "X002.年初预算数": 99})) == [(sheet, place, "99", "100", Decimal(-1))]
    assert told(result({"X001.项目名称": "信息 系统运维"})) == []


def test_a_missing_row_is_told_at_the_cell_that_held_its_name() -> None:
    renamed = result({"X001.项目名称": "系统运维"})
    assert told(renamed) == [(*cell("X001.项目名称"), "系统运维", "信息系统运维", None)]
    supplied = Supplied({}, {"W": (WORK, {"工作名称": "年度会议"}, {"工作名称": "调研"})})
    found = result({}, supplied)
    assert told(found) == [
        (*cell("W02.工作名称"), "企业走访", "年度会议", None),
        (*cell("W03.工作名称"), "空白", "调研", None),
    ]
    assert [row.row.text("工作名称") for row in found.rows["W"]] == ["政策宣讲", "企业走访", "年度会议", "调研"]


@pytest.mark.parametrize(
    ("typed", "supplied", "code"),
    [
        ({"X001.项目名称": "系统运维"}, Supplied({}, {"X": (PROJECT,)}), "A41"),
        ({}, Supplied({}, {"W": (WORK, {"工作名称": "年度会议", "计划数量": Decimal(1)})}), "C1"),
        ({}, Supplied({}, {"V": (BENEFIT, {**BENEFIT, "三级指标": "信访件数"})}), "D2"),
    ],
)
def test_what_was_left_out_is_pending_and_earns_nothing(
    typed: Mapping[str, Any], supplied: Supplied, code: str
) -> None:
    found = result(typed, supplied)
    line = next(line for line in found.lines if line.code == code)
    free = next(line for line in judge(typed).lines if line.code == code)
    assert line.source == "待核"
    assert line.final < free.final == line.high
    assert {f.code for f in found.findings} == {"HD07"}


def test_another_unit_is_compared_in_the_bureaus() -> None:
    supplied = Supplied({("S01", "年初预算数"): Decimal(600)})
    amounts = {
        name: value * 10 for name, value in base().items()
        if name.partition(".")[2] in ("上年预算数", "上年决算数", "年初预算数", "预算调整数", "决算数", "其中：基本支出", "其中：项目支出")
        and name[0] not in "PN" and isinstance(value, int | Decimal)
    }  # fmt: skip
    assert told(result({**amounts, "T05.填报内容": "千元"}, supplied)) == []
    left = result({**amounts, "T05.填报内容": "千元", "S01.年初预算数": 600}, supplied)
    assert told(left) == [(*cell("S01.年初预算数"), "60.0", "600", Decimal(-540))]


def test_a_total_left_to_its_formula_is_compared_once_its_terms_stand() -> None:
    supplied = Supplied({("S01", "年初预算数"): Decimal(600), ("S03", "年初预算数"): Decimal(700)})
    assert "S03.年初预算数" not in base()
    assert told(result({"S01.年初预算数": 610}, supplied)) == [
        (*cell("S01.年初预算数"), "610", "600", Decimal(10)),
    ]


def test_a_row_that_was_deleted_is_the_forms_own_fault() -> None:
    book = clear(fill(base()), ["S01"])
    supplied = Supplied({("S01", "年初预算数"): Decimal(600)})
    found = evaluate(read_submission(book, scheme(), "form.xlsx"), scheme(), Registered(supplied=supplied))
    assert told(found) == []
    assert found.submission.value("S01", "年初预算数") == 600
    assert "FS05" in {finding.code for finding in found.findings}
