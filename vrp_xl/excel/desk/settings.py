"""The Settings sheet: preset, source, every rule as an input cell, and the watchlist.

What is in force stands beside its rule in one block, which every VRP formula gets as its rules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vrp_xl import settings as saved
from vrp_xl.core.rules import PRESET_DOC, PRESETS, SPECS
from vrp_xl.excel import layout
from vrp_xl.excel import styles as look
from vrp_xl.excel.desk import frame
from vrp_xl.excel.desk.cells import address, area
from vrp_xl.excel.desk.figures import PRESET, SOURCE, in_cell

if TYPE_CHECKING:
    from xlsxwriter import Workbook

    from vrp_xl.core.rules import RuleSpec
    from vrp_xl.excel.desk.cells import DeskSheet
    from vrp_xl.excel.desk.figures import Figures
    from vrp_xl.excel.styles import Styles

HEADER_ROW = 4
PRESET_ROW, SOURCE_ROW = 5, 6
FIRST_RULE = 7
LAST_RULE = FIRST_RULE + len(SPECS) - 1
GROUP, RULE, IN_FORCE, YOURS, UNIT, OF_PRESET, ALLOWED, MEANING, ORIGIN = range(9)
WATCH, EARNINGS = 10, 11
FIRST_WATCH, LAST_WATCH = HEADER_ROW + 1, HEADER_ROW + layout.WATCHLIST_ROWS
FIRST_PRESET = 13
OFF = "off"
"""What switches off a rule that may be blank."""

_COLUMNS = (
    ("Group", 17), ("Rule", 21), ("In force", 12), ("Your value", 13), ("Unit", 11),
    ("Of the preset", 13), ("Allowed", 32), ("Meaning", 64), ("Source", 24),
)  # fmt: skip


def rule_name(name: str) -> str:
    """The defined name of the cell with the value in force."""
    return f"rule_{name}"


def input_name(name: str) -> str:
    """The defined name of the cell for the user's own value."""
    return f"input_{name}"


SYMBOLS = area(FIRST_WATCH, WATCH, LAST_WATCH, WATCH, sheet=layout.SETTINGS)
"""The symbols of the watchlist as a reference."""


def write_settings(book: Workbook, sheet: DeskSheet, styles: Styles, figures: Figures) -> None:
    """Fills the sheet and defines its names."""
    for column, (_, width) in enumerate(_COLUMNS):
        sheet.set_column(column, column, width)
    sheet.set_column(WATCH - 1, WATCH - 1, 2)
    sheet.set_column(WATCH, WATCH, 12)
    sheet.set_column(EARNINGS, EARNINGS, 15)
    sheet.set_column(EARNINGS + 1, EARNINGS + 1, 2)
    last = FIRST_PRESET + len(PRESETS) - 1
    sheet.set_column(FIRST_PRESET, last, 10, None, {"level": 1})
    frame.title(sheet, styles, "SETTINGS", last)
    _top(sheet, styles)
    _choices(book, sheet, styles)
    group = ""
    for row, spec in enumerate(SPECS.values(), FIRST_RULE):
        _rule(book, sheet, styles, figures, row, spec, first=spec.group != group)
        group = spec.group
    _watchlist(book, sheet, styles, figures)
    _presets(sheet, styles)
    _colours(sheet, styles)
    block = area(PRESET_ROW, RULE, LAST_RULE, IN_FORCE, sheet=layout.SETTINGS)
    book.define_name(layout.RULES_NAME, f"={block}")
    sheet.freeze_panes(HEADER_ROW + 1, YOURS + 1)
    sheet.set_selection(PRESET_ROW, YOURS, PRESET_ROW, YOURS)
    frame.page(sheet, LAST_RULE + len(PRESETS) + 3, EARNINGS, repeat=(HEADER_ROW, HEADER_ROW))


