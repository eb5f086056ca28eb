"""Files as nobody hopes to receive them, each with exactly what has to become of it; ``lay`` puts them into an inbox.

An outcome is ``有效 98.40`` with the points, else the rule and the reason for which a file goes back, else what a file
is told to be. What lies in a mail or an archive has the name of that as its folder.
"""

from __future__ import annotations

import base64
import bz2
import gzip
import io
import lzma
import os
import re
import struct
import tarfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from evalbatch.intake.archives import DAMAGED as ARCHIVE_DAMAGED
from evalbatch.intake.archives import DEVICE, LINK, LOCKED
from evalbatch.intake.arrivals import byproduct
from evalbatch.intake.mail import DAMAGED as MAIL_DAMAGED
from evalbatch.intake.mail import ELSEWHERE, SEALED
from evalbatch.intake.pieces import TOO_LARGE
from evalbatch.reading.container import DAMAGED as BOOK_DAMAGED
from tests.forms import parts
from tests.intake.forms_of_arrival import (
    ENCRYPTED,
    UTF8,
    Entry,
    Tree,
    attached,
    compound,
    mail,
    mail_with,
    mailbox,
    nested,
    outlook,
    rar5,
    raw_zip,
    sevenzipped,
    tarred,
    zipped,
)
from tests.reading.binary_workbook import write_xlsb

Outcomes = Mapping[str, str]
Case = tuple["bytes | Callable[[Path], None]", Outcomes]
"""The bytes of a file, or what makes it; and the outcome of it and of what lies in it, by name."""

VALID: Final = "有效 98.40"
OTHER: Final = "不是工作簿，未参与计算"
NO_TEMPLATE: Final = "工作簿不是填报模板，未参与计算"
EMPTY: Final = "FS01 文件是空的（0字节），请重新报送。"
LOCK: Final = byproduct("~$x")
MAC: Final = byproduct("._x")
NO_BOOK: Final = "FS01 文件不是 Excel 工作簿，请在财政局下发的模板中填报后重新报送。"
NO_XLSX: Final = "FS01 文件不是 Excel 工作簿（.xlsx），请在财政局下发的模板中填报后重新报送。"
PASSWORD: Final = "FS01 文件设有打开密码，请去掉密码后重新报送。"
BIG: Final = "FS01 文件展开后过大，超出读取上限。请删去多余的表和内容后重新报送。"
DECLARED: Final = "FS01 文件含有不允许的 XML 声明，请用 Excel 或 WPS 另存为 .xlsx 后重新报送。"
MUCH: Final = "FS01 内含文件过多、展开后过大或嵌套过深，超出读取上限。请分成几个后重新报送，或解开后放入收件文件夹。"
BROKEN: Final = f"FS01 {BOOK_DAMAGED}"
BROKEN_ARCHIVE: Final = f"FS01 {ARCHIVE_DAMAGED}"
BROKEN_ENTRY: Final = "FS01 压缩包内的该文件已损坏。请重新压缩后报送。"
UNKNOWN_METHOD: Final = "FS01 压缩方法不受支持。请解压后另用 zip 压缩，或直接报送工作簿。"
NOTHING: Final = "FS01 压缩包内没有文件。请核对后重新报送。"
_LINKS: Final = "http://schemas.openxmlformats.org/package/2006/relationships"
DOCUMENT: Final = zipped(
    {
        "[Content_Types].xml": b"<Types/>",
        "_rels/.rels": (
            f'<Relationships xmlns="{_LINKS}"><Relationship Id="rId1" Target="word/document.xml" Type="http://schemas'
            '.openxmlformats.org/officeDocument/2006/relationships/officeDocument"/></Relationships>'
        ).encode(),
        "word/_rels/document.xml.rels": f'<Relationships xmlns="{_LINKS}"/>'.encode(),
        "word/document.xml": b'<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"/>',
    }
)
"""A Word file."""
PAGE: Final = (
    b"MIME-Version: 1.0\r\nX-Document-Type: Workbook\r\nContent-Type: multipart/related; boundary=p\r\n\r\n"
    b"--p\r\nContent-Type: text/html\r\n\r\n<table></table>\r\n--p--\r\n"
)
"""A workbook as Excel saves it for the web in one file."""
NO_ATTACHMENT: Final = "邮件，没有附件（以链接发送的超大附件须下载后放入收件文件夹）"


def far(row: int, column: int) -> str:
    """The outcome of a workbook whose used rectangle ends there."""
    return (
        f"FS01 工作表的使用范围到了第 {row} 行、第 {column} 列，超出读取上限。"
        "请删去表格以外的内容（选中多余的行列后删除）再重新报送。"
    )


def corpus(good: bytes) -> dict[str, Case]:
    """Every file by its name; ``good`` is the workbook of the sample that has 98.40 points, without a finding to mend."""
    return {**_workbooks(good), **_compound_files(good), **_zips(good), **_other_archives(good), **_mails(good),
            **_odds_and_ends(good)}  # fmt: skip


def lay(cases: Mapping[str, Case], inbox: Path) -> dict[str, str]:
    """Write every file into a folder; all that has to become of them."""
    expected: dict[str, str] = {}
    for name, (content, outcomes) in cases.items():
        path = inbox / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            content(path)
        expected |= {f"{name}/{inner}" if inner else name: outcome for inner, outcome in outcomes.items()}
    return expected


