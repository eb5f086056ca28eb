"""A short run over mutants: none crashes, none hangs, and none is read as something else than LibreOffice shows."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from evalbatch.reading import Book, Grid, read_workbook
from evalbatch.reading.book import Content
from tests.fuzzing.carriers import carrier, carriers, deliver
from tests.fuzzing.mutants import Mutant, Tally, attempt, bases, mutant, worker
from tests.fuzzing.shown import Cell, differences, shown
from tests.intake.forms_of_arrival import needs_libarchive
from tests.libreoffice import needs_libreoffice
from tests.test_samples import FOLDER

SEED = 2024
MUTANTS = 40


@needs_libreoffice
def test_mutants_are_read_as_libreoffice_shows_them_or_not_at_all(tmp_path: Path) -> None:
    base = bases(next((FOLDER / "inbox").glob("101007_*.xlsx")), tmp_path)
    tally, process = Tally(), worker()
    attempt([mutant(base, SEED, number) for number in range(MUTANTS)], tmp_path / "mutants", process, tally)
    process.end()
    assert [(each.name, what) for each, what in tally.defects] == []
    assert tally.tried == MUTANTS == tally.refused + tally.other + tally.compared + tally.unopened
    assert tally.compared > MUTANTS // 4  # else the mutations are too rough to prove anything


@needs_libarchive
def test_a_workbook_comes_out_of_mutated_mails_and_archives_as_it_was_or_not_at_all(tmp_path: Path) -> None:
    content = next((FOLDER / "inbox").glob("101007_*.xlsx")).read_bytes()
    kinds = carriers(content, seven_zip=True)
    process, whole, tally = worker(), Tally(), Tally()
    for form, each in kinds:
        deliver(Mutant("unchanged", form, each), content, tmp_path, process, whole)
    assert (whole.tried, whole.compared, whole.defects) == (len(kinds), len(kinds), [])
    for number in range(2 * MUTANTS):
        deliver(carrier(kinds, SEED, number), content, tmp_path, process, tally)
    process.end()
    assert [(each.name, what) for each, what in tally.defects] == []
    assert tally.compared > MUTANTS // 8
    assert len(list(tmp_path.iterdir())) == len({form for form, _ in kinds})


def test_a_workbook_that_came_out_otherwise_is_found(tmp_path: Path) -> None:
    content, other = (next((FOLDER / "inbox").glob(f"{code}_*.xlsx")).read_bytes() for code in ("101007", "101008"))
    process, tally = worker(), Tally()
    deliver(Mutant("other", "eml", carriers(other, seven_zip=False)[0][1]), content, tmp_path, process, tally)
    process.end()
    assert [what.partition(": ")[2] for _, what in tally.defects] == ["other figures than those that were sent"]


@needs_libreoffice
def test_the_mutants_own_bases_are_read_as_libreoffice_shows_them(tmp_path: Path) -> None:
    base = bases(next((FOLDER / "inbox").glob("101007_*.xlsx")), tmp_path)
    paths = []
    for form, contents in base.items():
        for number, content in enumerate(contents):
            paths.append(tmp_path / f"{form}{number}.{form}")
            paths[-1].write_bytes(content)
    for path, cells in zip(paths, shown(paths, tmp_path / "shown"), strict=True):
        assert cells is not None
        assert sum(map(len, cells.values())) > 900
        assert differences(read_workbook(path.read_bytes()), cells) == []


@pytest.mark.parametrize(
    ("content", "count"),
    [(12.5, 0), ("", 1), (0.0, 1), (12.6, 1), ("12.5", 1), (True, 1), ("x", 1), (date(1900, 1, 12), 1)],
)
def test_whatever_differs_is_found(content: Content, count: int) -> None:
    cells = {"表": {(0, 0): Cell("number", Decimal("12.5")), (1, 0): Cell("text", "甲")}}
    assert len(differences(Book((Grid("表", [[content], ["甲"]]),)), cells)) == count


def test_a_date_read_as_a_figure_is_found() -> None:
    cells = {"表": {(0, 0): Cell("date", "2024-12-31")}}
    assert len(differences(Book((Grid("表", [[45657.0]]),)), cells)) == 1
    assert differences(Book((Grid("表", [[date(2024, 12, 31)]]),)), cells) == []


def test_what_was_refused_or_not_read_is_told_apart() -> None:
    cells = {"表": {(0, 0): Cell("text", "甲")}, "另": {(0, 0): Cell("text", "乙")}, "空": {}}
    assert differences(Book((Grid("表", [[""]], errors={(0, 0): "#VALUE!"}),)), cells) == ["另: sheet not read"]
