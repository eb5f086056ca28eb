"""The samples as they print -> the pictures of README and user guide; needs LibreOffice and pdftoppm.

Run from the repository: ``python -m samples.2024.pictures`` after the samples were built.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tests.libreoffice import convert

FOLDER = Path(__file__).parent
PICTURES = FOLDER / "pictures"
FORM: Mapping[str, int] = {"填报-封面": 1, "填报-绩效自评表": 2, "填报-预算执行情况表": 4, "填报-数据审核": 12}
RANKING: Mapping[str, int] = {"总览": 1, "排名": 2, "得分明细": 4}


def draw(workbook: Path, pages: Mapping[str, int], folder: Path) -> None:
    """Pictures of some pages of a workbook, in greys, named by what they show."""
    (pdf,) = convert([workbook], folder, "pdf")
    for name, page in pages.items():
        target = PICTURES / name
        command = ["pdftoppm", "-png", "-gray", "-r", "80", "-f", str(page), "-singlefile", str(pdf), str(target)]
        subprocess.run(command, check=True)


def main() -> None:
    """Draw the completed seed department and the ranking of the whole inbox."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        draw(next((FOLDER / "inbox").glob("203001_*.xlsx")), FORM, folder)
        ranking = folder / "排名.xlsx"
        command = [sys.executable, "-m", "evalbatch", "run", FOLDER / "inbox", "-o", ranking, "--quiet"]
        options = ["--roster", FOLDER / "单位名录.xlsx", "--time", "2025-09-01T09:00:00"]
        subprocess.run([*map(str, [*command, *options])], check=False)
        draw(ranking, RANKING, folder / "out")


if __name__ == "__main__":
    main()
