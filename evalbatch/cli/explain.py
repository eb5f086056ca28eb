"""``evalbatch explain``: what a rule or an indicator says, or how the points of a workbook came about."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evalbatch.cli.doors import (
    WRITTEN,
    AdjustmentsOption,
    PrefillOption,
    Refused,
    RosterOption,
    SchemeOption,
    open_prefill,
    open_reviews,
    open_roster,
    open_scheme,
)

if TYPE_CHECKING:
    from evalbatch.scheme import Scheme


def explain(
    target: Annotated[
        str,
        typer.Argument(metavar="TARGET", help="规则或指标编码（如 ID01、B13）；或填报的工作簿；或排名工作簿"),
    ],
    codes: Annotated[
        list[str] | None,
        typer.Argument(metavar="CODE", help="只说明这个指标；排名工作簿则先给单位编码，再给指标"),
    ] = None,
    scheme: SchemeOption = None,
    roster: RosterOption = None,
    prefill: PrefillOption = None,
    adjustments: AdjustmentsOption = None,
) -> int:
    """说明一条规则或一个指标；或一个工作簿的每一分怎样得出、依据哪些单元格。"""
    from evalbatch.catalogue import explain_code

    rules = open_scheme(scheme)
    wanted = [code.strip().upper() for code in codes or ()]
    path = Path(target)
    if path.is_file():
        typer.echo(_ranking(path, wanted, rules) or _department(path, wanted, rules, roster, prefill, adjustments))
        return WRITTEN
    text = explain_code(rules, target.strip().upper())
    if text is None:
        if path.suffix:
            raise Refused(f"找不到 {target}，请核对路径。")
        known = "、".join([*rules.rules, *rules.indicators])
        raise Refused(f"没有编码 {target}。可查：{known}")
    typer.echo(text)
    return WRITTEN


def _department(
    path: Path, codes: list[str], scheme: Scheme, roster: Path | None, prefill: Path | None, adjustments: Path | None
) -> str:
    """How the points of a department's workbook came about."""
    from evalbatch.examination import examine_file
    from evalbatch.explanation import explain_result
    from evalbatch.intake import find_arrivals

    code = _indicator(codes, scheme)
    names = open_roster(roster)
    (arrival,) = find_arrivals([path])
    given = open_prefill(prefill, scheme, names), open_reviews(adjustments, scheme, names)
    examined = examine_file(arrival, scheme, names, *given)
    if examined.result is None:
        reason = examined.refusal.what if examined.refusal is not None else examined.other
        raise Refused(f"{path.name} 无法审核：{reason}")
    return explain_result(examined.result, scheme, code)


def _ranking(path: Path, codes: list[str], scheme: Scheme) -> str:
    """How the points of a department came about as a ranking workbook says; ``""`` for any other file."""
    from evalbatch.explanation import explain_line
    from evalbatch.verification import NotARanking, read_lines

    try:
        lines = read_lines(path, codes[0] if codes else "")
    except NotARanking:
        return ""
    if not codes:
        raise Refused(f"{path.name} 是排名工作簿，请再给出单位编码：evalbatch explain {path.name} 单位编码 [指标]")
    code = _indicator(codes[1:], scheme)
    chosen = [line for line in lines if code in ("", line["编码"])]
    if not chosen:
        raise Refused(f"{path.name} 的“得分明细”中没有单位编码 {codes[0]}，请核对。")
    return "\n\n".join((f"{codes[0]} {chosen[0]['填报单位']}　{path.name}", *map(explain_line, chosen)))


def _indicator(codes: list[str], scheme: Scheme) -> str:
    if not codes:
        return ""
    if len(codes) > 1 or codes[0] not in scheme.indicators:
        raise Refused(f"没有指标 {' '.join(codes)}。可查：{'、'.join(scheme.indicators)}")
    return codes[0]
