"""Which table is which sheet, and what each column holds: the one truth behind CSV, Parquet and the report's schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from evalbatch.department_rows import BUDGET, HIGH, SANGONG_AMOUNTS, list_header
from evalbatch.scheme import Scheme
from evalbatch.scheme.spec import TEXT_TYPES, ColumnType
from evalbatch.seals import SEAL

Kind = Literal["text", "whole", "decimal", "day", "moment", "mixed"]
"""``mixed`` is a figure, a date or a text, as the department wrote it; ``decimal`` may say ``—`` where it has no base."""

TABLES: Final[Mapping[str, str]] = {
    "排名": "ranking",
    "指标得分": "scores",
    "得分明细": "lines",
    "预算执行": "budgets",
    "项目执行": "projects",
    "三公经费": "sangong",
    "重点工作": "works",
    "履职效益": "benefits",
    "加减分": "awards",
    "通用指标": "ratios",
    "问题清单": "findings",
    "收件登记": "files",
    "数据底稿": "figures",
    "取数说明": "notes",
    "评分规则": "rules",
    "运行说明": "facts",
}
"""Sheet -> the field of ``Tables`` with its rows."""
_LISTS: Final = {"项目执行": "X", "重点工作": "W", "履职效益": "V", "加减分": "Y"}
_FIGURES: Final = "数据底稿"
_KINDS: Final[Mapping[Kind, frozenset[str]]] = {
    "whole": frozenset({"排名", "分类排名", "错误数", "预警数", "序号", "大小"}),
    "moment": frozenset({"接收时间"}),
    "mixed": frozenset({"填报值", "应为", "数值"}),
    "decimal": frozenset(
        {
            *("总分", "A部门决策", "B部门管理", "C部门履职", "D履职绩效", "E可持续发展", "F加减分"),
            *("总分下限", "总分上限", "自评总分", "差异", "分值", "自评得分", "测算得分", "复核得分", "最终得分", HIGH),
            *("部门预算执行率", "三公经费控制率", "预算调整率", "结转结余率", "控制率", "变动率"),
            *(*BUDGET, *SANGONG_AMOUNTS, "超支金额", "差额", "计入分值", SEAL),
        }
    ),
}


def kind_of(scheme: Scheme, table: str, header: str) -> Kind:
    """What a column of a table holds, the same in every batch."""
    if table == _FIGURES and "." in header:
        key, _, column = header.partition(".")
        return _by_type(scheme.type_of(key, column))
    if table in _LISTS:
        prefix = _LISTS[table]
        for spec in scheme.lists[prefix].columns:
            if list_header(prefix, spec.name) == header:
                return _by_type(spec.type)
    if (table == "指标得分" and header in scheme.indicators) or (table == "通用指标" and header in scheme.ratios):
        return "decimal"
    return next((kind for kind, headers in _KINDS.items() if header in headers), "text")


def _by_type(type_: ColumnType) -> Kind:
    if type_ in TEXT_TYPES:
        return "text"
    return "day" if type_ == "date" else "decimal"
