"""``evalbatch check``: a department's own check before sending."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evalbatch.cli.doors import MENDED, NOTHING, WRITTEN, Refused, SchemeOption, open_scheme

if TYPE_CHECKING:
    from evalbatch.model import Finding


def check(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="填报的工作簿")],
    scheme: SchemeOption = None,
) -> int:
    """报送前自查：只列出问题，不写任何文件。"""
    from evalbatch.examination import examine_file
    from evalbatch.intake import InboxError, find_arrivals

    rules = open_scheme(scheme)
    try:
        arrivals = find_arrivals(files)
    except InboxError as error:
        raise Refused(str(error)) from None
    code = WRITTEN
    for arrival in arrivals:
        examined = examine_file(arrival, rules, None)
        typer.echo(f"{arrival.name}")
        if examined.result is None:
            reason = examined.refusal.what if examined.refusal is not None else examined.other
            typer.echo(f"  无法审核：{reason}")
            code = NOTHING
            continue
        result = examined.result
        for finding in result.findings:
            typer.echo(_sentence(finding))
        errors = sum(finding.to_mend for finding in result.findings)
        span = f"（{result.low} 至 {result.high} 分）" if result.low != result.high else ""
        typer.echo(f"  测算总分 {result.total} 分{span}，{result.grade}；自评 {result.claimed_total} 分。", nl=False)
        typer.echo("可以报送。" if not errors else f"有 {errors} 处填报错误，请改正后报送。")
        if errors:
            code = max(code, MENDED)
    return code


def _sentence(finding: Finding) -> str:
    place = f"{finding.ref.sheet}!{finding.ref.cell}" if finding.ref.sheet else "文件"
    values = ""
    if finding.found or finding.expected:
        values = f"填 {finding.found or '—'}" + (f"，{_expected(finding.expected)}" if finding.expected else "") + "。"
    said = f"已说明：{finding.explanation}" if finding.explanation else finding.advice
    return f"  [{finding.level}·{finding.kind}] {finding.code} {place}　{finding.what}。{values}{said}"


def _expected(text: str) -> str:
    return text if text.startswith("应") else f"应为 {text}"
