"""Number and seed -> a synthetic inbox with its roster and the truth about it: the same arguments give the same bytes."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, BinaryIO, Final

from evalbatch.bureau_forms import write_roster
from evalbatch.department_workbook import Filling
from evalbatch.output import OutputError, write_atomically
from evalbatch.processes import bind_to_parent, worker_context
from evalbatch.sampling.accounts import Account, account
from evalbatch.sampling.defects import DEFECTS, Defect, Expected, Form
from evalbatch.sampling.departments import Department, department
from evalbatch.sampling.form import computed_cells, typed_cells
from evalbatch.sampling.package import blank_package
from evalbatch.sampling.performance import claim, perform
from evalbatch.scheme import Scheme, load_scheme

INBOX: Final = "inbox"
ROSTER: Final = "单位名录.xlsx"
TRUTH: Final = "truth.json"
_CHUNK: Final = 32
_UNCALCULATED: Final = 0.05
"""Share of workbooks saved by a program that leaves formulas without their values."""


class SamplingError(RuntimeError):
    """A sample that cannot be written; the text is a sentence that says what to do."""


@dataclass(frozen=True, slots=True)
class Specimen:
    """One workbook of a sample: who sent it, its bytes, and the mistake planted in it."""

    department: Department
    content: bytes
    defect: Defect | None
    expected: tuple[Expected, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a sample is drawn from."""

    departments: int
    seed: int
    share: float = 0.0
    """Share of workbooks with a mistake, 0 to 1."""

    def defects(self) -> dict[int, int]:
        """Which workbooks have a mistake: place in the sample -> place in the list of mistakes, each kind in turn."""
        source = Random(f"{self.seed}:defects")
        chosen = source.sample(range(self.departments), round(self.departments * self.share))
        return {index: number % len(DEFECTS) for number, index in enumerate(chosen)}


def specimen(scheme: Scheme, seed: int, index: int, kind: int | None = None) -> Specimen:
    """The workbook at a place of the sample; a mistake that finds no room there gives way to the next kind."""
    who = department(index)
    tries: Sequence[Defect | None] = [None] if kind is None else [*DEFECTS[kind:], *DEFECTS[:kind]]
    for defect in tries:
        made = _make(scheme, Random(f"{seed}:{index}"), who, defect)
        if made is not None:
            return made
    raise AssertionError("every mistake was refused")


def _make(scheme: Scheme, source: Random, who: Department, defect: Defect | None) -> Specimen | None:
    drawn: Account = account(source)
    perform(source, drawn, scheme, who)
    form = Form(scheme, source, drawn)
    expected: list[Expected] = []

    def plant(moment: str) -> bool:
        if defect is None or defect.moment != moment:
            return True
        expected.extend(defect.plant(form))
        return bool(expected)

    if not plant("figures"):
        return None
    claim(source, drawn, scheme)
    if not plant("claims") or not plant("file"):
        return None
    filling = Filling(drawn.cells, drawn.lists)
    content = blank_package(scheme).write(
        typed_cells(scheme, filling) | form.typed,
        computed_cells(scheme, filling),
        form.renamed,
        calculated=source.random() >= _UNCALCULATED,
    )
    return Specimen(who, content[: len(content) // 2] if form.truncated else content, defect, tuple(expected))


# ---------------------------------------------------------------- the folder


def write_sample(
    folder: Path,
    scheme: Scheme,
    plan: Plan,
    jobs: int = 1,
    scheme_file: Path | None = None,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> None:
    """Write ``inbox/``, 单位名录.xlsx and truth.json into a folder that is new or empty.

    Raises SamplingError when the folder holds anything, or cannot be written.
    """
    inbox = folder / INBOX
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise SamplingError(f"{folder} 不是空文件夹：样本只写入新的或空的文件夹，请改用其他位置。")
        inbox.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SamplingError(f"文件夹 {folder} 无法建立（{error.strerror or error}），请改用其他位置。") from None
    defects = plan.defects()
    tasks = [[(index, defects.get(index)) for index in range(start, min(start + _CHUNK, plan.departments))]
             for start in range(0, plan.departments, _CHUNK)]  # fmt: skip
    truth: list[dict[str, Any]] = []
    try:
        for written in _written(tasks, partial(_write_chunk, inbox, scheme_file, plan.seed), jobs, len(tasks)):
            truth += written[1]
            report(written[0], plan.departments)
        rows = [department(index) for index in range(plan.departments)]
        write_atomically(folder / ROSTER, partial(_roster, scheme, rows))
        write_atomically(folder / TRUTH, partial(_truth, plan, truth))
    except (OutputError, OSError) as error:
        raise SamplingError(str(error)) from None


Chunk = Sequence[tuple[int, int | None]]


def _written(
    tasks: Sequence[Chunk], work: Callable[[Chunk], list[dict[str, Any]]], jobs: int, total: int
) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    done = 0
    if jobs == 1 or total == 1:
        for task in tasks:
            done += len(task)
            yield done, work(task)
        return
    context = worker_context("evalbatch.sampling")
    with ProcessPoolExecutor(min(jobs, total), mp_context=context, initializer=bind_to_parent) as pool:
        for task, planted in zip(tasks, pool.map(work, tasks), strict=True):
            done += len(task)
            yield done, planted


def _write_chunk(inbox: Path, scheme_file: Path | None, seed: int, chunk: Chunk) -> list[dict[str, Any]]:
    """Write the workbooks of some places; returns the truth about those with a mistake."""
    scheme = load_scheme(scheme_file)
    # file times count as inputs of a run: every workbook arrived at the same moment
    sent = datetime(scheme.year + 1, 9, 1, tzinfo=UTC).timestamp()
    planted: list[dict[str, Any]] = []
    for index, kind in chunk:
        made = specimen(scheme, seed, index, kind)
        name = made.department.file_name(scheme.year)
        (inbox / name).write_bytes(made.content)
        os.utime(inbox / name, (sent, sent))
        if made.defect is not None:
            findings = [{"规则": rule, "工作表": sheet, "单元格": cell} for rule, sheet, cell in made.expected]
            planted.append(
                {"来源文件": name, "单位编码": made.department.code, "错误": made.defect.name, "问题": findings}
            )
    return planted


def _roster(scheme: Scheme, rows: Sequence[Department], file: BinaryIO) -> None:
    write_roster(file, scheme, [(row.code, row.name, row.category) for row in rows])


def _truth(plan: Plan, planted: Sequence[Mapping[str, Any]], file: BinaryIO) -> None:
    text = json.dumps(
        {"单位数": plan.departments, "种子": plan.seed, "错误比例": plan.share, "工作簿": planted},
        ensure_ascii=False,
        indent=1,
    )
    file.write(text.encode() + b"\n")


__all__ = ["INBOX", "ROSTER", "TRUTH", "Plan", "SamplingError", "Specimen", "specimen", "write_sample"]
