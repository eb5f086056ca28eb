"""The ranking workbook as written: sheets, headers, values and their types, and what a department's text cannot do."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import replace
from datetime import date, datetime
from functools import cache

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from evalbatch.cell_text import MOST_CHARACTERS, plain_text
from evalbatch.model import Outcome
from evalbatch.ranking_workbook import write_ranking_workbook
from evalbatch.ranking_workbook.table_sheet import row_height
from tests.ranking_workbook.outcomes import PAYLOADS, SCHEME, batch, department, finding, hostile, realistic

HEADERS = {
    "排名": "排名 单位编码 填报单位 部门类别 分类排名 总分 等级 A部门决策 B部门管理 C部门履职 D履职绩效 "
    "E可持续发展 F加减分 总分下限 总分上限 自评总分 差异 部门预算执行率 三公经费控制率 状态 错误数 预警数 来源文件",
    "指标得分": " ".join(["单位编码 填报单位", *SCHEME.indicators]),
    "得分明细": "单位编码 填报单位 编码 指标 分值 自评得分 测算得分 复核得分 最终得分 得分来源 差异 "
    "计分说明 依据单元格",
    "预算执行": "单位编码 填报单位 年初预算数 全年预算数 决算数 部门预算执行率 预算调整率 结转结余率 是否达标",
    "项目执行": "单位编码 填报单位 项目名称 项目类别 全年预算数 决算数 执行率 是否达标 未达标原因",
    "三公经费": "单位编码 填报单位 项目 上年预算数 上年决算数 年初预算数 全年预算数 决算数 超支金额 控制率 变动率 结论",
    "重点工作": "单位编码 填报单位 工作名称 计划数量 实际数量 质量达标数 计划完成日期 实际完成日期 权重 "
    "数量完成率 质量达标率 是否按期",
    "履职效益": "单位编码 填报单位 二级指标 三级指标 指标性质 指标值 计量单位 完成值 权重 完成程度",
    "加减分": "单位编码 填报单位 类型 级别 工作事项 文号 日期 自报分值 计入分值 说明",
    "通用指标": "单位编码 填报单位 三公经费控制率 在职人员控制率 三公经费变动率 重点支出安排率 预算完成率 预算调整率",
    "问题清单": "序号 单位编码 填报单位 级别 类别 规则 工作表 单元格 问题 填报值 应为 差额 建议 来源文件",
    "收件登记": "来源文件 单位编码 填报单位 结果 原因 SHA-256 大小 接收时间",
    "数据底稿": "单位编码 填报单位 来源文件",
    "取数说明": "单位编码 填报单位 工作表 编码 栏目 数值 原填内容 单元格 说明",
    "评分规则": "编码 内容 公式 级别 依据",
    "运行说明": "项目 内容",
}


def written(outcome: Outcome) -> bytes:
    """The bytes of an outcome's workbook."""
    target = io.BytesIO()
    write_ranking_workbook(target, outcome, SCHEME)
    return target.getvalue()


@cache
def opened(which: str) -> openpyxl.Workbook:
    """The workbook of a named outcome, read back."""
    outcome = {"realistic": realistic, "hostile": hostile, "empty": batch}[which]()
    return openpyxl.load_workbook(io.BytesIO(written(outcome)), data_only=which != "hostile")


def header_row(sheet: Worksheet) -> int:
    """The contract's way to find it: the first row whose column A holds the first header text."""
    first = HEADERS[sheet.title].split()[0]
    return next(row for row in range(1, 20) if sheet.cell(row, 1).value == first)


def records(which: str, name: str) -> list[dict[str, object]]:
    """The data rows of a sheet by header."""
    sheet = opened(which)[name]
    start = header_row(sheet)
    headers = [str(cell.value) for cell in sheet[start]]
    return [dict(zip(headers, row, strict=True)) for row in sheet.iter_rows(min_row=start + 1, values_only=True)]


