"""The samples against the answers computed by hand, through the whole pipeline in worker processes."""

from __future__ import annotations

import importlib.util
import io
import sys
from datetime import datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from evalbatch.department_workbook import write_department_workbook
from evalbatch.evaluation import evaluate
from evalbatch.examination import examine_file
from evalbatch.intake import find_arrivals, read_roster
from evalbatch.model import Outcome, Ranked, Result
from evalbatch.pipeline import run
from evalbatch.reading import read_submission, read_xlsx
from evalbatch.scheme.formula import round_half_up
from evalbatch.workers import Settings
from tests.forms import parts, places, scheme

FOLDER = Path(__file__).parent.parent / "samples" / "2024"


@cache
def builder() -> ModuleType:
    """samples/2024/build.py, whose folder name is no module name."""
    spec = importlib.util.spec_from_file_location("samples_2024_build", FOLDER / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@cache
def outcome() -> Outcome:
    roster = read_roster(FOLDER / "单位名录.xlsx")
    return run(find_arrivals([FOLDER / "inbox"]), Settings(None, roster, 2), datetime(2025, 9, 1, 9))


@cache
def ranked() -> dict[str, Ranked]:
    return {place.result.code: place for place in outcome().ranked}


@cache
def results() -> dict[str, Result]:
    """Every department's result in full, of which the batch holds a summary."""
    roster = read_roster(FOLDER / "单位名录.xlsx")
    examined = [examine_file(arrival, scheme(), roster) for arrival in find_arrivals([FOLDER / "inbox"])]
    return {item.result.submission.code: item.result for item in examined if item.result is not None}


def sources() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = builder().departments()
    return found


def test_the_committed_samples_are_what_the_script_builds(tmp_path: Path) -> None:
    builder().build(tmp_path)
    built = {path.relative_to(tmp_path): parts(path.read_bytes()) for path in tmp_path.rglob("*") if path.is_file()}
    committed = {path: parts((FOLDER / path).read_bytes()) for path in built}
    assert sorted(path for path in built if built[path] != committed[path]) == []
    inbox = {path.relative_to(FOLDER) for path in (FOLDER / "inbox").rglob("*") if path.is_file()}
    assert inbox == {path for path in built if path.parts[0] == "inbox"}


@pytest.mark.parametrize("code", sorted(sources()))
def test_department(code: str) -> None:
    expected = sources()[code]["expected"]
    result = results()[code]
    assert (result.total, result.low, result.high) == (
        Decimal(expected["total"]), Decimal(expected["low"]), Decimal(expected["high"])
    )  # fmt: skip
    assert result.grade == expected["grade"]
    assert result.claimed_total == Decimal(expected["claimed"])
    rate = result.ratios["部门预算执行率"]
    assert rate is not None
    assert round_half_up(rate, 4) == Decimal(expected["rate"])
    for group, points in expected.get("groups", {}).items():
        assert result.groups[group] == points, group
    for pending in expected.get("pending", ()):
        assert [line.code for line in result.lines if line.source == "待核"] == pending
    found = sorted((f.level, f.code, f.ref.sheet, f.ref.cell) for f in result.findings)
    assert found == sorted(tuple(finding) for finding in expected["findings"])


def test_seed_as_printed_names_what_broke() -> None:
    finding = next(f for f in results()["203002"].findings if f.code == "ID01")
    assert finding.difference == Decimal("316.63")
    assert "ID02" in finding.what
    assert "ID03" in finding.what


def test_the_seed_with_the_printed_basic_expenditure_scores_the_same_with_two_more_findings() -> None:
    def result(cells: dict[str, Any]) -> Result:
        form = io.BytesIO()
        write_department_workbook(form, scheme(), builder().filling(cells, scheme()))
        return evaluate(read_submission(read_xlsx(form.getvalue()), scheme(), "seed.xlsx"), scheme())

    cells = sources()["203001"]["cells"]
    completed, printed = result(cells), result(cells | {"S03.决算数": Decimal("2374.83")})
    assert printed.lines == completed.lines
    assert (completed.total, completed.claimed_total, completed.grade) == (Decimal(97), Decimal(97), "优")
    assert [f.code for f in completed.findings if f.level == "错误"] == []
    more = set(places(printed.findings)) - set(places(completed.findings))
    assert more == {("ID01", "预算执行情况表", "H37"), ("ID12", "预算执行情况表", "H30、H44")}
    assert len(printed.findings) == len(completed.findings) + 2


def test_ties_share_a_rank_and_leave_the_next_one_out() -> None:
    places = {code: place.rank for code, place in ranked().items()}
    assert places["101003"] == places["101004"]
    listed = [place.result.code for place in outcome().ranked]
    assert listed.index("101003") + 1 == listed.index("101004")
    assert places[listed[listed.index("101004") + 1]] == places["101003"] + 2


def test_register_names_every_file_and_every_absent_department() -> None:
    statuses = {(item.file, item.code): item.status for item in outcome().files}
    assert statuses["市公安局_2024.xlsx", "101014"] == "退回重报"
    assert statuses["盖章件/市商务局盖章扫描件.pdf", "101001"] == "其他材料"
    assert statuses["", "101015"] == "未报送"
    assert statuses["", "101016"] == "线下报送"
    assert sorted(status for status in statuses.values() if status != "有效") == [
        "其他材料", "未报送", "线下报送", "退回重报",
    ]  # fmt: skip
    assert [(item.code, item.status) for item in outcome().unranked] == [
        ("101014", "退回重报"), ("101015", "未报送"), ("101016", "线下报送"),
    ]  # fmt: skip