def _one(outcome: str) -> Outcomes:
    return {"": outcome}


# ---------------------------------------------------------------- workbooks


def _workbooks(good: bytes) -> dict[str, Case]:
    package = parts(good)
    sheet = package["xl/worksheets/sheet3.xml"]

    def changed(part: str, change: Callable[[bytes], bytes]) -> bytes:
        return zipped({**package, part: change(package[part])})

    def without(part: str) -> bytes:
        return zipped({name: content for name, content in package.items() if name != part})

    def with_cell(cell: str) -> bytes:
        number = re.sub("[A-Z]", "", cell)
        row = f'<row r="{number}"><c r="{cell}"><v>1</v></c></row></sheetData>'.encode()
        return changed("xl/worksheets/sheet3.xml", lambda xml: xml.replace(b"</sheetData>", row))

    def entity(declaration: bytes, use: bytes) -> Callable[[bytes], bytes]:
        def change(xml: bytes) -> bytes:
            head, _, rest = xml.partition(b"?>")
            return head + b"?>" + declaration + rest.replace(b"</sheetData>", use + b"</sheetData>")

        return change

    laughs = b"<!DOCTYPE x [<!ENTITY a0 'ha'>" + b"".join(
        b"<!ENTITY a%d '%s'>" % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 10)
    ) + b"]>"  # fmt: skip
    quadratic = b"<!DOCTYPE x [<!ENTITY a '" + b"a" * 50_000 + b"'>]>"
    outside = b"<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>"
    use = b'<row r="900"><c r="A900" t="inlineStr"><is><t>&a;</t></is></c></row>'
    cells = b"".join(
        b'<row r="%d">' % n + b"".join(b'<c r="%s%d"><v>1</v></c>' % (letter, n) for letter in (b"AA", b"AB", b"AC"))
        + b"</row>" for n in range(1000, 40_000)
    )  # fmt: skip
    formula = b'<row r="900"><c r="A900"><f>[1]Sheet1!A1</f><v>7</v></c></row></sheetData>'
    made = {
        "好.xlsx": (good, VALID),
        "好.XLSX": (good, VALID),
        "没有后缀": (good, VALID),
        "改名.txt": (good, VALID),
        "改名.pdf": (good, VALID),
        "改名.xls": (good, VALID),
        "存储不压缩.xlsx": (raw_zip([Entry(n.encode(), c, method=0) for n, c in package.items()]), VALID),
        "后面多出字节.xlsx": (good + b"\0" * 1000, VALID),
        "二进制工作簿.xlsb": (write_xlsb_of(good), VALID),
        "空.xlsx": (b"", EMPTY),
        "一个字节.xlsx": (b"P", NO_BOOK),
        "只有开头.xlsx": (b"PK\3\4", BROKEN),
        **{f"截断{part}0%.xlsx": (good[: len(good) * part // 10], BROKEN) for part in (1, 3, 5, 7, 9)},
        "少最后一字节.xlsx": (good[:-1], BROKEN),
        "少目录.xlsx": (good[:-22], BROKEN),
        "前面多出字节.xlsx": (b"MZ" + b"\0" * 100 + good, NO_BOOK),
        "文字.xlsx": ("部门整体支出绩效自评".encode(), NO_BOOK),
        "逗号分隔.xlsx": ("单位,预算\n甲,1\n".encode("gbk"), NO_BOOK),
        "网页.xls": (b"<html><table><tr><td>1</td></tr></table></html>", NO_BOOK),
        "表格2003.xls": (b'<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?><Workbook/>', NO_BOOK),
        "便携文档.xlsx": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", NO_BOOK),
        "图片.xlsx": (b"\x89PNG\r\n\x1a\n" + bytes(100), NO_BOOK),
        "富文本.xlsx": (rb"{\rtf1\ansi hello}", NO_BOOK),
        "字处理.xlsx": (DOCUMENT, NO_XLSX),
        "无工作簿部件.xlsx": (without("xl/workbook.xml"), NO_XLSX),
        "无关系.xlsx": (without("xl/_rels/workbook.xml.rels"), BROKEN),
        "无共享文字.xlsx": (without("xl/sharedStrings.xml"), BROKEN),
        "无类型表.xlsx": (without("[Content_Types].xml"), VALID),
        "无打印设置.xlsx": (without("docProps/app.xml"), VALID),
        "表格为空.xlsx": (changed("xl/worksheets/sheet3.xml", lambda xml: b""), BROKEN),
        "工作簿部件截断.xlsx": (changed("xl/workbook.xml", lambda xml: xml[:200]), BROKEN),
        "关系截断.xlsx": (changed("xl/_rels/workbook.xml.rels", lambda xml: xml[:200]), BROKEN),
        "校验和不符.xlsx": (_with_entry(package, "xl/worksheets/sheet3.xml", crc=1), BROKEN),
        "声明大小偏小.xlsx": (_with_entry(package, "xl/worksheets/sheet3.xml", size=100), BROKEN),
        "声明大小1GB.xlsx": (_with_entry(package, "xl/worksheets/sheet3.xml", size=1 << 30), BIG),
        "加密条目.xlsx": (_with_entry(package, "xl/worksheets/sheet3.xml", flags=ENCRYPTED), BROKEN),
        "未知压缩方法.xlsx": (_with_entry(package, "xl/worksheets/sheet3.xml", method=97), BROKEN),
        "五千多个部件.xlsx": (zipped({**package, **{f"x/{n}": b"" for n in range(5_000)}}), BIG),
        "十万多个部件.xlsx": (
            raw_zip([*_entries(package), *[Entry(b"x%d" % n, method=0) for n in range(100_001)]]),
            BROKEN,
        ),
        "七十兆表格.xlsx": (changed("xl/worksheets/sheet3.xml", lambda xml: xml + b" " * (70 << 20)), BIG),
        "六百兆图片.xlsx": (_with_picture(package, 600 << 20), BIG),
        "二百兆图片.xlsx": (_with_picture(package, 200 << 20), VALID),
        "实体笑话.xlsx": (changed("xl/worksheets/sheet3.xml", entity(laughs, use.replace(b"&a;", b"&a9;"))), DECLARED),
        "实体平方.xlsx": (changed("xl/worksheets/sheet3.xml", entity(quadratic, use.replace(b"&a;", b"&a;" * 9000))), DECLARED),
        "实体外部文件.xlsx": (changed("xl/worksheets/sheet3.xml", entity(outside, use)), DECLARED),
        "实体在工作簿.xlsx": (changed("xl/workbook.xml", entity(outside, b"")), DECLARED),
        "实体在关系.xlsx": (changed("xl/_rels/workbook.xml.rels", entity(outside, b"")), DECLARED),
        "最远单元格.xlsx": (with_cell("XFD1048576"), far(1_048_576, 16_384)),
        "远处单元格N.xlsx": (with_cell("N1048576"), far(1_048_576, 14)),
        "远处单元格A.xlsx": (with_cell("A1048576"), far(1_048_576, 12)),
        "远处的列.xlsx": (with_cell("XFD200"), far(200, 16_384)),
        "第九百行.xlsx": (with_cell("Z900"), VALID),
        "十二万个单元格.xlsx": (changed("xl/worksheets/sheet3.xml", lambda xml: xml.replace(b"</sheetData>", cells + b"</sheetData>")), VALID),
        "声明范围过大.xlsx": (changed("xl/worksheets/sheet3.xml", lambda xml: re.sub(rb'<dimension ref="[^"]*"', b'<dimension ref="A1:XFD1048576"', xml)), VALID),
        "外部链接.xlsx": (
            zipped({**package, "xl/externalLinks/externalLink1.xml": b"<externalLink/>",
                    "xl/worksheets/sheet3.xml": sheet.replace(b"</sheetData>", formula)}),
            VALID,
        ),
        "数据连接.xlsx": (zipped({**package, "xl/connections.xml": b"<connections/>"}), VALID),
        "带宏.xlsm": (zipped({**package, "xl/vbaProject.bin": compound({"VBA": {"dir": b"x"}})}), VALID),
        "带宏改名.xlsx": (zipped({**package, "xl/vbaProject.bin": compound({"VBA": {"dir": b"x"}})}), VALID),
        "别的工作簿.xlsx": (zipped(parts(_other_workbook())), NO_TEMPLATE),
        "路径穿越部件.xlsx": (zipped({**package, "../../../etc/passwd": b"x"}), VALID),
        "空压缩包.xlsx": (zipped({}), NO_BOOK),
        "网页包.xls": (PAGE, NO_BOOK),
    }  # fmt: skip
    return {name: (content, _one(outcome)) for name, (content, outcome) in made.items()}


def write_xlsb_of(content: bytes) -> bytes:
    """A workbook as an .xlsb."""
    from evalbatch.reading import read_workbook

    return write_xlsb(read_workbook(content))


def _other_workbook() -> bytes:
    import xlsxwriter

    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as book:
        book.add_worksheet("花名册").write_row(0, 0, ["姓名", "年龄"])
    return target.getvalue()


def _entries(package: Mapping[str, bytes]) -> list[Entry]:
    return [Entry(name.encode(), content, UTF8) for name, content in package.items()]


def _with_entry(
    package: Mapping[str, bytes],
    part: str,
    crc: int | None = None,
    size: int | None = None,
    flags: int = 0,
    method: int = 8,
) -> bytes:
    """A package one of whose entries is not what it says."""
    lying = Entry(part.encode(), package[part], flags, crc=crc, size=size, method=method)
    return raw_zip([lying if entry.name == lying.name else entry for entry in _entries(package)])


def _with_picture(package: Mapping[str, bytes], size: int) -> bytes:
    """A package with a picture that nobody opens and that says how large it is."""
    return raw_zip([*_entries(package), Entry(b"xl/media/image1.png", b"x", size=size)])


# ---------------------------------------------------------------- compound files


def _compound_files(good: bytes) -> dict[str, Case]:
    locked = compound({"EncryptedPackage": good[:9000], "EncryptionInfo": b"x" * 200})
    record = struct.pack("<HHHHHHLL", 0x0809, 16, 0x0600, 0x0005, 0, 0, 0, 0)
    encrypted = record + struct.pack("<HHHHH", 0x002F, 6, 0, 1, 2) + bytes(5000)
    made: dict[str, tuple[bytes, str]] = {
        "加密.xlsx": (locked, PASSWORD),
        "加密.xls": (locked, PASSWORD),
        "加密没有后缀": (locked, OTHER),
        "旧版加密.xls": (compound({"Workbook": encrypted}), PASSWORD),
        "旧版损坏.xls": (compound({"Workbook": b"\xff" * 9000}), BROKEN),
        "旧版截断.xls": (compound({"Workbook": record + bytes(9000)})[:4000], BROKEN),
        "旧版空流.xls": (compound({"Workbook": b""}), BROKEN),
        "空复合文档.xls": (compound({}), BROKEN),
        "复合文档只有头.xls": (compound({})[:512], BROKEN),
        "字处理.xls": (compound({"WordDocument": b"x" * 5000}), BROKEN),
        "字处理.doc": (compound({"WordDocument": b"x" * 5000}), OTHER),
        "链环.xls": (_looping(compound({"Workbook": b"x" * 9000})), BROKEN),
    }
    return {name: (content, _one(outcome)) for name, (content, outcome) in made.items()}


def _looping(content: bytes) -> bytes:
    """A compound file whose chains all lead to their beginning."""
    sectors = len(content) // 512
    fat = struct.unpack_from("<L", content, 76)[0]
    place = 512 * (fat + 1)
    return content[:place] + struct.pack("<L", 0) * min(128, sectors) + content[place + 512 :]


# ---------------------------------------------------------------- .zip


def _zips(good: bytes) -> dict[str, Case]:
    book = {"表.xlsx": good}
    deep = zipped(book)
    for _ in range(4):
        deep = zipped({"内.zip": deep})
    too_deep = zipped({"内.zip": zipped({"内.zip": deep})})
    nest = {"/".join(["内.zip"] * level): "压缩包，内含 1 个文件" for level in range(1, 5)}
    bomb = zipped({f"{n}.zip": zipped({"零": bytes(90 << 20)}) for n in range(3)})
    overlapping = _overlapping(1 << 20, 3000)
    quine = raw_zip([Entry(b"r/r.zip", b"", 0)])
    paths = {
        "../../etc/表.xlsx": "etc/表.xlsx",
        "/etc/表.xlsx": "etc/表 (2).xlsx",
        "C:\\用户\\表.xlsx": "用户/表.xlsx",
        "..\\..\\表.xlsx": "表.xlsx",
        "a/../../表.xlsx": "a/表.xlsx",
    }
    return {
        "压缩.zip": (zipped(book), {"": _archive(1), "表.xlsx": VALID}),
        "压缩改名.xlsx": (zipped(book), {"": _archive(1), "表.xlsx": VALID}),
        "压缩改名.jpg": (zipped(book), {"": _archive(1), "表.xlsx": VALID}),
        "国标名.zip": (zipped({"市局/表.xlsx": good}, "gb18030"), {"": _archive(1), "市局/表.xlsx": VALID}),
        "路径.zip": (
            raw_zip([Entry(name.encode(), good, UTF8) for name in paths]),
            {"": _archive(5), **dict.fromkeys(paths.values(), VALID)},
        ),
        "名中有控制符.zip": (
            raw_zip([Entry(b"a\nb\x07.xlsx", good), Entry("表\u202exslx.txt".encode(), b"x", UTF8)]),
            {"": _archive(2), "a b .xlsx": VALID, "表 xslx.txt": OTHER},
        ),
        "名过长.zip": (raw_zip([Entry(b"n" * 60_000 + b".xlsx", good)]), {"": _archive(1), "n" * 115 + ".xlsx": VALID}),
        "名为空.zip": (raw_zip([Entry(b"", good)]), {"": _archive(1), "未命名": VALID}),
        "名不是UTF8.zip": (raw_zip([Entry("表".encode("gbk"), good, UTF8)]), _one(BROKEN_ARCHIVE)),
        "重名.zip": (raw_zip([Entry(b"a.xlsx", good), Entry(b"a.xlsx", b"")]), {"": _archive(2), "a.xlsx": VALID, "a (2).xlsx": EMPTY}),
        "空包.zip": (zipped({}), _one(NOTHING)),
        "只有文件夹.zip": (zipped({"夹/": b""}), _one(NOTHING)),
        "链接.zip": (
            raw_zip([Entry(b"a.xlsx", b"/etc/passwd", attributes=0o120777), Entry(b"b.xlsx", good)]),
            {"": _archive(2), "a.xlsx": LINK, "b.xlsx": VALID},
        ),
        "设密码.zip": (
            raw_zip([Entry(b"a.xlsx", good, ENCRYPTED), Entry(b"a.txt", b"x", ENCRYPTED), Entry(b"b.zip", b"x", ENCRYPTED)]),
            {"": _archive(3), "a.xlsx": f"FS01 {LOCKED}", "a.txt": "压缩包设有密码，未读取", "b.zip": f"FS01 {LOCKED}"},
        ),
        "一个损坏.zip": (
            raw_zip([Entry(b"a.xlsx", good, crc=7), Entry(b"b.xlsx", good)]),
            {"": _archive(2), "a.xlsx": BROKEN_ENTRY, "b.xlsx": VALID},
        ),
        "大小不符.zip": (raw_zip([Entry(b"a.xlsx", good, size=10)]), {"": _archive(1), "a.xlsx": BROKEN_ENTRY}),
        "压缩方法未知.zip": (raw_zip([Entry(b"a.xlsx", good, method=9)]), {"": _archive(1), "a.xlsx": UNKNOWN_METHOD}),
        "截断.zip": (zipped(book)[:-50], _one(BROKEN_ARCHIVE)),
        "一半.zip": (zipped(book)[: len(good) // 2], _one(BROKEN_ARCHIVE)),
        "分卷.zip": (b"PK\x07\x08" + zipped(book)[: len(good) // 2], _one(BROKEN_ARCHIVE)),
        "自解压.exe": (b"MZ" + bytes(500) + zipped(book), _one(OTHER)),
        "注释有签名.zip": (zipped(book)[:-2] + struct.pack("<H", 6) + b"PK\5\6ab", _one(BROKEN_ARCHIVE)),
        "有注释.zip": (zipped(book)[:-2] + struct.pack("<H", 6) + b"remark", {"": _archive(1), "表.xlsx": VALID}),
        "五层.zip": (deep, {"": _archive(1), **nest, "内.zip/内.zip/内.zip/内.zip/表.xlsx": VALID}),
        "七层.zip": (
            too_deep,
            {"": _archive(1), **{"/".join(["内.zip"] * level): _archive(1) for level in range(1, 6)},
             "/".join(["内.zip"] * 6): MUCH},
        ),
        "一亿字节.zip": (zipped({"零": bytes((100 << 20) + 1), **book}), {"": _archive(2), "零": f"FS01 {TOO_LARGE}", "表.xlsx": VALID}),
        "声明三GB.zip": (raw_zip([Entry(b"a", b"x", size=3 << 30)]), _one(MUCH)),
        "重叠条目.zip": (overlapping, _one(MUCH)),
        "一万多个.zip": (raw_zip([Entry(b"%d" % n, method=0) for n in range(10_001)]), _one(MUCH)),
        "十万多个.zip": (raw_zip([Entry(b"%d" % n, method=0) for n in range(100_001)]), _one(BROKEN_ARCHIVE)),
        "套娃炸弹.zip": (
            bomb,
            {"": _archive(3), **{f"{n}.zip": _archive(1) for n in range(3)}, **{f"{n}.zip/零": OTHER for n in range(3)}},
        ),
        "空内层.zip": (quine, {"": _archive(1), "r/r.zip": OTHER}),
        "苹果附带.zip": (
            zipped({"表.xlsx": good, "__MACOSX/._表.xlsx": b"\0\5\x16\7", "~$表.xlsx": b"x", ".DS_Store": b"x"}),
            {"": _archive(4), "表.xlsx": VALID, "__MACOSX/._表.xlsx": MAC, "~$表.xlsx": LOCK, ".DS_Store": OTHER},
        ),
        "文档不是包.docx": (zipped({"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<w/>"}), _one(OTHER)),
        "版式文档.ofd": (zipped({"OFD.xml": b"<OFD/>", "Doc_0/Document.xml": b"<x/>"}), _one(OTHER)),
    }  # fmt: skip


def _archive(count: int) -> str:
    return f"压缩包，内含 {count} 个文件"


def _overlapping(size: int, count: int) -> bytes:
    """A .zip whose entries all say that they are the same bytes, which are many."""
    one = raw_zip([Entry(b"a", bytes(size))])
    start = one.rindex(b"PK\1\2")
    directory, end = one[start:-22], one[-22:]
    counts = struct.pack("<HHL", count, count, len(directory) * count)
    return one[:start] + directory * count + end[:8] + counts + end[16:]


# ---------------------------------------------------------------- other archives


def _other_archives(good: bytes) -> dict[str, Case]:
    book = {"表.xlsx": good}
    tar = tarred(book, "")
    return {
        "包.tar": (tar, {"": "tar 压缩包，内含 1 个文件", "表.xlsx": VALID}),
        "包.tar.gz": (tarred(book), {"": "tar 压缩包，内含 1 个文件", "表.xlsx": VALID}),
        "包.tar.bz2": (tarred(book, "bz2"), {"": "tar 压缩包，内含 1 个文件", "表.xlsx": VALID}),
        "包.tar.xz": (tarred(book, "xz"), {"": "tar 压缩包，内含 1 个文件", "表.xlsx": VALID}),
        "单个.xlsx.gz": (gzip.compress(good), {"": "压缩文件，内含 1 个文件", "单个.xlsx": VALID}),
        "单个.xlsx.bz2": (bz2.compress(good), {"": "压缩文件，内含 1 个文件", "单个.xlsx": VALID}),
        "单个.xlsx.xz": (lzma.compress(good), {"": "压缩文件，内含 1 个文件", "单个.xlsx": VALID}),
        "炸弹.gz": (gzip.compress(b"0" * (101 << 20), 1), {"": "压缩文件，内含 1 个文件", "炸弹": f"FS01 {TOO_LARGE}"}),
        "截断.tar.gz": (tarred(book)[:-2000], _one(BROKEN_ARCHIVE)),
        "截断.gz": (gzip.compress(good)[:-2000], _one(BROKEN_ARCHIVE)),
        "半截.tar": (
            tarred({"a.xlsx": good, "b.xlsx": good}, "")[: len(good) + 20_000],
            {"": f"{BROKEN_ARCHIVE}已取出 1 个文件。", "a.xlsx": VALID},
        ),
        "特殊.tar": (_special_tar(good), {
            "": "tar 压缩包，内含 5 个文件", "etc/表.xlsx": VALID, "链接.xlsx": LINK, "硬链接.xlsx": LINK, "设备": DEVICE, "管道": DEVICE,
        }),
        "声明三GB.tar.gz": (_tar_of(3 << 30), _one(MUCH)),
        "声明二百兆.tar": (_tar_of(200 << 20), {"": f"{BROKEN_ARCHIVE}已取出 1 个文件。", "大": f"FS01 {TOO_LARGE}"}),
        "包.7z": (sevenzipped({"市局/表.xlsx": good}), {"": "7z/rar 压缩包，内含 1 个文件", "市局/表.xlsx": VALID}),
        "截断.7z": (sevenzipped(book)[:-100], _one(BROKEN_ARCHIVE)),
        "损坏.7z": (b"7z\xbc\xaf\x27\x1c" + bytes(500), _one(NOTHING)),
        "包.rar": (rar5({"市局/表.xlsx": good}), {"": "7z/rar 压缩包，内含 1 个文件", "市局/表.xlsx": VALID}),
        "截断.rar": (rar5(book)[:-5000], _one(BROKEN_ARCHIVE)),
        "损坏.rar": (b"Rar!\x1a\x07\x00" + b"\xff" * 500, _one(BROKEN_ARCHIVE)),
    }  # fmt: skip


def _special_tar(good: bytes) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archive:
        for name, kind in (
            ("../../etc/表.xlsx", tarfile.REGTYPE), ("链接.xlsx", tarfile.SYMTYPE), ("硬链接.xlsx", tarfile.LNKTYPE),
            ("设备", tarfile.CHRTYPE), ("管道", tarfile.FIFOTYPE), ("夹", tarfile.DIRTYPE),
        ):  # fmt: skip
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = kind, "/etc/passwd"
            entry.size = len(good) if kind == tarfile.REGTYPE else 0
            archive.addfile(entry, io.BytesIO(good))
    return target.getvalue()


def _tar_of(size: int) -> bytes:
    entry = tarfile.TarInfo("大")
    entry.size = size
    return gzip.compress(entry.tobuf() + bytes(10_000))


# ---------------------------------------------------------------- mails


def _mails(good: bytes) -> dict[str, Case]:
    one = {"": "邮件，内含 1 个附件", "表.xlsx": VALID}
    plain = b"From: a@b.cn\r\nSubject: x\r\nDate: Wed, 20 Aug 2025 09:30:00 +0800\r\n\r\n"
    sealed = plain.replace(b"\r\n\r\n", b"\r\nContent-Type: application/pkcs7-mime; smime-type=enveloped-data\r\n\r\n")
    quoted = (
        b"Content-Type: application/octet-stream; name=a.bin\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    )
    deep = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(400))
    letter = mail_with({"表.xlsx": good})
    inner = mail_with({"表.xlsx": good}, "内", b"i0")
    nesting = inner
    for level in range(1, 7):
        nesting = mail(nested(nesting), subject=b"n%d" % level, edge=b"i%d" % level)
    levels = [f"n{level}.eml" for level in range(5, 0, -1)]
    return {
        "信.eml": (letter, one),
        "信改名.xlsx": (letter, one),
        "信.txt": (letter, one),
        "空信.eml": (plain, _one(NO_ATTACHMENT)),
        "只有文字.eml": (mail(), _one(NO_ATTACHMENT)),
        "零字节.eml": (b"", _one(OTHER)),
        "不是信.eml": ("这不是邮件".encode(), _one(OTHER)),
        "内嵌两层.eml": (
            mail(nested(mail(nested(inner), subject=b"mid", edge=b"mid"))),
            {"": "邮件，内含 1 个附件", "mid.eml": "邮件，内含 1 个附件", "mid.eml/内.eml": "邮件，内含 1 个附件",
             "mid.eml/内.eml/表.xlsx": VALID},
        ),
        "内嵌七层.eml": (
            nesting,
            {"": "邮件，内含 1 个附件", **{"/".join(levels[: n + 1]): "邮件，内含 1 个附件" for n in range(5)},
             "/".join([*levels, "内.eml"]): MUCH},
        ),
        "没有结束边界.eml": (letter.replace(b"--edge--", b""), one),
        "没有边界.eml": (letter.replace(b"boundary=edge", b""), _one(f"FS01 {MAIL_DAMAGED}")),
        "附件截断.eml": (letter[: len(letter) // 2], {"": "邮件，内含 1 个附件", "表.xlsx": BROKEN}),
        "附件为空.eml": (mail_with({"表.xlsx": b""}), {"": "邮件，内含 1 个附件", "表.xlsx": EMPTY}),
        "编码乱.eml": (mail(attached(b'; filename="a.xlsx"', b"").replace(b"\r\n\r\n", b"\r\n\r\n!!!!====")), {"": "邮件，内含 1 个附件", "a.xlsx": EMPTY}),
        "苹果附件.eml": (
            mail(attached(b'; filename="a.xlsx"', b"\0\5\x16\7", b"application/applefile"), attached(b'; filename="b.xlsx"', good)),
            {"": "邮件，内含 2 个附件", "a.xlsx": MAC, "b.xlsx": VALID},
        ),
        "附件无名.eml": (mail(attached(b"", good)), {"": "邮件，内含 1 个附件", "未命名": VALID}),
        "附件名有路径.eml": (mail(attached(b'; filename="../../etc/a.xlsx"', good)), {"": "邮件，内含 1 个附件", ".._.._etc_a.xlsx": VALID}),
        "附件名字符集未知.eml": (mail(attached(b"; filename*=x-none''%B1%ED.xlsx", good)), one),
        "附件说是图片.eml": (mail(attached(b'; filename="a.png"', good, b"image/png")), {"": "邮件，内含 1 个附件", "a.png": VALID}),
        "引号编码.eml": (mail(quoted + _quoted(b"plain text")), {"": "邮件，内含 1 个附件", "a.bin": OTHER}),
        "重名附件.eml": (
            mail(attached(b'; filename="a.xlsx"', good), attached(b'; filename="a.xlsx"', b"x")),
            {"": "邮件，内含 2 个附件", "a.xlsx": VALID, "a (2).xlsx": NO_BOOK},
        ),
        "外部附件.eml": (
            mail(b"Content-Type: message/external-body; access-type=URL; URL=\"http://x\"; name=a.xlsx\r\n\r\nContent-Type: text/plain\r\n\r\n"),
            {"": "邮件，内含 1 个附件", "a.xlsx": f"FS01 {ELSEWHERE}"},
        ),
        "加密信.eml": (sealed + base64.encodebytes(bytes(100)), {"": "邮件，内含 1 个附件", "smime.p7m": f"FS01 {SEALED}"}),
        "专用格式.eml": (
            mail(attached(b'; filename="winmail.dat"', b"\x78\x9f\x3e\x22" + bytes(100))),
            {"": "邮件，内含 1 个附件", "winmail.dat": "FS01 附件是 Outlook 专用格式（winmail.dat），无法读取。请发件人改用纯文本或 HTML 格式重新发送。"},
        ),
        "四百层.eml": (plain[:-2] + deep, _one(MUCH)),
        "两千段.eml": (mail(*[b"Content-Type: multipart/mixed; boundary=x%d\r\n\r\n" % n for n in range(2_001)]), _one(MUCH)),
        "一万个附件.eml": (mail(*[attached(b"; filename=a", b"x")] * 10_001), _one(MUCH)),
        "超长主题.eml": (plain.replace(b"Subject: x", b"Subject: " + b"x" * 2_000_000), _one(NO_ATTACHMENT)),
        "一万个头.eml": (b"X-A: b\r\n" * 100_000 + plain, _one(OTHER)),
        "头有零字节.eml": (plain.replace(b"Subject: x", b"Subject: \0x\0"), _one(NO_ATTACHMENT)),
        "没有日期.eml": (mail_with({"表.xlsx": good}).replace(b"Date:", b"X-Date:"), one),
        "日期乱.eml": (mail_with({"表.xlsx": good}).replace(b"20 Aug 2025", b"99 Foo 99999"), one),
        "发件人括号.eml": (plain.replace(b"a@b.cn", b"(" * 9_000), _one(NO_ATTACHMENT)),
        "信中压缩.eml": (
            mail_with({"材料.zip": zipped({"内.zip": zipped({"表.xlsx": good}, "gb18030")}, "gb18030")}),
            {"": "邮件，内含 1 个附件", "材料.zip": _archive(1), "材料.zip/内.zip": _archive(1), "材料.zip/内.zip/表.xlsx": VALID},
        ),
        "箱.mbox": (
            mailbox([letter, plain + b"From now on\r\n", mail_with({"表.xlsx": b"PK\3\4"}, "坏")]),
            {"": "邮箱导出文件，内含 3 封邮件", "00001_报送.eml": "邮件，内含 1 个附件", "00001_报送.eml/表.xlsx": VALID,
             "00002_x.eml": NO_ATTACHMENT, "00003_坏.eml": "邮件，内含 1 个附件", "00003_坏.eml/表.xlsx": BROKEN},
        ),
        "箱截断.mbox": (
            mailbox([letter, letter])[: len(letter) * 3 // 2],
            {"": "邮箱导出文件，内含 2 封邮件", "00001_报送.eml": "邮件，内含 1 个附件", "00001_报送.eml/表.xlsx": VALID,
             "00002_报送.eml": "邮件，内含 1 个附件", "00002_报送.eml/表.xlsx": BROKEN},
        ),
        "空箱.mbox": (b"From a@b.cn Wed Aug 20 09:30:00 2025\n\nnothing\n", _one("FS01 邮箱导出文件中没有读出邮件。请改为逐封导出（.eml）后放入收件文件夹。")),
        **_outlook_mails(good),
    }  # fmt: skip


def _outlook_mails(good: bytes) -> dict[str, Case]:
    book = {"表.xlsx": good}
    letter = compound(outlook(book))
    by_reference: Tree = {
        **outlook({}),
        "__attach_version1.0_#00000000": {
            "__properties_version1.0": bytes(8) + struct.pack("<HHLQ", 3, 0x3705, 6, 7),
            "__substg1.0_3707001F": "云.xlsx".encode("utf-16-le"),
        },
    }
    pasted: Tree = {
        **outlook({}),
        "__attach_version1.0_#00000000": {
            "__properties_version1.0": bytes(8) + struct.pack("<HHLQ", 3, 0x3705, 6, 6),
            "__substg1.0_3701000D": {"Workbook": b"x"},
        },
    }
    nest = outlook(book, "底", nested=True)
    for _ in range(8):
        nest = outlook({"x": nest}, "层", nested=True)
    no_properties = dict(outlook(book))
    del no_properties["__properties_version1.0"]
    sealed = {**outlook(book), "__substg1.0_001A001F": "IPM.Note.SMIME".encode("utf-16-le")}
    return {
        "信.msg": (letter, {"": "Outlook 邮件，内含 1 个附件", "表.xlsx": VALID}),
        "信改名.xls": (letter, {"": "Outlook 邮件，内含 1 个附件", "表.xlsx": VALID}),
        "没有附件.msg": (compound(outlook({})), _one("Outlook 邮件，没有附件（以链接发送的超大附件须下载后放入收件文件夹）")),
        "链接附件.msg": (compound(by_reference), {"": "Outlook 邮件，内含 1 个附件", "云.xlsx": f"FS01 {ELSEWHERE}"}),
        "粘贴对象.msg": (compound(pasted), {"": "Outlook 邮件，内含 1 个附件", "未命名": "粘贴在邮件中的对象，未读取"}),
        "内嵌.msg": (
            compound(outlook({"转": outlook(book, "转来", nested=True), "a.txt": b"x"})),
            {"": "Outlook 邮件，内含 3 个附件", "01_转来.msg": "邮件中的邮件，内含 1 个附件", "01_转来.msg/表.xlsx": VALID, "a.txt": OTHER},
        ),
        "内嵌九层.msg": (compound(outlook({"x": nest})), _one(MUCH)),
        "加密.msg": (compound(sealed), {"": "Outlook 邮件，内含 1 个附件", "smime.p7m": f"FS01 {SEALED}"}),
        "无属性.msg": (compound(no_properties), _one(OTHER)),
        "链环.msg": (_looping(letter), {"": "Outlook 邮件，内含 1 个附件", "表.xlsx": BROKEN}),
        "截断.msg": (letter[: len(letter) // 2], _one(OTHER)),
        "附件是旧版.msg": (
            compound(outlook({"旧.xls": compound({"Workbook": b"\xff" * 9000})})),
            {"": "Outlook 邮件，内含 1 个附件", "旧.xls": BROKEN},
        ),
        "属性短.msg": (
            compound({**outlook(book), "__properties_version1.0": b"x"}),
            {"": "Outlook 邮件，内含 1 个附件", "表.xlsx": VALID},
        ),
    }  # fmt: skip


def _quoted(content: bytes) -> bytes:
    return b"".join(b"=%02X" % byte for byte in content)


# ---------------------------------------------------------------- what else lies in folders


def _odds_and_ends(good: bytes) -> dict[str, Case]:
    plain = {
        "~$好.xlsx": (b"lock", LOCK),
        ".~好.xlsx": (b"lock", LOCK),
        "._好.xlsx": (b"\0\5\x16\7", MAC),
        ".DS_Store": (b"\0\0\0\1Bud1", OTHER),
        "Thumbs.db": (compound({"256_1": b"x"}), OTHER),
        "desktop.ini": (b"[.ShellClassInfo]", OTHER),
        "盖章扫描件.pdf": (b"%PDF-1.4", OTHER),
        "快捷方式.lnk": (b"L\0\0\0\1\x14\2\0", OTHER),
        "深/" * 30 + "表.xlsx": (good, VALID),
        "名" * 80 + ".xlsx": (good, VALID),
        "换\n行.xlsx": (good, VALID),
        "=HYPERLINK(1).xlsx": (good, VALID),
        "空白文件": (b"", OTHER),
        "全零.xlsx": (bytes(100_000), NO_BOOK),
        "随机.xlsx": (zlib.compress(good)[2:50_000], NO_BOOK),
    }
    made: dict[str, Case] = {name: (content, _one(outcome)) for name, (content, outcome) in plain.items()}
    if os.name != "nt":
        made |= {
            "链接.xlsx": (lambda path: path.symlink_to("/etc/passwd"), _one("符号链接，未读取")),
            "夹链接": (lambda path: path.symlink_to("/etc"), _one("符号链接，未读取")),
            "圈": (lambda path: path.symlink_to("."), _one("符号链接，未读取")),
            "断链接": (lambda path: path.symlink_to("没有"), _one("符号链接，未读取")),
            "管道.xlsx": (lambda path: os.mkfifo(path), _one("不是普通文件，未读取")),
        }
    return made


__all__ = ["corpus", "lay"]
