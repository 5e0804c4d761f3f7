"""The Positions sheet: what is on, what to do with it, what it has earned.

Inputs are the user's; every other cell follows from them, the stored figures and Settings.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, NamedTuple

from vrp_xl.core.structures import STRUCTURES
from vrp_xl.excel import layout
from vrp_xl.excel import styles as look
from vrp_xl.excel.desk import frame
from vrp_xl.excel.desk.cells import address, area
from vrp_xl.excel.desk.settings import SYMBOLS, rule_name

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format

    from vrp_xl.core.rules import Rules
    from vrp_xl.excel.desk.cells import DeskSheet
    from vrp_xl.excel.desk.figures import Figures
    from vrp_xl.excel.styles import Styles

HEADER_ROW = 6
FIRST_ROW = HEADER_ROW + 1
LAST_ROW = HEADER_ROW + layout.POSITION_ROWS
EQUITY_CELL = (2, 1)
"""Where the value of the account may be typed."""


class Column(NamedTuple):
    """A column: heading, width, number format, what it means; inputs are the user's."""

    name: str
    heading: str
    width: float
    shape: str
    doc: str
    input: bool = False


COLUMNS = (
    Column("symbol", "Symbol", 11, "@", "Ticker. A row without one is empty.", input=True),
    Column("action", "Action", 13, "@", "What to do: the exit that leads, by your rules."),
    Column("reason", "Reason", 46, "@", "Which exit fires, or what is not known."),
    Column("structure", "Structure", 18, "@", "What was sold.", input=True),
    Column("strikes", "Strikes", 15, "@",
           "Legs such as -P 560 +P 550; with a structure the strikes alone, the lowest first.",
           input=True),
    Column("contracts", "Con- tracts", 8, "0", "Number of contracts.", input=True),
    Column("entry", "Entry date", 12, "yyyy-mm-dd",
           "Day of entry. A position entered inside the time stop has no time stop.", input=True),
    Column("cell", "Entry cell", 7, "@", "Cell of the matrix at entry: A, B, C or D.", input=True),
    Column("expiry", "Expiry", 12, "yyyy-mm-dd", "Expiry of the short leg.", input=True),
    Column("credit", "Credit", 9, "0.00", "Credit received per share, USD.", input=True),
    Column("mark", "Mark", 9, "0.00", "Price to buy it back now per share, USD.", input=True),
    Column("closed", "Close date", 12, "yyyy-mm-dd", "Blank while it is open.", input=True),
    Column("debit", "Close debit", 9, "0.00", "What closing cost per share, USD.", input=True),
    Column("closed_contracts", "Closed con- tracts", 8, "0",
           "How many were closed; blank: all. Another close of the same trade takes a row.",
           input=True),
    Column("exit", "Exit reason", 16, "@", "Why it was closed.", input=True),
    Column("marked", "Mark date", 12, "yyyy-mm-dd",
           "Day of the mark, New York; one of an earlier session leaves profit and loss unknown. "
           "Blank: as old as the figures.", input=True),
    Column("note", "Note", 12, "@", "Your own words.", input=True),
    Column("profit_pct", "Profit, % of credit", 10, '+0"%";-0"%";0"%"',
           "Profit so far in percent of the credit; negative is a loss."),
    Column("open_usd", "Open profit, USD", 10, "+#,##0;-#,##0;0",
           "Of the contracts that are on: per share x 100 x contracts."),
    Column("realised_usd", "Closed profit, USD", 10, "+#,##0;-#,##0;0",
           "Of the contracts that were closed."),
    Column("target", "Target price", 9, "0.00", "Buy back here for the profit target. USD."),
    Column("days", "Days to expiry", 9, "0", "Calendar days."),
    Column("stop", "Time stop", 12, "yyyy-mm-dd", "The trading day of the time stop."),
    Column("tested", "Tested side", 26, "@",
           "The short strike that spot has reached, or is nearer to than rule tested_moves."),
    Column("at_risk", "At risk, USD", 10, "#,##0",
           "Maximum loss of what is on; the stress loss (rule stress_sd) where a side is open."),
    Column("loss_kind", "Loss is", 10, "@", "maximum or stress."),
    Column("flip", "To flip", 9, '+0.00"%";-0.00"%";0.00"%"',
           "Distance from the gamma flip in percent of spot; negative below it."),
    Column("z", "z now", 8, "+0.00;-0.00;0.00", "z-score of the premium now, sd."),
    Column("now", "Cell now", 7, "@", "Cell of the matrix now; beside it in Reason what a change "
           "asks for."),
    Column("risk_cell", "Counts in", 7, "@",
           "The cell whose cap it counts in: that of now, else that of entry, else none (?)."),
    Column("as_of", "Figures as of", 12, "yyyy-mm-dd",
           "Day of the figures that it is judged by, New York."),
    Column("sessions_old", "Sessions old", 8, "0",
           "Sessions that have opened since; 0 is current. By old figures nothing is OK."),
)  # fmt: skip
AT = {column.name: n for n, column in enumerate(COLUMNS)}