def _top(sheet: DeskSheet, styles: Styles) -> None:
    sample = f'{rule_name("source")}="{SOURCE}"'
    frame.badge(sheet, styles, 0, MEANING, sample)
    sheet.set_row(1, 20)
    plain = styles(font_color=look.INK, valign="vcenter", indent=1)
    sheet.write_string(
        1, 0,
        "Type into the yellow cells. A rule of your own holds over the preset's; empty the cell "
        "and the preset holds again. Every formula of this workbook follows at once.", plain,
    )  # fmt: skip
    sheet.set_row(2, 20)
    own = f"COUNTA({area(FIRST_RULE, YOURS, LAST_RULE, YOURS)})"
    sheet.formula(
        2, 0, f'=IF({own}=0,"No rule differs from the preset.",{own}&" rule(s) of your own.")',
        styles(bold=True, font_color=look.INK, valign="vcenter", indent=1),
        "No rule differs from the preset.",
    )  # fmt: skip
    sheet.set_row(3, 6)
    sheet.set_row(HEADER_ROW, 32)
    middle = (IN_FORCE, YOURS, UNIT, OF_PRESET)
    for column, (words, _) in enumerate(_COLUMNS):
        style = frame.heading(styles, align="center" if column in middle else "left")
        sheet.write_string(HEADER_ROW, column, words, style)
    frame.note(sheet, HEADER_ROW, IN_FORCE, "What the formulas use: your value, else the preset's.")
    frame.note(
        sheet, HEADER_ROW, YOURS,
        "Blank: the preset's value holds. The word off switches off a rule that may be blank.",
    )  # fmt: skip


def _choices(book: Workbook, sheet: DeskSheet, styles: Styles) -> None:
    """Preset and source: the first two rows of the block."""
    named = styles(bold=True, font_color=look.INK, indent=1, valign="vcenter")
    quiet = styles(look.QUIET, indent=1, valign="vcenter", text_wrap=True)
    force = styles(bold=True, align="center", valign="vcenter", font_color=look.INK)
    sheet.write_string(PRESET_ROW, GROUP, "Start", styles(bold=True, indent=1, valign="vcenter",
                                                          font_color=look.NAVY))  # fmt: skip
    sheet.write_string(PRESET_ROW, RULE, "preset", named)
    sheet.write_blank(PRESET_ROW, IN_FORCE, None, force)
    sheet.write_string(PRESET_ROW, YOURS, PRESET, styles(look.INPUT, bold=True))
    sheet.write_string(PRESET_ROW, ALLOWED, "one of " + ", ".join(PRESETS), quiet)
    sheet.write_string(
        PRESET_ROW, MEANING, "The full set of rules to start from; the table on the right.", quiet
    )
    sheet.write_string(PRESET_ROW, ORIGIN, "this project", quiet)
    sheet.data_validation(
        PRESET_ROW, YOURS, PRESET_ROW, YOURS,
        frame.one_of(list(PRESETS), "preset", words="The set of rules to start from."),
    )  # fmt: skip
    sheet.write_string(SOURCE_ROW, RULE, "source", named)
    mine = address(SOURCE_ROW, YOURS)
    sheet.formula(SOURCE_ROW, IN_FORCE, f'=IF({mine}="","",{mine})', force, SOURCE)
    sheet.write_string(SOURCE_ROW, YOURS, SOURCE, styles(look.INPUT, bold=True))
    sheet.write_string(SOURCE_ROW, ALLOWED, "one of " + ", ".join(saved.SOURCES), quiet)
    sheet.write_string(
        SOURCE_ROW, MEANING,
        "Where figures come from. sample: invented figures, to try everything out. Blank: the "
        "source chosen with `vrp-xl source`.", quiet,
    )  # fmt: skip
    sheet.write_string(SOURCE_ROW, ORIGIN, "this project", quiet)
    sheet.data_validation(
        SOURCE_ROW, YOURS, SOURCE_ROW, YOURS,
        frame.one_of(list(saved.SOURCES), "source", words="Where figures come from. It ships as "
                     "sample: invented figures."),
    )  # fmt: skip
    for row, name in ((PRESET_ROW, "preset"), (SOURCE_ROW, "source")):
        sheet.set_row(row, 30)
        frame.note(sheet, row, YOURS, f"Default: {PRESET if name == 'preset' else SOURCE}.")
        _name(book, input_name(name), row, YOURS)
    _name(book, rule_name("source"), SOURCE_ROW, IN_FORCE)


