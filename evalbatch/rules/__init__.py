"""The catalogue of rules: a Case in, findings out. Families in order: the form first, what follows from it last."""

from __future__ import annotations

from collections.abc import Iterator

from evalbatch.model import LEVELS, Finding
from evalbatch.rules import bonus, checks, claims, content, disclosure, form, identities, projects
from evalbatch.rules.case import RULES, Case, Registered

FAMILIES = (form, content, projects, identities, claims, bonus, disclosure)
"""The modules of the catalogue, in the order in which their rules run; checks of the scheme run after projects."""

_BEFORE_CHECKS = ("FS", "HD", "CT", "UN", "PJ")


def examine(case: Case) -> tuple[Finding, ...]:
    """All findings of a department, the gravest first, then by code and cell."""
    found = list(_run(case))
    found.sort(key=lambda finding: (LEVELS.index(finding.level), finding.code))
    return tuple(found)


def _run(case: Case) -> Iterator[Finding]:
    early = {code: function for code, function in RULES.items() if code.startswith(_BEFORE_CHECKS)}
    for function in early.values():
        yield from function(case)
    yield from checks.find(case)
    for code, function in RULES.items():
        if code not in early:
            yield from function(case)


def documentation(code: str) -> str:
    """The docstring of a rule's function, ``""`` when the scheme's formulas are all of it."""
    function = RULES.get(code)
    return (function.__doc__ or "").strip() if function is not None else ""


__all__ = ["FAMILIES", "RULES", "Case", "Registered", "documentation", "examine"]
