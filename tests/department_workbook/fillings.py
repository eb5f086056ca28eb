"""Fillings for the tests of the department workbook: the seed's department, and random ones."""

from __future__ import annotations

import itertools
import random
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from evalbatch.department_workbook import Filling
from evalbatch.department_workbook.figures import FilledFigures
from evalbatch.department_workbook.live import live_formulas
from evalbatch.model import Value
from evalbatch.scheme import CONTENT, Check, Scheme
from evalbatch.scheme.formula import cells, number, scalar
from evalbatch.scheme.spec import ColumnSpec

PAYLOADS: Final = (
    '=HYPERLINK("http://evil.example","点我")', "=cmd|'/c calc'!A1", "{=1+1}", "+1+1", "-1+1", "@SUM(A1)",
    "http://evil.example", "mailto:a@evil.example", "internal:封面!A1", r"\\evil.example\share", "\t=1+1", "=1+1",
)  # fmt: skip

_SEED_LINES: Final = """
P01 决算数 49|P02 决算数 9|P04 决算数 49|P05 决算数 7
R01 年初预算数 2917.92|R01 预算调整数 793.78|R01 决算数 3632.94
S01 年初预算数 2060.00|S01 预算调整数 493.54|S01 决算数 2533.12
S02 年初预算数 137.92|S02 决算数 158.34
S04 年初预算数 720.00|S04 预算调整数 300.24|S04 决算数 940.95
S12 决算数 0|S13 上年决算数 0|S13 决算数 0.53
E301 决算数 2374.83|E301 其中：基本支出 2374.83|E301 其中：项目支出 0
E302 决算数 1091.13|E302 其中：基本支出 158.34|E302 其中：项目支出 932.79
E303 决算数 158.29|E303 其中：基本支出 158.29|E303 其中：项目支出 0
E310 决算数 8.16|E310 其中：基本支出 0|E310 其中：项目支出 8.16
G01 年初预算数 95|G01 决算数 88.60|G02 年初预算数 0|G02 决算数 0|G03 年初预算数 6|G03 决算数 4.85
G05 年初预算数 60|G05 决算数 51.20
"""
_SEED_ZERO: Final = ("R02", "R03", "R04", "R05", "R06", "R07", "R08", "R10", "R11")
_SEED_PROJECTS: Final = (
    ("外事活动", "300", "100", "392.00"),
    ("专业培训", "80", "20", "96.00"),
    ("友城合作", "240", "140.24", "321.95"),
    ("机关运行", "100", "40", "131.00"),
)


