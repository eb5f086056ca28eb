"""Which version counts, whose a workbook is, what is late: the exact row of each file and the exact findings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from evalbatch.consolidation import consolidate
from evalbatch.department_rows import summarise
from evalbatch.evaluation import evaluate, returned
from evalbatch.examination import Examined, refusal, register
from evalbatch.intake import Arrival, Department, Roster
from evalbatch.model import Outcome, Summary
from evalbatch.reading import read_submission
from evalbatch.scheme import Scheme, compile_scheme, packaged_scheme
from tests.forms import base, fill, scheme

TIME = datetime(2025, 9, 1, 9)
START = datetime(2025, 8, 1, 9)
DATE, NAME, CODE = "T10.填报内容", "T01.填报内容", "T02.填报内容"


def roster(*departments: tuple[str, ...]) -> Roster:
    """A roster of (code, name, superior)."""
    every = tuple(Department(code, name, "", False, *above) for code, name, *above in departments)
    return Roster(every, {of.code: of for of in every}, {of.name: of for of in every})


def arrival(name: str, day: int = 0, **known: Any) -> Arrival:
    return Arrival(Path(name), name, 1000, START + timedelta(days=day), **known)


def workbook(
    name: str, typed: Mapping[str, Any] = {}, day: int = 0, names: Roster | None = None, **known: Any
) -> Examined[Summary]:
    """The base department's workbook with cells typed over, arrived ``day`` days after the start."""
    sent = arrival(name, day, **known)
    submission = read_submission(fill(base(), typed), scheme(), name)
    result = evaluate(submission, scheme(), register(sent, submission, names, None))
    digest = sha256(repr(sorted(typed.items(), key=str)).encode()).hexdigest()
    return Examined(sent, digest, result=summarise(result, scheme()), refusal=returned(result))


def broken(name: str, day: int = 0, **known: Any) -> Examined[Summary]:
    sent = arrival(name, day, **known)
    return Examined(sent, f"digest of {name}", refusal=refusal(scheme(), sent, "文件为空"))


def other(name: str, **known: Any) -> Examined[Summary]:
    return Examined(arrival(name, **known), f"digest of {name}", other="不是工作簿，未参与计算")


def policy(name: str, choice: str) -> Scheme:
    """The packaged scheme with another answer to a policy."""
    head, tail = packaged_scheme().read_text(encoding="utf-8").split(f'name = "{name}"\n', 1)
    before, _, after = tail.partition('choice = "')
    return compile_scheme(
        f'{head}name = "{name}"\n{before}choice = "{choice}"{after[after.index(chr(34)) + 1 :]}'.encode(), "x.toml"
    )


def rows(outcome: Outcome) -> dict[str, tuple[str, str]]:
    return {file.file or file.name: (file.status, file.reason) for file in outcome.files}


def told(outcome: Outcome, *codes: str) -> list[tuple[str, str, str, str, str]]:
    return [(f.code, f.level, f.file, f.ref.cell, f.what) for f in outcome.findings if f.code in codes]


@pytest.mark.parametrize(
    ("first", "second", "used"),
    [
        # the form's own date stands before the time of the file
        ({DATE: "2025-08-20"}, {DATE: "2025-08-19"}, "甲.xlsx"),
        ({DATE: "2025-08-19"}, {DATE: "2025-08-20"}, "乙.xlsx"),
        # a date that nobody can have meant tells nothing
        ({DATE: "2205-08-20"}, {DATE: "2025-08-20"}, "乙.xlsx"),
        ({DATE: "2025-08-20", "P06.决算数": 1}, {DATE: "2025-08-20"}, "乙.xlsx"),
        ({DATE: ""}, {DATE: ""}, "乙.xlsx"),
    ],
)
def test_the_newer_version_counts(first: Mapping[str, Any], second: Mapping[str, Any], used: str) -> None:
    items = [workbook("甲.xlsx", {**first, "C1.扣分原因": "甲"}, 1), workbook("乙.xlsx", second, 2)]
    for order in (items, items[::-1]):
        outcome = consolidate(order, scheme(), None, TIME)
        assert [file for file, (status, _) in rows(outcome).items() if status == "有效"] == [used]
        assert [place.result.source for place in outcome.ranked] == [used]


