"""Broken files among good ones: the good ones rank as without them, and every file has its row.

``python -m tests.benchmarks.broken [FILES] [BROKEN] [SEED]`` breaks BROKEN (100) of FILES (1,000) workbooks.
"""

from __future__ import annotations

import random
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from evalbatch.intake import find_arrivals
from evalbatch.model import Outcome
from evalbatch.pipeline import run
from evalbatch.sampling import INBOX, Plan, write_sample
from evalbatch.workers import Settings
from tests.forms import parts, scheme
from tests.intake.forms_of_arrival import ENCRYPTED, Entry, compound, raw_zip, zipped

_TIME: Final = datetime(2025, 9, 1, 9)
_FAR: Final = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'


def _with_part(content: bytes, change: Callable[[bytes], bytes]) -> bytes:
    package = parts(content)
    return zipped({**package, "xl/worksheets/sheet3.xml": change(package["xl/worksheets/sheet3.xml"])})


BREAKAGES: Final[Sequence[Callable[[bytes], bytes]]] = (
    lambda content: b"",
    lambda content: content[: len(content) // 2],
    lambda content: content[:-30],
    lambda content: content[:3000] + bytes(byte ^ 0xFF for byte in content[3000:3200]) + content[3200:],
    lambda content: b"<html><table></table></html>",
    lambda content: compound({"EncryptedPackage": content[:9000], "EncryptionInfo": b"x"}),
    lambda content: _with_part(content, lambda xml: xml.replace(b"</sheetData>", _FAR)),
    lambda content: _with_part(content, lambda xml: xml + b" " * (70 << 20)),
    lambda content: raw_zip([Entry(name.encode(), part, ENCRYPTED) for name, part in parts(content).items()]),
    lambda content: raw_zip([Entry(name.encode(), part, crc=1) for name, part in parts(content).items()]),
)
"""Ways to break a workbook so that it has to go back."""


def prove(folder: Path, files: int, broken: int, seed: int, jobs: int = 2) -> int:
    """Break some of so many workbooks in a folder, and compare with a run over the others; how many were ranked."""
    write_sample(folder / "样本", scheme(), Plan(files, seed), jobs)
    inbox = folder / "样本" / INBOX
    every = sorted(inbox.iterdir())
    assert len(every) == files
    chosen = random.Random(seed).sample(every, broken)
    good = folder / "好的"
    shutil.copytree(inbox, good)
    for number, path in enumerate(chosen):
        path.write_bytes(BREAKAGES[number % len(BREAKAGES)](path.read_bytes()))
        (good / path.name).unlink()
    among, alone = (run(find_arrivals([place]), Settings(None, None, jobs), _TIME) for place in (inbox, good))
    assert ranking(among) == ranking(alone)
    assert sorted((file.file, file.status) for file in among.files) == sorted(
        (path.name, "退回重报" if path in chosen else "有效") for path in every
    )
    assert {item.file for item in among.unranked} == {path.name for path in chosen}
    return len(among.ranked)


def ranking(outcome: Outcome) -> list[tuple[int, int, str, str]]:
    """Every place with whose it is and the points."""
    return [(place.rank, place.category_rank, place.result.code, str(place.result.total)) for place in outcome.ranked]


def main() -> None:
    """Prove it for as many as asked."""
    files, broken, seed = (int(text) for text in (*sys.argv[1:], *("1000", "100", "2024")[len(sys.argv) - 1 :]))
    with tempfile.TemporaryDirectory() as name:
        ranked = prove(Path(name), files, broken, seed)
    print(f"{files} files of which {broken} broken: {ranked} ranked as without them, {files} rows in the register")


if __name__ == "__main__":
    main()
