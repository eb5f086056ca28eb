"""Outcomes made by hand: a department from its figures, a batch from its departments; reads no file, runs no rule."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

from evalbatch.consolidation import Findings
from evalbatch.department_rows import summarise
from evalbatch.figures import SubmissionFigures
from evalbatch.model import (
    Entry,
    Finding,
    Note,
    Outcome,
    Received,
    Ref,
    Result,
    Review,
    Row,
    Submission,
    Unranked,
    Value,
)
from evalbatch.ranking import rank
from evalbatch.scheme import SELF_SCORE, Scheme, load_scheme
from evalbatch.scheme.layout import template_cell
from evalbatch.scoring import reviewed, score

SCHEME: Scheme = load_scheme()
PAYLOADS = ("=1+1", '=HYPERLINK("http://x")', "@SUM(1)", "+1", "{=1+1}", "http://example.com", "mailto:a@b.c",
            "<r><t>x</t></r></is></c><c r=\"Z9\"><f>1+1</f></c><c><is><r></r>", "\x00坏\x0b字\ud800符")  # fmt: skip

_BUDGET = ("年初预算数", "预算调整数", "全年预算数", "决算数")
_FIGURES: Mapping[str, tuple[str, ...]] = {
    "S03": ("2197.92", "493.54", "2691.46", "2691.46"),
    "S04": ("720.00", "300.24", "1020.24", "940.95"),
    "S10": ("2917.92", "793.78", "3711.70", "3632.41"),
    "G01": ("95.00", "0", "95.00", "88.60"),
    "G02": ("0", "0", "0", "0"),
    "G03": ("6.00", "0", "6.00", "4.85"),
    "G04": ("6.00", "0", "6.00", "4.85"),
    "G05": ("60.00", "0", "60.00", "51.20"),
    "G06": ("161.00", "0", "161.00", "144.65"),
}
_SINGLE: Mapping[tuple[str, str], Value] = {
    ("P01", "决算数"): Decimal(49),
    ("P02", "决算数"): Decimal(9),
    ("P03", "决算数"): Decimal(58),
    ("P06", "决算数"): Decimal(56),
    ("R09", "决算数"): Decimal("3632.94"),
    ("S13", "决算数"): Decimal("0.53"),
    ("E301", "决算数"): Decimal("2374.83"),
    ("G06", "上年预算数"): Decimal("170.00"),
    ("G06", "上年决算数"): Decimal("150.00"),
    **{(key, "批复日期"): date(2025, 2, 1) for key in ("L01", "L02", "L03", "L04")},
    **{(key, "财政统一平台公开日期"): date(2025, 2, 10) for key in ("L01", "L02", "L03", "L04")},
    **{(key, "部门网站公开日期"): date(2025, 2, 11) for key in ("L01", "L02", "L03", "L04")},
    **{(key, "是否完成"): "是" for key in ("L11", "L12", "L13", "L14", "L15")},
}
PROJECTS: tuple[Mapping[str, Value], ...] = tuple(
    {"项目名称": name, "项目类别": kind, "全年预算数": Decimal(budget), "决算数": Decimal(spent)}
    for name, kind, budget, spent in (
        ("外事活动", "部门预算项目", "400.00", "392.00"),
        ("专业培训", "专项资金", "100.00", "96.00"),
        ("友城合作", "部门预算项目", "380.24", "321.95"),
        ("机关运行", "部门预算项目", "140.00", "131.00"),
    )
)
WORKS: tuple[Mapping[str, Value], ...] = (
    {"工作名称": "外事接待任务", "计量单位": "批", "计划数量": Decimal(20), "实际数量": Decimal(22),
     "质量达标数": Decimal(20), "计划完成日期": date(2024, 12, 31), "实际完成日期": date(2024, 12, 20)},
    {"工作名称": "友城合作协议", "计量单位": "项", "计划数量": Decimal(4), "实际数量": Decimal(4),
     "质量达标数": Decimal(4), "计划完成日期": date(2024, 11, 30), "实际完成日期": date(2024, 11, 30)},
)  # fmt: skip
BENEFITS: tuple[Mapping[str, Value], ...] = tuple(
    {"二级指标": group, "三级指标": f"{group}指标", "指标性质": "≥", "指标值": Decimal(90), "计量单位": "%",
     "完成值": Decimal(95)}
    for group in ("经济效益", "社会效益", "可持续影响", "满意度")
)  # fmt: skip


def row(prefix: str, number: int, values: Mapping[str, Value]) -> Row:
    """A filled list row at its template place, dates and figures as given."""
    key = f"{prefix}{number:03d}" if prefix == "X" else f"{prefix}{number:02d}"
    entries = {
        column: Entry(Ref(*template_cell(SCHEME, key, column)) if column in columns(prefix) else Ref("", ""), value)
        for column, value in values.items()
        if value is not None
    }
    return Row(key, number + 4, entries)


def columns(prefix: str) -> frozenset[str]:
    """The visible columns of a list sheet."""
    return frozenset(column.name for column in SCHEME.lists[prefix].columns if not column.hidden)


def department(
    code: str = "001",
    name: str = "市外事办",
    category: str = "党群",
    source: str = "",
    cells: Mapping[tuple[str, str], Value] | None = None,
    claims: Mapping[str, str] | None = None,
    lists: Mapping[str, Sequence[Mapping[str, Value]]] | None = None,
    findings: Iterable[Finding] = (),
    notes: tuple[Note, ...] = (),
    reviews: Mapping[str, str] | None = None,
) -> Result:
    """A department that scores 97.00 unless told otherwise; ``cells`` override single figures, None clears them."""
    values: dict[tuple[str, str], Value] = {
        (key, column): Decimal(figure)
        for key, figures in _FIGURES.items()
        for column, figure in zip(_BUDGET, figures, strict=True)
    }
    values |= _SINGLE
    points = {code: row.weight for code, row in SCHEME.indicators.items() if row.group.code != "F"}
    points |= {code: Decimal(claim) for code, claim in (claims or {}).items()}
    values |= {(indicator, SELF_SCORE): claim for indicator, claim in points.items()}
    values |= cells or {}
    entries = {
        (key, column): Entry(Ref(*template_cell(SCHEME, key, column)), value)
        for (key, column), value in values.items()
        if value is not None
    }
    filled = {"X": PROJECTS, "W": WORKS, "V": BENEFITS, "Y": ()} | dict(lists or {})
    rows = {prefix: tuple(row(prefix, n, item) for n, item in enumerate(items, 1)) for prefix, items in filled.items()}
    file = source or f"{code}/{name}.xlsx"
    submission = Submission(code, name, category, 2024, "万元", file, entries, rows, notes=notes)
    figures = SubmissionFigures(submission, SCHEME)
    given = {key: Review(Decimal(points), f"{key}复议", Ref("", "")) for key, points in (reviews or {}).items()}
    result = reviewed(score(submission, SCHEME, figures), SCHEME, given)
    ratios = {ratio: spec.formula.evaluate(figures) for ratio, spec in SCHEME.ratios.items()}
    return Result(
        submission=submission,
        lines=result.lines,
        groups=result.groups,
        total=result.total,
        low=result.low,
        high=result.high,
        claimed_total=result.claimed_total,
        grade=result.grade,
        ratios={ratio: value if isinstance(value, Decimal) else None for ratio, value in ratios.items()},
        rows=figures.rows,
        findings=tuple(replace(finding, department=code, name=name, file=file) for finding in findings),
    )


def finding(code: str = "ID01", difference: str | None = "-316.63", **changes: object) -> Finding:
    """A finding of a rule of the scheme at S10, with its level and kind."""
    rule = SCHEME.rules[code]
    plain = Finding(
        code=code,
        level=rule.level,
        kind=rule.kind,
        ref=Ref(*template_cell(SCHEME, "S10", "决算数")),
        what=rule.name,
        found="3632.41",
        expected="3315.78",
        difference=None if difference is None else Decimal(difference),
        advice=rule.advice,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def batch(
    *results: Result,
    unranked: tuple[Unranked, ...] = (),
    findings: Iterable[Finding] = (),
    files: tuple[Received, ...] = (),
) -> Outcome:
    """The outcome of some departments; ``findings`` and ``files`` are those beyond the ranked ones'."""
    received = datetime(2025, 8, 20, 9, 30)
    own = tuple(
        Received(r.submission.source, "有效", "", r.submission.code, r.submission.name, "ab" * 32, 42_000, received)
        for r in results
    )
    gone = tuple(Received(u.file, u.status, u.reason, u.code, u.name) for u in unranked if not u.file)
    ranked = rank([summarise(result, SCHEME) for result in results])
    return Outcome(
        ranked=ranked,
        unranked=unranked,
        findings=Findings(ranked, unranked, list(findings)),
        files=own + gone + files,
        facts=(("程序版本", "0.1.0"), ("运行时间", "2025-09-01 10:00:00"), ("收到文件", str(len(own) + len(files)))),
    )


