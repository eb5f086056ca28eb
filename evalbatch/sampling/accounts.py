"""Random source -> the figures of one department: distributed as in published accounts, every identity kept.

Amounts are integers of 0.01 万元 until the end, and only whole-number arithmetic is used, so that one seed gives the
same figures on every machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from typing import Final

from evalbatch.model import Value

# Deciles, the extremes first and last. The middle is where the published accounts of 2018 to 2024 lie that the
# project collected (spending 307.82 to 9,759.38, 基本支出 34 % to 79 %, execution 95.46 % to 99.27 %, …).
_SPENDING: Final = (12_000, 31_000, 44_000, 80_000, 130_000, 200_000, 290_000, 370_000, 560_000, 980_000, 6_000_000)
_BASIC: Final = (2500, 3400, 4500, 5500, 6000, 6400, 7000, 7400, 7900, 8500, 9300)
_STAFF: Final = (8200, 8500, 8800, 9000, 9050, 9100, 9150, 9200, 9300, 9400, 9500)
_SALARIES: Final = (9300, 9400, 9500, 9600, 9700, 9750, 9800, 9860, 9900, 9950, 9990)
_EXECUTION: Final = (8800, 9250, 9450, 9500, 9546, 9589, 9700, 9786, 9820, 9927, 9990)
_LOW_EXECUTION: Final = (2140, 4000, 5500, 6397, 6868, 7400, 8084, 8467, 8700, 8808, 8990)
_CHANGE: Final = (-500, -100, 0, 0, 100, 300, 600, 1000, 1400, 2000, 3994)
_YEAR_BEFORE: Final = (8000, 8700, 9200, 9500, 9700, 9900, 10_100, 10_300, 10_600, 11_000, 12_200)
_PER_HEAD: Final = (1200, 1500, 1700, 1900, 2100, 2300, 2500, 2800, 3100, 3600, 4241)
_OFFICIAL: Final = (0, 0, 1, 3, 6, 10, 18, 30, 60, 120, 240)
_OFFICIAL_SPENT: Final = (0, 1368, 3000, 5000, 6500, 6979, 7300, 8900, 9500, 9900, 10_400)
_OFFICIAL_BEFORE: Final = (9600, 10_000, 10_050, 10_100, 10_200, 10_400, 10_600, 10_900, 11_300, 11_800, 12_500)
_PURCHASES: Final = (0, 200, 500, 700, 850, 1000, 1400, 1800, 2400, 3000, 4000)
_CARRIED: Final = (0, 0, 0, 0, 20, 60, 100, 150, 250, 500, 1200)
_ASSETS: Final = (1000, 2000, 3500, 5000, 7000, 9000, 11_000, 14_000, 18_000, 25_000, 60_000)
_WHOLE: Final = 10_000
"""Shares and rates are of this."""
_PER_PROJECT: Final = 11_000
"""A project more for each so many hundredths of 万元 of project spending."""
_MOST_PROJECTS: Final = 40
_SUBJECTS: Final = (
    "业务工作", "信息化运行维护", "专项整治", "培训", "宣传", "调查监测", "设施维修", "设备购置", "检验检测", "技术服务", "专题研究",
    "安全生产", "惠民补助", "产业引导", "基础建设", "档案整理", "执法办案", "人才引进", "标准化建设", "应急处置",
)  # fmt: skip
_AUDIENCES: Final = ("机关", "基层", "企业", "社区", "农村", "重点区域")
_CATEGORIES: Final = ("部门预算项目",) * 7 + ("专项资金",) * 2 + ("转移支付",)
_ZERO_REVENUES: Final = ("R02", "R03", "R04", "R05", "R06", "R07", "R10")


@dataclass(slots=True)
class Account:
    """What one department fills in; amounts in 万元."""

    cells: dict[tuple[str, str], Value] = field(default_factory=dict)
    """(key, column header) -> value."""
    lists: dict[str, list[dict[str, Value]]] = field(default_factory=dict)
    """List prefix -> its rows."""

    def amount(self, key: str, column: str) -> Decimal:
        """A figure that is filled in, 0 when it is not."""
        value = self.cells.get((key, column))
        return value if isinstance(value, Decimal) else Decimal(0)


def draw(source: Random, deciles: Sequence[int]) -> int:
    """A whole number distributed by its deciles."""
    step, part = divmod(source.randrange((len(deciles) - 1) * 1000), 1000)
    return deciles[step] + (deciles[step + 1] - deciles[step]) * part // 1000


def money(hundredths: int) -> Decimal:
    """Hundredths of 万元 as an amount."""
    return Decimal(hundredths).scaleb(-2)


def account(source: Random) -> Account:
    """The figures of a department; drawn again while two lines of one block happen to agree."""
    while True:
        drawn = _draw_account(source)
        if not _coincidence(drawn):
            return drawn


def _coincidence(drawn: Account) -> bool:
    """Whether amounts agree that a reader would take for copied, or one line looks like 元 beside 万元."""
    for block in ("R", "S", "E", "G"):
        found = [
            value
            for (key, column), value in drawn.cells.items()
            if key.startswith(block) and column == "决算数" and isinstance(value, Decimal) and value > 0
            and key not in ("S05", "S06", "S11", "S14", "G07", "G08", "G09", "G10")
        ]  # fmt: skip
        basic = drawn.amount("S01", "决算数") + drawn.amount("S02", "决算数")
        if len(set(found)) < len(found) or basic in found:
            return True
    return False


def _draw_account(source: Random) -> Account:
    drawn = Account()
    spent = draw(source, _SPENDING)
    basic = spent * draw(source, _BASIC) // _WHOLE
    staff = basic * draw(source, _STAFF) // _WHOLE
    project = spent - basic
    _projects(source, drawn, project)
    for key, actual in (("S01", staff), ("S02", basic - staff)):
        _budget(source, drawn, key, actual)
    salaries = _economic(source, drawn, staff, basic - staff, project)
    _sums_of_projects(drawn)
    _revenue(source, drawn, spent)
    _year_before(source, drawn)
    _people(source, drawn, salaries)
    _official(source, drawn, spent, basic - staff)
    _purchases(source, drawn, spent)
    _progress(source, drawn, spent)
    return drawn


def _write(drawn: Account, key: str, **amounts: int) -> None:
    for column, hundredths in amounts.items():
        drawn.cells[key, column] = money(hundredths)


def _budget(source: Random, drawn: Account, key: str, actual: int) -> None:
    """年初预算数, 预算调整数 and 决算数 of a line, from what was spent."""
    final = actual * _WHOLE // draw(source, _EXECUTION) + 1
    opening = final * _WHOLE // (_WHOLE + draw(source, _CHANGE))
    _write(drawn, key, 年初预算数=opening, 决算数=actual)
    if final != opening:
        _write(drawn, key, 预算调整数=final - opening)


def _projects(source: Random, drawn: Account, total: int) -> None:
    """Projects that add up to 项目支出; three departments in ten have one or two that were not carried out."""
    count = max(1, min(_MOST_PROJECTS, total // _PER_PROJECT, total // 100))
    weights = [source.randrange(10, 100) for _ in range(count)]
    shares = [total * weight // sum(weights) for weight in weights]
    shares[0] += total - sum(shares)
    failing = set(source.sample(range(count), min(count, source.choice((1, 1, 2))))) if source.random() < 0.3 else set()
    names = source.sample([f"{audience}{subject}" for audience in _AUDIENCES for subject in _SUBJECTS], count)
    rows: list[dict[str, Value]] = []
    for number, (name, actual) in enumerate(zip(names, shares, strict=True)):
        final = actual * _WHOLE // draw(source, _LOW_EXECUTION if number in failing else _EXECUTION) + 1
        opening = final * _WHOLE // (_WHOLE + draw(source, _CHANGE))
        row: dict[str, Value] = {
            "项目名称": name,
            "项目类别": source.choice(_CATEGORIES),
            "是否重点": source.choice(("是", "否", "否")),
            "是否纳入考核": "是",
            "年初预算数": money(opening),
            "决算数": money(actual),
        }
        if final != opening:
            row["预算调整数"] = money(final - opening)
        if number in failing:
            row["未达标原因"] = "项目招标推迟，余款结转下年支付"
        rows.append(row)
    drawn.lists["X"] = rows


def _sums_of_projects(drawn: Account) -> None:
    """项目支出 and its two shares, from the projects."""
    rows = drawn.lists["X"]
    chosen = {
        "S04": rows,
        "S05": [row for row in rows if row["项目类别"] == "专项资金"],
        "S06": [row for row in rows if row["是否重点"] == "是"],
    }
    for key, own in chosen.items():
        for column in ("年初预算数", "预算调整数", "决算数"):
            amounts = [value for row in own if isinstance(value := row.get(column), Decimal)]
            if amounts:
                drawn.cells[key, column] = sum(amounts, Decimal(0))


def _economic(source: Random, drawn: Account, staff: int, public: int, project: int) -> int:
    """The economic classes; returns what 301 comes to."""
    salaries = staff * draw(source, _SALARIES) // _WHOLE
    goods = public * source.randrange(8800, 9900) // _WHOLE
    services = project * source.randrange(6000, 8500) // _WHOLE
    equipment = (project - services) * source.randrange(2000, 7000) // _WHOLE
    classes = {
        "E301": (salaries, 0),
        "E302": (goods, services),
        "E303": (staff - salaries, 0),
        "E310": (public - goods, equipment),
        "E399": (0, project - services - equipment),
    }
    for key, (basic, special) in classes.items():
        _write(drawn, key, 决算数=basic + special, **{"其中：基本支出": basic, "其中：项目支出": special})
    return salaries


def _revenue(source: Random, drawn: Account, spent: int) -> None:
    """收入总计 = 支出总计: the appropriation closes the gap between spending and what was carried over."""
    opening = spent * draw(source, _CARRIED) // _WHOLE
    closing = opening * source.randrange(6000, 10_000) // _WHOLE
    if not opening and source.random() < 0.3:
        closing = spent * draw(source, _CARRIED) // _WHOLE
    other = source.choice((0, 0, 0, 620, spent // 500, spent // 90))
    funds = source.choice((0, 0, 0, 0, spent // 20))
    grant = spent + closing - opening - other - funds
    planned = int(sum(drawn.amount(key, "年初预算数") for key in ("S01", "S02", "S04")) * 100)
    change = sum(drawn.amount(key, "预算调整数") for key in ("S01", "S02", "S04"))
    for key in _ZERO_REVENUES:
        _write(drawn, key, 年初预算数=0, 决算数=0)
    _write(drawn, "R01", 年初预算数=max(0, planned - other - funds), 决算数=grant)
    drawn.cells["R01", "预算调整数"] = Decimal(change)
    if funds:
        _write(drawn, "R02", 年初预算数=funds, 决算数=funds)
    _write(drawn, "R08", 年初预算数=other, 决算数=other)
    _write(drawn, "R11", 年初预算数=opening, 决算数=opening)
    _write(drawn, "S12", 决算数=0)
    _write(drawn, "S13", 上年决算数=opening, 决算数=closing)
    if closing:
        _write(drawn, "S14", 决算数=closing * source.randrange(5000, 10_000) // _WHOLE)
    _write(drawn, "S11", 决算数=min(spent, grant + funds))


def _year_before(source: Random, drawn: Account) -> None:
    """The columns of last year."""
    scale = draw(source, _YEAR_BEFORE)
    for key in ("R01", "S01", "S02", "S04"):
        spent = int(drawn.amount(key, "决算数") * 100) * scale // _WHOLE
        _write(drawn, key, 上年预算数=spent * source.randrange(9800, 10_600) // _WHOLE, 上年决算数=spent)
    for column in ("上年预算数", "上年决算数"):
        drawn.cells["S10", column] = sum((drawn.amount(key, column) for key in ("S01", "S02", "S04")), Decimal(0))


def _people(source: Random, drawn: Account, salaries: int) -> None:
    """Persons by what one of them costs; posts are never fewer than persons."""
    persons = max(3, salaries // draw(source, _PER_HEAD))
    officials = persons * source.randrange(30, 100) // 100
    others = persons - officials
    counts = {
        "P01": officials + source.randrange(0, 2 + officials // 15),
        "P02": others + source.randrange(0, 2 + others // 15),
        "P04": officials,
        "P05": others,
        "P07": persons * source.randrange(10, 60) // 100,
        "P08": source.randrange(0, 2 + persons // 8),
    }
    for key, count in counts.items():
        drawn.cells[key, "决算数"] = Decimal(count)


def _official(source: Random, drawn: Account, spent: int, public: int) -> None:
    """“三公”经费 and what goes with them; an item has a count exactly when it has spending."""
    total = spent * draw(source, _OFFICIAL) // _WHOLE
    abroad = total * source.randrange(3000, 6500) // _WHOLE if source.random() < 0.15 else 0
    bought = 1800 * source.randrange(8, 15) // 10 if total > 4000 and source.random() < 0.1 else 0
    cars = (total - abroad) * source.randrange(2000, 8000) // _WHOLE if source.random() < 0.7 else 0
    spending: dict[str, int] = {}
    for key, planned in (("G01", abroad), ("G02", bought), ("G03", cars), ("G05", max(0, total - abroad - cars))):
        spending[key] = actual = planned * draw(source, _OFFICIAL_SPENT) // _WHOLE
        before = planned * draw(source, _OFFICIAL_BEFORE) // _WHOLE
        _write(drawn, key, 上年预算数=before, 年初预算数=planned, 决算数=actual)
        _write(drawn, key, 上年决算数=before * source.randrange(5000, 10_000) // _WHOLE)
    if not any(spending.values()):
        for key in spending:
            _write(drawn, key, 上年决算数=0)
    if source.random() < 0.5:
        _write(drawn, "G10", 决算数=spending["G05"])
    trips = source.randrange(1, 5) if spending["G01"] else 0
    receptions = 1 + spending["G05"] // 60 if spending["G05"] else 0
    counts = (
        ("N01", trips), ("N02", trips * source.randrange(2, 6)), ("N03", int(bool(spending["G02"]))),
        ("N04", 1 + spending["G03"] // 350 if spending["G03"] else 0), ("N05", receptions),
        ("N06", receptions * source.randrange(5, 12)),
    )  # fmt: skip
    for key, count in counts:
        drawn.cells[key, "决算数"] = Decimal(count)
    for key, most in (("G11", public // 12), ("G12", public // 8)):
        planned = source.randrange(200, 300 + most)
        _write(drawn, key, 年初预算数=planned, 决算数=planned * source.randrange(5000, 10_000) // _WHOLE)
    office = public * source.randrange(6000, 10_000) // _WHOLE
    _write(drawn, "G13", 年初预算数=office * 10_500 // _WHOLE, 决算数=office)


def _purchases(source: Random, drawn: Account, spent: int) -> None:
    """政府采购 and 固定资产."""
    planned = spent * draw(source, _PURCHASES) // _WHOLE
    goods = planned * source.randrange(500, 4000) // _WHOLE
    works = (planned - goods) * source.choice((0, 0, 3000, 6000)) // _WHOLE
    total = 0
    for key, budget in (("Q01", goods), ("Q02", works), ("Q03", planned - goods - works)):
        actual = budget * source.randrange(8300, 10_000) // _WHOLE
        total += actual
        _write(drawn, key, 年初预算数=budget, 决算数=actual)
    medium = total * source.randrange(4000, 9500) // _WHOLE
    _write(drawn, "Q05", 决算数=medium)
    _write(drawn, "Q06", 决算数=medium * source.randrange(3000, 9000) // _WHOLE)
    assets = spent * draw(source, _ASSETS) // _WHOLE
    _write(drawn, "K01", 决算数=assets)
    _write(drawn, "K02", 决算数=assets * source.randrange(9000, 10_000) // _WHOLE)


def _progress(source: Random, drawn: Account, spent: int) -> None:
    """支付进度, which three departments in five fill in."""
    if source.random() >= 0.6:
        return
    for key, planned, low in (("Z01", 5000, 4000), ("Z02", 7500, 6400), ("Z03", 10_000, 10_000)):
        actual = spent * source.randrange(low, planned + 1) // _WHOLE
        _write(drawn, key, 全年预算数=spent * planned // _WHOLE, 决算数=actual)
