"""What the bureau prefilled against what came back: its values stand, and every difference is told with its cell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from evalbatch.model import Entry, Note, Ref, Row, Submission, Supplied, Value
from evalbatch.reading import derive
from evalbatch.reading.cells import plain, shown
from evalbatch.scheme import APPLICABLE, Scheme
from evalbatch.scheme.layout import list_key, template_cell, template_layout

_BLANK_MEANS: Final[Mapping[str, str]] = {APPLICABLE: "是", "是否纳入考核": "是"}
"""Columns in which a blank says the same as a word."""
_STANDS: Final = "与财政局提供的不同，以财政局提供的为准"


@dataclass(frozen=True, slots=True)
class Change:
    """One prefilled value that came back different, or a prefilled row that did not come back."""

    ref: Ref
    what: str
    found: str
    expected: str
    difference: Decimal | None = None
    row: str = ""
    """Key of the row put back for one that did not come back."""
    columns: tuple[str, ...] = ()
    """Its columns, all in doubt: nothing is known of its execution."""


def restore(submission: Submission, scheme: Scheme, supplied: Supplied) -> tuple[Submission, tuple[Change, ...]]:
    """The submission with the bureau's values in place and its totals computed anew, and what had been changed.

    Rows of a list are matched by their name. A prefilled row that is gone is told and put back with what the bureau
    knows of it; its execution stays blank, so that what is computed over it is 待核: leaving a project or a work out
    never earns points. A cell whose row or column is missing is the form's own fault, already remarked.
    """
    if not supplied.cells and not any(supplied.lists.values()):
        return submission, ()
    changes: list[Change] = []
    notes: dict[tuple[str, str], Note] = {}
    lists = dict(submission.lists)
    for prefix, rows in supplied.lists.items():
        if prefix in lists:
            lists[prefix] = tuple(_restore_rows(scheme, prefix, lists[prefix], rows, changes, notes))
    cells = dict(submission.cells)
    # a total that the file computes is compared once its terms stand, so that one change is told once
    for computed in (False, True):
        for (key, column), value in supplied.cells.items():
            entry = cells.get((key, column))
            if (entry is not None and entry.derived) is not computed:
                continue
            if entry is not None and not _same(entry, column, value):
                changes.append(_change(entry, f"{scheme.label(key)}（{column}）", value))
                notes[key, column] = _note(key, column, entry, value)
            cells[key, column] = _imposed(entry, Ref(*template_cell(scheme, key, column)), value)
        cells, lists = derive(cells, lists, scheme)
    kept = [note for note in submission.notes if (note.key, note.column) not in notes]
    return replace(submission, cells=cells, lists=lists, notes=(*kept, *notes.values())), tuple(changes)


def _restore_rows(
    scheme: Scheme,
    prefix: str,
    filled: tuple[Row, ...],
    rows: tuple[Mapping[str, Value], ...],
    changes: list[Change],
    notes: dict[tuple[str, str], Note],
) -> Iterator[Row]:
    spec = scheme.lists[prefix]
    first: dict[str, int] = {}
    for index, row in enumerate(filled):
        first.setdefault(plain(row.text(spec.label)), index)
    restored = list(filled)
    for number, values in enumerate(rows, 1):
        name = str(values[spec.label])
        found = first.get(plain(name))
        if found is None:
            row = _put_back(scheme, prefix, number, values)
            changes.append(replace(_missing(scheme, prefix, list_key(spec, number), name, filled), row=row.key,
                                   columns=tuple(column.name for column in spec.columns)))  # fmt: skip
            restored.append(row)
            continue
        row = filled[found]
        entries = dict(row.entries)
        for column, value in values.items():
            entry = entries.get(column)
            if entry is None:
                ref = Ref(spec.name, template_layout(scheme)[spec.name].cell(list_key(spec, number), column))
                entries[column] = _imposed(None, ref, value)
                continue
            if not _same(entry, column, value):
                changes.append(_change(entry, f"“{name}”的{column}", value))
                notes[row.key, column] = _note(row.key, column, entry, value)
            entries[column] = _imposed(entry, entry.ref, value)
        restored[found] = Row(row.key, row.number, entries)
    yield from restored


def _put_back(scheme: Scheme, prefix: str, number: int, values: Mapping[str, Value]) -> Row:
    """The row that the bureau had printed as its ``number``-th, what the template computes in it included."""
    spec = scheme.lists[prefix]
    layout, key = template_layout(scheme)[spec.name], list_key(spec, number)
    entries = {
        column: _imposed(None, Ref(spec.name, layout.cell(key, column)), value) for column, value in values.items()
    }
    for within, column in scheme.derivations:
        if within == prefix and column not in entries:
            entries[column] = Entry(Ref(spec.name, layout.cell(key, column)), None, derived=True)
    return Row(f"财政预填{number}", layout.rows[key], entries)


def _missing(scheme: Scheme, prefix: str, key: str, name: str, filled: tuple[Row, ...]) -> Change:
    """A prefilled row that is gone, at the cell in which the bureau had printed its name."""
    spec = scheme.lists[prefix]
    there = next((row.entries[spec.label] for row in filled if row.key == key and spec.label in row.entries), None)
    ref = Ref(*template_cell(scheme, key, spec.label)) if there is None else there.ref
    found = "空白" if there is None else _found(there)
    return Change(ref, f"财政局提供的“{name}”不在{spec.name}中", found, name)


def _same(entry: Entry, column: str, value: Value) -> bool:
    if entry.unreadable:
        return False
    if entry.value is None:
        return value == _BLANK_MEANS.get(column, "\0")
    if isinstance(value, str):
        return isinstance(entry.value, str) and plain(entry.value) == plain(value)
    return entry.value == value


def _found(entry: Entry) -> str:
    return entry.raw if entry.unreadable else shown(entry.value)


def _change(entry: Entry, name: str, value: Value) -> Change:
    gap = None
    if isinstance(entry.value, Decimal) and isinstance(value, Decimal):
        gap = entry.value - value
    return Change(entry.ref, f"{name}{_STANDS}", _found(entry), shown(value), gap)


def _note(key: str, column: str, entry: Entry, value: Value) -> Note:
    return Note(entry.ref.sheet, key, column, value, entry.raw, entry.ref.cell, _STANDS)


def _imposed(entry: Entry | None, place: Ref, value: Value) -> Entry:
    """The bureau's value at the cell where it was read, else where the template has it; read as it is when the same."""
    if entry is None:
        return Entry(place, value, shown(value))
    if entry.value == value and not entry.derived:
        return entry
    return Entry(entry.ref, value, entry.raw)
