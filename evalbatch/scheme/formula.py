"""The one expression: text -> tree -> exact value, Excel formula or printed text; knows no sheet and no file.

The language, as written in a scheme::

    S10.决算数 = S03.决算数 + S04.决算数        an identity over cells (line key, column header)
    S10 = S03 + S04                             the same, the column supplied by the context
    全年预算数 = 年初预算数 + 预算调整数          the same, the line supplied by the context
    SUM(X.决算数)                               over the filled rows of a list sheet
    IF(ROUND(决算数 / 全年预算数, 4) < 90%, 1, 0)  a computed column of a list row

Three states. A blank is neither zero nor an error, and it behaves alike in both engines:

* ``+`` and ``-``: blanks add nothing; blank when every term is blank; rounded to 6 decimals.
* ``*`` and ``/``: blank when an operand is blank; ``/`` also when the divisor is zero; quotients are rounded
  to 12 decimals before anything else sees them.
* comparisons, AND, OR, NOT: two-valued; a blank counts as 0 beside a number and as ``""`` beside a text.
* MIN, MAX and the list functions leave blanks out; blank when nothing is left.

Rounding is half away from zero, as in Excel.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, ROUND_UP, Context, Decimal
from functools import cache, lru_cache
from typing import Final, Protocol

import lark

from evalbatch.model import Value

Scalar = Decimal | str | None
"""What an expression yields; a condition yields ``Decimal`` 1 or 0."""

_ZERO: Final = Decimal(0)
_ONE: Final = Decimal(1)
_EXACT: Final = Context(prec=60, rounding=ROUND_HALF_UP)
_QUOTIENT: Final = Decimal("1e-12")
_SUM: Final = Decimal("1e-6")
_RELATIONS: Final[Mapping[str, Callable[[Decimal, Decimal], bool]]] = {
    "=": operator.eq, "<>": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
UNNAMED: Final = "（未填名称）"
"""What NAMES says of a row without a name."""
_EXCEL_EPOCH: Final = date(1899, 12, 30).toordinal()


class FormulaError(ValueError):
    """A formula that cannot be understood; ``position`` is the 1-based character it stumbles over."""

    def __init__(self, text: str, position: int, reason: str) -> None:
        self.text = text
        self.position = position
        self.reason = reason
        super().__init__(f"{reason}（第 {position} 个字符）：{text}")


# ---------------------------------------------------------------- the tree


@dataclass(frozen=True, slots=True)
class Number:
    """A literal; ``percent`` keeps how it was written (90% rather than 0.9)."""

    value: Decimal
    percent: bool = False


@dataclass(frozen=True, slots=True)
class Text:
    """A text literal."""

    value: str


@dataclass(frozen=True, slots=True)
class Name:
    """A bare word before binding: a line key, a column header or a parameter."""

    name: str
    position: int


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell: ``key`` a line key (S10), a list prefix (X: the whole column) or ``""`` (the current list row)."""

    key: str
    column: str
    position: int = 0


@dataclass(frozen=True, slots=True)
class Sum:
    """Signed terms added up."""

    terms: tuple[tuple[int, Node], ...]


@dataclass(frozen=True, slots=True)
class Product:
    """``left * right``, or ``left / right`` when ``divide``."""

    left: Node
    right: Node
    divide: bool


@dataclass(frozen=True, slots=True)
class Compare:
    """``left operator right``."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Call:
    """A function of the language, or one defined by the scheme before binding."""

    name: str
    arguments: tuple[Node, ...]
    position: int


Node = Number | Text | Name | Cell | Sum | Product | Compare | Call


# ---------------------------------------------------------------- text -> tree

_GRAMMAR: Final = r"""
?start: comparison
?comparison: sum (OPERATOR sum)?
?sum: product
    | sum_chain
sum_chain: product (SIGN product)+
?product: unary
    | product "*" unary -> multiply
    | product "/" unary -> divide
?unary: "-" unary -> negative
    | atom
?atom: PERCENT -> percent
    | NUMBER -> number
    | STRING -> text
    | CELL -> cell
    | WORD "(" [comparison ("," comparison)*] ")" -> call
    | WORD -> name
    | "(" comparison ")"
