"""Random source -> what a department fills in besides its accounts: cover, works, benefits, disclosure, its own scores."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Final

from evalbatch.department_workbook import Filling
from evalbatch.department_workbook.figures import FilledFigures
from evalbatch.department_workbook.live import live_formulas
from evalbatch.model import Value
from evalbatch.sampling.accounts import Account
from evalbatch.sampling.departments import Department
from evalbatch.scheme import APPLICABLE, CONTENT, EVIDENCE, REASON, SELF_SCORE, Scheme

_SURNAMES: Final = "王李张刘陈杨赵黄周吴徐孙"
_GIVEN: Final = ("建国", "敏", "伟", "芳", "志强", "丽", "晓东", "静", "海涛", "雪梅")
_WORKS: Final = (
    ("重点项目督导", "次"), ("企业走访服务", "家"), ("专项检查", "次"), ("政策宣讲", "场"), ("业务培训", "期"), ("标准制定", "项"),
    ("示范点建设", "个"), ("便民服务改造", "处"), ("隐患整改", "处"), ("课题调研", "项"),
)  # fmt: skip
_BENEFITS: Final = {
    "经济效益": (("服务企业数", "家", "≥"), ("节约财政资金", "万元", "≥"), ("单位成本", "元", "≤")),
    "社会效益": (("受益群众人数", "人", "≥"), ("投诉件数", "件", "≤"), ("办结件数", "件", "≥")),
    "可持续影响": (("制度健全程度", "", "定性"), ("长效机制建设", "", "定性")),
    "满意度": (("服务对象满意度", "%", "≥"), ("受益群众满意度", "%", "≥")),
}
_PUBLISHED: Final = (("L01", 1, 20), ("L02", 7, 25), ("L03", 1, 22), ("L04", 7, 28))
"""Material, years' months after which it is approved, and the day."""
_AWARDS: Final = (("省级", Decimal(2)), ("市级考核一等奖", Decimal(1)), ("市级考核二等奖", Decimal("0.5")))
_REASONS: Final = ("部分制度尚在修订", "个别工作推进偏慢", "基础资料归集不全", "与上年相比仍有不足")


def perform(source: Random, drawn: Account, scheme: Scheme, department: Department) -> None:
    """Fill in everything but the self-evaluation."""
    _cover(source, drawn, scheme, department)
    drawn.lists["W"] = _works(source, scheme)
    drawn.lists["V"] = _benefits(source)
    drawn.lists["Y"] = _awards(source, scheme)
    _disclosure(source, drawn, scheme)


def _cover(source: Random, drawn: Account, scheme: Scheme, department: Department) -> None:
    def person() -> str:
        return source.choice(_SURNAMES) + source.choice(_GIVEN)

    cover: dict[str, Value] = {
        "T01": department.name, "T02": department.code, "T03": department.category, "T06": person(), "T07": person(),
        "T08": person(), "T09": f"025-{source.randrange(52_000_000, 89_000_000)}",
        "T10": date(scheme.year + 1, 8, 1) + timedelta(days=source.randrange(30)), "T11": Decimal(source.randrange(1, 9)),
    }  # fmt: skip
    drawn.cells |= {(key, CONTENT): value for key, value in cover.items()}


def _works(source: Random, scheme: Scheme) -> list[dict[str, Value]]:
    rows: list[dict[str, Value]] = []
    for name, unit in source.sample(_WORKS, source.randrange(3, 9)):
        planned = source.choice((1, 2, 4, 6, 10, 12, 20, 50))
        done = planned if source.random() < 0.85 else planned * source.randrange(60, 100) // 100
        good = done if source.random() < 0.9 else done * source.randrange(80, 100) // 100
        due = date(scheme.year, 6, 30) + timedelta(days=source.randrange(0, 180))
        late = source.random() < 0.07
        row: dict[str, Value] = {
            "工作名称": name, "计量单位": unit, "计划数量": Decimal(planned), "实际数量": Decimal(done),
            "质量达标数": Decimal(good), "计划完成日期": due,
            "实际完成日期": due + timedelta(days=source.randrange(1, 40) * (1 if late else -1)), "佐证材料": "工作总结",
        }  # fmt: skip
        rows.append(row)
    return rows


