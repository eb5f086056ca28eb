"""The formulas of the ranking workbook, recalculated from scratch by LibreOffice, say what the program computed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from openpyxl.utils import get_column_letter
from openpyxl.workbook.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from evalbatch.model import Outcome
from evalbatch.ranking_workbook import write_ranking_workbook
from evalbatch.ranking_workbook.sheets import Sheet
from evalbatch.scheme import SELF_SCORE
from tests import test_samples
from tests.libreoffice import Filtered, Sorted, Typed, edit, needs_libreoffice, recalculate
from tests.ranking_workbook.outcomes import PROJECTS, SCHEME, batch, department, hostile, realistic
from tests.ranking_workbook.random_batches import random_outcome

_MOST_LENGTH = 8192
_MOST_NESTED = 64
_LIVE = (
    "排名",
    "指标得分",
    "得分明细",
    "预算执行",
    "项目执行",
    "三公经费",
    "重点工作",
    "履职效益",
    "加减分",
    "通用指标",
)
_OF_THE_RUN = ("计分说明", "依据单元格", "说明", "校验码", "校验文", "改动", "部门号")
_EPOCH = datetime(1899, 12, 30)
_Place = tuple[str, object, int, str]


def empty_lists() -> Outcome:
    """Departments without a single row in some list."""
    return batch(
        department("001", "甲", lists={"X": [], "W": [], "V": [], "Y": []}),
        department("002", "乙"),
        department("003", "丙", lists={"X": [], "Y": []}, cells={("S04", "决算数"): None, ("S04", "全年预算数"): None}),
    )


OUTCOMES: dict[str, Callable[[], Outcome]] = {
    "realistic": realistic,
    "hostile": hostile,
    "samples": test_samples.outcome,
    "lists": empty_lists,
    "none": batch,
    "random": lambda: random_outcome(SCHEME, 1),
    "more random": lambda: random_outcome(SCHEME, 3),
}


def write(path: Path, outcome: Outcome) -> Path:
    """The workbook of an outcome."""
    write_ranking_workbook(path, outcome, SCHEME)
    return path


@pytest.fixture(scope="module")
def recalculated(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, Path]]:
    """By name: the workbook as written, and as LibreOffice recalculated it."""
    folder = tmp_path_factory.mktemp("live")
    paths = [write(folder / f"{name}.xlsx", make()) for name, make in OUTCOMES.items()]
    results = recalculate(paths, folder / "recalculated")
    return {path.stem: (path, result) for path, result in zip(paths, results, strict=True)}


def plain(value: object) -> object:
    """A cell's value with dates as serial days and blanks as an empty text."""
    if isinstance(value, datetime):
        return (value - _EPOCH).total_seconds() / 86_400
    return "" if value is None else value


def differs(left: object, right: object) -> bool:
    """Whether two cells differ: numbers beyond 1e-9, texts at all."""
    left, right = plain(left), plain(right)
    if isinstance(left, int | float) and isinstance(right, int | float):
        return abs(left - right) > 1e-9 * max(1.0, abs(left))
    return left != right


def differences(left: Workbook, right: Workbook) -> Iterator[tuple[str, str, object, object]]:
    """Every cell that differs, with its two values."""
    for sheet in left:
        other = right[sheet.title]
        for row in sheet.iter_rows():
            for cell in row:
                found = other[cell.coordinate].value
                if differs(cell.value, found):
                    yield sheet.title, cell.coordinate, cell.value, found


@needs_libreoffice
@pytest.mark.parametrize("which", OUTCOMES)
def test_every_cached_value_is_the_recalculated_one(recalculated: dict[str, tuple[Path, Path]], which: str) -> None:
    written, result = (openpyxl.load_workbook(path, data_only=True) for path in recalculated[which])
    assert list(differences(written, result)) == []


def header_row(sheet: Worksheet) -> int:
    """The row with the headers."""
    return next(row for row in range(1, 20) if any(sheet.cell(row, column).value == "单位编码" for column in (1, 2)))


def place(sheet: Worksheet, code: str, header: str, nth: int = 0) -> tuple[int, int]:
    """Row and column of a department's cell."""
    top = header_row(sheet)
    headers = [cell.value for cell in sheet[top]]
    codes = [row for row in range(top + 1, sheet.max_row + 1)
             if sheet.cell(row, headers.index("单位编码") + 1).value == code]  # fmt: skip
    return codes[nth], headers.index(header) + 1


def records(book: Workbook) -> dict[_Place, object]:
    """What the live sheets say: by sheet, department, its n-th row there, and header."""
    found: dict[_Place, object] = {}
    for name in _LIVE:
        top = header_row(book[name])
        headers = [str(cell.value) for cell in book[name][top]]
        seen: dict[object, int] = {}
        for values in book[name].iter_rows(min_row=top + 1, values_only=True):
            code = values[headers.index("单位编码")]
            seen[code] = seen.get(code, -1) + 1
            for header, value in zip(headers, values, strict=True):
                if header not in _OF_THE_RUN:
                    found[name, code, seen[code], header] = plain(value)
    return found


