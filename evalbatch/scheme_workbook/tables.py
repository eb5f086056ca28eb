"""The sheets of the scheme workbook: which table of the scheme stands where, under which headers; used by both doors.

The columns follow the fields of evalbatch/scheme/spec.py; only their Chinese words are written here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any, Final

from pydantic_core import PydanticUndefined

from evalbatch.scheme.spec import (
    CheckSpec,
    ColumnSpec,
    DeriveSpec,
    ExampleSpec,
    FunctionSpec,
    GradeSpec,
    GroupSpec,
    IndicatorSpec,
    LineSpec,
    OptionSpec,
    PolicySpec,
    RatioSpec,
    RuleSpec,
    SaySpec,
    SchemeSpec,
    SheetSpec,
    Spec,
    ThresholdSpec,
    ToleranceSpec,
    TotalSpec,
)
from evalbatch.scheme_workbook.forms import YES_NO, Choice, Form, Many, Number, Pairs, Text, form_of

GUIDE: Final = "说明"
FACTS: Final = "基本信息"
FACT_HEADERS: Final = ("项目", "内容", "说明")
TITLE_ROW, ABOUT_ROW, NOTE_ROW, HEADER_ROW = 0, 1, 2, 3
"""Rows of a sheet, from 0; entries follow the header row."""

_WORDS: Final[Mapping[object, str]] = {
    "lines": "固定行", "indicators": "指标", "list": "明细",
    "label": "印制文字", "text": "文字", "choice": "选项", "date": "日期", "amount": "金额", "number": "数",
    "count": "个数", "points": "分数", "percent": "百分数", "rate": "比率", "flag": "标志",
    "tail": "尾差", "fixed": "固定尾差", "none": "不容许",
}  # fmt: skip
_NAMES: Final = frozenset(
    [
        "code",
        "key",
        "name",
        "edition",
        "use",
        "parent",
        "list",
        "prefix",
        "choice",
        "label",
        "place",
        "reason",
        "level2",
        "unit",
        "city",
    ]
)
"""Text fields in which blanks around the text mean nothing."""


@dataclass(frozen=True, slots=True)
class Word:
    """What people read of a field: its header, a note, its width; the form where the type does not tell it."""

    header: str
    width: int = 12
    note: str = ""
    form: Form | None = None
    source: str = ""
    """The sheet whose first column lists what may stand here."""


_FORMULA: Final = "公式语言与“勾稽与阈值”表相同"
_LEVELS: Final = form_of(RuleSpec.model_fields["level"].annotation, {}, False)

WORDS: Final[Mapping[type[Spec], Mapping[str, Word]]] = {
    SchemeSpec: {
        "edition": Word("版本", note="方案的版本，如 2025；印在部门工作簿封面，填报时须一致"),
        "year": Word("评价年度", note="四位年份"),
        "title": Word("名称"),
        "city": Word("地区"),
        "sources": Word("依据文件", note="每行一个文件", form=Many(lines=True)),
        "units": Word("金额单位", note="每行一个单位：名称＝合多少万元", form=Pairs(Number())),
    },
    ToleranceSpec: {
        "step": Word("尾差（万元）", note="合计与分项之间容许的尾差＝本数×（非零项数＋1）"),
        "exact_units": Word("不容许尾差的单位", note="以这些单位填报时不容许尾差；几个单位用“、”隔开"),
        "fixed": Word("超支尾差（万元）", note="判断超支、超预算时容许的尾差"),
    },
    TotalSpec: {
        "cap": Word("总分上限", note="各指标组分值之和应等于它"),
        "floor": Word("总分下限"),
        "decimals": Word("得分小数位数", note="每个指标的得分舍入到几位小数"),
    },
    GradeSpec: {
        "name": Word("等级", 10),
        "from_": Word("自（分）", 12, "含本数"),
        "to": Word("至（分）", 12, "不含本数；最高一档含本数"),
    },
    GroupSpec: {
        "code": Word("编码", 8, "指标编码的首字母"),
        "name": Word("指标组", 24),
        "points": Word("分值", 10, "各组之和应等于总分上限"),
        "optional_rows": Word("可选指标", 10, "部门可选其中几项的填“是”"),
        "cap": Word("加减分上限", 12, "只有加减分组填写"),
        "each": Word("逐项重复", 10, "附件表中按这张明细表的各行重复本组指标：填明细表的编码字母"),
    },
    PolicySpec: {
        "name": Word("口径", 16, "公式中以此名引用；每种做法一行，每行都写"),
        "number": Word("序号", 7, "口径清单的序号"),
        "question": Word("问题", 30, "只写在第一行"),
        "parameters": Word("参数", 16, "公式用到的名称，用“、”隔开；只写在第一行"),
        "choice": Word("采用的做法", 18, "从下拉列表选；只写在第一行"),
    },
    OptionSpec: {
        "text": Word("内容", 40, "这种做法的说明"),
        "formula": Word("公式", 56, "采用这种做法时，口径的名称在公式中所代表的内容"),
    },
    FunctionSpec: {
        "name": Word("函数", 16, "公式中以此名引用"),
        "parameters": Word("参数", 28, "用“、”隔开"),
        "formula": Word("公式", 90, _FORMULA),
    },
    SheetSpec: {
        "name": Word("工作表", 20),
        "kind": Word("类型", 10, "固定行：逐行列在“填报行”；明细：预印若干空行"),
        "title": Word("标题", 28, "印在表的上方"),
        "amounts": Word("有金额", 9, "有金额的填“是”，表上印金额单位"),
        "prefix": Word("编码字母", 9, "只有明细表填写"),
        "rows": Word("预印行数", 9, "只有明细表填写"),
        "label": Word("名称栏目", 14, "明细表中作为行名称的栏目"),
        "uses": Word("栏目组", 56, "每行一组：名称＝栏目、栏目；供“填报行”引用", form=Pairs(Many())),
        "blocks": Word("编码段", 30, "每行一段：字母＝标题", form=Pairs(Text(True), ("name", "title"))),
    },
    ColumnSpec: {
        "name": Word("栏目", 18, "表头文字"),
        "type": Word("内容类型", 10),
        "choices": Word("选项", 30, "类型为“选项”的填写，用“、”隔开"),
        "preset": Word("预填", 9, "印在空白表里的内容"),
        "signed": Word("可为负", 8),
        "constant": Word("固定值", 8, "由方案印出，部门不填"),
        "computed": Word("由程序计算", 10),
        "hidden": Word("隐藏", 7, "只供计算，不印在表上"),
        "formula": Word("公式", 70, "直接写本表的栏目名称"),
        "width": Word("宽度", 7, "几个字宽"),
        "note": Word("提示", 40, "选中单元格时显示，至多100字"),
    },
    LineSpec: {
        "key": Word("编码", 8, "不得重复"),
        "label": Word("行名称", 34),
        "use": Word("栏目组", 9, "填哪些栏：见“工作表”的栏目组"),
        "columns": Word("填写的栏目", 30, "不用栏目组的逐个写，用“、”隔开"),
        "type": Word("内容类型", 10, "与栏目不同的才填"),
        "unit": Word("计量单位", 9),
        "choices": Word("选项", 22, "限定选项的，用“、”隔开"),
        "mandatory": Word("必填的栏目", 40, "用“、”隔开"),
        "parent": Word("上级行", 9, "所属合计行的编码"),
        "signed": Word("可为负", 8),
        "note": Word("说明", 34, "封面上印出，其他表选中单元格时显示；至多100字"),
        "preset": Word("预填", 9),
        "locked": Word("锁定", 7, "部门不得改动"),
    },
    RatioSpec: {
        "name": Word("比率", 26, "公式中可以此名引用"),
        "formula": Word("公式", 60, _FORMULA),
        "when": Word("条件", 44, "不满足时空白"),
        "basis": Word("依据", 30),
        "common": Word("列入通用指标", 9),
        "unit": Word("单位", 10, "不是百分数的填写"),
    },
    DeriveSpec: {
        "formula": Word("公式", 60, "单元格 = 公式；模板在左边的单元格写入右边的公式"),
        "columns": Word("栏目", 60, "公式中未写栏目的，依次取这些栏目；用“、”隔开"),
    },
    CheckSpec: {
        "code": Word("规则", 9, "见“规则”表的编码", source="规则"),
        "formula": Word("公式", 60, "等式或不等式，如 S10.决算数 = S03.决算数 + S04.决算数"),
        "title": Word("审核内容", 28, "空白则由公式写出"),
        "columns": Word("栏目", 26, "公式中未写栏目的，依次取这些栏目"),
        "rows": Word("行", 18, "公式中未写行的，依次取这些行；只写字母为整段"),
        "list": Word("明细表", 8, "逐行审核的明细表的编码字母"),
        "when": Word("条件", 34, "满足时才审核"),
        "tolerance": Word("容许差额", 10, "空白即尾差"),
        "level": Word("级别", 8, "空白即同规则"),
        "kind": Word("类别", 8, "空白即同规则"),
        "total": Word("写入模板", 9, "“是”：模板把左边写成这条公式"),
        "merge": Word("合并问题", 9, "“是”：几处不成立的合成一条"),
        "reason": Word("说明所在", 14, "部门写明原因的单元格，如 S10.说明"),
        "place": Word("问题所在", 14, "空白即左边的第一个单元格"),
        "advice": Word("建议", 34, "空白即同规则"),
    },
    IndicatorSpec: {
        "code": Word("编码", 8, "首字母为所属的组"),
        "level2": Word("二级指标", 20),
        "name": Word("三级指标", 20),
        "explain": Word("指标说明", 34),
        "point": Word("评价要点", 34),
        "type": Word("计分方式", 9),
        "points_max": Word("分值", 8, "组内之和应等于组的分值"),
        "scale": Word("折算倍数公式", 16, "可选指标填写"),
        "optional": Word("可选", 7),
        "inapplicable": Word("可不适用", 9),
        "subtract": Word("扣减", 7, "从总分中减去"),
        "partial": Word("待核时计部分", 9, "“是”：待核时按已有数据暂计"),
        "compare": Word("与自评比较", 9, "空白即是"),
        "pending": Word("待核条件", 44, "满足时列为待核"),
        "not_applicable": Word("不适用条件", 44, "满足时为不适用"),
        "points": Word("计分公式", 60, "测算类必填；“分值”“自评”可直接引用"),
        "ceiling": Word("上限公式", 30, "待核时可能得到的最高分"),
        "each_name": Word("逐项：三级指标", 24, "组为“逐项重复”的填写：附件表印的文字，花括号中写明细表的栏目"),
        "each_explain": Word("逐项：指标说明", 34, "同上"),
        "each_point": Word("逐项：评价要点", 34, "同上"),
    },
    SaySpec: {
        "text": Word("说明文字", 80, "花括号中写公式：{公式} 或 {公式|%}"),
        "when": Word("条件", 60, "同一指标自上而下，第一条满足的采用；空白即总是满足"),
    },
    RuleSpec: {
        "code": Word("编码", 9, "不得重复；没有公式的规则由程序判断，不能新增"),
        "level": Word("级别", 8),
        "kind": Word("类别", 8, "填报：填错了；绩效：事实如此"),
        "name": Word("名称", 26),
        "text": Word("内容", 44),
        "advice": Word("建议", 44),
        "basis": Word("依据", 34),
        "variants": Word("不同情形的级别", 18, "每行一种：情形＝级别", form=Pairs(_LEVELS)),
    },
    ThresholdSpec: {
        "name": Word("阈值", 18, "公式中写作 名称()；程序也用到，不得删改名称"),
        "value": Word("数值", 12, "90% 写作 0.9"),
        "text": Word("说明", 60),
    },
    ExampleSpec: {
        "place": Word("单元格", 26, "编码.栏目，如 S01.决算数；明细表写印制的行号，如 X001.项目名称"),
        "value": Word("填写", 40, "日期如 2024-12-31，百分数如 95%"),
    },
}
_ELSEWHERE: Final[Mapping[type[Spec], frozenset[str]]] = {
    SchemeSpec: frozenset(
        [
            "tolerance",
            "total",
            "grades",
            "groups",
            "policy",
            "threshold",
            "function",
            "sheet",
            "ratio",
            "derive",
            "check",
            "indicator",
            "rule",
            "example",
        ]
    ),
    PolicySpec: frozenset({"options"}),
    SheetSpec: frozenset({"columns", "lines"}),
    IndicatorSpec: frozenset({"say"}),
}
"""Fields that have a sheet of their own."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a sheet, or a row of 基本信息: one field of the scheme and how a cell holds it."""

    word: Word
    attribute: str
    name: str
    """The field's name in a scheme file."""
    form: Form
    default: Any
    """What a blank cell means; PydanticUndefined where the cell must be filled."""

    @property
    def required(self) -> bool:
        """Whether the cell must be filled."""
        return self.default is PydanticUndefined

    def write(self, value: Any) -> str | Decimal | None:
        """What the cell holds; None for blank."""
        return None if not self.required and value == self.default else self.form.write(value)

    @property
    def words(self) -> tuple[str, ...]:
        """The closed list of the cell, if it has one."""
        return tuple(self.form.words.values()) if isinstance(self.form, Choice) else ()

    @property
    def note(self) -> str:
        """The note under the header."""
        if self.word.note:
            return self.word.note
        return "空白即否" if self.form is YES_NO and self.default is False else ""


