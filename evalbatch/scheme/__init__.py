"""A scheme file -> Scheme: the regulation of a year, checked and compiled; knows no workbook and no department."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import lru_cache
from importlib import resources
from itertools import pairwise
from pathlib import Path
from typing import Final, NamedTuple

import pydantic

from evalbatch.model import Kind, Level, Value
from evalbatch.scheme import formula as language
from evalbatch.scheme.formula import Cell, Compare, Evaluator, Figures, FormulaError, Macro, Node, Number, Scope
from evalbatch.scheme.spec import (
    CheckSpec,
    ColumnSpec,
    ColumnType,
    ExampleSpec,
    GradeSpec,
    GroupSpec,
    IndicatorSpec,
    PolicySpec,
    RatioSpec,
    RuleSpec,
    SchemeSpec,
    SheetSpec,
)

DEFAULT_EDITION: Final = "2024"
SELF_SCORE: Final = "自评得分"
APPLICABLE: Final = "是否适用"
REASON: Final = "扣分原因"
WEIGHT: Final = "分值"
PUBLISHED_WITHIN: Final = "公开期限"
PROJECT_RATE: Final = "项目达标率"
LOW_PROJECT_RATE: Final = "项目执行过低"
UNIT_FACTORS: Final = ("混用单位下限", "混用单位上限")
LEAST_IN_YUAN: Final = "以元填报的下限"
MOST_IN_WAN: Final = "以万元填报的上限"
THRESHOLDS: Final = frozenset(
    {PUBLISHED_WITHIN, PROJECT_RATE, LOW_PROJECT_RATE, *UNIT_FACTORS, LEAST_IN_YUAN, MOST_IN_WAN}
)
"""The thresholds that rules read by name: a scheme has to have them."""
EVIDENCE: Final = "佐证材料"
CONTENT: Final = "填报内容"
SHOWN_DECIMALS: Final = 6
"""The decimals of a figure that a sentence shows at most."""
INDICATOR_INPUTS: Final = (APPLICABLE, SELF_SCORE, REASON, EVIDENCE)
_LONGEST_NOTE: Final = 100
"""Characters of a note: an input message of Excel has 255, for column, line and what may be typed."""
_ZERO: Final = Decimal(0)
_LETTERS: Final = re.compile(r"[A-Z]+")


@dataclass(frozen=True, slots=True)
class Key:
    """A place in a scheme file: ``path`` for programs (as pydantic's ``loc``), ``text`` for people."""

    path: tuple[str | int, ...] = ()
    text: str = ""

    @classmethod
    def of(cls, path: tuple[str | int, ...]) -> Key:
        """The key of a path, with entries numbered from 1."""
        key = cls()
        for part in path:
            key = Key((*key.path, part), f"{key.text}[{part + 1}]") if isinstance(part, int) else key.field(part)
        return key

    def field(self, name: str) -> Key:
        """A field under this place."""
        return Key((*self.path, name), f"{self.text}.{name}" if self.text else name)

    def item(self, index: int, label: str = "", *, numbered: bool = True) -> Key:
        """An entry of this list, counted from 0 in the path and from 1 in the text, or shown by its name alone."""
        shown = (f"[{index + 1}]" if numbered else "") + (f"({label})" if label else "")
        return Key((*self.path, index), self.text + shown)


class SchemeError(ValueError):
    """A scheme that cannot be used: the file, the key in it, and the reason in one sentence; ``path`` is the key's."""

    def __init__(self, file: str, key: str | Key, reason: str) -> None:
        self.file = file
        self.key = key.text if isinstance(key, Key) else key
        self.path = key.path if isinstance(key, Key) else ()
        self.reason = reason
        super().__init__(f"方案 {file} 的 {self.key}：{reason}" if self.key else f"方案 {file}：{reason}")


@dataclass(frozen=True, slots=True, eq=False)
class Formula:
    """A bound formula with its text, its compiled evaluation and the cells that it reads."""

    node: Node
    text: str
    evaluate: Evaluator
    cells: tuple[Cell, ...]

    @classmethod
    def of(cls, node: Node) -> Formula:
        """The formula of a bound tree."""
        return cls(node, language.to_text(node), language.compile_evaluator(node), language.cells(node))

    def holds(self, figures: Figures) -> bool:
        """Whether a condition is met."""
        value = self.evaluate(figures)
        return value is not None and value != _ZERO


@lru_cache(maxsize=1024)
def _block(key: str) -> str:
    match = _LETTERS.match(key)
    return match[0] if match else ""


@dataclass(frozen=True, slots=True)
class Line:
    """A keyed row of a sheet; ``types`` maps the columns it fills to what they hold."""

    key: str
    label: str
    sheet: str
    types: Mapping[str, ColumnSpec]
    mandatory: tuple[str, ...]
    parent: str | None
    unit: str
    note: str = ""
    preset: str = ""
    locked: bool = False

    @property
    def block(self) -> str:
        """The letters of the key: the block it stands in."""
        return _block(self.key)


class Judgement(NamedTuple):
    """What a check says of a workbook: both sides, their difference and ✓ / ✗ / — with the tail told apart."""

    left: Decimal | None
    right: Decimal | None
    difference: Decimal | None
    verdict: str
    tail: bool = False


_UNFILLED: Final = Judgement(None, None, None, "—")


@dataclass(frozen=True, slots=True)
class Check:
    """One identity or threshold over definite cells (``list`` empty), or over each row of a list."""

    id: str
    code: str
    title: str
    operator: str
    left: Formula
    right: Formula
    when: Formula | None
    place: tuple[str, str]
    list: str
    tolerance: str
    level: Level
    kind: Kind
    merge: bool
    reason: tuple[str, str] | None
    advice: str
    cells: tuple[tuple[str, str], ...]
    """The (key, column) places that the relation reads."""

    @property
    def text(self) -> str:
        """The relation as printed."""
        return f"{self.left.text} {self.operator} {self.right.text}"

    def judge(self, figures: Figures, step: Decimal, fixed: Decimal) -> Judgement:
        """Compare both sides; ``step`` is the tail per term (0 for exact units), ``fixed`` that of overspending."""
        if self.when is not None and not self.when.holds(figures):
            return _UNFILLED
        left, right = self.left.evaluate(figures), self.right.evaluate(figures)
        if not isinstance(left, Decimal) or not isinstance(right, Decimal):
            return _UNFILLED
        difference = left - right
        match self.operator:
            case "=":
                broken = difference != 0
            case "<=":
                broken = difference > 0
            case ">=":
                broken = difference < 0
            case ">":
                broken = difference <= 0
            case "<":
                broken = difference >= 0
            case _:
                broken = difference == 0
        if not broken:
            return Judgement(left, right, difference, "✓")
        allowed = _ZERO
        if self.tolerance == "fixed":
            allowed = fixed
        elif self.tolerance == "tail" and step:
            allowed = step * (language.count_terms(self.right.node, figures) + 1)
        tail = abs(difference) <= allowed and self.operator in ("=", "<=", ">=")
        return Judgement(left, right, difference, "✓" if tail else "✗", tail)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence with figures: literal pieces and (formula, format) pieces."""

    when: Formula | None
    pieces: tuple[str | tuple[Formula, str], ...]

    def write(self, figures: Figures) -> str:
        """The sentence with its figures filled in."""
        return "".join(
            piece if isinstance(piece, str) else show(piece[0].evaluate(figures), piece[1]) for piece in self.pieces
        )


def show(value: Decimal | str | None, form: str = "") -> str:
    """A figure as written in a sentence: ``%`` as 97.86%, ``0`` as a count, otherwise at least two decimals."""
    if value is None:
        return "—"
    if isinstance(value, str):
        return value
    rounded = language.round_half_up
    if form == "%":
        return f"{_unsigned_zero(rounded(value * 100, 2)):f}%"
    if form == "0":
        return f"{_unsigned_zero(rounded(value, 0)):f}"
    exponent = rounded(value, SHOWN_DECIMALS).normalize().as_tuple().exponent
    decimals = max(2, -exponent if isinstance(exponent, int) else 2)
    return f"{_unsigned_zero(rounded(value, decimals)):f}"


def _unsigned_zero(value: Decimal) -> Decimal:
    return value or abs(value)


@dataclass(frozen=True, slots=True)
class Indicator:
    """A level-3 indicator with its formulas; ``points`` is None for judged rows (自评得分 counts)."""

    spec: IndicatorSpec
    group: GroupSpec
    weight: Decimal
    pending: Formula | None
    not_applicable: Formula | None
    points: Formula | None
    ceiling: Formula | None
    scale: Formula | None
    say: tuple[Sentence, ...]

    @property
    def code(self) -> str:
        """The printed code."""
        return self.spec.code

    @property
    def name(self) -> str:
        """The level-3 name."""
        return self.spec.name


@dataclass(frozen=True, slots=True)
class Ratio:
    """A named ratio."""

    spec: RatioSpec
    formula: Formula

    @property
    def name(self) -> str:
        """Its name, as in the sheets."""
        return self.spec.name


@dataclass(frozen=True, slots=True, eq=False)
class Scheme:
    """The regulation of a year, compiled. Everything here is derived from one file and never changes."""

    spec: SchemeSpec
    file: str
    digest: str
    sheets: Mapping[str, SheetSpec]
    lists: Mapping[str, SheetSpec]
    """List sheets by prefix (X, W, V, Y)."""
    lines: Mapping[str, Line]
    """Every keyed row of the sheets of kind ``lines``."""
    indicators: Mapping[str, Indicator]
    ratios: Mapping[str, Ratio]
    checks: tuple[Check, ...]
    row_formulas: Mapping[str, Mapping[str, Formula]]
    """By list prefix: the columns the scheme computes for each row, in order of dependence."""
    line_rate: Formula
    """执行率 of a line, over its own row."""
    derivations: Mapping[tuple[str, str], Formula]
    """Cells in which the template writes a formula; a list's by (prefix, column), over the row."""
    rules: Mapping[str, RuleSpec]
    policies: Mapping[str, PolicySpec]
    thresholds: Mapping[str, Decimal]
    """Figures that formulas call by name and rules read; every name of ``THRESHOLDS`` is there."""
    examples: Mapping[tuple[str, str], Value]
    """The worked example: input cells with what is typed in them, those of a list by the printed key of their row."""
    grades: tuple[GradeSpec, ...] = field(default=())

    @property
    def year(self) -> int:
        """评价年度."""
        return self.spec.year

    def choice(self, policy: str) -> str:
        """The option in force of a named policy."""
        return self.policies[policy].choice

    def exists(self, key: str, column: str) -> bool:
        """Whether the scheme has an input cell or a list column of that name."""
        return _exists(self.lines, self.lists, frozenset(self.indicators), key, column)

    def grade(self, total: Decimal) -> str:
        """The grade of a total, by half-open bands."""
        for band in self.grades:
            if total >= band.from_:
                return band.name
        return self.grades[-1].name

    def tail_step(self, unit: str) -> Decimal:
        """The step of tol(n) in 万元 for a workbook filled in ``unit``."""
        tolerance = self.spec.tolerance
        return _ZERO if unit in tolerance.exact_units else tolerance.step

    def label(self, key: str) -> str:
        """The name of a line or indicator by its key."""
        if key in self.lines:
            return self.lines[key].label
        return self.indicators[key].name if key in self.indicators else key

    def type_of(self, key: str, column: str) -> ColumnType:
        """What the input cell of a line or an indicator holds."""
        if key in self.lines:
            return self.lines[key].types[column].type
        return next(spec.type for spec in self.sheets[self.sheet_of(key)].columns if spec.name == column)

    def sheet_of(self, key: str) -> str:
        """The sheet that a key stands on."""
        if key in self.lines:
            return self.lines[key].sheet
        if key in self.indicators:
            return next(sheet.name for sheet in self.spec.sheet if sheet.kind == "indicators")
        match = _LETTERS.match(key)
        prefix = match[0] if match else ""
        return self.lists[prefix].name if prefix in self.lists else ""


# ---------------------------------------------------------------- loading


def packaged_scheme(edition: str = DEFAULT_EDITION) -> Path:
    """The path of a scheme that comes with the program."""
    return Path(str(resources.files("evalbatch").joinpath("schemes", f"{edition}.toml")))


def load_scheme(path: Path | None = None) -> Scheme:
    """The compiled scheme of a file (the packaged one by default); raises SchemeError with file, key and reason."""
    file = path or packaged_scheme()
    try:
        content = file.read_bytes()
    except OSError as error:
        raise SchemeError(str(file), "", f"无法读取（{error.strerror or error}），请核对路径。") from None
    return compile_scheme(content, file.name)


@lru_cache(maxsize=8)
def compile_scheme(content: bytes, file: str) -> Scheme:
    """The compiled scheme of a TOML text; ``file`` is named in errors."""
    try:
        table = tomllib.loads(content.decode("utf-8"), parse_float=Decimal)
    except UnicodeDecodeError:
        raise SchemeError(file, "", "不是 UTF-8 编码，请另存为 UTF-8。") from None
    except tomllib.TOMLDecodeError as error:
        raise SchemeError(file, "", f"不是有效的 TOML：{error}") from None
    try:
        spec = SchemeSpec.model_validate(table)
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        raise SchemeError(file, Key.of(first["loc"]), _reason(first["type"], str(first["input"]))) from None
    digest = hashlib.sha256(content.replace(b"\r\n", b"\n")).hexdigest()
    return _Compiler(spec, file, digest).compile()


def _reason(kind: str, found: str) -> str:
    match kind:
        case "missing":
            return "缺少这一项，请补上。"
        case "extra_forbidden":
            return "没有这样的键，请核对拼写。"
        case _:
            return f"取值 {found[:60]!r} 不符合要求，请核对类型与可选值。"


def _exists(
    lines: Mapping[str, Line], lists: Mapping[str, SheetSpec], codes: frozenset[str], key: str, column: str
) -> bool:
    if key in lines:
        return column in lines[key].types
    if key in lists:
        return any(spec.name == column for spec in lists[key].columns)
    return key in codes and column in INDICATOR_INPUTS


_CHECK, _DERIVE, _EXAMPLE, _FUNCTION, _GRADES, _GROUPS, _INDICATOR, _POLICY, _RATIO, _RULE, _SHEET, _THRESHOLD = (
    Key().field(name)
    for name in (
        "check", "derive", "example", "function", "grades", "groups", "indicator", "policy", "ratio", "rule", "sheet",
        "threshold",
    )
)  # fmt: skip


def _beside(key: Key, name: str) -> Key:
    """Another field of the entry that a field's key stands in."""
    return Key(key.path[:-1], key.text.rpartition(".")[0]).field(name)


PLACEHOLDER: Final = re.compile(r"\{([^{}]+)\}")
"""A column in a text of the official form that is filled in for each row of a list."""


def _typed(column: ColumnSpec, text: str) -> Value:
    """What a cell of a column holds when a text is typed into it; raises ValueError or ArithmeticError."""
    match column.type:
        case "amount" | "number" | "count" | "points":
            return Decimal(text)
        case "percent":
            return Decimal(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
        case "date":
            return date.fromisoformat(text)
        case "choice" if text not in column.choices:
            raise ValueError(text)
        case _:
            return text


_PIECE: Final = re.compile(r"\{([^{}|]+)(?:\|([%0]))?\}")


class _Compiler:
    def __init__(self, spec: SchemeSpec, file: str, digest: str) -> None:
        self.spec = spec
        self.file = file
        self.digest = digest
        self.macros: dict[str, Macro] = {}
        self.lines: dict[str, Line] = {}
        self.lists: dict[str, SheetSpec] = {}
        self.ratios: dict[str, Ratio] = {}
        self.codes = frozenset(indicator.code for indicator in spec.indicator)
        self.weights = {(row.code, WEIGHT): Number(row.points_max) for row in spec.indicator}
        """What stands for 分值 of an indicator in a formula: the scheme's, never the file's."""

    def fail(self, key: Key, reason: str) -> SchemeError:
        return SchemeError(self.file, key, reason)

    def compile(self) -> Scheme:
        spec = self.spec
        if not any(sheet.kind == "indicators" for sheet in spec.sheet):
            raise self.fail(_SHEET, "缺少类型为“指标”的工作表，请补上。")
        self.check_unique(_SHEET, "name", [sheet.name for sheet in spec.sheet])
        for index, sheet in enumerate(spec.sheet):
            at = _SHEET.item(index, sheet.name, numbered=False).field("columns")
            self.check_unique(at, "name", [column.name for column in sheet.columns])
        self.check_unique(_GROUPS, "code", [group.code for group in spec.groups])
        self.check_unique(_INDICATOR, "code", [indicator.code for indicator in spec.indicator])
        self.check_unique(_RULE, "code", [rule.code for rule in spec.rule])
        self.check_unique(_POLICY, "name", [policy.name for policy in spec.policy])
        self.check_unique(_FUNCTION, "name", [function.name for function in spec.function])
        self.check_unique(_RATIO, "name", [ratio.name for ratio in spec.ratio])
        self.check_points()
        self.check_grades()
        self.compile_lines()
        self.check_notes()
        self.check_repeated_groups()
        self.compile_macros()
        row_formulas = {
            sheet.prefix: self.compile_rows(index, sheet)
            for index, sheet in enumerate(spec.sheet)
            if sheet.kind == "list"
        }
        for index, ratio in enumerate(spec.ratio):
            self.compile_ratio(_RATIO.item(index), ratio)
        checks = self.compile_checks()
        number, budget = next(((n, sheet) for n, sheet in enumerate(spec.sheet) if sheet.blocks), (0, spec.sheet[0]))
        at = _SHEET.item(number, budget.name, numbered=False).field("columns")
        found = next(((n, column.formula) for n, column in enumerate(budget.columns) if column.type == "rate"), None)
        if found is None or found[1] is None:
            raise self.fail(at if found is None else at.item(found[0]).field("formula"), "预算表缺少执行率栏目的公式。")
        rate_key, rate = at.item(found[0]).field("formula"), found[1]
        columns = frozenset(column.name for column in budget.columns)
        rate_scope = Scope(lambda key, column: column in columns, key="", columns=columns, macros=self.macros)
        return Scheme(
            spec=spec,
            file=self.file,
            digest=self.digest,
            sheets={sheet.name: sheet for sheet in spec.sheet},
            lists=self.lists,
            lines=self.lines,
            indicators={
                indicator.code: self.compile_indicator(_INDICATOR.item(index, indicator.code), indicator)
                for index, indicator in enumerate(spec.indicator)
            },
            ratios=self.ratios,
            checks=checks,
            row_formulas=row_formulas,
            line_rate=self.formula(rate_key, rate, rate_scope),
            derivations=self.compile_derivations(),
            rules={rule.code: rule for rule in spec.rule},
            policies={policy.name: policy for policy in spec.policy},
            thresholds={threshold.name: threshold.value for threshold in spec.threshold},
            examples=dict(self.example(_EXAMPLE.item(index), spec) for index, spec in enumerate(spec.example)),
            grades=tuple(sorted(spec.grades, key=lambda band: band.from_, reverse=True)),
        )

    # ---- arithmetic of the regulation

    def check_unique(self, table: Key, key: str, names: list[str]) -> None:
        seen: set[str] = set()
        for index, name in enumerate(names):
            if name in seen:
                raise self.fail(table.item(index).field(key), f"{name} 出现了两次，请删去一个。")
            seen.add(name)

    def check_points(self) -> None:
        total = sum((group.points for group in self.spec.groups), _ZERO)
        cap = self.spec.total.cap
        if total != cap:
            raise self.fail(_GROUPS.field("points"), f"各组分值合计为 {total}，应为 {cap}，请核对各组分值。")
        for index, group in enumerate(self.spec.groups):
            rows = [indicator for indicator in self.spec.indicator if indicator.code.startswith(group.code)]
            points = sum((row.points_max for row in rows), _ZERO)
            if group.cap is None and points != group.points:
                reason = f"{group.name} 各指标分值合计为 {points}，应为 {group.points}，请核对各指标的分值。"
                raise self.fail(_GROUPS.item(index).field("points"), reason)
        for index, row in enumerate(self.spec.indicator):
            if row.points_max <= 0:
                raise self.fail(_INDICATOR.item(index, row.code).field("points_max"), "分值应大于0。")
            if not any(row.code.startswith(group.code) for group in self.spec.groups):
                raise self.fail(_INDICATOR.item(index).field("code"), f"{row.code} 不属于任何一组。")

    def check_grades(self) -> None:
        order = sorted(range(len(self.spec.grades)), key=lambda index: self.spec.grades[index].from_)
        bands = [self.spec.grades[index] for index in order]
        at = [_GRADES.item(index, band.name) for index, band in zip(order, bands, strict=True)]
        total = self.spec.total
        if not bands or bands[0].from_ != total.floor:
            raise self.fail(at[0].field("from") if at else _GRADES, f"等级区间应从 {total.floor} 分开始。")
        for place, (lower, upper) in zip(at, pairwise(bands), strict=False):
            if lower.to != upper.from_:
                kind = "空档" if lower.to < upper.from_ else "重叠"
                raise self.fail(
                    place.field("to"),
                    f"{lower.name} 到 {lower.to} 为止，{upper.name} 从 {upper.from_} 开始，中间有{kind}。",
                )
        if bands[-1].to != total.cap:
            raise self.fail(at[-1].field("to"), f"等级区间应到 {total.cap} 分为止，现为 {bands[-1].to}。")

    # ---- sheets

    def check_notes(self) -> None:
        for number, sheet in enumerate(self.spec.sheet):
            at = _SHEET.item(number, sheet.name, numbered=False)
            notes = [
                (at.field("columns").item(index, spec.name), spec.note) for index, spec in enumerate(sheet.columns)
            ]
            notes += [(at.field("lines").item(index, spec.key), spec.note) for index, spec in enumerate(sheet.lines)]
            for place, note in notes:
                if len(note) > _LONGEST_NOTE:
                    reason = f"有 {len(note)} 个字，单元格的提示至多 {_LONGEST_NOTE} 个字。"
                    raise self.fail(place.field("note"), reason)

    def compile_lines(self) -> None:
        parents: list[tuple[Key, str]] = []
        for number, sheet in enumerate(self.spec.sheet):
            at = _SHEET.item(number, sheet.name, numbered=False)
            if sheet.kind == "list":
                if not sheet.prefix or sheet.prefix in self.lists or sheet.rows < 1:
                    raise self.fail(at.field("prefix"), "明细表应有自己的编码字母和行数。")
                self.lists[sheet.prefix] = sheet
            columns = {column.name: column for column in sheet.columns}
            for index, line in enumerate(sheet.lines):
                row = at.field("lines").item(index, line.key, numbered=False)
                if line.parent is not None:
                    parents.append((row.field("parent"), line.parent))
                if line.key in self.lines or line.key in self.codes:
                    raise self.fail(row.field("key"), f"编码 {line.key} 出现了两次。")
                if line.use is not None and line.use not in sheet.uses:
                    raise self.fail(row.field("use"), f"没有名为 {line.use!r} 的栏目组。")
                used = line.columns or (sheet.uses[line.use] if line.use is not None else (CONTENT,))
                types: dict[str, ColumnSpec] = {}
                for name in (*used, *line.mandatory):
                    if name not in columns:
                        source = "mandatory" if name not in used else "use" if line.columns is None else "columns"
                        raise self.fail(row.field(source), f"本表没有栏目 {name!r}。")
                    column = columns[name]
                    if line.type is not None and column.type in ("amount", "text") and name != "说明":
                        column = column.model_copy(update={"type": line.type})
                    if line.choices:
                        column = column.model_copy(update={"type": "choice", "choices": line.choices})
                    if line.signed and column.type == "amount":
                        column = column.model_copy(update={"signed": True})
                    types[name] = column
                if any(name not in used for name in line.mandatory):
                    raise self.fail(row.field("mandatory"), "必填的栏目不在本行填写的栏目之中。")
                self.lines[line.key] = Line(
                    line.key, line.label, sheet.name, types, line.mandatory, line.parent, line.unit,
                    line.note, line.preset, line.locked,
                )  # fmt: skip
        for key, parent in parents:
            if parent not in self.lines:
                raise self.fail(key, f"没有编码 {parent}。")

    def check_repeated_groups(self) -> None:
        columns = {prefix: {column.name for column in sheet.visible} for prefix, sheet in self.lists.items()}
        for index, group in enumerate(self.spec.groups):
            if group.each and group.each not in self.lists:
                raise self.fail(_GROUPS.item(index).field("each"), f"没有编码字母为 {group.each} 的明细表。")
        each = {group.code: group.each for group in self.spec.groups}
        for index, indicator in enumerate(self.spec.indicator):
            at = _INDICATOR.item(index, indicator.code)
            for name in ("each_name", "each_explain", "each_point"):
                known = columns.get(each[self.group_of(indicator.code)], set())
                for column in PLACEHOLDER.findall(getattr(indicator, name)):
                    if column not in known:
                        raise self.fail(at.field(name), f"该组逐项重复的明细表没有栏目 {column!r}。")

    def group_of(self, code: str) -> str:
        return next(group.code for group in self.spec.groups if code.startswith(group.code))

    # ---- the worked example

    def example(self, at: Key, spec: ExampleSpec) -> tuple[tuple[str, str], Value]:
        key, _, name = spec.place.partition(".")
        match = _LETTERS.match(key)
        prefix = match[0] if match else ""
        if key in self.lines:
            column = self.lines[key].types.get(name)
        elif key in self.codes:
            sheet = next(sheet for sheet in self.spec.sheet if sheet.kind == "indicators")
            column = next((c for c in sheet.columns if c.name == name and name in INDICATOR_INPUTS), None)
        else:
            columns = self.lists[prefix].visible if prefix in self.lists else ()
            column = next((c for c in columns if c.name == name and c.formula is None), None)
        if column is None:
            raise self.fail(at.field("place"), f"没有可填写的单元格 {spec.place}。")
        try:
            return (key, name), _typed(column, spec.value)
        except (ArithmeticError, ValueError):
            raise self.fail(at.field("value"), f"{spec.value!r} 不是“{name}”栏可以填写的内容。") from None

    # ---- formulas

    def parse(self, key: Key, text: str) -> Node:
        try:
            return language.parse(text)
        except FormulaError as error:
            raise self.fail(key, str(error)) from None

    def bind(self, key: Key, text: str, scope: Scope) -> Node:
        try:
            return language.bind(self.parse(key, text), scope, text)
        except FormulaError as error:
            raise self.fail(key, str(error)) from None

    def formula(self, key: Key, text: str, scope: Scope) -> Formula:
        node = self.bind(key, text, scope)
        try:
            return Formula.of(node)
        except FormulaError as error:
            raise self.fail(key, str(error)) from None

    def exists(self, key: str, column: str) -> bool:
        return _exists(self.lines, self.lists, self.codes, key, column)

    def scope(self, column: str | None = None, parameters: Mapping[str, Node] | None = None) -> Scope:
        known: dict[str, Node] = {name: ratio.formula.node for name, ratio in self.ratios.items()}
        return Scope(
            self.exists,
            column=column,
            parameters=known | dict(parameters or {}),
            macros=self.macros,
            constants=self.weights,
        )

    def row_scope(self, sheet: SheetSpec) -> Scope:
        columns = frozenset(column.name for column in sheet.columns)

        def exists(key: str, column: str) -> bool:
            return column in columns if key == "" else self.exists(key, column)

        return Scope(exists, key="", columns=columns, macros=self.macros)

    def compile_macros(self) -> None:
        self.check_unique(_THRESHOLD, "name", [threshold.name for threshold in self.spec.threshold])
        self.macros |= {threshold.name: Macro((), Number(threshold.value)) for threshold in self.spec.threshold}
        if missing := sorted(THRESHOLDS - self.macros.keys()):
            raise self.fail(_THRESHOLD, f"缺少阈值“{missing[0]}”，请补上。")
        for index, policy in enumerate(self.spec.policy):
            at = _POLICY.item(index, policy.name, numbered=False)
            if policy.name in self.macros:
                raise self.fail(at.field("name"), "与阈值同名。")
            if policy.choice not in policy.options:
                raise self.fail(
                    at.field("choice"), f"没有 {policy.choice!r} 这一做法，可选：{'、'.join(policy.options)}。"
                )
            for name, option in policy.options.items():
                if option.formula is not None:
                    body = self.parse(at.field("options").field(name).field("formula"), option.formula)
                    if name == policy.choice:
                        self.macros[policy.name] = Macro(policy.parameters, body)
        for index, function in enumerate(self.spec.function):
            at = _FUNCTION.item(index, function.name, numbered=False)
            if function.name in self.macros:
                raise self.fail(at.field("name"), "与口径或阈值同名。")
            body = self.parse(at.field("formula"), function.formula)
            self.macros[function.name] = Macro(function.parameters, body)

    def compile_rows(self, number: int, sheet: SheetSpec) -> dict[str, Formula]:
        scope = self.row_scope(sheet)
        found: dict[str, Formula] = {}
        at = _SHEET.item(number, sheet.name, numbered=False).field("columns")
        for index, column in enumerate(sheet.columns):
            if column.formula is None:
                continue
            key = at.item(index, column.name, numbered=False).field("formula")
            node = self.bind(key, column.formula, scope)
            if isinstance(node, language.Call) and node.name == "HIGHEST":
                found[column.name] = Formula(node, language.to_text(node), lambda figures: None, language.cells(node))
            else:
                found[column.name] = self.formula(key, column.formula, scope)
        return found

    def compile_ratio(self, at: Key, ratio: RatioSpec) -> None:
        node = self.bind(at.field("formula"), ratio.formula, self.scope())
        if ratio.when is not None:
            when = self.bind(at.field("when"), ratio.when, self.scope())
            node = language.Call("IF", (when, node, language.Call("BLANK", (), 0)), 0)
        self.ratios[ratio.name] = Ratio(ratio, Formula.of(node))

    def compile_derivations(self) -> dict[tuple[str, str], Formula]:
        by_column: dict[tuple[str, str], Formula] = {}
        by_row: dict[tuple[str, str], Formula] = {}
        for key, spec in self.expand_totals():
            for scope, prefix in self.scopes(key, spec):
                relation = self.bind(key, spec.formula, scope)
                if not isinstance(relation, Compare) or relation.operator != "=" or not isinstance(relation.left, Cell):
                    raise self.fail(key, "写入模板的公式应是“单元格 = 公式”。")
                place = (relation.left.key or prefix, relation.left.column)
                target = by_row if spec.rows or spec.list else by_column
                target.setdefault(place, Formula.of(self.unless_unfilled(relation.right)))
        return by_column | by_row

    def unless_unfilled(self, node: Node) -> Node:
        """A total that stays blank while a mandatory part of it is: a blank is never added up as a zero."""
        needed = [
            language.Call("ISBLANK", (cell,), 0)
            for cell in language.cells(node)
            if cell.key in self.lines and cell.column in self.lines[cell.key].mandatory
        ]
        if not needed:
            return node
        blank = needed[0] if len(needed) == 1 else language.Call("OR", tuple(needed), 0)
        return language.Call("IF", (blank, language.Call("BLANK", (), 0), node), 0)

    def expand_totals(self) -> Iterator[tuple[Key, CheckSpec]]:
        for index, check in enumerate(self.spec.check):
            if check.total:
                yield _CHECK.item(index, check.code).field("formula"), check
        for index, derive in enumerate(self.spec.derive):
            spec = CheckSpec(code="", formula=derive.formula, columns=derive.columns)
            yield _DERIVE.item(index).field("formula"), spec

    def scopes(self, key: Key, spec: CheckSpec) -> Iterator[tuple[Scope, str]]:
        """The scopes a check is written out for, each with the list prefix it runs over (or ``""``)."""
        if spec.list:
            if spec.list not in self.lists:
                raise self.fail(_beside(key, "list"), f"没有编码字母为 {spec.list!r} 的明细表。")
            yield self.row_scope(self.lists[spec.list]), spec.list
        elif spec.rows:
            bare = self.bare_columns(self.parse(key, spec.formula))
            for name in spec.rows:
                keys = [name] if name in self.lines else [k for k, line in self.lines.items() if line.block == name]
                if not keys:
                    raise self.fail(_beside(key, "rows"), f"没有编码或编码段 {name!r}。")
                for line in keys:
                    types = self.lines[line].types
                    if name in self.lines or all(column in types for column in bare):
                        base = self.scope()
                        yield (
                            Scope(
                                base.exists,
                                key=line,
                                columns=frozenset(types),
                                parameters=base.parameters,
                                macros=self.macros,
                            ),
                            "",
                        )
        elif spec.columns:
            for column in spec.columns:
                yield self.scope(column), ""
        else:
            yield self.scope(), ""

    def bare_columns(self, node: Node) -> set[str]:
        names: set[str] = set()

        def walk(node: Node) -> None:
            match node:
                case language.Name(name, _):
                    names.add(name)
                case language.Sum(terms):
                    for _, term in terms:
                        walk(term)
                case language.Product(left, right, _) | Compare(_, left, right):
                    walk(left)
                    walk(right)
                case language.Call(_, arguments, _):
                    for argument in arguments:
                        walk(argument)
                case _:
                    pass

        walk(node)
        return names

    def place(self, key: Key, text: str) -> tuple[str, str]:
        node = self.bind(key, text, self.scope())
        if not isinstance(node, Cell):
            raise self.fail(key, "应是一个单元格，如 S10.说明。")
        return node.key, node.column

    def compile_checks(self) -> tuple[Check, ...]:
        rules = {rule.code: rule for rule in self.spec.rule}
        checks: list[Check] = []
        seen: dict[str, int] = {}
        for index, spec in enumerate(self.spec.check):
            at = _CHECK.item(index, spec.code)
            if spec.code not in rules:
                raise self.fail(at.field("code"), f"规则目录中没有 {spec.code}。")
            rule = rules[spec.code]
            reason = self.place(at.field("reason"), spec.reason) if spec.reason else None
            for scope, prefix in self.scopes(at.field("formula"), spec):
                relation = self.bind(at.field("formula"), spec.formula, scope)
                if not isinstance(relation, Compare):
                    raise self.fail(at.field("formula"), "应是等式或不等式。")
                left, right = Formula.of(relation.left), Formula.of(relation.right)
                found = [cell for cell in left.cells if cell.key not in self.lists]
                if spec.place:
                    place = self.place(at.field("place"), spec.place)
                elif found:
                    place = (found[0].key or prefix, found[0].column)
                else:
                    raise self.fail(at.field("formula"), "左边应有单元格。")
                # two thresholds on one figure differ by what they compare it with
                name = f"{spec.code}:{place[0]}.{place[1]}"
                seen[name] = seen.get(name, 0) + 1
                identifier = name if seen[name] == 1 else f"{name}#{seen[name]}"
                checks.append(
                    Check(
                        id=identifier,
                        code=spec.code,
                        title=spec.title or self.describe(relation, prefix),
                        operator=relation.operator,
                        left=left,
                        right=right,
                        when=self.formula(at.field("when"), spec.when, scope) if spec.when else None,
                        place=place,
                        list=prefix,
                        tolerance=spec.tolerance,
                        level=spec.level or rule.level,
                        kind=spec.kind or rule.kind,
                        merge=spec.merge,
                        reason=reason,
                        advice=spec.advice or rule.advice,
                        cells=tuple(dict.fromkeys((cell.key, cell.column) for cell in left.cells + right.cells)),
                    )
                )
        return tuple(checks)

    def describe(self, relation: Compare, prefix: str) -> str:
        """An identity in words: line names for keys, the common column named once."""
        signs = {"=": "＝", "<=": "不大于", ">=": "不小于", ">": "大于", "<": "小于", "<>": "不等于"}
        places = [cell for cell in language.cells(relation) if cell.key not in self.lists]
        keys = {cell.key for cell in places}
        columns = {cell.column for cell in places}

        def word(node: Node) -> str:
            match node:
                case Cell("", column, _):
                    return column
                case Cell(key, column, _) if key in self.lists:
                    return f"{self.lists[key].name}的{column}"
                case Cell(key, column, _):
                    label = self.lines[key].label if key in self.lines else key
                    if len(keys) == 1 and len(columns) > 1:
                        return column
                    return label if len(columns) == 1 else f"{label}（{column}）"
                case language.Sum(terms):
                    parts = "".join(("＋" if sign > 0 else "－") + word(term) for sign, term in terms)
                    return parts.removeprefix("＋")
                case language.Call("SUM", (argument,), _):
                    return f"{word(argument)}合计"
                case _:
                    return language.to_text(node)

        text = f"{word(relation.left)}{signs[relation.operator]}{word(relation.right)}"
        if prefix:
            return f"{self.lists[prefix].name}各行：{text}"
        if len(keys) == 1 and len(columns) > 1:
            key = next(iter(keys))
            return f"{self.lines[key].label if key in self.lines else key}：{text}"
        return f"{text}（{next(iter(columns))}）" if len(columns) == 1 else text

    def compile_indicator(self, at: Key, spec: IndicatorSpec) -> Indicator:
        group = next(group for group in self.spec.groups if spec.code.startswith(group.code))
        weight = language.Number(spec.points_max)
        claimed = Cell(spec.code, SELF_SCORE)
        blank = language.Call("BLANK", (), 0)
        clipped = language.Call(
            "MIN",
            (language.Call("MAX", (language.Call("N", (claimed,), 0), language.Number(_ZERO)), 0), weight),
            0,
        )
        own = language.Call("IF", (language.Call("ISBLANK", (claimed,), 0), blank, clipped), 0)
        scope = self.scope(parameters={"分值": weight, "自评": own})

        def optional(name: str, text: str | None, at: Key = at) -> Formula | None:
            return None if text is None else self.formula(at.field(name), text, scope)

        if spec.type == "测算" and spec.points is None:
            raise self.fail(at.field("points"), "测算类指标应有计分公式。")
        sentences = []
        for index, say in enumerate(spec.say):
            here = at.field("say").item(index)
            pieces: list[str | tuple[Formula, str]] = []
            last = 0
            for match in _PIECE.finditer(say.text):
                pieces.append(say.text[last : match.start()])
                pieces.append((self.formula(here.field("text"), match[1], scope), match[2] or ""))
                last = match.end()
            pieces.append(say.text[last:])
            sentences.append(Sentence(optional("when", say.when, here), tuple(pieces)))
        return Indicator(
            spec=spec,
            group=group,
            weight=spec.points_max,
            pending=optional("pending", spec.pending),
            not_applicable=optional("not_applicable", spec.not_applicable),
            points=optional("points", spec.points),
            ceiling=optional("ceiling", spec.ceiling),
            scale=optional("scale", spec.scale),
            say=tuple(sentences),
        )


__all__ = [
    "APPLICABLE",
    "CONTENT",
    "DEFAULT_EDITION",
    "EVIDENCE",
    "INDICATOR_INPUTS",
    "REASON",
    "SELF_SCORE",
    "SHOWN_DECIMALS",
    "Check",
    "Formula",
    "Indicator",
    "Judgement",
    "Key",
    "Line",
    "Ratio",
    "Scheme",
    "SchemeError",
    "Sentence",
    "compile_scheme",
    "load_scheme",
    "packaged_scheme",
    "show",
]
