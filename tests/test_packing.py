"""Packed rows: what goes in comes out, from memory and from disk, and nothing but rows is ever made from bytes."""

from __future__ import annotations

import pickle
import zlib
from datetime import date, datetime
from decimal import Decimal

import pytest

from evalbatch import packing
from evalbatch.department_rows import count, count_findings, department_tables, findings_of, rows_of, summarise
from evalbatch.model import Ref
from evalbatch.packing import Spool, pack, unpack
from tests.ranking_workbook.outcomes import SCHEME, department, finding

ROWS = [("001", None, Decimal("1.50"), 3, date(2024, 12, 31), datetime(2025, 1, 1, 9), "—"), ("字\ud800符",)]


def test_rows_and_findings_come_back_as_they_went_in() -> None:
    for rows in (ROWS, (finding(),), []):
        assert unpack(pack(rows)) == rows
    assert str(unpack(pack(ROWS))[0][2]) == "1.50"


@pytest.mark.parametrize("foreign", [print, Spool, Ref.__init__, {1: complex(1)}])
def test_bytes_that_would_make_anything_else_are_refused(foreign: object) -> None:
    with pytest.raises(pickle.UnpicklingError, match="no part of packed rows"):
        unpack(zlib.compress(pickle.dumps(foreign)))


@pytest.mark.parametrize("limit", [packing.IN_MEMORY, 10])
def test_pieces_wait_in_memory_and_on_disk(monkeypatch: pytest.MonkeyPatch, limit: int) -> None:
    monkeypatch.setattr(packing, "IN_MEMORY", limit)
    spool = Spool()
    kept = [spool.keep((bytes([number]) * number, b"", b"end")) for number in range(20)]
    for number, pieces in reversed(list(enumerate(kept))):
        assert [pieces[place] for place in range(len(pieces))] == [bytes([number]) * number, b"", b"end"]


def test_a_summary_has_the_rows_of_every_table() -> None:
    result = department(findings=[finding(), finding("YR04", None)])
    summary = summarise(result, SCHEME)
    for name, table in department_tables(SCHEME).items():
        assert list(rows_of(summary, name)) == table.rows(result)
        assert count(summary, name) == len(table.rows(result))
    assert tuple(findings_of(summary)) == result.findings
    assert count_findings(summary) == 2
    assert (summary.total, summary.rate) == (result.total, result.ratios["部门预算执行率"])
