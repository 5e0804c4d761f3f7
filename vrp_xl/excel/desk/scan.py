"""The Scan sheet: raw figures as values, and one spilled formula that decides them.

A refresh writes the raw block and the facts and nothing else; everything left of the block is
computed from it and from Settings.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from vrp_xl.core.calendar import NEW_YORK
from vrp_xl.core.snapshot import FIGURES
from vrp_xl.excel import layout
from vrp_xl.excel import styles as look
from vrp_xl.excel.desk import frame
from vrp_xl.excel.desk.cells import address, area, cached
from vrp_xl.excel.desk.settings import rule_name
from vrp_xl.excel.raw import DECIDED_COLUMNS, RAW_COLUMNS
from vrp_xl.excel.sheet_scan import COLOURS
from vrp_xl.frozen import MOMENT
from vrp_xl.workflow.columns import BY_NAME, SCORE_WORDS

if TYPE_CHECKING:
    from xlsxwriter import Workbook

    from vrp_xl.excel.desk.cells import DeskSheet
    from vrp_xl.excel.desk.figures import Figures
    from vrp_xl.excel.styles import Styles
    from vrp_xl.workflow.columns import Show

TITLE_ROW, FACTS_ROW, COUNTS_ROW, NOTICE_ROW, LIMITS_ROW, GROUP_ROW, HEADER_ROW = range(7)
FIRST_ROW = HEADER_ROW + 1
LAST_ROW = HEADER_ROW + layout.SCAN_ROWS


class Place(NamedTuple):
    """A column: its name, width, heading, how it is shown, and whether it is of less weight."""

    name: str
    width: float
    heading: str
    show: Show
    doc: str
    minor: bool = False


def _place(name: str, width: float, heading: str = "", *, minor: bool = False) -> Place:
    known = BY_NAME[name]
    doc = known.doc + (f"\nUnit: {known.unit}" if known.unit else "")
    return Place(name, width, heading or known.heading, known.show, doc, minor)


_WIDTHS: dict[str, tuple[float, str]] = {
    "cell": (6, ""), "size": (8, ""), "structure": (17, ""), "strikes": (48, ""),
    "action": (28, ""), "why": (40, ""), "expiry": (12, ""), "score": (10, ""),
    "edge_30": (9.5, "Edge at HV30"), "edge_30_pct_credit": (10, "% of credit"),
    "edge_30_pct_loss": (9, "% of loss"), "edge_90": (9, "Edge at HV90"),
    "structural": (9, ""), "tactical": (9, ""), "funnel": (11.5, ""),
    "compression_band": (13, "HV30/HV90 band"), "lean": (11, ""), "gamma": (9.5, ""),
    "gamma_basis": (10, "Gamma from"), "flip_distance_pct": (9, ""), "status": (34, ""),
    "warnings": (40, ""),
}  # fmt: skip
_MINOR: dict[str, tuple[float, str]] = {
    "spread_30d": (9, ""), "compression": (9, ""), "z_band": (11, ""), "exit_plan": (70, ""),
    "candidate": (10, ""), "edge_basis": (44, ""),
}  # fmt: skip
_RAW_WIDTHS = {"symbol": 9.0, "warnings": 30.0, "missing": 40.0, "as_of": 16.0, "net_gex": 12.0,
               "vrp_regime": 15.0, "next_earnings": 12.0, "score_kind": 11.0}  # fmt: skip

_SCORE_DOC = "Score of that structure, 0 to 100."


def _raw_place(name: str) -> Place:
    width = _RAW_WIDTHS.get(name, 9.5)
    minor = name.startswith("score_") or name in (
        "vrp_regime", "warnings", "missing", "wing_spread_pct", "iv_term",
    )  # fmt: skip
    if name.startswith("score_") and name != "score_kind":
        words = name.removeprefix("score_").replace("_", " ")
        return Place(name, width, f"Score {words}", "integer", _SCORE_DOC, minor)
    if name == "iv_term":
        return Place(name, width, "IV by days", "text", "ATM IV by days to expiry, points.", minor)
    if name == "missing":
        return Place(name, width, "Missing", "text", "Why figures are missing.", minor)
    if name in BY_NAME:
        return _place(name, width, minor=minor)._replace(name=f"raw_{name}")
    known = FIGURES[name]
    doc = f"{known['doc']}\nUnit: {known['unit']}"
    return Place(name, width, known["label"], "number", doc, minor)


MIRRORED = (
    _place("symbol", 9),
    _place("z_score", 8.5, "z"),
    _place("vrp_20d", 9, "Spread"),
    _place("yesterday", 10.5),
)
"""Raw figures that stand before the decisions."""

_DECIDED = tuple(
    _place(name, *_WIDTHS[name]) if name in _WIDTHS else _place(name, *_MINOR[name], minor=True)
    for name in DECIDED_COLUMNS
)
_RAW = tuple(_raw_place(name) for name in layout.RAW_BLOCK)

FIRST_DECIDED = len(MIRRORED)
LAST_DECIDED = FIRST_DECIDED + len(DECIDED_COLUMNS) - 1
FIRST_RAW = LAST_DECIDED + 2
LAST_RAW = FIRST_RAW + len(layout.RAW_BLOCK) - 1
FACT = LAST_RAW + 2
FROZEN_COLUMNS = FIRST_DECIDED + 2
PRINTED = FIRST_DECIDED + DECIDED_COLUMNS.index("expiry")
"""The last column on paper: z, cell, size, structure, strikes, action, why; all are on screen."""
_COUNTED = ("A", "B", "C", "D", "?")
_WORDS_BEFORE = FIRST_DECIDED + 2
"""Column (from 0) of the first cell right of the frozen ones."""

_BANDS = (
    ("Figures", "#2B4A66", 0, FIRST_DECIDED - 1),
    ("Decision, one formula over the raw figures and Settings", look.NAVY,
     FIRST_DECIDED, LAST_DECIDED),
    ("Raw figures, values that a refresh writes", "#5F6B77", FIRST_RAW, LAST_RAW),
    ("The last refresh", "#526A80", FACT, FACT + 1),
)  # fmt: skip

_LIMITS = {
    "z_score": ("z_min", '"≥ "0.00'), "vrp_20d": ("spread_min", '"> "0.00'),
    "structural": ("structural_min", '"> "0.00'), "tactical": ("tactical_min", '"> "0.00'),
    "flip_distance_pct": ("flip_warn_pct", '"near <"0.0'),
    "size": ("size_a", '"A "0.00"x"'),
}  # fmt: skip


def _columns() -> dict[str, int]:
    """Name -> column (from 0); of a figure that stands twice the one on the left."""
    found: dict[str, int] = {}
    for place, column in places():
        found.setdefault(place.name.removeprefix("raw_"), column)
        found.setdefault(place.name, column)
    return found


def places() -> list[tuple[Place, int]]:
    """Every column of the table with its number, from 0."""
    return [
        *((place, n) for n, place in enumerate((*MIRRORED, *_DECIDED))),
        *((place, FIRST_RAW + n) for n, place in enumerate(_RAW)),
    ]


INDEX = _columns()


def column(name: str, *, rows: int = layout.SCAN_ROWS, sheet: str = "") -> str:
    """The cells of a column as an absolute reference."""
    at = INDEX[name]
    return area(FIRST_ROW, at, FIRST_ROW + rows - 1, at, sheet=sheet)


def raw_column(name: str, *, sheet: str = "") -> str:
    """The cells of a column of the raw block."""
    at = FIRST_RAW + layout.RAW_BLOCK.index(name)
    return area(FIRST_ROW, at, LAST_ROW, at, sheet=sheet)


def fact(name: str, *, sheet: str = "") -> str:
    """The cell with a fact of the last refresh."""
    at = address(FIRST_ROW + layout.FACTS.index(name), FACT + 1, fixed=True)
    return f"{sheet}!{at}" if sheet else at


def counted(cells: str, letter: str) -> str:
    """How many cells hold that letter: LibreOffice's COUNTIF finds no text of a spilled call."""
    return f'SUMPRODUCT(--EXACT({cells},"{letter}"))'