def test_the_date_of_the_mail_stands_before_the_date_in_the_form() -> None:
    mailed = workbook("信.eml/甲.xlsx", {DATE: "2025-08-01"}, 20, mailed=True, depth=1)
    lying = workbook("乙.xlsx", {DATE: "2025-08-20"}, 30)
    outcome = consolidate([mailed, lying], scheme(), None, TIME)
    assert rows(outcome)["信.eml/甲.xlsx"] == ("有效", "")


def test_a_later_broken_resend_never_replaces_a_good_one() -> None:
    names = roster(("900001", "市示范局"))
    items = [
        workbook("甲.xlsx", names=names),
        broken("900001_市示范局_更正.xlsx", 25),
        workbook("去年.xlsx", {"T04.填报内容": "2023", DATE: "2025-08-30"}, 6, names=names),
    ]
    outcome = consolidate(items, scheme(), names, TIME)
    assert rows(outcome) == {
        "甲.xlsx": ("有效", ""),
        "900001_市示范局_更正.xlsx": ("退回重报", "文件为空"),
        "去年.xlsx": ("退回重报", "评价年度不是本次评价的年度"),
    }
    assert told(outcome, "FS04") == [
        ("FS04", "提示", "甲.xlsx", "", "同一单位报送 3 份，取最新的有效一份；其后报送的 900001_市示范局_更正.xlsx、去年.xlsx 退回重报，不取代它"),
    ]  # fmt: skip
    assert outcome.unranked == ()


@pytest.mark.parametrize(
    ("choice", "expected", "reason"),
    [
        ("最新有效", {"一.xlsx": "旧版", "二.xlsx": "有效", "市示范局三.xlsx": "退回重报"}, "以 二.xlsx 为准"),
        ("最新", {"一.xlsx": "旧版", "二.xlsx": "旧版", "市示范局三.xlsx": "退回重报"},
         "其后报送的 市示范局三.xlsx 退回重报，按方案以最新一份为准"),
        ("首份", {"一.xlsx": "有效", "二.xlsx": "旧版", "市示范局三.xlsx": "退回重报"}, ""),
    ],
)  # fmt: skip
def test_the_scheme_says_which_version_counts(choice: str, expected: dict[str, str], reason: str) -> None:
    names = roster(("900001", "市示范局"))
    items = [
        workbook("一.xlsx", {DATE: "2025-08-20"}, 1, names),
        workbook("二.xlsx", {DATE: "2025-08-21"}, 2, names),
        broken("市示范局三.xlsx", 25),
    ]
    outcome = consolidate(items, policy("重复报送", choice), names, TIME)
    assert {file: status for file, (status, _) in rows(outcome).items()} == expected
    assert rows(outcome)["一.xlsx"][1] == reason
    assert len(outcome.ranked) == (choice != "最新")
    assert [(gone.code, gone.status, gone.file) for gone in outcome.unranked] == (
        [("900001", "退回重报", "市示范局三.xlsx")] if choice == "最新" else []
    )


def test_what_changed_from_the_version_before_is_listed() -> None:
    items = [
        workbook("一.xlsx", {DATE: "2025-08-01", "P06.决算数": 1}),
        workbook("二.xlsx", {DATE: "2025-08-02", "S03.说明": "旧的说明"}),
        workbook("三.xlsx", {DATE: "2025-08-03", "N05.决算数": 77, "X001.未达标原因": "新的原因", "T08.填报内容": "王五"}),
    ]  # fmt: skip
    outcome = consolidate(items, scheme(), None, TIME)
    found = [(f.ref.sheet, f.ref.cell, f.what, f.found) for f in outcome.findings if f.code == "FS04"]
    what = "与上一份 二.xlsx 相比有改动（原填→现填）"
    visits = base()["N05.决算数"]
    assert found[0] == ("", "", "同一单位报送 3 份，取最新的有效一份", "一.xlsx、二.xlsx")
    assert found[1:] == [
        ("封面", "C14", what, "C14 2025-08-02→2025-08-03"),
        ("预算执行情况表", "H88、K30", what, f"H88 {visits}→77；K30 旧的说明→空白"),
        ("项目支出明细表", "J5", what, "J5 空白→新的原因"),
    ]


