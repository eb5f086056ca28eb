"""DOOR OUT: the department's template workbook, blank or pre-filled, written from the scheme; knows no submission."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Final

from xlsxwriter import Workbook

from evalbatch.department_workbook.attachment import write_attachment
from evalbatch.department_workbook.audit import write_audit
from evalbatch.department_workbook.counts import write_counts
from evalbatch.department_workbook.figures import FilledFigures, Filling
from evalbatch.department_workbook.frame import Form
from evalbatch.department_workbook.guide import write_guide
from evalbatch.department_workbook.indicators import write_indicators
from evalbatch.department_workbook.lines import write_lines
from evalbatch.department_workbook.lists import write_list
from evalbatch.department_workbook.marks import write_marks
from evalbatch.department_workbook.printed import recorded
from evalbatch.department_workbook.styles import BODY_FONT, BODY_SIZE, Styles
from evalbatch.department_workbook.support import write_support
from evalbatch.scheme import Scheme
from evalbatch.scheme.layout import AUDIT_SHEET, PrintedForm

_SHEET_WRITERS: Final = {"lines": write_lines, "indicators": write_indicators, "list": write_list}


def write_department_workbook(target: Path | BinaryIO, scheme: Scheme, filling: Filling | None = None) -> None:
    """Write the template of a scheme, with the cells of ``filling`` filled in; the same input gives the same bytes.

    Every formula carries its computed value, so that readers which do not recalculate see the right one.
    Raises ValueError when more list rows are filled than the template prints.
    """
    with _workbook(target) as workbook:
        workbook.set_properties({
            "title": scheme.spec.title, "keywords": printed_form(scheme).stamp,
            "created": datetime(scheme.year + 1, 1, 1),
        })  # fmt: skip
        workbook.set_calc_mode("auto")
        form = _write_read_sheets(workbook, scheme, filling or Filling())
        write_attachment(form)
        write_guide(form)
        write_support(form)
        write_counts(form)
        write_marks(form)


@lru_cache(maxsize=4)
def printed_form(scheme: Scheme) -> PrintedForm:
    """What the template of a scheme prints for nobody to change; found out once a process, by writing it."""
    workbook = _workbook(BytesIO())
    _write_read_sheets(workbook, scheme, Filling())
    return recorded(workbook, {*scheme.sheets, AUDIT_SHEET})


def _workbook(target: Path | BinaryIO) -> Workbook:
    options = {
        "in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
        "default_format_properties": {"font_name": BODY_FONT, "font_size": BODY_SIZE},
    }  # fmt: skip
    return Workbook(str(target) if isinstance(target, Path) else target, options)


def _write_read_sheets(workbook: Workbook, scheme: Scheme, filling: Filling) -> Form:
    form = Form(scheme, workbook, Styles(workbook), FilledFigures(scheme, filling))
    for sheet in scheme.spec.sheet:
        _SHEET_WRITERS[sheet.kind](form, sheet)
    write_audit(form)
    return form


__all__ = ["Filling", "printed_form", "write_department_workbook"]
