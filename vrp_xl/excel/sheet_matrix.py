"""The Matrix sheet: gamma against premium as the 2x2, and as a chart of distance and z-score.

May write to the sheet it is given and nothing else.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from vrp_xl.core.matrix import CELL_MEANING, CELL_NAME
from vrp_xl.excel import styles as look
from vrp_xl.excel.sheet_settings import rule_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xlsxwriter import Workbook
    from xlsxwriter.chart import Chart
    from xlsxwriter.worksheet import Worksheet

    from vrp_xl.core.matrix import Cell
    from vrp_xl.core.rules import Rules
    from vrp_xl.excel.styles import Styles
    from vrp_xl.workflow.scan import Row, Scan

SHEET = "Matrix"
MOST_NAMES = 60
"""Names that one box shows; the rest is counted."""
MOST_UNKNOWN = 40
MOST_LABELS = 40
"""With more points than this only as many, the candidates of the highest z, carry a label."""

_LABEL_COLUMN = 1
_BOXES: dict[Cell, tuple[int, int]] = {"A": (4, 2), "B": (4, 7), "C": (9, 2), "D": (9, 7)}
"""Cell -> row and column (from 0) of the first cell of its box."""
_BOX_COLUMNS = 4
_BOX_WIDTH = 14.0
_LAST_BOX_COLUMN = 10
_CHART_COLUMN = 12
_LAST_COLUMN = 22
_LINES_COLUMN = 7
_LINES = (
    ("high premium", look.BLUE, "dash"),
    ("exit", look.VERMILION, "dash"),
    ("flip", "#4D4D4D", "solid"),
    ("near the flip", "#B07D00", "round_dot"),
)
"""The threshold lines: name, colour, dash."""
_LINE_POINTS = 3
_LABEL_AT = {"z": 0.07, "x": 0.97}
"""Where along a line its name stands: lines of a z-score, lines of a distance."""
_LOWER_ROW = 14
"""Row (from 0) where the lists below the boxes start."""


class Point(NamedTuple):
    """One symbol in the chart."""

    symbol: str
    cell: str
    distance: float
    z: float
    candidate: bool


def points(scan: Scan) -> list[Point]:
    """The symbols that have both a z-score and a distance to the flip, by cell."""
    found = [
        Point(
            look.clean(row.snapshot.symbol),
            row.decision.sign,
            row.decision.flip_distance_pct,
            row.snapshot.z_score,
            row.decision.candidate,
        )
        for row in scan.rows
        if look.number(row.decision.flip_distance_pct) is not None
        and look.number(row.snapshot.z_score) is not None
        and row.decision.flip_distance_pct is not None
        and row.snapshot.z_score is not None
    ]
    return sorted(found, key=lambda point: ("ABCD?".index(point.cell), -point.z, point.symbol))


def write_matrix(book: Workbook, sheet: Worksheet, styles: Styles, scan: Scan, facts: str) -> None:
    """Fills the sheet.

    Args:
        book: the workbook, which makes the chart.
        sheet: the empty sheet.
        styles: the workbook's formats.
        scan: what to show.
        facts: the line that says of when and where the figures are.
    """
    _frame(sheet, styles, scan, facts)
    for cell, (row, column) in _BOXES.items():
        _box(sheet, styles, scan, cell, row, column)
    high = 30.0 + sum(_heights(sheet, scan, _BOXES[cell][0]) for cell in ("A", "C"))
    at = _unknown(sheet, styles, scan, _LOWER_ROW)
    found = points(scan)
    _chart(book, sheet, styles, scan, found, at + 1, high)
    sheet.print_area(0, 0, at - 1, _LAST_COLUMN)
    sheet.set_selection(0, 0, 0, 0)


def _frame(sheet: Worksheet, styles: Styles, scan: Scan, facts: str) -> None:
    """Title, axes of the 2x2 and the widths of the columns."""
    sheet.set_column(0, 0, 2)
    sheet.set_column(_LABEL_COLUMN, _LABEL_COLUMN, 19)
    for column in range(2, _LAST_BOX_COLUMN + 1):
        sheet.set_column(column, column, _BOX_WIDTH)
    sheet.set_column(6, 6, 1.5)
    sheet.set_column(_LAST_BOX_COLUMN + 1, _LAST_BOX_COLUMN + 1, 2)
    sheet.set_column(_CHART_COLUMN, _LAST_COLUMN, 10)
    sheet.set_row(0, 32)
    for column in range(_LAST_COLUMN + 1):
        sheet.write_blank(0, column, None, styles(look.TITLE))
    sheet.write_string(0, _LABEL_COLUMN, "GAMMA AND PREMIUM MATRIX", styles(look.TITLE))
    if scan.sample:
        sheet.merge_range(
            0, _LAST_BOX_COLUMN - 2, 0, _LAST_BOX_COLUMN, look.SAMPLE_WORDS, styles(look.BADGE)
        )
    sheet.set_row(1, 22)
    sheet.write_string(1, _LABEL_COLUMN, facts, styles(font_color=look.INK, valign="vcenter"))
    sheet.write_string(
        2, _LABEL_COLUMN,
        "z-score beside each name, highest first. Bold: a candidate. "
        "*: the regime is only the sign of net GEX.",
        styles(look.QUIET, valign="vcenter", italic=True),
    )  # fmt: skip
    axis = styles(
        bold=True, font_color=look.NAVY, align="center", valign="vcenter", text_wrap=True,
        bg_color=look.HEADER_FILL,
    )  # fmt: skip
    sheet.set_row(3, 22)
    for cell, words in (("A", "POSITIVE GAMMA: dealers dampen moves"),
                        ("B", "NEGATIVE GAMMA: dealers amplify moves")):  # fmt: skip
        column = _BOXES[cell][1]  # type: ignore[index]
        sheet.merge_range(3, column, 3, column + _BOX_COLUMNS - 1, words, axis)
    for cell, words in (("A", f"HIGH PREMIUM\nz at or above {scan.rules.z_min:.2f}"),
                        ("C", f"LOW PREMIUM\nz below {scan.rules.z_min:.2f}")):  # fmt: skip
        row = _BOXES[cell][0]  # type: ignore[index]
        sheet.merge_range(row, _LABEL_COLUMN, row + 3, _LABEL_COLUMN, words, axis)
    sheet.set_row(8, 8)
    sheet.set_row(13, 12)


def size_in(cell: Cell, rules: Rules) -> float:
    """The size that the rules give to that cell."""
    return {"A": rules.size_a, "B": rules.size_b, "C": rules.size_c, "D": rules.size_d}[cell]


def _box(sheet: Worksheet, styles: Styles, scan: Scan, cell: Cell, row: int, column: int) -> None:
    last = column + _BOX_COLUMNS - 1
    fill = look.LETTERS[cell] | {"border": 0}
    edge = {"left": 1, "right": 1, "left_color": look.EDGE, "right_color": look.EDGE}
    sheet.write_string(
        row, column, cell, styles(fill, bold=True, font_size=18, align="center", valign="vcenter")
    )
    sheet.merge_range(
        row, column + 1, row, last - 1, CELL_NAME[cell],
        styles(fill, bold=True, font_size=13, valign="vcenter", indent=1),
    )  # fmt: skip
    sheet.write_number(
        row, last, size_in(cell, scan.rules),
        styles(fill, bold=True, align="center", valign="vcenter", num_format='"size "0.00"x"'),
    )  # fmt: skip
    sheet.merge_range(
        row + 1, column, row + 1, last, _capital(CELL_MEANING[cell]),
        styles(edge, look.QUIET, italic=True, indent=1, valign="vcenter", font_size=9),
    )  # fmt: skip
    listed = edge | {
        "font_size": 11,
        "indent": 1,
        "align": "left",
        "valign": "top",
        "text_wrap": True,
    }
    names = styles(listed, font_color=look.INK)
    rows = _rows_in(scan, cell)
    sheet.merge_range(row + 2, column, row + 2, last, "", names)
    if rows:
        sheet.write_rich_string(row + 2, column, *_names(styles, rows), names)
    else:
        sheet.write_string(row + 2, column, "no symbol", styles(listed, look.QUIET, italic=True))
    sheet.merge_range(
        row + 3, column, row + 3, last, _moves(rows),
        styles(edge, font_color=look.INK, indent=1, valign="vcenter", text_wrap=True,
               bottom=1, bottom_color=look.EDGE),
    )  # fmt: skip


def _capital(words: str) -> str:
    return words[0].upper() + words[1:]


def _rows_in(scan: Scan, cell: str) -> list[Row]:
    """The rows of a cell, highest z first; "?" takes those without one."""
    rows = [row for row in scan.rows if (row.decision.sign) == cell]
    return sorted(rows, key=lambda row: -_z(row))


def _z(row: Row) -> float:
    z = look.number(row.snapshot.z_score)
    return -math.inf if z is None else z


def _names(styles: Styles, rows: Sequence[Row]) -> list[Any]:
    """Pieces of a rich text: candidates bold, each name with its z-score."""
    strong = styles(bold=True, font_size=11, font_color=look.INK)
    plain = styles(font_size=11, font_color=look.INK)
    quiet = styles(look.QUIET, font_size=10)
    pieces: list[Any] = []
    for row in rows[:MOST_NAMES]:
        name = strong if row.decision.candidate else plain
        pieces += [name, _label(row) or " ", quiet, f"\N{NO-BREAK SPACE}{_z(row):+.2f}     "]
    if len(rows) > MOST_NAMES:
        pieces += [quiet, f"and {len(rows) - MOST_NAMES} more on the Scan sheet"]
    return pieces


def _names_text(rows: Sequence[Row]) -> str:
    return " ".join(f"{_label(row)}_{_z(row):+.2f}__" for row in rows[:MOST_NAMES])


def _label(row: Row) -> str:
    """The symbol, marked where its regime is only the sign of net GEX."""
    mark = "*" if row.decision.gamma_basis == "net_gex" else ""
    return look.clean(row.snapshot.symbol) + mark


def _moves(rows: Sequence[Row]) -> str:
    """Who came here since yesterday, such as "Moved here: NVDA B → A"."""
    moved = [
        f"{look.clean(row.snapshot.symbol)} {row.yesterday} → {row.decision.sign}"
        for row in rows
        if row.yesterday is not None and row.yesterday != row.decision.sign
    ]
    if not moved:
        return "No move since yesterday" if rows else ""
    more = f" and {len(moved) - 20} more" if len(moved) > 20 else ""
    return "Moved here:  " + ",  ".join(moved[:20]) + more


def _heights(sheet: Worksheet, scan: Scan, row: int) -> float:
    """Makes two boxes side by side high enough for both; returns their height in points."""
    width = _BOX_WIDTH * _BOX_COLUMNS
    pair = [_rows_in(scan, cell) for cell, (at, _) in _BOXES.items() if at == row]
    names = look.row_height([(_names_text(rows), width * 0.9) for rows in pair])
    moves = look.row_height([(_moves(rows), width) for rows in pair])
    heights = (28.0, 20.0, min(max(names * 1.2, 90.0), 409.0), moves + 6.0)
    for n, height in enumerate(heights):
        sheet.set_row(row + n, height)
    return sum(heights)


def _unknown(sheet: Worksheet, styles: Styles, scan: Scan, row: int) -> int:
    """The box of symbols without a cell; returns the row after it."""
    rows = _rows_in(scan, "?")
    fill = {"bg_color": look.WHITE, "font_color": look.BLACK}
    edge = {"border": 1, "border_color": look.LETTERS["?"]["border_color"]}
    sheet.set_row(row, 24)
    sheet.write_string(
        row, _LABEL_COLUMN, "?",
        styles(fill, edge, bold=True, font_size=16, align="center", valign="vcenter"),
    )  # fmt: skip
    words = f"Cell not known: {len(rows)} symbol{'' if len(rows) == 1 else 's'}"
    sheet.merge_range(
        row, 2, row, _LAST_BOX_COLUMN, words,
        styles(fill, edge, bold=True, font_size=12, indent=1, valign="vcenter"),
    )  # fmt: skip
    name = styles(edge, bold=True, font_color=look.INK, indent=1, valign="vcenter", num_format="@")
    plain = styles(edge, font_color=look.INK, indent=1, valign="vcenter", text_wrap=True)
    width = _BOX_WIDTH * 2 * _BOX_COLUMNS
    for entry in rows[:MOST_UNKNOWN]:
        row += 1
        z = look.number(entry.snapshot.z_score)
        told = look.clean("; ".join(entry.decision.why[:2]))
        text = (f"z {z:+.2f}: " if z is not None else "") + told
        sheet.set_row(row, look.row_height([(text, width)]) + 2)
        sheet.write_string(row, _LABEL_COLUMN, look.clean(entry.snapshot.symbol), name)
        sheet.merge_range(row, 2, row, _LAST_BOX_COLUMN, "", plain)
        sheet.write_string(row, 2, text, plain)
    if len(rows) > MOST_UNKNOWN:
        row += 1
        sheet.merge_range(
            row, 2, row, _LAST_BOX_COLUMN,
            f"and {len(rows) - MOST_UNKNOWN} more on the Scan sheet", plain,
        )  # fmt: skip
    return row + 1


def _chart(
    book: Workbook,
    sheet: Worksheet,
    styles: Styles,
    scan: Scan,
    found: list[Point],
    row: int,
    high: float,
) -> None:
    """The chart beside the boxes, as high as they are (points), and its figures below."""
    first = _points_table(sheet, styles, found, row)
    bounds = _bounds(found, scan.rules)
    lines = _lines_table(sheet, styles, scan.rules, bounds, row)
    last = max(first + len(found), first + _LINE_POINTS * len(_LINES))
    absent = len(scan.rows) - len(found)
    if absent:
        sheet.write_string(
            last + 1, _LABEL_COLUMN,
            f"{absent} symbol{'' if absent == 1 else 's'} without a z-score or a gamma flip: "
            "not in the chart.",
            styles(look.QUIET, italic=True),
        )  # fmt: skip
    if not found:
        sheet.write_string(
            4, _CHART_COLUMN, "No symbol has both a z-score and a gamma flip: no chart.",
            styles(look.QUIET, italic=True),
        )  # fmt: skip
        return
    chart = book.add_chart({"type": "scatter", "subtype": "straight"})
    for n, (name, colour, dash) in enumerate(_LINES):
        _line_series(chart, name, colour, dash, lines + _LINE_POINTS * n)
    _point_series(chart, found, first)
    _dress(chart, bounds)
    chart.set_size({"width": 780, "height": min(high / 0.75, 760.0)})
    sheet.insert_chart(
        3, _CHART_COLUMN, chart,
        {"object_position": 2, "description": "Distance to the gamma flip against the z-score"},
    )  # fmt: skip


def _head(sheet: Worksheet, styles: Styles, row: int, column: int, words: Sequence[str]) -> None:
    style = styles(
        bold=True, bg_color=look.HEADER_FILL, font_color=look.INK, bottom=1,
        bottom_color=look.NAVY, align="center",
    )  # fmt: skip
    for n, word in enumerate(words):
        sheet.write_string(row, column + n, word, style)


def _points_table(sheet: Worksheet, styles: Styles, found: list[Point], row: int) -> int:
    """Writes the chart's points; returns the row of the first."""
    sheet.write_string(row, _LABEL_COLUMN, "In the chart", styles(bold=True, font_color=look.NAVY))
    _head(sheet, styles, row + 1, _LABEL_COLUMN, ("Symbol", "Cell", "To flip, % spot", "z"))
    text = styles(font_color=look.INK, indent=1, num_format="@")
    letter = styles(font_color=look.INK, align="center", bold=True)
    far = styles(font_color=look.INK, num_format=look.NUMBER_FORMATS["signed percent"])
    signed = styles(font_color=look.INK, num_format=look.NUMBER_FORMATS["signed"])
    for n, point in enumerate(found, row + 2):
        sheet.write_string(n, _LABEL_COLUMN, point.symbol, text)
        sheet.write_string(n, _LABEL_COLUMN + 1, point.cell, letter)
        sheet.write_number(n, _LABEL_COLUMN + 2, point.distance, far)
        sheet.write_number(n, _LABEL_COLUMN + 3, point.z, signed)
    if found:
        for mark, style in look.LETTERS.items():
            sheet.conditional_format(
                row + 2, _LABEL_COLUMN + 1, row + 1 + len(found), _LABEL_COLUMN + 1,
                {"type": "cell", "criteria": "==", "value": f'"{mark}"',
                 "format": styles.rule(style)},
            )  # fmt: skip
    return row + 2


