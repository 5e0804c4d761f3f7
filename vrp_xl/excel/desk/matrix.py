"""The Matrix sheet: the 2x2 with its names and yesterday's moves, by formulas over the scan.

And distance to the gamma flip against the z-score as a chart, with the thresholds as lines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vrp_xl.core.matrix import CELL_MEANING, CELL_NAME
from vrp_xl.excel import layout
from vrp_xl.excel import styles as look
from vrp_xl.excel.desk import frame, scan
from vrp_xl.excel.desk.cells import NA, address, area
from vrp_xl.excel.desk.settings import rule_name

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.chart import Chart

    from vrp_xl.core.matrix import Cell
    from vrp_xl.excel.desk.cells import DeskSheet
    from vrp_xl.excel.desk.figures import Figures
    from vrp_xl.excel.styles import Styles

MOST_POINTS = 60
"""Rows of the scan that the chart shows; candidates come first."""

LABEL, LEFT, GAP, RIGHT = 1, 2, 3, 4
_PLACES: dict[Cell, tuple[int, int]] = {"A": (4, LEFT), "B": (4, RIGHT), "C": (9, LEFT),
                                        "D": (9, RIGHT)}  # fmt: skip
"""Cell -> row and column (from 0) of its box."""
_UNKNOWN_ROW = 14
_CHART_COLUMN = 6
_LAST_COLUMN = 15
_DATA_ROW = 20
"""Row (from 0) of the headings of the chart's figures."""
_POINTS, _LINES = 1, 18
_LETTERS = ("A", "B", "C", "D", "?")

_SIZES: dict[Cell, str] = {"A": "size_a", "B": "size_b", "C": "size_c", "D": "size_d"}
_ENDS = (
    ("high premium", "z", "z_min", look.BLUE, "dash"),
    ("exit", "z", "z_exit", look.VERMILION, "dash"),
    ("flip", "x", "", "#4D4D4D", "solid"),
    ("near the flip", "x", "flip_warn_pct", "#B07D00", "round_dot"),
)
"""The threshold lines: name, axis that it crosses, rule, colour, dash."""


def write_matrix(book: Workbook, sheet: DeskSheet, styles: Styles, figures: Figures) -> None:
    """Fills the sheet."""
    _frame(sheet, styles, figures)
    for cell in _PLACES:
        _box(sheet, styles, figures, cell)
    _unknown(sheet, styles, figures)
    _points(sheet, styles, figures)
    _lines(sheet, styles, figures)
    _chart(book, sheet)
    sheet.set_selection(0, 0, 0, 0)
    frame.page(sheet, _UNKNOWN_ROW + 2, _LAST_COLUMN, repeat=(0, 1))


def _scan(name: str) -> str:
    return scan.column(name, sheet=layout.SCAN)


def _signed(number: str) -> str:
    """A number with its sign and two decimals as text, in the words of any language."""
    return f'IF({number}<0,"-","+")&FIXED(ABS({number}),2)'