def seed_filling(scheme: Scheme) -> Filling:
    """The seed's department with its completed figures (real totals, tied by completed parts): 97.00 points."""
    typed: dict[tuple[str, str], Value] = {
        ("T01", CONTENT): "南京市人民政府外事办公室",
        ("T02", CONTENT): "013001",
        ("T03", CONTENT): "党群",
        ("T10", CONTENT): date(2025, 8, 20),
        ("T11", CONTENT): Decimal(2),
    }
    for item in _SEED_LINES.replace("\n", "|").split("|"):
        if item:
            key, column, value = item.split(" ")
            typed[key, column] = Decimal(value)
    for key in _SEED_ZERO:
        typed |= {(key, "年初预算数"): Decimal(0), (key, "决算数"): Decimal(0)}
    for code, indicator in scheme.indicators.items():
        if indicator.group.cap is None:
            typed[code, "自评得分"] = Decimal(0) if code == "A41" else indicator.weight
    typed["A41", "自评得分"] = Decimal(3)
    typed["B12", "是否适用"] = "否"
    typed["B12", "扣分原因"] = "没有专项资金"
    for key in ("L01", "L02", "L03", "L04"):
        typed[key, "批复日期"] = date(2024, 2, 1)
        typed[key, "财政统一平台公开日期"] = date(2024, 2, 18)
        typed[key, "部门网站公开日期"] = date(2024, 2, 21)
    for key in ("L11", "L12", "L13", "L14", "L15"):
        typed[key, "是否完成"] = "是"
    projects: list[Mapping[str, Value]] = [
        {
            "项目名称": name, "项目类别": "部门预算项目", "年初预算数": Decimal(opening), "预算调整数": Decimal(change),
            "决算数": Decimal(actual),
        }
        for name, opening, change, actual in _SEED_PROJECTS
    ]  # fmt: skip
    works: list[Mapping[str, Value]] = [
        {
            "工作名称": name, "计划数量": Decimal(2), "实际数量": Decimal(2), "质量达标数": Decimal(2),
            "计划完成日期": date(2024, 12, 31), "实际完成日期": date(2024, 12, 1),
        }
        for name, *_ in _SEED_PROJECTS
    ]  # fmt: skip
    benefits: list[Mapping[str, Value]] = [
        {"二级指标": "经济效益", "三级指标": "外资", "指标性质": "≥", "指标值": Decimal(5), "完成值": Decimal(6)},
        {"二级指标": "社会效益", "三级指标": "友城", "指标性质": "=", "指标值": Decimal(3), "完成值": Decimal(3)},
        {"二级指标": "可持续影响", "三级指标": "流程", "指标性质": "定性", "完成程度": Decimal(1)},
        {"二级指标": "满意度", "三级指标": "差评", "指标性质": "≤", "指标值": Decimal(2), "完成值": Decimal(1)},
    ]
    return Filling(typed, {"X": projects, "W": works, "V": benefits})


PASTED: Final[Mapping[tuple[str, str], str]] = {
    ("T11", CONTENT): "两个", ("F1", "自评得分"): "１分", ("G05", "上年预算数"): "590万元", ("S02", "预算调整数"): "约3万",
    ("N01", "决算数"): "１２３", ("X", "预算调整数"): "无", ("W", "权重"): "/", ("V", "权重"): "不涉及",
    ("Y", "自报分值"): "1,000",
}  # fmt: skip
"""Texts in optional cells of figures on every sheet that has any: by key and column, those of a list by its prefix."""


def pasted(filling: Filling, texts: Mapping[tuple[str, str], str] = PASTED) -> Filling:
    """A filling with texts pasted over cells of figures, those of a list in its first row."""
    cells = dict(filling.cells) | {place: text for place, text in texts.items() if len(place[0]) > 1}
    lists = dict(filling.lists)
    for (prefix, column), text in texts.items():
        if len(prefix) == 1:
            first, *rest = lists.get(prefix) or [{}]
            lists[prefix] = [{**first, column: text}, *rest]
    return Filling(cells, lists, filling.explanations)


def planted(scheme: Scheme, check: Check) -> Filling | None:
    """The seed's department with one or two cells typed over so that a check fails; None where none is found."""
    live = next(live for live in live_formulas(scheme).checks if live.check.id == check.id)
    sides = [check.left.node, check.right.node, *([] if check.when is None else [check.when.node])]
    read = [(cell.key, cell.column) for side in sides for cell in cells(side) if cell.key not in scheme.lists]
    # a total may be typed over, and so may what it is computed from
    places = list(dict.fromkeys([check.place, *read]))
    base = seed_filling(scheme)
    for changes in itertools.chain(([place] for place in places), itertools.permutations(places, 2)):
        for values in itertools.product(("thrice", "nothing", "much", "one", "less than nothing"), repeat=len(changes)):
            filling = base
            for place, value in zip(changes, values, strict=True):
                filling = _typed_over(scheme, filling, check.list, place, value)
            if FilledFigures(scheme, filling).judge(live).verdict == "✗":
                return filling
    return None


