"""What several commands share: options, files opened or refused in one sentence, exit codes."""

from __future__ import annotations

import contextlib
import os
import threading
from datetime import date, datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from evalbatch.intake import Prefill, Reviews, Roster
    from evalbatch.scheme import Scheme

WRITTEN, MENDED, NOTHING = 0, 1, 2
CORES = os.cpu_count() or 1

SchemeOption = Annotated[
    Path | None, typer.Option("--scheme", metavar="FILE", help="评价方案（默认：随程序的 2024 年方案）")
]
RosterOption = Annotated[Path | None, typer.Option("--roster", metavar="FILE", help="单位名录")]
PrefillOption = Annotated[
    Path | None, typer.Option("--prefill", metavar="FILE", help="财政数据：财政局预填的内容，以此为准")
]
AdjustmentsOption = Annotated[
    Path | None,
    typer.Option(
        "--adjustments",
        metavar="FILE",
        help="复核得分：在“得分明细”填了复核得分、复核理由的排名工作簿，或有这几栏的工作簿",
    ),
]
FinalOption = Annotated[bool, typer.Option("--final", help="复核已完成：标题不再写“初评”；还有待核的则不写出")]
DeadlineOption = Annotated[
    str | None, typer.Option("--deadline", metavar="DATE", help="报送截止日期，如 2025-08-20：其后收到的注明逾期")
]
Jobs = Annotated[int, typer.Option("--jobs", metavar="N", min=1, help="同时工作的进程数")]
ClusterOption = Annotated[
    str,
    typer.Option(
        "--cluster", metavar="ADDRESS", help="由 Dask 集群审核（如 tcp://10.0.0.1:8786），收件文件夹须各机共享"
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", help="不显示进度")]


class Refused(Exception):
    """Nothing was written; the text is the one sentence that says what to do."""


def open_scheme(path: Path | None) -> Scheme:
    from evalbatch.scheme import SchemeError, load_scheme

    try:
        return load_scheme(path)
    except SchemeError as error:
        raise Refused(str(error)) from None


def open_roster(path: Path | None) -> Roster | None:
    from evalbatch.intake import RosterError, read_roster

    if path is None:
        return None
    try:
        return read_roster(path)
    except RosterError as error:
        raise Refused(str(error)) from None


def open_prefill(path: Path | None, scheme: Scheme, roster: Roster | None) -> Prefill | None:
    from evalbatch.intake import PrefillError, read_prefill

    if path is None:
        return None
    try:
        return read_prefill(path, scheme, roster)
    except PrefillError as error:
        raise Refused(str(error)) from None


def open_reviews(path: Path | None, scheme: Scheme, roster: Roster | None) -> Reviews | None:
    from evalbatch.intake import ReviewsError, read_reviews

    if path is None:
        return None
    try:
        return read_reviews(path, scheme, roster)
    except ReviewsError as error:
        raise Refused(str(error)) from None


def load_meanwhile(module: str) -> None:
    """Let a module that is needed later load while other processes work; what is wrong with it shows where it is."""

    def load() -> None:
        with contextlib.suppress(Exception):
            import_module(module)

    threading.Thread(target=load, daemon=True).start()


def read_time(text: str | None) -> datetime:
    if text is None:
        return datetime.now().replace(microsecond=0)
    try:
        return datetime.fromisoformat(text).replace(microsecond=0)
    except ValueError:
        raise Refused(f"--time {text} 不是 ISO 时间，请写成 2025-09-01T09:00:00。") from None


def read_deadline(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refused(f"--deadline {text} 不是日期，请写成 2025-08-20。") from None


def write(target: Path, fill: Any) -> None:
    from evalbatch.output import OutputError, write_atomically

    try:
        write_atomically(target, fill)
    except OutputError as error:
        raise Refused(str(error)) from None


def check_writable(*targets: Path | None) -> None:
    from evalbatch import output

    try:
        output.check_writable(*(target for target in targets if target is not None))
    except output.OutputError as error:
        raise Refused(str(error)) from None


def check_folder(target: Path) -> None:
    from evalbatch import output

    try:
        output.check_writable_folder(target)
    except output.OutputError as error:
        raise Refused(str(error)) from None


def keep_out_of(sources: list[Path | None], *targets: Path | None) -> None:
    """No command writes into an inbox or over what it reads: what arrived stays as it arrived."""
    for source in (path.resolve() for path in sources if path is not None):
        for target in (path.resolve() for path in targets if path is not None):
            if target == source and not source.is_dir():
                raise Refused(f"{target.name} 是要读取的文件，输出与它是同一个文件，请改用其他文件名。")
            if source.is_dir() and source in (target, *target.parents):
                raise Refused(f"{target.name} 不能写在收件文件夹 {source} 之内，请改用其他位置。")
