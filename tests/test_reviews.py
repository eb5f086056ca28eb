"""复核: refused with their cell, in place of other points, told by the run, and taken from the ranking workbook itself."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from xlsxwriter import Workbook

from evalbatch import cli
from evalbatch.intake import ReviewsError, read_reviews
from evalbatch.model import NOWHERE, Line, Ref, Result, Review
from evalbatch.rules import Registered
from evalbatch.scoring import Score, reviewed
from tests.forms import judge, scheme
from tests.libreoffice import Typed, edit, needs_libreoffice
from tests.ranking_workbook.outcomes import department
from tests.test_consolidation import roster
from tests.test_samples import FOLDER

HEADERS = ("单位编码", "填报单位", "编码", "分值", "自评得分", "测算得分", "复核得分", "复核理由")
NAMES = roster(("101001", "市商务局"), ("013001", "市外事办"))
INBOX = FOLDER / "inbox"


def reviews_file(path: Path, *rows: Sequence[Any], headers: Sequence[str] = HEADERS, sheet: str = "得分明细") -> Path:
    """A workbook with a sheet of other things, and one with a title, the headers and the rows."""
    with Workbook(str(path)) as workbook:
        workbook.add_worksheet("排名").write_row(0, 0, ("单位编码", "总分", "复核"))
        written = workbook.add_worksheet(sheet)
        written.write_string(0, 0, "各部门得分明细")
        for number, row in enumerate((headers, *rows), 1):
            for column, value in enumerate(row):
                if value is not None:
                    written.write(number, column, value)
    return path


def row(
    code: str = "101001", key: str = "A11", points: Any = 1, reason: Any = "未经集体研究", *seen: Any
) -> tuple[Any, ...]:
    claimed, computed = seen or (1.5, None)
    return code, "市商务局", key, 1.5, claimed, computed, points, reason


# ---------------------------------------------------------------- reading


def test_only_rows_with_points_are_taken_wherever_the_columns_stand(tmp_path: Path) -> None:
    path = reviews_file(
        tmp_path / "复核.xlsx",
        row(),
        row(key="A12", points=None, reason=None),
        row("013001", " b21 ", "0.75", "制度不全"),
        row("013001", "B11", 0, "口径有误", 2, 1.96),
        (None,) * 8,
        row(key="A12", points=" ", reason=""),
    )
    found = read_reviews(path, scheme(), NAMES)
    assert found.departments == {
        "101001": {
            "A11": Review(Decimal(1), "未经集体研究", Ref("得分明细", "G3"), {"自评得分": Decimal("1.5"), "测算得分": None})
        },
        "013001": {
            "B21": Review(Decimal("0.75"), "制度不全", Ref("得分明细", "G5"), {"自评得分": Decimal("1.5"), "测算得分": None}),
            "B11": Review(Decimal(0), "口径有误", Ref("得分明细", "G6"), {"自评得分": Decimal(2), "测算得分": Decimal("1.96")}),
        },
    }  # fmt: skip
    assert found.of("101001 ").keys() == {"A11"}
    assert found.of("999999") == {}
    headers = ("复核理由", "复核得分", "编码", "单位编码")
    path = reviews_file(tmp_path / "别处.xlsx", ("理由", 1, "A11", "101001"), headers=headers, sheet="专家组")
    assert read_reviews(path, scheme(), None).departments == {
        "101001": {"A11": Review(Decimal(1), "理由", Ref("专家组", "B3"))}
    }


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([row(points=1.51)], "G3：复核得分 1.51 超过分值 1.5，请更正。"),
        ([row(points=-1)], "G3：复核得分“-1”不是不小于 0 的数字，请更正。"),
        ([row(points="1分")], "G3：复核得分“1分”不是不小于 0 的数字，请更正。"),
        ([row(points=True)], "G3：复核得分“是”不是不小于 0 的数字，请更正。"),
        ([row(points=0.333)], "G3：复核得分 0.333 多于2位小数，请更正。"),
        ([row(points="=1/0")], "G3：复核得分是错误值 #DIV/0!，请更正。"),
        ([row(points=None)], "G3：复核得分为空，请补填；不复核的，复核得分与复核理由都留空。"),
        ([row(reason=None)], "H3：复核理由为空，请补填；不复核的，复核得分与复核理由都留空。"),
        ([row(reason="  ")], "H3：复核理由为空，请补填；不复核的，复核得分与复核理由都留空。"),
        ([row(code="")], "A3：单位编码为空，请补填；不复核的，复核得分与复核理由都留空。"),
        ([row(code="101009")], "A3：单位编码 101009 不在单位名录中，请核对。"),
        ([row(), row(key="A99")], "C4：没有指标 A99，应为 A11、"),
        (
            [row(), row(key="A12"), row(points=0.5)],
            "G5：单位 101001 的 A11 复核了两次（另在 得分明细!G3），请删去一处。",
        ),
        ([row(key="E1", points=5.01)], "G3：复核得分 5.01 超过分值 5，请更正。"),
        ([row(key="F1", points=5.5)], "G3：复核得分 5.5 超过分值 5，请更正。"),
    ],
)
def test_a_review_that_cannot_be_is_refused_with_its_cell(tmp_path: Path, rows: list[Any], said: str) -> None:
    path = reviews_file(tmp_path / "复核.xlsx", *rows)
    if "#DIV" in said:
        with Workbook(str(path)) as workbook:
            sheet = workbook.add_worksheet("得分明细")
            sheet.write_row(1, 0, HEADERS)
            sheet.write_row(2, 0, row(points=None))
            sheet.write_formula(2, 6, "=1/0", None, "#DIV/0!")
    with pytest.raises(ReviewsError) as refused:
        read_reviews(path, scheme(), NAMES)
    assert str(refused.value).startswith(f"复核文件 复核.xlsx 的 得分明细!{said}")


def test_a_file_without_reviews_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "复核.xlsx"

    def said() -> str:
        with pytest.raises(ReviewsError) as refused:
            read_reviews(path, scheme(), None)
        return str(refused.value)

    assert "无法读取" in said()
    path.write_bytes(b"PK")
    assert "不是完整的 .xlsx 工作簿，请另存为 .xlsx" in said()
    reviews_file(path, ("101001",), headers=("单位编码", "编码", "最终得分"))
    assert "没有可用的工作表：应有一张表的表头含 单位编码、编码、复核得分、复核理由" in said()
    reviews_file(path, ("101001", "A11", 1), headers=("单位编码", "编码", "复核得分"))
    assert said() == "复核文件 复核.xlsx 的 得分明细!C2：缺少栏目“复核理由”，请在旁边补上：每个复核得分都要写明理由。"
    reviews_file(path, headers=(*HEADERS, "编码"))
    assert said() == "复核文件 复核.xlsx 的 得分明细!I2：栏目“编码”出现两次，请删去一栏。"
    reviews_file(path, row(points=None, reason=None))
    assert said() == "复核文件 复核.xlsx 中没有一行填了复核得分，请核对是否填好并已保存。"
    with Workbook(str(path)) as workbook:
        sheet = workbook.add_worksheet("得分明细")
        sheet.write_row(0, 0, HEADERS)
        sheet.write_row(1, 0, row(points=None, reason=None))
    shutil.copy(path, tmp_path / "原.xlsx")
    book = openpyxl.load_workbook(path)
    book["得分明细"]["G2"] = "=0.5+0.5"
    book.save(path)
    assert said() == "复核文件 复核.xlsx 的 得分明细!G2：复核得分的公式没有计算，请打开保存一次或改填数字。"


# ---------------------------------------------------------------- points


def line(lines: Sequence[Line], code: str) -> Line:
    return next(line for line in lines if line.code == code)


@pytest.mark.parametrize(
    ("key", "typed", "before"),
    [
        ("A11", {}, "自评"),
        ("B11", {}, "测算"),
        ("A41", {"X001.项目名称": None}, "测算"),
        ("C1", {"W01.计划数量": None}, "待核"),
        ("B12", {"B12.是否适用": "否", "B12.扣分原因": "没有专项资金"}, "不适用"),
        ("F2", {}, "测算"),
    ],
)
def test_the_points_of_a_review_stand_whatever_the_row_was(key: str, typed: dict[str, Any], before: str) -> None:
    own = judge(typed)
    points = score_of(own)
    assert line(points.lines, key).source == before
    after = reviewed(points, scheme(), {key: Review(Decimal("0.5"), "复议", NOWHERE)})
    found = line(after.lines, key)
    assert (found.source, found.final, found.reviewed, found.low, found.high, found.reason) == (
        "复核", Decimal("0.5"), Decimal("0.5"), Decimal("0.5"), Decimal("0.5"), "复议",
    )  # fmt: skip
    assert (found.claimed, found.computed, found.sentence) == (
        line(points.lines, key).claimed,
        line(points.lines, key).computed,
        line(points.lines, key).sentence,
    )
    sign = -1 if key == "F2" else 1
    assert after.total == points.total + sign * (Decimal("0.5") - line(points.lines, key).final)
    assert after.claimed_total == points.claimed_total


def score_of(result: Result) -> Score:
    """The score that a result was made of."""
    return Score(result.lines, result.groups, result.total, result.low, result.high, result.claimed_total, result.grade)


@given(st.dictionaries(st.sampled_from(list(scheme().indicators)), st.integers(0, 100)))
def test_only_reviewed_rows_change_and_the_total_stays_within_its_bounds(shares: dict[str, int]) -> None:
    points = score_of(department())
    given_ = {
        key: Review(line(points.lines, key).weight * share / 100, "复议", NOWHERE) for key, share in shares.items()
    }
    after = reviewed(points, scheme(), given_)
    kept = [one for one in after.lines if one.code not in given_]
    assert kept == [one for one in points.lines if one.code not in given_]
    groups = {one.group for one in points.lines if one.code in given_}
    assert {code: of for code, of in after.groups.items() if code not in groups} == {
        code: of for code, of in points.groups.items() if code not in groups
    }
    assert after.total == min(Decimal(100), max(Decimal(0), sum(after.groups.values())))
    assert after.grade == scheme().grade(after.total)


# ---------------------------------------------------------------- the whole run


def report(path: Path) -> dict[str, dict[str, Any]]:
    """排名 by 单位编码."""
    return {row["单位编码"]: row for row in json.loads(path.read_text(encoding="utf-8"))["departments"]}


def facts(path: Path) -> dict[str, str]:
    rows = openpyxl.load_workbook(path, read_only=True)["运行说明"].iter_rows(values_only=True)
    return {str(row[0]): str(row[1]) for row in rows}


def lines(path: Path) -> dict[tuple[str, str], dict[str, Any]]:
    rows = list(openpyxl.load_workbook(path, data_only=True)["得分明细"].iter_rows(values_only=True))
    header = next(number for number, row in enumerate(rows) if row[0] == "单位编码")
    records = [dict(zip(rows[header], row, strict=True)) for row in rows[header + 1 :]]
    return {(record["单位编码"], record["编码"]): record for record in records}


@pytest.fixture(scope="module")
def preliminary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ranking of a few samples before any review."""
    folder = tmp_path_factory.mktemp("初评")
    inbox = folder / "收件"
    inbox.mkdir()
    for code in ("101001", "101002", "203001", "203002"):
        shutil.copy2(next(INBOX.glob(f"{code}_*")), inbox)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["evalbatch", "run", str(inbox), "-o", str(folder / "初评.xlsx"), "--quiet",
                                   "--report", str(folder / "初评.json"), "--time", "2025-09-01T09:00:00"])  # fmt: skip
        assert cli._run() == 1
    return folder


