"""The command line: opens doors, prints, sets exit codes; heavy libraries load only where they are used."""

from __future__ import annotations

import os
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, NoReturn

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evalbatch.distribution import Parcel
    from evalbatch.intake import Prefill, Roster
    from evalbatch.model import Finding, Outcome
    from evalbatch.scheme import Scheme

WRITTEN, MENDED, NOTHING = 0, 1, 2
_CORES = os.cpu_count() or 1
_USAGE_ERROR: type[Exception] = typer.BadParameter.__mro__[1]
"""UsageError, whether typer brings its own click or uses the installed one."""

app = typer.Typer(
    help="部门整体支出绩效评价：读取各部门填报的工作簿，审核、计分、排名。",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
scheme_app = typer.Typer(
    help="评价方案的检查、导出为工作簿、从工作簿读回。", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(scheme_app, name="scheme")

SchemeOption = Annotated[
    Path | None, typer.Option("--scheme", metavar="FILE", help="评价方案（默认：随程序的 2024 年方案）")
]
RosterOption = Annotated[Path | None, typer.Option("--roster", metavar="FILE", help="单位名录")]
PrefillOption = Annotated[
    Path | None, typer.Option("--prefill", metavar="FILE", help="财政数据：财政局预填的内容，以此为准")
]
Jobs = Annotated[int, typer.Option("--jobs", metavar="N", min=1, help="同时工作的进程数")]
Quiet = Annotated[bool, typer.Option("--quiet", help="不显示进度")]


class Refused(Exception):
    """Nothing was written; the text is the one sentence that says what to do."""


def _scheme(path: Path | None) -> Scheme:
    from evalbatch.scheme import SchemeError, load_scheme

    try:
        return load_scheme(path)
    except SchemeError as error:
        raise Refused(str(error)) from None


def _roster(path: Path | None) -> Roster | None:
    from evalbatch.intake import RosterError, read_roster

    if path is None:
        return None
    try:
        return read_roster(path)
    except RosterError as error:
        raise Refused(str(error)) from None


def _prefill(path: Path | None, scheme: Scheme, roster: Roster | None) -> Prefill | None:
    from evalbatch.intake import PrefillError, read_prefill

    if path is None:
        return None
    try:
        return read_prefill(path, scheme, roster)
    except PrefillError as error:
        raise Refused(str(error)) from None


def _time(text: str | None) -> datetime:
    if text is None:
        return datetime.now().replace(microsecond=0)
    try:
        return datetime.fromisoformat(text).replace(microsecond=0)
    except ValueError:
        raise Refused(f"--time {text} 不是 ISO 时间，请写成 2025-09-01T09:00:00。") from None


def _write(target: Path, write: Any) -> None:
    from evalbatch.output import OutputError, write_atomically

    try:
        write_atomically(target, write)
    except OutputError as error:
        raise Refused(str(error)) from None


def _check_writable(*targets: Path | None) -> None:
    from evalbatch.output import OutputError, check_writable

    try:
        for target in targets:
            if target is not None:
                check_writable(target)
    except OutputError as error:
        raise Refused(str(error)) from None


def _keep_out_of(sources: list[Path | None], *targets: Path | None) -> None:
    """No command writes into an inbox or over what it reads: what arrived stays as it arrived."""
    for source in (path.resolve() for path in sources if path is not None):
        for target in (path.resolve() for path in targets if path is not None):
            if target == source:
                raise Refused(f"{target.name} 是要读取的文件，输出与它是同一个文件，请改用其他文件名。")
            if source.is_dir() and source in target.parents:
                raise Refused(f"{target.name} 不能写在收件文件夹 {source} 之内，请改用其他位置。")


@app.command()
def run(
    inbox: Annotated[list[Path], typer.Argument(metavar="INBOX...", help="收件文件夹或文件，文件夹逐层读取")],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="OUT.xlsx", help="排名工作簿")],
    scheme: SchemeOption = None,
    roster: RosterOption = None,
    prefill: PrefillOption = None,
    report: Annotated[Path | None, typer.Option("--report", metavar="FILE.json", help="同时写出 JSON 报告")] = None,
    time: Annotated[str | None, typer.Option("--time", metavar="ISO", help="运行时间（默认：现在），用于重现")] = None,
    jobs: Jobs = _CORES,
    quiet: Quiet = False,
) -> int:
    """读取收件文件夹中的全部工作簿，写出一个汇总排名工作簿。"""
    from evalbatch.console import progress
    from evalbatch.intake import InboxError, find_arrivals
    from evalbatch.pipeline import Settings, WorkersError
    from evalbatch.pipeline import run as run_batch
    from evalbatch.ranking_workbook import write_ranking_workbook

    rules = _scheme(scheme)
    names = _roster(roster)
    given = _prefill(prefill, rules, names)
    moment = _time(time)
    _keep_out_of([*inbox, scheme, roster, prefill], output, report)
    _check_writable(output, report)
    try:
        arrivals = find_arrivals(inbox)
    except InboxError as error:
        raise Refused(str(error)) from None
    if not arrivals:
        raise Refused("收件文件夹中没有文件，请核对路径。")
    try:
        with progress(quiet) as show:
            outcome = run_batch(arrivals, Settings(scheme, names, jobs, given), moment, show)
    except WorkersError as error:
        raise Refused(str(error)) from None

    def write(file: BinaryIO) -> None:
        write_ranking_workbook(file, outcome, rules)

    _write(output, write)
    if report is not None:
        from evalbatch.report import dump_report

        content = dump_report(outcome, rules)
        _write(report, lambda file: file.write(content))
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


