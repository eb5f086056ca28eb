"""Bytes of an .xlsx -> Book: values by calamine, formulas and errors from the inflated XML, within bounds."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from typing import Final
from xml.etree import ElementTree
from xml.sax.saxutils import unescape

import python_calamine

from evalbatch.reading.book import Book, Content, Grid, UnreadableWorkbook
from evalbatch.scheme.layout import column_number

MAX_INFLATED: Final = 256 * 1024 * 1024
"""Bytes that the parts of one workbook may inflate to; a filled template has about 1 MB."""
MAX_PARTS: Final = 5_000
MAX_ROWS: Final = 50_000
MAX_COLUMNS: Final = 1_000
MAX_AREA: Final = 2_000_000
"""Cells of a sheet's used rectangle: calamine lays the whole rectangle out in memory."""

_OLE_MAGIC: Final = bytes.fromhex("d0cf11e0a1b11ae1")
_ENCRYPTED: Final = "EncryptedPackage".encode("utf-16-le")
_DAMAGED: Final = "文件已损坏，无法打开。请用 Excel 或 WPS 打开核对后另存为 .xlsx 重新报送。"

_CELL_NAME: Final = re.compile(rb'<(?:\w+:)?c\b[^>]*?\br="([A-Z]{1,7})(\d{1,9})"')
_FAR_NAME: Final = re.compile(rb'\br="(?:[A-Z]{3,}\d+|[A-Z]+\d{5,})"')
_FORMULA_CELL: Final = re.compile(
    rb"<(?:\w+:)?c\b([^>]*)>\s*<(?:\w+:)?f\b([^>]*?)(?:/>|>([^<]*)</(?:\w+:)?f>)", re.DOTALL
)
_ERROR_CELL: Final = re.compile(rb'<(?:\w+:)?c\b([^>]*\bt="e"[^>]*)>.*?<(?:\w+:)?v>([^<]*)</(?:\w+:)?v>', re.DOTALL)
_PLACE: Final = re.compile(rb'\br="([A-Z]{1,3})(\d{1,7})"')
_SHARED: Final = re.compile(rb'\bsi="(\d+)"')
_RELATION: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_STRICT_RELATION: Final = "{http://purl.oclc.org/ooxml/officeDocument/relationships}id"


def read_xlsx(content: bytes, most_rows: int = MAX_ROWS) -> Book:
    """The sheets of a workbook, each of so many rows at most; raises UnreadableWorkbook with a sentence for the user."""
    refuse_by_magic(content)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            parts = _sheet_parts(package)
            scans = {name: _scan(_inflate(package, part), most_rows) for name, part in parts.items()}
    except (zipfile.BadZipFile, zlib.error, KeyError, EOFError, NotImplementedError, OSError, RuntimeError):
        raise UnreadableWorkbook(_DAMAGED) from None
    except ElementTree.ParseError:
        raise UnreadableWorkbook(_DAMAGED) from None
    grids = []
    for name, hidden, rows in _values(content, parts):
        formulas, errors = scans.get(name, ({}, {}))
        grids.append(Grid(name, rows, hidden, formulas, errors))
    return Book(tuple(grids))


def refuse_by_magic(content: bytes) -> None:
    """Tell by the first bytes what is certainly no .xlsx."""
    if not content:
        raise UnreadableWorkbook("文件是空的（0字节），请重新报送。")
    if content.startswith(_OLE_MAGIC):
        if _ENCRYPTED in content:
            raise UnreadableWorkbook("文件设有打开密码，请去掉密码后重新报送。")
        raise UnreadableWorkbook("文件是旧版 .xls 格式，请另存为 .xlsx 后重新报送。")
    if not content.startswith(b"PK"):
        raise UnreadableWorkbook("文件不是 Excel 工作簿，请在财政局下发的模板中填报后重新报送。")


def _inflate(package: zipfile.ZipFile, part: str) -> bytes:
    content = package.read(part)
    if b"<!DOCTYPE" in content[:4096] or b"<!ENTITY" in content[:4096]:
        raise UnreadableWorkbook("文件含有不允许的 XML 声明，请用 Excel 或 WPS 另存为 .xlsx 后重新报送。")
    return content