@pytest.mark.parametrize("which", ["realistic", "hostile", "empty"])
def test_sheets_and_headers_are_those_of_the_contract(which: str) -> None:
    book = opened(which)
    assert book.sheetnames == ["总览", *HEADERS]
    for name, headers in HEADERS.items():
        sheet = book[name]
        found = [cell.value for cell in sheet[header_row(sheet)]]
        assert found[: len(headers.split())] == headers.split(), name
        assert len(found) == len(set(found)), name
        assert sheet["A1"].value not in found


def test_every_sheet_is_frozen_filtered_and_set_up_for_print() -> None:
    book = opened("realistic")
    for name in HEADERS:
        sheet, header = book[name], header_row(book[name])
        assert sheet.freeze_panes is not None and sheet.freeze_panes.endswith(str(header + 1)), name
        assert sheet.auto_filter.ref.startswith(f"A{header}:"), name
        assert sheet.print_title_rows == f"$1:${header}", name
        assert sheet.page_setup.orientation == "landscape", name
    assert "复核" in book["排名"].oddFooter.left.text
    assert "&P" in book["排名"].oddFooter.right.text or "&[Page]" in book["排名"].oddFooter.right.text


def test_the_ranking_is_titled_as_preliminary_until_the_review_is_completed() -> None:
    outcome = batch(department(reviews={"A11": "1"}))
    for final, preliminary in ((False, "（初评）"), (True, "")):
        book = openpyxl.load_workbook(io.BytesIO(written(replace(outcome, final=final))))
        titles = [book[sheet]["A1"].value for sheet in ("总览", "排名")]
        assert titles == [f"2024年度部门整体支出绩效评价{what}{preliminary}" for what in ("总览", "排名")]


def test_numbers_are_numbers_dates_are_dates_and_codes_keep_their_zeros() -> None:
    first = records("realistic", "排名")[0]
    assert (first["排名"], first["单位编码"], first["总分"], first["等级"]) == (1, "0101", 100, "优")
    assert first["部门预算执行率"] == 0.978637820945
    sheet = opened("realistic")["排名"]
    formats = {sheet.cell(2, column).value: sheet.cell(3, column).number_format for column in range(1, 24)}
    assert (formats["总分"], formats["部门预算执行率"], formats["单位编码"]) == ("0.00", "0.00%", "@")
    assert records("realistic", "重点工作")[0]["计划完成日期"] == datetime(2024, 12, 31)
    assert records("realistic", "收件登记")[0]["接收时间"] == datetime(2025, 8, 20, 9, 30)
    assert records("realistic", "三公经费")[3]["控制率"] == "—"
    figures = records("realistic", "数据底稿")[0]
    assert figures["S10.决算数"] == 3632.41
    assert figures["L01.批复日期"] == datetime.combine(date(2025, 2, 1), datetime.min.time())
    assert figures["A11.是否适用"] is None


def test_raw_figures_name_their_place_in_the_template() -> None:
    sheet = opened("realistic")["数据底稿"]
    assert [sheet.cell(row, 1).value for row in range(2, 6)] == ["工作表", "行次名称", "模板单元格", "单位编码"]
    column = next(cell.column for cell in sheet[5] if cell.value == "S10.决算数")
    assert [sheet.cell(row, column).value for row in (2, 3, 4)] == ["预算执行情况表", "本年支出合计", "H37"]


def test_departments_without_a_valid_workbook_stand_below() -> None:
    below = records("realistic", "排名")[-2:]
    assert [(row["排名"], row["填报单位"], row["状态"], row["总分"]) for row in below] == [
        (None, "市体育局", "退回重报", None),
        (None, "市档案馆", "未报送", None),
    ]


def formulas(book: openpyxl.Workbook) -> dict[tuple[str, str], str]:
    """Every formula of a workbook by its place."""
    cells = ((sheet.title, cell) for sheet in book for row in sheet.iter_rows() for cell in row)
    return {(title, cell.coordinate): cell.value for title, cell in cells if cell.data_type == "f"}


