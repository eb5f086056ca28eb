"""A cell's content and what its column holds -> Entry: figures, dates and texts as a careful reader takes them."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Final

from evalbatch.model import Entry, Ref, Value
from evalbatch.reading.book import Content
from evalbatch.scheme.spec import ColumnSpec

_EPOCH: Final = date(1899, 12, 30)
_NONE_WORDS: Final = frozenset({"无", "不涉及", "没有", "未发生", "/", "-", "--", "—", "——", "–", "无此项"})
_COUNT_UNITS: Final = ("人次", "批次", "人", "个", "辆", "批", "次", "台", "项", "家", "份", "场", "场次", "名", "件")
_FIGURE: Final = re.compile(r"([+-]?)(\d{1,3}(?:,\d{3})+|\d+)(?:\.(\d+))?")
_DATE: Final = re.compile(r"(\d{4})\s*[-./年]\s*(\d{1,2})\s*[-./月]\s*(\d{1,2})\s*日?")
_COMPACT_DATE: Final = re.compile(r"(20\d{2})(\d{2})(\d{2})")
_ALIASES: Final = {">=": "≥", "<=": "≤", "==": "="}
_MINUS: Final = str.maketrans({"−": "-", "﹣": "-", "﹢": "+", "、": ",", "。": "."})
_BRACKETS: Final = str.maketrans("〔〕[]【】〖〗{}〈〉<>", "()()()()()()()")
KEPT: Final = 1024
"""Characters of a text at most of which the answer is kept: headers, names and formulas come again in every workbook,
long texts do not and would fill the memory."""
_SERIALS: Final = range(32_874, 73_051)  # 1990-01-01 … 2099-12-31 as Excel counts days


def plain(text: str) -> str:
    """Text with width, spaces and line breaks taken away: what two spellings of one word have in common."""
    return _plain(text) if len(text) <= KEPT else _plain.__wrapped__(text)


@lru_cache(maxsize=4096)
def _plain(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split())


def spelling(name: str) -> str:
    """A name as names are compared: width, spaces and the kind of its brackets taken away."""
    return plain(name).translate(_BRACKETS)


def abbreviates(short: str, name: str) -> bool:
    """Whether a name may be short for another (市商务局 for 南京市商务局): its characters stand there in their order."""
    characters = iter(spelling(name))
    return bool(short) and all(character in characters for character in spelling(short))


def exact(value: float) -> Decimal:
    """A cell's number at the 15 significant digits that a spreadsheet keeps."""
    return Decimal(format(value, ".15g"))


def as_text(content: Content) -> str:
    """A cell's content as text: whole numbers without a point, dates in ISO form."""
    if isinstance(content, str):
        return content.strip()
    if isinstance(content, bool):
        return "是" if content else "否"
    if isinstance(content, int | float):
        return f"{exact(content):f}"
    if isinstance(content, datetime):
        return content.date().isoformat() if content.time().isoformat() == "00:00:00" else content.isoformat(" ")
    return content.isoformat() if isinstance(content, date) else str(content).strip()


def read_cell(
    content: Content, column: ColumnSpec, ref: Ref, units: dict[str, Decimal], unit: str, mandatory: bool
) -> Entry:
    """The entry of an input cell.

    ``units`` gives 万元 for each unit of amount, ``unit`` the one in force on the sheet; ``mandatory`` cells
    never take a word such as 无 for zero.
    """
    if content == "" or content is None or (isinstance(content, str) and not plain(content)):
        return Entry(ref, None)
    if isinstance(content, float) and column.type == "amount":  # what nearly all cells are
        value = exact(content)
        return Entry(ref, value * units[unit], f"{value:f}")
    raw = as_text(content)
    match column.type:
        case "text" | "label":
            return Entry(ref, raw or None, raw)
        case "choice":
            word = plain(raw)
            return Entry(ref, _ALIASES.get(word, word), raw)
        case "date":
            return _date(content, ref, raw)
        case _:
            return _figure(content, column, ref, raw, units, unit, mandatory)


