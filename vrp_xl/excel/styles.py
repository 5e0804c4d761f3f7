"""How the sheets look: palette, number formats and cell styles, each defined once.

Cell colours hold in the common colour-vision types and never stand alone: the letter, the sign
or the word is always printed. May import only XlsxWriter and the kinds of columns.
"""

from __future__ import annotations

import math
import textwrap
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from xlsxwriter import Workbook
    from xlsxwriter.format import Format

    from vrp_xl.workflow.columns import Show

FONT = {"font_name": "Arial", "font_size": 10}

WHITE, BLACK = "#FFFFFF", "#000000"
INK = "#1B2733"
NAVY = "#14283C"
BLUE = "#0072B2"
VERMILION = "#D55E00"
GREY = "#6B7580"
LINE = "#DDE2E8"
HEADER_FILL = "#EEF1F5"
EDGE = "#AEB8C2"
BAR, BAR_NEGATIVE = "#B5D8EE", "#F4B183"
_CHIP = {"border": 1, "border_color": WHITE}

LETTERS: dict[str, dict[str, Any]] = {
    "A": {**_CHIP, "bg_color": BLUE, "font_color": WHITE},
    "B": {**_CHIP, "bg_color": "#E69F00", "font_color": BLACK},
    "C": {**_CHIP, "bg_color": "#CFE8F5", "font_color": BLACK},
    "D": {**_CHIP, "bg_color": "#4D4D4D", "font_color": WHITE},
    "?": {"bg_color": WHITE, "font_color": BLACK, "border": 1, "border_color": "#7F7F7F"},
}
"""Fill and ink of each cell of the matrix; "?" is the unknown one."""

STALE = {"font_color": "#7F7F7F", "italic": True}
QUIET = {"font_color": GREY}
GOOD = {"font_color": "#005A8C", "bold": True}
BAD = {"font_color": "#A84300", "bold": True}
BAD_FILL = {"bg_color": "#FBE3D6", "font_color": "#8A3700", "bold": True}
WARN = {"font_color": "#6B4A00", "bold": True}
WARN_FILL = {**WARN, "bg_color": "#FFF0CC"}
PICK = {"bg_color": NAVY, "font_color": WHITE, "bold": True}
ROW_LINE = {"bottom": 1, "bottom_color": LINE}

INPUT = {
    "bg_color": "#FFFBE6", "font_color": "#0033A0", "border": 1, "border_color": "#C9B458",
    "align": "center", "valign": "vcenter",
}  # fmt: skip
"""The one style of a cell that the user may change."""

TITLE = {"bg_color": NAVY, "font_color": WHITE, "bold": True, "font_size": 16, "valign": "vcenter"}
BADGE = {
    "bg_color": VERMILION, "font_color": WHITE, "bold": True, "font_size": 12,
    "align": "center", "valign": "vcenter",
}  # fmt: skip
SAMPLE_WORDS = "SAMPLE: invented figures"

NUMBER_FORMATS: dict[Show, str] = {
    "text": "@",
    "long": "@",
    "letter": "@",
    "flag": "@",
    "signed": "+0.00;-0.00;0.00",
    "number": "0.00",
    "ratio": "0.00",
    "price": "#,##0.00",
    "percent": '0"%"',
    "signed percent": '+0.00"%";-0.00"%";0.00"%"',
    "integer": "#,##0",
    "money": '+#,##0.0,,"M";-#,##0.0,,"M";0',
    "dollars": '"$"#,##0',
    "signed money": '+"$"#,##0;-"$"#,##0;"$"0',
    "size": '0.00"x"',
    "date": "yyyy-mm-dd",
    "time": "yyyy-mm-dd hh:mm",
}
"""How each kind of column is shown; a percent is already in points of a hundred."""

_ALIGN: dict[Show, str] = {
    "text": "left",
    "long": "left",
    "letter": "center",
    "flag": "center",
    "date": "center",
    "time": "center",
    "size": "center",
}


def align(show: Show) -> str:
    """Where a column of that kind stands in its cell; numbers are right-aligned."""
    return _ALIGN.get(show, "right")


def value_style(show: Show) -> dict[str, Any]:
    """The style of a value of that kind."""
    style: dict[str, Any] = {
        "num_format": NUMBER_FORMATS[show],
        "align": align(show),
        "valign": "vcenter",
        "font_color": INK,
    }
    if show == "letter":
        style["bold"] = True
    if show in ("long", "text"):
        style |= {"text_wrap": True, "indent": 1}
    return style


@lru_cache(maxsize=4096)
def lines(text: str, width: float) -> int:
    """Lines that `text` takes in a column `width` digits wide; a letter is a little narrower."""
    room = max(int(width * 1.12) - 2, 4)
    return sum(len(textwrap.wrap(part, room)) or 1 for part in text.split("\n"))


def row_height(texts: Iterable[tuple[str, float]], *, least: int = 1) -> float:
    """Height in points of a row that shows every (text, column width) in full."""
    most = max((lines(text, width) for text, width in texts), default=1)
    return min(13.0 * max(most, least) + 4.0, 409.0)


def clean(text: object) -> str:
    """Text that a cell can hold: no control characters, no lone surrogates, not too long."""
    words = str(text)
    if words.isascii() and words.isprintable():
        return words[:32_000]
    plain = words.encode("utf-8", "replace").decode("utf-8")
    shown = "".join(ch if ch == "\n" or ch.isprintable() else " " for ch in plain)
    return shown[:32_000]


def number(value: Any) -> float | int | None:
    """`value` where it is a finite number, else None; a cell holds no other."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return value if math.isfinite(value) else None


class Styles:
    """The formats of one workbook; equal styles are one format."""

    def __init__(self, book: Workbook) -> None:
        self._book = book
        self._known: dict[tuple[tuple[str, Any], ...], Format] = {}

    def __call__(self, *styles: Mapping[str, Any], **more: Any) -> Format:
        """The format with all of `styles`; later ones win."""
        return self._get({**FONT, **self._merged(styles, more)})

    def rule(self, *styles: Mapping[str, Any], **more: Any) -> Format:
        """The same for a conditional format, which sets only what it names."""
        return self._get({"rule": True, **self._merged(styles, more)})

    @staticmethod
    def _merged(styles: tuple[Mapping[str, Any], ...], more: dict[str, Any]) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        for style in styles:
            merged.update(style)
        return merged | more

    def _get(self, style: dict[str, Any]) -> Format:
        key = tuple(sorted(style.items()))
        if key not in self._known:
            wanted = {name: value for name, value in style.items() if name != "rule"}
            self._known[key] = self._book.add_format(wanted)
        return self._known[key]
