"""The tables: ranks with ties, conclusions at their boundaries, and counts, on departments made by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal

import pytest

from evalbatch.department_rows import figure_places
from evalbatch.model import Note, Unranked, Value
from evalbatch.report import dump_report, report
from evalbatch.seals import seal, text_seal
from evalbatch.tables import Table, tabulate
from tests.ranking_workbook.outcomes import SCHEME, batch, department, finding, realistic


def column(table: Table, header: str) -> list[object]:
    """A column as a plain list."""
    return list(table.frame()[header])


def test_ties_share_a_rank_and_leave_the_next_one_out() -> None:
    results = [
        department("004", "丁", claims={"A11": "0"}),
        department("003", "丙", "经济"),
        department("002", "乙"),
        department("001", "甲", claims={"A11": "1.5", "A41": "3"}, lists={"X": []}, cells={("S04", "决算数"): None}),
    ]
    ranking = tabulate(batch(*results), SCHEME).ranking
    assert column(ranking, "单位编码") == ["002", "003", "004", "001"]
    assert column(ranking, "排名") == [1, 1, 3, 4]
    assert column(ranking, "分类排名") == [1, 1, 2, 3]
    assert column(ranking, "总分")[:3] == [Decimal("97.00"), Decimal("97.00"), Decimal("95.50")]
    assert column(ranking, "差异")[0] == Decimal("-3.00")
    assert column(ranking, "状态") == ["有效", "有效", "有效", "有效（2项待核）"]
    assert column(ranking, "说明")[3] == "待核：A41、B12"


def test_the_unranked_stand_below_with_their_reason() -> None:
    gone = Unranked("0009", "戊", "党群", "未报送", "名录中有，未收到。")
    ranking = tabulate(batch(department(), unranked=(gone,)), SCHEME).ranking
    assert ranking.frame().iloc[1].dropna().to_dict() == {
        "单位编码": "0009",
        "填报单位": "戊",
        "部门类别": "党群",
        "状态": "未报送",
        "说明": "名录中有，未收到。",
        "盖章件": "未收",
    }


def test_findings_are_counted_for_the_file_that_counts() -> None:
    result = department(findings=[finding(), finding("SG01"), finding("YR04", None), finding("CT01", None)])
    old = finding(department="001", name="市外事办", file="001/旧.xlsx")
    ranking = tabulate(batch(result, findings=[old]), SCHEME).ranking
    assert (column(ranking, "错误数"), column(ranking, "预警数")) == ([2], [1])
    assert (result.count("错误"), result.count("预警")) == (2, 1)


def test_an_empty_batch_has_all_its_columns() -> None:
    tables = tabulate(batch(), SCHEME)
    assert len(tables.ranking) == 0 and "总分" in tables.ranking.headers
    assert list(tables.scores.headers) == ["单位编码", "填报单位", *SCHEME.indicators]


@pytest.mark.parametrize(
    ("budget", "spent", "before", "excess", "rate", "change", "conclusion"),
    [
        ("100", "100.01", "100", "0.01", "1.000100000000", "0", "未超支"),
        ("100", "100.02", "200", "0.02", "1.000200000000", "-0.5", "超支"),
        ("100", "90", None, "0", "0.9", "—", "未超支"),
        ("0", "0", "0", "0", "—", "不可比", "未超支"),
        ("0", "1", "10", "1", "—", "-1", "超支"),
        (None, "1", "10", None, "—", "—", "未填"),
        ("1", None, "0", None, "—", "不可比", "未填"),
    ],
)
def test_sangong_at_its_boundaries(
    budget: str | None,
    spent: str | None,
    before: str | None,
    excess: str | None,
    rate: str,
    change: str,
    conclusion: str,
) -> None:
    def decimal(text: str | None) -> Value:
        return text if text is None or text in ("—", "不可比") else Decimal(text)

    cells: Mapping[tuple[str, str], Value] = {
        ("G06", "全年预算数"): decimal(budget),
        ("G06", "决算数"): decimal(spent),
        ("G06", "上年预算数"): decimal(before),
    }
    total = tabulate(batch(department(cells=cells)), SCHEME).sangong.frame().iloc[0]
    found = [total[name] for name in ("项目", "超支金额", "控制率", "变动率", "结论")]
    assert found == ["合计", decimal(excess), decimal(rate), decimal(change), conclusion]


def test_sangong_lists_the_items_of_the_contract() -> None:
    items = column(tabulate(batch(department()), SCHEME).sangong, "项目")
    assert items == [
        "合计",
        "因公出国（境）费",
        "公务用车购置及运行维护费",
        "其中：公务用车购置费",
        "其中：公务用车运行维护费",
        "公务接待费",
    ]


def test_projects_are_met_missed_or_neither() -> None:
    amounts = (("100", "90"), ("100", "89.99"), ("0", "0"), (None, "1"), ("100", None))
    projects = [
        {"项目名称": str(n), "全年预算数": budget and Decimal(budget), "决算数": spent and Decimal(spent)}
        for n, (budget, spent) in enumerate(amounts)
    ]
    table = tabulate(batch(department(lists={"X": projects})), SCHEME).projects
    assert column(table, "是否达标") == ["达标", "未达标", "—", "—", "—"]
    assert column(table, "执行率") == [Decimal("0.9"), Decimal("0.8999"), "—", "—", "—"]


def test_execution_is_met_at_the_threshold_of_the_scheme() -> None:
    def met(spent: str) -> object:
        cells: Mapping[tuple[str, str], Value] = {
            ("S10", "全年预算数"): Decimal(10000),
            ("S10", "决算数"): None if not spent else Decimal(spent),
        }
        return column(tabulate(batch(department(cells=cells)), SCHEME).budgets, "是否达标")[0]

    assert [met(spent) for spent in ("9000", "8999.5", "8999.4", "")] == ["达标", "达标", "未达标", "—"]


def test_works_are_on_time_late_or_neither() -> None:
    day = date(2024, 12, 31)
    works: list[Mapping[str, Value]] = [
        {"工作名称": "按期", "计划数量": Decimal(1), "实际数量": Decimal(1), "计划完成日期": day, "实际完成日期": day},
        {"工作名称": "未完", "计划数量": Decimal(2), "实际数量": Decimal(1), "计划完成日期": day},
        {"工作名称": "无计划", "实际数量": Decimal(1), "实际完成日期": day},
    ]
    table = tabulate(batch(department(lists={"W": works})), SCHEME).works
    assert column(table, "是否按期") == ["是", "否", "—"]
    assert column(table, "数量完成率") == [1, Decimal("0.5"), 0]
    assert column(table, "说明")[2] == "数量待核、质量待核、按期待核，暂按0计"


def test_awards_say_why_they_count_nothing() -> None:
    awards: list[Mapping[str, Value]] = [
        {"类型": "加分", "级别": "国务院", "工作事项": "甲"},
        {"类型": "加分", "级别": "省级", "工作事项": "甲"},
        {"类型": "加分", "级别": "其他", "工作事项": "乙"},
        {"类型": "减分", "级别": "违法违纪", "工作事项": "丙", "自报分值": Decimal(-2)},
        {"类型": "减分", "级别": "违法违纪", "工作事项": "丁"},
        {"工作事项": "戊"},
    ]
    table = tabulate(batch(department(lists={"Y": awards})), SCHEME).awards
    assert column(table, "计入分值") == [3, 0, 0, -2, 0, 0]
    assert column(table, "说明") == [
        None, "同一项工作已计最高一项", "级别“其他”不加分", None, "未填分值，未扣分", "类型未填，不计分",
    ]  # fmt: skip


def test_raw_figures_are_those_that_formulas_read() -> None:
    places = figure_places(SCHEME)
    assert len(places) == len(set(places))
    assert {("S10", "决算数"), ("L01", "批复日期"), ("A11", "自评得分"), ("N05", "决算数"), ("E1", "是否适用")} <= set(
        places
    )
    assert ("S10", "说明") not in places and ("T01", "填报内容") not in places
    table = tabulate(batch(department()), SCHEME).figures
    assert column(table, "S10.决算数") == [Decimal("3632.41")]
    assert column(table, "Q01.决算数") == [None]
    (values,) = table.frame().itertuples(index=False, name=None)
    assert column(table, "校验码") == [seal(values[4:-2])]
    assert column(table, "校验文") == [text_seal([*values[:4], *(values[place] for place in _texts(table))])]
    assert column(table, "校验文")[0].startswith("001|市外事办|001/市外事办.xlsx|党群|")  # type: ignore[attr-defined]
    assert column(table, "校验文")[0].endswith("|是|是|是|是|是")  # type: ignore[attr-defined]


def _texts(table: Table) -> list[int]:
    """The places of the columns of 数据底稿 that hold texts."""
    texts = ("是否适用", "扣分原因", "是否完成")
    return [place for place, header in enumerate(table.headers) if header.partition(".")[2] in texts]


def test_notes_and_rules_are_listed() -> None:
    note = Note("预算执行情况表", "S10", "决算数", Decimal(1), "１", "H37", "文本形式的数字")
    tables = tabulate(batch(department(notes=(note,))), SCHEME)
    assert list(next(iter(tables.notes)))[2:] == [
        "预算执行情况表",
        "S10",
        "决算数",
        Decimal(1),
        "１",
        "H37",
        "文本形式的数字",
    ]
    codes = column(tables.rules, "编码")
    assert set(SCHEME.rules) | set(SCHEME.indicators) | {"口径01", "口径32"} <= set(codes)
    assert str(column(tables.rules, "公式")[codes.index("ID01")]).startswith("本年支出合计＝")


def test_the_report_has_the_same_fields() -> None:
    outcome = realistic()
    found = json.loads(dump_report(outcome, SCHEME))
    assert found == report(outcome, SCHEME)
    tables = tabulate(outcome, SCHEME)
    for part, table in (("departments", tables.ranking), ("findings", tables.findings), ("files", tables.files)):
        assert len(found[part]) == len(table)
        assert list(found[part][0]) == list(table.headers)
    assert found["departments"][1]["总分"] == 97.6
    assert found["departments"][0]["部门预算执行率"] == 0.978637820945
    assert found["files"][0]["接收时间"] == "2025-08-20T09:30:00"
    assert dump_report(outcome, SCHEME) == dump_report(realistic(), SCHEME)
