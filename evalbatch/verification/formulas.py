"""Whether two formulas mean the same cells: however a spreadsheet wrote them again, and wherever their rows went."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

_TOKEN: Final = re.compile(
    r"""(?P<text>"(?:[^"]|"")*")
    |(?P<space>\s+)
    |(?:(?P<sheet>'(?:[^']|'')+'|[^\W\d][\w.]*)!)?
     (?P<from>\$?[A-Z]{1,3}\$?\d{1,7})(?::(?P<to>\$?[A-Z]{1,3}\$?\d{1,7}))?(?![\w(.!])
    |(?P<other>'(?:[^']|'')+'!|[^\W\d][\w.]*!)
    |(?P<truth>TRUE|FALSE)\b(?:\(\))?
    |(?P<word>[^\W\d][\w.]*)
    |(?P<number>(?:\d+\.?\d*|\.\d+)(?:[Ee][+-]?\d+)?)""",
    re.VERBOSE,
)
_CELL: Final = re.compile(r"(\$?)([A-Z]{1,3})(\$?)(\d{1,7})")
_NEWER: Final = "_XLFN."
_LINK_MARK: Final = '"#'
_LINK: Final = re.compile(
    r'"\#(?P<sheet>[^"!]+)!(?P<from>\$?[A-Z]{1,3}\$?\d{1,7})(?::(?P<to>\$?[A-Z]{1,3}\$?\d{1,7}))?"'
)
"""A text that leads to cells when it is clicked."""


@dataclass(frozen=True)
class Rows:
    """Which row of a sheet stands where: pairs of (expected row, row found)."""

    pairs: Sequence[tuple[int, int]]
    complete: bool
    """Whether there is no row that is missing or that nobody expects."""

    @cached_property
    def _expected(self) -> Mapping[int, int]:
        return {found: expected for expected, found in self.pairs}

    @cached_property
    def _both(self) -> list[int]:
        """The expected rows that were found, in order."""
        return sorted(expected for expected, _ in self.pairs)

    @cached_property
    def _found(self) -> list[int]:
        return sorted(found for _, found in self.pairs)

    @cached_property
    def moved(self) -> bool:
        """Whether any row stands elsewhere, is missing or stands too much."""
        return not self.complete or any(expected != found for expected, found in self.pairs)

    @cached_property
    def out_of_order(self) -> int | None:
        """The first row found that stands in another order than expected."""
        pairs = zip(self._both, self._found, strict=True)
        return next((found for expected, found in pairs if self._expected[found] != expected), None)

    def one(self, row: int) -> str:
        """A row as it was expected; one that was not expected is none of those."""
        return str(self._expected.get(row, row if not self._found or row < self._found[0] else f"?{row}"))

    def run(self, first: int, last: int) -> tuple[str, str]:
        """A run of rows found, as expected: from the first to the last of those that were expected at all."""
        within = self._found[bisect_left(self._found, first) : bisect_right(self._found, last)]
        if not within:
            return self.one(first), self.one(last)
        rows = [self._expected[row] for row in (within[0], within[-1])]
        return str(rows[0]), str(rows[1])

    def shrunk(self, first: int, last: int) -> tuple[str, str]:
        """A run of expected rows without those at its ends that were not found."""
        within = self._both[bisect_left(self._both, first) : bisect_right(self._both, last)]
        return (str(within[0]), str(within[-1])) if within else (str(first), str(last))


class Meaning:
    """What formulas say, written in one way: ``names`` has the expected name of each sheet, ``rows`` where rows went."""

    def __init__(self, names: Mapping[str, str], rows: Mapping[str, Rows]) -> None:
        self._names = names
        self._rows = rows

    def same(self, sheet: str, expected: str, expected_row: int, found: str, found_row: int) -> bool:
        """Whether a formula at hand says what is expected; ``sheet`` by its expected name.

        A link to a cell may have moved along with its row or not: neither is anybody's change.
        """
        ways = (False, True) if _LINK_MARK in expected else (False,)
        return any(
            self._written(expected, sheet, expected_row, False, moved)
            == self._written(found, sheet, found_row, True, moved)
            for moved in ways
        )

    def _written(self, formula: str, sheet: str, row: int, found: bool, moved: bool) -> str:
        """A formula in one way, whoever wrote it; ``moved`` is whether links are taken by the rows that they lead to."""

        def write(match: re.Match[str]) -> str:
            if match["space"]:
                return ""
            if match["text"]:
                link = _LINK.fullmatch(match["text"]) if moved else None
                return match["text"] if link is None else f"#{self._place(link, sheet, row, found)}"
            if match["from"]:
                return self._place(match, sheet, row, found)
            if match["other"]:
                return f"{self._name(match['other'][:-1], found)}!"
            if match["truth"]:
                return match["truth"]
            if match["word"]:
                return match["word"].upper().removeprefix(_NEWER)
            return repr(float(match["number"])) if match["number"] else match[0]

        return _TOKEN.sub(write, formula)

    def _place(self, match: re.Match[str], sheet: str, row: int, found: bool) -> str:
        where = sheet if match["sheet"] is None else self._name(match["sheet"], found)
        link = match.re is _LINK
        return f"{where}!{self._cells(match['from'], match['to'], where, row, found, fixed=link)}"

    def _name(self, named: str, found: bool) -> str:
        plain = named[1:-1].replace("''", "'") if named.startswith("'") else named
        return self._names.get(plain, plain) if found else plain

    def _cells(self, first: str, last: str | None, sheet: str, own: int, found: bool, fixed: bool) -> str:
        rows = self._rows.get(sheet)
        start, stop = _CELL.fullmatch(first), _CELL.fullmatch(last or first)
        assert start is not None and stop is not None
        stays = [fixed or bool(cell[3]) for cell in (start, stop)]
        numbers = [start[4], stop[4]]
        if rows is not None and all(stays):
            whole = int(start[4]), int(stop[4])
            if last is not None:
                numbers = list(rows.run(*whole) if found else rows.shrunk(*whole))
            elif found:
                numbers = [rows.one(whole[0])] * 2
        ends = [
            # a row that moves along is told by its distance
            f"{cell[2]}${number}" if stay else f"{cell[2]}[{int(number) - own}]"
            for cell, stay, number in zip((start, stop), stays, numbers, strict=True)
        ]
        return ends[0] if last is None else ":".join(ends)


def rows_referred_to(formulas: Iterable[str], sheets: Mapping[str, tuple[int, int]]) -> set[str]:
    """The sheets of whose rows some are referred to by their number, and not all of them together.

    ``sheets`` has the first and the last row below the headers of each.
    """
    found: set[str] = set()
    for formula in formulas:
        for match in _TOKEN.finditer(formula):
            named = match["sheet"]
            if not match["from"] or named is None or named in found or named not in sheets:
                continue
            first, last = (int(cell.lstrip("$ABCDEFGHIJKLMNOPQRSTUVWXYZ").lstrip("$")) for cell in
                           (match["from"], match["to"] or match["from"]))  # fmt: skip
            top, bottom = sheets[named]
            if first <= bottom and last >= top and not (first <= top and last >= bottom):
                found.add(named)
    return found


__all__ = ["Meaning", "Rows", "rows_referred_to"]
