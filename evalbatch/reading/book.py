"""The neutral form of a workbook: sheets of values with their formulas and errors; knows no file format."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

Content = float | int | str | bool | object
"""A cell's content as the file format gives it; ``""`` is an empty cell."""


ERROR_VALUES: Final = ("#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A")
"""What a spreadsheet shows in the place of a value; ``#VALUE!`` also stands for what is doubtful in a file."""
LINKS: Final = "外部链接"
CONNECTIONS: Final = "数据连接"
"""By what a workbook takes values from elsewhere: from other files, and from data sources."""


class UnreadableWorkbook(Exception):
    """Bytes that are no workbook that can be read; ``reason`` is a sentence that says why and what to do."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class Grid:
    """One sheet. Rows and columns are 0-based here; ``formulas`` and ``errors`` are keyed by (row, column)."""

    name: str
    rows: Sequence[Sequence[Content]]
    hidden: bool = False
    formulas: Mapping[tuple[int, int], str] = field(default_factory=dict)
    errors: Mapping[tuple[int, int], str] = field(default_factory=dict)
    scaled: Mapping[tuple[int, int], str] = field(default_factory=dict)
    """Number formats by which a cell shows its figure as a thousandth or less, by place, where they can be seen."""

    def at(self, row: int, column: int) -> Content:
        """The content of a cell, ``""`` outside the used range."""
        if row < len(self.rows):
            cells = self.rows[row]
            if column < len(cells):
                return cells[column]
        return ""


@dataclass(frozen=True, slots=True)
class Book:
    """A workbook: its sheets in order; ``formulas_known`` is False for a format whose formulas cannot be seen."""

    grids: tuple[Grid, ...]
    formulas_known: bool = True
    reaches: tuple[str, ...] = ()
    """What it takes values from outside by; none of it is ever followed."""
    stamp: str = ""
    """Which print of the template it says that it was made of."""
