"""The batch: what arrives, in any order and by any number of workers; a broken file touches no other."""

from __future__ import annotations

import io
import os
import shutil
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import datetime
from pathlib import Path

import pytest

from evalbatch import examination
from evalbatch.consolidation import consolidate
from evalbatch.department_workbook import write_department_workbook
from evalbatch.examination import abridge, examine_file
from evalbatch.intake import InboxError, RosterError, find_arrivals, read_roster
from evalbatch.model import Outcome
from evalbatch.pipeline import Progress, run
from evalbatch.tables import tabulate
from evalbatch.workers import Settings
from tests.forms import scheme
from tests.test_samples import builder

SAMPLES = Path(__file__).parent.parent / "samples" / "2024"
TIME = datetime(2025, 9, 1, 9)


def sample(code: str) -> Path:
    return next((SAMPLES / "inbox").glob(f"{code}_*.xlsx"))


def workbook(code: str, typed: Mapping[str, object]) -> bytes:
    """The workbook of a sample with cells typed over."""
    target = io.BytesIO()
    write_department_workbook(target, scheme(), builder().filling(builder().load(code)["cells"] | typed, scheme()))
    return target.getvalue()


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "收件"
    folder.mkdir()
    for code in ("101001", "101002", "101003"):
        shutil.copy(sample(code), folder)
    return folder


def evaluated(inbox: Path, roster: Path | None = None) -> Outcome:
    """The batch without processes: the same functions, faster."""
    names = read_roster(roster) if roster is not None else None
    examined = []
    waiting = deque(find_arrivals([inbox]))
    while waiting:
        examined.append(abridge(examine_file(waiting.popleft(), scheme(), names), scheme()))
        waiting.extend(examined[-1].members)
    return consolidate(sorted(examined, key=lambda item: item.arrival.name), scheme(), names, TIME)


def totals(outcome: Outcome) -> list[tuple[int, str, str]]:
    return [(p.rank, p.result.code, str(p.result.total)) for p in outcome.ranked]


def told(outcome: Outcome) -> dict[str, object]:
    """Everything that an outcome says, table by table."""
    tables = tabulate(outcome, scheme())
    return {field.name: list(getattr(tables, field.name)) for field in fields(tables)}


def statuses(outcome: Outcome) -> dict[str, str]:
    return {item.file or item.name: item.status for item in outcome.files}


BREAKAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda content: b"",
    "truncated": lambda content: content[: len(content) // 2],
    "text": lambda content: "部门整体支出绩效自评表".encode(),
    "encrypted": lambda content: bytes.fromhex("d0cf11e0a1b11ae1") + "EncryptedPackage".encode("utf-16-le"),
    "flipped": lambda content: content[:3000] + bytes(byte ^ 0xFF for byte in content[3000:3200]) + content[3200:],
}


@pytest.mark.parametrize("breakage", sorted(BREAKAGES))
def test_a_broken_file_is_named_and_touches_no_other(inbox: Path, breakage: str) -> None:
    path = inbox / sample("101002").name
    path.write_bytes(BREAKAGES[breakage](path.read_bytes()))
    outcome = evaluated(inbox)
    assert totals(outcome) == [(1, "101003", "98.90"), (2, "101001", "98.40")]
    assert statuses(outcome)[path.name] == "退回重报"
    returned = [finding for finding in outcome.findings if finding.file == path.name]
    assert [(finding.code, finding.level) for finding in returned] == [("FS01", "退回")]
    assert returned[0].what
    assert [(item.file, item.status) for item in outcome.unranked] == [(path.name, "退回重报")]


