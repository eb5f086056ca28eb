"""Number -> a random batch: departments as they come, with mistakes planted or anything in any cell, some reviewed."""

from __future__ import annotations

import io
import random
import tempfile
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from evalbatch.consolidation import consolidate
from evalbatch.department_workbook import Filling, write_department_workbook
from evalbatch.examination import Examined, abridge, examine_file
from evalbatch.intake import Arrival, Reviews, find_arrivals
from evalbatch.model import NOWHERE, Outcome, Review, Summary
from evalbatch.sampling import specimen
from evalbatch.sampling.defects import DEFECTS
from evalbatch.scheme import CONTENT, Scheme
from tests.department_workbook.fillings import random_filling

_TIME = datetime(2025, 9, 1, 9)
_MOST = 8
_ANYTHING = 0.4
"""Share of departments with anything in any cell."""
_REVIEWED = 0.4
"""Share of departments with points of 复核."""


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
        examined = [_examined(arrival, scheme, source) for arrival in find_arrivals([folder])]
    return consolidate(examined, scheme, None, _TIME)


def _examined(arrival: Arrival, scheme: Scheme, source: random.Random) -> Examined[Summary]:
    """What became of a file; some departments have 复核得分 in some rows."""
    examined = examine_file(arrival, scheme, None)
    if examined.result is not None and source.random() < _REVIEWED:
        chosen = source.sample(examined.result.lines, source.randint(1, len(examined.result.lines)))
        given = {line.code: Review(_points(line.weight, source), "复议", NOWHERE) for line in chosen}
        code = examined.result.submission.code
        examined = examine_file(arrival, scheme, None, reviews=Reviews("", "", {code: given}))
    return abridge(examined, scheme)


def _points(most: Decimal, source: random.Random) -> Decimal:
    return Decimal(source.randint(0, int(most * 100))) / 100


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