def _frame(sheet: DeskSheet, styles: Styles, figures: Figures) -> None:
    sheet.set_column(0, 0, 2)
    sheet.set_column(LABEL, LABEL, 19)
    for column in (LEFT, RIGHT):
        sheet.set_column(column, column, 54)
    sheet.set_column(GAP, GAP, 2)
    sheet.set_column(RIGHT + 1, RIGHT + 1, 2)
    sheet.set_column(_CHART_COLUMN, _LINES + 4, 10)
    frame.title(sheet, styles, "GAMMA AND PREMIUM MATRIX", _LAST_COLUMN)
    sample = f'OR({scan.fact("sample", sheet=layout.SCAN)}=TRUE,{rule_name("source")}="sample")'
    frame.badge(sheet, styles, 0, RIGHT, sample)
    sheet.set_row(1, 22)
    as_of = scan.fact("as_of", sheet=layout.SCAN)
    sheet.write_string(1, LABEL, "As of, New York", styles(look.QUIET, valign="vcenter"))
    sheet.formula(
        1, LEFT, f'=IF({as_of}="","no figures",{as_of})',
        styles(bold=True, font_color=look.INK, valign="vcenter", align="left",
               num_format="ddd yyyy-mm-dd hh:mm"), figures.facts["as_of"],
    )  # fmt: skip
    frame.hint(
        sheet, styles, 2, LABEL,
        "z-score beside each name.   *: the regime is only the sign of net GEX.   Counts and names "
        "follow the Scan sheet and Settings.",
    )  # fmt: skip
    axis = styles(bold=True, font_color=look.NAVY, align="center", valign="vcenter",
                  text_wrap=True, bg_color=look.HEADER_FILL)  # fmt: skip
    sheet.set_row(3, 22)
    sheet.write_string(3, LEFT, "POSITIVE GAMMA: dealers dampen moves", axis)
    sheet.write_string(3, RIGHT, "NEGATIVE GAMMA: dealers amplify moves", axis)
    z_min = figures.rules.z_min
    for cell, words, side in (("A", "HIGH PREMIUM", "at or above"), ("C", "LOW PREMIUM", "below")):
        row = _PLACES[cell][0]  # type: ignore[index]
        sheet.formula(
            row, LABEL, f'="{words}"&CHAR(10)&"z {side} "&FIXED({rule_name("z_min")},2)', axis,
            f"{words}\nz {side} {z_min:.2f}",
        )  # fmt: skip
        for n in range(1, 4):
            sheet.write_blank(row + n, LABEL, None, axis)
        for n, height in enumerate((28, 20, 92, 34)):
            sheet.set_row(row + n, height)
    sheet.set_row(8, 8)
    sheet.set_row(13, 12)


def _names(condition: str) -> str:
    """A formula with every name that meets a condition, with its z-score."""
    symbol, z = _scan("symbol"), _scan("z_score")
    star = f'IF(EXACT({_scan("gamma_basis")},"net_gex"),"*","")'
    number = f"IF(ISNUMBER({z}),{z},0)"
    shown = f'{symbol}&{star}&IF(ISNUMBER({z})," "&{_signed(number)},"")'
    return f'=_xlfn.TEXTJOIN("     ",TRUE,IF({condition},{shown},""))'


def _signed_text(z: Any) -> str:
    return "" if z is None else f" {'-' if z < 0 else '+'}{abs(z):.2f}"


def _label(figures: Figures, n: int) -> str:
    star = "*" if figures.of(n, "gamma_basis") == "net_gex" else ""
    return f"{figures.of(n, 'symbol')}{star}{_signed_text(figures.of(n, 'z_score'))}"


def _box(sheet: DeskSheet, styles: Styles, figures: Figures, cell: Cell) -> None:
    row, column = _PLACES[cell]
    fill = {**look.LETTERS[cell], "border": 0}
    cells, symbol, before = _scan("cell"), _scan("symbol"), _scan("yesterday")
    rule = rule_name(_SIZES[cell])
    inside = [n for n, letter in enumerate(figures.cells) if letter == cell]
    size = getattr(figures.rules, _SIZES[cell])
    count = scan.counted(cells, cell)
    sheet.formula(
        row, column,
        f'="{cell}   {CELL_NAME[cell]}   ·   "&{count}&IF({count}=1," name"," names")'
        f'&"   ·   size "&FIXED({rule},2)&"x"',
        styles(fill, bold=True, font_size=12, valign="vcenter", align="left", indent=1),
        f"{cell}   {CELL_NAME[cell]}   ·   {len(inside)} name{'' if len(inside) == 1 else 's'}"
        f"   ·   size {size:.2f}x",
    )  # fmt: skip
    edge = {"left": 1, "right": 1, "left_color": look.EDGE, "right_color": look.EDGE}
    meaning = CELL_MEANING[cell][0].upper() + CELL_MEANING[cell][1:]
    sheet.write_string(
        row + 1, column, meaning,
        styles(edge, look.QUIET, italic=True, indent=1, valign="vcenter", font_size=9),
    )  # fmt: skip
    names = styles(edge, font_size=11, indent=1, align="left", valign="top", text_wrap=True,
                   font_color=look.INK)  # fmt: skip
    listed = "     ".join(_label(figures, n) for n in inside)
    sheet.formula(row + 2, column, _names(f'EXACT({cells},"{cell}")'), names, listed, array=True)
    moved = [n for n in inside if figures.of(n, "yesterday") not in (None, cell)]
    moves = ",  ".join(
        f"{figures.of(n, 'symbol')} from {figures.of(n, 'yesterday')}" for n in moved
    )
    here = (
        f'_xlfn.TEXTJOIN(",  ",TRUE,IF(EXACT({cells},"{cell}")*({before}<>"")*({before}<>"{cell}"),'
        f'{symbol}&" from "&{before},""))'
    )
    sheet.formula(
        row + 3, column, f'="Moved here since yesterday:  "&IF({here}="","none",{here})',
        styles(edge, font_color=look.INK, indent=1, valign="vcenter", text_wrap=True,
               bottom=1, bottom_color=look.EDGE),
        f"Moved here since yesterday:  {moves or 'none'}", array=True,
    )  # fmt: skip


