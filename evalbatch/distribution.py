"""Roster and prefill -> one workbook a department in a folder, written in worker processes; each is whole or absent."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from evalbatch.department_workbook import Filling, write_department_workbook
from evalbatch.file_names import file_name
from evalbatch.intake import Department, Prefill, Roster
from evalbatch.model import Supplied, Value
from evalbatch.output import OutputError, write_atomically
from evalbatch.processes import bind_to_parent, worker_context
from evalbatch.scheme import CONTENT, Scheme, load_scheme
from evalbatch.scheme.layout import list_key

_CHUNK: Final = 4


class DistributionError(RuntimeError):
    """Workbooks that cannot be written; the text is a sentence that says how far it came and what to do."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """One department's workbook: where it goes and what is printed in it."""

    target: Path
    filling: Filling


def pack(folder: Path, scheme: Scheme, roster: Roster, prefill: Prefill | None) -> tuple[Parcel, ...]:
    """The workbooks of a roster's departments, those that handle secrets left out.

    Raises DistributionError when two of them would have one file name.
    """
    parcels: list[Parcel] = []
    owners: dict[str, Department] = {}
    for department in roster.departments:
        if department.secret:
            continue
        name = file_name(f"_{scheme.year}.xlsx", department.code, department.name)
        other = owners.setdefault(unicodedata.normalize("NFC", name).casefold(), department)
        if other is not department:
            raise DistributionError(
                f"单位 {other.code} 与 {department.code} 的文件名相同（{name}），没有写出文件。请更正单位名录。"
            )
        supplied = Supplied() if prefill is None else prefill.of(department.code)
        parcels.append(Parcel(folder / name, prefilled(scheme, department, supplied)))
    return tuple(parcels)


def prefilled(scheme: Scheme, department: Department, supplied: Supplied) -> Filling:
    """What is printed into a department's workbook and locked; amounts are in 万元, and so is then the workbook."""
    cells: dict[tuple[str, str], Value] = {("T01", CONTENT): department.name, ("T02", CONTENT): department.code}
    if department.category:
        cells["T03", CONTENT] = department.category
    cells |= supplied.cells
    locked = set(cells)
    amounts = any(key in scheme.lines for key, _ in supplied.cells)
    for prefix, rows in supplied.lists.items():
        spec = scheme.lists[prefix]
        locked |= {(list_key(spec, number), column) for number, row in enumerate(rows, 1) for column in row}
        money = {column.name for column in spec.columns if column.type == "amount"}
        amounts = amounts or any(not money.isdisjoint(row) for row in rows)
    if amounts:
        locked.add(("T05", CONTENT))
    return Filling(cells, supplied.lists, locked=frozenset(locked))


# ---------------------------------------------------------------- workers

_worker_scheme: Path | None = None


def _start_worker(scheme: Path | None) -> None:
    global _worker_scheme
    bind_to_parent()
    _worker_scheme = scheme


def _write_chunk(parcels: Sequence[Parcel]) -> int:
    scheme = load_scheme(_worker_scheme)
    for parcel in parcels:

        def write(file: BinaryIO, filling: Filling = parcel.filling) -> None:
            write_department_workbook(file, scheme, filling)

        write_atomically(parcel.target, write)
    return len(parcels)


def distribute(
    parcels: Sequence[Parcel],
    scheme: Path | None,
    jobs: int,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> None:
    """Write every workbook; ``report`` hears of (done, total). Raises DistributionError when one cannot be written."""
    chunks = [parcels[start : start + _CHUNK] for start in range(0, len(parcels), _CHUNK)]
    context = worker_context("evalbatch.distribution")
    workers = max(1, min(jobs, len(chunks)))
    done = 0
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_start_worker, initargs=(scheme,)) as pool:
        try:
            for future in as_completed([pool.submit(_write_chunk, chunk) for chunk in chunks]):
                done += future.result()
                report(done, len(parcels))
        except OutputError as error:
            raise DistributionError(f"{error}（{_so_far(done, parcels)}）") from None
        except BrokenProcessPool:
            reason = "工作进程异常终止，请检查内存与系统权限后重试。"
            raise DistributionError(f"{reason}（{_so_far(done, parcels)}）") from None
        finally:
            pool.shutdown(cancel_futures=True)


def _so_far(done: int, parcels: Sequence[Parcel]) -> str:
    return f"共 {len(parcels)} 个工作簿，至少已写出 {done} 个"


__all__ = ["DistributionError", "Parcel", "distribute", "pack", "prefilled"]
