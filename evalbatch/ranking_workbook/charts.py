"""The charts of 总览: the figures behind each, live, and how it is drawn; patterns and labels, so that grey is enough."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import pandas as pd
from xlsxwriter import Workbook
from xlsxwriter.chart import Chart

from evalbatch.cell_text import plain_text
from evalbatch.department_rows import OVERSPENT, SANGONG, TOTAL, execution_check
from evalbatch.ranking_workbook import looks
from evalbatch.ranking_workbook.batch import FIRST, ROW, Batch, Section
from evalbatch.ranking_workbook.cells import Cell, shown
from evalbatch.ranking_workbook.grid import RANKING, Grid
from evalbatch.ranking_workbook.looks import FONT
from evalbatch.scheme import show
from evalbatch.scheme.formula import Number, divide, round_half_up

_BIN: Final = 5
"""Points that a column of the distribution spans."""
_LOWEST: Final = 8
"""Departments shown by name, those with the lowest 执行率."""
_OVERSPENDERS: Final = 8
_CATEGORIES: Final = 8
_RATE_DECIMALS: Final = 4
"""A rate is compared at 0.01 percentage point."""
_FAR: Final = 10_000_000
"""More than a sheet has rows."""
_BLACK: Final = "#404040"
_FILLS: Final[tuple[Mapping[str, Any], ...]] = (
    {"fill": {"color": "#595959"}},
    {"pattern": {"pattern": "wide_upward_diagonal", "fg_color": "#595959", "bg_color": "#FFFFFF"}},
    {"fill": {"color": "#BFBFBF"}},
    {"pattern": {"pattern": "percent_20", "fg_color": "#595959", "bg_color": "#FFFFFF"}},
    {"fill": {"color": "#FFFFFF"}},
)
"""What tells series apart on a black-and-white printer; every bar has an outline."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart and the figures that it draws."""

    section: Section
    draw: Callable[[Workbook, Source], Chart]


@dataclass(frozen=True, slots=True)
class Source:
    """Where the figures of a chart stand: the first and last row (0-based) of its section's lines on a sheet."""

    sheet: str
    section: Section
    first: int
    last: int

    def column(self, *columns: int) -> list[str | int]:
        """The range of a column, or of adjacent ones."""
        return [self.sheet, self.first, columns[0], self.last, columns[-1]]

    def values(self, column: int) -> list[Any]:
        """What is in the column, for viewers that do not compute."""
        values = [shown(line[column]) for line in self.section.lines]
        return [float(value) if isinstance(value, Decimal) else value for value in values]

    def series(self, column: int, fill: int, **more: Any) -> dict[str, Any]:
        """A column of figures as a series of bars, named by its header."""
        return {
            "name": self.section.columns[column][0],
            "categories": self.column(0),
            "categories_data": self.values(0),
            "values": self.column(column),
            "values_data": self.values(column),
            "border": {"color": _BLACK, "width": 0.75},
            "gap": 60,
            **_FILLS[fill],
            **more,
        }


def figures(batch: Batch) -> tuple[Figure, ...]:
    """The charts of the page in reading order."""
    return (
        Figure(_distribution(batch), _draw_distribution),
        Figure(_reporting(batch), _draw_reporting),
        Figure(_categories(batch), _draw_categories),
        Figure(_lowest(batch), _draw_lowest),
        Figure(_spending(batch), _draw_spending),
        Figure(_overspenders(batch), _draw_overspenders),
    )


# ---------------------------------------------------------------- 总分与等级


def _bins(batch: Batch) -> Iterator[tuple[str, Decimal, Decimal]]:
    """等级, lower and upper bound of each column, the lowest grade in one."""
    *upper, lowest = batch.scheme.grades
    yield lowest.name, Decimal(lowest.from_), Decimal(lowest.to)
    for band in reversed(upper):
        low, most = Decimal(band.from_), Decimal(band.to)
        while low < most:
            yield band.name, low, min(low + _BIN, most)
            low += _BIN