@app.command()
def check(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="填报的工作簿")],
    scheme: SchemeOption = None,
) -> int:
    """报送前自查：只列出问题，不写任何文件。"""
    from evalbatch.examination import examine_file
    from evalbatch.intake import InboxError, find_arrivals

    rules = _scheme(scheme)
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
        errors = sum(finding.kind == "填报" and finding.level in ("退回", "错误") for finding in result.findings)
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


@app.command()
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
    jobs: Jobs = _CORES,
    quiet: Quiet = False,
) -> int:
    """写出部门填报用的工作簿：一个空白的，或按单位名录每个单位一个预填的。"""
    from evalbatch.bureau_forms import write_prefill_form, write_roster_form
    from evalbatch.department_workbook import write_department_workbook

    rules = _scheme(scheme)
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
    _check_writable(*files)
    if output is not None and roster is not None:
        _distribute(output, rules, scheme, roster, prefill, jobs, quiet)
    writers = ((blank, write_department_workbook), (roster_form, write_roster_form), (prefill_form, write_prefill_form))
    for path, writer in writers:
        if path is not None:

            def write(file: BinaryIO, writer: Any = writer) -> None:
                writer(file, rules)

            _write(path, write)
            typer.echo(f"已写出 {path}")
    return WRITTEN


def _distribute(
    folder: Path, rules: Scheme, scheme: Path | None, roster: Path, prefill: Path | None, jobs: int, quiet: bool
) -> None:
    """One prefilled workbook a department into a folder, which is made when it is not there."""
    from evalbatch.console import counting
    from evalbatch.distribution import DistributionError, distribute, pack

    names = _roster(roster)
    assert names is not None
    given = _prefill(prefill, rules, names)
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
    _check_writable(*(parcel.target for parcel in parcels))
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


@app.command()
def explain(
    target: Annotated[str, typer.Argument(metavar="CODE", help="规则编码（如 ID01）或指标编码（如 B13）")],
    scheme: SchemeOption = None,
) -> int:
    """说明一条规则或一个指标：内容、公式、依据、处理办法。"""
    from evalbatch.catalogue import explain_code

    rules = _scheme(scheme)
    code = target.strip().upper()
    text = explain_code(rules, code)
    if text is None:
        known = "、".join([*rules.rules, *rules.indicators])
        raise Refused(f"没有编码 {target}。可查：{known}")
    typer.echo(text)
    return WRITTEN


