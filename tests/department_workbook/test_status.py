"""封面 tells the department whether its form can be sent, and the total that the batch will compute."""

from __future__ import annotations

from decimal import Decimal
from io import BytesIO
from typing import Any

import openpyxl
import pytest

from evalbatch.department_workbook import Filling, write_department_workbook
from evalbatch.evaluation import evaluate
from evalbatch.reading import read_submission, read_xlsx
from evalbatch.scheme.layout import STATUS_LABELS
from tests.department_workbook.fillings import random_filling, seed_filling
from tests.forms import scheme
from tests.test_samples import builder


def cover(filling: Filling | None) -> dict[str, tuple[Any, Any]]:
    target = BytesIO()
    write_department_workbook(target, scheme(), filling)
    sheet = openpyxl.load_workbook(target, data_only=True)["封面"]
    rows = {sheet.cell(row, 2).value: row for row in range(5, sheet.max_row + 1)}
    return {label: (sheet.cell(rows[label], 3).value, sheet.cell(rows[label], 4).value) for label in STATUS_LABELS}


def test_a_clean_form_can_be_sent() -> None:
    cells = builder().load("base")["cells"]
    said = cover(builder().filling(cells, scheme()))
    assert said["填报状态"][0] == "可以报送"
    assert said["自评总分"] == (99.9, "优")
    assert said["测算总分"] == (99.9, "优")


def test_true_overspending_does_not_stop_a_report() -> None:
    cells = builder().load("101001")["cells"]
    said = cover(builder().filling(cells, scheme()))
    assert said["填报状态"][0] == "可以报送"
    assert (said["自评总分"][0], said["测算总分"][0]) == (99.9, 98.4)


def test_faults_and_blanks_are_counted() -> None:
    cells = builder().load("base")["cells"]
    assert cover(builder().filling(cells | {"S03.决算数": 1}, scheme()))["填报状态"][0].startswith("还有 ")
    blank = {name: value for name, value in cells.items() if not name.startswith("P0")}
    assert cover(builder().filling(blank, scheme()))["填报状态"][0] == "还有 4 处未填"


def test_the_blank_template_counts_its_blanks_and_has_no_points() -> None:
    said = cover(None)
    assert said["填报状态"][0].endswith("处未填")
    assert said["自评总分"] == said["测算总分"] == ("自评得分未填", None)


def test_one_claim_makes_a_total() -> None:
    said = cover(Filling({("A11", "自评得分"): Decimal("1.5")}))
    assert said["自评总分"] == (1.5, "差")


@pytest.mark.parametrize("seed", [None, 1, 2, 3, 5, 8])
def test_the_total_is_the_one_of_the_batch(seed: int | None) -> None:
    filling = seed_filling(scheme()) if seed is None else random_filling(scheme(), seed)
    target = BytesIO()
    write_department_workbook(target, scheme(), filling)
    total = evaluate(read_submission(read_xlsx(target.getvalue()), scheme(), "x.xlsx"), scheme()).total
    assert Decimal(str(cover(filling)["测算总分"][0])) == total
