"""Where everything stands in the ranking workbook: formulas are compiled once with places left open, filled per row.

An open place is a character of the private use area; ``places`` says what it stands for in the rows of a department.
A header in brackets (``[决算数]``) is that column's cell in the formula's own row: relative, so that a sorted sheet
stays right. Everything else is absolute.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from evalbatch.department_rows import list_header
from evalbatch.scheme import SELF_SCORE, Indicator, Scheme
from evalbatch.scheme.formula import Node, cells, to_excel
from evalbatch.scheme.layout import column_letter

RANKING: Final = "排名"
SCORES: Final = "指标得分"
FINDINGS: Final = "问题清单"
LINES: Final = "得分明细"
FIGURES: Final = "数据底稿"
LIST_SHEETS: Final[Mapping[str, str]] = {"X": "项目执行", "W": "重点工作", "V": "履职效益", "Y": "加减分"}
_OWN: Final = "\ue000"
_FIGURE_ROW: Final = "\ue001"
_BLOCKS: Final = 0xE010
_LINE_ROWS: Final = 0xE100
_HERE: Final = re.compile(r"\[([^\[\]]+)\]")
_OPEN: Final = re.compile("[\ue000-\uf8ff]")
_NO_ROWS: Final = 1
"""The row of the title, blank right of its first cell: what a list formula reads where a department has no rows."""


@dataclass(frozen=True, slots=True)
class Area:
    """The rows of a sheet: its headers from column A on, its first row (1-based) and how many there are."""

    headers: tuple[str, ...]
    first: int
    count: int

    def letter(self, header: str) -> str:
        """The letters of a column."""
        return column_letter(self.headers.index(header) + 1)


class Grid:
    """The areas of all sheets; ``blocks`` has the number of rows of each department in each list."""

    def __init__(self, scheme: Scheme, areas: Mapping[str, Area], blocks: Mapping[str, Sequence[int]]) -> None:
        self.scheme = scheme
        self.areas = areas
        self._starts = {prefix: self._first_rows(prefix, sizes) for prefix, sizes in blocks.items()}

    def _first_rows(self, prefix: str, sizes: Sequence[int]) -> list[int]:
        rows = [self.areas[LIST_SHEETS[prefix]].first]
        for size in sizes:
            rows.append(rows[-1] + size)
        return rows

    @cached_property
    def _lists(self) -> tuple[str, ...]:
        return tuple(LIST_SHEETS)

    def excel(self, node: Node, prefix: str = "") -> str:
        """A formula of the scheme; ``prefix`` names the list in whose rows it stands."""
        return to_excel(node, _Addresses(self, prefix))

    def figure(self, key: str, column: str) -> str:
        """A raw figure of the department."""
        return f"{FIGURES}!${self.areas[FIGURES].letter(f'{key}.{column}')}${_FIGURE_ROW}"

    def line(self, header: str, first: int, last: int | None = None) -> str:
        """A cell of the department's lines in 得分明细, by the index of the indicator, or a run of them."""
        letter = self.areas[LINES].letter(header)
        cell = f"{LINES}!${letter}${chr(_LINE_ROWS + first)}"
        return cell if last is None or last == first else f"{cell}:${letter}${chr(_LINE_ROWS + last)}"

    def cell(self, sheet: str, header: str) -> str:
        """A cell of the department's row on a sheet that has its departments in the order of 数据底稿."""
        return f"{sheet}!${self.areas[sheet].letter(header)}${_FIGURE_ROW}"

    def weight(self, code: str) -> str:
        """分值 of an indicator, in the row above the headers of 指标得分."""
        area = self.areas[SCORES]
        return f"{SCORES}!{area.letter(code)}${area.first - 2}"

    def way_to_line(self, index: int) -> str:
        """Where a click leads to a line of the department in 得分明细, by the index of the indicator."""
        return f'"#{LINES}!A{chr(_LINE_ROWS + index)}"'

    def raw_cells(self, indicator: Indicator) -> tuple[str, str]:
        """The sheet and the raw cells of an indicator: the rows of the list that it reads, else its figures."""
        read = list(cells(indicator.points.node)) if indicator.points is not None else []
        listed = next((cell.key for cell in read if cell.key in LIST_SHEETS), None)
        if listed is not None:
            sheet, mark = LIST_SHEETS[listed], _BLOCKS + 2 * self._lists.index(listed)
            return sheet, f"A{chr(mark)}:{column_letter(len(self.areas[sheet].headers))}{chr(mark + 1)}"
        own = [f"{cell.key}.{cell.column}" for cell in read] or [f"{indicator.code}.{SELF_SCORE}"]
        headers = self.areas[FIGURES].headers
        places = [headers.index(header) + 1 for header in own]
        first, last = column_letter(min(places)), column_letter(max(places))
        return FIGURES, f"{first}{_FIGURE_ROW}:{last}{_FIGURE_ROW}" if last != first else f"{first}{_FIGURE_ROW}"

    def block(self, prefix: str, column: str) -> str:
        """A column of a list over the department's rows."""
        sheet, mark = LIST_SHEETS[prefix], _BLOCKS + 2 * self._lists.index(prefix)
        letter = self.areas[sheet].letter(list_header(prefix, column))
        return f"{sheet}!${letter}${chr(mark)}:${letter}${chr(mark + 1)}"

    def whole(self, sheet: str, header: str) -> str:
        """A column of a sheet over all its rows."""
        area = self.areas[sheet]
        letter = area.letter(header)
        return f"{sheet}!${letter}${area.first}:${letter}${area.first + max(area.count, 1) - 1}"

    def on_sheet(self, sheet: str, formula: str) -> str:
        """The formula with the headers in brackets replaced by cells of its own row."""
        area = self.areas[sheet]
        return _HERE.sub(lambda match: f"{area.letter(match[1])}{_OWN}", formula)

    def places(self, department: int) -> dict[str, str]:
        """What the open places stand for in the rows of a department, by its index in 排名; nothing without a rank."""
        if not 0 <= department < len(next(iter(self._starts.values()))) - 1:
            return {}
        count = len(self.scheme.indicators)
        first_line = self.areas[LINES].first + department * count
        found = {_FIGURE_ROW: str(self.areas[FIGURES].first + department)}
        found |= {chr(_LINE_ROWS + index): str(first_line + index) for index in range(count)}
        for index, prefix in enumerate(self._lists):
            start, stop = self._starts[prefix][department], self._starts[prefix][department + 1]
            first, last = (start, stop - 1) if stop > start else (_NO_ROWS, _NO_ROWS)
            found |= {chr(_BLOCKS + 2 * index): str(first), chr(_BLOCKS + 2 * index + 1): str(last)}
        return found


class Fillable:
    """A formula with places left open, taken apart once to be filled in row by row."""

    def __init__(self, formula: str) -> None:
        self.text = formula
        self.is_of_own_row = _OWN in formula and "!" not in formula
        """Whether it speaks of nothing but cells of its own row."""
        self._text = _OPEN.sub("%s", formula.replace("%", "%%"))
        self._open = _OPEN.findall(formula)

    def fill(self, places: dict[str, str], row: str) -> str:
        """The formula as it stands in a row (as Excel counts it, in digits)."""
        places[_OWN] = row
        return self._text % tuple(map(places.__getitem__, self._open))


@dataclass(frozen=True, slots=True)
class _Addresses:
    grid: Grid
    prefix: str

    def cell(self, key: str, column: str) -> str:
        return self.grid.figure(key, column) if key else f"[{list_header(self.prefix, column)}]"

    def column(self, prefix: str, column: str) -> str:
        return self.grid.block(prefix or self.prefix, column)


__all__ = ["FIGURES", "FINDINGS", "LINES", "LIST_SHEETS", "RANKING", "SCORES", "Area", "Fillable", "Grid"]
