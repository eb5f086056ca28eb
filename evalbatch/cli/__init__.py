"""The command line: opens doors, prints, sets exit codes; heavy libraries load only where they are used.

One module a command; register it below.
"""

from __future__ import annotations

import contextlib
import gc
import math
import os
import signal
import sys
import time
from typing import Any, Final, NoReturn

import typer

from evalbatch.cli.check import check
from evalbatch.cli.doors import NOTHING, WRITTEN, Refused
from evalbatch.cli.explain import explain
from evalbatch.cli.run import RunCommand, run
from evalbatch.cli.sample import sample
from evalbatch.cli.scheme import scheme_app
from evalbatch.cli.template import template
from evalbatch.cli.verify import verify
from evalbatch.temporaries import gather_temporaries

_SECONDS_TO_TIDY_UP: Final = 10.0
_USAGE_ERROR: type[Exception] = typer.BadParameter.__mro__[1]
"""UsageError, whether typer brings its own click or uses the installed one."""

app = typer.Typer(
    help="部门整体支出绩效评价：读取各部门填报的工作簿，审核、计分、排名。",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command(cls=RunCommand)(run)
for command in (check, template, verify, explain, sample):
    app.command()(command)
app.add_typer(scheme_app, name="scheme")


def main() -> NoReturn:
    """The entry point: runs a command and exits with its code; a traceback never reaches a user."""
    for stream in (sys.stdout, sys.stderr):
        # a bureau's console may be GBK: what it cannot show must not stop the run
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), _interrupt)
    if not os.environ.get("EVALBATCH_DEBUG"):
        sys.unraisablehook = _say_nothing
    with contextlib.suppress(OSError):  # a full disk is told by the command that needs it
        gather_temporaries()
    code = _run()
    gc.freeze()  # what is left goes with the process: nobody need search it for garbage
    sys.exit(code)


def _say_nothing(_: object) -> None:
    """What a library cannot tidy up after a failure, of which the command has told already."""


class Interrupted(SystemExit):
    """Somebody stopped the run; no KeyboardInterrupt, for which typer has an answer of its own."""


_last_interruption = -math.inf


def _interrupt(number: int, frame: object) -> None:
    """Stop once; who presses Ctrl-C twice must not break the tidying up."""
    global _last_interruption
    now = time.monotonic()
    if now - _last_interruption > _SECONDS_TO_TIDY_UP:
        _last_interruption = now
        raise Interrupted


def _run() -> int:
    try:
        code = app(prog_name="evalbatch", standalone_mode=False)
    except Refused as error:
        typer.echo(str(error), err=True)
        return NOTHING
    except _USAGE_ERROR as error:
        typer.echo(_usage(error), err=True)
        return NOTHING
    except (Interrupted, KeyboardInterrupt, typer.Abort):
        typer.echo("已中断。没有写完的文件都已清除，请重新运行。", err=True)
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