def hostile() -> Outcome:
    """A batch in which every text that a department can write is a payload."""
    results = []
    for number, text in enumerate(PAYLOADS, 1):
        lists: dict[str, Sequence[Mapping[str, Value]]] = {
            "X": [{"项目名称": text, "项目类别": text, "未达标原因": text, "全年预算数": Decimal(9)}],
            "W": [{"工作名称": text, "计量单位": text, "计划数量": Decimal(1), "实际数量": Decimal(1)}],
            "V": [{"二级指标": text, "三级指标": text, "指标性质": text, "计量单位": text}],
            "Y": [{"类型": "加分", "级别": text, "工作事项": text, "文号": text, "授予单位": text},
                  {"类型": text, "级别": text, "工作事项": text}],
        }  # fmt: skip
        note = Note(text, "S10", "决算数", text, text, text, text)
        fault = finding(what=text, found=text, expected=text, advice=text, explanation=text, ref=Ref(text, text))
        results.append(
            department(
                f"{number:03d}",
                text,
                text,
                f"{number}/{text}",
                {("L11", "是否完成"): text},
                None,
                lists,
                [fault],
                (note,),
            )
        )
    unranked = tuple(Unranked(f"9{n}", text, text, "退回重报", text, f"坏/{text}") for n, text in enumerate(PAYLOADS))
    files = tuple(Received(gone.file, "退回重报", gone.reason, gone.code, gone.name, "cd" * 32, 1) for gone in unranked)
    outcome = batch(*results, unranked=unranked, files=files)
    return replace(outcome, facts=(*outcome.facts, *((text, text) for text in PAYLOADS)))


