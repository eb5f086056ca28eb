"""How a value looks: number format, alignment and width of each kind of column; black-and-white safe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

from xlsxwriter import Workbook
from xlsxwriter.format import Format

FONT: Final = "宋体"
_LINK: Final = "#000080"
AS_TEXT: Final = "@"
"""Text cells are of Excel's text format, so that ``=1+1`` stays text even when somebody edits the cell."""


@dataclass(frozen=True, slots=True)
class Look:
    """``number`` is the format of numbers and dates; a text in such a column is shown as text, aligned alike."""

    number: str
    align: Literal["left", "center", "right"]
    width: float
    wrap: bool = False
    bold: bool = False
    top: bool = False
    """Begin at the top of the cell: for texts longer than a row can be high."""
    size: float = 10
    link: bool = False
    """Shown in the colour of links: a click leads somewhere."""


RANK: Final = Look("0", "center", 6, bold=True)
ORDINAL: Final = Look("0", "center", 6)
CODE: Final = Look(AS_TEXT, "center", 11)
NAME: Final = Look(AS_TEXT, "left", 24, wrap=True)
MARK: Final = Look(AS_TEXT, "center", 10, wrap=True)
TEXT: Final = Look(AS_TEXT, "left", 20, wrap=True)
LONG: Final = Look(AS_TEXT, "left", 46, wrap=True)
BLOCK: Final = Look(AS_TEXT, "left", 46, wrap=True, top=True)
POINTS: Final = Look("0.00", "right", 8.5)
TOTAL: Final = Look("0.00", "right", 9, bold=True)
AMOUNT: Final = Look("#,##0.00", "right", 14)
RATE: Final = Look("0.00%", "right", 11)
COUNT: Final = Look("#,##0", "right", 9)
NUMBER: Final = Look("General", "right", 11)
DATE: Final = Look("yyyy-mm-dd", "center", 12)
TIME: Final = Look("yyyy-mm-dd hh:mm:ss", "center", 20)
LARGE: Final = Look("#,##0", "center", 14, bold=True, size=18)
LARGE_POINTS: Final = Look("0.00", "center", 14, bold=True, size=18)
LEGEND: Final = Look("General", "center", 8, wrap=True, size=8)
ANYTHING: Final = Look("General", "left", 18, wrap=True)


class Formats:
    """The prebuilt formats of one workbook: three a look, and those of titles and headers."""

    def __init__(self, book: Workbook) -> None:
        self._book = book
        self._pairs: dict[Look, tuple[Format, Format, Format]] = {}
        self.title = self._add(bold=True, font_size=16)
        self.heading = self._add(bold=True, font_size=12)
        self.link = self._add(
            font_size=10, border=1, align="left", indent=1, num_format=AS_TEXT, underline=1, font_color=_LINK
        )
        self.remark = self._add(font_size=10, italic=True)
        self.paragraph = self._add(font_size=10.5, text_wrap=True, num_format=AS_TEXT)
        box = {"border": 1, "align": "center", "text_wrap": True, "font_size": 10}
        self.header = self._add(bold=True, bg_color="#D9D9D9", **box)
        self.marked = book.add_format({"bold": True, "bg_color": "#BFBFBF"})
        self.rate = book.add_format({"num_format": RATE.number})

    def of(self, look: Look) -> tuple[Format, Format, Format]:
        """The formats for numbers and dates, for texts, and for formulas: a formula in a text cell would be a text."""
        if look not in self._pairs:
            shape: dict[str, Any] = {
                "border": 1,
                "font_size": look.size,
                "align": look.align,
                "indent": 1 if look.align == "left" else 0,
                "valign": "top" if look.top else "vcenter",
                "text_wrap": look.wrap,
                "bold": look.bold,
                **({"font_color": _LINK} if look.link else {}),
            }
            self._pairs[look] = (
                self._add(num_format=look.number, **shape),
                self._add(num_format=AS_TEXT, **shape),
                self._add(num_format="General" if look.number == AS_TEXT else look.number, **shape),
            )
        return self._pairs[look]

    def _add(self, **properties: Any) -> Format:
        made: Format = self._book.add_format({"font_name": FONT, "valign": "vcenter", **properties})
        return made