def test_a_long_list_of_changes_is_cut_into_pieces() -> None:
    many = {f"W{number:02}.佐证材料": "佐证" for number in range(1, 41)} | {
        f"W{number:02}.工作名称": f"工作{number}" for number in range(1, 41)
    }
    outcome = consolidate([workbook("一.xlsx"), workbook("二.xlsx", many, 3)], scheme(), None, TIME)
    pieces = [f.found.count("→") for f in outcome.findings if f.code == "FS04" and f.ref.sheet]
    assert max(pieces) == 30
    assert len(pieces) == 3


def test_the_same_file_and_the_same_content_are_duplicates() -> None:
    first = workbook("甲.xlsx", day=1)
    items = [
        first,
        replace(first, arrival=arrival("深/甲.xlsx", 2)),
        replace(workbook("甲.ods", day=0), digest="another"),
        replace(broken("x"), arrival=arrival("乙.xlsx")),
        replace(broken("x"), arrival=arrival("丙.xlsx", 1)),
    ]
    outcome = consolidate(items, scheme(), None, TIME)
    assert rows(outcome) == {
        "甲.xlsx": ("重复", "与 深/甲.xlsx 完全相同"),
        "深/甲.xlsx": ("有效", ""),
        "甲.ods": ("旧版", "以 深/甲.xlsx 为准，填报内容相同"),
        "乙.xlsx": ("退回重报", "文件为空"),
        "丙.xlsx": ("退回重报", "文件为空"),
    }
    assert [what for *_, what in told(outcome, "FS04")] == ["同一单位报送 2 份，取最新的有效一份"]


def test_the_same_broken_file_twice_is_told_once() -> None:
    names = roster(("900001", "市示范局"))
    items = [replace(broken("x"), arrival=arrival(f"市示范局{copy}.xlsx", copy)) for copy in (1, 2)]
    outcome = consolidate(items, scheme(), names, TIME)
    assert [status for status, _ in rows(outcome).values()] == ["重复", "退回重报"]
    assert [(f.code, f.department) for f in outcome.findings] == [("FS01", "900001")]
    assert [(gone.code, gone.status) for gone in outcome.unranked] == [("900001", "退回重报")]


# ---------------------------------------------------------------- whose it is


def test_two_departments_under_one_code_both_go_back() -> None:
    items = [workbook("甲.xlsx", {NAME: "市教育局"}), workbook("乙.xlsx", {NAME: "市体育局"}, 5)]
    outcome = consolidate(items, scheme(), None, TIME)
    what = "单位编码 900001 下有不同的单位：市体育局、市教育局，不能认定是谁的工作簿"
    assert sorted(told(outcome, "HD09")) == [
        ("HD09", "退回", "乙.xlsx", "C5:C6", what), ("HD09", "退回", "甲.xlsx", "C5:C6", what),
    ]  # fmt: skip
    assert rows(outcome) == {"甲.xlsx": ("退回重报", what), "乙.xlsx": ("退回重报", what)}
    assert sorted((gone.code, gone.name) for gone in outcome.unranked) == [
        ("900001", "市体育局"),
        ("900001", "市教育局"),
    ]


def test_the_roster_tells_whose_code_it_is() -> None:
    names = roster(("900001", "市示范局"))
    items = [workbook("甲.xlsx", names=names), workbook("乙.xlsx", {NAME: "市体育局"}, 5, names)]
    outcome = consolidate(items, scheme(), names, TIME)
    assert rows(outcome)["甲.xlsx"] == ("有效", "")
    assert rows(outcome)["乙.xlsx"][0] == "退回重报"
    assert [code for code, *_ in told(outcome, "HD09", "HD10", "HD11")] == ["HD09"]


def test_one_department_under_two_names_is_one_department() -> None:
    items = [workbook("甲.xlsx", {NAME: "市外办"}), workbook("乙.xlsx", {NAME: "市政府外事办公室"}, 5)]
    outcome = consolidate(items, scheme(), None, TIME)
    assert told(outcome, "HD10") == [
        ("HD10", "预警", "乙.xlsx", "C5:C6", "单位编码 900001 下单位名称写法不一：市外办、市政府外事办公室，按同一单位处理")
    ]  # fmt: skip
    assert [status for status, _ in rows(outcome).values()] == ["旧版", "有效"]


