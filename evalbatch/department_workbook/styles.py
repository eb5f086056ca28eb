"""What a cell looks like: one XlsxWriter format for each set of properties, black-and-white safe."""

from __future__ import annotations

from typing import Final

from xlsxwriter import Workbook
from xlsxwriter.format import Format

from evalbatch.scheme.spec import ColumnSpec, ColumnType

BODY_FONT: Final = "宋体"
HEAD_FONT: Final = "黑体"
BODY_SIZE: Final = 10
LINE_HEIGHT: Final = 14.0
"""Points that a line of body text takes."""

_NUMBERS: Final[dict[ColumnType, str]] = {
    "amount": "#,##0.00",
    "number": "General",
    "count": "#,##0",
    "points": "0.00",
    "percent": "0.00%",
    "rate": "0.00%",
    "flag": "0",
    "date": "yyyy-mm-dd",
}
_CENTRED: Final = frozenset({"choice", "date", "flag"})
_DARK: Final = "#D9D9D9"
_GREY: Final = "#EDEDED"
_PALE: Final = "#F7F7F7"
_WHITE: Final = "#FFFFFF"
_YELLOW: Final = "#FFF2CC"
_DOTS: Final = "#7F7F7F"
_ALARM: Final = "#C00000"
_LINK: Final = "#0563C1"


def number_format(kind: ColumnType, unit: str = "") -> str:
    """The number format of a column type; counts carry the unit of their line (人, 辆)."""
    form = _NUMBERS.get(kind, "General")
    return f'{form}"{unit}"' if unit and kind == "count" else form


def _entered(given: bool) -> dict[str, object]:
    return {"bg_color": _GREY} if given else {"locked": False}


class Styles:
    """The formats of one workbook."""

    def __init__(self, workbook: Workbook) -> None:
        self._workbook = workbook
        self._made: dict[tuple[tuple[str, object], ...], Format] = {}

    def _format(self, **properties: object) -> Format:
        base: dict[str, object] = {
            "font_name": BODY_FONT, "font_size": BODY_SIZE, "valign": "vcenter", "text_wrap": True, "border": 1,
        }  # fmt: skip
        merged = base | properties
        key = tuple(sorted(merged.items()))
        if key not in self._made:
            self._made[key] = self._workbook.add_format(merged)
        return self._made[key]

    def title(self) -> Format:
        """The sheet's title."""
        return self._format(font_name=HEAD_FONT, font_size=16, align="center", border=0)

    def caption(self, align: str = "left") -> Format:
        """填报单位, 金额单位 and the note."""
        return self._format(align=align, border=0)

    def header(self) -> Format:
        """A column header."""
        return self._format(font_name=HEAD_FONT, align="center", bg_color=_DARK)

    def heading(self) -> Format:
        """The heading of a block of rows."""
        return self._format(font_name=HEAD_FONT, align="left", bg_color=_PALE)

    def key(self) -> Format:
        """A key of column 编码."""
        return self._format(align="center", bg_color=_GREY)

    def label(self, indent: int = 0, align: str = "left") -> Format:
        """A printed text."""
        return self._format(align=align, indent=indent, bg_color=_GREY)

    def unused(self) -> Format:
        """A cell that its row does not fill."""
        return self._format(bg_color=_GREY)

    def constant(self, kind: ColumnType) -> Format:
        """A printed figure."""
        return self._format(num_format=number_format(kind), align="center", bg_color=_GREY)

    def entry(self, column: ColumnSpec, unit: str = "", given: bool = False) -> Format:
        """An input cell, or a derived one that may be overwritten; grey and locked where the bureau gave its value."""
        written = "left" if column.type in ("text", "label") else "right"
        align = "center" if column.type in _CENTRED else written
        return self._format(num_format=number_format(column.type, unit), align=align, **_entered(given))

    def particular(self, column: ColumnSpec, unit: str = "", given: bool = False) -> Format:
        """An input cell of the cover: codes and telephone numbers stay as typed, leading zeros included."""
        form = "@" if column.type == "text" else number_format(column.type, unit)
        return self._format(num_format=form, align="left", **_entered(given))

    def computed(self, form: str, align: str = "right") -> Format:
        """A computed cell that nobody types into."""
        return self._format(num_format=form, align=align, bg_color=_PALE)

    def remark(self) -> Format:
        """A free text of the department."""
        return self._format(align="left", locked=False)

    def attachment(self, align: str = "left", form: str = "General") -> Format:
        """A cell of the printed form."""
        return self._format(align=align, num_format=form)

    def unframed(self, align: str, form: str) -> Format:
        """A cell of the printed form whose frame a conditional format draws."""
        return self._format(align=align, num_format=form, border=0)

    def framed(self, **sides: int) -> Format:
        """Laid over a cell of the printed form: the given sides of its frame."""
        return self._laid(**sides)

    def link(self) -> Format:
        """A link to another cell."""
        return self._format(align="left", underline=1, font_color=_LINK, bg_color=_PALE)

    def failed(self) -> Format:
        """Laid over ✗."""
        return self._laid(bold=True, font_color=_ALARM)

    def fault(self) -> Format:
        """Laid over a cell that a check finds faulty: striped and bold."""
        return self._laid(bold=True, font_color=_ALARM, pattern=14, fg_color=_ALARM, bg_color=_WHITE)

    def blank(self) -> Format:
        """Laid over a cell that has to be filled: dotted, in a dashed frame."""
        return self._laid(pattern=18, fg_color=_DOTS, bg_color=_YELLOW, border=3)

    def _laid(self, **properties: object) -> Format:
        key = tuple(sorted(properties.items()))
        if key not in self._made:
            self._made[key] = self._workbook.add_format(properties)
        return self._made[key]

    def plain(self) -> Format:
        """A cell of the hidden sheet."""
        return self._format(border=0, text_wrap=False)
