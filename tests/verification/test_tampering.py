"""Tampered copies of a ranking workbook: each change is named by sheet and cell, and nothing else is."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import openpyxl
import pytest
from openpyxl.formula.translate import Translator
from openpyxl.worksheet.worksheet import Worksheet

from evalbatch import verification
from evalbatch.model import Outcome
from evalbatch.ranking_workbook import write_ranking_workbook
from evalbatch.scheme.layout import address, column_letter, column_number
from evalbatch.verification import Verification, compare, read_claims
from tests.libreoffice import Deleted, Filtered, Inserted, Renamed, Sorted, edit, needs_libreoffice, recalculate
from tests.ranking_workbook.outcomes import SCHEME, realistic
from tests.ranking_workbook.test_live import header_row, place
from tests.verification.tampering import Tampered

Place = tuple[str, str]
Told = tuple[str, str, str]


@cache
def outcome() -> Outcome:
    return realistic()


@cache
def content() -> bytes:
    target = io.BytesIO()
    write_ranking_workbook(target, outcome(), SCHEME)
    return target.getvalue()


@pytest.fixture(autouse=True)
def written_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What should be there is the same for every copy."""
    monkeypatch.setattr(verification, "write_ranking_workbook", lambda target, *_: target.write(content()))


def verified(path: Path) -> Verification:
    return compare(path, outcome(), SCHEME, read_claims(path))


def told(found: Verification) -> list[Told]:
    """The exact list that the tests speak in: cause, sheet and cell."""
    return sorted((difference.cause, difference.sheet, difference.cell) for difference in found.differences)


def a_score(copy: Tampered) -> list[Place]:
    return [copy.cached("得分明细", copy.at("得分明细", "0103", "最终得分", 3), 1.4)]


def a_rank(copy: Tampered) -> list[Place]:
    return [copy.cached("排名", copy.at("排名", "0105", "排名"), 1)]


def two_ranks_exchanged(copy: Tampered) -> list[Place]:
    cells = [copy.at("排名", code, "排名") for code in ("0102", "0107")]
    values = [copy.values["排名"][cell].value for cell in cells]
    assert values[0] != values[1]
    return [copy.cached("排名", cell, value) for cell, value in zip(cells, reversed(values), strict=True)]


def a_total_typed_over_its_formula(copy: Tampered) -> list[Place]:
    return [copy.value("排名", copy.at("排名", "0104", "总分"), 99.5)]


def the_same_value_typed_over_a_formula(copy: Tampered) -> list[Place]:
    cell = copy.at("排名", "0104", "总分")
    return [copy.value("排名", cell, copy.values["排名"][cell].value)]


def a_grade(copy: Tampered) -> list[Place]:
    return [copy.cached("排名", copy.at("排名", "0112", "等级"), "优")]


def a_formula_with_something_added(copy: Tampered) -> list[Place]:
    return [copy.formula("排名", copy.at("排名", "0104", "总分"), lambda text: f"{text}+0")]


def a_formula_of_another_department(copy: Tampered) -> list[Place]:
    cell = copy.at("排名", "0104", "部门预算执行率")

    def next_row(text: str) -> str:
        return re.sub(r"\$(\d+)", lambda found: f"${int(found[1]) + 1}", text)

    return [copy.formula("排名", cell, next_row)]


def a_threshold_in_a_formula(copy: Tampered) -> list[Place]:
    return [copy.formula("排名", copy.at("排名", "0112", "等级"), lambda text: text.replace("60", "50"))]


def a_formula_in_place_of_a_figure(copy: Tampered) -> list[Place]:
    cell = copy.at("数据底稿", "0104", "S10.决算数")
    return [
        copy.cell("数据底稿", cell, lambda attributes, content: f'<c r="{cell}"{attributes}><f>1+1</f>{content}</c>')
    ]


def a_raw_figure(copy: Tampered) -> list[Place]:
    return [copy.value("数据底稿", copy.at("数据底稿", "0104", "G06.决算数"), 144.64)]


def a_raw_figure_by_very_little(copy: Tampered) -> list[Place]:
    return [copy.value("数据底稿", copy.at("数据底稿", "0104", "S10.决算数"), 3632.41001)]


def a_raw_figure_taken_out(copy: Tampered) -> list[Place]:
    return [copy.value("数据底稿", copy.at("数据底稿", "0104", "S13.决算数"), None)]


