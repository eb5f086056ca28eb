"""The catalogue of rules: a Case in, findings out; the form first, what follows from it last."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from types import ModuleType
from typing import Final

from evalbatch.model import LEVELS, Finding
from evalbatch.rules import bonus, checks, claims, content, disclosure, form, identities, projects
from evalbatch.rules.case import RULES, Case, Registered, Rule

FORM: Final = (form, content, projects)
"""Families that find what is wrong with single cells and rows: they say what is in doubt."""
FACTS: Final = (identities, claims, bonus, disclosure)
"""Families that compare what stands in the form, once the scheme's own checks have spoken."""


def examine(case: Case) -> tuple[Finding, ...]:
    """All findings of a department, the gravest first, then by code."""
    found = list(_run(case))
    found.sort(key=lambda finding: (LEVELS.index(finding.level), finding.code))
    return tuple(found)


def _run(case: Case) -> Iterator[Finding]:
    for family in FORM:
        for rule in rules_of(family):
            yield from rule(case)
    yield from checks.find(case)
    for family in FACTS:
        for rule in rules_of(family):
            yield from rule(case)


@cache
def rules_of(family: ModuleType) -> tuple[Rule, ...]:
    """The rules of one file, in the order in which they stand there."""
    return tuple(rule for rule in RULES.values() if rule.__module__ == family.__name__)


__all__ = ["FACTS", "FORM", "RULES", "Case", "Registered", "examine", "rules_of"]
