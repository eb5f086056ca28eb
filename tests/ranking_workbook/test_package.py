"""The written packages against the rules of the Open XML SDK, which Excel's own repair follows: nothing to repair."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from openxml_audit import FileFormat, OpenXmlValidator, ValidationSeverity

from evalbatch.model import Outcome
from evalbatch.ranking_workbook import write_public_workbook, write_ranking_workbook
from tests.ranking_workbook.outcomes import SCHEME, batch, hostile, realistic


def faults(path: Path) -> list[str]:
    """What Excel 2010 would have to repair."""
    result = OpenXmlValidator(FileFormat.OFFICE_2010).validate(path)
    return [f"{error.part_uri}: {error.description}" for error in result.errors
            if error.severity is ValidationSeverity.ERROR]  # fmt: skip


@pytest.mark.parametrize("make", [realistic, hostile, batch])
def test_excel_has_nothing_to_repair(tmp_path: Path, make: Callable[[], Outcome]) -> None:
    path = tmp_path / "排名.xlsx"
    write_ranking_workbook(path, make(), SCHEME)
    assert faults(path) == []
    with path.open("wb") as file:
        write_public_workbook(file, make(), SCHEME)
    assert faults(path) == []


def test_a_fault_would_be_found(tmp_path: Path) -> None:
    path, broken = tmp_path / "排名.xlsx", tmp_path / "坏.xlsx"
    write_ranking_workbook(path, realistic(), SCHEME)
    with zipfile.ZipFile(path) as package, zipfile.ZipFile(broken, "w") as target:
        for name in package.namelist():
            content = package.read(name)
            if name == "xl/worksheets/sheet4.xml":
                content = content.replace(b't="shared" si="0"', b't="shard" si="0"')
            target.writestr(name, content)
    assert any("sheet4.xml" in fault and "shard" in fault for fault in faults(broken))
