"""Submission + Scheme -> lines of points, each with the sentence that explains it and the cells it rests on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from evalbatch.figures import SubmissionFigures, evidence, place_ref
from evalbatch.model import Line, Ref, Review, Source, Submission
from evalbatch.scheme import APPLICABLE, REASON, SELF_SCORE, Indicator, Scheme
from evalbatch.scheme.formula import number, round_half_up
from evalbatch.scheme.points import excuse

_ZERO: Final = Decimal(0)
_ONE: Final = Decimal(1)


@dataclass(frozen=True, slots=True)
class Score:
    """The points of a department: lines, groups and totals, in points."""

    lines: tuple[Line, ...]
    groups: Mapping[str, Decimal]
    total: Decimal
    low: Decimal
    high: Decimal
    claimed_total: Decimal
    grade: str


def score(submission: Submission, scheme: Scheme, figures: SubmissionFigures) -> Score:
    """The score of a submission.

    Every line is rounded to the scheme's decimals, a group is the sum of its rounded lines, the total is
    A+B+C+D+E+F1−F2 within the scheme's bounds. 待核 lines count at their low end; ``low`` and ``high`` give
    the range. A finding of level 错误 never changes a score.
    """
    return _summed(tuple(_line(submission, scheme, figures, row) for row in scheme.indicators.values()), scheme)


def reviewed(points: Score, scheme: Scheme, reviews: Mapping[str, Review]) -> Score:
    """The score with the points of 复核 in place of others, by indicator; what was 待核 is so no more."""
    if not reviews:
        return points
    return _summed(tuple(_reviewed(line, reviews.get(line.code)) for line in points.lines), scheme)


def _reviewed(line: Line, review: Review | None) -> Line:
    if review is None:
        return line
    given = review.points
    return replace(line, reviewed=given, final=given, low=given, high=given, source="复核", reason=review.reason)


def _summed(lines: tuple[Line, ...], scheme: Scheme) -> Score:
    groups = _groups(scheme, lines, lambda line: line.final)
    bounds = scheme.spec.total

    def total(points: Mapping[str, Decimal]) -> Decimal:
        return min(bounds.cap, max(bounds.floor, sum(points.values(), _ZERO)))

    final = total(groups)
    return Score(
        lines=lines,
        groups=groups,
        total=final,
        low=total(_groups(scheme, lines, lambda line: line.low)),
        high=total(_groups(scheme, lines, lambda line: line.high)),
        claimed_total=total(_groups(scheme, lines, lambda line: line.claimed or _ZERO)),
        grade=scheme.grade(final),
    )


def _groups(scheme: Scheme, lines: Sequence[Line], points: Callable[[Line], Decimal]) -> dict[str, Decimal]:
    groups: dict[str, Decimal] = {}
    for group in scheme.spec.groups:
        own = [line for line in lines if line.group == group.code]
        signs = [-1 if scheme.indicators[line.code].spec.subtract else 1 for line in own]
        amount = sum((sign * points(line) for sign, line in zip(signs, own, strict=True)), _ZERO)
        if group.cap is not None and scheme.choice("加减分封顶") == "净额封顶":
            amount = max(-group.cap, min(group.cap, amount))
        groups[group.code] = amount
    return groups


def is_inapplicable(submission: Submission, indicator: Indicator) -> bool:
    """是否适用 = 否 where the scheme allows it and a reason is given (policy 不适用)."""
    claimed = submission.value(indicator.code, APPLICABLE) == "否"
    return claimed and indicator.spec.inapplicable and bool(submission.text(indicator.code, REASON).strip())


def _line(submission: Submission, scheme: Scheme, figures: SubmissionFigures, indicator: Indicator) -> Line:
    digits = scheme.spec.total.decimals
    code, weight = indicator.code, indicator.weight
    claim = number(submission.value(code, SELF_SCORE))
    scale = _ONE if indicator.scale is None else number(indicator.scale.evaluate(figures)) or _ZERO
    refs = _evidence(submission, scheme, indicator)

    def rounded(points: Decimal) -> Decimal:
        return round_half_up(points, digits)

    def line(
        source: Source, low: Decimal, high: Decimal, sentence: str, computed: Decimal | None = None,
        shown_weight: Decimal | None = None, claimed: Decimal | None = None,
    ) -> Line:  # fmt: skip
        return Line(
            code=code,
            name=indicator.name,
            group=indicator.group.code,
            weight=rounded(weight * scale) if shown_weight is None else shown_weight,
            claimed=claimed,
            computed=computed,
            reviewed=None,
            final=low,
            source=source,
            low=low,
            high=high,
            sentence=sentence,
            evidence=refs,
        )

    if indicator.spec.optional and submission.value(code, APPLICABLE) == "否":
        return line("不适用", _ZERO, _ZERO, "可选指标，未选用。", shown_weight=_ZERO)
    full = rounded(weight * scale)
    claimed = None if claim is None else rounded(claim * scale)
    if is_inapplicable(submission, indicator):
        granted = full if scheme.choice("不适用") == "满分" else _ZERO
        sentence = excuse(scheme, code).write(figures)
        return line("不适用", granted, granted, sentence, claimed=claimed)
    if indicator.points is None:
        if claim is None:
            return line("待核", _ZERO, full, "自评得分未填，待核。")
        counted = rounded(min(max(claim, _ZERO), weight) * scale)
        sentence = f"取自评得分{counted}分（满分{full}分）。"
        if counted != claimed:
            sentence = f"自评得分{claimed}分超出0至{full}分，按{counted}分计。"
        elif scale != _ONE:
            sentence = f"自评{claim}分（印刷分值{weight}分），按所选指标折算为{counted}分（满分{full}分）。"
        return line("自评", counted, counted, sentence, claimed=claimed)
    sentence = _sentence(indicator, figures)
    if indicator.pending is not None and indicator.pending.holds(figures):
        points = number(indicator.points.evaluate(figures)) or _ZERO
        low = min(full, max(_ZERO, rounded(points))) if indicator.spec.partial else _ZERO
        ceiling = full if indicator.ceiling is None else number(indicator.ceiling.evaluate(figures)) or _ZERO
        computed = low if indicator.spec.partial else None
        return line("待核", low, max(low, rounded(ceiling)), sentence, computed, claimed=claimed)
    if indicator.not_applicable is not None and indicator.not_applicable.holds(figures):
        granted = full if scheme.choice("不适用") == "满分" else _ZERO
        return line("不适用", granted, granted, sentence, granted, claimed=claimed)
    points = min(full, max(_ZERO, rounded(number(indicator.points.evaluate(figures)) or _ZERO)))
    if scheme.choice("客观指标采用") == "自评" and claim is not None:
        counted = rounded(min(max(claim, _ZERO), weight))
        return line("自评", counted, counted, sentence, points, claimed=claimed)
    return line("测算", points, points, sentence, points, claimed=claimed)


def _sentence(indicator: Indicator, figures: SubmissionFigures) -> str:
    for say in indicator.say:
        if say.when is None or say.when.holds(figures):
            return say.write(figures)
    return ""


def _evidence(submission: Submission, scheme: Scheme, indicator: Indicator) -> tuple[Ref, ...]:
    if indicator.points is None:
        return (place_ref(submission, scheme, indicator.code, SELF_SCORE),)
    formulas = [formula for formula in (indicator.points, indicator.pending) if formula is not None]
    return evidence(submission, scheme, formulas)
