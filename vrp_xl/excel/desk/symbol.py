"""The Symbol sheet: one name with its figures, levels, strikes, history and bands."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Any

from vrp_xl.core.history import WINDOWS
from vrp_xl.core.snapshot import STRIKES_KEPT
from vrp_xl.excel import layout
from vrp_xl.excel import styles as look
from vrp_xl.excel.desk import frame
from vrp_xl.excel.desk.cells import NA, address, area
from vrp_xl.excel.desk.scan import score_heading
from vrp_xl.excel.desk.settings import SYMBOLS, rule_name
from vrp_xl.workflow.columns import BY_NAME, SCORE_WORDS
from vrp_xl.workflow.levels import LEVELS

if TYPE_CHECKING:
    from datetime import date

    from xlsxwriter import Workbook
    from xlsxwriter.chart import Chart

    from vrp_xl.excel.desk.cells import DeskSheet
    from vrp_xl.excel.desk.figures import Figures
    from vrp_xl.excel.styles import Styles
    from vrp_xl.workflow.columns import Show

SYMBOL = "SPY"
SHOWN_DAYS = 252
STORED_DAYS = 504
"""Days of spreads that are read: those shown, and the window before the first of them."""
TENORS = (7, 14, 30, 60)

_BLOCKS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Decision", ("cell", "yesterday", "size", "action", "structure", "score", "score_kind",
                  "status")),
    ("Edge", ("edge_30", "edge_30_pct_credit", "edge_30_pct_loss", "edge_90",
                              "credit", "loss", "loss_kind")),
    ("Premium", ("spot", "atm_iv", "rv_20d", "rv_30d", "rv_90d", "vrp_20d", "z_score", "z_from",
                 "z_change", "percentile", "history_days", "z_band", "put_vrp", "call_vrp",
                 "lean")),
    ("Ratios", ("structural", "tactical", "funnel", "compression_band")),
    ("Gamma and levels", ("gamma", "gamma_basis", "gamma_flip", "flip_distance_pct", "net_gex",
                          "put_wall", "call_wall", "max_gamma")),
    ("Data", ("iv_rank", "iv_percentile", "next_earnings", "as_of", "age_minutes", "source")),
)  # fmt: skip
FIRST_ROW = 5
NAME, VALUE, UNIT, FIELD = 0, 1, 2, 3
"""Columns (from 0) of the figures."""
CHARTS = 5
_LAST_COLUMN = 16
_DATA = 19
"""Column (from 0) where the figures of the charts begin."""
_IV, _SPREAD, _SHOWN = _DATA, _DATA + 3, _DATA + 6
_DATA_ROW = 5
_HEAD = _DATA_ROW - 1


def write_symbol(
    book: Workbook, sheet: DeskSheet, styles: Styles, figures: Figures, *, buttons: bool
) -> None:
    """Fills the sheet."""
    frame.title(sheet, styles, "SYMBOL", _LAST_COLUMN)
    frame.badge(sheet, styles, 0, CHARTS, f'{rule_name("source")}="sample"', last=CHARTS + 3)
    for column, width in ((NAME, 19), (VALUE, 30), (UNIT, 11), (FIELD, 18), (FIELD + 1, 2),
                          (CHARTS, 9.5)):  # fmt: skip
        sheet.set_column(column, column, width)
    sheet.set_column(CHARTS + 1, _LAST_COLUMN, 9.5)
    sheet.set_column(_LAST_COLUMN + 1, _DATA - 1, 2)
    sheet.set_column(_DATA, _SHOWN + 8, 11)
    sheet.set_default_row(17)
    _choice(book, sheet, styles, figures)
    last = _figures(sheet, styles, figures)
    last = _term(sheet, styles, figures, last + 1)
    last = _windows(sheet, styles, figures, last + 2)
    _strikes(sheet, styles, figures)
    _levels(sheet, styles, figures)
    last = max(last, _gex(book, sheet, styles, figures))
    _history(sheet, styles, figures)
    _charts(book, sheet)
    if buttons:
        sheet.insert_button(
            2, UNIT,
            {"macro": "RefreshSymbol", "caption": "Refresh this name", "width": 150, "height": 26,
             "x_offset": 4, "y_offset": 1, "description": layout.MACROS["RefreshSymbol"]},
        )  # fmt: skip
    sheet.set_selection(2, VALUE, 2, VALUE)
    sheet.freeze_panes(4, 0)
    frame.page(sheet, last, _LAST_COLUMN, repeat=(0, 3))


def _if_given(formula: str) -> str:
    return f'=IF({layout.SYMBOL_NAME}="","",{formula})'


def _choice(book: Workbook, sheet: DeskSheet, styles: Styles, figures: Figures) -> None:
    sheet.set_row(1, 6)
    sheet.set_row(2, 28)
    sheet.write_string(2, NAME, "Symbol", styles(bold=True, indent=1, valign="vcenter",
                                                 font_size=12, font_color=look.NAVY))  # fmt: skip
    style = styles(look.INPUT, bold=True, font_size=16, num_format="@")
    sheet.write_string(2, VALUE, SYMBOL, style)
    frame.note(sheet, 2, VALUE, "Type a ticker, or choose one of the watchlist.")
    choose = frame.one_of(f"={SYMBOLS}", "Symbol", words="A name of the watchlist, or another.")
    sheet.data_validation(2, VALUE, 2, VALUE, choose | {"error_type": "information"})
    at = address(2, VALUE, fixed=True)
    book.define_name(layout.SYMBOL_NAME, f"={layout.SYMBOL}!{at}")
    sheet.set_row(3, 32)
    sheet.write_string(3, NAME, "Why", styles(look.QUIET, indent=1, valign="vcenter"))
    words = styles(font_color=look.INK, valign="vcenter", bold=True, align="left")
    why = figures.ask("VRP_WHY", SYMBOL)
    formula = _if_given(f"VRP_WHY({layout.SYMBOL_NAME},{layout.RULES_NAME})")
    sheet.formula(3, VALUE, formula, words, why)


def _figures(sheet: DeskSheet, styles: Styles, figures: Figures) -> int:
    """Writes the figures; returns the last row."""
    row = FIRST_ROW - 1
    for words, fields in _BLOCKS:
        for column, text in ((NAME, words), (VALUE, ""), (UNIT, "Unit"), (FIELD, "Field")):
            style = frame.heading(styles, align="center" if column == VALUE else "left")
            sheet.write_string(row, column, text, style)
        for field in fields:
            row += 1
            _figure(sheet, styles, figures, row, field)
        row += 1
    frame.grey_errors(sheet, styles, (FIRST_ROW, VALUE, row, VALUE))
    for letter in "ABCD?":
        rule = {"type": "cell", "criteria": "==", "value": f'"{letter}"',
                "format": styles.rule(look.LETTERS[letter])}  # fmt: skip
        sheet.conditional_format(FIRST_ROW, VALUE, FIRST_ROW + 1, VALUE, rule)
    return row


def _figure(sheet: DeskSheet, styles: Styles, figures: Figures, row: int, field: str) -> None:
    column = BY_NAME[field]
    label = styles(look.ROW_LINE, indent=1, valign="vcenter", font_color=look.INK)
    if field != "score":
        sheet.write_string(row, NAME, column.heading, label)
    style = styles(look.value_style(column.show), look.ROW_LINE, align="center", bold=True,
                   text_wrap=False, indent=0, shrink=column.show in ("text", "long"))  # fmt: skip
    quiet = styles(look.QUIET, look.ROW_LINE, valign="vcenter", font_size=9)
    at = address(row, FIELD)
    call = f"VRP_GET({layout.SYMBOL_NAME},${at},,{layout.RULES_NAME})"
    value = figures.ask("VRP_GET", SYMBOL, field)
    sheet.formula(row, VALUE, _if_given(call), style, value)
    sheet.write_string(row, UNIT, column.unit, quiet)
    sheet.write_string(row, FIELD, field, quiet)
    if field == "score":
        kind = figures.ask("VRP_GET", SYMBOL, "score_kind")
        named = SCORE_WORDS.get(str(kind), "score").capitalize()
        formula = f"={score_heading(f'IFERROR({address(row + 1, VALUE)},0)')}"
        sheet.formula(row, NAME, formula, label, named)
    if field in (
        "edge_30",
        "edge_30_pct_credit",
        "loss",
        "cell",
        "z_score",
        "gamma_basis",
        "status",
        "structural",
        "tactical",
    ):
        frame.note(sheet, row, NAME, column.doc)


def _term(sheet: DeskSheet, styles: Styles, figures: Figures, row: int) -> int:
    """The premium by tenor; returns the last row."""
    for column, text in ((NAME, "Term VRP"), (VALUE, ""), (UNIT, "Unit"), (FIELD, "Days")):
        style = frame.heading(styles, align="center" if column == VALUE else "left")
        sheet.write_string(row, column, text, style)
    signed = styles(look.value_style("signed"), look.ROW_LINE, align="center", bold=True)
    quiet = styles(look.QUIET, look.ROW_LINE, valign="vcenter", font_size=9, align="left")
    first = row + 1
    for days in TENORS:
        row += 1
        sheet.write_string(row, NAME, f"{days} days", styles(look.ROW_LINE, indent=1,
                                                             font_color=look.INK))  # fmt: skip
        call = f"VRP_TERM({layout.SYMBOL_NAME},${address(row, FIELD)},{layout.RULES_NAME})"
        value = figures.ask("VRP_TERM", SYMBOL, days)
        sheet.formula(row, VALUE, _if_given(call), signed, value)
        sheet.write_string(row, UNIT, "points", quiet)
        sheet.write_number(row, FIELD, days, quiet)
    frame.grey_errors(sheet, styles, (first, VALUE, row, VALUE))
    sheet.conditional_format(
        first, VALUE, row, VALUE,
        {"type": "data_bar", "data_bar_2010": True, "bar_solid": True, "bar_color": look.BAR,
         "bar_negative_color": look.BAR_NEGATIVE, "bar_axis_color": look.GREY},
    )  # fmt: skip
    return row


_BY_WINDOW: tuple[tuple[str, str, Show], ...] = (
    ("z-score", "z", "signed"),
    ("IV rank", "iv_rank", "percent"),
    ("IV percentile", "iv_percentile", "percent"),
)


def _windows(sheet: DeskSheet, styles: Styles, figures: Figures, row: int) -> int:
    """z-score, IV rank and IV percentile over each window, side by side; returns the last row."""
    sheet.write_string(row, NAME, "By window", frame.heading(styles, align="left"))
    for n, window in enumerate(WINDOWS):
        sheet.write_string(row, VALUE + n, f"{window} days", frame.heading(styles))
    first = row + 1
    for words, name, show in _BY_WINDOW:
        row += 1
        style = styles(look.value_style(show), look.ROW_LINE, align="center", bold=True, indent=0)
        sheet.write_string(row, NAME, words, styles(look.ROW_LINE, indent=1, font_color=look.INK))
        for n, window in enumerate(WINDOWS):
            field = f"{name}_{window}"
            call = f'VRP_GET({layout.SYMBOL_NAME},"{field}",,{layout.RULES_NAME})'
            value = figures.ask("VRP_GET", SYMBOL, field)
            sheet.formula(row, VALUE + n, _if_given(call), style, value)
    frame.grey_errors(sheet, styles, (first, VALUE, row, VALUE + len(WINDOWS) - 1))
    return row


_LEGS = 4
_STRIKES_ROW = 46


def _strikes(sheet: DeskSheet, styles: Styles, figures: Figures) -> None:
    """The legs of what to sell, always as many rows as the longest structure has legs."""
    row = _STRIKES_ROW
    frame.section(sheet, styles, row - 1, CHARTS, "Strikes of the structure")
    words = ("Leg", "Right", "Strike", "Delta", "Moves", "Basis", "Expiry")
    for n, text in enumerate(words):
        sheet.write_string(row, CHARTS + n, text, frame.heading(styles))
    shapes = ("@", "@", "#,##0.00", "+0.00;-0.00;0.00", "+0.00;-0.00;0.00", "@", "yyyy-mm-dd")
    each = [styles(look.ROW_LINE, align="center", valign="vcenter", font_color=look.INK,
                   num_format=shape) for shape in shapes]  # fmt: skip
    call = f"VRP_STRIKES({layout.SYMBOL_NAME},,,{layout.RULES_NAME})"
    legs = figures.ask("VRP_STRIKES", SYMBOL)
    legs = [*legs, *[[None] * len(words)] * (_LEGS - len(legs))]
    rows = ";".join(str(n + 1) for n in range(_LEGS))
    columns = ",".join(str(n + 1) for n in range(len(words)))
    padded = f'IFERROR(INDEX({call},{{{rows}}},{{{columns}}}),"")'
    sheet.spill(row + 1, CHARTS, _if_given(padded), legs, each)
    frame.hint(
        sheet, styles, row + 1 + _LEGS, CHARTS,
        "Moves: distance from spot in expected moves. Empty: there is nothing to sell; see Why.",
    )  # fmt: skip
    basis = f'VRP_GET({layout.SYMBOL_NAME},"edge_basis",,{layout.RULES_NAME})'
    quiet = styles(look.QUIET, italic=True, valign="vcenter")
    told = f'IFERROR("Edge: "&{basis}&".","")'
    value = f"Edge: {figures.ask('VRP_GET', SYMBOL, 'edge_basis')}."
    sheet.formula(row + 2 + _LEGS, CHARTS, _if_given(told), quiet, value)


_LEVELS_ROW = _STRIKES_ROW + _LEGS + 6
_LEVEL_COLUMNS = (CHARTS, CHARTS + 2, CHARTS + 4, CHARTS + 6)
_LEVEL_ROWS = len(LEVELS) + 1
_MILLIONS = "[>=1000000]+#,##0,,\\ \\m;[<=-1000000]-#,##0,,\\ \\m;#,##0.00"


def _levels(sheet: DeskSheet, styles: Styles, figures: Figures) -> None:
    """Levels of all expiries beside those of the traded window, and why one is missing."""
    row = _LEVELS_ROW
    frame.section(sheet, styles, row - 1, CHARTS, "Levels: all expiries, and the traded window")
    text = styles(look.ROW_LINE, font_color=look.INK, valign="vcenter", num_format="@")
    number = styles(look.ROW_LINE, align="right", valign="vcenter", font_color=look.INK,
                    num_format=_MILLIONS)  # fmt: skip
    blank = styles(look.ROW_LINE)
    call = f"VRP_LEVELS({layout.SYMBOL_NAME},,{layout.RULES_NAME})"
    table = figures.ask("VRP_LEVELS", SYMBOL)
    rows = ";".join(str(n + 1) for n in range(_LEVEL_ROWS))
    for n, column in enumerate(_LEVEL_COLUMNS):
        picked = f'IFERROR(INDEX({call},{{{rows}}},{n + 1}),"")'
        style = text if n in (0, 3) else number
        sheet.spill(row, column, _if_given(picked), [[line[n]] for line in table], [style])
        for line in range(_LEVEL_ROWS):
            sheet.write_blank(row + line, column + 1, None, blank)
    frame.hint(
        sheet, styles, row + _LEVEL_ROWS, CHARTS,
        "USD; net GEX in USD per 1 % move, m is a million. Near expiries hold most of it.",
    )  # fmt: skip


_GEX = _SHOWN + 10
_GEX_CHART_ROW = _LEVELS_ROW + _LEVEL_ROWS + 2


def _gex(book: Workbook, sheet: DeskSheet, styles: Styles, figures: Figures) -> int:
    """GEX by strike as columns, where a chain stands behind the figures; returns the last row."""
    number = styles(num_format="#,##0.##", align="center", font_color=look.GREY)
    call = f'VRP_LEVELS({layout.SYMBOL_NAME},"strikes",{layout.RULES_NAME})'
    table = figures.ask("VRP_LEVELS", SYMBOL, "strikes")
    found = table[1:] if isinstance(table, list) else []
    values = [*(line[:3] for line in found), *[[None, NA, NA]] * (STRIKES_KEPT - len(found))]
    for n, heading in enumerate(("Strike", "call GEX", "put GEX")):
        sheet.write_string(_HEAD, _GEX + n, heading, frame.heading(styles))
    rows = ";".join(str(n + 2) for n in range(STRIKES_KEPT))
    for column, which, nothing in ((_GEX, "1", '""'), (_GEX + 1, "{2,3}", "NA()")):
        picked = f"IFERROR(INDEX({call},{{{rows}}},{which}),{nothing})"
        part = [line[:1] if column == _GEX else line[1:] for line in values]
        sheet.spill(_DATA_ROW, column, _if_given(picked), part, [number])
    last = _DATA_ROW + STRIKES_KEPT - 1
    frame.hide_errors(sheet, styles, (_DATA_ROW, _GEX, last, _GEX + 2))
    chart = book.add_chart({"type": "column", "subtype": "stacked"})
    for n, name, colour in ((1, "calls", look.BLUE), (2, "puts", look.VERMILION)):
        chart.add_series(
            {
                "name": name,
                "categories": [layout.SYMBOL, _DATA_ROW, _GEX, last, _GEX],
                "values": [layout.SYMBOL, _DATA_ROW, _GEX + n, last, _GEX + n],
                "fill": {"color": colour}, "gap": 40,
            }
        )  # fmt: skip
    title = "GEX by strike, all expiries: the strikes with the most of it"
    words = {"name": "Arial", "size": 9, "color": look.INK, "bold": False}
    _titled(chart, title)
    chart.set_x_axis({"num_format": "0.##", "num_font": words, "label_position": "low"})
    chart.set_y_axis(
        {"name": "USD m per 1 % move", "name_font": words, "num_font": words,
         "num_format": "+#,##0,,;-#,##0,,;0",
         "major_gridlines": {"visible": True, "line": {"color": "#E6EAEF", "width": 0.75}}}
    )  # fmt: skip
    chart.set_legend({"position": "bottom", "font": words})
    chart.set_size({"width": 900, "height": 425})
    sheet.insert_chart(_GEX_CHART_ROW, CHARTS, chart, {"object_position": 2, "description": title})
    return _GEX_CHART_ROW + 25


def _titled(chart: Chart, title: str) -> None:
    chart.set_title(
        {"name": title, "overlay": False,
         "name_font": {"name": "Arial", "size": 12, "bold": True, "color": look.NAVY}}
    )  # fmt: skip
    chart.set_chartarea({"border": {"color": "#C9D0D8"}})
    chart.show_na_as_empty_cell()


def _history(sheet: DeskSheet, styles: Styles, figures: Figures) -> None:
    """Two spilled histories, and the rows of the charts made of them by plain formulas."""
    day = styles(num_format="yyyy-mm-dd", align="center", font_color=look.GREY)
    number = styles(num_format="0.00", align="center", font_color=look.GREY)
    frame.section(sheet, styles, _HEAD - 2, _DATA, "Figures of the charts")
    stored: dict[str, list[list[Any]]] = {}
    for column, field, days in ((_IV, "atm_iv", STORED_DAYS), (_SPREAD, "vrp_20d", STORED_DAYS)):
        for n, text in enumerate(("Day", field)):
            sheet.write_string(_HEAD, column + n, text, frame.heading(styles))
        call = f'VRP_HISTORY({layout.SYMBOL_NAME},"{field}",{days},{layout.RULES_NAME})'
        stored[field] = figures.ask("VRP_HISTORY", SYMBOL, field, days)
        sheet.spill(_DATA_ROW, column, _if_given(f'IFERROR({call},"")'), stored[field],
                    [day, number])  # fmt: skip
    names = ("Row", "Day", "IV", "RV20", "z", "+ band", "- band", "high", "exit")
    for n, text in enumerate(names):
        sheet.write_string(_HEAD, _SHOWN + n, text, frame.heading(styles))
    count = styles(num_format="0", align="center", font_color=look.GREY)
    values = _shown(figures, stored)
    for n, value in enumerate(values):
        row = _DATA_ROW + n
        styles_ = (count, day, *[number] * (len(names) - 2))
        for m, (formula, style) in enumerate(zip(_row(row, n), styles_, strict=True)):
            sheet.formula(row, _SHOWN + m, f"={formula}", style, value[m])
    last = _DATA_ROW + SHOWN_DAYS - 1
    frame.hide_errors(sheet, styles, (_DATA_ROW, _SHOWN, last, _SHOWN + len(names) - 1))


def _row(row: int, n: int) -> tuple[str, ...]:
    """The formulas of one day of the charts: the newest `SHOWN_DAYS` of what is stored."""
    last = _DATA_ROW + STORED_DAYS - 1
    days, spreads = (area(_DATA_ROW, _SPREAD + n, last, _SPREAD + n) for n in (0, 1))
    ivs = area(_DATA_ROW, _IV, last, _IV + 1)
    at, day, iv, z = (f"${address(row, _SHOWN + n)}" for n in (0, 1, 2, 4))
    spread = f"INDEX({spreads},{at})"
    window = f"INDEX({spreads},MAX(1,{at}-{rule_name('z_window')})):INDEX({spreads},{at}-1)"
    enough = f"AND(N({at})>1,N({at})>{rule_name('z_days_min')})"
    band = rule_name("z_band")
    known = f"ISNUMBER({z})"
    return (
        f"IF(COUNT({spreads})-{SHOWN_DAYS - 1 - n}>0,COUNT({spreads})-{SHOWN_DAYS - 1 - n},NA())",
        f"INDEX({days},{at})",
        f"VLOOKUP({day},{ivs},2,FALSE)",
        f"{iv}-{spread}",
        f"IF({enough},({spread}-AVERAGE({window}))/STDEV({window}),NA())",
        f"IF({known},{band},NA())",
        f"IF({known},-{band},NA())",
        f"IF({known},{rule_name('z_min')},NA())",
        f"IF({known},{rule_name('z_exit')},NA())",
    )


def _shown(figures: Figures, stored: dict[str, list[list[Any]]]) -> list[list[Any]]:
    """The same in Python."""
    rules = figures.rules
    ivs: dict[date, float] = {row[0]: row[1] for row in stored["atm_iv"]}
    rows = stored["vrp_20d"]
    spreads = [value for _, value in rows]
    out = []
    for n in range(SHOWN_DAYS):
        at = len(rows) - (SHOWN_DAYS - 1 - n)
        day, spread = rows[at - 1]
        before = spreads[max(0, at - 1 - rules.z_window) : at - 1]
        z: Any = NA
        if at > max(1, rules.z_days_min):
            z = (spread - statistics.fmean(before)) / statistics.stdev(before)
        bands = [rules.z_band, -rules.z_band, rules.z_min, rules.z_exit]
        out.append(
            [at, day, ivs[day], ivs[day] - spread, z, *(NA if z is NA else b for b in bands)]
        )
    return out


def _line(chart: Chart, column: int, name: str, colour: str, width: float, dash: str) -> None:
    first, last = _DATA_ROW, _DATA_ROW + SHOWN_DAYS - 1
    chart.add_series(
        {
            "name": name,
            "categories": [layout.SYMBOL, first, _SHOWN + 1, last, _SHOWN + 1],
            "values": [layout.SYMBOL, first, column, last, column],
            "line": {"color": colour, "width": width, "dash_type": dash},
        }
    )


def _charts(book: Workbook, sheet: DeskSheet) -> None:
    words = {"name": "Arial", "size": 9, "color": look.INK, "bold": False}
    grid = {"visible": True, "line": {"color": "#E6EAEF", "width": 0.75}}
    plans = (
        (4, "Implied and realized volatility", "points", "0",
         ((2, "ATM IV", look.BLUE, 1.75, "solid"), (3, "RV20", look.VERMILION, 1.75, "solid"))),
        (24, "z-score of the 20-day spread against the days before it", "sd", "+0.0;-0.0;0",
         ((4, "z", look.NAVY, 1.75, "solid"), (5, "rich", "#4C9BC9", 1.0, "dash"),
          (6, "compressed", "#B07D00", 1.0, "dash"), (7, "z_min", look.BLUE, 1.0, "round_dot"),
          (8, "z_exit", look.VERMILION, 1.0, "round_dot"))),
    )  # fmt: skip
    for row, title, unit, shape, series in plans:
        chart = book.add_chart({"type": "line"})
        for offset, name, colour, width, dash in series:
            _line(chart, _SHOWN + offset, name, colour, width, dash)
        _titled(chart, title)
        chart.set_x_axis(
            {"date_axis": True, "num_format": "yyyy-mm", "num_font": words, "major_unit": 2,
             "major_unit_type": "months", "label_position": "low"}
        )  # fmt: skip
        chart.set_y_axis({"name": unit, "name_font": words, "num_font": words,
                          "num_format": shape, "major_gridlines": grid})  # fmt: skip
        chart.set_legend({"position": "bottom", "font": words})
        chart.set_size({"width": 900, "height": 425})
        sheet.insert_chart(row, CHARTS, chart, {"object_position": 2, "description": title})