def _date(content: Content, ref: Ref, raw: str) -> Entry:
    if isinstance(content, datetime):
        return Entry(ref, content.date(), raw)
    if isinstance(content, date):
        return Entry(ref, content, raw)
    if isinstance(content, int | float) and not isinstance(content, bool):
        if content == int(content) and int(content) in _SERIALS:
            day = _EPOCH + timedelta(days=int(content))
            return Entry(ref, day, raw, f"日期序号 {raw} 读作 {day.isoformat()}")
        match = _COMPACT_DATE.fullmatch(raw)
    else:
        text = unicodedata.normalize("NFKC", raw).strip()
        match = _DATE.fullmatch(text) or _COMPACT_DATE.fullmatch(text)
    if match is not None:
        try:
            day = date(int(match[1]), int(match[2]), int(match[3]))
        except ValueError:
            return Entry(ref, None, raw, unreadable=True)
        return Entry(ref, day, raw, f"文本 {raw} 读作日期 {day.isoformat()}")
    return Entry(ref, None, raw, unreadable=True)


def _figure(
    content: Content, column: ColumnSpec, ref: Ref, raw: str, units: dict[str, Decimal], unit: str, mandatory: bool
) -> Entry:
    money = column.type == "amount"
    factor = units[unit] if money else Decimal(1)
    if isinstance(content, bool | date | timedelta):
        return Entry(ref, None, raw, unreadable=True)
    if isinstance(content, int | float):
        value = exact(content)
        if column.type == "percent" and value > 1:
            # shown as 150.00%: a slip for 1.5% or 15%, or more than everything; whichever it is, no points hang on it
            return Entry(ref, None, raw, unreadable=True)
        return Entry(ref, value * factor if money else value, raw)
    if not isinstance(content, str):
        return Entry(ref, None, raw, unreadable=True)
    text = plain(content).translate(_MINUS).lstrip("'’‘¥￥")
    if text in _NONE_WORDS:
        if mandatory:
            return Entry(ref, None, raw, f"“{raw}”按未填处理")
        return Entry(ref, Decimal(0), raw, f"“{raw}”读作 0")
    percent = False
    suffix = ""
    if money:
        suffix = next((name for name in sorted(units, key=len, reverse=True) if text.endswith(name)), "")
        factor = units[suffix] if suffix else factor
    elif column.type == "points":
        suffix = "分" if text.endswith("分") else ""
    elif text.endswith("%"):
        suffix, percent = "%", True
    elif column.type in ("count", "number"):
        suffix = next((name for name in sorted(_COUNT_UNITS, key=len, reverse=True) if text.endswith(name)), "")
    text = text.removesuffix(suffix) if suffix else text
    negative = text.startswith("(") and text.endswith(")")
    match = _FIGURE.fullmatch(text[1:-1] if negative else text)
    if match is None or (negative and match[1]):
        return Entry(ref, None, raw, unreadable=True)
    value = Decimal(f"{match[1]}{match[2].replace(',', '')}.{match[3] or '0'}")
    value = -value if negative else value
    if percent:
        value /= 100
        if column.type == "percent" and value > 1:
            return Entry(ref, None, raw, unreadable=True)
    elif column.type == "percent" and value > 1:
        return _percent(value, ref, raw)
    decimals = len(match[3] or "")
    read = f"文本“{raw}”读作 {value:f}".rstrip("0").rstrip(".") if match[3] is None else f"文本“{raw}”读作 {value:f}"
    if money and suffix and suffix != unit:
        read += f" {suffix}"
    return Entry(ref, value * factor if money else value, raw, read, decimals=decimals)


def _percent(value: Decimal, ref: Ref, raw: str) -> Entry:
    if value > 100:
        return Entry(ref, None, raw, unreadable=True)
    return Entry(ref, value / 100, raw, f"“{raw}”读作 {value.normalize():f}%")


def shown(value: Value) -> str:
    """A value as written in a message."""
    if value is None:
        return "空白"
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value.isoformat() if isinstance(value, date) else value
