"""Family SC: the self-evaluation: printed points, claims within bounds, reasons, evidence, optional rows."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from evalbatch.figures import typed_columns
from evalbatch.model import Finding
from evalbatch.reading.cells import plain, shown
from evalbatch.rules.case import Case, rule
from evalbatch.rules.form import remarked
from evalbatch.scheme import APPLICABLE, EVIDENCE, REASON, SELF_SCORE, Indicator
from evalbatch.scoring import is_inapplicable


@rule("SC01")
def group_points(case: Case) -> Iterator[Finding]:
    """The points in a level-1 text are not the scheme's; the first row of each changed group is named."""
    for group in case.scheme.spec.groups:
        expected = group.title
        for code in (code for code in case.scheme.indicators if code.startswith(group.code)):
            found = case.submission.text(code, "一级指标")
            if found and plain(found) != plain(expected):
                yield case.finding(
                    "SC01", case.ref(code, "一级指标"), "一级指标的文字或分值与方案不符", found=found, expected=expected
                )
                break


@rule("SC02")
def row_points(case: Case) -> Iterator[Finding]:
    """分值 of a row was changed: one finding, the rows named; the scheme's points count."""
    changed = []
    for indicator in case.scheme.indicators.values():
        entry = case.submission.cells.get((indicator.code, "分值"))
        if entry is not None and entry.value != indicator.weight:
            changed.append((indicator.code, entry))
    if changed:
        named = "、".join(f"{code} 填 {shown(entry.value)}、应为 {case.scheme.indicators[code].weight}"
                         for code, entry in changed)  # fmt: skip
        yield case.finding("SC02", case.refs((code, "分值") for code, _ in changed), f"分值被改动：{named}")


@rule("SC03")
def claims_in_bounds(case: Case) -> Iterator[Finding]:
    """自评得分 below 0 or above 分值 (counts as the nearer bound), or with more than two decimals."""
    for indicator in case.indicators():
        claim = case.submission.value(indicator.code, SELF_SCORE)
        if not isinstance(claim, Decimal):
            continue
        ref = case.ref(indicator.code, SELF_SCORE)
        name = f"{indicator.code} {indicator.name}"
        if claim < 0 or claim > indicator.weight:
            bound = Decimal(0) if claim < 0 else indicator.weight
            what = f"{name}：自评得分超出0至{indicator.weight}分"
            case.suspect(indicator.code, SELF_SCORE)
            yield case.finding(
                "SC03", ref, what, found=shown(claim), expected=f"0至{indicator.weight}", difference=claim - bound
            )
        elif claim != round(claim, case.scheme.spec.total.decimals):
            yield case.finding("SC03", ref, f"{name}：自评得分多于两位小数", found=shown(claim), variant="小数")


@rule("SC05")
def claim_and_computed(case: Case) -> Iterator[Finding]:
    """自评得分 of a computed row differs from 测算得分; A41, rows still 待核 and rows on cells in doubt are left out."""
    doubt = case.spread()
    for indicator in case.indicators():
        line = case.lines[indicator.code]
        if not indicator.spec.compare or line.computed is None or line.claimed is None or line.source == "待核":
            continue
        if doubt & {(indicator.code, SELF_SCORE), *_basis(case, indicator)}:
            continue
        if line.claimed != line.computed:
            what = (
                f"{indicator.code} {indicator.name}：自评 {line.claimed} 分，测算 {line.computed} 分。{line.sentence}"
            )
            yield case.finding(
                "SC05", case.ref(indicator.code, SELF_SCORE), what, found=shown(line.claimed),
                expected=shown(line.computed), difference=line.claimed - line.computed,
            )  # fmt: skip


def _basis(case: Case, indicator: Indicator) -> Iterator[tuple[str, str]]:
    """The cells that a computed row rests on, list columns down to what is typed in them."""
    for formula in (indicator.points, indicator.pending):
        for cell in () if formula is None else formula.cells:
            yield from ((cell.key, column) for column in typed_columns(case.scheme, cell.key, cell.column))


