"""Writes evidence as a workbook: Summary, Groups, Buckets, Surfaces and Charts, as values.

Equal reports give equal bytes. Every sheet says what the figures are a proxy for and from when to
when. May read the report only; computes nothing but where things stand.
"""

from __future__ import annotations

import io
import math
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Any, NamedTuple

from vrp_xl.core.evidence import BUCKET_TITLES, FILTER_GROUPS, TAIL
from vrp_xl.excel import styles as look
from vrp_xl.excel.writing import new_book, put_workbook
from vrp_xl.workflow.evaluate import answers

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

    from vrp_xl.core.bootstrap import Interval
    from vrp_xl.core.evidence import Comparison, Difference, Group, Surface
    from vrp_xl.excel.styles import Styles
    from vrp_xl.workflow.evaluate import Report

SHEETS = ("Summary", "Groups", "Buckets", "Surfaces", "Charts")
_SIGNED, _LOG = "+0.00;-0.00;0.00", "+0.000;-0.000;0.000"
_PERCENT, _SIGNED_PERCENT = '0.0"%"', '+0.0"%";-0.0"%";0.0"%"'
_LOW, _HIGH = look.BAR_NEGATIVE, look.BAR
_LINES = {
    "both": (look.BLUE, "circle"),
    "structural_only": ("#E69F00", "square"),
    "tactical_only": ("#009E73", "triangle"),
    "neither": ("#4D4D4D", "diamond"),
}
"""Colour and mark of each group over the years."""


def write_evidence(report: Report, path: Path) -> Path:
    """Writes the report; what stands there is replaced only once the new file is complete.

    Raises:
        InputError: the file cannot be written there.
    """
    return put_workbook(path, evidence_bytes(report))


def evidence_bytes(report: Report) -> bytes:
    """The workbook as the bytes of an .xlsx file."""
    target = io.BytesIO()
    book = new_book(target)
    styles = look.Styles(book)
    e = report.evidence
    book.set_size(2400, 1400)
    book.set_properties(
        {
            "title": "VRP evidence",
            "subject": report.period,
            "author": "vrp_xl",
            "created": datetime.combine(e.last, time(), UTC),
        }
    )
    sheets = {name: book.add_worksheet(name) for name in SHEETS}
    for sheet in sheets.values():
        _page(sheet, report)
    _summary(sheets["Summary"], styles, report)
    _groups(sheets["Groups"], styles, report)
    _buckets(sheets["Buckets"], styles, report)
    _surfaces(sheets["Surfaces"], styles, report)
    _charts(book, sheets["Charts"], styles, report)
    book.close()
    return target.getvalue()


def _page(sheet: Worksheet, report: Report) -> None:
    """What all sheets share: paper, margins, footer, zoom."""
    sheet.hide_gridlines(2)
    sheet.set_zoom(90)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.set_margins(left=0.3, right=0.3, top=0.4, bottom=0.6)
    sheet.repeat_rows(0)
    source = look.clean(report.source)[:90].translate(
        {ord("&"): "&&", ord("["): "(", ord("]"): ")"}
    )
    sheet.set_footer(
        f"&L&8As of {report.evidence.last}, source {source}&C&8Proxy, not P&&L&R&8&A, page &P of &N"
    )


def _title(sheet: Worksheet, styles: Styles, report: Report, words: str, last: int) -> None:
    """The dark band at the top, and the lines that every sheet carries."""
    sheet.set_column(0, 0, 2)
    sheet.set_row(0, 32)
    for column in range(last + 1):
        sheet.write_blank(0, column, None, styles(look.TITLE))
    sheet.write_string(0, 1, words, styles(look.TITLE))
    quiet = styles(look.QUIET, italic=True, valign="vcenter")
    e = report.evidence
    sheet.write_string(1, 1, report.period, quiet)
    sheet.write_string(
        2, 1,
        f"Implied minus the volatility of the next {e.tenor} trading days, in points. A proxy, not "
        f"P&L. Overlapping windows: intervals redraw blocks of {e.block} trading days.",
        quiet,
    )  # fmt: skip
    sheet.set_row(3, 8)


