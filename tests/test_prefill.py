"""Roster and prefill: refused with their cell, printed and locked in each workbook, remembered by the run."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from xlsxwriter import Workbook

from evalbatch.bureau_forms import write_prefill_form, write_roster_form
from evalbatch.department_workbook import write_department_workbook
from evalbatch.distribution import DistributionError, pack, prefilled
from evalbatch.intake import Department, PrefillError, RosterError, read_prefill, read_roster
from evalbatch.intake.prefill import prefill_headers
from evalbatch.intake.roster import COLUMNS
from evalbatch.model import Submission, Supplied
from evalbatch.reading import read_submission, read_xlsx
from evalbatch.scheme import CONTENT
from evalbatch.scheme.layout import template_cell
from tests.forms import blank_template, scheme
from tests.test_samples import FOLDER

Rows = Sequence[Sequence[Any]]
DEPARTMENTS: Rows = (
    ("101001", "市商务局", "经济", "", "", ""),
    ("101002", "市/文化:旅游局", "社会事业", "", "否", ""),
    ("101003", "市国家保密局", "党群", "", "是", ""),
    ("101004", "市统计局", "", "", "", ""),
)
DATA: Mapping[str, Rows] = {
    "预算数据": (
        ("101001", "S01", "年初预算数", 2060),
        ("101001", "S10", "上年决算数", "3,010.55"),
        ("101001", "G06", "上年预算数", "1610000元"),
        ("101001", "S13", "上年决算数", -0.25),
        ("101002", "R01", "年初预算数", 0),
    ),
    "项目": (
        ("101001", "外事活动", "专项资金", "是", "是", 300),
        ("101001", "<r><t>x</t></r>", "", "", "否", ""),
        ("101002", "=1+1", "部门预算项目", "否", "是", 12.5),
    ),
    "重点工作": (("101001", "企业走访", "家", "10家", "2024年11月30日", 0.5),),
    "履职效益": (("101001", "满意度", "服务对象满意度", ">=", 90, "%", 1),),
    "可选指标": (("101001", "E1", "是"), ("101001", "e2", "否")),
}


def roster_file(path: Path, rows: Rows = DEPARTMENTS) -> Path:
    with Workbook(str(path), {"strings_to_formulas": False}) as workbook:
        sheet = workbook.add_worksheet("单位名录")
        for number, row in enumerate((COLUMNS, *rows)):
            sheet.write_row(number, 0, row)
    return path


def prefill_file(
    path: Path, data: Mapping[str, Rows] = DATA, headers: Mapping[str, Sequence[str]] | None = None
) -> Path:
    with Workbook(str(path), {"strings_to_formulas": False}) as workbook:
        for name, rows in data.items():
            sheet = workbook.add_worksheet(name)
            known = (headers or {}).get(name) or (prefill_headers(name) if name != "别的" else ("a",))
            for number, row in enumerate((known, *rows)):
                for column, value in enumerate(row):
                    if isinstance(value, str) and value.startswith("<r>"):
                        value += " "
                    sheet.write(number, column, value)
    return path


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    return roster_file(tmp_path / "单位名录.xlsx"), prefill_file(tmp_path / "财政数据.xlsx")


def written(path: Path) -> Submission:
    return read_submission(read_xlsx(path.read_bytes()), scheme(), path.name)


# ---------------------------------------------------------------- reading


def test_a_prefill_is_read_as_a_departments_cells_are(files: tuple[Path, Path]) -> None:
    given = read_prefill(files[1], scheme(), read_roster(files[0]))
    assert given.departments == {
        "101001": Supplied(
            {
                ("S01", "年初预算数"): Decimal(2060),
                ("S10", "上年决算数"): Decimal("3010.55"),
                ("G06", "上年预算数"): Decimal(161),
                ("S13", "上年决算数"): Decimal("-0.25"),
                ("E1", "是否适用"): "是",
                ("E2", "是否适用"): "否",
            },
            {
                "X": (
                    {"项目名称": "外事活动", "项目类别": "专项资金", "是否重点": "是", "是否纳入考核": "是", "年初预算数": Decimal(300)},
                    {"项目名称": "<r><t>x</t></r>", "是否纳入考核": "否"},
                ),
                "W": (
                    {
                        "工作名称": "企业走访", "计量单位": "家", "计划数量": Decimal(10),
                        "计划完成日期": date(2024, 11, 30), "权重": Decimal("0.5"),
                    },
                ),
                "V": (
                    {
                        "二级指标": "满意度", "三级指标": "服务对象满意度", "指标性质": "≥", "指标值": Decimal(90),
                        "计量单位": "%", "权重": Decimal(1),
                    },
                ),
            },
        ),
        "101002": Supplied(
            {("R01", "年初预算数"): Decimal(0)},
            {
                "X": (
                    {"项目名称": "=1+1", "项目类别": "部门预算项目", "是否重点": "否", "是否纳入考核": "是", "年初预算数": Decimal("12.5")},
                )
            },
        ),
    }  # fmt: skip
    assert given.of("999999") == Supplied()


@pytest.mark.parametrize(
    ("sheet", "row", "cell", "word"),
    [
        ("预算数据", ("", "S01", "年初预算数", 1), "A2", "单位编码为空"),
        ("预算数据", ("999", "S01", "年初预算数", 1), "A2", "不在单位名录中"),
        ("预算数据", ("101001", "S99", "年初预算数", 1), "B2", "S99"),
        ("预算数据", ("101001", "", "年初预算数", 1), "B2", "编码为空"),
        ("预算数据", ("101001", "P01", "年初预算数", 1), "B2", "没有可预填的行"),
        ("预算数据", ("101001", "S01", "决算数", 1), "C2", "没有可预填的栏目"),
        ("预算数据", ("101001", "S13", "年初预算数", 1), "C2", "可填 上年决算数"),
        ("预算数据", ("101001", "S01", "年初预算数", "约五百"), "D2", "无法识别"),
        ("预算数据", ("101001", "S01", "年初预算数", "无"), "D2", "无法识别"),
        ("预算数据", ("101001", "S01", "年初预算数", ""), "D2", "金额为空"),
        ("预算数据", ("101001", "S01", "年初预算数", -1), "D2", "不得为负"),
        ("项目", ("101001", "", "专项资金", "是", "是", 1), "B2", "项目名称为空"),
        ("项目", ("101001", "甲", "别的", "是", "是", 1), "C2", "不在选项中"),
        ("项目", ("101001", "甲", "专项资金", "是", "是", "十"), "F2", "无法识别"),
        ("重点工作", ("101001", "甲", "家", 1, "明年", 1), "E2", "日期"),
        ("履职效益", ("101001", "效益", "甲", "≥", 1, "家", 1), "B2", "不在选项中"),
        ("可选指标", ("101001", "A11", "是"), "B2", "不是可选指标"),
        ("可选指标", ("101001", "E1", ""), "C2", "是否适用为空"),
    ],
)
def test_a_bad_row_is_refused_with_its_cell(
    tmp_path: Path, sheet: str, row: tuple[Any, ...], cell: str, word: str
) -> None:
    roster = read_roster(roster_file(tmp_path / "单位名录.xlsx"))
    path = prefill_file(tmp_path / "财政数据.xlsx", {sheet: (row,)})
    with pytest.raises(PrefillError) as error:
        read_prefill(path, scheme(), roster)
    assert f"财政数据 财政数据.xlsx 的 {sheet}!{cell}：" in str(error.value)
    assert word in str(error.value)


@pytest.mark.parametrize(
    ("sheet", "rows", "cell", "word"),
    [
        ("预算数据", (("101001", "S01", "年初预算数", 1), ("101001", "s01", "年初预算数", 1)), "B3", "另在 B2"),
        ("项目", (("101001", "甲", "", "", "", ""), ("101001", "甲 ", "", "", "", "")), "B3", "出现两次"),
        ("可选指标", (("101001", "E1", "是"), ("101001", "E1", "否")), "B3", "出现两次"),
        ("可选指标", tuple(("101001", code, "否") for code in ("E1", "E2", "E3")), "C4", "至少选一项"),
        ("重点工作", tuple(("101001", f"工作{n}", "", "", "", "") for n in range(51)), "B52", "只印有 50 行"),
    ],
)
def test_rows_that_do_not_agree_are_refused(tmp_path: Path, sheet: str, rows: Rows, cell: str, word: str) -> None:
    path = prefill_file(tmp_path / "财政数据.xlsx", {sheet: rows})
    with pytest.raises(PrefillError) as error:
        read_prefill(path, scheme(), None)
    assert f" 的 {sheet}!{cell}：" in str(error.value)
    assert word in str(error.value)


@pytest.mark.parametrize(
    ("sheet", "headers", "cell", "word"),
    [
        ("预算数据", ("单位编码", "编码", "栏目"), "A1", "缺少栏目“金额”"),
        ("预算数据", ("单位编码", "编码", "栏目", "金额", "金额"), "E1", "出现两次"),
        ("预算数据", ("单位编码", "编码", "栏目", "金额", "决算数"), "E1", "不认识的栏目"),
        ("项目", ("编码", "名称"), "A1", "没有表头"),
        ("别的", ("a",), "A1", "不认识的工作表"),
    ],
)
def test_a_bad_header_is_refused(tmp_path: Path, sheet: str, headers: tuple[str, ...], cell: str, word: str) -> None:
    path = prefill_file(tmp_path / "财政数据.xlsx", {sheet: (("101001", "S01", "年初预算数", 1),)}, {sheet: headers})
    with pytest.raises(PrefillError) as error:
        read_prefill(path, scheme(), None)
    assert f" 的 {sheet}!{cell}：" in str(error.value)
    assert word in str(error.value)


def test_names_beside_the_codes_and_a_unit_in_the_header_do_no_harm(tmp_path: Path) -> None:
    headers = ("单位编码", "单位名称", "编码", "栏目", "金额（万元）", "备注")
    rows = (("101001", "市商务局", "S01", "年初预算数", 5, "甲"),)
    given = read_prefill(prefill_file(tmp_path / "p.xlsx", {"预算数据": rows}, {"预算数据": headers}), scheme(), None)
    assert given.of("101001").cells == {("S01", "年初预算数"): Decimal(5)}


# ---------------------------------------------------------------- workbooks


def test_each_workbook_holds_what_the_bureau_knows(
    command: Callable[..., int], files: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "下发"
    assert command("template", "-o", out, "--roster", files[0], "--prefill", files[1], "--jobs", 2) == 0
    said = capsys.readouterr()
    assert "涉密单位 1 个（市国家保密局），线下报送，没有写出工作簿。" in said.out
    assert f"已写出 3 个工作簿到 {out}" in said.out
    assert "已写出 3/3" in said.err
    names = ["101001_市商务局_2024.xlsx", "101002_市_文化_旅游局_2024.xlsx", "101004_市统计局_2024.xlsx"]
    assert sorted(path.name for path in out.iterdir()) == names
    given = read_prefill(files[1], scheme(), None)
    for name, department in zip(names, (DEPARTMENTS[0], DEPARTMENTS[1], DEPARTMENTS[3]), strict=True):
        back = written(out / name)
        assert (back.code, back.name, back.category, back.unit) == (*department[:3], "万元")
        supplied = given.of(back.code)
        typed = {
            place: entry.value for place, entry in back.cells.items() if not entry.derived and entry.value is not None
        }
        printed = {place for place in typed if place[1] not in ("是否适用", "一级指标", "分值") and place[0][0] != "T"}
        assert printed == {place for place in supplied.cells if place[1] != "是否适用"}
        assert {place: typed[place] for place in supplied.cells} == supplied.cells
        rows = {
            prefix: tuple({c: e.value for c, e in row.entries.items() if e.value is not None and not e.derived} for row in rows)
            for prefix, rows in back.lists.items() if rows
        }  # fmt: skip
        assert rows == supplied.lists
        assert back.remarks == ()


def test_what_the_bureau_gave_is_locked_and_nothing_else(files: tuple[Path, Path]) -> None:
    given = read_prefill(files[1], scheme(), None).of("101001")
    target = io.BytesIO()
    filling = prefilled(scheme(), Department("101001", "市商务局", "经济", False), given)
    write_department_workbook(target, scheme(), filling)
    book, blank = (openpyxl.load_workbook(io.BytesIO(content)) for content in (target.getvalue(), blank_template()))
    locked = {
        (sheet.title, cell.coordinate) for sheet in book for row in sheet.iter_rows() for cell in row
        if cell.protection.locked and not blank[sheet.title][cell.coordinate].protection.locked
    }  # fmt: skip
    places = [*given.cells, *((key, CONTENT) for key in ("T01", "T02", "T03", "T05"))]
    for prefix, rows in given.lists.items():
        width = len(str(scheme().lists[prefix].rows))
        places += [(f"{prefix}{n:0{width}d}", column) for n, row in enumerate(rows, 1) for column in row]
    expected = {template_cell(scheme(), *place) for place in places}
    assert locked == expected
    assert {book[sheet][cell].fill.start_color.rgb for sheet, cell in expected} == {"FFEDEDED"}
    opened = [
        cell.coordinate for sheet in blank for row in sheet.iter_rows() for cell in row
        if cell.protection.locked and not book[sheet.title][cell.coordinate].protection.locked
    ]  # fmt: skip
    assert opened == []


def test_the_same_inputs_give_the_same_bytes_whatever_the_number_of_workers(
    command: Callable[..., int], files: tuple[Path, Path], tmp_path: Path
) -> None:
    folders = [tmp_path / "甲", tmp_path / "乙"]
    for folder, jobs in zip(folders, (1, 2), strict=True):
        arguments = ("template", "-o", folder, "--roster", files[0], "--prefill", files[1], "--jobs", jobs, "--quiet")
        assert command(*arguments) == 0
        assert command(*arguments) == 0, "a second time over the first"
    contents = [{path.name: path.read_bytes() for path in folder.iterdir()} for folder in folders]
    assert contents[0] == contents[1]
    assert len(contents[0]) == 3


def test_two_equal_names_are_refused(tmp_path: Path) -> None:
    rows = (("1/1", "甲", "", "", "", ""), ("1:1", "甲", "", "", "", ""))
    with pytest.raises(RosterError, match="出现两次"):
        read_roster(roster_file(tmp_path / "r.xlsx", rows))
    rows = (("a/1", "甲/乙", "", "", "", ""), ("A:1", "甲:乙", "", "", "", ""))
    roster = read_roster(roster_file(tmp_path / "r.xlsx", rows))
    with pytest.raises(DistributionError, match="a/1 与 A:1 的文件名相同"):
        pack(tmp_path, scheme(), roster, None)


def test_the_run_learns_the_bureaus_values_from_the_bureau(
    command: Callable[..., int], files: tuple[Path, Path], tmp_path: Path
) -> None:
    out, ranking = tmp_path / "收件", tmp_path / "排名.xlsx"
    assert command("template", "-o", out, "--roster", files[0], "--prefill", files[1], "--quiet") == 0
    path = out / "101001_市商务局_2024.xlsx"
    book = openpyxl.load_workbook(path)
    for place, value in {("S01", "年初预算数"): 2000, ("X001", "项目名称"): "外事", ("W01", "计划数量"): 1}.items():
        sheet, cell = template_cell(scheme(), *place)
        book[sheet][cell].value = value
    book.save(path)
    arguments = ("run", out, "-o", ranking, "--roster", files[0], "--quiet")
    assert command(*arguments, "--prefill", files[1]) == 1
    rows = list(openpyxl.load_workbook(ranking)["问题清单"].iter_rows(values_only=True))
    header = next(row for row in rows if row[0] == "序号")
    listed = [dict(zip(header, row, strict=True)) for row in rows[rows.index(header) + 1 :]]
    found = [
        tuple(row[name] for name in ("单位编码", "级别", "工作表", "单元格", "填报值", "应为", "差额"))
        for row in listed if row["规则"] == "HD07"
    ]  # fmt: skip
    places = [
        template_cell(scheme(), *place) for place in (("X001", "项目名称"), ("W01", "计划数量"), ("S01", "年初预算数"))
    ]
    values = [("外事", "外事活动", None), (1, 10, -9), (2000, 2060, -60)]
    assert sorted(found, key=str) == sorted(
        (("101001", "预警", *place, *value) for place, value in zip(places, values, strict=True)), key=str
    )
    facts = dict(list(openpyxl.load_workbook(ranking)["运行说明"].iter_rows(values_only=True, max_col=2)))
    assert str(facts["财政数据"]).startswith("财政数据.xlsx（SHA-256 ")


# ---------------------------------------------------------------- forms and the command line


def test_the_empty_forms_are_read_as_empty(command: Callable[..., int], tmp_path: Path) -> None:
    roster, prefill = tmp_path / "名录.xlsx", tmp_path / "财政.xlsx"
    assert command("template", "--roster-form", roster, "--prefill-form", prefill) == 0
    assert read_roster(roster).departments == ()
    assert read_prefill(prefill, scheme(), None).departments == {}
    target = io.BytesIO()
    write_roster_form(target, scheme())
    assert roster.read_bytes() == target.getvalue()
    target = io.BytesIO()
    write_prefill_form(target, scheme())
    assert prefill.read_bytes() == target.getvalue()
    book = openpyxl.load_workbook(prefill)
    assert book.sheetnames == list(DATA)
    for name in DATA:
        headers = [str(cell.value).removesuffix("（万元）") for cell in book[name][3]]
        assert tuple(headers) == prefill_headers(name)
    lists = {
        rule.formula1 for name in DATA for rule in book[name].data_validations.dataValidation if rule.type == "list"
    }
    assert {'"年初预算数,上年预算数,上年决算数"', '"E1,E2,E3"', '"是,否"', '"部门预算项目,专项资金,转移支付"'} <= lists
    assert [cell.value for cell in openpyxl.load_workbook(roster)["单位名录"][3]] == list(COLUMNS)


def test_a_filled_form_is_read(command: Callable[..., int], tmp_path: Path) -> None:
    path = tmp_path / "财政.xlsx"
    assert command("template", "--prefill-form", path) == 0
    book = openpyxl.load_workbook(path)
    for name, rows in DATA.items():
        for row in rows:
            if "=1+1" not in row:
                book[name].append([None if value == "" else value for value in row])
    book.save(path)
    other = prefill_file(tmp_path / "p.xlsx")
    found, expected = (read_prefill(file, scheme(), None).of("101001").cells for file in (path, other))
    assert found == expected


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "没有给出要写出的文件"),
        (["--roster", "{roster}"], "没有给出 -o"),
        (["-o", "{tmp}/a.xlsx", "--prefill", "{prefill}"], "须与 --roster 一同给出"),
        (["-o", "{tmp}/a.xlsx", "--roster", "{roster}"], "像是文件名"),
        (["-o", "{roster}", "--roster", "{roster}"], "不是文件夹"),
        (["-o", "{prefill}", "--roster", "{roster}"], "不是文件夹"),
        (["-o", "{tmp}/下发", "--roster", "{tmp}/无.xlsx"], "无法读取"),
        (["-o", "{tmp}/下发", "--roster", "{roster}", "--prefill", "{tmp}/无.xlsx"], "无法读取"),
        (["-o", "{tmp}/下发", "--roster", "{roster}", "--prefill", "{roster}"], "给出了两次"),
        (["-o", "{tmp}/下发", "--roster", "{roster}", "--prefill", "{unnamed}"], "不认识的工作表"),
        (["-o", "{tmp}/下发", "--roster", "{twice}"], "单位名录!A3：单位编码 1 出现两次"),
        (["-o", "{tmp}/下发", "--roster", "{unnamed}"], "单位名录!B2：单位名称为空"),
        (["-o", "{tmp}/下发", "--roster", "{secret}"], "没有要写出工作簿的单位"),
        (["--roster-form", "{tmp}/a.xlsx", "--prefill-form", "{tmp}/a.xlsx"], "给出了两次"),
        (["--roster-form", "{roster}", "--roster", "{roster}", "-o", "{tmp}/下发"], "给出了两次"),
        (["--roster-form", "{tmp}/无/a.xlsx"], "不存在"),
    ],
)
def test_misuse_is_one_sentence_and_exit_2(
    command: Callable[..., int],
    files: tuple[Path, Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    sentence: str,
) -> None:
    folder = tmp_path / "名录"
    folder.mkdir()
    places = {
        "twice": roster_file(folder / "a.xlsx", (("1", "甲", "", "", "", ""), ("1", "乙", "", "", "", ""))),
        "unnamed": roster_file(folder / "b.xlsx", (("1", "", "", "", "", ""),)),
        "secret": roster_file(folder / "c.xlsx", (("1", "甲", "", "", "是", ""),)),
    }
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    words = [word.format(tmp=tmp_path, roster=files[0], prefill=files[1], **places) for word in arguments]
    assert command("template", *words) == 2
    captured = capsys.readouterr()
    assert sentence in captured.err
    assert captured.err.count("\n") == 1
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_a_bad_prefill_stops_the_run(
    command: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prefill = prefill_file(tmp_path / "p.xlsx", {"预算数据": (("1", "S01", "年初预算数", 1),)})
    inbox, roster = FOLDER / "inbox", FOLDER / "单位名录.xlsx"
    assert command("run", inbox, "-o", tmp_path / "o.xlsx", "--roster", roster, "--prefill", prefill) == 2
    assert "预算数据!A2：单位编码 1 不在单位名录中" in capsys.readouterr().err
    assert not (tmp_path / "o.xlsx").exists()


def test_a_run_does_not_write_over_the_prefill(
    command: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prefill = prefill_file(tmp_path / "p.xlsx")
    before = prefill.read_bytes()
    assert command("run", FOLDER / "inbox", "-o", prefill, "--prefill", prefill) == 2
    assert "同一个文件" in capsys.readouterr().err
    assert prefill.read_bytes() == before
