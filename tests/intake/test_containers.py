"""Mails and archives: the workbook in them is read as it would be by itself, and whatever lay in them is named."""

from __future__ import annotations

import base64
import gzip
import io
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path, PurePosixPath

import pytest

from evalbatch.examination import examine_file
from evalbatch.intake import Arrival, find_arrivals
from evalbatch.intake.arrivals import Allowance
from evalbatch.intake.kinds import kind_of
from evalbatch.intake.mail import mail_time
from evalbatch.intake.names import Names, decoded, tidy, tidy_path
from evalbatch.model import Outcome, Submission
from evalbatch.pipeline import run
from evalbatch.temporaries import NoRoom
from evalbatch.workers import Settings
from tests.forms import scheme
from tests.intake.forms_of_arrival import (
    ARRIVED,
    Entry,
    attached,
    compound,
    mail,
    mail_with,
    mailbox,
    needs_libarchive,
    nested,
    outlook,
    rar5,
    raw_zip,
    sevenzipped,
    tarred,
    unicode_path,
    word,
    zipped,
)
from tests.test_pipeline import TIME, evaluated, sample, told, workbook

GOOD = sample("101001").read_bytes()
NAME = "市商务局_自评表〇.xlsx"
BOOK = {NAME: GOOD}
MUCH = "内含文件过多、展开后过大或嵌套过深，超出读取上限。请分成几个后重新报送，或解开后放入收件文件夹。"
UNTOLD = "不是工作簿，未参与计算"