def a_zero_where_nothing_was_filled_in(copy: Tampered) -> list[Place]:
    cell = copy.at("数据底稿", "0104", "E302.决算数")
    assert copy.values["数据底稿"][cell].value is None
    return [copy.value("数据底稿", cell, 0)]


def a_number_stored_as_text(copy: Tampered) -> list[Place]:
    return [copy.value("数据底稿", copy.at("数据底稿", "0104", "S10.决算数"), "3632.41")]


def a_raw_figure_of_a_project(copy: Tampered) -> list[Place]:
    return [copy.value("项目执行", copy.at("项目执行", "0106", "决算数", 2), 361.0)]


def a_date_shifted(copy: Tampered) -> list[Place]:
    cell = copy.at("重点工作", "0106", "实际完成日期", 1)
    return [copy.value("重点工作", cell, 45_625)]


def a_hidden_row(copy: Tampered) -> list[Place]:
    number = int(copy.at("排名", "0104", "排名")[1:])
    return [copy.rows("排名", number, lambda row: row.replace("<row ", '<row hidden="1" ', 1))]


def a_row_without_height(copy: Tampered) -> list[Place]:
    number = int(copy.at("问题清单", "0102", "序号")[1:])
    return [copy.rows("问题清单", number, lambda row: re.sub(r' ht="[^"]*"', ' ht="0"', row, count=1))]


def a_hidden_column(copy: Tampered) -> list[Place]:
    number = column_number(copy.at("排名", "0104", "来源文件").rstrip("0123456789"))
    column = rf'<col min="{number}" max="{number}"'
    copy.edit(copy.part("排名"), lambda xml: xml.replace(column, f'{column} hidden="1"'))
    letter = column_letter(number)
    return [("排名", f"{letter}:{letter}")]


def a_hidden_sheet(copy: Tampered) -> list[Place]:
    copy.edit("xl/workbook.xml", lambda xml: xml.replace('name="问题清单"', 'name="问题清单" state="hidden"'))
    return [("问题清单", "")]


def a_department_deleted_from_the_ranking(copy: Tampered) -> list[Place]:
    return [copy.rows("排名", int(copy.at("排名", "0104", "排名")[1:]), lambda row: "")]


def a_department_deleted_from_its_figures(copy: Tampered) -> list[Place]:
    place = copy.at("数据底稿", "0104", "单位编码")
    return [copy.rows("数据底稿", int(place[1:]), lambda row: "")]


def an_added_row(copy: Tampered) -> list[Place]:
    last = copy.book["排名"].max_row
    row = f'<row r="{last + 1}"><c r="B{last + 1}" t="inlineStr"><is><t>0999</t></is></c></row>'
    copy.edit(copy.part("排名"), lambda xml: xml.replace("</sheetData>", f"{row}</sheetData>"))
    return [("排名", f"{last + 1}:{last + 1}")]


def something_beside_the_table(copy: Tampered) -> list[Place]:
    number = int(copy.at("排名", "0104", "排名")[1:])
    cell = f'<c r="AZ{number}"><v>1</v></c></row>'
    copy.rows("排名", number, lambda row: row.replace("</row>", cell))
    return [("排名", f"AZ{number}")]


def a_renamed_sheet(copy: Tampered) -> list[Place]:
    def rename(found: re.Match[str]) -> str:
        return found[0].replace("得分明细!", "明细!")

    for part in copy.parts:
        if part.startswith("xl/worksheets/sheet"):
            copy.parts[part] = re.sub(r"<f>.*?</f>", rename, copy.parts[part].decode()).encode()
    copy.edit(
        "xl/workbook.xml", lambda xml: xml.replace('name="得分明细"', 'name="明细"').replace("得分明细!", "明细!")
    )
    return [("明细", "")]


def a_sheet_taken_away(copy: Tampered) -> list[Place]:
    copy.edit("xl/workbook.xml", lambda xml: re.sub(r'<sheet name="收件登记"[^>]*/>', "", xml))
    return [("收件登记", "")]


def a_text_of_a_finding(copy: Tampered) -> list[Place]:
    return [copy.value("问题清单", copy.at("问题清单", "0102", "问题"), "无问题")]


def the_level_of_a_finding(copy: Tampered) -> list[Place]:
    return [copy.value("问题清单", copy.at("问题清单", "0102", "级别"), "提示")]


def the_cell_of_a_finding(copy: Tampered) -> list[Place]:
    return [copy.value("问题清单", copy.at("问题清单", "0103", "单元格"), "H1")]


