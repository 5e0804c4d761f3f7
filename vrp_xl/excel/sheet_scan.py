"""The Scan sheet: what to do this morning at one glance, then every figure behind it.

Colours are rules over whole columns, and their thresholds are the input cells of the Settings
sheet. May write to the sheet it is given and nothing else.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from xlsxwriter.utility import xl_col_to_name

from vrp_xl.core.calendar import NEW_YORK, session_open
from vrp_xl.excel import styles as look
from vrp_xl.excel.sheet_settings import RULES_CHANGED, SCAN_DAY, rule_name
from vrp_xl.workflow.columns import BY_NAME, flat, reason, score_words
from vrp_xl.workflow.scan import age_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

    from vrp_xl.excel.styles import Styles
    from vrp_xl.sources.base import Quota
    from vrp_xl.workflow.columns import Column
    from vrp_xl.workflow.scan import Row, Scan

SHEET = "Scan"
LIMIT_ROW = 4999
"""Last row (from 0) that rules and formats reach: room for a watchlist of nearly 5,000."""
TITLE_ROW, FACTS_ROW, COUNTS_ROW, NOTICE_ROW, LIMITS_ROW, GROUP_ROW, HEADER_ROW = range(7)
FIRST_ROW = HEADER_ROW + 1
FROZEN_COLUMNS = 3


class Place(NamedTuple):
    """Where a column stands: its name, its width in characters, its heading if not its own."""

    name: str
    width: float
    heading: str = ""


GROUPS: tuple[tuple[str, str, tuple[Place, ...]], ...] = (
    ("Decision", look.NAVY, (
        Place("candidate", 6, "Pick"), Place("symbol", 9), Place("cell", 6),
        Place("yesterday", 10.5), Place("size", 8), Place("action", 28),
        Place("structure", 13), Place("score", 10), Place("strikes", 28), Place("expiry", 12),
    )),
    ("Edge of one contract", "#1F5673", (
        Place("edge_30", 9.5, "Edge at HV30"), Place("edge_30_pct_credit", 10, "% of credit"),
        Place("edge_30_pct_loss", 9.5, "% of loss"), Place("edge_90", 9.5, "Edge at HV90"),
        Place("credit", 9), Place("loss", 9.5), Place("loss_kind", 10),
    )),
    ("Premium", "#2B4A66", (
        Place("spot", 10), Place("atm_iv", 8), Place("rv_20d", 7.5), Place("vrp_20d", 10),
        Place("structural", 8.5), Place("tactical", 8.5), Place("funnel", 11.5),
        Place("compression_band", 12.5, "HV30/HV90 band"), Place("z_score", 10),
        Place("z_change", 10), Place("percentile", 11), Place("history_days", 9),
        Place("put_vrp", 8.5), Place("call_vrp", 9), Place("lean", 10.5),
    )),
    ("Gamma and levels", "#3F5A73", (
        Place("gamma", 9.5), Place("gamma_basis", 9, "Gamma from"), Place("gamma_flip", 11),
        Place("flip_distance_pct", 9), Place("put_wall", 9.5), Place("call_wall", 9.5),
        Place("max_gamma", 11.5),
    )),
    ("Confirm and exits", "#526A80", (
        Place("status", 44), Place("harvest_score", 9),
        Place("net_harvest_score", 9, "Net harvest"), Place("vrp_regime", 15),
        Place("score_kind", 11), Place("next_earnings", 12), Place("edge_basis", 44),
        Place("exit_plan", 100),
    )),
    ("Data", "#5F6B77", (
        Place("warnings", 60), Place("why", 66), Place("as_of", 17, "As of (New York)"),
        Place("age_minutes", 9, "Age, minutes"), Place("stale", 7), Place("state", 9),
        Place("state_why", 40), Place("source", 12),
    )),
)  # fmt: skip
"""The columns of the sheet in order, with the bands above them."""

PLACES: tuple[Place, ...] = tuple(place for _, _, places in GROUPS for place in places)
INDEX: dict[str, int] = {place.name: n for n, place in enumerate(PLACES)}
LETTER: dict[str, str] = {name: xl_col_to_name(n) for name, n in INDEX.items()}
_PRINTED = INDEX["loss_kind"]
_COUNTED = ("A", "B", "C", "D", "?")
_TOLD = ("cell", "z_score", "percentile", "structural", "gamma_flip", "put_wall", "call_wall",
         "edge_30", "edge_30_pct_credit", "edge_90")  # fmt: skip
"""Columns where a blank carries its reason as a note."""
_WORDS = ("structure", "gamma_basis", "vrp_regime")
"""Columns of names whose underscores are shown as blanks."""

_LIMITS: dict[str, tuple[str, str]] = {
    "vrp_20d": ("spread_min", '"> "0.00'),
    "structural": ("structural_min", '"> "0.00'),
    "tactical": ("tactical_min", '"> "0.00'),
    "z_score": ("z_min", '"≥ "0.00'),
    "z_change": ("z_exit", '"exit <"+0.00;"exit <"-0.00;"exit <"0.00'),
    "percentile": ("percentile_min", '"≥ "0'),
    "history_days": ("z_days_thin", '"thin <"0'),
    "flip_distance_pct": ("flip_warn_pct", '"near <"0.0'),
    "next_earnings": ("earnings_days", '"stop "0" days"'),
}
"""Column -> the rule above it, and how it is shown."""


class Colour(NamedTuple):
    """A conditional format: neighbouring columns, condition on a row by column name, style."""

    columns: tuple[str, ...]
    condition: str
    style: dict[str, Any]


_DECISION = tuple(place.name for place in GROUPS[0][2])
_ALL = tuple(INDEX)

COLOURS: tuple[Colour, ...] = (
    *(Colour(("cell",), f'{{cell}}="{letter}"', look.LETTERS[letter]) for letter in _COUNTED),
    *(Colour(("yesterday",), f'AND({{yesterday}}="{letter}",{{cell}}<>"{letter}")',
             look.LETTERS[letter]) for letter in _COUNTED),
    Colour(("yesterday",), 'AND(ISNUMBER({size}),{yesterday}<>"")', look.QUIET),
    Colour(("cell",), 'AND(ISNUMBER({size}),{cell}="")', look.LETTERS["?"]),
    Colour(("candidate",), '{candidate}="yes"', look.PICK),
    Colour(("candidate",), '{candidate}="no"', look.QUIET),
    Colour(("as_of", "age_minutes", "stale"), '{stale}="yes"', look.BAD),
    Colour(_ALL, '{stale}="yes"', look.STALE),
    Colour(("action",), 'AND(LEFT({action},4)="SELL",COUNT({edge_30},{edge_90})>0,'
           "MIN({edge_30},{edge_90})<=0)", look.WARN_FILL),
    Colour(("action",), 'LEFT({action},4)="SELL"', look.GOOD),
    Colour(("action",), 'LEFT({action},8)="STAY OUT"', look.BAD),
    Colour(("action",), '{action}<>""', look.QUIET),
    Colour(("size",), "AND(ISNUMBER({size}),{size}=0)", {"font_color": "#9AA3AC"}),
    Colour(_DECISION, '{candidate}="yes"', {"bold": True}),
    Colour(("vrp_20d",), "AND(ISNUMBER({vrp_20d}),{vrp_20d}<=0)", look.BAD),
    Colour(("vrp_20d",), "AND(ISNUMBER({vrp_20d}),{vrp_20d}>[spread_min])", look.GOOD),
    Colour(("edge_30",), "AND(ISNUMBER({edge_30}),{edge_30}<=0)", look.BAD),
    Colour(("edge_90",), "AND(ISNUMBER({edge_90}),{edge_90}<=0)", look.BAD),
    Colour(("structural",), "AND(ISNUMBER({structural}),{structural}>=[structural_rich])",
           look.GOOD | {"underline": 1}),
    Colour(("structural",), "AND(ISNUMBER({structural}),{structural}>[structural_min])", look.GOOD),
    Colour(("tactical",), "AND(ISNUMBER({tactical}),{tactical}>[tactical_min])", look.GOOD),
    Colour(("tactical",),
           "AND(ISNUMBER({tactical}),ISNUMBER([tactical_defense]),{tactical}<[tactical_defense])",
           look.BAD_FILL),
    Colour(("tactical",), "AND(ISNUMBER({tactical}),{tactical}>=[tactical_caution])",
           look.WARN_FILL),
    Colour(("funnel",), '{funnel}="edge exists"', look.GOOD),
    Colour(("funnel",), '{funnel}="caution"', look.WARN_FILL),
    Colour(("funnel",), '{funnel}="edge gone"', look.BAD),
    Colour(("funnel",), '{funnel}="skip"', look.QUIET),
    Colour(("z_score",), "AND(ISNUMBER({z_score}),{z_score}>[z_extreme])", look.WARN),
    Colour(("z_score",), "AND(ISNUMBER({z_score}),{z_score}>=[z_min])", look.GOOD),
    Colour(("z_score",), "AND(ISNUMBER({z_score}),{z_score}<[z_exit])", look.BAD),
    Colour(("percentile",),
           "AND(ISNUMBER({percentile}),ISNUMBER([percentile_min]),{percentile}>=[percentile_min])",
           look.GOOD),
    Colour(("history_days",), "AND(ISNUMBER({history_days}),{history_days}<[z_days_thin])",
           look.WARN_FILL),
    Colour(("gamma",), '{gamma}="negative"', look.BAD),
    Colour(("gamma",), '{gamma}="unknown"', look.STALE),
    Colour(("gamma_basis",), '{gamma_basis}="net GEX"', look.WARN_FILL),
    Colour(("flip_distance_pct",), "AND(ISNUMBER({flip_distance_pct}),{flip_distance_pct}<0)",
           look.BAD),
    Colour(("flip_distance_pct",),
           "AND(ISNUMBER({flip_distance_pct}),{flip_distance_pct}<[flip_warn_pct])",
           look.WARN_FILL),
    Colour(("status",), 'LEFT({status},8)="STAY OUT"', look.BAD_FILL),
    Colour(("status",), 'LEFT({status},7)="WARNING"', look.WARN_FILL),
    Colour(("status",), 'LEFT({status},7)="UNKNOWN"', look.STALE),
    Colour(("next_earnings",),
           "AND(ISNUMBER({next_earnings}),{next_earnings}>=scan_day,"
           "{next_earnings}<=scan_day+[earnings_days])", look.BAD_FILL),
    Colour(("state",), '{state}="kept"', look.WARN_FILL),
)  # fmt: skip
"""The colours in order of weight: where two meet in a cell, the earlier holds.

