"""Notices: who is told, exactly what and in which order; the list of whom to call; the folder over several runs."""

from __future__ import annotations

import io
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import openpyxl
import pytest

from evalbatch.consolidation import consolidate
from evalbatch.feedback import feedback_files, is_feedback
from evalbatch.feedback.notices import demand, notices
from evalbatch.model import NOWHERE, Finding, Outcome, Unranked
from tests.forms import scheme
from tests.ranking_workbook.outcomes import PAYLOADS, batch, department, finding
from tests.test_cli import CLEAN, FAULTY, run
from tests.test_consolidation import TIME, broken, roster, workbook
from tests.test_samples import FOLDER

DAY = date(2025, 9, 1)
LIST = "未报送、须改正单位名单_2024.xlsx"


def back(file: str, department: str = "", name: str = "", code: str = "FS01") -> Finding:
    """A finding that sends a file back."""
    rule = scheme().rules[code]
    return Finding(
        code, "退回", rule.kind, NOWHERE, "文件为空", advice=rule.advice, department=department, name=name, file=file
    )


def told(outcome: Outcome) -> dict[tuple[str, str], list[tuple[str, str, str, str]]]:
    """Of each notice whom it is for and what it asks where."""
    return {
        (notice.code, notice.title): [(demand(f), f.code, f.file, f.ref.cell) for f in notice.findings]
        for notice in notices(outcome)
    }


def written(outcome: Outcome, deadline: date | None = None) -> dict[str, list[tuple[object, ...]]]:
    """The rows of every file."""
    found = {}
    for name, write in feedback_files(outcome, scheme(), DAY, deadline):
        target = io.BytesIO()
        write(target)
        (sheet,) = openpyxl.load_workbook(target).worksheets
        found[name] = list(sheet.iter_rows(values_only=True))
    return found


def test_what_has_to_be_mended_comes_first_and_what_is_explained_asks_nothing() -> None:
    findings = [
        finding("SG01"),  # 错误, but the fact is what it is
        finding("YR01", level="预警", explanation="年中追加"),
        finding("YR02", level="预警"),
        finding("FS04", level="提示"),
        finding("ID01"),
    ]
    outcome = batch(department(findings=findings), department("002", "市乙局", findings=[finding("SG01")]))
    file = "001/市外事办.xlsx"
    assert told(outcome) == {
        ("001", "市外事办"): [
            ("须改正", "ID01", file, "H37"),
            ("请核实", "SG01", file, "H37"),
            ("请核实", "YR02", file, "H37"),
            ("已说明", "YR01", file, "H37"),
            ("供参考", "FS04", file, "H37"),
        ]
    }


def test_nobody_is_told_what_stands_in_a_file_of_which_nobody_can_tell_whose_it_is() -> None:
    stray = back("甲.xlsx", "001", "自称外事办", "HD08")
    more = finding("CT03", department="001", name="自称外事办", file="甲.xlsx")
    unknown = [back(name) for name in ("丙/空.xlsx", "丁/空.xlsx")]
    outcome = batch(department(findings=[finding()]), findings=[stray, more, *unknown])
    assert told(outcome) == {
        ("001", "市外事办"): [("须改正", "ID01", "001/市外事办.xlsx", "H37")],
        ("001", "自称外事办"): [("须改正", "HD08", "甲.xlsx", ""), ("须改正", "CT03", "甲.xlsx", "H37")],
        ("", "空"): [("须改正", "FS01", "丁/空.xlsx", "")],
    }
    assert [notice.files for notice in notices(outcome)][2:] == [("丙/空.xlsx",), ("丁/空.xlsx",)]
    assert list(written(outcome)) == [
        "001_市外事办_填报问题通知_2024.xlsx",
        "001_自称外事办_填报问题通知_2024.xlsx",
        "空_填报问题通知_2024.xlsx",
        "空_2_填报问题通知_2024.xlsx",
        LIST,
    ]


def test_a_file_that_went_back_is_over_when_a_later_one_counts() -> None:
    names = roster(("900001", "市示范局"))
    good, early, late = (
        workbook("甲.xlsx", names=names),
        broken("市示范局_1.xlsx", -25),
        broken("市示范局_2.xlsx", 25),
    )
    outcome = consolidate([good, early, late], scheme(), names, TIME)
    assert outcome.replaced == {"市示范局_1.xlsx"}
    assert [(asked, code, file) for rows in told(outcome).values() for asked, code, file, _ in rows] == [
        ("须改正", "FS01", "市示范局_2.xlsx"),
        ("供参考", "FS04", "甲.xlsx"),
    ]
    assert told(consolidate([good, early], scheme(), names, TIME)) == {}


def test_a_notice_says_where_what_by_how_much_and_what_to_do() -> None:
    outcome = batch(department(findings=[finding(), finding("YR02", level="预警")]))
    rule = scheme().rules["ID01"]
    name = "001_市外事办_填报问题通知_2024.xlsx"
    rows = written(outcome, date(2025, 9, 10))[name]
    assert [row[0] for row in rows[:4]] == [
        "部门整体支出绩效评价填报问题通知（2024年度）",
        "市外事办（001）：",
        "你单位报送的“001/市外事办.xlsx”已收到并参加汇总，其中有填报错误。",
        "下表列明须改正 1 处，请核实 1 处，工作表、单元格是所报文件中的位置。须改正的，请在原工作簿中按建议改正；"
        "请核实的，属实请在“数据审核”表的“情况说明”栏写明；改正后请于 2025-09-10 前重新报送整个工作簿。（2025-09-01）",
    ]
    assert rows[4:6] == [
        ("序号", "要求", "工作表", "单元格", "问题", "填报值", "应为", "差额", "建议", "规则", "改正情况"),
        (1, "须改正", "预算执行情况表", "H37", rule.name, 3632.41, 3315.78, -316.63, rule.advice, "ID01", None),
    ]
    assert "尽快重新报送" in str(written(outcome)[name][3][0])
    assert "尽快重新报送" in str(written(outcome, DAY - timedelta(days=1))[name][3][0]), "a day that is over"
    assert "于 2025-09-01 前" in str(written(outcome, DAY)[name][3][0])


