"""The command line: opens doors, prints, sets exit codes; heavy libraries load only where they are used."""

from __future__ import annotations

import os
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, NoReturn

import typer

if TYPE_CHECKING:
    from evalbatch.intake import Roster
    from evalbatch.model import Finding, Outcome
    from evalbatch.scheme import Scheme

WRITTEN, MENDED, NOTHING = 0, 1, 2
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


def _keep_out_of(inboxes: list[Path], *targets: Path | None) -> None:
    """No command writes into an inbox: what arrived stays as it arrived."""
    for inbox in (path.resolve() for path in inboxes):
        for target in (path.resolve() for path in targets if path is not None):
            if target == inbox or (inbox.is_dir() and inbox in target.parents):
                raise Refused(f"{target.name} 不能写在收件文件夹 {inbox} 之内，请改用其他位置。")


@app.command()
def run(
    inbox: Annotated[list[Path], typer.Argument(metavar="INBOX...", help="收件文件夹或文件，文件夹逐层读取")],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="OUT.xlsx", help="排名工作簿")],
    scheme: SchemeOption = None,
    roster: Annotated[Path | None, typer.Option("--roster", metavar="FILE", help="单位名录")] = None,
    report: Annotated[Path | None, typer.Option("--report", metavar="FILE.json", help="同时写出 JSON 报告")] = None,
    time: Annotated[str | None, typer.Option("--time", metavar="ISO", help="运行时间（默认：现在），用于重现")] = None,
    jobs: Annotated[int, typer.Option("--jobs", metavar="N", min=1, help="同时工作的进程数")] = os.cpu_count() or 1,
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
    moment = _time(time)
    _keep_out_of(inbox, output, report)
    _check_writable(output, report)
    try:
        arrivals = find_arrivals(inbox)
    except InboxError as error:
        raise Refused(str(error)) from None
    if not arrivals:
        raise Refused("收件文件夹中没有文件，请核对路径。")
    try:
        with progress(quiet) as show:
            outcome = run_batch(arrivals, Settings(scheme, names, jobs), moment, show)
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
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="写出的空白模板")],
    scheme: SchemeOption = None,
) -> int:
    """写出部门填报用的空白工作簿。"""
    from evalbatch.department_workbook import write_department_workbook

    rules = _scheme(scheme)
    _check_writable(output)

    def write(file: BinaryIO) -> None:
        write_department_workbook(file, rules)

    _write(output, write)
    typer.echo(f"已写出 {output}")
    return WRITTEN


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
