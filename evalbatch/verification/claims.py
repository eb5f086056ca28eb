"""What a ranking workbook says of itself: the facts of its run, and the files that it was made from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from evalbatch.reading import UnreadableWorkbook
from evalbatch.reading.written import WrittenRow, WrittenWorkbook, open_written
from evalbatch.scheme.layout import column_letter

FACTS: Final = "运行说明"
LINES: Final = "得分明细"
CODE: Final = "单位编码"
REGISTER: Final = "收件登记"
TIME: Final = "运行时间"
RECEIVED: Final = "接收时间"
DIGEST: Final = "SHA-256"
_EPOCH: Final = datetime(1899, 12, 30)


class NotARanking(ValueError):
    """A file that is no ranking workbook; the text is a sentence for the user."""


@dataclass(frozen=True, slots=True)
class Registered:
    """A file as 收件登记 has it, and the cell of its 接收时间."""

    code: str
    name: str
    digest: str
    received: datetime | None
    cell: str

    @property
    def whose(self) -> tuple[str, str]:
        """The department that it is of, as far as the register knows it."""
        return self.code, self.name


@dataclass(frozen=True, slots=True)
class Claims:
    """What a workbook says: the facts of 运行说明 by name, the files of 收件登记 by theirs; nothing where a sheet is gone."""

    facts: Mapping[str, str]
    files: Mapping[str, Registered]

    @property
    def time(self) -> datetime | None:
        """When the run was, as far as it is told."""
        with suppress(ValueError):
            return datetime.fromisoformat(self.facts.get(TIME, ""))
        return None


def read_claims(path: Path) -> Claims:
    """What a workbook says of itself; raises NotARanking where it cannot be read or is something else."""
    with _opened(path) as workbook:
        facts = {row["项目"]: row.get("内容", "") for _, row in records(workbook, FACTS, "项目")}
        return Claims(facts, dict(_files(workbook)))


def read_lines(path: Path, code: str) -> list[dict[str, str]]:
    """The lines of 得分明细 of a department, their texts by their headers; raises NotARanking for any other file."""
    with _opened(path) as workbook:
        return [said for _, said in records(workbook, LINES, CODE) if said[CODE] == code]


@contextmanager
def _opened(path: Path) -> Iterator[WrittenWorkbook]:
    try:
        with open_written(path) as workbook:
            if LINES not in workbook.names and FACTS not in workbook.names:
                raise NotARanking(f"{path.name} 不是本程序写出的排名工作簿：没有“{LINES}”和“{FACTS}”两张表。")
            yield workbook
    except OSError as error:
        raise NotARanking(f"{path} 无法读取（{error.strerror or error}），请核对路径。") from None
    except UnreadableWorkbook:
        raise NotARanking(
            f"{path.name} 不是完整的 .xlsx 工作簿，无法读取。请核对文件是否损坏、是否设有密码。"
        ) from None


def _files(workbook: WrittenWorkbook) -> Iterator[tuple[str, Registered]]:
    for row, said in records(workbook, REGISTER, "来源文件"):
        if said["来源文件"]:
            received, cell = None, ""
            for column, header in row.headers.items():
                if header == RECEIVED:
                    value = row.row.cells[column].value if column in row.row.cells else None
                    cell = f"{column_letter(column)}{row.row.number}"
                    with suppress(OverflowError):
                        received = _EPOCH + timedelta(seconds=round(value * 86_400)) if type(value) is float else None
            yield (
                said["来源文件"],
                Registered(said.get(CODE, ""), said.get("填报单位", ""), said.get(DIGEST, ""), received, cell),
            )


@dataclass(frozen=True, slots=True)
class Record:
    """A row below the headers of a sheet."""

    headers: Mapping[int, str]
    row: WrittenRow


def records(workbook: WrittenWorkbook, sheet: str, first: str) -> Iterator[tuple[Record, dict[str, str]]]:
    """The rows below the headers of a sheet, which begin with ``first``, and their texts by header."""
    headers: dict[int, str] = {}
    for row in workbook.sheet(sheet).rows if sheet in workbook.names else ():
        texts = {column: _text(cell.value) for column, cell in row.cells.items()}
        if headers:
            said = dict.fromkeys(headers.values(), "")
            yield (
                Record(headers, row),
                said | {headers[column]: text for column, text in texts.items() if column in headers},
            )
        elif texts.get(1) == first:
            headers = texts


def _text(value: object) -> str:
    return "" if value is None else f"{value:.15g}" if isinstance(value, float) else str(value)