def test_of_several_files_each_row_names_its_own() -> None:
    late = back("更正.xlsx", "001", "市外事办")
    rows = written(batch(department(findings=[finding()]), findings=[late]))["001_市外事办_填报问题通知_2024.xlsx"]
    assert [row[0] for row in rows[2:4]] == [
        "你单位报送的“001/市外事办.xlsx”已收到并参加汇总，其中有填报错误。",
        "你单位报送的“更正.xlsx”不能汇总，现退回：文件为空。",
    ]
    place = rows[5].index("来源文件")
    assert [row[place] for row in rows[6:]] == ["001/市外事办.xlsx", "更正.xlsx"]


def test_the_list_has_those_that_sent_nothing_and_those_with_a_notice() -> None:
    gone = Unranked("003", "市丙局", "经济", "退回重报", "文件为空", "丙.xlsx")
    nothing = Unranked("004", "市丁局", "经济", "未报送", "未收到填报工作簿")
    offline = Unranked("005", "市戊局", "党群", "线下报送", "涉密单位，线下报送")
    outcome = batch(
        department(findings=[finding(), finding("YR02", level="预警")]),
        unranked=(gone, nothing, offline),
        findings=[back("丙.xlsx", "003", "市丙局")],
    )
    notice = "_填报问题通知_2024.xlsx"
    assert written(outcome)[LIST] == [
        ("2024年度部门整体支出绩效评价未报送、须改正单位名单（2025-09-01）", *[None] * 8),
        ("序号", "单位编码", "填报单位", "情况", "须改正", "请核实", "原因", "通知", "联系情况"),
        (1, "004", "市丁局", "未报送", None, None, "未收到填报工作簿", None, None),
        (2, "001", "市外事办", "须改正", 1, 1, None, f"001_市外事办{notice}", None),
        (3, "003", "市丙局", "退回重报", 1, 0, "文件为空", f"003_市丙局{notice}", None),
    ]


def test_nothing_to_tell_leaves_the_list_alone_and_empty() -> None:
    assert {name: len(rows) for name, rows in written(batch(department())).items()} == {LIST: 2}


def test_no_text_becomes_a_formula_or_a_link_and_the_bytes_are_the_same() -> None:
    made = []
    for number, text in enumerate(PAYLOADS):
        bad = finding(what=text, found=text, expected=text, advice=text, difference=None)
        late = replace(back(text, f"{number}", text), what=text)
        made += [batch(department(f"{number}", text, findings=[bad]), findings=[late])]
    for outcome in made:
        for (name, write), (_, again) in zip(
            feedback_files(outcome, scheme(), DAY), feedback_files(outcome, scheme(), DAY), strict=True
        ):
            first, second = io.BytesIO(), io.BytesIO()
            write(first)
            again(second)
            assert first.getvalue() == second.getvalue()
            with zipfile.ZipFile(first) as package:
                sheet = package.read("xl/worksheets/sheet1.xml").decode()
                assert "<f>" not in sheet and "<f " not in sheet and "hyperlink" not in sheet, name
                assert not [part for part in package.namelist() if "external" in part.lower()]


def test_the_folder_follows_the_inbox_and_keeps_what_is_not_its_own(
    command: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    inbox, folder, out = tmp_path / "收件", tmp_path / "反馈", tmp_path / "排名.xlsx"
    inbox.mkdir()
    shutil.copy(FAULTY, inbox)
    shutil.copy(CLEAN, inbox)
    names = FOLDER / "单位名录.xlsx"
    arguments = ("run", inbox, "-o", out, "--roster", names, "--feedback", folder, "--time", "2025-09-01T09:00:00")
    assert run(command, *arguments) == 1
    assert "已写出 1 份通知和未报送、须改正单位名单到" in capsys.readouterr().out
    notice = "101009_市信访局_填报问题通知_2024.xlsx"
    assert sorted(path.name for path in folder.iterdir()) == [notice, LIST]
    first = {path.name: path.read_bytes() for path in folder.iterdir()}
    (folder / "电话记录.txt").touch()
    (inbox / FAULTY.name).unlink()
    run(command, *arguments, "--quiet")
    assert sorted(path.name for path in folder.iterdir()) == [LIST, "电话记录.txt"], "the notice is over"
    shutil.copy(FAULTY, inbox)
    run(command, *arguments, "--quiet", "--jobs", 1)
    assert {path.name: path.read_bytes() for path in folder.iterdir() if is_feedback(path.name, scheme())} == first


def test_a_folder_that_cannot_be_written_is_refused_before_the_work(
    command: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    inbox, out = tmp_path / "收件", tmp_path / "排名.xlsx"
    inbox.mkdir()
    shutil.copy(FAULTY, inbox)
    for folder, said in (
        (inbox / "反馈", "不能写在收件文件夹"),
        (FAULTY, "是文件，请给出文件夹名"),
        (tmp_path / "没有" / "反馈", "不存在"),
    ):
        assert run(command, "run", inbox, "-o", out, "--feedback", folder, "--quiet") == 2
        assert said in capsys.readouterr().err
    assert not out.exists()
    assert run(command, "run", inbox, "-o", out, "--feedback", tmp_path / "反馈", "--quiet") == 1
    assert capsys.readouterr().err == "没有单位名录（--roster），名单中没有未报送的单位。\n"
