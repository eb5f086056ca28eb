"""LibreOffice against the batch, department by department: every result of 数据审核, every 测算得分, why, and the total.

    python -m tests.benchmarks.parity [DEPARTMENTS [FIRST]]

Random departments, and the seed's with a mistake planted at every identity and threshold, are written as
workbooks, recalculated by LibreOffice from scratch, and read, checked and scored by the batch. Prints the
number of cells compared, of ✗ by row of 数据审核, the rows that were never ✗, and every difference.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from decimal import Decimal
from pathlib import Path

from evalbatch.department_workbook import Filling, write_department_workbook
from evalbatch.evaluation import evaluate
from evalbatch.figures import RowFigures, SubmissionFigures
from evalbatch.reading import read_submission, read_xlsx
from evalbatch.scheme import Scheme, load_scheme
from evalbatch.scheme.layout import AUDIT_COLUMNS, AUDIT_SHEET, HEADER_ROW, template_layout
from tests.department_workbook.fillings import planted, random_filling
from tests.libreoffice import recalculate

CHUNK = 20


def fillings(scheme: Scheme, departments: int) -> list[tuple[str, Filling]]:
    """Planted departments first, then random ones, as many as asked for."""
    found = [(check.id, filling) for check in scheme.checks if (filling := planted(scheme, check)) is not None]
    seed = 0
    while len(found) < departments:
        found.append((f"random {seed}", random_filling(scheme, 5000 + seed)))
        seed += 1
    return found[:departments]


def compare(scheme: Scheme, name: str, path: Path, broken: Counter[str]) -> tuple[int, list[str]]:
    """Cells compared and differences between LibreOffice's workbook and the batch's own judgement of it."""
    book = read_xlsx(path.read_bytes())
    submission = read_submission(book, scheme, path.name)
    grids = {grid.name: grid for grid in book.grids}
    figures = SubmissionFigures(submission, scheme)
    step, fixed = scheme.tail_step(submission.unit), scheme.spec.tolerance.fixed
    audit, cover = grids[AUDIT_SHEET], grids["封面"]
    verdict = AUDIT_COLUMNS.index("结果")
    shown = {audit.at(row, 0): audit.at(row, verdict) for row in range(HEADER_ROW, len(audit.rows))}
    compared, different = 0, []
    for check in scheme.checks:
        if check.list:
            rows = figures.rows[check.list]
            verdicts = [check.judge(RowFigures(row.row, row.computed), step, fixed).verdict for row in rows]
            expected = "✗" if "✗" in verdicts else "✓" if "✓" in verdicts else "—"
        else:
            expected = check.judge(figures, step, fixed).verdict
        compared += 1
        broken[check.id] += expected == "✗"
        if shown.get(check.id) != expected:
            different.append(f"{name}: {check.id} {shown.get(check.id)} instead of {expected}")
    result = evaluate(submission, scheme)
    totals = {cover.at(row, 1): cover.at(row, 2) for row in range(HEADER_ROW, len(cover.rows))}
    compared += 1
    if not _near(totals["测算总分"], result.total):
        different.append(f"{name}: 测算总分 {totals['测算总分']} instead of {result.total}")
    for line in result.lines:
        if scheme.indicators[line.code].points is None:
            continue
        layout = template_layout(scheme)[scheme.sheet_of(line.code)]
        places = ((layout.rows[line.code] - 1, layout.columns[name] - 1) for name in ("测算得分", "测算说明"))
        found, said = (grids[layout.spec.name].at(*place) for place in places)
        expected_points = line.final if line.source == "不适用" else line.computed
        compared += 1
        same = found == "待核" if expected_points is None else _near(found, expected_points)
        if not same:
            different.append(f"{name}: {line.code} {found} instead of {expected_points}")
        compared += 1
        # the batch takes the space around a name away
        if str(said).replace("\t", "") != line.sentence:
            different.append(f"{name}: {line.code} {said!r} instead of {line.sentence!r}")
    return compared, different


def _near(found: object, expected: Decimal) -> bool:
    return isinstance(found, int | float) and abs(found - float(expected)) < 1e-9


def main(departments: int, first: int = 0) -> int:
    """Compare so many departments, those before ``first`` left out; returns the number of differences."""
    scheme = load_scheme()
    started, compared, broken = time.monotonic(), 0, Counter[str]()
    different: list[str] = []
    wanted = fillings(scheme, departments)
    for start in range(first, len(wanted), CHUNK):
        with tempfile.TemporaryDirectory() as folder:
            paths = []
            for number_, (_, filling) in enumerate(wanted[start : start + CHUNK]):
                paths.append(Path(folder) / f"{number_:03d}.xlsx")
                write_department_workbook(paths[-1], scheme, filling)
            for (name, _), path in zip(wanted[start:], recalculate(paths, Path(folder) / "out"), strict=False):
                cells, more = compare(scheme, name, path, broken)
                compared += cells
                different += more
                for line in more:
                    print(line)
        done = min(start + CHUNK, len(wanted))
        print(
            f"{done - first} departments, {compared} cells, {len(different)} differences, {time.monotonic() - started:.0f} s",
            flush=True,
        )
    print("✗ by row:", dict(sorted(broken.items())))
    print("rows never ✗:", [check.id for check in scheme.checks if not broken[check.id]])
    return len(different)


if __name__ == "__main__":
    sys.exit(bool(main(*(map(int, sys.argv[1:]) if len(sys.argv) > 1 else (500,)))))