def changing(sangong: str = "144.65", project: str = "128.80", claim: str = "1.5") -> Outcome:
    """Three departments of one category; the figures of the second and third are what the tests change."""
    good = [dict(PROJECTS[0]), dict(PROJECTS[1]), dict(PROJECTS[2], 决算数=Decimal("361.23"))]
    return batch(
        department("001", "甲", claims={"A11": "1.4"}, lists={"X": [*good, PROJECTS[3]]}),
        department("002", "乙", lists={"X": [*good, dict(PROJECTS[3], 决算数=Decimal(project))]}),
        department(
            "003", "丙", cells={("G06", "决算数"): Decimal(sangong)}, claims={"A11": claim},
            lists={"X": [*good, PROJECTS[3]]},
        ),
    )  # fmt: skip


def typed(book: Workbook, name: str, code: str, header: str, value: float, nth: int = 0) -> Typed:
    """A figure typed into a department's cell."""
    row, column = place(book[name], code, header, nth)
    return Typed(name, f"{get_column_letter(column)}{row}", value)


def disagreements(found: dict[_Place, object], wanted: dict[_Place, object]) -> dict[_Place, tuple[object, object]]:
    """Where two workbooks say different things of the same department."""
    assert found.keys() == wanted.keys()
    return {key: (wanted[key], value) for key, value in found.items() if differs(wanted[key], value)}


@needs_libreoffice
def test_a_changed_figure_changes_points_totals_and_ranks_and_the_seal_shows_it(tmp_path: Path) -> None:
    source = write(tmp_path / "made.xlsx", changing())
    book = openpyxl.load_workbook(source)
    steps = [
        typed(book, "数据底稿", "003", "G06.决算数", 170.5),
        typed(book, "数据底稿", "003", f"A11.{SELF_SCORE}", 1.2),
        typed(book, "项目执行", "002", "决算数", 123.2, 3),
    ]
    expected = write(tmp_path / "expected.xlsx", changing("170.5", "123.20", "1.2"))
    after = openpyxl.load_workbook(edit(source, tmp_path / "changed.xlsx", steps), data_only=True)
    found = records(after)
    assert disagreements(found, records(openpyxl.load_workbook(expected, data_only=True))) == {}
    before = records(openpyxl.load_workbook(source, data_only=True))
    assert [before["排名", code, 0, "排名"] for code in ("001", "002", "003")] == [3, 1, 1]
    assert [found["排名", code, 0, "排名"] for code in ("001", "002", "003")] == [1, 3, 2]
    marks = {sheet.title: [sheet.cell(*place(sheet, code, "改动", nth)).value or "" for code, nth in rows]
             for sheet, rows in ((after["数据底稿"], [("001", 0), ("002", 0), ("003", 0)]),
                                 (after["项目执行"], [("002", 2), ("002", 3), ("003", 3)]))}  # fmt: skip
    assert marks == {"数据底稿": ["", "", "已改动"], "项目执行": ["", "已改动", ""]}
    overview = {row[0]: row[1:] for row in after["总览"].iter_rows(max_col=4, values_only=True) if row[0]}
    assert overview["生成后改动"][0] == 2
    assert str(overview["生成后改动"][2]).startswith("生成后改动 2 处")


@needs_libreoffice
def test_the_seals_show_every_kind_of_change_in_its_row_alone(tmp_path: Path) -> None:
    award = {"类型": "加分", "级别": "省级", "工作事项": "甲", "文号": "一号"}
    outcome = batch(*(department(f"{n:03d}", f"部门{n}", lists={"Y": [award]}) for n in range(1, 13)))
    book = openpyxl.load_workbook(write(tmp_path / "made.xlsx", outcome))
    changes: dict[str, list[tuple[str, str, int, object]]] = {
        "数据底稿": [
            ("001", "S10.决算数", 0, 3632.42), ("002", "Q01.决算数", 0, 0), ("003", "S10.决算数", 0, None),
            ("004", "A11.是否适用", 0, "否"), ("005", "部门类别", 0, "经济"), ("006", "L01.批复日期", 0, "2025-02-01"),
            ("007", "L11.是否完成", 0, None), ("008", "填报单位", 0, "部门"), ("009", "来源文件", 0, "别.xlsx"),
        ],
        "项目执行": [("002", "决算数", 1, 96.01), ("003", "项目类别", 1, "部门预算项目"), ("004", "项目名称", 0, "外事"),
                 ("005", "预算调整数", 3, 0), ("006", "是否纳入考核", 2, "否"), ("007", "单位编码", 3, "008")],
        "重点工作": [("002", "计划完成日期", 0, datetime(2025, 12, 31)), ("003", "权重", 1, 1)],
        "履职效益": [("002", "指标性质", 3, "≤"), ("003", "二级指标", 0, "满意度"), ("004", "指标值", 1, "90")],
        "加减分": [("002", "级别", 0, "国务院"), ("003", "文号", 0, None), ("004", "工作事项", 0, "乙")],
    }  # fmt: skip
    expected = {}
    for name, cells in changes.items():
        rows = []
        for code, header, nth, value in cells:
            row, column = place(book[name], code, header, nth)
            rows.append((row, column, value))
        for row, column, value in rows:
            book[name].cell(row, column).value = value
        expected[name] = sorted(row for row, *_ in rows)
    book.save(tmp_path / "changed.xlsx")
    (result,) = recalculate([tmp_path / "changed.xlsx"], tmp_path / "recalculated")
    after = openpyxl.load_workbook(result, data_only=True)
    found = {}
    for name in changes:
        sheet = after[name]
        column = [cell.value for cell in sheet[header_row(sheet)]].index("改动") + 1
        found[name] = [row for row in range(1, sheet.max_row + 1) if sheet.cell(row, column).value == "已改动"]
    assert found == expected
    overview = {row[0]: row[1] for row in after["总览"].iter_rows(max_col=2, values_only=True) if row[0]}
    assert overview["生成后改动"] == sum(map(len, expected.values())) == 23


