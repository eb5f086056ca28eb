"""The template as written: places, formulas, protection, and texts that stay texts."""

from __future__ import annotations

import re
import zipfile
from io import BytesIO
from pathlib import Path

import openpyxl
import pytest
from openpyxl.workbook.workbook import Workbook

from evalbatch.department_workbook import Filling, write_department_workbook
from evalbatch.department_workbook.support import RowAddresses
from evalbatch.model import Value
from evalbatch.scheme import CONTENT, INDICATOR_INPUTS, load_scheme
from evalbatch.scheme.formula import to_excel
from evalbatch.scheme.layout import (
    AUDIT_COLUMNS,
    AUDIT_SHEET,
    HEADER_ROW,
    KEY_HEADER,
    SUPPORT_SHEET,
    list_key,
    template_cell,
    template_layout,
)
from tests.department_workbook.fillings import PAYLOADS, random_filling, seed_filling

_SCHEME = load_scheme()
_EXCEL_2010 = {
    "ABS", "ADDRESS", "AND", "CHAR", "COLUMN", "COLUMNS", "COUNT", "COUNTA", "COUNTBLANK", "COUNTIF", "HYPERLINK", "IF", "INDEX", "INT", "ISNUMBER", "LEN", "MATCH", "MAX", "MIN", "N", "NOT", "OR",
    "ROUND", "ROUNDUP", "ROW", "ROWS", "SMALL", "SUM", "SUMIF", "SUBSTITUTE", "SUMPRODUCT", "TEXT",
}  # fmt: skip
_FORMULA_LIMIT = 8192


def _written(filling: Filling | None = None) -> bytes:
    target = BytesIO()
    write_department_workbook(target, _SCHEME, filling)
    return target.getvalue()


@pytest.fixture(scope="module")
def blank() -> Workbook:
    """The blank template with its formulas."""
    return openpyxl.load_workbook(BytesIO(_written()))


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    filling = seed_filling(_SCHEME)
    write_department_workbook(tmp_path / "a.xlsx", _SCHEME, filling)
    assert (tmp_path / "a.xlsx").read_bytes() == _written(filling) == _written(filling)


def test_sheets_stand_in_the_order_of_the_contract(blank: Workbook) -> None:
    assert blank.sheetnames == [
        "封面", "绩效自评表", "预算执行情况表", "项目支出明细表", "重点工作完成情况表", "履职效益指标表", "信息公开情况表", "加减分事项表",
        "数据审核", "附件表", "填报说明", SUPPORT_SHEET,
    ]  # fmt: skip
    assert [sheet.title for sheet in blank if sheet.sheet_state != "visible"] == [SUPPORT_SHEET]


def test_keys_and_headers_stand_where_the_layout_says(blank: Workbook) -> None:
    for name, layout in template_layout(_SCHEME).items():
        sheet = blank[name]
        headers = {sheet.cell(HEADER_ROW, column).value: column for column in range(1, sheet.max_column + 1)}
        assert headers == layout.columns
        keys = {sheet.cell(row, 1).value: row for row in range(HEADER_ROW + 1, sheet.max_row + 1)}
        assert {key: row for key, row in keys.items() if key and row not in layout.headings} == layout.rows
    assert tuple(cell.value for cell in blank[AUDIT_SHEET][HEADER_ROW]) == AUDIT_COLUMNS
    ids = [blank[AUDIT_SHEET].cell(HEADER_ROW + 1 + index, 1).value for index in range(len(_SCHEME.checks))]
    assert ids == [check.id for check in _SCHEME.checks]


def test_only_header_rows_hold_the_key_header(blank: Workbook) -> None:
    found = [
        (sheet.title, cell.coordinate) for sheet in blank for row in sheet.iter_rows() for cell in row
        if cell.value == KEY_HEADER
    ]  # fmt: skip
    assert found == [(name, f"A{HEADER_ROW}") for name in (*template_layout(_SCHEME), AUDIT_SHEET)]


def test_derived_cells_hold_exactly_the_formula_of_the_scheme(blank: Workbook) -> None:
    layouts = template_layout(_SCHEME)
    for (key, column), formula in _SCHEME.derivations.items():
        spec = _SCHEME.lists.get(key)
        layout = layouts[spec.name if spec is not None else _SCHEME.sheet_of(key)]
        keys = [key] if spec is None else [list_key(spec, index) for index in range(1, spec.rows + 1)]
        for place in keys:
            addresses = RowAddresses(_SCHEME, layout, layout.rows[place])
            cell = blank[layout.spec.name][layout.cell(place, column)]
            assert cell.value == "=" + to_excel(formula.node, addresses)
            assert "$" not in cell.value and "!" not in cell.value
            assert not cell.protection.locked


def test_formulas_use_only_functions_of_excel_2010_and_fit_its_cells(blank: Workbook) -> None:
    formulas = [
        cell.value for sheet in blank for row in sheet.iter_rows() for cell in row if cell.data_type == "f"
    ]  # fmt: skip
    used = {name for text in formulas for name in re.findall(r"([A-Z][A-Z.]*)\(", re.sub(r'"[^"]*"', "", text))}
    assert used == _EXCEL_2010
    assert max(map(len, formulas)) <= _FORMULA_LIMIT


