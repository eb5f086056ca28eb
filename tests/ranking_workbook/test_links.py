"""Every number of the ranking workbook leads on by a click, down to the raw cell, and each finding to its department."""

from __future__ import annotations

import re
from functools import cache
from io import BytesIO

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from evalbatch.ranking_workbook import write_ranking_workbook
from evalbatch.ranking_workbook.keys import numbered, owned
from evalbatch.scheme import SELF_SCORE
from evalbatch.tables import tabulate
from tests.ranking_workbook.outcomes import SCHEME, batch, department, finding, realistic
from tests.ranking_workbook.test_ranking_workbook import header_row

_WAY = re.compile(r'^=HYPERLINK\("#(?P<sheet>[^!]+)!(?P<column>[A-Z]+)(?P<row>\d+)(?::([A-Z]+)(?P<last>\d+))?"')
_FOUND = re.compile(
    r'^=HYPERLINK\("#(?P<sheet>[^!]+)!A"&IFERROR\(MATCH\((?P<key>[^,]+(?:,7\))?),[^!]+!\$(?P<column>[A-Z]+)\$\d+:'
    r"\$[A-Z]+\$\d+,0\),0\)\+(?P<above>\d+)"
)


@cache
def book(values: bool) -> openpyxl.Workbook:
    """The workbook of a realistic batch, its values or its formulas."""
    target = BytesIO()
    write_ranking_workbook(target, realistic(), SCHEME)
    target.seek(0)
    return openpyxl.load_workbook(target, data_only=values)


def records(name: str, values: bool = True) -> list[dict[str, object]]:
    """The rows of a sheet by header, with the number of each row."""
    sheet = book(values)[name]
    top = header_row(sheet)
    headers = [str(cell.value) for cell in sheet[top]]
    return [
        dict(zip(headers, row, strict=True)) | {"行": number}
        for number, row in enumerate(sheet.iter_rows(min_row=top + 1, values_only=True), top + 1)
    ]


def target(formula: object) -> tuple[Worksheet, int, str]:
    """Sheet, row and column that a click leads to."""
    match = _WAY.match(str(formula))
    assert match is not None, formula
    return book(True)[match["sheet"]], int(match["row"]), match["column"]


def looked_up(formula: object, key: str) -> tuple[str, int]:
    """Sheet and row that a click leads to by a key."""
    match = _FOUND.match(str(formula))
    assert match is not None, formula
    wanted = key[:7] if match["key"].startswith("LEFT(") else key
    keys = [cell.value for cell in book(True)[match["sheet"]][match["column"]]]
    above = int(match["above"])
    return match["sheet"], (keys[above:].index(wanted) + 1 if wanted in keys[above:] else 0) + above


def test_every_score_leads_to_its_line() -> None:
    told = {(row["单位编码"], row["编码"]): row for row in records("得分明细")}
    scores = records("指标得分")
    for row, formulas in zip(scores, records("指标得分", values=False), strict=True):
        for code in SCHEME.indicators:
            sheet, number, _ = target(formulas[code])
            line = told[row["单位编码"], code]
            assert (sheet.title, number, row[code]) == ("得分明细", line["行"], line["最终得分"])


def test_ranks_and_groups_lead_to_their_first_line() -> None:
    told = {(row["单位编码"], row["编码"]): row["行"] for row in records("得分明细")}
    firsts = {"排名": "A11", "A部门决策": "A11", "B部门管理": "B11", "C部门履职": "C1", "D履职绩效": "D1",
              "E可持续发展": "E1", "F加减分": "F1"}  # fmt: skip
    ranked = [row for row in records("排名", values=False) if row["排名"]]
    assert len(ranked) == 12
    for row in ranked:
        for header, code in firsts.items():
            sheet, number, _ = target(row[header])
            assert (sheet.title, number) == ("得分明细", told[row["单位编码"], code])


