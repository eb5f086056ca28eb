"""Recalculation and editing by LibreOffice, for tests that compare live formulas with the Python evaluators."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
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
# without the first setting LibreOffice keeps the cached values, and a parity test would prove nothing; without the second
# it makes the profile anew, and the macros in it are gone
_SETTINGS: Final = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry" xmlns:xs="http://www.w3.org/2001/XMLSchema"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load">
<prop oor:name="OOXMLRecalcMode" oor:op="fuse"><value>0</value></prop>
</item>
<item oor:path="/org.openoffice.Setup/Office">
<prop oor:name="ooSetupInstCompleted" oor:op="fuse"><value>true</value></prop>
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
    out_dir.mkdir(parents=True, exist_ok=True)
    arguments = ["--convert-to", form, "--outdir", str(out_dir), *map(str, paths)]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        _run(Path(profile), arguments, _START_SECONDS + _FILE_SECONDS * len(paths), recalculated)
    return [out_dir / f"{path.stem}.{form}" for path in paths]


@dataclass(frozen=True, slots=True)
class Typed:
    """A value typed into a cell, as somebody at the screen would."""

    sheet: str
    cell: str
    value: float | str

    def basic(self) -> str:
        """As a statement of LibreOffice Basic."""
        content = f"Value = {self.value!r}" if isinstance(self.value, float) else f'String = "{self.value}"'
        return f'book.Sheets.getByName("{self.sheet}").getCellRangeByName("{self.cell}").{content}'


@dataclass(frozen=True, slots=True)
class Sorted:
    """A range without its headers sorted by a column (0-based in it), downwards."""

    sheet: str
    area: str
    column: int

    def basic(self) -> str:
        """As statements of LibreOffice Basic."""
        return f"""field(0).Field = {self.column}
field(0).IsAscending = False
sorting(0).Name = "SortFields"
sorting(0).Value = field()
sorting(1).Name = "ContainsHeader"
sorting(1).Value = False
book.Sheets.getByName("{self.sheet}").getCellRangeByName("{self.area}").sort(sorting())"""


@dataclass(frozen=True, slots=True)
class Filtered:
    """A range with its headers of which only rows with one of the texts in a column (0-based in it) are shown.

    This is what a list with ticks does: the others are unticked.
    """

    sheet: str
    area: str
    column: int
    texts: tuple[str, ...]

    def basic(self) -> str:
        """As statements of LibreOffice Basic."""
        conditions = "\n".join(
            f"""condition({index}).Field = {self.column}
condition({index}).Connection = com.sun.star.sheet.FilterConnection.OR
condition({index}).Operator = com.sun.star.sheet.FilterOperator.EQUAL
condition({index}).StringValue = "{text}\""""
            for index, text in enumerate(self.texts)
        )
        return f"""area = book.Sheets.getByName("{self.sheet}").getCellRangeByName("{self.area}")
filter = area.createFilterDescriptor(True)
filter.ContainsHeader = True
ReDim condition({len(self.texts) - 1}) As New com.sun.star.sheet.TableFilterField
{conditions}
filter.setFilterFields(condition())
area.filter(filter)"""


@dataclass(frozen=True, slots=True)
class Inserted:
    """A row inserted above a row (1-based), with a text in its first cell."""

    sheet: str
    row: int
    text: str

    def basic(self) -> str:
        """As statements of LibreOffice Basic."""
        return f"""book.Sheets.getByName("{self.sheet}").Rows.insertByIndex({self.row - 1}, 1)
book.Sheets.getByName("{self.sheet}").getCellByPosition(0, {self.row - 1}).String = "{self.text}\""""


@dataclass(frozen=True, slots=True)
class Deleted:
    """A row (1-based) taken away: what stood below moves up."""

    sheet: str
    row: int

    def basic(self) -> str:
        """As a statement of LibreOffice Basic."""
        return f'book.Sheets.getByName("{self.sheet}").Rows.removeByIndex({self.row - 1}, 1)'


