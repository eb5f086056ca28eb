"""Index -> an invented department: code, name, category; knows no figures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_FIRST: Final = "云清安永平宁江海东西南北新青白金长丰和兴"
_SECOND: Final = "州川阳山城林河溪湖原口泉"
_FUNCTIONS: Final = (
    ("发展和改革局", "经济"), ("教育局", "社会事业"), ("科学技术局", "经济"), ("工业和信息化局", "经济"),
    ("民政局", "社会事业"), ("司法局", "政法"), ("财政局", "经济"), ("人力资源和社会保障局", "社会事业"),
    ("规划和自然资源局", "经济"), ("生态环境局", "经济"), ("住房和城乡建设局", "经济"), ("交通运输局", "经济"),
    ("水务局", "农业农村"), ("农业农村局", "农业农村"), ("商务局", "经济"), ("文化和旅游局", "社会事业"),
    ("卫生健康委员会", "社会事业"), ("退役军人事务局", "社会事业"), ("应急管理局", "政法"), ("审计局", "党群"),
    ("市场监督管理局", "经济"), ("体育局", "社会事业"), ("统计局", "经济"), ("医疗保障局", "社会事业"),
    ("信访局", "党群"), ("数据局", "经济"), ("档案馆", "党群"), ("总工会", "党群"), ("妇女联合会", "党群"),
    ("残疾人联合会", "党群"), ("社会工作部", "党群"), ("城市管理局", "经济"),
)  # fmt: skip
_UNITS: Final = (
    "", "综合行政执法支队", "信息中心", "服务中心", "监测站", "培训中心", "质量检验所", "项目管理中心", "研究所", "后勤服务中心",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Department:
    """Who reports: an invented budget unit."""

    code: str
    name: str
    category: str

    def file_name(self, year: int) -> str:
        """The name under which it sends its workbook."""
        return f"{self.code}_{self.name}_{year}.xlsx"


def department(index: int) -> Department:
    """The department of a place in the sample, from 0; no two places share a code or a name."""
    rest, function = divmod(index, len(_FUNCTIONS))
    rest, place = divmod(rest, len(_FIRST) * len(_SECOND))
    series, unit = divmod(rest, len(_UNITS))
    first, second = divmod(place, len(_SECOND))
    word, category = _FUNCTIONS[function]
    number = f"第{series + 1}" if series else ""
    name = f"{_FIRST[first]}{_SECOND[second]}市{word}{number}{_UNITS[unit]}"
    return Department(f"{100_001 + index:06d}", name, category)
