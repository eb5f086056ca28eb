"""``evalbatch scheme``: check, export, import."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evalbatch.cli.doors import WRITTEN, Refused, SchemeOption, check_writable, open_scheme, write

scheme_app = typer.Typer(
    help="评价方案的检查、导出为工作簿、从工作簿读回。", no_args_is_help=True, rich_markup_mode=None
)


@scheme_app.command("check")
def scheme_check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="评价方案")],
) -> int:
    """检查一份评价方案能否使用。"""
    rules = open_scheme(file)
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

    rules = open_scheme(scheme)
    check_writable(output)
    try:
        content = export_scheme(rules.spec, rules.file)
    except SchemeError as error:
        raise Refused(str(error)) from None
    write(output, lambda file: file.write(content))
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
    check_writable(output)
    write(output, lambda target: target.write(content))
    typer.echo(f"已写出 {output}，可以使用：evalbatch run 收件文件夹 --scheme {output} -o 排名.xlsx")
    return WRITTEN
