"""Each rule by its fixture: the base department with a cell or two typed over, and the exact findings it then has.

A fixture ``<CODE>.toml`` holds cases::

    [[case]]
    name = "差额 316.63"
    set = { "S03.决算数" = 2374.83 }          # cells typed over, see tests/forms.py
    clear = ["X001", "封面"]                  # keys whose rows, or sheets whose all, are removed
    roster = { code = "", name = "", category = "", unknown = false }
    findings = [["ID01", "预算执行情况表", "H37"]]
    levels = ["错误"]                         # in the order of findings, where the level is the point
    difference = "316.63"                     # of the first finding
    advice = "请核对年初、年末结转和结余。"       # of the first finding
    points = { B13 = "1.50" }
"""

from __future__ import annotations

import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from evalbatch.model import Finding
from evalbatch.rules import FACTS, FORM, RULES, Registered, rules_of
from tests.forms import judge_case, scheme

FOLDER = Path(__file__).parent
BATCH_RULES = {"FS01", "FS04", "FS11", "HD09", "HD10", "HD11", "HD14"}
"""Rules about files rather than forms: see tests/test_pipeline.py and tests/test_consolidation.py."""


def cases() -> list[Any]:
    found = []
    for path in sorted(FOLDER.glob("[A-Z][A-Z][0-9][0-9].toml")):
        with path.open("rb") as file:
            for case in tomllib.load(file, parse_float=Decimal)["case"]:
                found.append(pytest.param(case, id=f"{path.stem}-{case['name']}"))
    return found


def key(finding: Finding) -> tuple[str, str, str]:
    return finding.code, finding.ref.sheet, finding.ref.cell


@pytest.mark.parametrize("case", cases())
def test_case(case: dict[str, Any]) -> None:
    registered = Registered(**case["roster"]) if "roster" in case else None
    result = judge_case(case.get("set", {}), case.get("clear", ()), registered)
    found = sorted(result.findings, key=key)
    assert [key(finding) for finding in found] == sorted(tuple(item) for item in case["findings"])
    if "levels" in case:
        expected = sorted(zip((tuple(item) for item in case["findings"]), case["levels"], strict=True))
        assert [(key(finding), finding.level) for finding in found] == expected
    first = next((one for one in found if case["findings"] and key(one) == tuple(case["findings"][0])), None)
    if "difference" in case:
        assert first is not None and first.difference == Decimal(case["difference"])
    if "advice" in case:
        assert first is not None and first.advice == case["advice"]
    points = {line.code: line.final for line in result.lines}
    for code, expected_points in case.get("points", {}).items():
        assert points[code] == Decimal(expected_points), code


@pytest.mark.parametrize("code", [code for code in scheme().rules if code not in BATCH_RULES])
def test_every_rule_has_a_breach_and_a_boundary(code: str) -> None:
    with (FOLDER / f"{code}.toml").open("rb") as file:
        fixture = tomllib.load(file)["case"]
    assert any(code in [item[0] for item in case["findings"]] for case in fixture), "no breach"
    assert any(code not in [item[0] for item in case["findings"]] for case in fixture), "no boundary"


def test_every_rule_is_in_the_scheme_and_every_code_has_a_judge() -> None:
    judged = set(RULES) | {check.code for check in scheme().checks} | BATCH_RULES
    assert judged == set(scheme().rules)


def test_every_rule_function_says_what_it_does() -> None:
    assert [code for code, function in RULES.items() if not (function.__doc__ or "").strip()] == []


def test_every_rule_function_runs() -> None:
    run = [rule for family in (*FORM, *FACTS) for rule in rules_of(family)]
    assert sorted(map(id, run)) == sorted(map(id, RULES.values()))
