"""``evalbatch template``: the blank workbook, one a department, the bureau's forms."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import typer

from evalbatch.cli.doors import (
    CORES,
    WRITTEN,
    Jobs,
    Quiet,
    Refused,
    SchemeOption,
    check_writable,
    open_prefill,
    open_roster,
    open_scheme,
    write,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evalbatch.distribution import Parcel
    from evalbatch.scheme import Scheme


def template(
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="PATH", help="写出的空白模板；给了 --roster 则是写出各部门工作簿的文件夹"
        ),
    ] = None,
    roster: Annotated[
        Path | None, typer.Option("--roster", metavar="FILE", help="单位名录：每个单位写出一个预填的工作簿")
    ] = None,
    prefill: Annotated[
        Path | None, typer.Option("--prefill", metavar="FILE", help="财政数据：填入各部门工作簿并锁定")
    ] = None,
    roster_form: Annotated[
        Path | None, typer.Option("--roster-form", metavar="FILE", help="写出空白的单位名录")
    ] = None,
    prefill_form: Annotated[
        Path | None, typer.Option("--prefill-form", metavar="FILE", help="写出空白的财政数据")
    ] = None,
    scheme: SchemeOption = None,
    jobs: Jobs = CORES,
    quiet: Quiet = False,
) -> int:
    """写出部门填报用的工作簿：一个空白的，或按单位名录每个单位一个预填的。"""
    from evalbatch.bureau_forms import write_prefill_form, write_roster_form
    from evalbatch.department_workbook import write_department_workbook

    rules = open_scheme(scheme)
    if output is None and (roster is not None or prefill is not None):
        raise Refused("没有给出 -o：请用 -o 文件夹 给出写出各部门工作簿的位置。")
    if prefill is not None and roster is None:
        raise Refused("--prefill 须与 --roster 一同给出：预填的工作簿按单位名录写出。")
    if output is roster_form is prefill_form is None:
        raise Refused(
            "没有给出要写出的文件：请给出 -o、--roster-form 或 --prefill-form，用法见 evalbatch template --help。"
        )
    blank = output if roster is None else None
    files = [path for path in (blank, roster_form, prefill_form) if path is not None]
    named = [path.absolute() for path in (*files, *(path for path in (roster, prefill) if path is not None))]
    if len(set(named)) < len(named):
        raise Refused("同一个文件给出了两次，请分别给出文件名。")
    check_writable(*files)
    if output is not None and roster is not None:
        _distribute(output, rules, scheme, roster, prefill, jobs, quiet)
    writers = ((blank, write_department_workbook), (roster_form, write_roster_form), (prefill_form, write_prefill_form))
    for path, writer in writers:
        if path is not None:

            def fill(file: BinaryIO, writer: Any = writer) -> None:
                writer(file, rules)

            write(path, fill)
            typer.echo(f"已写出 {path}")
    return WRITTEN


def _distribute(
    folder: Path, rules: Scheme, scheme: Path | None, roster: Path, prefill: Path | None, jobs: int, quiet: bool
) -> None:
    """One prefilled workbook a department into a folder, which is made when it is not there."""
    from evalbatch.console import counting
    from evalbatch.distribution import DistributionError, distribute, pack

    names = open_roster(roster)
    assert names is not None
    given = open_prefill(prefill, rules, names)
    try:
        parcels = pack(folder, rules, names, given)
    except DistributionError as error:
        raise Refused(str(error)) from None
    if not parcels:
        raise Refused(f"单位名录 {roster.name} 中没有要写出工作簿的单位，请核对。")
    if folder.exists() and not folder.is_dir():
        raise Refused(f"{folder} 不是文件夹：给了 --roster 时，-o 应是写出各部门工作簿的文件夹。")
    if folder.suffix.lower() in (".xlsx", ".xls") and not folder.exists():
        raise Refused(f"{folder} 像是文件名：给了 --roster 时，-o 应是写出各部门工作簿的文件夹。")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Refused(f"文件夹 {folder} 无法建立（{error.strerror or error}），请改用其他位置。") from None
    if clash := [path for path in (roster, prefill) if path is not None and _among(path, parcels)]:
        raise Refused(f"{clash[0]} 与要写出的工作簿同名，请改用其他文件夹。")
    check_writable(*(parcel.target for parcel in parcels))
    try:
        with counting("写出", quiet) as show:
            distribute(parcels, scheme, jobs, show)
    except DistributionError as error:
        raise Refused(str(error)) from None
    if quiet:
        return
    secret = [department.name for department in names.departments if department.secret]
    if secret:
        typer.echo(f"涉密单位 {len(secret)} 个（{'、'.join(secret)}），线下报送，没有写出工作簿。")
    typer.echo(f"已写出 {len(parcels)} 个工作簿到 {folder}")


def _among(path: Path, parcels: Sequence[Parcel]) -> bool:
    return path.absolute() in {parcel.target.absolute() for parcel in parcels}