def test_no_text_of_a_department_becomes_a_formula_or_a_link(monkeypatch: pytest.MonkeyPatch) -> None:
    with zipfile.ZipFile(io.BytesIO(written(hostile()))) as archive:
        for name in archive.namelist():
            links = re.findall(r"<hyperlink [^>]*>", archive.read(name).decode("utf-8"))
            # from 总览 to each sheet, and from the title of each sheet back
            assert all(re.search(r' ref="A\d+" location="[一-龥]+!A1" ', link) for link in links), name
            assert {link for link in links if "r:id" in link} == set(), name
            assert "externalLink" not in name and b"External" not in archive.read(name), name
    expected = {plain_text(text) for text in PAYLOADS}
    assert {row["填报单位"] for row in records("hostile", "排名")} == expected
    assert {row["项目名称"] for row in records("hostile", "项目执行")} == expected
    assert {row["问题"] for row in records("hostile", "问题清单")} == expected
    found = formulas(opened("hostile"))
    monkeypatch.setattr("tests.ranking_workbook.outcomes.PAYLOADS", tuple(f"文字{n}" for n in range(len(PAYLOADS))))
    assert found == formulas(openpyxl.load_workbook(io.BytesIO(written(hostile()))))


def test_a_formula_that_speaks_of_its_own_row_alone_is_written_once_a_column() -> None:
    with zipfile.ZipFile(io.BytesIO(written(realistic()))) as archive:
        names = [name for name in archive.namelist() if name.startswith("xl/worksheets/sheet")]
        texts = [archive.read(name).decode("utf-8") for name in names]
    said = [re.findall(r'<f t="shared" si="(\d+)" ref="([A-Z]+)\d+:([A-Z]+)\d+">([^<]*)</f>', text) for text in texts]
    for text, shared in zip(texts, said, strict=True):
        assert [number for number, *_ in shared] == [str(number) for number in range(len(shared))]
        assert {first == last and "!" not in formula for _, first, last, formula in shared} <= {True}
        assert set(re.findall(r'<f t="shared" si="(\d+)"/>', text)) <= {number for number, *_ in shared}
    lines = texts[3]
    assert [formula for *_, formula in said[3] if "J3" in formula] == ['IF(J3="待核",E3,I3)']
    assert lines.count(f'si="{len(said[3]) - 1}"') > 12
    assert len(re.findall(r"<f>[^<!]*</f>", "".join(texts[1:]))) == 0


def test_what_stands_out_does_so_by_its_text_and_rates_have_bars() -> None:
    book = openpyxl.load_workbook(io.BytesIO(written(realistic())))
    found = {}
    for name in ("预算执行", "项目执行", "三公经费", "重点工作", "问题清单"):
        sheet = book[name]
        headers = {cell.column_letter: cell.value for cell in sheet[header_row(sheet)]}
        found[name] = {
            (
                headers[str(cells.sqref).rstrip("0123456789:").split(":")[0].rstrip("0123456789")],
                rule.type,
            ): rule.formula
            for cells in sheet.conditional_formatting
            for rule in cells.rules
            if rule.type != "expression"
        }
    assert found == {
        "预算执行": {("部门预算执行率", "dataBar"): [], ("是否达标", "cellIs"): ['"未达标"']},
        "项目执行": {("执行率", "dataBar"): [], ("是否达标", "cellIs"): ['"未达标"']},
        "三公经费": {("结论", "cellIs"): ['"超支"']},
        "重点工作": {("是否按期", "cellIs"): ['"否"']},
        "问题清单": {("级别", "cellIs"): ['"错误"']},
    }


def test_texts_are_cleaned_and_cut() -> None:
    assert plain_text("甲\x00\x0b\ud800乙\r\n丙") == "甲乙\n丙"
    assert plain_text("<r>x</r>") == "<r>x</r> "
    long = plain_text("𠮷" * 20_000)
    assert len(long.encode("utf-16-le")) // 2 <= MOST_CHARACTERS and long.endswith("𠮷…")
    exact = "字" * MOST_CHARACTERS
    assert plain_text(exact) == exact
    assert len(plain_text(exact + "字")) == MOST_CHARACTERS


