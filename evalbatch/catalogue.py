"""The rules and indicators in force as text: for ``explain``, 评分规则 and the README table, from one scheme."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from evalbatch.scheme import Scheme


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of 评分规则: code, content, formulas (one a line), severity and legal basis."""

    code: str
    text: str
    formula: str
    level: str
    basis: str
    advice: str = ""
    points: Decimal | None = None
    """分值 of an indicator."""


def rule_entry(scheme: Scheme, code: str) -> Entry:
    """A rule of the catalogue."""
    rule = scheme.rules[code]
    formulas = [f"{check.title}：{check.text}" for check in scheme.checks if check.code == code]
    level = f"{rule.level}（{rule.kind}）"
    return Entry(code, f"{rule.name}：{rule.text}", "\n".join(formulas), level, rule.basis, rule.advice)


def indicator_entry(scheme: Scheme, code: str) -> Entry:
    """An indicator: its words and, for computed rows, the formulas of its points."""
    indicator = scheme.indicators[code]
    spec = indicator.spec
    words = "；".join(part for part in (spec.name, spec.explain, spec.point) if part)
    parts = [
        f"{name}：{formula.text}"
        for name, formula in (
            ("得分", indicator.points),
            ("待核", indicator.pending),
            ("不适用", indicator.not_applicable),
            ("折算", indicator.scale),
        )
        if formula is not None
    ]
    basis = scheme.spec.sources[-1]
    return Entry(
        code, f"{words}（{indicator.weight}分，{spec.type}）", "\n".join(parts), "指标", basis, points=indicator.weight
    )


def policy_entries(scheme: Scheme) -> tuple[Entry, ...]:
    """The policies in force with the answers not chosen."""
    entries = []
    for number, policy in enumerate(scheme.policies.values(), 1):
        chosen = policy.options[policy.choice]
        others = "；".join(option.text for name, option in policy.options.items() if name != policy.choice)
        text = f"{policy.question}：{chosen.text}" + (f"（其他做法：{others}）" if others else "")
        entries.append(Entry(f"口径{number:02d}", text, chosen.formula or "", "口径", policy.name))
    return tuple(entries)


def catalogue(scheme: Scheme) -> tuple[Entry, ...]:
    """Everything in force: indicators, rules, policies."""
    return (
        *(indicator_entry(scheme, code) for code in scheme.indicators),
        *(rule_entry(scheme, code) for code in scheme.rules),
        *policy_entries(scheme),
    )


def explain_code(scheme: Scheme, code: str) -> str | None:
    """A rule or an indicator as text for a terminal, ``None`` for an unknown code."""
    if code in scheme.rules:
        entry = rule_entry(scheme, code)
    elif code in scheme.indicators:
        entry = indicator_entry(scheme, code)
    else:
        return None
    lines = [f"{entry.code}　{entry.text}", f"级别：{entry.level}"]
    if entry.formula:
        lines.append("公式：")
        lines.extend(f"  {line}" for line in entry.formula.splitlines())
    lines.append(f"依据：{entry.basis}")
    if entry.advice:
        lines.append(f"处理：{entry.advice}")
    return "\n".join(lines)


def markdown_table(scheme: Scheme) -> str:
    """The rules as the table of README.md: code, severity, category, what it checks."""
    lines = ["| 规则 | 级别 | 类别 | 内容 |", "|--|--|--|--|"]
    for code, rule in scheme.rules.items():
        levels = "／".join(dict.fromkeys((rule.level, *rule.variants.values())))
        lines.append(f"| {code} | {levels} | {rule.kind} | {rule.text} |")
    return "\n".join(lines)
