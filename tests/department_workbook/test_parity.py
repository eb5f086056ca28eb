"""The live formulas, recalculated by LibreOffice, say what the Python evaluators say."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from openpyxl.workbook.workbook import Workbook

from evalbatch.department_workbook import Filling, write_department_workbook
from evalbatch.department_workbook.figures import FilledFigures
from evalbatch.department_workbook.live import live_formulas
from evalbatch.model import Value
from evalbatch.scheme import Scheme, load_scheme
from evalbatch.scheme.layout import AUDIT_SHEET, HEADER_ROW, SUPPORT_SHEET, template_cell
from tests.department_workbook.fillings import pasted, random_filling, seed_filling
from tests.libreoffice import needs_libreoffice, recalculate

pytestmark = needs_libreoffice

_SCHEME = load_scheme()
_CASES: dict[str, Filling] = {
    "blank": Filling(),
    "seed": seed_filling(_SCHEME),
    **{f"random{seed}": random_filling(_SCHEME, seed) for seed in range(4)},
    "pasted": pasted(seed_filling(_SCHEME)),
}
_EPOCH = datetime(1899, 12, 30)
_RELATIVE = 1e-9


@pytest.fixture(scope="module")
def recalculated(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Workbook, Workbook]]:
    """By case: the workbook with its formulas, and its values as LibreOffice computed them."""
    folder = tmp_path_factory.mktemp("parity")
    paths = [folder / f"{name}.xlsx" for name in _CASES]
    for path, filling in zip(paths, _CASES.values(), strict=True):
        write_department_workbook(path, _SCHEME, filling)
    results = recalculate(paths, folder / "recalculated")
    return {
        path.stem: (openpyxl.load_workbook(path), openpyxl.load_workbook(result, data_only=True))
        for path, result in zip(paths, results, strict=True)
    }


def _plain(value: object) -> object:
    """A cell's value with dates as serial days and blanks as ``""``."""
    if isinstance(value, datetime):
        return float((value - _EPOCH).days)
    return "" if value is None else value


def _same(expected: Value, found: object) -> bool:
    found = _plain(found)
    if isinstance(expected, Decimal) and isinstance(found, int | float):
        return abs(float(expected) - found) <= _RELATIVE * max(1.0, abs(found))
    return ("" if expected is None else expected) == found


def _formulas(workbook: Workbook) -> Iterator[tuple[str, str]]:
    for sheet in workbook:
        for row in sheet.iter_rows():
            for cell in row:
                if cell.data_type == "f":
                    yield sheet.title, cell.coordinate


@pytest.mark.parametrize("case", _CASES)
def test_checks_agree(recalculated: dict[str, tuple[Workbook, Workbook]], case: str) -> None:
    figures = FilledFigures(_SCHEME, _CASES[case])
    sheet = recalculated[case][1][AUDIT_SHEET]
    wrong = []
    for row, live in enumerate(live_formulas(_SCHEME).checks, start=HEADER_ROW + 1):
        judgement = figures.judge(live)
        found = [sheet.cell(row, column).value for column in (4, 5, 6, 7)]
        sides = (judgement.left, judgement.right) if judgement.difference is not None else (None, None)
        agrees = judgement.difference is None or all(map(_same, sides, found[:2]))
        if not agrees or not _same(judgement.difference, found[2]) or found[3] != judgement.verdict:
            wrong.append((live.check.id, judgement, found))
        if (sheet.cell(row, 8).value or "") != (live.check.advice if judgement.verdict == "✗" else ""):
            wrong.append((live.check.id, judgement, sheet.cell(row, 8).value))
    assert wrong == []


@pytest.mark.parametrize("case", _CASES)
def test_scores_and_derived_cells_agree(recalculated: dict[str, tuple[Workbook, Workbook]], case: str) -> None:
    figures = FilledFigures(_SCHEME, _CASES[case])
    values = recalculated[case][1]
    sheet = _SCHEME.sheet_of("A11")
    expected = {("测算得分", code): score.evaluate(figures) for code, score in live_formulas(_SCHEME).scores.items()}
    found = {
        (column, code): values[sheet][template_cell(_SCHEME, code, column)[1]].value for column, code in expected
    }  # fmt: skip
    for key, column in _SCHEME.derivations:
        if key not in _SCHEME.lists:
            name, cell = template_cell(_SCHEME, key, column)
            expected[column, key] = _scalar(figures.figure(key, column))
            found[column, key] = values[name][cell].value
    wrong = {place: (expected[place], found[place]) for place in expected if not _same(expected[place], found[place])}
    assert wrong == {}


def _scalar(value: Value) -> Decimal | str | None:
    assert value is None or isinstance(value, Decimal | str)
    return value


