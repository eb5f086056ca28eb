"""复核文件 -> Reviews: the points that the bureau or its experts give in place of others, each with its reason.

The ranking workbook itself is the form: whoever reviews fills 复核得分 and 复核理由 in 得分明细. Any other sheet with
these columns does as well.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Final

from evalbatch.cell_text import plain_text
from evalbatch.intake.roster import CODE, Roster
from evalbatch.model import Ref, Review
from evalbatch.reading import UnreadableWorkbook
from evalbatch.reading.cells import as_text, exact, plain
from evalbatch.reading.written import Fault, WrittenCell, WrittenRow, WrittenWorkbook, open_written
from evalbatch.scheme import Indicator, Scheme
from evalbatch.scheme.formula import round_half_up
from evalbatch.scheme.layout import KEY_HEADER, address

POINTS: Final = "复核得分"
REASON: Final = "复核理由"
SEEN: Final = ("自评得分", "测算得分")
"""What whoever reviewed had before his eyes, where the sheet has it."""
_NEEDED: Final = (CODE, KEY_HEADER, POINTS, REASON)
_HEADER_SEARCH: Final = 20
_BLANK: Final = WrittenCell(None)
_FIGURE: Final = re.compile(r"[0-9]{1,9}(\.[0-9]{1,12})?")


class ReviewsError(ValueError):
    """Reviews that cannot be used, with sheet and cell; the text is a sentence for the user."""


@dataclass(frozen=True, slots=True)
class Reviews:
    """The reviews by 单位编码 and indicator; ``file`` and ``digest`` (SHA-256) say from where."""

    file: str
    digest: str
    departments: Mapping[str, Mapping[str, Review]]

    def of(self, code: str) -> Mapping[str, Review]:
        """The reviews of a department by indicator, none when it is not mentioned."""
        return self.departments.get(code.strip()) or {}

    def fail(self, review: Review, reason: str) -> ReviewsError:
        """What is wrong with one of them."""
        return _error(self.file, review.ref, reason)


def read_reviews(path: Path, scheme: Scheme, roster: Roster | None) -> Reviews:
    """The reviews of an .xlsx file; raises ReviewsError with sheet and cell.

    Without a roster every 单位编码 is taken as it stands.
    """
    found: dict[str, dict[str, Review]] = {}
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        with open_written(path) as workbook:
            for code, key, review in _Reader(path.name, scheme, roster).read(workbook):
                found.setdefault(code, {})[key] = review
    except OSError as error:
        raise ReviewsError(f"复核文件 {path} 无法读取（{error.strerror or error}），请核对路径。") from None
    except UnreadableWorkbook:
        raise ReviewsError(f"复核文件 {path} 不是完整的 .xlsx 工作簿，请另存为 .xlsx 后再用。") from None
    if not found:
        raise ReviewsError(f"复核文件 {path.name} 中没有一行填了{POINTS}，请核对是否填好并已保存。")
    return Reviews(path.name, digest, found)


def _error(file: str, ref: Ref, reason: str) -> ReviewsError:
    return ReviewsError(f"复核文件 {file} 的 {ref.sheet}!{ref.cell}：{reason}")


class _Reader:
    """Reads the rows of every sheet that has the columns."""

    def __init__(self, file: str, scheme: Scheme, roster: Roster | None) -> None:
        self.file = file
        self.scheme = scheme
        self.roster = roster
        self.first: dict[tuple[str, str], Ref] = {}
        """Where each review stood first."""

    def read(self, workbook: WrittenWorkbook) -> Iterator[tuple[str, str, Review]]:
        """Department, indicator and review of each row that has one."""
        sheets = 0
        for name in workbook.names:
            columns: dict[str, int] = {}
            with closing(workbook.sheet(name).rows) as rows:
                for row in rows:
                    if columns:
                        yield from self.row(_Line(name, columns, row))
                    elif row.number > _HEADER_SEARCH:
                        break
                    else:
                        columns = self.columns(name, row)
            sheets += bool(columns)
        if not sheets:
            raise ReviewsError(
                f"复核文件 {self.file} 没有可用的工作表：应有一张表的表头含 {'、'.join(_NEEDED)}，排名工作簿的“得分明细”就是。"
            )

    def columns(self, sheet: str, row: WrittenRow) -> dict[str, int]:
        """The columns of the headers in a row, none where it is not the row of headers."""
        texts = [(column, plain(_text(cell))) for column, cell in row.cells.items()]
        if not {CODE, KEY_HEADER, POINTS} <= {text for _, text in texts}:
            return {}
        columns: dict[str, int] = {}
        for column, text in texts:
            if text and text in columns:
                raise self.error(Ref(sheet, address(row.number, column)), f"栏目“{text}”出现两次，请删去一栏。")
            columns[text] = column
        if REASON not in columns:
            place = Ref(sheet, address(row.number, columns[POINTS]))
            raise self.error(place, f"缺少栏目“{REASON}”，请在旁边补上：每个{POINTS}都要写明理由。")
        return columns

    def error(self, ref: Ref, reason: str) -> ReviewsError:
        return _error(self.file, ref, reason)

    def row(self, line: _Line) -> Iterator[tuple[str, str, Review]]:
        """The review of a row, nothing where none is filled in."""
        points = line.cell(POINTS)
        if points.formula and points.value is None:
            raise self.error(line.ref(POINTS), f"{POINTS}的公式没有计算，请打开保存一次或改填数字。")
        if not line.text(POINTS) and not line.text(REASON):
            return
        for header in _NEEDED:
            if isinstance(line.cell(header).value, Fault):
                raise self.error(line.ref(header), f"{header}是错误值 {line.cell(header).value}，请更正。")
            if not line.text(header):
                raise self.error(line.ref(header), f"{header}为空，请补填；不复核的，{POINTS}与{REASON}都留空。")
        code, key = line.text(CODE), line.text(KEY_HEADER).upper()
        if self.roster is not None and code not in self.roster.by_code:
            raise self.error(line.ref(CODE), f"单位编码 {code} 不在单位名录中，请核对。")
        indicator = self.scheme.indicators.get(key)
        if indicator is None:
            known = "、".join(self.scheme.indicators)
            raise self.error(line.ref(KEY_HEADER), f"没有指标 {key}，应为 {known}。")
        first = self.first.setdefault((code, key), line.ref(POINTS))
        if first != line.ref(POINTS):
            raise self.error(
                line.ref(POINTS), f"单位 {code} 的 {key} 复核了两次（另在 {'!'.join(first)}），请删去一处。"
            )
        yield code, key, Review(self.points(line, indicator), line.text(REASON), line.ref(POINTS), line.seen())

    def points(self, line: _Line, indicator: Indicator) -> Decimal:
        text = line.text(POINTS)
        if _FIGURE.fullmatch(text) is None or isinstance(line.cell(POINTS).value, bool):
            raise self.error(line.ref(POINTS), f"{POINTS}“{text}”不是不小于 0 的数字，请更正。")
        value = Decimal(text)
        digits = self.scheme.spec.total.decimals
        if value != round_half_up(value, digits):
            raise self.error(line.ref(POINTS), f"{POINTS} {value:f} 多于{digits}位小数，请更正。")
        # a row on the scale of chosen ones has its 分值 only in its department
        most = indicator.weight if indicator.scale is None else indicator.group.points
        if value > most:
            raise self.error(line.ref(POINTS), f"{POINTS} {value:f} 超过分值 {most:f}，请更正。")
        return value


def _text(cell: WrittenCell) -> str:
    return "" if cell.value is None else as_text(cell.value)


@dataclass(frozen=True, slots=True)
class _Line:
    """A row below the headers of a sheet."""

    sheet: str
    columns: Mapping[str, int]
    row: WrittenRow

    def cell(self, header: str) -> WrittenCell:
        return self.row.cells.get(self.columns[header], _BLANK)

    def text(self, header: str) -> str:
        return plain_text(_text(self.cell(header))).strip()

    def ref(self, header: str) -> Ref:
        return Ref(self.sheet, address(self.row.number, self.columns[header]))

    def seen(self) -> dict[str, Decimal | None]:
        """What stood in the columns that the review was made by; those that nobody has calculated are left out."""
        found: dict[str, Decimal | None] = {}
        for header in SEEN:
            if header in self.columns:
                cell = self.cell(header)
                if isinstance(cell.value, float):
                    found[header] = exact(cell.value)
                elif cell.value in (None, "") and not (cell.formula and cell.value is None):
                    found[header] = None
        return found
