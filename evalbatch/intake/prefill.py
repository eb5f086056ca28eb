"""财政数据 -> Prefill: what the bureau prints into each department's workbook and holds it to."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Final

from evalbatch.cell_text import plain_text
from evalbatch.intake.roster import CODE, NAME, Roster
from evalbatch.model import Ref, Supplied, Value
from evalbatch.reading import UnreadableWorkbook, read_xlsx
from evalbatch.reading.book import Book, Grid
from evalbatch.reading.cells import as_text, plain, read_cell
from evalbatch.scheme import APPLICABLE, Scheme
from evalbatch.scheme.layout import address
from evalbatch.scheme.spec import ColumnSpec

KEY: Final = "编码"
COLUMN: Final = "栏目"
AMOUNT: Final = "金额"
UNIT: Final = "万元"
BUDGET_SHEET: Final = "预算数据"
CHOICE_SHEET: Final = "可选指标"
BUDGET_COLUMNS: Final = ("年初预算数", "上年预算数", "上年决算数")
"""The columns of 预算执行情况表 that the bureau's own system knows."""
LIST_SHEETS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "项目": ("项目支出明细表", ("项目名称", "项目类别", "是否重点", "是否纳入考核", "年初预算数")),
    "重点工作": ("重点工作完成情况表", ("工作名称", "计量单位", "计划数量", "计划完成日期", "权重")),
    "履职效益": ("履职效益指标表", ("二级指标", "三级指标", "指标性质", "指标值", "计量单位", "权重")),
}
"""Sheet -> the list sheet of the department's workbook it fills, and the columns."""
_HEADERS: Final[Mapping[str, tuple[str, ...]]] = {
    BUDGET_SHEET: (CODE, KEY, COLUMN, AMOUNT),
    **{name: (CODE, *columns) for name, (_, columns) in LIST_SHEETS.items()},
    CHOICE_SHEET: (CODE, KEY, APPLICABLE),
}
_PASSED_OVER: Final = frozenset({NAME, "填报单位", "序号", "备注"})
"""Columns that a bureau may keep for its own eyes."""
_NOTES: Final = frozenset({"说明", "填表说明", "填报说明"})
"""Sheets that hold no data."""
_HEADER_SEARCH: Final = 20
MAX_ROWS: Final = 500_000
"""Rows of a sheet: a thousand departments with every budget line."""


class PrefillError(ValueError):
    """A prefill that cannot be used, with sheet and cell; the text is a sentence for the user."""


@dataclass(frozen=True, slots=True)
class Prefill:
    """What the bureau supplied, by 单位编码; ``file`` and ``digest`` (SHA-256) say from where."""

    file: str
    digest: str
    departments: Mapping[str, Supplied]

    def of(self, code: str) -> Supplied:
        """What was supplied for a department, nothing when it is not mentioned."""
        return self.departments.get(code.strip()) or Supplied()


def prefill_headers(sheet: str) -> tuple[str, ...]:
    """The column headers of a sheet of the prefill workbook."""
    return _HEADERS[sheet]


def list_column(scheme: Scheme, sheet: str, column: str) -> ColumnSpec:
    """What a column of 项目, 重点工作 or 履职效益 holds."""
    spec = scheme.sheets[LIST_SHEETS[sheet][0]]
    return next(found for found in spec.columns if found.name == column)


def optional_indicators(scheme: Scheme) -> tuple[str, ...]:
    """The indicators that the bureau chooses among."""
    return tuple(code for code, indicator in scheme.indicators.items() if indicator.spec.optional)


def read_prefill(path: Path, scheme: Scheme, roster: Roster | None) -> Prefill:
    """The prefill of an .xlsx file; raises PrefillError with sheet and cell.

    Without a roster every 单位编码 is taken as it stands.
    """
    try:
        content = path.read_bytes()
        book = read_xlsx(content, MAX_ROWS)
    except OSError as error:
        raise PrefillError(f"财政数据 {path} 无法读取（{error.strerror or error}），请核对路径。") from None
    except UnreadableWorkbook as error:
        raise PrefillError(f"财政数据 {path}：{error.reason}") from None
    departments = _Reader(path, book, scheme, roster).read()
    return Prefill(path.name, hashlib.sha256(content).hexdigest(), departments)


@dataclass(slots=True)
class _Table:
    """One sheet: where its columns stand, 0-based, and the row of its header."""

    grid: Grid
    header: int
    columns: dict[str, int]


@dataclass(slots=True)
class _Collected:
    """What was read for one department so far."""

    cells: dict[tuple[str, str], Value] = field(default_factory=dict)
    lists: dict[str, list[Mapping[str, Value]]] = field(default_factory=dict)


