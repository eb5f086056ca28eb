"""DOOR OUT: the department's template workbook, blank or pre-filled, written from the scheme; knows no submission."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final

from xlsxwriter import Workbook

from evalbatch.department_workbook.attachment import write_attachment
from evalbatch.department_workbook.audit import write_audit
from evalbatch.department_workbook.figures import FilledFigures, Filling
from evalbatch.department_workbook.frame import Form
from evalbatch.department_workbook.guide import write_guide
from evalbatch.department_workbook.indicators import write_indicators
from evalbatch.department_workbook.lines import write_lines
from evalbatch.department_workbook.lists import write_list
from evalbatch.department_workbook.marks import write_marks
from evalbatch.department_workbook.styles import BODY_FONT, BODY_SIZE, Styles
from evalbatch.department_workbook.support import write_support
from evalbatch.scheme import Scheme

_SHEET_WRITERS: Final = {"lines": write_lines, "indicators": write_indicators, "list": write_list}


def write_department_workbook(target: Path | BinaryIO, scheme: Scheme, filling: Filling | None = None) -> None:
    """Write the template of a scheme, with the cells of ``filling`` filled in; the same input gives the same bytes.

    Every formula carries its computed value, so that readers which do not recalculate see the right one.
    Raises ValueError when more list rows are filled than the template prints.
    """
    figures = FilledFigures(scheme, filling or Filling())
    options = {
        "in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
        "default_format_properties": {"font_name": BODY_FONT, "font_size": BODY_SIZE},
    }  # fmt: skip
    with Workbook(str(target) if isinstance(target, Path) else target, options) as workbook:
        workbook.set_properties({"title": scheme.spec.title, "created": datetime(scheme.year + 1, 1, 1)})
        workbook.set_calc_mode("auto")
        form = Form(scheme, workbook, Styles(workbook), figures)
        for sheet in scheme.spec.sheet:
            _SHEET_WRITERS[sheet.kind](form, sheet)
        write_audit(form)
        write_attachment(form)
        write_guide(form)
        write_support(form)
        write_marks(form)


__all__ = ["Filling", "write_department_workbook"]
