"""The batch as 总览 speaks of it: the tables it counts in, numbers with the formulas that count them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import pandas as pd

from evalbatch.department_rows import MISSED, NONE, OVERSPENT, TOTAL, VALID, Value
from evalbatch.ranking_workbook.cells import Cell, Computed
from evalbatch.ranking_workbook.grid import Grid
from evalbatch.ranking_workbook.looks import Look
from evalbatch.scheme import Scheme
from evalbatch.scheme.formula import divide
from evalbatch.tables import Tables

ROW: Final = "§"
"""Stands for the number of the formula's row on 总览."""
FIRST: Final = "¶"
"""Stands for the first row of the formula's section."""
EVERYONE_ROW: Final = "¤"
RANKED_ROW: Final = "£"
EVERYONE: Final = f"$B${EVERYONE_ROW}"
RANKED: Final = f"$B${RANKED_ROW}"
"""Where the numbers of departments stand: the first two lines of 基本情况."""
_USUAL: Final = ("退回重报", "未报送")
_NAMED: Final = 3
"""Departments named in a sentence before 等."""
_PROJECT: Final = ("单位编码", "填报单位", "项目名称", "全年预算数", "决算数", "执行率")
_ITEM: Final = ("项目", "全年预算数", "决算数")
_SANGONG: Final = (
    "填报单位", "上年预算数", "全年预算数", "决算数", "超支金额", "控制率", "变动率", "结论",
)  # fmt: skip
_FINDING: Final = ("单位编码", "填报单位", "级别", "类别", "规则", "情况说明")


def named(names: Iterable[str | None]) -> str:
    """The first departments by name, and how many there are."""
    known = [name or "（未填名称）" for name in names]
    return "、".join(known[:_NAMED]) + (f"等{len(known)}个部门" if len(known) > _NAMED else "")


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page: heading, columns (header and look) and lines."""

    heading: str
    columns: tuple[tuple[str, Look], ...]
    lines: Sequence[tuple[Cell, ...]]
    linked: bool = False
    """Whether the first column names sheets."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What the page speaks of: of the large tables only the rows and columns that it counts or names."""

    scheme: Scheme
    grid: Grid | None
    ranking: pd.DataFrame
    budgets: pd.DataFrame
    items: pd.DataFrame
    """The items of 三公经费 of each department."""
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
            items=tables.sangong.frame(*_ITEM),
            sangong=tables.sangong.frame(*_SANGONG, where={"项目": TOTAL}),
            missed=tables.projects.frame(*_PROJECT, where={"是否达标": MISSED}),
            findings=tables.findings.frame(*_FINDING),
        )

    def computed(self, formula: Callable[[Grid], str], value: Value) -> Cell:
        """A value with its formula, where the workbook is live."""
        return value if self.grid is None else Computed(formula(self.grid), value)

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
        return Computed(f'IF({total}=0,"{NONE}",ROUND($B{ROW}/{total},12))', value)

    @property
    def ranked(self) -> pd.DataFrame:
        """The rows of 排名 with a rank."""
        return self.ranking[self.ranking["排名"].notna()]

    @property
    def below(self) -> pd.DataFrame:
        """The rows of 排名 without one."""
        return self.ranking[self.ranking["排名"].isna()]

    @property
    def statuses(self) -> tuple[str, ...]:
        """What departments without a rank are: the usual ones, then others in the order of their appearance."""
        return tuple(dict.fromkeys((*_USUAL, *map(str, self.below["状态"]))))

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
