"""总览, the page to read first: counts, grades and what to look at, each with its figures; charts find room right."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

import pandas as pd
from xlsxwriter import Workbook

from evalbatch.department_rows import MISSED, NONE, OVERSPENT, TOTAL, VALID, Value, execution_threshold
from evalbatch.ranking_workbook import looks
from evalbatch.ranking_workbook.cells import Computed, write_computed, write_value
from evalbatch.ranking_workbook.formulas import CHANGED, IS_CHANGED
from evalbatch.ranking_workbook.grid import FIGURES, LIST_SHEETS, RANKING, Grid
from evalbatch.ranking_workbook.looks import Formats, Look
from evalbatch.ranking_workbook.sheets import OVERVIEW, Sheet
from evalbatch.ranking_workbook.table_sheet import row_height, set_up_page
from evalbatch.scheme import Scheme, show
from evalbatch.scheme.formula import divide, round_half_up
from evalbatch.scheme.layout import column_letter
from evalbatch.tables import Tables

_WIDTHS: Final = (18, 9, 11, 104)
_TITLE_HEIGHT: Final = 30
_HEADING_HEIGHT: Final = 26
_UNCHANGED: Final = "原始数据与生成时一致"
_NAMED: Final = 3
"""Departments named in a sentence before 等."""
_MOST_THINGS: Final = 10
_ZERO: Final = Decimal(0)
_PROJECT: Final = ("单位编码", "填报单位", "项目名称", "全年预算数", "决算数", "执行率")
_FINDING: Final = ("单位编码", "填报单位", "级别", "类别", "规则", "情况说明")
_ROW: Final = "§"
"""Stands for the number of the formula's row."""
_EVERYONE: Final = "$B$4"
_RANKED: Final = "$B$5"
"""Where the numbers of departments stand: the first two lines of the first section."""

Cell = Value | Computed


