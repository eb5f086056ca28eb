"""The scheme as a workbook: out and in is the identity; a bureau's edits count; mistakes name their cell."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl import Workbook

from evalbatch.scheme import Scheme, SchemeError, compile_scheme
from evalbatch.scheme.spec import SchemeSpec
from evalbatch.scheme_workbook import export_scheme, import_scheme
from evalbatch.scheme_workbook.forms import BadCell, Many, Number, Pairs, Text
from evalbatch.scheme_workbook.tables import FACTS, GUIDE, HEADER_ROW, TABLES, columns_of
from tests.forms import scheme

Edit = Callable[[Workbook], object]


@cache
def exported() -> bytes:
    return export_scheme(scheme().spec, "2024.toml")


def edited(edit: Edit) -> bytes:
    workbook = openpyxl.load_workbook(io.BytesIO(exported()))
    edit(workbook)
    buffer = io.BytesIO()
    workbook.save(buffer)
    return buffer.getvalue()


def imported(content: bytes) -> Scheme:
    return compile_scheme(import_scheme(content, "2025.xlsx"), "2025.toml")


@cache
def loaded() -> Workbook:
    return openpyxl.load_workbook(io.BytesIO(exported()))


def with_cell(place: str, value: object) -> bytes:
    """The workbook with one cell typed over."""
    sheet, _, name = place.partition("!")
    cell = loaded()[sheet][name]
    before = cell.value
    cell.value = value
    buffer = io.BytesIO()
    loaded().save(buffer)
    cell.value = before
    return buffer.getvalue()


def row_of(workbook: Workbook, sheet: str, **wanted: object) -> int:
    """The first row whose cells under these headers hold these values."""
    page = workbook[sheet]
    headers = {cell.value: cell.column for cell in page[HEADER_ROW + 1]}
    for row in range(HEADER_ROW + 2, page.max_row + 1):
        if all(page.cell(row, headers[header]).value == value for header, value in wanted.items()):
            return row
    raise AssertionError(wanted)


def at(workbook: Workbook, sheet: str, header: str, **wanted: object) -> Any:
    headers = {cell.value: cell.column for cell in workbook[sheet][HEADER_ROW + 1]}
    return workbook[sheet].cell(row_of(workbook, sheet, **wanted), headers[header])


# ---------------------------------------------------------------- identity


def test_export_then_import_is_the_identity() -> None:
    text = import_scheme(exported(), "2024.xlsx")
    back = compile_scheme(text, "2024.toml")
    assert back.spec == scheme().spec
    assert export_scheme(back.spec, "other.toml") == exported()
    assert import_scheme(exported(), "other.xlsx") == text


def test_exact_decimals_survive() -> None:
    units = imported(exported()).spec.units
    assert units["元"] == Decimal("0.0001")
    assert b"step = 0.005\n" in import_scheme(exported(), "x.xlsx")


def test_re_saved_by_another_program_it_imports_the_same() -> None:
    content = edited(lambda workbook: None)
    assert content != exported()
    assert import_scheme(content, "x.xlsx") == import_scheme(exported(), "x.xlsx")


def test_no_cell_is_a_formula() -> None:
    with zipfile.ZipFile(io.BytesIO(exported())) as package:
        for name in package.namelist():
            if name.startswith("xl/worksheets/sheet"):
                assert b"<f>" not in package.read(name)


def changed(**change: object) -> SchemeSpec:
    """The scheme with some keys of its first rule changed."""
    first, *rest = scheme().spec.rule
    return scheme().spec.model_copy(update={"rule": (first.model_copy(update=change), *rest)})


@pytest.mark.parametrize(
    "text",
    [
        "=1+2",
        "<r><t>x</t></r>"[:-1],
        "第一行\n第二行\n",
        " 空格 ",
        "@甲",
        "'引号'",
        '"双引号"\\',
        "1.50",
        "https://a.b",
    ],
)
def test_texts_stay_as_they_stand(text: str) -> None:
    spec = changed(advice=text)
    assert imported(export_scheme(spec, "x.toml")).spec == spec


@pytest.mark.parametrize("change", [{"advice": ""}, {"advice": "  "}, {"name": " 甲"}, {"text": "甲\x01"}])
def test_what_no_cell_can_hold_is_refused_on_the_way_out(change: dict[str, str]) -> None:
    with pytest.raises(SchemeError) as caught:
        export_scheme(changed(**change), "x.toml")
    assert caught.value.key == f"rule[1].{next(iter(change))}"


@pytest.mark.parametrize(
    ("form", "value"),
    [
        (Number(), Decimal("0.005")),
        (Number(), Decimal("-12345678901234567890.123")),
        (Number(), Decimal("0.1234567890123456789")),
        (Number(whole=True), 2025),
        (Many(), ["年初预算数", "决算数"]),
        (Many(), ["甲、乙"]),
        (Many(), ["甲、乙", "丙"]),
        (Pairs(Number()), {"元": Decimal("0.0001"), "亿元": Decimal(10000)}),
        (Pairs(Many()), {"全": ["甲", "乙"], "决": ["丙"]}),
        (Text(), "一行\n两行"),
    ],
)
def test_a_form_reads_what_it_wrote(form: Any, value: object) -> None:
    cell = form.write(value)
    assert form.read(float(cell) if isinstance(cell, Decimal) else cell) == value


@pytest.mark.parametrize(
    ("content", "value"), [("１２．５", "12.5"), (" 7.5 ", "7.5"), (0.1 + 0.2, "0.3"), ("1e-3", "0.001"), (15.0, "15")]
)
def test_a_typed_number_is_exact(content: str | float, value: str) -> None:
    assert Number().read(content) == Decimal(value)


@pytest.mark.parametrize("content", ["七", "7.5分", "1,000", True, "", "nan", "90%"])
def test_no_number(content: object) -> None:
    with pytest.raises(BadCell):
        Number().read(content)


# ---------------------------------------------------------------- the workbook


def test_every_field_of_the_scheme_has_its_cell_and_words() -> None:
    for table in TABLES:
        headers = [column.word.header for column in table.columns]
        assert len(set(headers)) == len(headers), table.sheet
        assert all(ord(character) > 127 for header in headers for character in header)
    assert {table.path[0] for table in TABLES} | {"tolerance", "total"} | {
        column.name for column in columns_of(SchemeSpec)
    } == set(SchemeSpec.model_fields)


def test_sheets_headers_and_dropdowns() -> None:
    workbook = openpyxl.load_workbook(io.BytesIO(exported()))
    assert workbook.sheetnames == [GUIDE, FACTS, *(table.sheet for table in TABLES)]
    for name in workbook.sheetnames[2:]:
        assert workbook[name].freeze_panes is not None
    lists = {
        str(validation.sqref): validation.formula1 for validation in workbook["规则"].data_validations.dataValidation
    }
    assert '"退回,错误,预警,提示"' in lists.values()
    assert '"填报,绩效"' in lists.values()
    offered = {str(v.sqref): v.formula1 for v in workbook["口径"].data_validations.dataValidation}
    assert offered["E5"] == "$F$5:$F$6"
    sources = [v.formula1 for v in workbook["勾稽与阈值"].data_validations.dataValidation]
    assert any("'规则'!$A$5" in str(source) for source in sources)


# ---------------------------------------------------------------- edits that count


def test_a_weight_a_threshold_and_a_policy_changed_in_the_workbook() -> None:
    def edit(workbook: Workbook) -> None:
        at(workbook, "指标", "分值", 编码="B11").value = 2.5
        at(workbook, "指标", "分值", 编码="B12").value = 1.5
        cell = at(workbook, "勾稽与阈值", "公式", 规则="YR01")
        cell.value = cell.value.replace("30%", "25%")
        assert "25%" in cell.value
        at(workbook, "口径", "采用的做法", 口径="A41扣分").value = "逐项"
        at(workbook, "规则", "级别", 编码="YR01").value = "提示"
        workbook[FACTS]["B5"] = 2025
        workbook[FACTS]["B6"] = 2025

    rules = imported(edited(edit))
    assert rules.indicators["B11"].weight == Decimal("2.5")
    assert rules.indicators["B12"].weight == Decimal("1.5")
    assert any("25%" in check.text for check in rules.checks if check.code == "YR01")
    assert rules.choice("A41扣分") == "逐项"
    assert rules.rules["YR01"].level == "提示"
    assert (rules.spec.edition, rules.year) == ("2025", 2025)
    assert rules.spec.sheet == scheme().spec.sheet


def test_a_row_inserted_and_a_row_deleted() -> None:
    def edit(workbook: Workbook) -> None:
        lines = workbook["填报行"]
        row = row_of(workbook, "填报行", 编码="G13")
        lines.insert_rows(row + 1)
        for column, value in enumerate(["预算执行情况表", "G14", "差旅费", "全"], 1):
            lines.cell(row + 1, column).value = value
        checks = workbook["勾稽与阈值"]
        checks.delete_rows(row_of(workbook, "勾稽与阈值", 规则="ID18"))

    rules = imported(edited(edit))
    keys = list(rules.lines)
    assert keys[keys.index("G13") + 1] == "G14"
    assert rules.lines["G14"].label == "差旅费"
    assert "ID18" in {check.code for check in scheme().checks} - {check.code for check in rules.checks}


def test_blank_rows_moved_columns_and_additions_beside_the_table_do_not_matter() -> None:
    def edit(workbook: Workbook) -> None:
        groups = workbook["指标组"]
        groups.insert_rows(7)
        groups.insert_cols(1)
        groups["I6"] = "自用备注"
        workbook.create_sheet("备忘")["A1"] = "随便写"
        workbook["规则"].row_dimensions[6].hidden = True

    assert imported(edited(edit)).spec == scheme().spec


# ---------------------------------------------------------------- mistakes name their cell

REFUSALS: list[tuple[str, str, object, str, str]] = [
    ("unfinished formula", "勾稽与阈值!B5", "S10 = S03 +", "勾稽与阈值!B5", "公式不完整"),
    ("unknown line", "勾稽与阈值!B5", "S10 = S03 + S94", "勾稽与阈值!B5", "S94"),
    ("not a relation", "勾稽与阈值!B5", "S03 + S04", "勾稽与阈值!B5", "等式"),
    ("unknown rule", "勾稽与阈值!A5", "ID98", "勾稽与阈值!A5", "ID98"),
    ("unknown tolerance", "勾稽与阈值!H5", "随意", "勾稽与阈值!H5", "不容许"),
    ("unknown list", "勾稽与阈值!F5", "Q", "勾稽与阈值!F5", "'Q'"),
    ("condition", "勾稽与阈值!G5", "S10.决算数 >", "勾稽与阈值!G5", "不完整"),
    ("points make 105", "指标组!C5", 20, "指标组!C5:C10", "105"),
    ("points of a row", "指标!G5", 2, "指标组!C5", "15.5"),
    ("points not above zero", "指标!G5", "-1.5", "指标组!C5", "12"),
    ("text in a number cell", "指标!G5", "一分半", "指标!G5", "数字"),
    ("not a whole number", "基本信息!B6", 2024.5, "基本信息!B6", "整数"),
    ("unknown type", "指标!F5", "抽签", "指标!F5", "评判、事实、测算"),
    ("formula of points", "指标!P12", "MAX(0,", "指标!P12", "不完整"),
    ("gap between bands", "等级!C6", 89, "等级!C6", "空档"),
    ("bands overlap", "等级!C6", 91, "等级!C6", "重叠"),
    ("bands end early", "等级!C5", 99, "等级!C5", "100"),
    ("bands start late", "等级!B8", 1, "等级!B8", "0"),
    ("unknown option", "口径!E5", "两次", "口径!E5", "一次、逐项"),
    ("option twice", "口径!F6", "一次", "口径!F6", "两次"),
    ("option without name", "口径!F6", None, "口径!F6", "缺少"),
    ("question on a second row", "口径!C6", "另一个问题", "口径!C6", "第一行"),
    ("formula of an option", "口径!H6", "3 * N(", "口径!H6", "不完整"),
    ("policy misspelled", "口径!A5", "A41扣", "口径!C6", "缺少"),
    ("function", "函数!C5", "IF(", "函数!C5", "不完整"),
    ("missing cell", "规则!D5", None, "规则!D5", "缺少"),
    ("blanks are nothing", "规则!D5", "  ", "规则!D5", "缺少"),
    ("rule twice", "规则!A6", "FS01", "规则!A6", "两次"),
    ("unknown level", "规则!B5", "严重", "规则!B5", "退回、错误、预警、提示"),
    ("variants", "规则!H5", "超预算", "规则!H5", "名称＝内容"),
    ("variant level", "规则!H5", "超预算＝严重", "规则!H5", "退回、错误、预警、提示"),
    ("unknown sheet", "栏目!A5", "封皮", "栏目!A5", "封皮"),
    ("no sheet", "栏目!A5", None, "栏目!A5", "缺少"),
    ("column twice", "栏目!B6", "项目", "栏目!B6", "两次"),
    ("not yes or no", "栏目!F5", "对", "栏目!F5", "是、否"),
    ("line twice", "填报行!B6", "T01", "填报行!B6", "T01"),
    ("unknown set", "填报行!D17", "每", "填报行!D17", "每"),
    ("unknown column", "填报行!I17", "决算", "填报行!I17", "决算"),
    ("parent unknown", "填报行!J17", "P99", "填报行!J17", "P99"),
    ("list without rows", "工作表!F8", 0, "工作表!E8", "行数"),
    ("columns of a set", "工作表!H7", "全＝", "工作表!H7", "名称＝内容"),
    ("ratio", "比率!B5", "S10.决算数 /", "比率!B5", "不完整"),
    ("ratio twice", "比率!A6", "部门预算执行率", "比率!A6", "两次"),
    ("derivation", "模板公式!A5", "S15 + S10", "模板公式!A5", "单元格 = 公式"),
    ("sentence", "计分说明!B5", "差{S10.没有}", "计分说明!B5", "没有"),
    ("sentence of no indicator", "计分说明!A5", "Z99", "计分说明!A5", "Z99"),
    ("units", "基本信息!B10", "元＝一", "基本信息!B10", "数字"),
    ("item misspelled", "基本信息!A5", "版 本", "基本信息!A5", "版 本"),
    ("an Excel formula", "指标组!C5", "=10+5", "指标组!C5", "Excel 公式"),
    ("an Excel error", "指标组!C5", "#REF!", "指标组!C5", "#REF!"),
    ("header renamed", "规则!A4", "代码", "规则", "编码"),
]


@pytest.mark.parametrize(("cell", "value", "key", "reason"), [r[1:] for r in REFUSALS], ids=[r[0] for r in REFUSALS])
def test_a_mistake_names_its_cell(cell: str, value: object, key: str, reason: str) -> None:
    with pytest.raises(SchemeError) as caught:
        import_scheme(with_cell(cell, value), "2025.xlsx")
    assert (caught.value.file, caught.value.key) == ("2025.xlsx", key)
    assert reason in caught.value.reason
    assert "\n" not in str(caught.value)


def test_the_cell_is_the_one_where_the_row_now_stands() -> None:
    def edit(workbook: Workbook) -> None:
        checks = workbook["勾稽与阈值"]
        checks.insert_rows(1, 3)
        checks.insert_cols(1)
        checks["C8"] = "S10 = S03 +"

    with pytest.raises(SchemeError) as caught:
        import_scheme(edited(edit), "2025.xlsx")
    assert caught.value.key == "勾稽与阈值!C8"


def emptied(workbook: Workbook) -> None:
    """Everything said of sheets deleted."""
    for name in ("工作表", "栏目", "填报行"):
        workbook[name].delete_rows(HEADER_ROW + 2, workbook[name].max_row)


def test_a_missing_sheet_or_item_and_no_workbook() -> None:
    for edit, key, reason in (
        (lambda workbook: workbook.remove(workbook["函数"]), "函数", "缺少这张工作表"),
        (lambda workbook: workbook[FACTS].delete_rows(6), FACTS, "评价年度"),
    ):
        with pytest.raises(SchemeError) as caught:
            import_scheme(edited(edit), "2025.xlsx")
        assert caught.value.key == key
        assert reason in caught.value.reason
    with pytest.raises(SchemeError) as caught:
        import_scheme(edited(emptied), "2025.xlsx")
    assert caught.value.key == "工作表"
    for content in (b"", b"PK", b"edition = 2024"):
        with pytest.raises(SchemeError, match="不是能读取的 Excel 工作簿"):
            import_scheme(content, "2025.xlsx")


# ---------------------------------------------------------------- commands


def test_the_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from evalbatch import cli

    def evalbatch(*arguments: object) -> int:
        monkeypatch.setattr("sys.argv", ["evalbatch", *map(str, arguments)])
        return cli._run()

    book, toml = tmp_path / "方案.xlsx", tmp_path / "方案.toml"
    assert evalbatch("scheme", "export", "-o", book) == 0
    assert book.read_bytes() == exported()
    assert evalbatch("scheme", "import", book, "-o", toml) == 0
    assert evalbatch("scheme", "check", toml) == 0
    assert evalbatch("scheme", "export", "-o", tmp_path / "again.xlsx", "--scheme", toml) == 0
    assert (tmp_path / "again.xlsx").read_bytes() == exported()
    capsys.readouterr()

    before = toml.read_bytes()
    book.write_bytes(with_cell("勾稽与阈值!B5", "S10 = S03 +"))
    assert evalbatch("scheme", "import", book, "-o", toml) == 2
    assert toml.read_bytes() == before
    error = capsys.readouterr().err
    assert error.startswith("方案 方案.xlsx 的 勾稽与阈值!B5：公式不完整（第 ")
    assert error.count("\n") == 1
    assert evalbatch("scheme", "import", tmp_path / "没有.xlsx", "-o", toml) == 2
    assert evalbatch("scheme", "import", book, "-o", book) == 2
    assert evalbatch("scheme", "export", "-o", tmp_path / "没有" / "x.xlsx") == 2