def test_every_file_has_one_row_whatever_it_is(inbox: Path) -> None:
    (inbox / "深" / "层").mkdir(parents=True)
    (inbox / "深" / "层" / "自评报告.docx").write_bytes(b"PK\x03\x04not a workbook")
    (inbox / "~$101001.xlsx").write_bytes(b"lock")
    (inbox / "说明.txt").write_text("材料已报")
    outcome = evaluated(inbox)
    assert sorted(statuses(outcome).items()) == [
        ("101001_市商务局_2024.xlsx", "有效"),
        ("101002_市文化和旅游局_2024.xlsx", "有效"),
        ("101003_市审计局_2024.xlsx", "有效"),
        ("~$101001.xlsx", "其他材料"),
        ("深/层/自评报告.docx", "其他材料"),
        ("说明.txt", "其他材料"),
    ]
    assert all(item.digest for item in outcome.files if item.status == "有效")


@pytest.mark.skipif(not hasattr(os, "symlink") or os.name == "nt", reason="symbolic links need rights on Windows")
def test_links_are_named_and_never_followed(inbox: Path, tmp_path: Path) -> None:
    secret = tmp_path / "外面.xlsx"
    shutil.copy(sample("101004"), secret)
    (inbox / "链接.xlsx").symlink_to(secret)
    outcome = evaluated(inbox)
    assert statuses(outcome)["链接.xlsx"] == "其他材料"
    assert "101004" not in [code for _, code, _ in totals(outcome)]


def test_the_newest_valid_version_counts(inbox: Path) -> None:
    old = inbox / sample("101001").name
    copy, broken = inbox / "副本.xlsx", inbox / "再补报.xlsx"
    shutil.copy(old, copy)
    broken.write_bytes(b"PK\x03\x04")
    os.utime(old, (1_700_000_000, 1_700_000_000))
    os.utime(copy, (1_700_000_100, 1_700_000_100))
    os.utime(broken, (1_700_000_200, 1_700_000_200))
    outcome = evaluated(inbox)
    assert statuses(outcome)[old.name] == "重复"
    assert statuses(outcome)["副本.xlsx"] == "有效"
    assert statuses(outcome)["再补报.xlsx"] == "退回重报"
    assert [code for _, code, _ in totals(outcome)].count("101001") == 1


def test_a_different_older_version_is_named(inbox: Path) -> None:
    first, second = inbox / sample("101001").name, inbox / "更正.xlsx"
    content = sample("203001").read_bytes()
    second.write_bytes(content)
    third = inbox / "又更正.xlsx"
    third.write_bytes(sample("203001").read_bytes() + b"\0")
    os.utime(second, (1_700_000_000, 1_700_000_000))
    os.utime(third, (1_700_000_100, 1_700_000_100))
    outcome = evaluated(inbox)
    assert statuses(outcome)["更正.xlsx"] == "旧版"
    assert [f.level for f in outcome.findings if f.code == "FS04"] == ["提示"]
    assert first.exists()


def test_the_roster_gives_codes_names_and_who_is_missing(inbox: Path) -> None:
    outcome = evaluated(inbox, SAMPLES / "单位名录.xlsx")
    absent = {item.code: item.status for item in outcome.unranked}
    assert absent["101015"] == "未报送"
    assert absent["101016"] == "线下报送"
    assert "101001" not in absent


def test_a_department_not_in_the_roster_is_told(inbox: Path, tmp_path: Path) -> None:
    roster = tmp_path / "名录.xlsx"
    builder().write_roster(roster, [("101001", "市商务局", "综合", ""), ("101002", "市文旅局", "社会事业", "")])
    outcome = evaluated(inbox, roster)
    found = [(f.department, f.code, f.expected) for f in outcome.findings if f.code.startswith("HD")]
    assert sorted(found) == [
        ("101001", "HD07", "综合"),
        ("101002", "HD04", "市文旅局"),
        ("101003", "HD04", ""),
    ]
    categories = {p.result.code: p.result.category for p in outcome.ranked}
    assert categories["101001"] == "综合"