OPERATOR: "<=" | ">=" | "<>" | "=" | "<" | ">"
SIGN: "+" | "-"
PERCENT.3: /\d+(\.\d+)?%/
NUMBER.2: /\d+(\.\d+)?/
STRING: /"[^"]*"/
CELL.4: /[A-Z]+[0-9]*\.[一-鿿：]+/
WORD.1: /[A-Za-z_一-鿿][A-Za-z0-9_一-鿿：（）]*/
%ignore /[\s]+/
"""


class _Builder(lark.Transformer[lark.Token, Node]):
    def percent(self, items: list[lark.Token]) -> Node:
        return Number(Decimal(items[0][:-1]) / 100, percent=True)

    def number(self, items: list[lark.Token]) -> Node:
        return Number(Decimal(items[0]))

    def text(self, items: list[lark.Token]) -> Node:
        return Text(items[0][1:-1])

    def cell(self, items: list[lark.Token]) -> Node:
        key, _, column = items[0].partition(".")
        return Cell(key, column, (items[0].start_pos or 0) + 1)

    def name(self, items: list[lark.Token]) -> Node:
        return Name(str(items[0]), (items[0].start_pos or 0) + 1)

    def call(self, items: list[lark.Token | Node | None]) -> Node:
        word = items[0]
        assert isinstance(word, lark.Token)
        arguments = tuple(item for item in items[1:] if item is not None and not isinstance(item, lark.Token))
        return Call(str(word), arguments, (word.start_pos or 0) + 1)

    def negative(self, items: list[Node]) -> Node:
        return Sum(((-1, items[0]),))

    def multiply(self, items: list[Node]) -> Node:
        return Product(items[0], items[1], divide=False)

    def divide(self, items: list[Node]) -> Node:
        return Product(items[0], items[1], divide=True)

    def sum_chain(self, items: list[Node | lark.Token]) -> Node:
        first = items[0]
        assert not isinstance(first, lark.Token)
        # -A + B is one sum, not the sum of -A and B
        alone = isinstance(first, Sum) and len(first.terms) == 1
        terms: list[tuple[int, Node]] = [*first.terms] if alone else [(1, first)]  # type: ignore[union-attr]
        for sign, term in zip(items[1::2], items[2::2], strict=True):
            assert not isinstance(term, lark.Token)
            terms.append((1 if sign == "+" else -1, term))
        return Sum(tuple(terms))

    def comparison(self, items: list[Node | lark.Token]) -> Node:
        left, operator, right = items
        assert not isinstance(left, lark.Token) and not isinstance(right, lark.Token)
        return Compare(str(operator), left, right)


@cache
def _parser() -> lark.Lark:
    return lark.Lark(_GRAMMAR, parser="lalr", transformer=_Builder(), maybe_placeholders=True)


@lru_cache(maxsize=1024)
def parse(text: str) -> Node:
    """The tree of a formula as written; raises FormulaError with the position of the first fault."""
    try:
        tree = _parser().parse(text)
    except lark.UnexpectedEOF:
        raise FormulaError(text, len(text) + 1, "公式不完整") from None
    except lark.UnexpectedCharacters as error:
        at = error.pos_in_stream or 0
        raise FormulaError(text, at + 1, f"不认识的字符 {text[at]!r}") from None
    except lark.UnexpectedToken as error:
        start = error.token.start_pos
        if error.token.type == "$END" or start is None:
            raise FormulaError(text, len(text) + 1, "公式不完整") from None
        raise FormulaError(text, start + 1, f"此处不应出现 {str(error.token)!r}") from None
    node: Node = tree  # type: ignore[assignment]  # the transformer yields nodes, lark's stub says Tree
    return node


# ---------------------------------------------------------------- binding: names -> cells

_KEY: Final = re.compile(r"[A-Z]+[0-9]+")

_ARITY: Final[Mapping[str, tuple[int, int]]] = {
    "IF": (3, 3),
    "AND": (1, 99),
    "OR": (1, 99),
    "NOT": (1, 1),
    "BLANK": (0, 0),
    "ISBLANK": (1, 1),
    "N": (1, 1),
    "ABS": (1, 1),
    "MIN": (1, 99),
    "MAX": (1, 99),
    "ROUND": (2, 2),
    "ROUNDUP": (2, 2),
    "SUM": (1, 1),
    "SUMIF": (3, 3),
    "COUNT": (1, 1),
    "COUNTIF": (2, 2),
    "WMEAN": (2, 2),
    "WMEANIF": (4, 4),
    "NAMES": (2, 2),
    "HIGHEST": (2, 2),
}
_WRITTEN: Final = frozenset({"IF", "AND", "OR", "NOT", "BLANK", "ISBLANK", "N", "COUNT", "COUNTIF", "HIGHEST"})
"""The functions whose formula needs no test for blanks."""
LIST_FUNCTIONS: Final = frozenset({"SUM", "SUMIF", "COUNT", "COUNTIF", "WMEAN", "WMEANIF", "NAMES"})


@dataclass(frozen=True, slots=True)
class Macro:
    """A function that the scheme defines over the language: ``及时(公开, 批复) = IF(...)``."""

    parameters: tuple[str, ...]
    body: Node


@dataclass(frozen=True, slots=True)
class Scope:
    """What bare words mean where a formula stands.

    ``key`` and ``column`` are the context of an identity; ``columns`` the headers that may stand bare
    (with ``key``, or with ``key == ""`` for a list row); ``parameters`` the named values; ``exists`` tells
    whether a cell of the scheme is there; ``macros`` the scheme's own functions; ``constants`` the cells whose
    content the scheme itself gives.
    """

    exists: Callable[[str, str], bool]
    key: str | None = None
    column: str | None = None
    columns: frozenset[str] = frozenset()
    parameters: Mapping[str, Node] | None = None
    macros: Mapping[str, Macro] | None = None
    constants: Mapping[tuple[str, str], Node] = field(default_factory=dict)


def bind(node: Node, scope: Scope, text: str) -> Node:
    """The tree with every bare word and every macro resolved to cells and literals.

    Raises FormulaError naming the word that is no line, column, parameter or function of the scheme.
    ``text`` is the formula as written, for the message.
    """

    def fail(position: int, reason: str) -> FormulaError:
        return FormulaError(text, position, reason)

    def cell(key: str, column: str, position: int) -> Node:
        if (key, column) in scope.constants:
            return scope.constants[key, column]
        if not scope.exists(key, column):
            raise fail(position, f"方案中没有 {key}.{column}" if key else f"本表没有栏目 {column}")
        return Cell(key, column, position)

    def walk(node: Node, parameters: Mapping[str, Node]) -> Node:
        match node:
            case Number() | Text():
                return node
            case Cell(key, column, position):
                return cell(key, column, position)
            case Name(name, position):
                if name in parameters:
                    return parameters[name]
                if name in scope.columns and scope.key is not None:
                    return cell(scope.key, name, position)
                if _KEY.fullmatch(name) and scope.column is not None:
                    return cell(name, scope.column, position)
                raise fail(position, f"不认识的名称 {name!r}")
            case Sum(terms):
                return Sum(tuple((sign, walk(term, parameters)) for sign, term in terms))
            case Product(left, right, divide):
                return Product(walk(left, parameters), walk(right, parameters), divide)
            case Compare(operator, left, right):
                return Compare(operator, walk(left, parameters), walk(right, parameters))
            case Call(name, arguments, position):
                bound = tuple(walk(argument, parameters) for argument in arguments)
                macro = (scope.macros or {}).get(name)
                if macro is not None:
                    if len(bound) != len(macro.parameters):
                        raise fail(position, f"{name} 需要 {len(macro.parameters)} 个参数，实有 {len(bound)} 个")
                    return walk(macro.body, dict(zip(macro.parameters, bound, strict=True)))
                if name not in _ARITY:
                    raise fail(position, f"不认识的函数 {name!r}")
                least, most = _ARITY[name]
                if not least <= len(bound) <= most:
                    raise fail(position, f"{name} 的参数个数应为 {least}" + (f" 至 {most}" if most > least else ""))
                return Call(name, bound, position)

    return walk(node, scope.parameters or {})


def subtrees(node: Node) -> Iterator[Node]:
    """The formula itself and every part of it, in the order they stand."""
    yield node
    match node:
        case Sum(terms):
            parts: tuple[Node, ...] = tuple(term for _, term in terms)
        case Product(left, right, _) | Compare(_, left, right):
            parts = (left, right)
        case Call(_, arguments, _):
            parts = arguments
        case _:
            return
    for part in parts:
        yield from subtrees(part)


def cells(node: Node) -> tuple[Cell, ...]:
    """The cells that a bound formula reads, each once, in the order they stand."""
    found: dict[tuple[str, str], Cell] = {}
    for part in subtrees(node):
        if isinstance(part, Cell):
            found.setdefault((part.key, part.column), part)
    return tuple(found.values())


# ---------------------------------------------------------------- tree -> exact value


class Figures(Protocol):
    """Where an evaluation takes its cells from."""

    def figure(self, key: str, column: str) -> Value:
        """The cell of a line, or of the current list row when ``key`` is empty; ``None`` when blank."""

    def column(self, prefix: str, column: str) -> Sequence[Value]:
        """A column of a list sheet, one value for each filled row."""


Evaluator = Callable[[Figures], Scalar]
Condition = Callable[[Figures], bool]


def scalar(value: Value) -> Scalar:
    """A cell's value as the language sees it: dates as Excel's serial day, an empty text as blank."""
    if value is None or isinstance(value, Decimal):
        return value
    return (value or None) if isinstance(value, str) else Decimal(value.toordinal() - _EXCEL_EPOCH)


def number(value: Value) -> Decimal | None:
    """A value as a figure: texts and blanks are none."""
    value = scalar(value)
    return value if isinstance(value, Decimal) else None


def round_half_up(value: Decimal, digits: int) -> Decimal:
    """Rounded half away from zero to ``digits`` decimals, as Excel's ROUND does."""
    return _EXACT.quantize(value, Decimal(1).scaleb(-digits))