@scheme_app.command("check")
def scheme_check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="评价方案")],
) -> int:
    """检查一份评价方案能否使用。"""
    rules = _scheme(file)
    points = sum(group.points for group in rules.spec.groups)
    typer.echo(
        f"{file}：可以使用。{rules.spec.edition} 版，指标 {len(rules.indicators)} 个、{points} 分，"
        f"填报行 {len(rules.lines)} 行，勾稽与阈值 {len(rules.checks)} 条，规则 {len(rules.rules)} 条。"
    )
    return WRITTEN


@scheme_app.command("export")
def scheme_export(
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE.xlsx", help="写出的方案工作簿")],
    scheme: SchemeOption = None,
) -> int:
    """把评价方案写成可用 Excel 修改的工作簿。"""
    from evalbatch.scheme import SchemeError
    from evalbatch.scheme_workbook import export_scheme

    rules = _scheme(scheme)
    _check_writable(output)
    try:
        content = export_scheme(rules.spec, rules.file)
    except SchemeError as error:
        raise Refused(str(error)) from None
    _write(output, lambda file: file.write(content))
    typer.echo(f"已写出 {output}。改好后用 evalbatch scheme import 读回。")
    return WRITTEN


@scheme_app.command("import")
def scheme_import(
    file: Annotated[Path, typer.Argument(metavar="FILE.xlsx", help="改好的方案工作簿")],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE.toml", help="写出的评价方案")],
) -> int:
    """检查改好的方案工作簿，写成评价方案；有错时指出工作表和单元格。"""
    from evalbatch.scheme import SchemeError
    from evalbatch.scheme_workbook import import_scheme

    if output.suffix.lower() in (".xlsx", ".xlsm"):
        raise Refused(f"{output} 应是评价方案，请把 -o 写成以 .toml 结尾的文件名。")
    try:
        content = import_scheme(file.read_bytes(), file.name)
    except OSError as error:
        raise Refused(f"方案 {file}：无法读取（{error.strerror or error}），请核对路径。") from None
    except SchemeError as error:
        raise Refused(str(error)) from None
    _check_writable(output)
    _write(output, lambda target: target.write(content))
    typer.echo(f"已写出 {output}，可以使用：evalbatch run 收件文件夹 --scheme {output} -o 排名.xlsx")
    return WRITTEN


def main() -> NoReturn:
    """The entry point: runs a command and exits with its code; a traceback never reaches a user."""
    for stream in (sys.stdout, sys.stderr):
        # a bureau's console may be GBK: what it cannot show must not stop the run
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    sys.exit(_run())


def _run() -> int:
    try:
        code = app(prog_name="evalbatch", standalone_mode=False)
    except Refused as error:
        typer.echo(str(error), err=True)
        return NOTHING
    except _USAGE_ERROR as error:
        typer.echo(_usage(error), err=True)
        return NOTHING
    except (KeyboardInterrupt, typer.Abort):
        typer.echo("已中断，没有写出文件。", err=True)
        return NOTHING
    except Exception as error:  # a maintainer's mistake still answers in one sentence
        if os.environ.get("EVALBATCH_DEBUG"):
            raise
        typer.echo(f"程序内部错误（{type(error).__name__}：{error}），没有写出文件。请联系维护人员。", err=True)
        return NOTHING
    return code if isinstance(code, int) else WRITTEN


def _usage(error: Any) -> str:
    """A mistake in the command line as one sentence; typer's own are in English."""
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "evalbatch"
    parameter = getattr(error, "param", None)
    name = (parameter.metavar or parameter.opts[0]) if parameter is not None else ""
    match type(error).__name__:
        case "NoArgsIsHelpError":
            return str(error.format_message())
        case "MissingParameter":
            what = f"缺少参数 {name}"
        case "NoSuchOption":
            what = f"没有选项 {error.option_name}"
        case "BadParameter":
            what = f"参数 {parameter.opts[0] if parameter is not None else ''} 的值不对"
        case "BadOptionUsage":
            what = f"选项 {error.option_name} 缺少值"
        case _:
            text = str(error.format_message())
            what = f"没有命令 {text.split(maxsplit=3)[3].rstrip('.')}" if text.startswith("No such command") else text
    return f"{what}。用法见 {path} --help。"
