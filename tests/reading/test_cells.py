"""Single cells: what a figure, a date or a choice typed in any way is read as."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalbatch.model import Entry, Ref
from evalbatch.reading.cells import exact, plain, read_cell
from evalbatch.scheme.spec import ColumnSpec, ColumnType
from tests.forms import scheme

REF = Ref("预算执行情况表", "H25")


def read(content: object, kind: ColumnType = "amount", unit: str = "万元", mandatory: bool = True) -> Entry:
    return read_cell(content, ColumnSpec(name="决算数", type=kind), REF, scheme().spec.units, unit, mandatory)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("1,234.50", "1234.50"),
        ("３７１１.７", "3711.7"),
        ("３，７１１．７０", "3711.70"),
        ("3711.7万元", "3711.7"),
        ("37117000元", "3711.7"),
        ("0.37117亿元", "3711.7"),
        ("（12.5）", "-12.5"),
        ("(12.5)", "-12.5"),
        ("-12.5", "-12.5"),
        ("－12.5", "-12.5"),
        ("−12.5", "-12.5"),
        ("+12.5", "12.5"),
        (" 12.5 ", "12.5"),
        ("\u300012.5\u3000", "12.5"),
        ("'12.5", "12.5"),
        ("￥12.5", "12.5"),
        ("12", "12"),
    ],
)
def test_amounts_typed_as_text(content: str, expected: str) -> None:
    entry = read(content)
    assert entry.value == Decimal(expected)
    assert entry.reading
    assert not entry.unreadable


@pytest.mark.parametrize(
    "content",
    [
        "约300",
        "见附表",
        "12,34.5",
        "1.2.3",
        "12.5%",
        "(-12.5)",
        "12.5人",
        "1e3",
        "三百",
        True,
        time(1, 2),
        date(2024, 1, 1),
    ],
)
def test_what_is_no_amount(content: object) -> None:
    entry = read(content)
    assert entry.value is None
    assert entry.unreadable


@pytest.mark.parametrize("content", ["", None, "   ", "\u3000", "\n"])
def test_blanks(content: object) -> None:
    assert read(content) == Entry(REF, None)


@pytest.mark.parametrize("content", ["无", "—", "-", "/", "／", "不涉及"])
def test_words_for_nothing_are_blank_where_a_figure_is_mandatory_and_zero_elsewhere(content: str) -> None:
    assert read(content).value is None
    assert not read(content).unreadable
    assert read(content, mandatory=False).value == 0


@pytest.mark.parametrize(
    ("unit", "content", "expected"),
    [
        ("元", 36324100.0, "3632.41"),
        ("千元", 36324.1, "3632.41"),
        ("万元", 3632.41, "3632.41"),
        ("亿元", 0.363241, "3632.41"),
    ],
)
def test_amounts_are_converted_exactly(unit: str, content: float, expected: str) -> None:
    assert read(content, unit=unit).value == Decimal(expected)


def test_a_unit_behind_the_figure_wins_over_the_sheet() -> None:
    entry = read("3711.7万元", unit="元")
    assert entry.value == Decimal("3711.7")
    assert "万元" in entry.reading


@pytest.mark.parametrize(
    ("kind", "content", "expected"),
    [
        ("percent", 0.7, "0.7"),
        ("percent", "70%", "0.7"),
        ("percent", "７０％", "0.7"),
        ("percent", "70", "0.7"),
        ("percent", "1.5", "0.015"),
        ("percent", 1.0, "1"),
        ("percent", "100%", "1"),
        ("number", "97.86%", "0.9786"),
        ("number", "12场次", "12"),
        ("count", "49人", "49"),
        ("count", "2,590", "2590"),
        ("points", "12分", "12"),
        ("points", 1.5, "1.5"),
    ],
)
def test_other_figures(kind: ColumnType, content: object, expected: str) -> None:
    assert read(content, kind).value == Decimal(expected)


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("percent", 1.5),
        ("percent", 70.0),
        ("percent", 9786.0),
        ("percent", "150%"),
        ("percent", "101"),
        ("percent", "达成"),
        ("points", "12元"),
        ("count", "约5人"),
    ],
)
def test_other_figures_that_are_none(kind: ColumnType, content: object) -> None:
    assert read(content, kind).unreadable


@pytest.mark.parametrize(
    "content",
    [
        date(2024, 12, 31), datetime(2024, 12, 31, 8), "2024-12-31", "2024.12.31", "2024/12/31", "2024年12月31日",
        "２０２４年１２月３１日", "20241231", 20241231.0, 45657.0, " 2024-12-31 ",
    ],
)  # fmt: skip
def test_dates(content: object) -> None:
    assert read(content, "date").value == date(2024, 12, 31)


@pytest.mark.parametrize("content", ["2024-13-01", "2024-02-30", "年底", 12.0, "12月", 45657.5])
def test_what_is_no_date(content: object) -> None:
    assert read(content, "date").unreadable


def test_texts_and_choices() -> None:
    assert read(101001.0, "text").value == "101001"
    assert read(" 外事 活动 ", "text").value == "外事 活动"
    assert read("=1+1", "text").value == "=1+1"
    assert read(" 是 ", "choice").value == "是"
    assert read(">=", "choice").value == "≥"
    assert read("＝", "choice").value == "="


def test_a_number_is_taken_at_fifteen_digits() -> None:
    assert exact(0.1 + 0.2) == Decimal("0.3")
    assert exact(33730648.78000001) == Decimal("33730648.7800000")


@given(st.decimals(-(10**9), 10**9, places=2))
def test_a_figure_reads_the_same_as_number_and_as_text(value: Decimal) -> None:
    assert read(float(value)).value == value
    assert read(f"{value:,.2f}").value == value


@given(st.text())
def test_no_text_is_an_accident(text: str) -> None:
    entry = read(text)
    assert entry.unreadable == (entry.value is None and bool(plain(text)) and not entry.reading)