def divide(left: Decimal, right: Decimal) -> Decimal:
    """The quotient at 12 decimals, the precision that both engines agree on; ``right`` is not zero."""
    return _EXACT.quantize(_EXACT.divide(left, right), _QUOTIENT)


def _round_up(value: Decimal, digits: int) -> Decimal:
    unit = Decimal(1).scaleb(-digits)
    return value.quantize(unit, ROUND_UP, _EXACT)


def _truth(value: Scalar) -> bool:
    return isinstance(value, Decimal) and value != 0


def compare(relation: str, left: Scalar, right: Scalar) -> bool:
    """A comparison with blanks as 0 beside a number and as ``""`` beside a text."""
    if isinstance(left, str) or isinstance(right, str):
        a, b = str(left or ""), str(right or "")
        if relation not in ("=", "<>"):
            return False
        return (a == b) == (relation == "=")
    return _RELATIONS[relation](left or _ZERO, right or _ZERO)


def weighted_mean(values: Sequence[Decimal], weights: Sequence[Decimal | None]) -> Decimal | None:
    """The mean by weight; equal weights unless every row has one and they do not add up to zero."""
    if not values:
        return None
    known = [weight for weight in weights if weight is not None]
    total = sum(known, _ZERO)
    if len(known) < len(values) or total == 0:
        return divide(sum(values, _ZERO), Decimal(len(values)))
    return divide(sum((value * weight for value, weight in zip(values, known, strict=True)), _ZERO), total)