def _distribution(batch: Batch) -> Section:
    cap = Decimal(batch.scheme.spec.total.cap)
    lines: list[tuple[Cell, ...]] = []
    for grade, low, high in _bins(batch):
        last = high == cap
        points = batch.ranked["总分"]
        number = int(((points >= low) & ((points <= high) if last else (points < high))).sum())
        bounds = (("总分", f">={low:f}"), ("总分", f"{'<=' if last else '<'}{high:f}"), ("排名", '<>""'))
        counted = batch.count(number, *((RANKING, header, holds) for header, holds in bounds))
        label = f"{grade} {high:f}以下" if low == batch.scheme.spec.total.floor else f"{grade} {low:f}–{high:f}"
        lines.append((label, counted))
    return Section(
        "图1　总分与等级分布（部门数；各段含下限）", (("等级与总分", looks.TEXT), ("部门数", looks.ORDINAL)), lines
    )


def _draw_distribution(book: Workbook, source: Source) -> Chart:
    chart: Chart = book.add_chart({"type": "column"})
    names = [str(name).split()[0] for name in source.values(0)]
    shades = {grade: index for index, grade in enumerate(dict.fromkeys(reversed(names)))}
    border = {"border": {"color": _BLACK, "width": 0.75}}
    points = [{**_FILLS[min(shades[name], len(_FILLS) - 1)], **border} for name in names]
    chart.add_series(source.series(1, 0, points=points, gap=15, data_labels=_labels("0;;")))
    return _finished(chart, source, legend=False)


# ---------------------------------------------------------------- 报送情况


def _reporting(batch: Batch) -> Section:
    below = batch.below["状态"]
    lines: list[tuple[Cell, ...]] = [("有效", batch.count(len(batch.ranked), (RANKING, "排名", '<>""')))]
    lines += [
        (status, batch.count(int((below == status).sum()), (RANKING, "状态", f'="{status}"')))
        for status in batch.statuses
    ]
    return Section("图2　报送情况（部门数）", (("状态", looks.TEXT), ("部门数", looks.ORDINAL)), lines)


def _draw_reporting(book: Workbook, source: Source) -> Chart:
    return _bars(book, source, [source.series(1, 2, data_labels=_labels("0"))])


# ---------------------------------------------------------------- 部门类别


def _categories(batch: Batch) -> Section:
    """The mean of each group of points for the categories with the most departments, at the time of the run."""
    decimals = batch.scheme.spec.total.decimals
    headers = [header for header in batch.ranking.columns if header[:1] in "ABCDE" and header[0].isascii()]
    names = batch.ranked["部门类别"].value_counts()
    chosen = sorted(names.index[:_CATEGORIES], key=str)
    lines: list[tuple[Cell, ...]] = []
    for name in chosen:
        own = batch.ranked[batch.ranked["部门类别"] == name]

        def mean(header: str, own: pd.DataFrame = own) -> Cell:
            value = round_half_up(divide(sum(own[header], Decimal(0)), Decimal(len(own))), decimals)
            return batch.computed(
                lambda grid: (
                    f"IF($C{ROW}=0,0,ROUND(SUMPRODUCT({_same(grid)}*{_points(grid, header)})/$C{ROW},{decimals}))"
                ),
                value,
            )

        average = mean("总分")
        label = batch.computed(
            lambda _: f'$B{ROW}&"（"&$C{ROW}&"个，"&TEXT($D{ROW},"0.00")&"分）"',
            f"{plain_text(name)}（{len(own)}个，{shown(average):.2f}分）",
        )
        count = batch.computed(lambda grid: f'SUMPRODUCT({_same(grid)}*({grid.whole(RANKING, "排名")}<>""))', len(own))
        lines.append((label, name, count, average, *map(mean, headers)))
    if not lines:
        lines = [("没有填部门类别的部门", None, None, None, *(None for _ in headers))]
    columns = (("类别", looks.TEXT), ("部门类别", looks.MARK), ("部门数", looks.ORDINAL), ("总分", looks.POINTS))
    return Section(
        "图3　各类别部门的平均得分（分，按一级指标；类别为本次运行时）",
        (*columns, *((header, looks.POINTS) for header in headers)),
        lines,
    )


