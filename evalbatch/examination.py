"""One arrival -> what became of it: a result, a finding that sends it back, or other material; never an exception."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any, Generic, TypeVar, cast

from evalbatch.department_rows import summarise
from evalbatch.department_workbook import printed_form
from evalbatch.evaluation import evaluate, returned
from evalbatch.intake import Arrival, Prefill, Reviews, Roster
from evalbatch.intake.archives import ARCHIVES
from evalbatch.intake.arrivals import MAX_FILE, SPREADSHEETS
from evalbatch.intake.containers import Opened, open_container
from evalbatch.intake.kinds import kind_of
from evalbatch.intake.pieces import TOO_LARGE
from evalbatch.intake.roster import whether
from evalbatch.model import NOWHERE, Finding, Level, Ref, Result, Review, Submission, Summary, Supplied
from evalbatch.reading import NotATemplate, UnreadableWorkbook, is_workbook, read_submission, read_workbook
from evalbatch.reading.container import NO_WORKBOOK, OLE_MAGIC
from evalbatch.rules import Registered
from evalbatch.scheme import Scheme
from evalbatch.temporaries import NoRoom

R_co = TypeVar("R_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Examined(Generic[R_co]):
    """What became of one file: a result, a finding that sends it back, or other material with a reason."""

    arrival: Arrival
    digest: str
    result: R_co | None = None
    refusal: Finding | None = None
    other: str = ""
    members: tuple[Arrival, ...] = ()
    """What lay in it, for a mail or an archive: each is to be examined by itself."""


def examine_file(
    arrival: Arrival,
    scheme: Scheme,
    roster: Roster | None,
    prefill: Prefill | None = None,
    reviews: Reviews | None = None,
) -> Examined[Result]:
    """Read, check and score one file; whatever is wrong with it becomes data, never an exception."""
    if arrival.refusal:
        return Examined(arrival, "", other=arrival.refusal)
    if arrival.fault:
        return Examined(arrival, "", refusal=refusal(scheme, arrival, arrival.fault))
    try:
        content = arrival.read() if arrival.size <= MAX_FILE else b""
        digest = hashlib.sha256(content).hexdigest() if content or not arrival.size else digest_of(arrival)
        workbook = is_workbook(content)
        if not workbook or content.startswith(OLE_MAGIC):  # a mail of Outlook may hold a workbook as it is
            with arrival.open() if not content else io.BytesIO(content) as file:
                kind = kind_of(file, arrival.name)
                if kind is not None:
                    return _opened(open_container(arrival, kind, file), digest, scheme)
    except NoRoom:  # no fault of the file's
        raise
    except OSError as error:
        reason = f"文件无法读取（{error.strerror or error}）。请核对文件权限后重新放入。"
        return Examined(arrival, "", refusal=refusal(scheme, arrival, reason))
    named = _ending(arrival) in SPREADSHEETS
    if not named and not workbook:
        return Examined(arrival, digest, other="不是工作簿，未参与计算")
    try:
        if arrival.size > MAX_FILE:
            raise UnreadableWorkbook(TOO_LARGE)
        submission = read_submission(read_workbook(content), scheme, arrival.name, printed_form(scheme))
    except NotATemplate:
        return Examined(arrival, digest, other="工作簿不是填报模板，未参与计算")
    except UnreadableWorkbook as error:
        return Examined(arrival, digest, refusal=refusal(scheme, arrival, error.reason))
    result = evaluate(submission, scheme, register(arrival, submission, roster, prefill, reviews))
    return Examined(arrival, digest, result=result, refusal=returned(result))


def _opened(opened: Opened, digest: str, scheme: Scheme) -> Examined[Result]:
    """A mail or an archive: other material itself, and sent back where not all of what lay in it could be had."""
    meant = _ending(opened.arrival) in SPREADSHEETS
    if meant and not any(_ending(member) in SPREADSHEETS | ARCHIVES for member in opened.members):
        # as a web page of Excel's, which looks like a mail
        return Examined(
            opened.arrival, digest, refusal=refusal(scheme, opened.arrival, NO_WORKBOOK), members=opened.members
        )
    if not opened.damage:
        return Examined(opened.arrival, digest, other=opened.said, members=opened.members)
    got = f"已取出 {len(opened.members)} 个文件。" if opened.members else ""
    back = refusal(scheme, opened.arrival, opened.damage + got)
    return Examined(opened.arrival, digest, refusal=back, members=opened.members)


def _ending(arrival: Arrival) -> str:
    return PurePosixPath(arrival.name).suffix.lower()


def abridge(examined: Examined[Result], scheme: Scheme) -> Examined[Summary]:
    """What became of a file, with no more of a result than the batch holds."""
    result = None if examined.result is None else summarise(examined.result, scheme)
    return cast(Examined[Summary], replace(examined, result=cast(Any, result)))


def register(
    arrival: Arrival,
    submission: Submission,
    roster: Roster | None,
    prefill: Prefill | None = None,
    reviews: Reviews | None = None,
) -> Registered | None:
    """What the bureau knows of a submission's department, ``None`` where it gave nothing."""

    def given(code: str) -> tuple[Supplied, Mapping[str, Review]]:
        return (
            Supplied() if prefill is None else prefill.of(code),
            {} if reviews is None else reviews.of(code),
        )

    if roster is None:
        known = prefill is not None or reviews is not None
        supplied, reviewed = given(submission.code)
        return Registered(supplied=supplied, reviews=reviewed) if known else None
    department = roster.find(submission.code, submission.name)
    if department is None:
        return Registered(unknown=True, proposed=whether(roster.proposals(submission.name)))
    by_name = roster.find("", submission.name)
    named = by_name if by_name is not None and by_name != department else None
    told = roster.named(arrival.name, arrival.subject)
    sent_for = told[0] if len(told) == 1 and told[0] != department else None
    supplied, reviewed = given(department.code)
    return Registered(
        department.code,
        department.name,
        department.category,
        named="" if named is None else f"{named.name}（{named.code}）",
        sent_for="" if sent_for is None else f"{sent_for.name}（{sent_for.code}）",
        supplied=supplied,
        reviews=reviewed,
    )


def on_batch(
    scheme: Scheme,
    code: str,
    about: Summary,
    what: str,
    *,
    ref: Ref = NOWHERE,
    found: str = "",
    expected: str = "",
    level: Level | None = None,
) -> Finding:
    """A finding about a workbook that only a look at the whole batch can make."""
    rule = scheme.rules[code]
    return Finding(
        code, level or rule.level, rule.kind, ref, what, found=found, expected=expected, advice=rule.advice,
        department=about.code, name=about.name, file=about.source,
    )  # fmt: skip


def judged(item: Examined[Summary], finding: Finding | None) -> Examined[Summary]:
    """A file with a further finding about it; one of level 退回 sends its workbook back."""
    if item.result is None or finding is None:
        return item
    result = replace(item.result, noted=(*item.result.noted, finding))
    back = finding if finding.level == "退回" else None
    return replace(item, result=result, refusal=item.refusal or back)


def digest_of(arrival: Arrival) -> str:
    """SHA-256 of what arrived, a file read in pieces; raises OSError."""
    with arrival.open() as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def refusal(scheme: Scheme, arrival: Arrival, reason: str) -> Finding:
    """FS01 for a file that cannot be read, with the reason."""
    rule = scheme.rules["FS01"]
    return Finding("FS01", rule.level, rule.kind, NOWHERE, reason, advice=rule.advice, file=arrival.name)
