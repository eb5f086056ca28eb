"""The mistakes that a sample can hold: each changes one workbook and says which findings it must raise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Final, Literal

from evalbatch.model import Value
from evalbatch.sampling.accounts import Account
from evalbatch.sampling.package import Content, ErrorValue
from evalbatch.scheme import APPLICABLE, CONTENT, EVIDENCE, REASON, SELF_SCORE, Scheme
from evalbatch.scheme.layout import compress, list_key, template_cell, template_layout

Expected = tuple[str, str, str]
"""(rule, sheet, cell) of a finding."""
Moment = Literal["figures", "claims", "file"]
"""When a mistake is made: before the department scores itself, after it, or while the file is saved."""
_ACTUAL: Final = "决算数"
_OPENING: Final = "年初预算数"
_BUDGET: Final = "预算执行情况表"
_SCORES: Final = "绩效自评表"


@dataclass(slots=True)
class Form:
    """A workbook in the making."""

    scheme: Scheme
    source: Random
    account: Account
    typed: dict[tuple[str, str], Content] = field(default_factory=dict)
    """Cells typed over whatever the template prints, by sheet and address."""
    renamed: dict[str, str] = field(default_factory=dict)
    truncated: bool = False

    def __getitem__(self, place: tuple[str, str]) -> Value:
        return self.account.cells.get(place)

    def __setitem__(self, place: tuple[str, str], value: Value) -> None:
        self.account.cells[place] = value

    def add(self, key: str, column: str, more: str) -> None:
        """Raise or lower a figure."""
        self[key, column] = self.account.amount(key, column) + Decimal(more)

    def rows(self, prefix: str) -> list[dict[str, Value]]:
        """The rows of a list."""
        return self.account.lists.setdefault(prefix, [])

    def at(self, rule: str, *places: tuple[str, str]) -> list[Expected]:
        """A finding at the cells of some places, which Excel's name box would show as one."""
        cells = [template_cell(self.scheme, key, column) for key, column in places]
        return [(rule, cells[0][0], compress(cell for _, cell in cells))]

    def overtype(self, key: str, column: str, content: Content) -> None:
        """Type over a cell that the template prints."""
        self.typed[template_cell(self.scheme, key, column)] = content

    def heading(self, key: str) -> tuple[str, str]:
        """The cell of 编码 of a row."""
        sheet = self.scheme.sheet_of(key)
        return sheet, f"A{template_layout(self.scheme)[sheet].rows[key]}"


@dataclass(frozen=True, slots=True)
class Defect:
    """One kind of mistake. ``plant`` returns the findings to expect, or nothing where the workbook has no room for it."""

    name: str
    plant: Callable[[Form], list[Expected]]
    moment: Moment = "figures"


DEFECTS: Final[list[Defect]] = []


def _defect(name: str, moment: Moment = "figures") -> Callable[[Callable[[Form], list[Expected]]], None]:
    def enter(plant: Callable[[Form], list[Expected]]) -> None:
        DEFECTS.append(Defect(name, plant, moment))

    return enter


# ---------------------------------------------------------------- file and form


@_defect("文件没有传完", "file")
def _(form: Form) -> list[Expected]:
    form.truncated = True
    return [("FS01", "", "")]


@_defect("必需的工作表改了名", "file")
def _(form: Form) -> list[Expected]:
    form.renamed[_SCORES] = "自评"
    return [("FS02", _SCORES, ""), ("FS07", "自评", "")]


@_defect("没有填评价年度", "file")
def _(form: Form) -> list[Expected]:
    form["T04", CONTENT] = None
    return form.at("FS03", ("T04", CONTENT))


@_defect("删掉了一行", "file")
def _(form: Form) -> list[Expected]:
    sheet, cell = form.heading("E307")
    for column in ("A", "B"):
        form.typed[sheet, cell.replace("A", column)] = None
    return [("FS05", sheet, cell)]


@_defect("栏目改了名", "file")
def _(form: Form) -> list[Expected]:
    layout = template_layout(form.scheme)["信息公开情况表"]
    form.typed[layout.spec.name, f"G{min(layout.rows.values()) - 1}"] = "网址"
    return [("FS06", layout.spec.name, f"A{min(layout.rows.values()) - 1}")]


