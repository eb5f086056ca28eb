"""The forms of ``run --report``: a JSON file, a folder of CSV files, or one of Parquet files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO, Final

import typer

from evalbatch.cli.doors import Refused, check_writable, write

if TYPE_CHECKING:
    from evalbatch.model import Outcome
    from evalbatch.scheme import Scheme

ReportOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--report",
        metavar="FILE.json|DIR|DIR.parquet",
        help="同时写出报告：.json 一个文件；文件夹则每张表一个 CSV；.parquet 则为每张表一个 Parquet 的文件夹。可重复",
    ),
]

_JSON: Final = ".json"
_PARQUET: Final = ".parquet"


def check_reports(targets: Sequence[Path]) -> None:
    """Refuse, before any work is done, a report that cannot be written."""
    from evalbatch import output
    from evalbatch.table_files import TableError, require_parquet

    try:
        for target in targets:
            form = target.suffix.lower()
            if form == _JSON:
                check_writable(target)
                continue
            if form not in ("", _PARQUET) and not target.is_dir():
                raise Refused(f"--report {target} 应以 .json 或 .parquet 结尾，或是文件夹名（每张表写成一个 CSV）。")
            if form == _PARQUET:
                require_parquet()
            output.check_writable_folder(target)
    except (output.OutputError, TableError) as error:
        raise Refused(str(error)) from None


def write_reports(targets: Sequence[Path], outcome: Outcome, scheme: Scheme) -> None:
    """Write every report that was asked for."""
    from evalbatch.output import OutputError, write_folder
    from evalbatch.report import dump_report, report_tables
    from evalbatch.table_files import TableError, write_csv, write_parquet

    for target in targets:
        if target.suffix.lower() == _JSON:
            content = dump_report(outcome, scheme)
            write(target, lambda file, content=content: file.write(content))
            continue
        files: dict[str, Callable[[BinaryIO], None]] = {}
        for name, (kinds, rows) in report_tables(outcome, scheme).items():
            if target.suffix.lower() == _PARQUET:
                files[f"{name}{_PARQUET}"] = partial(write_parquet, kinds=kinds, rows=rows)
            else:
                files[f"{name}.csv"] = partial(write_csv, headers=list(kinds), rows=rows)
        try:
            write_folder(target, files.items())
        except (OutputError, TableError) as error:
            raise Refused(str(error)) from None
