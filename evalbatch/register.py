"""Examined files and what became of them -> 收件登记, a row a file, and the counts that have to agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import PurePosixPath
from typing import Final

from evalbatch.examination import Examined
from evalbatch.intake import Arrival, Roster
from evalbatch.intake.roster import whether
from evalbatch.model import Received, Stamp, Status, Summary
from evalbatch.senders import Owners

Verdict = tuple[Status, str]
"""What became of a file, and why."""
_SCANS: Final = frozenset({".pdf", ".ofd", ".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp", ".heic", ".webp"})
"""Names of what a stamped page is scanned to."""
_STAMPED: Final = ("盖章", "签章", "用印", "公章", "签字")
_SAID: Final[Mapping[Stamp, str]] = {"": "", "已收": "盖章件", "待认": "扫描件或图片，是否盖章件请核对"}


def enter(
    items: Sequence[Examined[Summary]],
    verdicts: Mapping[str, Verdict],
    owners: Owners,
    roster: Roster | None,
    deadline: date | None,
) -> list[Received]:
    """A row for each file, in the order given."""
    return [_row(item, verdicts[item.arrival.name], owners, roster, deadline) for item in items]


def _row(
    item: Examined[Summary], verdict: Verdict, owners: Owners, roster: Roster | None, deadline: date | None
) -> Received:
    arrival = item.arrival
    status, reason = verdict
    owner = owners.get(arrival.name)
    stamp: Stamp = _stamp(arrival) if status == "其他材料" and owner is not None else ""
    # an archive or a mailbox of the bureau's own came from nobody at any time; what lies in it did
    own = bool(item.members) and not arrival.mailed
    notes = ["" if own else lateness(arrival, deadline), _SAID[stamp]]
    if owner is None and roster is not None:
        notes.append(whether(roster.hinted(PurePosixPath(arrival.name).name)))
    return Received(
        arrival.name,
        status,
        reason,
        owner.code if owner is not None else "",
        owner.name if owner is not None else "",
        item.digest,
        arrival.size,
        arrival.received,
        arrival.subject,
        "；".join(filter(None, notes)),
        stamp,
    )


def _stamp(arrival: Arrival) -> Stamp:
    if arrival.refusal or PurePosixPath(arrival.name).suffix.lower() not in _SCANS:
        return ""
    return "已收" if any(word in arrival.name + arrival.subject for word in _STAMPED) else "待认"


def lateness(arrival: Arrival, deadline: date | None) -> str:
    """How late a file arrived, ``""`` when in time; the day of the deadline is in time."""
    days = 0 if deadline is None else (arrival.received.date() - deadline).days
    return f"逾期{days}天" if days > 0 else ""


def count(items: Sequence[Examined[Summary]], files: Sequence[Received]) -> tuple[tuple[str, str], ...]:
    """The facts of the register: how many files there were, how many rows they have, and what became of them."""
    lying = sum(not item.arrival.depth for item in items)
    within = sum(len(item.members) for item in items)
    rows = len({file.file for file in files if file.file})
    absent = sum(not file.file for file in files)
    agreed = "相符" if lying + within == rows == len(items) else "不符"
    counts = Counter(file.status for file in files)
    return (
        ("收到文件数", str(lying + within)),
        (
            "收件核对",
            f"收件文件夹中 {lying} 个，邮件和压缩包内 {within} 个，合计 {lying + within} 个；"
            f"登记 {rows} 行，{agreed}；另有未收到文件的单位 {absent} 行",
        ),
        ("登记结果", "、".join(f"{status} {counts[status]}" for status in sorted(counts))),
    )
