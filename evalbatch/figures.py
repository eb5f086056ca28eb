"""A submission as the formulas see it: cells by key, list columns with what the scheme computes for each row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from evalbatch.model import ListRow, Ref, Row, Submission, Value
from evalbatch.scheme import Formula, Scheme
from evalbatch.scheme.formula import Call, Cell, Scalar, highest, number, scalar
from evalbatch.scheme.layout import compress, template_cell


class SubmissionFigures:
    """Figures of a whole workbook; implements ``formula.Figures``."""

    def __init__(self, submission: Submission, scheme: Scheme) -> None:
        self._cells = submission.cells
        self._columns: dict[tuple[str, str], Sequence[Value]] = {}
        self.rows: Mapping[str, tuple[ListRow, ...]] = {
            prefix: compute_rows(submission.lists.get(prefix, ()), formulas)
            for prefix, formulas in scheme.row_formulas.items()
        }

    def figure(self, key: str, column: str) -> Value:
        """A keyed cell."""
        entry = self._cells.get((key, column))
        return None if entry is None else entry.value

    def column(self, prefix: str, column: str) -> Sequence[Value]:
        """A list column, typed or computed."""
        values = self._columns.get((prefix, column))
        if values is None:
            values = self._columns[prefix, column] = [
                row.computed[column] if column in row.computed else row.row.value(column) for row in self.rows[prefix]
            ]
        return values


class RowFigures:
    """Figures of one list row: its own columns and those computed so far."""

    def __init__(self, row: Row, computed: Mapping[str, Scalar]) -> None:
        self.row = row
        self.computed = computed

    def figure(self, key: str, column: str) -> Value:
        """A column of this row."""
        return self.computed[column] if column in self.computed else self.row.value(column)

    def column(self, prefix: str, column: str) -> Sequence[Value]:
        """A single row has no list columns."""
        return ()


def compute_rows(rows: Sequence[Row], formulas: Mapping[str, Formula]) -> tuple[ListRow, ...]:
    """The rows with the scheme's computed columns, in the order in which these depend on each other."""
    computed: list[dict[str, Scalar]] = [{} for _ in rows]
    figures = [RowFigures(row, values) for row, values in zip(rows, computed, strict=True)]
    for name, formula in formulas.items():
        match formula.node:
            case Call("HIGHEST", (Cell(_, points, _), Cell(_, group, _)), _):
                best = highest(
                    [number(row.figure("", points)) for row in figures],
                    [scalar(row.figure("", group)) for row in figures],
                )
                for values, value in zip(computed, best, strict=True):
                    values[name] = value
            case _:
                for row_figures, values in zip(figures, computed, strict=True):
                    values[name] = formula.evaluate(row_figures)
    return tuple(ListRow(row, values) for row, values in zip(rows, computed, strict=True))


def place_ref(submission: Submission, scheme: Scheme, key: str, column: str) -> Ref:
    """The cell of a place: where it was read, or where the template has it."""
    entry = submission.cells.get((key, column))
    if entry is not None:
        return entry.ref
    for row in submission.lists.get(key.rstrip("0123456789"), ()):
        if row.key == key and column in row.entries:
            return row.entries[column].ref
    sheet, cell = template_cell(scheme, key, column)
    return Ref(sheet, cell)


def evidence(submission: Submission, scheme: Scheme, formulas: Iterable[Formula]) -> tuple[Ref, ...]:
    """The cells that formulas rest on, one Ref a sheet, list columns down to what was typed in them."""
    found: dict[str, dict[str, None]] = {}
    cells = submission.cells
    for formula in formulas:
        for key, columns in _rests_on(scheme, formula):
            if key in scheme.lists:
                rows = submission.lists.get(key, ())
                refs = [row.entries[column].ref for row in rows for column in columns if column in row.entries]
            else:
                entry = cells.get((key, columns[0]))
                refs = [place_ref(submission, scheme, key, columns[0]) if entry is None else entry.ref]
            for sheet, cell in refs:
                found.setdefault(sheet, {})[cell] = None
    return tuple(Ref(sheet, compress(places)) for sheet, places in found.items())


@lru_cache(maxsize=1024)
def _rests_on(scheme: Scheme, formula: Formula) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The lines and lists whose cells a formula reads, with the typed columns of each."""
    return tuple((cell.key, typed_columns(scheme, cell.key, cell.column)) for cell in formula.cells)


@lru_cache(maxsize=1024)
def typed_columns(scheme: Scheme, key: str, column: str) -> tuple[str, ...]:
    """The columns that one rests on: of a list's computed column those typed, of any other itself."""
    formula = scheme.row_formulas.get(key, {}).get(column)
    if formula is None:
        return (column,)
    return tuple(dict.fromkeys(name for cell in formula.cells for name in typed_columns(scheme, key, cell.column)))


__all__ = ["RowFigures", "SubmissionFigures", "compute_rows", "evidence", "place_ref"]
