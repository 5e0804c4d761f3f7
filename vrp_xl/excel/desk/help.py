"""The Help sheet: every function with its arguments and examples that compute."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from vrp_xl import formula as formulas
from vrp_xl.definition import FUNCTIONS, GROUP_TITLE, LAST
from vrp_xl.excel import layout
from vrp_xl.excel import styles as look
from vrp_xl.excel.desk import frame

if TYPE_CHECKING:
    from vrp_xl.definition import Arg, Function
    from vrp_xl.excel.desk.cells import DeskSheet
    from vrp_xl.excel.desk.figures import Figures
    from vrp_xl.excel.styles import Styles

TEXT, MEANING, RESULT = 0, 1, 3
WIDEST, TALLEST = 7, 8
"""Tables up to this size are spilled; of larger ones the size is shown."""
HEADER_ROW = 2


def with_rules(example: str) -> str:
    """An example that uses the rules and the source of this workbook.

    >>> import vrp_xl.functions
    >>> with_rules('=VRP_CELL("SPY")'), with_rules("=VRP_SPREAD(18.45, 13.04)")
    ('=VRP_CELL("SPY",,vrp_settings)', '=VRP_SPREAD(18.45, 13.04)')
    """
    name, given = formulas.parse(example)
    arguments = FUNCTIONS[name].args
    if not arguments or arguments[-1].name != "rules":
        return example
    commas = "," * (len(arguments) - len(given) - (not given))
    return f"{example.strip()[:-1]}{commas}{layout.RULES_NAME})"


def write_help(sheet: DeskSheet, styles: Styles, figures: Figures) -> None:
    """Fills the sheet."""
    LAST.function = LAST.words = ""  # a fresh session has no error to tell
    frame.title(sheet, styles, "HELP", RESULT + WIDEST - 1)
    for column, width in ((TEXT, 48), (MEANING, 70), (MEANING + 1, 2)):
        sheet.set_column(column, column, width)
    sheet.set_column(RESULT, RESULT + WIDEST - 1, 15)
    sheet.set_row(1, 20)
    frame.hint(
        sheet, styles, 1, TEXT,
        "Every function, with examples that compute on the figures of this workbook's source. "
        "The last argument rules is vrp_settings: the block on Settings.",
    )  # fmt: skip
    for column, words in ((TEXT, "Function, arguments, examples"), (MEANING, "Meaning"),
                          (RESULT, "The example computes")):  # fmt: skip
        style = frame.heading(styles, align="left", wrap=False)
        sheet.write_string(HEADER_ROW, column, words, style)
    for column in range(RESULT + 1, RESULT + WIDEST):
        sheet.write_blank(HEADER_ROW, column, None, frame.heading(styles))
    row, group = HEADER_ROW + 1, ""
    for function in FUNCTIONS.values():
        if function.group != group:
            group = function.group
            band = styles(bold=True, bg_color="#2B4A66", font_color=look.WHITE, indent=1,
                          valign="vcenter")  # fmt: skip
            for column in range(RESULT + WIDEST):
                sheet.write_blank(row, column, None, band)
            sheet.write_string(row, TEXT, GROUP_TITLE[function.group], band)
            sheet.set_row(row, 22)
            row += 1
        row = _function(sheet, styles, figures, row, function)
    sheet.freeze_panes(HEADER_ROW + 1, 0)
    sheet.set_selection(0, 0, 0, 0)
    frame.page(sheet, row - 1, RESULT + WIDEST - 1, repeat=(HEADER_ROW, HEADER_ROW))


def _function(
    sheet: DeskSheet, styles: Styles, figures: Figures, row: int, function: Function
) -> int:
    """Writes one function; returns the row after it."""
    edge = {"top": 1, "top_color": look.EDGE}
    name = styles(edge, bold=True, font_color=look.NAVY, font_size=11, valign="top", align="left",
                  indent=1, text_wrap=True)  # fmt: skip
    words = styles(edge, font_color=look.INK, valign="top", text_wrap=True)
    told = " ".join((function.summary, " ".join(function.details.split()))).strip()
    told += f"\nReturns: {function.returns}."
    for text, when in function.errors.items():
        told += f" {text}: {when}."
    sheet.write_string(row, TEXT, function.syntax, name)
    sheet.write_string(row, MEANING, told, words)
    sheet.set_row(row, look.row_height([(told, 70), (function.syntax, 42)]) + 4)
    row += 1
    for argument in function.args:
        row = _argument(sheet, styles, row, argument)
    for example in function.examples:
        row = _example(sheet, styles, figures, row, example.formula, example.note)
    return row


def _argument(sheet: DeskSheet, styles: Styles, row: int, argument: Arg) -> int:
    plain = styles(look.QUIET, valign="top", align="left", indent=3)
    words = styles(look.QUIET, valign="top", text_wrap=True)
    told = argument.doc + (f" In {argument.unit}." if argument.unit else "")
    if argument.optional:
        told += f" Blank: {argument.default}." if argument.default else " May be blank."
    shown = f"[{argument.name}]" if argument.optional else argument.name
    sheet.write_string(row, TEXT, shown, plain)
    sheet.write_string(row, MEANING, told, words)
    sheet.set_row(row, look.row_height([(told, 70)]))
    return row + 1


def _example(
    sheet: DeskSheet, styles: Styles, figures: Figures, row: int, example: str, note: str
) -> int:
    """Writes an example and what it gives; returns the row after it."""
    live = with_rules(example)
    value = _value(figures, live)
    code = styles(font_name="Courier New", font_size=9, font_color="#00517E", indent=2,
                  align="left", text_wrap=bool(note), valign="top")  # fmt: skip
    sheet.write_string(row, TEXT, live, code)
    if note:
        sheet.write_string(row, MEANING, note[0].upper() + note[1:] + ".",
                           styles(look.QUIET, italic=True, valign="top"))  # fmt: skip
    sheet.set_row(row, max(13.0 * look.lines(live, 38) + 4, 17) if note else 17)
    if not isinstance(value, list):
        sheet.formula(row, RESULT, live, _result(styles, value), value)
        return row + 1
    height, width = len(value), len(value[0])
    if height > TALLEST or width > WIDEST:
        call = live.removeprefix("=")
        size = f'=ROWS({call})&" rows, "&COLUMNS({call})&" columns"'
        sheet.formula(row, RESULT, size, _result(styles, ""), f"{height} rows, {width} columns")
        return row + 1
    each = [_result(styles, cell) for cell in value[-1]]
    sheet.spill(row, RESULT, live, value, each)
    room = 4 if "STRIKES" in live else height
    return row + max(height, room)


def _value(figures: Figures, live: str) -> Any:
    """What an example gives with the rules of this workbook."""
    example = live.replace(f"{layout.RULES_NAME})", ")")
    name, given = formulas.parse(example.replace(",)", ")") if example.endswith(",)") else example)
    return figures.ask(name, *given, rules=live.endswith(f"{layout.RULES_NAME})"))


def _result(styles: Styles, value: Any) -> Any:
    shape = "General"
    if isinstance(value, dt.datetime):
        shape = look.NUMBER_FORMATS["time"]
    elif isinstance(value, dt.date):
        shape = look.NUMBER_FORMATS["date"]
    elif isinstance(value, float):
        shape = "0.0000" if abs(value) < 1000 else "#,##0"
    return styles(font_color=look.INK, bold=True, align="left", valign="top", num_format=shape)