def write_scan(
    book: Workbook, sheet: DeskSheet, styles: Styles, figures: Figures, *, buttons: bool
) -> None:
    """Fills the sheet.

    Args:
        book: for the defined names.
        sheet: the empty sheet.
        styles: the formats.
        figures: what to show.
        buttons: whether the workbook has the macros that buttons call.
    """
    _grid(sheet, styles)
    _names(book)
    _top(sheet, styles, figures)
    _headings(sheet, styles, figures)
    _mirrored(sheet, styles, figures)
    _decisions(sheet, styles, figures)
    _raw(sheet, styles, figures)
    _facts(sheet, styles, figures)
    _colour(sheet, styles)
    if buttons:
        _buttons(sheet)
    sheet.freeze_panes(FIRST_ROW, FROZEN_COLUMNS)
    sheet.set_selection(FIRST_ROW, 0, FIRST_ROW, 0)
    symbols = f"{address(FIRST_ROW, 0)}:{address(LAST_ROW, 0)}"
    sheet.ignore_errors({"number_stored_as_text": symbols})
    last = FIRST_ROW + max(len(figures.raw), 40) - 1
    frame.page(sheet, last, PRINTED, repeat=(TITLE_ROW, HEADER_ROW))


def _style(styles: Styles, place: Place) -> Any:
    return styles(look.value_style(place.show), look.ROW_LINE, text_wrap=False)


