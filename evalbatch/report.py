"""Outcome -> the report for other programs: JSON with a published schema, and every table's rows; knows no spreadsheet."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final, get_args

from evalbatch.department_rows import NO_BASE, NONE, Row, Value
from evalbatch.model import Kind as FindingKind
from evalbatch.model import Level, Outcome, Status
from evalbatch.scheme import Scheme
from evalbatch.table_columns import TABLES, Kind, kind_of
from evalbatch.tables import Table, files_table, findings_table, ranking_table, tabulate

Plain = int | float | str | None

_PARTS: Final = {"departments": "排名", "findings": "问题清单", "files": "收件登记"}
_WORDS: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    ("问题清单", "级别"): get_args(Level),
    ("问题清单", "类别"): get_args(FindingKind),
    ("收件登记", "结果"): get_args(Status),
}
"""Columns of few words, which the schema names."""
_DECIMAL: Final = {"type": "string", "pattern": "^-?[0-9]+(\\.[0-9]+)?$"}
"""A figure with more digits than a double keeps."""
_SCHEMAS: Final[Mapping[Kind, list[dict[str, Any]]]] = {
    "text": [{"type": "string"}],
    "whole": [{"type": "integer"}],
    "decimal": [{"type": "number"}, {"enum": [NONE, NO_BASE]}, _DECIMAL],
    "day": [{"type": "string", "format": "date"}],
    "moment": [{"type": "string", "format": "date-time"}],
    "mixed": [{"type": "number"}, {"type": "string"}],
}


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
    return _dump(report(outcome, scheme))


def report_schema(scheme: Scheme) -> dict[str, Any]:
    """The JSON schema of the report, from what each column holds; the same for every scheme.

    The packaged ``report.schema.json`` is this one.
    """
    nothing = Outcome((), (), (), (), ())
    tables = {
        "排名": ranking_table(nothing, scheme),
        "问题清单": findings_table(nothing),
        "收件登记": files_table(nothing),
    }
    text = {"type": "string"}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "evalbatch run --report",
        "description": "金额为万元，比率为小数，空白为 null，没有基数的比率为 —。",
        "type": "object",
        "properties": {
            "scheme": _object({"edition": text, "digest": {"type": "string", "pattern": "^[0-9a-f]{64}$"}}),
            **{
                part: {"type": "array", "items": _object(_columns(scheme, table, tables[table].headers))}
                for part, table in _PARTS.items()
            },
        },
        "required": ["scheme", *_PARTS],
        "additionalProperties": False,
    }


def dump_schema(scheme: Scheme) -> bytes:
    """The schema as the packaged file holds it."""
    return _dump(report_schema(scheme))


def report_tables(outcome: Outcome, scheme: Scheme) -> dict[str, tuple[dict[str, Kind], Iterable[Row]]]:
    """Every table by the name of its sheet: what its columns hold, and its rows."""
    tables = tabulate(outcome, scheme)
    found: dict[str, tuple[dict[str, Kind], Iterable[Row]]] = {}
    for name, field in TABLES.items():
        table: Table = getattr(tables, field)
        found[name] = ({header: kind_of(scheme, name, header) for header in table.headers}, table)
    return found


def _columns(scheme: Scheme, table: str, headers: Iterable[str]) -> dict[str, Any]:
    def shape(header: str) -> dict[str, Any]:
        words = _WORDS.get((table, header))
        if words is not None:
            return {"enum": list(words)}
        return {"anyOf": [*_SCHEMAS[kind_of(scheme, table, header)], {"type": "null"}]}

    return {header: shape(header) for header in headers}


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


def _dump(content: dict[str, Any]) -> bytes:
    text = json.dumps(content, ensure_ascii=False, indent=2)
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
        return nearest if Decimal(repr(nearest)) == value else f"{value:f}"
    return value.isoformat() if isinstance(value, date) else value


__all__ = ["dump_report", "dump_schema", "report", "report_schema", "report_tables"]
