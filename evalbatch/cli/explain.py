"""``evalbatch explain``: what a rule or an indicator says."""

from __future__ import annotations

from typing import Annotated

import typer

from evalbatch.cli.doors import WRITTEN, Refused, SchemeOption, open_scheme


def explain(
    target: Annotated[str, typer.Argument(metavar="CODE", help="规则编码（如 ID01）或指标编码（如 B13）")],
    scheme: SchemeOption = None,
) -> int:
    """说明一条规则或一个指标：内容、公式、依据、处理办法。"""
    from evalbatch.catalogue import explain_code

    rules = open_scheme(scheme)
    code = target.strip().upper()
    text = explain_code(rules, code)
    if text is None:
        known = "、".join([*rules.rules, *rules.indicators])
        raise Refused(f"没有编码 {target}。可查：{known}")
    typer.echo(text)
    return WRITTEN
