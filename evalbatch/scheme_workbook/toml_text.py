"""The tables of a scheme -> TOML text: exact decimals, short entries on one line, formulas as literal strings."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

import tomlkit
from tomlkit.items import Array, Float, InlineTable, Item, String, Trivia

_INLINE: Final = frozenset({"grades", "groups", "columns", "lines", "blocks", "variants", "example"})
"""Lists whose entries take a line each."""
_HEAD: Final = ("部门整体支出绩效评价方案。", "由 evalbatch scheme import 从方案工作簿写出；修改请改工作簿后重新读入。")


def toml_text(table: Mapping[str, Any]) -> str:
    """The text of a scheme file."""
    document = tomlkit.document()
    for line in _HEAD:
        document.add(tomlkit.comment(line))
    document.add(tomlkit.nl())
    _fill(document, table)
    return tomlkit.dumps(document)


def _fill(target: Any, table: Mapping[str, Any]) -> None:
    # what TOML writes in place goes before the tables that take over the lines below them
    for name, value in sorted(table.items(), key=lambda entry: _is_table(*entry)):
        if not _is_table(name, value):
            target.add(name, _value(name, value))
        elif isinstance(value, dict):
            part = tomlkit.table()
            _fill(part, value)
            target.add(name, part)
        else:
            array = tomlkit.aot()
            for entry in value:
                part = tomlkit.table()
                _fill(part, entry)
                array.append(part)
            target.add(name, array)


def _is_table(name: str, value: Any) -> bool:
    if name in _INLINE:
        return False
    return isinstance(value, dict) or (isinstance(value, list) and bool(value) and isinstance(value[0], dict))


def _value(name: str, value: Any) -> Item:
    match value:
        case bool() | int():
            return tomlkit.item(value)
        case Decimal():
            whole = value == value.to_integral_value()
            return tomlkit.integer(f"{value:.0f}") if whole else Float(float(value), Trivia(), f"{value:f}")
        case str():
            return _string(value)
        case list():
            array: Array = tomlkit.array()
            array.extend(_value("", item) for item in value)
            return array.multiline(name == "sources" or any(isinstance(item, dict) for item in value))
        case dict():
            inline: InlineTable = tomlkit.inline_table()
            for key, item in value.items():
                inline.add(key, _value(key, item))
            return inline
        case _:
            raise TypeError(f"no TOML for {type(value).__name__}")


def _string(text: str) -> String:
    quoted = ('"' in text or "\\" in text) and "'" not in text and text.isprintable()
    return tomlkit.string(text, literal=quoted)


__all__ = ["toml_text"]
