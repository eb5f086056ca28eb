"""Laws that hold whatever a department fills in: bounds of scores, places of findings, and what changes a score."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evalbatch.model import Result
from evalbatch.scheme.formula import cells
from tests.forms import base, judge, scheme

settings.register_profile(
    "rules", derandomize=True, deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow]
)
RULES = settings.get_profile("rules")

FIGURES = sorted(name for name, value in base().items() if isinstance(value, int | Decimal))
CELL = re.compile(r"[A-Z]{1,2}\d*")


def read_by_scores() -> set[tuple[str, str]]:
    """The cells that the points, the pending state or the scale of a row rests on."""
    found: set[tuple[str, str]] = set()
    queue = [
        (cell.key, cell.column)
        for indicator in scheme().indicators.values()
        for formula in (indicator.points, indicator.pending, indicator.not_applicable, indicator.scale)
        if formula is not None
        for cell in cells(formula.node)
    ]
    while queue:
        place = queue.pop()
        if place in found:
            continue
        found.add(place)
        if place in scheme().derivations:
            queue.extend((cell.key or place[0], cell.column) for cell in cells(scheme().derivations[place].node))
    return found


SCORED = read_by_scores()
UNSCORED = [
    f"{line.key}.{column}"
    for line in scheme().lines.values()
    for column, spec in line.types.items()
    if spec.type in ("amount", "count") and (line.key, column) not in SCORED and line.key[0] not in "TL"
]

amounts = st.one_of(
    st.just(""),
    st.decimals(-100, 20_000, places=2, allow_nan=False, allow_infinity=False),
    st.integers(0, 2_000),
    st.sampled_from(["无", "约300", "1,234.50", "３７１１.７", "（12.5）", {"error": "#REF!"}]),
)
perturbations = st.dictionaries(st.sampled_from(FIGURES), amounts, max_size=6)


def final(result: Result, code: str) -> Decimal:
    return next(line.final for line in result.lines if line.code == code)


@settings(RULES)
@given(perturbations)
def test_points_stay_within_their_bounds(typed: dict[str, Any]) -> None:
    result = judge(typed)
    for line in result.lines:
        assert 0 <= line.low <= line.final <= line.high <= line.weight, line.code
    assert 0 <= result.low <= result.total <= result.high <= 100


@settings(RULES)
@given(perturbations)
def test_findings_name_cells_of_the_template(typed: dict[str, Any]) -> None:
    for finding in judge(typed).findings:
        assert finding.ref.sheet in scheme().sheets
        assert all(CELL.fullmatch(cell) for part in finding.ref.cell.split("、") for cell in part.split(":"))
        assert finding.code in scheme().rules
        assert finding.what and finding.advice


@settings(RULES)
@given(st.dictionaries(st.sampled_from(UNSCORED), amounts, min_size=1, max_size=4))
def test_an_error_never_changes_a_score(typed: dict[str, Any]) -> None:
    untouched, result = judge(), judge(typed)
    assert [(line.code, line.final) for line in result.lines] == [(line.code, line.final) for line in untouched.lines]
    assert (result.total, result.low, result.high) == (untouched.total, untouched.low, untouched.high)


def test_the_law_above_is_tried_on_workbooks_with_errors() -> None:
    assert len(UNSCORED) > 100
    typed = {"E999.其中：基本支出": 700, "R12.决算数": 5, "P03.决算数": 51}
    assert judge(typed).count("错误") == 3
    assert judge(typed).total == judge().total


@settings(RULES)
@given(*[st.decimals(0, 1_200, places=2, allow_nan=False, allow_infinity=False)] * 2)
def test_spending_nearer_to_the_budget_never_earns_less(one: Decimal, other: Decimal) -> None:
    budget = Decimal(1000)
    far, near = sorted((one, other), key=lambda spent: abs(budget - min(spent, budget)), reverse=True)
    points = [final(judge({"S10.决算数": spent}), "B11") for spent in (far, near)]
    assert points[0] <= points[1]


@settings(RULES)
@given(*[st.decimals(0, 60, places=2, allow_nan=False, allow_infinity=False)] * 2)
def test_spending_more_on_three_publics_never_earns_more(one: Decimal, other: Decimal) -> None:
    less, more = sorted((one, other))
    assert final(judge({"G06.决算数": more}), "B13") <= final(judge({"G06.决算数": less}), "B13")


@settings(RULES)
@given(*[st.dates(date(2024, 2, 5), date(2024, 12, 31))] * 2)
def test_publishing_earlier_never_earns_less(one: date, other: date) -> None:
    early, late = sorted((one, other))
    place = "L01.部门网站公开日期"
    assert final(judge({place: early}), "B14") >= final(judge({place: late}), "B14")


@settings(RULES)
@given(st.permutations(["X001", "X002", "X003"]))
def test_the_order_of_projects_changes_nothing(order: list[str]) -> None:
    columns = [name.partition(".")[2] for name in base() if name.startswith("X001.")]
    moved = {
        f"{to}.{column}": base()[f"{source}.{column}"]
        for to, source in zip(("X001", "X002", "X003"), order, strict=True)
        for column in columns
    }
    result = judge(moved)
    assert result.findings == ()
    assert result.total == judge().total
