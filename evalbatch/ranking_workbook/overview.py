"""总览, the page to read first: figures, charts and what to look at on one page; behind it contents and chart data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Final

import pandas as pd
from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from evalbatch.department_rows import MISSED, NONE, OVERSPENT, TOTAL, VALID
from evalbatch.ranking_workbook import charts, looks
from evalbatch.ranking_workbook.attention import things
from evalbatch.ranking_workbook.batch import (
    EVERYONE,
    EVERYONE_ROW,
    FIRST,
    RANKED,
    RANKED_ROW,
    ROW,
    Batch,
    Section,
    named,
)
from evalbatch.ranking_workbook.cells import Cell, Computed, shown, write_cell
from evalbatch.ranking_workbook.formulas import CHANGED, IS_CHANGED
from evalbatch.ranking_workbook.grid import FIGURES, LIST_SHEETS, RANKING, Grid
from evalbatch.ranking_workbook.looks import Formats, Look
from evalbatch.ranking_workbook.sheets import OVERVIEW, Sheet
from evalbatch.ranking_workbook.table_sheet import row_height, set_up_page
from evalbatch.scheme import Scheme, show
from evalbatch.scheme.formula import divide, round_half_up
from evalbatch.scheme.layout import column_letter
from evalbatch.tables import Tables

_COLUMNS: Final = 15
_WIDTH: Final = 13.57
_WIDTH_PIXELS: Final = 100
_HEIGHTS: Final[Mapping[str, float]] = {
    "title": 30,
    "remark": 18,
    "heading": 26,
    "header": 19.5,
    "figure": 34,
    "gap": 6,
}
_CHARTS_ACROSS: Final = 3
_CHART_ROWS: Final = 12
"""Rows that a chart stands over."""
_LEAST_CHART: Final = 12.5
_MOST_CHART: Final = 19.5
"""Height of such a row: the charts take what the sentences below them leave of the page."""
_PAGE_HEIGHT: Final = 740
"""Points of a sheet of A3 between its margins, and a little less."""
_UNCHANGED: Final = "原始数据与生成时一致"
_GUIDE: Final = "点“各表内容”中的表名到该表，点各表左上角的标题回到本页；各表中蓝色的内容可点，到它的依据。"
_ZERO: Final = Decimal(0)


def write_overview(
    book: Workbook, formats: Formats, tables: Tables, pages: Sequence[Sheet], scheme: Scheme, grid: Grid | None
) -> None:
    """Write 总览 as the first sheet of the book."""
    _Page(book, formats, Batch.of(tables, scheme, grid)).write(pages)


class _Page:
    """The page as it is written, row by row."""

    def __init__(self, book: Workbook, formats: Formats, batch: Batch) -> None:
        self.book = book
        self.formats = formats
        self.batch = batch
        self.sheet: Worksheet = book.add_worksheet(OVERVIEW)
        self.row = 0
        self.marks: dict[int, str] = {}

    def write(self, pages: Sequence[Sheet]) -> None:
        """Everything from the title to the chart data."""
        sheet, batch = self.sheet, self.batch
        sheet.set_column(0, _COLUMNS - 1, _WIDTH)
        attention, figures = _attention(batch), charts.figures(batch)
        sections = (*_tables(batch, pages), *(figure.section for figure in figures))
        first = len(_HEIGHTS) - 1 + 2 * _CHART_ROWS + _rows(attention)
        places: list[int] = []
        for section in sections:
            places.append(first + 2)
            first += _rows(section)
        self.marks = {ord(EVERYONE_ROW): str(places[0] + 1), ord(RANKED_ROW): str(places[0] + 2)}
        self._head(pages[0].title.endswith("（初评）"), sections[0], places[0], sections[1], places[1])
        self._charts(figures, places[-len(figures) :], attention)
        self._section(attention)
        first_page = self.row
        for section in sections:
            if section is figures[0].section:
                last_printed = self.row
            self._section(section)
        set_up_page(sheet, a3=True)
        sheet.fit_to_pages(1, 0)
        sheet.set_first_sheet()
        sheet.activate()
        # each part begins on a page of its own; page breaks would go unheeded on a page that is fitted. The figures
        # behind the charts stand in the charts
        right = column_letter(_COLUMNS)
        parts = (
            f"{OVERVIEW}!$A${top + 1}:${right}${end}" for top, end in ((0, first_page), (first_page, last_printed))
        )
        self.book.define_name(f"{OVERVIEW}!_xlnm.Print_Area", f"={','.join(parts)}")

    def _head(self, preliminary: bool, basics: Section, first: int, grades: Section, first_grade: int) -> None:
        """Title, remark, and the figures to see at once: each the cell of a line below."""
        sheet, formats = self.sheet, self.formats
        scheme = self.batch.scheme
        self._next("title")
        title = f"{scheme.year}年度{scheme.spec.title}总览{'（初评）' if preliminary else ''}"
        sheet.write_string(0, 0, title, formats.title)
        self._next("remark")
        sheet.write_string(1, 0, _GUIDE, formats.remark)
        lines = [(line, first + place) for place, line in enumerate(basics.lines) if line[0] in _AT_ONCE]
        lines[2:2] = [(line, first_grade + place) for place, line in enumerate(grades.lines)]
        self._next("header")
        for column, (line, row) in enumerate(lines[:_COLUMNS]):
            label = str(line[0]) if row < first_grade else f"等级{line[0]}"
            sheet.write_string(2, column, label, formats.header)
        self._next("figure")
        for column, (line, row) in enumerate(lines[:_COLUMNS]):
            value = line[1]
            look = looks.LARGE_POINTS if line[0] == _MEAN else looks.LARGE
            same = Computed(f"$B${row + 1}", value.value) if isinstance(value, Computed) else value
            self._put(3, column, same, look)
        self._next("gap")

    def _charts(self, figures: Sequence[charts.Figure], places: Sequence[int], attention: Section) -> None:
        below = (
            _HEIGHTS["heading"] + _HEIGHTS["header"] + sum(self._height(attention, line) for line in attention.lines)
        )
        above = sum(_HEIGHTS.values()) - _HEIGHTS["heading"]
        height = (_PAGE_HEIGHT - above - below) / (2 * _CHART_ROWS)
        height = round(min(_MOST_CHART, max(_LEAST_CHART, height)) * 4 / 3) * 3 / 4
        # charts begin at a column, so that they fit whatever font a column's width is counted in
        columns = _COLUMNS // _CHARTS_ACROSS
        for place, (figure, first) in enumerate(zip(figures, places, strict=True)):
            section = figure.section
            source = charts.Source(OVERVIEW, section, first, first + len(section.lines) - 1)
            chart = figure.draw(self.book, source)
            down, across = divmod(place, _CHARTS_ACROSS)
            size = {
                "width": columns * _WIDTH_PIXELS,
                "height": round(height * 4 / 3) * _CHART_ROWS,
            }
            chart.set_size(size)
            options = {"object_position": 1, "description": section.heading}
            self.sheet.insert_chart(self.row + down * _CHART_ROWS, across * columns, chart, options)
        for _ in range(2 * _CHART_ROWS):
            self.sheet.set_row(self.row, height)
            self.row += 1

    def _section(self, section: Section) -> None:
        sheet, formats, last = self.sheet, self.formats, len(section.columns) - 1
        wide = section.columns[last][1].width > _WIDTH * 2
        self._next("heading")
        sheet.write_string(self.row - 1, 0, section.heading, formats.heading)
        self._next("header")
        for column, (header, _) in enumerate(section.columns):
            sheet.write_string(self.row - 1, column, header, formats.header)
        if wide:
            sheet.merge_range(self.row - 1, last, self.row - 1, _COLUMNS - 1, section.columns[last][0], formats.header)
        first = self.row
        for values in section.lines:
            sheet.set_row(self.row, self._height(section, values))
            self.marks |= {ord(ROW): str(self.row + 1), ord(FIRST): str(first + 1)}
            for column, (value, (_, look)) in enumerate(zip(values, section.columns, strict=True)):
                if wide and column == last:
                    sheet.merge_range(self.row, last, self.row, _COLUMNS - 1, "", formats.of(look)[1])
                if section.linked and column == 0:
                    sheet.write_url(self.row, 0, f"internal:{value}!A1", formats.link, str(value))
                else:
                    self._put(self.row, column, value, look)
            self.row += 1

    def _height(self, section: Section, values: Sequence[Cell]) -> float:
        """The height of a line; a wide last column takes what is left of the page."""
        widths = [_WIDTH] * len(section.columns)
        if section.columns[-1][1].width > _WIDTH * 2:
            widths[-1] = (_COLUMNS - len(widths) + 1) * _WIDTH
        return row_height(zip(map(shown, values), widths, strict=True))

    def _put(self, row: int, column: int, value: Cell, look: Look) -> None:
        if isinstance(value, Computed):
            value = Computed(value.formula.translate(self.marks), value.value)
        write_cell(self.sheet, row, column, value, self.formats.of(look))

    def _next(self, kind: str) -> None:
        self.sheet.set_row(self.row, _HEIGHTS[kind])
        self.row += 1


def _rows(section: Section) -> int:
    return 2 + len(section.lines)


def _attention(batch: Batch) -> Section:
    found: list[tuple[Cell, ...]] = [(str(number), *thing) for number, thing in enumerate(things(batch), 1)]
    columns = (("次序", looks.ORDINAL), ("事项", looks.MARK), ("内容", looks.LONG))
    return Section("最先要看的事（本次运行时）", columns, found or [("—", "无", "没有需要先看的事项。")])


def _tables(batch: Batch, pages: Sequence[Sheet]) -> Iterator[Section]:
    rate = replace(looks.RATE, align="center")
    yield Section(
        "一、基本情况",
        (
            ("项目", looks.TEXT),
            ("数量", replace(looks.ORDINAL, number="General")),
            ("占比", rate),
            ("说明（名单为本次运行时）", looks.LONG),
        ),
        _counts(batch),
    )
    yield Section(
        "二、等级分布",
        (("等级", looks.MARK), ("部门数", looks.ORDINAL), ("占比", rate), ("总分区间", looks.LONG)),
        _grades(batch),
    )
    yield Section(
        "三、各表内容",
        (("工作表", looks.TEXT), ("行数", looks.ORDINAL), ("栏数", looks.ORDINAL), ("一行是什么", looks.LONG)),
        _contents(batch, pages),
        linked=True,
    )


_MEAN: Final = "总分平均"
_AT_ONCE: Final = ("部门", "参加排名", "退回重报", "未报送", _MEAN, "有待核事项", "“三公”经费超支", "执行率未达标",
                   "填报错误", "预警", "生成后改动")  # fmt: skip
"""The lines of 基本情况 that stand at the head of the page."""


def _counts(batch: Batch) -> list[tuple[Cell, ...]]:
    ranking, ranked, below = batch.ranking, batch.ranked, batch.below
    everyone, count = len(ranking), len(ranked)
    placed = (RANKING, "排名", '<>""')
    lines: list[tuple[Cell, ...]] = [
        ("部门", batch.count(everyone, (RANKING, "状态", '<>""')), None, "参加评价的部门，含未报送和退回的"),
        (
            "参加排名",
            batch.count(count, placed),
            batch.share(count, everyone, EVERYONE),
            _spread(ranked, batch.scheme.spec.total.decimals),
        ),
    ]
    for status in batch.statuses:
        names = below.loc[below["状态"] == status, "填报单位"]
        counted = batch.count(len(names), (RANKING, "状态", f'="{status}"'))
        lines.append((status, counted, batch.share(len(names), everyone, EVERYONE), named(names) or None))
    lines.append((_MEAN, _mean(batch), None, None))
    overspent = (("三公经费", "项目", f'="{TOTAL}"'), ("三公经费", "结论", f'="{OVERSPENT}"'))
    for name, part, conditions in (
        ("有待核事项", batch.pending, (placed, (RANKING, "状态", f'<>"{VALID}"'))),
        ("“三公”经费超支", batch.overspent, overspent),
        ("执行率未达标", batch.slow, (("预算执行", "是否达标", f'="{MISSED}"'),)),
    ):
        share = batch.share(len(part), count, RANKED)
        lines.append((name, batch.count(len(part), *conditions), share, named(part["填报单位"]) or None))
    for name, found, conditions in (
        ("填报错误", batch.found("错误", "填报"), (("问题清单", "级别", '="错误"'), ("问题清单", "类别", '="填报"'))),
        ("预警", batch.found("预警"), (("问题清单", "级别", '="预警"'),)),
    ):
        about = f"涉及 {found['单位编码'].nunique()} 个部门" if len(found) else None
        lines.append((name, batch.count(len(found), *conditions), None, about))
    if batch.grid is not None:
        lines.append(_changes(batch.grid))
    return lines


def _changes(grid: Grid) -> tuple[Cell, ...]:
    """How many rows of raw figures differ from their 校验码."""
    ranges = [grid.whole(sheet, CHANGED) for sheet in (FIGURES, *LIST_SHEETS.values())]
    count = "+".join(f'SUMPRODUCT(--({cells}="{IS_CHANGED}"))' for cells in ranges)
    about = f'IF($B{ROW}=0,"{_UNCHANGED}","生成后改动 "&$B{ROW}&" 处，见原始数据各表的“{CHANGED}”栏")'
    return "生成后改动", Computed(count, 0), None, Computed(about, _UNCHANGED)


def _mean(batch: Batch) -> Cell:
    """The mean of 总分."""
    decimals = batch.scheme.spec.total.decimals
    points = list(batch.ranked["总分"])
    mean = round_half_up(divide(sum(points, _ZERO), Decimal(len(points))), decimals) if points else NONE
    return batch.computed(
        lambda grid: f'IF({RANKED}=0,"{NONE}",ROUND(SUM({grid.whole(RANKING, "总分")})/{RANKED},{decimals}))', mean
    )


def _spread(ranked: pd.DataFrame, decimals: int) -> str | None:
    """Mean, median, highest and lowest 总分 in a sentence; ``ranked`` is in the order of 排名."""
    if ranked.empty:
        return None
    points: list[Decimal] = sorted(ranked["总分"])
    mean = round_half_up(divide(sum(points, _ZERO), Decimal(len(points))), decimals)
    median = divide(points[len(points) // 2] + points[(len(points) - 1) // 2], Decimal(2))
    best, last = ranked["填报单位"].iloc[0], ranked["填报单位"].iloc[-1]
    return (
        f"总分平均 {show(mean)} 分，中位数 {show(median)} 分，"
        f"最高 {show(points[-1])} 分（{best}），最低 {show(points[0])} 分（{last}）"
    )


def _grades(batch: Batch) -> list[tuple[Cell, ...]]:
    counts = batch.ranked["等级"].value_counts()
    cap = batch.scheme.spec.total.cap
    lines: list[tuple[Cell, ...]] = []
    for band in batch.scheme.grades:
        number = int(counts.get(band.name, 0))
        bounds = f"{band.from_} ≤ 总分 {'≤' if band.to == cap else '<'} {band.to}"
        counted = batch.count(number, (RANKING, "等级", f'="{band.name}"'))
        lines.append((band.name, counted, batch.share(number, len(batch.ranked), RANKED), bounds))
    return lines


def _contents(batch: Batch, pages: Sequence[Sheet]) -> list[tuple[Cell, ...]]:
    def counted(page: Sheet) -> tuple[Cell, Cell]:
        rows, columns = len(page.table), len(page.columns)
        headers = f"{page.name}!$A${page.header_row + 1}:${column_letter(columns)}${page.header_row + 1}"

        def every(grid: Grid) -> str:
            cells = grid.whole(page.name, page.columns[0].header)
            return f"ROWS({cells})" if rows else f"COUNTA({cells})"

        return batch.computed(every, rows), batch.computed(lambda _: f"COLUMNS({headers})", columns)

    return [(page.name, *counted(page), page.about) for page in pages]