def _grid(sheet: DeskSheet, styles: Styles) -> None:
    for place, at in places():
        outline = {"level": 1, "hidden": True} if place.minor else {}
        sheet.set_column(at, at, place.width, styles(look.value_style(place.show)), outline)
    for gap in (LAST_DECIDED + 1, LAST_RAW + 1):
        sheet.set_column(gap, gap, 2)
    sheet.set_column(FACT, FACT, 12)
    sheet.set_column(FACT + 1, FACT + 1, 40)
    sheet.set_default_row(18)


def _names(book: Workbook) -> None:
    scan = layout.SCAN
    book.define_name(
        layout.RAW_NAME, "=" + area(FIRST_ROW, FIRST_RAW, LAST_ROW, LAST_RAW, sheet=scan)
    )
    book.define_name(
        layout.DECIDED_NAME,
        "=" + area(FIRST_ROW, FIRST_DECIDED, LAST_ROW, LAST_DECIDED, sheet=scan),
    )
    last_fact = FIRST_ROW + len(layout.FACTS) - 1
    book.define_name(
        layout.FACTS_NAME, "=" + area(FIRST_ROW, FACT, last_fact, FACT + 1, sheet=scan)
    )


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _top(sheet: DeskSheet, styles: Styles, figures: Figures) -> None:
    frame.title(sheet, styles, "VRP MORNING SCAN", FACT + 1)
    _facts_line(sheet, styles, figures)
    _counts(sheet, styles, figures)
    warn = styles(look.BAD, align="left", valign="vcenter", indent=1, text_wrap=True, font_size=9)
    notices, failed = fact("notices"), fact("failed")
    shown = _text(figures.facts["notices"])
    if figures.facts["failed"]:
        shown += f"   NOT SCANNED: {figures.facts['failed']}"
    sheet.set_row(NOTICE_ROW, 38)
    sheet.merge_range(NOTICE_ROW, 0, NOTICE_ROW, PRINTED, "", warn)
    sheet.formula(
        NOTICE_ROW, 0, f'={notices}&IF({failed}="","","   NOT SCANNED: "&{failed})', warn, shown
    )
    _limits(sheet, styles, figures)