def _same(grid: Grid) -> str:
    """The departments of the category in the row, compared with the cell: no text of theirs stands in the formula."""
    return f"EXACT({grid.whole(RANKING, '部门类别')},$B{ROW})"


def _points(grid: Grid, header: str) -> str:
    return f"ISNUMBER({grid.whole(RANKING, '排名')}),{grid.whole(RANKING, header)}"


def _draw_categories(book: Workbook, source: Source) -> Chart:
    count = len(source.section.columns) - 4
    shown = [
        source.series(
            4 + group, group % len(_FILLS), data_labels=_labels("0.0;;", group) if group in (0, 2, 4) else None
        )
        for group in range(count)
    ]
    chart = _bars(book, source, shown, stacked=True)
    return chart


# ---------------------------------------------------------------- 部门预算执行率


def _threshold(batch: Batch) -> Decimal | None:
    """The 执行率 from which a department is 达标, where the scheme has one figure for all."""
    check = execution_check(batch.scheme)
    return check.right.node.value if check is not None and isinstance(check.right.node, Number) else None


def _lowest(batch: Batch) -> Section:
    """Each rate stands a second time under what it is, so that the two kinds of bars look different."""
    rates = zip(batch.budgets["部门预算执行率"], batch.budgets["填报单位"], strict=True)
    ordered = sorted((pair for pair in rates if isinstance(pair[0], Decimal)), key=lambda pair: pair[0])
    threshold = _threshold(batch) or Decimal(0)

    def bar(place: int, missed: bool) -> Cell:
        rate = ordered[place][0] if place < len(ordered) else ""
        low = isinstance(rate, Decimal) and round_half_up(rate, _RATE_DECIMALS) < threshold
        holds = "<" if missed else ">="
        formula = f'IF($B{ROW}="","",IF(ROUND($B{ROW},{_RATE_DECIMALS}){holds}{threshold:f},$B{ROW},0))'
        return batch.computed(lambda _: formula, rate if rate == "" or low == missed else 0)

    lines = _by_name(batch, ("预算执行", "部门预算执行率"), "SMALL", ordered, _LOWEST)
    return Section(
        f"图4　部门预算执行率最低的 {_LOWEST} 个部门",
        (
            ("填报单位", looks.TEXT),
            ("部门预算执行率", looks.RATE),
            (f"低于 {show(threshold, '%')}", looks.RATE),
            (f"达到 {show(threshold, '%')}", looks.RATE),
        ),
        [(*line, bar(place, True), bar(place, False)) for place, line in enumerate(lines)],
    )


def _draw_lowest(book: Workbook, source: Source) -> Chart:
    series = [source.series(column, fill, data_labels=_labels("0.00%;;", fill)) for column, fill in ((2, 0), (3, 2))]
    return _bars(book, source, series, stacked=True)


# ---------------------------------------------------------------- 三公经费


def _spending(batch: Batch) -> Section:
    lines: list[tuple[Cell, ...]] = []
    for _, item in SANGONG:
        if item.startswith("其中") or item == TOTAL:
            continue
        own = batch.items[batch.items["项目"] == item]
        lines.append((item, *(_added(batch, own, item, header) for header in ("全年预算数", "决算数"))))
    return Section(
        "图5　“三公”经费全年预算与决算（参加排名的部门合计，万元）",
        (("项目", looks.TEXT), ("全年预算数", looks.AMOUNT), ("决算数", looks.AMOUNT)),
        lines,
    )


def _added(batch: Batch, own: pd.DataFrame, item: str, header: str) -> Cell:
    amount = sum((value for value in own[header] if value is not None), Decimal(0))
    where, what = "项目", header
    return batch.computed(
        lambda grid: f'ROUND(SUMIF({grid.whole("三公经费", where)},"{item}",{grid.whole("三公经费", what)}),6)', amount
    )


def _draw_spending(book: Workbook, source: Source) -> Chart:
    chart: Chart = book.add_chart({"type": "column"})
    chart.add_series(source.series(1, 1, data_labels=_labels("#,##0.00")))
    chart.add_series(source.series(2, 0, data_labels=_labels("#,##0.00")))
    return _finished(chart, source, legend=True)