_DAY = dt.date
_SAMPLES: tuple[dict[str, Any], ...] = (
    {"symbol": "SPY", "structure": "short_put_spread", "strikes": "608/630 P", "contracts": 2,
     "entry": _DAY(2026, 11, 12), "cell": "A", "expiry": _DAY(2027, 1, 15), "credit": 4.1,
     "mark": 3.25},
    {"symbol": "QQQ", "structure": "iron_condor", "strikes": "560/575/640/655", "contracts": 1,
     "entry": _DAY(2026, 10, 30), "cell": "A", "expiry": _DAY(2026, 12, 18), "credit": 3.2,
     "mark": 1.45},
    {"symbol": "TSLA", "structure": "iron_condor", "strikes": "350/370/460/480", "contracts": 1,
     "entry": _DAY(2026, 11, 5), "cell": "A", "expiry": _DAY(2027, 1, 15), "credit": 5.6,
     "mark": 5.9},
    {"symbol": "AMD", "structure": "short_strangle", "strikes": "190 P / 255 C", "contracts": 1,
     "entry": _DAY(2026, 10, 22), "cell": "C", "expiry": _DAY(2026, 12, 31), "credit": 4.4,
     "mark": 4.75},
    {"symbol": "IWM", "structure": "short_put_spread", "strikes": "205/212 P", "contracts": 3,
     "entry": _DAY(2026, 11, 10), "cell": "B", "expiry": _DAY(2027, 1, 15), "credit": 1.9,
     "mark": 1.35, "closed": _DAY(2026, 11, 19), "debit": 0.95, "closed_contracts": 1,
     "exit": "profit target"},
    {"symbol": "GLD", "structure": "iron_fly", "strikes": "365/380/395", "contracts": 1,
     "entry": _DAY(2026, 9, 21), "cell": "C", "expiry": _DAY(2026, 11, 6), "credit": 6.2,
     "closed": _DAY(2026, 10, 15), "debit": 3.05, "exit": "profit target"},
)  # fmt: skip
"""Positions in the sample market, so that the sheet can be read before it is used."""


def write_positions(book: Workbook, sheet: DeskSheet, styles: Styles, figures: Figures) -> None:
    """Fills the sheet.

    Texts are compared by EXACT: LibreOffice finds no text of a spilled call by `=`.
    """
    frame.title(sheet, styles, "POSITIONS", len(COLUMNS) - 1)
    frame.badge(sheet, styles, 0, AT["reason"], f'{rule_name("source")}="sample"')
    for n, column in enumerate(COLUMNS):
        sheet.set_column(n, n, column.width)
    sheet.set_default_row(18)
    _headings(sheet, styles)
    given = [sample | {"note": "SAMPLE"} for sample in _SAMPLES]
    for n in range(layout.POSITION_ROWS):
        for column in COLUMNS:
            if column.input:
                cells = given[n] if n < len(given) else {}
                _input(sheet, styles, FIRST_ROW + n, column, cells.get(column.name))
    table = area(HEADER_ROW, 0, LAST_ROW, len(COLUMNS) - 1, sheet=layout.POSITIONS)
    book.define_name(layout.POSITIONS_NAME, f"={table}")
    shown = _judged(sheet, styles, figures, given)
    _top(book, sheet, styles, figures, shown)
    _validate(sheet)
    _colour(sheet, styles)
    sheet.freeze_panes(FIRST_ROW, AT["structure"])
    sheet.set_selection(FIRST_ROW, 0, FIRST_ROW, 0)
    frame.page(sheet, FIRST_ROW + 29, len(COLUMNS) - 1, repeat=(HEADER_ROW, HEADER_ROW))