def _name(book: Workbook, name: str, row: int, column: int) -> None:
    book.define_name(name, f"={layout.SETTINGS}!{address(row, column, fixed=True)}")


def _rule(
    book: Workbook, sheet: DeskSheet, styles: Styles, figures: Figures, row: int, spec: RuleSpec,
    *, first: bool,
) -> None:  # fmt: skip
    edge = {"top": 1, "top_color": look.EDGE if first else look.LINE}
    wrapped = styles(edge, valign="vcenter", indent=1, font_color=look.INK, text_wrap=True)
    quiet = styles(edge, look.QUIET, valign="vcenter", indent=1, text_wrap=True)
    middle = styles(edge, look.QUIET, valign="vcenter", align="center")
    force = styles(edge, bold=True, align="center", valign="vcenter", font_color=look.INK)
    if first:
        style = styles(edge, valign="vcenter", indent=1, bold=True, font_color=look.NAVY)
        sheet.write_string(row, GROUP, spec.group, style)
    else:
        sheet.write_blank(row, GROUP, None, styles(valign="vcenter"))
    value = in_cell(getattr(figures.rules, spec.name))
    sheet.write_string(row, RULE, spec.name, wrapped)
    mine, preset = address(row, YOURS), address(row, OF_PRESET)
    if spec.blank:
        chosen = f'=IF({mine}="",IF({preset}="{OFF}","",{preset}),IF({mine}="{OFF}","",{mine}))'
    else:
        chosen = f'=IF({mine}="",{preset},{mine})'
    sheet.formula(row, IN_FORCE, chosen, force, value)
    sheet.write_blank(row, YOURS, None, styles(look.INPUT))
    sheet.write_string(row, UNIT, spec.unit, middle)
    last = FIRST_PRESET + len(PRESETS) - 1
    names = area(HEADER_ROW, FIRST_PRESET, HEADER_ROW, last)
    values = area(row, FIRST_PRESET, row, last)
    sheet.formula(
        row, OF_PRESET, f"=INDEX({values},MATCH({input_name('preset')},{names},0))", middle,
        OFF if value == "" else value,
    )  # fmt: skip
    allowed = spec.allowed.replace(", or blank", f", or {OFF}")
    sheet.write_string(row, ALLOWED, allowed, quiet)
    sheet.write_string(row, MEANING, spec.doc, wrapped)
    sheet.write_string(row, ORIGIN, spec.source, quiet)
    default = OFF if spec.default is None else in_cell(spec.default)
    unit = f" {spec.unit}" if spec.unit and default != OFF else ""
    told = f"Default: {default}{unit}. Source: {spec.source}."
    frame.note(sheet, row, YOURS, f"{spec.doc}\n{told}")
    sheet.set_row(
        row, look.row_height([(allowed, _COLUMNS[ALLOWED][1]), (spec.doc, _COLUMNS[MEANING][1])])
    )
    sheet.data_validation(row, YOURS, row, YOURS, _validation(spec, mine, told))
    _name(book, rule_name(spec.name), row, IN_FORCE)
    _name(book, input_name(spec.name), row, YOURS)


def _validation(spec: RuleSpec, mine: str, told: str) -> dict[str, Any]:
    words = {
        "input_title": spec.name,
        "input_message": f"{spec.doc}\n{told} Blank: the preset's."[:255],
        "error_title": "Not allowed",
        "error_message": f"{spec.name} takes {spec.allowed}."[:255],
        "ignore_blank": True,
    }
    if spec.kind == "choice":
        return words | {"validate": "list", "source": list(spec.choices)}
    if spec.kind == "flag":
        return words | {"validate": "list", "source": ["on", "off"]}
    whole = f",{mine}=INT({mine})" if spec.kind == "integer" else ""
    if spec.blank:
        inside = f"AND(ISNUMBER({mine}),N({mine})>={spec.low:g},N({mine})<={spec.high:g}{whole})"
        return words | {
            "validate": "custom",
            "value": f'=IF(ISTEXT({mine}),{mine}="{OFF}",{inside})',
        }
    return words | {
        "validate": "integer" if spec.kind == "integer" else "decimal",
        "criteria": "between",
        "minimum": int(spec.low) if spec.kind == "integer" else spec.low,
        "maximum": int(spec.high) if spec.kind == "integer" else spec.high,
    }


