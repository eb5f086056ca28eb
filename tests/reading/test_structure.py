"""Every sheet with a table, rearranged as tired hands do it: the same submission, or a clear word on how to go on."""

from __future__ import annotations

import io
import random
import re
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from functools import cache
from typing import Any, Final

import openpyxl
import pytest

from evalbatch.department_workbook import printed_form
from evalbatch.evaluation import evaluate
from evalbatch.model import Result, Submission
from evalbatch.reading import Book, Grid, read_submission, read_xlsx
from evalbatch.reading.book import Content
from evalbatch.reading.submission import REQUIRED
from evalbatch.scheme.layout import HEADER_ROW, address, column_number, template_layout
from tests.forms import base, blank_template, fill, place, places, scheme

SHEETS: Final = tuple(template_layout(scheme()))
BUDGET: Final = "预算执行情况表"
HEADER: Final = HEADER_ROW - 1
_REFERENCE: Final = re.compile(r"(?:(?:'([^']+)'|([\w一-鿿]+))!)?\$?([A-Z]{1,3})\$?(\d+)(?![\w(])(:?)")
"""A cell, or the first end of a range; the other end is on the same sheet."""
AWARD: Final = {
    "Y01.类型": "加分", "Y01.级别": "省级", "Y01.工作事项": "试点", "Y01.文号": "1号", "Y01.自报分值": 2,
    "V01.偏差原因": "无", "S10.说明": "已核对", "A11.扣分原因": "无",
}  # fmt: skip


@cache
def book() -> Book:
    return fill(base(), AWARD)


def read(form: Book) -> Submission:
    return read_submission(form, scheme(), "form.xlsx", printed_form(scheme()))


def judged(form: Book) -> Result:
    return evaluate(read(form), scheme())


@cache
def untouched() -> Result:
    return judged(book())


def said(submission: Submission) -> Any:
    """Everything a submission says of the department, without where it was found."""
    return (
        {place: entry.value for place, entry in submission.cells.items()},
        {
            prefix: [{name: entry.value for name, entry in row.entries.items()} for row in rows]
            for prefix, rows in submission.lists.items()
        },
    )


def points(result: Result) -> dict[str, Any]:
    return {line.code: (line.final, line.source) for line in result.lines}


def moved(form: Book, sheet: str, row: Callable[[int], int], column: Callable[[int], int]) -> Book:
    """The book with the cells of a sheet moved (0-based), all references following as in a spreadsheet; -1 deletes."""

    def rewrite(formula: str, here: str) -> str:
        within = ""

        def shift(match: re.Match[str]) -> str:
            nonlocal within
            on = match[1] or match[2] or within or here
            within = on if match[5] else ""
            if on != sheet:
                return match[0]
            at = row(int(match[4]) - 1), column(column_number(match[3]) - 1)
            prefix = match[0][: match.start(3) - match.start()].rstrip("$")
            return "#REF!" if -1 in at else prefix + address(at[0] + 1, at[1] + 1) + match[5]

        return _REFERENCE.sub(shift, formula)

    grids = []
    for grid in form.grids:
        formulas = {place: rewrite(text, grid.name) for place, text in grid.formulas.items()}
        if grid.name != sheet:
            grids.append(replace(grid, formulas=formulas))
            continue
        cells: dict[tuple[int, int], Content] = {}
        for number, contents in enumerate(grid.rows):
            for index, content in enumerate(contents):
                cells[row(number), column(index)] = content
        rows: list[list[Content]] = [
            ["" for _ in range(1 + max(at for _, at in cells))] for _ in range(1 + max(at for at, _ in cells))
        ]
        for (number, index), content in cells.items():
            if -1 not in (number, index):
                rows[number][index] = content
        placed = {(row(at), column(index)): text for (at, index), text in formulas.items()}
        kept = {place: text for place, text in placed.items() if -1 not in place}
        grids.append(Grid(grid.name, rows, grid.hidden, kept, grid.errors))
    return replace(form, grids=tuple(grids))


def same(index: int) -> int:
    return index


def inserted(before: int, count: int = 3) -> Callable[[int], int]:
    return lambda index: index + (count if index >= before else 0)


def deleted(gone: int) -> Callable[[int], int]:
    return lambda index: -1 if index == gone else index - (index > gone)


@pytest.mark.parametrize("sheet", SHEETS)
@pytest.mark.parametrize("where", ["above the title", "above the headers", "below the headers", "inside", "below"])
def test_inserted_rows_change_nothing_and_are_noted(sheet: str, where: str) -> None:
    last = template_layout(scheme())[sheet].last_row
    before = {
        "above the title": 0, "above the headers": HEADER, "below the headers": HEADER + 1, "inside": HEADER + 2, "below": last,
    }[where]  # fmt: skip
    result = judged(moved(book(), sheet, inserted(before), same))
    assert said(result.submission) == said(untouched().submission)
    assert (points(result), places(result.findings)) == (points(untouched()), places_below(before, sheet))
    figures = [note for note in result.submission.notes if note.sheet == sheet and note.text.startswith("行列位置")]
    texts_only = sheet in ("封面", "加减分事项表") or where in ("inside", "below")
    assert bool(figures) == (where != "below") or texts_only


