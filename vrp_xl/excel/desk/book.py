"""Writes the desk workbook: every sheet, every formula with its computed value.

Everything comes from the sample market at a constant moment and from the definitions; no store,
settings or environment of the user is read, and equal sources give equal bytes.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import xlsxwriter

import vrp_xl.functions  # noqa: F401 (defines the functions)
from vrp_xl.excel import layout, styles
from vrp_xl.excel.desk import (
    figures,
    hidden,
    journal,
    matrix,
    positions,
    scan,
    settings,
    symbol,
    whatif,
)
from vrp_xl.excel.desk import (
    help as helping,
)
from vrp_xl.excel.desk.cells import DeskSheet
from vrp_xl.excel.vba.xlwings_module import CONF_SHEET
from vrp_xl.frozen import MOMENT, frozen_sample

if TYPE_CHECKING:
    from pathlib import Path

_OPTIONS: dict[str, Any] = {
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "in_memory": True,
}
_TABS = {
    layout.SCAN: styles.BLUE, layout.MATRIX: "#E69F00", layout.POSITIONS: styles.VERMILION,
    layout.WHATIF: "#009E73", layout.SYMBOL: "#56B4E9", layout.JOURNAL: "#CC79A7",
    layout.SETTINGS: styles.GREY,
    layout.HELP: styles.NAVY,
}  # fmt: skip


def desk_book(path: Path, *, vba_project: bytes | None) -> Path:
    """Writes the desk workbook.

    Args:
        path: the file: .xlsm with a VBA project, .xlsx without one.
        vba_project: the bytes of a vbaProject.bin whose sheet modules are Sheet1 and so on;
            None writes a workbook without macros and buttons.

    Returns:
        `path`.
    """
    with frozen_sample():
        data = _book(vba_project)
    path.write_bytes(data)
    return path


def _book(vba_project: bytes | None) -> bytes:
    target = io.BytesIO()
    options = {**_OPTIONS, "default_format_properties": dict(styles.FONT)}  # it takes them away
    book = xlsxwriter.Workbook(target, options)
    book.worksheet_class = DeskSheet
    made = styles.Styles(book)
    book.set_size(2400, 1400)
    book.set_properties(
        {
            "title": "VRP desk",
            "subject": "The variance risk premium: scan, matrix, positions, what-if",
            "author": "vrp_xl",
            "created": MOMENT,
        }
    )
    book.set_custom_property(*layout.DOCUMENT_PROPERTY)
    sheets = {
        name: book.add_worksheet(name) for name in (*layout.SHEETS, CONF_SHEET, layout.INTELLISENSE)
    }
    for name, colour in _TABS.items():
        sheets[name].set_tab_color(colour)
    if vba_project is not None:
        book.add_vba_project(io.BytesIO(vba_project), is_stream=True)
        book.set_vba_name("ThisWorkbook")
        for n, sheet in enumerate(sheets.values(), 1):
            sheet.set_vba_name(f"Sheet{n}")
    shown = figures.gather()
    buttons = vba_project is not None
    settings.write_settings(book, sheets[layout.SETTINGS], made, shown)
    scan.write_scan(book, sheets[layout.SCAN], made, shown, buttons=buttons)
    matrix.write_matrix(book, sheets[layout.MATRIX], made, shown)
    positions.write_positions(book, sheets[layout.POSITIONS], made, shown)
    whatif.write_whatif(sheets[layout.WHATIF], made, shown)
    symbol.write_symbol(book, sheets[layout.SYMBOL], made, shown, buttons=buttons)
    journal.write_journal(book, sheets[layout.JOURNAL], made, shown)
    helping.write_help(sheets[layout.HELP], made, shown)
    hidden.write_conf(sheets[CONF_SHEET])
    hidden.write_intellisense(sheets[layout.INTELLISENSE])
    sheets[layout.SCAN].activate()
    book.close()
    return target.getvalue()