def compile_evaluator(node: Node) -> Evaluator:
    """A bound formula as a function of the figures; compiled once for each scheme, called for each workbook."""
    match node:
        case Number(value):
            return lambda figures: value
        case Text(value=text):
            return lambda figures: text
        case Cell(key, column):

            def cell(figures: Figures) -> Scalar:
                value = figures.figure(key, column)
                return value if value is None or isinstance(value, Decimal) else scalar(value)

            return cell
        case Sum(terms):
            return _sum_evaluator(tuple((sign, compile_evaluator(term)) for sign, term in terms))
        case Product(left, right, division):
            return _product_evaluator(compile_evaluator(left), compile_evaluator(right), division)
        case Compare() | Call("AND" | "OR" | "NOT" | "ISBLANK"):
            condition = compile_condition(node)
            return lambda figures: _ONE if condition(figures) else _ZERO
        case Call(name, arguments, _):
            if name in LIST_FUNCTIONS:
                return _list_evaluator(name, arguments)
            return _call_evaluator(name, arguments)
        case Name(name, position):
            raise FormulaError(name, position, f"未绑定的名称 {name!r}")


def compile_condition(node: Node) -> Condition:
    """A bound formula as a condition, met where it is a figure other than 0; compiled once for each scheme."""
    match node:
        case Compare(relation, left, right):
            first, second = compile_evaluator(left), compile_evaluator(right)
            return lambda figures: compare(relation, first(figures), second(figures))
        case Call("AND", arguments, _):
            return _all(tuple(map(compile_condition, arguments)))
        case Call("OR", arguments, _):
            return _any(tuple(map(compile_condition, arguments)))
        case Call("NOT", (argument,), _):
            denied = compile_condition(argument)
            return lambda figures: not denied(figures)
        case Call("ISBLANK", (argument,), _):
            asked = compile_evaluator(argument)
            return lambda figures: asked(figures) is None
        case _:
            value = compile_evaluator(node)
            return lambda figures: _truth(value(figures))


def _all(conditions: tuple[Condition, ...]) -> Condition:
    def met(figures: Figures) -> bool:
        for condition in conditions:  # noqa: SIM110  # a generator for all() takes longer than most conditions
            if not condition(figures):
                return False
        return True

    return met


def _any(conditions: tuple[Condition, ...]) -> Condition:
    def met(figures: Figures) -> bool:
        for condition in conditions:  # noqa: SIM110
            if condition(figures):
                return True
        return False

    return met


def _sum_evaluator(terms: tuple[tuple[int, Evaluator], ...]) -> Evaluator:
    def evaluate(figures: Figures) -> Scalar:
        total, seen = _ZERO, False
        for sign, term in terms:
            value = term(figures)
            if isinstance(value, Decimal):
                total = total + value if sign > 0 else total - value
                seen = True
        return _EXACT.quantize(total, _SUM).normalize() + _ZERO if seen else None

    return evaluate


def _product_evaluator(left: Evaluator, right: Evaluator, division: bool) -> Evaluator:
    def evaluate(figures: Figures) -> Scalar:
        a, b = left(figures), right(figures)
        if not isinstance(a, Decimal) or not isinstance(b, Decimal):
            return None
        if not division:
            return a * b
        return None if b == 0 else divide(a, b)

    return evaluate


