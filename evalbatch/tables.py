"""Outcome -> one table for each sheet of the ranking workbook, read row by row; knows no spreadsheet and no look.

The rows of a department were made where its workbook was read (``department_rows``) and wait packed: a table reads
them in the order of 排名 as often as it is gone through, and never holds them all.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import pandas as pd

from evalbatch.catalogue import Entry, catalogue
from evalbatch.department_rows import (
    Columns,
    R,
    Row,
    Value,
    count,
    department_tables,
    figure_places,
    row_of,
    rows_of,
)
from evalbatch.model import Finding, Outcome, Received, Unranked
from evalbatch.scheme import Scheme
from evalbatch.scheme.layout import template_cell

# with pyarrow installed, pandas would keep texts as UTF-8, which a file name or a cell need not be
pd.set_option("mode.string_storage", "python")

_FIGURE: Final = re.compile(r"-?(0|[1-9]\d{0,11})(\.\d+)?")
_CODE: Final = "单位编码"
_NAME: Final = "填报单位"
_FILE: Final = "来源文件"
_STAMPED: Final = "盖章件"
EXPLAINED: Final = "已说明"
_STAMPS: Final = ("", "待认", "已收")
"""What is known of a department's stamped copy, the best last."""


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A table that is gone through row by row, as often as needed; its length is known beforehand."""

    headers: tuple[str, ...]
    length: int
    read: Callable[[], Iterable[Row]]

    def __len__(self) -> int:
        return self.length

    def __iter__(self) -> Iterator[Row]:
        return iter(self.read())

    def frame(self, *headers: str, where: Mapping[str, Value] | None = None) -> pd.DataFrame:
        """Some of its columns (all of them when none is named) in the rows where a column has a value, to count with.

        It is ``dtype=object`` and holds each text once.
        """
        chosen = [self.headers.index(header) for header in headers or self.headers]
        wanted = [(self.headers.index(header), value) for header, value in (where or {}).items()]
        rows = [
            [sys.intern(value) if type(value := row[place]) is str else value for place in chosen]
            for row in self
            if all(row[place] == value for place, value in wanted)
        ]
        return pd.DataFrame(rows, columns=[self.headers[place] for place in chosen], dtype=object)


@dataclass(frozen=True, slots=True, eq=False)
class Tables:
    """One table for each sheet of the ranking workbook except 总览; departments stand in the order of 排名."""

    ranking: Table
    scores: Table
    """指标得分: one column an indicator."""
    lines: Table
    """得分明细."""
    budgets: Table
    projects: Table
    sangong: Table
    works: Table
    benefits: Table
    awards: Table
    ratios: Table
    findings: Table
    files: Table
    figures: Table
    """数据底稿: one column a raw figure, 校验码 last."""
    figures_legend: pd.DataFrame
    """Three rows above the header of 数据底稿 (sheet, line, template cell), one column a figure."""
    notes: Table
    rules: Table
    facts: Table


def tabulate(outcome: Outcome, scheme: Scheme) -> Tables:
    """The tables of an outcome."""
    findings = findings_table(outcome)

    def packed(name: str) -> Table:
        return _packed(outcome, scheme, name)

    return Tables(
        ranking=_ranking(outcome, scheme, findings),
        scores=packed("scores"),
        lines=packed("lines"),
        budgets=packed("budgets"),
        projects=packed("projects"),
        sangong=packed("sangong"),
        works=packed("works"),
        benefits=packed("benefits"),
        awards=packed("awards"),
        ratios=packed("ratios"),
        findings=findings,
        files=files_table(outcome),
        figures=packed("figures"),
        figures_legend=_figures_legend(scheme),
        notes=packed("notes"),
        rules=_listed(_RULES, catalogue(scheme)),
        facts=_held(("项目", "内容"), _facts(outcome, scheme)),
    )


def ranking_table(outcome: Outcome, scheme: Scheme) -> Table:
    """排名 alone, for the report."""
    return _ranking(outcome, scheme, findings_table(outcome))


def findings_table(outcome: Outcome) -> Table:
    """问题清单: the findings, numbered, in the order of the departments."""
    headers = ("序号", *(header for header, _ in _FINDINGS))

    def rows() -> Iterator[Row]:
        return ((number, *row_of(_FINDINGS, finding)) for number, finding in enumerate(outcome.findings, 1))

    return Table(headers, len(outcome.findings), rows)


def files_table(outcome: Outcome) -> Table:
    """收件登记: the files by path, then the departments that sent none."""
    return _listed(_FILES, sorted(outcome.files, key=lambda file: (file.file == "", file.file, file.code)))


# ---------------------------------------------------------------- building


def _held(headers: tuple[str, ...], rows: Sequence[Row]) -> Table:
    return Table(headers, len(rows), lambda: rows)


def _listed(columns: Columns[R], items: Sequence[R]) -> Table:
    return Table(tuple(header for header, _ in columns), len(items), lambda: (row_of(columns, item) for item in items))


def _packed(outcome: Outcome, scheme: Scheme, name: str) -> Table:
    def rows() -> Iterator[Row]:
        return (row for ranked in outcome.ranked for row in rows_of(ranked.result, name))

    length = sum(count(ranked.result, name) for ranked in outcome.ranked)
    return Table(department_tables(scheme)[name].headers, length, rows)


# ---------------------------------------------------------------- 排名


_UNRANKED: Final[Columns[Unranked]] = (
    (_CODE, lambda gone: gone.code),
    (_NAME, lambda gone: gone.name),
    ("部门类别", lambda gone: gone.category),
    ("状态", lambda gone: gone.status),
    (_FILE, lambda gone: gone.file),
    ("说明", lambda gone: gone.reason),
)


def _ranking(outcome: Outcome, scheme: Scheme, findings: Table) -> Table:
    """The ranked, then those without a valid workbook; findings are counted for the file that stands in the row."""
    frame = _packed(outcome, scheme, "ranking").frame()
    frame["排名"] = pd.Series([ranked.rank for ranked in outcome.ranked], dtype=object)
    frame["分类排名"] = pd.Series([ranked.category_rank for ranked in outcome.ranked], dtype=object)
    below = _listed(_UNRANKED, outcome.unranked).frame().reindex(columns=frame.columns)
    frame = pd.concat([frame, below], ignore_index=True).astype(object)
    frame = frame.where(frame.notna(), None)
    file, level = (findings.headers.index(header) for header in (_FILE, "级别"))
    counts = Counter((row[file], row[level]) for row in findings)
    for header, grave in (("错误数", "错误"), ("预警数", "预警")):
        numbers = [None if source is None else counts[source, grave] for source in frame[_FILE]]
        frame[header] = pd.Series(numbers, dtype=object)
    stamps = sorted((file for file in outcome.files if file.stamp), key=lambda file: _STAMPS.index(file.stamp))
    known = {file.code or file.name: file.stamp for file in stamps}
    owners = zip(frame[_CODE], frame[_NAME], strict=True)
    frame[_STAMPED] = pd.Series([known.get(code or name, "未收") for code, name in owners], dtype=object)
    return Table(tuple(map(str, frame)), len(frame), lambda: frame.itertuples(index=False, name=None))


# ---------------------------------------------------------------- 问题清单, 收件登记


def _found(finding: Finding, text: str) -> Value:
    """A value as a number where the finding is about figures, else the text as it stands."""
    return Decimal(text) if finding.difference is not None and _FIGURE.fullmatch(text) else text


_FINDINGS: Final[Columns[Finding]] = (
    (_CODE, lambda finding: finding.department),
    (_NAME, lambda finding: finding.name),
    ("级别", lambda finding: finding.level),
    ("类别", lambda finding: finding.kind),
    ("规则", lambda finding: finding.code),
    ("工作表", lambda finding: finding.ref.sheet),
    ("单元格", lambda finding: finding.ref.cell),
    ("问题", lambda finding: finding.what),
    ("填报值", lambda finding: _found(finding, finding.found)),
    ("应为", lambda finding: _found(finding, finding.expected)),
    ("差额", lambda finding: finding.difference),
    ("建议", lambda finding: finding.advice),
    (_FILE, lambda finding: finding.file),
    ("处理", lambda finding: EXPLAINED if finding.explained else ""),
    ("情况说明", lambda finding: finding.explanation),
)
_FILES: Final[Columns[Received]] = (
    (_FILE, lambda file: file.file),
    (_CODE, lambda file: file.code),
    (_NAME, lambda file: file.name),
    ("结果", lambda file: file.status),
    ("原因", lambda file: file.reason),
    ("SHA-256", lambda file: file.digest),
    ("大小", lambda file: file.size),
    ("接收时间", lambda file: file.received and file.received.replace(microsecond=0, tzinfo=None)),
    ("主题", lambda file: file.subject),
    ("说明", lambda file: file.note),
)

# ---------------------------------------------------------------- 数据底稿


def _figures_legend(scheme: Scheme) -> pd.DataFrame:
    places = figure_places(scheme)
    cells = [template_cell(scheme, key, column) for key, column in places]
    return pd.DataFrame(
        [[sheet for sheet, _ in cells], [scheme.label(key) for key, _ in places], [cell for _, cell in cells]],
        index=["工作表", "行次名称", "模板单元格"],
        columns=[f"{key}.{column}" for key, column in places],
        dtype=object,
    )


# ---------------------------------------------------------------- 评分规则, 运行说明


_RULES: Final[Columns[Entry]] = (
    ("编码", lambda entry: entry.code),
    ("内容", lambda entry: entry.text),
    ("公式", lambda entry: entry.formula),
    ("级别", lambda entry: entry.level),
    ("依据", lambda entry: entry.basis),
    ("分值", lambda entry: entry.points),
)


def _facts(outcome: Outcome, scheme: Scheme) -> list[tuple[str, str]]:
    """The scheme's own facts, then the run's; a fact that the run tells itself is not told twice."""
    told = {name for name, _ in outcome.facts}
    own = (("方案版本", scheme.spec.edition), ("方案文件", scheme.file), ("方案摘要（SHA-256）", scheme.digest))
    return [fact for fact in own if fact[0] not in told] + list(outcome.facts)


__all__ = [
    "Table",
    "Tables",
    "files_table",
    "findings_table",
    "ranking_table",
    "tabulate",
]
