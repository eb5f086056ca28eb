"""Outcome -> the report for other programs: departments, findings and files as JSON; knows no spreadsheet."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any

from evalbatch.department_rows import Value
from evalbatch.model import Outcome
from evalbatch.scheme import Scheme
from evalbatch.tables import Table, files_table, findings_table, ranking_table

Plain = int | float | str | None


def report(outcome: Outcome, scheme: Scheme) -> dict[str, Any]:
    """The report: ``departments``, ``findings`` and ``files`` with the columns of 排名, 问题清单 and 收件登记 as keys.

    Points and amounts (万元) are numbers, rates are fractions, dates are ISO texts, a blank is ``None``.
    ``scheme`` names the edition that was in force, and its digest.
    """
    return {
        "scheme": {"edition": scheme.spec.edition, "digest": scheme.digest},
        "departments": _records(ranking_table(outcome, scheme)),
        "findings": _records(findings_table(outcome)),
        "files": _records(files_table(outcome)),
    }


def dump_report(outcome: Outcome, scheme: Scheme) -> bytes:
    """The report as UTF-8 JSON, the same bytes for the same outcome."""
    text = json.dumps(report(outcome, scheme), ensure_ascii=False, indent=2)
    # a lone surrogate, as a file name may hold, is no character of UTF-8
    return f"{text}\n".encode("utf-8", "replace")


def _records(table: Table) -> list[dict[str, Plain]]:
    return [{header: _plain(value) for header, value in zip(table.headers, row, strict=True)} for row in table]


def _plain(value: Value) -> Plain:
    """A value as JSON knows it; a decimal that no float can hold exactly goes as text rather than rounded."""
    if isinstance(value, Decimal):
        if value == value.to_integral_value():
            return int(value)
        nearest = float(value)
        return nearest if Decimal(repr(nearest)) == value else str(value)
    return value.isoformat() if isinstance(value, date) else value


__all__ = ["dump_report", "report"]
