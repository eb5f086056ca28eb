"""Scheme -> the trees of an indicator's points, compiled into both workbooks; knows no address."""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache
from typing import Final

from evalbatch.scheme import APPLICABLE, REASON, SELF_SCORE, Formula, Indicator, Scheme, Sentence
from evalbatch.scheme.formula import Call, Cell, Compare, Node, Number, Product, Text

BLANK: Final = Call("BLANK", (), 0)
NOT_APPLICABLE: Final = "不适用"
PENDING: Final = "待核"
CLAIMED: Final = "自评"
COMPUTED: Final = "测算"
_FULL: Final = "满分"
_ZERO: Final = Number(Decimal(0))


def either(condition: Node, yes: Node, no: Node) -> Node:
    """IF."""
    return Call("IF", (condition, yes, no), 0)


def refused(code: str) -> Node:
    """是否适用 = 否."""
    return Compare("=", Cell(code, APPLICABLE), Text("否"))


def excused(code: str) -> Node:
    """是否适用 = 否 with a reason."""
    return Call("AND", (refused(code), Call("NOT", (Call("ISBLANK", (Cell(code, REASON),), 0),), 0)), 0)


def granted(scheme: Scheme, indicator: Indicator) -> Number:
    """The points of an indicator that does not apply."""
    return Number(indicator.weight) if scheme.choice(NOT_APPLICABLE) == _FULL else _ZERO


@lru_cache(maxsize=256)
def excuse(scheme: Scheme, code: str) -> Sentence:
    """What is said of an indicator that the department excused: its reason, and what it counts for that."""
    word = "满分" if granted(scheme, scheme.indicators[code]).value else "0分"
    reason = (Formula.of(Cell(code, REASON)), "")
    return Sentence(Formula.of(excused(code)), ("部门填报不适用（", reason, f"），计{word}。"))


def sentences(scheme: Scheme, indicator: Indicator) -> tuple[Sentence, ...]:
    """The sentences of a computed row, of which the first that holds is said."""
    return (excuse(scheme, indicator.code), *indicator.say) if indicator.spec.inapplicable else indicator.say


def rounded(scheme: Scheme, node: Node) -> Node:
    """Points as they are shown and added up; a blank is 0."""
    return Call("ROUND", (Call("N", (node,), 0), Number(Decimal(scheme.spec.total.decimals))), 0)


def within(points: Node, most: Node) -> Node:
    """Points from 0 to the most."""
    return Call("MIN", (Call("MAX", (points, _ZERO), 0), most), 0)


def computed(scheme: Scheme, indicator: Indicator, excused_as: Node, pending_as: Node) -> Node:
    """测算得分 in the order of the regulation: not applicable as claimed, 待核, not applicable as found, points."""
    assert indicator.points is not None
    node = within(rounded(scheme, indicator.points.node), Number(indicator.weight))
    if indicator.not_applicable is not None:
        node = either(indicator.not_applicable.node, granted(scheme, indicator), node)
    if indicator.pending is not None and not indicator.spec.partial:
        node = either(indicator.pending.node, pending_as, node)
    if indicator.spec.inapplicable:
        node = either(excused(indicator.code), excused_as, node)
    return node


def source(scheme: Scheme, indicator: Indicator, claimed: Node, shown: Node) -> Node:
    """得分来源 before any review; ``claimed`` and ``shown`` are the line's 自评得分 and 测算得分, blank where they are."""
    unclaimed = Call("ISBLANK", (claimed,), 0)
    node: Node
    if indicator.points is None:
        node = either(unclaimed, Text(PENDING), Text(CLAIMED))
    else:
        claims = scheme.choice("客观指标采用") == CLAIMED
        node = either(unclaimed, Text(COMPUTED), Text(CLAIMED)) if claims else Text(COMPUTED)
        if indicator.not_applicable is not None:
            node = either(indicator.not_applicable.node, Text(NOT_APPLICABLE), node)
        if indicator.pending is not None:
            # what is 待核 shows no 测算得分, unless part of it is computed all the same
            pending = indicator.pending.node if indicator.spec.partial else Call("ISBLANK", (shown,), 0)
            node = either(pending, Text(PENDING), node)
    if indicator.spec.inapplicable:
        node = either(excused(indicator.code), Text(NOT_APPLICABLE), node)
    if indicator.spec.optional:
        node = either(refused(indicator.code), Text(NOT_APPLICABLE), node)
    return node


def weight(scheme: Scheme, indicator: Indicator) -> Node:
    """分值 as it is shown: an optional row's on the scale of the chosen ones."""
    full = Number(indicator.weight)
    node: Node = full if indicator.scale is None else rounded(scheme, _scaled(indicator, full))
    return either(refused(indicator.code), _ZERO, node) if indicator.spec.optional else node


def claim(scheme: Scheme, indicator: Indicator) -> Node:
    """自评得分 as it is shown, on the same scale."""
    own = Cell(indicator.code, SELF_SCORE)
    unclaimed: Node = Call("ISBLANK", (own,), 0)
    if indicator.spec.optional:
        unclaimed = Call("OR", (refused(indicator.code), unclaimed), 0)
    return either(unclaimed, BLANK, rounded(scheme, _scaled(indicator, own)))


def _scaled(indicator: Indicator, points: Node) -> Node:
    return points if indicator.scale is None else Product(points, indicator.scale.node, divide=False)


__all__ = [
    "BLANK",
    "CLAIMED",
    "COMPUTED",
    "NOT_APPLICABLE",
    "PENDING",
    "claim",
    "computed",
    "either",
    "excuse",
    "excused",
    "granted",
    "refused",
    "rounded",
    "sentences",
    "source",
    "weight",
    "within",
]
