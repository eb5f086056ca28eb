"""The committed template is the one that the scheme builds."""

from __future__ import annotations

from pathlib import Path

from tests.forms import blank_template, parts, scheme

TEMPLATE = Path(__file__).parent.parent / "workbook_templates" / f"部门整体支出绩效评价填报模板_{scheme().year}.xlsx"


def test_the_committed_template_is_built_from_the_scheme() -> None:
    assert parts(TEMPLATE.read_bytes()) == parts(blank_template()), "run: evalbatch template -o " + str(TEMPLATE.name)