def _summary(sheet: Worksheet, styles: Styles, report: Report) -> None:
    _title(sheet, styles, report, "EVIDENCE: DID THE RULES WORK?", 2)
    sheet.set_column(1, 1, 44)
    sheet.set_column(2, 2, 118)
    text = styles(look.ROW_LINE, text_wrap=True, valign="top", font_color=look.INK)
    label = styles(look.ROW_LINE, text_wrap=True, valign="top", bold=True, font_color=look.NAVY)
    row = 4

    def line(name: str, words: str) -> None:
        nonlocal row
        words = look.clean(words)
        sheet.set_row(row, look.row_height([(name, 40), (words, 118)]) + 4)
        sheet.write_string(row, 1, name, label)
        sheet.write_string(row, 2, words, text)
        row += 1

    def head(words: str) -> None:
        nonlocal row
        sheet.set_row(row, 20)
        style = styles(
            bold=True, bg_color=look.HEADER_FILL, font_color=look.INK, bottom=1,
            bottom_color=look.NAVY, valign="vcenter",
        )  # fmt: skip
        sheet.write_string(row, 1, words, style)
        sheet.write_blank(row, 2, None, style)
        row += 1

    found = answers(report)
    head("Verdicts")
    for answer in found:
        line(answer.question, answer.verdict)
    head("What they rest on")
    for answer in found:
        line(answer.question, answer.figures)
    head("How to read this")
    for words in report.caveats:
        name, _, rest = words.partition(": ")
        known = name in ("Proxy", "Period", "Overlap", "Not P&L")
        line(name if known else "Chance", rest[:1].upper() + rest[1:] if known else words)
    head("What it was made from")
    c, r = report.evidence.counts, report.rules
    line(
        "Days",
        f"{c.inputs:,} with all inputs, {c.structural:,} pass Structural, {c.both:,} also "
        f"Tactical, {c.with_outcome:,} have an outcome"
        + (
            f"; z >= {r.z_min:g} on {c.high_z_pct:.2f} % of {c.with_z:,}"
            if c.high_z_pct is not None
            else ""
        ),
    )
    changed = ", ".join(f"{name} {value}" for name, value in r.changed().items())
    line("Rules", f"preset {report.preset}" + (f": {changed}" if changed else ""))
    for words in report.inputs:
        line("Source", words)
    for words in report.notes:
        line("Note", words)
    sheet.freeze_panes(1, 0)


class _Column(NamedTuple):
    name: str
    width: float
    form: str


_WORDS_WIDTH, _NARROW = 42, 7.8
"""Characters; as wide as the figures need, so that a page holds all columns at a size to read."""
_GROUP_COLUMNS = (
    _Column("Days", _WORDS_WIDTH, "@"),
    _Column("n", _NARROW, "#,##0"),
    _Column("Mean", _NARROW, _SIGNED),
    _Column("from", _NARROW, _SIGNED),
    _Column("to", _NARROW, _SIGNED),
    _Column("Log ratio", _NARROW, _LOG),
    _Column("from", _NARROW, _LOG),
    _Column("to", _NARROW, _LOG),
    _Column("Positive", 8.6, _PERCENT),
    _Column("from", _NARROW, _PERCENT),
    _Column("to", _NARROW, _PERCENT),
    _Column("Median", _NARROW, _SIGNED),
    _Column(f"{TAIL:g} % below", _NARROW, _SIGNED),
    _Column("Their mean", _NARROW, _SIGNED),
    _Column("Epi- sodes", _NARROW, "#,##0"),
    _Column("Worst", _NARROW, _SIGNED),
    _Column("Worst day", 11, "yyyy-mm-dd"),
    _Column("Worst symbol", 8.6, "@"),
    _Column("Worth", _NARROW, "#,##0"),
)
_LAST = len(_GROUP_COLUMNS)


def _ends(interval: Interval | None) -> tuple[float | None, float | None]:
    return (None, None) if interval is None else (interval.low, interval.high)


def _group_row(group: Group) -> list[Any]:
    return [
        group.title, group.n, group.mean, *_ends(group.ci), group.log_mean, *_ends(group.log_ci),
        group.positive_pct, *_ends(group.positive_ci), group.median, group.quantile,
        group.shortfall, group.tail_episodes or None, group.worst, group.worst_day,
        group.worst_symbol, group.worth,
    ]  # fmt: skip


