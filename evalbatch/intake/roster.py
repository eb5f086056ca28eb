"""单位名录 -> Roster: who should report, under which code, name and category."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from evalbatch.reading import UnreadableWorkbook, read_xlsx
from evalbatch.reading.book import Grid
from evalbatch.reading.cells import as_text, plain
from evalbatch.scheme.layout import address

CODE: Final = "单位编码"
NAME: Final = "单位名称"
CATEGORY: Final = "部门类别"
SECRET: Final = "是否涉密"
COLUMNS: Final = (CODE, NAME, CATEGORY, "主管部门", SECRET, "备注")


class RosterError(ValueError):
    """A roster that cannot be used, with sheet and cell; the text is a sentence for the user."""


@dataclass(frozen=True, slots=True)
class Department:
    """A department of the roster; one that handles secrets (涉密) reports offline."""

    code: str
    name: str
    category: str
    secret: bool


@dataclass(frozen=True, slots=True)
class Roster:
    """The departments in the order of the file, found by code or by name."""

    departments: tuple[Department, ...]
    by_code: Mapping[str, Department]
    by_name: Mapping[str, Department]

    def find(self, code: str, name: str) -> Department | None:
        """The department of a code, else of a name (width, spaces and brackets aside)."""
        return self.by_code.get(code.strip()) or self.by_name.get(plain(name))

    def mentioned(self, text: str) -> Department | None:
        """The only department whose code or name stands in a text such as a file name."""
        squeezed = plain(text)
        hits = {
            department.code: department
            for department in self.departments
            if department.code in squeezed or plain(department.name) in squeezed
        }
        return next(iter(hits.values())) if len(hits) == 1 else None


def read_roster(path: Path) -> Roster:
    """The roster of an .xlsx file; raises RosterError with sheet and cell."""
    try:
        book = read_xlsx(path.read_bytes())
    except OSError as error:
        raise RosterError(f"单位名录 {path} 无法读取（{error.strerror or error}），请核对路径。") from None
    except UnreadableWorkbook as error:
        raise RosterError(f"单位名录 {path}：{error.reason}") from None
    for grid in book.grids:
        for number, row in enumerate(grid.rows[:20]):
            words = [plain(as_text(cell)) for cell in row]
            if CODE in words and NAME in words:
                return _read(path, grid, number, words)
    raise RosterError(f"单位名录 {path} 没有表头：应有一行含“{CODE}”“{NAME}”“{CATEGORY}”。")


def _read(path: Path, grid: Grid, header: int, words: list[str]) -> Roster:
    columns: dict[str, int] = {name: words.index(name) for name in COLUMNS if name in words}
    departments: list[Department] = []
    by_code: dict[str, Department] = {}
    by_name: dict[str, Department] = {}

    def fail(row: int, column: str, reason: str) -> RosterError:
        return RosterError(f"单位名录 {path.name} 的 {grid.name}!{address(row + 1, columns[column] + 1)}：{reason}")

    for row in range(header + 1, len(grid.rows)):
        cells = {name: as_text(grid.at(row, column)).strip() for name, column in columns.items()}
        if not any(cells.values()):
            continue
        code, name = cells[CODE], cells[NAME]
        if not code:
            raise fail(row, CODE, "单位编码为空，请补填。")
        if not name:
            raise fail(row, NAME, "单位名称为空，请补填。")
        if code in by_code:
            raise fail(row, CODE, f"单位编码 {code} 出现两次，请更正。")
        if plain(name) in by_name:
            raise fail(row, NAME, f"单位名称 {name} 出现两次，请更正。")
        department = Department(code, name, cells.get(CATEGORY, ""), cells.get(SECRET, "") == "是")
        departments.append(department)
        by_code[code] = by_name[plain(name)] = department
    return Roster(tuple(departments), by_code, by_name)
