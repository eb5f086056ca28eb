"""The workbook of a scheme -> the tables of a scheme file, with the cell that every key came from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from evalbatch.reading.book import Book, Content, Grid, UnreadableWorkbook
from evalbatch.reading.xlsx import read_xlsx
from evalbatch.scheme import SchemeError
from evalbatch.scheme.layout import address, column_letter
from evalbatch.scheme_workbook.forms import BadCell, short, written
from evalbatch.scheme_workbook.tables import FACT_HEADERS, FACTS, TABLES, Column, Table, facts

Path = tuple[str | int, ...]
_MOST_HEADER_ROWS: Final = 50


@dataclass
class Sheets:
    """What a workbook says: the tables of a scheme file, and the place of each key."""

    file: str
    table: dict[str, Any] = field(default_factory=dict)
    places: dict[Path, str] = field(default_factory=dict)

    def place(self, path: Path) -> str:
        """The sheet and cell of a key, or of the nearest one that it stands in."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, "")


def read_sheets(content: bytes, file: str) -> Sheets:
    """The tables of a workbook; raises SchemeError with sheet and cell for what cannot be read."""
    try:
        book = read_xlsx(content)
    except UnreadableWorkbook:
        raise SchemeError(file, "", "不是能读取的 Excel 工作簿，请用 Excel 打开核对后另存为 .xlsx。") from None
    return _Reader(book, file).read()


class _Rows:
    """The entries of a sheet: rows under the header, columns by their headers."""

    def __init__(self, book: Book, file: str, name: str, headers: tuple[str, ...]) -> None:
        self.file = file
        self.name = name
        grid = next((grid for grid in book.grids if grid.name.strip() == name), None)
        if grid is None:
            raise SchemeError(file, name, "缺少这张工作表，请勿删除或改名。")
        self.grid: Grid = grid
        wanted = set(headers)
        best: dict[str, int] = {}
        self.header = 0
        for row in range(min(len(grid.rows), _MOST_HEADER_ROWS)):
            found: dict[str, int] = {}
            for column, cell in enumerate(grid.rows[row]):
                text = written(cell).strip()
                if text in wanted and text in found and len(found) > len(wanted) / 2:
                    raise self.fail(row, column, f"栏目“{text}”出现了两次，请删去一个。")
                if text in wanted:
                    found.setdefault(text, column)
            if len(found) > len(best):
                best, self.header = found, row
        missing = [header for header in headers if header not in best]
        if missing:
            raise SchemeError(file, name, f"缺少栏目“{missing[0]}”，请恢复表头文字。")
        self.columns = best

    def fail(self, row: int, column: int, reason: str) -> SchemeError:
        return SchemeError(self.file, self.at(row, column), reason)

    def at(self, row: int, column: int) -> str:
        return f"{self.name}!{address(row + 1, column + 1)}"

    def span(self, column: int) -> str:
        rows = list(self) or [self.header + 1]
        letter = column_letter(column + 1)
        return f"{self.name}!{letter}{rows[0] + 1}:{letter}{rows[-1] + 1}"

    def __iter__(self) -> Iterator[int]:
        for row in range(self.header + 1, len(self.grid.rows)):
            if any(not self.blank(row, column) for column in self.columns.values()):
                yield row

    def blank(self, row: int, column: int) -> bool:
        place = (row, column)
        if place in self.grid.formulas or place in self.grid.errors:
            return False
        return self.content(row, column) is None

    def content(self, row: int, column: int) -> Content | None:
        """A cell's content, None for a blank one."""
        cell = self.grid.at(row, column)
        return None if cell is None or (isinstance(cell, str) and not cell.strip()) else cell

    def value(self, row: int, column: Column) -> object:
        """What a cell says, None for a blank one."""
        index = self.columns[column.word.header]
        if (row, index) in self.grid.formulas:
            raise self.fail(row, index, "单元格里是 Excel 公式，请改成文字或数字。")
        if (row, index) in self.grid.errors:
            raise self.fail(row, index, f"单元格是错误值 {self.grid.errors[row, index]}，请重新填写。")
        content = self.content(row, index)
        if content is None:
            return None
        try:
            return column.form.read(content)
        except BadCell as error:
            raise self.fail(row, index, str(error)) from None