def _known(figures: Figures, n: int) -> bool:
    return figures.cells[n] in CELL_NAME


def _unknown(sheet: DeskSheet, styles: Styles, figures: Figures) -> None:
    """The box of names without a cell, with why."""
    row = _UNKNOWN_ROW
    edge = {"border": 1, "border_color": look.LETTERS["?"]["border_color"]}
    cells, symbol, why = _scan("cell"), _scan("symbol"), _scan("why")
    sheet.set_row(row, 24)
    head = styles(edge, bold=True, font_size=12, indent=1, valign="vcenter", font_color=look.BLACK)
    known = "+".join(scan.counted(cells, x) for x in "ABCD")
    count = f'(SUMPRODUCT(--({symbol}<>""))-({known}))'
    lost = [n for n in range(len(figures.raw)) if not _known(figures, n)]
    sheet.write_string(row, LABEL, "?", styles(edge, bold=True, font_size=16, align="center",
                                               valign="vcenter"))  # fmt: skip
    sheet.formula(
        row, LEFT, f'="Cell not known   ·   "&{count}&IF({count}=1," name"," names")', head,
        f"Cell not known   ·   {len(lost)} name{'' if len(lost) == 1 else 's'}",
    )  # fmt: skip
    sheet.set_row(row + 1, 78)
    outside = f'({symbol}<>"")*(EXACT({cells},"?")+EXACT({cells},""))'
    told = styles(edge, indent=1, align="left", valign="top", text_wrap=True, font_color=look.INK)
    told_formula = f'=_xlfn.TEXTJOIN(CHAR(10),TRUE,IF({outside},{symbol}&": "&{why},""))'
    sheet.write_blank(row + 1, LABEL, None, styles(edge))
    words = "\n".join(f"{figures.of(n, 'symbol')}: {figures.of(n, 'why') or ''}" for n in lost)
    sheet.formula(row + 1, LEFT, told_formula, told, words, array=True)