@needs_libreoffice
def test_the_ranking_workbook_is_the_form(
    preliminary: Path, command: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever reviews types into 得分明细, sees what it comes to, and the next run takes it from there."""
    book = openpyxl.load_workbook(preliminary / "初评.xlsx", data_only=True)["得分明细"]
    rows = {(row[0].value, row[2].value): row[0].row for row in book.iter_rows()}
    headers = next(row for row in book.iter_rows(values_only=True) if row[0] == "单位编码")
    points, reason = (openpyxl.utils.get_column_letter(headers.index(name) + 1) for name in ("复核得分", "复核理由"))
    given = {("203001", "A11"): 1.0, ("203001", "E1"): 0.5, ("101002", "B21"): 0.0}
    typed = [
        step
        for place, value in given.items()
        for step in (
            Typed("得分明细", f"{points}{rows[place]}", value),
            Typed("得分明细", f"{reason}{rows[place]}", "未经集体研究"),
        )
    ]
    edited = edit(preliminary / "初评.xlsx", tmp_path / "复核.xlsx", typed)
    live = {
        row[1]: row[5] for row in openpyxl.load_workbook(edited, data_only=True)["排名"].iter_rows(values_only=True)
    }
    out = tmp_path / "二评.xlsx"
    arguments = ("--adjustments", edited, "--time", "2025-09-05T09:00:00", "--quiet")
    assert command("run", preliminary / "收件", "-o", out, *arguments, "--report", tmp_path / "二评.json") == 1
    before, after = report(preliminary / "初评.json"), report(tmp_path / "二评.json")
    assert {code: after[code]["总分"] for code in after} == {
        **{code: before[code]["总分"] for code in before},
        "203001": 95.0,
        "101002": 98.6,
    }
    assert {code: live[code] for code in after} == pytest.approx({code: after[code]["总分"] for code in after})
    found = lines(out)[("203001", "A11")]
    assert [found[name] for name in ("自评得分", "复核得分", "最终得分", "得分来源", "差异", "复核理由")] == [
        1.5, 1, 1, "复核", -0.5, "未经集体研究",
    ]  # fmt: skip
    assert facts(out)["复核"] == "2 个单位，3 条"
    assert not {"复核未用上", "复核后有变动", "评价阶段"} & facts(out).keys()
    capsys.readouterr()
    assert command("verify", out, preliminary / "收件", "--quiet") == 2
    assert "请用 --adjustments 给出同一份再核对" in capsys.readouterr().err
    assert command("verify", out, preliminary / "收件", "--adjustments", edited, "--quiet") == 0
    assert command("explain", out, "203001", "A11") == 0
    assert "复核得分 1.00，复核）\n  复核理由　未经集体研究\n" in capsys.readouterr().out
    # the next round starts from there
    again = tmp_path / "三评.xlsx"
    assert command("run", preliminary / "收件", "-o", again, "--adjustments", out, *arguments[2:]) == 1
    assert lines(again) == lines(out)


def test_what_reviews_leave_open_is_told(
    preliminary: Path, command: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "排名.xlsx"
    path = reviews_file(
        tmp_path / "复核.xlsx",
        row("203001", "A11", 1, "理由", 1.2, None),  # the department has sent another workbook since
        row("203001", "B11", 1, "理由", 2, 1.96),
        row("101002", "A11", 1, "理由", 1.5, None),
        row("999999", "A11", 1, "理由"),
    )
    assert command("run", preliminary / "收件", "-o", out, "--adjustments", path, "--quiet") == 1
    said = {
        "复核未用上": "没有有效工作簿的单位：999999（1 条）",
        "复核后有变动": "复核时所见与现在不同，请再看：203001 A11 自评得分 1.2→1.50；203001 B11 测算得分 1.96→2.00",
    }
    assert capsys.readouterr().err == "".join(f"{name}：{text}\n" for name, text in said.items())
    assert {name: facts(out)[name] for name in said} == said
    assert facts(out)["复核"] == "2 个单位，3 条"


def test_points_above_the_row_in_its_department_are_refused(
    preliminary: Path, command: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "排名.xlsx"
    path = reviews_file(tmp_path / "复核.xlsx", row("203001", "E1", 2.5, "理由"))
    assert command("run", preliminary / "收件", "-o", out, "--adjustments", path, "--quiet") == 2
    assert capsys.readouterr().err.strip() == (
        "复核文件 复核.xlsx 的 得分明细!G3：复核得分 2.5 超过单位 203001 E1 的分值 2.00，请更正。"
    )
    assert not out.exists()
    assert command("run", preliminary / "收件", "-o", path, "--adjustments", path, "--quiet") == 2
    assert "输出与它是同一个文件" in capsys.readouterr().err


def test_a_ranking_is_final_when_nothing_is_pending(
    preliminary: Path, command: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "排名.xlsx"
    arguments = ("run", preliminary / "收件", "-o", out, "--final", "--quiet")
    assert command(*arguments) == 2
    assert capsys.readouterr().err.strip() == (
        "还有待核的指标，不能用 --final：南京市人民政府外事办公室（照印） A41、B12、B13。"
        "请在复核文件中给出复核得分，或请单位补报。"
    )
    path = reviews_file(
        tmp_path / "复核.xlsx", *(row("203002", key, 2, "现场核实", None, None) for key in ("A41", "B12", "B13"))
    )
    assert command(*arguments, "--adjustments", path) == 1
    assert openpyxl.load_workbook(out)["排名"]["A1"].value == "2024年度部门整体支出绩效评价排名"
    assert facts(out)["评价阶段"] == "复核已完成"
    assert command("verify", out, preliminary / "收件", "--adjustments", path, "--quiet") == 2
    assert "请用 --final 给出同一份再核对" in capsys.readouterr().err
    assert command("verify", out, preliminary / "收件", "--adjustments", path, "--final", "--quiet") == 0


def test_findings_are_about_what_was_filled_in_whatever_the_review_says() -> None:
    typed = {"A11.自评得分": 1.7, "B11.自评得分": 0.5, "W01.计划数量": None, "C1.自评得分": 9}  # C1: 待核 in part
    plain = judge(typed)
    given_ = {key: Review(Decimal(0), "复议", NOWHERE) for key in scheme().indicators}
    found = judge(typed, registered=Registered(reviews=given_))
    assert found.findings == plain.findings
    assert found.total == 0