def columns_of(model: type[Spec]) -> tuple[Column, ...]:
    """The columns of a table of the scheme, in the order of its fields."""
    found = []
    for attribute, field in model.model_fields.items():
        if attribute in _ELSEWHERE.get(model, ()):
            continue
        word = WORDS[model][attribute]
        form = word.form or form_of(field.annotation, _WORDS, attribute in _NAMES)
        found.append(Column(word, attribute, field.alias or attribute, form, field.default))
    return tuple(found)


@dataclass(frozen=True)
class Table:
    """A sheet with an entry a row.

    ``owner`` is the key field of the entry that ``path`` is nested in (工作表 of a 栏目), written in the first
    column; ``options`` says that an entry takes as many rows as it has options.
    """

    sheet: str
    path: tuple[str, ...]
    model: type[Spec]
    about: str
    owner: tuple[str, Word] | None = None
    options: bool = False

    @cached_property
    def fields(self) -> tuple[Column, ...]:
        """The columns of the entry's own fields."""
        return columns_of(self.model)

    @cached_property
    def option_fields(self) -> tuple[Column, ...]:
        """The columns of an option, its name first."""
        if not self.options:
            return ()
        name = Column(Word("做法", 18, "做法的名称，不得重复"), "", "", Text(True), PydanticUndefined)
        return (name, *columns_of(OptionSpec))

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """Every column as it stands."""
        first = () if self.owner is None else (Column(self.owner[1], "", "", Text(True), PydanticUndefined),)
        return (*first, *self.fields, *self.option_fields)

    def rows(self, spec: SchemeSpec) -> Iterator[list[str | Decimal | None]]:
        """The cells of every row."""
        if self.owner is not None:
            parent, child = self.path
            for entry in getattr(spec, parent):
                for item in getattr(entry, child):
                    yield [getattr(entry, self.owner[0]), *self._cells(item)]
            return
        for item in getattr(spec, self.path[0]):
            if not self.options:
                yield self._cells(item)
                continue
            for index, (name, option) in enumerate(item.options.items()):
                cells = self._cells(item)
                rest = [column.write(getattr(option, column.attribute)) for column in self.option_fields[1:]]
                yield [*(cells if index == 0 else [cells[0], *[None] * (len(cells) - 1)]), name, *rest]

    def _cells(self, item: Spec) -> list[str | Decimal | None]:
        return [column.write(getattr(item, column.attribute)) for column in self.fields]


