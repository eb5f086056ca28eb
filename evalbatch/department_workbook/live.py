"""Scheme -> the formulas that live in the department's workbook, over amounts in its own unit; knows no cell address.

The scheme speaks 万元; a department may fill in 元, 千元 or 亿元. Ratios and identities do not mind, literal amounts
and tolerances do: they become ``Cell(LITERAL, "0.01")``, which a sheet writes as ``(0.01*factor)`` and a Filling
answers with that amount in its unit. So one tree serves the live formula and its cached value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache
from typing import Final

from evalbatch.scheme import SELF_SCORE, Check, Formula, Scheme, Sentence
from evalbatch.scheme import formula as language
from evalbatch.scheme.formula import Call, Cell, Compare, Node, Number, Product, Sum, Text
from evalbatch.scheme.points import BLANK, PENDING, computed, granted, refused, sentences

LITERAL: Final = "万元"
"""Key of a literal amount; its column is the amount in 万元, as text."""
_COUNTING: Final = frozenset({"AND", "OR", "NOT", "ISBLANK", "COUNT", "COUNTIF", "BLANK"})


@dataclass(frozen=True, slots=True)
class LiveCheck:
    """A check over amounts in the workbook's unit, with the two formulas that its row shows."""

    check: Check
    left: Formula
    """The left side, blank while the check does not apply."""
    right: Formula
    amount: bool
    """Whether the sides are amounts: their tolerance scales with the unit."""
    ratio: bool
    """Whether a quotient is compared: it is exact at 12 decimals."""


@dataclass(frozen=True, slots=True)
class LiveFigure:
    """A figure within a sentence, and how it is shown there."""

    formula: Formula
    form: str
    amount: bool
    """Whether it is an amount: sentences speak of 万元, whatever the workbook's unit."""


@dataclass(frozen=True, slots=True)
class LiveSentence:
    """A sentence of the scheme over amounts in the workbook's unit, and the condition under which it is said."""

    when: Formula | None
    pieces: tuple[str | LiveFigure, ...]


@dataclass(frozen=True, slots=True)
class Live:
    """What the department's workbook computes beyond the derived cells."""

    rows: Mapping[str, Mapping[str, Node]]
    """Computed columns of each list, by its prefix."""
    checks: tuple[LiveCheck, ...]
    scores: Mapping[str, Formula]
    """测算得分 of the objective indicators; 待核 is a text."""
    sentences: Mapping[str, tuple[LiveSentence, ...]]
    """测算说明 of the objective indicators: the first one that holds."""
    claimed: Mapping[str, Formula]
    """自评得分 of each group, optional rows on the scale of the chosen ones."""

    def list_cells(self, prefix: str) -> tuple[Cell, ...]:
        """The cells of a list that any of these formulas reads, the row's own with an empty key."""
        trees = [(name, node) for name, columns in self.rows.items() for node in columns.values()]
        trees += [(live.check.list, side.node) for live in self.checks for side in (live.left, live.right)]
        trees += [("", score.node) for score in self.scores.values()]
        trees += [("", node) for sentence in self.said() for node in _nodes(sentence)]
        found = [
            cell
            for within, node in trees
            for cell in language.cells(node)
            if cell.key == prefix or (not cell.key and within == prefix)
        ]
        return tuple(found)

    def said(self) -> Iterator[LiveSentence]:
        """Every sentence of every indicator."""
        return (sentence for sentences in self.sentences.values() for sentence in sentences)

    def named(self, prefix: str) -> tuple[tuple[str, str], ...]:
        """The (label, flag) columns of a list whose flagged rows a sentence names."""
        figures = [piece for sentence in self.said() for piece in sentence.pieces if isinstance(piece, LiveFigure)]
        found: dict[tuple[str, str], None] = {}
        for figure in figures:
            match figure.formula.node:
                case Call("NAMES", (Cell(key, label, _), Cell(_, flag, _)), _) if key == prefix:
                    found[label, flag] = None
                case _:
                    pass
        return tuple(found)


def _nodes(sentence: LiveSentence) -> Iterator[Node]:
    if sentence.when is not None:
        yield sentence.when.node
    for piece in sentence.pieces:
        if isinstance(piece, LiveFigure):
            yield piece.formula.node


@lru_cache(maxsize=8)
def live_formulas(scheme: Scheme) -> Live:
    """The live formulas of a scheme."""
    units = _Units(scheme)
    return Live(
        rows={
            prefix: {name: units.rewrite(formula.node, prefix) for name, formula in columns.items()}
            for prefix, columns in scheme.row_formulas.items()
        },
        checks=tuple(_live_check(units, check) for check in scheme.checks),
        scores={
            code: Formula.of(units.rewrite(computed(scheme, indicator, granted(scheme, indicator), Text(PENDING))))
            for code, indicator in scheme.indicators.items()
            if indicator.points is not None
        },
        sentences={
            code: tuple(_live_sentence(units, sentence) for sentence in sentences(scheme, indicator))
            for code, indicator in scheme.indicators.items()
            if indicator.points is not None
        },
        claimed={group.code: Formula.of(_claimed(scheme, group.code)) for group in scheme.spec.groups},
    )


