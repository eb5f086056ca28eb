"""``evalbatch run``: the main job."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from evalbatch.cli.doors import (
    CORES,
    MENDED,
    WRITTEN,
    AdjustmentsOption,
    ClusterOption,
    DeadlineOption,
    FinalOption,
    Jobs,
    PrefillOption,
    Quiet,
    Refused,
    RosterOption,
    SchemeOption,
    check_folder,
    check_writable,
    keep_out_of,
    load_meanwhile,
    open_prefill,
    open_reviews,
    open_roster,
    open_scheme,
    read_deadline,
    read_time,
    write,
)
from evalbatch.cli.reports import ReportOption, check_reports, write_reports

if TYPE_CHECKING:
    from datetime import date

    from evalbatch.intake import Roster
    from evalbatch.model import Outcome
    from evalbatch.scheme import Scheme


class RunCommand(TyperCommand):
    """A command whose worker processes get ready while its own words are still being read."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the words of the command line."""
        if not any(word.startswith(("--help", "--cluster")) for word in args):
            from evalbatch.processes import prepare_workers

            prepare_workers("evalbatch.workers.ready")
        return super().parse_args(ctx, args)


def run(
    inbox: Annotated[list[Path], typer.Argument(metavar="INBOX...", help="收件文件夹或文件，文件夹逐层读取")],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="OUT.xlsx", help="排名工作簿")],
    scheme: SchemeOption = None,
    roster: RosterOption = None,
    prefill: PrefillOption = None,
    adjustments: AdjustmentsOption = None,
    final: FinalOption = False,
    report: ReportOption = None,
    public: Annotated[
        Path | None,
        typer.Option(
            "--public", metavar="FILE.xlsx", help="同时写出公示版：名次、部门、类别、总分、等级，不含涉密单位"
        ),
    ] = None,
    feedback: Annotated[
        Path | None,
        typer.Option(
            "--feedback", metavar="DIR", help="同时为每个须改正的单位写一份通知，并写出未报送、须改正单位名单"
        ),
    ] = None,
    deadline: DeadlineOption = None,
    time: Annotated[str | None, typer.Option("--time", metavar="ISO", help="运行时间（默认：现在），用于重现")] = None,
    jobs: Jobs = CORES,
    cluster: ClusterOption = "",
    no_cache: Annotated[bool, typer.Option("--no-cache", help="全部重新读取，不用也不留缓存")] = False,
    quiet: Quiet = False,
) -> int:
    """读取收件文件夹中的全部工作簿，写出一个汇总排名工作簿。"""
    from evalbatch.processes import collect_seldom

    collect_seldom()
    from evalbatch.console import progress, working
    from evalbatch.intake import InboxError, ReviewsError, find_arrivals
    from evalbatch.pipeline import run as run_batch
    from evalbatch.workers import Settings, WorkersError

    rules = open_scheme(scheme)
    names = open_roster(roster)
    given = open_prefill(prefill, rules, names)
    reviews = open_reviews(adjustments, rules, names)
    moment = read_time(time)
    last_day = read_deadline(deadline)
    reports = report or []
    keep_out_of([*inbox, scheme, roster, prefill, adjustments], output, public, feedback, *reports)
    check_writable(output, public)
    if public is not None and public.resolve() == output.resolve():
        raise Refused("--public 与排名工作簿是同一个文件，请改用其他文件名。")
    check_reports(reports)
    if feedback is not None:
        check_folder(feedback)
    try:
        arrivals = find_arrivals(inbox)
    except InboxError as error:
        raise Refused(str(error)) from None
    if not arrivals:
        raise Refused("收件文件夹中没有文件，请核对路径。")
    cached = not no_cache and _has_cache(quiet)
    try:
        with progress(quiet) as show:
            load_meanwhile("evalbatch.ranking_workbook")
            settings = Settings(scheme, names, jobs, given, reviews, cluster=cluster, cache=cached)
            outcome = run_batch(arrivals, settings, moment, show, last_day, final)
    except (ReviewsError, WorkersError) as error:
        raise Refused(str(error)) from None
    _tell_of_reviews(outcome, rules)
    with working(f"正在写出 {output.name}", quiet):
        _write(output, outcome, rules)
        if public is not None:
            _publish(public, outcome, rules, names)
        write_reports(reports, outcome, rules)
        told = 0 if feedback is None else _feed_back(feedback, outcome, rules, names, moment.date(), last_day)
    _summarise(outcome, output, quiet)
    if feedback is not None and not quiet:
        typer.echo(f"已写出 {told} 份通知和未报送、须改正单位名单到 {feedback}")
    return MENDED if _needs_mending(outcome) else WRITTEN


