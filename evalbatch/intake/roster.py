"""单位名录 -> Roster: who should report, under which code, name and category."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from evalbatch.reading import UnreadableWorkbook, read_xlsx
from evalbatch.reading.book import Grid
from evalbatch.reading.cells import abbreviates, as_text, plain, spelling
from evalbatch.scheme.layout import address

MAX_ROWS: Final = 500_000
"""Of the bureau's own file, which may list the departments of a whole country."""
CODE: Final = "单位编码"
NAME: Final = "单位名称"
CATEGORY: Final = "部门类别"
SECRET: Final = "是否涉密"
SUPERIOR: Final = "主管部门"
COLUMNS: Final = (CODE, NAME, CATEGORY, SUPERIOR, SECRET, "备注")
_SHORTEST: Final = 3
_LEVELS: Final = "省市区县州盟旗镇乡"
"""First characters of a name that people leave out: 商务局 for 市商务局."""
_NEAR: Final = 0.6
"""How alike two names are (difflib's ratio) for one to be proposed for the other."""
_PROPOSED: Final = 3


class RosterError(ValueError):
    """A roster that cannot be used, with sheet and cell; the text is a sentence for the user."""


@dataclass(frozen=True, slots=True)
class Department:
    """A department of the roster; one that handles secrets (涉密) reports offline."""

    code: str
    name: str
    category: str
    secret: bool
    superior: str = ""
    """主管部门 as the roster has it, a name or a code; ``""`` for a department of its own."""


class _Words:
    """Names or codes to be found in texts: a look-up a piece of the text, however many names there are."""

    def __init__(self, known: Mapping[str, Department]) -> None:
        self.known = known
        self.lengths = sorted({len(word) for word in known})

    def standing_in(self, text: str) -> Iterator[tuple[int, int, Department]]:
        """Start, end and department of each that stands in a text."""
        for length in self.lengths:
            for start in range(len(text) - length + 1):
                department = self.known.get(text[start : start + length])
                if department is not None:
                    yield start, start + length, department


def _within_a_number(text: str, start: int, end: int) -> bool:
    """Whether what stands there is a piece of a longer number or word, as 101001 in 20241010011."""
    around = text[max(0, start - 1) : start] + text[end : end + 1]
    return any(character.isascii() and character.isalnum() for character in around)


@dataclass(frozen=True, slots=True)
class Roster:
    """The departments in the order of the file, found by code or by name (width, spaces and brackets aside)."""

    departments: tuple[Department, ...]
    by_code: Mapping[str, Department]
    by_name: Mapping[str, Department]
    file: str = ""
    digest: str = ""
    """Name and SHA-256 of the file that it was read from."""
    _words: tuple[_Words, _Words, _Words] = field(init=False, repr=False, compare=False)
    """Names, codes, and names without their first character (商务局 for 市商务局)."""

    def __post_init__(self) -> None:
        short = {name[1:]: of for name, of in self.by_name.items() if name[0] in _LEVELS and len(name) > _SHORTEST}
        object.__setattr__(self, "_words", (_Words(self.by_name), _Words(self.by_code), _Words(short)))

    def find(self, code: str, name: str) -> Department | None:
        """The department of a code, else of a name."""
        return self.by_code.get(plain(code)) or self.by_name.get(spelling(name))

    def superior(self, department: Department) -> Department | None:
        """The other department of the roster that a unit belongs to (主管部门)."""
        above = self.find(department.superior, department.superior) if department.superior else None
        return None if above is None or above.code == department.code else above

    def named(self, *texts: str) -> tuple[Department, ...]:
        """The departments whose code or name stands in texts such as a file name and the subject of its mail.

        A name within a longer one does not count: 市商务局口岸办 is not 市商务局.
        """
        names, codes, _ = self._words
        found: dict[str, Department] = {}
        for text in texts:
            squeezed = spelling(text)
            apart = (hit for hit in codes.standing_in(squeezed) if not _within_a_number(squeezed, hit[0], hit[1]))
            hits = [*names.standing_in(squeezed), *apart]
            for start, end, department in hits:
                if not any(low <= start and end <= high and end - start < high - low for low, high, _ in hits):
                    found[department.code] = department
        return tuple(found.values())

    def mentioned(self, *texts: str) -> Department | None:
        """The only department that texts name."""
        named = self.named(*texts)
        return named[0] if len(named) == 1 else None

    def hinted(self, text: str) -> tuple[Department, ...]:
        """The departments that a text may mean by a shorter name; proposed, never taken as such."""
        return tuple(dict.fromkeys(department for _, _, department in self._words[2].standing_in(spelling(text))))

    def proposals(self, name: str) -> tuple[Department, ...]:
        """The departments that a name of none of them may have meant; proposed, never taken as such."""
        words = spelling(name)
        characters = set(words)
        alike = [known for known in self.by_name if 2 * len(characters.intersection(known)) >= len(known)]
        close = get_close_matches(words, alike, _PROPOSED, _NEAR)
        shorter = [known for known in self.by_name if abbreviates(words, known)]
        return tuple(self.by_name[known] for known in list(dict.fromkeys((*shorter, *close)))[:_PROPOSED])


def whether(proposals: Sequence[Department]) -> str:
    """Near misses as a question, ``""`` when there are none."""
    return (
        f"是否为{'、'.join(f'“{department.name}”（{department.code}）' for department in proposals)}？"
        if proposals
        else ""
    )


def read_roster(path: Path) -> Roster:
    """The roster of an .xlsx file; raises RosterError with sheet and cell."""
    try:
        content = path.read_bytes()
        book = read_xlsx(content, MAX_ROWS)
    except OSError as error:
        raise RosterError(f"单位名录 {path} 无法读取（{error.strerror or error}），请核对路径。") from None
    except UnreadableWorkbook as error:
        raise RosterError(f"单位名录 {path}：{error.reason}") from None
    for grid in book.grids:
        for number, row in enumerate(grid.rows[:20]):
            words = [plain(as_text(cell)) for cell in row]
            if CODE in words and NAME in words:
                roster = _read(path, grid, number, words)
                return replace(roster, file=path.name, digest=hashlib.sha256(content).hexdigest())
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
        code, name = plain(cells[CODE]), cells[NAME]
        if not code:
            raise fail(row, CODE, "单位编码为空，请补填。")
        if not name:
            raise fail(row, NAME, "单位名称为空，请补填。")
        if code in by_code:
            raise fail(row, CODE, f"单位编码 {code} 出现两次，请更正。")
        if spelling(name) in by_name:
            raise fail(row, NAME, f"单位名称 {name} 出现两次，请更正。")
        secret, superior = cells.get(SECRET, "") == "是", cells.get(SUPERIOR, "")
        department = Department(code, name, cells.get(CATEGORY, ""), secret, superior)
        departments.append(department)
        by_code[code] = by_name[spelling(name)] = department
    return Roster(tuple(departments), by_code, by_name)