class Bounds(NamedTuple):
    """The ends and the steps of both axes."""

    left: float
    right: float
    step: float
    bottom: float
    top: float
    z_step: float


def _bounds(found: list[Point], rules: Rules) -> Bounds:
    left, right, step = _axis([p.distance for p in found] + [0.0, rules.flip_warn_pct])
    bottom, top, z_step = _axis([p.z for p in found] + [rules.z_min, rules.z_exit])
    return Bounds(left, right, step, bottom, top, z_step)


def _axis(values: list[float]) -> tuple[float, float, float]:
    """Round ends and step of an axis that holds `values` with some air.

    >>> _axis([-2.1, 0.0, 3.4])
    (-3.0, 5.0, 1.0)
    """
    low, high = min(values), max(values)
    air = max(high - low, 0.5) * 0.08
    low, high = low - air, high + 2 * air
    raw = (high - low) / 8
    size = 10.0 ** math.floor(math.log10(raw))
    step = next(size * n for n in (1, 2, 5, 10) if size * n >= raw * 0.999)
    return math.floor(low / step) * step, math.ceil(high / step) * step, step


def _lines_table(sheet: Worksheet, styles: Styles, rules: Rules, bounds: Bounds, row: int) -> int:
    """Writes the ends of the threshold lines; returns the row of the first."""
    column = _LINES_COLUMN
    sheet.write_string(row, column, "Threshold lines", styles(bold=True, font_color=look.NAVY))
    _head(sheet, styles, row + 1, column, ("Line", "To flip, % spot", "z"))
    text = styles(font_color=look.INK, indent=1)
    signed = styles(font_color=look.INK, num_format=look.NUMBER_FORMATS["signed"])
    at = row + 2
    ends = {
        "high premium": ("z", "z_min"),
        "exit": ("z", "z_exit"),
        "flip": ("x", 0.0),
        "near the flip": ("x", "flip_warn_pct"),
    }
    for name, _, _ in _LINES:
        axis, where = ends[name]
        low, high = (bounds.left, bounds.right) if axis == "z" else (bounds.bottom, bounds.top)
        for end in (low, low + _LABEL_AT[axis] * (high - low), high):
            sheet.write_string(at, column, name, text)
            moving, fixed = (column + 2, column + 1) if axis == "z" else (column + 1, column + 2)
            sheet.write_number(at, fixed, end, signed)
            if isinstance(where, str):
                sheet.write_formula(
                    at, moving, f"={rule_name(where)}", signed, getattr(rules, where)
                )
            else:
                sheet.write_number(at, moving, where, signed)
            at += 1
    return row + 2


