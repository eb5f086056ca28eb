"""DOOR OUT: Outcome -> a folder with a notice for each department that has to mend, and the list of whom to call."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from datetime import date
from functools import partial
from typing import BinaryIO, Final

from evalbatch.feedback.notices import Call, Notice, absent, call_about, notices
from evalbatch.feedback.workbooks import write_calls, write_notice
from evalbatch.file_names import file_name
from evalbatch.model import Outcome
from evalbatch.scheme import Scheme

_LIST: Final = "未报送、须改正单位名单"


def feedback_files(
    outcome: Outcome, scheme: Scheme, day: date, deadline: date | None = None
) -> Iterator[tuple[str, Callable[[BinaryIO], None]]]:
    """The names of the files and what writes them, one at a time: the notices, then the list.

    ``day`` is the day of the run. Of two notices that would have one name the second has a number.
    """
    calls: list[Call] = []
    taken: set[str] = set()
    for notice in notices(outcome):
        name = _free(notice, scheme, taken)
        calls.append(call_about(notice, name))
        yield name, partial(write_notice, notice=notice, scheme=scheme, day=day, deadline=deadline)
    calls = [*absent(outcome), *calls]
    yield f"{_LIST}_{scheme.year}.xlsx", partial(write_calls, calls=calls, scheme=scheme, day=day)


def is_feedback(name: str, scheme: Scheme) -> bool:
    """Whether a file of this name was written here: the next run takes away what it does not write anew."""
    return name == f"{_LIST}_{scheme.year}.xlsx" or name.endswith(_ending(scheme))


def _ending(scheme: Scheme) -> str:
    return f"_填报问题通知_{scheme.year}.xlsx"


def _free(notice: Notice, scheme: Scheme, taken: set[str]) -> str:
    parts = [part for part in (notice.code, notice.title) if part]
    number = 1
    while True:
        name = file_name(f"{f'_{number}' if number > 1 else ''}{_ending(scheme)}", *parts)
        folded = unicodedata.normalize("NFC", name).casefold()
        if folded not in taken:
            taken.add(folded)
            return name
        number += 1


__all__ = ["feedback_files", "is_feedback"]
