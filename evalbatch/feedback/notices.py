"""Outcome -> what each department with mistakes is told, and which departments have to be called; knows no spreadsheet."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import PurePosixPath
from typing import Final

from evalbatch.model import Finding, Outcome
from evalbatch.reading.cells import spelling
from evalbatch.senders import NOBODYS
from evalbatch.tables import EXPLAINED

MEND: Final = "须改正"
ANSWER: Final = "请核实"
_KNOW: Final = "供参考"
_DEMANDS: Final = (MEND, ANSWER, EXPLAINED, _KNOW)
_ABSENT: Final = "未报送"
_RETURNED: Final = "退回重报"


@dataclass(frozen=True, slots=True)
class Notice:
    """What one department is told, the most pressing first; ``code`` and ``name`` may be blank where nobody knows."""

    code: str
    name: str
    findings: tuple[Finding, ...]

    @property
    def files(self) -> tuple[str, ...]:
        """The files that it is about."""
        return tuple(dict.fromkeys(finding.file for finding in self.findings))

    @property
    def returned(self) -> Mapping[str, str]:
        """The files that went back, with the reason."""
        back = [finding for finding in self.findings if finding.level == "退回"]
        return {finding.file: finding.what for finding in reversed(back)}

    @property
    def title(self) -> str:
        """Whom it is for: the department, else the file."""
        return self.name or PurePosixPath(self.files[0]).stem

    def count(self, what: str) -> int:
        """How many findings there are that ask for this."""
        return sum(demand(finding) == what for finding in self.findings)


@dataclass(frozen=True, slots=True)
class Call:
    """A department that the bureau has to call, and why."""

    code: str
    name: str
    status: str
    reason: str
    mend: int | None = None
    answer: int | None = None
    file: str = ""
    """The file of its notice."""


def demand(finding: Finding) -> str:
    """What a finding asks of the department: to mend, to look and explain, or nothing."""
    if finding.to_mend:
        return MEND
    if finding.explained:
        return EXPLAINED
    return ANSWER if finding.level in ("错误", "预警") else _KNOW


def notices(outcome: Outcome) -> Iterator[Notice]:
    """A notice for each department that has something to mend, in the order of the findings.

    A file that went back and was followed by one that counts is over. One of which nobody can tell whose it is has a
    notice of its own: what stands in it is no business of the department that it names.
    """
    for code, together in groupby(outcome.findings, key=lambda finding: finding.department):
        told = [finding for finding in together if finding.file not in outcome.replaced]
        strays = {finding.file for finding in told if finding.code in NOBODYS and finding.level == "退回"}
        parts: dict[tuple[str, str], list[Finding]] = defaultdict(list)
        for finding in told:
            stray = finding.file in strays or not (code or finding.name)
            parts[("file", finding.file) if stray else ("name", code or spelling(finding.name))].append(finding)
        for found in parts.values():
            if any(finding.to_mend for finding in found):
                found.sort(key=lambda finding: _DEMANDS.index(demand(finding)))
                yield Notice(code, found[0].name, tuple(found))


def call_about(notice: Notice, file: str) -> Call:
    """Why a department with a notice has to be called."""
    returned = notice.returned
    reason = "；".join(returned.values())
    status = _RETURNED if returned else MEND
    return Call(notice.code, notice.title, status, reason, notice.count(MEND), notice.count(ANSWER), file)


def absent(outcome: Outcome) -> Sequence[Call]:
    """The departments of the roster that sent nothing."""
    gone = (item for item in outcome.unranked if item.status == _ABSENT)
    return [Call(item.code, item.name, item.status, item.reason) for item in gone]
