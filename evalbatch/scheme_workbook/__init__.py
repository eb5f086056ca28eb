"""DOOR OUT AND IN: a scheme as a workbook that a bureau edits in Excel, and back; knows no department."""

from __future__ import annotations

import io
from typing import Any

import pydantic

from evalbatch.scheme import Key, SchemeError, compile_scheme
from evalbatch.scheme.spec import SchemeSpec
from evalbatch.scheme_workbook.reading import read_sheets
from evalbatch.scheme_workbook.toml_text import toml_text
from evalbatch.scheme_workbook.writing import write_workbook


def export_scheme(spec: SchemeSpec, file: str) -> bytes:
    """The workbook of a scheme; raises SchemeError where a cell cannot hold what the scheme says."""
    buffer = io.BytesIO()
    write_workbook(buffer, spec)
    content = buffer.getvalue()
    reason = "工作簿的单元格写不下这样的内容，请删去空文本、首尾空格或控制字符。"
    try:
        back = SchemeSpec.model_validate(read_sheets(content, file).table)
        differs = _difference(spec.model_dump(by_alias=True), back.model_dump(by_alias=True), ())
    except pydantic.ValidationError as error:
        differs = error.errors()[0]["loc"]
    except SchemeError as error:
        raise SchemeError(file, error.key, reason) from None
    if differs is not None:
        raise SchemeError(file, Key.of(differs), reason)
    return content


def import_scheme(content: bytes, file: str) -> bytes:
    """The scheme file of a workbook; raises SchemeError with sheet and cell as its key."""
    sheets = read_sheets(content, file)
    text = toml_text(sheets.table).encode()
    try:
        compile_scheme(text, file)
    except SchemeError as error:
        raise SchemeError(file, sheets.place(error.path) or error.key, error.reason) from None
    return text


def _difference(left: Any, right: Any, path: tuple[str | int, ...]) -> tuple[str | int, ...] | None:
    """The first place at which two dumped schemes differ; None when they are the same."""
    if isinstance(left, dict) and isinstance(right, dict):
        for name in left:
            found = _difference(left[name], right.get(name), (*path, name))
            if found is not None:
                return found
        return None if left == right and list(left) == list(right) else path
    if isinstance(left, tuple) and isinstance(right, tuple) and len(left) == len(right):
        for index, (one, other) in enumerate(zip(left, right, strict=True)):
            found = _difference(one, other, (*path, index))
            if found is not None:
                return found
        return None
    return None if left == right and type(left) is type(right) else path


__all__ = ["export_scheme", "import_scheme"]
