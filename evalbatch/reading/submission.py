"""Book + Scheme -> Submission: rows found by key, columns by header, every entry with its cell; judges nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from typing import Final

from evalbatch.model import Entry, Note, Ref, Remark, Row, Submission, Value
from evalbatch.reading.arrangement import (
    INDICATOR_CONSTANTS,
    REFERENCE,
    SheetPlaces,
    Slot,
    holds_printed_formula,
    keyed_slots,
    list_slots,
)
from evalbatch.reading.book import Book, Grid, UnreadableWorkbook
from evalbatch.reading.cells import as_text, plain, read_cell
from evalbatch.reading.changes import (
    LOST,
    Arrangement,
    Comparison,
    Standing,
    TemplateSheet,
    arranged,
    rewritten,
    template_sheets,
    typed_over,
)
from evalbatch.scheme import CONTENT, INDICATOR_INPUTS, Formula, Scheme
from evalbatch.scheme.layout import (
    AUDIT_SHEET,
    KEY_HEADER,
    STATUS_LABELS,
    UNREAD_SHEETS,
    PrintedForm,
    address,
    compress,
    printed_texts,
    template_layout,
)
from evalbatch.scheme.spec import SheetSpec

COVER: Final = "封面"
EXPLANATION: Final = "情况说明"
REQUIRED: Final = ("封面", "绩效自评表", "预算执行情况表")
_HEADER_SEARCH: Final = 40
_TOTAL_LABELS: Final = frozenset({"合计", "总计", "小计", "共计"})
_UNIT_DECLARED: Final = re.compile(r"(?:单位[:(]*|\(|^)(?:人民币)?(亿元|万元|千元|元)(?=人民币|\W|$)")
_UNIT_UNKNOWN: Final = re.compile(r"\(?(?:金额|货币|计量)?单位[:(]*([^,。;()]{0,6}[元万亿][^,。;()]{0,6})\)?")
"""Other words for a unit of money, 百万元 or 万美元."""
_YEAR: Final = re.compile(r"(?<!\d)(20\d{2})(?!\d)")


class NotATemplate(UnreadableWorkbook):
    """A workbook that has none of the form's sheets: other material, not a submission."""


def read_submission(book: Book, scheme: Scheme, source: str, printed: PrintedForm | None = None) -> Submission:
    """The typed submission of a workbook; ``source`` is its path relative to the inbox.

    Where the book is stamped as made of the ``printed`` form, whatever else differs from that is remarked on.
    Raises NotATemplate when no required sheet is there. Every other fault becomes a remark.
    """
    return _Reader(book, scheme, source, printed).read()


@dataclass(slots=True)
class _Table:
    """Where things stand on one sheet of the book: 0-based rows by key, columns by header."""

    grid: Grid
    spec: SheetSpec
    header: int = 0
    columns: dict[str, int] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    extra: list[int] = field(default_factory=list)
    """List rows with content but without a key of their own."""
    inputs: list[tuple[int, bool]] = field(default_factory=list)
    """The columns in which a department fills something in, and whether zeros there may be a formula's."""
    missed: set[str] = field(default_factory=set)
    """The columns that are missing and told to be."""
    unit: str = ""


