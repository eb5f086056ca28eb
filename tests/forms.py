"""Filled forms for tests, in memory: the blank template's Book with cells typed over, without touching a disk."""

from __future__ import annotations

import io
import re
import tomllib
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Final

from evalbatch.department_workbook import printed_form, write_department_workbook
from evalbatch.evaluation import evaluate
from evalbatch.model import Finding, Result, Submission
from evalbatch.reading import Book, Grid, read_submission, read_xlsx
from evalbatch.rules import Registered
from evalbatch.scheme import Scheme, load_scheme
from evalbatch.scheme.layout import column_number, template_cell, template_layout

Filled = Mapping[str, Any]
"""``{"S10.决算数": "3632.41", "X001.项目名称": "外事活动", "封面!C5": "…"}``; ``""`` clears a cell.

A value written ``"=…"`` types the text; ``{"error": "#REF!"}`` and ``{"formula": "1+1"}`` type what they say.
"""

BASE = Path(__file__).parent / "rules" / "base.toml"


@cache
def scheme() -> Scheme:
    """The packaged scheme."""
    return load_scheme()


@cache
def blank_template() -> bytes:
    """The bytes of the blank template."""
    target = io.BytesIO()
    write_department_workbook(target, scheme())
    return target.getvalue()


@cache
def blank_book() -> Book:
    """The blank template as read."""
    return replace(read_xlsx(blank_template()), stamp=printed_form(scheme()).stamp)


@cache
def base() -> dict[str, Any]:
    """A department without any finding."""
    with BASE.open("rb") as file:
        return tomllib.load(file, parse_float=Decimal)["cells"]  # type: ignore[no-any-return]


def place(name: str) -> tuple[str, int, int]:
    """Sheet and 0-based row and column of ``S10.决算数`` or ``封面!C5``."""
    if "!" in name:
        sheet, _, cell = name.partition("!")
    else:
        key, _, column = name.partition(".")
        sheet, cell = template_cell(scheme(), key, column)
    letters = cell.rstrip("0123456789")
    return sheet, int(cell[len(letters) :]) - 1, column_number(letters) - 1


def fill(*fillings: Filled, book: Book | None = None) -> Book:
    """The template with cells typed over; later fillings win over earlier ones."""
    typed: dict[str, dict[tuple[int, int], Any]] = {}
    for name, value in {name: value for filling in fillings for name, value in filling.items()}.items():
        sheet, row, column = place(name)
        typed.setdefault(sheet, {})[row, column] = value
    book = book or blank_book()
    return replace(book, grids=tuple(_type(grid, typed.get(grid.name, {})) for grid in book.grids))


def _type(grid: Grid, typed: Mapping[tuple[int, int], Any]) -> Grid:
    if not typed:
        return grid
    rows = [list(row) for row in grid.rows]
    formulas, errors = dict(grid.formulas), dict(grid.errors)
    for (row, column), value in typed.items():
        while len(rows) <= row:
            rows.append([])
        rows[row].extend([""] * (column + 1 - len(rows[row])))
        formulas.pop((row, column), None)
        content: object = value
        if isinstance(value, dict):
            content = value.get("value", "")
            if "error" in value:
                errors[row, column] = value["error"]
            if "formula" in value:
                formulas[row, column] = value["formula"]
        elif isinstance(value, Decimal | int) and not isinstance(value, bool):
            content = float(value)
        elif isinstance(value, date):
            content = value
        rows[row][column] = content
    return Grid(grid.name, rows, grid.hidden, formulas, errors)


def submit(*fillings: Filled) -> Submission:
    """The base department with cells typed over, as read."""
    return read_submission(fill(base(), *fillings), scheme(), "form.xlsx", printed_form(scheme()))


def judge(*fillings: Filled, registered: Registered | None = None) -> Result:
    """The base department with cells typed over, evaluated."""
    return evaluate(submit(*fillings), scheme(), registered)


def places(findings: tuple[Finding, ...]) -> list[tuple[str, str, str]]:
    """The exact list of (rule, sheet, cell) that tests speak in."""
    return sorted((finding.code, finding.ref.sheet, finding.ref.cell) for finding in findings)


_ROW: Final = re.compile(r"(?:(?:'([^']+)'|([\w一-鿿]+))!)?(\$?[A-Z]{1,3}\$?)(\d+)(?![\w(])(:?)")


def insert_rows(book: Book, sheet: str, before: int, count: int) -> Book:
    """The book with rows inserted before a 1-based row, every reference rewritten as a spreadsheet does."""

    def rewrite(formula: str, here: str) -> str:
        within = ""

        def shift(match: re.Match[str]) -> str:
            nonlocal within
            row, on = int(match[4]), match[1] or match[2] or within or here
            within = on if match[5] else ""
            if on != sheet or row < before:
                return match[0]
            return match[0].removesuffix(match[4] + match[5]) + str(row + count) + match[5]

        return _ROW.sub(shift, formula)

    grids = []
    for grid in book.grids:
        rows = [list(row) for row in grid.rows]
        shift = count if grid.name == sheet else 0
        if shift:
            rows[before - 1 : before - 1] = [[] for _ in range(count)]
        formulas = {
            (row + (shift if row >= before - 1 else 0), column): rewrite(text, grid.name)
            for (row, column), text in grid.formulas.items()
        }
        grids.append(Grid(grid.name, rows, grid.hidden, formulas, grid.errors))
    return replace(book, grids=tuple(grids))


def clear(book: Book, names: Sequence[str]) -> Book:
    """The book without the rows of some keys and without some sheets."""
    cleared: dict[str, set[int]] = {}
    for name in names:
        if name not in scheme().sheets:
            sheet = scheme().sheet_of(name)
            cleared.setdefault(sheet, set()).add(template_layout(scheme())[sheet].rows[name] - 1)
    grids = []
    for grid in book.grids:
        if grid.name in names:
            continue
        gone = cleared.get(grid.name, set())
        rows = [[""] * len(row) if number in gone else row for number, row in enumerate(grid.rows)]
        formulas = {place: text for place, text in grid.formulas.items() if place[0] not in gone}
        grids.append(Grid(grid.name, rows, grid.hidden, formulas, grid.errors))
    return replace(book, grids=tuple(grids))


def judge_case(typed: Filled, gone: Sequence[str], registered: Registered | None) -> Result:
    """The base department with cells typed over and rows or sheets removed, evaluated."""
    book = clear(fill(base(), typed), gone)
    return evaluate(read_submission(book, scheme(), "form.xlsx", printed_form(scheme())), scheme(), registered)


def parts(content: bytes) -> dict[str, bytes]:
    """The uncompressed parts of a workbook; two machines may compress them differently. Other bytes as they are."""
    if not content.startswith(b"PK"):
        return {"": content}
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        return {name: package.read(name) for name in package.namelist()}