@rule("SC06")
def reasons_and_evidence(case: Case) -> Iterator[Finding]:
    """Deductions without 扣分原因, and full marks on judged and factual rows without 佐证材料."""
    unexplained, unproved = [], []
    for indicator in case.indicators():
        claim = case.submission.value(indicator.code, SELF_SCORE)
        if not isinstance(claim, Decimal) or indicator.group.cap is not None:
            continue
        if (indicator.code, REASON) not in case.submission.cells or (indicator.code, SELF_SCORE) in case.doubt:
            continue
        if claim < indicator.weight and not case.submission.text(indicator.code, REASON):
            unexplained.append(indicator.code)
        proved = case.submission.text(indicator.code, EVIDENCE)
        if indicator.points is None and claim >= indicator.weight and not proved:
            unproved.append(indicator.code)
    if unexplained:
        what = f"自评扣分而未写扣分原因：{'、'.join(unexplained)}"
        yield case.finding("SC06", case.refs((code, REASON) for code in unexplained), what, found="空白")
    if unproved:
        what = f"自评满分而没有佐证材料：{'、'.join(unproved)}"
        yield case.finding("SC06", case.refs((code, EVIDENCE) for code in unproved), what, found="空白",
                           variant="缺佐证")  # fmt: skip


@rule("SC07")
def undiscriminating(case: Case) -> Iterator[Finding]:
    """Every judged row claims full marks."""
    judged = [indicator for indicator in case.indicators() if indicator.spec.type == "评判"]
    claims = [case.submission.value(indicator.code, SELF_SCORE) for indicator in judged]
    if judged and all(claim == indicator.weight for claim, indicator in zip(claims, judged, strict=True)):
        ref = case.refs((indicator.code, SELF_SCORE) for indicator in judged)
        yield case.finding("SC07", ref, f"{len(judged)} 个评判类指标全部自评满分")


@rule("SC08")
def names(case: Case) -> Iterator[Finding]:
    """An indicator's name is not the one that its code stands for."""
    yield from remarked(case, "SC08")


@rule("SC09")
def optional_rows(case: Case) -> Iterator[Finding]:
    """None of the optional rows of a group was chosen: the group has no points."""
    for group in case.scheme.spec.groups:
        rows = [code for code, row in case.scheme.indicators.items() if row.spec.optional and row.group == group]
        if rows and all(case.submission.value(code, APPLICABLE) == "否" for code in rows):
            what = f"{group.name}没有选择任何指标，本组计0分"
            yield case.finding("SC09", case.refs((code, APPLICABLE) for code in rows), what, found="均为否")


@rule("SC11")
def no_works(case: Case) -> Iterator[Finding]:
    """No key work at all: C1, C2 and C3 cannot be computed."""
    if "W" in case.submission.lists and not case.rows("W"):
        sheet = case.scheme.lists["W"]
        yield case.finding("SC11", case.ref("W01", sheet.label), "重点工作完成情况表没有填报任何工作", found="空白")


@rule("SC12")
def inapplicable(case: Case) -> Iterator[Finding]:
    """是否适用 = 否 where the scheme does not allow it, or without a reason: it counts as 是."""
    for code, indicator in case.scheme.indicators.items():
        if indicator.spec.optional or case.submission.value(code, APPLICABLE) != "否":
            continue
        if is_inapplicable(case.submission, indicator):
            continue
        why = "未在扣分原因栏写明理由" if indicator.spec.inapplicable else "本指标不得填不适用"
        what = f"{code} {indicator.name}填不适用，{why}，按适用计分"
        # a reason would change nothing where none is allowed
        advice = "" if indicator.spec.inapplicable else "请改为“是”，按实际情况自评。"
        yield case.finding("SC12", case.ref(code, APPLICABLE), what, found="否", expected="是", advice=advice)
