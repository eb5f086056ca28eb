"""Filling -> the value of every cell of the workbook, in the unit as typed; knows no sheet and no format."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from evalbatch.department_workbook.live import LITERAL, LiveCheck, LiveFigure, live_formulas
from evalbatch.model import Value
from evalbatch.scheme import APPLICABLE, CONTENT, Judgement, Line, Scheme, show
from evalbatch.scheme import formula as language
from evalbatch.scheme.formula import Call, Cell, Scalar

UNIT: Final = ("T05", CONTENT)
"""The cell of 金额单位."""
_ONE: Final = Decimal(1)


@dataclass(frozen=True, slots=True)
class Filling:
    """Input cells to be pre-filled; amounts are in the unit of T05 (万元 when that is not filled)."""

    cells: Mapping[tuple[str, str], Value] = field(default_factory=dict)
    """(key, column header) -> value."""
    lists: Mapping[str, Sequence[Mapping[str, Value]]] = field(default_factory=dict)
    """List prefix -> its rows from the first on (column header -> value)."""
    explanations: Mapping[str, str] = field(default_factory=dict)
    """情况说明 of 数据审核 by ``Check.id``."""
    locked: Set[tuple[str, str]] = frozenset()
    """The cells that the bureau filled in and nobody types into; those of a list by the key of its row."""


class FilledFigures:
    """The figures of a filled workbook: typed cells, presets, and what the formulas make of them."""

    def __init__(self, scheme: Scheme, filling: Filling) -> None:
        self.scheme = scheme
        self.filling = filling
        self._derived: dict[tuple[str, str], Scalar] = {}
        unit = self.figure(*UNIT)
        self.unit = unit if isinstance(unit, str) and unit in scheme.spec.units else LITERAL
        self.per_unit = _ONE / scheme.spec.units.get(self.unit, _ONE)
        """How many of the workbook's units make 1 万元."""
        self.rows: dict[str, tuple[FilledRow, ...]] = {}
        for prefix, sheet in scheme.lists.items():
            typed = filling.lists.get(prefix, ())
            if len(typed) > sheet.rows:
                raise ValueError(f"{sheet.name} 只印有 {sheet.rows} 行，预填了 {len(typed)} 行")
            self.rows[prefix] = tuple(FilledRow(self, prefix, row) for row in typed)
            self._compute(prefix)

    def _compute(self, prefix: str) -> None:
        rows = [row for row in self.rows[prefix] if row.used]
        for name, node in live_formulas(self.scheme).rows[prefix].items():
            match node:
                case Call("HIGHEST", (Cell(_, points, _), Cell(_, group, _)), _):
                    places = [language.number(row.figure("", points)) for row in rows]
                    best = language.highest(places, [language.scalar(row.figure("", group)) for row in rows])
                    for row, value in zip(rows, best, strict=True):
                        row.computed[name] = value
                case _:
                    evaluate = language.compile_evaluator(node)
                    for row in rows:
                        row.computed[name] = evaluate(row)

    def typed(self, key: str, column: str) -> Value:
        """What an input cell holds besides a formula: the filling, else what the template prints there."""
        value = self.filling.cells.get((key, column))
        if value is not None and value != "":
            return value
        if (key, column) in self.filling.cells:
            return None
        if key in self.scheme.lines and column == CONTENT:
            return self.scheme.lines[key].preset or None
        if key in self.scheme.indicators and column == APPLICABLE:
            sheet = self.scheme.sheets[self.scheme.sheet_of(key)]
            return next((spec.preset or None for spec in sheet.columns if spec.name == column), None)
        return None

    def figure(self, key: str, column: str) -> Value:
        """The value of a cell; that of a literal amount is the amount in the workbook's unit."""
        if key == LITERAL:
            return Decimal(column) * self.per_unit
        value = self.typed(key, column)
        if value is not None or (key, column) not in self.scheme.derivations:
            return value
        if (key, column) not in self._derived:
            self._derived[key, column] = self.scheme.derivations[key, column].evaluate(self)
        return self._derived[key, column]

    def column(self, prefix: str, column: str) -> Sequence[Value]:
        """A list column over its filled rows."""
        return [row.figure("", column) for row in self.rows[prefix] if row.used]

    def has_rate(self, line: Line) -> bool:
        """Whether a line fills every column that 执行率 reads."""
        return all(cell.column in line.types for cell in self.scheme.line_rate.cells)

    def rate(self, key: str) -> Scalar:
        """执行率 of a line."""
        return self.scheme.line_rate.evaluate(_OnLine(self, key))

    def sentence(self, code: str) -> str:
        """测算说明 of an objective indicator."""
        for sentence in live_formulas(self.scheme).sentences[code]:
            if sentence.when is None or sentence.when.holds(self):
                return "".join(piece if isinstance(piece, str) else self._shown(piece) for piece in sentence.pieces)
        return ""

    def _shown(self, figure: LiveFigure) -> str:
        value = figure.formula.evaluate(self)
        if figure.amount and isinstance(value, Decimal):
            value = language.divide(value, self.per_unit)
        return show(value, figure.form)

    def judge(self, live: LiveCheck) -> Judgement:
        """A check over definite cells, or over the rows of its list: the number of failing ones against 0."""
        scale = self.per_unit if live.amount else _ONE
        step = self.scheme.tail_step(self.unit) * scale
        fixed = self.scheme.spec.tolerance.fixed * scale
        if not live.check.list:
            return live.check.judge(self, step, fixed)
        verdicts = [verdict for row in self.rows[live.check.list] if (verdict := self.judge_row(live, row)) is not None]
        if not verdicts:
            return Judgement(None, None, None, "—")
        failing = Decimal(sum(verdicts))
        return Judgement(failing, Decimal(0), failing, "✗" if failing else "✓")

    def judge_row(self, live: LiveCheck, row: FilledRow) -> int | None:
        """1 where a list row fails the check, 0 where it meets it, ``None`` where there is nothing to compare."""
        if not row.used:
            return None
        scale = self.per_unit if live.amount else _ONE
        tolerance = self.scheme.spec.tolerance
        judgement = live.check.judge(row, self.scheme.tail_step(self.unit) * scale, tolerance.fixed * scale)
        return None if judgement.verdict == "—" else int(judgement.verdict == "✗")


