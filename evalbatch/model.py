"""The nouns of an evaluation: frozen values that know their cell; knows no file format, no rule, no library of ours.

Amounts are ``Decimal`` in 万元 (the unit of T05 has been converted), points are ``Decimal`` points,
rates are fractions (0.9786 is 97.86 %). Blank is ``None``; zero is ``Decimal(0)``; they never mix.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Final, Literal, NamedTuple, Protocol

Value = Decimal | str | date | None
"""What a cell says once its format is taken away; ``None`` is a blank (未填)."""

Level = Literal["退回", "错误", "预警", "提示"]
Kind = Literal["填报", "绩效"]
Source = Literal["复核", "测算", "自评", "待核", "不适用"]
Status = Literal["有效", "退回重报", "重复", "旧版", "其他材料", "未报送", "线下报送"]

Stamp = Literal["", "已收", "待认"]
"""Whether a file is the department's stamped copy: it says so, or it is a scan that does not say what it shows."""

LEVELS: tuple[Level, ...] = ("退回", "错误", "预警", "提示")


class Ref(NamedTuple):
    """A place in a workbook: sheet name and cell as Excel's name box shows it (``H25``, or ``H25、H38``)."""

    sheet: str
    cell: str


NOWHERE: Final = Ref("", "")
"""The place of what concerns a file as a whole."""


class Entry(NamedTuple):
    """One input cell as read.

    ``raw`` is the text as filled in; ``reading`` says how ``value`` came from it when it is not simply the
    cell (a sentence for 取数说明); ``unreadable`` marks content that is no figure or date where one is needed;
    ``derived`` marks a cell that still holds the template's formula, whose value was computed here.
    """

    ref: Ref
    value: Value
    raw: str = ""
    reading: str = ""
    unreadable: bool = False
    derived: bool = False
    decimals: int | None = None
    """Decimals of a figure typed as text; ``None`` when the cell held a number."""


@dataclass(frozen=True, slots=True)
class Row:
    """One filled row of a list sheet (a project, a key work, …); ``key`` is ``X003``, or ``第17行`` without a key."""

    key: str
    number: int
    """Row number in the sheet, 1-based."""
    entries: Mapping[str, Entry]

    def value(self, column: str) -> Value:
        """The value of a column, ``None`` when the column is absent or blank."""
        entry = self.entries.get(column)
        return None if entry is None else entry.value

    def text(self, column: str) -> str:
        """The value of a column as text, ``""`` when blank."""
        value = self.value(column)
        return "" if value is None else str(value)


@dataclass(frozen=True, slots=True)
class Remark:
    """What the reader saw of the form itself, to be judged by the rules of family FS, HD or CT.

    ``code`` is the rule it belongs to, ``what`` the sentence, ``advice`` what to do; ``keys`` the
    (key, column) cells put in doubt by it.
    """

    code: str
    ref: Ref
    what: str
    found: str = ""
    expected: str = ""
    advice: str = ""
    level: Level | None = None
    keys: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Note:
    """One line of 取数说明: a figure that is not simply the template's cell."""

    sheet: str
    key: str
    column: str
    value: Value
    raw: str
    cell: str
    text: str


@dataclass(frozen=True, slots=True)
class Submission:
    """One department's workbook, typed: every input cell of the template by (key, column)."""

    code: str
    name: str
    category: str
    year: int | None
    unit: str
    source: str
    """Path relative to the inbox, with forward slashes."""
    cells: Mapping[tuple[str, str], Entry]
    lists: Mapping[str, tuple[Row, ...]]
    """Filled rows by list prefix: X projects, W key works, V benefit indicators, Y awards."""
    remarks: tuple[Remark, ...] = ()
    notes: tuple[Note, ...] = ()
    explanations: Mapping[str, str] = field(default_factory=dict)
    """情况说明 of 数据审核, by the key of its row (``YR01:S10.预算调整数``)."""

    def value(self, key: str, column: str) -> Value:
        """The value of an input cell, ``None`` when blank, unreadable or absent."""
        entry = self.cells.get((key, column))
        return None if entry is None else entry.value

    def text(self, key: str, column: str) -> str:
        """The value of an input cell as text, ``""`` when blank."""
        value = self.value(key, column)
        return "" if value is None else str(value)


@dataclass(frozen=True, slots=True)
class Supplied:
    """What the bureau prefilled for one department, from its own file: it stands, whatever comes back."""

    cells: Mapping[tuple[str, str], Value] = field(default_factory=dict)
    """(key, column header) -> value."""
    lists: Mapping[str, tuple[Mapping[str, Value], ...]] = field(default_factory=dict)
    """List prefix -> its rows from the first on (column header -> value)."""


