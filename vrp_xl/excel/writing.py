"""How a workbook of values is begun and put in its place: once for the scan and the evidence.

Text from outside stays text, and what stands in a place is replaced only by a whole file. Knows
nothing of what is in a workbook.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import xlsxwriter

from vrp_xl.excel import styles
from vrp_xl.excel.files import put_whole

if TYPE_CHECKING:
    from io import BytesIO
    from pathlib import Path

TEXT_STAYS_TEXT = {
    "in_memory": True,
    "constant_memory": False,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}


def new_book(target: BytesIO) -> xlsxwriter.Workbook:
    """A workbook in the project's font that is written into `target` when it is closed."""
    font = dict(styles.FONT)  # XlsxWriter changes it: a fresh one for each book
    return xlsxwriter.Workbook(target, {**TEXT_STAYS_TEXT, "default_format_properties": font})


def put_workbook(path: Path, data: bytes) -> Path:
    """Writes a workbook that a command was asked for, whole or not at all; returns `path`.

    Raises:
        InputError: the file cannot be written there.
    """
    return put_whole(
        path, data, what="The workbook ",
        fix="Close it where it is open, or name another file with --out.",
    )  # fmt: skip