@needs_libreoffice
def test_a_total_that_becomes_equal_shares_its_rank(tmp_path: Path) -> None:
    source = write(tmp_path / "made.xlsx", changing())
    step = typed(openpyxl.load_workbook(source), "数据底稿", "003", f"A11.{SELF_SCORE}", 1.4)
    after = openpyxl.load_workbook(edit(source, tmp_path / "changed.xlsx", [step]), data_only=True)
    found = records(after)
    expected = write(tmp_path / "expected.xlsx", changing(claim="1.4"))
    assert disagreements(found, records(openpyxl.load_workbook(expected, data_only=True))) == {}
    assert [found["排名", code, 0, "排名"] for code in ("001", "002", "003")] == [2, 1, 2]


@needs_libreoffice
def test_a_sorted_and_filtered_ranking_says_of_every_department_what_it_said(tmp_path: Path) -> None:
    source = write(tmp_path / "made.xlsx", realistic())
    book = openpyxl.load_workbook(source, data_only=True)
    ranking, findings = book["排名"], book["问题清单"]
    steps = []
    for sheet, header in ((ranking, "单位编码"), (findings, "规则")):
        top, last = header_row(sheet), get_column_letter(sheet.max_column)
        column = [cell.value for cell in sheet[top]].index(header)
        steps.append(Sorted(sheet.title, f"A{top + 1}:{last}{sheet.max_row}", column))
    top, grade = header_row(ranking), [cell.value for cell in ranking[header_row(ranking)]].index("等级")
    area = f"A{top}:{get_column_letter(ranking.max_column)}{ranking.max_row}"
    result = edit(source, tmp_path / "sorted.xlsx", [*steps, Filtered("排名", area, grade, ("良",))])
    after = openpyxl.load_workbook(result, data_only=True)
    codes = [row[1] for row in after["排名"].iter_rows(min_row=top + 1, values_only=True)]
    assert codes == sorted(codes, key=str, reverse=True) and codes[0] == "0202"
    hidden = [number for number, row in after["排名"].row_dimensions.items() if row.hidden]
    grades = [row[6] for row in after["排名"].iter_rows(min_row=top + 1, values_only=True)]
    assert len(hidden) == len(codes) - grades.count("良") == 12
    assert disagreements(records(after), records(book)) == {}
    rules = [row[5] for row in after["问题清单"].iter_rows(min_row=header_row(findings) + 1, values_only=True)]
    assert rules == sorted(rules, key=str, reverse=True)


def test_every_formula_is_within_the_limits_of_excel(tmp_path: Path) -> None:
    book = openpyxl.load_workbook(write(tmp_path / "made.xlsx", realistic()))
    formulas = [cell.value for sheet in book for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]
    assert len(formulas) > 4000
    assert max(map(len, formulas)) < _MOST_LENGTH
    for formula in formulas:
        depth = deepest = 0
        for character in formula:
            depth += (character == "(") - (character == ")")
            deepest = max(deepest, depth)
        assert depth == 0 and deepest <= _MOST_NESTED, formula


def test_values_stand_in_place_of_formulas_in_a_batch_too_large(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = openpyxl.load_workbook(write(tmp_path / "live.xlsx", realistic()), data_only=True)
    monkeypatch.setattr(sys.modules[Sheet.__module__], "MOST_LIVE_DEPARTMENTS", 11)
    path = write(tmp_path / "large.xlsx", realistic())
    large = openpyxl.load_workbook(path)
    assert not [cell for sheet in large for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]
    found, wanted = records(large), records(live)
    assert {key: value for key, value in wanted.items() if key in found} == found
    left_out = {(key[0], key[3]) for key in wanted.keys() - found.keys()}
    assert {header for sheet, header in left_out if sheet == "三公经费"} == {"合计超支"}
    assert {header for sheet, header in left_out if sheet == "项目执行"} == {
        "未达标", "低执行", "待核", "金额待核", "调整绝对值",
    }  # fmt: skip
    told = {row[0]: row[1] for row in large["运行说明"].iter_rows(max_col=2, values_only=True)}
    assert told["公式"] == "部门超过 11 个或一张表超过 300,000 行，本工作簿以数值代替公式。"
