"""A ranking workbook tampered with in its XML, as a clever hand would: only what is meant to change changes."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Any

import openpyxl

from evalbatch.scheme.layout import address
from tests.forms import parts
from tests.ranking_workbook.test_live import header_row, place


@lru_cache(maxsize=4)
def _opened(content: bytes, values: bool) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(content), data_only=values)


_CELL = r'<c r="{}"([^>]*?)(?:/>|>(.*?)</c>)'


class Tampered:
    """The parts of a workbook; every change names its cell as (sheet, cell)."""

    def __init__(self, content: bytes) -> None:
        self.parts = parts(content)
        self.book, self.values = (_opened(content, values) for values in (False, True))

    def at(self, sheet: str, code: str, header: str, nth: int = 0) -> str:
        """The cell of a department under a header."""
        return address(*place(self.book[sheet], code, header, nth))

    def row(self, sheet: str, first: str) -> int:
        """The row whose first cell has a text."""
        cells = [cell for (cell,) in self.book[sheet].iter_rows(max_col=1)]
        return next(number for number, cell in enumerate(cells, 1) if cell.value == first)

    def headers(self, sheet: str) -> int:
        """The row with the headers of a sheet with departments."""
        return header_row(self.book[sheet])

    def part(self, sheet: str) -> str:
        """The part that holds a sheet."""
        return f"xl/worksheets/sheet{self.book.sheetnames.index(sheet) + 1}.xml"

    def edit(self, part: str, change: Callable[[str], str]) -> None:
        """Change the text of a part, which must change."""
        before = self.parts[part].decode()
        after = change(before)
        assert after != before
        self.parts[part] = after.encode()

    def cell(self, sheet: str, cell: str, write: Callable[[str, str], str]) -> tuple[str, str]:
        """Write a cell anew from its attributes and its content."""

        def change(xml: str) -> str:
            found = re.search(_CELL.format(cell), xml, re.DOTALL)
            assert found is not None, (sheet, cell)
            return xml[: found.start()] + write(found[1], found[2] or "") + xml[found.end() :]

        self.edit(self.part(sheet), change)
        return sheet, cell

    def value(self, sheet: str, cell: str, value: object) -> tuple[str, str]:
        """A constant in place of whatever there is."""
        return self.cell(sheet, cell, lambda attributes, _: _constant(cell, attributes, value))

    def cached(self, sheet: str, cell: str, value: object) -> tuple[str, str]:
        """Another value of a formula that stays."""

        def write(attributes: str, content: str) -> str:
            formula = re.search(r"<f[ >].*?(?:/>|</f>)", content, re.DOTALL)
            assert formula is not None, (sheet, cell)
            kind = ' t="str"' if isinstance(value, str) else ""
            return f'<c r="{cell}"{_style(attributes)}{kind}>{formula[0]}<v>{escape(str(value))}</v></c>'

        return self.cell(sheet, cell, write)

    def formula(self, sheet: str, cell: str, change: Callable[[str], str]) -> tuple[str, str]:
        """Another formula with the value of the old one."""
        text = change(str(self.book[sheet][cell].value).removeprefix("="))

        def write(attributes: str, content: str) -> str:
            return f'<c r="{cell}"{attributes}><f>{escape(text)}</f>{content[content.index("<v>") :]}</c>'

        return self.cell(sheet, cell, write)

    def rows(self, sheet: str, number: int, write: Callable[[str], str]) -> tuple[str, str]:
        """Write a whole row anew."""
        pattern = rf'<row r="{number}"[^>]*?>.*?</row>'
        self.edit(self.part(sheet), lambda xml: re.sub(pattern, lambda found: write(found[0]), xml, flags=re.DOTALL))
        return sheet, f"{number}:{number}"

    def save(self, path: Path) -> Path:
        """The workbook as it is now."""
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
            for name, content in self.parts.items():
                package.writestr(name, content)
        return path


def _style(attributes: str) -> str:
    found = re.search(r' s="\d+"', attributes)
    return found[0] if found else ""


def _constant(cell: str, attributes: str, value: Any) -> str:
    opening = f'<c r="{cell}"{_style(attributes)}'
    if value is None:
        return f"{opening}/>"
    if isinstance(value, str):
        return f'{opening} t="inlineStr"><is><t>{escape(value)}</t></is></c>'
    return f"{opening}><v>{value}</v></c>"
