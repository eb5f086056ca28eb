"""How each point came about, from which cells, as a short readable text: of a Result, or of lines of 得分明细."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Final

from evalbatch.catalogue import indicator_entry
from evalbatch.department_rows import department_tables
from evalbatch.model import Entry, Ref, Result
from evalbatch.scheme import Scheme, show

_RUN: Final = re.compile(r"([A-Z]{1,3})(\d+)(?::[A-Z]{1,3}(\d+))?")
_LAYERS: Final = ("分值", "自评得分", "测算得分", "复核得分")
_UNIT: Final = "万元"
_NOTHING: Final = Entry(Ref("", ""), None)

Place = tuple[str, str]


def explain_result(result: Result, scheme: Scheme, code: str = "") -> str:
    """The points of a department: each indicator with its sentence and its cells, as 得分明细 has them.

    ``code`` chooses one indicator of the scheme: its formulas too, and what stands in each cell.
    """
    submission = result.submission
    span = f"（{show(result.low)} 至 {show(result.high)} 分）" if result.low != result.high else ""
    told = [
        f"{submission.code} {submission.name}　{submission.source}",
        f"总分 {show(result.total)} 分{span}，{result.grade}；自评 {show(result.claimed_total)} 分。",
    ]
    table = department_tables(scheme)["lines"]
    cells = dict(_cells(result, scheme))
    for line, row in zip(result.lines, table.rows(result), strict=True):
        if code in ("", line.code):
            record = dict(zip(table.headers, row, strict=True))
            told += [
                "",
                explain_line({header: "" if value is None else str(value) for header, value in record.items()}),
            ]
        if code == line.code:
            unit = "" if submission.unit == _UNIT else f"（本工作簿以{submission.unit}填报）"
            told += [f"  金额单位　{_UNIT}{unit}"]
            told += [f"  公式　{part}" for part in indicator_entry(scheme, code).formula.splitlines()]
            told += [f"  {_cell(place, cells.get(place))}" for ref in line.evidence for place in _each(ref)]
    return "\n".join(told)


def explain_line(record: Mapping[str, str]) -> str:
    """A line of 得分明细, its texts by their headers: the points, the sentence, and the cells that it rests on."""
    layers = [f"{name} {_points(record[name])}" for name in _LAYERS if record.get(name)]
    reason = [f"  复核理由　{record['复核理由']}"] if record.get("复核理由") else []
    return "\n".join(
        (
            f"{record['编码']}　{record['指标']}：{_points(record['最终得分'])} 分（{'，'.join((*layers, record['得分来源']))}）",
            *reason,
            f"  说明　{record['计分说明']}",
            f"  依据　{record['依据单元格'] or '—'}",
        )
    )


def _points(text: str) -> str:
    return show(Decimal(text)) if text else "—"


def _cells(result: Result, scheme: Scheme) -> Iterator[tuple[Place, tuple[str, Entry]]]:
    """Every cell that was read, with what it is: the name of its line or list row, and of its column."""
    for (key, column), entry in result.submission.cells.items():
        yield (entry.ref.sheet, entry.ref.cell), (f"{key} {scheme.label(key)}，{column}", entry)
    for prefix, rows in result.submission.lists.items():
        for row in rows:
            name = row.text(scheme.lists[prefix].label)
            for column, entry in row.entries.items():
                yield (entry.ref.sheet, entry.ref.cell), (f"{row.key} {name}，{column}", entry)


def _each(ref: Ref) -> Iterator[Place]:
    """The single cells of a place such as ``E70:E75、H70``."""
    for letters, first, last in _RUN.findall(ref.cell):
        for number in range(int(first), int(last or first) + 1):
            yield ref.sheet, f"{letters}{number}"


def _cell(place: Place, known: tuple[str, Entry] | None) -> str:
    about, entry = known or ("", _NOTHING)
    value = entry.value
    if isinstance(value, Decimal):
        said = show(value)
    else:
        said = str(value) if value is not None else f"“{entry.raw}”" if entry.raw else "空白"
    if entry.reading:
        said += f"（原填“{entry.raw}”）"
    elif entry.derived:
        said += "（模板公式，由程序重新计算）"
    return f"{'!'.join(place)}　{about} = {said}"