def a_finding_deleted(copy: Tampered) -> list[Place]:
    return [copy.rows("问题清单", int(copy.at("问题清单", "0103", "序号")[1:]), lambda row: "")]


def a_fact_of_the_run(copy: Tampered) -> list[Place]:
    return [copy.value("运行说明", f"B{copy.row('运行说明', '收到文件')}", "99")]


def a_fact_deleted(copy: Tampered) -> list[Place]:
    return [copy.rows("运行说明", copy.row("运行说明", "收到文件"), lambda row: "")]


def what_became_of_a_file(copy: Tampered) -> list[Place]:
    return [copy.value("收件登记", f"D{copy.row('收件登记', '报送/体育局.xlsx')}", "有效")]


def a_digest_of_a_file(copy: Tampered) -> list[Place]:
    return [copy.value("收件登记", f"F{copy.row('收件登记', '报送/说明.docx')}", "00" * 32)]


def a_seal(copy: Tampered) -> list[Place]:
    return [copy.value("数据底稿", copy.at("数据底稿", "0104", "校验码"), 1)]


def a_seal_and_its_figure(copy: Tampered) -> list[Place]:
    figure, seal = (copy.at("项目执行", "0106", header) for header in ("决算数", "校验码"))
    return [copy.value("项目执行", figure, 393), copy.value("项目执行", seal, 1)]


def the_mark_of_a_seal(copy: Tampered) -> list[Place]:
    return [copy.value("数据底稿", copy.at("数据底稿", "0104", "改动"), None)]


def two_columns_swapped(copy: Tampered) -> list[Place]:
    sheet, top = copy.values["预算执行"], copy.headers("预算执行")
    told = []
    for row in range(top, sheet.max_row + 1):
        cells = [f"D{row}", f"E{row}"]
        values = [sheet[cell].value for cell in cells]
        told += [copy.value("预算执行", cell, value) for cell, value in zip(cells, reversed(values), strict=True)]
    return told


def a_header(copy: Tampered) -> list[Place]:
    return [copy.value("三公经费", f"H{copy.headers('三公经费')}", "支出数")]


def a_title(copy: Tampered) -> list[Place]:
    return [copy.value("排名", "A1", "2024年度部门整体支出绩效评价排名")]


def a_number_of_the_overview(copy: Tampered) -> list[Place]:
    return [copy.cached("总览", f"B{copy.row('总览', '参加排名')}", 13)]


def a_sentence_of_the_overview(copy: Tampered) -> list[Place]:
    number = copy.row("总览", "次序") + 1
    return [copy.value("总览", f"C{number}", "没有需要先看的事项。")]


def a_rule(copy: Tampered) -> list[Place]:
    return [copy.value("评分规则", f"B{copy.row('评分规则', 'SG01')}", "“三公”经费可以超支")]


def a_note(copy: Tampered) -> list[Place]:
    return [copy.value("取数说明", copy.at("取数说明", "0104", "原填内容"), "1")]


def a_code_that_became_a_number(copy: Tampered) -> list[Place]:
    return [copy.value("排名", copy.at("排名", "0104", "单位编码"), 104)]


def a_name(copy: Tampered) -> list[Place]:
    return [copy.value("得分明细", copy.at("得分明细", "0104", "填报单位", 5), "市民政局（撤销）")]


def an_error_value(copy: Tampered) -> list[Place]:
    cell = copy.at("得分明细", "0104", "最终得分", 2)
    write = re.compile(r"<v>.*?</v>")
    return [copy.cell("得分明细", cell, lambda attributes, content:
                      f'<c r="{cell}" t="e">{write.sub("<v>#REF!</v>", content)}</c>')]  # fmt: skip


def a_line_inserted_above_the_headers(copy: Tampered) -> list[Place]:
    def move(xml: str) -> str:
        def lower(found: re.Match[str]) -> str:
            return f'{found[1]}{int(found[2]) + (int(found[2]) > 1)}"'

        moved = re.sub(r'(<(?:row|c) r="[A-Z]*)(\d+)"', lower, xml)
        line = '<row r="2"><c r="A2" t="inlineStr"><is><t>请审阅</t></is></c></row>'
        return re.sub(r'(<row r="3")', rf"{line}\1", moved, count=1)

    copy.edit(copy.part("评分规则"), move)
    return [("评分规则", "1:1"), ("评分规则", "A2")]