@_defect("明细表末行写了合计", "file")
def _(form: Form) -> list[Expected]:
    key = list_key(form.scheme.lists["X"], len(form.rows("X")) + 1)
    sheet, cell = form.heading(key)
    form.typed[sheet, cell] = None
    form.overtype(key, "项目名称", "合计")
    form.overtype(key, _ACTUAL, form[("S04", _ACTUAL)])
    return [("FS07", sheet, cell)]


@_defect("单元格是错误值", "file")
def _(form: Form) -> list[Expected]:
    form.overtype("K01", _ACTUAL, ErrorValue("#REF!"))
    return form.at("FS08", ("K01", _ACTUAL))


@_defect("改了行名称", "file")
def _(form: Form) -> list[Expected]:
    form.overtype("S01", "项目", "人员支出")
    return form.at("FS10", ("S01", "项目"))


@_defect("改填了测算得分", "file")
def _(form: Form) -> list[Expected]:
    form.overtype("B11", "测算得分", Decimal("1.5"))
    return form.at("FS12", ("B11", "测算得分"))


@_defect("用了上一年的模板", "file")
def _(form: Form) -> list[Expected]:
    form["T04", CONTENT] = str(form.scheme.year - 1)
    return form.at("HD01", ("T04", CONTENT))


@_defect("没有选金额单位", "file")
def _(form: Form) -> list[Expected]:
    form["T05", CONTENT] = None
    return form.at("HD03", ("T05", CONTENT))


@_defect("单位名称写了简称", "file")
def _(form: Form) -> list[Expected]:
    form["T01", CONTENT] = str(form["T01", CONTENT])[3:]
    return form.at("HD04", ("T01", CONTENT))


@_defect("没有填联系电话", "file")
def _(form: Form) -> list[Expected]:
    form["T09", CONTENT] = None
    return form.at("HD05", ("T09", CONTENT))


@_defect("部门类别与名录不同", "file")
def _(form: Form) -> list[Expected]:
    form["T03", CONTENT] = "其他"
    return form.at("HD07", ("T03", CONTENT))


@_defect("填在另一版的模板上", "file")
def _(form: Form) -> list[Expected]:
    form.overtype("T12", CONTENT, str(form.scheme.year - 1))
    return form.at("HD12", ("T12", CONTENT))


# ---------------------------------------------------------------- cells


@_defect("数字按文本填写", "file")
def _(form: Form) -> list[Expected]:
    form["K01", _ACTUAL] = f"{form.account.amount('K01', _ACTUAL):,.2f}"
    return form.at("CT01", ("K01", _ACTUAL))


@_defect("填了约数", "file")
def _(form: Form) -> list[Expected]:
    form["G11", _ACTUAL] = "约12"
    return form.at("CT02", ("G11", _ACTUAL))


@_defect("应填的留空")
def _(form: Form) -> list[Expected]:
    form["R08", _ACTUAL] = None
    return form.at("CT03", ("R08", _ACTUAL))


@_defect("会议费填了负数", "file")
def _(form: Form) -> list[Expected]:
    form["G11", _ACTUAL] = Decimal("-3.50")
    return form.at("CT04", ("G11", _ACTUAL))


@_defect("金额有四位小数", "file")
def _(form: Form) -> list[Expected]:
    form["K01", _ACTUAL] = f"{form.account.amount('K01', _ACTUAL):.2f}37"
    return form.at("CT01", ("K01", _ACTUAL)) + form.at("CT05", ("K01", _ACTUAL))


@_defect("完成程度填了文本 95 而不是 95%", "file")
def _(form: Form) -> list[Expected]:
    index = next(i for i, row in enumerate(form.rows("V"), 1) if row["指标性质"] == "定性")
    form.rows("V")[index - 1]["完成程度"] = "95"
    return form.at("CT07", (list_key(form.scheme.lists["V"], index), "完成程度"))


@_defect("完成程度填了数字 1.5", "file")
def _(form: Form) -> list[Expected]:
    index = next(i for i, row in enumerate(form.rows("V"), 1) if row["指标性质"] == "定性")
    form.rows("V")[index - 1]["完成程度"] = Decimal("1.5")
    return form.at("CT02", (list_key(form.scheme.lists["V"], index), "完成程度"))


