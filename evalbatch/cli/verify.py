"""``evalbatch verify``: whether a ranking workbook still says what its sources say."""

from __future__ import annotations

from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from evalbatch.cli.doors import (
    CORES,
    MENDED,
    NOTHING,
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
    open_prefill,
    open_reviews,
    open_roster,
    open_scheme,
    read_deadline,
    read_time,
)

if TYPE_CHECKING:
    from evalbatch.verification import Verification

_FOLLOWING: Final = 20
"""Differences that follow from others: only so many are told."""


def verify(
    workbook: Annotated[Path, typer.Argument(metavar="OUT.xlsx", help="要核对的排名工作簿")],
    inbox: Annotated[list[Path], typer.Argument(metavar="INBOX...", help="当时的收件文件夹或文件")],
    scheme: SchemeOption = None,
    roster: RosterOption = None,
    prefill: PrefillOption = None,
    adjustments: AdjustmentsOption = None,
    final: FinalOption = False,
    deadline: DeadlineOption = None,
    time: Annotated[
        str | None, typer.Option("--time", metavar="ISO", help="当时的运行时间（默认：以工作簿所载为准，不核对）")
    ] = None,
    jobs: Jobs = CORES,
    cluster: ClusterOption = "",
    quiet: Quiet = False,
) -> int:
    """由来源文件重新得出结果，逐格核对排名工作簿，列出每一处不同。"""
    from evalbatch.console import progress
    from evalbatch.intake import InboxError, ReviewsError, find_arrivals
    from evalbatch.reading import UnreadableWorkbook
    from evalbatch.verification import SUPPLIED, NotARanking, NotCompared, read_claims
    from evalbatch.verification import verify as verify_workbook
    from evalbatch.workers import Settings, WorkersError

    try:
        claims = read_claims(workbook)
    except NotARanking as error:
        raise Refused(str(error)) from None
    given = {
        "--roster": roster, "--prefill": prefill, "--adjustments": adjustments, "--deadline": deadline,
        "--final": final or None,
    }  # fmt: skip
    for fact, option in SUPPLIED.items():
        if fact in claims.facts and given[option] is None:
            raise Refused(f"{workbook.name} 运行时给了{fact}（{claims.facts[fact]}），请用 {option} 给出同一份再核对。")
    rules = open_scheme(scheme)
    names = open_roster(roster)
    values = open_prefill(prefill, rules, names)
    reviews = open_reviews(adjustments, rules, names)
    moment = read_time(time) if time is not None else claims.time or datetime.now().replace(microsecond=0)
    last_day: date | None = read_deadline(deadline)
    try:
        arrivals = find_arrivals(inbox)
        with progress(quiet) as show:
            settings = Settings(scheme, names, jobs, values, reviews, cluster=cluster)
            found = verify_workbook(workbook, claims, arrivals, settings, moment, show, last_day, final)
    except (InboxError, ReviewsError, WorkersError, NotCompared) as error:
        raise Refused(str(error)) from None
    except UnreadableWorkbook:
        raise Refused(f"{workbook.name} 已损坏，无法读取。") from None
    return _tell(workbook, found)


def _tell(workbook: Path, found: Verification) -> int:
    told = [difference for difference in found.differences if difference.cause != "随之变动"]
    following = [difference for difference in found.differences if difference.cause == "随之变动"]
    for difference in (*told, *islice(following, _FOLLOWING)):
        typer.echo(difference.sentence)
    if len(following) > _FOLLOWING:
        typer.echo(f"[随之变动] 其余 {len(following) - _FOLLOWING} 处不逐一列出。")
    if found.more:
        typer.echo(f"另有 {found.more} 处不同，没有列出。")
    if found.uncalculated:
        typer.echo(f"有 {found.uncalculated} 个公式没有计算值（公式本身相符），用 Excel 打开并保存一次即可看到。")
    if not found.differences:
        typer.echo(
            f"相符：{workbook.name} 的 {found.cells} 个单元格（其中公式 {found.formulas} 个）都与由来源文件重新得出的一致。"
        )
        return WRITTEN
    counts = "，".join(f"{cause} {count} 处" for cause, count in found.counts().items())
    if not found.possible:
        typer.echo(f"无法核对：评价依据或程序版本与当时不同（{counts}）。请用当时的方案、名录和程序版本再核对。")
        return NOTHING
    computed = sum(difference.computed for difference in told)
    also = f"，其中 {computed} 处公式未改、值随之不同" if computed else ""
    typer.echo(
        f"不符：{workbook.name} 与由来源文件重新得出的有 {len(found.differences) + found.more} 处不同（{counts}{also}）。"
    )
    return MENDED
