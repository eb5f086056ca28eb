"""The commands as their users meet them: exit codes, one sentence for every mistake, whole output or none."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import openpyxl
import pytest

from evalbatch.scheme import packaged_scheme
from tests.forms import blank_template, scheme
from tests.test_samples import FOLDER

CLEAN = next((FOLDER / "inbox").glob("101001_*.xlsx"))
"""三公 overspent, otherwise clean: a 绩效 finding only."""
FAULTY = next((FOLDER / "inbox").glob("101009_*.xlsx"))


def run(command: object, *arguments: object) -> int:
    assert callable(command)
    code = command(*arguments)
    assert isinstance(code, int)
    return code


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "收件"
    folder.mkdir()
    shutil.copy(CLEAN, folder)
    return folder


def test_true_overspending_sends_nothing_back(command: object, inbox: Path, tmp_path: Path) -> None:
    out = tmp_path / "排名.xlsx"
    assert run(command, "run", inbox, "-o", out, "--quiet") == 0
    sheet = openpyxl.load_workbook(out)["问题清单"]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    header = next(row for row in rows if row[0] == "序号")
    kinds = {row[header.index("规则")]: row[header.index("类别")] for row in rows[rows.index(header) + 1 :]}
    assert kinds["SG01"] == "绩效"


def test_the_public_workbook_leaves_out_who_the_roster_says_is_secret(
    command: object, inbox: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, public, roster = tmp_path / "排名.xlsx", tmp_path / "公示.xlsx", tmp_path / "单位名录.xlsx"
    shutil.copy(next((FOLDER / "inbox").glob("101002_*.xlsx")), inbox)
    book = openpyxl.load_workbook(FOLDER / "单位名录.xlsx")
    sheet = book.worksheets[0]
    header = next(row for row in sheet.iter_rows() if row[0].value == "单位编码")
    secret = next(cell.column for cell in header if cell.value == "是否涉密")
    for row in sheet.iter_rows(min_row=header[0].row + 1):
        sheet.cell(row[0].row, secret).value = "是" if row[0].value == "101001" else None
    book.save(roster)
    assert run(command, "run", inbox, "-o", out, "--public", public, "--roster", roster, "--quiet") == 1
    assert capsys.readouterr().err == ""
    shown = list(openpyxl.load_workbook(public).worksheets[0].iter_rows(min_row=3, values_only=True))
    assert shown == [(1, "市文化和旅游局", "社会事业", 99.6, "优")]
    assert run(command, "run", inbox, "-o", out, "--public", public, "--quiet") == 0
    assert capsys.readouterr().err == "没有单位名录（--roster），公示版不能识别涉密单位，公开之前请核对。\n"
    assert run(command, "run", inbox, "-o", out, "--public", out, "--quiet") == 2


def test_a_fault_of_the_form_is_exit_1(
    command: object, inbox: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(FAULTY, inbox)
    assert run(command, "run", inbox, "-o", tmp_path / "排名.xlsx") == 1
    captured = capsys.readouterr()
    assert "2 个单位参加排名" in captured.out
    assert "已审核 2/2，有效 2，退回 0" in captured.err


def test_a_broken_file_and_a_missing_department_are_exit_1(command: object, inbox: Path, tmp_path: Path) -> None:
    out = tmp_path / "排名.xlsx"
    assert run(command, "run", inbox, "-o", out, "--roster", FOLDER / "单位名录.xlsx", "--quiet") == 1
    (inbox / "坏.xlsx").write_bytes(b"")
    assert run(command, "run", inbox, "-o", out, "--quiet") == 1


def test_other_material_is_no_reason_for_exit_1(command: object, inbox: Path, tmp_path: Path) -> None:
    (inbox / "报告.pdf").write_bytes(b"%PDF-1.4")
    assert run(command, "run", inbox, "-o", tmp_path / "排名.xlsx", "--quiet") == 0


def test_a_deadline_is_told_and_costs_nothing(command: object, inbox: Path, tmp_path: Path) -> None:
    out, scan = tmp_path / "排名.xlsx", inbox / "101001盖章件.pdf"
    scan.write_bytes(b"%PDF-1.4")
    for file in inbox.iterdir():
        os.utime(file, (1_755_792_000, 1_755_792_000))  # 2025-08-22 00:00 in China
    roster = FOLDER / "单位名录.xlsx"
    run(command, "run", inbox, "-o", out, "--roster", roster, "--deadline", "2025-08-20")
    workbook = openpyxl.load_workbook(out)
    rows = list(workbook["收件登记"].iter_rows(values_only=True))
    header = next(row for row in rows if row[0] == "来源文件")
    table = [dict(zip(header, row, strict=True)) for row in rows[rows.index(header) + 1 :]]
    assert {row["说明"] for row in table if row["来源文件"]} == {"逾期2天", "逾期2天；盖章件"}
    facts = dict(workbook["运行说明"].iter_rows(min_row=3, max_col=2, values_only=True))
    assert facts["截止日期"] == "2025-08-20"
    assert "，相符；" in str(facts["收件核对"])
    ranking = list(workbook["排名"].iter_rows(values_only=True))
    header = next(row for row in ranking if row[0] == "排名")
    stamps = {
        row[header.index("单位编码")]: row[header.index("盖章件")] for row in ranking[ranking.index(header) + 1 :]
    }
    assert stamps["101001"] == "已收"
    assert stamps["101015"] == "未收"


def test_the_same_inputs_give_the_same_bytes(command: object, inbox: Path, tmp_path: Path) -> None:
    shutil.copy(FAULTY, inbox)
    outs = [tmp_path / "甲.xlsx", tmp_path / "乙.xlsx"]
    for out, jobs in zip(outs, (1, 2), strict=True):
        run(command, "run", inbox, "-o", out, "--time", "2025-09-01T09:00:00", "--jobs", jobs, "--quiet")
    assert outs[0].read_bytes() == outs[1].read_bytes()


def test_a_cache_that_cannot_be_used_is_told_once_and_changes_nothing(
    command: object, inbox: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    time = ("--time", "2025-09-01T09:00:00", "--jobs", 1)
    outs = [tmp_path / "甲.xlsx", tmp_path / "乙.xlsx"]
    monkeypatch.setenv("EVALBATCH_CACHE", str(tmp_path / "无" / "缓存"))
    assert run(command, "run", inbox, "-o", outs[0], *time, "--no-cache") == 0
    assert not (tmp_path / "无").exists()
    (tmp_path / "无").write_bytes(b"")
    capsys.readouterr()
    assert run(command, "run", inbox, "-o", outs[1], *time) == 0
    told = [line for line in capsys.readouterr().err.splitlines() if "缓存" in line]
    assert len(told) == 1 and told[0].endswith("本次全部重新读取。")
    assert outs[0].read_bytes() == outs[1].read_bytes()


@pytest.mark.parametrize("target", ["排名.xlsx", "深/排名.xlsx", CLEAN.name])
def test_nothing_is_written_into_an_inbox(
    command: object, inbox: Path, capsys: pytest.CaptureFixture[str], target: str
) -> None:
    (inbox / "深").mkdir()
    before = {path: path.stat().st_mtime_ns for path in inbox.rglob("*")}
    assert run(command, "run", inbox, "-o", inbox / target, "--quiet") == 2
    assert "不能写在收件文件夹" in capsys.readouterr().err
    assert run(command, "run", inbox, "-o", inbox.parent / "a.xlsx", "--report", inbox / "r.json", "--quiet") == 2
    assert {path: path.stat().st_mtime_ns for path in inbox.rglob("*")} == before


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["run"], "缺少参数 INBOX"),
        (["run", "{inbox}"], "缺少参数"),
        (["run", "{inbox}", "-o", "{tmp}/a.xlsx", "--deadline", "八月底"], "--deadline 八月底 不是日期"),
        (["run", "{inbox}", "-o"], "缺少值"),
        (["run", "{inbox}", "--没有"], "没有选项"),
        (["没有"], "没有命令"),
        (["run", "{inbox}/无", "-o", "{tmp}/a.xlsx"], "找不到"),
        (["run", "{inbox}", "-o", "{tmp}/无/a.xlsx"], "不存在"),
        (["run", "{inbox}", "-o", "{tmp}"], "是文件夹"),
        (["run", "{inbox}", "-o", "{tmp}/a.xlsx", "--time", "昨天"], "ISO"),
        (["run", "{inbox}", "-o", "{tmp}/a.xlsx", "--jobs", "0"], "--jobs"),
        (["run", "{inbox}", "-o", "{tmp}/a.xlsx", "--scheme", "{tmp}/无.toml"], "无法读取"),
        (["run", "{inbox}", "-o", "{tmp}/a.xlsx", "--roster", "{tmp}/无.xlsx"], "无法读取"),
        (["run", "{tmp}/空", "-o", "{tmp}/a.xlsx"], "没有文件"),
        (["explain", "ID99"], "没有编码"),
        (["check", "{tmp}/无.xlsx"], "找不到"),
    ],
)
def test_a_mistake_is_answered_in_one_sentence_and_exit_2(
    command: object,
    inbox: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    sentence: str,
) -> None:
    (tmp_path / "空").mkdir()
    words = [argument.format(inbox=inbox, tmp=tmp_path) for argument in arguments]
    assert run(command, *words) == 2
    captured = capsys.readouterr()
    assert sentence in captured.err
    assert captured.err.count("\n") == 1
    assert "Traceback" not in captured.err + captured.out
    assert not list(tmp_path.glob("*.xlsx"))


def test_a_failed_run_leaves_the_old_output_as_it_was(
    command: object, inbox: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import evalbatch.ranking_workbook

    out = tmp_path / "排名.xlsx"
    out.write_bytes(b"old")

    def fail(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(evalbatch.ranking_workbook, "write_ranking_workbook", fail)
    assert run(command, "run", inbox, "-o", out, "--quiet") == 2
    assert "磁盘空间" in capsys.readouterr().err
    assert out.read_bytes() == b"old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["排名.xlsx", "收件"]


def test_a_mistake_of_ours_is_one_sentence_too(
    command: object, inbox: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import evalbatch.ranking_workbook

    def fail(*arguments: object) -> None:
        raise ZeroDivisionError("x")

    monkeypatch.delenv("EVALBATCH_DEBUG", raising=False)
    monkeypatch.setattr(evalbatch.ranking_workbook, "write_ranking_workbook", fail)
    assert run(command, "run", inbox, "-o", tmp_path / "排名.xlsx", "--quiet") == 2
    assert "程序内部错误" in capsys.readouterr().err
    assert not (tmp_path / "排名.xlsx").exists()


def test_points_that_make_105_are_refused_with_file_and_key(
    command: object, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "2025.toml"
    text = packaged_scheme().read_text(encoding="utf-8")
    path.write_text(
        text.replace('name = "A部门决策", points = 15', 'name = "A部门决策", points = 20'), encoding="utf-8"
    )
    assert run(command, "scheme", "check", path) == 2
    sentence = capsys.readouterr().err
    assert "2025.toml" in sentence
    assert "groups.points" in sentence
    assert "105" in sentence
    assert run(command, "run", tmp_path, "-o", tmp_path / "a.xlsx", "--scheme", path) == 2


def test_scheme_check_says_what_it_holds(command: object, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(command, "scheme", "check", packaged_scheme()) == 0
    assert "指标 38 个、100 分" in capsys.readouterr().out


def test_check_says_whether_it_can_be_sent(command: object, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(command, "check", CLEAN) == 0
    assert "可以报送" in capsys.readouterr().out
    assert run(command, "check", CLEAN, FAULTY) == 1
    said = capsys.readouterr().out
    assert "[错误·填报] SC03 绩效自评表!J18" in said
    assert "有 1 处填报错误" in said
    broken = tmp_path / "坏.xlsx"
    broken.write_bytes(b"")
    assert run(command, "check", broken, CLEAN) == 2
    assert "无法审核" in capsys.readouterr().out


def test_template_writes_the_blank_workbook(command: object, tmp_path: Path) -> None:
    assert run(command, "template", "-o", tmp_path / "模板.xlsx") == 0
    assert (tmp_path / "模板.xlsx").read_bytes() == blank_template()


@pytest.mark.parametrize("code", [*scheme().rules, *scheme().indicators])
def test_every_code_is_explained(command: object, code: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(command, "explain", code.lower()) == 0
    said = capsys.readouterr().out
    assert said.startswith(code)
    assert "依据：" in said


def test_the_report_has_the_same_fields(command: object, inbox: Path, tmp_path: Path) -> None:
    out, path = tmp_path / "排名.xlsx", tmp_path / "报告.json"
    assert run(command, "run", inbox, "-o", out, "--report", path, "--quiet") == 0
    report = json.loads(path.read_text(encoding="utf-8"))
    assert set(report) >= {"departments", "findings", "files"}
    assert report["departments"][0]["总分"] == 98.4
    assert report["files"][0]["结果"] == "有效"
    assert report["findings"][0]["规则"] == "SG01"


def test_help_names_only_what_is_built(command: object, capsys: pytest.CaptureFixture[str]) -> None:
    run(command, "run", "--help")
    said = capsys.readouterr().out
    assert "--roster" in said
    assert "--previous" not in said


@pytest.mark.parametrize(("debug", "said"), [("", b""), ("1", b"ValueError: full")])
def test_what_cannot_be_tidied_up_after_a_failure_is_no_traceback(debug: str, said: bytes) -> None:
    program = """
from evalbatch import cli
class Archive:
    def __del__(self):
        raise ValueError("full")
cli._run = lambda: Archive() and 2
cli.main()
"""
    environment = os.environ | {"EVALBATCH_DEBUG": debug}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, env=environment, check=False)
    assert done.returncode == 2
    assert (done.stderr == b"") if not said else (said in done.stderr)
