"""The WhatIf sheet: grids over thresholds, sizes and exits; every axis is an input cell."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from vrp_xl.excel import layout
from vrp_xl.excel import styles as look
from vrp_xl.excel.desk import frame
from vrp_xl.excel.desk.cells import address, area
from vrp_xl.excel.desk.settings import SYMBOLS, rule_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vrp_xl.excel.desk.cells import DeskSheet
    from vrp_xl.excel.desk.figures import Figures
    from vrp_xl.excel.styles import Styles

Z_AXIS = (0.0, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0)
SPREAD_AXIS = (0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0)
STRUCTURAL_AXIS = (0.9, 1.0, 1.05, 1.1, 1.15, 1.2, 1.3)
TACTICAL_AXIS = (1.0, 1.05, 1.1, 1.15, 1.2, 1.3, 1.4)
EQUITY_AXIS = (25_000.0, 50_000.0, 75_000.0, 100_000.0, 150_000.0, 250_000.0, 500_000.0)
RISK_AXIS = (0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 5.0)
EXIT_Z_AXIS = (2.0, 1.5, 1.0, 0.5, 0.0, -0.5, -1.0)
MOVE_AXIS = (-5.0, -3.0, -2.0, -1.0, 0.0, 1.0, 3.0)
DAYS_AXIS = (7.0, 14.0, 21.0, 30.0, 45.0, 60.0, 90.0)
IV_AXIS = (12.0, 15.0, 18.0, 22.0, 28.0, 35.0, 50.0)

LEFT, RIGHT = 1, 11
"""Columns (from 0) of the left-hand and the right-hand blocks."""
GRID_ROW, NAMES_ROW, SIZE_ROW, EXIT_ROW = 3, 15, 23, 40
"""Rows (from 0) where blocks begin."""
SYMBOL = "SPY"
EQUITY, RISK, LOSS, MULTIPLE = 100_000.0, 2.0, 1790.0, 1.75
_WIDTH = 7
_BLUES = ("#FFFFFF", "#6FB1DC")


def write_whatif(sheet: DeskSheet, styles: Styles, figures: Figures) -> None:
    """Fills the sheet."""
    sheet.set_column(0, 0, 2)
    sheet.set_column(LEFT, LEFT, 15)
    sheet.set_column(LEFT + 1, LEFT + _WIDTH, 10.5)
    sheet.set_column(LEFT + _WIDTH + 1, RIGHT - 1, 2)
    sheet.set_column(RIGHT, RIGHT, 15)
    sheet.set_column(RIGHT + 1, RIGHT + _WIDTH, 10.5)
    frame.title(sheet, styles, "WHAT IF", RIGHT + _WIDTH)
    sheet.set_row(1, 20)
    frame.hint(
        sheet, styles, 1, LEFT,
        "Yellow cells are yours: change an axis and its grid follows. Names are those of the "
        "watchlist; all other rules are those of Settings.",
    )  # fmt: skip
    frame.badge(sheet, styles, 0, RIGHT, f'{rule_name("source")}="sample"', last=RIGHT + 2)
    _candidates(sheet, styles, figures)
    _ratios(sheet, styles, figures)
    _movers(sheet, styles, figures)
    _contracts(sheet, styles, figures)
    _moves(sheet, styles, figures)
    _exits(sheet, styles, figures)
    sheet.set_selection(0, 0, 0, 0)
    frame.page(sheet, EXIT_ROW + 14, RIGHT + _WIDTH, repeat=(0, 0))


def _axis(
    sheet: DeskSheet, styles: Styles, row: int, column: int, values: Sequence[float], shape: str,
    *, down: bool, name: str, low: float, high: float,
) -> str:  # fmt: skip
    """Writes an axis of input cells; returns its address."""
    style = styles(look.INPUT, num_format=shape, bold=True)
    for n, value in enumerate(values):
        sheet.write_number(row + n * down, column + n * (not down), value, style)
    last = (row + (len(values) - 1) * down, column + (len(values) - 1) * (not down))
    sheet.data_validation(row, column, *last, frame.between(low, high, name))
    return area(row, column, *last)


def _corner(
    sheet: DeskSheet, styles: Styles, row: int, column: int, down: str, across: str
) -> None:
    """Says what the two axes are."""
    style = styles(look.QUIET, font_size=8, align="center", valign="vcenter", text_wrap=True)
    sheet.write_string(row, column, f"{down} \u2193  {across} \u2192", style)


def _grid_style(styles: Styles, shape: str = "0") -> Any:
    return styles(num_format=shape, align="center", valign="vcenter", font_color=look.INK,
                  border=1, border_color=look.LINE)  # fmt: skip


def _scale(sheet: DeskSheet, row: int, column: int) -> None:
    sheet.conditional_format(
        row, column, row + _WIDTH - 1, column + _WIDTH - 1,
        {"type": "2_color_scale", "min_color": _BLUES[0], "max_color": _BLUES[1]},
    )  # fmt: skip


def _counts(
    sheet: DeskSheet, styles: Styles, figures: Figures, column: int, function: str,
    down: tuple[str, Sequence[float], str, str], across: tuple[str, Sequence[float], str, str],
) -> None:  # fmt: skip
    """A grid of counts by one spilled call; each axis is a name, values, format and its rule."""
    row = GRID_ROW + 2
    _corner(sheet, styles, row, column, down[0], across[0])
    sheet.set_row(row, 24)
    rows = _axis(sheet, styles, row + 1, column, down[1], down[2], down=True, name=down[0],
                 low=-100, high=100)  # fmt: skip
    columns = _axis(sheet, styles, row, column + 1, across[1], across[2], down=False,
                    name=across[0], low=-100, high=100)  # fmt: skip
    names: list[list[Any]] = [[name] for name in figures.watchlist]
    values = figures.ask(function, names, [[v] for v in down[1]], [list(across[1])])
    formula = f"={function}({SYMBOLS},{rows},{columns},,{layout.RULES_NAME})"
    sheet.spill(row + 1, column + 1, formula, values, [_grid_style(styles)])
    _scale(sheet, row + 1, column + 1)
    first = f"${address(row + 1, column)}"
    over = address(row, column + 1).replace(str(row + 1), f"${row + 1}")
    rule = {
        "type": "formula",
        "criteria": f"=AND({first}={rule_name(down[3])},{over}={rule_name(across[3])})",
        "format": styles.rule(bold=True, border=1, border_color=look.VERMILION),
    }
    bounds = (row + 1, column + 1, row + _WIDTH, column + _WIDTH)
    sheet.conditional_format(*bounds, rule)


def _candidates(sheet: DeskSheet, styles: Styles, figures: Figures) -> None:
    frame.section(sheet, styles, GRID_ROW, LEFT, "Candidates over z and spread")
    frame.hint(
        sheet, styles, GRID_ROW + 1, LEFT,
        "How many names are candidates. The framed cell is where your rules stand.",
    )  # fmt: skip
    _counts(
        sheet, styles, figures, LEFT, "VRP_WHATIF",
        ("z at least", Z_AXIS, '"z ≥ "0.00', "z_min"),
        ("spread above", SPREAD_AXIS, '"> "0.0', "spread_min"),
    )  # fmt: skip


def _ratios(sheet: DeskSheet, styles: Styles, figures: Figures) -> None:
    frame.section(sheet, styles, GRID_ROW, RIGHT, "Candidates of the ratio method")
    frame.hint(sheet, styles, GRID_ROW + 1, RIGHT,
               "IV/HV90 down, IV/HV30 across; counted by the two ratios alone.")  # fmt: skip
    _counts(
        sheet, styles, figures, RIGHT, "VRP_WHATIFRATIO",
        ("IV/HV90 above", STRUCTURAL_AXIS, '"> "0.00', "structural_min"),
        ("IV/HV30 above", TACTICAL_AXIS, '"> "0.00', "tactical_min"),
    )  # fmt: skip


def _movers(sheet: DeskSheet, styles: Styles, figures: Figures) -> None:
    """Which names enter or leave when thresholds move."""
    row = NAMES_ROW
    frame.section(sheet, styles, row, LEFT, "Who enters, who leaves")
    frame.hint(sheet, styles, row, LEFT + 3,
               "Candidates before and after one threshold (or both) moves.")  # fmt: skip
    for n, words in enumerate(("", "z at least", "spread above", "Candidates")):
        style = frame.heading(styles, align="left" if n == 3 else "center", wrap=False)
        sheet.write_string(row + 1, LEFT + n, words, style)
    for n in range(LEFT + 4, RIGHT + _WIDTH + 1):
        sheet.write_blank(row + 1, n, None, frame.heading(styles))
    label = styles(bold=True, font_color=look.INK, valign="vcenter", indent=1)
    force = styles(font_color=look.INK, align="center", valign="vcenter", num_format="0.00",
                   border=1, border_color=look.LINE)  # fmt: skip
    rules = figures.rules
    sheet.write_string(row + 2, LEFT, "Before (rules)", label)
    for n, name in enumerate(("z_min", "spread_min")):
        at = (row + 2, LEFT + 1 + n)
        sheet.formula(*at, f"={rule_name(name)}", force, getattr(rules, name))
    sheet.write_string(row + 3, LEFT, "After", label)
    after = (rules.z_min, 6.0)
    for n, value in enumerate(after):
        at = (row + 3, LEFT + 1 + n)
        sheet.write_number(*at, value, styles(look.INPUT, num_format="0.00", bold=True))
        sheet.data_validation(*at, *at, frame.between(-100, 100, ("z at least", "spread above")[n]))
    names: list[list[Any]] = [[name] for name in figures.watchlist]
    told = styles(font_color=look.INK, valign="vcenter", align="left", indent=1, font_size=11)
    lists = []
    pairs = ((rules.z_min, rules.spread_min), after)
    for n, (z, spread) in enumerate(pairs):
        cells = ",".join(address(row + 2 + n, LEFT + c, fixed=True) for c in (1, 2))
        formula = f'=VRP_WHATIF({SYMBOLS},{cells},"names",{layout.RULES_NAME})'
        listed = figures.ask("VRP_WHATIF", names, z, spread, "names")[0][0]
        sheet.spill(row + 2 + n, LEFT + 3, formula, [[listed]], [told])
        lists.append(listed.split(", ") if listed else [])
    for n, (words, now, then, colour) in enumerate(
        (("Enter", 1, 0, look.GOOD), ("Leave", 0, 1, look.BAD))
    ):
        sheet.write_string(row + 4 + n, LEFT, words, label)
        here = address(row + 2 + now, LEFT + 3, fixed=True)
        there = address(row + 2 + then, LEFT + 3, fixed=True)
        found = f'ISNUMBER(FIND(", "&UPPER({SYMBOLS})&",",", "&{{}}&","))'
        formula = (
            f'=_xlfn.TEXTJOIN(", ",TRUE,IF(({SYMBOLS}<>"")*{found.format(here)}'
            f'*NOT({found.format(there)}),{SYMBOLS},""))'
        )
        names_ = [s for s in figures.watchlist if s in lists[now] and s not in lists[then]]
        sheet.formula(row + 4 + n, LEFT + 3, formula,
                      styles(colour, align="left", indent=1, valign="vcenter", font_size=11),
                      ", ".join(names_), array=True)  # fmt: skip
    for n in range(1, 6):
        sheet.set_row(row + n, 20)


def _inputs(
    sheet: DeskSheet, styles: Styles, row: int, column: int,
    items: Sequence[tuple[str, float, str, float, float]],
) -> list[str]:  # fmt: skip
    """Labelled input cells below each other; returns their addresses."""
    label = styles(look.QUIET, valign="vcenter", indent=1)
    found = []
    for n, (words, value, shape, low, high) in enumerate(items):
        sheet.write_string(row + n, column, words, label)
        style = styles(look.INPUT, num_format=shape, bold=True)
        sheet.write_number(row + n, column + 3, value, style)
        at = (row + n, column + 3)
        sheet.data_validation(*at, *at, frame.between(low, high, words))
        found.append(address(*at))
    return found


def _contracts(sheet: DeskSheet, styles: Styles, figures: Figures) -> None:
    """Contracts over equity and risk: a genuine Data Table over worksheet functions."""
    row = SIZE_ROW
    frame.section(sheet, styles, row, LEFT, "Contracts over equity and risk")
    frame.hint(sheet, styles, row + 6, LEFT, "An Excel Data Table over the formula in its corner.")
    equity, risk, loss, multiple = _inputs(
        sheet, styles, row + 1, LEFT,
        (("Equity, USD", EQUITY, "#,##0", 0, 1e12),
         ("Risk per trade, % of equity", RISK, "0.00", 0, 100),
         ("Largest loss of one contract, USD", LOSS, "#,##0", 0.01, 1e9),
         ("Size multiplier of the cell, x", MULTIPLE, "0.00", 0, 10)),
    )  # fmt: skip
    label = styles(look.QUIET, valign="vcenter", indent=1)
    sheet.write_string(row + 5, LEFT, "VRP_CONTRACTS for these", label)
    value = figures.ask("VRP_CONTRACTS", EQUITY, LOSS, RISK, MULTIPLE)
    bold = styles(bold=True, align="center", valign="vcenter", font_color=look.INK, num_format="0")
    formula = f"=VRP_CONTRACTS({equity},{loss},{risk},{multiple},{layout.RULES_NAME})"
    sheet.formula(row + 5, LEFT + 3, formula, bold, value)
    top = row + 7
    corner = f'=IF({loss}>0,INT({equity}*{risk}/100*{multiple}/{loss}+0.000000001),"")'
    style = styles(bold=True, align="center", valign="vcenter", font_color=look.NAVY,
                   num_format='0" contracts"', bg_color=look.HEADER_FILL)  # fmt: skip
    sheet.formula(top, LEFT, corner, style, _whole(EQUITY, RISK))
    _axis(sheet, styles, top + 1, LEFT, EQUITY_AXIS, "#,##0", down=True, name="Equity", low=0,
          high=1e12)  # fmt: skip
    _axis(sheet, styles, top, LEFT + 1, RISK_AXIS, '0.0"%"', down=False, name="Risk", low=0,
          high=100)  # fmt: skip
    values = [[_whole(e, r) for r in RISK_AXIS] for e in EQUITY_AXIS]
    sheet.data_table(top + 1, LEFT + 1, values, _grid_style(styles), row_input=risk,
                     column_input=equity)  # fmt: skip
    _scale(sheet, top + 1, LEFT + 1)


def _whole(equity: float, risk: float) -> int:
    return math.floor(equity * risk / 100 * MULTIPLE / LOSS + 1e-9)


def _moves(sheet: DeskSheet, styles: Styles, figures: Figures) -> None:
    """The expected move over days and IV: a second Data Table."""
    row = SIZE_ROW
    frame.section(sheet, styles, row, RIGHT, "Expected move over days and volatility, USD")
    frame.hint(sheet, styles, row + 5, RIGHT, "An Excel Data Table: spot x IV x sqrt(days / 365).")
    spot = figures.ask("VRP_GET", SYMBOL, "spot")
    price, iv, days = _inputs(
        sheet, styles, row + 1, RIGHT,
        (("Spot, USD", spot, "#,##0.00", 0.01, 1e7), ("IV, points", 16.68, "0.00", 1, 500),
         ("Days", 30, "0", 0, 3650)),
    )  # fmt: skip
    label = styles(look.QUIET, valign="vcenter", indent=1)
    sheet.write_string(row + 4, RIGHT, "VRP_MOVE for these", label)
    bold = styles(bold=True, align="center", valign="vcenter", font_color=look.INK,
                  num_format="0.00")  # fmt: skip
    sheet.formula(row + 4, RIGHT + 3, f"=VRP_MOVE({price},{iv},{days})", bold,
                  figures.ask("VRP_MOVE", spot, 16.68, 30))  # fmt: skip
    top = row + 7
    style = styles(bold=True, align="center", valign="vcenter", font_color=look.NAVY,
                   num_format='"± "0.00', bg_color=look.HEADER_FILL)  # fmt: skip
    sheet.formula(top, RIGHT, f"={price}*{iv}/100*SQRT({days}/365)", style, _move(spot, 16.68, 30))
    _axis(sheet, styles, top + 1, RIGHT, DAYS_AXIS, '0" days"', down=True, name="Days", low=0,
          high=3650)  # fmt: skip
    _axis(sheet, styles, top, RIGHT + 1, IV_AXIS, '"IV "0.0', down=False, name="IV", low=1,
          high=500)  # fmt: skip
    values = [[_move(spot, v, d) for v in IV_AXIS] for d in DAYS_AXIS]
    sheet.data_table(top + 1, RIGHT + 1, values, _grid_style(styles, "0.00"), row_input=iv,
                     column_input=days)  # fmt: skip
    _scale(sheet, top + 1, RIGHT + 1)


def _move(spot: float, iv: float, days: float) -> float:
    return spot * iv / 100 * math.sqrt(days / 365)


def _exits(sheet: DeskSheet, styles: Styles, figures: Figures) -> None:
    """The exit that leads over a move of spot and z: one spilled call."""
    row = EXIT_ROW
    frame.section(sheet, styles, row, LEFT, "Exit over a move of spot and z")
    frame.hint(
        sheet,
        styles,
        row,
        LEFT + 4,
        "What a position entered in cell A or C would ask for; profit and time left out.",
    )
    label = styles(look.QUIET, valign="vcenter", indent=1)
    spot_value = figures.ask("VRP_GET", SYMBOL, "spot")
    flip_value = figures.ask("VRP_GET", SYMBOL, "gamma_flip")
    sheet.write_string(row + 1, LEFT, "Symbol", label)
    at = (row + 1, LEFT + 1)
    sheet.write_string(*at, SYMBOL, styles(look.INPUT, bold=True))
    sheet.data_validation(*at, *at, frame.one_of(f"={SYMBOLS}", "Symbol"))
    symbol = address(*at, fixed=True)
    plain = styles(font_color=look.INK, num_format="#,##0.00", align="center", valign="vcenter",
                   bold=True)  # fmt: skip
    for n, (words, field, value) in enumerate(
        (("Spot, USD", "spot", spot_value), ("Gamma flip, USD", "gamma_flip", flip_value))
    ):
        column = LEFT + 2 + 3 * n
        sheet.write_string(row + 1, column, words, label)
        formula = f'=IF({symbol}="","",VRP_GET({symbol},"{field}",,{layout.RULES_NAME}))'
        sheet.formula(row + 1, column + 2, formula, plain, value)
    spot, flip = (address(row + 1, LEFT + c, fixed=True) for c in (4, 7))
    top = row + 3
    _corner(sheet, styles, top, LEFT, "z", "spot move, %")
    z_axis = _axis(sheet, styles, top + 1, LEFT, EXIT_Z_AXIS, '"z "+0.00;"z "-0.00;"z "0.00',
                   down=True, name="z", low=-20, high=20)  # fmt: skip
    _exit_grid(sheet, styles, figures, top, z_axis, spot, flip, (spot_value, flip_value))


def _exit_grid(
    sheet: DeskSheet, styles: Styles, figures: Figures, top: int, z_axis: str, spot: str,
    flip: str, known: tuple[float, float],
) -> None:  # fmt: skip
    """The grid itself: arrays of one shape are made inside the formula."""
    moves = _axis(sheet, styles, top, LEFT + 1, MOVE_AXIS, '+0.0"%";-0.0"%";0.0"%"', down=False,
                  name="spot move", low=-90, high=500)  # fmt: skip
    every_z = f"{z_axis}+0*{moves}"
    every_spot = f"{spot}*(1+{moves}/100)+0*{z_axis}"
    formula = f"=VRP_EXITSTATE({every_z},{every_spot},{flip},,,,,{layout.RULES_NAME})"
    grid_z = [[z for _ in MOVE_AXIS] for z in EXIT_Z_AXIS]
    grid_spot = [[known[0] * (1 + m / 100) for m in MOVE_AXIS] for _ in EXIT_Z_AXIS]
    values = figures.ask("VRP_EXITSTATE", grid_z, grid_spot, known[1], None, None, None, None)
    style = styles(font_size=8, align="center", valign="vcenter", text_wrap=True,
                   font_color=look.INK, border=1, border_color=look.LINE)  # fmt: skip
    sheet.spill(top + 1, LEFT + 1, formula, values, [style])
    for n in range(_WIDTH):
        sheet.set_row(top + 1 + n, 48)
    first = address(top + 1, LEFT + 1)
    colours = (
        ("CLOSE", {"bg_color": "#F4B5A0", "font_color": "#7A1F00"}),
        ("CUT HALF", {"bg_color": "#F4B5A0", "font_color": "#7A1F00"}),
        ("WARNING", {"bg_color": "#FFF6C2", "font_color": "#5C4A00"}),
        ("UNKNOWN", {"bg_color": "#E8EBEE", "font_color": "#6B7580", "italic": True}),
        ("OK", {"bg_color": "#D8EEF8", "font_color": "#00405F"}),
    )
    for word, look_ in colours:
        sheet.conditional_format(
            top + 1, LEFT + 1, top + _WIDTH, LEFT + _WIDTH,
            {"type": "formula", "criteria": f'=LEFT({first},{len(word)})="{word}"',
             "format": styles.rule(look_)},
        )  # fmt: skip
