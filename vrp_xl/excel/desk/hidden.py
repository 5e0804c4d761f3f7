"""The hidden sheets: the configuration of xlwings, and the help that IntelliSense shows.

The second is read by Excel-DNA's IntelliSense add-in, which looks for it as the last sheet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vrp_xl.definition import help_of, help_of_argument
from vrp_xl.excel.vba.xlwings_module import CONF
from vrp_xl.functions import FUNCTIONS

if TYPE_CHECKING:
    from vrp_xl.excel.desk.cells import DeskSheet


def write_conf(sheet: DeskSheet) -> None:
    """Writes which module Excel's functions are in."""
    sheet.set_column(0, 1, 32)
    for row, (key, value) in enumerate(CONF):
        sheet.write_string(row, 0, key)
        sheet.write_string(row, 1, value)
    sheet.hide()


def write_intellisense(sheet: DeskSheet) -> None:
    """Writes a row per function: name, description, help topic, then name and help by argument."""
    sheet.write_string(0, 0, "FunctionInfo")
    sheet.write_string(0, 1, "1.0")
    for row, function in enumerate(FUNCTIONS.values(), 1):
        cells = [function.name, help_of(function), ""]
        for n, argument in enumerate(function.args):
            name = f"[{argument.name}]" if argument.optional else argument.name
            cells += [name, help_of_argument(function, n)]
        for column, text in enumerate(cells):
            if text:
                sheet.write_string(row, column, text)
    sheet.hide()