class _Table:
    """Writes tables below one another on a sheet."""

    def __init__(self, sheet: Worksheet, styles: Styles, row: int) -> None:
        self.sheet = sheet
        self.styles = styles
        self.row = row

    def heading(self, words: str) -> None:
        self.sheet.set_row(self.row, 22)
        self.sheet.write_string(
            self.row, 1, look.clean(words),
            self.styles(bold=True, font_size=12, font_color=look.NAVY, valign="vcenter"),
        )  # fmt: skip
        self.row += 1

    def head(self, names: Sequence[str], height: float = 30) -> None:
        style = self.styles(
            bold=True, bg_color=look.HEADER_FILL, font_color=look.INK, bottom=1,
            bottom_color=look.NAVY, align="right", valign="vcenter", text_wrap=True,
        )  # fmt: skip
        first = self.styles(
            bold=True, bg_color=look.HEADER_FILL, font_color=look.INK, bottom=1,
            bottom_color=look.NAVY, valign="vcenter", indent=1,
        )  # fmt: skip
        self.sheet.set_row(self.row, height)
        for n, name in enumerate(names, 1):
            self.sheet.write_string(self.row, n, name, first if n == 1 else style)
        self.row += 1

    def line(self, values: Sequence[Any], forms: Sequence[str]) -> None:
        for n, (value, form) in enumerate(zip(values, forms, strict=True), 1):
            style = self.styles(
                look.ROW_LINE, font_color=look.INK, num_format=form, valign="vcenter",
                align="left" if n == 1 else "right",
                **({"indent": 1, "text_wrap": True} if n == 1 else {}),
            )  # fmt: skip
            self.cell(self.row, n, value, style)
        words = look.clean(values[0])
        if look.lines(words, _WORDS_WIDTH) > 1:
            self.sheet.set_row(self.row, look.row_height([(words, _WORDS_WIDTH)]))
        self.row += 1

    def cell(self, row: int, column: int, value: Any, style: Format) -> None:
        """A value with its style; a blank where there is none."""
        if hasattr(value, "isoformat"):
            self.sheet.write_datetime(row, column, value, style)
        elif isinstance(value, str):
            self.sheet.write_string(row, column, look.clean(value), style)
        elif look.number(value) is None:
            self.sheet.write_blank(row, column, None, style)
        else:
            self.sheet.write_number(row, column, value, style)

    def groups(self, words: str, found: Sequence[Group]) -> int:
        """A table of groups; gives the row of the first."""
        self.heading(words)
        self.head([c.name for c in _GROUP_COLUMNS])
        first = self.row
        for group in found:
            self.line(_group_row(group), [c.form for c in _GROUP_COLUMNS])
        self.row += 1
        return first


def _wide(sheet: Worksheet) -> None:
    for n, column in enumerate(_GROUP_COLUMNS, 1):
        sheet.set_column(n, n, column.width)


_PAIR_COLUMNS = (
    _Column("First days against second", 50, "@"),
    _Column("n", 9, "#,##0"),
    _Column("Mean", 9, _SIGNED),
    _Column("n of second", 9, "#,##0"),
    _Column("Mean of second", 9, _SIGNED),
    _Column("Differ- ence", 9, _SIGNED),
    _Column("from", 9, _SIGNED),
    _Column("to", 9, _SIGNED),
    _Column("In points", 9, "@"),
    _Column("In log ratio", 9, _LOG),
    _Column("from", 9, _LOG),
    _Column("to", 9, _LOG),
    _Column("As log ratio", 10, "@"),
    _Column("Positive", 10, _SIGNED_PERCENT),
    _Column("from", 9, _SIGNED_PERCENT),
    _Column("to", 9, _SIGNED_PERCENT),
)
_SHOWN = {"none": "none", "less": "less", "more": "more", "unknown": "too few"}


def _gap(difference: Difference | None) -> tuple[float | None, float | None, float | None]:
    return (None, None, None) if difference is None else (difference.value, *_ends(difference.ci))


def _pair_words(pair: Comparison) -> str:
    words = f"{pair.left.title} against {pair.right.title}"
    return f"Simpler screen: {words}" if pair.key == "rejected" else words


