"""Number -> a random batch: departments as they come, with mistakes planted, and departments with anything in any cell."""

from __future__ import annotations

import io
import random
import tempfile
from datetime import datetime
from pathlib import Path

from evalbatch.consolidation import consolidate
from evalbatch.department_workbook import Filling, write_department_workbook
from evalbatch.examination import abridge, examine_file
from evalbatch.intake import find_arrivals
from evalbatch.model import Outcome
from evalbatch.sampling import specimen
from evalbatch.sampling.defects import DEFECTS
from evalbatch.scheme import CONTENT, Scheme
from tests.department_workbook.fillings import random_filling

_TIME = datetime(2025, 9, 1, 9)
_MOST = 8
_ANYTHING = 0.4
"""Share of departments with anything in any cell."""


def random_outcome(scheme: Scheme, number: int) -> Outcome:
    """A batch of up to eight departments, read from workbooks as any other; the same for the same number."""
    source = random.Random(f"ranking:{number}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for place in range(source.randint(1, _MOST)):
            index = number * _MOST + place
            if source.random() < _ANYTHING:
                (folder / f"{place}.xlsx").write_bytes(_anything(scheme, source, index))
            else:
                kind = source.randrange(2 * len(DEFECTS))
                made = specimen(scheme, number, index, kind if kind < len(DEFECTS) else None)
                (folder / f"{place}.xlsx").write_bytes(made.content)
        examined = [abridge(examine_file(arrival, scheme, None), scheme) for arrival in find_arrivals([folder])]
    return consolidate(examined, scheme, None, _TIME)


def _anything(scheme: Scheme, source: random.Random, index: int) -> bytes:
    filling = random_filling(scheme, index)
    cover = {
        ("T01", CONTENT): f"部门{index}",
        ("T02", CONTENT): f"{index:06d}",
        ("T03", CONTENT): source.choice(("经济", "党群", "=1+1", "*")),
    }
    content = io.BytesIO()
    write_department_workbook(content, scheme, Filling({**filling.cells, **cover}, filling.lists, filling.explanations))
    return content.getvalue()
