"""附件表: the official form as printed, its repeated group once for each key work, and how far it prints."""

from __future__ import annotations

import importlib
import re
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import openpyxl
import pytest

from evalbatch.department_workbook import Filling, write_department_workbook
from evalbatch.department_workbook.attachment import official_values, printed_form
from evalbatch.department_workbook.figures import FilledFigures
from evalbatch.department_workbook.lists import printed_rows
from evalbatch.model import Value
from evalbatch.scheme import SELF_SCORE
from evalbatch.scheme.layout import ATTACHMENT_SHEET, HEADER_ROW
from tests.department_workbook.fillings import seed_filling
from tests.forms import scheme
from tests.libreoffice import Filtered, convert, edit, needs_libreoffice

FIRST = HEADER_ROW + 27
"""The row, from 1, after the nine of A and the seventeen of B."""


def works(count: int) -> Filling:
    rows: list[Mapping[str, Value]] = [
        {"工作名称": f"工作{number}", "计量单位": "场", "计划数量": Decimal(number), "实际数量": Decimal("1.50"),
         "计划完成日期": date(2024, 6, number % 28 + 1)}
        for number in range(1, count + 1)
    ]  # fmt: skip
    return Filling({("C1", SELF_SCORE): Decimal(9), ("F1", SELF_SCORE): Decimal(2)}, {"W": rows})


def rows(filling: Filling) -> list[list[Value]]:
    """What the printed rows from the repeated group on show."""
    figures = FilledFigures(scheme(), filling)
    values, end = official_values(scheme(), figures), printed_form(scheme(), figures)
    assert end is not None
    shown: list[list[Value]] = [
        [values[row, column] or "" for column in range(7)] for row in range(FIRST - 1, end.value)
    ]
    assert all(not values[row, column] for row in range(end.value, FIRST + 188) for column in range(7))
    return shown


def test_each_key_work_has_its_block_in_the_order_of_the_list() -> None:
    assert rows(works(2))[:6] == [
        ["", "C1重点工作数量完成率", "工作1", "计划数量：1场", "实际数量：1.5场", "", ""],
        ["", "C2重点工作质量达标率", "", "计划数量：1场", "质量达标数：场", "", ""],
        ["C部门履职（30分）", "C3重点工作完成及时率", "是否按期完成", "计划完成日期：2024-06-02", "实际完成日期：", "30分", Decimal(9)],
        ["", "C1重点工作数量完成率", "工作2", "计划数量：2场", "实际数量：1.5场", "", ""],
        ["", "C2重点工作质量达标率", "", "计划数量：2场", "质量达标数：场", "", ""],
        ["", "C3重点工作完成及时率", "是否按期完成", "计划完成日期：2024-06-03", "实际完成日期：", "", ""],
    ]  # fmt: skip


@pytest.mark.parametrize("count", [0, 1, 4, 50])
def test_what_follows_comes_right_after_the_last_block(count: int) -> None:
    shown = rows(works(count))
    assert len(shown) == 3 * max(1, count) + 9
    assert [(row[0], row[1], row[5], row[6]) for row in shown[-9:]] == [
        ("", "D1经济效益", "", ""),
        ("D履职绩效（30分）", "D2社会效益", "30分", ""),
        ("", "D3可持续影响", "", ""),
        ("", "D4满意度", "", ""),
        ("", "E1信息化建设情况（可选）", "", ""),
        ("E可持续发展能力（5分）", "E2人力资源建设情况（可选）", "5分", ""),
        ("", "E3部门创新情况（可选）", "", ""),
        ("F加减分项（≤5分）", "F1加分项", "", Decimal(2)),
        ("", "F2减分项", "", ""),
    ]
    assert [row[0] for row in shown if row[0].startswith("C")] == ["C部门履职（30分）"]  # type: ignore[union-attr]


def test_without_works_the_block_is_printed_once_and_empty() -> None:
    assert [row[:5] for row in rows(works(0))[:3]] == [
        ["C部门履职（30分）" if part == 1 else "", name, "", "", ""]
        for part, name in enumerate(("C1重点工作数量完成率", "C2重点工作质量达标率", "C3重点工作完成及时率"))
    ]


def test_a_work_left_blank_between_others_is_passed_over() -> None:
    filling = Filling({}, {"W": [{"工作名称": "甲"}, {}, {"工作名称": "乙"}]})
    assert [row[2] for row in rows(filling)[:6]] == ["甲", "", "是否按期完成", "乙", "", "是否按期完成"]