def test_a_file_sent_for_another_department_goes_back_and_replaces_nothing(inbox: Path) -> None:
    """The workbook of 101001, once under the name of 101003 and once with the code of 101003 on its cover."""
    shutil.copy(sample("101001"), inbox / "101003_市审计局_更正.xlsx")
    content = workbook("101001", {"T02.填报内容": "101003"})
    (inbox / "更正.xlsx").write_bytes(content)
    outcome = evaluated(inbox, SAMPLES / "单位名录.xlsx")
    found = [(f.file, f.code, f.ref.cell, f.what) for f in outcome.findings if f.level == "退回"]
    assert sorted(found) == [
        ("101003_市审计局_更正.xlsx", "HD13", "C5", "文件名或邮件主题是市审计局（101003），封面是市商务局（101001）"),
        ("更正.xlsx", "HD08", "C5:C6", "单位编码是市审计局（101003）的，填报单位是市商务局（101001）"),
    ]
    assert {code for _, code, _ in totals(outcome)} == {"101001", "101002", "101003"}
    assert statuses(outcome)["101003_市审计局_更正.xlsx"] == statuses(outcome)["更正.xlsx"] == "退回重报"


def test_a_near_miss_is_proposed_and_not_taken(inbox: Path, tmp_path: Path) -> None:
    roster = tmp_path / "名录.xlsx"
    builder().write_roster(roster, [("7", "南京市商务局", "", "")])
    outcome = evaluated(inbox, roster)
    found = {f.department: f.what for f in outcome.findings if f.code == "HD04"}
    assert found["101001"] == "填报单位不在单位名录中，是否为“南京市商务局”（7）？"
    assert found["101003"] == "填报单位不在单位名录中"
    assert [(item.code, item.status) for item in outcome.unranked] == [("7", "未报送")]


@pytest.mark.parametrize(
    ("rows", "place", "reason"),
    [
        ([("1", "甲", "", ""), ("1", "乙", "", "")], "单位名录!A4", "出现两次"),
        ([("1", "甲", "", ""), ("2", "甲", "", "")], "单位名录!B4", "出现两次"),
        ([("1", "", "", "")], "单位名录!B3", "为空"),
        ([("", "甲", "", "")], "单位名录!A3", "为空"),
    ],
)
def test_a_bad_roster_is_refused_with_its_cell(
    tmp_path: Path, rows: list[tuple[str, str, str, str]], place: str, reason: str
) -> None:
    path = tmp_path / "名录.xlsx"
    builder().write_roster(path, rows)
    with pytest.raises(RosterError) as caught:
        read_roster(path)
    assert place in str(caught.value)
    assert reason in str(caught.value)


def test_a_missing_inbox_is_told(tmp_path: Path) -> None:
    with pytest.raises(InboxError, match="找不到"):
        find_arrivals([tmp_path / "无"])


def test_two_inboxes_with_the_same_names_keep_both(tmp_path: Path) -> None:
    for folder in ("甲", "乙"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "表.xlsx").write_bytes(b"x")
    names = [arrival.name for arrival in find_arrivals([tmp_path / "甲", tmp_path / "乙"])]
    assert names == ["1-甲/表.xlsx", "2-乙/表.xlsx"]


def test_workers_and_the_order_of_files_change_nothing(inbox: Path) -> None:
    arrivals = find_arrivals([inbox])
    seen: list[Progress] = []
    one = run(arrivals, Settings(None, None, 1), TIME, seen.append)
    two = run(tuple(reversed(arrivals)), Settings(None, None, 2), TIME)
    assert told(one) == told(two) == told(evaluated(inbox))
    assert [state.done for state in seen] == [1, 2, 3]
    assert (seen[-1].accepted, seen[-1].returned) == (3, 0)


def test_a_file_over_the_bound_is_not_opened(inbox: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examination, "MAX_FILE", 1000)
    outcome = evaluated(inbox)
    assert set(statuses(outcome).values()) == {"退回重报"}
    assert all(item.digest for item in outcome.files)