def _pair_row(pair: Comparison) -> list[Any]:
    def verdict(difference: Difference | None) -> str:
        return "" if difference is None else _SHOWN[difference.verdict]

    return [
        _pair_words(pair), pair.left.n, pair.left.mean, pair.right.n, pair.right.mean,
        *_gap(pair.points), verdict(pair.points), *_gap(pair.log), verdict(pair.log),
        *_gap(pair.positive),
    ]  # fmt: skip


def _groups(sheet: Worksheet, styles: Styles, report: Report) -> None:
    e = report.evidence
    _title(sheet, styles, report, "GROUPS AND COMPARISONS", _LAST)
    _wide(sheet)
    table = _Table(sheet, styles, 4)
    table.groups("The two filters", (*e.groups, e.everything))
    table.heading("Comparisons: difference shown (none, less, more), first days minus second")
    table.head([c.name for c in _PAIR_COLUMNS])
    forms = [c.form for c in _PAIR_COLUMNS]
    for pair in (e.passing, e.rejected, e.disagree, *e.screens, *e.exits):
        table.line(_pair_row(pair), forms)
    for band in e.bands:
        table.line([f"HV30/HV90 {_pair_words(band)}", *_pair_row(band)[1:]], forms)
    for window, pair in e.windows.items():
        table.line([f"{window} days back: {_pair_words(pair)}", *_pair_row(pair)[1:]], forms)
    table.row += 1
    if len(e.symbols) > 1:
        table.heading("By symbol: pass both filters (first), or fail")
        table.head([c.name for c in _PAIR_COLUMNS[:9]])
        for each in e.by_symbol:
            gap = each.difference
            told = "" if gap is None else _SHOWN[gap.verdict]
            table.line(
                [each.symbol, each.both.n, each.both.mean, each.rest.n, each.rest.mean,
                 *_gap(gap), told],
                forms[:9],
            )  # fmt: skip
    _notes(table, report)
    sheet.freeze_panes(1, 2)


def _notes(table: _Table, report: Report) -> None:
    table.row += 1
    quiet = table.styles(look.QUIET, italic=True)
    e = report.evidence
    simple = (
        f"Simpler screen: IV/HV30 above {report.rules.tactical_min:g} and IV percentile at or "
        f"above {report.iv_percentile_min:g}."
    )
    interval = "from, to: ends of the 95 % interval; blank where the days lie in too few periods."
    episodes = (
        f"Episodes: stretches, more than {e.tenor} trading days apart, that the worst "
        f"{TAIL:g} % fall into. Worth: independent windows that give a mean as certain."
    )
    for words in (simple, interval, episodes, report.chance):
        table.sheet.write_string(table.row, 1, words, quiet)
        table.row += 1


def _buckets(sheet: Worksheet, styles: Styles, report: Report) -> None:
    _title(sheet, styles, report, "BUCKETS", _LAST)
    _wide(sheet)
    table = _Table(sheet, styles, 4)
    for name, found in report.evidence.buckets.items():
        table.groups(BUCKET_TITLES[name], found)
    _notes(table, report)
    sheet.freeze_panes(1, 2)


# Surfaces

_GRID_GAP = 2


def _surfaces(sheet: Worksheet, styles: Styles, report: Report) -> None:
    widest = max(len(s.columns) for s in report.evidence.surfaces)
    last = 2 * (widest + _GRID_GAP) + 1
    _title(sheet, styles, report, "THRESHOLD SURFACES", last)
    sheet.set_column(1, last, 7.6)
    row = 4
    for surface in report.evidence.surfaces:
        right = widest + _GRID_GAP + 2
        rows = len(surface.rows) + 3
        _grid(sheet, styles, surface, "mean outcome, points", surface.mean, _SIGNED, row, 1)
        _grid(sheet, styles, surface, "days", surface.n, "#,##0", row, right)
        _grid(sheet, styles, surface, "share of positive days", surface.positive_pct, _PERCENT,
              row + rows, 1)  # fmt: skip
        _grid(sheet, styles, surface, f"share in the worst {TAIL:g} % of all days",
              surface.tail_pct, _PERCENT, row + rows, right, turned=True)  # fmt: skip
        row += 2 * rows
    quiet = styles(look.QUIET, italic=True)
    legend = (
        "Each cell holds the days that pass both thresholds. Framed: the thresholds in force. "
        "Orange is worse, blue is better; of days, the darker the more."
    )
    caution = (
        "Cells beside each other share most of their days: a best cell found here is the luck of "
        "this history as much as a rule."
    )
    for words in (legend, caution):
        sheet.write_string(row, 1, words, quiet)
        row += 1
    sheet.freeze_panes(1, 0)