def _benefits(source: Random) -> list[dict[str, Value]]:
    rows: list[dict[str, Value]] = []
    for level2, choices in _BENEFITS.items():
        for name, unit, nature in source.sample(choices, source.choice((1, 1, 2))):
            row: dict[str, Value] = {"二级指标": level2, "三级指标": name, "指标性质": nature, "佐证材料": "统计台账"}
            if nature == "定性":
                row["完成程度"] = Decimal(source.choice((70, 80, 90, 95, 100, 100, 100))) / 100
            else:
                target = 90 if unit == "%" else source.choice((5, 20, 100, 300, 1500))
                reached = target * source.randrange(92, 108) // 100
                row |= {"指标值": Decimal(target), "计量单位": unit, "完成值": Decimal(reached)}
            rows.append(row)
    return rows


def _awards(source: Random, scheme: Scheme) -> list[dict[str, Value]]:
    rows: list[dict[str, Value]] = []
    for level, points in source.sample(_AWARDS, source.choice((0, 0, 0, 1, 1, 2))):
        row: dict[str, Value] = {
            "类型": "加分", "级别": level, "工作事项": f"{source.choice(_WORKS)[0]}（{level}）", "授予单位": "人民政府",
            "文号": f"政发〔{scheme.year}〕{source.randrange(1, 200)}号",
            "日期": date(scheme.year, 1, 1) + timedelta(days=source.randrange(366)),
            "自报分值": points, "佐证材料": "文件",
        }  # fmt: skip
        rows.append(row)
    return rows


def _disclosure(source: Random, drawn: Account, scheme: Scheme) -> None:
    for key, months, day in _PUBLISHED:
        year = scheme.year + (months > 6)
        approved = date(year, months, day) - timedelta(days=source.randrange(10))
        drawn.cells[key, "批复日期"] = approved
        for platform in ("财政统一平台公开日期", "部门网站公开日期"):
            drawn.cells[key, platform] = approved + timedelta(days=source.randrange(1, 20))
        drawn.cells[key, "文件名或网址"] = "政府信息公开专栏"
    for key in ("L11", "L12", "L13", "L14", "L15"):
        drawn.cells[key, "是否完成"] = "是" if source.random() < 0.95 else "否"
        drawn.cells[key, "文件名或网址"] = "工作报告"


def claim(source: Random, drawn: Account, scheme: Scheme) -> None:
    """Fill in the self-evaluation: computed rows as they compute, judged rows near the top, deductions with a reason."""
    if source.random() < 0.2:
        drawn.cells["E3", APPLICABLE] = "否"
    drawn.cells["A41", SELF_SCORE] = scheme.indicators["A41"].weight
    figures = FilledFigures(scheme, Filling(drawn.cells, drawn.lists))
    scores = live_formulas(scheme).scores
    judged = [code for code, indicator in scheme.indicators.items() if indicator.spec.type == "评判"]
    lowered = set(source.sample(judged, source.choice((1, 2, 2, 3, 4, 6, 9, len(judged)))))
    for code, indicator in scheme.indicators.items():
        if drawn.cells.get((code, APPLICABLE)) == "否":
            continue
        points = indicator.weight
        if code in scores:
            computed = scores[code].evaluate(figures)
            points = computed if isinstance(computed, Decimal) else points
        elif code in lowered:
            points = indicator.weight * source.choice((60, 80, 90, 95)) / 100
            points = Decimal(f"{points:.2f}")
        drawn.cells[code, SELF_SCORE] = points
        if points < indicator.weight and indicator.group.cap is None:
            drawn.cells[code, REASON] = source.choice(_REASONS)
        drawn.cells[code, EVIDENCE] = "佐证汇编"
