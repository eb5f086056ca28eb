"""Families FS and HD: the form and its cover, as the reader remarked on them and as the roster has them."""

from __future__ import annotations

from collections.abc import Iterator

from evalbatch.model import Finding
from evalbatch.reading.cells import plain, spelling
from evalbatch.rules.case import Case, rule
from evalbatch.scheme import CONTENT


def remarked(case: Case, code: str) -> Iterator[Finding]:
    """The reader's remarks of one code as findings; the cells they put in doubt are noted."""
    for remark in case.submission.remarks:
        if remark.code == code:
            case.doubt.update(remark.keys)
            yield case.finding(
                code, remark.ref, remark.what, found=remark.found, expected=remark.expected, level=remark.level
            )


@rule("FS02")
def missing_sheets(case: Case) -> Iterator[Finding]:
    """A required sheet or its header row is missing: the workbook goes back."""
    yield from remarked(case, "FS02")


@rule("FS03")
def unknown_department(case: Case) -> Iterator[Finding]:
    """Without 填报单位 and 单位编码, or without any 评价年度, nobody can tell whose figures these are."""
    if any(remark.code == "FS02" for remark in case.submission.remarks):
        return
    blank = [key for key in ("T01", "T02") if not case.submission.text(key, CONTENT).strip()]
    if len(blank) == 2:
        yield case.finding("FS03", case.refs((key, CONTENT) for key in blank), "封面的填报单位和单位编码均未填")
        case.doubt.update((key, CONTENT) for key in blank)
    if not case.submission.text("T04", CONTENT).strip():
        yield case.finding("FS03", case.ref("T04", CONTENT), "封面的评价年度未填", expected=str(case.scheme.year))
        case.doubt.add(("T04", CONTENT))


@rule("FS05")
def missing_rows(case: Case) -> Iterator[Finding]:
    """A row of the template is missing; a missing row is not zero."""
    yield from remarked(case, "FS05")


@rule("FS06")
def duplicated_or_missing_columns(case: Case) -> Iterator[Finding]:
    """A key twice, a header missing or twice, two lines exchanged, the key column gone."""
    yield from remarked(case, "FS06")


@rule("FS07")
def strangers(case: Case) -> Iterator[Finding]:
    """Rows and sheets with figures that the template does not have."""
    yield from remarked(case, "FS07")


@rule("FS08")
def error_values(case: Case) -> Iterator[Finding]:
    """An input cell holds #REF!, #DIV/0! or another error value; totals that only pass it on are left out."""
    for (key, column), entry in case.submission.cells.items():
        if entry.unreadable and entry.raw.startswith("#") and (key, column) not in case.spread():
            case.suspect(key, column)
            yield case.finding("FS08", entry.ref, f"{case.scheme.label(key)}（{column}）是错误值", found=entry.raw)
    for prefix in case.scheme.lists:
        for row in case.rows(prefix):
            for column, entry in row.row.entries.items():
                if entry.unreadable and entry.raw.startswith("#") and (row.row.key, column) not in case.spread():
                    case.suspect(row.row.key, column, entry.ref.sheet)
                    yield case.finding("FS08", entry.ref, f"{row.row.key} 的{column}是错误值", found=entry.raw)


@rule("FS10")
def labels(case: Case) -> Iterator[Finding]:
    """A line's name is not the one that its key stands for."""
    yield from remarked(case, "FS10")


@rule("FS12")
def changed_print(case: Case) -> Iterator[Finding]:
    """A printed text was rewritten, or a computed cell typed over; none of it counts."""
    yield from remarked(case, "FS12")


@rule("HD01")
def year(case: Case) -> Iterator[Finding]:
    """评价年度 is another year (the workbook goes back) or unreadable."""
    place = ("T04", CONTENT)
    text = case.submission.text(*place)
    if place in case.doubt or not text:
        return
    expected = str(case.scheme.year)
    if case.submission.year is None:
        yield case.finding("HD01", case.ref(*place), "评价年度不能识别，按本次年度处理", found=text, expected=expected,
                           level="错误")  # fmt: skip
    elif case.submission.year != case.scheme.year:
        yield case.finding("HD01", case.ref(*place), "评价年度不是本次评价的年度", found=text, expected=expected)
        case.doubt.add(place)


