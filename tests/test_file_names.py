"""File names: what any system refuses is replaced, and none is too long."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from evalbatch.file_names import file_name


def test_what_no_system_takes_is_replaced() -> None:
    assert file_name("_2024.xlsx", "01", 'a<b>|"c?*\\\n') == "01_a_b_c__2024.xlsx"
    assert file_name("_2024.xlsx", "", "../甲\ud800") == "_.._甲__2024.xlsx"


def test_a_long_name_keeps_its_ending() -> None:
    name = file_name("_填报问题通知_2024.xlsx", "单" * 80, "位" * 80)
    assert name.startswith("单" * 60 + "_位")
    assert name.endswith("位_填报问题通知_2024.xlsx")
    assert len(name.encode()) <= 250


@given(st.lists(st.text(), min_size=1, max_size=3))
def test_any_texts_make_a_name_that_can_be_written(parts: list[str]) -> None:
    name = file_name(".xlsx", *parts)
    assert Path(name).name == name
    assert len(name.encode()) <= 250
    assert not set(name) & set('<>:"/\\|?*\x00\n')
