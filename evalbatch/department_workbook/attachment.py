"""附件表: the official seven-column form, print-only, live: groups as printed, one of them once for each row of a list.

Groups before the repeated one stand where they stand. From there on a row shows what it has to by how many rows the
list has: a row of the repeated group for one of its works, or the next row of the groups that follow. Cells cannot be
merged by a formula, so there the frames of merged cells are drawn by conditional formats; what decides stands in
hidden columns beside the form. Every row that is shown has its level-2 indicator, under merged cells too, so that a
filter on that column takes away the rows that show nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from itertools import groupby
from typing import Final

from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from evalbatch.cell_text import plain_text
from evalbatch.department_workbook.figures import FilledFigures, FilledRow
from evalbatch.department_workbook.frame import (
    HEADER,
    Form,
    Head,
    PrintedRows,
    close_sheet,
    height,
    open_sheet,
    plain_number,
    put_formula,
    quoted,
)
from evalbatch.department_workbook.live import live_formulas
from evalbatch.department_workbook.support import list_range, live_text, support_layout
from evalbatch.model import Value
from evalbatch.scheme import PLACEHOLDER, SELF_SCORE, Formula, Indicator, Scheme
from evalbatch.scheme import formula as language
from evalbatch.scheme.formula import Cell
from evalbatch.scheme.layout import ATTACHMENT_SHEET, address, column_letter, template_layout
from evalbatch.scheme.spec import GroupSpec

_COLUMNS: Final = (
    ("一级指标", 23), ("二级指标", 24), ("三级指标（参考）", 28), ("指标说明", 40), ("评价要点", 44),
    ("分数权重", 9), ("自评得分情况", 11),
)  # fmt: skip
_LEVEL1, _LEVEL2, _LEVEL3, _EXPLAIN, _POINT, _WEIGHT, _SCORE = range(len(_COLUMNS))
_TITLE: Final = "附件：《部门整体绩效评价自评表》"
_NOTE: Final = "注：本表由绩效自评表、重点工作完成情况表等自动生成，供打印盖章用，不需填写。"
_SCORE_FORMAT: Final = 'General"分"'
_MINIMUM_HEIGHT: Final = 20.0

_KIND, _PLACE, _GROUP, _OWN = range(len(_COLUMNS) + 1, len(_COLUMNS) + 5)
"""Hidden columns of a row below the repeated group's first: 0 for a row of that group, else the number of the row that
follows; where the list row stands in its list; whether a group begins here; whether a weight does."""
_TAIL: Final = _OWN + 2
"""The first of the hidden columns with the rows of the groups that follow: the seven of the form, and two beginnings."""
_BEGINS, _WEIGHS = _TAIL + len(_COLUMNS), _TAIL + len(_COLUMNS) + 1


@dataclass(frozen=True, slots=True)
class _Row:
    """A row of the form outside the repeated group: its texts by column, its score, and what begins with it."""

    texts: Mapping[int, str]
    score: Formula | None
    begins: bool
    weighs: bool


@dataclass(frozen=True, slots=True)
class _Plan:
    """The form of a scheme: the groups that stand still, the one that is repeated, and the rows that follow it."""

    still: tuple[GroupSpec, ...]
    repeated: GroupSpec | None
    block: tuple[Indicator, ...]
    tail: tuple[_Row, ...]
    first: int
    """The row (from 0) at which the repeated group begins, the first row after the form where none is repeated."""

    def last_row(self, scheme: Scheme) -> int:
        """The last row that may be shown, from 0."""
        if self.repeated is None:
            return self.first - 1
        support = support_layout(scheme)[self.repeated.each]
        most = support.last_row - support.first_row + 1
        return self.first + len(self.block) * most + len(self.tail) - 1


@lru_cache(maxsize=8)
def _plan(scheme: Scheme) -> _Plan:
    groups = scheme.spec.groups
    at = next((index for index, group in enumerate(groups) if group.each), len(groups))
    still, repeated = groups[:at], groups[at] if at < len(groups) else None
    return _Plan(
        still=still,
        repeated=repeated,
        block=() if repeated is None else _indicators(scheme, repeated),
        tail=tuple(row for group in groups[at + 1 :] for row in _rows(scheme, group)),
        first=HEADER + 1 + sum(len(_indicators(scheme, group)) for group in still),
    )


def _indicators(scheme: Scheme, group: GroupSpec) -> tuple[Indicator, ...]:
    return tuple(indicator for indicator in scheme.indicators.values() if indicator.group.code == group.code)


def _rows(scheme: Scheme, group: GroupSpec) -> Iterator[_Row]:
    """The rows of a group that follows the repeated one; what is merged there is written in the middle row."""
    indicators = _indicators(scheme, group)
    middle = (len(indicators) - 1) // 2
    for index, indicator in enumerate(indicators):
        texts = {
            _LEVEL1: group.title if index == middle else "",
            _LEVEL2: indicator.spec.level2,
            _LEVEL3: _level3(scheme, indicator),
            _EXPLAIN: indicator.spec.explain,
            _POINT: indicator.spec.point,
            _WEIGHT: "" if group.cap is not None or index != middle else _weight(group),
        }
        score: Formula | None = None
        if group.cap is not None:
            # additions and deductions stand outside the 100 points: each on its own row, blank when there is none
            score = Formula.of(Cell(indicator.code, SELF_SCORE))
        elif index == middle:
            score = live_formulas(scheme).claimed[group.code]
        yield _Row(texts, score, index == 0, index == 0 or group.cap is not None)


def _weight(group: GroupSpec) -> str:
    return f"{plain_number(group.points)}分"


def _level3(scheme: Scheme, indicator: Indicator) -> str:
    """The printed code and name; where level 2 is already that, the list in which the department names its own."""
    if not indicator.spec.level2.startswith(indicator.code):
        return f"{indicator.code}{indicator.name}"
    read = () if indicator.points is None else language.cells(indicator.points.node)
    listed = next((cell.key for cell in read if cell.key in scheme.lists), None)
    return "" if listed is None else f"见{scheme.lists[listed].name}"


# ---------------------------------------------------------------- what the formulas say


def official_values(scheme: Scheme, figures: FilledFigures) -> dict[tuple[int, int], Value]:
    """The value of every computed cell of the form but 填报单位, by row and column from 0."""
    plan = _plan(scheme)
    found: dict[tuple[int, int], Value] = {}
    row = HEADER + 1
    for group in plan.still:
        for offset, score in _scores(scheme, group):
            found[row + offset, _SCORE] = score.evaluate(figures)
        row += len(_indicators(scheme, group))
    if plan.repeated is not None:
        found |= dict(_repeated_values(scheme, figures, plan, plan.repeated))
    return found


def _scores(scheme: Scheme, group: GroupSpec) -> Iterator[tuple[int, Formula]]:
    """The scores of a group that stands still, by the offset of their row."""
    if group.cap is None:
        yield 0, live_formulas(scheme).claimed[group.code]
        return
    for offset, indicator in enumerate(_indicators(scheme, group)):
        yield offset, Formula.of(Cell(indicator.code, SELF_SCORE))


def _repeated_values(
    scheme: Scheme, figures: FilledFigures, plan: _Plan, group: GroupSpec
) -> Iterator[tuple[tuple[int, int], Value]]:
    listed = [(place, row) for place, row in enumerate(figures.rows[group.each], 2) if row.used]
    blocks = max(1, len(listed))
    shown = blocks * len(plan.block)
    claimed = live_formulas(scheme).claimed[group.code].evaluate(figures)
    scores = [None if row.score is None else row.score.evaluate(figures) for row in plan.tail]
    yield (HEADER, _KIND), _decimal(blocks)
    yield (HEADER, _PLACE), claimed
    for offset, score in enumerate(scores):
        yield (plan.first + offset, _TAIL + _SCORE), score
    for offset in range(plan.last_row(scheme) - plan.first + 1):
        row, after = plan.first + offset, offset - shown
        values: dict[int, Value] = dict.fromkeys((*range(len(_COLUMNS)), _KIND, _PLACE, _GROUP, _OWN))
        if after < 0:
            block, part = divmod(offset, len(plan.block))
            place, filled = listed[block] if block < len(listed) else (0, None)
            values |= dict(_block_texts(plan.block[part], filled))
            begins = _decimal(int(offset == 0))
            values |= {_KIND: _decimal(0), _PLACE: _decimal(place), _GROUP: begins, _OWN: begins}
            if offset == (shown - 1) // 2:
                values |= {_LEVEL1: group.title, _WEIGHT: _weight(group), _SCORE: claimed}
        elif after < len(plan.tail):
            tail = plan.tail[after]
            values |= dict(tail.texts)
            values |= {_KIND: _decimal(after + 1), _PLACE: _decimal(0), _SCORE: scores[after]}
            values |= {_GROUP: _decimal(int(tail.begins)), _OWN: _decimal(int(tail.weighs))}
        for column, value in values.items():
            yield (row, column), value


def _block_texts(indicator: Indicator, row: FilledRow | None) -> Iterator[tuple[int, str]]:
    """What the three columns of a row of the repeated group say for a list row."""
    yield _LEVEL2, indicator.spec.level2
    for column, text in _templates(indicator):
        yield column, "" if row is None else PLACEHOLDER.sub(lambda match: _shown(row.figure("", match[1])), text)


def _templates(indicator: Indicator) -> Iterator[tuple[int, str]]:
    spec = indicator.spec
    return zip((_LEVEL3, _EXPLAIN, _POINT), (spec.each_name, spec.each_explain, spec.each_point), strict=True)


def _shown(value: Value) -> str:
    """A cell as a formula joins it to a text."""
    if isinstance(value, Decimal):
        return plain_number(value)
    return value.isoformat() if isinstance(value, date) else plain_text(value or "")


def _decimal(number: int) -> Decimal:
    return Decimal(number)


# ---------------------------------------------------------------- writing


def write_attachment(form: Form) -> None:
    """Write the printed form."""
    plan, values = _plan(form.scheme), official_values(form.scheme, form.figures)
    sheet = open_sheet(form, ATTACHMENT_SHEET, Head(_TITLE, _NOTE), _COLUMNS, 0)
    row = HEADER + 1
    for group in plan.still:
        _write_group(form, sheet, row, group, values)
        row += len(_indicators(form.scheme, group))
    last = plan.last_row(form.scheme)
    if plan.repeated is not None:
        _write_tail(form, sheet, plan, values)
        _write_repeated(form, sheet, plan, plan.repeated, values)
        sheet.set_column(_KIND, _WEIGHS, None, None, {"hidden": True})
        sheet.autofilter(HEADER, _LEVEL2, last, _LEVEL2)
    close_sheet(form, sheet, last, len(_COLUMNS) - 1, printed_form(form.scheme, form.figures))


def printed_form(scheme: Scheme, figures: FilledFigures) -> PrintedRows | None:
    """How far the form prints: to the last row of its last group; None where nothing is repeated."""
    plan = _plan(scheme)
    if plan.repeated is None:
        return None
    blocks = max(1, sum(row.used for row in figures.rows[plan.repeated.each]))
    size, still = len(plan.block), plan.first + len(plan.tail)
    formula = f"{still}+{size}*'{ATTACHMENT_SHEET}'!{_fixed(HEADER, _KIND)}"
    return PrintedRows(formula, still + size * blocks)


def _fixed(row: int, column: int) -> str:
    return f"${column_letter(column + 1)}${row + 1}"


def _write_group(
    form: Form, sheet: Worksheet, row: int, group: GroupSpec, values: Mapping[tuple[int, int], Value]
) -> None:
    left, centred = form.styles.attachment(), form.styles.attachment("center")
    rows = _indicators(form.scheme, group)
    last = row + len(rows) - 1
    _span(sheet, row, last, _LEVEL1, group.title, left)
    for level2, first, count in _runs(rows):
        _span(sheet, row + first, row + first + count - 1, _LEVEL2, level2, left)
        for covered in range(row + first + 1, row + first + count):
            sheet.write_string(covered, _LEVEL2, level2, left)
    for offset, indicator in enumerate(rows):
        texts = {
            _LEVEL3: _level3(form.scheme, indicator),
            _EXPLAIN: indicator.spec.explain,
            _POINT: indicator.spec.point,
        }
        for column, text in texts.items():
            sheet.write_string(row + offset, column, text, left)
        sheet.set_row(row + offset, _height(texts | {_LEVEL2: indicator.spec.level2}))
    if group.cap is None:
        _span(sheet, row, last, _WEIGHT, _weight(group), centred)
        _span(sheet, row, last, _SCORE, "", centred)
    for offset, score in _scores(form.scheme, group):
        if group.cap is not None:
            sheet.write_blank(row + offset, _WEIGHT, None, centred)
        formula = live_text(score.node, form.scheme, ATTACHMENT_SHEET)
        style = form.styles.attachment("center", _SCORE_FORMAT)
        put_formula(sheet, row + offset, _SCORE, formula, style, values[row + offset, _SCORE])


def _height(texts: Mapping[int, str]) -> float:
    return max(_MINIMUM_HEIGHT, height([(text, _COLUMNS[column][1]) for column, text in texts.items()]))


def _runs(rows: Sequence[Indicator]) -> Iterator[tuple[str, int, int]]:
    """Each level-2 indicator with its first row within the group and the number of its rows."""
    first = 0
    for level2, run in groupby(rows, key=lambda indicator: indicator.spec.level2):
        count = len(list(run))
        yield level2, first, count
        first += count


def _span(sheet: Worksheet, first: int, last: int, column: int, text: str, style: Format) -> None:
    """A cell over rows ``first`` to ``last`` of a column."""
    if first == last:
        sheet.write_string(first, column, text, style)
    else:
        sheet.merge_range(first, column, last, column, text, style)


def _write_tail(form: Form, sheet: Worksheet, plan: _Plan, values: Mapping[tuple[int, int], Value]) -> None:
    """The rows that follow the repeated group, out of sight: the form looks them up."""
    style = form.styles.plain()
    for offset, tail in enumerate(plan.tail):
        row = plan.first + offset
        for column, text in tail.texts.items():
            sheet.write_string(row, _TAIL + column, text, style)
        if tail.score is not None:
            formula = live_text(tail.score.node, form.scheme, ATTACHMENT_SHEET)
            put_formula(sheet, row, _TAIL + _SCORE, formula, style, values[row, _TAIL + _SCORE])
        else:
            # a blank cell would be looked up as 0
            put_formula(sheet, row, _TAIL + _SCORE, quoted(""), style, "")
        sheet.write_number(row, _BEGINS, int(tail.begins), style)
        sheet.write_number(row, _WEIGHS, int(tail.weighs), style)


def _write_repeated(
    form: Form, sheet: Worksheet, plan: _Plan, group: GroupSpec, values: Mapping[tuple[int, int], Value]
) -> None:
    support, styles = support_layout(form.scheme)[group.each], form.styles
    used, size, blocks = support.range(support.used), len(plan.block), _fixed(HEADER, _KIND)
    claimed = live_text(live_formulas(form.scheme).claimed[group.code].node, form.scheme, ATTACHMENT_SHEET)
    plain = styles.plain()
    put_formula(sheet, HEADER, _KIND, f"MAX(1,COUNT({used}))", plain, values[HEADER, _KIND])
    put_formula(sheet, HEADER, _PLACE, claimed, plain, values[HEADER, _PLACE])
    last = plan.last_row(form.scheme)
    bottom = plan.first + max(len(plan.tail), 1)

    def looked_up(column: int) -> str:
        letter = column_letter(_TAIL + column + 1)
        return f"INDEX(${letter}${plan.first + 1}:${letter}${bottom},{{kind}})"

    for offset in range(last - plan.first + 1):
        row = plan.first + offset
        block, part = divmod(offset, size)
        indicator = plan.block[part]
        kind, place = address(row + 1, _KIND + 1), address(row + 1, _PLACE + 1)
        middle = f"{offset}=INT(({size}*{blocks}-1)/2)"
        own = {
            _LEVEL1: f'IF({middle},{quoted(group.title)},"")',
            _LEVEL2: quoted(indicator.spec.level2),
            _WEIGHT: f'IF({middle},{quoted(_weight(group))},"")',
            _SCORE: f'IF({middle},{_fixed(HEADER, _PLACE)},"")',
            _PLACE: f"IF({block}<COUNT({used}),SMALL({used},{block + 1}),0)",
            _GROUP: str(int(offset == 0)),
            _OWN: str(int(offset == 0)),
        }
        own |= {column: _block_formula(form, group.each, text, place) for column, text in _templates(indicator)}
        after = f"{offset}-{size}*{blocks}"
        put_formula(
            sheet, row, _KIND, f'IF({after}<0,0,IF({after}<{len(plan.tail)},{after}+1,""))', plain, values[row, _KIND]
        )
        lookups = {_PLACE: "0", _GROUP: looked_up(_BEGINS - _TAIL), _OWN: looked_up(_WEIGHS - _TAIL)}
        for column, text in own.items():
            lookup = lookups.get(column, looked_up(column)).format(kind=kind)
            if column <= _WEIGHT:
                lookup += '&""'
            style = _style(form, column)
            formula = f'IF({kind}="","",IF({kind}=0,{text},{lookup}))'
            put_formula(sheet, row, column, formula, style, values[row, column])
        sheet.set_row(row, _repeated_height(plan, offset, values))
    _frame(form, sheet, plan, last)


def _style(form: Form, column: int) -> Format:
    if column > _SCORE:
        return form.styles.plain()
    align = "center" if column in (_WEIGHT, _SCORE) else "left"
    return form.styles.unframed(align, _SCORE_FORMAT if column == _SCORE else "General")


def _block_formula(form: Form, prefix: str, template: str, place: str) -> str:
    """A text of the repeated group over the list row at ``place``, blank while there is none."""
    layout = template_layout(form.scheme)[form.scheme.lists[prefix].name]
    types = {column.name: column.type for column in layout.spec.columns}
    pieces: list[str] = []
    for index, part in enumerate(PLACEHOLDER.split(template)):
        if index % 2:
            at = layout.columns[part]
            cell = f"INDEX({list_range(form.scheme, prefix, at, at)},{place})"
            pieces.append(f'IF({cell}="","",TEXT({cell},"yyyy-mm-dd"))' if types[part] == "date" else cell)
        elif part:
            pieces.append(quoted(part))
    return f'IF({place}=0,"",{"&".join([*pieces, quoted("")])})'


def _repeated_height(plan: _Plan, offset: int, values: Mapping[tuple[int, int], Value]) -> float:
    """The height for what a row shows now, and for each row of the groups that follow which may come to stand there."""
    row, size = plan.first + offset, len(plan.block)
    now = {column: str(values[row, column] or "") for column in (_LEVEL2, _LEVEL3, _EXPLAIN, _POINT)}
    later = [
        tail.texts for index, tail in enumerate(plan.tail) if index <= offset - size and not (offset - index) % size
    ]
    return max(_height(texts) for texts in (now, {_LEVEL2: plan.block[offset % size].spec.level2}, *later))


def _frame(form: Form, sheet: Worksheet, plan: _Plan, last: int) -> None:
    """Frames around the cells that are shown; where cells would be merged, only around the whole."""
    first, kind = plan.first, f"${column_letter(_KIND + 1)}{plan.first + 1}"
    final = f"{kind}={len(plan.tail)}"

    def lay(begin: int, end: int, condition: str, **sides: int) -> None:
        options = {
            "type": "formula",
            "criteria": f"={condition}",
            "format": form.styles.framed(**sides),
            "stop_if_true": True,
        }
        sheet.conditional_format(first, begin, last, end, options)

    lay(_LEVEL2, _POINT, f'{kind}<>""', left=1, right=1, top=1, bottom=1)
    for begin, end, begins in ((_LEVEL1, _LEVEL1, _GROUP), (_WEIGHT, _SCORE, _OWN)):
        begun = f"${column_letter(begins + 1)}{first + 1}=1"
        lay(begin, end, f"AND({begun},{final})", left=1, right=1, top=1, bottom=1)
        lay(begin, end, begun, left=1, right=1, top=1)
        lay(begin, end, final, left=1, right=1, bottom=1)
        lay(begin, end, f'{kind}<>""', left=1, right=1)
