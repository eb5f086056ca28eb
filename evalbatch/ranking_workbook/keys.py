"""部门号: the workbook's own name for each row of 排名, by which findings are counted and lead back; no text of anybody's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from evalbatch.department_rows import Row, Value
from evalbatch.tables import Table

KEY: Final = "部门号"
_FORM: Final = "D{:06d}"
KEY_LENGTH: Final = len(_FORM.format(0))
_TOLD_BY: Final = ("来源文件", "单位编码", "填报单位")
_OTHER: Final = "-"
"""Behind the key of a finding about another file of the department than the one that counts."""


def numbered(ranking: Table) -> Table:
    """排名 with the key of each row."""
    return Table(
        (*ranking.headers, KEY),
        len(ranking),
        lambda: ((*row, _FORM.format(number)) for number, row in enumerate(ranking, 1)),
    )


def owned(findings: Table, ranking: Table) -> Table:
    """问题清单 with the key of the row of 排名 that each finding belongs to, by its file, else by its department."""
    by_file: dict[Value, str] = {}
    by_code: dict[Value, str] = {}
    by_name: dict[Value, str] = {}
    places = [ranking.headers.index(header) for header in _TOLD_BY]
    for number, row in enumerate(ranking, 1):
        for place, known in zip(places, (by_file, by_code, by_name), strict=True):
            if row[place]:
                known.setdefault(row[place], _FORM.format(number))
    own = [findings.headers.index(header) for header in _TOLD_BY]

    def key(row: Row) -> str | None:
        file, code, name = (row[place] for place in own)
        if file in by_file:
            return by_file[file]
        other = by_code.get(code) if code else by_name.get(name)
        return None if other is None else other + _OTHER

    def rows() -> Iterator[Row]:
        return ((*row, key(row)) for row in findings)

    return Table((*findings.headers, KEY), len(findings), rows)


__all__ = ["KEY", "KEY_LENGTH", "numbered", "owned"]
