"""Outcome -> 公示版, the workbook to publish: places and grades as values; no finding, no file, no 涉密 department."""

from __future__ import annotations

from collections.abc import Collection
from typing import BinaryIO, Final

from evalbatch.model import Outcome
from evalbatch.ranking_workbook import looks
from evalbatch.ranking_workbook.book import open_book
from evalbatch.ranking_workbook.looks import Formats
from evalbatch.ranking_workbook.sheets import Column, Sheet, ranking_title
from evalbatch.ranking_workbook.table_sheet import write_sheet
from evalbatch.reading.cells import spelling
from evalbatch.scheme import Scheme
from evalbatch.tables import Table, ranking_table

_COLUMNS: Final = (
    Column("排名", looks.RANK, 9),
    Column("填报单位", looks.NAME, 44),
    Column("部门类别", looks.MARK, 18),
    Column("总分", looks.TOTAL, 12),
    Column("等级", looks.MARK, 9),
)


def write_public_workbook(target: BinaryIO, outcome: Outcome, scheme: Scheme, secret: Collection[str] = ()) -> None:
    """Write what is published: the ranked departments, each with the place that it has among all.

    ``secret`` has the codes and names of 涉密 departments, whose rows are left out. The same outcome, scheme and
    ``secret`` give the same bytes.
    """
    title = ranking_title(outcome, scheme, "结果公示")
    page = Sheet("公示", title, "", _shown(outcome, scheme, secret), _COLUMNS, 0, a3=False, upright=True, home="")
    book = open_book(target, scheme, title)
    write_sheet(book, Formats(book), page, None)
    book.close()


def _shown(outcome: Outcome, scheme: Scheme, secret: Collection[str]) -> Table:
    ranking = ranking_table(outcome, scheme)
    places = [ranking.headers.index(column.header) for column in _COLUMNS]
    names = {spelling(name) for name in secret}
    rows = [
        tuple([row[place] for place in places])
        for row, ranked in zip(ranking, outcome.ranked, strict=False)
        if not names.intersection(map(spelling, (ranked.result.code, ranked.result.name, ranked.result.titled)))
    ]
    return Table(tuple(column.header for column in _COLUMNS), len(rows), lambda: rows)


__all__ = ["write_public_workbook"]
