"""What a rule is given and how it answers: one department's Case in, findings out; a rule never raises them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import Final

from evalbatch.bureau import Change
from evalbatch.figures import SubmissionFigures, place_ref
from evalbatch.model import Entry, Finding, Level, Line, ListRow, Ref, Review, Submission, Supplied
from evalbatch.scheme import APPLICABLE, Indicator, Scheme
from evalbatch.scheme.layout import compress
from evalbatch.scheme.spec import ColumnSpec
from evalbatch.scoring import is_inapplicable


@dataclass(frozen=True, slots=True)
class Registered:
    """What the bureau knows of the department: its 单位名录, and what it prefilled; blank where it gave nothing."""

    code: str = ""
    name: str = ""
    category: str = ""
    unknown: bool = False
    """A roster was given and the department is not in it."""
    proposed: str = ""
    """Near misses for an unknown department, as a question."""
    named: str = ""
    """Another department of the roster that the cover's 填报单位 is, while its 单位编码 is this one's."""
    sent_for: str = ""
    """Another department of the roster that the file's name or the subject of its mail tells."""
    supplied: Supplied = field(default_factory=Supplied)
    reviews: Mapping[str, Review] = field(default_factory=dict)
    """复核 by indicator."""


Filled = tuple[tuple[str, str], ColumnSpec, Entry, str]
"""An input cell that is not blank: its key and column, what the column holds, the entry, and its name in sentences."""


@dataclass(slots=True)
class Case:
    """One department under examination.

    ``doubt`` collects the (key, column) cells already reported as faulty: what follows from them is not
    reported again. Families run in the order of the catalogue, so that faults of the form come first.
    """

    submission: Submission
    scheme: Scheme
    figures: SubmissionFigures
    lines: dict[str, Line]
    registered: Registered | None = None
    changes: tuple[Change, ...] = ()
    """Where the file differs from what the bureau prefilled; ``submission`` already holds the bureau's values."""
    doubt: set[tuple[str, str]] = field(default_factory=set)
    _filled: tuple[Filled, ...] | None = field(default=None, init=False)
    _totals: list[tuple[tuple[tuple[str, str], ...], list[tuple[str, str]]]] | None = field(default=None, init=False)

    def suspect(self, key: str, column: str, sheet: str = "") -> None:
        """Put a cell in doubt; with one cell of a list, what is computed over its column is in doubt too."""
        self.doubt.add((key, column))
        self.doubt.update((prefix, column) for prefix, spec in self.scheme.lists.items() if spec.name == sheet)

    def spread(self) -> set[tuple[str, str]]:
        """The cells in doubt with every total that rests on them, computed here or spoilt in the file."""
        doubt = set(self.doubt)
        if doubt and self._totals is None:
            self._totals = list(self._find_totals())
        reached = 0
        while reached < len(doubt):
            reached = len(doubt)
            for places, terms in self._totals or ():
                if not doubt.isdisjoint(terms):
                    doubt.update(places)
        return doubt

    def _find_totals(self) -> Iterator[tuple[tuple[tuple[str, str], ...], list[tuple[str, str]]]]:
        derivations = self.scheme.derivations
        for place, entry in self.submission.cells.items():
            if place in derivations and (entry.derived or entry.unreadable):
                yield (place,), [(cell.key, cell.column) for cell in derivations[place].cells]
        for prefix, rows in self.figures.rows.items():
            for row in rows:
                for column, entry in row.row.entries.items():
                    if (prefix, column) in derivations and (entry.derived or entry.unreadable):
                        terms = [(row.row.key, cell.column) for cell in derivations[prefix, column].cells]
                        yield ((row.row.key, column), (prefix, column)), terms

    def filled(self) -> tuple[Filled, ...]:
        """Every input cell that is not blank: keyed cells, then list rows."""
        if self._filled is None:
            self._filled = tuple(self._find_filled())
        return self._filled

    def _find_filled(self) -> Iterator[Filled]:
        keyed = _keyed_columns(self.scheme)
        for place, entry in self.submission.cells.items():
            if not _is_blank(entry) and (known := keyed.get(place)) is not None:
                yield place, known[0], entry, known[1]
        for prefix, sheet in self.scheme.lists.items():
            columns = {column.name: column for column in sheet.columns}
            for row in self.rows(prefix):
                for name, entry in row.row.entries.items():
                    if not _is_blank(entry):
                        yield (row.row.key, name), columns[name], entry, f"{row.row.key}（{name}）"

    def rows(self, prefix: str) -> tuple[ListRow, ...]:
        """The filled rows of a list with their computed columns."""
        return self.figures.rows[prefix]

    def ref(self, key: str, column: str) -> Ref:
        """The cell of a place, where it was read or where the template has it."""
        return place_ref(self.submission, self.scheme, key, column)

    def refs(self, places: Iterable[tuple[str, str]]) -> Ref:
        """Several cells of one sheet as one Ref (``B11、B34``)."""
        return join(self.ref(key, column) for key, column in places)

    def row_ref(self, row: ListRow, column: str) -> Ref:
        """A cell of a list row, its key cell when the column is missing."""
        entry = row.row.entries.get(column)
        if entry is not None:
            return entry.ref
        sheet = next(iter(row.row.entries.values())).ref.sheet
        return Ref(sheet, f"A{row.row.number}")

    def finding(
        self,
        code: str,
        ref: Ref,
        what: str,
        *,
        found: str = "",
        expected: str = "",
        difference: Decimal | None = None,
        variant: str = "",
        level: Level | None = None,
        advice: str = "",
        explanation: str = "",
    ) -> Finding:
        """A finding of a rule, with the severity and the remedy that the scheme gives it."""
        rule = self.scheme.rules[code]
        return Finding(
            code=code,
            level=level or (rule.variants[variant] if variant else rule.level),
            kind=rule.kind,
            ref=ref,
            what=what,
            found=found,
            expected=expected,
            difference=difference,
            advice=advice or rule.advice,
            explanation=explanation,
        )

    def indicators(self) -> Iterator[Indicator]:
        """The indicators of the scheme, those that the department may leave out and did left out."""
        for indicator in self.scheme.indicators.values():
            unchosen = indicator.spec.optional and self.submission.value(indicator.code, APPLICABLE) == "否"
            if not unchosen and not is_inapplicable(self.submission, indicator):
                yield indicator