@dataclass(frozen=True, slots=True)
class Batch:
    """What the page speaks of: of the large tables only the rows and columns that it counts or names."""

    scheme: Scheme
    grid: Grid | None
    ranking: pd.DataFrame
    budgets: pd.DataFrame
    sangong: pd.DataFrame
    """三公经费 as a whole: the item 合计 of each department."""
    missed: pd.DataFrame
    """The projects whose 执行率 is 未达标."""
    findings: pd.DataFrame

    @classmethod
    def of(cls, tables: Tables, scheme: Scheme, grid: Grid | None) -> Batch:
        """What the page speaks of, from the tables."""
        return cls(
            scheme=scheme,
            grid=grid,
            ranking=tables.ranking.frame(),
            budgets=tables.budgets.frame(),
            sangong=tables.sangong.frame(where={"项目": TOTAL}),
            missed=tables.projects.frame(*_PROJECT, where={"是否达标": MISSED}),
            findings=tables.findings.frame(*_FINDING),
        )

    def count(self, number: int, *conditions: tuple[str, str, str]) -> Cell:
        """A number of rows, with the formula that counts them: each condition a sheet, a header and what must hold."""
        if self.grid is None:
            return number
        tests = "*".join(f"({self.grid.whole(sheet, header)}{holds})" for sheet, header, holds in conditions)
        return Computed(f"SUMPRODUCT({tests if len(conditions) > 1 else f'--{tests}'})", number)

    def share(self, part: int, whole: int, total: str) -> Cell:
        """The share of the number beside it in the total, which stands in a cell of this page."""
        value: Value = divide(Decimal(part), Decimal(whole)) if whole else NONE
        if self.grid is None:
            return value
        return Computed(f'IF({total}=0,"{NONE}",ROUND($B{_ROW}/{total},12))', value)

    @property
    def ranked(self) -> pd.DataFrame:
        """The rows of 排名 with a rank."""
        return self.ranking[self.ranking["排名"].notna()]

    @property
    def below(self) -> pd.DataFrame:
        """The rows of 排名 without one."""
        return self.ranking[self.ranking["排名"].isna()]

    @property
    def overspent(self) -> pd.DataFrame:
        """The departments whose “三公”经费 as a whole is overspent."""
        return self.sangong[self.sangong["结论"] == OVERSPENT]

    @property
    def slow(self) -> pd.DataFrame:
        """The departments whose 执行率 is 未达标."""
        return self.budgets[self.budgets["是否达标"] == MISSED]

    @property
    def pending(self) -> pd.DataFrame:
        """The ranked departments with a row that is 待核."""
        return self.ranked[self.ranked["状态"] != VALID]

    def found(self, level: str, kind: str | None = None) -> pd.DataFrame:
        """The findings of a level, of one kind or of both."""
        chosen = self.findings["级别"] == level
        return self.findings[chosen if kind is None else chosen & (self.findings["类别"] == kind)]


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page: heading, columns (header and look) and lines."""

    heading: str
    columns: tuple[tuple[str, Look], ...]
    lines: Sequence[tuple[Cell, ...]]


Thing = tuple[str, int, str]
"""What it is about, how many there are, and the sentence."""


def write_overview(
    book: Workbook, formats: Formats, tables: Tables, pages: Sequence[Sheet], scheme: Scheme, grid: Grid | None
) -> None:
    """Write 总览 as the first sheet of the book."""
    batch = Batch.of(tables, scheme, grid)
    sheet = book.add_worksheet(OVERVIEW)
    for column, width in enumerate(_WIDTHS):
        sheet.set_column(column, column, width)
    sheet.set_row(0, _TITLE_HEIGHT)
    sheet.write_string(0, 0, f"{scheme.year}年度{scheme.spec.title}总览", formats.title)
    row = 1
    for section in _sections(batch, pages):
        sheet.set_row(row, _HEADING_HEIGHT)
        sheet.write_string(row, 0, section.heading, formats.heading)
        row += 1
        for column, (header, _) in enumerate(section.columns):
            sheet.write_string(row, column, header, formats.header)
        row += 1
        for values in section.lines:
            shown = [value.value if isinstance(value, Computed) else value for value in values]
            sheet.set_row(row, row_height(zip(shown, _WIDTHS, strict=True)))
            for column, (value, (_, look)) in enumerate(zip(values, section.columns, strict=True)):
                if isinstance(value, Computed):
                    formula = value.formula.replace(_ROW, str(row + 1))
                    write_computed(sheet, row, column, formula, value.value, formats.of(look))
                else:
                    write_value(sheet, row, column, value, formats.of(look))
            row += 1
    set_up_page(sheet, a3=False)
    sheet.fit_to_pages(1, 1)


def _sections(batch: Batch, pages: Sequence[Sheet]) -> tuple[Section, ...]:
    rate = replace(looks.RATE, align="center")
    return (
        Section(
            "一、基本情况",
            (("项目", looks.TEXT), ("数量", looks.ORDINAL), ("占比", rate), ("说明（名单为本次运行时）", looks.LONG)),
            _counts(batch),
        ),
        Section(
            "二、等级分布",
            (("等级", looks.MARK), ("部门数", looks.ORDINAL), ("占比", rate), ("总分区间", looks.LONG)),
            _grades(batch),
        ),
        Section(
            "三、最先要看的事（本次运行时）",
            (("事项", looks.TEXT), ("序号", looks.ORDINAL), ("数量", looks.ORDINAL), ("内容", looks.LONG)),
            _numbered(batch),
        ),
        Section(
            "四、各表内容",
            (("工作表", looks.TEXT), ("行数", looks.ORDINAL), ("栏数", looks.ORDINAL), ("一行是什么", looks.LONG)),
            _contents(batch, pages),
        ),
    )


def _named(names: Iterable[str | None]) -> str:
    known = [name or "（未填名称）" for name in names]
    return "、".join(known[:_NAMED]) + (f"等{len(known)}个部门" if len(known) > _NAMED else "")


def _counts(batch: Batch) -> list[tuple[Cell, ...]]:
    ranking, ranked, below = batch.ranking, batch.ranked, batch.below
    everyone, count = len(ranking), len(ranked)
    placed = (RANKING, "排名", '<>""')
    lines: list[tuple[Cell, ...]] = [
        ("部门", batch.count(everyone, (RANKING, "状态", '<>""')), None, "参加评价的部门，含未报送和退回的"),
        (
            "参加排名",
            batch.count(count, placed),
            batch.share(count, everyone, _EVERYONE),
            _spread(ranked, batch.scheme.spec.total.decimals),
        ),
    ]
    for status, number in below["状态"].value_counts(sort=False).items():
        names = _named(below.loc[below["状态"] == status, "填报单位"])
        counted = batch.count(int(number), (RANKING, "状态", f'="{status}"'))
        lines.append((str(status), counted, batch.share(int(number), everyone, _EVERYONE), names))
    overspent = (("三公经费", "项目", f'="{TOTAL}"'), ("三公经费", "结论", f'="{OVERSPENT}"'))
    for name, part, conditions in (
        ("有待核事项", batch.pending, (placed, (RANKING, "状态", f'<>"{VALID}"'))),
        ("“三公”经费超支", batch.overspent, overspent),
        ("执行率未达标", batch.slow, (("预算执行", "是否达标", f'="{MISSED}"'),)),
    ):
        share = batch.share(len(part), count, _RANKED)
        lines.append((name, batch.count(len(part), *conditions), share, _named(part["填报单位"]) or None))
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
    about = f'IF($B{_ROW}=0,"{_UNCHANGED}","生成后改动 "&$B{_ROW}&" 处，见原始数据各表的“{CHANGED}”栏")'
    return "生成后改动", Computed(count, 0), None, Computed(about, _UNCHANGED)


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
        lines.append((band.name, counted, batch.share(number, len(batch.ranked), _RANKED), bounds))
    return lines


def _contents(batch: Batch, pages: Sequence[Sheet]) -> list[tuple[Cell, ...]]:
    def counted(page: Sheet) -> tuple[Cell, Cell]:
        rows, columns = len(page.table), len(page.columns)
        if batch.grid is None or not rows:
            return rows, columns
        headers = f"{page.name}!$A${page.header_row + 1}:${column_letter(columns)}${page.header_row + 1}"
        every = batch.grid.whole(page.name, page.columns[0].header)
        return Computed(f"ROWS({every})", rows), Computed(f"COLUMNS({headers})", columns)

    return [(page.name, *counted(page), page.about) for page in pages]


# ---------------------------------------------------------------- 最先要看的事, the gravest first


def _numbered(batch: Batch) -> list[tuple[Cell, ...]]:
    things = [thing for look in _THINGS if (thing := look(batch)) is not None][:_MOST_THINGS]
    if not things:
        return [("无", None, None, "没有需要先看的事项。")]
    return [(about, number, count, sentence) for number, (about, count, sentence) in enumerate(things, 1)]


def _largest(frame: pd.DataFrame, by: Iterable[Decimal]) -> pd.Series:
    """The row with the largest figure, the first of equals."""
    figures = list(by)
    return frame.iloc[figures.index(max(figures))]


def _unsent(batch: Batch) -> Thing | None:
    gone = batch.below[batch.below["状态"] == "未报送"]
    if gone.empty:
        return None
    return "未报送", len(gone), f"{_named(gone['填报单位'])}未报送，请催报；名单见“收件登记”。"


def _returned(batch: Batch) -> Thing | None:
    gone = batch.below[batch.below["状态"] == "退回重报"]
    if gone.empty:
        return None
    first = gone.iloc[0]
    why = f"{first['填报单位'] or first['来源文件']}：{first['说明'] or '见收件登记'}"
    return "退回重报", len(gone), f"{_named(gone['填报单位'])}的工作簿须退回重报。其中{why}"


def _mistakes(batch: Batch) -> Thing | None:
    found = batch.found("错误", "填报")
    if found.empty:
        return None
    counts = found["填报单位"].value_counts()
    rules = found["规则"].value_counts()
    name = batch.scheme.rules[rules.index[0]].name if rules.index[0] in batch.scheme.rules else ""
    return (
        "填报错误",
        len(found),
        f"{len(counts)} 个部门有填报错误共 {len(found)} 处，最多的是{counts.index[0]}（{counts.iloc[0]} 处）；"
        f"最常见的是 {rules.index[0]} {name}（{rules.iloc[0]} 处）。见“问题清单”。",
    )


def _unsettled(batch: Batch) -> Thing | None:
    pending = batch.pending
    if pending.empty:
        return None
    widest = _largest(pending, pending["总分上限"] - pending["总分下限"])
    return (
        "待核",
        len(pending),
        f"{len(pending)} 个部门有待核事项，名次可能变动。相差最大的是{widest['填报单位']}：总分在 "
        f"{show(widest['总分下限'])} 至 {show(widest['总分上限'])} 分之间（{widest['说明']}）。",
    )


def _sangong(batch: Batch) -> Thing | None:
    over = batch.overspent
    if over.empty:
        return None
    worst = _largest(over, over["超支金额"])
    rate = f"，控制率 {show(worst['控制率'], '%')}" if isinstance(worst["控制率"], Decimal) else ""
    return (
        "“三公”超支",
        len(over),
        f"{len(over)} 个部门“三公”经费超支，共 {show(sum(over['超支金额'], _ZERO))} 万元；最多的是{worst['填报单位']}："
        f"决算 {show(worst['决算数'])} 万元，预算 {show(worst['全年预算数'])} 万元，"
        f"超 {show(worst['超支金额'])} 万元{rate}。",
    )


def _over_budget(batch: Batch) -> Thing | None:
    budgets = batch.budgets.dropna(subset=["全年预算数", "决算数"])
    excess = budgets["决算数"] - budgets["全年预算数"]
    over = budgets[excess > batch.scheme.spec.tolerance.fixed]
    if over.empty:
        return None
    worst = _largest(over, over["决算数"] - over["全年预算数"])
    return (
        "支出超预算",
        len(over),
        f"{len(over)} 个部门支出超过全年预算；最多的是{worst['填报单位']}：决算 {show(worst['决算数'])} 万元，"
        f"超过全年预算 {show(worst['决算数'] - worst['全年预算数'])} 万元。",
    )


def _slow(batch: Batch) -> Thing | None:
    slow = batch.slow
    if slow.empty:
        return None
    worst = _largest(slow, -slow["部门预算执行率"])
    return (
        "执行率未达标",
        len(slow),
        f"{len(slow)} 个部门不符合“{execution_threshold(batch.scheme)}”；最低的是{worst['填报单位']}："
        f"{show(worst['部门预算执行率'], '%')}，未支出 {show(worst['全年预算数'] - worst['决算数'])} 万元。",
    )


def _projects(batch: Batch) -> Thing | None:
    missed = batch.missed
    if missed.empty:
        return None
    worst = _largest(missed, missed["全年预算数"] - missed["决算数"])
    return (
        "项目未达标",
        len(missed),
        f"{missed['单位编码'].nunique()} 个部门的 {len(missed)} 个项目执行率未达标；"
        f"未支出最多的是{worst['填报单位']}的“{worst['项目名称'] or '（未填名称）'}”："
        f"预算 {show(worst['全年预算数'])} 万元，决算 {show(worst['决算数'])} 万元（{show(worst['执行率'], '%')}）。",
    )


def _claims(batch: Batch) -> Thing | None:
    differing = batch.ranked[batch.ranked["差异"] != 0]
    if differing.empty:
        return None
    worst = _largest(differing, differing["差异"].abs())
    return (
        "自评不一致",
        len(differing),
        f"{len(differing)} 个部门的总分与自评总分不一致；相差最大的是{worst['填报单位']}："
        f"自评 {show(worst['自评总分'])} 分，总分 {show(worst['总分'])} 分，相差 {show(worst['差异'])} 分。",
    )


def _lowest_grade(batch: Batch) -> Thing | None:
    grade = batch.scheme.grades[-1].name
    low = batch.ranked[batch.ranked["等级"] == grade]
    if low.empty:
        return None
    worst = low.iloc[-1]
    sentence = f"{_named(low['填报单位'])}的等级为“{grade}”；最低的是{worst['填报单位']}（{show(worst['总分'])} 分）。"
    return f"等级为{grade}", len(low), sentence


def _growing(batch: Batch) -> Thing | None:
    numbers = batch.sangong[batch.sangong["变动率"].map(lambda rate: isinstance(rate, Decimal)).astype(bool)]
    more = numbers[numbers["变动率"] > _ZERO]
    if more.empty:
        return None
    worst = _largest(more, more["变动率"])
    return (
        "“三公”预算增加",
        len(more),
        f"{len(more)} 个部门的“三公”经费预算比上年增加；增幅最大的是{worst['填报单位']}："
        f"{show(worst['上年预算数'])} 万元增至 {show(worst['全年预算数'])} 万元（{show(worst['变动率'], '%')}）。",
    )


def _unexplained(batch: Batch) -> Thing | None:
    warnings = batch.found("预警")
    silent = warnings[warnings["情况说明"].isna()]
    if silent.empty:
        return None
    return (
        "预警未说明",
        len(silent),
        f"{len(warnings)} 条预警中有 {len(silent)} 条部门没有说明情况，涉及 {silent['单位编码'].nunique()} 个部门。",
    )


_THINGS: Final[tuple[Callable[[Batch], Thing | None], ...]] = (
    _unsent,
    _returned,
    _mistakes,
    _unsettled,
    _sangong,
    _over_budget,
    _slow,
    _projects,
    _lowest_grade,
    _claims,
    _growing,
    _unexplained,
)
