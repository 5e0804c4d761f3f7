"""What all sheets of the desk share: title, headings, notes, input cells, paper."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from vrp_xl.excel import styles as look
from vrp_xl.excel.desk.cells import address

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vrp_xl.excel.desk.cells import DeskSheet
    from vrp_xl.excel.styles import Styles

NOTE = {"font_name": "Arial", "font_size": 9, "color": "#FFFFF0", "author": "vrp_xl"}
ERROR_TEXT = {"font_color": "#9AA3AC", "italic": True}
"""Missing figures: a true error, kept quiet."""
CHART_GAP = {"font_color": "#FFFFFF"}


def title(sheet: DeskSheet, styles: Styles, words: str, last_column: int) -> None:
    """The dark band on top."""
    sheet.set_row(0, 32)
    for column in range(last_column + 1):
        sheet.write_blank(0, column, None, styles(look.TITLE))
    sheet.write_string(0, 0, words, styles(look.TITLE, indent=1))


def page(sheet: DeskSheet, last_row: int, last_column: int, *, repeat: tuple[int, int]) -> None:
    """Paper, footer and zoom.

    Args:
        sheet: the sheet.
        last_row: of what is printed.
        last_column: of what is printed.
        repeat: first and last row that every page repeats.
    """
    sheet.hide_gridlines(2)
    sheet.set_zoom(90)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.set_margins(left=0.3, right=0.3, top=0.4, bottom=0.6)
    sheet.set_footer("&L&8vrp_xl desk&R&8&A, page &P of &N")
    sheet.print_area(0, 0, last_row, last_column)
    sheet.repeat_rows(*repeat)


def badge(
    sheet: DeskSheet, styles: Styles, row: int, column: int, fact: str, *, last: int | None = None
) -> None:
    """Says SAMPLE, in a colour of its own, while the figures are invented.

    Args:
        sheet: the sheet.
        styles: the formats.
        row: of the cell.
        column: of the cell.
        fact: the condition for it, a formula without ``=``.
        last: the last of the columns that it takes; one by default.
    """
    ground = {"bg_color": look.NAVY} if row == 0 else {}
    style = styles(ground, bold=True, align="center", valign="vcenter", font_size=12)
    if last is not None:
        sheet.merge_range(row, column, row, last, "", style)
    formula = f'=IF({fact},"{look.SAMPLE_WORDS}","")'
    sheet.formula(row, column, formula, style, look.SAMPLE_WORDS)
    sheet.conditional_format(
        row, column, row, column if last is None else last,
        {"type": "formula", "criteria": f'={address(row, column, fixed=True)}<>""',
         "format": styles.rule(look.BADGE)},
    )  # fmt: skip


def note(sheet: DeskSheet, row: int, column: int, words: str) -> None:
    """A note of the house's look, as high as its words need."""
    height = 13 * look.lines(words, 36) + 12
    sheet.write_comment(row, column, look.clean(words), {**NOTE, "width": 240, "height": height})


def heading(
    styles: Styles, *, align: str = "center", edge: str = look.NAVY, wrap: bool = True
) -> Any:
    """The format of a column's heading."""
    return styles(
        bold=True, bg_color=look.HEADER_FILL, font_color=look.INK, bottom=2, bottom_color=edge,
        text_wrap=wrap, valign="vcenter", align=align, indent=1 if align == "left" else 0,
    )  # fmt: skip


def section(sheet: DeskSheet, styles: Styles, row: int, column: int, words: str) -> None:
    """The heading of a block."""
    style = styles(bold=True, font_size=12, font_color=look.NAVY, valign="vcenter")
    sheet.set_row(row, 22)
    sheet.write_string(row, column, words, style)


def hint(sheet: DeskSheet, styles: Styles, row: int, column: int, words: str) -> None:
    """A quiet sentence."""
    sheet.write_string(row, column, words, styles(look.QUIET, italic=True, valign="vcenter"))


def between(low: float, high: float, name: str, *, words: str = "") -> dict[str, Any]:
    """Validation of a number."""
    return {
        "validate": "decimal", "criteria": "between", "minimum": low, "maximum": high,
        "input_title": name[:32], "input_message": words[:255],
        "error_title": "Not allowed",
        "error_message": f"{name} takes a number from {low:g} to {high:g}."[:255],
    }  # fmt: skip


def one_of(source: Sequence[str] | str, name: str, *, words: str = "") -> dict[str, Any]:
    """Validation by a list."""
    return {
        "validate": "list", "source": source if isinstance(source, str) else list(source),
        "input_title": name[:32], "input_message": words[:255],
        "error_title": "Not allowed", "error_message": "Choose one of the list.",
    }  # fmt: skip


def a_date(name: str, *, words: str = "") -> dict[str, Any]:
    """Validation of a date from 2000 on."""
    return {
        "validate": "date", "criteria": ">=", "value": dt.date(2000, 1, 1),
        "input_title": name[:32], "input_message": words[:255],
        "error_title": "Not allowed", "error_message": f"{name} is a date.",
    }  # fmt: skip


def grey_errors(sheet: DeskSheet, styles: Styles, bounds: tuple[int, int, int, int]) -> None:
    """Keeps missing figures (#N/A) quiet."""
    sheet.conditional_format(*bounds, {"type": "errors", "format": styles.rule(ERROR_TEXT)})


def hide_errors(sheet: DeskSheet, styles: Styles, bounds: tuple[int, int, int, int]) -> None:
    """Shows nothing where a chart's point is missing: charts leave out #N/A, but no blank."""
    sheet.conditional_format(*bounds, {"type": "errors", "format": styles.rule(CHART_GAP)})