def _is_blank(entry: Entry) -> bool:
    return entry.value is None and not entry.raw and not entry.unreadable


@lru_cache(maxsize=8)
def _keyed_columns(scheme: Scheme) -> Mapping[tuple[str, str], tuple[ColumnSpec, str]]:
    """The column and the name of every keyed input cell, what the template prints left out."""
    found = {
        (line.key, column): (spec, f"{line.label}（{column}）")
        for line in scheme.lines.values()
        for column, spec in line.types.items()
    }
    for code, indicator in scheme.indicators.items():
        for spec in scheme.sheets[scheme.sheet_of(code)].columns:
            if not spec.constant and spec.type != "label":
                found[code, spec.name] = (spec, f"{code} {indicator.name}（{spec.name}）")
    return found


Rule = Callable[[Case], Iterator[Finding]]

RULES: Final[dict[str, Rule]] = {}
"""Every rule written as a function, by the code it speaks for; filled by ``rule`` when a family is imported."""


def rule(code: str) -> Callable[[Rule], Rule]:
    """Enter a function into the catalogue under its code; a code has one function."""

    def enter(function: Rule) -> Rule:
        if code in RULES:
            raise ValueError(f"rule {code} is defined twice")
        RULES[code] = function
        return function

    return enter


def join(refs: Iterable[Ref]) -> Ref:
    """Cells of one sheet as one Ref."""
    places = list(refs)
    return Ref(places[0].sheet, compress(ref.cell for ref in places))