TAMPERED: tuple[Callable[[Tampered], list[Place]], ...] = (
    a_score,
    a_rank,
    two_ranks_exchanged,
    a_total_typed_over_its_formula,
    the_same_value_typed_over_a_formula,
    a_grade,
    a_formula_with_something_added,
    a_formula_of_another_department,
    a_threshold_in_a_formula,
    a_formula_in_place_of_a_figure,
    a_raw_figure,
    a_raw_figure_by_very_little,
    a_raw_figure_taken_out,
    a_zero_where_nothing_was_filled_in,
    a_number_stored_as_text,
    a_raw_figure_of_a_project,
    a_date_shifted,
    a_hidden_row,
    a_row_without_height,
    a_hidden_column,
    a_hidden_sheet,
    a_department_deleted_from_the_ranking,
    a_department_deleted_from_its_figures,
    an_added_row,
    something_beside_the_table,
    a_renamed_sheet,
    a_sheet_taken_away,
    a_text_of_a_finding,
    the_level_of_a_finding,
    the_cell_of_a_finding,
    a_finding_deleted,
    a_fact_of_the_run,
    a_fact_deleted,
    what_became_of_a_file,
    a_digest_of_a_file,
    a_seal,
    a_seal_and_its_figure,
    the_mark_of_a_seal,
    two_columns_swapped,
    a_header,
    a_title,
    a_number_of_the_overview,
    a_sentence_of_the_overview,
    a_rule,
    a_note,
    a_code_that_became_a_number,
    a_name,
    an_error_value,
)


@pytest.mark.parametrize("tamper", TAMPERED, ids=lambda tamper: tamper.__name__)
def test_what_was_changed_is_named_and_nothing_else(tamper: Callable[[Tampered], list[Place]], tmp_path: Path) -> None:
    copy = Tampered(content())
    places = tamper(copy)
    found = verified(copy.save(tmp_path / "排名.xlsx"))
    assert told(found) == sorted(("工作簿", *place) for place in places)


def test_an_untouched_workbook_is_right(tmp_path: Path) -> None:
    found = verified(Tampered(content()).save(tmp_path / "排名.xlsx"))
    assert (told(found), found.more, found.uncalculated) == ([], 0, 0)
    assert found.cells > 10_000 and found.formulas > 4_000


@needs_libreoffice
def test_a_workbook_saved_again_is_right(tmp_path: Path) -> None:
    source = Tampered(content()).save(tmp_path / "排名.xlsx")
    book = openpyxl.load_workbook(source)
    book.save(tmp_path / "openpyxl.xlsx")
    (again,) = recalculate([source], tmp_path / "again")
    (twice,) = recalculate([tmp_path / "openpyxl.xlsx"], tmp_path / "twice")
    for path in (tmp_path / "openpyxl.xlsx", again, twice):
        assert told(verified(path)) == []
    assert verified(tmp_path / "openpyxl.xlsx").uncalculated > 4_000


@needs_libreoffice
def test_a_change_is_named_after_the_workbook_was_saved_again(tmp_path: Path) -> None:
    copy = Tampered(content())
    figure = copy.value("数据底稿", copy.at("数据底稿", "0104", "P06.决算数"), 57)
    formula = copy.formula("排名", copy.at("排名", "0112", "等级"), lambda text: text.replace("60", "50"))
    (again,) = recalculate([copy.save(tmp_path / "排名.xlsx")], tmp_path / "again")
    found = told(verified(again))
    assert {("工作簿", *figure), ("工作簿", *formula)} <= set(found)
    follows = {(sheet, cell) for _, sheet, cell in found} - {figure, formula}
    mark = "数据底稿", copy.at("数据底稿", "0104", "改动")
    rate = "通用指标", copy.at("通用指标", "0104", "在职人员控制率")
    assert {mark, rate} <= follows
    assert {sheet for sheet, _ in follows - {mark, rate}} == {"总览", "通用指标"}


def turn_round(sheet: Worksheet) -> None:
    """Sort the rows of a sheet backwards as a spreadsheet does: what is of the same row goes along."""
    first, last = header_row(sheet) + 1, sheet.max_row
    rows = [[(cell.coordinate, cell.value) for cell in sheet[row]] for row in range(first, last + 1)]
    for target, cells in enumerate(reversed(rows), first):
        for column, (origin, value) in enumerate(cells, 1):
            moved = sheet.cell(target, column)
            moved.value = value
            if isinstance(value, str) and value.startswith("="):
                moved.value = Translator(value, origin).translate_formula(moved.coordinate)


