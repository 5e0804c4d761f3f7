"""The Plan sheet: what a trader takes to the desk on paper, a line per candidate.

The Scan sheet has every figure and is too wide to print whole; here are the few that are needed
to place a trade and to leave it. May write to the sheet it is given and nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from vrp_xl.core.calendar import NEW_YORK
from vrp_xl.core.edge import caution
from vrp_xl.core.exit_plan import exit_plan
from vrp_xl.excel import styles as look

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

    from vrp_xl.excel.styles import Styles
    from vrp_xl.workflow.columns import Show
    from vrp_xl.workflow.scan import Row, Scan

SHEET = "Plan"
TITLE_ROW, FACTS_ROW, NOTICE_ROW, HEADER_ROW = range(4)
FIRST_ROW = HEADER_ROW + 1
REST_MOST = 60
"""Names of the rest that get a line; the others are on the Scan sheet."""


class Place(NamedTuple):
    """A column: heading, width in characters, how it is shown, where its value comes from."""

    heading: str
    width: float
    show: Show
    value: Callable[[Row], str | float | date | None]


def _strikes(row: Row) -> str | None:
    plan = row.decision.strikes
    return None if plan is None else "\n".join(leg.words for leg in plan.legs)


def _get_out(row: Row) -> str | None:
    """The exits, after what speaks against the trade: an edge that is not above 0."""
    exits = exit_plan(row.decision, row.rules, flip=row.snapshot.gamma_flip)
    return "\n".join(filter(None, (caution(row.edge), *exits))) or None


_PLACES = (
    Place("Symbol", 10, "text", lambda r: r.snapshot.symbol),
    Place("Cell", 6, "letter", lambda r: r.decision.sign),
    Place("z", 8, "signed", lambda r: r.snapshot.z_score),
    Place("Size", 8, "size", lambda r: r.decision.size),
    Place("Structure", 17, "text", lambda r: r.decision.structure.title
          if r.decision.structure else None),
    Place("Strikes", 18, "long", _strikes),
    Place("Expiry", 12, "date", lambda r: r.decision.strikes.expiry
          if r.decision.strikes else None),
    Place("Credit", 9, "dollars", lambda r: r.edge.credit if r.edge else None),
    Place("Get out", 54, "long", _get_out),
)  # fmt: skip
_CONTRACTS = Place("Contracts", 26, "long", lambda r: r.sized.words if r.sized else None)
_AFTER_SIZE = 4


def places(scan: Scan) -> tuple[Place, ...]:
    """The columns; contracts are among them where the value of the account is known."""
    if scan.rules.equity is None:
        return _PLACES
    return (*_PLACES[:_AFTER_SIZE], _CONTRACTS, *_PLACES[_AFTER_SIZE:])


def write_plan(sheet: Worksheet, styles: Styles, scan: Scan, facts: str) -> None:
    """Fills the sheet.

    Args:
        sheet: the empty sheet.
        styles: the formats.
        scan: the finished scan.
        facts: as-of, source and age in one line.
    """
    columns = places(scan)
    for n, place in enumerate(columns):
        sheet.set_column(n, n, place.width)
    last = len(columns) - 1
    _top(sheet, styles, scan, facts, columns)
    _headings(sheet, styles, columns)
    at = FIRST_ROW
    formats = {stale: _formats(styles, columns, stale=stale) for stale in (False, True)}
    for row in scan.candidates:
        _line(sheet, formats[row.stale], at, row, columns)
        at += 1
    if not scan.candidates:
        words = "No candidate this morning." if scan.looked_at else "No symbol has figures."
        strong = styles(bold=True, font_color=look.INK, valign="vcenter", align="left", indent=1)
        sheet.set_row(at, 26)
        sheet.write_string(at, 0, words, strong)
        at += 1
    at = _rest(sheet, styles, scan, at, columns)
    sheet.freeze_panes(FIRST_ROW, 1)
    sheet.print_area(0, 0, at - 1, last)
    sheet.repeat_rows(TITLE_ROW, HEADER_ROW)


def _across(sheet: Worksheet, row: int, first: int, last: int, words: str, style: Any) -> None:
    """Text over several columns: one cell, since a row that is merged can be wrapped."""
    sheet.merge_range(row, first, row, last, "", style)
    sheet.write_string(row, first, words, style)


def _top(
    sheet: Worksheet, styles: Styles, scan: Scan, facts: str, columns: Sequence[Place]
) -> None:
    last = len(columns) - 1
    width = sum(place.width for place in columns)
    band = styles(look.TITLE)
    sheet.set_row(TITLE_ROW, 30)
    for n in range(last + 1):
        sheet.write_blank(TITLE_ROW, n, None, band)
    day = scan.scanned_at.astimezone(NEW_YORK)
    title = f"VRP PLAN   {day:%A %Y-%m-%d}"
    sheet.write_string(TITLE_ROW, 0, title, styles(look.TITLE, indent=1))
    if scan.sample:
        sheet.write_string(TITLE_ROW, last, look.SAMPLE_WORDS, styles(look.BADGE))
    plain = styles(font_color=look.INK, valign="vcenter", align="left", indent=1, text_wrap=True)
    sheet.set_row(FACTS_ROW, look.row_height([(facts, width)]) + 4)
    _across(sheet, FACTS_ROW, 0, last, facts, plain)
    if not scan.notices:
        sheet.set_row(NOTICE_ROW, 6)
        return
    words = look.clean("\n".join(scan.notices))
    sheet.set_row(NOTICE_ROW, look.row_height([(words, width)]) + 4)
    _across(
        sheet, NOTICE_ROW, 0, last, words,
        styles(look.WARN_FILL, bold=False, text_wrap=True, valign="vcenter", align="left",
               indent=1),
    )  # fmt: skip


def _headings(sheet: Worksheet, styles: Styles, columns: Sequence[Place]) -> None:
    sheet.set_row(HEADER_ROW, 22)
    for n, place in enumerate(columns):
        align = look.align(place.show)
        style = styles(
            bold=True, bg_color=look.HEADER_FILL, font_color=look.INK, bottom=2,
            bottom_color=look.NAVY, valign="vcenter", align=align,
            indent=1 if align == "left" else 0,
        )  # fmt: skip
        sheet.write_string(HEADER_ROW, n, place.heading, style)


def _formats(styles: Styles, columns: Sequence[Place], *, stale: bool) -> list[dict[str, Format]]:
    """The format of each column, by the letter of the cell where it is coloured by it."""
    made = []
    for place in columns:
        style = look.value_style(place.show) | look.ROW_LINE
        if place.show in ("text", "size"):
            style |= {"bold": True}
        if stale:
            style |= look.STALE
        letters = look.LETTERS if place.show == "letter" else {}
        by_letter = {letter: styles(style | chip) for letter, chip in letters.items()}
        made.append(by_letter or {"": styles(style)})
    return made


def _line(
    sheet: Worksheet, formats: Sequence[dict[str, Format]], at: int, row: Row,
    columns: Sequence[Place],
) -> None:  # fmt: skip
    tall: list[tuple[str, float]] = []
    for n, (place, made) in enumerate(zip(columns, formats, strict=True)):
        value = place.value(row)
        style = made[str(value or "?")] if place.show == "letter" else made[""]
        if value is None:
            sheet.write_blank(at, n, None, style)
        elif isinstance(value, str):
            words = look.clean(value)
            sheet.write_string(at, n, words, style)
            tall.append((words, place.width))
        elif isinstance(value, (float, int)):
            figure = look.number(value)
            if figure is None:
                sheet.write_blank(at, n, None, style)
            else:
                sheet.write_number(at, n, figure, style)
        else:
            sheet.write_datetime(at, n, value, style)
    sheet.set_row(at, look.row_height(tall, least=2) + 4)


def _rest(sheet: Worksheet, styles: Styles, scan: Scan, at: int, columns: Sequence[Place]) -> int:
    """Why the others are left out, a line each; returns the row below."""
    rest = [row for row in scan.rows if not row.decision.candidate]
    if not rest:
        return at
    last = len(columns) - 1
    width = sum(place.width for place in columns[3:])
    sheet.set_row(at, 24)
    section = styles(bold=True, font_color=look.NAVY, valign="vcenter", align="left", indent=1)
    sheet.write_string(at, 0, "Left out", section)
    quiet = styles(look.value_style("long"), look.ROW_LINE, look.QUIET)
    number = styles(look.value_style("signed"), look.ROW_LINE, look.QUIET)
    for row in rest[:REST_MOST]:
        at += 1
        d = row.decision
        letter = d.sign
        sheet.write_string(at, 0, look.clean(row.snapshot.symbol), quiet)
        chip = styles(look.value_style("letter"), look.ROW_LINE, look.LETTERS[letter])
        sheet.write_string(at, 1, letter, chip)
        z = look.number(row.snapshot.z_score)
        if z is None:
            sheet.write_blank(at, 2, None, number)
        else:
            sheet.write_number(at, 2, z, number)
        words = look.clean("; ".join(d.why) or d.status)
        _across(sheet, at, 3, last, words, quiet)
        sheet.set_row(at, look.row_height([(words, width)]) + 2)
    if len(rest) > REST_MOST:
        at += 1
        words = f"{len(rest) - REST_MOST:,} more on the Scan sheet"
        sheet.write_string(at, 0, words, styles(look.QUIET, italic=True, indent=1))
    return at + 1