@rule("HD03")
def unit_of_money(case: Case) -> Iterator[Finding]:
    """金额单位 is blank or none of the four (read as 万元), or a sheet declares another."""
    place = ("T05", CONTENT)
    text = case.submission.text(*place)
    if place in case.submission.cells and place not in case.doubt and plain(text) not in case.scheme.spec.units:
        case.doubt.add(place)
        found, expected = text or "空白", "、".join(case.scheme.spec.units)
        yield case.finding("HD03", case.ref(*place), "金额单位不明，按万元读取", found=found, expected=expected)
    yield from remarked(case, "HD03")


@rule("HD08")
def two_departments_on_the_cover(case: Case) -> Iterator[Finding]:
    """单位编码 is one department's and 填报单位 another's: nobody can tell whose figures these are."""
    if case.registered is None or not case.registered.named:
        return
    places = [("T01", CONTENT), ("T02", CONTENT)]
    name, code = (case.submission.text(*place) for place in places)
    whose = f"{case.registered.name}（{case.registered.code}）"
    yield case.finding("HD08", case.refs(places), f"单位编码是{whose}的，填报单位是{case.registered.named}",
                       found=f"{name}、{code}")  # fmt: skip
    case.doubt.update(places)


@rule("HD13")
def sent_for_another(case: Case) -> Iterator[Finding]:
    """The file's name or its mail tells another department than the cover: figures may stand under a wrong code."""
    if case.registered is None or not case.registered.sent_for or case.registered.named:
        return
    what = f"文件名或邮件主题是{case.registered.sent_for}，封面是{case.registered.name}（{case.registered.code}）"
    found = case.submission.text("T01", CONTENT)
    yield case.finding("HD13", case.ref("T01", CONTENT), what, found=found, expected=case.registered.sent_for)


@rule("HD12")
def edition(case: Case) -> Iterator[Finding]:
    """指标体系版本 is another edition: the form of another scheme was filled."""
    found, expected = case.submission.text("T12", CONTENT), case.scheme.spec.edition
    if found and plain(found) != plain(expected) and ("T04", CONTENT) not in case.doubt:
        what = "填报的是另一版指标体系的模板，按本次方案读取"
        yield case.finding("HD12", case.ref("T12", CONTENT), what, found=found, expected=expected)


@rule("HD04")
def names_of_the_roster(case: Case) -> Iterator[Finding]:
    """填报单位 or 单位编码 differs from the bureau's roster."""
    if case.registered is None:
        return
    if case.registered.unknown:
        places = [("T01", CONTENT), ("T02", CONTENT)]
        found = "、".join(case.submission.text(*place) or "空白" for place in places)
        what = f"填报单位不在单位名录中{f'，{case.registered.proposed}' if case.registered.proposed else ''}"
        yield case.finding("HD04", case.refs(places), what, found=found)
    for key, expected in (("T01", case.registered.name), ("T02", case.registered.code)):
        found = case.submission.text(key, CONTENT)
        if found and expected and spelling(found) != spelling(expected) and (key, CONTENT) not in case.doubt:
            label = case.scheme.label(key)
            yield case.finding("HD04", case.ref(key, CONTENT), f"{label}与单位名录不符", found=found, expected=expected)


@rule("HD05")
def cover_incomplete(case: Case) -> Iterator[Finding]:
    """Names, telephone or date missing on the cover: one line a department."""
    blank = [
        key
        for key in ("T06", "T07", "T08", "T09", "T10")
        if (key, CONTENT) not in case.doubt
        and case.submission.value(key, CONTENT) is None
        and not (case.submission.cells.get((key, CONTENT)) and case.submission.cells[key, CONTENT].unreadable)
    ]
    if blank and any(key.startswith("T") for key, _ in case.submission.cells):
        names = "、".join(case.scheme.label(key) for key in blank)
        yield case.finding("HD05", case.refs((key, CONTENT) for key in blank), f"{names}未填")


@rule("HD07")
def bureau_values(case: Case) -> Iterator[Finding]:
    """A value that the bureau supplied (部门类别, or prefilled from its own system) was changed; the bureau's stands."""
    found = case.submission.text("T03", CONTENT)
    if case.registered is not None and case.registered.category and found not in ("", case.registered.category):
        what = "部门类别与单位名录不符，以单位名录为准"
        yield case.finding("HD07", case.ref("T03", CONTENT), what, found=found, expected=case.registered.category)
    for change in case.changes:
        for column in change.columns:
            case.suspect(change.row, column, change.ref.sheet)
        yield case.finding(
            "HD07", change.ref, change.what, found=change.found, expected=change.expected, difference=change.difference
        )
