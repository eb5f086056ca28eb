"""Everything that an examining process needs, the packaged scheme among it: loaded once for all that are made here."""

from __future__ import annotations

import evalbatch.workers  # noqa: F401
from evalbatch.department_workbook import printed_form
from evalbatch.scheme import load_scheme

printed_form(load_scheme())