def test_a_sorted_ranking_is_right_and_a_change_in_it_is_named_where_it_stands(tmp_path: Path) -> None:
    book = openpyxl.load_workbook(io.BytesIO(content()))
    turn_round(book["排名"])
    turn_round(book["问题清单"])
    book.save(tmp_path / "sorted.xlsx")
    assert told(verified(tmp_path / "sorted.xlsx")) == []
    cell = address(*place(book["排名"], "0104", "错误数"))
    book["排名"][cell] = 9
    book.save(tmp_path / "changed.xlsx")
    assert told(verified(tmp_path / "changed.xlsx")) == [("工作簿", "排名", cell)]


def test_sorted_raw_figures_are_told_for_formulas_take_them_by_row(tmp_path: Path) -> None:
    book = openpyxl.load_workbook(io.BytesIO(content()))
    turn_round(book["数据底稿"])
    book.save(tmp_path / "sorted.xlsx")
    first = header_row(book["数据底稿"]) + 1
    assert told(verified(tmp_path / "sorted.xlsx")) == [("工作簿", "数据底稿", f"{first}:{first}")]


def test_filters_are_harmless_and_a_row_hidden_beside_them_is_not(tmp_path: Path) -> None:
    copy = Tampered(content())
    chosen = re.compile(r'<autoFilter ref="([^"]*)"/>')
    copy.edit(copy.part("排名"), lambda xml: chosen.sub(
        r'<autoFilter ref="\1"><filterColumn colId="6"><filters><filter val="优"/></filters></filterColumn></autoFilter>',
        xml,
    ))  # fmt: skip
    numbers = [int(copy.at("排名", code, "排名")[1:]) for code in ("0104", "0107")]
    for number in numbers:
        copy.rows("排名", number, lambda row: row.replace("<row ", '<row hidden="1" ', 1))
    assert told(verified(copy.save(tmp_path / "filtered.xlsx"))) == []
    copy.rows("排名", 1, lambda row: row.replace("<row ", '<row hidden="1" ', 1))
    assert told(verified(copy.save(tmp_path / "filtered.xlsx"))) == [("工作簿", "排名", "1:1")]


def caused(found: Verification) -> list[Place]:
    """Where something was changed, leaving out what formulas that are as they should be say now."""
    return [(told.sheet, told.cell) for told in found.differences if not told.computed]


@needs_libreoffice
def test_references_that_a_spreadsheet_moved_along_are_no_difference(tmp_path: Path) -> None:
    copy = Tampered(content())
    sheet, listed = copy.book["排名"], copy.book["问题清单"]
    first, names = copy.headers("排名") + 1, [cell.value for cell in sheet[copy.headers("排名")]].index("填报单位")
    steps = (
        Sorted("排名", f"A{first}:{column_letter(sheet.max_column)}{sheet.max_row}", names),
        Filtered(
            "问题清单", f"A{copy.headers('问题清单')}:{column_letter(listed.max_column)}{listed.max_row}", 3, ("错误",)
        ),
        Inserted("数据底稿", 1, "请审阅"),
        Inserted("得分明细", 31, "请审阅"),
        Renamed("得分明细", "明细"),
    )
    found = verified(edit(copy.save(tmp_path / "排名.xlsx"), tmp_path / "edited.xlsx", steps))
    assert caused(found) == [("明细", ""), ("得分明细", "31:31"), ("数据底稿", "1:1")]
    assert {told.sheet for told in found.differences if told.computed} == {"总览"}  # which counts rows


@needs_libreoffice
def test_deleted_rows_are_named_and_what_lost_its_figures(tmp_path: Path) -> None:
    copy = Tampered(content())
    ranked, figures = (
        int(copy.at(sheet, code, "单位编码")[1:]) for sheet, code in (("排名", "0104"), ("数据底稿", "0107"))
    )
    steps = (Deleted("排名", ranked), Deleted("数据底稿", figures))
    found = verified(edit(copy.save(tmp_path / "排名.xlsx"), tmp_path / "edited.xlsx", steps))
    lost = [told for told in found.differences if not told.computed and "#REF!" in told.what]
    assert {told.code for told in lost} == {"0107"}
    named = [place for place in caused(found) if place not in {(told.sheet, told.cell) for told in lost}]
    assert named == [("排名", f"{ranked}:{ranked}"), ("数据底稿", f"{figures}:{figures}")]