def _cells(row: int, column: int, last_row: int | None = None) -> list[Any]:
    return [SHEET, row, column, row if last_row is None else last_row, column]


def _line_series(chart: Chart, name: str, colour: str, dash: str, row: int) -> None:
    label = {"value": name, "font": {"name": "Arial", "size": 9, "color": colour, "italic": True}}
    upright = name in ("flip", "near the flip")
    chart.add_series(
        {
            "name": name,
            "categories": _cells(row, _LINES_COLUMN + 1, row + _LINE_POINTS - 1),
            "values": _cells(row, _LINES_COLUMN + 2, row + _LINE_POINTS - 1),
            "line": {"color": colour, "width": 1.25, "dash_type": dash},
            "marker": {"type": "none"},
            "data_labels": {
                "value": True,
                "position": "right" if upright else "above",
                "custom": [{"delete": True}, label, {"delete": True}],
            },
        }
    )


def _labelled(found: list[Point]) -> set[Point]:
    """The points that carry their symbol in the chart."""
    if len(found) <= MOST_LABELS:
        return set(found)
    picked = sorted((point for point in found if point.candidate), key=lambda point: -point.z)
    return set(picked[:MOST_LABELS])


def _point_series(chart: Chart, found: list[Point], first: int) -> None:
    labelled = _labelled(found)
    for mark, style in look.LETTERS.items():
        at = [n for n, point in enumerate(found) if point.cell == mark]
        if not at:
            continue
        top, bottom = first + at[0], first + at[-1]
        labels: list[dict[str, Any]] = []
        for n in at:
            if found[n] not in labelled:
                labels.append({"delete": True})
            else:
                labels.append({"value": found[n].symbol or " "})
        edge = {"A": look.BLUE, "B": "#A87400", "C": look.BLUE}.get(mark, "#4D4D4D")
        chart.add_series(
            {
                "name": f"{mark}  {CELL_NAME[mark]}" if mark in CELL_NAME else "?  not known",
                "categories": _cells(top, _LABEL_COLUMN + 2, bottom),
                "values": _cells(top, _LABEL_COLUMN + 3, bottom),
                "line": {"none": True},
                "marker": {
                    "type": "circle",
                    "size": 9 if len(found) <= MOST_LABELS else 6,
                    "fill": {"color": style["bg_color"]},
                    "border": {"color": edge},
                },
                "data_labels": {
                    "value": True,
                    "position": "right",
                    "custom": labels,
                    "font": {"name": "Arial", "size": 9, "color": look.INK},
                },
            }
        )


