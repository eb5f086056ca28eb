"""The pure core: one submission and a scheme -> Result; clock, files and processes stay outside."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from evalbatch.bureau import Change, restore
from evalbatch.figures import SubmissionFigures
from evalbatch.model import Finding, Result, Submission
from evalbatch.rules import Case, Registered, examine
from evalbatch.scheme import Scheme
from evalbatch.scoring import reviewed, score


def evaluate(submission: Submission, scheme: Scheme, registered: Registered | None = None) -> Result:
    """Everything the scheme says of one submission: points, ratios, rows and findings.

    ``registered`` is what the bureau knows of the department: its code, name and category in the roster, the values
    that it prefilled and the points of its 复核 stand. Findings are about what was filled in, whatever 复核 says.
    """
    changes: tuple[Change, ...] = ()
    if registered is not None:
        submission = replace(
            submission,
            code=registered.code or submission.code,
            name=registered.name or submission.name,
            category=registered.category or submission.category,
        )
        submission, changes = restore(submission, scheme, registered.supplied)
    figures = SubmissionFigures(submission, scheme)
    points = score(submission, scheme, figures)
    case = Case(submission, scheme, figures, {line.code: line for line in points.lines}, registered, changes)
    if registered is not None:
        points = reviewed(points, scheme, registered.reviews)
    ratios: dict[str, Decimal | None] = {}
    for name, ratio in scheme.ratios.items():
        value = ratio.formula.evaluate(figures)
        ratios[name] = value if isinstance(value, Decimal) else None
    return Result(
        submission=submission,
        lines=points.lines,
        groups=points.groups,
        total=points.total,
        low=points.low,
        high=points.high,
        claimed_total=points.claimed_total,
        grade=points.grade,
        ratios=ratios,
        rows=figures.rows,
        findings=tuple(_signed(finding, submission) for finding in examine(case)),
    )


def _signed(finding: Finding, submission: Submission) -> Finding:
    return replace(finding, department=submission.code, name=submission.name, file=submission.source)


def returned(result: Result) -> Finding | None:
    """The finding for which a workbook goes back unranked, if there is one."""
    return next((finding for finding in result.findings if finding.level == "退回"), None)