def _grid(
    sheet: Worksheet, styles: Styles, surface: Surface, words: str, values: NDArray[Any],
    form: str, row: int, column: int, *, turned: bool = False,
) -> None:  # fmt: skip
    """One grid with its thresholds and a colour scale."""
    sheet.write_string(
        row, column, f"{surface.row_name} (down) x {surface.column_name} (across): {words}",
        styles(bold=True, font_color=look.NAVY),
    )  # fmt: skip
    axis = styles(
        bold=True, bg_color=look.HEADER_FILL, font_color=look.INK, align="center", num_format="0.00"
    )
    sheet.write_blank(row + 1, column, None, axis)
    for j, threshold in enumerate(surface.columns, 1):
        sheet.write_number(row + 1, column + j, threshold, axis)
    in_force = tuple(round(threshold, 6) for threshold in surface.at)
    for i, first in enumerate(surface.rows):
        sheet.write_number(row + 2 + i, column, first, axis)
        for j, second in enumerate(surface.columns):
            value = float(values[i, j])
            here = (first, second) == in_force
            frame = {"border": 2, "border_color": look.NAVY, "bold": True} if here else {}
            style = styles(frame, num_format=form, align="center", font_color=look.BLACK)
            if math.isfinite(value):
                sheet.write_number(row + 2 + i, column + 1 + j, value, style)
            else:
                sheet.write_blank(row + 2 + i, column + 1 + j, None, style)
    low, high = (_HIGH, _LOW) if turned else (_LOW, _HIGH)
    scale = (
        {"type": "2_color_scale", "min_color": look.WHITE, "max_color": _HIGH}
        if values is surface.n
        else {"type": "3_color_scale", "min_color": low, "mid_color": look.WHITE,
              "max_color": high, "mid_type": "percentile", "mid_value": 50}
    )  # fmt: skip
    sheet.conditional_format(
        row + 2, column + 1, row + 1 + len(surface.rows), column + len(surface.columns), scale
    )


# Charts

_CHART = {"width": 760, "height": 380}
_CHART_ROWS = 20
_TABLE_ROW = 4 + 2 * _CHART_ROWS + 1


def _charts(book: Workbook, sheet: Worksheet, styles: Styles, report: Report) -> None:
    e = report.evidence
    _title(sheet, styles, report, "CHARTS", 22)
    sheet.set_column(1, 1, 24)
    sheet.set_column(2, 22, 9.5)
    table = _Table(sheet, styles, _TABLE_ROW)
    sheet.write_string(_TABLE_ROW - 1, 1, "Figures of the charts", styles(look.QUIET, italic=True))
    names = [name for name in ("z", "compression", "inversion") if name in e.buckets]
    if "cell" in e.buckets:
        names[-1] = "cell"
    places = ((4, 1), (4, 10), (4 + _CHART_ROWS, 10))
    for name, place in zip(names, places, strict=True):
        found = [group for group in e.buckets[name] if group.mean is not None]
        if not found:
            continue
        first = _bucket_table(table, BUCKET_TITLES[name], found)
        _bucket_chart(book, sheet, BUCKET_TITLES[name], found, first, place)
    _years(book, sheet, table, report, (4 + _CHART_ROWS, 1))
    sheet.set_h_pagebreaks([_TABLE_ROW - 1])
    sheet.freeze_panes(1, 0)


def _bucket_table(table: _Table, words: str, found: Sequence[Group]) -> int:
    table.heading(words)
    table.head(["Days", "Mean", "Down to", "Up to", "n"])
    first = table.row
    for g in found:
        low, high = _ends(g.ci)
        down = None if low is None or g.mean is None else g.mean - low
        up = None if high is None or g.mean is None else high - g.mean
        table.line([g.title, g.mean, down, up, g.n], ["@", _SIGNED, "0.00", "0.00", "#,##0"])
    table.row += 1
    return first