class _OnLine:
    """The figures of one line: an empty key means the line itself."""

    def __init__(self, figures: FilledFigures, key: str) -> None:
        self.figures = figures
        self.key = key

    def figure(self, key: str, column: str) -> Value:
        """A cell of the line, or of any other."""
        return self.figures.figure(key or self.key, column)

    def column(self, prefix: str, column: str) -> Sequence[Value]:
        """A list column over its filled rows."""
        return self.figures.column(prefix, column)


class FilledRow:
    """One row of a list sheet; an empty key means the row itself."""

    def __init__(self, figures: FilledFigures, prefix: str, typed: Mapping[str, Value]) -> None:
        self.figures = figures
        self.prefix = prefix
        self.typed = {name: value for name, value in typed.items() if value is not None and value != ""}
        self.computed: dict[str, Scalar] = {}

    @property
    def used(self) -> bool:
        """Whether anything is filled in."""
        return bool(self.typed)

    def figure(self, key: str, column: str) -> Value:
        """The value of a column of this row, or of any other cell."""
        if key:
            return self.figures.figure(key, column)
        if column in self.typed:
            return self.typed[column]
        derivation = self.figures.scheme.derivations.get((self.prefix, column))
        return self.computed.get(column) if derivation is None else derivation.evaluate(self)

    def column(self, prefix: str, column: str) -> Sequence[Value]:
        """A list column over its filled rows."""
        return self.figures.column(prefix, column)