Excel mixes what they set, LibreOffice applies the first alone; so each is complete by itself.
"""


def write_scan(sheet: Worksheet, styles: Styles, scan: Scan) -> None:
    """Fills the sheet."""
    _columns(sheet, styles)
    _top(sheet, styles, scan)
    _limits(sheet, styles, scan)
    _headings(sheet, styles, scan)
    formats = [styles(look.value_style(BY_NAME[p.name].show), look.ROW_LINE) for p in PLACES]
    for n, row in enumerate(scan.rows):
        _row(sheet, formats, FIRST_ROW + n, row)
    last = _below(sheet, styles, scan)
    _colour(sheet, styles)
    _page(sheet, scan, last)


def _columns(sheet: Worksheet, styles: Styles) -> None:
    for n, place in enumerate(PLACES):
        sheet.set_column(n, n, place.width, styles(look.value_style(BY_NAME[place.name].show)))


def facts(scan: Scan) -> str:
    """As-of, market state, source, age and quota in one line."""
    if scan.as_of is None:
        parts = ["no figures"]
    else:
        newest = max(scan.rows, key=lambda row: row.snapshot.as_of, default=None)
        opened = session_open(scan.as_of) if newest is None else newest.snapshot.market_open
        state = {True: "market open", False: "market closed", None: "market state not known"}
        parts = [
            f"as of {moment_words(scan.as_of)} New York",
            state[opened],
            f"newest figures {age_words(scan.scanned_at - scan.as_of)} old at the scan",
        ]
    parts.append(f"source {look.clean(scan.source)}")
    if scan.quota is not None:
        parts.append(quota_words(scan.quota))
    parts.append(f"rules: {look.clean(scan.preset)}")
    text = "   ·   ".join(part for part in parts if part)
    return text[0].upper() + text[1:]


def moment_words(moment: datetime) -> str:
    """A moment as the clock in New York shows it.

    >>> from datetime import UTC
    >>> moment_words(datetime(2026, 3, 5, 14, 45, tzinfo=UTC))
    'Thu 2026-03-05 09:45'
    """
    return f"{moment.astimezone(NEW_YORK):%a %Y-%m-%d %H:%M}"


def quota_words(quota: Quota) -> str:
    """Plan and what is left of it; empty where nothing is known.

    >>> from vrp_xl.sources.base import Quota
    >>> quota_words(Quota(plan="basic", limit=5000, remaining=4211))
    'plan basic, 4,211 of 5,000 calls left'
    """
    parts = [f"plan {look.clean(quota.plan)}"] if quota.plan else []
    if quota.unlimited:
        parts.append("no daily limit")
    elif quota.remaining is not None:
        of = f" of {quota.limit:,}" if quota.limit is not None else ""
        parts.append(f"{quota.remaining:,}{of} calls left")
    return ", ".join(parts)


def _top(sheet: Worksheet, styles: Styles, scan: Scan) -> None:
    band = styles(look.TITLE)
    sheet.set_row(TITLE_ROW, 32)
    for n in range(len(PLACES)):
        sheet.write_blank(TITLE_ROW, n, None, band)
    sheet.write_string(TITLE_ROW, 0, "VRP MORNING SCAN", styles(look.TITLE, indent=1))
    if scan.sample:
        sheet.write_string(TITLE_ROW, INDEX["action"], look.SAMPLE_WORDS, styles(look.BADGE))
    plain = styles(font_color=look.INK, valign="vcenter", align="left", indent=1)
    sheet.set_row(FACTS_ROW, 22)
    _line(sheet, FACTS_ROW, facts(scan), plain)
    _counts(sheet, styles, scan)
    changed = (
        f'{RULES_CHANGED}&" rule(s) changed on Settings since: colours follow, decisions do not"'
    )
    sheet.write_formula(
        COUNTS_ROW, INDEX["spot"], f'=IF({RULES_CHANGED}>0,{changed},"")',
        styles(look.BAD, align="left", valign="vcenter"), "",
    )  # fmt: skip
    if not scan.notices:
        sheet.set_row(NOTICE_ROW, 6)
        return
    words = look.clean("   ·   ".join(scan.notices))
    width = sum(place.width for place in PLACES[: INDEX["spot"]])
    sheet.set_row(NOTICE_ROW, look.row_height([(words, width)]) + 2)
    sheet.merge_range(
        NOTICE_ROW, 0, NOTICE_ROW, INDEX["spot"] - 1, "",
        styles(look.WARN_FILL, text_wrap=True, valign="vcenter", align="left", indent=1),
    )  # fmt: skip
    _line(
        sheet, NOTICE_ROW, words,
        styles(look.WARN_FILL, text_wrap=True, valign="vcenter", align="left", indent=1),
    )  # fmt: skip


def _line(sheet: Worksheet, row: int, words: str, style: Any) -> None:
    sheet.write_string(row, 0, words, style)


def _counts(sheet: Worksheet, styles: Styles, scan: Scan) -> None:
    sheet.set_row(COUNTS_ROW, 24)
    counts = scan.counts
    for n, letter in enumerate(_COUNTED):
        sheet.write_number(
            COUNTS_ROW, n, counts[letter],
            styles(look.LETTERS[letter], bold=True, align="center", valign="vcenter",
                   num_format=f'"{letter}"  0', border=1,
                   border_color=look.LETTERS["?"]["border_color"] if letter == "?" else look.WHITE),
        )  # fmt: skip
    picked = len(scan.candidates)
    noun = "candidate" if picked == 1 else "candidates"
    words = f"{picked} {noun} among {scan.looked_at:,} scanned"
    if scan.failed:
        words += f"   ·   {len(scan.failed)} not scanned, see below the table"
    sheet.write_string(
        COUNTS_ROW, INDEX["action"], words,
        styles(bold=True, font_color=look.INK, valign="vcenter", align="left", indent=1),
    )  # fmt: skip


def _limits(sheet: Worksheet, styles: Styles, scan: Scan) -> None:
    """Above each column the rule that it is held against, as it stands on Settings."""
    quiet = {"font_color": look.GREY, "font_size": 8, "valign": "vcenter"}
    sheet.set_row(LIMITS_ROW, 15)
    sheet.write_string(
        LIMITS_ROW, INDEX["vrp_20d"] - 1, "rules in force  ", styles(quiet, align="right")
    )
    values = scan.rules.to_dict()
    for name, (rule, form) in _LIMITS.items():
        value = values[rule]
        source = rule_name(rule)
        sheet.write_formula(
            LIMITS_ROW, INDEX[name], f'=IF({source}="","",{source})',
            styles(quiet, align="center", num_format=form), "" if value is None else value,
        )  # fmt: skip


def score_heading(scan: Scan) -> str:
    """The heading of the scores: whose they are, where all rows have them from one maker."""
    named = {score_words(row) for row in scan.rows if row.snapshot.score_kind is not None}
    return (named.pop() if len(named) == 1 else "score").capitalize()


def _headings(sheet: Worksheet, styles: Styles, scan: Scan) -> None:
    sheet.set_row(GROUP_ROW, 17)
    sheet.set_row(HEADER_ROW, 34)
    for title, fill, places in GROUPS:
        band = styles(bg_color=fill, font_color=look.WHITE, bold=True, valign="vcenter", indent=1)
        for place in places:
            sheet.write_blank(GROUP_ROW, INDEX[place.name], None, band)
        sheet.write_string(GROUP_ROW, INDEX[places[0].name], title, band)
        for place in places:
            column = BY_NAME[place.name]
            show = look.align(column.show)
            style = styles(
                bold=True, bg_color=look.HEADER_FILL, font_color=look.INK, bottom=2,
                bottom_color=fill, text_wrap=True, valign="vcenter",
                align=show, indent=1 if show == "left" else 0,
            )  # fmt: skip
            n = INDEX[place.name]
            words = place.heading or column.heading
            if place.name == "score":
                words = score_heading(scan)
            sheet.write_string(HEADER_ROW, n, words, style)
            _note(sheet, HEADER_ROW, n, _header_note(column))


def _header_note(column: Column) -> str:
    return column.doc + (f"\nUnit: {column.unit}" if column.unit else "")


def _note(sheet: Worksheet, row: int, column: int, words: str) -> None:
    height = 13 * look.lines(words, 34) + 12
    sheet.write_comment(
        row, column, look.clean(words),
        {"width": 230, "height": height, "font_name": "Arial", "font_size": 9,
         "color": "#FFFFF0", "author": "vrp_xl"},
    )  # fmt: skip


def _row(sheet: Worksheet, formats: Sequence[Format], at: int, row: Row) -> None:
    tall: list[tuple[str, float]] = []
    for n, (place, style) in enumerate(zip(PLACES, formats, strict=True)):
        column = BY_NAME[place.name]
        value = _value(row, column)
        if value is None:
            sheet.write_blank(at, n, None, style)
            why = _blank_why(row, column)
            if why:
                _note(sheet, at, n, why)
        elif isinstance(value, (float, int)):
            sheet.write_number(at, n, value, style)
        elif isinstance(value, str):
            sheet.write_string(at, n, value, style)
            why = _blank_why(row, column) if value == "?" else None
            if why:
                _note(sheet, at, n, why)
            if column.show in ("long", "text"):
                tall.append((value, place.width))
        else:
            sheet.write_datetime(at, n, value, style)
    sheet.set_row(at, look.row_height(tall, least=2))


def _value(row: Row, column: Column) -> str | float | date | None:
    """What the cell holds: text, a finite number, a date, or None for a blank."""
    value = flat(row, column)
    if value is None:
        return None
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (float, int)):
        return look.number(value)
    if isinstance(value, datetime):
        return value.astimezone(NEW_YORK).replace(tzinfo=None)
    if isinstance(value, str):
        words = value.replace("_", " ").replace("gex", "GEX") if column.name in _WORDS else value
        return look.clean(words) or None
    return value if isinstance(value, date) else None


def _blank_why(row: Row, column: Column) -> str | None:
    return reason(row, column) if column.name in _TOLD else None


def _below(sheet: Worksheet, styles: Styles, scan: Scan) -> int:
    """What could not be scanned, below the table; returns the last row in use."""
    at = FIRST_ROW + len(scan.rows)
    strong = styles(bold=True, font_color=look.INK, align="left", valign="vcenter", num_format="@")
    plain = styles(font_color=look.INK, align="left", valign="vcenter", num_format="@")
    if not scan.rows:
        sheet.set_row(at, 26)
        words = "No candidate this morning." if scan.looked_at else "No symbol has figures."
        sheet.write_string(at, INDEX["symbol"], words, strong)
        at += 1
    if not scan.failed:
        return max(at - 1, FIRST_ROW)
    sheet.set_row(at, 10)
    at += 1
    sheet.write_string(
        at, INDEX["symbol"], f"NOT SCANNED ({len(scan.failed)})", styles(look.BAD, align="left")
    )
    for failure in scan.failed:
        at += 1
        sheet.write_string(at, INDEX["symbol"], look.clean(failure.symbol), strong)
        words = f"{failure.error}: {failure.why}" if failure.error else failure.why
        sheet.write_string(at, INDEX["yesterday"], look.clean(words), plain)
    return at


def condition(text: str) -> str:
    """A condition of `COLOURS` as the formula of the first row of the table."""
    for name, letter in LETTER.items():
        text = text.replace(f"{{{name}}}", f"${letter}{FIRST_ROW + 1}")
    return "=" + text.replace("[", rule_name("")).replace("]", "").replace("scan_day", SCAN_DAY)


def _colour(sheet: Worksheet, styles: Styles) -> None:
    for colour in COLOURS:
        rule = {
            "type": "formula",
            "criteria": condition(colour.condition),
            "format": styles.rule(colour.style),
        }
        first, last = INDEX[colour.columns[0]], INDEX[colour.columns[-1]]
        sheet.conditional_format(FIRST_ROW, first, LIMIT_ROW, last, rule)
    for name in ("vrp_20d", "z_score"):
        at = INDEX[name]
        sheet.conditional_format(
            *(FIRST_ROW, at, LIMIT_ROW, at),
            {
                "type": "data_bar",
                "data_bar_2010": True,
                "bar_solid": True,
                "bar_color": look.BAR,
                "bar_border_color": look.BAR,
                "bar_negative_color": look.BAR_NEGATIVE,
                "bar_negative_border_color": look.BAR_NEGATIVE,
                "bar_axis_color": look.GREY,
            },
        )


def _page(sheet: Worksheet, scan: Scan, last: int) -> None:
    sheet.freeze_panes(FIRST_ROW, FROZEN_COLUMNS)
    sheet.set_selection(FIRST_ROW, 1, FIRST_ROW, 1)
    end = FIRST_ROW + max(len(scan.rows), 1) - 1
    sheet.autofilter(HEADER_ROW, 0, end, len(PLACES) - 1)
    sheet.ignore_errors({"number_stored_as_text": f"A{FIRST_ROW + 1}:B{LIMIT_ROW + 1}"})
    sheet.print_area(0, 0, last, _PRINTED)
    sheet.repeat_rows(GROUP_ROW, HEADER_ROW)