def _call_evaluator(name: str, arguments: tuple[Node, ...]) -> Evaluator:
    if name == "BLANK":
        return lambda figures: None
    compiled = tuple(compile_evaluator(argument) for argument in arguments)
    first = compiled[0]

    def rounded(rounding: Callable[[Decimal, int], Decimal]) -> Evaluator:
        def evaluate(figures: Figures) -> Scalar:
            value, digits = first(figures), compiled[1](figures)
            if not isinstance(value, Decimal) or not isinstance(digits, Decimal):
                return None
            return rounding(value, int(digits))

        return evaluate

    def extreme(choose: Callable[[Sequence[Decimal]], Decimal]) -> Evaluator:
        def evaluate(figures: Figures) -> Scalar:
            values = [value for value in (item(figures) for item in compiled) if isinstance(value, Decimal)]
            return choose(values) if values else None

        return evaluate

    match name:
        case "IF":
            condition, (_, yes, no) = compile_condition(arguments[0]), compiled
            return lambda figures: yes(figures) if condition(figures) else no(figures)
        case "N":

            def plain(figures: Figures) -> Scalar:
                value = first(figures)
                return value if isinstance(value, Decimal) else _ZERO

            return plain
        case "ABS":

            def absolute(figures: Figures) -> Scalar:
                value = first(figures)
                return abs(value) if isinstance(value, Decimal) else None

            return absolute
        case "MIN":
            return extreme(min)
        case "MAX":
            return extreme(max)
        case "ROUND":
            return rounded(round_half_up)
        case "ROUNDUP":
            return rounded(_round_up)
        case _:
            raise FormulaError(name, 1, f"{name} 只能用于列表的计算栏目")


def _list_evaluator(name: str, arguments: tuple[Node, ...]) -> Evaluator:
    places = [argument for argument in arguments if isinstance(argument, Cell)]
    wanted = next((argument.value for argument in arguments if isinstance(argument, Text)), "")
    if not places:
        raise FormulaError(name, 1, f"{name} 的参数应是列表的栏目，如 X.决算数")

    def values(figures: Figures, place: Cell) -> Sequence[Scalar]:
        return [scalar(value) for value in figures.column(place.key, place.column)]

    def chosen(figures: Figures, place: Cell, by: Cell) -> list[Scalar]:
        pairs = zip(values(figures, place), values(figures, by), strict=True)
        return [value for value, criterion in pairs if criterion == wanted]

    def total(items: Sequence[Scalar]) -> Scalar:
        known = [item for item in items if isinstance(item, Decimal)]
        return sum(known, _ZERO) if known else None

    def mean(items: Sequence[Scalar], weights: Sequence[Scalar]) -> Scalar:
        degrees = [item if isinstance(item, Decimal) else _ZERO for item in items]
        return weighted_mean(degrees, [weight if isinstance(weight, Decimal) else None for weight in weights])

    def names(figures: Figures) -> Scalar:
        pairs = zip(values(figures, places[0]), values(figures, places[1]), strict=True)
        return "、".join(str(label or UNNAMED) for label, flagged in pairs if _truth(flagged))

    match name:
        case "SUM":
            return lambda figures: total(values(figures, places[0]))
        case "SUMIF":
            return lambda figures: total(chosen(figures, places[0], places[1]))
        case "COUNT":
            return lambda figures: Decimal(sum(value is not None for value in values(figures, places[0])))
        case "COUNTIF":
            return lambda figures: Decimal(sum(value == wanted for value in values(figures, places[0])))
        case "WMEAN":
            return lambda figures: mean(values(figures, places[0]), values(figures, places[1]))
        case "WMEANIF":
            return lambda figures: mean(chosen(figures, places[0], places[2]), chosen(figures, places[1], places[2]))
        case _:
            return names


def same_text(text: Scalar) -> str:
    """What two spellings of one matter have in common: spaces and case aside."""
    return "".join(str(text or "").split()).casefold()


def highest(points: Sequence[Decimal | None], groups: Sequence[Scalar]) -> list[Decimal]:
    """HIGHEST: each row's points where they are the first highest of the rows with the same text, else 0."""
    best: dict[str, int] = {}
    matters = [same_text(group) for group in groups]
    for index, (value, matter) in enumerate(zip(points, matters, strict=True)):
        held = best.get(matter)
        if held is None or (value or _ZERO) > (points[held] or _ZERO):
            best[matter] = index
    chosen = set(best.values())
    return [(value or _ZERO) if index in chosen else _ZERO for index, value in enumerate(points)]


def count_terms(node: Node, figures: Figures) -> int:
    """n of the tolerance tol(n): the non-zero terms of the right-hand side of an identity, each row of a list one."""
    terms = node.terms if isinstance(node, Sum) else ((1, node),)
    count = 0
    for _, term in terms:
        match term:
            case Call("SUM", (Cell(prefix, column, _),), _):
                count += sum(number(value) not in (None, _ZERO) for value in figures.column(prefix, column))
            case _:
                count += compile_evaluator(term)(figures) not in (None, _ZERO)
    return count