@pytest.mark.parametrize("case", _CASES)
def test_every_cached_value_is_the_recalculated_one(
    recalculated: dict[str, tuple[Workbook, Workbook]], case: str, tmp_path: Path
) -> None:
    path = tmp_path / "cached.xlsx"
    write_department_workbook(path, _SCHEME, _CASES[case])
    cached = openpyxl.load_workbook(path, data_only=True)
    formulas, values = recalculated[case]
    wrong = []
    for sheet, cell in _formulas(formulas):
        before, after = _plain(cached[sheet][cell].value), values[sheet][cell].value
        expected = Decimal(repr(before)) if isinstance(before, int | float) else before
        assert isinstance(expected, Decimal | str)
        if not _same(expected, after):
            wrong.append((sheet, cell, before, after))
    assert wrong == []


@pytest.mark.parametrize("case", _CASES)
def test_no_formula_yields_an_error_value(recalculated: dict[str, tuple[Workbook, Workbook]], case: str) -> None:
    formulas, values = recalculated[case]
    wrong = [
        (sheet, cell, values[sheet][cell].value)
        for sheet, cell in _formulas(formulas)
        if values[sheet][cell].data_type == "e" or str(values[sheet][cell].value).startswith(("#", "Err:"))
    ]
    assert wrong == []


def test_blank_template_shows_nothing_wrong(recalculated: dict[str, tuple[Workbook, Workbook]]) -> None:
    sheet = recalculated["blank"][1][AUDIT_SHEET]
    verdicts = {sheet.cell(row, 7).value for row in range(HEADER_ROW + 1, HEADER_ROW + 1 + len(_SCHEME.checks))}
    assert verdicts == {"—"}


def test_the_seed_department_scores_as_computed_by_hand(
    recalculated: dict[str, tuple[Workbook, Workbook]],
) -> None:
    sheet = recalculated["seed"][1][_SCHEME.sheet_of("A41")]
    scores = {code: sheet[template_cell(_SCHEME, code, "测算得分")[1]].value for code in live_formulas(_SCHEME).scores}
    assert scores == {
        "A41": 0, "B11": 2, "B12": 2, "B13": 2, "B14": 1, "B72": 1, "B73": 1, "C1": 10, "C2": 10, "C3": 10,
        "D1": 7.5, "D2": 7.5, "D3": 7.5, "D4": 7.5, "F1": 0, "F2": 0,
    }  # fmt: skip


def test_the_seed_department_left_with_the_printed_basic_expenditure(tmp_path: Path) -> None:
    filling = seed_filling(_SCHEME)
    cells = dict(filling.cells) | {("S03", "决算数"): Decimal("2374.83"), ("S10", "决算数"): Decimal("3632.41")}
    figures = FilledFigures(_SCHEME, Filling(cells, filling.lists))
    live = next(live for live in live_formulas(_SCHEME).checks if live.check.id == "ID01:S10.决算数")
    judgement = figures.judge(live)
    assert (judgement.verdict, judgement.difference) == ("✗", Decimal("316.63"))


def _in_unit(scheme: Scheme, filling: Filling, unit: str) -> Filling:
    """The same department filled in another unit."""
    factor = scheme.spec.units[unit]
    cells = {
        (key, column): value / factor
        if isinstance(value, Decimal) and key in scheme.lines and scheme.lines[key].types[column].type == "amount"
        else value
        for (key, column), value in filling.cells.items()
    }
    lists = {
        prefix: [
            {
                column.name: value / factor if isinstance(value, Decimal) and column.type == "amount" else value
                for column in scheme.lists[prefix].columns
                if (value := row.get(column.name)) is not None
            }
            for row in rows
        ]
        for prefix, rows in filling.lists.items()
    }
    return Filling(cells | {("T05", "填报内容"): unit}, lists, filling.explanations)


@pytest.mark.parametrize("unit", ["千元", "亿元"])
def test_the_unit_of_the_amounts_changes_no_verdict_and_no_score(unit: str) -> None:
    filling = seed_filling(_SCHEME)
    base, other = FilledFigures(_SCHEME, filling), FilledFigures(_SCHEME, _in_unit(_SCHEME, filling, unit))
    live = live_formulas(_SCHEME)
    assert [other.judge(check).verdict for check in live.checks] == [base.judge(check).verdict for check in live.checks]
    for code, score in live.scores.items():
        assert score.evaluate(other) == score.evaluate(base), code


def test_the_support_sheet_is_hidden(recalculated: dict[str, tuple[Workbook, Workbook]]) -> None:
    assert recalculated["blank"][1][SUPPORT_SHEET].sheet_state == "hidden"
