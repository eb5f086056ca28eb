"""Family PJ: the projects of 项目支出明细表, which A41 and B12 rest on."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from evalbatch.model import Finding, ListRow
from evalbatch.reading.cells import plain, shown
from evalbatch.rules.case import Case, rule
from evalbatch.scheme import LOW_PROJECT_RATE, PROJECT_RATE, show


def _name(row: ListRow) -> str:
    return row.row.text("项目名称") or row.row.key


def _percent(rate: Decimal) -> str:
    return f"{(rate * 100).normalize():f}%"


@rule("PJ02")
def incomplete_rows(case: Case) -> Iterator[Finding]:
    """A project without its name, 全年预算数 or 决算数, or with a negative 决算数."""
    doubt = case.spread()
    for row in case.rows("X"):
        blank = [
            column
            for column in ("项目名称", "全年预算数", "决算数")
            if row.row.value(column) is None and (row.row.key, column) not in doubt
        ]
        if blank:
            ref = case.row_ref(row, blank[0])
            for column in (*blank, *(("年初预算数",) if "全年预算数" in blank else ())):
                case.suspect(row.row.key, column, ref.sheet)
            yield case.finding("PJ02", ref, f"{_name(row)}：{'、'.join(blank)}未填", found="空白")
        spent = row.row.value("决算数")
        if isinstance(spent, Decimal) and spent < 0:
            what = f"{_name(row)}：决算数不应为负数"
            ref = case.row_ref(row, "决算数")
            case.suspect(row.row.key, "决算数", ref.sheet)
            yield case.finding("PJ02", ref, what, found=shown(spent), expected="不小于0")


@rule("PJ03")
def execution(case: Case) -> Iterator[Finding]:
    """A project executed below the scheme's rate (far below: said so) or above its budget; a reason is mandatory."""
    doubt = case.spread()
    least, low = (case.scheme.thresholds[name] for name in (PROJECT_RATE, LOW_PROJECT_RATE))
    for row in case.rows("X"):
        budget, spent = row.row.value("全年预算数"), row.row.value("决算数")
        if not isinstance(budget, Decimal) or not isinstance(spent, Decimal) or budget <= 0:
            continue
        if doubt & {(row.row.key, "全年预算数"), (row.row.key, "决算数")}:
            continue
        ref = case.row_ref(row, "决算数")
        rate = row.computed["执行率"]
        shown_rate = show(rate, "%")
        reason = row.row.text("未达标原因")
        if spent - budget > case.scheme.spec.tolerance.fixed:
            what = f"{_name(row)}：决算数超过全年预算数，执行率 {shown_rate}"
            yield case.finding(
                "PJ03", ref, what, found=shown(spent), expected=f"不大于 {shown(budget)}", difference=spent - budget,
                variant="超预算", explanation=reason,
            )  # fmt: skip
        elif row.computed["低执行"]:
            covered = "" if row.computed["未达标"] else "（不纳入考核）"
            missed = low if isinstance(rate, Decimal) and rate < low else least
            what = f"{_name(row)}{covered}：执行率 {shown_rate}，不足{_percent(missed)}" + (
                "" if reason else "，且未写原因"
            )
            yield case.finding(
                "PJ03", ref, what, found=shown_rate, expected=f"{_percent(least)}至100%", explanation=reason
            )


@rule("PJ04")
def no_budget(case: Case) -> Iterator[Finding]:
    """全年预算数 zero: cancelled (left out of A41) when nothing was spent, else spending without a budget."""
    for row in case.rows("X"):
        budget, spent = row.row.value("全年预算数"), row.row.value("决算数")
        if budget != 0 or not isinstance(spent, Decimal):
            continue
        if spent == 0:
            what = f"{_name(row)}：全年预算数与决算数均为0，按已取消处理，不参与考核"
            yield case.finding("PJ04", case.row_ref(row, "全年预算数"), what, found="0")
        elif spent > 0:
            what = f"{_name(row)}：没有全年预算数而有支出"
            yield case.finding("PJ04", case.row_ref(row, "决算数"), what, found=shown(spent), expected="0",
                               difference=spent, variant="无预算支出")  # fmt: skip


@rule("PJ05")
def repeated(case: Case) -> Iterator[Finding]:
    """The same project name twice: one project counts once."""
    seen: dict[str, list[ListRow]] = {}
    for row in case.rows("X"):
        name = plain(row.row.text("项目名称"))
        if name:
            seen.setdefault(name, []).append(row)
    for rows in seen.values():
        if len(rows) > 1:
            ref = case.row_ref(rows[1], "项目名称")
            what = f"项目“{_name(rows[0])}”出现 {len(rows)} 次（{'、'.join(row.row.key for row in rows)}）"
            yield case.finding("PJ05", ref, what, found=_name(rows[1]))


@rule("PJ06")
def no_projects(case: Case) -> Iterator[Finding]:
    """项目支出 without any project: A41 and B12 cannot be verified."""
    if "X" not in case.submission.lists or case.rows("X") or ("S04", "决算数") in case.doubt:
        return
    for column in ("决算数", "全年预算数"):
        spent = case.submission.value("S04", column)
        if isinstance(spent, Decimal) and spent > 0:
            what = f"项目支出{column}为 {shown(spent)} 万元，而项目支出明细表没有项目"
            yield case.finding("PJ06", case.ref("S04", column), what, found=shown(spent))
            return
