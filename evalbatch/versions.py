"""Workbooks of one department -> the one that counts, by the scheme's policy, and what it says otherwise than before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Final, NamedTuple

from evalbatch.examination import Examined
from evalbatch.figures import compress
from evalbatch.model import Entry, Ref, Submission, Value
from evalbatch.scheme import CONTENT, Scheme

POLICY: Final = "重复报送"
NEWEST_VALID: Final = "最新有效"
NEWEST: Final = "最新"
FIRST: Final = "首份"
_DATE: Final = ("T10", CONTENT)
_PERSONAL: Final = frozenset({"T06", "T07", "T08", "T09"})
"""Names and telephone of people: told to nobody but their department."""
_CELLS_A_FINDING: Final = 30
_CHARACTERS: Final = 60


class Said(NamedTuple):
    """What a cell says, and how it was typed."""

    ref: Ref
    value: Value
    raw: str


Filled = Mapping[tuple[str, str], Said]
"""What a department filled in, by (key, column)."""


def age(item: Examined, year: int) -> tuple[date, datetime, str]:
    """When a workbook was sent: the day of its mail, else 填报日期, else of the file; then the time of arrival."""
    arrival = item.arrival
    day = arrival.received.date()
    if not arrival.mailed and item.result is not None:
        written = item.result.submission.value(*_DATE)
        # a date that nobody can have meant, such as 2205, tells nothing
        if isinstance(written, date) and written.year in (year, year + 1):
            day = written
    return day, arrival.received, arrival.name


def choose(versions: Sequence[Examined], policy: str) -> Examined | None:
    """The version that counts of those of one department, oldest first.

    ``None`` where all went back, or where the last one did and the policy takes no older one instead.
    """
    valid = [item for item in versions if item.refusal is None]
    if not valid or (policy == NEWEST and versions[-1].refusal is not None):
        return None
    return valid[0] if policy == FIRST else valid[-1]


def filled(submission: Submission) -> Filled:
    """What a department typed itself: without formulas of the template and names of people."""
    cells = {
        place: _said(entry)
        for place, entry in submission.cells.items()
        if entry.raw and not entry.derived and place[0] not in _PERSONAL
    }
    for rows in submission.lists.values():
        for row in rows:
            for column, entry in row.entries.items():
                if entry.raw and not entry.derived:
                    cells[row.key, column] = _said(entry)
    return cells


def _said(entry: Entry) -> Said:
    return Said(entry.ref, entry.raw if entry.value is None else entry.value, entry.raw)


def changes(before: Filled, after: Filled, scheme: Scheme) -> Iterator[tuple[Ref, str]]:
    """What changed from one version to the next: cells of a sheet and the sentence, some thirty cells at a time."""
    by_sheet: dict[str, list[tuple[str, str]]] = {sheet.name: [] for sheet in scheme.spec.sheet}
    for place in {**after, **before}:
        old, new = before.get(place), after.get(place)
        if (old and old.value) != (new and new.value):
            ref = (new or old or _NOTHING).ref
            by_sheet.setdefault(ref.sheet, []).append((ref.cell, f"{ref.cell} {_told(old)}→{_told(new)}"))
    for sheet, changed in by_sheet.items():
        for start in range(0, len(changed), _CELLS_A_FINDING):
            piece = changed[start : start + _CELLS_A_FINDING]
            cells = dict.fromkeys(cell for cell, _ in piece)
            yield Ref(sheet, compress(cells)), "；".join(told for _, told in piece)


_NOTHING: Final = Said(Ref("", ""), None, "")


def _told(said: Said | None) -> str:
    text = " ".join(said.raw.split()) if said is not None else "空白"
    return text if len(text) <= _CHARACTERS else f"{text[:_CHARACTERS]}…"