class _Reader:
    def __init__(self, path: Path, book: Book, scheme: Scheme, roster: Roster | None) -> None:
        self.path = path
        self.book = book
        self.scheme = scheme
        self.roster = roster
        self.found: dict[str, _Collected] = {}
        self.seen: dict[tuple[str, ...], str] = {}
        """What stands only once, with the cell in which it stood first."""

    def read(self) -> dict[str, Supplied]:
        tables = [table for grid in self.book.grids if (table := self.table(grid)) is not None]
        if not tables:
            names = "、".join(_HEADERS)
            raise PrefillError(f"财政数据 {self.path.name} 没有可用的工作表：应有 {names}（至少一张）。")
        for table in tables:
            name = plain(table.grid.name)
            for row in self.rows(table):
                if name == BUDGET_SHEET:
                    self.read_amount(table, row)
                elif name == CHOICE_SHEET:
                    self.read_choice(table, row)
                else:
                    self.read_item(table, row, name)
        return {
            code: Supplied(of.cells, {prefix: tuple(rows) for prefix, rows in of.lists.items()})
            for code, of in self.found.items()
        }

    def fail(self, table: _Table, row: int, column: str, reason: str) -> PrefillError:
        return self.error(table.grid, row, table.columns[column], reason)

    def error(self, grid: Grid, row: int, column: int, reason: str) -> PrefillError:
        return PrefillError(f"财政数据 {self.path.name} 的 {grid.name}!{address(row + 1, column + 1)}：{reason}")

    # ---------------------------------------------------------------- sheets and rows

    def table(self, grid: Grid) -> _Table | None:
        """The sheet with its header found; ``None`` for a sheet without data."""
        name = plain(grid.name)
        filled = any(plain(as_text(cell)) for row in grid.rows for cell in row)
        if name in _NOTES or (name not in _HEADERS and not filled):
            return None
        if name not in _HEADERS:
            raise self.error(grid, 0, 0, f"不认识的工作表，应为 {'、'.join(_HEADERS)}；仅供说明的请命名为“说明”。")
        wanted = {plain(header): header for header in _HEADERS[name]}
        if not filled:
            return None
        needed = {CODE, KEY} & set(wanted) or {CODE, self.label(name)}
        for number, row in enumerate(grid.rows[:_HEADER_SEARCH]):
            words = [_bare(as_text(cell)) for cell in row]
            if not needed <= set(words):
                continue
            columns: dict[str, int] = {}
            for index, word in enumerate(words):
                if word in columns:
                    raise self.error(grid, number, index, f"栏目“{word}”出现两次，请删去一栏。")
                if word in wanted:
                    columns[wanted[word]] = index
                elif word and word not in _PASSED_OVER:
                    raise self.error(grid, number, index, f"不认识的栏目“{word}”，应为 {'、'.join(wanted)}。")
            missing = [header for header in _HEADERS[name] if header not in columns]
            if missing:
                raise self.error(grid, number, 0, f"缺少栏目“{missing[0]}”，请补上（没有内容的可以留空）。")
            return _Table(grid, number, columns)
        raise self.error(grid, 0, 0, f"没有表头：应有一行含 {'、'.join(_HEADERS[name])}。")

    def label(self, sheet: str) -> str:
        """The column that names a row."""
        return self.scheme.sheets[LIST_SHEETS[sheet][0]].label

    def rows(self, table: _Table) -> Iterator[int]:
        for row in range(table.header + 1, len(table.grid.rows)):
            places = [(row, column) for column in table.columns.values()]
            if any(plain(as_text(table.grid.at(*place))) or place in table.grid.errors for place in places):
                yield row

    def department(self, table: _Table, row: int) -> tuple[str, _Collected]:
        code = self.text(table, row, CODE)
        if not code:
            raise self.fail(table, row, CODE, "单位编码为空，请补填。")
        if self.roster is not None and code not in self.roster.by_code:
            raise self.fail(table, row, CODE, f"单位编码 {code} 不在单位名录中，请核对。")
        return code, self.found.setdefault(code, _Collected())

    def once(self, table: _Table, row: int, column: str, what: str, *identity: str) -> None:
        first = self.seen.setdefault((table.grid.name, *identity), address(row + 1, table.columns[column] + 1))
        if first != address(row + 1, table.columns[column] + 1):
            raise self.fail(table, row, column, f"单位 {identity[0]} 的{what}出现两次（另在 {first}），请删去一处。")

    def text(self, table: _Table, row: int, column: str) -> str:
        place = (row, table.columns[column])
        if place in table.grid.errors:
            raise self.fail(table, row, column, f"{column}是错误值 {table.grid.errors[place]}，请更正。")
        return plain_text(as_text(table.grid.at(*place))).strip()

    def value(self, table: _Table, row: int, spec: ColumnSpec, column: str) -> Value:
        """A cell as a department's would be read, or a refusal."""
        raw = self.text(table, row, column)
        place = (row, table.columns[column])
        if place in table.grid.formulas and not raw and spec.type != "text":
            raise self.fail(table, row, column, f"{column}的公式没有计算，请打开保存一次或改填数字。")
        ref = Ref(table.grid.name, address(row + 1, place[1] + 1))
        entry = read_cell(table.grid.at(*place), spec, ref, self.scheme.spec.units, UNIT, mandatory=True)
        if entry.unreadable or (raw and entry.value is None):
            what = "日期，如 2024-12-31" if spec.type == "date" else "数字"
            raise self.fail(table, row, column, f"{column}“{raw}”无法识别，请填{what}。")
        value = entry.value
        if isinstance(value, str):
            value = plain_text(value).strip() or None
        if spec.choices and value is not None and value not in spec.choices:
            raise self.fail(table, row, column, f"{column}“{raw}”不在选项中，请填 {'、'.join(spec.choices)}。")
        if isinstance(value, Decimal) and value < 0 and not spec.signed:
            raise self.fail(table, row, column, f"{column} {raw} 不得为负，请更正。")
        return value

    # ---------------------------------------------------------------- what each sheet holds

    def read_amount(self, table: _Table, row: int) -> None:
        code, of = self.department(table, row)
        key, column = self.text(table, row, KEY).upper(), plain(self.text(table, row, COLUMN))
        line = self.scheme.lines.get(key)
        if line is None or not any(name in line.types for name in BUDGET_COLUMNS):
            reason = "编码为空，请补填。" if not key else f"预算执行情况表没有可预填的行 {key}，请核对。"
            raise self.fail(table, row, KEY, reason)
        if column not in BUDGET_COLUMNS or column not in line.types:
            allowed = "、".join(name for name in BUDGET_COLUMNS if name in line.types)
            raise self.fail(table, row, COLUMN, f"{key} {line.label} 没有可预填的栏目“{column}”，可填 {allowed}。")
        self.once(table, row, KEY, f" {key} {column}", code, key, column)
        value = self.value(table, row, line.types[column], AMOUNT)
        if value is None:
            raise self.fail(table, row, AMOUNT, "金额为空，请补填；没有发生额的填 0，不预填的删去此行。")
        of.cells[key, column] = value

    def read_item(self, table: _Table, row: int, sheet: str) -> None:
        code, of = self.department(table, row)
        spec = self.scheme.sheets[LIST_SHEETS[sheet][0]]
        values: dict[str, Value] = {}
        for column in LIST_SHEETS[sheet][1]:
            value = self.value(table, row, list_column(self.scheme, sheet, column), column)
            if value is not None:
                values[column] = value
        if spec.label not in values:
            raise self.fail(table, row, spec.label, f"{spec.label}为空，请补填。")
        name = str(values[spec.label])
        self.once(table, row, spec.label, f"“{name}”", code, plain(name))
        rows = of.lists.setdefault(spec.prefix, [])
        if len(rows) == spec.rows:
            raise self.fail(
                table, row, spec.label, f"单位 {code} 超过 {spec.rows} 行，{spec.name}只印有 {spec.rows} 行。"
            )
        rows.append(values)

    def read_choice(self, table: _Table, row: int) -> None:
        code, of = self.department(table, row)
        key = self.text(table, row, KEY).upper()
        known = optional_indicators(self.scheme)
        if key not in known:
            raise self.fail(table, row, KEY, f"“{key}”不是可选指标，应为 {'、'.join(known)}。")
        self.once(table, row, KEY, f" {key} ", code, key)
        column = choice_column(self.scheme)
        value = self.value(table, row, column, APPLICABLE)
        if value is None:
            raise self.fail(table, row, APPLICABLE, f"是否适用为空，请填 {'、'.join(column.choices)}。")
        of.cells[key, APPLICABLE] = value
        if all(of.cells.get((other, APPLICABLE)) == "否" for other in known):
            raise self.fail(table, row, APPLICABLE, f"单位 {code} 的可选指标全部为“否”，至少选一项。")


def choice_column(scheme: Scheme) -> ColumnSpec:
    """What 是否适用 holds."""
    sheet = next(sheet for sheet in scheme.spec.sheet if sheet.kind == "indicators")
    return next(column for column in sheet.columns if column.name == APPLICABLE)


def _bare(text: str) -> str:
    """A header without the unit behind it: 金额（万元） is 金额."""
    return plain(text).removesuffix(f"({UNIT})")
