"""Mutants of one department's workbook in each format, numbered, and what becomes of them here and in LibreOffice."""

from __future__ import annotations

import pickle
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Final

from evalbatch.examination import Examined
from evalbatch.intake import Arrival
from evalbatch.model import Summary
from evalbatch.reading import NotATemplate, UnreadableWorkbook, read_submission, read_workbook
from evalbatch.workers import Settings, briefing
from evalbatch.workers.process import Failed, Limits, Worker
from tests.forms import scheme
from tests.fuzzing.ods import ODS
from tests.fuzzing.packages import BYTES, PACKAGES, Mutation, mutated, pack, unpack
from tests.fuzzing.shown import differences, misread, shown
from tests.fuzzing.xls import XLS
from tests.fuzzing.xlsx import XLSX
from tests.libreoffice import convert

MUTATIONS: Final[dict[str, tuple[Mutation, ...]]] = {
    "xlsx": (*XLSX, *XLSX, *PACKAGES, *BYTES),
    "ods": (*ODS, *ODS, *ODS, *PACKAGES, *BYTES),
    "xls": (*XLS, *XLS, *BYTES),
}
_LIMITS: Final = Limits(seconds=10.0)
_FORMULA: Final = re.compile(rb"<f>[^<]*</f>")
_LAST_SHEET: Final = 4
_RECEIVED: Final = datetime(2025, 3, 1)


@dataclass(frozen=True, slots=True)
class Mutant:
    """A workbook that nobody wrote; ``name`` says from which base by which mutations."""

    name: str
    form: str
    content: bytes


@dataclass(slots=True)
class Tally:
    """What became of mutants. ``defects`` are those that no user should meet, each with its mutant."""

    tried: int = 0
    refused: int = 0
    other: int = 0
    unopened: int = 0
    compared: int = 0
    forms: Counter[str] = field(default_factory=Counter)
    defects: list[tuple[Mutant, str]] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.tried} mutants ({', '.join(f'{count} {form}' for form, count in sorted(self.forms.items()))}): "
            f"{self.refused} sent back, {self.other} taken for other material, {self.compared} read and compared, "
            f"{self.unopened} read that LibreOffice does not open; {len(self.defects)} defects"
        )


def bases(source: Path, folder: Path) -> dict[str, list[bytes]]:
    """A department's .xlsx with its first sheets only, and what LibreOffice makes of it, by format."""
    parts = unpack(source.read_bytes())
    for number in range(_LAST_SHEET + 1, 100):
        parts.pop(f"xl/worksheets/sheet{number}.xml", None)
    kept = rb'<sheet name="[^"]*" sheetId="(?![1-%d]")\d+"[^>]*/>' % _LAST_SHEET
    book = re.sub(kept, b"", parts["xl/workbook.xml"])
    parts["xl/workbook.xml"] = re.sub(rb"<definedNames>.*</definedNames>", b"", book, flags=re.DOTALL)
    links = rb'<Relationship Id="[^"]*" Type="[^"]*" Target="worksheets/sheet(?![1-%d]\.)\d+\.xml"/>' % _LAST_SHEET
    name = "xl/_rels/workbook.xml.rels"
    parts[name] = re.sub(links, b"", parts[name])
    types = rb'<Override PartName="/xl/worksheets/sheet(?![1-%d]\.)\d+\.xml"[^>]*/>' % _LAST_SHEET
    parts["[Content_Types].xml"] = re.sub(types, b"", parts["[Content_Types].xml"])
    small = folder / "base.xlsx"
    small.write_bytes(pack(parts))
    found = {"xlsx": [small.read_bytes()]}
    for form in ("xlsx", "ods", "xls"):
        if form == "xls":  # LibreOffice writes 0 for the text that a formula gives, so values stand in their place
            small.write_bytes(pack({name: _FORMULA.sub(b"", part) for name, part in parts.items()}))
        (saved,) = convert([small], folder / "saved", form, recalculated=False)
        found.setdefault(form, []).append(saved.read_bytes())
    return found


def mutant(base: dict[str, list[bytes]], seed: int, number: int) -> Mutant:
    """The mutant of a number, always the same: one mutation mostly, sometimes two."""
    numbers = Random(f"{seed}-{number}")
    form = numbers.choice(["xlsx", "xlsx", "xlsx", "ods", "xls"])
    which = numbers.randrange(len(base[form]))
    content, names = mutated(numbers, base[form][which], MUTATIONS[form], numbers.choice([1, 1, 2]))
    return Mutant(" ".join([f"{number:06d}", form, str(which), *names]), form, content)


def attempt(mutants: Sequence[Mutant], folder: Path, worker: Worker, tally: Tally) -> None:
    """Read, check and score each within limits; what was read is compared with LibreOffice."""
    inbox = folder / "inbox"
    inbox.mkdir(parents=True)
    arrivals = []
    for number, each in enumerate(mutants):
        path = inbox / f"{number:04d}.{each.form}"
        path.write_bytes(each.content)
        arrivals.append(Arrival(path, path.name, len(each.content), _RECEIVED))
    read = []
    for each, arrival, answer in zip(mutants, arrivals, worker.examine(arrivals), strict=True):
        tally.tried += 1
        tally.forms[each.form] += 1
        if isinstance(answer, Failed):
            tally.defects.append((each, f"{answer.failure.value} {answer.detail}"))
            continue
        examined: Examined[Summary] = pickle.loads(answer)
        if examined.result is not None:
            read.append((each, arrival))
        elif examined.refusal is not None:
            tally.refused += 1
        else:
            tally.other += 1
    for (each, _), cells in zip(read, shown([arrival.path for _, arrival in read], folder / "shown"), strict=True):
        if cells is None:
            tally.unopened += 1
            continue
        tally.compared += 1
        try:
            book = read_workbook(each.content)
            found = differences(book, cells) + misread(read_submission(book, scheme(), each.name), scheme(), cells)
        except (NotATemplate, UnreadableWorkbook) as error:
            found = [f"read by a worker and refused here: {error}"]
        tally.defects.extend((each, difference) for difference in found[:5])


def worker() -> Worker:
    """A process within the limits of a mutant."""
    return Worker(briefing(Settings(None, None, 1, limits=_LIMITS)))