def _watchlist(book: Workbook, sheet: DeskSheet, styles: Styles, figures: Figures) -> None:
    for column, words, told in (
        (WATCH, "Watchlist", "Symbols that a refresh fetches, one a row; gaps are passed over."),
        (EARNINGS, "Next earnings",
         "The date as you know it; it holds over the source's. Blank: the source's."),
    ):  # fmt: skip
        sheet.write_string(HEADER_ROW, column, words, frame.heading(styles))
        frame.note(sheet, HEADER_ROW, column, told)
    symbol = styles(look.INPUT, num_format="@")
    day = styles(look.INPUT, num_format=look.NUMBER_FORMATS["date"])
    for n in range(layout.WATCHLIST_ROWS):
        row = FIRST_WATCH + n
        if n < len(figures.watchlist):
            sheet.write_string(row, WATCH, figures.watchlist[n], symbol)
        else:
            sheet.write_blank(row, WATCH, None, symbol)
        sheet.write_blank(row, EARNINGS, None, day)
    first = address(FIRST_WATCH, WATCH)
    sheet.data_validation(
        FIRST_WATCH, WATCH, LAST_WATCH, WATCH,
        {"validate": "custom", "value": f'=AND(LEN({first})<=15,ISERROR(FIND(" ",{first})))',
         "error_title": "Not allowed", "error_message": "A ticker, without blanks: SPY or BRK.B.",
         "ignore_blank": True},
    )  # fmt: skip
    sheet.data_validation(
        FIRST_WATCH, EARNINGS, LAST_WATCH, EARNINGS, frame.a_date("Next earnings")
    )
    block = area(FIRST_WATCH, WATCH, LAST_WATCH, EARNINGS, sheet=layout.SETTINGS)
    book.define_name(layout.WATCHLIST_NAME, f"={block}")


def _presets(sheet: DeskSheet, styles: Styles) -> None:
    style = styles(look.QUIET, align="center", valign="vcenter")
    for column, (name, rules) in enumerate(PRESETS.items(), FIRST_PRESET):
        sheet.write_string(HEADER_ROW, column, name, frame.heading(styles))
        frame.note(sheet, HEADER_ROW, column, PRESET_DOC[name])
        for row, spec in enumerate(SPECS.values(), FIRST_RULE):
            value = in_cell(getattr(rules, spec.name))
            if isinstance(value, str):
                sheet.write_string(row, column, value or OFF, style)
            else:
                sheet.write_number(row, column, value, style)
    row = LAST_RULE + 2
    sheet.write_string(row, GROUP, "Presets", styles(bold=True, indent=1, font_color=look.NAVY))
    for n, name in enumerate(PRESETS):
        words = styles(indent=1, valign="vcenter", font_color=look.INK)
        sheet.write_string(row + n, RULE, name, words)
        sheet.write_string(row + n, IN_FORCE, PRESET_DOC[name], words)


def _colours(sheet: DeskSheet, styles: Styles) -> None:
    top = FIRST_RULE + 1
    sheet.conditional_format(
        FIRST_RULE, RULE, LAST_RULE, YOURS,
        {"type": "formula", "criteria": f'=$D{top}<>""', "format": styles.rule(look.WARN_FILL)},
    )  # fmt: skip
    last = FIRST_PRESET + len(PRESETS) - 1
    sheet.conditional_format(
        HEADER_ROW, FIRST_PRESET, LAST_RULE, last,
        {"type": "formula", "criteria": f"=N${HEADER_ROW + 1}={input_name('preset')}",
         "format": styles.rule(bold=True, font_color=look.INK, bg_color="#E3EEF6")},
    )  # fmt: skip
