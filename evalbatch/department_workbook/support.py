"""The hidden sheet 测算辅助: what the live formulas need besides input cells, and where it stands.

Each list is mirrored position by position through INDEX over its whole table, so that rows a department inserts or
sorts take part, and every range of a live formula has the same length.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Final

from xlsxwriter.worksheet import Worksheet

from evalbatch.department_workbook.figures import UNIT, FilledRow
from evalbatch.department_workbook.frame import Form, add_sheet, printed_cell, put_formula, quoted
from evalbatch.department_workbook.live import LITERAL, LiveCheck, LiveFigure, live_formulas
from evalbatch.model import Value
from evalbatch.scheme import REASON, SHOWN_DECIMALS, Scheme
from evalbatch.scheme.formula import UNNAMED, Addresses, Call, Cell, Node, Sum, maybe_blank, number, scalar, to_excel
from evalbatch.scheme.layout import (
    HEADER_ROW,
    SUPPORT_SHEET,
    SheetLayout,
    address,
    column_letter,
    template_cell,
    template_layout,
    visible_columns,
)
from evalbatch.scheme.spec import ColumnSpec

_FACTOR: Final = 1
"""Row of the first parameter, in column B: the workbook's units in 1 万元."""
_STEP: Final = 2
_FIXED: Final = 3
_DIGITS: Final = 4
COUNTED: Final = (5, 6, 7, 8)
"""Rows of the counts that the cover sums up, in column B."""
_HEADER: Final = 10
_FIRST: Final = _HEADER + 1
_POSITION: Final = f"ROW()-{_HEADER - 1}"
"""The position of the current row within its list, the headers of the list being the first."""
_USED: Final = "填列"
_ROW: Final = "§"
"""Stands for the number of the current row."""
_ABOVE: Final = "¤"
"""Stands for the number of the row above it."""
_LONGEST_NAMES: Final = 20000
"""No further name is joined beyond so many characters: a cell holds 32,767."""
_SPARE: Final = 10
"""Inserted rows that are foreseen at least, and one for so many printed ones."""
_EXACT_RATIO: Final = "12"
_DIFFERENCE_DIGITS: Final = 8
"""Decimals in 万元 at which two amounts are told apart: a hundredth of a 分."""


def parameter(row: int) -> str:
    """The address of a figure in column B that is none of a list."""
    return f"'{SUPPORT_SHEET}'!$B${row}"


@dataclass(frozen=True, slots=True)
class SupportList:
    """The columns of one list on the support sheet, 1-based: mirrors, computed columns, checks, joined names."""

    prefix: str
    used: int
    """The position of each filled row within its list, the headers being the first; blank for the others."""
    mirrors: dict[str, int]
    computed: dict[str, int]
    checks: dict[str, int]
    names: dict[tuple[str, str], int]
    """By (label, flag): the names of the flagged rows so far, joined; the last row has them all."""
    last_row: int
    first_row: int = _FIRST

    def column(self, name: str) -> int:
        """The column of a list column, whether mirrored or computed here."""
        return self.computed[name] if name in self.computed else self.mirrors[name]

    def range(self, column: int) -> str:
        """The absolute range of a column."""
        letter = column_letter(column)
        return f"'{SUPPORT_SHEET}'!${letter}${_FIRST}:${letter}${self.last_row}"