def _facts_line(sheet: DeskSheet, styles: Styles, figures: Figures) -> None:
    facts = figures.facts
    sheet.set_row(FACTS_ROW, 24)
    plain = styles(font_color=look.INK, valign="vcenter", align="left", indent=1)
    label = styles(look.QUIET, valign="vcenter", align="left", indent=1)
    moment = styles(bold=True, font_color=look.INK, valign="vcenter", align="left",
                    num_format='ddd yyyy-mm-dd hh:mm" New York"')  # fmt: skip
    sheet.write_string(FACTS_ROW, 0, "As of", label)
    sheet.merge_range(FACTS_ROW, 1, FACTS_ROW, FROZEN_COLUMNS - 1, "", moment)
    as_of = fact("as_of")
    sheet.formula(FACTS_ROW, 1, f'=IF({as_of}="","no figures",{as_of})', moment, facts["as_of"])
    at = _WORDS_BEFORE
    told = [_text(facts[name]) for name in ("market", "source", "quota")]
    before = {"market": "", "source": '"   ·   source "&', "quota": '"   ·   "&'}
    words = "&".join(
        f'IF({fact(name)}="","",{start}{fact(name)})' for name, start in before.items()
    )
    sheet.formula(
        FACTS_ROW, at, f"={words}", plain, f"{told[0]}   ·   source {told[1]}   ·   {told[2]}"
    )
    sample = f'OR({fact("sample")}=TRUE,{rule_name("source")}="sample")'
    frame.badge(sheet, styles, COUNTS_ROW, INDEX["action"], sample)
    hint = styles(look.BAD, align="left", valign="vcenter", indent=1)
    newest = "VRP_ASOF(,vrp_settings)"
    sheet.formula(
        FACTS_ROW, INDEX["why"],
        f'=IFERROR(IF({newest}>N({as_of})+1/86400,"Newer data is stored: press Refresh",""),"")',
        hint, _newer(figures),
    )  # fmt: skip


def _newer(figures: Figures) -> str:
    """What the hint says: whether the store has newer figures than the sheet."""
    newest, shown = figures.ask("VRP_ASOF"), figures.facts["as_of"]
    newer = isinstance(newest, datetime) and cached(newest) > cached(shown) + 1 / 86400
    return "Newer data is stored: press Refresh" if newer else ""


def _counts(sheet: DeskSheet, styles: Styles, figures: Figures) -> None:
    sheet.set_row(COUNTS_ROW, 26)
    cells = column("cell")
    every = f'SUMPRODUCT(--({column("symbol")}<>""))'
    names = len(figures.raw)
    for n, letter in enumerate(_COUNTED):
        style = styles(
            look.LETTERS[letter], bold=True, align="center", valign="vcenter", font_size=12,
            num_format=f'"{letter}"   0', border=1,
            border_color=look.LETTERS["?"]["border_color"] if letter == "?" else look.WHITE,
        )  # fmt: skip
        known = "+".join(counted(cells, x) for x in "ABCD")
        count = sum(c == letter for c in figures.cells)
        if letter == "?":
            formula, count = f"={every}-({known})", names - sum(c in "ABCD" and c != ""
                                                                for c in figures.cells)  # fmt: skip
        else:
            formula = f"={counted(cells, letter)}"
        sheet.formula(COUNTS_ROW, n, formula, style, count)
    picked = f"SUMPRODUCT(--({column('candidate')}=TRUE))"
    candidates = sum(bool(figures.of(n, "candidate")) for n in range(names))
    sheet.formula(
        COUNTS_ROW, _WORDS_BEFORE,
        f'={picked}&IF({picked}=1," candidate"," candidates")&" among "&{every}&" scanned"',
        styles(bold=True, font_color=look.INK, valign="vcenter", align="left", indent=1,
               font_size=12),
        f"{candidates} candidate{'' if candidates == 1 else 's'} among {names} scanned",
    )  # fmt: skip


def _limits(sheet: DeskSheet, styles: Styles, figures: Figures) -> None:
    quiet = {"font_color": look.GREY, "font_size": 8, "valign": "vcenter"}
    sheet.set_row(LIMITS_ROW, 14)
    sheet.write_string(LIMITS_ROW, 0, "rules", styles(quiet, align="left", indent=1))
    for name, (rule, shown) in _LIMITS.items():
        sheet.formula(
            LIMITS_ROW, INDEX[name], f"={rule_name(rule)}",
            styles(quiet, align="right", num_format=shown), getattr(figures.rules, rule),
        )  # fmt: skip


def score_heading(kind: str) -> str:
    """A formula for what a score is called whose maker stands in the cell or text `kind`."""
    return (
        f'IF(EXACT({kind},"local"),"Local score",'
        f'IF(EXACT({kind},"simulated"),"Simulated score","Score"))'
    )


