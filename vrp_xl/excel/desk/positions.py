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

    from vrp_xl.excel.desk.cells import DeskSheet
    from vrp_xl.excel.desk.figures import Figures
    from vrp_xl.excel.styles import Styles

HEADER_ROW = 6
FIRST_ROW = HEADER_ROW + 1
LAST_ROW = HEADER_ROW + layout.POSITION_ROWS
EQUITY_NAME = "desk_equity"
EQUITY = 100_000.0
SHARES = 100
"""Shares that one contract stands for."""


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
    Column("strikes", "Strikes", 15, "@", "The strikes, in your own words.", input=True),
    Column("contracts", "Con- tracts", 8, "0", "Number of contracts.", input=True),
    Column("entry", "Entry date", 12, "yyyy-mm-dd",
           "Day of entry. A position entered inside the time stop has no time stop.", input=True),
    Column("cell", "Entry cell", 7, "@", "Cell of the matrix at entry: A, B, C or D.", input=True),
    Column("expiry", "Expiry", 12, "yyyy-mm-dd", "Expiry of the short leg.", input=True),
    Column("credit", "Credit", 9, "0.00", "Credit received per share, USD.", input=True),
    Column("mark", "Mark", 9, "0.00", "Price to buy it back now per share, USD.", input=True),
    Column("closed", "Close date", 12, "yyyy-mm-dd", "Blank while it is open.", input=True),
    Column("debit", "Close debit", 9, "0.00", "What closing cost per share, USD.", input=True),
    Column("exit", "Exit reason", 16, "@", "Why it was closed.", input=True),
    Column("note", "Note", 12, "@", "Your own words.", input=True),
    Column("profit", "Profit, % of credit", 10, '+0"%";-0"%";0"%"',
           "Profit so far in percent of the credit; negative is a loss."),
    Column("usd", "Profit, USD", 11, "+#,##0;-#,##0;0",
           f"Profit so far: per share x {SHARES} x contracts."),
    Column("target", "Target price", 9, "0.00", "Buy back here for the profit target. USD."),
    Column("dte", "Days to expiry", 9, "0", "Calendar days."),
    Column("stop", "Time stop", 12, "yyyy-mm-dd", "The trading day of the time stop."),
    Column("flip", "To flip", 9, '+0.00"%";-0.00"%";0.00"%"',
           "Distance from the gamma flip in percent of spot; negative below it."),
    Column("z", "z now", 8, "+0.00;-0.00;0.00", "z-score of the premium now, sd."),
    Column("now", "Cell now", 7, "@", "Cell of the matrix now."),
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
    {"symbol": "AMD", "structure": "short_strangle", "strikes": "130 P / 185 C", "contracts": 1,
     "entry": _DAY(2026, 10, 22), "cell": "C", "expiry": _DAY(2026, 12, 31), "credit": 4.4,
     "mark": 4.75},
    {"symbol": "IWM", "structure": "short_put_spread", "strikes": "205/212 P", "contracts": 3,
     "entry": _DAY(2026, 11, 10), "cell": "B", "expiry": _DAY(2027, 1, 15), "credit": 1.9,
     "mark": 1.35},
    {"symbol": "GLD", "structure": "iron_fly", "strikes": "365/380/395", "contracts": 1,
     "entry": _DAY(2026, 9, 21), "cell": "C", "expiry": _DAY(2026, 11, 6), "credit": 6.2,
     "closed": _DAY(2026, 10, 15), "debit": 3.05, "exit": "profit target"},
)  # fmt: skip
"""Positions in the sample market, so that the sheet can be read before it is used."""


def write_positions(book: Workbook, sheet: DeskSheet, styles: Styles, figures: Figures) -> None:
    """Fills the sheet."""
    frame.title(sheet, styles, "POSITIONS", len(COLUMNS) - 1)
    frame.badge(sheet, styles, 0, AT["reason"], f'{rule_name("source")}="sample"')
    for n, column in enumerate(COLUMNS):
        sheet.set_column(n, n, column.width)
    sheet.set_default_row(18)
    _headings(sheet, styles)
    shown = []
    for n in range(layout.POSITION_ROWS):
        given = _SAMPLES[n] | {"note": "SAMPLE"} if n < len(_SAMPLES) else {}
        shown.append(_row(sheet, styles, figures, FIRST_ROW + n, given))
    _top(book, sheet, styles, shown)
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


