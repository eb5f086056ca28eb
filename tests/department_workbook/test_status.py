"""封面 tells the department whether its form can be sent, and the total that the batch will compute."""

from __future__ import annotations

from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from evalbatch.department_workbook import Filling, write_department_workbook
from evalbatch.evaluation import evaluate
from evalbatch.reading import read_submission, read_xlsx
from evalbatch.sampling.form import typed_cells
from evalbatch.sampling.package import ErrorValue, blank_package
from evalbatch.scheme.layout import STATUS_LABELS, template_cell
from tests.department_workbook.fillings import PASTED, pasted, random_filling, seed_filling
from tests.forms import scheme
from tests.libreoffice import needs_libreoffice, recalculate
from tests.test_samples import builder


def cover(filling: Filling | None) -> dict[str, tuple[Any, Any]]:
    target = BytesIO()
    write_department_workbook(target, scheme(), filling)
    return lines(target.getvalue())


def lines(workbook: bytes) -> dict[str, tuple[Any, Any]]:
    sheet = openpyxl.load_workbook(BytesIO(workbook), data_only=True)["封面"]
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


_MISTYPED = "1 处不是数字（斜纹）：请改填数字，没有发生的填数字0。"
_UNEXCUSED = "1 处不适用未写理由或不得填：请写明扣分原因，或改为“是”。"
_NO_REASON = {("B12", "是否适用"): "否", ("B12", "扣分原因"): ""}
_UNSEEN: dict[str, tuple[dict[tuple[str, str], str], tuple[str, str | None]]] = {
    **{
        f"{key} {column}": ({(key, column): text}, ("还有 1 处填报错误", _MISTYPED))
        for (key, column), text in PASTED.items()
    },
    "no reason": (_NO_REASON, ("还有 1 处填报错误", _UNEXCUSED)),
    "not allowed": (
        {("A11", "是否适用"): "否", ("A11", "扣分原因"): "本年没有"}, ("还有 1 处填报错误", _UNEXCUSED),
    ),
    "reason": ({("B52", "是否适用"): "否", ("B52", "扣分原因"): "没有新增资产"}, ("可以报送", None)),
    "all": ({**PASTED, **_NO_REASON}, ("还有 10 处填报错误", f"{len(PASTED)}{_MISTYPED[1:]}{_UNEXCUSED}")),
}  # fmt: skip
"""What no check sees: by case, the cells typed over and what the cover says."""


def unseen(case: str) -> Filling:
    base = builder().filling(builder().load("base")["cells"], scheme())
    return pasted(base, _UNSEEN[case][0])


@pytest.mark.parametrize("case", _UNSEEN)
def test_what_no_check_sees_is_counted(case: str) -> None:
    assert cover(unseen(case))["填报状态"] == _UNSEEN[case][1]


@needs_libreoffice
def test_the_formulas_count_what_no_check_sees_and_no_error_value_breaks_them(tmp_path: Path) -> None:
    errors = {
        template_cell(scheme(), key, column): ErrorValue("#DIV/0!")
        for key, column in (("S13", "上年决算数"), ("W01", "权重"), ("Y01", "自报分值"), ("K01", "决算数"))
    }
    expected = {case: _UNSEEN[case][1] for case in ("all", "not allowed", "reason")}
    contents = {case: typed_cells(scheme(), unseen(case)) for case in expected}
    contents["errors"] = {**typed_cells(scheme(), unseen("reason")), **errors}
    expected["errors"] = ("还有 4 处填报错误", f"4{_MISTYPED[1:]}")
    paths = [tmp_path / f"{case}.xlsx" for case in contents]
    for path, typed in zip(paths, contents.values(), strict=True):
        path.write_bytes(blank_package(scheme()).write(typed, {}))
    recalculated = recalculate(paths, tmp_path / "out")
    assert {path.stem: lines(path.read_bytes())["填报状态"] for path in recalculated} == expected


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