def _points(sheet: DeskSheet, styles: Styles, figures: Figures) -> None:
    """The chart's figures: a row per symbol, a column of z for each letter."""
    frame.section(sheet, styles, _DATA_ROW - 1, _POINTS, "In the chart")
    frame.hint(
        sheet, styles, _DATA_ROW - 1, LEFT,
        f"The first {MOST_POINTS} rows of the scan; without a z-score or a flip there is no point.",
    )  # fmt: skip
    for n, words in enumerate(("Symbol", "To flip, % spot", "", "z")):
        if words:
            sheet.write_string(_DATA_ROW, _POINTS + n, words, frame.heading(styles))
    first_letter = _CHART_COLUMN
    for n, letter in enumerate(_LETTERS):
        sheet.write_string(_DATA_ROW, first_letter + n, f"z in {letter}", frame.heading(styles))
    text = styles(font_color=look.INK, indent=1, num_format="@")
    far = styles(font_color=look.INK, num_format=look.NUMBER_FORMATS["signed percent"],
                 align="center")  # fmt: skip
    signed = styles(font_color=look.INK, num_format=look.NUMBER_FORMATS["signed"], align="center")
    for n in range(MOST_POINTS):
        row, source = _DATA_ROW + 1 + n, scan.FIRST_ROW + n
        there = {name: f"{layout.SCAN}!{address(source, scan.INDEX[name])}"
                 for name in ("symbol", "flip_distance_pct", "z_score", "cell")}  # fmt: skip
        known = n < len(figures.raw)
        value = {name: figures.of(n, name) if known else None for name in there}
        symbol, distance, z = there["symbol"], there["flip_distance_pct"], there["z_score"]
        sheet.formula(row, _POINTS, f'={symbol}&""', text, value["symbol"])
        far_value = NA if value["flip_distance_pct"] is None else value["flip_distance_pct"]
        sheet.formula(row, LEFT, f"=IF(ISNUMBER({distance}),{distance},NA())", far, far_value)
        z_value = NA if value["z_score"] is None else value["z_score"]
        sheet.formula(row, RIGHT, f"=IF(ISNUMBER({z}),{z},NA())", signed, z_value)
        cell = value["cell"] or "?"
        for m, letter in enumerate(_LETTERS):
            here = f'EXACT({there["cell"]},"{letter}")'
            if letter == "?":
                here = f'OR({here},EXACT({there["cell"]},""))'
            missing = known is False or cell != letter or NA in (far_value, z_value)
            both = f"AND({here},ISNUMBER({distance}),ISNUMBER({z}))"
            sheet.formula(
                row, first_letter + m, f"=IF({both},{z},NA())", signed,
                NA if missing else value["z_score"],
            )  # fmt: skip
    last = _DATA_ROW + MOST_POINTS
    frame.hide_errors(sheet, styles, (_DATA_ROW + 1, LEFT, last, first_letter + len(_LETTERS) - 1))


def _lines(sheet: DeskSheet, styles: Styles, figures: Figures) -> None:
    """The ends of the threshold lines: as wide as the points, and a little wider."""
    column = _CHART_COLUMN + len(_LETTERS) + 1
    distances = area(_DATA_ROW + 1, LEFT, _DATA_ROW + MOST_POINTS, LEFT)
    heights = area(_DATA_ROW + 1, RIGHT, _DATA_ROW + MOST_POINTS, RIGHT)
    for n, words in enumerate(("Line", "To flip", "z")):
        sheet.write_string(_DATA_ROW, column + n, words, frame.heading(styles))
    text = styles(font_color=look.INK)
    signed = styles(font_color=look.INK, num_format=look.NUMBER_FORMATS["signed"], align="center")
    every_x, every_z = _numbers(figures, "flip_distance_pct"), _numbers(figures, "z_score")
    rules = figures.rules
    row = _DATA_ROW + 1
    low_x, high_x = min([*every_x, 0.0]) - 1, max([*every_x, rules.flip_warn_pct]) + 1
    low_z = min([*every_z, rules.z_exit]) - 0.5
    high_z = max([*every_z, rules.z_min]) + 0.5
    lowest, highest = "_xlfn.AGGREGATE(5,6,{0})", "_xlfn.AGGREGATE(4,6,{0})"
    bounds = {
        "z": (
            (f"=MIN(0,IFERROR({lowest.format(distances)},0))-1", low_x),
            (
                f"=MAX({rule_name('flip_warn_pct')},IFERROR({highest.format(distances)},0))+1",
                high_x,
            ),
        ),
        "x": (
            (f"=MIN({rule_name('z_exit')},IFERROR({lowest.format(heights)},0))-0.5", low_z),
            (f"=MAX({rule_name('z_min')},IFERROR({highest.format(heights)},0))+0.5", high_z),
        ),
    }
    for name, axis, rule, _, _ in _ENDS:
        for formula, value in bounds[axis]:
            sheet.write_string(row, column, name, text)
            moving, fixed = (column + 1, column + 2) if axis == "z" else (column + 2, column + 1)
            sheet.formula(row, moving, formula, signed, value)
            if rule:
                sheet.formula(row, fixed, f"={rule_name(rule)}", signed, getattr(rules, rule))
            else:
                sheet.write_number(row, fixed, 0, signed)
            row += 1