def realistic() -> Outcome:
    """A dozen departments of all kinds, to look at."""
    names = ("市外事办", "市教育局", "市科学技术局", "市民政局", "市司法局", "市财政局", "市人力资源和社会保障局",
             "市规划和自然资源局", "市生态环境局", "市城乡建设委员会", "市交通运输局", "市水务局")  # fmt: skip
    categories = ("党群", "社会事业", "经济", "社会事业")
    results = []
    for index, name in enumerate(names):
        cells: dict[tuple[str, str], Value] = {}
        findings: list[Finding] = []
        claims: dict[str, str] = {"A11": f"{Decimal('1.5') - Decimal('0.1') * index}"}
        lists: dict[str, Sequence[Mapping[str, Value]]] = {}
        if index % 3 == 1:
            cells[("G06", "决算数")] = Decimal("170.5") + index
            findings.append(finding("SG01", str(Decimal("9.5") + index)))
        if index % 4 == 2:
            cells[("S10", "决算数")] = Decimal(3100 - 40 * index)
            findings += [
                finding(),
                finding("YR04", None, explanation="受疫情影响，三季度项目集中调减，资金结转至下年使用。"),
            ]
        if index % 5 == 3:
            cells |= {("L01", "批复日期"): None}
            lists["W"] = [dict(WORKS[0], 计划数量=None), WORKS[1]]
        if index % 4 == 0:
            award: Mapping[str, Value] = {
                "类型": "加分",
                "工作事项": "友城工作",
                "文号": "国发〔2024〕1号",
                "日期": date(2024, 6, 1),
            }
            lists["Y"] = [{**award, "级别": "国务院"}, {**award, "级别": "省级"}]
        if index == 11:
            claims |= dict.fromkeys(("A12", "A13", "A21", "A22", "A31", "A32", "B21", "B22", "B31", "B32"), "0")
            lists["V"] = BENEFITS[:2]
        notes = (
            Note("预算执行情况表", "S10", "决算数", Decimal("3632.41"), "３６３２．４１", "H43", "文本形式的数字"),
        )
        results.append(
            department(f"{index + 101:04d}", name, categories[index % 4], "", cells, claims, lists, findings, notes)
        )
    unranked = (
        Unranked("0201", "市体育局", "社会事业", "退回重报", "文件打不开：设有打开密码。", "报送/体育局.xlsx"),
        Unranked("0202", "市档案馆", "党群", "未报送", "单位名录中有，收件中没有。"),
    )
    back = (
        replace(
            finding("FS01", None),
            department="0201",
            name="市体育局",
            file="报送/体育局.xlsx",
            ref=Ref("", ""),
            found="",
            expected="",
        ),
    )
    files = (
        Received(
            "报送/体育局.xlsx",
            "退回重报",
            "文件打不开：设有打开密码。",
            "0201",
            "市体育局",
            "cd" * 32,
            51_200,
            datetime(2025, 8, 21),
        ),
        Received(
            "报送/说明.docx", "其他材料", "不是工作簿。", "", "", "ef" * 32, 12_345, datetime(2025, 8, 21, 8, 0, 1)
        ),
    )
    return batch(*results, unranked=unranked, findings=back, files=files)
