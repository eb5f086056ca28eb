"""An empty workbook, written row by row, in which a text stays a text; its properties come from the scheme alone."""

from __future__ import annotations

from datetime import datetime
from typing import Any, BinaryIO, Final

from xlsxwriter import Workbook

from evalbatch.scheme import Scheme

_OPTIONS: Final[dict[str, Any]] = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}


def open_book(target: BinaryIO, scheme: Scheme, title: str) -> Workbook:
    """A workbook of that title; it is created, as its properties say, on the first day after the year evaluated."""
    book = Workbook(target, _OPTIONS)
    book.set_properties(
        {
            "title": title,
            "subject": f"{scheme.spec.title}（{scheme.year}年度）",
            "author": "evalbatch",
            "keywords": f"{scheme.spec.title} {scheme.year}",
            "comments": f"方案{scheme.spec.edition}，摘要 {scheme.digest}",
            "created": datetime(scheme.year + 1, 1, 1),
        }
    )
    return book
