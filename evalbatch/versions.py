"""Workbooks of one department -> the one that counts, by the scheme's policy, and what it says otherwise than before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Final

from evalbatch.department_rows import Typed, typed_of
from evalbatch.examination import Examined
from evalbatch.model import Ref, Summary
from evalbatch.scheme import Scheme
from evalbatch.scheme.layout import compress

POLICY: Final = "重复报送"
NEWEST_VALID: Final = "最新有效"
NEWEST: Final = "最新"
FIRST: Final = "首份"
_CELLS_A_FINDING: Final = 30
_CHARACTERS: Final = 60


def age(item: Examined[Summary], year: int) -> tuple[date, datetime, date, str]:
    """When a workbook was sent: the day of its mail, else 填报日期, else of the file; then the time of arrival.

    Of two that arrived together, as in one mail, the one with the later 填报日期 is the newer.
    """
    arrival = item.arrival
    written = None if item.result is None else item.result.filled
    if written is None or written.year not in (year, year + 1):
        written = date.min  # a date that nobody can have meant, such as 2205, tells nothing
    day = written if written > date.min and not arrival.mailed else arrival.received.date()
    return day, arrival.received, written, arrival.name


def choose(versions: Sequence[Examined[Summary]], policy: str) -> Examined[Summary] | None:
    """The version that counts of those of one department, oldest first.

    ``None`` where all went back, or where the last one did and the policy takes no older one instead.
    """
    valid = [item for item in versions if item.refusal is None]
    if not valid or (policy == NEWEST and versions[-1].refusal is not None):
        return None
    return valid[0] if policy == FIRST else valid[-1]


def changes(before: Summary, after: Summary, scheme: Scheme) -> Iterator[tuple[Ref, str]]:
    """What changed from one version to the next: cells of a sheet and the sentence, some thirty cells at a time."""
    old, new = typed_of(before), typed_of(after)
    by_sheet: dict[str, list[tuple[str, str]]] = {sheet.name: [] for sheet in scheme.spec.sheet}
    for place in {**new, **old}:
        was, now = old.get(place), new.get(place)
        if (was and was.value) != (now and now.value):
            said = now or was
            assert said is not None
            by_sheet[said.sheet].append((said.cell, f"{said.cell} {_told(was)}→{_told(now)}"))
    for sheet, changed in by_sheet.items():
        for start in range(0, len(changed), _CELLS_A_FINDING):
            piece = changed[start : start + _CELLS_A_FINDING]
            cells = dict.fromkeys(cell for cell, _ in piece)
            yield Ref(sheet, compress(cells)), "；".join(told for _, told in piece)


def _told(typed: Typed | None) -> str:
    text = " ".join(typed.raw.split()) if typed is not None else "空白"
    return text if len(text) <= _CHARACTERS else f"{text[:_CHARACTERS]}…"