@dataclass(frozen=True, slots=True)
class Review:
    """复核: the points that the bureau or its experts give an indicator of a department, with their reason.

    ``ref`` is the cell that they stand in, ``seen`` what stood beside them under 自评得分 and 测算得分, as far as known.
    """

    points: Decimal
    reason: str
    ref: Ref
    seen: Mapping[str, Decimal | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to mend or to know, with its place, the figures and what to do."""

    code: str
    level: Level
    kind: Kind
    ref: Ref
    what: str
    found: str = ""
    expected: str = ""
    difference: Decimal | None = None
    advice: str = ""
    explanation: str = ""
    """The department's 情况说明; a 预警 that has one is shown as 已说明."""
    department: str = ""
    name: str = ""
    file: str = ""

    @property
    def to_mend(self) -> bool:
        """Whether the department has to mend its workbook: the form is wrong, and not only the fact what it is."""
        return self.kind == "填报" and self.level in ("退回", "错误")

    @property
    def explained(self) -> bool:
        """Whether it is a 预警 that the department has explained: 已说明."""
        return self.level == "预警" and bool(self.explanation)


@dataclass(frozen=True, slots=True)
class Line:
    """One indicator of one department: its layers of points and the sentence that explains them.

    ``weight``, ``claimed`` and ``final`` of an optional row are on the scale of the chosen rows
    (E1–E3 share the points of their group). ``low`` and ``high`` differ only while the row is 待核.
    """

    code: str
    name: str
    group: str
    weight: Decimal
    claimed: Decimal | None
    computed: Decimal | None
    reviewed: Decimal | None
    final: Decimal
    source: Source
    low: Decimal
    high: Decimal
    sentence: str
    evidence: tuple[Ref, ...]
    reason: str = ""
    """Why it was reviewed."""


@dataclass(frozen=True, slots=True)
class ListRow:
    """A filled list row with the columns that the scheme computes for it (执行率, 数量完成率, 计入分值, …)."""

    row: Row
    computed: Mapping[str, Decimal | str | None]


@dataclass(frozen=True, slots=True)
class Result:
    """A valid submission with everything the core says of it."""

    submission: Submission
    lines: tuple[Line, ...]
    groups: Mapping[str, Decimal]
    """Points by group A…E and F (= F1 − F2)."""
    total: Decimal
    low: Decimal
    high: Decimal
    claimed_total: Decimal
    grade: str
    ratios: Mapping[str, Decimal | None]
    rows: Mapping[str, tuple[ListRow, ...]]
    findings: tuple[Finding, ...]

    def count(self, level: Level) -> int:
        """Number of findings of a level, of both kinds."""
        return sum(finding.level == level for finding in self.findings)


class Packed(Protocol):
    """Pieces of packed rows, in memory or on disk."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Summary:
    """What the batch holds of a result: enough to choose, rank and register by; its rows wait packed, a table a piece.

    A hundred thousand results in full are more than a machine holds.
    """

    code: str
    name: str
    category: str
    source: str
    titled: str
    """填报单位 as the cover has it, whatever the roster calls it."""
    cover: Ref
    """The cells of 填报单位 and 单位编码."""
    filled: date | None
    """填报日期 (T10)."""
    total: Decimal
    rate: Decimal | None
    """部门预算执行率."""
    counts: tuple[int, ...]
    """Rows of each packed table."""
    packed: Packed
    noted: tuple[Finding, ...] = ()
    """Findings that only the batch can make, beside those packed."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """A result with its places; ranks are 1, 2, 2, 4."""

    result: Summary
    rank: int
    category_rank: int


@dataclass(frozen=True, slots=True)
class Received:
    """One line of 收件登记: a file that arrived, or a department of the roster that sent none."""

    file: str
    status: Status
    reason: str = ""
    code: str = ""
    name: str = ""
    digest: str = ""
    size: int | None = None
    received: datetime | None = None
    subject: str = ""
    """Subject of the mail it came in."""
    note: str = ""
    stamp: Stamp = ""


@dataclass(frozen=True, slots=True)
class Unranked:
    """A department without a valid workbook, with the reason: it stands below the ranking."""

    code: str
    name: str
    category: str
    status: Status
    reason: str
    file: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The whole batch: what the ranking workbook and the report are made of."""

    ranked: tuple[Ranked, ...]
    """In the order of 排名: by rank, then 部门预算执行率 descending, then 单位编码."""
    unranked: tuple[Unranked, ...]
    findings: Collection[Finding]
    """All findings, those of returned files included, by department, level and code."""
    files: tuple[Received, ...]
    facts: tuple[tuple[str, str], ...]
    """运行说明: name and content of each fact about the run."""
    replaced: frozenset[str] = frozenset()
    """Files that went back and were followed by one of the same department that counts."""
    final: bool = False
    """Whether the review is completed: until then the ranking is 初评."""