@dataclass(frozen=True, slots=True)
class Renamed:
    """A sheet under another name."""

    sheet: str
    name: str

    def basic(self) -> str:
        """As a statement of LibreOffice Basic."""
        return f'book.Sheets.getByName("{self.sheet}").Name = "{self.name}"'


Step = Typed | Sorted | Filtered | Inserted | Deleted | Renamed


def edit(path: Path, target: Path, steps: Sequence[Step]) -> Path:
    """The workbook opened, edited, recalculated and saved as .xlsx by LibreOffice."""
    statements = "\n".join(step.basic() for step in steps)
    with tempfile.TemporaryDirectory() as profile:
        library = Path(profile) / "user" / "basic" / "Standard"
        library.mkdir(parents=True)
        (library.parent / "script.xlc").write_text(_LIBRARIES, encoding="utf-8")
        (library / "script.xlb").write_text(_LIBRARY, encoding="utf-8")
        source = _MACRO.format(source=path.as_uri(), target=target.as_uri(), statements=statements)
        (library / "Edit.xba").write_text(_MODULE.format(escape(source)), encoding="utf-8")
        _run(Path(profile), ["macro:///Standard.Edit.Main"], _START_SECONDS + _FILE_SECONDS)
    assert target.exists(), "the macro did not reach its end"
    return target


def _run(profile: Path, arguments: Sequence[str], seconds: float, recalculating: bool = True) -> None:
    """Run LibreOffice in a profile of its own, one that recalculates whatever it opens or one that does not."""
    assert SOFFICE is not None, "soffice is not installed"
    user = profile / "user"
    user.mkdir(exist_ok=True)
    if recalculating:
        (user / "registrymodifications.xcu").write_text(_SETTINGS, encoding="utf-8")
    command = [SOFFICE, f"-env:UserInstallation={profile.as_uri()}", "--headless", *arguments]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, start_new_session=True) as process:
        try:
            output, errors = process.communicate(timeout=seconds)
        except BaseException:
            _kill(process)
            raise
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command, output, errors)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End the program and those that it started: what was called soffice only waits for another."""
    if sys.platform == "win32":
        process.kill()
    else:
        os.killpg(process.pid, signal.SIGKILL)


_LIBRARIES: Final = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE library:libraries PUBLIC "-//OpenOffice.org//DTD OfficeDocument 1.0//EN" "libraries.dtd">
<library:libraries xmlns:library="http://openoffice.org/2000/library" xmlns:xlink="http://www.w3.org/1999/xlink">
<library:library library:name="Standard" xlink:href="$(USER)/basic/Standard/script.xlb/" xlink:type="simple"
 library:link="false"/>
</library:libraries>
"""
_LIBRARY: Final = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE library:library PUBLIC "-//OpenOffice.org//DTD OfficeDocument 1.0//EN" "library.dtd">
<library:library xmlns:library="http://openoffice.org/2000/library" library:name="Standard" library:readonly="false"
 library:passwordprotected="false"><library:element library:name="Edit"/></library:library>
"""
_MODULE: Final = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE script:module PUBLIC "-//OpenOffice.org//DTD OfficeDocument 1.0//EN" "module.dtd">
<script:module xmlns:script="http://openoffice.org/2000/script" script:name="Edit"
 script:language="StarBasic">{}</script:module>
"""
_MACRO: Final = """Sub Main
Dim hidden(0) As New com.sun.star.beans.PropertyValue
Dim form(0) As New com.sun.star.beans.PropertyValue
Dim field(0) As New com.sun.star.table.TableSortField
Dim sorting(1) As New com.sun.star.beans.PropertyValue
Dim condition() As New com.sun.star.sheet.TableFilterField
hidden(0).Name = "Hidden"
hidden(0).Value = True
book = StarDesktop.loadComponentFromURL("{source}", "_blank", 0, hidden())
{statements}
book.calculateAll()
form(0).Name = "FilterName"
form(0).Value = "Calc MS Excel 2007 XML"
book.storeToURL("{target}", form())
book.close(True)
StarDesktop.terminate()
End Sub
"""
