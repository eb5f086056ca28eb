"""The seals of a row: a changed, moved or cleared figure shows, and so does a text."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from evalbatch.cell_text import MOST_CHARACTERS
from evalbatch.seals import TOO_LONG, seal, text_seal


def test_figures_weigh_by_their_place_and_are_counted() -> None:
    assert seal([Decimal(1), None, "是", Decimal("0.5")]) == Decimal("5.0000")
    assert seal([date(1900, 3, 1)]) == Decimal(61 + 1)
    assert seal([Decimal(1), Decimal(2)]) != seal([Decimal(2), Decimal(1)])
    assert seal([Decimal(0)]) != seal([None])
    assert seal([None] * 97 + [Decimal(3)]) != seal([Decimal(3)] + [None] * 97)


def test_texts_stand_as_their_cells_show_them() -> None:
    assert text_seal(["甲", None, "是\x00", Decimal(3), "否"]) == "甲||是||否"
    assert text_seal(["甲", ""]) != text_seal(["", "甲"])
    assert text_seal(["字" * (MOST_CHARACTERS - 2), "字"]) == "字" * (MOST_CHARACTERS - 2) + "|字"
    assert text_seal(["字" * (MOST_CHARACTERS - 1), "字"]) == TOO_LONG