def _sheet_parts(package: zipfile.ZipFile) -> dict[str, str]:
    """Sheet name -> part, in workbook order, after the bounds were checked."""
    entries = package.infolist()
    if len(entries) > MAX_PARTS or sum(entry.file_size for entry in entries) > MAX_INFLATED:
        raise UnreadableWorkbook("文件展开后过大，超出读取上限。请删去多余的表和内容后重新报送。")
    names = {entry.filename for entry in entries}
    if "xl/workbook.xml" not in names:
        raise UnreadableWorkbook("文件不是 Excel 工作簿（.xlsx），请在财政局下发的模板中填报后重新报送。")
    relations = ElementTree.fromstring(_inflate(package, "xl/_rels/workbook.xml.rels"))
    targets = {relation.get("Id", ""): relation.get("Target", "") for relation in relations}
    parts: dict[str, str] = {}
    for element in ElementTree.fromstring(_inflate(package, "xl/workbook.xml")).iter():
        if element.tag.rpartition("}")[2] != "sheet":
            continue
        target = targets.get(element.get(_RELATION) or element.get(_STRICT_RELATION) or "", "")
        part = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
        if "worksheets/" in part and part in names:
            parts[element.get("name", "")] = part
    return parts


def _scan(xml: bytes, most_rows: int) -> tuple[dict[tuple[int, int], str], dict[tuple[int, int], str]]:
    """Formulas and error values of a sheet by place; refuses a used rectangle that no form can have."""
    if _FAR_NAME.search(xml):
        rows = columns = 0
        for match in _CELL_NAME.finditer(xml):
            rows = max(rows, int(match[2]))
            columns = max(columns, column_number(match[1].decode()))
        if rows > most_rows or columns > MAX_COLUMNS or rows * columns > MAX_AREA:
            raise UnreadableWorkbook(
                f"工作表的使用范围到了第 {rows} 行、第 {columns} 列，超出读取上限。"
                "请删去表格以外的内容（选中多余的行列后删除）再重新报送。"
            )
    formulas: dict[tuple[int, int], str] = {}
    if b"<f" in xml or b":f>" in xml or b":f " in xml:
        shared: dict[bytes, tuple[tuple[int, int], str]] = {}
        for match in _FORMULA_CELL.finditer(xml):
            place = _place(match[1])
            if place is None:
                continue
            text = unescape((match[3] or b"").decode("utf-8", "replace"), {"&quot;": '"', "&apos;": "'"})
            group = _SHARED.search(match[2])
            if group is not None and text:
                shared[group[1]] = (place, text)
            elif group is not None and group[1] in shared:
                text = _translate(*shared[group[1]], place)
            formulas[place] = text
    errors: dict[tuple[int, int], str] = {}
    if b't="e"' in xml:
        for match in _ERROR_CELL.finditer(xml):
            place = _place(match[1])
            if place is not None:
                errors[place] = match[2].decode("utf-8", "replace")
    return formulas, errors


def _translate(origin: tuple[int, int], formula: str, place: tuple[int, int]) -> str:
    # shared formulas are rare (a filled-down column), so openpyxl is loaded only for them
    from openpyxl.formula.translate import Translator

    from evalbatch.scheme.layout import address

    start, end = address(origin[0] + 1, origin[1] + 1), address(place[0] + 1, place[1] + 1)
    return str(Translator("=" + formula, origin=start).translate_formula(end)).removeprefix("=")


def _place(attributes: bytes) -> tuple[int, int] | None:
    match = _PLACE.search(attributes)
    return None if match is None else (int(match[2]) - 1, column_number(match[1].decode()) - 1)


def _values(content: bytes, parts: dict[str, str]) -> list[tuple[str, bool, list[list[Content]]]]:
    try:
        workbook = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
        found: list[tuple[str, bool, list[list[Content]]]] = []
        for sheet in workbook.sheets_metadata:
            if sheet.name not in parts:
                continue
            cells = workbook.get_sheet_by_name(sheet.name).to_python(skip_empty_area=False)
            rows: list[list[Content]] = [list(row) for row in cells]
            hidden = sheet.visible != python_calamine.SheetVisibleEnum.Visible
            found.append((sheet.name, hidden, rows))
        return found
    except (KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except python_calamine.PasswordError:
        raise UnreadableWorkbook("文件设有打开密码，请去掉密码后重新报送。") from None
    except BaseException:  # noqa: BLE001  # a panic of the Rust reader derives from BaseException
        raise UnreadableWorkbook(_DAMAGED) from None
