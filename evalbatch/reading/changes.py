"""A sheet as it came against what the template printed there: texts rewritten, formulas typed over; judges nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Final

from evalbatch.reading.arrangement import REFERENCE
from evalbatch.reading.book import Content, Grid
from evalbatch.reading.cells import KEPT, as_text, plain
from evalbatch.scheme.layout import address

LOST: Final = "#REF!"
"""A reference to what was deleted, which is told as such."""


def rewritten(
    grid: Grid, rows: Mapping[str, int], columns: Mapping[str, int], printed: Mapping[str, Mapping[str, str]]
) -> Iterator[tuple[str, str, str]]:
    """The cells that say something else than the template, with both texts; rows and columns are 0-based.

    A blank cell is none of them: programs that merge equal neighbours leave the text in the first one only.
    """
    for key, row in rows.items():
        for name, expected in printed.get(key, {}).items():
            if name in columns:
                found = as_text(grid.at(row, columns[name]))
                if found and found != expected and plain(found) != plain(expected):
                    yield address(row + 1, columns[name] + 1), found, expected


def typed_over(grid: Grid, rows: Iterable[int], columns: Iterable[int]) -> Iterator[tuple[str, str]]:
    """The cells of computed columns that hold a content of their own instead of a formula over cells, with it."""
    places = list(columns)
    for row in rows:
        for column in places:
            content = grid.at(row, column)
            formula = grid.formulas.get((row, column))
            if formula is None and _says(content):
                yield address(row + 1, column + 1), as_text(content)
            elif formula is not None and not (_refers if len(formula) <= KEPT else _refers.__wrapped__)(formula):
                yield address(row + 1, column + 1), f"={formula}"


def _says(content: Content) -> bool:
    return content not in ("", None) and as_text(content) != ""


@lru_cache(maxsize=4096)
def _refers(formula: str) -> bool:
    return REFERENCE.search(formula) is not None or LOST in formula