@_defect("项目类别不在选项之内", "file")
def _(form: Form) -> list[Expected]:
    form.rows("X")[0]["项目类别"] = "专项"
    return form.at("CT08", (list_key(form.scheme.lists["X"], 1), "项目类别"))


@_defect("在职人数多写了一位", "figures")
def _(form: Form) -> list[Expected]:
    for key in ("P01", "P02", "P04", "P05"):
        form[key, _ACTUAL] = form.account.amount(key, _ACTUAL) * 100
    return form.at("UN01", ("E301", _ACTUAL))


@_defect("培训费一栏按元填写", "file")
def _(form: Form) -> list[Expected]:
    form["G12", _ACTUAL] = form.account.amount("G12", _OPENING) * 10_000
    return form.at("UN02", ("G12", _OPENING), ("G12", _ACTUAL))


# ---------------------------------------------------------------- identities


@_defect("本年支出合计手填错")
def _(form: Form) -> list[Expected]:
    total = sum((form.account.amount(key, _ACTUAL) for key in ("S01", "S02", "S04")), Decimal(0))
    form["S10", _ACTUAL] = total + Decimal("3.16")
    return form.at("ID01", ("S10", _ACTUAL))


@_defect("基本支出手填错")
def _(form: Form) -> list[Expected]:
    total = form.account.amount("S01", _ACTUAL) + form.account.amount("S02", _ACTUAL)
    form["S03", _ACTUAL] = total + Decimal("2.27")
    return form.at("ID02", ("S03", _ACTUAL))


@_defect("经济分类少列")
def _(form: Form) -> list[Expected]:
    form.add("E399", _ACTUAL, "-1.37")
    form.add("E399", "其中：项目支出", "-1.37")
    return form.at("ID03", ("E999", "其中：项目支出"))


@_defect("本年收入合计手填错")
def _(form: Form) -> list[Expected]:
    keys = ("R01", "R02", "R08")
    form["R09", _ACTUAL] = sum((form.account.amount(key, _ACTUAL) for key in keys), Decimal("4.19"))
    return form.at("ID04", ("R09", _ACTUAL))


@_defect("年末结转填错，收支不平衡")
def _(form: Form) -> list[Expected]:
    form.add("S13", _ACTUAL, "5.43")
    return form.at("ID05", ("R12", _ACTUAL))


@_defect("全年预算数手填错")
def _(form: Form) -> list[Expected]:
    form["G12", "全年预算数"] = form.account.amount("G12", _OPENING) + Decimal("1.11")
    return form.at("ID06", ("G12", "全年预算数"))


@_defect("三公合计手填错")
def _(form: Form) -> list[Expected]:
    total = sum((form.account.amount(key, _ACTUAL) for key in ("G01", "G02", "G03", "G05")), Decimal(0))
    form["G06", _ACTUAL] = total + Decimal("0.77")
    return form.at("ID07", ("G06", _ACTUAL))


@_defect("年初结转与上年年末不符")
def _(form: Form) -> list[Expected]:
    form.add("S13", "上年决算数", "6.61")
    return form.at("ID08", ("R11", _ACTUAL))


@_defect("支出大于全部来源")
def _(form: Form) -> list[Expected]:
    closing = form.account.amount("S13", _ACTUAL)
    form["S13", _ACTUAL] = Decimal("-8.40")
    form["S14", _ACTUAL] = None
    form.add("R01", _ACTUAL, str(-closing - Decimal("8.40")))
    return form.at("ID11", ("S10", _ACTUAL))


@_defect("一行的金额抄入另一行", "file")
def _(form: Form) -> list[Expected]:
    form["G11", _ACTUAL] = form.account.amount("G12", _ACTUAL)
    return form.at("ID12", ("G11", _ACTUAL), ("G12", _ACTUAL))


@_defect("人员经费与公用经费错列")
def _(form: Form) -> list[Expected]:
    form.add("S01", _ACTUAL, "-1.93")
    form.add("S02", _ACTUAL, "1.93")
    return form.at("ID13", ("S01", _ACTUAL), ("S02", _ACTUAL))


