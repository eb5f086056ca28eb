"""The files beside a workbook that is too large to hold every row -> what differs in them, row by row like a sheet."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import BinaryIO, Final

from evalbatch.model import Outcome
from evalbatch.ranking_workbook import files_beside, folder_beside
from evalbatch.reading.written import WrittenCell, WrittenRow, WrittenSheet
from evalbatch.scheme import Scheme
from evalbatch.table_files import TableError
from evalbatch.verification.differences import Difference
from evalbatch.verification.formulas import Meaning
from evalbatch.verification.sheets import SheetComparison

_BATCH: Final = 1_000
"""Rows of a Parquet file taken at a time."""


class NotCompared(Exception):
    """Files that could not be compared; the text is a sentence that says what to do."""


def differences_beside(workbook: Path, outcome: Outcome, scheme: Scheme) -> Iterator[Difference]:
    """What differs in the files beside a workbook; raises NotCompared where it cannot be told."""
    folder = folder_beside(workbook)
    csv_files = files_beside(outcome, scheme, csv=True)
    if not csv_files:
        return
    for name, write in csv_files.items():
        parquet = f"{Path(name).stem}.parquet"
        if (folder / name).is_file():
            yield from _compare(folder / name, write, _csv_rows)
        elif (folder / parquet).is_file():
            files = files_beside(outcome, scheme)
            if parquet not in files:
                raise NotCompared(
                    f'核对 {folder.name}/{parquet} 需要 pyarrow，请先安装：python -m pip install "evalbatch[parquet]"。'
                )
            yield from _compare(folder / parquet, files[parquet], _parquet_rows)
        else:
            yield Difference(f"{folder.name}/{parquet}", "", "缺少这个文件")


def _compare(
    path: Path, write: Callable[[BinaryIO], None], read: Callable[[BinaryIO], Iterable[Iterable[object]]]
) -> Iterator[Difference]:
    name = f"{path.parent.name}/{path.name}"
    with tempfile.TemporaryFile() as expected, path.open("rb") as found:
        write(expected)
        expected.seek(0)
        comparison = SheetComparison(name, Meaning({}, {}), lambda sheet, header: "text")
        try:
            yield from comparison.differences(_sheet(name, read(expected)), _sheet(name, read(found)))
        except (TableError, ValueError, UnicodeError, csv.Error, OSError):
            yield Difference(name, "", "文件已损坏，无法读取")


def _sheet(name: str, rows: Iterable[Iterable[object]]) -> WrittenSheet:
    """The rows of a file as those of a sheet, headers first."""
    return WrittenSheet(
        name,
        hidden=False,
        table=(1, 1),
        rows=(
            WrittenRow(
                number,
                False,
                {
                    column: WrittenCell(str(value))
                    for column, value in enumerate(row, 1)
                    if value is not None and value != ""
                },
            )
            for number, row in enumerate(rows, 1)
        ),
    )


def _csv_rows(file: BinaryIO) -> Iterator[list[str]]:
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    yield from csv.reader(text)
    text.detach()


def _parquet_rows(file: BinaryIO) -> Iterator[Iterable[object]]:
    from pyarrow.parquet import ParquetFile

    opened = ParquetFile(file)
    batches = (batch.to_pylist() for batch in opened.iter_batches(_BATCH))
    yield from chain([opened.schema_arrow.names], (row.values() for batch in batches for row in batch))