def test_names_that_differ_by_brackets_are_the_same() -> None:
    items = [workbook("甲.xlsx", {NAME: "市示范局（本级）"}), workbook("乙.xlsx", {NAME: "市示范局 〔本级〕"}, 5)]
    outcome = consolidate(items, scheme(), None, TIME)
    assert told(outcome, "HD09", "HD10", "HD11") == []
    assert [status for status, _ in rows(outcome).values()] == ["旧版", "有效"]


def test_one_department_under_two_codes_is_not_ranked_twice() -> None:
    items = [workbook("甲.xlsx"), workbook("乙.xlsx", {CODE: "900002"}, 5)]
    what = "单位名称“市示范局”下有不同的单位编码：900001、900002，不能认定是谁的工作簿"
    outcome = consolidate(items, scheme(), None, TIME)
    assert outcome.ranked == ()
    assert sorted(told(outcome, "HD11")) == [
        ("HD11", "退回", "乙.xlsx", "C5:C6", what), ("HD11", "退回", "甲.xlsx", "C5:C6", what),
    ]  # fmt: skip
    names = roster(("900001", "市示范局"))
    items = [workbook("甲.xlsx", names=names), workbook("乙.xlsx", {CODE: "900002"}, 5, names)]
    outcome = consolidate(items, scheme(), names, TIME)
    assert [place.result.source for place in outcome.ranked] == ["乙.xlsx"]
    assert [(code, file) for code, _, file, _, _ in told(outcome, "HD04", "HD11")] == [("HD04", "乙.xlsx")]


def test_a_version_without_a_code_is_of_the_department_of_its_name() -> None:
    items = [workbook("甲.xlsx"), workbook("乙.xlsx", {CODE: "", "C1.扣分原因": "改"}, -5)]
    outcome = consolidate(items, scheme(), None, TIME)
    assert rows(outcome)["乙.xlsx"] == ("旧版", "以 甲.xlsx 为准")


UNIT = (("900001", "市示范局"), ("900002", "市示范中心", "市示范局"))


def test_a_unit_and_its_department_stand_each_by_itself_and_are_told() -> None:
    names = roster(*UNIT)
    unit = {NAME: "市示范中心", CODE: "900002"}
    outcome = consolidate(
        [workbook("甲.xlsx", names=names), workbook("乙.xlsx", unit, 5, names)], scheme(), names, TIME
    )
    assert [status for status, _ in rows(outcome).values()] == ["有效", "有效"]
    assert told(outcome, "HD14") == [
        ("HD14", "预警", "乙.xlsx", "", "主管部门市示范局也报送了工作簿，请核对其中是否已汇总本单位")
    ]
    alone = consolidate([workbook("乙.xlsx", unit, 5, names)], scheme(), names, TIME)
    assert told(alone, "HD14") == []


def test_where_departments_report_for_their_units_a_unit_is_neither_ranked_nor_missed() -> None:
    names = roster(*UNIT, ("900003", "市示范馆", "900001"))
    together = policy("所属单位", "汇总报送")
    unit = workbook("乙.xlsx", {NAME: "市示范中心", CODE: "900002"}, 5, names)
    outcome = consolidate([workbook("甲.xlsx", names=names), unit], together, names, TIME)
    assert rows(outcome) == {
        "甲.xlsx": ("有效", ""),
        "乙.xlsx": ("其他材料", "所属单位的工作簿，由主管部门市示范局汇总报送，不单独排名"),
    }
    assert outcome.unranked == ()


# ---------------------------------------------------------------- other material


def test_other_material_is_told_by_department() -> None:
    names = roster(("900001", "市示范局"), ("900002", "市审计局"))
    items = [
        workbook("信.eml/附件.zip/表.xlsx", names=names, depth=2),
        other("信.eml/IMG_1.jpg", depth=1),
        other("信.eml/附件.zip/自评报告.docx", depth=2),
        replace(other("信.eml/附件.zip", depth=1), other="压缩包，内含 2 个文件"),
        replace(other("信.eml", subject="900001 报送"), other="邮件，内含 2 个附件"),
        other("市审计局盖章件.PDF"),
        other("审计局报告.pdf"),
        other("说明.txt"),
    ]
    outcome = consolidate(items, scheme(), names, TIME)
    found = {file.file: (file.code, file.stamp, file.note) for file in outcome.files if file.file}
    assert found == {
        "信.eml/附件.zip/表.xlsx": ("900001", "", ""),
        "信.eml/IMG_1.jpg": ("900001", "待认", "扫描件或图片，是否盖章件请核对"),
        "信.eml/附件.zip/自评报告.docx": ("900001", "", ""),
        "信.eml/附件.zip": ("900001", "", ""),
        "信.eml": ("900001", "", ""),
        "市审计局盖章件.PDF": ("900002", "已收", "盖章件"),
        "审计局报告.pdf": ("", "", "是否为“市审计局”（900002）？"),
        "说明.txt": ("", "", ""),
    }


