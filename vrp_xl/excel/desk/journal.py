"""The Journal sheet: what each kept scan said, and what followed.

Two spilled tables, one call each: the names (of one symbol, or the candidates of every scan), and
below them the scans. Nothing here is an input but the name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from vrp_xl.excel import layout
from vrp_xl.excel import styles as look
from vrp_xl.excel.desk import frame
from vrp_xl.excel.desk.cells import address, area
from vrp_xl.excel.desk.settings import SYMBOLS, rule_name
from vrp_xl.workflow.lookback import NAME_ROW

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xlsxwriter import Workbook

    from vrp_xl.excel.desk.cells import DeskSheet
    from vrp_xl.excel.desk.figures import Figures
    from vrp_xl.excel.styles import Styles

CHOICE_ROW = 2
HEADER_ROW = 4
FIRST_ROW = HEADER_ROW + 1
LAST_ROW = HEADER_ROW + layout.JOURNAL_ROWS
SCANS_HEADER = LAST_ROW + 3
FIRST_SCAN = SCANS_HEADER + 1
LAST_SCAN = SCANS_HEADER + layout.JOURNAL_SCANS

_SIGNED = look.NUMBER_FORMATS["signed"]
_DAY = look.NUMBER_FORMATS["date"]


class Column(NamedTuple):
    """A column: its heading, number format, alignment and what it means."""

    heading: str
    shape: str
    align: str
    doc: str


WIDTHS = (11, 15, 10, 8, 8, 19, 58, 10, 8, 8, 8, 8, 8, 8, 30, 8, 11, 9, 9, 9, 10)
"""Widths of the columns, which both tables share."""

NAMES = (
    Column("Day", _DAY, "center", "Trading day of the scan."),
    Column("Symbol", "@", "left", "Ticker."),
    Column("Cell", "@", "center", "Cell of the matrix, as the scan saw it."),
    Column("Passed", "@", "center", "Whether it was a candidate."),
    Column("Size", look.NUMBER_FORMATS["size"], "center", "Multiple of the standard size."),
    Column("Structure", "@", "left", "What the scan would sell."),
    Column("What it said", "@", "left",
           "The action; for a name that did not pass, each filter that left it out, with its value "
           "and the limit."),
    Column("Spot", "#,##0.00", "center", "Price that was seen, USD."),
    Column("IV", "0.00", "center", "Implied volatility that was seen (30-day where there was "
           "one), points."),
    Column("RV20", "0.00", "center", "Realized volatility of the 20 returns before, points."),
    Column("Spread", _SIGNED, "center", "ATM IV minus RV20, points."),
    Column("z", _SIGNED, "center", "z-score of the spread, sd."),
    Column("IV/ HV90", "0.00", "center", "Structural ratio."),
    Column("IV/ HV30", "0.00", "center", "Tactical ratio."),
    Column("Open", "@", "left", "What is not known yet of what followed, and why."),
    Column("Returns since", "0", "center", "Daily returns since, at most 21."),
    Column("Until", _DAY, "center", "Day of the last of them."),
    Column("Move, %", '+0.00"%";-0.00"%";0.00"%"', "center", "Change of the price up to then."),
    Column("In exp. moves", _SIGNED, "center", "The same in expected moves of that many calendar "
           "days; beyond 1 the market moved more than was priced."),
    Column("Realized since", "0.00", "center", "Realized volatility of the 21 returns that "
           "followed, points."),
    Column("Outcome", _SIGNED, "center", "Implied minus realized volatility, points; positive: "
           "options were rich. It is not profit or loss."),
)  # fmt: skip

SCANS = (
    Column("Day", _DAY, "center", "Trading day of the scan."),
    Column("At, New York", look.NUMBER_FORMATS["time"], "center", "When it was made."),
    Column("Preset", "@", "center", "Rules in force."),
    Column("Names", "0", "center", "Names with figures."),
    Column("Passed", "0", "center", "Candidates."),
    Column("Source", "@", "left", "Where the figures came from."),
    Column("Who passed", "@", "left", "The candidates."),
    Column("A", "0", "center", "Names in cell A."),
    Column("B", "0", "center", "Names in cell B."),
    Column("C", "0", "center", "Names in cell C."),
    Column("D", "0", "center", "Names in cell D."),
    Column("No cell", "0", "center", "Names without a cell: z or gamma was not known."),
    Column("Without figures", "0", "center", "Names that gave no figures at all."),
    Column("No.", "0", "center", "Number of the scan, for: vrp-xl journal show NUMBER"),
    Column("Changed since the scan before", "@", "left",
           "New candidates, those that are out, and moves from cell to cell."),
)  # fmt: skip

OUTCOME = NAME_ROW.index("outcome")
MOVES = NAME_ROW.index("moves")


def write_journal(book: Workbook, sheet: DeskSheet, styles: Styles, figures: Figures) -> None:
    """Fills the sheet."""
    last = len(NAMES) - 1
    frame.title(sheet, styles, "JOURNAL", last)
    frame.badge(sheet, styles, 0, NAME_ROW.index("words"), f'{rule_name("source")}="sample"')
    for column, width in enumerate(WIDTHS):
        sheet.set_column(column, column, width)
    sheet.set_default_row(18)
    sheet.set_row(1, 20)
    frame.hint(
        sheet, styles, 1, 0,
        "Every refresh is kept as a scan; of one day the latest holds. Empty until the first "
        "refresh. The outcome is implied minus realized volatility: not profit or loss. Months "
        "overlap, so a mean of few rows is no evidence: vrp-xl evaluate --journal",
    )  # fmt: skip
    _choice(book, sheet, styles)
    _headings(sheet, styles, HEADER_ROW, NAMES)
    name = layout.JOURNAL_NAME
    given = f'IF({name}="","",{name})'  # some hosts pass an empty cell as 0
    call = f"VRP_JOURNAL({given},{layout.JOURNAL_ROWS},{layout.RULES_NAME})"
    shown = figures.ask("VRP_JOURNAL", None, layout.JOURNAL_ROWS)
    _table(sheet, styles, FIRST_ROW, NAMES, call, shown)
    _summary(sheet, styles, shown)
    frame.section(sheet, styles, SCANS_HEADER - 1, 0, "Scans")
    _headings(sheet, styles, SCANS_HEADER, SCANS)
    call = f"VRP_SCANLOG({layout.JOURNAL_SCANS},{layout.RULES_NAME})"
    scans = figures.ask("VRP_SCANLOG", layout.JOURNAL_SCANS)
    _table(sheet, styles, FIRST_SCAN, SCANS, call, scans)
    _colour(sheet, styles)
    sheet.freeze_panes(FIRST_ROW, 2)
    sheet.set_selection(CHOICE_ROW, 1, CHOICE_ROW, 1)
    frame.page(sheet, LAST_SCAN, last, repeat=(0, HEADER_ROW))


def _choice(book: Workbook, sheet: DeskSheet, styles: Styles) -> None:
    sheet.set_row(CHOICE_ROW, 24)
    sheet.write_string(
        CHOICE_ROW, 0, "Name", styles(bold=True, indent=1, valign="vcenter", font_color=look.NAVY)
    )
    style = styles(look.INPUT, bold=True, font_size=12, num_format="@")
    sheet.write_blank(CHOICE_ROW, 1, None, style)
    frame.note(
        sheet, CHOICE_ROW, 1,
        "Type a ticker for its path through the scans; blank shows the candidates of each scan.",
    )  # fmt: skip
    choose = frame.one_of(f"={SYMBOLS}", "Name", words="A name; blank: the candidates.")
    sheet.data_validation(
        CHOICE_ROW, 1, CHOICE_ROW, 1, choose | {"error_type": "information", "ignore_blank": True}
    )
    at = address(CHOICE_ROW, 1, fixed=True)
    book.define_name(layout.JOURNAL_NAME, f"={layout.JOURNAL}!{at}")
    sheet.set_row(CHOICE_ROW + 1, 6)


def _headings(sheet: DeskSheet, styles: Styles, row: int, columns: Sequence[Column]) -> None:
    sheet.set_row(row, 34)
    for n, column in enumerate(columns):
        sheet.write_string(row, n, column.heading, frame.heading(styles, align=column.align))
        frame.note(sheet, row, n, column.doc)


def _table(
    sheet: DeskSheet,
    styles: Styles,
    row: int,
    columns: Sequence[Column],
    call: str,
    values: list[list[Any]],
) -> None:
    each = [
        styles(look.ROW_LINE, font_color=look.INK, valign="vcenter", num_format=column.shape,
               align=column.align, indent=1 if column.align == "left" else 0,
               bold=column.heading in ("Cell", "Outcome"))
        for column in columns
    ]  # fmt: skip
    sheet.spill(row, 0, f'=IFERROR({call},"")', values, each)


def _summary(sheet: DeskSheet, styles: Styles, shown: list[list[Any]]) -> None:
    """How many of the rows have an outcome, its mean, and how often it was positive."""
    where = area(FIRST_ROW, OUTCOME, LAST_ROW, OUTCOME)
    known = [row[OUTCOME] for row in shown if row[OUTCOME] is not None]
    words = styles(look.QUIET, valign="vcenter", align="right")
    mean = sum(known) / len(known) if known else None
    positive = sum(v > 0 for v in known) / len(known) * 100 if known else None
    items = (
        ("Outcomes known", "0", f"=COUNT({where})", len(known)),
        ("mean, points", _SIGNED, f'=IF(COUNT({where})=0,"",AVERAGE({where}))', mean),
        ("positive", '0"%"',
         f'=IF(COUNT({where})=0,"",COUNTIF({where},">0")/COUNT({where})*100)', positive),
    )  # fmt: skip
    at = NAME_ROW.index("followed")
    for n, (text, shape, formula, value) in enumerate(items):
        style = styles(bold=True, font_color=look.INK, align="left", valign="vcenter",
                       num_format=shape)  # fmt: skip
        column = at + 2 * n + (0 if n == 0 else 1)
        sheet.write_string(CHOICE_ROW, column, text, words)
        sheet.formula(CHOICE_ROW, column + 1, formula, style, value)


def _colour(sheet: DeskSheet, styles: Styles) -> None:
    """Cells by their letter; outcomes by their sign, which is printed too."""
    cell = NAME_ROW.index("cell")
    top = f"${address(FIRST_ROW, cell)}"
    for letter in "ABCD?":
        sheet.conditional_format(
            FIRST_ROW, cell, LAST_ROW, cell,
            {"type": "formula", "criteria": f'=EXACT({top},"{letter}")',
             "format": styles.rule(look.LETTERS[letter])},
        )  # fmt: skip
    for column, beyond in ((OUTCOME, "<0"), (MOVES, ">1")):
        at = f"${address(FIRST_ROW, column)}"
        test = f"ABS({at}){beyond}" if column == MOVES else f"{at}{beyond}"
        sheet.conditional_format(
            FIRST_ROW, column, LAST_ROW, column,
            {"type": "formula", "criteria": f"=AND(ISNUMBER({at}),{test})",
             "format": styles.rule(look.BAD)},
        )  # fmt: skip
    at = f"${address(FIRST_ROW, OUTCOME)}"
    sheet.conditional_format(
        FIRST_ROW, OUTCOME, LAST_ROW, OUTCOME,
        {"type": "formula", "criteria": f"=AND(ISNUMBER({at}),{at}>0)",
         "format": styles.rule(look.GOOD)},
    )  # fmt: skip
    day = f"${address(FIRST_ROW, 0)}"
    band = styles.rule(top=1, top_color=look.EDGE)
    sheet.conditional_format(
        FIRST_ROW + 1, 0, LAST_ROW, len(NAMES) - 1,
        {"type": "formula",
         "criteria": f"=AND(ISNUMBER(${address(FIRST_ROW + 1, 0)}),"
                     f"${address(FIRST_ROW + 1, 0)}<>{day})", "format": band},
    )  # fmt: skip
