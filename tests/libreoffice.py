"""Recalculation by LibreOffice, for tests that compare live formulas with the Python evaluators."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pytest

SOFFICE: Final = shutil.which("soffice")
needs_libreoffice = pytest.mark.skipif(
    SOFFICE is None and not os.environ.get("EVALBATCH_NO_SKIP"), reason="soffice (LibreOffice) is not installed"
)
"""Marks a test that needs LibreOffice."""

_START_SECONDS: Final = 90
_FILE_SECONDS: Final = 20
# without this setting LibreOffice keeps the cached values, and a parity test would prove nothing
_SETTINGS: Final = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry" xmlns:xs="http://www.w3.org/2001/XMLSchema"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load">
<prop oor:name="OOXMLRecalcMode" oor:op="fuse"><value>0</value></prop>
</item>
</oor:items>
"""


def recalculate(paths: Sequence[Path], out_dir: Path) -> list[Path]:
    """The workbooks recalculated and saved under the same names in ``out_dir``; one call of soffice for all.

    Names must differ, and ``out_dir`` must not be the folder of a source.
    """
    return convert(paths, out_dir, "xlsx")


def convert(paths: Sequence[Path], out_dir: Path, form: str, recalculated: bool = True) -> list[Path]:
    """The workbooks in another format (``pdf``), recalculated or as they were saved; a file it cannot open is absent."""
    assert SOFFICE is not None, "soffice is not installed"
    out_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as profile:
        user = Path(profile) / "user"
        user.mkdir()
        if recalculated:
            (user / "registrymodifications.xcu").write_text(_SETTINGS, encoding="utf-8")
        subprocess.run(
            [
                SOFFICE, f"-env:UserInstallation={Path(profile).as_uri()}", "--headless",
                "--convert-to", form, "--outdir", str(out_dir), *map(str, paths),
            ],
            check=True, capture_output=True, timeout=_START_SECONDS + _FILE_SECONDS * len(paths),
        )  # fmt: skip
    return [out_dir / f"{path.stem}.{form}" for path in paths]