def facts() -> tuple[tuple[tuple[str, ...], Column], ...]:
    """The rows of 基本信息: where in the scheme, and the cell."""
    return (
        *(((), column) for column in columns_of(SchemeSpec)),
        *((("tolerance",), column) for column in columns_of(ToleranceSpec)),
        *((("total",), column) for column in columns_of(TotalSpec)),
    )


TABLES: Final = (
    Table("等级", ("grades",), GradeSpec, "各等级的分数区间，首尾相接，从总分下限到总分上限，不留空档。"),
    Table("指标组", ("groups",), GroupSpec, "一级指标与分值。各组分值之和应等于总分上限；改组的分值时，“指标”表中该组各指标的分值一并改。"),
    Table("口径", ("policy",), PolicySpec,
          "规定不够明确之处的各种做法。改“采用的做法”即改口径；每种做法一行，同一口径的各行第一栏写同一名称。", options=True),
    Table("阈值", ("threshold",), ThresholdSpec, "几处都要用的数，只在这里写一次。只在一处用的，直接写在那里的公式中。"),
    Table("函数", ("function",), FunctionSpec, "公式里可以引用的自定义函数。"),
    Table("工作表", ("sheet",), SheetSpec, "部门工作簿的各张表。栏目和行分别列在“栏目”“填报行”中。"),
    Table("栏目", ("sheet", "columns"), ColumnSpec, "各张表的栏目，自上而下即表中从左到右。",
          ("name", Word("工作表", 20, source="工作表"))),
    Table("填报行", ("sheet", "lines"), LineSpec, "各张表的固定行，自上而下即表中次序。增加一行：插入一行并写编码、名称、栏目组。",
          ("name", Word("工作表", 18, source="工作表"))),
    Table("比率", ("ratio",), RatioSpec, "各项比率。分母为零或空白时为“—”。"),
    Table("模板公式", ("derive",), DeriveSpec, "除“写入模板”的勾稽之外，模板中由公式计算的单元格。"),
    Table("勾稽与阈值", ("check",), CheckSpec,
          "应当成立的等式与不等式，阈值写在公式里（如 >= 90%）。同一规则左边相同的，前面一条不成立时不再报后面一条。"),
    Table("指标", ("indicator",), IndicatorSpec, "三级指标、分值与计分公式。各组内分值之和应等于“指标组”的分值。"),
    Table("计分说明", ("indicator", "say"), SaySpec, "得分明细中的一句说明。", ("code", Word("指标", 9, source="指标"))),
    Table("规则", ("rule",), RuleSpec, "问题清单中各条规则的级别、类别和文字。"),
    Table("填报示例", ("example",), ExampleSpec, "部门工作簿“填报说明”表中的示例填了哪些单元格；合计、执行率、测算得分由程序算出。"),
)  # fmt: skip
"""Every sheet but 说明 and 基本信息, in order."""
