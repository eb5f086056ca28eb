"""``evalbatch run``: the main job."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evalbatch.cli.doors import (
    CORES,
    MENDED,
    WRITTEN,
    ClusterOption,
    Jobs,
    PrefillOption,
    Quiet,
    Refused,
    RosterOption,
    SchemeOption,
    check_writable,
    keep_out_of,
    open_prefill,
    open_roster,
    open_scheme,
    read_deadline,
    read_time,
    write,
)
from evalbatch.cli.reports import ReportOption, check_reports, write_reports

if TYPE_CHECKING:
    from evalbatch.model import Outcome


def run(
    inbox: Annotated[list[Path], typer.Argument(metavar="INBOX...", help="收件文件夹或文件，文件夹逐层读取")],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="OUT.xlsx", help="排名工作簿")],
    scheme: SchemeOption = None,
    roster: RosterOption = None,
    prefill: PrefillOption = None,
    report: ReportOption = None,
    deadline: Annotated[
        str | None, typer.Option("--deadline", metavar="DATE", help="报送截止日期，如 2025-08-20：其后收到的注明逾期")
    ] = None,
    time: Annotated[str | None, typer.Option("--time", metavar="ISO", help="运行时间（默认：现在），用于重现")] = None,
    jobs: Jobs = CORES,
    cluster: ClusterOption = "",
    quiet: Quiet = False,
) -> int:
    """读取收件文件夹中的全部工作簿，写出一个汇总排名工作簿。"""
    from evalbatch.console import progress, working
    from evalbatch.intake import InboxError, find_arrivals
    from evalbatch.pipeline import run as run_batch
    from evalbatch.ranking_workbook import write_ranking_workbook
    from evalbatch.workers import Settings, WorkersError

    rules = open_scheme(scheme)
    names = open_roster(roster)
    given = open_prefill(prefill, rules, names)
    moment = read_time(time)
    last_day = read_deadline(deadline)
    reports = report or []
    keep_out_of([*inbox, scheme, roster, prefill], output, *reports)
    check_writable(output)
    check_reports(reports)
    try:
        arrivals = find_arrivals(inbox)
    except InboxError as error:
        raise Refused(str(error)) from None
    if not arrivals:
        raise Refused("收件文件夹中没有文件，请核对路径。")
    try:
        with progress(quiet) as show:
            settings = Settings(scheme, names, jobs, given, cluster=cluster)
            outcome = run_batch(arrivals, settings, moment, show, last_day)
    except WorkersError as error:
        raise Refused(str(error)) from None

    with working(f"正在写出 {output.name}", quiet):
        write(output, lambda file: write_ranking_workbook(file, outcome, rules))
        write_reports(reports, outcome, rules)
    _summarise(outcome, output, quiet)
    return MENDED if _needs_mending(outcome) else WRITTEN


def _needs_mending(outcome: Outcome) -> bool:
    """Whether something has to go back to somebody: 退回, 未报送, or a 填报 错误."""
    return any(item.status in ("退回重报", "未报送") for item in outcome.files) or any(
        finding.kind == "填报" and finding.level in ("退回", "错误") for finding in outcome.findings
    )


def _summarise(outcome: Outcome, output: Path, quiet: bool) -> None:
    if quiet:
        return
    counts: dict[str, int] = {}
    for file in outcome.files:
        counts[file.status] = counts.get(file.status, 0) + 1
    listed = "，".join(f"{status} {count}" for status, count in counts.items())
    typer.echo(f"{len(outcome.ranked)} 个单位参加排名；收件登记：{listed}。")
    for item in outcome.unranked:
        typer.echo(f"  未参加排名：{item.name or item.file}（{item.status}：{item.reason}）")
    typer.echo(f"已写出 {output}")