def _row(
    sheet: DeskSheet, styles: Styles, figures: Figures, row: int, given: dict[str, Any]
) -> dict[str, Any]:
    """Writes one position; returns what its formulas show."""
    at = {c.name: f"${address(row, AT[c.name])}" for c in COLUMNS}
    for column in COLUMNS:
        if column.input:
            _input(sheet, styles, row, column, given.get(column.name))
    shown = _values(figures, given)
    for name, formula in _formulas(at).items():
        column = COLUMNS[AT[name]]
        left = name in ("action", "reason")
        style = styles(look.ROW_LINE, font_color=look.INK, valign="vcenter",
                       num_format=column.shape, align="left" if left else "center",
                       bold=name == "action", indent=1 if left else 0)  # fmt: skip
        sheet.formula(row, AT[name], f'=IF({at["symbol"]}="","",{formula})', style, shown[name])
    return shown


def _formulas(at: dict[str, str]) -> dict[str, str]:
    """Column -> its formula where the row has a symbol, without ``=``."""
    rules = layout.RULES_NAME

    def given(name: str) -> str:
        return f'IF({at[name]}="","",{at[name]})'

    symbol, price = at["symbol"], f'IF({at["closed"]}="",{at["mark"]},{at["debit"]})'
    exits = (
        f"VRP_EXIT({symbol},{given('credit')},{given('mark')},{given('expiry')},{given('cell')},"
        f"{given('entry')},{rules})"
    )
    reason = at["reason"]
    known = f'OR({at["credit"]}="",{price}="")'
    expiry = f'OR({at["expiry"]}="",{at["closed"]}<>"")'
    return {
        "reason": f'IF({at["closed"]}<>"","CLOSED: "&{at["exit"]},_xlfn.IFNA({exits},'
        f'"UNKNOWN: no figures of "&{symbol}&" are stored"))',
        "action": f'IFERROR(LEFT({reason},FIND(":",{reason}&":")-1),"CHECK INPUT")',
        "profit": f'IF({known},"",({at["credit"]}-{price})/{at["credit"]}*100)',
        "usd": f'IF(OR({known},{at["contracts"]}=""),"",'
        f"({at['credit']}-{price})*{SHARES}*{at['contracts']})",
        "target": f'IF({at["credit"]}="","",VRP_TARGET({at["credit"]},,{rules}))',
        "dte": f'IF({expiry},"",VRP_DTE({at["expiry"]}))',
        "stop": f'IF({expiry},"",VRP_STOPDATE({at["expiry"]},,{rules}))',
        "flip": f'VRP_GET({symbol},"flip_distance_pct",,{rules})',
        "z": f'VRP_GET({symbol},"z_score",,{rules})',
        "now": f"VRP_CELL({symbol},,{rules})",
    }


def _values(figures: Figures, given: dict[str, Any]) -> dict[str, Any]:
    """The same in Python."""
    names = [c.name for c in COLUMNS if not c.input]
    if not given:
        return dict.fromkeys(names)
    symbol, closed = given["symbol"], given.get("closed")
    price = given["debit"] if closed else given["mark"]
    credit = given["credit"]
    reason = (
        f"CLOSED: {given.get('exit', '')}"
        if closed
        else figures.ask("VRP_EXIT", symbol, credit, given.get("mark"), given["expiry"],
                         given["cell"], given["entry"])
    )  # fmt: skip
    return {
        "reason": reason,
        "action": reason.split(":")[0],
        "profit": (credit - price) / credit * 100,
        "usd": (credit - price) * SHARES * given["contracts"],
        "target": figures.ask("VRP_TARGET", credit),
        "dte": None if closed else figures.ask("VRP_DTE", given["expiry"]),
        "stop": None if closed else figures.ask("VRP_STOPDATE", given["expiry"]),
        "flip": figures.ask("VRP_GET", symbol, "flip_distance_pct"),
        "z": figures.ask("VRP_GET", symbol, "z_score"),
        "now": figures.ask("VRP_CELL", symbol),
    }


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


