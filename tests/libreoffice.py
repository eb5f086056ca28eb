"""Recalculation by LibreOffice, for tests that compare live formulas with the Python evaluators."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

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
_DECLARED: Final = '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE {0} PUBLIC "-//OpenOffice.org//DTD" "{1}.dtd">\n'
_LIBRARIES: Final = (
    _DECLARED.format("library:libraries", "libraries")
    + """
<library:libraries xmlns:library="http://openoffice.org/2000/library" xmlns:xlink="http://www.w3.org/1999/xlink">
<library:library library:name="Standard" xlink:href="$(USER)/basic/Standard/script.xlb/" xlink:type="simple"
 library:link="false"/></library:libraries>"""
)
_LIBRARY: Final = (
    _DECLARED.format("library:library", "library")
    + """
<library:library xmlns:library="http://openoffice.org/2000/library" library:name="Standard" library:readonly="false"
 library:passwordprotected="false"><library:element library:name="Module1"/></library:library>"""
)
_MODULE: Final = (
    _DECLARED.format("script:module", "module")
    + """
<script:module xmlns:script="http://openoffice.org/2000/script" script:name="Module1" script:language="StarBasic">{0}
</script:module>"""
)
_STEP: Final = """
Sub Step{number}
Dim opening(0) As New com.sun.star.beans.PropertyValue
opening(0).Name = "Hidden" : opening(0).Value = True
doc = StarDesktop.loadComponentFromURL("{source}", "_blank", 0, opening())
{work}
doc.calculateAll()
Dim saving(0) As New com.sun.star.beans.PropertyValue
saving(0).Name = "FilterName" : saving(0).Value = "Calc MS Excel 2007 XML"
doc.storeToURL("{target}", saving())
doc.close(True)
End Sub"""


def recalculate(paths: Sequence[Path], out_dir: Path) -> list[Path]:
    """The workbooks recalculated and saved under the same names in ``out_dir``; one call of soffice for all.

    Names must differ, and ``out_dir`` must not be the folder of a source.
    """
    return convert(paths, out_dir, "xlsx")


def operate(jobs: Mapping[Path, tuple[Path, str]]) -> list[Path]:
    """Workbooks worked on as a person would, recalculated and saved: target -> source and what is done in Basic to
    ``doc``, the open document. The targets.
    """
    assert SOFFICE is not None, "soffice is not installed"
    with tempfile.TemporaryDirectory() as profile:
        start = [SOFFICE, f"-env:UserInstallation={Path(profile).as_uri()}", "--headless"]
        patience = _START_SECONDS + _FILE_SECONDS * len(jobs)
        # a profile holds macros only once it has been made
        subprocess.run([*start, "--terminate_after_init"], check=True, capture_output=True, timeout=patience)
        library = Path(profile) / "user" / "basic" / "Standard"
        library.mkdir(parents=True, exist_ok=True)
        (library.parent / "script.xlc").write_text(_LIBRARIES, encoding="utf-8")
        (library / "script.xlb").write_text(_LIBRARY, encoding="utf-8")
        steps = [
            _STEP.format(number=number, source=source.as_uri(), target=target.as_uri(), work=work)
            for number, (target, (source, work)) in enumerate(jobs.items())
        ]
        calls = "\n".join(f"Step{number}" for number in range(len(steps)))
        module = "\n".join((f"Sub Work\n{calls}\nEnd Sub", *steps))
        (library / "Module1.xba").write_text(_MODULE.format(escape(module)), encoding="utf-8")
        macro = "macro:///Standard.Module1.Work"
        subprocess.run([*start, macro], check=True, capture_output=True, timeout=patience)
    return list(jobs)


def convert(paths: Sequence[Path], out_dir: Path, form: str) -> list[Path]:
    """The recalculated workbooks in another format (``pdf``)."""
    assert SOFFICE is not None, "soffice is not installed"
    out_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as profile:
        user = Path(profile) / "user"
        user.mkdir()
        (user / "registrymodifications.xcu").write_text(_SETTINGS, encoding="utf-8")
        subprocess.run(
            [
                SOFFICE, f"-env:UserInstallation={Path(profile).as_uri()}", "--headless",
                "--convert-to", form, "--outdir", str(out_dir), *map(str, paths),
            ],
            check=True, capture_output=True, timeout=_START_SECONDS + _FILE_SECONDS * len(paths),
        )  # fmt: skip
    return [out_dir / f"{path.stem}.{form}" for path in paths]