class _Reader:
    def __init__(self, book: Book, scheme: Scheme, source: str, printed: PrintedForm | None) -> None:
        self.scheme = scheme
        self.printed = printed if printed is not None and printed.stamp == book.stamp else None
        self.source = source
        self.book = book
        self.layout = template_layout(scheme)
        self.units = scheme.spec.units
        self.unit = "万元"
        self.tables: dict[str, _Table] = {}
        self.cells: dict[tuple[str, str], Entry] = {}
        self.lists: dict[str, tuple[Row, ...]] = {}
        self.remarks: list[Remark] = []
        self.notes: list[Note] = []
        self.uncalculated: set[Ref] = set()
        self.reformed: dict[str, list[str]] = {}
        """By sheet, the cells of totals whose formula is not the template's."""

    def read(self) -> Submission:
        self.find_sheets()
        for spec in self.scheme.spec.sheet:
            table = self.tables.get(spec.name)
            if table is not None and spec.kind != "list":
                self.find_rows(table)
        self.read_cover()
        for spec in self.scheme.spec.sheet:
            table = self.tables.get(spec.name)
            if table is None:
                continue
            self.find_unit(table)
            if spec.kind == "list":
                self.find_list_rows(table)
        slots = keyed_slots(self.scheme, self.arrangement())
        for spec in self.scheme.spec.sheet:
            table = self.tables.get(spec.name)
            if table is None:
                continue
            if spec.kind == "list":
                self.read_list(table)
            else:
                self.cells.update({slot.named: self.entry(table, slot) for slot in slots[spec.name]})
        if not self.book.formulas_known:
            self.presume_formulas()
        self.derive()
        self.note_uncalculated()
        audit = self.find_audit()
        changes = self.compare(audit)
        for table in self.tables.values():
            self.remark_changes(table, *changes.get(table.spec.name, ({}, {})))
        explanations = {} if audit is None else self.read_audit(*audit, *changes.get(AUDIT_SHEET, ({}, {})))
        self.remark_strangers()
        return Submission(
            code=self.text("T02"),
            name=self.text("T01"),
            category=self.text("T03"),
            year=self.year(),
            unit=self.unit,
            source=self.source,
            cells=self.cells,
            lists=self.lists,
            remarks=tuple(self.remarks),
            notes=tuple(self.notes),
            explanations=explanations,
        )

    # ---------------------------------------------------------------- the form

    def remark(
        self,
        code: str,
        sheet: str,
        cell: str,
        what: str,
        found: str = "",
        expected: str = "",
        keys: Iterable[tuple[str, str]] = (),
        variant: str = "",
    ) -> None:
        rule = self.scheme.rules[code]
        level = rule.variants.get(variant) if variant else None
        self.remarks.append(Remark(code, Ref(sheet, cell), what, found, expected, rule.advice, level, tuple(keys)))

    def find_sheets(self) -> None:
        by_name = {plain(grid.name): grid for grid in reversed(self.book.grids)}
        for spec in self.scheme.spec.sheet:
            grid = by_name.get(plain(spec.name))
            if grid is not None:
                self.tables[spec.name] = _Table(grid, spec)
        if not any(name in self.tables for name in REQUIRED):
            raise NotATemplate("不是部门整体支出绩效评价填报模板。")
        for spec in self.scheme.spec.sheet:
            if spec.name not in self.tables:
                code = "FS02" if spec.name in REQUIRED else "FS05"
                self.remark(code, spec.name, "", f"没有工作表“{spec.name}”", "缺少", spec.name)
        for table in list(self.tables.values()):
            if not self.find_header(table):
                code = "FS02" if table.spec.name in REQUIRED else "FS05"
                self.remark(code, table.spec.name, "", "找不到表头（含“编码”与各栏目名称的一行）", "缺少", "表头")
                del self.tables[table.spec.name]

    def find_header(self, table: _Table) -> bool:
        """Locate the header row by 编码, else by the headers themselves; the row becomes the origin of the data."""
        wanted = {plain(column.name): column.name for column in table.spec.columns if not column.hidden}
        best, best_row = 0, -1
        for number, row in enumerate(table.grid.rows[:_HEADER_SEARCH]):
            words = {plain(cell) for cell in row if isinstance(cell, str) and cell}
            hits = len(words & wanted.keys()) + (len(wanted) if KEY_HEADER in words else 0)
            if hits > best:
                best, best_row = hits, number
                if best == 2 * len(wanted):
                    break
        if best_row < 0 or best < max(2, len(wanted) // 2):
            return False
        repeated: list[str] = []
        for index, cell in enumerate(table.grid.rows[best_row]):
            if not isinstance(cell, str):
                continue
            word = plain(cell)
            name = KEY_HEADER if word == KEY_HEADER else wanted.get(word)
            if name is None:
                continue
            if name in table.columns:
                repeated.append(address(best_row + 1, index + 1))
            else:
                table.columns[name] = index
        for cell in repeated:
            self.remark("FS06", table.spec.name, cell, "栏目重复", "重复的栏目", "每个栏目一列")
        for column in table.spec.columns:
            if column.hidden or column.name in table.columns or column.computed or column.type in ("rate", "label"):
                continue
            table.missed.add(column.name)
            self.remark(
                "FS06", table.spec.name, address(best_row + 1, 1), f"缺少栏目“{column.name}”", "缺少", column.name,
                keys=[(key, column.name) for key, line in self.scheme.lines.items() if line.sheet == table.spec.name],
            )  # fmt: skip
        table.header = best_row
        for column in table.spec.columns:
            printed = column.type == "label" or column.constant or column.computed or column.formula is not None
            if column.name in table.columns and not printed:
                unseen = not self.book.formulas_known and (table.spec.prefix, column.name) in self.scheme.derivations
                table.inputs.append((table.columns[column.name], unseen))
        return True

    def data_rows(self, table: _Table) -> range:
        return range(table.header + 1, len(table.grid.rows))

    def label_column(self, table: _Table) -> str:
        if table.spec.kind == "indicators":
            return "三级指标"
        return next((column.name for column in table.spec.columns if column.type == "label"), "")

    def expected_rows(self, table: _Table) -> dict[str, str]:
        if table.spec.kind == "indicators":
            return {code: indicator.name for code, indicator in self.scheme.indicators.items()}
        return {line.key: line.label for line in table.spec.lines}

    def find_rows(self, table: _Table) -> None:
        expected = self.expected_rows(table)
        labels = self.label_column(table)
        by_label = {plain(label): key for key, label in expected.items()}
        sheet = table.spec.name
        key_column = table.columns.get(KEY_HEADER)
        keyed = key_column is not None and any(
            plain(as_text(table.grid.at(row, key_column))).upper() in expected for row in self.data_rows(table)
        )
        if not keyed:
            self.remark(
                "FS06", sheet, "A", "编码栏已被删除或清空，各行按名称找回", "没有编码", KEY_HEADER, variant="按名称找回"
            )
        strangers: list[int] = []
        for row in self.data_rows(table):
            word = plain(as_text(table.grid.at(row, table.columns[labels]))) if labels in table.columns else ""
            if keyed:
                assert key_column is not None
                key = plain(as_text(table.grid.at(row, key_column))).upper()
            else:
                key = by_label.get(word, "")
            if key not in expected:
                if word not in STATUS_LABELS and self.holds_figures(table, row):
                    strangers.append(row)
                continue
            if key in table.rows:
                where = address(row + 1, (key_column if key_column is not None else 0) + 1)
                first = address(table.rows[key] + 1, (key_column if key_column is not None else 0) + 1)
                if self.holds_figures(table, row):
                    self.remark(
                        "FS06", sheet, f"{first}、{where}", f"编码 {key} 出现两次，只取第一行", key, "每个编码一行"
                    )
                continue
            table.rows[key] = row
            if keyed and word and word != plain(expected[key]):
                self.remark_label(table, row, key, word, by_label.get(word))
        for row in strangers:
            name = self.row_name(table, row)
            self.remark("FS07", sheet, f"A{row + 1}", f"第 {row + 1} 行{name}不是模板中的行，没有计入", name, "")
        for key in expected:
            if key not in table.rows:
                cell = address(self.layout[sheet].rows[key], 1)
                columns = self.scheme.lines[key].types if key in self.scheme.lines else INDICATOR_INPUTS
                self.remark(
                    "FS05", sheet, cell, f"缺少 {key} {expected[key]} 这一行", "缺行", expected[key],
                    keys=[(key, column) for column in columns],
                )  # fmt: skip

    def row_name(self, table: _Table, row: int) -> str:
        label = table.columns.get(self.label_column(table) or table.spec.label)
        name = as_text(table.grid.at(row, label)) if label is not None else ""
        return f"“{name}”" if name else ""

    def remark_label(self, table: _Table, row: int, key: str, word: str, other: str | None) -> None:
        cell = address(row + 1, table.columns[self.label_column(table)] + 1)
        expected = self.expected_rows(table)[key]
        if table.spec.kind == "indicators":
            self.remark("SC08", table.spec.name, cell, f"编码 {key} 的指标名称与方案不符", word, expected)
        elif other is not None:
            self.remark("FS06", table.spec.name, cell, f"编码 {key} 的行名称是另一行（{other}）的名称", word, expected)
        else:
            self.remark("FS10", table.spec.name, cell, f"编码 {key} 的行名称与模板不符", word, expected)

    def holds_figures(self, table: _Table, row: int) -> bool:
        cells = table.grid.rows[row]
        for index, unseen in table.inputs:
            content = cells[index] if index < len(cells) else ""
            if content in ("", None) or (unseen and content == 0) or (row, index) in table.grid.formulas:
                continue
            if plain(as_text(content)):
                return True
        return False

    def find_list_rows(self, table: _Table) -> None:
        sheet, spec = table.spec.name, table.spec
        key_column = table.columns.get(KEY_HEADER)
        pattern = re.compile(rf"{spec.prefix}0*(\d+)")
        keyless: list[int] = []
        for row in self.data_rows(table):
            if not self.holds_figures(table, row):
                continue
            name = table.columns.get(spec.label)
            label = plain(as_text(table.grid.at(row, name))) if name is not None else ""
            key = plain(as_text(table.grid.at(row, key_column))).upper() if key_column is not None else ""
            match = pattern.fullmatch(key)
            if match is None and label in _TOTAL_LABELS:
                self.remark("FS07", sheet, f"A{row + 1}", f"第 {row + 1} 行是合计行，没有计入", label, "")
                continue
            if match is not None and key not in table.rows:
                table.rows[key] = row
            else:
                keyless.append(row)
        table.extra = keyless
        if key_column is None and keyless:
            self.remark(
                "FS06", sheet, "A", "编码栏已被删除，各行按内容读取", "没有编码", KEY_HEADER, variant="按名称找回"
            )

    # ---------------------------------------------------------------- cover and unit

    def text(self, key: str) -> str:
        entry = self.cells.get((key, CONTENT))
        return "" if entry is None or entry.value is None else str(entry.value)

    def year(self) -> int | None:
        match = _YEAR.search(plain(self.text("T04")))
        return int(match[1]) if match else None

    def read_cover(self) -> None:
        table = self.tables.get("封面")
        if table is None or CONTENT not in table.columns or "T05" not in table.rows:
            return
        word = plain(as_text(table.grid.at(table.rows["T05"], table.columns[CONTENT])))
        if word in self.units:
            self.unit = word

    def find_unit(self, table: _Table) -> None:
        """The unit of one sheet: T05, unless the sheet's own heading was typed over with another."""
        table.unit = self.unit
        if not table.spec.amounts:
            return
        for row in range(table.header):
            for column, content in enumerate(table.grid.rows[row]):
                formula = table.grid.formulas.get((row, column), "")
                if not isinstance(content, str) or not content or REFERENCE.search(formula):
                    continue
                word = plain(content)
                match = _UNIT_DECLARED.search(word)
                cell = address(row + 1, column + 1)
                unknown = _UNIT_UNKNOWN.fullmatch(word)
                if match is None and unknown is not None:
                    what = f"本表注明的金额单位“{unknown[1]}”不能识别，本表按{table.unit}读取"
                    self.remark("HD03", table.spec.name, cell, what, unknown[1], self.unit)
                if match is None or match[1] == self.unit:
                    continue
                self.remark(
                    "HD03", table.spec.name, cell, f"本表注明的金额单位与封面不同，本表按{match[1]}读取",
                    match[1], self.unit,
                )  # fmt: skip
                note = f"本表按{match[1]}换算为万元（封面为{self.unit}）"
                self.notes.append(Note(table.spec.name, "", "", None, content, cell, note))
                table.unit = match[1]

    def names_the_unit(self, text: str) -> bool:
        """Whether a text above a table says the unit that holds for the whole workbook."""
        match = _UNIT_DECLARED.search(plain(text))
        return match is not None and match[1] == self.unit

    # ---------------------------------------------------------------- entries

    def arrangement(self) -> tuple[SheetPlaces, ...]:
        return tuple(
            SheetPlaces(spec.name, tuple(table.columns.items()), tuple(table.rows.items()))
            for spec in self.scheme.spec.sheet
            if spec.kind != "list" and (table := self.tables.get(spec.name)) is not None
        )

    def entry(self, table: _Table, slot: Slot) -> Entry:
        grid, place = table.grid, slot.place
        content = grid.at(*place)
        formula = grid.formulas.get(place)
        if content == "" and formula is None and place not in grid.errors:
            return slot.blank
        ref = slot.blank.ref
        if formula is not None and slot.printed:
            if holds_printed_formula(slot, formula):
                if content == "":
                    self.uncalculated.add(ref)
                return Entry(ref, None, "=" + formula, derived=True)
            if LOST not in formula:
                self.reformed.setdefault(slot.sheet, []).append(ref.cell)
        if place in grid.errors:
            return Entry(ref, None, grid.errors[place], unreadable=True)
        if content == "":
            if formula is not None and slot.column.type not in ("text", "label"):
                return Entry(ref, None, f"={formula}（未计算）", unreadable=True)
            return slot.blank
        entry = read_cell(content, slot.column, ref, self.units, table.unit or self.unit, slot.mandatory)
        text = entry.reading
        if not text and entry.value is not None and slot.column.type not in ("text", "label", "choice"):
            text = slot.moved
        if place in grid.scaled and entry.value is not None:
            text += f"{'；' if text else ''}单元格格式（{grid.scaled[place]}）显示的是缩小的数，按单元格的数值读取"
        if text:
            name = slot.column.name
            self.notes.append(Note(slot.sheet, slot.key, name, entry.value, entry.raw, ref.cell, text))
        return entry

    def read_list(self, table: _Table) -> None:
        columns = tuple(table.columns.items())
        keyed = {row: key for key, row in table.rows.items()}
        rows: list[Row] = []
        for number in sorted([*keyed, *table.extra]):
            key = keyed.get(number, f"第{number + 1}行")
            slots = list_slots(self.scheme, table.spec.name, columns, key, number)
            rows.append(Row(key, number + 1, {slot.column.name: self.entry(table, slot) for slot in slots}))
        self.lists[table.spec.prefix] = tuple(rows)

    # ---------------------------------------------------------------- cells that still hold the template's formula

    def presume_formulas(self) -> None:
        """Where formulas cannot be seen, a cell that says what the template's formula would say holds that formula.

        A zero where the formula would say blank is taken for it too: some programs save its empty text so.
        """
        sheets: set[str] = set()
        for prefix, rows in self.lists.items():
            self.lists[prefix] = tuple(self.presume_row(prefix, row, sheets) for row in rows)
        changed = True
        while changed:
            changed = False
            for place, formula in self.scheme.derivations.items():
                entry = self.cells.get(place)
                if entry is None or entry.derived or not _says(entry, formula.evaluate(_Cells(self.cells, self.lists))):
                    continue
                self.cells[place] = Entry(entry.ref, formula.evaluate(_Cells(self.cells, self.lists)), "", derived=True)
                sheets.add(entry.ref.sheet)
                changed = True
        for sheet in self.scheme.sheets:
            if sheet in sheets:
                text = "该格式（.xls、.et、.xlsb）看不到公式：合计与全年预算数与公式相符的，按仍有公式处理"
                self.notes.append(Note(sheet, "", "", None, "", "", text))

    def presume_row(self, prefix: str, row: Row, sheets: set[str]) -> Row:
        entries = dict(row.entries)
        for (within, column), formula in self.scheme.derivations.items():
            entry = entries.get(column)
            if within != prefix or entry is None or not _says(entry, formula.evaluate(_RowFigures(entries))):
                continue
            entries[column] = Entry(entry.ref, formula.evaluate(_RowFigures(entries)), "", derived=True)
            sheets.add(entry.ref.sheet)
        return Row(row.key, row.number, entries)

    def derive(self) -> None:
        """Compute the cells that hold the template's formula: their cached values are never trusted."""
        self.cells, self.lists = derive(self.cells, self.lists, self.scheme)

    def note_uncalculated(self) -> None:
        if not self.uncalculated:
            return
        keyed = list(self.cells.values())
        listed = [entry for rows in self.lists.values() for row in rows for entry in row.entries.values()]
        sheets = {
            entry.ref.sheet for entry in keyed + listed if entry.ref in self.uncalculated and entry.value is not None
        }
        for sheet in self.scheme.sheets:
            if sheet in sheets:
                text = "本表公式保存时未经计算，合计与全年预算数已按公式重算"
                self.notes.append(Note(sheet, "", "", None, "", "", text))

    # ---------------------------------------------------------------- the rest of the book

    def find_audit(self) -> tuple[Grid, Standing] | None:
        """数据审核 and where its rows stand, by the ids of their checks."""
        grid = next((grid for grid in self.book.grids if plain(grid.name) == AUDIT_SHEET), None)
        if grid is None:
            return None
        known = {check.id for check in self.scheme.checks}
        for number, cells in enumerate(grid.rows[:_HEADER_SEARCH]):
            words = [plain(cell) if isinstance(cell, str) else "" for cell in cells]
            if KEY_HEADER in words and EXPLANATION in words:
                columns = {word: words.index(word) for word in words if word}
                ids = ((as_text(grid.at(row, columns[KEY_HEADER])), row) for row in range(number + 1, len(grid.rows)))
                rows = {check: row for check, row in ids if check in known}
                return grid, Standing(AUDIT_SHEET, number, tuple(columns.items()), tuple(rows.items()))
        return None

    def standing(self, table: _Table, template: TemplateSheet) -> Standing:
        """Where the printed rows of a sheet stand; of a list those without content too, and the lines under 封面."""
        printed, grid, rows = template.standing, table.grid, table.rows
        at = table.columns.get(KEY_HEADER if printed.alike else self.label_column(table))
        if at is not None and printed.alike:
            if all(grid.at(row, at) == key for key, row in printed.rows):
                rows = dict(printed.rows)
            else:
                known = self.layout[printed.sheet].rows
                keys = ((plain(as_text(grid.at(row, at))).upper(), row) for row in self.data_rows(table))
                rows = {key: row for key, row in keys if key in known}
        elif at is not None and printed.sheet == COVER:
            labels = {as_text(grid.at(row, at)): row for row in self.data_rows(table)}
            rows = table.rows | {label: labels[label] for label in STATUS_LABELS if label in labels}
        return printed._replace(header=table.header, columns=tuple(table.columns.items()), rows=tuple(rows.items()))

    def compare(
        self, audit: tuple[Grid, Standing] | None
    ) -> dict[str, tuple[dict[str, tuple[str, str]], dict[str, str]]]:
        """By sheet, the cells whose printed text was changed, with both texts, and those whose formula was."""
        if self.printed is None:
            return {}
        template = template_sheets(self.scheme, self.printed)
        sheets = {name: (table.grid, self.standing(table, template[name])) for name, table in self.tables.items()}
        sheets |= {} if audit is None else {AUDIT_SHEET: audit}

        @cache
        def arrangements() -> tuple[Arrangement, Arrangement]:
            was, now = (sheet.standing for sheet in template.values()), (standing for _, standing in sheets.values())
            return arranged(tuple(map(Standing.shape, was))), arranged(tuple(map(Standing.shape, now)))

        # without all sheets, rows and columns few formulas can be the template's: that is told already
        seen = self.book.formulas_known and not any(one.code in ("FS02", "FS05", "FS06") for one in self.remarks)
        found: dict[str, tuple[dict[str, tuple[str, str]], dict[str, str]]] = {}
        for name, (grid, now) in sheets.items():
            beside, header = Comparison(grid, template[name], now), template[name].standing.header
            missed = self.tables[name].missed if name in self.tables else ()
            texts = {cell: (said, expected) for cell, said, expected in beside.texts() if expected not in missed}
            computed: dict[str, str] = {}
            for change in beside.formulas(arrangements) if seen else ():
                if change.row > header:
                    computed[change.cell] = change.found
                elif not (change.found.startswith(change.expected) or self.names_the_unit(change.found)):
                    texts[change.cell] = change.found, change.expected
            found[name] = texts, computed
        return found

    def remark_changes(self, table: _Table, texts: Mapping[str, tuple[str, str]], computed: Mapping[str, str]) -> None:
        """What the department changed of what the template printed or computes; none of it counts."""
        sheet, printed = table.spec.name, printed_texts(self.scheme, table.spec.name)
        # these have rules of their own: FS10 and SC08 for names, SC01 for the groups
        own = (self.label_column(table), *INDICATOR_CONSTANTS)
        columns = {name: at for name, at in table.columns.items() if name not in own}
        unit = {remark.ref.cell for remark in self.remarks if (remark.code, remark.ref.sheet) == ("HD03", sheet)}
        rows = {cell: (said, expected) for cell, said, expected in rewritten(table.grid, table.rows, columns, printed)}
        self.remark_texts(sheet, {cell: both for cell, both in {**rows, **texts}.items() if cell not in unit})
        names = [column.name for column in table.spec.columns if column.computed or column.formula is not None]
        places = [table.columns[name] for name in names if name in table.columns]
        self.remark_computed(sheet, table.grid, table.rows.values(), places, computed)
        # without its rows and columns no formula can be the template's: that is told already
        told = any(remark.ref.sheet == sheet and remark.code in ("FS05", "FS06") for remark in self.remarks)
        if sheet in self.reformed and not told:
            what = "合计、全年预算数的公式与模板不同，按填报数审核"
            self.remark("FS12", sheet, compress(self.reformed[sheet]), what, "改动的公式", "模板的公式", variant="合计")

    def remark_texts(self, sheet: str, texts: Mapping[str, Sequence[str]]) -> None:
        if texts:
            found, expected = next(iter(texts.values()))
            what = "模板印制的文字被改动，以方案为准"
            self.remark("FS12", sheet, compress(texts), what, found, expected, variant="文字")

    def remark_computed(
        self, sheet: str, grid: Grid, rows: Iterable[int], columns: Sequence[int], changed: Mapping[str, str]
    ) -> None:
        typed = dict(typed_over(grid, rows, columns)) if self.book.formulas_known else {}
        typed |= changed
        if typed:
            what = "由公式计算的单元格被改动，没有采用，以系统计算为准"
            self.remark("FS12", sheet, compress(typed), what, next(iter(typed.values())), "模板的公式")

    def read_audit(
        self, grid: Grid, standing: Standing, texts: Mapping[str, tuple[str, str]], computed: Mapping[str, str]
    ) -> dict[str, str]:
        """情况说明 by the id of its check; what was typed over is remarked on."""
        columns = dict(standing.columns)
        self.remark_texts(AUDIT_SHEET, texts)
        # a right side may be a threshold, a formula without a reference
        places = [columns[name] for name in ("左值", "差额", "结果") if name in columns]
        self.remark_computed(AUDIT_SHEET, grid, dict(standing.rows).values(), places, computed)
        found = ((check, as_text(grid.at(row, columns[EXPLANATION]))) for check, row in standing.rows)
        return {check: said for check, said in found if said}

    def remark_strangers(self) -> None:
        """Sheets that the template does not have, and hidden ones, when they hold figures; ways out of the workbook."""
        if self.book.reaches:
            what = "、".join(self.book.reaches)
            self.remark("FS07", "", "", f"工作簿含有{what}，没有读取也没有更新，按保存时的数值计算", what, "")
        known = {plain(name) for name in (*self.scheme.sheets, AUDIT_SHEET, *UNREAD_SHEETS)}
        for grid in self.book.grids:
            if plain(grid.name) not in known and any(
                isinstance(cell, int | float) and not isinstance(cell, bool) for row in grid.rows for cell in row
            ):
                kind = "隐藏的" if grid.hidden else ""
                self.remark("FS07", grid.name, "", f"模板以外的{kind}工作表，没有计入", grid.name, "")


def _says(entry: Entry, computed: Value) -> bool:
    """Whether a cell shows what a formula would: the same figure, or nothing where it would be blank."""
    if entry.unreadable:
        return False
    if computed is None:
        return entry.value is None or entry.value == 0
    return isinstance(entry.value, Decimal) and entry.value == computed


def derive(
    cells: Mapping[tuple[str, str], Entry], lists: Mapping[str, tuple[Row, ...]], scheme: Scheme
) -> tuple[dict[tuple[str, str], Entry], dict[str, tuple[Row, ...]]]:
    """The entries with those that hold the template's formula computed from the others."""
    derived = {prefix: tuple(_derive_row(prefix, row, scheme) for row in rows) for prefix, rows in lists.items()}
    figures = _Derivation(cells, derived, scheme.derivations)
    computed = {
        place: Entry(entry.ref, figures.figure(*place), entry.raw, derived=True)
        for place in scheme.derivations
        if (entry := cells.get(place)) is not None and entry.derived
    }
    return {**cells, **computed}, derived


def _derive_row(prefix: str, row: Row, scheme: Scheme) -> Row:
    derived = {name: entry for name, entry in row.entries.items() if entry.derived}
    if not derived:
        return row
    entries = dict(row.entries)
    figures = _RowFigures(entries)
    for name, entry in derived.items():
        value = scheme.derivations[prefix, name].evaluate(figures)
        entries[name] = Entry(entry.ref, value, entry.raw, derived=True)
    return Row(row.key, row.number, entries)


class _Cells:
    """Figures as they stand, whether typed or computed."""

    def __init__(self, cells: Mapping[tuple[str, str], Entry], lists: Mapping[str, tuple[Row, ...]]) -> None:
        self.cells = cells
        self.lists = lists

    def figure(self, key: str, column: str) -> Value:
        entry = self.cells.get((key, column))
        return None if entry is None else entry.value

    def column(self, prefix: str, column: str) -> Sequence[Value]:
        return [row.value(column) for row in self.lists.get(prefix, ())]


class _RowFigures:
    """Figures of one list row, for its own derived columns."""

    def __init__(self, entries: Mapping[str, Entry]) -> None:
        self.entries = entries

    def figure(self, key: str, column: str) -> Value:
        entry = self.entries.get(column)
        return None if entry is None else entry.value

    def column(self, prefix: str, column: str) -> Sequence[Value]:
        return ()


class _Derivation:
    """Figures in which a derived cell is computed from its inputs, whatever stands in the file."""

    def __init__(
        self,
        cells: Mapping[tuple[str, str], Entry],
        lists: Mapping[str, tuple[Row, ...]],
        derivations: Mapping[tuple[str, str], Formula],
    ) -> None:
        self.cells = cells
        self.lists = lists
        self.derivations = derivations
        self.known: dict[tuple[str, str], Value] = {}

    def figure(self, key: str, column: str) -> Value:
        place = (key, column)
        entry = self.cells.get(place)
        if entry is None:
            return None
        if not entry.derived:
            return entry.value
        if place not in self.known:
            self.known[place] = None
            self.known[place] = self.derivations[place].evaluate(self)
        return self.known[place]

    def column(self, prefix: str, column: str) -> Sequence[Value]:
        return [row.value(column) for row in self.lists.get(prefix, ())]


__all__ = ["REQUIRED", "NotATemplate", "derive", "read_submission"]