def _headings(sheet: DeskSheet, styles: Styles) -> None:
    sheet.set_row(HEADER_ROW - 1, 16)
    small = styles(look.QUIET, font_size=8, align="center", valign="vcenter", italic=True)
    sheet.set_row(HEADER_ROW, 34)
    for n, column in enumerate(COLUMNS):
        align = "left" if column.name in ("action", "reason") else "center"
        sheet.write_string(HEADER_ROW, n, column.heading, frame.heading(styles, align=align))
        sheet.write_string(HEADER_ROW - 1, n, "input" if column.input else "", small)
        frame.note(sheet, HEADER_ROW, n, column.doc)


def _column(name: str) -> str:
    return area(FIRST_ROW, AT[name], LAST_ROW, AT[name])


_TOLD = ("action", "reason")
_FIGURES = tuple(c.name for c in COLUMNS if not c.input and c.name not in _TOLD)
_MEASURE = {"now": "cell"}
"""What a column is called by VRP_POSITIONS, where that is another name."""
_DETAILS = tuple(c.name for c in COLUMNS if c.input and c.name not in ("symbol", "note"))


def _judged(
    sheet: DeskSheet, styles: Styles, figures: Figures, given: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Two spilled calls over the yellow cells; returns what they show of the examples."""
    symbols = _column("symbol")
    details = area(FIRST_ROW, AT[_DETAILS[0]], LAST_ROW, AT[_DETAILS[-1]])
    shown: list[dict[str, Any]] = [{} for _ in given]
    for names in (_TOLD, _FIGURES):
        measures = [_MEASURE.get(name, name) for name in names]
        values = figures.ask(
            "VRP_POSITIONS",
            [[row["symbol"]] for row in given],
            [[row.get(name) for name in _DETAILS] for row in given],
            [measures],
        )
        for known, row in zip(shown, values, strict=True):
            known.update(zip(names, row, strict=True))
        quoted = ",".join(f'"{name}"' for name in measures)
        formula = f"=VRP_POSITIONS({symbols},{details},{{{quoted}}},{layout.RULES_NAME})"
        blank: list[list[Any]] = [[None] * len(names)]
        values = values + blank * (layout.POSITION_ROWS - len(values))
        each = [_style(styles, COLUMNS[AT[name]]) for name in names]
        sheet.spill(FIRST_ROW, AT[names[0]], formula, values, each)
    return shown


def _style(styles: Styles, column: Column) -> Format:
    left = column.name in (*_TOLD, "tested")
    return styles(look.ROW_LINE, font_color=look.INK, valign="vcenter", num_format=column.shape,
                  align="left" if left else "center", bold=column.name == "action",
                  indent=1 if left else 0)  # fmt: skip


def _input(sheet: DeskSheet, styles: Styles, row: int, column: Column, value: Any) -> None:
    style = styles(look.INPUT, num_format=column.shape)
    at = AT[column.name]
    if value is None:
        sheet.write_blank(row, at, None, style)
    elif isinstance(value, str):
        sheet.write_string(row, at, value, style)
    elif isinstance(value, dt.date):
        sheet.write_datetime(row, at, value, style)
    else:
        sheet.write_number(row, at, value, style)


def _top(
    book: Workbook, sheet: DeskSheet, styles: Styles, figures: Figures, shown: list[dict[str, Any]]
) -> None:
    sheet.set_row(1, 20)
    frame.hint(
        sheet, styles, 1, 0,
        "Yellow cells are yours. Rows whose note is SAMPLE are examples in the sample market: "
        "empty their yellow cells and type your own. A debit structure is no credit: leave it out.",
    )  # fmt: skip
    action, symbol, risk = _column("action"), _column("symbol"), _column("at_risk")
    live = [s for s in shown if s["action"] != "CLOSED"]
    act = [s for s in live if s["action"].startswith(("CLOSE", "CUT", "DEFEND"))]
    open_usd, closed_usd, at_risk = (
        sum(s[name] or 0.0 for s in shown) for name in ("open_usd", "realised_usd", "at_risk")
    )
    typed = address(*EQUITY_CELL, fixed=True)
    book.define_name(layout.EQUITY_NAME, f"={layout.POSITIONS}!{typed}")
    rule, equity = rule_name("equity"), address(4, 8, fixed=True)
    used = f'=IF(N({typed})>0,{typed},IF(N({rule})>0,{rule},"not known"))'
    account = figures.rules.equity
    percent = '+0.00"%";-0.00"%";0.00"%"'

    def of_equity(row: int, column: int) -> str:
        return f'=IF(N({equity})>0,{address(row, column)}/{equity}*100,"")'

    def share(usd: float) -> float | None:
        return None if account is None else usd / account * 100

    caps = _caps(equity, address(3, 11))
    items: tuple[tuple[int, int, str, str, str, Any], ...] = (
        (3, 0, "Open", "0", f'=SUMPRODUCT(({symbol}<>"")*(1-EXACT({action},"CLOSED")))', len(live)),
        (4, 0, "To act on", "0",
         (f'=SUMPRODUCT(EXACT({action},"CLOSE")'
          f'+EXACT({action},"CUT HALF")+EXACT({action},"DEFEND"))'), len(act)),
        (2, 3, "Open profit, USD", "+#,##0;-#,##0;0", f'=SUM({_column("open_usd")})', open_usd),
        (3, 3, "in % of equity", percent, of_equity(2, 4), share(open_usd)),
        (2, 6, "Closed profit, USD", "+#,##0;-#,##0;0", f'=SUM({_column("realised_usd")})',
         closed_usd),
        (3, 6, "in % of equity", percent, of_equity(2, 8), share(closed_usd)),
        (2, 9, "At risk, USD", "#,##0", f"=SUM({risk})", at_risk),
        (3, 9, "in % of equity", '0.00"%"', of_equity(2, 11), share(at_risk)),
        (4, 6, "Equity used, USD", "#,##0", used, "not known" if account is None else account),
        (4, 9, "Caps", "@", caps, _cap_words(shown, figures.rules)),
        (4, 3, "Risk not known", "0",
         f'=SUMPRODUCT(({symbol}<>"")*(1-EXACT({action},"CLOSED"))*(1-ISNUMBER({risk})))',
         sum(s["at_risk"] is None for s in live)),
    )  # fmt: skip
    label = styles(look.QUIET, valign="vcenter", indent=1)
    row, column = EQUITY_CELL
    money = styles(look.INPUT, num_format="#,##0", align="left", bold=True)
    sheet.write_string(row, column - 1, "Equity, USD", label)
    sheet.write_blank(row, column, None, money)
    frame.note(
        sheet, row, column,
        "Value of the account, USD: totals and caps are held against it. Blank: the rule equity of "
        "Settings.",
    )  # fmt: skip
    amount = frame.between(0, 1e12, "Equity", words="USD. Blank: rule equity.")
    sheet.data_validation(row, column, row, column, amount)
    for row, column, words, shape, formula, value in items:
        sheet.set_row(row, 20)
        sheet.write_string(row, column, words, label)
        style = styles(bold=True, font_size=11, font_color=look.INK, align="left",
                       valign="vcenter", num_format=shape)  # fmt: skip
        at = {0: 1, 3: 4, 6: 8, 9: 11}[column]
        sheet.formula(row, at, formula, style, value)


def _caps(equity: str, total: str) -> str:
    """The caps that are exceeded, by name; a rule that is blank caps nothing."""
    parts = []
    counts, risk = _column("risk_cell"), _column("at_risk")
    for letter in "ABCD":
        cap = rule_name(f"cap_{letter.lower()}")
        share = f'SUMPRODUCT(--EXACT({counts},"{letter}"),{risk})/{equity}*100'
        parts.append(f'IF({cap}="","",IF({share}>{cap}," cap_{letter.lower()}",""))')
    cap = rule_name("cap_total")
    parts.append(f'IF({cap}="","",IF(N({total})>{cap}," cap_total",""))')
    told = "&".join(parts)
    return f'=IF(N({equity})>0,IF({told}="","within all","ABOVE"&{told}),"equity is not known")'


def _cap_words(shown: list[dict[str, Any]], rules: Rules) -> str:
    """The same in Python, by the rules that the desk ships with."""
    if rules.equity is None:
        return "equity is not known"
    at_risk = dict.fromkeys("ABCD", 0.0)
    for s in shown:
        if s["risk_cell"] in at_risk:
            at_risk[s["risk_cell"]] += s["at_risk"] or 0.0
    used = {f"cap_{cell.lower()}": usd for cell, usd in at_risk.items()}
    used["cap_total"] = sum(s["at_risk"] or 0.0 for s in shown)
    above = [
        f" {name}" for name, usd in used.items()
        if getattr(rules, name) is not None and usd / rules.equity * 100 > getattr(rules, name)
    ]  # fmt: skip
    return "ABOVE" + "".join(above) if above else "within all"


def _validate(sheet: DeskSheet) -> None:
    rules: dict[str, dict[str, Any]] = {
        "structure": frame.one_of(list(STRUCTURES), "Structure"),
        "contracts": frame.between(1, 100_000, "Contracts"),
        "entry": frame.a_date("Entry date"),
        "cell": frame.one_of(["A", "B", "C", "D"], "Entry cell", words="Cell at entry."),
        "expiry": frame.a_date("Expiry"),
        "credit": frame.between(0.01, 100_000, "Credit", words="Per share, USD."),
        "mark": frame.between(0, 100_000, "Mark", words="Per share, USD."),
        "closed": frame.a_date("Close date"),
        "marked": frame.a_date("Mark date"),
        "closed_contracts": frame.between(0, 100_000, "Closed contracts"),
        "debit": frame.between(0, 100_000, "Close debit", words="Per share, USD."),
    }
    watch = frame.one_of(f"={SYMBOLS}", "Symbol", words="A name of the watchlist, or another.")
    rules["symbol"] = watch | {"error_type": "warning"}
    for name, rule in rules.items():
        sheet.data_validation(FIRST_ROW, AT[name], LAST_ROW, AT[name], rule)


def _colour(sheet: DeskSheet, styles: Styles) -> None:
    """By severity; the colour never stands alone, the word is there."""
    top = f"$B{FIRST_ROW + 1}"
    red = {"bg_color": "#F4B5A0", "font_color": "#7A1F00", "bold": True}
    amber = {"bg_color": "#FFD58A", "font_color": "#5C3A00", "bold": True}
    yellow = {"bg_color": "#FFF6C2", "font_color": "#5C4A00"}
    grey = {"bg_color": "#E8EBEE", "font_color": "#6B7580", "italic": True}
    done = {"font_color": "#8A939C", "italic": True}
    conditions = (
        (f'EXACT({top},"CLOSED")', done),
        (f'OR(EXACT({top},"CLOSE"),EXACT({top},"CUT HALF"))', red),
        (f'EXACT({top},"DEFEND")', amber),
        (f'EXACT({top},"WARNING")', yellow),
        (f'OR(EXACT({top},"UNKNOWN"),EXACT({top},"CHECK INPUT"))', grey),
    )
    for condition, style in conditions:
        sheet.conditional_format(
            FIRST_ROW, AT["action"], LAST_ROW, AT["reason"],
            {"type": "formula", "criteria": f"={condition}", "format": styles.rule(style)},
        )  # fmt: skip
    for name in ("profit_pct", "open_usd", "realised_usd"):
        first = address(FIRST_ROW, AT[name])
        bounds = (FIRST_ROW, AT[name], LAST_ROW, AT[name])
        for sign, style in (("<", look.BAD), (">", look.GOOD)):
            rule = {
                "type": "formula",
                "criteria": f"=AND(ISNUMBER({first}),{first}{sign}0)",
                "format": styles.rule(style),
            }
            sheet.conditional_format(*bounds, rule)
    old = f"=N(${address(FIRST_ROW, AT['sessions_old'])})>0"
    for first, last, style in (
        ("tested", "now", look.STALE), ("as_of", "sessions_old", look.BAD)
    ):  # fmt: skip
        rule = {"type": "formula", "criteria": old, "format": styles.rule(style)}
        sheet.conditional_format(FIRST_ROW, AT[first], LAST_ROW, AT[last], rule)
    for letter in "ABCD?":
        for name in ("cell", "now"):
            first = address(FIRST_ROW, AT[name])
            rule = {
                "type": "formula",
                "criteria": f'=EXACT({first},"{letter}")',
                "format": styles.rule(look.LETTERS[letter]),
            }
            sheet.conditional_format(FIRST_ROW, AT[name], LAST_ROW, AT[name], rule)
    frame.grey_errors(sheet, styles, (FIRST_ROW, AT["profit_pct"], LAST_ROW, AT["sessions_old"]))
