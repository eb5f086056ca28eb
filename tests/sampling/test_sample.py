"""The synthetic inbox: clean departments, mistakes found where they were planted, the same bytes, a real workbook."""

from __future__ import annotations

import hashlib
import io
import json
from functools import cache
from pathlib import Path
from random import Random

import openpyxl
import pytest

from evalbatch.department_workbook import Filling, write_department_workbook
from evalbatch.evaluation import evaluate
from evalbatch.intake.roster import read_roster
from evalbatch.model import Result
from evalbatch.reading import UnreadableWorkbook, read_submission, read_workbook
from evalbatch.rules import Registered
from evalbatch.sampling import INBOX, ROSTER, TRUTH, Plan, SamplingError, Specimen, specimen, write_sample
from evalbatch.sampling.accounts import account
from evalbatch.sampling.defects import DEFECTS, Defect
from evalbatch.sampling.departments import department
from evalbatch.sampling.form import computed_cells, typed_cells
from evalbatch.sampling.package import blank_package
from evalbatch.sampling.performance import claim, perform
from evalbatch.scheme.layout import AUDIT_SHEET, SUPPORT_SHEET
from tests.forms import scheme


def judged(made: Specimen) -> Result:
    """The workbook as the batch would judge it."""
    submission = read_submission(read_workbook(made.content), scheme(), "x.xlsx")
    who = made.department
    return evaluate(submission, scheme(), Registered(who.code, who.name, who.category))


def reported(made: Specimen) -> list[tuple[str, str, str]]:
    """The findings about the form; remarks (提示) only of the rules that were to speak."""
    planted = {rule for rule, _, _ in made.expected}
    try:
        findings = judged(made).findings
    except UnreadableWorkbook:
        return [("FS01", "", "")]
    return sorted(
        (finding.code, finding.ref.sheet, finding.ref.cell)
        for finding in findings
        if finding.kind == "填报" and (finding.level != "提示" or finding.code in planted)
    )


@cache
def clean(index: int) -> Specimen:
    return specimen(scheme(), 1, index)


@cache
def mistaken(kind: int) -> Specimen:
    """A workbook with a mistake of this kind, of the first department that has room for it."""
    made = (specimen(scheme(), 7, index, kind) for index in range(11 * kind, 11 * kind + 40))
    return next(each for each in made if each.defect is DEFECTS[kind])


@pytest.mark.parametrize("index", range(0, 24_000, 2_000))
def test_without_defects_nothing_of_the_form_is_wrong(index: int) -> None:
    assert reported(clean(index)) == []


@pytest.mark.parametrize("kind", range(len(DEFECTS)), ids=lambda kind: DEFECTS[kind].name)
def test_a_mistake_is_found_where_it_was_planted_and_nothing_else(kind: int) -> None:
    made = mistaken(kind)
    assert reported(made) == sorted(made.expected)
    assert isinstance(made.defect, Defect)


def test_the_mistakes_cover_the_rules_of_the_form() -> None:
    left_out = {
        *("FS04", "HD09", "HD10", "HD11", "HD14"),  # told by other workbooks of the batch
        *("FS11", "HD08", "HD13"),  # told by the deadline, the roster, the file's name
        "UN03",  # every amount in another unit: no mistake in single cells
        "SC07",  # a claim without any deduction is a judgement, not a slip
    }
    planted = {rule for kind in range(len(DEFECTS)) for rule, _, _ in mistaken(kind).expected}
    of_the_form = {code for code, rule in scheme().rules.items() if rule.kind == "填报"}
    assert of_the_form - planted == left_out


def test_departments_differ_in_size_and_points() -> None:
    results = [judged(clean(index)) for index in range(0, 24_000, 2_000)]
    spent = sorted(result.submission.value("S10", "决算数") for result in results)  # type: ignore[type-var]
    assert len({result.total for result in results}) > 8
    assert spent[-1] / spent[0] > 10  # type: ignore[operator]
    assert len({result.submission.name for result in results}) == len(results)


def test_the_workbook_is_what_the_template_writer_writes() -> None:
    source = Random("cell for cell")
    drawn = account(source)
    perform(source, drawn, scheme(), department(3))
    claim(source, drawn, scheme())
    filling = Filling(drawn.cells, drawn.lists)
    written = io.BytesIO()
    write_department_workbook(written, scheme(), filling)
    patched = blank_package(scheme()).write(typed_cells(scheme(), filling), computed_cells(scheme(), filling))
    for values in (False, True):
        theirs = openpyxl.load_workbook(written, data_only=values)
        ours = openpyxl.load_workbook(io.BytesIO(patched), data_only=values)
        assert ours.sheetnames == theirs.sheetnames
        for sheet in theirs:
            differing = {
                cell.coordinate: (ours[sheet.title][cell.coordinate].value, cell.value)
                for row in sheet
                for cell in row
                if (ours[sheet.title][cell.coordinate].value or None) != (cell.value or None)
            }
            if values and sheet.title == AUDIT_SHEET:
                differing.pop("A3", None)
            if values and sheet.title == SUPPORT_SHEET:
                continue  # hidden: what is saved there is read by nobody
            assert differing == {}, f"{sheet.title}: sampling/form.py says what the formulas of the template yield"


def test_one_seed_gives_the_same_files_whatever_the_number_of_workers(tmp_path: Path) -> None:
    plan = Plan(departments=34, seed=3, share=0.3)
    for jobs in (1, 2):
        write_sample(tmp_path / str(jobs), scheme(), plan, jobs)
    one, two = (
        {
            str(path.relative_to(tmp_path / jobs)): (
                hashlib.sha256(path.read_bytes()).hexdigest(),
                path.suffix == ".xlsx",
            )
            for path in sorted((tmp_path / jobs).rglob("*"))
            if path.is_file()
        }
        for jobs in ("1", "2")
    )
    assert one == two
    assert len(list((tmp_path / "1" / INBOX).iterdir())) == 34
    assert {path.stat().st_mtime for path in (tmp_path / "1" / INBOX).iterdir()} == {1_756_684_800.0}
    truth = json.loads((tmp_path / "1" / TRUTH).read_text(encoding="utf-8"))
    assert [len(truth["工作簿"]), truth["单位数"], truth["种子"]] == [10, 34, 3]
    roster = read_roster(tmp_path / "1" / ROSTER)
    assert [found.name for found in roster.departments] == [department(index).name for index in range(34)]


def test_it_does_not_mix_with_files_that_are_there(tmp_path: Path) -> None:
    (tmp_path / "别人的.txt").write_text("x", encoding="utf-8")
    with pytest.raises(SamplingError, match="不是空文件夹"):
        write_sample(tmp_path, scheme(), Plan(1, 1))
    assert [path.name for path in tmp_path.iterdir()] == ["别人的.txt"]


def test_another_seed_gives_other_figures() -> None:
    assert specimen(scheme(), 2, 0).content != clean(0).content
