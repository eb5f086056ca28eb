"""Points by the contract's own reference values, one indicator at a time."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import datetime
from decimal import Decimal
from typing import Any
from xml.sax.saxutils import unescape

import pytest

from evalbatch.consolidation import consolidate
from evalbatch.department_rows import summarise
from evalbatch.department_workbook import Filling, write_department_workbook
from evalbatch.evaluation import evaluate
from evalbatch.examination import Examined, abridge
from evalbatch.intake import Arrival
from evalbatch.model import Line, Result, Summary
from evalbatch.ranking import rank
from evalbatch.ranking_workbook import write_ranking_workbook
from evalbatch.reading import read_submission, read_xlsx
from tests.forms import BASE, judge, scheme
from tests.test_samples import builder

D = Decimal


def line(result: Result, code: str) -> Line:
    return next(item for item in result.lines if item.code == code)


def got(code: str, typed: dict[str, Any]) -> tuple[Decimal, str]:
    found = line(judge(typed), code)
    return found.final, found.source


@pytest.mark.parametrize(
    ("nature", "target", "done", "degree", "points"),
    [
        ("≥", 90, 95, "", "7.50"),
        ("≥", 90, 45, "", "3.75"),
        ("≤", 0, 0, "", "7.50"),
        ("≤", 0, 1, "", "0"),
        ("≤", 5, 10, "", "3.75"),
        ("≤", 5, 5, "", "7.50"),
        ("≥", 0, 1, "", "7.50"),
        ("≥", 0, -1, "", "0"),
        ("≥", -5, -3, "", "7.50"),
        ("≥", 100, -50, "", "0"),
        ("=", 10, 10, "", "7.50"),
        ("=", 10, 12, "", "6.00"),
        ("=", 10, 30, "", "0"),
        ("=", 0, 0, "", "7.50"),
        ("=", 0, 1, "", "0"),
        ("定性", "", "", 0.7, "5.25"),
        ("定性", "", "", "70%", "5.25"),
        ("定性", "", "", "70", "5.25"),
    ],
)
def test_degree_of_a_benefit_indicator(nature: str, target: Any, done: Any, degree: Any, points: str) -> None:
    typed = {"V01.指标性质": nature, "V01.指标值": target, "V01.完成值": done, "V01.完成程度": degree}
    assert got("D1", typed) == (D(points), "测算")


@pytest.mark.parametrize(
    ("typed", "points", "high"),
    [
        ({"V01.完成值": ""}, "0", "7.50"),
        ({"V01.指标值": ""}, "0", "7.50"),
        ({"V01.完成值": "见附表"}, "0", "7.50"),
        ({"V01.指标性质": ""}, "0", "7.50"),
        ({"V01.指标性质": "定性", "V01.完成程度": ""}, "0", "7.50"),
        ({"V01.指标性质": "定性", "V01.完成程度": 1.5}, "0", "7.50"),
        ({"V01.指标性质": "定性", "V01.完成程度": "150%"}, "0", "7.50"),
        ({"V01.二级指标": "社会效益"}, "0", "7.50"),
    ],
)
def test_a_benefit_without_data_is_pending_with_its_range(typed: dict[str, Any], points: str, high: str) -> None:
    found = line(judge(typed), "D1")
    assert (found.source, found.low, found.high) == ("待核", D(points), D(high))
    assert "待核" in found.sentence


@pytest.mark.parametrize(
    ("typed", "points", "source"),
    [
        ({}, "10.00", "测算"),
        ({"W01.实际数量": 2}, "7.50", "测算"),
        ({"W01.实际数量": 2, "W01.权重": 3, "W02.权重": 1}, "6.25", "测算"),
        ({"W01.实际数量": 2, "W01.权重": 3}, "7.50", "测算"),
        ({"W01.实际数量": 40}, "10.00", "测算"),
        ({"W01.计划数量": ""}, "5.00", "待核"),
        ({"W01.计划数量": 0}, "5.00", "待核"),
        ({"W01.实际数量": ""}, "5.00", "待核"),
        ({"W01.实际数量": 0}, "5.00", "测算"),
    ],
)
def test_quantity_of_key_works(typed: dict[str, Any], points: str, source: str) -> None:
    assert got("C1", typed) == (D(points), source)


@pytest.mark.parametrize(
    ("typed", "points", "source"),
    [
        ({}, "10.00", "测算"),
        ({"W01.实际完成日期": "2024-12-01"}, "5.00", "测算"),
        ({"W01.实际完成日期": "2024-11-30"}, "10.00", "测算"),
        ({"W01.实际完成日期": ""}, "5.00", "测算"),
        ({"W01.计划完成日期": ""}, "5.00", "待核"),
    ],
)
def test_works_on_time(typed: dict[str, Any], points: str, source: str) -> None:
    assert got("C3", typed) == (D(points), source)


@pytest.mark.parametrize(
    ("typed", "points", "source"),
    [
        ({}, "3.00", "测算"),
        ({"X001.决算数": 90}, "3.00", "测算"),
        ({"X001.决算数": 89.995}, "3.00", "测算"),
        ({"X001.决算数": 89.994}, "0", "测算"),
        ({"X001.决算数": 89.994, "X001.是否纳入考核": "否"}, "3.00", "测算"),
        ({"X001.决算数": 89.994, "X001.是否纳入考核": ""}, "0", "测算"),
        ({"X001.决算数": ""}, "0", "待核"),
        ({"A41.自评得分": 2}, "2.00", "测算"),
        ({"A41.自评得分": 5}, "3.00", "测算"),
        ({"A41.自评得分": ""}, "0", "待核"),
    ],
)
def test_project_execution(typed: dict[str, Any], points: str, source: str) -> None:
    assert got("A41", typed) == (D(points), source)


def test_failing_projects_are_named() -> None:
    assert "信息系统运维" in line(judge({"X001.决算数": 10}), "A41").sentence


def test_pending_project_execution_reaches_the_claim_only() -> None:
    found = line(judge({"A41.自评得分": 1, "X001.决算数": ""}), "A41")
    assert (found.low, found.high) == (D(0), D(1))


@pytest.mark.parametrize(
    ("budget", "spent", "points", "source"),
    [
        (1000, 900, "2.00", "测算"),
        (1000, 899.95, "2.00", "测算"),
        (1000, 899.94, "2.00", "测算"),
        (1000, 810, "1.80", "测算"),
        (1000, 0, "0", "测算"),
        (1000, 1100, "2.00", "测算"),
        (0, 0, "2.00", "不适用"),
        (0, 1, "0", "测算"),
        ("", 1, "0", "待核"),
        (1000, "", "0", "待核"),
    ],
)
def test_execution_of_the_whole_budget(budget: Any, spent: Any, points: str, source: str) -> None:
    assert got("B11", {"S10.全年预算数": budget, "S10.决算数": spent}) == (D(points), source)


@pytest.mark.parametrize("typed", [{"S01.决算数": ""}, {"S01.决算数": {"error": "#REF!"}}, {"S04.决算数": "约290"}])
def test_a_total_is_no_total_while_a_mandatory_part_is_missing(typed: dict[str, Any]) -> None:
    result = judge(typed)
    assert result.submission.value("S10", "决算数") is None
    assert (line(result, "B11").source, line(result, "B11").high) == ("待核", D(2))


@pytest.mark.parametrize(
    ("typed", "points", "source"),
    [
        ({}, "2.00", "测算"),
        ({"X002.项目类别": "部门预算项目"}, "2.00", "不适用"),
        ({"X002.决算数": 54}, "1.00", "测算"),
        ({"X002.年初预算数": 0, "X002.决算数": 0}, "2.00", "不适用"),
        ({"X002.年初预算数": 0, "X002.决算数": 5}, "0", "测算"),
        ({"X002.决算数": ""}, "0", "待核"),
        ({"S04.年初预算数": 0, "S04.决算数": 0}, "2.00", "不适用"),
        ({"B12.是否适用": "否", "B12.扣分原因": "无此类资金"}, "2.00", "不适用"),
        ({"B12.是否适用": "否"}, "2.00", "测算"),
    ],
)
def test_execution_of_special_funds(typed: dict[str, Any], points: str, source: str) -> None:
    assert got("B12", typed) == (D(points), source)


@pytest.mark.parametrize(
    ("typed", "points", "source"),
    [
        ({}, "1.00", "测算"),
        ({"L01.财政统一平台公开日期": "2024-02-25"}, "1.00", "测算"),
        ({"L01.财政统一平台公开日期": "2024-02-26"}, "0.88", "测算"),
        ({"L01.财政统一平台公开日期": ""}, "0.75", "测算"),
        ({"L01.财政统一平台公开日期": "2024-02-01"}, "0.75", "测算"),
        ({"L01.批复日期": ""}, "0", "待核"),
        ({"B14.是否适用": "否", "B14.扣分原因": "涉密"}, "1.00", "不适用"),
    ],
)
def test_publication(typed: dict[str, Any], points: str, source: str) -> None:
    assert got("B14", typed) == (D(points), source)


@pytest.mark.parametrize(
    ("done", "points"), [("是是是是是", "1.00"), ("是是是否否", "0.60"), ("是    ", "0.20"), ("否否否否否", "0")]
)
def test_five_reports(done: str, points: str) -> None:
    typed = {f"L1{number}.是否完成": word.strip() for number, word in enumerate(done, 1)}
    assert got("B72", typed)[0] == D(points)


@pytest.mark.parametrize(
    ("chosen", "claims", "weights", "points"),
    [
        ("是是是", (2, 2, 1), ("2.00", "2.00", "1.00"), "5.00"),
        ("是是否", (2, 2, 1), ("2.50", "2.50", "0"), "5.00"),
        ("是否是", (2, 2, 1), ("3.33", "0", "1.67"), "5.00"),
        ("否否是", (2, 2, 1), ("0", "0", "5.00"), "5.00"),
        ("否否是", (2, 2, 0.5), ("0", "0", "5.00"), "2.50"),
        ("否否否", (2, 2, 1), ("0", "0", "0"), "0"),
    ],
)
def test_optional_rows_share_the_group(
    chosen: str, claims: tuple[float, ...], weights: tuple[str, ...], points: str
) -> None:
    typed: dict[str, Any] = {}
    for number, (word, claim) in enumerate(zip(chosen, claims, strict=True), 1):
        typed |= {f"E{number}.是否适用": word, f"E{number}.自评得分": D(str(claim)), f"E{number}.扣分原因": "略"}
    result = judge(typed)
    assert tuple(line(result, f"E{number}").weight for number in (1, 2, 3)) == tuple(map(D, weights))
    assert result.groups["E"] == D(points)


@pytest.mark.parametrize(
    ("awards", "added", "taken", "total"),
    [
        ([("加分", "国务院", "甲", 3), ("加分", "省级", "甲", 2)], "3", "0", "100"),
        ([("加分", "国务院", "甲", 3), ("加分", "省级", "乙", 2), ("加分", "省级", "丙", 2)], "5", "0", "100"),
        ([("加分", "省级", "文明 单位", 2), ("加分", "省级", "文明单位", 2)], "2", "0", "100"),
        ([("加分", "市级考核二等奖", "甲", 0.5)], "0.50", "0", "100"),
        ([("加分", "其他", "甲", 0)], "0", "0", "99.90"),
        ([("减分", "违法违纪", "甲", -2)], "0", "2", "97.90"),
        ([("减分", "违法违纪", "甲", 9)], "0", "5", "94.90"),
    ],
)
def test_additions_and_deductions(
    awards: list[tuple[str, str, str, float]], added: str, taken: str, total: str
) -> None:
    typed: dict[str, Any] = {}
    for number, (kind, level, work, points) in enumerate(awards, 1):
        row = {"类型": kind, "级别": level, "工作事项": work, "自报分值": D(str(points))}
        typed |= {f"Y{number:02d}.{column}": value for column, value in row.items()}
    result = judge(typed)
    assert (line(result, "F1").final, line(result, "F2").final, result.total) == (D(added), D(taken), D(total))


@pytest.mark.parametrize(("claim", "points"), [(1.5, "1.00"), (-1, "0"), (0.555, "0.56"), (0, "0")])
def test_a_judged_row_takes_the_claim_within_bounds(claim: float, points: str) -> None:
    assert got("B21", {"B21.自评得分": D(str(claim))}) == (D(points), "自评")


def test_ranks_leave_places_out_after_ties_and_order_by_execution_then_code() -> None:
    def result(code: str, claim: str, spent: float) -> Summary:
        typed = {"T02.填报内容": code, "B21.自评得分": D(claim), "S10.决算数": D(str(spent))}
        return summarise(judge(typed), scheme())

    ranked = rank([result("4", "0.1", 981), result("3", "0.5", 950), result("2", "0.5", 981), result("1", "1", 981)])
    assert [(place.rank, place.result.code) for place in ranked] == [(1, "1"), (2, "2"), (2, "3"), (4, "4")]
    assert [place.category_rank for place in ranked] == [1, 2, 2, 4]


PAYLOADS = ("=1+1", '=HYPERLINK("http://x","y")', "@SUM(1)", "+1", "-1", "http://x", "<r><t>x</t></r>", "{=1+1}")


def test_what_a_department_types_is_text_in_every_sheet() -> None:
    cells = dict(builder().load("base")["cells"])
    cells["T01.填报内容"] = PAYLOADS[0]
    cells["A42.扣分原因"] = PAYLOADS[1]
    for number, payload in enumerate(PAYLOADS, 1):
        cells[f"X{number + 3:03d}.项目名称"] = payload
        cells[f"Y{number:02d}.工作事项"] = payload
        cells[f"Y{number:02d}.类型"] = "加分"
    form = io.BytesIO()
    write_department_workbook(form, scheme(), builder().filling(cells, scheme()))
    result = evaluate(read_submission(read_xlsx(form.getvalue()), scheme(), "=1+1.xlsx"), scheme())
    assert result.submission.name == PAYLOADS[0]
    assert [row.row.text("工作事项") for row in result.rows["Y"]] == list(PAYLOADS)
    moment = datetime(2025, 1, 1)
    arrival = Arrival(BASE, "=1+1.xlsx", 1, moment)
    outcome = consolidate([abridge(Examined(arrival, "", result=result), scheme())], scheme(), None, moment)
    target = io.BytesIO()
    write_ranking_workbook(target, outcome, scheme())
    with zipfile.ZipFile(target) as package:
        sheets = [package.read(name) for name in package.namelist() if name.startswith("xl/worksheets/sheet")]
        rest = b"".join(package.read(name) for name in package.namelist())
    assert len(sheets) == 17
    links = [link for sheet in sheets for link in re.findall(rb"<hyperlink [^>]*>", sheet)]
    assert all(b' location="' in link and b"r:id" not in link for link in links)
    formulas = b"".join(formula for sheet in sheets for formula in re.findall(rb"<f>(.*?)</f>", sheet)).decode()
    texts = [payload for payload in PAYLOADS if payload not in ("+1", "-1")]
    assert formulas and not [text for text in texts if text in unescape(formulas)]
    assert b"=1+1" in b"".join(sheets) + rest


def test_a_filled_form_reads_back_as_it_was_filled() -> None:
    cells = builder().load("base")["cells"]
    form = io.BytesIO()
    filling: Filling = builder().filling(cells, scheme())
    write_department_workbook(form, scheme(), filling)
    submission = read_submission(read_xlsx(form.getvalue()), scheme(), "x.xlsx")
    wrong = {
        place: (value, submission.value(*place))
        for place, value in filling.cells.items()
        if submission.value(*place) != value
    }
    assert wrong == {}
    assert submission.notes == ()
