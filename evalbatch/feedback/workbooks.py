"""A notice, and the list of the departments to call, as workbooks to print and send."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import BinaryIO, Final

from evalbatch.department_rows import Columns, row_of
from evalbatch.feedback.notices import ANSWER, MEND, Call, Notice, demand
from evalbatch.model import Outcome
from evalbatch.ranking_workbook import looks
from evalbatch.ranking_workbook.book import open_book
from evalbatch.ranking_workbook.looks import Formats
from evalbatch.ranking_workbook.sheets import FINDING_COLUMNS, Column, Sheet
from evalbatch.ranking_workbook.table_sheet import write_sheet
from evalbatch.scheme import Scheme
from evalbatch.tables import Table, findings_table

_DEMAND: Final = Column("要求", looks.MARK, 9, marked=MEND)
_DONE: Final = Column("改正情况", looks.TEXT, 16)
_WIDTHS: Final = {"工作表": 16, "单元格": 12, "问题": 38, "填报值": 12, "应为": 13, "差额": 12, "建议": 30, "规则": 7}
_FILE: Final = "来源文件"
_SIGNED: Final = "财政局（盖章）　　　　　　部门负责人：　　　　　　经办人：　　　　　　改正日期：　　　　"
_CALLS: Final[Columns[Call]] = (
    ("单位编码", lambda call: call.code),
    ("填报单位", lambda call: call.name),
    ("情况", lambda call: call.status),
    (MEND, lambda call: call.mend),
    (ANSWER, lambda call: call.answer),
    ("原因", lambda call: call.reason),
    ("通知", lambda call: call.file),
)
_CALL_COLUMNS: Final = (
    Column("序号", looks.ORDINAL),
    Column("单位编码", looks.CODE),
    Column("填报单位", looks.NAME, 30),
    Column("情况", looks.MARK, 11),
    Column(MEND, looks.COUNT, 8),
    Column(ANSWER, looks.COUNT, 8),
    Column("原因", looks.LONG, 44),
    Column("通知", looks.TEXT, 40),
    Column("联系情况", looks.TEXT, 18),
)


def write_notice(target: BinaryIO, notice: Notice, scheme: Scheme, day: date, deadline: date | None) -> None:
    """Write what a department is told: what to mend where, what to answer, by when; the same bytes for the same notice.

    ``day`` is the day of the run; a ``deadline`` before it is over and not named.
    """
    title = f"{scheme.spec.title}填报问题通知（{scheme.year}年度）"
    own = {column.header: column for column in FINDING_COLUMNS}
    shown = [replace(own[header], width=width) for header, width in _WIDTHS.items()]
    which = [own[_FILE]] if len(notice.files) > 1 else []
    columns = (own["序号"], _DEMAND, *shown, *which, _DONE)
    page = Sheet(
        "通知", title, "", _told(notice, columns), columns, 0, lead=_lead(notice, scheme, day, deadline),
        a3=False, signed=_SIGNED, home="",
    )  # fmt: skip
    _write(target, scheme, page)


def _told(notice: Notice, columns: Sequence[Column]) -> Table:
    found = findings_table(Outcome((), (), notice.findings, (), ()))
    demands = [demand(finding) for finding in notice.findings]
    headers = (*found.headers, _DEMAND.header, _DONE.header)
    rows = [(*row, asked, None) for row, asked in zip(found, demands, strict=True)]
    return Table(headers, len(rows), lambda: rows)


def _lead(notice: Notice, scheme: Scheme, day: date, deadline: date | None) -> tuple[str, ...]:
    whom = f"{notice.name}（{notice.code}）" if notice.code else notice.name
    counts = "，".join(f"{what} {count} 处" for what in (MEND, ANSWER) if (count := notice.count(what)))
    answer = f"{ANSWER}的，属实请在“数据审核”表的“情况说明”栏写明；" if notice.count(ANSWER) else ""
    when = f"于 {deadline.isoformat()} 前" if deadline is not None and deadline >= day else "尽快"
    return (
        f"{whom or f'报送“{notice.files[0]}”的单位'}：",
        *(_about(file, notice.returned.get(file)) for file in notice.files),
        f"下表列明{counts}，工作表、单元格是所报文件中的位置。{MEND}的，请在原工作簿中按建议改正；{answer}"
        f"改正后请{when}重新报送整个工作簿。（{day.isoformat()}）",
    )


def _about(file: str, reason: str | None) -> str:
    if reason is None:
        return f"你单位报送的“{file}”已收到并参加汇总，其中有填报错误。"
    return f"你单位报送的“{file}”不能汇总，现退回：{reason.rstrip('。')}。"


def write_calls(target: BinaryIO, calls: Sequence[Call], scheme: Scheme, day: date) -> None:
    """Write the list of the departments to call: those that sent nothing, and those that have a notice."""
    title = f"{scheme.year}年度{scheme.spec.title}未报送、须改正单位名单（{day.isoformat()}）"
    rows = [(number, *row_of(_CALLS, call), None) for number, call in enumerate(calls, 1)]
    headers = tuple(column.header for column in _CALL_COLUMNS)
    table = Table(headers, len(rows), lambda: rows)
    _write(target, scheme, Sheet("名单", title, "", table, _CALL_COLUMNS, 3, a3=False, home=""))


def _write(target: BinaryIO, scheme: Scheme, page: Sheet) -> None:
    book = open_book(target, scheme, page.title)
    write_sheet(book, Formats(book), page, None)
    book.close()
