"""What the template tells a department before it sends is what the batch says of the workbook when it arrives."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from io import BytesIO

import pytest

from evalbatch.department_workbook import Filling, write_department_workbook
from evalbatch.department_workbook.figures import FilledFigures
from evalbatch.department_workbook.live import live_formulas
from evalbatch.evaluation import evaluate
from evalbatch.figures import SubmissionFigures
from evalbatch.model import Submission
from evalbatch.reading import read_submission, read_xlsx
from evalbatch.scheme import load_scheme
from evalbatch.scheme.points import PENDING
from tests.department_workbook.fillings import planted, random_filling, seed_filling

_SCHEME = load_scheme()
_CASES: dict[str, Filling] = {
    "blank": Filling({("T01", "填报内容"): "甲局", ("T02", "填报内容"): "001"}),
    "seed": seed_filling(_SCHEME),
    **{f"random{seed}": random_filling(_SCHEME, seed) for seed in range(9)},
}


@cache
def _read(case: str) -> Submission:
    target = BytesIO()
    write_department_workbook(target, _SCHEME, _CASES[case])
    return read_submission(read_xlsx(target.getvalue()), _SCHEME, "甲.xlsx")


@pytest.mark.parametrize("case", _CASES)
def test_checks_agree(case: str) -> None:
    submission, figures = _read(case), FilledFigures(_SCHEME, _CASES[case])
    batch = SubmissionFigures(submission, _SCHEME)
    step, fixed = _SCHEME.tail_step(submission.unit), _SCHEME.spec.tolerance.fixed
    said = {live.check.id: figures.judge(live).verdict for live in live_formulas(_SCHEME).checks if not live.check.list}
    found = {check.id: check.judge(batch, step, fixed).verdict for check in _SCHEME.checks if not check.list}
    assert said == found


@pytest.mark.parametrize("case", _CASES)
def test_scores_agree(case: str) -> None:
    submission, figures = _read(case), FilledFigures(_SCHEME, _CASES[case])
    wrong = []
    for line in evaluate(submission, _SCHEME).lines:
        formula = live_formulas(_SCHEME).scores.get(line.code)
        if formula is None:
            continue
        shown = formula.evaluate(figures)
        expected = line.final if line.source == "不适用" else line.computed
        if shown != (PENDING if expected is None else expected):
            wrong.append((line.code, shown, line.source, expected))
    assert wrong == []


@pytest.mark.parametrize("case", _CASES)
def test_the_sentences_agree(case: str) -> None:
    submission, figures = _read(case), FilledFigures(_SCHEME, _CASES[case])
    found = {line.code: line.sentence for line in evaluate(submission, _SCHEME).lines}
    # the batch takes the space around a name away
    said = {code: figures.sentence(code).replace("\t", "") for code in live_formulas(_SCHEME).sentences}
    assert said == {code: found[code] for code in said}


def test_every_row_of_the_audit_can_fail() -> None:
    """What tests/benchmarks/parity.py plants: no identity and no threshold is left untried."""
    assert [check.id for check in _SCHEME.checks if planted(_SCHEME, check) is None] == []


def test_a_filled_template_is_read_without_a_remark() -> None:
    submission = _read("seed")
    assert submission.remarks == ()
    derived = {place for place, entry in submission.cells.items() if entry.derived}
    assert derived == {place for place in _SCHEME.derivations if place[0] not in _SCHEME.lists}
    assert submission.value("S10", "决算数") == Decimal("3632.41")
