"""The workbook against its inbox, through the command: what was changed is told apart, and what cannot be told is said."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from evalbatch import cli, consolidation
from evalbatch.scheme import packaged_scheme
from tests.test_samples import FOLDER
from tests.verification.tampering import Tampered

ROSTER = FOLDER / "单位名录.xlsx"
TIME = 1_755_000_000
Verify = Callable[..., tuple[int, list[str]]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Verify:
    """A command with its exit code and the lines that it prints."""

    def invoke(*arguments: object) -> tuple[int, list[str]]:
        monkeypatch.setattr(sys, "argv", ["evalbatch", *map(str, arguments), "--jobs", "1", "--quiet"])
        capsys.readouterr()
        code = cli._run()
        said = capsys.readouterr()
        return code, (said.out + said.err).splitlines()

    return invoke


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "收件"
    folder.mkdir()
    for code in ("101001", "101003", "101004"):
        shutil.copy(next((FOLDER / "inbox").glob(f"{code}_*.xlsx")), folder / f"{code}.xlsx")
    (folder / "说明.pdf").write_bytes(b"%PDF-1.4")
    for path in folder.iterdir():
        os.utime(path, (TIME, TIME))
    return folder


@pytest.fixture
def out(inbox: Path, tmp_path: Path, run: Verify) -> Path:
    path = tmp_path / "排名.xlsx"
    assert run("run", inbox, "-o", path, "--no-cache")[0] == 0
    return path


def places(lines: list[str], *causes: str) -> list[tuple[str, str]]:
    """Cause and place of each difference told, of some causes only."""
    found = [match.groups() for line in lines if (match := re.match(r"\[(\S+)\] (\S+)　", line))]
    return [(cause, place) for cause, place in found if cause in causes or not causes]


def register_row(path: Path, file: str) -> int:
    return Tampered(path.read_bytes()).row("收件登记", file)


def change(inbox: Path, file: str, sheet: str, cell: str, value: object) -> None:
    """Type something into a workbook that came in, as somebody who means well would."""
    book = openpyxl.load_workbook(inbox / file)
    book[sheet][cell] = value
    book.save(inbox / file)
    os.utime(inbox / file, (TIME, TIME))


def test_a_workbook_that_says_what_its_sources_say(run: Verify, out: Path, inbox: Path) -> None:
    code, lines = run("verify", out, inbox)
    assert code == 0
    assert len(lines) == 1 and lines[0].startswith("相符：排名.xlsx 的 ")


def test_a_changed_source_is_told_apart_from_the_workbook(run: Verify, out: Path, inbox: Path) -> None:
    row = register_row(out, "101003.xlsx")
    change(inbox, "101003.xlsx", "绩效自评表", "J6", 0.5)
    code, lines = run("verify", out, inbox)
    assert code == 1
    assert set(places(lines)) > {("来源文件", f"收件登记!F{row}")}
    assert {cause for cause, _ in places(lines)} == {"来源文件", "随之变动"}
    assert places(lines, "来源文件") == [("来源文件", f"收件登记!F{row}")]
    copy = Tampered(out.read_bytes())
    cell = copy.at("数据底稿", "101004", "S10.决算数")
    copy.value("数据底稿", cell, 1)
    copy.save(out)
    code, lines = run("verify", out, inbox)
    assert code == 1
    assert places(lines, "来源文件", "工作簿") == [
        ("来源文件", f"收件登记!F{row}"), ("工作簿", f"数据底稿!{cell}")
    ]  # fmt: skip


def test_a_source_that_is_gone_and_one_that_is_new(run: Verify, out: Path, inbox: Path) -> None:
    row = register_row(out, "101003.xlsx")
    (inbox / "101003.xlsx").unlink()
    code, lines = run("verify", out, inbox)
    assert code == 1
    assert places(lines, "来源文件", "工作簿") == [("来源文件", f"收件登记!{row}:{row}")]
    assert "登记的这个文件不在收件文件夹中" in lines[0]
    shutil.copy(FOLDER / "inbox" / "101002_市文化和旅游局_2024.xlsx", inbox / "101005.xlsx")
    shutil.copy(FOLDER / "inbox" / "101003_市审计局_2024.xlsx", inbox / "101003.xlsx")
    os.utime(inbox / "101003.xlsx", (TIME, TIME))
    code, lines = run("verify", out, inbox)
    assert code == 1
    assert {cause for cause, _ in places(lines, "来源文件", "工作簿")} == {"来源文件"}
    assert len(places(lines, "来源文件")) == 1
    assert "101005.xlsx" not in register_names(out) and "收件文件夹中有这个文件，登记中没有" in lines[0]


def register_names(path: Path) -> set[object]:
    return {cell.value for (cell,) in openpyxl.load_workbook(path)["收件登记"].iter_rows(max_col=1)}


def test_a_file_that_was_only_copied_is_told_by_its_time_alone(run: Verify, out: Path, inbox: Path) -> None:
    cells = sorted(f"收件登记!H{register_row(out, name)}" for name in ("101003.xlsx", "说明.pdf"))
    for name in ("101003.xlsx", "说明.pdf"):
        os.utime(inbox / name, (TIME + 86_400, TIME + 86_400))
    code, lines = run("verify", out, inbox)
    assert code == 1
    assert places(lines) == [("来源文件", cell) for cell in cells]


def test_a_time_changed_in_the_register_is_named(run: Verify, out: Path, inbox: Path) -> None:
    copy = Tampered(out.read_bytes())
    place = copy.value("收件登记", f"H{copy.row('收件登记', '101004.xlsx')}", 45_900)
    copy.save(out)
    code, lines = run("verify", out, inbox)
    assert (code, places(lines)) == (1, [("来源文件", "!".join(place))])


def test_another_scheme_and_one_that_says_the_same(run: Verify, out: Path, inbox: Path, tmp_path: Path) -> None:
    facts = Tampered(out.read_bytes())
    digest = f"运行说明!B{facts.row('运行说明', '方案摘要（SHA-256）')}"
    text = packaged_scheme().read_text(encoding="utf-8")
    same, other = tmp_path / "一" / "2024.toml", tmp_path / "二" / "2024.toml"
    stricter = text.replace("from = 90, to = 100", "from = 95, to = 100").replace("to = 90 }", "to = 95 }")
    assert stricter != text
    for path, content in ((same, f"{text}\n# 一样\n"), (other, stricter)):
        path.parent.mkdir()
        path.write_text(content, encoding="utf-8")
    code, lines = run("verify", out, inbox, "--scheme", same)
    assert (code, places(lines)) == (1, [("评价依据", digest)])
    code, lines = run("verify", out, inbox, "--scheme", other)
    assert code == 2
    assert places(lines)[0] == ("评价依据", digest)
    assert lines[-1].startswith("无法核对：评价依据或程序版本与当时不同")


def test_another_version_of_the_program(run: Verify, out: Path, inbox: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cell = f"运行说明!B{Tampered(out.read_bytes()).row('运行说明', '程序版本')}"
    monkeypatch.setattr(consolidation, "__version__", "0.9.9")
    code, lines = run("verify", out, inbox)
    assert (code, places(lines)) == (1, [("程序版本", cell)])


def test_what_a_run_was_given_must_be_given_again(run: Verify, inbox: Path, tmp_path: Path) -> None:
    out = tmp_path / "排名.xlsx"
    given = ("--roster", ROSTER, "--deadline", "2025-08-01")
    run("run", inbox, "-o", out, "--no-cache", *given)
    assert run("verify", out, inbox, *given)[0] == 0
    code, lines = run("verify", out, inbox, *given[2:])
    assert code == 2 and len(lines) == 1 and "请用 --roster 给出同一份再核对" in lines[0]
    code, lines = run("verify", out, inbox, *given[:2])
    assert code == 2 and len(lines) == 1 and "截止日期（2025-08-01）" in lines[0]
    code, lines = run("verify", out, inbox, *given[:3], "2025-08-30")
    cell = f"运行说明!B{Tampered(out.read_bytes()).row('运行说明', '截止日期')}"
    assert code == 2 and places(lines)[0] == ("评价依据", cell)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "不是完整的 .xlsx 工作簿"),
        ((FOLDER / "inbox" / "101001_市商务局_2024.xlsx").read_bytes(), "不是本程序写出的排名工作簿"),
        (None, "无法读取"),
    ],
)
def test_what_is_no_ranking_workbook_is_refused_in_a_sentence(
    run: Verify, inbox: Path, tmp_path: Path, content: bytes | None, sentence: str
) -> None:
    path = tmp_path / "别的.xlsx"
    if content is not None:
        path.write_bytes(content)
    code, lines = run("verify", path, inbox)
    assert code == 2 and len(lines) == 1 and sentence in lines[0]
