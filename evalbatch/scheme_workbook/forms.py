"""How a value of a scheme is written into a cell and read back; knows no sheet and no table."""

from __future__ import annotations

import re
import types
import typing
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final, Literal

from evalbatch.reading.book import Content
from evalbatch.reading.cells import as_text, exact

YES, NO = "是", "否"
_FIGURE: Final = re.compile(r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d{1,3})?")
_PAIR: Final = re.compile(r"\s*([^=＝]*[^=＝\s])\s*[=＝]\s*(\S|\S.*\S)\s*")
_MOST_EXACT: Final = Decimal(10) ** 15


class BadCell(ValueError):
    """A cell that does not hold what it should; the text is the reason in one sentence."""


def written(content: Content) -> str:
    """A cell's text as it stands; a number or a date that Excel made of it as it was typed."""
    if isinstance(content, str):
        return content.replace("\r\n", "\n").replace("\r", "\n")
    return as_text(content)


@dataclass(frozen=True, slots=True)
class Text:
    """A text as it stands; a ``name`` without the blanks around it, which nobody sees in a cell."""

    name: bool = False

    def write(self, value: Any) -> str | Decimal:
        """The cell of a value."""
        return str(value)

    def read(self, content: Content) -> object:
        """The value of a cell."""
        return written(content).strip() if self.name else written(content)


@dataclass(frozen=True, slots=True)
class Number:
    """An exact number: a number cell where its 15 significant digits hold it, else its digits as a text."""

    whole: bool = False

    def write(self, value: Any) -> str | Decimal:
        """The cell of a value."""
        number = Decimal(value)
        return number if abs(number) < _MOST_EXACT and exact(float(number)) == number else f"{number:f}"

    def read(self, content: Content) -> object:
        """The value of a cell."""
        if isinstance(content, int | float) and not isinstance(content, bool):
            number = exact(content)
        else:
            text = unicodedata.normalize("NFKC", written(content)).strip()
            if isinstance(content, bool | date) or not _FIGURE.fullmatch(text):
                raise BadCell(f"应是数字，现为“{short(written(content))}”，请改填数字。")
            number = Decimal(text)
        if not self.whole:
            return number
        if number != number.to_integral_value():
            raise BadCell(f"应是整数，现为 {number:f}，请改填整数。")
        return int(number)


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a closed list; ``words`` maps the value in the scheme to the word in the cell."""

    words: Mapping[object, str]

    def write(self, value: Any) -> str | Decimal:
        """The cell of a value."""
        return self.words[value]

    def read(self, content: Content) -> object:
        """The value of a cell."""
        text = written(content).strip()
        for value, word in self.words.items():
            if word == text:
                return value
        raise BadCell(f"没有“{short(text)}”这一选项，可选：{'、'.join(self.words.values())}。")


@dataclass(frozen=True, slots=True)
class Many:
    """A list of names joined by 、; one a line where a name itself holds a 、 or ``lines`` asks for it."""

    lines: bool = False

    def write(self, value: Any) -> str | Decimal:
        """The cell of a value."""
        if any("、" in item for item in value) or self.lines:
            return "\n".join(value) + ("\n" if len(value) == 1 and not self.lines else "")
        return "、".join(value)

    def read(self, content: Content) -> object:
        """The value of a cell."""
        text = written(content)
        parts = text.split("\n") if "\n" in text or self.lines else text.split("、")
        return [part.strip() for part in parts if part.strip()]


@dataclass(frozen=True, slots=True)
class Pairs:
    """A table in a cell: a line ``name＝value`` an entry; a list of ``fields`` tables where these are given."""

    value: Form
    fields: tuple[str, str] | None = None

    def write(self, value: Any) -> str | Decimal:
        """The cell of a value."""
        pairs = (
            value.items() if self.fields is None else [[getattr(item, name) for name in self.fields] for item in value]
        )
        shown = ((name, self.value.write(item)) for name, item in pairs)
        return "\n".join(
            f"{name}＝{item:f}" if isinstance(item, Decimal) else f"{name}＝{item}" for name, item in shown
        )

    def read(self, content: Content) -> object:
        """The value of a cell."""
        found: dict[str, object] = {}
        for line in written(content).split("\n"):
            if not line.strip():
                continue
            match = _PAIR.fullmatch(line)
            if match is None:
                raise BadCell(f"“{short(line)}”应写成“名称＝内容”，每行一项。")
            name, item = match[1], match[2]
            if name in found:
                raise BadCell(f"{name} 出现了两次，请删去一个。")
            found[name] = self.value.read(item)
        if self.fields is None:
            return found
        first, second = self.fields
        return [{first: name, second: item} for name, item in found.items()]


Form = Text | Number | Choice | Many | Pairs

YES_NO: Final = Choice({True: YES, False: NO})


def form_of(annotation: Any, words: Mapping[object, str], name: bool) -> Form:
    """The form of a field of the scheme by its type; ``words`` are the Chinese words of its closed lists."""
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        annotation = next(kind for kind in typing.get_args(annotation) if kind is not type(None))
    if typing.get_origin(annotation) is Literal:
        return Choice({value: words.get(value, str(value)) for value in typing.get_args(annotation)})
    if annotation is bool:
        return YES_NO
    if annotation in (int, Decimal):
        return Number(whole=annotation is int)
    if annotation == tuple[str, ...]:
        return Many()
    if annotation is str:
        return Text(name)
    raise TypeError(f"no cell holds a {annotation}")


def short(text: str) -> str:
    """A text for a message: one line, not too long."""
    text = " ".join(text.split())
    return text if len(text) <= 30 else text[:29] + "…"