def test_inputs_are_unlocked_and_everything_else_is_not(blank: Workbook) -> None:
    for name, layout in template_layout(_SCHEME).items():
        sheet = blank[name]
        assert sheet.protection.sheet and not sheet.protection.insertRows and sheet.protection.deleteRows
        for key, row in layout.rows.items():
            assert sheet.cell(row, 1).protection.locked, key
    for key, line in _SCHEME.lines.items():
        for column in line.types:
            name, cell = template_cell(_SCHEME, key, column)
            assert blank[name][cell].protection.locked == line.locked, (key, column)
    sheet = blank[_SCHEME.sheet_of("A11")]
    for column, locked in {"是否适用": False, "自评得分": False, "分值": True, "测算得分": True}.items():
        assert sheet[template_cell(_SCHEME, "B11", column)[1]].protection.locked == locked
    assert not blank[AUDIT_SHEET].cell(HEADER_ROW + 1, AUDIT_COLUMNS.index("情况说明") + 1).protection.locked


def test_presets_are_printed_and_may_be_cleared() -> None:
    blank = openpyxl.load_workbook(BytesIO(_written()))
    cleared = openpyxl.load_workbook(BytesIO(_written(Filling({("T05", CONTENT): None}))))
    cover = template_layout(_SCHEME)["封面"]
    assert [blank["封面"][cover.cell(key, CONTENT)].value for key in ("T04", "T05", "T12")] == ["2024", "万元", "2024"]
    assert cleared["封面"][cover.cell("T05", CONTENT)].value is None
    name, cell = template_cell(_SCHEME, "B11", "是否适用")
    assert blank[name][cell].value == "是"


@pytest.mark.parametrize("seed", range(3))
def test_texts_of_a_department_stay_texts(blank: Workbook, seed: int) -> None:
    base = random_filling(_SCHEME, seed)
    cells: dict[tuple[str, str], Value] = dict(base.cells)
    lists = {prefix: [dict(row) for row in rows] for prefix, rows in base.lists.items()}
    places = [(key, column) for key, line in _SCHEME.lines.items() for column, spec in line.types.items()
              if spec.type == "text" and not line.locked]  # fmt: skip
    for index, place in enumerate(places):
        cells[place] = PAYLOADS[(index + seed) % len(PAYLOADS)]
    content = _written(Filling(cells, lists, {check.id: PAYLOADS[seed] for check in _SCHEME.checks}))
    filled = openpyxl.load_workbook(BytesIO(content))
    for key, column in places:
        name, cell = template_cell(_SCHEME, key, column)
        assert (filled[name][cell].value, filled[name][cell].data_type) == (cells[key, column], "s")
    formulas = {(sheet.title, cell.coordinate): cell.value for sheet in filled for row in sheet.iter_rows()
                for cell in row if cell.data_type == "f"}  # fmt: skip
    for (name, coordinate), text in formulas.items():
        assert blank[name][coordinate].value == text
    with zipfile.ZipFile(BytesIO(content)) as archive:
        assert not [name for name in archive.namelist() if "externalLink" in name]
        assert not [name for name in archive.namelist() if b"<hyperlink" in archive.read(name)]


def test_a_blank_template_caches_blanks_not_zeros() -> None:
    values = openpyxl.load_workbook(BytesIO(_written()), data_only=True)
    for (key, column), _ in _SCHEME.derivations.items():
        if key not in _SCHEME.lists:
            name, cell = template_cell(_SCHEME, key, column)
            assert values[name][cell].value in (None, "")


def test_too_many_list_rows_are_refused() -> None:
    row: dict[str, Value] = {"工作事项": "甲"}
    with pytest.raises(ValueError, match="加减分事项表 只印有 20 行，预填了 21 行"):
        _written(Filling({}, {"Y": [row] * 21}))


def test_every_cell_of_a_closed_list_a_date_or_a_number_says_what_it_takes_and_takes_nothing_else(
    blank: Workbook,
) -> None:
    kinds = {
        "choice": "list", "date": "date", "count": "whole", "percent": "decimal", "points": "decimal",
        "amount": "decimal", "number": "decimal",
    }  # fmt: skip
    layouts = template_layout(_SCHEME)
    indicators = layouts[_SCHEME.sheet_of("A11")]
    places = [(template_cell(_SCHEME, key, name), spec) for key, line in _SCHEME.lines.items() if not line.locked
              for name, spec in line.types.items()]  # fmt: skip
    for code in _SCHEME.indicators:
        places += [(template_cell(_SCHEME, code, spec.name), spec) for spec in indicators.spec.columns
                   if spec.name in INDICATOR_INPUTS]  # fmt: skip
    for sheet in _SCHEME.lists.values():
        ends = (list_key(sheet, 1), list_key(sheet, sheet.rows))
        places += [((sheet.name, layouts[sheet.name].cell(key, spec.name)), spec) for key in ends
                   for spec in sheet.visible if spec.formula is None]  # fmt: skip
    for (name, cell), spec in places:
        found = [rule for rule in blank[name].data_validations.dataValidation if cell in rule.sqref]
        if spec.type not in kinds:
            assert len(found) <= 1
            continue
        (rule,) = found
        assert (rule.type, rule.allow_blank, rule.showErrorMessage) == (kinds[spec.type], True, True), (name, cell)
        assert rule.showInputMessage and rule.promptTitle == spec.name and rule.error
        assert 5 < len(rule.prompt) <= 255 and rule.prompt.endswith("。") and "。。" not in rule.prompt
    messages = {rule.prompt for rule in blank["预算执行情况表"].data_validations.dataValidation}
    assert "年初预算数加已办妥手续的调整数。已设公式，与实际不符的可直接改填数字。" in messages
    assert any("基本支出和项目支出中列支的都算" in message for message in messages)