def _tell_of_reviews(outcome: Outcome, scheme: Scheme) -> None:
    """Say what the reviews leave open; where something is 待核 the review is not completed."""
    from evalbatch.reviewing import CHANGED, UNUSED, pending

    if outcome.final and (left := pending(outcome, scheme)):
        raise Refused(f"还有待核的指标，不能用 --final：{left}。请在复核文件中给出复核得分，或请单位补报。")
    for name, text in outcome.facts:
        if name in (UNUSED, CHANGED):
            typer.echo(f"{name}：{text}", err=True)


def _has_cache(quiet: bool) -> bool:
    """Whether there is a cache to use; where there is none, one note says so."""
    from evalbatch.cache import fault

    told = fault()
    if told and not quiet:
        typer.echo(told, err=True)
    return not told


def _write(output: Path, outcome: Outcome, scheme: Scheme) -> None:
    """Write the workbook, and beside it the tables that are too long for their sheets."""
    from evalbatch.output import OutputError, write_with_folder
    from evalbatch.ranking_workbook import files_beside, folder_beside, possible_names, write_ranking_workbook
    from evalbatch.table_files import TableError

    def write(csv: bool = False) -> None:
        write_with_folder(
            output,
            lambda file: write_ranking_workbook(file, outcome, scheme),
            folder_beside(output),
            files_beside(outcome, scheme, csv),
            possible_names(),
        )

    try:
        try:
            write()
        except TableError:
            write(csv=True)  # a figure that Parquet cannot hold
    except OutputError as error:
        raise Refused(str(error)) from None


def _publish(target: Path, outcome: Outcome, scheme: Scheme, roster: Roster | None) -> None:
    """Write 公示版; which departments are 涉密 only the roster says."""
    from evalbatch.ranking_workbook import write_public_workbook

    if roster is None:
        typer.echo("没有单位名录（--roster），公示版不能识别涉密单位，公开之前请核对。", err=True)
    secret = [department for department in (roster.departments if roster is not None else ()) if department.secret]
    names = [text for department in secret for text in (department.code, department.name) if text]
    write(target, lambda file: write_public_workbook(file, outcome, scheme, names))


def _feed_back(
    target: Path, outcome: Outcome, scheme: Scheme, roster: Roster | None, day: date, deadline: date | None
) -> int:
    """Write the notices and the list of the departments to call; returns the number of notices."""
    from evalbatch.feedback import feedback_files, is_feedback
    from evalbatch.output import OutputError, write_folder

    if roster is None:
        typer.echo("没有单位名录（--roster），名单中没有未报送的单位。", err=True)
    try:
        files = feedback_files(outcome, scheme, day, deadline)
        return write_folder(target, files, lambda name: is_feedback(name, scheme)) - 1
    except OutputError as error:
        raise Refused(str(error)) from None


def _needs_mending(outcome: Outcome) -> bool:
    """Whether something has to go back to somebody: 退回, 未报送, or a 填报 错误."""
    return any(item.status in ("退回重报", "未报送") for item in outcome.files) or any(
        finding.to_mend for finding in outcome.findings
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