def _typed_over(scheme: Scheme, filling: Filling, prefix: str, place: tuple[str, str], how: str) -> Filling:
    key, column = place
    listed = prefix if key in ("", prefix) else ""
    row = dict(filling.lists[listed][0]) if listed else {}
    old = row.get(column) if listed else FilledFigures(scheme, filling).figure(key, column)
    value = {
        "thrice": (number(scalar(old)) or Decimal(50)) * 3, "nothing": Decimal(0), "much": Decimal(10_000_000),
        "one": Decimal(1), "less than nothing": Decimal(-1),
    }[how]  # fmt: skip
    if not listed:
        return replace(filling, cells=dict(filling.cells) | {place: value})
    rows = [row | {column: value}, *filling.lists[listed][1:]]
    return replace(filling, lists=dict(filling.lists) | {listed: rows})


def random_filling(scheme: Scheme, seed: int) -> Filling:
    """A department as it may come: any unit, gaps, texts that look like formulas, totals off by a few tails."""
    source = random.Random(seed)
    unit = source.choice(("万元", "万元", "元", "千元", "亿元"))
    density = source.choice((0.5, 0.9, 1.0))
    typed: dict[tuple[str, str], Value] = {("T05", CONTENT): unit, ("T01", CONTENT): source.choice(PAYLOADS)}
    for key, line in scheme.lines.items():
        for column, spec in line.types.items():
            if column != CONTENT and (key, column) not in scheme.derivations and source.random() < density:
                typed[key, column] = _value(scheme, source, unit, spec)
    for code, indicator in scheme.indicators.items():
        if source.random() < density:
            typed[code, "自评得分"] = Decimal(source.randint(0, int(indicator.weight * 10))) / 10
        typed[code, "扣分原因"] = source.choice(("", "另有说明"))
        typed[code, "是否适用"] = source.choice(("是", "是", "是", "否", ""))
    lists: dict[str, list[Mapping[str, Value]]] = {}
    for prefix, sheet in scheme.lists.items():
        columns = [column for column in sheet.columns if not column.hidden and column.formula is None]
        lists[prefix] = [
            {
                column.name: _value(scheme, source, unit, column)
                for column in columns
                if source.random() < density and ((prefix, column.name) not in scheme.derivations or index % 2)
            }
            for index in range(source.choice((0, 1, 4, 9, sheet.rows)))
        ]
        if len(lists[prefix]) > 2:
            lists[prefix][1] = {}
    figures = FilledFigures(scheme, Filling(typed, lists))
    # a total in 亿元 has 6 decimals, of which the last is two tails
    step = scheme.spec.tolerance.step / scheme.spec.units[unit] * (2 if unit == "亿元" else 1)
    for key, column in scheme.derivations:
        # a typed total: right, or off by so many tails
        value = figures.figure(key, column) if key not in scheme.lists else None
        if isinstance(value, Decimal) and source.random() < 0.3:
            typed[key, column] = value + step * source.choice((0, 1, 2, 3, 4, 6, 9, 12, -3, -6, 1000))
    explanations = {scheme.checks[0].id: source.choice(PAYLOADS)}
    return Filling(typed, lists, explanations)


def _value(scheme: Scheme, source: random.Random, unit: str, spec: ColumnSpec) -> Value:
    match spec.type:
        case "amount":
            value = Decimal(source.choice((0, 1, 200, source.randint(1, 500_000), source.randint(1, 9_999)))) / 100
            value = -value if spec.signed and source.random() < 0.3 else value
            return value / scheme.spec.units[unit]
        case "count":
            return Decimal(source.randint(0, 60))
        case "number":
            return Decimal(source.randint(-20 if spec.signed else 0, 120)) / source.choice((1, 1, 4))
        case "percent":
            return Decimal(source.randint(0, 130)) / 100  # above 100%: 待核
        case "date":
            return date(2024, 1, 1) + timedelta(days=source.randint(0, 400))
        case "choice":
            return source.choice(spec.choices)
        case _:
            return source.choice((*PAYLOADS, "甲", "乙", "丙"))