def _top(book: Workbook, sheet: DeskSheet, styles: Styles, shown: list[dict[str, Any]]) -> None:
    sheet.set_row(1, 20)
    frame.hint(
        sheet, styles, 1, 0,
        "Yellow cells are yours. Rows whose note is SAMPLE are examples in the sample market: "
        "empty their yellow cells and type your own. A debit structure is no credit: leave it out.",
    )  # fmt: skip
    open_, closed = _column("closed") + '=""', _column("closed") + '<>""'
    usd, action = _column("usd"), _column("action")
    held = [s for s in shown if s["usd"] is not None]
    live = [s for s in held if s["action"] != "CLOSED"]
    gone = [s for s in held if s["action"] == "CLOSED"]
    act = [s for s in live if s["action"].startswith(("CLOSE", "CUT", "DEFEND"))]
    number = f"IF(ISNUMBER({usd}),{usd},0)"
    total = sum(s["usd"] for s in live)
    equity = address(2, 1, fixed=True)
    book.define_name(EQUITY_NAME, f"={layout.POSITIONS}!{equity}")
    items: tuple[tuple[int, int, str, str, str, Any], ...] = (
        (3, 0, "Open", "0", f'=SUMPRODUCT(({_column("symbol")}<>"")*({open_}))', len(live)),
        (4, 0, "To act on", "0",
         (f'=SUMPRODUCT(({open_})*((LEFT({action},5)="CLOSE")*({action}<>"CLOSED")'
          f'+(LEFT({action},3)="CUT")+({action}="DEFEND")))'), len(act)),
        (2, 3, "Open profit, USD", "+#,##0;-#,##0;0", f"=SUM(IF({open_},{number},0))", total),
        (3, 3, "in % of equity", '+0.00"%";-0.00"%";0.00"%"',
         f'=IF(N({equity})>0,{address(2, 4)}/{equity}*100,"")', total / EQUITY * 100),
        (4, 3, "Closed profit, USD", "+#,##0;-#,##0;0", f"=SUM(IF({closed},{number},0))",
         sum(s["usd"] for s in gone)),
    )  # fmt: skip
    label = styles(look.QUIET, valign="vcenter", indent=1)
    money = styles(look.INPUT, num_format="#,##0", align="left", bold=True)
    sheet.write_string(2, 0, "Equity, USD", label)
    sheet.write_number(2, 1, EQUITY, money)
    frame.note(sheet, 2, 1, "Value of the account, USD. Totals are held against it.")
    sheet.data_validation(2, 1, 2, 1, frame.between(0, 1e12, "Equity", words="USD."))
    for row, column, words, shape, formula, value in items:
        sheet.set_row(row, 20)
        sheet.write_string(row, column, words, label)
        style = styles(bold=True, font_size=11, font_color=look.INK, align="left",
                       valign="vcenter", num_format=shape)  # fmt: skip
        at = 1 if column == 0 else 4
        sheet.formula(row, at, formula, style, value, array="SUM(IF" in formula)


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
        (f'{top}="CLOSED"', done),
        (f'OR({top}="CLOSE",{top}="CUT HALF")', red),
        (f'{top}="DEFEND"', amber),
        (f'{top}="WARNING"', yellow),
        (f'OR({top}="UNKNOWN",{top}="CHECK INPUT")', grey),
    )
    for condition, style in conditions:
        sheet.conditional_format(
            FIRST_ROW, AT["action"], LAST_ROW, AT["reason"],
            {"type": "formula", "criteria": f"={condition}", "format": styles.rule(style)},
        )  # fmt: skip
    for name in ("profit", "usd"):
        first = address(FIRST_ROW, AT[name])
        bounds = (FIRST_ROW, AT[name], LAST_ROW, AT[name])
        for sign, style in (("<", look.BAD), (">", look.GOOD)):
            rule = {
                "type": "formula",
                "criteria": f"=AND(ISNUMBER({first}),{first}{sign}0)",
                "format": styles.rule(style),
            }
            sheet.conditional_format(*bounds, rule)
    for letter in "ABCD?":
        for name in ("cell", "now"):
            first = address(FIRST_ROW, AT[name])
            rule = {
                "type": "formula",
                "criteria": f'={first}="{letter}"',
                "format": styles.rule(look.LETTERS[letter]),
            }
            sheet.conditional_format(FIRST_ROW, AT[name], LAST_ROW, AT[name], rule)
    frame.grey_errors(sheet, styles, (FIRST_ROW, AT["profit"], LAST_ROW, AT["now"]))
