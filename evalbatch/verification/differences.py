"""What is told of a cell that differs: where it stands, of whom, what it says and what it should say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from evalbatch.reading.written import Fault, WrittenCell
from evalbatch.table_columns import Kind

Cause = Literal["来源文件", "评价依据", "程序版本", "工作簿", "随之变动"]
"""What is not what it was: a file that came in, what it was judged by, the program, or the workbook itself; 随之变动
is what follows from the first three, or cannot be told from it."""

MISSING_ROW: Final = "缺少这一行"
EXTRA_ROW: Final = "多出这一行"
TOLERANCE: Final = 1e-9
"""What two numbers may differ by, in parts of the larger one (at least 1)."""
_EPOCH: Final = datetime(1899, 12, 30)
_LONGEST: Final = 120
_LAST_DAY: Final = 2_958_465.0


@dataclass(frozen=True, slots=True)
class Difference:
    """A cell, row (``7:7``), column (``C:C``) or sheet (cell ``""``) of the workbook that is not as it should be."""

    sheet: str
    cell: str
    what: str
    code: str = ""
    """单位编码 of the department in whose row it stands, its name and its file."""
    name: str = ""
    file: str = ""
    header: str = ""
    """Header of its column."""
    row: str = ""
    """What its row is called, where it is no department's."""
    computed: bool = False
    """Whether a formula that is as it should be gives another value: it follows from a change elsewhere, or the value
    alone was written over."""
    of_all: bool = False
    """Whether it depends on every department."""
    cause: Cause = "工作簿"

    @property
    def sentence(self) -> str:
        """The difference in a line."""
        place = f"{self.sheet}!{self.cell}" if self.cell else self.sheet
        whose = " ".join(filter(None, (self.code, self.name))) or self.row
        about = "，".join(filter(None, (whose, self.header)))
        return f"[{self.cause}] {place}　{f'{about}：' if about else ''}{self.what}。"


def differs(expected: float | str | bool | None, found: float | str | bool | None) -> bool:
    """Whether two values differ: numbers beyond the tolerance, texts and kinds of values at all."""
    if isinstance(expected, float) and isinstance(found, float):
        return abs(expected - found) > TOLERANCE * max(1.0, abs(expected), abs(found))
    return type(expected) is not type(found) or expected != found


def told_value(expected: WrittenCell, found: WrittenCell, kind: Kind) -> str:
    """What a cell says and what it should say."""
    if isinstance(expected.value, float) and type(found.value) is str and found.value.strip():
        return f"为文本“{_short(found.value)}”，应为数 {shown(expected.value, kind)}"
    return f"为{shown(found.value, kind)}，应为{shown(expected.value, kind)}"


def told_formula(expected: WrittenCell, found: WrittenCell, kind: Kind) -> str:
    """How a formula was put in, taken out or changed."""
    if not found.formula:
        return f"公式被改成常数{shown(found.value, kind)}，应为公式 ={_short(expected.formula)}（{shown(expected.value, kind)}）"
    if not expected.formula:
        return f"被改成公式 ={_short(found.formula)}，应为{shown(expected.value, kind)}"
    return f"公式为 ={_short(found.formula)}，应为 ={_short(expected.formula)}"


def shown(value: float | str | bool | None, kind: Kind = "text") -> str:
    """A value as a reader knows it."""
    if value is None:
        return "空白"
    if isinstance(value, bool):
        return " TRUE " if value else " FALSE "
    if isinstance(value, float):
        if kind in ("day", "moment") and 0 <= value <= _LAST_DAY:
            moment = _EPOCH + timedelta(seconds=round(value * 86_400))
            return f" {moment.date() if kind == 'day' else moment} "
        return f" {value:.15g} "
    return f"错误值 {value} " if isinstance(value, Fault) else f"“{_short(value)}”"


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