def _live_sentence(units: _Units, sentence: Sentence) -> LiveSentence:
    def live(formula: Formula) -> Formula:
        return Formula.of(units.rewrite(formula.node))

    return LiveSentence(
        when=None if sentence.when is None else live(sentence.when),
        pieces=tuple(
            piece if isinstance(piece, str) else LiveFigure(live(piece[0]), piece[1], units.is_amount(piece[0].node))
            for piece in sentence.pieces
        ),
    )


def _live_check(units: _Units, check: Check) -> LiveCheck:
    relation = units.rewrite(Compare(check.operator, check.left.node, check.right.node), check.list)
    assert isinstance(relation, Compare)
    when = None if check.when is None else Formula.of(units.rewrite(check.when.node, check.list))
    left, right = Formula.of(relation.left), Formula.of(relation.right)

    def shown(side: Formula) -> Formula:
        return side if when is None else Formula.of(Call("IF", (when.node, side.node, BLANK), 0))

    return LiveCheck(
        check=replace(check, left=left, right=right, when=when),
        left=shown(left),
        right=shown(right),
        amount=any(units.is_amount(node, check.list) for node in (left.node, right.node)),
        ratio=_divides(left.node) or _divides(right.node),
    )


def _claimed(scheme: Scheme, group: str) -> Node:
    """The sum of a group's claims; optional rows are rounded one by one on the scale of the chosen ones."""
    rows = [indicator for indicator in scheme.indicators.values() if indicator.group.code == group]
    claims = [Cell(indicator.code, SELF_SCORE) for indicator in rows]
    if all(indicator.scale is None for indicator in rows):
        return Sum(tuple((-1 if row.spec.subtract else 1, claim) for row, claim in zip(rows, claims, strict=True)))
    zero, decimals = Number(Decimal(0)), Number(Decimal(scheme.spec.total.decimals))
    terms: list[tuple[int, Node]] = []
    for row, claim in zip(rows, claims, strict=True):
        scale = Number(Decimal(1)) if row.scale is None else row.scale.node
        scaled = Product(Call("N", (claim,), 0), Call("N", (scale,), 0), divide=False)
        terms.append((1, Call("IF", (refused(row.code), zero, Call("ROUND", (scaled, decimals), 0)), 0)))
    unclaimed = Call("AND", tuple(Call("ISBLANK", (claim,), 0) for claim in claims), 0)
    return Call("IF", (unclaimed, BLANK, Sum(tuple(terms))), 0)


def _divides(node: Node) -> bool:
    match node:
        case Product(left, right, divide):
            return divide or _divides(left) or _divides(right)
        case Sum(terms):
            return any(_divides(term) for _, term in terms)
        case Call(_, arguments, _):
            return any(_divides(argument) for argument in arguments)
        case _:
            return False


class _Units:
    """Tells amounts from other figures and puts literal amounts into the workbook's unit."""

    def __init__(self, scheme: Scheme) -> None:
        self.amounts = {
            (key, name) for key, line in scheme.lines.items() for name, spec in line.types.items()
            if spec.type == "amount"
        } | {
            (prefix, column.name) for prefix, sheet in scheme.lists.items() for column in sheet.columns
            if column.type == "amount"
        }  # fmt: skip

    def is_amount(self, node: Node, prefix: str = "") -> bool:
        """Whether a formula, standing in a row of list ``prefix`` if any, yields an amount."""
        return self._power(node, prefix) == 1

    def _power(self, node: Node, prefix: str) -> int:
        match node:
            case Cell(key, column, _):
                return int((key or prefix, column) in self.amounts)
            case Sum(terms):
                return max(self._power(term, prefix) for _, term in terms)
            case Product(left, right, divide):
                power = self._power(right, prefix)
                return self._power(left, prefix) + (-power if divide else power)
            case Call("IF", (_, yes, no), _):
                return max(self._power(yes, prefix), self._power(no, prefix))
            case Call("MIN" | "MAX", arguments, _):
                return max(self._power(argument, prefix) for argument in arguments)
            case Call(name, arguments, _) if name not in _COUNTING:
                return self._power(arguments[0], prefix)
            case _:
                return 0

    def rewrite(self, node: Node, prefix: str = "") -> Node:
        """The tree with each literal beside an amount turned into a literal amount."""
        match node:
            case Sum(terms):
                beside = self.is_amount(node, prefix)
                return Sum(tuple((sign, self._term(term, prefix, beside)) for sign, term in terms))
            case Product(left, right, divide):
                return Product(self.rewrite(left, prefix), self.rewrite(right, prefix), divide)
            case Compare(operator, left, right):
                beside = self.is_amount(left, prefix) or self.is_amount(right, prefix)
                return Compare(operator, self._term(left, prefix, beside), self._term(right, prefix, beside))
            case Call("MIN" | "MAX" as name, arguments, position):
                beside = self.is_amount(node, prefix)
                return Call(name, tuple(self._term(argument, prefix, beside) for argument in arguments), position)
            case Call(name, arguments, position):
                return Call(name, tuple(self.rewrite(argument, prefix) for argument in arguments), position)
            case _:
                return node

    def _term(self, node: Node, prefix: str, amount: bool) -> Node:
        if amount and isinstance(node, Number) and node.value:
            return Cell(LITERAL, f"{node.value:f}")
        return self.rewrite(node, prefix)
