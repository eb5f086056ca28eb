"""``evalbatch sample``: a synthetic inbox for trials and benchmarks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evalbatch.cli.doors import CORES, WRITTEN, Jobs, Quiet, Refused, SchemeOption, open_scheme


def sample(
    output: Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="写出样本的文件夹，须是新的或空的")],
    departments: Annotated[int, typer.Option("--departments", metavar="N", min=1, help="单位个数")],
    seed: Annotated[int, typer.Option("--seed", metavar="S", help="种子：相同的种子写出相同的样本")],
    defects: Annotated[
        float, typer.Option("--defects", metavar="SHARE", min=0.0, max=1.0, help="植入错误的工作簿所占比例，0 至 1")
    ] = 0.0,
    scheme: SchemeOption = None,
    jobs: Jobs = CORES,
    quiet: Quiet = False,
) -> int:
    """写出虚构的收件文件夹、单位名录，以及植入了哪些错误的 truth.json，供试用与测速。"""
    from evalbatch.console import counting
    from evalbatch.sampling import INBOX, Plan, SamplingError, write_sample

    rules = open_scheme(scheme)
    try:
        with counting("写出", quiet) as show:
            write_sample(output, rules, Plan(departments, seed, defects), jobs, scheme, show)
    except SamplingError as error:
        raise Refused(str(error)) from None
    typer.echo(f"已写出 {departments} 个工作簿到 {output / INBOX}")
    return WRITTEN
