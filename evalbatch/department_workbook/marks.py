"""Marks on the input sheets, live: cells that a check finds faulty or that hold no figure where one belongs, percentages
that count for nothing, and cells that have to be filled and are blank.

A mark is a pattern, so that it shows in black and white. Its condition looks at other sheets through defined names:
a plain reference to another sheet is refused in a conditional format by older programs.
"""

from __future__ import annotations

from typing import Final

from xlsxwriter.format import Format

from evalbatch.department_workbook.audit import verdict_range
from evalbatch.department_workbook.counts import excusable, figure_cells, figure_columns, mandatory, no_figure
from evalbatch.department_workbook.frame import Form
from evalbatch.department_workbook.support import SupportList, support_layout
from evalbatch.figures import typed_columns
from evalbatch.scheme import APPLICABLE, REASON, Scheme
from evalbatch.scheme.formula import Call, Cell, subtrees
from evalbatch.scheme.layout import HEADER_ROW, address, template_cell, template_layout, visible_columns

_VERDICTS: Final = "审核结果"
_POSITION: Final = f"ROW()-ROW($A${HEADER_ROW})"


def write_marks(form: Form) -> None:
    """Lay the marks over the input sheets, all of which are written."""
    fault, blank = form.styles.fault(), form.styles.blank()
    form.workbook.define_name(_VERDICTS, f"={verdict_range(form.scheme)}")
    _mark_faults(form, fault)
    _mark_blanks(form, blank)
    for prefix, support in support_layout(form.scheme).items():
        _mark_rows(form, prefix, support, fault, blank)
    _mark_mistyped(form, fault)
    _mark_unexcused(form, fault, blank)


def _mark_faults(form: Form, style: Format) -> None:
    failing: dict[tuple[str, str], list[str]] = {}
    for index, check in enumerate(form.scheme.checks):
        if not check.list:
            verdict = f'INDEX({_VERDICTS},{index + 1})="✗"'
            failing.setdefault(template_cell(form.scheme, *check.place), []).append(verdict)
    for (sheet, cell), verdicts in failing.items():
        _mark(form, sheet, [cell], f"OR({','.join(verdicts)})", style)


def _mark_blanks(form: Form, style: Format) -> None:
    columns: dict[tuple[str, str], list[tuple[int, str]]] = {}
    for key, column in mandatory(form.scheme):
        layout = template_layout(form.scheme)[form.scheme.sheet_of(key)]
        columns.setdefault((layout.spec.name, column), []).append((layout.rows[key], layout.cell(key, column)))
    for (sheet, _), cells in columns.items():
        ordered = [cell for _, cell in sorted(cells)]
        _mark(form, sheet, ordered, f'{ordered[0]}=""', style)


def _mark_rows(form: Form, prefix: str, support: SupportList, fault: Format, blank: Format) -> None:
    layout = template_layout(form.scheme)[form.scheme.lists[prefix].name]

    def rows(column: str) -> tuple[str, str]:
        at = layout.columns[column]
        return address(HEADER_ROW + 1, at), f"{address(HEADER_ROW + 1, at)}:{address(layout.last_row, at)}"

    def flag(name: str, column: int) -> str:
        form.workbook.define_name(name, f"={support.range(column)}")
        return f"INDEX({name},{_POSITION})=1"

    checks = {check.id: check for check in form.scheme.checks}
    for number, (name, place) in enumerate(support.checks.items(), 1):
        _, area = rows(checks[name].place[1])
        _mark(form, layout.spec.name, [area], flag(f"不符_{prefix}_{number}", place), fault)
    types = {column.name: column.type for column in layout.spec.columns}
    for name in (column.name for column in visible_columns(layout.spec) if column.type == "percent"):
        first, area = rows(name)
        _mark(form, layout.spec.name, [area], f"{first}>1", fault)
    for number, name in enumerate(_pending_flags(form.scheme, prefix), 1):
        pending = flag(f"待核_{prefix}_{number}", support.computed[name])
        for column in typed_columns(form.scheme, prefix, name):
            if types[column] != "choice":
                first, area = rows(column)
                _mark(form, layout.spec.name, [area], f'AND({pending},{first}="")', blank)


def _mark_mistyped(form: Form, style: Format) -> None:
    for sheet, left, right in figure_columns(form.scheme):
        first = address(HEADER_ROW + 1, left)
        _mark(form, sheet, [f"{first}:{address(form.layout(sheet).last_row, right)}"], no_figure(first), style)
    for sheet, cell in figure_cells(form.scheme):
        _mark(form, sheet, [cell], no_figure(cell), style)


def _mark_unexcused(form: Form, fault: Format, blank: Format) -> None:
    """不适用 where it may not be, or the reason that it lacks."""
    places: dict[bool, list[str]] = {}
    for code, allowed in excusable(form.scheme).items():
        places.setdefault(allowed, []).append(code)
    for allowed, codes in places.items():
        layout = form.layout(form.scheme.sheet_of(codes[0]))
        claim, reason = (layout.cell(codes[0], column) for column in (APPLICABLE, REASON))
        column, style = (REASON, blank) if allowed else (APPLICABLE, fault)
        condition = f'AND(${claim}="否",${reason}="")' if allowed else f'{claim}="否"'
        _mark(form, layout.spec.name, [layout.cell(code, column) for code in codes], condition, style)


def _pending_flags(scheme: Scheme, prefix: str) -> list[str]:
    """The computed columns of a list that say, added up, whether an indicator is 待核."""
    found: dict[str, None] = {}
    for indicator in scheme.indicators.values():
        for node in () if indicator.pending is None else subtrees(indicator.pending.node):
            match node:
                case Call("SUM" | "SUMIF", (Cell(key, column, _), *_), _) if key == prefix:
                    found[column] = None
                case _:
                    pass
    return list(found)


def _mark(form: Form, sheet: str, cells: list[str], condition: str, style: Format) -> None:
    options = {"type": "formula", "criteria": f"={condition}", "format": style, "multi_range": " ".join(cells)}
    form.workbook.get_worksheet_by_name(sheet).conditional_format(cells[0], options)