def _numbers(figures: Figures, name: str) -> list[float]:
    found = [figures.of(n, name) for n in range(len(figures.raw))]
    return [v for v in found if v is not None]


def _cells(column: int, first: int, last: int) -> list[Any]:
    return [layout.MATRIX, first, column, last, column]


def _chart(book: Workbook, sheet: DeskSheet) -> None:
    chart = book.add_chart({"type": "scatter", "subtype": "straight"})
    lines = _CHART_COLUMN + len(_LETTERS) + 1
    for n, (name, _, _, colour, dash) in enumerate(_ENDS):
        first = _DATA_ROW + 1 + 2 * n
        font = {"name": "Arial", "size": 9, "color": colour, "italic": True}
        chart.add_series(
            {
                "name": name,
                "categories": _cells(lines + 1, first, first + 1),
                "values": _cells(lines + 2, first, first + 1),
                "line": {"color": colour, "width": 1.25, "dash_type": dash},
                "marker": {"type": "none"},
                "data_labels": {
                    "value": True, "position": ("above", "above", "left", "right")[n],
                    "custom": [{"value": name, "font": font}, {"delete": True}] if n < 2
                    else [{"delete": True}, {"value": name, "font": font}],
                },
            }
        )  # fmt: skip
    first, last = _DATA_ROW + 1, _DATA_ROW + MOST_POINTS
    for m, letter in enumerate(_LETTERS):
        style = look.LETTERS[letter]
        labels = [{"value": f"={layout.MATRIX}!{address(row, _POINTS, fixed=True)}"}
                  for row in range(first, last + 1)]  # fmt: skip
        edge = {"A": look.BLUE, "B": "#A87400", "C": look.BLUE}.get(letter, "#4D4D4D")
        chart.add_series(
            {
                "name": f"{letter}  {CELL_NAME[letter]}" if letter in CELL_NAME
                else "?  not known",
                "categories": _cells(LEFT, first, last),
                "values": _cells(_CHART_COLUMN + m, first, last),
                "line": {"none": True},
                "marker": {"type": "circle", "size": 9, "fill": {"color": style["bg_color"]},
                           "border": {"color": edge}},
                "data_labels": {"value": True, "position": "right", "custom": labels,
                                "font": {"name": "Arial", "size": 9, "color": look.INK}},
            }
        )  # fmt: skip
    _dress(chart)
    chart.set_size({"width": 760, "height": 560})
    sheet.insert_chart(
        3, _CHART_COLUMN, chart,
        {"object_position": 2, "description": "Distance to the gamma flip against the z-score"},
    )  # fmt: skip


def _dress(chart: Chart) -> None:
    words = {"name": "Arial", "size": 9, "color": look.INK, "bold": False}
    grid = {"visible": True, "line": {"color": "#E6EAEF", "width": 0.75}}
    chart.set_title(
        {"name": "Distance to the gamma flip against the z-score of the premium",
         "name_font": {"name": "Arial", "size": 12, "bold": True, "color": look.NAVY},
         "overlay": False}
    )  # fmt: skip
    chart.set_x_axis(
        {"name": "Distance to the gamma flip, % of spot (negative: spot is below it)",
         "name_font": words, "num_font": words, "num_format": "+0.0;-0.0;0",
         "label_position": "low", "major_gridlines": grid}
    )  # fmt: skip
    chart.set_y_axis(
        {"name": "z-score, standard deviations", "name_font": words, "num_font": words,
         "num_format": "+0.0;-0.0;0", "label_position": "low", "major_gridlines": grid}
    )  # fmt: skip
    chart.set_legend({"position": "bottom", "font": words,
                      "delete_series": list(range(len(_ENDS)))})  # fmt: skip
    chart.show_na_as_empty_cell()
    chart.set_chartarea({"border": {"color": "#C9D0D8"}})