def _heading(sheet: DeskSheet, place: Place, at: int, style: Any, figures: Figures) -> None:
    """A heading; those of scores say whose they are, by the first row."""
    if place.name != "score" and not (place.heading.startswith("Score ") and place.minor):
        sheet.write_string(HEADER_ROW, at, place.heading, style)
        return
    first = address(FIRST_ROW, FIRST_RAW + layout.RAW_BLOCK.index("score_kind"), fixed=True)
    kind = figures.of(0, "score_kind") if figures.raw else None
    named = SCORE_WORDS.get(str(kind), "score").capitalize()
    rest = place.heading.removeprefix("Score")
    formula = f'={score_heading(first)}&"{rest}"' if rest else f"={score_heading(first)}"
    sheet.formula(HEADER_ROW, at, formula, style, f"{named}{rest}")


def _headings(sheet: DeskSheet, styles: Styles, figures: Figures) -> None:
    sheet.set_row(GROUP_ROW, 18)
    sheet.set_row(HEADER_ROW, 32)
    fills = {}
    for words, fill, first, last in _BANDS:
        band = styles(bold=True, bg_color=fill, font_color=look.WHITE, indent=1, valign="vcenter")
        for at in range(first, last + 1):
            sheet.write_blank(GROUP_ROW, at, None, band)
            fills[at] = fill
        sheet.write_string(GROUP_ROW, first, words, band)
    for place, at in places():
        align = look.align(place.show)
        style = frame.heading(styles, align=align, edge=fills[at])
        _heading(sheet, place, at, style, figures)
        frame.note(sheet, HEADER_ROW, at, place.doc)
    for n, words in enumerate(("Fact", "Value")):
        style = frame.heading(styles, align="left", edge=fills[FACT])
        sheet.write_string(HEADER_ROW, FACT + n, words, style)


def _mirrored(sheet: DeskSheet, styles: Styles, figures: Figures) -> None:
    """One spilled formula for each figure that stands on the left."""
    for at, place in enumerate(MIRRORED):
        cells = raw_column(place.name)
        values = [[figures.of(n, place.name)] for n in range(len(figures.raw))]
        values += [[None]] * (layout.SCAN_ROWS - len(values))
        style = {"bold": True} if place.name == "symbol" else {}
        each = styles(look.value_style(place.show), look.ROW_LINE, style, text_wrap=False)
        sheet.spill(FIRST_ROW, at, f'=IF({cells}="","",{cells})', values, [each])


def _decisions(sheet: DeskSheet, styles: Styles, figures: Figures) -> None:
    last = FIRST_RAW + len(RAW_COLUMNS) - 1
    block = area(FIRST_ROW, FIRST_RAW, LAST_ROW, last)
    blank: list[list[Any]] = [[None] * len(DECIDED_COLUMNS)]
    values = figures.decided + blank * (layout.SCAN_ROWS - len(figures.decided))
    each = [_style(styles, place) for place in _DECIDED]
    formula = f"=VRP_DECIDE({block},{layout.RULES_NAME})"
    sheet.spill(FIRST_ROW, FIRST_DECIDED, formula, values, each)


def _raw(sheet: DeskSheet, styles: Styles, figures: Figures) -> None:
    for n in range(layout.SCAN_ROWS):
        row = figures.raw[n] if n < len(figures.raw) else [None] * len(_RAW)
        for at, (place, value) in enumerate(zip(_RAW, row, strict=True), FIRST_RAW):
            _value(sheet, FIRST_ROW + n, at, value, _style(styles, place))


def _value(sheet: DeskSheet, row: int, at: int, value: Any, style: Any) -> None:
    """Writes a plain value: no text becomes a formula, missing is an empty cell."""
    if value is None:
        sheet.write_blank(row, at, None, style)
    elif isinstance(value, bool):
        sheet.write_boolean(row, at, value, style)
    elif isinstance(value, str):
        sheet.write_string(row, at, value, style)
    elif isinstance(value, (date, datetime)):
        sheet.write_datetime(row, at, value, style)
    else:
        sheet.write_number(row, at, cached(value), style)


