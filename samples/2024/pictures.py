"""The samples as they print -> the pictures of README and user guide; needs LibreOffice and pdftoppm.

Run from the repository: ``python -m samples.2024.pictures`` after the samples were built.
"""

from __future__ import annotations

import io
import re
import struct
import subprocess
import sys
import tempfile
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import openpyxl

from evalbatch.department_workbook import write_department_workbook
from evalbatch.scheme import load_scheme
from evalbatch.scheme.layout import SUPPORT_SHEET
from tests.libreoffice import convert

FOLDER = Path(__file__).parent
PICTURES = FOLDER / "pictures"
MOST_PAGES = 3
"""Pages of one sheet that are kept."""
RESOLUTION = 90
_AREA = re.compile(r"INDEX\('[^']+'!\$([A-Z]+)\$1:[^,]*,'[^']+'!(\$[A-Z]+\$\d+)\)")


def as_excel_prints(source: Path, target: Path) -> None:
    """A workbook with its print areas fixed to what they say now: LibreOffice knows none that follow the contents."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        support = openpyxl.load_workbook(source, data_only=True)[SUPPORT_SHEET]
    with zipfile.ZipFile(source) as package, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as printed:
        for name in package.namelist():
            content = package.read(name)
            if name == "xl/workbook.xml":
                fixed = _AREA.sub(lambda at: f"${at[1]}${support[at[2].replace('$', '')].value}", content.decode())
                content = fixed.encode()
            printed.writestr(name, content)


def sheets_of(workbook: Path, pdf: Path) -> Iterator[tuple[str, int, int]]:
    """(sheet, its page, page of the file): a page belongs to the sheet whose title it, or one before it, begins with."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        book = openpyxl.load_workbook(workbook, data_only=True)
    titles = {str(sheet["A1"].value): sheet.title for sheet in book if sheet.sheet_state == "visible"}
    text = subprocess.run(["pdftotext", "-layout", str(pdf), "-"], check=True, capture_output=True).stdout.decode()
    sheet, count = "", 0
    for page, content in enumerate(text.split("\f")[:-1], 1):
        title = next((line.strip() for line in content.splitlines() if line.strip()), "")
        sheet, count = (sheet, count + 1) if titles.get(title, sheet) == sheet else (titles[title], 1)
        yield sheet, count, page


def picture(pdf: Path, page: int, target: Path) -> None:
    """One page of a PDF as a PNG in sixteen greys."""
    command = ["pdftoppm", "-gray", "-r", str(RESOLUTION), "-f", str(page), "-l", str(page), str(pdf)]
    grey = subprocess.run(command, check=True, capture_output=True).stdout
    _, size, _, pixels = grey.split(b"\n", 3)
    width, height = map(int, size.split())
    lines = io.BytesIO()
    for start in range(0, width * height, width):
        line = pixels[start : start + width] + b"\xff" * (width % 2)
        lines.write(b"\0" + bytes(left & 0xF0 | right >> 4 for left, right in zip(line[::2], line[1::2], strict=True)))
    header = struct.pack(">IIBBBBB", width, height, 4, 0, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(lines.getvalue(), 9)), (b"IEND", b""))
    target.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(_part(kind, content) for kind, content in parts))


def _part(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def draw_form(workbook: Path, prefix: str, most: int, folder: Path) -> None:
    """Pictures of the first pages of every sheet of a department's workbook."""
    printed = folder / f"{prefix}.xlsx"
    as_excel_prints(workbook, printed)
    (pdf,) = convert([printed], folder / "pdf", "pdf")
    for sheet, count, page in sheets_of(workbook, pdf):
        if count <= most:
            picture(pdf, page, PICTURES / f"{prefix}-{sheet}{f'-{count}' if count > 1 else ''}.png")


def draw_ranking(workbooks: Sequence[Path], folder: Path) -> None:
    """Pictures of the first page of every sheet."""
    for workbook, pdf in zip(workbooks, convert(workbooks, folder / "ranking", "pdf"), strict=True):
        for sheet, count, page in sheets_of(workbook, pdf):
            if count == 1:
                picture(pdf, page, PICTURES / f"{sheet}.png")


def main() -> None:
    """Draw the blank template, the completed seed department, and the ranking of the whole inbox."""
    for old in PICTURES.glob("*.png"):
        old.unlink()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        blank = folder / "blank.xlsx"
        write_department_workbook(blank, load_scheme())
        draw_form(blank, "空白", 1, folder)
        draw_form(next((FOLDER / "inbox").glob("203001_*.xlsx")), "填报", MOST_PAGES, folder)
        ranking, public, feedback = folder / "排名.xlsx", folder / "公示.xlsx", folder / "反馈"
        command = [
            sys.executable,
            "-m",
            "evalbatch",
            "run",
            FOLDER / "inbox",
            "-o",
            ranking,
            "--public",
            public,
            "--feedback",
            feedback,
            "--quiet",
        ]
        options = ["--roster", FOLDER / "单位名录.xlsx", "--time", "2025-09-01T09:00:00"]
        subprocess.run([*map(str, [*command, *options])], check=False)
        notice, listed = folder / "通知.xlsx", folder / "名单.xlsx"
        next(feedback.glob("203002_*")).rename(notice)
        next(feedback.glob("*名单*")).rename(listed)
        draw_ranking([ranking, public, notice, listed], folder)


if __name__ == "__main__":
    main()