def test_groups_that_stand_still_are_merged_as_printed() -> None:
    target = BytesIO()
    write_department_workbook(target, scheme(), seed_filling(scheme()))
    sheet = openpyxl.load_workbook(target)[ATTACHMENT_SHEET]
    assert [cell.value for cell in sheet[HEADER_ROW][:7]] == [
        "一级指标", "二级指标", "三级指标（参考）", "指标说明", "评价要点", "分数权重", "自评得分情况",
    ]  # fmt: skip
    merged = sorted(str(area) for area in sheet.merged_cells.ranges if area.min_row > HEADER_ROW)
    assert merged == sorted(
        [
            *("A5:A13", "F5:F13", "G5:G13", "B5:B7", "B8:B9", "B10:B11", "B12:B13"),
            *("A14:A30", "F14:F30", "G14:G30", "B14:B17", "B18:B19", "B20:B21", "B22:B24", "B25:B27", "B28:B30"),
        ]
    )
    assert (sheet["A5"].value, sheet["B24"].value, sheet["C24"].value) == (
        "A部门决策（15分）",
        None,
        "B52建设项目管理是否按制度执行",
    )


def test_lists_print_down_to_their_last_filled_row_and_a_page_at_least() -> None:
    spec = scheme().lists["X"]

    def last(count: int, gap: int = 0) -> int:
        projects: list[Mapping[str, Value]] = [{}] * gap + [{"项目名称": "甲"}] * count
        return printed_rows(scheme(), FilledFigures(scheme(), Filling({}, {"X": projects})), spec).value

    assert [last(0), last(24), last(25), last(1, gap=60), last(200)] == [28, 28, 29, 65, 204]


def test_print_areas_follow_the_support_sheet() -> None:
    target = BytesIO()
    write_department_workbook(target, scheme(), works(60 - 10))
    with zipfile.ZipFile(target) as package:
        names = package.read("xl/workbook.xml").decode()
    areas = dict(re.findall(r"Print_Area\"[^>]*>'?(\w+)'?!\$A\$1:(.*?)<", names))
    assert {name: area for name, area in areas.items() if "INDEX" in area} == {
        "项目支出明细表": "INDEX('项目支出明细表'!$K$1:$K$204,'测算辅助'!$D$2)",
        "重点工作完成情况表": "INDEX('重点工作完成情况表'!$J$1:$J$54,'测算辅助'!$E$2)",
        "履职效益指标表": "INDEX('履职效益指标表'!$K$1:$K$44,'测算辅助'!$F$2)",
        "加减分事项表": "INDEX('加减分事项表'!$I$1:$I$24,'测算辅助'!$G$2)",
        "附件表": "INDEX('附件表'!$G$1:$G$219,'测算辅助'!$H$2)",
    }
    support = openpyxl.load_workbook(target, data_only=True)["测算辅助"]
    assert [support.cell(2, column).value for column in range(4, 9)] == [28, 54, 28, 24, 30 + 3 * 50 + 9]


@needs_libreoffice
def test_a_filter_takes_away_what_libreoffice_would_print_in_vain(tmp_path: Path) -> None:
    """LibreOffice knows no print area that follows the contents; with the filter it prints as many pages as Excel."""
    pictures = importlib.import_module("samples.2024.pictures")
    source, fixed = tmp_path / "filled.xlsx", tmp_path / "fixed.xlsx"
    seed = seed_filling(scheme())
    projects = [{**seed.lists["X"][0], "项目名称": f"项目{number}"} for number in range(30)]
    write_department_workbook(source, scheme(), replace(seed, lists={**seed.lists, "X": projects}))
    pictures.as_excel_prints(source, fixed)
    last = {"项目支出明细表": 204, "重点工作完成情况表": 54, "履职效益指标表": 44, ATTACHMENT_SHEET: 219}
    book = openpyxl.load_workbook(source, data_only=True)
    ticked = {
        name: {str(row[0]) for row in book[name].iter_rows(5, end, 2, 2, True) if row[0]} for name, end in last.items()
    }
    steps = [Filtered(name, f"B{HEADER_ROW}:B{end}", 0, tuple(ticked[name])) for name, end in last.items()]
    filtered = edit(source, tmp_path / "filtered.xlsx", steps)
    book = openpyxl.load_workbook(filtered, data_only=True)
    shown = {
        name: [row for row in range(HEADER_ROW + 1, end + 1) if not book[name].row_dimensions[row].hidden]
        for name, end in last.items()
    }
    assert {name: (rows[0], rows[-1], len(rows)) for name, rows in shown.items()} == {
        "项目支出明细表": (5, 34, 30),
        "重点工作完成情况表": (5, 8, 4),
        "履职效益指标表": (5, 8, 4),
        ATTACHMENT_SHEET: (5, FIRST + 3 * 4 + 8, 26 + 3 * 4 + 9),
    }
    pages = [pages_of(pdf) for pdf in convert([source, fixed, filtered], tmp_path / "pdf", "pdf")]
    assert pages[0] > pages[1] == pages[2], pages


def pages_of(pdf: Path) -> int:
    return len(re.findall(rb"/Type/Page\b", pdf.read_bytes()))