# ---------------------------------------------------------------- tree -> text


def to_text(node: Node) -> str:
    """The formula as printed in the catalogue; parsing it again gives the same tree."""
    return _text(node, 0)


def _text(node: Node, outer: int) -> str:
    match node:
        case Number(value, percent):
            return f"{(value * 100).normalize():f}%" if percent else f"{value:f}"
        case Text(value):
            return f'"{value}"'
        case Name(name, _):
            return name
        case Cell(key, column, _):
            return f"{key}.{column}" if key else column
        case Sum(terms):
            first_sign, first = terms[0]
            text = ("-" if first_sign < 0 else "") + _text(first, 3 if first_sign < 0 else 2)
            for sign, term in terms[1:]:
                text += (" + " if sign > 0 else " - ") + _text(term, 2)
            return f"({text})" if outer >= 2 else text
        case Product(left, right, divide):
            text = f"{_text(left, 2)} {'/' if divide else '*'} {_text(right, 3)}"
            return f"({text})" if outer >= 3 else text
        case Compare(operator, left, right):
            text = f"{_text(left, 1)} {operator} {_text(right, 1)}"
            return f"({text})" if outer >= 1 else text
        case Call(name, arguments, _):
            return f"{name}({', '.join(_text(argument, 0) for argument in arguments)})"


# ---------------------------------------------------------------- tree -> Excel


class Addresses(Protocol):
    """Where a compiled formula finds its cells."""

    def cell(self, key: str, column: str) -> str:
        """The address of a line's cell, or of the current list row's when ``key`` is empty."""

    def column(self, prefix: str, column: str) -> str:
        """The range of a list column, unused rows included (``'项目支出明细表'!$I$5:$I$204``)."""


def to_excel(node: Node, addresses: Addresses) -> str:
    """The formula for a spreadsheet cell, without the leading ``=``; a blank result is ``""``.

    Only functions that Excel 2010, WPS and LibreOffice all have. Conditions yield TRUE or FALSE.
    Raises FormulaError for NAMES, which needs helper columns that only the sheet can provide.
    """
    return _Excel(addresses).value(node)


def maybe_blank(node: Node) -> bool:
    """Whether the formula can yield a blank."""
    match node:
        case Number() | Text() | Compare():
            return False
        case Cell():
            return True
        case Sum(terms):
            return all(maybe_blank(term) for _, term in terms)
        case Product(left, right, divide):
            sure = isinstance(right, Number) and right.value != 0
            return maybe_blank(left) or maybe_blank(right) or (divide and not sure)
        case Call("IF", (_, yes, no), _):
            return maybe_blank(yes) or maybe_blank(no)
        case Call("MIN" | "MAX", arguments, _):
            return all(maybe_blank(argument) for argument in arguments)
        case Call("ABS" | "ROUND" | "ROUNDUP", arguments, _):
            return maybe_blank(arguments[0])
        case Call("BLANK" | "SUM" | "SUMIF" | "WMEAN" | "WMEANIF", _, _):
            return True
        case _:
            return False


def _joined(name: str, tests: Sequence[str | None]) -> str | None:
    """Conditions joined by AND or OR; ``None`` where one of them never holds."""
    known = [test for test in tests if test is not None]
    if len(known) < len(tests):
        return None
    return known[0] if len(known) == 1 else f"{name}({','.join(known)})"


def _mean(rows: str, weighed: str, total: str, plain: str, weighted: str) -> str:
    """A mean by weight, equal weights unless every row has one and they do not add up to zero.

    The values are a computed column, a figure wherever the row is filled: a row with a weight has one.
    """
    return f"ROUND(IF(OR({weighed}<{rows},{total}=0),{plain}/{rows},{weighted}/{total}),12)"


def _unspaced(text: str) -> str:
    for space in ('" "', '"\u3000"', '"\u00a0"', "CHAR(9)", "CHAR(10)"):
        text = f'SUBSTITUTE({text},{space},"")'
    return text


