"""The expression language: what it means, how it prints, and that Excel's formula says the same."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook
from xlsxwriter import Workbook

from evalbatch.model import Value
from evalbatch.scheme.formula import (
    Call,
    Cell,
    Compare,
    FormulaError,
    Macro,
    Node,
    Number,
    Product,
    Scope,
    Sum,
    Text,
    bind,
    compile_evaluator,
    highest,
    maybe_blank,
    parse,
    round_half_up,
    to_excel,
    to_text,
    weighted_mean,
)
from tests.libreoffice import needs_libreoffice, recalculate

COLUMN = "决算数"


class Figures:
    """Cells by key in one column, and list columns."""

    def __init__(self, cells: Mapping[str, Value], columns: Mapping[str, Sequence[Value]] | None = None) -> None:
        self.cells = cells
        self.columns = columns or {}

    def figure(self, key: str, column: str) -> Value:
        return self.cells.get(key or column)

    def column(self, prefix: str, column: str) -> Sequence[Value]:
        return self.columns[column]


def value(text: str, **cells: object) -> Value:
    scope = Scope(lambda key, column: True, column=COLUMN)
    figures = {key: Decimal(str(item)) if isinstance(item, int | float) else item for key, item in cells.items()}
    return compile_evaluator(bind(parse(text), scope, text))(Figures(figures))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "cells", "expected"),
    [
        ("S1 + S2", {"S1": 1.1, "S2": 2.2}, "3.3"),
        ("S1 + S2", {"S1": 1.1}, "1.1"),
        ("S1 + S2", {}, None),
        ("S1 - S2", {"S2": 2}, "-2"),
        ("S1 * S2", {"S1": 2}, None),
        ("S1 / S2", {"S1": 2, "S2": 0}, None),
        ("S1 / S2", {"S1": 2, "S2": 3}, "0.666666666667"),
        ("0 / 5", {}, "0"),
        ("ROUND(S1, 2)", {"S1": 0.125}, "0.13"),
        ("ROUND(S1, 2)", {"S1": -0.125}, "-0.13"),
        ("ROUND(S1, 2)", {}, None),
        ("ROUNDUP(S1, 0)", {"S1": 0.0001}, "1"),
        ("ROUNDUP(S1, 0)", {"S1": 2}, "2"),
        ("MAX(S1, 0)", {"S1": -1}, "0"),
        ("MAX(S1, 0)", {}, "0"),
        ("MIN(S1, S2)", {}, None),
        ("ABS(S1)", {"S1": -3}, "3"),
        ("N(S1)", {}, "0"),
        ("ISBLANK(S1)", {}, "1"),
        ("ISBLANK(S1)", {"S1": 0}, "0"),
        ("IF(S1 > 0, 1, 2)", {}, "2"),
        ("IF(S1 = 0, 1, 2)", {}, "1"),
        ("IF(S1 = \"是\", 1, 2)", {}, "2"),
        ("IF(S1 <> \"否\", 1, 2)", {}, "1"),
        ("IF(AND(S1 > 0, S2 > 0), 1, 0)", {"S1": 1, "S2": 1}, "1"),
        ("IF(OR(S1 > 0, S2 > 0), 1, 0)", {"S2": 1}, "1"),
        ("IF(NOT(S1 >= 90%), 1, 0)", {"S1": 0.9}, "0"),
        ("BLANK()", {}, None),
        ("-S1 + 1", {"S1": 3}, "-2"),
        ("1 - (2 - 3) - 4", {}, "-2"),
        ("12 / (2 * 3)", {}, "2"),
    ],
)  # fmt: skip
def test_value(text: str, cells: dict[str, object], expected: str | None) -> None:
    found = value(text, **cells)
    assert found == (None if expected is None else Decimal(expected))


def test_sums_of_amounts_keep_no_trace_of_binary_fractions() -> None:
    assert value("S1 + S2", S1=0.1, S2=0.2) == Decimal("0.3")


def test_lists() -> None:
    columns: dict[str, Sequence[Value]] = {
        "金额": [Decimal(1), None, Decimal(3)],
        "类别": ["甲", "甲", "乙"],
        "权": [Decimal(1), Decimal(1), Decimal(2)],
        "名": ["一", None, "三"],
        "旗": [Decimal(1), Decimal(1), Decimal(0)],
    }

    def found(text: str) -> Value:
        node = bind(parse(text), Scope(lambda key, column: True), text)
        return compile_evaluator(node)(Figures({}, columns))

    assert found("SUM(X.金额)") == 4
    assert found('SUMIF(X.金额, X.类别, "甲")') == 1
    assert found('SUMIF(X.金额, X.类别, "丙")') is None
    assert found("COUNT(X.金额)") == 2
    assert found('COUNTIF(X.类别, "甲")') == 2
    assert found("WMEAN(X.金额, X.权)") == Decimal("1.75")
    assert found('WMEANIF(X.金额, X.权, X.类别, "乙")') == 3
    assert found("NAMES(X.名, X.旗)") == "一、（未填名称）"


def test_weights_are_equal_unless_every_row_has_one() -> None:
    one, three = Decimal(1), Decimal(3)
    assert weighted_mean([one, three], [one, None]) == 2
    assert weighted_mean([one, three], [Decimal(0), Decimal(0)]) == 2
    assert weighted_mean([one, three], [three, one]) == Decimal("1.5")
    assert weighted_mean([], []) is None


def test_highest_is_the_first_of_the_best_in_each_group() -> None:
    points = [Decimal(2), Decimal(3), Decimal(3), None, Decimal(1)]
    assert highest(points, ["甲", "甲", "甲", "乙", "丙"]) == [0, 3, 0, 0, 1]


@pytest.mark.parametrize(
    ("text", "position"),
    [("S1 +", 5), ("S1 + $", 6), ("IF(1, 2", 8), ("1 2", 3), ("", 1), ('"未完', 1), ("S1 = S2 = S3", 9)],
)
def test_a_fault_in_the_text_is_found_where_it_stands(text: str, position: int) -> None:
    with pytest.raises(FormulaError) as caught:
        parse(text)
    assert caught.value.position == position


@pytest.mark.parametrize(
    ("text", "position", "reason"),
    [
        ("S1 + 没有", 6, "没有"),
        ("S1 + S99.决算数", 6, "S99"),
        ("FOO(S1)", 1, "FOO"),
        ("IF(S1, 2)", 1, "IF"),
        ("倍(S1, 2)", 1, "倍"),
    ],
)
def test_an_unknown_name_is_found_where_it_stands(text: str, position: int, reason: str) -> None:
    macros = {"倍": Macro(("甲",), parse("甲 * 2"))}
    scope = Scope(lambda key, column: key == "S1", column=COLUMN, macros=macros)
    with pytest.raises(FormulaError) as caught:
        bind(parse(text), scope, text)
    assert caught.value.position == position
    assert reason in caught.value.reason


def test_a_macro_stands_for_its_body() -> None:
    macros = {"倍": Macro(("甲",), parse("甲 * 2"))}
    scope = Scope(lambda key, column: True, column=COLUMN, macros=macros)
    assert to_text(bind(parse("倍(S1 + 1)"), scope, "")) == "(S1.决算数 + 1) * 2"


KEYS = ("S1", "S2", "S3", "S4")
WORDS = "K1"

figures = st.one_of(st.none(), st.just(Decimal(0)), st.decimals(-1000, 1000, places=2))
leaves: st.SearchStrategy[Node] = st.one_of(
    st.sampled_from([Cell(key, COLUMN) for key in KEYS]),
    st.decimals(0, 100, places=2).map(Number),
)


def grow(children: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    condition = st.one_of(
        st.tuples(st.sampled_from(["=", "<>", "<", "<=", ">", ">="]), children, children).map(lambda t: Compare(*t)),
        children.map(lambda node: Call("ISBLANK", (node,), 0)),
        st.sampled_from(["是", "否"]).map(lambda word: Compare("=", Cell(WORDS, COLUMN), Text(word))),
    )
    terms = st.lists(st.tuples(st.sampled_from([1, -1]), children), min_size=2, max_size=4)
    return st.one_of(
        terms.map(lambda items: Sum(tuple(items))),
        st.tuples(children, children, st.booleans()).map(lambda t: Product(*t)),
        st.tuples(condition, children, children).map(lambda t: Call("IF", t, 0)),
        children.map(lambda node: Call("N", (node,), 0)),
        children.map(lambda node: Call("ABS", (node,), 0)),
        children.map(lambda node: Call("ROUND", (node, Number(Decimal(2))), 0)),
        children.map(lambda node: Call("MAX", (node, Number(Decimal(0))), 0)),
    )


trees = st.recursive(leaves, grow, max_leaves=8)


@given(trees)
def test_what_is_printed_reads_back_as_the_same_formula(tree: Node) -> None:
    scope = Scope(lambda key, column: True)
    text = to_text(tree)
    assert to_text(bind(parse(text), scope, text)) == text


@given(trees, st.lists(figures, min_size=4, max_size=4))
def test_a_formula_that_cannot_be_blank_never_is(tree: Node, values: list[Decimal | None]) -> None:
    cells: dict[str, Value] = dict(zip(KEYS, values, strict=True))
    if not maybe_blank(tree):
        assert compile_evaluator(tree)(Figures(cells)) is not None


@needs_libreoffice
def test_excel_and_the_evaluator_agree(tmp_path: Path) -> None:
    """A thousand random formulas over random figures, recalculated by LibreOffice."""
    source = random.Random(20240101)
    rows: list[tuple[Node, dict[str, Value]]] = [(_random_tree(source, 4), _random_cells(source)) for _ in range(1000)]
    path = tmp_path / "formulas.xlsx"
    with Workbook(str(path)) as workbook:
        sheet = workbook.add_worksheet("公式")
        for number, (tree, cells) in enumerate(rows):
            for column, key in enumerate((*KEYS, WORDS)):
                item = cells[key]
                if isinstance(item, Decimal):
                    sheet.write_number(number, column, float(item))
                elif isinstance(item, str):
                    sheet.write_string(number, column, item)
            sheet.write_formula(number, 5, "=" + to_excel(tree, _Row(number + 1)), None, "not calculated")
    (calculated,) = recalculate([path], tmp_path / "out")
    found = load_workbook(calculated, data_only=True)["公式"]
    different = []
    for number, (tree, cells) in enumerate(rows):
        expected = compile_evaluator(tree)(Figures(cells))
        shown = found.cell(number + 1, 6).value
        if not _same(expected, shown):
            different.append((to_text(tree), cells, expected, shown))
    assert different == []


class _Row:
    """Addresses of one row of the sheet."""

    def __init__(self, number: int) -> None:
        self.number = number

    def cell(self, key: str, column: str) -> str:
        return f"{'ABCDE'[(*KEYS, WORDS).index(key)]}{self.number}"

    def column(self, prefix: str, column: str) -> str:
        raise NotImplementedError


def _same(expected: Value, shown: object) -> bool:
    if expected is None:
        return shown in (None, "")
    if isinstance(shown, bool):
        return expected == int(shown)
    if not isinstance(shown, int | float) or not isinstance(expected, Decimal):
        return False
    return abs(float(expected) - shown) <= 1e-9 * max(1.0, abs(float(expected)))


def _random_cells(source: random.Random) -> dict[str, Value]:
    cells: dict[str, Value] = {}
    for key in KEYS:
        kind = source.random()
        cells[key] = None if kind < 0.25 else Decimal(0) if kind < 0.4 else Decimal(source.randint(-99999, 99999)) / 100
    cells[WORDS] = source.choice([None, "是", "否"])
    return cells


def _random_tree(source: random.Random, depth: int) -> Node:
    if depth == 0 or source.random() < 0.15:
        if source.random() < 0.75:
            return Cell(source.choice(KEYS), COLUMN)
        return Number(Decimal(source.randint(0, 2000)) / 100)

    def below() -> Node:
        return _random_tree(source, depth - 1)

    match source.randrange(7):
        case 0:
            return Sum(tuple((source.choice([1, -1]), below()) for _ in range(source.randint(2, 4))))
        case 1:
            return Product(below(), below(), divide=False)
        case 2:
            return Product(below(), below(), divide=True)
        case 3:
            word = Compare(source.choice(["=", "<>"]), Cell(WORDS, COLUMN), Text("是"))
            compared = Compare(source.choice(["=", "<>", "<", "<=", ">", ">="]), below(), below())
            blank = Call("ISBLANK", (below(),), 0)
            both = Call(source.choice(["AND", "OR"]), (compared, blank), 0)
            conditions: list[Node] = [word, compared, blank, both]
            return Call("IF", (source.choice(conditions), below(), below()), 0)
        case 4:
            return Call("N", (below(),), 0)
        case 5:
            return Call("ABS", (below(),), 0)
        case _:
            return Call(source.choice(["MAX", "MIN"]), (below(), Number(Decimal(source.randint(0, 9)))), 0)


def test_rounding_is_half_away_from_zero() -> None:
    assert round_half_up(Decimal("2.345"), 2) == Decimal("2.35")
    assert round_half_up(Decimal("-2.345"), 2) == Decimal("-2.35")
