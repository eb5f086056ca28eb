"""What a cell or two cannot show: a workbook wholly in another unit, sheets of its own, and what a finding says."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from evalbatch.evaluation import evaluate
from evalbatch.model import Finding
from evalbatch.reading import Book, Grid, read_submission
from evalbatch.scheme.layout import template_layout
from tests.forms import base, fill, judge, places, scheme, submit

SHEET = "预算执行情况表"


def amounts() -> dict[str, Decimal]:
    """The amounts of the base department, in 万元."""
    found = {}
    for name, value in base().items():
        key, _, column = name.partition(".")
        if key in scheme().lines:
            spec = scheme().lines[key].types[column]
        else:
            sheet = template_layout(scheme())[scheme().sheet_of(key)].spec
            spec = next(item for item in sheet.columns if item.name == column)
        if spec.type == "amount":
            found[name] = Decimal(value)
    return found


def in_unit(unit: str) -> dict[str, Any]:
    """The base department filled in another unit."""
    factor = scheme().spec.units[unit]
    return {"T05.填报内容": unit} | {name: value / factor for name, value in amounts().items()}


@pytest.mark.parametrize("unit", ["元", "千元", "万元", "亿元"])
def test_a_whole_workbook_in_any_unit_is_the_same_department(unit: str) -> None:
    expected, found = judge(), judge(in_unit(unit))
    assert places(found.findings) == []
    assert found.total == expected.total
    assert found.ratios == expected.ratios


@pytest.mark.parametrize(("unit", "level"), [("元", "错误"), ("千元", "提示"), ("万元", "提示")])
def test_in_yuan_there_is_no_tail(unit: str, level: str) -> None:
    one_fen_of_ten_thousand = Decimal("0.01") / scheme().spec.units[unit]
    typed = in_unit(unit)
    typed["S10.决算数"] = Decimal(981) / scheme().spec.units[unit] + one_fen_of_ten_thousand
    typed["S13.决算数"] -= one_fen_of_ten_thousand
    findings = judge(typed).findings
    assert [(finding.code, finding.ref.cell, finding.level) for finding in findings] == [("ID01", "H37", level)]
    assert findings[0].difference == Decimal("0.01")


@pytest.mark.parametrize(
    "said",
    [
        "金额单位：元", "单位:元", "（元）", "元", "单位：人民币元", "部门预算执行情况表（单位：元）", "金額单位：元 ",
        {"value": "金额单位：元", "formula": '"金额单位：元"'},
    ],
)  # fmt: skip
@pytest.mark.parametrize("cell", ["K2", "A1"])
def test_a_sheet_that_names_another_unit_in_any_words_is_read_in_it(said: Any, cell: str) -> None:
    found = submit({f"{SHEET}!{cell}": said})
    told = [(remark.code, remark.ref.cell, remark.found) for remark in found.remarks if remark.ref.sheet == SHEET]
    assert ("HD03", cell, "元") in told
    assert found.cells["S10", "决算数"].value == Decimal("0.0981")


def with_sheet(grid: Grid) -> list[Finding]:
    book = Book((*fill(base()).grids, grid))
    return list(evaluate(read_submission(book, scheme(), "form.xlsx"), scheme()).findings)


@pytest.mark.parametrize(("hidden", "word"), [(False, "模板以外的工作表"), (True, "隐藏的工作表")])
def test_a_sheet_of_its_own_with_figures_is_fs07(hidden: bool, word: str) -> None:
    findings = with_sheet(Grid("底稿", [["合计", 12.0]], hidden))
    assert [(finding.code, finding.ref.sheet, finding.ref.cell) for finding in findings] == [("FS07", "底稿", "")]
    assert word in findings[0].what


def test_a_sheet_of_its_own_without_figures_is_nothing() -> None:
    assert with_sheet(Grid("备注", [["说明", "无"]])) == []


def test_a_wrong_line_names_every_identity_that_it_breaks() -> None:
    findings = judge({"S03.决算数": 520, "S10.决算数": 981}).findings
    (identity,) = (finding for finding in findings if finding.code == "ID01")
    assert identity.difference == Decimal(171)
    assert "ID02（S03.决算数）" in identity.what
    assert "ID03（E999.其中：基本支出）" in identity.what


def test_the_gravest_threshold_of_a_ratio_speaks() -> None:
    adjusted = {"X001.年初预算数": 250, "X001.预算调整数": -150, "S04.年初预算数": 450, "S04.预算调整数": -150}
    above_30 = judge(adjusted | {"S01.年初预算数": Decimal("449.9"), "S01.预算调整数": Decimal("150.1")})
    exactly_30 = judge(adjusted | {"S01.年初预算数": 450, "S01.预算调整数": 150})
    assert [finding.what.partition("：")[0] for finding in above_30.findings] == ["预算调整率不超过30%"]
    assert [finding.what.partition("：")[0] for finding in exactly_30.findings] == ["预算调整率不超过20%"]


def test_an_explanation_goes_with_the_finding() -> None:
    (finding,) = judge({"P04.决算数": 42, "P06.说明": "军转干部安置，宁编〔2024〕3号"}).findings
    assert (finding.code, finding.explanation) == ("ID15", "军转干部安置，宁编〔2024〕3号")


def test_a_missing_project_says_what_each_column_lacks() -> None:
    (finding,) = judge({f"X003.{column}": "" for column in base_columns("X003")}).findings
    assert (finding.code, finding.ref.cell) == ("PJ01", "E31、H31")
    assert "80.00" in finding.what and "78.00" in finding.what


def base_columns(key: str) -> list[str]:
    return [name.partition(".")[2] for name in base() if name.startswith(f"{key}.")]