@_defect("编制数合计手填错")
def _(form: Form) -> list[Expected]:
    posts = form.account.amount("P01", _ACTUAL) + form.account.amount("P02", _ACTUAL)
    form["P03", _ACTUAL] = posts + 2
    return form.at("ID14", ("P03", _ACTUAL))


@_defect("授予中小企业的大于采购合计")
def _(form: Form) -> list[Expected]:
    total = sum((form.account.amount(key, _ACTUAL) for key in ("Q01", "Q02", "Q03")), Decimal(0))
    form["Q05", _ACTUAL] = total + Decimal("2.50")
    return form.at("ID16", ("Q05", _ACTUAL))


@_defect("在用固定资产大于总额")
def _(form: Form) -> list[Expected]:
    form["K02", _ACTUAL] = form.account.amount("K01", _ACTUAL) + Decimal("3.30")
    return form.at("ID17", ("K02", _ACTUAL))


@_defect("机关运行经费大于公用经费")
def _(form: Form) -> list[Expected]:
    form["G13", _ACTUAL] = form.account.amount("S02", _ACTUAL) + Decimal("1.05")
    return form.at("ID18", ("G13", _ACTUAL))


@_defect("基本支出列支的接待费大于接待费")
def _(form: Form) -> list[Expected]:
    form["G10", _ACTUAL] = form.account.amount("G05", _ACTUAL) + Decimal("0.60")
    return form.at("SG03", ("G10", _ACTUAL))


@_defect("有接待费而没有批次")
def _(form: Form) -> list[Expected]:
    if not form.account.amount("G05", _ACTUAL):
        return []
    form["N05", _ACTUAL] = Decimal(0)
    return form.at("SG04", ("N05", _ACTUAL))


@_defect("有车辆而三公全为零")
def _(form: Form) -> list[Expected]:
    for key in ("G01", "G02", "G03", "G05", "G10", "N01", "N02", "N03", "N05", "N06"):
        form[key, _ACTUAL] = Decimal(0)
    form["N04", _ACTUAL] = Decimal(2)
    return form.at("SG07", ("G06", _ACTUAL))


# ---------------------------------------------------------------- projects


@_defect("项目决算数填错")
def _(form: Form) -> list[Expected]:
    row = form.rows("X")[0]
    spent = row[_ACTUAL]
    assert isinstance(spent, Decimal)
    row[_ACTUAL] = spent - Decimal("0.85")
    return form.at("PJ01", ("S04", _ACTUAL))


@_defect("项目没有名称", "file")
def _(form: Form) -> list[Expected]:
    form.rows("X")[0]["项目名称"] = None
    return form.at("PJ02", (list_key(form.scheme.lists["X"], 1), "项目名称"))


@_defect("已取消的项目仍列在表中")
def _(form: Form) -> list[Expected]:
    rows = form.rows("X")
    rows.append({"项目名称": "取消项目", "项目类别": "部门预算项目", _OPENING: Decimal(0), _ACTUAL: Decimal(0)})
    return form.at("PJ04", (list_key(form.scheme.lists["X"], len(rows)), "全年预算数"))


@_defect("同一项目列了两行", "file")
def _(form: Form) -> list[Expected]:
    rows = form.rows("X")
    if len(rows) < 2:
        return []
    rows[1]["项目名称"] = rows[0]["项目名称"]
    return form.at("PJ05", (list_key(form.scheme.lists["X"], 2), "项目名称"))


@_defect("没有填项目支出明细表")
def _(form: Form) -> list[Expected]:
    form.rows("X").clear()
    return form.at("PJ06", ("S04", _ACTUAL))


# ---------------------------------------------------------------- the self-evaluation


@_defect("改了一级指标的分值", "file")
def _(form: Form) -> list[Expected]:
    form.overtype("B11", "一级指标", "B部门管理（25分）")
    return form.at("SC01", ("B11", "一级指标"))


@_defect("改了三级指标的分值", "file")
def _(form: Form) -> list[Expected]:
    form.overtype("B21", "分值", Decimal("1.5"))
    return form.at("SC02", ("B21", "分值"))