def _dress(chart: Chart, bounds: Bounds) -> None:
    words = {"name": "Arial", "size": 9, "color": look.INK, "bold": False}
    grid = {"visible": True, "line": {"color": "#E6EAEF", "width": 0.75}}
    chart.set_title(
        {
            "name": "Distance to the gamma flip against the z-score of the premium",
            "name_font": {"name": "Arial", "size": 12, "bold": True, "color": look.NAVY},
            "overlay": False,
        }
    )
    chart.set_x_axis(
        {
            "name": "Distance to the gamma flip, % of spot (negative: spot is below it)",
            "name_font": words, "num_font": words, "num_format": "+0.0;-0.0;0",
            "min": bounds.left, "max": bounds.right, "major_unit": bounds.step,
            "label_position": "low", "major_gridlines": grid,
            "crossing": bounds.left,
        }
    )  # fmt: skip
    chart.set_y_axis(
        {
            "name": "z-score, standard deviations",
            "name_font": words, "num_font": words, "num_format": "+0.0;-0.0;0",
            "min": bounds.bottom, "max": bounds.top, "major_unit": bounds.z_step,
            "label_position": "low", "major_gridlines": grid,
            "crossing": bounds.bottom,
        }
    )  # fmt: skip
    chart.set_legend(
        {
            "position": "bottom",
            "font": words,
            "delete_series": list(range(len(_LINES))),
        }
    )
    chart.set_chartarea({"border": {"color": "#C9D0D8"}})
