"""Sources of the samples -> the inbox, the roster and the register of files that are no workbook.

Run from the repository: ``python samples/2024/build.py``. The same sources give the same bytes.
"""

from __future__ import annotations

import io
import shutil
import tomllib
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from xlsxwriter import Workbook

from evalbatch.department_workbook import Filling, write_department_workbook
from evalbatch.intake.roster import COLUMNS
from evalbatch.model import Value
from evalbatch.scheme import Scheme, load_scheme

FOLDER = Path(__file__).parent
SOURCES = FOLDER / "sources"
INBOX = FOLDER / "inbox"
ROSTER = FOLDER / "单位名录.xlsx"

NOT_WORKBOOKS: Mapping[str, bytes] = {
    "市公安局_2024.xlsx": "<html><body><table><tr><td>部门整体支出绩效自评表</td></tr></table></body></html>".encode(),
    "盖章件/市商务局盖章扫描件.pdf": b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n",
}
"""(e) what arrives beside workbooks: a web page saved under a workbook's name, and a stamped scan."""

ABSENT = (
    ("101014", "市公安局", "党群", ""),
    ("101015", "市民政局", "社会事业", ""),
    ("101016", "市国家保密局", "党群", "是"),
)
"""Departments of the roster without a valid workbook: a broken file, none at all, one that reports offline."""


def load(name: str) -> dict[str, Any]:
    """A source with what it inherits: ``cells`` merged over its base, ``clear`` taken out."""
    with (SOURCES / f"{name}.toml").open("rb") as file:
        source = tomllib.load(file, parse_float=Decimal)
    cells: dict[str, Any] = {}
    if "base" in source:
        cells = dict(load(source["base"])["cells"])
        for gone in source.get("clear", ()):
            prefix = gone if "." in gone else f"{gone}0"
            cells = {key: value for key, value in cells.items() if not (key == gone or key.startswith(prefix))}
    cells.update(source["cells"])
    return source | {"cells": cells}


def departments() -> dict[str, dict[str, Any]]:
    """Every department of the samples by its code."""
    return {path.stem: load(path.stem) for path in sorted(SOURCES.glob("[0-9]*.toml"))}


def filling(cells: Mapping[str, Any], scheme: Scheme) -> Filling:
    """Cells by ``key.column`` as the writer takes them; integers become figures."""
    fixed: dict[tuple[str, str], Value] = {}
    lists: dict[str, dict[str, dict[str, Value]]] = {prefix: {} for prefix in scheme.lists}
    for name, value in cells.items():
        key, _, column = name.partition(".")
        known: Value = Decimal(value) if isinstance(value, int) else value
        prefix = key.rstrip("0123456789")
        if prefix in lists:
            lists[prefix].setdefault(key, {})[column] = known
        else:
            fixed[key, column] = known
    return Filling(fixed, {prefix: list(rows.values()) for prefix, rows in lists.items()})


def write_roster(target: Path, rows: list[tuple[str, str, str, str]]) -> None:
    """The bureau's 单位名录: code, name, category and whether the department reports offline."""
    with Workbook(str(target), {"strings_to_formulas": False, "strings_to_urls": False}) as workbook:
        workbook.set_properties({"created": datetime(2025, 1, 1)})
        sheet = workbook.add_worksheet("单位名录")
        title = workbook.add_format({"bold": True, "font_size": 14})
        header = workbook.add_format({"bold": True, "border": 1, "bg_color": "#E7E6E6", "align": "center"})
        cell = workbook.add_format({"border": 1, "num_format": "@"})
        sheet.write_string(0, 0, "市级部门整体支出绩效评价单位名录（2024年度）", title)
        sheet.set_column(0, 0, 12)
        sheet.set_column(1, 1, 42)
        sheet.set_column(2, len(COLUMNS) - 1, 14)
        for column, name in enumerate(COLUMNS):
            sheet.write_string(1, column, name, header)
        for number, (code, name, category, secret) in enumerate(rows, 2):
            for column, text in enumerate((code, name, category, "", secret, "")):
                sheet.write_string(number, column, text, cell)
        sheet.freeze_panes(2, 0)


def build(folder: Path) -> None:
    """Write the inbox and the roster under ``folder``."""
    scheme = load_scheme()
    inbox = folder / "inbox"
    if inbox.exists():
        shutil.rmtree(inbox)
    inbox.mkdir(parents=True)
    roster: list[tuple[str, str, str, str]] = []
    for code, source in departments().items():
        cells = source["cells"]
        name, category = cells["T01.填报内容"], cells["T03.填报内容"]
        roster.append((code, name, category, ""))
        target = io.BytesIO()
        write_department_workbook(target, scheme, filling(cells, scheme))
        (inbox / f"{code}_{name}_{scheme.year}.xlsx").write_bytes(target.getvalue())
    for relative, content in NOT_WORKBOOKS.items():
        path = inbox / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    write_roster(folder / "单位名录.xlsx", roster + list(ABSENT))


if __name__ == "__main__":
    build(FOLDER)
    print(f"已写出 {INBOX}")
