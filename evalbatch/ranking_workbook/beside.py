"""Tables too long to be read on a sheet -> whole in files beside the workbook; their sheets keep the first rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final

from evalbatch.model import Outcome
from evalbatch.ranking_workbook.sheets import FACTS, Sheet, is_live, sheets
from evalbatch.scheme import Scheme
from evalbatch.table_columns import TABLES, kind_of
from evalbatch.table_files import TableError, require_parquet, write_csv, write_parquet
from evalbatch.tables import Table, Tables, tabulate

MOST_CELLS: Final = 2_000_000
"""Cells of a sheet where values stand: a workbook of a dozen larger sheets opens on no ordinary machine."""
FOLDER: Final = ".数据"
"""What the folder beside the workbook has in place of the workbook's suffix."""
_ALWAYS_WHOLE: Final = frozenset({"排名", "收件登记"})
"""Every department and every file stands in the workbook."""
_PARQUET: Final = ".parquet"
_CSV: Final = ".csv"


def folder_beside(workbook: Path) -> Path:
    """Where the files beside a workbook lie."""
    return workbook.with_suffix(FOLDER)


def possible_names() -> frozenset[str]:
    """Every name that a file beside a workbook may have."""
    return frozenset(f"{name}{form}" for name in TABLES for form in (_PARQUET, _CSV))


def files_beside(outcome: Outcome, scheme: Scheme, csv: bool = False) -> dict[str, Callable[[BinaryIO], None]]:
    """What writes each file that belongs beside the workbook of an outcome, by name; none where all rows have room.

    Parquet, whose writers raise TableError for a figure that it cannot hold; CSV where that is asked for, or where
    the library for Parquet is not installed.
    """
    csv = csv or not _has_parquet()
    tables = tabulate(outcome, scheme)
    files: dict[str, Callable[[BinaryIO], None]] = {}
    for name in _long(sheets(tables, outcome, scheme), tables):
        table: Table = getattr(tables, TABLES[name])
        if csv:
            files[f"{name}{_CSV}"] = partial(write_csv, headers=table.headers, rows=table)
        else:
            kinds = {header: kind_of(scheme, name, header) for header in table.headers}
            files[f"{name}{_PARQUET}"] = partial(write_parquet, kinds=kinds, rows=table)
    return files


def fitted(pages: Sequence[Sheet], tables: Tables) -> tuple[Sheet, ...]:
    """The sheets as they are written: a long one with its first rows, saying where all of them are."""
    long = _long(pages, tables)
    told = ("数据文件", f"{'、'.join(long)}的全部行在与本工作簿同名的“{FOLDER}”文件夹中，一张表一个文件。")

    def fit(page: Sheet) -> Sheet:
        if page.name in long:
            return _shortened(page)
        if page.name == FACTS:
            return replace(page, table=_with(page.table, told))
        return page

    return tuple(map(fit, pages)) if long else tuple(pages)


def _has_parquet() -> bool:
    try:
        require_parquet()
    except TableError:
        return False
    return True


def _long(pages: Sequence[Sheet], tables: Tables) -> list[str]:
    if is_live(tables):
        return []
    return [page.name for page in pages if page.name not in _ALWAYS_WHOLE and len(page.table) > _room(page)]


def _room(page: Sheet) -> int:
    return MOST_CELLS // len(page.columns)


def _shortened(page: Sheet) -> Sheet:
    room, table = _room(page), page.table
    where = f"全部 {len(table):,} 行见与本工作簿同名的“{FOLDER}”文件夹"
    return replace(
        page,
        title=f"{page.title}——前 {room:,} 行，{where}",
        about=f"{page.about}（{where}）",
        table=Table(table.headers, room, lambda: islice(table, room)),
    )


def _with(table: Table, row: tuple[str, str]) -> Table:
    rows = [*table, row]
    return Table(table.headers, len(rows), lambda: rows)


__all__ = ["files_beside", "fitted", "folder_beside", "possible_names"]