def test_the_same_outcome_gives_the_same_bytes() -> None:
    assert written(realistic()) == written(realistic())


def test_the_overview_tells_what_to_look_at_with_figures() -> None:
    text = "\n".join(str(cell.value) for row in opened("realistic")["总览"].iter_rows() for cell in row if cell.value)
    assert "市档案馆未报送" in text
    assert "最多的是市交通运输局：决算 180.50 万元，预算 161.00 万元，超 19.50 万元，控制率 112.11%" in text
    assert "3 个部门不符合“部门预算执行率不低于90%”" in text
    assert "没有需要先看的事项" in "".join(
        str(cell.value) for row in opened("empty")["总览"].iter_rows() for cell in row
    )


def test_the_overview_has_its_charts_and_a_page_of_its_own_for_them() -> None:
    data = written(realistic())
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        texts = [archive.read(f"xl/charts/chart{number}.xml").decode("utf-8") for number in range(1, 7)]
        assert "xl/charts/chart7.xml" not in archive.namelist()
    titles = [re.findall(r"<a:t>([^<]*)</a:t>", text)[0] for text in texts]
    assert titles == [
        "总分与等级分布（部门数；各段含下限）",
        "报送情况（部门数）",
        "各类别部门的平均得分（分，按一级指标；类别为本次运行时）",
        "部门预算执行率最低的 8 个部门",
        "“三公”经费全年预算与决算（参加排名的部门合计，万元）",
        "“三公”经费超支的部门（超支金额，万元，最多 8 个）",
    ]
    cells = {cell.value: cell for row in opened("realistic")["总览"].iter_rows(max_col=1) for cell in row}
    below = cells["图6　" + titles[5]].row
    sheet = opened("realistic")["总览"]
    rows = list(sheet.iter_rows(min_row=below + 2, max_row=below + 9, max_col=2, values_only=True))
    assert (
        rows
        == [("市交通运输局", 19.5), ("市规划和自然资源局", 16.5), ("市司法局", 13.5), ("市教育局", 10.5)]
        + [(None, None)] * 4
    )
    assert f"总览!$A${below + 2}:$A${below + 9}" in texts[5]
    areas = sheet.print_area
    data = next(cells[value].row for value in cells if str(value).startswith("图1"))
    top = cells["一、基本情况"].row
    assert areas == f"'总览'!$A$1:$O${top - 1},'总览'!$A${top}:$O${data - 1}"


def test_pending_rows_show_in_the_status() -> None:
    by_name = {row["填报单位"]: row for row in records("realistic", "排名")}
    assert by_name["市民政局"]["状态"] == "有效（3项待核）"
    assert by_name["市外事办"]["状态"] == "有效"


def test_rows_are_as_high_as_their_texts_need() -> None:
    assert row_height([("短", 20)]) < row_height([("字" * 30, 20)]) < row_height([("字" * 60, 20)])
    assert row_height([("一\n二\n三", 20)]) > row_height([("一二三", 20)])
    assert row_height([("字" * 30_000, 20)]) == 409


def test_findings_with_figures_show_them_as_numbers() -> None:
    outcome = batch(department(findings=[finding(), finding("CT01", None, found="12", expected="")]))
    book = openpyxl.load_workbook(io.BytesIO(written(outcome)))
    rows = list(book["问题清单"].iter_rows(min_row=3, max_row=4, min_col=10, max_col=12, values_only=True))
    assert rows == [(3632.41, 3315.78, -316.63), ("12", None, None)]


def test_differences_of_rates_show_as_rates() -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(written(batch(department(findings=[finding()])))))["问题清单"]
    told = {
        (str(cells.sqref), *rule.formula, rule.dxf.numFmt.formatCode)
        for cells in sheet.conditional_formatting
        for rule in cells.rules
        if rule.dxf is not None and rule.dxf.numFmt is not None
    }
    assert told == {("L3", 'RIGHT($J3,1)="%"', "0.00%")}
    assert (sheet["J2"].value, sheet["L2"].value) == ("填报值", "差额")