@pytest.fixture(autouse=True)
def temporaries(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of this test alone for what waits in temporary files."""
    folder = tmp_path_factory.mktemp("temporaries")
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "收件"
    folder.mkdir()
    return folder


def laid(inbox: Path, name: str, content: bytes) -> Arrival:
    (inbox / name).write_bytes(content)
    return next(arrival for arrival in find_arrivals([inbox]) if arrival.name == name)


def rows(outcome: Outcome) -> dict[str, tuple[str, str]]:
    """The register: what became of each file, and why."""
    return {file.file: (file.status, file.reason) for file in outcome.files}


def submissions(arrival: Arrival) -> dict[str, Submission]:
    """Every workbook in an arrival, by its name."""
    examined = examine_file(arrival, scheme(), None)
    found = {} if examined.result is None else {arrival.name: examined.result.submission}
    for member in examined.members:
        found |= submissions(member)
    return found


GBK = NAME.encode("gb18030")
WORDS = b"\r\n ".join(b"=?gb18030?B?" + base64.b64encode(piece) + b"?=" for piece in (GBK[:5], GBK[5:]))
PERCENT = "".join(f"%{byte:02X}" for byte in GBK).encode()
FORMS: Mapping[str, tuple[str, bytes]] = {
    "zip": ("来.zip/" + NAME, zipped(BOOK)),
    "zip with names in GBK": ("来.zip/" + NAME, zipped(BOOK, "gb18030")),
    "zip with UTF-8 names not marked so": ("来.zip/" + NAME, raw_zip([Entry(NAME.encode(), GOOD)])),
    "zip with a Unicode path": ("来.zip/" + NAME, raw_zip([Entry(b"?.xlsx", GOOD, 0, unicode_path(b"?.xlsx", NAME))])),
    "zip called otherwise": ("来.rar/" + NAME, zipped(BOOK)),
    "zip in a zip": ("来.zip/内.zip/" + NAME, zipped({"内.zip": zipped(BOOK, "gb18030")})),
    "tar.gz": ("来.tar.gz/" + NAME, tarred(BOOK)),
    "tar": ("来.tar/" + NAME, tarred(BOOK, "")),
    "tar.xz": ("来.tar.xz/" + NAME, tarred(BOOK, "xz")),
    "gz": (f"{NAME}.gz/{NAME}", gzip.compress(GOOD)),
    "mail, its name as an encoded word": ("来.eml/" + NAME, mail_with(BOOK)),
    "mail, its name in two encoded words, cut within a character": (
        "来.eml/" + NAME,
        mail(attached(b';\r\n filename="' + WORDS + b'"', GOOD)),
    ),
    "mail, its name in bytes of GBK": ("来.eml/" + NAME, mail(attached(b'; filename="' + GBK + b'"', GOOD))),
    "mail, its name after RFC 2231": ("来.eml/" + NAME, mail(attached(b"; filename*=GB18030''" + PERCENT, GOOD))),
    "mail, its name in two pieces after RFC 2231": (
        "来.eml/" + NAME,
        mail(attached(b";\r\n filename*0*=gb18030''" + PERCENT[:18] + b";\r\n filename*1*=" + PERCENT[18:], GOOD)),
    ),
    "mail, its name only with its type": (
        "来.eml/" + NAME,
        mail(attached(b"", GOOD, b'application/octet-stream;\r\n name="' + word(NAME, "utf-8") + b'"')),
    ),
    "mail in a mail": ("来.eml/里面的.eml/" + NAME, mail(nested(mail_with(BOOK, "里面的", b"inner")))),
    "zip in a mail": ("来.eml/材料.zip/" + NAME, mail_with({"材料.zip": zipped(BOOK, "gb18030")})),
    "zip in a zip in a mail": ("来.eml/甲.zip/乙.zip/" + NAME, mail_with({"甲.zip": zipped({"乙.zip": zipped(BOOK)})})),
    "mailbox": ("来.mbox/00001_报送.eml/" + NAME, mailbox([mail_with(BOOK)])),
    "Outlook": ("来.msg/" + NAME, compound(outlook(BOOK))),
    "Outlook, its names in GBK": ("来.msg/" + NAME, compound(outlook(BOOK, charset="gb18030"))),
    "Outlook, its names in GBK of the named page": (
        "来.msg/" + NAME,
        compound(outlook(BOOK, charset="gb18030", page=936)),
    ),
    "Outlook, its names in Big5": (
        "来.msg/財政.xlsx",
        compound(outlook({"財政.xlsx": GOOD}, "財政", "big5", page=950)),
    ),
    "mail in a mail of Outlook": (
        "来.msg/01_里面的.msg/" + NAME,
        compound(outlook({"里面的": outlook(BOOK, "里面的", nested=True)})),
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_the_same_workbook_in_every_form_is_the_same_submission(inbox: Path, form: str) -> None:
    same_submission(inbox, *FORMS[form])


def same_submission(inbox: Path, name: str, content: bytes) -> None:
    """The workbook that lies in a file of this content under this name is the sample, and so the register says."""
    read = submissions(laid(inbox, name.partition("/")[0], content))
    assert {place: replace(submission, source="") for place, submission in read.items()} == {
        name: replace(submissions(laid(inbox, "原件.xlsx", GOOD))["原件.xlsx"], source="")
    }
    statuses = {file: status for file, (status, _) in rows(evaluated(inbox)).items()}
    above = [parent.as_posix() for parent in PurePosixPath(name).parents][:-1]
    assert sorted([statuses.pop(name), statuses.pop("原件.xlsx")]) == ["有效", "重复"]
    assert statuses == dict.fromkeys(above, "其他材料")


@needs_libarchive
@pytest.mark.parametrize("form", ["7z", "rar"])
def test_the_same_workbook_in_archives_that_need_a_library(inbox: Path, form: str) -> None:
    same_submission(inbox, f"来.{form}/{NAME}", sevenzipped(BOOK) if form == "7z" else rar5(BOOK))


def test_without_that_library_it_is_said_what_to_do(inbox: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "libarchive", None)
    laid(inbox, "来.rar", rar5(BOOK))
    assert rows(evaluated(inbox)) == {
        "来.rar": (
            "退回重报",
            "本机没有安装读取 .7z、.rar 的组件，其中的文件没有读取。"
            "请解压后放入收件文件夹重新运行，或请部门改用 .zip 报送。",
        )
    }


# ---------------------------------------------------------------- what is in the register


def test_every_attachment_has_a_row_with_what_its_mail_says(inbox: Path) -> None:
    inner = mail(attached(b'; filename="a.txt"', b"x"), subject=word("转来"), edge=b"inner", sender=b"<c@d.cn>")
    content = mail(
        nested(inner.replace(b"20 Aug 2025 09:30:00 +0800", b"19 Aug 2025 22:00:00 -0400")),
        attached(b'; filename="' + word("自评表.xlsx") + b'"', GOOD),
        attached(b'; filename="' + word("自评表.xlsx") + b'"', b"PK\3\4"),
        attached(b'; filename="~$temp.xlsx"', b"lock"),
        attached(b"", b""),
        subject=word("市商务局") + b"\r\n " + word("报送"),
        sender=word("张三") + b" <zhang@shangwu.gov.cn>",
    )
    arrival = laid(inbox, "来.eml", content)
    outcome = evaluated(inbox)
    assert [(file.file, file.status, file.reason, file.subject, file.received) for file in outcome.files] == [
        ("来.eml", "其他材料", "邮件，内含 5 个附件", "市商务局报送", ARRIVED),
        ("来.eml/~$temp.xlsx", "其他材料", "打开工作簿时产生的临时文件，未读取", "市商务局报送", ARRIVED),
        ("来.eml/未命名", "其他材料", UNTOLD, "市商务局报送", ARRIVED),
        ("来.eml/自评表 (2).xlsx", "退回重报", "文件已损坏，无法打开。请用 Excel 或 WPS 打开核对后另存为 .xlsx 重新报送。", "市商务局报送", ARRIVED),
        ("来.eml/自评表.xlsx", "有效", "", "市商务局报送", ARRIVED),
        ("来.eml/转来.eml", "其他材料", "邮件，内含 1 个附件", "转来", datetime(2025, 8, 20, 10)),
        ("来.eml/转来.eml/a.txt", "其他材料", UNTOLD, "转来", datetime(2025, 8, 20, 10)),
    ]  # fmt: skip
    facts = dict(outcome.facts)
    assert facts["收件核对"].startswith("收件文件夹中 1 个，邮件和压缩包内 6 个，合计 7 个；登记 7 行，相符")
    examined = examine_file(arrival, scheme(), None)
    assert (examined.arrival.sender, {member.sender for member in examined.members}) == (
        "zhang@shangwu.gov.cn",
        {"zhang@shangwu.gov.cn"},
    )


def test_what_is_sent_together_is_of_one_department_and_what_is_packed_together_need_not_be(inbox: Path) -> None:
    scan, broken = {"盖章件.pdf": b"%PDF-1.4"}, {"坏.xlsx": b"PK\3\4"}
    together = mail_with({"a.xlsx": GOOD, "材料.zip": zipped(scan | broken)}, "一")
    forwarded = mail(
        nested(mail_with({"c.xlsx": sample("101003").read_bytes()}, "甲", b"i")), nested(mail_with(broken, "乙", b"j"))
    )
    laid(inbox, "箱.mbox", mailbox([together, mail_with(scan | broken, "二"), forwarded]))
    laid(inbox, "包.zip", zipped({"b.xlsx": sample("101002").read_bytes()} | scan | broken))
    owned = {file.file: file.code for file in evaluated(inbox).files}
    assert owned == {
        "包.zip": "101002",
        "包.zip/b.xlsx": "101002",
        "包.zip/坏.xlsx": "",
        "包.zip/盖章件.pdf": "101002",
        "箱.mbox": "",
        "箱.mbox/00001_一.eml": "101001",
        "箱.mbox/00001_一.eml/a.xlsx": "101001",
        "箱.mbox/00001_一.eml/材料.zip": "101001",
        "箱.mbox/00001_一.eml/材料.zip/坏.xlsx": "101001",
        "箱.mbox/00001_一.eml/材料.zip/盖章件.pdf": "101001",
        "箱.mbox/00002_二.eml": "",
        "箱.mbox/00002_二.eml/坏.xlsx": "",
        "箱.mbox/00002_二.eml/盖章件.pdf": "",
        "箱.mbox/00003_report.eml": "",
        "箱.mbox/00003_report.eml/乙.eml": "",
        "箱.mbox/00003_report.eml/乙.eml/坏.xlsx": "",
        "箱.mbox/00003_report.eml/甲.eml": "101003",
        "箱.mbox/00003_report.eml/甲.eml/c.xlsx": "101003",
    }


def test_a_run_leaves_a_mailbox_as_it_was_and_nothing_else(inbox: Path, temporaries: Path) -> None:
    content = mailbox([mail_with({"材料.zip": zipped(BOOK)}), mail_with({"箱.mbox": mailbox([mail_with(BOOK)])})])
    laid(inbox, "来.mbox", content)
    outcome = run(find_arrivals([inbox]), Settings(None, None, 2), TIME)
    assert sorted((file.file, file.status) for file in outcome.files if file.status != "其他材料") == [
        ("来.mbox/00001_报送.eml/材料.zip/" + NAME, "重复"),
        (f"来.mbox/00002_报送.eml/箱.mbox/00001_报送.eml/{NAME}", "有效"),
    ]
    assert (inbox / "来.mbox").read_bytes() == content
    assert list(temporaries.glob("evalbatch-*")) == []
    assert rows(outcome) == rows(evaluated(inbox))


def test_what_is_kept_of_members_changes_nothing(inbox: Path) -> None:
    laid(inbox, "来.eml", mail_with({"材料.zip": zipped(BOOK), "坏.xlsx": b"PK\3\4"}))
    laid(inbox, "箱.mbox", mailbox([mail_with({"b.xlsx": sample("101002").read_bytes()})]))
    arrivals = find_arrivals([inbox])
    without, first, second = (
        told(run(arrivals, Settings(None, None, 1, cache=cached), TIME)) for cached in (False, True, True)
    )
    assert without == first == second


# ---------------------------------------------------------------- names


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd", "etc/passwd"),
        ("/etc/passwd", "etc/passwd"),
        ("C:\\用户\\表.xlsx", "用户/表.xlsx"),
        ("甲/./乙/表.xlsx", "甲/乙/表.xlsx"),
        ("表\u202exslx.exe", "表 xslx.exe"),
        ("a\0b\nc.xlsx", "a b c.xlsx"),
        ("..", "未命名"),
        ("", "未命名"),
        ("/".join("abcdefghijklmnop") + "/表.xlsx", "f/g/h/i/j/k/l/m/n/o/p/表.xlsx"),
        ("长" * 500 + ".xlsx", "长" * 115 + ".xlsx"),
    ],
)
def test_a_name_leads_nowhere(name: str, shown: str) -> None:
    assert tidy_path(name) == shown


def test_a_single_name_has_no_folder_and_a_second_one_a_number() -> None:
    assert tidy("2024/决算.xlsx") == "2024_决算.xlsx"
    names = Names()
    assert [names.take("夹/表.xlsx") for _ in range(3)] == ["夹/表.xlsx", "夹/表 (2).xlsx", "夹/表 (3).xlsx"]
    assert names.take("夹/表 (2).xlsx") == "夹/表 (2) (2).xlsx"


@pytest.mark.parametrize(
    ("raw", "charset", "text"),
    [
        ("镕".encode("gbk"), "gb2312", "镕"),
        ("表".encode(), "", "表"),
        ("表".encode("gbk"), "", "表"),
        ("表".encode("gbk"), "unknown-8bit", "表"),
        ("表".encode("big5"), "big5", "表"),
        (b"\xff\xff", "", "\ufffd\ufffd"),
    ],
)
def test_bytes_are_read_as_what_they_say_or_as_they_read_best(raw: bytes, charset: str, text: str) -> None:
    assert decoded(raw, charset) == text


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("Wed, 20 Aug 2025 09:30:00 +0800", datetime(2025, 8, 20, 9, 30)),
        ("Wed, 20 Aug 2025 01:30:00 GMT", datetime(2025, 8, 20, 9, 30)),
        ("20 Aug 2025 01:30:00 -0000", datetime(2025, 8, 20, 9, 30)),
        ("Wed, 20 Aug 2025 09:30:00", datetime(2025, 8, 20, 9, 30)),
        ("Wed, 20 Aug 2025 09:30:00 +0800 (CST)", datetime(2025, 8, 20, 9, 30)),
        ("Wed, 45 Aug 2025 09:30:00", None),
        ("昨天", None),
        ("", None),
    ],
)
def test_the_date_of_a_mail(text: str, moment: datetime | None) -> None:
    assert mail_time(text) == moment


def test_a_mail_without_a_date_arrived_when_its_last_server_had_it(inbox: Path) -> None:
    content = mail(date="", subject=b"x").replace(b"From:", b"Received: by a; Wed, 20 Aug 2025 01:30:00 GMT\r\nFrom:")
    assert examine_file(laid(inbox, "来.eml", content), scheme(), None).arrival.received == ARRIVED


# ---------------------------------------------------------------- kinds


@pytest.mark.parametrize(
    ("content", "name", "kind"),
    [
        (b"", "a.eml", None),
        (b"Subject: x\n\nhello", "a.eml", None),
        (b"Subject: x\nFrom: a@b\n\nhello", "a.txt", "邮件"),
        (b"\xef\xbb\xbf\r\nSubject: x\nFrom: a@b\n\nhello", "a", "邮件"),
        ("收件人: x\n主题: y\n".encode(), "a.eml", None),
        (b"From a@b Wed Aug 20 09:30:00 2025\nFrom: a@b\n\n", "a", "邮箱导出文件"),
        (b"From now on this is a text", "a.txt", None),
        (GOOD, "a.zip", None),
        (zipped({"word/document.xml": b""}), "a.zip", None),
        (zipped({"OFD.xml": b""}), "a.ofd", None),
        (zipped({"a": b""}), "a.docx", "压缩包"),
        (zipped({}), "a.zip", "压缩包"),
        (b"PK\3\4damaged", "a.docx", None),
        (b"PK\3\4damaged", "a.zip", "压缩包"),
        (tarred({"a": b""}), "a", "tar 压缩包"),
        (gzip.compress(b"a"), "a", "压缩文件"),
        (compound(outlook({})), "a.xls", "Outlook 邮件"),
        (compound({"Workbook": outlook({})}), "a.msg", None),
        (compound({})[:1000], "a.msg", None),
        (b"x\x9f>\"", "winmail.dat", "winmail.dat"),
    ],
    ids=range(20),
)  # fmt: skip
def test_a_kind_is_told_by_the_content(content: bytes, name: str, kind: str | None) -> None:
    file = io.BytesIO(content)
    assert kind_of(file, name) == kind
    assert file.tell() == 0


@pytest.mark.parametrize("cut", range(1, 9))
def test_a_mail_that_is_cut_off_gives_what_there_is_of_its_attachment(inbox: Path, cut: int) -> None:
    content = mail(attached(b'; filename="a.xlsx"', GOOD[:1000]))
    cut_off = content[: content.index(b"\r\n--edge--") - cut]
    (member,) = examine_file(laid(inbox, "来.eml", cut_off), scheme(), None).members
    given = member.read()
    assert GOOD[:1000].startswith(given)
    assert len(given) >= 1000 - cut


# ---------------------------------------------------------------- bounds


def test_where_nothing_can_wait_no_file_is_blamed(inbox: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arrival = laid(inbox, "来.zip", zipped(BOOK))
    monkeypatch.setattr(tempfile, "tempdir", str(inbox / "没有"))
    with pytest.raises(NoRoom):
        examine_file(arrival, scheme(), None)


def test_what_may_come_out_is_shared_out_among_what_lies_in_it(inbox: Path) -> None:
    small, large = zipped({"a": b"x"}), zipped({"a": GOOD})
    arrival = laid(inbox, "来.zip", zipped({"小.zip": small, "大.zip": large, "表.xlsx": GOOD}))
    held = len(small) + len(large) + len(GOOD)
    opened = examine_file(replace(arrival, allowance=Allowance(held + 1_000_000, 23)), scheme(), None)
    shares = {member.name: member.allowance for member in opened.members}
    assert shares["来.zip/小.zip"].size + shares["来.zip/大.zip"].size in (999_999, 1_000_000)
    assert (shares["来.zip/小.zip"].members, shares["来.zip/大.zip"].members) == (5, 14)
    assert shares["来.zip/小.zip"].size >= 250_000
    for allowance, what in ((Allowance(held - 1, 23), MUCH), (Allowance(held, 2), MUCH)):
        refused = examine_file(replace(arrival, allowance=allowance), scheme(), None)
        assert (refused.members, refused.refusal and refused.refusal.what) == ((), what)
    within = replace(opened.members[0], allowance=Allowance(0, 5))
    assert examine_file(within, scheme(), None).members == ()


def test_two_versions_in_one_mail_are_told_apart_by_their_own_date(inbox: Path) -> None:
    older, newer = (workbook("101001", {"T10.填报内容": day}) for day in (date(2025, 8, 10), date(2025, 8, 12)))
    laid(inbox, "来.eml", mail_with({"a.xlsx": newer, "b.xlsx": older}))
    statuses = {name: status for name, (status, _) in rows(evaluated(inbox)).items()}
    assert statuses == {"来.eml": "其他材料", "来.eml/a.xlsx": "有效", "来.eml/b.xlsx": "旧版"}