def places_below(before: int, sheet: str) -> list[tuple[str, str, str]]:
    """The findings of the untouched form, those below an insertion three rows further down."""

    def lower(cell: str) -> str:
        return re.sub(r"\d+", lambda match: str(inserted(before)(int(match[0]) - 1) + 1), cell)

    return sorted(
        (finding.code, finding.ref.sheet, lower(finding.ref.cell) if finding.ref.sheet == sheet else finding.ref.cell)
        for finding in untouched().findings
    )


@pytest.mark.parametrize("sheet", SHEETS)
@pytest.mark.parametrize("seed", range(3))
def test_moved_columns_change_nothing(sheet: str, seed: int) -> None:
    width = max(template_layout(scheme())[sheet].columns.values())
    order = list(range(width))
    random.Random(seed).shuffle(order)
    # a gap is left as well: one column is cut and pasted behind the table
    target = [place + (place == width - 1) for place in order]
    result = judged(moved(book(), sheet, same, lambda index: target[index] if index < width else index + 1))
    assert said(result.submission) == said(untouched().submission)
    assert points(result) == points(untouched())
    assert [finding.code for finding in result.findings] == [finding.code for finding in untouched().findings]


@pytest.mark.parametrize("sheet", SHEETS)
def test_without_the_key_column_rows_are_found_by_their_name_with_a_finding(sheet: str) -> None:
    result = judged(moved(book(), sheet, same, deleted(0)))
    assert said(result.submission) == said(untouched().submission)
    assert points(result) == points(untouched())
    new = [finding for finding in result.findings if finding.code == "FS06"]
    assert [(finding.level, finding.ref.sheet, finding.ref.cell) for finding in new] == [("预警", sheet, "A")]
    assert "编码栏已被删除" in new[0].what and new[0].advice


@pytest.mark.parametrize("sheet", SHEETS)
@pytest.mark.parametrize("gone", ["header", "sheet"])
def test_without_headers_or_sheet_the_department_is_told_how_to_go_on(sheet: str, gone: str) -> None:
    form = moved(book(), sheet, deleted(HEADER), same)
    if gone == "sheet":
        form = replace(form, grids=tuple(grid for grid in form.grids if grid.name != sheet))
    found = [finding for finding in judged(form).findings if finding.code in ("FS02", "FS05")]
    expected = ("FS02", "退回") if sheet in REQUIRED else ("FS05", "错误")
    assert [(finding.code, finding.level, finding.ref.sheet) for finding in found] == [(*expected, sheet)]
    assert ("找不到表头" if gone == "header" else f"没有工作表“{sheet}”") in found[0].what
    assert "模板" in found[0].advice


@pytest.mark.parametrize("name", ["{} ", " {}", "{}\u3000"])
def test_renamed_and_reordered_sheets_change_nothing(name: str) -> None:
    grids = tuple(
        replace(grid, name=name.format(grid.name), formulas={p: renamed(t, name) for p, t in grid.formulas.items()})
        for grid in reversed(book().grids)
    )
    result = judged(replace(book(), grids=grids))
    assert said(result.submission) == said(untouched().submission)
    assert places(result.findings) == places(untouched().findings)


def renamed(formula: str, name: str) -> str:
    return re.sub(r"'([^']+)'!", lambda match: f"'{name.format(match[1])}'!", formula)


def test_hidden_rows_and_columns_and_merged_cells_change_nothing() -> None:
    workbook = openpyxl.load_workbook(io.BytesIO(blank_template()))
    for name, value in (base() | AWARD).items():
        sheet, row, column = place(name)
        workbook[sheet].cell(row + 1, column + 1).value = float(value) if isinstance(value, Decimal) else value
    for sheet in SHEETS:
        layout = template_layout(scheme())[sheet]
        workbook[sheet].column_dimensions["C"].hidden = workbook[sheet].column_dimensions["A"].hidden = True
        workbook[sheet].row_dimensions[HEADER_ROW + 2].hidden = True
        workbook[sheet].merge_cells(
            start_row=layout.last_row + 1, end_row=layout.last_row + 2, start_column=1, end_column=3
        )
    workbook[BUDGET].merge_cells("K37:L37")  # the remark of S10 and the rate beside it
    target = io.BytesIO()
    workbook.save(target)
    result = judged(read_xlsx(target.getvalue()))
    assert said(result.submission) == said(untouched().submission)
    assert places(result.findings) == places(untouched().findings)


@pytest.mark.parametrize("sheet", SHEETS)
def test_merged_labels_change_no_figure(sheet: str) -> None:
    """Equal neighbours of a printed column merged: only the first keeps its text."""
    layout = template_layout(scheme())[sheet]
    columns = [layout.columns[column.name] - 1 for column in layout.spec.columns if column.type == "label"]
    grids = []
    for grid in book().grids:
        rows = [list(row) for row in grid.rows]
        if grid.name == sheet:
            for number in range(len(rows) - 1, HEADER + 1, -1):
                above, row = rows[number - 1], rows[number]
                for at in columns:
                    if at < len(row) and above[at : at + 1] == [row[at]]:
                        row[at] = ""
        grids.append(replace(grid, rows=rows))
    result = judged(replace(book(), grids=tuple(grids)))
    assert said(result.submission)[1] == said(untouched().submission)[1]
    assert points(result) == points(untouched())
    assert places(result.findings) == places(untouched().findings)
