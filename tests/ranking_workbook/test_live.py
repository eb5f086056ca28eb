"""The formulas of the ranking workbook, recalculated from scratch by LibreOffice, say what the program computed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import openpyxl
import pytest
from openpyxl.workbook.workbook import Workbook

from evalbatch.model import Outcome
from evalbatch.ranking_workbook import write_ranking_workbook
from tests import test_samples
from tests.libreoffice import needs_libreoffice, recalculate
from tests.ranking_workbook.outcomes import SCHEME, batch, department, hostile, realistic

_MOST_LENGTH = 8192
_EPOCH = datetime(1899, 12, 30)


def empty_lists() -> Outcome:
    """Departments without a single row in some list."""
    return batch(
        department("001", "甲", lists={"X": [], "W": [], "V": [], "Y": []}),
        department("002", "乙"),
        department("003", "丙", lists={"X": [], "Y": []}, cells={("S04", "决算数"): None, ("S04", "全年预算数"): None}),
    )


OUTCOMES: dict[str, Callable[[], Outcome]] = {
    "realistic": realistic,
    "hostile": hostile,
    "samples": test_samples.outcome,
    "lists": empty_lists,
    "none": batch,
}


def write(path: Path, outcome: Outcome) -> Path:
    """The workbook of an outcome."""
    write_ranking_workbook(path, outcome, SCHEME)
    return path


@pytest.fixture(scope="module")
def recalculated(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, Path]]:
    """By name: the workbook as written, and as LibreOffice recalculated it."""
    folder = tmp_path_factory.mktemp("live")
    paths = [write(folder / f"{name}.xlsx", make()) for name, make in OUTCOMES.items()]
    results = recalculate(paths, folder / "recalculated")
    return {path.stem: (path, result) for path, result in zip(paths, results, strict=True)}


def plain(value: object) -> object:
    """A cell's value with dates as serial days and blanks as an empty text."""
    if isinstance(value, datetime):
        return (value - _EPOCH).total_seconds() / 86_400
    return "" if value is None else value


def differs(left: object, right: object) -> bool:
    """Whether two cells differ: numbers beyond 1e-9, texts at all."""
    left, right = plain(left), plain(right)
    if isinstance(left, int | float) and isinstance(right, int | float):
        return abs(left - right) > 1e-9 * max(1.0, abs(left))
    return left != right


def differences(left: Workbook, right: Workbook) -> Iterator[tuple[str, str, object, object]]:
    """Every cell that differs, with its two values."""
    for sheet in left:
        other = right[sheet.title]
        for row in sheet.iter_rows():
            for cell in row:
                found = other[cell.coordinate].value
                if differs(cell.value, found):
                    yield sheet.title, cell.coordinate, cell.value, found


@needs_libreoffice
@pytest.mark.parametrize("which", OUTCOMES)
def test_every_cached_value_is_the_recalculated_one(recalculated: dict[str, tuple[Path, Path]], which: str) -> None:
    written, result = (openpyxl.load_workbook(path, data_only=True) for path in recalculated[which])
    assert list(differences(written, result)) == []