def _overspenders(batch: Batch) -> Section:
    over = zip(batch.overspent["超支金额"], batch.overspent["填报单位"], strict=True)
    ordered = sorted(over, key=lambda pair: -pair[0])
    return Section(
        f"图6　“三公”经费{OVERSPENT}的部门（超支金额，万元，最多 {_OVERSPENDERS} 个）",
        (("填报单位", looks.TEXT), ("超支金额", looks.AMOUNT)),
        _by_name(batch, ("三公经费", "合计超支"), "LARGE", ordered, _OVERSPENDERS),
    )


def _draw_overspenders(book: Workbook, source: Source) -> Chart:
    return _bars(book, source, [source.series(1, 0, data_labels=_labels("#,##0.00;;"))])


# ---------------------------------------------------------------- by name


def _by_name(
    batch: Batch, column: tuple[str, str], function: str, ordered: Sequence[tuple[Decimal, str | None]], most: int
) -> list[tuple[Cell, ...]]:
    """The departments with the smallest or largest figures of a column, blank beyond the last."""
    sheet, header = column

    def line(place: int) -> tuple[Cell, ...]:
        figure, name = ordered[place - 1] if place <= len(ordered) else ("", "")

        def nth(grid: Grid) -> str:
            every = grid.whole(sheet, header)
            return f'IF(COUNT({every})<{place},"",{function}({every},{place}))'

        return batch.computed(lambda grid: _name(grid, sheet, header), plain_text(name or "")), batch.computed(
            nth, figure
        )

    return [line(place) for place in range(1, most + 1)]


def _name(grid: Grid, sheet: str, header: str) -> str:
    """The department of the figure beside it, equal figures in the order of their rows."""
    every, names = grid.whole(sheet, header), grid.whole(sheet, "填报单位")
    nth = f"SUMPRODUCT(--($B${FIRST}:$B{ROW}=$B{ROW}))"
    row = f"SUMPRODUCT(SMALL(({every}<>$B{ROW})*{_FAR}+ROW({every}),{nth}))"
    return f'IF($B{ROW}="","",INDEX({names},{row}-{grid.areas[sheet].first - 1})&"")'


# ---------------------------------------------------------------- drawing


def _font(size: int, bold: bool = False) -> dict[str, Any]:
    return {"name": FONT, "size": size, "bold": bold, "color": "#000000"}


def _labels(form: str, fill: int = 2, **more: Any) -> dict[str, Any]:
    """Figures at the bars; white on the darkest ones when they stand inside."""
    color = "#FFFFFF" if fill == 0 else "#000000"
    return {"value": True, "num_format": form, "font": {**_font(8), "color": color}, **more}


def _bars(book: Workbook, source: Source, shown: Sequence[dict[str, Any]], stacked: bool = False) -> Chart:
    """Bars from the top down; in a bar chart the y axis of XlsxWriter is the one with the names."""
    chart: Chart = book.add_chart({"type": "bar", **({"subtype": "stacked"} if stacked else {})})
    for series in shown:
        chart.add_series(series)
    _finished(chart, source, legend=stacked)
    chart.set_x_axis({"visible": False, "min": 0, "major_gridlines": {"visible": False}})
    chart.set_y_axis(
        {
            "num_font": _font(8),
            "reverse": True,
            "line": {"color": _BLACK},
            "interval_unit": 1,
            "major_tick_mark": "none",
        }
    )
    return chart


def _finished(chart: Chart, source: Source, legend: bool) -> Chart:
    """Title and axes as every chart has them: figures stand at the bars, so their axis is left out."""
    plain = {"visible": False}
    chart.set_title({"name": source.section.heading.split("　", 1)[1], "name_font": _font(10, bold=True)})
    chart.set_legend({"position": "bottom", "font": _font(8)} if legend else {"none": True})
    chart.set_x_axis(
        {"num_font": _font(8), "major_gridlines": plain, "line": {"color": _BLACK}, "major_tick_mark": "none"}
    )
    chart.set_y_axis({"min": 0, "major_gridlines": plain, "visible": False})
    chart.set_chartarea({"border": {"color": "#A6A6A6"}})
    return chart