def test_every_line_leads_to_its_raw_cells() -> None:
    lists = {"A41": "项目执行", "B12": "项目执行", "C1": "重点工作", "C2": "重点工作", "C3": "重点工作", "D1": "履职效益",
             "D2": "履职效益", "D3": "履职效益", "D4": "履职效益", "F1": "加减分", "F2": "加减分"}  # fmt: skip
    figures = {"B11": ("S10.全年预算数", "S10.决算数"), "B13": ("G06.全年预算数", "G06.决算数"),
               "B14": ("L01.批复日期", "L02.部门网站公开日期"), "B72": ("L11.是否完成", "L15.是否完成"),
               "B73": ("L03.批复日期", "L04.部门网站公开日期")}  # fmt: skip
    lines = records("得分明细")
    for row, formulas in zip(lines, records("得分明细", values=False), strict=True):
        code, formula = str(row["编码"]), str(formulas["原始数据"])
        sheet, number, column = target(formula)
        assert row["原始数据"] == sheet.title == lists.get(code, "数据底稿")
        match = _WAY.match(formula)
        assert match is not None
        if code in lists:
            own = [other["行"] for other in records(sheet.title) if other["单位编码"] == row["单位编码"]]
            found = list(range(number, int(match["last"]) + 1))
            assert (found, match[4]) == (own or [1], sheet.cell(header_row(sheet), sheet.max_column).column_letter)
            continue
        assert sheet.cell(number, 1).value == row["单位编码"]
        top = header_row(sheet)
        first, last = sheet[f"{column}{top}"].value, sheet[f"{match[4] or column}{top}"].value
        assert (first, last) == figures.get(code, (f"{code}.{SELF_SCORE}",) * 2)


def test_findings_lead_to_their_department_and_back() -> None:
    ranking = {row["行"]: row for row in records("排名")}
    findings = records("问题清单")
    assert len(findings) == 11
    for row, formulas in zip(findings, records("问题清单", values=False), strict=True):
        sheet, number = looked_up(formulas["转到"], str(row["部门号"]))
        assert (sheet, ranking[number]["单位编码"], row["转到"]) == ("排名", row["单位编码"], "排名")
    for row, formulas in zip(ranking.values(), records("排名", values=False), strict=True):
        own = [finding for finding in findings if finding["来源文件"] == row["来源文件"] is not None]
        for header, level in (("错误数", "错误"), ("预警数", "预警")):
            number = looked_up(formulas[header], str(row["部门号"]))[1]
            assert number == (own[0]["行"] if own else header_row(book(True)["问题清单"]))
            expected = sum(finding["级别"] == level for finding in own) if row["来源文件"] else None
            assert row[header] == expected


def test_a_finding_about_another_file_leads_to_its_department_and_is_not_counted() -> None:
    result = department(findings=[finding()])
    older = finding(department="001", name="市外事办", file="001/旧.xlsx")
    nobodys = finding(file="不知谁.xlsx")
    tables = tabulate(batch(result, findings=[older, nobodys]), SCHEME)
    assert [row[-1] for row in owned(tables.findings, tables.ranking)] == ["D000001", "D000001-", None]
    assert [row[-1] for row in numbered(tables.ranking)] == ["D000001"]


RAW = {
    "项目执行": {"年初预算数", "预算调整数", "全年预算数", "决算数"},
    "重点工作": {"计划数量", "实际数量", "质量达标数", "计划完成日期", "实际完成日期", "权重"},
    "履职效益": {"指标值", "完成值", "填报完成程度", "权重"},
    "加减分": {"日期", "自报分值"},
    "得分明细": {"复核得分"},
}
OF_THE_RUN = ("评分规则", "问题清单", "收件登记", "取数说明", "运行说明")


@pytest.mark.parametrize("name", [name for name in book(False).sheetnames if name not in OF_THE_RUN])
def test_every_number_outside_raw_columns_is_a_formula(name: str) -> None:
    sheet = book(False)[name]
    raw = RAW.get(name, set()) | {"校验码"}
    headers: dict[int, object] = {}
    if name != "总览":
        headers = {cell.column: cell.value for cell in sheet[header_row(sheet)]}
    if name == "数据底稿":
        raw |= {header for header in map(str, headers.values()) if "." in header}
    typed = {
        cell.coordinate
        for row in sheet.iter_rows()
        for cell in row
        if cell.data_type in ("n", "d") and cell.value is not None and headers.get(cell.column) not in raw
    }
    assert typed == set()
    assert any(cell.data_type == "f" for row in sheet.iter_rows() for cell in row)