class _Reader:
    def __init__(self, book: Book, file: str) -> None:
        self.book = book
        self.sheets = Sheets(file)

    def read(self) -> Sheets:
        self.read_facts()
        for table in TABLES:
            rows = _Rows(
                self.book, self.sheets.file, table.sheet, tuple(column.word.header for column in table.columns)
            )
            entries: list[dict[str, Any]] = []
            if table.owner is None:
                self.sheets.table[table.path[0]] = entries
                self.sheets.places[table.path] = table.sheet
                for column in table.fields:
                    path = (*table.path, column.name)
                    self.sheets.places[path] = rows.span(rows.columns[column.word.header])
            for row in rows:
                if table.owner is not None:
                    self.read_part(table, rows, row)
                elif table.options:
                    self.read_option(table, rows, row, entries)
                else:
                    entries.append(self.entry(table.fields, rows, row, (*table.path, len(entries))))
        return self.sheets

    def read_facts(self) -> None:
        rows = _Rows(self.book, self.sheets.file, FACTS, FACT_HEADERS[:2])
        name, content = (rows.columns[header] for header in FACT_HEADERS[:2])
        known = {column.word.header: (path, column) for path, column in facts()}
        target: dict[str, Any] = {"": self.sheets.table, "tolerance": {}, "total": {}}
        for row in rows:
            title = written(rows.grid.at(row, name)).strip()
            if title not in known:
                raise rows.fail(row, name, f"没有“{short(title)}”这一项，请恢复或删去这一行。")
            path, column = known.pop(title)
            place = (*path, column.name)
            self.sheets.places[place] = rows.at(row, content)
            # the value stands under 内容, whatever the item
            rows.columns[title] = content
            value = rows.value(row, column)
            if value is not None:
                target["".join(path)][column.name] = value
        if known:
            raise SchemeError(self.sheets.file, FACTS, f"缺少“{next(iter(known))}”这一行，请恢复。")
        self.sheets.table |= {part: target[part] for part in ("tolerance", "total")}

    def entry(self, columns: tuple[Column, ...], rows: _Rows, row: int, path: Path) -> dict[str, Any]:
        """The table of a row: its filled cells; a blank one is left out, its default or missing."""
        self.sheets.places[path] = rows.at(row, rows.columns[columns[0].word.header])
        found: dict[str, Any] = {}
        for column in columns:
            self.sheets.places[(*path, column.name)] = rows.at(row, rows.columns[column.word.header])
            value = rows.value(row, column)
            if value is not None:
                found[column.name] = value
        return found

    def read_part(self, table: Table, rows: _Rows, row: int) -> None:
        """A row that belongs to an entry of another sheet, named in the first column."""
        assert table.owner is not None
        parent, child = table.path
        key, word = table.owner
        name = rows.value(row, table.columns[0])
        index = next((n for n, item in enumerate(self.sheets.table[parent]) if name and item.get(key) == name), None)
        if index is None:
            reason = f"“{word.source}”表中没有 {short(str(name))}。" if name else "缺少这一项，请补上。"
            raise rows.fail(row, rows.columns[word.header], reason)
        entries = self.sheets.table[parent][index].setdefault(child, [])
        entries.append(self.entry(table.fields, rows, row, (parent, index, child, len(entries))))

    def read_option(self, table: Table, rows: _Rows, row: int, entries: list[dict[str, Any]]) -> None:
        """A row of 口径: an option, and on the first row of a policy the policy itself."""
        first = table.fields[0]
        name = rows.value(row, first)
        if name is None:
            raise rows.fail(row, rows.columns[first.word.header], "缺少这一项，请补上。")
        index = next((n for n, entry in enumerate(entries) if entry[first.name] == name), len(entries))
        if index == len(entries):
            entries.append(self.entry(table.fields, rows, row, (*table.path, index)) | {"options": {}})
        else:
            for column in table.fields[1:]:
                value = rows.value(row, column)
                if value is not None and value != entries[index].get(column.name):
                    reason = f"{name} 的“{column.word.header}”只写在它的第一行，请删去或改在第一行。"
                    raise rows.fail(row, rows.columns[column.word.header], reason)
        title, *fields = table.option_fields
        option = rows.value(row, title)
        place = rows.columns[title.word.header]
        if option is None or option in entries[index]["options"]:
            reason = "缺少这一项，请补上。" if option is None else f"做法 {option} 出现了两次，请删去一个。"
            raise rows.fail(row, place, reason)
        path: Path = (*table.path, index, "options", str(option))
        entries[index]["options"][option] = self.entry(tuple(fields), rows, row, path)
        self.sheets.places[path] = rows.at(row, place)
