"""The shape of a scheme file: what keys it may have and of what type; knows nothing of formulas or figures."""

from __future__ import annotations

from decimal import Decimal
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict

from evalbatch.model import Kind, Level

ColumnType = Literal[
    "label", "text", "choice", "date", "amount", "number", "count", "points", "percent", "rate", "flag"
]
TEXT_TYPES: Final[frozenset[ColumnType]] = frozenset({"label", "text", "choice"})
"""What holds texts; all else holds figures or dates."""
FIGURE_TYPES: Final[frozenset[ColumnType]] = frozenset({"amount", "number", "count", "points", "percent"})
"""What holds a figure that somebody enters."""


class Spec(BaseModel):
    """A frozen table of the file that knows all its keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ToleranceSpec(Spec):
    """tol(n) = step × (n + 1) 万元; none for ``exact_units``; ``fixed`` 万元 for overspending."""

    step: Decimal
    exact_units: tuple[str, ...]
    fixed: Decimal


class TotalSpec(Spec):
    """总分: its bounds in points and the decimals that every indicator is rounded to."""

    cap: Decimal
    floor: Decimal
    decimals: int


class GradeSpec(Spec):
    """A grade for totals in [from, to); the topmost includes its upper end."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=lambda name: name.removesuffix("_"))

    name: str
    from_: Decimal
    to: Decimal


class GroupSpec(Spec):
    """A level-1 indicator group; ``cap`` bounds additions and deductions of the group outside the 100 points."""

    code: str
    name: str
    points: Decimal
    optional_rows: bool = False
    cap: Decimal | None = None
    each: str = ""
    """The list for each of whose rows the official form prints the group's rows again."""

    @property
    def title(self) -> str:
        """The level-1 text as printed: A部门决策（15分）, F加减分项（≤5分）."""
        points = f"{self.points:f}" if self.cap is None else f"≤{self.cap:f}"
        return f"{self.name}（{points.rstrip('0').rstrip('.') if '.' in points else points}分）"


class OptionSpec(Spec):
    """One way to read an ambiguity; with a formula it is what the policy's name stands for in formulas."""

    text: str
    formula: str | None = None


class PolicySpec(Spec):
    """An ambiguity of the regulation with its answers and the one in force."""

    name: str
    number: int | None = None
    question: str
    parameters: tuple[str, ...] = ()
    choice: str
    options: dict[str, OptionSpec]


class FunctionSpec(Spec):
    """A function of the scheme over the formula language."""

    name: str
    parameters: tuple[str, ...] = ()
    formula: str


class ColumnSpec(Spec):
    """A column of a sheet: header text, what it holds, and its formula where the workbook computes it."""

    name: str
    type: ColumnType
    choices: tuple[str, ...] = ()
    preset: str = ""
    signed: bool = False
    constant: bool = False
    computed: bool = False
    hidden: bool = False
    formula: str | None = None
    width: int = 12
    note: str = ""


class LineSpec(Spec):
    """A keyed row: the columns it fills (``columns``, or ``use`` naming a set of the sheet), which are mandatory."""

    key: str
    label: str
    use: str | None = None
    columns: tuple[str, ...] | None = None
    type: ColumnType | None = None
    unit: str = ""
    choices: tuple[str, ...] = ()
    mandatory: tuple[str, ...] = ()
    parent: str | None = None
    signed: bool = False
    note: str = ""
    preset: str = ""
    locked: bool = False


class BlockSpec(Spec):
    """A run of lines with the same key letter, under one heading."""

    name: str
    title: str


class SheetSpec(Spec):
    """An input sheet: fixed lines, the indicator rows, or a list of ``rows`` pre-printed keys ``prefix``001…"""

    name: str
    kind: Literal["lines", "indicators", "list"]
    title: str
    amounts: bool = False
    prefix: str = ""
    rows: int = 0
    label: str = ""
    columns: tuple[ColumnSpec, ...]
    lines: tuple[LineSpec, ...] = ()
    uses: dict[str, tuple[str, ...]] = {}
    blocks: tuple[BlockSpec, ...] = ()

    @property
    def visible(self) -> tuple[ColumnSpec, ...]:
        """The columns that the sheet itself shows; the hidden ones stand on the support sheet."""
        return tuple(column for column in self.columns if not column.hidden)


class SaySpec(Spec):
    """A sentence for 计分说明: the first whose ``when`` holds is used, ``{formula|format}`` filled in."""

    text: str
    when: str | None = None


class IndicatorSpec(Spec):
    """A level-3 indicator: the seed's words, its points and, for 测算 rows, its formulas."""

    code: str
    level2: str
    name: str
    explain: str = ""
    point: str = ""
    type: Literal["评判", "事实", "测算"]
    points_max: Decimal
    scale: str | None = None
    optional: bool = False
    inapplicable: bool = False
    subtract: bool = False
    partial: bool = False
    compare: bool = True
    pending: str | None = None
    not_applicable: str | None = None
    points: str | None = None
    ceiling: str | None = None
    each_name: str = ""
    """三级指标 in the official form for a row of the group's list, ``{column}`` filled in; the next two likewise."""
    each_explain: str = ""
    each_point: str = ""
    say: tuple[SaySpec, ...] = ()


class RatioSpec(Spec):
    """A named ratio; blank where ``when`` does not hold."""

    name: str
    formula: str
    when: str | None = None
    basis: str = ""
    common: bool = False
    unit: str = ""


class DeriveSpec(Spec):
    """A cell that the template computes though no check stands on the formula."""

    formula: str
    columns: tuple[str, ...] = ()


class CheckSpec(Spec):
    """An identity or a threshold, expanded over ``columns``, ``rows`` or the rows of ``list``."""

    code: str
    formula: str
    title: str = ""
    columns: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()
    list: str = ""
    when: str | None = None
    tolerance: Literal["tail", "fixed", "none"] = "tail"
    level: Level | None = None
    kind: Kind | None = None
    total: bool = False
    merge: bool = False
    reason: str = ""
    place: str = ""
    advice: str = ""


class RuleSpec(Spec):
    """A rule of the catalogue: severity, category and its texts; ``variants`` names milder or graver cases."""

    code: str
    level: Level
    kind: Kind
    name: str
    text: str
    advice: str
    basis: str
    variants: dict[str, Level] = {}


class ThresholdSpec(Spec):
    """A figure that formulas call by its name and rules read: it stands here only."""

    name: str
    value: Decimal
    text: str


class ExampleSpec(Spec):
    """A cell of the worked example: ``place`` is KEY.column, of a list row by its printed key."""

    place: str
    value: str


class SchemeSpec(Spec):
    """The whole file."""

    edition: str
    year: int
    title: str
    city: str
    sources: tuple[str, ...]
    units: dict[str, Decimal]
    tolerance: ToleranceSpec
    total: TotalSpec
    grades: tuple[GradeSpec, ...]
    groups: tuple[GroupSpec, ...]
    policy: tuple[PolicySpec, ...]
    threshold: tuple[ThresholdSpec, ...]
    function: tuple[FunctionSpec, ...] = ()
    sheet: tuple[SheetSpec, ...]
    ratio: tuple[RatioSpec, ...]
    derive: tuple[DeriveSpec, ...] = ()
    check: tuple[CheckSpec, ...]
    indicator: tuple[IndicatorSpec, ...]
    rule: tuple[RuleSpec, ...]
    example: tuple[ExampleSpec, ...] = ()