@lru_cache(maxsize=8)
def support_layout(scheme: Scheme) -> Mapping[str, SupportList]:
    """Where each list stands on the support sheet."""
    live = live_formulas(scheme)
    found: dict[str, SupportList] = {}
    start = 1
    for prefix, sheet in scheme.lists.items():
        hidden = {column.name for column in sheet.columns if column.hidden}
        read = {cell.column for cell in live.list_cells(prefix)}
        names = [column.name for column in visible_columns(sheet) if column.name in read]
        computed = [name for name in live.rows[prefix] if name in hidden]
        checks = [check.check.id for check in live.checks if check.check.list == prefix]
        named = live.named(prefix)
        width = 1 + len(names) + len(computed) + len(checks) + len(named)
        places = iter(range(start + 1, start + width))
        found[prefix] = SupportList(
            prefix=prefix,
            used=start,
            mirrors={name: next(places) for name in names},
            computed={name: next(places) for name in computed},
            checks={name: next(places) for name in checks},
            names={pair: next(places) for pair in named},
            last_row=_HEADER + sheet.rows + max(_SPARE, sheet.rows // _SPARE),
        )
        start += width + 1
    return found


class LiveAddresses:
    """Addresses of live formulas on ``sheet``: input cells where they stand, lists by their mirrors."""

    def __init__(self, scheme: Scheme, sheet: str) -> None:
        self.scheme = scheme
        self.sheet = sheet

    def cell(self, key: str, column: str) -> str:
        """An input cell, or a literal amount in the workbook's unit."""
        if key == LITERAL:
            return f"({column}*{parameter(_FACTOR)})"
        name, cell = template_cell(self.scheme, key, column)
        return cell if name == self.sheet else f"'{name}'!{cell}"

    def column(self, prefix: str, column: str) -> str:
        """The mirror of a list column."""
        support = support_layout(self.scheme)[prefix]
        return support.range(support.column(column))

    def names(self, prefix: str, label: str, flag: str) -> str:
        """The joined names of a list's flagged rows."""
        support = support_layout(self.scheme)[prefix]
        letter = column_letter(support.names[label, flag])
        return f"'{SUPPORT_SHEET}'!${letter}${support.last_row}"


class MirrorAddresses(LiveAddresses):
    """Addresses within a list on the support sheet, its current row written as ``_ROW``: compiled once for all rows."""

    def __init__(self, scheme: Scheme, prefix: str) -> None:
        super().__init__(scheme, SUPPORT_SHEET)
        self.support = support_layout(scheme)[prefix]

    def cell(self, key: str, column: str) -> str:
        """A cell of the current row, or an input cell elsewhere."""
        return super().cell(key, column) if key else column_letter(self.support.column(column)) + _ROW

    def column(self, prefix: str, column: str) -> str:
        """A column of this list, or of another one."""
        return super().column(prefix or self.support.prefix, column)


class RowAddresses:
    """Addresses of a derived cell or a rate on its own sheet: plain and relative; ``row`` is the current one."""

    def __init__(self, scheme: Scheme, layout: SheetLayout, row: int = 0) -> None:
        self.scheme = scheme
        self.layout = layout
        self.row = row

    def cell(self, key: str, column: str) -> str:
        """A cell of this row, of this sheet, or of another one."""
        if not key:
            return address(self.row, self.layout.columns[column])
        name, cell = template_cell(self.scheme, key, column)
        return cell if name == self.layout.spec.name else f"'{name}'!{cell}"

    def column(self, prefix: str, column: str) -> str:
        """A column of a list sheet over its printed rows."""
        sheet = template_layout(self.scheme)[self.scheme.lists[prefix].name]
        letter, rows = column_letter(sheet.columns[column]), sorted(sheet.rows.values())
        return f"'{sheet.spec.name}'!${letter}${rows[0]}:${letter}${rows[-1]}"


@lru_cache(maxsize=8192)
def live_text(node: Node, scheme: Scheme, sheet: str) -> str:
    """A live formula as written on a sheet; compiled once a process, since every workbook has the same."""
    return to_excel(node, LiveAddresses(scheme, sheet))


@lru_cache(maxsize=256)
def sentence_text(scheme: Scheme, code: str, sheet: str) -> str:
    """测算说明 of an indicator: the scheme's sentences as one formula, which says the first that holds."""
    addresses, text = LiveAddresses(scheme, sheet), '""'
    for sentence in reversed(live_formulas(scheme).sentences[code]):
        said = "&".join(
            quoted(piece) if isinstance(piece, str) else _figure_text(piece, addresses)
            for piece in sentence.pieces
            if piece
        )
        text = said if sentence.when is None else f"IF({to_excel(sentence.when.node, addresses)},{said},{text})"
    return text


def _figure_text(figure: LiveFigure, addresses: LiveAddresses) -> str:
    """A figure as ``evalbatch.scheme.show`` writes it."""
    node = figure.formula.node
    match node:
        case Call("NAMES", (Cell(prefix, label, _), Cell(_, flag, _)), _):
            return addresses.names(prefix, label, flag)
        case Cell(key, column, _) if key in addresses.scheme.indicators and column == REASON:
            return addresses.cell(key, column)
        case _:
            pass
    value = to_excel(node, addresses)
    amount = f"N({value})" if maybe_blank(node) else value
    amount = f"{amount}/{parameter(_FACTOR)}" if figure.amount else amount
    digits, pattern = {"%": (4, "0.00%"), "0": (0, "0")}.get(figure.form, (SHOWN_DECIMALS, "0.00####"))
    text = f'TEXT(ROUND({amount},{digits}),"{pattern}")'
    return f'IF({value}="","—",{text})' if maybe_blank(node) else text


@lru_cache(maxsize=8192)
def row_text(node: Node, scheme: Scheme, sheet: str, row: int) -> str:
    """The formula of a derived cell or a rate as written in a row of its own sheet; compiled once a process."""
    return to_excel(node, RowAddresses(scheme, template_layout(scheme)[sheet], row))


# ---------------------------------------------------------------- the verdict of a check


def difference(live: LiveCheck, left: str, right: str) -> str:
    """The formula of left minus right, free of the noise of binary fractions; blank when either is blank."""
    digits = _EXACT_RATIO if live.ratio else parameter(_DIGITS)
    return f'IF(AND(ISNUMBER({left}),ISNUMBER({right})),ROUND({left}-{right},{digits}),"")'


def verdict(live: LiveCheck, gap: str, addresses: Addresses) -> str:
    """The condition under which a check is met, ``gap`` being its difference: what ``Check.judge`` says."""
    operator = live.check.operator
    if operator in (">", "<", "<>"):
        return f"{gap}{operator}0"
    allowed = _allowed(live, addresses)
    match operator:
        case "=":
            return f"ABS({gap})<={allowed}"
        case "<=":
            return f"{gap}<={allowed}"
        case _:
            return f"{gap}>=-{allowed}"


def _allowed(live: LiveCheck, addresses: Addresses) -> str:
    match live.check.tolerance:
        case "fixed":
            return parameter(_FIXED)
        case "tail":
            node = live.check.right.node
            terms = [term for _, term in node.terms] if isinstance(node, Sum) else [node]
            counted = "+".join(_counted(term, addresses) for term in terms)
            return f"ROUND({parameter(_STEP)}*(1+{counted}),12)"
        case _:
            return "0"


def _counted(term: Node, addresses: Addresses) -> str:
    """The non-zero terms that a term of an identity stands for: each filled row of a list is one."""
    match term:
        case Call("SUM", (Cell(prefix, column, _),), _):
            rows = addresses.column(prefix, column)
            return f"SUMPRODUCT(ISNUMBER({rows})*({rows}<>0))"
        case _:
            return f"(N({_written(term, addresses)})<>0)"


def _written(term: Node, addresses: Addresses) -> str:
    return addresses.cell(term.key, term.column) if isinstance(term, Cell) else to_excel(term, addresses)


# ---------------------------------------------------------------- the sheet


def write_support(form: Form) -> None:
    """Write the hidden sheet."""
    sheet = add_sheet(form, SUPPORT_SHEET)
    _write_parameters(form, sheet)
    for index, (name, printed) in enumerate(form.printed.items()):
        cell = printed_cell(index).replace("$", "")
        sheet.write_string(cell.replace("2", "1"), f"{name}打印至", form.styles.plain())
        sheet.write_formula(cell, f"={printed.formula}", form.styles.plain(), printed.value)
    for support in support_layout(form.scheme).values():
        _write_list(form, sheet, support)
    sheet.protect()
    sheet.hide()


def _write_parameters(form: Form, sheet: Worksheet) -> None:
    scheme, figures, style = form.scheme, form.figures, form.styles.plain()
    units, tolerance, unit = scheme.spec.units, scheme.spec.tolerance, form.reference(*UNIT)

    def by_unit(values: Mapping[str, Decimal], otherwise: Decimal) -> str:
        text = f"{otherwise:f}"
        for name, value in values.items():
            if value != otherwise:
                text = f"IF({unit}={quoted(name)},{value:f},{text})"
        return text

    factors = {name: 1 / value for name, value in units.items()}
    steps = {name: scheme.tail_step(name) * factor for name, factor in factors.items()}
    digits = {name: Decimal(_DIFFERENCE_DIGITS + value.adjusted()) for name, value in units.items()}
    rows: list[tuple[int, str, str, Decimal]] = [
        (_FACTOR, "一万元合填报单位", by_unit(factors, Decimal(1)), figures.per_unit),
        (_STEP, "尾差（每项）", by_unit(steps, tolerance.step), steps.get(figures.unit, tolerance.step)),
        (_FIXED, "超支尾差", f"{tolerance.fixed:f}*{parameter(_FACTOR)}", tolerance.fixed * figures.per_unit),
        (
            _DIGITS,
            "差额小数位数",
            by_unit(digits, Decimal(_DIFFERENCE_DIGITS)),
            digits.get(figures.unit, Decimal(_DIFFERENCE_DIGITS)),
        ),
    ]
    for row, label, formula, value in rows:
        sheet.write_string(row - 1, 0, label, style)
        put_formula(sheet, row - 1, 1, formula, style, value)


def _write_list(form: Form, sheet: Worksheet, support: SupportList) -> None:
    prefix, style = support.prefix, form.styles.plain()
    checks = {check.check.id: check for check in live_formulas(form.scheme).checks}
    for name, column in (
        (_USED, support.used), *support.mirrors.items(), *support.computed.items(), *support.checks.items(),
    ):  # fmt: skip
        sheet.write_string(_HEADER - 1, column - 1, f"{prefix}.{name}", style)
    for (_, flag), column in support.names.items():
        # one row higher: the first row joins its name to the blank cell above it
        sheet.write_string(_HEADER - 2, column - 1, f"{prefix}.{flag}", style)
    formulas = _row_formulas(form.scheme, prefix)
    filled = form.figures.rows[prefix]
    joined = dict.fromkeys(support.names, "")
    for index in range(support.last_row - _HEADER):
        line = _FIRST + index
        values: dict[int, Value] = {}
        if index < len(filled) and filled[index].used:
            row = filled[index]
            values = {support.used: Decimal(2 + index)}
            values |= {column: row.figure("", name) for name, column in (support.mirrors | support.computed).items()}
            values |= {column: _judged(form, checks[name], row) for name, column in support.checks.items()}
            for (label, flag), text in joined.items():
                if number(scalar(row.figure("", flag))):
                    joined[label, flag] = text + ("、" if text else "") + str(row.figure("", label) or UNNAMED)
        values |= {column: joined[pair] for pair, column in support.names.items()}
        for column, formula in formulas.items():
            text = formula.replace(_ROW, str(line)).replace(_ABOVE, str(line - 1))
            put_formula(sheet, line - 1, column - 1, text, style, scalar(values.get(column)))


def list_range(scheme: Scheme, prefix: str, left: int, right: int) -> str:
    """Columns ``left`` to ``right`` (from 1) of a list on its own sheet, from any other sheet.

    It begins with the headers, so that a row inserted right below them is inside: INDEX into it takes the position
    that ``SupportList.used`` holds.
    """
    last = HEADER_ROW + support_layout(scheme)[prefix].last_row - _HEADER
    sheet = scheme.lists[prefix].name
    return f"'{sheet}'!${column_letter(left)}${HEADER_ROW}:${column_letter(right)}${last}"


def beyond(scheme: Scheme, prefix: str) -> str:
    """The condition under which a list has more filled rows than this sheet mirrors: too many were inserted."""
    layout = template_layout(scheme)[scheme.lists[prefix].name]
    inputs = [layout.columns[column.name] for column in visible_columns(layout.spec) if is_input(column)]
    whole, support = list_range(scheme, prefix, min(inputs), max(inputs)), support_layout(scheme)[prefix]
    first = support.last_row - _HEADER + 2
    rest = f"INDEX({whole},{first},1):INDEX({whole},ROWS({whole}),COLUMNS({whole}))"
    size = f"ROWS({rest})*COLUMNS({rest})"
    return f"IF(ROWS({whole})<{first},FALSE,COUNTBLANK({rest})<{size})"


@lru_cache(maxsize=64)
def _row_formulas(scheme: Scheme, prefix: str) -> Mapping[int, str]:
    """The formulas of a row of one list by column, its own number written as ``_ROW``; compiled once a process."""
    support = support_layout(scheme)[prefix]
    layout = template_layout(scheme)[scheme.lists[prefix].name]
    live = live_formulas(scheme)
    checks = {check.check.id: check for check in live.checks}
    inputs = [layout.columns[column.name] for column in visible_columns(layout.spec) if is_input(column)]
    whole, width = list_range(scheme, prefix, min(inputs), max(inputs)), max(inputs) - min(inputs) + 1
    addresses = MirrorAddresses(scheme, prefix)
    used = f"${column_letter(support.used)}{_ROW}"
    formulas = {support.used: f'IF(COUNTBLANK(INDEX({whole},{_POSITION},0))={width},"",{_POSITION})'}
    for name, column in support.mirrors.items():
        place = f"INDEX({list_range(scheme, prefix, layout.columns[name], layout.columns[name])},{_POSITION})"
        formulas[column] = f'IF({place}="","",{place})'
    for name, column in support.computed.items():
        formulas[column] = f'IF({used}="","",{to_excel(live.rows[prefix][name], addresses)})'
    for name, column in support.checks.items():
        formulas[column] = _row_verdict(checks[name], addresses)
    for (label, flag), column in support.names.items():
        above = f"{column_letter(column)}{_ABOVE}"
        flagged, name = (addresses.cell("", part) for part in (flag, label))
        joined = f'{above}&IF({above}="","","、")&IF({name}="",{quoted(UNNAMED)},{name})'
        formulas[column] = f'IF(OR(N({flagged})=0,LEN({above})>{_LONGEST_NAMES}),{above}&"",{joined})'
    return formulas


def is_input(column: ColumnSpec) -> bool:
    """Whether a list column is filled in rather than computed."""
    return not column.computed and column.formula is None


def _row_verdict(live: LiveCheck, addresses: Addresses) -> str:
    left, right = (f"({to_excel(side.node, addresses)})" for side in (live.left, live.right))
    gap = difference(live, left, right)
    return f'IF({gap}="","",IF({verdict(live, gap, addresses)},0,1))'


def _judged(form: Form, live: LiveCheck, row: FilledRow) -> Decimal | None:
    failing = form.figures.judge_row(live, row)
    return None if failing is None else Decimal(failing)
