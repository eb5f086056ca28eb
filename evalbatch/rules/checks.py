"""The scheme's identities and thresholds as findings: every check judged, root causes only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from evalbatch.figures import RowFigures
from evalbatch.model import Finding, ListRow
from evalbatch.rules.case import Case
from evalbatch.scheme import Check, Judgement, show
from evalbatch.scheme.formula import Cell, Node, Number, Sum

_RELATION: Final = {"=": "应等于", "<=": "应不大于", ">=": "应不小于", ">": "应大于", "<": "应小于", "<>": "应不等于"}
Place = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Breach:
    """A check that does not hold, over its cells or over one list row."""

    check: Check
    judgement: Judgement
    row: ListRow | None
    places: frozenset[Place]

    @property
    def lines(self) -> frozenset[str]:
        """The line keys it rests on: what several breaches may share."""
        return frozenset(key for key, _ in self.places)

    @property
    def equality(self) -> bool:
        """An identity rather than a threshold."""
        return self.check.operator == "="


def find(case: Case) -> Iterator[Finding]:
    """The findings of all checks of the scheme, in the order of the scheme.

    A check whose cells are in doubt is left out; of several thresholds on one figure the gravest speaks;
    identities broken by the same amount through a shared line are one finding, at the lowest code.
    """
    breaches = list(_breaches(case))
    for kind in (False, True):
        chosen = [breach for breach in breaches if breach.judgement.tail is kind]
        if not kind:
            chosen = _without_consequences(chosen)
        yield from _report(case, chosen)


def _breaches(case: Case) -> Iterator[Breach]:
    scheme = case.scheme
    step, fixed = scheme.tail_step(case.submission.unit), scheme.spec.tolerance.fixed
    doubt = case.spread()
    spoken: set[tuple[str, str, str]] = set()
    for check in scheme.checks:
        rows: Sequence[ListRow | None] = case.rows(check.list) if check.list else (None,)
        for row in rows:
            if doubt and not doubt.isdisjoint(_places(check, row)):
                continue
            figures = case.figures if row is None else RowFigures(row.row, row.computed)
            judgement = check.judge(figures, step, fixed)
            if judgement.verdict == "—" or (judgement.verdict == "✓" and not judgement.tail):
                continue
            subject = (check.code, check.left.text, "" if row is None else row.row.key)
            if subject not in spoken:
                spoken.add(subject)
                yield Breach(check, judgement, row, _resting_on(case, _places(check, row)))


def _places(check: Check, row: ListRow | None) -> frozenset[Place]:
    return frozenset((key or (row.row.key if row is not None else ""), column) for key, column in check.cells)


def _resting_on(case: Case, places: frozenset[Place]) -> frozenset[Place]:
    """The places with all that they are computed from: a fault in a part is a fault in its total, one in a row of a
    list is a fault in the sum over the list."""
    found: set[Place] = set()
    queue = list(places)
    while queue:
        place = queue.pop()
        if place in found:
            continue
        found.add(place)
        key, column = place
        if key in case.scheme.lists:
            queue.extend((row.row.key, column) for row in case.rows(key))
        entry = case.submission.cells.get(place)
        if entry is not None and entry.derived:
            queue.extend((cell.key, cell.column) for cell in case.scheme.derivations[place].cells)
    return frozenset(found)


def _without_consequences(breaches: list[Breach]) -> list[Breach]:
    """Drop thresholds of the form whose one side is itself the left side of a broken identity."""
    broken = {breach.check.place for breach in breaches if breach.equality and breach.row is None}

    def follows(breach: Breach) -> bool:
        if breach.equality or breach.check.kind != "填报":
            return False
        sides = [side.node for side in (breach.check.left, breach.check.right)]
        return any(isinstance(side, Cell) and (side.key, side.column) in broken for side in sides)

    return [breach for breach in breaches if not follows(breach)]


def _report(case: Case, breaches: list[Breach]) -> Iterator[Finding]:
    """One finding for each group of breaches; those led by checks of one code that merges are one finding."""
    merged: dict[str, list[list[Breach]]] = {}
    for group in _groups(breaches):
        group.sort(key=lambda breach: (breach.check.code, breaches.index(breach)))
        if group[0].check.merge:
            merged.setdefault(group[0].check.code, []).append(group)
        else:
            yield _finding(case, group[0], group[1:])
    for groups in merged.values():
        finding = _finding(case, groups[0][0], groups[0][1:])
        if len(groups) > 1:
            named = "；".join(_figures(group[0]) for group in groups)
            finding = replace(
                finding, ref=case.refs(group[0].check.place for group in groups), found="", expected="",
                difference=None, what=f"{len(groups)} 处不成立：{named}",
            )  # fmt: skip
        yield finding


def _groups(breaches: list[Breach]) -> list[list[Breach]]:
    """Breaches of the form by the same amount that share a line, chained together; all others alone."""
    groups: list[list[Breach]] = []
    for breach in breaches:
        joined = [breach]
        if _groupable(breach):
            near = [group for group in groups if any(_same(breach, other) for other in group)]
            joined = [other for group in near for other in group] + joined
            groups = [group for group in groups if group not in near]
        groups.append(joined)
    return groups


def _groupable(breach: Breach) -> bool:
    return breach.check.kind == "填报" and breach.check.tolerance == "tail"


def _same(one: Breach, other: Breach) -> bool:
    if not _groupable(other):
        return False
    assert one.judgement.difference is not None and other.judgement.difference is not None
    return abs(one.judgement.difference) == abs(other.judgement.difference) and bool(one.lines & other.lines)


def _finding(case: Case, breach: Breach, others: list[Breach]) -> Finding:
    check, judgement = breach.check, breach.judgement
    what = _figures(breach)
    if judgement.tail:
        what = f"尾差：{what}"
    if others:
        named = "、".join(f"{other.check.code}（{_name(other)}）" for other in others)
        what += f"。同一差额还使以下关系不成立：{named}"
    key, column = check.place
    ref = case.row_ref(breach.row, column) if breach.row is not None else case.ref(key, column)
    form = _form(check)
    return Finding(
        code=check.code,
        level="提示" if judgement.tail else check.level,
        kind=check.kind,
        ref=ref,
        what=what,
        found=show(judgement.left, form),
        expected=f"{_RELATION[check.operator]}{show(judgement.right, form)}",
        difference=judgement.difference,
        advice="尾差在允许范围内，不必更正。" if judgement.tail else check.advice,
        explanation=_explanation(case, check),
    )


def _name(breach: Breach) -> str:
    key, column = breach.check.place
    return f"{breach.row.row.key if breach.row is not None else key}.{column}"


def _figures(breach: Breach) -> str:
    check, judgement = breach.check, breach.judgement
    form = _form(check)
    title = check.title if breach.row is None else f"{breach.row.row.key} {check.title.partition('：')[2]}"
    assert judgement.difference is not None
    gap = show(abs(judgement.difference), form)
    return f"{title}：左边 {show(judgement.left, form)}，右边 {show(judgement.right, form)}，相差 {gap}{_unit(check)}"


def _form(check: Check) -> str:
    """Ratios against a percentage are written as percentages."""
    right = check.right.node
    if isinstance(right, Number) and right.percent:
        return "%"
    if _negative_percent(right):
        return "%"
    ratio = not isinstance(check.left.node, Cell | Sum)
    return "%" if ratio and isinstance(right, Number) and right.value == 0 else ""


def _negative_percent(node: Node) -> bool:
    return isinstance(node, Sum) and len(node.terms) == 1 and (
        isinstance(node.terms[0][1], Number) and node.terms[0][1].percent
    )  # fmt: skip


def _unit(check: Check) -> str:
    if _form(check) == "%":
        return ""
    return " 万元" if check.tolerance != "none" else ""


def _explanation(case: Case, check: Check) -> str:
    said = case.submission.explanations.get(check.id, "")
    if not said and check.reason is not None:
        said = case.submission.text(*check.reason)
    return said


__all__ = ["Breach", "find"]
