"""One table -> one CSV or Parquet file for other programs; knows no sheet and no rule."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation, localcontext
from typing import Any, BinaryIO, Final

from evalbatch.cell_text import plain_text
from evalbatch.department_rows import Row, Value
from evalbatch.table_columns import Kind

_RISKY: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "'")
"""First characters after which Excel takes the text of a CSV file for a formula, and the mark that prevents it."""
DECIMALS: Final = 16
"""Decimals of a figure in Parquet; a finer one is rounded half away from zero."""
_DIGITS: Final = 38
_GROUP: Final = 500_000
"""Cells written at a time."""


class TableError(ValueError):
    """A table that cannot be written; the text is a sentence that says what to do."""


def write_csv(file: BinaryIO, headers: Sequence[str], rows: Iterable[Row]) -> None:
    """A table as CSV that Excel opens as it is: UTF-8 with its mark, a text never a formula, a blank empty.

    A text that begins with one of ``= + - @ '`` (full-width too), a tab or a line break gets a ``'`` in front;
    one leading ``'`` taken away gives it back. Figures keep every digit, dates are ISO texts.
    """
    text = io.TextIOWrapper(file, encoding="utf-8-sig", errors="replace", newline="", write_through=True)
    writer = csv.writer(text)
    writer.writerow(map(_as_text, headers))
    writer.writerows([_as_text(value) for value in row] for row in rows)
    text.flush()
    text.detach()


def _as_text(value: Value) -> str:
    match value:
        case None:
            return ""
        case Decimal():
            return f"{value:f}"
        case datetime():
            return value.isoformat(sep=" ")
        case date():
            return value.isoformat()
        case str():
            text = plain_text(value)
            return f"'{text}" if text.startswith(_RISKY) else text
        case _:
            return str(value)


def require_parquet() -> None:
    """Raise TableError where the library for Parquet is not installed."""
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError:
        raise TableError('写 Parquet 需要 pyarrow，请先安装：python -m pip install "evalbatch[parquet]"。') from None


def write_parquet(file: BinaryIO, kinds: Mapping[str, Kind], rows: Iterable[Row]) -> None:
    """A table as Parquet with the same columns and types in every batch; raises TableError for what it cannot hold.

    ``kinds`` has the columns in their order. Figures are ``decimal128(38, 16)``, exact beyond what a spreadsheet
    keeps; ``—`` in a column of figures is null; whole numbers are ``int64``, dates ``date32``, moments
    ``timestamp[ms]`` without a zone, the rest texts. Rows are taken as they come, so many at a time.
    """
    require_parquet()
    import pyarrow
    import pyarrow.parquet

    types: dict[Kind, Any] = {
        "text": pyarrow.string(),
        "mixed": pyarrow.string(),
        "whole": pyarrow.int64(),
        "decimal": pyarrow.decimal128(_DIGITS, DECIMALS),
        "day": pyarrow.date32(),
        "moment": pyarrow.timestamp("ms"),
    }
    schema = pyarrow.schema([(header, types[kind]) for header, kind in kinds.items()])
    with pyarrow.parquet.ParquetWriter(file, schema) as writer:
        for group in _groups(rows, max(1, _GROUP // len(kinds))):
            columns = zip(*group, strict=True)
            arrays = [
                _array(column, header, kind, types[kind])
                for (header, kind), column in zip(kinds.items(), columns, strict=True)
            ]
            writer.write_table(pyarrow.table(arrays, schema=schema))


def _groups(rows: Iterable[Row], size: int) -> Iterator[list[Row]]:
    group: list[Row] = []
    for row in rows:
        group.append(row)
        if len(group) == size:
            yield group
            group = []
    if group:
        yield group


def _array(column: Iterable[Value], header: str, kind: Kind, type_: Any) -> Any:
    import pyarrow

    values = [_as_kind(value, kind) for value in column]
    try:
        return pyarrow.array(values, type_)
    except (pyarrow.ArrowInvalid, pyarrow.ArrowTypeError, OverflowError):
        raise TableError(f"“{header}”栏有 Parquet 存不下的数，请改用 CSV：--report 后给出文件夹名。") from None


def _as_kind(value: Value, kind: Kind) -> object:
    if value is None:
        return None
    if kind in ("text", "mixed"):
        text = value if isinstance(value, str) else _as_text(value)
        # a lone surrogate, as a file name may hold, is no character of UTF-8
        return text.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, str):
        return None
    if isinstance(value, Decimal):
        with localcontext(prec=_DIGITS + DECIMALS):
            try:
                return value.quantize(Decimal(1).scaleb(-DECIMALS), ROUND_HALF_UP)
            except InvalidOperation:
                return value
    return value