class _Excel:
    """Three views of a tree: the cell's result, the figure with blanks as 0, and the condition under which it is blank.

    Blankness follows from the tree, so that no part of a formula stands in it twice for being asked whether it is "".
    """

    def __init__(self, addresses: Addresses) -> None:
        self.addresses = addresses

    def value(self, node: Node) -> str:
        """The formula as a result: a bare reference to a blank cell would show 0."""
        if isinstance(node, Cell):
            cell = self.write(node)
            return f'IF({cell}="","",{cell})'
        return self.write(node)

    def write(self, node: Node) -> str:
        match node:
            case Number(value):
                return f"{value:f}"
            case Text(value):
                return f'"{value}"'
            case Cell(key, column, _):
                return self.addresses.cell(key, column)
            case Compare(operator, left, right):
                if isinstance(left, Text) or isinstance(right, Text):
                    return f"({self._string(left)}{operator}{self._string(right)})"
                return f"({self.number(left)}{operator}{self.number(right)})"
            case Call("IF", (Call("ISBLANK", (asked,), _), yes, no), _) if asked == no:
                return f"IF({self.blank(asked) or 'FALSE'},{self.value(yes)},{self.known(no)})"
            case Call("IF", (condition, yes, no), _):
                return f"IF({self.write(condition)},{self.value(yes)},{self.value(no)})"
            case Call("BLANK", _, _):
                return '""'
            case Call("AND" | "OR" | "NOT" as name, arguments, _):
                return f"{name}({','.join(map(self.write, arguments))})"
            case Call("ISBLANK", (asked,), _):
                return f"({self.blank(asked) or 'FALSE'})"
            case Call("COUNT" | "COUNTIF" | "HIGHEST" as name, arguments, _):
                # their arguments are whole columns, which have no address of their own
                return self._rows(name, arguments)
            case Call("N", (argument,), _):
                return self.number(argument)
            case Name(name, position):
                raise FormulaError(name, position, f"未绑定的名称 {name!r}")
            case _:
                blank = self.blank(node)
                return self.known(node) if blank is None else f'IF({blank},"",{self.known(node)})'

    def number(self, node: Node) -> str:
        """The formula of a figure in which a blank counts as 0."""
        match node:
            case Cell():
                return f"N({self.write(node)})"
            case Product(left, right, True) if not isinstance(right, Number) or right.value == 0:
                return f"IF({self.number(right)}=0,0,ROUND({self.number(left)}/{self.number(right)},12))"
            case Call("IF", (condition, yes, no), _):
                return f"IF({self.write(condition)},{self.number(yes)},{self.number(no)})"
            case Call("BLANK", _, _):
                return "0"
            case Call("WMEAN" | "WMEANIF", _, _):
                return f"IF({self.blank(node)},0,{self.known(node)})"
            case Text():
                return "0"
            case _:
                # a sum, a product or a rounding of zeros is zero
                return self.known(node)

    def known(self, node: Node) -> str:
        """The formula of a figure where it is known not to be blank."""
        match node:
            case Cell():
                return self.write(node)
            case Sum(terms):
                text = "".join(("+" if sign > 0 else "-") + self.number(term) for sign, term in terms)
                return f"ROUND({text.removeprefix('+')},6)"
            case Product(left, right, True):
                return f"ROUND({self.number(left)}/{self.number(right)},12)"
            case Product(left, right, _):
                return f"({self.number(left)}*{self.number(right)})"
            case Call("IF", (condition, yes, no), _) if maybe_blank(node):
                return f"IF({self.write(condition)},{self.known(yes)},{self.known(no)})"
            case Call("ABS", (argument,), _):
                return f"ABS({self.number(argument)})"
            case Call("ROUND" | "ROUNDUP" as name, (argument, digits), _):
                return f"{name}({self.number(argument)},{self.write(digits)})"
            case Call("MIN" | "MAX" as name, arguments, _):
                return self._extreme(name, arguments)
            case Call("SUM", (column,), _):
                return f"SUM({self._range(column)})"
            case Call("SUMIF" | "WMEAN" | "WMEANIF" as name, arguments, _):
                return self._rows(name, arguments)
            case Call(name, _, position) if name not in _WRITTEN:
                raise FormulaError(name, position, f"{name} 不能写成单元格公式")
            case _:
                return self.write(node)

    def blank(self, node: Node) -> str | None:
        """The condition under which the formula is blank; ``None`` where it never is."""
        match node:
            case Cell():
                return f'{self.write(node)}=""'
            case Sum(terms):
                if len(terms) > 1 and all(isinstance(term, Cell) for _, term in terms):
                    # one COUNT in place of a chain of comparisons keeps long totals readable in the cell
                    return f"COUNT({','.join(self.write(term) for _, term in terms)})=0"
                return _joined("AND", [self.blank(term) for _, term in terms])
            case Product(left, right, True) if not isinstance(right, Number) or right.value == 0:
                return _joined("OR", [test for test in (self.blank(left), f"{self.number(right)}=0") if test])
            case Product(left, right, _):
                tests = [test for test in (self.blank(left), self.blank(right)) if test]
                return _joined("OR", tests) if tests else None
            case Call("IF", (condition, yes, no), _):
                return self._blank_if(condition, self.blank(yes), self.blank(no))
            case Call("BLANK", _, _):
                return "TRUE"
            case Call("MIN" | "MAX", arguments, _):
                return _joined("AND", [self.blank(argument) for argument in arguments])
            case Call("ABS" | "ROUND" | "ROUNDUP", (argument, *_), _):
                return self.blank(argument)
            case Call("SUM" | "WMEAN", (column, *_), _):
                return f"COUNT({self._range(column)})=0"
            case Call("SUMIF" | "WMEANIF", (values, *_, by, wanted), _):
                if not isinstance(wanted, Text):
                    by, wanted = wanted, by
                return f"SUMPRODUCT(({self._range(by)}={self.write(wanted)})*ISNUMBER({self._range(values)}))=0"
            case _:
                return None

    def _blank_if(self, condition: Node, yes: str | None, no: str | None) -> str | None:
        if yes is None and no is None:
            return None
        test = self.write(condition)
        if no is None:
            return test if yes == "TRUE" else f"AND({test},{yes})"
        if yes is None:
            return f"NOT({test})" if no == "TRUE" else f"AND(NOT({test}),{no})"
        return f"IF({test},{yes},{no})"

    def _string(self, node: Node) -> str:
        return self.write(node) if isinstance(node, Text | Cell) else f'({self.write(node)}&"")'

    def _extreme(self, name: str, arguments: tuple[Node, ...]) -> str:
        if not any(maybe_blank(argument) for argument in arguments):
            return f"{name}({','.join(self.write(argument) for argument in arguments)})"
        if len(arguments) != 2 or maybe_blank(arguments[1]):
            raise FormulaError(name, 1, f"{name} 用于可能为空的项目时应写成 {name}(可空项, 非空项)")
        first, second = arguments
        return f"IF({self.blank(first)},{self.write(second)},{name}({self.number(first)},{self.write(second)}))"

    def _range(self, node: Node) -> str:
        if not isinstance(node, Cell):
            raise FormulaError(to_text(node), 1, "此处应是列表的栏目，如 X.决算数")
        return self.addresses.column(node.key, node.column)

    def _rows(self, name: str, arguments: tuple[Node, ...]) -> str:
        """A function over the filled rows of a list, where it is known not to be blank."""
        if name == "HIGHEST":
            return self._highest(arguments)
        wanted = next((f'"{argument.value}"' for argument in arguments if isinstance(argument, Text)), '""')
        ranges = [self._range(argument) for argument in arguments if not isinstance(argument, Text)]
        match name:
            case "SUMIF":
                return f"SUMIF({ranges[1]},{wanted},{ranges[0]})"
            case "COUNT":
                return f'SUMPRODUCT(--({ranges[0]}<>""))'
            case "COUNTIF":
                return f"SUMPRODUCT(--({ranges[0]}={wanted}))"
            case "WMEAN":
                values, weights = ranges
                rows, weighed, total = f"COUNT({values})", f"COUNT({weights})", f"SUM({weights})"
                return _mean(rows, weighed, total, f"SUM({values})", f"SUMPRODUCT({values},{weights})")
            case _:
                values, weights, by = ranges
                chosen = f"({by}={wanted})"
                return _mean(
                    f"SUMPRODUCT({chosen}*ISNUMBER({values}))",
                    f"SUMPRODUCT({chosen}*ISNUMBER({weights}))",
                    f"SUMIF({by},{wanted},{weights})",
                    f"SUMIF({by},{wanted},{values})",
                    f"SUMPRODUCT({chosen}*1,{values},{weights})",
                )

    def _highest(self, arguments: tuple[Node, ...]) -> str:
        points, group = arguments
        if not isinstance(points, Cell) or not isinstance(group, Cell):
            raise FormulaError("HIGHEST", 1, "HIGHEST 的参数应是两个栏目")
        here, same = self.addresses.cell("", points.column), self.addresses.cell("", group.column)
        prefix = points.key or group.key
        every = self.addresses.column(prefix, points.column)
        groups = self.addresses.column(prefix, group.column)
        matter = f"({_unspaced(groups)}={_unspaced(same)})"
        above = f"SUMPRODUCT({matter}*ISNUMBER({every})*({every}>N({here})))"
        earlier = f"SUMPRODUCT({matter}*ISNUMBER({every})*({every}=N({here}))*(ROW({every})<ROW({here})))"
        return f"IF({above}+{earlier}=0,N({here}),0)"


__all__ = [
    "LIST_FUNCTIONS",
    "UNNAMED",
    "Addresses",
    "Cell",
    "Compare",
    "Evaluator",
    "Figures",
    "FormulaError",
    "Macro",
    "Node",
    "Scalar",
    "Scope",
    "Sum",
    "bind",
    "cells",
    "compare",
    "compile_evaluator",
    "count_terms",
    "divide",
    "highest",
    "maybe_blank",
    "number",
    "parse",
    "round_half_up",
    "same_text",
    "scalar",
    "subtrees",
    "to_excel",
    "to_text",
    "weighted_mean",
]