def test_a_mail_with_workbooks_of_two_departments_tells_nothing_of_its_scans() -> None:
    items = [
        workbook("信.eml/甲.xlsx", depth=1),
        workbook("信.eml/乙.xlsx", {NAME: "市审计局", CODE: "900002"}, depth=1),
        other("信.eml/盖章件.pdf", depth=1),
        other("信.eml"),
    ]
    outcome = consolidate(items, scheme(), None, TIME)
    assert {file.file: file.code for file in outcome.files} == {
        "信.eml/甲.xlsx": "900001", "信.eml/乙.xlsx": "900002", "信.eml/盖章件.pdf": "", "信.eml": "",
    }  # fmt: skip


def test_files_in_are_rows_out() -> None:
    inside = (arrival("信.eml/甲.xlsx", depth=1), arrival("信.eml/盖章件.pdf", depth=1))
    items = [
        replace(other("信.eml"), members=inside),
        workbook("信.eml/甲.xlsx", depth=1),
        other("信.eml/盖章件.pdf", depth=1),
        broken("坏.xlsx"),
    ]
    names = roster(("900009", "市民政局"))
    facts = dict(consolidate(items, scheme(), names, TIME).facts)
    assert facts["收件核对"] == (
        "收件文件夹中 2 个，邮件和压缩包内 2 个，合计 4 个；登记 4 行，相符；另有未收到文件的单位 1 行"
    )
    facts = dict(consolidate(items[:-2], scheme(), names, TIME).facts)
    assert "登记 2 行，不符" in facts["收件核对"]


# ---------------------------------------------------------------- late


def late(deadline: date, rules: Scheme, *items: Examined[Summary]) -> Outcome:
    return consolidate(items, rules, None, TIME, deadline)


def test_the_day_of_the_deadline_is_in_time_and_the_next_is_late() -> None:
    outcome = late(date(2025, 8, 3), scheme(), workbook("甲.xlsx", day=2))
    assert told(outcome, "FS11") == []
    outcome = late(date(2025, 8, 2), scheme(), workbook("甲.xlsx", day=2), other("说明.txt"))
    assert [(f.level, f.what, f.found, f.expected) for f in outcome.findings if f.code == "FS11"] == [
        ("提示", "逾期1天（按文件时间）", "2025-08-03 09:00:00", "不晚于 2025-08-02")
    ]
    assert {file.file: (file.status, file.note) for file in outcome.files} == {
        "甲.xlsx": ("有效", "逾期1天"), "说明.txt": ("其他材料", ""),
    }  # fmt: skip
    assert dict(outcome.facts)["截止日期"] == "2025-08-02"


def test_the_scheme_says_what_being_late_costs() -> None:
    items = [workbook("甲.xlsx", {DATE: "2025-08-01"}), workbook("乙.xlsx", {DATE: "2025-08-11"}, 10, mailed=True)]
    noted = late(date(2025, 8, 5), scheme(), *items)
    assert rows(noted)["乙.xlsx"] == ("有效", "")
    turned_away = late(date(2025, 8, 5), policy("逾期", "不受理"), *items)
    assert rows(turned_away) == {"甲.xlsx": ("有效", ""), "乙.xlsx": ("退回重报", "逾期6天（按邮件日期）")}
    assert [place.result.source for place in turned_away.ranked] == ["甲.xlsx"]


def test_no_sender_is_registered() -> None:
    sent = replace(arrival("信.eml/甲.xlsx", sender="zhangsan@example.gov.cn", subject="报送", depth=1))
    outcome = consolidate([replace(workbook("信.eml/甲.xlsx"), arrival=sent)], scheme(), None, TIME)
    assert "zhangsan" not in repr(outcome)
    assert [file.subject for file in outcome.files] == ["报送"]