def _bucket_chart(
    book: Workbook, sheet: Worksheet, words: str, found: Sequence[Group], first: int,
    place: tuple[int, int],
) -> None:  # fmt: skip
    last = first + len(found) - 1
    chart = book.add_chart({"type": "column"})
    chart.add_series(
        {
            "name": "Mean outcome, points",
            "categories": ["Charts", first, 1, last, 1],
            "values": ["Charts", first, 2, last, 2],
            "fill": {"color": look.BAR},
            "border": {"color": look.BLUE},
            "gap": 60,
            "y_error_bars": {
                "type": "custom",
                "minus_values": f"=Charts!$D${first + 1}:$D${last + 1}",
                "plus_values": f"=Charts!$E${first + 1}:$E${last + 1}",
                "minus_data": [_span(g, 0) for g in found],
                "plus_data": [_span(g, 1) for g in found],
                "line": {"color": look.INK, "width": 1.25},
            },
            "data_labels": {
                "value": True, "num_format": _SIGNED, "position": "inside_base",
                "font": {"size": 9, "color": look.INK},
            },
        }
    )  # fmt: skip
    bare = any(g.ci is None for g in found)
    title = f"{words}: mean and 95 % interval" + (" (none: too few periods)" if bare else "")
    chart.set_title({"name": title, "name_font": _font(11)})
    chart.set_legend({"none": True})
    chart.set_x_axis({"num_font": _font(9), "label_position": "low"})
    reach = [g.mean or 0.0 for g in found] + [end for g in found for end in g.ci or ()]
    chart.set_y_axis(
        {"name": "points", "num_format": "+0;-0;0", "num_font": _font(9), "name_font": _font(9),
         "min": min(math.floor(min(reach)), 0), "max": max(math.ceil(max(reach)), 1),
         "major_gridlines": {"visible": True, "line": {"color": look.LINE}}}
    )  # fmt: skip
    chart.set_size(_CHART)
    sheet.insert_chart(*place, chart, {"object_position": 2, "description": words})


def _span(group: Group, end: int) -> float:
    """How far the interval reaches below (0) or above (1) the mean."""
    if group.ci is None or group.mean is None:
        return 0.0
    return abs(group.ci[end] - group.mean)


def _font(size: int) -> dict[str, Any]:
    return {"name": look.FONT["font_name"], "size": size, "bold": False, "color": look.INK}


def _years(
    book: Workbook, sheet: Worksheet, table: _Table, report: Report, place: tuple[int, int]
) -> None:
    e = report.evidence
    titles = {group.key: group.title for group in e.groups}
    means = {(y.year, y.key): y for y in e.years}
    years = sorted({y.year for y in e.years})
    table.heading("Mean outcome by year, and days")
    table.head(["Year", *titles.values(), *(f"n {title}" for title in titles.values())], 44)
    first = table.row
    for year in years:
        found = [means.get((year, key)) for key in FILTER_GROUPS]
        table.line(
            [year, *(y and y.mean for y in found), *(y and y.n for y in found)],
            ["0", *[_SIGNED] * 4, *["#,##0"] * 4],
        )
    last = table.row - 1
    chart = book.add_chart({"type": "line"})
    for n, key in enumerate(FILTER_GROUPS):
        colour, mark = _LINES[key]
        chart.add_series(
            {
                "name": titles[key],
                "categories": ["Charts", first, 1, last, 1],
                "values": ["Charts", first, 2 + n, last, 2 + n],
                "line": {"color": colour, "width": 1.75},
                "marker": {
                    "type": mark, "size": 5, "fill": {"color": colour}, "border": {"color": colour},
                },
            }
        )  # fmt: skip
    chart.show_blanks_as("gap")
    chart.set_title({"name": "Mean outcome by year and filter, points", "name_font": _font(11)})
    chart.set_legend({"position": "bottom", "font": _font(9)})
    chart.set_x_axis({"num_font": _font(9), "label_position": "low", "interval_unit": 4})
    chart.set_y_axis(
        {"name": "points", "num_format": "+0;-0;0", "num_font": _font(9), "name_font": _font(9),
         "major_gridlines": {"visible": True, "line": {"color": look.LINE}}}
    )  # fmt: skip
    chart.set_size(_CHART)
    sheet.insert_chart(*place, chart, {"object_position": 2, "description": "Outcome by year"})