def _facts(sheet: DeskSheet, styles: Styles, figures: Figures) -> None:
    label = styles(look.QUIET, look.ROW_LINE, valign="vcenter", indent=1)
    plain = styles(look.ROW_LINE, font_color=look.INK, valign="vcenter", align="left")
    moment = styles(look.ROW_LINE, font_color=look.INK, valign="vcenter", align="left",
                    num_format=look.NUMBER_FORMATS["time"])  # fmt: skip
    for row, name in enumerate(layout.FACTS, FIRST_ROW):
        sheet.write_string(row, FACT, name, label)
        style = moment if name in ("as_of", "refreshed") else plain
        _value(sheet, row, FACT + 1, figures.facts[name], style)
    today = MOMENT.astimezone(NEW_YORK).date()
    row = FIRST_ROW + len(layout.FACTS)
    day = styles(look.ROW_LINE, font_color=look.INK, valign="vcenter", align="left",
                 num_format=look.NUMBER_FORMATS["date"])  # fmt: skip
    sheet.write_string(row, FACT, "day", label)
    sheet.formula(row, FACT + 1, f"=INT(N({fact('refreshed')}))", day, today)


_SWAPS = (
    ('{candidate}="yes"', "{candidate}=TRUE"),
    ('{candidate}="no"', "{candidate}=FALSE"),
    ('{stale}="yes"', "{stale}=TRUE"),
    ('="net GEX"', '="net_gex"'),
    ("scan_day", address(FIRST_ROW + len(layout.FACTS), FACT + 1, fixed=True)),
)
"""What the values-only scan says in words, and this sheet in values."""


def condition(text: str) -> str:
    """A condition of `COLOURS` as the formula of the first row of the table.

    Text is compared with EXACT, since LibreOffice finds text of a spilled call unequal to itself.
    """
    for before, after in _SWAPS:
        text = text.replace(before, after)
    text = re.sub(r'({\w+})=("[^"]*")', r"EXACT(\1,\2)", text)
    text = re.sub(r'({\w+})<>("[^"]*")', r"NOT(EXACT(\1,\2))", text)
    for name, at in INDEX.items():
        text = text.replace(f"{{{name}}}", f"${address(FIRST_ROW, at)}")
    return "=" + text.replace("[", rule_name("")).replace("]", "")


_EVERYWHERE = ("symbol", "raw_symbol")
_DECISION = ("size", "structure", "strikes", "action", "expiry", "score")


def _colour(sheet: DeskSheet, styles: Styles) -> None:
    for colour in COLOURS:
        names = [name for name in colour.columns if name in INDEX]
        if len(names) > 20:
            spans = [(0, LAST_DECIDED), (FIRST_RAW, LAST_RAW)]
        else:
            names = [n for n in names if len(colour.columns) == 1 or n in (*_DECISION, "symbol",
                                                                          "as_of", "age_minutes",
                                                                          "stale")]  # fmt: skip
            spans = [(INDEX[name], INDEX[name]) for name in names]
        rule = {
            "type": "formula",
            "criteria": condition(colour.condition),
            "format": styles.rule(colour.style),
        }
        for first, last in spans:
            sheet.conditional_format(FIRST_ROW, first, LAST_ROW, last, dict(rule))
    for name in ("vrp_20d", "z_score"):
        sheet.conditional_format(
            FIRST_ROW, INDEX[name], LAST_ROW, INDEX[name],
            {"type": "data_bar", "data_bar_2010": True, "bar_solid": True, "bar_color": look.BAR,
             "bar_border_color": look.BAR, "bar_negative_color": look.BAR_NEGATIVE,
             "bar_negative_border_color": look.BAR_NEGATIVE, "bar_axis_color": look.GREY},
        )  # fmt: skip


_BUTTONS = (
    ("RefreshScan", "Refresh", "structure", 0, 110),
    ("AddToWatchlist", "Add to watchlist", "strikes", 0, 120),
    ("FreezeCopy", "Freeze copy", "action", 0, 100),
    ("ShowLastError", "Last error", "action", 110, 90),
)


def _buttons(sheet: DeskSheet) -> None:
    for macro, words, name, offset, width in _BUTTONS:
        sheet.insert_button(
            TITLE_ROW, INDEX[name],
            {"macro": macro, "caption": words, "width": width, "height": 28,
             "x_offset": offset + 4, "y_offset": 7, "description": layout.MACROS[macro]},
        )  # fmt: skip