@_defect("自评得分超过分值", "claims")
def _(form: Form) -> list[Expected]:
    form["B22", SELF_SCORE] = Decimal("1.5")
    return form.at("SC03", ("B22", SELF_SCORE))


@_defect("测算类指标多报了分", "claims")
def _(form: Form) -> list[Expected]:
    form["B72", SELF_SCORE] = Decimal("0.2")
    form["B72", REASON] = "有两项工作未完成"
    return form.at("SC05", ("B72", SELF_SCORE))


@_defect("扣分没有写原因", "claims")
def _(form: Form) -> list[Expected]:
    form["A11", SELF_SCORE] = Decimal("1.2")
    form["A11", REASON] = None
    return form.at("SC06", ("A11", REASON))


@_defect("满分没有佐证材料", "claims")
def _(form: Form) -> list[Expected]:
    form["A11", SELF_SCORE] = form.scheme.indicators["A11"].weight
    form["A11", EVIDENCE] = None
    form["A12", SELF_SCORE] = Decimal("1.4")
    form["A12", REASON] = "流程尚在完善"
    return form.at("SC06", ("A11", EVIDENCE))


@_defect("改了指标名称", "file")
def _(form: Form) -> list[Expected]:
    form.overtype("A11", "三级指标", "决策制度")
    return form.at("SC08", ("A11", "三级指标"))


@_defect("可持续发展能力一项也没有选", "claims")
def _(form: Form) -> list[Expected]:
    for code in ("E1", "E2", "E3"):
        form[code, APPLICABLE] = "否"
    return form.at("SC09", *((code, APPLICABLE) for code in ("E1", "E2", "E3")))


@_defect("没有填重点工作")
def _(form: Form) -> list[Expected]:
    form.rows("W").clear()
    return form.at("SC11", ("W01", "工作名称"))


@_defect("不得填不适用的填了不适用", "claims")
def _(form: Form) -> list[Expected]:
    form["A12", APPLICABLE] = "否"
    return form.at("SC12", ("A12", APPLICABLE))


# ---------------------------------------------------------------- additions, disclosure


def _award(form: Form, **columns: Value) -> str:
    row: dict[str, Value] = {
        "类型": "加分", "级别": "省级", "工作事项": "文明单位创建", "授予单位": "省人民政府", "文号": "苏文〔2024〕18号",
        "日期": form["L01", "批复日期"], "自报分值": Decimal(2), "佐证材料": "文件",
    }  # fmt: skip
    form.account.lists["Y"] = [row | columns]
    return list_key(form.scheme.lists["Y"], 1)


@_defect("自报加分高于级别")
def _(form: Form) -> list[Expected]:
    return form.at("BM01", (_award(form, 自报分值=Decimal(3)), "自报分值"))


@_defect("同一项工作加了两次分")
def _(form: Form) -> list[Expected]:
    key = _award(form)
    form.rows("Y").append(
        form.rows("Y")[0] | {"级别": "市级考核一等奖", "自报分值": Decimal(1), "文号": "市文〔2024〕3号"}
    )
    other = list_key(form.scheme.lists["Y"], 2)
    return form.at("BM02", (key, "工作事项"), (other, "工作事项"))


@_defect("加分没有文号")
def _(form: Form) -> list[Expected]:
    return form.at("BM03", (_award(form, 文号=None), "文号"))


@_defect("减分没有写分值")
def _(form: Form) -> list[Expected]:
    key = _award(form, 类型="减分", 级别="违法违纪", 工作事项="一人违纪", 自报分值=None)
    return form.at("BM04", (key, "自报分值"))


@_defect("公开不及时")
def _(form: Form) -> list[Expected]:
    approved = form["L02", "批复日期"]
    assert approved is not None and not isinstance(approved, Decimal | str)
    form["L02", "部门网站公开日期"] = approved + timedelta(days=34)
    return form.at("PB01", ("L02", "部门网站公开日期"))


@_defect("公开没有写网址")
def _(form: Form) -> list[Expected]:
    form["L03", "文件名或网址"] = None
    return form.at("PB02", ("L03", "文件名或网址"))
